/* SPDX-License-Identifier: MIT */
/**
 * Pipe: pipes and FIFOs: a ring of LINUX_PIPE_BYTES in pages that exist while they hold something.
 * Owns:   struct pipe.    Uses: wait.c, fd.c.
 * Limits: writes of up to PIPE_BUF bytes are not torn. Room is counted in bytes, so a pipe never holds less than on Linux.
 * Source: man-pages pipe(7), fifo(7)
 */
#include "calls.h"
#include "files.h"

#define PIPE_PAGES (LINUX_PIPE_BYTES / PAGE_BYTES)
#define PIPE_BUF_ 4096u

struct pipe {
    struct linux_system *sys;
    uint8_t *pages[PIPE_PAGES];
    uint32_t head, tail; /* free-running: bytes [tail, head) are in the ring */
    uint32_t readers, writers;
    uint32_t reader_opens, writer_opens;
    struct wait_queue readable, writable;
};

static uint32_t used_bytes(const struct pipe *pipe)
{
    return pipe->head - pipe->tail;
}

static struct pipe *pipe_new(struct linux_system *sys)
{
    struct pipe *pipe = mem_alloc(&sys->memory, sizeof(*pipe), MEM_CORE);
    if (pipe != NULL) {
        pipe->sys = sys;
        wait_queue_init(&pipe->readable);
        wait_queue_init(&pipe->writable);
    }
    return pipe;
}

static void pipe_free(struct pipe *pipe)
{
    for (uint32_t i = 0; i < PIPE_PAGES; i++) {
        if (pipe->pages[i] != NULL) {
            page_free(&pipe->sys->memory, pipe->pages[i]);
        }
    }
    mem_free(&pipe->sys->memory, pipe);
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

/**
 * Gives back the page that was read to its end, unless the newest bytes already are at its start; an empty pipe starts
 * anew and keeps one page.
 */
static void consume(struct pipe *pipe, size_t len)
{
    uint32_t page = pipe->tail / PAGE_BYTES % PIPE_PAGES;
    uint32_t page_start = pipe->tail - pipe->tail % PAGE_BYTES;
    bool is_shared = pipe->head - page_start > LINUX_PIPE_BYTES;
    pipe->tail += (uint32_t)len;
    if (pipe->tail == pipe->head) {
        uint8_t *kept = pipe->pages[page];
        pipe->pages[page] = NULL;
        pipe->pages[0] = kept;
        pipe->head = pipe->tail = 0;
    } else if (pipe->tail % PAGE_BYTES == 0 && !is_shared) {
        page_free(&pipe->sys->memory, pipe->pages[page]);
        pipe->pages[page] = NULL;
    }
}

static uint64_t take_bytes(struct pipe *pipe, struct uio *io)
{
    uint64_t done = 0;
    while (used_bytes(pipe) > 0 && io->left_bytes > 0) {
        uint32_t at = pipe->tail % PAGE_BYTES;
        uint32_t part = PAGE_BYTES - at < used_bytes(pipe) ? PAGE_BYTES - at : used_bytes(pipe);
        size_t moved = uio_put(io, pipe->pages[pipe->tail / PAGE_BYTES % PIPE_PAGES] + at, part);
        if (moved == 0) {
            break;
        }
        consume(pipe, moved);
        done += moved;
    }
    return done;
}

static int64_t pipe_read(struct thread *t, struct file *f, struct uio *io, uint64_t *position)
{
    struct pipe *pipe = f->inode->pipe;
    (void)position;
    if (io->left_bytes == 0) {
        return 0;
    }
    if (used_bytes(pipe) > 0) {
        uint64_t done = take_bytes(pipe, io);
        wake_all(&pipe->writable);
        return uio_result(io, done);
    }
    if (pipe->writers == 0) {
        return 0;
    }
    if ((f->flags & O_NONBLOCK_) != 0) {
        return -E_AGAIN;
    }
    if (signal_waits(t)) {
        return -E_RESTARTSYS;
    }
    return wait_on(t, &pipe->readable, 0) ? RESULT_BLOCK : -E_NOMEM;
}

/* ---- writing ----------------------------------------------------------------------------------------------------- */

/** Moves what there is room for. Stops short at a fault or when memory ends (`*no_memory`). */
static uint64_t put_bytes(struct pipe *pipe, struct uio *io, bool *no_memory)
{
    uint64_t done = 0;
    while (used_bytes(pipe) < LINUX_PIPE_BYTES && io->left_bytes > 0) {
        uint8_t **page = &pipe->pages[pipe->head / PAGE_BYTES % PIPE_PAGES];
        if (*page == NULL) {
            *page = page_alloc(&pipe->sys->memory, MEM_CORE);
        }
        if (*page == NULL) {
            *no_memory = true;
            break;
        }
        uint32_t at = pipe->head % PAGE_BYTES, room = LINUX_PIPE_BYTES - used_bytes(pipe);
        size_t moved = uio_get(io, *page + at, PAGE_BYTES - at < room ? PAGE_BYTES - at : room);
        if (moved == 0) {
            break;
        }
        pipe->head += (uint32_t)moved;
        done += moved;
    }
    return done;
}

static int64_t broken_pipe(struct thread *t, uint64_t done)
{
    struct signal_info info;
    signal_info_user(&info, t->proc, SIGPIPE_, SI_USER_);
    (void)signal_thread(t, &info);
    return done > 0 ? (int64_t)done : -E_PIPE;
}

/** Nothing more fits: say so, or wait. A transfer within the server takes a short count instead of waiting inside. */
static int64_t pipe_is_full(struct thread *t, struct file *f, const struct uio *io, uint64_t done)
{
    struct pipe *pipe = f->inode->pipe;
    if (io->mm == NULL && done > 0) {
        return (int64_t)done;
    }
    if ((f->flags & O_NONBLOCK_) != 0) {
        return done > 0 ? (int64_t)done : -E_AGAIN;
    }
    if (signal_waits(t)) {
        return done > 0 ? (int64_t)done : -E_RESTARTSYS;
    }
    if (!wait_on(t, &pipe->writable, 0)) {
        return done > 0 ? (int64_t)done : -E_NOMEM;
    }
    if (io->mm != NULL) {
        t->call.done_bytes = done;
    }
    return RESULT_BLOCK;
}

static int64_t pipe_write(struct thread *t, struct file *f, struct uio *io, uint64_t *position)
{
    struct pipe *pipe = f->inode->pipe;
    bool is_atomic = io->left_bytes <= PIPE_BUF_, no_memory = false;
    uint64_t done = t->call.again && io->mm != NULL ? t->call.done_bytes : 0;
    (void)position;
    if (!t->call.again && io->mm != NULL) {
        t->call.done_bytes = 0;
    }
    if (io->left_bytes == 0) {
        return 0;
    }
    uio_skip(io, done);
    if (pipe->readers == 0) {
        return broken_pipe(t, done);
    }
    uint32_t room = LINUX_PIPE_BYTES - used_bytes(pipe);
    if (!is_atomic || room >= io->left_bytes) {
        uint64_t moved = put_bytes(pipe, io, &no_memory);
        if (moved > 0) {
            wake_all(&pipe->readable);
        }
        done += moved;
    }
    if (io->left_bytes == 0 || io->has_faulted) {
        return uio_result(io, done);
    }
    if (no_memory) {
        return done > 0 ? (int64_t)done : -E_NOMEM;
    }
    return pipe_is_full(t, f, io, done);
}

/* ---- the rest of an open pipe ------------------------------------------------------------------------------------ */

static uint32_t pipe_poll(struct file *f, struct wait_queue *queues[2])
{
    struct pipe *pipe = f->inode->pipe;
    uint32_t events = 0;
    if (file_can_read(f)) {
        queues[0] = &pipe->readable;
        events |= used_bytes(pipe) > 0 ? POLLIN_ | POLLRDNORM_ : 0;
        events |= pipe->writers == 0 && f->position != pipe->writer_opens ? POLLHUP_ : 0;
    }
    if (file_can_write(f)) {
        queues[1] = &pipe->writable;
        events |= LINUX_PIPE_BYTES - used_bytes(pipe) >= PIPE_BUF_ ? POLLOUT_ | POLLWRNORM_ : 0;
        events |= pipe->readers == 0 ? POLLERR_ : 0;
    }
    return events;
}

static int64_t pipe_ioctl(struct thread *t, struct file *f, uint32_t request, uint64_t argument)
{
    if (request != FIONREAD_) {
        return -E_NOTTY;
    }
    return user_write_u32(t->proc->mm, argument, used_bytes(f->inode->pipe)) ? 0 : -E_FAULT;
}

static void pipe_release(struct file *f)
{
    struct pipe *pipe = f->inode->pipe;
    pipe->readers -= file_can_read(f) ? 1 : 0;
    pipe->writers -= file_can_write(f) ? 1 : 0;
    if (pipe->readers == 0 && pipe->writers == 0) {
        f->inode->pipe = NULL;
        pipe_free(pipe);
        return;
    }
    wake_all(&pipe->readable);
    wake_all(&pipe->writable);
}

const struct file_ops pipe_ops = {
    .read = pipe_read, .write = pipe_write, .poll = pipe_poll, .ioctl = pipe_ioctl, .release = pipe_release};

/* ---- opening ----------------------------------------------------------------------------------------------------- */

/** Counts a new open file. A reader remembers how many writers had come, and hangs up only after one more. */
static struct file *open_end(struct inode *n, uint32_t flags)
{
    struct pipe *pipe = n->pipe;
    struct file *f = file_new(n, flags, &pipe_ops);
    if (f == NULL) {
        return NULL;
    }
    f->position = pipe->writer_opens;
    if (file_can_read(f)) {
        pipe->readers++;
        pipe->reader_opens++;
    }
    if (file_can_write(f)) {
        pipe->writers++;
        pipe->writer_opens++;
    }
    return f;
}

/** Blocks until the other end was opened since; done_bytes keeps how often it had been. */
static int64_t await_other_end(struct thread *t, struct file *f, struct file **out)
{
    struct pipe *pipe = f->inode->pipe;
    bool reads = file_can_read(f);
    uint32_t others = reads ? pipe->writers : pipe->readers;
    uint32_t opens = reads ? pipe->writer_opens : pipe->reader_opens;
    if (others > 0 || (t->call.again && t->call.file == f && opens != (uint32_t)t->call.done_bytes)) {
        t->call.file = NULL;
        *out = f;
        return 0;
    }
    if (signal_waits(t) || !wait_on(t, reads ? &pipe->readable : &pipe->writable, 0)) {
        t->call.file = NULL;
        file_put(f);
        return signal_waits(t) ? -E_RESTARTSYS : -E_NOMEM;
    }
    t->call.file = f;
    t->call.done_bytes = opens;
    return RESULT_BLOCK;
}

int64_t pipe_open(struct thread *t, struct inode *n, uint32_t flags, struct file **out)
{
    uint32_t mode = flags & O_ACCMODE_;
    if (t->call.file != NULL) {
        return await_other_end(t, t->call.file, out);
    }
    if (mode == O_WRONLY_ && (flags & O_NONBLOCK_) != 0 && (n->pipe == NULL || n->pipe->readers == 0)) {
        return -E_NXIO;
    }
    if (n->pipe == NULL) {
        n->pipe = pipe_new(t->sys);
    }
    struct file *f = n->pipe == NULL ? NULL : open_end(n, flags);
    if (f == NULL) {
        if (n->pipe != NULL && n->pipe->readers == 0 && n->pipe->writers == 0) {
            pipe_free(n->pipe);
            n->pipe = NULL;
        }
        return -E_NFILE;
    }
    wake_all(&n->pipe->readable);
    wake_all(&n->pipe->writable);
    if (mode == O_RDWR_ || (mode == O_RDONLY_ && (flags & O_NONBLOCK_) != 0)) {
        *out = f;
        return 0;
    }
    return await_other_end(t, f, out);
}

void pipe_open_abort(struct thread *t)
{
    struct file *f = t->call.file;
    t->call.file = NULL;
    file_put(f);
}

int64_t call_pipe2(struct thread *t, const uint64_t *a)
{
    struct process *p = t->proc;
    uint32_t flags = (uint32_t)a[1];
    int32_t fds[2] = {-1, -1};
    int64_t error = 0;
    if ((flags & ~(O_CLOEXEC_ | O_NONBLOCK_ | O_DIRECT_)) != 0) {
        return -E_INVAL;
    }
    struct inode *n = inode_new(t->sys, FS_PIPE, S_IFIFO_ | 0600, &p->cred);
    if (n == NULL) {
        return -E_NFILE;
    }
    n->pipe = pipe_new(t->sys);
    for (uint32_t end = 0; end < 2 && error == 0; end++) {
        uint32_t mode = end == 0 ? O_RDONLY_ : O_WRONLY_;
        struct file *f = n->pipe == NULL ? NULL : open_end(n, mode | (flags & (O_NONBLOCK_ | O_DIRECT_)));
        if (f == NULL) {
            error = -E_NFILE;
            break;
        }
        int64_t fd = fd_install(p, f, 0, (flags & O_CLOEXEC_) != 0);
        fds[end] = (int32_t)fd;
        if (fd < 0) {
            error = fd;
            file_put(f);
        }
    }
    if (error == 0 && !user_write(p->mm, a[0], fds, sizeof(fds))) {
        error = -E_FAULT;
    }
    for (uint32_t end = 0; end < 2 && error != 0; end++) {
        if (fds[end] >= 0) {
            fd_close(p, (uint32_t)fds[end]);
        }
    }
    if (n->pipe != NULL && n->pipe->readers == 0 && n->pipe->writers == 0) {
        pipe_free(n->pipe);
        n->pipe = NULL;
    }
    inode_put(n);
    return error;
}

const char *pipe_invariant(const struct inode *n)
{
    const struct pipe *pipe = n->pipe;
    if (pipe == NULL) {
        return NULL;
    }
    if (used_bytes(pipe) > LINUX_PIPE_BYTES || (pipe->readers == 0 && pipe->writers == 0)) {
        return "a pipe exists while it is open and holds at most its ring";
    }
    uint32_t left = used_bytes(pipe);
    for (uint32_t at = pipe->tail; left > 0;) {
        uint32_t part = PAGE_BYTES - at % PAGE_BYTES < left ? PAGE_BYTES - at % PAGE_BYTES : left;
        if (pipe->pages[at / PAGE_BYTES % PIPE_PAGES] == NULL) {
            return "a pipe has the pages of what it holds";
        }
        at += part;
        left -= part;
    }
    return NULL;
}
