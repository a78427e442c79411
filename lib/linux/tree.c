/* SPDX-License-Identifier: MIT */
/**
 * Tree: the file systems as they are at the start: mounts, devices, and the files of installed packages where there is no volume.
 * Owns:   nothing.    Uses: inode.c.
 * Limits: file declarations are trusted to live on, not to be right: each path is checked.
 */
#include "files.h"

struct device {
    const char *name;
    uint32_t mode;
    uint32_t major, minor;
};

static const struct device devices[] = {
    {"null", 0666, 1, 3},   {"zero", 0666, 1, 5},  {"full", 0666, 1, 7},    {"random", 0666, 1, 8},
    {"urandom", 0666, 1, 9}, {"tty", 0666, 5, 0},   {"console", 0600, 5, 1}, {"ttyAMA0", 0620, 204, 64},
};

static const char *const device_links[][2] = {{"fd", "/proc/self/fd"},
                                              {"stdin", "/proc/self/fd/0"},
                                              {"stdout", "/proc/self/fd/1"},
                                              {"stderr", "/proc/self/fd/2"}};

/** Adds a new inode under a name; its own reference goes to the name. @return NULL: memory is short. */
static struct inode *add(struct inode *dir, const char *name, size_t len, uint32_t mode)
{
    struct inode *n = inode_new(dir->sys, (enum fs_id)dir->fs, mode, NULL);
    if (n == NULL) {
        return NULL;
    }
    if (name_add(dir, name, len, n) != 0) {
        inode_put(n);
        return NULL;
    }
    n->refs--;
    return n;
}

static struct inode *new_root(struct linux_system *sys, enum fs_id fs, uint32_t mode)
{
    struct inode *n = inode_new(sys, fs, S_IFDIR_ | mode, NULL);
    if (n != NULL) {
        n->nlink = 2;
    }
    return n;
}

/** The directory `name` of `dir` to mount on, held; made if need be. */
static struct inode *mount_point(struct inode *dir, const char *name)
{
    static const struct lxfs_node node = {.mode = S_IFDIR_ | 0755};
    struct inode *n = NULL;
    if (!on_volume(dir)) {
        n = add(dir, name, strlen(name), S_IFDIR_ | 0755);
        return n == NULL ? NULL : inode_get(n);
    }
    int64_t error = volume_lookup(dir, name, strlen(name), &n);
    error = error == -E_NOENT ? volume_make(dir, name, strlen(name), &node, &n) : error;
    if (error == 0 && !inode_is_dir(n)) {
        inode_put(n);
        n = NULL;
    }
    return error == 0 ? n : NULL;
}

/** Makes a file system and mounts it at directory `name` of `dir`. */
static struct inode *mount_new(struct inode *dir, const char *name, enum fs_id fs, uint32_t mode)
{
    struct inode *root = new_root(dir->sys, fs, mode);
    struct inode *point = root == NULL ? NULL : mount_point(dir, name);
    if (point == NULL) {
        return NULL;
    }
    mount_on(point, root);
    inode_put(point);
    return root;
}

static bool add_devices(struct inode *dev)
{
    for (size_t i = 0; i < ARRAY_LEN(devices); i++) {
        struct inode *n = add(dev, devices[i].name, strlen(devices[i].name), S_IFCHR_ | devices[i].mode);
        if (n == NULL) {
            return false;
        }
        n->rdev = (uint64_t)devices[i].major << 8 | devices[i].minor;
    }
    for (size_t i = 0; i < ARRAY_LEN(device_links); i++) {
        struct inode *n = add(dev, device_links[i][0], strlen(device_links[i][0]), S_IFLNK_ | 0777);
        if (n == NULL) {
            return false;
        }
        n->target = device_links[i][1];
        n->size = strlen(n->target);
    }
    return true;
}

/* ---- package files ----------------------------------------------------------------------------------------------- */

static enum lx_err fill(struct inode *n, const struct linux_file_decl *decl)
{
    n->uid = decl->uid;
    n->gid = decl->gid;
    switch (decl->kind) {
    case LINUX_FILE_DIR:
        n->mode = S_IFDIR_ | (decl->mode & S_IALL_);
        return LX_OK;
    case LINUX_FILE_OBJECT:
        n->object = decl->object;
        n->program = decl->program;
        n->size = n->object_bytes = decl->size_bytes;
        return decl->size_bytes <= LINUX_FILE_BYTES_MAX ? LX_OK : LX_EINVAL;
    case LINUX_FILE_SYMLINK:
        if (decl->target == NULL || decl->target[0] == '\0' || strlen(decl->target) >= LINUX_PATH_BYTES_MAX) {
            return LX_EINVAL;
        }
        n->target = decl->target;
        n->size = strlen(decl->target);
        return LX_OK;
    }
    return LX_EINVAL;
}

static uint32_t mode_of(const struct linux_file_decl *decl)
{
    uint32_t type = decl->kind == LINUX_FILE_DIR      ? S_IFDIR_
                    : decl->kind == LINUX_FILE_OBJECT ? S_IFREG_
                                                      : S_IFLNK_;
    return type | (type == S_IFLNK_ ? 0777 : decl->mode & S_IALL_);
}

bool tree_name_is_bad(const char *name, size_t len)
{
    return len == 0 || len > LINUX_NAME_BYTES_MAX || (name[0] == '.' && (len == 1 || (len == 2 && name[1] == '.')));
}

/** The directory `name` of `dir`, made if it is missing. */
static enum lx_err descend(struct inode **dir, const char *name, size_t len)
{
    struct dentry *d = name_find(*dir, name, len);
    struct inode *n = d == NULL ? add(*dir, name, len, S_IFDIR_ | 0755) : d->inode;
    if (n == NULL) {
        return LX_ENOSPC;
    }
    *dir = n->mounted != NULL ? n->mounted : n;
    return inode_is_dir(n) && (*dir)->fs != FS_PROC && (*dir)->fs != FS_VIEW ? LX_OK : LX_EINVAL;
}

enum lx_err tree_declare(struct linux_system *sys, const struct linux_file_decl *decl)
{
    struct inode *dir = sys->root;
    const char *at = decl->path;
    if (at == NULL || at[0] != '/') {
        return LX_EINVAL;
    }
    for (;;) { /* one round a component of the path */
        at++;
        size_t len = strcspn(at, "/");
        if (tree_name_is_bad(at, len)) {
            return LX_EINVAL;
        }
        if (at[len] == '\0') {
            struct dentry *there = name_find(dir, at, len);
            bool is_known_dir = there != NULL && inode_is_dir(there->inode) && decl->kind == LINUX_FILE_DIR;
            if (there != NULL && !is_known_dir) {
                return LX_EINVAL;
            }
            struct inode *n = is_known_dir ? there->inode : add(dir, at, len, mode_of(decl));
            return n == NULL ? LX_ENOSPC : fill(n, decl);
        }
        enum lx_err err = descend(&dir, at, len);
        if (err != LX_OK) {
            return err;
        }
        at += len;
    }
}

enum lx_err tree_init(struct linux_system *sys)
{
    bool has_volume = sys->config.volume.ops != NULL;
    if (has_volume && volume_root(sys, &sys->root) != 0) {
        return LX_EIO;
    }
    sys->root = has_volume ? sys->root : new_root(sys, FS_ROOT, 0755);
    if (sys->root == NULL) {
        return LX_ENOSPC;
    }
    sys->proc_root = mount_new(sys->root, "proc", FS_PROC, 0555);
    sys->view_root = mount_new(sys->root, "lx", FS_VIEW, 0555);
    struct inode *dev = mount_new(sys->root, "dev", FS_DEV, 0755);
    if (sys->proc_root == NULL || sys->view_root == NULL || dev == NULL || !add_devices(dev) ||
        mount_new(dev, "shm", FS_SHM, 01777) == NULL || mount_new(sys->root, "tmp", FS_TMP, 01777) == NULL) {
        return has_volume ? LX_EIO : LX_ENOSPC;
    }
    if (has_volume) {
        install_packages(sys);
        return LX_OK;
    }
    for (size_t i = 0; i < sys->config.file_count; i++) {
        enum lx_err err = tree_declare(sys, &sys->config.files[i]);
        if (err != LX_OK) {
            return err;
        }
    }
    return LX_OK;
}
