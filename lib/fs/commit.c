/* SPDX-License-Identifier: MIT */
/**
 * Commit: write, flush, superblock, flush. Superblocks form a ring, in two copies, each naming the hash of the one before it.
 * Source: docs/spec/lxfs.md section 4. Limits: a commit writes at most all frames, twice.
 */
#include "private.h"

static void super_encode(struct lxfs *fs, uint8_t *s)
{
    struct hash256 hash;
    memset(s, 0, S_TABLE);
    memset(s + S_END, 0, BLOCK - S_END);
    le64_store(s, SUPER_MAGIC);
    le32_store(s + S_VERSION, LXFS_VERSION);
    le32_store(s + S_CRYPT, fs->crypt.id);
    memcpy(s + S_UUID, fs->uuid, sizeof fs->uuid);
    memcpy(s + S_SECRET, fs->secret, sizeof fs->secret);
    le64_store(s + S_BLOCKS, fs->block_count);
    le64_store(s + S_LOG_BLOCKS, fs->log_blocks);
    le64_store(s + S_GENERATION, fs->generation);
    le64_store(s + S_PREV_GENERATION, fs->prev_generation);
    memcpy(s + S_PREV_HASH, &fs->prev_hash, sizeof fs->prev_hash);
    time_store(s + S_TIME, fs->now);
    le64_store(s + S_LOG_GENERATION, fs->log_generation);
    memcpy(s + S_LOG_SEED, &fs->log_seed, sizeof fs->log_seed);
    le64_store(s + S_LOG_SKIP, fs->log_skip);
    le64_store(s + S_FREE_INODE, fs->free_inode);
    le64_store(s + S_INODES, fs->inode_count);
    le64_store(s + S_ORPHAN, fs->orphan);
    le64_store(s + S_DEAD_COUNT, fs->dead_count);
    le64_store(s + S_FREE_BLOCKS, fs->free_blocks);
    le64_store(s + S_NEXT, fs->next[0]);
    le64_store(s + S_NEXT + 8, fs->next[1]);
    le64_store(s + S_USED_INODES, fs->used_inodes);
    le64_store(s + S_KEPT_COUNT, fs->kept_count);
    le64_store(s + S_SWEEP, fs->sweep);
    sha256_of(s, S_HASH, &hash);
    memcpy(s + S_HASH, &hash, sizeof hash);
}

static uint64_t super_place(const struct lxfs *fs, uint64_t generation, uint32_t copy)
{
    return generation % SUPER_RING + (copy == 0 ? 0 : fs->block_count - SUPER_RING);
}

/* Writes both copies of the superblock of this generation; then it counts, and the next one begins. */
static enum lxfs_err super_write(struct lxfs *fs)
{
    uint8_t *s = frame_data(fs, 0);
    super_encode(fs, s);
    fs->stats.blocks_written += 2;
    if (!fs->device.write(fs->device.context, super_place(fs, fs->generation, 0), 1, s) ||
        !fs->device.write(fs->device.context, super_place(fs, fs->generation, 1), 1, s) || !medium_flush(fs)) {
        fs->is_failed = true;
        return LXFS_EIO;
    }
    fs->prev_generation = fs->generation++;
    memcpy(&fs->prev_hash, s + S_HASH, sizeof fs->prev_hash);
    return LXFS_OK;
}

bool commit_has_changes(const struct lxfs *fs, uint32_t end_rank)
{
    bool has = fs->pending_count != 0 || fs->log_at != 0 || fs->log_used != 0 || fs->is_log_full;
    for (uint32_t rank = 0; rank < end_rank; rank++) {
        has = has || fs->dirty[rank].count != 0;
    }
    return has;
}

/* Writes the dirty blocks of one rank, which are all of one level. */
static enum lxfs_err write_rank(struct lxfs *fs, uint32_t rank)
{
    uint32_t batch[RUN_BLOCKS];
    for (uint32_t i = fs->dirty[rank].first; i != 0;) {
        uint32_t count = 0;
        for (; i != 0 && count < RUN_BLOCKS; i = fs->frames[i].next) {
            batch[count++] = i;
        }
        enum lxfs_err err = block_write(fs, batch, count);
        if (err != LXFS_OK) {
            return err;
        }
    }
    return LXFS_OK;
}

enum lxfs_err commit_all(struct lxfs *fs)
{
    if (fs->is_failed) {
        return LXFS_EIO;
    }
    if (!commit_has_changes(fs, RANKS)) {
        return LXFS_OK;
    }
    map_settle(fs);
    for (uint32_t rank = 0; rank < RANKS; rank++) {
        if (write_rank(fs, rank) != LXFS_OK) {
            fs->is_failed = true;
            return LXFS_EIO;
        }
    }
    if (!medium_flush(fs)) {
        fs->is_failed = true;
        return LXFS_EIO;
    }
    if (!fs->is_replay) {
        log_reset(fs, fs->generation);
    }
    enum lxfs_err err = super_write(fs);
    for (uint32_t rank = 0; rank < RANKS && err == LXFS_OK; rank++) {
        while (fs->dirty[rank].first != 0) {
            cache_to_clean(fs, fs->dirty[rank].first, rank);
        }
    }
    fs->stats.commits += err == LXFS_OK;
    return err;
}

enum lxfs_err commit_mount(struct lxfs *fs, bool has_log)
{
    if (!has_log) {
        log_reset(fs, fs->generation);
    }
    return super_write(fs);
}

/* ---- finding the newest ----------------------------------------------------------------------------------------------- */

static bool is_inode_of(const uint8_t *inode, uint64_t leaves)
{
    return le64_load(inode + I_SIZE) == leaves * BLOCK && inode[I_ROOT + P_LEVEL] == file_depth(leaves * BLOCK) &&
           le40_load(inode + I_ROOT + P_ADDRESS) != 0;
}

/* Takes a whole superblock over, if its numbers can be. */
static enum lxfs_err super_decode(struct lxfs *fs, const uint8_t *s)
{
    memcpy(fs->uuid, s + S_UUID, sizeof fs->uuid);
    memcpy(fs->secret, s + S_SECRET, sizeof fs->secret);
    fs->block_count = le64_load(s + S_BLOCKS);
    fs->log_blocks = le64_load(s + S_LOG_BLOCKS);
    fs->prev_generation = le64_load(s + S_GENERATION);
    fs->generation = fs->prev_generation + 1; /* a crash may have used it: commit_mount takes it, for its superblock alone */
    memcpy(&fs->prev_hash, s + S_HASH, sizeof fs->prev_hash);
    fs->log_generation = le64_load(s + S_LOG_GENERATION);
    memcpy(&fs->log_seed, s + S_LOG_SEED, sizeof fs->log_seed);
    fs->log_skip = le64_load(s + S_LOG_SKIP);
    fs->free_inode = le64_load(s + S_FREE_INODE);
    fs->inode_count = le64_load(s + S_INODES);
    fs->orphan = le64_load(s + S_ORPHAN);
    fs->kept_count = le64_load(s + S_KEPT_COUNT);
    fs->sweep = le64_load(s + S_SWEEP);
    fs->dead_count = le64_load(s + S_DEAD_COUNT);
    fs->free_blocks = le64_load(s + S_FREE_BLOCKS);
    fs->next[0] = le64_load(s + S_NEXT);
    fs->next[1] = le64_load(s + S_NEXT + 8);
    fs->used_inodes = le64_load(s + S_USED_INODES);
    if (le32_load(s + S_VERSION) != LXFS_VERSION || le32_load(s + S_CRYPT) != fs->crypt.id) {
        return LXFS_ENOTSUP;
    }
    if (fs->block_count > fs->device.size(fs->device.context)) {
        return LXFS_EINVAL;
    }
    if (fs->log_blocks < LXFS_LOG_BLOCKS_MIN || fs->log_blocks > LXFS_LOG_BLOCKS_MAX || fs->block_count < LXFS_BLOCKS_MIN ||
        !map_measure(fs)) {
        return LXFS_EBAD;
    }
    bool is_sound = fs->inode_count >= INODE_FIRST_FREE && fs->inode_count <= LXFS_BLOCKS_MAX * BLOCK_INODES &&
                    fs->free_inode < fs->inode_count && fs->orphan < fs->inode_count && fs->free_blocks <= fs->block_count &&
                    fs->dead_count <= LXFS_BLOCKS_MAX && fs->kept_count <= LXFS_BLOCKS_MAX &&
                    fs->sweep <= LXFS_BLOCKS_MAX && fs->used_inodes <= fs->inode_count &&
                    fs->next[0] <= fs->block_count && fs->next[1] <= fs->block_count && fs->prev_generation < UINT64_MAX / 2 &&
                    is_inode_of(s + S_TABLE, (fs->inode_count - 1) / BLOCK_INODES + 1) && is_inode_of(s + S_MAP, fs->map_leaves);
    return is_sound ? LXFS_OK : LXFS_EBAD;
}

/* Reads a superblock. `generation` is 0 when there is none; nothing else is checked. @return false when the device failed. */
static bool super_peek(struct lxfs *fs, uint64_t at, uint8_t *s, uint64_t *generation)
{
    *generation = 0;
    fs->stats.blocks_read++;
    if (!fs->device.read(fs->device.context, at, 1, s)) {
        return false;
    }
    *generation = le64_load(s) == SUPER_MAGIC ? le64_load(s + S_GENERATION) : 0;
    return true;
}

static bool super_is_whole(const uint8_t *s)
{
    struct hash256 hash;
    sha256_of(s, S_HASH, &hash);
    return memcmp(&hash, s + S_HASH, sizeof hash) == 0;
}

/* Whether the superblock that the newest one names as the one before it, if it is still there, is that. */
static void chain_check(struct lxfs *fs, const uint8_t *newest)
{
    uint8_t *s = fs->scratch;
    uint64_t before = le64_load(newest + S_PREV_GENERATION);
    for (uint32_t copy = 0; copy < 2 && before != 0; copy++) {
        uint64_t generation = 0;
        if (super_peek(fs, super_place(fs, before, copy), s, &generation) && generation == before && super_is_whole(s) &&
            memcmp(s + S_HASH, newest + S_PREV_HASH, SHA256_BYTES) != 0) {
            fs->stats.is_chain_broken = true;
        }
    }
}

enum lxfs_err commit_find(struct lxfs *fs)
{
    uint64_t end = fs->device.size(fs->device.context);
    uint8_t *s = frame_data(fs, 0);
    uint64_t generations[2 * SUPER_RING] = {0};
    uint32_t failed = 0; /* a bit for each copy that the device did not give */
    bool has_any = false;
    for (uint32_t n = 0; n < 2 * SUPER_RING && end >= LXFS_BLOCKS_MIN; n++) {
        failed |= super_peek(fs, n < SUPER_RING ? n : end - 2 * SUPER_RING + n, s, &generations[n]) ? 0 : 1u << n;
        has_any = has_any || generations[n] != 0;
    }
    if ((failed & failed >> SUPER_RING) != 0) { /* the newest might be that one: nothing older may stand for it */
        return LXFS_EIO;
    }
    for (uint32_t tries = 0; tries < 2 * SUPER_RING; tries++) { /* the newest that is whole */
        uint32_t best = 0;
        for (uint32_t n = 1; n < 2 * SUPER_RING; n++) {
            best = generations[n] > generations[best] ? n : best;
        }
        uint64_t generation = generations[best];
        generations[best] = 0;
        if (generation == 0) {
            break;
        }
        uint64_t again = 0;
        if (!super_peek(fs, best < SUPER_RING ? best : end - 2 * SUPER_RING + best, s, &again)) {
            return LXFS_EIO;
        }
        if (again == generation && super_is_whole(s)) {
            enum lxfs_err err = super_decode(fs, s);
            if (err == LXFS_OK) {
                chain_check(fs, s);
            }
            return err;
        }
    }
    return has_any ? LXFS_EBAD : LXFS_ENOENT;
}
