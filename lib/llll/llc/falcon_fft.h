/* SPDX-License-Identifier: MIT */
/**
 * Real polynomials modulo x^n + 1, n a power of two up to 512, as their values at complex roots. A polynomial of n
 * coefficients is n / 2 values, one of each pair of conjugate roots, in the order that keeps the values at a root and at
 * its negative side by side. So a polynomial splits into those of its even and its odd coefficients, which have n / 4
 * values each at the squares, and is merged of them, without leaving this form.
 *
 * Arithmetic is IEEE 754 binary64, each operation rounded on its own (no fused multiply-add, no wider registers), only
 * + - * / and square root: hence the same bits on every processor. docs/design/falcon.md
 * Owns:   a table of 4 KiB.    Uses: base. Private to llc. No branch and no address depends on values.
 */
#ifndef LX_FALCON_FFT_H
#define LX_FALCON_FFT_H

#include "llc.h"
#include <float.h>

_Static_assert(FLT_EVAL_METHOD == 0 && DBL_MANT_DIG == 53, "results must not depend on wider registers");

struct complex {
    double re, im;
};

static inline struct complex complex_add(struct complex a, struct complex b)
{
    return (struct complex){a.re + b.re, a.im + b.im};
}

static inline struct complex complex_sub(struct complex a, struct complex b)
{
    return (struct complex){a.re - b.re, a.im - b.im};
}

static inline struct complex complex_mul(struct complex a, struct complex b)
{
    return (struct complex){a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
}

/** a times the conjugate of b */
static inline struct complex complex_mul_conjugate(struct complex a, struct complex b)
{
    return (struct complex){a.re * b.re + a.im * b.im, a.im * b.re - a.re * b.im};
}

static inline struct complex complex_scale(struct complex a, double by)
{
    return (struct complex){a.re * by, a.im * by};
}

static inline double complex_norm(struct complex a)
{
    return a.re * a.re + a.im * a.im;
}

/** Rounds to an integer, half to even, for a magnitude below 2^51. */
static inline int64_t round_to_integer(double a)
{
    const double shift = 0x1.8p52; /* from here on a double has no fraction: the addition rounds */
    return (int64_t)((a + shift) - shift);
}

/** The root at which value 2 i of n >= 4 coefficients is; value 2 i + 1 is at its negative. */
struct complex falcon_root(unsigned n, unsigned i);

/** Values of n >= 4 coefficients from those of the even and the odd ones, n / 4 each. No overlap. */
void falcon_merge(struct complex *out, const struct complex *even, const struct complex *odd, unsigned n);

/** The inverse of falcon_merge. No overlap. */
void falcon_split(struct complex *even, struct complex *odd, const struct complex *in, unsigned n);

/** Values of n >= 2 coefficients. */
void falcon_fft(struct complex *out, const double *coefficient, unsigned n);

/** The same of 512 small coefficients; `scratch` has room for as many. */
void falcon_fft_small(struct complex *out, const int8_t *coefficient, double *scratch);

/** Coefficients of n / 2 values, which are destroyed. */
void falcon_fft_back(double *coefficient, struct complex *values, unsigned n);

#endif
