/* SPDX-License-Identifier: MIT */
/** LXFS: contents in two copies, fs-verity's digest of a file, and telling the device of free blocks. */
#include "trial.h"

static uint8_t *block_of(uint64_t inode, uint64_t index, bool is_second)
{
    struct file f;
    uint32_t frame = 0;
    CHECK_EQ(inode_load(v.fs, inode, &f), LXFS_OK);
    CHECK_EQ(file_load(v.fs, &f, 0, index, &frame), LXFS_OK);
    const struct frame *b = &v.fs->frames[frame];
    CHECK(frame != 0 && (is_second ? b->address2 : b->address) != 0);
    return disk.now + (is_second ? b->address2 : b->address) * BLOCK;
}

static bool has_second(uint64_t inode, uint64_t index)
{
    struct file f;
    uint32_t frame = 0;
    CHECK_EQ(inode_load(v.fs, inode, &f), LXFS_OK);
    CHECK_EQ(file_load(v.fs, &f, 0, index, &frame), LXFS_OK);
    return v.fs->frames[frame].address2 != 0;
}

/* A directory with the flag hands it on; either copy may rot, and is repaired; blocks of before have one copy until they are written. */
static void two_copies(void)
{
    struct lxfs_attr attr = {.flags = LXFS_TWO_COPIES};
    uint64_t d = 0;
    uint64_t e = 0;
    begin(3000);
    CHECK_EQ(lxfs_create(v.fs, LXFS_ROOT_INODE, name_of("d"), &plain_dir, &d), LXFS_OK);
    CHECK_EQ(lxfs_setattr(v.fs, d, LXFS_SET_FLAGS, &attr), LXFS_OK);
    CHECK_EQ(lxfs_create(v.fs, d, name_of("e"), &plain_dir, &e), LXFS_OK);
    uint64_t f = make(e, "f");
    put(f, 0, 0, 400000);
    uint64_t g = make(LXFS_ROOT_INODE, "g");
    put(g, 0, 0, 3 * BLOCK);
    CHECK_EQ(lxfs_setattr(v.fs, g, LXFS_SET_FLAGS, &attr), LXFS_OK);
    put(g, BLOCK, BLOCK, BLOCK);
    CHECK_EQ(lxfs_commit(v.fs), LXFS_OK);
    CHECK(!has_second(g, 0) && has_second(g, 1) && !has_second(g, 2));
    for (uint64_t i = 0; i < 400000 / BLOCK; i++) {
        block_of(f, i, i % 2 == 0)[i] ^= 1;
    }
    CHECK_EQ(volume_open(&v, 0), LXFS_OK);
    CHECK(has(f, 0, 0, 400000));
    CHECK(v.fs->stats.repaired_copies == 48 && v.fs->stats.bad_blocks == 0); /* second copies are not read yet */
    struct lxfs_cursor cursor = {0, 0};
    while (lxfs_scrub(v.fs, &cursor, 100) == LXFS_OK) {
    }
    CHECK(v.fs->stats.repaired_copies == 97 && v.fs->stats.bad_blocks == 0 && audit_holds(v.fs));
    attr.flags = 2;
    CHECK_EQ(lxfs_setattr(v.fs, d, LXFS_SET_FLAGS, &attr), LXFS_EINVAL);
    attr.flags = 0;
    CHECK_EQ(lxfs_setattr(v.fs, f, LXFS_SET_FLAGS, &attr), LXFS_OK);
    put(f, 0, 0, BLOCK);
    CHECK_EQ(lxfs_sync(v.fs), LXFS_OK);
    CHECK_EQ(volume_open(&v, 0), LXFS_OK);
    CHECK(!has_second(f, 0) && has_second(f, 1) && has(f, 0, 0, 400000));
    CHECK(lxfs_getattr(v.fs, f, &attr) == LXFS_OK && attr.flags == 0 && lxfs_getattr(v.fs, e, &attr) == LXFS_OK && attr.flags == 1);
    end();
}

static enum lxfs_err digest_of(uint64_t inode, uint32_t blocks, struct hash256 *out)
{
    struct lxfs_fsverity state = {.is_begun = false};
    bool is_done = false;
    enum lxfs_err err = LXFS_OK;
    for (uint32_t n = 0; err == LXFS_OK && !is_done && n < 100000; n++) {
        err = lxfs_fsverity(v.fs, inode, &state, blocks, out, &is_done);
    }
    return err;
}

/* What `fsverity digest` of fsverity-utils says of these files; and a hole is zeros. */
static void verity(void)
{
    static const struct {
        size_t len;
        const char *digest;
    } known[] = {
        {0, "3d248ca542a24fc62d1c43b916eae5016878e2533c88238480b26128a1f1af95"},
        {1, "b803429503d95915829b29fdbc8bbad142f3abfd11b1cadf5526582e685c0551"},
        {4096, "258b680fa93e3bfc1586d9b439d29a2172bd0db550fe7da1272fd8120d801182"},
        {4097, "0328cc6ed983dc0df3103b9651098ab305e4adfae46a1a5814b6602b0630293d"},
        {524288, "e1389416027616e5a91f01961c0d159871f5c6afaf577d6e3b9d815f916fbde0"},
        {524289, "00023924223dbf3c1f1095d9f0fb02546dc2d8ea7032445ad216eab168faa3bb"},
        {600000, "a5bf79b7ed19247ef6a89aa83573d19237bf7815d2b3d4bca00c73e7812cf546"},
    };
    struct hash256 h;
    struct hash256 again;
    char hex[65];
    begin(3000);
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t)(i * 7 % 251);
    }
    uint64_t f = make(LXFS_ROOT_INODE, "f");
    for (uint32_t n = 0; n < ARRAY_LEN(known); n++) {
        CHECK_EQ(lxfs_truncate(v.fs, f, 0), LXFS_OK);
        put(f, 0, 0, known[n].len);
        CHECK_EQ(digest_of(f, 7, &h), LXFS_OK);
        for (uint32_t i = 0; i < 32; i++) {
            snprintf(hex + 2 * i, 3, "%02x", h.bytes[i]);
        }
        CHECK(strcmp(hex, known[n].digest) == 0);
        CHECK_EQ(digest_of(f, 1000, &again), LXFS_OK);
        CHECK(hash256_equal(&h, &again));
    }
    uint64_t zeros = make(LXFS_ROOT_INODE, "zeros");
    uint64_t hole = make(LXFS_ROOT_INODE, "hole");
    memset(bytes, 0, 20000);
    put(zeros, 0, 0, 20000);
    CHECK_EQ(lxfs_truncate(v.fs, hole, 20000), LXFS_OK);
    CHECK(digest_of(zeros, 2, &h) == LXFS_OK && digest_of(hole, 3, &again) == LXFS_OK && hash256_equal(&h, &again));
    struct lxfs_fsverity state = {.is_begun = false};
    bool is_done = false;
    CHECK_EQ(lxfs_fsverity(v.fs, zeros, &state, 1, &h, &is_done), LXFS_OK);
    put(zeros, 10000, 30000, 1);
    CHECK_EQ(lxfs_fsverity(v.fs, zeros, &state, 1, &h, &is_done), LXFS_EBUSY);
    CHECK_EQ(digest_of(LXFS_ROOT_INODE, 1, &h), LXFS_EISDIR);
    struct lxfs_node pipe = {.mode = LXFS_IFIFO | 0644};
    uint64_t p = 0;
    CHECK_EQ(lxfs_create(v.fs, LXFS_ROOT_INODE, name_of("p"), &pipe, &p), LXFS_OK);
    CHECK_EQ(digest_of(p, 1, &h), LXFS_EINVAL);
    CHECK_EQ(lxfs_truncate(v.fs, hole, TREE_VERITY_BYTES_MAX + 1), LXFS_OK);
    CHECK_EQ(digest_of(hole, 1, &h), LXFS_EFBIG);
    end();
}

/* A device that forgets what it is told of. */
static bool forget(void *context, uint64_t first, uint32_t count)
{
    bool *fails = (bool *)context;
    memset(disk.now + first * BLOCK, 0xee, (size_t)count * BLOCK);
    return !*fails;
}

static void discarding(void)
{
    bool fails = false;
    struct lxfs_discard to = {&fails, 1, forget};
    struct lxfs_cursor cursor = {0, 0};
    struct lxfs_statfs s;
    uint64_t discarded = 0;
    begin(40000);
    uint64_t f = make(LXFS_ROOT_INODE, "f");
    uint64_t g = make(LXFS_ROOT_INODE, "g");
    put(f, 0, 0, 700000);
    put(g, 0, 0, 700000);
    CHECK_EQ(lxfs_snapshot_take(v.fs, name_of("s")), LXFS_OK);
    CHECK_EQ(lxfs_unlink(v.fs, LXFS_ROOT_INODE, name_of("g")), LXFS_OK);
    put(f, 100000, 5, 200000); /* not committed: what the last commit has must stay */
    lxfs_statfs(v.fs, &s);
    uint64_t sum = 0;
    while (lxfs_trim(v.fs, &to, &cursor, 1, &discarded) == LXFS_OK) {
        sum += discarded;
    }
    CHECK_EQ(sum, v.fs->free_blocks);
    CHECK(has(f, 0, 0, 100000) && has(f, 100000, 5, 200000));
    CHECK_EQ(volume_open(&v, 0), LXFS_OK); /* without a commit: what was there before */
    CHECK(has(f, 0, 0, 700000) && has(g, 0, 0, 700000) && audit_holds(v.fs));
    fails = true;
    CHECK_EQ(lxfs_trim(v.fs, &to, &cursor, 1, &discarded), LXFS_EIO);
    CHECK_EQ(volume_open(&v, LXFS_READ_ONLY), LXFS_OK);
    CHECK_EQ(lxfs_trim(v.fs, &to, &cursor, 1, &discarded), LXFS_EROFS);
    CHECK_EQ(volume_open(&v, 0), LXFS_OK);
    end();
}

int main(void)
{
    static const struct unit_case cases[] = {
        {"contents in two copies", two_copies},
        {"fs-verity's digest of a file", verity},
        {"the device forgets what is free", discarding},
    };
    return UNIT_MAIN(cases);
}
