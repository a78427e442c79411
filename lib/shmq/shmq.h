/* SPDX-License-Identifier: MIT */
/**
 * Shmq: queues in memory that two components share: one puts records in, the other takes them out.
 *
 * A queue is two lines of 64 bytes and then the records. Every word has one writer:
 *
 *   offset 0    written by the producer    tail: records ever put, and wake_at: "tell me when head passes this"
 *   offset 64   written by the consumer    head: records ever taken, and wake_at: "tell me when tail passes this"
 *   offset 128  record_count records of record_bytes, a power of two of them
 *
 * Indices run freely through 2^32. Each side keeps its own index in private memory and never reads it back. What the other
 * side wrote is loaded once and checked; an index that cannot be makes the queue broken, and a broken queue stays so: it
 * moves nothing and says so. So a hostile peer can lose or invent records, which it may do anyhow, and nothing else.
 *
 * Signals: after putting or taking, a side asks `shmq_should_notify`, which is true when the other one went to sleep on the
 * index that was just passed. Before sleeping, a side calls shmq_sleep, which announces that and looks again; only when it
 * says true may the caller wait for a signal. tests/model/shmq.pml is this protocol for Spin.
 *
 * Owns:   nothing; struct shmq is the caller's, private to one side.    Uses: base.
 * Limits: 2^20 records, records up to 4096 bytes; one producer and one consumer; O(bytes moved).
 */
#ifndef LX_SHMQ_H
#define LX_SHMQ_H

#include "base.h"

enum { SHMQ_HEADER_BYTES = 128, SHMQ_RECORDS_MAX = 1 << 20, SHMQ_RECORD_BYTES_MAX = 4096 };

/** One side's view of a queue. */
struct shmq {
    uint8_t *shared;
    uint32_t record_bytes;
    uint32_t record_count;
    uint32_t mine;      /**< records that this side has put or taken */
    uint32_t published; /**< `mine` when the other side was last told (shmq_should_notify) */
    bool is_producer;
    bool broken; /**< the other side wrote an index that cannot be */
};

/** Bytes of shared memory that a queue needs, a multiple of 64. Both arguments within the limits above. */
static inline uint64_t shmq_bytes(uint32_t record_bytes, uint32_t record_count)
{
    return SHMQ_HEADER_BYTES + align_up((uint64_t)record_bytes * record_count, 64);
}

/**
 * Prepares one side of a queue in `shared`, shmq_bytes() of zeroed memory, aligned to 64. A side that starts again goes on
 * where its index in shared memory stands; a value there that cannot be makes the queue broken. Its first shmq_should_notify is true also
 * for what was moved before, as nobody knows whether that was told.
 */
void shmq_open(struct shmq *q, void *shared, uint32_t record_bytes, uint32_t record_count, bool is_producer);

/** Empties the queue from the consumer's side: everything put so far is dropped. */
void shmq_drain(struct shmq *q);

/** Records that can be put (producer) or taken (consumer) now; 0 when broken. */
uint32_t shmq_ready(struct shmq *q);

/** Puts up to `count` records, or takes them into `out`. @return how many; fewer when the queue is full or empty. */
uint32_t shmq_put(struct shmq *q, const void *records, uint32_t count);
uint32_t shmq_get(struct shmq *q, void *out, uint32_t count);

/** The same as shmq_get, for what must not stay: the records are overwritten with zeros before their room is given back. */
uint32_t shmq_get_secret(struct shmq *q, void *out, uint32_t count);

/** After putting or taking: must the other side be signalled? Call it once for any number of moves. */
MUST_USE bool shmq_should_notify(struct shmq *q);

/**
 * Before waiting for a signal: asks to be signalled at the next record or space.
 * @return true: wait; false: there is work already, look again first.
 */
MUST_USE bool shmq_sleep(struct shmq *q);

#endif
