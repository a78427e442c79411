/* SPDX-License-Identifier: MIT */
/**
 * Scrub: reads all copies of all blocks, a few at a time, and writes those again that are not what they should be. Reading files finds damage
 * of what is read; this finds it while the other copy is still good. Limits: a step loads at most one way down a tree.
 */
#include "private.h"

/* Compares the copies on the device with a verified block in memory. Contents that have one copy were verified by loading them, if that
 * was now: what stands in memory from before is not read again. */
static void compare_copies(struct lxfs *fs, const struct spot *spot, uint32_t i)
{
    const struct frame *f = &fs->frames[i];
    const uint64_t places[2] = {f->address, f->address2};
    size_t len = block_extent(fs, spot).last_bytes;
    uint8_t *copy = fs->scratch + BLOCK;
    if (f->state != FRAME_CLEAN) {
        return;
    }
    for (uint32_t n = 0; n < 2 && block_is_place(fs, spot, places[n], n); n++) {
        bool is_same = medium_read(fs, places[n], f->birth, copy) && memcmp(copy, frame_data(fs, i), spot->level == 0 ? len : BLOCK) == 0;
        if (is_same) {
            continue;
        }
        fs->stats.bad_copies++;
        fs->stats.repaired_copies += medium_write(fs, places[n], f->birth, frame_data(fs, i));
    }
}

/* Looks at the blocks that begin with leaf `index`; it moves on to the next leaf, or behind what is a hole or cannot be read, or was born
 * in generation `seen` or before. */
static void scrub_leaf(struct lxfs *fs, const struct file *f, uint64_t seen, uint64_t *index)
{
    struct spot spot = file_root_spot(fs, f);
    for (;;) {
        uint32_t shift = FANOUT_BITS * spot.level;
        uint32_t i = 0;
        bool is_first = spot.index << shift == *index;
        if (le40_load(spot_pointer(fs, &spot) + P_ADDRESS) == 0 || le64_load(spot_pointer(fs, &spot) + P_BIRTH) <= seen ||
            block_load(fs, &spot, &i) != LXFS_OK) {
            *index = ((*index >> shift) + 1) << shift;
            return;
        }
        if (is_first) {
            compare_copies(fs, &spot, i);
        }
        if (spot.level == 0) {
            (*index)++;
            return;
        }
        spot = file_child_spot(&spot, i, *index);
    }
}

/* The file that the cursor is at: 0 the map, 1 an inode table, then inodes; above SNAPSHOT_SHIFT stands which snapshot they are of. */
static enum lxfs_err cursor_file(struct lxfs *fs, uint64_t number, struct file *out)
{
    uint64_t bits = snapshot_bits(number);
    uint64_t inode_count = 0;
    number -= bits;
    if (number == 0 || (number == 1 && bits == 0)) {
        *out = number == 0 ? file_of_map() : file_of_table();
        return bits == 0 ? LXFS_OK : LXFS_ENOENT;
    }
    if (number == 1) {
        return snapshot_table(fs, (uint32_t)(bits >> SNAPSHOT_SHIFT) - 1, out, &inode_count);
    }
    bool is_list = bits != 0 && number - 1 < INODE_FIRST_FREE && number - 1 != INODE_ROOT; /* no part of a snapshot */
    return is_list ? LXFS_ENOENT : inode_slot(fs, bits | (number - 1), out);
}

/* What a cursor goes through: the volume, or a snapshot. */
struct part {
    uint64_t inode_count;
    uint64_t seen; /* what was born then or before was in another part */
};

/* @return false when the snapshot is not there. */
static bool part_of(struct lxfs *fs, uint64_t number, struct part *out)
{
    uint32_t slot = (uint32_t)(number >> SNAPSHOT_SHIFT) - 1;
    struct file table;
    *out = (struct part){fs->inode_count, 0};
    if (snapshot_bits(number) == 0) {
        return true;
    }
    if (snapshot_table(fs, slot, &table, &out->inode_count) != LXFS_OK) {
        return false;
    }
    out->seen = snapshot_before(fs, fs->snapshots[slot]);
    return true;
}

/* Compares what an inode has beside its contents. */
static void scrub_xattr(struct lxfs *fs, const struct file *f, uint64_t seen)
{
    struct spot x = xattr_spot(f);
    uint32_t frame = 0;
    const uint8_t *pointer = spot_pointer(fs, &x);
    if (le40_load(pointer + P_ADDRESS) != 0 && le64_load(pointer + P_BIRTH) > seen && block_load(fs, &x, &frame) == LXFS_OK) {
        compare_copies(fs, &x, frame);
    }
}

enum lxfs_err lxfs_scrub(struct lxfs *fs, struct lxfs_cursor *cursor, uint32_t steps)
{
    if (fs->is_failed || fs->is_read_only) {
        return fs->is_failed ? LXFS_EIO : LXFS_EROFS;
    }
    for (uint32_t n = 0; n < steps; n++) {
        struct file f;
        struct part part;
        uint64_t bits = snapshot_bits(cursor->file);
        if (bits >> SNAPSHOT_SHIFT > LXFS_SNAPSHOTS_MAX) {
            *cursor = (struct lxfs_cursor){0, 0};
            return LXFS_ENOENT;
        }
        if (!part_of(fs, cursor->file, &part) || cursor->file - bits > part.inode_count) { /* the next part; one step for all that are not there */
            uint64_t next = (bits >> SNAPSHOT_SHIFT) + 1;
            while (next <= LXFS_SNAPSHOTS_MAX && fs->snapshots[next - 1] == 0) {
                next++;
            }
            *cursor = (struct lxfs_cursor){next << SNAPSHOT_SHIFT | 1, 0};
            continue;
        }
        if (cursor_file(fs, cursor->file, &f) != LXFS_OK || cursor->index >= tree_leaf_count(file_size(fs, &f))) {
            *cursor = (struct lxfs_cursor){cursor->file + 1, 0};
            continue;
        }
        if (cursor->index == 0 && cursor->file - bits >= 2) {
            scrub_xattr(fs, &f, part.seen);
        }
        scrub_leaf(fs, &f, part.seen, &cursor->index);
    }
    return LXFS_OK;
}
