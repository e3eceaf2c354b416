/*
 * tests/unit/steps.h - how long a random walk against a model goes on.
 *
 * As a unit test, so many steps as it says itself; MODEL_STEPS and MODEL_SEED in the environment
 * make it a long one (tests/fuzz/models).
 */
#ifndef TESTS_UNIT_STEPS_H
#define TESTS_UNIT_STEPS_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

static inline unsigned long model_steps(unsigned long usual)
{
	const char *text = getenv("MODEL_STEPS");
	unsigned long steps = text != NULL ? strtoul(text, NULL, 0) : usual;

	printf("model: %lu steps\n", steps); /* tests/fuzz/models adds them up */
	return steps;
}

static inline unsigned long model_seed(unsigned long usual)
{
	const char *text = getenv("MODEL_SEED");

	return text != NULL ? strtoul(text, NULL, 0) * 0xd1342543de82ef95UL ^ usual : usual;
}

/* What a walk reaches by chance alone can be asked for with its own seed, not with any. */
static inline bool model_own_seed(void)
{
	return getenv("MODEL_SEED") == NULL;
}

#endif
