/* SPDX-License-Identifier: MIT */
/**
 * Xts: AES-256 in XTS mode, for blocks of a disk: as long as the plain text, and each block under a number of its own. It hides contents; that
 * they are right is for others to check.
 *
 * Takes the same time whatever key and bytes are: with the AES instructions of ARMv8 or x86, else by arithmetic, a thousand times slower.
 *
 * Owns:   nothing.    Uses: base.
 * Limits: whole blocks of 16 bytes, no ciphertext stealing.
 * Source: FIPS 197; IEEE 1619-2007; NIST SP 800-38E
 */
#ifndef LX_XTS_H
#define LX_XTS_H

#include "base.h"

enum { XTS_KEY_BYTES = 64, XTS_NUMBER_BYTES = 16, XTS_BLOCK_BYTES = 16, XTS_ROUND_KEYS = 15 };

/** A key, ready for use. Secret. */
struct xts {
    _Alignas(16) uint8_t seal[XTS_ROUND_KEYS][XTS_BLOCK_BYTES];
    _Alignas(16) uint8_t unseal[XTS_ROUND_KEYS][XTS_BLOCK_BYTES];
    _Alignas(16) uint8_t number[XTS_ROUND_KEYS][XTS_BLOCK_BYTES];
};

/** Prepares a key: 32 bytes for the contents, 32 for the numbers, which must differ. */
void xts_init(struct xts *x, const uint8_t key[XTS_KEY_BYTES]);

/** Encrypts in place. @param len_bytes  a multiple of XTS_BLOCK_BYTES. */
void xts_seal(const struct xts *x, const uint8_t number[XTS_NUMBER_BYTES], uint8_t *bytes, size_t len_bytes);

/** Undoes xts_seal of the same number. */
void xts_unseal(const struct xts *x, const uint8_t number[XTS_NUMBER_BYTES], uint8_t *bytes, size_t len_bytes);

/** The same in plain C, whatever the processor has: to compare with. */
void xts_seal_portable(const struct xts *x, const uint8_t number[XTS_NUMBER_BYTES], uint8_t *bytes, size_t len_bytes);
void xts_unseal_portable(const struct xts *x, const uint8_t number[XTS_NUMBER_BYTES], uint8_t *bytes, size_t len_bytes);

#endif
