/* SPDX-License-Identifier: MIT */
/**
 * LXFS: quotas. Random operations in three directories with limits against a count that is kept beside them: what is used is right after
 * each, and exactly what would be too much is refused. And the errors, names across quotas, files without names, what comes after a cut.
 */
#include "trial.h"

enum { TREES = 3, FILES = 12, FILE_BLOCKS = 40 };

struct one {
    uint64_t inode; /* 0: not there */
    uint32_t tree;
    uint64_t size;
    bool has[FILE_BLOCKS];
};

struct count {
    uint64_t directories[TREES];
    uint64_t limits[TREES];
    uint64_t used[TREES];
    struct one files[FILES];
    uint64_t random;
    uint32_t refused;
};

static const char *name_of_file(uint32_t i)
{
    static char name[16];
    snprintf(name, sizeof name, "file %u", i);
    return name;
}

static void expect(struct count *c, enum lxfs_err is, uint32_t tree, uint64_t more)
{
    bool fits = more == 0 || (c->used[tree] < c->limits[tree] && more <= c->limits[tree] - c->used[tree]);
    CHECK_EQ(is, fits ? LXFS_OK : LXFS_EDQUOT);
    c->used[tree] += fits ? more : 0;
    c->refused += !fits;
}

static uint64_t blocks_of(const struct one *f)
{
    uint64_t count = 1;
    for (uint32_t i = 0; i < FILE_BLOCKS; i++) {
        count += f->has[i];
    }
    return count;
}

static void write_some(struct count *c, struct one *f)
{
    uint64_t offset = random_below(&c->random, (FILE_BLOCKS - 16) * BLOCK);
    size_t len = 1 + random_below(&c->random, random_below(&c->random, 2) == 0 ? 15 * BLOCK : 5000);
    uint64_t first = offset / BLOCK;
    uint64_t last = (offset + len - 1) / BLOCK;
    uint64_t more = 0;
    size_t done = 0;
    len = len < LXFS_PIECE_BYTES - offset % BLOCK ? len : LXFS_PIECE_BYTES - offset % BLOCK;
    for (uint64_t i = first; i <= last; i++) {
        more += !f->has[i];
    }
    uint32_t before = c->refused;
    expect(c, lxfs_write(v.fs, f->inode, offset, bytes, len, &done), f->tree, more);
    for (uint64_t i = first; i <= last && c->refused == before; i++) {
        f->has[i] = true;
    }
    f->size = c->refused == before && offset + len > f->size ? offset + len : f->size;
}

static void lose_blocks(struct count *c, struct one *f, uint64_t first, uint64_t end)
{
    for (uint64_t i = first; i < end && i < FILE_BLOCKS; i++) {
        c->used[f->tree] -= f->has[i];
        f->has[i] = false;
    }
}

static void shorten(struct count *c, struct one *f)
{
    uint64_t size = random_below(&c->random, FILE_BLOCKS * BLOCK);
    CHECK_EQ(lxfs_truncate(v.fs, f->inode, size), LXFS_OK);
    lose_blocks(c, f, tree_leaf_count(size), FILE_BLOCKS);
    f->size = size;
}

static void punch(struct count *c, struct one *f)
{
    uint64_t offset = random_below(&c->random, FILE_BLOCKS * BLOCK);
    uint64_t len = 1 + random_below(&c->random, 10 * BLOCK);
    CHECK_EQ(lxfs_punch(v.fs, f->inode, offset, len), LXFS_OK);
    if (offset < f->size) {
        uint64_t end = len < f->size - offset ? offset + len : f->size;
        lose_blocks(c, f, (offset + BLOCK - 1) / BLOCK, end == f->size ? tree_leaf_count(end) : end / BLOCK);
    }
}

static void step(struct count *c)
{
    uint32_t i = random_below(&c->random, FILES);
    struct one *f = &c->files[i];
    uint32_t tree = random_below(&c->random, TREES);
    if (f->inode == 0) {
        enum lxfs_err err = lxfs_create(v.fs, c->directories[tree], name_of(name_of_file(i)), &plain_file, &f->inode);
        f->inode = err == LXFS_OK ? f->inode : 0;
        f->tree = tree;
        expect(c, err, tree, 1);
        return;
    }
    switch (random_below(&c->random, 8)) {
    case 0:
        shorten(c, f);
        break;
    case 1:
        punch(c, f);
        break;
    case 2:
        CHECK_EQ(lxfs_unlink(v.fs, c->directories[f->tree], name_of(name_of_file(i))), LXFS_OK);
        c->used[f->tree] -= blocks_of(f);
        memset(f, 0, sizeof *f);
        break;
    case 3: {
        enum lxfs_err want = tree == f->tree ? LXFS_OK : LXFS_EXDEV;
        struct lxfs_name name = {name_of_file(i), strlen(name_of_file(i))};
        CHECK_EQ(lxfs_rename(v.fs, c->directories[f->tree], name, c->directories[tree], name, 0), want);
        CHECK_EQ(lxfs_link(v.fs, f->inode, c->directories[tree], name_of("link")), want);
        CHECK_EQ(lxfs_unlink(v.fs, c->directories[tree], name_of("link")), want == LXFS_OK ? LXFS_OK : LXFS_ENOENT);
        break;
    }
    default:
        write_some(c, f);
        break;
    }
}

static void compare(struct count *c)
{
    for (uint32_t t = 0; t < TREES; t++) {
        struct lxfs_quota q;
        CHECK_EQ(lxfs_quota_get(v.fs, t + 1, &q), LXFS_OK);
        CHECK_EQ(q.used_blocks, c->used[t]);
        CHECK_EQ(q.limit_blocks, c->limits[t]);
    }
}

static void random_operations(void)
{
    static struct count c;
    c = (struct count){.random = 11};
    begin(6000);
    for (uint32_t t = 0; t < TREES; t++) {
        char name[8];
        snprintf(name, sizeof name, "%u", t);
        CHECK_EQ(lxfs_create(v.fs, LXFS_ROOT_INODE, name_of(name), &plain_dir, &c.directories[t]), LXFS_OK);
        CHECK_EQ(lxfs_quota_assign(v.fs, c.directories[t], t + 1), LXFS_OK);
        c.limits[t] = 40 + 40 * t;
        c.used[t] = 2;
        CHECK_EQ(lxfs_quota_set(v.fs, t + 1, c.limits[t]), LXFS_OK);
    }
    for (uint32_t n = 0; n < 20000 && unit_failed_checks == 0; n++) {
        step(&c);
        compare(&c);
        if (n % 100 == 0) {
            CHECK_EQ(lxfs_sync(v.fs), LXFS_OK);
        }
        if (n % 1000 == 999) { /* the log is done again, and counts the same */
            CHECK_EQ(lxfs_sync(v.fs), LXFS_OK);
            CHECK_EQ(volume_open(&v, 0), LXFS_OK);
            compare(&c);
            uint32_t t = random_below(&c.random, TREES);
            c.limits[t] = 20 + random_below(&c.random, 150);
            CHECK_EQ(lxfs_quota_set(v.fs, t + 1, c.limits[t]), LXFS_OK);
            CHECK(audit_holds(v.fs));
        }
    }
    CHECK(c.refused > 500);
    printf("# 20000 operations, %u over quota\n", c.refused);
    end();
}

static void errors(void)
{
    struct lxfs_quota q;
    struct lxfs_attr a;
    uint64_t d = 0;
    uint64_t e = 0;
    uint64_t f = 0;
    begin(3000);
    CHECK_EQ(lxfs_create(v.fs, LXFS_ROOT_INODE, name_of("d"), &plain_dir, &d), LXFS_OK);
    uint64_t file = make(LXFS_ROOT_INODE, "file");
    CHECK_EQ(lxfs_quota_get(v.fs, 0, &q), LXFS_EINVAL);
    CHECK_EQ(lxfs_quota_get(v.fs, LXFS_QUOTAS_MAX + 1, &q), LXFS_EINVAL);
    CHECK_EQ(lxfs_quota_set(v.fs, 0, 1), LXFS_EINVAL);
    CHECK_EQ(lxfs_quota_set(v.fs, LXFS_QUOTAS_MAX + 1, 1), LXFS_EINVAL);
    CHECK_EQ(lxfs_quota_assign(v.fs, d, LXFS_QUOTAS_MAX + 1), LXFS_EINVAL);
    CHECK_EQ(lxfs_quota_assign(v.fs, file, 1), LXFS_ENOTDIR);
    CHECK_EQ(lxfs_quota_assign(v.fs, LXFS_ROOT_INODE, 1), LXFS_ENOTEMPTY);
    CHECK_EQ(lxfs_quota_assign(v.fs, 12345, 1), LXFS_ENOENT);
    CHECK_EQ(lxfs_quota_assign(v.fs, d, LXFS_QUOTAS_MAX), LXFS_OK);
    CHECK_EQ(lxfs_quota_set(v.fs, LXFS_QUOTAS_MAX, 6), LXFS_OK);
    CHECK_EQ(lxfs_create(v.fs, d, name_of("e"), &plain_dir, &e), LXFS_OK); /* inherits, as what is made in it does */
    CHECK(lxfs_getattr(v.fs, e, &a) == LXFS_OK && a.quota == LXFS_QUOTAS_MAX);
    CHECK_EQ(lxfs_create(v.fs, e, name_of("e2"), &plain_dir, &f), LXFS_OK);
    CHECK_EQ(lxfs_create(v.fs, e, name_of("f"), &plain_file, &f), LXFS_EDQUOT);
    CHECK_EQ(lxfs_create(v.fs, e, name_of(""), &plain_file, &f), LXFS_EDQUOT);
    CHECK_EQ(lxfs_rmdir(v.fs, e, name_of("e2")), LXFS_OK);
    CHECK_EQ(lxfs_create(v.fs, e, name_of(""), &plain_file, &f), LXFS_OK); /* without a name it counts, and may get one there */
    CHECK_EQ(lxfs_link(v.fs, f, LXFS_ROOT_INODE, name_of("f")), LXFS_EXDEV);
    CHECK_EQ(lxfs_link(v.fs, f, d, name_of("f")), LXFS_OK);
    CHECK_EQ(lxfs_release(v.fs, f), LXFS_OK);
    CHECK_EQ(lxfs_rename(v.fs, LXFS_ROOT_INODE, name_of("file"), d, name_of("file"), 0), LXFS_EXDEV);
    CHECK_EQ(lxfs_rename(v.fs, LXFS_ROOT_INODE, name_of("file"), d, name_of("f"), LXFS_EXCHANGE), LXFS_EXDEV);
    CHECK_EQ(lxfs_rename(v.fs, LXFS_ROOT_INODE, name_of("d"), LXFS_ROOT_INODE, name_of("d2"), 0), LXFS_OK); /* the tree itself may move */
    size_t done = 0;
    CHECK_EQ(lxfs_write(v.fs, f, 0, bytes, 2 * BLOCK, &done), LXFS_EDQUOT);
    CHECK_EQ(lxfs_write(v.fs, f, 1ull << 40, bytes, BLOCK, &done), LXFS_OK);
    CHECK_EQ(lxfs_write(v.fs, f, 1ull << 40, bytes + 1, BLOCK, &done), LXFS_OK);
    CHECK_EQ(lxfs_write(v.fs, f, 0, bytes, 1, &done), LXFS_EDQUOT);
    CHECK_EQ(lxfs_truncate(v.fs, f, 0), LXFS_OK);
    put(f, 0, 0, BLOCK);
    CHECK_EQ(lxfs_quota_get(v.fs, LXFS_QUOTAS_MAX, &q), LXFS_OK);
    CHECK_EQ(q.used_blocks, 6);
    CHECK_EQ(lxfs_unlink(v.fs, d, name_of("f")), LXFS_OK);
    CHECK_EQ(lxfs_rmdir(v.fs, d, name_of("e")), LXFS_OK);
    CHECK_EQ(lxfs_quota_assign(v.fs, d, 0), LXFS_OK);
    CHECK(lxfs_quota_get(v.fs, LXFS_QUOTAS_MAX, &q) == LXFS_OK && q.used_blocks == 0);
    end();
}

int main(void)
{
    static const struct unit_case cases[] = {
        {"quotas: random operations, counted beside", random_operations},
        {"quotas: every error, and names across quotas", errors},
    };
    return UNIT_MAIN(cases);
}
