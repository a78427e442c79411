/* SPDX-License-Identifier: MIT */
/**
 * Evil: a volume with some of everything, ways to damage it with and without mending the hashes, and a walk that uses all that is there.
 * Header only, for tests and fuzzers. A hash is mended by the library itself: the block is touched, changed behind its back, committed.
 */
#ifndef LX_FS_EVIL_H
#define LX_FS_EVIL_H

#include "fake.h"

enum { EVIL_BLOCKS = 1500, EVIL_LOG = 16, EVIL_FILES = 6 };

/* A device over an image that keeps what is written apart, so that the image is good again at once. */
struct overlay {
    const uint8_t *image;
    uint8_t *own;
    uint32_t stamps[EVIL_BLOCKS];
    uint32_t stamp;
};

static inline bool overlay_read(void *context, uint64_t first, uint32_t count, void *out)
{
    struct overlay *o = (struct overlay *)context;
    for (uint32_t n = 0; n < count; n++) {
        const uint8_t *from = o->stamps[first + n] == o->stamp ? o->own : o->image;
        memcpy((uint8_t *)out + (size_t)n * BLOCK, from + (first + n) * BLOCK, BLOCK);
    }
    return true;
}

static inline bool overlay_write(void *context, uint64_t first, uint32_t count, const void *bytes)
{
    struct overlay *o = (struct overlay *)context;
    assert(first < EVIL_BLOCKS && count <= EVIL_BLOCKS - first);
    memcpy(o->own + first * BLOCK, bytes, (size_t)count * BLOCK);
    for (uint32_t n = 0; n < count; n++) {
        o->stamps[first + n] = o->stamp;
    }
    return true;
}

static inline bool overlay_flush(void *context)
{
    (void)context;
    return true;
}

static inline uint64_t overlay_size(void *context)
{
    (void)context;
    return EVIL_BLOCKS;
}

/* The bytes of a block as they are now, to be changed. */
static inline uint8_t *overlay_block(struct overlay *o, uint64_t block)
{
    uint8_t *to = o->own + block * BLOCK;
    if (o->stamps[block] != o->stamp) {
        memcpy(to, o->image + block * BLOCK, BLOCK);
        o->stamps[block] = o->stamp;
    }
    return to;
}

static uint64_t evil_files[EVIL_FILES];
static uint64_t evil_directory;
static uint8_t evil_bytes[400000];

static inline void evil_must(enum lxfs_err err)
{
    if (err != LXFS_OK) {
        printf("# the volume of the tests could not be made: %s\n", lxfs_err_name(err));
        abort();
    }
}

static inline void evil_write(struct lxfs *fs, uint64_t inode, uint64_t offset, size_t len)
{
    size_t done = 0;
    evil_must(lxfs_write(fs, inode, offset, evil_bytes + offset % 1000, len, &done));
}

/* Makes the volume: committed, with two groups in the log. */
static inline void evil_make(struct volume *v, struct disk *d)
{
    char name[32];
    uint64_t inode = 0;
    uint64_t random = 9;
    for (size_t i = 0; i < sizeof evil_bytes; i += 8) {
        le64_store(evil_bytes + i, random_next(&random));
    }
    disk_make(d, BLOCK, (uint64_t)EVIL_BLOCKS * BLOCK, false);
    volume_init(v, d, NULL, LXFS_LEAF_FRAMES_MIN, LXFS_NODE_FRAMES_MIN);
    evil_must(volume_format(v, EVIL_LOG));
    struct lxfs *fs = v->fs;
    evil_must(lxfs_create(fs, LXFS_ROOT_INODE, name_of("directory"), &plain_dir, &evil_directory));
    for (uint32_t i = 0; i < 300; i++) {
        snprintf(name, sizeof name, "entry number %u", i);
        evil_must(lxfs_create(fs, evil_directory, name_of(name), &plain_file, &inode));
    }
    for (uint32_t i = 0; i < EVIL_FILES; i++) {
        snprintf(name, sizeof name, "file %u", i);
        evil_must(lxfs_create(fs, LXFS_ROOT_INODE, name_of(name), &plain_file, &evil_files[i]));
        evil_must(lxfs_setxattr(fs, evil_files[i], name_of("user.x"), name, 6, 0));
    }
    evil_write(fs, evil_files[0], 0, 100);
    evil_write(fs, evil_files[1], 0, 30000);
    evil_write(fs, evil_files[2], 0, 300000);
    evil_write(fs, evil_files[3], 1ull << 45, 5000);
    evil_write(fs, evil_files[3], 7, 5000);
    evil_write(fs, evil_files[4], 100000, 100000);
    struct lxfs_node link = {.mode = LXFS_IFLNK | 0777, .target = "directory/entry number 7", .target_bytes = 24};
    evil_must(lxfs_create(fs, LXFS_ROOT_INODE, name_of("link"), &link, &inode));
    evil_must(lxfs_snapshot_take(fs, name_of("snapshot")));
    evil_must(lxfs_create(fs, LXFS_ROOT_INODE, name_of("held"), &plain_file, &inode));
    evil_write(fs, inode, 0, 9000);
    evil_must(lxfs_hold(fs, inode));
    evil_must(lxfs_unlink(fs, LXFS_ROOT_INODE, name_of("held")));
    evil_must(lxfs_unlink(fs, LXFS_ROOT_INODE, name_of("file 4")));
    evil_must(lxfs_commit(fs));
    evil_write(fs, evil_files[5], 0, 5000);
    evil_must(lxfs_sync(fs));
    evil_must(lxfs_rename(fs, LXFS_ROOT_INODE, name_of("link"), evil_directory, name_of("moved"), 0));
    evil_must(lxfs_sync(fs));
}

/* ---- damage ------------------------------------------------------------------------------------------------------------- */

/* Numbers that decide what is damaged and how: random, or a fuzzer's. */
struct dice {
    uint32_t (*roll)(void *context, uint32_t end);
    void *context;
    uint32_t steps; /* changes that are tried after the damage */
};

static inline uint32_t roll(const struct dice *dice, uint32_t end)
{
    return dice->roll(dice->context, end);
}

/* Changes a few bytes: to any value, to the ends of ranges, by one, or to what stands elsewhere. */
static inline void evil_change(const struct dice *dice, uint8_t *bytes, uint32_t len)
{
    uint32_t count = 1 + roll(dice, 3);
    for (uint32_t n = 0; n < count; n++) {
        uint32_t at = roll(dice, len);
        switch (roll(dice, 6)) {
        case 0:
            bytes[at] = (uint8_t)roll(dice, 256);
            break;
        case 1:
            bytes[at] = (uint8_t)(bytes[at] + 1);
            break;
        case 2:
            bytes[at] = 0xff;
            break;
        case 3:
            bytes[at] = 0;
            break;
        case 4:
            bytes[at] = (uint8_t)(bytes[at] ^ 1u << roll(dice, 8));
            break;
        default: {
            uint32_t size = 8u << roll(dice, 4);
            size = size < len ? size : len;
            uint32_t to = at < len - size ? at : len - size;
            memmove(bytes + to, bytes + roll(dice, len - size + 1), size);
            break;
        }
        }
    }
}

/* Changes the newest superblock in both copies, with a good hash. */
static inline void evil_super(const struct dice *dice, struct overlay *o, const struct lxfs *fs)
{
    uint64_t at = fs->prev_generation % SUPER_RING;
    uint8_t *s = overlay_block(o, at);
    struct hash256 hash;
    if (roll(dice, 4) == 0) {
        evil_change(dice, s, S_HASH);
    } else {
        evil_change(dice, s + S_BLOCKS, S_TABLE - S_BLOCKS);
    }
    sha256_of(s, S_HASH, &hash);
    memcpy(s + S_HASH, &hash, sizeof hash);
    memcpy(overlay_block(o, EVIL_BLOCKS - SUPER_RING + at), s, BLOCK);
}

/* Changes records of the log, with good hashes: the same group in both copies. */
static inline void evil_log(const struct dice *dice, struct overlay *o)
{
    uint8_t *first = overlay_block(o, SUPER_RING);
    if (roll(dice, 8) == 0) {
        evil_change(dice, first + 24, 8);
    }
    uint32_t bytes = le32_load(first + 24);
    static uint8_t group[EVIL_LOG * BLOCK];
    uint32_t blocks = bytes > sizeof group - LOG_HEAD_BYTES ? 0 : (LOG_HEAD_BYTES + bytes - 1) / BLOCK + 1;
    if (blocks == 0 || bytes == 0) {
        return;
    }
    for (uint32_t n = 0; n < blocks; n++) {
        memcpy(group + (size_t)n * BLOCK, overlay_block(o, SUPER_RING + n), BLOCK);
    }
    if (roll(dice, 2) == 0) {
        evil_change(dice, group + LOG_HEAD_BYTES, RECORD_BYTES);
    } else {
        evil_change(dice, group + LOG_HEAD_BYTES, bytes);
    }
    struct sha256 s;
    struct hash256 hash;
    sha256_init(&s);
    sha256_update(&s, group, 64);
    sha256_update(&s, group + LOG_HEAD_BYTES, bytes);
    sha256_final(&s, &hash);
    memcpy(group + 64, &hash, sizeof hash);
    for (uint32_t n = 0; n < blocks; n++) {
        memcpy(overlay_block(o, SUPER_RING + n), group + (size_t)n * BLOCK, BLOCK);
        memcpy(overlay_block(o, EVIL_BLOCKS - SUPER_RING - EVIL_LOG + n), group + (size_t)n * BLOCK, BLOCK);
    }
}

/* Changes a block of the open volume as if it had been written so. */
static inline void evil_mended(const struct dice *dice, struct lxfs *fs)
{
    struct file f;
    uint32_t frame = 0;
    uint64_t inodes[] = {LXFS_ROOT_INODE, evil_directory, evil_files[1], evil_files[2], evil_files[3], INODE_DEAD, INODE_SNAPSHOTS, INODE_KEPT, 10 + roll(dice, 300)};
    uint32_t kind = roll(dice, 7);
    bool is_there = inode_slot(fs, inodes[roll(dice, ARRAY_LEN(inodes))], &f) == LXFS_OK && inode_touch(fs, &f) == LXFS_OK;
    if (!is_there) {
        return;
    }
    if (kind == 0) { /* the inode itself */
        evil_change(dice, file_inode(fs, &f) + I_SIZE, INODE_BYTES - I_SIZE);
    } else if (kind == 1) { /* its pointers, once more */
        evil_change(dice, file_inode(fs, &f), I_SIZE);
    } else if (kind == 2) { /* the map */
        uint64_t address = fs->data_first;
        map_give(fs, address + roll(dice, 1000));
        fs->pending_count -= fs->pending_count != 0;
        struct file map = file_of_map();
        if (file_load(fs, &map, 0, 0, &frame) == LXFS_OK && frame != 0 && fs->frames[frame].state == FRAME_DIRTY) {
            memset(frame_data(fs, frame) + roll(dice, EVIL_BLOCKS / 8 - 32), roll(dice, 2) == 0 ? 0 : 0xff, 32);
        }
    } else if (kind == 6) { /* its extended attributes */
        struct spot x = {
            .parent = f.home, .parent_at = f.home_at + I_XATTR, .home = f.home, .home_at = f.home_at, .kind = KIND_XATTR};
        if (le40_load(spot_pointer(fs, &x) + P_ADDRESS) != 0 && block_load(fs, &x, &frame) == LXFS_OK &&
            block_touch(fs, &x, frame) == LXFS_OK) {
            evil_change(dice, frame_data(fs, frame), 40);
        }
    } else { /* a block of its contents, or a node above it */
        uint64_t leaves = tree_leaf_count(file_size(fs, &f));
        uint64_t index = leaves == 0 ? 0 : roll(dice, leaves < 100 ? (uint32_t)leaves : 100);
        if (leaves != 0 && file_touch(fs, &f, index, false, &frame) == LXFS_OK && frame != 0) {
            uint32_t up = fs->frames[frame].spot.parent;
            bool is_node = kind == 3 && fs->frames[up].level != 0;
            uint8_t own[POINTER_BYTES]; /* the way to the block itself stays: nothing in memory may contradict itself */
            uint8_t *pointer = spot_pointer(fs, &fs->frames[frame].spot);
            memcpy(own, pointer, sizeof own);
            evil_change(dice, frame_data(fs, is_node ? up : frame), roll(dice, 2) == 0 ? 256 : BLOCK);
            memcpy(pointer, own, sizeof own);
            fs->frames[up].changed = UINT64_MAX;
        }
    }
}

/* Damage of the image: some bytes anywhere; or a block that is that of another place. */
static inline void evil_raw(const struct dice *dice, struct overlay *o)
{
    uint64_t block = roll(dice, EVIL_BLOCKS);
    if (roll(dice, 4) == 0) {
        memcpy(overlay_block(o, block), overlay_block(o, roll(dice, EVIL_BLOCKS)), BLOCK);
    } else {
        evil_change(dice, overlay_block(o, block), BLOCK);
    }
}

/* ---- use ---------------------------------------------------------------------------------------------------------------- */

static inline void evil_finding(void *context, const struct lxfs_finding *finding)
{
    uint64_t *count = (uint64_t *)context;
    *count += lxfs_finding_name(finding->kind)[0] != 0;
}

/* Checks the volume, as far as that is possible. */
static inline void evil_check(struct lxfs *fs, uint32_t flags)
{
    static uint64_t memory[16384];
    struct lxfs_check *check = NULL;
    struct lxfs_check_result result;
    uint64_t findings = 0;
    if (lxfs_check_begin(fs, memory, sizeof memory, flags, evil_finding, &findings, &check) != LXFS_OK) {
        return;
    }
    for (uint32_t n = 0; n < 100 && lxfs_check_step(check, 20, &result) == LXFS_OK; n++) {
    }
}

/* Reads all that can be found, within bounds; what it gives does not matter here. */
static inline void evil_walk(struct lxfs *fs)
{
    static struct lxfs_entry entries[64];
    static uint8_t bytes[20000];
    uint64_t queue[128] = {LXFS_ROOT_INODE};
    uint32_t end = 1;
    struct lxfs_snapshot s;
    for (uint32_t cookie = 0; end < 3 && lxfs_snapshot_list(fs, &cookie, &s) == LXFS_OK;) {
        queue[end++] = s.root;
    }
    for (uint32_t at = 0; at < end; at++) {
        struct lxfs_attr a;
        struct hash256 root;
        size_t len = 0;
        uint64_t found = 0;
        uint64_t cookie = 0;
        bool is_end = false;
        if (lxfs_getattr(fs, queue[at], &a) != LXFS_OK) {
            continue;
        }
        (void)!lxfs_read(fs, queue[at], 0, bytes, sizeof bytes, &len);
        (void)!lxfs_read(fs, queue[at], a.size_bytes / 2, bytes, sizeof bytes, &len);
        (void)!lxfs_seek(fs, queue[at], a.size_bytes / 3, at % 2 == 0, &found);
        (void)!lxfs_root(fs, queue[at], &root);
        (void)!lxfs_getxattr(fs, queue[at], name_of("user.x"), bytes, sizeof bytes, &len);
        (void)!lxfs_listxattr(fs, queue[at], (char *)bytes, sizeof bytes, &len);
        for (uint32_t round = 0; round < 32 && !is_end; round++) {
            if (lxfs_readdir(fs, queue[at], &cookie, entries, ARRAY_LEN(entries), &len, &is_end) != LXFS_OK) {
                break;
            }
            for (size_t i = 0; i < len; i += 7) {
                if (end < ARRAY_LEN(queue)) {
                    queue[end++] = entries[i].inode;
                }
            }
        }
    }
}

/* Changes of all kinds; any may be refused. */
static inline void evil_use(const struct dice *dice, struct lxfs *fs, uint32_t steps)
{
    char name[32];
    char name2[32];
    for (uint32_t n = 0; n < steps; n++) {
        uint64_t file = evil_files[roll(dice, EVIL_FILES)];
        uint64_t inode = 0;
        size_t done = 0;
        snprintf(name, sizeof name, roll(dice, 3) == 0 ? "file %u" : "entry number %u", roll(dice, 300));
        snprintf(name2, sizeof name2, "entry number %u", roll(dice, 400));
        uint64_t d = roll(dice, 3) == 0 ? LXFS_ROOT_INODE : evil_directory;
        switch (roll(dice, 16)) {
        case 14:
            (void)!lxfs_snapshot_take(fs, name_of(roll(dice, 2) == 0 ? "snapshot" : "other"));
            break;
        case 15:
            (void)!lxfs_snapshot_remove(fs, name_of(roll(dice, 2) == 0 ? "snapshot" : "other"));
            break;
        case 0:
            (void)!lxfs_create(fs, d, name_of(name2), roll(dice, 3) == 0 ? &plain_dir : &plain_file, &inode);
            break;
        case 1:
            (void)!lxfs_unlink(fs, d, name_of(name));
            break;
        case 2:
            (void)!lxfs_rename(fs, d, name_of(name), LXFS_ROOT_INODE, name_of(name2), roll(dice, 3));
            break;
        case 3:
        case 4:
            (void)!lxfs_write(fs, file, roll(dice, 400000), evil_bytes, 1 + roll(dice, 9000), &done);
            break;
        case 5:
            (void)!lxfs_truncate(fs, file, roll(dice, 3) == 0 ? 1ull << roll(dice, 63) : roll(dice, 400000));
            break;
        case 6:
            (void)!lxfs_punch(fs, file, roll(dice, 300000), roll(dice, 300000));
            break;
        case 7:
            (void)!lxfs_setxattr(fs, file, name_of(name2), evil_bytes, roll(dice, 300), 0);
            break;
        case 8:
            (void)!lxfs_removexattr(fs, file, name_of("user.x"));
            break;
        case 9:
            (void)!lxfs_link(fs, file, d, name_of(name2));
            break;
        case 10:
            (void)!lxfs_sync(fs);
            break;
        case 11:
            (void)!lxfs_commit(fs);
            break;
        case 12:
            (void)!lxfs_reclaim(fs, 20);
            break;
        default:
            if (lxfs_hold(fs, file) == LXFS_OK && roll(dice, 2) == 0) {
                (void)!lxfs_release(fs, file);
            }
            break;
        }
    }
}

/* One whole case: some damage, then everything is used, and opened again. */
static inline void evil_case(const struct dice *dice, struct overlay *o, struct volume *v)
{
    o->stamp++;
    uint32_t raw = roll(dice, 4) == 0 ? 1 + roll(dice, 20) : 0;
    uint32_t mended = roll(dice, 4);
    if (roll(dice, 4) == 0) {
        evil_log(dice, o);
    }
    if (volume_open(v, 0) == LXFS_OK) {
        for (uint32_t n = 0; n < mended; n++) {
            evil_mended(dice, v->fs);
            (void)!lxfs_commit(v->fs);
        }
        if (roll(dice, 6) == 0) {
            evil_super(dice, o, v->fs);
        }
    }
    for (uint32_t n = 0; n < raw; n++) {
        evil_raw(dice, o);
    }
    uint32_t openings = 1 + (roll(dice, 3) == 2);
    for (uint32_t n = 0; n < openings; n++) {
        if (volume_open(v, roll(dice, 8) == 0 ? LXFS_READ_ONLY : 0) == LXFS_OK) {
            evil_use(dice, v->fs, dice->steps);
            evil_walk(v->fs);
            struct lxfs_cursor cursor = {0, 0};
            (void)!lxfs_scrub(v->fs, &cursor, dice->steps);
            (void)!lxfs_commit(v->fs);
            /* checking costs more than all before: seldom, so that a fuzzer gets on */
            if (roll(dice, 100) == 99) {
                evil_check(v->fs, roll(dice, 2) == 0 ? LXFS_CHECK_REBUILD_MAP : 0);
            }
        }
    }
}

#endif
