/* SPDX-License-Identifier: MIT */
/** lx fs cp: files and trees between an image and the host. Names in an image are untrusted: nothing is written through a link of it. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "volume.h"

enum { PIECE_BYTES = 65536 };

/* What is still to be copied; each may add more at the end. */
struct item {
    struct item *next;
    uint64_t inode;  /* out: the source. In: the directory in which it goes */
    char *host_path;
    const char *name; /* in: what it is called there */
};

struct copy {
    struct lxfs *fs;
    struct item *first, **end;
    bool is_recursive;
    bool may_replace; /* only what the command line itself names */
    unsigned left_out;
    uint8_t piece[PIECE_BYTES];
};

static void add(struct copy *c, uint64_t inode, char *host_path, const char *name)
{
    struct item *i = zalloc(sizeof *i);
    *i = (struct item){NULL, inode, host_path, name};
    *c->end = i;
    c->end = &i->next;
}

static void leave_out(struct copy *c, const char *path, const char *why)
{
    fprintf(stderr, "lx: %s: %s\n", shown(path), why);
    c->left_out++;
}

static bool is_zero(const uint8_t *bytes, size_t len_bytes)
{
    return len_bytes != 0 && bytes[0] == 0 && memcmp(bytes, bytes + 1, len_bytes - 1) == 0;
}

static const char *base_name(const char *path)
{
    char *copy = join(path, NULL);
    for (size_t n = strlen(copy); n > 1 && copy[n - 1] == '/'; n--) {
        copy[n - 1] = '\0';
    }
    const char *slash = strrchr(copy, '/');
    return slash == NULL ? copy : slash + 1;
}

static bool write_all(int fd, const uint8_t *bytes, size_t len_bytes, uint64_t at)
{
    for (size_t done = 0; done < len_bytes;) {
        ssize_t n = pwrite(fd, bytes + done, len_bytes - done, (off_t)(at + done));
        if (n <= 0) {
            return false;
        }
        done += (size_t)n;
    }
    return true;
}

/* ---- out of the image ----------------------------------------------------------------------------------------------- */

static const char *file_out(struct copy *c, const struct item *i, const struct lxfs_attr *a)
{
    int fd = open(i->host_path, O_WRONLY | O_CREAT | O_CLOEXEC | (c->may_replace ? O_TRUNC : O_EXCL | O_NOFOLLOW), (mode_t)0600);
    if (fd < 0) {
        return strerror(errno);
    }
    enum lxfs_err err = LXFS_OK;
    bool is_written = true;
    size_t got = sizeof c->piece;
    for (uint64_t at = 0; err == LXFS_OK && is_written && got == sizeof c->piece; at += got) {
        err = lxfs_read(c->fs, i->inode, at, c->piece, sizeof c->piece, &got);
        is_written = err != LXFS_OK || is_zero(c->piece, got) || write_all(fd, c->piece, got, at);
    }
    const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {a->modified.seconds, (long)a->modified.nanoseconds}};
    is_written = is_written && err == LXFS_OK && ftruncate(fd, (off_t)a->size_bytes) == 0 && fchmod(fd, (mode_t)(a->mode & 0777)) == 0 &&
                 futimens(fd, times) == 0;
    const char *why = err != LXFS_OK ? sentence_of(c->fs, err) : is_written ? NULL : strerror(errno);
    close(fd);
    if (why != NULL) {
        (void)unlink(i->host_path); /* half a file is none */
    }
    return why;
}

static const char *directory_out(struct copy *c, const struct item *i, const struct lxfs_attr *a)
{
    struct stat info;
    size_t count;
    if (!c->is_recursive) {
        return "a directory; -r copies it with what is in it";
    }
    if (mkdir(i->host_path, (mode_t)((a->mode & 0777) | 0700)) != 0 &&
        (errno != EEXIST || lstat(i->host_path, &info) != 0 || !S_ISDIR(info.st_mode))) {
        return strerror(errno);
    }
    struct lxfs_entry *entries = entries_of(c->fs, i->inode, &count);
    for (size_t n = 0; n < count; n++) {
        add(c, entries[n].inode, join(i->host_path, "/", entries[n].name, NULL), NULL);
    }
    free(entries);
    return NULL;
}

static const char *item_out(struct copy *c, const struct item *i)
{
    struct lxfs_attr a;
    enum lxfs_err err = lxfs_getattr(c->fs, i->inode, &a);
    if (err != LXFS_OK) {
        return sentence_of(c->fs, err);
    }
    switch (a.mode & LXFS_IFMT) {
    case LXFS_IFREG:
        return file_out(c, i, &a);
    case LXFS_IFDIR:
        return directory_out(c, i, &a);
    case LXFS_IFLNK:
        return symlink(link_target(c->fs, i->inode), i->host_path) == 0 ? NULL : strerror(errno);
    default:
        return "left out: a device, pipe or socket";
    }
}

/* ---- into the image ------------------------------------------------------------------------------------------------- */

static const char *contents_in(struct copy *c, int fd, uint64_t inode, const struct stat *info)
{
    enum lxfs_err err = lxfs_truncate(c->fs, inode, 0);
    ssize_t n = 1;
    uint64_t at = 0;
    for (; err == LXFS_OK && n > 0; at += n > 0 ? (uint64_t)n : 0) {
        size_t done;
        n = pread(fd, c->piece, sizeof c->piece, (off_t)at);
        if (n > 0 && !is_zero(c->piece, (size_t)n)) {
            err = lxfs_write(c->fs, inode, at, c->piece, (size_t)n, &done);
        }
    }
    if (n < 0) {
        return strerror(errno);
    }
    if (err == LXFS_OK) {
        err = lxfs_truncate(c->fs, inode, at);
    }
    if (err == LXFS_OK) {
        const struct lxfs_attr a = {.mode = info->st_mode & 0777u,
                                    .accessed = {info->st_mtim.tv_sec, (uint32_t)info->st_mtim.tv_nsec},
                                    .modified = {info->st_mtim.tv_sec, (uint32_t)info->st_mtim.tv_nsec}};
        err = lxfs_setattr(c->fs, inode, LXFS_SET_MODE | LXFS_SET_ACCESSED | LXFS_SET_MODIFIED, &a);
    }
    return err == LXFS_OK ? NULL : sentence_of(c->fs, err);
}

/* Makes what is not there; `inode` is of what is there now. */
static const char *node_in(struct copy *c, const struct item *i, uint32_t mode, const char *target, uint64_t *inode)
{
    const struct lxfs_name name = {i->name, strlen(i->name)};
    const struct lxfs_node node = {.mode = mode, .target = target, .target_bytes = target == NULL ? 0 : strlen(target)};
    struct lxfs_attr a;
    enum lxfs_err err = lxfs_create(c->fs, i->inode, name, &node, inode);
    if (err == LXFS_EEXIST && target == NULL) {
        err = lxfs_lookup(c->fs, i->inode, name, inode);
        err = err == LXFS_OK ? lxfs_getattr(c->fs, *inode, &a) : err;
        if (err == LXFS_OK && (a.mode & LXFS_IFMT) != (mode & LXFS_IFMT)) {
            return "there is something else of that name in the image";
        }
    }
    return err == LXFS_OK ? NULL : sentence_of(c->fs, err);
}

static const char *file_in(struct copy *c, const struct item *i)
{
    struct stat info;
    uint64_t inode = 0;
    int fd = open(i->host_path, O_RDONLY | O_CLOEXEC | (c->may_replace ? 0 : O_NOFOLLOW));
    if (fd < 0 || fstat(fd, &info) != 0) {
        return strerror(errno);
    }
    const char *why = node_in(c, i, LXFS_IFREG | (info.st_mode & 0777u), NULL, &inode);
    why = why == NULL ? contents_in(c, fd, inode, &info) : why;
    close(fd);
    return why;
}

static const char *directory_in(struct copy *c, const struct item *i, uint32_t mode)
{
    uint64_t inode = 0;
    if (!c->is_recursive) {
        return "a directory; -r copies it with what is in it";
    }
    const char *why = node_in(c, i, LXFS_IFDIR | (mode & 0777), NULL, &inode);
    if (why != NULL) {
        return why;
    }
    struct dirent **entries;
    int count = scandir(i->host_path, &entries, NULL, alphasort);
    if (count < 0) {
        return strerror(errno);
    }
    for (int n = 0; n < count; n++) {
        const char *name = join(entries[n]->d_name, NULL);
        if (strcmp(name, ".") != 0 && strcmp(name, "..") != 0) {
            add(c, inode, join(i->host_path, "/", name, NULL), name);
        }
        free(entries[n]);
    }
    free(entries);
    return NULL;
}

static const char *item_in(struct copy *c, const struct item *i)
{
    struct stat info;
    char target[LXFS_TARGET_BYTES_MAX + 1] = "";
    uint64_t inode;
    if ((c->may_replace ? stat : lstat)(i->host_path, &info) != 0) {
        return strerror(errno);
    }
    if (S_ISREG(info.st_mode)) {
        return file_in(c, i);
    }
    if (S_ISDIR(info.st_mode)) {
        return directory_in(c, i, info.st_mode);
    }
    if (!S_ISLNK(info.st_mode)) {
        return "left out: a device, pipe or socket";
    }
    return readlink(i->host_path, target, sizeof target - 1) < 0 ? strerror(errno) : node_in(c, i, LXFS_IFLNK | 0777, target, &inode);
}

/* ---- the command ---------------------------------------------------------------------------------------------------- */

/* IMAGE:/PATH. @return the path, with the image in front of it cut off; NULL when it is none. */
static char *split(char *operand)
{
    char *colon = strstr(operand, ":/");
    if (colon == NULL || colon == operand) {
        return NULL;
    }
    *colon = '\0';
    return colon + 1;
}

static int run(struct copy *c, const char *(*copy_item)(struct copy *c, const struct item *i))
{
    for (const struct item *i = c->first; i != NULL; i = i->next) {
        const char *why = copy_item(c, i);
        if (why != NULL) {
            leave_out(c, i->host_path, why);
        }
        c->may_replace = false;
    }
    return c->left_out == 0 ? STATUS_OK : STATUS_REFUSED;
}

static bool is_directory(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

static int copy_out(struct copy *c, const struct arguments *args, const char *path)
{
    const char *to = args->operands[1];
    c->fs = volume_open(args->operands[0], args, VOLUME_READ);
    uint64_t inode = path_find(c->fs, volume_root(c->fs, args), path);
    const char *name = base_name(path);
    add(c, inode, is_directory(to) && name[0] != '\0' ? join(to, "/", name, NULL) : join(to, NULL), NULL);
    return run(c, item_out);
}

static int copy_in(struct copy *c, const struct arguments *args, const char *path)
{
    struct lxfs_name last;
    struct lxfs_attr a;
    uint64_t inode;
    char *from = args->operands[0];
    if (args->options[OPTION_SNAPSHOT] != NULL) {
        fail("--snapshot: snapshots do not change");
    }
    c->fs = volume_open(args->operands[1], args, VOLUME_WRITE);
    uint64_t parent = path_parent(c->fs, LXFS_ROOT_INODE, path, &last);
    if (last.bytes != NULL && lxfs_lookup(c->fs, parent, last, &inode) == LXFS_OK && lxfs_getattr(c->fs, inode, &a) == LXFS_OK &&
        (a.mode & LXFS_IFMT) == LXFS_IFDIR) {
        parent = inode;
        last.bytes = NULL;
    }
    const char *name = base_name(from);
    if (last.bytes != NULL) {
        char *copy = zalloc(last.len_bytes + 1);
        memcpy(copy, last.bytes, last.len_bytes);
        name = copy;
    }
    add(c, parent, from, name);
    int status = run(c, item_in);
    volume_close(c->fs);
    return status;
}

int fs_cp(const struct arguments *args)
{
    struct copy *c = zalloc(sizeof *c);
    c->end = &c->first;
    c->is_recursive = args->options[OPTION_RECURSIVE] != NULL;
    c->may_replace = true;
    char *from = split(args->operands[0]), *to = split(args->operands[1]);
    if ((from == NULL) == (to == NULL)) {
        fprintf(stderr, "lx fs cp: one of both is IMAGE:/PATH, the other one a file or directory of this machine\n");
        return STATUS_USAGE;
    }
    return from != NULL ? copy_out(c, args, from) : copy_in(c, args, to);
}
