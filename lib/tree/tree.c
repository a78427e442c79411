/* SPDX-License-Identifier: MIT */
/** The hash tree of tree.h: leaves, nodes, roots and proofs. Source: RFC 9162 sections 2.1.1, 2.1.3. */
#include "tree.h"

#include "sha256_blocks.h"

_Static_assert(sizeof(struct hash256) == SHA256_BYTES, "hashes lie together without gaps");

/* The prefix byte shifts a block by one against the 64-byte blocks of SHA-256; only the first and last are copied. */
void tree_leaf(const void *block, size_t len_bytes, struct hash256 *out)
{
    assert(len_bytes >= 1 && len_bytes <= TREE_BLOCK_BYTES);
    struct sha256 s;
    static const uint8_t prefix = 0x00;
    sha256_init(&s);
    sha256_update(&s, &prefix, 1);
    sha256_update(&s, block, len_bytes);
    sha256_final(&s, out);
}

void tree_node(const struct hash256 *left, const struct hash256 *right, struct hash256 *out)
{
    struct sha256 s;
    static const uint8_t prefix = 0x01;
    sha256_init(&s);
    sha256_update(&s, &prefix, 1);
    sha256_update(&s, left, sizeof *left);
    sha256_update(&s, right, sizeof *right);
    sha256_final(&s, out);
}

void tree_builder_init(struct tree_builder *b)
{
    b->leaf_count = 0;
}

void tree_builder_add(struct tree_builder *b, const struct hash256 *leaf)
{
    struct hash256 carry = *leaf;
    unsigned level = 0;
    for (; (b->leaf_count >> level & 1) != 0; level++) {
        tree_node(&b->pending[level], &carry, &carry);
    }
    assert(level < TREE_LEVELS_MAX);
    b->pending[level] = carry;
    b->leaf_count++;
}

void tree_builder_root(const struct tree_builder *b, struct hash256 *out)
{
    if (b->leaf_count == 0) {
        sha256_of("", 0, out);
        return;
    }
    unsigned level = (unsigned)__builtin_ctzll(b->leaf_count);
    struct hash256 root = b->pending[level];
    for (level++; level < TREE_LEVELS_MAX; level++) {
        if ((b->leaf_count >> level & 1) != 0) {
            tree_node(&b->pending[level], &root, &root);
        }
    }
    *out = root;
}

void tree_root_of_leaves(const struct hash256 *leaves, uint64_t leaf_count, struct hash256 *out)
{
    struct tree_builder b;
    tree_builder_init(&b);
    for (uint64_t i = 0; i < leaf_count; i++) {
        tree_builder_add(&b, &leaves[i]);
    }
    tree_builder_root(&b, out);
}

void tree_root_of_bytes(const void *bytes, size_t len_bytes, struct hash256 *out)
{
    struct tree_builder b;
    tree_builder_init(&b);
    for (uint64_t i = 0; i < tree_leaf_count(len_bytes); i++) {
        struct hash256 leaf;
        tree_leaf((const uint8_t *)bytes + i * TREE_BLOCK_BYTES, tree_block_len(len_bytes, i), &leaf);
        tree_builder_add(&b, &leaf);
    }
    tree_builder_root(&b, out);
}

/* Leaves [first, first + count) split at the largest power of two below count (RFC 9162 section 2.1.1). The descent meets
 * the siblings highest first, so they are turned round at the end. */
size_t tree_prove(const struct hash256 *leaves, uint64_t leaf_count, uint64_t index, struct hash256 *proof)
{
    assert(index < leaf_count);
    size_t depth = 0;
    uint64_t first = 0;
    for (uint64_t count = leaf_count; count > 1; depth++) {
        uint64_t split = 1ull << (63 - __builtin_clzll(count - 1));
        assert(depth < TREE_LEVELS_MAX);
        if (index - first < split) {
            tree_root_of_leaves(leaves + first + split, count - split, &proof[depth]);
            count = split;
        } else {
            tree_root_of_leaves(leaves + first, split, &proof[depth]);
            first += split;
            count -= split;
        }
    }
    for (size_t i = 0; i < depth / 2; i++) {
        struct hash256 swapped = proof[i];
        proof[i] = proof[depth - 1 - i];
        proof[depth - 1 - i] = swapped;
    }
    return depth;
}

bool tree_verify(const struct hash256 *root, uint64_t leaf_count, uint64_t index, const struct hash256 *leaf,
                 const struct hash256 *proof, size_t proof_count)
{
    if (index >= leaf_count) {
        return false;
    }
    /* `node` is the position of the subtree so far on its level, `last` that of the last subtree there. */
    uint64_t node = index;
    uint64_t last = leaf_count - 1;
    struct hash256 hash = *leaf;
    for (size_t i = 0; i < proof_count; i++) {
        if (last == 0) {
            return false;
        }
        if ((node & 1) != 0 || node == last) {
            tree_node(&proof[i], &hash, &hash);
            while ((node & 1) == 0 && node != 0) {
                node >>= 1;
                last >>= 1;
            }
        } else {
            tree_node(&hash, &proof[i], &hash);
        }
        node >>= 1;
        last >>= 1;
    }
    return last == 0 && hash256_equal(&hash, root);
}
