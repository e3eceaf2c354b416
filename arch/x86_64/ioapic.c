/*
 * arch/x86_64/ioapic.c - the IOAPICs.
 *
 * Owns their mappings (immutable after ioapic_init()) and their redirection tables.  Callers
 * hold irq_lock: a register is reached in two steps, index and data.
 */
#include "arch/x86_64/ioapic.h"

#include "drivers/acpi/tables/tables.h"
#include "kernel/lib/errno.h"
#include "kernel/log.h"
#include "mm/kmap.h"

enum {
	REG_INDEX = 0x00 / 4,
	REG_DATA = 0x10 / 4,
	IOAPIC_VERSION = 0x01,
	IOAPIC_REDIRECTION = 0x10, /* two registers a line */
	REDIRECT_ACTIVE_LOW = 1 << 13,
	REDIRECT_LEVEL = 1 << 15,
	REDIRECT_MASKED = 1 << 16,
};

#define LINES_MAX 240U /* [82093AA 3.2.2]: more can't have registers */

struct ioapic {
	volatile uint32_t *regs;
	uint32_t gsi_base;
	unsigned lines;
};

static struct ioapic ioapics[MADT_IOAPICS_MAX];
static unsigned nioapics;

static uint32_t ioapic_read(const struct ioapic *io, unsigned reg)
{
	io->regs[REG_INDEX] = reg;
	return io->regs[REG_DATA];
}

static void ioapic_write(const struct ioapic *io, unsigned reg, uint32_t value)
{
	io->regs[REG_INDEX] = reg;
	io->regs[REG_DATA] = value;
}

static void mask_line(const struct ioapic *io, unsigned line)
{
	ioapic_write(io, IOAPIC_REDIRECTION + 2 * line, REDIRECT_MASKED);
}

static const struct ioapic *find_by_gsi(uint32_t gsi)
{
	for (unsigned i = 0; i < nioapics; i++)
		if (gsi >= ioapics[i].gsi_base && gsi - ioapics[i].gsi_base < ioapics[i].lines)
			return &ioapics[i];
	return NULL;
}

static bool ioapic_open(struct ioapic *io, paddr_t address, uint32_t gsi_base)
{
	uint32_t version;

	io->regs = kmap_phys(address, 0x20, MMU_WRITE | MMU_UNCACHED, "ioapic");
	if (io->regs == NULL)
		return false;
	io->gsi_base = gsi_base;
	version = ioapic_read(io, IOAPIC_VERSION);
	io->lines = (version >> 16 & 0xff) + 1;
	if (version == UINT32_MAX || version == 0 || io->lines > LINES_MAX) {
		kmap_phys_free((void *)io->regs);
		return false;
	}
	return true;
}

unsigned ioapic_init(const struct madt_info *madt)
{
	for (unsigned i = 0; i < madt->nioapics; i++) {
		struct ioapic *io = &ioapics[nioapics];
		paddr_t address = madt->ioapic[i].address;

		if (!ioapic_open(io, address, madt->ioapic[i].gsi_base)) {
			klog(LOG_WARN, "irq: no IOAPIC answers at 0x%lx", address);
			continue;
		}
		for (unsigned line = 0; line < io->lines; line++)
			mask_line(io, line);
		nioapics++;
	}
	return nioapics;
}

int ioapic_route(uint32_t gsi, const struct ioapic_route *route)
{
	const struct ioapic *io = find_by_gsi(gsi);
	uint32_t low = route->vector; /* fixed delivery, physical destination */
	unsigned reg;

	if (io == NULL)
		return -ENODEV;
	if (route->level)
		low |= REDIRECT_LEVEL;
	if (route->active_low)
		low |= REDIRECT_ACTIVE_LOW;
	reg = IOAPIC_REDIRECTION + 2 * (gsi - io->gsi_base);
	ioapic_write(io, reg, REDIRECT_MASKED);
	ioapic_write(io, reg + 1, route->apic_id << 24);
	ioapic_write(io, reg, low);
	return 0;
}

void ioapic_mask(uint32_t gsi)
{
	const struct ioapic *io = find_by_gsi(gsi);

	if (io != NULL)
		mask_line(io, gsi - io->gsi_base);
}
