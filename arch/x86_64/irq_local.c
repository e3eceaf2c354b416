/*
 * arch/x86_64/irq_local.c - interrupts that come from the CPU itself or from another CPU: counts.
 *
 * Owns the counts; a CPU writes its own, with interrupts off.
 */
#include "arch/cpu.h"
#include "arch/irq.h"
#include "arch/x86_64/irq_priv.h"

struct local_counts {
	uint64_t count[LOCAL_SOURCES];
} __aligned(CACHE_LINE);

static struct local_counts counts[MAX_CPUS];

void irq_count_local(unsigned source)
{
	counts[cpu_id()].count[source]++;
}

uint64_t irq_local_count(unsigned cpu, unsigned source)
{
	return __atomic_load_n(&counts[cpu].count[source], __ATOMIC_RELAXED);
}

uint64_t irq_timer_count(unsigned cpu)
{
	return irq_local_count(cpu, LOCAL_TIMER);
}

uint64_t ipi_count(unsigned cpu, enum ipi ipi)
{
	return irq_local_count(cpu, LOCAL_IPI + ipi);
}

static uint64_t sum(unsigned source)
{
	uint64_t all = 0;

	for (unsigned cpu = 0; cpu < MAX_CPUS; cpu++)
		all += irq_local_count(cpu, source);
	return all;
}

bool irq_local_info(unsigned index, struct irq_info *info)
{
	static const struct {
		unsigned vector;
		const char *name;
	} source[LOCAL_SOURCES] = {
		[LOCAL_TIMER] = {VECTOR_TIMER, "timer"},
		[LOCAL_ERROR] = {VECTOR_ERROR, "lapic-error"},
		[LOCAL_SPURIOUS] = {VECTOR_SPURIOUS, "spurious"},
		[LOCAL_IPI + IPI_RESCHEDULE] = {VECTOR_IPI + IPI_RESCHEDULE, "ipi-reschedule"},
		[LOCAL_IPI + IPI_CALL] = {VECTOR_IPI + IPI_CALL, "ipi-call"},
		[LOCAL_IPI + IPI_FLUSH] = {VECTOR_IPI + IPI_FLUSH, "ipi-flush"},
	};

	if (index >= LOCAL_SOURCES)
		return false;
	*info = (struct irq_info){.gsi = IRQ_LOCAL,
				  .vector = source[index].vector,
				  .name = source[index].name,
				  .count = sum(index),
				  .source = index};
	return true;
}
