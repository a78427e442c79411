/* SPDX-License-Identifier: MIT */
/**
 * Time: clocks, sleeping, interval timers and what processes have used.
 * Owns:   nothing; timers live in threads and processes.    Uses: wait.c, signal.c.
 * Limits: time that a thread runs counts as user time; ITIMER_REAL only; the wall clock cannot be set by programs.
 * Source: man-pages clock_gettime(2), clock_nanosleep(2), setitimer(2), times(2), getrusage(2)
 */
#include "calls.h"

uint64_t time_now(struct linux_system *sys)
{
    if (sys->now_ns == 0) {
        sys->now_ns = sys->ops->now_ns(sys->env);
    }
    return sys->now_ns;
}

int64_t time_wall(struct linux_system *sys)
{
    return (int64_t)time_now(sys) + sys->ops->wall_offset_ns(sys->env);
}

static uint64_t thread_cpu_ns(const struct thread *t)
{
    return t->is_bound ? t->sys->ops->thread_cpu_ns(t->sys->env, t->id) - t->cpu_base_ns : 0;
}

uint64_t process_cpu_ns(struct process *p)
{
    uint64_t sum = p->cpu_ns;
    for (struct link *l = p->threads.next; l != &p->threads; l = l->next) {
        sum += thread_cpu_ns(CONTAINER_OF(l, struct thread, siblings));
    }
    return sum;
}

bool timespec_to_ns(const struct abi_timespec *ts, uint64_t *out)
{
    if (ts->sec < 0 || ts->nsec < 0 || ts->nsec >= NS_PER_S) {
        return false;
    }
    /* Beyond 292 years a deadline is never. */
    *out = ts->sec >= INT64_MAX / NS_PER_S ? (uint64_t)INT64_MAX : (uint64_t)ts->sec * NS_PER_S + (uint64_t)ts->nsec;
    return true;
}

static struct abi_timespec timespec_of(int64_t ns)
{
    return (struct abi_timespec){ns / NS_PER_S, ns % NS_PER_S};
}

static struct abi_timeval timeval_of(uint64_t ns)
{
    return (struct abi_timeval){(int64_t)(ns / NS_PER_S), (int64_t)(ns % NS_PER_S / 1000)};
}

static bool clock_read(struct thread *t, uint64_t clock, int64_t *out)
{
    switch (clock) {
    case CLOCK_REALTIME_:
    case CLOCK_REALTIME_COARSE_:
    case CLOCK_TAI_:
        *out = time_wall(t->sys);
        return true;
    case CLOCK_MONOTONIC_:
    case CLOCK_MONOTONIC_RAW_:
    case CLOCK_MONOTONIC_COARSE_:
    case CLOCK_BOOTTIME_:
        *out = (int64_t)time_now(t->sys);
        return true;
    case CLOCK_PROCESS_CPUTIME_:
        *out = (int64_t)process_cpu_ns(t->proc);
        return true;
    case CLOCK_THREAD_CPUTIME_:
        *out = (int64_t)thread_cpu_ns(t);
        return true;
    default:
        return false;
    }
}

int64_t call_clock_gettime(struct thread *t, const uint64_t *a)
{
    int64_t ns;
    if (!clock_read(t, a[0], &ns)) {
        return -E_INVAL;
    }
    struct abi_timespec ts = timespec_of(ns);
    return user_write(t->proc->mm, a[1], &ts, sizeof(ts)) ? 0 : -E_FAULT;
}

int64_t call_clock_getres(struct thread *t, const uint64_t *a)
{
    int64_t ns;
    if (!clock_read(t, a[0], &ns)) {
        return -E_INVAL;
    }
    struct abi_timespec ts = {0, 1};
    return a[1] == 0 || user_write(t->proc->mm, a[1], &ts, sizeof(ts)) ? 0 : -E_FAULT;
}

int64_t call_clock_settime(struct thread *t, const uint64_t *a)
{
    (void)t;
    return a[0] == CLOCK_REALTIME_ ? -E_PERM : -E_INVAL;
}

int64_t call_gettimeofday(struct thread *t, const uint64_t *a)
{
    struct abi_timeval tv = timeval_of((uint64_t)time_wall(t->sys));
    if (a[0] != 0 && !user_write(t->proc->mm, a[0], &tv, sizeof(tv))) {
        return -E_FAULT;
    }
    return a[1] == 0 || user_zero(t->proc->mm, a[1], 8) ? 0 : -E_FAULT; /* struct timezone: UTC */
}

int64_t call_settimeofday(struct thread *t, const uint64_t *a)
{
    (void)t;
    (void)a;
    return -E_PERM;
}

/* ---- sleeping ---------------------------------------------------------------------------------------------------- */

/** Sleeps until call.deadline_ns; a relative sleep that a signal ends stores what remains. */
static int64_t sleep_on(struct thread *t, bool relative, uint64_t remain_address)
{
    uint64_t now = time_now(t->sys);
    if (now >= t->call.deadline_ns) {
        return 0;
    }
    if (!signal_waits(t)) {
        wait_until(t, t->call.deadline_ns);
        return RESULT_BLOCK;
    }
    if (!relative) {
        return -E_RESTARTNOHAND;
    }
    struct abi_timespec rest = timespec_of((int64_t)(t->call.deadline_ns - now));
    if (remain_address != 0 && !user_write(t->proc->mm, remain_address, &rest, sizeof(rest))) {
        return -E_FAULT;
    }
    return -E_RESTART_RESTARTBLOCK;
}

static int64_t sleep_call(struct thread *t, uint64_t clock, bool absolute, uint64_t request, uint64_t remain)
{
    if (t->call.again) {
        return sleep_on(t, !absolute, remain);
    }
    struct abi_timespec ts;
    uint64_t ns;
    if (!user_read(t->proc->mm, &ts, request, sizeof(ts))) {
        return -E_FAULT;
    }
    if (!timespec_to_ns(&ts, &ns)) {
        return -E_INVAL;
    }
    if (!absolute) {
        t->call.deadline_ns = time_now(t->sys) + ns; /* both below 2^63 */
    } else if (clock == CLOCK_REALTIME_ || clock == CLOCK_TAI_) {
        int64_t offset = t->sys->ops->wall_offset_ns(t->sys->env);
        t->call.deadline_ns = (int64_t)ns > offset ? ns - (uint64_t)offset : 0;
    } else {
        t->call.deadline_ns = ns;
    }
    return sleep_on(t, !absolute, remain);
}

int64_t call_nanosleep(struct thread *t, const uint64_t *a)
{
    return sleep_call(t, CLOCK_MONOTONIC_, false, a[0], a[1]);
}

int64_t call_clock_nanosleep(struct thread *t, const uint64_t *a)
{
    switch (a[0]) {
    case CLOCK_REALTIME_:
    case CLOCK_MONOTONIC_:
    case CLOCK_BOOTTIME_:
    case CLOCK_TAI_:
        return sleep_call(t, a[0], (a[1] & TIMER_ABSTIME_) != 0, a[2], a[3]);
    case CLOCK_PROCESS_CPUTIME_:
    case CLOCK_THREAD_CPUTIME_:
        count_feature(t->sys, "clock_nanosleep on CPU time");
        return -E_OPNOTSUPP;
    default:
        return -E_INVAL;
    }
}

int64_t call_restart_syscall(struct thread *t, const uint64_t *a)
{
    (void)t;
    (void)a;
    return -E_INTR; /* interrupted sleeps go on by themselves here; nothing is left to restart */
}

/* ---- interval timers --------------------------------------------------------------------------------------------- */

#define ITIMER_PERIOD_MIN_NS UINT64_C(1000000)

struct itimerval {
    struct abi_timeval interval, value;
};

static bool timeval_to_ns(const struct abi_timeval *tv, uint64_t *out)
{
    struct abi_timespec ts = {tv->sec, tv->usec < 0 || tv->usec >= 1000000 ? -1 : tv->usec * 1000};
    return timespec_to_ns(&ts, out);
}

static void itimer_get(struct process *p, struct itimerval *out)
{
    *out = (struct itimerval){.interval = timeval_of(p->itimer_interval_ns)};
    if (p->itimer.heap_index != TIMER_IDLE) {
        uint64_t now = time_now(p->sys);
        uint64_t left = p->itimer.deadline_ns > now ? p->itimer.deadline_ns - now : 0;
        out->value = timeval_of(left < 1000 ? 1000 : left); /* an armed timer never shows 0 */
    }
}

int64_t call_getitimer(struct thread *t, const uint64_t *a)
{
    struct itimerval now;
    if (a[0] > 2) {
        return -E_INVAL;
    }
    memset(&now, 0, sizeof(now));
    if (a[0] == 0) {
        itimer_get(t->proc, &now);
    }
    return user_write(t->proc->mm, a[1], &now, sizeof(now)) ? 0 : -E_FAULT;
}

int64_t call_setitimer(struct thread *t, const uint64_t *a)
{
    struct process *p = t->proc;
    struct itimerval wanted = {0}, old;
    uint64_t value, interval;
    if (a[0] > 2) {
        return -E_INVAL;
    }
    if (a[0] != 0) {
        count_feature(t->sys, "setitimer on CPU time");
        return -E_INVAL;
    }
    if (a[1] != 0 && !user_read(p->mm, &wanted, a[1], sizeof(wanted))) {
        return -E_FAULT;
    }
    if (!timeval_to_ns(&wanted.value, &value) || !timeval_to_ns(&wanted.interval, &interval)) {
        return -E_INVAL;
    }
    itimer_get(p, &old);
    p->itimer_interval_ns = interval;
    timer_set(t->sys, &p->itimer, value == 0 ? NEVER_NS : time_now(t->sys) + value);
    return a[2] == 0 || user_write(p->mm, a[2], &old, sizeof(old)) ? 0 : -E_FAULT;
}

void itimer_fired(struct process *p)
{
    signal_simple(p, SIGALRM_);
    if (p->itimer_interval_ns != 0) {
        uint64_t now = time_now(p->sys), next = p->itimer.deadline_ns + p->itimer_interval_ns;
        uint64_t soonest = now + ITIMER_PERIOD_MIN_NS; /* the server runs before programs: it must not be kept busy by one */
        timer_set(p->sys, &p->itimer, next > soonest ? next : soonest);
    }
}

/* ---- what was used ----------------------------------------------------------------------------------------------- */

static int64_t ticks(uint64_t ns)
{
    return (int64_t)(ns / (NS_PER_S / TICKS_PER_S));
}

int64_t call_times(struct thread *t, const uint64_t *a)
{
    struct process *p = t->proc;
    int64_t tms[4] = {ticks(process_cpu_ns(p)), 0, ticks(p->children_cpu_ns), 0};
    if (a[0] != 0 && !user_write(p->mm, a[0], tms, sizeof(tms))) {
        return -E_FAULT;
    }
    return ticks(time_now(t->sys));
}

int64_t call_getrusage(struct thread *t, const uint64_t *a)
{
    struct abi_rusage usage;
    memset(&usage, 0, sizeof(usage));
    switch ((int32_t)a[0]) {
    case 0: /* RUSAGE_SELF */
        usage.utime = timeval_of(process_cpu_ns(t->proc));
        break;
    case -1: /* RUSAGE_CHILDREN */
        usage.utime = timeval_of(t->proc->children_cpu_ns);
        break;
    case 1: /* RUSAGE_THREAD */
        usage.utime = timeval_of(thread_cpu_ns(t));
        break;
    default:
        return -E_INVAL;
    }
    return user_write(t->proc->mm, a[1], &usage, sizeof(usage)) ? 0 : -E_FAULT;
}
