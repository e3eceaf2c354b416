/*
 * drivers/acpi/tables/rsdp.c - the Root System Description Pointer [ACPI 6.5 5.2.5.3].
 *
 * Owns nothing and takes no lock.  The first 20 bytes are ACPI 1.0's and have a checksum of
 * their own; where only the extension is broken, the older half still serves.
 */
#include "drivers/acpi/tables/tables.h"

#include "drivers/acpi/tables/tables_priv.h"
#include "kernel/lib/errno.h"

#define RSDP_V1_LENGTH 20
#define RSDP_V2_LENGTH 36

/* The XSDT's address, or 0 where the extension is absent or not to be believed. */
static paddr_t xsdt_address(const uint8_t *rsdp, size_t length, table_report_fn report)
{
	uint32_t said;
	paddr_t xsdt;

	if (length < RSDP_V2_LENGTH) {
		table_complain(report, "RSDP: %zu bytes do not hold revision %u's 36", length,
			       rsdp[15]);
		return 0;
	}
	said = read32(rsdp + 20);
	if (said < RSDP_V2_LENGTH || said > length) {
		table_complain(report, "RSDP: length %u is outside 36 to %zu", said, length);
		return 0;
	}
	if (table_sum(rsdp, said) != 0) {
		table_complain(report, "RSDP: the extended checksum is wrong");
		return 0;
	}
	xsdt = read64(rsdp + 24);
	if (!paddr_range_ok(xsdt, sizeof(struct acpi_header))) {
		table_complain(report, "RSDP: the XSDT's address 0x%lx has more than 52 bits",
			       xsdt);
		return 0;
	}
	return xsdt;
}

int rsdp_parse(const void *rsdp, size_t length, struct rsdp_info *info, table_report_fn report)
{
	const uint8_t *bytes = rsdp;

	memset(info, 0, sizeof(*info));
	if (length < RSDP_V1_LENGTH) {
		table_complain(report, "RSDP: %zu bytes are below 20", length);
		return -EINVAL;
	}
	if (memcmp(bytes, "RSD PTR ", 8) != 0) {
		table_complain(report, "RSDP: the signature is wrong");
		return -EINVAL;
	}
	if (table_sum(bytes, RSDP_V1_LENGTH) != 0) {
		table_complain(report, "RSDP: the checksum is wrong");
		return -EBADMSG;
	}
	info->revision = bytes[15];
	info->rsdt = read32(bytes + 16);
	if (info->revision >= 2)
		info->xsdt = xsdt_address(bytes, length, report);
	if (info->rsdt == 0 && info->xsdt == 0) {
		table_complain(report, "RSDP: it names neither an XSDT nor an RSDT");
		return -EINVAL;
	}
	return 0;
}
