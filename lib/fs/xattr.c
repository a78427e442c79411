/* SPDX-License-Identifier: MIT */
/** Xattr: extended attributes, all of a file in one block. Source: docs/spec/lxfs.md section 7. Limits: O(bytes of the block) a call. */
#include "private.h"

enum { X_BYTES = 2, X_HEAD = 8, E_HEAD = 4, X_ROOM = BLOCK - X_HEAD };
_Static_assert(X_ROOM == LXFS_XATTR_BYTES_MAX, "what fs.h promises");

struct spot xattr_spot(const struct file *f)
{
    return (struct spot){.parent = f->home,
                         .parent_at = f->home_at + I_XATTR,
                         .home = f->home,
                         .home_at = f->home_at,
                         .kind = KIND_XATTR};
}

static uint32_t entry_bytes(const uint8_t *b, uint32_t at)
{
    return E_HEAD + (uint32_t)b[at] + (uint32_t)le16_load(b + at + 2);
}

static bool is_sound(const uint8_t *b)
{
    uint32_t end = X_HEAD + (uint32_t)le16_load(b + X_BYTES);
    if (le16_load(b) != XATTR_MAGIC || end > BLOCK) {
        return false;
    }
    uint32_t at = X_HEAD;
    while (at < end) {
        if (end - at < E_HEAD || b[at] == 0 || b[at + 1] != 0 || entry_bytes(b, at) > end - at ||
            memchr(b + at + E_HEAD, 0, b[at]) != NULL) {
            return false;
        }
        at += entry_bytes(b, at);
    }
    return true;
}

/* The block of a file's attributes; NULL when there is none. */
static enum lxfs_err load(struct lxfs *fs, const struct file *f, uint32_t *frame, uint8_t **out)
{
    struct spot spot = xattr_spot(f);
    *out = NULL;
    *frame = 0;
    if (le40_load(spot_pointer(fs, &spot) + P_ADDRESS) == 0) {
        return LXFS_OK;
    }
    enum lxfs_err err = block_load(fs, &spot, frame);
    if (err != LXFS_OK) {
        return err;
    }
    if (!is_sound(frame_data(fs, *frame))) {
        damage_note(fs, &spot, fs->frames[*frame].address);
        return LXFS_EBAD;
    }
    *out = frame_data(fs, *frame);
    return LXFS_OK;
}

/* The offset of an attribute, or 0. */
static uint32_t find(const uint8_t *b, struct lxfs_name name)
{
    uint32_t end = b == NULL ? 0 : X_HEAD + (uint32_t)le16_load(b + X_BYTES);
    for (uint32_t at = X_HEAD; at < end; at += entry_bytes(b, at)) {
        if (b[at] == name.len_bytes && memcmp(b + at + E_HEAD, name.bytes, name.len_bytes) == 0) {
            return at;
        }
    }
    return 0;
}

static enum lxfs_err name_ok(struct lxfs_name name)
{
    if (name.len_bytes > LXFS_NAME_BYTES_MAX) {
        return LXFS_ENAMETOOLONG;
    }
    return name.len_bytes == 0 || memchr(name.bytes, 0, name.len_bytes) != NULL ? LXFS_EINVAL : LXFS_OK;
}

enum lxfs_err lxfs_getxattr(struct lxfs *fs, uint64_t inode, struct lxfs_name name, void *out, size_t cap_bytes, size_t *len_bytes)
{
    struct file f;
    uint32_t frame = 0;
    uint8_t *b = NULL;
    enum lxfs_err err = name_ok(name);
    if (err == LXFS_OK) {
        err = inode_load(fs, inode, &f);
    }
    if (err == LXFS_OK) {
        err = load(fs, &f, &frame, &b);
    }
    if (err != LXFS_OK) {
        return err;
    }
    uint32_t at = find(b, name);
    if (at == 0) {
        return LXFS_ENOENT;
    }
    *len_bytes = le16_load(b + at + 2);
    if (*len_bytes > cap_bytes) {
        return LXFS_ERANGE;
    }
    memcpy(out, b + at + E_HEAD + name.len_bytes, *len_bytes);
    return LXFS_OK;
}

enum lxfs_err lxfs_listxattr(struct lxfs *fs, uint64_t inode, char *out, size_t cap_bytes, size_t *len_bytes)
{
    struct file f;
    uint32_t frame = 0;
    uint8_t *b = NULL;
    enum lxfs_err err = inode_load(fs, inode, &f);
    if (err == LXFS_OK) {
        err = load(fs, &f, &frame, &b);
    }
    if (err != LXFS_OK) {
        return err;
    }
    uint32_t end = b == NULL ? 0 : X_HEAD + (uint32_t)le16_load(b + X_BYTES);
    size_t used = 0;
    for (uint32_t at = X_HEAD; at < end; at += entry_bytes(b, at)) {
        used += (size_t)b[at] + 1;
    }
    *len_bytes = used;
    if (used > cap_bytes) {
        return LXFS_ERANGE;
    }
    for (uint32_t at = X_HEAD; at < end; at += entry_bytes(b, at)) {
        memcpy(out, b + at + E_HEAD, b[at]);
        out += b[at];
        *out++ = 0;
    }
    return LXFS_OK;
}

static void cut(uint8_t *b, uint32_t at)
{
    uint32_t end = X_HEAD + (uint32_t)le16_load(b + X_BYTES);
    uint32_t len = entry_bytes(b, at);
    memmove(b + at, b + at + len, end - at - len);
    memset(b + end - len, 0, len);
    le16_store(b + X_BYTES, (uint16_t)(end - len - X_HEAD));
}

static void append(uint8_t *b, const struct change *c)
{
    uint32_t at = X_HEAD + (uint32_t)le16_load(b + X_BYTES);
    b[at] = (uint8_t)c->name.len_bytes;
    b[at + 1] = 0;
    le16_store(b + at + 2, (uint16_t)c->data_bytes);
    memcpy(b + at + E_HEAD, c->name.bytes, c->name.len_bytes);
    if (c->data_bytes != 0) {
        memcpy(b + at + E_HEAD + c->name.len_bytes, c->data, c->data_bytes);
    }
    le16_store(b + X_BYTES, (uint16_t)(at + entry_bytes(b, at) - X_HEAD));
}

/* What stands against setting an attribute whose old value is at `old`. */
static enum lxfs_err may_set(const uint8_t *b, uint32_t old, const struct change *c)
{
    if (old != 0 && (c->flags & LXFS_XATTR_CREATE) != 0) {
        return LXFS_EEXIST;
    }
    if (old == 0 && (c->flags & LXFS_XATTR_REPLACE) != 0) {
        return LXFS_ENOENT;
    }
    uint32_t used = b == NULL ? 0 : le16_load(b + X_BYTES);
    used -= old == 0 ? 0 : entry_bytes(b, old);
    bool fits = c->data_bytes <= X_ROOM && E_HEAD + (uint32_t)c->name.len_bytes + c->data_bytes <= X_ROOM - used;
    return fits ? LXFS_OK : LXFS_ERANGE;
}

/* What a change needs: the file, and the block of its attributes, or NULL. */
static enum lxfs_err load_for(struct lxfs *fs, const struct change *c, struct file *f, uint32_t *frame, uint8_t **b)
{
    enum lxfs_err err = name_ok(c->name);
    if (err == LXFS_OK) {
        err = inode_load(fs, c->a, f);
    }
    return err == LXFS_OK ? load(fs, f, frame, b) : err;
}

enum lxfs_err xattr_set(struct lxfs *fs, const struct change *c)
{
    struct file f;
    uint32_t frame = 0;
    uint8_t *b = NULL;
    enum lxfs_err err = load_for(fs, c, &f, &frame, &b);
    if (err != LXFS_OK) {
        return err;
    }
    uint32_t old = find(b, c->name);
    err = may_set(b, old, c);
    if (err != LXFS_OK) {
        return err;
    }
    struct spot spot = xattr_spot(&f);
    fs->is_acting = true;
    err = inode_touch(fs, &f);
    if (err == LXFS_OK) {
        err = b == NULL ? block_make(fs, &spot, &frame) : block_touch(fs, &spot, frame);
    }
    if (err != LXFS_OK) {
        return err;
    }
    b = frame_data(fs, frame);
    le16_store(b, XATTR_MAGIC);
    if (old != 0) {
        cut(b, old);
    }
    append(b, c);
    le40_store(spot_pointer(fs, &spot) + P_COUNT, 1);
    inode_stamp(fs, &f, I_CHANGED);
    return LXFS_OK;
}

enum lxfs_err xattr_remove(struct lxfs *fs, const struct change *c)
{
    struct file f;
    uint32_t frame = 0;
    uint8_t *b = NULL;
    enum lxfs_err err = load_for(fs, c, &f, &frame, &b);
    if (err != LXFS_OK) {
        return err;
    }
    uint32_t at = find(b, c->name);
    if (at == 0) {
        return LXFS_ENOENT;
    }
    struct spot spot = xattr_spot(&f);
    fs->is_acting = true;
    err = inode_touch(fs, &f);
    if (err == LXFS_OK) {
        err = block_touch(fs, &spot, frame);
    }
    if (err != LXFS_OK) {
        return err;
    }
    cut(b, at);
    if (le16_load(b + X_BYTES) == 0) {
        block_free(fs, spot_pointer(fs, &spot));
    }
    inode_stamp(fs, &f, I_CHANGED);
    return LXFS_OK;
}
