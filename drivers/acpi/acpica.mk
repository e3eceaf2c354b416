# drivers/acpi/acpica.mk - builds ACPICA into one archive; included by the Makefile.
#
# Sets, for the Makefile: ACPICA_OBJS, the archive to link (with --gc-sections); ACPICA_CFLAGS,
# how our own files see ACPICA's headers; ACPICA_READY, a file that exists once those do.  Uses
# BUILD, KCC, KERNEL_CFLAGS and WARNINGS.
#
# The sources are fetched when they are missing (tools/acpica), so make cannot list them when
# it starts; they never change, so one recipe compiles them all.

ACPICA_DIR := $(BUILD)/acpica
ACPICA_TMP := $(BUILD)/acpica-$(if $(filter 1,$(LLVM)),llvm,obj)
ACPICA_OBJS := $(BUILD)/acpica$(if $(filter 1,$(LLVM)),-llvm).a
ACPICA_READY := $(BUILD)/acpica.ready
ACPICA_JOBS ?= $(shell nproc 2>/dev/null || echo 1)

# Our headers come first: they shadow Linux's platform header.  A compiler for no system at all has
# to be told that it is to be included.
ACPICA_CFLAGS := -D_LINUX -isystem drivers/acpi/include -isystem $(ACPICA_DIR)/include

# The debugger, the disassembler's dumps, and what Linux has of its own.
ACPICA_SKIP := db*.c rsdump.c nsdumpdv.c utcache.c utprint.c uttrack.c utuuid.c

# As the kernel, but without warnings: the files are not ours to change.
ACPICA_BUILD_CFLAGS := $(filter-out $(WARNINGS) $(SANITIZE) -DCONFIG_DEBUG -I.,$(KERNEL_CFLAGS)) -D_LINUX \
	-I$(CURDIR) -I$(CURDIR)/drivers/acpi/include -I$(abspath $(ACPICA_DIR))/include \
	-I$(abspath $(ACPICA_DIR))/drivers/acpi/acpica

# Runs every time (it takes 20 ms), but is newer than before only if other sources were found.
.PHONY: acpica-sources
acpica-sources:
$(ACPICA_READY): acpica-sources
	@mkdir -p $(BUILD)
	@HEADROOM_BUILD=$(BUILD) tools/acpica >$@.new
	@if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi

# One source file at a time is slow to start: eight to a compiler, in a directory of their own.
$(ACPICA_OBJS): $(ACPICA_READY) drivers/acpi/acpica.mk $(wildcard drivers/acpi/include/*/*.h \
		drivers/acpi/include/*/*/*.h)
	@echo "  ACPICA $@"
	@rm -rf $(ACPICA_TMP) $@ && mkdir -p $(ACPICA_TMP)
	@cd $(ACPICA_TMP) && find $(abspath $(ACPICA_DIR))/drivers/acpi/acpica/ -name '*.c' \
		$(foreach skip,$(ACPICA_SKIP),! -name '$(skip)') -print0 | LC_ALL=C sort -z | \
		xargs -0 -n 8 -P $(ACPICA_JOBS) $(KCC) $(ACPICA_BUILD_CFLAGS) -c
	@cd $(ACPICA_TMP) && $(KAR) rcsD $(abspath $@) *.o
