/* SPDX-License-Identifier: MIT */
/** Store: the calls on keys, and the order in which a commit does things. */
#include "private.h"

enum {
    APPLY_SLOTS_PER_RECORD = 4, /* so the frozen half is done when the active one has as many records: 2^bits slots, 2^bits / 4 records */
    COMPACT_BYTES_PER_BYTE = 8, /* a segment three quarters live gives a quarter: twice what is written becomes free */
};

enum lx_err find_committed(struct lld *l, struct lld_key key, uint64_t hash, struct record *out)
{
    const struct delta *newest_first[2] = {&l->active, &l->frozen};
    for (unsigned i = 0; i < ARRAY_LEN(newest_first); i++) {
        uint32_t slot = 0;
        enum lx_err err =
            newest_first[i]->count == 0 ? LX_ENOENT : delta_find(l, newest_first[i], key, hash, &slot, out);
        if (err != LX_ENOENT) {
            return err == LX_OK && out->kind == RECORD_ERASE ? LX_ENOENT : err;
        }
    }
    return index_find(l, key, hash, out);
}

static MUST_USE bool value_fits(const struct record *r, size_t cap_bytes, size_t *value_bytes)
{
    *value_bytes = r->value_bytes;
    return r->value_bytes <= cap_bytes;
}

enum lx_err lld_get(struct lld *l, struct lld_key key, void *out, size_t cap_bytes, size_t *value_bytes)
{
    if (key.len_bytes == 0) {
        return LX_EINVAL;
    }
    uint64_t hash = key_hash(l, key);
    uint32_t slot = 0;
    struct record r;
    if (l->is_open && delta_find(l, &l->staged, key, hash, &slot, &r) == LX_OK) {
        if (r.kind == RECORD_ERASE) {
            return LX_ENOENT;
        }
        if (!value_fits(&r, cap_bytes, value_bytes)) {
            return LX_ERANGE;
        }
        memcpy(out, r.key + r.key_bytes, r.value_bytes);
        return LX_OK;
    }
    enum lx_err err = find_committed(l, key, hash, &r);
    if (err != LX_OK) {
        return err;
    }
    return value_fits(&r, cap_bytes, value_bytes) ? record_value(l, &r, out) : LX_ERANGE;
}

enum lx_err lld_begin(struct lld *l)
{
    assert(!l->is_open);
    enum lx_err err = l->is_failed ? LX_EIO : compact_reclaim(l);
    if (err == LX_OK) {
        staging_clear(l);
        l->is_open = true;
    }
    return err;
}

/* Whether the index has room for one key more. What is in the delta may be new keys, so it counts as such, but a key that is there may
 * always be written. */
static enum lx_err index_room(struct lld *l, struct lld_key key, uint64_t hash)
{
    struct record r;
    uint64_t pending = (uint64_t)l->active.count + l->frozen.count + l->staged.count;
    if (l->key_count + pending < index_keys_max(&l->geometry)) {
        return LX_OK;
    }
    enum lx_err err = find_committed(l, key, hash, &r);
    return err == LX_ENOENT ? LX_ENOSPC : LX_OK;
}

static enum lx_err stage(struct lld *l, struct record *r, const void *value)
{
    struct lld_key key = {r->store, r->key_bytes, r->key};
    uint64_t hash = key_hash(l, key);
    enum lx_err err = r->kind == RECORD_PUT ? index_room(l, key, hash) : LX_OK;
    if (err != LX_OK) {
        return err;
    }
    uint64_t at = l->staged_bytes;
    uint8_t *to = staging_add(l, r);
    if (to == NULL) {
        return LX_ENOSPC;
    }
    if (r->value_bytes != 0) {
        memcpy(to, value, r->value_bytes);
    }
    uint64_t before = 0;
    return delta_put(l, &l->staged, key, hash, word_of(at, 0, false), &before);
}

enum lx_err lld_put(struct lld *l, struct lld_key key, const void *value, size_t value_bytes)
{
    assert(l->is_open);
    if (key.len_bytes == 0) {
        return LX_EINVAL;
    }
    if (value_bytes > LLD_VALUE_BYTES_MAX ||
        record_bytes(key.len_bytes, (uint32_t)value_bytes) > l->geometry.batch_bytes - BATCH_HEAD_BYTES) {
        return LX_ERANGE;
    }
    struct record r = {.kind = RECORD_PUT,
                       .store = key.store,
                       .key_bytes = key.len_bytes,
                       .key = key.bytes,
                       .value_bytes = (uint32_t)value_bytes,
                       .value_crc = crc32c(CRC_START, value, value_bytes)};
    enum lx_err err = stage(l, &r, value);
    l->has_puts = l->has_puts || err == LX_OK;
    return err;
}

enum lx_err lld_erase(struct lld *l, struct lld_key key)
{
    assert(l->is_open);
    if (key.len_bytes == 0) {
        return LX_EINVAL;
    }
    struct record r = {.kind = RECORD_ERASE,
                       .store = key.store,
                       .key_bytes = key.len_bytes,
                       .key = key.bytes,
                       .value_crc = CRC_START};
    return stage(l, &r, NULL);
}

/* What a commit does besides, in measure: a part of the frozen half of the delta; and a checkpoint is begun when one is due, or when
 * emptied segments wait for one. It is durable by now, so errors are kept for lld_stats and for the next commit that finds no room. */
static void housekeep(struct lld *l, uint32_t record_count, bool has_emptied)
{
    enum lx_err err = apply_step(l, record_count * APPLY_SLOTS_PER_RECORD);
    l->stats.housekeeping = err;
    if (err == LX_OK && !l->is_freezing &&
        (l->active.count >= batch_records_max(l) || (has_emptied && compact_is_wanted(l)))) {
        apply_freeze(l);
    }
}

enum lx_err lld_commit(struct lld *l)
{
    assert(l->is_open);
    enum { FREE_FOR_PUTS = 3, FREE_FOR_ERASES = 2 };
    uint32_t queued = queue_count(l);
    enum lx_err err = LX_OK;
    l->is_open = false;
    if (l->staged_records != 0) {
        if (!log_fits(l) && queued < (l->has_puts ? FREE_FOR_PUTS : FREE_FOR_ERASES)) {
            err = LX_ENOSPC;
        }
        if (err == LX_OK && queued >= FREE_FOR_PUTS && compact_is_wanted(l) && compact_choose(l, compact_live_max(l))) {
            l->stats.housekeeping = compact_stage(l, l->staged_bytes * COMPACT_BYTES_PER_BYTE);
        }
        uint32_t record_count = l->staged_records;
        bool was_active = l->scan.is_active;
        err = err == LX_OK ? log_append(l) : err;
        compact_staged(l, err == LX_OK);
        if (err == LX_OK) {
            housekeep(l, record_count, was_active && !l->scan.is_active);
        }
    }
    staging_clear(l);
    return err;
}

void lld_abort(struct lld *l)
{
    assert(l->is_open);
    l->is_open = false;
    staging_clear(l);
}

enum lx_err lld_checkpoint(struct lld *l)
{
    assert(!l->is_open);
    return l->is_failed ? LX_EIO : apply_all(l);
}

void lld_stats(const struct lld *l, struct lld_stats *out)
{
    *out = l->stats;
    out->free_segments = queue_count(l);
    out->delta_records = l->active.count + l->frozen.count;
    out->live_bytes = 0;
    for (uint32_t i = 0; i < l->geometry.segment_count; i++) {
        out->live_bytes += l->segments[i].live_bytes;
    }
}
