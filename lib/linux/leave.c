/* SPDX-License-Identifier: MIT */
/**
 * Leave: from a decided call back to user code. Here and nowhere else signals take effect: a thread that is about to leave
 * dies, parks because its process is stopped, gets a handler's frame, or has its call decided again.
 * Owns:   the ready list while an entry point runs.    Uses: signal.c, sigframe.c, process.c.
 * Limits: an entry point ends when the ready list is empty: each thread on it finishes its call or blocks.
 * Source: docs/design/linux-signals.md; man-pages signal(7), "Interruption of system calls"
 */
#include "core.h"

static void leave_as(struct thread *t, enum linux_outcome outcome)
{
    t->state = THREAD_USER;
    t->trap = TRAP_NONE;
    if (t == t->sys->current) {
        t->sys->outcome = outcome;
    }
}

void thread_answer(struct thread *t, enum linux_outcome outcome)
{
    struct linux_system *sys = t->sys;
    leave_as(t, outcome);
    if (t != sys->current) {
        sys->ops->thread_reply(sys->env, t->id, t->frame, outcome);
    } else if (t->frame != sys->current_frame) {
        *sys->current_frame = *t->frame; /* it had blocked and was woken within the same entry */
    }
}

void thread_go(struct thread *t, const struct linux_regs *regs)
{
    t->sys->ops->thread_start(t->sys->env, t->id, regs);
    leave_as(t, LINUX_KEEP);
}

void thread_park(struct thread *t, int64_t restart, const struct linux_regs *changed)
{
    if (changed != NULL && t->trap != TRAP_CALL) {
        t->sys->ops->thread_write(t->sys->env, t->id, changed);
    }
    if (t->trap == TRAP_CALL && t->frame != &t->saved) {
        t->saved = *t->frame;
        t->frame = &t->saved;
    }
    t->state = THREAD_PARKED;
    t->restart = restart;
    t->undecided = false;
    if (t == t->sys->current) {
        t->sys->outcome = LINUX_KEEP;
    }
}

/** Of a thread in a call only what its answer can set: nothing else is looked at or changed. */
static void read_regs(struct thread *t, struct linux_regs *regs)
{
    if (t->trap != TRAP_CALL) {
        t->sys->ops->thread_read(t->sys->env, t->id, regs);
    } else {
        memcpy(regs->x, t->frame->x, sizeof(t->frame->x));
        regs->pc = t->frame->pc;
        regs->sp = t->frame->sp;
        regs->pstate = t->frame->pstate;
    }
}

static void regs_to_frame(struct thread *t, const struct linux_regs *regs)
{
    memcpy(t->frame->x, regs->x, sizeof(t->frame->x));
    t->frame->pc = regs->pc;
    t->frame->sp = regs->sp;
    t->frame->pstate = regs->pstate;
    t->reply = LINUX_REPLY_FRAME;
}

/** What an interrupted call looks like to the handler's frame: made again from its svc, or EINTR. */
static void settle_restart(struct linux_regs *regs, int64_t restart, const struct action *action)
{
    if (restart == -E_RESTARTNOINTR || (restart == -E_RESTARTSYS && (action->flags & SA_RESTART_) != 0)) {
        regs->pc -= 4; /* x0 still has the argument */
    } else {
        regs->x[0] = (uint64_t)-E_INTR;
    }
}

static void default_action(struct process *p, uint32_t signal)
{
    switch (signal) {
    case SIGTSTP_:
    case SIGTTIN_:
    case SIGTTOU_:
        if (group_is_orphaned(p->sys, p->pgid, NULL)) {
            return; /* nobody is there to continue it */
        }
        process_stop(p, signal);
        return;
    case SIGSTOP_:
        process_stop(p, signal);
        return;
    case SIGCHLD_:
    case SIGCONT_:
    case SIGURG_:
    case SIGWINCH_:
        return;
    default:
        p->kill_pending = true;
        p->exit_status = (int32_t)signal;
        return;
    }
}

/** Sets up one handler. When its frame cannot be written, SIGSEGV takes its place. */
static void enter_handler(struct thread *t, const struct signal_info *info, struct linux_regs *regs)
{
    struct action *slot = &t->proc->actions[info->signal - 1];
    struct action action = *slot;
    if ((action.flags & SA_RESETHAND_) != 0) {
        slot->handler = SIG_DFL_;
    }
    if (!sigframe_push(t, info, &action, regs)) {
        struct signal_info fault = {.signal = SIGSEGV_, .code = SI_KERNEL_};
        if (info->signal == SIGSEGV_) {
            slot->handler = SIG_DFL_;
        }
        signal_force(t, &fault);
        return;
    }
    t->attention &= ~ATTENTION_MASK;
    uint64_t own = (action.flags & SA_NODEFER_) != 0 ? 0 : SIGNAL_BIT(info->signal);
    signal_set_mask(t, t->blocked | action.mask | own);
}

/** Takes signals until none is deliverable. @return whether `regs` were loaded and now enter a handler. */
static bool deliver(struct thread *t, int64_t *restart, struct linux_regs *regs)
{
    struct process *p = t->proc;
    bool loaded = false;
    for (;;) {
        struct signal_info info;
        if (p->kill_pending || p->is_stopped) {
            return loaded;
        }
        uint32_t signal = (t->attention & ATTENTION_SIGNAL) != 0 ? signal_take(t, ~t->blocked, &info) : 0;
        if (signal == 0 && (t->attention & ATTENTION_MASK) != 0) {
            t->attention &= ~ATTENTION_MASK;
            signal_set_mask(t, t->saved_mask); /* may let one more through */
            continue;
        }
        if (signal == 0) {
            return loaded;
        }
        const struct action *action = &p->actions[signal - 1];
        if (action->handler == SIG_IGN_ || signal_is_ignored(p, signal)) {
            continue;
        }
        if (action->handler == SIG_DFL_) {
            default_action(p, signal);
            continue;
        }
        if (!loaded) {
            read_regs(t, regs);
            loaded = true;
        }
        if (*restart != 0) {
            settle_restart(regs, *restart, action);
            *restart = 0;
        }
        enter_handler(t, &info, regs);
    }
}

void thread_leave(struct thread *t, int64_t restart)
{
    struct linux_system *sys = t->sys;
    struct linux_regs *regs = &sys->regs;
    bool in_stub = t->stub != STUB_NONE && t->trap != TRAP_CALL; /* it traps by itself within a few instructions */
    bool loaded = in_stub ? false : deliver(t, &restart, regs);
    if (t->proc->kill_pending) {
        process_exit(t->proc, t->proc->exit_status);
        return;
    }
    if (loaded && t->trap == TRAP_CALL) {
        regs_to_frame(t, regs);
    }
    if (t->proc->is_stopped) {
        thread_park(t, restart, loaded ? regs : NULL);
        return;
    }
    if (restart != 0) { /* no handler ran: the call goes on as if nothing had been */
        t->state = THREAD_READY;
        t->undecided = true;
        t->call.again = true;
        if (t->frame != &t->saved) {
            t->saved = *t->frame;
            t->frame = &t->saved;
        }
        link_add_before(&sys->ready, &t->ready);
    } else if (t->trap == TRAP_CALL) {
        thread_answer(t, t->reply);
    } else {
        thread_go(t, loaded ? regs : NULL);
    }
}

static void block(struct thread *t)
{
    if (t->frame != &t->saved) {
        t->saved = *t->frame;
        t->frame = &t->saved;
    }
    t->state = THREAD_BLOCKED;
    t->undecided = true;
    t->call.again = true;
    t->call.timed_out = false;
    if (t == t->sys->current) {
        t->sys->outcome = LINUX_KEEP;
    }
}

void call_finish(struct thread *t, int64_t result)
{
    if (result == RESULT_DONE) {
        return;
    }
    if (result == RESULT_BLOCK && (t->attention & ATTENTION_KILL) == 0) {
        block(t);
        return;
    }
    bool restart = result <= -E_RESTARTSYS && result >= -E_RESTART_RESTARTBLOCK;
    if (!restart && result != RESULT_BLOCK) {
        t->frame->x[0] = (uint64_t)result;
    }
    if (t->attention == 0 && !restart) {
        thread_answer(t, t->reply);
    } else {
        thread_leave(t, restart ? result : 0);
    }
}

/* ---- the frame of every entry point ------------------------------------------------------------------------------ */

void entry_begin(struct linux_system *sys, struct thread *t, struct linux_frame *frame)
{
    sys->now_ns = 0;
    sys->current = t;
    sys->current_frame = frame;
    sys->outcome = LINUX_KEEP;
}

static void run_one(struct thread *t)
{
    link_remove(&t->ready);
    bool undecided = t->undecided;
    t->undecided = false;
    t->state = THREAD_CALL;
    if (t->proc->kill_pending) {
        process_exit(t->proc, t->proc->exit_status);
    } else if (undecided) {
        call_finish(t, call_dispatch(t));
    } else {
        thread_leave(t, t->restart);
    }
}

enum linux_outcome entry_end(struct linux_system *sys)
{
    while (!link_empty(&sys->ready) && !sys->is_over) {
        run_one(CONTAINER_OF(sys->ready.next, struct thread, ready));
    }
    if (!sys->is_over) {
        timers_program(sys);
    }
    sys->current = NULL;
    return sys->outcome;
}
