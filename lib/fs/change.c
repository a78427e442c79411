/* SPDX-License-Identifier: MIT */
/** Change: what every operation that writes goes through: room, the operation itself, its record in the log. */
#include "private.h"

enum {
    PACE_STEPS = 2,     /* of giving back dead blocks, that each operation does */
    STEP_BLOCKS = 32,   /* free blocks that one such step may want at most */
    URGENT_STEPS = 256, /* between two commits when space is short */
};

static bool is_tight(const struct lxfs *fs)
{
    return fs->recent[0].count < OP_LEAVES || fs->recent[1].count < OP_NODES || fs->pending_max - fs->pending_count < OP_FREES;
}

static bool has_dead(const struct lxfs *fs)
{
    return fs->dead_count != 0 || fs->sweep != 0;
}

/* A step of giving back: of a dead tree, or else of the sweep. */
static enum lxfs_err reclaim_one(struct lxfs *fs)
{
    enum lxfs_err err = is_tight(fs) ? commit_all(fs) : LXFS_OK;
    err = err != LXFS_OK ? err : dead_prepare(fs);
    err = err != LXFS_OK ? err : kept_prepare(fs);
    if (err != LXFS_OK) {
        return err;
    }
    err = fs->dead_count != 0 ? dead_step(fs) : sweep_step(fs);
    if (fs->kept_pending != 0) {
        enum lxfs_err flushed = kept_flush(fs);
        fs->is_failed = fs->is_failed || flushed != LXFS_OK;
        err = err != LXFS_OK ? err : flushed;
    }
    return err;
}

/* Gives back dead blocks in at most `steps` steps. @return LXFS_ENOENT when none is left. */
static enum lxfs_err reclaim(struct lxfs *fs, uint32_t steps)
{
    enum lxfs_err err = has_dead(fs) ? LXFS_OK : LXFS_ENOENT;
    for (uint32_t n = 0; n < steps && err == LXFS_OK && fs->free_blocks >= STEP_BLOCKS; n++) {
        err = has_dead(fs) ? reclaim_one(fs) : LXFS_ENOENT;
    }
    return err;
}

/* Every round gives back something or ends: dead trees are finite, and their blocks come free with the commit. */
static enum lxfs_err find_space(struct lxfs *fs, uint64_t want)
{
    while (fs->free_blocks < want && (fs->pending_count != 0 || has_dead(fs))) {
        uint64_t free_before = fs->free_blocks;
        uint64_t dead_before = fs->dead_count;
        uint64_t sweep_before = fs->sweep;
        enum lxfs_err err = reclaim(fs, URGENT_STEPS);
        if (!fs->is_failed) {
            err = commit_all(fs);
        }
        if (err != LXFS_OK) {
            return LXFS_EIO;
        }
        if (fs->free_blocks <= free_before && fs->dead_count >= dead_before && fs->sweep == sweep_before) {
            break;
        }
    }
    return fs->free_blocks < want ? LXFS_ENOSPC : LXFS_OK;
}

enum lxfs_err change_frames(struct lxfs *fs)
{
    if (fs->is_failed || fs->is_read_only) {
        return fs->is_failed ? LXFS_EIO : LXFS_EROFS;
    }
    if (fs->free_blocks < STEP_BLOCKS && fs->pending_count == 0) {
        return LXFS_ENOSPC;
    }
    return is_tight(fs) || fs->free_blocks < STEP_BLOCKS ? commit_all(fs) : LXFS_OK;
}

enum lxfs_err change_room(struct lxfs *fs, bool is_freeing)
{
    uint64_t want = OP_BLOCKS + (is_freeing ? 0 : RESERVE);
    if (fs->is_failed || fs->is_read_only) {
        return fs->is_failed ? LXFS_EIO : LXFS_EROFS;
    }
    if (has_dead(fs)) {
        (void)!reclaim(fs, PACE_STEPS); /* what cannot be given back now does not stop the operation */
        if (fs->is_failed) {
            return LXFS_EIO;
        }
    }
    if (fs->free_blocks < want) {
        enum lxfs_err err = find_space(fs, want);
        if (err != LXFS_OK) {
            return err;
        }
    }
    return is_tight(fs) ? commit_all(fs) : LXFS_OK;
}

enum lxfs_err lxfs_reclaim(struct lxfs *fs, uint32_t steps)
{
    if (fs->is_failed || fs->is_read_only) {
        return fs->is_failed ? LXFS_EIO : LXFS_EROFS;
    }
    return reclaim(fs, steps);
}

static enum lxfs_err apply(struct lxfs *fs, struct change *c)
{
    switch (c->op) {
    case CHANGE_CREATE:
        return names_create(fs, c);
    case CHANGE_LINK:
        return names_link(fs, c);
    case CHANGE_UNLINK:
    case CHANGE_RMDIR:
        return names_unlink(fs, c);
    case CHANGE_RENAME:
        return names_rename(fs, c);
    case CHANGE_WRITE:
        return data_write(fs, c);
    case CHANGE_TRUNCATE:
        return data_truncate(fs, c);
    case CHANGE_PUNCH:
        return data_punch(fs, c);
    case CHANGE_SETATTR:
        return attr_set(fs, c);
    case CHANGE_SETXATTR:
        return xattr_set(fs, c);
    case CHANGE_REMOVEXATTR:
        return xattr_remove(fs, c);
    case CHANGE_RELEASE:
        return names_release(fs, c);
    }
    return LXFS_EINVAL;
}

/* Whether a change gives space back rather than taking it. */
static bool is_freeing(struct lxfs *fs, const struct change *c)
{
    struct file f;
    if (c->op == CHANGE_TRUNCATE) {
        return inode_load(fs, c->a, &f) == LXFS_OK && c->x <= file_size(fs, &f);
    }
    return c->op == CHANGE_UNLINK || c->op == CHANGE_RMDIR || c->op == CHANGE_PUNCH || c->op == CHANGE_RELEASE ||
           c->op == CHANGE_REMOVEXATTR;
}

enum lxfs_err change_do(struct lxfs *fs, struct change *c)
{
    if (snapshot_bits(c->a) != 0 || snapshot_bits(c->b) != 0) {
        return LXFS_EROFS;
    }
    for (uint32_t round = 0;; round++) {
        enum lxfs_err err = change_room(fs, fs->is_replay || is_freeing(fs, c));
        err = err != LXFS_OK ? err : kept_prepare(fs);
        if (err != LXFS_OK) {
            return err;
        }
        fs->wants_commit = false;
        fs->is_acting = false;
        fs->charge_count = 0;
        err = apply(fs, c);
        err = err != LXFS_OK ? err : quota_flush(fs);
        err = err != LXFS_OK ? err : kept_flush(fs);
        bool was_acting = fs->is_acting;
        fs->is_acting = false;
        if (err == LXFS_OK) {
            if (!fs->is_replay) {
                log_note(fs, c);
            }
            return LXFS_OK;
        }
        if (was_acting) { /* half done: what the device has is whole, what memory has is not */
            fs->is_failed = true;
            return LXFS_EIO;
        }
        if (!fs->wants_commit || round != 0) {
            return err;
        }
        err = commit_all(fs);
        if (err != LXFS_OK) {
            return err;
        }
    }
}

enum lxfs_err orphans_free(struct lxfs *fs)
{
    for (uint32_t n = 0; fs->orphan != 0; n++) {
        struct file f;
        if (n == LXFS_HOLDS_MAX || inode_load(fs, fs->orphan, &f) != LXFS_OK) {
            return LXFS_EBAD;
        }
        struct change c = {.op = CHANGE_RELEASE, .a = fs->orphan};
        enum lxfs_err err = change_do(fs, &c);
        if (err != LXFS_OK) {
            return err == LXFS_EIO ? LXFS_EIO : LXFS_EBAD;
        }
        fs->stats.freed_orphans++;
    }
    return LXFS_OK;
}
