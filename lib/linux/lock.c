/* SPDX-License-Identifier: MIT */
/**
 * Lock: advisory locks on files, of three kinds: by flock, of whole files; of processes, by fcntl (POSIX); and of open files, by fcntl (OFD).
 * Those by flock do not see the others, and the other two see each other.
 * Owns:   struct lock, the locks of inodes, whoever waits for one.    Uses: fd.c.
 * Limits: LOCKS_MAX in the system, then ENOLCK. A call looks at each lock of its file once, and a wait at each process once.
 * Source: man-pages flock(2), fcntl(2); POSIX.1-2017 fcntl
 */
#include "lock.h"

#include "calls.h"

#define LOCKS_MAX 4096u
#define LOCKS_OF_USERS (LOCKS_MAX / 4 * 3) /* the rest is for root */
#define TO_THE_END INT64_MAX

struct lock {
    struct lock *next; /* of the same inode */
    enum lock_kind kind;
    bool is_exclusive;
    const void *owner; /* the process, or the open file */
    uint32_t pid;      /* for F_GETLK */
    int64_t first, last;
};

/* ---- the locks of a file ------------------------------------------------------------------------------------------- */

static bool is_of(const struct lock *l, const struct lock *wanted)
{
    return l->kind == wanted->kind && l->owner == wanted->owner;
}

/** The first lock that keeps `wanted` from being set; NULL: nothing does. */
static struct lock *find_conflict(const struct inode *n, const struct lock *wanted)
{
    for (struct lock *l = n->locks; l != NULL; l = l->next) {
        bool same_world = (l->kind == LOCK_FLOCK) == (wanted->kind == LOCK_FLOCK);
        bool overlaps = l->first <= wanted->last && wanted->first <= l->last;
        if (same_world && overlaps && !is_of(l, wanted) && (l->is_exclusive || wanted->is_exclusive)) {
            return l;
        }
    }
    return NULL;
}

static struct lock *new_lock(struct linux_system *sys, const struct lock *value)
{
    bool is_root = sys->current == NULL || sys->current->proc->cred.fsuid == 0;
    struct lock *l = sys->lock_count < (is_root ? LOCKS_MAX : LOCKS_OF_USERS) ? mem_alloc(&sys->memory, sizeof(*l), MEM_CORE) : NULL;
    if (l != NULL) {
        *l = *value;
        sys->lock_count++;
    }
    return l;
}

static void free_lock(struct linux_system *sys, struct lock *l)
{
    sys->lock_count--;
    mem_free(&sys->memory, l);
}

/** Takes [first, last] out of what its owner has. `spare` is used, and NULL then, when a lock is cut in two. */
static void cut(struct inode *n, const struct lock *range, struct lock **spare)
{
    for (struct lock **at = &n->locks; *at != NULL;) {
        struct lock *l = *at;
        if (!is_of(l, range) || l->last < range->first || l->first > range->last) {
            at = &l->next;
        } else if (l->first >= range->first && l->last <= range->last) {
            *at = l->next;
            free_lock(n->sys, l);
        } else if (l->first < range->first && l->last > range->last) {
            struct lock *rest = *spare;
            *spare = NULL;
            *rest = *l;
            rest->first = range->last + 1;
            l->last = range->first - 1;
            l->next = rest;
            return;
        } else if (l->first < range->first) {
            l->last = range->first - 1;
            at = &l->next;
        } else {
            l->first = range->last + 1;
            at = &l->next;
        }
    }
}

/** Joins what touches the lock that was set last, so that many small ones do not add up. */
static void join(struct inode *n, struct lock *set)
{
    for (struct lock **at = &n->locks; *at != NULL;) {
        struct lock *l = *at;
        bool touches = (l->last != TO_THE_END && l->last + 1 == set->first) || (set->last != TO_THE_END && set->last + 1 == l->first);
        if (l != set && is_of(l, set) && l->is_exclusive == set->is_exclusive && touches) {
            set->first = l->first < set->first ? l->first : set->first;
            set->last = l->last > set->last ? l->last : set->last;
            *at = l->next;
            free_lock(n->sys, l);
        } else {
            at = &l->next;
        }
    }
}

/** Whether taking the range away cuts a lock in two. */
static bool divides(const struct inode *n, const struct lock *range)
{
    for (const struct lock *l = n->locks; l != NULL; l = l->next) {
        if (is_of(l, range) && l->first < range->first && l->last > range->last) {
            return true;
        }
    }
    return false;
}

static int64_t unlock(struct inode *n, const struct lock *range)
{
    bool needs_spare = divides(n, range);
    struct lock *spare = needs_spare ? new_lock(n->sys, range) : NULL;
    if (needs_spare && spare == NULL) {
        return -E_NOLCK;
    }
    cut(n, range, &spare);
    if (spare != NULL) {
        free_lock(n->sys, spare);
    }
    wake_all(&n->sys->lock_waiters);
    return 0;
}

static int64_t set(struct inode *n, const struct lock *wanted)
{
    struct lock *l = new_lock(n->sys, wanted), *spare = new_lock(n->sys, wanted);
    if (l == NULL || spare == NULL) {
        if (l != NULL) {
            free_lock(n->sys, l);
        }
        return -E_NOLCK;
    }
    cut(n, wanted, &spare);
    if (spare != NULL) {
        free_lock(n->sys, spare);
    }
    l->next = n->locks;
    n->locks = l;
    join(n, l);
    wake_all(&n->sys->lock_waiters); /* an exclusive lock may have become a shared one */
    return 0;
}

static void drop_owner(struct inode *n, enum lock_kind kind, const void *owner)
{
    bool dropped = false;
    for (struct lock **at = &n->locks; *at != NULL;) {
        struct lock *l = *at;
        if (l->kind == kind && l->owner == owner) {
            *at = l->next;
            free_lock(n->sys, l);
            dropped = true;
        } else {
            at = &l->next;
        }
    }
    if (dropped) {
        wake_all(&n->sys->lock_waiters);
    }
}

void locks_drop_process(struct inode *n, const struct process *p)
{
    drop_owner(n, LOCK_POSIX, p);
}

void locks_drop_file(struct file *f)
{
    drop_owner(f->inode, LOCK_FLOCK, f);
    drop_owner(f->inode, LOCK_OFD, f);
}

/* ---- waiting --------------------------------------------------------------------------------------------------------- */

/** Whether whoever `t` would wait for waits, perhaps through others, for a lock of `t`'s process. */
static bool would_deadlock(const struct thread *t, const struct lock *conflict)
{
    const struct process *p = conflict->owner;
    for (uint32_t i = 0; i < LINUX_PROCESSES_MAX && p != NULL; i++) {
        if (p == t->proc) {
            return true;
        }
        p = p->waits_for_lock_of;
    }
    return false;
}

static int64_t wait_for(struct thread *t, const struct lock *wanted, const struct lock *conflict)
{
    bool is_posix = wanted->kind == LOCK_POSIX && conflict->kind == LOCK_POSIX;
    if (is_posix && would_deadlock(t, conflict)) {
        return -E_DEADLK;
    }
    if (signal_waits(t)) {
        return -E_RESTARTSYS;
    }
    if (!wait_on(t, &t->sys->lock_waiters, 0)) {
        return -E_NOMEM;
    }
    t->proc->waits_for_lock_of = is_posix ? conflict->owner : NULL;
    return RESULT_BLOCK;
}

static int64_t set_or_wait(struct thread *t, struct inode *n, const struct lock *wanted, bool waits)
{
    t->proc->waits_for_lock_of = NULL;
    const struct lock *conflict = find_conflict(n, wanted);
    if (conflict == NULL) {
        return set(n, wanted);
    }
    return waits ? wait_for(t, wanted, conflict) : -E_AGAIN;
}

void locks_forget_process(struct process *gone)
{
    for (struct link *l = gone->sys->processes.next; l != &gone->sys->processes; l = l->next) {
        struct process *p = CONTAINER_OF(l, struct process, all);
        p->waits_for_lock_of = p->waits_for_lock_of == gone ? NULL : p->waits_for_lock_of;
    }
}

/* ---- calls ----------------------------------------------------------------------------------------------------------- */

int64_t call_flock(struct thread *t, const uint64_t *a)
{
    struct file *f = fd_file(t->proc, a[0]);
    uint32_t operation = (uint32_t)a[1] & ~FLOCK_NB;
    if (f == NULL) {
        return -E_BADF;
    }
    struct lock wanted = {.kind = LOCK_FLOCK,
                          .is_exclusive = operation == FLOCK_EX,
                          .owner = f,
                          .pid = t->proc->pid,
                          .first = 0,
                          .last = TO_THE_END};
    if (operation == FLOCK_UN) {
        drop_owner(f->inode, LOCK_FLOCK, f);
        return 0;
    }
    if (operation != FLOCK_SH && operation != FLOCK_EX) {
        return -E_INVAL;
    }
    if (!t->call.again) {
        drop_owner(f->inode, LOCK_FLOCK, f); /* changing a lock is giving it up and asking anew */
    }
    return set_or_wait(t, f->inode, &wanted, ((uint32_t)a[1] & FLOCK_NB) == 0);
}

/** The range that a struct flock means. */
static int64_t range_of(const struct file *f, const struct abi_flock *in, struct lock *out)
{
    int64_t base = in->whence == SEEK_CUR_ ? (int64_t)f->position : in->whence == SEEK_END_ ? (int64_t)f->inode->size : 0;
    if (in->whence != SEEK_SET_ && in->whence != SEEK_CUR_ && in->whence != SEEK_END_) {
        return -E_INVAL;
    }
    if (__builtin_add_overflow(base, in->start, &out->first)) {
        return -E_OVERFLOW;
    }
    out->last = TO_THE_END;
    if (in->len > 0 && __builtin_add_overflow(out->first, in->len - 1, &out->last)) {
        return -E_OVERFLOW;
    }
    if (in->len < 0) {
        out->last = out->first - 1;
        if (__builtin_add_overflow(out->first, in->len, &out->first)) {
            return -E_INVAL;
        }
    }
    return out->first < 0 ? -E_INVAL : 0;
}

static int64_t tell_conflict(struct thread *t, const struct inode *n, const struct lock *wanted, struct abi_flock *out, uint64_t address)
{
    const struct lock *l = find_conflict(n, wanted);
    out->type = FLOCK_TYPE_UNLCK;
    if (l != NULL) {
        *out = (struct abi_flock){.type = l->is_exclusive ? FLOCK_TYPE_WRLCK : FLOCK_TYPE_RDLCK,
                                  .whence = SEEK_SET_,
                                  .start = l->first,
                                  .len = l->last == TO_THE_END ? 0 : l->last - l->first + 1,
                                  .pid = l->kind == LOCK_OFD ? -1 : (int32_t)l->pid};
    }
    return user_write(t->proc->mm, address, out, sizeof(*out)) ? 0 : -E_FAULT;
}

int64_t lock_fcntl(struct thread *t, struct file *f, uint64_t command, uint64_t address)
{
    bool is_ofd = command >= FCNTL_OFD_GETLK;
    struct abi_flock in;
    struct lock wanted = {.kind = is_ofd ? LOCK_OFD : LOCK_POSIX, .pid = t->proc->pid};
    wanted.owner = is_ofd ? (const void *)f : t->proc;
    if (!user_read(t->proc->mm, &in, address, sizeof(in))) {
        return -E_FAULT;
    }
    if (is_ofd && in.pid != 0) {
        return -E_INVAL;
    }
    int64_t error = range_of(f, &in, &wanted);
    if (error != 0) {
        return error;
    }
    wanted.is_exclusive = in.type == FLOCK_TYPE_WRLCK;
    bool asks = command == FCNTL_GETLK || command == FCNTL_OFD_GETLK;
    if (in.type == FLOCK_TYPE_UNLCK && !asks) {
        return unlock(f->inode, &wanted);
    }
    if (in.type != FLOCK_TYPE_RDLCK && in.type != FLOCK_TYPE_WRLCK) {
        return -E_INVAL;
    }
    if (asks) {
        return tell_conflict(t, f->inode, &wanted, &in, address);
    }
    if (wanted.is_exclusive ? !file_can_write(f) : !file_can_read(f)) {
        return -E_BADF;
    }
    return set_or_wait(t, f->inode, &wanted, command == FCNTL_SETLKW || command == FCNTL_OFD_SETLKW);
}

const char *locks_invariant(const struct inode *n)
{
    for (const struct lock *l = n->locks; l != NULL; l = l->next) {
        if (l->first < 0 || l->last < l->first) {
            return "a lock has a range";
        }
        for (const struct lock *other = l->next; other != NULL; other = other->next) {
            bool same_world = (l->kind == LOCK_FLOCK) == (other->kind == LOCK_FLOCK);
            bool overlaps = l->first <= other->last && other->first <= l->last;
            if (same_world && overlaps && (is_of(l, other) || l->is_exclusive || other->is_exclusive)) {
                return "locks of a file that overlap are shared, and of different owners";
            }
        }
    }
    return NULL;
}
