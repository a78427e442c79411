/* SPDX-License-Identifier: MIT */
/**
 * Arithmetic modulo the two primes of brainpoolP512t1: of its field, and of its group's order.
 * A struct llc_number is 8 words, least significant first, below the modulus; most are in Montgomery form, x * 2^512.
 * Owns:   nothing.    Uses: base. Private to llc.
 * Limits: everything runs in constant time unless its name says otherwise. In place is allowed everywhere.
 * Source: RFC 5639 section 3.7 for the numbers; P. L. Montgomery, "Modular multiplication without trial division".
 */
#ifndef LX_BRAINPOOL_FIELD_H
#define LX_BRAINPOOL_FIELD_H

#include "llc.h"

#define FIELD_WORDS 8u
#define FIELD_BYTES 64u

struct modulus {
    struct llc_number m;
    uint64_t inverse_negated; /**< -1 / m modulo 2^64 */
    struct llc_number one;    /**< 2^512 modulo m: one in Montgomery form */
    struct llc_number square; /**< 2^1024 modulo m, which brings numbers into that form */
};

extern const struct modulus brainpool_field; /**< the coordinates */
extern const struct modulus brainpool_order; /**< the scalars */

/** Reads 64 bytes, most significant first, of any value. */
void number_load(struct llc_number *out, const uint8_t bytes[FIELD_BYTES]);
void number_store(uint8_t out[FIELD_BYTES], const struct llc_number *a);

/** Takes the modulus away once if `a` is not below it; as both moduli exceed 2^511, that reduces any 512 bits. */
void number_reduce(struct llc_number *out, const struct llc_number *a, const struct modulus *m);

/** 1 when a < b, or else 0. */
uint64_t number_is_below(const struct llc_number *a, const struct llc_number *b);
bool number_is_below_vartime(const struct llc_number *a, const struct llc_number *b);
bool number_equal_vartime(const struct llc_number *a, const struct llc_number *b);
bool number_is_zero_vartime(const struct llc_number *a);

/** 1 when all words are zero, or else 0. */
uint64_t number_is_zero(const struct llc_number *a);

/** Takes b where `choice` is 1 and a where it is 0. */
void number_select(struct llc_number *out, const struct llc_number *a, const struct llc_number *b, uint64_t choice);

void mod_add(struct llc_number *out, const struct llc_number *a, const struct llc_number *b, const struct modulus *m);
void mod_sub(struct llc_number *out, const struct llc_number *a, const struct llc_number *b, const struct modulus *m);
void mod_half(struct llc_number *out, const struct llc_number *a, const struct modulus *m);

/** a * b / 2^512. One of the two may be any 512 bits. */
void mod_mul(struct llc_number *out, const struct llc_number *a, const struct llc_number *b, const struct modulus *m);
void mod_square(struct llc_number *out, const struct llc_number *a, const struct modulus *m);

static inline void mod_to_montgomery(struct llc_number *out, const struct llc_number *a, const struct modulus *m)
{
    mod_mul(out, a, &m->square, m);
}

void mod_from_montgomery(struct llc_number *out, const struct llc_number *a, const struct modulus *m);

/** a to a public exponent; constant time in a. In and out in Montgomery form. */
void mod_power(struct llc_number *out, const struct llc_number *a, const struct llc_number *exponent,
               const struct modulus *m);

/** 1 / a, and 0 for 0. In and out in Montgomery form. */
void mod_invert(struct llc_number *out, const struct llc_number *a, const struct modulus *m);

#endif
