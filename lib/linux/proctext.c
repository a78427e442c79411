/* SPDX-License-Identifier: MIT */
/**
 * Proctext: what the files of /proc say.
 * Owns:   the load averages.    Uses: text.c, ops of spaces and threads.
 * Limits: numbers that have no meaning here are 0: page faults by process, context switches, interrupts.
 * Source: man-pages proc(5); what busybox's ps, top, free, uptime and mount read
 */
#include "proc.h"

#define TERMINAL_NUMBER (204u << 8 | 64u)
#define LOAD_ONE 2048u /* fixed point */
#define LOAD_STEP_NS ((uint64_t)5 * NS_PER_S)
#define LOAD_STEPS_MAX 1024u

static uint64_t ticks_of(uint64_t ns)
{
    return ns / (NS_PER_S / TICKS_PER_S);
}

static uint64_t all_cpu_ns(struct linux_system *sys)
{
    uint64_t sum = sys->dead_cpu_ns;
    for (struct link *l = sys->processes.next; l != &sys->processes; l = l->next) {
        sum += process_cpu_ns(CONTAINER_OF(l, struct process, all));
    }
    return sum;
}

static uint32_t running_count(struct linux_system *sys)
{
    uint32_t count = 0;
    for (struct link *l = sys->processes.next; l != &sys->processes; l = l->next) {
        count += process_state(CONTAINER_OF(l, struct process, all)) == 'R' ? 1 : 0;
    }
    return count;
}

void proc_memory(struct linux_system *sys, struct linux_memory_usage *out)
{
    struct linux_memory_usage programs = {0, 0};
    if (sys->ops->memory_usage != NULL) {
        sys->ops->memory_usage(sys->env, &programs);
    }
    out->total_bytes = programs.total_bytes + (uint64_t)sys->memory.page_count * PAGE_BYTES;
    out->free_bytes = programs.free_bytes + (uint64_t)sys->memory.free_count * PAGE_BYTES;
}

static void usage_of(struct process *p, struct linux_space_usage *out)
{
    *out = (struct linux_space_usage){0, 0, 0};
    if (p->mm != NULL && p->sys->ops->space_usage != NULL) {
        p->sys->ops->space_usage(p->sys->env, p->mm->space, out);
    }
}

/* ---- load -------------------------------------------------------------------------------------------------------- */

/**
 * The share of the CPU that programs had since the last update, smoothed in steps of 5 seconds. On one CPU this is Linux's
 * load average but for what merely waits for the CPU.
 */
void load_update(struct linux_system *sys)
{
    static const uint32_t keep[3] = {1884, 2014, 2037}; /* 2048 * exp(-5 s / 1, 5, 15 min) */
    uint64_t now = time_now(sys), span = now - sys->load_at_ns;
    if (span < LOAD_STEP_NS) {
        return;
    }
    uint64_t cpu = all_cpu_ns(sys);
    uint64_t used = cpu > sys->load_cpu_ns ? cpu - sys->load_cpu_ns : 0;
    uint32_t share = used >= span ? LOAD_ONE : (uint32_t)(used / 1000 * LOAD_ONE / (span / 1000));
    uint64_t steps = span / LOAD_STEP_NS < LOAD_STEPS_MAX ? span / LOAD_STEP_NS : LOAD_STEPS_MAX;
    for (uint64_t step = 0; step < steps; step++) {
        for (uint32_t i = 0; i < 3; i++) {
            sys->load[i] = (sys->load[i] * keep[i] + share * (LOAD_ONE - keep[i])) / LOAD_ONE;
        }
    }
    sys->load_at_ns = now;
    sys->load_cpu_ns = cpu;
}

static void write_loadavg(struct linux_system *sys, struct linux_text *text)
{
    load_update(sys);
    for (uint32_t i = 0; i < 3; i++) {
        linux_text_print(text, "%u.%02u ", sys->load[i] / LOAD_ONE, sys->load[i] % LOAD_ONE * 100 / LOAD_ONE);
    }
    linux_text_print(text, "%u/%u %u\n", running_count(sys), sys->live_thread_count, sys->last_pid);
}

/* ---- the system -------------------------------------------------------------------------------------------------- */

static void write_stat(struct linux_system *sys, struct linux_text *text)
{
    uint64_t up = time_now(sys), busy = all_cpu_ns(sys);
    uint64_t idle = up > busy ? up - busy : 0;
    linux_text_print(text, "cpu  %lu 0 0 %lu 0 0 0 0 0 0\n", ticks_of(busy), ticks_of(idle));
    linux_text_print(text, "cpu0 %lu 0 0 %lu 0 0 0 0 0 0\n", ticks_of(busy), ticks_of(idle));
    linux_text_print(text, "intr 0\nctxt 0\nbtime %ld\nprocesses %lu\nprocs_running %u\nprocs_blocked 0\n",
                     (time_wall(sys) - (int64_t)up) / NS_PER_S, sys->forks, running_count(sys));
}

static void write_meminfo(struct linux_system *sys, struct linux_text *text)
{
    struct linux_memory_usage m;
    proc_memory(sys, &m);
    uint64_t files = (uint64_t)(sys->memory.page_count - sys->memory.free_count) * PAGE_BYTES;
    linux_text_print(text, "MemTotal:       %8lu kB\nMemFree:        %8lu kB\nMemAvailable:   %8lu kB\n",
                     m.total_bytes / 1024, m.free_bytes / 1024, m.free_bytes / 1024);
    linux_text_print(text, "Buffers:        %8u kB\nCached:         %8lu kB\nSwapCached:     %8u kB\n", 0u, files / 1024, 0u);
    linux_text_print(text, "SwapTotal:      %8u kB\nSwapFree:       %8u kB\nShmem:          %8lu kB\n", 0u, 0u, files / 1024);
    linux_text_print(text, "SReclaimable:   %8u kB\n", 0u);
}

static void write_uptime(struct linux_system *sys, struct linux_text *text)
{
    uint64_t up = time_now(sys), busy = all_cpu_ns(sys), idle = up > busy ? up - busy : 0;
    linux_text_print(text, "%lu.%02lu %lu.%02lu\n", up / NS_PER_S, up % NS_PER_S / 10000000, idle / NS_PER_S,
                     idle % NS_PER_S / 10000000);
}

static void write_cpuinfo(struct linux_system *sys, struct linux_text *text)
{
    static const struct {
        uint32_t bit;
        const char *name;
    } features[] = {{0, "fp"}, {1, "asimd"}, {3, "aes"}, {4, "pmull"}, {5, "sha1"}, {6, "sha2"}, {7, "crc32"}};
    linux_text_print(text, "processor\t: 0\nBogoMIPS\t: %lu.%02lu\nFeatures\t:", sys->config.counter_hz * 2 / 1000000,
                     sys->config.counter_hz * 2 / 10000 % 100);
    for (size_t i = 0; i < ARRAY_LEN(features); i++) {
        if ((sys->config.hwcap >> features[i].bit & 1) != 0) {
            linux_text_print(text, " %s", features[i].name);
        }
    }
    linux_text_print(text, "\nCPU architecture: 8\n\n");
}

static void write_uuid(const uint8_t *bytes, struct linux_text *text)
{
    for (uint32_t i = 0; i < 16; i++) {
        uint8_t byte = i == 6 ? (uint8_t)((bytes[i] & 0x0f) | 0x40) : i == 8 ? (uint8_t)((bytes[i] & 0x3f) | 0x80) : bytes[i];
        linux_text_print(text, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", byte);
    }
    linux_text_put(text, "\n", 1);
}

static void write_system(struct linux_system *sys, uint32_t item, struct linux_text *text)
{
    const struct linux_config *config = &sys->config;
    uint8_t random[16];
    switch (item) {
    case PROC_STAT:
        write_stat(sys, text);
        return;
    case PROC_MEMINFO:
        write_meminfo(sys, text);
        return;
    case PROC_UPTIME:
        write_uptime(sys, text);
        return;
    case PROC_LOADAVG:
        write_loadavg(sys, text);
        return;
    case PROC_CPUINFO:
        write_cpuinfo(sys, text);
        return;
    case PROC_VERSION:
        linux_text_print(text, "Linux version %s (LX-OS) %s\n", config->release, config->version);
        return;
    case PROC_FILESYSTEMS:
        linux_text_print(text, "nodev\tproc\nnodev\ttmpfs\nnodev\tlx\n\tlxfs\n");
        return;
    case PROC_KERNEL_CMDLINE:
        linux_text_put(text, "\n", 1);
        return;
    case PROC_HOSTNAME:
        linux_text_print(text, "%s\n", sys->hostname);
        return;
    case PROC_DOMAINNAME:
        linux_text_print(text, "%s\n", sys->domainname);
        return;
    case PROC_OSTYPE:
        linux_text_print(text, "Linux\n");
        return;
    case PROC_OSRELEASE:
        linux_text_print(text, "%s\n", config->release);
        return;
    case PROC_OSVERSION:
        linux_text_print(text, "%s\n", config->version);
        return;
    case PROC_PID_MAX:
        linux_text_print(text, "%u\n", LINUX_PID_MAX);
        return;
    case PROC_NGROUPS_MAX:
        linux_text_print(text, "%u\n", GROUPS_MAX);
        return;
    case PROC_ENTROPY:
        linux_text_print(text, "256\n"); /* the generator is seeded or the system does not start */
        return;
    case PROC_UUID:
        sys->ops->random(sys->env, random, sizeof(random));
        write_uuid(random, text);
        return;
    case PROC_BOOT_ID:
        write_uuid(sys->boot_id, text);
        return;
    default:
        return;
    }
}

/* ---- a process --------------------------------------------------------------------------------------------------- */

static uint64_t handlers(const struct process *p, bool ignored)
{
    uint64_t bits = 0;
    for (uint32_t i = 0; i < SIGNAL_COUNT; i++) {
        uint64_t handler = p->actions[i].handler;
        if (ignored ? handler == SIG_IGN_ : handler > SIG_IGN_) {
            bits |= (uint64_t)1 << i;
        }
    }
    return bits;
}

static void write_pid_stat(struct process *p, struct linux_text *text)
{
    static const struct mm none = {0};
    struct linux_space_usage usage;
    const struct mm *mm = p->mm == NULL ? &none : p->mm;
    const struct thread *leader = process_leader(p);
    usage_of(p, &usage);
    linux_text_print(text, "%u (%.16s) %c %u %u %u %u %d 0 0 0 0 0 ", p->pid, process_name(p), process_state(p),
                     p->parent == NULL ? 0 : p->parent->pid, p->pgid, p->sid, p->tty == NULL ? 0 : TERMINAL_NUMBER,
                     p->tty == NULL ? -1 : (int)p->tty->pgid);
    linux_text_print(text, "%lu 0 %lu 0 20 0 %u 0 %lu %lu %lu %lu ", ticks_of(process_cpu_ns(p)),
                     ticks_of(p->children_cpu_ns), p->thread_count, ticks_of(p->start_ns), usage.virtual_bytes,
                     usage.resident_bytes / PAGE_BYTES, UINT64_MAX);
    linux_text_print(text, "%lu %lu %lu 0 0 %lu %lu %lu %lu 0 0 0 %u 0 0 0 0 0 0 ", mm->text_start, mm->text_end,
                     mm->stack_start, p->pending.bits & UINT32_MAX, leader == NULL ? 0 : leader->blocked & UINT32_MAX,
                     handlers(p, true) & UINT32_MAX, handlers(p, false) & UINT32_MAX, p->exit_signal);
    linux_text_print(text, "%lu %lu %lu %lu %lu %lu %lu %d\n", mm->text_start, mm->text_end, mm->heap_start,
                     mm->arg_start, mm->arg_end, mm->env_start, mm->env_end, p->is_zombie ? p->exit_status : 0);
}

static const char *state_word(char state)
{
    return state == 'R' ? "R (running)" : state == 'S' ? "S (sleeping)" : state == 'T' ? "T (stopped)" : "Z (zombie)";
}

static void write_pid_status(struct process *p, struct linux_text *text)
{
    const struct cred *c = &p->cred;
    const struct thread *leader = process_leader(p);
    struct linux_space_usage usage;
    usage_of(p, &usage);
    linux_text_print(text, "Name:\t%.16s\nUmask:\t%04o\nState:\t%s\nTgid:\t%u\nNgid:\t0\n", process_name(p), p->umask,
                     state_word(process_state(p)), p->pid);
    linux_text_print(text, "Pid:\t%u\nPPid:\t%u\nTracerPid:\t0\n", p->pid, p->parent == NULL ? 0 : p->parent->pid);
    linux_text_print(text, "Uid:\t%u\t%u\t%u\t%u\nGid:\t%u\t%u\t%u\t%u\nFDSize:\t%u\nGroups:\t", c->uid, c->euid, c->suid,
                     c->fsuid, c->gid, c->egid, c->sgid, c->fsgid, LINUX_FDS_MAX);
    for (uint32_t i = 0; i < c->group_count; i++) {
        linux_text_print(text, "%u ", c->groups[i]);
    }
    if (p->mm != NULL) {
        linux_text_print(text, "\nVmSize:\t%8lu kB\nVmRSS:\t%8lu kB", usage.virtual_bytes / 1024,
                         usage.resident_bytes / 1024);
    }
    linux_text_print(text, "\nThreads:\t%u\nSigPnd:\t%016lx\nShdPnd:\t%016lx\n", p->thread_count,
                     leader == NULL ? 0 : leader->pending.bits, p->pending.bits);
    linux_text_print(text, "SigBlk:\t%016lx\nSigIgn:\t%016lx\nSigCgt:\t%016lx\n", leader == NULL ? 0 : leader->blocked,
                     handlers(p, true), handlers(p, false));
    linux_text_print(text, "NoNewPrivs:\t%u\nCpus_allowed:\t1\nCpus_allowed_list:\t0\n", p->no_new_privs ? 1u : 0u);
}

/** Copies a range of the process's memory, up to where it cannot be read. */
static void write_memory(struct process *p, uint64_t start, uint64_t end, struct linux_text *text)
{
    uint64_t at = start;
    while (p->mm != NULL && at < end && end - start <= LINUX_ARG_BYTES_MAX) {
        size_t part;
        const uint8_t *bytes = user_pin(p->mm, at, (size_t)(end - at), false, &part);
        if (bytes == NULL) {
            return;
        }
        linux_text_put(text, bytes, part);
        at += part;
    }
}

static void write_pid_limits(const struct process *p, struct linux_text *text)
{
    static const struct {
        uint32_t index;
        const char *name, *unit;
    } rows[] = {{RLIMIT_CPU_, "Max cpu time", "seconds"},
                {RLIMIT_FSIZE_, "Max file size", "bytes"},
                {RLIMIT_DATA_, "Max data size", "bytes"},
                {RLIMIT_STACK_, "Max stack size", "bytes"},
                {RLIMIT_NPROC_, "Max processes", "processes"},
                {RLIMIT_NOFILE_, "Max open files", "files"},
                {RLIMIT_AS_, "Max address space", "bytes"}};
    linux_text_print(text, "%-26s%-21s%-21s%-10s\n", "Limit", "Soft Limit", "Hard Limit", "Units");
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct abi_rlimit *limit = &p->limits[rows[i].index];
        char soft[24] = "unlimited", hard[24] = "unlimited";
        if (limit->cur != RLIM_INFINITY_) {
            (void)text_into(soft, sizeof(soft), "%lu", limit->cur);
        }
        if (limit->max != RLIM_INFINITY_) {
            (void)text_into(hard, sizeof(hard), "%lu", limit->max);
        }
        linux_text_print(text, "%-26s%-21s%-21s%-10s\n", rows[i].name, soft, hard, rows[i].unit);
    }
}

const char *linux_map_name(const struct linux_map_marks *marks, uint64_t start, uint64_t end)
{
    if (start <= marks->stack && marks->stack < end) {
        return "[stack]";
    }
    return start < marks->heap_end && marks->heap_start < end ? "[heap]" : "";
}

static void write_process(struct process *p, uint32_t item, struct linux_text *text)
{
    struct linux_system *sys = p->sys;
    struct linux_space_usage usage;
    switch (item) {
    case PROC_PID_STAT:
        write_pid_stat(p, text);
        return;
    case PROC_PID_STATM:
        usage_of(p, &usage);
        linux_text_print(text, "%lu %lu %lu 0 0 0 0\n", usage.virtual_bytes / PAGE_BYTES, usage.resident_bytes / PAGE_BYTES,
                         usage.shared_bytes / PAGE_BYTES);
        return;
    case PROC_PID_STATUS:
        write_pid_status(p, text);
        return;
    case PROC_PID_CMDLINE:
        if (p->mm != NULL) {
            write_memory(p, p->mm->arg_start, p->mm->arg_end, text);
        }
        return;
    case PROC_PID_ENVIRON:
        if (p->mm != NULL) {
            write_memory(p, p->mm->env_start, p->mm->env_end, text);
        }
        return;
    case PROC_PID_COMM:
        linux_text_print(text, "%.16s\n", process_name(p));
        return;
    case PROC_PID_MAPS:
        if (p->mm != NULL && sys->ops->space_maps != NULL) {
            const struct mm *mm = p->mm;
            struct linux_map_marks marks = {mm->heap_start, mm->heap_end, mm->stack_start};
            sys->ops->space_maps(sys->env, mm->space, &marks, text);
        }
        return;
    case PROC_PID_MOUNTS:
        linux_text_print(text, "%s rw,relatime 0 0\nproc /proc proc ro 0 0\ndev /dev tmpfs rw,relatime 0 0\n"
                               "tmpfs /dev/shm tmpfs rw,relatime 0 0\ntmpfs /tmp tmpfs rw,relatime 0 0\nlx /lx lx ro 0 0\n",
                         sys->config.volume.ops == NULL ? "tmpfs / tmpfs" : "volume / lxfs");
        return;
    case PROC_PID_LIMITS:
        write_pid_limits(p, text);
        return;
    default:
        return;
    }
}

void proc_text(struct linux_system *sys, struct process *p, uint32_t item, struct linux_text *text)
{
    if (p == NULL) {
        write_system(sys, item, text);
    } else {
        write_process(p, item, text);
    }
}
