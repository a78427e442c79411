/* SPDX-License-Identifier: MIT */
/**
 * Disk: a client of proto/blk.h that does one thing at a time and waits for it; and the same as a device for LLD.
 *
 * Bytes are copied to and from the data memory of the channel, so that whoever is on the other side never sees or changes the caller's.
 * What it answers is checked; it can lie about the disk's bytes, as a disk can.
 *
 * Owns:   the client's side of one channel.    Uses: shmq, lld (the interface alone), proto/blk.h. Waiting is the caller's.
 * Limits: one thread; a request that the driver loses is sent again at most DISK_TRIES_MAX times, then the disk counts as gone.
 */
#ifndef LX_DISK_H
#define LX_DISK_H

#include "lld.h"
#include "proto/blk.h"
#include "shmq.h"

enum {
    DISK_TRIES_MAX = 8,
    DISK_STRAYS_MAX = 1 << 12,           /**< answers to nobody that one wait passes over */
    DISK_SECTORS_MAX = 1 << 13,          /**< of one request: 4 MiB */
};

/** The channel, and how to wait. Copied by disk_open. */
struct disk_setup {
    void *send;    /**< the queue for requests; both as in struct lx_channel */
    void *receive;
    uint32_t record_bytes;
    uint32_t record_count;
    uint8_t *data; /**< memory that both sides see */
    uint64_t data_bytes;
    uint32_t first_tag; /**< differs from start to start of this client, by 2^16 at least */
    void *context;      /**< handed to both calls */
    void (*notify)(void *context);
    bool (*wait)(void *context); /**< until the driver signals; false: give up, the disk is gone */
};

struct disk {
    struct disk_setup setup;
    struct shmq out;
    struct shmq in;
    uint32_t next_tag;
    bool is_gone;          /**< nothing is asked any more */
    enum blk_status last;  /**< of the last request */
    uint64_t sector_count; /**< as the driver says */
    uint32_t request_sectors; /**< the most of one request */
    uint32_t flags;        /**< enum blk_info_flags */
    uint32_t block_sectors; /**< of disk_device */
};

/**
 * Opens a channel: waits until nothing of an earlier start is under way, and asks what the disk is.
 * @return BLK_OK; BLK_NO_DISK when there is none, nobody answers, or what is answered makes no sense; else what was answered.
 */
MUST_USE enum blk_status disk_open(struct disk *d, const struct disk_setup *setup);

/**
 * Reads or writes `sector_count` sectors, in as many requests as it takes.
 * @return BLK_OK, or what the first request that failed was answered; `out`, or the disk, may be partly written then. Sectors outside of the
 *         disk: BLK_OUT_OF_RANGE, and nothing happens.
 */
MUST_USE enum blk_status disk_read(struct disk *d, uint64_t sector, uint64_t sector_count, void *out);
MUST_USE enum blk_status disk_write(struct disk *d, uint64_t sector, uint64_t sector_count, const void *bytes);

/** All that was written before is on the disk when this returns BLK_OK. A disk that knows no flush has it there already. */
MUST_USE enum blk_status disk_flush(struct disk *d);

/** An answer in words, as the end of a sentence; never NULL. */
const char *disk_status_words(enum blk_status status);

/** The disk as a device for LLD with blocks of `block_bytes`, 512 or 4096. It borrows `d`; one at a time. */
struct lld_device disk_device(struct disk *d, uint32_t block_bytes);

#endif
