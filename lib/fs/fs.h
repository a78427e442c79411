/* SPDX-License-Identifier: MIT */
/**
 * Fs: LXFS, a file system in which every byte that is read was verified, and nothing that was acknowledged is lost.
 *
 *   All blocks hang from one superblock by pointers that carry hashes. Nothing in use is overwritten: changes are made in memory in
 *   blocks that have new places already, and a commit writes them, then the superblock. Between commits, lxfs_sync puts the operations
 *   since the last one into the intent log. So a crash leaves the state after some prefix of the operations, and never one that
 *   ends before the last lxfs_sync or lxfs_commit that returned LXFS_OK.
 *
 * Owns:   the whole device, and the memory that lxfs_open is given.    Uses: base, tree. No allocation, no recursion, no system calls.
 * Limits: below. One thread. Commits by itself when memory runs short of clean frames. Device bytes are never trusted.
 * Source: docs/spec/lxfs.md (the bytes), docs/design/lxfs.md (the reasons, and the cost of each operation)
 */
#ifndef LX_FS_H
#define LX_FS_H

#include "base.h"
#include "tree.h"

#define LXFS_BLOCK_BYTES      4096u
#define LXFS_NAME_BYTES_MAX   255u
#define LXFS_TARGET_BYTES_MAX 4095u             /**< of a symbolic link */
#define LXFS_FILE_BYTES_MAX   0x7fffffffffffffffull
#define LXFS_PIECE_BYTES      65536u            /**< a longer write is several operations; a crash may fall between them */
#define LXFS_LINKS_MAX        65000u            /**< of a file, and directories in a directory */
#define LXFS_HOLDS_MAX        256u              /**< files open at a time */
#define LXFS_DEPTH_MAX        1024u             /**< a directory deeper than this cannot be moved into another */
#define LXFS_XATTR_BYTES_MAX  4088u             /**< all extended attributes of a file, with 4 bytes each */
#define LXFS_BLOCKS_MIN       1024u
#define LXFS_BLOCKS_MAX       ((1ull << 40) - 1)
#define LXFS_LOG_BLOCKS_MIN   8u
#define LXFS_LOG_BLOCKS_MAX   65536u
#define LXFS_LEAF_FRAMES_MIN  512u
#define LXFS_NODE_FRAMES_MIN  320u
#define LXFS_FRAMES_MAX       (1u << 24)
#define LXFS_MEMORY_ALIGNMENT 4096u
#define LXFS_UUID_BYTES       16u
#define LXFS_SECRET_BYTES     16u
#define LXFS_ROOT_INODE       2u
#define LXFS_SNAPSHOTS_MAX    256u
#define LXFS_QUOTAS_MAX       1024u
#define LXFS_SNAPSHOT_NAME_BYTES_MAX 63u

enum lxfs_err {
    LXFS_OK = 0,
    LXFS_ENOENT,       /**< no such name, inode or attribute */
    LXFS_EEXIST,       /**< the name is taken */
    LXFS_ENOTDIR,      /**< a directory is needed, and this is none */
    LXFS_EISDIR,       /**< this is a directory, and none is wanted */
    LXFS_ENOTEMPTY,    /**< the directory has entries */
    LXFS_EINVAL,       /**< an argument has no meaning here, or a directory would come into itself */
    LXFS_ENAMETOOLONG, /**< a name of more than 255 bytes, a target of more than 4095 */
    LXFS_EFBIG,        /**< past LXFS_FILE_BYTES_MAX */
    LXFS_ENOSPC,       /**< the volume is full; what frees space still works */
    LXFS_EMLINK,       /**< too many links */
    LXFS_ERANGE,       /**< the caller's buffer is too short; or the attributes do not fit */
    LXFS_EBUSY,        /**< too many files are held */
    LXFS_EROFS,        /**< the volume was opened for reading only, or this is of a snapshot */
    LXFS_EBAD,         /**< a block could not be verified (lxfs_damage names it), or says what no volume of ours says */
    LXFS_EIO,          /**< the device failed, now or before; after a failed write the volume must be opened again */
    LXFS_ENOTSUP,      /**< another version or cipher */
    LXFS_ENOMEM,       /**< the memory given is too small */
    LXFS_EDQUOT,       /**< the quota of the directory tree is used up */
    LXFS_EXDEV,        /**< a name in a directory of another quota */
};

/** One or two words for an error; never NULL. */
const char *lxfs_err_name(enum lxfs_err err);

/**
 * A block device of 4096-byte blocks. Each call is for at most 64 blocks that lie together, with memory of lxfs_open or, for reads of
 * contents, of lxfs_read's caller, at any alignment; it returns false when the device failed. Writes may reach the medium in any order, and each
 * 512 bytes of them wholly or not at all, until `flush` has returned true: then all writes before it are there.
 */
struct lxfs_device {
    void *context; /**< handed to every call */
    bool (*read)(void *context, uint64_t first_block, uint32_t block_count, void *out);
    bool (*write)(void *context, uint64_t first_block, uint32_t block_count, const void *bytes);
    bool (*flush)(void *context);
    uint64_t (*size)(void *context); /**< in blocks */
};

/**
 * The cipher of a volume. Both calls work in place on one block; the same `address` and `generation` come with other bytes only for the
 * same plain text, so both together are a nonce. `id` 0 means none, and then the calls may be NULL.
 */
struct lxfs_crypt {
    void *context;
    uint32_t id;
    void (*seal)(void *context, uint64_t address, uint64_t generation, uint8_t *block);
    void (*unseal)(void *context, uint64_t address, uint64_t generation, uint8_t *block);
};

/** Since 1970, UTC. */
struct lxfs_time {
    int64_t seconds;
    uint32_t nanoseconds; /**< below 10^9 */
};

/** How much memory an open volume works with. More frames mean fewer reads and rarer commits. */
struct lxfs_frames {
    uint32_t leaves; /**< blocks of contents and inodes: 4096 bytes each; at least LXFS_LEAF_FRAMES_MIN */
    uint32_t nodes;  /**< blocks of pointers: 6112 bytes each; at least LXFS_NODE_FRAMES_MIN */
};

/** What a volume is made with. */
struct lxfs_form {
    uint8_t uuid[LXFS_UUID_BYTES];
    uint8_t secret[LXFS_SECRET_BYTES]; /**< random: nobody can then choose names whose keys collide; kept on the device */
    uint32_t log_blocks;               /**< of the intent log; LXFS_LOG_BLOCKS_MIN to LXFS_LOG_BLOCKS_MAX */
    struct lxfs_time now;
};

enum {
    LXFS_IFMT = 0170000,
    LXFS_IFREG = 0100000,
    LXFS_IFDIR = 0040000,
    LXFS_IFLNK = 0120000,
    LXFS_IFCHR = 0020000,
    LXFS_IFBLK = 0060000,
    LXFS_IFIFO = 0010000,
    LXFS_IFSOCK = 0140000,
};

struct lxfs_attr {
    uint64_t inode;
    uint64_t inode_generation; /**< tells two files of one inode number apart */
    uint64_t size_bytes;
    uint64_t block_count;      /**< blocks of contents that are there */
    uint64_t device;           /**< of a device file */
    uint64_t entry_count;      /**< of a directory */
    uint64_t parent;           /**< of a directory */
    uint32_t mode;             /**< POSIX, with the type */
    uint32_t link_count;
    uint32_t uid;
    uint32_t gid;
    struct lxfs_time accessed; /**< set by lxfs_setattr only: reading does not write */
    struct lxfs_time modified;
    struct lxfs_time changed;
    struct lxfs_time born;
    uint32_t quota;            /**< 0: none */
    uint32_t flags;            /**< LXFS_TWO_COPIES */
};

/** Of a file: blocks of its contents that are written from then on have two copies. Of a directory: what is made in it has the same flag. */
enum { LXFS_TWO_COPIES = 1 };

/** A name of 1 to 255 bytes without '/' and zero bytes, neither "." nor "..". The bytes are the caller's. */
struct lxfs_name {
    const char *bytes;
    size_t len_bytes;
};

/** What lxfs_create makes. */
struct lxfs_node {
    uint32_t mode; /**< POSIX, with the type */
    uint32_t uid;
    uint32_t gid;
    uint64_t device;     /**< of a device file */
    const char *target;  /**< of a symbolic link, else NULL */
    size_t target_bytes;
};

struct lxfs_entry {
    uint64_t cookie; /**< where to go on behind this entry */
    uint64_t inode;
    uint32_t mode_type; /**< the type bits of the mode */
    uint32_t name_bytes;
    char name[LXFS_NAME_BYTES_MAX + 1]; /**< ends with a zero byte */
};

struct lxfs_statfs {
    uint64_t block_count; /**< of the volume */
    uint64_t free_count;  /**< that a caller may expect to write */
    uint64_t dead_count;  /**< subtrees that are still to be given back: free_count will grow by at least so many blocks */
    uint64_t inode_count; /**< in use */
    uint64_t generation;
    uint64_t kept_count;  /**< blocks and trees that snapshots alone hold */
};

/** Counters since lxfs_open. */
struct lxfs_stats {
    uint64_t blocks_read;
    uint64_t blocks_written;
    uint64_t flushes;
    uint64_t commits;
    uint64_t log_groups;       /**< written by lxfs_sync */
    uint64_t leaf_hashes;
    uint64_t node_hashes;
    uint64_t hashed_bytes;     /**< by both, prefixes included */
    uint64_t bad_blocks;       /**< that did not verify in any copy */
    uint64_t bad_copies;       /**< of which another copy was good */
    uint64_t repaired_copies;  /**< written again from the good one */
    uint64_t lost_blocks;      /**< that could not be given back because of damage */
    uint64_t map_errors;       /**< the map said something that cannot be */
    uint64_t replayed_records; /**< of the log, by lxfs_open */
    uint64_t freed_orphans;    /**< by lxfs_open */
    bool is_chain_broken;      /**< the superblock before the newest is not the one that it names */
};

/** What did not verify last. */
struct lxfs_damage {
    uint64_t inode;   /**< 0: the inode table or the map */
    uint64_t index;   /**< of the block on its level */
    uint64_t address; /**< of its first copy */
    uint32_t level;   /**< 0: contents */
    bool is_map;
};

struct lxfs;

/* ---- volumes -------------------------------------------------------------------------------------------------------- */

/** The memory that lxfs_format and lxfs_open want, in bytes; 0 when a number is outside its limits. */
size_t lxfs_memory_bytes(const struct lxfs_frames *frames);

/**
 * Makes an empty volume of the whole device; what the device held is lost. Writes the free map: 8 KiB for each 128 MiB.
 * @param memory  LXFS_MEMORY_ALIGNMENT-aligned, as lxfs_memory_bytes says for the smallest numbers; borrowed during the call.
 * @return LXFS_OK; LXFS_EINVAL when a number is outside its limits or the device too small or large; LXFS_ENOMEM; LXFS_EIO.
 */
MUST_USE enum lxfs_err lxfs_format(const struct lxfs_device *device, const struct lxfs_crypt *crypt, const struct lxfs_form *form,
                                   void *memory, size_t memory_bytes);

enum {
    LXFS_READ_ONLY = 1,
    LXFS_FORGET_LOG = 2, /**< what lxfs_sync acknowledged since the last commit is given up: for a volume whose log is damaged */
};

/** What lxfs_open is given; device, crypt are copied, their contexts must live as long as the volume. */
struct lxfs_setup {
    struct lxfs_device device;
    struct lxfs_crypt crypt;
    struct lxfs_frames frames;
    struct lxfs_time now;
    uint32_t flags; /**< LXFS_READ_ONLY: writes nothing; then a volume whose log is not empty shows the state before the log.
                         LXFS_FORGET_LOG */
};

/**
 * Opens a volume, after a crash as well: reads the superblocks and the log, does again what the log has, frees orphans, commits.
 * The time depends on the log alone, which is bounded by log_blocks.
 * @param memory  LXFS_MEMORY_ALIGNMENT-aligned; the volume owns it from here on. There is nothing to give back.
 * @return LXFS_OK; LXFS_ENOENT: no volume here; LXFS_EBAD: no superblock is whole, or the log is damaged before its end, or what is needed
 *         to do its operations again; LXFS_ENOTSUP; LXFS_EINVAL when the device has become smaller; LXFS_ENOMEM; LXFS_EIO.
 */
MUST_USE enum lxfs_err lxfs_open(const struct lxfs_setup *setup, void *memory, size_t memory_bytes, struct lxfs **out);

/** Sets the time that the following operations note. */
void lxfs_clock(struct lxfs *fs, struct lxfs_time now);

/** Makes all operations so far durable, by a new superblock. @return LXFS_OK; LXFS_EIO; LXFS_EROFS. */
MUST_USE enum lxfs_err lxfs_commit(struct lxfs *fs);

/**
 * Makes all operations so far durable by the intent log, where they fit there; else commits. This is fsync of any file, and syncfs.
 * @return LXFS_OK; LXFS_EIO; LXFS_EROFS.
 */
MUST_USE enum lxfs_err lxfs_sync(struct lxfs *fs);

/**
 * Gives back dead blocks of files that were removed, in at most `steps` steps of one subtree or block each. Operations do a little of it
 * themselves; this is for idle times.
 * @return LXFS_OK: there may be more; LXFS_ENOENT: nothing is left; LXFS_EIO; LXFS_EROFS.
 */
MUST_USE enum lxfs_err lxfs_reclaim(struct lxfs *fs, uint32_t steps);

/** Where lxfs_scrub is; begins as zeros. */
struct lxfs_cursor {
    uint64_t file;
    uint64_t index;
};

/**
 * Reads all copies of all blocks, at most `steps` leaves and the nodes above them, and writes damaged ones again from good ones. For idle times.
 * What cannot be repaired is counted in lxfs_stats and named by lxfs_damage. What changes meanwhile may be passed over.
 * @return LXFS_OK: go on; LXFS_ENOENT: everything was looked at, the cursor is at the beginning again; LXFS_EIO; LXFS_EROFS.
 */
MUST_USE enum lxfs_err lxfs_scrub(struct lxfs *fs, struct lxfs_cursor *cursor, uint32_t steps);

/** How a device is told of free blocks. */
struct lxfs_discard {
    void *context;
    uint32_t blocks_min; /**< shorter runs are passed over */
    bool (*discard)(void *context, uint64_t first_block, uint32_t block_count); /**< @return false when the device failed */
};

/**
 * Tells the device which blocks are free, in at most `steps` steps of 32,768 blocks of the volume each. For idle times. What the blocks have
 * afterwards does not matter. @param discarded  how many this call told of.
 * @return LXFS_OK: go on; LXFS_ENOENT: everything was looked at, the cursor is at the beginning again; LXFS_EIO; LXFS_EROFS.
 */
MUST_USE enum lxfs_err lxfs_trim(struct lxfs *fs, const struct lxfs_discard *to, struct lxfs_cursor *cursor, uint32_t steps,
                                 uint64_t *discarded);

void lxfs_statfs(const struct lxfs *fs, struct lxfs_statfs *out);
void lxfs_stats(const struct lxfs *fs, struct lxfs_stats *out);

/** Where things lie in a volume, and what its superblock says. Addresses and counts are in blocks. */
struct lxfs_layout {
    uint8_t uuid[LXFS_UUID_BYTES];
    uint32_t crypt;          /**< 0: none */
    uint64_t log_blocks;     /**< of each copy of the log */
    uint64_t log_generation;
    uint64_t map_blocks;     /**< of each copy of the map */
    uint64_t data_first;
    uint64_t data_end;       /**< the block behind the last */
    uint64_t inodes_made;    /**< in the table, used and free */
    uint64_t first_orphan;   /**< 0: none */
    struct hash256 superblock; /**< the hash that the last one ends with: what a volume is known by */
};

void lxfs_layout(const struct lxfs *fs, struct lxfs_layout *out);

/** @return whether anything did not verify since lxfs_open; only then `out` is set. */
bool lxfs_damage(const struct lxfs *fs, struct lxfs_damage *out);

/* ---- snapshots -------------------------------------------------------------------------------------------------------- */

/** A state of the volume that is kept. `root` is its root directory: what is found from there is of the snapshot. */
struct lxfs_snapshot {
    uint64_t root;
    uint64_t generation;
    uint64_t inode_count; /**< in use */
    struct lxfs_time taken;
    uint32_t name_bytes;
    char name[LXFS_SNAPSHOT_NAME_BYTES_MAX + 1]; /**< ends with a zero byte */
};

/**
 * Keeps the state of the volume as it is under a name, and makes it durable. Costs two commits, and later a little for each block that
 * changes. Inodes of a snapshot serve all calls that read, lxfs_hold and lxfs_release; those that write refuse them with LXFS_EROFS.
 * @param name  1 to LXFS_SNAPSHOT_NAME_BYTES_MAX bytes, otherwise as names of files.
 * @return LXFS_OK; LXFS_EEXIST; LXFS_EMLINK when there are LXFS_SNAPSHOTS_MAX; LXFS_EINVAL; LXFS_ENAMETOOLONG; LXFS_ENOSPC; LXFS_EBAD;
 *         LXFS_EIO; LXFS_EROFS.
 */
MUST_USE enum lxfs_err lxfs_snapshot_take(struct lxfs *fs, struct lxfs_name name);

/**
 * Removes a snapshot, durably. Its inode numbers may be those of another one later. What it alone had comes free in later operations and
 * lxfs_reclaim; LXFS_ENOSPC of an operation waits for that. @return LXFS_OK; LXFS_ENOENT; LXFS_EBUSY: a file of it is held; as above.
 */
MUST_USE enum lxfs_err lxfs_snapshot_remove(struct lxfs *fs, struct lxfs_name name);

/** @return LXFS_OK; LXFS_ENOENT; LXFS_EINVAL; LXFS_ENAMETOOLONG; LXFS_EBAD; LXFS_EIO. */
MUST_USE enum lxfs_err lxfs_snapshot_find(struct lxfs *fs, struct lxfs_name name, struct lxfs_snapshot *out);

/** The snapshots one by one, in no order. @param cookie  0 at first. @return LXFS_OK; LXFS_ENOENT behind the last; LXFS_EBAD; LXFS_EIO. */
MUST_USE enum lxfs_err lxfs_snapshot_list(struct lxfs *fs, uint32_t *cookie, struct lxfs_snapshot *out);

/* ---- quotas ----------------------------------------------------------------------------------------------------------- */

/** In blocks: one for each inode, and one for each block of contents or of a directory that is there. */
struct lxfs_quota {
    uint64_t limit_blocks; /**< 0: none */
    uint64_t used_blocks;
};

/** @param quota  1 to LXFS_QUOTAS_MAX. @return LXFS_OK; LXFS_EINVAL; LXFS_EBAD; LXFS_EIO. */
MUST_USE enum lxfs_err lxfs_quota_get(struct lxfs *fs, uint32_t quota, struct lxfs_quota *out);

/**
 * Sets how much a quota may take, durably; it may be less than is taken. Then what would take more fails with LXFS_EDQUOT. Blocks of
 * directories that split are counted, but do not make an operation fail: up to 8 may come on top.
 * @return LXFS_OK; LXFS_EINVAL; LXFS_ENOSPC; LXFS_EBAD; LXFS_EIO; LXFS_EROFS.
 */
MUST_USE enum lxfs_err lxfs_quota_set(struct lxfs *fs, uint32_t quota, uint64_t limit_blocks);

/**
 * Gives an empty directory a quota, 0 for none, durably: what is made in it has the same. Names do not cross quotas: lxfs_link and
 * lxfs_rename into a directory of another one are refused with LXFS_EXDEV.
 * @return LXFS_OK; LXFS_ENOENT; LXFS_ENOTDIR; LXFS_ENOTEMPTY; LXFS_EINVAL; LXFS_ENOSPC; LXFS_EBAD; LXFS_EIO; LXFS_EROFS.
 */
MUST_USE enum lxfs_err lxfs_quota_assign(struct lxfs *fs, uint64_t directory, uint32_t quota);

/* ---- checking ---------------------------------------------------------------------------------------------------------- */

enum lxfs_finding_kind {
    LXFS_FINDING_COPY,      /**< one copy of a block is bad: written again from the other one, unless the volume is read-only */
    LXFS_FINDING_BLOCK,     /**< a block cannot be verified: what it had is lost */
    LXFS_FINDING_INODE,     /**< an inode says what cannot be */
    LXFS_FINDING_DIRECTORY, /**< a directory cannot be listed to its end */
    LXFS_FINDING_NAME,      /**< `name` in directory `inode` leads to `other`, which is not there or of another type; or it is not found */
    LXFS_FINDING_PARENT,    /**< directory `inode` says that it is in `other`, and is in another one */
    LXFS_FINDING_ENTRIES,   /**< a directory has `expected` entries and says `found` */
    LXFS_FINDING_LINKS,     /**< an inode has `expected` links and says `found`; or a directory has several names */
    LXFS_FINDING_UNREACHED, /**< an inode has no name, and should have */
    LXFS_FINDING_TWICE,     /**< a block belongs to two: this is the second one that was met */
    LXFS_FINDING_FREE,      /**< `found` blocks from `address` on are in use and marked as free */
    LXFS_FINDING_LEAK,      /**< `found` blocks from `address` on belong to nothing and are marked as in use */
    LXFS_FINDING_LIST,      /**< a list of free inodes, dead or kept trees (`inode` 1, 4) or snapshots (3) is broken */
    LXFS_FINDING_NUMBER,    /**< the superblock says `found` inodes in use, or free blocks (is_map), and there are `expected` */
    LXFS_FINDING_QUOTA,     /**< quota `index` says `found` blocks, and there are `expected` */
    LXFS_FINDING_SNAPSHOT,  /**< a block of a snapshot is not kept for it */
};

/** Members that a kind does not need are 0. */
struct lxfs_finding {
    enum lxfs_finding_kind kind;
    uint64_t inode; /**< 0: the inode table, or the map */
    uint64_t other;
    uint64_t index; /**< of the block on its level */
    uint64_t address;
    uint64_t expected;
    uint64_t found;
    uint32_t level;
    bool is_map;
    bool is_repaired;
    const char *name; /**< during the call only; or NULL */
};

/** A sentence for a kind; never NULL. */
const char *lxfs_finding_name(enum lxfs_finding_kind kind);

/** Is told of each finding. It must not call anything that writes. */
typedef void (*lxfs_report)(void *context, const struct lxfs_finding *finding);

enum {
    /** The map is made right by what was found. Blocks are given back only if everything that leads to blocks could be read. */
    LXFS_CHECK_REBUILD_MAP = 1,
};

struct lxfs_check_result {
    uint64_t findings;
    uint64_t repaired;
    uint64_t blocks;    /**< in use that were met */
    bool is_incomplete; /**< something that leads to blocks could not be read: what is marked as in use may belong there */
    bool is_unlisted;   /**< a directory could not be listed: then links are not judged */
};

struct lxfs_check;

/** How much memory lxfs_check_begin wants for a volume as it is now: a bit for each block, 4 bytes for each inode. */
size_t lxfs_check_bytes(const struct lxfs *fs);

/**
 * Begins to check a volume, which is committed first. @param memory  8-byte-aligned; borrowed until the last step.
 * @return LXFS_OK; LXFS_ENOMEM; LXFS_EINVAL for an unknown flag; LXFS_EIO.
 */
MUST_USE enum lxfs_err lxfs_check_begin(struct lxfs *fs, void *memory, size_t memory_bytes, uint32_t flags, lxfs_report report, void *context,
                                        struct lxfs_check **out);

/**
 * Goes on in at most `steps` steps. Files can be read in between.
 * @return LXFS_OK: go on; LXFS_ENOENT: everything was looked at; LXFS_EBUSY when the volume has changed: begin again; LXFS_EIO.
 */
MUST_USE enum lxfs_err lxfs_check_step(struct lxfs_check *check, uint32_t steps, struct lxfs_check_result *result);

/**
 * Looks for a name of an inode, through all directories of the volume or snapshot that it is of; called again with the directory, and so on,
 * it makes a path. @param cursor  zeros at first; handed in again it finds the next name.
 * @return LXFS_OK: `entry` in `directory`; LXFS_EBUSY: not in so many steps, go on; LXFS_ENOENT: there is none, or no more.
 */
MUST_USE enum lxfs_err lxfs_name_of(struct lxfs *fs, uint64_t inode, struct lxfs_cursor *cursor, uint32_t steps, uint64_t *directory,
                                    struct lxfs_entry *entry);

/* ---- names. All may return LXFS_EBAD, LXFS_EIO; those that write also LXFS_EROFS, LXFS_ENOSPC, LXFS_EDQUOT --------------------- */

/** Finds a name. @return LXFS_OK; LXFS_ENOENT; LXFS_ENOTDIR; LXFS_EINVAL or LXFS_ENAMETOOLONG for no proper name. */
MUST_USE enum lxfs_err lxfs_lookup(struct lxfs *fs, uint64_t directory, struct lxfs_name name, uint64_t *inode);

/**
 * Makes a file, directory, symbolic link or device file. With an empty name the new file has no name and is held: it lives until
 * lxfs_release, or for good when it got a name by lxfs_link; it has the quota of `directory`, which may be 0: none.
 * @return LXFS_OK; LXFS_EEXIST; LXFS_EBUSY; LXFS_ENOTDIR; LXFS_ENOENT when the directory was removed; LXFS_EMLINK; LXFS_EINVAL; LXFS_ENAMETOOLONG.
 */
MUST_USE enum lxfs_err lxfs_create(struct lxfs *fs, uint64_t directory, struct lxfs_name name, const struct lxfs_node *node,
                                   uint64_t *inode);

/** Another name for a file. @return as lxfs_create; LXFS_EISDIR for a directory; LXFS_EMLINK; LXFS_EXDEV. */
MUST_USE enum lxfs_err lxfs_link(struct lxfs *fs, uint64_t inode, uint64_t directory, struct lxfs_name name);

/** Removes a name of anything but a directory; a file that is held lives on. @return LXFS_OK; LXFS_ENOENT; LXFS_EISDIR; LXFS_ENOTDIR. */
MUST_USE enum lxfs_err lxfs_unlink(struct lxfs *fs, uint64_t directory, struct lxfs_name name);

/** Removes an empty directory. @return LXFS_OK; LXFS_ENOENT; LXFS_ENOTDIR; LXFS_ENOTEMPTY. */
MUST_USE enum lxfs_err lxfs_rmdir(struct lxfs *fs, uint64_t directory, struct lxfs_name name);

enum { LXFS_NOREPLACE = 1, LXFS_EXCHANGE = 2 };

/**
 * Renames, in one step; replaces what the new name was, if the types allow.
 * @param flags  0, LXFS_NOREPLACE or LXFS_EXCHANGE, as renameat2 of Linux has them.
 * @return LXFS_OK; LXFS_ENOENT; LXFS_EEXIST; LXFS_ENOTDIR; LXFS_EISDIR; LXFS_ENOTEMPTY; LXFS_EINVAL when a directory would come into
 *         itself, or lies deeper than LXFS_DEPTH_MAX; LXFS_EMLINK; LXFS_EXDEV when the directories are of different quotas.
 */
MUST_USE enum lxfs_err lxfs_rename(struct lxfs *fs, uint64_t from, struct lxfs_name from_name, uint64_t to, struct lxfs_name to_name,
                                   uint32_t flags);

/**
 * Lists a directory. Entries that are there all the time come exactly once; "." and ".." are not among them.
 * @param cookie   0, or that of the last entry seen; updated, so that it can be handed in again. It stays good over changes and lxfs_open.
 * @param entries  `capacity` >= 1 of them, of the caller. @param count  how many were filled; may be 0 before the end: see is_end.
 */
MUST_USE enum lxfs_err lxfs_readdir(struct lxfs *fs, uint64_t directory, uint64_t *cookie, struct lxfs_entry *entries, size_t capacity,
                                    size_t *count, bool *is_end);

/* ---- files ---------------------------------------------------------------------------------------------------------- */

MUST_USE enum lxfs_err lxfs_getattr(struct lxfs *fs, uint64_t inode, struct lxfs_attr *out);

/** Which members of a struct lxfs_attr lxfs_setattr takes. */
enum { LXFS_SET_MODE = 1, LXFS_SET_UID = 2, LXFS_SET_GID = 4, LXFS_SET_ACCESSED = 8, LXFS_SET_MODIFIED = 16, LXFS_SET_FLAGS = 32 };

/** Sets what `mask` names; the type in the mode stays. @return LXFS_OK; LXFS_ENOENT; LXFS_EINVAL for an unknown bit or flag, or a time. */
MUST_USE enum lxfs_err lxfs_setattr(struct lxfs *fs, uint64_t inode, uint32_t mask, const struct lxfs_attr *attr);

/**
 * Keeps a file alive while it is open, also without a name. Each call wants one lxfs_release.
 * @return LXFS_OK; LXFS_ENOENT; LXFS_EBUSY when LXFS_HOLDS_MAX others are held.
 */
MUST_USE enum lxfs_err lxfs_hold(struct lxfs *fs, uint64_t inode);

/** Ends a lxfs_hold; the last one of a file without a name frees it. @return as operations that write; LXFS_EINVAL when it is not held. */
MUST_USE enum lxfs_err lxfs_release(struct lxfs *fs, uint64_t inode);

/**
 * Reads contents of a file or symbolic link.
 * @param out  `len_bytes` of the caller; may be partly written when the call fails, with verified bytes or zeros. During the call it has
 *             bytes that are not verified yet: nobody else may see it or write to it.
 * @param got_bytes  less than asked for at the end of the file.
 * @return LXFS_OK; LXFS_ENOENT; LXFS_EISDIR; LXFS_EINVAL for a device file; LXFS_EBAD.
 */
MUST_USE enum lxfs_err lxfs_read(struct lxfs *fs, uint64_t inode, uint64_t offset, void *out, size_t len_bytes, size_t *got_bytes);

/**
 * Writes contents of a file, which grows as needed; what lies between its end and `offset` is zero and takes no space.
 * @param done_bytes  how much was written, also when a later piece of LXFS_PIECE_BYTES failed.
 * @return LXFS_OK; LXFS_ENOENT; LXFS_EISDIR; LXFS_EINVAL for what is no regular file; LXFS_EFBIG.
 */
MUST_USE enum lxfs_err lxfs_write(struct lxfs *fs, uint64_t inode, uint64_t offset, const void *bytes, size_t len_bytes,
                                  size_t *done_bytes);

/** Sets the size; bytes behind the old end are zero. Errors as lxfs_write. */
MUST_USE enum lxfs_err lxfs_truncate(struct lxfs *fs, uint64_t inode, uint64_t size_bytes);

/** Makes a range zero, and whole blocks of it take no space; the size stays. Errors as lxfs_write. */
MUST_USE enum lxfs_err lxfs_punch(struct lxfs *fs, uint64_t inode, uint64_t offset, uint64_t len_bytes);

/**
 * Finds contents (`want_hole` false) or a hole at or behind `offset`, by blocks; the end of the file counts as a hole.
 * @return LXFS_OK; LXFS_ENOENT when there is no more contents, or `offset` lies at or behind the end.
 */
MUST_USE enum lxfs_err lxfs_seek(struct lxfs *fs, uint64_t inode, uint64_t offset, bool want_hole, uint64_t *found);

/** The tree root of a file's contents (docs/spec/tree.md). Commits first when the file has changed since the last commit. */
MUST_USE enum lxfs_err lxfs_root(struct lxfs *fs, uint64_t inode, struct hash256 *out);

/** Where lxfs_fsverity is; begins as zeros. */
struct lxfs_fsverity {
    struct hash256 root; /**< of the file when it began */
    uint64_t size_bytes;
    uint64_t index;
    bool is_begun;
    struct tree_verity verity;
};

/**
 * The digest by which Linux's fs-verity knows the file (SHA-256, blocks of 4 KiB, no salt), in calls of at most `blocks` blocks each.
 * @param is_done  set when `out` is.
 * @return LXFS_OK; LXFS_EBUSY when the file has changed since it began: begin again with zeros; LXFS_EISDIR; LXFS_EINVAL for what is no
 *         regular file; LXFS_EFBIG above TREE_VERITY_BYTES_MAX; as lxfs_root. Source: Linux Documentation/filesystems/fsverity.rst
 */
MUST_USE enum lxfs_err lxfs_fsverity(struct lxfs *fs, uint64_t inode, struct lxfs_fsverity *state, uint32_t blocks, struct hash256 *out,
                                     bool *is_done);

/* ---- extended attributes -------------------------------------------------------------------------------------------- */

/** @return LXFS_OK; LXFS_ENOENT; LXFS_ERANGE when `cap_bytes` do not suffice: `len_bytes` is set. */
MUST_USE enum lxfs_err lxfs_getxattr(struct lxfs *fs, uint64_t inode, struct lxfs_name name, void *out, size_t cap_bytes,
                                     size_t *len_bytes);

enum { LXFS_XATTR_CREATE = 1, LXFS_XATTR_REPLACE = 2 };

/** @return LXFS_OK; LXFS_EEXIST, LXFS_ENOENT as `flags` ask; LXFS_ERANGE: no room for it; LXFS_EINVAL; LXFS_ENAMETOOLONG. */
MUST_USE enum lxfs_err lxfs_setxattr(struct lxfs *fs, uint64_t inode, struct lxfs_name name, const void *value, size_t len_bytes,
                                     uint32_t flags);

MUST_USE enum lxfs_err lxfs_removexattr(struct lxfs *fs, uint64_t inode, struct lxfs_name name);

/** All names, each with a zero byte behind it. @return LXFS_OK; LXFS_ERANGE when `cap_bytes` do not suffice: `len_bytes` is set. */
MUST_USE enum lxfs_err lxfs_listxattr(struct lxfs *fs, uint64_t inode, char *out, size_t cap_bytes, size_t *len_bytes);

#endif
