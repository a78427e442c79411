/* SPDX-License-Identifier: MIT */
/**
 * The ring of Falcon-512: polynomials modulo x^512 + 1 and q = 12289, and the hash that ends in it.
 * Owns:   nothing.    Uses: base, SHAKE256. Private to llc. Constant time, but for the hash to a polynomial.
 */
#ifndef LX_FALCON_RING_H
#define LX_FALCON_RING_H

#include "llc.h"

#define DEGREE              512u
#define Q                   12289
#define Q_INVERSE           150982657u /* 1 / q modulo 2^32 */
#define SCALE_AFTER_INVERSE 11532      /* 2^64 / 512 modulo q: undoes the transform's factor and the product's */
#define NONCE_BYTES         40u
#define PUBLIC_HEADER       0x09u
#define SIGNATURE_HEADER    0x59u

/** a * b / 2^32 modulo q, between -q and q, for |a * b| < 2^31 q. */
static inline int32_t montgomery_mul(int32_t a, int32_t b)
{
    int64_t product = (int64_t)a * b;
    int32_t multiple = (int32_t)((uint32_t)product * Q_INVERSE);
    return (int32_t)((product - (int64_t)multiple * Q) >> 32);
}

/** To the values at the odd powers of psi, in bit-reversed order. 10 q at the end, from below q. */
void falcon_transform(int32_t a[DEGREE]);

/** Back again, 512 times too large. 512 q at the end. */
void falcon_transform_back(int32_t a[DEGREE]);

/**
 * SHAKE256 of nonce and message, in residues modulo q. Takes longer for some messages than for others, which is
 * public.
 */
void falcon_hash_vartime(const uint8_t nonce[NONCE_BYTES], const void *message, size_t message_bytes,
                         uint16_t c[DEGREE]);

#endif
