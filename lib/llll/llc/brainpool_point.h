/* SPDX-License-Identifier: MIT */
/**
 * Points of brainpoolP512t1, y^2 = x^3 - 3x + b, coordinates in Montgomery form.
 *
 * Secrets use homogeneous coordinates (X/Z, Y/Z) and one addition formula that is right for every pair of points, so
 * that no case needs a branch. Verification uses Jacobian coordinates (X/Z^2, Y/Z^3), which are faster and need such
 * branches.
 *
 * The base point is multiplied by a comb of 5 teeth: scalar bits j, j + 103, ..., j + 412 choose entry j of a table
 * that holds the sums of G, 2^103 G, ..., 2^412 G. Both kinds of arithmetic share the table.
 *
 * Owns:   the table.    Uses: brainpool_field. Private to llc.
 * Source: J. Renes, C. Costello, L. Batina, "Complete addition formulas for prime order elliptic curves" (2016),
 *         equation 2; D. Hankerson, A. Menezes, S. Vanstone, "Guide to Elliptic Curve Cryptography" (2004), sections
 *         3.2.2 and 3.3.
 */
#ifndef LX_BRAINPOOL_POINT_H
#define LX_BRAINPOOL_POINT_H

#include "brainpool_field.h"

#define COMB_TEETH   5u
#define COMB_COLUMNS 103u /* 5 * 103 >= 512 */
#define COMB_ENTRIES 31u  /* digit d stands at d - 1; digit 0 is the point at infinity */

struct affine {
    struct llc_number x, y;
};

/** Z is zero at infinity. */
struct homogeneous {
    struct llc_number x, y, z;
};

/** Z is zero at infinity. */
struct jacobian {
    struct llc_number x, y, z;
};

extern const struct affine comb_table[COMB_ENTRIES];

/** The digit of a scalar for column `column` of the comb. Constant time. */
unsigned comb_digit(const struct llc_number *scalar, unsigned column);

/** a + b for any two points. Constant time. */
void homogeneous_add(struct homogeneous *out, const struct homogeneous *a, const struct homogeneous *b);

/** scalar * G for any 512 bits. Constant time. */
void base_multiply(struct homogeneous *out, const struct llc_number *scalar);

/** The X and Y of a point, not in Montgomery form; zeros at infinity. Constant time. */
void homogeneous_coordinates(const struct homogeneous *a, struct llc_number *x, struct llc_number *y);

void jacobian_double_vartime(struct jacobian *out, const struct jacobian *a);
void jacobian_add_vartime(struct jacobian *out, const struct jacobian *a, const struct jacobian *b);
void jacobian_add_affine_vartime(struct jacobian *out, const struct jacobian *a, const struct affine *b);
void jacobian_negate(struct jacobian *out, const struct jacobian *a);

/**
 * Finds the point with this X (any 512 bits, not in Montgomery form) and this parity of Y.
 * @return false: there is none.
 */
MUST_USE bool affine_decompress_vartime(struct affine *out, const struct llc_number *x, unsigned y_is_odd);

#endif
