/* SPDX-License-Identifier: MIT */
/** Disk: one request at a time. See disk.h. */
#include "disk.h"

/* Puts the request, when the queue has room. Its number goes to `position`, as BLK_STARTED counts them. */
static bool put(struct disk *d, const struct blk_record *r, uint32_t *position)
{
    while (!d->out.broken) {
        *position = d->out.mine;
        if (shmq_put(&d->out, r, 1) == 1) {
            if (shmq_should_notify(&d->out)) {
                d->setup.notify(d->setup.context);
            }
            return true;
        }
        if (shmq_sleep(&d->out) && !d->setup.wait(d->setup.context)) {
            return false;
        }
    }
    return false;
}

/* The next record from the other side. */
static bool get(struct disk *d, struct blk_record *r)
{
    while (!d->in.broken) {
        if (shmq_get(&d->in, r, 1) == 1) {
            if (shmq_should_notify(&d->in)) {
                d->setup.notify(d->setup.context);
            }
            return true;
        }
        if (shmq_sleep(&d->in) && !d->in.broken && !d->setup.wait(d->setup.context)) {
            return false;
        }
    }
    return false;
}

/* Was the request with number `position` put before number `end`? Both run through 2^32. */
static bool is_before(uint32_t position, uint32_t end)
{
    return (int32_t)(position - end) < 0;
}

/* Asks and waits. @return false when nobody answers any more. */
static bool ask(struct disk *d, struct blk_record *r)
{
    struct blk_record got;
    uint32_t position;
    r->tag = d->next_tag++;
    if (!put(d, r, &position)) {
        return false;
    }
    for (uint32_t tries = 1, strays = 0; tries < DISK_TRIES_MAX && strays < DISK_STRAYS_MAX;) {
        if (!get(d, &got)) {
            return false;
        }
        if (got.op == BLK_STARTED && is_before(position, (uint32_t)got.sector)) {
            tries++;
            if (!put(d, r, &position)) {
                return false;
            }
        } else if (got.tag == r->tag && got.op == r->op) {
            *r = got;
            return true;
        } else {
            strays++;
        }
    }
    return false;
}

static enum blk_status request(struct disk *d, struct blk_record *r)
{
    d->last = BLK_NO_DISK;
    if (d->is_gone) {
        return BLK_NO_DISK;
    }
    if (!ask(d, r)) {
        d->is_gone = true;
        return BLK_NO_DISK;
    }
    d->last = r->status <= BLK_NO_DISK ? (enum blk_status)r->status : BLK_IO_ERROR;
    return d->last;
}

enum blk_status disk_open(struct disk *d, const struct disk_setup *setup)
{
    *d = (struct disk){.setup = *setup, .next_tag = setup->first_tag};
    shmq_open(&d->out, setup->send, setup->record_bytes, setup->record_count, true);
    shmq_open(&d->in, setup->receive, setup->record_bytes, setup->record_count, false);
    struct blk_record settle = {.op = BLK_SETTLE};
    enum blk_status status = request(d, &settle);
    if (status != BLK_OK) {
        return status;
    }
    struct blk_record info = {.op = BLK_INFO};
    status = request(d, &info);
    if (status != BLK_OK) {
        return status;
    }
    uint64_t most = setup->data_bytes / BLK_SECTOR_BYTES;
    most = most < info.sector_count ? most : info.sector_count;
    d->request_sectors = most < DISK_SECTORS_MAX ? (uint32_t)most : DISK_SECTORS_MAX;
    d->sector_count = info.sector;
    d->flags = info.data_offset;
    if (d->sector_count > UINT64_MAX / BLK_SECTOR_BYTES || d->request_sectors == 0) {
        d->is_gone = true;
        return BLK_NO_DISK;
    }
    return BLK_OK;
}

static bool is_inside(const struct disk *d, uint64_t sector, uint64_t sector_count)
{
    return sector_count <= d->sector_count && sector <= d->sector_count - sector_count;
}

enum blk_status disk_read(struct disk *d, uint64_t sector, uint64_t sector_count, void *out)
{
    uint8_t *to = (uint8_t *)out;
    if (!d->is_gone && !is_inside(d, sector, sector_count)) {
        return BLK_OUT_OF_RANGE;
    }
    while (sector_count > 0) {
        uint32_t n = sector_count < d->request_sectors ? (uint32_t)sector_count : d->request_sectors;
        struct blk_record r = {.op = BLK_READ, .sector = sector, .sector_count = n};
        enum blk_status status = request(d, &r);
        if (status != BLK_OK) {
            return status;
        }
        memcpy(to, d->setup.data, (size_t)n * BLK_SECTOR_BYTES);
        to += (size_t)n * BLK_SECTOR_BYTES;
        sector += n;
        sector_count -= n;
    }
    return BLK_OK;
}

enum blk_status disk_write(struct disk *d, uint64_t sector, uint64_t sector_count, const void *bytes)
{
    const uint8_t *from = (const uint8_t *)bytes;
    if (!d->is_gone && !is_inside(d, sector, sector_count)) {
        return BLK_OUT_OF_RANGE;
    }
    while (sector_count > 0) {
        uint32_t n = sector_count < d->request_sectors ? (uint32_t)sector_count : d->request_sectors;
        struct blk_record r = {.op = BLK_WRITE, .sector = sector, .sector_count = n};
        if (!d->is_gone) {
            memcpy(d->setup.data, from, (size_t)n * BLK_SECTOR_BYTES);
        }
        enum blk_status status = request(d, &r);
        if (status != BLK_OK) {
            return status;
        }
        from += (size_t)n * BLK_SECTOR_BYTES;
        sector += n;
        sector_count -= n;
    }
    return BLK_OK;
}

enum blk_status disk_flush(struct disk *d)
{
    struct blk_record r = {.op = BLK_FLUSH};
    return !d->is_gone && (d->flags & BLK_HAS_FLUSH) == 0 ? BLK_OK : request(d, &r);
}

const char *disk_status_words(enum blk_status status)
{
    switch (status) {
    case BLK_OK:
        return "all is well";
    case BLK_IO_ERROR:
        return "the disk reports an error";
    case BLK_UNSUPPORTED:
        return "the disk cannot do what is needed";
    case BLK_OUT_OF_RANGE:
        return "the disk is smaller than it was";
    case BLK_IS_READ_ONLY:
        return "the disk is read-only";
    case BLK_NO_DISK:
        return "there is no disk";
    }
    return "the disk does not make sense";
}

/* ---- for LLD ---------------------------------------------------------------------------------------------------------- */

static bool device_read(void *context, uint64_t first, uint32_t count, void *out)
{
    struct disk *d = (struct disk *)context;
    return disk_read(d, first * d->block_sectors, (uint64_t)count * d->block_sectors, out) == BLK_OK;
}

static bool device_write(void *context, uint64_t first, uint32_t count, const void *bytes)
{
    struct disk *d = (struct disk *)context;
    return disk_write(d, first * d->block_sectors, (uint64_t)count * d->block_sectors, bytes) == BLK_OK;
}

static bool device_flush(void *context)
{
    return disk_flush((struct disk *)context) == BLK_OK;
}

static uint64_t device_size(void *context)
{
    const struct disk *d = (const struct disk *)context;
    return d->sector_count / d->block_sectors;
}

struct lld_device disk_device(struct disk *d, uint32_t block_bytes)
{
    assert(block_bytes == BLK_SECTOR_BYTES || block_bytes == 8 * BLK_SECTOR_BYTES);
    d->block_sectors = block_bytes / BLK_SECTOR_BYTES;
    return (struct lld_device){d, block_bytes, device_read, device_write, device_flush, device_size};
}
