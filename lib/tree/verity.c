/* SPDX-License-Identifier: MIT */
/**
 * fs-verity's file digest, so that Linux can enforce the same bytes: a tree of SHA-256 whose nodes are blocks of 128
 * hashes, padded with zeros, and a descriptor with its root. The file arrives block by block.
 * Limits: files up to 2^47 bytes. One pass; a running hash for each level, instead of its block.
 * Source: Linux Documentation/filesystems/fsverity.rst, "Merkle tree", "fs-verity descriptor", "fs-verity file digest"
 */
#include "tree.h"

#define HASHES_A_BLOCK   (TREE_BLOCK_BYTES / SHA256_BYTES)
#define DESCRIPTOR_BYTES 256u
#define BLOCK_BITS       12u

static void pad(struct sha256 *s, size_t len_bytes)
{
    static const uint8_t zeros[64];
    while (len_bytes > 0) {
        size_t step = len_bytes < sizeof zeros ? len_bytes : sizeof zeros;
        sha256_update(s, zeros, step);
        len_bytes -= step;
    }
}

static void close_block(struct tree_verity_level *level)
{
    pad(&level->block, (HASHES_A_BLOCK - level->pending_count) * (size_t)SHA256_BYTES);
    sha256_final(&level->block, &level->last);
    level->block_count++;
    level->pending_count = 0;
}

/** Adds a hash to level `first`, and each block that becomes complete to the level above. */
static void add(struct tree_verity *v, uint32_t first, const struct hash256 *hash)
{
    for (uint32_t i = first; i < TREE_VERITY_LEVELS_MAX; i++) {
        struct tree_verity_level *level = &v->levels[i];
        if (level->pending_count == 0) {
            sha256_init(&level->block);
        }
        sha256_update(&level->block, hash, sizeof *hash);
        if (++level->pending_count < HASHES_A_BLOCK) {
            return;
        }
        close_block(level);
        hash = &level->last;
    }
}

/** Closes what is open from below; the first level with a single block has the root. */
static void root_of(struct tree_verity *v, struct hash256 *out)
{
    for (uint32_t i = 0; i < TREE_VERITY_LEVELS_MAX; i++) {
        struct tree_verity_level *level = &v->levels[i];
        if (level->pending_count > 0) {
            close_block(level);
            if (level->block_count > 1) {
                add(v, i + 1, &level->last);
            }
        }
        if (level->block_count == 1) {
            *out = level->last;
            return;
        }
    }
    assert(false); /* more than TREE_VERITY_BYTES_MAX: refused by tree_verity_add */
}

void tree_verity_init(struct tree_verity *v)
{
    memset(v, 0, sizeof *v);
}

void tree_verity_add(struct tree_verity *v, const void *block, size_t len_bytes)
{
    struct sha256 s;
    struct hash256 hash;
    assert(len_bytes >= 1 && len_bytes <= TREE_BLOCK_BYTES && v->len_bytes % TREE_BLOCK_BYTES == 0);
    assert(v->len_bytes < TREE_VERITY_BYTES_MAX);
    sha256_init(&s);
    sha256_update(&s, block, len_bytes);
    pad(&s, TREE_BLOCK_BYTES - len_bytes);
    sha256_final(&s, &hash);
    if (v->len_bytes == 0) {
        v->first = hash;
    }
    v->len_bytes += len_bytes;
    add(v, 0, &hash);
}

/** A file of one block has no hash blocks; an empty one has a root of zeros. */
void tree_verity_digest(struct tree_verity *v, struct hash256 *out)
{
    struct hash256 root = {{0}};
    /* version 1, SHA-256, blocks of 2^12, no salt, no signature, size, root; zeros up to the end */
    uint8_t descriptor[DESCRIPTOR_BYTES] = {1, 1, BLOCK_BITS, 0};
    if (v->len_bytes > TREE_BLOCK_BYTES) {
        root_of(v, &root);
    } else if (v->len_bytes != 0) {
        root = v->first;
    }
    le64_store(descriptor + 8, v->len_bytes);
    memcpy(descriptor + 16, &root, sizeof root);
    sha256_of(descriptor, sizeof descriptor, out);
}
