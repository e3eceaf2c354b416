/*
 * tests/bench/linux/hrbench.c - a module that measures Linux from within, for make bench-linux.
 *
 * /proc/hrbench answers with one line a figure, in TSC counts, which are instructions where QEMU
 * runs with -icount:
 *	idle TOTAL			counts since loading that the CPU spent waiting
 *	add|remove START SIZE RESULT COUNTS	each call of the memory hot-plug core, idle time off
 *	alloc ORDER BATCH COUNTS	one allocation and its free, see `alloc` below
 *	kmalloc SIZE COUNTS
 * and takes the commands `alloc ORDER BATCH` and `kmalloc SIZE`, each of which measures.
 *
 * It is compiled against Debian's headers, changes nothing, and never unloads.
 *
 * Lock: one CPU and one reader: none but what the kernel holds around a /proc file's write.
 */
#include <asm/msr.h>
#include <linux/gfp.h>
#include <linux/init.h>
#include <linux/kprobes.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <trace/events/power.h>

#define CALLS_MAX 256
#define RUNS	  10   /* the least counts: a tick comes every four million */
#define TURNS	  1000 /* pages a run, or 16 chunks */
#define BATCH_MAX 256

#ifndef MAX_PAGE_ORDER /* before Linux 6.8 */
#define MAX_PAGE_ORDER (MAX_ORDER - 1)
#endif

struct call {
	const char *name;
	u64 start, size, counts;
	long result;
};

static struct call calls[CALLS_MAX];
static unsigned int nr_calls;
static u64 idle_total, idle_since; /* idle_since: 0 while the CPU works */
static char answer[80];

/* --- idle time --- */

static void note_idle(void *data, unsigned int state, unsigned int cpu)
{
	u64 now = rdtsc();

	if (state != PWR_EVENT_EXIT)
		idle_since = now;
	else if (idle_since != 0) {
		idle_total += now - idle_since;
		idle_since = 0;
	}
}

/* --- calls of the hot-plug core --- */

struct entry {
	u64 start, size, tsc, idle;
};

static void begin(struct kretprobe_instance *ri, u64 start, u64 size)
{
	struct entry *entry = (struct entry *)ri->data;

	*entry = (struct entry){start, size, 0, idle_total};
	entry->tsc = rdtsc();
}

static void end(const char *name, struct kretprobe_instance *ri, struct pt_regs *regs)
{
	u64 now = rdtsc();
	struct entry *entry = (struct entry *)ri->data;

	if (nr_calls == CALLS_MAX)
		return;
	calls[nr_calls++] = (struct call){
		.name = name,
		.start = entry->start,
		.size = entry->size,
		.counts = now - entry->tsc - (idle_total - entry->idle),
		.result = regs_return_value(regs),
	};
}

/* int __add_memory(int nid, u64 start, u64 size, mhp_t flags) */
static int add_begin(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	begin(ri, regs->si, regs->dx);
	return 0;
}

static int add_end(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	end("add", ri, regs);
	return 0;
}

/* void __remove_memory(u64 start, u64 size) */
static int remove_begin(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	begin(ri, regs->di, regs->si);
	return 0;
}

static int remove_end(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	end("remove", ri, regs);
	return 0;
}

static struct kretprobe add_probe = {
	.kp.symbol_name = "__add_memory",
	.entry_handler = add_begin,
	.handler = add_end,
	.data_size = sizeof(struct entry),
};
static struct kretprobe remove_probe = {
	.kp.symbol_name = "__remove_memory",
	.entry_handler = remove_begin,
	.handler = remove_end,
	.data_size = sizeof(struct entry),
};

/* --- allocations --- */

/* BATCH chunks of 2^order pages allocated and then freed; U64_MAX where memory is out. */
static u64 alloc_once(unsigned int order, unsigned int batch)
{
	static struct page *pages[BATCH_MAX];
	u64 began = rdtsc(), took;
	unsigned int got = 0;

	while (got < batch && (pages[got] = alloc_pages(GFP_KERNEL | __GFP_NOWARN, order)) != NULL)
		got++;
	for (unsigned int i = 0; i < got; i++)
		__free_pages(pages[i], order);
	took = rdtsc() - began;
	return got == batch ? took : U64_MAX;
}

static int measure_alloc(unsigned int order, unsigned int batch)
{
	unsigned int rounds = max(TURNS >> order, 16) / batch;
	u64 least = U64_MAX;

	if (batch == 0 || batch > BATCH_MAX || order > MAX_PAGE_ORDER || rounds == 0)
		return -EINVAL;
	for (int run = 0; run < RUNS; run++) {
		u64 sum = 0;

		for (unsigned int turn = 0; turn < rounds; turn++) {
			u64 took = alloc_once(order, batch);

			if (took == U64_MAX)
				return -ENOMEM;
			sum += took;
		}
		least = min(least, sum);
	}
	snprintf(answer, sizeof(answer), "alloc %u %u %lu\n", order, batch,
		 least / ((u64)rounds * batch));
	return 0;
}

static int measure_kmalloc(unsigned int size)
{
	u64 least = U64_MAX;

	for (int run = 0; run < RUNS; run++) {
		u64 began = rdtsc();

		for (unsigned int turn = 0; turn < TURNS; turn++) {
			void *p = kmalloc(size, GFP_KERNEL);

			if (p == NULL)
				return -ENOMEM;
			OPTIMIZER_HIDE_VAR(p);
			kfree(p);
		}
		least = min(least, rdtsc() - began);
	}
	snprintf(answer, sizeof(answer), "kmalloc %u %lu\n", size, least / TURNS);
	return 0;
}

/* --- /proc/hrbench --- */

static int show(struct seq_file *file, void *v)
{
	seq_printf(file, "idle %lu\n", idle_total);
	for (unsigned int i = 0; i < nr_calls; i++)
		seq_printf(file, "%s %#lx %lu %ld %lu\n", calls[i].name, calls[i].start,
			   calls[i].size, calls[i].result, calls[i].counts);
	seq_puts(file, answer);
	return 0;
}

static int open(struct inode *inode, struct file *file)
{
	return single_open(file, show, NULL);
}

static ssize_t write(struct file *file, const char __user *from, size_t size, loff_t *at)
{
	unsigned int first, second;
	char line[40] = "";
	int err = -EINVAL;

	if (size >= sizeof(line) || copy_from_user(line, from, size) != 0)
		return -EINVAL;
	if (sscanf(line, "alloc %u %u", &first, &second) == 2)
		err = measure_alloc(first, second);
	else if (sscanf(line, "kmalloc %u", &first) == 1)
		err = measure_kmalloc(first);
	return err != 0 ? err : (ssize_t)size;
}

static const struct proc_ops ops = {
	.proc_open = open,
	.proc_read = seq_read,
	.proc_lseek = seq_lseek,
	.proc_release = single_release,
	.proc_write = write,
};

static int __init hrbench_init(void)
{
	int err = register_trace_cpu_idle(note_idle, NULL);

	if (err == 0)
		err = register_kretprobe(&add_probe);
	if (err == 0)
		err = register_kretprobe(&remove_probe);
	if (err == 0 && proc_create("hrbench", 0600, NULL, &ops) == NULL)
		err = -ENOMEM;
	return err; /* a failure ends the measurement: the program that loads it powers off */
}

module_init(hrbench_init);
MODULE_LICENSE("Dual BSD/GPL");
MODULE_DESCRIPTION("measures memory hot-plug and allocation for make bench-linux");
