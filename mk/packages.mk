# Packages: made from systems/NAME/package.lx, signed and approved, and bundled for boot images.
#
#   build/NAME.lxp             packages; each is signed with the key "release"
#   build/owner.{chain,list,anchor,bundle}   the approvals of the key "owner", and the packages that they are for
#
# Keys are in LX_KEYS, outside of the tree, and made when they are not there. What is signed or approved already is not signed
# again.

lx := $(B)/host/bin/lx
lx_keys = --keys $(LX_KEYS)

# More packages, on the command line, that the owner approves and base.img carries.
PACKAGES ?=
$(B)/packages.choice: FORCE
	@mkdir -p $(@D)
	@echo '$(PACKAGES)' | cmp -s - $@ || echo '$(PACKAGES)' >$@

# The page of code that is in every process: lib/linux/abipage.
abipage := lib/linux/abipage
$(B)/linux/abipage.so: $(abipage)/abipage.S $(abipage)/abipage.h $(abipage)/abipage.lds $(B)/linux/flags | $(B)/deps
	$(Q)$(CROSS)gcc $(filter-out -fno-pic -fno-pie,$(aarch64)) -I$(abipage) -nostdlib -shared -s \
		-Wl,-T,$(abipage)/abipage.lds,--hash-style=sysv,-soname=linux-vdso.so.1,--build-id=none,-z,noexecstack \
		-Wl,-z,max-page-size=4096,--fatal-warnings -o $@ $<

# package NAME, DIR, KEY, FILES: build/NAME.lxp from DIR/package.lx, of which FILES are made by other rules.
define package
$(B)/$(1).lxp: $(shell find $(2) -type f) $(4) $(lx) $(B)/keys.choice mk/chain_key.sh | $(B)/deps
	$(Q)key=$$$$(sh mk/chain_key.sh $(lx) $(LX_KEYS) $(3)) && \
		$(lx) pack $(lx_keys) -k $$$$key -f $(2)/package.lx -o $$@ cache=$(abspath $(LX_CACHE)) build=$(CURDIR)/$(B) >$$@.log && \
		$(lx) sign $(lx_keys) -k $$$$key $$@ >>$$@.log || { cat $$@.log; exit 1; }
endef

# Every release is approved, also one that is older than what another checkout has made with the same keys: the image is signed, and
# has just these. An owner of devices says from which release on.
# owner NAME, PACKAGES: build/NAME.chain, .list and .anchor of key NAME, who approves these, and their bundle; and IMAGE.files for
# an image of systems/base.sys with them.
define owner
$(B)/$(1).chain $(B)/$(1).list $(B)/$(1).anchor &: $(2) $(lx) $(B)/keys.choice
	$(Q)key=$$$$(sh mk/chain_key.sh $(lx) $(LX_KEYS) $(1)) && \
		$(lx) approve $(lx_keys) -k $$$$key --min-seq 1 $(2) >$(B)/$(1).log && \
		$(lx) key export $(lx_keys) $$$$key $(B)/$(1) >>$(B)/$(1).log || { cat $(B)/$(1).log; exit 1; }
$(B)/$(1).bundle: $(2) $(lx)
	$(Q)$(lx) bundle -o $$@ $(2) >$$@.log
$(1).owned := $(B)/$(1).bundle $(B)/$(1).anchor $(B)/$(1).chain $(B)/$(1).list
$(1).owned_files := packages=$(B)/$(1).bundle owner_anchor=$(B)/$(1).anchor owner_chain=$(B)/$(1).chain owner_list=$(B)/$(1).list
endef

$(eval $(call package,base,systems/base,release,$(B)/linux/bin/lx $(B)/linux/abipage.so))
$(eval $(call package,programs,tests/programs,tester,$(B)/linux/bin/lxbench $(B)/linux/bin/abi \
	$(B)/linux/bin/forbidden $(B)/linux/bin/pinned $(B)/linux/bin/keep $(B)/linux/database $(B)/linux/cold))

# SQLite with a program that tests it, as it would be built for any Linux.
sqlite := $(LX_CACHE)/libsqlite3-dev-3.40.1-2_deb12u2/usr
$(B)/linux/database: tests/programs/database/database.c $(B)/linux/flags | $(B)/deps
	$(Q)$(CROSS)gcc -O2 -Wall -Wextra -Werror -static -Wl,--no-warnings -isystem $(sqlite)/include -o $@ $< $(sqlite)/lib/aarch64-linux-gnu/libsqlite3.a -lm

# Another busybox in its bytes, so that no page of it is shared: for measuring a first start.
$(B)/linux/cold: | $(B)/deps
	@mkdir -p $(@D)
	@{ cat $(LX_CACHE)/busybox-static-*/bin/busybox; echo; } >$@
$(eval $(call owner,owner,$(B)/base.lxp $(PACKAGES)))
$(owner.owned): $(B)/packages.choice
$(eval $(call owner,test-owner,$(B)/base.lxp $(B)/programs.lxp))

# The base system, and the same with programs that test it.
base.files = $(owner.owned_files)
tests.files = $(test-owner.owned_files)
$(B)/base.img: $(owner.owned)
$(B)/tests.img: $(test-owner.owned)
$(eval $(call image,tests,systems/base.sys))

# The verifier alone, and with a list in which somebody changed a developer's name after the owner had signed it.
$(B)/ledger_list.list: $(B)/owner.list
	$(Q)LC_ALL=C sed 's/developer of /Developer of /' $< >$@ && ! cmp -s $< $@
ledger.files = $(owner.owned_files)
ledger_list.files = $(filter-out owner_list=%,$(owner.owned_files)) owner_list=$(B)/ledger_list.list
$(B)/ledger.img: $(owner.owned)
$(B)/ledger_list.img: $(owner.owned) $(B)/ledger_list.list

# The base system with a hostile component in the place of its Linux server: with all that a server that was taken over can ask for.
$(B)/hostile.sys: systems/base.sys
	@mkdir -p $(@D)
	$(Q)sed -e 's/^system base/system hostile/; s/^component linux$$/& from hostile/; s/restart  3 per/restart  8 per/' $< >$@
hostile.files = $(owner.owned_files)
$(B)/hostile.img: $(owner.owned)
$(eval $(call image,hostile,$(B)/hostile.sys))

# The base system on a kernel that writes a trace.
traced.kernel := $(B)/trace/kernel/kernel.elf
traced.files = $(owner.owned_files)
$(B)/traced.img: $(owner.owned)
$(eval $(call image,traced,systems/base.sys))

# The base system with tests, and a budget of scrub that ends within whatever it does.
$(B)/small_budget.sys: systems/base.sys
	@mkdir -p $(@D)
	$(Q)sed -e 's/^system base/system small_budget/; s|1ms / 20ms|60us / 2ms|' $< >$@
small_budget.files = $(test-owner.owned_files)
$(B)/small_budget.img: $(test-owner.owned)
$(eval $(call image,small_budget,$(B)/small_budget.sys))

# The same with a scrub that takes a thousandth of the time: for measuring what waits for a disk.
$(B)/calm.sys: systems/base.sys
	@mkdir -p $(@D)
	$(Q)sed -e 's/^system base/system calm/; s|1ms / 20ms|20us / 20ms|' $< >$@
calm.files = $(test-owner.owned_files)
$(B)/calm.img: $(test-owner.owned)
$(eval $(call image,calm,$(B)/calm.sys))

# What one owner signed at several moments, for a device that must not go back (tests/system/rollback/make.sh).
moments := older newer withdrawn held mixed
rollback_images := $(moments:%=$(B)/rollback-%.img)
$(B)/rollback/mixed.bundle: tests/system/rollback/make.sh $(B)/base.lxp $(B)/linux/bin/lxbench $(lx)
	@mkdir -p $(@D)
	$(Q)sh $< $(abspath $(lx)) $(abspath $(@D)) $(abspath $(LX_CACHE)) $(CURDIR)/$(B) $(CURDIR)/$(B)/linux/bin/lxbench >$(B)/rollback.log 2>&1 || \
		{ cat $(B)/rollback.log; exit 1; }
images: $(rollback_images)
$(rollback_images): $(B)/rollback/mixed.bundle
$(foreach m,$(moments),$(eval rollback-$(m).files = packages=$(B)/rollback/$(m).bundle owner_anchor=$(B)/rollback/$(m).anchor \
	owner_chain=$(B)/rollback/$(m).chain owner_list=$(B)/rollback/$(m).list)$(eval $(call image,rollback-$(m),systems/base.sys)))

# What must be refused, beside what must not (tests/attack/make_bad): a bundle with an image in which the owner approves what is good,
# and one image for each attack on what the owner says.
owner_attacks := signature truncated reordered repeated key other network list old-list nobody
attack_images := $(B)/attack.img $(owner_attacks:%=$(B)/attack-%.img)
$(B)/attack/packages.bundle: $(B)/host/bin/make_bad $(B)/base.lxp
	@mkdir -p $(@D)
	$(Q)$< $(@D) $(B)/base.lxp
attacked = packages=$(B)/attack/packages.bundle owner_anchor=$(B)/attack/$(1).anchor owner_chain=$(B)/attack/$(1).chain \
	owner_list=$(B)/attack/$(1).list
attack.files = $(call attacked,owner)
$(foreach a,$(owner_attacks),$(eval attack-$(a).files = $(call attacked,owner-$(a))))
$(attack_images): $(B)/attack/packages.bundle
$(foreach a,attack $(owner_attacks:%=attack-%),$(eval $(call image,$(a),systems/base.sys)))

ifeq ($(has_kernel),yes)
check-attack: $(attack_images) $(B)/host/bin/lxrun $(B)/host/bin/lxtest
	@B=$(B) MACHINE='$(QEMU) $(QEMU_MACHINE) -nographic' tests/run.sh each attack sh $(wildcard tests/attack/*_test.sh)
else
check-attack:
	@echo 'attack: skipped, there is no kernel ($(KERNEL))'
endif
checks += check-attack

packages: $(owner.owned)
.PHONY: packages check-attack
