/* SPDX-License-Identifier: MIT */
/**
 * fs-verity's file digest, so that Linux can enforce the same bytes: a tree of SHA-256 whose nodes are blocks of 128
 * hashes, padded with zeros, and a descriptor with its root.
 * Limits: files up to 2^47 bytes. One pass; a running hash for each level, instead of its block.
 * Source: Linux Documentation/filesystems/fsverity.rst, "Merkle tree", "fs-verity descriptor", "fs-verity file digest"
 */
#include "package.h"

#define LEVELS_MAX       5u
#define HASHES_A_BLOCK   (TREE_BLOCK_BYTES / SHA256_BYTES)
#define DESCRIPTOR_BYTES 256u

/** One level of hash blocks: those that are complete, and the one being filled. */
struct level {
    struct sha256 block;
    uint32_t pending_count; /* hashes in it */
    uint64_t block_count;   /* complete */
    struct hash256 last;    /* of the last complete one */
};

static void pad(struct sha256 *s, size_t len_bytes)
{
    static const uint8_t zeros[64];
    while (len_bytes > 0) {
        size_t step = len_bytes < sizeof zeros ? len_bytes : sizeof zeros;
        sha256_update(s, zeros, step);
        len_bytes -= step;
    }
}

static void close_block(struct level *level)
{
    pad(&level->block, (HASHES_A_BLOCK - level->pending_count) * (size_t)SHA256_BYTES);
    sha256_final(&level->block, &level->last);
    level->block_count++;
    level->pending_count = 0;
}

/** Adds a hash to level `first`, and each block that becomes complete to the level above. */
static void add(struct level levels[LEVELS_MAX], uint32_t first, const struct hash256 *hash)
{
    for (uint32_t i = first; i < LEVELS_MAX; i++) {
        struct level *level = &levels[i];
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
static void root_of(struct level levels[LEVELS_MAX], struct hash256 *out)
{
    for (uint32_t i = 0; i < LEVELS_MAX; i++) {
        if (levels[i].pending_count > 0) {
            close_block(&levels[i]);
            if (levels[i].block_count > 1) {
                add(levels, i + 1, &levels[i].last);
            }
        }
        if (levels[i].block_count == 1) {
            *out = levels[i].last;
            return;
        }
    }
    assert(false); /* 2^47 bytes are more than any address space of ours */
}

static void data_block_hash(const uint8_t *block, size_t len_bytes, struct hash256 *out)
{
    struct sha256 s;
    sha256_init(&s);
    sha256_update(&s, block, len_bytes);
    pad(&s, TREE_BLOCK_BYTES - len_bytes);
    sha256_final(&s, out);
}

/** A file of one block has no hash blocks; an empty one has a root of zeros. */
static void tree_of(const uint8_t *bytes, uint64_t len_bytes, struct hash256 *out)
{
    struct level levels[LEVELS_MAX];
    struct hash256 hash;
    uint64_t block_count = tree_leaf_count(len_bytes);
    memset(out, 0, sizeof *out);
    memset(levels, 0, sizeof levels);
    for (uint64_t i = 0; i < block_count; i++) {
        data_block_hash(bytes + i * TREE_BLOCK_BYTES, tree_block_len(len_bytes, i), &hash);
        if (block_count == 1) {
            *out = hash;
        } else {
            add(levels, 0, &hash);
        }
    }
    if (block_count > 1) {
        root_of(levels, out);
    }
}

void verity_digest(const void *bytes, size_t len_bytes, struct hash256 *out)
{
    struct hash256 root;
    /* version 1, SHA-256, blocks of 2^12, no salt, no signature, size, root; zeros up to the end */
    uint8_t descriptor[DESCRIPTOR_BYTES] = {1, 1, PAGE_BITS, 0};
    tree_of(bytes, len_bytes, &root);
    le64_store(descriptor + 8, len_bytes);
    memcpy(descriptor + 16, root.bytes, SHA256_BYTES);
    sha256_of(descriptor, sizeof descriptor, out);
}
