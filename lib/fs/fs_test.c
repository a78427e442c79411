/* SPDX-License-Identifier: MIT */
/** LXFS: one operation after the other, limits, errors, what they cost, and what a volume is after opening it again. */
#include "fake.h"
#include "unit.h"

static struct disk disk;
static struct volume v;
static uint8_t bytes[1 << 20];
static uint8_t got[1 << 20];

static void begin(uint64_t blocks)
{
    disk_make(&disk, BLOCK, blocks * BLOCK, false);
    volume_init(&v, &disk, NULL, LXFS_LEAF_FRAMES_MIN, LXFS_NODE_FRAMES_MIN);
    CHECK_EQ(volume_format(&v, 64), LXFS_OK);
    uint64_t random = 42;
    for (size_t i = 0; i < sizeof bytes; i += 8) {
        le64_store(bytes + i, random_next(&random));
    }
}

static void end(void)
{
    CHECK_EQ(lxfs_commit(v.fs), LXFS_OK);
    CHECK(audit_holds(v.fs));
    CHECK_EQ(volume_open(&v, 0), LXFS_OK);
    CHECK(audit_holds(v.fs));
    disk_free(&disk);
    free(v.memory);
}

static uint64_t make(uint64_t directory, const char *name)
{
    uint64_t inode = 0;
    CHECK_EQ(lxfs_create(v.fs, directory, name_of(name), &plain_file, &inode), LXFS_OK);
    return inode;
}

static void put(uint64_t inode, uint64_t offset, size_t from, size_t len)
{
    size_t done = 0;
    CHECK_EQ(lxfs_write(v.fs, inode, offset, bytes + from, len, &done), LXFS_OK);
    CHECK_EQ(done, len);
}

static bool has(uint64_t inode, uint64_t offset, size_t from, size_t len)
{
    size_t count = 0;
    return lxfs_read(v.fs, inode, offset, got, len, &count) == LXFS_OK && count == len && memcmp(got, bytes + from, len) == 0;
}

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

int main(void)
{
    static const struct unit_case cases[] = {
        {"files are written and read, and are there after a sync and a commit only", files},
        {"holes of any size, and the largest file", sparse},
        {"the root of a file is that of lib/tree", roots},
        {"a directory of 20,000 entries", directories},
    };
    return UNIT_MAIN(cases);
}
