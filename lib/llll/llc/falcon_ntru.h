/* SPDX-License-Identifier: MIT */
/**
 * The equation of NTRU: given f and g, finds short F and G with f G - g F = q modulo x^512 + 1.
 *
 * The norm takes a polynomial f of n coefficients to one of n / 2, N(f)(x^2) = f(x) f(-x). After nine norms two integers
 * are left, and their extended greatest common divisor solves the equation there. A solution for the norms becomes one
 * for the polynomials above by F(x) = F'(x^2) g(-x), G(x) = G'(x^2) f(-x), three times as long as need be; subtracting
 * the rounded quotient k = (F f* + G g*) / (f f* + g g*) times (f, g), as often as it takes, makes it short again. The
 * short one at the top is unique but for ties, so it does not matter how it is found.
 *
 * Integers have a fixed number of 64-bit words at each depth, in two's complement; coefficient i of a polynomial stands
 * at word i * words. Owns: nothing. Uses: base. Private to llc.
 * Limits: constant time; that a pair has no solution, or one that is too long, is given away.
 * Source: Pornin and Prest, "More efficient algorithms for the NTRU key generation using the field norm" (2019)
 */
#ifndef LX_FALCON_NTRU_H
#define LX_FALCON_NTRU_H

#include "falcon_fft.h"

#define NTRU_DEGREE     512u
#define NTRU_DEPTH      9u
#define NTRU_WORDS      1308u /* of all norms of one polynomial */
#define NTRU_WORDS_LAST 54u   /* of the integer at the end */
#define NTRU_GCD_WORDS  (NTRU_WORDS_LAST + 1)

/** An extended greatest common divisor under way: value = f u - g v, for both rows. */
struct ntru_gcd {
    uint64_t value[2][NTRU_GCD_WORDS];
    uint64_t u[2][NTRU_GCD_WORDS];
    uint64_t v[2][NTRU_GCD_WORDS];
};

struct falcon_ntru {
    uint64_t f[NTRU_WORDS], g[NTRU_WORDS];
    uint64_t low_f[256], low_g[256];               /* F and G of the depth below */
    uint64_t high_f[NTRU_DEGREE], high_g[NTRU_DEGREE]; /* F and G of this depth, from long to short */
    union {
        uint64_t mirrored[NTRU_DEGREE]; /* f(-x) or g(-x) */
        uint64_t shifted[2 * NTRU_DEGREE];
        struct ntru_gcd gcd;
    };
    int64_t quotient[NTRU_DEGREE];
    int32_t left[NTRU_DEGREE];
    double coefficient[NTRU_DEGREE];
    struct complex f_values[NTRU_DEGREE / 2], g_values[NTRU_DEGREE / 2];
    struct complex values[NTRU_DEGREE / 2], quotient_values[NTRU_DEGREE / 2];
};

/**
 * Solves the equation. f and g have coefficients below 32 and an odd sum each, as key generation draws them.
 * @return false when there is no solution with coefficients of magnitude at most 127; F and G are then not to be used.
 */
MUST_USE bool falcon_ntru_solve(const int8_t f[NTRU_DEGREE], const int8_t g[NTRU_DEGREE], int8_t big_f[NTRU_DEGREE],
                                int8_t big_g[NTRU_DEGREE], struct falcon_ntru *work);

#endif
