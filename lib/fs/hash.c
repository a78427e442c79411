/* SPDX-License-Identifier: MIT */
/** Hash: the RFC 9162 levels inside a node, roots over holes, and CHECK. Source: docs/spec/lxfs.md sections 2 and 3; docs/spec/tree.md */
#include "private.h"

uint64_t hash_check(const uint8_t *block)
{
    uint64_t h = 0x4c58465331ull ^ BLOCK;
    for (uint32_t at = 0; at < BLOCK; at += 8) {
        h ^= le64_load(block + at);
        h = (h << 29 | h >> 35) * 0x9e3779b97f4a7c15ull;
    }
    return h ^ h >> 32;
}

void hash_leaf(struct lxfs *fs, const uint8_t *block, uint32_t len_bytes, struct hash256 *out)
{
    fs->stats.leaf_hashes++;
    fs->stats.hashed_bytes += len_bytes + 1;
    tree_leaf(block, len_bytes, out);
}

void hash_leaves(struct lxfs *fs, const uint8_t *const blocks[], uint32_t count, struct hash256 *out)
{
    fs->stats.leaf_hashes += count;
    fs->stats.hashed_bytes += count * (BLOCK + 1ull);
    tree_hash_leaves(blocks, count, out);
}

static void hash_pair(struct lxfs *fs, const struct hash256 *left, const struct hash256 *right, struct hash256 *out)
{
    fs->stats.node_hashes++;
    fs->stats.hashed_bytes += 1 + 2 * sizeof *out;
    tree_node(left, right, out);
}

static const uint8_t zero_block[BLOCK];

void hash_zeros_init(struct lxfs *fs)
{
    tree_leaf(zero_block, BLOCK, &fs->zeros[0]);
    for (uint32_t i = 1; i < ZERO_LEVELS; i++) {
        tree_node(&fs->zeros[i - 1], &fs->zeros[i - 1], &fs->zeros[i]);
    }
}

/* The last leaf goes up; on each level where the number of leaves before it has a bit, a whole subtree stands to its left. */
void hash_of_zeros(struct lxfs *fs, struct extent extent, struct hash256 *out)
{
    if (extent.leaves == 0) {
        sha256_of("", 0, out);
        return;
    }
    if (extent.last_bytes == BLOCK && is_power_of_two(extent.leaves)) {
        *out = fs->zeros[__builtin_ctzll(extent.leaves)];
        return;
    }
    hash_leaf(fs, zero_block, extent.last_bytes, out);
    uint64_t before = extent.leaves - 1;
    for (uint32_t level = 0; level < ZERO_LEVELS && before >> level != 0; level++) {
        if ((before >> level & 1) != 0) {
            hash_pair(fs, &fs->zeros[level], out, out);
        }
    }
}

/* The hash of entry `i` of a node of `count` entries. */
static const struct hash256 *entry_hash(struct lxfs *fs, const uint8_t *node, uint32_t level, uint32_t i, uint32_t count,
                                        struct extent extent, struct hash256 *room)
{
    const uint8_t *p = node + (size_t)i * POINTER_BYTES;
    if (le40_load(p + P_ADDRESS) != 0) {
        memcpy(room, p + P_HASH, sizeof *room);
        return room;
    }
    uint64_t span = 1ull << (FANOUT_BITS * (level - 1));
    if (i + 1 < count) {
        return &fs->zeros[FANOUT_BITS * (level - 1)];
    }
    hash_of_zeros(fs, (struct extent){extent.leaves - i * span, extent.last_bytes}, room);
    return room;
}

/* Nodes that wait to be hashed two at a time; `rooms` is where hashes are that lie nowhere else. */
struct waiting {
    const struct hash256 *left[2];
    const struct hash256 *right[2];
    struct hash256 *out[2];
    struct hash256 rooms[2][2];
    uint32_t count;
};

static void waiting_hash(struct lxfs *fs, struct waiting *w)
{
    if (w->count == 2) {
        fs->stats.node_hashes += 2;
        fs->stats.hashed_bytes += 2 * (1 + 2 * sizeof *w->out[0]);
        tree_node_pair(w->left, w->right, w->out);
    } else if (w->count == 1) {
        hash_pair(fs, w->left[0], w->right[0], w->out[0]);
    }
    w->count = 0;
}

/* Bits in pairs: bit i of the result is bit 2i or 2i + 1 of `mask`. */
static uint64_t mask_halve(uint64_t mask)
{
    uint64_t out = 0;
    for (uint32_t i = 0; i < 32; i++) {
        out |= (uint64_t)((mask >> 2 * i & 3) != 0) << i;
    }
    return out;
}

void hash_fold(struct lxfs *fs, uint32_t i, uint32_t level, struct extent extent, struct hash256 *out)
{
    struct frame *f = &fs->frames[i];
    const uint8_t *node = frame_data(fs, i);
    struct hash256 *fold = fs->folds + (size_t)(i - 1) * INNER_HASHES;
    uint64_t span = 1ull << (FANOUT_BITS * (level - 1));
    uint32_t count = (uint32_t)((extent.leaves - 1) / span + 1);
    uint64_t changed = f->changed;
    assert(extent.leaves >= 1 && count <= FANOUT);
    if (f->fold_leaves != extent.leaves || f->fold_last != extent.last_bytes) {
        uint64_t old_count = f->fold_leaves == 0 ? 0 : (f->fold_leaves - 1) / span + 1;
        uint64_t kept = old_count < count ? old_count : count;
        changed |= kept <= 1 ? UINT64_MAX : UINT64_MAX << (kept - 1); /* the last entry covers more or less than it did */
    }
    struct hash256 *above = fold;
    const struct hash256 *below = NULL;
    struct waiting wait = {.count = 0};
    for (uint32_t width = count, row = FANOUT / 2; row != 0; row /= 2) {
        uint64_t next_changed = mask_halve(changed);
        for (uint32_t n = 0; n < (width + 1) / 2; n++) {
            struct hash256 *rooms = wait.rooms[wait.count];
            if ((next_changed >> n & 1) == 0) {
                continue;
            }
            const struct hash256 *left = below != NULL ? &below[2 * n] : entry_hash(fs, node, level, 2 * n, count, extent, &rooms[0]);
            if (2 * n + 1 == width) {
                above[n] = *left;
                continue;
            }
            wait.left[wait.count] = left;
            wait.right[wait.count] =
                below != NULL ? &below[2 * n + 1] : entry_hash(fs, node, level, 2 * n + 1, count, extent, &rooms[1]);
            wait.out[wait.count++] = &above[n];
            if (wait.count == 2) {
                waiting_hash(fs, &wait);
            }
        }
        waiting_hash(fs, &wait);
        changed = next_changed;
        width = (width + 1) / 2;
        below = above;
        above += row;
    }
    f->changed = 0;
    f->fold_leaves = extent.leaves;
    f->fold_last = extent.last_bytes;
    *out = fold[INNER_HASHES - 1];
}
