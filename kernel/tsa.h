/*
 * kernel/tsa.h - what clang's thread-safety analysis is told about locks (`make tsa`).
 *
 * The words stand behind declarations: which lock a variable is guarded by, which locks a function
 * wants held, takes or drops.  Other compilers see nothing.
 *
 *	static unsigned count GUARDED_BY(&lock);
 *	void count_up(struct zone *zone) REQUIRES(&zone->lock);
 *
 * C has no way to name a sibling in a struct before clang 20, so who guards the members of
 * structs is said by letters in comments, and by REQUIRES on the functions that touch them.
 */
#ifndef KERNEL_TSA_H
#define KERNEL_TSA_H

#ifdef __clang__
#define TSA(attribute) __attribute__((attribute))
#else
#define TSA(attribute)
#endif

#define CAPABILITY(kind) TSA(capability(kind)) /* a type of lock */
#define GUARDED_BY(lock) TSA(guarded_by(lock)) /* a variable: read and written with it held */
#define REQUIRES(...)	 TSA(requires_capability(__VA_ARGS__)) /* held by who calls */
#define ACQUIRE(...)	 TSA(acquire_capability(__VA_ARGS__))
#define RELEASE(...)	 TSA(release_capability(__VA_ARGS__))
/* Taken where the function returns `value` (true, or 0 for an errno). */
#define TRY_ACQUIRE(value, ...) TSA(try_acquire_capability(value, __VA_ARGS__))
/* The function's body is not looked at: it is what a lock is made of, or takes a lock that another
 * function drops; a comment says it where it is something else. */
#define NO_TSA TSA(no_thread_safety_analysis)

#endif
