/* SPDX-License-Identifier: MIT */
/**
 * File: the tree of one file: walks from the root pointer in its inode, growing, and dropping ranges. Source: docs/spec/lxfs.md section 3
 * Limits: a walk passes at most LEVELS_MAX + 1 blocks; dropping a range walks at most twice 63 times on each level.
 */
#include "private.h"

struct file file_of_table(void)
{
    return (struct file){.inode = 0, .home = 0, .home_at = S_TABLE, .kind = KIND_TABLE};
}

struct file file_of_map(void)
{
    return (struct file){.inode = 0, .home = 0, .home_at = S_MAP, .kind = KIND_MAP};
}

uint32_t file_depth(uint64_t size_bytes)
{
    uint64_t leaves = tree_leaf_count(size_bytes);
    uint32_t depth = 0;
    while (leaves > 1ull << (FANOUT_BITS * depth)) {
        depth++;
    }
    return depth;
}

struct spot file_root_spot(struct lxfs *fs, const struct file *f)
{
    return (struct spot){.index = 0,
                         .parent = f->home,
                         .parent_at = f->home_at + I_ROOT,
                         .home = f->home,
                         .home_at = f->home_at,
                         .kind = f->kind,
                         .level = file_depth(file_size(fs, f))};
}

struct spot file_child_spot(const struct spot *spot, uint32_t frame, uint64_t index)
{
    struct spot child = *spot;
    child.level--;
    child.index = index >> (FANOUT_BITS * child.level);
    child.parent = frame;
    child.parent_at = (uint32_t)(child.index % FANOUT) * POINTER_BYTES;
    return child;
}

static bool is_hole(struct lxfs *fs, const struct spot *spot)
{
    return le40_load(spot_pointer(fs, spot) + P_ADDRESS) == 0;
}

enum lxfs_err file_load(struct lxfs *fs, const struct file *f, uint32_t level, uint64_t index, uint32_t *frame)
{
    struct spot spot = file_root_spot(fs, f);
    *frame = 0;
    for (;;) {
        uint32_t i = 0;
        if (is_hole(fs, &spot)) {
            return LXFS_OK;
        }
        enum lxfs_err err = block_load(fs, &spot, &i);
        if (err != LXFS_OK) {
            return err;
        }
        if (spot.level == level) {
            *frame = i;
            return LXFS_OK;
        }
        spot = file_child_spot(&spot, i, index << (FANOUT_BITS * level));
    }
}

enum lxfs_err file_probe(struct lxfs *fs, const struct file *f, uint64_t index, bool *is_there, uint64_t *next)
{
    struct spot spot = file_root_spot(fs, f);
    for (;;) {
        uint32_t shift = FANOUT_BITS * spot.level;
        uint32_t i = 0;
        *is_there = !is_hole(fs, &spot);
        *next = ((index >> shift) + 1) << shift;
        if (!*is_there || le40_load(spot_pointer(fs, &spot) + P_COUNT) >= block_extent(fs, &spot).leaves) {
            return LXFS_OK;
        }
        enum lxfs_err err = spot.level == 0 ? LXFS_EBAD : block_load(fs, &spot, &i);
        if (err != LXFS_OK) {
            return err;
        }
        spot = file_child_spot(&spot, i, index);
    }
}

enum lxfs_err file_prepare(struct lxfs *fs, const struct file *f, uint64_t index, bool with_leaf)
{
    uint64_t size = file_size(fs, f);
    uint32_t frame = 0;
    uint32_t level = with_leaf ? 0 : 1;
    if (index >= tree_leaf_count(size) || level > file_depth(size)) {
        return LXFS_OK;
    }
    return file_load(fs, f, level, index >> (FANOUT_BITS * level), &frame);
}

enum lxfs_err file_prepare_end(struct lxfs *fs, const struct file *f)
{
    uint64_t size = file_size(fs, f);
    return size == 0 ? LXFS_OK : file_prepare(fs, f, tree_leaf_count(size) - 1, size % BLOCK != 0);
}

void file_count_add(struct lxfs *fs, const struct file *f, uint32_t level, uint64_t index, uint64_t delta)
{
    struct spot spot = file_root_spot(fs, f);
    if (f->kind == KIND_FILE || f->kind == KIND_META) {
        quota_charge(fs, quota_of(fs, f), (int64_t)delta);
    }
    for (;;) {
        uint8_t *pointer = spot_pointer(fs, &spot);
        le40_store(pointer + P_COUNT, le40_load(pointer + P_COUNT) + delta);
        if (spot.level == level) {
            return;
        }
        uint32_t i = cache_find(fs, le40_load(pointer + P_ADDRESS));
        assert(i != 0 && fs->frames[i].state == FRAME_DIRTY);
        spot = file_child_spot(&spot, i, index << (FANOUT_BITS * level));
    }
}

/* Touches what is on the way to leaf `index`, down to `level`. */
static enum lxfs_err touch_path(struct lxfs *fs, const struct file *f, uint32_t level, uint64_t index, bool make, uint32_t *frame)
{
    struct spot spot = file_root_spot(fs, f);
    *frame = 0;
    if (level > spot.level) {
        return LXFS_OK;
    }
    for (;;) {
        uint32_t i = 0;
        bool is_new = is_hole(fs, &spot);
        if (is_new && !make) {
            return LXFS_OK;
        }
        enum lxfs_err err = is_new ? block_make(fs, &spot, &i) : block_load(fs, &spot, &i);
        if (err == LXFS_OK) {
            err = block_touch(fs, &spot, i);
        }
        if (err != LXFS_OK) {
            return err;
        }
        if (spot.level == level) {
            if (is_new && level == 0) {
                file_count_add(fs, f, 0, index, 1);
            }
            *frame = i;
            return LXFS_OK;
        }
        spot = file_child_spot(&spot, i, index);
    }
}

enum lxfs_err file_touch(struct lxfs *fs, const struct file *f, uint64_t index, bool make, uint32_t *frame)
{
    return touch_path(fs, f, 0, index, make, frame);
}

enum lxfs_err file_overwrite(struct lxfs *fs, const struct file *f, uint64_t index, uint32_t *frame)
{
    uint32_t i = f->home;
    struct spot spot = file_root_spot(fs, f);
    if (spot.level != 0) {
        enum lxfs_err err = touch_path(fs, f, 1, index, true, &i);
        if (err != LXFS_OK) {
            return err;
        }
        spot = fs->frames[i].spot;
        spot = file_child_spot(&spot, i, index);
    }
    uint8_t *pointer = spot_pointer(fs, &spot);
    uint64_t old = le40_load(pointer + P_ADDRESS);
    uint64_t old2 = le40_load(pointer + P_ADDRESS2);
    uint64_t birth = le64_load(pointer + P_BIRTH);
    if (old == 0 || cache_find(fs, old) != 0) {
        return file_touch(fs, f, index, true, frame);
    }
    enum lxfs_err err = block_make(fs, &spot, frame);
    if (err != LXFS_OK) {
        return err;
    }
    le40_store(spot_pointer(fs, &spot) + P_COUNT, 1);
    block_give(fs, old, old2, birth);
    return LXFS_OK;
}

/* Touches the blocks whose hash depends on the size: the nodes on the way to the last leaf, and that leaf if it is not whole. */
static enum lxfs_err touch_end(struct lxfs *fs, const struct file *f, uint64_t size)
{
    uint32_t frame = 0;
    return size == 0 ? LXFS_OK : touch_path(fs, f, size % BLOCK != 0 ? 0 : 1, tree_leaf_count(size) - 1, false, &frame);
}

/* The block under a pointer that has been moved has another parent now. */
static void tell_parent(struct lxfs *fs, const uint8_t *pointer, uint32_t parent, uint32_t parent_at)
{
    uint32_t i = cache_find(fs, le40_load(pointer + P_ADDRESS));
    if (i != 0 && fs->frames[i].state == FRAME_DIRTY) {
        fs->frames[i].spot.parent = parent;
        fs->frames[i].spot.parent_at = parent_at;
    }
}

/* Puts a node above the root. */
static enum lxfs_err raise(struct lxfs *fs, const struct file *f, struct spot *spot)
{
    uint8_t old[POINTER_BYTES];
    uint32_t i = 0;
    memcpy(old, spot_pointer(fs, spot), sizeof old);
    spot->level++;
    if (le40_load(old + P_ADDRESS) == 0) {
        return LXFS_OK;
    }
    enum lxfs_err err = block_make(fs, spot, &i);
    if (err != LXFS_OK) {
        return err;
    }
    memcpy(frame_data(fs, i), old, sizeof old);
    le40_store(file_inode(fs, f) + I_ROOT + P_COUNT, le40_load(old + P_COUNT));
    tell_parent(fs, old, i, 0);
    return LXFS_OK;
}

enum lxfs_err file_grow(struct lxfs *fs, const struct file *f, uint64_t size_bytes)
{
    assert(size_bytes >= file_size(fs, f));
    enum lxfs_err err = touch_end(fs, f, file_size(fs, f));
    struct spot spot = file_root_spot(fs, f);
    uint32_t depth = file_depth(size_bytes);
    while (err == LXFS_OK && spot.level < depth) {
        err = raise(fs, f, &spot);
    }
    if (err == LXFS_OK) {
        le64_store(file_inode(fs, f) + I_SIZE, size_bytes);
    }
    return err;
}

bool file_is_deep_dirty(struct lxfs *fs, const struct file *f)
{
    const uint8_t *root = file_inode(fs, f) + I_ROOT;
    return root[P_LEVEL] >= 2 && block_is_new(fs, root);
}

/* What was never on the device goes at once; what was goes to the list of dead trees, so that this costs no more for a large tree. */
enum lxfs_err file_discard(struct lxfs *fs, uint8_t *pointer)
{
    if (!block_is_new(fs, pointer)) {
        return dead_push(fs, pointer);
    }
    uint8_t *node = pointer[P_LEVEL] == 0 ? NULL : frame_data(fs, cache_find(fs, le40_load(pointer + P_ADDRESS)));
    for (uint32_t n = 0; node != NULL && n < FANOUT; n++) {
        uint8_t *child = node + (size_t)n * POINTER_BYTES;
        enum lxfs_err err = LXFS_OK;
        if (le40_load(child + P_ADDRESS) != 0) {
            assert(pointer[P_LEVEL] == 1 || !block_is_new(fs, child));
            if (block_is_new(fs, child)) {
                block_free(fs, child);
            } else {
                err = dead_push(fs, child);
            }
        }
        if (err != LXFS_OK) {
            return err;
        }
    }
    block_free(fs, pointer);
    return LXFS_OK;
}

/* The hash of what a pointer covers changes because a hole comes to be there: its node must not rely on what it had. */
static void entry_changed(struct lxfs *fs, const struct spot *spot)
{
    if (fs->frames[spot->parent].level != 0) {
        fs->frames[spot->parent].changed |= 1ull << (spot->parent_at / POINTER_BYTES);
    }
}

/* Drops the largest subtree that begins at leaf `at` and lies in the range; `at` moves behind it. */
static enum lxfs_err drop_one(struct lxfs *fs, const struct file *f, uint64_t *at, uint64_t end, uint64_t total)
{
    struct spot spot = file_root_spot(fs, f);
    for (;;) {
        uint32_t shift = FANOUT_BITS * spot.level;
        uint64_t next = ((*at >> shift) + 1) << shift;
        uint32_t i = 0;
        if (is_hole(fs, &spot)) {
            *at = next;
            return LXFS_OK;
        }
        if (*at == spot.index << shift && (next <= end || (next >= total && end >= total))) {
            uint64_t count = le40_load(spot_pointer(fs, &spot) + P_COUNT);
            file_count_add(fs, f, spot.level, spot.index, (uint64_t)0 - count);
            *at = next;
            entry_changed(fs, &spot);
            return file_discard(fs, spot_pointer(fs, &spot));
        }
        enum lxfs_err err = block_load(fs, &spot, &i);
        if (err == LXFS_OK) {
            err = block_touch(fs, &spot, i);
        }
        if (err != LXFS_OK) {
            return err;
        }
        spot = file_child_spot(&spot, i, *at);
    }
}

/* Whether a node has holes only. Its count says the same, if the device is honest. */
static bool is_empty(const uint8_t *node)
{
    for (uint32_t n = 0; n < FANOUT; n++) {
        if (le40_load(node + (size_t)n * POINTER_BYTES + P_ADDRESS) != 0) {
            return false;
        }
    }
    return true;
}

/* Gives back the nodes on the way to leaf `index` that have nothing below them any more. */
static enum lxfs_err prune(struct lxfs *fs, const struct file *f, uint64_t index)
{
    struct spot spots[LEVELS_MAX + 1];
    uint32_t frames[LEVELS_MAX + 1];
    uint32_t count = 0;
    struct spot spot = file_root_spot(fs, f);
    while (!is_hole(fs, &spot) && spot.level != 0) {
        enum lxfs_err err = block_load(fs, &spot, &frames[count]);
        if (err != LXFS_OK) {
            return err;
        }
        spots[count] = spot;
        spot = file_child_spot(&spot, frames[count++], index);
    }
    while (count != 0 && is_empty(frame_data(fs, frames[count - 1]))) {
        count--;
        entry_changed(fs, &spots[count]);
        block_free(fs, spot_pointer(fs, &spots[count]));
    }
    return LXFS_OK;
}

enum lxfs_err file_drop(struct lxfs *fs, const struct file *f, uint64_t first, uint64_t end)
{
    uint64_t total = tree_leaf_count(file_size(fs, f));
    enum lxfs_err err = LXFS_OK;
    end = end < total ? end : total;
    if (first >= end) {
        return LXFS_OK;
    }
    for (uint64_t at = first; err == LXFS_OK && at < end;) {
        err = drop_one(fs, f, &at, end, total);
    }
    if (err == LXFS_OK) {
        err = prune(fs, f, first);
    }
    return err == LXFS_OK ? prune(fs, f, end - 1) : err;
}

/* Takes away the node above entry 0. */
static void lower(struct lxfs *fs, const struct file *f, struct spot *spot)
{
    uint8_t *root = spot_pointer(fs, spot);
    spot->level--;
    if (le40_load(root + P_ADDRESS) == 0) {
        return;
    }
    uint8_t kept[POINTER_BYTES];
    memcpy(kept, frame_data(fs, cache_find(fs, le40_load(root + P_ADDRESS))), sizeof kept);
    block_free(fs, root);
    memcpy(root, kept, sizeof kept);
    if (le40_load(root + P_ADDRESS) != 0) {
        tell_parent(fs, root, f->home, f->home_at + I_ROOT);
    }
}

enum lxfs_err file_shrink(struct lxfs *fs, const struct file *f, uint64_t size_bytes)
{
    uint64_t leaves = tree_leaf_count(size_bytes);
    uint32_t tail = (uint32_t)(size_bytes % BLOCK);
    uint32_t depth = file_depth(size_bytes);
    uint32_t frame = 0;
    if (leaves != 0) {
        enum lxfs_err err = touch_path(fs, f, tail != 0 ? 0 : 1, leaves - 1, false, &frame);
        if (err != LXFS_OK) {
            return err;
        }
        if (tail != 0 && frame != 0) {
            memset(frame_data(fs, frame) + tail, 0, BLOCK - tail);
        }
    }
    struct spot spot = file_root_spot(fs, f);
    while (spot.level > depth) {
        lower(fs, f, &spot);
    }
    le64_store(file_inode(fs, f) + I_SIZE, size_bytes);
    return LXFS_OK;
}
