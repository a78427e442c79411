/* SPDX-License-Identifier: MIT */
/**
 * Path: from a path to inodes, and back.
 * Owns:   linux_system.walk_a and walk_b while a walk runs.    Uses: inode.c, proc.c, view.c.
 * Limits: LINUX_PATH_BYTES_MAX with symlinks put in, LINUX_SYMLINKS_MAX of them; a walk takes a step a component.
 * Source: man-pages path_resolution(7), openat(2)
 */
#include "files.h"

int64_t node_lookup(struct thread *t, struct inode *dir, const char *name, size_t len, struct inode **out)
{
    if (dir->fs == FS_PROC) {
        return proc_lookup(t, dir, name, len, out);
    }
    if (dir->fs == FS_VIEW) {
        return view_lookup(dir, name, len, out);
    }
    if (on_volume(dir)) {
        return volume_lookup(dir, name, len, out);
    }
    struct dentry *d = name_find(dir, name, len);
    if (d == NULL) {
        return -E_NOENT;
    }
    *out = inode_get(d->inode);
    return 0;
}

/** The directory above, held; the root of the process is above itself. */
static struct inode *parent_of(const struct process *p, struct inode *dir)
{
    while (dir != p->root && dir->parent == NULL && dir->covers != NULL) {
        dir = dir->covers;
    }
    if (dir == p->root || dir->parent == NULL) {
        return inode_get(dir);
    }
    return inode_get(dir->parent);
}

int64_t link_text(struct thread *t, struct inode *n, char *out, size_t cap_bytes)
{
    if (n->fs == FS_PROC) {
        return proc_readlink(t, n, out, cap_bytes);
    }
    if (on_volume(n)) {
        return volume_readlink(n, out, cap_bytes);
    }
    size_t len = strlen(n->target);
    if (len >= cap_bytes) {
        return -E_NAMETOOLONG;
    }
    memcpy(out, n->target, len + 1);
    return (int64_t)len;
}

/** The state of a walk between components. */
struct step {
    struct thread *t;
    struct inode *at; /* held */
    char *rest;       /* of the path, in `buffer` */
    char *buffer, *other;
    uint32_t links;
};

/** Puts the text of symlink `n` before the rest of the path. */
static int64_t expand(struct step *s, struct inode *n)
{
    struct process *p = s->t->proc;
    if (++s->links > LINUX_SYMLINKS_MAX) {
        return -E_LOOP;
    }
    int64_t len = link_text(s->t, n, s->other, LINUX_PATH_BYTES_MAX);
    if (len <= 0) {
        return len == 0 ? -E_NOENT : len;
    }
    size_t rest_len = strlen(s->rest);
    if ((size_t)len + rest_len + 1 > LINUX_PATH_BYTES_MAX) {
        return -E_NAMETOOLONG;
    }
    memcpy(s->other + len, s->rest, rest_len + 1); /* the rest begins with a slash, or is empty */
    char *swap = s->buffer;
    s->buffer = s->other;
    s->other = swap;
    s->rest = s->buffer;
    if (s->buffer[0] == '/') {
        inode_put(s->at);
        s->at = inode_get(p->root);
    }
    return 0;
}

static int64_t finish(struct step *s, const char *name, size_t len, struct inode *n, bool is_special, bool wants_dir,
                      struct walk *out)
{
    out->dir = s->at;
    out->inode = n;
    out->is_special = is_special;
    out->wants_dir = wants_dir;
    out->is_too_long = false;
    out->len = (uint8_t)len;
    memcpy(out->name, name, len);
    out->name[len] = '\0';
    if (n != NULL && wants_dir && !inode_is_dir(n)) {
        inode_put(n);
        return -E_NOTDIR;
    }
    return 0;
}

static int64_t may_search(const struct step *s)
{
    return !inode_is_dir(s->at) ? -E_NOTDIR : inode_permission(s->t->proc, s->at, MAY_EXEC);
}

/** Goes up to what is mounted on an inode. */
static struct inode *cross_mounts(struct inode *n)
{
    while (n->mounted != NULL) {
        struct inode *top = inode_get(n->mounted);
        inode_put(n);
        n = top;
    }
    return n;
}

/** Looks one name up in s->at. A missing name is NULL with 0 where it may be missing. */
static int64_t look_up(struct step *s, const char *name, size_t len, bool may_miss, struct inode **out)
{
    const struct process *p = s->t->proc;
    int64_t error = may_search(s);
    if (error != 0) {
        return error;
    }
    if (len > LINUX_NAME_BYTES_MAX) {
        return -E_NAMETOOLONG;
    }
    if (len == 1 && name[0] == '.') {
        *out = inode_get(s->at);
        return 0;
    }
    if (len == 2 && name[0] == '.' && name[1] == '.') {
        *out = parent_of(p, s->at);
        return 0;
    }
    *out = NULL;
    error = node_lookup(s->t, s->at, name, len, out);
    if (error == -E_NOENT && may_miss) {
        return 0;
    }
    if (error == 0) {
        *out = cross_mounts(*out);
    }
    return error;
}

int64_t walk_last(struct thread *t, struct walk *w)
{
    if (w->is_too_long) {
        return -E_NAMETOOLONG;
    }
    int64_t error = node_lookup(t, w->dir, w->name, w->len, &w->inode);
    if (error == 0) {
        w->inode = cross_mounts(w->inode);
    }
    return error == -E_NOENT ? 0 : error;
}

static bool is_dots(const char *name, size_t len)
{
    return name[0] == '.' && (len == 1 || (len == 2 && name[1] == '.'));
}

/** Follows a symlink: a magic one leads straight to an inode, another is put into the path (then `*n` is NULL). */
static int64_t follow(struct step *s, struct inode **n, bool *is_magic)
{
    struct inode *link = *n, *target = NULL;
    int64_t error = link->fs == FS_PROC ? proc_follow(s->t, link, &target) : 0;
    if (error == 0 && target == NULL) {
        error = expand(s, link);
    } else if (error == 0) {
        *is_magic = true;
        error = ++s->links > LINUX_SYMLINKS_MAX ? -E_LOOP : 0;
        if (error != 0) {
            inode_put(target);
            target = NULL;
        }
    }
    inode_put(link);
    *n = target;
    return error;
}

/** Ends a walk that leaves its last name to walk_last(). */
static int64_t take_last(struct step *s, const char *name, size_t len, bool wants_dir, struct walk *out)
{
    int64_t error = may_search(s);
    if (error != 0) {
        return error;
    }
    bool is_too_long = len > LINUX_NAME_BYTES_MAX;
    (void)finish(s, name, is_too_long ? 0 : len, NULL, is_dots(name, len), wants_dir, out);
    out->is_too_long = is_too_long;
    return 1;
}

/** O_CREAT of a name with a slash behind it: what would be made cannot be a directory. */
static int64_t refuse_dir(const struct step *s)
{
    int64_t error = may_search(s);
    return error != 0 ? error : -E_ISDIR;
}

/** Takes one component. @return 0: go on, 1: `out` is filled, or an error. */
static int64_t take_component(struct step *s, uint32_t flags, struct walk *out)
{
    while (*s->rest == '/') {
        s->rest++;
    }
    if (*s->rest == '\0') { /* "/" alone, or what is left of a symlink to it */
        int64_t error = finish(s, "", 0, inode_get(s->at), true, false, out);
        return error == 0 ? 1 : error;
    }
    const char *name = s->rest;
    size_t len = strcspn(name, "/");
    size_t slashes = strspn(name + len, "/");
    bool is_last = name[len + slashes] == '\0', wants_dir = slashes > 0, is_magic = false;
    struct inode *n = NULL;
    if (is_last && (flags & WALK_PARENT) != 0) {
        return take_last(s, name, len, wants_dir, out);
    }
    bool creates = is_last && (flags & WALK_CREATE) != 0;
    int64_t error = creates && wants_dir && !is_dots(name, len) ? refuse_dir(s) : look_up(s, name, len, creates, &n);
    if (error != 0) {
        return error;
    }
    s->rest += len;
    if (n != NULL && inode_type(n) == S_IFLNK_ && (!is_last || wants_dir || (flags & WALK_FOLLOW) != 0)) {
        error = follow(s, &n, &is_magic);
        if (error != 0 || n == NULL) {
            return error; /* the path has changed: go on with it */
        }
    }
    if (is_last) {
        error = finish(s, name, len, n, is_magic || is_dots(name, len), wants_dir, out);
        return error == 0 ? 1 : error;
    }
    inode_put(s->at);
    s->at = n;
    return 0;
}

int64_t path_walk(struct thread *t, struct inode *start, const char *path, uint32_t flags, struct walk *out)
{
    struct linux_system *sys = t->sys;
    struct step s = {t, inode_get(path[0] == '/' ? t->proc->root : start), sys->walk_a, sys->walk_a, sys->walk_b, 0};
    int64_t result = 0;
    (void)copy_string(sys->walk_a, sizeof(sys->walk_a), path);
    if (path[0] == '\0' && (flags & WALK_EMPTY) == 0) {
        result = -E_NOENT;
    }
    while (result == 0) {
        result = take_component(&s, flags, out);
    }
    if (result == 1) {
        return 0;
    }
    inode_put(s.at);
    return result;
}

void walk_end(struct walk *w)
{
    inode_put(w->dir);
    if (w->inode != NULL) {
        inode_put(w->inode);
    }
    w->dir = w->inode = NULL;
}

/* ---- path arguments of calls ------------------------------------------------------------------------------------- */

int64_t path_argument(struct thread *t, char *buffer, uint64_t address)
{
    int64_t len = user_string(t->proc->mm, buffer, LINUX_PATH_BYTES_MAX, address);
    return len < 0 ? len : 0;
}

int64_t path_start(struct thread *t, uint64_t dirfd, const char *path, struct inode **out)
{
    if (path[0] == '/' || (int32_t)dirfd == AT_FDCWD_) {
        *out = inode_get(t->proc->cwd);
        return 0;
    }
    struct file *f = fd_file_or_path(t->proc, dirfd);
    if (f == NULL) {
        return -E_BADF;
    }
    if (path[0] != '\0' && !inode_is_dir(f->inode)) {
        return -E_NOTDIR;
    }
    *out = inode_get(f->inode);
    return 0;
}

int64_t path_at(struct thread *t, uint64_t dirfd, uint64_t address, uint32_t flags, struct walk *out)
{
    struct inode *start = NULL;
    int64_t error = path_argument(t, t->sys->path_a, address);
    if (error == 0) {
        error = path_start(t, dirfd, t->sys->path_a, &start);
    }
    if (error != 0) {
        return error;
    }
    error = path_walk(t, start, t->sys->path_a, flags, out);
    inode_put(start);
    return error;
}

/* ---- and back ---------------------------------------------------------------------------------------------------- */

int64_t path_of(const struct process *p, struct inode *n, char *out, size_t cap_bytes)
{
    size_t at = cap_bytes - 1;
    out[at] = '\0';
    while (n != p->root) {
        char generated[64];
        const char *name = generated;
        size_t len;
        if (n->covers != NULL) {
            n = n->covers;
            continue;
        }
        if (n->fs == FS_PROC) {
            len = proc_relative(n, generated, sizeof(generated));
            n = n->sys->proc_root;
        } else if (n->names != NULL) {
            name = n->names->name;
            len = n->names->len;
            n = n->names->dir;
        } else {
            return -E_NOENT; /* removed, or outside of what the process can see */
        }
        if (len + 1 > at) {
            return -E_NAMETOOLONG;
        }
        at -= len + 1;
        out[at] = '/';
        memcpy(out + at + 1, name, len);
    }
    if (at == cap_bytes - 1) {
        out[--at] = '/';
    }
    size_t len = cap_bytes - 1 - at;
    memmove(out, out + at, len + 1);
    return (int64_t)len;
}
