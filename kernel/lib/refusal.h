/*
 * kernel/lib/refusal.h - why an operation was refused: the step, the place, the holder.
 *
 * "EBUSY" alone is a bug.  Whoever refuses fills one of these; the shell, the event log and
 * the log print it.  The first refusal is kept: refuse() on a filled one changes nothing.
 */
#ifndef KERNEL_LIB_REFUSAL_H
#define KERNEL_LIB_REFUSAL_H

#include "kernel/lib/types.h"

#define REFUSAL_TEXT 160

struct refusal {
	int err;	  /* negative errno; 0: nothing was refused */
	const char *step; /* the step that refused, a literal: "head", "migrate" */
	pfn_t pfn;	  /* the first page at fault, where has_pfn */
	bool has_pfn;
	char text[REFUSAL_TEXT]; /* what is wrong and who holds it */
};

/* Fills *why (which may be NULL) and returns `err`, so that `return refuse(...)` reads well. */
int refuse(struct refusal *why, int err, const char *step, const char *fmt, ...) __printf(4, 5);
/* The same with the page frame at fault. */
int refuse_at(struct refusal *why, int err, const char *step, pfn_t pfn, const char *fmt, ...)
	__printf(5, 6);

/* Copies *from to *why, which may be NULL or say something already: then it stays. */
void refusal_pass(const struct refusal *from, struct refusal *why);

/* Writes "step: text [ECODE]" to buf (always terminated); returns buf. */
const char *refusal_format(const struct refusal *why, char *buf, size_t size);
/* The same in so many columns at most: the text is cut, its code is not while that alone fits. */
const char *refusal_fit(const struct refusal *why, size_t columns, char *buf, size_t size);
/* Writes where it was refused, "check at pfn 0x48003" or "capacity"; returns buf. */
const char *refusal_place(const struct refusal *why, char *buf, size_t size);

#endif
