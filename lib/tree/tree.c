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

/* What is hashed of a whole block: 64 bytes that begin with the prefix, 63 pieces of 64 bytes where they lie, the last byte and the length. */
static void leaf_head(const uint8_t *block, uint8_t head[SHA256_BLOCK_BYTES])
{
    head[0] = 0x00;
    memcpy(head + 1, block, SHA256_BLOCK_BYTES - 1);
}

static void leaf_tail(const uint8_t *block, uint8_t tail[SHA256_BLOCK_BYTES])
{
    memset(tail, 0, SHA256_BLOCK_BYTES);
    tail[0] = block[TREE_BLOCK_BYTES - 1];
    tail[1] = 0x80;
    be64_store(tail + SHA256_BLOCK_BYTES - 8, (1 + (uint64_t)TREE_BLOCK_BYTES) * 8);
}

static void leaf_pair(const uint8_t *a, const uint8_t *b, struct hash256 out[2])
{
    enum { HEAD_BYTES = SHA256_BLOCK_BYTES - 1, PIECES = TREE_BLOCK_BYTES / SHA256_BLOCK_BYTES - 1 };
    struct sha256 s;
    uint32_t state[2][8];
    uint8_t edge[2][SHA256_BLOCK_BYTES];
    sha256_init(&s);
    memcpy(state[0], s.state, sizeof s.state);
    memcpy(state[1], s.state, sizeof s.state);
    leaf_head(a, edge[0]);
    leaf_head(b, edge[1]);
    sha256_blocks_pair(state[0], edge[0], state[1], edge[1], 1);
    sha256_blocks_pair(state[0], a + HEAD_BYTES, state[1], b + HEAD_BYTES, PIECES);
    leaf_tail(a, edge[0]);
    leaf_tail(b, edge[1]);
    sha256_blocks_pair(state[0], edge[0], state[1], edge[1], 1);
    for (unsigned i = 0; i < 8; i++) {
        be32_store(out[0].bytes + i * 4, state[0][i]);
        be32_store(out[1].bytes + i * 4, state[1][i]);
    }
}

void tree_hash_leaves(const uint8_t *const blocks[], size_t count, struct hash256 *out)
{
    size_t i = 0;
    for (; i + 2 <= count; i += 2) {
        leaf_pair(blocks[i], blocks[i + 1], &out[i]);
    }
    if (i < count) {
        tree_leaf(blocks[i], TREE_BLOCK_BYTES, &out[i]);
    }
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

void tree_node_pair(const struct hash256 *const left[2], const struct hash256 *const right[2], struct hash256 *const out[2])
{
    uint8_t blocks[2][2 * SHA256_BLOCK_BYTES];
    struct sha256 s[2];
    for (unsigned n = 0; n < 2; n++) {
        uint8_t *b = blocks[n];
        b[0] = 0x01;
        memcpy(b + 1, left[n], SHA256_BYTES);
        memcpy(b + 1 + SHA256_BYTES, right[n], SHA256_BYTES);
        memset(b + SHA256_BLOCK_BYTES + 1, 0, SHA256_BLOCK_BYTES - 1);
        b[SHA256_BLOCK_BYTES + 1] = 0x80;
        be64_store(b + 2 * SHA256_BLOCK_BYTES - 8, (1 + 2 * SHA256_BYTES) * 8);
        sha256_init(&s[n]);
    }
    sha256_blocks_pair(s[0].state, blocks[0], s[1].state, blocks[1], 2);
    for (unsigned n = 0; n < 2; n++) {
        for (unsigned i = 0; i < 8; i++) {
            be32_store(out[n]->bytes + i * 4, s[n].state[i]);
        }
    }
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
