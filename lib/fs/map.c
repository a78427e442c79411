/* SPDX-License-Identifier: MIT */
/**
 * Map: which blocks are free. Its blocks have two fixed places that are written in turns, so it never takes blocks for itself, and
 * writing it ends. Counts in its pointers say where something is free. Source: docs/spec/lxfs.md section 9
 * Limits: a search skips full subtrees, 64 on each level; what a damaged or lying map costs is bounded by SEEK_STEPS and TAKE_TRIES.
 */
#include "private.h"

enum { SEEK_STEPS = 4096, TAKE_TRIES = 64 };

bool map_measure(struct lxfs *fs)
{
    uint64_t n = (fs->block_count - 1) / MAP_LEAF_BLOCKS + 1;
    uint64_t position = 0;
    fs->map_leaves = n;
    uint32_t level = 0;
    fs->map_base[0] = 0;
    while (n > 1) {
        position += n;
        fs->map_base[++level] = position;
        n = (n - 1) / FANOUT + 1;
    }
    fs->map_blocks = 2 * (position + 1);
    uint64_t edge = SUPER_RING + fs->log_blocks + fs->map_blocks;
    if (fs->block_count < LXFS_BLOCKS_MIN || fs->block_count > LXFS_BLOCKS_MAX || 2 * edge + RESERVE + OP_BLOCKS > fs->block_count) {
        return false;
    }
    fs->data_first = edge;
    fs->data_end = fs->block_count - edge;
    return true;
}

uint64_t map_place(const struct lxfs *fs, uint32_t level, uint64_t index, uint32_t place)
{
    return SUPER_RING + fs->log_blocks + 2 * (fs->map_base[level] + index) + place;
}

uint64_t map_distance(const struct lxfs *fs)
{
    return fs->block_count - fs->data_first - SUPER_RING - fs->log_blocks;
}

static enum lxfs_err touch_leaf(struct lxfs *fs, uint64_t index, uint32_t *frame)
{
    struct file map = file_of_map();
    struct spot spot = file_root_spot(fs, &map);
    for (;;) {
        uint32_t i = 0;
        if (le40_load(spot_pointer(fs, &spot) + P_ADDRESS) == 0) {
            return LXFS_EBAD;
        }
        enum lxfs_err err = block_load(fs, &spot, &i);
        if (err != LXFS_OK) {
            return err;
        }
        if (fs->frames[i].state != FRAME_DIRTY) {
            uint64_t place = map_place(fs, spot.level, spot.index, 0);
            uint64_t where = fs->frames[i].address == place ? place + 1 : place;
            block_settle(fs, &spot, i, (const uint64_t[2]){where, where + map_distance(fs)});
        }
        if (spot.level == 0) {
            *frame = i;
            return LXFS_OK;
        }
        spot = file_child_spot(&spot, i, index);
    }
}

enum lxfs_err map_remake(struct lxfs *fs, uint64_t index, uint32_t *frame)
{
    struct file map = file_of_map();
    uint32_t parent = 0;
    enum lxfs_err err = touch_leaf(fs, index, frame);
    if (err != LXFS_EBAD || file_depth(file_size(fs, &map)) == 0 || file_load(fs, &map, 1, index / FANOUT, &parent) != LXFS_OK || parent == 0 ||
        fs->frames[parent].state != FRAME_DIRTY) {
        return err;
    }
    struct spot spot = file_child_spot(&fs->frames[parent].spot, parent, index);
    uint64_t count = le40_load(spot_pointer(fs, &spot) + P_COUNT);
    uint64_t first = map_place(fs, 0, index, 0); /* the other place than the one that the commit before leads to */
    uint64_t where = le40_load(spot_pointer(fs, &spot) + P_ADDRESS) == first ? first + 1 : first;
    uint32_t i = cache_take(fs, false);
    if (i == 0) {
        return LXFS_EIO;
    }
    memset(frame_data(fs, i), 0xff, BLOCK);
    block_settle(fs, &spot, i, (const uint64_t[2]){where, where + map_distance(fs)});
    file_count_add(fs, &map, 0, index, (uint64_t)0 - count);
    *frame = i;
    return LXFS_OK;
}

/* The first leaf from `from` on that says it has free blocks; what cannot be read is passed over. */
static bool seek_leaf(struct lxfs *fs, uint64_t from, uint64_t *leaf)
{
    struct file map = file_of_map();
    uint64_t at = from;
    for (uint32_t step = 0; step < SEEK_STEPS && at < fs->map_leaves; step++) {
        struct spot spot = file_root_spot(fs, &map);
        for (;;) {
            const uint8_t *pointer = spot_pointer(fs, &spot);
            uint32_t i = 0;
            bool is_open = le40_load(pointer + P_COUNT) != 0 && le40_load(pointer + P_ADDRESS) != 0;
            if (is_open && spot.level == 0) {
                *leaf = at;
                return true;
            }
            if (!is_open || block_load(fs, &spot, &i) != LXFS_OK) {
                uint32_t shift = FANOUT_BITS * spot.level;
                at = ((at >> shift) + 1) << shift;
                break;
            }
            spot = file_child_spot(&spot, i, at);
        }
    }
    return false;
}

bool map_is_used(const uint8_t *leaf, uint64_t address)
{
    uint64_t bit = address % MAP_LEAF_BLOCKS;
    return (leaf[bit / 8] >> (bit % 8) & 1) != 0;
}

/* The first free bit of [from, end). */
static bool find_free(const uint8_t *leaf, uint32_t from, uint32_t end, uint32_t *out)
{
    uint32_t bit = from;
    while (bit < end) {
        uint64_t word = ~le64_load(leaf + (size_t)(bit / 64) * 8) >> (bit % 64);
        if (word != 0) {
            bit += (uint32_t)__builtin_ctzll(word);
            *out = bit;
            return bit < end;
        }
        bit = (bit / 64 + 1) * 64;
    }
    return false;
}

static void mark_used(struct lxfs *fs, uint8_t *leaf, uint64_t address)
{
    struct file map = file_of_map();
    uint64_t bit = address % MAP_LEAF_BLOCKS;
    leaf[bit / 8] = (uint8_t)(leaf[bit / 8] | 1u << (bit % 8));
    file_count_add(fs, &map, 0, address / MAP_LEAF_BLOCKS, (uint64_t)-1);
    fs->free_blocks -= fs->free_blocks != 0;
}

/* Takes a block of one leaf. A bit that cannot be free is a lie of the map: it is set, and the search goes on. */
static bool take_from(struct lxfs *fs, uint64_t leaf_index, uint32_t leaf_frame, uint32_t copy, uint64_t *address)
{
    uint8_t *leaf = frame_data(fs, leaf_frame);
    uint64_t base = leaf_index * MAP_LEAF_BLOCKS;
    uint32_t from = fs->next[copy] / MAP_LEAF_BLOCKS == leaf_index ? (uint32_t)(fs->next[copy] % MAP_LEAF_BLOCKS) : 0;
    for (uint32_t tries = 0; tries < TAKE_TRIES; tries++) {
        uint32_t bit = 0;
        if (!find_free(leaf, from, MAP_LEAF_BLOCKS, &bit) && !find_free(leaf, 0, from, &bit)) {
            struct file map = file_of_map();
            uint64_t count = le40_load(spot_pointer(fs, &fs->frames[leaf_frame].spot) + P_COUNT);
            file_count_add(fs, &map, 0, leaf_index, (uint64_t)0 - count);
            fs->stats.map_errors++;
            return false;
        }
        mark_used(fs, leaf, base + bit);
        if (base + bit >= fs->data_first && base + bit < fs->data_end && cache_find(fs, base + bit) == 0) {
            *address = base + bit;
            return true;
        }
        fs->stats.map_errors++;
    }
    return false;
}

enum lxfs_err map_take(struct lxfs *fs, uint32_t copy, uint64_t *address)
{
    for (uint32_t tries = 0; tries < TAKE_TRIES; tries++) {
        uint64_t leaf = 0;
        uint32_t frame = 0;
        if (!seek_leaf(fs, fs->next[copy] / MAP_LEAF_BLOCKS, &leaf) && !seek_leaf(fs, 0, &leaf)) {
            return LXFS_ENOSPC;
        }
        if (touch_leaf(fs, leaf, &frame) == LXFS_OK && take_from(fs, leaf, frame, copy, address)) {
            fs->next[copy] = *address + 1;
            return LXFS_OK;
        }
        fs->next[copy] = (leaf + 1) * MAP_LEAF_BLOCKS;
    }
    return LXFS_ENOSPC;
}

bool map_may_give(struct lxfs *fs, uint64_t address)
{
    struct file map = file_of_map();
    uint32_t frame = 0;
    bool is_known = address >= fs->data_first && address < fs->data_end &&
                    file_load(fs, &map, 0, address / MAP_LEAF_BLOCKS, &frame) == LXFS_OK && frame != 0;
    return !is_known || map_is_used(frame_data(fs, frame), address);
}

void map_give(struct lxfs *fs, uint64_t address)
{
    uint32_t frame = 0;
    if (address < fs->data_first || address >= fs->data_end || fs->pending_count == fs->pending_max ||
        touch_leaf(fs, address / MAP_LEAF_BLOCKS, &frame) != LXFS_OK) {
        fs->stats.lost_blocks++;
        return;
    }
    fs->pending[fs->pending_count++] = address;
}

void map_settle(struct lxfs *fs)
{
    struct file map = file_of_map();
    for (uint32_t n = 0; n < fs->pending_count; n++) {
        uint64_t address = fs->pending[n];
        uint64_t bit = address % MAP_LEAF_BLOCKS;
        uint32_t frame = 0;
        if (file_load(fs, &map, 0, address / MAP_LEAF_BLOCKS, &frame) != LXFS_OK || frame == 0 ||
            !map_is_used(frame_data(fs, frame), address)) {
            fs->stats.map_errors++;
            continue;
        }
        uint8_t *leaf = frame_data(fs, frame);
        leaf[bit / 8] = (uint8_t)(leaf[bit / 8] & ~(1u << (bit % 8)));
        file_count_add(fs, &map, 0, address / MAP_LEAF_BLOCKS, 1);
        fs->free_blocks++;
    }
    fs->pending_count = 0;
}
