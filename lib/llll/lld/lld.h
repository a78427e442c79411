/* SPDX-License-Identifier: MIT */
/**
 * LLD: a keyed store on a block device: keys of 1 to 255 bytes and their values, in up to 256 stores that one transaction may span.
 *
 *   A log of segments holds the records, appended and never changed. An index, a hash table on the device, says where the newest
 *   record of each key is. What was written since the last checkpoint is indexed in memory (the delta), and read again from the
 *   log by lld_open. Housekeeping (bringing the delta into the index, moving live records out of emptying segments) is done in
 *   small steps by the commits themselves.
 *
 * Owns:   the whole device, and the memory that lld_open is given.    Uses: base. No allocation, no recursion, no system calls.
 * Limits: LLD_KEY_BYTES_MAX, LLD_VALUE_BYTES_MAX; records and bytes of one transaction, keys and bytes of a volume: see struct
 *         lld_geometry. One thread, one transaction at a time. Device bytes are never trusted: all are checked before use.
 * Source: docs/spec/lld.md (the bytes), docs/design/lld.md (the reasons)
 */
#ifndef LX_LLD_H
#define LX_LLD_H

#include "base.h"

#define LLD_KEY_BYTES_MAX       255u
#define LLD_VALUE_BYTES_MAX     (1u << 20)
#define LLD_SEGMENTS_MIN        8u
#define LLD_SEGMENTS_MAX        4096u
#define LLD_SEGMENT_BYTES_MAX   (1u << 30)
#define LLD_BATCH_BYTES_MIN     4096u
#define LLD_BATCH_BYTES_MAX     (2u << 20)
#define LLD_GROUP_BITS_MAX      28u
#define LLD_DELTA_BITS_MIN      6u
#define LLD_DELTA_BITS_MAX      24u
#define LLD_GROUP_KEYS          504u /**< keys that one group of the index can hold; three quarters of it are safe to expect */
#define LLD_SECRET_BYTES        16u
#define LLD_PROBE_BYTES         8192u
#define LLD_CACHE_BLOCKS_MIN    16u
#define LLD_MEMORY_ALIGNMENT    64u

/**
 * A block device, or a file that behaves like one. Each call returns false when the device failed. Writes may reach the medium in any
 * order, and each 512 bytes of them wholly or not at all, until `flush` has returned true: then all writes before it are there.
 */
struct lld_device {
    void *context;        /**< handed to every call */
    uint32_t block_bytes; /**< 512 or 4096 */
    bool (*read)(void *context, uint64_t first_block, uint32_t block_count, void *out);
    bool (*write)(void *context, uint64_t first_block, uint32_t block_count, const void *bytes);
    bool (*flush)(void *context);
    uint64_t (*size)(void *context); /**< in blocks */
};

/** The measures of a volume, fixed when it is formatted. */
struct lld_geometry {
    uint32_t block_bytes;   /**< of the device */
    uint32_t segment_bytes; /**< a multiple of 4096, at least 8 batches */
    uint32_t segment_count; /**< LLD_SEGMENTS_MIN to LLD_SEGMENTS_MAX */
    uint32_t batch_bytes;   /**< all records of one transaction with 16 bytes each, and 48; a multiple of 4096 */
    uint8_t group_bits;     /**< the index has 2^group_bits groups (1 to LLD_GROUP_BITS_MAX) of LLD_GROUP_KEYS keys */
    uint8_t delta_bits;     /**< 2^delta_bits slots in each half of the delta; a transaction has at most a quarter as many records */
};

/** Names a value. The bytes are the caller's. */
struct lld_key {
    uint8_t store; /**< which of 256 stores; equal keys of two stores are different keys */
    uint8_t len_bytes;
    const uint8_t *bytes;
};

/** Counters since lld_open, and what room there is. */
struct lld_stats {
    uint64_t blocks_read;
    uint64_t blocks_written;
    uint64_t flushes;
    uint64_t records_moved;      /**< by compaction */
    uint64_t checkpoints;
    uint64_t replayed_records;   /**< by lld_open */
    uint64_t live_bytes;         /**< of records; an estimate that may be too high after a crash, until compaction comes by */
    uint32_t free_segments;
    uint32_t damaged_segments;   /**< that compaction found unreadable and keeps as they are */
    uint32_t delta_records;
    enum lx_err housekeeping;    /**< LX_OK, or why it stopped */
};

struct lld;

/* ---- volumes -------------------------------------------------------------------------------------------------------- */

/**
 * Proposes a geometry for the whole device that has room for `key_count_max` keys.
 * @return LX_OK; LX_ERANGE when the device is too small; LX_EINVAL for its block size or a count of 0.
 */
MUST_USE enum lx_err lld_plan(const struct lld_device *device, uint64_t key_count_max, struct lld_geometry *out);

/** The memory that lld_format and lld_open want, in bytes; 0 when the geometry or the number of blocks breaks a rule. */
size_t lld_memory_bytes(const struct lld_geometry *geometry, uint32_t cache_blocks);

/**
 * Makes an empty volume; what the device held is lost. Writes the whole index: time is proportional to 2^group_bits.
 * @param secret  fresh random bytes: nobody can then choose keys that collide, and nothing that an earlier volume left on the device fits;
 *                kept on the device.
 * @param memory  LLD_MEMORY_ALIGNMENT-aligned, lld_memory_bytes(geometry, LLD_CACHE_BLOCKS_MIN); borrowed during the call.
 * @return LX_OK; LX_EINVAL for a geometry that breaks a rule; LX_ENOSPC for too little memory; LX_ERANGE when the device is too small;
 *         LX_EIO.
 */
MUST_USE enum lx_err lld_format(const struct lld_device *device, const struct lld_geometry *geometry,
                                const uint8_t secret[LLD_SECRET_BYTES], void *memory, size_t memory_bytes);

/**
 * Reads what lld_memory_bytes must know of a volume.
 * @param work  LLD_PROBE_BYTES, borrowed during the call.
 * @return LX_OK; LX_ENOENT when there is no volume; LX_EBADMSG when both copies of its head are damaged, or they differ; LX_ENOTSUP for
 *         another version or block size; LX_ERANGE when the device has become too small; LX_EINVAL for a block size that LLD does not
 *         know; LX_EIO.
 */
MUST_USE enum lx_err lld_probe(const struct lld_device *device, void *work, struct lld_geometry *out);

/**
 * Opens a volume, after a crash as well: reads the log from the last checkpoint on, at most 2^delta_bits records, and looks two
 * segments ahead. Writes nothing; flushes once.
 * @param device        copied; its context must live as long as the volume.
 * @param cache_blocks  a power of two, at least LLD_CACHE_BLOCKS_MIN: blocks of the device that are kept in memory.
 * @param memory        LLD_MEMORY_ALIGNMENT-aligned; the volume owns it from here on. There is nothing to give back.
 * @return as lld_probe; LX_ENOSPC for too little memory; LX_EBADMSG also when the log or both checkpoints are damaged: nothing is
 *         guessed.
 */
MUST_USE enum lx_err lld_open(const struct lld_device *device, uint32_t cache_blocks, void *memory, size_t memory_bytes,
                              struct lld **out);

/**
 * Brings everything into the index, so that the next lld_open finds nothing to read again and damage of any record is seen for sure.
 * No transaction may be open. The volume can be used on.
 * @return LX_OK; LX_EIO.
 */
MUST_USE enum lx_err lld_checkpoint(struct lld *l);

void lld_stats(const struct lld *l, struct lld_stats *out);

/* ---- values --------------------------------------------------------------------------------------------------------- */

/**
 * Reads a value. Inside a transaction its own changes are seen.
 * @param out  `cap_bytes` of the caller; may be partly written when the call fails.
 * @param value_bytes  how long the value is; also set with LX_ERANGE.
 * @return LX_OK; LX_ENOENT; LX_ERANGE when the value is longer than `cap_bytes`; LX_EBADMSG when the value, or what would show that
 *         there is none, is damaged; LX_EINVAL for an empty key; LX_EIO.
 */
MUST_USE enum lx_err lld_get(struct lld *l, struct lld_key key, void *out, size_t cap_bytes, size_t *value_bytes);

/**
 * Begins a transaction; none may be open. When the log is nearly full, this is where room is made: the only call but lld_compact whose
 * time is that of moving whole segments.
 * @return LX_OK; LX_EIO after the device failed once: then the volume must be opened again.
 */
MUST_USE enum lx_err lld_begin(struct lld *l);

/**
 * Sets a value, as part of the open transaction, which keeps a copy.
 * @return LX_OK; LX_EINVAL for an empty key; LX_ERANGE when the value is longer than LLD_VALUE_BYTES_MAX or could never fit into a
 *         transaction of this volume; LX_ENOSPC when this transaction is full.
 */
MUST_USE enum lx_err lld_put(struct lld *l, struct lld_key key, const void *value, size_t value_bytes);

/** Removes a value, as part of the open transaction; that there is none is no error. Errors as of lld_put. */
MUST_USE enum lx_err lld_erase(struct lld *l, struct lld_key key);

/**
 * Makes the transaction durable, all of it or nothing, and ends it in any case.
 * @return LX_OK: it is on the medium; LX_ENOSPC: the log is full, nothing was written (transactions that only erase still go through);
 *         LX_EBADMSG: housekeeping was stopped by damage and there is no room left to remember changes, nothing was written;
 *         LX_EIO: it may or may not be there, and the volume must be opened again.
 */
MUST_USE enum lx_err lld_commit(struct lld *l);

/** Forgets the transaction. */
void lld_abort(struct lld *l);

/* ---- all keys ------------------------------------------------------------------------------------------------------- */

/** Where an iteration stands; begins as all zeros. It may be kept over transactions and over lld_open. */
struct lld_cursor {
    uint64_t hash;
    uint32_t group;
    bool is_inside; /**< of the group: what follows names a key already passed */
    bool is_told;   /**< LX_EBADMSG was returned for this group */
    uint8_t store;
    uint8_t key_bytes;
    uint8_t key[LLD_KEY_BYTES_MAX];
};

/**
 * Moves to the next committed key of any store, in an order without meaning; afterwards the cursor's `store`, `key_bytes` and `key` name
 * it. Keys that are there during the whole iteration come exactly once; keys that come or go meanwhile may or may not.
 * Each call looks at one group and at most one of its keys.
 * @return LX_OK; LX_EAGAIN: none found yet, call again; LX_ENOENT: the end; LX_EBADMSG: once for each group in which keys are lost to
 *         damage, call again for the others; LX_EIO.
 */
MUST_USE enum lx_err lld_next(struct lld *l, struct lld_cursor *cursor);

/* ---- housekeeping --------------------------------------------------------------------------------------------------- */

/**
 * Empties at most one segment, the one with the least in it, whatever room there is. No transaction may be open.
 * @return LX_OK: one segment more is free; LX_ENOENT: nothing is worth moving; LX_EBADMSG: the segment is damaged and stays as it is, call
 *         again for others; LX_ENOSPC: no room to move to; LX_EIO.
 */
MUST_USE enum lx_err lld_compact(struct lld *l);

#endif
