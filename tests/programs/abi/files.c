/* SPDX-License-Identifier: MIT */
/** Files and descriptors: flags, corners of names, vectors, directories, times. See abi.h. */
#include <dirent.h>
#include <poll.h>
#include <sys/select.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>

#include "abi.h"

static int made(const char *name, const char *text)
{
    int fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0644);
    CHECK(fd >= 0);
    SAME(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    return fd;
}

static ino_t inode_of(const char *name)
{
    struct stat s = {0};
    return lstat(name, &s) == 0 ? s.st_ino : 0;
}

static void open_flags(void)
{
    int fd = made("f", "12345");
    FAILS(open("f", O_RDONLY | O_CREAT | O_EXCL, 0600), EEXIST);
    FAILS(open("none", O_RDONLY), ENOENT);
    FAILS(open("f", O_RDONLY | O_DIRECTORY), ENOTDIR);
    FAILS(open(".", O_WRONLY), EISDIR);
    SAME(symlink("f", "s"), 0);
    FAILS(open("s", O_RDONLY | O_NOFOLLOW), ELOOP);
    int append = open("f", O_WRONLY | O_APPEND);
    SAME(lseek(append, 0, SEEK_SET), 0);
    SAME(write(append, "6", 1), 1);
    SAME(lseek(fd, 0, SEEK_END), 6);
    int only = open("f", O_RDONLY);
    FAILS(write(only, "x", 1), EBADF);
    FAILS(ftruncate(only, 0), EINVAL);
    int path = open("f", O_PATH);
    char byte;
    FAILS(read(path, &byte, 1), EBADF);
    struct stat s;
    SAME(fstat(path, &s), 0);
    SAME(s.st_size, 6);
    SAME(fcntl(append, F_GETFL) & (O_ACCMODE | O_APPEND), O_WRONLY | O_APPEND);
    int closing = open("f", O_RDONLY | O_CLOEXEC);
    SAME(fcntl(closing, F_GETFD), FD_CLOEXEC);
    SAME(fcntl(closing, F_DUPFD, 100), 100);
    SAME(fcntl(100, F_GETFD), 0);
    SAME(fcntl(closing, F_DUPFD_CLOEXEC, 100), 101);
    SAME(fcntl(101, F_GETFD), FD_CLOEXEC);
    SAME(unlink("s"), 0);
    SAME(unlink("f"), 0);
}

static void descriptors_are_the_lowest(void)
{
    int a = open("/dev/null", O_RDONLY);
    int b = dup(a);
    SAME(b, a + 1);
    SAME(close(a), 0);
    SAME(open("/dev/null", O_RDONLY), a);
    SAME(dup2(b, 50), 50);
    SAME(dup2(50, 50), 50);
    FAILS(dup3(50, 50, 0), EINVAL);
    FAILS(dup2(99, 51), EBADF);
    FAILS(close(99), EBADF);
    int last = -1;
    for (int fd = 0; (fd = dup(b)) >= 0;) {
        last = fd;
    }
    SAME(errno, EMFILE);
    CHECK(last >= 255);
    SAME(syscall(SYS_close_range, 60, ~0u, 0), 0);
    FAILS(fcntl(last, F_GETFD), EBADF);
}

static void vectors_and_places(void)
{
    int fd = made("v", "");
    char ab[] = "ab", cde[] = "cde";
    struct iovec out[] = {{ab, 2}, {NULL, 0}, {cde, 3}};
    SAME(writev(fd, out, 3), 5);
    SAME(pwrite(fd, "XY", 2, 1), 2);
    char first[3] = "", second[4] = "";
    struct iovec in[] = {{first, 2}, {second, 3}};
    SAME(preadv(fd, in, 2, 0), 5);
    CHECK(memcmp(first, "aX", 2) == 0 && memcmp(second, "Yde", 3) == 0);
    SAME(lseek(fd, 0, SEEK_CUR), 5);
    SAME(pread(fd, first, 2, 4), 1);
    SAME(pread(fd, first, 2, 100), 0);
    SAME(pwrite(fd, "end", 3, 8192), 3);
    SAME(lseek(fd, 0, SEEK_END), 8195);
    SAME(pread(fd, first, 2, 4096), 2);
    SAME(first[0] + first[1], 0);
    FAILS(pread(fd, first, 1, -1), EINVAL);
    FAILS(lseek(fd, -1, SEEK_SET), EINVAL);
    FAILS(syscall(SYS_writev, fd, out, -1), EINVAL);
    FAILS(syscall(SYS_writev, fd, out, 1025), EINVAL);
    int ends[2];
    SAME(pipe(ends), 0);
    FAILS(lseek(ends[0], 0, SEEK_CUR), ESPIPE);
    FAILS(pread(ends[0], first, 1, 0), ESPIPE);
    SAME(unlink("v"), 0);
}

static void renames(void)
{
    (void)close(made("a", "a"));
    (void)close(made("b", "b"));
    ino_t a = inode_of("a");
    SAME(rename("a", "b"), 0);
    SAME(inode_of("b"), a);
    SAME(inode_of("a"), 0);
    SAME(link("b", "c"), 0);
    SAME(rename("b", "c"), 0); /* the same file: nothing happens */
    CHECK(inode_of("b") == a && inode_of("c") == a);
    SAME(mkdir("d", 0755), 0);
    SAME(mkdir("d/e", 0755), 0);
    FAILS(rename("b", "d"), EISDIR);
    FAILS(rename("d", "b"), ENOTDIR);
    FAILS(rename("d", "d/e/f"), EINVAL);
    SAME(mkdir("g", 0755), 0);
    FAILS(rename("g", "d"), ENOTEMPTY);
    SAME(rename("d", "g"), 0); /* an empty directory is replaced */
    CHECK(inode_of("g/e") != 0);
    FAILS(rename("none", "x"), ENOENT);
    FAILS(rename("b", "b/x"), ENOTDIR);
    FAILS(rename("g/.", "h"), EBUSY);
    FAILS(renameat2(AT_FDCWD, "b", AT_FDCWD, "c", RENAME_NOREPLACE), EEXIST);
    SAME(symlink("b", "s"), 0);
    SAME(rename("s", "t"), 0); /* the link, not what it points to */
    CHECK(inode_of("t") != 0 && inode_of("b") == a);
    SAME(unlink("t") + unlink("b") + unlink("c") + rmdir("g/e") + rmdir("g"), 0);
}

static void links(void)
{
    (void)close(made("f", "f"));
    struct stat s;
    SAME(link("f", "l"), 0);
    SAME(stat("f", &s), 0);
    SAME(s.st_nlink, 2);
    FAILS(link("f", "l"), EEXIST);
    SAME(symlink("f", "s"), 0);
    SAME(linkat(AT_FDCWD, "s", AT_FDCWD, "to_link", 0), 0);
    SAME(linkat(AT_FDCWD, "s", AT_FDCWD, "to_file", AT_SYMLINK_FOLLOW), 0);
    CHECK(inode_of("to_link") == inode_of("s") && inode_of("to_file") == inode_of("f"));
    char text[8];
    SAME(readlink("s", text, sizeof text), 1);
    FAILS(readlink("f", text, sizeof text), EINVAL);
    SAME(lstat("s", &s), 0);
    CHECK(S_ISLNK(s.st_mode) && s.st_size == 1);
    FAILS(unlink("none"), ENOENT);
    SAME(mkdir("d", 0700), 0);
    FAILS(unlink("d"), EISDIR);
    FAILS(rmdir("f"), ENOTDIR);
    FAILS(link("d", "e"), EPERM);
    FAILS(rmdir("d/."), EINVAL);
    int fd = open("d", O_RDONLY | O_DIRECTORY);
    SAME(unlinkat(fd, "none", 0), -1);
    SAME(rmdir("d"), 0);
    FAILS(openat(fd, "x", O_CREAT | O_WRONLY, 0600), ENOENT); /* the directory is gone */
    FAILS(symlink("", "x"), ENOENT);
    SAME(unlink("f") + unlink("l") + unlink("s") + unlink("to_link") + unlink("to_file"), 0);
}

static void directories_are_read_whole(void)
{
    char name[16];
    SAME(mkdir("many", 0755), 0);
    for (int i = 0; i < 300; i++) {
        snprintf(name, sizeof name, "many/%d", i);
        (void)close(made(name, ""));
    }
    DIR *d = opendir("many");
    CHECK(d != NULL);
    bool seen[300] = {false};
    int others = 0;
    long middle = 0;
    char after_middle[256] = "";
    for (struct dirent *e; (e = readdir(d)) != NULL;) {
        if (e->d_name[0] == '.') {
            others++;
            SAME(e->d_type, DT_DIR);
            continue;
        }
        int i = atoi(e->d_name);
        CHECK(i >= 0 && i < 300 && !seen[i] && e->d_type == DT_REG);
        seen[i] = true;
        if (i == 150) {
            middle = telldir(d);
            struct dirent *next = readdir(d);
            snprintf(after_middle, sizeof after_middle, "%s", next == NULL ? "" : next->d_name);
            seekdir(d, middle);
        }
        snprintf(name, sizeof name, "many/%d", i);
        SAME(unlink(name), 0); /* while it is read */
    }
    for (int i = 0; i < 300; i++) {
        CHECK(seen[i]);
    }
    SAME(others, 2);
    (void)closedir(d);
    SAME(rmdir("many"), 0);
    int fd = open("/dev/null", O_RDONLY);
    char block[64];
    FAILS(syscall(SYS_getdents64, fd, block, sizeof block), ENOTDIR);
    fd = open(".", O_RDONLY);
    FAILS(syscall(SYS_getdents64, fd, block, 8), EINVAL);
}

static void times_of_files(void)
{
    int fd = made("f", "");
    struct timespec set[2] = {{1000000000, 123456789}, {0, UTIME_OMIT}};
    struct stat before;
    struct stat after;
    SAME(fstat(fd, &before), 0);
    SAME(futimens(fd, set), 0);
    SAME(fstat(fd, &after), 0);
    SAME(after.st_atim.tv_sec, 1000000000);
    SAME(after.st_atim.tv_nsec, 123456789);
    SAME(after.st_mtim.tv_nsec, before.st_mtim.tv_nsec);
    set[1].tv_nsec = 1000000000;
    FAILS(utimensat(AT_FDCWD, "f", set, 0), EINVAL);
    SAME(utimensat(AT_FDCWD, "f", NULL, 0), 0);
    sleep_ms(15);
    SAME(write(fd, "x", 1), 1);
    SAME(fstat(fd, &after), 0);
    CHECK(after.st_mtim.tv_sec > before.st_mtim.tv_sec || after.st_mtim.tv_nsec > before.st_mtim.tv_nsec);
    SAME(symlink("f", "s"), 0);
    set[1].tv_nsec = 5;
    SAME(utimensat(AT_FDCWD, "s", set, AT_SYMLINK_NOFOLLOW), 0);
    SAME(lstat("s", &after), 0);
    SAME(after.st_mtim.tv_sec, 0);
    SAME(unlink("f") + unlink("s"), 0);
}

static void stat_and_statx(void)
{
    int fd = made("f", "12345678");
    struct stat s;
    struct statx x;
    SAME(fchmod(fd, 04711), 0);
    SAME(fstat(fd, &s), 0);
    SAME(s.st_mode, S_IFREG | 04711);
    SAME(s.st_size, 8);
    CHECK(s.st_blksize >= 512 && s.st_ino != 0);
    SAME(statx(AT_FDCWD, "f", 0, STATX_BASIC_STATS, &x), 0);
    SAME(x.stx_mode, S_IFREG | 04711);
    SAME(x.stx_ino, s.st_ino);
    SAME(statx(fd, "", AT_EMPTY_PATH, STATX_SIZE, &x), 0);
    SAME(x.stx_size, 8);
    SAME(fstatat(fd, "", &s, AT_EMPTY_PATH), 0);
    FAILS(fstatat(fd, "", &s, 0), ENOENT);
    FAILS(fstatat(fd, "x", &s, 0), ENOTDIR);
    SAME(stat("/dev/null", &s), 0);
    CHECK(S_ISCHR(s.st_mode) && major(s.st_rdev) == 1 && minor(s.st_rdev) == 3);
    (void)umask(027);
    SAME(mkdir("d", 0777), 0);
    SAME(stat("d", &s), 0);
    SAME(s.st_mode, S_IFDIR | 0750);
    SAME(umask(022), 027);
    SAME(ftruncate(fd, 100), 0);
    SAME(fstat(fd, &s), 0);
    SAME(s.st_size, 100);
    FAILS(ftruncate(fd, -1), EINVAL);
    SAME(unlink("f") + rmdir("d"), 0);
}

static void pipes(void)
{
    int ends[2];
    char buffer[4096];
    SAME(pipe2(ends, O_NONBLOCK | O_CLOEXEC), 0);
    FAILS(read(ends[0], buffer, 1), EAGAIN);
    size_t total = 0;
    memset(buffer, 'p', sizeof buffer);
    for (ssize_t n; (n = write(ends[1], buffer, sizeof buffer)) > 0;) {
        total += (size_t)n;
    }
    SAME(errno, EAGAIN);
    SAME(total, 65536);
    SAME(read(ends[0], buffer, sizeof buffer), 4096);
    SAME(write(ends[1], buffer, 4096), 4096);
    int waiting = 0;
    SAME(syscall(SYS_ioctl, ends[0], 0x541b, &waiting), 0); /* FIONREAD */
    SAME(waiting, 65536);
    SAME(close(ends[1]), 0);
    while (read(ends[0], buffer, sizeof buffer) > 0) {
    }
    SAME(read(ends[0], buffer, 1), 0);
    SAME(pipe(ends), 0);
    SAME(close(ends[0]), 0);
    (void)signal(SIGPIPE, SIG_IGN);
    FAILS(write(ends[1], "x", 1), EPIPE);
    FAILS(read(ends[1], buffer, 1), EBADF);
}

static void polling(void)
{
    int ends[2];
    struct timespec soon = {0, 20000000};
    SAME(pipe(ends), 0);
    struct pollfd p[2] = {{.fd = ends[0], .events = POLLIN}, {.fd = ends[1], .events = POLLOUT}};
    SAME(poll(p, 2, 0), 1);
    CHECK(p[0].revents == 0 && p[1].revents == POLLOUT);
    SAME(poll(p, 1, 20), 0);
    SAME(ppoll(p, 1, &soon, NULL), 0);
    pid_t child = fork();
    if (child == 0) {
        sleep_ms(20);
        _exit(write(ends[1], "x", 1) == 1 ? 0 : 1);
    }
    SAME(poll(p, 1, 5000), 1);
    SAME(p[0].revents, POLLIN);
    SAME(status_of(child), 0);
    fd_set in;
    fd_set out;
    FD_ZERO(&in);
    FD_ZERO(&out);
    FD_SET(ends[0], &in);
    FD_SET(ends[1], &out);
    SAME(pselect(ends[1] + 1, &in, &out, NULL, &soon, NULL), 2);
    CHECK(FD_ISSET(ends[0], &in) && FD_ISSET(ends[1], &out));
    SAME(close(ends[1]), 0);
    char byte;
    SAME(read(ends[0], &byte, 1), 1);
    SAME(poll(p, 1, 0), 1);
    SAME(p[0].revents, POLLHUP);
    p[0].fd = 99;
    SAME(poll(p, 1, 0), 1);
    SAME(p[0].revents, POLLNVAL);
    p[0].fd = -1;
    SAME(poll(p, 1, 0), 0);
}

static void terminal_of_nobody(void)
{
    int fd = open("/dev/null", O_RDWR);
    SAME(isatty(fd), 0);
    SAME(errno, ENOTTY);
    char here[4096];
    CHECK(getcwd(here, sizeof here) != NULL && strncmp(here, "/tmp/abi.", 9) == 0);
    FAILS(syscall(SYS_getcwd, here, 2), ERANGE);
    SAME(mkdir("gone", 0700), 0);
    SAME(chdir("gone"), 0);
    SAME(rmdir("../gone"), 0);
    FAILS(syscall(SYS_getcwd, here, sizeof here), ENOENT);
    SAME(chdir(".."), 0);
    FAILS(chdir("/proc/self/exe"), ENOTDIR);
}

static void copies_in_the_system(void)
{
    int from = made("from", "0123456789");
    int to = made("to", "");
    off_t at = 2;
    SAME(syscall(SYS_sendfile, to, from, &at, 5), 5);
    SAME(at, 7);
    int64_t in = 8, out = 5;
    SAME(syscall(SYS_copy_file_range, from, &in, to, &out, 100, 0), 2);
    char text[16] = "";
    SAME(pread(to, text, sizeof text, 0), 7);
    CHECK(memcmp(text, "2345689", 7) == 0);
    SAME(unlink("from") + unlink("to"), 0);
}

static void programs_are_not_written(void)
{
    char self[256] = "";
    CHECK(readlink("/proc/self/exe", self, sizeof self - 1) > 0);
    FAILS(open(self, O_WRONLY), ETXTBSY);
    FAILS(truncate(self, 0), ETXTBSY);
    FAILS(open("/proc/self/exe", O_RDWR), ETXTBSY);
}

const struct test file_tests[] = {
    {"flags of open", open_flags},
    {"descriptors are the lowest", descriptors_are_the_lowest},
    {"vectors and places", vectors_and_places},
    {"rename and its corners", renames},
    {"link, symlink, unlink and their corners", links},
    {"directories are read whole", directories_are_read_whole},
    {"times", times_of_files},
    {"stat, statx, umask, truncate", stat_and_statx},
    {"pipes", pipes},
    {"poll, ppoll, pselect", polling},
    {"no terminal, no directory", terminal_of_nobody},
    {"sendfile, copy_file_range", copies_in_the_system},
    {"running programs are not written", programs_are_not_written},
};
const size_t file_test_count = LENGTH(file_tests);
