/* SPDX-License-Identifier: MIT */
/**
 * Block: from the device to a verified frame, and back. Nothing gets into a frame without its hash; what did not verify in one copy is
 * taken from the other and written again. Source: docs/spec/lxfs.md sections 2 and 3
 */
#include "private.h"

bool device_read_run(struct lxfs *fs, uint64_t address, uint64_t generation, uint8_t *out, uint32_t count)
{
    fs->stats.blocks_read += count;
    if (!fs->device.read(fs->device.context, address, count, out)) {
        return false;
    }
    for (uint32_t n = 0; n < count && fs->crypt.id != 0; n++) {
        fs->crypt.unseal(fs->crypt.context, address + n, generation, out + (size_t)n * BLOCK);
    }
    return true;
}

bool medium_read(struct lxfs *fs, uint64_t address, uint64_t generation, uint8_t *out)
{
    return device_read_run(fs, address, generation, out, 1);
}

bool device_write_run(struct lxfs *fs, uint64_t address, uint64_t generation, const uint8_t *blocks, uint32_t count)
{
    fs->stats.blocks_written += count;
    if (fs->crypt.id == 0) {
        return fs->device.write(fs->device.context, address, count, blocks);
    }
    for (uint32_t done = 0; done < count;) { /* sealed in the stage; the blocks may stand there already */
        uint32_t piece = count - done < STAGE_BLOCKS ? count - done : STAGE_BLOCKS;
        const uint8_t *from = blocks + (size_t)done * BLOCK;
        if (from != fs->stage) {
            memcpy(fs->stage, from, (size_t)piece * BLOCK);
        }
        for (uint32_t n = 0; n < piece; n++) {
            fs->crypt.seal(fs->crypt.context, address + done + n, generation, fs->stage + (size_t)n * BLOCK);
        }
        if (!fs->device.write(fs->device.context, address + done, piece, fs->stage)) {
            return false;
        }
        done += piece;
    }
    return true;
}

bool medium_write(struct lxfs *fs, uint64_t address, uint64_t generation, const uint8_t *block)
{
    return device_write_run(fs, address, generation, block, 1);
}

bool medium_flush(struct lxfs *fs)
{
    fs->stats.flushes++;
    return fs->device.flush(fs->device.context);
}

void damage_note(struct lxfs *fs, const struct spot *spot, uint64_t address)
{
    bool is_map = spot->kind == KIND_MAP;
    uint64_t inode = 0;
    if (spot->kind < KIND_TABLE) { /* the frame of its inode is a leaf of the inode table, and has told its index */
        inode = fs->frames[spot->home].spot.index * BLOCK_INODES + spot->home_at / INODE_BYTES;
    }
    fs->stats.bad_blocks++;
    fs->damage = (struct lxfs_damage){
        .inode = inode, .index = spot->index, .address = address, .level = spot->level, .is_map = is_map};
    fs->is_damaged = true;
}

uint32_t block_rank(enum kind kind, uint32_t level)
{
    return level + (kind == KIND_TABLE ? (uint32_t)RANK_TABLE : kind == KIND_MAP ? (uint32_t)RANK_MAP : 0);
}

struct extent block_extent(struct lxfs *fs, const struct spot *spot)
{
    if (spot->kind == KIND_XATTR) {
        return (struct extent){1, BLOCK};
    }
    uint64_t size = le64_load(frame_data(fs, spot->home) + spot->home_at + I_SIZE);
    uint64_t total = tree_leaf_count(size);
    uint64_t span = 1ull << (FANOUT_BITS * spot->level);
    uint64_t first = spot->index << (FANOUT_BITS * spot->level);
    assert(first < total);
    if (span < total - first) {
        return (struct extent){span, BLOCK};
    }
    return (struct extent){total - first, (uint32_t)tree_block_len(size, total - 1)};
}

bool block_is_place(const struct lxfs *fs, const struct spot *spot, uint64_t address, uint32_t copy)
{
    if (spot->kind != KIND_MAP) {
        return address >= fs->data_first && address < fs->data_end;
    }
    uint64_t place = map_place(fs, spot->level, spot->index, 0) + (copy == 0 ? 0 : map_distance(fs));
    return address == place || address == place + 1;
}

/* Whether a node has nothing behind its file's end. Its hash does not reach there, and the file may grow over what was planted. */
static bool ends_with_file(const uint8_t *node, uint32_t level, struct extent extent)
{
    uint64_t span = 1ull << (FANOUT_BITS * (level - 1));
    for (uint64_t at = ((extent.leaves - 1) / span + 1) * POINTER_BYTES; at < BLOCK; at += 8) {
        if (le64_load(node + at) != 0) {
            return false;
        }
    }
    return true;
}

/* Whether the entries of a node are of the level below, and count as many leaves as the pointer to it does, none more than it can have.
 * Searches rely on it: what counts fewer leaves than it can have has a hole, and what is no hole has a leaf. */
static bool has_sound_entries(const uint8_t *node, uint32_t level, struct extent extent, uint64_t count)
{
    uint64_t span = 1ull << (FANOUT_BITS * (level - 1));
    uint64_t sum = 0;
    for (uint64_t n = 0; n < FANOUT && n * span < extent.leaves; n++) {
        const uint8_t *p = node + (size_t)n * POINTER_BYTES;
        uint64_t here = le40_load(p + P_COUNT);
        uint64_t left = extent.leaves - n * span;
        bool is_hole = le40_load(p + P_ADDRESS) == 0;
        if ((here == 0) != is_hole || here > (left < span ? left : span) || (!is_hole && p[P_LEVEL] != level - 1)) {
            return false;
        }
        sum += here;
    }
    return sum == count;
}

/* Whether the frame has what the pointer names. Fills in what an honest block has behind the end of its file. */
static bool verify(struct lxfs *fs, const struct spot *spot, uint32_t i, const uint8_t *pointer)
{
    uint8_t *data = frame_data(fs, i);
    struct extent extent = block_extent(fs, spot);
    struct hash256 hash;
    if (spot->level == 0) {
        hash_leaf(fs, data, extent.last_bytes, &hash);
        if (memcmp(&hash, pointer + P_HASH, sizeof hash) != 0) {
            return false;
        }
        memset(data + extent.last_bytes, 0, BLOCK - extent.last_bytes);
        return true;
    }
    if (hash_check(data) != le64_load(pointer + P_CHECK) || !ends_with_file(data, spot->level, extent) ||
        (spot->kind != KIND_MAP && !has_sound_entries(data, spot->level, extent, le40_load(pointer + P_COUNT)))) {
        return false;
    }
    fs->frames[i].changed = UINT64_MAX;
    fs->frames[i].fold_leaves = 0;
    hash_fold(fs, i, spot->level, extent, &hash);
    return memcmp(&hash, pointer + P_HASH, sizeof hash) == 0;
}

/* Reads the copies one after the other until one is good; writes the good one over the bad one before it. */
static bool read_copies(struct lxfs *fs, const struct spot *spot, uint32_t i, const uint8_t *pointer)
{
    uint64_t birth = le64_load(pointer + P_BIRTH);
    uint64_t first = le40_load(pointer + P_ADDRESS);
    uint64_t second = le40_load(pointer + P_ADDRESS2);
    if (block_is_place(fs, spot, first, 0) && medium_read(fs, first, birth, frame_data(fs, i)) && verify(fs, spot, i, pointer)) {
        return true;
    }
    if (second == 0 || !block_is_place(fs, spot, second, 1) || !medium_read(fs, second, birth, frame_data(fs, i)) ||
        !verify(fs, spot, i, pointer)) {
        return false;
    }
    fs->stats.bad_copies++;
    if (!fs->is_read_only && !fs->is_failed && block_is_place(fs, spot, first, 0) &&
        medium_write(fs, first, birth, frame_data(fs, i))) {
        fs->stats.repaired_copies++;
    }
    return true;
}

/* Whether a pointer can be one of this volume, but for what it points to. */
static bool is_sound(const struct lxfs *fs, const struct spot *spot, const uint8_t *pointer)
{
    uint64_t birth = le64_load(pointer + P_BIRTH);
    bool counts_one = spot->level != 0 || spot->kind == KIND_MAP || le40_load(pointer + P_COUNT) == 1;
    return pointer[P_LEVEL] == spot->level && counts_one && birth != 0 && birth <= fs->generation;
}

/* Whether a frame in memory is what the pointer at the spot means. Two pointers to one block may be there, made by a hostile device: what
 * was verified as a block of one kind, or for a long file, is not taken for a block of another, or for a shorter file. */
static bool is_same(struct lxfs *fs, const struct frame *f, const struct spot *spot, const uint8_t *pointer)
{
    if (f->level != spot->level || f->spot.kind != spot->kind || f->address2 != le40_load(pointer + P_ADDRESS2)) {
        return false;
    }
    if (f->state == FRAME_DIRTY) {
        return f->spot.parent == spot->parent && f->spot.parent_at == spot->parent_at;
    }
    struct extent extent = block_extent(fs, spot);
    return f->birth == le64_load(pointer + P_BIRTH) && f->check == le64_load(pointer + P_CHECK) &&
           f->count == le40_load(pointer + P_COUNT) && f->extent.leaves == extent.leaves && f->extent.last_bytes == extent.last_bytes &&
           memcmp(&f->hash, pointer + P_HASH, sizeof f->hash) == 0;
}

enum lxfs_err block_load(struct lxfs *fs, const struct spot *spot, uint32_t *frame)
{
    const uint8_t *pointer = spot_pointer(fs, spot);
    uint64_t address = le40_load(pointer + P_ADDRESS);
    assert(address != 0);
    uint32_t i = cache_find(fs, address);
    if (i != 0 ? pointer[P_LEVEL] != spot->level || !is_same(fs, &fs->frames[i], spot, pointer) : !is_sound(fs, spot, pointer)) {
        damage_note(fs, spot, address);
        return LXFS_EBAD;
    }
    if (i != 0) {
        fs->frames[i].spot.index = spot->index;
        cache_use(fs, i);
        *frame = i;
        return LXFS_OK;
    }
    i = cache_take(fs, spot->level != 0);
    if (i == 0) {
        return LXFS_EIO;
    }
    if (!read_copies(fs, spot, i, pointer)) {
        damage_note(fs, spot, address);
        return LXFS_EBAD;
    }
    struct frame *f = &fs->frames[i];
    cache_enter(fs, i, address);
    f->address2 = le40_load(pointer + P_ADDRESS2);
    f->birth = le64_load(pointer + P_BIRTH);
    f->check = le64_load(pointer + P_CHECK);
    memcpy(&f->hash, pointer + P_HASH, sizeof f->hash);
    f->extent = block_extent(fs, spot);
    f->count = le40_load(pointer + P_COUNT);
    f->spot = *spot;
    f->level = (uint8_t)spot->level;
    f->state = FRAME_CLEAN;
    *frame = i;
    return LXFS_OK;
}

static bool has_two_copies(struct lxfs *fs, const struct spot *spot)
{
    const uint8_t *inode = frame_data(fs, spot->home) + spot->home_at;
    return spot->kind != KIND_FILE || spot->level != 0 || (le32_load(inode + I_FLAGS) & LXFS_TWO_COPIES) != 0;
}

/* Finds new places for the block of a spot. */
static enum lxfs_err places(struct lxfs *fs, const struct spot *spot, uint64_t out[2])
{
    out[1] = 0;
    enum lxfs_err err = map_take(fs, 0, &out[0]);
    if (err == LXFS_OK && has_two_copies(fs, spot)) {
        err = map_take(fs, 1, &out[1]);
        if (err != LXFS_OK) {
            map_give(fs, out[0]);
        }
    }
    return err;
}

void block_settle(struct lxfs *fs, const struct spot *spot, uint32_t i, const uint64_t where[2])
{
    struct frame *f = &fs->frames[i];
    uint8_t *pointer = spot_pointer(fs, spot);
    cache_enter(fs, i, where[0]);
    f->address2 = where[1];
    f->birth = fs->generation;
    f->is_checked = f->is_checked && spot->kind == KIND_META;
    f->spot = *spot;
    f->level = (uint8_t)spot->level;
    le64_store(pointer + P_BIRTH, fs->generation);
    le40_store(pointer + P_ADDRESS, where[0]);
    le40_store(pointer + P_ADDRESS2, where[1]);
    pointer[P_LEVEL] = (uint8_t)spot->level;
    cache_to_dirty(fs, i, block_rank(spot->kind, spot->level));
}

/* Gives a dirty block a second place, when it has none and should: the file has been told to have two copies since. */
static enum lxfs_err second_place(struct lxfs *fs, const struct spot *spot, struct frame *f)
{
    if (f->address2 != 0 || !has_two_copies(fs, spot)) {
        return LXFS_OK;
    }
    enum lxfs_err err = map_take(fs, 1, &f->address2);
    le40_store(spot_pointer(fs, spot) + P_ADDRESS2, f->address2);
    return err;
}

enum lxfs_err block_touch(struct lxfs *fs, const struct spot *spot, uint32_t frame)
{
    struct frame *f = &fs->frames[frame];
    assert(fs->frames[spot->parent].state == FRAME_DIRTY && spot->kind != KIND_MAP);
    if (f->state == FRAME_DIRTY) {
        return second_place(fs, spot, f);
    }
    uint64_t where[2];
    uint64_t old[2] = {f->address, f->address2};
    enum lxfs_err err = places(fs, spot, where);
    if (err != LXFS_OK) {
        return err;
    }
    uint64_t birth = spot->kind == KIND_LIST ? UINT64_MAX : f->birth; /* lists are no part of snapshots */
    block_settle(fs, spot, frame, where);
    block_give(fs, old[0], old[1], birth);
    return LXFS_OK;
}

void block_give(struct lxfs *fs, uint64_t address, uint64_t address2, uint64_t birth)
{
    if (birth <= fs->newest_snapshot) {
        if (fs->kept_pending == OP_FREES) {
            fs->stats.lost_blocks++;
            return;
        }
        fs->kept[fs->kept_pending++] = (struct kept){address, address2, birth};
        return;
    }
    map_give(fs, address);
    if (address2 != 0) {
        map_give(fs, address2);
    }
}

enum lxfs_err block_make(struct lxfs *fs, const struct spot *spot, uint32_t *frame)
{
    uint64_t where[2];
    assert(fs->frames[spot->parent].state == FRAME_DIRTY && spot->kind != KIND_MAP);
    enum lxfs_err err = places(fs, spot, where);
    uint32_t i = err == LXFS_OK ? cache_take(fs, spot->level != 0) : 0;
    if (i == 0) {
        return err == LXFS_OK ? LXFS_EIO : err;
    }
    memset(frame_data(fs, i), 0, BLOCK);
    memset(spot_pointer(fs, spot), 0, POINTER_BYTES);
    block_settle(fs, spot, i, where);
    *frame = i;
    return LXFS_OK;
}

bool block_is_new(struct lxfs *fs, const uint8_t *pointer)
{
    uint32_t i = cache_find(fs, le40_load(pointer + P_ADDRESS));
    return i != 0 && fs->frames[i].state == FRAME_DIRTY && spot_pointer(fs, &fs->frames[i].spot) == pointer;
}

/* Makes a hole of a pointer; the block is in memory no more. @return false when it stays, because it belongs to another pointer. */
static bool leave(struct lxfs *fs, uint8_t *pointer)
{
    uint32_t i = cache_find(fs, le40_load(pointer + P_ADDRESS));
    bool is_others = i != 0 && fs->frames[i].state == FRAME_DIRTY && !block_is_new(fs, pointer);
    if (is_others) { /* a hostile device has two pointers to one block: it stays with the one that is in memory */
        fs->stats.map_errors++;
    } else if (i != 0) {
        cache_drop(fs, i);
    }
    memset(pointer, 0, POINTER_BYTES);
    return !is_others;
}

void block_free(struct lxfs *fs, uint8_t *pointer)
{
    uint64_t first = le40_load(pointer + P_ADDRESS);
    uint64_t second = le40_load(pointer + P_ADDRESS2);
    uint64_t birth = le64_load(pointer + P_BIRTH);
    if (leave(fs, pointer)) {
        block_give(fs, first, second, birth);
    }
}

void block_forget(struct lxfs *fs, uint8_t *pointer)
{
    uint64_t first = le40_load(pointer + P_ADDRESS);
    uint64_t second = le40_load(pointer + P_ADDRESS2);
    if (leave(fs, pointer)) {
        block_give(fs, first, second, UINT64_MAX);
    }
}

uint32_t block_read_run(struct lxfs *fs, const struct spot *spot, uint32_t count, uint8_t *out)
{
    const uint8_t *pointers = spot_pointer(fs, spot);
    uint64_t address = le40_load(pointers + P_ADDRESS);
    uint64_t birth = le64_load(pointers + P_BIRTH);
    uint32_t run = 0;
    assert(count <= RUN_BLOCKS && spot->level == 0);
    while (run < count && block_is_place(fs, spot, address + run, 0) && cache_find(fs, address + run) == 0) {
        const uint8_t *p = pointers + (size_t)run * POINTER_BYTES;
        if (le40_load(p + P_ADDRESS) != address + run || le64_load(p + P_BIRTH) != birth || !is_sound(fs, spot, p)) {
            break;
        }
        run++;
    }
    uint32_t good = 0;
    bool is_good = run != 0 && device_read_run(fs, address, birth, out, run);
    while (is_good && good < run) {
        const uint8_t *blocks[HASH_BATCH];
        struct hash256 hashes[HASH_BATCH];
        uint32_t batch = run - good < HASH_BATCH ? run - good : HASH_BATCH;
        for (uint32_t n = 0; n < batch; n++) {
            blocks[n] = out + (size_t)(good + n) * BLOCK;
        }
        hash_leaves(fs, blocks, batch, hashes);
        for (uint32_t n = 0; n < batch && is_good; n++) {
            is_good = memcmp(&hashes[n], pointers + (size_t)good * POINTER_BYTES + P_HASH, sizeof hashes[n]) == 0;
            good += is_good;
        }
    }
    memset(out + (size_t)good * BLOCK, 0, (size_t)(run - good) * BLOCK);
    return good;
}

/* Hashes what whole leaves there are among the frames, HASH_BATCH at a time. */
static void hash_frames(struct lxfs *fs, const uint32_t frames[], uint32_t count)
{
    const uint8_t *blocks[HASH_BATCH];
    struct hash256 hashes[HASH_BATCH];
    uint32_t which[HASH_BATCH];
    uint32_t batch = 0;
    for (uint32_t n = 0; n <= count; n++) {
        if (batch == HASH_BATCH || n == count) {
            hash_leaves(fs, blocks, batch, hashes);
            for (uint32_t k = 0; k < batch; k++) {
                fs->frames[which[k]].hash = hashes[k];
            }
            batch = 0;
        }
        if (n < count && fs->frames[frames[n]].extent.last_bytes == BLOCK) {
            which[batch] = frames[n];
            blocks[batch++] = frame_data(fs, frames[n]);
        }
    }
}

/* Enters a frame whose hash is complete in the pointer to it. */
static void pointer_complete(struct lxfs *fs, const struct frame *f)
{
    uint8_t *pointer = spot_pointer(fs, &f->spot);
    struct frame *parent = &fs->frames[f->spot.parent];
    assert(le40_load(pointer + P_ADDRESS) == f->address && parent->state == FRAME_DIRTY);
    memcpy(pointer + P_HASH, &f->hash, sizeof f->hash);
    le64_store(pointer + P_CHECK, f->check);
    if (parent->level != 0) {
        parent->changed |= 1ull << (f->spot.parent_at / POINTER_BYTES);
    }
}

/* Writes one copy of the frames: those that lie together on the device by one call, put together in the stage unless they are in memory. */
static bool write_copies(struct lxfs *fs, const uint32_t frames[], uint32_t count, bool is_second)
{
    for (uint32_t first = 0, run = 1; first < count; first += run, run = 1) {
        const struct frame *f = &fs->frames[frames[first]];
        uint64_t address = is_second ? f->address2 : f->address;
        bool is_together = true;
        if (address == 0) {
            continue;
        }
        for (; first + run < count; run++) {
            const struct frame *next = &fs->frames[frames[first + run]];
            bool goes_on = is_together && frames[first + run] == frames[first] + run;
            if ((is_second ? next->address2 : next->address) != address + run || (!goes_on && run >= STAGE_BLOCKS)) {
                break;
            }
            is_together = goes_on;
        }
        const uint8_t *from = is_together ? frame_data(fs, frames[first]) : fs->stage;
        for (uint32_t n = 0; n < run && !is_together; n++) {
            memcpy(fs->stage + (size_t)n * BLOCK, frame_data(fs, frames[first + n]), BLOCK);
        }
        if (!device_write_run(fs, address, f->birth, from, run)) {
            return false;
        }
    }
    return true;
}

enum lxfs_err block_write(struct lxfs *fs, const uint32_t frames[], uint32_t count)
{
    assert(count <= RUN_BLOCKS);
    for (uint32_t n = 0; n < count; n++) {
        struct frame *f = &fs->frames[frames[n]];
        f->extent = block_extent(fs, &f->spot);
        f->count = le40_load(spot_pointer(fs, &f->spot) + P_COUNT);
    }
    if (fs->frames[frames[0]].level == 0) {
        hash_frames(fs, frames, count);
    }
    for (uint32_t n = 0; n < count; n++) {
        struct frame *f = &fs->frames[frames[n]];
        f->check = f->level == 0 ? 0 : hash_check(frame_data(fs, frames[n]));
        if (f->level != 0) {
            hash_fold(fs, frames[n], f->level, f->extent, &f->hash);
        } else if (f->extent.last_bytes != BLOCK) {
            hash_leaf(fs, frame_data(fs, frames[n]), f->extent.last_bytes, &f->hash);
        }
        pointer_complete(fs, f);
    }
    return write_copies(fs, frames, count, false) && write_copies(fs, frames, count, true) ? LXFS_OK : LXFS_EIO;
}
