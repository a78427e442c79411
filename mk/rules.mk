# What a module.mk can declare. A module is a directory; its module.mk holds declarations only:
#
#   $(call lib,USES)           a library: every *.c here but *_test.c, *_fuzz.c and *_main.c; its header is DIR/NAME.h
#   $(call tool,USES,LDLIBS)   a program for the host            -> build/host/bin/NAME
#   $(call service,USES)       a component                       -> build/arm64/services/NAME.elf
#   $(call root_task,USES)     a component that the kernel starts, without the runtime (mk/system.mk)
#   $(call loader,USES)        the boot loader               -> build/boot/loader.bin
#   $(call app,USES)           a static Linux program            -> build/linux/bin/NAME
#   $(call kernel,PLATFORM)     the kernel -> build/kernel/kernel.elf; its parts see kernel/ and the platform's constants
#   $(call host_libs,LDLIBS)   system libraries that this module's host programs and tests link
#   $(call test_libs,LDLIBS)   system libraries that only its tests link: oracles
#   $(call test_uses,USES)     libraries that only its tests and fuzzers use, and may include
#   $(call skip,VARIANTS)      variants in which this library is not built
#
# USES names libraries. The include path of a module is the public headers of what it uses, its own directory, abi/ and
# nothing else. A library has tests (x_test.c: ASan and UBSan, run by `make check`) and fuzzers (x_fuzz.c) beside it.

here = $(patsubst %/,%,$(dir $(lastword $(MAKEFILE_LIST))))

lib = $(eval LIBS += $(notdir $(here)))$(eval $(notdir $(here)).dir := $(here))$(eval $(notdir $(here)).uses := $(1))
tool = $(eval TOOLS += $(notdir $(here)))$(eval tool.$(notdir $(here)).dir := $(here))$(eval \
	tool.$(notdir $(here)).uses := $(1))$(eval tool.$(notdir $(here)).ldlibs := $(2))
service = $(eval SERVICES += $(notdir $(here)))$(eval service.$(notdir $(here)).dir := $(here))$(eval \
	service.$(notdir $(here)).uses := $(1))
root_task = $(call service,$(1))$(eval ROOT_TASKS += $(notdir $(here)))
loader = $(eval LOADER.dir := $(here))$(eval LOADER.uses := $(1))
app = $(eval APPS += $(notdir $(here)))$(eval app.$(notdir $(here)).dir := $(here))$(eval \
	app.$(notdir $(here)).uses := $(1))
kernel = $(eval kernel.dir := $(here))$(eval kernel.platform := $(here)/$(1))
host_libs = $(eval $(notdir $(here)).host_libs := $(1))
test_libs = $(eval $(notdir $(here)).test_libs := $(1))
test_uses = $(eval $(notdir $(here)).test_uses := $(1))
skip = $(eval $(notdir $(here)).skip := $(1))

# ---- after all modules are read -------------------------------------------------------------------------------------

# closure NAMES: the libraries and all that they use, each before what it uses, so that a linker is happy.
reverse = $(if $(1),$(call reverse,$(wordlist 2,999,$(1))) $(firstword $(1)))
flatten = $(foreach l,$(1),$(l) $(call flatten,$($(l).uses)))
last_only = $(if $(1),$(if $(filter $(firstword $(1)),$(wordlist 2,999,$(1))),,$(firstword $(1)) )$(call \
	last_only,$(wordlist 2,999,$(1))))
closure = $(strip $(call last_only,$(call flatten,$(1))))

inc = $(foreach l,$(1),-I$(B)/inc/$(l)) -Iabi
archives = $(foreach l,$(call closure,$(2)),$(if $(filter $(1),$($(l).skip)),,$(B)/$(1)/lib/$(l).a))
headers = $(foreach l,$(1),$(B)/inc/$(l)/$(l).h)
system_libs = $(sort $(foreach l,$(call closure,$(1)),$($(l).host_libs)))

# sources VARIANT DIR: what of DIR belongs to a variant; *_aarch64.* and *_x86_64.* only to their architecture.
sources = $(filter-out %_test.c %_fuzz.c $(if $(filter-out aarch64,$($(1).arch)),%_aarch64.c %_aarch64.S) \
	$(if $(filter-out x86_64,$($(1).arch)),%_x86_64.c %_x86_64.S),$(wildcard $(2)/*.c $(2)/*.S))
objects = $(patsubst %,$(B)/$(1)/%.o,$(call sources,$(1),$(2)))

# compile VARIANT DIR USES EXTRA_FLAGS SUFFIX: how a file of DIR, whose name ends in SUFFIX, becomes an object.
define compile
$(B)/$(1)/$(2)/%$(5).c.o: $(2)/%$(5).c $(B)/$(1)/flags $(call headers,$(3)) | $(B)/deps
	@mkdir -p $$(@D)
	$$(Q)$($(1).cc) $($(1).cflags) $(4) $(call inc,$(3)) -I$(2) -MMD -MP -c $$< -o $$@
$(B)/$(1)/$(2)/%.S.o: $(2)/%.S $(B)/$(1)/flags | $(B)/deps
	@mkdir -p $$(@D)
	$$(Q)$($(1).cc) $($(1).cflags) $(4) $(call inc,$(3)) -I$(2) -MMD -MP -c $$< -o $$@
endef

define library
$(call compile,$(1),$($(2).dir),$($(2).uses) $(2))
$(if $($(2).test_uses),$(call compile,$(1),$($(2).dir),$($(2).uses) $($(2).test_uses) $(2),,_test)
$(call compile,$(1),$($(2).dir),$($(2).uses) $($(2).test_uses) $(2),,_fuzz))
$(B)/$(1)/lib/$(2).a: $(call objects,$(1),$($(2).dir))
	@mkdir -p $$(@D)
	@rm -f $$@
	$$(Q)$($(1).ar) rcs $$@ $$^
endef

define public_header
$(B)/inc/$(1)/$(1).h: | $($(1).dir)/$(1).h
	@mkdir -p $$(@D)
	@ln -sf $(CURDIR)/$($(1).dir)/$(1).h $$@
endef

# host_program VARIANT OUTPUT OBJECT_SOURCES USES LDLIBS
define host_program
$(2): $(3) $(call archives,$(1),$(4))
	@mkdir -p $$(@D)
	$$(Q)$($(1).cc) $($(1).ldflags) -o $$@ $(3) -Wl,--start-group $(call archives,$(1),$(4)) -Wl,--end-group \
		$(5) $(call system_libs,$(4))
endef

define stamp
$(B)/$(1)/flags: FORCE
	@mkdir -p $$(@D)
	@echo '$($(1).cc) $($(1).cflags) $($(1).ldflags)' | cmp -s - $$@ || \
		echo '$($(1).cc) $($(1).cflags) $($(1).ldflags)' > $$@
endef
