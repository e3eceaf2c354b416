/*
 * mm/slab_take.c - takes every free object of every cache, for those who want to see what
 * works without.  Owns nothing: the objects are chained through their first words.
 */
#include "mm/slab_priv.h"

uint64_t slab_take_all(void **chain)
{
	struct slab_cache *cache = NULL;
	uint64_t taken = 0;

	*chain = NULL;
	while ((cache = slab_cache_next(cache)) != NULL) {
		void **object;

		while ((object = slab_alloc(cache)) != NULL) {
			*object = *chain;
			*chain = object;
			taken++;
		}
	}
	return taken;
}

void slab_give_back(void *chain)
{
	while (chain != NULL) {
		void *next = *(void **)chain;

		slab_free(slab_of(chain)->cache, chain);
		chain = next;
	}
}
