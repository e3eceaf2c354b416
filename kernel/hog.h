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

#define HOG_NAME_MAX 16

struct hog_request {
	const char *name;
	uint64_t size; /* bytes; 0: all that is free */
	bool movable;
	int node;	/* NODE_ANY, or this node only */
	unsigned order; /* of its chunks */
	uint64_t seed;
	uint64_t stride; /* bytes between written words; 0: every word */
};

int hog_start(const struct hog_request *request, struct refusal *why);
/* -EBADMSG with the first wrong address. */
int hog_verify(const char *name, struct refusal *why);
int hog_churn(const char *name, struct refusal *why);
int hog_share(const char *name, struct refusal *why);
int hog_stop(const char *name, struct refusal *why);

struct hog_info {
	char name[HOG_NAME_MAX];
	uint64_t bytes, stride, rounds, moves;
	unsigned mappings, order;
	bool movable, churning;
};
bool hog_info(unsigned index, struct hog_info *info);

#endif
