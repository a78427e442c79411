# LX-OS. `make help` lists what can be made; mk/rules.mk says how modules are declared.

B := build
Q := $(if $(V),,@)
.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules

include mk/variants.mk
include mk/rules.mk
include $(sort $(shell find $(wildcard abi boot kernel rt proto lib services apps tools tests) -name module.mk))

host_variants := host asan fuzz
$(foreach v,$(VARIANTS),$(eval $(call stamp,$(v))))
$(foreach l,$(LIBS),$(eval $(call public_header,$(l))))
$(foreach v,$(VARIANTS),$(foreach l,$(LIBS),$(if $(filter $(v),$($(l).skip)),,$(eval $(call library,$(v),$(l))))))

include mk/third_party.mk
include mk/system.mk

# ---- host tools, unit tests, fuzzers --------------------------------------------------------------------------------

$(foreach t,$(TOOLS),$(eval $(call compile,host,$(tool.$(t).dir),$(tool.$(t).uses)))$(eval $(call \
	host_program,host,$(B)/host/bin/$(t),$(call objects,host,$(tool.$(t).dir)),$(tool.$(t).uses),$(tool.$(t).ldlibs))))
tools: $(TOOLS:%=$(B)/host/bin/%)

# NAME of a test or fuzzer is its path without .c; it links the library that it stands in.
test_sources := $(sort $(foreach l,$(LIBS),$(if $(filter asan,$($(l).skip)),,$(wildcard $($(l).dir)/*_test.c))))
fuzz_sources := $(sort $(foreach l,$(LIBS),$(if $(filter fuzz,$($(l).skip)),,$(wildcard $($(l).dir)/*_fuzz.c))))
owner = $(strip $(foreach l,$(LIBS),$(if $(filter $($(l).dir)/,$(dir $(1))),$(l))))
$(foreach t,$(test_sources),$(eval $(call \
	host_program,asan,$(B)/asan/$(t:.c=),$(B)/asan/$(t).o,$(call owner,$(t)),$($(call owner,$(t)).test_libs))))
$(foreach t,$(fuzz_sources),$(eval $(call \
	host_program,fuzz,$(B)/fuzz/$(t:.c=),$(B)/fuzz/$(t).o,$(call owner,$(t)))))
unit_tests := $(test_sources:%.c=$(B)/asan/%)
fuzzers := $(fuzz_sources:%.c=$(B)/fuzz/%)

check-unit: $(unit_tests) $(fuzzers)
	@tests/run.sh unit $(unit_tests) -- $(fuzzers)

fuzz: $(fuzzers)
	@tests/run.sh fuzz $(fuzzers)

# ---- the rest -------------------------------------------------------------------------------------------------------

$(B)/deps: mk/deps.sh mk/deps.list
	@mkdir -p $(@D)
	@mk/deps.sh $@

check: check-unit check-bad check-tools check-model check-system

bench: bench-system

all: tools $(if $(has_kernel),images,components)

clean:
	rm -rf $(B)

help:
	@echo 'make             the boot image                  make run     boots it in QEMU, here'
	@echo 'make check       every test                      make bench   every number, into build/bench.csv'
	@echo 'make fuzz        fuzzers, FUZZ_SECONDS each      make tidy    static checks'
	@echo 'make debug       QEMU waits for gdb              make clean   removes build/'
	@echo 'SYSTEM=NAME chooses the system of run and debug, KERNEL=FILE the kernel of every image'

FORCE:
.PHONY: FORCE all tools check check-unit bench fuzz clean help

-include $(shell find $(B) -name '*.d' 2>/dev/null)
