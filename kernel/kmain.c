/*
 * kernel/kmain.c - the ordered list of start-up calls; each line says what works from there on.
 *
 * Runs on the boot stack with interrupts off, and later as the thread "main", which becomes
 * nothing: it ends when everything runs.
 */
#include "arch/cpu.h"
#include "arch/irq.h"
#include "arch/smp.h"
#include "arch/trap.h"
#include "boot/bootinfo.h"
#include "boot/start.h"
#include "drivers/acpi/acpi.h"
#include "drivers/acpi/tables/static.h"
#include "drivers/fw_cfg.h"
#include "drivers/serial.h"
#include "kernel/clock.h"
#include "kernel/cpus.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/format.h"
#include "kernel/log.h"
#include "kernel/options.h"
#include "kernel/panic.h"
#include "kernel/shell/fault_place.h"
#include "kernel/shell/shell.h"
#include "kernel/spinlock.h"
#include "kernel/thread.h"
#include "mm/hotplug/hotplug.h"
#include "mm/hotplug/policy.h"
#include "mm/init.h"
#include "mm/kmap.h"
#include "mm/vm/object.h"

#define CMDLINE_FILE "opt/org.headroom/cmdline"

static void boot_log_sink(const struct log_line *line)
{
	char text[LOG_LINE_MAX + 32];
	int n = snprintf(text, sizeof(text), "[%5lu.%06lu] %s\n", line->time_us / 1000000,
			 line->time_us % 1000000, line->text);

	serial_write(text, (size_t)n);
}

/* Whatever else is wrong with the tags: with RAM to run in there is somebody to complain to. */
static void parse_tags(void)
{
	uint32_t copied = MIN(boot_handover.tags_size, (uint32_t)BOOT_TAGS_MAX);
	const char *error = NULL;
	int err;

	if (boot_handover.magic != BOOT_MAGIC)
		panic("not started by a multiboot2 loader (magic 0x%x)", boot_handover.magic);
	err = multiboot2_parse(boot_tags, copied, boot_handover.tags_paddr, &bootinfo, &error);
	if (!bootinfo_has_ram(&bootinfo))
		panic("multiboot2 information of %u bytes: no RAM is known: %s",
		      boot_handover.tags_size, err != 0 ? error : "the map has none");
	if (err != 0)
		klog(LOG_ERR, "boot: multiboot2 information: %s: the rest is used", error);
	klog(LOG_INFO, "boot: %s, %s, %u memory ranges, %u dropped, %u bytes of tags",
	     bootinfo.loader, bootinfo.efi ? "UEFI" : "BIOS", bootinfo.nranges, bootinfo.dropped,
	     boot_handover.tags_size);
}

static void parse_options(void)
{
	static char line[BOOT_CMDLINE_MAX];
	long size;

	options_parse(bootinfo.cmdline, bootinfo.cmdline_length, "command line");
	if (bootinfo.cmdline_cut)
		klog(LOG_WARN, "options: the command line is longer than %u bytes: cut",
		     BOOT_CMDLINE_MAX);
	size = fw_cfg_read(CMDLINE_FILE, line, sizeof(line));
	if (size > (long)sizeof(line))
		klog(LOG_WARN, "options: %s is longer than %zu bytes: cut", CMDLINE_FILE,
		     sizeof(line));
	if (size > 0)
		options_parse(line, MIN((size_t)size, sizeof(line)), CMDLINE_FILE);
	log_set_console_level((int)option_number("loglevel", LOG_INFO));
}

static void say_cpu(void)
{
	const struct cpu_features *f = &cpu_features;

	klog(LOG_INFO, "cpu: %s, %u physical bits:%s%s%s%s%s", f->brand, f->phys_bits,
	     f->nx ? " nx" : "", f->smep ? " smep" : "", f->smap ? " smap" : "",
	     f->umip ? " umip" : "", f->gib_pages ? " 1g-pages" : "");
}

/* The tables lie in memory that is mapped only while they are read. */
static void find_static_tables(void)
{
	int err = acpi_static_init(&bootinfo, mm_map_early);

	if (err != 0)
		klog(LOG_WARN, "acpi: no usable tables: one node, 8259 interrupts [%s]",
		     errno_name(err));
}

static void start_memory(void)
{
	mm_init(acpi_static.has_srat ? &acpi_static.srat : NULL,
		acpi_static.has_slit ? &acpi_static.slit : NULL, &hotplug_zone_hooks);
	trap_set_describer(kmap_describe);
}

static void start_interrupts(void)
{
	irq_init(acpi_static.has_madt ? &acpi_static.madt : NULL);
}

static const char *current_thread_name(void)
{
	const struct thread *t = thread_current();

	return t != NULL ? thread_name(t) : NULL;
}

static void start_firmware(void)
{
	struct refusal why = {0};
	char text[REFUSAL_TEXT + 64];

	if (acpi_start(&why) != 0)
		klog(LOG_ERR, "acpi: no hot-plug: %s", refusal_format(&why, text, sizeof(text)));
}

void kmain(void)
{
	sched_boot();  /* thread_current() */
	serial_init(); /* serial_write(), so klog() and panic() are seen */
	log_set_sink(boot_log_sink);
	trap_init();  /* faults are reported */
	clock_init(); /* clock_us() */
	log_set_clock(clock_us);
	klog(LOG_NOTICE, "Headroom: a kernel about memory that comes and goes");
	cpu_init_features(); /* cpu_features; SMEP, SMAP, UMIP are on */
	spin_set_barging(cpu_features.hypervisor);
	say_cpu();
	parse_tags();		  /* bootinfo */
	parse_options();	  /* option_string() and its like */
	policy_init();		  /* policy_online(), policy_eject() */
	mm_init_early(&bootinfo); /* final page tables; early_alloc(), phys_to_virt() */
	cpu_start_reserve();	  /* the page that other CPUs start in */
	find_static_tables();	  /* acpi_static */
	start_memory();		  /* page_alloc(), kmalloc(), kmap_alloc() */
	vm_init();		  /* vm objects: mapped memory that can move */
	hotplug_init_boot(boot_spans, nr_boot_spans); /* devices and blocks of boot memory */
	fault_place_init();			      /* panics say whose an address is or was */
	start_interrupts();			      /* irq_register_isa() */
	threads_init(); /* thread_create(); this is the thread "main" */
	panic_set_thread_name(current_thread_name);
	clock_start_ticks(); /* timers; preemption, from the next line on */
	cpu_irq_enable();
	cpus_start(acpi_static.has_madt ? &acpi_static.madt : NULL); /* all CPUs run */
	serial_start_input();					     /* serial_read() */
	start_firmware();					     /* DIMMs come and go */
	shell_start();						     /* the prompt */
	thread_exit();
}
