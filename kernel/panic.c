/*
 * kernel/panic.c - the end: says what happened, where, and what led to it, then stops.
 *
 * Nothing here takes a lock or allocates: whoever holds a lock may never run again.  The
 * report is a list of stages.  A fault inside a stage enters panic() again, which says so in
 * one line and goes on with the next stage; so a broken dumper costs its own output only.
 *
 * The first CPU to panic stops all others by a non-maskable interrupt and speaks alone; one that
 * panics while it is about to be stopped only notes that.  All state but a CPU's entry in
 * `stopped` is written by the one that speaks; hooks are set once, at boot.
 */
#include "kernel/panic.h"

#include "arch/cpu.h"
#include "arch/trap.h"
#include "drivers/serial.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/bits.h"
#include "kernel/lib/format.h"
#include "kernel/log.h"
#include "kernel/symbols.h"

#define DUMPERS_MAX   16
#define BACKTRACE_MAX 24
#define LOG_TAIL      12
#define NESTED_MAX    8 /* a panic in every stage, and some for the shell's commands */

#define STOP_CYCLES  (10UL * 1000 * 1000 * 1000) /* some seconds; a host may be busy */
#define OTHERS_DEPTH 6				 /* calls shown of a CPU that was stopped */

static uint32_t speaker; /* the CPU that panics, + 1; 0: none */
static unsigned nested;
static unsigned stage;
static const struct trap_frame *fault; /* NULL: panic() was called */
static uint64_t frame_pointer;	       /* where the backtrace starts */

static panic_dumper_fn dumpers[DUMPERS_MAX];
static unsigned ndumpers;
static unsigned dumpers_run;
static void (*panic_shell)(void);
static const char *(*current_thread)(void);
static uint64_t (*send_stop)(void);
static uint64_t told_to_stop; /* CPUs */
static bool colored;	      /* the terminal shows colours; set by the shell */

/* What a CPU was doing when it was stopped; written by itself. */
static struct {
	bool stopped, panicked;
	uint64_t rip, rbp;
	const char *thread;
} stopped[MAX_CPUS];

bool panic_in_progress(void)
{
	return __atomic_load_n(&speaker, __ATOMIC_RELAXED) != 0;
}

bool panic_is_mine(void)
{
	return __atomic_load_n(&speaker, __ATOMIC_RELAXED) == cpu_id() + 1;
}

void panic_set_stop(uint64_t (*stop)(void))
{
	send_stop = stop;
}

static __noreturn void stop_here(uint64_t rip, uint64_t rbp, bool panicked)
{
	unsigned cpu = cpu_id();

	stopped[cpu].rip = rip;
	stopped[cpu].rbp = rbp;
	stopped[cpu].thread = panic_thread_name();
	stopped[cpu].panicked = panicked;
	__atomic_store_n(&stopped[cpu].stopped, true, __ATOMIC_RELEASE);
	cpu_halt_forever();
}

void panic_stop(const struct trap_frame *frame)
{
	stop_here(frame->rip, frame->rbp, false);
}

static bool all_stopped(void)
{
	for (unsigned cpu = 0; cpu < MAX_CPUS; cpu++)
		if ((told_to_stop & BIT(cpu)) != 0 &&
		    !__atomic_load_n(&stopped[cpu].stopped, __ATOMIC_ACQUIRE))
			return false;
	return true;
}

/* So that nobody else writes to the line, nor to what the report is about. */
static void stop_others(void)
{
	uint64_t start = cpu_cycles();

	if (send_stop == NULL)
		return;
	told_to_stop = send_stop();
	while (!all_stopped() && cpu_cycles() - start < STOP_CYCLES)
		cpu_relax();
}

void panic_vprintf(const char *fmt, va_list ap)
{
	char line[256];
	int n = vsnprintf(line, sizeof(line), fmt, ap);

	serial_write_unlocked(line, MIN((size_t)n, sizeof(line) - 1));
}

void panic_printf(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	panic_vprintf(fmt, ap);
	va_end(ap);
}

/* [ECMA-48 8.3.117] */
#define RED  "\x1b[31m"
#define BLUE "\x1b[34m"
#define NONE "\x1b[0m"

static void print_in(const char *color, const char *fmt, va_list ap)
{
	panic_printf("%s", colored ? color : "");
	panic_vprintf(fmt, ap);
	panic_printf("%s\n", colored ? NONE : "");
}

void panic_heading(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	print_in(BLUE, fmt, ap);
	va_end(ap);
}

void panic_set_color(bool on)
{
	colored = on;
}

void panic_register_dumper(panic_dumper_fn dumper)
{
	ASSERT(ndumpers < DUMPERS_MAX);
	dumpers[ndumpers++] = dumper;
}

bool panic_by_page_fault(void)
{
	return fault != NULL &&
	       (fault->vector == TRAP_PAGE_FAULT || fault->vector == TRAP_DOUBLE_FAULT);
}

void panic_set_shell(void (*shell)(void))
{
	panic_shell = shell;
}

void panic_set_thread_name(const char *(*name)(void))
{
	current_thread = name;
}

const char *panic_thread_name(void)
{
	const char *name = current_thread != NULL ? current_thread() : NULL;

	return name != NULL ? name : "boot";
}

void panic_print_address(vaddr_t addr)
{
	size_t offset;
	const char *name = symbol_lookup(addr, &offset);

	if (name != NULL)
		panic_printf("%016lx %s+0x%zx", addr, name, offset);
	else
		panic_printf("%016lx", addr);
}

static void stage_registers(void)
{
	panic_heading("thread: %s, cpu %u", panic_thread_name(), cpu_id());
	if (fault != NULL)
		trap_report(fault);
}

/* A return address may be the first byte of the next function: the call stands before it. */
static void print_caller(vaddr_t addr)
{
	size_t offset;
	const char *name = symbol_lookup(addr - 1, &offset);

	panic_printf("  %016lx %s+0x%zx\n", addr, name != NULL ? name : "?",
		     name != NULL ? offset + 1 : 0);
}

/* A call of a wild pointer made no frame: its return address lies on top of the stack. */
static void print_fault_address(void)
{
	uint64_t top;

	panic_printf("  ");
	panic_print_address(fault->rip);
	panic_printf("\n");
	if (symbol_lookup(fault->rip, NULL) == NULL && probe_read64(fault->rsp, &top) &&
	    symbol_lookup(top, NULL) != NULL)
		print_caller(top);
}

static void stage_backtrace(void)
{
	vaddr_t addrs[BACKTRACE_MAX];
	unsigned n = backtrace(frame_pointer, addrs, BACKTRACE_MAX);

	panic_heading("backtrace:");
	if (fault != NULL)
		print_fault_address();
	for (unsigned i = 0; i < n; i++)
		print_caller(addrs[i]);
	if (n == BACKTRACE_MAX)
		panic_printf("  (more)\n");
}

static void print_stopped(unsigned cpu)
{
	vaddr_t addrs[OTHERS_DEPTH];
	unsigned n;

	if (!stopped[cpu].stopped) {
		panic_heading("cpu %u: does not stop", cpu);
		return;
	}
	panic_heading("cpu %u: thread %s%s", cpu, stopped[cpu].thread,
		      stopped[cpu].panicked ? ", panicked as well" : "");
	panic_printf("  ");
	panic_print_address(stopped[cpu].rip);
	panic_printf("\n");
	n = backtrace(stopped[cpu].rbp, addrs, OTHERS_DEPTH);
	for (unsigned i = 0; i < n; i++)
		print_caller(addrs[i]);
}

/* The bit goes before the report, so that one that faults is not tried again. */
static void stage_cpus(void)
{
	for (unsigned cpu = 0; cpu < MAX_CPUS; cpu++) {
		if ((told_to_stop & BIT(cpu)) == 0)
			continue;
		told_to_stop &= ~BIT(cpu);
		print_stopped(cpu);
	}
}

/* Reads the next line that is no debugging chatter. */
static bool next_log_line(uint64_t *seq, uint64_t end, struct log_line *line)
{
	while (*seq < end && log_read(seq, line))
		if (line->level < LOG_DEBUG)
			return true;
	return false;
}

static void stage_log(void)
{
	static struct log_line line; /* off the stack, which may be short by now */
	uint64_t end = log_next_seq(), seq = 1;
	unsigned lines = 0;

	panic_heading("last log lines:");
	while (next_log_line(&seq, end, &line))
		lines++;
	for (seq = 1; next_log_line(&seq, end, &line); lines--)
		if (lines <= LOG_TAIL)
			panic_printf("  [%5lu.%06lu] %s\n", line.time_us / 1000000,
				     line.time_us % 1000000, line.text);
}

/* The counter moves before the call, so that a faulting dumper is not run again. */
static void stage_dumpers(void)
{
	while (dumpers_run < ndumpers)
		dumpers[dumpers_run++]();
}

static void stage_shell(void)
{
	if (panic_shell != NULL)
		panic_shell();
}

static void (*const stages[])(void) = {
	stage_registers, stage_backtrace, stage_cpus, stage_log, stage_dumpers, stage_shell,
};

/* A stage that faulted is done with, except those that can go on where they stopped. */
static bool stage_resumes(void)
{
	return (stages[stage] == stage_dumpers && dumpers_run < ndumpers) ||
	       (stages[stage] == stage_cpus && told_to_stop != 0) || stages[stage] == stage_shell;
}

static __noreturn void run_stages(void)
{
	for (; stage < ARRAY_SIZE(stages); stage++)
		stages[stage]();
	panic_printf("halted\n");
	cpu_halt_forever();
}

static __noreturn void panic_again(vaddr_t rip, const char *fmt, va_list ap)
{
	if (++nested > NESTED_MAX)
		cpu_halt_forever();
	panic_printf("panic within the panic: ");
	panic_vprintf(fmt, ap);
	panic_printf(" at ");
	panic_print_address(rip);
	panic_printf("\n");
	if (stage < ARRAY_SIZE(stages) && !stage_resumes())
		stage++;
	run_stages();
}

static __noreturn void vpanic(const struct trap_frame *frame, vaddr_t rip, uint64_t rbp,
			      const char *fmt, va_list ap)
{
	uint32_t nobody = 0;

	cpu_irq_disable();
	if (!__atomic_compare_exchange_n(&speaker, &nobody, cpu_id() + 1, false, __ATOMIC_SEQ_CST,
					 __ATOMIC_SEQ_CST)) {
		if (!panic_is_mine())
			stop_here(rip, rbp, true);
		panic_again(rip, fmt, ap);
	}
	fault = frame;
	frame_pointer = rbp;
	stop_others();
	panic_printf("\npanic: ");
	print_in(RED, fmt, ap);
	run_stages();
}

void panic(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vpanic(NULL, (vaddr_t)__builtin_return_address(0), (uint64_t)__builtin_frame_address(0),
	       fmt, ap);
}

void panic_trap(const struct trap_frame *frame, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vpanic(frame, frame->rip, frame->rbp, fmt, ap);
}

void assert_failed(const char *expr, const char *file, int line)
{
	panic("assertion failed: %s (%s:%d)", expr, file, line);
}

/* Called by the compiler's code where a function's canary was overwritten. */
__noreturn void __stack_chk_fail(void);
void __stack_chk_fail(void)
{
	/* Behind a call that does not return may stand another function. */
	panic("stack smashed in %s", symbol_name((vaddr_t)__builtin_return_address(0) - 1));
}
