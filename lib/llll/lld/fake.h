/* SPDX-License-Identifier: MIT */
/**
 * Fake: a disk in memory for the tests of LLD, and a model of what should be on it.
 *
 * The disk keeps what was flushed (`durable`) apart from what was written since (`pending`, sector by sector), so that a test can ask at
 * any moment for an image as a power cut would leave it: any of the pending sectors there, the others not. It fails on request.
 * Header only, for tests and fuzzers.
 */
#ifndef LX_LLD_FAKE_H
#define LX_LLD_FAKE_H

#include <stdio.h>
#include <stdlib.h>

#include "lld.h"

enum { SECTOR = 512, PENDING_MAX = 8192 };

static const uint8_t fake_secret[LLD_SECRET_BYTES] = "sixteen bytes ok";

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

static inline struct lld_device disk_device(struct disk *d)
{
    return (struct lld_device){d, d->block_bytes, disk_read, disk_write, disk_flush, disk_size};
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

/* ---- the model: for each of MODEL_KEYS keys the version of its value; 0: none ------------------------------------------ */

enum { MODEL_KEYS = 160, MODEL_VALUE_MAX = 3000 };

struct model {
    uint32_t versions[MODEL_KEYS];
};

static inline struct lld_key model_key(uint32_t i, uint8_t bytes[LLD_KEY_BYTES_MAX])
{
    uint64_t state = i / 3 + 1; /* three stores have the same keys */
    uint32_t len = i % 10 == 9 ? LLD_KEY_BYTES_MAX - i / 10 : 2 + i / 3 % 40;
    len = i < 3 ? 1 : len;
    for (uint32_t n = 0; n < len; n++) {
        bytes[n] = (uint8_t)random_next(&state);
    }
    if (len > 1) {
        le16_store(bytes, (uint16_t)(i / 3));
    }
    return (struct lld_key){(uint8_t)(i % 3), (uint8_t)len, bytes};
}

static inline size_t model_value(uint32_t i, uint32_t version, uint8_t out[MODEL_VALUE_MAX])
{
    uint64_t state = (uint64_t)i << 32 | version;
    uint32_t kind = random_below(&state, 20);
    size_t len = kind == 0 ? 0 : random_below(&state, kind < 18 ? 150 : MODEL_VALUE_MAX);
    for (size_t n = 0; n < len; n += 8) {
        uint64_t word = random_next(&state);
        memcpy(out + n, &word, len - n < 8 ? len - n : 8);
    }
    return len;
}

/** What lld_get says about key `i`: LX_OK or LX_ENOENT as `version` has it; an error of LLD; LX_EINVAL for a wrong answer. */
static inline enum lx_err model_compare(struct lld *l, uint32_t i, uint32_t version)
{
    uint8_t key_bytes[LLD_KEY_BYTES_MAX];
    static uint8_t want[MODEL_VALUE_MAX];
    static uint8_t got[MODEL_VALUE_MAX];
    size_t got_bytes = 0;
    enum lx_err err = lld_get(l, model_key(i, key_bytes), got, sizeof got, &got_bytes);
    if (err == LX_ENOENT) {
        return version == 0 ? LX_ENOENT : LX_EINVAL;
    }
    if (err != LX_OK) {
        return err == LX_ERANGE ? LX_EINVAL : err;
    }
    size_t want_bytes = model_value(i, version, want);
    return version != 0 && got_bytes == want_bytes && memcmp(got, want, want_bytes) == 0 ? LX_OK : LX_EINVAL;
}

/** Whether the volume has exactly what the model has. */
static inline bool model_holds(struct lld *l, const struct model *m)
{
    for (uint32_t i = 0; i < MODEL_KEYS; i++) {
        if (model_compare(l, i, m->versions[i]) != (m->versions[i] == 0 ? LX_ENOENT : LX_OK)) {
            return false;
        }
    }
    return true;
}

static inline uint32_t model_count(const struct model *m)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < MODEL_KEYS; i++) {
        count += m->versions[i] != 0;
    }
    return count;
}

/** Puts the version, or erases at 0, in the open transaction. */
static inline enum lx_err model_stage(struct lld *l, uint32_t i, uint32_t version)
{
    uint8_t key_bytes[LLD_KEY_BYTES_MAX];
    static uint8_t value[MODEL_VALUE_MAX];
    struct lld_key key = model_key(i, key_bytes);
    return version == 0 ? lld_erase(l, key) : lld_put(l, key, value, model_value(i, version, value));
}

#endif
