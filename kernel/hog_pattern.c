/*
 * kernel/hog_pattern.c - what is written into a hog, and whether it is still there.
 *
 * Every written word holds a function of the hog's seed, its offset and the round in which it
 * was written, so a stale, torn or foreign word shows.
 *
 * Lock: none; the caller is the only one who uses the hog (kernel/hog_priv.h, letter c).
 *
 * The two loops over words are not checked by the address sanitizer: vm objects have no shadow, and
 * a hundred million checks that can find nothing are what such a build would mostly do.
 */
#include "kernel/hog_priv.h"
#include "kernel/lib/errno.h"
#include "kernel/log.h"
#include "kernel/thread.h"

static __no_kasan uint64_t pattern(const struct hog *hog, uint64_t offset, uint64_t round)
{
	return (offset + hog->seed + round * 0x100000001b3UL) * 0x9e3779b97f4a7c15UL;
}

/* A page's words, by the mappings in turn, so that a shared hog is used through all of them. */
static volatile uint64_t *words_at(const struct hog *hog, uint64_t offset)
{
	unsigned mapping = (unsigned)(offset >> PAGE_SHIFT) % hog->object->nmappings;

	return (volatile uint64_t *)((char *)vm_object_address(hog->object, mapping) + offset);
}

static __no_kasan void write_page(struct hog *hog, uint64_t at, uint64_t round)
{
	volatile uint64_t *words = words_at(hog, at);

	for (uint64_t i = 0; i < PAGE_SIZE; i += hog->stride)
		words[i / 8] = pattern(hog, at + i, round);
}

static __no_kasan bool verify_page(struct hog *hog, uint64_t at, uint64_t round)
{
	volatile uint64_t *words = words_at(hog, at);

	for (uint64_t i = 0; i < PAGE_SIZE; i += hog->stride) {
		uint64_t value = words[i / 8];

		if (value != pattern(hog, at + i, round)) {
			hog->bad_offset = at + i;
			hog->bad_value = value;
			hog->failed = true;
			return false;
		}
	}
	return true;
}

static uint64_t page_step(const struct hog *hog)
{
	return MAX(hog->stride, PAGE_SIZE);
}

int hog_refuse_bad_word(const struct hog *hog, struct refusal *why)
{
	return refuse(why, -EBADMSG, "verify", "%s: the word at offset 0x%lx is 0x%lx: wrong",
		      hog->name, hog->bad_offset, hog->bad_value);
}

int hog_fill(struct hog *hog, struct refusal *why)
{
	for (uint64_t at = 0; at < hog_bytes(hog); at += page_step(hog)) {
		if (thread_interrupted())
			return refuse(why, -EINTR, "fill", "interrupted");
		write_page(hog, at, hog->round);
	}
	return 0;
}

int hog_read(struct hog *hog, struct refusal *why)
{
	for (uint64_t at = 0; at < hog_bytes(hog); at += page_step(hog)) {
		if (thread_interrupted())
			return refuse(why, -EINTR, "verify", "interrupted");
		if (!verify_page(hog, at, hog->round))
			return hog_refuse_bad_word(hog, why);
	}
	return 0;
}

void hog_rewrite(struct hog *hog)
{
	for (uint64_t at = 0; at < hog_bytes(hog); at += page_step(hog)) {
		if (!verify_page(hog, at, hog->round)) {
			klog(LOG_ERR, "hog: %s: wrong word 0x%lx at offset 0x%lx", hog->name,
			     hog->bad_value, hog->bad_offset);
			return;
		}
		write_page(hog, at, hog->round + 1);
	}
	hog->round++;
}
