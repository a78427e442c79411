/* SPDX-License-Identifier: MIT */
/**
 * Discard: tells a device which blocks are free, so that it need not keep them. What is free in the map in memory was free in the last
 * commit, or was let go by it: nothing that the superblock leads to. Limits: a step looks at one leaf of the map.
 */
#include "private.h"

/* Discards the runs of free blocks that one leaf of the map tells of. @return false when the device failed. */
static bool discard_leaf(struct lxfs *fs, const uint8_t *leaf, uint64_t index, const struct lxfs_discard *to, uint64_t *discarded)
{
    uint64_t first = index * MAP_LEAF_BLOCKS;
    uint64_t end = first + MAP_LEAF_BLOCKS < fs->data_end ? first + MAP_LEAF_BLOCKS : fs->data_end;
    first = first > fs->data_first ? first : fs->data_first;
    for (uint64_t at = first; at < end;) {
        uint64_t run = 0;
        while (at + run < end && !map_is_used(leaf, at + run)) {
            run++;
        }
        if (run != 0 && run >= to->blocks_min) {
            if (!to->discard(to->context, at, (uint32_t)run)) {
                return false;
            }
            *discarded += run;
        }
        at += run + 1;
    }
    return true;
}

enum lxfs_err lxfs_trim(struct lxfs *fs, const struct lxfs_discard *to, struct lxfs_cursor *cursor, uint32_t steps, uint64_t *discarded)
{
    struct file map = file_of_map();
    *discarded = 0;
    if (fs->is_failed || fs->is_read_only) {
        return fs->is_failed ? LXFS_EIO : LXFS_EROFS;
    }
    for (uint32_t n = 0; n < steps; n++, cursor->index++) {
        uint32_t frame = 0;
        if (cursor->index >= fs->map_leaves) {
            *cursor = (struct lxfs_cursor){0, 0};
            return LXFS_ENOENT;
        }
        enum lxfs_err err = file_load(fs, &map, 0, cursor->index, &frame);
        if (err == LXFS_EIO) {
            return err;
        }
        if (err == LXFS_OK && frame != 0 && !discard_leaf(fs, frame_data(fs, frame), cursor->index, to, discarded)) {
            return LXFS_EIO;
        }
    }
    return LXFS_OK;
}
