/* SPDX-License-Identifier: MIT */
/**
 * Inode: files and names as they are in memory, and who may do what with them. Those of the volume are a cache (volume.c).
 * Owns:   inodes, directory entries and their hash table.    Uses: memory.c, data.c.
 * Limits: O(1) to find, add and remove a name; LINKS_MAX names of one file.
 */
#include "files.h"

/** Memory for files; what is only remembered goes first. */
static void *alloc(struct linux_system *sys, size_t len_bytes, enum mem_use use)
{
    void *piece = mem_alloc(&sys->memory, len_bytes, use);
    while (piece == NULL && volume_reclaim(sys)) {
        piece = mem_alloc(&sys->memory, len_bytes, use);
    }
    return piece;
}

struct inode *inode_new(struct linux_system *sys, enum fs_id fs, uint32_t mode, const struct cred *owner)
{
    bool is_transient = fs == FS_PROC || fs == FS_VIEW || fs == FS_PIPE;
    struct inode *n = alloc(sys, sizeof(*n), is_transient ? MEM_CORE : MEM_FILES);
    if (n == NULL) {
        return NULL;
    }
    n->sys = sys;
    n->refs = 1;
    n->fs = (uint8_t)fs;
    n->mode = mode;
    n->uid = owner == NULL ? 0 : owner->fsuid;
    n->gid = owner == NULL ? 0 : owner->fsgid;
    n->ino = sys->next_ino++;
    n->object = n->program = LINUX_NONE;
    n->atime = n->mtime = n->ctime = time_wall(sys);
    n->next_cookie = COOKIE_FIRST;
    link_init(&n->entries);
    link_init(&n->lru);
    link_init(&n->paged);
    sys->inode_count++;
    return n;
}

static bool is_unused(const struct inode *n)
{
    return n->refs == 0 && (on_volume(n) ? n->names == NULL && link_empty(&n->entries) : n->nlink == 0);
}

/** Frees an unused inode, then its parent if that was held by it alone, and so on: removed directories hold theirs. */
static void release(struct inode *n)
{
    while (n != NULL && is_unused(n)) {
        struct linux_system *sys = n->sys;
        struct inode *parent = n->parent;
        assert(link_empty(&n->entries) && n->names == NULL && n->pipe == NULL && n->locks == NULL);
        if (on_volume(n)) {
            volume_forget(n);
        }
        data_cut(&sys->memory, &n->data, 0);
        if (n->owns_target) {
            mem_free(&sys->memory, (void *)(uintptr_t)n->target);
        }
        mem_free(&sys->memory, n);
        sys->inode_count--;
        if (parent != NULL) {
            parent->refs--;
        }
        n = parent;
    }
}

void inode_put(struct inode *n)
{
    assert(n->refs > 0);
    n->refs--;
    release(n);
}

void inode_mark(struct inode *n, bool modified)
{
    n->ctime = time_wall(n->sys);
    if (modified) {
        n->mtime = n->ctime;
    }
}

/* ---- names ------------------------------------------------------------------------------------------------------- */

static uint32_t hash_of(const struct inode *dir, const char *name, size_t len)
{
    uint32_t hash = 2166136261u ^ (uint32_t)dir->ino * 2654435761u;
    for (size_t i = 0; i < len; i++) {
        hash = (hash ^ (uint8_t)name[i]) * 16777619u;
    }
    return hash ^ hash >> 15;
}

struct dentry *name_find(struct inode *dir, const char *name, size_t len)
{
    uint32_t hash = hash_of(dir, name, len);
    struct dentry *d = dir->sys->dentries[hash & dir->sys->dentry_mask];
    while (d != NULL && (d->hash != hash || d->dir != dir || d->len != len || memcmp(d->name, name, len) != 0)) {
        d = d->hash_next;
    }
    return d;
}

bool name_enter(struct inode *dir, const char *name, size_t len, struct inode *n)
{
    struct linux_system *sys = dir->sys;
    assert(len > 0 && len <= LINUX_NAME_BYTES_MAX);
    struct dentry *d = alloc(sys, sizeof(*d) + len + 1, MEM_FILES);
    if (d == NULL) {
        return false;
    }
    memcpy(d->name, name, len);
    d->len = (uint8_t)len;
    d->dir = dir;
    d->inode = n;
    d->hash = hash_of(dir, name, len);
    d->cookie = dir->next_cookie++;
    struct dentry **bucket = &sys->dentries[d->hash & sys->dentry_mask];
    d->hash_next = *bucket;
    *bucket = d;
    d->next_name = n->names;
    n->names = d;
    link_init(&d->in_dir);
    link_add_before(&dir->entries, &d->in_dir);
    dir->entry_count++;
    return true;
}

int64_t name_add(struct inode *dir, const char *name, size_t len, struct inode *n)
{
    if (!name_enter(dir, name, len, n)) {
        return -E_NOSPC;
    }
    n->nlink++;
    if (inode_is_dir(n)) {
        n->nlink++; /* its own "." */
        dir->nlink++; /* its ".." */
        struct inode *old = n->parent;
        n->parent = inode_get(dir);
        if (old != NULL) {
            inode_put(old);
        }
    }
    inode_mark(dir, true);
    inode_mark(n, false);
    return 0;
}

static void unlink_name(struct dentry *d)
{
    struct dentry **at = &d->dir->sys->dentries[d->hash & d->dir->sys->dentry_mask];
    while (*at != d) {
        at = &(*at)->hash_next;
    }
    *at = d->hash_next;
    at = &d->inode->names;
    while (*at != d) {
        at = &(*at)->next_name;
    }
    *at = d->next_name;
    link_remove(&d->in_dir);
    d->dir->entry_count--;
}

void name_leave(struct dentry *d)
{
    unlink_name(d);
    mem_free(&d->dir->sys->memory, d);
}

void inode_evict_names(struct inode *n)
{
    while (n->names != NULL) {
        name_leave(n->names);
    }
}

void inode_evict(struct inode *n)
{
    assert(on_volume(n) && n->refs == 0);
    inode_evict_names(n);
    release(n);
}

void name_remove(struct dentry *d)
{
    struct inode *dir = d->dir, *n = d->inode;
    name_leave(d);
    n->nlink--;
    if (inode_is_dir(n)) {
        n->nlink--;
        dir->nlink--;
    }
    inode_mark(dir, true);
    inode_mark(n, false);
    release(n);
}

void mount_on(struct inode *point, struct inode *root)
{
    point->mounted = inode_get(root);
    root->covers = inode_get(point);
}

/* ---- permission -------------------------------------------------------------------------------------------------- */

bool inode_is_owner(const struct process *p, const struct inode *n)
{
    return p->cred.fsuid == n->uid || p->cred.fsuid == 0;
}

int64_t inode_permission(const struct process *p, const struct inode *n, uint32_t may)
{
    const struct cred *c = &p->cred;
    if (c->fsuid == 0) {
        bool is_dead_program = (may & MAY_EXEC) != 0 && !inode_is_dir(n) && (n->mode & 0111) == 0;
        return is_dead_program ? -E_ACCES : 0;
    }
    uint32_t shift = c->fsuid == n->uid ? 6 : cred_in_group(c, n->gid) ? 3 : 0;
    return (n->mode >> shift & may) == may ? 0 : -E_ACCES;
}

int64_t inode_set_owner(struct inode *n, uint32_t mode, uint32_t uid, uint32_t gid)
{
    const struct inode values = {.mode = mode, .uid = uid, .gid = gid};
    int64_t error = on_volume(n) ? volume_set(n, LXFS_SET_MODE | LXFS_SET_UID | LXFS_SET_GID, &values) : 0;
    if (error == 0) {
        n->mode = mode;
        n->uid = uid;
        n->gid = gid;
        inode_mark(n, false);
    }
    return error;
}

int64_t inode_set_times(struct inode *n, int64_t atime, int64_t mtime)
{
    const struct inode values = {.atime = atime, .mtime = mtime};
    int64_t error = on_volume(n) ? volume_set(n, LXFS_SET_ACCESSED | LXFS_SET_MODIFIED, &values) : 0;
    if (error == 0) {
        n->atime = atime;
        n->mtime = mtime;
        n->ctime = time_wall(n->sys);
    }
    return error;
}

void inode_note_read(struct inode *n)
{
    n->atime = time_wall(n->sys);
    if (on_volume(n)) {
        (void)volume_set(n, LXFS_SET_ACCESSED, n); /* a volume that is full or read-only keeps the old time */
    }
}

void inode_drop_set_ids(const struct process *p, struct inode *n)
{
    uint32_t mode = n->mode & ~(S_ISUID_ | ((n->mode & 010) != 0 ? S_ISGID_ : 0));
    if (p->cred.fsuid != 0 && mode != n->mode) {
        (void)inode_set_owner(n, mode, n->uid, n->gid);
    }
}
