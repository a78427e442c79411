/* SPDX-License-Identifier: MIT */
/**
 * Files: what files on a disk cost, in guest instructions without those of waiting. A clock that follows instructions cannot tell work from
 * idleness, so a second thread keeps the CPU busy and counts its rounds: what is left is the work of the whole system, drivers included.
 *
 * Sizes and steps are those of the program that measured Linux: 64 MiB, read and written in 128 KiB; 1024 random reads; 128 random writes with
 * fsync; 64 files of 4 KiB made, synced and removed.
 */
#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    PAGE = 4096,
    CHUNK = 131072,
    PAGES = 16384,
    RANDOM_READS = 1024,
    RANDOM_WRITES = 128,
    NEW_FILES = 64,
    WARM_PAGES = 256,
    WARM_ROUNDS = 16,
};

static unsigned char chunk[CHUNK];
static volatile uint64_t rounds;
static double round_cost; /* what one round takes when nobody else has work, timer interrupts included */

static void must(int good, const char *what)
{
    if (!good) {
        fprintf(stderr, "lxbench: %s: %s\n", what, strerror(errno));
        exit(1);
    }
}

static uint64_t now(void)
{
    uint64_t ticks, hz;
    __asm__ volatile("isb\n\tmrs %0, cntvct_el0\n\tmrs %1, cntfrq_el0" : "=r"(ticks), "=r"(hz) : : "memory");
    return ticks * (1000000000 / hz);
}

/* Four instructions a round, whatever the compiler thinks. */
static void *keep_busy(void *nothing)
{
    (void)nothing;
    __asm__ volatile("1: ldr x9, [%0]\n\tadd x9, x9, #1\n\tstr x9, [%0]\n\tb 1b" : : "r"(&rounds) : "x9", "memory");
    return NULL;
}

struct span {
    uint64_t time, rounds;
};

static struct span begin(void)
{
    return (struct span){now(), rounds};
}

static void end(struct span s, const char *name, uint64_t count)
{
    double time = (double)(now() - s.time), idle = (double)(rounds - s.rounds) * round_cost;
    printf("bench| %s: %.0f\n", name, (time - idle) / (double)count);
    fflush(stdout);
}

static uint32_t next(uint32_t *state)
{
    *state = *state * 5 + 40503 * 2 + 1;
    return *state % PAGES;
}

static int open_file(const char *path, int flags)
{
    int fd = open(path, flags, 0644);
    must(fd >= 0, path);
    return fd;
}

static void forget(int fd)
{
    must(posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED) == 0, "fadvise");
}

static void write_all(const char *path)
{
    int fd = open_file(path, O_WRONLY | O_CREAT | O_TRUNC);
    for (uint32_t i = 0; i < sizeof chunk; i++) {
        chunk[i] = (unsigned char)(i * 2654435761u >> 13);
    }
    struct span s = begin();
    for (int i = 0; i < PAGES / (CHUNK / PAGE); i++) {
        chunk[0] = (unsigned char)i;
        must(write(fd, chunk, sizeof chunk) == CHUNK, "write");
    }
    must(fsync(fd) == 0, "fsync");
    end(s, "file write sequential + fsync, 4 KiB", PAGES);
    close(fd);
}

static void read_cold(const char *path)
{
    int fd = open_file(path, O_RDONLY);
    forget(fd);
    struct span s = begin();
    for (int i = 0; i < PAGES / (CHUNK / PAGE); i++) {
        must(read(fd, chunk, sizeof chunk) == CHUNK, "read");
    }
    end(s, "file read cold sequential, 4 KiB", PAGES);
    forget(fd);
    close(fd);
}

static void read_warm(const char *path)
{
    int fd = open_file(path, O_RDONLY);
    for (int round = -1; round < WARM_ROUNDS; round++) {
        static struct span s;
        if (round == 0) {
            s = begin();
        }
        for (int i = 0; i < WARM_PAGES / (CHUNK / PAGE); i++) {
            must(pread(fd, chunk, sizeof chunk, (off_t)i * CHUNK) == CHUNK, "read");
        }
        if (round == WARM_ROUNDS - 1) {
            end(s, "file read warm, 4 KiB", (uint64_t)WARM_PAGES * WARM_ROUNDS);
        }
    }
    forget(fd);
    close(fd);
}

static void read_random(const char *path)
{
    int fd = open_file(path, O_RDONLY);
    uint32_t state = 12345;
    struct span s = begin();
    for (int i = 0; i < RANDOM_READS; i++) {
        must(pread(fd, chunk, PAGE, (off_t)next(&state) * PAGE) == PAGE, "read");
    }
    end(s, "file read cold random, 4 KiB", RANDOM_READS);
    close(fd);
}

static void write_random(const char *path)
{
    int fd = open_file(path, O_RDWR);
    uint32_t state = 777;
    struct span s = begin();
    for (int i = 0; i < RANDOM_WRITES; i++) {
        chunk[0] = (unsigned char)i;
        must(pwrite(fd, chunk, PAGE, (off_t)next(&state) * PAGE) == PAGE, "write");
        must(fsync(fd) == 0, "fsync");
    }
    end(s, "file write random 4 KiB + fsync", RANDOM_WRITES);
    close(fd);
}

static void make_and_remove(const char *dir)
{
    char path[256];
    struct span s = begin();
    for (int i = 0; i < NEW_FILES; i++) {
        snprintf(path, sizeof path, "%s/f%03d", dir, i);
        int fd = open_file(path, O_WRONLY | O_CREAT | O_EXCL);
        must(write(fd, chunk, PAGE) == PAGE, "write");
        must(fsync(fd) == 0 && close(fd) == 0 && unlink(path) == 0, "a new file");
    }
    end(s, "file create 4 KiB + fsync + unlink", NEW_FILES);
}

void bench_files(const char *dir)
{
    char path[256];
    pthread_t busy;
    must(pthread_create(&busy, NULL, keep_busy, NULL) == 0, "a thread");
    struct span s = begin();
    must(usleep(500000) == 0, "usleep");
    round_cost = (double)(now() - s.time) / (double)(rounds - s.rounds);
    printf("# a round of waiting takes %.3f instructions\n", round_cost);
    snprintf(path, sizeof path, "%s/data64", dir);
    write_all(path);
    read_cold(path);
    read_warm(path);
    read_random(path);
    write_random(path);
    make_and_remove(dir);
    must(unlink(path) == 0, path);
}
