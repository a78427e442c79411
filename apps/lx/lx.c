/* SPDX-License-Identifier: MIT */
/**
 * lx on the device: shows what the system says of itself in the files of /lx, and switches it off.
 * Owns:   nothing.    Uses: Linux's files and reboot(2); any other program could do the same.
 * Limits: the tables are printed as the system makes them. Source: reboot(2)
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/reboot.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "chain.h"

#define STATUS_USAGE 2

static const struct {
    const char *name, *summary;
} views[] = {
    {"ps", "processes, and the packages that they come from"},
    {"verify", "what was verified, and what was refused"},
    {"ledger", "what is remembered of chains and releases from start to start"},
    {"fs", "files on the disk, and how it stands with them"},
    {"scrub", "pages of memory that are verified again and again"},
    {"caps", "which component may do what"},
    {"mem", "who uses how much memory"},
    {"components", "the parts of the system, and how they are"},
    {"linux", "system calls that programs tried, and that are not there"},
};

#define VIEW_COUNT (sizeof views / sizeof views[0])

static int help(void)
{
    printf("lx: what this system says of itself\n\n");
    for (size_t i = 0; i < VIEW_COUNT; i++) {
        printf("  lx %-13s %s\n", views[i].name, views[i].summary);
    }
    printf("  lx %-13s %s\n", "fs root FILE", "the tree root of each file's contents, by which packages and proofs name them");
    printf("  lx %-13s %s\n", "chain ...", "show, verify, export, diff: the chain of this device's profile, or of a file");
    printf("  lx %-13s %s\n", "off [STATUS]", "switches the machine off; STATUS, 0 to 255, is for who started it");
    printf("  lx %-13s %s\n\nThe same as files: /lx\n", "help", "this list");
    return 0;
}

static int show(const char *name)
{
    char path[64], bytes[4096];
    ssize_t n;
    snprintf(path, sizeof path, "/lx/%s", name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        fprintf(stderr, "lx: %s: %s\n", path, strerror(errno));
        return 1;
    }
    while ((n = read(fd, bytes, sizeof bytes)) > 0) {
        if (fwrite(bytes, 1, (size_t)n, stdout) != (size_t)n) {
            break;
        }
    }
    if (n != 0 || fflush(stdout) != 0) {
        fprintf(stderr, "lx: %s: %s\n", path, strerror(errno));
        return 1;
    }
    close(fd);
    return 0;
}

static int show_roots(int count, char **paths)
{
    int status = 0;
    for (int i = 0; i < count; i++) {
        char root[65] = "";
        if (getxattr(paths[i], "user.lx.root", root, 64) != 64) {
            fprintf(stderr, "lx: %s: %s\n", paths[i],
                    errno == EOPNOTSUPP ? "it is in memory; files on the disk have a root" : errno == ENODATA ? "no regular file" : strerror(errno));
            status = 1;
        } else {
            printf("%s  %s\n", root, paths[i]);
        }
    }
    return status;
}

static int off(const char *status)
{
    char command[16];
    char *end;
    unsigned long n = strtoul(status, &end, 10);
    if (status[0] < '0' || status[0] > '9' || *end != '\0' || n > 255) {
        fprintf(stderr, "lx: %s is no status; use 0 to 255\n", status);
        return STATUS_USAGE;
    }
    snprintf(command, sizeof command, "off=%lu", n);
    sync();
    syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, LINUX_REBOOT_CMD_RESTART2, command);
    fprintf(stderr, "lx: cannot switch off: %s\n", strerror(errno));
    return 1;
}

int main(int argc, char **argv)
{
    if (argc < 2 || (argc == 2 && strcmp(argv[1], "help") == 0)) {
        return help();
    }
    if (strcmp(argv[1], "off") == 0 && argc <= 3) {
        return off(argc == 3 ? argv[2] : "0");
    }
    if (strcmp(argv[1], "chain") == 0) {
        return chain_command(argc - 2, argv + 2);
    }
    if (argc > 3 && strcmp(argv[1], "fs") == 0 && strcmp(argv[2], "root") == 0) {
        return show_roots(argc - 3, argv + 3);
    }
    for (size_t i = 0; i < VIEW_COUNT && argc == 2; i++) {
        if (strcmp(argv[1], views[i].name) == 0) {
            return show(views[i].name);
        }
    }
    bool known = strcmp(argv[1], "help") == 0 || strcmp(argv[1], "off") == 0;
    for (size_t i = 0; i < VIEW_COUNT; i++) {
        known = known || strcmp(argv[1], views[i].name) == 0;
    }
    fprintf(stderr, known ? "lx: %s has no options or other operands; lx help lists what there is\n"
                          : "lx: there is no command \"%s\"; lx help lists them\n",
            argv[1]);
    return STATUS_USAGE;
}
