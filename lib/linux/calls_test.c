/* SPDX-License-Identifier: MIT */
/* Shows: calls that need no story of their own, as a table: number, arguments, result. Later rows see what earlier did. */
#include "fake_env.h"
#include "unit.h"

#define OK(f) CHECK(linux_invariant((f)->system) == NULL)

struct row {
    uint64_t number;
    uint64_t a[6];
    int64_t expected;
};

static void run_rows(struct fake *f, uint32_t t, const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct row *r = &rows[i];
        int64_t got = sys6(f, t, r->number, r->a[0], r->a[1], r->a[2], r->a[3], r->a[4], r->a[5]);
        if (got != r->expected) {
            unit_failed_checks++;
            printf("# row %zu: call %u gave %lld, not %lld\n", i, (unsigned)r->number, (long long)got, (long long)r->expected);
        }
    }
    OK(f);
}
#define RUN(f, t, rows) run_rows(f, t, rows, ARRAY_LEN(rows))

static void ids_and_groups(void)
{
    struct fake *f = fake_started();
    int64_t pid;
    uint32_t t = fake_fork(f, 0, &pid);
    static const struct row rows[] = {
        {149, {10, 11, 12}, 0},         /* setresgid */
        {NR_getgid, {0}, 10},
        {177, {0}, 11},                 /* getegid */
        {150, {BUF, BUF + 4, BUF + 8}, 0}, /* getresgid */
        {150, {BUF, 8, BUF + 8}, -E_FAULT},
        {152, {77}, 11},                /* setfsgid tells the old one */
        {152, {UINT32_MAX}, 77},
        {NR_setgid, {20}, 0},
        {143, {30, 31}, 0},             /* setregid */
        {NR_setgid, {UINT32_MAX}, -E_INVAL},
        {NR_setuid, {UINT32_MAX}, -E_INVAL},
        {151, {88}, 0},                 /* setfsuid */
        {151, {UINT32_MAX}, 88},
        {NR_setresuid, {500, 501, 502}, 0},
        {NR_getresuid, {BUF, BUF + 4, BUF + 8}, 0},
        {NR_setgid, {30}, 0},           /* the real one: allowed */
        {NR_setgid, {99}, -E_PERM},
        {143, {99, 30}, -E_PERM},
        {149, {30, 31, 99}, -E_PERM},
        {152, {99}, 30},                /* refused silently, as on Linux */
        {152, {UINT32_MAX}, 30},
        {151, {0}, 501},
        {151, {UINT32_MAX}, 501},
    };
    RUN(f, t, rows);
    CHECK(get32(f, t, BUF) == 500 && get32(f, t, BUF + 4) == 501 && get32(f, t, BUF + 8) == 502);
    fake_free(f);
}

static void scheduling_is_answered(void)
{
    struct fake *f = fake_started();
    uint8_t none = 0;
    put(f, 0, BUF + 8, &none, 1);
    static const struct row rows[] = {
        {124, {0}, 0},                    /* sched_yield */
        {119, {0, 2, BUF}, 0},            /* sched_setscheduler RR */
        {119, {999, 2, BUF}, -E_SRCH},
        {119, {0, 9, BUF}, -E_INVAL},
        {120, {0}, 0},
        {120, {999}, -E_SRCH},
        {121, {0, BUF}, 0},
        {121, {0, 0}, -E_INVAL},
        {121, {0, 8}, -E_FAULT},
        {123, {0, 128, BUF}, 8},          /* sched_getaffinity: one CPU */
        {123, {0, 4, BUF}, -E_INVAL},
        {122, {0, 8, BUF}, 0},
        {122, {0, 8, BUF + 8}, -E_INVAL},
        {122, {999, 8, BUF}, -E_SRCH},
        {125, {2}, 99},
        {125, {77}, -E_INVAL},
        {126, {1}, 1},
        {126, {0}, 0},
        {140, {0, 0, 5}, 0},              /* setpriority */
        {140, {9, 0, 5}, -E_INVAL},
        {141, {0, 0}, 20},
        {168, {BUF, BUF + 4}, 0},         /* getcpu */
        {168, {8, 0}, -E_FAULT},
    };
    RUN(f, 0, rows);
    CHECK_EQ(get64(f, 0, BUF), 0); /* getcpu wrote last: CPU 0, node 0 */
    fake_free(f);
}

static void clocks_and_limits(void)
{
    struct fake *f = fake_started();
    static const struct row rows[] = {
        {114, {1, BUF}, 0}, /* clock_getres */
        {114, {1, 0}, 0},
        {114, {99, BUF}, -E_INVAL},
        {114, {1, 8}, -E_FAULT},
        {112, {0, BUF}, -E_PERM}, /* clock_settime */
        {112, {1, BUF}, -E_INVAL},
        {169, {BUF, BUF + 64}, 0}, /* gettimeofday */
        {169, {8, 0}, -E_FAULT},
        {170, {BUF, 0}, -E_PERM},
        {163, {RLIMIT_STACK_, BUF + 128}, 0}, /* getrlimit */
        {164, {RLIMIT_STACK_, BUF + 128}, 0}, /* setrlimit */
        {163, {RLIMIT_STACK_, 0}, -E_FAULT},
        {164, {99, BUF}, -E_INVAL},
        {162, {BUF, 0}, 0}, /* setdomainname */
        {227, {BUF, 4096, 4}, 0}, /* msync */
        {227, {BUF + 1, 4096, 4}, -E_INVAL},
        {228, {BUF, 4096}, 0},
        {229, {BUF, 4096}, 0},
        {NR_madvise, {BUF + 1, 4096, 4}, -E_INVAL},
        {NR_madvise, {BUF, 0, 4}, 0},
        {NR_madvise, {BUF, 4096, 14}, 0},
        {NR_madvise, {BUF, 4096, 8}, 0},
        {NR_madvise, {BUF, 4096, 18}, -E_INVAL}, /* MADV_WIPEONFORK: secrets would be copied */
        {NR_madvise, {BUF, 4096, 9999}, -E_INVAL},
        {NR_madvise, {0x10000, 4096, 4}, -E_NOMEM},
        {NR_mremap, {BUF + 1, 4096, 8192, 1}, -E_INVAL},
        {NR_mremap, {BUF, 4096, 0, 1}, -E_INVAL},
        {NR_mremap, {BUF, 4096, UINT64_C(1) << 40, 1}, -E_NOMEM},
        {NR_mremap, {BUF, 4096, 8192, 0}, -E_NOMEM}, /* its neighbour is in the way */
    };
    RUN(f, 0, rows);
    CHECK_EQ(get64(f, 0, BUF), 1700000005);
    CHECK_EQ(get64(f, 0, BUF + 128), LINUX_STACK_BYTES);
    fake_free(f);
}

static void there_are_no_sockets(void)
{
    struct fake *f = fake_started();
    static const struct row rows[] = {
        {199, {1, 1, 0, BUF}, -E_AFNOSUPPORT}, {200, {0}, -E_NOTSOCK}, {201, {0}, -E_NOTSOCK}, {202, {0}, -E_NOTSOCK},
        {242, {0}, -E_NOTSOCK},                {204, {0}, -E_NOTSOCK}, {205, {0}, -E_NOTSOCK}, {206, {0}, -E_NOTSOCK},
        {207, {0}, -E_NOTSOCK},                {208, {0}, -E_NOTSOCK}, {209, {0}, -E_NOTSOCK}, {210, {0}, -E_NOTSOCK},
        {211, {0}, -E_NOTSOCK},                {212, {99}, -E_BADF},
    };
    RUN(f, 0, rows);
    fake_free(f);
}

static void descriptors_of_every_kind(void)
{
    struct fake *f = fake_started();
    int64_t file = sys_open(f, 0, "/tmp/file", O_RDWR_ | O_CREAT_, 0644), dir = sys_open(f, 0, "/tmp", O_DIRECTORY_, 0);
    int64_t path = sys_open(f, 0, "/tmp/file", O_PATH_, 0), null = sys_open(f, 0, "/dev/null", O_RDWR_, 0);
    int64_t append = sys_open(f, 0, "/tmp/file", O_WRONLY_ | O_APPEND_, 0);
    CHECK(file == 3 && dir == 4 && path == 5 && null == 6 && append == 7);
    struct abi_iovec iov[2] = {{BUF + 4096, 6}, {BUF + 8192, 100}};
    put(f, 0, BUF, iov, sizeof(iov));
    uint64_t offsets[2] = {0, 50};
    put(f, 0, BUF + 512, offsets, sizeof(offsets));
    struct abi_pollfd fds[3] = {{3, POLLIN_ | POLLOUT_, 0}, {4, POLLIN_, 0}, {6, POLLOUT_, 0}};
    put(f, 0, BUF + 600, fds, sizeof(fds));
    static const struct row rows[] = {
        {70, {3, BUF, 2, 0}, 106},                     /* pwritev */
        {69, {3, BUF, 1, 100}, 6},                     /* preadv */
        {69, {3, BUF, 1, UINT64_MAX}, -E_INVAL},
        {69, {6, BUF, 1, 0}, -E_SPIPE},
        {285, {3, BUF + 512, 3, BUF + 520, 40, 0}, 40}, /* copy_file_range within one file */
        {285, {3, BUF + 512, 3, BUF + 520, 90, 0}, -E_INVAL},
        {285, {3, 0, 7, 0, 10, 0}, -E_BADF},
        {285, {3, 0, 6, 0, 10, 0}, -E_INVAL},
        {NR_read, {4, BUF, 10}, -E_ISDIR},
        {NR_write, {4, BUF, 10}, -E_BADF},
        {NR_read, {5, BUF, 10}, -E_BADF},              /* O_PATH */
        {NR_fstat, {5, BUF + 1024}, 0},
        {NR_fcntl, {5, FCNTL_GETFL}, O_PATH_},
        {NR_fcntl, {5, FCNTL_SETFL, 0}, -E_BADF},
        {NR_fcntl, {5, FCNTL_DUPFD, 0}, 8},
        {NR_close, {8}, 0},
        {NR_ioctl, {3, FIONREAD_, BUF + 1024}, 0},
        {NR_ioctl, {4, FIONREAD_, BUF + 1024}, -E_NOTTY},
        {NR_ioctl, {3, FIOCLEX_}, 0},
        {NR_fcntl, {3, FCNTL_GETFD}, 1},
        {NR_ioctl, {3, FIONCLEX_}, 0},
        {NR_ioctl, {3, FIONBIO_, 8}, -E_FAULT},
        {NR_ppoll, {BUF + 600, 3, 0, 0, 0}, 3},
        {52, {3, 0600}, 0},                            /* fchmod */
        {52, {99, 0600}, -E_BADF},
        {55, {3, 5, 6}, 0},                            /* fchown */
        {NR_fchownat, {U(AT_CWD), FAKE_SCRATCH + 39 * 4096, 7, 8, AT_SYMLINK_NOFOLLOW_}, 0},
        {NR_fchownat, {U(AT_CWD), FAKE_SCRATCH + 39 * 4096, 7, 8, 1}, -E_INVAL},
        {44, {3, BUF + 1024}, 0},                      /* fstatfs */
        {44, {99, BUF + 1024}, -E_BADF},
        {NR_fsync, {3}, 0},
        {83, {4}, 0},                                  /* fdatasync */
        {NR_fsync, {6}, -E_INVAL},
        {267, {3}, 0},                                 /* syncfs */
        {81, {0}, 0},                                  /* sync */
        {223, {3, 0, 0, 2}, 0},                        /* fadvise64 */
        {223, {3, 0, 0, 9}, -E_INVAL},
        {32, {3, 2}, 0},                               /* flock */
        {32, {3, 3}, -E_INVAL},
        {32, {99, 2}, -E_BADF},
        {NR_fchdir, {3}, -E_NOTDIR},
        {NR_fchdir, {4}, 0},
        {NR_faccessat, {U(AT_CWD), FAKE_SCRATCH + 39 * 4096, 0}, 0},
        {39, {FAKE_SCRATCH + 39 * 4096, 0}, -E_INVAL}, /* umount2 of what is no mount */
        {NR_truncate, {FAKE_SCRATCH + 39 * 4096, 3}, 0},
        {NR_execveat, {5, BUF + 4000, 0, 0, AT_EMPTY_PATH_}, -E_ACCES}, /* no x bit */
        {NR_execveat, {5, BUF + 4000, 0, 0, 8}, -E_INVAL},
    };
    put(f, 0, FAKE_SCRATCH + 39 * 4096, "/tmp/file", 10);
    put(f, 0, BUF + 4000, "", 1);
    RUN(f, 0, rows);
    CHECK_EQ(get64(f, 0, BUF + 512), 40);
    CHECK_EQ(get64(f, 0, BUF + 520), 90);
    fake_free(f);
}

/** The names in a directory of /proc, with one entry a call, so that every cookie is gone through. */
static uint32_t count_entries(struct fake *f, const char *path, const char *wanted)
{
    int64_t fd = sys_open(f, 0, path, O_RDONLY_ | O_DIRECTORY_, 0);
    uint32_t count = 0;
    bool found = false;
    uint8_t bytes[32];
    while (count < 1000 && sys(f, 0, NR_getdents64, fd, BUF, 32) > 0) {
        get(f, 0, BUF, bytes, sizeof(bytes));
        found = found || strcmp((const char *)bytes + DIRENT_HEAD_BYTES, wanted) == 0;
        count++;
    }
    CHECK(found);
    CHECK_EQ(sys(f, 0, NR_close, fd), 0);
    return count;
}

static void proc_can_be_listed(void)
{
    struct fake *f = fake_started();
    int64_t pid;
    (void)fake_fork(f, 0, &pid);
    (void)fake_fork(f, 0, &pid);
    CHECK_EQ(count_entries(f, "/proc", "3"), 2 + 11 + 3);
    CHECK_EQ(count_entries(f, "/proc/1", "status"), 2 + 13);
    CHECK_EQ(count_entries(f, "/proc/self/fd", "3"), 2 + 4);
    CHECK_EQ(count_entries(f, "/proc/sys/kernel", "pid_max"), 2 + 8);
    CHECK_EQ(count_entries(f, "/dev", "shm"), 2 + 13);
    OK(f);
    fake_free(f);
}

static void many_timers_fire_in_order(void)
{
    struct fake *f = fake_started();
    uint32_t t[40];
    int64_t pid;
    for (uint32_t i = 0; i < ARRAY_LEN(t); i++) {
        struct abi_timespec ts = {0, (int64_t)((i * 17) % 40 + 1) * 1000};
        t[i] = fake_fork(f, 0, &pid);
        put(f, t[i], BUF, &ts, sizeof(ts));
        CHECK_EQ(sys(f, t[i], NR_nanosleep, BUF, 0), FAKE_BLOCKED);
    }
    /* Some are taken out of the middle. */
    for (uint32_t i = 0; i < ARRAY_LEN(t); i += 7) {
        CHECK_EQ(sys(f, 0, NR_kill, (int64_t)i + 2, SIGKILL_), 0);
    }
    OK(f);
    for (uint32_t now = 1; now <= 40; now++) {
        fake_advance(f, 1000);
        for (uint32_t i = 0; i < ARRAY_LEN(t); i++) {
            if (i % 7 != 0) {
                CHECK_EQ(result(f, t[i]), (i * 17) % 40 + 1 <= now ? 0 : FAKE_BLOCKED);
            }
        }
    }
    OK(f);
    fake_free(f);
}

static const struct unit_case cases[] = {
    {"ids of users and groups", ids_and_groups},
    {"scheduling calls are answered", scheduling_is_answered},
    {"clocks, limits and advice", clocks_and_limits},
    {"there are no sockets", there_are_no_sockets},
    {"descriptors of every kind", descriptors_of_every_kind},
    {"/proc and /dev can be listed", proc_can_be_listed},
    {"many timers fire in order", many_timers_fire_in_order},
};

int main(void)
{
    return UNIT_MAIN(cases);
}
