/* SPDX-License-Identifier: MIT */
/** Data: contents of files: reading, writing, sizes, holes. Limits: one operation writes at most LXFS_PIECE_BYTES. */
#include "private.h"

/* Subtrees that a search passes over: 63 on each level on the way up, and on the way down. Nodes whose counts lie are never loaded. */
enum { SEEK_PROBES = 2 * FANOUT * (LEVELS_MAX + 1) };

/* Fewer blocks in one read come through memory, and stay there. */
enum { DIRECT_MIN = 4 };

/* A file whose contents may be read or, `for_writing`, changed. */
static enum lxfs_err open_contents(struct lxfs *fs, uint64_t inode, bool for_writing, struct file *out)
{
    enum lxfs_err err = inode_load(fs, inode, out);
    if (err != LXFS_OK) {
        return err;
    }
    uint32_t type = le32_load(file_inode(fs, out) + I_MODE) & LXFS_IFMT;
    if (type == LXFS_IFDIR) {
        return LXFS_EISDIR;
    }
    return type == LXFS_IFREG || (type == LXFS_IFLNK && !for_writing) ? LXFS_OK : LXFS_EINVAL;
}

/* What is left to read. */
struct want {
    uint8_t *to;
    uint64_t offset;
    size_t len_bytes;
};

static void want_advance(struct want *w, size_t bytes)
{
    w->to += bytes;
    w->offset += bytes;
    w->len_bytes -= bytes;
}

/* Reads whole blocks under one node, at least DIRECT_MIN, past the frames of memory. `done_bytes` is 0 when one must be read through them. */
static enum lxfs_err read_direct(struct lxfs *fs, const struct file *f, const struct want *w, size_t *done_bytes)
{
    uint64_t size = file_size(fs, f);
    uint64_t index = w->offset / BLOCK;
    uint64_t whole = size / BLOCK - index;
    uint32_t node = 0;
    *done_bytes = 0;
    whole = whole < w->len_bytes / BLOCK ? whole : w->len_bytes / BLOCK;
    if (w->offset % BLOCK != 0 || whole < DIRECT_MIN || file_depth(size) == 0) {
        return LXFS_OK;
    }
    enum lxfs_err err = file_load(fs, f, 1, index / FANOUT, &node);
    if (err != LXFS_OK) {
        return err;
    }
    uint32_t entry = (uint32_t)(index % FANOUT);
    uint32_t count = whole < FANOUT - entry ? (uint32_t)whole : FANOUT - entry;
    uint32_t holes = node == 0 ? count : 0;
    while (holes < count && le40_load(frame_data(fs, node) + (size_t)(entry + holes) * POINTER_BYTES + P_ADDRESS) == 0) {
        holes++;
    }
    if (holes != 0) {
        memset(w->to, 0, (size_t)holes * BLOCK);
        *done_bytes = (size_t)holes * BLOCK;
        return LXFS_OK;
    }
    struct spot spot = {.index = index,
                        .parent = node,
                        .parent_at = entry * POINTER_BYTES,
                        .home = f->home,
                        .home_at = f->home_at,
                        .kind = f->kind};
    *done_bytes = (size_t)block_read_run(fs, &spot, count, w->to) * BLOCK;
    return LXFS_OK;
}

/* Reads to the end of the block at the offset, at most. */
static enum lxfs_err read_one(struct lxfs *fs, const struct file *f, const struct want *w, size_t *done_bytes)
{
    uint64_t left = file_size(fs, f) - w->offset;
    uint32_t inside = (uint32_t)(w->offset % BLOCK);
    uint32_t frame = 0;
    size_t piece = BLOCK - inside;
    piece = piece < left ? piece : (size_t)left;
    piece = piece < w->len_bytes ? piece : w->len_bytes;
    enum lxfs_err err = file_load(fs, f, 0, w->offset / BLOCK, &frame);
    if (err != LXFS_OK) {
        return err;
    }
    if (frame == 0) {
        memset(w->to, 0, piece);
    } else {
        memcpy(w->to, frame_data(fs, frame) + inside, piece);
    }
    *done_bytes = piece;
    return LXFS_OK;
}

enum lxfs_err lxfs_read(struct lxfs *fs, uint64_t inode, uint64_t offset, void *out, size_t len_bytes, size_t *got_bytes)
{
    struct want w = {(uint8_t *)out, offset, len_bytes};
    *got_bytes = 0;
    while (w.len_bytes != 0) { /* the inode is found anew each time: others come to memory in between */
        struct file f;
        size_t done = 0;
        enum lxfs_err err = open_contents(fs, inode, false, &f);
        if (err != LXFS_OK || w.offset >= file_size(fs, &f)) {
            return err;
        }
        err = read_direct(fs, &f, &w, &done);
        if (err == LXFS_OK && done == 0) {
            err = read_one(fs, &f, &w, &done);
        }
        if (err != LXFS_OK) {
            return err;
        }
        bool is_link = (le32_load(file_inode(fs, &f) + I_MODE) & LXFS_IFMT) == LXFS_IFLNK;
        if (is_link && memchr(w.to, 0, done) != NULL) { /* no link was made so */
            return LXFS_EBAD;
        }
        want_advance(&w, done);
        *got_bytes += done;
    }
    return LXFS_OK;
}

enum lxfs_err lxfs_seek(struct lxfs *fs, uint64_t inode, uint64_t offset, bool want_hole, uint64_t *found)
{
    struct file f;
    enum lxfs_err err = open_contents(fs, inode, false, &f);
    if (err != LXFS_OK) {
        return err;
    }
    uint64_t size = file_size(fs, &f);
    uint64_t total = tree_leaf_count(size);
    if (offset >= size) {
        return LXFS_ENOENT;
    }
    uint32_t probes = 0;
    for (uint64_t index = offset / BLOCK; index < total;) {
        bool is_there = false;
        uint64_t next = 0;
        err = ++probes > SEEK_PROBES ? LXFS_EBAD : open_contents(fs, inode, false, &f);
        if (err == LXFS_OK) {
            err = file_probe(fs, &f, index, &is_there, &next);
        }
        if (err != LXFS_OK) {
            return err;
        }
        if (is_there != want_hole) {
            *found = index * BLOCK > offset ? index * BLOCK : offset;
            return LXFS_OK;
        }
        index = next;
    }
    *found = size;
    return want_hole ? LXFS_OK : LXFS_ENOENT;
}

/* How many of some blocks are not there yet. The nodes above them are loaded. */
static enum lxfs_err count_holes(struct lxfs *fs, const struct file *f, uint64_t first, uint64_t last, uint64_t *count)
{
    uint64_t total = tree_leaf_count(file_size(fs, f));
    *count = 0;
    for (uint64_t i = first; i <= last; i++) {
        bool is_there = false;
        uint64_t next = 0;
        enum lxfs_err err = i < total ? file_probe(fs, f, i, &is_there, &next) : LXFS_OK;
        if (err != LXFS_OK) {
            return err;
        }
        *count += !is_there;
    }
    return LXFS_OK;
}

enum lxfs_err data_write(struct lxfs *fs, const struct change *c)
{
    struct file f;
    enum lxfs_err err = open_contents(fs, c->a, true, &f);
    if (err != LXFS_OK) {
        return err;
    }
    if (c->data_bytes == 0 || c->data_bytes > LXFS_PIECE_BYTES) {
        return LXFS_EINVAL;
    }
    if (c->x > LXFS_FILE_BYTES_MAX || c->data_bytes > LXFS_FILE_BYTES_MAX - c->x) {
        return LXFS_EFBIG;
    }
    uint64_t end = c->x + c->data_bytes;
    uint64_t size = file_size(fs, &f);
    uint64_t first = c->x / BLOCK;
    uint64_t last = (end - 1) / BLOCK;
    err = end > size ? file_prepare_end(fs, &f) : LXFS_OK;
    for (uint64_t i = first; i <= last && err == LXFS_OK; i++) {
        bool is_whole = c->x <= i * BLOCK && (end >= (i + 1) * BLOCK || end >= size);
        err = file_prepare(fs, &f, i, !is_whole);
    }
    uint64_t more = 0;
    if (err == LXFS_OK && quota_of(fs, &f) != 0) {
        err = count_holes(fs, &f, first, last, &more);
    }
    err = err != LXFS_OK ? err : quota_check(fs, quota_of(fs, &f), more);
    if (err != LXFS_OK) {
        return err;
    }
    fs->is_acting = true;
    err = inode_touch(fs, &f);
    if (err == LXFS_OK && end > size) {
        err = file_grow(fs, &f, end);
    }
    const uint8_t *from = c->data;
    for (uint64_t i = first; i <= last && err == LXFS_OK; i++) {
        uint32_t frame = 0;
        uint32_t begin = i == first ? (uint32_t)(c->x % BLOCK) : 0;
        uint32_t len = i == last ? (uint32_t)(end - i * BLOCK) - begin : BLOCK - begin;
        bool is_whole = begin == 0 && (len == BLOCK || end >= size);
        err = is_whole ? file_overwrite(fs, &f, i, &frame) : file_touch(fs, &f, i, true, &frame);
        if (err == LXFS_OK) {
            memcpy(frame_data(fs, frame) + begin, from, len);
            from += len;
        }
    }
    inode_stamp(fs, &f, I_MODIFIED);
    inode_stamp(fs, &f, I_CHANGED);
    return err;
}

enum lxfs_err data_truncate(struct lxfs *fs, const struct change *c)
{
    struct file f;
    enum lxfs_err err = open_contents(fs, c->a, true, &f);
    if (err != LXFS_OK) {
        return err;
    }
    if (c->x > LXFS_FILE_BYTES_MAX) {
        return LXFS_EFBIG;
    }
    uint64_t size = file_size(fs, &f);
    uint64_t kept = tree_leaf_count(c->x);
    if (c->x >= size) {
        err = file_prepare_end(fs, &f);
    } else {
        fs->wants_commit = file_is_deep_dirty(fs, &f);
        err = fs->wants_commit ? LXFS_EIO : kept == 0 ? LXFS_OK : file_prepare(fs, &f, kept - 1, c->x % BLOCK != 0);
        err = err != LXFS_OK ? err : file_prepare(fs, &f, kept, false);
        err = err != LXFS_OK ? err : dead_prepare(fs);
    }
    if (err != LXFS_OK) {
        return err;
    }
    fs->is_acting = true;
    err = inode_touch(fs, &f);
    if (err == LXFS_OK && c->x >= size) {
        err = file_grow(fs, &f, c->x);
    } else if (err == LXFS_OK) {
        err = file_drop(fs, &f, kept, tree_leaf_count(size));
        err = err != LXFS_OK ? err : file_shrink(fs, &f, c->x);
    }
    inode_stamp(fs, &f, I_MODIFIED);
    inode_stamp(fs, &f, I_CHANGED);
    return err;
}

/* Makes part of one block zero, if it is there. */
static enum lxfs_err zero_part(struct lxfs *fs, const struct file *f, uint64_t from, uint64_t to)
{
    uint32_t frame = 0;
    if (from >= to) {
        return LXFS_OK;
    }
    enum lxfs_err err = file_touch(fs, f, from / BLOCK, false, &frame);
    if (err == LXFS_OK && frame != 0) {
        memset(frame_data(fs, frame) + from % BLOCK, 0, (size_t)(to - from));
    }
    return err;
}

enum lxfs_err data_punch(struct lxfs *fs, const struct change *c)
{
    struct file f;
    enum lxfs_err err = open_contents(fs, c->a, true, &f);
    if (err != LXFS_OK) {
        return err;
    }
    uint64_t size = file_size(fs, &f);
    if (c->x >= size || c->y == 0) {
        return LXFS_OK;
    }
    fs->wants_commit = file_is_deep_dirty(fs, &f);
    if (fs->wants_commit) {
        return LXFS_EIO;
    }
    uint64_t end = c->y < size - c->x ? c->x + c->y : size;
    uint64_t first = (c->x + BLOCK - 1) / BLOCK;
    uint64_t behind = end == size ? tree_leaf_count(size) : end / BLOCK;
    err = file_prepare(fs, &f, c->x / BLOCK, c->x % BLOCK != 0);
    err = err != LXFS_OK ? err : file_prepare(fs, &f, first, false);
    err = err != LXFS_OK ? err : file_prepare(fs, &f, end / BLOCK, end % BLOCK != 0 && end != size);
    err = err != LXFS_OK ? err : dead_prepare(fs);
    if (err != LXFS_OK) {
        return err;
    }
    fs->is_acting = true;
    err = inode_touch(fs, &f);
    if (err == LXFS_OK && c->x % BLOCK != 0) {
        err = zero_part(fs, &f, c->x, end < first * BLOCK ? end : first * BLOCK);
    }
    if (err == LXFS_OK && behind >= first && end != size) {
        err = zero_part(fs, &f, behind * BLOCK, end);
    }
    err = err != LXFS_OK ? err : file_drop(fs, &f, first, behind);
    inode_stamp(fs, &f, I_MODIFIED);
    inode_stamp(fs, &f, I_CHANGED);
    return err;
}
