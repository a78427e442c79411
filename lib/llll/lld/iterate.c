/* SPDX-License-Identifier: MIT */
/**
 * Iterate: all keys in the order of (hash, store, key), group by group. The order does not depend on where a key lies at the moment, index
 * or delta, so keys that move between two calls are neither missed nor seen twice.
 */
#include "private.h"

/** The smallest key of a group behind the cursor, as far as it is known. */
struct search {
    const struct lld_cursor *behind;
    bool has_best;
    bool is_damaged; /* something behind the cursor could not be read */
    struct lld_cursor best;
};

static int compare(const struct lld_cursor *a, uint64_t hash, const struct record *r)
{
    if (a->hash != hash) {
        return a->hash < hash ? -1 : 1;
    }
    if (a->store != r->store) {
        return a->store < r->store ? -1 : 1;
    }
    if (a->key_bytes != r->key_bytes) {
        return a->key_bytes < r->key_bytes ? -1 : 1;
    }
    return memcmp(a->key, r->key, a->key_bytes);
}

static enum lx_err consider(struct lld *l, struct search *s, uint64_t at)
{
    struct record r;
    enum lx_err err = record_read(l, at, &r);
    if (err != LX_OK) {
        s->is_damaged = s->is_damaged || err == LX_EBADMSG;
        return err == LX_EBADMSG ? LX_OK : err;
    }
    uint64_t hash = key_hash(l, (struct lld_key){r.store, r.key_bytes, r.key});
    if (hash_group(l, hash) != s->behind->group || (s->behind->is_inside && compare(s->behind, hash, &r) >= 0) ||
        (s->has_best && compare(&s->best, hash, &r) <= 0)) {
        return LX_OK;
    }
    s->has_best = true;
    s->best = *s->behind;
    s->best.is_inside = true;
    s->best.hash = hash;
    s->best.store = r.store;
    s->best.key_bytes = r.key_bytes;
    memcpy(s->best.key, r.key, r.key_bytes);
    return LX_OK;
}

/* Whether a hash that begins so (group and print) can lie between the cursor and the best: most entries need not be read for that. */
static bool is_between(const struct lld *l, const struct search *s, uint32_t print)
{
    return !(s->behind->is_inside && print < hash_print(l, s->behind->hash)) &&
           !(s->has_best && print > hash_print(l, s->best.hash));
}

static enum lx_err search_bucket(struct lld *l, struct search *s, uint64_t at)
{
    for (uint32_t i = 0; i < BUCKET_ENTRIES; i++) {
        const uint8_t *bytes = NULL;
        enum lx_err err = bucket_read(l, at, &bytes); /* again each time: reading a record may push it out of the cache */
        if (err != LX_OK) {
            s->is_damaged = s->is_damaged || err == LX_EBADMSG;
            return err == LX_EBADMSG ? LX_OK : err;
        }
        s->is_damaged = s->is_damaged || (bucket_flags(bytes) & BUCKET_LOST) != 0;
        while (i < bucket_count(bytes) && !is_between(l, s, (uint32_t)(entry_load(bytes, i) >> PLACE_BITS))) {
            i++;
        }
        if (i >= bucket_count(bytes)) {
            break;
        }
        uint64_t place = entry_load(bytes, i) & PLACE_MASK;
        if (place == PLACE_LOST) {
            s->is_damaged = true;
            continue;
        }
        err = consider(l, s, place * UNIT_BYTES);
        if (err != LX_OK) {
            return err;
        }
    }
    return LX_OK;
}

/* The slots of a group lie together: from the home of its smallest hash to the first empty one behind the home of its largest. */
static enum lx_err search_delta(struct lld *l, struct search *s, const struct delta *d)
{
    uint32_t mask = (1u << d->bits) - 1;
    uint64_t low = (uint64_t)s->behind->group << (64 - l->geometry.group_bits);
    uint64_t high = low | UINT64_MAX >> l->geometry.group_bits;
    uint32_t sure = delta_home(d, high) - delta_home(d, low);
    uint32_t i = delta_home(d, low);
    for (uint32_t step = 0; step <= mask && d->count != 0; step++, i = (i + 1) & mask) {
        const struct delta_slot *slot = &d->slots[i];
        if (slot->word == 0) {
            if (step >= sure) {
                break;
            }
            continue;
        }
        if (hash_group(l, slot->hash) == s->behind->group && is_between(l, s, hash_print(l, slot->hash))) {
            enum lx_err err = consider(l, s, word_place(slot->word) * UNIT_BYTES);
            if (err != LX_OK) {
                return err;
            }
        }
    }
    return LX_OK;
}

static enum lx_err search_group(struct lld *l, struct search *s)
{
    enum lx_err err = search_delta(l, s, &l->active);
    if (err == LX_OK) {
        err = search_delta(l, s, &l->frozen);
    }
    for (uint32_t i = 0; i < GROUP_BUCKETS && err == LX_OK; i++) {
        err = search_bucket(l, s, bucket_at(l, s->behind->group, i));
    }
    return err;
}

enum lx_err lld_next(struct lld *l, struct lld_cursor *cursor)
{
    if (cursor->group >> l->geometry.group_bits != 0) {
        return LX_ENOENT;
    }
    struct search s = {.behind = cursor};
    enum lx_err err = search_group(l, &s);
    if (err != LX_OK) {
        return err;
    }
    if (s.is_damaged && !cursor->is_told) {
        cursor->is_told = true;
        return LX_EBADMSG;
    }
    if (!s.has_best) {
        cursor->group++;
        cursor->is_inside = false;
        cursor->is_told = false;
        return LX_EAGAIN;
    }
    *cursor = s.best;
    struct record r;
    err = find_committed(l, (struct lld_key){cursor->store, cursor->key_bytes, cursor->key}, cursor->hash, &r);
    return err == LX_ENOENT ? LX_EAGAIN : err; /* erased: it is only the delta that knows, or the index that does not know yet */
}
