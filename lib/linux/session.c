/* SPDX-License-Identifier: MIT */
/**
 * Session: process groups and sessions.
 * Owns:   nothing; ids are fields of processes and of the terminal.    Uses: process.c, tty.c.
 * Source: man-pages setpgid(2), setsid(2), credentials(7); POSIX.1-2017 section 11.1
 */
#include "calls.h"

static struct process *process_or_self(struct thread *t, uint64_t pid)
{
    return (int32_t)pid == 0 ? t->proc : process_find(t->sys, (uint32_t)pid);
}

int64_t call_setpgid(struct thread *t, const uint64_t *a)
{
    struct process *p = process_or_self(t, a[0]);
    if ((int32_t)a[1] < 0) {
        return -E_INVAL;
    }
    if (p == NULL || (p != t->proc && p->parent != t->proc)) {
        return -E_SRCH;
    }
    if (p != t->proc && p->sid != t->proc->sid) {
        return -E_PERM;
    }
    if (p != t->proc && p->has_execed) {
        return -E_ACCES;
    }
    uint32_t pgid = (int32_t)a[1] == 0 ? p->pid : (uint32_t)a[1];
    if (p->pid == p->sid || (pgid != p->pid && !group_in_session(t->sys, pgid, t->proc->sid))) {
        return -E_PERM;
    }
    p->pgid = pgid;
    return 0;
}

int64_t call_getpgid(struct thread *t, const uint64_t *a)
{
    struct process *p = process_or_self(t, a[0]);
    return p == NULL ? -E_SRCH : (int64_t)p->pgid;
}

int64_t call_getsid(struct thread *t, const uint64_t *a)
{
    struct process *p = process_or_self(t, a[0]);
    return p == NULL ? -E_SRCH : (int64_t)p->sid;
}

int64_t call_setsid(struct thread *t, const uint64_t *a)
{
    struct process *p = t->proc;
    (void)a;
    for (struct link *l = t->sys->processes.next; l != &t->sys->processes; l = l->next) {
        if (CONTAINER_OF(l, struct process, all)->pgid == p->pid) {
            return -E_PERM; /* it leads a group already */
        }
    }
    p->sid = p->pgid = p->pid;
    p->tty = NULL;
    return p->sid;
}

bool group_exists(struct linux_system *sys, uint32_t pgid)
{
    for (struct link *l = sys->processes.next; l != &sys->processes; l = l->next) {
        if (CONTAINER_OF(l, struct process, all)->pgid == pgid) {
            return true;
        }
    }
    return false;
}

void session_lose_terminal(struct linux_system *sys, uint32_t sid)
{
    for (struct link *l = sys->processes.next; l != &sys->processes; l = l->next) {
        struct process *p = CONTAINER_OF(l, struct process, all);
        if (p->sid == sid) {
            p->tty = NULL;
        }
    }
}

void session_hang_up(struct process *leader)
{
    struct linux_system *sys = leader->sys;
    struct tty *tty = leader->tty;
    if (tty->pgid != 0) {
        signal_group(sys, tty->pgid, SIGHUP_);
        signal_group(sys, tty->pgid, SIGCONT_);
    }
    tty_drop_session(tty);
    session_lose_terminal(sys, leader->sid);
}
