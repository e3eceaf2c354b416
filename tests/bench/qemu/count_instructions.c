/*
 * tests/bench/qemu/count_instructions.c - a plugin of QEMU: instructions by CPU, between marks.
 *
 * With one CPU `-icount` makes the TSC count instructions.  With several it counts those of all
 * together, so what one of them did can't be read from inside.  This counts from outside: each
 * time any CPU begins to execute at one of the addresses that are given (mark=, hexadecimal, twice
 * at most), it writes a line `MARK CPU COUNT...` to out=FILE: the mark's number, who was there, and
 * how many instructions each CPU had executed by then, from CPU 0 on.  Marks must be where calls go
 * to, since instructions are counted by translation blocks as these begin.
 *
 * Usage: -plugin FILE.so,out=FILE,mark=ffffffff80123456,mark=...
 *
 * The interface is QEMU's, version 1 [QEMU 7.2, docs/devel/tcg-plugins]; what is used of it is
 * declared here, since its header is in no package.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CPUS_MAX  64
#define MARKS_MAX 2

typedef uint64_t qemu_plugin_id_t;
typedef struct qemu_info_t qemu_info_t;
struct qemu_plugin_tb;
typedef void (*tb_trans_t)(qemu_plugin_id_t id, struct qemu_plugin_tb *tb);
typedef void (*tb_exec_t)(unsigned int vcpu, void *userdata);
enum { CB_NO_REGS };

extern void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id, tb_trans_t callback);
extern void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *tb, tb_exec_t callback,
						 int flags, void *userdata);
extern size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
extern uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *tb);

__attribute__((visibility("default"))) int qemu_plugin_version = 1;

static uint64_t executed[CPUS_MAX]; /* each written by its CPU's thread */
static uint64_t marks[MARKS_MAX];
static unsigned nmarks;
static FILE *out;

static void count(unsigned int vcpu, void *userdata)
{
	if (vcpu < CPUS_MAX)
		executed[vcpu] += (uint64_t)userdata;
}

/* Registered before count() for the same block: what the block does is not yet counted. */
static void note_mark(unsigned int vcpu, void *userdata)
{
	unsigned ncpus = CPUS_MAX;

	while (ncpus > 0 && executed[ncpus - 1] == 0)
		ncpus--;
	fprintf(out, "%u %u", (unsigned)(uintptr_t)userdata, vcpu);
	for (unsigned i = 0; i < ncpus; i++)
		fprintf(out, " %lu", executed[i]);
	fprintf(out, "\n");
	fflush(out);
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	(void)id;
	for (unsigned i = 0; i < nmarks; i++)
		if (qemu_plugin_tb_vaddr(tb) == marks[i])
			qemu_plugin_register_vcpu_tb_exec_cb(tb, note_mark, CB_NO_REGS,
							     (void *)(uintptr_t)i);
	qemu_plugin_register_vcpu_tb_exec_cb(tb, count, CB_NO_REGS,
					     (void *)qemu_plugin_tb_n_insns(tb));
}

__attribute__((visibility("default"))) int
qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc, char **argv)
{
	(void)info;
	for (int i = 0; i < argc; i++) {
		if (strncmp(argv[i], "out=", 4) == 0)
			out = fopen(argv[i] + 4, "w");
		else if (strncmp(argv[i], "mark=", 5) == 0 && nmarks < MARKS_MAX)
			marks[nmarks++] = strtoull(argv[i] + 5, NULL, 16);
		else
			return -1;
	}
	if (out == NULL)
		return -1;
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	return 0;
}
