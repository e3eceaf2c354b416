/*
 * mm/kasan/shadow.c - where the shadow lies, and who writes it.
 *
 * Owns the shadow of boot RAM, of kernel mappings and of the image, which is made once, on one
 * CPU, and never given back.  Bytes of shadow are written by whoever owns what they speak for.
 */
#include "boot/image.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/log.h"
#include "kernel/panic.h"
#include "mm/early.h"
#include "mm/init.h"
#include "mm/kasan/kasan_priv.h"

uint64_t kasan_direct_size, kasan_kmap_size;

extern char kasan_image_shadow[], kasan_image_shadow_end[];
extern void (*const __init_array_start[])(void), (*const __init_array_end[])(void);

/* --- writing --- */

static void fill(vaddr_t va, size_t size, uint8_t value)
{
	__real_memset(kasan_shadow_byte(va), value, size / KASAN_SHARE);
}

void kasan_poison(const void *va, size_t size, enum kasan_poison why)
{
	if (kasan_has_shadow((vaddr_t)va))
		fill((vaddr_t)va, ALIGN_UP(size, KASAN_SHARE), (uint8_t)why);
}

void kasan_unpoison(const void *va, size_t size)
{
	if (!kasan_has_shadow((vaddr_t)va))
		return;
	fill((vaddr_t)va, size, 0);
	if (size % KASAN_SHARE != 0)
		*kasan_shadow_byte((vaddr_t)va + size) = size % KASAN_SHARE;
}

void kasan_fill_device(pfn_t start, uint64_t npages, uint64_t head)
{
	vaddr_t va = (vaddr_t)phys_to_virt(pfn_to_paddr(start));

	fill(va, head * PAGE_SIZE, 0);
	fill(va + head * PAGE_SIZE, (npages - head) * PAGE_SIZE, KASAN_PAGE_FREE);
}

void *kasan_trim(void *p, size_t asked, size_t size)
{
	size_t kept = ALIGN_UP(asked, KASAN_SHARE);

	if (p == NULL)
		return NULL;
	kasan_unpoison(p, asked);
	if (kept < size)
		kasan_poison((char *)p + kept, size - kept,
			     size < PAGE_SIZE ? KASAN_SLAB_REDZONE : KASAN_CHUNK_REDZONE);
	return p;
}

/* --- making --- */

/* Maps zeroed memory of early's as [shadow, end), multiples of a page; a piece lies in one 2 MiB.
 */
static void map_piece(vaddr_t shadow, vaddr_t end)
{
	size_t size = end - shadow, page = size == SIZE_2M ? SIZE_2M : PAGE_SIZE;
	paddr_t pa = early_alloc(&early, size, page, "kasan");

	if (pa == 0 && page == SIZE_2M) {
		map_piece(shadow, shadow + SIZE_2M / 2);
		map_piece(shadow + SIZE_2M / 2, end);
		return;
	}
	if (pa == 0 || mmu_map(shadow, pa, size, MMU_WRITE, page, &pt_alloc_early) != 0)
		panic("kasan: no memory for %zu KiB of shadow", size / KiB);
	__real_memset((void *)shadow, 0, size);
}

static void map_shadow(vaddr_t shadow, vaddr_t end)
{
	for (vaddr_t next; shadow < end; shadow = next) {
		next = MIN(end, ALIGN_DOWN(shadow, SIZE_2M) + SIZE_2M);
		map_piece(shadow, next);
	}
}

static size_t image_shadow_size(void)
{
	return (size_t)(kasan_image_shadow_end - kasan_image_shadow);
}

void kasan_reserve_image(void)
{
	if (early_reserve(&early, image_to_phys(kasan_image_shadow), image_shadow_size(),
			  "kasan") != 0)
		panic("kasan: cannot reserve the shadow of the image");
}

void kasan_map_image(void)
{
	size_t size = image_shadow_size();

	if ((vaddr_t)kasan_image_shadow != kasan_shadow(KERNEL_BASE) ||
	    size != KASAN_IMAGE_SIZE / KASAN_SHARE)
		panic("kasan: the shadow is not where the compiler thinks");
	if (mmu_map((vaddr_t)kasan_image_shadow, image_to_phys(kasan_image_shadow), size, MMU_WRITE,
		    SIZE_2M, &pt_alloc_early) != 0)
		panic("kasan: cannot map the shadow of the image");
}

static void map_ram_shadow(void)
{
	vaddr_t mapped = 0; /* ranges may share a page of shadow */

	for (unsigned i = 0; i < early.nram; i++) {
		vaddr_t va = DIRECT_MAP_BASE + early.ram[i].base;
		vaddr_t start = ALIGN_DOWN(kasan_shadow(va), PAGE_SIZE);
		vaddr_t end = ALIGN_UP(kasan_shadow(va + early.ram[i].size), PAGE_SIZE);

		map_shadow(MAX(start, mapped), end);
		mapped = MAX(mapped, end);
	}
}

void kasan_init(void)
{
	map_ram_shadow();
	map_shadow(kasan_shadow(KMAP_BASE), kasan_shadow(KMAP_BASE + KASAN_KMAP_SIZE));
	kasan_direct_size = DIRECT_MAP_MAX;
	kasan_kmap_size = KASAN_KMAP_SIZE;
	for (void (*const *f)(void) = __init_array_start; f < __init_array_end; f++)
		(*f)(); /* __asan_register_globals() */
	klog(LOG_INFO, "kasan: %lu KiB of shadow", early_reserved_bytes(&early, "kasan") / KiB);
}
