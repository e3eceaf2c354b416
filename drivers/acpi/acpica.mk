# drivers/acpi/acpica.mk - builds ACPICA into one archive; included by the Makefile.
#
# Sets ACPICA_LIB (link it with --gc-sections), ACPICA_CPPFLAGS (for our files that include its
# headers) and ACPICA_HEADERS, a file that exists once the headers do: what is compiled with
# ACPICA_CPPFLAGS needs it as an order-only prerequisite.
#
# The sources are fetched when they are missing (tools/acpica), so make cannot list them when
# it starts; they never change, so one recipe compiles them all.

BUILD ?= build
ACPICA_DIR := $(BUILD)/acpica
ACPICA_OBJ := $(BUILD)/acpica-obj
ACPICA_LIB := $(BUILD)/acpica.a
ACPICA_HEADERS := $(BUILD)/acpica.ready
ACPICA_JOBS ?= $(shell nproc 2>/dev/null || echo 1)

# Our headers come first: they shadow Linux's platform header.
ACPICA_CPPFLAGS := -isystem drivers/acpi/include -isystem $(ACPICA_DIR)/include

# The debugger, the disassembler's dumps, and what Linux has of its own.
ACPICA_SKIP := db*.c rsdump.c nsdumpdv.c utcache.c utprint.c uttrack.c utuuid.c

# No -Wall: the files are not ours to change.
ACPICA_CFLAGS := -std=gnu11 -O2 -g -D_LINUX -ffreestanding -nostdinc \
	-isystem $(shell $(CC) -print-file-name=include) \
	-fno-pic -mcmodel=kernel -mno-red-zone -mgeneral-regs-only -fno-strict-aliasing \
	-fno-omit-frame-pointer -ffunction-sections -fdata-sections -fcf-protection=none \
	$(STACK_PROTECTOR) -I$(CURDIR) -I$(CURDIR)/drivers/acpi/include \
	-I$(abspath $(ACPICA_DIR))/include -I$(abspath $(ACPICA_DIR))/drivers/acpi/acpica \
	-ffile-prefix-map=$(CURDIR)/=

# Runs every time (it takes 20 ms), but is newer than before only if other sources were found.
.PHONY: acpica-sources
acpica-sources:
$(ACPICA_HEADERS): acpica-sources
	@mkdir -p $(BUILD)
	@HEADROOM_BUILD=$(BUILD) tools/acpica >$@.new
	@if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi

$(ACPICA_LIB): $(ACPICA_HEADERS) drivers/acpi/acpica.mk $(wildcard drivers/acpi/include/*/*.h \
		drivers/acpi/include/*/*/*.h)
	@echo "  ACPICA  $@"
	@rm -rf $(ACPICA_OBJ) $@ && mkdir -p $(ACPICA_OBJ)
	@cd $(ACPICA_OBJ) && find $(abspath $(ACPICA_DIR))/drivers/acpi/acpica/ -name '*.c' \
		$(foreach skip,$(ACPICA_SKIP),! -name '$(skip)') -print0 | LC_ALL=C sort -z | \
		xargs -0 -n 8 -P $(ACPICA_JOBS) $(CC) $(ACPICA_CFLAGS) -c
	@cd $(ACPICA_OBJ) && ar rcsD $(abspath $@) *.o
