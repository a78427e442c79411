/* SPDX-License-Identifier: MIT */
/** LLD: every call and every error that lld.h names, and long random runs against a model, with the volume opened again in between. */
#include "fake.h"
#include "private.h"
#include "unit.h"

static struct lld_geometry small(uint32_t block_bytes)
{
    return (struct lld_geometry){.block_bytes = block_bytes,
                                 .segment_bytes = 32768,
                                 .segment_count = 16,
                                 .batch_bytes = 4096,
                                 .group_bits = 1,
                                 .delta_bits = 6};
}

/** A volume on a disk in memory. */
struct volume {
    struct disk disk;
    struct lld_geometry geometry;
    void *memory;
    size_t memory_bytes;
    struct lld *l;
};

static uint64_t volume_bytes(const struct lld_geometry *g)
{
    return 8192 + 2 * align_up(64 + g->segment_count * 10u, 4096) + (4096ull << g->group_bits) +
           (uint64_t)g->segment_count * g->segment_bytes;
}

static void volume_open(struct volume *v)
{
    struct lld_device device = disk_device(&v->disk);
    CHECK_EQ(lld_open(&device, LLD_CACHE_BLOCKS_MIN, v->memory, v->memory_bytes, &v->l), LX_OK);
}

static void volume_make(struct volume *v, struct lld_geometry g)
{
    disk_make(&v->disk, g.block_bytes, volume_bytes(&g), false);
    v->geometry = g;
    v->memory_bytes = lld_memory_bytes(&g, LLD_CACHE_BLOCKS_MIN);
    v->memory = aligned_alloc(LLD_MEMORY_ALIGNMENT, v->memory_bytes);
    struct lld_device device = disk_device(&v->disk);
    CHECK_EQ(lld_format(&device, &g, fake_secret, v->memory, v->memory_bytes), LX_OK);
    volume_open(v);
}

static void volume_free(struct volume *v)
{
    disk_free(&v->disk);
    free(v->memory);
}

static struct lld_key key_of(const char *text)
{
    return (struct lld_key){0, (uint8_t)strlen(text), (const uint8_t *)text};
}

static enum lx_err put_one(struct lld *l, const char *key, const char *value)
{
    CHECK_EQ(lld_begin(l), LX_OK);
    enum lx_err err = lld_put(l, key_of(key), value, strlen(value));
    if (err != LX_OK) {
        lld_abort(l);
        return err;
    }
    return lld_commit(l);
}

static bool has(struct lld *l, const char *key, const char *value)
{
    char got[64];
    size_t len = 0;
    enum lx_err err = lld_get(l, key_of(key), got, sizeof got, &len);
    return value == NULL ? err == LX_ENOENT : err == LX_OK && len == strlen(value) && memcmp(got, value, len) == 0;
}

/* ---- parts ---------------------------------------------------------------------------------------------------------- */

static void checksum_is_crc32c(void)
{
    uint8_t bytes[300];
    CHECK_EQ(~crc32c(CRC_START, "123456789", 9), 0xe3069283u);
    CHECK_EQ(~crc32c_portable(CRC_START, "123456789", 9), 0xe3069283u);
    for (uint32_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t)(i * 7);
        CHECK_EQ(crc32c(i, bytes, i), crc32c_portable(i, bytes, i));
    }
}

static void hash_is_siphash(void)
{
    uint8_t bytes[16];
    for (uint32_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t)i;
    }
    const uint64_t key[2] = {le64_load(bytes), le64_load(bytes + 8)};
    CHECK_EQ(siphash(key, bytes, 15), 0xa129ca6149be45e5ull);
    struct lld l = {.key = {key[0], key[1]}};
    uint8_t with_store[8 + 11] = {5};
    memcpy(with_store + 8, bytes, 11);
    CHECK_EQ(key_hash(&l, (struct lld_key){5, 11, bytes}), siphash(key, with_store, sizeof with_store));
}

/* ---- calls ---------------------------------------------------------------------------------------------------------- */

static void puts_gets_and_erases(void)
{
    struct volume v;
    volume_make(&v, small(512));
    CHECK(has(v.l, "a", NULL));
    CHECK_EQ(lld_begin(v.l), LX_OK);
    CHECK_EQ(lld_put(v.l, key_of("secret"), memset(v.disk.durable, 0x55, 1000), 1000), LX_OK);
    lld_abort(v.l);
    CHECK_EQ(put_one(v.l, "a", "1"), LX_OK);
    for (uint32_t i = BATCH_HEAD_BYTES + 32; i < 512; i++) { /* nothing of what was forgotten goes to the device */
        CHECK_EQ(v.disk.now[v.l->log_at + i], 0);
    }
    CHECK_EQ(put_one(v.l, "b", ""), LX_OK);
    CHECK(has(v.l, "a", "1") && has(v.l, "b", ""));
    CHECK_EQ(put_one(v.l, "a", "2"), LX_OK);
    volume_open(&v);
    CHECK(has(v.l, "a", "2") && has(v.l, "b", ""));
    CHECK_EQ(lld_begin(v.l), LX_OK);
    CHECK_EQ(lld_erase(v.l, key_of("a")), LX_OK);
    CHECK_EQ(lld_erase(v.l, key_of("never there")), LX_OK);
    CHECK_EQ(lld_commit(v.l), LX_OK);
    CHECK(has(v.l, "a", NULL));
    CHECK_EQ(lld_checkpoint(v.l), LX_OK);
    volume_open(&v);
    CHECK(has(v.l, "a", NULL) && has(v.l, "b", ""));
    struct lld_stats stats;
    lld_stats(v.l, &stats);
    CHECK_EQ(stats.replayed_records, 0);
    volume_free(&v);
}

static void transaction_sees_itself_and_spans_stores(void)
{
    struct volume v;
    uint8_t got[8];
    size_t len = 0;
    volume_make(&v, small(512));
    struct lld_key one = {1, 1, (const uint8_t *)"k"};
    struct lld_key two = {2, 1, (const uint8_t *)"k"};
    CHECK_EQ(lld_begin(v.l), LX_OK);
    CHECK_EQ(lld_put(v.l, one, "one", 3), LX_OK);
    CHECK_EQ(lld_put(v.l, two, "two", 3), LX_OK);
    CHECK_EQ(lld_put(v.l, one, "ONE!", 4), LX_OK);
    CHECK_EQ(lld_get(v.l, one, got, sizeof got, &len), LX_OK);
    CHECK_EQ(len, 4);
    CHECK_EQ(lld_get(v.l, one, got, 3, &len), LX_ERANGE);
    CHECK_EQ(len, 4);
    CHECK_EQ(lld_erase(v.l, two), LX_OK);
    CHECK_EQ(lld_get(v.l, two, got, sizeof got, &len), LX_ENOENT);
    lld_abort(v.l);
    CHECK_EQ(lld_get(v.l, one, got, sizeof got, &len), LX_ENOENT);
    CHECK_EQ(lld_begin(v.l), LX_OK);
    CHECK_EQ(lld_put(v.l, one, "one", 3), LX_OK);
    CHECK_EQ(lld_put(v.l, two, "two", 3), LX_OK);
    CHECK_EQ(lld_commit(v.l), LX_OK);
    CHECK_EQ(lld_get(v.l, two, got, sizeof got, &len), LX_OK);
    CHECK_BYTES(got, "two", 3);
    CHECK_EQ(lld_get(v.l, (struct lld_key){3, 1, (const uint8_t *)"k"}, got, sizeof got, &len), LX_ENOENT);
    CHECK_EQ(lld_begin(v.l), LX_OK);
    CHECK_EQ(lld_commit(v.l), LX_OK); /* nothing in it */
    volume_free(&v);
}

static void calls_refuse_what_they_must(void)
{
    struct volume v;
    static uint8_t big[LLD_VALUE_BYTES_MAX + 1];
    uint8_t got[8];
    size_t len = 0;
    volume_make(&v, small(512));
    struct lld_key empty = {0, 0, (const uint8_t *)""};
    CHECK_EQ(put_one(v.l, "k", "12345678 and more"), LX_OK);
    CHECK_EQ(lld_get(v.l, empty, got, sizeof got, &len), LX_EINVAL);
    CHECK_EQ(lld_get(v.l, key_of("k"), got, sizeof got, &len), LX_ERANGE);
    CHECK_EQ(len, 17);
    CHECK_EQ(lld_begin(v.l), LX_OK);
    CHECK_EQ(lld_put(v.l, empty, "", 0), LX_EINVAL);
    CHECK_EQ(lld_erase(v.l, empty), LX_EINVAL);
    CHECK_EQ(lld_put(v.l, key_of("k"), big, sizeof big), LX_ERANGE);
    CHECK_EQ(lld_put(v.l, key_of("k"), big, 4096 - 48 - 16), LX_ERANGE);
    CHECK_EQ(lld_put(v.l, key_of("k"), big, 4096 - 48 - 17), LX_OK); /* the largest */
    CHECK_EQ(lld_put(v.l, key_of("l"), big, 1), LX_ENOSPC);          /* bytes */
    CHECK_EQ(lld_erase(v.l, key_of("l")), LX_ENOSPC);
    CHECK_EQ(lld_commit(v.l), LX_OK);
    CHECK_EQ(lld_get(v.l, key_of("k"), big, sizeof big, &len), LX_OK);
    CHECK_EQ(len, 4096 - 48 - 17);
    CHECK_EQ(lld_begin(v.l), LX_OK);
    for (unsigned i = 0; i < 16; i++) {
        CHECK_EQ(lld_put(v.l, key_of("k"), "", 0), LX_OK);
    }
    CHECK_EQ(lld_put(v.l, key_of("k"), "", 0), LX_ENOSPC); /* records */
    lld_abort(v.l);
    volume_free(&v);
}

static void plans_fit_their_device(void)
{
    static const uint64_t sizes[] = {1u << 20, 3u << 20, 64u << 20, 1ull << 32, 1ull << 40, 1ull << 50};
    static const uint64_t keys[] = {1, 1000, 100000, 10000000};
    struct disk d = {.block_bytes = 512};
    struct lld_device device = disk_device(&d);
    struct lld_geometry g;
    unsigned planned = 0;
    for (size_t s = 0; s < ARRAY_LEN(sizes); s++) {
        for (size_t k = 0; k < ARRAY_LEN(keys); k++) {
            d.bytes = sizes[s];
            if (lld_plan(&device, keys[k], &g) == LX_OK) {
                planned++;
                CHECK(volume_bytes(&g) <= sizes[s] && lld_memory_bytes(&g, 1024) != 0);
                CHECK(index_keys_max(&g) >= keys[k]);
            } else {
                CHECK(sizes[s] < 64u << 20 || keys[k] == 10000000);
            }
        }
    }
    CHECK(planned >= 18);
    CHECK_EQ(lld_plan(&device, 0, &g), LX_EINVAL);
    CHECK_EQ(lld_plan(&device, UINT64_MAX / 4, &g), LX_ERANGE);
    d.bytes = 20000;
    CHECK_EQ(lld_plan(&device, 1, &g), LX_ERANGE);
    d.bytes = 400000;
    CHECK_EQ(lld_plan(&device, 1, &g), LX_ERANGE);
    device.block_bytes = 1024;
    CHECK_EQ(lld_plan(&device, 1, &g), LX_EINVAL);
}

static void memory_is_for_good_geometries(void)
{
    static const struct {
        size_t offset;
        uint32_t value;
    } bad[] = {{offsetof(struct lld_geometry, block_bytes), 1024},    {offsetof(struct lld_geometry, batch_bytes), 5000},
               {offsetof(struct lld_geometry, batch_bytes), 0},       {offsetof(struct lld_geometry, batch_bytes), 8192},
               {offsetof(struct lld_geometry, batch_bytes), 4u << 20}, {offsetof(struct lld_geometry, segment_bytes), 32769},
               {offsetof(struct lld_geometry, segment_bytes), 1u << 31}, {offsetof(struct lld_geometry, segment_count), 7},
               {offsetof(struct lld_geometry, segment_count), 4097}};
    struct lld_geometry g = small(512);
    CHECK(lld_memory_bytes(&g, 16) != 0);
    CHECK(lld_memory_bytes(&g, 8) == 0 && lld_memory_bytes(&g, 17) == 0);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        g = small(512);
        memcpy((uint8_t *)&g + bad[i].offset, &bad[i].value, 4);
        CHECK(lld_memory_bytes(&g, 16) == 0);
    }
    for (unsigned i = 0; i < 4; i++) {
        g = small(512);
        *(i < 2 ? &g.group_bits : &g.delta_bits) = (uint8_t)(i % 2 == 0 ? 0 : 29);
        CHECK(lld_memory_bytes(&g, 16) == 0);
    }
}

/* Gives the head of a volume the checksum that fits it again. */
static void super_reseal(uint8_t *super)
{
    le32_store(super + 8, crc32c(CRC_START, super + 12, 4096 - 12));
}

static enum lx_err open_err(struct volume *v)
{
    struct lld_device device = disk_device(&v->disk);
    return lld_open(&device, LLD_CACHE_BLOCKS_MIN, v->memory, v->memory_bytes, &v->l);
}

static void heads_are_checked(void)
{
    struct volume v;
    volume_make(&v, small(512));
    struct lld_device device = disk_device(&v.disk);
    uint8_t work[LLD_PROBE_BYTES];
    struct lld_geometry g;
    CHECK_EQ(lld_probe(&device, work, &g), LX_OK);
    CHECK(g.block_bytes == 512 && g.segment_bytes == 32768 && g.segment_count == 16 && g.batch_bytes == 4096);
    CHECK(g.group_bits == 1 && g.delta_bits == 6);
    CHECK_EQ(lld_open(&device, 16, v.memory, v.memory_bytes - 1, &v.l), LX_ENOSPC);
    CHECK_EQ(lld_open(&device, 16, v.memory, 100, &v.l), LX_ENOSPC);
    CHECK_EQ(lld_open(&device, 15, v.memory, v.memory_bytes, &v.l), LX_ENOSPC);
    v.disk.now[100] ^= 1; /* one copy damaged */
    CHECK_EQ(open_err(&v), LX_OK);
    v.disk.now[100] ^= 1;
    v.disk.now[4096 + 100] ^= 1; /* the other */
    CHECK_EQ(open_err(&v), LX_OK);
    super_reseal(v.disk.now + 4096); /* both good, and different */
    CHECK_EQ(open_err(&v), LX_EBADMSG);
    v.disk.now[200] ^= 1;
    v.disk.now[4096 + 200] ^= 1; /* both damaged */
    CHECK_EQ(open_err(&v), LX_EBADMSG);
    v.disk.now[0] ^= 1;
    CHECK_EQ(open_err(&v), LX_EBADMSG);
    v.disk.now[4096] ^= 1; /* nothing that looks like one */
    CHECK_EQ(open_err(&v), LX_ENOENT);
    CHECK_EQ(lld_format(&device, &v.geometry, fake_secret, v.memory, v.memory_bytes), LX_OK);
    for (unsigned field = 12; field <= 33; field += field < 28 ? 4 : field == 28 ? 4 : 1) {
        for (unsigned copy = 0; copy < 2; copy++) {
            v.disk.now[copy * 4096 + field] ^= 0xff;
            super_reseal(v.disk.now + copy * 4096);
        }
        /* more segments than the device has room for; else values that cannot be */
        CHECK_EQ(open_err(&v), field <= 16 ? LX_ENOTSUP : field == 24 ? LX_ERANGE : LX_EBADMSG);
        for (unsigned copy = 0; copy < 2; copy++) {
            v.disk.now[copy * 4096 + field] ^= 0xff;
            super_reseal(v.disk.now + copy * 4096);
        }
    }
    CHECK_EQ(open_err(&v), LX_OK);
    v.disk.bytes -= 4096; /* the device shrank */
    CHECK_EQ(open_err(&v), LX_ERANGE);
    CHECK_EQ(lld_format(&device, &v.geometry, fake_secret, v.memory, v.memory_bytes), LX_ERANGE);
    v.disk.bytes = 4096;
    CHECK_EQ(open_err(&v), LX_ENOENT);
    v.disk.bytes = volume_bytes(&v.geometry);
    CHECK_EQ(lld_format(&device, &v.geometry, fake_secret, v.memory, v.memory_bytes - 1), LX_ENOSPC);
    g = small(4096);
    CHECK_EQ(lld_format(&device, &g, fake_secret, v.memory, v.memory_bytes), LX_EINVAL);
    g = (struct lld_geometry){0};
    CHECK_EQ(lld_format(&device, &g, fake_secret, v.memory, v.memory_bytes), LX_EINVAL);
    device.block_bytes = 1024;
    CHECK_EQ(lld_probe(&device, work, &g), LX_EINVAL);
    volume_free(&v);
}

/* ---- full ----------------------------------------------------------------------------------------------------------- */

static void full_log_refuses_puts_and_erases_still_go(void)
{
    struct volume v;
    static uint8_t value[1000];
    char name[16];
    unsigned count = 0;
    enum lx_err err = LX_OK;
    volume_make(&v, small(512));
    for (; count < 2000 && err == LX_OK; count++) {
        snprintf(name, sizeof name, "key %u", count);
        CHECK_EQ(lld_begin(v.l), LX_OK);
        CHECK_EQ(lld_put(v.l, key_of(name), value, sizeof value), LX_OK);
        err = lld_commit(v.l);
    }
    CHECK_EQ(err, LX_ENOSPC);
    count--;
    printf("# full at %u values of 1000 bytes, %u %% of the log\n", count, count * 100000u / (16 * 32768));
    CHECK(count > 300); /* 16 segments: three kept free, the others at least 7 in 10 full */
    volume_open(&v);
    for (unsigned i = 0; i < count; i++) {
        size_t len = 0;
        snprintf(name, sizeof name, "key %u", i);
        CHECK_EQ(lld_get(v.l, key_of(name), value, sizeof value, &len), LX_OK);
        CHECK_EQ(lld_begin(v.l), LX_OK);
        CHECK_EQ(lld_erase(v.l, key_of(name)), LX_OK);
        CHECK_EQ(lld_commit(v.l), LX_OK);
    }
    for (unsigned i = 0; i < 100; i++) { /* and there is room again */
        snprintf(name, sizeof name, "new %u", i);
        CHECK_EQ(lld_begin(v.l), LX_OK);
        CHECK_EQ(lld_put(v.l, key_of(name), value, sizeof value), LX_OK);
        CHECK_EQ(lld_commit(v.l), LX_OK);
    }
    volume_free(&v);
}

static void full_index_refuses_new_keys_only(void)
{
    struct volume v;
    struct lld_geometry g = small(512);
    uint32_t n = 0;
    enum lx_err err = LX_OK;
    g.segment_count = 64;
    volume_make(&v, g);
    for (; n < 2000 && err == LX_OK; n += err == LX_OK) {
        CHECK_EQ(lld_begin(v.l), LX_OK);
        err = lld_put(v.l, (struct lld_key){0, 4, (const uint8_t *)&n}, &n, 4);
        if (err == LX_OK) {
            CHECK_EQ(lld_commit(v.l), LX_OK);
        } else {
            lld_abort(v.l);
        }
    }
    CHECK_EQ(err, LX_ENOSPC);
    CHECK(n >= index_keys_max(&g) - 64 && n <= index_keys_max(&g)); /* less what is in the delta */
    for (uint32_t i = 0; i < n; i++) {
        uint32_t value = 0;
        size_t len = 0;
        CHECK_EQ(lld_begin(v.l), LX_OK);
        CHECK_EQ(lld_put(v.l, (struct lld_key){0, 4, (const uint8_t *)&i}, &value, 4), LX_OK);
        CHECK_EQ(lld_commit(v.l), LX_OK);
        CHECK_EQ(lld_get(v.l, (struct lld_key){0, 4, (const uint8_t *)&i}, &value, 4, &len), LX_OK);
        CHECK_EQ(value, 0);
    }
    for (; n < 900; n++) { /* more than is wise, so that buckets overflow */
        v.l->key_count = 0;
        CHECK_EQ(lld_begin(v.l), LX_OK);
        CHECK_EQ(lld_put(v.l, (struct lld_key){0, 4, (const uint8_t *)&n}, &n, 4), LX_OK);
        CHECK_EQ(lld_commit(v.l), LX_OK);
    }
    unsigned spilled[2] = {0, 0};
    for (unsigned round = 0; round < 2; round++) { /* flags of full buckets go when the keys go */
        CHECK_EQ(lld_checkpoint(v.l), LX_OK);
        for (uint32_t b = 0; b < 2 * GROUP_BUCKETS; b++) {
            spilled[round] += bucket_flags(v.disk.now + bucket_at(v.l, b / GROUP_BUCKETS, b % GROUP_BUCKETS)) != 0;
        }
        for (uint32_t i = 0; i < n && round == 0; i++) {
            CHECK_EQ(lld_begin(v.l), LX_OK);
            CHECK_EQ(lld_erase(v.l, (struct lld_key){0, 4, (const uint8_t *)&i}), LX_OK);
            CHECK_EQ(lld_commit(v.l), LX_OK);
        }
    }
    CHECK(spilled[0] != 0 && spilled[1] == 0);
    volume_free(&v);
}

/* With a count of keys that is too low, as crashes may leave it, groups do overflow: nothing is lost, and writing ends. */
static void overflowing_group_stops_writing_not_reading(void)
{
    struct volume v;
    struct lld_geometry g = small(512);
    uint32_t n = 0;
    enum lx_err err = LX_OK;
    g.segment_count = 64;
    volume_make(&v, g);
    for (; n < 4000 && err == LX_OK; n += err == LX_OK) {
        v.l->key_count = 0;
        CHECK_EQ(lld_begin(v.l), LX_OK);
        CHECK_EQ(lld_put(v.l, (struct lld_key){0, 4, (const uint8_t *)&n}, &n, 4), LX_OK);
        err = lld_commit(v.l);
    }
    CHECK_EQ(err, LX_ENOSPC);
    CHECK(n > 900 && n < 1200);
    struct lld_stats stats;
    lld_stats(v.l, &stats);
    CHECK_EQ(stats.housekeeping, LX_ENOSPC);
    for (unsigned round = 0; round < 2; round++) {
        for (uint32_t i = 0; i < n; i++) {
            uint32_t value = 0;
            size_t len = 0;
            CHECK_EQ(lld_get(v.l, (struct lld_key){0, 4, (const uint8_t *)&i}, &value, 4, &len), LX_OK);
            CHECK_EQ(value, i);
        }
        volume_open(&v);
    }
    CHECK_EQ(lld_checkpoint(v.l), LX_ENOSPC);
    CHECK_EQ(lld_compact(v.l), LX_ENOSPC);
    volume_free(&v);
}

/* ---- against the model ---------------------------------------------------------------------------------------------- */

static bool iterates_over(struct lld *l, const struct model *m)
{
    struct lld_cursor cursor = {0};
    uint8_t key_bytes[LLD_KEY_BYTES_MAX];
    bool seen[MODEL_KEYS] = {false};
    uint32_t count = 0;
    enum lx_err err = LX_OK;
    while (err != LX_ENOENT) {
        err = lld_next(l, &cursor);
        if (err != LX_OK && err != LX_ENOENT && err != LX_EAGAIN) {
            return false;
        }
        for (uint32_t i = 0; i < MODEL_KEYS && err == LX_OK; i++) {
            struct lld_key key = model_key(i, key_bytes);
            if (key.store == cursor.store && key.len_bytes == cursor.key_bytes &&
                memcmp(key.bytes, cursor.key, key.len_bytes) == 0) {
                if (seen[i] || m->versions[i] == 0) {
                    return false;
                }
                seen[i] = true;
                count++;
            }
        }
    }
    return count == model_count(m);
}

/* No entry of the index on the device leads into a free segment, not even one that the delta hides. */
static bool index_is_sound(struct volume *v)
{
    const struct lld *l = v->l;
    for (uint64_t at = l->index_at; at < l->log_at; at += BUCKET_BYTES) {
        const uint8_t *bucket = v->disk.now + at;
        if (!bucket_is_good(l, bucket, at)) {
            return false;
        }
        for (uint32_t i = 0; i < bucket_count(bucket); i++) {
            uint64_t place = (entry_load(bucket, i) & PLACE_MASK) * UNIT_BYTES;
            bool is_sorted = i == 0 || entry_load(bucket, i - 1) >> PLACE_BITS <= entry_load(bucket, i) >> PLACE_BITS;
            if (!is_sorted || place < l->log_at || place >= l->end_at ||
                l->segments[(place - l->log_at) / l->geometry.segment_bytes].state == SEGMENT_FREE) {
                return false;
            }
        }
    }
    return true;
}

/* One transaction of up to 8 changes, committed or aborted. */
static void random_transaction(struct lld *l, struct model *m, uint64_t *random, uint32_t *version)
{
    struct model after = *m;
    bool is_aborted = random_below(random, 8) == 0;
    CHECK_EQ(lld_begin(l), LX_OK);
    uint32_t changes = random_below(random, 4) == 0 ? 8 : 1;
    for (uint32_t n = 0; n < changes; n++) {
        uint32_t i = random_below(random, MODEL_KEYS);
        uint32_t next = random_below(random, 4) == 0 ? 0 : ++*version;
        enum lx_err err = model_stage(l, i, next);
        if (err == LX_OK) {
            after.versions[i] = next;
        }
        CHECK(err == LX_OK || err == LX_ENOSPC);
        CHECK_EQ(model_compare(l, i, after.versions[i]), after.versions[i] == 0 ? LX_ENOENT : LX_OK);
    }
    if (is_aborted) {
        lld_abort(l);
    } else {
        CHECK_EQ(lld_commit(l), LX_OK);
        *m = after;
    }
}

static void random_run(struct lld_geometry g, uint64_t seed, unsigned transactions)
{
    struct volume v;
    struct model m = {{0}};
    uint32_t version = 0;
    uint64_t random = seed;
    volume_make(&v, g);
    struct lld_stats stats;
    uint64_t moved = 0;
    unsigned long failed_before = unit_failed_checks;
    for (unsigned n = 0; n < transactions; n++) {
        random_transaction(v.l, &m, &random, &version);
        CHECK(n % 4 != 0 || index_is_sound(&v));
        uint32_t what = random_below(&random, 400);
        if (what < 4) {
            lld_stats(v.l, &stats);
            moved += stats.records_moved;
            volume_open(&v);
        } else if (what == 4) {
            enum lx_err err = lld_compact(v.l);
            CHECK(err == LX_OK || err == LX_ENOENT);
        } else if (what == 5) {
            CHECK_EQ(lld_checkpoint(v.l), LX_OK);
        }
        if (what < 6) {
            CHECK(model_holds(v.l, &m));
            CHECK(iterates_over(v.l, &m));
        }
        if (unit_failed_checks != failed_before) {
            printf("# seed %llu, transaction %u\n", (unsigned long long)seed, n);
            break;
        }
    }
    CHECK(model_holds(v.l, &m));
    lld_stats(v.l, &stats);
    CHECK(moved + stats.records_moved > 100); /* it did run round */
    CHECK_EQ(stats.damaged_segments, 0);
    volume_free(&v);
}

static void model_agrees_with_512_byte_blocks(void)
{
    random_run(small(512), 1, 6000);
    random_run(small(512), 2, 6000);
}

static void model_agrees_with_4096_byte_blocks(void)
{
    random_run(small(4096), 3, 4000);
}

static void model_agrees_when_room_is_scarce(void)
{
    struct lld_geometry g = small(512);
    g.segment_count = 8;
    random_run(g, 4, 6000);
    g.delta_bits = 10; /* the log is full long before a checkpoint is due */
    random_run(g, 5, 6000);
}

static void model_agrees_with_a_large_index(void)
{
    struct lld_geometry g = small(512);
    g.group_bits = 9;
    g.delta_bits = 7;
    random_run(g, 6, 4000);
}

static int by_number(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

/* Keys of one group with the same print: only the key in the record tells them apart. */
static void keys_with_one_print(void)
{
    enum { COUNT = 60000 };
    static uint64_t prints[COUNT]; /* group and print, and the key's number */
    struct volume v;
    volume_make(&v, small(512));
    for (uint32_t i = 0; i < COUNT; i++) {
        uint64_t hash = key_hash(v.l, (struct lld_key){0, 4, (const uint8_t *)&i});
        prints[i] = hash >> (64 - PRINT_BITS - 1) << 32 | i;
    }
    qsort(prints, COUNT, sizeof prints[0], by_number);
    unsigned pairs = 0;
    for (uint32_t n = 1; n < COUNT; n++) {
        if (prints[n] >> 32 != prints[n - 1] >> 32) {
            continue;
        }
        uint32_t two[2] = {(uint32_t)prints[n - 1], (uint32_t)prints[n]};
        struct lld_key keys[2] = {{0, 4, (const uint8_t *)&two[0]}, {0, 4, (const uint8_t *)&two[1]}};
        pairs++;
        for (unsigned order = 0; order < 4; order++) {
            uint32_t value = 0;
            size_t len = 0;
            for (unsigned i = 0; i < 2; i++) {
                CHECK_EQ(lld_begin(v.l), LX_OK);
                CHECK_EQ(lld_put(v.l, keys[i ^ (order & 1)], &i, 4), LX_OK);
                CHECK_EQ(lld_commit(v.l), LX_OK);
                CHECK_EQ(lld_checkpoint(v.l), LX_OK);
                CHECK_EQ(lld_get(v.l, keys[order & 1], &value, 4, &len), LX_OK);
                CHECK_EQ(value, 0);
                CHECK_EQ(lld_get(v.l, keys[1 ^ (order & 1)], &value, 4, &len), i == 0 ? LX_ENOENT : LX_OK);
            }
            for (unsigned i = 0; i < 2; i++) {
                CHECK_EQ(lld_begin(v.l), LX_OK);
                CHECK_EQ(lld_erase(v.l, keys[i ^ (order >> 1)]), LX_OK);
                CHECK_EQ(lld_commit(v.l), LX_OK);
                CHECK_EQ(lld_checkpoint(v.l), LX_OK);
                CHECK_EQ(lld_get(v.l, keys[i ^ (order >> 1)], &value, 4, &len), LX_ENOENT);
                CHECK_EQ(lld_get(v.l, keys[1 ^ i ^ (order >> 1)], &value, 4, &len), i == 0 ? LX_OK : LX_ENOENT);
            }
        }
    }
    CHECK(pairs > 20);
    volume_free(&v);
}

static void cursor_survives_changes(void)
{
    struct volume v;
    struct lld_geometry g = small(512);
    enum { KEYS = 700 };
    bool seen[KEYS] = {false};
    g.segment_count = 64;
    volume_make(&v, g);
    for (uint32_t i = 0; i < KEYS; i++) {
        CHECK_EQ(lld_begin(v.l), LX_OK);
        CHECK_EQ(lld_put(v.l, (struct lld_key){0, 4, (const uint8_t *)&i}, &i, 4), LX_OK);
        CHECK_EQ(lld_commit(v.l), LX_OK);
    }
    struct lld_cursor cursor = {0};
    uint32_t count = 0;
    for (uint32_t step = 0;; step++) {
        enum lx_err err = lld_next(v.l, &cursor);
        if (err == LX_ENOENT) {
            break;
        }
        if (err == LX_OK) {
            uint32_t i = le32_load(cursor.key);
            CHECK(i < KEYS && !seen[i]);
            seen[i] = true;
            count++;
        }
        uint32_t i = step * 31 % KEYS; /* rewrite others while it goes on */
        CHECK_EQ(lld_begin(v.l), LX_OK);
        CHECK_EQ(lld_put(v.l, (struct lld_key){0, 4, (const uint8_t *)&i}, &step, 4), LX_OK);
        CHECK_EQ(lld_commit(v.l), LX_OK);
    }
    CHECK_EQ(count, KEYS);
    volume_free(&v);
}

/* Work is counted in blocks: for every commit of one small value there is a bound on it that does not depend on what was before. */
static void commits_cost_the_same_as_the_store_grows(void)
{
    struct volume v;
    struct lld_geometry g = {.block_bytes = 512,
                             .segment_bytes = 65536,
                             .segment_count = 512,
                             .batch_bytes = 8192,
                             .group_bits = 8,
                             .delta_bits = 8};
    volume_make(&v, g);
    struct lld_stats before, after;
    uint64_t worst = 0;
    uint64_t thirds[3] = {0};
    enum { KEYS = 60000 };
    for (uint32_t i = 0; i < KEYS; i++) {
        lld_stats(v.l, &before);
        CHECK_EQ(lld_begin(v.l), LX_OK);
        CHECK_EQ(lld_put(v.l, (struct lld_key){0, 4, (const uint8_t *)&i}, &i, 4), LX_OK);
        CHECK_EQ(lld_commit(v.l), LX_OK);
        lld_stats(v.l, &after);
        uint64_t cost = after.blocks_read + after.blocks_written - before.blocks_read - before.blocks_written;
        worst = cost > worst ? cost : worst;
        thirds[i / (KEYS / 3)] += cost;
    }
    printf("# blocks a commit: at most %llu, in the thirds of %u keys %.1f %.1f %.1f\n", (unsigned long long)worst, KEYS,
           (double)thirds[0] * 3 / KEYS, (double)thirds[1] * 3 / KEYS, (double)thirds[2] * 3 / KEYS);
    CHECK(worst < 400);
    volume_free(&v);
}

int main(void)
{
    static const struct unit_case cases[] = {
        {"checksum is CRC-32C, with and without instructions", checksum_is_crc32c},
        {"hash is SipHash-2-4", hash_is_siphash},
        {"puts, gets and erases, over opening again", puts_gets_and_erases},
        {"a transaction sees its own changes, and spans stores", transaction_sees_itself_and_spans_stores},
        {"calls refuse empty keys, long values, full transactions", calls_refuse_what_they_must},
        {"a plan fits its device", plans_fit_their_device},
        {"bad geometries have no memory", memory_is_for_good_geometries},
        {"the head of a volume is checked", heads_are_checked},
        {"a full log refuses puts, and erases make room", full_log_refuses_puts_and_erases_still_go},
        {"a full index refuses new keys only", full_index_refuses_new_keys_only},
        {"an overflowing group stops writing, not reading", overflowing_group_stops_writing_not_reading},
        {"random transactions agree with the model, 512-byte blocks", model_agrees_with_512_byte_blocks},
        {"random transactions agree with the model, 4096-byte blocks", model_agrees_with_4096_byte_blocks},
        {"random transactions agree with the model when room is scarce", model_agrees_when_room_is_scarce},
        {"random transactions agree with the model, large index", model_agrees_with_a_large_index},
        {"keys with one print are told apart", keys_with_one_print},
        {"a cursor survives changes", cursor_survives_changes},
        {"commits cost the same as the store grows", commits_cost_the_same_as_the_store_grows},
    };
    return UNIT_MAIN(cases);
}
