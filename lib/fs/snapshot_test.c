/* SPDX-License-Identifier: MIT */
/**
 * LXFS: snapshots. What is in them cannot be changed and does not change; space comes back when they go; every error; the limit; a full
 * volume; damage; and records of a hostile device. model_test and crash_test have them among random operations and cuts.
 */
#include "trial.h"

static uint64_t file_in(const char *snapshot, const char *name)
{
    struct lxfs_snapshot s;
    uint64_t inode = 0;
    CHECK_EQ(lxfs_snapshot_find(v.fs, name_of(snapshot), &s), LXFS_OK);
    CHECK_EQ(lxfs_lookup(v.fs, s.root, name_of(name), &inode), LXFS_OK);
    return inode;
}

static void reclaim_all(void)
{
    for (uint32_t n = 0; n < 10000 && lxfs_reclaim(v.fs, 100) == LXFS_OK; n++) {
    }
    CHECK_EQ(lxfs_commit(v.fs), LXFS_OK);
}

static uint64_t free_blocks(void)
{
    struct lxfs_statfs s;
    reclaim_all();
    lxfs_statfs(v.fs, &s);
    return s.free_count;
}

static void kept(void)
{
    begin(4000);
    uint64_t f = make(LXFS_ROOT_INODE, "f");
    uint64_t g = make(LXFS_ROOT_INODE, "g");
    put(f, 0, 0, 600000);
    put(g, 0, 5, 9000);
    CHECK_EQ(lxfs_setxattr(v.fs, g, name_of("user.x"), "old", 3, 0), LXFS_OK);
    uint64_t before = free_blocks();
    struct hash256 root;
    struct hash256 root_then;
    CHECK_EQ(lxfs_root(v.fs, f, &root), LXFS_OK);
    CHECK_EQ(lxfs_snapshot_take(v.fs, name_of("one")), LXFS_OK);
    put(f, 100000, 0, 50000);
    CHECK_EQ(lxfs_truncate(v.fs, g, 10), LXFS_OK);
    CHECK_EQ(lxfs_setxattr(v.fs, g, name_of("user.x"), "new", 3, 0), LXFS_OK);
    CHECK_EQ(lxfs_snapshot_take(v.fs, name_of("two")), LXFS_OK);
    CHECK_EQ(lxfs_unlink(v.fs, LXFS_ROOT_INODE, name_of("f")), LXFS_OK);
    CHECK_EQ(lxfs_unlink(v.fs, LXFS_ROOT_INODE, name_of("g")), LXFS_OK);
    reclaim_all();
    for (uint32_t n = 0; n < 2; n++) {
        size_t len = 0;
        CHECK(has(file_in("one", "f"), 0, 0, 600000) && has(file_in("one", "g"), 0, 5, 9000));
        CHECK(has(file_in("two", "f"), 0, 0, 100000) && has(file_in("two", "f"), 100000, 0, 50000));
        CHECK(lxfs_getxattr(v.fs, file_in("one", "g"), name_of("user.x"), got, 10, &len) == LXFS_OK && memcmp(got, "old", 3) == 0);
        CHECK(lxfs_getxattr(v.fs, file_in("two", "g"), name_of("user.x"), got, 10, &len) == LXFS_OK && memcmp(got, "new", 3) == 0);
        CHECK_EQ(lxfs_root(v.fs, file_in("one", "f"), &root_then), LXFS_OK);
        CHECK(hash256_equal(&root, &root_then) && audit_holds(v.fs));
        CHECK_EQ(volume_open(&v, n == 0 ? LXFS_READ_ONLY : 0), LXFS_OK);
    }
    CHECK_EQ(volume_open(&v, 0), LXFS_OK);
    CHECK_EQ(lxfs_snapshot_remove(v.fs, name_of("one")), LXFS_OK);
    reclaim_all();
    CHECK(has(file_in("two", "f"), 0, 0, 100000) && has(file_in("two", "f"), 100000, 0, 50000) && audit_holds(v.fs));
    CHECK_EQ(lxfs_snapshot_remove(v.fs, name_of("two")), LXFS_OK);
    CHECK(free_blocks() + 10 > before + 150); /* the lists keep a few blocks */
    CHECK_EQ(v.fs->kept_count, 0);
    end();
}

/* Everything that writes is refused, and does nothing. */
static void read_only(void)
{
    begin(4000);
    uint64_t d = 0;
    size_t done = 0;
    uint64_t inode = 0;
    struct lxfs_attr attr = {.mode = 0700};
    CHECK_EQ(lxfs_create(v.fs, LXFS_ROOT_INODE, name_of("d"), &plain_dir, &d), LXFS_OK);
    uint64_t f = make(d, "f");
    put(f, 0, 0, 5000);
    CHECK_EQ(lxfs_snapshot_take(v.fs, name_of("s")), LXFS_OK);
    uint64_t d2 = file_in("s", "d");
    uint64_t f2 = 0;
    CHECK_EQ(lxfs_lookup(v.fs, d2, name_of("f"), &f2), LXFS_OK);
    CHECK(f2 != f && lxfs_getattr(v.fs, f2, &attr) == LXFS_OK && attr.inode == f2 && attr.size_bytes == 5000);
    CHECK(lxfs_getattr(v.fs, d2, &attr) == LXFS_OK && attr.entry_count == 1);
    CHECK_EQ(lxfs_lookup(v.fs, attr.parent, name_of("d"), &inode), LXFS_OK);
    CHECK_EQ(inode, d2);
    CHECK_EQ(lxfs_write(v.fs, f2, 0, bytes, 10, &done), LXFS_EROFS);
    CHECK_EQ(lxfs_truncate(v.fs, f2, 0), LXFS_EROFS);
    CHECK_EQ(lxfs_punch(v.fs, f2, 0, 10), LXFS_EROFS);
    CHECK_EQ(lxfs_setattr(v.fs, f2, LXFS_SET_MODE, &attr), LXFS_EROFS);
    CHECK_EQ(lxfs_setxattr(v.fs, f2, name_of("user.x"), "1", 1, 0), LXFS_EROFS);
    CHECK_EQ(lxfs_removexattr(v.fs, f2, name_of("user.x")), LXFS_EROFS);
    CHECK_EQ(lxfs_create(v.fs, d2, name_of("n"), &plain_file, &inode), LXFS_EROFS);
    CHECK_EQ(lxfs_link(v.fs, f2, LXFS_ROOT_INODE, name_of("n")), LXFS_EROFS);
    CHECK_EQ(lxfs_link(v.fs, f, d2, name_of("n")), LXFS_EROFS);
    CHECK_EQ(lxfs_unlink(v.fs, d2, name_of("f")), LXFS_EROFS);
    CHECK_EQ(lxfs_rmdir(v.fs, d2, name_of("f")), LXFS_EROFS);
    CHECK_EQ(lxfs_rename(v.fs, d2, name_of("f"), d, name_of("n"), 0), LXFS_EROFS);
    CHECK_EQ(lxfs_rename(v.fs, d, name_of("f"), d2, name_of("n"), 0), LXFS_EROFS);
    CHECK(has(f2, 0, 0, 5000) && has(f, 0, 0, 5000));
    end();
}

static void errors(void)
{
    char long_name[LXFS_SNAPSHOT_NAME_BYTES_MAX + 2];
    struct lxfs_snapshot s;
    uint32_t cookie = 0;
    begin(4000);
    memset(long_name, 'x', sizeof long_name);
    uint64_t f = make(LXFS_ROOT_INODE, "f");
    CHECK_EQ(lxfs_snapshot_take(v.fs, (struct lxfs_name){long_name, sizeof long_name - 1}), LXFS_ENAMETOOLONG);
    CHECK_EQ(lxfs_snapshot_take(v.fs, (struct lxfs_name){long_name, LXFS_SNAPSHOT_NAME_BYTES_MAX}), LXFS_OK);
    CHECK_EQ(lxfs_snapshot_take(v.fs, name_of("a/b")), LXFS_EINVAL);
    CHECK_EQ(lxfs_snapshot_take(v.fs, name_of("")), LXFS_EINVAL);
    CHECK_EQ(lxfs_snapshot_take(v.fs, name_of("s")), LXFS_OK);
    CHECK_EQ(lxfs_snapshot_take(v.fs, name_of("s")), LXFS_EEXIST);
    CHECK_EQ(lxfs_snapshot_remove(v.fs, name_of("t")), LXFS_ENOENT);
    CHECK_EQ(lxfs_snapshot_find(v.fs, name_of("t"), &s), LXFS_ENOENT);
    uint64_t f2 = file_in("s", "f");
    CHECK_EQ(lxfs_hold(v.fs, f2), LXFS_OK);
    CHECK_EQ(lxfs_snapshot_remove(v.fs, name_of("s")), LXFS_EBUSY);
    CHECK_EQ(lxfs_release(v.fs, f2), LXFS_OK);
    CHECK_EQ(lxfs_snapshot_remove(v.fs, name_of("s")), LXFS_OK);
    CHECK_EQ(lxfs_getattr(v.fs, f2, &(struct lxfs_attr){0}), LXFS_ENOENT);
    CHECK_EQ(lxfs_getattr(v.fs, f | 7ull << 60, &(struct lxfs_attr){0}), LXFS_ENOENT);
    CHECK_EQ(lxfs_snapshot_list(v.fs, &cookie, &s), LXFS_OK);
    CHECK(s.name_bytes == LXFS_SNAPSHOT_NAME_BYTES_MAX && s.inode_count == 2);
    CHECK_EQ(lxfs_snapshot_list(v.fs, &cookie, &s), LXFS_ENOENT);
    CHECK_EQ(lxfs_commit(v.fs), LXFS_OK);
    CHECK_EQ(volume_open(&v, LXFS_READ_ONLY), LXFS_OK);
    CHECK_EQ(lxfs_snapshot_take(v.fs, name_of("u")), LXFS_EROFS);
    CHECK_EQ(lxfs_snapshot_remove(v.fs, (struct lxfs_name){long_name, LXFS_SNAPSHOT_NAME_BYTES_MAX}), LXFS_EROFS);
    CHECK_EQ(volume_open(&v, 0), LXFS_OK);
    end();
}

/* As many as there can be, each with another content; every second one goes; the others are what they were. */
static void many(void)
{
    char name[16];
    begin(8000);
    uint64_t f = make(LXFS_ROOT_INODE, "f");
    for (uint32_t i = 0; i < LXFS_SNAPSHOTS_MAX; i++) {
        snprintf(name, sizeof name, "s%u", i);
        put(f, (i % 7) * 4096ull, i * 16, 3 * 4096);
        CHECK_EQ(lxfs_snapshot_take(v.fs, name_of(name)), LXFS_OK);
    }
    CHECK_EQ(lxfs_snapshot_take(v.fs, name_of("one more")), LXFS_EMLINK);
    for (uint32_t i = 0; i < LXFS_SNAPSHOTS_MAX; i += 2) {
        snprintf(name, sizeof name, "s%u", i);
        CHECK_EQ(lxfs_snapshot_remove(v.fs, name_of(name)), LXFS_OK);
    }
    for (uint32_t round = 0; round < 2; round++) {
        for (uint32_t i = 1; i < LXFS_SNAPSHOTS_MAX; i += 2) {
            snprintf(name, sizeof name, "s%u", i);
            CHECK(has(file_in(name, "f"), (i % 7) * 4096ull, i * 16, 3 * 4096));
        }
        CHECK(audit_holds(v.fs));
        reclaim_all();
        CHECK_EQ(volume_open(&v, 0), LXFS_OK);
    }
    end();
}

/* On a full volume removing files gives nothing back, and removing the snapshot does. */
static void full(void)
{
    begin(2000);
    size_t done = 0;
    uint64_t f = make(LXFS_ROOT_INODE, "f");
    enum lxfs_err err = LXFS_OK;
    for (uint64_t at = 0; err == LXFS_OK; at += 65536) {
        err = lxfs_write(v.fs, f, at, bytes, 65536, &done);
    }
    CHECK_EQ(err, LXFS_ENOSPC);
    CHECK_EQ(lxfs_truncate(v.fs, f, 3000000), LXFS_OK);
    CHECK_EQ(lxfs_snapshot_take(v.fs, name_of("s")), LXFS_OK);
    err = LXFS_OK;
    for (uint32_t n = 0; n < 1000 && err == LXFS_OK; n++) {
        err = lxfs_write(v.fs, f, n % 40 * 65536ull, bytes + n, 65536, &done);
    }
    CHECK_EQ(err, LXFS_ENOSPC);
    CHECK(lxfs_sync(v.fs) == LXFS_OK && audit_holds(v.fs));
    CHECK_EQ(lxfs_unlink(v.fs, LXFS_ROOT_INODE, name_of("f")), LXFS_OK);
    CHECK_EQ(lxfs_commit(v.fs), LXFS_OK);
    CHECK(has(file_in("s", "f"), 0, 0, 65536) && audit_holds(v.fs));
    CHECK_EQ(lxfs_snapshot_remove(v.fs, name_of("s")), LXFS_OK);
    f = make(LXFS_ROOT_INODE, "g");
    for (uint32_t n = 0; n < 30; n++) {
        put(f, n * 65536ull, n, 65536);
    }
    end();
}

/* A copy of a block that only a snapshot has is repaired by scrubbing. */
static void scrubbed(void)
{
    begin(4000);
    uint64_t f = make(LXFS_ROOT_INODE, "f");
    put(f, 0, 0, 400000);
    CHECK_EQ(lxfs_snapshot_take(v.fs, name_of("s")), LXFS_OK);
    CHECK_EQ(lxfs_unlink(v.fs, LXFS_ROOT_INODE, name_of("f")), LXFS_OK);
    CHECK_EQ(lxfs_commit(v.fs), LXFS_OK);
    struct file in;
    CHECK_EQ(inode_load(v.fs, file_in("s", "f"), &in), LXFS_OK);
    uint64_t second = le40_load(file_inode(v.fs, &in) + I_ROOT + P_ADDRESS2);
    disk.now[second * BLOCK + 17] ^= 1;
    struct lxfs_cursor cursor = {0, 0};
    for (uint32_t n = 0; lxfs_scrub(v.fs, &cursor, 10) == LXFS_OK; n++) {
        CHECK(n < 1000);
    }
    CHECK(v.fs->stats.repaired_copies == 1 && v.fs->stats.bad_blocks == 0);
    CHECK(has(file_in("s", "f"), 0, 0, 400000));
    end();
}

/* Records that could not have been made; and entries of a directory that lead into a snapshot. */
static void hostile(void)
{
    static const struct {
        uint32_t at;
        uint64_t value;
    } lies[] = {{128, UINT64_MAX}, {128, 4096 * 65}, {136, 1ull << 50}, {144, 0}, {144, 1ull << 60}, {152, 1ull << 60}, {168, UINT64_MAX},
                {64, 0x2f01}, {64, 0}, {64, 0xffff}, {58, 1ull << 38}};
    for (uint32_t n = 0; n < ARRAY_LEN(lies); n++) {
        uint8_t *block = NULL;
        begin(4000);
        CHECK_EQ(lxfs_snapshot_take(v.fs, name_of("s")), LXFS_OK);
        CHECK_EQ(list_touch(v.fs, INODE_SNAPSHOTS, 0, &block), LXFS_OK);
        le64_store(block + lies[n].at, lies[n].value);
        CHECK_EQ(kept_flush(v.fs), LXFS_OK);
        CHECK_EQ(lxfs_commit(v.fs), LXFS_OK);
        CHECK_EQ(volume_open(&v, 0), LXFS_EBAD);
        end_failed();
    }
    begin(4000);
    uint64_t f = make(LXFS_ROOT_INODE, "f");
    uint64_t found = 0;
    CHECK_EQ(lxfs_snapshot_take(v.fs, name_of("s")), LXFS_OK);
    struct file d;
    uint32_t frame = 0;
    CHECK_EQ(inode_slot(v.fs, LXFS_ROOT_INODE, &d), LXFS_OK);
    CHECK_EQ(inode_touch(v.fs, &d), LXFS_OK);
    CHECK_EQ(file_touch(v.fs, &d, 0, false, &frame), LXFS_OK);
    le64_store(frame_data(v.fs, frame) + 16 + 8, 1ull << 48 | f);
    CHECK_EQ(kept_flush(v.fs), LXFS_OK);
    CHECK_EQ(lxfs_commit(v.fs), LXFS_OK);
    CHECK_EQ(volume_open(&v, 0), LXFS_OK);
    CHECK_EQ(lxfs_lookup(v.fs, LXFS_ROOT_INODE, name_of("f"), &found), LXFS_EBAD);
    CHECK_EQ(lxfs_unlink(v.fs, LXFS_ROOT_INODE, name_of("f")), LXFS_EBAD);
    end_failed();
}

int main(void)
{
    static const struct unit_case cases[] = {
        {"snapshots: what is in one stays, and comes free with it", kept},
        {"snapshots: everything that writes is refused", read_only},
        {"snapshots: every error", errors},
        {"snapshots: as many as there can be", many},
        {"snapshots: a full volume", full},
        {"snapshots: scrubbing", scrubbed},
        {"snapshots: records of a hostile device", hostile},
    };
    return UNIT_MAIN(cases);
}
