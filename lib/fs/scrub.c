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
        bool is_same = device_read(fs, places[n], f->birth, copy) && memcmp(copy, frame_data(fs, i), spot->level == 0 ? len : BLOCK) == 0;
        if (is_same) {
            continue;
        }
        fs->stats.bad_copies++;
        fs->stats.repaired_copies += device_write(fs, places[n], f->birth, frame_data(fs, i));
    }
}

/* Looks at the blocks that begin with leaf `index`; it moves on to the next leaf, or behind what is a hole or cannot be read. */
static void scrub_leaf(struct lxfs *fs, const struct file *f, uint64_t *index)
{
    struct spot spot = file_root_spot(fs, f);
    for (;;) {
        uint32_t shift = FANOUT_BITS * spot.level;
        uint32_t i = 0;
        bool is_first = spot.index << shift == *index;
        if (le40_load(spot_pointer(fs, &spot) + P_ADDRESS) == 0 || block_load(fs, &spot, &i) != LXFS_OK) {
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

/* The file that the cursor is at: 0 the map, 1 the inode table, then inodes. */
static enum lxfs_err cursor_file(struct lxfs *fs, uint64_t number, struct file *out)
{
    if (number < 2) {
        *out = number == 0 ? file_of_map() : file_of_table();
        return LXFS_OK;
    }
    return inode_slot(fs, number - 1, out);
}

enum lxfs_err lxfs_scrub(struct lxfs *fs, struct lxfs_cursor *cursor, uint32_t steps)
{
    if (fs->is_failed || fs->is_read_only) {
        return fs->is_failed ? LXFS_EIO : LXFS_EROFS;
    }
    for (uint32_t n = 0; n < steps; n++) {
        struct file f;
        if (cursor->file > fs->inode_count) {
            *cursor = (struct lxfs_cursor){0, 0};
            return LXFS_ENOENT;
        }
        if (cursor_file(fs, cursor->file, &f) != LXFS_OK || cursor->index >= tree_leaf_count(file_size(fs, &f))) {
            *cursor = (struct lxfs_cursor){cursor->file + 1, 0};
            continue;
        }
        if (cursor->index == 0 && cursor->file >= 2 && le40_load(file_inode(fs, &f) + I_XATTR + P_ADDRESS) != 0) {
            struct spot x = xattr_spot(&f);
            uint32_t frame = 0;
            if (block_load(fs, &x, &frame) == LXFS_OK) {
                compare_copies(fs, &x, frame);
            }
        }
        scrub_leaf(fs, &f, &cursor->index);
    }
    return LXFS_OK;
}
