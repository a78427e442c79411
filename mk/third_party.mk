# Code of others that we compile ourselves for variants without packages of it, from pinned sources in the cache. A third-party
# library is used like our own: its name stands in USES. Of its files only those listed are compiled; our warnings do not
# apply to them. Host variants link the packaged library instead.
#
#   NAME.skip        variants that do not compile it       NAME.source      its directory below the cache
#   NAME.V.files     what variant V compiles of it         NAME.defines     its configuration
#   NAME.includes    its include directories               NAME.host_libs   the packaged library, for host variants

LX_CACHE ?= $(if $(XDG_CACHE_HOME),$(XDG_CACHE_HOME),$(HOME)/.cache)/lx-os

THIRD_PARTY := sodium

# libsodium: Ed25519 verification. Its utils.c needs an operating system; who links this for a target provides sodium_memzero,
# sodium_memcmp and sodium_is_zero. More of the library: add its files here.
sodium.skip := host asan fuzz linux kernel
sodium.host_libs := -lsodium
sodium.source := libsodium-src/src/libsodium
sodium.includes := $(B)/inc/sodium/sodium $(LX_CACHE)/$(sodium.source)/include/sodium
sodium.defines := -DCONFIGURED=1 -DNATIVE_LITTLE_ENDIAN=1 -DHAVE_TI_MODE=1 -DSODIUM_STATIC=1
sodium.boot.files := crypto_sign/ed25519/ref10/open crypto_sign/ed25519/ref10/sign crypto_core/ed25519/ref10/ed25519_ref10 \
	crypto_hash/sha512/cp/hash_sha512_cp crypto_verify/sodium/verify
sodium.arm64.files := $(sodium.boot.files)

# Its public headers as one directory; version.h is normally made by its configure script.
$(B)/inc/sodium/sodium.h: | $(B)/deps
	@mkdir -p $(@D)/sodium
	@ln -sf $(LX_CACHE)/$(sodium.source)/include/sodium/*.h $(@D)/sodium/
	@sed -e 's/@VERSION@/1.0.18/; s/@SODIUM_LIBRARY_VERSION_MAJOR@/10/; s/@SODIUM_LIBRARY_VERSION_MINOR@/3/' \
		-e '/@SODIUM_LIBRARY_MINIMAL_DEF@/d' $(LX_CACHE)/$(sodium.source)/include/sodium/version.h.in >$(@D)/sodium/version.h
	@ln -sf $(LX_CACHE)/$(sodium.source)/include/sodium.h $@

# third_party VARIANT NAME: compiles what the variant lists.
define third_party
$(B)/$(1)/third_party/$(2)/%.o: $(B)/$(1)/flags $(B)/inc/$(2)/$(2).h | $(B)/deps
	@mkdir -p $$(@D)
	$$(Q)$($(1).cc) $(filter-out -W%,$($(1).cflags)) -w $($(2).defines) $($(2).includes:%=-I%) -I$(B)/inc/$(2) \
		-c $(LX_CACHE)/$($(2).source)/$$*.c -o $$@
$(B)/$(1)/lib/$(2).a: $($(2).$(1).files:%=$(B)/$(1)/third_party/$(2)/%.o)
	@mkdir -p $$(@D)
	@rm -f $$@
	$$(Q)$($(1).ar) rcs $$@ $$^
endef

$(foreach l,$(THIRD_PARTY),$(foreach v,$(filter-out $($(l).skip),$(VARIANTS)),$(eval $(call third_party,$(v),$(l)))))
