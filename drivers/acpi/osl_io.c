/*
 * drivers/acpi/osl_io.c - ports and PCI configuration space for ACPICA.
 *
 * Configuration space by mechanism #1, ports 0xCF8 and 0xCFC [PCI 3.0 3.2.2.3.2]: the first
 * 256 bytes of a function on segment 0, which is all that AML of a PC's PCI regions uses.
 *
 * Lock: pci_lock (spin, rank ACPI) around an address and its data.
 */
#include "arch/io.h"
#include "drivers/acpi/osl.h"
#include "kernel/spinlock.h"

#define PCI_ADDRESS 0xCF8
#define PCI_DATA    0xCFC
#define PCI_ENABLE  0x80000000U

static struct spinlock pci_lock = SPINLOCK_INIT("pci config", RANK_ACPI);

acpi_status acpi_os_read_port(acpi_io_address address, u32 *value, u32 width)
{
	uint16_t port = (uint16_t)address;

	if (address > UINT16_MAX)
		return AE_BAD_PARAMETER;
	switch (width) {
	case 8:
		*value = io_in8(port);
		return AE_OK;
	case 16:
		*value = io_in16(port);
		return AE_OK;
	case 32:
		*value = io_in32(port);
		return AE_OK;
	default:
		return AE_BAD_PARAMETER;
	}
}

acpi_status acpi_os_write_port(acpi_io_address address, u32 value, u32 width)
{
	uint16_t port = (uint16_t)address;

	if (address > UINT16_MAX)
		return AE_BAD_PARAMETER;
	switch (width) {
	case 8:
		io_out8(port, (uint8_t)value);
		return AE_OK;
	case 16:
		io_out16(port, (uint16_t)value);
		return AE_OK;
	case 32:
		io_out32(port, value);
		return AE_OK;
	default:
		return AE_BAD_PARAMETER;
	}
}

static bool pci_reachable(const struct acpi_pci_id *id, u32 reg, u32 width)
{
	return id->segment == 0 && id->bus < 256 && id->device < 32 && id->function < 8 &&
	       (width == 8 || width == 16 || width == 32) && reg + width / 8 <= 256;
}

static void pci_select(const struct acpi_pci_id *id, u32 reg)
{
	io_out32(PCI_ADDRESS, PCI_ENABLE | (uint32_t)id->bus << 16 | (uint32_t)id->device << 11 |
				      (uint32_t)id->function << 8 | (reg & 0xFC));
}

acpi_status acpi_os_read_pci_configuration(struct acpi_pci_id *pci_id, u32 reg, u64 *value,
					   u32 width)
{
	acpi_status status;
	uint64_t flags;
	u32 data = 0;

	if (!pci_reachable(pci_id, reg, width))
		return AE_SUPPORT;
	flags = spin_lock(&pci_lock);
	pci_select(pci_id, reg);
	status = acpi_os_read_port(PCI_DATA + (reg & 3), &data, width);
	spin_unlock(&pci_lock, flags);
	*value = data;
	return status;
}

acpi_status acpi_os_write_pci_configuration(struct acpi_pci_id *pci_id, u32 reg, u64 value,
					    u32 width)
{
	acpi_status status;
	uint64_t flags;

	if (!pci_reachable(pci_id, reg, width))
		return AE_SUPPORT;
	flags = spin_lock(&pci_lock);
	pci_select(pci_id, reg);
	status = acpi_os_write_port(PCI_DATA + (reg & 3), (u32)value, width);
	spin_unlock(&pci_lock, flags);
	return status;
}
