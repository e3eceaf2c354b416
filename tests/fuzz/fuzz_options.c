/*
 * tests/fuzz/fuzz_options.c - any bytes as a command line: values stay within their limits.
 */
/* sources: kernel/options.c */
#include "kernel/lib/assert.h"
#include "kernel/log.h"
#include "kernel/options.h"
#include "tests/fuzz/fuzz.h"

void klog(enum log_level level, const char *fmt, ...)
{
	char line[512];
	va_list ap;

	MUST(level == LOG_WARN);
	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	count_line(line);
	for (const char *p = line; *p; p++)
		MUST(*p >= ' ' && *p <= '~');
}

void assert_failed(const char *expr, const char *file, int line)
{
	fprintf(stderr, "%s:%d: %s\n", file, line, expr);
	abort();
}

static void check_choice(const char *name, const char *const *choices)
{
	const char *value = option_string(name);

	if (!value)
		return;
	while (*choices && strcmp(*choices, value) != 0)
		choices++;
	MUST(*choices);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const states[] = {"offline", "online", "online_kernel", "online_movable",
					     NULL};
	static const char *const ejects[] = {"auto", "manual", NULL};
	long cpus, level;

	lines_said = 0;
	options_parse((const char *)data, size, "fuzz");
	MUST(lines_said <= 18);
	cpus = option_number("maxcpus", 1);
	level = option_number("loglevel", 0);
	MUST(cpus >= 1 && cpus <= 4096 && level >= 0 && level <= 7);
	check_choice("memhp_default_state", states);
	check_choice("memhp_eject", ejects);
	option_bool("numa", true);
	return 0;
}
