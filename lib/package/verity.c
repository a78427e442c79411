/* SPDX-License-Identifier: MIT */
/** fs-verity's file digest of bytes that lie together; the arithmetic is in tree/verity.c. */
#include "package.h"

void verity_digest(const void *bytes, size_t len_bytes, struct hash256 *out)
{
    const uint8_t *from = (const uint8_t *)bytes;
    uint64_t block_count = tree_leaf_count(len_bytes);
    struct tree_verity v;
    tree_verity_init(&v);
    for (uint64_t i = 0; i < block_count; i++) {
        tree_verity_add(&v, from + i * TREE_BLOCK_BYTES, tree_block_len(len_bytes, i));
    }
    tree_verity_digest(&v, out);
}
