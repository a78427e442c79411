/* SPDX-License-Identifier: MIT */
/** Names: what makes, moves and removes them. Each function first loads and judges, then sets is_acting and changes. */
#include "private.h"

enum lxfs_err name_check(struct lxfs_name name)
{
    if (name.len_bytes > LXFS_NAME_BYTES_MAX) {
        return LXFS_ENAMETOOLONG;
    }
    bool is_dots = (name.len_bytes == 1 || name.len_bytes == 2) && name.bytes[0] == '.' && name.bytes[name.len_bytes - 1] == '.';
    if (name.len_bytes == 0 || is_dots || memchr(name.bytes, '/', name.len_bytes) != NULL ||
        memchr(name.bytes, 0, name.len_bytes) != NULL) {
        return LXFS_EINVAL;
    }
    return LXFS_OK;
}

static bool is_dir(const struct file *f)
{
    return f->kind == KIND_META;
}

static uint32_t links_of(struct lxfs *fs, const struct file *f)
{
    return le32_load(file_inode(fs, f) + I_LINKS);
}

static void links_add(struct lxfs *fs, const struct file *f, int32_t n)
{
    uint8_t *at = file_inode(fs, f) + I_LINKS;
    if (n >= 0 || le32_load(at) != 0) { /* fewer than there are names: only on a hostile device */
        le32_store(at, le32_load(at) + (uint32_t)n);
    }
}

static uint32_t flags_of(struct lxfs *fs, const struct file *f)
{
    return le32_load(file_inode(fs, f) + I_FLAGS);
}

static uint32_t type_of(struct lxfs *fs, const struct file *f)
{
    return le32_load(file_inode(fs, f) + I_MODE) & LXFS_IFMT;
}

/* A directory, and a name in it if there is one. */
static enum lxfs_err find(struct lxfs *fs, uint64_t directory, struct lxfs_name name, struct file *d, struct dir_place *place)
{
    enum lxfs_err err = name_check(name);
    if (err == LXFS_OK) {
        err = inode_load(fs, directory, d);
    }
    if (err != LXFS_OK) {
        return err;
    }
    return is_dir(d) ? dir_find(fs, d, name, place) : LXFS_ENOTDIR;
}

/* The same for a name that is to be made. */
static enum lxfs_err find_new(struct lxfs *fs, uint64_t directory, struct lxfs_name name, struct file *d, struct dir_place *place)
{
    enum lxfs_err err = find(fs, directory, name, d, place);
    if (err != LXFS_OK) {
        return err;
    }
    if (place->inode != 0) {
        return LXFS_EEXIST;
    }
    return links_of(fs, d) == 0 ? LXFS_ENOENT : dir_prepare(fs, d, place);
}

static void stamp_dir(struct lxfs *fs, const struct file *d)
{
    inode_stamp(fs, d, I_MODIFIED);
    inode_stamp(fs, d, I_CHANGED);
}

enum lxfs_err lxfs_lookup(struct lxfs *fs, uint64_t directory, struct lxfs_name name, uint64_t *inode)
{
    struct file d;
    struct dir_place place;
    enum lxfs_err err = find(fs, directory, name, &d, &place);
    if (err == LXFS_OK && place.inode == 0) {
        err = LXFS_ENOENT;
    }
    if (err == LXFS_OK) {
        *inode = snapshot_bits(directory) | place.inode;
    }
    return err;
}

/* ---- create ---------------------------------------------------------------------------------------------------------- */

static enum lxfs_err kind_check(const struct change *c)
{
    switch (c->mode & LXFS_IFMT) {
    case LXFS_IFLNK:
        if (c->data_bytes > LXFS_TARGET_BYTES_MAX) {
            return LXFS_ENAMETOOLONG;
        }
        return c->data_bytes == 0 || memchr(c->data, 0, c->data_bytes) != NULL ? LXFS_EINVAL : LXFS_OK;
    case LXFS_IFREG:
    case LXFS_IFDIR:
    case LXFS_IFCHR:
    case LXFS_IFBLK:
    case LXFS_IFIFO:
    case LXFS_IFSOCK:
        return c->data_bytes == 0 ? LXFS_OK : LXFS_EINVAL;
    default:
        return LXFS_EINVAL;
    }
}

/* What the new inode has inside. */
static enum lxfs_err fill(struct lxfs *fs, const struct change *c, const struct file *f, uint64_t directory, uint32_t flags)
{
    uint8_t *inode = file_inode(fs, f);
    uint32_t frame = 0;
    le32_store(inode + I_UID, c->uid);
    le32_store(inode + I_GID, c->gid);
    le32_store(inode + I_LINKS, c->name.len_bytes == 0 ? 0 : is_dir(f) ? 2 : 1);
    le64_store(inode + I_DEVICE, c->x);
    le32_store(inode + I_FLAGS, flags);
    if (is_dir(f)) {
        le64_store(inode + I_PARENT, directory);
        return dir_make(fs, f);
    }
    if (c->data_bytes == 0) {
        return LXFS_OK;
    }
    enum lxfs_err err = file_grow(fs, f, c->data_bytes);
    if (err == LXFS_OK) {
        err = file_touch(fs, f, 0, true, &frame);
    }
    if (err == LXFS_OK) {
        memcpy(frame_data(fs, frame), c->data, c->data_bytes);
    }
    return err;
}

static enum lxfs_err create_unnamed(struct lxfs *fs, struct change *c)
{
    struct file f;
    uint32_t quota = 0;
    uint32_t flags = 0;
    if ((c->mode & LXFS_IFMT) != LXFS_IFREG) {
        return LXFS_EINVAL;
    }
    enum lxfs_err err = c->a == 0 ? LXFS_OK : inode_load(fs, c->a, &f);
    if (err == LXFS_OK && c->a != 0) {
        quota = quota_of(fs, &f);
        flags = flags_of(fs, &f);
        err = quota_check(fs, quota, 1);
    }
    if (err == LXFS_OK && fs->orphan != 0) {
        err = inode_slot(fs, fs->orphan, &f);
    }
    if (err == LXFS_OK) {
        err = inode_prepare(fs);
    }
    if (err != LXFS_OK) {
        return err;
    }
    fs->is_acting = true;
    err = inode_make(fs, c->mode, quota, &f);
    if (err == LXFS_OK) {
        err = fill(fs, c, &f, 0, flags);
    }
    if (err == LXFS_OK) {
        err = orphan_add(fs, &f);
    }
    c->y = f.inode;
    return err;
}

enum lxfs_err names_create(struct lxfs *fs, struct change *c)
{
    struct file d;
    struct file f = {0};
    struct dir_place place;
    enum lxfs_err err = kind_check(c);
    if (err != LXFS_OK) {
        return err;
    }
    if (c->name.len_bytes == 0) {
        return create_unnamed(fs, c);
    }
    err = find_new(fs, c->a, c->name, &d, &place);
    if (err == LXFS_OK) {
        err = inode_prepare(fs);
    }
    if (err == LXFS_OK && (c->mode & LXFS_IFMT) == LXFS_IFDIR && links_of(fs, &d) >= LXFS_LINKS_MAX) {
        err = LXFS_EMLINK;
    }
    uint32_t quota = err == LXFS_OK ? quota_of(fs, &d) : 0;
    bool has_block = (c->mode & LXFS_IFMT) == LXFS_IFDIR || c->data_bytes != 0;
    err = err != LXFS_OK ? err : quota_check(fs, quota, has_block ? 2 : 1);
    if (err != LXFS_OK) {
        return err;
    }
    fs->is_acting = true;
    err = inode_touch(fs, &d);
    err = err != LXFS_OK ? err : inode_make(fs, c->mode, quota, &f);
    err = err != LXFS_OK ? err : fill(fs, c, &f, c->a, flags_of(fs, &d));
    err = err != LXFS_OK ? err : dir_insert(fs, &d, &place, c->name, f.inode, c->mode & LXFS_IFMT);
    if (err == LXFS_OK) {
        links_add(fs, &d, is_dir(&f));
        stamp_dir(fs, &d);
        c->y = f.inode;
    }
    return err;
}

/* ---- link, unlink ---------------------------------------------------------------------------------------------------- */

enum lxfs_err names_link(struct lxfs *fs, const struct change *c)
{
    struct file d;
    struct file f;
    struct dir_place place;
    enum lxfs_err err = find_new(fs, c->b, c->name, &d, &place);
    if (err == LXFS_OK) {
        err = inode_load(fs, c->a, &f);
    }
    if (err == LXFS_OK) {
        err = orphan_prepare(fs, &f);
    }
    if (err != LXFS_OK) {
        return err;
    }
    if (is_dir(&f)) {
        return LXFS_EISDIR;
    }
    if (links_of(fs, &f) >= LXFS_LINKS_MAX) {
        return LXFS_EMLINK;
    }
    if (quota_of(fs, &f) != quota_of(fs, &d)) {
        return LXFS_EXDEV;
    }
    fs->is_acting = true;
    err = inode_touch(fs, &d);
    err = err != LXFS_OK ? err : inode_touch(fs, &f);
    if (err == LXFS_OK && links_of(fs, &f) == 0) {
        err = orphan_remove(fs, &f);
    }
    err = err != LXFS_OK ? err : dir_insert(fs, &d, &place, c->name, c->a, type_of(fs, &f));
    if (err == LXFS_OK) {
        links_add(fs, &f, 1);
        inode_stamp(fs, &f, I_CHANGED);
        stamp_dir(fs, &d);
    }
    return err;
}

/* Whether the last entry of a directory goes whose tree then goes as well, and was touched. */
static bool is_emptying_deep(struct lxfs *fs, const struct file *d)
{
    return le64_load(file_inode(fs, d) + I_ENTRIES) == 1 && file_is_deep_dirty(fs, d);
}

/* Loads what losing a name can need, and decides whether the file will live on without one. */
static enum lxfs_err lose_prepare(struct lxfs *fs, struct change *c, const struct file *f)
{
    if (!fs->is_replay && hold_has(fs, f->inode)) {
        c->flags |= CHANGE_KEEP;
    }
    bool is_last = is_dir(f) || links_of(fs, f) <= 1;
    fs->wants_commit = is_last && (c->flags & CHANGE_KEEP) == 0 && file_is_deep_dirty(fs, f);
    if (fs->wants_commit) {
        return LXFS_EIO;
    }
    enum lxfs_err err = orphan_prepare(fs, f);
    return err == LXFS_OK ? dead_prepare(fs) : err;
}

/* Takes one link of a touched inode; with the last one it goes. */
static enum lxfs_err lose(struct lxfs *fs, const struct change *c, const struct file *f)
{
    uint32_t left = is_dir(f) || links_of(fs, f) == 0 ? 0 : links_of(fs, f) - 1;
    le32_store(file_inode(fs, f) + I_LINKS, left);
    inode_stamp(fs, f, I_CHANGED);
    if (left != 0) {
        return LXFS_OK;
    }
    return (c->flags & CHANGE_KEEP) != 0 ? orphan_add(fs, f) : inode_free(fs, f);
}

enum lxfs_err names_unlink(struct lxfs *fs, struct change *c)
{
    struct file d;
    struct file f;
    struct dir_place place;
    enum lxfs_err err = find(fs, c->a, c->name, &d, &place);
    if (err == LXFS_OK) {
        err = place.inode == 0 ? LXFS_ENOENT : inode_load(fs, place.inode, &f);
        err = err == LXFS_ENOENT && place.inode != 0 ? LXFS_EBAD : err;
    }
    if (err != LXFS_OK) {
        return err;
    }
    if (is_dir(&f) != (c->op == CHANGE_RMDIR)) {
        return is_dir(&f) ? LXFS_EISDIR : LXFS_ENOTDIR;
    }
    if (is_dir(&f) && le64_load(file_inode(fs, &f) + I_ENTRIES) != 0) {
        return LXFS_ENOTEMPTY;
    }
    err = f.inode == d.inode ? LXFS_EBAD : lose_prepare(fs, c, &f);
    if (err == LXFS_OK && is_emptying_deep(fs, &d)) {
        fs->wants_commit = true;
        err = LXFS_EIO;
    }
    if (err != LXFS_OK) {
        return err;
    }
    fs->is_acting = true;
    err = inode_touch(fs, &d);
    err = err != LXFS_OK ? err : inode_touch(fs, &f);
    err = err != LXFS_OK ? err : dir_remove(fs, &d, &place);
    if (err == LXFS_OK) {
        links_add(fs, &d, is_dir(&f) ? -1 : 0);
        stamp_dir(fs, &d);
        err = lose(fs, c, &f);
    }
    return err;
}

enum lxfs_err names_release(struct lxfs *fs, const struct change *c)
{
    struct file f;
    enum lxfs_err err = inode_load(fs, c->a, &f);
    if (err == LXFS_OK && links_of(fs, &f) != 0) {
        err = LXFS_EINVAL;
    }
    if (err == LXFS_OK) {
        fs->wants_commit = file_is_deep_dirty(fs, &f);
        err = fs->wants_commit ? LXFS_EIO : orphan_prepare(fs, &f);
    }
    err = err != LXFS_OK ? err : dead_prepare(fs);
    if (err != LXFS_OK) {
        return err;
    }
    fs->is_acting = true;
    err = inode_touch(fs, &f);
    err = err != LXFS_OK ? err : orphan_remove(fs, &f);
    return err != LXFS_OK ? err : inode_free(fs, &f);
}

/* ---- rename ---------------------------------------------------------------------------------------------------------- */

/* Both ends of a rename. */
struct move {
    struct file from;
    struct file to;
    struct dir_place from_place;
    struct dir_place to_place;
    struct file moved;
    struct file other; /* what the new name was; inode 0: nothing */
};

/* Whether `directory` is `inode` or lies in it. */
static enum lxfs_err lies_in(struct lxfs *fs, uint64_t directory, uint64_t inode)
{
    for (uint32_t depth = 0; depth < LXFS_DEPTH_MAX; depth++) {
        struct file f;
        if (directory == inode) {
            return LXFS_EINVAL;
        }
        if (directory == LXFS_ROOT_INODE) {
            return LXFS_OK;
        }
        enum lxfs_err err = inode_load(fs, directory, &f);
        if (err != LXFS_OK) {
            return err;
        }
        directory = le64_load(file_inode(fs, &f) + I_PARENT);
    }
    return LXFS_EINVAL;
}

static enum lxfs_err move_find(struct lxfs *fs, const struct change *c, struct move *m)
{
    enum lxfs_err err = find(fs, c->a, c->name, &m->from, &m->from_place);
    if (err == LXFS_OK) {
        err = find(fs, c->b, c->name2, &m->to, &m->to_place);
    }
    if (err == LXFS_OK) {
        err = m->from_place.inode == 0 ? LXFS_ENOENT : inode_load(fs, m->from_place.inode, &m->moved);
    }
    m->other.inode = 0;
    if (err == LXFS_OK && m->to_place.inode != 0) {
        err = inode_load(fs, m->to_place.inode, &m->other);
    }
    if (err == LXFS_OK && links_of(fs, &m->to) == 0) {
        err = LXFS_ENOENT;
    }
    return err;
}

/* Whether what the new name is may be replaced. */
static enum lxfs_err may_replace(struct lxfs *fs, const struct move *m)
{
    if (is_dir(&m->other) != is_dir(&m->moved)) {
        return is_dir(&m->other) ? LXFS_EISDIR : LXFS_ENOTDIR;
    }
    return is_dir(&m->other) && le64_load(file_inode(fs, &m->other) + I_ENTRIES) != 0 ? LXFS_ENOTEMPTY : LXFS_OK;
}

/* What stands against it, by the rules of rename; nothing but values is looked at. */
static enum lxfs_err move_judge(struct lxfs *fs, const struct change *c, const struct move *m)
{
    bool is_exchange = (c->flags & LXFS_EXCHANGE) != 0;
    bool has_other = m->other.inode != 0;
    if (is_exchange && !has_other) {
        return LXFS_ENOENT;
    }
    if ((c->flags & LXFS_NOREPLACE) != 0 && has_other) {
        return LXFS_EEXIST;
    }
    if (has_other && !is_exchange && m->other.inode != m->moved.inode) {
        enum lxfs_err err = may_replace(fs, m);
        if (err != LXFS_OK) {
            return err;
        }
    }
    int32_t into = is_dir(&m->moved) - (has_other && is_dir(&m->other)); /* directories that `to` gets more */
    bool is_crossing = m->from.inode != m->to.inode;
    if (is_crossing && into > 0 && links_of(fs, &m->to) >= LXFS_LINKS_MAX) {
        return LXFS_EMLINK;
    }
    return is_crossing && is_exchange && into < 0 && links_of(fs, &m->from) >= LXFS_LINKS_MAX ? LXFS_EMLINK : LXFS_OK;
}

static enum lxfs_err exchange(struct lxfs *fs, struct move *m)
{
    enum lxfs_err err = dir_replace(fs, &m->from, &m->from_place, m->other.inode, type_of(fs, &m->other));
    if (err == LXFS_OK) {
        err = dir_replace(fs, &m->to, &m->to_place, m->moved.inode, type_of(fs, &m->moved));
    }
    int32_t into = is_dir(&m->moved) - is_dir(&m->other);
    links_add(fs, &m->to, into);
    links_add(fs, &m->from, -into);
    if (is_dir(&m->other)) {
        le64_store(file_inode(fs, &m->other) + I_PARENT, m->from.inode);
    }
    inode_stamp(fs, &m->other, I_CHANGED);
    return err;
}

static enum lxfs_err replace(struct lxfs *fs, const struct change *c, struct move *m)
{
    enum lxfs_err err = LXFS_OK;
    if (m->other.inode != 0) {
        err = dir_replace(fs, &m->to, &m->to_place, m->moved.inode, type_of(fs, &m->moved));
    } else {
        err = dir_insert(fs, &m->to, &m->to_place, c->name2, m->moved.inode, type_of(fs, &m->moved));
    }
    if (err == LXFS_OK) { /* an insertion may have moved the old entry */
        err = dir_find(fs, &m->from, c->name, &m->from_place);
    }
    if (err == LXFS_OK) {
        err = m->from_place.inode == m->moved.inode ? dir_remove(fs, &m->from, &m->from_place) : LXFS_EBAD;
    }
    if (err != LXFS_OK) {
        return err;
    }
    if (is_dir(&m->moved)) {
        links_add(fs, &m->from, -1);
        links_add(fs, &m->to, m->other.inode == 0 ? 1 : 0);
    }
    return m->other.inode != 0 ? lose(fs, c, &m->other) : LXFS_OK;
}

static enum lxfs_err move_act(struct lxfs *fs, const struct change *c, struct move *m)
{
    fs->is_acting = true;
    enum lxfs_err err = inode_touch(fs, &m->from);
    err = err != LXFS_OK ? err : inode_touch(fs, &m->to);
    err = err != LXFS_OK ? err : inode_touch(fs, &m->moved);
    if (err == LXFS_OK && m->other.inode != 0) {
        err = inode_touch(fs, &m->other);
    }
    if (err == LXFS_OK) {
        err = (c->flags & LXFS_EXCHANGE) != 0 ? exchange(fs, m) : replace(fs, c, m);
    }
    if (err != LXFS_OK) {
        return err;
    }
    if (is_dir(&m->moved)) {
        le64_store(file_inode(fs, &m->moved) + I_PARENT, m->to.inode);
    }
    inode_stamp(fs, &m->moved, I_CHANGED);
    stamp_dir(fs, &m->from);
    stamp_dir(fs, &m->to);
    return LXFS_OK;
}

enum lxfs_err names_rename(struct lxfs *fs, struct change *c)
{
    struct move m;
    uint32_t known = LXFS_NOREPLACE | LXFS_EXCHANGE | CHANGE_KEEP;
    if ((c->flags & ~known) != 0 || (c->flags & (LXFS_NOREPLACE | LXFS_EXCHANGE)) == (LXFS_NOREPLACE | LXFS_EXCHANGE)) {
        return LXFS_EINVAL;
    }
    enum lxfs_err err = move_find(fs, c, &m);
    if (err == LXFS_OK && c->a != c->b && is_dir(&m.moved)) {
        err = lies_in(fs, c->b, m.moved.inode);
    }
    if (err == LXFS_OK && c->a != c->b && (c->flags & LXFS_EXCHANGE) != 0 && m.other.inode != 0 && is_dir(&m.other)) {
        err = lies_in(fs, c->a, m.other.inode);
    }
    if (err == LXFS_OK) {
        err = move_find(fs, c, &m); /* again: the way up may have pushed the frames out */
    }
    if (err == LXFS_OK) {
        err = move_judge(fs, c, &m);
    }
    if (err != LXFS_OK || m.other.inode == m.moved.inode) {
        return err; /* two names of one file stay as they are */
    }
    if (quota_of(fs, &m.from) != quota_of(fs, &m.to)) {
        return LXFS_EXDEV;
    }
    bool is_odd = m.moved.inode == m.from.inode || m.moved.inode == m.to.inode || m.other.inode == m.from.inode ||
                  m.other.inode == m.to.inode;
    if (is_odd) {
        return LXFS_EINVAL;
    }
    err = dead_prepare(fs);
    if (err == LXFS_OK && m.other.inode == 0) {
        err = dir_prepare(fs, &m.to, &m.to_place);
    } else if (err == LXFS_OK && (c->flags & LXFS_EXCHANGE) == 0) {
        err = lose_prepare(fs, c, &m.other);
    }
    if (err == LXFS_OK && c->a != c->b && is_emptying_deep(fs, &m.from)) {
        fs->wants_commit = true;
        err = LXFS_EIO;
    }
    return err == LXFS_OK ? move_act(fs, c, &m) : err;
}
