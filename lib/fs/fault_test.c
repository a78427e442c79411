/* SPDX-License-Identifier: MIT */
/**
 * LXFS: devices that fail, and volumes that lie in a way that an operation meets when it has begun to act. What the device has stays whole.
 */
#include "trial.h"

static bool failing_flush(void *context)
{
    (void)context;
    return false;
}

static void device_fails(void)
{
    for (uint64_t at = 1; at < 60; at++) {
        begin(2048);
        uint64_t f = make(LXFS_ROOT_INODE, "f");
        size_t done = 0;
        put(f, 0, 0, 20000);
        CHECK_EQ(lxfs_sync(v.fs), LXFS_OK);
        disk.op_count = 0;
        disk.fail_at = at;
        enum lxfs_err err = lxfs_write(v.fs, f, 100, bytes, 10000, &done);
        err = err == LXFS_OK ? lxfs_sync(v.fs) : err;
        err = err == LXFS_OK ? lxfs_commit(v.fs) : err;
        bool did_fail = err != LXFS_OK;
        CHECK(err == LXFS_OK || err == LXFS_EIO);
        if (did_fail) {
            CHECK_EQ(lxfs_write(v.fs, f, 0, bytes, 1, &done), LXFS_EIO);
            CHECK_EQ(lxfs_sync(v.fs), LXFS_EIO);
            CHECK_EQ(lxfs_commit(v.fs), LXFS_EIO);
            CHECK_EQ(lxfs_reclaim(v.fs, 1), LXFS_EIO);
        }
        if (volume_open(&v, 0) != LXFS_EIO) { /* still failing */
            CHECK(!did_fail);
        }
        disk.fail_at = 0;
        CHECK_EQ(volume_open(&v, 0), LXFS_OK);
        CHECK(has(f, 15000, 15000, 5000));
        end();
    }
    begin(2048);
    v.fs->device.flush = failing_flush;
    (void)make(LXFS_ROOT_INODE, "f");
    CHECK_EQ(lxfs_commit(v.fs), LXFS_EIO);
    end_failed();
}

/* Reads fail from any point on: an error, and once a change was half done, no writing any more. */
static void reads_fail(void)
{
    uint32_t failed = 0;
    for (uint64_t at = 1; at < 120; at += 1 + at / 40) {
        begin(2048);
        uint64_t inode = 0;
        uint64_t d = 0;
        size_t done = 0;
        CHECK_EQ(lxfs_create(v.fs, LXFS_ROOT_INODE, name_of("d"), &plain_dir, &d), LXFS_OK);
        uint64_t f = make(d, "f");
        uint64_t g = make(d, "g");
        put(f, 0, 0, 300000);
        put(g, 1ull << 40, 0, 9000);
        CHECK_EQ(lxfs_setxattr(v.fs, f, name_of("x"), bytes, 100, 0), LXFS_OK);
        CHECK_EQ(lxfs_commit(v.fs), LXFS_OK);
        put(g, 0, 0, 100);
        CHECK_EQ(lxfs_sync(v.fs), LXFS_OK);
        disk.op_count = 0;
        disk.fail_reads = 1;
        disk.fail_at = at;
        enum lxfs_err err = volume_open(&v, 0);
        if (err == LXFS_OK) {
            bool is_read = lxfs_read(v.fs, g, 0, got, 100, &done) == LXFS_OK;
            CHECK(!is_read || memcmp(got, bytes, 100) == 0); /* the log is there or the volume does not open */
            (void)!lxfs_getxattr(v.fs, f, name_of("x"), got, 100, &done);
            (void)!lxfs_punch(v.fs, g, 100, 1ull << 40);
            (void)!lxfs_write(v.fs, f, 100, bytes, 20000, &done);
            (void)!lxfs_create(v.fs, d, name_of("n"), &plain_file, &inode);
            (void)!lxfs_setxattr(v.fs, f, name_of("y"), bytes, 100, 0);
            (void)!lxfs_link(v.fs, g, LXFS_ROOT_INODE, name_of("l"));
            (void)!lxfs_rename(v.fs, d, name_of("f"), LXFS_ROOT_INODE, name_of("f"), 0);
            (void)!lxfs_truncate(v.fs, f, 5000);
            (void)!lxfs_unlink(v.fs, d, name_of("g"));
            (void)!lxfs_unlink(v.fs, LXFS_ROOT_INODE, name_of("f"));
            (void)!lxfs_seek(v.fs, g, 100, false, &inode);
            err = lxfs_commit(v.fs);
            CHECK(err == LXFS_OK || err == LXFS_EIO);
            failed += err != LXFS_OK;
        } else {
            CHECK(err == LXFS_EIO || err == LXFS_EBAD || err == LXFS_ENOENT);
            failed++;
        }
        disk.fail_at = 0;
        disk.fail_reads = 0;
        CHECK_EQ(volume_open(&v, 0), LXFS_OK);
        CHECK(audit_holds(v.fs));
        end();
    }
    CHECK(failed > 10);
}

static void format_fails(void)
{
    begin(2048);
    struct lxfs_form form = {.log_blocks = 64};
    uint32_t failed = 0;
    enum lxfs_err err = LXFS_EIO;
    for (uint64_t at = 1; err != LXFS_OK && at < 100; at++) {
        disk.op_count = 0;
        disk.fail_at = at;
        err = lxfs_format(&v.device, &v.crypt, &form, v.memory, v.memory_bytes);
        CHECK(err == LXFS_OK || err == LXFS_EIO);
        failed += err != LXFS_OK;
    }
    CHECK(failed > 20 && err == LXFS_OK);
    disk.fail_at = 0;
    CHECK_EQ(volume_open(&v, 0), LXFS_OK);
    end();
}

/* A log that is longer than what memory can take at once: opening commits in between, and a cut there loses nothing. */
static void long_log(void)
{
    disk_make(&disk, BLOCK, 16384ull * BLOCK, false);
    volume_init(&v, &disk, NULL, 4096, 2048);
    CHECK_EQ(volume_format(&v, 2048), LXFS_OK);
    uint64_t f = make(LXFS_ROOT_INODE, "f");
    CHECK_EQ(lxfs_commit(v.fs), LXFS_OK);
    enum { WRITES = 900 };
    for (uint32_t i = 0; i < WRITES; i++) {
        put(f, (uint64_t)i * BLOCK, i, BLOCK);
        if (i % 20 == 19) { /* a name that can be made only once shows an operation that is done twice */
            char name[16];
            snprintf(name, sizeof name, "made at %u", i);
            (void)make(LXFS_ROOT_INODE, name);
            CHECK_EQ(lxfs_sync(v.fs), LXFS_OK);
        }
    }
    CHECK_EQ(v.fs->stats.commits, 1);
    v.frames = (struct lxfs_frames){LXFS_LEAF_FRAMES_MIN, LXFS_NODE_FRAMES_MIN};
    uint32_t cuts = 0;
    for (uint64_t at = 8; cuts < 40; at += 8) {
        disk.op_count = 0;
        disk.fail_at = at;
        if (volume_open(&v, 0) == LXFS_OK) {
            break;
        }
        cuts++;
    }
    disk.fail_at = 0;
    printf("# %u cuts while the log was done again\n", cuts);
    CHECK(cuts > 3);
    CHECK_EQ(volume_open(&v, 0), LXFS_OK);
    CHECK(v.fs->stats.replayed_records < WRITES); /* the rest had been committed by an opening that was cut */
    for (uint32_t i = 0; i < WRITES; i++) {
        CHECK(has(f, (uint64_t)i * BLOCK, i, BLOCK));
    }
    end();
}

/* A cipher never gets one address and generation for two plain texts, whatever a failing device leaves behind. */
static void nonces(void)
{
    struct fake_cipher cipher = {0};
    struct lxfs_crypt crypt = fake_crypt(&cipher);
    begin(2048);
    v.crypt = crypt;
    CHECK_EQ(volume_format(&v, 64), LXFS_OK);
    uint64_t random = 3;
    for (uint32_t round = 0; round < 400; round++) {
        uint64_t f = 0;
        size_t done = 0;
        volume_rewind(&v);
        if (lxfs_lookup(v.fs, LXFS_ROOT_INODE, name_of("f"), &f) == LXFS_ENOENT) {
            f = make(LXFS_ROOT_INODE, "f");
        }
        disk.op_count = 0;
        disk.fail_at = 1 + random_below(&random, 40);
        enum lxfs_err err = LXFS_OK;
        for (uint32_t n = 0; n < 20 && err == LXFS_OK; n++) {
            err = lxfs_write(v.fs, f, random_below(&random, 60000), bytes + random_below(&random, 1000), 3000, &done);
            err = err != LXFS_OK ? err : n % 3 == 0 ? lxfs_sync(v.fs) : n % 7 == 0 ? lxfs_commit(v.fs) : LXFS_OK;
        }
        disk.fail_at = random_below(&random, 4) == 0 ? disk.op_count + 1 + random_below(&random, 30) : 0;
        err = volume_open(&v, 0); /* sometimes cut again */
        disk.fail_at = 0;
        if (err != LXFS_OK) {
            CHECK_EQ(volume_open(&v, 0), LXFS_OK);
        }
    }
    CHECK_EQ(cipher.reused, 0);
    CHECK(cipher.count > 5000);
    printf("# %llu blocks sealed, no nonce twice\n", (unsigned long long)cipher.count);
    free(cipher.seen);
    end();
}

/* ---- a map that lies: an operation finds no room when it has begun to act ---------------------------------------------------- */

/* Leaves `count` blocks free in the map, and lets the volume believe that nothing has changed. */
static void starve(uint32_t count)
{
    struct file map = file_of_map();
    uint32_t frame = 0;
    map_give(v.fs, v.fs->data_first); /* touches the leaf */
    v.fs->pending_count--;
    CHECK_EQ(file_load(v.fs, &map, 0, 0, &frame), LXFS_OK);
    uint8_t *leaf = frame_data(v.fs, frame);
    uint32_t left = count;
    for (uint64_t address = v.fs->data_end - 1; address >= v.fs->data_first; address--) {
        bool is_free = !map_is_used(leaf, address);
        if (is_free && left != 0) {
            left--;
        } else if (is_free) {
            leaf[address / 8] = (uint8_t)(leaf[address / 8] | 1u << (address % 8));
        }
    }
    le40_store(frame_data(v.fs, 0) + S_MAP + I_ROOT + P_COUNT, count);
}

struct starving {
    uint64_t d;
    uint64_t f;
    uint64_t g;
    uint64_t held;
};

enum { STARVING_OPS = 22 };

static enum lxfs_err starving_op(const struct starving *s, uint32_t op)
{
    struct lxfs *fs = v.fs;
    uint64_t inode = 0;
    size_t done = 0;
    struct lxfs_node link = {.mode = LXFS_IFLNK, .target = "t", .target_bytes = 1};
    struct lxfs_attr attr = {.mode = 1};
    switch (op) {
    case 0:
        return lxfs_create(fs, s->d, name_of("n"), &plain_file, &inode);
    case 1:
        return lxfs_create(fs, s->d, name_of("n"), &plain_dir, &inode);
    case 2:
        return lxfs_create(fs, s->d, name_of("n"), &link, &inode);
    case 3:
        return lxfs_create(fs, s->d, name_of(""), &plain_file, &inode);
    case 4:
        return lxfs_link(fs, s->f, s->d, name_of("n"));
    case 5:
        return lxfs_unlink(fs, s->d, name_of("g"));
    case 6:
        return lxfs_rmdir(fs, s->d, name_of("empty"));
    case 7:
        return lxfs_rename(fs, s->d, name_of("g"), LXFS_ROOT_INODE, name_of("g"), 0);
    case 8:
        return lxfs_rename(fs, s->d, name_of("g"), LXFS_ROOT_INODE, name_of("f"), 0);
    case 9:
        return lxfs_rename(fs, s->d, name_of("empty"), LXFS_ROOT_INODE, name_of("f"), LXFS_EXCHANGE);
    case 10:
        return lxfs_write(fs, s->f, 5000, bytes, 30000, &done);
    case 11:
        return lxfs_write(fs, s->f, 1ull << 45, bytes, 10, &done);
    case 12:
        return lxfs_write(fs, s->f, 8192, bytes, 8192, &done);
    case 13:
        return lxfs_truncate(fs, s->f, 1ull << 40);
    case 14:
        return lxfs_truncate(fs, s->f, 10000);
    case 15:
        return lxfs_punch(fs, s->f, 100, 200000);
    case 16:
        return lxfs_setattr(fs, s->f, LXFS_SET_MODE, &attr);
    case 17:
        return lxfs_setxattr(fs, s->f, name_of("n"), bytes, 10, 0);
    case 18:
        return lxfs_removexattr(fs, s->g, name_of("x"));
    case 19:
        return lxfs_link(fs, s->held, s->d, name_of("n"));
    case 20:
        return lxfs_unlink(fs, s->d, name_of("last of many"));
    default:
        return lxfs_release(fs, s->held);
    }
}

static void map_lies(void)
{
    begin(1500);
    struct starving s = {0};
    uint64_t inode = 0;
    char name[LXFS_NAME_BYTES_MAX + 1];
    CHECK_EQ(lxfs_create(v.fs, LXFS_ROOT_INODE, name_of("d"), &plain_dir, &s.d), LXFS_OK);
    s.f = make(LXFS_ROOT_INODE, "f");
    put(s.f, 0, 0, 300000);
    for (uint32_t i = 0; i < 15; i++) { /* so that the leaf is full, and the next name splits it */
        memset(name, 'a' + (int)i, 250);
        name[250] = 0;
        if (i < 14) {
            (void)make(s.d, name);
        }
    }
    s.g = make(s.d, "g");
    put(s.g, 0, 0, 5000);
    CHECK_EQ(lxfs_setxattr(v.fs, s.g, name_of("x"), bytes, 10, 0), LXFS_OK);
    CHECK_EQ(lxfs_create(v.fs, s.d, name_of("empty"), &plain_dir, &inode), LXFS_OK);
    (void)make(s.d, "last of many");
    CHECK_EQ(lxfs_create(v.fs, LXFS_ROOT_INODE, name_of("three"), &plain_file, &inode), LXFS_OK);
    CHECK_EQ(lxfs_commit(v.fs), LXFS_OK);
    uint8_t *image = (uint8_t *)malloc(disk.bytes);
    memcpy(image, disk.now, disk.bytes);
    uint32_t half_done = 0;
    for (uint32_t op = 0; op < STARVING_OPS; op++) {
        for (uint32_t count = 0; count < 40; count++) {
            CHECK_EQ(volume_open(&v, 0), LXFS_OK);
            CHECK_EQ(lxfs_create(v.fs, 0, name_of(""), &plain_file, &s.held), LXFS_OK);
            CHECK_EQ(lxfs_create(v.fs, 0, name_of(""), &plain_file, &inode), LXFS_OK);
            CHECK_EQ(lxfs_commit(v.fs), LXFS_OK);
            starve(count);
            enum lxfs_err err = starving_op(&s, op);
            CHECK(err == LXFS_OK || err == LXFS_EIO || err == LXFS_ENOSPC);
            half_done += v.fs->is_failed;
            CHECK(!v.fs->is_failed || (lxfs_commit(v.fs) == LXFS_EIO && lxfs_sync(v.fs) == LXFS_EIO));
            if (err == LXFS_OK || unit_failed_checks != 0) {
                break;
            }
        }
        CHECK_EQ(volume_open(&v, 0), LXFS_OK);
        CHECK(has(s.f, 0, 0, 300000) && has(s.g, 0, 0, 5000) && audit_holds(v.fs));
        memcpy(disk.now, image, disk.bytes);
    }
    CHECK(half_done > 100);
    free(image);
    CHECK_EQ(volume_open(&v, 0), LXFS_OK);
    end();
}

/* What the log says is done again only if it can be: a record that has another effect than it had stops the opening. */
static void odd_log(void)
{
    begin(2048);
    struct change c = {.op = CHANGE_CREATE, .a = LXFS_ROOT_INODE, .name = name_of("n"), .mode = LXFS_IFREG, .y = 999};
    struct change set = {.op = CHANGE_SETATTR, .a = LXFS_ROOT_INODE, .data = bytes, .data_bytes = 5};
    struct change rename = {.op = CHANGE_RENAME, .a = 2, .b = 2, .name = name_of("n"), .name2 = name_of("m"), .flags = 64};
    struct change write = {.op = CHANGE_WRITE, .a = make(LXFS_ROOT_INODE, "f"), .data = bytes, .data_bytes = LXFS_PIECE_BYTES + 1};
    struct change release = {.op = CHANGE_RELEASE, .a = write.a};
    struct change *const odd[] = {&c, &set, &rename, &write, &release};
    CHECK_EQ(lxfs_commit(v.fs), LXFS_OK);
    for (uint32_t i = 0; i < ARRAY_LEN(odd); i++) {
        uint8_t *image = (uint8_t *)malloc(disk.bytes);
        memcpy(image, disk.now, disk.bytes);
        log_note(v.fs, odd[i]);
        CHECK_EQ(lxfs_sync(v.fs), LXFS_OK);
        CHECK_EQ(volume_open(&v, 0), LXFS_EBAD);
        CHECK_EQ(volume_open(&v, LXFS_READ_ONLY), LXFS_OK); /* what is committed can be read nevertheless */
        CHECK_EQ(volume_open(&v, LXFS_FORGET_LOG), LXFS_OK);
        CHECK_EQ(volume_open(&v, 0), LXFS_OK);
        memcpy(disk.now, image, disk.bytes);
        free(image);
        CHECK_EQ(volume_open(&v, 0), LXFS_OK);
    }
    end();
}

int main(void)
{
    static const struct unit_case cases[] = {
        {"a device that fails at any write stops the volume, which opens again", device_fails},
        {"reads that fail at any moment", reads_fail},
        {"making a volume on a device that fails", format_fails},
        {"a log that is longer than memory, and cuts while it is done again", long_log},
        {"nonces never come twice, over crashes", nonces},
        {"a map that lies: what was begun and cannot end changes nothing on the device", map_lies},
        {"a log that does not fit its volume", odd_log},
    };
    return UNIT_MAIN(cases);
}
