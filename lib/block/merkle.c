/* SPDX-License-Identifier: MIT */
/**
 * The Merkle tree over the ids of a block's transactions: a parent is SK512 of its two children, and the last of an odd
 * number is its own neighbour.
 *
 * That neighbour makes lists with different lengths have one root, so equal neighbours are refused where lists are
 * read. A node cannot pass for a transaction: what a transaction's id covers has 179 bytes at least, and a node 128.
 *
 * Owns:   nothing.    Uses: base, llc.
 * Source: docs/spec/block.md section 4
 */
#include "block.h"

static void parent_of(const struct u512 *left, const struct u512 *right, struct u512 *out)
{
    struct sk sk;
    sk_init(&sk, SK512);
    sk_update(&sk, left->bytes, U512_BYTES);
    sk_update(&sk, right->bytes, U512_BYTES);
    sk_final(&sk, out->bytes);
}

/** Replaces a level by the one above. @return false when two different places hold equal neighbours. */
static bool raise_level(struct u512 *ids, size_t *count)
{
    bool differ = true;
    size_t parent_count = (*count + 1) / 2;
    for (size_t i = 0; i < parent_count; i++) {
        const struct u512 *left = &ids[2 * i];
        const struct u512 *right = 2 * i + 1 < *count ? left + 1 : left;
        if (right != left && u512_equal(left, right)) {
            differ = false;
        }
        parent_of(left, right, &ids[i]);
    }
    *count = parent_count;
    return differ;
}

bool block_merkle_root(struct u512 *ids, size_t count, struct u512 *out)
{
    assert(count > 0 && count <= BLOCK_TRANSACTIONS_MAX);
    bool differ = true;
    while (count > 1) {
        bool level_differs = raise_level(ids, &count);
        differ = differ && level_differs;
    }
    *out = ids[0];
    return differ;
}

void block_merkle_branch(struct u512 *ids, size_t count, size_t index, struct u512 *branch, uint32_t *branch_count_out)
{
    assert(index < count && count <= BLOCK_TRANSACTIONS_MAX);
    uint32_t level = 0;
    while (count > 1) {
        size_t neighbour = index ^ 1;
        branch[level++] = ids[neighbour < count ? neighbour : index];
        (void)raise_level(ids, &count);
        index /= 2;
    }
    *branch_count_out = level;
}

void block_merkle_follow(const struct u512 *leaf, struct cursor branch, uint32_t index, struct u512 *out)
{
    struct u512 node = *leaf, neighbour;
    while (cursor_copy(&branch, neighbour.bytes, U512_BYTES)) {
        if ((index & 1) != 0) {
            parent_of(&neighbour, &node, &node);
        } else {
            parent_of(&node, &neighbour, &node);
        }
        index >>= 1;
    }
    *out = node;
}
