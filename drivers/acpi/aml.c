/*
 * drivers/acpi/aml.c - evaluating the firmware's objects, in the forms the drivers need.
 *
 * What comes back is the firmware's word: each value's type and range are checked here.
 */
#include "drivers/acpi/aml.h"

#include "kernel/lib/errno.h"

int aml_evaluate(acpi_handle device, const char *name, struct acpi_object_list *arguments,
		 union acpi_object *result)
{
	struct acpi_buffer buffer = {sizeof(*result), result};
	acpi_handle object;
	acpi_status status;

	/* A method that exists may fail with AE_NOT_FOUND too, for what it refers to. */
	if (ACPI_FAILURE(acpi_get_handle(device, (acpi_string)name, &object)))
		return -ENOENT;
	status = acpi_evaluate_object(object, NULL, arguments, result != NULL ? &buffer : NULL);
	if (status == AE_NO_MEMORY)
		return -ENOMEM;
	return ACPI_SUCCESS(status) ? 0 : -EIO;
}

int aml_integer(acpi_handle device, const char *name, uint64_t *value)
{
	union acpi_object object = {.type = ACPI_TYPE_ANY};
	int err = aml_evaluate(device, name, NULL, &object);

	if (err == 0 && object.type != ACPI_TYPE_INTEGER)
		return -EIO;
	if (err == 0)
		*value = object.integer.value;
	return err;
}

int aml_call(acpi_handle device, const char *name, uint64_t argument)
{
	union acpi_object object = {.integer = {ACPI_TYPE_INTEGER, argument}};
	struct acpi_object_list arguments = {1, &object};

	return aml_evaluate(device, name, &arguments, NULL);
}

int aml_status(acpi_handle device, uint32_t *sta)
{
	uint64_t value = AML_STA_USABLE;
	int err = aml_integer(device, "_STA", &value);

	if (err != 0 && err != -ENOENT)
		return err;
	*sta = (uint32_t)value;
	return 0;
}

/* Is the descriptor memory?  Then *d says where. */
static bool memory_descriptor(struct acpi_resource *resource, struct memrange_descriptor *d)
{
	struct acpi_resource_address64 address;
	struct acpi_resource_extended_address64 *extended = &resource->data.ext_address64;
	struct acpi_resource_fixed_memory32 *fixed = &resource->data.fixed_memory32;

	if (resource->type == ACPI_RESOURCE_TYPE_FIXED_MEMORY32) {
		*d = (struct memrange_descriptor){
			.minimum = fixed->address,
			.maximum = (uint64_t)fixed->address + fixed->address_length - 1,
			.length = fixed->address_length,
			.fixed = true,
		};
		return true;
	}
	if (resource->type == ACPI_RESOURCE_TYPE_EXTENDED_ADDRESS64) {
		*d = (struct memrange_descriptor){
			.minimum = extended->address.minimum,
			.maximum = extended->address.maximum,
			.length = extended->address.address_length,
			.translation = extended->address.translation_offset,
			.fixed = extended->min_address_fixed && extended->max_address_fixed,
		};
		return extended->resource_type == ACPI_MEMORY_RANGE;
	}
	if (ACPI_FAILURE(acpi_resource_to_address64(resource, &address)))
		return false;
	*d = (struct memrange_descriptor){
		.minimum = address.address.minimum,
		.maximum = address.address.maximum,
		.length = address.address.address_length,
		.translation = address.address.translation_offset,
		.fixed = address.min_address_fixed && address.max_address_fixed,
	};
	return address.resource_type == ACPI_MEMORY_RANGE;
}

static acpi_status collect_memory(struct acpi_resource *resource, void *context)
{
	struct memrange_descriptor descriptor;

	if (memory_descriptor(resource, &descriptor))
		memrange_add(context, &descriptor);
	return AE_OK;
}

int aml_memory(acpi_handle device, paddr_t limit, struct memrange_piece *range, struct refusal *why)
{
	struct memrange ranges = {0};
	acpi_status status = acpi_walk_resources(device, "_CRS", collect_memory, &ranges);

	if (ACPI_FAILURE(status))
		return refuse(why, status == AE_NO_MEMORY ? -ENOMEM : -EIO, "_CRS",
			      "cannot be evaluated: %s", acpi_format_exception(status));
	return memrange_single(&ranges, limit, range, why);
}

int aml_proximity(acpi_handle device, uint32_t *pxm, bool *has, struct refusal *why)
{
	uint64_t value = 0;
	int err = aml_integer(device, "_PXM", &value);

	*has = err == 0;
	if (err == -ENOENT)
		return 0;
	if (err != 0)
		return refuse(why, err, "_PXM", "cannot be evaluated");
	if (value > UINT32_MAX)
		return refuse(why, -ERANGE, "_PXM", "domain 0x%lx has more than 32 bits", value);
	*pxm = (uint32_t)value;
	return 0;
}
