/* SPDX-License-Identifier: MIT */
/**
 * Xattr: extended attributes of files on the volume, and one that the system itself gives: ROOT_NAME, the tree root of a file's contents
 * in hexadecimal digits.
 * Owns:   nothing.    Uses: path.c, volume.c.
 * Limits: LXFS_XATTR_BYTES_MAX for all attributes of a file together; namespaces user and trusted (and reading of security); files in
 *         memory have none (EOPNOTSUPP, as tmpfs says for user).
 * Source: man-pages xattr(7), setxattr(2), getxattr(2), listxattr(2), removexattr(2)
 */
#include "calls.h"
#include "files.h"

#define ROOT_NAME "user.lx.root"
#define XATTR_VALUE_MAX 65536u /* XATTR_SIZE_MAX of Linux */
#define XATTR_CREATE_ 1u
#define XATTR_REPLACE_ 2u

/** What a call is about: a file, held, and a name. */
struct target {
    struct inode *inode;
    char name[LINUX_NAME_BYTES_MAX + 1];
};

static const struct linux_volume *volume_of(const struct thread *t)
{
    return &t->sys->config.volume;
}

static int64_t find_path(struct thread *t, uint64_t address, bool follows, struct inode **out)
{
    struct walk w;
    int64_t error = path_at(t, (uint64_t)AT_FDCWD_, address, follows ? WALK_FOLLOW : 0, &w);
    if (error == 0) {
        *out = inode_get(w.inode);
        walk_end(&w);
    }
    return error;
}

static int64_t find_fd(struct thread *t, uint64_t fd, struct inode **out)
{
    struct file *f = fd_file(t->proc, fd);
    if (f == NULL) {
        return -E_BADF;
    }
    *out = inode_get(f->inode);
    return 0;
}

/** Reads the name of an attribute. */
static int64_t read_name(struct thread *t, uint64_t address, struct target *x)
{
    int64_t len = user_string(t->proc->mm, x->name, sizeof(x->name), address);
    return len == -E_NAMETOOLONG || len == 0 ? -E_RANGE : len < 0 ? len : 0;
}

static bool has_prefix(const char *name, const char *prefix)
{
    return strncmp(name, prefix, strlen(prefix)) == 0;
}

/** Whether process and file allow the use of this name. */
static int64_t may_use(const struct process *p, const struct target *x, bool writes)
{
    const struct inode *n = x->inode;
    bool is_root = p->cred.fsuid == 0;
    if (!on_volume(n)) {
        return -E_OPNOTSUPP;
    }
    if (has_prefix(x->name, "trusted.")) {
        return is_root ? 0 : writes ? -E_PERM : -E_NODATA;
    }
    if (has_prefix(x->name, "security.")) {
        return writes ? -E_PERM : 0;
    }
    if (!has_prefix(x->name, "user.") || x->name[5] == '\0') {
        return -E_OPNOTSUPP;
    }
    if (inode_type(n) != S_IFREG_ && inode_type(n) != S_IFDIR_) {
        return writes ? -E_PERM : -E_NODATA;
    }
    if (writes && strcmp(x->name, ROOT_NAME) == 0) {
        return -E_PERM;
    }
    return inode_permission(p, n, writes ? MAY_WRITE : MAY_READ);
}

static struct lxfs_name name_of(const struct target *x)
{
    return (struct lxfs_name){x->name, strlen(x->name)};
}

static int64_t error_of(enum lxfs_err err)
{
    return err == LXFS_ENOENT ? -E_NODATA : volume_error(err);
}

/* ---- get ----------------------------------------------------------------------------------------------------------- */

/** The root of the contents as text, into the buffer. @return its length. */
static int64_t get_root(struct thread *t, const struct inode *n)
{
    const struct linux_volume *v = volume_of(t);
    struct hash256 root;
    char *out = v->buffer;
    if (inode_type(n) != S_IFREG_) {
        return -E_NODATA;
    }
    enum lxfs_err err = v->ops->root(v->env, n->ino, &root);
    if (err != LXFS_OK) {
        return volume_error(err);
    }
    for (size_t i = 0; i < sizeof(root.bytes); i++) {
        (void)text_into(out + 2 * i, 3, "%02x", root.bytes[i]);
    }
    return 2 * (int64_t)sizeof(root.bytes);
}

static int64_t get_value(struct thread *t, const struct target *x)
{
    const struct linux_volume *v = volume_of(t);
    size_t len;
    if (strcmp(x->name, ROOT_NAME) == 0) {
        return get_root(t, x->inode);
    }
    enum lxfs_err err = v->ops->getxattr(v->env, x->inode->ino, name_of(x), LINUX_VOLUME_BUFFER_BYTES, &len);
    return err != LXFS_OK ? error_of(err) : (int64_t)len;
}

/** Gives `len` bytes of the buffer to the caller, or says how many there are when he has no room (size 0). */
static int64_t hand_out(struct thread *t, int64_t len, uint64_t address, uint64_t size)
{
    if (len < 0 || size == 0) {
        return len;
    }
    if ((uint64_t)len > size) {
        return -E_RANGE;
    }
    return user_write(t->proc->mm, address, volume_of(t)->buffer, (size_t)len) ? len : -E_FAULT;
}

static int64_t get_held(struct thread *t, struct target *x, const uint64_t *a)
{
    int64_t result = read_name(t, a[1], x);
    result = result != 0 ? result : may_use(t->proc, x, false);
    result = result != 0 ? result : hand_out(t, get_value(t, x), a[2], a[3]);
    inode_put(x->inode);
    return result;
}

static int64_t get_path(struct thread *t, const uint64_t *a, bool follows)
{
    struct target x;
    int64_t error = find_path(t, a[0], follows, &x.inode);
    return error != 0 ? error : get_held(t, &x, a);
}

int64_t call_getxattr(struct thread *t, const uint64_t *a)
{
    return get_path(t, a, true);
}

int64_t call_lgetxattr(struct thread *t, const uint64_t *a)
{
    return get_path(t, a, false);
}

int64_t call_fgetxattr(struct thread *t, const uint64_t *a)
{
    struct target x;
    int64_t error = find_fd(t, a[0], &x.inode);
    return error != 0 ? error : get_held(t, &x, a);
}

/* ---- set ----------------------------------------------------------------------------------------------------------- */

static int64_t set_value(struct thread *t, struct target *x, const uint64_t *a)
{
    const struct linux_volume *v = volume_of(t);
    uint32_t flags = (uint32_t)a[4];
    if ((a[4] & ~(uint64_t)(XATTR_CREATE_ | XATTR_REPLACE_)) != 0) {
        return -E_INVAL;
    }
    if (a[3] > XATTR_VALUE_MAX) {
        return -E_2BIG;
    }
    if (a[3] > LXFS_XATTR_BYTES_MAX) {
        return -E_NOSPC;
    }
    int64_t error = read_name(t, a[1], x);
    error = error != 0 ? error : may_use(t->proc, x, true);
    if (error == 0 && !user_read(t->proc->mm, v->buffer, a[2], (size_t)a[3])) {
        error = -E_FAULT;
    }
    if (error != 0) {
        return error;
    }
    uint32_t how = (flags & XATTR_CREATE_) != 0 ? LXFS_XATTR_CREATE : 0;
    how |= (flags & XATTR_REPLACE_) != 0 ? LXFS_XATTR_REPLACE : 0;
    v->ops->clock(v->env, (struct lxfs_time){time_wall(t->sys) / NS_PER_S, (uint32_t)(time_wall(t->sys) % NS_PER_S)});
    enum lxfs_err err = v->ops->setxattr(v->env, x->inode->ino, name_of(x), (size_t)a[3], how);
    return err == LXFS_ERANGE ? -E_NOSPC : error_of(err);
}

static int64_t set_held(struct thread *t, struct target *x, const uint64_t *a)
{
    int64_t result = set_value(t, x, a);
    inode_put(x->inode);
    return result;
}

static int64_t set_path(struct thread *t, const uint64_t *a, bool follows)
{
    struct target x;
    int64_t error = find_path(t, a[0], follows, &x.inode);
    return error != 0 ? error : set_held(t, &x, a);
}

int64_t call_setxattr(struct thread *t, const uint64_t *a)
{
    return set_path(t, a, true);
}

int64_t call_lsetxattr(struct thread *t, const uint64_t *a)
{
    return set_path(t, a, false);
}

int64_t call_fsetxattr(struct thread *t, const uint64_t *a)
{
    struct target x;
    int64_t error = find_fd(t, a[0], &x.inode);
    return error != 0 ? error : set_held(t, &x, a);
}

/* ---- list ---------------------------------------------------------------------------------------------------------- */

/** Keeps the names in the buffer that this process may see, and adds ours. @return the length. */
static size_t filter_names(const struct thread *t, const struct inode *n, char *names, size_t len)
{
    size_t kept = 0;
    bool is_root = t->proc->cred.fsuid == 0;
    for (size_t at = 0; at < len;) {
        const char *end = memchr(names + at, 0, len - at);
        if (end == NULL) {
            break;
        }
        size_t part = (size_t)(end - (names + at)) + 1;
        if (is_root || !has_prefix(names + at, "trusted.")) {
            memmove(names + kept, names + at, part);
            kept += part;
        }
        at += part;
    }
    if (inode_type(n) == S_IFREG_) {
        memcpy(names + kept, ROOT_NAME, sizeof(ROOT_NAME));
        kept += sizeof(ROOT_NAME);
    }
    return kept;
}
_Static_assert(LXFS_XATTR_BYTES_MAX + sizeof(ROOT_NAME) <= LINUX_VOLUME_BUFFER_BYTES, "room for our name behind all others");

static int64_t list_held(struct thread *t, struct inode *n, const uint64_t *a)
{
    const struct linux_volume *v = volume_of(t);
    int64_t result = -E_OPNOTSUPP;
    if (on_volume(n)) {
        size_t len;
        enum lxfs_err err = v->ops->listxattr(v->env, n->ino, LXFS_XATTR_BYTES_MAX, &len);
        result = err != LXFS_OK ? volume_error(err) : hand_out(t, (int64_t)filter_names(t, n, v->buffer, len), a[1], a[2]);
    }
    inode_put(n);
    return result;
}

static int64_t list_path(struct thread *t, const uint64_t *a, bool follows)
{
    struct inode *n;
    int64_t error = find_path(t, a[0], follows, &n);
    return error != 0 ? error : list_held(t, n, a);
}

int64_t call_listxattr(struct thread *t, const uint64_t *a)
{
    return list_path(t, a, true);
}

int64_t call_llistxattr(struct thread *t, const uint64_t *a)
{
    return list_path(t, a, false);
}

int64_t call_flistxattr(struct thread *t, const uint64_t *a)
{
    struct inode *n;
    int64_t error = find_fd(t, a[0], &n);
    return error != 0 ? error : list_held(t, n, a);
}

/* ---- remove -------------------------------------------------------------------------------------------------------- */

static int64_t remove_held(struct thread *t, struct target *x, const uint64_t *a)
{
    const struct linux_volume *v = volume_of(t);
    int64_t result = read_name(t, a[1], x);
    result = result != 0 ? result : may_use(t->proc, x, true);
    result = result != 0 ? result : error_of(v->ops->removexattr(v->env, x->inode->ino, name_of(x)));
    inode_put(x->inode);
    return result;
}

static int64_t remove_path(struct thread *t, const uint64_t *a, bool follows)
{
    struct target x;
    int64_t error = find_path(t, a[0], follows, &x.inode);
    return error != 0 ? error : remove_held(t, &x, a);
}

int64_t call_removexattr(struct thread *t, const uint64_t *a)
{
    return remove_path(t, a, true);
}

int64_t call_lremovexattr(struct thread *t, const uint64_t *a)
{
    return remove_path(t, a, false);
}

int64_t call_fremovexattr(struct thread *t, const uint64_t *a)
{
    struct target x;
    int64_t error = find_fd(t, a[0], &x.inode);
    return error != 0 ? error : remove_held(t, &x, a);
}
