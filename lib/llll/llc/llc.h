/* SPDX-License-Identifier: MIT */
/**
 * LLC: the cryptography of the Nexus ledger, byte for byte as its node 5.1.6 computes it: hashes made of Skein v1.1 and
 * Keccak, ECDSA on brainpoolP512t1, Falcon-512 of 2019, and the text form of addresses.
 *
 * A number of 256 or 512 bits has three forms, and every function here says which one it means:
 *   mem   the bytes as stored, hashed and sent; least significant byte first. `struct u256` and `struct u512` hold it.
 *   hex   what people read: hexadecimal digits, most significant first, hence the mem bytes reversed
 *   GB    the mem form with the bytes of each 32-bit word reversed, words in place; what is signed. Its own inverse.
 *
 * Owns:   nothing; callers hold all state.    Uses: base.
 * Limits: no allocation, no recursion; frames under 2 KiB. Floating point in Falcon's keys and signatures alone (not in
 *         its verification). Hashes, brainpool_public_of and brainpool_sign run in constant time; Falcon's keys and
 *         signatures as far as their comments say; the rest is for public things only.
 * Source: LLL-TAO 5.1.6 for the combinations; docs/spec/llc.md
 */
#ifndef LX_LLC_H
#define LX_LLC_H

#include "base.h"

/* ---- numbers and their forms ------------------------------------------------------------------------------------ */

#define U256_BYTES     32u
#define U512_BYTES     64u
#define U1024_BYTES    128u
#define U256_HEX_CHARS 65u /**< with the terminating zero */
#define U512_HEX_CHARS 129u
#define U1024_HEX_CHARS 257u

/** 256 bits in mem form. */
struct u256 {
    uint8_t bytes[U256_BYTES];
};

/** 512 bits in mem form. */
struct u512 {
    uint8_t bytes[U512_BYTES];
};

/** 1024 bits in mem form. */
struct u1024 {
    uint8_t bytes[U1024_BYTES];
};

static inline bool u256_equal(const struct u256 *a, const struct u256 *b)
{
    return memcmp(a->bytes, b->bytes, U256_BYTES) == 0;
}

static inline bool u512_equal(const struct u512 *a, const struct u512 *b)
{
    return memcmp(a->bytes, b->bytes, U512_BYTES) == 0;
}

static inline bool u1024_equal(const struct u1024 *a, const struct u1024 *b)
{
    return memcmp(a->bytes, b->bytes, U1024_BYTES) == 0;
}

bool u256_is_zero(const struct u256 *n);

/** The type byte of a genesis id or an address: the most significant byte, the first of the hex form. */
static inline uint8_t u256_type(const struct u256 *n)
{
    return n->bytes[U256_BYTES - 1];
}

static inline void u256_set_type(struct u256 *n, uint8_t type)
{
    n->bytes[U256_BYTES - 1] = type;
}

/** Writes the hex form of a mem form of `len_bytes`, lower case and terminated: 2 * len_bytes + 1 characters. */
void hex_of_mem(const uint8_t *mem, size_t len_bytes, char *out);

/**
 * Reads a hex form of exactly `text_chars` == 2 * len_bytes digits, of either case.
 * @return false for anything else.
 */
MUST_USE bool hex_to_mem(const char *text, size_t text_chars, uint8_t *out, size_t len_bytes);

/** Writes the GB form of a mem form, or the mem form of a GB form. `len_bytes` is a multiple of 4; no overlap. */
void gb_of_mem(const uint8_t *mem, size_t len_bytes, uint8_t *out);

/* ---- Keccak ----------------------------------------------------------------------------------------------------- */

/** A sponge over Keccak-f[1600]. Absorb, pad once, then squeeze; each as often as needed but in this order. */
struct keccak {
    uint64_t lane[25];
    uint32_t rate_bytes;
    uint32_t at_byte; /**< of the next byte to absorb or to squeeze, below or at the rate */
};

#define SHA3_256_RATE_BYTES 136u
#define SHA3_512_RATE_BYTES 72u
#define SHAKE128_RATE_BYTES 168u
#define SHAKE256_RATE_BYTES 136u
#define SHA3_SUFFIX         0x06u
#define SHAKE_SUFFIX        0x1fu

/** Starts an empty sponge. `rate_bytes` is a multiple of 8 below 200. Source: FIPS 202 section 4. */
void keccak_init(struct keccak *k, uint32_t rate_bytes);
void keccak_absorb(struct keccak *k, const void *bytes, size_t len_bytes);

/** Ends the message with its domain suffix, padding included (0x06: SHA-3, 0x1f: SHAKE). */
void keccak_pad(struct keccak *k, uint8_t suffix);
void keccak_squeeze(struct keccak *k, void *out, size_t len_bytes);

/* ---- Skein v1.1 ------------------------------------------------------------------------------------------------- */

#define SKEIN_STATE_BYTES_MAX 128u

/**
 * Skein as submitted in 2008, version 1.1: other rotation constants and another key parity than the final Skein.
 * Source: "The Skein Hash Function Family", version 1.1, 15 November 2008.
 */
struct skein {
    uint64_t chain[16];
    uint64_t position_bytes; /**< of the message, up to the last block that was mixed in */
    uint32_t state_bytes;    /**< 32, 64 or 128 */
    uint32_t out_bytes;
    uint32_t pending_bytes;
    bool started; /**< a block of the message was mixed in */
    uint8_t pending[SKEIN_STATE_BYTES_MAX];
};

/** Starts Skein-256, -512 or -1024 (`state_bytes` 32, 64, 128) with 1 to `state_bytes` bytes of output. */
void skein_init(struct skein *s, uint32_t state_bytes, uint32_t out_bytes);
void skein_update(struct skein *s, const void *bytes, size_t len_bytes);

/** Writes the `out_bytes` named at the start. */
void skein_final(struct skein *s, uint8_t *out);

/* ---- the SK hashes: Keccak of Skein ----------------------------------------------------------------------------- */

enum sk_kind {
    SK32,   /**< 4 bytes */
    SK64,   /**< 8 bytes: checksums of register states */
    SK256,  /**< 32 bytes: key hashes, addresses */
    SK512,  /**< 64 bytes: transactions, Merkle trees, network ids */
    SK576,  /**< 72 bytes: trust keys of old */
    SK1024, /**< 128 bytes: blocks */
};

#define SK_BYTES_MAX 128u

/** A hash under way: its message may arrive in pieces. */
struct sk {
    enum sk_kind kind;
    struct skein skein;
};

/** The bytes that a kind gives. */
size_t sk_bytes(enum sk_kind kind);
void sk_init(struct sk *s, enum sk_kind kind);
void sk_update(struct sk *s, const void *bytes, size_t len_bytes);

/** Writes sk_bytes(kind) bytes in mem form. */
void sk_final(struct sk *s, uint8_t *out);

/** All three steps for bytes that lie together. */
void sk_of(enum sk_kind kind, const void *bytes, size_t len_bytes, uint8_t *out);
void sk256_of(const void *bytes, size_t len_bytes, struct u256 *out);
void sk512_of(const void *bytes, size_t len_bytes, struct u512 *out);

/** SK64 as the number that it is. */
uint64_t sk64_of(const void *bytes, size_t len_bytes);

/* ---- signature types -------------------------------------------------------------------------------------------- */

/** Values of nKeyType and nNextType. 3 (secp256k1) is declared by Nexus and supported by nobody. */
enum signature_type {
    SIGNATURE_FALCON = 1,
    SIGNATURE_BRAINPOOL = 2,
};

/* ---- ECDSA on brainpoolP512t1 ----------------------------------------------------------------------------------- */

#define BRAINPOOL_SECRET_BYTES    64u
#define BRAINPOOL_PUBLIC_BYTES    65u
#define BRAINPOOL_DIGEST_BYTES    64u
#define BRAINPOOL_SIGNATURE_BYTES 135u
#define BRAINPOOL_RANDOM_BYTES    32u

/** 512 bits as words, least significant first. */
struct llc_number {
    uint64_t word[8];
};

/** Room for verification: about 2 KiB of the caller, reusable at once, never secret. */
struct brainpool_work {
    struct {
        struct llc_number x, y, z;
    } odd_multiple[8];
    int8_t digits[513];
};

/**
 * Computes the compressed public key (02 or 03, then X, most significant byte first) of a secret, in constant time.
 * @param secret 64 bytes, most significant first; may be the group order or more, as Nexus does not reduce it.
 * @return LX_OK; LX_EINVAL when the secret is a multiple of the group order. Source: RFC 5639 section 3.7; SEC 1
 *         section 2.3.3.
 */
MUST_USE enum lx_err brainpool_public_of(const uint8_t secret[BRAINPOOL_SECRET_BYTES],
                                         uint8_t out[BRAINPOOL_PUBLIC_BYTES]);

/** Says whether `len_bytes` at `key` are a compressed point of the curve, as Nexus's keys are. */
MUST_USE bool brainpool_public_is_valid_vartime(const uint8_t *key, size_t len_bytes);

/**
 * Signs a digest, in constant time but for the number of attempts, which tells nothing of secret or signature.
 * The nonce is hashed from secret, digest and `random`, so a bad or repeated `random` does not give the secret away.
 * @param digest 64 bytes that are the number to be signed, most significant first (Nexus: the GB form of the hash).
 * @param random fresh random bytes; zeros make the signature deterministic.
 * @param out strict DER in which both numbers take 64 bytes, as the node demands: 30 81 84 02 40 R 02 40 S.
 * @return LX_OK; LX_EINVAL when the secret is a multiple of the group order.
 */
MUST_USE enum lx_err brainpool_sign(const uint8_t secret[BRAINPOOL_SECRET_BYTES],
                                    const uint8_t digest[BRAINPOOL_DIGEST_BYTES],
                                    const uint8_t random[BRAINPOOL_RANDOM_BYTES],
                                    uint8_t out[BRAINPOOL_SIGNATURE_BYTES]);

/**
 * Verifies a signature over a digest. Key and signature are untrusted, of any length.
 * @return LX_OK; LX_EINVAL when the key is no compressed point or the signature not in the one DER form of 135 bytes;
 *         LX_EBADMSG when it does not fit key and digest.
 */
MUST_USE enum lx_err brainpool_verify_vartime(const uint8_t *key, size_t key_bytes,
                                              const uint8_t digest[BRAINPOOL_DIGEST_BYTES], const uint8_t *signature,
                                              size_t signature_bytes, struct brainpool_work *work);

/**
 * Verifies a signature as blocks carry them: strict DER of any length, so that R and S may be anything from 1 to the
 * group's order. Transactions' signatures have the one length of brainpool_verify_vartime.
 * @return LX_OK; LX_EINVAL when the key is no compressed point or the signature not such DER; LX_EBADMSG when it does
 *         not fit. Source: LLL-TAO 5.1.6, LLC/eckey.cpp; docs/spec/block.md section 5
 */
MUST_USE enum lx_err brainpool_verify_any_length_vartime(const uint8_t *key, size_t key_bytes,
                                                         const uint8_t digest[BRAINPOOL_DIGEST_BYTES],
                                                         const uint8_t *signature, size_t signature_bytes,
                                                         struct brainpool_work *work);

/**
 * Takes R and S (64 bytes each, most significant first) out of strict DER of any length.
 * @return false for any other form: a length that is too long or in too many bytes, a negative or too large number, a
 *         needless leading zero, a byte left over.
 */
MUST_USE bool brainpool_der_parse_any_length(const uint8_t *der, size_t len_bytes, uint8_t r[64], uint8_t s[64]);

/**
 * Takes R and S (64 bytes each, most significant first) out of DER of exactly 135 bytes.
 * @return false for any other form: other lengths or tags, a negative number, a needless leading zero.
 */
MUST_USE bool brainpool_der_parse(const uint8_t *der, size_t len_bytes, uint8_t r[64], uint8_t s[64]);

/** Writes the 135 bytes. @return false, and writes nothing, when R or S does not take exactly 64 bytes in DER. */
MUST_USE bool brainpool_der_write(const uint8_t r[64], const uint8_t s[64], uint8_t der[BRAINPOOL_SIGNATURE_BYTES]);

/* ---- Falcon-512 of 2019 ----------------------------------------------------------------------------------------- */

#define FALCON_PUBLIC_BYTES    897u
#define FALCON_SIGNATURE_BYTES 809u

/** Room for verification: 6 KiB of the caller, reusable at once, never secret. */
struct falcon_work {
    int32_t h[512];
    int32_t product[512];
    int16_t s2[512];
    uint16_t c[512];
};

/**
 * Verifies a signature over a message. All inputs are untrusted, of any length. The squared norm must be below
 * 43,533,782, the bound of 2019; the final Falcon's bound is lower and would refuse some.
 * @return LX_OK; LX_EINVAL when key or signature is not in its one format (09 and 512 coefficients of 14 bits below
 *         12289; 59, 40 bytes of nonce and 512 of 12 bits above -2048); LX_EBADMSG when the signature does not fit.
 */
MUST_USE enum lx_err falcon_verify_vartime(const uint8_t *key, size_t key_bytes, const void *message,
                                           size_t message_bytes, const uint8_t *signature, size_t signature_bytes,
                                           struct falcon_work *work);

#define FALCON_SECRET_BYTES  64u
#define FALCON_PRIVATE_BYTES 1281u
#define FALCON_DEGREE        512u

/**
 * A key pair, made of a 64-byte secret. All of it but `public_key` is secret; the caller wipes it.
 * The generator that made the key continues into its signatures: nonce and sampling of a signature depend on the key
 * alone, so that they are the node's. Sign one message with a key, as a signature chain does.
 */
struct falcon_key {
    int8_t f[FALCON_DEGREE], g[FALCON_DEGREE];         /**< h = g / f */
    int8_t big_f[FALCON_DEGREE], big_g[FALCON_DEGREE]; /**< f G - g F = q */
    struct keccak random;
    uint8_t public_key[FALCON_PUBLIC_BYTES];
};

/** Room for key generation and signing: 72 KiB of the caller, wiped before they return. */
struct falcon_secret_work {
    uint64_t word[9216];
};

/**
 * Makes the key pair of a secret, as the node does: constant time but for the number of candidates, about ten, that
 * are drawn and dropped, and why.
 * @return LX_OK; LX_ERANGE when 1000 candidates were dropped, which no secret is known for. `out` is then undefined.
 */
MUST_USE enum lx_err falcon_key_of_secret(const uint8_t secret[FALCON_SECRET_BYTES], struct falcon_key *out,
                                          struct falcon_secret_work *work);

/** Writes the node's form of a private key: 59, f and g in 6 bits a coefficient, F in 8. */
void falcon_private_encode(const struct falcon_key *key, uint8_t out[FALCON_PRIVATE_BYTES]);

/**
 * Signs a message, as the node does; see falcon_key about the nonce. Verifies what it made before it gives it out.
 * Constant time but for how often a sample is drawn again, which does not depend on the key.
 * @return LX_OK; LX_ERANGE for a key that is not falcon_key_of_secret's, or whose memory has changed: then no signature
 *         comes out, as it could give the key away.
 */
MUST_USE enum lx_err falcon_sign(const struct falcon_key *key, const void *message, size_t message_bytes,
                                 uint8_t out[FALCON_SIGNATURE_BYTES], struct falcon_secret_work *work);

/* ---- Base58 and addresses as text ------------------------------------------------------------------------------- */

#define BASE58_BYTES_MAX   64u
#define BASE58_CHARS_MAX   88u /**< of 64 bytes */
#define ADDRESS_TEXT_CHARS 53u /**< of the longest address, with the terminating zero */

/**
 * Writes 0 to 64 bytes in Base58, terminated.
 * @return LX_OK; LX_ENOSPC when `cap_chars` is too small; 89 suffice always.
 */
MUST_USE enum lx_err base58_of_bytes(const uint8_t *bytes, size_t len_bytes, char *out, size_t cap_chars);

/**
 * Reads Base58 of up to 88 characters, without spaces.
 * @return LX_OK and the length in `len_out`; LX_EINVAL for a character outside the alphabet; LX_ENOSPC for more text or
 *         bytes.
 */
MUST_USE enum lx_err base58_to_bytes(const char *text, size_t text_chars, uint8_t *out, size_t cap_bytes,
                                     size_t *len_out);

/** Writes an address as people write it: Base58 of type byte, GB form and 4 bytes of their SK256. */
void address_text_of(const struct u256 *address, char out[ADDRESS_TEXT_CHARS]);

/**
 * Reads an address as people write it.
 * @return LX_OK; LX_EINVAL when it is not Base58 of 37 bytes or names two types; LX_EBADMSG when the checksum does not
 *         fit.
 */
MUST_USE enum lx_err address_of_text(const char *text, size_t text_chars, struct u256 *out);

#endif
