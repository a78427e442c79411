/* SPDX-License-Identifier: MIT */
/** Fs: the calls of fs.h that are not beside what they are about. Those that write become changes (change.c). */
#include "private.h"

const char *lxfs_err_name(enum lxfs_err err)
{
    static const char *const names[] = {
        [LXFS_OK] = "ok",
        [LXFS_ENOENT] = "not found",
        [LXFS_EEXIST] = "exists",
        [LXFS_ENOTDIR] = "not a directory",
        [LXFS_EISDIR] = "is a directory",
        [LXFS_ENOTEMPTY] = "not empty",
        [LXFS_EINVAL] = "invalid",
        [LXFS_ENAMETOOLONG] = "name too long",
        [LXFS_EFBIG] = "file too large",
        [LXFS_ENOSPC] = "no space",
        [LXFS_EMLINK] = "too many links",
        [LXFS_ERANGE] = "out of range",
        [LXFS_EBUSY] = "too many open",
        [LXFS_EROFS] = "read-only",
        [LXFS_EBAD] = "not verified",
        [LXFS_EIO] = "device failed",
        [LXFS_ENOTSUP] = "not supported",
        [LXFS_ENOMEM] = "no memory",
        [LXFS_EDQUOT] = "over quota",
        [LXFS_EXDEV] = "another quota",
    };
    return (size_t)err < ARRAY_LEN(names) ? names[err] : "unknown error";
}

void lxfs_clock(struct lxfs *fs, struct lxfs_time now)
{
    assert(time_is_sound(now));
    fs->now = now;
}

enum lxfs_err lxfs_commit(struct lxfs *fs)
{
    return fs->is_read_only ? LXFS_EROFS : commit_all(fs);
}

enum lxfs_err lxfs_sync(struct lxfs *fs)
{
    if (fs->is_failed || fs->is_read_only) {
        return fs->is_failed ? LXFS_EIO : LXFS_EROFS;
    }
    return fs->log_used == 0 && !fs->is_log_full ? LXFS_OK : log_write(fs);
}

void lxfs_statfs(const struct lxfs *fs, struct lxfs_statfs *out)
{
    uint64_t free_count = fs->free_blocks + fs->pending_count;
    uint64_t kept = RESERVE + OP_BLOCKS;
    *out = (struct lxfs_statfs){.block_count = fs->block_count,
                                .free_count = free_count > kept ? free_count - kept : 0,
                                .dead_count = fs->dead_count,
                                .inode_count = fs->used_inodes,
                                .generation = fs->prev_generation,
                                .kept_count = fs->kept_count};
}

void lxfs_layout(const struct lxfs *fs, struct lxfs_layout *out)
{
    *out = (struct lxfs_layout){.crypt = fs->crypt.id,
                                .log_blocks = fs->log_blocks,
                                .log_generation = fs->log_generation,
                                .map_blocks = fs->map_blocks,
                                .data_first = fs->data_first,
                                .data_end = fs->data_end,
                                .inodes_made = fs->inode_count,
                                .first_orphan = fs->orphan,
                                .superblock = fs->prev_hash};
    memcpy(out->uuid, fs->uuid, sizeof out->uuid);
}

void lxfs_stats(const struct lxfs *fs, struct lxfs_stats *out)
{
    *out = fs->stats;
}

bool lxfs_damage(const struct lxfs *fs, struct lxfs_damage *out)
{
    if (fs->is_damaged) {
        *out = fs->damage;
    }
    return fs->is_damaged;
}

/* ---- names ------------------------------------------------------------------------------------------------------------ */

enum lxfs_err lxfs_create(struct lxfs *fs, uint64_t directory, struct lxfs_name name, const struct lxfs_node *node, uint64_t *inode)
{
    if (node->target_bytes > LXFS_TARGET_BYTES_MAX) {
        return LXFS_ENAMETOOLONG;
    }
    struct change c = {.op = CHANGE_CREATE,
                       .a = directory,
                       .name = name,
                       .mode = node->mode,
                       .uid = node->uid,
                       .gid = node->gid,
                       .x = node->device,
                       .data = (const uint8_t *)node->target,
                       .data_bytes = (uint32_t)node->target_bytes};
    if (name.len_bytes == 0 && hold_free_slot(fs) == NULL) {
        return LXFS_EBUSY;
    }
    enum lxfs_err err = change_do(fs, &c);
    if (err != LXFS_OK) {
        return err;
    }
    if (name.len_bytes == 0) {
        *hold_free_slot(fs) = (struct hold){c.y, 1};
    }
    *inode = c.y;
    return LXFS_OK;
}

enum lxfs_err lxfs_link(struct lxfs *fs, uint64_t inode, uint64_t directory, struct lxfs_name name)
{
    struct change c = {.op = CHANGE_LINK, .a = inode, .b = directory, .name = name};
    return change_do(fs, &c);
}

enum lxfs_err lxfs_unlink(struct lxfs *fs, uint64_t directory, struct lxfs_name name)
{
    struct change c = {.op = CHANGE_UNLINK, .a = directory, .name = name};
    return change_do(fs, &c);
}

enum lxfs_err lxfs_rmdir(struct lxfs *fs, uint64_t directory, struct lxfs_name name)
{
    struct change c = {.op = CHANGE_RMDIR, .a = directory, .name = name};
    return change_do(fs, &c);
}

enum lxfs_err lxfs_rename(struct lxfs *fs, uint64_t from, struct lxfs_name from_name, uint64_t to, struct lxfs_name to_name,
                          uint32_t flags)
{
    struct change c = {.op = CHANGE_RENAME, .a = from, .b = to, .name = from_name, .name2 = to_name, .flags = flags};
    return (flags & ~(uint32_t)(LXFS_NOREPLACE | LXFS_EXCHANGE)) != 0 ? LXFS_EINVAL : change_do(fs, &c);
}

/* ---- attributes ------------------------------------------------------------------------------------------------------- */

enum lxfs_err lxfs_getattr(struct lxfs *fs, uint64_t inode, struct lxfs_attr *out)
{
    struct file f;
    enum lxfs_err err = inode_load(fs, inode, &f);
    if (err != LXFS_OK) {
        return err;
    }
    const uint8_t *p = file_inode(fs, &f);
    *out = (struct lxfs_attr){.inode = inode,
                              .inode_generation = le64_load(p + I_GENERATION),
                              .size_bytes = le64_load(p + I_SIZE),
                              .block_count = le40_load(p + I_ROOT + P_COUNT),
                              .device = le64_load(p + I_DEVICE),
                              .entry_count = le64_load(p + I_ENTRIES),
                              .parent = snapshot_bits(inode) | le64_load(p + I_PARENT),
                              .mode = le32_load(p + I_MODE),
                              .link_count = le32_load(p + I_LINKS),
                              .uid = le32_load(p + I_UID),
                              .gid = le32_load(p + I_GID),
                              .accessed = time_load(p + I_ACCESSED),
                              .modified = time_load(p + I_MODIFIED),
                              .changed = time_load(p + I_CHANGED),
                              .born = time_load(p + I_BORN),
                              .quota = le32_load(p + I_QUOTA),
                              .flags = le32_load(p + I_FLAGS)};
    return LXFS_OK;
}

enum { TIME_BYTES = 12 };

enum lxfs_err lxfs_setattr(struct lxfs *fs, uint64_t inode, uint32_t mask, const struct lxfs_attr *attr)
{
    uint8_t times[2 * TIME_BYTES];
    time_store(times, attr->accessed);
    time_store(times + TIME_BYTES, attr->modified);
    struct change c = {.op = CHANGE_SETATTR,
                       .a = inode,
                       .mask = mask,
                       .x = (mask & LXFS_SET_FLAGS) != 0 ? attr->flags : 0,
                       .mode = attr->mode,
                       .uid = attr->uid,
                       .gid = attr->gid,
                       .data = times,
                       .data_bytes = sizeof times};
    return change_do(fs, &c);
}

enum lxfs_err attr_set(struct lxfs *fs, const struct change *c)
{
    struct file f;
    const uint32_t known = LXFS_SET_MODE | LXFS_SET_UID | LXFS_SET_GID | LXFS_SET_ACCESSED | LXFS_SET_MODIFIED | LXFS_SET_FLAGS;
    enum lxfs_err err = inode_load(fs, c->a, &f);
    if (err != LXFS_OK) {
        return err;
    }
    if ((c->mask & ~known) != 0 || (c->x & ~(uint64_t)LXFS_TWO_COPIES) != 0 || c->data_bytes != 2 * TIME_BYTES) {
        return LXFS_EINVAL;
    }
    if (((c->mask & LXFS_SET_ACCESSED) != 0 && !time_is_sound(time_load(c->data))) ||
        ((c->mask & LXFS_SET_MODIFIED) != 0 && !time_is_sound(time_load(c->data + TIME_BYTES)))) {
        return LXFS_EINVAL;
    }
    fs->is_acting = true;
    err = inode_touch(fs, &f);
    if (err != LXFS_OK) {
        return err;
    }
    uint8_t *p = file_inode(fs, &f);
    if ((c->mask & LXFS_SET_MODE) != 0) {
        le32_store(p + I_MODE, (le32_load(p + I_MODE) & LXFS_IFMT) | (c->mode & 07777));
    }
    if ((c->mask & LXFS_SET_FLAGS) != 0) {
        le32_store(p + I_FLAGS, (uint32_t)c->x);
    }
    if ((c->mask & LXFS_SET_UID) != 0) {
        le32_store(p + I_UID, c->uid);
    }
    if ((c->mask & LXFS_SET_GID) != 0) {
        le32_store(p + I_GID, c->gid);
    }
    if ((c->mask & LXFS_SET_ACCESSED) != 0) {
        memcpy(p + I_ACCESSED, c->data, TIME_BYTES);
    }
    if ((c->mask & LXFS_SET_MODIFIED) != 0) {
        memcpy(p + I_MODIFIED, c->data + TIME_BYTES, TIME_BYTES);
    }
    inode_stamp(fs, &f, I_CHANGED);
    return LXFS_OK;
}

enum lxfs_err lxfs_setxattr(struct lxfs *fs, uint64_t inode, struct lxfs_name name, const void *value, size_t len_bytes, uint32_t flags)
{
    if (len_bytes > LXFS_XATTR_BYTES_MAX) {
        return LXFS_ERANGE;
    }
    struct change c = {.op = CHANGE_SETXATTR,
                       .a = inode,
                       .name = name,
                       .flags = flags & (LXFS_XATTR_CREATE | LXFS_XATTR_REPLACE),
                       .data = (const uint8_t *)value,
                       .data_bytes = (uint32_t)len_bytes};
    return flags == c.flags ? change_do(fs, &c) : LXFS_EINVAL;
}

enum lxfs_err lxfs_removexattr(struct lxfs *fs, uint64_t inode, struct lxfs_name name)
{
    struct change c = {.op = CHANGE_REMOVEXATTR, .a = inode, .name = name};
    return change_do(fs, &c);
}

/* ---- contents --------------------------------------------------------------------------------------------------------- */

enum lxfs_err lxfs_write(struct lxfs *fs, uint64_t inode, uint64_t offset, const void *bytes, size_t len_bytes, size_t *done_bytes)
{
    const uint8_t *from = (const uint8_t *)bytes;
    *done_bytes = 0;
    if (len_bytes != 0 && (offset > LXFS_FILE_BYTES_MAX || len_bytes > LXFS_FILE_BYTES_MAX - offset)) {
        return LXFS_EFBIG;
    }
    while (*done_bytes < len_bytes) { /* pieces end where blocks end */
        uint64_t at = offset + *done_bytes;
        size_t piece = LXFS_PIECE_BYTES - (size_t)(at % BLOCK);
        piece = piece < len_bytes - *done_bytes ? piece : len_bytes - *done_bytes;
        struct change c = {
            .op = CHANGE_WRITE, .a = inode, .x = at, .data = from + *done_bytes, .data_bytes = (uint32_t)piece};
        enum lxfs_err err = change_do(fs, &c);
        if (err != LXFS_OK) {
            return err;
        }
        *done_bytes += piece;
    }
    return LXFS_OK;
}

enum lxfs_err lxfs_truncate(struct lxfs *fs, uint64_t inode, uint64_t size_bytes)
{
    struct change c = {.op = CHANGE_TRUNCATE, .a = inode, .x = size_bytes};
    return change_do(fs, &c);
}

enum lxfs_err lxfs_punch(struct lxfs *fs, uint64_t inode, uint64_t offset, uint64_t len_bytes)
{
    struct change c = {.op = CHANGE_PUNCH, .a = inode, .x = offset, .y = len_bytes};
    return change_do(fs, &c);
}

enum lxfs_err lxfs_root(struct lxfs *fs, uint64_t inode, struct hash256 *out)
{
    struct file f;
    enum lxfs_err err = inode_load(fs, inode, &f);
    if (err == LXFS_OK && block_is_new(fs, file_inode(fs, &f) + I_ROOT)) {
        err = commit_all(fs);
        if (err == LXFS_OK) {
            err = inode_load(fs, inode, &f);
        }
    }
    if (err != LXFS_OK) {
        return err;
    }
    const uint8_t *root = file_inode(fs, &f) + I_ROOT;
    uint64_t size = file_size(fs, &f);
    if (le40_load(root + P_ADDRESS) != 0) {
        memcpy(out, root + P_HASH, sizeof *out);
    } else {
        uint64_t leaves = tree_leaf_count(size);
        uint32_t last = leaves == 0 ? 0 : (uint32_t)tree_block_len(size, leaves - 1);
        hash_of_zeros(fs, (struct extent){leaves, last}, out);
    }
    return LXFS_OK;
}

/* ---- files that are open ---------------------------------------------------------------------------------------------- */

static struct hold *hold_find(struct lxfs *fs, uint64_t inode)
{
    for (uint32_t i = 0; i < LXFS_HOLDS_MAX; i++) {
        if (fs->holds[i].inode == inode) {
            return &fs->holds[i];
        }
    }
    return NULL;
}

struct hold *hold_free_slot(struct lxfs *fs)
{
    return hold_find(fs, 0);
}

bool hold_has(struct lxfs *fs, uint64_t inode)
{
    return hold_find(fs, inode) != NULL;
}

enum lxfs_err lxfs_hold(struct lxfs *fs, uint64_t inode)
{
    struct file f;
    enum lxfs_err err = inode_load(fs, inode, &f);
    if (err != LXFS_OK) {
        return err;
    }
    struct hold *h = hold_find(fs, inode);
    h = h != NULL ? h : hold_free_slot(fs);
    if (h == NULL) {
        return LXFS_EBUSY;
    }
    h->inode = inode;
    h->count++;
    return LXFS_OK;
}

enum lxfs_err lxfs_release(struct lxfs *fs, uint64_t inode)
{
    struct file f;
    struct hold *h = inode == 0 ? NULL : hold_find(fs, inode);
    if (h == NULL) {
        return LXFS_EINVAL;
    }
    if (h->count > 1) {
        h->count--;
        return LXFS_OK;
    }
    enum lxfs_err err = inode_load(fs, inode, &f);
    if (err == LXFS_OK && le32_load(file_inode(fs, &f) + I_LINKS) == 0 && snapshot_bits(inode) == 0) {
        struct change c = {.op = CHANGE_RELEASE, .a = inode};
        err = change_do(fs, &c);
    }
    *h = (struct hold){0, 0}; /* in any case: what could not be freed is an orphan, and goes at the next lxfs_open */
    return err;
}
