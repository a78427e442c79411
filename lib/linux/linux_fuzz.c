/* SPDX-License-Identifier: MIT */
/*
 * Fuzzes the whole library: the input is a list of events (system calls of any thread with arguments good and bad, bytes in
 * their memory, faults, keys, time), and after each of them every rule must hold. The fake environment frees what callbacks
 * invalidate, so a stale pointer is found, too.
 */
#include "fake_env.h"
#include "fuzz_input.h"

#define EVENTS_MAX 120u

static uint32_t take32(struct input *in)
{
    uint32_t value = take(in);
    value |= (uint32_t)take(in) << 8;
    value |= (uint32_t)take(in) << 16;
    return value | (uint32_t)take(in) << 24;
}

static const char *const paths[] = {"a",    "b",         "/tmp/a",        "/tmp/d/a", "/tmp/d",        "..",        ".",
                                    "/",    "/proc",     "/proc/self",    "/proc/1",  "/proc/self/fd", "/dev/tty",  "/dev/zero",
                                    "/lx",  "/lx/linux", "/bin/prog",     "/bin/pie", "/bin/script",   "/bin/sh",   "/etc/passwd",
                                    "d/b/", "/tmp",      "/proc/self/exe", "d",        "/share/text",   "/dev/stdin", "/proc/self/stat"};

/* Calls that do something; others come by their bare numbers. */
static const uint16_t calls[] = {
    NR_openat,       NR_openat,      NR_close,          NR_read,          NR_write,       NR_clone,         NR_clone,
    NR_execve,       NR_exit_group,  NR_wait4,          NR_kill,          NR_tgkill,      NR_rt_sigaction,  NR_rt_sigaction,
    NR_rt_sigprocmask, NR_rt_sigsuspend, NR_rt_sigreturn, NR_pipe2,       NR_dup3,        NR_ppoll,         NR_pselect6,
    NR_mkdirat,      NR_unlinkat,    NR_renameat,       NR_linkat,        NR_symlinkat,   NR_mknodat,       NR_fcntl,
    NR_ioctl,        NR_setsid,      NR_setpgid,        NR_nanosleep,     NR_setitimer,   NR_futex,         NR_mmap,
    NR_munmap,       NR_mprotect,    NR_mremap,         NR_brk,           NR_getdents64,  NR_readlinkat,    NR_newfstatat,
    NR_sendfile,     NR_readv,       NR_writev,         NR_ftruncate,     NR_chdir,       NR_chroot,        NR_fchmodat,
    NR_fchownat,     NR_utimensat,   NR_sigaltstack,    NR_rt_sigtimedwait, NR_rt_sigqueueinfo, NR_exit,    NR_waitid,
    NR_setresuid,    NR_prlimit64,   NR_close_range,    NR_lseek,         NR_madvise,     NR_getcwd,        NR_fallocate,
    NR_execveat,     NR_set_tid_address, NR_prctl,      NR_umask,         NR_statfs,
};

static uint64_t value(struct input *in)
{
    static const uint64_t values[] = {
        0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 16, 17, 18, 19, 20, 40, 64, 100, 255, 256, 4095, 4096, 8192, 65536, 70000,
        0x101, 0x4111, 0x100000, O_CREAT_ | O_RDWR_, O_CREAT_ | O_EXCL_ | O_RDWR_, O_DIRECTORY_, O_NONBLOCK_ | O_RDWR_,
        O_TRUNC_ | O_WRONLY_, O_APPEND_ | O_WRONLY_, O_PATH_, O_CLOEXEC_, SIGCHLD_, CLONE_VM_ | CLONE_VFORK_ | SIGCHLD_,
        CLONE_VM_ | CLONE_FS_ | CLONE_FILES_ | CLONE_SIGHAND_ | CLONE_THREAD_, MAP_PRIVATE_ | MAP_ANONYMOUS_,
        MAP_PRIVATE_ | MAP_ANONYMOUS_ | MAP_FIXED_, (uint64_t)-1, (uint64_t)AT_FDCWD_, INT32_MAX, (uint64_t)INT32_MIN,
        UINT32_MAX, INT64_MAX, (uint64_t)INT64_MIN, UINT64_C(1) << 32, LINUX_FILE_BYTES_MAX, BUF, BUF + 1, BUF + 64, BUF + 512,
        BUF + 4090, BUF + 8192, FAKE_SCRATCH + FAKE_SCRATCH_BYTES - 4, FAKE_TEXT, FAKE_TEXT + 4096, LINUX_ABI_BASE,
        LINUX_USER_TOP - 4, LINUX_STACK_TOP - 64, TIOCSPGRP_, TIOCSCTTY_, TCGETS_, TCSETS_, TCXONC_, TCFLSH_, FIONREAD_,
        FCNTL_DUPFD_CLOEXEC, 0x21, 0x10000000, 0x04000000, 0x40000000, 0x80000000,
    };
    uint8_t which = take(in);
    if (which < ARRAY_LEN(values)) {
        return values[which];
    }
    if (which < 200) {
        return FAKE_SCRATCH + 48 * 4096 + (which % ARRAY_LEN(paths)) * 64; /* a path */
    }
    return which < 230 ? BUF + which : which < 250 ? take(in) : take32(in);
}

/** Whatever can run runs one of its threads. @return LINUX_THREADS_MAX when all wait. */
static uint32_t some_thread(struct fake *f, uint8_t which)
{
    uint32_t running[LINUX_THREADS_MAX], count = 0;
    for (uint32_t i = 0; i < LINUX_THREADS_MAX; i++) {
        if (f->threads[i].state == FAKE_RUNS) {
            running[count++] = i;
        }
    }
    return count == 0 ? LINUX_THREADS_MAX : running[which % count];
}

static void make_call(struct fake *f, uint32_t t, struct input *in)
{
    uint8_t which = take(in);
    uint64_t number = which < 250 ? calls[which % ARRAY_LEN(calls)] : take(in) | (uint64_t)(which & 1) << 8;
    uint64_t a[6] = {0};
    uint8_t count = take(in) % 7;
    for (uint8_t i = 0; i < count; i++) {
        a[i] = value(in);
    }
    (void)sys6(f, t, number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

/** Bytes into memory of the thread, where its structures are. */
static void write_memory(struct fake *f, uint32_t t, struct input *in)
{
    static const uint64_t places[] = {BUF, BUF + 64, BUF + 512, BUF + 230, BUF + 4090};
    uint8_t bytes[64];
    uint64_t place = places[take(in) % ARRAY_LEN(places)];
    uint8_t len = take(in) % sizeof(bytes);
    for (uint8_t i = 0; i < len; i++) {
        bytes[i] = take(in);
    }
    (void)fake_copy(f, f->threads[t].space, place, bytes, len, true);
}

static void change_registers(struct fake *f, uint32_t t, struct input *in)
{
    static const uint32_t stubs[] = {ABI_SIGTRAMP + 4, ABI_SIGLEAVE_SVC, ABI_FORKSAVE_SVC, ABI_FORKENTRY_SVC, ABI_CLOCK_GETTIME};
    struct linux_regs *r = &f->threads[t].regs;
    switch (take(in) % 3) {
    case 0:
        r->sp = value(in);
        break;
    case 1:
        r->pc = LINUX_ABI_BASE + stubs[take(in) % ARRAY_LEN(stubs)];
        break;
    default:
        r->sp = LINUX_STACK_TOP - 200000; /* a good one again */
        r->pc = FAKE_TEXT + 0x100;
        break;
    }
}

static void fault(struct fake *f, uint32_t t, struct input *in)
{
    static const enum linux_access accesses[] = {LINUX_READ, LINUX_WRITE, LINUX_EXECUTE};
    struct fake_thread *thread = &f->threads[t];
    uint64_t address = value(in);
    uint8_t kind = take(in);
    thread->state = FAKE_TRAPPED;
    enum linux_outcome outcome;
    if (kind < 200) {
        outcome = linux_fault(f->system, t, address, accesses[kind % 3], kind);
    } else {
        outcome = linux_exception(f->system, t, (enum linux_trap)(kind % 5), thread->regs.pc, address);
    }
    if (outcome == LINUX_RESUME) {
        thread->state = FAKE_RUNS;
    }
    assert(outcome == LINUX_RESUME || outcome == LINUX_KEEP || outcome == LINUX_GONE);
    fake_run_stubs(f, t);
}

static void event(struct fake *f, struct input *in)
{
    uint8_t what = take(in), keys[8];
    uint32_t t = some_thread(f, take(in));
    switch (what % 16) {
    case 0:
        fake_advance(f, (uint64_t)take32(in) * 1000);
        return;
    case 1:
        for (uint32_t i = 0; i < sizeof(keys); i++) {
            keys[i] = take(in) % 36;
        }
        linux_console_input(f->system, keys, sizeof(keys));
        fake_run_stubs(f, 0);
        return;
    case 2:
        f->console_len = 0;
        f->console_accepts = take(in) * 64u;
        linux_console_writable(f->system);
        fake_run_stubs(f, 0);
        return;
    default:
        break;
    }
    if (t == LINUX_THREADS_MAX) {
        return;
    }
    switch (what % 16) {
    case 3:
    case 4:
        write_memory(f, t, in);
        return;
    case 5:
        change_registers(f, t, in);
        return;
    case 6:
        fault(f, t, in);
        return;
    default:
        make_call(f, t, in);
        return;
    }
}

static void must_hold(struct fake *f)
{
    const char *broken = linux_invariant(f->system);
    if (broken != NULL) {
        fprintf(stderr, "broken: %s\n", broken);
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = {data, size};
    uint8_t shape = take(&in);
    struct fake_volume *volume = (shape & 12) == 12 ? fake_volume_new() : NULL;
    struct fake *f = fake_started_on(volume);
    f->pages_max = (shape & 1) != 0 ? FAKE_PAGES_MAX : f->page_count + 40u + (shape >> 4) * 8u;
    f->console_accepts = (shape & 2) != 0 ? FAKE_CONSOLE : 100;
    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        put(f, 0, FAKE_SCRATCH + 48 * 4096 + i * 64, paths[i], strlen(paths[i]) + 1);
    }
    for (uint32_t i = 0; i < EVENTS_MAX && in.left > 0 && !f->is_over; i++) {
        event(f, &in);
        must_hold(f);
        if (f->console_len > FAKE_CONSOLE / 2) {
            f->console_len = 0;
        }
    }
    fake_free(f);
    if (volume != NULL) {
        fake_volume_free(volume);
    }
    return 0;
}
