/*
 * kernel/panic.c - the end: says what happened, where, and what led to it, then stops.
 *
 * Nothing here takes a lock or allocates: whoever holds a lock may never run again.  The
 * report is a list of stages.  A fault inside a stage enters panic() again, which says so in
 * one line and goes on with the next stage; so a broken dumper costs its own output only.
 *
 * All state is written by the one CPU that panics; hooks are set once, at boot.
 */
#include "kernel/panic.h"

#include "arch/cpu.h"
#include "arch/trap.h"
#include "drivers/serial.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/format.h"
#include "kernel/lib/string.h"
#include "kernel/log.h"
#include "kernel/symbols.h"

#define DUMPERS_MAX   16
#define BACKTRACE_MAX 24
#define LOG_TAIL      12
#define NESTED_MAX    8 /* a panic in every stage, and some for the shell's commands */

static bool in_progress;
static unsigned nested;
static unsigned stage;
static const struct trap_frame *fault; /* NULL: panic() was called */
static uint64_t frame_pointer;	       /* where the backtrace starts */

static panic_dumper_fn dumpers[DUMPERS_MAX];
static unsigned ndumpers;
static unsigned dumpers_run;
static void (*panic_shell)(void);
static const char *(*current_thread)(void);

bool panic_in_progress(void)
{
	return __atomic_load_n(&in_progress, __ATOMIC_RELAXED);
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

void panic_register_dumper(panic_dumper_fn dumper)
{
	ASSERT(ndumpers < DUMPERS_MAX);
	dumpers[ndumpers++] = dumper;
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
	panic_printf("thread: %s, cpu %u\n", panic_thread_name(), cpu_id());
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

	panic_printf("backtrace:\n");
	if (fault != NULL)
		print_fault_address();
	for (unsigned i = 0; i < n; i++)
		print_caller(addrs[i]);
	if (n == BACKTRACE_MAX)
		panic_printf("  (more)\n");
}

static void stage_log(void)
{
	static struct log_line line; /* off the stack, which may be short by now */
	uint64_t next = log_next_seq();
	uint64_t seq = next > LOG_TAIL ? next - LOG_TAIL : 1;

	panic_printf("last log lines:\n");
	while (seq < next && log_read(&seq, &line))
		panic_printf("  [%5lu.%06lu] %s\n", line.time_us / 1000000, line.time_us % 1000000,
			     line.text);
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
	stage_registers, stage_backtrace, stage_log, stage_dumpers, stage_shell,
};

/* A stage that faulted is done with, except those that can go on where they stopped. */
static bool stage_resumes(void)
{
	return (stages[stage] == stage_dumpers && dumpers_run < ndumpers) ||
	       stages[stage] == stage_shell;
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
	cpu_irq_disable();
	if (__atomic_exchange_n(&in_progress, true, __ATOMIC_RELAXED))
		panic_again(rip, fmt, ap);
	fault = frame;
	frame_pointer = rbp;
	panic_printf("\npanic: ");
	panic_vprintf(fmt, ap);
	panic_printf("\n");
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
	panic("stack smashed in %s", symbol_name((vaddr_t)__builtin_return_address(0)));
}
