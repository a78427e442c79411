# LX-OS. `make help` lists what can be made; mk/rules.mk says how modules are declared.

B := build
Q := $(if $(V),,@)
.DEFAULT_GOAL := all
checks := check-unit check-proof check-ct check-arm64 check-bad check-tools check-model check-system
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
include mk/packages.mk
include mk/conformance.mk

# ---- host tools, unit tests, fuzzers --------------------------------------------------------------------------------

$(foreach t,$(TOOLS),$(eval $(call compile,host,$(tool.$(t).dir),$(tool.$(t).uses)))$(eval $(call \
	host_program,host,$(B)/host/bin/$(t),$(call objects,host,$(tool.$(t).dir)),$(tool.$(t).uses),$(tool.$(t).ldlibs))))
tools: $(TOOLS:%=$(B)/host/bin/%)

$(foreach a,$(APPS),$(eval $(call compile,linux,$(app.$(a).dir),$(app.$(a).uses)))$(eval $(call \
	host_program,linux,$(B)/linux/bin/$(a),$(call objects,linux,$(app.$(a).dir)),$(app.$(a).uses))))
apps: $(APPS:%=$(B)/linux/bin/%)

# NAME of a test or fuzzer is its path without .c; it links the library that it stands in.
test_sources := $(sort $(foreach l,$(LIBS),$(if $(filter asan,$($(l).skip)),,$(wildcard $($(l).dir)/*_test.c))))
fuzz_sources := $(sort $(foreach l,$(LIBS),$(if $(filter fuzz,$($(l).skip)),,$(wildcard $($(l).dir)/*_fuzz.c))))
owner = $(strip $(foreach l,$(LIBS),$(if $(filter $($(l).dir)/,$(dir $(1))),$(l))))
tested = $(call owner,$(1)) $($(call owner,$(1)).test_uses)
$(foreach t,$(test_sources),$(eval $(call \
	host_program,asan,$(B)/asan/$(t:.c=),$(B)/asan/$(t).o,$(call tested,$(t)),$($(call owner,$(t)).test_libs))))
$(foreach t,$(fuzz_sources),$(eval $(call \
	host_program,fuzz,$(B)/fuzz/$(t:.c=),$(B)/fuzz/$(t).o,$(call tested,$(t)))))
unit_tests := $(test_sources:%.c=$(B)/asan/%)
fuzzers := $(fuzz_sources:%.c=$(B)/fuzz/%)

# ---- the kernel ------------------------------------------------------------------------------------------------------

kernel.parts := api object sched init klib arch/aarch64
kernel.objects := $(foreach p,$(kernel.parts),$(call objects,kernel,$(kernel.dir)/$(p)))
kernel.inc := -I$(kernel.dir) -I$(kernel.dir)/arch/aarch64 -I$(kernel.platform) $(KERNEL_OPTIONS)
$(eval $(call compile,kernel,$(kernel.dir),,$(kernel.inc)))
$(B)/kernel/$(kernel.dir)/klib/klib.c.o: kernel.lto :=
$(B)/kernel/kernel.elf: $(kernel.objects) $(kernel.dir)/arch/aarch64/kernel.ld
	$(Q)$(kernel.cc) $(kernel.cflags) $(kernel.ldflags) -T $(kernel.dir)/arch/aarch64/kernel.ld -o $@ $(kernel.objects)
kernel: $(B)/kernel/kernel.elf

bench-kernel: $(B)/kernel/kernel.elf
	@sh $(kernel.dir)/size.sh $< $(CROSS) | tee -a $(B)/bench.csv

# The same kernel for the host, on a simulated machine, with a checker of its invariants (kernel/check).
kernel.host_parts := api object sched init arch/host
kernel.host_inc := -I$(kernel.dir) -I$(kernel.dir)/arch/host -DKERNEL_ROOT_CNODE_BITS=8 -Itests/unit
kernel.host_sources := $(foreach p,$(kernel.host_parts),$(wildcard $(kernel.dir)/$(p)/*.c)) \
	$(addprefix $(kernel.dir)/check/,check.c world.c kernel_fuzz.c)
$(foreach v,asan fuzz,$(eval $(call compile,$(v),$(kernel.dir),,$(kernel.host_inc))))
kernel.tests := $(notdir $(basename $(wildcard $(kernel.dir)/check/*_test.c)))
$(foreach t,$(kernel.tests),$(eval $(call host_program,asan,$(B)/asan/kernel/$(t),$(kernel.host_sources:%=$(B)/asan/%.o) \
	$(B)/asan/kernel/check/$(t).c.o)))
$(eval $(call host_program,fuzz,$(B)/fuzz/kernel/kernel_fuzz,$(kernel.host_sources:%=$(B)/fuzz/%.o)))
unit_tests += $(kernel.tests:%=$(B)/asan/kernel/%)

# A model of a part of it, which is compared with the kernel step by step.
$(eval $(call compile,asan,tests/model,,$(kernel.host_inc)))
$(eval $(call host_program,asan,$(B)/asan/kernel/model_test,$(kernel.host_sources:%=$(B)/asan/%.o) \
	$(B)/asan/tests/model/model.c.o $(B)/asan/tests/model/model_test.c.o))
unit_tests += $(B)/asan/kernel/model_test
fuzzers += $(B)/fuzz/kernel/kernel_fuzz

coverage:
	@sh $(kernel.dir)/check/coverage.sh $(B)/coverage
	@tests/lib_coverage.sh $(B)/coverage/lld lib/llll/lld lib/base
	@tests/lib_coverage.sh $(B)/coverage/fs lib/fs lib/base lib/tree

# Contracts of the kernel, where Frama-C is installed: it is too large to be asked of everybody (mk/deps.list).
proof:
	@sh $(kernel.dir)/check/proof.sh $(B)/proof

check-proof:
	@if command -v frama-c >/dev/null && command -v why3 >/dev/null && command -v z3 >/dev/null && command -v cvc4 >/dev/null; then \
		tests/run.sh each proof 'sh $(kernel.dir)/check/proof.sh' $(B)/proof && tail -n 1 $(B)/proof/said; \
	else echo 'proof: skipped, frama-c, why3, z3 or cvc4 is not installed'; fi

soak-kernel: $(B)/asan/kernel/steps_test
	@KERNEL_TEST_SEEDS=0 KERNEL_TEST_FIRST=$(or $(SOAK_SEED),$(shell date +%s)) $<

check-unit: $(unit_tests) $(fuzzers)
	@tests/run.sh unit $(unit_tests) -- $(fuzzers)

ct_programs := $(foreach t,$(TOOLS),$(if $(filter tests/ct/%,$(tool.$(t).dir)),$(B)/host/bin/$(t)))
check-ct: $(ct_programs)
	@tests/run.sh ct $(ct_programs)

check-arm64: $(B)/linux/bin/ledger_sample $(B)/linux/bin/xts_sample
	@tests/run.sh arm64 $< tests/vectors/nexus/flat_tx.txt tests/vectors/nexus/sign_vectors.json
	@tests/run.sh arm64 $(B)/linux/bin/xts_sample

fuzz: $(fuzzers)
	@tests/run.sh fuzz $(fuzzers)

tidy: | $(B)/deps
	@mk/tidy.sh $(B) $(MAKE)

# ---- the rest -------------------------------------------------------------------------------------------------------

$(B)/deps: mk/deps.sh mk/deps.list
	@mkdir -p $(@D)
	@mk/deps.sh $@

check:
	@rm -f $(B)/check.count
	@status=0; $(MAKE) --no-print-directory -k $(checks) || status=1; tests/run.sh total || status=1; \
		[ $$status = 0 ] || echo 'check: FAILED; something failed or was not even built, see above'; exit $$status

# LLD_BENCH_KEYS: how many keys the stores of lld_bench hold; 10000000 takes ten minutes and 6 GB.
# LXFS_BENCH_MIB: the size of lxfs_bench's large file, 1024; it wants twice that of disk.
# A chain of CHAIN_BENCH_COUNT transactions is made and verified; 100000 takes ten minutes and 60 MB (make bench-chain).
# Every number: of the booted systems in guest instructions, of the host, and sizes; printed, and in build/bench.csv.
bench: images $(B)/host/bin/lxtest $(B)/host/bin/llc_bench $(B)/host/bin/tree_bench $(B)/host/bin/lld_bench \
		$(B)/host/bin/chain_bench $(B)/host/bin/lxfs_bench
	@rm -f $(B)/bench.csv
	@$(MAKE) --no-print-directory bench-system bench-kernel
	@{ $(B)/host/bin/tree_bench && $(B)/host/bin/llc_bench && $(B)/host/bin/lld_bench $(B) $(LLD_BENCH_KEYS) && \
		$(B)/host/bin/chain_bench $(B) $(or $(CHAIN_BENCH_COUNT),2000) && $(B)/host/bin/lxfs_bench $(B) $(LXFS_BENCH_MIB); } | sed 's/^/host./' | tee -a $(B)/bench.csv
	@tests/bench/sizes.sh $(B) $(CROSS) | tee -a $(B)/bench.csv

bench-chain: $(B)/host/bin/chain_bench
	@$< $(B) $(or $(CHAIN_BENCH_COUNT),100000) | sed 's/^/host./' | tee -a $(B)/bench.csv

all: tools $(if $(has_kernel),$(B)/base.img,components)

clean:
	rm -rf $(B)

help:
	@echo 'make             the boot image                  make run     boots it in QEMU, here'
	@echo 'make check       every test                      make bench   every number, into build/bench.csv'
	@echo 'make fuzz        fuzzers, FUZZ_SECONDS each      make tidy    static checks'
	@echo 'make debug       QEMU waits for gdb              make clean   removes build/'
	@echo 'make conformance  the kernel against its interface, case by case'
	@echo 'make proof       contracts of the kernel, with Frama-C'
	@echo 'make coverage    of the kernel by its tests     make soak-kernel random steps of the kernel, without end'
	@echo 'make run TRACE=1 boots a kernel that writes /lx/trace (docs/spec/trace.md)'
	@echo 'SYSTEM=NAME chooses the system of run and debug, KERNEL=FILE the kernel of every image'
	@echo 'make run keeps a disk in build/disk.raw; DISK=FILE names another, DISK=none has none'
	@echo 'PACKAGES=FILE.lxp: more packages, approved and put into base.img (docs/guide/first-program.md)'

FORCE:
.PHONY: FORCE all tidy tools apps kernel bench bench-kernel bench-chain coverage proof soak-kernel check $(checks) fuzz clean help

-include $(shell find $(B) -name '*.d' 2>/dev/null)
