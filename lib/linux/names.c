/* SPDX-License-Identifier: MIT */
/**
 * Names: making, linking, renaming and removing.
 * Owns:   nothing.    Uses: path.c, inode.c.
 * Limits: links and renames stay within one file system; /proc and /lx cannot be changed.
 * Source: man-pages mkdir(2), mknod(2), link(2), symlink(2), unlink(2), rename(2); POSIX.1-2017
 */
#include "calls.h"
#include "files.h"

static bool is_read_only(const struct inode *dir)
{
    return dir->fs == FS_PROC || dir->fs == FS_VIEW;
}

static bool set_target(struct inode *n, const char *target)
{
    size_t len = strlen(target);
    char *copy = mem_alloc(&n->sys->memory, len + 1, MEM_FILES);
    if (copy != NULL) {
        memcpy(copy, target, len + 1);
        n->target = copy;
        n->owns_target = true;
        n->size = len;
    }
    return copy != NULL;
}

static int64_t make_in_memory(struct walk *w, const struct lxfs_node *node)
{
    struct inode *n = inode_new(w->dir->sys, (enum fs_id)w->dir->fs, node->mode, NULL);
    if (n == NULL) {
        return -E_NOSPC;
    }
    n->rdev = node->device;
    n->uid = node->uid;
    n->gid = node->gid;
    int64_t error = node->target != NULL && !set_target(n, node->target) ? -E_NOSPC : name_add(w->dir, w->name, w->len, n);
    if (error != 0) {
        inode_put(n);
        return error;
    }
    w->inode = n; /* our reference goes to the walk */
    return 0;
}

/** What a new file in `dir` is. */
static struct lxfs_node new_node(const struct thread *t, const struct inode *dir, uint32_t mode)
{
    bool inherits = (dir->mode & S_ISGID_) != 0;
    bool is_set_gid = (mode & (S_ISGID_ | 010)) == (S_ISGID_ | 010) && (mode & S_IFMT_) != S_IFDIR_;
    const struct cred *c = &t->proc->cred;
    if (inherits && is_set_gid && c->fsuid != 0 && !cred_in_group(c, dir->gid)) {
        mode &= ~S_ISGID_; /* nobody makes programs of a group that he is not in */
    }
    return (struct lxfs_node){.mode = mode | (inherits && (mode & S_IFMT_) == S_IFDIR_ ? S_ISGID_ : 0),
                              .uid = t->proc->cred.fsuid,
                              .gid = inherits ? dir->gid : t->proc->cred.fsgid};
}

int64_t make_unnamed(struct thread *t, struct inode *dir, uint32_t mode, struct inode **out)
{
    const struct lxfs_node node = new_node(t, dir, S_IFREG_ | mode);
    if (dir->nlink == 0) {
        return -E_NOENT;
    }
    if (on_volume(dir)) {
        return volume_make(dir, "", 0, &node, out);
    }
    *out = inode_new(t->sys, (enum fs_id)dir->fs, node.mode, &t->proc->cred);
    if (*out == NULL) {
        return -E_NOSPC;
    }
    (*out)->gid = node.gid;
    return 0;
}

int64_t make_node(struct thread *t, struct walk *w, uint32_t mode, uint64_t rdev, const char *target)
{
    const struct inode *dir = w->dir;
    if (dir->nlink == 0) {
        return -E_NOENT; /* the directory was removed */
    }
    struct lxfs_node node = new_node(t, dir, mode);
    node.device = rdev;
    node.target = target;
    node.target_bytes = target == NULL ? 0 : strlen(target);
    return on_volume(dir) ? volume_make(w->dir, w->name, w->len, &node, &w->inode) : make_in_memory(w, &node);
}

static int64_t may_create(const struct process *p, const struct inode *dir)
{
    if (is_read_only(dir)) {
        return dir->fs == FS_PROC ? -E_NOENT : -E_ROFS;
    }
    return dir->nlink == 0 ? -E_NOENT : inode_permission(p, dir, MAY_WRITE | MAY_EXEC);
}

/** Walks to a name that is to be made; an existing one is neither followed nor looked at. @return 0: end the walk. */
static int64_t walk_to_new(struct thread *t, uint64_t dirfd, uint64_t address, bool is_dir, struct walk *w)
{
    int64_t error = path_at(t, dirfd, address, WALK_PARENT, w);
    if (error != 0) {
        return error;
    }
    error = w->is_special ? -E_EXIST : walk_last(t, w);
    if (error == 0) {
        error = w->inode != NULL ? -E_EXIST : w->wants_dir && !is_dir ? -E_NOENT : may_create(t->proc, w->dir);
    }
    if (error != 0) {
        walk_end(w);
    }
    return error;
}

int64_t call_mkdirat(struct thread *t, const uint64_t *a)
{
    struct walk w;
    int64_t error = walk_to_new(t, a[0], a[1], true, &w);
    if (error != 0) {
        return error;
    }
    error = w.dir->nlink >= LINKS_MAX ? -E_MLINK
                                      : make_node(t, &w, S_IFDIR_ | ((uint32_t)a[2] & 01777 & ~t->proc->umask), 0, NULL);
    walk_end(&w);
    return error;
}

int64_t call_mknodat(struct thread *t, const uint64_t *a)
{
    struct walk w;
    uint32_t mode = (uint32_t)a[2], type = mode & S_IFMT_;
    if (type == 0) {
        type = S_IFREG_;
    }
    if (type == S_IFDIR_) {
        return -E_PERM;
    }
    if (type != S_IFREG_ && type != S_IFCHR_ && type != S_IFBLK_ && type != S_IFIFO_ && type != S_IFSOCK_) {
        return -E_INVAL;
    }
    int64_t error = walk_to_new(t, a[0], a[1], false, &w);
    if (error != 0) {
        return error;
    }
    bool is_device = type == S_IFCHR_ || type == S_IFBLK_;
    error = is_device && !cred_is_root(&t->proc->cred)
                ? -E_PERM
                : make_node(t, &w, type | (mode & S_IALL_ & ~t->proc->umask), is_device ? (uint32_t)a[3] : 0, NULL);
    walk_end(&w);
    return error;
}

int64_t call_symlinkat(struct thread *t, const uint64_t *a)
{
    struct linux_system *sys = t->sys;
    struct walk w;
    int64_t error = path_argument(t, sys->path_b, a[0]);
    size_t len = error == 0 ? strlen(sys->path_b) : 0;
    if (error == 0 && len == 0) {
        error = -E_NOENT;
    }
    if (error == 0 && len >= MEM_PIECE_MAX) {
        error = -E_NAMETOOLONG;
    }
    if (error != 0) {
        return error;
    }
    error = walk_to_new(t, a[1], a[2], false, &w);
    if (error != 0) {
        return error;
    }
    error = make_node(t, &w, S_IFLNK_ | 0777, 0, sys->path_b);
    walk_end(&w);
    return error;
}

/** As fs.protected_hardlinks of Linux has it: a name of one's own keeps alive only what one could have made. */
static bool may_keep(const struct process *p, const struct inode *n)
{
    bool is_special = inode_type(n) != S_IFREG_ || (n->mode & S_ISUID_) != 0 || (n->mode & (S_ISGID_ | 010)) == (S_ISGID_ | 010);
    return inode_is_owner(p, n) || (!is_special && inode_permission(p, n, MAY_READ | MAY_WRITE) == 0);
}

static int64_t may_link(const struct process *p, const struct inode *n)
{
    if (!may_keep(p, n)) {
        return -E_PERM;
    }
    if (inode_is_dir(n) || is_read_only(n)) {
        return -E_PERM;
    }
    return n->nlink >= LINKS_MAX ? -E_MLINK : n->nlink == 0 && !n->is_linkable ? -E_NOENT : 0;
}

int64_t call_linkat(struct thread *t, const uint64_t *a)
{
    struct walk old, w;
    if ((a[4] & ~(uint64_t)(AT_SYMLINK_FOLLOW_ | AT_EMPTY_PATH_)) != 0) {
        return -E_INVAL;
    }
    uint32_t flags = ((a[4] & AT_SYMLINK_FOLLOW_) != 0 ? WALK_FOLLOW : 0) | ((a[4] & AT_EMPTY_PATH_) != 0 ? WALK_EMPTY : 0);
    int64_t error = path_at(t, a[0], a[1], flags, &old);
    if (error != 0) {
        return error;
    }
    error = walk_to_new(t, a[2], a[3], false, &w);
    if (error == 0) {
        error = old.inode->fs != w.dir->fs ? -E_XDEV : w.dir->nlink == 0 ? -E_NOENT : may_link(t->proc, old.inode);
        if (error == 0) {
            error = on_volume(w.dir) ? volume_link(w.dir, w.name, w.len, old.inode)
                                     : name_add(w.dir, w.name, w.len, old.inode);
        }
        walk_end(&w);
    }
    walk_end(&old);
    return error;
}

/* ---- removing ---------------------------------------------------------------------------------------------------- */

/** In a sticky directory only the owner of the file or of the directory removes. */
static int64_t may_remove(const struct process *p, const struct inode *dir, const struct inode *n)
{
    int64_t error = inode_permission(p, dir, MAY_WRITE | MAY_EXEC);
    if (error == 0 && (dir->mode & S_ISVTX_) != 0 && !inode_is_owner(p, n) && !inode_is_owner(p, dir)) {
        error = -E_PERM;
    }
    return error;
}

/** The inode that the name itself has: under a mount point, not on top of it. */
static struct dentry *own_dentry(const struct walk *w)
{
    return name_find(w->dir, w->name, w->len);
}

/** What Linux checks before a name goes, in its order. */
static int64_t may_delete(const struct process *p, const struct walk *w, bool as_dir)
{
    const struct inode *n = w->inode;
    if (is_read_only(w->dir)) {
        return w->dir->fs == FS_PROC ? -E_PERM : -E_ROFS;
    }
    int64_t error = may_remove(p, w->dir, n);
    if (error != 0) {
        return error;
    }
    if (as_dir != inode_is_dir(n)) {
        return as_dir ? -E_NOTDIR : -E_ISDIR;
    }
    return n->covers != NULL || n == p->root ? -E_BUSY : 0;
}

/** Whether a directory has entries; a directory of the volume says so itself when it is removed. */
static bool is_known_full(const struct inode *n)
{
    return !on_volume(n) && n->entry_count != 0;
}

static int64_t remove_dir(const struct process *p, const struct walk *w)
{
    if (w->is_special) {
        return w->len == 0 ? -E_BUSY : w->len == 1 ? -E_INVAL : -E_NOTEMPTY; /* "/", ".", ".." */
    }
    int64_t error = w->inode == NULL ? -E_NOENT : may_delete(p, w, true);
    return error == 0 && is_known_full(w->inode) ? -E_NOTEMPTY : error;
}

static int64_t remove_file(const struct process *p, const struct walk *w)
{
    if (w->is_special) {
        return -E_ISDIR;
    }
    if (w->inode == NULL) {
        return -E_NOENT;
    }
    if (w->wants_dir) {
        return inode_is_dir(w->inode) ? -E_ISDIR : -E_NOTDIR;
    }
    return may_delete(p, w, false);
}

int64_t call_unlinkat(struct thread *t, const uint64_t *a)
{
    struct walk w;
    if ((a[2] & ~(uint64_t)AT_REMOVEDIR_) != 0) {
        return -E_INVAL;
    }
    int64_t error = path_at(t, a[0], a[1], WALK_PARENT, &w);
    if (error != 0) {
        return error;
    }
    error = w.is_special ? 0 : walk_last(t, &w);
    if (error == 0) {
        error = (a[2] & AT_REMOVEDIR_) != 0 ? remove_dir(t->proc, &w) : remove_file(t->proc, &w);
    }
    if (error == 0 && on_volume(w.dir)) {
        error = volume_remove(w.dir, w.name, w.len, w.inode);
    } else if (error == 0) {
        name_remove(own_dentry(&w));
    }
    walk_end(&w);
    return error;
}

/* ---- renaming ---------------------------------------------------------------------------------------------------- */

static bool is_below(const struct inode *n, const struct inode *top)
{
    while (n != NULL && n != top) {
        n = n->parent;
    }
    return n == top;
}

/** What can be told from the two names and what they stand for. */
static int64_t check_names(const struct walk *from, const struct walk *to, uint32_t flags)
{
    if (from->inode == NULL) {
        return -E_NOENT;
    }
    if ((flags & RENAME_NOREPLACE_) != 0 && to->inode != NULL) {
        return -E_EXIST;
    }
    if ((flags & RENAME_EXCHANGE_) != 0 && to->inode == NULL) {
        return -E_NOENT;
    }
    const struct inode *replaced = (flags & RENAME_EXCHANGE_) != 0 ? to->inode : from->inode;
    if ((!inode_is_dir(from->inode) && from->wants_dir) || (!inode_is_dir(replaced) && to->wants_dir)) {
        return -E_NOTDIR;
    }
    if (inode_is_dir(from->inode) && is_below(to->dir, from->inode)) {
        return -E_INVAL;
    }
    bool is_above = to->inode != NULL && inode_is_dir(to->inode) && is_below(from->dir, to->inode);
    return is_above ? (flags & RENAME_EXCHANGE_) != 0 ? -E_INVAL : -E_NOTEMPTY : 0;
}

/** Each gets the other's name: both may go, and a directory that gets another parent may be written. */
static int64_t check_exchange(const struct process *p, const struct walk *from, const struct walk *to)
{
    int64_t error = may_delete(p, from, inode_is_dir(from->inode));
    error = error != 0 ? error : may_delete(p, to, inode_is_dir(to->inode));
    if (error == 0 && inode_is_dir(from->inode) && from->dir != to->dir) {
        error = inode_permission(p, from->inode, MAY_WRITE);
    }
    if (error == 0 && inode_is_dir(to->inode) && from->dir != to->dir) {
        error = inode_permission(p, to->inode, MAY_WRITE);
    }
    return error;
}

static int64_t check_rights(const struct process *p, const struct walk *from, const struct walk *to)
{
    bool is_dir = inode_is_dir(from->inode);
    int64_t error = may_delete(p, from, is_dir);
    if (error == 0) {
        error = to->inode == NULL ? may_create(p, to->dir) : may_delete(p, to, is_dir);
    }
    if (error == 0 && is_dir && from->dir != to->dir) {
        error = inode_permission(p, from->inode, MAY_WRITE); /* its ".." changes */
    }
    return error == 0 && to->inode != NULL && is_dir && is_known_full(to->inode) ? -E_NOTEMPTY : error;
}

/** Looks both names up and checks everything. @return 0: do it, 1: nothing is to be done, or an error. */
static int64_t prepare_rename(struct thread *t, struct walk *from, struct walk *to, uint32_t flags)
{
    if (from->dir->fs != to->dir->fs) {
        return -E_XDEV;
    }
    if (from->is_special || to->is_special) {
        return from->is_special || (flags & RENAME_NOREPLACE_) == 0 ? -E_BUSY : -E_EXIST;
    }
    int64_t error = walk_last(t, from);
    error = error != 0 ? error : from->inode == NULL ? -E_NOENT : walk_last(t, to);
    error = error != 0 ? error : check_names(from, to, flags);
    if (error != 0) {
        return error;
    }
    if (from->inode == to->inode) {
        return 1; /* two names of one file: both stay */
    }
    return (flags & RENAME_EXCHANGE_) != 0 ? check_exchange(t->proc, from, to) : check_rights(t->proc, from, to);
}

/** The new name is made before the old ones go, so that a lack of memory changes nothing. */
static int64_t do_rename(struct walk *from, struct walk *to, uint32_t flags)
{
    struct inode *n = from->inode;
    if (on_volume(to->dir)) {
        return volume_rename(from, to, (flags & RENAME_EXCHANGE_) != 0 ? LXFS_EXCHANGE : 0);
    }
    struct dentry *old_target = to->inode == NULL ? NULL : own_dentry(to);
    struct dentry *old_name = own_dentry(from);
    int64_t error = name_add(to->dir, to->name, to->len, n);
    if (error != 0) {
        return error;
    }
    name_remove(old_name);
    if (old_target != NULL) {
        name_remove(old_target);
    }
    return 0;
}

int64_t call_renameat2(struct thread *t, const uint64_t *a)
{
    struct walk from, to;
    uint32_t flags = (uint32_t)a[4];
    if ((flags & ~(RENAME_NOREPLACE_ | RENAME_EXCHANGE_)) != 0 || flags == (RENAME_NOREPLACE_ | RENAME_EXCHANGE_)) {
        return -E_INVAL; /* whiteout: not every file system can, and callers know */
    }
    int64_t error = path_at(t, a[0], a[1], WALK_PARENT, &from);
    if (error != 0) {
        return error;
    }
    error = path_at(t, a[2], a[3], WALK_PARENT, &to);
    if (error == 0) {
        error = prepare_rename(t, &from, &to, flags);
        if ((flags & RENAME_EXCHANGE_) != 0 && !on_volume(from.dir)) {
            error = -E_INVAL; /* files in memory cannot: what was not allowed comes first */
        }
        error = error == 0 ? do_rename(&from, &to, flags) : error == 1 ? 0 : error;
        walk_end(&to);
    }
    walk_end(&from);
    return error;
}

int64_t call_renameat(struct thread *t, const uint64_t *a)
{
    const uint64_t b[5] = {a[0], a[1], a[2], a[3], 0};
    return call_renameat2(t, b);
}

/* ---- mounts: fixed when the system starts ------------------------------------------------------------------------ */

int64_t call_mount(struct thread *t, const uint64_t *a)
{
    struct walk w;
    if (!cred_is_root(&t->proc->cred)) {
        return -E_PERM;
    }
    int64_t error = path_at(t, (uint64_t)AT_FDCWD_, a[1], WALK_FOLLOW, &w);
    if (error != 0) {
        return error;
    }
    error = !inode_is_dir(w.inode) ? -E_NOTDIR : w.inode->covers != NULL || w.inode == t->sys->root ? -E_BUSY : -E_NODEV;
    walk_end(&w);
    return error;
}

int64_t call_umount2(struct thread *t, const uint64_t *a)
{
    struct walk w;
    if (!cred_is_root(&t->proc->cred)) {
        return -E_PERM;
    }
    int64_t error = path_at(t, (uint64_t)AT_FDCWD_, a[0], WALK_FOLLOW, &w);
    if (error != 0) {
        return error;
    }
    error = w.inode->covers != NULL || w.inode == t->sys->root ? -E_BUSY : -E_INVAL;
    walk_end(&w);
    return error;
}
