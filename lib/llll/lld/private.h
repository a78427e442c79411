/* SPDX-License-Identifier: MIT */
/**
 * What the files of LLD share: the layout on the device (docs/spec/lld.md), the state of an open volume, and who does what:
 *
 *   checksum, hash   CRC-32C and SipHash-2-4          record   records and batches: reading, checking, sealing
 *   device           the device behind a cache        log      the transaction, appending, reading again after a crash
 *   delta            keys written since a checkpoint  apply    bringing the delta into the index; checkpoints
 *   index            groups and buckets               compact  emptying segments
 *   volume           geometry, format, probe, open    store    the calls on keys        iterate   all keys
 */
#ifndef LX_LLD_PRIVATE_H
#define LX_LLD_PRIVATE_H

#include "lld.h"

/* ---- on the device -------------------------------------------------------------------------------------------------- */

#define LLD_VERSION        1u
#define SUPER_MAGIC        0x3153444c4c584cull /* "LXLLDS1" */
#define SLOT_MAGIC         0x43444c4cu         /* "LLDC" */
#define BATCH_MAGIC        0x42444c4cu         /* "LLDB" */
#define SUPER_BYTES        4096u               /* what one copy of the head takes */
#define SUPER_HEAD_BYTES   64u
#define SLOT_HEAD_BYTES    64u
#define BATCH_HEAD_BYTES   48u
#define RECORD_HEAD_BYTES  16u
#define UNIT_BYTES         16u /* records begin at multiples of it, and places count in it */
#define BUCKET_BYTES       512u
#define BUCKET_HEAD_BYTES  8u
#define BUCKET_ENTRIES     63u
#define GROUP_BYTES        4096u
#define GROUP_BUCKETS      8u
#define PLACE_BITS         40u
#define PLACE_MASK         ((1ull << PLACE_BITS) - 1)
#define PLACE_LOST         PLACE_MASK /* of an entry: its record could not be read when the key was to be compared */
#define PRINT_BITS         24u        /* bits of the hash behind the group's, kept in the entry */

_Static_assert(BUCKET_HEAD_BYTES + BUCKET_ENTRIES * 8 == BUCKET_BYTES, "a bucket is full of entries");
_Static_assert(GROUP_BUCKETS * BUCKET_BYTES == GROUP_BYTES, "a group is full of buckets");
_Static_assert(GROUP_BUCKETS * BUCKET_ENTRIES == LLD_GROUP_KEYS, "what lld.h promises");
_Static_assert(PRINT_BITS + PLACE_BITS == 64, "an entry is one word");
_Static_assert(LLD_GROUP_BITS_MAX + PRINT_BITS <= 64, "group and print are bits of one hash");

enum { BUCKET_SPILLED = 1, BUCKET_LOST = 2 };  /* flags: keys went on to the next bucket; keys were lost to damage */
enum { RECORD_PUT = 1, RECORD_ERASE = 2 };     /* kinds */

/* ---- in memory ------------------------------------------------------------------------------------------------------ */

/** A point of the log: where the batch with number `seq` goes, if it fits there. */
struct log_point {
    uint64_t seq;
    uint32_t segment;
    uint32_t offset_bytes;
};

/** A record as read; `key` is good until the next read. */
struct record {
    uint64_t at; /* byte on the device, or in the transaction */
    uint32_t value_bytes;
    uint32_t value_crc;
    uint8_t kind;
    uint8_t store;
    uint8_t key_bytes;
    const uint8_t *key;
};

struct batch {
    uint64_t seq;
    uint64_t checkpoint;
    uint32_t payload_bytes;
    uint32_t record_count;
    uint32_t payload_crc;
};

/** A slot of the delta. `word` is 0 in an empty one; else the place (40 bits), the size in units (22 bits) and bit 62: erased. */
struct delta_slot {
    uint64_t hash;
    uint64_t word;
};

#define WORD_SIZE_SHIFT PLACE_BITS
#define WORD_SIZE_MASK  ((1u << 22) - 1)
#define WORD_ERASED     (1ull << 62)

_Static_assert(LLD_BATCH_BYTES_MAX / UNIT_BYTES <= WORD_SIZE_MASK, "a size fits");

/** Hash table of recent records, ordered by the top bits of the hash, so that it can be walked in the order of the groups. */
struct delta {
    struct delta_slot *slots;
    uint32_t bits;
    uint32_t count; /* of records put, so at least of slots used: it bounds the log that a crash leaves to read as well */
    bool is_staged; /* its places are in the transaction, not on the device */
};

enum segment_state { SEGMENT_FREE, SEGMENT_USED, SEGMENT_EMPTIED };

struct segment {
    uint64_t seq;        /* of its last batch as far as known; when EMPTIED: the first checkpoint that may free it */
    uint32_t live_bytes; /* of records; an estimate */
    uint32_t end_bytes;  /* behind its last batch */
    uint8_t state;
    bool is_damaged;
};

/** Segments in the order in which they are filled. Positions run free; the ring has LLD_SEGMENTS_MAX places. */
struct free_queue {
    uint32_t first;
    uint32_t end;
    uint16_t segments[LLD_SEGMENTS_MAX];
};

/** Where the emptying of a segment stands. */
struct scan {
    bool is_active;
    bool is_count; /* nothing is moved, only counted */
    uint32_t segment;
    uint32_t batch_bytes; /* offset of the current batch's end: the next batch begins there */
    uint32_t record_bytes; /* offset of the next record */
    uint32_t record_end;   /* offset behind the batch's last record */
    uint64_t seq;          /* of the batch before */
    uint32_t live_bytes;   /* found so far */
};

struct lld {
    struct lld_device device;
    struct lld_geometry geometry;
    uint64_t key[2];
    uint32_t salt_crc; /* where checksums of this volume begin */
    uint64_t slot_at;
    uint64_t index_at;
    uint64_t log_at;
    uint64_t end_at;
    uint32_t slot_bytes;
    uint32_t block_shift;
    struct lld_stats stats;
    bool is_failed; /* the device failed: what is on it is not known any more */

    /* The cache: frame i holds block tags[i] - 1; checked[i] has a bit for each bucket of it whose checksum was good. */
    uint32_t cache_bits;
    uint64_t *tags;
    uint8_t *checked;
    uint8_t *frames;
    uint8_t key_copy[RECORD_HEAD_BYTES + LLD_KEY_BYTES_MAX + 1];

    /* The log. */
    struct log_point head;       /* where the next batch goes */
    struct log_point replay;     /* where reading begins after a crash: of the checkpoint */
    uint64_t checkpoint;         /* its number */
    struct segment *segments;
    struct free_queue *queue;
    uint64_t key_count;          /* in the index; an estimate, too low after a crash */

    /* The delta: `active` is written; `frozen` is being brought into the index, and comes before it in time. */
    struct delta active;
    struct delta frozen;
    bool is_freezing;
    struct log_point freeze;     /* end of what `frozen` has, and the next replay point */
    uint32_t freeze_queue;
    uint32_t freeze_live_bytes;  /* of the segment in `freeze` */
    uint32_t apply_slot;         /* next slot of `frozen` */

    /* The group that is being changed. */
    uint8_t *group;
    uint32_t group_number;
    bool has_group;
    uint8_t group_dirty;         /* a bit for each bucket */

    /* The transaction, laid out as the batch that it becomes. */
    bool is_open;
    bool has_puts;
    uint8_t *staging;
    uint32_t staged_bytes;       /* with the head of the batch */
    uint32_t staged_records;
    struct delta staged;

    struct scan scan;
    uint32_t recount_segment;
    uint8_t *slot;
};

/* ---- checksum, hash ------------------------------------------------------------------------------------------------- */

#define CRC_START 0xffffffffu

/** CRC-32C (Castagnoli), without the final inversion, so that it can be continued. */
MUST_USE uint32_t crc32c(uint32_t crc, const void *bytes, size_t len_bytes);
MUST_USE uint32_t crc32c_portable(uint32_t crc, const void *bytes, size_t len_bytes);

/** The checksum to begin with at byte `at`: nothing that was written elsewhere, or for another volume, fits. */
MUST_USE uint32_t crc_at(const struct lld *l, uint64_t at);

MUST_USE uint64_t siphash(const uint64_t key[2], const uint8_t *bytes, size_t len_bytes);
/** SipHash-2-4 of 8 bytes with the store in the first, and the key. */
MUST_USE uint64_t key_hash(const struct lld *l, struct lld_key key);

/* ---- device --------------------------------------------------------------------------------------------------------- */

/** Whole blocks, past the cache. `at` and `len_bytes` are multiples of the block size and inside the volume. */
MUST_USE enum lx_err device_read(struct lld *l, uint64_t at, uint32_t len_bytes, void *out);
/** The same; the cache is kept right. */
MUST_USE enum lx_err device_write(struct lld *l, uint64_t at, uint32_t len_bytes, const void *bytes);
MUST_USE enum lx_err device_flush(struct lld *l);
MUST_USE enum lx_err cache_load(struct lld *l, uint64_t block, uint32_t frame);

/** The frame in which a block may be. Neighbours get frames far apart: what is of one kind lies together. */
static inline uint32_t block_frame(const struct lld *l, uint64_t block)
{
    return (uint32_t)(block * 0x9e3779b97f4a7c15ull >> (64 - l->cache_bits));
}

/** The frame with the block that holds byte `at`. */
static inline MUST_USE enum lx_err cache_frame(struct lld *l, uint64_t at, uint32_t *frame)
{
    uint64_t block = at >> l->block_shift;
    *frame = block_frame(l, block);
    return l->tags[*frame] == block + 1 ? LX_OK : cache_load(l, block, *frame);
}

/** Bytes, which must be inside the volume: in the cache if they lie in one block, else copied to `scratch`. */
MUST_USE enum lx_err cache_bytes(struct lld *l, uint64_t at, uint32_t len_bytes, uint8_t *scratch, const uint8_t **out);
MUST_USE enum lx_err cache_copy(struct lld *l, uint64_t at, uint32_t len_bytes, void *out);
void cache_forget(struct lld *l, uint64_t at, uint32_t len_bytes);

/* ---- record --------------------------------------------------------------------------------------------------------- */

static inline uint32_t record_bytes(uint32_t key_bytes, uint32_t value_bytes)
{
    return (RECORD_HEAD_BYTES + key_bytes + value_bytes + UNIT_BYTES - 1) / UNIT_BYTES * UNIT_BYTES;
}

/** Reads and checks the head and key of the record at `at`. LX_EBADMSG when there is none. */
MUST_USE enum lx_err record_read(struct lld *l, uint64_t at, struct record *out);
/** The same of bytes in memory that would lie at `at`; `left_bytes` is what there is from the record on. */
MUST_USE bool record_parse(const struct lld *l, const uint8_t *bytes, uint64_t left_bytes, uint64_t at, struct record *out);
void record_write(uint8_t *out, const struct record *r);
void record_seal(const struct lld *l, uint8_t *bytes, uint64_t at);
/** Reads and checks the value behind the head. */
MUST_USE enum lx_err record_value(struct lld *l, const struct record *r, void *out);
MUST_USE bool record_is_of(const struct record *r, struct lld_key key);
MUST_USE bool batch_parse(const struct lld *l, const uint8_t *head, uint64_t at, struct batch *out);
/** Completes the head and every checksum of the batch in `bytes`, which goes to `at`. */
void batch_seal(const struct lld *l, uint8_t *bytes, uint64_t at, const struct batch *b);
MUST_USE uint32_t batch_payload_crc(const struct lld *l, uint64_t seq, const uint8_t *payload, uint32_t len_bytes);

static inline uint64_t segment_at(const struct lld *l, uint32_t segment)
{
    return l->log_at + (uint64_t)segment * l->geometry.segment_bytes;
}

/* ---- delta ---------------------------------------------------------------------------------------------------------- */

static inline uint64_t word_place(uint64_t word)
{
    return word & PLACE_MASK;
}

static inline uint32_t word_bytes(uint64_t word)
{
    return ((uint32_t)(word >> WORD_SIZE_SHIFT) & WORD_SIZE_MASK) * UNIT_BYTES;
}

static inline uint64_t word_of(uint64_t at, uint32_t size_bytes, bool is_erased)
{
    return at / UNIT_BYTES | (uint64_t)(size_bytes / UNIT_BYTES) << WORD_SIZE_SHIFT | (is_erased ? WORD_ERASED : 0);
}

/** More records than this are never in a half of the delta. */
static inline uint32_t delta_limit(const struct lld *l)
{
    return (1u << l->geometry.delta_bits) / 2;
}

/** Records of one batch, and how many make a checkpoint due. */
static inline uint32_t batch_records_max(const struct lld *l)
{
    return (1u << l->geometry.delta_bits) / 4;
}

static inline uint32_t delta_home(const struct delta *d, uint64_t hash)
{
    return (uint32_t)(hash >> (64 - d->bits));
}

/** LX_OK: `slot` has the key. LX_ENOENT: it has not; `slot` is where it would go. LX_EBADMSG: `slot` has its hash, its record is damaged. */
MUST_USE enum lx_err delta_find(struct lld *l, const struct delta *d, struct lld_key key, uint64_t hash, uint32_t *slot,
                                struct record *out);
/** Sets the key's word, and gives the one before, or 0. The caller knows that there is room. */
MUST_USE enum lx_err delta_put(struct lld *l, struct delta *d, struct lld_key key, uint64_t hash, uint64_t word,
                               uint64_t *before);
void delta_clear(struct delta *d);

/* ---- index ---------------------------------------------------------------------------------------------------------- */

static inline uint32_t hash_group(const struct lld *l, uint64_t hash)
{
    return (uint32_t)(hash >> (64 - l->geometry.group_bits));
}

static inline uint32_t hash_print(const struct lld *l, uint64_t hash)
{
    return (uint32_t)(hash << l->geometry.group_bits >> PLACE_BITS);
}

static inline uint32_t print_bucket(uint32_t print)
{
    return print % GROUP_BUCKETS;
}

static inline uint64_t entry_load(const uint8_t *bucket, uint32_t i)
{
    return le64_load(bucket + BUCKET_HEAD_BYTES + (size_t)i * 8);
}

static inline uint64_t bucket_at(const struct lld *l, uint32_t group, uint32_t bucket)
{
    return l->index_at + (uint64_t)group * GROUP_BYTES + (uint64_t)bucket * BUCKET_BYTES;
}

static inline uint32_t bucket_count(const uint8_t *bucket)
{
    return bucket[4];
}

static inline uint32_t bucket_flags(const uint8_t *bucket)
{
    return bucket[5];
}

MUST_USE bool bucket_is_good(const struct lld *l, const uint8_t *bucket, uint64_t at);
void bucket_seal(const struct lld *l, uint8_t *bucket, uint64_t at);
/** A bucket in the cache, checked; good until the next read. */
MUST_USE enum lx_err bucket_read(struct lld *l, uint64_t at, const uint8_t **out);
MUST_USE enum lx_err index_find(struct lld *l, struct lld_key key, uint64_t hash, struct record *out);
/** Makes `word` the key's place, or removes the key. Changes the group in memory; group_write brings it to the device. */
MUST_USE enum lx_err index_apply(struct lld *l, uint64_t hash, uint64_t word);
MUST_USE enum lx_err group_write(struct lld *l);
/** How many entries a group has. No group may be under change. */
MUST_USE enum lx_err index_count(struct lld *l, uint32_t group, uint32_t *out);

/** So many keys the index takes: beyond, groups may overflow. */
static inline uint64_t index_keys_max(const struct lld_geometry *g)
{
    return ((uint64_t)LLD_GROUP_KEYS << g->group_bits) / 4 * 3;
}

/* ---- log ------------------------------------------------------------------------------------------------------------ */

void live_add(struct lld *l, uint64_t at, uint32_t size_bytes);
void live_sub(struct lld *l, uint64_t at, uint32_t size_bytes);

static inline uint32_t queue_count(const struct lld *l)
{
    return l->queue->end - l->queue->first;
}

static inline void queue_add(struct free_queue *q, uint32_t segment)
{
    q->segments[q->end++ % LLD_SEGMENTS_MAX] = (uint16_t)segment;
}

void staging_clear(struct lld *l);
/** Adds a record with its key to what is staged and gives where its value goes. NULL: it does not fit. */
MUST_USE uint8_t *staging_add(struct lld *l, const struct record *r);
/** Whether what is staged goes into the segment of `head`. */
MUST_USE bool log_fits(const struct lld *l);
/** Writes what is staged as one batch, flushes, and puts it into the delta. Unless LX_EIO, an error means that nothing happened. */
MUST_USE enum lx_err log_append(struct lld *l);
/** Reads the log from `head` on. `seq_acked`: batches before this one were on the device when the checkpoint was written. */
MUST_USE enum lx_err log_replay(struct lld *l, uint64_t seq_acked);

/* ---- apply ---------------------------------------------------------------------------------------------------------- */

/** Brings up to `slot_count` slots of `frozen` into the index and, behind the last, writes the checkpoint. */
MUST_USE enum lx_err apply_step(struct lld *l, uint32_t slot_count);
/** Begins to bring the delta into the index; `frozen` must be empty. */
void apply_freeze(struct lld *l);
/** Brings everything into the index. */
MUST_USE enum lx_err apply_all(struct lld *l);
/** Makes room for so many records in the delta. */
MUST_USE enum lx_err apply_room(struct lld *l, uint32_t record_count);
/** Writes the state at `freeze` into the other slot; the index is on the device. */
MUST_USE enum lx_err checkpoint_write(struct lld *l);
MUST_USE enum lx_err checkpoint_read(struct lld *l, uint64_t *seq_acked);

/* ---- compact -------------------------------------------------------------------------------------------------------- */

/** Whether room is short. */
MUST_USE bool compact_is_wanted(const struct lld *l);
/** Chooses the segment with the least in it, unless one is being emptied, or none has at most `live_bytes_max`. */
MUST_USE bool compact_choose(struct lld *l, uint32_t live_bytes_max);
/** Stages live records of the segment that is being emptied, reading at most about `budget_bytes` of it. */
MUST_USE enum lx_err compact_stage(struct lld *l, uint32_t budget_bytes);
/** To be called when what compact_stage staged is durable (or was nothing), or was dropped. */
void compact_staged(struct lld *l, bool is_durable);
/** A segment is worth emptying up to so many live bytes. */
static inline uint32_t compact_live_max(const struct lld *l)
{
    return l->geometry.segment_bytes / 4 * 3;
}
/** Makes room for a transaction, as far as that goes; LX_EIO is the only error. */
MUST_USE enum lx_err compact_reclaim(struct lld *l);

/** Searches a key as committed (LX_OK, LX_ENOENT, LX_EBADMSG, LX_EIO). */
MUST_USE enum lx_err find_committed(struct lld *l, struct lld_key key, uint64_t hash, struct record *out);

#endif
