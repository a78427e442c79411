/* SPDX-License-Identifier: MIT */
/* Shows: pipes, FIFOs, poll and select move bytes, block, wake, time out and end as on Linux. */
#include "fake_env.h"
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#define OK(f) CHECK(linux_invariant((f)->system) == NULL)
#define HANDLER UINT64_C(0x400800)

static void make_pipe(struct fake *f, uint32_t t, uint32_t flags, uint32_t fds[2])
{
    CHECK_EQ(sys(f, t, NR_pipe2, BUF, flags), 0);
    get(f, t, BUF, fds, 8);
}

static void bytes_pass_and_ends_end(void)
{
    struct fake *f = fake_started();
    uint32_t fd[2];
    int64_t pid;
    char text[8];
    make_pipe(f, 0, 0, fd);
    uint32_t child = fake_fork(f, 0, &pid);
    CHECK_EQ(sys(f, child, NR_close, fd[1]), 0);
    CHECK_EQ(sys(f, 0, NR_close, fd[0]), 0);
    CHECK_EQ(sys(f, child, NR_read, fd[0], BUF, 100), FAKE_BLOCKED);
    CHECK_EQ(sys(f, 0, NR_write, fd[1], ustr(f, 0, "hello"), 5), 5);
    CHECK_EQ(result(f, child), 5);
    get(f, child, BUF, text, 5);
    CHECK_BYTES(text, "hello", 5);
    CHECK_EQ(sys(f, child, NR_read, fd[0], BUF, 0), 0);
    CHECK_EQ(sys(f, child, NR_read, fd[0], BUF, 10), FAKE_BLOCKED);
    CHECK_EQ(sys(f, 0, NR_close, fd[1]), 0);
    CHECK_EQ(result(f, child), 0);
    CHECK_EQ(sys(f, child, NR_read, fd[0], BUF, 10), 0);
    CHECK_EQ(sys(f, child, NR_write, fd[0], BUF, 10), -E_BADF);
    OK(f);
    fake_free(f);
}

static void a_broken_pipe_signals(void)
{
    struct fake *f = fake_started();
    uint32_t fd[2];
    int64_t pid;
    make_pipe(f, 0, 0, fd);
    CHECK_EQ(sys(f, 0, NR_close, fd[0]), 0);
    uint32_t child = fake_fork(f, 0, &pid);
    CHECK_EQ(sys(f, child, NR_write, fd[1], BUF, 1), FAKE_GONE);
    CHECK_EQ(sys(f, 0, NR_wait4, -1, BUF, 0, 0), pid);
    CHECK_EQ(get32(f, 0, BUF), SIGPIPE_);
    CHECK_EQ(sys(f, 0, NR_write, fd[1], BUF, 1), -E_PIPE); /* process 1 is not ended by it */
    fake_action(f, 0, SIGPIPE_, HANDLER, 0, 0);
    CHECK_EQ(sys(f, 0, NR_write, fd[1], BUF, 1), SIGPIPE_);
    CHECK_EQ(get64(f, 0, f->threads[0].regs.sp + offsetof(struct abi_sigframe, x)), (uint64_t)-E_PIPE);
    OK(f);
    fake_free(f);
}

static void full_pipes_block_writers(void)
{
    struct fake *f = fake_started();
    uint32_t fd[2];
    int64_t pid;
    make_pipe(f, 0, 0, fd);
    uint32_t child = fake_fork(f, 0, &pid);
    CHECK_EQ(sys(f, child, NR_write, fd[1], BUF, 100000), FAKE_BLOCKED);
    CHECK_EQ(sys(f, 0, NR_ioctl, fd[0], FIONREAD_, BUF), 0);
    CHECK_EQ(get32(f, 0, BUF), LINUX_PIPE_BYTES);
    CHECK_EQ(sys(f, 0, NR_read, fd[0], BUF, 30000), 30000);
    CHECK_EQ(result(f, child), FAKE_BLOCKED);
    CHECK_EQ(sys(f, 0, NR_read, fd[0], BUF, 10000), 10000);
    CHECK_EQ(result(f, child), 100000);
    CHECK_EQ(sys(f, 0, NR_read, fd[0], BUF, 100000), 60000);
    /* A small write is not torn: it waits until all of it fits. */
    CHECK_EQ(sys(f, child, NR_write, fd[1], BUF, 65000), 65000);
    CHECK_EQ(sys(f, child, NR_write, fd[1], BUF, 1000), FAKE_BLOCKED);
    CHECK_EQ(sys(f, 0, NR_read, fd[0], BUF, 100), 100);
    CHECK_EQ(result(f, child), FAKE_BLOCKED);
    CHECK_EQ(sys(f, 0, NR_read, fd[0], BUF, 400), 400);
    CHECK_EQ(result(f, child), 1000);
    /* Interrupted in the middle it tells how far it came. */
    fake_action(f, child, SIGUSR1_, HANDLER, SA_RESTART_, 0);
    CHECK_EQ(sys(f, child, NR_write, fd[1], BUF, 50000), FAKE_BLOCKED);
    CHECK_EQ(sys(f, 0, NR_read, fd[0], BUF, 5000), 5000);
    CHECK_EQ(sys(f, 0, NR_kill, pid, SIGUSR1_), 0);
    CHECK_EQ(f->threads[child].regs.pc, HANDLER);
    CHECK_EQ(get64(f, child, f->threads[child].regs.sp + offsetof(struct abi_sigframe, x)), 5036);
    CHECK_EQ(sys(f, 0, NR_fcntl, fd[1], FCNTL_SETFL, O_NONBLOCK_), 0);
    CHECK_EQ(sys(f, 0, NR_write, fd[1], BUF, 10), -E_AGAIN);
    CHECK_EQ(sys(f, 0, NR_read, fd[0], BUF, 5000), 5000);
    CHECK_EQ(sys(f, 0, NR_write, fd[1], BUF, 9000), 5000);
    CHECK_EQ(sys(f, 0, NR_fcntl, fd[1], FCNTL_GETPIPE_SZ, 0), LINUX_PIPE_BYTES);
    CHECK_EQ(sys(f, 0, NR_fcntl, fd[1], FCNTL_SETPIPE_SZ, LINUX_PIPE_BYTES + 1), -E_PERM);
    CHECK_EQ(sys(f, 0, NR_lseek, fd[0], 0, SEEK_SET_), -E_SPIPE);
    CHECK_EQ(sys(f, 0, NR_pread64, fd[0], BUF, 1, 0), -E_SPIPE);
    OK(f);
    fake_free(f);
}

/** The ring against a model, with many sizes and never quite empty, so that the indices run far. */
static void the_ring_keeps_the_order(void)
{
    struct fake *f = fake_started();
    uint32_t fd[2], in = 0, out = 0;
    uint8_t bytes[20000];
    uint64_t state = 42;
    make_pipe(f, 0, O_NONBLOCK_, fd);
    for (uint32_t round = 0; round < 1500; round++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        uint32_t len = 1 + (uint32_t)(state >> 33) % (round % 3 == 0 ? 20000 : 300);
        if ((state >> 60 & 1) != 0) {
            for (uint32_t i = 0; i < len; i++) {
                bytes[i] = (uint8_t)((in + i) * 31 / 7);
            }
            put(f, 0, BUF, bytes, len);
            int64_t n = sys(f, 0, NR_write, fd[1], BUF, len);
            in += n > 0 ? (uint32_t)n : 0;
        } else {
            len = len < in - out ? len : in - out > 1 ? in - out - 1 : 0;
            int64_t n = sys(f, 0, NR_read, fd[0], BUF, len);
            CHECK_EQ(n, len);
            get(f, 0, BUF, bytes, len);
            for (uint32_t i = 0; i < len; i++) {
                if (bytes[i] != (uint8_t)((out + i) * 31 / 7)) {
                    CHECK(false);
                    break;
                }
            }
            out += len;
        }
        if (round % 100 == 0) {
            OK(f);
        }
    }
    OK(f);
    fake_free(f);
}

static void fifos_meet(void)
{
    struct fake *f = fake_started();
    int64_t pid;
    CHECK_EQ(sys(f, 0, NR_mknodat, AT_CWD, ustr(f, 0, "/tmp/fifo"), S_IFIFO_ | 0600, 0), 0);
    uint32_t child = fake_fork(f, 0, &pid);
    CHECK_EQ(sys_open(f, 0, "/tmp/fifo", O_WRONLY_ | O_NONBLOCK_, 0), -E_NXIO);
    CHECK_EQ(sys_open(f, child, "/tmp/fifo", O_RDONLY_, 0), FAKE_BLOCKED);
    OK(f);
    int64_t w = sys_open(f, 0, "/tmp/fifo", O_WRONLY_ | O_CLOEXEC_, 0);
    CHECK_EQ(w, 3);
    CHECK_EQ(result(f, child), 3);
    CHECK_EQ(sys(f, 0, NR_fcntl, w, FCNTL_GETFD, 0), 1);
    CHECK_EQ(sys(f, 0, NR_write, w, BUF, 7), 7);
    CHECK_EQ(sys(f, child, NR_read, 3, BUF, 100), 7);
    CHECK_EQ(sys(f, 0, NR_close, w), 0);
    CHECK_EQ(sys(f, child, NR_read, 3, BUF, 100), 0);
    CHECK_EQ(sys(f, child, NR_close, 3), 0);
    /* A writer waits for a reader, and a signal or its end let it go. */
    fake_action(f, child, SIGUSR1_, HANDLER, 0, 0);
    CHECK_EQ(sys_open(f, child, "/tmp/fifo", O_WRONLY_, 0), FAKE_BLOCKED);
    CHECK_EQ(sys(f, 0, NR_kill, pid, SIGUSR1_), 0);
    CHECK_EQ(f->threads[child].regs.pc, HANDLER);
    OK(f);
    CHECK_EQ(sys_open(f, 0, "/tmp/fifo", O_WRONLY_ | O_NONBLOCK_, 0), -E_NXIO); /* nothing was left behind */
    CHECK_EQ(sys_open(f, child, "/tmp/fifo", O_RDONLY_, 0), FAKE_BLOCKED);
    CHECK_EQ(sys(f, 0, NR_kill, pid, SIGKILL_), 0);
    OK(f);
    CHECK_EQ(sys_open(f, 0, "/tmp/fifo", O_WRONLY_ | O_NONBLOCK_, 0), -E_NXIO);
    int64_t both = sys_open(f, 0, "/tmp/fifo", O_RDWR_, 0);
    CHECK(both >= 0);
    CHECK_EQ(sys_open(f, 0, "/tmp/fifo", O_WRONLY_ | O_NONBLOCK_, 0), both + 1);
    OK(f);
    fake_free(f);
}

static int64_t poll_two(struct fake *f, uint32_t t, const struct abi_pollfd *fds, uint32_t count, int64_t timeout_ns)
{
    struct abi_timespec ts = {timeout_ns / NS_PER_S, timeout_ns % NS_PER_S};
    put(f, t, BUF + 512, fds, count * sizeof(*fds));
    put(f, t, BUF + 1024, &ts, sizeof(ts));
    return sys(f, t, NR_ppoll, BUF + 512, count, timeout_ns < 0 ? 0 : BUF + 1024, 0, 8);
}

static uint32_t revents(struct fake *f, uint32_t t, uint32_t index)
{
    return get32(f, t, BUF + 512 + index * 8 + 4) >> 16;
}

static void poll_waits_for_any(void)
{
    struct fake *f = fake_started();
    uint32_t a[2], b[2];
    int64_t pid;
    make_pipe(f, 0, 0, a);
    make_pipe(f, 0, 0, b);
    uint32_t child = fake_fork(f, 0, &pid);
    struct abi_pollfd fds[3] = {{(int32_t)a[0], POLLIN_, 0}, {-1, POLLIN_, 99}, {(int32_t)b[0], POLLIN_, 0}};
    CHECK_EQ(poll_two(f, child, fds, 3, 0), 0);
    CHECK_EQ(poll_two(f, child, fds, 3, -1), FAKE_BLOCKED);
    OK(f);
    CHECK_EQ(sys(f, 0, NR_write, b[1], BUF, 1), 1);
    CHECK_EQ(result(f, child), 1);
    CHECK(revents(f, child, 0) == 0 && revents(f, child, 1) == 0 && revents(f, child, 2) == POLLIN_);
    CHECK_EQ(sys(f, child, NR_read, b[0], BUF, 10), 1);
    CHECK_EQ(poll_two(f, child, fds, 3, 1000000000), FAKE_BLOCKED);
    fake_advance(f, 999999999);
    CHECK_EQ(result(f, child), FAKE_BLOCKED);
    fake_advance(f, 1);
    CHECK_EQ(result(f, child), 0);
    fds[1].fd = 99;
    CHECK_EQ(poll_two(f, child, fds, 3, -1), 1);
    CHECK_EQ(revents(f, child, 1), POLLNVAL_);
    /* Hang-up and errors are told, asked for or not. */
    CHECK_EQ(sys(f, child, NR_close, a[1]), 0);
    CHECK_EQ(sys(f, 0, NR_close, a[1]), 0);
    fds[0].events = 0;
    CHECK_EQ(poll_two(f, child, fds, 1, -1), 1);
    CHECK_EQ(revents(f, child, 0), POLLHUP_);
    fds[0] = (struct abi_pollfd){(int32_t)b[1], POLLOUT_, 0};
    CHECK_EQ(poll_two(f, child, fds, 1, -1), 1);
    CHECK_EQ(revents(f, child, 0), POLLOUT_);
    CHECK_EQ(sys(f, child, NR_close, b[0]), 0);
    CHECK_EQ(sys(f, 0, NR_close, b[0]), 0);
    CHECK_EQ(poll_two(f, child, fds, 1, -1), 1);
    CHECK_EQ(revents(f, child, 0), POLLOUT_ | POLLERR_);
    CHECK_EQ(sys(f, child, NR_ppoll, 8, 1, 0, 0, 0), -E_FAULT);
    CHECK_EQ(sys(f, child, NR_ppoll, BUF, 257, 0, 0, 0), -E_INVAL);
    CHECK_EQ(poll_two(f, child, fds, 0, 500), FAKE_BLOCKED); /* poll as a sleep */
    fake_advance(f, 500);
    CHECK_EQ(result(f, child), 0);
    OK(f);
    fake_free(f);
}

static void poll_changes_the_mask_for_its_time(void)
{
    struct fake *f = fake_started();
    uint32_t a[2];
    int64_t pid;
    uint64_t block = SIGNAL_BIT(SIGUSR1_), none = 0;
    make_pipe(f, 0, 0, a);
    uint32_t child = fake_fork(f, 0, &pid);
    struct abi_pollfd entry = {(int32_t)a[0], POLLIN_, 0};
    struct abi_timespec ts = {5, 0};
    fake_action(f, child, SIGUSR1_, HANDLER, SA_RESTART_, 0);
    put(f, child, BUF, &block, 8);
    CHECK_EQ(sys(f, child, NR_rt_sigprocmask, SIG_SETMASK_, BUF, 0, 8), 0);
    CHECK_EQ(sys(f, 0, NR_kill, pid, SIGUSR1_), 0);
    CHECK_EQ(poll_two(f, child, &entry, 1, 0), 0);
    put(f, child, BUF, &none, 8);
    put(f, child, BUF + 64, &ts, sizeof(ts));
    put(f, child, BUF + 512, &entry, sizeof(entry));
    CHECK_EQ(sys(f, child, NR_ppoll, BUF + 512, 1, BUF + 64, BUF, 8), SIGUSR1_); /* never restarted */
    CHECK_EQ(get64(f, child, f->threads[child].regs.sp + offsetof(struct abi_sigframe, x)), (uint64_t)-E_INTR);
    CHECK_EQ(get64(f, child, f->threads[child].regs.sp + offsetof(struct abi_sigframe, uc_sigmask)), block);
    f->threads[child].regs.pc = f->threads[child].regs.x[30] + 4;
    fake_trap(f, child, NR_rt_sigreturn);
    CHECK_EQ(sys(f, child, NR_rt_sigprocmask, 0, 0, BUF, 8), 0);
    CHECK_EQ(get64(f, child, BUF), block);
    /* With data there the mask comes back at once. */
    CHECK_EQ(sys(f, 0, NR_write, a[1], BUF, 1), 1);
    put(f, child, BUF, &none, 8);
    CHECK_EQ(sys(f, child, NR_ppoll, BUF + 512, 1, 0, BUF, 8), 1);
    CHECK_EQ(sys(f, child, NR_rt_sigprocmask, 0, 0, BUF, 8), 0);
    CHECK_EQ(get64(f, child, BUF), block);
    CHECK_EQ(sys(f, child, NR_ppoll, BUF + 512, 1, 0, BUF, 4), -E_INVAL);
    CHECK_EQ(sys(f, child, NR_ppoll, BUF + 512, 1, 0, 8, 8), -E_FAULT);
    CHECK_EQ(sys(f, child, NR_ppoll, BUF + 512, 1, 8, 0, 8), -E_FAULT);
    /* Stopping and continuing goes on waiting; the remaining time is told. */
    CHECK_EQ(sys(f, child, NR_read, a[0], BUF, 1), 1);
    put(f, child, BUF + 64, &ts, sizeof(ts));
    CHECK_EQ(sys(f, child, NR_ppoll, BUF + 512, 1, BUF + 64, 0, 8), FAKE_BLOCKED);
    fake_advance(f, 1000000000);
    CHECK_EQ(sys(f, 0, NR_kill, pid, SIGSTOP_), 0);
    CHECK_EQ(sys(f, 0, NR_kill, pid, SIGCONT_), 0);
    CHECK_EQ(result(f, child), FAKE_BLOCKED);
    fake_advance(f, 1000000000);
    CHECK_EQ(sys(f, 0, NR_write, a[1], BUF, 1), 1);
    CHECK_EQ(result(f, child), 1);
    CHECK_EQ(get64(f, child, BUF + 64), 3);
    OK(f);
    fake_free(f);
}

static void select_waits_for_any(void)
{
    struct fake *f = fake_started();
    uint32_t a[2];
    int64_t pid;
    uint64_t set[4] = {0};
    struct abi_timespec ts = {1, 0};
    make_pipe(f, 0, 0, a);
    uint32_t child = fake_fork(f, 0, &pid);
    set[0] = U(1) << a[0];
    put(f, child, BUF, set, sizeof(set));
    CHECK_EQ(sys(f, child, NR_pselect6, a[0] + 1, BUF, 0, 0, 0, 0), FAKE_BLOCKED);
    CHECK_EQ(sys(f, 0, NR_write, a[1], BUF, 1), 1);
    CHECK_EQ(result(f, child), 1);
    CHECK_EQ(get64(f, child, BUF), set[0]);
    CHECK_EQ(sys(f, child, NR_read, a[0], BUF + 64, 1), 1);
    put(f, child, BUF + 64, &ts, sizeof(ts));
    set[0] |= U(1) << a[1];
    put(f, child, BUF + 128, set, sizeof(set));
    CHECK_EQ(sys(f, child, NR_pselect6, a[0] + 1, BUF, 0, BUF, BUF + 64, 0), FAKE_BLOCKED);
    fake_advance(f, 1000000000);
    CHECK_EQ(result(f, child), 0);
    CHECK_EQ(get64(f, child, BUF), 0);
    CHECK_EQ(sys(f, child, NR_pselect6, 64, 0, BUF + 128, 0, 0, 0), 1);
    CHECK_EQ(get64(f, child, BUF + 128), U(1) << a[1]);
    set[1] = 1;
    put(f, child, BUF, set, sizeof(set));
    CHECK_EQ(sys(f, child, NR_pselect6, 65, BUF, 0, 0, 0, 0), -E_BADF);
    CHECK_EQ(sys(f, child, NR_pselect6, -1, BUF, 0, 0, 0, 0), -E_INVAL);
    CHECK_EQ(sys(f, child, NR_pselect6, 5, 8, 0, 0, 0, 0), -E_FAULT);
    CHECK_EQ(sys(f, child, NR_pselect6, 0, 0, 0, 0, 8, 0), -E_FAULT);
    OK(f);
    fake_free(f);
}

/* ---- the host ---------------------------------------------------------------------------------------------------- */

/** Nonblocking reads and writes of every size class on a pipe of the host and on ours. */
static void the_host_agrees(void)
{
    struct fake *f = fake_started();
    int host[2];
    uint32_t ours[2];
    static uint8_t bytes[70000];
    uint64_t state = 7;
    CHECK(pipe2(host, O_NONBLOCK) == 0 && signal(SIGPIPE, SIG_IGN) != SIG_ERR);
    fake_action(f, 0, SIGPIPE_, SIG_IGN_, 0, 0);
    make_pipe(f, 0, O_NONBLOCK_, ours);
    int64_t held = 0;
    for (uint32_t i = 0; i < 400; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        uint32_t len = (uint32_t)(state >> 33) % 4 == 0 ? 4096 * (1 + (uint32_t)(state >> 40) % 8) : 4096;
        bool writes = (state >> 61 & 1) != 0;
        /* Whole pages only: the host counts room in pages, we in bytes. */
        ssize_t h = writes ? write(host[1], bytes, len) : read(host[0], bytes, len);
        int64_t r = sys(f, 0, writes ? NR_write : NR_read, ours[writes ? 1 : 0], BUF, len);
        CHECK_EQ(r, h < 0 ? -errno : h);
        held += writes ? (r > 0 ? r : 0) : (r > 0 ? -r : 0);
    }
    close(host[0]);
    CHECK_EQ(sys(f, 0, NR_close, ours[0]), 0);
    ssize_t h = write(host[1], bytes, 1);
    CHECK_EQ(sys(f, 0, NR_write, ours[1], BUF, 1), h < 0 ? -errno : h);
    close(host[1]);
    CHECK(held >= 0);
    OK(f);
    fake_free(f);
}

static const struct unit_case cases[] = {
    {"bytes pass through a pipe, and its ends end", bytes_pass_and_ends_end},
    {"writing to a broken pipe signals", a_broken_pipe_signals},
    {"full pipes block writers, small writes are whole", full_pipes_block_writers},
    {"the ring keeps the order of bytes", the_ring_keeps_the_order},
    {"the two ends of a FIFO meet", fifos_meet},
    {"poll waits for any of many", poll_waits_for_any},
    {"poll changes the signal mask for its time", poll_changes_the_mask_for_its_time},
    {"select waits for any of many", select_waits_for_any},
    {"a pipe does what the host's does", the_host_agrees},
};

int main(void)
{
    return UNIT_MAIN(cases);
}
