# tests/fuzz/fuzz.mk - fuzzers of everything that comes from outside.
#
# make fuzz          every target for TIME (60) seconds each, then a line a target
# make fuzz-quick    every target for FUZZ_RUNS (20000) inputs each; for `make test`
# make fuzz-srat     one target, for FUZZ_SECONDS
# make fuzz-models   the allocators and the hot-plug core against models, MODEL_STEPS (1000000) each
# A finding is left in build/fuzz/NAME.crash-*, and the target fails.
#
# tests/fuzz/fuzz_X.c names what it links with as unit tests do.

FUZZ_CC ?= $(shell command -v clang-14 || command -v clang)
FUZZ_SECONDS ?= $(or $(TIME),60)
FUZZ_RUNS ?= 20000
FUZZ_DIR := $(BUILD)/fuzz
FUZZ_NAMES := $(patsubst tests/fuzz/fuzz_%.c,%,$(sort $(wildcard tests/fuzz/fuzz_*.c)))
FUZZ_CFLAGS := -std=gnu11 -O1 -g -DHOST_BUILD -I. -Wall -Wextra -fno-omit-frame-pointer \
	-fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all
# Tables are small; a length limit keeps mutation where it finds something.
FUZZ_LEN_editor := 300 # keys; each redraws the line
FUZZ_LEN_multiboot2 := 2048
FUZZ_LEN_symbols := 256
FUZZ_FLAGS := -timeout=5 -rss_limit_mb=1024 -print_final_stats=1

fuzz_sources = $(shell sed -n 's,^/\* sources: \(.*\) \*/.*,\1,p' $(1))

define fuzz_rule
$(FUZZ_DIR)/$(1): tests/fuzz/fuzz_$(1).c tests/fuzz/fuzz.h $(call fuzz_sources,tests/fuzz/fuzz_$(1).c)
	@mkdir -p $$(@D)
	@echo "  FUZZCC $$@"
	@$$(FUZZ_CC) $$(FUZZ_CFLAGS) -o $$@ $$(filter %.c,$$^)

.PHONY: fuzz-$(1) fuzz-quick-$(1)
fuzz-$(1): $(FUZZ_DIR)/$(1) $(FUZZ_DIR)/seeds.done
	@tests/fuzz/run $(FUZZ_DIR) $(1) -max_total_time=$$(FUZZ_SECONDS) \
		-max_len=$$(or $$(FUZZ_LEN_$(1)),8192) $$(FUZZ_FLAGS)
fuzz-quick-$(1): $(FUZZ_DIR)/$(1) $(FUZZ_DIR)/seeds.done
	@tests/fuzz/run $(FUZZ_DIR) $(1) -runs=$$(FUZZ_RUNS) -seed=1 \
		-max_len=$$(or $$(FUZZ_LEN_$(1)),8192) $$(FUZZ_FLAGS)
endef
$(foreach n,$(FUZZ_NAMES),$(eval $(call fuzz_rule,$(n))))

$(FUZZ_DIR)/seeds.done: tests/fuzz/seeds.py tests/firmware/tables.py
	@$(PYTHON) $< $(FUZZ_DIR)/seeds
	@touch $@

MODEL_STEPS ?= 1000000
MODEL_SEED ?= 1
MODELS := early buddy pcp slab hotplug_walk

.PHONY: fuzz-models
fuzz-models: $(MODELS:%=$(UNIT)/test_%)
	@tests/fuzz/models $(UNIT) $(MODEL_STEPS) $(MODEL_SEED)

.PHONY: fuzz fuzz-quick fuzz-build
fuzz-build: $(FUZZ_NAMES:%=$(FUZZ_DIR)/%)
fuzz: $(FUZZ_NAMES:%=fuzz-%) fuzz-models
fuzz-quick: $(FUZZ_NAMES:%=fuzz-quick-%)
