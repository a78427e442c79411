/* SPDX-License-Identifier: MIT */
/* Shows: what is special when files are on a volume: they outlive the system, programs are known by their contents, memory for what is
   remembered is bounded, and a disk that fails harms nothing else. That calls do what Linux does is shown by oracle_test. */
#include "fake_env.h"
#include "unit.h"

#include "core.h"

#define OK(f) CHECK(linux_invariant((f)->system) == NULL)

static void write_file(struct fake *f, const char *path, const void *bytes, size_t len)
{
    int64_t fd = sys_open(f, 0, path, O_WRONLY_ | O_CREAT_ | O_TRUNC_, 0755);
    CHECK(fd >= 0);
    put(f, 0, BUF, bytes, len);
    CHECK_EQ(sys(f, 0, NR_write, fd, BUF, len), (int64_t)len);
    CHECK_EQ(sys(f, 0, NR_close, fd), 0);
}

/** @return the length, or an error. */
static int64_t read_file(struct fake *f, const char *path, char *out, size_t cap)
{
    int64_t fd = sys_open(f, 0, path, O_RDONLY_, 0);
    if (fd < 0) {
        return fd;
    }
    int64_t len = sys(f, 0, NR_read, fd, BUF, cap - 1);
    if (len >= 0) {
        get(f, 0, BUF, out, (size_t)len);
        out[len] = '\0';
    }
    CHECK_EQ(sys(f, 0, NR_close, fd), 0);
    return len;
}

/** The system ends without a word; the next one finds what is on the disk. */
static struct fake *power_cut(struct fake *f)
{
    struct fake_volume *v = f->volume;
    OK(f);
    fake_free(f);
    CHECK(fake_volume_open(v));
    return fake_started_on(v);
}

static void finish(struct fake *f)
{
    struct fake_volume *v = f->volume;
    OK(f);
    fake_free(f);
    fake_volume_free(v);
}

static struct fake *begin(void)
{
    return fake_started_on(fake_volume_new());
}

/* ---- what stays -------------------------------------------------------------------------------------------------- */

static void files_outlive_the_system(void)
{
    struct fake *f = begin();
    char text[64], target[16];
    struct abi_stat st;
    write_file(f, "/root/note", "remember", 8);
    CHECK_EQ(sys(f, 0, NR_linkat, AT_CWD, ustr(f, 0, "/root/note"), AT_CWD, ustr(f, 0, "/root/again"), 0), 0);
    CHECK_EQ(sys(f, 0, NR_symlinkat, ustr(f, 0, "note"), AT_CWD, ustr(f, 0, "/root/soft")), 0);
    CHECK_EQ(sys(f, 0, NR_mknodat, AT_CWD, ustr(f, 0, "/root/fifo"), S_IFIFO_ | 0600, 0), 0);
    CHECK_EQ(sys(f, 0, NR_fchmodat, AT_CWD, ustr(f, 0, "/root/note"), 0640), 0);
    CHECK_EQ(sys(f, 0, NR_fchownat, AT_CWD, ustr(f, 0, "/root/note"), 7, 8, 0), 0);
    write_file(f, "/tmp/gone", "x", 1);
    int64_t fd = sys_open(f, 0, "/root", O_RDONLY_ | O_DIRECTORY_, 0);
    CHECK_EQ(sys(f, 0, NR_fsync, fd), 0);
    write_file(f, "/root/unsynced", "x", 1);
    f = power_cut(f);
    CHECK_EQ(read_file(f, "/root/soft", text, sizeof(text)), 8);
    CHECK(strcmp(text, "remember") == 0);
    CHECK_EQ(sys(f, 0, NR_newfstatat, AT_CWD, ustr(f, 0, "/root/again"), BUF, 0), 0);
    get(f, 0, BUF, &st, sizeof(st));
    CHECK(st.mode == (S_IFREG_ | 0640) && st.uid == 7 && st.gid == 8 && st.nlink == 2 && st.size == 8);
    CHECK_EQ(sys(f, 0, NR_readlinkat, AT_CWD, ustr(f, 0, "/root/soft"), BUF, 16), 4);
    get(f, 0, BUF, target, 4);
    CHECK_BYTES(target, "note", 4);
    CHECK_EQ(sys(f, 0, NR_newfstatat, AT_CWD, ustr(f, 0, "/root/fifo"), BUF, 0), 0);
    CHECK_EQ(read_file(f, "/tmp/gone", text, sizeof(text)), -E_NOENT);
    CHECK_EQ(read_file(f, "/root/unsynced", text, sizeof(text)), -E_NOENT);
    finish(f);
}

static void a_synchronous_write_is_there(void)
{
    struct fake *f = begin();
    char text[64];
    int64_t fd = sys_open(f, 0, "/log", O_WRONLY_ | O_CREAT_ | O_DSYNC_, 0644);
    CHECK_EQ(sys(f, 0, NR_write, fd, ustr(f, 0, "one\n"), 4), 4);
    f = power_cut(f);
    CHECK_EQ(read_file(f, "/log", text, sizeof(text)), 4);
    finish(f);
}

static void an_open_file_lives_without_a_name(void)
{
    struct fake *f = begin();
    char text[8];
    write_file(f, "/a", "first", 5);
    write_file(f, "/b", "other", 5);
    int64_t a = sys_open(f, 0, "/a", O_RDWR_, 0), b = sys_open(f, 0, "/b", O_RDONLY_, 0);
    CHECK_EQ(sys(f, 0, NR_unlinkat, AT_CWD, ustr(f, 0, "/a"), 0), 0);
    write_file(f, "/a", "new", 3);
    CHECK_EQ(sys(f, 0, NR_renameat, AT_CWD, ustr(f, 0, "/a"), AT_CWD, ustr(f, 0, "/b")), 0);
    OK(f);
    CHECK_EQ(sys(f, 0, NR_pwrite64, a, ustr(f, 0, "F"), 1, 0), 1);
    CHECK_EQ(sys(f, 0, NR_pread64, a, BUF, 8, 0), 5);
    get(f, 0, BUF, text, 5);
    CHECK_BYTES(text, "First", 5);
    CHECK_EQ(sys(f, 0, NR_pread64, b, BUF, 8, 0), 5);
    CHECK_EQ(read_file(f, "/b", text, sizeof(text)), 3);
    /* A directory that a process is in. */
    CHECK_EQ(sys(f, 0, NR_mkdirat, AT_CWD, ustr(f, 0, "/d"), 0755), 0);
    CHECK_EQ(sys(f, 0, NR_chdir, ustr(f, 0, "/d")), 0);
    CHECK_EQ(sys(f, 0, NR_unlinkat, AT_CWD, ustr(f, 0, "/d"), AT_REMOVEDIR_), 0);
    CHECK_EQ(sys_open(f, 0, "x", O_WRONLY_ | O_CREAT_, 0644), -E_NOENT);
    CHECK_EQ(sys(f, 0, NR_chdir, ustr(f, 0, "..")), 0);
    CHECK_EQ(sys(f, 0, NR_close, a), 0);
    CHECK_EQ(sys(f, 0, NR_close, b), 0);
    OK(f);
    struct lxfs_stats stats;
    struct fake_volume *v = f->volume;
    CHECK_EQ(sys(f, 0, NR_sync, 0), 0);
    f = power_cut(f);
    lxfs_stats(v->fs, &stats);
    CHECK_EQ(stats.freed_orphans, 0); /* they were given back when they were closed */
    finish(f);
}

static void a_file_can_be_made_without_a_name(void)
{
    for (uint32_t on_tmp = 0; on_tmp < 2; on_tmp++) {
        struct fake *f = begin();
        const char *dir = on_tmp != 0 ? "/tmp" : "/root", *path = on_tmp != 0 ? "/tmp/named" : "/root/named";
        char link[40], text[8];
        uint32_t flags = O_TMPFILE_ | O_DIRECTORY_;
        CHECK_EQ(sys_open(f, 0, dir, flags, 0600), -E_INVAL);
        CHECK_EQ(sys_open(f, 0, dir, flags | O_RDWR_ | O_CREAT_, 0600), -E_INVAL);
        CHECK_EQ(sys_open(f, 0, "/etc/passwd", flags | O_RDWR_, 0600), -E_NOTDIR);
        CHECK_EQ(sys_open(f, 0, "/proc", flags | O_RDWR_, 0600), -E_OPNOTSUPP);
        int64_t fd = sys_open(f, 0, dir, flags | O_RDWR_, 0600);
        CHECK(fd >= 0);
        CHECK_EQ(sys(f, 0, NR_write, fd, ustr(f, 0, "inside"), 6), 6);
        OK(f);
        snprintf(link, sizeof(link), "/proc/self/fd/%d", (int)fd);
        CHECK_EQ(sys(f, 0, NR_linkat, AT_CWD, ustr(f, 0, link), AT_CWD, ustr(f, 0, path), AT_SYMLINK_FOLLOW_), 0);
        CHECK_EQ(read_file(f, path, text, sizeof(text)), 6);
        int64_t other = sys_open(f, 0, dir, flags | O_WRONLY_ | O_EXCL_, 0600);
        snprintf(link, sizeof(link), "/proc/self/fd/%d", (int)other);
        CHECK_EQ(sys(f, 0, NR_linkat, AT_CWD, ustr(f, 0, link), AT_CWD, ustr(f, 0, "/root/no"), AT_SYMLINK_FOLLOW_),
                 on_tmp != 0 ? -E_XDEV : -E_NOENT);
        CHECK_EQ(sys(f, 0, NR_close, other), 0);
        CHECK_EQ(sys(f, 0, NR_close, fd), 0);
        CHECK_EQ(read_file(f, path, text, sizeof(text)), 6);
        finish(f);
    }
}

static void two_files_change_places(void)
{
    struct fake *f = begin();
    char text[8];
    write_file(f, "/a", "a", 1);
    CHECK_EQ(sys(f, 0, NR_mkdirat, AT_CWD, ustr(f, 0, "/d"), 0755), 0);
    write_file(f, "/d/inner", "in", 2);
    CHECK_EQ(sys(f, 0, NR_renameat2, AT_CWD, ustr(f, 0, "/a"), AT_CWD, ustr(f, 0, "/d"), RENAME_EXCHANGE_), 0);
    CHECK_EQ(read_file(f, "/d", text, sizeof(text)), 1);
    CHECK_EQ(read_file(f, "/a/inner", text, sizeof(text)), 2);
    CHECK_EQ(sys(f, 0, NR_renameat2, AT_CWD, ustr(f, 0, "/a"), AT_CWD, ustr(f, 0, "/none"), RENAME_EXCHANGE_), -E_NOENT);
    CHECK_EQ(sys(f, 0, NR_renameat2, AT_CWD, ustr(f, 0, "/a"), AT_CWD, ustr(f, 0, "/a/inner"), RENAME_EXCHANGE_), -E_INVAL);
    CHECK_EQ(sys(f, 0, NR_renameat2, AT_CWD, ustr(f, 0, "/a/inner"), AT_CWD, ustr(f, 0, "/a"), RENAME_EXCHANGE_), -E_INVAL);
    CHECK_EQ(sys(f, 0, NR_renameat2, AT_CWD, ustr(f, 0, "/a"), AT_CWD, ustr(f, 0, "/d"), 3), -E_INVAL);
    finish(f);
}

/* ---- programs ---------------------------------------------------------------------------------------------------- */

static void a_program_is_what_its_contents_are(void)
{
    struct fake *f = begin();
    write_file(f, "/root/copy", fake_pie_bytes, sizeof(fake_pie_bytes));
    CHECK_EQ(sys(f, 0, NR_execve, ustr(f, 0, "/root/copy"), 0, 0), 0);
    fake_run_stubs(f, 0);
    fake_scratch(f, 0);
    CHECK_EQ(sys_open(f, 0, "/root/copy", O_RDWR_, 0), -E_TXTBSY);
    int64_t fd = sys_open(f, 0, "/bin/prog", O_RDWR_, 0);
    CHECK_EQ(sys(f, 0, NR_pwrite64, fd, ustr(f, 0, "x"), 1, 100), 1);
    CHECK_EQ(sys(f, 0, NR_execve, ustr(f, 0, "/bin/prog"), 0, 0), -E_TXTBSY);
    CHECK_EQ(sys(f, 0, NR_close, fd), 0);
    CHECK_EQ(sys(f, 0, NR_execve, ustr(f, 0, "/bin/prog"), 0, 0), -E_ACCES);
    CHECK(strstr(f->refused, "/bin/prog") != NULL && strstr(f->refused, "not a program of an authorised package") != NULL);
    CHECK_EQ(sys(f, 0, NR_execve, ustr(f, 0, "/bin/withdrawn"), 0, 0), -E_ACCES);
    CHECK(strstr(f->refused, "no longer, authorised") != NULL);
    finish(f);
}

/* ---- packages ---------------------------------------------------------------------------------------------------- */

static struct linux_installed installed(const struct fake *f)
{
    struct linux_installed i;
    linux_installed(f->system, &i);
    return i;
}

static void packages_are_put_there_once(void)
{
    struct fake *f = begin();
    CHECK(installed(f).done == ARRAY_LEN(fake_files) && installed(f).failed == 0 && !installed(f).was_current);
    f = power_cut(f);
    CHECK(installed(f).was_current && installed(f).done == 0);
    finish(f);
}

static void what_somebody_changed_stays(void)
{
    struct fake *f = begin();
    char text[64];
    write_file(f, "/etc/passwd", "mine", 4);
    CHECK_EQ(sys(f, 0, NR_unlinkat, AT_CWD, ustr(f, 0, "/bin/script"), 0), 0);
    CHECK_EQ(sys(f, 0, NR_sync, 0), 0);
    /* Another release: text and script differ. */
    struct fake_volume *v = f->volume;
    fake_free(f);
    CHECK(fake_volume_open(v));
    fake_text_salt = 1;
    f = fake_started_on(v);
    CHECK(!installed(f).was_current);
    CHECK_EQ(installed(f).kept, 1);
    CHECK_EQ(installed(f).done, ARRAY_LEN(fake_files) - 1);
    CHECK_EQ(read_file(f, "/etc/passwd", text, sizeof(text)), 4);
    CHECK(read_file(f, "/bin/script", text, sizeof(text)) > 0);
    CHECK(read_file(f, "/share/text", text, sizeof(text)) > 0);
    CHECK_BYTES(text, fake_text_bytes, 60);
    /* An object that does not verify is not written, and the next start tries again. */
    fake_free(f);
    CHECK(fake_volume_open(v));
    fake_text_salt = 2;
    fake_bad_object = 1;
    f = fake_started_on(v);
    fake_bad_object = FAKE_OBJECTS;
    CHECK_EQ(installed(f).failed, 1);
    CHECK_EQ(installed(f).first_error, -E_IO);
    CHECK(read_file(f, "/share/text", text, sizeof(text)) > 0);
    CHECK(memcmp(text, fake_text_bytes, 60) != 0);
    f = power_cut(f);
    CHECK_EQ(installed(f).failed, 0);
    CHECK(read_file(f, "/share/text", text, sizeof(text)) > 0);
    CHECK_BYTES(text, fake_text_bytes, 60);
    fake_text_salt = 0;
    finish(f);
}

static void repair_sets_aside_what_is_in_the_way(void)
{
    struct fake *f = begin();
    char text[64];
    write_file(f, "/etc/passwd", "mine", 4);
    CHECK_EQ(sys(f, 0, NR_unlinkat, AT_CWD, ustr(f, 0, "/bin/sh"), 0), 0);
    write_file(f, "/bin/sh", "#!/nothing\n", 11);
    CHECK_EQ(sys(f, 0, NR_sync, 0), 0);
    struct fake_volume *v = f->volume;
    fake_free(f);
    CHECK(fake_volume_open(v));
    v->repair = true;
    f = fake_started_on(v);
    CHECK_EQ(installed(f).kept, 0);
    CHECK_EQ(read_file(f, "/etc/passwd", text, sizeof(text)), (int64_t)sizeof(fake_passwd) - 1);
    CHECK_EQ(read_file(f, "/etc/passwd.changed", text, sizeof(text)), 4);
    CHECK_EQ(read_file(f, "/bin/sh.changed", text, sizeof(text)), 11);
    CHECK_EQ(sys(f, 0, NR_execve, ustr(f, 0, "/bin/sh"), 0, 0), 0);
    finish(f);
}

/* ---- extended attributes ----------------------------------------------------------------------------------------- */

enum { SETX = 5, FSETX = 7, GETX = 8, LGETX = 9, FGETX = 10, LISTX = 11, REMOVEX = 14 };

static void attributes_are_kept(void)
{
    struct fake *f = begin();
    char text[200];
    uint64_t path = FAKE_SCRATCH + 39 * 4096, name = path + 256, value = path + 512;
    write_file(f, "/x", "abc", 3);
    put(f, 0, path, "/x", 3);
    put(f, 0, name, "user.colour", 12);
    put(f, 0, value, "green", 5);
    CHECK_EQ(sys(f, 0, GETX, path, name, BUF, 100), -E_NODATA);
    CHECK_EQ(sys(f, 0, SETX, path, name, value, 5, 2), -E_NODATA);
    CHECK_EQ(sys(f, 0, SETX, path, name, value, 5, 1), 0);
    CHECK_EQ(sys(f, 0, SETX, path, name, value, 5, 1), -E_EXIST);
    CHECK_EQ(sys(f, 0, SETX, path, name, value, 5, 4), -E_INVAL);
    CHECK_EQ(sys(f, 0, SETX, path, name, value, 65537, 0), -E_2BIG);
    CHECK_EQ(sys(f, 0, SETX, path, name, value, 5000, 0), -E_NOSPC);
    CHECK_EQ(sys(f, 0, SETX, path, name, 8, 5, 0), -E_FAULT);
    CHECK_EQ(sys(f, 0, GETX, path, name, BUF, 0), 5);
    CHECK_EQ(sys(f, 0, GETX, path, name, BUF, 4), -E_RANGE);
    CHECK_EQ(sys(f, 0, GETX, path, name, 8, 100), -E_FAULT);
    CHECK_EQ(sys(f, 0, GETX, path, name, BUF, 100), 5);
    get(f, 0, BUF, text, 5);
    CHECK_BYTES(text, "green", 5);
    /* The root of the contents: that of RFC 9162 over one leaf. */
    struct hash256 root;
    char digits[65];
    tree_root_of_bytes("abc", 3, &root);
    for (uint32_t i = 0; i < 32; i++) {
        snprintf(digits + 2 * i, 3, "%02x", root.bytes[i]);
    }
    put(f, 0, name, "user.lx.root", 13);
    CHECK_EQ(sys(f, 0, GETX, path, name, BUF, 100), 64);
    get(f, 0, BUF, text, 64);
    CHECK_BYTES(text, digits, 64);
    CHECK_EQ(sys(f, 0, SETX, path, name, value, 5, 0), -E_PERM);
    CHECK_EQ(sys(f, 0, LISTX, path, BUF, 100), 12 + 13);
    get(f, 0, BUF, text, 25);
    CHECK_BYTES(text, "user.colour\0user.lx.root", 25);
    CHECK_EQ(sys(f, 0, LISTX, path, BUF, 10), -E_RANGE);
    CHECK_EQ(sys(f, 0, LISTX, path, BUF, 0), 25);
    int64_t fd = sys_open(f, 0, "/x", O_RDONLY_, 0);
    put(f, 0, name, "user.colour", 12);
    CHECK_EQ(sys(f, 0, FGETX, fd, name, BUF, 100), 5);
    CHECK_EQ(sys(f, 0, FGETX, 99, name, BUF, 100), -E_BADF);
    CHECK_EQ(sys(f, 0, REMOVEX, path, name), 0);
    CHECK_EQ(sys(f, 0, REMOVEX, path, name), -E_NODATA);
    finish(f);
}

static void attributes_have_rules(void)
{
    struct fake *f = begin();
    uint64_t path = FAKE_SCRATCH + 39 * 4096, name = path + 256, value = path + 512;
    static const struct {
        const char *path, *name;
        int64_t set, get;
    } rows[] = {
        {"/x", "user.a", -E_ACCES, -E_NODATA},
        {"/mine", "user.a", 0, 1},
        {"/mine", "trusted.a", -E_PERM, -E_NODATA},
        {"/mine", "security.a", -E_PERM, -E_NODATA},
        {"/mine", "system.a", -E_OPNOTSUPP, -E_OPNOTSUPP},
        {"/mine", "user.", -E_OPNOTSUPP, -E_OPNOTSUPP},
        {"/mine", "", -E_RANGE, -E_RANGE},
        {"/tmp/m", "user.a", -E_OPNOTSUPP, -E_OPNOTSUPP},
        {"/fifo", "user.a", -E_PERM, -E_NODATA},
        {"/none", "user.a", -E_NOENT, -E_NOENT},
    };
    write_file(f, "/x", "abc", 3);
    write_file(f, "/mine", "abc", 3);
    write_file(f, "/tmp/m", "abc", 3);
    CHECK_EQ(sys(f, 0, NR_fchownat, AT_CWD, ustr(f, 0, "/mine"), 7, 7, 0), 0);
    CHECK_EQ(sys(f, 0, NR_mknodat, AT_CWD, ustr(f, 0, "/fifo"), S_IFIFO_ | 0666, 0), 0);
    put(f, 0, name, "trusted.a", 10);
    put(f, 0, path, "/mine", 6);
    CHECK_EQ(sys(f, 0, SETX, path, name, value, 1, 0), 0);
    CHECK_EQ(sys(f, 0, LISTX, path, BUF, 0), 10 + 13);
    CHECK_EQ(sys(f, 0, NR_setuid, 7), 0);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        put(f, 0, path, rows[i].path, strlen(rows[i].path) + 1);
        put(f, 0, name, rows[i].name, strlen(rows[i].name) + 1);
        CHECK_EQ(sys(f, 0, SETX, path, name, value, 1, 0), rows[i].set);
        CHECK_EQ(sys(f, 0, GETX, path, name, BUF, 10), rows[i].get);
    }
    put(f, 0, path, "/mine", 6);
    CHECK_EQ(sys(f, 0, LISTX, path, BUF, 0), 7 + 13); /* without trusted.a */
    finish(f);
}

/* ---- limits and failures ----------------------------------------------------------------------------------------- */

enum { MANY = 6000 };

static void what_is_remembered_is_bounded(void)
{
    struct fake *f = begin();
    char path[32];
    CHECK_EQ(sys(f, 0, NR_mkdirat, AT_CWD, ustr(f, 0, "/many"), 0755), 0);
    for (uint32_t i = 0; i < MANY; i++) {
        snprintf(path, sizeof(path), "/many/%u", i);
        int64_t fd = sys_open(f, 0, path, O_WRONLY_ | O_CREAT_, 0644);
        if (fd < 0 || sys(f, 0, NR_close, fd) != 0) {
            CHECK_EQ(fd, 0);
            break;
        }
    }
    CHECK(f->system->volume_inode_count <= 4096 + 1);
    OK(f);
    int64_t fd = sys_open(f, 0, "/many", O_RDONLY_ | O_DIRECTORY_, 0), used;
    uint32_t count = 0;
    while ((used = sys(f, 0, NR_getdents64, fd, BUF, 700)) > 0) {
        uint8_t bytes[700];
        get(f, 0, BUF, bytes, (size_t)used);
        for (int64_t at = 0; at < used; at += le16_load(bytes + at + 16)) {
            count++;
        }
    }
    CHECK_EQ(used, 0);
    CHECK_EQ(count, MANY + 2);
    CHECK(sys_open(f, 0, "/many/17", O_RDONLY_, 0) >= 0);
    finish(f);
}

/** A file larger than half of the arena is read and written whole; other files still get memory. */
static void pages_give_way(void)
{
    struct fake *f = begin();
    enum { CHUNK = 65536, CHUNKS = 256 };
    static uint8_t chunk[CHUNK];
    int64_t fd = sys_open(f, 0, "/large", O_RDWR_ | O_CREAT_, 0644);
    for (uint32_t i = 0; i < CHUNKS; i++) {
        memset(chunk, (int)i, CHUNK);
        put(f, 0, BUF, chunk, CHUNK);
        CHECK_EQ(sys(f, 0, NR_write, fd, BUF, CHUNK), CHUNK);
    }
    CHECK_EQ(sys(f, 0, NR_lseek, fd, 0, 0), 0);
    for (uint32_t i = 0; i < CHUNKS; i++) {
        CHECK_EQ(sys(f, 0, NR_read, fd, BUF, CHUNK), CHUNK);
        get(f, 0, BUF, chunk, CHUNK);
        CHECK(chunk[0] == (uint8_t)i && chunk[CHUNK - 1] == (uint8_t)i);
    }
    CHECK(f->system->volume_pages > 0 && f->system->volume_pages <= f->system->memory.page_count / 2);
    OK(f);
    int64_t tmp = sys_open(f, 0, "/tmp/large", O_WRONLY_ | O_CREAT_, 0644), done = 0, n;
    while ((n = sys(f, 0, NR_write, tmp, BUF, CHUNK)) == CHUNK) {
        done += n;
    }
    CHECK(done > (int64_t)f->system->memory.page_count * PAGE_BYTES / 2); /* what was remembered gave way */
    CHECK_EQ(sys(f, 0, NR_pread64, fd, BUF, CHUNK, 5 * CHUNK), CHUNK);  /* and is read without being remembered */
    get(f, 0, BUF, chunk, CHUNK);
    CHECK(chunk[0] == 5 && chunk[CHUNK - 1] == 5);
    finish(f);
}

static void holes_and_rooms_are_told(void)
{
    struct fake *f = begin();
    struct abi_statfs s;
    struct abi_stat st;
    char text[4];
    int64_t fd = sys_open(f, 0, "/sparse", O_RDWR_ | O_CREAT_, 0644);
    CHECK_EQ(sys(f, 0, NR_pwrite64, fd, ustr(f, 0, "abc"), 3, 1 << 20), 3);
    CHECK_EQ(sys(f, 0, NR_lseek, fd, 0, SEEK_DATA_), 1 << 20);
    CHECK_EQ(sys(f, 0, NR_lseek, fd, 1 << 20, SEEK_HOLE_), (1 << 20) + 3);
    CHECK_EQ(sys(f, 0, NR_lseek, fd, 2 << 20, SEEK_DATA_), -E_NXIO);
    CHECK_EQ(sys(f, 0, NR_fallocate, fd, 3, 1 << 20, 4096), 0);
    CHECK_EQ(sys(f, 0, NR_pread64, fd, BUF, 3, 1 << 20), 3);
    get(f, 0, BUF, text, 3);
    CHECK_BYTES(text, "\0\0\0", 3);
    CHECK_EQ(sys(f, 0, NR_lseek, fd, 0, SEEK_DATA_), -E_NXIO);
    CHECK_EQ(sys(f, 0, NR_fallocate, fd, 0, 0, 2 << 20), 0);
    CHECK_EQ(sys(f, 0, NR_fstat, fd, BUF), 0);
    get(f, 0, BUF, &st, sizeof(st));
    CHECK(st.size == 2 << 20 && st.blocks == 0);
    CHECK_EQ(sys(f, 0, NR_fallocate, fd, 0, 0, (int64_t)1 << 38), -E_NOSPC);
    CHECK_EQ(sys(f, 0, NR_statfs, ustr(f, 0, "/root"), BUF), 0);
    get(f, 0, BUF, &s, sizeof(s));
    CHECK(s.type == LXFS_MAGIC_ && s.blocks == FAKE_DISK_BLOCKS && s.bfree > 0 && s.bfree < s.blocks);
    finish(f);
}

static void a_file_of_the_volume_is_mapped(void)
{
    struct fake *f = begin();
    char text[8];
    write_file(f, "/map", "mapped", 6);
    int64_t fd = sys_open(f, 0, "/map", O_RDONLY_, 0);
    int64_t at = sys(f, 0, NR_mmap, 0, 8192, 1, MAP_PRIVATE_, fd, 0);
    CHECK(at > 0);
    get(f, 0, (uint64_t)at, text, 7);
    CHECK_BYTES(text, "mapped", 7);
    finish(f);
}

static void a_full_volume_says_so(void)
{
    struct fake *f = begin();
    int64_t fd = sys_open(f, 0, "/fill", O_WRONLY_ | O_CREAT_, 0644), n, total = 0;
    while ((n = sys(f, 0, NR_write, fd, BUF, 65536)) > 0) {
        total += n;
    }
    CHECK_EQ(n, -E_NOSPC);
    CHECK(total > (int64_t)FAKE_DISK_BLOCKS / 2 * 4096);
    CHECK_EQ(sys(f, 0, NR_fsync, fd), 0);
    f = power_cut(f); /* and the next start goes on */
    CHECK_EQ(sys(f, 0, NR_unlinkat, AT_CWD, ustr(f, 0, "/fill"), 0), 0);
    write_file(f, "/room", "again", 5);
    finish(f);
}

static void a_disk_that_fails_harms_nothing_else(void)
{
    struct fake *f = begin();
    write_file(f, "/root/note", "remember", 8);
    write_file(f, "/tmp/note", "here", 4);
    char text[16];
    f->volume->is_broken = true;
    int64_t fd = sys_open(f, 0, "/root/note", O_RDWR_, 0);
    CHECK_EQ(sys(f, 0, NR_fsync, fd), -E_IO);
    CHECK_EQ(sys(f, 0, NR_fstat, fd, BUF), -E_IO);
    CHECK(sys_open(f, 0, "/root/new", O_RDWR_ | O_CREAT_, 0644) < 0);
    CHECK_EQ(read_file(f, "/tmp/note", text, sizeof(text)), 4);
    OK(f);
    /* A start on such a disk is refused, not half made. */
    struct fake_volume *v = f->volume;
    void *memory = aligned_alloc(PAGE_BYTES, FAKE_MEMORY);
    struct linux_system *none;
    struct linux_config config = {.memory = memory, .memory_bytes = FAKE_MEMORY, .ops = &fake_ops, .env = f};
    config.volume = (struct linux_volume){.ops = &fake_volume_ops, .env = v, .buffer = v->buffer};
    CHECK_EQ(linux_init(&config, &none), LX_EIO);
    free(memory);
    finish(f);
}

/* ---- what a user must not be able to do --------------------------------------------------------------------------- */

static void removing_that_fails_holds_nothing(void)
{
    struct fake *f = begin();
    char path[40];
    CHECK_EQ(sys(f, 0, NR_mkdirat, AT_CWD, ustr(f, 0, "/w"), 0755), 0);
    for (uint32_t i = 0; i < 300; i++) {
        snprintf(path, sizeof(path), "/w/%u", i);
        CHECK_EQ(sys(f, 0, NR_mkdirat, AT_CWD, ustr(f, 0, path), 0755), 0);
        snprintf(path, sizeof(path), "/w/%u/s", i);
        CHECK_EQ(sys(f, 0, NR_mkdirat, AT_CWD, ustr(f, 0, path), 0755), 0);
        snprintf(path, sizeof(path), "/w/%u", i);
        CHECK_EQ(sys(f, 0, NR_unlinkat, AT_CWD, ustr(f, 0, path), AT_REMOVEDIR_), -E_NOTEMPTY);
    }
    CHECK_EQ(f->system->volume_hold_count, 0);
    write_file(f, "/open", "x", 1);
    int64_t fd = sys_open(f, 0, "/open", O_RDONLY_, 0);
    CHECK_EQ(sys(f, 0, NR_unlinkat, AT_CWD, ustr(f, 0, "/open"), 0), 0);
    CHECK_EQ(f->system->volume_hold_count, 1);
    CHECK_EQ(sys(f, 0, NR_close, fd), 0);
    CHECK_EQ(f->system->volume_hold_count, 0);
    finish(f);
}

static uint32_t mode_of(struct fake *f, const char *path)
{
    struct abi_stat st;
    CHECK_EQ(sys(f, 0, NR_newfstatat, AT_CWD, ustr(f, 0, path), BUF, 0), 0);
    get(f, 0, BUF, &st, sizeof(st));
    return st.mode & S_IALL_;
}

static void nobody_makes_programs_of_a_group_that_is_not_his(void)
{
    struct fake *f = begin();
    CHECK_EQ(sys(f, 0, NR_mkdirat, AT_CWD, ustr(f, 0, "/w"), 0777), 0);
    CHECK_EQ(sys(f, 0, NR_fchownat, AT_CWD, ustr(f, 0, "/w"), 0, 42, 0), 0);
    CHECK_EQ(sys(f, 0, NR_fchmodat, AT_CWD, ustr(f, 0, "/w"), 02777), 0);
    write_file(f, "/roots", "x", 1);
    CHECK_EQ(sys(f, 0, NR_setgid, 500), 0);
    CHECK_EQ(sys(f, 0, NR_setuid, 500), 0);
    CHECK(sys_open(f, 0, "/w/x", O_CREAT_ | O_WRONLY_, 02755) >= 0);
    CHECK_EQ(mode_of(f, "/w/x"), 0755);
    /* Nor does he keep another's file alive by a name of his own, unless he may write it. */
    CHECK_EQ(sys(f, 0, NR_linkat, AT_CWD, ustr(f, 0, "/roots"), AT_CWD, ustr(f, 0, "/w/roots"), 0), -E_PERM);
    finish(f);
}

static void a_hole_costs_nothing_when_it_is_mapped(void)
{
    struct fake *f = begin();
    char text[4];
    int64_t fd = sys_open(f, 0, "/hole", O_RDWR_ | O_CREAT_, 0644);
    CHECK_EQ(sys(f, 0, NR_ftruncate, fd, 48 << 20), 0);
    CHECK_EQ(sys(f, 0, NR_pwrite64, fd, ustr(f, 0, "end"), 3, (40 << 20) + 5), 3);
    int64_t at = sys(f, 0, NR_mmap, 0, 48 << 20, 1, MAP_PRIVATE_, fd, 0);
    CHECK(at > 0);
    get(f, 0, (uint64_t)at + (40 << 20) + 5, text, 3);
    CHECK_BYTES(text, "end", 3);
    uint64_t limit[2] = {100, 100};
    put(f, 0, BUF, limit, sizeof(limit));
    CHECK_EQ(sys(f, 0, NR_prlimit64, 0, RLIMIT_FSIZE_, BUF, 0), 0);
    fake_action(f, 0, SIGXFSZ_, SIG_IGN_, 0, 0);
    CHECK_EQ(sys(f, 0, NR_fallocate, fd, 0, 0, 64 << 20), -E_FBIG);
    finish(f);
}

static void a_package_takes_back_its_set_ids(void)
{
    struct fake *f = begin();
    CHECK_EQ(sys(f, 0, NR_fchmodat, AT_CWD, ustr(f, 0, "/bin/pie"), 04755), 0);
    CHECK_EQ(sys(f, 0, NR_sync, 0), 0);
    struct fake_volume *v = f->volume;
    fake_free(f);
    CHECK(fake_volume_open(v));
    fake_text_salt = 3; /* another release */
    f = fake_started_on(v);
    fake_text_salt = 0;
    CHECK_EQ(mode_of(f, "/bin/pie"), 0755);
    finish(f);
}

static const struct unit_case cases[] = {
    {"removing that fails holds nothing", removing_that_fails_holds_nothing},
    {"nobody makes programs of a group that is not his", nobody_makes_programs_of_a_group_that_is_not_his},
    {"a hole costs nothing when it is mapped", a_hole_costs_nothing_when_it_is_mapped},
    {"a package takes back its set-ids", a_package_takes_back_its_set_ids},
    {"files outlive the system", files_outlive_the_system},
    {"a synchronous write is there", a_synchronous_write_is_there},
    {"an open file lives without a name", an_open_file_lives_without_a_name},
    {"a file can be made without a name", a_file_can_be_made_without_a_name},
    {"two files change places", two_files_change_places},
    {"a program is what its contents are", a_program_is_what_its_contents_are},
    {"packages are put there once", packages_are_put_there_once},
    {"what somebody changed stays", what_somebody_changed_stays},
    {"repair sets aside what is in the way", repair_sets_aside_what_is_in_the_way},
    {"attributes are kept", attributes_are_kept},
    {"attributes have rules", attributes_have_rules},
    {"what is remembered is bounded", what_is_remembered_is_bounded},
    {"pages give way", pages_give_way},
    {"holes and rooms are told", holes_and_rooms_are_told},
    {"a file of the volume is mapped", a_file_of_the_volume_is_mapped},
    {"a full volume says so", a_full_volume_says_so},
    {"a disk that fails harms nothing else", a_disk_that_fails_harms_nothing_else},
};

int main(void)
{
    return UNIT_MAIN(cases);
}
