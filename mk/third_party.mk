# Code of others that we compile ourselves for variants without packages of it, from pinned sources in the cache. A third-party
# library is used like our own: its name stands in USES. Of its files only those listed are compiled; our warnings do not
# apply to them. Host variants link the packaged library instead.
#
#   NAME.skip        variants that do not compile it       NAME.source      its directory below the cache
#   NAME.V.files     what variant V compiles of it         NAME.defines, NAME.V.defines   its configuration
#   NAME.includes    its include directories               NAME.host_libs   the packaged library, for host variants

LX_CACHE ?= $(if $(XDG_CACHE_HOME),$(XDG_CACHE_HOME),$(HOME)/.cache)/lx-os

THIRD_PARTY := sodium

# libsodium: Ed25519 verification for the loader; XChaCha20-Poly1305 and Argon2 for components. Its utils.c needs an operating system; who
# links this for a target provides sodium_memzero, sodium_memcmp, sodium_is_zero and, for Argon2, memory (lib/llll/llc_kdf). More of the
# library: add its files here.
sodium.skip := host asan fuzz linux kernel
sodium.host_libs := -lsodium
sodium.source := libsodium-src/src/libsodium
sodium.includes := $(B)/inc/sodium/sodium $(LX_CACHE)/$(sodium.source)/include/sodium
sodium.defines := -DCONFIGURED=1 -DNATIVE_LITTLE_ENDIAN=1 -DHAVE_TI_MODE=1 -DSODIUM_STATIC=1
sodium.boot.files := crypto_sign/ed25519/ref10/open crypto_sign/ed25519/ref10/sign crypto_core/ed25519/ref10/ed25519_ref10 \
	crypto_hash/sha512/cp/hash_sha512_cp crypto_verify/sodium/verify
sodium.arm64.files := $(sodium.boot.files) crypto_aead/xchacha20poly1305/sodium/aead_xchacha20poly1305 crypto_core/hchacha20/core_hchacha20 \
	crypto_stream/chacha20/stream_chacha20 crypto_stream/chacha20/ref/chacha20_ref crypto_onetimeauth/poly1305/onetimeauth_poly1305 \
	crypto_onetimeauth/poly1305/donna/poly1305_donna crypto_pwhash/argon2/argon2-core crypto_pwhash/argon2/argon2 \
	crypto_pwhash/argon2/argon2-encoding crypto_pwhash/argon2/argon2-fill-block-ref crypto_pwhash/argon2/blake2b-long \
	crypto_generichash/blake2b/ref/blake2b-ref crypto_generichash/blake2b/ref/blake2b-compress-ref \
	crypto_generichash/blake2b/ref/generichash_blake2b
sodium.arm64.defines := -Dmalloc=kdf_take -Dfree=kdf_give

# Its public headers as one directory; version.h is normally made by its configure script.
$(B)/inc/sodium/sodium.h: mk/third_party.mk | $(B)/deps
	@mkdir -p $(@D)/sodium
	@ln -sf $(LX_CACHE)/$(sodium.source)/include/sodium/*.h $(@D)/sodium/
	@sed -e 's/@VERSION@/1.0.18/; s/@SODIUM_LIBRARY_VERSION_MAJOR@/10/; s/@SODIUM_LIBRARY_VERSION_MINOR@/3/' \
		-e '/@SODIUM_LIBRARY_MINIMAL_DEF@/d' $(LX_CACHE)/$(sodium.source)/include/sodium/version.h.in >$(@D)/sodium/version.h
	@ln -sf $(LX_CACHE)/$(sodium.source)/crypto_pwhash/argon2/argon2.h $(@D)/sodium_argon2.h
	@rm -f $@ && cp $(LX_CACHE)/$(sodium.source)/include/sodium.h $@ && touch $@

# third_party VARIANT NAME: compiles what the variant lists.
define third_party
$(B)/$(1)/third_party/$(2)/%.o: $(B)/$(1)/flags $(B)/inc/$(2)/$(2).h | $(B)/deps
	@mkdir -p $$(@D)
	$$(Q)$($(1).cc) $(filter-out -W%,$($(1).cflags)) -w $($(2).defines) $($(2).$(1).defines) $($(2).includes:%=-I%) -I$(B)/inc/$(2) \
		-c $(LX_CACHE)/$($(2).source)/$$*.c -o $$@
$(B)/$(1)/lib/$(2).a: $($(2).$(1).files:%=$(B)/$(1)/third_party/$(2)/%.o)
	@mkdir -p $$(@D)
	@rm -f $$@
	$$(Q)$($(1).ar) rcs $$@ $$^
endef

$(foreach l,$(THIRD_PARTY),$(foreach v,$(filter-out $($(l).skip),$(VARIANTS)),$(eval $(call third_party,$(v),$(l)))))
