/* SPDX-License-Identifier: MIT */
/**
 * Poll: waiting for any of many files.
 * Owns:   nothing.    Uses: wait.c, fd.c.
 * Limits: LINUX_FDS_MAX descriptors a call.
 * Source: man-pages poll(2), select(2)
 */
#include "calls.h"
#include "files.h"

#define EVENTS_ALWAYS (POLLERR_ | POLLHUP_)
#define SELECT_IN (POLLIN_ | POLLRDNORM_ | POLLRDBAND_ | POLLHUP_ | POLLERR_)
#define SELECT_OUT (POLLOUT_ | POLLWRNORM_ | POLLWRBAND_ | POLLERR_)
#define SELECT_EXCEPT POLLPRI_
#define SET_WORDS (LINUX_FDS_MAX / 64)

/** What of `wanted` a file is ready for. While nothing is, the thread is put on its queues. */
static bool ask(struct thread *t, struct file *f, uint32_t wanted, bool waits, uint32_t *ready)
{
    struct wait_queue *queues[2] = {NULL, NULL};
    *ready = f->ops->poll(f, queues) & (wanted | EVENTS_ALWAYS);
    if (!waits || *ready != 0) {
        return true;
    }
    for (uint32_t i = 0; i < 2; i++) {
        if (queues[i] != NULL && !wait_on(t, queues[i], 0)) {
            return false;
        }
    }
    return true;
}

/** Sets the deadline at the first run, and the signal mask for as long as the call lasts. */
static int64_t begin(struct thread *t, uint64_t timeout_address, uint64_t mask_address, uint64_t mask_bytes)
{
    struct abi_timespec ts;
    uint64_t ns, mask;
    if (!t->call.again) {
        t->call.deadline_ns = NEVER_NS;
        if (timeout_address != 0) {
            if (!user_read(t->proc->mm, &ts, timeout_address, sizeof(ts))) {
                return -E_FAULT;
            }
            if (!timespec_to_ns(&ts, &ns)) {
                return -E_INVAL;
            }
            t->call.deadline_ns = time_now(t->sys) + ns;
        }
    }
    if (mask_address == 0 || (t->attention & ATTENTION_MASK) != 0) {
        return 0;
    }
    if (mask_bytes != 8) {
        return -E_INVAL;
    }
    if (!user_read_u64(t->proc->mm, &mask, mask_address)) {
        return -E_FAULT;
    }
    t->saved_mask = t->blocked;
    t->attention |= ATTENTION_MASK;
    signal_set_mask(t, mask);
    return 0;
}

static bool time_is_up(struct thread *t)
{
    return t->call.deadline_ns != NEVER_NS && time_now(t->sys) >= t->call.deadline_ns;
}

/** Tells how much time is left; a place that cannot be written is not an error, as on Linux. */
static void put_rest(struct thread *t, uint64_t timeout_address)
{
    if (timeout_address == 0) {
        return;
    }
    uint64_t now = time_now(t->sys), end = t->call.deadline_ns, left = end > now ? end - now : 0;
    struct abi_timespec ts = {(int64_t)(left / NS_PER_S), (int64_t)(left % NS_PER_S)};
    if (!user_write(t->proc->mm, timeout_address, &ts, sizeof(ts))) {
        return;
    }
}

/** Ends a run in which `count` files (or an error) were found: the result, or blocking. */
static int64_t end(struct thread *t, int64_t count, uint64_t timeout_address)
{
    int64_t result = count != 0 || time_is_up(t) ? count : signal_waits(t) ? -E_RESTARTNOHAND : RESULT_BLOCK;
    if (result == RESULT_BLOCK) {
        wait_until(t, t->call.deadline_ns);
    } else {
        wait_end(t);
        put_rest(t, timeout_address);
    }
    return result;
}

/* ---- ppoll ------------------------------------------------------------------------------------------------------- */

static int64_t poll_one(struct thread *t, uint64_t address, bool waits)
{
    struct abi_pollfd entry;
    uint32_t ready = 0;
    if (!user_read(t->proc->mm, &entry, address, sizeof(entry))) {
        return -E_FAULT;
    }
    if (entry.fd >= 0) {
        struct file *f = fd_file(t->proc, (uint32_t)entry.fd);
        if (f == NULL) {
            ready = POLLNVAL_;
        } else if (!ask(t, f, (uint16_t)entry.events, waits, &ready)) {
            return -E_NOMEM;
        }
    }
    entry.revents = (int16_t)ready;
    uint64_t at = address + offsetof(struct abi_pollfd, revents);
    if (!user_write(t->proc->mm, at, &entry.revents, sizeof(entry.revents))) {
        return -E_FAULT;
    }
    return ready != 0;
}

int64_t call_ppoll(struct thread *t, const uint64_t *a)
{
    uint64_t count = (uint32_t)a[1];
    int64_t found = 0;
    if (count > t->proc->limits[RLIMIT_NOFILE_].cur || count > LINUX_FDS_MAX) {
        return -E_INVAL;
    }
    int64_t error = begin(t, a[2], a[3], a[4]);
    if (error != 0) {
        return error;
    }
    bool may_wait = !time_is_up(t) && !signal_waits(t);
    for (uint64_t i = 0; i < count; i++) {
        int64_t one = poll_one(t, a[0] + i * sizeof(struct abi_pollfd), may_wait && found == 0);
        if (one < 0) {
            found = one;
            break;
        }
        found += one;
    }
    return end(t, found, a[2]);
}

/* ---- pselect6 ---------------------------------------------------------------------------------------------------- */

struct fd_sets {
    uint64_t in[SET_WORDS], out[SET_WORDS], except[SET_WORDS];
};

static bool read_set(struct mm *mm, uint64_t *set, uint64_t address, uint32_t words)
{
    memset(set, 0, SET_WORDS * sizeof(*set));
    return address == 0 || user_read(mm, set, address, words * sizeof(*set));
}

static bool write_set(struct mm *mm, const uint64_t *set, uint64_t address, uint32_t words)
{
    return address == 0 || user_write(mm, address, set, words * sizeof(*set));
}

/** Asks for one descriptor; clears what is not ready. @return how many bits stay, or an error. */
static int64_t select_one(struct thread *t, struct fd_sets *sets, uint32_t fd, bool waits)
{
    uint32_t word = fd / 64, ready;
    uint64_t bit = (uint64_t)1 << fd % 64;
    uint32_t wanted = ((sets->in[word] & bit) != 0 ? SELECT_IN : 0) | ((sets->out[word] & bit) != 0 ? SELECT_OUT : 0) |
                      ((sets->except[word] & bit) != 0 ? SELECT_EXCEPT : 0);
    if (wanted == 0) {
        return 0;
    }
    struct file *f = fd_file(t->proc, fd);
    if (f == NULL) {
        return -E_BADF;
    }
    if (!ask(t, f, wanted, waits, &ready)) {
        return -E_NOMEM;
    }
    sets->in[word] &= (ready & SELECT_IN) != 0 ? UINT64_MAX : ~bit;
    sets->out[word] &= (ready & SELECT_OUT) != 0 ? UINT64_MAX : ~bit;
    sets->except[word] &= (ready & SELECT_EXCEPT) != 0 ? UINT64_MAX : ~bit;
    return ((sets->in[word] & bit) != 0) + ((sets->out[word] & bit) != 0) + ((sets->except[word] & bit) != 0);
}

static int64_t select_all(struct thread *t, struct fd_sets *sets, uint32_t count, bool may_wait)
{
    int64_t found = 0;
    for (uint32_t fd = 0; fd < count; fd++) {
        int64_t one = select_one(t, sets, fd, may_wait && found == 0);
        if (one < 0) {
            return one;
        }
        found += one;
    }
    return found;
}

int64_t call_pselect6(struct thread *t, const uint64_t *a)
{
    struct mm *mm = t->proc->mm;
    struct fd_sets sets;
    uint64_t mask[2] = {0, 0};
    int32_t count = (int32_t)a[0];
    if (count < 0) {
        return -E_INVAL;
    }
    uint32_t fds = (uint32_t)count < LINUX_FDS_MAX ? (uint32_t)count : LINUX_FDS_MAX, words = (fds + 63) / 64;
    if ((a[5] != 0 && !user_read(mm, mask, a[5], sizeof(mask))) || !read_set(mm, sets.in, a[1], words) ||
        !read_set(mm, sets.out, a[2], words) || !read_set(mm, sets.except, a[3], words)) {
        return -E_FAULT;
    }
    int64_t error = begin(t, a[4], mask[0], mask[1]);
    if (error != 0) {
        return error;
    }
    int64_t found = select_all(t, &sets, fds, !time_is_up(t) && !signal_waits(t));
    bool is_done = found > 0 || (found == 0 && time_is_up(t));
    if (is_done && (!write_set(mm, sets.in, a[1], words) || !write_set(mm, sets.out, a[2], words) ||
                    !write_set(mm, sets.except, a[3], words))) {
        found = -E_FAULT;
    }
    return end(t, found, a[4]);
}
