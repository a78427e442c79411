/* SPDX-License-Identifier: MIT */
/**
 * Futex: waiting for a word of memory to change.
 * Owns:   the queues in linux_system.futexes.    Uses: wait.c, user.c.
 * Limits: a key is (address space, address); memory is never shared between spaces, so private and shared are the same.
 *         WAIT, WAKE, REQUEUE, CMP_REQUEUE and the BITSET forms; priority inheritance is ENOSYS.
 * Source: man-pages futex(2)
 */
#include "calls.h"

static struct wait_queue *queue_of(struct linux_system *sys, const struct mm *mm, uint64_t address)
{
    return &sys->futexes[(address / 4 + mm->space * 7) % FUTEX_HASH];
}

static bool waits_here(const struct waiter *w, const struct mm *mm, uint64_t address)
{
    return w->key == address && w->thread->proc->mm == mm;
}

/** Wakes at most `count` that wait at `address` with one of `bits`. A woken thread sees stage 2. */
int64_t futex_wake(struct linux_system *sys, struct mm *mm, uint64_t address, uint32_t count, uint32_t bits)
{
    struct wait_queue *q = queue_of(sys, mm, address);
    uint32_t woken = 0;
    for (struct link *l = q->waiters.next; l != &q->waiters && woken < count;) {
        struct waiter *w = CONTAINER_OF(l, struct waiter, link);
        l = l->next;
        if (waits_here(w, mm, address) && ((uint32_t)w->thread->call.done_bytes & bits) != 0) {
            w->thread->call.stage = 2;
            thread_ready(w->thread);
            woken++;
        }
    }
    return woken;
}

void thread_clear_tid(struct thread *t)
{
    struct mm *mm = t->proc->mm;
    if (t->clear_tid == 0 || mm == NULL || (mm->refs == 1 && t->proc->thread_count == 1)) {
        return; /* nobody is left to see it */
    }
    if (user_write_u32(mm, t->clear_tid, 0)) {
        (void)futex_wake(t->sys, mm, t->clear_tid, 1, UINT32_MAX);
    }
    t->clear_tid = 0;
}

static int64_t first_deadline(struct thread *t, uint64_t op, uint64_t timeout_address)
{
    struct abi_timespec ts;
    uint64_t ns;
    t->call.deadline_ns = NEVER_NS;
    if (timeout_address == 0) {
        return 0;
    }
    if (!user_read(t->proc->mm, &ts, timeout_address, sizeof(ts))) {
        return -E_FAULT;
    }
    if (!timespec_to_ns(&ts, &ns)) {
        return -E_INVAL;
    }
    if ((op & ~(uint64_t)(FUTEX_PRIVATE_ | FUTEX_CLOCK_REALTIME_)) == FUTEX_WAIT_) {
        t->call.deadline_ns = time_now(t->sys) + ns; /* relative */
        return 0;
    }
    int64_t offset = (op & FUTEX_CLOCK_REALTIME_) != 0 ? t->sys->ops->wall_offset_ns(t->sys->env) : 0;
    t->call.deadline_ns = (int64_t)ns > offset ? (uint64_t)((int64_t)ns - offset) : 0;
    return 0;
}

/** done_bytes keeps the bits; stage: 1 waits, 2 was woken. */
static int64_t futex_wait(struct thread *t, const uint64_t *a, uint32_t bits)
{
    uint32_t value;
    if (!t->call.again) {
        int64_t error = bits == 0 ? -E_INVAL : first_deadline(t, a[1], a[3]);
        if (error != 0) {
            return error;
        }
        if (!user_read(t->proc->mm, &value, a[0], sizeof(value))) {
            return -E_FAULT;
        }
        if (value != (uint32_t)a[2]) {
            return -E_AGAIN;
        }
        t->call.stage = 1;
        t->call.done_bytes = bits;
        t->wait.key = a[0];
    }
    uint64_t address = t->wait.key; /* a requeue may have changed it */
    if (t->call.stage == 2) {
        return 0;
    }
    if (time_now(t->sys) >= t->call.deadline_ns) {
        return -E_TIMEDOUT;
    }
    if (signal_waits(t)) {
        return t->call.deadline_ns == NEVER_NS ? -E_RESTARTSYS : -E_RESTART_RESTARTBLOCK;
    }
    if (!wait_on(t, queue_of(t->sys, t->proc->mm, address), address)) {
        return -E_NOMEM;
    }
    wait_until(t, t->call.deadline_ns);
    return RESULT_BLOCK;
}

/** Wakes `a[2]`, moves up to `a[3]` of the rest to the futex at `a[4]`. */
static int64_t futex_requeue(struct thread *t, const uint64_t *a, bool compare)
{
    struct mm *mm = t->proc->mm;
    struct linux_system *sys = t->sys;
    uint32_t value;
    if ((int32_t)a[2] < 0 || (int32_t)a[3] < 0 || !is_aligned(a[4], 4)) {
        return -E_INVAL;
    }
    if (!user_read(mm, &value, a[0], sizeof(value))) {
        return -E_FAULT;
    }
    if (compare && value != (uint32_t)a[5]) {
        return -E_AGAIN;
    }
    int64_t woken = futex_wake(sys, mm, a[0], (uint32_t)a[2], UINT32_MAX);
    struct wait_queue *from = queue_of(sys, mm, a[0]), *to = queue_of(sys, mm, a[4]);
    uint32_t moved = 0;
    struct link *end = from->waiters.prev;
    for (struct link *l = from->waiters.next; l != &from->waiters && moved < (uint32_t)a[3];) {
        struct waiter *w = CONTAINER_OF(l, struct waiter, link);
        bool is_last = l == end;
        l = l->next;
        if (waits_here(w, mm, a[0])) {
            link_remove(&w->link);
            link_add_before(&to->waiters, &w->link);
            w->key = a[4];
            moved++;
        }
        if (is_last) {
            break; /* what was moved may stand behind in the same queue */
        }
    }
    return woken + (int64_t)moved;
}

int64_t call_futex(struct thread *t, const uint64_t *a)
{
    uint32_t op = (uint32_t)a[1] & ~(FUTEX_PRIVATE_ | FUTEX_CLOCK_REALTIME_);
    if (!is_aligned(a[0], 4)) {
        return -E_INVAL;
    }
    switch (op) {
    case FUTEX_WAIT_:
        return futex_wait(t, a, UINT32_MAX);
    case FUTEX_WAIT_BITSET_:
        return futex_wait(t, a, (uint32_t)a[5]);
    case FUTEX_WAKE_:
        return futex_wake(t->sys, t->proc->mm, a[0], (uint32_t)a[2] == 0 ? 1 : (uint32_t)a[2], UINT32_MAX);
    case FUTEX_WAKE_BITSET_:
        return (uint32_t)a[5] == 0 ? -E_INVAL : futex_wake(t->sys, t->proc->mm, a[0], (uint32_t)a[2], (uint32_t)a[5]);
    case FUTEX_REQUEUE_:
        return futex_requeue(t, a, false);
    case FUTEX_CMP_REQUEUE_:
        return futex_requeue(t, a, true);
    default:
        count_feature(t->sys, "futex: priority inheritance and others");
        return -E_NOSYS;
    }
}
