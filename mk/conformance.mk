# The conformance program (tests/conformance) is a root task. Its image is that of systems/hello.sys with this program in init's place.
#
#   make conformance              runs it on the tree's kernel, KERNEL=FILE on another one, and prints the matrix
#   make check-conformance        the same as a part of `make check`, and compares the matrix with docs/spec/kernel-conformance.md
#   make conformance-page         writes that page anew

conformance.programs := $(B)/conformance/programs
conformance.page := docs/spec/kernel-conformance.md

$(B)/conformance.img: $(pack_needs) $(B)/boot/loader.bin $(KERNEL) $(B)/kernel.choice systems/hello.sys
	@mkdir -p $(conformance.programs)
	$(Q)cp $(B)/arm64/services/conformance.elf $(conformance.programs)/init.elf
	$(Q)cp $(B)/arm64/services/console.elf $(B)/arm64/services/hello.elf $(conformance.programs)
	$(Q)$(B)/host/bin/lxpack pack -k $(KERNEL) -l $(B)/boot/loader.bin -s $(LX_KEYS)/image.key \
		-p $(conformance.programs) -d $(B)/board/qemu_virt.dtb -o $@ systems/hello.sys

ifeq ($(has_kernel),yes)
conformance: $(B)/conformance.img $(B)/host/bin/lxtest
	@sh tests/conformance/run.sh matrix $(B)

check-conformance: $(B)/conformance.img $(B)/host/bin/lxtest
	@tests/run.sh each conformance "sh tests/conformance/run.sh check $(B)" $(conformance.page)

conformance-page: $(B)/conformance.img $(B)/host/bin/lxtest
	@sh tests/conformance/run.sh page $(B) $(conformance.page)
else
conformance check-conformance conformance-page:
	@echo 'conformance: skipped, there is no kernel ($(KERNEL))'
endif
checks += check-conformance
.PHONY: conformance check-conformance conformance-page
