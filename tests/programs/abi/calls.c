/* SPDX-License-Identifier: MIT */
/**
 * Every system call that busybox's shell and tools were seen to make on Linux, by its number, once each in a way that works and
 * often in a way that fails. The table is the list: its length is printed, and a call without a line here is not counted.
 */
#include <linux/reboot.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/sysinfo.h>
#include <sys/sysmacros.h>
#include <sys/times.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <termios.h>

#include "abi.h"

static long call(long number, long a, long b, long c, long d, long e)
{
    return syscall(number, a, b, c, d, e, 0);
}

#define P(pointer) ((long)(uintptr_t)(pointer))
#define CALL1(n, a) call(SYS_##n, (long)(a), 0, 0, 0, 0)
#define CALL0(n) CALL1(n, 0)
#define CALL2(n, a, b) call(SYS_##n, (long)(a), (long)(b), 0, 0, 0)
#define CALL3(n, a, b, c) call(SYS_##n, (long)(a), (long)(b), (long)(c), 0, 0)
#define CALL4(n, a, b, c, d) call(SYS_##n, (long)(a), (long)(b), (long)(c), (long)(d), 0)
#define CALL5(n, a, b, c, d, e) call(SYS_##n, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e))

static unsigned touched;
static struct stat status;
static char text[256];
static int fd, pipe_fds[2];

#define TOUCH(n, condition)                                                                                                      \
    do {                                                                                                                          \
        touched++;                                                                                                                \
        errno = 0;                                                                                                                \
        check((condition), #n, __FILE__, __LINE__);                                                                               \
    } while (0)

static void calls_on_files(void)
{
    TOUCH(openat, (fd = (int)CALL4(openat, AT_FDCWD, P("t0"), O_RDWR | O_CREAT | O_CLOEXEC, 0600)) >= 0);
    TOUCH(write, CALL3(write, fd, P("hello"), 5) == 5);
    TOUCH(lseek, CALL3(lseek, fd, 1, SEEK_SET) == 1);
    TOUCH(read, CALL3(read, fd, P(text), 10) == 4 && memcmp(text, "ello", 4) == 0);
    struct {
        const char *base;
        size_t len;
    } vector[2] = {{"a", 1}, {"b", 1}};
    TOUCH(writev, CALL3(writev, fd, P(vector), 2) == 2);
    TOUCH(ftruncate, CALL2(ftruncate, fd, 3) == 0);
    TOUCH(newfstatat, CALL4(newfstatat, AT_FDCWD, P("t0"), P(&status), 0) == 0 && status.st_size == 3);
    TOUCH(fsync, CALL1(fsync, fd) == 0);
    TOUCH(sync, CALL0(sync) == 0);
    TOUCH(fchmod, CALL2(fchmod, fd, 0640) == 0);
    TOUCH(fchmodat, CALL3(fchmodat, AT_FDCWD, P("t0"), 0644) == 0);
    TOUCH(fchown, CALL3(fchown, fd, 1, 2) == 0);
    TOUCH(fchownat, CALL5(fchownat, AT_FDCWD, P("t0"), 0, 0, 0) == 0);
    TOUCH(faccessat, CALL3(faccessat, AT_FDCWD, P("t0"), R_OK) == 0);
    TOUCH(fcntl, CALL3(fcntl, fd, F_GETFD, 0) == FD_CLOEXEC);
    TOUCH(dup3, CALL3(dup3, fd, 60, O_CLOEXEC) == 60);
    TOUCH(close, CALL1(close, 60) == 0);
    TOUCH(ioctl, CALL3(ioctl, fd, TIOCGWINSZ, P(text)) == -1 && errno == ENOTTY);
    TOUCH(linkat, CALL5(linkat, AT_FDCWD, P("t0"), AT_FDCWD, P("t1"), 0) == 0);
    TOUCH(symlinkat, CALL3(symlinkat, P("t0"), AT_FDCWD, P("t2")) == 0);
    TOUCH(readlinkat, CALL4(readlinkat, AT_FDCWD, P("t2"), P(text), 10) == 2);
    TOUCH(renameat, CALL4(renameat, AT_FDCWD, P("t1"), AT_FDCWD, P("t3")) == 0);
    TOUCH(mkdirat, CALL3(mkdirat, AT_FDCWD, P("td"), 0700) == 0);
    TOUCH(mknodat, CALL4(mknodat, AT_FDCWD, P("td/p"), S_IFIFO | 0600, 0) == 0);
    TOUCH(unlinkat, CALL3(unlinkat, AT_FDCWD, P("td/p"), 0) == 0);
    int directory = (int)CALL3(openat, AT_FDCWD, P("."), O_RDONLY | O_DIRECTORY);
    TOUCH(getdents64, CALL3(getdents64, directory, P(text), sizeof text) > 0);
    TOUCH(statfs, CALL2(statfs, P("."), P(&(struct statfs){0})) == 0);
    TOUCH(utimensat, CALL4(utimensat, AT_FDCWD, P("t0"), 0, 0) == 0);
    TOUCH(umask, CALL1(umask, 077) == 022);
    TOUCH(getcwd, CALL2(getcwd, P(text), sizeof text) > 0 && text[0] == '/');
    TOUCH(chdir, CALL1(chdir, P("td")) == 0 && CALL1(chdir, P("..")) == 0);
    TOUCH(chroot, CALL1(chroot, P("none")) == -1 && errno == ENOENT && CALL1(chroot, P("/")) == 0);
    TOUCH(sendfile, CALL1(pipe2, P(pipe_fds)) == 0 && CALL3(lseek, fd, 0, SEEK_SET) == 0 &&
                        CALL4(sendfile, pipe_fds[1], fd, 0, 3) == 3);
    TOUCH(pipe2, CALL2(pipe2, P(pipe_fds), O_CLOEXEC) == 0 && pipe_fds[1] > pipe_fds[0]);
    TOUCH(ppoll, CALL5(ppoll, P((&(struct pollfd){pipe_fds[1], POLLOUT, 0})), 1, 0, 0, 8) == 1);
    (void)(unlink("t0") + unlink("t2") + unlink("t3") + rmdir("td"));
}

static void nothing(int signal)
{
    (void)signal;
}

struct kernel_action {
    void (*handler)(int);
    unsigned long flags;
    uint64_t restorer, mask;
};

static void calls_on_processes(void)
{
    long id;
    TOUCH(getpid, CALL0(getpid) > 1);
    TOUCH(gettid, CALL0(gettid) == CALL0(getpid));
    TOUCH(getppid, CALL0(getppid) > 0);
    TOUCH(getuid, CALL0(getuid) == 0);
    TOUCH(geteuid, CALL0(geteuid) == 0);
    TOUCH(getgid, CALL0(getgid) == 0);
    TOUCH(getegid, CALL0(getegid) == 0);
    TOUCH(getpgid, (id = CALL1(getpgid, 0)) > 0);
    TOUCH(setpgid, CALL2(setpgid, 0, 0) == 0 && CALL1(getpgid, 0) == CALL0(getpid));
    TOUCH(setsid, CALL0(setsid) == -1 && errno == EPERM);
    TOUCH(clone, (id = CALL5(clone, SIGCHLD, 0, 0, 0, 0)) >= 0 && (id != 0 || (CALL1(exit_group, 3), true)));
    int ended = 0;
    TOUCH(exit_group, CALL4(wait4, id, P(&ended), 0, 0) == id && WEXITSTATUS(ended) == 3);
    TOUCH(wait4, CALL4(wait4, -1, P(&ended), WNOHANG, 0) == -1 && errno == ECHILD);
    TOUCH(execve, CALL3(execve, P("/none"), 0, 0) == -1 && errno == ENOENT);
    struct kernel_action action = {.handler = nothing};
    uint64_t usr1 = 1u << (SIGUSR1 - 1), none = 0, old = 0;
    TOUCH(rt_sigaction, CALL4(rt_sigaction, SIGUSR1, P(&action), 0, 8) == 0);
    TOUCH(rt_sigprocmask, CALL4(rt_sigprocmask, SIG_BLOCK, P(&usr1), P(&old), 8) == 0);
    TOUCH(kill, CALL2(kill, getpid(), SIGUSR1) == 0);
    TOUCH(rt_sigsuspend, CALL2(rt_sigsuspend, P(&none), 8) == -1 && errno == EINTR);
    TOUCH(rt_sigreturn, CALL4(rt_sigprocmask, SIG_SETMASK, 0, P(&old), 8) == 0 && old == usr1); /* the handler came back */
    TOUCH(tgkill, CALL3(tgkill, getpid(), gettid(), 0) == 0);
    TOUCH(set_tid_address, CALL1(set_tid_address, P(&ended)) == gettid());
    struct {
        void *next;
        long offset;
        void *pending;
    } robust = {&robust, 0, NULL};
    TOUCH(set_robust_list, CALL2(set_robust_list, P(&robust), 24) == 0);
    TOUCH(rseq, CALL4(rseq, 0, 0, 0, 0) == -1); /* ENOSYS, or EINVAL where it is there */
    TOUCH(prctl, CALL2(prctl, PR_GET_DUMPABLE, 0) >= 0);
    TOUCH(restart_syscall, CALL0(restart_syscall) == -1 && errno == EINTR);
    struct rlimit limit;
    TOUCH(prlimit64, CALL4(prlimit64, 0, RLIMIT_NOFILE, 0, P(&limit)) == 0 && limit.rlim_cur > 0);
    TOUCH(getgroups, CALL2(getgroups, 0, 0) >= 0);
    TOUCH(setgroups, CALL2(setgroups, 1, P((gid_t[]){5})) == 0 && CALL2(getgroups, 0, 0) == 1);
    TOUCH(setgid, CALL1(setgid, 100) == 0 && CALL0(getegid) == 100);
    TOUCH(setuid, CALL1(setuid, 1000) == 0 && CALL0(geteuid) == 1000);
}

static void calls_on_the_rest(void)
{
    long break_at;
    TOUCH(brk, (break_at = CALL1(brk, 0)) > 0 && CALL1(brk, break_at + PAGE) == break_at + PAGE);
    long page;
    TOUCH(mmap, (page = syscall(SYS_mmap, 0, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)) > 0);
    TOUCH(mprotect, CALL3(mprotect, page, PAGE, PROT_READ) == 0);
    TOUCH(munmap, CALL2(munmap, page, PAGE) == 0);
    struct timespec t = {0, 1000};
    TOUCH(nanosleep, CALL2(nanosleep, P(&t), 0) == 0);
    TOUCH(clock_nanosleep, CALL4(clock_nanosleep, CLOCK_MONOTONIC, 0, P(&t), 0) == 0);
    TOUCH(getrandom, CALL3(getrandom, P(text), 16, 1) == 16);
    TOUCH(uname, CALL1(uname, P(&(struct utsname){.sysname = ""})) == 0);
    TOUCH(sysinfo, CALL1(sysinfo, P(&(struct sysinfo){.uptime = 0})) == 0);
    TOUCH(times, CALL1(times, P(&(struct tms){0})) > 0);
    TOUCH(syslog, CALL3(syslog, 10, 0, 0) >= 0 || errno == EPERM);
    int s = -1;
    struct sockaddr_un nobody = {AF_UNIX, "/tmp/none"};
    TOUCH(socket, (s = (int)CALL3(socket, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) >= 0 || errno == EAFNOSUPPORT);
    TOUCH(connect, CALL3(connect, s, P(&nobody), sizeof nobody) == -1 && (errno == ENOENT || errno == EBADF));
}

static void all(void)
{
    calls_on_files();
    calls_on_the_rest();
    calls_on_processes(); /* the last one: it gives away root's rights */
    printf("calls touched: %u\n", touched);
}

const struct test call_tests[] = {
    {"each call of the shell and its tools", all},
};
const size_t call_test_count = LENGTH(call_tests);
