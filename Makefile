# Headroom: how it is built.
#
## make run        set up, build, boot with the serial shell on this terminal
## make demo       plug, use and unplug DIMMs with nobody at the keyboard
## make test       unit, in-kernel and system tests; ends in "N passed, N failed"
##                 [ONLY=cycle,boot: of the system tests, those of test_cycle.py and test_boot.py]
## make test-full  the long ones too
## make model      search the model of hot-plug with spin
## make bench      benchmarks under deterministic instruction counting [PATTERN=scale]
## make bench-smp  what several CPUs cost each other: throughput, migration under their writing
## make bench-linux  the same work on Debian's own Linux kernel, side by side
## make fuzz       TIME=60: every parser for so many seconds; the allocators against models
## make fuzz-long  INPUTS=100000000 for each parser, in all; with -j2; stop it, and it goes on
## make soak       CYCLES=20 [SEED=N]: DIMMs come, are used and go; counts what is lost
## make debug      boot stopped, with gdb attached
## make core       a core of the machine of make run, for gdb
## make iso        build/headroom.iso, for BIOS and UEFI
## make coverage   which lines the tests reach; build/coverage/index.html [ONLY=]
## make compile_commands.json  build/compile_commands.json, for editors
## make toolchain  an x86_64-elf GCC and Binutils from Debian's sources [PREFIX=DIR]
## make check      format, clang-tidy, locks, layering, file sizes, scripts
## make tsa        the locks alone: clang's thread-safety analysis
## make clean      remove build/
##
## Variables of run, demo and debug (with their defaults):
##   MEM=512M SLOTS=8 MAXMEM=16G SMP=4 MACHINE=q35|pc FIRMWARE=bios|uefi NODES=1 QEMU_EXTRA=
## DEBUG=1 builds with every whole-structure check, below build/debug.
## LLVM=1 builds with clang and lld instead of gcc and ld, below build/llvm.
## SAN=ubsan builds, with those checks too, with undefined behaviour caught, below build/ubsan;
## SAN=kasan with every access checked against a shadow of memory, below build/kasan.
#
# Sources are found by directory (KERNEL_DIRS): a new .c or .asm file needs no line here.
# Everything built goes below $(BUILD); DEBUG=1 has a directory of its own in it, so that the two
# never mix.

MAKEFLAGS += --no-builtin-rules
.DELETE_ON_ERROR:
.SUFFIXES:
.DEFAULT_GOAL := help

BUILD ?= build
DEBUG ?= 0
SAN ?=
ifneq ($(filter-out ubsan kasan gcov,$(SAN)),)
$(error SAN=$(SAN): ubsan, kasan, gcov, or nothing)
endif
ifneq ($(SAN),)
override DEBUG := 1
OUT := $(BUILD)/$(SAN)
else ifeq ($(DEBUG),1)
OUT := $(BUILD)/debug
else
OUT := $(BUILD)
endif
LLVM ?= 0
ifeq ($(LLVM),1)
ifneq ($(SAN),)
$(error SAN=$(SAN) is for gcc: not with LLVM=1)
endif
OUT := $(OUT:$(BUILD)%=$(BUILD)/llvm%)
endif
O := $(OUT)/obj
PYTHON := /usr/bin/python3

# --- tool chain ------------------------------------------------------------------------------
ifndef CROSS_COMPILE
ifneq ($(shell command -v x86_64-elf-gcc),)
CROSS_COMPILE := x86_64-elf-
else ifneq ($(shell command -v x86_64-linux-gnu-gcc),)
CROSS_COMPILE := x86_64-linux-gnu-
endif
endif
ifeq ($(LLVM),1)
KCC := clang --target=x86_64-elf
KLD := ld.lld
KNM := llvm-nm
KAR := llvm-ar
KOBJCOPY := llvm-objcopy
else
KCC := $(CROSS_COMPILE)gcc
KLD := $(CROSS_COMPILE)ld
KNM := $(CROSS_COMPILE)nm
KAR := $(CROSS_COMPILE)ar
KOBJCOPY := $(CROSS_COMPILE)objcopy
endif
HOSTCC ?= gcc
NASM ?= nasm

# --- what the kernel is made of --------------------------------------------------------------
KERNEL_DIRS := boot kernel kernel/lib kernel/shell mm mm/hotplug mm/vm arch/x86_64 drivers \
	drivers/acpi drivers/acpi/tables tests/kernel tests/bench
ifeq ($(SAN),ubsan)
KERNEL_DIRS += kernel/sanitize
else ifeq ($(SAN),kasan)
KERNEL_DIRS += mm/kasan
else ifeq ($(SAN),gcov)
KERNEL_DIRS += kernel/coverage
endif
SOURCES_C := $(foreach d,$(KERNEL_DIRS),$(sort $(wildcard $(d)/*.c)))
SOURCES_ASM := $(foreach d,$(KERNEL_DIRS),$(sort $(wildcard $(d)/*.asm)))
OBJECTS := $(SOURCES_C:%.c=$(O)/%.o) $(SOURCES_ASM:%.asm=$(O)/%.asm.o)

WARNINGS := -Wall -Wextra
ifeq ($(WERROR),1)
WARNINGS += -Werror
endif
# The image is the same wherever it is built.
REPRODUCIBLE := -ffile-prefix-map=$(CURDIR)/= -Wdate-time
KERNEL_CFLAGS := -std=gnu11 -O2 -g -ffreestanding -nostdinc \
	-isystem $(shell $(KCC) -print-file-name=include 2>/dev/null) \
	-fno-pic -fno-pie -mcmodel=kernel -mno-red-zone -mgeneral-regs-only \
	-fno-omit-frame-pointer -fno-strict-aliasing -fno-asynchronous-unwind-tables \
	-fstack-protector-strong -mstack-protector-guard=global \
	-ffunction-sections -fdata-sections $(WARNINGS) $(REPRODUCIBLE) -I.
ifeq ($(DEBUG),1)
KERNEL_CFLAGS += -DCONFIG_DEBUG
endif
INSTRUMENTED = $(KERNEL_CFLAGS)
# ACPICA is built without it: what others wrote is theirs to mend.
SANITIZE :=
ifeq ($(SAN),ubsan)
SANITIZE := -fsanitize=undefined -DCONFIG_UBSAN
else ifeq ($(SAN),kasan)
# The offset is SHADOW_OFFSET of arch/mmu.h; every access calls a check (mm/kasan/check.c).
INSTRUMENT := -fsanitize=kernel-address -fasan-shadow-offset=0xdfffffff90c00000 \
	--param=asan-instrumentation-with-call-threshold=0 --param=asan-stack=1 \
	--param=asan-globals=1
SANITIZE := $(INSTRUMENT) -DCONFIG_KASAN
# They implement the checks, or read what nobody else may.
UNSANITIZED := $(patsubst %.c,$(O)/%.o,$(wildcard mm/kasan/*.c mm/slab*.c) mm/kmalloc.c) $(O)/symbols.o
$(UNSANITIZED): private INSTRUMENTED = $(filter-out $(INSTRUMENT),$(KERNEL_CFLAGS))
SAN_LDFLAGS := -T mm/kasan/shadow.ld --wrap=memcpy --wrap=memmove --wrap=memset
else ifeq ($(SAN),gcov)
SANITIZE := -fprofile-arcs -ftest-coverage -fprofile-info-section -O1
LIBGCOV := $(shell $(KCC) -print-file-name=libgcov.a)
endif
KERNEL_CFLAGS += $(SANITIZE)
KERNEL_LDFLAGS := -nostdlib -static $(SAN_LDFLAGS) -T linker.ld -z max-page-size=4096 -z noexecstack \
	--gc-sections --build-id=none $(if $(filter 1,$(LLVM)),,--no-warn-rwx-segments)

# ACPICA_OBJS: objects to link.  ACPICA_CFLAGS: what drivers/acpi/*.c need to see its headers.
-include drivers/acpi/acpica.mk
$(O)/drivers/acpi/%.o: EXTRA_CFLAGS = $(ACPICA_CFLAGS)
$(O)/drivers/acpi/tables/%.o: EXTRA_CFLAGS =
$(O)/tests/kernel/test_osl%.o: EXTRA_CFLAGS = $(ACPICA_CFLAGS)
$(patsubst %.c,$(O)/%.o,$(wildcard drivers/acpi/*.c tests/kernel/test_osl*.c)): | $(ACPICA_READY)

# --- the kernel ------------------------------------------------------------------------------
.PHONY: kernel iso
kernel: $(OUT)/headroom.elf

# A changed flag rebuilds what it touches; an unchanged one does not.
FLAGS_NOW := $(KCC) $(KERNEL_CFLAGS) $(ACPICA_CFLAGS)
$(O)/flags: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' '$(FLAGS_NOW)' | cmp -s - $@ || printf '%s\n' '$(FLAGS_NOW)' >$@
FORCE:

$(O)/%.o: %.c $(O)/flags
	@mkdir -p $(@D)
	@echo "  CC    $<"
	@$(KCC) $(INSTRUMENTED) $(EXTRA_CFLAGS) -MMD -MP -c -o $@ $<

$(O)/%.asm.o: %.asm $(O)/flags
	@mkdir -p $(@D)
	@echo "  NASM  $<"
	@$(NASM) -felf64 -I. -MD $(@:.o=.d) -MP -o $@ $<

# Two link passes: the first gives every function its address, tools/symbols writes them down as
# C source, the second links them in.  The table lies behind all code, so it moves none.
$(OUT)/headroom.pass1.elf: $(OBJECTS) $(ACPICA_OBJS) linker.ld
	@echo "  LD    $@"
	@$(KLD) $(KERNEL_LDFLAGS) -o $@ $(OBJECTS) $(ACPICA_OBJS) $(LIBGCOV)

$(O)/symbols.c: $(OUT)/headroom.pass1.elf tools/symbols
	@NM=$(KNM) tools/symbols $< >$@

$(O)/symbols.o: $(O)/symbols.c
	@$(KCC) $(INSTRUMENTED) -c -o $@ $<

$(OUT)/headroom.elf: $(O)/symbols.o
	@echo "  LD    $@"
	@$(KLD) $(KERNEL_LDFLAGS) -Map=$(OUT)/headroom.map -o $@ $(OBJECTS) $(ACPICA_OBJS) $< $(LIBGCOV)
	@NM=$(KNM) tools/symbols --verify $(OUT)/headroom.pass1.elf $@

-include $(OBJECTS:.o=.d)

# --- the boot image --------------------------------------------------------------------------
iso: $(OUT)/headroom.iso
$(OUT)/headroom.iso: $(OUT)/headroom.elf iso/grub.cfg tools/mkiso
	@echo "  ISO   $@"
	@OBJCOPY=$(KOBJCOPY) tools/mkiso $< iso/grub.cfg $@

# --- host unit tests -------------------------------------------------------------------------
# tests/unit/test_X.c, or a header of tests/unit that it includes, names what it links with in lines
# `/* sources: mm/buddy.c ... */`.
UNIT_TESTS := $(sort $(wildcard tests/unit/test_*.c))
UNIT := $(if $(filter gcov,$(SAN)),$(OUT),$(BUILD))/unit
UNIT_BINS := $(UNIT_TESTS:tests/unit/%.c=$(UNIT)/%)
UO := $(UNIT)/obj
UNIT_CFLAGS := -std=gnu11 -O1 -g -DHOST_BUILD -DCONFIG_DEBUG -Itests/unit/include -I. \
	-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer \
	-Wall -Wextra $(if $(filter gcov,$(SAN)),--coverage)

.PHONY: unit unit-build
unit-build: $(UNIT_BINS)
unit: unit-build
	@$(PYTHON) tools/unit $(UNIT_BINS)

$(UO)/%.o: %.c
	@mkdir -p $(@D)
	@echo "  HOSTCC $<"
	@$(HOSTCC) $(UNIT_CFLAGS) -MMD -MP -c -o $@ $<

# A kit's header names the sources of the machine that it makes.
unit_kits = $(shell sed -n 's,^#include "\(tests/unit/.*\)",\1,p' $(1))
unit_sources = $(sort $(shell sed -n 's,^/\* sources: \(.*\) \*/.*,\1,p' $(1) $(call unit_kits,$(1))))
define unit_rule
$(UNIT)/$(1): $(UO)/tests/unit/$(1).o $$(patsubst %.c,$(UO)/%.o,$$(call unit_sources,tests/unit/$(1).c))
	@echo "  HOSTLD $$@"
	@$$(HOSTCC) $$(UNIT_CFLAGS) -o $$@ $$^ -lcmocka
endef
$(foreach t,$(UNIT_TESTS:tests/unit/%.c=%),$(eval $(call unit_rule,$(t))))
-include $(shell find $(UO) -name '*.d' 2>/dev/null)

# --- fuzzers of what comes from outside -------------------------------------------------------
-include tests/fuzz/fuzz.mk

# --- using it --------------------------------------------------------------------------------
# Another build than the normal one is named to the tools.
ifneq ($(OUT),$(BUILD))
export HEADROOM_ISO ?= $(abspath $(OUT))/headroom.iso
endif
SUBMAKE = $(MAKE) --no-print-directory -s $(if $(filter -j%,$(MAKEFLAGS)),,-j$(shell nproc))
SETTINGS := MEM SLOTS MAXMEM SMP MACHINE FIRMWARE NODES QEMU_EXTRA
export $(SETTINGS)

.PHONY: run demo debug setup-run setup-test setup-test-full setup-check setup-debug \
	setup-coverage setup-bench-linux setup-toolchain
# A static pattern: make looks for no implicit rule for a phony target.
setup-run setup-test setup-test-full setup-check setup-debug setup-coverage setup-bench-linux \
	setup-toolchain: setup-%:
	@tools/setup $* $(if $(filter 1,$(LLVM)),llvm)

# Set-up comes before anything that it may have to install for; hence the second make.
run: setup-run
	@$(SUBMAKE) iso
	@tools/run

demo: setup-run
	@$(SUBMAKE) iso
	@$(PYTHON) tools/demo

debug: setup-debug
	@$(SUBMAKE) iso
	@tools/debug

# For editors (clangd): how every source file is compiled.
.PHONY: compile_commands.json
compile_commands.json:
	@mkdir -p $(BUILD)
	@$(PYTHON) tools/compile_commands $(KCC) $(KERNEL_CFLAGS) $(ACPICA_CFLAGS) -- $(SOURCES_C) \
		>$(BUILD)/compile_commands.json

.PHONY: core
core:
	@tools/core

.PHONY: toolchain
toolchain: setup-toolchain
	@tools/toolchain $(PREFIX)

# --- tests -----------------------------------------------------------------------------------
.PHONY: test test-full check tsa bench bench-smp model bench-linux soak coverage
ONLY_THESE = $(if $(ONLY),--only=$(ONLY))
VARIANT := $(or $(SAN),$(if $(filter 1,$(LLVM)),llvm))
ifeq ($(VARIANT),)
test: setup-test
	@$(SUBMAKE) iso unit-build
	@$(SUBMAKE) DEBUG=1 iso
	@$(PYTHON) tools/test $(ONLY_THESE) $(UNIT_BINS)

test-full: setup-test-full
	@$(SUBMAKE) iso unit-build
	@$(SUBMAKE) DEBUG=1 iso
	@$(SUBMAKE) SAN=ubsan iso
	@$(PYTHON) tools/test --full $(ONLY_THESE) $(UNIT_BINS)
else
# The kernel's own tests and those of the system, on the build with the sanitizer or of clang.
test test-full: setup-test
	@$(SUBMAKE) iso
	@$(SUBMAKE) SAN= LLVM=0 DEBUG=1 iso
	@$(PYTHON) tools/test --san=$(VARIANT) $(ONLY_THESE) $(if $(filter test-full,$@),--full)
endif

# Needs about twice the time of `make test`.
coverage: setup-coverage
	@$(SUBMAKE) SAN=gcov iso unit-build
	@$(SUBMAKE) DEBUG=1 iso
	@$(PYTHON) tools/coverage $(ONLY_THESE) $(UNIT_TESTS:tests/unit/%.c=$(BUILD)/gcov/unit/%)

model: setup-test
	@tools/model

check: setup-check
	@tools/check

tsa: setup-check
	@$(if $(ACPICA_READY),$(SUBMAKE) $(ACPICA_READY))
	@tools/tsa

soak: setup-run
	@$(SUBMAKE) iso
	@tools/soak $(if $(CYCLES),--cycles $(CYCLES)) $(if $(SEED),--seed $(SEED)) \
		$(if $(SMP),--smp $(SMP))

bench: setup-run
	@$(SUBMAKE) iso
	@$(PYTHON) tools/bench $(if $(PATTERN),--only '$(PATTERN)') $(if $(SIZES),--sizes $(SIZES))

bench-smp: setup-run
	@$(SUBMAKE) iso
	@$(PYTHON) tools/bench_smp

bench-linux: setup-bench-linux
	@$(SUBMAKE) iso
	@$(PYTHON) tools/bench_linux $(if $(PATTERN),--only '$(PATTERN)') \
		$(if $(SIZES),--sizes $(SIZES))

.PHONY: clean help
clean:
	rm -rf $(BUILD)

help:
	@sed -n 's/^## \{0,1\}//p' Makefile
