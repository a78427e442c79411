/* SPDX-License-Identifier: MIT */
/**
 * Cred: user and group ids of processes. Privilege is euid 0; there are no separate capabilities.
 * Owns:   struct cred.    Uses: core.h.
 * Limits: GROUPS_MAX supplementary groups.
 * Source: man-pages credentials(7), setuid(2), setreuid(2), setresuid(2), setfsuid(2), setgroups(2)
 */
#include "calls.h"

#define KEEP UINT32_MAX /* -1: leave this id as it is */

bool cred_in_group(const struct cred *c, uint32_t gid)
{
    if (c->fsgid == gid) {
        return true;
    }
    for (uint32_t i = 0; i < c->group_count; i++) {
        if (c->groups[i] == gid) {
            return true;
        }
    }
    return false;
}

/** Real, effective, saved: the three that an unprivileged process may choose from. */
struct ids {
    uint32_t real, effective, saved;
};

static bool is_one_of(uint32_t id, const struct ids *ids)
{
    return id == KEEP || id == ids->real || id == ids->effective || id == ids->saved;
}

static struct ids uids(const struct cred *c)
{
    return (struct ids){c->uid, c->euid, c->suid};
}

static struct ids gids(const struct cred *c)
{
    return (struct ids){c->gid, c->egid, c->sgid};
}

static void set_uids(struct cred *c, struct ids ids)
{
    c->uid = ids.real;
    c->euid = c->fsuid = ids.effective;
    c->suid = ids.saved;
}

static void set_gids(struct cred *c, struct ids ids)
{
    c->gid = ids.real;
    c->egid = c->fsgid = ids.effective;
    c->sgid = ids.saved;
}

/** What setres*id makes of `ids`. @return false: not allowed. */
static bool change_three(bool is_root, struct ids *ids, const uint64_t *a)
{
    uint32_t r = (uint32_t)a[0], e = (uint32_t)a[1], s = (uint32_t)a[2];
    if (!is_root && (!is_one_of(r, ids) || !is_one_of(e, ids) || !is_one_of(s, ids))) {
        return false;
    }
    ids->real = r == KEEP ? ids->real : r;
    ids->effective = e == KEEP ? ids->effective : e;
    ids->saved = s == KEEP ? ids->saved : s;
    return true;
}

/** What setre*id makes of `ids`: the saved id follows the effective one when the real one was set or they come apart. */
static bool change_two(bool is_root, struct ids *ids, const uint64_t *a)
{
    uint32_t r = (uint32_t)a[0], e = (uint32_t)a[1];
    bool real_ok = r == KEEP || r == ids->real || r == ids->effective;
    if (!is_root && (!real_ok || !is_one_of(e, ids))) {
        return false;
    }
    uint32_t old_real = ids->real;
    ids->real = r == KEEP ? ids->real : r;
    ids->effective = e == KEEP ? ids->effective : e;
    if (r != KEEP || (e != KEEP && e != old_real)) {
        ids->saved = ids->effective;
    }
    return true;
}

/** What set*id makes of `ids`. */
static bool change_one(bool is_root, struct ids *ids, uint32_t id)
{
    if (is_root) {
        *ids = (struct ids){id, id, id};
        return true;
    }
    ids->effective = id;
    return id == ids->real || id == ids->saved;
}

int64_t call_setuid(struct thread *t, const uint64_t *a)
{
    struct cred *c = &t->proc->cred;
    struct ids ids = uids(c);
    if ((uint32_t)a[0] == KEEP) {
        return -E_INVAL;
    }
    if (!change_one(cred_is_root(c), &ids, (uint32_t)a[0])) {
        return -E_PERM;
    }
    set_uids(c, ids);
    return 0;
}

int64_t call_setgid(struct thread *t, const uint64_t *a)
{
    struct cred *c = &t->proc->cred;
    struct ids ids = gids(c);
    if ((uint32_t)a[0] == KEEP) {
        return -E_INVAL;
    }
    if (!change_one(cred_is_root(c), &ids, (uint32_t)a[0])) {
        return -E_PERM;
    }
    set_gids(c, ids);
    return 0;
}

int64_t call_setreuid(struct thread *t, const uint64_t *a)
{
    struct cred *c = &t->proc->cred;
    struct ids ids = uids(c);
    if (!change_two(cred_is_root(c), &ids, a)) {
        return -E_PERM;
    }
    set_uids(c, ids);
    return 0;
}

int64_t call_setregid(struct thread *t, const uint64_t *a)
{
    struct cred *c = &t->proc->cred;
    struct ids ids = gids(c);
    if (!change_two(cred_is_root(c), &ids, a)) {
        return -E_PERM;
    }
    set_gids(c, ids);
    return 0;
}

int64_t call_setresuid(struct thread *t, const uint64_t *a)
{
    struct cred *c = &t->proc->cred;
    struct ids ids = uids(c);
    if (!change_three(cred_is_root(c), &ids, a)) {
        return -E_PERM;
    }
    set_uids(c, ids);
    return 0;
}

int64_t call_setresgid(struct thread *t, const uint64_t *a)
{
    struct cred *c = &t->proc->cred;
    struct ids ids = gids(c);
    if (!change_three(cred_is_root(c), &ids, a)) {
        return -E_PERM;
    }
    set_gids(c, ids);
    return 0;
}

static int64_t put_three(struct thread *t, const uint64_t *a, struct ids ids)
{
    struct mm *mm = t->proc->mm;
    bool ok = user_write_u32(mm, a[0], ids.real) && user_write_u32(mm, a[1], ids.effective) &&
              user_write_u32(mm, a[2], ids.saved);
    return ok ? 0 : -E_FAULT;
}

int64_t call_getresuid(struct thread *t, const uint64_t *a)
{
    return put_three(t, a, uids(&t->proc->cred));
}

int64_t call_getresgid(struct thread *t, const uint64_t *a)
{
    return put_three(t, a, gids(&t->proc->cred));
}

int64_t call_setfsuid(struct thread *t, const uint64_t *a)
{
    struct cred *c = &t->proc->cred;
    struct ids ids = uids(c);
    uint32_t old = c->fsuid, wanted = (uint32_t)a[0];
    if (wanted != KEEP && (cred_is_root(c) || wanted == old || is_one_of(wanted, &ids))) {
        c->fsuid = wanted;
    }
    return old;
}

int64_t call_setfsgid(struct thread *t, const uint64_t *a)
{
    struct cred *c = &t->proc->cred;
    struct ids ids = gids(c);
    uint32_t old = c->fsgid, wanted = (uint32_t)a[0];
    if (wanted != KEEP && (cred_is_root(c) || wanted == old || is_one_of(wanted, &ids))) {
        c->fsgid = wanted;
    }
    return old;
}

int64_t call_getuid(struct thread *t, const uint64_t *a)
{
    (void)a;
    return t->proc->cred.uid;
}

int64_t call_geteuid(struct thread *t, const uint64_t *a)
{
    (void)a;
    return t->proc->cred.euid;
}

int64_t call_getgid(struct thread *t, const uint64_t *a)
{
    (void)a;
    return t->proc->cred.gid;
}

int64_t call_getegid(struct thread *t, const uint64_t *a)
{
    (void)a;
    return t->proc->cred.egid;
}

int64_t call_getgroups(struct thread *t, const uint64_t *a)
{
    const struct cred *c = &t->proc->cred;
    int32_t size = (int32_t)a[0];
    if (size < 0 || (size > 0 && (uint32_t)size < c->group_count)) {
        return -E_INVAL;
    }
    if (size > 0 && !user_write(t->proc->mm, a[1], c->groups, c->group_count * sizeof(c->groups[0]))) {
        return -E_FAULT;
    }
    return c->group_count;
}

int64_t call_setgroups(struct thread *t, const uint64_t *a)
{
    struct cred *c = &t->proc->cred;
    uint32_t groups[GROUPS_MAX];
    if (!cred_is_root(c)) {
        return -E_PERM;
    }
    if (a[0] > GROUPS_MAX) {
        return -E_INVAL;
    }
    if (!user_read(t->proc->mm, groups, a[1], (size_t)a[0] * sizeof(groups[0]))) {
        return -E_FAULT;
    }
    c->group_count = (uint32_t)a[0];
    memcpy(c->groups, groups, (size_t)a[0] * sizeof(groups[0]));
    return 0;
}
