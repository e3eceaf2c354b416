/*
 * kernel/lib/refusal.c - filling and printing refusals.
 */
#include "kernel/lib/refusal.h"

#include "kernel/lib/errno.h"
#include "kernel/lib/format.h"
#include "kernel/lib/string.h"

static int refuse_va(struct refusal *why, int err, const char *step, const char *fmt, va_list ap)
{
	if (why == NULL || why->err != 0)
		return err;
	why->err = err;
	why->step = step;
	vsnprintf(why->text, sizeof(why->text), fmt, ap);
	return err;
}

int refuse(struct refusal *why, int err, const char *step, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	refuse_va(why, err, step, fmt, ap);
	va_end(ap);
	return err;
}

int refuse_at(struct refusal *why, int err, const char *step, pfn_t pfn, const char *fmt, ...)
{
	va_list ap;

	if (why != NULL && why->err == 0) {
		why->pfn = pfn;
		why->has_pfn = true;
	}
	va_start(ap, fmt);
	refuse_va(why, err, step, fmt, ap);
	va_end(ap);
	return err;
}

void refusal_pass(const struct refusal *from, struct refusal *why)
{
	if (why != NULL && why->err == 0)
		*why = *from;
}

const char *refusal_format(const struct refusal *why, char *buf, size_t size)
{
	if (why->has_pfn)
		snprintf(buf, size, "%s: pfn 0x%lx %s [%s]", why->step, why->pfn, why->text,
			 errno_name(why->err));
	else
		snprintf(buf, size, "%s: %s [%s]", why->step ? why->step : "?", why->text,
			 errno_name(why->err));
	return buf;
}

const char *refusal_fit(const struct refusal *why, size_t columns, char *buf, size_t size)
{
	static const char dots[] = "... ";
	const size_t ndots = sizeof(dots) - 1;
	size_t len = strlen(refusal_format(why, buf, size)), ncode;
	char *code = strrchr(buf, '[');

	if (len <= columns)
		return buf;
	ncode = code != NULL ? strlen(code) : 0;
	if (ncode == 0 || ncode > columns) {
		buf[columns] = '\0';
	} else if (columns - ncode <= ndots) {
		memmove(buf, code, ncode + 1);
	} else {
		memmove(buf + columns - ncode, code, ncode + 1);
		memcpy(buf + columns - ncode - ndots, dots, ndots);
	}
	return buf;
}

const char *refusal_place(const struct refusal *why, char *buf, size_t size)
{
	if (why->has_pfn)
		snprintf(buf, size, "%s at pfn 0x%lx", why->step, why->pfn);
	else
		snprintf(buf, size, "%s", why->step ? why->step : "?");
	return buf;
}
