/* SPDX-License-Identifier: MIT */
/** Delta: the hash table of records that the index does not know yet; see struct delta. */
#include "private.h"

static enum lx_err slot_record(struct lld *l, const struct delta *d, uint64_t word, struct record *out)
{
    uint64_t at = word_place(word) * UNIT_BYTES;
    if (!d->is_staged) {
        return record_read(l, at, out);
    }
    const uint8_t *bytes = l->staging + at; /* ours, and not sealed yet */
    *out = (struct record){.at = at,
                           .value_crc = le32_load(bytes + 4),
                           .value_bytes = le32_load(bytes + 8),
                           .key_bytes = bytes[12],
                           .store = bytes[13],
                           .kind = bytes[14],
                           .key = bytes + RECORD_HEAD_BYTES};
    return LX_OK;
}

enum lx_err delta_find(struct lld *l, const struct delta *d, struct lld_key key, uint64_t hash, uint32_t *slot,
                       struct record *out)
{
    uint32_t mask = (1u << d->bits) - 1;
    uint32_t i = delta_home(d, hash);
    for (uint32_t step = 0; step <= mask && d->slots[i].word != 0; step++, i = (i + 1) & mask) {
        if (d->slots[i].hash != hash) {
            continue;
        }
        struct record r;
        enum lx_err err = slot_record(l, d, d->slots[i].word, &r);
        if (err != LX_OK) {
            *slot = i;
            return err;
        }
        if (record_is_of(&r, key)) {
            *slot = i;
            *out = r;
            return LX_OK;
        }
    }
    *slot = i;
    return LX_ENOENT;
}

/* A record that cannot be read any more, with all 64 bits of the hash the same, is taken for the key's own: so a new value heals it. */
enum lx_err delta_put(struct lld *l, struct delta *d, struct lld_key key, uint64_t hash, uint64_t word, uint64_t *before)
{
    uint32_t slot = 0;
    struct record r;
    enum lx_err err = delta_find(l, d, key, hash, &slot, &r);
    if (err == LX_EIO) {
        return err;
    }
    *before = err == LX_ENOENT ? 0 : d->slots[slot].word;
    d->count++;
    assert(d->count < 1u << d->bits);
    d->slots[slot] = (struct delta_slot){hash, word};
    return LX_OK;
}

void delta_clear(struct delta *d)
{
    if (d->count != 0) {
        memset(d->slots, 0, sizeof *d->slots << d->bits);
        d->count = 0;
    }
}
