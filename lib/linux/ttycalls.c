/* SPDX-License-Identifier: MIT */
/**
 * Ttycalls: what programs do with the terminal: reading, writing, its settings, and job control.
 * Owns:   nothing.    Uses: tty.c, process.c.
 * Limits: one terminal; output drains by itself, so nothing waits for it to be sent.
 * Source: man-pages ioctl_tty(2), termios(3); POSIX.1-2017 section 11.1.4 (access control)
 */
#include "calls.h"
#include "files.h"
#include "tty.h"

#define TENTH_NS ((uint64_t)NS_PER_S / 10)

/** Whether a process may read, write or change the terminal now; in the background its group gets `signal` instead. */
static int64_t check_foreground(struct thread *t, const struct tty *tty, uint32_t signal)
{
    struct process *p = t->proc;
    if (p->tty != tty || tty->pgid == 0 || p->pgid == tty->pgid) {
        return 0;
    }
    if ((t->blocked & SIGNAL_BIT(signal)) != 0 || signal_is_ignored(p, signal)) {
        return signal == SIGTTIN_ ? -E_IO : 0;
    }
    if (group_is_orphaned(t->sys, p->pgid, NULL)) {
        return -E_IO;
    }
    signal_group(t->sys, p->pgid, signal);
    return -E_RESTARTSYS;
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

/** Gives one line, or as much of it as fits; the mark of an end of file is taken and not given. */
static uint64_t give_line(struct tty *tty, struct uio *io)
{
    uint64_t done = 0;
    while (tty->read != tty->ready) {
        bool is_end = tty_is_end(tty, tty->read), is_eof = tty_is_eof(tty, tty->read);
        if (!is_eof) {
            if (uio_put(io, &tty->input[tty->read % LINUX_TTY_BYTES], 1) == 0) {
                break;
            }
            done++;
        }
        tty->read++;
        if (is_end) {
            tty->line_count--;
            break;
        }
    }
    return done;
}

static uint64_t give_bytes(struct tty *tty, struct uio *io)
{
    uint64_t done = 0;
    while (tty->read != tty->ready && uio_put(io, &tty->input[tty->read % LINUX_TTY_BYTES], 1) == 1) {
        tty->read++;
        done++;
    }
    return done;
}

static int64_t wait_for_input(struct thread *t, struct tty *tty, uint64_t deadline_ns)
{
    if (signal_waits(t)) {
        return -E_RESTARTSYS;
    }
    if (!wait_on(t, &tty->readers, 0)) {
        return -E_NOMEM;
    }
    wait_until(t, deadline_ns);
    return RESULT_BLOCK;
}

/** Raw mode: VMIN bytes, or VTIME tenths of a second. done_bytes keeps how many were there when the time was last set. */
static int64_t read_raw(struct thread *t, struct tty *tty, struct uio *io, bool nonblock)
{
    uint32_t there = tty->ready - tty->read;
    uint8_t min = tty->termios.cc[VMIN_];
    uint64_t time_ns = tty->termios.cc[VTIME_] * TENTH_NS, deadline = NEVER_NS;
    uint64_t enough = min == 0 ? 1 : min < io->left_bytes ? min : io->left_bytes;
    bool is_over = t->call.again && time_now(t->sys) >= t->call.deadline_ns;
    if (there >= enough || is_over || (min == 0 && time_ns == 0) || (nonblock && there > 0)) {
        return uio_result(io, give_bytes(tty, io));
    }
    if (nonblock) {
        return -E_AGAIN;
    }
    if (time_ns != 0 && (min == 0 || there > 0)) {
        bool runs = t->call.again && t->call.done_bytes == there && t->call.deadline_ns != NEVER_NS;
        deadline = runs ? t->call.deadline_ns : time_now(t->sys) + time_ns;
    }
    t->call.done_bytes = there;
    t->call.deadline_ns = deadline;
    return wait_for_input(t, tty, deadline);
}

static int64_t tty_read(struct thread *t, struct file *f, struct uio *io, uint64_t *position)
{
    struct tty *tty = &t->sys->console;
    bool nonblock = (f->flags & O_NONBLOCK_) != 0;
    (void)position;
    int64_t error = check_foreground(t, tty, SIGTTIN_);
    if (error != 0 || io->left_bytes == 0) {
        return error;
    }
    if ((tty->termios.lflag & ICANON_) == 0) {
        return read_raw(t, tty, io, nonblock);
    }
    if (tty->line_count > 0) {
        return uio_result(io, give_line(tty, io));
    }
    return nonblock ? -E_AGAIN : wait_for_input(t, tty, NEVER_NS);
}

/* ---- writing ----------------------------------------------------------------------------------------------------- */

static uint64_t write_some(struct tty *tty, struct uio *io)
{
    uint64_t done = 0;
    size_t part;
    for (const uint8_t *from = uio_pin(io, PAGE_BYTES, false, &part); from != NULL;
         from = uio_pin(io, PAGE_BYTES, false, &part)) {
        size_t taken = tty_output(tty, from, part);
        uio_advance(io, taken);
        done += taken;
        if (taken < part) {
            break;
        }
    }
    tty_flush_output(tty);
    return done;
}

static int64_t tty_write(struct thread *t, struct file *f, struct uio *io, uint64_t *position)
{
    struct tty *tty = &t->sys->console;
    bool is_ours = io->mm == NULL; /* within the server: short, instead of waiting inside */
    uint64_t before = t->call.again && !is_ours ? t->call.done_bytes : 0;
    (void)position;
    if ((tty->termios.lflag & TOSTOP_) != 0) {
        int64_t error = check_foreground(t, tty, SIGTTOU_);
        if (error != 0) {
            return error;
        }
    }
    uio_skip(io, before);
    uint64_t done = before + write_some(tty, io);
    if (io->left_bytes == 0 || io->has_faulted) {
        return uio_result(io, done);
    }
    if ((f->flags & O_NONBLOCK_) != 0 || (is_ours && done > 0)) {
        return done > 0 ? (int64_t)done : -E_AGAIN;
    }
    if (signal_waits(t)) {
        return done > 0 ? (int64_t)done : -E_RESTARTSYS;
    }
    if (!wait_on(t, &tty->writers, 0)) {
        return done > 0 ? (int64_t)done : -E_NOMEM;
    }
    if (!is_ours) {
        t->call.done_bytes = done;
    }
    return RESULT_BLOCK;
}

static uint32_t tty_poll(struct file *f, struct wait_queue *queues[2])
{
    struct tty *tty = &f->sys->console;
    uint8_t min = tty->termios.cc[VMIN_];
    uint32_t enough = tty->termios.cc[VTIME_] == 0 && min != 0 ? min : 1;
    bool canonical = (tty->termios.lflag & ICANON_) != 0;
    bool readable = canonical ? tty->line_count > 0 : tty->ready - tty->read >= enough;
    queues[0] = &tty->readers;
    queues[1] = &tty->writers;
    return (readable ? POLLIN_ | POLLRDNORM_ : 0) | (tty_has_room(tty) ? POLLOUT_ | POLLWRNORM_ : 0);
}

/* ---- settings ---------------------------------------------------------------------------------------------------- */

static int64_t set_termios(struct thread *t, struct tty *tty, uint32_t request, uint64_t argument)
{
    struct abi_termios wanted;
    int64_t error = check_foreground(t, tty, SIGTTOU_);
    if (error != 0) {
        return error;
    }
    if (!user_read(t->proc->mm, &wanted, argument, sizeof(wanted))) {
        return -E_FAULT;
    }
    if (request == TCSETSF_) {
        tty_flush_input(tty);
    }
    tty_set_termios(tty, &wanted);
    return 0;
}

static int64_t flush(struct thread *t, struct tty *tty, uint64_t which)
{
    int64_t error = check_foreground(t, tty, SIGTTOU_);
    if (error != 0) {
        return error;
    }
    if (which > 2) {
        return -E_INVAL;
    }
    if (which != 1) {
        tty_flush_input(tty);
    }
    if (which != 0) {
        tty_drop_output(tty);
    }
    return 0;
}

static int64_t flow(struct thread *t, struct tty *tty, uint64_t action)
{
    int64_t error = check_foreground(t, tty, SIGTTOU_);
    if (error == 0 && action > 3) {
        error = -E_INVAL;
    }
    if (error == 0 && action < 2) {
        tty_set_stopped(tty, action == 0);
    }
    return error;
}

static int64_t set_window(struct thread *t, struct tty *tty, uint64_t argument)
{
    struct abi_winsize window;
    if (!user_read(t->proc->mm, &window, argument, sizeof(window))) {
        return -E_FAULT;
    }
    tty_resize(tty, &window);
    return 0;
}

/* ---- sessions and groups ----------------------------------------------------------------------------------------- */

static int64_t set_foreground(struct thread *t, struct tty *tty, uint64_t argument)
{
    struct process *p = t->proc;
    int32_t pgid;
    int64_t error = p->tty == tty ? check_foreground(t, tty, SIGTTOU_) : 0;
    if (error != 0) {
        return error;
    }
    if (p->tty != tty || tty->sid != p->sid) {
        return -E_NOTTY;
    }
    if (!user_read(p->mm, &pgid, argument, sizeof(pgid))) {
        return -E_FAULT;
    }
    if (pgid < 0) {
        return -E_INVAL;
    }
    if (!group_in_session(t->sys, (uint32_t)pgid, p->sid)) {
        return group_exists(t->sys, (uint32_t)pgid) ? -E_PERM : -E_SRCH;
    }
    tty->pgid = (uint32_t)pgid;
    return 0;
}

static int64_t set_controlling(struct thread *t, struct tty *tty, bool steals)
{
    struct process *p = t->proc;
    if (p->pid == p->sid && p->tty == tty && tty->sid == p->sid) {
        return 0;
    }
    if (p->pid != p->sid || p->tty != NULL) {
        return -E_PERM;
    }
    if (tty->sid != 0) {
        if (!steals || !cred_is_root(&p->cred)) {
            return -E_PERM;
        }
        session_lose_terminal(t->sys, tty->sid);
    }
    tty->sid = p->sid;
    tty->pgid = p->pgid;
    p->tty = tty;
    return 0;
}

static int64_t give_up_terminal(struct thread *t, struct tty *tty)
{
    struct process *p = t->proc;
    if (p->tty != tty) {
        return -E_NOTTY;
    }
    if (p->pid == p->sid) {
        session_hang_up(p);
    }
    p->tty = NULL;
    return 0;
}

static int64_t tty_ioctl(struct thread *t, struct file *f, uint32_t request, uint64_t argument)
{
    struct tty *tty = &f->sys->console;
    struct process *p = t->proc;
    struct mm *mm = p->mm;
    switch (request) {
    case TCGETS_:
        return user_write(mm, argument, &tty->termios, sizeof(tty->termios)) ? 0 : -E_FAULT;
    case TCSETS_:
    case TCSETSW_:
    case TCSETSF_:
        return set_termios(t, tty, request, argument);
    case TCSBRK_:
    case TCSBRKP_:
    case TIOCEXCL_:
    case TIOCNXCL_:
        return 0;
    case TCXONC_:
        return flow(t, tty, argument);
    case TCFLSH_:
        return flush(t, tty, argument);
    case TIOCGWINSZ_:
        return user_write(mm, argument, &tty->window, sizeof(tty->window)) ? 0 : -E_FAULT;
    case TIOCSWINSZ_:
        return set_window(t, tty, argument);
    case TIOCSCTTY_:
        return set_controlling(t, tty, argument == 1);
    case TIOCNOTTY_:
        return give_up_terminal(t, tty);
    case TIOCGPGRP_:
        return p->tty != tty ? -E_NOTTY : user_write_u32(mm, argument, tty->pgid) ? 0 : -E_FAULT;
    case TIOCSPGRP_:
        return set_foreground(t, tty, argument);
    case TIOCGSID_:
        return p->tty != tty ? -E_NOTTY : user_write_u32(mm, argument, tty->sid) ? 0 : -E_FAULT;
    case TIOCOUTQ_:
        return user_write_u32(mm, argument, tty->out_write - tty->out_read) ? 0 : -E_FAULT;
    case FIONREAD_:
        return user_write_u32(mm, argument, tty->ready - tty->read) ? 0 : -E_FAULT;
    default:
        return -E_NOTTY;
    }
}

const struct file_ops tty_ops = {.read = tty_read, .write = tty_write, .poll = tty_poll, .ioctl = tty_ioctl};
