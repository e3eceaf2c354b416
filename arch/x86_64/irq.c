/*
 * arch/x86_64/irq.c - device interrupts: which line has which vector, handler and trigger.
 *
 * Owns the table of lines, under irq_lock (spin, rank IRQ), and chooses the controllers: LAPIC
 * and IOAPICs where the MADT names them, the 8259s otherwise.  A line's slot in the table fixes
 * its vector.  Handlers are called without the lock, with interrupts off.
 *
 * A line that interrupts again and again while its handler says "not mine" would keep the CPU
 * for ever; after UNCLAIMED_MAX times in a row it is masked, and said.
 */
#include "arch/irq.h"

#include "arch/cpu.h"
#include "arch/percpu.h"
#include "arch/smp.h"
#include "arch/trap.h"
#include "arch/x86_64/ioapic.h"
#include "arch/x86_64/irq_priv.h"
#include "arch/x86_64/lapic.h"
#include "arch/x86_64/pic.h"
#include "arch/x86_64/pit.h"
#include "drivers/acpi/tables/tables.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/errno.h"
#include "kernel/log.h"
#include "kernel/smp.h"
#include "kernel/spinlock.h"

enum {
	VECTOR_PIC = 32,   /* 16 lines of the 8259s */
	VECTOR_LINES = 48, /* IOAPIC lines, by slot */
	LINES_MAX = 32,
	ISA_TIMER = 0,
	ISA_CASCADE = 2,
	UNCLAIMED_MAX = 10000,
	APIC_ID_MAX = 254, /* an IOAPIC's destination is 8 bits, 255 is everyone */
};

struct irq_line {
	irq_handler_fn handler; /* NULL: free */
	void *arg;
	const char *name;
	unsigned isa, gsi, vector;
	bool level, active_low;
	bool masked;	    /* given up: unclaimed too often */
	uint64_t unclaimed; /* written by the interrupt */
	unsigned unclaimed_run;
};

/* What came of each line since boot; a CPU writes its own, with interrupts off. */
struct line_counts {
	uint64_t count[LINES_MAX];
} __aligned(CACHE_LINE);

static struct spinlock irq_lock = SPINLOCK_INIT("irq", RANK_IRQ);
static struct irq_line lines[LINES_MAX] GUARDED_BY(&irq_lock); /* with 8259s slot n is ISA line n */
static struct line_counts line_counts[MAX_CPUS];
static const struct madt_info *apics; /* NULL: the 8259s are in use; set once */
static uint32_t boot_apic_id;	      /* device interrupts go to the boot CPU */
static void (*tick_fn)(void);
static void (*exit_hook)(void);

void irq_enter(void)
{
	percpu[cpu_id()].irq_depth++;
}

void irq_leave(void)
{
	percpu[cpu_id()].irq_depth--;
	if (exit_hook != NULL)
		exit_hook();
}

bool irq_in_handler(void)
{
	return percpu_read(irq_depth) != 0;
}

void irq_set_exit_hook(void (*hook)(void))
{
	exit_hook = hook;
}

const char *irq_controller(void)
{
	if (apics == NULL)
		return "8259";
	return lapic_is_x2apic() ? "x2apic" : "xapic";
}

/* => irq_lock held */
static void line_mask(struct irq_line *line)
{
	line->masked = true;
	if (apics != NULL)
		ioapic_mask(line->gsi);
	else
		pic_set_masked(line->isa, true);
}

static void line_unclaimed(struct irq_line *line)
{
	uint64_t flags;

	line->unclaimed++;
	if (++line->unclaimed_run < UNCLAIMED_MAX)
		return;
	flags = spin_lock(&irq_lock);
	line_mask(line);
	spin_unlock(&irq_lock, flags);
	klog(LOG_ERR, "irq: %s: nobody claims GSI %u, masked", line->name, line->gsi);
}

static void line_interrupt(struct irq_line *line)
{
	irq_handler_fn handler;
	void *arg;
	uint64_t flags = spin_lock(&irq_lock);

	handler = line->handler;
	arg = line->arg;
	spin_unlock(&irq_lock, flags);

	line_counts[cpu_id()].count[line - lines]++;
	if (handler != NULL && handler(arg))
		line->unclaimed_run = 0;
	else if (handler != NULL)
		line_unclaimed(line);
}

static bool on_ioapic(struct trap_frame *frame)
{
	irq_enter();
	line_interrupt(&lines[frame->vector - VECTOR_LINES]);
	lapic_eoi();
	irq_leave();
	return true;
}

static bool on_pic(struct trap_frame *frame)
{
	unsigned isa = (unsigned)frame->vector - VECTOR_PIC;

	if (!pic_is_real(isa)) {
		irq_count_local(LOCAL_SPURIOUS);
		return true;
	}
	irq_enter();
	if (apics == NULL) {
		line_interrupt(&lines[isa]);
		pic_eoi(isa);
	}
	irq_leave();
	return true;
}

static void run_tick(void)
{
	irq_count_local(LOCAL_TIMER);
	if (tick_fn != NULL)
		tick_fn();
}

static bool on_lapic_timer(struct trap_frame *frame __unused)
{
	irq_enter();
	run_tick();
	lapic_eoi();
	irq_leave();
	return true;
}

static bool on_pit(void *arg __unused)
{
	run_tick();
	return true;
}

static bool on_lapic_error(struct trap_frame *frame __unused)
{
	irq_enter();
	irq_count_local(LOCAL_ERROR);
	klog(LOG_ERR, "irq: LAPIC error status 0x%x", lapic_take_errors());
	lapic_eoi();
	irq_leave();
	return true;
}

static bool on_spurious(struct trap_frame *frame __unused)
{
	irq_count_local(LOCAL_SPURIOUS); /* and no EOI [SDM 3A 11.9] */
	return true;
}

static void register_vectors(void)
{
	for (unsigned i = 0; i < PIC_LINES; i++)
		trap_register(VECTOR_PIC + i, on_pic);
	for (unsigned i = 0; i < LINES_MAX; i++)
		trap_register(VECTOR_LINES + i, on_ioapic);
	trap_register(VECTOR_TIMER, on_lapic_timer);
	trap_register(VECTOR_ERROR, on_lapic_error);
	trap_register(VECTOR_SPURIOUS, on_spurious);
}

static bool apics_init(const struct madt_info *info)
{
	int err;

	if (info == NULL || info->nioapics == 0)
		return false;
	if (ioapic_init(info) == 0)
		return false;
	err = lapic_init(VECTOR_SPURIOUS, VECTOR_ERROR);
	if (err) {
		klog(LOG_WARN, "irq: no local APIC [%s]", errno_name(err));
		return false;
	}
	boot_apic_id = percpu[0].apic_id = lapic_id();
	return true;
}

void irq_init(const struct madt_info *madt)
{
	ASSERT(!cpu_irqs_enabled());
	register_vectors();
	pic_init(VECTOR_PIC);
	percpu[0].apic_id = cpu_apic_id(); /* if there is no local APIC to ask */
	if (apics_init(madt))
		apics = madt;
	klog(LOG_INFO, "irq: %s", irq_controller());
}

enum { MADT_BUS_DEFAULT = 0, MADT_HIGH_EDGE = 1, MADT_LOW_LEVEL = 3 };

/* GSI, polarity and trigger of an ISA line; what the MADT leaves open is `level_low`. */
static void line_describe(struct irq_line *line, unsigned isa, bool level_low)
{
	line->isa = isa;
	line->gsi = isa;
	line->level = level_low;
	line->active_low = level_low;
	for (unsigned i = 0; apics != NULL && i < apics->noverrides; i++) {
		if (apics->override[i].source != isa)
			continue;
		line->gsi = apics->override[i].gsi;
		if (apics->override[i].polarity != MADT_BUS_DEFAULT)
			line->active_low = apics->override[i].polarity == MADT_LOW_LEVEL;
		if (apics->override[i].trigger != MADT_BUS_DEFAULT)
			line->level = apics->override[i].trigger == MADT_LOW_LEVEL;
	}
}

/* => irq_lock held; the slot for `isa`, or the reason why there is none */
static int line_slot(unsigned isa, bool level_low, unsigned *slot) REQUIRES(&irq_lock)
{
	struct irq_line wanted = {0};
	int found = -ENOSPC;

	if (apics == NULL) {
		*slot = isa;
		return lines[isa].handler == NULL ? 0 : -EBUSY;
	}
	line_describe(&wanted, isa, level_low);
	for (unsigned i = 0; i < LINES_MAX; i++) {
		if (lines[i].handler != NULL && lines[i].gsi == wanted.gsi)
			return -EBUSY;
		if (lines[i].handler == NULL && found != 0) {
			*slot = i;
			found = 0;
		}
	}
	return found;
}

/* => irq_lock held */
static int line_enable(struct irq_line *line)
{
	struct ioapic_route route = {
		.vector = line->vector, .level = line->level, .active_low = line->active_low};

	if (apics != NULL) {
		route.apic_id = boot_apic_id;
		if (route.apic_id > APIC_ID_MAX)
			return -EOPNOTSUPP;
		return ioapic_route(line->gsi, &route);
	}
	pic_set_level(line->isa, line->level);
	pic_set_masked(line->isa, false);
	return 0;
}

static int irq_register(unsigned isa, bool level_low, const char *name, irq_handler_fn handler,
			void *arg)
{
	unsigned slot = 0;
	uint64_t flags;
	int err;

	if (name == NULL || handler == NULL)
		return -EINVAL;
	flags = spin_lock(&irq_lock);
	err = line_slot(isa, level_low, &slot);
	if (!err) {
		struct irq_line *line = &lines[slot];

		*line = (struct irq_line){.handler = handler, .arg = arg, .name = name};
		line->vector = (apics != NULL ? VECTOR_LINES : VECTOR_PIC) + slot;
		line_describe(line, isa, level_low);
		err = line_enable(line);
		if (err)
			line->handler = NULL;
	}
	spin_unlock(&irq_lock, flags);
	return err;
}

static bool is_isa(unsigned isa)
{
	return isa < PIC_LINES && isa != ISA_CASCADE;
}

int irq_register_isa(unsigned isa, const char *name, irq_handler_fn handler, void *arg)
{
	if (!is_isa(isa))
		return -EINVAL;
	return irq_register(isa, false, name, handler, arg);
}

int irq_register_sci(unsigned isa, const char *name, irq_handler_fn handler, void *arg)
{
	/* Without 8259s SCI_INT is a GSI, which may be any. */
	if (!is_isa(isa) && apics == NULL)
		return -EINVAL;
	return irq_register(isa, true, name, handler, arg);
}

static void nothing(void *arg __unused)
{
}

void irq_unregister_isa(unsigned isa, irq_handler_fn handler)
{
	uint64_t flags = spin_lock(&irq_lock);

	for (unsigned i = 0; i < LINES_MAX; i++) {
		struct irq_line *line = &lines[i];

		if (line->handler == NULL || line->isa != isa || line->handler != handler)
			continue;
		line_mask(line);
		line->handler = NULL;
	}
	spin_unlock(&irq_lock, flags);
	/* A CPU that answers is in no handler: that of this line has returned everywhere. */
	if (cpu_irqs_enabled())
		smp_call_all(nothing, NULL);
}

void irq_start_tick(unsigned hz, void (*tick)(void))
{
	int err;

	ASSERT(hz > 0 && tick != NULL);
	tick_fn = tick;
	if (apics != NULL && lapic_timer_start(VECTOR_TIMER, hz))
		return;
	pit_start_periodic(hz);
	err = irq_register_isa(ISA_TIMER, "timer", on_pit, NULL);
	if (err)
		klog(LOG_ERR, "irq: no timer interrupt [%s]", errno_name(err));
}

void irq_start_tick_here(void)
{
	lapic_timer_start_here();
}

/* What comes from CPUs stands first in the list; without LAPICs nothing does. */
static unsigned local_sources(void)
{
	return apics != NULL ? LOCAL_SOURCES : 0;
}

uint64_t irq_info_count(const struct irq_info *info, unsigned cpu)
{
	if (info->gsi == IRQ_LOCAL)
		return irq_local_count(cpu, info->source);
	return __atomic_load_n(&line_counts[cpu].count[info->source], __ATOMIC_RELAXED);
}

static uint64_t line_count(unsigned slot)
{
	uint64_t all = 0;

	for (unsigned cpu = 0; cpu < MAX_CPUS; cpu++)
		all += __atomic_load_n(&line_counts[cpu].count[slot], __ATOMIC_RELAXED);
	return all;
}

bool irq_info(unsigned index, struct irq_info *info)
{
	unsigned left = index - local_sources();
	bool found = false;
	uint64_t flags;

	if (index < local_sources())
		return irq_local_info(index, info);
	flags = spin_lock(&irq_lock);
	for (unsigned i = 0; i < LINES_MAX && !found; i++) {
		const struct irq_line *line = &lines[i];

		if (line->handler == NULL || left-- != 0)
			continue;
		*info = (struct irq_info){.gsi = line->gsi,
					  .vector = line->vector,
					  .name = line->name,
					  .source = i,
					  .count = line_count(i),
					  .unclaimed = line->unclaimed,
					  .level = line->level,
					  .active_low = line->active_low};
		found = true;
	}
	spin_unlock(&irq_lock, flags);
	return found;
}
