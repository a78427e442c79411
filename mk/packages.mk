# Packages: made from systems/NAME/package.lx, signed and approved, and bundled for boot images.
#
#   build/NAME.lxp             packages; each is signed with the key "release"
#   build/owner.{chain,list,anchor}   the approvals of the key "owner", for all packages in PACKAGES
#   build/packages.bundle      all packages in PACKAGES
#
# Keys are in LX_KEYS, outside of the tree, and made when they are not there. What is signed or approved already is not signed
# again. PACKAGES: what the bundle has.

PACKAGES := $(B)/base.lxp
lx := $(B)/host/bin/lx
lx_keys = --keys $(LX_KEYS)

# Other keys make everything anew.
$(B)/keys.choice: FORCE
	@mkdir -p $(@D)
	@echo '$(LX_KEYS)' | cmp -s - $@ || echo '$(LX_KEYS)' >$@

# The page of code that is in every process: lib/linux/abipage.
abipage := lib/linux/abipage
$(B)/linux/abipage.so: $(abipage)/abipage.S $(abipage)/abipage.h $(abipage)/abipage.lds $(B)/linux/flags
	$(Q)$(linux.cc) $(filter-out -fno-pic -fno-pie,$(aarch64)) -I$(abipage) -nostdlib -shared \
		-Wl,-T,$(abipage)/abipage.lds,--hash-style=sysv,-soname=linux-vdso.so.1,--build-id=none,-z,noexecstack \
		-Wl,-z,max-page-size=4096,--fatal-warnings -o $@ $<

# package NAME, KEY, FILES: build/NAME.lxp from systems/NAME/package.lx, of which FILES are made by other rules.
define package
$(B)/$(1).lxp: systems/$(1)/package.lx $(shell find systems/$(1) -type f) $(3) $(lx) $(B)/keys.choice mk/chain_key.sh | $(B)/deps
	$(Q)key=$$$$(sh mk/chain_key.sh $(lx) $(LX_KEYS) $(2)) && \
		$(lx) pack $(lx_keys) -k $$$$key -f $$< -o $$@ cache=$(abspath $(LX_CACHE)) build=$(CURDIR)/$(B) >$$@.log && \
		$(lx) sign $(lx_keys) -k $$$$key $$@ >>$$@.log || { cat $$@.log; exit 1; }
endef
$(eval $(call package,base,release,$(B)/linux/bin/lx $(B)/linux/abipage.so))

$(B)/owner.chain $(B)/owner.list $(B)/owner.anchor &: $(PACKAGES) $(lx) $(B)/keys.choice
	$(Q)key=$$(sh mk/chain_key.sh $(lx) $(LX_KEYS) owner) && \
		$(lx) approve $(lx_keys) -k $$key $(PACKAGES) >$(B)/owner.log && \
		$(lx) key export $(lx_keys) $$key $(B)/owner >>$(B)/owner.log || { cat $(B)/owner.log; exit 1; }

$(B)/packages.bundle: $(PACKAGES)
	$(Q)$(lx) bundle -o $@ $(PACKAGES) >$@.log

# What systems with programs need in their images.
owner_files := $(B)/owner.anchor $(B)/owner.chain $(B)/owner.list
base.files := packages=$(B)/packages.bundle owner_anchor=$(B)/owner.anchor owner_chain=$(B)/owner.chain \
	owner_list=$(B)/owner.list
$(B)/base.img: $(B)/packages.bundle $(owner_files)

# What must be refused, beside what must not: a bundle, and an owner who approves what is good (tests/attack/make_bad).
$(B)/attack/packages.bundle: $(B)/host/bin/make_bad $(PACKAGES)
	@mkdir -p $(@D)
	$(Q)$< $(@D) $(PACKAGES)
$(addprefix $(B)/attack/owner.,anchor chain list): $(B)/attack/packages.bundle

packages: $(B)/packages.bundle $(B)/owner.anchor
.PHONY: packages
