/*
 * drivers/acpi/osl_memory.c - ACPICA's memory: an arena in .bss, and caches over it.
 *
 * Owns the arena.  Never asks the page allocator or kmalloc for anything, so that hot-plug
 * events are heard and answered by a system that has no free page left.
 *
 * Lock: osl_memory_lock (spin, rank ACPI, innermost but for the log).
 */
#include "drivers/acpi/arena.h"
#include "drivers/acpi/osl.h"
#include "kernel/spinlock.h"

struct osl_cache {
	const char *name;
	size_t size; /* of an object */
};

static char arena_memory[OSL_ARENA_SIZE] __aligned(PAGE_SIZE);
static struct spinlock osl_memory_lock = SPINLOCK_INIT("acpi arena", RANK_ACPI);
static struct arena arena GUARDED_BY(&osl_memory_lock);

void osl_memory_init(void)
{
	arena_init(&arena, arena_memory, sizeof(arena_memory));
}

void osl_memory_status(struct acpi_status *status)
{
	uint64_t flags = spin_lock(&osl_memory_lock);

	status->arena_size = arena.size;
	status->arena_used = arena.used;
	status->arena_peak = arena.peak;
	status->arena_refused = arena.refused;
	spin_unlock(&osl_memory_lock, flags);
}

void *acpi_os_allocate(acpi_size size)
{
	uint64_t flags = spin_lock(&osl_memory_lock);
	void *p = arena_alloc(&arena, size);

	spin_unlock(&osl_memory_lock, flags);
	return p;
}

void *acpi_os_allocate_zeroed(acpi_size size)
{
	void *p = acpi_os_allocate(size);

	if (p != NULL)
		memset(p, 0, size);
	return p;
}

void acpi_os_free(void *memory)
{
	uint64_t flags = spin_lock(&osl_memory_lock);

	arena_free(&arena, memory);
	spin_unlock(&osl_memory_lock, flags);
}

/* --- caches: the arena's exact bins make free lists of their own pointless --- */

acpi_status acpi_os_create_cache(char *cache_name, u16 object_size, u16 max_depth __unused,
				 acpi_cache_t **return_cache)
{
	struct osl_cache *cache = acpi_os_allocate(sizeof(*cache));

	if (cache == NULL)
		return AE_NO_MEMORY;
	cache->name = cache_name;
	cache->size = object_size;
	*return_cache = cache;
	return AE_OK;
}

acpi_status acpi_os_purge_cache(acpi_cache_t *cache __unused)
{
	return AE_OK;
}

acpi_status acpi_os_delete_cache(acpi_cache_t *cache)
{
	acpi_os_free(cache);
	return AE_OK;
}

/* ACPICA expects cleared objects. */
void *acpi_os_acquire_object(acpi_cache_t *cache)
{
	return acpi_os_allocate_zeroed(cache->size);
}

acpi_status acpi_os_release_object(acpi_cache_t *cache __unused, void *object)
{
	acpi_os_free(object);
	return AE_OK;
}
