# tests/fuzz/fuzz.mk - fuzzers of everything that comes from outside.
#
# make fuzz          every target for TIME (60) seconds each, then a line a target
# make fuzz-quick    every target for FUZZ_RUNS (20000) inputs each
# make fuzz-srat     one target, for FUZZ_SECONDS
# make -j2 fuzz-long INPUTS=100000000
#                    every target until it has had so many inputs in all, two at a time; what was
#                    done is kept in build/fuzz/totals, so that it can be stopped and goes on
# make fuzz-long-srat INPUTS=...   one of them
# make fuzz-totals   how many inputs each target has had so far, and how many a second
# make fuzz-models   the allocators and the hot-plug core against models, MODEL_STEPS in all
# A finding is left in build/fuzz/NAME.crash-*, and the target fails; build/fuzz/NAME FILE says more.
#
# Three quarters of the time libFuzzer looks for new ways into a parser, guided by coverage; then,
# and for nearly all of a long run, breadth.c changes at random what was found, several times as
# fast.  Both are built with ASan and UBSan.
#
# Seeds are made by hand (seeds.py) and taken from machines (capture.py, needs QEMU; once).  The
# latter a target must accept before it is run.
#
# tests/fuzz/fuzz_X.c names what it links with as unit tests do.

FUZZ_CC ?= $(shell command -v clang-14 || command -v clang)
FUZZ_SECONDS ?= $(or $(TIME),60)
FUZZ_RUNS ?= 20000
FUZZ_DIR := $(BUILD)/fuzz
FUZZ_NAMES := $(patsubst tests/fuzz/fuzz_%.c,%,$(sort $(wildcard tests/fuzz/fuzz_*.c)))
FUZZ_HEADERS := $(wildcard tests/fuzz/*.h)
FUZZ_HOST := -std=gnu11 -O2 -gline-tables-only -Wall -Wextra
FUZZ_BASE := $(FUZZ_HOST) -DHOST_BUILD -Itests/unit/include -I. -fno-omit-frame-pointer
FUZZ_CFLAGS := $(FUZZ_BASE) -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all
# A trap costs less than a message; the build for libFuzzer has that for the input that is left.
BREADTH_CFLAGS := $(FUZZ_BASE) -fsanitize=address,undefined -fsanitize-trap=undefined
# Inputs grow to so many bytes: what reaches every line costs least.  Longer ones are seeds.
FUZZ_LEN_args := 64
FUZZ_LEN_editor := 64 # keys; each redraws the line
FUZZ_LEN_fw_cfg := 519 # eight files
FUZZ_LEN_madt := 256
FUZZ_LEN_memrange := 360 # 18 for each of 20 pieces
FUZZ_LEN_multiboot2 := 512
FUZZ_LEN_options := 128
FUZZ_LEN_parse := 128
FUZZ_LEN_rsdp := 128
FUZZ_LEN_slit := 256
FUZZ_LEN_srat := 512
FUZZ_LEN_static := 1280 # the memory that all the tables lie in
FUZZ_LEN_symbols := 64 # 32 functions
FUZZ_LEN_target := 96
FUZZ_FLAGS := -timeout=5 -rss_limit_mb=1024 -print_final_stats=1

# What GRUB hands over can be had where there is an image to boot.
FUZZ_IMAGE := $(wildcard $(or $(HEADROOM_ISO),$(BUILD)/headroom.iso))
FUZZ_CAPTURES := firmware $(if $(FUZZ_IMAGE),loader)
FUZZ_CAPTURED := fw_cfg madt rsdp slit srat static $(if $(FUZZ_IMAGE),multiboot2)
fuzz_real = $(if $(filter $(1),$(FUZZ_CAPTURED)),$(FUZZ_DIR)/$(1).real)

fuzz_sources = $(shell sed -n 's,^/\* sources: \(.*\) \*/.*,\1,p' $(1))

$(FUZZ_DIR)/breadth.o: tests/fuzz/breadth.c
	@mkdir -p $(@D)
	@$(FUZZ_CC) $(FUZZ_HOST) -c -o $@ $<

define fuzz_rule
$(FUZZ_DIR)/$(1): tests/fuzz/fuzz_$(1).c $(FUZZ_HEADERS) $(call fuzz_sources,tests/fuzz/fuzz_$(1).c)
	@mkdir -p $$(@D)
	@echo "  FUZZCC $$@"
	@$$(FUZZ_CC) $$(FUZZ_CFLAGS) -o $$@ $$(filter %.c,$$^)
$(FUZZ_DIR)/breadth/$(1): $(FUZZ_DIR)/breadth.o tests/fuzz/fuzz_$(1).c $(FUZZ_HEADERS) \
		$(call fuzz_sources,tests/fuzz/fuzz_$(1).c)
	@mkdir -p $$(@D)
	@echo "  FUZZCC $$@"
	@$$(FUZZ_CC) $$(BREADTH_CFLAGS) -o $$@ $$(filter %.c %.o,$$^)

$(FUZZ_DIR)/$(1).real: $(FUZZ_DIR)/$(1) $(FUZZ_CAPTURES:%=$(FUZZ_DIR)/%.done)
	@tests/fuzz/accept $(FUZZ_DIR) $(1) $$(FUZZ_FLAGS)
	@touch $$@

.PHONY: fuzz-$(1) fuzz-quick-$(1) fuzz-long-$(1)
fuzz-$(1) fuzz-quick-$(1) fuzz-long-$(1): $(FUZZ_DIR)/$(1) $(FUZZ_DIR)/breadth/$(1) \
	$(FUZZ_DIR)/seeds.done $(call fuzz_real,$(1))
fuzz-$(1):
	@tests/fuzz/run $(FUZZ_DIR) $(1) $$(FUZZ_LEN_$(1)) "$$$$(date +%s) 0 $$(FUZZ_SECONDS)" \
		$$(FUZZ_FLAGS)
fuzz-quick-$(1):
	@tests/fuzz/run $(FUZZ_DIR) $(1) $$(FUZZ_LEN_$(1)) "1 $$(FUZZ_RUNS) 0" $$(FUZZ_FLAGS)
fuzz-long-$(1):
	@tests/fuzz/long $(FUZZ_DIR) $(1) $$(FUZZ_LEN_$(1)) $$(INPUTS) $$(FUZZ_FLAGS)
endef
$(foreach n,$(FUZZ_NAMES),$(eval $(call fuzz_rule,$(n))))

$(FUZZ_DIR)/seeds.done: tests/fuzz/seeds.py tests/firmware/tables.py tools/constants.py
	@$(PYTHON) $< $(FUZZ_DIR)/seeds
	@touch $@

$(FUZZ_CAPTURES:%=$(FUZZ_DIR)/%.done): $(FUZZ_DIR)/%.done: tests/fuzz/capture.py tests/fuzz/seeds.py
	@echo "  CAPTURE $*"
	@HEADROOM_ISO=$(abspath $(FUZZ_IMAGE)) $(PYTHON) $< $* $(FUZZ_DIR)/seeds
	@touch $@

MODEL_STEPS ?= 5000000
MODEL_SEED ?= 1
MODELS := early buddy pcp slab hotplug_walk

.PHONY: fuzz-models
fuzz-models: $(MODELS:%=$(UNIT)/test_%)
	@tests/fuzz/models $(UNIT) $(MODEL_STEPS) $(MODEL_SEED)

INPUTS ?= 100000000

.PHONY: fuzz fuzz-quick fuzz-build fuzz-long fuzz-totals
fuzz-build: $(FUZZ_NAMES:%=$(FUZZ_DIR)/%) $(FUZZ_NAMES:%=$(FUZZ_DIR)/breadth/%)
fuzz: $(FUZZ_NAMES:%=fuzz-%) fuzz-models
fuzz-quick: $(FUZZ_NAMES:%=fuzz-quick-%)
fuzz-long: $(FUZZ_NAMES:%=fuzz-long-%)
fuzz-totals:
	@tests/fuzz/long $(FUZZ_DIR)
