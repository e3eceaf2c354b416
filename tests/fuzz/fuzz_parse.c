/*
 * tests/fuzz/fuzz_parse.c - any bytes as a shell line: words lie in their buffer, and end.
 */
/* sources: kernel/shell/parse.c */
#include "kernel/lib/errno.h"
#include "kernel/shell/parse.h"
#include "tests/fuzz/fuzz.h"

static struct pipeline pipeline;

static void check_word(const char *word)
{
	const char *end = pipeline.text + sizeof(pipeline.text);

	MUST(word >= pipeline.text && word < end);
	MUST(memchr(word, '\0', (size_t)(end - word)) != NULL);
}

static void check_pipeline(const char *line)
{
	MUST(pipeline.argc > 0 && pipeline.argc <= PIPE_WORDS_MAX);
	MUST(pipeline.argv[pipeline.argc] == NULL);
	MUST(pipeline.nfilters <= PIPE_FILTERS_MAX);
	for (int i = 0; i < pipeline.argc; i++)
		check_word(pipeline.argv[i]);
	for (unsigned i = 0; i < pipeline.nfilters; i++) {
		check_word(pipeline.filters[i].word);
		filter_match(&pipeline.filters[i], line);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *line = malloc(size + 1);
	const char *cursor = line, *error = NULL;
	int parsed;

	memcpy(line, data, size);
	line[size] = '\0';
	while ((parsed = parse_pipeline(&cursor, 2, &pipeline, &error)) != 0) {
		MUST(cursor > line && cursor <= line + strlen(line));
		if (parsed > 0)
			check_pipeline(line);
		else
			MUST((parsed == -EINVAL || parsed == -E2BIG) && error != NULL);
	}
	free(line);
	return 0;
}
