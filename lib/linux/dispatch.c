/* SPDX-License-Identifier: MIT */
/**
 * Dispatch: from a trapped svc to the handler of its number.
 * Owns:   the table of calls, and the counts of what was asked for and is not there.    Uses: calls.h, leave.c.
 * Limits: a call that needs nothing takes under a hundred instructions from linux_syscall() to its return.
 * Source: Linux asm-generic/unistd.h (numbers and names)
 */
#include "calls.h"

#include "abipage/abipage.h"

#define CALLS_END 456u

#define UNSUPPORTED_CALLS(X)                                                                                           \
    X(0, io_setup) X(1, io_destroy) X(2, io_submit) X(3, io_cancel) X(4, io_getevents)                                 \
    X(18, lookup_dcookie)                                                                                              \
    X(19, eventfd2) X(20, epoll_create1) X(21, epoll_ctl) X(22, epoll_pwait) X(26, inotify_init1)                      \
    X(27, inotify_add_watch) X(28, inotify_rm_watch) X(30, ioprio_set) X(31, ioprio_get) X(41, pivot_root)             \
    X(42, nfsservctl) X(58, vhangup) X(60, quotactl) X(74, signalfd4) X(75, vmsplice) X(76, splice) X(77, tee)         \
    X(84, sync_file_range) X(85, timerfd_create) X(86, timerfd_settime) X(87, timerfd_gettime) X(89, acct)             \
    X(90, capget) X(91, capset) X(92, personality) X(97, unshare) X(100, get_robust_list) X(104, kexec_load)           \
    X(105, init_module) X(106, delete_module) X(107, timer_create) X(108, timer_gettime) X(109, timer_getoverrun)      \
    X(110, timer_settime) X(111, timer_delete) X(117, ptrace) X(118, sched_setparam) X(127, sched_rr_get_interval)     \
    X(171, adjtimex) X(180, mq_open) X(181, mq_unlink) X(182, mq_timedsend) X(183, mq_timedreceive) X(184, mq_notify)  \
    X(185, mq_getsetattr) X(186, msgget) X(187, msgctl) X(188, msgrcv) X(189, msgsnd) X(190, semget) X(191, semctl)    \
    X(192, semtimedop) X(193, semop) X(194, shmget) X(195, shmctl) X(196, shmat) X(197, shmdt) X(213, readahead)       \
    X(217, add_key) X(218, request_key) X(219, keyctl) X(224, swapon) X(225, swapoff) X(230, mlockall)                 \
    X(231, munlockall) X(232, mincore) X(234, remap_file_pages) X(235, mbind) X(236, get_mempolicy)                    \
    X(237, set_mempolicy) X(238, migrate_pages) X(239, move_pages) X(240, rt_tgsigqueueinfo) X(241, perf_event_open)   \
    X(243, recvmmsg) X(262, fanotify_init) X(263, fanotify_mark) X(264, name_to_handle_at) X(265, open_by_handle_at)   \
    X(266, clock_adjtime) X(268, setns) X(269, sendmmsg) X(270, process_vm_readv) X(271, process_vm_writev)            \
    X(272, kcmp) X(273, finit_module) X(274, sched_setattr) X(275, sched_getattr) X(277, seccomp)                      \
    X(279, memfd_create) X(280, bpf) X(282, userfaultfd) X(283, membarrier) X(284, mlock2) X(286, preadv2)             \
    X(287, pwritev2) X(288, pkey_mprotect) X(289, pkey_alloc) X(290, pkey_free) X(292, io_pgetevents) X(293, rseq)     \
    X(294, kexec_file_load) X(424, pidfd_send_signal) X(425, io_uring_setup) X(426, io_uring_enter)                    \
    X(427, io_uring_register) X(428, open_tree) X(429, move_mount) X(430, fsopen) X(431, fsconfig) X(432, fsmount)     \
    X(433, fspick) X(434, pidfd_open) X(435, clone3) X(437, openat2) X(438, pidfd_getfd) X(440, process_madvise)       \
    X(441, epoll_pwait2) X(442, mount_setattr) X(443, quotactl_fd) X(444, landlock_create_ruleset)                     \
    X(445, landlock_add_rule) X(446, landlock_restrict_self) X(447, memfd_secret) X(448, process_mrelease)             \
    X(449, futex_waitv) X(450, set_mempolicy_home_node) X(451, cachestat) X(452, fchmodat2)

#define AS_HANDLER(number, name) [number] = call_##name,
#define AS_NAME(number, name) [number] = #name,

static const call_fn handlers[CALLS_END] = {LINUX_CALLS(AS_HANDLER)};
static const char *const names[CALLS_END] = {LINUX_CALLS(AS_NAME) UNSUPPORTED_CALLS(AS_NAME)};
_Static_assert(ARRAY_LEN(((struct linux_system *)0)->unsupported) >= CALLS_END, "each call has its count");

const char *call_name(uint32_t number)
{
    return number < CALLS_END ? names[number] : NULL;
}

static int64_t unsupported(struct thread *t, uint64_t number)
{
    struct linux_system *sys = t->sys;
    uint32_t slot = number < CALLS_END ? (uint32_t)number : CALLS_END; /* the last one counts all that have no name */
    sys->unsupported[slot]++;
    return -E_NOSYS;
}

int64_t call_dispatch(struct thread *t)
{
    uint64_t number = t->frame->number;
    if (LIKELY(number < CALLS_END && handlers[number] != NULL)) {
        return handlers[number](t, t->frame->x);
    }
    return unsupported(t, number);
}

void count_feature(struct linux_system *sys, const char *name)
{
    for (uint32_t i = 0; i < UNSUPPORTED_FEATURES_MAX; i++) {
        struct feature_count *f = &sys->features[i];
        if (f->name == NULL || f->name == name || strcmp(f->name, name) == 0) {
            f->name = name;
            f->count++;
            return;
        }
    }
}

void refuse(struct linux_system *sys, const char *format, ...)
{
    /* The text formatter writes into pages; a sentence needs one buffer, so it is made there and read back. */
    struct linux_text text = {.memory = &sys->memory};
    va_list arguments;
    va_start(arguments, format);
    text_vprint(&text, format, &arguments);
    va_end(arguments);
    const uint8_t *page = data_page(&text.data, 0);
    if (page != NULL) {
        sys->ops->refused(sys->env, (const char *)page, text.len_bytes < PAGE_BYTES ? text.len_bytes : PAGE_BYTES);
    }
    text_free(&text);
}

/* ---- stubs of the ABI page: known by their addresses ------------------------------------------------------------- */

static bool handle_stub(struct thread *t)
{
    switch (t->frame->pc - 4 - LINUX_ABI_BASE) {
    case ABI_SIGLEAVE_SVC:
        if (sigframe_finish_return(t) != 0) {
            call_finish(t, -E_FAULT);
        } else if (t->attention == 0) {
            thread_answer(t, t->reply);
        } else {
            thread_leave(t, 0);
        }
        return true;
    case ABI_FORKSAVE_SVC:
        if (t->stub == STUB_FORKSAVE) {
            clone_stub_saved(t);
            return true;
        }
        return false; /* a program jumped here: an ordinary call with whatever is in x8 */
    case ABI_FORKENTRY_SVC:
        if (t->stub == STUB_FORKENTRY) {
            clone_child_loaded(t);
            return true;
        }
        return false;
    default:
        return false;
    }
}

/** `t` may be no more when the result is RESULT_DONE. */
static enum linux_outcome finish_slowly(struct linux_system *sys, struct thread *t, int64_t result)
{
    call_finish(t, result);
    return entry_end(sys);
}

enum linux_outcome linux_syscall(struct linux_system *sys, uint32_t thread, struct linux_frame *frame)
{
    assert(thread < LINUX_THREADS_MAX);
    struct thread *t = sys->threads[thread];
    assert(t != NULL);
    assert(t->state == THREAD_USER);
    if (UNLIKELY(sys->is_over)) {
        return LINUX_GONE;
    }
    sys->now_ns = 0;
    sys->current = t;
    sys->current_frame = frame;
    sys->call_count++;
    t->state = THREAD_CALL;
    t->trap = TRAP_CALL;
    t->reply = LINUX_REPLY_X0;
    t->frame = frame;
    t->call.again = false;
    if (UNLIKELY(frame->pc - LINUX_ABI_BASE < PAGE_BYTES) && handle_stub(t)) {
        return entry_end(sys);
    }
    int64_t result = call_dispatch(t);
    if (UNLIKELY(result <= -E_RESTARTSYS && result >= RESULT_DONE) || UNLIKELY(t->attention != 0) ||
        UNLIKELY(!link_empty(&sys->ready))) {
        return finish_slowly(sys, t, result);
    }
    frame->x[0] = (uint64_t)result;
    t->state = THREAD_USER;
    t->trap = TRAP_NONE;
    sys->current = NULL;
    if (UNLIKELY(sys->timer_count > 0)) {
        timers_program(sys);
    }
    return LINUX_REPLY_X0;
}
