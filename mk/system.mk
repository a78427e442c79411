# What runs on the target: the loader, components, systems and their boot images. The declarations:
#
#   $(call loader,USES)        the boot loader               -> build/boot/loader.elf, loader.bin
#   $(call service,USES)       a component (mk/rules.mk)     -> build/arm64/services/NAME.elf
#   $(call root_task,USES)     a component that the kernel starts: init, and tests/conformance
#   systems/NAME.sys           a system                      -> build/NAME.img, build/NAME/report.txt, graph.dot
#
# KERNEL is the kernel of every image, SYSTEM the one that `make run` boots, LX_KEYS the directory of the signing keys. DISK is the file
# that is the machine's disk: made with DISK_MIB (64) when it is not there, and kept; DISK=none for a machine without.

KERNEL ?= $(B)/$(if $(filter 1,$(TRACE)),trace/)kernel/kernel.elf
SYSTEM ?= base
comma := ,
LX_KEYS ?= $(if $(XDG_DATA_HOME),$(XDG_DATA_HOME),$(HOME)/.local/share)/lx-os/keys
QEMU := qemu-system-aarch64
QEMU_BOARD := virt,virtualization=on,gic-version=2
QEMU_MACHINE := -machine $(QEMU_BOARD) -cpu cortex-a53 -m 2G -nic none -global virtio-mmio.force-legacy=false

# ---- keys and the board -------------------------------------------------------------------------------------------------

# Other keys make everything anew.
$(B)/keys.choice: FORCE
	@mkdir -p $(@D)
	@echo '$(LX_KEYS)' | cmp -s - $@ || echo '$(LX_KEYS)' >$@

# The pair is made once, outside the tree; the loader gets the public half.
$(B)/keys/image.pub: $(B)/host/bin/lxpack $(B)/keys.choice
	@mkdir -p $(@D)
	$(Q)$< key $(LX_KEYS)/image.key $@

$(B)/board/qemu_virt.dtb: | $(B)/deps
	@mkdir -p $(@D)
	$(Q)$(QEMU) $(QEMU_MACHINE) -machine dumpdtb=$@ -display none 2>/dev/null

# What another board has in fuses, QEMU has in a file of the image that the keystore alone can read: one secret for each directory of keys.
# `device_secret` is given to every system with such a file.
$(B)/device.secret: $(B)/keys.choice
	@mkdir -p $(@D) $(LX_KEYS)
	@[ -e $(LX_KEYS)/device.secret ] || { umask 077; head -c 32 /dev/urandom >$(LX_KEYS)/device.secret.new && \
		mv $(LX_KEYS)/device.secret.new $(LX_KEYS)/device.secret; }
	@umask 077; cp $(LX_KEYS)/device.secret $@

# ---- the loader -----------------------------------------------------------------------------------------------------------

loader_libs = $(call archives,boot,$(LOADER.uses))
# The loader's own code also runs before the MMU does, when every access must be aligned; libraries run after.
$(eval $(call compile,boot,$(LOADER.dir),$(LOADER.uses),-mstrict-align -DTRUST_KEY_FILE='"$(B)/keys/image.pub"'))
$(B)/boot/$(LOADER.dir)/trust.S.o: $(B)/keys/image.pub
$(B)/boot/loader.elf: $(call objects,boot,$(LOADER.dir)) $(loader_libs) $(LOADER.dir)/loader.ld
	@mkdir -p $(@D)
	$(Q)$(boot.cc) $(boot.ldflags) -T $(LOADER.dir)/loader.ld -o $@ $(call objects,boot,$(LOADER.dir)) \
		-Wl,--start-group $(loader_libs) -Wl,--end-group -lgcc
$(B)/boot/loader.bin: $(B)/boot/loader.elf
	$(Q)$(CROSS)objcopy -O binary --pad-to=0x$$($(CROSS)nm $< | sed -n 's/^\([0-9a-f]*\) . loader_image_end$$/\1/p') $< $@

# ---- components ----------------------------------------------------------------------------------------------------------

# Headers of all interfaces: #include "proto/NAME.h".
$(B)/inc/proto/proto.h: | $(B)/inc/proto/proto
$(B)/inc/proto/proto:
	@mkdir -p $(@D)
	@ln -sfn $(CURDIR)/proto $@

component_libs = $(call archives,arm64,$(1))
# component NAME, USES: links what a directory declares.
define component
$(call compile,arm64,$(service.$(1).dir),$(2))
$(B)/arm64/services/$(1).elf: $(call objects,arm64,$(service.$(1).dir)) $(call component_libs,$(2)) rt/component.ld
	@mkdir -p $$(@D)
	$$(Q)$(arm64.cc) $(arm64.ldflags) -T rt/component.ld -o $$@ $(call objects,arm64,$(service.$(1).dir)) \
		-Wl,--start-group $(call component_libs,$(2)) -lc -lgcc -Wl,--end-group
endef
rt_uses := rt invoke mem base format shmq proto
$(foreach s,$(filter-out $(ROOT_TASKS),$(SERVICES)),$(eval $(call component,$(s),$(sort $(service.$(s).uses) $(rt_uses)))))
$(foreach s,$(ROOT_TASKS),$(eval $(call component,$(s),$(service.$(s).uses))))
components := $(SERVICES:%=$(B)/arm64/services/%.elf)
components: $(components)

# ---- systems and their images -----------------------------------------------------------------------------------------------

systems := $(notdir $(basename $(wildcard systems/*.sys tests/system/*.sys)))
pack_flags = -p $(B)/arm64/services -d $(B)/board/qemu_virt.dtb
pack_needs := $(B)/host/bin/lxpack $(components) $(B)/board/qemu_virt.dtb

# Another KERNEL on the command line makes the images anew.
$(B)/kernel.choice: FORCE
	@mkdir -p $(@D)
	@echo '$(KERNEL)' | cmp -s - $@ || echo '$(KERNEL)' > $@

# 6 MiB for the test of the loader's speed; any bytes do.
$(B)/payload.bin:
	@mkdir -p $(@D)
	@yes 'bytes of a package' | head -c 6291456 >$@
core.files := payload=$(B)/payload.bin
$(B)/core.img: $(B)/payload.bin

# A kernel that answers everybody: for one test only.
debugcalls.kernel := $(B)/debug/kernel/kernel.elf
$(debugcalls.kernel): $(B)/kernel/kernel.elf
	$(Q)$(MAKE) --no-print-directory B=$(B)/debug KERNEL_OPTIONS=-DKERNEL_DEBUG_CALLS=1 $@

# A kernel that writes a trace: TRACE=1 makes it that of every image.
$(B)/trace/kernel/kernel.elf: $(B)/kernel/kernel.elf
	$(Q)$(MAKE) --no-print-directory B=$(B)/trace KERNEL_OPTIONS=-DKERNEL_TRACE=1 $@

# image NAME SYS: from a .sys file; NAME.files: files on the command line of lxpack, as NAME=PATH; NAME.kernel: not KERNEL.
define image
$(B)/$(1).img: $(2) $(B)/device.secret $(pack_needs) $(B)/boot/loader.bin $(or $($(1).kernel),$(KERNEL)) $(B)/kernel.choice
	@mkdir -p $$(@D)/$(1)
	$$(Q)$(B)/host/bin/lxpack pack -k $(or $($(1).kernel),$(KERNEL)) -l $(B)/boot/loader.bin -s $(LX_KEYS)/image.key $$(pack_flags) \
		-r $$(@D)/$(1) -o $$@ $$($(1).files) $$$$(grep -q "^file device_secret" $(2) && echo device_secret=$(B)/device.secret) $(2)
endef
$(foreach s,$(wildcard systems/*.sys tests/system/*.sys),$(eval $(call image,$(notdir $(basename $(s))),$(s))))
images: $(systems:%=$(B)/%.img) $(B)/traced.img $(B)/tests.img $(B)/hostile.img $(B)/small_budget.img $(B)/calm.img $(B)/conformance.img

# LX_SCRIPT=FILE types the file's lines on the console, shows what comes back, and switches the machine off (tools/lxrun); make ends
# with the status of the last command.
DISK ?= $(B)/disk.raw
DISK_MIB ?= 64
disk_file := $(filter-out none,$(DISK))
qemu_disk := $(if $(disk_file),-drive if=none$(comma)id=disk$(comma)format=raw$(comma)file=$(disk_file) \
	-device virtio-blk-device$(comma)drive=disk$(comma)bus=virtio-mmio-bus.31)
$(if $(disk_file),$(disk_file),$(B)/no-disk):
	@mkdir -p $(@D)
	@truncate -s $(DISK_MIB)M $@
boot_qemu = $(QEMU) $(QEMU_MACHINE) $(qemu_disk) -nographic -kernel $<
ifeq ($(LX_SCRIPT),)
run: $(B)/$(SYSTEM).img | $(disk_file)
	$(boot_qemu)
else
run: run-script $(B)/host/exit.so
	$(eval load $(B)/host/exit.so)$(exit-with $(file <$(B)/run.status))
run-script: $(B)/$(SYSTEM).img $(B)/host/bin/lxrun | $(disk_file)
	@$(B)/host/bin/lxrun $(LX_SCRIPT) $(boot_qemu); echo $$? >$(B)/run.status
$(B)/host/exit.so: mk/exit.c
	@mkdir -p $(@D)
	$(Q)$(host.cc) -std=c17 -Wall -Wextra -Werror -O2 -fPIC -shared -o $@ $<
.PHONY: run-script
endif

# QEMU waits for a debugger; build/NAME/gdb has the symbols of kernel and loader, and `lx-component NAME` those of one component.
debug: $(B)/$(SYSTEM).img | $(disk_file)
	@{ echo 'set architecture aarch64'; echo 'file $(KERNEL)'; echo 'add-symbol-file $(B)/boot/loader.elf'; \
	   echo 'define lx-component'; echo '  symbol-file $(B)/arm64/services/$$arg0.elf'; echo 'end'; \
	   echo 'document lx-component'; echo 'Load the symbols of one component; all lie at the same addresses.'; echo 'end'; \
	   echo 'target remote :1234'; } >$(B)/$(SYSTEM)/gdb
	@echo 'now, in another terminal: gdb-multiarch -x $(B)/$(SYSTEM)/gdb'
	$(boot_qemu) -S -s

# ---- tests ------------------------------------------------------------------------------------------------------------------

system_tests := $(sort $(wildcard tests/system/*.test))
bad_systems := $(sort $(wildcard systems/bad/*.sys))
is_own_kernel := $(filter $(B)/kernel/kernel.elf $(B)/trace/kernel/kernel.elf,$(KERNEL))
# A kernel is there when its file is, or when the tree has one to build.
has_kernel := $(if $(wildcard $(KERNEL))$(and $(is_own_kernel),$(kernel.dir)),yes)

# Each file in systems/bad has one mistake and, in its first line, what lxpack must say about it.
check-bad: $(pack_needs)
	@tests/run.sh bad "$(B)/host/bin/lxpack check $(pack_flags)" $(bad_systems)

check-tools: $(pack_needs) tools
	@B=$(B) CROSS=$(CROSS) tests/run.sh each tools sh $(wildcard tests/tools/*_test.sh)

check-model: | $(B)/deps
	@tests/run.sh each model sh tests/model/run.sh

# With another kernel than the tree's, what only ours does is left out; the scripts say why.
left_out := $(if $(is_own_kernel),,$(shell grep -l '^own-kernel' $(system_tests)))
system_tests := $(filter-out $(left_out),$(system_tests))

ifeq ($(has_kernel),yes)
check-system: images $(B)/base.img $(B)/host/bin/lxtest $(B)/host/bin/lxrun
	@$(if $(left_out),sed -n 's|^own-kernel |system: left out with $(KERNEL): |p' $(left_out))
	@tests/run.sh each system "$(B)/host/bin/lxtest -i $(B)" $(system_tests)
	@B=$(B) KERNEL=$(KERNEL) tests/run.sh each run sh tests/system/run_test.sh tests/system/secrets_test.sh

# Not in `make check`: SOAK_SECONDS of random work, seed SOAK_SEED, after which nothing may be left behind.
soak: $(B)/tests.img $(B)/host/bin/lxtest
	@sh tests/system/soak.sh $(B)/host/bin/lxtest $(or $(SOAK_SECONDS),600) $(SOAK_SEED)

bench-system: images $(B)/host/bin/lxtest
	@$(B)/host/bin/lxtest -i $(B) -b $(B)/bench.csv $(shell grep -l '^measure' $(system_tests)) | sed -n 's/^# //p'
else
check-system:
	@echo 'system: skipped, there is no kernel ($(KERNEL)); KERNEL=path/to/sel4.elf names one'
bench-system: check-system
endif

.PHONY: components images run debug soak check-bad check-tools check-model check-system bench-system
