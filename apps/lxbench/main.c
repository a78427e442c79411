/* SPDX-License-Identifier: MIT */
/**
 * Lxbench: what operations of the Linux ABI cost, in guest instructions: a plain static program that runs on any AArch64 Linux.
 * Under QEMU's -icount shift=0 the counter advances by one tick for so many instructions that 1 ns is one; a row is the mean of
 * its repetitions, after one round that warms up, less the cost of the loop.
 *
 *   lxbench [NAME...]      rows whose name begins with one of the names; all without
 *   lxbench files DIR      files on a disk (files.c)
 *
 * Output: one line "bench| NAME: N" a row.
 */
#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PAGE = 4096, PAGES = 1024 };

static void must(int good, const char *what)
{
    if (!good) {
        fprintf(stderr, "lxbench: %s: %s\n", what, strerror(errno));
        exit(1);
    }
}

/** Nanoseconds; under -icount shift=0 instructions. */
static uint64_t now(void)
{
    uint64_t ticks, hz;
    __asm__ volatile("isb\n\tmrs %0, cntvct_el0\n\tmrs %1, cntfrq_el0" : "=r"(ticks), "=r"(hz) : : "memory");
    return ticks * (1000000000 / hz);
}

static void report(const char *name, uint64_t total, uint64_t count)
{
    printf("bench| %s: %llu\n", name, (unsigned long long)(total / count));
    fflush(stdout);
}

/** Runs `once` so many times and reports the mean. */
static void repeat(const char *name, void (*once)(void), uint64_t count)
{
    once();
    uint64_t start = now();
    for (uint64_t i = 0; i < count; i++) {
        once();
    }
    report(name, now() - start, count);
}

/* ---- calls -------------------------------------------------------------------------------------------------------- */

static void getpid_once(void)
{
    (void)syscall(SYS_getpid);
}

static void bench_getpid(const char *name)
{
    repeat(name, getpid_once, 10000);
}

static int zero_fd;
static char block[PAGE];

static void read_once(void)
{
    must(read(zero_fd, block, sizeof block) == (ssize_t)sizeof block, "reading /dev/zero");
}

static void bench_read(const char *name)
{
    zero_fd = open("/dev/zero", O_RDONLY);
    must(zero_fd >= 0, "/dev/zero");
    repeat(name, read_once, 2000);
    close(zero_fd);
}

/* ---- processes ---------------------------------------------------------------------------------------------------- */

static void wait_for(pid_t pid)
{
    int status = -1;
    must(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0, "a child's end");
}

static void fork_once(void)
{
    pid_t pid = fork();
    must(pid >= 0, "fork");
    if (pid == 0) {
        _exit(0);
    }
    wait_for(pid);
}

static void bench_fork(const char *name)
{
    repeat(name, fork_once, 100);
}

static void run_true(const char *path)
{
    static char program[] = "true";
    char *const argv[] = {program, NULL};
    char *const envp[] = {NULL};
    pid_t pid = vfork();
    must(pid >= 0, "vfork");
    if (pid == 0) {
        execve(path, argv, envp);
        _exit(127);
    }
    wait_for(pid);
}

static void exec_once(void)
{
    run_true("/bin/true");
}

static void bench_exec(const char *name)
{
    repeat(name, exec_once, 50);
}

/* Pages that the system has verified so far; 0 where it does not say. */
static uint64_t pages_verified(void)
{
    char text[1024] = "";
    int fd = open("/lx/mem", O_RDONLY);
    ssize_t n = fd >= 0 ? read(fd, text, sizeof text - 1) : 0;
    const char *at = n > 0 ? strstr(text, "pages verified") : NULL;
    close(fd);
    return at != NULL ? strtoull(at + sizeof "pages verified" - 1, NULL, 10) : 0;
}

/* A busybox of which no page is in use yet; so only the first run counts. */
static void bench_cold(const char *name)
{
    if (access("/test/cold", X_OK) != 0) {
        return;
    }
    uint64_t pages = pages_verified();
    uint64_t start = now();
    run_true("/test/cold");
    report(name, now() - start, 1);
    report("exec cold, pages hashed", pages_verified() - pages, 1);
}

/* ---- memory ------------------------------------------------------------------------------------------------------- */

static void bench_anonymous(const char *name)
{
    volatile char *p = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    must(p != MAP_FAILED, "mmap");
    uint64_t start = now();
    for (size_t i = 0; i < PAGES; i++) {
        p[i * PAGE] = 1;
    }
    report(name, now() - start, PAGES);
    munmap((void *)(uintptr_t)p, PAGES * PAGE);
}

/* Pages of a package's file that were read before. */
static void bench_file(const char *name)
{
    int fd = open("/bin/busybox", O_RDONLY);
    must(fd >= 0, "/bin/busybox");
    size_t len = (size_t)lseek(fd, 0, SEEK_END);
    size_t pages = len / PAGE;
    for (int round = 0; round < 2; round++) {
        const volatile char *p = mmap(NULL, len, PROT_READ, MAP_PRIVATE, fd, 0);
        must(p != MAP_FAILED, "mmap of a file");
        uint64_t start = now();
        for (size_t i = 0; i < pages; i++) {
            (void)p[i * PAGE];
        }
        if (round == 1) {
            report(name, now() - start, pages);
        }
        munmap((void *)(uintptr_t)p, len);
    }
    close(fd);
}

/* ---- between processes and threads -------------------------------------------------------------------------------- */

static void bench_pipe(const char *name)
{
    enum { ROUNDS = 2000, WARM = 16 };
    int there[2], back[2];
    char c = 0;
    must(pipe(there) == 0 && pipe(back) == 0, "pipe");
    pid_t pid = fork();
    must(pid >= 0, "fork");
    if (pid == 0) {
        for (int i = 0; i < ROUNDS + WARM; i++) {
            must(read(there[0], &c, 1) == 1 && write(back[1], &c, 1) == 1, "a child's pipes");
        }
        _exit(0);
    }
    uint64_t start = 0;
    for (int i = 0; i < ROUNDS + WARM; i++) {
        if (i == WARM) {
            start = now();
        }
        must(write(there[1], &c, 1) == 1 && read(back[0], &c, 1) == 1, "pipes");
    }
    report(name, now() - start, ROUNDS);
    wait_for(pid);
    close(there[0]);
    close(there[1]);
    close(back[0]);
    close(back[1]);
}

static uint32_t turn[2];

static void turn_wait(uint32_t *word)
{
    while (__atomic_load_n(word, __ATOMIC_ACQUIRE) == 0) {
        (void)syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0);
    }
    __atomic_store_n(word, 0, __ATOMIC_RELEASE);
}

static void turn_give(uint32_t *word)
{
    __atomic_store_n(word, 1, __ATOMIC_RELEASE);
    (void)syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

enum { FUTEX_ROUNDS = 2000, FUTEX_WARM = 16 };

static void *futex_partner(void *unused)
{
    for (int i = 0; i < FUTEX_ROUNDS + FUTEX_WARM; i++) {
        turn_wait(&turn[0]);
        turn_give(&turn[1]);
    }
    return unused;
}

static void bench_futex(const char *name)
{
    pthread_t partner;
    must(pthread_create(&partner, NULL, futex_partner, NULL) == 0, "a thread");
    uint64_t start = 0;
    for (int i = 0; i < FUTEX_ROUNDS + FUTEX_WARM; i++) {
        if (i == FUTEX_WARM) {
            start = now();
        }
        turn_give(&turn[0]);
        turn_wait(&turn[1]);
    }
    report(name, now() - start, FUTEX_ROUNDS);
    must(pthread_join(partner, NULL) == 0, "joining a thread");
}

static volatile sig_atomic_t hits;

static void on_signal(int number)
{
    (void)number;
    hits++;
}

static void signal_once(void)
{
    must(syscall(SYS_tgkill, getpid(), (pid_t)syscall(SYS_gettid), SIGUSR1) == 0, "tgkill");
}

static void self_calls_once(void)
{
    (void)getpid();
    (void)syscall(SYS_gettid);
}

static void bench_signal(const char *name)
{
    enum { ROUNDS = 2000 };
    struct sigaction action = {.sa_handler = on_signal};
    must(sigaction(SIGUSR1, &action, NULL) == 0, "sigaction");
    hits = 0;
    uint64_t start = now();
    for (int i = 0; i < ROUNDS; i++) {
        self_calls_once();
    }
    uint64_t calls = now() - start;
    signal_once();
    start = now();
    for (int i = 0; i < ROUNDS; i++) {
        signal_once();
    }
    report(name, now() - start - calls, ROUNDS);
    must(hits == ROUNDS + 1, "every signal");
}

/* ---- the table ---------------------------------------------------------------------------------------------------- */

static const struct row {
    const char *name;
    void (*run)(const char *name);
} rows[] = {
    {"exec cold", bench_cold},       {"exec warm", bench_exec},       {"fork exit wait", bench_fork},      {"verified page", bench_file},
    {"anonymous page", bench_anonymous}, {"getpid", bench_getpid},        {"read 4 KiB", bench_read},
    {"pipe round trip", bench_pipe}, {"futex round trip", bench_futex},   {"signal", bench_signal},
};

static int is_wanted(const char *name, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strncmp(name, argv[i], strlen(argv[i])) == 0) {
            return 1;
        }
    }
    return argc < 2;
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "files") == 0) {
        bench_files(argv[2]);
        printf("bench| done\n");
        return 0;
    }
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (is_wanted(rows[i].name, argc, argv)) {
            rows[i].run(rows[i].name);
        }
    }
    printf("bench| done\n");
    return 0;
}
