/* SPDX-License-Identifier: MIT */
/**
 * Child: wait4 and waitid.
 * Owns:   nothing.    Uses: process.c.
 * Limits: children are asked in the order in which they were made.
 * Source: man-pages wait4(2), waitid(2)
 */
#include "calls.h"

struct want {
    uint32_t type; /* P_ALL_, P_PID_, P_PGID_ */
    uint32_t id;
    uint32_t options;
};

/** What a child has to report. */
struct report {
    struct process *child;
    int32_t status; /* as wait4 stores it */
    int32_t code;   /* CLD_ */
};

static bool is_wanted(const struct process *child, const struct want *want)
{
    return want->type == P_ALL_ || (want->type == P_PID_ && child->pid == want->id) ||
           (want->type == P_PGID_ && child->pgid == want->id);
}

static bool has_report(struct process *child, uint32_t options, struct report *out)
{
    out->child = child;
    if (child->is_zombie) {
        out->status = child->exit_status;
        out->code = (child->exit_status & 0x7f) != 0 ? CLD_KILLED_ : CLD_EXITED_;
        return (options & WEXITED_) != 0;
    }
    if (child->stop_reportable && (options & WSTOPPED_) != 0) {
        out->status = (int32_t)(child->stop_signal << 8 | 0x7f);
        out->code = CLD_STOPPED_;
        return true;
    }
    out->status = 0xffff;
    out->code = CLD_CONTINUED_;
    return child->continue_reportable && (options & WCONTINUED_) != 0;
}

/** @return 1 with a report, 0 when there is none yet, -E_CHILD when no child fits. */
static int64_t find_report(struct process *p, const struct want *want, struct report *out)
{
    int64_t result = -E_CHILD;
    for (struct link *l = p->children.next; l != &p->children; l = l->next) {
        struct process *child = CONTAINER_OF(l, struct process, siblings);
        if (!is_wanted(child, want)) {
            continue;
        }
        if (has_report(child, want->options, out)) {
            return 1;
        }
        result = 0;
    }
    return result;
}

static void take_report(struct process *p, const struct report *report, uint32_t options)
{
    struct process *child = report->child;
    if ((options & WNOWAIT_) != 0) {
        return;
    }
    if (child->is_zombie) {
        p->children_cpu_ns += child->cpu_ns + child->children_cpu_ns;
        process_free(child);
    } else if (report->code == CLD_STOPPED_) {
        child->stop_reportable = false;
    } else {
        child->continue_reportable = false;
    }
}

static bool put_usage(struct mm *mm, uint64_t address, struct process *child)
{
    struct abi_rusage usage;
    uint64_t ns = (child->is_zombie ? child->cpu_ns : process_cpu_ns(child)) + child->children_cpu_ns;
    memset(&usage, 0, sizeof(usage));
    usage.utime = (struct abi_timeval){(int64_t)(ns / NS_PER_S), (int64_t)(ns % NS_PER_S / 1000)};
    return address == 0 || user_write(mm, address, &usage, sizeof(usage));
}

/** Blocks until there is a report, unless WNOHANG. @return as find_report, or RESULT_BLOCK, -E_RESTARTSYS. */
static int64_t await_report(struct thread *t, const struct want *want, struct report *report)
{
    int64_t found = find_report(t->proc, want, report);
    if (found != 0 || (want->options & WNOHANG_) != 0) {
        return found;
    }
    if (signal_waits(t)) {
        return -E_RESTARTSYS;
    }
    if (!wait_on(t, &t->proc->child_wait, 0)) {
        return -E_NOMEM;
    }
    return RESULT_BLOCK;
}

int64_t call_wait4(struct thread *t, const uint64_t *a)
{
    struct process *p = t->proc;
    int32_t pid = (int32_t)a[0];
    uint32_t options = (uint32_t)a[2];
    if ((options & ~(WNOHANG_ | WUNTRACED_ | WCONTINUED_ | WNOTHREAD_ | WALL_ | WCLONE_)) != 0) {
        return -E_INVAL;
    }
    if (pid == INT32_MIN) {
        return -E_SRCH;
    }
    struct want want = {P_ALL_, 0, options | WEXITED_};
    if (pid > 0) {
        want.type = P_PID_;
        want.id = (uint32_t)pid;
    } else if (pid != -1) {
        want.type = P_PGID_;
        want.id = pid == 0 ? p->pgid : (uint32_t)-pid;
    }
    struct report report;
    int64_t found = await_report(t, &want, &report);
    if (found != 1) {
        return found;
    }
    uint32_t child_pid = report.child->pid;
    if ((a[1] != 0 && !user_write_u32(p->mm, a[1], (uint32_t)report.status)) || !put_usage(p->mm, a[3], report.child)) {
        return -E_FAULT;
    }
    take_report(p, &report, options);
    return child_pid;
}

static bool want_of_waitid(const struct process *p, const uint64_t *a, struct want *want)
{
    *want = (struct want){(uint32_t)a[0], (uint32_t)a[1], (uint32_t)a[3]};
    if (want->type > P_PGID_ || (want->type == P_PID_ && (int32_t)want->id <= 0)) {
        return false;
    }
    if (want->type == P_PGID_ && want->id == 0) {
        want->id = p->pgid;
    }
    return (want->options & ~(WNOHANG_ | WEXITED_ | WSTOPPED_ | WCONTINUED_ | WNOWAIT_ | WNOTHREAD_ | WALL_ | WCLONE_)) ==
               0 &&
           (want->options & (WEXITED_ | WSTOPPED_ | WCONTINUED_)) != 0;
}

int64_t call_waitid(struct thread *t, const uint64_t *a)
{
    struct process *p = t->proc;
    struct want want;
    struct report report;
    struct abi_siginfo info;
    if (!want_of_waitid(p, a, &want)) {
        return -E_INVAL;
    }
    int64_t found = await_report(t, &want, &report);
    if (found != 1 && found != 0) {
        return found;
    }
    memset(&info, 0, sizeof(info));
    if (found == 1) {
        info.signo = SIGCHLD_;
        info.code = report.code;
        info.sender.pid = (int32_t)report.child->pid;
        info.sender.uid = report.child->cred.uid;
        info.sender.value = report.code == CLD_EXITED_      ? (uint64_t)(report.status >> 8)
                            : report.code == CLD_KILLED_    ? (uint64_t)(report.status & 0x7f)
                            : report.code == CLD_CONTINUED_ ? (uint64_t)SIGCONT_
                                                            : report.child->stop_signal;
    }
    if ((a[2] != 0 && !user_write(p->mm, a[2], &info, sizeof(info))) ||
        (found == 1 && !put_usage(p->mm, a[4], report.child))) {
        return -E_FAULT;
    }
    if (found == 1) {
        take_report(p, &report, want.options);
    }
    return 0;
}
