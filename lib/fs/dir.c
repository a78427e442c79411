/* SPDX-License-Identifier: MIT */
/**
 * Dir: a directory as a B+ tree of blocks, in the order of keyed hashes of the names. Source: docs/spec/lxfs.md section 6
 * Limits: DIR_LEVELS_MAX levels; four names of one 61-bit hash. A block is checked once when it comes to memory; a tree only grows, until
 *         its last entry goes.
 */
#include "private.h"

enum {
    HEAD = 16,
    D_LEVEL = 2,
    D_COUNT = 4,
    D_BYTES = 6,
    LEAF_HEAD = 18, /* of an entry: key, inode, type, length */
    INNER_ENTRY = 16,
    INNER_MAX = (BLOCK - HEAD) / INNER_ENTRY,
    ROOM = BLOCK - HEAD,
    READDIR_LEAVES = 16, /* that one call looks at */
};
#define KEY_GROUP 3ull /* the bits that tell names of one hash apart */

uint64_t dir_key(const struct lxfs *fs, struct lxfs_name name)
{
    struct sha256 s;
    struct hash256 hash;
    sha256_init(&s);
    sha256_update(&s, fs->secret, sizeof fs->secret);
    sha256_update(&s, name.bytes, name.len_bytes);
    sha256_final(&s, &hash);
    uint64_t key = le64_load(hash.bytes) & (INT64_MAX & ~KEY_GROUP);
    return key == 0 ? KEY_GROUP + 1 : key;
}

static uint32_t end_of(const uint8_t *b)
{
    return HEAD + (uint32_t)le16_load(b + D_BYTES);
}

static uint32_t entry_bytes(const uint8_t *leaf, uint32_t at)
{
    return LEAF_HEAD + (uint32_t)leaf[at + LEAF_HEAD - 1];
}

/* Whether an entry of a leaf is one that dir_insert could have made. Names of a hostile device reach nobody if they could not have been given. */
static bool is_entry_sound(const uint8_t *e)
{
    const uint32_t types = 1u << (LXFS_IFREG >> 12) | 1u << (LXFS_IFDIR >> 12) | 1u << (LXFS_IFLNK >> 12) | 1u << (LXFS_IFCHR >> 12) |
                           1u << (LXFS_IFBLK >> 12) | 1u << (LXFS_IFIFO >> 12) | 1u << (LXFS_IFSOCK >> 12);
    struct lxfs_name name = {(const char *)e + LEAF_HEAD, e[LEAF_HEAD - 1]};
    return le64_load(e) > KEY_GROUP && le64_load(e + 8) >= INODE_FIRST_FREE && snapshot_bits(le64_load(e + 8)) == 0 && e[16] < 16 && (types >> e[16] & 1) != 0 &&
           name_check(name) == LXFS_OK;
}

/* Whether a block of a directory has the form that the rest here relies on. */
static bool is_sound(const uint8_t *b)
{
    uint32_t count = le16_load(b + D_COUNT);
    uint32_t bytes = le16_load(b + D_BYTES);
    if (le16_load(b) != DIR_MAGIC || b[D_LEVEL] >= DIR_LEVELS_MAX || bytes > ROOM) {
        return false;
    }
    uint64_t last = 0;
    uint32_t at = HEAD;
    for (uint32_t n = 0; n < count; n++) {
        uint32_t left = HEAD + bytes - at;
        uint32_t len = INNER_ENTRY;
        if (b[D_LEVEL] == 0) {
            len = left < LEAF_HEAD ? left + 1 : entry_bytes(b, at);
        }
        if (len > left || (b[D_LEVEL] == 0 && !is_entry_sound(b + at)) || (n != 0 && le64_load(b + at) <= last) ||
            le64_load(b + at) > INT64_MAX) { /* a larger key would be a cookie that begins anew */
            return false;
        }
        last = le64_load(b + at);
        at += len;
    }
    return at == HEAD + bytes && (b[D_LEVEL] == 0 || count != 0);
}

/* Loads a block of the directory; `level` it must have, or DIR_LEVELS_MAX for any. */
static enum lxfs_err load(struct lxfs *fs, const struct file *d, uint64_t block, uint32_t level, uint8_t **out)
{
    uint32_t frame = 0;
    if (block >= file_size(fs, d) / BLOCK) {
        return LXFS_EBAD;
    }
    enum lxfs_err err = file_load(fs, d, 0, block, &frame);
    if (err != LXFS_OK || frame == 0) {
        return err == LXFS_OK ? LXFS_EBAD : err;
    }
    uint8_t *b = frame_data(fs, frame);
    if (!fs->frames[frame].is_checked && !is_sound(b)) {
        damage_note(fs, &fs->frames[frame].spot, fs->frames[frame].address);
        return LXFS_EBAD;
    }
    fs->frames[frame].is_checked = true;
    if (level != DIR_LEVELS_MAX && b[D_LEVEL] != level) {
        return LXFS_EBAD;
    }
    *out = b;
    return LXFS_OK;
}

/* The entry of an inner block under which a key belongs: the last one whose key is not larger; the first otherwise. */
static uint32_t inner_find(const uint8_t *b, uint64_t key)
{
    uint32_t low = 0;
    uint32_t high = le16_load(b + D_COUNT);
    while (high - low > 1) {
        uint32_t mid = (low + high) / 2;
        if (le64_load(b + HEAD + (size_t)mid * INNER_ENTRY) <= key) {
            low = mid;
        } else {
            high = mid;
        }
    }
    return low;
}

/* Whether the keys of a block are those that the block above gives it: from `low` to before `bound`, if that is not 0. So no block stands
 * for two ranges, and a listing ends: leaves are no more than entries in inner blocks. Of a leaf the first key is looked at. */
static bool is_in_range(const uint8_t *b, uint64_t low, uint64_t bound)
{
    uint32_t count = le16_load(b + D_COUNT);
    if (count == 0) {
        return true;
    }
    uint64_t first = le64_load(b + HEAD);
    uint64_t last = b[D_LEVEL] == 0 ? first : le64_load(b + HEAD + (size_t)(count - 1) * INNER_ENTRY);
    return first >= low && (bound == 0 || last < bound);
}

/* Goes down to the leaf for a key. `bound` becomes the first key that belongs to a later leaf, 0 if this is the last. */
static enum lxfs_err descend(struct lxfs *fs, const struct file *d, uint64_t key, struct dir_place *out, uint64_t *bound, uint8_t **leaf)
{
    uint8_t *b = NULL;
    uint64_t block = 0;
    uint32_t level = DIR_LEVELS_MAX;
    uint64_t low = 0;
    out->depth = 0;
    *bound = 0;
    for (;;) {
        enum lxfs_err err = load(fs, d, block, level, &b);
        if (err != LXFS_OK || !is_in_range(b, low, *bound)) {
            return err == LXFS_OK ? LXFS_EBAD : err;
        }
        level = b[D_LEVEL];
        out->blocks[out->depth++] = block;
        if (level == 0) {
            *leaf = b;
            return LXFS_OK;
        }
        uint32_t n = inner_find(b, key);
        if (n + 1 < le16_load(b + D_COUNT)) {
            *bound = le64_load(b + HEAD + (size_t)(n + 1) * INNER_ENTRY);
        }
        low = le64_load(b + HEAD + (size_t)n * INNER_ENTRY);
        block = le64_load(b + HEAD + (size_t)n * INNER_ENTRY + 8);
        level--;
    }
}

enum lxfs_err dir_find(struct lxfs *fs, const struct file *d, struct lxfs_name name, struct dir_place *out)
{
    uint8_t *b = NULL;
    uint64_t bound = 0;
    uint64_t key = dir_key(fs, name);
    memset(out, 0, sizeof *out);
    enum lxfs_err err = descend(fs, d, key, out, &bound, &b);
    if (err != LXFS_OK) {
        return err;
    }
    uint32_t end = end_of(b);
    uint32_t at = HEAD;
    out->key = key;
    out->hash = key;
    for (; at < end && le64_load(b + at) <= key + KEY_GROUP; at += entry_bytes(b, at)) {
        uint64_t found = le64_load(b + at);
        if (found >= key && b[at + LEAF_HEAD - 1] == name.len_bytes && memcmp(b + at + LEAF_HEAD, name.bytes, name.len_bytes) == 0) {
            out->key = found;
            out->inode = le64_load(b + at + 8);
            out->type = (uint32_t)b[at + 16] << 12;
            out->at = at;
            return LXFS_OK;
        }
        out->key += found == out->key;
    }
    return LXFS_OK;
}

enum lxfs_err dir_prepare(struct lxfs *fs, const struct file *d, const struct dir_place *place)
{
    uint8_t *root = NULL;
    if (place->key > place->hash + KEY_GROUP) {
        return LXFS_ENOSPC;
    }
    enum lxfs_err err = load(fs, d, 0, DIR_LEVELS_MAX, &root);
    if (err != LXFS_OK) {
        return err;
    }
    bool is_full = root[D_LEVEL] != 0 && le16_load(root + D_COUNT) == INNER_MAX;
    if (is_full && root[D_LEVEL] + 1 == DIR_LEVELS_MAX) {
        return LXFS_ENOSPC;
    }
    return file_prepare_end(fs, d);
}

static enum lxfs_err touch(struct lxfs *fs, const struct file *d, uint64_t block, uint8_t **out)
{
    uint32_t frame = 0;
    enum lxfs_err err = file_touch(fs, d, block, false, &frame);
    if (err == LXFS_OK) {
        *out = frame_data(fs, frame);
    }
    return err == LXFS_OK && frame == 0 ? LXFS_EBAD : err;
}

/* A new block of a level at the end of the directory. */
static enum lxfs_err append(struct lxfs *fs, const struct file *d, uint32_t level, uint64_t *block, uint8_t **out)
{
    uint32_t frame = 0;
    *block = file_size(fs, d) / BLOCK;
    enum lxfs_err err = file_grow(fs, d, (*block + 1) * BLOCK);
    if (err == LXFS_OK) {
        err = file_touch(fs, d, *block, true, &frame);
    }
    if (err == LXFS_OK) {
        uint8_t *b = frame_data(fs, frame);
        fs->frames[frame].is_checked = true;
        le16_store(b, DIR_MAGIC);
        b[D_LEVEL] = (uint8_t)level;
        *out = b;
    }
    return err;
}

enum lxfs_err dir_make(struct lxfs *fs, const struct file *d)
{
    uint64_t block = 0;
    uint8_t *b = NULL;
    return append(fs, d, 0, &block, &b);
}

/* Opens a gap for one entry. */
static void gap_open(uint8_t *b, uint32_t at, uint32_t len)
{
    uint32_t end = end_of(b);
    memmove(b + at + len, b + at, end - at);
    le16_store(b + D_BYTES, (uint16_t)(end - HEAD + len));
    le16_store(b + D_COUNT, (uint16_t)(le16_load(b + D_COUNT) + 1));
}

/* Closes that of one entry; what lay behind the last one is zero again. */
static void gap_close(uint8_t *b, uint32_t at, uint32_t len)
{
    uint32_t end = end_of(b);
    memmove(b + at, b + at + len, end - at - len);
    memset(b + end - len, 0, len);
    le16_store(b + D_BYTES, (uint16_t)(end - HEAD - len));
    le16_store(b + D_COUNT, (uint16_t)(le16_load(b + D_COUNT) - 1));
}

/* Moves the entries from `at` on, `count` of them stay, to an empty block. */
static void move_tail(uint8_t *from, uint32_t at, uint32_t kept, uint8_t *to)
{
    uint32_t end = end_of(from);
    memcpy(to + HEAD, from + at, end - at);
    le16_store(to + D_BYTES, (uint16_t)(end - at));
    le16_store(to + D_COUNT, (uint16_t)(le16_load(from + D_COUNT) - kept));
    memset(from + at, 0, end - at);
    le16_store(from + D_BYTES, (uint16_t)(at - HEAD));
    le16_store(from + D_COUNT, (uint16_t)kept);
}

/* Where to split a leaf: near the middle, between names of different hashes. `kept` entries come before it. */
static uint32_t split_at(const uint8_t *b, uint32_t *kept)
{
    uint32_t end = end_of(b);
    uint32_t best = 0;
    uint32_t count = 0;
    uint64_t last = le64_load(b + HEAD);
    for (uint32_t at = HEAD; at < end && best < BLOCK / 2; at += entry_bytes(b, at)) {
        if ((le64_load(b + at) & ~KEY_GROUP) != (last & ~KEY_GROUP)) {
            best = at;
            *kept = count;
        }
        last = le64_load(b + at);
        count++;
    }
    return best;
}

/* Puts an entry of one child into an inner block that has room. */
static void inner_insert(uint8_t *b, uint64_t key, uint64_t child)
{
    uint32_t at = HEAD + (inner_find(b, key) + 1) * INNER_ENTRY;
    gap_open(b, at, INNER_ENTRY);
    le64_store(b + at, key);
    le64_store(b + at + 8, child);
}

/* Moves what the root has into a new block below it. */
static enum lxfs_err root_down(struct lxfs *fs, const struct file *d, struct dir_place *place)
{
    uint8_t *root = NULL;
    uint8_t *below = NULL;
    uint64_t block = 0;
    enum lxfs_err err = touch(fs, d, 0, &root);
    if (err == LXFS_OK) {
        err = append(fs, d, root[D_LEVEL], &block, &below);
    }
    if (err != LXFS_OK) {
        return err;
    }
    move_tail(root, HEAD, 0, below);
    root[D_LEVEL]++;
    gap_open(root, HEAD, INNER_ENTRY);
    le64_store(root + HEAD, 0);
    le64_store(root + HEAD + 8, block);
    memmove(place->blocks + 1, place->blocks, place->depth * sizeof place->blocks[0]);
    place->blocks[1] = block;
    place->depth++;
    return LXFS_OK;
}

/* Splits the leaf, and enters the new one into the blocks above, which split as they must; the root has room. */
static enum lxfs_err split(struct lxfs *fs, const struct file *d, const struct dir_place *place, uint64_t key, uint8_t **leaf)
{
    uint8_t *b = *leaf;
    uint8_t *right = NULL;
    uint64_t child = 0;
    uint32_t kept = 0;
    uint32_t at = split_at(b, &kept);
    uint64_t bound = le64_load(b + at) & ~KEY_GROUP;
    assert(at > HEAD && place->depth >= 2);
    enum lxfs_err err = append(fs, d, 0, &child, &right);
    if (err != LXFS_OK) {
        return err;
    }
    move_tail(b, at, kept, right);
    *leaf = key >= bound ? right : b;
    for (uint32_t n = place->depth - 1; n-- > 0;) {
        err = touch(fs, d, place->blocks[n], &b);
        if (err != LXFS_OK || le16_load(b + D_COUNT) < INNER_MAX) {
            break;
        }
        uint64_t right_block = 0;
        err = append(fs, d, b[D_LEVEL], &right_block, &right);
        if (err != LXFS_OK) {
            return err;
        }
        uint32_t half = INNER_MAX / 2;
        move_tail(b, HEAD + half * INNER_ENTRY, half, right);
        uint64_t right_key = le64_load(right + HEAD);
        inner_insert(bound >= right_key ? right : b, bound, child);
        bound = right_key;
        child = right_block;
    }
    if (err == LXFS_OK) {
        inner_insert(b, bound, child);
    }
    return err;
}

enum lxfs_err dir_insert(struct lxfs *fs, const struct file *d, const struct dir_place *found, struct lxfs_name name, uint64_t inode,
                         uint32_t type)
{
    struct dir_place place = *found;
    uint8_t *b = NULL;
    uint32_t len = LEAF_HEAD + (uint32_t)name.len_bytes;
    enum lxfs_err err = touch(fs, d, 0, &b);
    if (err == LXFS_OK && (b[D_LEVEL] == 0 ? len > (uint32_t)ROOM - le16_load(b + D_BYTES) : le16_load(b + D_COUNT) == INNER_MAX)) {
        err = root_down(fs, d, &place);
    }
    if (err == LXFS_OK) {
        err = touch(fs, d, place.blocks[place.depth - 1], &b);
    }
    if (err == LXFS_OK && len > (uint32_t)ROOM - le16_load(b + D_BYTES)) {
        err = split(fs, d, &place, place.key, &b);
    }
    if (err != LXFS_OK) {
        return err;
    }
    uint32_t end = end_of(b);
    uint32_t at = HEAD;
    while (at < end && le64_load(b + at) < place.key) {
        at += entry_bytes(b, at);
    }
    gap_open(b, at, len);
    le64_store(b + at, place.key);
    le64_store(b + at + 8, inode);
    b[at + 16] = (uint8_t)(type >> 12);
    b[at + LEAF_HEAD - 1] = (uint8_t)name.len_bytes;
    memcpy(b + at + LEAF_HEAD, name.bytes, name.len_bytes);
    uint8_t *entries = file_inode(fs, d) + I_ENTRIES;
    le64_store(entries, le64_load(entries) + 1);
    return LXFS_OK;
}

enum lxfs_err dir_remove(struct lxfs *fs, const struct file *d, const struct dir_place *place)
{
    uint8_t *b = NULL;
    uint8_t *inode = file_inode(fs, d);
    uint64_t entries = le64_load(inode + I_ENTRIES);
    le64_store(inode + I_ENTRIES, entries - (entries != 0));
    if (entries <= 1 && file_size(fs, d) != BLOCK && !file_is_deep_dirty(fs, d)) { /* the last one: all blocks but one go */
        quota_charge(fs, quota_of(fs, d), -(int64_t)le40_load(inode + I_ROOT + P_COUNT));
        enum lxfs_err err = file_discard(fs, inode + I_ROOT);
        le64_store(inode + I_SIZE, 0);
        return err == LXFS_OK ? dir_make(fs, d) : err;
    }
    enum lxfs_err err = touch(fs, d, place->blocks[place->depth - 1], &b);
    if (err == LXFS_OK) {
        gap_close(b, place->at, entry_bytes(b, place->at));
    }
    return err;
}

enum lxfs_err dir_replace(struct lxfs *fs, const struct file *d, const struct dir_place *place, uint64_t inode, uint32_t type)
{
    uint8_t *b = NULL;
    enum lxfs_err err = touch(fs, d, place->blocks[place->depth - 1], &b);
    if (err == LXFS_OK) {
        le64_store(b + place->at + 8, inode);
        b[place->at + 16] = (uint8_t)(type >> 12);
    }
    return err;
}

static void entry_copy(const uint8_t *b, uint32_t at, struct lxfs_entry *out)
{
    out->cookie = le64_load(b + at) + 1;
    out->inode = le64_load(b + at + 8);
    out->mode_type = (uint32_t)b[at + 16] << 12;
    out->name_bytes = b[at + LEAF_HEAD - 1];
    memcpy(out->name, b + at + LEAF_HEAD, out->name_bytes);
    out->name[out->name_bytes] = 0;
}

enum lxfs_err lxfs_readdir(struct lxfs *fs, uint64_t directory, uint64_t *cookie, struct lxfs_entry *entries, size_t capacity,
                           size_t *count, bool *is_end)
{
    struct file d;
    struct dir_place place;
    assert(capacity >= 1);
    *count = 0;
    *is_end = false;
    enum lxfs_err err = inode_load(fs, directory, &d);
    if (err != LXFS_OK || d.kind != KIND_META) {
        return err == LXFS_OK ? LXFS_ENOTDIR : err;
    }
    for (uint32_t leaves = 0; leaves < READDIR_LEAVES && *count < capacity; leaves++) {
        uint8_t *b = NULL;
        uint64_t bound = 0;
        err = descend(fs, &d, *cookie, &place, &bound, &b);
        if (err != LXFS_OK) {
            return err;
        }
        uint32_t end = end_of(b);
        for (uint32_t at = HEAD; at < end; at += entry_bytes(b, at)) {
            if (le64_load(b + at) < *cookie) {
                continue;
            }
            if (*count == capacity) {
                return LXFS_OK;
            }
            entry_copy(b, at, &entries[*count]);
            entries[*count].inode |= snapshot_bits(directory);
            *cookie = entries[(*count)++].cookie;
        }
        if (bound == 0 || bound < *cookie) {
            *is_end = true;
            return LXFS_OK;
        }
        *cookie = bound;
    }
    return LXFS_OK;
}
