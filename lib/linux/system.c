/* SPDX-License-Identifier: MIT */
/**
 * System: making a system, starting its first process, looking inside.
 * Owns:   the layout of the arena: the system, the hash table of names, pages.    Uses: every other file of this room.
 * Limits: LEAST_PAGES pages beside what the tables take.
 */
#include "calls.h"
#include "files.h"
#include "poison.h"

#define LEAST_PAGES 128u
#define DENTRY_HASH_MAX 16384u

static size_t system_bytes(void)
{
    return (size_t)align_up(sizeof(struct linux_system), PAGE_BYTES);
}

size_t linux_memory_min(void)
{
    size_t table = (size_t)align_up(DENTRY_HASH_MIN * sizeof(struct dentry *), PAGE_BYTES);
    return system_bytes() + table + (size_t)LEAST_PAGES * PAGE_BYTES;
}

/** As many buckets as the arena has eight pages each, within bounds. */
static uint32_t bucket_count(size_t memory_bytes)
{
    uint32_t count = DENTRY_HASH_MIN;
    while (count < DENTRY_HASH_MAX && (size_t)count * 8 * PAGE_BYTES < memory_bytes) {
        count *= 2;
    }
    return count;
}

static void set_defaults(struct linux_system *sys)
{
    struct linux_config *config = &sys->config;
    config->hostname = config->hostname == NULL ? "lx" : config->hostname;
    config->release = config->release == NULL ? "6.1.0-lx" : config->release;
    config->version = config->version == NULL ? "#1 LX-OS" : config->version;
    config->counter_hz = config->counter_hz == 0 ? 62500000 : config->counter_hz;
    config->hwcap = config->hwcap == 0 ? 3 : config->hwcap;
    (void)copy_string(sys->hostname, sizeof(sys->hostname), config->hostname);
    (void)copy_string(sys->domainname, sizeof(sys->domainname), "(none)");
}

enum lx_err linux_init(const struct linux_config *config, struct linux_system **out)
{
    if (!is_aligned((uintptr_t)config->memory, PAGE_BYTES) || config->view_count > LINUX_VIEWS_MAX) {
        return LX_EINVAL;
    }
    if (config->memory_bytes < linux_memory_min()) {
        return LX_ENOSPC;
    }
    unpoison(config->memory, config->memory_bytes); /* it may have been an arena before */
    struct linux_system *sys = config->memory;
    memset(sys, 0, sizeof(*sys));
    sys->config = *config;
    sys->ops = config->ops;
    sys->env = config->env;
    uint32_t buckets = bucket_count(config->memory_bytes);
    size_t table_bytes = (size_t)align_up(buckets * sizeof(struct dentry *), PAGE_BYTES);
    uint8_t *table = (uint8_t *)config->memory + system_bytes();
    memset(table, 0, table_bytes);
    sys->dentries = (void *)table;
    sys->dentry_mask = buckets - 1;
    size_t pages = (config->memory_bytes - system_bytes() - table_bytes) / PAGE_BYTES;
    memory_init(&sys->memory, table + table_bytes, pages < UINT32_MAX ? (uint32_t)pages : UINT32_MAX);
    set_defaults(sys);
    sys->next_ino = 2;
    sys->ops->random(sys->env, sys->boot_id, sizeof(sys->boot_id));
    processes_init(sys);
    tty_init(&sys->console, sys);
    enum lx_err err = tree_init(sys);
    if (err == LX_OK) {
        *out = sys;
    }
    return err;
}

/* ---- process 1 --------------------------------------------------------------------------------------------------- */

static void set_limits(struct process *p)
{
    for (uint32_t i = 0; i < RLIMIT_COUNT; i++) {
        p->limits[i] = (struct abi_rlimit){RLIM_INFINITY_, RLIM_INFINITY_};
    }
    p->limits[RLIMIT_STACK_].cur = LINUX_STACK_BYTES;
    p->limits[RLIMIT_CORE_].cur = 0;
    p->limits[RLIMIT_NPROC_] = (struct abi_rlimit){LINUX_PROCESSES_MAX, LINUX_PROCESSES_MAX};
    p->limits[RLIMIT_NOFILE_] = (struct abi_rlimit){LINUX_FDS_MAX, LINUX_FDS_MAX};
}

/** Descriptors 0, 1 and 2, on /dev/console. */
static bool open_console(struct process *p)
{
    struct linux_system *sys = p->sys;
    struct dentry *dev = name_find(sys->root, "dev", 3);
    struct dentry *console = name_find(dev->inode->mounted, "console", 7);
    struct file *f = file_new(console->inode, O_RDWR_ | O_LARGEFILE_, &tty_ops);
    if (f == NULL) {
        return false;
    }
    for (uint32_t i = 0; i < 3; i++) {
        if (fd_install(p, file_get(f), 0, false) < 0) {
            file_put(f);
        }
    }
    file_put(f);
    return fd_count(p) == 3;
}

static struct process *make_first(struct linux_system *sys)
{
    struct process *p = process_new(sys, NULL);
    if (p == NULL) {
        return NULL;
    }
    p->is_init = true;
    p->pgid = p->sid = p->pid;
    p->umask = 022;
    p->cwd = inode_get(sys->root);
    p->root = inode_get(sys->root);
    p->tty = &sys->console;
    sys->console.sid = sys->console.pgid = p->pid;
    sys->init = p;
    set_limits(p);
    return p;
}

static enum lx_err error_of(int64_t result)
{
    switch (result) {
    case RESULT_DONE:
        return LX_OK;
    case -E_NOENT:
    case -E_NOTDIR:
        return LX_ENOENT;
    case -E_ACCES:
    case -E_NOEXEC:
        return LX_EACCES;
    default:
        return LX_ENOSPC;
    }
}

enum lx_err linux_start(struct linux_system *sys, const char *path, const char *const *argv, const char *const *envp)
{
    assert(sys->init == NULL);
    entry_begin(sys, NULL, NULL);
    struct process *p = make_first(sys);
    struct thread *t = p == NULL ? NULL : thread_new(p);
    if (t == NULL || !open_console(p)) {
        return LX_ENOSPC; /* an arena of the least size holds all this */
    }
    enum lx_err err = error_of(exec_start(t, path, argv, envp));
    if (err == LX_OK) {
        (void)entry_end(sys);
        return LX_OK;
    }
    sys->init = NULL; /* so that a second try with another path may follow */
    thread_end(t);
    fds_close_all(p);
    inode_put(p->cwd);
    inode_put(p->root);
    process_free(p);
    sys->last_pid = 0;
    sys->console.sid = sys->console.pgid = 0;
    return err;
}

void linux_installed(const struct linux_system *sys, struct linux_installed *out)
{
    *out = sys->installed;
}

/* ---- looking inside ---------------------------------------------------------------------------------------------- */

bool linux_process_next(struct linux_system *sys, uint32_t after_pid, struct linux_process_info *out)
{
    struct process *p = process_after(sys, after_pid);
    if (p == NULL) {
        return false;
    }
    *out = (struct linux_process_info){.pid = p->pid,
                                       .parent_pid = p->parent == NULL ? 0 : p->parent->pid,
                                       .uid = p->cred.uid,
                                       .space = p->mm == NULL ? LINUX_NONE : p->mm->space,
                                       .program = p->mm == NULL ? LINUX_NONE : p->mm->program,
                                       .thread_count = p->thread_count,
                                       .cpu_ns = process_cpu_ns(p),
                                       .state = process_state(p)};
    memcpy(out->name, process_name(p), sizeof(out->name));
    return true;
}
