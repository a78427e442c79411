/* SPDX-License-Identifier: MIT */
/**
 * Fd: open files and the tables of numbers that name them.
 * Owns:   struct file, struct fd_chunk.    Uses: inode.c.
 * Limits: LINUX_FDS_MAX numbers a process, in chunks of FD_CHUNK that are made as needed; at most its RLIMIT_NOFILE.
 * Source: man-pages dup(2), fcntl(2), close(2), close_range(2)
 */
#include "calls.h"
#include "files.h"
#include "lock.h"

struct file *file_new(struct inode *n, uint32_t flags, const struct file_ops *ops)
{
    struct file *f = mem_alloc(&n->sys->memory, sizeof(*f), MEM_CORE);
    if (f == NULL) {
        return NULL;
    }
    f->sys = n->sys;
    f->ops = ops;
    f->inode = inode_get(n);
    f->refs = 1;
    f->flags = flags;
    if (ops == &regular_ops && file_can_write(f)) {
        n->writers++;
    }
    n->sys->file_count++;
    return f;
}

void file_put(struct file *f)
{
    struct linux_system *sys = f->sys;
    assert(f->refs > 0);
    if (--f->refs > 0) {
        return;
    }
    if (f->ops->release != NULL) {
        f->ops->release(f);
    }
    if (UNLIKELY(f->inode->locks != NULL)) {
        locks_drop_file(f);
    }
    if (f->ops == &regular_ops && file_can_write(f)) {
        f->inode->writers--;
    }
    inode_put(f->inode);
    sys->file_count--;
    mem_free(&sys->memory, f);
}

/* ---- the table --------------------------------------------------------------------------------------------------- */

struct file *fd_file_or_path(const struct process *p, uint64_t fd)
{
    uint32_t n = (uint32_t)fd; /* a descriptor is an int: the upper half of its register does not count */
    if (n >= LINUX_FDS_MAX || p->fds[n / FD_CHUNK] == NULL) {
        return NULL;
    }
    return p->fds[n / FD_CHUNK]->file[n % FD_CHUNK];
}

struct file *fd_file(const struct process *p, uint64_t fd)
{
    struct file *f = fd_file_or_path(p, fd);
    return f != NULL && (f->flags & O_PATH_) == 0 ? f : NULL;
}

static uint32_t fd_limit(const struct process *p)
{
    uint64_t limit = p->limits[RLIMIT_NOFILE_].cur;
    return limit < LINUX_FDS_MAX ? (uint32_t)limit : LINUX_FDS_MAX;
}

static struct fd_chunk *chunk_for(struct process *p, uint32_t fd)
{
    struct fd_chunk **chunk = &p->fds[fd / FD_CHUNK];
    if (*chunk == NULL) {
        *chunk = mem_alloc(&p->sys->memory, sizeof(**chunk), MEM_CORE);
    }
    return *chunk;
}

static void put_at(struct fd_chunk *chunk, uint32_t fd, struct file *f, bool cloexec)
{
    uint64_t bit = (uint64_t)1 << fd % FD_CHUNK;
    chunk->open |= bit;
    chunk->cloexec = cloexec ? chunk->cloexec | bit : chunk->cloexec & ~bit;
    chunk->file[fd % FD_CHUNK] = f;
}

int64_t fd_install(struct process *p, struct file *f, uint32_t from, bool cloexec)
{
    uint32_t limit = fd_limit(p);
    for (uint32_t fd = from; fd < limit; fd = (fd / FD_CHUNK + 1) * FD_CHUNK) {
        struct fd_chunk *chunk = chunk_for(p, fd);
        if (chunk == NULL) {
            return -E_NOMEM;
        }
        uint64_t free = ~chunk->open & (UINT64_MAX << fd % FD_CHUNK);
        if (free == 0) {
            continue;
        }
        fd = fd / FD_CHUNK * FD_CHUNK + (uint32_t)__builtin_ctzll(free);
        if (fd >= limit) {
            break;
        }
        put_at(chunk, fd, f, cloexec);
        return fd;
    }
    return -E_MFILE;
}

void fd_close(struct process *p, uint32_t fd)
{
    struct fd_chunk *chunk = p->fds[fd / FD_CHUNK];
    struct file *f = chunk->file[fd % FD_CHUNK];
    uint64_t bit = (uint64_t)1 << fd % FD_CHUNK;
    chunk->open &= ~bit;
    chunk->cloexec &= ~bit;
    chunk->file[fd % FD_CHUNK] = NULL;
    if (UNLIKELY(f->inode->locks != NULL)) {
        locks_drop_process(f->inode, p);
    }
    file_put(f);
}

/** Closes every number whose bit is in `which` of its chunk. */
static void close_bits(struct process *p, uint32_t chunk_index, uint64_t which)
{
    while (which != 0) {
        fd_close(p, chunk_index * FD_CHUNK + (uint32_t)__builtin_ctzll(which));
        which &= which - 1;
    }
}

void fds_close_all(struct process *p)
{
    for (uint32_t i = 0; i < FD_CHUNKS; i++) {
        if (p->fds[i] != NULL) {
            close_bits(p, i, p->fds[i]->open);
            mem_free(&p->sys->memory, p->fds[i]);
            p->fds[i] = NULL;
        }
    }
}

void fds_close_on_exec(struct process *p)
{
    for (uint32_t i = 0; i < FD_CHUNKS; i++) {
        if (p->fds[i] != NULL) {
            close_bits(p, i, p->fds[i]->open & p->fds[i]->cloexec);
        }
    }
}

bool fds_clone(struct process *child, const struct process *parent)
{
    for (uint32_t i = 0; i < FD_CHUNKS; i++) {
        const struct fd_chunk *from = parent->fds[i];
        if (from == NULL || from->open == 0) {
            continue;
        }
        struct fd_chunk *to = chunk_for(child, i * FD_CHUNK);
        if (to == NULL) {
            return false;
        }
        to->open = from->open;
        to->cloexec = from->cloexec;
        for (uint64_t rest = from->open; rest != 0; rest &= rest - 1) {
            uint32_t slot = (uint32_t)__builtin_ctzll(rest);
            to->file[slot] = file_get(from->file[slot]);
        }
    }
    return true;
}

uint32_t fd_count(const struct process *p)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < FD_CHUNKS; i++) {
        count += p->fds[i] == NULL ? 0 : (uint32_t)__builtin_popcountll(p->fds[i]->open);
    }
    return count;
}

/* ---- calls ------------------------------------------------------------------------------------------------------- */

int64_t call_close(struct thread *t, const uint64_t *a)
{
    if (fd_file_or_path(t->proc, a[0]) == NULL) {
        return -E_BADF;
    }
    fd_close(t->proc, (uint32_t)a[0]);
    return 0;
}

static int64_t duplicate(struct process *p, struct file *f, uint32_t from, bool cloexec)
{
    int64_t fd = fd_install(p, file_get(f), from, cloexec);
    if (fd < 0) {
        file_put(f);
    }
    return fd;
}

int64_t call_dup(struct thread *t, const uint64_t *a)
{
    struct file *f = fd_file_or_path(t->proc, a[0]);
    return f == NULL ? -E_BADF : duplicate(t->proc, f, 0, false);
}

int64_t call_dup3(struct thread *t, const uint64_t *a)
{
    struct process *p = t->proc;
    uint32_t from = (uint32_t)a[0], to = (uint32_t)a[1];
    if ((a[2] & ~(uint64_t)O_CLOEXEC_) != 0 || from == to) {
        return -E_INVAL;
    }
    struct file *f = fd_file_or_path(p, from);
    if (f == NULL || to >= fd_limit(p)) {
        return -E_BADF;
    }
    struct fd_chunk *chunk = chunk_for(p, to);
    if (chunk == NULL) {
        return -E_NOMEM;
    }
    (void)file_get(f);
    if (chunk->file[to % FD_CHUNK] != NULL) {
        fd_close(p, to);
    }
    put_at(chunk, to, f, (a[2] & O_CLOEXEC_) != 0);
    return to;
}

int64_t call_close_range(struct thread *t, const uint64_t *a)
{
    struct process *p = t->proc;
    uint32_t first = (uint32_t)a[0], last = (uint32_t)a[1];
    if (first > last || (a[2] & ~(uint64_t)(CLOSE_RANGE_UNSHARE_ | CLOSE_RANGE_CLOEXEC_)) != 0) {
        return -E_INVAL;
    }
    for (uint32_t fd = first; fd <= last && fd < LINUX_FDS_MAX; fd++) {
        if (fd_file_or_path(p, fd) == NULL) {
            continue;
        }
        if ((a[2] & CLOSE_RANGE_CLOEXEC_) != 0) {
            p->fds[fd / FD_CHUNK]->cloexec |= (uint64_t)1 << fd % FD_CHUNK;
        } else {
            fd_close(p, fd);
        }
    }
    return 0;
}

#define SETTABLE_FLAGS (O_APPEND_ | O_NONBLOCK_ | O_ASYNC_ | O_DIRECT_ | O_NOATIME_)

static int64_t fcntl_pipe_size(const struct file *f, uint64_t command, uint64_t argument)
{
    if (f->ops != &pipe_ops) {
        return -E_BADF;
    }
    return command == FCNTL_SETPIPE_SZ && (uint32_t)argument > LINUX_PIPE_BYTES ? -E_PERM : (int64_t)LINUX_PIPE_BYTES;
}

int64_t call_fcntl(struct thread *t, const uint64_t *a)
{
    struct process *p = t->proc;
    struct file *f = fd_file_or_path(p, a[0]);
    if (f == NULL) {
        return -E_BADF;
    }
    struct fd_chunk *chunk = p->fds[(uint32_t)a[0] / FD_CHUNK];
    uint64_t bit = (uint64_t)1 << (uint32_t)a[0] % FD_CHUNK;
    bool is_path = (f->flags & O_PATH_) != 0;
    switch (a[1]) {
    case FCNTL_DUPFD:
    case FCNTL_DUPFD_CLOEXEC:
        return a[2] >= fd_limit(p) ? -E_INVAL : duplicate(p, f, (uint32_t)a[2], a[1] == FCNTL_DUPFD_CLOEXEC);
    case FCNTL_GETFD:
        return (chunk->cloexec & bit) != 0 ? (int64_t)FD_CLOEXEC_ : 0;
    case FCNTL_SETFD:
        chunk->cloexec = (a[2] & FD_CLOEXEC_) != 0 ? chunk->cloexec | bit : chunk->cloexec & ~bit;
        return 0;
    case FCNTL_GETFL:
        return f->flags;
    case FCNTL_SETFL:
        if (is_path) {
            return -E_BADF;
        }
        f->flags = (f->flags & ~SETTABLE_FLAGS) | ((uint32_t)a[2] & SETTABLE_FLAGS);
        return 0;
    case FCNTL_GETLK:
    case FCNTL_SETLK:
    case FCNTL_SETLKW:
    case FCNTL_OFD_GETLK:
    case FCNTL_OFD_SETLK:
    case FCNTL_OFD_SETLKW:
        return is_path ? -E_BADF : lock_fcntl(t, f, a[1], a[2]);
    case FCNTL_GETOWN:
    case FCNTL_SETOWN:
        return is_path ? -E_BADF : 0;
    case FCNTL_SETPIPE_SZ:
    case FCNTL_GETPIPE_SZ:
        return is_path ? -E_BADF : fcntl_pipe_size(f, a[1], a[2]);
    default:
        return -E_INVAL;
    }
}
