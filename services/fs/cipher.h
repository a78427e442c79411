/* SPDX-License-Identifier: MIT */
/** Private to fs: the cipher of the volume, with the key that the keystore gives. */
#ifndef LX_FS_CIPHER_H
#define LX_FS_CIPHER_H

#include "fs.h"

/** Asks for the key. @return false: there is a keystore, and it does not give it. A system without one has no cipher (id 0). */
MUST_USE bool cipher_open(struct lxfs_crypt *out);

#endif
