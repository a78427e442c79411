/* SPDX-License-Identifier: MIT */
/** Requests of proto/files.h, one function for each kind. See fsserve.h. */
#include "fsserve.h"

void fsserve_init(struct fsserve *s, struct lxfs *fs, struct fs_window *window, uint32_t epoch)
{
    s->fs = fs;
    s->window = window;
    s->epoch = epoch;
    s->is_dirty = false;
    s->hold_count = 0;
}

/* ---- what the window has, once ------------------------------------------------------------------------------------------- */

static uint32_t load_once(const uint32_t *place)
{
    return *(const volatile uint32_t *)place;
}

static void copy_once(void *to, const void *from, size_t len_bytes)
{
    memcpy(to, from, len_bytes);
    __asm__ volatile("" : : : "memory"); /* the copy is what counts from here on: nothing is loaded again */
}

/** Name `i`; one that is too long is as long as it can be said to be, and refused by lib/fs. */
static struct lxfs_name name_at(struct fsserve *s, uint32_t i)
{
    uint32_t len = load_once(&s->window->name_bytes[i]);
    size_t kept = len <= LXFS_NAME_BYTES_MAX ? len : LXFS_NAME_BYTES_MAX;
    copy_once(s->names[i], s->window->names[i], kept);
    return (struct lxfs_name){s->names[i], len <= LXFS_NAME_BYTES_MAX ? len : LXFS_NAME_BYTES_MAX + 1};
}

static void set_clock(struct fsserve *s)
{
    struct lxfs_time now;
    copy_once(&now, &s->window->now, sizeof now);
    now.nanoseconds = now.nanoseconds < 1000000000 ? now.nanoseconds : 999999999;
    lxfs_clock(s->fs, now);
}

static bool is_time(struct lxfs_time t)
{
    return t.nanoseconds < 1000000000;
}

/* ---- the client's holds ----------------------------------------------------------------------------------------------------- */

static enum lxfs_err hold(struct fsserve *s, uint64_t inode)
{
    if (s->hold_count == LXFS_HOLDS_MAX) {
        return LXFS_EBUSY;
    }
    enum lxfs_err err = lxfs_hold(s->fs, inode);
    if (err == LXFS_OK) {
        s->holds[s->hold_count++] = inode;
    }
    return err;
}

static enum lxfs_err release(struct fsserve *s, uint64_t inode)
{
    for (uint32_t i = 0; i < s->hold_count; i++) {
        if (s->holds[i] == inode) {
            s->holds[i] = s->holds[--s->hold_count];
            return lxfs_release(s->fs, inode);
        }
    }
    return LXFS_EINVAL;
}

static void attach(struct fsserve *s, uint64_t word[4])
{
    while (s->hold_count > 0) {
        (void)release(s, s->holds[0]); /* what cannot be given back now is, when the volume is opened again */
    }
    word[0] = s->fs == NULL ? FS_NONE : FS_READY;
    word[1] = s->epoch;
}

/* ---- requests ------------------------------------------------------------------------------------------------------------------ */

static enum lxfs_err give_attr(struct fsserve *s, uint64_t inode)
{
    struct lxfs_attr attr;
    enum lxfs_err err = lxfs_getattr(s->fs, inode, &attr);
    if (err == LXFS_OK) {
        s->window->attr = attr;
    }
    return err;
}

static enum lxfs_err lookup(struct fsserve *s, uint64_t word[4])
{
    uint64_t inode;
    enum lxfs_err err = lxfs_lookup(s->fs, word[0], name_at(s, 0), &inode);
    return err == LXFS_OK ? give_attr(s, inode) : err;
}

static enum lxfs_err setattr(struct fsserve *s, uint64_t word[4])
{
    struct lxfs_attr attr;
    copy_once(&attr, &s->window->attr, sizeof attr);
    if (word[1] > UINT32_MAX || !is_time(attr.accessed) || !is_time(attr.modified)) {
        return LXFS_EINVAL;
    }
    return lxfs_setattr(s->fs, word[0], (uint32_t)word[1], &attr);
}

static enum lxfs_err create(struct fsserve *s, uint64_t word[4])
{
    struct lxfs_attr attr;
    uint64_t inode;
    copy_once(&attr, &s->window->attr, sizeof attr);
    bool is_link = (attr.mode & LXFS_IFMT) == LXFS_IFLNK;
    if (word[2] > LXFS_TARGET_BYTES_MAX) {
        return LXFS_ENAMETOOLONG;
    }
    struct lxfs_name name = name_at(s, 0);
    if (name.len_bytes == 0 && s->hold_count == LXFS_HOLDS_MAX) {
        return LXFS_EBUSY; /* a file without a name is held at once */
    }
    copy_once(s->bytes, s->window->data, (size_t)word[2]);
    const struct lxfs_node node = {.mode = attr.mode,
                                   .uid = attr.uid,
                                   .gid = attr.gid,
                                   .device = attr.device,
                                   .target = is_link ? (const char *)s->bytes : NULL,
                                   .target_bytes = is_link ? (size_t)word[2] : 0};
    enum lxfs_err err = lxfs_create(s->fs, word[0], name, &node, &inode);
    if (err == LXFS_OK && name.len_bytes == 0) {
        s->holds[s->hold_count++] = inode;
    }
    return err == LXFS_OK ? give_attr(s, inode) : err;
}

static enum lxfs_err rename_names(struct fsserve *s, uint64_t word[4])
{
    if (word[2] > UINT32_MAX) {
        return LXFS_EINVAL;
    }
    struct lxfs_name from = name_at(s, 0), to = name_at(s, 1);
    return lxfs_rename(s->fs, word[0], from, word[1], to, (uint32_t)word[2]);
}

static enum lxfs_err list(struct fsserve *s, uint64_t word[4])
{
    size_t count = 0, most = FS_DATA_BYTES / sizeof(struct lxfs_entry);
    bool is_end = false;
    uint64_t cookie = word[1];
    if (word[2] == 0) {
        return LXFS_EINVAL;
    }
    enum lxfs_err err = lxfs_readdir(s->fs, word[0], &cookie, (struct lxfs_entry *)(void *)s->window->data,
                                     word[2] < most ? (size_t)word[2] : most, &count, &is_end);
    word[1] = cookie;
    word[2] = count;
    word[3] = is_end;
    return err;
}

static enum lxfs_err transfer(struct fsserve *s, uint64_t word[4], bool writes)
{
    size_t done = 0;
    enum lxfs_err err;
    if (word[2] > FS_DATA_BYTES) {
        return LXFS_EINVAL;
    }
    if (writes) {
        copy_once(s->bytes, s->window->data, (size_t)word[2]);
        err = lxfs_write(s->fs, word[0], word[1], s->bytes, (size_t)word[2], &done);
    } else {
        err = lxfs_read(s->fs, word[0], word[1], s->bytes, (size_t)word[2], &done);
        memcpy(s->window->data, s->bytes, err == LXFS_OK ? done : 0); /* while it reads there are bytes that are not verified yet */
    }
    word[1] = done;
    return err;
}

static enum lxfs_err root(struct fsserve *s, uint64_t inode)
{
    struct hash256 hash;
    enum lxfs_err err = lxfs_root(s->fs, inode, &hash);
    if (err == LXFS_OK) {
        memcpy(s->window->data, hash.bytes, sizeof hash.bytes);
    }
    return err;
}

static enum lxfs_err get_xattr(struct fsserve *s, uint64_t word[4])
{
    size_t len = 0, cap = word[2] < FS_DATA_BYTES ? (size_t)word[2] : FS_DATA_BYTES;
    enum lxfs_err err = lxfs_getxattr(s->fs, word[0], name_at(s, 0), s->window->data, cap, &len);
    word[1] = len;
    return err;
}

static enum lxfs_err set_xattr(struct fsserve *s, uint64_t word[4])
{
    if (word[2] > LXFS_XATTR_BYTES_MAX) {
        return LXFS_ERANGE;
    }
    if (word[1] > UINT32_MAX) {
        return LXFS_EINVAL;
    }
    copy_once(s->bytes, s->window->data, (size_t)word[2]);
    return lxfs_setxattr(s->fs, word[0], name_at(s, 0), s->bytes, (size_t)word[2], (uint32_t)word[1]);
}
_Static_assert(LXFS_XATTR_BYTES_MAX <= FS_DATA_BYTES && LXFS_TARGET_BYTES_MAX <= FS_DATA_BYTES, "one place for all");

static enum lxfs_err list_xattr(struct fsserve *s, uint64_t word[4])
{
    size_t len = 0, cap = word[2] < FS_DATA_BYTES ? (size_t)word[2] : FS_DATA_BYTES;
    enum lxfs_err err = lxfs_listxattr(s->fs, word[0], (char *)s->window->data, cap, &len);
    word[1] = len;
    return err;
}

/** Requests that change nothing. @return false: it is none of these. */
static bool look(struct fsserve *s, uint64_t label, uint64_t word[4], enum lxfs_err *err)
{
    switch (label) {
    case FS_LOOKUP:
        *err = lookup(s, word);
        return true;
    case FS_GETATTR:
        *err = give_attr(s, word[0]);
        return true;
    case FS_READDIR:
        *err = list(s, word);
        return true;
    case FS_READ:
        *err = transfer(s, word, false);
        return true;
    case FS_SEEK:
        *err = lxfs_seek(s->fs, word[0], word[1], word[2] != 0, &word[1]);
        return true;
    case FS_GETXATTR:
        *err = get_xattr(s, word);
        return true;
    case FS_LISTXATTR:
        *err = list_xattr(s, word);
        return true;
    default:
        return false;
    }
}

static bool change(struct fsserve *s, uint64_t label, uint64_t word[4], enum lxfs_err *err)
{
    set_clock(s);
    switch (label) {
    case FS_SETATTR:
        *err = setattr(s, word);
        return true;
    case FS_CREATE:
        *err = create(s, word);
        return true;
    case FS_LINK:
        *err = lxfs_link(s->fs, word[0], word[1], name_at(s, 0));
        return true;
    case FS_REMOVE:
        *err = word[1] != 0 ? lxfs_rmdir(s->fs, word[0], name_at(s, 0)) : lxfs_unlink(s->fs, word[0], name_at(s, 0));
        return true;
    case FS_RENAME:
        *err = rename_names(s, word);
        return true;
    case FS_HOLD:
        *err = hold(s, word[0]);
        return true;
    case FS_RELEASE:
        *err = release(s, word[0]);
        return true;
    case FS_WRITE:
        *err = transfer(s, word, true);
        return true;
    case FS_TRUNCATE:
        *err = lxfs_truncate(s->fs, word[0], word[1]);
        return true;
    case FS_PUNCH:
        *err = lxfs_punch(s->fs, word[0], word[1], word[2]);
        return true;
    case FS_SETXATTR:
        *err = set_xattr(s, word);
        return true;
    case FS_REMOVEXATTR:
        *err = lxfs_removexattr(s->fs, word[0], name_at(s, 0));
        return true;
    default:
        return false;
    }
}

/** Requests about the whole volume, and FS_ROOT, which may commit. */
static bool settle(struct fsserve *s, uint64_t label, const uint64_t word[4], enum lxfs_err *err)
{
    switch (label) {
    case FS_ROOT:
        *err = root(s, word[0]);
        return true;
    case FS_SYNC:
        *err = lxfs_sync(s->fs);
        return true;
    case FS_COMMIT:
        *err = lxfs_commit(s->fs);
        return true;
    default:
        return false;
    }
}

uint64_t fsserve_request(struct fsserve *s, uint64_t label, uint64_t word[4])
{
    enum lxfs_err err = LXFS_OK;
    if (label == FS_ATTACH) {
        attach(s, word);
        return PROTO_OK;
    }
    if (word[3] != s->epoch || s->fs == NULL) {
        return FS_STALE;
    }
    if (!look(s, label, word, &err) && !settle(s, label, word, &err)) {
        if (!change(s, label, word, &err)) {
            return PROTO_UNKNOWN;
        }
        s->is_dirty = true;
    }
    word[0] = err;
    return PROTO_OK;
}
