/* SPDX-License-Identifier: MIT */
/**
 * Fake_driver: the other side of proto/blk.h over a disk in memory, for tests. It answers in random order, can be killed and started again
 * at any moment, and can be told to misbehave.
 * Owns:   struct fake_driver.    Uses: shmq, proto/blk.h. Header only, for tests.
 */
#ifndef LX_FAKE_DRIVER_H
#define LX_FAKE_DRIVER_H

#include "proto/blk.h"
#include "shmq.h"

enum { FAKE_RECORDS = 64, FAKE_SECTORS = 32 * 2048, FAKE_QUEUE_BYTES = SHMQ_HEADER_BYTES + FAKE_RECORDS * 24 };

struct fake_queue {
    uint8_t bytes[FAKE_QUEUE_BYTES] __attribute__((aligned(64)));
};

struct fake_driver {
    struct fake_queue *requests;
    struct fake_queue *answers;
    uint8_t *data;
    uint64_t data_bytes;
    uint64_t sectors;
    uint32_t request_sectors;
    uint32_t flags;
    uint64_t random;
    /* misbehaviour: */
    bool is_silent;    /* takes nothing */
    bool fails;        /* every read, write and flush ends with BLK_IO_ERROR */
    bool fails_writes; /* every write and flush */
    bool has_no_disk;
    uint32_t kill_in_256; /* chance of dying and starting again at each step */
    uint32_t cut_after;   /* from this write on nothing reaches the disk, as after a power cut; 0: never */
    /* its state: */
    struct shmq in;
    struct shmq out;
    uint32_t pending_count;
    struct blk_record pending[FAKE_RECORDS];
    uint32_t starts;
    uint32_t writes;
    uint32_t done; /* requests that touched disk or data memory */
    uint8_t disk[(size_t)FAKE_SECTORS * BLK_SECTOR_BYTES];
};

static inline uint32_t fake_random(struct fake_driver *f)
{
    f->random = f->random * 6364136223846793005ull + 1442695040888963407ull;
    return (uint32_t)(f->random >> 33);
}

static inline void fake_start(struct fake_driver *f)
{
    shmq_open(&f->in, f->requests, sizeof(struct blk_record), FAKE_RECORDS, false);
    shmq_open(&f->out, f->answers, sizeof(struct blk_record), FAKE_RECORDS, true);
    shmq_drain(&f->in);
    f->pending_count = 0;
    f->starts++;
    struct blk_record hello = {.op = BLK_STARTED, .sector = f->in.mine};
    (void)shmq_put(&f->out, &hello, 1);
}

static inline void fake_init(struct fake_driver *f, struct fake_queue queues[2], uint8_t *data, uint64_t data_bytes)
{
    memset(f, 0, sizeof *f);
    memset(queues, 0, 2 * sizeof *queues);
    f->requests = &queues[0];
    f->answers = &queues[1];
    f->data = data;
    f->data_bytes = data_bytes;
    f->sectors = FAKE_SECTORS;
    f->request_sectors = 1 << 16;
    f->flags = BLK_HAS_FLUSH | BLK_HAS_WRITE_ZEROES;
    f->random = 1;
    fake_start(f);
}

static inline enum blk_status fake_do(struct fake_driver *f, struct blk_record *r)
{
    bool has_data = r->op == BLK_READ || r->op == BLK_WRITE;
    bool writes = r->op == BLK_WRITE || r->op == BLK_WRITE_ZEROES;
    uint64_t len = (uint64_t)r->sector_count * BLK_SECTOR_BYTES;
    uint8_t *at = f->disk + r->sector * BLK_SECTOR_BYTES;
    if (f->has_no_disk) {
        return BLK_NO_DISK;
    }
    if (r->op == BLK_INFO) {
        r->sector = f->sectors;
        r->sector_count = f->request_sectors;
        r->data_offset = f->flags;
        return BLK_OK;
    }
    if (r->op == BLK_FLUSH || r->op == BLK_DISCARD) {
        return f->fails || f->fails_writes ? BLK_IO_ERROR : BLK_OK;
    }
    /* Whoever asks has checked all this: */
    assert(r->op == BLK_READ || writes);
    assert(r->sector_count > 0 && r->sector_count <= f->sectors && r->sector <= f->sectors - r->sector_count);
    assert(!has_data || (r->data_offset % BLK_SECTOR_BYTES == 0 && len <= f->data_bytes && r->data_offset <= f->data_bytes - len));
    assert(!writes || (f->flags & BLK_READ_ONLY) == 0);
    if (f->fails || (writes && f->fails_writes)) {
        return BLK_IO_ERROR;
    }
    f->done++;
    f->writes += writes;
    if (writes && f->cut_after != 0 && f->writes > f->cut_after) {
        return BLK_OK;
    }
    if (r->op == BLK_READ) {
        memcpy(f->data + r->data_offset, at, len);
    } else if (r->op == BLK_WRITE) {
        memcpy(at, f->data + r->data_offset, len);
    } else {
        memset(at, 0, len);
    }
    return BLK_OK;
}

/** Takes all requests, and ends one of those under way, or dies and starts again. @return whether something happened. */
static inline bool fake_step(struct fake_driver *f)
{
    struct blk_record r;
    if (f->is_silent) {
        return false;
    }
    if (fake_random(f) % 256 < f->kill_in_256) {
        if (f->pending_count > 0 && fake_random(f) % 2 == 0) {
            (void)fake_do(f, &f->pending[0]); /* done, and nobody hears of it */
        }
        fake_start(f);
        return true;
    }
    while (f->pending_count < FAKE_RECORDS / 2 && shmq_get(&f->in, &r, 1) == 1) {
        f->pending[f->pending_count++] = r;
    }
    if (f->pending_count == 0 || shmq_ready(&f->out) == 0) {
        return false;
    }
    uint32_t i = fake_random(f) % f->pending_count;
    r = f->pending[i];
    if (r.op == BLK_SETTLE) {
        if (i != 0 || f->pending_count > 1) { /* when all before it are done; those behind it wait for their turn */
            uint32_t first = f->pending[0].op == BLK_SETTLE ? 1 : 0;
            i = first < f->pending_count && first < i ? first : 0;
            r = f->pending[i];
        }
    }
    for (uint32_t j = i + 1; j < f->pending_count; j++) {
        f->pending[j - 1] = f->pending[j];
    }
    f->pending_count--;
    r.status = (uint8_t)(r.op == BLK_SETTLE ? BLK_OK : fake_do(f, &r));
    (void)shmq_put(&f->out, &r, 1);
    return true;
}

#endif
