/* SPDX-License-Identifier: MIT */
/**
 * Dead: trees that belong to nothing any more, in a list on the device, until their blocks are given back one by one. So removing a file
 * costs the same whatever its size. And the list of what snapshots alone keep: blocks and trees that the volume has let go since, each with
 * the generations from birth to death; when a snapshot goes, the list is swept for what no other snapshot in that time holds.
 * Source: docs/spec/lxfs.md section 8
 * Limits: one step gives back one block, and enters at most 64; a step of the sweep looks at one block of the list.
 *         CHECK alone says that a dead node is what it was: its extent is not known.
 */
#include "private.h"

enum { BLOCK_POINTERS = BLOCK / POINTER_BYTES, PUSH_BLOCKS = 2 * LEVELS_MAX + 2, KEEP_BLOCKS = 4 };

static enum lxfs_err list_load(struct lxfs *fs, uint64_t list, struct file *f)
{
    enum lxfs_err err = inode_slot(fs, list, f);
    if (err != LXFS_OK) {
        return err;
    }
    return inode_is_root_sound(fs, file_inode(fs, f)) && file_size(fs, f) % BLOCK == 0 ? LXFS_OK : LXFS_EBAD;
}

/* Loads the end of a list: what entering something there needs. */
enum lxfs_err list_prepare(struct lxfs *fs, uint64_t list, uint64_t count, uint32_t blocks)
{
    struct file f;
    enum lxfs_err err = list_load(fs, list, &f);
    for (uint64_t n = 0; err == LXFS_OK && n < blocks; n++) {
        err = file_prepare(fs, &f, count / BLOCK_POINTERS + n, true);
    }
    return err == LXFS_OK ? file_prepare_end(fs, &f) : err;
}

enum lxfs_err kept_prepare(struct lxfs *fs)
{
    return fs->newest_snapshot == 0 && fs->kept_count == 0 ? LXFS_OK : list_prepare(fs, INODE_KEPT, fs->kept_count, KEEP_BLOCKS);
}

enum lxfs_err dead_prepare(struct lxfs *fs)
{
    return list_prepare(fs, INODE_DEAD, fs->dead_count, PUSH_BLOCKS);
}

enum lxfs_err list_touch(struct lxfs *fs, uint64_t list, uint64_t block, uint8_t **out)
{
    struct file f;
    uint32_t frame = 0;
    enum lxfs_err err = inode_slot(fs, list, &f);
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
        *out = frame_data(fs, frame);
    }
    return err;
}

/* The entry `index`, touched; the list grows to have it. */
static enum lxfs_err entry(struct lxfs *fs, uint64_t list, uint64_t index, uint8_t **out)
{
    enum lxfs_err err = list_touch(fs, list, index / BLOCK_POINTERS, out);
    if (err == LXFS_OK) {
        *out += index % BLOCK_POINTERS * POINTER_BYTES;
    }
    return err;
}

/* Enters a tree that died in generation `death`; its pointer becomes a hole. */
static enum lxfs_err push(struct lxfs *fs, uint64_t list, uint64_t *count, uint8_t *pointer, uint64_t death)
{
    uint8_t *to = NULL;
    enum lxfs_err err = entry(fs, list, *count, &to);
    if (err != LXFS_OK) {
        return err;
    }
    memcpy(to, pointer, POINTER_BYTES);
    memset(to + P_HASH, 0, SHA256_BYTES);
    le64_store(to + P_DEATH, death);
    memset(pointer, 0, POINTER_BYTES);
    (*count)++;
    return LXFS_OK;
}

enum lxfs_err dead_push(struct lxfs *fs, uint8_t *pointer)
{
    return push(fs, INODE_DEAD, &fs->dead_count, pointer, fs->generation);
}

enum lxfs_err kept_flush(struct lxfs *fs)
{
    enum lxfs_err err = LXFS_OK;
    while (fs->kept_pending != 0 && err == LXFS_OK) { /* entering one may let go the blocks on the way to the list, once */
        struct kept k = fs->kept[--fs->kept_pending];
        uint8_t pointer[POINTER_BYTES] = {0};
        le64_store(pointer + P_BIRTH, k.birth);
        le40_store(pointer + P_ADDRESS, k.address);
        le40_store(pointer + P_ADDRESS2, k.address2);
        err = push(fs, INODE_KEPT, &fs->kept_count, pointer, fs->generation);
    }
    return err;
}

/* @return LXFS_EBAD when both copies are damaged; LXFS_EIO when one could not be read and the other is not good. */
enum lxfs_err dead_read(struct lxfs *fs, const uint8_t *pointer, uint8_t *out)
{
    enum lxfs_err err = LXFS_EBAD;
    for (uint32_t copy = 0; copy < 2; copy++) {
        uint64_t address = le40_load(pointer + (copy == 0 ? P_ADDRESS : P_ADDRESS2));
        if (address < fs->data_first || address >= fs->data_end) {
            continue;
        }
        if (!medium_read(fs, address, le64_load(pointer + P_BIRTH), out)) {
            err = LXFS_EIO;
        } else if (hash_check(out) == le64_load(pointer + P_CHECK)) {
            return LXFS_OK;
        }
    }
    return err;
}

/* Enters what a dead node led to. */
static enum lxfs_err push_children(struct lxfs *fs, uint8_t *node, uint32_t level, uint64_t death)
{
    enum lxfs_err err = LXFS_OK;
    for (uint32_t n = 0; n < FANOUT && err == LXFS_OK; n++) {
        uint8_t *child = node + (size_t)n * POINTER_BYTES;
        if (le40_load(child + P_ADDRESS) == 0) {
            continue;
        }
        if (child[P_LEVEL] == level - 1) {
            err = push(fs, INODE_DEAD, &fs->dead_count, child, death);
        } else {
            fs->stats.lost_blocks++;
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
    enum lxfs_err err = entry(fs, INODE_DEAD, fs->dead_count - 1, &top);
    if (err != LXFS_OK) {
        return err;
    }
    uint32_t level = top[P_LEVEL];
    uint64_t death = le64_load(top + P_DEATH);
    uint64_t count = le40_load(top + P_COUNT);
    bool is_lost = le40_load(top + P_ADDRESS) == 0 || level > LEVELS_MAX;
    if (!is_lost && snapshot_holds(fs, le64_load(top + P_BIRTH), death)) { /* what is below is older, and held as well */
        fs->dead_count--;
        err = push(fs, INODE_KEPT, &fs->kept_count, top, death);
        fs->is_failed = fs->is_failed || err != LXFS_OK;
        return err;
    }
    if (!is_lost && !map_may_give(fs, le40_load(top + P_ADDRESS))) { /* given back before: a hostile tree that shares children ends so */
        fs->stats.map_errors++;
        is_lost = true;
    }
    if (!is_lost && level != 0) {
        err = dead_read(fs, top, node);
        is_lost = err == LXFS_EBAD;
    }
    if (err == LXFS_EIO) { /* it may be readable another time: nothing has changed */
        return err;
    }
    fs->dead_count--;
    if (is_lost) {
        fs->stats.lost_blocks += count;
        memset(top, 0, POINTER_BYTES);
        return LXFS_OK;
    }
    block_forget(fs, top);
    err = level == 0 ? LXFS_OK : push_children(fs, node, level, death);
    fs->is_failed = fs->is_failed || err != LXFS_OK; /* half of them are entered */
    return err;
}

/* Moves entry `index` of what was kept to the list of dead trees, and the last one to its place. */
static enum lxfs_err kept_release(struct lxfs *fs, uint64_t index)
{
    uint8_t *at = NULL;
    uint8_t *last = NULL;
    enum lxfs_err err = entry(fs, INODE_KEPT, index, &at);
    if (err == LXFS_OK) {
        err = entry(fs, INODE_KEPT, fs->kept_count - 1, &last);
    }
    if (err == LXFS_OK) {
        err = push(fs, INODE_DEAD, &fs->dead_count, at, le64_load(at + P_DEATH));
    }
    if (err == LXFS_OK) {
        memmove(at, last, POINTER_BYTES);
        memset(last, 0, POINTER_BYTES);
        fs->kept_count--;
    }
    return err;
}

enum lxfs_err sweep_step(struct lxfs *fs)
{
    struct file f;
    uint32_t frame = 0;
    uint64_t index = fs->sweep - 1;
    if (fs->sweep == 0 || index >= fs->kept_count) {
        fs->sweep = 0;
        return LXFS_OK;
    }
    enum lxfs_err err = list_load(fs, INODE_KEPT, &f);
    if (err == LXFS_OK && index / BLOCK_POINTERS >= file_size(fs, &f) / BLOCK) {
        err = LXFS_EBAD;
    }
    if (err == LXFS_OK) {
        err = file_load(fs, &f, 0, index / BLOCK_POINTERS, &frame);
    }
    uint64_t end = (index / BLOCK_POINTERS + 1) * BLOCK_POINTERS;
    if (err == LXFS_EIO) {
        return err;
    }
    if (err != LXFS_OK || frame == 0) { /* what stood there stays in use */
        fs->stats.lost_blocks += BLOCK_POINTERS;
        fs->sweep = end + 1;
        return LXFS_OK;
    }
    const uint8_t *block = frame_data(fs, frame);
    for (; index < end && index < fs->kept_count; index++) {
        const uint8_t *p = block + index % BLOCK_POINTERS * POINTER_BYTES;
        if (!snapshot_holds(fs, le64_load(p + P_BIRTH), le64_load(p + P_DEATH))) {
            break;
        }
    }
    fs->sweep = index + 1;
    if (index == end || index >= fs->kept_count) {
        return LXFS_OK;
    }
    err = list_prepare(fs, INODE_KEPT, fs->kept_count - 1, 1);
    if (err == LXFS_OK) {
        err = kept_release(fs, index);
        fs->is_failed = fs->is_failed || err != LXFS_OK;
    }
    return err;
}
