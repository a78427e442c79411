/* SPDX-License-Identifier: MIT */
/** Fake: the disk of the tests as LLD's device, and a model of what should be on it. Header only, for tests and fuzzers. */
#ifndef LX_LLD_FAKE_H
#define LX_LLD_FAKE_H

#include "fake_disk.h"
#include "lld.h"

static const uint8_t fake_secret[LLD_SECRET_BYTES] = "sixteen bytes ok";

static inline struct lld_device disk_device(struct disk *d)
{
    return (struct lld_device){d, d->block_bytes, disk_read, disk_write, disk_flush, disk_size};
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
