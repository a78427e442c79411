/* SPDX-License-Identifier: MIT */
/**
 * Index: groups of 8 buckets of 63 entries (docs/spec/lld.md, section 4). A key belongs to one bucket of its group; when that is full, to
 * the next of the group, and so on; a flag says so. An entry is 24 bits of the hash (its print) and
 * the place of the record, which has the key. Entries of a bucket are in the order of their prints.
 *
 * A bucket is 512 bytes, which the device writes wholly or not at all. Which buckets of a change arrive before a crash does not
 * matter: every key whose entry was being changed is in the delta again after it, and comes here once more.
 */
#include "private.h"

static uint32_t bucket_crc(const struct lld *l, const uint8_t *bucket, uint64_t at)
{
    return crc32c(crc_at(l, at), bucket + 4, BUCKET_BYTES - 4);
}

bool bucket_is_good(const struct lld *l, const uint8_t *bucket, uint64_t at)
{
    return le32_load(bucket) == bucket_crc(l, bucket, at) && bucket_count(bucket) <= BUCKET_ENTRIES &&
           bucket_flags(bucket) <= (BUCKET_SPILLED | BUCKET_LOST) && le16_load(bucket + 6) == 0;
}

void bucket_seal(const struct lld *l, uint8_t *bucket, uint64_t at)
{
    le32_store(bucket, bucket_crc(l, bucket, at));
}

enum lx_err bucket_read(struct lld *l, uint64_t at, const uint8_t **out)
{
    uint32_t frame = 0;
    enum lx_err err = cache_frame(l, at, &frame);
    if (err != LX_OK) {
        return err;
    }
    uint32_t inside = (uint32_t)at & ((1u << l->block_shift) - 1);
    const uint8_t *bucket = l->frames + ((size_t)frame << l->block_shift) + inside;
    uint8_t bit = (uint8_t)(1u << inside / BUCKET_BYTES);
    if ((l->checked[frame] & bit) == 0) {
        if (!bucket_is_good(l, bucket, at)) {
            cache_forget(l, at - inside, 1u << l->block_shift); /* the device may give better bytes next time */
            return LX_EBADMSG;
        }
        l->checked[frame] |= bit;
    }
    *out = bucket;
    return LX_OK;
}

/* ---- searching ------------------------------------------------------------------------------------------------------ */

/* Reads a record, a second time past the cache if it looks damaged. */
static enum lx_err record_read_again(struct lld *l, uint64_t at, struct record *out)
{
    enum lx_err err = record_read(l, at, out);
    if (err == LX_EBADMSG && at >= l->log_at && at < l->end_at) {
        uint64_t first = align_down(at, 1u << l->block_shift);
        uint64_t end = align_up(at + RECORD_HEAD_BYTES + LLD_KEY_BYTES_MAX, 1u << l->block_shift);
        cache_forget(l, first, (uint32_t)(end - first));
        err = record_read(l, at, out);
    }
    return err;
}

static uint32_t entry_print(const uint8_t *bucket, uint32_t i)
{
    return (uint32_t)(entry_load(bucket, i) >> PLACE_BITS);
}

/* The first entry whose print is not less. Prints are random, so it is near where it would be if they were even: within the same or the
 * next line of the CPU's cache, mostly. */
static uint32_t entry_find(const uint8_t *bucket, uint32_t print)
{
    uint32_t count = bucket_count(bucket);
    uint32_t i = (uint32_t)((uint64_t)print * count >> PRINT_BITS);
    while (i > 0 && entry_print(bucket, i - 1) >= print) {
        i--;
    }
    while (i < count && entry_print(bucket, i) < print) {
        i++;
    }
    return i;
}

/* Searches one bucket. Reading a record may push the bucket out of the cache, so it is asked for again behind each: there is hardly ever
 * more than one. */
static enum lx_err bucket_find(struct lld *l, uint64_t at, uint32_t print, struct lld_key key, struct record *out,
                               uint32_t *flags)
{
    enum lx_err worst = LX_ENOENT;
    for (uint32_t n = 0; n < BUCKET_ENTRIES; n++) {
        const uint8_t *bytes = NULL;
        enum lx_err err = bucket_read(l, at, &bytes);
        if (err != LX_OK) {
            return err;
        }
        uint32_t i = entry_find(bytes, print) + n;
        *flags = bucket_flags(bytes);
        if (i >= bucket_count(bytes) || entry_print(bytes, i) != print) {
            break;
        }
        uint64_t place = entry_load(bytes, i) & PLACE_MASK;
        struct record r;
        err = place == PLACE_LOST ? LX_EBADMSG : record_read(l, place * UNIT_BYTES, &r);
        if (err == LX_EIO) {
            return err;
        }
        if (err == LX_OK && record_is_of(&r, key) && r.kind == RECORD_PUT) {
            *out = r;
            return LX_OK;
        }
        worst = err == LX_OK ? worst : err;
    }
    return worst;
}

enum lx_err index_find(struct lld *l, struct lld_key key, uint64_t hash, struct record *out)
{
    uint32_t print = hash_print(l, hash);
    uint32_t bucket = print_bucket(print);
    enum lx_err worst = LX_ENOENT;
    for (uint32_t step = 0; step < GROUP_BUCKETS; step++, bucket = (bucket + 1) % GROUP_BUCKETS) {
        uint32_t flags = 0;
        enum lx_err err = bucket_find(l, bucket_at(l, hash_group(l, hash), bucket), print, key, out, &flags);
        if (err == LX_OK || err == LX_EIO) {
            return err;
        }
        if (err == LX_EBADMSG || (flags & BUCKET_LOST) != 0) {
            worst = LX_EBADMSG;
        }
        if ((flags & BUCKET_SPILLED) == 0) {
            break;
        }
    }
    return worst;
}

/* ---- changing ------------------------------------------------------------------------------------------------------- */

static uint8_t *group_bucket(struct lld *l, uint32_t bucket)
{
    return l->group + (size_t)bucket * BUCKET_BYTES;
}

enum lx_err group_write(struct lld *l)
{
    if (!l->has_group || l->group_dirty == 0) {
        return LX_OK;
    }
    uint32_t step = 1u << l->block_shift;
    uint32_t buckets = step / BUCKET_BYTES;
    for (uint32_t i = 0; i < GROUP_BUCKETS; i++) {
        if (((uint32_t)l->group_dirty >> i & 1) != 0) {
            bucket_seal(l, group_bucket(l, i), bucket_at(l, l->group_number, i));
        }
    }
    for (uint32_t i = 0; i < GROUP_BUCKETS; i += buckets) {
        uint32_t mask = (1u << buckets) - 1;
        if (((uint32_t)l->group_dirty >> i & mask) == 0) {
            continue;
        }
        enum lx_err err = device_write(l, bucket_at(l, l->group_number, i), step, group_bucket(l, i));
        if (err != LX_OK) {
            return err;
        }
    }
    l->group_dirty = 0;
    return LX_OK;
}

/* A damaged bucket becomes an empty one that remembers the loss: its keys give an error, until they are written anew. A second look
 * past every cache comes first. */
static enum lx_err group_read(struct lld *l, uint32_t number)
{
    bool is_good = false;
    l->has_group = false;
    for (uint32_t attempt = 0; attempt < 2 && !is_good; attempt++) {
        enum lx_err err = device_read(l, bucket_at(l, number, 0), GROUP_BYTES, l->group);
        if (err != LX_OK) {
            return err;
        }
        is_good = true;
        for (uint32_t i = 0; i < GROUP_BUCKETS; i++) {
            is_good = is_good && bucket_is_good(l, group_bucket(l, i), bucket_at(l, number, i));
        }
    }
    l->group_dirty = 0;
    for (uint32_t i = 0; i < GROUP_BUCKETS && !is_good; i++) {
        uint8_t *bucket = group_bucket(l, i);
        if (!bucket_is_good(l, bucket, bucket_at(l, number, i))) {
            memset(bucket, 0, BUCKET_BYTES);
            bucket[5] = BUCKET_SPILLED | BUCKET_LOST; /* where its keys went on to is lost as well */
            l->group_dirty |= (uint8_t)(1u << i);
        }
    }
    l->group_number = number;
    l->has_group = true;
    return LX_OK;
}

static void entry_store(struct lld *l, uint32_t bucket, uint32_t i, uint64_t entry)
{
    le64_store(group_bucket(l, bucket) + BUCKET_HEAD_BYTES + (size_t)i * 8, entry);
    l->group_dirty |= (uint8_t)(1u << bucket);
}

static void entry_remove(struct lld *l, uint32_t bucket, uint32_t i)
{
    uint8_t *bytes = group_bucket(l, bucket);
    uint32_t last = bucket_count(bytes) - 1;
    uint8_t *gap = bytes + BUCKET_HEAD_BYTES + (size_t)i * 8;
    memmove(gap, gap + 8, (size_t)(last - i) * 8);
    entry_store(l, bucket, last, 0);
    bytes[4] = (uint8_t)last;
}

static void entry_insert(struct lld *l, uint32_t bucket, uint64_t entry)
{
    uint8_t *bytes = group_bucket(l, bucket);
    uint32_t count = bucket_count(bytes);
    uint32_t i = entry_find(bytes, (uint32_t)(entry >> PLACE_BITS));
    uint8_t *gap = bytes + BUCKET_HEAD_BYTES + (size_t)i * 8;
    memmove(gap + 8, gap, (size_t)(count - i) * 8);
    entry_store(l, bucket, i, entry);
    bytes[4] = (uint8_t)(count + 1);
}

/** What index_apply brings: a key by its hash and, unless its own record is damaged, by itself. */
struct change {
    uint64_t hash;
    uint64_t at; /* of the newest record */
    bool has_key;
    struct lld_key key;
};

static bool is_changed(const struct lld *l, const struct change *c, const struct record *r)
{
    struct lld_key key = {r->store, r->key_bytes, r->key};
    return c->has_key ? record_is_of(r, c->key) : key_hash(l, key) == c->hash;
}

/* Removes the key from one bucket. An entry whose record is damaged stays and loses the record: if that came back, it must not be found
 * beside the new one. */
static enum lx_err bucket_remove(struct lld *l, uint32_t bucket, const struct change *c)
{
    const uint8_t *bytes = group_bucket(l, bucket);
    uint32_t print = hash_print(l, c->hash);
    for (uint32_t i = bucket_count(bytes); i-- > 0;) {
        uint64_t entry = entry_load(bytes, i);
        uint64_t at = (entry & PLACE_MASK) * UNIT_BYTES;
        if (entry >> PLACE_BITS != print || (entry & PLACE_MASK) == PLACE_LOST) {
            continue;
        }
        struct record r;
        enum lx_err err = record_read_again(l, at, &r);
        if (err == LX_EIO) {
            return err;
        }
        if (err != LX_OK) {
            entry_store(l, bucket, i, (uint64_t)print << PLACE_BITS | PLACE_LOST);
        } else if (is_changed(l, c, &r)) {
            if (at != c->at) { /* an application that a crash undid in part has taken nothing away from the new record */
                live_sub(l, at, record_bytes(r.key_bytes, r.value_bytes));
            }
            entry_remove(l, bucket, i);
            l->key_count -= l->key_count > 0;
        }
    }
    return LX_OK;
}

static enum lx_err group_insert(struct lld *l, uint64_t hash, uint64_t place)
{
    uint32_t print = hash_print(l, hash);
    uint32_t bucket = print_bucket(print);
    for (uint32_t step = 0; step < GROUP_BUCKETS; step++, bucket = (bucket + 1) % GROUP_BUCKETS) {
        uint8_t *bytes = group_bucket(l, bucket);
        if (bucket_count(bytes) < BUCKET_ENTRIES) {
            entry_insert(l, bucket, (uint64_t)print << PLACE_BITS | place);
            l->key_count++;
            return LX_OK;
        }
        if ((bucket_flags(bytes) & BUCKET_SPILLED) == 0) {
            bytes[5] |= BUCKET_SPILLED;
            l->group_dirty |= (uint8_t)(1u << bucket);
        }
    }
    return LX_ENOSPC;
}

/* Sets the flags anew from where the entries are, so that a bucket that was full once does not make searches longer for ever. */
static void group_flags(struct lld *l)
{
    uint32_t passed = 0;
    bool is_lost = false;
    for (uint32_t bucket = 0; bucket < GROUP_BUCKETS; bucket++) {
        const uint8_t *bytes = group_bucket(l, bucket);
        is_lost = is_lost || (bucket_flags(bytes) & BUCKET_LOST) != 0;
        for (uint32_t i = 0; i < bucket_count(bytes); i++) {
            uint32_t home = print_bucket(entry_print(bytes, i));
            for (uint32_t b = home; b != bucket; b = (b + 1) % GROUP_BUCKETS) {
                passed |= 1u << b;
            }
        }
    }
    for (uint32_t bucket = 0; bucket < GROUP_BUCKETS && !is_lost; bucket++) {
        uint8_t *bytes = group_bucket(l, bucket);
        uint8_t flags = (uint8_t)((passed >> bucket & 1) != 0 ? BUCKET_SPILLED : 0);
        if (bytes[5] != flags) {
            bytes[5] = flags;
            l->group_dirty |= (uint8_t)(1u << bucket);
        }
    }
}

static enum lx_err group_change(struct lld *l, uint32_t number)
{
    if (l->has_group && l->group_number == number) {
        return LX_OK;
    }
    enum lx_err err = group_write(l);
    return err == LX_OK ? group_read(l, number) : err;
}

enum lx_err index_apply(struct lld *l, uint64_t hash, uint64_t word)
{
    uint8_t key_bytes[LLD_KEY_BYTES_MAX];
    struct change c = {.hash = hash, .at = word_place(word) * UNIT_BYTES};
    bool is_spilled = false;
    struct record r;
    enum lx_err err = group_change(l, hash_group(l, hash));
    if (err != LX_OK) {
        return err;
    }
    err = record_read_again(l, c.at, &r);
    if (err == LX_OK) {
        memcpy(key_bytes, r.key, r.key_bytes);
        c.has_key = true;
        c.key = (struct lld_key){r.store, r.key_bytes, key_bytes};
    } else if (err == LX_EIO) {
        return err;
    }
    uint64_t place = c.has_key ? word_place(word) : PLACE_LOST;
    err = LX_OK;
    for (uint32_t bucket = 0; bucket < GROUP_BUCKETS && err == LX_OK; bucket++) {
        is_spilled = is_spilled || bucket_flags(group_bucket(l, bucket)) != 0;
        err = bucket_remove(l, bucket, &c);
    }
    if (err == LX_OK && (word & WORD_ERASED) == 0) {
        err = group_insert(l, hash, place);
    }
    if (err == LX_OK && is_spilled) {
        group_flags(l);
    }
    return err;
}

enum lx_err index_count(struct lld *l, uint32_t group, uint32_t *out)
{
    enum lx_err err = group_read(l, group);
    *out = 0;
    for (uint32_t i = 0; i < GROUP_BUCKETS && err == LX_OK; i++) {
        *out += bucket_count(group_bucket(l, i));
    }
    l->has_group = false;
    return err;
}
