/* SPDX-License-Identifier: MIT */
/* Shows: advisory locks. Random ranges by several open files give what the Linux underneath gives; processes wait, are woken, interrupted and
   kept from a deadlock. */
#include "fake_env.h"
#include "unit.h"

#include "core.h"

#define OK(f) CHECK(linux_invariant((f)->system) == NULL)

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

enum { FILES = 4, STEPS = 20000, RANGE = 40, NR_FCNTL = 25, NR_FLOCK = 32, AT = 39 };

static uint64_t state = 7;

static uint32_t pick(uint32_t n)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(state >> 33) % n;
}

static const uint64_t lock_at = FAKE_SCRATCH + AT * 4096;

static int64_t ask(struct fake *f, uint32_t t, int64_t fd, uint64_t command, struct abi_flock *l)
{
    put(f, t, lock_at, l, sizeof(*l));
    int64_t r = sys(f, t, NR_FCNTL, fd, command, lock_at);
    if (r != FAKE_BLOCKED && r != FAKE_GONE) {
        get(f, t, lock_at, l, sizeof(*l));
    }
    return r;
}

static int64_t lock(struct fake *f, uint32_t t, int64_t fd, uint64_t command, int16_t type, int64_t start, int64_t len)
{
    struct abi_flock l = {.type = type, .start = start, .len = len};
    return ask(f, t, fd, command, &l);
}

static int host_files(int fd[FILES])
{
    char path[] = "/tmp/lx-lock-XXXXXX";
    fd[0] = mkstemp(path);
    for (int i = 1; i < FILES; i++) {
        fd[i] = open(path, O_RDWR);
    }
    return fd[0] < 0 ? -1 : unlink(path);
}

static int64_t host_result(int r)
{
    return r < 0 ? -errno : r;
}

/** One random step on both sides. @return whether they agree. */
static bool step(struct fake *f, const int64_t *ours, const int *hosts)
{
    static const int commands[] = {F_OFD_SETLK, F_OFD_SETLK, F_OFD_GETLK};
    uint32_t i = pick(FILES), which = pick(5);
    if (which == 4) {
        static const int operations[] = {LOCK_SH, LOCK_EX, LOCK_UN};
        int operation = operations[pick(3)];
        return sys(f, 0, NR_FLOCK, ours[i], operation | LOCK_NB) == host_result(flock(hosts[i], operation | LOCK_NB));
    }
    struct abi_flock l = {.type = (int16_t)pick(3), .start = pick(RANGE), .len = (int64_t)pick(RANGE / 2) - 6};
    struct flock h = {.l_type = l.type, .l_whence = SEEK_SET, .l_start = l.start, .l_len = l.len};
    int command = commands[which % 3];
    if (command == F_OFD_GETLK && l.type == FLOCK_TYPE_UNLCK) {
        return true; /* asks for nothing; kernels differ */
    }
    int64_t mine = ask(f, 0, ours[i], (uint64_t)command, &l), theirs = host_result(fcntl(hosts[i], command, &h));
    if (mine != theirs) {
        printf("# fcntl(%d, type %d, %lld+%lld): %lld here, %lld on the host\n", command, h.l_type, (long long)h.l_start,
               (long long)h.l_len, (long long)mine, (long long)theirs);
        return false;
    }
    /* Which of several conflicting locks is told is not defined; whether there is one is. */
    return command != F_OFD_GETLK || mine != 0 || (l.type == FLOCK_TYPE_UNLCK) == (h.l_type == F_UNLCK);
}

static void ranges_agree_with_the_host(void)
{
    struct fake *f = fake_started();
    int hosts[FILES];
    int64_t ours[FILES];
    CHECK_EQ(host_files(hosts), 0);
    for (int i = 0; i < FILES; i++) {
        ours[i] = sys_open(f, 0, "/tmp/locked", O_RDWR_ | O_CREAT_, 0600);
    }
    uint32_t agreed = 0;
    while (agreed < STEPS && step(f, ours, hosts)) {
        agreed++;
        if (agreed % 500 == 0) {
            OK(f);
        }
    }
    CHECK_EQ(agreed, STEPS);
    for (int i = 0; i < FILES; i++) {
        CHECK_EQ(sys(f, 0, NR_close, ours[i]), 0);
        close(hosts[i]);
    }
    CHECK_EQ(f->system->lock_count, 0);
    fake_free(f);
}

static void processes_wait_for_each_other(void)
{
    struct fake *f = fake_started();
    int64_t pid, fd = sys_open(f, 0, "/tmp/l", O_RDWR_ | O_CREAT_, 0600);
    uint32_t child = fake_fork(f, 0, &pid);
    CHECK_EQ(lock(f, 0, fd, FCNTL_SETLK, FLOCK_TYPE_WRLCK, 0, 10), 0);
    CHECK_EQ(lock(f, child, fd, FCNTL_SETLK, FLOCK_TYPE_RDLCK, 5, 1), -E_AGAIN);
    struct abi_flock told = {.type = FLOCK_TYPE_RDLCK, .start = 0, .len = 0};
    CHECK_EQ(ask(f, child, fd, FCNTL_GETLK, &told), 0);
    CHECK(told.type == FLOCK_TYPE_WRLCK && told.start == 0 && told.len == 10 && told.pid == 1);
    CHECK_EQ(lock(f, child, fd, FCNTL_SETLK, FLOCK_TYPE_WRLCK, 10, 10), 0);
    CHECK_EQ(lock(f, child, fd, FCNTL_SETLKW, FLOCK_TYPE_RDLCK, 0, 1), FAKE_BLOCKED);
    OK(f);
    /* The other way round nobody would ever be woken. */
    CHECK_EQ(lock(f, 0, fd, FCNTL_SETLKW, FLOCK_TYPE_RDLCK, 15, 1), -E_DEADLK);
    CHECK_EQ(lock(f, 0, fd, FCNTL_SETLK, FLOCK_TYPE_UNLCK, 0, 0), 0);
    CHECK_EQ(result(f, child), 0);
    CHECK_EQ(lock(f, 0, fd, FCNTL_SETLK, FLOCK_TYPE_WRLCK, 0, 1), -E_AGAIN);
    /* The end of a process, and the closing of any descriptor of the file, give its locks up. */
    CHECK_EQ(lock(f, 0, fd, FCNTL_SETLKW, FLOCK_TYPE_WRLCK, 0, 0), FAKE_BLOCKED);
    sys(f, child, NR_exit_group, 0);
    CHECK_EQ(result(f, 0), 0);
    CHECK_EQ(f->system->lock_count, 1);
    int64_t other = sys_open(f, 0, "/tmp/l", O_RDONLY_, 0);
    CHECK_EQ(sys(f, 0, NR_close, other), 0);
    CHECK_EQ(f->system->lock_count, 0);
    OK(f);
    fake_free(f);
}

static void a_signal_ends_waiting(void)
{
    struct fake *f = fake_started();
    int64_t pid, fd = sys_open(f, 0, "/tmp/l", O_RDWR_ | O_CREAT_, 0600);
    uint32_t child = fake_fork(f, 0, &pid);
    int64_t own = sys_open(f, child, "/tmp/l", O_RDWR_, 0);
    fake_action(f, child, SIGUSR1_, 0x400100, 0, 0);
    CHECK_EQ(sys(f, 0, NR_FLOCK, fd, FLOCK_EX), 0);
    CHECK_EQ(sys(f, child, NR_FLOCK, own, FLOCK_SH | FLOCK_NB), -E_AGAIN);
    CHECK_EQ(sys(f, child, NR_FLOCK, own, FLOCK_SH), FAKE_BLOCKED);
    CHECK_EQ(sys(f, 0, NR_kill, pid, SIGUSR1_), 0);
    OK(f);
    CHECK_EQ(f->threads[child].state, FAKE_RUNS); /* in its handler */
    CHECK_EQ(f->system->lock_count, 1);
    OK(f);
    fake_free(f);
}

static void wrong_requests_are_refused(void)
{
    struct fake *f = fake_started();
    int64_t rd = sys_open(f, 0, "/tmp/l", O_RDONLY_ | O_CREAT_, 0600), wr = sys_open(f, 0, "/tmp/l", O_WRONLY_, 0);
    struct abi_flock l = {.type = 5};
    CHECK_EQ(ask(f, 0, rd, FCNTL_SETLK, &l), -E_INVAL);
    l = (struct abi_flock){.type = FLOCK_TYPE_RDLCK, .whence = 3};
    CHECK_EQ(ask(f, 0, rd, FCNTL_SETLK, &l), -E_INVAL);
    l = (struct abi_flock){.type = FLOCK_TYPE_RDLCK, .pid = 4};
    CHECK_EQ(ask(f, 0, rd, FCNTL_OFD_SETLK, &l), -E_INVAL);
    CHECK_EQ(lock(f, 0, rd, FCNTL_SETLK, FLOCK_TYPE_WRLCK, 0, 1), -E_BADF);
    CHECK_EQ(lock(f, 0, wr, FCNTL_SETLK, FLOCK_TYPE_RDLCK, 0, 1), -E_BADF);
    CHECK_EQ(lock(f, 0, rd, FCNTL_SETLK, FLOCK_TYPE_RDLCK, 3, -4), -E_INVAL);
    CHECK_EQ(lock(f, 0, rd, FCNTL_SETLK, FLOCK_TYPE_RDLCK, INT64_MAX, 2), -E_OVERFLOW);
    CHECK_EQ(sys(f, 0, NR_FCNTL, rd, FCNTL_SETLK, 8), -E_FAULT);
    /* Many: the limit is told, and closing gives all of them back. */
    int64_t result = 0, count = 0;
    for (; result == 0; count++) {
        result = lock(f, 0, rd, FCNTL_SETLK, FLOCK_TYPE_RDLCK, 2 * count, 1);
    }
    CHECK_EQ(result, -E_NOLCK);
    CHECK_EQ(lock(f, 0, rd, FCNTL_SETLK, FLOCK_TYPE_UNLCK, 2, 1), 0); /* what does not need another one always works */
    CHECK(count > 4000);
    CHECK_EQ(sys(f, 0, NR_close, rd), 0);
    CHECK_EQ(f->system->lock_count, 0);
    fake_free(f);
}

static const struct unit_case cases[] = {
    {"ranges agree with the host's", ranges_agree_with_the_host},
    {"processes wait for each other", processes_wait_for_each_other},
    {"a signal ends waiting", a_signal_ends_waiting},
    {"wrong requests are refused", wrong_requests_are_refused},
};

int main(void)
{
    return UNIT_MAIN(cases);
}
