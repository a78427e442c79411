/* SPDX-License-Identifier: MIT */
/** Inode: the table of inodes, its free ones, and orphans. Source: docs/spec/lxfs.md section 5 */
#include "private.h"

struct lxfs_time time_load(const uint8_t *p)
{
    return (struct lxfs_time){(int64_t)le64_load(p), le32_load(p + 8)};
}

void time_store(uint8_t *p, struct lxfs_time t)
{
    le64_store(p, (uint64_t)t.seconds);
    le32_store(p + 8, t.nanoseconds);
}

void inode_stamp(struct lxfs *fs, const struct file *f, uint32_t member)
{
    time_store(file_inode(fs, f) + member, fs->now);
}

/* The slot of an inode in a table, which may be that of a snapshot. */
static enum lxfs_err slot_in(struct lxfs *fs, const struct file *table, uint64_t number, struct file *out)
{
    uint32_t frame = 0;
    enum lxfs_err err = file_load(fs, table, 0, number / BLOCK_INODES, &frame);
    if (err != LXFS_OK) {
        return err;
    }
    if (frame == 0) {
        return LXFS_EBAD;
    }
    const uint8_t *bytes = frame_data(fs, frame) + number % BLOCK_INODES * INODE_BYTES;
    bool is_directory = (le32_load(bytes + I_MODE) & LXFS_IFMT) == LXFS_IFDIR;
    bool is_list = number == INODE_DEAD || (number >= INODE_SNAPSHOTS && number < INODE_FIRST_FREE);
    *out = (struct file){.inode = number,
                         .home = frame,
                         .home_at = (uint32_t)(number % BLOCK_INODES) * INODE_BYTES,
                         .kind = is_list ? KIND_LIST : is_directory ? KIND_META : KIND_FILE};
    return LXFS_OK;
}

enum lxfs_err inode_slot(struct lxfs *fs, uint64_t inode, struct file *out)
{
    struct file table = file_of_table();
    uint64_t bits = snapshot_bits(inode);
    uint64_t inode_count = fs->inode_count;
    if (bits != 0) {
        enum lxfs_err err = snapshot_table(fs, (uint32_t)(bits >> SNAPSHOT_SHIFT) - 1, &table, &inode_count);
        if (err != LXFS_OK) {
            return err;
        }
    }
    if (inode == bits || inode - bits >= inode_count) {
        return LXFS_ENOENT;
    }
    enum lxfs_err err = slot_in(fs, &table, inode - bits, out);
    if (err == LXFS_OK) {
        out->inode = inode;
    }
    return err;
}

bool inode_is_root_sound(const struct lxfs *fs, const uint8_t *inode)
{
    const uint8_t *root = inode + I_ROOT;
    uint64_t size = le64_load(inode + I_SIZE);
    uint64_t count = le40_load(root + P_COUNT);
    if (size > LXFS_FILE_BYTES_MAX) {
        return false;
    }
    if (le40_load(root + P_ADDRESS) == 0) {
        return count == 0;
    }
    return root[P_LEVEL] == file_depth(size) && count != 0 && count <= tree_leaf_count(size) && count <= fs->data_end - fs->data_first;
}

static bool has_sound_times(const uint8_t *inode)
{
    return time_is_sound(time_load(inode + I_ACCESSED)) && time_is_sound(time_load(inode + I_MODIFIED)) &&
           time_is_sound(time_load(inode + I_CHANGED)) && time_is_sound(time_load(inode + I_BORN));
}

static bool is_sound(const struct lxfs *fs, const uint8_t *inode)
{
    uint64_t size = le64_load(inode + I_SIZE);
    if (!inode_is_root_sound(fs, inode) || !has_sound_times(inode) || le32_load(inode + I_QUOTA) > LXFS_QUOTAS_MAX ||
        (le32_load(inode + I_FLAGS) & ~(uint32_t)LXFS_TWO_COPIES) != 0) {
        return false;
    }
    switch (le32_load(inode + I_MODE) & LXFS_IFMT) {
    case LXFS_IFREG:
        return true;
    case LXFS_IFDIR: /* without holes: so it is no larger than the volume */
        return size != 0 && size % BLOCK == 0 && le40_load(inode + I_ROOT + P_COUNT) == size / BLOCK;
    case LXFS_IFLNK:
        return size != 0 && size <= LXFS_TARGET_BYTES_MAX;
    case LXFS_IFCHR:
    case LXFS_IFBLK:
    case LXFS_IFIFO:
    case LXFS_IFSOCK:
        return size == 0;
    default:
        return false;
    }
}

enum lxfs_err inode_load(struct lxfs *fs, uint64_t inode, struct file *out)
{
    struct file f;
    uint64_t number = inode - snapshot_bits(inode);
    if (number != INODE_ROOT && number < INODE_FIRST_FREE) {
        return LXFS_ENOENT;
    }
    enum lxfs_err err = inode_slot(fs, inode, &f);
    if (err != LXFS_OK) {
        return err;
    }
    if (le32_load(file_inode(fs, &f) + I_MODE) == 0) {
        return LXFS_ENOENT;
    }
    if (!is_sound(fs, file_inode(fs, &f))) {
        return LXFS_EBAD;
    }
    *out = f;
    return LXFS_OK;
}

enum lxfs_err inode_touch(struct lxfs *fs, const struct file *f)
{
    struct file table = file_of_table();
    uint32_t frame = 0;
    if (snapshot_bits(f->inode) != 0) { /* a list of a hostile device leads there */
        return LXFS_EBAD;
    }
    enum lxfs_err err = file_touch(fs, &table, f->inode / BLOCK_INODES, false, &frame);
    return err == LXFS_OK && frame != f->home ? LXFS_EBAD : err; /* two blocks of the table are one, on a hostile device */
}

enum lxfs_err inode_prepare(struct lxfs *fs)
{
    struct file table = file_of_table();
    struct file f;
    if (fs->free_inode == 0) {
        return file_prepare_end(fs, &table);
    }
    enum lxfs_err err = fs->free_inode < INODE_FIRST_FREE ? LXFS_EBAD : inode_slot(fs, fs->free_inode, &f);
    if (err != LXFS_OK) {
        return LXFS_EBAD;
    }
    return le32_load(file_inode(fs, &f) + I_MODE) == 0 ? LXFS_OK : LXFS_EBAD;
}

/* A slot behind the end of the table. */
static enum lxfs_err extend(struct lxfs *fs, struct file *out)
{
    struct file table = file_of_table();
    uint64_t inode = fs->inode_count;
    uint32_t frame = 0;
    enum lxfs_err err = LXFS_OK;
    if (inode % BLOCK_INODES == 0) {
        err = file_grow(fs, &table, (inode / BLOCK_INODES + 1) * BLOCK);
    }
    if (err == LXFS_OK) {
        err = file_touch(fs, &table, inode / BLOCK_INODES, true, &frame);
    }
    if (err == LXFS_OK) {
        fs->inode_count++;
        *out = (struct file){
            .inode = inode, .home = frame, .home_at = (uint32_t)(inode % BLOCK_INODES) * INODE_BYTES, .kind = KIND_FILE};
    }
    return err;
}

enum lxfs_err inode_make(struct lxfs *fs, uint32_t mode, uint32_t quota, struct file *out)
{
    struct file f;
    enum lxfs_err err = LXFS_OK;
    if (fs->free_inode != 0) {
        err = inode_slot(fs, fs->free_inode, &f);
        if (err == LXFS_OK) {
            err = inode_touch(fs, &f);
        }
        if (err == LXFS_OK) {
            fs->free_inode = le64_load(file_inode(fs, &f) + I_NEXT);
        }
    } else {
        err = extend(fs, &f);
    }
    if (err != LXFS_OK) {
        return err;
    }
    uint8_t *bytes = file_inode(fs, &f);
    uint64_t generation = le64_load(bytes + I_GENERATION) + 1;
    memset(bytes, 0, INODE_BYTES);
    le64_store(bytes + I_GENERATION, generation);
    le32_store(bytes + I_MODE, mode);
    le32_store(bytes + I_QUOTA, quota);
    quota_charge(fs, quota, 1);
    inode_stamp(fs, &f, I_ACCESSED);
    inode_stamp(fs, &f, I_MODIFIED);
    inode_stamp(fs, &f, I_CHANGED);
    inode_stamp(fs, &f, I_BORN);
    f.kind = (mode & LXFS_IFMT) == LXFS_IFDIR ? KIND_META : KIND_FILE;
    fs->used_inodes++;
    *out = f;
    return LXFS_OK;
}

enum lxfs_err inode_free(struct lxfs *fs, const struct file *f)
{
    uint8_t *bytes = file_inode(fs, f);
    enum lxfs_err err = LXFS_OK;
    quota_charge(fs, quota_of(fs, f), -1 - (int64_t)le40_load(bytes + I_ROOT + P_COUNT));
    if (le40_load(bytes + I_XATTR + P_ADDRESS) != 0) {
        block_free(fs, bytes + I_XATTR);
    }
    if (le40_load(bytes + I_ROOT + P_ADDRESS) != 0) {
        if (bytes[I_ROOT + P_LEVEL] == 0) {
            block_free(fs, bytes + I_ROOT);
        } else {
            err = file_discard(fs, bytes + I_ROOT);
        }
    }
    uint64_t generation = le64_load(bytes + I_GENERATION);
    memset(bytes, 0, INODE_BYTES);
    le64_store(bytes + I_GENERATION, generation);
    le64_store(bytes + I_NEXT, fs->free_inode);
    fs->free_inode = f->inode;
    fs->used_inodes -= fs->used_inodes != 0;
    return err;
}

/* ---- orphans: a list that is linked both ways, so that any of them can leave ------------------------------------------- */

enum lxfs_err orphan_prepare(struct lxfs *fs, const struct file *f)
{
    struct file other;
    uint64_t next = le64_load(file_inode(fs, f) + I_NEXT);
    uint64_t prev = le64_load(file_inode(fs, f) + I_PREV);
    const uint64_t others[] = {fs->orphan, next, prev};
    for (uint32_t i = 0; i < ARRAY_LEN(others); i++) {
        if (others[i] != 0 && inode_slot(fs, others[i], &other) != LXFS_OK) {
            return LXFS_EBAD;
        }
    }
    return LXFS_OK;
}

/* Sets a link of another inode; 0: there is none. */
static enum lxfs_err set_link(struct lxfs *fs, uint64_t inode, uint32_t member, uint64_t value)
{
    struct file f;
    if (inode == 0) {
        return LXFS_OK;
    }
    enum lxfs_err err = inode_slot(fs, inode, &f);
    if (err == LXFS_OK) {
        err = inode_touch(fs, &f);
    }
    if (err == LXFS_OK) {
        le64_store(file_inode(fs, &f) + member, value);
    }
    return err;
}

enum lxfs_err orphan_add(struct lxfs *fs, const struct file *f)
{
    enum lxfs_err err = set_link(fs, fs->orphan, I_PREV, f->inode);
    le64_store(file_inode(fs, f) + I_NEXT, fs->orphan);
    le64_store(file_inode(fs, f) + I_PREV, 0);
    fs->orphan = f->inode;
    return err;
}

enum lxfs_err orphan_remove(struct lxfs *fs, const struct file *f)
{
    uint64_t next = le64_load(file_inode(fs, f) + I_NEXT);
    uint64_t prev = le64_load(file_inode(fs, f) + I_PREV);
    enum lxfs_err err = set_link(fs, next, I_PREV, prev);
    if (err == LXFS_OK && prev != 0) {
        err = set_link(fs, prev, I_NEXT, next);
    }
    if (prev == 0) {
        fs->orphan = next;
    }
    le64_store(file_inode(fs, f) + I_NEXT, 0);
    le64_store(file_inode(fs, f) + I_PREV, 0);
    return err;
}
