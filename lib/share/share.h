/* SPDX-License-Identifier: MIT */
/**
 * Share: one disk for several clients, each with a partition of its own (lib/gpt), by proto/blk.h on both sides.
 *
 *   client 0 - requests -> [check, copy] - requests -> driver        Data go through chunks of the memory that is shared with the driver,
 *   client 1 <- answers -- [check, copy] <- answers --               four a client: no client's memory is ever touched by a device.
 *
 * What each is held to:
 *   a client   reaches the sectors of its partition and its own data memory; has SHARE_DEPTH requests under way at most, of
 *              SHARE_CHUNK_SECTORS at most; is served in turn with the others; waits alone when it does not take its answers.
 *   the driver is believed what it says of the disk's bytes and size; answers to nobody are counted and dropped. One that answers
 *              nothing for the time that the caller allows is given up, with the disk.
 *
 * Owns:   the chunks, and all that is under way.    Uses: shmq, disk, gpt, proto/blk.h. Waiting, signals and time are the caller's.
 * Limits: SHARE_CLIENTS_MAX clients; partitions are found once, at the start; a disk that was given up stays so until the next start.
 */
#ifndef LX_SHARE_H
#define LX_SHARE_H

#include "disk.h"
#include "gpt.h"

enum {
    SHARE_CLIENTS_MAX = 4,
    SHARE_DEPTH = 4, /**< requests of one client that are under way at once */
    SHARE_PLACES = SHARE_CLIENTS_MAX * SHARE_DEPTH,
    SHARE_CHUNK_BYTES = 32 * 1024,
    SHARE_CHUNK_SECTORS = SHARE_CHUNK_BYTES / BLK_SECTOR_BYTES,
    SHARE_DATA_BYTES = SHARE_PLACES * SHARE_CHUNK_BYTES, /**< memory shared with the driver */
    SHARE_SENTENCE_BYTES = 200,
    SHARE_LEDGER_SECTORS = 16 * 2048,                     /**< of the ledger's partition on a disk that is prepared: 16 MiB */
};

/** A client's channel, in the words of struct lx_channel. */
struct share_channel {
    void *requests; /**< queue from the client */
    void *answers;  /**< queue to the client */
    uint32_t record_count;
    uint8_t *data;
    uint64_t data_bytes;
};

struct share_client {
    bool is_present;
    struct shmq requests;
    struct shmq answers;
    uint8_t *data;
    uint64_t data_bytes;
    bool has_partition;
    uint64_t first_sector;
    uint64_t sector_count;
    uint32_t under_way;
    bool has_greeted;  /* BLK_STARTED was put */
    bool has_settle;   /* `settle` waits for all others; no request is taken meanwhile */
    struct blk_record settle;
};

/** One request on its way to the driver, with a chunk of its own. */
struct share_place {
    bool is_used;
    uint32_t tag;
    uint32_t position; /* in the queue to the driver, as BLK_STARTED counts */
    uint64_t sent_at;
    struct blk_record sent;   /* as the driver has it */
    struct blk_record client; /* as the client sent it */
};

struct share {
    bool has_disk;
    struct shmq out; /* to the driver */
    struct shmq in;  /* from it */
    uint8_t *chunks;
    uint32_t next_tag;
    uint32_t request_sectors;
    uint32_t flags;
    uint64_t strays; /**< answers of the driver to nobody */
    uint32_t turn;   /* who is served first next time */
    struct share_client clients[SHARE_CLIENTS_MAX];
    struct share_place places[SHARE_PLACES]; /* SHARE_DEPTH each, in the order of the clients */
};

/** Whom to signal after share_work. */
struct share_signals {
    bool driver;
    bool clients[SHARE_CLIENTS_MAX];
};

/**
 * Finds the partitions of a disk; prepares a disk that is empty: writes a table with the partitions of struct gpt, the tail first, then
 * the head. Mends a copy of the table that is broken. Anything else on a disk is left as it is.
 * @param disk     opened. Its data memory is used.    @param random  fresh random bytes.
 * @param work     GPT_HEAD_BYTES + GPT_TAIL_BYTES, borrowed.
 * @param sentence SHARE_SENTENCE_BYTES, one sentence about what was found or done, for the log.
 * @return whether there is a table now.
 */
MUST_USE bool share_prepare(struct disk *disk, const uint8_t random[GPT_RANDOM_BYTES], uint8_t *work, struct gpt *table,
                            char *sentence);

/** Begins without a disk and without clients: whoever is attached is told that there is none. */
void share_init(struct share *s);

/** Goes on with a disk that was opened, after share_prepare; takes its queues and its data memory, SHARE_DATA_BYTES, over. */
void share_disk(struct share *s, const struct disk *disk);

/** Adds client `index` < SHARE_CLIENTS_MAX with its partition, or NULL: then it is told that there is no disk. Requests not taken are dropped. */
void share_attach(struct share *s, uint32_t index, const struct share_channel *channel, const struct gpt_partition *partition);

/** Moves requests and answers as far as they go. `now` is any clock that share_oldest is compared with. */
void share_work(struct share *s, uint64_t now, struct share_signals *signals);

/** Before waiting for a signal: asks to be signalled. @return true: wait; false: there is work. */
MUST_USE bool share_sleep(struct share *s);

/** The time at which the request that waits longest was sent. @return false when none is under way. */
MUST_USE bool share_oldest(const struct share *s, uint64_t *sent_at);

/** Gives the disk up: whatever is under way, and all that comes, is answered BLK_NO_DISK. Call share_work then. */
void share_give_up(struct share *s);

#endif
