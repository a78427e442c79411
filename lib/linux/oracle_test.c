/* SPDX-License-Identifier: MIT */
/*
 * Shows: file system calls give what the Linux underneath gives. Random sequences of calls run on both, in a directory of
 * the host and in ours; each result, error, attribute and listing is compared. The seed of a difference is printed.
 */
#include "fake_env.h"
#include "unit.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define DEPTH 12u /* directories above the one that is used, so that ".." stays among equals */
#define FDS 6u
#define OPS_A_SEED 400u
#define SEEDS 60u

struct pair {
    struct fake *f;
    uint32_t t;
    int host_fd[FDS];
    int64_t our_fd[FDS];
    int host_root;
    int64_t our_root;
    char host_base[512], our_base[64];
    uint64_t state;
    char what[400];
    bool differs;
    bool on_volume;
};

static uint32_t pick(struct pair *p, uint32_t n)
{
    p->state = p->state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(p->state >> 33) % n;
}

static int64_t host(long value)
{
    return value < 0 ? -errno : value;
}

static void compare(struct pair *p, int64_t ours, int64_t hosts, const char *which)
{
    if (getenv("ORACLE_SEED") != NULL) {
        printf("# %s: %s is %lld\n", p->what, which, (long long)ours);
    }
    if (ours != hosts && !p->differs) {
        p->differs = true;
        printf("# %s: %s is %lld here, %lld on the host\n", p->what, which, (long long)ours, (long long)hosts);
    }
}

/** A path of up to three names, some of them special. */
static void random_path(struct pair *p, char *out)
{
    static const char *const names[] = {"a", "b", "c", "a", "b", "c", ".", "..", "x"};
    uint32_t count = pick(p, 40) == 0 ? 0 : 1 + pick(p, 3);
    out[0] = '\0';
    for (uint32_t i = 0; i < count; i++) {
        strcat(out, i > 0 ? (pick(p, 20) == 0 ? "//" : "/") : "");
        strcat(out, names[pick(p, i == 0 ? 7 : 9)]);
    }
    if (count > 0 && pick(p, 12) == 0) {
        strcat(out, "/");
    }
    if (pick(p, 200) == 0) {
        memset(out, 'n', 256);
        out[256] = '\0';
    }
}

static const uint32_t modes[] = {0777, 0755, 0644, 0700, 0600, 0500, 0400, 0300, 0000, 01777, 02755, 04755, 07777};

static uint32_t random_mode(struct pair *p)
{
    return pick(p, 3) != 0 ? 0755 : modes[pick(p, ARRAY_LEN(modes))];
}

static uint64_t user_path(struct pair *p, const char *path)
{
    return ustr(p->f, p->t, path);
}

/* ---- one function a call: makes it on both sides ----------------------------------------------------------------- */

/* Flags differ between the host's architecture and ours; these have the same meaning. */
static const struct {
    uint32_t ours;
    int hosts;
} flag_pairs[] = {{O_CREAT_, O_CREAT}, {O_EXCL_, O_EXCL},           {O_TRUNC_, O_TRUNC},
                  {O_APPEND_, O_APPEND}, {O_DIRECTORY_, O_DIRECTORY}, {O_NOFOLLOW_, O_NOFOLLOW}};

static void do_open(struct pair *p)
{
    char path[300];
    uint32_t slot = pick(p, FDS), mode = random_mode(p), access = pick(p, 3), ours = access | O_NONBLOCK_;
    int hosts = (int)access | O_NONBLOCK;
    random_path(p, path);
    if (p->host_fd[slot] >= 0) {
        return;
    }
    for (size_t i = 0; i < ARRAY_LEN(flag_pairs); i++) {
        bool on = pick(p, i == 0 ? 2 : 6) == 0;
        if (on && !(flag_pairs[i].hosts == O_DIRECTORY && (hosts & O_CREAT) != 0)) {
            ours |= flag_pairs[i].ours;
            hosts |= flag_pairs[i].hosts;
        }
    }
    snprintf(p->what, sizeof(p->what), "open(\"%.260s\", 0%o, 0%o)", path, ours, mode);
    p->our_fd[slot] = sys(p->f, p->t, NR_openat, AT_CWD, user_path(p, path), ours, mode);
    p->host_fd[slot] = open(path, hosts, mode);
    int64_t fd = host(p->host_fd[slot]);
    compare(p, p->our_fd[slot] < 0 ? p->our_fd[slot] : 0, fd < 0 ? fd : 0, "the result");
}

static void do_close(struct pair *p)
{
    uint32_t slot = pick(p, FDS);
    snprintf(p->what, sizeof(p->what), "close");
    if (p->host_fd[slot] >= 0) {
        compare(p, sys(p->f, p->t, NR_close, p->our_fd[slot]), host(close(p->host_fd[slot])), "the result");
        p->host_fd[slot] = -1;
    }
}

static void do_transfer(struct pair *p)
{
    uint8_t ours[5000], hosts[5000];
    uint32_t slot = pick(p, FDS), len = pick(p, 8) == 0 ? pick(p, 5000) : pick(p, 20), kind = pick(p, 4);
    int64_t at = pick(p, 3) == 0 ? pick(p, 9000) : (int64_t)pick(p, 12) - 1;
    int fd = p->host_fd[slot];
    for (uint32_t i = 0; i < len; i++) {
        hosts[i] = (uint8_t)pick(p, 256);
    }
    put(p->f, p->t, BUF, hosts, len);
    static const uint64_t numbers[] = {NR_read, NR_write, NR_pread64, NR_pwrite64};
    snprintf(p->what, sizeof(p->what), "%s of %u at %lld", kind % 2 == 0 ? "read" : "write", len, (long long)at);
    int64_t r = sys(p->f, p->t, numbers[kind], fd < 0 ? -1 : p->our_fd[slot], BUF, len, at);
    long h = kind == 0   ? read(fd, hosts, len)
             : kind == 1 ? write(fd, hosts, len)
             : kind == 2 ? pread(fd, hosts, len, at)
                         : pwrite(fd, hosts, len, at);
    compare(p, r, host(h), "the result");
    if (r > 0 && kind % 2 == 0 && !p->differs) {
        get(p->f, p->t, BUF, ours, (size_t)r);
        compare(p, memcmp(ours, hosts, (size_t)r), 0, "what was read");
    }
}

static void do_seek(struct pair *p)
{
    uint32_t slot = pick(p, FDS), whence = pick(p, 6);
    int64_t offset = (int64_t)pick(p, 10000) - 1000;
    static const int same[] = {SEEK_SET, SEEK_CUR, SEEK_END, SEEK_DATA, SEEK_HOLE, 77};
    struct stat st;
    /* Where a directory's end is, and how a sparse file was laid out, is up to each file system. */
    if (fstat(p->host_fd[slot], &st) != 0 || S_ISDIR(st.st_mode) || whence == 3 || whence == 4) {
        return;
    }
    snprintf(p->what, sizeof(p->what), "lseek(%lld, %u)", (long long)offset, whence);
    compare(p, sys(p->f, p->t, NR_lseek, p->our_fd[slot], offset, whence == 5 ? 77 : whence),
            host(lseek(p->host_fd[slot], offset, same[whence])), "the result");
}

static void compare_stat(struct pair *p, const struct abi_stat *ours, const struct stat *hosts)
{
    compare(p, ours->mode, hosts->st_mode, "the mode");
    compare(p, ours->nlink, (int64_t)hosts->st_nlink, "the link count");
    compare(p, ours->uid, hosts->st_uid, "the owner");
    if (!S_ISDIR(hosts->st_mode)) {
        compare(p, ours->size, hosts->st_size, "the size");
    }
}

static void do_stat(struct pair *p)
{
    char path[300];
    struct stat st;
    struct abi_stat ours;
    bool follows = pick(p, 2) == 0;
    random_path(p, path);
    snprintf(p->what, sizeof(p->what), "%s(\"%.260s\")", follows ? "stat" : "lstat", path);
    int64_t r = sys(p->f, p->t, NR_newfstatat, AT_CWD, user_path(p, path), BUF, follows ? 0 : AT_SYMLINK_NOFOLLOW_);
    int64_t h = host(follows ? stat(path, &st) : lstat(path, &st));
    compare(p, r, h, "the result");
    if (r == 0 && h == 0) {
        get(p->f, p->t, BUF, &ours, sizeof(ours));
        compare_stat(p, &ours, &st);
    }
}

static void do_fstat(struct pair *p)
{
    struct stat st;
    struct abi_stat ours;
    uint32_t slot = pick(p, FDS);
    snprintf(p->what, sizeof(p->what), "fstat");
    if (p->host_fd[slot] >= 0 && fstat(p->host_fd[slot], &st) == 0) {
        compare(p, sys(p->f, p->t, NR_fstat, p->our_fd[slot], BUF), 0, "the result");
        get(p->f, p->t, BUF, &ours, sizeof(ours));
        compare_stat(p, &ours, &st);
    }
}

enum one_path { MKDIR, RMDIR, UNLINK, CHMOD, ACCESS, TRUNCATE, CHDIR, MKFIFO, UTIMES, ONE_PATHS };

static void do_one_path(struct pair *p)
{
    char path[300];
    static const char *const names[] = {"mkdir", "rmdir", "unlink", "chmod", "access", "truncate", "chdir", "mkfifo", "utimes"};
    struct timespec times[2] = {{1000, 5}, {2000, 6}};
    enum one_path call = (enum one_path)pick(p, ONE_PATHS);
    uint32_t mode = random_mode(p), bits = pick(p, 8), len = pick(p, 9000);
    random_path(p, path);
    snprintf(p->what, sizeof(p->what), "%s(\"%.260s\", 0%o, %u, %u)", names[call], path, mode, bits, len);
    uint64_t at = user_path(p, path);
    int64_t r = 0, h = 0;
    put(p->f, p->t, BUF, times, sizeof(times));
    switch (call) {
    case MKDIR:
        r = sys(p->f, p->t, NR_mkdirat, AT_CWD, at, mode);
        h = host(mkdir(path, mode));
        break;
    case RMDIR:
        r = sys(p->f, p->t, NR_unlinkat, AT_CWD, at, AT_REMOVEDIR_);
        h = host(rmdir(path));
        break;
    case UNLINK:
        r = sys(p->f, p->t, NR_unlinkat, AT_CWD, at, 0);
        h = host(unlink(path));
        break;
    case CHMOD:
        r = sys(p->f, p->t, NR_fchmodat, AT_CWD, at, mode);
        h = host(chmod(path, mode));
        break;
    case ACCESS:
        r = sys(p->f, p->t, NR_faccessat, AT_CWD, at, bits);
        h = host(access(path, (int)bits));
        break;
    case TRUNCATE:
        r = sys(p->f, p->t, NR_truncate, at, len);
        h = host(truncate(path, len));
        break;
    case CHDIR:
        r = sys(p->f, p->t, NR_chdir, at);
        h = host(chdir(path));
        break;
    case MKFIFO:
        r = sys(p->f, p->t, NR_mknodat, AT_CWD, at, S_IFIFO_ | mode, 0);
        h = host(mkfifo(path, mode));
        break;
    case UTIMES:
        r = sys(p->f, p->t, NR_utimensat, AT_CWD, at, bits < 4 ? BUF : 0, 0);
        h = host(utimensat(AT_FDCWD, path, bits < 4 ? times : NULL, 0));
        break;
    case ONE_PATHS:
        break;
    }
    compare(p, r, h, "the result");
}

enum two_paths { RENAME, LINK, LINK_FOLLOW, SYMLINK, NOREPLACE, EXCHANGE, TWO_PATHS };

static void do_two_paths(struct pair *p)
{
    char from[300], to[300];
    static const char *const names[] = {"rename", "link", "link following", "symlink", "rename keeping",
                                        "rename exchanging"};
    enum two_paths call = (enum two_paths)pick(p, p->on_volume ? TWO_PATHS : EXCHANGE);
    random_path(p, from);
    random_path(p, to);
    snprintf(p->what, sizeof(p->what), "%s(\"%.180s\", \"%.180s\")", names[call], from, to);
    uint64_t a = user_path(p, from), b = user_path(p, to);
    int64_t r = 0, h = 0;
    switch (call) {
    case RENAME:
        r = sys(p->f, p->t, NR_renameat, AT_CWD, a, AT_CWD, b);
        h = host(rename(from, to));
        break;
    case LINK:
    case LINK_FOLLOW:
        r = sys(p->f, p->t, NR_linkat, AT_CWD, a, AT_CWD, b, call == LINK ? 0 : AT_SYMLINK_FOLLOW_);
        h = host(linkat(AT_FDCWD, from, AT_FDCWD, to, call == LINK ? 0 : AT_SYMLINK_FOLLOW));
        break;
    case SYMLINK:
        r = sys(p->f, p->t, NR_symlinkat, a, AT_CWD, b);
        h = host(symlink(from, to));
        break;
    case NOREPLACE:
        r = sys(p->f, p->t, NR_renameat2, AT_CWD, a, AT_CWD, b, RENAME_NOREPLACE_);
        h = host(syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 1));
        break;
    case EXCHANGE:
        r = sys(p->f, p->t, NR_renameat2, AT_CWD, a, AT_CWD, b, RENAME_EXCHANGE_);
        h = host(syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 2));
        break;
    case TWO_PATHS:
        break;
    }
    compare(p, r, h, "the result");
}

static void do_readlink(struct pair *p)
{
    char path[300], ours[64] = "", hosts[64] = "";
    uint32_t cap = 1 + pick(p, sizeof(ours) - 1);
    random_path(p, path);
    snprintf(p->what, sizeof(p->what), "readlink(\"%.260s\")", path);
    int64_t r = sys(p->f, p->t, NR_readlinkat, AT_CWD, user_path(p, path), BUF, cap);
    compare(p, r, host(readlink(path, hosts, cap)), "the result");
    if (r > 0 && !p->differs) {
        get(p->f, p->t, BUF, ours, (size_t)r);
        compare(p, memcmp(ours, hosts, (size_t)r), 0, "the target");
    }
}

/** Sums up a listing so that its order does not matter. */
static uint64_t name_sum(const char *name, uint32_t type)
{
    uint64_t hash = 14695981039346656037u + type;
    for (; *name != '\0'; name++) {
        hash = (hash ^ (uint8_t)*name) * 1099511628211u;
    }
    return hash;
}

static void do_list(struct pair *p)
{
    char path[300];
    uint8_t bytes[128];
    uint64_t ours = 0, hosts = 0;
    random_path(p, path);
    snprintf(p->what, sizeof(p->what), "listing of \"%.260s\"", path);
    int64_t fd = sys(p->f, p->t, NR_openat, AT_CWD, user_path(p, path), O_DIRECTORY_, 0);
    DIR *dir = opendir(path);
    compare(p, fd < 0 ? fd : 0, dir == NULL ? -errno : 0, "the result");
    if (fd < 0 || dir == NULL) {
        return;
    }
    int64_t used;
    while ((used = sys(p->f, p->t, NR_getdents64, fd, BUF, sizeof(bytes))) > 0) {
        get(p->f, p->t, BUF, bytes, (size_t)used);
        for (int64_t at = 0; at < used; at += le16_load(bytes + at + 16)) {
            ours += name_sum((const char *)bytes + at + DIRENT_HEAD_BYTES, bytes[at + 18]);
        }
    }
    for (struct dirent *d = readdir(dir); d != NULL; d = readdir(dir)) {
        hosts += name_sum(d->d_name, d->d_type);
    }
    compare(p, used, 0, "the end of the listing");
    compare(p, (int64_t)ours, (int64_t)hosts, "the set of names");
    CHECK_EQ(sys(p->f, p->t, NR_close, fd), 0);
    closedir(dir);
}

static void do_getcwd(struct pair *p)
{
    char ours[512] = "", hosts[512] = "";
    snprintf(p->what, sizeof(p->what), "getcwd");
    int64_t r = sys(p->f, p->t, NR_getcwd, BUF, sizeof(ours));
    long h = syscall(SYS_getcwd, hosts, sizeof(hosts));
    compare(p, r < 0 ? r : 0, h < 0 ? -errno : 0, "the result");
    if (r > 0 && h > 0) {
        get(p->f, p->t, BUF, ours, (size_t)r);
        size_t a = strlen(p->our_base), b = strlen(p->host_base);
        bool inside = strncmp(ours, p->our_base, a) == 0 && strncmp(hosts, p->host_base, b) == 0;
        compare(p, inside ? strcmp(ours + a, hosts + b) : 0, 0, "the path");
    }
}

static void do_small(struct pair *p)
{
    uint32_t slot = pick(p, FDS), len = pick(p, 9000), mask = random_mode(p);
    switch (pick(p, 4)) {
    case 0:
        snprintf(p->what, sizeof(p->what), "fchdir to the start");
        compare(p, sys(p->f, p->t, NR_fchdir, p->our_root), host(fchdir(p->host_root)), "the result");
        return;
    case 1:
        snprintf(p->what, sizeof(p->what), "ftruncate(%u)", len);
        if (p->host_fd[slot] >= 0) {
            compare(p, sys(p->f, p->t, NR_ftruncate, p->our_fd[slot], len), host(ftruncate(p->host_fd[slot], len)), "the result");
        }
        return;
    case 2:
        mask = pick(p, 2) == 0 ? 022 : mask & 0777 & ~0700u;
        snprintf(p->what, sizeof(p->what), "umask(0%o)", mask);
        compare(p, sys(p->f, p->t, NR_umask, mask), (int64_t)umask(mask), "the old mask");
        return;
    default:
        do_getcwd(p);
        return;
    }
}

static void step(struct pair *p)
{
    static void (*const steps[])(struct pair *) = {do_open,     do_open,     do_close, do_transfer,  do_transfer, do_seek,
                                                   do_stat,     do_stat,     do_fstat, do_one_path,  do_one_path, do_one_path,
                                                   do_one_path, do_two_paths, do_two_paths, do_readlink, do_list,     do_small};
    steps[pick(p, ARRAY_LEN(steps))](p);
}

/* ---- the surroundings -------------------------------------------------------------------------------------------- */

/** Makes /BASE/r/r/.../r on both sides, owned by this user, and goes there. */
static bool set_up(struct pair *p, uint32_t uid, uint64_t seed)
{
    const char *top = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    snprintf(p->host_base, sizeof(p->host_base), "%s/lx-oracle-%d-%llu", top, (int)getpid(), (unsigned long long)seed);
    umask(022);
    if (mkdir(p->host_base, 0755) != 0 || chdir(p->host_base) != 0) {
        return false;
    }
    CHECK_EQ(sys(p->f, p->t, NR_mkdirat, AT_CWD, ustr(p->f, p->t, p->our_base), 0755), 0);
    CHECK_EQ(sys(p->f, p->t, NR_fchownat, AT_CWD, ustr(p->f, p->t, p->our_base), uid, uid, 0), 0);
    CHECK_EQ(sys(p->f, p->t, NR_chdir, ustr(p->f, p->t, p->our_base)), 0);
    fake_action(p->f, p->t, SIGPIPE_, SIG_IGN_, 0, 0);
    fake_action(p->f, p->t, SIGXFSZ_, SIG_IGN_, 0, 0);
    CHECK_EQ(sys(p->f, p->t, NR_setgroups, 0, 0), 0);
    CHECK_EQ(sys(p->f, p->t, NR_setgid, uid), 0);
    CHECK_EQ(sys(p->f, p->t, NR_setuid, uid), 0);
    for (uint32_t i = 0; i < DEPTH; i++) {
        if (mkdir("r", 0755) != 0 || chdir("r") != 0) {
            return false;
        }
        CHECK_EQ(sys(p->f, p->t, NR_mkdirat, AT_CWD, ustr(p->f, p->t, "r"), 0755), 0);
        CHECK_EQ(sys(p->f, p->t, NR_chdir, ustr(p->f, p->t, "r")), 0);
    }
    p->host_root = open(".", O_RDONLY | O_DIRECTORY);
    p->our_root = sys(p->f, p->t, NR_openat, AT_CWD, ustr(p->f, p->t, "."), O_DIRECTORY_, 0);
    return p->host_root >= 0 && p->our_root >= 0;
}

static void remove_host_tree(const struct pair *p)
{
    char command[700];
    snprintf(command, sizeof(command), "chmod -R u+rwx '%s' 2>/dev/null; rm -rf '%s'", p->host_base, p->host_base);
    CHECK(chdir("/") == 0 && system(command) == 0);
}

static bool run_seed(uint64_t seed, uint32_t uid, bool on_volume)
{
    struct fake_volume *volume = on_volume ? fake_volume_new() : NULL;
    struct pair p = {.f = fake_started_on(volume), .state = seed * 7919 + 1, .on_volume = on_volume};
    int64_t pid;
    snprintf(p.our_base, sizeof(p.our_base), "%s", on_volume ? "/base" : "/tmp/base");
    p.t = fake_fork(p.f, 0, &pid);
    for (uint32_t i = 0; i < FDS; i++) {
        p.host_fd[i] = -1;
    }
    if (!set_up(&p, uid, seed)) {
        printf("# cannot set up %s: %s\n", p.host_base, strerror(errno));
        fake_free(p.f);
        return false;
    }
    uint32_t i = 0;
    for (; i < OPS_A_SEED && !p.differs; i++) {
        step(&p);
    }
    if (p.differs) {
        printf("# at step %u of seed %llu%s\n", i, (unsigned long long)seed, on_volume ? ", on the volume" : "");
    }
    const char *broken = linux_invariant(p.f->system);
    if (broken != NULL) {
        printf("# broken: %s\n", broken);
    }
    for (uint32_t slot = 0; slot < FDS; slot++) {
        if (p.host_fd[slot] >= 0) {
            close(p.host_fd[slot]);
        }
    }
    close(p.host_root);
    remove_host_tree(&p);
    fake_free(p.f);
    if (on_volume) {
        fake_volume_free(volume);
    }
    return !p.differs && broken == NULL;
}

static void file_calls_agree(void)
{
    uint32_t uid = getuid();
    CHECK(signal(SIGPIPE, SIG_IGN) != SIG_ERR);
    if (uid == 0) { /* root may do everything, so another user shows more */
        uid = 12345;
        CHECK(setgroups(0, NULL) == 0 && setresgid(uid, uid, uid) == 0 && setresuid(uid, uid, uid) == 0);
    }
    const char *first = getenv("ORACLE_SEED");
    uint64_t from = first == NULL ? 1 : strtoull(first, NULL, 10), count = first == NULL ? SEEDS : 1;
    for (uint64_t seed = from; seed < from + count; seed++) {
        CHECK(run_seed(seed, uid, false));
        CHECK(run_seed(seed, uid, true));
    }
}

static const struct unit_case cases[] = {
    {"random file system calls agree with the host's", file_calls_agree},
};

int main(void)
{
    return UNIT_MAIN(cases);
}
