/* SPDX-License-Identifier: MIT */
/**
 * Disk: a block device in memory for tests of what stores things.
 *
 * It keeps what was flushed (`durable`) apart from what was written since (`pending`, sector by sector), so that a test can ask at
 * any moment for an image as a power cut would leave it: any of the pending sectors there, the others not. It fails on request.
 * Owns:   what disk_make allocates, until disk_free.    Uses: base.h of the library under test. Header only, for tests and fuzzers.
 * Limits: PENDING_MAX sectors between two flushes.
 */
#ifndef LX_FAKE_DISK_H
#define LX_FAKE_DISK_H

#include <stdio.h>
#include <stdlib.h>

#include "base.h"

enum { SECTOR = 512, PENDING_MAX = 32768 };

struct disk {
    uint32_t block_bytes;
    uint64_t bytes;
    uint8_t *now;     /* what a read gives */
    uint8_t *durable;
    uint32_t pending_count;
    uint32_t pending[PENDING_MAX]; /* sectors, in the order of writing; a later one of the same sector is newer */
    uint8_t (*pending_bytes)[SECTOR];
    uint64_t op_count;
    uint64_t fail_at; /* the operation with this number fails, and those after it; 0: none */
    uint64_t fail_reads; /* only reads fail: whether */
    void (*at_op)(void *context); /* before each write and each flush; NULL: nothing */
    void *at_op_context;
};

static inline bool disk_op(struct disk *d, bool is_read)
{
    if (is_read && d->fail_reads == 0) {
        return true;
    }
    if (!is_read && d->at_op != NULL) {
        d->at_op(d->at_op_context);
    }
    if (!is_read && d->fail_reads != 0) {
        return true;
    }
    d->op_count++;
    return d->fail_at == 0 || d->op_count < d->fail_at;
}

static inline bool disk_read(void *context, uint64_t first, uint32_t count, void *out)
{
    struct disk *d = (struct disk *)context;
    assert(first * d->block_bytes + (uint64_t)count * d->block_bytes <= d->bytes && count != 0);
    if (!disk_op(d, true)) {
        return false;
    }
    memcpy(out, d->now + first * d->block_bytes, (size_t)count * d->block_bytes);
    return true;
}

static inline bool disk_flush(void *context)
{
    struct disk *d = (struct disk *)context;
    if (!disk_op(d, false)) {
        return false;
    }
    for (uint32_t i = 0; i < d->pending_count; i++) {
        memcpy(d->durable + (size_t)d->pending[i] * SECTOR, d->pending_bytes[i], SECTOR);
    }
    d->pending_count = 0;
    return true;
}

static inline bool disk_write(void *context, uint64_t first, uint32_t count, const void *bytes)
{
    struct disk *d = (struct disk *)context;
    uint64_t at = first * d->block_bytes;
    size_t len = (size_t)count * d->block_bytes;
    assert(at + len <= d->bytes && count != 0);
    if (!disk_op(d, false)) {
        return false;
    }
    for (size_t done = 0; done < len && d->pending_bytes != NULL; done += SECTOR) {
        assert(d->pending_count < PENDING_MAX);
        d->pending[d->pending_count] = (uint32_t)((at + done) / SECTOR);
        memcpy(d->pending_bytes[d->pending_count++], (const uint8_t *)bytes + done, SECTOR);
    }
    memcpy(d->now + at, bytes, len);
    return true;
}

static inline uint64_t disk_size(void *context)
{
    const struct disk *d = (const struct disk *)context;
    return d->bytes / d->block_bytes;
}

/** With `can_crash` it remembers what is not flushed. Nobody frees: tests are short. */
static inline void disk_make(struct disk *d, uint32_t block_bytes, uint64_t bytes, bool can_crash)
{
    *d = (struct disk){.block_bytes = block_bytes, .bytes = bytes};
    d->now = (uint8_t *)calloc(1, bytes);
    d->durable = (uint8_t *)calloc(1, bytes);
    d->pending_bytes = can_crash ? (uint8_t(*)[SECTOR])malloc((size_t)PENDING_MAX * SECTOR) : NULL;
    assert(d->now != NULL && d->durable != NULL);
}

static inline void disk_free(struct disk *d)
{
    free(d->now);
    free(d->durable);
    free(d->pending_bytes);
}

/* ---- random numbers: splitmix64, printed seeds ------------------------------------------------------------------------ */

static inline uint64_t random_next(uint64_t *state)
{
    uint64_t x = *state += 0x9e3779b97f4a7c15ull;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ull;
    x = (x ^ x >> 27) * 0x94d049bb133111ebull;
    return x ^ x >> 31;
}

static inline uint32_t random_below(uint64_t *state, uint32_t end)
{
    return (uint32_t)(random_next(state) % end);
}

/** What a power cut leaves: each pending sector is there with probability `in_256` / 256, older ones of a sector before newer ones. */
static inline void disk_cut(const struct disk *d, uint8_t *image, uint32_t in_256, uint64_t *random)
{
    memcpy(image, d->durable, d->bytes);
    for (uint32_t i = 0; i < d->pending_count; i++) {
        if (in_256 >= 256 || random_below(random, 256) < in_256) {
            memcpy(image + (size_t)d->pending[i] * SECTOR, d->pending_bytes[i], SECTOR);
        }
    }
}

#endif
