/* SPDX-License-Identifier: MIT */
/*
 * Keep: writes files and says what it was told is durable; after the power was cut it looks whether that is there, and whether all else is
 * whole.
 *   keep write DIR    goes on from what is there, without end: "acknowledged N" after each round
 *   keep check DIR N  at least N rounds are there
 * A round appends a record to DIR/log and syncs it; each fourth one also replaces one of eight files by rename, and syncs it and DIR; each
 * third one leaves changes behind that nobody syncs.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { RECORD_BYTES = 100, SLOTS = 8, FILE_BYTES_MAX = 20000, NOISE_BYTES = 200000 };

static uint8_t bytes[NOISE_BYTES];

static void die(const char *what)
{
    printf("lost: %s (%s)\n", what, strerror(errno));
    exit(1);
}

/* What round n writes: its number, then bytes that follow from it. */
static void pattern(uint64_t n, uint8_t *out, size_t len)
{
    memset(out, 0, len);
    for (size_t i = 0; i < len; i++) {
        out[i] = (uint8_t)(i < 8 ? n >> 8 * i : n * 31 + i * 7 + i / 251);
    }
}

static size_t size_of(uint64_t n)
{
    return 1000 + (size_t)(n * 4099 % (FILE_BYTES_MAX - 1000));
}

/* @return the number of rounds in the log, each of which is whole. */
static uint64_t read_log(void)
{
    uint8_t record[RECORD_BYTES], wanted[RECORD_BYTES];
    int fd = open("log", O_RDONLY | O_CREAT, 0644);
    uint64_t n = 0;
    ssize_t got;
    if (fd < 0) {
        die("the log cannot be opened");
    }
    while ((got = read(fd, record, sizeof record)) == (ssize_t)sizeof record) {
        n++;
        pattern(n, wanted, sizeof wanted);
        if (memcmp(record, wanted, sizeof wanted) != 0) {
            die("a record of the log is not what was written");
        }
    }
    if (got != 0) {
        die("a part of a record");
    }
    close(fd);
    return n;
}

static void name_of(uint64_t n, char out[16])
{
    snprintf(out, 16, "f%u", (unsigned)(n / 4 % SLOTS));
}

/* A file is that of some round, whole; and not of one before the last that was acknowledged. */
static void check_slot(uint64_t slot, uint64_t acknowledged)
{
    char name[16];
    static uint8_t got[FILE_BYTES_MAX + 1], wanted[FILE_BYTES_MAX];
    name_of(slot * 4, name);
    uint64_t last = 0, n = 0;
    for (uint64_t i = 4; i <= acknowledged; i += 4) {
        last = i / 4 % SLOTS == slot ? i : last;
    }
    int fd = open(name, O_RDONLY);
    ssize_t len = fd < 0 ? 0 : read(fd, got, sizeof got);
    if (last == 0 && fd < 0) {
        return;
    }
    if (fd < 0 || len < 8) {
        die("a file that was acknowledged");
    }
    memcpy(&n, got, sizeof n);
    pattern(n, wanted, size_of(n));
    if (n < last || (size_t)len != size_of(n) || memcmp(got, wanted, (size_t)len) != 0) {
        die("a file is older than acknowledged, or not whole");
    }
    close(fd);
}

static void write_file(const char *name, size_t len, int do_sync)
{
    int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    if (fd < 0 || write(fd, bytes, len) != (ssize_t)len || (do_sync && fsync(fd) != 0) || close(fd) != 0) {
        die(name);
    }
}

static void replace(uint64_t n, int dir)
{
    char name[16], temporary[24];
    name_of(n, name);
    snprintf(temporary, sizeof temporary, "%s.new", name);
    pattern(n, bytes, size_of(n));
    write_file(temporary, size_of(n), 1);
    if (rename(temporary, name) != 0 || fsync(dir) != 0) {
        die(name);
    }
}

static void make_noise(uint64_t n)
{
    char name[24];
    snprintf(name, sizeof name, "noise%u", (unsigned)(n % 5));
    write_file(name, NOISE_BYTES, 0);
    snprintf(name, sizeof name, "noise%u", (unsigned)((n + 2) % 5));
    (void)unlink(name);
}

static void write_rounds(int dir)
{
    uint64_t n = read_log();
    int log = open("log", O_WRONLY | O_APPEND);
    if (log < 0) {
        die("the log cannot be opened");
    }
    for (;;) {
        uint8_t record[RECORD_BYTES];
        n++;
        pattern(n, record, sizeof record);
        if (write(log, record, sizeof record) != (ssize_t)sizeof record || fsync(log) != 0) {
            die("the log cannot be written");
        }
        if (n % 4 == 0) {
            replace(n, dir);
        }
        if (n % 3 == 0) {
            make_noise(n);
        }
        printf("acknowledged %llu\n", (unsigned long long)n);
        fflush(stdout);
    }
}

int main(int argc, char **argv)
{
    if (argc < 3 || (mkdir(argv[2], 0755) != 0 && errno != EEXIST) || chdir(argv[2]) != 0) {
        puts("usage: keep write DIR, keep check DIR N");
        return 2;
    }
    if (strcmp(argv[1], "write") == 0) {
        write_rounds(open(".", O_RDONLY | O_DIRECTORY));
    }
    uint64_t acknowledged = argc > 3 ? strtoull(argv[3], NULL, 10) : 0, n = read_log();
    if (n < acknowledged) {
        printf("lost: %llu rounds were acknowledged, %llu are there\n", (unsigned long long)acknowledged, (unsigned long long)n);
        return 1;
    }
    for (uint64_t slot = 0; slot < SLOTS; slot++) {
        check_slot(slot, acknowledged);
    }
    printf("kept: %llu rounds\n", (unsigned long long)n);
    return 0;
}
