/* SPDX-License-Identifier: MIT */
/** Volume: struct linux_volume_ops as requests to fs (proto/files.h). */
#include "proto/files.h"
#include "server.h"

LX_SLOT(lx_call, SLOT_CALL, SLOT_OPTIONAL, volume_calls);
LX_SLOT(lx_shared, SLOT_SHARED, SLOT_OPTIONAL, volume_window);

_Static_assert((int)FS_DATA_BYTES == (int)LINUX_VOLUME_BUFFER_BYTES, "one buffer on both sides");

static uint64_t epoch;

static struct fs_window *the_window(void)
{
    return (struct fs_window *)volume_window.addr;
}

/* One request; word[0..2] are its words, and then those of the reply from word 1 on. */
static enum lxfs_err ask(uint64_t label, uint64_t word[3])
{
    struct message m;
    rt_message(&m, label, word[0], word[1], word[2], epoch);
    uint64_t answer = rt_call(&volume_calls, &m);
    if (answer == FS_STALE) {
        rt_panic("the file system was restarted: what was not synced is gone, so programs end and start anew");
    }
    if (answer != PROTO_OK) {
        return LXFS_EIO; /* stopped for good */
    }
    word[0] = m.word[1];
    word[1] = m.word[2];
    word[2] = m.word[3];
    return (enum lxfs_err)m.word[0];
}

static enum lxfs_err ask_about(uint64_t label, uint64_t a, uint64_t b, uint64_t c)
{
    uint64_t word[3] = {a, b, c};
    return ask(label, word);
}

/* A count in the reply that must not exceed what was asked for. */
static enum lxfs_err take_count(enum lxfs_err err, uint64_t count, size_t most, size_t *out)
{
    *out = count <= most ? (size_t)count : 0;
    return err == LXFS_OK && count > most ? LXFS_EIO : err;
}

/* @return false: no name can be so long; lib/fs would say the same. */
static bool put_name(uint32_t i, struct lxfs_name name)
{
    struct fs_window *w = the_window();
    if (name.len_bytes > LXFS_NAME_BYTES_MAX) {
        return false;
    }
    memcpy(w->names[i], name.bytes, name.len_bytes);
    w->name_bytes[i] = (uint32_t)name.len_bytes;
    return true;
}

static enum lxfs_err take_attr(enum lxfs_err err, struct lxfs_attr *out)
{
    if (err == LXFS_OK) {
        *out = the_window()->attr;
    }
    return err;
}

static void set_clock(void *env, struct lxfs_time now)
{
    (void)env;
    the_window()->now = now;
}

static enum lxfs_err lookup(void *env, uint64_t directory, struct lxfs_name name, struct lxfs_attr *out)
{
    (void)env;
    return !put_name(0, name) ? LXFS_ENAMETOOLONG : take_attr(ask_about(FS_LOOKUP, directory, 0, 0), out);
}

static enum lxfs_err getattr(void *env, uint64_t inode, struct lxfs_attr *out)
{
    (void)env;
    return take_attr(ask_about(FS_GETATTR, inode, 0, 0), out);
}

static enum lxfs_err setattr(void *env, uint64_t inode, uint32_t mask, const struct lxfs_attr *attr)
{
    (void)env;
    the_window()->attr = *attr;
    return ask_about(FS_SETATTR, inode, mask, 0);
}

static enum lxfs_err create(void *env, uint64_t directory, struct lxfs_name name, const struct lxfs_node *node, struct lxfs_attr *out)
{
    (void)env;
    struct fs_window *w = the_window();
    if (!put_name(0, name) || node->target_bytes > LXFS_TARGET_BYTES_MAX) {
        return LXFS_ENAMETOOLONG;
    }
    w->attr = (struct lxfs_attr){.mode = node->mode, .uid = node->uid, .gid = node->gid, .device = node->device};
    if (node->target_bytes > 0) {
        memcpy(w->data, node->target, node->target_bytes);
    }
    return take_attr(ask_about(FS_CREATE, directory, 0, node->target_bytes), out);
}

static enum lxfs_err link_name(void *env, uint64_t inode, uint64_t directory, struct lxfs_name name)
{
    (void)env;
    return !put_name(0, name) ? LXFS_ENAMETOOLONG : ask_about(FS_LINK, inode, directory, 0);
}

static enum lxfs_err remove_name(void *env, uint64_t directory, struct lxfs_name name, bool is_dir)
{
    (void)env;
    return !put_name(0, name) ? LXFS_ENAMETOOLONG : ask_about(FS_REMOVE, directory, is_dir, 0);
}

static enum lxfs_err rename_name(void *env, uint64_t from, struct lxfs_name from_name, uint64_t to, struct lxfs_name to_name,
                                 uint32_t flags)
{
    (void)env;
    return !put_name(0, from_name) || !put_name(1, to_name) ? LXFS_ENAMETOOLONG : ask_about(FS_RENAME, from, to, flags);
}

static enum lxfs_err readdir(void *env, uint64_t directory, uint64_t *cookie, size_t *count, bool *is_end)
{
    (void)env;
    uint64_t word[3] = {directory, *cookie, *count};
    enum lxfs_err err = ask(FS_READDIR, word);
    *cookie = word[0];
    *is_end = word[2] != 0;
    return take_count(err, word[1], *count, count);
}

static enum lxfs_err hold(void *env, uint64_t inode)
{
    (void)env;
    return ask_about(FS_HOLD, inode, 0, 0);
}

static enum lxfs_err release(void *env, uint64_t inode)
{
    (void)env;
    return ask_about(FS_RELEASE, inode, 0, 0);
}

static enum lxfs_err transfer(uint64_t label, uint64_t inode, uint64_t offset, size_t len_bytes, size_t *done_bytes)
{
    uint64_t word[3] = {inode, offset, len_bytes};
    enum lxfs_err err = ask(label, word);
    return take_count(err, word[0], len_bytes, done_bytes);
}

static enum lxfs_err read_bytes(void *env, uint64_t inode, uint64_t offset, size_t len_bytes, size_t *got_bytes)
{
    (void)env;
    return transfer(FS_READ, inode, offset, len_bytes, got_bytes);
}

static enum lxfs_err write_bytes(void *env, uint64_t inode, uint64_t offset, size_t len_bytes, size_t *done_bytes)
{
    (void)env;
    return transfer(FS_WRITE, inode, offset, len_bytes, done_bytes);
}

static enum lxfs_err truncate_file(void *env, uint64_t inode, uint64_t size_bytes)
{
    (void)env;
    return ask_about(FS_TRUNCATE, inode, size_bytes, 0);
}

static enum lxfs_err punch(void *env, uint64_t inode, uint64_t offset, uint64_t len_bytes)
{
    (void)env;
    return ask_about(FS_PUNCH, inode, offset, len_bytes);
}

static enum lxfs_err seek(void *env, uint64_t inode, uint64_t offset, bool want_hole, uint64_t *found)
{
    (void)env;
    uint64_t word[3] = {inode, offset, want_hole};
    enum lxfs_err err = ask(FS_SEEK, word);
    *found = word[0];
    return err;
}

static enum lxfs_err root(void *env, uint64_t inode, struct hash256 *out)
{
    (void)env;
    enum lxfs_err err = ask_about(FS_ROOT, inode, 0, 0);
    memcpy(out->bytes, the_window()->data, sizeof out->bytes);
    return err;
}

static enum lxfs_err getxattr(void *env, uint64_t inode, struct lxfs_name name, size_t cap_bytes, size_t *len_bytes)
{
    (void)env;
    uint64_t word[3] = {inode, 0, cap_bytes};
    if (!put_name(0, name)) {
        return LXFS_ENAMETOOLONG;
    }
    enum lxfs_err err = ask(FS_GETXATTR, word);
    *len_bytes = (size_t)word[0]; /* may exceed `cap_bytes` when that does not suffice */
    return err == LXFS_OK && word[0] > cap_bytes ? LXFS_EIO : err;
}

static enum lxfs_err setxattr(void *env, uint64_t inode, struct lxfs_name name, size_t len_bytes, uint32_t flags)
{
    (void)env;
    return !put_name(0, name) ? LXFS_ENAMETOOLONG : ask_about(FS_SETXATTR, inode, flags, len_bytes);
}

static enum lxfs_err removexattr(void *env, uint64_t inode, struct lxfs_name name)
{
    (void)env;
    return !put_name(0, name) ? LXFS_ENAMETOOLONG : ask_about(FS_REMOVEXATTR, inode, 0, 0);
}

static enum lxfs_err listxattr(void *env, uint64_t inode, size_t cap_bytes, size_t *len_bytes)
{
    (void)env;
    uint64_t word[3] = {inode, 0, cap_bytes};
    enum lxfs_err err = ask(FS_LISTXATTR, word);
    *len_bytes = (size_t)word[0];
    return err == LXFS_OK && word[0] > cap_bytes ? LXFS_EIO : err;
}

static enum lxfs_err sync_all(void *env)
{
    (void)env;
    return ask_about(FS_SYNC, 0, 0, 0);
}

static enum lxfs_err statfs(void *env, struct lxfs_statfs *out)
{
    (void)env;
    struct fs_status status;
    enum lxfs_err err = volume_status(&status) ? LXFS_OK : LXFS_EIO;
    *out = status.room;
    return err;
}

static const struct linux_volume_ops ops = {
    .clock = set_clock,
    .lookup = lookup,
    .getattr = getattr,
    .setattr = setattr,
    .create = create,
    .link = link_name,
    .remove = remove_name,
    .rename = rename_name,
    .readdir = readdir,
    .hold = hold,
    .release = release,
    .read = read_bytes,
    .write = write_bytes,
    .truncate = truncate_file,
    .punch = punch,
    .seek = seek,
    .root = root,
    .getxattr = getxattr,
    .setxattr = setxattr,
    .removexattr = removexattr,
    .listxattr = listxattr,
    .sync = sync_all,
    .statfs = statfs,
};

bool volume_attach(struct linux_volume *out)
{
    *out = (struct linux_volume){0};
    if (!lx_given(volume_calls)) {
        return false;
    }
    if (!lx_given(volume_window) || volume_window.len_bytes < sizeof(struct fs_window) || volume_window.writable == 0) {
        rt_panic("volume_window must be shared with at least %zu bytes, writable here", sizeof(struct fs_window));
    }
    struct message m;
    rt_message(&m, FS_ATTACH, 0, 0, 0, 0);
    if (rt_call(&volume_calls, &m) != PROTO_OK || m.word[0] != FS_READY) {
        return false;
    }
    epoch = m.word[1];
    *out = (struct linux_volume){.ops = &ops, .buffer = the_window()->data};
    return true;
}

bool volume_status(struct fs_status *out)
{
    memset(out, 0, sizeof *out);
    struct message m;
    if (!lx_given(volume_calls)) {
        return false;
    }
    rt_message(&m, FS_STATUS, 0, 0, 0, 0);
    if (rt_call(&volume_calls, &m) != PROTO_OK) {
        return false;
    }
    *out = the_window()->status;
    out->sentence[sizeof out->sentence - 1] = '\0';
    return true;
}

void volume_commit(void)
{
    if (epoch != 0 && ask_about(FS_COMMIT, 0, 0, 0) != LXFS_OK) {
        rt_log("the volume could not write everything: what was not synced is lost");
    }
}
