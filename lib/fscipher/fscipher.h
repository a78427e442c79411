/* SPDX-License-Identifier: MIT */
/**
 * Fscipher: the cipher of an encrypted volume, AES-256-XTS; the number of a block is its address and its generation, which never come twice
 * on one volume.
 * Owns:   nothing; the key is in the caller's struct.    Uses: base, tree, xts, fs.
 * Source: docs/spec/lxfs.md, the table of ciphers
 */
#ifndef LX_FSCIPHER_H
#define LX_FSCIPHER_H

#include "fs.h"
#include "xts.h"

enum { FSCIPHER_XTS_AES_256 = 1, FSCIPHER_KEY_BYTES = 32 };

/** A key, ready for use. Secret: wipe it at the end. */
struct fscipher {
    struct xts xts;
};

/**
 * Prepares `cipher` with the key that the keystore gives. @param out  the calls for lxfs_open; they borrow `cipher` as long as the volume is open.
 */
void fscipher_open(struct fscipher *cipher, const uint8_t key[FSCIPHER_KEY_BYTES], struct lxfs_crypt *out);

#endif
