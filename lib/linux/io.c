/* SPDX-License-Identifier: MIT */
/**
 * Io: reading, writing and positioning, whatever the file is.
 * Owns:   linux_system.iov while a call runs.    Uses: fd.c and the file_ops of each kind.
 * Limits: IOV_MAX_ pieces; a call moves at most LINUX_IO_BYTES_MAX, so that nobody waits long for another's call.
 * Source: man-pages read(2), write(2), readv(2), lseek(2), sendfile(2)
 */
#include "calls.h"
#include "files.h"

enum direction { IO_READ, IO_WRITE };

static int64_t transfer(struct thread *t, struct file *f, enum direction direction, struct uio *io, uint64_t *position)
{
    if (direction == IO_READ) {
        if (!file_can_read(f)) {
            return -E_BADF;
        }
        return f->ops->read == NULL ? -E_INVAL : f->ops->read(t, f, io, position);
    }
    if (!file_can_write(f)) {
        return -E_BADF;
    }
    return f->ops->write == NULL ? -E_INVAL : f->ops->write(t, f, io, position);
}

static int64_t transfer_flat(struct thread *t, const uint64_t *a, enum direction direction, const uint64_t *position)
{
    if (position != NULL && (int64_t)*position < 0) {
        return -E_INVAL;
    }
    struct file *f = fd_file(t->proc, a[0]);
    if (UNLIKELY(f == NULL)) {
        return -E_BADF;
    }
    uint64_t len = a[2] < LINUX_IO_BYTES_MAX ? a[2] : LINUX_IO_BYTES_MAX;
    struct abi_iovec iov = {a[1], len};
    struct uio io = {.mm = t->proc->mm, .iov = &iov, .iov_count = 1, .left_bytes = len};
    if ((int64_t)a[2] < 0) {
        return -E_INVAL;
    }
    if (position == NULL) {
        return transfer(t, f, direction, &io, &f->position);
    }
    uint64_t at = *position;
    return f->ops->has_position ? transfer(t, f, direction, &io, &at) : -E_SPIPE;
}

static int64_t transfer_vector(struct thread *t, const uint64_t *a, enum direction direction, const uint64_t *position)
{
    struct linux_system *sys = t->sys;
    struct file *f = fd_file(t->proc, a[0]);
    uint64_t count = a[2], total = 0;
    if (position != NULL && (int64_t)*position < 0) {
        return -E_INVAL;
    }
    if (f == NULL) {
        return -E_BADF;
    }
    if (count > IOV_MAX_) {
        return -E_INVAL;
    }
    if (!user_read(t->proc->mm, sys->iov, a[1], (size_t)count * sizeof(sys->iov[0]))) {
        return -E_FAULT;
    }
    for (uint64_t i = 0; i < count; i++) {
        if ((int64_t)sys->iov[i].len < 0) {
            return -E_INVAL;
        }
        uint64_t room = LINUX_IO_BYTES_MAX - total;
        sys->iov[i].len = sys->iov[i].len < room ? sys->iov[i].len : room;
        total += sys->iov[i].len;
    }
    struct uio io = {.mm = t->proc->mm, .iov = sys->iov, .iov_count = (uint32_t)count, .left_bytes = total};
    if (position == NULL) {
        return transfer(t, f, direction, &io, &f->position);
    }
    uint64_t at = *position;
    return f->ops->has_position ? transfer(t, f, direction, &io, &at) : -E_SPIPE;
}

int64_t call_read(struct thread *t, const uint64_t *a)
{
    return transfer_flat(t, a, IO_READ, NULL);
}

int64_t call_write(struct thread *t, const uint64_t *a)
{
    return transfer_flat(t, a, IO_WRITE, NULL);
}

int64_t call_pread64(struct thread *t, const uint64_t *a)
{
    return transfer_flat(t, a, IO_READ, &a[3]);
}

int64_t call_pwrite64(struct thread *t, const uint64_t *a)
{
    return transfer_flat(t, a, IO_WRITE, &a[3]);
}

int64_t call_readv(struct thread *t, const uint64_t *a)
{
    return transfer_vector(t, a, IO_READ, NULL);
}

int64_t call_writev(struct thread *t, const uint64_t *a)
{
    return transfer_vector(t, a, IO_WRITE, NULL);
}

int64_t call_preadv(struct thread *t, const uint64_t *a)
{
    return transfer_vector(t, a, IO_READ, &a[3]);
}

int64_t call_pwritev(struct thread *t, const uint64_t *a)
{
    return transfer_vector(t, a, IO_WRITE, &a[3]);
}

/* ---- sendfile and copy_file_range -------------------------------------------------------------------------------- */

/** Moves from one file to another, a page at a time. `done` is what earlier runs moved before the writer had to wait. */
static int64_t move(struct thread *t, struct file *in, uint64_t *in_at, struct file *out, uint64_t *out_at, uint64_t len)
{
    struct linux_system *sys = t->sys;
    uint64_t done = t->call.again ? t->call.done_bytes : 0;
    int64_t result = 0;
    while (done < len) {
        uint64_t read_at = *in_at;
        size_t part = len - done < PAGE_BYTES ? (size_t)(len - done) : PAGE_BYTES;
        struct abi_iovec iov = {(uintptr_t)sys->bounce, part};
        struct uio from = {.iov = &iov, .iov_count = 1, .left_bytes = part};
        result = in->ops->read(t, in, &from, &read_at);
        if (result <= 0) {
            break;
        }
        iov.len = (uint64_t)result;
        struct uio to = {.iov = &iov, .iov_count = 1, .left_bytes = (uint64_t)result};
        result = transfer(t, out, IO_WRITE, &to, out_at);
        if (result <= 0) {
            break;
        }
        *in_at += (uint64_t)result;
        done += (uint64_t)result;
    }
    t->call.done_bytes = done;
    return result == RESULT_BLOCK ? result : done > 0 ? (int64_t)done : result;
}

/** Reads an optional position argument; NULL means the file's own. */
static int64_t position_argument(struct thread *t, uint64_t address, struct file *f, uint64_t *own, uint64_t **at)
{
    *at = address == 0 ? &f->position : own;
    if (address == 0) {
        return 0;
    }
    if (!user_read_u64(t->proc->mm, own, address)) {
        return -E_FAULT;
    }
    return (int64_t)*own < 0 ? -E_INVAL : 0;
}

int64_t call_sendfile(struct thread *t, const uint64_t *a)
{
    struct file *out = fd_file(t->proc, a[0]), *in = fd_file(t->proc, a[1]);
    uint64_t own = 0, *at;
    if (in == NULL || out == NULL || !file_can_read(in) || !file_can_write(out)) {
        return -E_BADF;
    }
    if (in->ops != &regular_ops && in->ops != &text_ops) {
        return -E_INVAL; /* a source that is not a file with pages: callers fall back to read and write */
    }
    if ((out->flags & O_APPEND_) != 0 || (int64_t)a[3] < 0) {
        return -E_INVAL;
    }
    int64_t error = position_argument(t, a[2], in, &own, &at);
    if (error != 0) {
        return error;
    }
    uint64_t len = a[3] < LINUX_IO_BYTES_MAX ? a[3] : LINUX_IO_BYTES_MAX;
    int64_t result = move(t, in, at, out, &out->position, len);
    if (a[2] != 0 && !user_write(t->proc->mm, a[2], &own, sizeof(own))) {
        return -E_FAULT;
    }
    return result;
}

int64_t call_copy_file_range(struct thread *t, const uint64_t *a)
{
    struct file *in = fd_file(t->proc, a[0]), *out = fd_file(t->proc, a[2]);
    uint64_t in_own = 0, out_own = 0, *in_at, *out_at = NULL;
    if (in == NULL || out == NULL || !file_can_read(in) || !file_can_write(out) || (out->flags & O_APPEND_) != 0) {
        return -E_BADF;
    }
    if (in->ops != &regular_ops || out->ops != &regular_ops || a[5] != 0) {
        return -E_INVAL;
    }
    int64_t error = position_argument(t, a[1], in, &in_own, &in_at);
    error = error != 0 ? error : position_argument(t, a[3], out, &out_own, &out_at);
    if (error != 0) {
        return error;
    }
    uint64_t len = a[4] < LINUX_IO_BYTES_MAX ? a[4] : LINUX_IO_BYTES_MAX;
    bool overlaps = in->inode == out->inode && *in_at < *out_at + len && *out_at < *in_at + len;
    if (overlaps) {
        return -E_INVAL;
    }
    int64_t result = move(t, in, in_at, out, out_at, len);
    if ((a[1] != 0 && !user_write(t->proc->mm, a[1], &in_own, sizeof(in_own))) ||
        (a[3] != 0 && !user_write(t->proc->mm, a[3], &out_own, sizeof(out_own)))) {
        return -E_FAULT;
    }
    return result;
}

/* ---- positions and sizes ----------------------------------------------------------------------------------------- */

/** The first byte at or after `position` that is data (or a hole); the size counts as a hole. */
static int64_t seek_data_or_hole(struct inode *n, uint64_t position, bool wants_data)
{
    if (position >= n->size) {
        return -E_NXIO;
    }
    if (on_volume(n)) {
        return volume_seek(n, position, wants_data);
    }
    uint64_t index = position / PAGE_BYTES, object_pages = align_up(n->object_bytes, PAGE_BYTES) / PAGE_BYTES;
    if (wants_data) {
        uint64_t next = index < object_pages ? index : data_next(&n->data, index);
        uint64_t at = next == UINT64_MAX ? n->size : next * PAGE_BYTES;
        at = at < position ? position : at;
        return at >= n->size ? -E_NXIO : (int64_t)at;
    }
    while (index * PAGE_BYTES < n->size && (index < object_pages || data_page(&n->data, index) != NULL)) {
        index++;
    }
    uint64_t at = index * PAGE_BYTES;
    at = at < position ? position : at;
    return (int64_t)(at < n->size ? at : n->size);
}

int64_t call_lseek(struct thread *t, const uint64_t *a)
{
    struct file *f = fd_file(t->proc, a[0]);
    if (f == NULL) {
        return -E_BADF;
    }
    if (a[2] > SEEK_HOLE_) {
        return -E_INVAL;
    }
    if (!f->ops->has_position) {
        return f->ops == &tty_ops || f->ops == &pipe_ops ? -E_SPIPE : 0; /* /dev/null and its like stay at 0 */
    }
    int64_t base = 0, sum;
    switch (a[2]) {
    case SEEK_SET_:
        break;
    case SEEK_CUR_:
        base = (int64_t)f->position;
        break;
    case SEEK_END_:
        if (inode_is_dir(f->inode)) {
            return -E_INVAL;
        }
        base = (int64_t)f->inode->size;
        break;
    case SEEK_DATA_:
    case SEEK_HOLE_:
        if (f->ops != &regular_ops) {
            return -E_INVAL;
        }
        sum = seek_data_or_hole(f->inode, a[1], a[2] == SEEK_DATA_);
        if (sum >= 0) {
            f->position = (uint64_t)sum;
        }
        return sum;
    default:
        return -E_INVAL;
    }
    if (__builtin_add_overflow(base, (int64_t)a[1], &sum)) {
        return -E_OVERFLOW;
    }
    if (sum < 0 || (f->ops == &regular_ops && (uint64_t)sum > LINUX_FILE_BYTES_MAX)) {
        return -E_INVAL;
    }
    f->position = (uint64_t)sum;
    return sum;
}

int64_t call_ioctl(struct thread *t, const uint64_t *a)
{
    struct file *f = fd_file(t->proc, a[0]);
    if (f == NULL) {
        return -E_BADF;
    }
    struct fd_chunk *chunk = t->proc->fds[(uint32_t)a[0] / FD_CHUNK];
    uint64_t bit = (uint64_t)1 << (uint32_t)a[0] % FD_CHUNK;
    uint32_t request = (uint32_t)a[1], on;
    switch (request) {
    case FIOCLEX_:
        chunk->cloexec |= bit;
        return 0;
    case FIONCLEX_:
        chunk->cloexec &= ~bit;
        return 0;
    case FIONBIO_:
        if (!user_read(t->proc->mm, &on, a[2], sizeof(on))) {
            return -E_FAULT;
        }
        f->flags = on != 0 ? f->flags | O_NONBLOCK_ : f->flags & ~O_NONBLOCK_;
        return 0;
    case FIOASYNC_:
        return -E_NOTTY;
    default:
        return f->ops->ioctl == NULL ? -E_NOTTY : f->ops->ioctl(t, f, request, a[2]);
    }
}

static int64_t sync_one(struct thread *t, uint64_t fd)
{
    struct file *f = fd_file(t->proc, fd);
    if (f == NULL) {
        return -E_BADF;
    }
    if (f->ops != &regular_ops && f->ops != &dir_ops) {
        return -E_INVAL;
    }
    return on_volume(f->inode) ? volume_sync(t->sys) : 0;
}

int64_t call_fsync(struct thread *t, const uint64_t *a)
{
    return sync_one(t, a[0]);
}

int64_t call_fdatasync(struct thread *t, const uint64_t *a)
{
    return sync_one(t, a[0]);
}

int64_t call_syncfs(struct thread *t, const uint64_t *a)
{
    const struct file *f = fd_file(t->proc, a[0]);
    return f == NULL ? -E_BADF : on_volume(f->inode) ? volume_sync(t->sys) : 0;
}

int64_t call_sync(struct thread *t, const uint64_t *a)
{
    (void)a;
    (void)volume_sync(t->sys); /* sync(2) has no errors */
    return 0;
}

enum { FADV_DONTNEED = 4, FADV_NOREUSE = 5 };

int64_t call_fadvise64(struct thread *t, const uint64_t *a)
{
    struct file *f = fd_file(t->proc, a[0]);
    if (f == NULL) {
        return -E_BADF;
    }
    if (f->ops == &regular_ops && on_volume(f->inode) && a[3] == FADV_DONTNEED && a[1] == 0 && a[2] == 0) {
        volume_drop_pages(f->inode);
    }
    return f->ops == &pipe_ops ? -E_SPIPE : a[3] > FADV_NOREUSE ? -E_INVAL : 0;
}
