/* SPDX-License-Identifier: MIT */
/**
 * What the files of LXFS share: the layout on the device (docs/spec/lxfs.md), the state of an open volume, and who does what:
 *
 *   hash      folding a node's hashes, holes, CHECK      cache    frames of memory: found by address, oldest given up first
 *   block     loading, verifying, touching blocks        map      which blocks are free
 *   file      a file's tree: walks, growing, dropping    inode    inodes, orphans            dead     trees to be given back
 *   dir       directories                                xattr    extended attributes        data     contents of files
 *   snapshot  states that are kept                       quota    what directory trees may take
 *   change    all that writes: check, act, note          log      the intent log             commit   superblocks
 *   volume    format, open                               fs       the calls that read                scrub    all copies
 *   digest    fs-verity of a file                         discard  free blocks, for the device
 *   check     everything, told of
 *
 * Three rules hold everywhere. An operation first loads all that it will need and finds every reason to refuse, and only then changes
 * anything: a failure behind that point stops all writing (is_failed), and the device still has the state of the last commit and log.
 * A block must be touched before it is changed, and its parent before it: touching gives it a new place. A touched frame stays where
 * it is until the commit; others live as long as OP_LEAVES and OP_NODES younger ones have not been loaded.
 */
#ifndef LX_FS_PRIVATE_H
#define LX_FS_PRIVATE_H

#include "fs.h"

/* ---- on the device -------------------------------------------------------------------------------------------------- */

enum {
    BLOCK = 4096,
    SUPER_RING = 8,
    FANOUT = 64,
    FANOUT_BITS = 6,
    LEVELS_MAX = 9,          /* 64^9 blocks are 2^66 bytes */
    MAP_LEVELS_MAX = 5,      /* 2^25 leaves for 2^40 blocks */
    MAP_LEAF_BLOCKS = 32768, /* that one leaf of the map tells about */
    POINTER_BYTES = 64,
    INODE_BYTES = 256,
    BLOCK_INODES = 16,
    INNER_HASHES = 63, /* inside a node: 32 + 16 + 8 + 4 + 2 + 1 */
    ZERO_LEVELS = 52,
    LXFS_VERSION = 4,
    SNAPSHOT_SHIFT = 48, /* of an inode number: above it stands a slot of the list of snapshots, and one; 0: the volume as it is */
};

enum { INODE_NONE = 0, INODE_DEAD = 1, INODE_ROOT = 2, INODE_SNAPSHOTS = 3, INODE_KEPT = 4, INODE_QUOTAS = 5, INODE_FIRST_FREE = 6 };

/* Offsets in a pointer. */
enum { P_HASH = 0, P_BIRTH = 32, P_CHECK = 40, P_ADDRESS = 48, P_ADDRESS2 = 53, P_COUNT = 58, P_LEVEL = 63 };
enum { P_DEATH = P_HASH }; /* in the lists of dead and kept trees */

/* Offsets in an inode. */
enum {
    I_ROOT = 0,
    I_XATTR = 64,
    I_SIZE = 128,
    I_MODE = 136,
    I_LINKS = 140,
    I_UID = 144,
    I_GID = 148,
    I_GENERATION = 152,
    I_FLAGS = 160,
    I_QUOTA = 164,
    I_ENTRIES = 168,
    I_PARENT = 176,
    I_NEXT = 184,
    I_PREV = 192,
    I_ACCESSED = 200,
    I_MODIFIED = 212,
    I_CHANGED = 224,
    I_BORN = 236,
    I_DEVICE = 248,
};
_Static_assert(I_DEVICE + 8 == INODE_BYTES, "the members fill an inode");

/* Offsets in a superblock. */
enum {
    S_VERSION = 8,
    S_CRYPT = 12,
    S_UUID = 16,
    S_SECRET = 32,
    S_BLOCKS = 48,
    S_LOG_BLOCKS = 56,
    S_GENERATION = 64,
    S_PREV_GENERATION = 72,
    S_PREV_HASH = 80,
    S_TIME = 112,
    S_LOG_GENERATION = 128,
    S_LOG_SEED = 136,
    S_LOG_SKIP = 168,
    S_FREE_INODE = 176,
    S_INODES = 184,
    S_ORPHAN = 192,
    S_DEAD_COUNT = 200,
    S_FREE_BLOCKS = 208,
    S_NEXT = 216,
    S_USED_INODES = 232,
    S_KEPT_COUNT = 240,
    S_SWEEP = 248,
    S_TABLE = 256,
    S_MAP = 512,
    S_END = 768,
    S_HASH = 4064,
};
#define SUPER_MAGIC     0x315055535346584cull /* "LXFSSUP1" */
#define LOG_MAGIC       0x31474f4c5346584cull /* "LXFSLOG1" */
#define DIR_MAGIC       0x5844u
#define XATTR_MAGIC     0x5858u
#define LOG_HEAD_BYTES  96u
#define RECORD_BYTES    72u
#define LOG_BUFFER      (128u << 10) /* one group; more operations than fit wait for a commit */
#define RUN_BLOCKS      64u /* that one call of the device reads or writes at most */
#define STAGE_BLOCKS    32u /* that are put together for a write */
#define HASH_BATCH      16u /* leaves hashed in one go */

/* What one operation can need at most: see docs/design/lxfs.md. */
#define OP_LEAVES  200u /* frames of leaves, touched or only loaded */
#define OP_NODES   144u
#define OP_FREES   512u /* blocks given back */
#define OP_BLOCKS  160u /* blocks taken */
#define RESERVE    (2 * OP_BLOCKS) /* left to operations that free space */
_Static_assert(LXFS_LEAF_FRAMES_MIN >= 2 * OP_LEAVES && LXFS_NODE_FRAMES_MIN >= 2 * OP_NODES, "an operation and as many left");

static inline uint64_t le40_load(const uint8_t *p)
{
    return (uint64_t)le32_load(p) | (uint64_t)p[4] << 32;
}

static inline void le40_store(uint8_t *p, uint64_t v)
{
    le32_store(p, (uint32_t)v);
    p[4] = (uint8_t)(v >> 32);
}

/* ---- in memory ------------------------------------------------------------------------------------------------------ */

/** What a block is part of; it decides on copies and on the order of writing. */
enum kind {
    KIND_FILE,  /**< contents of files and symbolic links: one copy of leaves */
    KIND_META,  /**< directories */
    KIND_LIST,  /**< lists of dead and kept trees, of snapshots and quotas: no part of snapshots */
    KIND_XATTR, /**< one block, not a tree */
    KIND_TABLE, /**< the inode table */
    KIND_MAP,
};

enum { RANK_TABLE = LEVELS_MAX + 1, RANK_MAP = 2 * RANK_TABLE, RANKS = 3 * RANK_TABLE };

enum frame_state { FRAME_FREE, FRAME_CLEAN, FRAME_DIRTY };

/** What a subtree spans: how many leaves, and how long the last one is. */
struct extent {
    uint64_t leaves;
    uint32_t last_bytes;
};

/** Where a block belongs: its pointer is at `parent_at` of frame `parent`; its file's inode at `home_at` of frame `home`. */
struct spot {
    uint64_t index; /* on its level */
    uint32_t parent;
    uint32_t parent_at;
    uint32_t home;
    uint32_t home_at;
    enum kind kind;
    uint32_t level;
};

struct frame {
    uint64_t address; /* key; 0: none */
    uint64_t address2;
    uint64_t birth;
    uint64_t check;
    struct hash256 hash;  /* of a clean frame: what it verified against, */
    struct extent extent; /* for which part of a file, */
    uint64_t count;       /* and with how many leaves below */
    struct spot spot;     /* of a dirty frame */
    uint64_t changed;     /* of a node: entries whose hashes are not in the fold yet */
    uint64_t fold_leaves; /* the extent that the fold is made for; 0: none */
    uint32_t fold_last;
    uint32_t next; /* in the list of its state: recently used, or dirty of one rank; 0 ends it */
    uint32_t prev;
    uint32_t chain; /* in its bucket */
    uint8_t level;
    uint8_t state;
    bool is_checked; /* a directory block whose form was checked */
};

struct list {
    uint32_t first; /* the oldest */
    uint32_t last;
    uint32_t count;
};

struct hold {
    uint64_t inode;
    uint32_t count;
};

/** A block that the volume let go and a snapshot holds. */
struct kept {
    uint64_t address;
    uint64_t address2;
    uint64_t birth;
};

/** What an operation adds to a quota. */
struct charge {
    uint32_t quota;
    int64_t delta;
};

enum { QUOTA_CHARGES = 8 };

struct lxfs {
    struct lxfs_device device;
    struct lxfs_crypt crypt;
    struct lxfs_frames limits;
    struct lxfs_time now;
    bool is_read_only;
    bool is_failed;
    bool is_replay;    /* the log is being done again: commits keep it */
    bool is_acting;    /* an operation has begun to change things: an error now is fatal */
    bool wants_commit; /* an operation found that it needs one first */

    /* Frame 0 is the superblock; then nodes, then leaves. */
    struct frame *frames;
    uint8_t *data;
    struct hash256 *folds; /* INNER_HASHES for each node frame */
    uint32_t *buckets;
    uint32_t bucket_mask;
    struct list recent[2]; /* clean and free frames: leaves, nodes */
    struct list dirty[RANKS];
    uint8_t *scratch; /* two blocks: on their way to or from the device */
    uint8_t *stage;   /* STAGE_BLOCKS that are written by one call */
    struct hash256 zeros[ZERO_LEVELS]; /* roots over 2^i blocks of zeros */

    /* Blocks that are free from the next commit on; their leaves of the map are touched. */
    uint64_t *pending;
    uint32_t pending_count;
    uint32_t pending_max;

    /* What an operation let go and a snapshot holds, until the operation ends. */
    struct kept kept[OP_FREES];
    uint32_t kept_pending;
    struct charge charges[QUOTA_CHARGES];
    uint32_t charge_count;

    /* The log: a group that is growing, and where it will go. */
    uint8_t *log;
    uint32_t log_used; /* bytes of records, behind LOG_HEAD_BYTES */
    uint32_t log_records;
    uint64_t log_at; /* blocks of the log that are used */
    uint64_t log_number;
    struct hash256 log_hash; /* of the group before */
    bool is_log_full;        /* something did not fit: only a commit will do */

    /* Of the volume, as the superblock has it. */
    uint8_t uuid[LXFS_UUID_BYTES];
    uint8_t secret[LXFS_SECRET_BYTES];
    uint64_t block_count;
    uint64_t log_blocks;
    uint64_t generation; /* of what is being changed: not committed yet */
    uint64_t prev_generation;
    struct hash256 prev_hash;
    uint64_t log_generation;
    struct hash256 log_seed;
    uint64_t log_skip;
    uint64_t free_inode;
    uint64_t inode_count;
    uint64_t orphan;
    uint64_t dead_count;
    uint64_t free_blocks;
    uint64_t next[2];
    uint64_t used_inodes;
    uint64_t kept_count;
    uint64_t sweep; /* of what is kept, since a snapshot went: where it is, and one; 0: it is done */

    uint64_t snapshots[LXFS_SNAPSHOTS_MAX]; /* generations; 0: none in this slot */
    uint64_t newest_snapshot;

    /* Follows from block_count and log_blocks. */
    uint64_t map_base[MAP_LEVELS_MAX + 1]; /* position of the first block of each level */
    uint64_t map_leaves;
    uint64_t map_blocks; /* M of the spec */
    uint64_t data_first;
    uint64_t data_end;

    struct hold holds[LXFS_HOLDS_MAX];
    struct lxfs_stats stats;
    struct lxfs_damage damage;
    bool is_damaged;
};

static inline uint8_t *frame_data(struct lxfs *fs, uint32_t i)
{
    return fs->data + (size_t)i * BLOCK;
}

/* ---- hash ------------------------------------------------------------------------------------------------------------ */

uint64_t hash_check(const uint8_t *block);
void hash_zeros_init(struct lxfs *fs);

/** The root over zeros. */
void hash_of_zeros(struct lxfs *fs, struct extent extent, struct hash256 *out);

void hash_leaf(struct lxfs *fs, const uint8_t *block, uint32_t len_bytes, struct hash256 *out);

/** The same for up to HASH_BATCH whole blocks. */
void hash_leaves(struct lxfs *fs, const uint8_t *const blocks[], uint32_t count, struct hash256 *out);

/** Brings the fold of node frame `i` up to date and gives its root. The cost is that of the entries that changed. */
void hash_fold(struct lxfs *fs, uint32_t i, uint32_t level, struct extent extent, struct hash256 *out);

/* ---- cache ----------------------------------------------------------------------------------------------------------- */

void cache_init(struct lxfs *fs);

/** The frame with this address, or 0. Does not count as a use. */
uint32_t cache_find(const struct lxfs *fs, uint64_t address);

/** Makes the oldest frame free and returns it; 0 when every one is dirty. It stays the youngest of the free ones. */
uint32_t cache_take(struct lxfs *fs, bool is_node);

void cache_use(struct lxfs *fs, uint32_t i);

/** Puts the frame under its address. */
void cache_enter(struct lxfs *fs, uint32_t i, uint64_t address);

/** Forgets the frame, dirty or not. */
void cache_drop(struct lxfs *fs, uint32_t i);

void cache_to_dirty(struct lxfs *fs, uint32_t i, uint32_t rank);
void cache_to_clean(struct lxfs *fs, uint32_t i, uint32_t rank);

/* ---- block ----------------------------------------------------------------------------------------------------------- */

uint32_t block_rank(enum kind kind, uint32_t level);
struct extent block_extent(struct lxfs *fs, const struct spot *spot);

/** The pointer to a block, where it lies. */
static inline uint8_t *spot_pointer(struct lxfs *fs, const struct spot *spot)
{
    return frame_data(fs, spot->parent) + spot->parent_at;
}

/** Loads and verifies the block at a spot whose pointer is no hole. @return LXFS_OK; LXFS_EBAD; LXFS_EIO when memory ran out. */
MUST_USE enum lxfs_err block_load(struct lxfs *fs, const struct spot *spot, uint32_t *frame);

/** Gives a loaded block a new place, so that it can be changed. The parent must be touched. @return LXFS_OK; LXFS_ENOSPC. */
MUST_USE enum lxfs_err block_touch(struct lxfs *fs, const struct spot *spot, uint32_t frame);

/** Makes a block of zeros where a hole was. The parent must be touched. */
MUST_USE enum lxfs_err block_make(struct lxfs *fs, const struct spot *spot, uint32_t *frame);

/** Whether an address can be that of a copy of the block at a spot. */
MUST_USE bool block_is_place(const struct lxfs *fs, const struct spot *spot, uint64_t address, uint32_t copy);

/** Whether the block of a pointer was touched since the last commit. */
MUST_USE bool block_is_new(struct lxfs *fs, const uint8_t *pointer);

/** Puts a clean block of the spot to new places and makes it dirty: what block_touch does when it has found them. */
void block_settle(struct lxfs *fs, const struct spot *spot, uint32_t frame, const uint64_t where[2]);

/** Makes a hole of a pointer, and gives the block that it points to back; what that one points to is not looked at. */
void block_free(struct lxfs *fs, uint8_t *pointer);

/** The same whatever snapshots hold. */
void block_forget(struct lxfs *fs, uint8_t *pointer);

/** Gives back a block that the volume refers to no more, from the next commit on; or keeps it, if a snapshot holds it. */
void block_give(struct lxfs *fs, uint64_t address, uint64_t address2, uint64_t birth);

/** Completes the hashes of up to RUN_BLOCKS dirty frames of one rank, writes them, and tells their parents. */
MUST_USE enum lxfs_err block_write(struct lxfs *fs, const uint32_t frames[], uint32_t count);

/**
 * Reads whole leaves of one node straight to where they are wanted: the first one of `count` at `spot` and those behind it, as far as they lie
 * together on the device, are not in memory, and verify. `out` has verified bytes or zeros afterwards.
 * @return how many; 0: the first one must be loaded like any other.
 */
uint32_t block_read_run(struct lxfs *fs, const struct spot *spot, uint32_t count, uint8_t *out);

bool medium_read(struct lxfs *fs, uint64_t address, uint64_t generation, uint8_t *out);
bool medium_write(struct lxfs *fs, uint64_t address, uint64_t generation, const uint8_t *block);

/** The same for blocks that lie together, at most RUN_BLOCKS. */
bool device_read_run(struct lxfs *fs, uint64_t address, uint64_t generation, uint8_t *out, uint32_t count);
bool device_write_run(struct lxfs *fs, uint64_t address, uint64_t generation, const uint8_t *blocks, uint32_t count);
bool medium_flush(struct lxfs *fs);
void damage_note(struct lxfs *fs, const struct spot *spot, uint64_t address);

/* ---- map ------------------------------------------------------------------------------------------------------------- */

/** Sets what follows from block_count and log_blocks. @return false when the volume is too small for its parts. */
MUST_USE bool map_measure(struct lxfs *fs);

/** Where block `index` of a level is: place 0 or 1 of the first copy; the second copy lies map_distance further. */
uint64_t map_place(const struct lxfs *fs, uint32_t level, uint64_t index, uint32_t place);
uint64_t map_distance(const struct lxfs *fs);

/** Takes a block; `copy` 1 looks in another part of the volume. */
MUST_USE enum lxfs_err map_take(struct lxfs *fs, uint32_t copy, uint64_t *address);

/** Gives a block back, from the next commit on. What cannot be noted is counted as lost. */
void map_give(struct lxfs *fs, uint64_t address);

/** Enters what was given back. Part of a commit; nothing is loaded. */
void map_settle(struct lxfs *fs);

MUST_USE bool map_is_used(const uint8_t *leaf, uint64_t address);

/** Touches a leaf of the map, or begins a new one in its place when it cannot be read: all in use. */
MUST_USE enum lxfs_err map_remake(struct lxfs *fs, uint64_t index, uint32_t *frame);

/** Whether a block may be given back: false when the map says that it is free already. */
MUST_USE bool map_may_give(struct lxfs *fs, uint64_t address);

/* ---- file ------------------------------------------------------------------------------------------------------------ */

struct file {
    uint64_t inode;
    uint32_t home;
    uint32_t home_at;
    enum kind kind;
};

static inline uint8_t *file_inode(struct lxfs *fs, const struct file *f)
{
    return frame_data(fs, f->home) + f->home_at;
}

static inline uint64_t file_size(struct lxfs *fs, const struct file *f)
{
    return le64_load(file_inode(fs, f) + I_SIZE);
}

struct file file_of_table(void);
struct file file_of_map(void);

/** The level of the root of a file of so many bytes. */
uint32_t file_depth(uint64_t size_bytes);

/** Finds the block `index` of `level`, which must lie before the end; `frame` 0: it is in a hole. */
MUST_USE enum lxfs_err file_load(struct lxfs *fs, const struct file *f, uint32_t level, uint64_t index, uint32_t *frame);

/**
 * Says whether leaf `index` is there, and up to which leaf `next` the same is known: a hole to its end, or a subtree that is full. That one
 * is full stands under CHECK alone; that a leaf is a hole, under the hashes.
 */
MUST_USE enum lxfs_err file_probe(struct lxfs *fs, const struct file *f, uint64_t index, bool *is_there, uint64_t *next);

/** Loads what file_touch or growing will need: nodes on the way to leaf `index`, and the leaf if asked. Holes are no errors. */
MUST_USE enum lxfs_err file_prepare(struct lxfs *fs, const struct file *f, uint64_t index, bool with_leaf);

/** As file_prepare for what file_resize to any larger size will need. */
MUST_USE enum lxfs_err file_prepare_end(struct lxfs *fs, const struct file *f);

/**
 * Touches all blocks on the way to leaf `index`, and the leaf. The inode must be touched.
 * @param make  makes what is missing; else `frame` is 0 when there is a hole.
 */
MUST_USE enum lxfs_err file_touch(struct lxfs *fs, const struct file *f, uint64_t index, bool make, uint32_t *frame);

/** As file_touch for a leaf that will be overwritten as a whole: what it had is not read. */
MUST_USE enum lxfs_err file_overwrite(struct lxfs *fs, const struct file *f, uint64_t index, uint32_t *frame);

/** Sets a larger size. */
MUST_USE enum lxfs_err file_grow(struct lxfs *fs, const struct file *f, uint64_t size_bytes);

/** Makes a hole of the leaves from `first` to before `end`. Subtrees go to the list of dead trees. */
MUST_USE enum lxfs_err file_drop(struct lxfs *fs, const struct file *f, uint64_t first, uint64_t end);

/** Sets a smaller size, when the leaves behind it have been dropped already. */
MUST_USE enum lxfs_err file_shrink(struct lxfs *fs, const struct file *f, uint64_t size_bytes);

/** The spot of a file's root. */
struct spot file_root_spot(struct lxfs *fs, const struct file *f);

/** The spot one level below, in the node `frame` at `spot`, on the way to leaf `index`. */
struct spot file_child_spot(const struct spot *spot, uint32_t frame, uint64_t index);

/** Adds to the counts on the way to block `index >> 6 * level` of `level`. All nodes there are touched. */
void file_count_add(struct lxfs *fs, const struct file *f, uint32_t level, uint64_t index, uint64_t delta);

/** Gives up a tree that is not deep dirty; its pointer becomes a hole. */
MUST_USE enum lxfs_err file_discard(struct lxfs *fs, uint8_t *pointer);

/** Whether a subtree has nodes below its root that were touched: such trees are dropped only after a commit. */
MUST_USE bool file_is_deep_dirty(struct lxfs *fs, const struct file *f);

/* ---- inode ----------------------------------------------------------------------------------------------------------- */

/** Whether the root pointer and the size of an inode can belong together, and to this volume. */
MUST_USE bool inode_is_root_sound(const struct lxfs *fs, const uint8_t *inode);

/** Finds an inode that is in use and checks it. @return LXFS_OK; LXFS_ENOENT; LXFS_EBAD. */
MUST_USE enum lxfs_err inode_load(struct lxfs *fs, uint64_t inode, struct file *out);

/** The same for whatever stands in the slot. */
MUST_USE enum lxfs_err inode_slot(struct lxfs *fs, uint64_t inode, struct file *out);

MUST_USE enum lxfs_err inode_touch(struct lxfs *fs, const struct file *f);

/** Loads what inode_make will need. */
MUST_USE enum lxfs_err inode_prepare(struct lxfs *fs);

/** Takes an inode, all zeros but for mode, quota, inode generation and times. */
MUST_USE enum lxfs_err inode_make(struct lxfs *fs, uint32_t mode, uint32_t quota, struct file *out);

/** Gives back an inode with all that it has. It must be touched, and not deep dirty. */
MUST_USE enum lxfs_err inode_free(struct lxfs *fs, const struct file *f);

/** Loads what entering or leaving the list of orphans needs. */
MUST_USE enum lxfs_err orphan_prepare(struct lxfs *fs, const struct file *f);
MUST_USE enum lxfs_err orphan_add(struct lxfs *fs, const struct file *f);
MUST_USE enum lxfs_err orphan_remove(struct lxfs *fs, const struct file *f);

void inode_stamp(struct lxfs *fs, const struct file *f, uint32_t member);
struct lxfs_time time_load(const uint8_t *p);
void time_store(uint8_t *p, struct lxfs_time t);

static inline bool time_is_sound(struct lxfs_time t)
{
    return t.nanoseconds < 1000000000u;
}

/* ---- dead ------------------------------------------------------------------------------------------------------------ */

/** Loads what entering something behind the first `count` entries of a list needs, of at most `blocks` blocks. */
MUST_USE enum lxfs_err list_prepare(struct lxfs *fs, uint64_t list, uint64_t count, uint32_t blocks);

/** Touches a block of a list; the list grows to have it. */
MUST_USE enum lxfs_err list_touch(struct lxfs *fs, uint64_t list, uint64_t block, uint8_t **out);

/** Loads what kept_flush will need. */
MUST_USE enum lxfs_err kept_prepare(struct lxfs *fs);

/** Enters in the list what an operation let go and snapshots hold. */
MUST_USE enum lxfs_err kept_flush(struct lxfs *fs);

/** Looks for something in the list of what is kept that no snapshot holds any more, and makes a dead tree of it. */
MUST_USE enum lxfs_err sweep_step(struct lxfs *fs);

/** Loads what dead_push of an operation will need. */
MUST_USE enum lxfs_err dead_prepare(struct lxfs *fs);

/** Enters a tree; its pointer becomes a hole. */
MUST_USE enum lxfs_err dead_push(struct lxfs *fs, uint8_t *pointer);

/** Reads a node of a dead tree, from either copy. @return LXFS_OK; LXFS_EBAD; LXFS_EIO. */
MUST_USE enum lxfs_err dead_read(struct lxfs *fs, const uint8_t *pointer, uint8_t *out);

/** Gives back one block or node of a dead tree. @return LXFS_OK; LXFS_ENOENT when there is none; LXFS_EIO; LXFS_EBAD. */
MUST_USE enum lxfs_err dead_step(struct lxfs *fs);

/* ---- snapshot -------------------------------------------------------------------------------------------------------- */

/** Whether a snapshot has what was born in one generation and let go in another. */
MUST_USE bool snapshot_holds(const struct lxfs *fs, uint64_t birth, uint64_t death);

/** The generation of the newest snapshot before another; 0: there is none. */
uint64_t snapshot_before(const struct lxfs *fs, uint64_t generation);

/** The inode table of a snapshot. @return LXFS_OK; LXFS_ENOENT; LXFS_EBAD. */
MUST_USE enum lxfs_err snapshot_table(struct lxfs *fs, uint32_t slot, struct file *table, uint64_t *inode_count);

/** Part of opening. */
MUST_USE enum lxfs_err snapshots_load(struct lxfs *fs);

/** The bits of an inode number that say which snapshot it belongs to; 0: none. */
static inline uint64_t snapshot_bits(uint64_t inode)
{
    return inode >> SNAPSHOT_SHIFT << SNAPSHOT_SHIFT;
}

/* ---- quota ----------------------------------------------------------------------------------------------------------- */

uint32_t quota_of(struct lxfs *fs, const struct file *f);

/** Loads the record of a quota, 0 for none. @return LXFS_OK; LXFS_EDQUOT when it has no room for so much more; LXFS_EBAD. */
MUST_USE enum lxfs_err quota_check(struct lxfs *fs, uint32_t quota, uint64_t more);

/** Notes what an operation adds or, negative, gives back. */
void quota_charge(struct lxfs *fs, uint32_t quota, int64_t delta);

/** Enters what was noted. */
MUST_USE enum lxfs_err quota_flush(struct lxfs *fs);

/* ---- dir ------------------------------------------------------------------------------------------------------------- */

enum { DIR_LEVELS_MAX = 8 };

/** Where an entry is, or would come. */
struct dir_place {
    uint64_t key;   /* of the entry; or the first free one of the name */
    uint64_t hash;  /* the key that the name would have alone */
    uint64_t inode; /* 0: no such name */
    uint32_t type;
    uint32_t depth; /* of the tree: blocks on the way */
    uint64_t blocks[DIR_LEVELS_MAX]; /* from the root down */
    uint32_t at; /* offset of the entry in the leaf, if there is one */
};

uint64_t dir_key(const struct lxfs *fs, struct lxfs_name name);
MUST_USE enum lxfs_err dir_find(struct lxfs *fs, const struct file *d, struct lxfs_name name, struct dir_place *out);

/** Loads what dir_insert will need. @return LXFS_OK; LXFS_ENOSPC when no more can be entered. */
MUST_USE enum lxfs_err dir_prepare(struct lxfs *fs, const struct file *d, const struct dir_place *place);

MUST_USE enum lxfs_err dir_insert(struct lxfs *fs, const struct file *d, const struct dir_place *place, struct lxfs_name name,
                                  uint64_t inode, uint32_t type);
MUST_USE enum lxfs_err dir_remove(struct lxfs *fs, const struct file *d, const struct dir_place *place);
MUST_USE enum lxfs_err dir_replace(struct lxfs *fs, const struct file *d, const struct dir_place *place, uint64_t inode, uint32_t type);

/** Makes the one block of an empty directory. */
MUST_USE enum lxfs_err dir_make(struct lxfs *fs, const struct file *d);

/* ---- change, log, commit --------------------------------------------------------------------------------------------- */

enum change_op {
    CHANGE_CREATE = 1,
    CHANGE_LINK,
    CHANGE_UNLINK,
    CHANGE_RMDIR,
    CHANGE_RENAME,
    CHANGE_WRITE,
    CHANGE_TRUNCATE,
    CHANGE_PUNCH,
    CHANGE_SETATTR,
    CHANGE_SETXATTR,
    CHANGE_REMOVEXATTR,
    CHANGE_RELEASE,
};

enum { CHANGE_KEEP = 4 }; /* flag: what loses its last name is open, and becomes an orphan */

/** An operation that writes: what a record of the log says. */
struct change {
    enum change_op op;
    uint32_t flags;
    struct lxfs_time time;
    uint64_t a;
    uint64_t b;
    uint64_t x;
    uint64_t y;
    uint32_t mode;
    uint32_t uid;
    uint32_t gid;
    uint32_t mask;
    struct lxfs_name name;
    struct lxfs_name name2;
    const uint8_t *data;
    uint32_t data_bytes;
};

/** Does a change, and notes it for the log. `y` of a create gets the inode. */
MUST_USE enum lxfs_err change_do(struct lxfs *fs, struct change *c);

/** Makes room for one operation: frames, and blocks, from the reserve as well if it frees some. May commit. */
MUST_USE enum lxfs_err change_room(struct lxfs *fs, bool is_freeing);

/** The part of change_room that is about frames. @return LXFS_OK; LXFS_ENOSPC when not even that much is free; LXFS_EIO; LXFS_EROFS. */
MUST_USE enum lxfs_err change_frames(struct lxfs *fs);

/** Frees what is left on the list of orphans. Part of opening. */
MUST_USE enum lxfs_err orphans_free(struct lxfs *fs);

MUST_USE enum lxfs_err name_check(struct lxfs_name name);
bool hold_has(struct lxfs *fs, uint64_t inode);

/** A free slot of the table of open files, or NULL. */
struct hold *hold_free_slot(struct lxfs *fs);

/* One function for each kind of change, in the files that know about it. */
MUST_USE enum lxfs_err data_write(struct lxfs *fs, const struct change *c);
MUST_USE enum lxfs_err data_truncate(struct lxfs *fs, const struct change *c);
MUST_USE enum lxfs_err data_punch(struct lxfs *fs, const struct change *c);
MUST_USE enum lxfs_err xattr_set(struct lxfs *fs, const struct change *c);
MUST_USE enum lxfs_err xattr_remove(struct lxfs *fs, const struct change *c);
MUST_USE enum lxfs_err names_create(struct lxfs *fs, struct change *c);
MUST_USE enum lxfs_err names_link(struct lxfs *fs, const struct change *c);
MUST_USE enum lxfs_err names_unlink(struct lxfs *fs, struct change *c);
MUST_USE enum lxfs_err names_rename(struct lxfs *fs, struct change *c);
MUST_USE enum lxfs_err names_release(struct lxfs *fs, const struct change *c);
MUST_USE enum lxfs_err attr_set(struct lxfs *fs, const struct change *c);

/** Where the block of extended attributes of a file belongs. */
struct spot xattr_spot(const struct file *f);

void log_note(struct lxfs *fs, const struct change *c);
MUST_USE enum lxfs_err log_write(struct lxfs *fs);
MUST_USE enum lxfs_err log_redo(struct lxfs *fs);

/** @return LXFS_OK: the log has a group for the state that was opened; LXFS_ENOENT: none; LXFS_EBAD: there was one; LXFS_EIO. */
MUST_USE enum lxfs_err log_probe(struct lxfs *fs);

/** Begins an empty log for the superblock of `generation`. */
void log_reset(struct lxfs *fs, uint64_t generation);

/** Whether a commit would write anything, of dirty blocks those below a rank. */
MUST_USE bool commit_has_changes(const struct lxfs *fs, uint32_t end_rank);

/** Writes everything dirty, then the superblock. */
MUST_USE enum lxfs_err commit_all(struct lxfs *fs);

/** Writes a superblock over what was opened, so that generations that a crash left unfinished are never used again. */
MUST_USE enum lxfs_err commit_mount(struct lxfs *fs, bool has_log);

/** Finds and takes over the newest whole superblock. */
MUST_USE enum lxfs_err commit_find(struct lxfs *fs);

#endif
