/* SPDX-License-Identifier: MIT */
/**
 * Snapshot: the state of a commit, kept under a name. The record of one is an inode of the inode table as it was; what the volume lets go
 * later and the table still leads to goes to a list instead of the map (dead.c). Source: docs/spec/lxfs.md section 11
 * Limits: LXFS_SNAPSHOTS_MAX. Taking one costs two commits, removing one a commit; the blocks come back in steps afterwards.
 */
#include "private.h"

/* Offsets in a record, whose root pointer and size stand as in an inode. */
enum { N_NAME_BYTES = 64, N_NAME = 65, N_GENERATION = 136, N_INODES = 144, N_USED = 152, N_TIME = 160 };
_Static_assert(N_NAME + LXFS_SNAPSHOT_NAME_BYTES_MAX == 128, "the name fills the place of the pointer to attributes");

bool snapshot_holds(const struct lxfs *fs, uint64_t birth, uint64_t death)
{
    if (birth > fs->newest_snapshot) {
        return false;
    }
    for (uint32_t slot = 0; slot < LXFS_SNAPSHOTS_MAX; slot++) {
        if (fs->snapshots[slot] != 0 && birth <= fs->snapshots[slot] && fs->snapshots[slot] < death) {
            return true;
        }
    }
    return false;
}

uint64_t snapshot_before(const struct lxfs *fs, uint64_t generation)
{
    uint64_t before = 0;
    for (uint32_t slot = 0; slot < LXFS_SNAPSHOTS_MAX; slot++) {
        uint64_t g = fs->snapshots[slot];
        before = g < generation && g > before ? g : before;
    }
    return before;
}

/* The block of records that has a slot, and where the record is in it. */
static enum lxfs_err record_load(struct lxfs *fs, uint32_t slot, uint32_t *frame, uint32_t *at)
{
    struct file list;
    *frame = 0;
    *at = slot % BLOCK_INODES * INODE_BYTES;
    enum lxfs_err err = inode_slot(fs, INODE_SNAPSHOTS, &list);
    if (err == LXFS_OK && (!inode_is_root_sound(fs, file_inode(fs, &list)) || file_size(fs, &list) % BLOCK != 0)) {
        err = LXFS_EBAD;
    }
    if (err == LXFS_OK && slot / BLOCK_INODES < file_size(fs, &list) / BLOCK) {
        err = file_load(fs, &list, 0, slot / BLOCK_INODES, frame);
    }
    return err;
}

enum lxfs_err snapshot_table(struct lxfs *fs, uint32_t slot, struct file *table, uint64_t *inode_count)
{
    uint32_t frame = 0;
    uint32_t at = 0;
    if (slot >= LXFS_SNAPSHOTS_MAX || fs->snapshots[slot] == 0) {
        return LXFS_ENOENT;
    }
    enum lxfs_err err = record_load(fs, slot, &frame, &at);
    if (err != LXFS_OK || frame == 0) {
        return err == LXFS_OK ? LXFS_EBAD : err;
    }
    *table = (struct file){.inode = 0, .home = frame, .home_at = at, .kind = KIND_TABLE};
    *inode_count = le64_load(frame_data(fs, frame) + at + N_INODES);
    return LXFS_OK;
}

static enum lxfs_err snapshot_name_check(struct lxfs_name name)
{
    return name.len_bytes > LXFS_SNAPSHOT_NAME_BYTES_MAX ? LXFS_ENAMETOOLONG : name_check(name);
}

/* Whether a record is one that could have been made: it may come from a hostile device. */
static bool is_sound(const struct lxfs *fs, const uint8_t *r)
{
    struct lxfs_name name = {(const char *)r + N_NAME, r[N_NAME_BYTES]};
    uint64_t count = le64_load(r + N_INODES);
    return snapshot_name_check(name) == LXFS_OK && time_is_sound(time_load(r + N_TIME)) && le64_load(r + N_GENERATION) < fs->generation &&
           count >= INODE_FIRST_FREE && count <= LXFS_BLOCKS_MAX * BLOCK_INODES && le64_load(r + N_USED) <= count &&
           le64_load(r + I_SIZE) == ((count - 1) / BLOCK_INODES + 1) * BLOCK && inode_is_root_sound(fs, r);
}

enum lxfs_err snapshots_load(struct lxfs *fs)
{
    uint32_t frame = 0;
    for (uint32_t slot = 0; slot < LXFS_SNAPSHOTS_MAX; slot++) {
        uint32_t at = slot % BLOCK_INODES * INODE_BYTES;
        enum lxfs_err err = at == 0 ? record_load(fs, slot, &frame, &at) : LXFS_OK; /* once for each block */
        if (err != LXFS_OK) {
            return err;
        }
        if (frame == 0) { /* the list ends here, or has a hole as large as a block */
            slot += BLOCK_INODES - 1;
            continue;
        }
        const uint8_t *r = frame_data(fs, frame) + at;
        if (le64_load(r + N_GENERATION) == 0) {
            continue;
        }
        if (!is_sound(fs, r)) {
            return LXFS_EBAD;
        }
        fs->snapshots[slot] = le64_load(r + N_GENERATION);
        fs->newest_snapshot = fs->snapshots[slot] > fs->newest_snapshot ? fs->snapshots[slot] : fs->newest_snapshot;
    }
    return LXFS_OK;
}

static void describe(const uint8_t *r, uint32_t slot, struct lxfs_snapshot *out)
{
    *out = (struct lxfs_snapshot){.root = (uint64_t)(slot + 1) << SNAPSHOT_SHIFT | LXFS_ROOT_INODE,
                                  .generation = le64_load(r + N_GENERATION),
                                  .inode_count = le64_load(r + N_USED),
                                  .taken = time_load(r + N_TIME),
                                  .name_bytes = r[N_NAME_BYTES]};
    memcpy(out->name, r + N_NAME, out->name_bytes);
}

enum lxfs_err lxfs_snapshot_list(struct lxfs *fs, uint32_t *cookie, struct lxfs_snapshot *out)
{
    for (; *cookie < LXFS_SNAPSHOTS_MAX; (*cookie)++) {
        uint32_t frame = 0;
        uint32_t at = 0;
        if (fs->snapshots[*cookie] == 0) {
            continue;
        }
        enum lxfs_err err = record_load(fs, *cookie, &frame, &at);
        if (err != LXFS_OK || frame == 0) {
            return err == LXFS_OK ? LXFS_EBAD : err;
        }
        describe(frame_data(fs, frame) + at, (*cookie)++, out);
        return LXFS_OK;
    }
    return LXFS_ENOENT;
}

enum lxfs_err lxfs_snapshot_find(struct lxfs *fs, struct lxfs_name name, struct lxfs_snapshot *out)
{
    enum lxfs_err err = snapshot_name_check(name);
    for (uint32_t cookie = 0; err == LXFS_OK;) {
        err = lxfs_snapshot_list(fs, &cookie, out);
        if (err == LXFS_OK && out->name_bytes == name.len_bytes && memcmp(out->name, name.bytes, name.len_bytes) == 0) {
            return LXFS_OK;
        }
    }
    return err;
}

/* Writes the record of a slot, or zeros, and commits. Behind a failure memory is not what it should be. */
static enum lxfs_err record_write(struct lxfs *fs, uint32_t slot, const uint8_t record[INODE_BYTES])
{
    uint8_t *block = NULL;
    enum lxfs_err err = list_touch(fs, INODE_SNAPSHOTS, slot / BLOCK_INODES, &block);
    if (err == LXFS_OK) {
        memcpy(block + slot % BLOCK_INODES * INODE_BYTES, record, INODE_BYTES);
        err = kept_flush(fs);
    }
    if (err != LXFS_OK) {
        fs->is_failed = true;
        return LXFS_EIO;
    }
    return commit_all(fs);
}

enum lxfs_err lxfs_snapshot_take(struct lxfs *fs, struct lxfs_name name)
{
    struct lxfs_snapshot other;
    uint8_t r[INODE_BYTES] = {0};
    uint32_t slot = 0;
    uint32_t frame = 0;
    uint32_t at = 0;
    enum lxfs_err err = lxfs_snapshot_find(fs, name, &other);
    if (err != LXFS_ENOENT) {
        return err == LXFS_OK ? LXFS_EEXIST : err;
    }
    while (slot < LXFS_SNAPSHOTS_MAX && fs->snapshots[slot] != 0) {
        slot++;
    }
    if (slot == LXFS_SNAPSHOTS_MAX) {
        return LXFS_EMLINK;
    }
    err = change_room(fs, false);
    err = err != LXFS_OK ? err : commit_all(fs);
    err = err != LXFS_OK ? err : record_load(fs, slot, &frame, &at);
    err = err != LXFS_OK ? err : list_prepare(fs, INODE_KEPT, fs->kept_count, 1);
    if (err != LXFS_OK) {
        return err;
    }
    memcpy(r + I_ROOT, frame_data(fs, 0) + S_TABLE + I_ROOT, POINTER_BYTES);
    memcpy(r + I_SIZE, frame_data(fs, 0) + S_TABLE + I_SIZE, 8);
    r[N_NAME_BYTES] = (uint8_t)name.len_bytes;
    memcpy(r + N_NAME, name.bytes, name.len_bytes);
    le64_store(r + N_GENERATION, fs->prev_generation);
    le64_store(r + N_INODES, fs->inode_count);
    le64_store(r + N_USED, fs->used_inodes);
    time_store(r + N_TIME, fs->now);
    fs->snapshots[slot] = fs->prev_generation;
    fs->newest_snapshot = fs->prev_generation;
    return record_write(fs, slot, r);
}

static bool is_held(const struct lxfs *fs, uint32_t slot)
{
    for (uint32_t i = 0; i < LXFS_HOLDS_MAX; i++) {
        if (fs->holds[i].inode >> SNAPSHOT_SHIFT == (uint64_t)slot + 1) {
            return true;
        }
    }
    return false;
}

enum lxfs_err lxfs_snapshot_remove(struct lxfs *fs, struct lxfs_name name)
{
    static const uint8_t nothing[INODE_BYTES];
    struct lxfs_snapshot s;
    uint32_t frame = 0;
    uint32_t at = 0;
    enum lxfs_err err = lxfs_snapshot_find(fs, name, &s);
    if (err != LXFS_OK) {
        return err;
    }
    uint32_t slot = (uint32_t)(s.root >> SNAPSHOT_SHIFT) - 1;
    err = is_held(fs, slot) ? LXFS_EBUSY : change_frames(fs);
    err = err != LXFS_OK ? err : record_load(fs, slot, &frame, &at);
    err = err != LXFS_OK ? err : list_prepare(fs, INODE_KEPT, fs->kept_count, 1);
    if (err != LXFS_OK) {
        return err;
    }
    fs->snapshots[slot] = 0;
    fs->newest_snapshot = snapshot_before(fs, UINT64_MAX);
    fs->sweep = 1;
    return record_write(fs, slot, nothing);
}
