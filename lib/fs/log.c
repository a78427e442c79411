/* SPDX-License-Identifier: MIT */
/**
 * Log: the operations since the last commit, written by lxfs_sync and done again by lxfs_open. Source: docs/spec/lxfs.md section 10
 * Limits: LOG_BUFFER bytes of operations between two syncs and log_blocks between two commits; what is more makes a sync a commit.
 */
#include "private.h"

enum { HEAD_BLOCKS_MAX = LOG_BUFFER / BLOCK };

/* Offsets in a group's head and in a record. */
enum { G_GENERATION = 8, G_NUMBER = 16, G_BYTES = 24, G_RECORDS = 28, G_PREV = 32, G_HASH = 64 };
enum {
    R_OP = 4,
    R_NAME = 5,
    R_NAME2 = 6,
    R_FLAGS = 7,
    R_DATA = 8,
    R_TIME_NS = 12,
    R_TIME = 16,
    R_A = 24,
    R_B = 32,
    R_X = 40,
    R_Y = 48,
    R_MODE = 56,
    R_UID = 60,
    R_GID = 64,
    R_MASK = 68,
};

void log_reset(struct lxfs *fs, uint64_t generation)
{
    fs->log_generation = generation;
    fs->log_seed = fs->prev_hash;
    fs->log_hash = fs->log_seed;
    fs->log_skip = 0;
    fs->log_at = 0;
    fs->log_number = 0;
    fs->log_used = 0;
    fs->log_records = 0;
    fs->is_log_full = false;
}

void log_note(struct lxfs *fs, const struct change *c)
{
    uint32_t body = RECORD_BYTES + (uint32_t)c->name.len_bytes + (uint32_t)c->name2.len_bytes + c->data_bytes;
    uint32_t bytes = (body + 7) & ~7u;
    if (fs->is_log_full || bytes > LOG_BUFFER - LOG_HEAD_BYTES - fs->log_used) {
        fs->is_log_full = true;
        return;
    }
    uint8_t *r = fs->log + LOG_HEAD_BYTES + fs->log_used;
    memset(r, 0, bytes);
    le32_store(r, bytes);
    r[R_OP] = (uint8_t)c->op;
    r[R_NAME] = (uint8_t)c->name.len_bytes;
    r[R_NAME2] = (uint8_t)c->name2.len_bytes;
    r[R_FLAGS] = (uint8_t)c->flags;
    le32_store(r + R_DATA, c->data_bytes);
    le32_store(r + R_TIME_NS, fs->now.nanoseconds);
    le64_store(r + R_TIME, (uint64_t)fs->now.seconds);
    le64_store(r + R_A, c->a);
    le64_store(r + R_B, c->b);
    le64_store(r + R_X, c->x);
    le64_store(r + R_Y, c->y);
    le32_store(r + R_MODE, c->mode);
    le32_store(r + R_UID, c->uid);
    le32_store(r + R_GID, c->gid);
    le32_store(r + R_MASK, c->mask);
    uint8_t *to = r + RECORD_BYTES;
    if (c->name.len_bytes != 0) {
        memcpy(to, c->name.bytes, c->name.len_bytes);
    }
    to += c->name.len_bytes;
    if (c->name2.len_bytes != 0) {
        memcpy(to, c->name2.bytes, c->name2.len_bytes);
    }
    if (c->data_bytes != 0) {
        memcpy(to + c->name2.len_bytes, c->data, c->data_bytes);
    }
    fs->log_used += bytes;
    fs->log_records++;
}

static uint64_t log_place(const struct lxfs *fs, uint32_t copy, uint64_t at)
{
    return at + (copy == 0 ? SUPER_RING : fs->block_count - SUPER_RING - fs->log_blocks);
}

static void group_hash(const uint8_t *group, uint32_t bytes, struct hash256 *out)
{
    struct sha256 s;
    sha256_init(&s);
    sha256_update(&s, group, G_HASH);
    sha256_update(&s, group + LOG_HEAD_BYTES, bytes);
    sha256_final(&s, out);
}

enum lxfs_err log_write(struct lxfs *fs)
{
    uint32_t blocks = (LOG_HEAD_BYTES + fs->log_used - 1) / BLOCK + 1;
    if (fs->is_log_full || blocks > fs->log_blocks - fs->log_at) {
        return commit_all(fs);
    }
    struct hash256 hash;
    memset(fs->log, 0, LOG_HEAD_BYTES);
    memset(fs->log + LOG_HEAD_BYTES + fs->log_used, 0, (size_t)blocks * BLOCK - LOG_HEAD_BYTES - fs->log_used);
    le64_store(fs->log, LOG_MAGIC);
    le64_store(fs->log + G_GENERATION, fs->log_generation);
    le64_store(fs->log + G_NUMBER, fs->log_number);
    le32_store(fs->log + G_BYTES, fs->log_used);
    le32_store(fs->log + G_RECORDS, fs->log_records);
    memcpy(fs->log + G_PREV, &fs->log_hash, sizeof fs->log_hash);
    group_hash(fs->log, fs->log_used, &hash);
    memcpy(fs->log + G_HASH, &hash, sizeof hash);
    bool is_written = true;
    for (uint32_t copy = 0; copy < 2 && is_written; copy++) {
        is_written = device_write_run(fs, log_place(fs, copy, fs->log_at), fs->log_generation, fs->log, blocks);
    }
    if (!is_written || !medium_flush(fs)) {
        fs->is_failed = true;
        return LXFS_EIO;
    }
    fs->stats.log_groups++;
    fs->log_hash = hash;
    fs->log_at += blocks;
    fs->log_number++;
    fs->log_used = 0;
    fs->log_records = 0;
    return LXFS_OK;
}

/* Reads one copy of group `number` at a place of the log. @return LXFS_OK; LXFS_ENOENT: there is none; LXFS_EIO. */
static enum lxfs_err group_read_copy(struct lxfs *fs, uint32_t copy, uint64_t at, uint64_t number, const struct hash256 *prev,
                                     uint32_t *blocks)
{
    struct hash256 hash;
    if (!medium_read(fs, log_place(fs, copy, at), fs->log_generation, fs->log)) {
        return LXFS_EIO;
    }
    uint32_t bytes = le32_load(fs->log + G_BYTES);
    if (le64_load(fs->log) != LOG_MAGIC || le64_load(fs->log + G_GENERATION) != fs->log_generation ||
        le64_load(fs->log + G_NUMBER) != number || bytes > LOG_BUFFER - LOG_HEAD_BYTES) {
        return LXFS_ENOENT;
    }
    *blocks = (LOG_HEAD_BYTES + bytes - 1) / BLOCK + 1;
    if (*blocks > fs->log_blocks - at) {
        return LXFS_ENOENT;
    }
    if (*blocks > 1 && !device_read_run(fs, log_place(fs, copy, at + 1), fs->log_generation, fs->log + BLOCK, *blocks - 1)) {
        return LXFS_EIO;
    }
    group_hash(fs->log, bytes, &hash);
    bool is_whole = memcmp(&hash, fs->log + G_HASH, sizeof hash) == 0;
    return is_whole && (prev == NULL || memcmp(prev, fs->log + G_PREV, sizeof *prev) == 0) ? LXFS_OK : LXFS_ENOENT;
}

/* The same from either copy. The hash before it is compared only if `prev` is there. What the device
 * gives of neither copy is not taken for the end. */
static enum lxfs_err group_read(struct lxfs *fs, uint64_t at, uint64_t number, const struct hash256 *prev, uint32_t *blocks)
{
    if (at >= fs->log_blocks) {
        return LXFS_ENOENT;
    }
    enum lxfs_err first = group_read_copy(fs, 0, at, number, prev, blocks);
    if (first == LXFS_OK) {
        return LXFS_OK;
    }
    enum lxfs_err second = group_read_copy(fs, 1, at, number, prev, blocks);
    fs->stats.bad_copies += second == LXFS_OK;
    return first == LXFS_EIO || second == LXFS_OK ? second : first;
}

/* A group may only be missing at the end: the one after it was written when this one had been flushed. @return LXFS_EBAD: it is there. */
static enum lxfs_err end_check(struct lxfs *fs, uint64_t at, uint64_t number)
{
    for (uint64_t n = 1; n <= HEAD_BLOCKS_MAX; n++) {
        uint32_t blocks = 0;
        enum lxfs_err err = group_read(fs, at + n, number + 1, NULL, &blocks);
        if (err == LXFS_OK) {
            return LXFS_EBAD;
        }
    }
    return LXFS_OK;
}

enum lxfs_err log_probe(struct lxfs *fs)
{
    uint32_t blocks = 0;
    enum lxfs_err err = group_read(fs, 0, 0, &fs->log_seed, &blocks);
    if (err == LXFS_ENOENT) {
        enum lxfs_err end = end_check(fs, 0, 0);
        err = end != LXFS_OK ? end : fs->log_skip != 0 ? LXFS_EBAD : LXFS_ENOENT;
    }
    return err;
}

/* Takes the record at `at`, of at most `left` bytes, apart. What it points to lies in the log's buffer. */
static bool record_parse(const uint8_t *r, uint32_t left, struct change *c, uint32_t *bytes)
{
    if (left < RECORD_BYTES || le32_load(r) < RECORD_BYTES || le32_load(r) > left || le32_load(r) % 8 != 0) {
        return false;
    }
    *bytes = le32_load(r);
    uint32_t names = (uint32_t)r[R_NAME] + r[R_NAME2];
    uint32_t data = le32_load(r + R_DATA);
    struct lxfs_time time = {(int64_t)le64_load(r + R_TIME), le32_load(r + R_TIME_NS)};
    if (r[R_OP] < CHANGE_CREATE || r[R_OP] > CHANGE_RELEASE || !time_is_sound(time) || names > *bytes - RECORD_BYTES ||
        data > *bytes - RECORD_BYTES - names) {
        return false;
    }
    const char *text = (const char *)r + RECORD_BYTES;
    *c = (struct change){.op = (enum change_op)r[R_OP],
                         .flags = r[R_FLAGS],
                         .time = time,
                         .a = le64_load(r + R_A),
                         .b = le64_load(r + R_B),
                         .x = le64_load(r + R_X),
                         .y = le64_load(r + R_Y),
                         .mode = le32_load(r + R_MODE),
                         .uid = le32_load(r + R_UID),
                         .gid = le32_load(r + R_GID),
                         .mask = le32_load(r + R_MASK),
                         .name = {text, r[R_NAME]},
                         .name2 = {text + r[R_NAME], r[R_NAME2]},
                         .data = r + RECORD_BYTES + names,
                         .data_bytes = data};
    return true;
}

/* Does the records of the group in the buffer again; those that the superblock has already are passed over. */
static enum lxfs_err group_replay(struct lxfs *fs, uint64_t *record)
{
    const uint8_t *at = fs->log + LOG_HEAD_BYTES;
    uint32_t left = le32_load(fs->log + G_BYTES);
    uint64_t skip = fs->log_skip;
    while (left != 0) {
        struct change c;
        uint32_t bytes = 0;
        if (!record_parse(at, left, &c, &bytes)) {
            return LXFS_EBAD;
        }
        at += bytes;
        left -= bytes;
        if ((*record)++ < skip) {
            continue;
        }
        uint64_t inode = c.y;
        fs->now = c.time;
        enum lxfs_err err = change_do(fs, &c);
        if (err != LXFS_OK) {
            return err == LXFS_EIO ? LXFS_EIO : LXFS_EBAD;
        }
        if (c.op == CHANGE_CREATE && c.y != inode) {
            return LXFS_EBAD;
        }
        fs->log_skip = *record;
        fs->stats.replayed_records++;
    }
    return LXFS_OK;
}

enum lxfs_err log_redo(struct lxfs *fs)
{
    struct lxfs_time now = fs->now;
    struct hash256 prev = fs->log_seed;
    uint64_t record = 0;
    uint64_t at = 0;
    uint64_t number = 0;
    uint32_t blocks = 0;
    enum lxfs_err err = LXFS_OK;
    fs->is_replay = true;
    while (err == LXFS_OK) {
        err = group_read(fs, at, number, &prev, &blocks);
        if (err != LXFS_OK) {
            break;
        }
        memcpy(&prev, fs->log + G_HASH, sizeof prev);
        err = group_replay(fs, &record);
        at += blocks;
        number++;
    }
    fs->is_replay = false;
    fs->now = now;
    if (err == LXFS_ENOENT) {
        err = record < fs->log_skip ? LXFS_EBAD : end_check(fs, at, number);
    }
    return err;
}
