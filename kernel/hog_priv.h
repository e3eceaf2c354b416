/*
 * kernel/hog_priv.h - what the files of hogs share.
 *
 * Locks used to protect struct members in this file:
 *	I	immutable after hog_start()
 *	h	hogs_lock (mutex)
 *	c	the churning thread's while there is one, else hogs_lock
 *	a	atomic
 */
#ifndef KERNEL_HOG_PRIV_H
#define KERNEL_HOG_PRIV_H

#include "kernel/clock.h"
#include "kernel/hog.h"
#include "kernel/mutex.h"
#include "kernel/workqueue.h"
#include "mm/vm/pin.h"

/* The one pin that a hog can have. */
struct hog_pin {
	bool held;	       /* [a] who takes it back clears this first */
	enum pin_kind kind;    /* [h] written while not held only, like the range */
	struct vm_range range; /* [h] */
	struct timer timer;    /* ends a pin of so many seconds: queues the work */
	struct work work;
};

struct hog {
	struct list_head link;	  /* [h] */
	char name[HOG_NAME_MAX];  /* [I] */
	struct vm_object *object; /* [I] */
	struct page *spare;	  /* [I] chained; what no page table could be had for ("max") */
	uint64_t spare_pages;	  /* [I] */
	void *objects;		  /* [I] of slabs, chained */
	uint64_t size;		  /* [I] bytes wanted; 0: all there was */
	int node;		  /* [I] */
	uint64_t seed, stride;	  /* [I] */
	unsigned order;		  /* [I] */
	uint64_t round;		  /* [c] complete writes */
	struct thread *churner;	  /* [h] */
	struct thread *filler;	  /* [h] gets the memory of one that waits for it */
	bool filled;		  /* [a] all of it is there and written */
	bool stop;		  /* [a] */
	bool failed;		  /* [c] and where, and what stood there: */
	uint64_t bad_offset, bad_value;
	struct hog_pin pin;
};

static inline uint64_t hog_bytes(const struct hog *hog)
{
	return hog->object->npages << PAGE_SHIFT;
}

/* Calls fn(hog, arg, why) under hogs_lock for the hog of that name; -ENOENT, or what fn says. */
int hog_apply(const char *name, int (*fn)(struct hog *hog, void *arg, struct refusal *why),
	      void *arg, struct refusal *why);

/* --- hog_pattern.c: writing and reading, of a hog that is the caller's --- */

int hog_fill(struct hog *hog, struct refusal *why);
int hog_read(struct hog *hog, struct refusal *why);
/* Reads what was written and writes the next round; ends early when something is wrong. */
void hog_rewrite(struct hog *hog);
/* -EBADMSG with the wrong word's place. */
int hog_refuse_bad_word(const struct hog *hog, struct refusal *why);

/* --- hog_wait.c.  => hogs_lock held --- */

/* Starts the filler. */
int hog_fill_later(struct hog *hog, struct refusal *why);
bool hog_is_waiting(const struct hog *hog);
/* -EAGAIN: it is waiting still. */
int hog_check_whole(const struct hog *hog, struct refusal *why);
void hog_stop_filling(struct hog *hog);

/* --- hog_pin.c --- */

/* Takes the hog's pin back, if it has one; whatever was to end it has run or never will.
 * True: it had one.  => hogs_lock held */
bool hog_drop_pin(struct hog *hog);

#endif
