/* SPDX-License-Identifier: MIT */
/**
 * Quota: what a directory tree may take. Inodes carry the number of their quota, given at creation by the directory; a record counts what
 * all of them take: one for each inode, one for each block of contents or directory. An operation notes what it changes, and enters it when
 * it ends. Source: docs/spec/lxfs.md section 12. Limits: LXFS_QUOTAS_MAX; QUOTA_CHARGES different ones in one operation.
 */
#include "private.h"

enum { BLOCK_RECORDS = BLOCK / 16, Q_LIMIT = 0, Q_USED = 8 };
_Static_assert(LXFS_QUOTAS_MAX % BLOCK_RECORDS == 0, "whole blocks");

uint32_t quota_of(struct lxfs *fs, const struct file *f)
{
    return le32_load(file_inode(fs, f) + I_QUOTA);
}

void quota_charge(struct lxfs *fs, uint32_t quota, int64_t delta)
{
    if (quota == 0) {
        return;
    }
    uint32_t n = 0;
    while (n < fs->charge_count && fs->charges[n].quota != quota) {
        n++;
    }
    assert(n < QUOTA_CHARGES);
    if (n == fs->charge_count) {
        fs->charges[fs->charge_count++] = (struct charge){quota, 0};
    }
    fs->charges[n].delta += delta;
}

/* A record as it is; zeros when there is none. */
static enum lxfs_err record_load(struct lxfs *fs, uint32_t quota, uint64_t *limit, uint64_t *used)
{
    struct file list;
    uint32_t frame = 0;
    uint64_t block = (quota - 1) / BLOCK_RECORDS;
    *limit = 0;
    *used = 0;
    enum lxfs_err err = inode_slot(fs, INODE_QUOTAS, &list);
    if (err == LXFS_OK && (!inode_is_root_sound(fs, file_inode(fs, &list)) || file_size(fs, &list) % BLOCK != 0)) {
        err = LXFS_EBAD;
    }
    if (err == LXFS_OK && block < file_size(fs, &list) / BLOCK) {
        err = file_load(fs, &list, 0, block, &frame);
    }
    if (err == LXFS_OK && frame != 0) {
        const uint8_t *r = frame_data(fs, frame) + (quota - 1) % BLOCK_RECORDS * 16;
        *limit = le64_load(r + Q_LIMIT);
        *used = le64_load(r + Q_USED);
    }
    return err;
}

enum lxfs_err quota_check(struct lxfs *fs, uint32_t quota, uint64_t more)
{
    uint64_t limit = 0;
    uint64_t used = 0;
    if (quota == 0) {
        return LXFS_OK;
    }
    enum lxfs_err err = record_load(fs, quota, &limit, &used);
    bool is_over = limit != 0 && more != 0 && (used >= limit || more > limit - used);
    return err == LXFS_OK && is_over ? LXFS_EDQUOT : err;
}

/* The record of a quota, touched. */
static enum lxfs_err record_touch(struct lxfs *fs, uint32_t quota, uint8_t **out)
{
    uint8_t *block = NULL;
    enum lxfs_err err = list_touch(fs, INODE_QUOTAS, (quota - 1) / BLOCK_RECORDS, &block);
    if (err == LXFS_OK) {
        *out = block + (size_t)((quota - 1) % BLOCK_RECORDS) * 16;
    }
    return err;
}

enum lxfs_err quota_flush(struct lxfs *fs)
{
    enum lxfs_err err = LXFS_OK;
    for (uint32_t n = 0; n < fs->charge_count && err == LXFS_OK; n++) {
        uint8_t *r = NULL;
        int64_t delta = fs->charges[n].delta;
        if (delta == 0) {
            continue;
        }
        err = record_touch(fs, fs->charges[n].quota, &r);
        if (err == LXFS_OK) {
            uint64_t used = le64_load(r + Q_USED);
            uint64_t less = delta < 0 ? (uint64_t)-delta : 0;
            used = delta >= 0 ? used + (uint64_t)delta : used - (less < used ? less : used); /* less than nothing: on a hostile device */
            le64_store(r + Q_USED, used);
        }
    }
    fs->charge_count = 0;
    return err;
}

enum lxfs_err lxfs_quota_get(struct lxfs *fs, uint32_t quota, struct lxfs_quota *out)
{
    if (quota == 0 || quota > LXFS_QUOTAS_MAX) {
        return LXFS_EINVAL;
    }
    return record_load(fs, quota, &out->limit_blocks, &out->used_blocks);
}

/* What both calls that set something begin with: everything is on the device, and an operation has room. */
static enum lxfs_err begin(struct lxfs *fs, uint32_t quota)
{
    uint64_t limit = 0;
    uint64_t used = 0;
    enum lxfs_err err = change_frames(fs);
    err = err != LXFS_OK ? err : commit_all(fs);
    err = err != LXFS_OK ? err : kept_prepare(fs);
    return err != LXFS_OK || quota == 0 ? err : record_load(fs, quota, &limit, &used);
}

/* And what they end with. Behind a failure memory is not what it should be. */
static enum lxfs_err end(struct lxfs *fs, enum lxfs_err err)
{
    err = err != LXFS_OK ? err : quota_flush(fs);
    err = err != LXFS_OK ? err : kept_flush(fs);
    if (err != LXFS_OK) {
        fs->is_failed = true;
        return LXFS_EIO;
    }
    return commit_all(fs);
}

enum lxfs_err lxfs_quota_set(struct lxfs *fs, uint32_t quota, uint64_t limit_blocks)
{
    uint8_t *r = NULL;
    if (quota == 0 || quota > LXFS_QUOTAS_MAX) {
        return LXFS_EINVAL;
    }
    enum lxfs_err err = begin(fs, quota);
    if (err != LXFS_OK) {
        return err;
    }
    err = record_touch(fs, quota, &r);
    if (err == LXFS_OK) {
        le64_store(r + Q_LIMIT, limit_blocks);
    }
    return end(fs, err);
}

enum lxfs_err lxfs_quota_assign(struct lxfs *fs, uint64_t directory, uint32_t quota)
{
    struct file d;
    if (quota > LXFS_QUOTAS_MAX) {
        return LXFS_EINVAL;
    }
    enum lxfs_err err = snapshot_bits(directory) != 0 ? LXFS_EROFS : begin(fs, quota);
    err = err != LXFS_OK ? err : inode_load(fs, directory, &d);
    if (err != LXFS_OK) {
        return err;
    }
    if (d.kind != KIND_META) {
        return LXFS_ENOTDIR;
    }
    if (le64_load(file_inode(fs, &d) + I_ENTRIES) != 0) {
        return LXFS_ENOTEMPTY;
    }
    int64_t taken = 1 + (int64_t)le40_load(file_inode(fs, &d) + I_ROOT + P_COUNT);
    uint32_t before = quota_of(fs, &d);
    err = inode_touch(fs, &d);
    if (err == LXFS_OK) {
        quota_charge(fs, before, -taken);
        quota_charge(fs, quota, taken);
        le32_store(file_inode(fs, &d) + I_QUOTA, quota);
    }
    return end(fs, err);
}
