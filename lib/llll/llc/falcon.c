/* SPDX-License-Identifier: MIT */
/**
 * Falcon-512 as of 2019, verification: a signature is a short s2, and with it s1 = c - s2 h, where c is the message
 * hashed to a polynomial and h the public key; both together must be short. Polynomials are modulo x^512 + 1 and
 * q = 12289.
 * Owns:   nothing.    Uses: base, the ring.
 * Limits: one set of parameters and one format of each thing. Integers only. Not constant time: everything here is
 *         public.
 * Source: "Falcon", version 1.1 (2019), sections 3.7, 3.9 and 3.11; the formats and the bound as in docs/spec/llc.md
 */
#include "falcon_ring.h"

#define NORM_LIMIT          43533782u /* 7085 * 12289 / 2 */

_Static_assert(FALCON_PUBLIC_BYTES == 1 + DEGREE * 14 / 8, "a key is its header and 14 bits a coefficient");
_Static_assert(FALCON_SIGNATURE_BYTES == 1 + NONCE_BYTES + DEGREE * 12 / 8, "a signature has 12 bits a coefficient");

/** Bits from the front of some bytes, most significant first. */
struct bits {
    const uint8_t *at;
    uint32_t held;
    unsigned held_count;
};

static uint32_t bits_take(struct bits *b, unsigned count)
{
    while (b->held_count < count) {
        b->held = b->held << 8 | *b->at++;
        b->held_count += 8;
    }
    b->held_count -= count;
    return b->held >> b->held_count & ((1u << count) - 1);
}

/** 512 coefficients of 14 bits. @return false when one is not below q. */
static bool key_decode(const uint8_t *key, int32_t h[DEGREE])
{
    struct bits b = {.at = key + 1};
    for (unsigned i = 0; i < DEGREE; i++) {
        h[i] = (int32_t)bits_take(&b, 14);
        if (h[i] >= Q) {
            return false;
        }
    }
    return true;
}

/**
 * 512 coefficients of 12 bits in two's complement.
 * @return false when one is -2048, which its negative could not be.
 */
static bool signature_decode(const uint8_t *signature, int16_t s2[DEGREE])
{
    struct bits b = {.at = signature + 1 + NONCE_BYTES};
    for (unsigned i = 0; i < DEGREE; i++) {
        uint32_t v = bits_take(&b, 12);
        if (v == 0x800) {
            return false;
        }
        s2[i] = (int16_t)(v < 0x800 ? (int)v : (int)v - 0x1000);
    }
    return true;
}

/** |s1|^2 + |s2|^2, where `product` is s2 h, 512 / 2^32 times too large. */
static uint64_t norm(const int32_t product[DEGREE], const int16_t s2[DEGREE], const uint16_t c[DEGREE])
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < DEGREE; i++) {
        int32_t s1 = c[i] - montgomery_mul(SCALE_AFTER_INVERSE, product[i]); /* above -q, below 2 q */
        if (s1 < 0) {
            s1 += Q;
        } else if (s1 >= Q) {
            s1 -= Q;
        }
        if (s1 > Q / 2) {
            s1 -= Q;
        }
        sum += (uint64_t)(s1 * s1) + (uint64_t)(s2[i] * s2[i]);
    }
    return sum;
}

/* style: seven parameters, but three of them are the lengths of others */
enum lx_err falcon_verify_vartime(const uint8_t *key, size_t key_bytes, const void *message, size_t message_bytes,
                                  const uint8_t *signature, size_t signature_bytes, struct falcon_work *work)
{
    if (key_bytes != FALCON_PUBLIC_BYTES || key[0] != PUBLIC_HEADER || signature_bytes != FALCON_SIGNATURE_BYTES ||
        signature[0] != SIGNATURE_HEADER || !key_decode(key, work->h) || !signature_decode(signature, work->s2)) {
        return LX_EINVAL;
    }
    falcon_hash_vartime(signature + 1, message, message_bytes, work->c);
    for (unsigned i = 0; i < DEGREE; i++) {
        work->product[i] = work->s2[i];
    }
    falcon_transform(work->h);
    falcon_transform(work->product);
    for (unsigned i = 0; i < DEGREE; i++) {
        work->product[i] = montgomery_mul(work->product[i], work->h[i]);
    }
    falcon_transform_back(work->product);
    return norm(work->product, work->s2, work->c) < NORM_LIMIT ? LX_OK : LX_EBADMSG;
}
