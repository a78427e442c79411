/* SPDX-License-Identifier: MIT */
/** Volume: laying out the memory, making a volume, opening one. Source: docs/spec/lxfs.md section 1 */
#include "private.h"

enum { PENDING_PER_FRAME = 4 };

/* ---- memory: struct lxfs, frames, buckets, folds, pending, then whole blocks: data, scratch, log ------------------------ */

static uint32_t bucket_count(const struct lxfs_frames *frames)
{
    uint32_t count = 1;
    while (count < frames->leaves + frames->nodes) {
        count *= 2;
    }
    return count;
}

static size_t part_end(size_t at, size_t bytes)
{
    return (at + bytes + 63) & ~(size_t)63;
}

/* Where the parts of the memory lie: offsets in `out` if it is there. @return the bytes of all. */
static size_t parts(const struct lxfs_frames *frames, size_t out[6])
{
    size_t count = (size_t)frames->leaves + frames->nodes;
    size_t at = part_end(0, sizeof(struct lxfs));
    size_t offsets[6];
    offsets[0] = at;
    at = part_end(at, (count + 1) * sizeof(struct frame));
    offsets[1] = at;
    at = part_end(at, bucket_count(frames) * sizeof(uint32_t));
    offsets[2] = at;
    at = part_end(at, (size_t)frames->nodes * INNER_HASHES * sizeof(struct hash256));
    offsets[3] = at;
    at = part_end(at, count * PENDING_PER_FRAME * sizeof(uint64_t));
    at = (at + BLOCK - 1) & ~(size_t)(BLOCK - 1);
    offsets[4] = at;
    at += (count + 1 + 2 + STAGE_BLOCKS) * BLOCK;
    offsets[5] = at;
    at += LOG_BUFFER;
    if (out != NULL) {
        memcpy(out, offsets, sizeof offsets);
    }
    return at;
}

size_t lxfs_memory_bytes(const struct lxfs_frames *frames)
{
    if (frames->leaves < LXFS_LEAF_FRAMES_MIN || frames->nodes < LXFS_NODE_FRAMES_MIN || frames->leaves > LXFS_FRAMES_MAX ||
        frames->nodes > LXFS_FRAMES_MAX) {
        return 0;
    }
    return parts(frames, NULL);
}

static struct lxfs *lay_out(const struct lxfs_device *device, const struct lxfs_crypt *crypt, const struct lxfs_frames *frames,
                            void *memory)
{
    uint8_t *base = (uint8_t *)memory;
    struct lxfs *fs = (struct lxfs *)memory;
    size_t at[6];
    (void)parts(frames, at);
    memset(fs, 0, sizeof *fs);
    fs->device = *device;
    fs->crypt = *crypt;
    fs->limits = *frames;
    fs->frames = (struct frame *)(void *)(base + at[0]);
    fs->buckets = (uint32_t *)(void *)(base + at[1]);
    fs->bucket_mask = bucket_count(frames) - 1;
    fs->folds = (struct hash256 *)(void *)(base + at[2]);
    fs->pending = (uint64_t *)(void *)(base + at[3]);
    fs->pending_max = (frames->leaves + frames->nodes) * PENDING_PER_FRAME;
    fs->data = base + at[4];
    fs->scratch = fs->data + ((size_t)frames->leaves + frames->nodes + 1) * BLOCK;
    fs->stage = fs->scratch + 2 * (size_t)BLOCK;
    fs->log = base + at[5];
    memset(fs->data, 0, BLOCK);
    cache_init(fs);
    hash_zeros_init(fs);
    return fs;
}

/* ---- making ---------------------------------------------------------------------------------------------------------- */

/* The leaf of the map of a new volume: everything outside of the data is in use. @return its free blocks. */
static uint64_t fresh_leaf(const struct lxfs *fs, uint64_t index, uint8_t *leaf)
{
    uint64_t free_count = 0;
    memset(leaf, 0xff, BLOCK);
    for (uint32_t bit = 0; bit < MAP_LEAF_BLOCKS; bit++) {
        uint64_t address = index * MAP_LEAF_BLOCKS + bit;
        if (address >= fs->data_first && address < fs->data_end) {
            leaf[bit / 8] = (uint8_t)(leaf[bit / 8] & ~(1u << (bit % 8)));
            free_count++;
        }
    }
    return free_count;
}

/* Writes a block of the new map to its first place, and its pointer to the node above, or to the superblock. */
static bool fresh_write(struct lxfs *fs, uint32_t level, uint64_t index, uint32_t frame, uint64_t count, uint8_t *pointer)
{
    struct spot spot = {.index = index, .home_at = S_MAP, .kind = KIND_MAP, .level = level};
    struct extent extent = block_extent(fs, &spot);
    uint64_t place = map_place(fs, level, index, 0);
    const uint8_t *data = frame_data(fs, frame);
    struct hash256 hash;
    if (level == 0) {
        hash_leaf(fs, data, BLOCK, &hash);
    } else {
        fs->frames[frame].changed = UINT64_MAX;
        hash_fold(fs, frame, level, extent, &hash);
    }
    memcpy(pointer + P_HASH, &hash, sizeof hash);
    le64_store(pointer + P_BIRTH, fs->generation);
    le64_store(pointer + P_CHECK, level == 0 ? 0 : hash_check(data));
    le40_store(pointer + P_ADDRESS, place);
    le40_store(pointer + P_ADDRESS2, place + map_distance(fs));
    le40_store(pointer + P_COUNT, count);
    pointer[P_LEVEL] = (uint8_t)level;
    return medium_write(fs, place, fs->generation, data) && medium_write(fs, place + map_distance(fs), fs->generation, data);
}

/* Writes the whole map, leaf after leaf; frame `level` holds the node that is being filled on each level, frame `depth + 1` the leaf. */
static bool fresh_map(struct lxfs *fs)
{
    uint8_t *inode = frame_data(fs, 0) + S_MAP;
    le64_store(inode + I_SIZE, fs->map_leaves * BLOCK);
    uint32_t depth = file_depth(fs->map_leaves * BLOCK);
    uint64_t counts[MAP_LEVELS_MAX + 1] = {0};
    for (uint32_t level = 1; level <= depth; level++) {
        memset(frame_data(fs, level), 0, BLOCK);
    }
    for (uint64_t leaf = 0; leaf < fs->map_leaves; leaf++) {
        uint64_t index = leaf;
        bool is_last = leaf + 1 == fs->map_leaves;
        counts[0] = fresh_leaf(fs, leaf, frame_data(fs, depth + 1));
        fs->free_blocks += counts[0];
        for (uint32_t level = 0; level <= depth; level++) {
            uint8_t *pointer = level == depth ? inode + I_ROOT : frame_data(fs, level + 1) + index % FANOUT * POINTER_BYTES;
            uint32_t frame = level == 0 ? depth + 1 : level;
            if (!fresh_write(fs, level, index, frame, counts[level], pointer)) {
                return false;
            }
            if (level == depth) {
                break;
            }
            counts[level + 1] += counts[level];
            counts[level] = 0;
            memset(frame_data(fs, frame), 0, level == 0 ? 0 : BLOCK);
            if (!is_last && index % FANOUT != FANOUT - 1) {
                break;
            }
            index /= FANOUT;
        }
    }
    return true;
}

/* The inode table, with the list of dead trees and the root directory. */
static enum lxfs_err fresh_inodes(struct lxfs *fs)
{
    struct file f;
    enum lxfs_err err = LXFS_OK;
    for (uint32_t n = 0; n < INODE_FIRST_FREE && err == LXFS_OK; n++) {
        err = inode_make(fs, n == INODE_ROOT ? LXFS_IFDIR | 0755 : n == INODE_NONE ? 0 : LXFS_IFREG | 0600, 0, &f);
        if (err == LXFS_OK && n == INODE_ROOT) {
            le32_store(file_inode(fs, &f) + I_LINKS, 2);
            le64_store(file_inode(fs, &f) + I_PARENT, INODE_ROOT);
            err = dir_make(fs, &f);
        }
    }
    fs->used_inodes = 1;
    return err;
}

enum lxfs_err lxfs_format(const struct lxfs_device *device, const struct lxfs_crypt *crypt, const struct lxfs_form *form, void *memory,
                          size_t memory_bytes)
{
    const struct lxfs_frames frames = {LXFS_LEAF_FRAMES_MIN, LXFS_NODE_FRAMES_MIN};
    if (memory_bytes < parts(&frames, NULL)) {
        return LXFS_ENOMEM;
    }
    struct lxfs *fs = lay_out(device, crypt, &frames, memory);
    lxfs_clock(fs, form->now);
    fs->block_count = device->size(device->context);
    fs->log_blocks = form->log_blocks;
    fs->generation = 1;
    memcpy(fs->uuid, form->uuid, sizeof fs->uuid);
    memcpy(fs->secret, form->secret, sizeof fs->secret);
    if (fs->log_blocks < LXFS_LOG_BLOCKS_MIN || fs->log_blocks > LXFS_LOG_BLOCKS_MAX || fs->block_count < LXFS_BLOCKS_MIN ||
        fs->block_count > LXFS_BLOCKS_MAX || !map_measure(fs)) {
        return LXFS_EINVAL;
    }
    fs->next[0] = fs->data_first;
    fs->next[1] = fs->data_first + (fs->data_end - fs->data_first) / 2;
    /* Old superblocks go first: then a cut leaves no volume, not two halves. */
    memset(fs->scratch, 0, BLOCK);
    bool is_written = true;
    for (uint32_t n = 0; n < 2 * SUPER_RING && is_written; n++) {
        is_written = device->write(device->context, n < SUPER_RING ? n : fs->block_count - 2 * SUPER_RING + n, 1, fs->scratch);
    }
    if (!is_written || !medium_flush(fs) || !fresh_map(fs)) {
        return LXFS_EIO;
    }
    fs->generation = 2; /* so that what follows writes the map to its other places */
    enum lxfs_err err = fresh_inodes(fs);
    return err == LXFS_OK ? commit_all(fs) : err;
}

/* ---- opening --------------------------------------------------------------------------------------------------------- */

enum lxfs_err lxfs_open(const struct lxfs_setup *setup, void *memory, size_t memory_bytes, struct lxfs **out)
{
    size_t want = lxfs_memory_bytes(&setup->frames);
    if (want == 0 || memory_bytes < want) {
        return LXFS_ENOMEM;
    }
    struct lxfs *fs = lay_out(&setup->device, &setup->crypt, &setup->frames, memory);
    lxfs_clock(fs, setup->now);
    fs->is_read_only = (setup->flags & LXFS_READ_ONLY) != 0;
    enum lxfs_err err = commit_find(fs);
    if (err == LXFS_OK && fs->is_read_only) {
        err = snapshots_load(fs);
    }
    if (err != LXFS_OK || fs->is_read_only) {
        *out = err == LXFS_OK ? fs : *out;
        return err;
    }
    enum lxfs_err probed = (setup->flags & LXFS_FORGET_LOG) != 0 ? LXFS_ENOENT : log_probe(fs);
    if (probed != LXFS_OK && probed != LXFS_ENOENT) {
        return probed;
    }
    err = commit_mount(fs, probed == LXFS_OK);
    if (err == LXFS_OK) {
        err = snapshots_load(fs);
    }
    if (err == LXFS_OK && probed == LXFS_OK) {
        err = log_redo(fs);
        fs->is_log_full = true; /* the log that is there belongs to the state before: a commit ends it */
    }
    if (err == LXFS_OK) {
        err = orphans_free(fs);
    }
    if (err == LXFS_OK) {
        err = commit_all(fs);
    }
    if (err == LXFS_OK) {
        *out = fs;
    }
    return err;
}
