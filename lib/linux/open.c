/* SPDX-License-Identifier: MIT */
/**
 * Open: from an inode to an open file, and what can be done with open regular files, directories and generated text.
 * Owns:   the text of generated files, made when they are opened.    Uses: path.c, filedata.c, fd.c.
 * Limits: none beyond those of its parts.
 * Source: man-pages open(2), getdents(2)
 */
#include "calls.h"
#include "files.h"

#define ACCESS_TIME_STALE_NS ((int64_t)86400 * NS_PER_S)

/* ---- regular files ----------------------------------------------------------------------------------------------- */

/** As with the mount option relatime: when the file changed since it was read, or a day passed. */
static void note_access(struct inode *n, uint32_t flags)
{
    if ((flags & O_NOATIME_) != 0) {
        return;
    }
    if (n->atime <= n->mtime || n->atime <= n->ctime || time_wall(n->sys) - n->atime >= ACCESS_TIME_STALE_NS) {
        inode_note_read(n);
    }
}

static int64_t regular_read(struct thread *t, struct file *f, struct uio *io, uint64_t *position)
{
    (void)t;
    int64_t done = filedata_read(f->inode, io, *position);
    if (done > 0) {
        *position += (uint64_t)done;
        note_access(f->inode, f->flags);
    }
    return done;
}

/** Shortens a write to the process's file size limit. @return false: nothing may be written; SIGXFSZ was sent. */
static bool within_limit(struct thread *t, struct uio *io, uint64_t position)
{
    uint64_t limit = t->proc->limits[RLIMIT_FSIZE_].cur;
    if (position >= limit) {
        signal_simple(t->proc, SIGXFSZ_);
        return false;
    }
    if (io->left_bytes > limit - position) {
        io->left_bytes = limit - position;
    }
    return true;
}

static int64_t regular_write(struct thread *t, struct file *f, struct uio *io, uint64_t *position)
{
    struct inode *n = f->inode;
    if (io->left_bytes == 0) {
        return 0; /* not even the position moves */
    }
    if ((f->flags & O_APPEND_) != 0) {
        *position = n->size;
    }
    if (!within_limit(t, io, *position)) {
        return -E_FBIG;
    }
    int64_t done = filedata_write(n, io, *position);
    if (done > 0) {
        *position += (uint64_t)done;
        inode_mark(n, true);
        inode_drop_set_ids(t->proc, n);
        int64_t error = (f->flags & (O_DSYNC_ | O_SYNC_)) != 0 && on_volume(n) ? volume_sync(t->sys) : 0;
        done = error != 0 ? error : done;
    }
    return done;
}

static uint32_t always_ready(struct file *f, struct wait_queue *queues[2])
{
    (void)f;
    (void)queues;
    return POLLIN_ | POLLOUT_ | POLLRDNORM_ | POLLWRNORM_;
}

static int64_t regular_ioctl(struct thread *t, struct file *f, uint32_t request, uint64_t argument)
{
    if (request != FIONREAD_ || inode_type(f->inode) != S_IFREG_) {
        return -E_NOTTY;
    }
    uint64_t left = f->position < f->inode->size ? f->inode->size - f->position : 0;
    return user_write_u32(t->proc->mm, argument, (uint32_t)(left < INT32_MAX ? left : INT32_MAX)) ? 0 : -E_FAULT;
}

const struct file_ops regular_ops = {.read = regular_read,
                                     .write = regular_write,
                                     .poll = always_ready,
                                     .ioctl = regular_ioctl,
                                     .has_position = true};

/* ---- generated text ---------------------------------------------------------------------------------------------- */

/** The text lies in the data pages of an inode that belongs to this open file alone. */
static int64_t text_read(struct thread *t, struct file *f, struct uio *io, uint64_t *position)
{
    (void)t;
    int64_t done = filedata_read(f->inode, io, *position);
    if (done > 0) {
        *position += (uint64_t)done;
    }
    return done;
}

const struct file_ops text_ops = {.read = text_read, .poll = always_ready, .has_position = true};

/** An inode of /proc or /lx comes fresh from its lookup; through /proc/self/fd it may come again, and then is made anew. */
static struct inode *fresh_text_inode(struct inode *n)
{
    if (!n->is_filled) {
        return inode_get(n);
    }
    struct inode *copy = inode_new(n->sys, (enum fs_id)n->fs, n->mode, NULL);
    if (copy != NULL) {
        copy->uid = n->uid;
        copy->gid = n->gid;
        copy->ino = n->ino;
        copy->item = n->item;
        copy->pid = n->pid;
    }
    return copy;
}

static int64_t open_text(struct thread *t, struct inode *wanted, uint32_t flags, struct file **out)
{
    struct linux_text text = {.memory = &t->sys->memory};
    struct inode *n = fresh_text_inode(wanted);
    *out = n == NULL ? NULL : file_new(n, flags, &text_ops);
    if (n != NULL) {
        inode_put(n); /* the open file holds it now */
    }
    if (*out == NULL) {
        return -E_NFILE;
    }
    if (n->fs == FS_VIEW) {
        view_fill(n, &text);
    } else {
        proc_fill(t, n, &text);
    }
    n->data = text.data;
    n->size = text.len_bytes;
    n->is_filled = true;
    return 0;
}

/* ---- directories ------------------------------------------------------------------------------------------------- */

static int64_t dir_read(struct thread *t, struct file *f, struct uio *io, uint64_t *position)
{
    (void)t;
    (void)f;
    (void)io;
    (void)position;
    return -E_ISDIR;
}

const struct file_ops dir_ops = {.read = dir_read, .poll = always_ready, .has_position = true};
const struct file_ops path_ops = {.poll = always_ready};

static uint8_t dirent_type(uint32_t mode)
{
    return (uint8_t)((mode & S_IFMT_) >> 12); /* the DT_ values are the mode's type bits */
}

bool dir_sink_add(struct dir_sink *sink, uint64_t ino, uint64_t cookie, uint32_t mode, const char *name, size_t len)
{
    uint8_t record[DIRENT_HEAD_BYTES + LINUX_NAME_BYTES_MAX + 9] = {0};
    size_t bytes = (size_t)align_up(DIRENT_HEAD_BYTES + len + 1, 8);
    assert(bytes <= sizeof(record));
    if (bytes > sink->left_bytes) {
        sink->error = sink->used_bytes == 0 ? -E_INVAL : 0;
        return false;
    }
    le64_store(record, ino);
    le64_store(record + 8, cookie);
    le16_store(record + 16, (uint16_t)bytes);
    record[18] = dirent_type(mode);
    memcpy(record + DIRENT_HEAD_BYTES, name, len);
    if (!user_write(sink->mm, sink->address + sink->used_bytes, record, bytes)) {
        sink->error = sink->used_bytes == 0 ? -E_FAULT : 0;
        return false;
    }
    sink->used_bytes += bytes;
    sink->left_bytes -= bytes;
    return true;
}

/** Lists after `cookie`. @return the cookie of the last entry that was taken. */
static uint64_t list_names(struct inode *dir, uint64_t cookie, struct dir_sink *sink)
{
    for (struct link *l = dir->entries.next; l != &dir->entries; l = l->next) {
        const struct dentry *d = CONTAINER_OF(l, struct dentry, in_dir);
        if (d->cookie <= cookie) {
            continue;
        }
        const struct inode *n = d->inode->mounted != NULL ? d->inode->mounted : d->inode;
        if (!dir_sink_add(sink, n->ino, d->cookie, n->mode, d->name, d->len)) {
            break;
        }
        cookie = d->cookie;
    }
    return cookie;
}

static uint64_t list_dots(struct thread *t, struct inode *dir, uint64_t cookie, struct dir_sink *sink)
{
    if (cookie < COOKIE_DOT && dir_sink_add(sink, dir->ino, COOKIE_DOT, S_IFDIR_, ".", 1)) {
        cookie = COOKIE_DOT;
    }
    const struct inode *up = dir->covers != NULL ? dir->covers : dir;
    up = up != t->proc->root && up->parent != NULL ? up->parent : up;
    if (cookie == COOKIE_DOT && dir_sink_add(sink, up->ino, COOKIE_DOTDOT, S_IFDIR_, "..", 2)) {
        cookie = COOKIE_DOTDOT;
    }
    return cookie;
}

int64_t call_getdents64(struct thread *t, const uint64_t *a)
{
    struct file *f = fd_file(t->proc, a[0]);
    if (f == NULL) {
        return -E_BADF;
    }
    if (f->ops != &dir_ops) {
        return -E_NOTDIR;
    }
    struct inode *dir = f->inode;
    size_t left = (uint32_t)a[2] < LINUX_IO_BYTES_MAX ? (uint32_t)a[2] : LINUX_IO_BYTES_MAX;
    struct dir_sink sink = {.mm = t->proc->mm, .address = a[1], .left_bytes = left};
    if (dir->nlink == 0 && dir->fs != FS_PROC) {
        return -E_NOENT;
    }
    uint64_t cookie = list_dots(t, dir, f->position, &sink);
    if (cookie >= COOKIE_DOTDOT && sink.error == 0) {
        cookie = dir->fs == FS_PROC   ? proc_list(t, dir, cookie, &sink)
                 : dir->fs == FS_VIEW ? view_list(dir, cookie, &sink)
                 : on_volume(dir)     ? volume_list(dir, cookie, &sink)
                                      : list_names(dir, cookie, &sink);
    }
    f->position = cookie;
    note_access(dir, f->flags);
    return sink.error != 0 ? sink.error : (int64_t)sink.used_bytes;
}

/* ---- opening ----------------------------------------------------------------------------------------------------- */

#define KEPT_FLAGS                                                                                                     \
    (O_ACCMODE_ | O_APPEND_ | O_NONBLOCK_ | O_DSYNC_ | O_SYNC_ | O_ASYNC_ | O_DIRECT_ | O_LARGEFILE_ | O_DIRECTORY_ |  \
     O_NOFOLLOW_ | O_NOATIME_ | O_PATH_)

static int64_t may_open(const struct process *p, const struct inode *n, uint32_t flags)
{
    uint32_t mode = flags & O_ACCMODE_;
    uint32_t may = (mode == O_RDONLY_ || mode == O_RDWR_ ? MAY_READ : 0) |
                   (mode != O_RDONLY_ || (flags & O_TRUNC_) != 0 ? MAY_WRITE : 0);
    if (mode == O_ACCMODE_) {
        may = MAY_READ | MAY_WRITE; /* 3: for ioctls only, with the rights of both */
    }
    if (inode_permission(p, n, may) != 0) {
        return -E_ACCES;
    }
    return (flags & O_NOATIME_) != 0 && !inode_is_owner(p, n) ? -E_PERM : 0;
}

static int64_t open_plain(struct inode *n, uint32_t flags, const struct file_ops *ops, struct file **out)
{
    *out = file_new(n, flags & KEPT_FLAGS, ops);
    return *out == NULL ? -E_NFILE : 0;
}

static int64_t open_regular(struct thread *t, struct inode *n, uint32_t flags, struct file **out)
{
    bool writes = (flags & O_ACCMODE_) != O_RDONLY_ || (flags & O_TRUNC_) != 0;
    if (n->fs == FS_PROC || n->fs == FS_VIEW) {
        return writes ? -E_ACCES : open_text(t, n, flags & KEPT_FLAGS, out);
    }
    if (writes && n->executing > 0) {
        return -E_TXTBSY;
    }
    int64_t error = open_plain(n, flags, &regular_ops, out);
    if (error == 0 && (flags & O_TRUNC_) != 0) {
        inode_drop_set_ids(t->proc, n);
        error = filedata_truncate(n, 0);
        if (error != 0) {
            file_put(*out);
        }
    }
    return error;
}

int64_t file_open(struct thread *t, struct inode *n, uint32_t flags, struct file **out)
{
    const struct file_ops *ops;
    int64_t error = 0;
    switch (inode_type(n)) {
    case S_IFREG_:
        return open_regular(t, n, flags, out);
    case S_IFDIR_:
        if ((flags & O_ACCMODE_) != O_RDONLY_ || (flags & O_CREAT_) != 0) {
            return -E_ISDIR;
        }
        return open_plain(n, flags, &dir_ops, out);
    case S_IFIFO_:
        return pipe_open(t, n, flags & KEPT_FLAGS, out);
    case S_IFCHR_:
        ops = device_ops(t->proc, n, &error);
        error = ops == NULL ? error : open_plain(n, flags, ops, out);
        if (error == 0) {
            device_opened(t->proc, n, flags);
        }
        return error;
    case S_IFLNK_:
        return -E_LOOP;
    default:
        return -E_NXIO; /* block devices and sockets: nobody is behind them */
    }
}

/** Makes the missing file that O_CREAT asks for. */
static int64_t create(struct thread *t, struct walk *w, uint32_t mode)
{
    struct process *p = t->proc;
    if (w->dir->fs == FS_PROC || w->dir->fs == FS_VIEW) {
        return -E_ACCES;
    }
    int64_t error = inode_permission(p, w->dir, MAY_WRITE | MAY_EXEC);
    if (error != 0) {
        return error;
    }
    return make_node(t, w, S_IFREG_ | (mode & S_IALL_ & ~p->umask), 0, NULL);
}

static int64_t open_walked(struct thread *t, struct walk *w, uint32_t flags, uint32_t mode, struct file **out)
{
    bool is_new = w->inode == NULL;
    if (is_new) {
        int64_t error = create(t, w, mode);
        if (error != 0) {
            return error;
        }
    } else if ((flags & (O_CREAT_ | O_EXCL_)) == (O_CREAT_ | O_EXCL_)) {
        return -E_EXIST;
    }
    struct inode *n = w->inode;
    if ((flags & O_DIRECTORY_) != 0 && !inode_is_dir(n)) {
        return -E_NOTDIR;
    }
    if (inode_is_dir(n) && (flags & O_CREAT_) != 0) {
        return -E_ISDIR;
    }
    if (inode_type(n) == S_IFLNK_) {
        return -E_LOOP;
    }
    if (inode_is_dir(n) && (flags & (O_ACCMODE_ | O_TRUNC_)) != O_RDONLY_) {
        return -E_ISDIR;
    }
    int64_t error = is_new ? 0 : may_open(t->proc, n, flags);
    return error != 0 ? error : file_open(t, n, is_new ? flags & ~O_TRUNC_ : flags, out);
}

static int64_t open_path(struct walk *w, uint32_t flags, struct file **out)
{
    if ((flags & O_DIRECTORY_) != 0 && !inode_is_dir(w->inode)) {
        return -E_NOTDIR;
    }
    return open_plain(w->inode, flags & (O_PATH_ | O_DIRECTORY_ | O_NOFOLLOW_), &path_ops, out);
}

static int64_t open_new(struct thread *t, const uint64_t *a, uint32_t flags, struct file **out)
{
    struct walk w;
    bool is_path = (flags & O_PATH_) != 0;
    bool creates = (flags & O_CREAT_) != 0 && !is_path;
    bool follows = (flags & O_NOFOLLOW_) == 0 && !(creates && (flags & O_EXCL_) != 0);
    if (creates && (flags & O_DIRECTORY_) != 0) {
        return -E_INVAL;
    }
    int64_t error = path_at(t, a[0], a[1], (follows ? WALK_FOLLOW : 0) | (creates ? WALK_CREATE : 0), &w);
    if (error != 0) {
        return error;
    }
    error = is_path ? open_path(&w, flags, out) : open_walked(t, &w, flags, (uint32_t)a[3], out);
    walk_end(&w);
    return error;
}

static int64_t may_make_unnamed(const struct process *p, const struct inode *dir)
{
    if (!inode_is_dir(dir)) {
        return -E_NOTDIR;
    }
    if (dir->fs == FS_PROC || dir->fs == FS_VIEW) {
        return -E_OPNOTSUPP;
    }
    return inode_permission(p, dir, MAY_WRITE | MAY_EXEC);
}

/** O_TMPFILE: a new file without a name. */
static int64_t open_unnamed(struct thread *t, const uint64_t *a, uint32_t flags, struct file **out)
{
    struct walk w;
    struct inode *n = NULL;
    bool writes = (flags & O_ACCMODE_) == O_WRONLY_ || (flags & O_ACCMODE_) == O_RDWR_;
    if (!writes || (flags & O_CREAT_) != 0 || (flags & O_DIRECTORY_) == 0) {
        return -E_INVAL;
    }
    int64_t error = path_at(t, a[0], a[1], WALK_FOLLOW, &w);
    if (error != 0) {
        return error;
    }
    error = may_make_unnamed(t->proc, w.inode);
    error = error != 0 ? error : make_unnamed(t, w.inode, (uint32_t)a[3] & S_IALL_ & ~t->proc->umask, &n);
    walk_end(&w);
    if (error != 0) {
        return error;
    }
    n->is_linkable = (flags & O_EXCL_) == 0;
    error = file_open(t, n, flags & ~(O_DIRECTORY_ | O_EXCL_ | O_TRUNC_), out);
    inode_put(n); /* the open file holds it now */
    return error;
}

int64_t call_openat(struct thread *t, const uint64_t *a)
{
    struct file *f = t->call.file;
    uint32_t flags = (uint32_t)a[2];
    int64_t error;
    if ((flags & O_TMPFILE_) != 0) {
        error = open_unnamed(t, a, flags, &f);
    } else if (t->call.again && f != NULL) { /* a FIFO that waits for its other end */
        error = pipe_open(t, f->inode, f->flags, &f);
    } else {
        error = open_new(t, a, flags, &f);
    }
    if (error != 0) {
        return error;
    }
    int64_t fd = fd_install(t->proc, f, 0, (flags & O_CLOEXEC_) != 0);
    if (fd < 0) {
        file_put(f);
    }
    return fd;
}
