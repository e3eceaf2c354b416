/*
 * kernel/hog.h - hogs: memory that is really held and used, for trying things out.
 *
 * A hog is a vm object filled with a pattern of its own; verify reads every word that was
 * written, churn keeps a thread writing and verifying through the object's mappings.
 *
 * Lock: hogs_lock (mutex) over every call; a churning thread takes none.
 */
#ifndef KERNEL_HOG_H
#define KERNEL_HOG_H

#include "kernel/lib/refusal.h"
#include "kernel/lib/types.h"
#include "mm/page_pin.h"

#define HOG_NAME_MAX 16

struct hog_request {
	const char *name;
	uint64_t size; /* bytes; 0: all that is free */
	bool movable;
	int node;	/* NODE_ANY, or this node only */
	unsigned order; /* of its chunks */
	uint64_t seed;
	uint64_t stride; /* bytes between written words; 0: every word */
	bool wait;	 /* a thread of its own gets the memory, and waits where there is none */
	bool slabs;	 /* with size 0: all objects of all slabs too */
};

int hog_start(const struct hog_request *request, struct refusal *why);
/* These, and pins: -EAGAIN while it waits for memory.  -EBADMSG with the first wrong
 * address. */
int hog_verify(const char *name, struct refusal *why);
int hog_churn(const char *name, struct refusal *why);
/* The same on one CPU only; -ENODEV: it does not run. */
int hog_churn_on(const char *name, unsigned cpu, struct refusal *why);
int hog_share(const char *name, struct refusal *why);
/* Its pin, if it has one, ends first.  -EBADMSG where a churning one found a wrong word; it is
 * stopped all the same. */
int hog_stop(const char *name, struct refusal *why);

/* A pin on the hog's memory: its frames stay where they are (mm/vm/pin.h).  A hog has one. */
struct hog_pin_request {
	enum pin_kind kind;
	uint64_t for_us;       /* it ends by itself; 0: by hog_unpin() or hog_stop() */
	uint64_t offset, size; /* bytes, whole pages; size 0: up to the end */
	/* filled: */
	uint64_t pages, moved; /* pinned; chunks that had to leave ZONE_MOVABLE for that */
	pfn_t pfn;	       /* the first page's */
};
/* -EALREADY: it is pinned; -EINVAL, or what vm_object_pin() says. */
int hog_pin(const char *name, struct hog_pin_request *request, struct refusal *why);
/* -EALREADY: it is not. */
int hog_unpin(const char *name, struct refusal *why);

struct hog_info {
	char name[HOG_NAME_MAX];
	uint64_t bytes, stride, rounds, moves;
	unsigned mappings, order;
	bool movable, churning;
	bool waiting;	    /* for memory: `bytes` are those it has */
	const char *pinned; /* "no", "short" or "long" */
	uint64_t pinned_pages;
};
bool hog_info(unsigned index, struct hog_info *info);

#endif
