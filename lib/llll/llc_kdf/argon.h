/* SPDX-License-Identifier: MIT */
/** Argon2id, from the library that there is: libargon2 on hosts (argon_x86_64.c), libsodium's on the target (argon_aarch64.c). */
#ifndef LX_KDF_ARGON_H
#define LX_KDF_ARGON_H

#include "llc_kdf.h"

/** One lane, version 0x13. @return LX_OK; LX_ENOSPC when there is not the memory. */
MUST_USE enum lx_err kdf_argon2id(struct kdf_cost cost, struct cursor password, struct cursor salt, struct cursor secret,
                                  uint8_t *out, uint32_t out_bytes);

#endif
