/* SPDX-License-Identifier: MIT */
/** LXFS: one operation after the other, limits, errors, what they cost, and what a volume is after opening it again. */
#include "trial.h"

static void files(void)
{
    begin(4096);
    uint64_t f = make(LXFS_ROOT_INODE, "file");
    uint64_t found = 0;
    size_t count = 9;
    CHECK_EQ(lxfs_lookup(v.fs, LXFS_ROOT_INODE, name_of("file"), &found), LXFS_OK);
    CHECK_EQ(found, f);
    CHECK_EQ(lxfs_lookup(v.fs, LXFS_ROOT_INODE, name_of("none"), &found), LXFS_ENOENT);
    put(f, 0, 0, 10);
    CHECK(has(f, 0, 0, 10));
    put(f, 5, 100, 300000);
    CHECK(has(f, 5, 100, 300000));
    CHECK(has(f, 0, 0, 5));
    CHECK_EQ(lxfs_commit(v.fs), LXFS_OK);
    put(f, 9000, 7, 5000);
    CHECK(has(f, 9000, 7, 5000) && has(f, 14000, 14000 - 5 + 100, 100000));
    CHECK_EQ(volume_open(&v, 0), LXFS_OK);
    CHECK(!has(f, 9000, 7, 5000)); /* neither synced nor committed */
    CHECK(has(f, 5, 100, 300000));
    put(f, 9000, 7, 5000);
    CHECK_EQ(lxfs_sync(v.fs), LXFS_OK);
    CHECK_EQ(volume_open(&v, 0), LXFS_OK);
    CHECK(has(f, 9000, 7, 5000) && has(f, 0, 0, 5));
    CHECK_EQ(lxfs_read(v.fs, f, 300005, got, 10, &count), LXFS_OK);
    CHECK_EQ(count, 0);
    end();
}

static void sparse(void)
{
    begin(4096);
    uint64_t f = make(LXFS_ROOT_INODE, "sparse");
    struct lxfs_attr attr;
    uint64_t at = 0;
    size_t count = 0;
    struct hash256 root;
    struct hash256 want;
    uint64_t far = 1ull << 50;
    put(f, far, 0, 5000);
    CHECK_EQ(lxfs_getattr(v.fs, f, &attr), LXFS_OK);
    CHECK_EQ(attr.size_bytes, far + 5000);
    CHECK_EQ(attr.block_count, 2);
    CHECK_EQ(lxfs_seek(v.fs, f, 0, false, &at), LXFS_OK);
    CHECK_EQ(at, far);
    CHECK_EQ(lxfs_seek(v.fs, f, far, true, &at), LXFS_OK);
    CHECK_EQ(at, far + 5000);
    CHECK_EQ(lxfs_seek(v.fs, f, 3, true, &at), LXFS_OK);
    CHECK_EQ(at, 3);
    CHECK_EQ(lxfs_seek(v.fs, f, far + 5000, true, &at), LXFS_ENOENT);
    CHECK_EQ(lxfs_read(v.fs, f, far - 100, got, 200, &count), LXFS_OK);
    CHECK(count == 200 && got[0] == 0 && got[99] == 0 && memcmp(got + 100, bytes, 100) == 0);
    uint64_t g = make(LXFS_ROOT_INODE, "dense");
    put(g, 0, 0, 700000);
    CHECK_EQ(lxfs_punch(v.fs, g, 500000, 9000), LXFS_OK);
    CHECK_EQ(lxfs_commit(v.fs), LXFS_OK);
    CHECK_EQ(lxfs_seek(v.fs, g, 5, true, &at), LXFS_OK);
    CHECK_EQ(at, 503808);
    CHECK_EQ(lxfs_seek(v.fs, g, 503900, false, &at), LXFS_OK);
    CHECK_EQ(at, 503808 + 4096);
    CHECK_EQ(lxfs_seek(v.fs, g, 600000, true, &at), LXFS_OK);
    CHECK_EQ(at, 700000);
    CHECK_EQ(lxfs_truncate(v.fs, f, 700000), LXFS_OK);
    CHECK_EQ(lxfs_getattr(v.fs, f, &attr), LXFS_OK);
    CHECK_EQ(attr.block_count, 0);
    memset(got, 0, 700000);
    tree_root_of_bytes(got, 700000, &want);
    CHECK_EQ(lxfs_root(v.fs, f, &root), LXFS_OK);
    CHECK_BYTES(&root, &want, sizeof root);
    put(f, 300001, 0, 9);
    memcpy(got + 300001, bytes, 9);
    memset(got, 0, 300001);
    tree_root_of_bytes(got, 700000, &want);
    CHECK_EQ(lxfs_root(v.fs, f, &root), LXFS_OK);
    CHECK_BYTES(&root, &want, sizeof root);
    CHECK_EQ(lxfs_truncate(v.fs, f, LXFS_FILE_BYTES_MAX), LXFS_OK);
    CHECK_EQ(lxfs_truncate(v.fs, f, LXFS_FILE_BYTES_MAX + 1), LXFS_EFBIG);
    CHECK_EQ(lxfs_write(v.fs, f, LXFS_FILE_BYTES_MAX - 1, bytes, 2, &count), LXFS_EFBIG);
    put(f, LXFS_FILE_BYTES_MAX - 1, 0, 1);
    CHECK(has(f, LXFS_FILE_BYTES_MAX - 1, 0, 1) && has(f, 300001, 0, 9));
    CHECK_EQ(lxfs_root(v.fs, f, &root), LXFS_OK);
    CHECK_EQ(lxfs_truncate(v.fs, f, 0), LXFS_OK);
    CHECK_EQ(lxfs_root(v.fs, f, &root), LXFS_OK);
    sha256_of("", 0, &want);
    CHECK_BYTES(&root, &want, sizeof root);
    end();
}

/* The root in the inode is that of lib/tree over the same bytes, for sizes around every border. */
static void roots(void)
{
    begin(4096);
    static const uint32_t sizes[] = {1, 4095, 4096, 4097, 8192, 262143, 262144, 262145, 266240, 300000, 524288, 1000000};
    uint64_t f = make(LXFS_ROOT_INODE, "f");
    for (uint32_t i = 0; i < ARRAY_LEN(sizes); i++) {
        struct hash256 want;
        struct hash256 root;
        uint64_t old = i == 0 ? 0 : sizes[i - 1];
        put(f, old, old, sizes[i] - old);
        tree_root_of_bytes(bytes, sizes[i], &want);
        CHECK_EQ(lxfs_root(v.fs, f, &root), LXFS_OK);
        CHECK_BYTES(&root, &want, sizeof root);
    }
    for (uint32_t i = ARRAY_LEN(sizes); i-- > 0;) {
        struct hash256 want;
        struct hash256 root;
        CHECK_EQ(lxfs_truncate(v.fs, f, sizes[i]), LXFS_OK);
        tree_root_of_bytes(bytes, sizes[i], &want);
        CHECK_EQ(lxfs_root(v.fs, f, &root), LXFS_OK);
        CHECK_BYTES(&root, &want, sizeof root);
    }
    end();
}

static void directories(void)
{
    begin(65536);
    enum { COUNT = 20000 };
    char name[LXFS_NAME_BYTES_MAX + 1];
    uint64_t d = 0;
    uint64_t inode = 0;
    CHECK_EQ(lxfs_create(v.fs, LXFS_ROOT_INODE, name_of("d"), &plain_dir, &d), LXFS_OK);
    uint64_t f = make(LXFS_ROOT_INODE, "f");
    for (uint32_t i = 0; i < COUNT; i++) {
        snprintf(name, sizeof name, "name %u %.*s", i, (int)(i % 7 == 0 ? 240 : i % 30), "________________________________________________"
                 "________________________________________________________________________________________________________________"
                 "________________________________________________________________________________________________________________");
        CHECK_EQ(lxfs_create(v.fs, d, name_of(name), &plain_file, &inode), LXFS_OK);
        if (unit_failed_checks != 0) {
            return;
        }
    }
    (void)f;
    static uint8_t seen[COUNT];
    static struct lxfs_entry entries[100];
    uint64_t cookie = 0;
    size_t count = 0;
    bool is_end = false;
    uint32_t total = 0;
    uint32_t removed = 0;
    for (uint32_t round = 0; !is_end && round < COUNT; round++) {
        CHECK_EQ(lxfs_readdir(v.fs, d, &cookie, entries, 1 + round % 100, &count, &is_end), LXFS_OK);
        for (size_t n = 0; n < count; n++) {
            uint32_t i = (uint32_t)strtoul(entries[n].name + 5, NULL, 10);
            CHECK(entries[n].mode_type == LXFS_IFREG && seen[i]++ == 0);
            total++;
            if (i % 3 != 0) {
                CHECK_EQ(lxfs_unlink(v.fs, d, (struct lxfs_name){entries[n].name, entries[n].name_bytes}), LXFS_OK);
                removed++;
            }
        }
    }
    CHECK_EQ(total, COUNT);
    struct lxfs_attr attr;
    CHECK_EQ(lxfs_getattr(v.fs, d, &attr), LXFS_OK);
    CHECK_EQ(attr.entry_count, COUNT - removed);
    CHECK_EQ(lxfs_commit(v.fs), LXFS_OK);
    CHECK(audit_holds(v.fs));
    CHECK_EQ(lxfs_rmdir(v.fs, LXFS_ROOT_INODE, name_of("d")), LXFS_ENOTEMPTY);
    cookie = 0;
    is_end = false;
    while (!is_end && unit_failed_checks == 0) {
        CHECK_EQ(lxfs_readdir(v.fs, d, &cookie, entries, 100, &count, &is_end), LXFS_OK);
        for (size_t n = 0; n < count; n++) {
            CHECK_EQ(lxfs_unlink(v.fs, d, (struct lxfs_name){entries[n].name, entries[n].name_bytes}), LXFS_OK);
        }
    }
    CHECK_EQ(lxfs_getattr(v.fs, d, &attr), LXFS_OK);
    CHECK_EQ(attr.size_bytes, BLOCK);
    CHECK_EQ(lxfs_rmdir(v.fs, LXFS_ROOT_INODE, name_of("d")), LXFS_OK);
    while (lxfs_reclaim(v.fs, 100) == LXFS_OK) {
    }
    struct lxfs_statfs s;
    lxfs_statfs(v.fs, &s);
    CHECK_EQ(s.dead_count, 0);
    CHECK_EQ(s.inode_count, 2);
    end();
}


/* ---- what is refused ----------------------------------------------------------------------------------------------------- */

static void refusals(void)
{
    begin(2048);
    char long_name[LXFS_NAME_BYTES_MAX + 2];
    memset(long_name, 'n', sizeof long_name);
    uint64_t inode = 0;
    uint64_t d = 0;
    size_t done = 0;
    struct lxfs *fs = v.fs;
    uint64_t f = make(LXFS_ROOT_INODE, "f");
    static const char *const improper[] = {"", ".", "..", "a/b"};
    CHECK_EQ(lxfs_create(fs, LXFS_ROOT_INODE, name_of("d"), &plain_dir, &d), LXFS_OK);
    for (uint32_t i = 0; i < ARRAY_LEN(improper); i++) {
        CHECK_EQ(lxfs_lookup(fs, LXFS_ROOT_INODE, name_of(improper[i]), &inode), LXFS_EINVAL);
    }
    CHECK_EQ(lxfs_create(fs, LXFS_ROOT_INODE, (struct lxfs_name){"a\0b", 3}, &plain_file, &inode), LXFS_EINVAL);
    CHECK_EQ(lxfs_create(fs, LXFS_ROOT_INODE, (struct lxfs_name){long_name, 256}, &plain_file, &inode), LXFS_ENAMETOOLONG);
    CHECK_EQ(lxfs_create(fs, LXFS_ROOT_INODE, (struct lxfs_name){long_name, 255}, &plain_file, &inode), LXFS_OK);
    CHECK_EQ(lxfs_create(fs, f, name_of("x"), &plain_file, &inode), LXFS_ENOTDIR);
    CHECK_EQ(lxfs_create(fs, 999, name_of("x"), &plain_file, &inode), LXFS_ENOENT);
    CHECK_EQ(lxfs_create(fs, LXFS_ROOT_INODE, name_of("f"), &plain_file, &inode), LXFS_EEXIST);
    CHECK_EQ(lxfs_create(fs, LXFS_ROOT_INODE, name_of("x"), &(struct lxfs_node){.mode = 0644}, &inode), LXFS_EINVAL);
    struct lxfs_node link = {.mode = LXFS_IFLNK, .target = (const char *)bytes, .target_bytes = LXFS_TARGET_BYTES_MAX + 1};
    CHECK_EQ(lxfs_create(fs, LXFS_ROOT_INODE, name_of("x"), &link, &inode), LXFS_ENAMETOOLONG);
    link.target_bytes = 0;
    CHECK_EQ(lxfs_create(fs, LXFS_ROOT_INODE, name_of("x"), &link, &inode), LXFS_EINVAL);
    link = (struct lxfs_node){.mode = LXFS_IFREG, .target = "t", .target_bytes = 1};
    CHECK_EQ(lxfs_create(fs, LXFS_ROOT_INODE, name_of("x"), &link, &inode), LXFS_EINVAL);
    CHECK_EQ(lxfs_create(fs, LXFS_ROOT_INODE, name_of(""), &plain_dir, &inode), LXFS_EINVAL);
    CHECK_EQ(lxfs_link(fs, d, LXFS_ROOT_INODE, name_of("x")), LXFS_EISDIR);
    CHECK_EQ(lxfs_link(fs, f, LXFS_ROOT_INODE, name_of("d")), LXFS_EEXIST);
    CHECK_EQ(lxfs_unlink(fs, LXFS_ROOT_INODE, name_of("d")), LXFS_EISDIR);
    CHECK_EQ(lxfs_rmdir(fs, LXFS_ROOT_INODE, name_of("f")), LXFS_ENOTDIR);
    CHECK_EQ(lxfs_rename(fs, LXFS_ROOT_INODE, name_of("d"), d, name_of("in itself"), 0), LXFS_EINVAL);
    CHECK_EQ(lxfs_rename(fs, LXFS_ROOT_INODE, name_of("d"), LXFS_ROOT_INODE, name_of("f"), 0), LXFS_ENOTDIR);
    CHECK_EQ(lxfs_rename(fs, LXFS_ROOT_INODE, name_of("f"), LXFS_ROOT_INODE, name_of("d"), 0), LXFS_EISDIR);
    CHECK_EQ(lxfs_rename(fs, LXFS_ROOT_INODE, name_of("f"), LXFS_ROOT_INODE, name_of("d"), LXFS_NOREPLACE), LXFS_EEXIST);
    CHECK_EQ(lxfs_rename(fs, LXFS_ROOT_INODE, name_of("f"), LXFS_ROOT_INODE, name_of("g"), LXFS_EXCHANGE), LXFS_ENOENT);
    CHECK_EQ(lxfs_rename(fs, LXFS_ROOT_INODE, name_of("f"), LXFS_ROOT_INODE, name_of("g"), 3), LXFS_EINVAL);
    CHECK_EQ(lxfs_rename(fs, LXFS_ROOT_INODE, name_of("f"), LXFS_ROOT_INODE, name_of("g"), 4), LXFS_EINVAL);
    CHECK_EQ(lxfs_write(fs, d, 0, bytes, 1, &done), LXFS_EISDIR);
    CHECK_EQ(lxfs_write(fs, INODE_DEAD, 0, bytes, 1, &done), LXFS_ENOENT);
    CHECK_EQ(lxfs_write(fs, INODE_SNAPSHOTS, 0, bytes, 1, &done), LXFS_ENOENT);
    CHECK_EQ(lxfs_write(fs, f, UINT64_MAX, bytes, 1, &done), LXFS_EFBIG);
    CHECK_EQ(lxfs_read(fs, d, 0, got, 1, &done), LXFS_EISDIR);
    CHECK_EQ(lxfs_setattr(fs, f, 64, &(struct lxfs_attr){0}), LXFS_EINVAL);
    CHECK_EQ(lxfs_setxattr(fs, f, name_of(""), bytes, 1, 0), LXFS_EINVAL);
    CHECK_EQ(lxfs_setxattr(fs, f, (struct lxfs_name){long_name, 256}, bytes, 1, 0), LXFS_ENAMETOOLONG);
    CHECK_EQ(lxfs_setxattr(fs, f, name_of("a"), bytes, LXFS_XATTR_BYTES_MAX + 1, 0), LXFS_ERANGE);
    CHECK_EQ(lxfs_setxattr(fs, f, name_of("a"), bytes, LXFS_XATTR_BYTES_MAX - 4, 0), LXFS_ERANGE);
    CHECK_EQ(lxfs_setxattr(fs, f, name_of("a"), bytes, 1, 4), LXFS_EINVAL);
    CHECK_EQ(lxfs_setxattr(fs, f, name_of("a"), bytes, LXFS_XATTR_BYTES_MAX - 5, 0), LXFS_OK);
    CHECK_EQ(lxfs_getxattr(fs, f, name_of("a"), got, 10, &done), LXFS_ERANGE);
    CHECK_EQ(done, LXFS_XATTR_BYTES_MAX - 5);
    CHECK_EQ(lxfs_listxattr(fs, f, (char *)got, 1, &done), LXFS_ERANGE);
    CHECK_EQ(lxfs_listxattr(fs, f, (char *)got, 2, &done), LXFS_OK);
    CHECK(done == 2 && memcmp(got, "a", 2) == 0);
    CHECK_EQ(lxfs_removexattr(fs, f, name_of("b")), LXFS_ENOENT);
    CHECK_EQ(lxfs_removexattr(fs, f, name_of("a")), LXFS_OK);
    CHECK_EQ(lxfs_release(fs, f), LXFS_EINVAL);
    CHECK_EQ(lxfs_hold(fs, 999), LXFS_ENOENT);
    for (uint32_t i = 0; i <= LXFS_ENOMEM + 1; i++) {
        CHECK(lxfs_err_name((enum lxfs_err)i)[0] != 0);
    }
    end();
}

static void holds(void)
{
    begin(4096);
    uint64_t files[LXFS_HOLDS_MAX + 1];
    char name[16];
    size_t count = 0;
    struct lxfs_statfs before;
    struct lxfs_statfs after;
    CHECK_EQ(lxfs_commit(v.fs), LXFS_OK);
    lxfs_statfs(v.fs, &before);
    for (uint32_t i = 0; i <= LXFS_HOLDS_MAX; i++) {
        snprintf(name, sizeof name, "f%u", i);
        files[i] = make(LXFS_ROOT_INODE, name);
        put(files[i], 0, i, 5000);
        CHECK_EQ(lxfs_hold(v.fs, files[i]), i < LXFS_HOLDS_MAX ? LXFS_OK : LXFS_EBUSY);
        CHECK_EQ(lxfs_unlink(v.fs, LXFS_ROOT_INODE, name_of(name)), LXFS_OK);
    }
    uint64_t unnamed = 0;
    CHECK_EQ(lxfs_create(v.fs, LXFS_ROOT_INODE, name_of(""), &plain_file, &unnamed), LXFS_EBUSY);
    CHECK_EQ(lxfs_read(v.fs, files[LXFS_HOLDS_MAX], 0, got, 1, &count), LXFS_ENOENT);
    CHECK(has(files[7], 0, 7, 5000));
    put(files[7], 9000, 1, 100);
    CHECK_EQ(lxfs_hold(v.fs, files[8]), LXFS_OK);
    for (uint32_t i = 0; i < LXFS_HOLDS_MAX / 2; i++) {
        CHECK_EQ(lxfs_release(v.fs, files[i * 2]), LXFS_OK); /* from the middle of the list of orphans */
    }
    CHECK(has(files[8], 0, 8, 5000)); /* held once more */
    CHECK_EQ(lxfs_create(v.fs, LXFS_ROOT_INODE, name_of(""), &plain_file, &unnamed), LXFS_OK);
    put(unnamed, 0, 0, 100);
    CHECK_EQ(lxfs_link(v.fs, unnamed, LXFS_ROOT_INODE, name_of("named")), LXFS_OK);
    CHECK_EQ(lxfs_sync(v.fs), LXFS_OK);
    CHECK_EQ(volume_open(&v, 0), LXFS_OK);
    CHECK(v.fs->stats.freed_orphans == LXFS_HOLDS_MAX / 2 + 1);
    CHECK(has(unnamed, 0, 0, 100));
    CHECK_EQ(lxfs_unlink(v.fs, LXFS_ROOT_INODE, name_of("named")), LXFS_OK);
    while (lxfs_reclaim(v.fs, 100) == LXFS_OK) {
    }
    CHECK_EQ(lxfs_commit(v.fs), LXFS_OK);
    lxfs_statfs(v.fs, &after);
    CHECK_EQ(after.inode_count, before.inode_count);
    CHECK(after.free_count + 64 > before.free_count); /* the inode table, once grown, stays */
    end();
}

/* Full, then one file goes, and all is well: nothing is lost, and every number of free blocks comes back. */
static void full(void)
{
    begin(2048);
    char name[16];
    size_t done = 0;
    struct lxfs_statfs s;
    uint64_t files[64];
    uint32_t count = 0;
    enum lxfs_err err = LXFS_OK;
    while (err == LXFS_OK && count < ARRAY_LEN(files)) {
        snprintf(name, sizeof name, "f%u", count);
        err = lxfs_create(v.fs, LXFS_ROOT_INODE, name_of(name), &plain_file, &files[count]);
        if (err == LXFS_OK) {
            err = lxfs_write(v.fs, files[count], 0, bytes + count, 200000, &done);
            count++;
        }
    }
    CHECK_EQ(err, LXFS_ENOSPC);
    CHECK(count > 10 && done < 200000);
    lxfs_statfs(v.fs, &s);
    CHECK(s.free_count < 32);
    CHECK_EQ(lxfs_truncate(v.fs, files[count - 1], 1ull << 40), LXFS_ENOSPC);
    CHECK(has(files[count - 1], 0, count - 1, done));
    CHECK_EQ(lxfs_sync(v.fs), LXFS_OK);
    CHECK_EQ(volume_open(&v, 0), LXFS_OK);
    for (uint32_t i = 0; i + 1 < count; i++) {
        CHECK(has(files[i], 0, i, 200000));
    }
    CHECK(has(files[count - 1], 0, count - 1, done));
    CHECK_EQ(lxfs_write(v.fs, files[0], 0, bytes, 100000, &done), LXFS_ENOSPC); /* in its place, it wants room as well */
    CHECK_EQ(lxfs_punch(v.fs, files[0], 4096, 8192), LXFS_OK);
    CHECK_EQ(lxfs_truncate(v.fs, files[1], 100), LXFS_OK);
    CHECK_EQ(lxfs_unlink(v.fs, LXFS_ROOT_INODE, name_of("f2")), LXFS_OK);
    CHECK_EQ(lxfs_unlink(v.fs, LXFS_ROOT_INODE, name_of("f3")), LXFS_OK);
    CHECK_EQ(lxfs_write(v.fs, files[1], 100, bytes, 200000, &done), LXFS_OK);
    CHECK(has(files[1], 0, 1, 100) && has(files[1], 100, 0, 200000));
    for (uint32_t i = 4; i < count; i++) {
        snprintf(name, sizeof name, "f%u", i);
        CHECK_EQ(lxfs_unlink(v.fs, LXFS_ROOT_INODE, name_of(name)), LXFS_OK);
    }
    end();
}

/* A large file goes at once, and its blocks come back in steps, also when they are needed. */
static void large_goes(void)
{
    begin(8192);
    uint64_t f = make(LXFS_ROOT_INODE, "large");
    struct lxfs_statfs s;
    for (uint32_t i = 0; i < 24; i++) {
        put(f, (uint64_t)i << 20, 0, 1 << 20);
    }
    CHECK_EQ(lxfs_truncate(v.fs, f, 23u << 20), LXFS_OK);
    CHECK_EQ(lxfs_commit(v.fs), LXFS_OK);
    CHECK(has(f, 22u << 20, 0, 1 << 20));
    CHECK_EQ(lxfs_unlink(v.fs, LXFS_ROOT_INODE, name_of("large")), LXFS_OK);
    lxfs_statfs(v.fs, &s);
    CHECK(s.dead_count != 0);
    CHECK_EQ(lxfs_commit(v.fs), LXFS_OK);
    CHECK(audit_holds(v.fs));
    f = make(LXFS_ROOT_INODE, "next");
    for (uint32_t i = 0; i < 20; i++) {
        put(f, (uint64_t)i << 20, 0, 1 << 20);
    }
    put(f, 5, 0, 10);
    CHECK_EQ(lxfs_unlink(v.fs, LXFS_ROOT_INODE, name_of("next")), LXFS_OK); /* with nodes that were never written */
    end();
}

static void opening(void)
{
    begin(2048);
    uint64_t f = make(LXFS_ROOT_INODE, "f");
    size_t done = 0;
    struct hash256 root;
    put(f, 0, 0, 100);
    CHECK_EQ(lxfs_commit(v.fs), LXFS_OK);
    put(f, 0, 1, 100);
    CHECK_EQ(lxfs_sync(v.fs), LXFS_OK);
    uint8_t *image = (uint8_t *)malloc(disk.bytes);
    memcpy(image, disk.now, disk.bytes);
    CHECK_EQ(volume_open(&v, LXFS_READ_ONLY), LXFS_OK);
    CHECK(has(f, 0, 0, 100)); /* as of the superblock */
    CHECK_EQ(lxfs_write(v.fs, f, 0, bytes, 1, &done), LXFS_EROFS);
    CHECK_EQ(lxfs_sync(v.fs), LXFS_EROFS);
    CHECK_EQ(lxfs_commit(v.fs), LXFS_EROFS);
    CHECK_EQ(lxfs_reclaim(v.fs, 1), LXFS_EROFS);
    CHECK_EQ(lxfs_root(v.fs, f, &root), LXFS_OK);
    CHECK(memcmp(image, disk.now, disk.bytes) == 0);
    free(image);
    v.crypt.id = 3;
    CHECK_EQ(volume_open(&v, 0), LXFS_ENOTSUP);
    v.crypt.id = 0;
    size_t enough = v.memory_bytes;
    v.memory_bytes--;
    CHECK_EQ(volume_open(&v, 0), LXFS_ENOMEM);
    v.memory_bytes = enough;
    struct lxfs_frames few = {LXFS_LEAF_FRAMES_MIN - 1, LXFS_NODE_FRAMES_MIN};
    CHECK_EQ(lxfs_memory_bytes(&few), 0);
    uint64_t whole = disk.bytes;
    disk.bytes /= 2;
    CHECK_EQ(volume_open(&v, 0), LXFS_EINVAL);
    disk.bytes = whole;
    for (uint32_t n = 0; n < SUPER_RING; n++) { /* one copy of all superblocks is enough */
        memset(disk.now + (size_t)n * BLOCK, 0, BLOCK);
    }
    CHECK_EQ(volume_open(&v, 0), LXFS_OK);
    CHECK(has(f, 0, 1, 100));
    for (uint32_t n = 0; n < SUPER_RING; n++) {
        disk.now[(size_t)n * BLOCK + 300] ^= 1;
        disk.now[disk.bytes - (size_t)(n + 1) * BLOCK + 300] ^= 1;
    }
    CHECK_EQ(volume_open(&v, 0), LXFS_EBAD);
    memset(disk.now, 0, disk.bytes);
    CHECK_EQ(volume_open(&v, 0), LXFS_ENOENT);
    struct lxfs_form form = {.log_blocks = LXFS_LOG_BLOCKS_MIN - 1};
    CHECK_EQ(lxfs_format(&v.device, &v.crypt, &form, v.memory, v.memory_bytes), LXFS_EINVAL);
    form.log_blocks = 1000;
    CHECK_EQ(lxfs_format(&v.device, &v.crypt, &form, v.memory, v.memory_bytes), LXFS_EINVAL);
    CHECK_EQ(lxfs_format(&v.device, &v.crypt, &form, v.memory, 4096), LXFS_ENOMEM);
    end_failed();
}

/* A directory inside a directory, as deep as a move may go, and one more. */
static void depth(void)
{
    begin(32768);
    uint64_t d = LXFS_ROOT_INODE;
    uint64_t moved = 0;
    uint64_t inode = 0;
    CHECK_EQ(lxfs_create(v.fs, LXFS_ROOT_INODE, name_of("moved"), &plain_dir, &moved), LXFS_OK);
    for (uint32_t i = 0; i < LXFS_DEPTH_MAX; i++) {
        CHECK_EQ(lxfs_create(v.fs, d, name_of("d"), &plain_dir, &inode), LXFS_OK);
        if (i + 1 == LXFS_DEPTH_MAX) {
            CHECK_EQ(lxfs_rename(v.fs, LXFS_ROOT_INODE, name_of("moved"), d, name_of("m"), 0), LXFS_OK);
            CHECK_EQ(lxfs_rename(v.fs, d, name_of("m"), LXFS_ROOT_INODE, name_of("moved"), 0), LXFS_OK);
        }
        d = inode;
    }
    CHECK_EQ(lxfs_rename(v.fs, LXFS_ROOT_INODE, name_of("moved"), d, name_of("m"), 0), LXFS_EINVAL);
    end();
}

/* The spec's numbers for one path: what a change of 4 KiB in a file of 1 GiB hashes in the file's own tree. */
static void one_path(void)
{
    begin(4096);
    uint64_t f = make(LXFS_ROOT_INODE, "f");
    size_t count = 0;
    CHECK_EQ(lxfs_truncate(v.fs, f, 1u << 30), LXFS_OK);
    uint64_t at = 123456ull * BLOCK;
    put(f, at, 0, BLOCK);
    CHECK_EQ(lxfs_commit(v.fs), LXFS_OK);
    CHECK_EQ(lxfs_read(v.fs, f, at, got, 1, &count), LXFS_OK);
    put(f, at, 50, BLOCK);
    struct file file;
    CHECK_EQ(inode_load(v.fs, f, &file), LXFS_OK);
    uint64_t nodes = v.fs->stats.node_hashes;
    uint64_t hashed = v.fs->stats.hashed_bytes;
    for (uint32_t rank = 0; rank < RANK_TABLE; rank++) {
        for (uint32_t i = v.fs->dirty[rank].first; i != 0; i = v.fs->frames[i].next) {
            CHECK_EQ(block_write(v.fs, &i, 1), LXFS_OK);
        }
    }
    CHECK_EQ(v.fs->stats.node_hashes - nodes, 18);
    CHECK_EQ(v.fs->stats.hashed_bytes - hashed, 4097 + 18 * 65);
    printf("# a change of 4 KiB in 1 GiB: 18 node hashes and a leaf, %u bytes\n", 4097 + 18 * 65);
    end();
}

/* ---- a device that is large and mostly empty ------------------------------------------------------------------------------ */

static uint8_t **sparse_pages; /* blocks that were written */
static uint64_t sparse_blocks;

static bool sparse_read(void *context, uint64_t first, uint32_t count, void *out)
{
    (void)context;
    memset(out, 0, (size_t)count * BLOCK);
    for (uint32_t n = 0; n < count; n++) {
        if (sparse_pages[first + n] != NULL) {
            memcpy((uint8_t *)out + (size_t)n * BLOCK, sparse_pages[first + n], BLOCK);
        }
    }
    return true;
}

static bool sparse_write(void *context, uint64_t first, uint32_t count, const void *from)
{
    (void)context;
    for (uint32_t n = 0; n < count; n++) {
        if (sparse_pages[first + n] == NULL) {
            sparse_pages[first + n] = (uint8_t *)malloc(BLOCK);
        }
        memcpy(sparse_pages[first + n], (const uint8_t *)from + (size_t)n * BLOCK, BLOCK);
    }
    return true;
}

static bool sparse_flush(void *context)
{
    (void)context;
    return true;
}

static uint64_t sparse_size(void *context)
{
    (void)context;
    return sparse_blocks;
}

/* A map of three levels: taking and giving in all parts of it, full leaves, and leaves that cannot be read. */
static void large_volume(void)
{
    sparse_blocks = (16ull << 30) / BLOCK + 5;
    sparse_pages = (uint8_t **)calloc(sparse_blocks, sizeof *sparse_pages);
    volume_init(&v, NULL, NULL, LXFS_LEAF_FRAMES_MIN, LXFS_NODE_FRAMES_MIN);
    v.device = (struct lxfs_device){NULL, sparse_read, sparse_write, sparse_flush, sparse_size};
    CHECK_EQ(volume_format(&v, 256), LXFS_OK);
    CHECK_EQ(v.fs->map_leaves, 129);
    uint64_t f = make(LXFS_ROOT_INODE, "f");
    for (uint32_t i = 0; i < 129; i++) { /* begins near the end of each leaf, so that it goes on in the next */
        v.fs->next[0] = (uint64_t)i * MAP_LEAF_BLOCKS + MAP_LEAF_BLOCKS - 5;
        v.fs->next[1] = (uint64_t)(128 - i) * MAP_LEAF_BLOCKS;
        put(f, (uint64_t)i << 20, 0, 50000);
    }
    CHECK_EQ(lxfs_commit(v.fs), LXFS_OK);
    CHECK(audit_holds(v.fs));
    CHECK_EQ(volume_open(&v, 0), LXFS_OK);
    CHECK(v.fs->stats.blocks_read < 400);
    for (uint32_t i = 0; i < 129; i++) {
        CHECK(has(f, (uint64_t)i << 20, 0, 50000));
    }
    /* Both copies of one leaf of the map rot: its blocks are neither taken nor given back, and all else goes on. */
    struct file m = file_of_map();
    uint32_t frame = 0;
    CHECK_EQ(file_load(v.fs, &m, 0, 3, &frame), LXFS_OK);
    uint64_t address = v.fs->frames[frame].address;
    uint64_t address2 = v.fs->frames[frame].address2;
    CHECK_EQ(volume_open(&v, 0), LXFS_OK);
    sparse_pages[address][9] ^= 1;
    sparse_pages[address2][9] ^= 1;
    v.fs->next[0] = 3ull * MAP_LEAF_BLOCKS;
    v.fs->next[1] = 3ull * MAP_LEAF_BLOCKS;
    put(f, 1ull << 35, 0, 300000);
    CHECK_EQ(lxfs_truncate(v.fs, f, 0), LXFS_OK);
    while (lxfs_reclaim(v.fs, 100) == LXFS_OK) {
    }
    CHECK_EQ(lxfs_commit(v.fs), LXFS_OK);
    struct lxfs_stats s;
    struct lxfs_damage damage;
    lxfs_stats(v.fs, &s);
    CHECK(s.lost_blocks > 0 && s.bad_blocks > 0 && lxfs_damage(v.fs, &damage) && damage.is_map);
    f = make(LXFS_ROOT_INODE, "g");
    put(f, 0, 0, 1 << 20);
    CHECK_EQ(volume_open(&v, 0), LXFS_OK);
    for (uint64_t n = 0; n < sparse_blocks; n++) {
        free(sparse_pages[n]);
    }
    free(sparse_pages);
    free(v.memory);
}

/* Nobody can find names of one hash, so others are entered under the keys of a name. */
static void collisions(void)
{
    begin(2048);
    struct file d;
    struct dir_place place;
    uint64_t inode = 0;
    char name[16];
    for (uint32_t i = 0; i < 4; i++) {
        snprintf(name, sizeof name, "impostor %u", i);
        CHECK_EQ(inode_load(v.fs, LXFS_ROOT_INODE, &d), LXFS_OK);
        CHECK_EQ(inode_touch(v.fs, &d), LXFS_OK);
        CHECK_EQ(dir_find(v.fs, &d, name_of("victim"), &place), LXFS_OK);
        CHECK(place.inode == 0 && place.key == place.hash + i);
        CHECK_EQ(dir_insert(v.fs, &d, &place, name_of(name), 2, LXFS_IFDIR), LXFS_OK);
        if (i == 2) { /* one place is left for the name itself */
            CHECK_EQ(lxfs_create(v.fs, LXFS_ROOT_INODE, name_of("victim"), &plain_file, &inode), LXFS_OK);
            CHECK_EQ(lxfs_lookup(v.fs, LXFS_ROOT_INODE, name_of("victim"), &inode), LXFS_OK);
            for (uint32_t n = 0; n < 300; n++) { /* splits do not part them */
                snprintf(name, sizeof name, "other %u", n);
                CHECK_EQ(lxfs_create(v.fs, LXFS_ROOT_INODE, name_of(name), &plain_file, &inode), LXFS_OK);
            }
            CHECK_EQ(lxfs_unlink(v.fs, LXFS_ROOT_INODE, name_of("victim")), LXFS_OK);
        }
    }
    CHECK_EQ(lxfs_create(v.fs, LXFS_ROOT_INODE, name_of("victim"), &plain_file, &inode), LXFS_ENOSPC);
    CHECK_EQ(lxfs_lookup(v.fs, LXFS_ROOT_INODE, name_of("victim"), &inode), LXFS_ENOENT);
    CHECK_EQ(lxfs_create(v.fs, LXFS_ROOT_INODE, name_of("somebody else"), &plain_file, &inode), LXFS_OK);
    end();
}

static void set_links(uint64_t inode, uint32_t links)
{
    struct file f;
    CHECK_EQ(inode_load(v.fs, inode, &f), LXFS_OK);
    CHECK_EQ(inode_touch(v.fs, &f), LXFS_OK);
    le32_store(file_inode(v.fs, &f) + I_LINKS, links);
}

static void many_links(void)
{
    begin(2048);
    uint64_t d = 0;
    uint64_t other = 0;
    uint64_t f = make(LXFS_ROOT_INODE, "f");
    CHECK_EQ(lxfs_create(v.fs, LXFS_ROOT_INODE, name_of("d"), &plain_dir, &d), LXFS_OK);
    CHECK_EQ(lxfs_create(v.fs, LXFS_ROOT_INODE, name_of("other"), &plain_dir, &other), LXFS_OK);
    set_links(f, LXFS_LINKS_MAX);
    set_links(d, LXFS_LINKS_MAX);
    CHECK_EQ(lxfs_link(v.fs, f, LXFS_ROOT_INODE, name_of("g")), LXFS_EMLINK);
    CHECK_EQ(lxfs_create(v.fs, d, name_of("x"), &plain_dir, &other), LXFS_EMLINK);
    CHECK_EQ(lxfs_rename(v.fs, LXFS_ROOT_INODE, name_of("other"), d, name_of("x"), 0), LXFS_EMLINK);
    uint64_t in_d = make(d, "file");
    CHECK_EQ(lxfs_rename(v.fs, LXFS_ROOT_INODE, name_of("other"), d, name_of("file"), LXFS_EXCHANGE), LXFS_EMLINK);
    CHECK_EQ(lxfs_rename(v.fs, d, name_of("file"), LXFS_ROOT_INODE, name_of("other"), LXFS_EXCHANGE), LXFS_EMLINK);
    CHECK_EQ(lxfs_rename(v.fs, LXFS_ROOT_INODE, name_of("f"), d, name_of("f"), 0), LXFS_OK);
    (void)in_d;
    set_links(f, 1);
    set_links(d, 2);
    end();
}

int main(void)
{
    static const struct unit_case cases[] = {
        {"files are written and read, and are there after a sync and a commit only", files},
        {"holes of any size, and the largest file", sparse},
        {"the root of a file is that of lib/tree", roots},
        {"a directory of 20,000 entries", directories},
        {"what has no sense is refused, with its own error", refusals},
        {"files that are open live without a name, and go with the last hold or the next opening", holds},
        {"a full volume says so, loses nothing, and recovers", full},
        {"a large file goes at once and comes free in steps", large_goes},
        {"opening: read-only, other ciphers, too little memory, lost superblocks", opening},
        {"deep directories", depth},
        {"a change hashes one path", one_path},
        {"a large volume: a map of three levels, and rot in it", large_volume},
        {"names of one hash", collisions},
        {"too many links", many_links},
    };
    return UNIT_MAIN(cases);
}
