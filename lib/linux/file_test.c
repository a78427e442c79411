/* SPDX-License-Identifier: MIT */
/* Shows: what no host can be asked: package files, /proc, /dev, /lx, limits, and the edges of calls on files. */
#include "fake_env.h"
#include "unit.h"

#define OK(f) CHECK(linux_invariant((f)->system) == NULL)

/** Reads a whole file through the calls; @return its length, the text in `out` with a zero behind. */
static int64_t slurp(struct fake *f, uint32_t t, const char *path, char *out, size_t cap)
{
    int64_t fd = sys_open(f, t, path, O_RDONLY_, 0), len = 0;
    if (fd < 0) {
        return fd;
    }
    for (int64_t n = 1; n > 0; len += n > 0 ? n : 0) {
        n = sys(f, t, NR_read, fd, BUF, 3000);
        if (n > 0 && (size_t)(len + n) < cap) {
            get(f, t, BUF, out + len, (size_t)n);
        }
    }
    out[len] = '\0';
    CHECK_EQ(sys(f, t, NR_close, fd), 0);
    return len;
}

static void package_files_read_as_verified(void)
{
    struct fake *f = fake_started();
    static uint8_t bytes[3 * PAGE_BYTES];
    struct abi_stat st;
    int64_t fd = sys_open(f, 0, "/share/text", O_RDONLY_, 0);
    CHECK_EQ(sys(f, 0, NR_fstat, fd, BUF), 0);
    get(f, 0, BUF, &st, sizeof(st));
    CHECK(st.size == 2 * 4096 + 100 && st.mode == (S_IFREG_ | 0644) && st.nlink == 1);
    CHECK_EQ(sys(f, 0, NR_read, fd, BUF, 3 * 4096), 2 * 4096 + 100);
    get(f, 0, BUF, bytes, sizeof(fake_text_bytes));
    CHECK_BYTES(bytes, fake_text_bytes, sizeof(fake_text_bytes));
    CHECK_EQ(sys(f, 0, NR_read, fd, BUF, 1), 0);
    f->object_bad[1] = true; /* a page does not verify any more */
    CHECK_EQ(sys(f, 0, NR_pread64, fd, BUF, 10, 0), -E_IO);
    f->object_bad[1] = false;
    OK(f);
    fake_free(f);
}

static void package_files_can_be_changed(void)
{
    struct fake *f = fake_started();
    uint8_t bytes[64], expected[64];
    int64_t fd = sys_open(f, 0, "/share/text", O_RDWR_, 0);
    put(f, 0, BUF, "CHANGED", 7);
    CHECK_EQ(sys(f, 0, NR_pwrite64, fd, BUF, 7, 4100), 7);
    CHECK_EQ(sys(f, 0, NR_pread64, fd, BUF, 64, 4090), 64);
    get(f, 0, BUF, bytes, 64);
    memcpy(expected, fake_text_bytes + 4090, 64);
    memcpy(expected + 10, "CHANGED", 7);
    CHECK_BYTES(bytes, expected, 64);
    /* Cut in the middle of what the object has, then made longer: zeros follow, not the object's old bytes. */
    CHECK_EQ(sys(f, 0, NR_ftruncate, fd, 8200), 0);
    CHECK_EQ(sys(f, 0, NR_ftruncate, fd, 9000), 0);
    CHECK_EQ(sys(f, 0, NR_pread64, fd, BUF, 64, 8190), 64);
    get(f, 0, BUF, bytes, 64);
    memset(expected, 0, sizeof(expected));
    memcpy(expected, fake_text_bytes + 8190, 10);
    CHECK_BYTES(bytes, expected, 64);
    /* Appending copies the page that it continues; a page that cannot be read cannot be continued. */
    fd = sys_open(f, 0, "/etc/passwd", O_WRONLY_ | O_APPEND_, 0);
    f->object_bad[3] = true;
    CHECK_EQ(sys(f, 0, NR_write, fd, ustr(f, 0, "me\n"), 3), -E_IO);
    f->object_bad[3] = false;
    CHECK_EQ(sys(f, 0, NR_write, fd, ustr(f, 0, "me\n"), 3), 3);
    char text[128];
    CHECK_EQ(slurp(f, 0, "/etc/passwd", text, sizeof(text)), (int64_t)sizeof(fake_passwd) - 1 + 3);
    CHECK(strcmp(text, "root:x:0:0::/root:/bin/sh\nme\n") == 0);
    OK(f);
    fake_free(f);
}

static void proc_shows_processes(void)
{
    struct fake *f = fake_started();
    static char text[8192];
    char expected[64];
    int64_t pid;
    uint32_t child = fake_fork(f, 0, &pid);
    CHECK(slurp(f, 0, "/proc/self/stat", text, sizeof(text)) > 0);
    CHECK(strncmp(text, "1 (prog) R 0 1 1 52288 1 ", 25) == 0);
    uint32_t fields = 1;
    for (const char *at = text; *at != '\0'; at++) {
        fields += *at == ' ' ? 1 : 0;
    }
    CHECK_EQ(fields, 52);
    snprintf(expected, sizeof(expected), "/proc/%d/stat", (int)pid);
    CHECK(slurp(f, 0, expected, text, sizeof(text)) > 0 && strstr(text, "(prog) R 1 1 1") != NULL);
    CHECK_EQ(slurp(f, 0, "/proc/self/cmdline", text, sizeof(text)), 9);
    CHECK_BYTES(text, "prog\0arg", 9);
    CHECK_EQ(slurp(f, 0, "/proc/1/environ", text, sizeof(text)), 7);
    CHECK_BYTES(text, "HOME=/", 7);
    CHECK(slurp(f, 0, "/proc/1/comm", text, sizeof(text)) == 5 && strcmp(text, "prog\n") == 0);
    CHECK(slurp(f, 0, "/proc/1/status", text, sizeof(text)) > 0);
    CHECK(strstr(text, "Name:\tprog\n") != NULL && strstr(text, "\nUid:\t0\t0\t0\t0\n") != NULL);
    CHECK(slurp(f, 0, "/proc/1/maps", text, sizeof(text)) > 0 && strstr(text, "r-xp") != NULL);
    CHECK(strstr(text, "of the stack: [stack]\n") != NULL && strstr(text, "between: \n") != NULL);
    CHECK_EQ(sys(f, 0, NR_brk, sys(f, 0, NR_brk, 0) + 4096) % 4096, 0);
    CHECK(slurp(f, 0, "/proc/1/maps", text, sizeof(text)) > 0 && strstr(text, "of the heap: [heap]\n") != NULL);
    CHECK(slurp(f, 0, "/proc/1/statm", text, sizeof(text)) > 0 && text[0] != '0');
    CHECK(slurp(f, 0, "/proc/1/limits", text, sizeof(text)) > 0 && strstr(text, "Max open files            256") != NULL);
    CHECK(slurp(f, 0, "/proc/mounts", text, sizeof(text)) > 0 && strstr(text, "proc /proc proc") != NULL);
    static const char *const files[] = {"stat", "meminfo", "uptime", "loadavg", "cpuinfo", "version", "filesystems",
                                        "cmdline", "sys/kernel/hostname", "sys/kernel/osrelease", "sys/kernel/ostype",
                                        "sys/kernel/version", "sys/kernel/pid_max", "sys/kernel/ngroups_max",
                                        "sys/kernel/domainname", "sys/kernel/random/uuid", "sys/kernel/random/boot_id",
                                        "sys/kernel/random/entropy_avail"};
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        snprintf(expected, sizeof(expected), "/proc/%s", files[i]);
        CHECK(slurp(f, 0, expected, text, sizeof(text)) > 0);
    }
    sys(f, child, NR_exit_group, 0);
    snprintf(expected, sizeof(expected), "/proc/%d/stat", (int)pid);
    CHECK(slurp(f, 0, expected, text, sizeof(text)) > 0 && strstr(text, ") Z 1") != NULL);
    CHECK_EQ(sys(f, 0, NR_wait4, -1, 0, 0, 0), pid);
    CHECK_EQ(slurp(f, 0, expected, text, sizeof(text)), -E_NOENT);
    OK(f);
    fake_free(f);
}

static int64_t read_link(struct fake *f, uint32_t t, const char *path, char *out)
{
    int64_t len = sys(f, t, NR_readlinkat, AT_CWD, ustr(f, t, path), BUF, 100);
    if (len >= 0) {
        get(f, t, BUF, out, (size_t)len);
        out[len] = '\0';
    }
    return len;
}

static void proc_links_lead_there(void)
{
    struct fake *f = fake_started();
    char text[128];
    CHECK(read_link(f, 0, "/proc/self", text) == 1 && strcmp(text, "1") == 0);
    CHECK(read_link(f, 0, "/proc/self/exe", text) == 9 && strcmp(text, "/bin/prog") == 0);
    CHECK(read_link(f, 0, "/proc/self/cwd", text) == 1 && strcmp(text, "/") == 0);
    CHECK(read_link(f, 0, "/proc/self/fd/0", text) == 12 && strcmp(text, "/dev/console") == 0);
    CHECK_EQ(read_link(f, 0, "/proc/self/fd/99", text), -E_NOENT);
    CHECK_EQ(read_link(f, 0, "/proc/self/fd/00", text), -E_NOENT);
    CHECK_EQ(sys(f, 0, NR_chdir, ustr(f, 0, "/proc/self/fd")), 0);
    CHECK(sys(f, 0, NR_getcwd, BUF, 100) == 11);
    get(f, 0, BUF, text, 11);
    CHECK(strcmp(text, "/proc/1/fd") == 0);
    CHECK_EQ(sys(f, 0, NR_chdir, ustr(f, 0, "../../..")), 0);
    CHECK_EQ(sys(f, 0, NR_pipe2, BUF, 0), 0);
    CHECK(read_link(f, 0, "/dev/fd/3", text) > 6 && strncmp(text, "pipe:[", 6) == 0);
    /* Opening through the link opens the same pipe anew. */
    int64_t again = sys_open(f, 0, "/proc/self/fd/4", O_WRONLY_, 0);
    CHECK_EQ(again, 5);
    CHECK_EQ(sys(f, 0, NR_write, again, ustr(f, 0, "via"), 3), 3);
    CHECK_EQ(sys(f, 0, NR_read, 3, BUF, 10), 3);
    int64_t fd = sys_open(f, 0, "/tmp/gone", O_RDWR_ | O_CREAT_, 0600);
    CHECK_EQ(sys(f, 0, NR_write, fd, ustr(f, 0, "kept"), 4), 4);
    CHECK_EQ(sys(f, 0, NR_unlinkat, AT_CWD, ustr(f, 0, "/tmp/gone"), 0), 0);
    CHECK(read_link(f, 0, "/proc/self/fd/6", text) > 0 && strstr(text, "(deleted)") != NULL);
    CHECK(slurp(f, 0, "/proc/self/fd/6", text, sizeof(text)) == 4 && strcmp(text, "kept") == 0);
    CHECK_EQ(sys_open(f, 0, "/proc/self/stat", O_WRONLY_, 0), -E_ACCES);
    CHECK_EQ(sys_open(f, 0, "/proc/new", O_WRONLY_ | O_CREAT_, 0600), -E_ACCES);
    CHECK_EQ(sys(f, 0, NR_mkdirat, AT_CWD, ustr(f, 0, "/proc/new"), 0700), -E_NOENT);
    CHECK_EQ(sys(f, 0, NR_unlinkat, AT_CWD, ustr(f, 0, "/proc/stat"), 0), -E_PERM);
    CHECK_EQ(sys(f, 0, NR_unlinkat, AT_CWD, ustr(f, 0, "/proc"), AT_REMOVEDIR_), -E_BUSY);
    CHECK_EQ(sys(f, 0, NR_renameat, AT_CWD, ustr(f, 0, "/proc/stat"), AT_CWD, ustr(f, 0, "/tmp/x")), -E_XDEV);
    CHECK_EQ(sys(f, 0, NR_fchmodat, AT_CWD, ustr(f, 0, "/proc/stat"), 0777), -E_PERM);
    OK(f);
    fake_free(f);
}

static void holes_of_a_mapped_file_cost_nothing(void)
{
    enum { FILE_BYTES = 4 << 20, PLACE = 2 << 20 };
    struct fake *f = fake_started();
    char byte = 0;
    int64_t fd = sys_open(f, 0, "/tmp/holes", O_RDWR_ | O_CREAT_, 0600);
    CHECK_EQ(sys(f, 0, NR_ftruncate, fd, FILE_BYTES), 0);
    put(f, 0, BUF, "y", 1);
    CHECK_EQ(sys(f, 0, NR_pwrite64, fd, BUF, 1, PLACE + 5), 1);
    uint64_t before = f->page_count;
    int64_t at = sys(f, 0, NR_mmap, 0, FILE_BYTES, 1, 2, fd, 0);
    CHECK(at > 0);
    CHECK_EQ(f->page_count - before, 1);
    get(f, 0, (uint64_t)at + PLACE + 5, &byte, 1);
    CHECK_EQ(byte, 'y');
    get(f, 0, (uint64_t)at + PLACE - 1, &byte, 1);
    CHECK_EQ(byte, 0);
    OK(f);
    fake_free(f);
}

static void other_users_see_less(void)
{
    struct fake *f = fake_started();
    char text[256];
    int64_t pid;
    uint32_t t = fake_fork(f, 0, &pid);
    CHECK_EQ(sys(f, t, NR_setuid, 1000), 0);
    CHECK_EQ(read_link(f, t, "/proc/1/exe", text), -E_ACCES);
    CHECK_EQ(sys_open(f, t, "/proc/1/environ", O_RDONLY_, 0), -E_ACCES);
    CHECK_EQ(sys_open(f, t, "/proc/1/maps", O_RDONLY_, 0), -E_ACCES);
    /* Of a process that runs as somebody else by its set-user-ID file, the limits are not ours. */
    CHECK_EQ(sys(f, t, NR_prlimit64, 1, RLIMIT_FSIZE_, 0, BUF), -E_PERM);
    CHECK_EQ(sys(f, 0, NR_setresuid, 1000, 0, 0), 0);
    CHECK_EQ(sys(f, t, NR_prlimit64, 1, RLIMIT_FSIZE_, 0, BUF), -E_PERM);
    CHECK_EQ(sys(f, 0, NR_setresuid, 0, 0, 0), 0);
    CHECK_EQ(sys_open(f, t, "/proc/1/fd", O_RDONLY_ | O_DIRECTORY_, 0), -E_ACCES);
    CHECK_EQ(sys_open(f, t, "/proc/1/fd/0", O_RDONLY_, 0), -E_ACCES);
    CHECK(slurp(f, t, "/proc/1/stat", text, sizeof(text)) < 256);
    CHECK(read_link(f, t, "/proc/self/exe", text) == 9);
    CHECK_EQ(sys_open(f, t, "/root", O_RDONLY_ | O_DIRECTORY_, 0), -E_ACCES);
    CHECK_EQ(sys_open(f, t, "/etc/passwd", O_WRONLY_, 0), -E_ACCES);
    CHECK_EQ(sys_open(f, t, "/etc/new", O_WRONLY_ | O_CREAT_, 0600), -E_ACCES);
    CHECK_EQ(sys(f, t, NR_mknodat, AT_CWD, ustr(f, t, "/tmp/dev"), S_IFCHR_ | 0666, 0x103), -E_PERM);
    /* The sticky bit of /tmp. */
    CHECK(sys_open(f, 0, "/tmp/roots", O_WRONLY_ | O_CREAT_, 0666) >= 0);
    CHECK_EQ(sys(f, t, NR_unlinkat, AT_CWD, ustr(f, t, "/tmp/roots"), 0), -E_PERM);
    CHECK_EQ(sys(f, t, NR_renameat, AT_CWD, ustr(f, t, "/tmp/roots"), AT_CWD, ustr(f, t, "/tmp/x")), -E_PERM);
    CHECK_EQ(sys(f, t, NR_faccessat, AT_CWD, ustr(f, t, "/etc/passwd"), 2), -E_ACCES);
    /* access() asks for the real user, the other two for the effective one. */
    CHECK_EQ(sys(f, 0, NR_setresuid, 1000, 0, 0), 0);
    CHECK_EQ(sys(f, 0, NR_faccessat, AT_CWD, ustr(f, 0, "/etc/passwd"), 2), -E_ACCES);
    CHECK_EQ(sys(f, 0, NR_faccessat2, AT_CWD, ustr(f, 0, "/etc/passwd"), 2, AT_EACCESS_), 0);
    CHECK_EQ(sys(f, 0, NR_faccessat2, AT_CWD, ustr(f, 0, "/etc/passwd"), 2, 1), -E_INVAL);
    CHECK_EQ(sys(f, 0, NR_faccessat, AT_CWD, ustr(f, 0, "/etc/passwd"), 8), -E_INVAL);
    OK(f);
    fake_free(f);
}

static void views_and_counts(void)
{
    struct fake *f = fake_started();
    char text[1024];
    CHECK(slurp(f, 0, "/lx/mem", text, sizeof(text)) == 9 && strcmp(text, "pages 42\n") == 0);
    CHECK_EQ(sys(f, 0, NR_rseq, 0), -E_NOSYS);
    CHECK_EQ(sys(f, 0, NR_clone3, 0), -E_NOSYS);
    CHECK_EQ(sys(f, 0, NR_clone3, 0), -E_NOSYS);
    CHECK_EQ(sys(f, 0, 5000, 0), -E_NOSYS);
    CHECK_EQ(sys(f, 0, UINT64_MAX, 0), -E_NOSYS);
    CHECK_EQ(sys(f, 0, NR_socket, 1, 2, 0), -E_AFNOSUPPORT);
    CHECK_EQ(sys(f, 0, NR_connect, 0, BUF, 4), -E_NOTSOCK);
    CHECK_EQ(sys(f, 0, NR_connect, 99, BUF, 4), -E_BADF);
    CHECK(slurp(f, 0, "/lx/linux", text, sizeof(text)) > 0);
    CHECK(strstr(text, "unsupported      2        clone3\n") != NULL && strstr(text, "1        rseq\n") != NULL);
    CHECK(strstr(text, "2        (no such call)\n") != NULL && strstr(text, "refused          1        socket\n") != NULL);
    int64_t first = sys_open(f, 0, "/lx/mem", O_RDONLY_, 0);
    CHECK_EQ(first, 3);
    CHECK(slurp(f, 0, "/dev/fd/3", text, sizeof(text)) == 9 && strcmp(text, "pages 42\n") == 0); /* made anew */
    CHECK_EQ(sys(f, 0, NR_read, first, BUF, 100), 9);
    CHECK_EQ(sys(f, 0, NR_close, first), 0);
    CHECK_EQ(sys_open(f, 0, "/lx/mem", O_RDWR_, 0), -E_ACCES);
    CHECK_EQ(sys_open(f, 0, "/lx/none", O_RDONLY_, 0), -E_NOENT);
    CHECK_EQ(sys(f, 0, NR_mkdirat, AT_CWD, ustr(f, 0, "/lx/x"), 0700), -E_ROFS);
    CHECK_EQ(sys(f, 0, NR_unlinkat, AT_CWD, ustr(f, 0, "/lx/mem"), 0), -E_ROFS);
    int64_t fd = sys_open(f, 0, "/lx", O_RDONLY_ | O_DIRECTORY_, 0);
    CHECK_EQ(sys(f, 0, NR_getdents64, fd, BUF, 4096), 24 + 24 + 24 + 32);
    CHECK_EQ(sys(f, 0, NR_getdents64, fd, BUF, 4096), 0);
    CHECK_EQ(sys(f, 0, NR_lseek, fd, 0, SEEK_SET_), 0);
    CHECK_EQ(sys(f, 0, NR_getdents64, fd, BUF, 10), -E_INVAL);
    CHECK_EQ(sys(f, 0, NR_getdents64, fd, 8, 4096), -E_FAULT);
    CHECK_EQ(sys(f, 0, NR_getdents64, 0, BUF, 4096), -E_NOTDIR);
    OK(f);
    fake_free(f);
}

static void devices_do_their_work(void)
{
    struct fake *f = fake_started();
    uint8_t bytes[8192];
    memset(bytes, 0xaa, sizeof(bytes));
    put(f, 0, BUF, bytes, sizeof(bytes));
    int64_t zero = sys_open(f, 0, "/dev/zero", O_RDWR_, 0);
    CHECK_EQ(sys(f, 0, NR_read, zero, BUF + 5, 5000), 5000);
    get(f, 0, BUF, bytes, 5006);
    CHECK(bytes[4] == 0xaa && bytes[5] == 0 && bytes[5004] == 0 && bytes[5005] == 0xaa);
    int64_t null = sys_open(f, 0, "/dev/null", O_RDWR_, 0);
    CHECK_EQ(sys(f, 0, NR_read, null, BUF, 100), 0);
    CHECK_EQ(sys(f, 0, NR_write, null, 8, 100), 100); /* not even looked at */
    int64_t full = sys_open(f, 0, "/dev/full", O_RDWR_, 0);
    CHECK_EQ(sys(f, 0, NR_write, full, BUF, 1), -E_NOSPC);
    int64_t random = sys_open(f, 0, "/dev/urandom", O_RDONLY_, 0);
    CHECK_EQ(sys(f, 0, NR_read, random, BUF, 5000), 5000);
    CHECK_EQ(sys(f, 0, NR_read, random, 8, 10), -E_FAULT);
    CHECK_EQ(sys(f, 0, NR_read, random, FAKE_SCRATCH + FAKE_SCRATCH_BYTES - 10, 100), 10);
    CHECK_EQ(sys(f, 0, NR_write, random, BUF, 1), -E_BADF);
    CHECK_EQ(sys(f, 0, NR_lseek, null, 5, SEEK_SET_), 0);
    CHECK_EQ(sys(f, 0, NR_mknodat, AT_CWD, ustr(f, 0, "/tmp/null"), S_IFCHR_ | 0666, 0x103), 0);
    CHECK(sys_open(f, 0, "/tmp/null", O_RDWR_, 0) >= 0);
    CHECK_EQ(sys(f, 0, NR_mknodat, AT_CWD, ustr(f, 0, "/tmp/sda"), S_IFBLK_ | 0666, 0x800), 0);
    CHECK_EQ(sys_open(f, 0, "/tmp/sda", O_RDWR_, 0), -E_NXIO);
    CHECK_EQ(sys(f, 0, NR_mknodat, AT_CWD, ustr(f, 0, "/tmp/d"), S_IFDIR_ | 0666, 0), -E_PERM);
    CHECK_EQ(sys(f, 0, NR_mknodat, AT_CWD, ustr(f, 0, "/tmp/d"), 0170000, 0), -E_INVAL);
    OK(f);
    fake_free(f);
}

static void sendfile_moves_without_the_program(void)
{
    struct fake *f = fake_started();
    uint64_t at = 4000;
    uint8_t bytes[200];
    int64_t in = sys_open(f, 0, "/share/text", O_RDONLY_, 0), out = sys_open(f, 0, "/tmp/out", O_RDWR_ | O_CREAT_, 0600);
    CHECK_EQ(sys(f, 0, NR_sendfile, out, in, 0, 100000), 8292);
    CHECK_EQ(sys(f, 0, NR_sendfile, out, in, 0, 100000), 0);
    put(f, 0, BUF, &at, 8);
    CHECK_EQ(sys(f, 0, NR_sendfile, out, in, BUF, 200), 200);
    CHECK_EQ(get64(f, 0, BUF), 4200);
    CHECK_EQ(sys(f, 0, NR_pread64, out, BUF, 200, 8292), 200);
    get(f, 0, BUF, bytes, 200);
    CHECK_BYTES(bytes, fake_text_bytes + 4000, 200);
    CHECK_EQ(sys(f, 0, NR_sendfile, in, out, 0, 1), -E_BADF);
    CHECK_EQ(sys(f, 0, NR_sendfile, out, 0, 0, 1), -E_INVAL); /* a terminal is no source */
    CHECK_EQ(sys(f, 0, NR_sendfile, out, 77, 0, 1), -E_BADF);
    CHECK_EQ(sys(f, 0, NR_sendfile, out, in, 8, 1), -E_FAULT);
    /* Into a pipe that fills up: it waits, and goes on where it was. */
    int64_t pid;
    CHECK_EQ(sys(f, 0, NR_pipe2, BUF, 0), 0);
    uint32_t r = get32(f, 0, BUF), w = get32(f, 0, BUF + 4);
    CHECK_EQ(sys(f, 0, NR_ftruncate, out, 100000), 0);
    CHECK_EQ(sys(f, 0, NR_lseek, out, 0, SEEK_SET_), 0);
    uint32_t child = fake_fork(f, 0, &pid);
    CHECK_EQ(sys(f, child, NR_sendfile, w, out, 0, 100000), FAKE_BLOCKED);
    uint64_t total = 0;
    for (uint32_t i = 0; i < 20 && total < 100000; i++) {
        total += (uint64_t)sys(f, 0, NR_read, r, BUF, 9000);
    }
    CHECK_EQ(total, 100000);
    CHECK_EQ(result(f, child), 100000);
    OK(f);
    fake_free(f);
}

static void vectors_and_bad_pointers(void)
{
    struct fake *f = fake_started();
    int64_t fd = sys_open(f, 0, "/tmp/v", O_RDWR_ | O_CREAT_, 0600);
    struct abi_iovec iov[4] = {{BUF + 1000, 3}, {0, 0}, {BUF + 2000, 4}, {8, 5}};
    put(f, 0, BUF + 1000, "abc", 3);
    put(f, 0, BUF + 2000, "defg", 4);
    put(f, 0, BUF, iov, sizeof(iov));
    CHECK_EQ(sys(f, 0, NR_writev, fd, BUF, 3), 7);
    CHECK_EQ(sys(f, 0, NR_writev, fd, BUF, 4), 7); /* short at the fault */
    CHECK_EQ(sys(f, 0, NR_writev, fd, BUF + 48, 1), -E_FAULT);
    CHECK_EQ(sys(f, 0, NR_writev, fd, 8, 1), -E_FAULT);
    CHECK_EQ(sys(f, 0, NR_writev, fd, BUF, 1025), -E_INVAL);
    CHECK_EQ(sys(f, 0, NR_readv, fd, BUF, 3), 0);
    CHECK_EQ(sys(f, 0, NR_lseek, fd, 1, SEEK_SET_), 1);
    iov[0].base = BUF + 3000;
    iov[2].base = BUF + 4000;
    put(f, 0, BUF, iov, sizeof(iov));
    CHECK_EQ(sys(f, 0, NR_readv, fd, BUF, 3), 7);
    char text[4];
    get(f, 0, BUF + 4000, text, 4);
    CHECK_BYTES(text, "efga", 4);
    iov[0].len = UINT64_MAX;
    put(f, 0, BUF, iov, sizeof(iov));
    CHECK_EQ(sys(f, 0, NR_readv, fd, BUF, 1), -E_INVAL);
    CHECK_EQ(sys(f, 0, NR_read, fd, BUF, UINT64_MAX), -E_INVAL);
    CHECK_EQ(sys(f, 0, NR_read, 9999, BUF, 1), -E_BADF);
    CHECK_EQ(sys(f, 0, NR_read, fd, UINT64_MAX - 3, 10), -E_FAULT);
    CHECK_EQ(sys(f, 0, NR_pread64, fd, UINT64_MAX - 3, 10, 14), 0); /* at the end of the file nothing is written */
    CHECK_EQ(sys(f, 0, NR_pread64, fd, UINT64_MAX - 3, 10, 0), -E_FAULT);
    CHECK_EQ(sys(f, 0, NR_pread64, fd, U(1) << 32 | BUF, 10, 0), -E_FAULT);
    CHECK_EQ(sys(f, 0, NR_pread64, fd, LINUX_ABI_BASE, 10, 0), -E_FAULT);
    CHECK_EQ(sys(f, 0, NR_pread64, fd, FAKE_TEXT, 10, 0), -E_FAULT); /* text is never written */
    CHECK_EQ(sys(f, 0, NR_openat, AT_CWD, 8, 0, 0), -E_FAULT);
    CHECK_EQ(sys(f, 0, NR_newfstatat, AT_CWD, ustr(f, 0, "/"), 8, 0), -E_FAULT);
    CHECK_EQ(sys(f, 0, NR_newfstatat, fd, ustr(f, 0, ""), BUF, AT_EMPTY_PATH_), 0);
    CHECK_EQ(sys(f, 0, NR_newfstatat, fd, ustr(f, 0, "x"), BUF, 0), -E_NOTDIR);
    CHECK_EQ(sys(f, 0, NR_newfstatat, 99, ustr(f, 0, "x"), BUF, 0), -E_BADF);
    CHECK_EQ(sys(f, 0, NR_newfstatat, AT_CWD, ustr(f, 0, ""), BUF, 0), -E_NOENT);
    CHECK_EQ(sys(f, 0, NR_newfstatat, AT_CWD, ustr(f, 0, "/"), BUF, 1), -E_INVAL);
    CHECK_EQ(sys(f, 0, NR_statx, AT_CWD, ustr(f, 0, "/etc/passwd"), 0, 0x7ff, BUF), 0);
    CHECK_EQ(get64(f, 0, BUF + 40), sizeof(fake_passwd) - 1);
    char path[4200];
    memset(path, '/', sizeof(path));
    path[4095] = '\0';
    CHECK_EQ(sys(f, 0, NR_chdir, (put(f, 0, BUF, path, 4096), BUF)), 0);
    path[4095] = '/';
    path[4199] = '\0';
    CHECK_EQ(sys(f, 0, NR_chdir, (put(f, 0, BUF, path, 4200), BUF)), -E_NAMETOOLONG);
    OK(f);
    fake_free(f);
}

static void descriptors_have_limits(void)
{
    struct fake *f = fake_started();
    int64_t fd = 0;
    for (uint32_t i = 3; i < LINUX_FDS_MAX; i++) {
        fd = sys(f, 0, NR_dup, 0);
        CHECK_EQ(fd, i);
    }
    CHECK_EQ(sys(f, 0, NR_dup, 0), -E_MFILE);
    CHECK_EQ(sys_open(f, 0, "/dev/null", O_RDONLY_, 0), -E_MFILE);
    CHECK_EQ(sys(f, 0, NR_pipe2, BUF, 0), -E_MFILE);
    CHECK_EQ(sys(f, 0, NR_dup3, 0, 256, 0), -E_BADF);
    CHECK_EQ(sys(f, 0, NR_dup3, 0, 0, 0), -E_INVAL);
    CHECK_EQ(sys(f, 0, NR_dup3, 0, 1, 7), -E_INVAL);
    CHECK_EQ(sys(f, 0, NR_dup3, 0, 100, O_CLOEXEC_), 100);
    CHECK_EQ(sys(f, 0, NR_fcntl, 100, FCNTL_GETFD, 0), 1);
    CHECK_EQ(sys(f, 0, NR_close_range, 10, 300, CLOSE_RANGE_CLOEXEC_), 0);
    CHECK_EQ(sys(f, 0, NR_fcntl, 255, FCNTL_GETFD, 0), 1);
    CHECK_EQ(sys(f, 0, NR_close_range, 3, UINT32_MAX, 0), 0);
    CHECK_EQ(sys(f, 0, NR_close_range, 3, 2, 0), -E_INVAL);
    CHECK_EQ(sys(f, 0, NR_dup, 0), 3);
    CHECK_EQ(sys(f, 0, NR_fcntl, 0, FCNTL_DUPFD_CLOEXEC, 70), 70);
    CHECK_EQ(sys(f, 0, NR_fcntl, 0, FCNTL_DUPFD, 256), -E_INVAL);
    CHECK_EQ(sys(f, 0, NR_fcntl, 99, FCNTL_GETFL, 0), -E_BADF);
    CHECK_EQ(sys(f, 0, NR_fcntl, 0, FCNTL_GETFL, 0), O_RDWR_ | O_LARGEFILE_);
    CHECK_EQ(sys(f, 0, NR_fcntl, 0, 999, BUF), -E_INVAL);
    uint64_t limit[2] = {20, LINUX_FDS_MAX};
    put(f, 0, BUF, limit, sizeof(limit));
    CHECK_EQ(sys(f, 0, NR_prlimit64, 0, RLIMIT_NOFILE_, BUF, BUF + 64), 0);
    CHECK_EQ(get64(f, 0, BUF + 64), LINUX_FDS_MAX);
    CHECK_EQ(sys(f, 0, NR_fcntl, 0, FCNTL_DUPFD, 20), -E_INVAL);
    limit[1] = LINUX_FDS_MAX + 1;
    put(f, 0, BUF, limit, sizeof(limit));
    CHECK_EQ(sys(f, 0, NR_prlimit64, 0, RLIMIT_NOFILE_, BUF, 0), -E_PERM);
    limit[0] = 999;
    limit[1] = 1;
    put(f, 0, BUF, limit, sizeof(limit));
    CHECK_EQ(sys(f, 0, NR_prlimit64, 0, RLIMIT_NOFILE_, BUF, 0), -E_INVAL);
    CHECK_EQ(sys(f, 0, NR_prlimit64, 0, 99, BUF, 0), -E_INVAL);
    CHECK_EQ(sys(f, 0, NR_prlimit64, 999, RLIMIT_NOFILE_, 0, BUF), -E_SRCH);
    OK(f);
    fake_free(f);
}

static void the_arena_can_be_full(void)
{
    struct fake *f = fake_started();
    int64_t fd = sys_open(f, 0, "/tmp/big", O_RDWR_ | O_CREAT_, 0600), total = 0, n;
    while ((n = sys(f, 0, NR_write, fd, BUF, 100000)) > 0) {
        total += n;
    }
    CHECK_EQ(n, -E_NOSPC);
    CHECK(total > (int64_t)(FAKE_MEMORY * 3 / 4));
    OK(f);
    /* Files cannot take what processes need. */
    int64_t pid;
    uint32_t child = fake_fork(f, 0, &pid);
    CHECK(pid > 0);
    CHECK_EQ(sys(f, child, NR_pipe2, BUF, 0), 0);
    CHECK_EQ(sys(f, child, NR_exit_group, 0), FAKE_GONE);
    uint32_t made = 0;
    char name[32];
    for (; made < 1000; made++) {
        snprintf(name, sizeof(name), "/tmp/f%u", made);
        n = sys_open(f, 0, name, O_RDONLY_ | O_CREAT_, 0600);
        if (n < 0) {
            break;
        }
        CHECK_EQ(sys(f, 0, NR_close, n), 0);
    }
    CHECK(n == -E_NOSPC || made == 1000);
    CHECK_EQ(sys(f, 0, NR_ftruncate, fd, 0), 0);
    CHECK(sys_open(f, 0, "/tmp/again", O_RDONLY_ | O_CREAT_, 0600) >= 0);
    OK(f);
    fake_free(f);
}

static void sparse_files_take_what_they_hold(void)
{
    struct fake *f = fake_started();
    struct abi_stat st;
    int64_t fd = sys_open(f, 0, "/tmp/sparse", O_RDWR_ | O_CREAT_, 0600);
    CHECK_EQ(sys(f, 0, NR_pwrite64, fd, ustr(f, 0, "end"), 3, LINUX_FILE_BYTES_MAX - 3), 3);
    CHECK_EQ(sys(f, 0, NR_pwrite64, fd, ustr(f, 0, "mid"), 3, U(1) << 30), 3);
    CHECK_EQ(sys(f, 0, NR_pwrite64, fd, ustr(f, 0, "x"), 1, LINUX_FILE_BYTES_MAX), -E_FBIG);
    CHECK_EQ(sys(f, 0, NR_ftruncate, fd, LINUX_FILE_BYTES_MAX + 1), -E_FBIG);
    CHECK_EQ(sys(f, 0, NR_fstat, fd, BUF), 0);
    get(f, 0, BUF, &st, sizeof(st));
    CHECK(st.size == (int64_t)LINUX_FILE_BYTES_MAX && st.blocks == 16);
    CHECK_EQ(sys(f, 0, NR_lseek, fd, 0, SEEK_DATA_), INT64_C(1) << 30);
    CHECK_EQ(sys(f, 0, NR_lseek, fd, INT64_C(1) << 30, SEEK_HOLE_), (INT64_C(1) << 30) + 4096);
    CHECK_EQ(sys(f, 0, NR_lseek, fd, (INT64_C(1) << 30) + 4096, SEEK_DATA_), (int64_t)LINUX_FILE_BYTES_MAX - 4096);
    CHECK_EQ(sys(f, 0, NR_lseek, fd, LINUX_FILE_BYTES_MAX, SEEK_DATA_), -E_NXIO);
    CHECK_EQ(sys(f, 0, NR_lseek, fd, 0, SEEK_HOLE_), 0);
    CHECK_EQ(sys(f, 0, NR_pread64, fd, BUF, 100, U(1) << 35), 100);
    CHECK_EQ(sys(f, 0, NR_ftruncate, fd, 5), 0);
    CHECK_EQ(sys(f, 0, NR_fallocate, fd, 0, 0, 10000), 0);
    CHECK_EQ(sys(f, 0, NR_fstat, fd, BUF), 0);
    get(f, 0, BUF, &st, sizeof(st));
    CHECK(st.size == 10000 && st.blocks == 24);
    CHECK_EQ(sys(f, 0, NR_fallocate, fd, 0, 0, INT64_C(1) << 34), -E_NOSPC); /* and takes nothing */
    CHECK_EQ(sys(f, 0, NR_fstat, fd, BUF), 0);
    get(f, 0, BUF, &st, sizeof(st));
    CHECK(st.size == 10000 && st.blocks == 24);
    CHECK_EQ(sys(f, 0, NR_fallocate, fd, 2, 0, 10), -E_OPNOTSUPP);
    CHECK_EQ(sys(f, 0, NR_fallocate, fd, 0, 0, 0), -E_INVAL);
    /* The file size limit of a process: a short write, then a signal. */
    uint64_t limit[2] = {10010, UINT64_MAX};
    put(f, 0, BUF, limit, sizeof(limit));
    CHECK_EQ(sys(f, 0, NR_prlimit64, 0, RLIMIT_FSIZE_, BUF, 0), 0);
    fake_action(f, 0, SIGXFSZ_, SIG_IGN_, 0, 0);
    CHECK_EQ(sys(f, 0, NR_pwrite64, fd, BUF, 100, 10000), 10);
    CHECK_EQ(sys(f, 0, NR_pwrite64, fd, BUF, 100, 10010), -E_FBIG);
    CHECK_EQ(sys(f, 0, NR_ftruncate, fd, 10011), -E_FBIG);
    OK(f);
    fake_free(f);
}

static void times_and_roots(void)
{
    struct fake *f = fake_started();
    struct abi_stat st;
    struct abi_timespec times[2] = {{100, UTIME_OMIT_}, {-5, 7}};
    int64_t fd = sys_open(f, 0, "/tmp/t", O_RDWR_ | O_CREAT_, 0600);
    CHECK_EQ(sys(f, 0, NR_fstat, fd, BUF), 0);
    get(f, 0, BUF, &st, sizeof(st));
    CHECK_EQ(st.mtime, 1700000005);
    put(f, 0, BUF + 256, times, sizeof(times));
    CHECK_EQ(sys(f, 0, NR_utimensat, fd, 0, BUF + 256, 0), 0);
    CHECK_EQ(sys(f, 0, NR_fstat, fd, BUF), 0);
    get(f, 0, BUF, &st, sizeof(st));
    CHECK(st.atime == 1700000005 && st.mtime == -5 && st.mtime_nsec == 7);
    times[0].nsec = 1000000000;
    put(f, 0, BUF + 256, times, sizeof(times));
    CHECK_EQ(sys(f, 0, NR_utimensat, fd, 0, BUF + 256, 0), -E_INVAL);
    CHECK_EQ(sys(f, 0, NR_utimensat, fd, 0, 8, 0), -E_FAULT);
    CHECK_EQ(sys(f, 0, NR_utimensat, 99, 0, 0, 0), -E_BADF);
    CHECK_EQ(sys(f, 0, NR_mkdirat, AT_CWD, ustr(f, 0, "/tmp/jail"), 0755), 0);
    CHECK_EQ(sys(f, 0, NR_chroot, ustr(f, 0, "/tmp/jail")), 0);
    CHECK_EQ(sys(f, 0, NR_getcwd, BUF, 100), -E_NOENT); /* it is outside */
    CHECK_EQ(sys(f, 0, NR_chdir, ustr(f, 0, "/")), 0);
    CHECK_EQ(sys(f, 0, NR_chdir, ustr(f, 0, "../../..")), 0);
    CHECK_EQ(sys(f, 0, NR_getcwd, BUF, 100), 2);
    CHECK_EQ(sys(f, 0, NR_getcwd, BUF, 1), -E_RANGE);
    CHECK_EQ(sys_open(f, 0, "/etc/passwd", O_RDONLY_, 0), -E_NOENT);
    CHECK_EQ(sys(f, 0, NR_mount, 0, ustr(f, 0, "/"), 0, 0, 0), -E_NODEV);
    OK(f);
    fake_free(f);
}

static void small_calls(void)
{
    struct fake *f = fake_started();
    char names[6 * 65];
    struct abi_statfs fs;
    struct abi_sysinfo info;
    CHECK_EQ(sys(f, 0, NR_uname, BUF), 0);
    get(f, 0, BUF, names, sizeof(names));
    CHECK(strcmp(names, "Linux") == 0 && strcmp(names + 65, "lx") == 0 && strcmp(names + 4 * 65, "aarch64") == 0);
    CHECK_EQ(sys(f, 0, NR_sethostname, ustr(f, 0, "new"), 3), 0);
    CHECK_EQ(sys(f, 0, NR_sethostname, BUF, 65), -E_INVAL);
    CHECK_EQ(sys(f, 0, NR_uname, BUF), 0);
    get(f, 0, BUF, names, sizeof(names));
    CHECK(strcmp(names + 65, "new") == 0);
    CHECK_EQ(sys(f, 0, NR_uname, 8), -E_FAULT);
    CHECK_EQ(sys(f, 0, NR_statfs, ustr(f, 0, "/proc"), BUF), 0);
    get(f, 0, BUF, &fs, sizeof(fs));
    CHECK_EQ(fs.type, PROC_MAGIC_);
    CHECK_EQ(sys(f, 0, NR_statfs, ustr(f, 0, "/tmp"), BUF), 0);
    get(f, 0, BUF, &fs, sizeof(fs));
    CHECK(fs.type == TMPFS_MAGIC_ && fs.bfree > 0 && fs.bfree < fs.blocks);
    CHECK_EQ(sys(f, 0, NR_sysinfo, BUF), 0);
    get(f, 0, BUF, &info, sizeof(info));
    f->now_ns += 1; /* a part of a second counts as one */
    CHECK_EQ(sys(f, 0, NR_sysinfo, BUF), 0);
    CHECK(info.uptime == 5 && get64(f, 0, BUF) == 6 && info.procs == 1 && info.totalram > info.freeram);
    CHECK_EQ(sys(f, 0, NR_syslog, 10, 0, 0), 4096);
    CHECK_EQ(sys(f, 0, NR_syslog, 99, 0, 0), -E_INVAL);
    CHECK_EQ(sys(f, 0, NR_umask, 077), 022);
    CHECK_EQ(sys(f, 0, NR_prctl, PR_SET_NAME_, ustr(f, 0, "a name that is too long")), 0);
    CHECK_EQ(sys(f, 0, NR_prctl, PR_GET_NAME_, BUF), 0);
    get(f, 0, BUF, names, 16);
    CHECK(strcmp(names, "a name that is ") == 0);
    CHECK_EQ(sys(f, 0, NR_prctl, 999, 0), -E_INVAL);
    CHECK_EQ(sys(f, 0, NR_clock_gettime, CLOCK_MONOTONIC_, BUF), 0);
    CHECK_EQ(get64(f, 0, BUF), 5);
    CHECK_EQ(sys(f, 0, NR_clock_gettime, CLOCK_REALTIME_, BUF), 0);
    CHECK_EQ(get64(f, 0, BUF), 1700000005);
    CHECK_EQ(sys(f, 0, NR_clock_gettime, 99, BUF), -E_INVAL);
    f->threads[0].cpu_ns = 1250000000;
    CHECK_EQ(sys(f, 0, NR_clock_gettime, CLOCK_PROCESS_CPUTIME_, BUF), 0);
    CHECK(get64(f, 0, BUF) == 1 && get64(f, 0, BUF + 8) == 250000000);
    CHECK_EQ(sys(f, 0, NR_times, BUF), 500);
    CHECK_EQ(get64(f, 0, BUF), 125);
    CHECK_EQ(sys(f, 0, NR_getrusage, 0, BUF), 0);
    CHECK_EQ(get64(f, 0, BUF), 1);
    CHECK_EQ(sys(f, 0, NR_getrusage, 7, BUF), -E_INVAL);
    CHECK_EQ(sys(f, 0, NR_set_robust_list, BUF, 24), 0);
    CHECK_EQ(sys(f, 0, NR_set_tid_address, BUF), 1);
    CHECK_EQ(sys(f, 0, NR_fsync, 0), -E_INVAL);
    CHECK_EQ(sys(f, 0, NR_getrandom, BUF, 8, 1), 8);
    CHECK_EQ(sys(f, 0, NR_getrandom, BUF, 8, 8), -E_INVAL);
    OK(f);
    fake_free(f);
}

static const struct unit_case cases[] = {
    {"package files are read as verified", package_files_read_as_verified},
    {"package files can be changed page by page", package_files_can_be_changed},
    {"/proc shows processes and the system", proc_shows_processes},
    {"links under /proc lead to what they stand for", proc_links_lead_there},
    {"holes of a mapped file cost nothing", holes_of_a_mapped_file_cost_nothing},
    {"other users see and change less", other_users_see_less},
    {"/lx shows views and what was refused", views_and_counts},
    {"devices do their work", devices_do_their_work},
    {"sendfile moves bytes, and waits for a full pipe", sendfile_moves_without_the_program},
    {"vectors, and pointers that lead nowhere", vectors_and_bad_pointers},
    {"descriptors have limits", descriptors_have_limits},
    {"the arena can be full", the_arena_can_be_full},
    {"sparse files take what they hold", sparse_files_take_what_they_hold},
    {"times, chroot and mounts", times_and_roots},
    {"small calls", small_calls},
};

int main(void)
{
    return UNIT_MAIN(cases);
}
