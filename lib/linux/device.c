/* SPDX-License-Identifier: MIT */
/**
 * Device: null, zero, full, random and urandom; which numbers mean the terminal.
 * Owns:   nothing.    Uses: filedata.c, tty.c, ops->random.
 * Source: man-pages null(4), full(4), random(4), tty(4), console(4); Linux admin-guide/devices (numbers)
 */
#include "files.h"

#define DEVICE(major, minor) ((uint64_t)(major) << 8 | (minor))

static int64_t null_read(struct thread *t, struct file *f, struct uio *io, uint64_t *position)
{
    (void)t;
    (void)f;
    (void)io;
    (void)position;
    return 0;
}

static int64_t null_write(struct thread *t, struct file *f, struct uio *io, uint64_t *position)
{
    (void)t;
    (void)f;
    (void)position;
    return (int64_t)io->left_bytes;
}

static int64_t zero_read(struct thread *t, struct file *f, struct uio *io, uint64_t *position)
{
    (void)t;
    (void)f;
    (void)position;
    return uio_result(io, uio_zero(io, (size_t)io->left_bytes));
}

static int64_t full_write(struct thread *t, struct file *f, struct uio *io, uint64_t *position)
{
    (void)t;
    (void)f;
    (void)position;
    return io->left_bytes == 0 ? 0 : -E_NOSPC;
}

static int64_t random_read(struct thread *t, struct file *f, struct uio *io, uint64_t *position)
{
    size_t part;
    uint64_t done = 0;
    (void)f;
    (void)position;
    while (done < LINUX_RANDOM_BYTES_MAX) {
        uint8_t *to = uio_pin(io, PAGE_BYTES, true, &part);
        if (to == NULL) {
            break;
        }
        t->sys->ops->random(t->sys->env, to, part);
        uio_advance(io, part);
        done += part;
    }
    return uio_result(io, done);
}

static uint32_t device_poll(struct file *f, struct wait_queue *queues[2])
{
    (void)f;
    (void)queues;
    return POLLIN_ | POLLOUT_ | POLLRDNORM_ | POLLWRNORM_;
}

const struct file_ops null_ops = {.read = null_read, .write = null_write, .poll = device_poll};
const struct file_ops zero_ops = {.read = zero_read, .write = null_write, .poll = device_poll};
const struct file_ops full_ops = {.read = zero_read, .write = full_write, .poll = device_poll};
/* What is written to random is accepted and not used: the generator does not need it. */
const struct file_ops random_ops = {.read = random_read, .write = null_write, .poll = device_poll};

const struct file_ops *device_ops(struct process *p, const struct inode *n, int64_t *error)
{
    switch (n->rdev) {
    case DEVICE(1, 3):
        return &null_ops;
    case DEVICE(1, 5):
        return &zero_ops;
    case DEVICE(1, 7):
        return &full_ops;
    case DEVICE(1, 8):
    case DEVICE(1, 9):
        return &random_ops;
    case DEVICE(5, 0): /* /dev/tty: the controlling terminal */
        *error = p->tty == NULL ? -E_NXIO : 0;
        return p->tty == NULL ? NULL : &tty_ops;
    case DEVICE(5, 1):    /* /dev/console */
    case DEVICE(204, 64): /* /dev/ttyAMA0 */
        return &tty_ops;
    default:
        *error = -E_NXIO;
        return NULL;
    }
}

/** A session leader without a terminal gets the first free one that it opens; /dev/console never becomes one that way. */
void device_opened(struct process *p, const struct inode *n, uint32_t flags)
{
    struct tty *tty = &p->sys->console;
    bool is_terminal = n->rdev == DEVICE(204, 64);
    if (is_terminal && (flags & (O_NOCTTY_ | O_PATH_)) == 0 && p->pid == p->sid && p->tty == NULL && tty->sid == 0) {
        tty->sid = p->sid;
        tty->pgid = p->pgid;
        p->tty = tty;
    }
}
