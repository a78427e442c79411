/* SPDX-License-Identifier: MIT */
/** Processes: birth, death, who waits, groups, sessions, limits, identities, exec. See abi.h. */
#include <sched.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>

#include "abi.h"

static pid_t exiting(int code)
{
    pid_t child = fork();
    if (child == 0) {
        _exit(code);
    }
    return child;
}

static void waiting(void)
{
    int status;
    FAILS(wait(&status), ECHILD);
    pid_t a = exiting(1);
    pid_t b = exiting(2);
    SAME(waitpid(b, &status, 0), b);
    SAME(WEXITSTATUS(status), 2);
    siginfo_t info = {0};
    SAME(waitid(P_PID, (id_t)a, &info, WEXITED | WNOWAIT), 0);
    CHECK(info.si_pid == a && info.si_code == CLD_EXITED && info.si_status == 1);
    SAME(waitid(P_ALL, 0, &info, WEXITED), 0);
    SAME(info.si_pid, a);
    FAILS(waitpid(a, &status, 0), ECHILD);
    pid_t sleeper = fork();
    if (sleeper == 0) {
        pause();
    }
    SAME(waitpid(sleeper, &status, WNOHANG), 0);
    SAME(kill(sleeper, SIGSTOP), 0);
    SAME(waitpid(sleeper, &status, WUNTRACED), sleeper);
    CHECK(WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP);
    SAME(kill(sleeper, SIGCONT), 0);
    SAME(waitpid(sleeper, &status, WCONTINUED), sleeper);
    CHECK(WIFCONTINUED(status));
    SAME(kill(sleeper, SIGKILL), 0);
    struct rusage usage;
    SAME(wait4(sleeper, &status, 0, &usage), sleeper);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    FAILS(waitpid(-1, &status, 0x40), EINVAL);
}

static void ignored_children_leave_no_zombies(void)
{
    (void)signal(SIGCHLD, SIG_IGN);
    (void)exiting(0);
    int status;
    FAILS(wait(&status), ECHILD);
}

static void groups_and_sessions(void)
{
    int ready[2];
    SAME(pipe(ready), 0);
    pid_t leader = fork();
    if (leader == 0) {
        SAME(setpgid(0, 0), 0);
        pid_t member = fork();
        if (member == 0) {
            (void)write(ready[1], "x", 1);
            pause();
        }
        (void)write(ready[1], "x", 1);
        pause();
    }
    char two[2];
    SAME(read(ready[0], two, 1) + read(ready[0], two, 1), 2);
    SAME(getpgid(leader), leader);
    SAME(getsid(leader), getsid(0));
    FAILS(setpgid(leader, 30000), EPERM);
    SAME(kill(-leader, SIGTERM), 0);
    int status;
    SAME(waitpid(-leader, &status, 0), leader);
    CHECK(WIFSIGNALED(status));
    pid_t child = fork();
    if (child == 0) {
        CHECK(setsid() == getpid());
        CHECK(getsid(0) == getpid() && getpgrp() == getpid());
        errno = 0;
        _exit(setsid() == -1 && errno == EPERM && open("/dev/tty", O_RDWR) == -1 ? 0 : 1);
    }
    SAME(status_of(child), 0);
    FAILS(getpgid(30000), ESRCH);
}

static void orphans_get_a_new_parent(void)
{
    int ends[2];
    SAME(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        if (fork() == 0) {
            while (getppid() == child) {
                sleep_ms(1);
            }
            sleep_ms(20);
            pid_t parent = getppid();
            _exit(write(ends[1], &parent, sizeof parent) > 0 ? 0 : 1);
        }
        _exit(0);
    }
    SAME(status_of(child), 0);
    SAME(close(ends[1]), 0);
    pid_t parent = 0;
    SAME(read(ends[0], &parent, sizeof parent), (ssize_t)sizeof parent);
    CHECK(parent != child && parent != 0);
}

static int exec_error(const char *path)
{
    char *argv[] = {(char *)(uintptr_t)path, NULL};
    char *none[] = {NULL};
    (void)execve(path, argv, none);
    return errno;
}

static void write_file(const char *name, const char *text, mode_t mode)
{
    int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, mode);
    SAME(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    SAME(close(fd), 0);
}

static void errors_of_exec(void)
{
    SAME(exec_error("none"), ENOENT);
    SAME(exec_error("/tmp"), EACCES);
    SAME(exec_error("/etc/passwd"), EACCES);
    SAME(exec_error("/etc/passwd/x"), ENOTDIR);
    write_file("script", "#!none\n", 0755);
    SAME(exec_error("./script"), ENOENT);
    char deep[200];
    char name[16] = "script";
    for (int i = 0; i < 8; i++) {
        char next[16];
        snprintf(next, sizeof next, "s%d", i);
        snprintf(deep, sizeof deep, "#!./%s\n", name);
        write_file(next, deep, 0755);
        memcpy(name, next, sizeof name);
    }
    snprintf(deep, sizeof deep, "./%s", name);
    int error = exec_error(deep);
    CHECK(error == ELOOP || error == ENOENT); /* deeper than 5 is a loop; the last interpreter is not there */
    for (int i = 0; i < 8; i++) {
        snprintf(deep, sizeof deep, "s%d", i);
        (void)unlink(deep);
    }
    (void)unlink("script");
}

static void exec_closes_what_it_should(void)
{
    pid_t child = fork();
    if (child == 0) {
        (void)dup2(open("/dev/null", O_RDONLY), 70);
        (void)fcntl(70, F_SETFD, FD_CLOEXEC);
        (void)dup2(70, 71);
        (void)execl("/bin/sh", "sh", "-c", "[ ! -e /proc/self/fd/70 ] && [ -e /proc/self/fd/71 ]", (char *)NULL);
    }
    SAME(status_of(child), 0);
}

static void our_own_name(void)
{
    char link[256] = "";
    CHECK(readlink("/proc/self/exe", link, sizeof link - 1) > 0);
    CHECK(strstr(link, "abi") != NULL);
    int fd = open("/proc/self/comm", O_RDONLY);
    char name[17] = "";
    CHECK(read(fd, name, 16) > 0);
    CHECK(strcmp(name, "abi\n") == 0);
    SAME(prctl(PR_SET_NAME, "a longer name than fits"), 0);
    SAME(prctl(PR_GET_NAME, name), 0);
    SAME(strcmp(name, "a longer name t"), 0);
}

static void vfork_and_spawn(void)
{
    volatile int shared = 1;
    pid_t child = vfork();
    if (child == 0) {
        shared = 2;
        _exit(4);
    }
    SAME(shared, 2);
    SAME(WEXITSTATUS(status_of(child)), 4);
    char *argv[] = {(char *)(uintptr_t)"sh", (char *)(uintptr_t)"-c", (char *)(uintptr_t)"exit 8", NULL};
    char *none[] = {NULL};
    SAME(posix_spawn(&child, "/bin/sh", NULL, NULL, argv, none), 0);
    SAME(WEXITSTATUS(status_of(child)), 8);
    SAME(posix_spawn(&child, "/none", NULL, NULL, argv, none), ENOENT);
    SAME(system("exit 3"), 3 << 8);
    FILE *f = popen("echo from a child", "r");
    char line[64] = "";
    CHECK(f != NULL && fgets(line, sizeof line, f) != NULL && strcmp(line, "from a child\n") == 0);
    SAME(f == NULL ? -1 : pclose(f), 0);
}

static void identities(void)
{
    uid_t r, e, s;
    SAME(setgid(100), 0);
    SAME(setresuid(1000, 1000, 0), 0);
    SAME(getresuid(&r, &e, &s), 0);
    CHECK(r == 1000 && e == 1000 && s == 0);
    FAILS(open("/root/x", O_CREAT | O_WRONLY, 0600), EACCES);
    FAILS(kill(1, 0), EPERM);
    SAME(seteuid(0), 0);
    SAME(setuid(1000), 0); /* all three */
    FAILS(seteuid(0), EPERM);
    FAILS(setgid(0), EPERM);
    FAILS(setuid(0), EPERM);
    gid_t group = 5;
    FAILS(syscall(SYS_setgroups, 1, &group), EPERM);
    FAILS(sethostname("x", 1), EPERM);
    SAME(access("/root", R_OK), -1);
    FAILS(chroot("/"), EPERM);
}

static void limits(void)
{
    struct rlimit limit;
    SAME(getrlimit(RLIMIT_STACK, &limit), 0);
    CHECK(limit.rlim_cur >= 1 << 20);
    limit = (struct rlimit){10, 20};
    SAME(setrlimit(RLIMIT_NOFILE, &limit), 0);
    int last = -1;
    for (int fd; (fd = open("/dev/null", O_RDONLY)) >= 0;) {
        last = fd;
    }
    SAME(errno, EMFILE);
    SAME(last, 9);
    limit.rlim_cur = 30;
    FAILS(setrlimit(RLIMIT_NOFILE, &limit), EINVAL);
    SAME(close(9), 0);
    limit = (struct rlimit){1000, 1000};
    (void)signal(SIGXFSZ, SIG_IGN);
    SAME(setrlimit(RLIMIT_FSIZE, &limit), 0);
    int fd = open("limited", O_CREAT | O_WRONLY, 0600);
    SAME(pwrite(fd, "x", 1, 999), 1);
    FAILS(pwrite(fd, "x", 1, 1000), EFBIG);
    SAME(unlink("limited"), 0);
    FAILS((int)syscall(SYS_prlimit64, 0, 99, NULL, &limit), EINVAL);
}

static void about_the_system(void)
{
    struct utsname name;
    struct sysinfo info;
    SAME(uname(&name), 0);
    SAME(strcmp(name.sysname, "Linux") + strcmp(name.machine, "aarch64"), 0);
    SAME(sysinfo(&info), 0);
    CHECK(info.totalram > 0 && info.freeram <= info.totalram && info.uptime > 0 && info.procs > 0);
    CHECK(sysconf(_SC_NPROCESSORS_ONLN) >= 1);
    SAME(sysconf(_SC_PAGESIZE), PAGE);
    SAME(getpagesize(), PAGE);
    struct rusage usage;
    for (volatile int i = 0; i < 1000000; i++) {
    }
    SAME(getrusage(RUSAGE_SELF, &usage), 0);
    CHECK(usage.ru_utime.tv_sec > 0 || usage.ru_utime.tv_usec > 0);
    unsigned char random[2][64];
    SAME(syscall(SYS_getrandom, random[0], 64, 0), 64);
    SAME(syscall(SYS_getrandom, random[1], 64, 1), 64);
    CHECK(memcmp(random[0], random[1], 64) != 0);
    FAILS(syscall(SYS_getrandom, random[0], 64, 0x80), EINVAL);
    FAILS(syscall(9999), ENOSYS);
    FAILS(syscall(SYS_io_uring_setup, 1, NULL), ENOSYS);
}

const struct test process_tests[] = {
    {"waiting for children", waiting},
    {"ignored children leave no zombies", ignored_children_leave_no_zombies},
    {"groups and sessions", groups_and_sessions},
    {"orphans get a new parent", orphans_get_a_new_parent},
    {"errors of exec", errors_of_exec},
    {"exec closes what it should", exec_closes_what_it_should},
    {"our own name", our_own_name},
    {"vfork, spawn, system, popen", vfork_and_spawn},
    {"identities", identities},
    {"limits", limits},
    {"about the system", about_the_system},
};
const size_t process_test_count = LENGTH(process_tests);
