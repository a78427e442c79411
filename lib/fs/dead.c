/* SPDX-License-Identifier: MIT */
/**
 * Dead: trees that belong to nothing any more, in a list on the device, until their blocks are given back one by one. So removing a file
 * costs the same whatever its size. Source: docs/spec/lxfs.md section 8
 * Limits: one step gives back one block, and enters at most 64. CHECK alone says that a dead node is what it was: its extent is not known.
 */
#include "private.h"

enum { BLOCK_POINTERS = BLOCK / POINTER_BYTES, PUSH_BLOCKS = 2 * LEVELS_MAX + 2 };

static enum lxfs_err list_load(struct lxfs *fs, struct file *f)
{
    enum lxfs_err err = inode_slot(fs, INODE_DEAD, f);
    if (err != LXFS_OK) {
        return err;
    }
    return inode_is_root_sound(fs, file_inode(fs, f)) && file_size(fs, f) % BLOCK == 0 ? LXFS_OK : LXFS_EBAD;
}

enum lxfs_err dead_prepare(struct lxfs *fs)
{
    struct file f;
    enum lxfs_err err = list_load(fs, &f);
    for (uint64_t n = 0; err == LXFS_OK && n < PUSH_BLOCKS; n++) {
        err = file_prepare(fs, &f, fs->dead_count / BLOCK_POINTERS + n, true);
    }
    return err == LXFS_OK ? file_prepare_end(fs, &f) : err;
}

/* The entry `index`, touched; the list grows to have it. */
static enum lxfs_err entry(struct lxfs *fs, uint64_t index, uint8_t **out)
{
    struct file f;
    uint32_t frame = 0;
    uint64_t block = index / BLOCK_POINTERS;
    enum lxfs_err err = inode_slot(fs, INODE_DEAD, &f);
    if (err == LXFS_OK) {
        err = inode_touch(fs, &f);
    }
    if (err == LXFS_OK && block >= file_size(fs, &f) / BLOCK) {
        err = file_grow(fs, &f, (block + 1) * BLOCK);
    }
    if (err == LXFS_OK) {
        err = file_touch(fs, &f, block, true, &frame);
    }
    if (err == LXFS_OK) {
        *out = frame_data(fs, frame) + (size_t)(index % BLOCK_POINTERS) * POINTER_BYTES;
    }
    return err;
}

enum lxfs_err dead_push(struct lxfs *fs, uint8_t *pointer)
{
    uint8_t *to = NULL;
    enum lxfs_err err = entry(fs, fs->dead_count, &to);
    if (err != LXFS_OK) {
        return err;
    }
    memcpy(to, pointer, POINTER_BYTES);
    memset(pointer, 0, POINTER_BYTES);
    fs->dead_count++;
    return LXFS_OK;
}

/* @return LXFS_EBAD when both copies are damaged; LXFS_EIO when one could not be read and the other is not good. */
static enum lxfs_err read_node(struct lxfs *fs, const uint8_t *pointer, uint8_t *out)
{
    enum lxfs_err err = LXFS_EBAD;
    for (uint32_t copy = 0; copy < 2; copy++) {
        uint64_t address = le40_load(pointer + (copy == 0 ? P_ADDRESS : P_ADDRESS2));
        if (address < fs->data_first || address >= fs->data_end) {
            continue;
        }
        if (!device_read(fs, address, le64_load(pointer + P_BIRTH), out)) {
            err = LXFS_EIO;
        } else if (hash_check(out) == le64_load(pointer + P_CHECK)) {
            return LXFS_OK;
        }
    }
    return err;
}

enum lxfs_err dead_step(struct lxfs *fs)
{
    uint8_t *top = NULL;
    uint8_t *node = fs->scratch + BLOCK;
    if (fs->dead_count == 0) {
        return LXFS_ENOENT;
    }
    enum lxfs_err err = entry(fs, fs->dead_count - 1, &top);
    if (err != LXFS_OK) {
        return err;
    }
    uint32_t level = top[P_LEVEL];
    bool is_lost = le40_load(top + P_ADDRESS) == 0 || level > LEVELS_MAX;
    if (!is_lost && !map_may_give(fs, le40_load(top + P_ADDRESS))) { /* given back before: a hostile tree that shares children ends so */
        fs->stats.map_errors++;
        is_lost = true;
    }
    if (!is_lost && level != 0) {
        err = read_node(fs, top, node);
        is_lost = err == LXFS_EBAD;
    }
    if (err == LXFS_EIO) { /* it may be readable another time: nothing has changed */
        return err;
    }
    err = LXFS_OK;
    uint64_t count = le40_load(top + P_COUNT);
    fs->dead_count--;
    if (is_lost) {
        fs->stats.lost_blocks += count;
        memset(top, 0, POINTER_BYTES);
        return LXFS_OK;
    }
    block_free(fs, top);
    for (uint32_t n = 0; level != 0 && n < FANOUT && err == LXFS_OK; n++) {
        uint8_t *child = node + (size_t)n * POINTER_BYTES;
        if (le40_load(child + P_ADDRESS) == 0) {
            continue;
        }
        if (child[P_LEVEL] == level - 1) {
            err = dead_push(fs, child);
        } else {
            fs->stats.lost_blocks++;
        }
    }
    fs->is_failed = fs->is_failed || err != LXFS_OK; /* half of them are entered */
    return err;
}
