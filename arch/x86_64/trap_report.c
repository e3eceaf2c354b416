/*
 * arch/x86_64/trap_report.c - says in words what an exception was about.
 *
 * Runs during panics: no locks, no allocation.  Owns one hook, set once at boot.
 */
#include "arch/mmu.h"
#include "arch/x86_64/control.h"
#include "arch/x86_64/machine_check.h"
#include "arch/x86_64/trap_priv.h"
#include "boot/image.h"
#include "kernel/lib/format.h"
#include "kernel/panic.h"

/* [SDM 3A 6.3.1] */
static const char *const exception_name[EXCEPTIONS] = {
	"divide error",
	"debug exception",
	"non-maskable interrupt",
	"breakpoint",
	"overflow",
	"bound range exceeded",
	"invalid opcode",
	"device not available",
	"double fault",
	"coprocessor segment overrun",
	"invalid TSS",
	"segment not present",
	"stack-segment fault",
	"general protection fault",
	"page fault",
	"exception 15",
	"x87 floating-point error",
	"alignment check",
	"machine check",
	"SIMD floating-point error",
	"virtualization exception",
	"control protection exception",
	"exception 22",
	"exception 23",
	"exception 24",
	"exception 25",
	"exception 26",
	"exception 27",
	"hypervisor injection exception",
	"VMM communication exception",
	"security exception",
	"exception 31",
};

static trap_describe_fn describe_mapping;

void trap_set_describer(trap_describe_fn describe)
{
	describe_mapping = describe;
}

static bool in(vaddr_t va, const void *start, const void *end)
{
	return va >= (vaddr_t)start && va < (vaddr_t)end;
}

static const char *describe_image(vaddr_t va)
{
	if (in(va, __text_start, __text_end))
		return "kernel code";
	if (in(va, __rodata_start, __rodata_end))
		return "kernel read-only data";
	if (in(va, __boot_stack_guard, __bss_start))
		return "guard page of stack:main";
	if (in(va, boot_stack, boot_stack_top))
		return "stack:main";
	if (in(va, __data_start, __image_end))
		return "kernel data";
	return "kernel image area, outside the image";
}

/* What lies at `va`, in words. */
static const char *describe(vaddr_t va, char *buf, size_t size)
{
	const char *text = NULL;

	if (va < PAGE_SIZE)
		return "null pointer";
	if (va < (1UL << 47))
		return "user half";
	if (va < KERNEL_HALF)
		return "non-canonical address";
	if (va >= KERNEL_BASE)
		return describe_image(va);
	if (va >= VMEMMAP_BASE) {
		snprintf(buf, size, "vmemmap, descriptor of pfn 0x%lx", (va - VMEMMAP_BASE) / 32);
		return buf;
	}
	if (va < DIRECT_MAP_BASE + DIRECT_MAP_MAX) {
		snprintf(buf, size, "direct map of physical 0x%lx", va - DIRECT_MAP_BASE);
		return buf;
	}
	if (describe_mapping != NULL)
		text = describe_mapping(va, buf, size);
	return text != NULL ? text : "kernel mappings: nothing known there";
}

static const char *page_fault_action(uint64_t error)
{
	if (error & PF_FETCH)
		return "execution of";
	return error & PF_WRITE ? "write to" : "read of";
}

static const char *page_fault_reason(const struct trap_frame *frame)
{
	uint64_t error = frame->error;
	uint64_t cr4 = control_read_cr4();
	vaddr_t va = trap_fault_address();
	bool low = va < KERNEL_HALF;

	if (error & PF_RESERVED)
		return "a reserved bit is set in a page-table entry";
	if (!(error & PF_PRESENT))
		return va >= DIRECT_MAP_BASE && va < DIRECT_MAP_BASE + DIRECT_MAP_MAX
			       ? "not mapped: no memory there, or not any more"
			       : "not mapped";
	if (error & PF_FETCH)
		return low && (cr4 & CR4_SMEP) ? "user page, SMEP" : "not executable";
	if (low && (cr4 & CR4_SMAP) && !(frame->rflags & RFLAGS_AC))
		return "user page, SMAP";
	return error & PF_WRITE ? "read-only" : "protection violation";
}

/* A double fault whose first fault was the push onto a guard page is a stack overflow. */
static bool is_stack_overflow(const struct trap_frame *frame, const char *what)
{
	vaddr_t cr2 = trap_fault_address();
	const char guard[] = "guard page of stack:";

	if (frame->vector != TRAP_DOUBLE_FAULT && frame->vector != TRAP_PAGE_FAULT)
		return false;
	for (unsigned i = 0; i < sizeof(guard) - 1; i++) {
		if (what[i] != guard[i])
			return false;
	}
	return frame->rsp - cr2 + PAGE_SIZE < 2 * PAGE_SIZE;
}

static __noreturn void page_fault_panic(const struct trap_frame *frame, const char *what)
{
	panic_trap(frame, "page fault: %s 0x%lx (%s): %s", page_fault_action(frame->error),
		   trap_fault_address(), what, page_fault_reason(frame));
}

/* Error codes of segment faults name a selector [SDM 3A 6.13]. */
static __noreturn void general_panic(const struct trap_frame *frame)
{
	const char *name = exception_name[frame->vector];

	if (frame->error == 0 && frame->vector == TRAP_GENERAL)
		panic_trap(frame, "%s: perhaps a non-canonical address", name);
	if (frame->error != 0)
		panic_trap(frame, "%s: error 0x%lx: %s %s 0x%lx", name, frame->error,
			   frame->error & 1 ? "external event," : "",
			   frame->error & 2 ? "IDT vector" : "selector", frame->error >> 3);
	panic_trap(frame, "%s", name);
}

void trap_panic(const struct trap_frame *frame)
{
	static bool describing; /* a describer that faults must not be asked again */
	char buf[96];
	const char *what = "?";

	if (!describing) {
		describing = true;
		what = describe(trap_fault_address(), buf, sizeof(buf));
	}
	if (is_stack_overflow(frame, what))
		panic_trap(frame, "stack overflow of thread %s (%s)", panic_thread_name(), what);
	if (frame->vector == TRAP_PAGE_FAULT)
		page_fault_panic(frame, what);
	if (frame->vector == TRAP_DOUBLE_FAULT)
		panic_trap(frame, "double fault; the last page fault was at 0x%lx (%s)",
			   trap_fault_address(), what);
	general_panic(frame);
}

void trap_report(const struct trap_frame *frame)
{
	const char *name = frame->vector < EXCEPTIONS ? exception_name[frame->vector] : "interrupt";

	panic_printf("vector %lu (%s), error 0x%lx\n", frame->vector, name, frame->error);
	panic_printf("rip ");
	panic_print_address(frame->rip);
	panic_printf("\nrsp %016lx  flags %06lx  cs %02lx  ss %02lx\n", frame->rsp, frame->rflags,
		     frame->cs, frame->ss);
	panic_printf("rax %016lx  rbx %016lx  rcx %016lx  rdx %016lx\n", frame->rax, frame->rbx,
		     frame->rcx, frame->rdx);
	panic_printf("rsi %016lx  rdi %016lx  rbp %016lx  r8  %016lx\n", frame->rsi, frame->rdi,
		     frame->rbp, frame->r8);
	panic_printf("r9  %016lx  r10 %016lx  r11 %016lx  r12 %016lx\n", frame->r9, frame->r10,
		     frame->r11, frame->r12);
	panic_printf("r13 %016lx  r14 %016lx  r15 %016lx\n", frame->r13, frame->r14, frame->r15);
	panic_printf("cr0 %08lx  cr2 %016lx  cr3 %010lx  cr4 %08lx\n", control_read_cr0(),
		     trap_fault_address(), control_read_cr3(), control_read_cr4());
	if (frame->vector == TRAP_MACHINE_CHECK)
		machine_check_report();
}
