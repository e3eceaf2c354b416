/*
 * kernel/sanitize/ubsan.c - what the compiler calls when the code does something undefined.
 *
 * Part of `make SAN=ubsan` only.  With -fsanitize=undefined GCC puts a check before each
 * operation that the C standard leaves undefined, and a call of one of these functions where it
 * fails; their names and the layout of what they are given are those of libubsan's interface
 * [GCC, libsanitizer/ubsan/ubsan_handlers.h].  Every one is the end: a kernel that went on would
 * compute with the wrong value.
 *
 * Owns nothing, locks nothing.
 */
#include "kernel/lib/types.h"
#include "kernel/panic.h"

struct source_location {
	const char *file;
	uint32_t line, column;
};

struct type_descriptor {
	uint16_t kind; /* 0: an integer */
	uint16_t info; /* of an integer: bit 0 signed, the rest the logarithm of its bits */
	char name[];   /* quoted */
};

enum { KIND_INTEGER = 0 };

/* The first two members of what every check of one or two operands is given. */
struct operation {
	struct source_location where;
	const struct type_descriptor *type;
};

struct shift {
	struct source_location where;
	const struct type_descriptor *left, *right;
};

struct bounds {
	struct source_location where;
	const struct type_descriptor *array, *index;
};

struct mismatch {
	struct source_location where;
	const struct type_descriptor *type;
	uint8_t align_log;
	uint8_t access; /* enum access */
};

static const char *const access_names[] = {
	"load of",	  "store to",	       "reference to",	     "member of",
	"call of member", "constructor of",    "downcast of",	     "downcast of",
	"upcast of",	  "cast to a base of", "null value bound to"};

/* An operand: its value where it fits the word, else a pointer to it. */
static int64_t operand(const struct type_descriptor *type, uint64_t word)
{
	unsigned bits = 1U << (type->info >> 1);

	if (type->kind != KIND_INTEGER || bits > 64)
		return 0;
	if ((type->info & 1) && bits < 64)
		return (int64_t)(word << (64 - bits)) >> (64 - bits);
	return (int64_t)word;
}

#define DIE(where, fmt, ...) \
	panic("ubsan: %s:%u:%u: " fmt, (where)->file, (where)->line, (where)->column, ##__VA_ARGS__)

#define HANDLER(name, ...)                                       \
	void __ubsan_handle_##name(__VA_ARGS__); /* no header */ \
	void __ubsan_handle_##name(__VA_ARGS__)

static __noreturn void overflow(const struct operation *op, const char *sign, uint64_t left,
				uint64_t right)
{
	DIE(&op->where, "%ld %s %ld does not fit %s", (long)operand(op->type, left), sign,
	    (long)operand(op->type, right), op->type->name);
}

HANDLER(add_overflow, struct operation *op, uint64_t left, uint64_t right)
{
	overflow(op, "+", left, right);
}

HANDLER(sub_overflow, struct operation *op, uint64_t left, uint64_t right)
{
	overflow(op, "-", left, right);
}

HANDLER(mul_overflow, struct operation *op, uint64_t left, uint64_t right)
{
	overflow(op, "*", left, right);
}

HANDLER(divrem_overflow, struct operation *op, uint64_t left, uint64_t right)
{
	overflow(op, "/", left, right);
}

HANDLER(negate_overflow, struct operation *op, uint64_t value)
{
	DIE(&op->where, "-(%ld) does not fit %s", (long)operand(op->type, value), op->type->name);
}

HANDLER(shift_out_of_bounds, struct shift *shift, uint64_t left, uint64_t right)
{
	DIE(&shift->where, "shift of %ld, %s, by %ld", (long)operand(shift->left, left),
	    shift->left->name, (long)operand(shift->right, right));
}

HANDLER(out_of_bounds, struct bounds *bounds, uint64_t index)
{
	DIE(&bounds->where, "index %ld is outside of %s", (long)operand(bounds->index, index),
	    bounds->array->name);
}

HANDLER(load_invalid_value, struct operation *op, uint64_t value)
{
	DIE(&op->where, "%ld is no value of %s", (long)operand(op->type, value), op->type->name);
}

HANDLER(vla_bound_not_positive, struct operation *op, uint64_t bound)
{
	DIE(&op->where, "an array of %ld elements", (long)operand(op->type, bound));
}

HANDLER(type_mismatch_v1, struct mismatch *mismatch, uint64_t address)
{
	const char *access = mismatch->access < ARRAY_SIZE(access_names)
				     ? access_names[mismatch->access]
				     : "access to";

	if (address == 0)
		DIE(&mismatch->where, "%s %s at NULL", access, mismatch->type->name);
	if (!IS_ALIGNED(address, 1UL << mismatch->align_log))
		DIE(&mismatch->where, "%s %s at 0x%lx, which is not aligned to %lu", access,
		    mismatch->type->name, address, 1UL << mismatch->align_log);
	DIE(&mismatch->where, "%s %s at 0x%lx, where the object is too small", access,
	    mismatch->type->name, address);
}

HANDLER(pointer_overflow, struct source_location *where, uint64_t base, uint64_t result)
{
	DIE(where, "a pointer wrapped from 0x%lx to 0x%lx", base, result);
}

HANDLER(nonnull_arg, struct source_location *where)
{
	DIE(where, "NULL for an argument that must not be");
}

HANDLER(builtin_unreachable, struct source_location *where)
{
	DIE(where, "what can't be reached was");
}

HANDLER(missing_return, struct source_location *where)
{
	DIE(where, "a function with a value ended without one");
}

HANDLER(invalid_builtin, struct source_location *where)
{
	DIE(where, "a bit was looked for in 0");
}
