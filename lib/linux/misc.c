/* SPDX-License-Identifier: MIT */
/**
 * Misc: identity, limits, names, scheduling, randomness, and calls whose answer is fixed here.
 * Owns:   host name and resource limits.    Uses: core.h.
 * Limits: scheduling classes and affinity are answered, not obeyed: one CPU, and the owner of threads schedules them.
 *         There are no sockets: every family is EAFNOSUPPORT.
 * Source: man-pages of each call, section 2
 */
#include "calls.h"
#include "files.h"

/* ---- who am I ---------------------------------------------------------------------------------------------------- */

int64_t call_getpid(struct thread *t, const uint64_t *a)
{
    (void)a;
    return t->proc->pid;
}

int64_t call_gettid(struct thread *t, const uint64_t *a)
{
    (void)a;
    return t->tid;
}

int64_t call_getppid(struct thread *t, const uint64_t *a)
{
    (void)a;
    return t->proc->parent == NULL ? 0 : (int64_t)t->proc->parent->pid;
}

int64_t call_uname(struct thread *t, const uint64_t *a)
{
    const struct linux_config *config = &t->sys->config;
    const char *const fields[6] = {"Linux",         t->sys->hostname, config->release,
                                   config->version, "aarch64",        t->sys->domainname};
    char out[6][UTS_FIELD_BYTES];
    memset(out, 0, sizeof(out));
    for (uint32_t i = 0; i < 6; i++) {
        (void)copy_string(out[i], UTS_FIELD_BYTES, fields[i]);
    }
    return user_write(t->proc->mm, a[0], out, sizeof(out)) ? 0 : -E_FAULT;
}

static int64_t set_name(struct thread *t, char *name, const uint64_t *a)
{
    char wanted[UTS_FIELD_BYTES] = {0};
    if (!cred_is_root(&t->proc->cred)) {
        return -E_PERM;
    }
    if ((int32_t)a[1] < 0 || a[1] >= UTS_FIELD_BYTES) {
        return -E_INVAL;
    }
    if (!user_read(t->proc->mm, wanted, a[0], (size_t)a[1])) {
        return -E_FAULT;
    }
    memcpy(name, wanted, UTS_FIELD_BYTES);
    return 0;
}

int64_t call_sethostname(struct thread *t, const uint64_t *a)
{
    return set_name(t, t->sys->hostname, a);
}

int64_t call_setdomainname(struct thread *t, const uint64_t *a)
{
    return set_name(t, t->sys->domainname, a);
}

int64_t call_sysinfo(struct thread *t, const uint64_t *a)
{
    struct linux_memory_usage memory;
    struct abi_sysinfo info;
    proc_memory(t->sys, &memory);
    memset(&info, 0, sizeof(info));
    info.uptime = (int64_t)((time_now(t->sys) + NS_PER_S - 1) / NS_PER_S); /* as Linux: a part of a second counts */
    info.totalram = memory.total_bytes;
    info.freeram = memory.free_bytes;
    info.procs = (uint16_t)t->sys->process_count;
    info.mem_unit = 1;
    return user_write(t->proc->mm, a[0], &info, sizeof(info)) ? 0 : -E_FAULT;
}

int64_t call_prctl(struct thread *t, const uint64_t *a)
{
    struct process *p = t->proc;
    char name[16] = {0};
    int64_t len;
    switch (a[0]) {
    case PR_SET_NAME_:
        len = user_string(p->mm, name, sizeof(name) - 1, a[1]);
        if (len == -E_FAULT) {
            return len;
        }
        name[15] = '\0';
        memcpy(t->name, name, sizeof(name));
        return 0;
    case PR_GET_NAME_:
        return user_write(p->mm, a[1], t->name, sizeof(t->name)) ? 0 : -E_FAULT;
    case PR_SET_PDEATHSIG_:
        if (a[1] > SIGNAL_COUNT) {
            return -E_INVAL;
        }
        p->pdeathsig = (uint32_t)a[1];
        return 0;
    case PR_GET_PDEATHSIG_:
        return user_write_u32(p->mm, a[1], p->pdeathsig) ? 0 : -E_FAULT;
    case PR_GET_DUMPABLE_:
        return 1;
    case PR_SET_DUMPABLE_:
        return a[1] <= 1 ? 0 : -E_INVAL;
    case PR_SET_NO_NEW_PRIVS_:
        if (a[1] != 1 || a[2] != 0 || a[3] != 0 || a[4] != 0) {
            return -E_INVAL;
        }
        p->no_new_privs = true;
        return 0;
    case PR_GET_NO_NEW_PRIVS_:
        return p->no_new_privs;
    default:
        count_feature(t->sys, "prctl: other options");
        return -E_INVAL;
    }
}

/* ---- limits ------------------------------------------------------------------------------------------------------ */

static int64_t change_limit(struct process *p, const struct cred *by, uint32_t resource, const struct abi_rlimit *wanted)
{
    struct abi_rlimit *limit = &p->limits[resource];
    if (wanted->cur > wanted->max) {
        return -E_INVAL;
    }
    bool too_many_files = resource == RLIMIT_NOFILE_ && wanted->max > LINUX_FDS_MAX;
    if (too_many_files || (wanted->max > limit->max && !cred_is_root(by))) {
        return -E_PERM;
    }
    *limit = *wanted;
    return 0;
}

int64_t call_prlimit64(struct thread *t, const uint64_t *a)
{
    struct process *p = (int32_t)a[0] == 0 ? t->proc : process_find(t->sys, (uint32_t)a[0]);
    struct abi_rlimit wanted, old;
    if (a[1] >= RLIMIT_COUNT) {
        return -E_INVAL;
    }
    if (a[2] != 0 && !user_read(t->proc->mm, &wanted, a[2], sizeof(wanted))) {
        return -E_FAULT;
    }
    if (p == NULL) {
        return -E_SRCH;
    }
    if (p != t->proc && !cred_is_root(&t->proc->cred) && (t->proc->cred.uid != p->cred.uid ||
                                                           p->cred.uid != p->cred.euid || p->cred.uid != p->cred.suid)) {
        return -E_PERM;
    }
    old = p->limits[a[1]];
    if (a[2] != 0) {
        int64_t error = change_limit(p, &t->proc->cred, (uint32_t)a[1], &wanted);
        if (error != 0) {
            return error;
        }
    }
    return a[3] == 0 || user_write(t->proc->mm, a[3], &old, sizeof(old)) ? 0 : -E_FAULT;
}

int64_t call_getrlimit(struct thread *t, const uint64_t *a)
{
    const uint64_t b[4] = {0, a[0], 0, a[1]};
    return a[1] == 0 ? -E_FAULT : call_prlimit64(t, b);
}

int64_t call_setrlimit(struct thread *t, const uint64_t *a)
{
    const uint64_t b[4] = {0, a[0], a[1], 0};
    return a[1] == 0 ? -E_FAULT : call_prlimit64(t, b);
}

int64_t call_umask(struct thread *t, const uint64_t *a)
{
    uint32_t old = t->proc->umask;
    t->proc->umask = (uint32_t)a[0] & 0777;
    return old;
}

/* ---- scheduling -------------------------------------------------------------------------------------------------- */

static bool has_thread(struct thread *t, uint64_t pid)
{
    return (int32_t)pid == 0 || thread_find(t->sys, (uint32_t)pid) != NULL;
}

int64_t call_sched_yield(struct thread *t, const uint64_t *a)
{
    (void)t;
    (void)a;
    return 0;
}

int64_t call_sched_setscheduler(struct thread *t, const uint64_t *a)
{
    return a[1] > 6 || (int32_t)a[0] < 0 ? -E_INVAL : has_thread(t, a[0]) ? 0 : -E_SRCH;
}

int64_t call_sched_getscheduler(struct thread *t, const uint64_t *a)
{
    return (int32_t)a[0] < 0 ? -E_INVAL : has_thread(t, a[0]) ? 0 : -E_SRCH;
}

int64_t call_sched_getparam(struct thread *t, const uint64_t *a)
{
    if ((int32_t)a[0] < 0 || a[1] == 0) {
        return -E_INVAL;
    }
    if (!has_thread(t, a[0])) {
        return -E_SRCH;
    }
    return user_write_u32(t->proc->mm, a[1], 0) ? 0 : -E_FAULT;
}

int64_t call_sched_setaffinity(struct thread *t, const uint64_t *a)
{
    uint8_t mask;
    if (!has_thread(t, a[0])) {
        return -E_SRCH;
    }
    if (a[1] == 0) {
        return -E_INVAL;
    }
    if (!user_read(t->proc->mm, &mask, a[2], 1)) {
        return -E_FAULT;
    }
    return (mask & 1) != 0 ? 0 : -E_INVAL;
}

int64_t call_sched_getaffinity(struct thread *t, const uint64_t *a)
{
    uint64_t mask = 1;
    if (a[1] < 8 || a[1] % 8 != 0) {
        return -E_INVAL;
    }
    if (!has_thread(t, a[0])) {
        return -E_SRCH;
    }
    return user_write(t->proc->mm, a[2], &mask, 8) ? 8 : -E_FAULT;
}

static bool is_realtime(uint64_t policy)
{
    return policy == 1 || policy == 2; /* SCHED_FIFO, SCHED_RR */
}

int64_t call_sched_get_priority_max(struct thread *t, const uint64_t *a)
{
    (void)t;
    return is_realtime(a[0]) ? 99 : a[0] == 0 || a[0] == 3 || a[0] == 5 ? 0 : -E_INVAL;
}

int64_t call_sched_get_priority_min(struct thread *t, const uint64_t *a)
{
    (void)t;
    return is_realtime(a[0]) ? 1 : a[0] == 0 || a[0] == 3 || a[0] == 5 ? 0 : -E_INVAL;
}

int64_t call_setpriority(struct thread *t, const uint64_t *a)
{
    (void)t;
    return a[0] > 2 ? -E_INVAL : 0;
}

int64_t call_getpriority(struct thread *t, const uint64_t *a)
{
    (void)t;
    return a[0] > 2 ? -E_INVAL : 20; /* 20 - nice */
}

int64_t call_getcpu(struct thread *t, const uint64_t *a)
{
    struct mm *mm = t->proc->mm;
    bool ok = (a[0] == 0 || user_write_u32(mm, a[0], 0)) && (a[1] == 0 || user_write_u32(mm, a[1], 0));
    return ok ? 0 : -E_FAULT;
}

int64_t call_set_robust_list(struct thread *t, const uint64_t *a)
{
    (void)t;
    return a[1] == 24 ? 0 : -E_INVAL; /* no futex outlives its process here, so nobody would read the list */
}

/* ---- randomness -------------------------------------------------------------------------------------------------- */

int64_t call_getrandom(struct thread *t, const uint64_t *a)
{
    struct mm *mm = t->proc->mm;
    uint64_t done = 0, wanted = a[1] < LINUX_RANDOM_BYTES_MAX ? a[1] : LINUX_RANDOM_BYTES_MAX;
    if ((a[2] & ~UINT64_C(7)) != 0) {
        return -E_INVAL;
    }
    while (done < wanted) {
        size_t part;
        uint8_t *to = user_pin(mm, a[0] + done, (size_t)(wanted - done), true, &part);
        if (to == NULL) {
            return done == 0 ? -E_FAULT : (int64_t)done;
        }
        t->sys->ops->random(t->sys->env, to, part);
        done += part;
    }
    return (int64_t)done;
}

/* ---- the system -------------------------------------------------------------------------------------------------- */

int64_t call_syslog(struct thread *t, const uint64_t *a)
{
    (void)t;
    switch (a[0]) {
    case 2: /* read */
    case 3: /* read all */
    case 4: /* read and clear */
    case 5: /* clear */
    case 9: /* unread bytes */
    case 0:
    case 1:
    case 6:
    case 7:
    case 8:
        return 0; /* the log of the system is under /lx; this one is always empty */
    case 10: /* size of the buffer */
        return (int64_t)PAGE_BYTES;
    default:
        return -E_INVAL;
    }
}

/** The one command of RESTART2: "off=STATUS", with 0 to 255 in decimal. @return STATUS or an error. */
static int64_t off_status(struct thread *t, uint64_t address)
{
    char text[sizeof("off=255")];
    int64_t len = user_string(t->proc->mm, text, sizeof(text), address);
    int64_t status = 0;
    if (len == -E_FAULT) {
        return len;
    }
    if (len < 5 || memcmp(text, "off=", 4) != 0) {
        return -E_INVAL;
    }
    for (int64_t i = 4; i < len; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return -E_INVAL;
        }
        status = 10 * status + (text[i] - '0');
    }
    return status <= 255 ? status : -E_INVAL;
}

int64_t call_reboot(struct thread *t, const uint64_t *a)
{
    struct linux_system *sys = t->sys;
    enum linux_power what = LINUX_POWER_OFF;
    int64_t status = 0;
    if (!cred_is_root(&t->proc->cred)) {
        return -E_PERM;
    }
    uint32_t magic2 = (uint32_t)a[1];
    if ((uint32_t)a[0] != REBOOT_MAGIC1_ ||
        (magic2 != 672274793 && magic2 != 85072278 && magic2 != 369367448 && magic2 != 537993216)) {
        return -E_INVAL;
    }
    switch ((uint32_t)a[2]) {
    case REBOOT_CAD_ON_:
    case REBOOT_CAD_OFF_:
        return 0;
    case REBOOT_RESTART_:
        what = LINUX_POWER_RESTART;
        break;
    case REBOOT_HALT_:
        what = LINUX_POWER_HALT;
        break;
    case REBOOT_POWER_OFF_:
        break;
    case REBOOT_RESTART2_:
        status = off_status(t, a[3]);
        if (status < 0) {
            return status;
        }
        break;
    default:
        return -E_INVAL;
    }
    sys->is_over = true;
    sys->outcome = LINUX_GONE;
    sys->ops->power(sys->env, what, (int)status);
    return RESULT_DONE;
}

/* ---- sockets: none ----------------------------------------------------------------------------------------------- */

int64_t call_socket(struct thread *t, const uint64_t *a)
{
    (void)a;
    count_feature(t->sys, "socket");
    return -E_AFNOSUPPORT;
}

int64_t call_socketpair(struct thread *t, const uint64_t *a)
{
    (void)a;
    count_feature(t->sys, "socketpair");
    return -E_AFNOSUPPORT;
}

static int64_t not_a_socket(struct thread *t, const uint64_t *a)
{
    return fd_file(t->proc, a[0]) == NULL ? -E_BADF : -E_NOTSOCK;
}

#define NOT_A_SOCKET(name)                                                                                             \
    int64_t call_##name(struct thread *t, const uint64_t *a)                                                           \
    {                                                                                                                  \
        return not_a_socket(t, a);                                                                                     \
    }

NOT_A_SOCKET(bind)
NOT_A_SOCKET(listen)
NOT_A_SOCKET(accept)
NOT_A_SOCKET(accept4)
NOT_A_SOCKET(connect)
NOT_A_SOCKET(getsockname)
NOT_A_SOCKET(getpeername)
NOT_A_SOCKET(sendto)
NOT_A_SOCKET(recvfrom)
NOT_A_SOCKET(setsockopt)
NOT_A_SOCKET(getsockopt)
NOT_A_SOCKET(shutdown)
NOT_A_SOCKET(sendmsg)
NOT_A_SOCKET(recvmsg)
