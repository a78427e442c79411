/* SPDX-License-Identifier: MIT */
/**
 * Signal: sending, queueing and taking signals. Nothing here ends or stops a process at once: a signal only marks threads
 * and makes them ready; what it does is decided in leave.c when the thread is about to return to user code.
 * Owns:   pending sets, signal masks, actions.    Uses: wait.c, process.c.
 * Limits: LINUX_SIGNALS_QUEUED_MAX real-time signals a set; a standard signal waits at most once.
 * Source: man-pages signal(7), sigaction(2), kill(2); POSIX.1-2017 section 2.4
 */
#include "calls.h"

#define STOP_BITS (SIGNAL_BIT(SIGSTOP_) | SIGNAL_BIT(SIGTSTP_) | SIGNAL_BIT(SIGTTIN_) | SIGNAL_BIT(SIGTTOU_))
#define HARMLESS_BITS (SIGNAL_BIT(SIGCHLD_) | SIGNAL_BIT(SIGCONT_) | SIGNAL_BIT(SIGURG_) | SIGNAL_BIT(SIGWINCH_))
#define FAULT_BITS                                                                                                     \
    (SIGNAL_BIT(SIGSEGV_) | SIGNAL_BIT(SIGBUS_) | SIGNAL_BIT(SIGILL_) | SIGNAL_BIT(SIGTRAP_) | SIGNAL_BIT(SIGFPE_) |   \
     SIGNAL_BIT(SIGSYS_))
#define UNBLOCKABLE_BITS (SIGNAL_BIT(SIGKILL_) | SIGNAL_BIT(SIGSTOP_))

void signal_info_user(struct signal_info *info, const struct process *from, uint32_t signal, int32_t code)
{
    *info = (struct signal_info){.signal = (int32_t)signal, .code = code};
    if (from != NULL) {
        info->pid = from->pid;
        info->uid = from->cred.uid;
    }
}

bool signal_is_ignored(const struct process *p, uint32_t signal)
{
    uint64_t handler = p->actions[signal - 1].handler;
    if (handler == SIG_IGN_) {
        return true;
    }
    return handler == SIG_DFL_ && (p->is_init || (HARMLESS_BITS & SIGNAL_BIT(signal)) != 0);
}

/* ---- pending sets ------------------------------------------------------------------------------------------------ */

static void pending_add(struct linux_system *sys, struct pending *pending, const struct signal_info *info)
{
    struct signal_info *entry = mem_alloc(&sys->memory, sizeof(*entry), MEM_CORE);
    pending->bits |= SIGNAL_BIT(info->signal);
    if (entry == NULL) {
        return; /* the signal comes without its details */
    }
    *entry = *info;
    entry->next = NULL;
    if (pending->last != NULL) {
        pending->last->next = entry;
    } else {
        pending->first = entry;
    }
    pending->last = entry;
    pending->count++;
}

/** Unlinks the entry after `previous` (or the first). */
static struct signal_info *pending_unlink(struct pending *pending, struct signal_info *previous)
{
    struct signal_info *entry = previous == NULL ? pending->first : previous->next;
    if (previous == NULL) {
        pending->first = entry->next;
    } else {
        previous->next = entry->next;
    }
    if (pending->last == entry) {
        pending->last = previous;
    }
    pending->count--;
    return entry;
}

void pending_flush(struct linux_system *sys, struct pending *pending, uint64_t bits)
{
    pending->bits &= ~bits;
    struct signal_info *previous = NULL;
    while (previous == NULL ? pending->first != NULL : previous->next != NULL) {
        struct signal_info *entry = previous == NULL ? pending->first : previous->next;
        if ((bits & SIGNAL_BIT(entry->signal)) != 0) {
            mem_free(&sys->memory, pending_unlink(pending, previous));
        } else {
            previous = entry;
        }
    }
}

static void pending_take(struct linux_system *sys, struct pending *pending, uint32_t signal, struct signal_info *out)
{
    *out = (struct signal_info){.signal = (int32_t)signal, .code = SI_KERNEL_};
    struct signal_info *previous = NULL, *entry = pending->first;
    while (entry != NULL && entry->signal != (int32_t)signal) {
        previous = entry;
        entry = entry->next;
    }
    if (entry != NULL) {
        *out = *entry;
        mem_free(&sys->memory, pending_unlink(pending, previous));
    }
    for (entry = pending->first; entry != NULL; entry = entry->next) {
        if (entry->signal == (int32_t)signal) {
            return; /* one more of them waits */
        }
    }
    pending->bits &= ~SIGNAL_BIT(signal);
}

static uint32_t lowest(uint64_t bits)
{
    return (uint32_t)__builtin_ctzll(bits) + 1;
}

uint32_t signal_take(struct thread *t, uint64_t wanted, struct signal_info *out)
{
    struct pending *from = &t->pending;
    uint64_t bits = from->bits & wanted;
    if (bits == 0) {
        from = &t->proc->pending;
        bits = from->bits & wanted;
    }
    uint32_t signal = 0;
    if (bits != 0) {
        signal = lowest((bits & FAULT_BITS) != 0 && from == &t->pending ? bits & FAULT_BITS : bits);
        pending_take(t->sys, from, signal, out);
    }
    signal_update(t);
    return signal;
}

void signal_update(struct thread *t)
{
    t->attention &= ~(ATTENTION_SIGNAL | ATTENTION_KILL);
    if (((t->pending.bits | t->proc->pending.bits) & ~t->blocked) != 0) {
        t->attention |= ATTENTION_SIGNAL;
    }
    if (t->proc->kill_pending) {
        t->attention |= ATTENTION_KILL;
    }
}

void signal_set_mask(struct thread *t, uint64_t mask)
{
    uint64_t newly = mask & ~t->blocked & t->proc->pending.bits;
    t->blocked = mask & ~UNBLOCKABLE_BITS;
    signal_update(t);
    if (newly == 0 || t->proc->thread_count == 1) {
        return;
    }
    /* What waits for the process may now be for another thread. */
    for (struct link *l = t->proc->threads.next; l != &t->proc->threads; l = l->next) {
        struct thread *other = CONTAINER_OF(l, struct thread, siblings);
        signal_update(other);
        if (other != t && (other->attention & ATTENTION_SIGNAL) != 0 && other->state != THREAD_PARKED) {
            thread_ready(other);
        }
    }
}

/* ---- sending ----------------------------------------------------------------------------------------------------- */

static bool wants(const struct thread *t, uint32_t signal)
{
    return (~t->blocked & SIGNAL_BIT(signal)) != 0 || (t->sigwait & SIGNAL_BIT(signal)) != 0;
}

/** The thread that a signal for the process goes to, or NULL: all block it. */
static struct thread *choose(struct process *p, uint32_t signal)
{
    struct thread *current = p->sys->current;
    if (current != NULL && current->proc == p && wants(current, signal)) {
        return current;
    }
    for (struct link *l = p->threads.next; l != &p->threads; l = l->next) {
        struct thread *t = CONTAINER_OF(l, struct thread, siblings);
        if (wants(t, signal)) {
            return t;
        }
    }
    return NULL;
}

/** A stop signal undoes a waiting SIGCONT and the other way round; SIGCONT starts the process whatever it does with it. */
static void prepare(struct process *p, uint32_t signal)
{
    uint64_t undone = (STOP_BITS & SIGNAL_BIT(signal)) != 0 ? SIGNAL_BIT(SIGCONT_) : signal == SIGCONT_ ? STOP_BITS : 0;
    if (undone == 0) {
        return;
    }
    pending_flush(p->sys, &p->pending, undone);
    for (struct link *l = p->threads.next; l != &p->threads; l = l->next) {
        struct thread *t = CONTAINER_OF(l, struct thread, siblings);
        pending_flush(p->sys, &t->pending, undone);
        signal_update(t);
    }
    if (signal == SIGCONT_ && p->is_stopped && !p->kill_pending) {
        process_continue(p);
    }
}

/** Marks a process as ending; the first of its threads that gets there ends it. */
static void kill_process(struct process *p, uint32_t signal)
{
    if (!p->kill_pending) {
        p->kill_pending = true;
        p->exit_status = (int32_t)signal;
    }
    for (struct link *l = p->threads.next; l != &p->threads; l = l->next) {
        CONTAINER_OF(l, struct thread, siblings)->attention |= ATTENTION_KILL;
    }
    thread_ready(CONTAINER_OF(p->threads.next, struct thread, siblings));
}

static bool is_fatal(const struct process *p, uint32_t signal)
{
    return signal == SIGKILL_ || (p->actions[signal - 1].handler == SIG_DFL_ &&
                                  ((STOP_BITS | HARMLESS_BITS) & SIGNAL_BIT(signal)) == 0);
}

static int64_t send(struct process *p, struct thread *t, const struct signal_info *info)
{
    uint32_t signal = (uint32_t)info->signal;
    if (p->is_zombie) {
        return 0;
    }
    prepare(p, signal);
    struct thread *target = t == NULL ? choose(p, signal) : wants(t, signal) ? t : NULL;
    if (target != NULL && signal_is_ignored(p, signal) && (target->sigwait & SIGNAL_BIT(signal)) == 0) {
        return 0;
    }
    if (target != NULL && is_fatal(p, signal) && (target->sigwait & SIGNAL_BIT(signal)) == 0) {
        kill_process(p, signal);
        return 0;
    }
    struct pending *pending = t == NULL ? &p->pending : &t->pending;
    if (signal < SIGRTMIN_ && (pending->bits & SIGNAL_BIT(signal)) != 0) {
        return 0;
    }
    if (signal >= SIGRTMIN_ && pending->count >= LINUX_SIGNALS_QUEUED_MAX) {
        return -E_AGAIN;
    }
    pending_add(p->sys, pending, info);
    if (target == NULL) {
        return 0;
    }
    signal_update(target);
    /* A thread in a stub of the ABI page traps soon by itself; a stopped process looks when it continues. */
    if (target->state != THREAD_PARKED && !(target->state == THREAD_USER && target->stub != STUB_NONE)) {
        thread_ready(target);
    }
    return 0;
}

int64_t signal_process(struct process *p, const struct signal_info *info)
{
    return send(p, NULL, info);
}

int64_t signal_thread(struct thread *t, const struct signal_info *info)
{
    return send(t->proc, t, info);
}

void signal_simple(struct process *p, uint32_t signal)
{
    struct signal_info info;
    signal_info_user(&info, NULL, signal, SI_KERNEL_);
    (void)signal_process(p, &info);
}

void signal_group(struct linux_system *sys, uint32_t pgid, uint32_t signal)
{
    for (struct link *l = sys->processes.next; l != &sys->processes; l = l->next) {
        struct process *p = CONTAINER_OF(l, struct process, all);
        if (p->pgid == pgid) {
            signal_simple(p, signal);
        }
    }
}

void signal_force(struct thread *t, const struct signal_info *info)
{
    struct process *p = t->proc;
    struct action *action = &p->actions[info->signal - 1];
    uint64_t bit = SIGNAL_BIT(info->signal);
    if ((t->blocked & bit) != 0 || action->handler == SIG_IGN_) {
        action->handler = SIG_DFL_;
        t->blocked &= ~bit;
    }
    if (action->handler == SIG_DFL_) {
        kill_process(p, (uint32_t)info->signal);
        return;
    }
    if ((t->pending.bits & bit) == 0) {
        pending_add(t->sys, &t->pending, info);
    }
    signal_update(t);
}

void signals_exec(struct process *p)
{
    for (uint32_t i = 0; i < SIGNAL_COUNT; i++) {
        uint64_t handler = p->actions[i].handler == SIG_IGN_ ? SIG_IGN_ : SIG_DFL_;
        p->actions[i] = (struct action){.handler = handler};
    }
}

/* ---- kill, tkill, tgkill ----------------------------------------------------------------------------------------- */

static bool may_signal(const struct process *from, const struct process *to, uint32_t signal)
{
    const struct cred *a = &from->cred, *b = &to->cred;
    if (a->euid == 0 || a->euid == b->suid || a->euid == b->uid || a->uid == b->suid || a->uid == b->uid) {
        return true;
    }
    return signal == SIGCONT_ && from->sid == to->sid;
}

static int64_t kill_one(struct thread *t, struct process *p, uint32_t signal)
{
    if (!may_signal(t->proc, p, signal)) {
        return -E_PERM;
    }
    if (signal == 0) {
        return 0;
    }
    struct signal_info info;
    signal_info_user(&info, t->proc, signal, SI_USER_);
    return signal_process(p, &info);
}

/** To a group, or to all but init and oneself (pgid 0). Succeeds when any could be signalled. */
static int64_t kill_many(struct thread *t, uint32_t pgid, uint32_t signal)
{
    struct linux_system *sys = t->sys;
    int64_t result = -E_SRCH;
    for (struct link *l = sys->processes.next; l != &sys->processes; l = l->next) {
        struct process *p = CONTAINER_OF(l, struct process, all);
        if (pgid != 0 ? p->pgid != pgid : (p->is_init || p == t->proc)) {
            continue;
        }
        int64_t one = kill_one(t, p, signal);
        if (result != 0) {
            result = one;
        }
    }
    return result;
}

int64_t call_kill(struct thread *t, const uint64_t *a)
{
    int32_t pid = (int32_t)a[0];
    uint32_t signal = (uint32_t)a[1];
    if (signal > SIGNAL_COUNT) {
        return -E_INVAL;
    }
    if (pid == INT32_MIN) {
        return -E_SRCH;
    }
    if (pid <= 0) {
        return kill_many(t, pid == 0 ? t->proc->pgid : pid == -1 ? 0 : (uint32_t)-pid, signal);
    }
    struct process *p = process_find(t->sys, (uint32_t)pid);
    if (p == NULL) {
        struct thread *other = thread_find(t->sys, (uint32_t)pid);
        p = other == NULL ? NULL : other->proc;
    }
    return p == NULL ? -E_SRCH : kill_one(t, p, signal);
}

static int64_t kill_thread(struct thread *t, uint32_t tgid, uint32_t tid, uint32_t signal)
{
    if (signal > SIGNAL_COUNT || (int32_t)tid <= 0 || (int32_t)tgid == 0) {
        return -E_INVAL;
    }
    struct thread *other = thread_find(t->sys, tid);
    if (other == NULL || ((int32_t)tgid > 0 && other->proc->pid != tgid)) {
        return -E_SRCH;
    }
    if (!may_signal(t->proc, other->proc, signal)) {
        return -E_PERM;
    }
    if (signal == 0) {
        return 0;
    }
    struct signal_info info;
    signal_info_user(&info, t->proc, signal, SI_TKILL_);
    return signal_thread(other, &info);
}

int64_t call_tkill(struct thread *t, const uint64_t *a)
{
    return kill_thread(t, (uint32_t)-1, (uint32_t)a[0], (uint32_t)a[1]);
}

int64_t call_tgkill(struct thread *t, const uint64_t *a)
{
    return (int32_t)a[0] <= 0 ? -E_INVAL : kill_thread(t, (uint32_t)a[0], (uint32_t)a[1], (uint32_t)a[2]);
}

int64_t call_rt_sigqueueinfo(struct thread *t, const uint64_t *a)
{
    struct abi_siginfo user;
    uint32_t signal = (uint32_t)a[1];
    if (!user_read(t->proc->mm, &user, a[2], sizeof(user))) {
        return -E_FAULT;
    }
    struct process *p = process_find(t->sys, (uint32_t)a[0]);
    if (p == NULL) {
        return -E_SRCH;
    }
    if ((user.code >= 0 || user.code == SI_TKILL_) && p != t->proc) {
        return -E_PERM; /* only the kernel may say so */
    }
    if (signal > SIGNAL_COUNT) {
        return -E_INVAL;
    }
    if (!may_signal(t->proc, p, signal)) {
        return -E_PERM;
    }
    struct signal_info info = {.signal = (int32_t)signal,
                               .code = user.code,
                               .pid = (uint32_t)user.sender.pid,
                               .uid = user.sender.uid,
                               .value = user.sender.value};
    return signal == 0 ? 0 : signal_process(p, &info);
}

/* ---- actions and masks ------------------------------------------------------------------------------------------- */

int64_t call_rt_sigaction(struct thread *t, const uint64_t *a)
{
    struct process *p = t->proc;
    uint32_t signal = (uint32_t)a[0];
    struct abi_sigaction new_action;
    if (a[3] != 8) {
        return -E_INVAL;
    }
    if (a[1] != 0 && !user_read(p->mm, &new_action, a[1], sizeof(new_action))) {
        return -E_FAULT;
    }
    if (signal == 0 || signal > SIGNAL_COUNT || (a[1] != 0 && (UNBLOCKABLE_BITS & SIGNAL_BIT(signal)) != 0)) {
        return -E_INVAL;
    }
    struct action *action = &p->actions[signal - 1];
    struct abi_sigaction old = {action->handler, action->flags, action->restorer, action->mask};
    if (a[1] != 0) {
        *action = (struct action){.handler = new_action.handler,
                                  .flags = (uint32_t)new_action.flags,
                                  .restorer = new_action.restorer,
                                  .mask = new_action.mask & ~UNBLOCKABLE_BITS};
        if (signal_is_ignored(p, signal)) {
            pending_flush(t->sys, &p->pending, SIGNAL_BIT(signal));
            for (struct link *l = p->threads.next; l != &p->threads; l = l->next) {
                struct thread *other = CONTAINER_OF(l, struct thread, siblings);
                pending_flush(t->sys, &other->pending, SIGNAL_BIT(signal));
                signal_update(other);
            }
        }
    }
    return a[2] == 0 || user_write(p->mm, a[2], &old, sizeof(old)) ? 0 : -E_FAULT;
}

int64_t call_rt_sigprocmask(struct thread *t, const uint64_t *a)
{
    struct mm *mm = t->proc->mm;
    uint64_t old = t->blocked, set = 0;
    if (a[3] != 8) {
        return -E_INVAL;
    }
    if (a[1] != 0) {
        if (!user_read_u64(mm, &set, a[1])) {
            return -E_FAULT;
        }
        uint64_t how = (uint32_t)a[0];
        if (how > SIG_SETMASK_) {
            return -E_INVAL;
        }
        signal_set_mask(t, how == SIG_BLOCK_ ? old | set : how == SIG_UNBLOCK_ ? old & ~set : set);
    }
    return a[2] == 0 || user_write(mm, a[2], &old, sizeof(old)) ? 0 : -E_FAULT;
}

int64_t call_rt_sigpending(struct thread *t, const uint64_t *a)
{
    uint64_t bits = (t->pending.bits | t->proc->pending.bits) & t->blocked;
    if (a[1] > 8) {
        return -E_INVAL;
    }
    return user_write(t->proc->mm, a[0], &bits, (size_t)a[1]) ? 0 : -E_FAULT;
}

int64_t call_rt_sigsuspend(struct thread *t, const uint64_t *a)
{
    uint64_t mask;
    if (a[1] != 8) {
        return -E_INVAL;
    }
    if (!user_read_u64(t->proc->mm, &mask, a[0])) {
        return -E_FAULT;
    }
    if ((t->attention & ATTENTION_MASK) == 0) {
        t->saved_mask = t->blocked;
        t->attention |= ATTENTION_MASK;
        signal_set_mask(t, mask);
    }
    return signal_waits(t) ? -E_RESTARTNOHAND : RESULT_BLOCK;
}

static void siginfo_out(const struct signal_info *info, struct abi_siginfo *out)
{
    memset(out, 0, sizeof(*out));
    out->signo = info->signal;
    out->code = info->code;
    out->sender.pid = (int32_t)info->pid;
    out->sender.uid = info->uid;
    out->sender.value = info->value;
    out->sender.utime = info->utime;
    out->sender.stime = info->stime;
}

int64_t call_rt_sigtimedwait(struct thread *t, const uint64_t *a)
{
    struct mm *mm = t->proc->mm;
    uint64_t wanted;
    struct abi_timespec ts;
    struct signal_info info;
    if (a[3] != 8) {
        return -E_INVAL;
    }
    if (!user_read_u64(mm, &wanted, a[0]) || (a[2] != 0 && !user_read(mm, &ts, a[2], sizeof(ts)))) {
        return -E_FAULT;
    }
    wanted &= ~UNBLOCKABLE_BITS;
    if (!t->call.again) {
        uint64_t ns = 0;
        if (a[2] != 0 && !timespec_to_ns(&ts, &ns)) {
            return -E_INVAL;
        }
        t->call.deadline_ns = a[2] == 0 ? NEVER_NS : time_now(t->sys) + ns;
    }
    t->sigwait = 0;
    uint32_t signal = signal_take(t, wanted, &info);
    if (signal != 0) {
        struct abi_siginfo out;
        siginfo_out(&info, &out);
        return a[1] == 0 || user_write(mm, a[1], &out, sizeof(out)) ? (int64_t)signal : -E_FAULT;
    }
    if (t->call.deadline_ns != NEVER_NS && time_now(t->sys) >= t->call.deadline_ns) {
        return -E_AGAIN;
    }
    if (signal_waits(t)) {
        return -E_INTR;
    }
    t->sigwait = wanted;
    wait_until(t, t->call.deadline_ns);
    return RESULT_BLOCK;
}

int64_t call_sigaltstack(struct thread *t, const uint64_t *a)
{
    struct mm *mm = t->proc->mm;
    struct abi_stack wanted, old = t->altstack;
    bool on_stack = altstack_holds(t, t->frame->sp);
    old.flags = old.size == 0 ? SS_DISABLE_ : on_stack ? SS_ONSTACK_ : 0;
    old.pad = 0;
    if (a[0] != 0) {
        if (!user_read(mm, &wanted, a[0], sizeof(wanted))) {
            return -E_FAULT;
        }
        if (on_stack) {
            return -E_PERM;
        }
        if (wanted.flags != 0 && wanted.flags != SS_DISABLE_ && wanted.flags != SS_ONSTACK_) {
            return -E_INVAL;
        }
        if (wanted.flags == SS_DISABLE_) {
            wanted.sp = wanted.size = 0;
        } else if (wanted.size < MINSIGSTKSZ_) {
            return -E_NOMEM;
        }
        t->altstack = wanted;
    }
    return a[1] == 0 || user_write(mm, a[1], &old, sizeof(old)) ? 0 : -E_FAULT;
}

int64_t call_rt_sigreturn(struct thread *t, const uint64_t *a)
{
    (void)a;
    return sigframe_begin_return(t);
}
