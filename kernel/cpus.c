/*
 * kernel/cpus.c - which CPUs are started, in which order, and what became of each.
 *
 * Owns the table of CPUs that were tried: written by the thread "main" while it boots and not
 * changed afterwards, so there is no lock.  Indices go to the CPUs that arrive, without gaps.
 */
#include "kernel/cpus.h"

#include "arch/percpu.h"
#include "arch/smp.h"
#include "arch/trap.h"
#include "drivers/acpi/tables/static.h"
#include "kernel/clock.h"
#include "kernel/lib/bits.h"
#include "kernel/lib/errno.h"
#include "kernel/log.h"
#include "kernel/options.h"
#include "kernel/panic.h"
#include "kernel/smp_priv.h"
#include "kernel/thread_priv.h"
#include "kernel/watchdog.h"
#include "mm/alloc.h"
#include "mm/init.h"

#define INIT_WAIT_US	  10000U   /* [SDM 3A 9.4.4.1] */
#define PATIENCE_US	  5000000U /* for a CPU to come: a host may be busy with other things */
#define PATIENCE_LEAST_US 200000U  /* once others did not */

struct tried_cpu {
	uint32_t apic_id;
	int index;	   /* negative: it does not run */
	const char *state; /* for `cpus` */
};

static struct tried_cpu tried[MAX_CPUS]; /* the boot CPU first */
static unsigned ntried;
static bool up[MAX_CPUS]; /* by index; set by the CPU itself */
static uint64_t came_at;  /* by the clock of the CPU that came last */
static unsigned nsilent;  /* were tried and did not come */

/* Not maskable: it reaches a CPU that waits for a lock, too. */
static bool on_nmi(struct trap_frame *frame)
{
	if (!panic_in_progress())
		return watchdog_nmi(frame); /* or nobody here sent it */
	if (!panic_is_mine())
		panic_stop(frame);
	return true;
}

static uint64_t stop_others(void)
{
	uint64_t others = smp_online() & ~BIT(cpu_id());

	for (uint64_t left = others; left != 0; left &= left - 1)
		ipi_send_nmi((unsigned)__builtin_ctzl(left));
	return others;
}

/* Fills the table; the MADT's parser dropped duplicates.  Returns how many are left out. */
static unsigned choose(const struct madt_info *madt)
{
	unsigned max = MIN((unsigned)option_number("maxcpus", MAX_CPUS), mm_cpus());
	unsigned left = madt->cpus_left;

	tried[ntried++] = (struct tried_cpu){percpu[0].apic_id, 0, "running"};
	for (unsigned i = 0; i < madt->ncpus; i++) {
		uint32_t id = madt->cpu[i].apic_id;

		if (!madt->cpu[i].enabled || id == percpu[0].apic_id)
			continue;
		if (ntried < max && id <= cpu_start_max_id())
			tried[ntried++] = (struct tried_cpu){id, -1, "not started"};
		else
			left++;
	}
	return left;
}

/* What a CPU does that was started: on the stack of its idle thread. */
static void join(unsigned index)
{
	smp_join();
	sched_join();
	irq_start_tick_here();
	came_at = cpu_cycles();
	__atomic_store_n(&up[index], true, __ATOMIC_RELEASE);
	thread_run_idle(NULL);
}

/* There is one time for all CPUs: their TSCs must agree [SDM 3B 18.17.1]. */
static void check_clock(unsigned index, uint64_t before)
{
	uint64_t after = cpu_cycles();

	if (came_at < before || came_at > after)
		klog(LOG_WARN, "smp: the TSC of CPU %u is not that of CPU 0: times will be wrong",
		     index);
}

/* Where its memory comes from. */
static void set_home(const struct tried_cpu *cpu, unsigned index)
{
	const struct srat_info *srat = acpi_static.has_srat ? &acpi_static.srat : NULL;
	int node = node_of_apic_id(srat, cpu->apic_id);

	pages_set_home(index, node < 0 ? 0 : (unsigned)node);
}

/* Each CPU that does not come halves what the next is waited for: a firmware that lists 63 that are
 * not there holds the boot up for 22 seconds, not for five minutes. */
static uint64_t patience_us(void)
{
	uint64_t us = PATIENCE_US >> MIN(nsilent, 8U);

	return MAX(us, (uint64_t)PATIENCE_LEAST_US);
}

static int start(struct tried_cpu *cpu, unsigned index, struct thread *idle)
{
	struct cpu_start how = {.index = index,
				.apic_id = cpu->apic_id,
				.stack_top = (vaddr_t)idle->stack + THREAD_STACK_SIZE,
				.entry = join,
				.up = &up[index],
				.patience_us = patience_us()};
	uint64_t before = cpu_cycles();
	int err;

	set_home(cpu, index);
	sched_add_cpu(index, idle);
	err = cpu_start(&how);
	if (err == 0) {
		check_clock(index, before);
		cpu->index = (int)index;
		cpu->state = "running";
		return 0;
	}
	nsilent += err == -ETIMEDOUT;
	cpu->state = err == -ENOMEM ? "no memory" : "does not answer";
	klog(LOG_ERR, "smp: the CPU with APIC id %u %s [%s]", cpu->apic_id, cpu->state,
	     errno_name(err));
	return err;
}

/* One after the other; an index that a CPU did not come for serves the next. */
static void start_all(void)
{
	struct thread *idle = NULL;
	unsigned index = 1;
	int err = 0;

	for (unsigned i = 1; i < ntried && err != -EBUSY; i++) {
		if (idle == NULL)
			idle = thread_make_idle(index);
		if (idle == NULL) {
			klog(LOG_ERR, "smp: no memory for the idle thread of CPU %u", index);
			return;
		}
		err = start(&tried[i], index, idle);
		if (err != 0)
			continue;
		thread_add_idle(idle);
		idle = NULL;
		index++;
	}
	if (idle != NULL && err != -EBUSY)
		thread_free_idle(idle);
}

void cpus_start(const struct madt_info *madt)
{
	unsigned left;
	int err;

	watchdog_set_limit((uint64_t)option_number("watchdog", WATCHDOG_SECONDS) * CLOCK_HZ);
	smp_init();
	trap_register(TRAP_NMI, on_nmi);
	panic_set_stop(stop_others);
	if (madt == NULL)
		return;
	left = choose(madt);
	err = ntried > 1 ? cpu_start_begin() : 0;
	if (err != 0) {
		klog(LOG_WARN, "smp: no other CPU can be started [%s]", errno_name(err));
		return;
	}
	if (ntried > 1) {
		for (unsigned i = 1; i < ntried; i++)
			cpu_start_init(tried[i].apic_id);
		clock_delay_us(INIT_WAIT_US);
		start_all();
		cpu_start_end();
	}
	klog(LOG_INFO, "smp: %u CPUs run", smp_count());
	if (left > 0)
		klog(LOG_NOTICE, "smp: %u more CPUs are left alone", left);
}

static const struct tried_cpu *find(uint32_t apic_id)
{
	for (unsigned i = 0; i < ntried; i++)
		if (tried[i].apic_id == apic_id)
			return &tried[i];
	return NULL;
}

const char *cpus_state(uint32_t apic_id)
{
	const struct tried_cpu *cpu = find(apic_id);

	return cpu != NULL ? cpu->state : "not started";
}

int cpus_index(uint32_t apic_id)
{
	const struct tried_cpu *cpu = find(apic_id);

	return cpu != NULL ? cpu->index : -1;
}
