/* SPDX-License-Identifier: MIT */
/**
 * LLD: damage. Bits are flipped, and sectors filled, all over the image of a volume: every answer is then the right one or an error, and
 * what is written anew can be read. The one thing that cannot be told from a power cut is damage to the very last transaction of a
 * volume that was not brought to a checkpoint: it may be missing, as a whole.
 */
#include "fake.h"
#include "private.h"
#include "unit.h"

struct run {
    struct disk disk;
    uint8_t *image; /* the good one */
    struct lld_geometry geometry;
    size_t memory_bytes;
    void *memory;
    struct lld *l;
    struct model now;
    struct model before; /* the last transaction */
    uint32_t version;
    uint64_t random;
    uint64_t refused, right, damaged, older;
};

static void run_begin(struct run *r, uint32_t block_bytes, uint64_t seed, unsigned transactions, bool is_clean)
{
    memset(r, 0, sizeof *r);
    r->geometry = (struct lld_geometry){.block_bytes = block_bytes,
                                        .segment_bytes = 32768,
                                        .segment_count = 10,
                                        .batch_bytes = 4096,
                                        .group_bits = 1,
                                        .delta_bits = 6};
    disk_make(&r->disk, block_bytes, 8192 + 2 * 4096 + 2 * 4096 + 10 * 32768, false);
    r->memory_bytes = lld_memory_bytes(&r->geometry, LLD_CACHE_BLOCKS_MIN);
    r->memory = aligned_alloc(LLD_MEMORY_ALIGNMENT, r->memory_bytes);
    r->image = (uint8_t *)malloc(r->disk.bytes);
    r->random = seed;
    struct lld_device device = disk_device(&r->disk);
    CHECK_EQ(lld_format(&device, &r->geometry, fake_secret, r->memory, r->memory_bytes), LX_OK);
    CHECK_EQ(lld_open(&device, LLD_CACHE_BLOCKS_MIN, r->memory, r->memory_bytes, &r->l), LX_OK);
    for (unsigned n = 0; n < transactions; n++) {
        r->before = r->now;
        CHECK_EQ(lld_begin(r->l), LX_OK);
        for (uint32_t change = 0; change < 3; change++) {
            uint32_t i = random_below(&r->random, MODEL_KEYS);
            uint32_t next = random_below(&r->random, 4) == 0 ? 0 : ++r->version;
            if (model_stage(r->l, i, next) == LX_OK) {
                r->now.versions[i] = next;
            }
        }
        CHECK_EQ(lld_commit(r->l), LX_OK);
    }
    if (is_clean) {
        CHECK_EQ(lld_checkpoint(r->l), LX_OK);
        r->before = r->now;
    }
    CHECK(model_holds(r->l, &r->now));
    memcpy(r->image, r->disk.now, r->disk.bytes);
}

static void run_end(struct run *r)
{
    disk_free(&r->disk);
    free(r->memory);
    free(r->image);
}

static enum lx_err run_open(struct run *r)
{
    struct lld_device device = disk_device(&r->disk);
    return lld_open(&device, LLD_CACHE_BLOCKS_MIN, r->memory, r->memory_bytes, &r->l);
}

/* Whether every answer is that of the model, or LX_EBADMSG. */
static bool agrees(struct run *r, const struct model *m, uint32_t *damaged)
{
    *damaged = 0;
    for (uint32_t i = 0; i < MODEL_KEYS; i++) {
        enum lx_err err = model_compare(r->l, i, m->versions[i]);
        if (err == LX_EBADMSG) {
            ++*damaged;
        } else if (err != (m->versions[i] == 0 ? LX_ENOENT : LX_OK)) {
            return false;
        }
    }
    return true;
}

static bool iterates(struct run *r, const struct model *m, bool may_miss)
{
    struct lld_cursor cursor = {0};
    uint32_t count = 0;
    bool is_told = false;
    for (uint32_t step = 0; step < 100 * MODEL_KEYS; step++) {
        enum lx_err err = lld_next(r->l, &cursor);
        if (err == LX_ENOENT) {
            return count == model_count(m) || is_told || may_miss;
        }
        count += err == LX_OK;
        is_told = is_told || err == LX_EBADMSG;
    }
    return false;
}

/* Writes three keys and brings them to a checkpoint: what was damaged beside them is still an error, and not gone. */
static void write_beside(struct run *r, const struct model *m)
{
    struct model with = *m;
    uint32_t damaged = 0;
    for (uint32_t n = 0; n < 3; n++) {
        uint32_t i = random_below(&r->random, MODEL_KEYS);
        with.versions[i] = r->version + 1 + n;
        CHECK_EQ(lld_begin(r->l), LX_OK);
        CHECK_EQ(model_stage(r->l, i, with.versions[i]), LX_OK);
        CHECK_EQ(lld_commit(r->l), LX_OK);
    }
    CHECK_EQ(lld_checkpoint(r->l), LX_OK);
    CHECK(agrees(r, &with, &damaged));
    CHECK_EQ(run_open(r), LX_OK);
    CHECK(agrees(r, &with, &damaged));
    CHECK(iterates(r, &with, false));
}

/* Writes every key anew, then brings all to a checkpoint: nothing is damaged any more that has a value. */
static void heal(struct run *r)
{
    struct model m;
    uint32_t version = r->version + 1000;
    for (uint32_t i = 0; i < MODEL_KEYS; i++) {
        m.versions[i] = i % 7 == 0 ? 0 : ++version;
        CHECK_EQ(lld_begin(r->l), LX_OK);
        CHECK_EQ(model_stage(r->l, i, m.versions[i]), LX_OK);
        CHECK_EQ(lld_commit(r->l), LX_OK);
    }
    for (unsigned round = 0; round < 2; round++) {
        for (uint32_t i = 0; i < MODEL_KEYS; i++) {
            enum lx_err err = model_compare(r->l, i, m.versions[i]);
            CHECK(err == LX_OK ? m.versions[i] != 0 : m.versions[i] == 0 && (err == LX_ENOENT || err == LX_EBADMSG));
        }
        CHECK_EQ(lld_checkpoint(r->l), LX_OK);
        enum lx_err err = lld_compact(r->l);
        CHECK(err == LX_OK || err == LX_ENOENT || err == LX_EBADMSG);
    }
}

/* Looks at the disk as it is now, which is damaged in one place. */
static void look(struct run *r, bool do_heal)
{
    uint32_t damaged = 0;
    enum lx_err err = run_open(r);
    if (err != LX_OK) {
        CHECK(err == LX_EBADMSG || err == LX_ENOENT);
        r->refused++;
        return;
    }
    bool is_now = agrees(r, &r->now, &damaged);
    if (!is_now) {
        CHECK(memcmp(&r->now, &r->before, sizeof r->now) != 0 && agrees(r, &r->before, &damaged));
        r->older++;
    }
    r->right += damaged == 0;
    r->damaged += damaged != 0;
    CHECK(iterates(r, is_now ? &r->now : &r->before, false));
    if (do_heal) {
        write_beside(r, is_now ? &r->now : &r->before);
        heal(r);
        memcpy(r->disk.now, r->image, r->disk.bytes);
    }
}

static void flip_bits(struct run *r, uint32_t flips, const char *what)
{
    uint64_t bits = r->disk.bytes * 8;
    for (uint32_t n = 0; n < flips; n++) {
        uint64_t bit = n % 3 == 0 ? random_next(&r->random) % (24576 * 8) : random_next(&r->random) % bits;
        unsigned long failed_before = unit_failed_checks;
        r->disk.now[bit / 8] ^= (uint8_t)(1u << bit % 8);
        look(r, n % 16 == 0);
        r->disk.now[bit / 8] = r->image[bit / 8];
        if (unit_failed_checks != failed_before) {
            printf("# bit %llu of byte %llu\n", (unsigned long long)bit % 8, (unsigned long long)bit / 8);
            break;
        }
    }
    printf("# %s: %u flips: %llu opened and all right, %llu with values that are errors, %llu refused, %llu without the "
           "last transaction\n", what, flips, (unsigned long long)r->right, (unsigned long long)r->damaged,
           (unsigned long long)r->refused, (unsigned long long)r->older);
    CHECK(r->right != 0 && r->damaged != 0);
}

static void flips_in_a_clean_volume(void)
{
    struct run r;
    run_begin(&r, 512, 1, 300, true);
    flip_bits(&r, 3000, "clean, 512");
    CHECK(r.older == 0 && r.refused == 0); /* all that it takes to open is there twice */
    run_end(&r);
    run_begin(&r, 4096, 2, 200, true);
    flip_bits(&r, 1500, "clean, 4096");
    CHECK_EQ(r.older, 0);
    run_end(&r);
}

static void flips_after_a_crash(void)
{
    for (uint64_t seed = 3; seed < 6; seed++) {
        struct run r;
        run_begin(&r, 512, seed, 300 + (unsigned)seed * 5, false);
        flip_bits(&r, 1000, "not clean, 512");
        CHECK(r.refused != 0);
        run_end(&r);
    }
}

/* Every bit of the last transaction of a volume that is not clean, and of the one before it. */
static void flips_in_the_last_transactions(void)
{
    struct run r;
    run_begin(&r, 512, 9, 306, false);
    uint64_t end = segment_at(r.l, r.l->head.segment) + r.l->head.offset_bytes;
    CHECK(r.l->head.offset_bytes >= 2048);
    for (uint64_t byte = end - 2048; byte < end && unit_failed_checks == 0; byte++) {
        r.disk.now[byte] ^= (uint8_t)(1u << byte % 8);
        look(&r, false);
        r.disk.now[byte] = r.image[byte];
    }
    CHECK(r.older != 0 && r.refused != 0);
    run_end(&r);
}

/* A commit after which a checkpoint was written is known to have been acknowledged: damage to it is an error. */
static void flips_in_a_transaction_before_a_checkpoint(void)
{
    struct run r;
    run_begin(&r, 512, 10, 300, false);
    uint64_t checkpoint = r.l->checkpoint;
    uint64_t at = 0;
    for (uint32_t n = 0; r.l->checkpoint == checkpoint && n < 1000; n++) {
        CHECK_EQ(lld_begin(r.l), LX_OK);
        CHECK_EQ(model_stage(r.l, n % MODEL_KEYS, ++r.version), LX_OK);
        CHECK_EQ(lld_commit(r.l), LX_OK);
        at = segment_at(r.l, r.l->head.segment) + r.l->head.offset_bytes - 512;
    }
    CHECK(r.l->checkpoint != checkpoint);
    r.disk.now[at + 60] ^= 1;
    CHECK_EQ(run_open(&r), LX_EBADMSG);
    r.disk.now[at + 60] ^= 1;
    CHECK_EQ(run_open(&r), LX_OK);
    run_end(&r);
}

/* A record is unreadable when its key gets a new value, and readable again later: the old value stays away. */
static void record_that_comes_back(void)
{
    struct run r;
    uint8_t key_bytes[LLD_KEY_BYTES_MAX];
    run_begin(&r, 512, 16, 300, true);
    for (uint32_t i = 0; i < MODEL_KEYS; i++) {
        struct record record;
        struct lld_key key = model_key(i, key_bytes);
        if (find_committed(r.l, key, key_hash(r.l, key), &record) != LX_OK) {
            continue;
        }
        uint64_t at = record.at;
        for (unsigned erase = 0; erase < 2; erase++) {
            r.disk.now[at + 8] ^= 1;
            CHECK_EQ(run_open(&r), LX_OK);
            CHECK_EQ(model_compare(r.l, i, r.now.versions[i]), LX_EBADMSG);
            CHECK_EQ(lld_begin(r.l), LX_OK);
            CHECK_EQ(model_stage(r.l, i, erase == 1 ? 0 : 999999), LX_OK);
            CHECK_EQ(lld_commit(r.l), LX_OK);
            CHECK_EQ(lld_checkpoint(r.l), LX_OK);
            r.disk.now[at + 8] ^= 1;
            CHECK_EQ(run_open(&r), LX_OK);
            CHECK_EQ(model_compare(r.l, i, erase == 1 ? 0 : 999999), erase == 1 ? LX_EBADMSG : LX_OK);
            memcpy(r.disk.now, r.image, r.disk.bytes);
        }
    }
    run_end(&r);
}

static void sectors_filled(void)
{
    struct run r;
    run_begin(&r, 512, 10, 300, true);
    for (uint64_t at = 0; at < r.disk.bytes; at += SECTOR) {
        for (unsigned fill = 0; fill < 2; fill++) {
            unsigned long failed_before = unit_failed_checks;
            for (size_t i = 0; i < SECTOR; i++) {
                r.disk.now[at + i] = fill == 0 ? 0 : (uint8_t)random_next(&r.random);
            }
            look(&r, at / SECTOR % 8 == 0);
            memcpy(r.disk.now + at, r.image + at, SECTOR);
            if (unit_failed_checks != failed_before) {
                printf("# sector at %llu\n", (unsigned long long)at);
            }
        }
    }
    CHECK(r.right != 0 && r.damaged != 0 && r.refused == 0 && r.older == 0);
    run_end(&r);
}

/* The newer of the two checkpoints is damaged: with nothing written behind it, the older one and the log give all of it. */
static void newer_checkpoint_lost(void)
{
    struct run r;
    uint32_t damaged = 0;
    run_begin(&r, 512, 11, 300, true);
    uint64_t newer = r.l->slot_at + (r.l->checkpoint & 1) * r.l->slot_bytes;
    r.disk.now[newer + 20] ^= 1;
    CHECK_EQ(run_open(&r), LX_OK);
    CHECK(agrees(&r, &r.now, &damaged) && damaged == 0);
    memcpy(r.disk.now, r.image, r.disk.bytes);
    CHECK_EQ(run_open(&r), LX_OK);
    CHECK_EQ(lld_begin(r.l), LX_OK);
    CHECK_EQ(model_stage(r.l, 0, 77777), LX_OK);
    CHECK_EQ(lld_commit(r.l), LX_OK);
    r.disk.now[newer + 20] ^= 1;
    CHECK_EQ(run_open(&r), LX_EBADMSG); /* that commit is behind it, and must not be lost silently */
    r.disk.now[newer + 20] ^= 1;
    CHECK_EQ(run_open(&r), LX_OK);
    r.disk.now[r.l->slot_at + 20] ^= 1;
    r.disk.now[r.l->slot_at + r.l->slot_bytes + 20] ^= 1;
    CHECK_EQ(run_open(&r), LX_EBADMSG);
    run_end(&r);
}

/* Reads fail for a while: every call says so or is right, and afterwards all is as if nothing had been. */
static enum lx_err use_next(struct run *r, struct model *m)
{
    struct lld_cursor cursor = {0};
    enum lx_err err = LX_OK;
    (void)m;
    while (err == LX_OK || err == LX_EAGAIN) {
        err = lld_next(r->l, &cursor);
    }
    return err == LX_ENOENT ? LX_OK : err;
}

static enum lx_err use_get(struct run *r, struct model *m)
{
    enum lx_err worst = LX_OK;
    for (uint32_t i = 0; i < MODEL_KEYS; i++) {
        enum lx_err err = model_compare(r->l, i, m->versions[i]);
        if (err != (m->versions[i] == 0 ? LX_ENOENT : LX_OK)) {
            CHECK_EQ(err, LX_EIO);
            worst = LX_EIO;
        }
    }
    return worst;
}

/* A commit whose reads fail may be durable: then the device is given up, and the volume opened again by the caller. */
static enum lx_err use_commit(struct run *r, struct model *m)
{
    enum lx_err err = LX_OK;
    for (uint32_t n = 0; n < 60 && err == LX_OK; n++) {
        uint32_t i = n * 7 % MODEL_KEYS;
        CHECK_EQ(lld_begin(r->l), LX_OK);
        CHECK_EQ(model_stage(r->l, i, 500000 + n), LX_OK);
        err = lld_commit(r->l);
        m->versions[i] = err == LX_OK ? 500000 + n : m->versions[i];
    }
    return err;
}

static enum lx_err use_checkpoint(struct run *r, struct model *m)
{
    (void)m;
    return lld_checkpoint(r->l);
}

static enum lx_err use_compact(struct run *r, struct model *m)
{
    (void)m;
    return lld_compact(r->l);
}

static void reads_that_fail(void)
{
    static enum lx_err (*const uses[])(struct run *, struct model *) = {use_next, use_get, use_commit, use_checkpoint,
                                                                        use_compact};
    struct run r;
    uint32_t damaged = 0;
    unsigned failed[ARRAY_LEN(uses) + 1] = {0};
    run_begin(&r, 512, 12, 300, false);
    for (uint32_t n = 0; n < 60 * ARRAY_LEN(uses); n++) {
        unsigned use = n % ARRAY_LEN(uses);
        memcpy(r.disk.now, r.image, r.disk.bytes);
        r.disk.fail_reads = 1;
        r.disk.op_count = 0;
        r.disk.fail_at = n + 1;
        enum lx_err err = run_open(&r);
        CHECK(err == LX_OK || err == LX_EIO);
        failed[ARRAY_LEN(uses)] += err == LX_EIO;
        r.disk.fail_at = 0;
        CHECK_EQ(run_open(&r), LX_OK);
        r.disk.op_count = 0;
        r.disk.fail_at = n / ARRAY_LEN(uses) + 1;
        struct model m = r.now;
        err = uses[use](&r, &m);
        CHECK(err == LX_OK || err == LX_EIO);
        failed[use] += err == LX_EIO;
        r.disk.fail_at = 0;
        if (use != 2) {
            CHECK(agrees(&r, &m, &damaged) && damaged == 0);
            CHECK_EQ(lld_checkpoint(r.l), LX_OK); /* it was only for a while */
        }
        CHECK_EQ(run_open(&r), LX_OK);
        bool is_there = agrees(&r, &m, &damaged);
        for (uint32_t i = 0; i < 60 && !is_there && err == LX_EIO; i++) {
            struct model with = m;
            with.versions[i * 7 % MODEL_KEYS] = 500000 + i;
            is_there = agrees(&r, &with, &damaged);
        }
        CHECK(is_there && damaged == 0);
    }
    for (unsigned use = 0; use <= ARRAY_LEN(uses); use++) {
        CHECK(failed[use] > 5 || use == 2); /* most of what a commit reads is housekeeping: for lld_stats */
    }
    run_end(&r);
}

static void formats_that_fail(void)
{
    struct run r;
    unsigned failed = 0;
    run_begin(&r, 512, 17, 3, true);
    struct lld_device device = disk_device(&r.disk);
    enum lx_err err = LX_EIO;
    for (uint32_t n = 1; err == LX_EIO && n < 100; n++) {
        r.disk.op_count = 0;
        r.disk.fail_at = n;
        err = lld_format(&device, &r.geometry, fake_secret, r.memory, r.memory_bytes);
        failed += err == LX_EIO;
    }
    CHECK_EQ(err, LX_OK);
    CHECK(failed >= 10);
    run_end(&r);
}

/* The newest record of a key is damaged before the index knows it: the key is an error, before and after, and a new value heals it. */
static void record_damaged_in_the_delta(void)
{
    struct run r;
    for (unsigned what = 0; what < 3; what++) { /* nothing; a new value; an erasure */
        run_begin(&r, 512, 18, 300, true);
        CHECK_EQ(lld_begin(r.l), LX_OK);
        CHECK_EQ(model_stage(r.l, 5, 70000), LX_OK);
        CHECK_EQ(lld_commit(r.l), LX_OK);
        uint8_t key_bytes[LLD_KEY_BYTES_MAX];
        struct lld_key key = model_key(5, key_bytes);
        struct record record;
        CHECK_EQ(find_committed(r.l, key, key_hash(r.l, key), &record), LX_OK);
        r.disk.now[record.at + 17] ^= 4;
        cache_forget(r.l, align_down(record.at, 512), 512);
        CHECK_EQ(model_compare(r.l, 5, 70000), LX_EBADMSG);
        struct lld_cursor cursor = {0};
        enum lx_err err = LX_OK;
        while (err == LX_OK || err == LX_EAGAIN) {
            err = lld_next(r.l, &cursor);
        }
        CHECK_EQ(err, LX_EBADMSG);
        if (what != 0) {
            CHECK_EQ(lld_begin(r.l), LX_OK);
            CHECK_EQ(model_stage(r.l, 5, what == 1 ? 70001 : 0), LX_OK);
            CHECK_EQ(lld_commit(r.l), LX_OK);
        }
        static const enum lx_err want[3] = {LX_EBADMSG, LX_OK, LX_ENOENT};
        r.now.versions[5] = what == 1 ? 70001 : 0;
        CHECK_EQ(model_compare(r.l, 5, r.now.versions[5]), want[what]);
        CHECK_EQ(lld_checkpoint(r.l), LX_OK);
        CHECK_EQ(model_compare(r.l, 5, r.now.versions[5]), want[what]);
        for (uint32_t i = 0; i < MODEL_KEYS; i++) {
            CHECK(i == 5 || model_compare(r.l, i, r.now.versions[i]) == (r.now.versions[i] == 0 ? LX_ENOENT : LX_OK));
        }
        run_end(&r);
    }
}

/* ---- volumes that someone made to fit their checksums --------------------------------------------------------------- */

static uint8_t *bucket_of(struct run *r, uint32_t i, uint64_t *at)
{
    *at = bucket_at(r->l, i / 8, i % 8);
    return r->disk.now + *at;
}

static void hostile_buckets(void)
{
    struct run r;
    uint32_t damaged = 0;
    uint64_t at = 0;
    run_begin(&r, 512, 13, 300, true);
    static const struct {
        uint32_t offset;
        uint8_t value;
    } bad[] = {{4, 64}, {5, 4}, {6, 1}, {7, 1}};
    for (size_t n = 0; n < ARRAY_LEN(bad); n++) {
        uint8_t *bucket = bucket_of(&r, 3, &at);
        bucket[bad[n].offset] = bad[n].value;
        bucket_seal(r.l, bucket, at);
        look(&r, true);
    }
    CHECK_EQ(r.damaged, ARRAY_LEN(bad));
    static const uint64_t places[] = {0, 1, PLACE_LOST - 1, PLACE_LOST, 1536, 1537};
    for (size_t n = 0; n < ARRAY_LEN(places); n++) { /* entries that lead nowhere */
        for (uint32_t b = 0; b < 16; b++) {
            uint8_t *bucket = bucket_of(&r, b, &at);
            for (uint32_t i = 0; i < bucket_count(bucket); i++) {
                uint64_t entry = entry_load(bucket, i);
                le64_store(bucket + 8 + (size_t)i * 8, (entry & ~PLACE_MASK) | places[n]);
            }
            bucket_seal(r.l, bucket, at);
        }
        CHECK_EQ(run_open(&r), LX_OK);
        for (uint32_t i = 0; i < MODEL_KEYS; i++) {
            enum lx_err err = model_compare(r.l, i, r.now.versions[i]);
            CHECK(err == LX_EBADMSG || (err == LX_ENOENT && r.now.versions[i] == 0) || n > 3);
        }
        CHECK(iterates(&r, &r.now, true));
        heal(&r);
        memcpy(r.disk.now, r.image, r.disk.bytes);
    }
    CHECK_EQ(run_open(&r), LX_OK);
    CHECK(agrees(&r, &r.now, &damaged) && damaged == 0);
    run_end(&r);
}

static void hostile_slots(void)
{
    static const struct {
        uint32_t offset;
        uint32_t value;
    } bad[] = {{8, 0},           {24, 10},        {24, 3000000000u}, {28, 32769}, {28, 100}, {20, 0xf0000000u}, {12, 0xf0000000u},
               {48, 10},         {48, 3000000000u}, {44, 1},         {64, 32769}, {68, 40000}, {68, 1}};
    struct run r;
    run_begin(&r, 512, 14, 300, true);
    uint64_t number = r.l->checkpoint;
    uint64_t at = r.l->slot_at + (number & 1) * r.l->slot_bytes;
    uint64_t other = r.l->slot_at + (~number & 1) * r.l->slot_bytes;
    uint8_t *slot = r.disk.now + at;
    for (size_t n = 0; n <= ARRAY_LEN(bad) + 2; n++) {
        memcpy(r.disk.now, r.image, r.disk.bytes);
        memset(r.disk.now + other, 0, 4096);
        if (n < ARRAY_LEN(bad)) {
            le32_store(slot + bad[n].offset, bad[n].value);
        } else if (n == ARRAY_LEN(bad)) {
            memcpy(slot + 64 + 80, slot + 64 + 80 + 2, 2); /* a segment that is free twice */
        } else if (n == ARRAY_LEN(bad) + 1) {
            le16_store(slot + 64 + 80, 10); /* one that is not there */
        } else {
            le16_store(slot + 64 + 80, le16_load(slot + 24)); /* the one that is written */
        }
        if (n == 0) {
            le32_store(slot + 12, 0);
        }
        le32_store(slot + 4, crc32c(crc_at(r.l, at), slot + 8, r.l->slot_bytes - 8));
        CHECK_EQ(run_open(&r), LX_EBADMSG);
    }
    run_end(&r);
}

/* A batch at the end of the log, sealed, with one thing wrong in it. */
static void hostile_batches(void)
{
    struct run r;
    run_begin(&r, 512, 15, 300, true);
    uint64_t at = segment_at(r.l, r.l->head.segment) + r.l->head.offset_bytes;
    CHECK(r.l->head.offset_bytes + 1024 <= r.geometry.segment_bytes);
    uint8_t *bytes = r.disk.now + at;
    struct lld copy = *r.l;
    for (unsigned n = 0; n < 17; n++) {
        memcpy(r.disk.now, r.image, r.disk.bytes);
        struct batch b = {.seq = copy.head.seq, .checkpoint = copy.checkpoint, .payload_bytes = 32, .record_count = 1};
        memset(bytes, 0, 1024);
        struct record record = {.kind = RECORD_PUT, .key_bytes = 3, .key = (const uint8_t *)"key", .value_crc = CRC_START};
        record_write(bytes + 48, &record);
        batch_seal(&copy, bytes, at, &b);
        uint8_t *head = bytes;
        uint8_t *first = bytes + 48;
        switch (n) {
        case 1: le64_store(head + 16, b.checkpoint + 1); break;    /* of a checkpoint that is not there */
        case 2: le32_store(head + 24, 4096); break;                /* longer than a batch */
        case 3: le32_store(head + 24, 33); break;                  /* not in units */
        case 4: le32_store(head + 28, 0); break;                   /* no record */
        case 5: le32_store(head + 28, 2); break;                   /* more than fit */
        case 6: head[36] = 1; break;                               /* not zero */
        case 7: head[40] = 1; break;
        case 8: first[14] = 3; break;                              /* no kind */
        case 9: first[15] = 1; break;                              /* not zero */
        case 10: first[12] = 0; break;                             /* no key */
        case 11: le32_store(first + 8, 100000); break;             /* longer than the batch */
        case 12: first[14] = RECORD_ERASE; le32_store(first + 8, 1); break; /* an erasure with a value */
        case 13: le32_store(head + 24, 64); break;                 /* something behind the last record */
        case 14: first[16] ^= 1; break;                            /* a key that does not fit its checksum */
        case 15:                                                   /* a record that fills the place of two */
            le32_store(head + 24, 64);
            le32_store(head + 28, 2);
            first[12] = 48;
            break;
        case 16: /* more records than a transaction may have */
            le32_store(head + 24, 18 * 32);
            le32_store(head + 28, 18);
            for (unsigned i = 1; i < 18; i++) {
                memcpy(first + (size_t)i * 32, first, 32);
                record_seal(&copy, first + (size_t)i * 32, at + 48 + (uint64_t)i * 32);
            }
            break;
        default: break;
        }
        if ((n >= 8 && n <= 12) || n == 15) {
            record_seal(&copy, first, at + 48);
        }
        uint32_t payload_bytes = le32_load(head + 24) > 4096 - 48 ? 0 : le32_load(head + 24);
        le32_store(head + 32, batch_payload_crc(&copy, b.seq, first, payload_bytes));
        le32_store(head + 4, crc32c(crc_at(&copy, at), head + 8, 40));
        enum lx_err err = run_open(&r);
        char got[4];
        size_t len = 0;
        if (n == 0) { /* this one is good, and shows that the others are refused for what is wrong in them */
            CHECK_EQ(err, LX_OK);
            CHECK_EQ(lld_get(r.l, (struct lld_key){0, 3, (const uint8_t *)"key"}, got, sizeof got, &len), LX_OK);
        } else if (err == LX_OK) { /* what is no batch ends the log */
            CHECK(n >= 2 && n <= 7);
            CHECK_EQ(lld_get(r.l, (struct lld_key){0, 3, (const uint8_t *)"key"}, got, sizeof got, &len), LX_ENOENT);
        } else {
            CHECK_EQ(err, LX_EBADMSG);
        }
    }
    run_end(&r);
}

/* A checkpoint says that segments end elsewhere: they are not emptied, and what is in them can be read. */
static void hostile_segment_ends(void)
{
    struct run r;
    uint32_t damaged = 0;
    run_begin(&r, 512, 19, 300, true);
    uint64_t at = r.l->slot_at + (r.l->checkpoint & 1) * r.l->slot_bytes;
    struct lld copy = *r.l;
    uint32_t slot_segment = le32_load(r.disk.now + at + 24);
    for (unsigned less = 0; less < 2; less++) {
        memcpy(r.disk.now, r.image, r.disk.bytes);
        memset(r.disk.now + copy.slot_at + (~copy.checkpoint & 1) * copy.slot_bytes, 0, 4096);
        for (uint32_t i = 0; i < 10; i++) {
            uint8_t *end = r.disk.now + at + 64 + (size_t)i * 8 + 4;
            if (i != slot_segment && le32_load(end) != 0) {
                le32_store(end, less == 1 ? le32_load(end) - 512 : 32768);
            }
        }
        le32_store(r.disk.now + at + 4, crc32c(crc_at(&copy, at), r.disk.now + at + 8, copy.slot_bytes - 8));
        CHECK_EQ(run_open(&r), LX_OK);
        for (unsigned n = 0; n < 10; n++) {
            enum lx_err err = lld_compact(r.l);
            CHECK(err == LX_EBADMSG || err == LX_OK || err == LX_ENOENT);
        }
        struct lld_stats stats;
        lld_stats(r.l, &stats);
        CHECK(stats.damaged_segments != 0);
        CHECK(less == 1 || (agrees(&r, &r.now, &damaged) && damaged == 0));
    }
    run_end(&r);
}

int main(void)
{
    static const struct unit_case cases[] = {
        {"flipped bits give an error or the right value", flips_in_a_clean_volume},
        {"flipped bits after a crash, too", flips_after_a_crash},
        {"flipped bits in the last transactions", flips_in_the_last_transactions},
        {"flipped bits in a transaction that a checkpoint knows", flips_in_a_transaction_before_a_checkpoint},
        {"a record that comes back is not found", record_that_comes_back},
        {"sectors of zeros and of noise, too", sectors_filled},
        {"a lost checkpoint is replaced or refused", newer_checkpoint_lost},
        {"reads that fail leave no trace", reads_that_fail},
        {"formatting that fails says so", formats_that_fail},
        {"a record damaged before the index knows it", record_damaged_in_the_delta},
        {"hostile ends of segments", hostile_segment_ends},
        {"hostile buckets are errors", hostile_buckets},
        {"hostile checkpoints are refused", hostile_slots},
        {"hostile batches are refused", hostile_batches},
    };
    return UNIT_MAIN(cases);
}
