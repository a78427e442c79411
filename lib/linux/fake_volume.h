/* SPDX-License-Identifier: MIT */
/**
 * Fake volume, for tests: the calls of struct linux_volume_ops carried out at once by lib/fs, on a disk in host memory.
 * Owns:   struct fake_volume.    Uses: linux.h, lib/fs, the host's malloc. Header only.
 */
#ifndef LX_LINUX_FAKE_VOLUME_H
#define LX_LINUX_FAKE_VOLUME_H

#include "linux.h"

#include <stdlib.h>

#define FAKE_DISK_BLOCKS 8192u

struct fake_volume {
    struct lxfs *fs;
    uint8_t *disk;
    void *memory;
    uint64_t buffer[LINUX_VOLUME_BUFFER_BYTES / 8];
    bool is_broken; /* the disk fails */
    bool repair;    /* of struct linux_volume */
};

/* ---- the disk ---------------------------------------------------------------------------------------------------- */

static inline bool fake_disk_read(void *context, uint64_t first, uint32_t count, void *out)
{
    struct fake_volume *v = context;
    memcpy(out, v->disk + first * LXFS_BLOCK_BYTES, (size_t)count * LXFS_BLOCK_BYTES);
    return !v->is_broken;
}

static inline bool fake_disk_write(void *context, uint64_t first, uint32_t count, const void *bytes)
{
    struct fake_volume *v = context;
    memcpy(v->disk + first * LXFS_BLOCK_BYTES, bytes, (size_t)count * LXFS_BLOCK_BYTES);
    return !v->is_broken;
}

static inline bool fake_disk_flush(void *context)
{
    return !((struct fake_volume *)context)->is_broken;
}

static inline uint64_t fake_disk_size(void *context)
{
    (void)context;
    return FAKE_DISK_BLOCKS;
}

/* ---- calls ------------------------------------------------------------------------------------------------------- */

static inline struct lxfs *fake_fs(void *env)
{
    struct fake_volume *v = env;
    return v->fs;
}

static inline void fake_v_clock(void *env, struct lxfs_time now)
{
    lxfs_clock(fake_fs(env), now);
}

static inline enum lxfs_err fake_v_getattr(void *env, uint64_t inode, struct lxfs_attr *out)
{
    return ((struct fake_volume *)env)->is_broken ? LXFS_EIO : lxfs_getattr(fake_fs(env), inode, out);
}

static inline enum lxfs_err fake_v_lookup(void *env, uint64_t directory, struct lxfs_name name, struct lxfs_attr *out)
{
    uint64_t inode;
    enum lxfs_err err = lxfs_lookup(fake_fs(env), directory, name, &inode);
    return err != LXFS_OK ? err : fake_v_getattr(env, inode, out);
}

static inline enum lxfs_err fake_v_setattr(void *env, uint64_t inode, uint32_t mask, const struct lxfs_attr *attr)
{
    return lxfs_setattr(fake_fs(env), inode, mask, attr);
}

static inline enum lxfs_err fake_v_create(void *env, uint64_t directory, struct lxfs_name name, const struct lxfs_node *node,
                                          struct lxfs_attr *out)
{
    uint64_t inode;
    enum lxfs_err err = lxfs_create(fake_fs(env), directory, name, node, &inode);
    return err != LXFS_OK ? err : lxfs_getattr(fake_fs(env), inode, out);
}

static inline enum lxfs_err fake_v_link(void *env, uint64_t inode, uint64_t directory, struct lxfs_name name)
{
    return lxfs_link(fake_fs(env), inode, directory, name);
}

static inline enum lxfs_err fake_v_remove(void *env, uint64_t directory, struct lxfs_name name, bool is_dir)
{
    return is_dir ? lxfs_rmdir(fake_fs(env), directory, name) : lxfs_unlink(fake_fs(env), directory, name);
}

static inline enum lxfs_err fake_v_rename(void *env, uint64_t from, struct lxfs_name from_name, uint64_t to,
                                          struct lxfs_name to_name, uint32_t flags)
{
    return lxfs_rename(fake_fs(env), from, from_name, to, to_name, flags);
}

static inline enum lxfs_err fake_v_readdir(void *env, uint64_t directory, uint64_t *cookie, size_t *count, bool *is_end)
{
    struct lxfs_entry *entries = (void *)((struct fake_volume *)env)->buffer;
    return lxfs_readdir(fake_fs(env), directory, cookie, entries, *count, count, is_end);
}

static inline enum lxfs_err fake_v_hold(void *env, uint64_t inode)
{
    return lxfs_hold(fake_fs(env), inode);
}

static inline enum lxfs_err fake_v_release(void *env, uint64_t inode)
{
    return lxfs_release(fake_fs(env), inode);
}

static inline enum lxfs_err fake_v_read(void *env, uint64_t inode, uint64_t offset, size_t len, size_t *got)
{
    return lxfs_read(fake_fs(env), inode, offset, ((struct fake_volume *)env)->buffer, len, got);
}

static inline enum lxfs_err fake_v_write(void *env, uint64_t inode, uint64_t offset, size_t len, size_t *done)
{
    return lxfs_write(fake_fs(env), inode, offset, ((struct fake_volume *)env)->buffer, len, done);
}

static inline enum lxfs_err fake_v_truncate(void *env, uint64_t inode, uint64_t size)
{
    return lxfs_truncate(fake_fs(env), inode, size);
}

static inline enum lxfs_err fake_v_punch(void *env, uint64_t inode, uint64_t offset, uint64_t len)
{
    return lxfs_punch(fake_fs(env), inode, offset, len);
}

static inline enum lxfs_err fake_v_seek(void *env, uint64_t inode, uint64_t offset, bool want_hole, uint64_t *found)
{
    return lxfs_seek(fake_fs(env), inode, offset, want_hole, found);
}

static inline enum lxfs_err fake_v_root(void *env, uint64_t inode, struct hash256 *out)
{
    return lxfs_root(fake_fs(env), inode, out);
}

static inline enum lxfs_err fake_v_getxattr(void *env, uint64_t inode, struct lxfs_name name, size_t cap, size_t *len)
{
    return lxfs_getxattr(fake_fs(env), inode, name, ((struct fake_volume *)env)->buffer, cap, len);
}

static inline enum lxfs_err fake_v_setxattr(void *env, uint64_t inode, struct lxfs_name name, size_t len, uint32_t flags)
{
    return lxfs_setxattr(fake_fs(env), inode, name, ((struct fake_volume *)env)->buffer, len, flags);
}

static inline enum lxfs_err fake_v_removexattr(void *env, uint64_t inode, struct lxfs_name name)
{
    return lxfs_removexattr(fake_fs(env), inode, name);
}

static inline enum lxfs_err fake_v_listxattr(void *env, uint64_t inode, size_t cap, size_t *len)
{
    return lxfs_listxattr(fake_fs(env), inode, (char *)((struct fake_volume *)env)->buffer, cap, len);
}

static inline enum lxfs_err fake_v_sync(void *env)
{
    return lxfs_sync(fake_fs(env));
}

static inline enum lxfs_err fake_v_statfs(void *env, struct lxfs_statfs *out)
{
    lxfs_statfs(fake_fs(env), out);
    return LXFS_OK;
}

static const struct linux_volume_ops fake_volume_ops = {
    .clock = fake_v_clock,
    .lookup = fake_v_lookup,
    .getattr = fake_v_getattr,
    .setattr = fake_v_setattr,
    .create = fake_v_create,
    .link = fake_v_link,
    .remove = fake_v_remove,
    .rename = fake_v_rename,
    .readdir = fake_v_readdir,
    .hold = fake_v_hold,
    .release = fake_v_release,
    .read = fake_v_read,
    .write = fake_v_write,
    .truncate = fake_v_truncate,
    .punch = fake_v_punch,
    .seek = fake_v_seek,
    .root = fake_v_root,
    .getxattr = fake_v_getxattr,
    .setxattr = fake_v_setxattr,
    .removexattr = fake_v_removexattr,
    .listxattr = fake_v_listxattr,
    .sync = fake_v_sync,
    .statfs = fake_v_statfs,
};

/* ---- a volume ---------------------------------------------------------------------------------------------------- */

static const struct lxfs_frames fake_frames = {LXFS_LEAF_FRAMES_MIN, LXFS_NODE_FRAMES_MIN};

/** Opens what is on the disk: after fake_volume_format, or as after a power cut. */
static inline bool fake_volume_open(struct fake_volume *v)
{
    const struct lxfs_setup setup = {.device = {v, fake_disk_read, fake_disk_write, fake_disk_flush, fake_disk_size},
                                     .frames = fake_frames};
    return lxfs_open(&setup, v->memory, lxfs_memory_bytes(&fake_frames), &v->fs) == LXFS_OK;
}

static inline struct fake_volume *fake_volume_new(void)
{
    struct fake_volume *v = calloc(1, sizeof(*v));
    const struct lxfs_device device = {v, fake_disk_read, fake_disk_write, fake_disk_flush, fake_disk_size};
    const struct lxfs_form form = {.uuid = "fake volume", .secret = "fake secret", .log_blocks = 64};
    const struct lxfs_crypt none = {0};
    v->disk = calloc(FAKE_DISK_BLOCKS, LXFS_BLOCK_BYTES);
    v->memory = aligned_alloc(LXFS_MEMORY_ALIGNMENT, lxfs_memory_bytes(&fake_frames));
    bool good = lxfs_format(&device, &none, &form, v->memory, lxfs_memory_bytes(&fake_frames)) == LXFS_OK && fake_volume_open(v);
    assert(good);
    (void)good;
    return v;
}

static inline void fake_volume_free(struct fake_volume *v)
{
    free(v->disk);
    free(v->memory);
    free(v);
}

#endif
