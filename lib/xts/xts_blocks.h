/* SPDX-License-Identifier: MIT */
/** Xts, private: the part that each processor has a form of. */
#ifndef LX_XTS_BLOCKS_H
#define LX_XTS_BLOCKS_H

#include "xts.h"

/** Encrypts one block with the keys `seal` or `number`. */
void aes_encrypt(const uint8_t keys[XTS_ROUND_KEYS][XTS_BLOCK_BYTES], uint8_t block[XTS_BLOCK_BYTES]);

/** Each block is exclusive-ored with `mask`, encrypted, and exclusive-ored again; `mask` is multiplied by x from block to block. */
void xts_seal_blocks(const struct xts *x, uint8_t mask[XTS_BLOCK_BYTES], uint8_t *blocks, size_t block_count);
void xts_unseal_blocks(const struct xts *x, uint8_t mask[XTS_BLOCK_BYTES], uint8_t *blocks, size_t block_count);

/* The same in plain C. */
void aes_encrypt_portable(const uint8_t keys[XTS_ROUND_KEYS][XTS_BLOCK_BYTES], uint8_t block[XTS_BLOCK_BYTES]);
void xts_seal_blocks_portable(const struct xts *x, uint8_t mask[XTS_BLOCK_BYTES], uint8_t *blocks, size_t block_count);
void xts_unseal_blocks_portable(const struct xts *x, uint8_t mask[XTS_BLOCK_BYTES], uint8_t *blocks, size_t block_count);

#endif
