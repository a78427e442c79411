/* SPDX-License-Identifier: MIT */
/**
 * Process: the tables of processes and threads, their making and their end, stopping and continuing.
 * Owns:   struct process and struct thread.    Uses: memory.c, wait.c, signal.c, fd.c, mm.c.
 * Limits: LINUX_PROCESSES_MAX processes (zombies included), LINUX_THREADS_MAX threads; ids below LINUX_PID_MAX.
 * Source: man-pages _exit(2), credentials(7); POSIX.1-2017 _exit(), section 3.264 (orphaned process group)
 */
#include "calls.h"
#include "lock.h"

#define PID_FIRST_AGAIN 300u /* where numbers go on after a wrap */

void processes_init(struct linux_system *sys)
{
    link_init(&sys->processes);
    link_init(&sys->ready);
    wait_queue_init(&sys->lock_waiters);
    sys->programmed_ns = NEVER_NS;
    for (uint32_t i = 0; i < LINUX_THREADS_MAX; i++) {
        sys->free_threads[i] = (uint16_t)(LINUX_THREADS_MAX - 1 - i);
    }
    sys->free_thread_count = LINUX_THREADS_MAX;
    for (uint32_t i = 0; i < LINUX_SPACES_MAX; i++) {
        sys->free_spaces[i] = (uint16_t)(LINUX_SPACES_MAX - 1 - i);
    }
    sys->free_space_count = LINUX_SPACES_MAX;
    for (uint32_t i = 0; i < FUTEX_HASH; i++) {
        wait_queue_init(&sys->futexes[i]);
    }
}

/* ---- finding ----------------------------------------------------------------------------------------------------- */

struct process *process_find(struct linux_system *sys, uint32_t pid)
{
    struct process *p = sys->pid_hash[pid % PID_HASH];
    while (p != NULL && p->pid != pid) {
        p = p->pid_next;
    }
    return p;
}

struct thread *thread_find(struct linux_system *sys, uint32_t tid)
{
    struct thread *t = sys->tid_hash[tid % PID_HASH];
    while (t != NULL && t->tid != tid) {
        t = t->tid_next;
    }
    return t;
}

struct process *process_after(struct linux_system *sys, uint32_t pid)
{
    for (struct link *l = sys->processes.next; l != &sys->processes; l = l->next) {
        struct process *p = CONTAINER_OF(l, struct process, all);
        if (p->pid > pid) {
            return p;
        }
    }
    return NULL;
}

struct thread *process_leader(struct process *p)
{
    return link_empty(&p->threads) ? NULL : CONTAINER_OF(p->threads.next, struct thread, siblings);
}

const char *process_name(struct process *p)
{
    struct thread *leader = process_leader(p);
    return leader == NULL ? p->name : leader->name;
}

char process_state(struct process *p)
{
    if (p->is_zombie) {
        return 'Z';
    }
    if (p->is_stopped) {
        return 'T';
    }
    for (struct link *l = p->threads.next; l != &p->threads; l = l->next) {
        if (CONTAINER_OF(l, struct thread, siblings)->state != THREAD_BLOCKED) {
            return 'R';
        }
    }
    return 'S';
}

/* ---- making ------------------------------------------------------------------------------------------------------ */

static bool id_is_used(struct linux_system *sys, uint32_t id)
{
    if (process_find(sys, id) != NULL || thread_find(sys, id) != NULL) {
        return true;
    }
    for (struct link *l = sys->processes.next; l != &sys->processes; l = l->next) {
        const struct process *p = CONTAINER_OF(l, struct process, all);
        if (p->pgid == id || p->sid == id) {
            return true;
        }
    }
    return false;
}

/** A number that names no process, thread, group or session. There are far more numbers than such things. */
static uint32_t new_id(struct linux_system *sys)
{
    uint32_t id = sys->last_pid;
    do {
        id = id + 1 < LINUX_PID_MAX ? id + 1 : PID_FIRST_AGAIN;
    } while (id_is_used(sys, id));
    sys->last_pid = id;
    return id;
}

/** Links a process in the order of pids; new ones nearly always go to the end. */
static void link_by_pid(struct linux_system *sys, struct process *p)
{
    struct link *l = sys->processes.prev;
    while (l != &sys->processes && CONTAINER_OF(l, struct process, all)->pid > p->pid) {
        l = l->prev;
    }
    link_add_before(l->next, &p->all);
    p->pid_next = sys->pid_hash[p->pid % PID_HASH];
    sys->pid_hash[p->pid % PID_HASH] = p;
    sys->process_count++;
}

static void inherit(struct process *p, struct process *parent)
{
    p->pgid = parent->pgid;
    p->sid = parent->sid;
    p->tty = parent->tty;
    p->umask = parent->umask;
    p->cred = parent->cred;
    p->no_new_privs = parent->no_new_privs;
    memcpy(p->actions, parent->actions, sizeof(p->actions));
    memcpy(p->limits, parent->limits, sizeof(p->limits));
    p->cwd = inode_get(parent->cwd);
    p->root = inode_get(parent->root);
    p->parent = parent;
    link_add_before(&parent->children, &p->siblings);
}

/** A process without threads, memory and files; process 1 when there is no parent. */
struct process *process_new(struct linux_system *sys, struct process *parent)
{
    if (sys->process_count == LINUX_PROCESSES_MAX) {
        return NULL;
    }
    struct process *p = mem_alloc(&sys->memory, sizeof(*p), MEM_CORE);
    if (p == NULL) {
        return NULL;
    }
    p->sys = sys;
    p->pid = new_id(sys);
    p->exit_signal = SIGCHLD_;
    p->start_ns = time_now(sys);
    link_init(&p->siblings);
    link_init(&p->children);
    link_init(&p->threads);
    wait_queue_init(&p->child_wait);
    timer_init(&p->itimer, TIMER_ITIMER);
    if (parent != NULL) {
        inherit(p, parent);
    }
    link_by_pid(sys, p);
    return p;
}

struct thread *thread_new(struct process *p)
{
    struct linux_system *sys = p->sys;
    if (sys->free_thread_count == 0) {
        return NULL;
    }
    struct thread *t = mem_alloc(&sys->memory, sizeof(*t), MEM_CORE);
    if (t == NULL) {
        return NULL;
    }
    t->sys = sys;
    t->proc = p;
    t->tid = p->thread_count == 0 ? p->pid : new_id(sys);
    t->state = THREAD_CALL; /* until it is started */
    t->reply = LINUX_REPLY_X0;
    t->id = sys->free_threads[--sys->free_thread_count];
    t->frame = &t->saved;
    link_init(&t->ready);
    link_init(&t->wait.link);
    timer_init(&t->timer, TIMER_THREAD);
    link_add_before(&p->threads, &t->siblings);
    p->thread_count++;
    sys->live_thread_count++;
    sys->threads[t->id] = t;
    t->tid_next = sys->tid_hash[t->tid % PID_HASH];
    sys->tid_hash[t->tid % PID_HASH] = t;
    return t;
}

/* ---- the end of a thread ----------------------------------------------------------------------------------------- */

static void unhash_thread(struct thread *t)
{
    struct thread **at = &t->sys->tid_hash[t->tid % PID_HASH];
    while (*at != t) {
        at = &(*at)->tid_next;
    }
    *at = t->tid_next;
}

/** Gives back what a call in progress holds. */
static void abandon_call(struct thread *t)
{
    wait_end(t);
    if (t->call.file != NULL) {
        pipe_open_abort(t);
    }
    if (t->call.vfork_child != NULL) {
        t->call.vfork_child->vfork_parent = NULL;
        t->call.vfork_child = NULL;
    }
    if (t->stub_regs != NULL) {
        mem_free(&t->sys->memory, t->stub_regs);
        t->stub_regs = NULL;
    }
}

void thread_end(struct thread *t)
{
    struct linux_system *sys = t->sys;
    struct process *p = t->proc;
    if (t->is_bound) {
        p->cpu_ns += sys->ops->thread_cpu_ns(sys->env, t->id) - t->cpu_base_ns;
    }
    memcpy(p->name, t->name, sizeof(p->name));
    abandon_call(t);
    thread_clear_tid(t);
    pending_flush(sys, &t->pending, UINT64_MAX);
    if (t->is_bound) {
        sys->ops->thread_release(sys->env, t->id);
    }
    unhash_thread(t);
    link_remove(&t->ready);
    link_remove(&t->siblings);
    p->thread_count--;
    sys->live_thread_count--;
    sys->threads[t->id] = NULL;
    sys->free_threads[sys->free_thread_count++] = (uint16_t)t->id;
    if (sys->current == t) {
        sys->current = NULL;
        sys->outcome = LINUX_GONE;
    }
    mem_free(&sys->memory, t);
}

void process_single(struct thread *t)
{
    struct process *p = t->proc;
    for (struct link *l = p->threads.next; l != &p->threads;) {
        struct thread *other = CONTAINER_OF(l, struct thread, siblings);
        l = l->next;
        if (other != t) {
            thread_end(other);
        }
    }
    if (t->tid != p->pid) {
        unhash_thread(t);
        t->tid = p->pid;
        t->tid_next = t->sys->tid_hash[t->tid % PID_HASH];
        t->sys->tid_hash[t->tid % PID_HASH] = t;
    }
}

int64_t call_exit(struct thread *t, const uint64_t *a)
{
    if (t->proc->thread_count == 1) {
        return process_begin_exit(t, (int32_t)(a[0] & 0xff) << 8);
    }
    thread_end(t);
    return RESULT_DONE;
}

int64_t call_exit_group(struct thread *t, const uint64_t *a)
{
    return process_begin_exit(t, (int32_t)(a[0] & 0xff) << 8);
}

int64_t call_set_tid_address(struct thread *t, const uint64_t *a)
{
    t->clear_tid = a[0];
    return t->tid;
}

/* ---- the end of a process ---------------------------------------------------------------------------------------- */

int64_t process_begin_exit(struct thread *t, int32_t status)
{
    if (!t->proc->kill_pending) {
        t->proc->kill_pending = true;
        t->proc->exit_status = status;
    }
    t->attention |= ATTENTION_KILL;
    return 0;
}

void process_release_vfork(struct process *p)
{
    struct thread *waiting = p->vfork_parent;
    if (waiting != NULL) {
        p->vfork_parent = NULL;
        waiting->call.vfork_child = NULL;
        thread_ready(waiting);
    }
}

bool group_in_session(struct linux_system *sys, uint32_t pgid, uint32_t sid)
{
    for (struct link *l = sys->processes.next; l != &sys->processes; l = l->next) {
        const struct process *p = CONTAINER_OF(l, struct process, all);
        if (p->pgid == pgid && p->sid == sid) {
            return true;
        }
    }
    return false;
}

bool group_is_orphaned(struct linux_system *sys, uint32_t pgid, const struct process *except)
{
    for (struct link *l = sys->processes.next; l != &sys->processes; l = l->next) {
        const struct process *p = CONTAINER_OF(l, struct process, all);
        const struct process *parent = p->parent;
        if (p->pgid != pgid || p == except || p->is_zombie || parent == NULL) {
            continue; /* Linux also skips children of process 1; here that may be the shell that has job control */
        }
        if (parent != except && parent->pgid != pgid && parent->sid == p->sid) {
            return false;
        }
    }
    return true;
}

static bool group_has_stopped(struct linux_system *sys, uint32_t pgid, const struct process *except)
{
    for (struct link *l = sys->processes.next; l != &sys->processes; l = l->next) {
        const struct process *p = CONTAINER_OF(l, struct process, all);
        if (p->pgid == pgid && p != except && p->is_stopped) {
            return true;
        }
    }
    return false;
}

/** `dying` linked group `pgid` to its session. If nobody else does, and members are stopped, they are told. */
static void tell_orphans(struct process *dying, uint32_t pgid)
{
    struct linux_system *sys = dying->sys;
    if (group_has_stopped(sys, pgid, dying) && group_is_orphaned(sys, pgid, dying)) {
        signal_group(sys, pgid, SIGHUP_);
        signal_group(sys, pgid, SIGCONT_);
    }
}

static void orphan_groups(struct process *p)
{
    if (p->parent != NULL && p->parent->pgid != p->pgid && p->parent->sid == p->sid) {
        tell_orphans(p, p->pgid);
    }
    for (struct link *l = p->children.next; l != &p->children; l = l->next) {
        const struct process *child = CONTAINER_OF(l, struct process, siblings);
        if (child->pgid != p->pgid && child->sid == p->sid) {
            tell_orphans(p, child->pgid);
        }
    }
}

void process_tell_parent(struct process *p, int32_t code, int32_t status)
{
    struct process *parent = p->parent;
    if (parent == NULL || parent->is_zombie) {
        return;
    }
    uint32_t signal = p->is_zombie ? p->exit_signal : SIGCHLD_;
    bool quiet = !p->is_zombie && (parent->actions[SIGCHLD_ - 1].flags & SA_NOCLDSTOP_) != 0;
    if (signal != 0 && !quiet) {
        struct signal_info info;
        signal_info_user(&info, p, signal, code);
        info.value = (uint32_t)status;
        info.utime = (int64_t)((p->is_zombie ? p->cpu_ns : process_cpu_ns(p)) / (NS_PER_S / TICKS_PER_S));
        (void)signal_process(parent, &info);
    }
    wake_all(&parent->child_wait);
}

void process_free(struct process *p)
{
    struct linux_system *sys = p->sys;
    assert(link_empty(&p->threads) && link_empty(&p->children));
    struct process **at = &sys->pid_hash[p->pid % PID_HASH];
    while (*at != p) {
        at = &(*at)->pid_next;
    }
    *at = p->pid_next;
    link_remove(&p->all);
    link_remove(&p->siblings);
    locks_forget_process(p);
    sys->process_count--;
    sys->dead_cpu_ns += p->cpu_ns;
    mem_free(&sys->memory, p);
}

static bool reaps_itself(const struct process *parent)
{
    const struct action *action = &parent->actions[SIGCHLD_ - 1];
    return action->handler == SIG_IGN_ || (action->flags & SA_NOCLDWAIT_) != 0;
}

/** Tells the parent of a new or newly adopted zombie; frees it when nobody will ask for it. */
static void announce_zombie(struct process *p)
{
    bool by_signal = (p->exit_status & 0x7f) != 0;
    process_tell_parent(p, by_signal ? CLD_KILLED_ : CLD_EXITED_, by_signal ? p->exit_status & 0x7f : p->exit_status >> 8);
    if (p->parent != NULL && p->exit_signal == SIGCHLD_ && reaps_itself(p->parent)) {
        process_free(p);
    }
}

/** Gives the children of `p` to process 1. */
static void give_away_children(struct process *p)
{
    struct process *init = p->sys->init;
    while (!link_empty(&p->children)) {
        struct process *child = CONTAINER_OF(p->children.next, struct process, siblings);
        link_remove(&child->siblings);
        child->parent = init;
        child->exit_signal = SIGCHLD_;
        link_add_before(&init->children, &child->siblings);
        if (child->pdeathsig != 0 && !child->is_zombie) {
            signal_simple(child, child->pdeathsig);
        }
        if (child->is_zombie) {
            announce_zombie(child);
        }
    }
}

static void release_all(struct process *p)
{
    struct linux_system *sys = p->sys;
    while (!link_empty(&p->threads)) {
        thread_end(process_leader(p));
    }
    timer_clear(sys, &p->itimer);
    pending_flush(sys, &p->pending, UINT64_MAX);
    process_release_vfork(p);
    fds_close_all(p);
    if (p->mm != NULL) {
        mm_put(p->mm);
        p->mm = NULL;
    }
    inode_put(p->cwd);
    inode_put(p->root);
    p->cwd = p->root = NULL;
}

static void power_off(struct process *init, int32_t status)
{
    struct linux_system *sys = init->sys;
    int code = (status & 0x7f) != 0 ? 128 + (status & 0x7f) : status >> 8;
    sys->is_over = true;
    sys->outcome = LINUX_GONE;
    sys->ops->power(sys->env, LINUX_POWER_OFF, code);
}

void process_exit(struct process *p, int32_t status)
{
    if (p->is_init) {
        power_off(p, status);
        return;
    }
    release_all(p);
    p->is_stopped = p->stop_reportable = p->continue_reportable = false;
    if (p->pid == p->sid && p->tty != NULL) {
        session_hang_up(p);
    }
    orphan_groups(p);
    p->is_zombie = true;
    p->exit_status = status;
    give_away_children(p);
    announce_zombie(p);
}

/* ---- stopping and continuing ------------------------------------------------------------------------------------- */

void process_stop(struct process *p, uint32_t signal)
{
    if (p->is_stopped) {
        return;
    }
    p->is_stopped = true;
    p->stop_signal = signal;
    p->stop_reportable = true;
    p->continue_reportable = false;
    for (struct link *l = p->threads.next; l != &p->threads; l = l->next) {
        struct thread *t = CONTAINER_OF(l, struct thread, siblings);
        t->attention |= ATTENTION_STOP;
        if (t->state == THREAD_USER) {
            thread_halt(t);
            thread_park(t, 0, NULL);
        }
    }
    process_tell_parent(p, CLD_STOPPED_, (int32_t)signal);
}

void process_continue(struct process *p)
{
    p->is_stopped = false;
    p->stop_reportable = false;
    p->continue_reportable = true;
    for (struct link *l = p->threads.next; l != &p->threads; l = l->next) {
        struct thread *t = CONTAINER_OF(l, struct thread, siblings);
        t->attention &= ~ATTENTION_STOP;
        if (t->state == THREAD_PARKED) {
            thread_ready(t);
        }
    }
    process_tell_parent(p, CLD_CONTINUED_, SIGCONT_);
}

/* ---- rules ------------------------------------------------------------------------------------------------------- */

static const char *thread_invariant(const struct linux_system *sys, const struct thread *t)
{
    if (sys->threads[t->id] != t) {
        return "a thread is in the table under its id";
    }
    if (t->state == THREAD_CALL || t->state == THREAD_READY) {
        return "between entries, no thread is being decided";
    }
    if (t->state != THREAD_BLOCKED && (t->wait.thread != NULL || t->timer.heap_index != TIMER_IDLE)) {
        return "only a blocked thread waits";
    }
    if ((t->state == THREAD_PARKED) && !t->proc->is_stopped) {
        return "only threads of a stopped process are parked";
    }
    if (t->proc->is_stopped && t->state == THREAD_USER) {
        return "no thread of a stopped process runs";
    }
    return NULL;
}

const char *processes_invariant(struct linux_system *sys)
{
    uint32_t processes = 0, threads = 0, last = 0;
    for (struct link *l = sys->processes.next; l != &sys->processes; l = l->next) {
        struct process *p = CONTAINER_OF(l, struct process, all);
        processes++;
        if (p->pid <= last || process_find(sys, p->pid) != p) {
            return "processes are listed by pid and found by it";
        }
        last = p->pid;
        if (p->is_zombie != link_empty(&p->threads) || p->is_zombie != (p->mm == NULL)) {
            return "a zombie, and only a zombie, has no thread and no memory";
        }
        if (!p->is_init && p->parent == NULL) {
            return "every process but the first has a parent";
        }
        uint32_t own = 0;
        for (struct link *m = p->threads.next; m != &p->threads; m = m->next, own++) {
            const char *broken = thread_invariant(sys, CONTAINER_OF(m, struct thread, siblings));
            if (broken != NULL) {
                return broken;
            }
        }
        if (own != p->thread_count) {
            return "thread_count counts the threads";
        }
        threads += own;
    }
    if (processes != sys->process_count || threads != sys->live_thread_count ||
        sys->free_thread_count + threads != LINUX_THREADS_MAX) {
        return "counts of processes and threads are right";
    }
    return NULL;
}
