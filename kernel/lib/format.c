/*
 * kernel/lib/format.c - vsnprintf without floating point.
 *
 * One pass over the format.  Output goes through struct sink, which counts every character
 * and stores those that fit, so the result is what ISO C wants: the length it would have had.
 */
#include "kernel/lib/format.h"

#include "kernel/lib/string.h"

struct sink {
	char *buf;
	size_t size;
	size_t len; /* written or wanted */
};

/* One conversion: %[flags][width][.precision][length]conversion [C11 7.21.6.1]. */
struct spec {
	bool left, zero, plus, space, alternate;
	int width;
	int precision;	/* -1: none given */
	unsigned bytes; /* of the integer argument */
	char conversion;
};

static void put(struct sink *out, char c)
{
	if (out->len + 1 < out->size)
		out->buf[out->len] = c;
	out->len++;
}

static void put_repeated(struct sink *out, char c, int count)
{
	for (; count > 0; count--)
		put(out, c);
}

static void put_bytes(struct sink *out, const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		put(out, s[i]);
}

/* Reads digits, capped well below INT_MAX. */
static int parse_int(const char **fmt)
{
	int n = 0;

	for (; **fmt >= '0' && **fmt <= '9'; (*fmt)++) {
		if (n < 100000000)
			n = n * 10 + (**fmt - '0');
	}
	return n;
}

static void parse_flags(const char **fmt, struct spec *spec)
{
	for (;; (*fmt)++) {
		switch (**fmt) {
		case '-':
			spec->left = true;
			break;
		case '0':
			spec->zero = true;
			break;
		case '+':
			spec->plus = true;
			break;
		case ' ':
			spec->space = true;
			break;
		case '#':
			spec->alternate = true;
			break;
		default:
			return;
		}
	}
}

static unsigned parse_length(const char **fmt)
{
	switch (**fmt) {
	case 'h':
		(*fmt)++;
		if (**fmt != 'h')
			return sizeof(short);
		(*fmt)++;
		return sizeof(char);
	case 'l':
		(*fmt)++;
		if (**fmt == 'l')
			(*fmt)++;
		return sizeof(long);
	case 'z':
	case 't':
	case 'j':
		(*fmt)++;
		return sizeof(long);
	default:
		return sizeof(int);
	}
}

/* Arguments smaller than int arrive as int [C11 6.5.2.2]; the cast cuts them again. */
static uint64_t fetch_unsigned(unsigned bytes, va_list *ap)
{
	switch (bytes) {
	case sizeof(char):
		return (unsigned char)va_arg(*ap, unsigned);
	case sizeof(short):
		return (unsigned short)va_arg(*ap, unsigned);
	case sizeof(int):
		return va_arg(*ap, unsigned);
	default:
		return va_arg(*ap, unsigned long);
	}
}

static int64_t fetch_signed(unsigned bytes, va_list *ap)
{
	switch (bytes) {
	case sizeof(char):
		return (signed char)va_arg(*ap, int);
	case sizeof(short):
		return (short)va_arg(*ap, int);
	case sizeof(int):
		return va_arg(*ap, int);
	default:
		return va_arg(*ap, long);
	}
}

/* Writes the digits of `value` so that they end at `end`; returns how many.  0 has none. */
static int digits_before(char *end, uint64_t value, unsigned base, bool upper)
{
	const char *digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";
	int n = 0;

	for (; value != 0; value /= base)
		*(end - ++n) = digits[value % base];
	return n;
}

/* [width][prefix][zeroes][digits]: `prefix` is a sign or 0x. */
static void put_number(struct sink *out, const struct spec *spec, const char *prefix,
		       uint64_t value, unsigned base, bool upper)
{
	char buf[24]; /* 22 octal digits at most */
	int ndigits = digits_before(buf + sizeof(buf), value, base, upper);
	int nprefix = (int)strlen(prefix);
	int zeroes = (spec->precision < 0 ? 1 : spec->precision) - ndigits;
	int pad;

	if (zeroes < 0)
		zeroes = 0;
	if (base == 8 && spec->alternate && zeroes == 0)
		zeroes = 1;
	pad = spec->width - nprefix - zeroes - ndigits;
	if (spec->zero && !spec->left && spec->precision < 0 && pad > 0) {
		zeroes += pad;
		pad = 0;
	}
	if (!spec->left)
		put_repeated(out, ' ', pad);
	put_bytes(out, prefix, (size_t)nprefix);
	put_repeated(out, '0', zeroes);
	put_bytes(out, buf + sizeof(buf) - ndigits, (size_t)ndigits);
	if (spec->left)
		put_repeated(out, ' ', pad);
}

static void put_signed(struct sink *out, const struct spec *spec, int64_t value)
{
	const char *sign = spec->plus ? "+" : spec->space ? " " : "";
	uint64_t magnitude = (uint64_t)value;

	if (value < 0) {
		sign = "-";
		magnitude = -magnitude;
	}
	put_number(out, spec, sign, magnitude, 10, false);
}

static void put_unsigned(struct sink *out, const struct spec *spec, uint64_t value)
{
	bool upper = spec->conversion == 'X';
	const char *prefix = "";

	switch (spec->conversion) {
	case 'u':
		put_number(out, spec, "", value, 10, false);
		break;
	case 'o':
		put_number(out, spec, "", value, 8, false);
		break;
	default:
		if (spec->alternate && value != 0)
			prefix = upper ? "0X" : "0x";
		put_number(out, spec, prefix, value, 16, upper);
		break;
	}
}

static void put_text(struct sink *out, const struct spec *spec, const char *s, size_t n)
{
	int pad = spec->width - (int)n;

	if (!spec->left)
		put_repeated(out, ' ', pad);
	put_bytes(out, s, n);
	if (spec->left)
		put_repeated(out, ' ', pad);
}

static void put_string(struct sink *out, const struct spec *spec, const char *s)
{
	if (s == NULL)
		s = "(null)";
	put_text(out, spec, s,
		 spec->precision < 0 ? strlen(s) : strnlen(s, (size_t)spec->precision));
}

/* %p is 0x and the digits, as on the host; a null pointer is "(nil)" there and here. */
static void put_pointer(struct sink *out, struct spec *spec, const void *p)
{
	if (p == NULL) {
		put_text(out, spec, "(nil)", 5);
		return;
	}
	put_number(out, spec, "0x", (uintptr_t)p, 16, false);
}

static void parse_spec(const char **fmt, struct spec *spec, va_list *ap)
{
	parse_flags(fmt, spec);
	if (**fmt == '*') {
		(*fmt)++;
		spec->width = va_arg(*ap, int);
		if (spec->width < 0) {
			spec->left = true;
			spec->width = -spec->width;
		}
	} else {
		spec->width = parse_int(fmt);
	}
	spec->precision = -1;
	if (**fmt == '.') {
		(*fmt)++;
		if (**fmt == '*') {
			(*fmt)++;
			spec->precision = va_arg(*ap, int); /* negative: as if not given */
		} else {
			spec->precision = parse_int(fmt);
		}
	}
	spec->bytes = parse_length(fmt);
	spec->conversion = **fmt;
}

/* False for a conversion that does not exist; the caller then shows it as it stands. */
static bool convert(struct sink *out, struct spec *spec, va_list *ap)
{
	char c;

	switch (spec->conversion) {
	case 'd':
	case 'i':
		put_signed(out, spec, fetch_signed(spec->bytes, ap));
		return true;
	case 'u':
	case 'x':
	case 'X':
	case 'o':
		put_unsigned(out, spec, fetch_unsigned(spec->bytes, ap));
		return true;
	case 'c':
		c = (char)va_arg(*ap, int);
		put_text(out, spec, &c, 1);
		return true;
	case 's':
		put_string(out, spec, va_arg(*ap, const char *));
		return true;
	case 'p':
		put_pointer(out, spec, va_arg(*ap, const void *));
		return true;
	case '%':
		put(out, '%');
		return true;
	default:
		return false;
	}
}

int vsnprintf(char *buf, size_t size, const char *fmt, va_list ap)
{
	struct sink out = {.buf = buf, .size = size};
	va_list args;

	va_copy(args, ap);
	while (*fmt != '\0') {
		const char *start = fmt;
		struct spec spec = {0};

		if (*fmt++ != '%') {
			put(&out, *start);
			continue;
		}
		parse_spec(&fmt, &spec, &args);
		if (!convert(&out, &spec, &args)) {
			put_bytes(&out, start, (size_t)(fmt - start));
			continue; /* the character itself is printed as text, or ends the string */
		}
		fmt++;
	}
	va_end(args);
	if (size > 0)
		buf[MIN(out.len, size - 1)] = '\0';
	return (int)out.len;
}

int snprintf(char *buf, size_t size, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(buf, size, fmt, ap);
	va_end(ap);
	return n;
}
