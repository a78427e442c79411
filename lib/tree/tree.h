/* SPDX-License-Identifier: MIT */
/**
 * Tree: SHA-256, and the one hash tree of LX-OS: the Merkle tree of RFC 9162 section 2.1 over blocks of 4 KiB.
 *
 *   leaf = SHA-256(00 || block)      node = SHA-256(01 || left || right)      root of nothing = SHA-256("")
 *
 * An object of n bytes has ceil(n / 4096) leaves; only the last block may be shorter than 4096 bytes, and then only its own
 * bytes are hashed. The root of an object is its name: executables, files, manifests and memory images all use it.
 *
 * Owns:   nothing; callers hold all state.    Uses: base.
 * Limits: objects up to 2^63 bytes. O(bytes) time, no allocation, no recursion. Not constant-time in the length.
 * Source: FIPS 180-4 (SHA-256); RFC 9162 sections 2.1.1 and 2.1.3; docs/spec/tree.md
 */
#ifndef LX_TREE_H
#define LX_TREE_H

#include "base.h"

#define SHA256_BYTES 32u
#define SHA256_BLOCK_BYTES 64u
#define TREE_BLOCK_BYTES 4096u
#define TREE_LEVELS_MAX 52u /**< 2^63 bytes of 4 KiB blocks, and one */

struct hash256 {
    uint8_t bytes[SHA256_BYTES];
};

static inline bool hash256_equal(const struct hash256 *a, const struct hash256 *b)
{
    return memcmp(a->bytes, b->bytes, SHA256_BYTES) == 0;
}

/* ---- SHA-256 --------------------------------------------------------------------------------------------------------- */

struct sha256 {
    uint32_t state[8];
    uint64_t len_bytes;
    uint8_t pending[SHA256_BLOCK_BYTES]; /**< the first len_bytes % 64 are filled */
};

void sha256_init(struct sha256 *s);
void sha256_update(struct sha256 *s, const void *bytes, size_t len_bytes);
void sha256_final(struct sha256 *s, struct hash256 *out);

/** All three steps for bytes that lie together. */
void sha256_of(const void *bytes, size_t len_bytes, struct hash256 *out);

/* ---- the tree -------------------------------------------------------------------------------------------------------- */

/** Hashes one block of 1 to 4096 bytes. */
void tree_leaf(const void *block, size_t len_bytes, struct hash256 *out);

/** Hashes `count` whole blocks of 4096 bytes, wherever each lies; faster than one by one, because two are hashed at a time. */
void tree_hash_leaves(const uint8_t *const blocks[], size_t count, struct hash256 *out);

void tree_node(const struct hash256 *left, const struct hash256 *right, struct hash256 *out);

/** Two nodes at a time, `out[i]` over `left[i]` and `right[i]`; faster than one by one. An output may be an input of the same node. */
void tree_node_pair(const struct hash256 *const left[2], const struct hash256 *const right[2], struct hash256 *const out[2]);

/** The leaves of an object of `len_bytes`. */
static inline uint64_t tree_leaf_count(uint64_t len_bytes)
{
    return len_bytes / TREE_BLOCK_BYTES + (len_bytes % TREE_BLOCK_BYTES != 0);
}

/** The length of block `index` of an object of `len_bytes`; `index` < tree_leaf_count(len_bytes). */
static inline size_t tree_block_len(uint64_t len_bytes, uint64_t index)
{
    uint64_t left = len_bytes - index * TREE_BLOCK_BYTES;
    return left < TREE_BLOCK_BYTES ? (size_t)left : TREE_BLOCK_BYTES;
}

/** Makes a root from leaves that arrive in order; `pending[i]` is the complete subtree of 2^i leaves where bit i is set. */
struct tree_builder {
    uint64_t leaf_count;
    struct hash256 pending[TREE_LEVELS_MAX];
};

void tree_builder_init(struct tree_builder *b);
void tree_builder_add(struct tree_builder *b, const struct hash256 *leaf);

/** The root over the leaves so far; more may be added afterwards. */
void tree_builder_root(const struct tree_builder *b, struct hash256 *out);

/** The root over leaves that lie together. */
void tree_root_of_leaves(const struct hash256 *leaves, uint64_t leaf_count, struct hash256 *out);

/** The root of an object that lies together in memory. */
void tree_root_of_bytes(const void *bytes, size_t len_bytes, struct hash256 *out);

/**
 * Writes the inclusion proof of leaf `index` (RFC 9162 section 2.1.3.1), lowest sibling first.
 * @param proof at least TREE_LEVELS_MAX hashes, of the caller.
 * @return the number of hashes written; 0 for a tree of one leaf. `index` < `leaf_count`.
 */
size_t tree_prove(const struct hash256 *leaves, uint64_t leaf_count, uint64_t index, struct hash256 *proof);

/** Checks an inclusion proof (RFC 9162 section 2.1.3.2). Every input may be hostile. */
MUST_USE bool tree_verify(const struct hash256 *root, uint64_t leaf_count, uint64_t index, const struct hash256 *leaf,
                          const struct hash256 *proof, size_t proof_count);

/* ---- fs-verity: the digest by which Linux knows the same bytes --------------------------------------------------------- */

#define TREE_VERITY_LEVELS_MAX 5u
#define TREE_VERITY_BYTES_MAX  (1ull << 47)

/** One level of hash blocks: those that are complete, and the one being filled. */
struct tree_verity_level {
    struct sha256 block;
    uint32_t pending_count; /**< hashes in it */
    uint64_t block_count;   /**< complete */
    struct hash256 last;    /**< of the last complete one */
};

/** Makes fs-verity's file digest (SHA-256, blocks of 4 KiB, no salt) from blocks that arrive in order. */
struct tree_verity {
    uint64_t len_bytes;
    struct hash256 first; /**< of the first block */
    struct tree_verity_level levels[TREE_VERITY_LEVELS_MAX];
};

void tree_verity_init(struct tree_verity *v);

/** Adds a block of 4096 bytes, or the last one of 1 to 4096. TREE_VERITY_BYTES_MAX in all. */
void tree_verity_add(struct tree_verity *v, const void *block, size_t len_bytes);

/** The digest of what was added; nothing can be added afterwards. Source: Linux Documentation/filesystems/fsverity.rst */
void tree_verity_digest(struct tree_verity *v, struct hash256 *out);

#endif
