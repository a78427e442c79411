/* SPDX-License-Identifier: MIT */
/**
 * LLD: power cuts. Before every write and every flush of a long run, images of the disk are made as a cut would leave them: everything that
 * was flushed, and of the 512-byte pieces written since none, all or a random choice. Each image is opened; it must hold exactly what
 * was acknowledged, or that and the whole transaction that was just being committed. Some images are then used on, and looked at again.
 */
#include "fake.h"
#include "unit.h"

enum { DELTA_BITS = 6, IMAGES_PER_OP = 5 };

struct run {
    struct disk disk;
    struct lld_geometry geometry;
    size_t memory_bytes;
    void *memory;
    struct lld *l;
    struct model acked;
    struct model next; /* with the transaction that is being committed */
    bool is_committing;
    uint32_t version;
    uint64_t random;

    struct disk image;
    void *image_memory;
    uint64_t image_random;
    uint64_t images;
    uint64_t new_images; /* that had the transaction already */
    uint64_t used_images;
};

static void run_begin(struct run *r, uint32_t block_bytes, uint64_t seed)
{
    memset(r, 0, sizeof *r);
    r->geometry = (struct lld_geometry){.block_bytes = block_bytes,
                                        .segment_bytes = 32768,
                                        .segment_count = 10,
                                        .batch_bytes = 4096,
                                        .group_bits = 1,
                                        .delta_bits = DELTA_BITS};
    uint64_t bytes = 8192 + 2 * 4096 + 2 * 4096 + 10 * 32768;
    disk_make(&r->disk, block_bytes, bytes, true);
    disk_make(&r->image, block_bytes, bytes, false);
    r->memory_bytes = lld_memory_bytes(&r->geometry, LLD_CACHE_BLOCKS_MIN);
    r->memory = aligned_alloc(LLD_MEMORY_ALIGNMENT, r->memory_bytes);
    r->image_memory = aligned_alloc(LLD_MEMORY_ALIGNMENT, r->memory_bytes);
    r->random = seed;
    r->image_random = seed + 1000;
    struct lld_device device = disk_device(&r->disk);
    CHECK_EQ(lld_format(&device, &r->geometry, fake_secret, r->memory, r->memory_bytes), LX_OK);
    CHECK_EQ(lld_open(&device, LLD_CACHE_BLOCKS_MIN, r->memory, r->memory_bytes, &r->l), LX_OK);
}

static void run_end(struct run *r)
{
    disk_free(&r->disk);
    disk_free(&r->image);
    free(r->memory);
    free(r->image_memory);
}

static void stage_random(struct lld *l, struct model *m, uint64_t *random, uint32_t *version)
{
    uint32_t changes = random_below(random, 4) == 0 ? 6 : 1;
    for (uint32_t n = 0; n < changes; n++) {
        uint32_t i = random_below(random, MODEL_KEYS);
        uint32_t next = random_below(random, 4) == 0 ? 0 : ++*version;
        if (model_stage(l, i, next) == LX_OK) {
            m->versions[i] = next;
        }
    }
}

/* Goes on with an image: brings it to a checkpoint, empties a segment, writes, opens again. Damage below the surface shows here. */
static void use_image(struct run *r, struct lld *l, const struct model *found)
{
    struct model m = *found;
    uint32_t version = r->version + 1000000;
    struct lld_device device = disk_device(&r->image);
    r->used_images++;
    if (random_below(&r->image_random, 2) == 0) {
        CHECK_EQ(lld_checkpoint(l), LX_OK);
        CHECK(model_holds(l, &m));
        enum lx_err err = lld_compact(l);
        CHECK(err == LX_OK || err == LX_ENOENT);
    }
    for (unsigned n = 0; n < 40; n++) {
        struct model next = m;
        CHECK_EQ(lld_begin(l), LX_OK);
        stage_random(l, &next, &r->image_random, &version);
        CHECK_EQ(lld_commit(l), LX_OK);
        m = next;
    }
    CHECK(model_holds(l, &m));
    CHECK_EQ(lld_open(&device, LLD_CACHE_BLOCKS_MIN, r->image_memory, r->memory_bytes, &l), LX_OK);
    CHECK(model_holds(l, &m));
    CHECK_EQ(lld_checkpoint(l), LX_OK);
    CHECK(model_holds(l, &m));
    struct lld_stats stats;
    lld_stats(l, &stats);
    CHECK_EQ(stats.damaged_segments, 0);
}

static void check_image(struct run *r, uint32_t in_256)
{
    struct lld_device device = disk_device(&r->image);
    struct lld *l = NULL;
    unsigned long failed_before = unit_failed_checks;
    disk_cut(&r->disk, r->image.now, in_256, &r->image_random);
    r->images++;
    enum lx_err err = lld_open(&device, LLD_CACHE_BLOCKS_MIN, r->image_memory, r->memory_bytes, &l);
    CHECK_EQ(err, LX_OK);
    if (err != LX_OK) {
        return;
    }
    bool is_new = r->is_committing && !model_holds(l, &r->acked);
    const struct model *found = is_new ? &r->next : &r->acked;
    CHECK(model_holds(l, found));
    r->new_images += is_new;
    if (r->images % 16 == 0 && unit_failed_checks == failed_before) {
        use_image(r, l, found);
    }
}

static void at_op(void *context)
{
    static const uint32_t shares[IMAGES_PER_OP] = {0, 256, 128, 30, 226};
    struct run *r = (struct run *)context;
    bool is_torn = r->disk.pending_count > 1; /* else there is nothing to choose */
    for (unsigned i = 0; i < (is_torn ? IMAGES_PER_OP : 2) && unit_failed_checks == 0; i++) {
        check_image(r, shares[i]);
    }
}

static void transact(struct run *r)
{
    r->next = r->acked;
    CHECK_EQ(lld_begin(r->l), LX_OK);
    stage_random(r->l, &r->next, &r->random, &r->version);
    r->is_committing = true;
    CHECK_EQ(lld_commit(r->l), LX_OK);
    r->is_committing = false;
    r->acked = r->next;
}

static void cut_everywhere(uint32_t block_bytes, uint64_t seed, unsigned transactions)
{
    struct run r;
    run_begin(&r, block_bytes, seed);
    for (unsigned n = 0; n < 300; n++) { /* so that the log has gone round before it is looked at */
        transact(&r);
    }
    r.disk.at_op = at_op;
    r.disk.at_op_context = &r;
    for (unsigned n = 0; n < transactions && unit_failed_checks == 0; n++) {
        transact(&r);
    }
    struct lld_stats stats;
    lld_stats(r.l, &stats);
    CHECK(stats.records_moved > 20 && stats.checkpoints > 5);
    CHECK(r.new_images > 20);
    printf("# seed %llu: %llu crash states, %llu of them with the transaction whose commit had not returned, %llu used on\n",
           (unsigned long long)seed, (unsigned long long)r.images, (unsigned long long)r.new_images,
           (unsigned long long)r.used_images);
    CHECK(model_holds(r.l, &r.acked));
    run_end(&r);
}

static void cuts_with_512_byte_blocks(void)
{
    cut_everywhere(512, 1, 600);
}

static void cuts_with_4096_byte_blocks(void)
{
    cut_everywhere(4096, 2, 300);
}

/* The device fails at a random operation, for good; what it had not flushed is mostly cut at random; the volume is opened again and used on. */
static void cut_after_cut(uint32_t block_bytes, uint64_t seed, unsigned cuts)
{
    struct run r;
    run_begin(&r, block_bytes, seed);
    struct lld_device device = disk_device(&r.disk);
    unsigned long failed_before = unit_failed_checks;
    for (unsigned n = 0; n < cuts && unit_failed_checks == failed_before; n++) {
        r.disk.op_count = 0;
        r.disk.fail_at = 1 + random_below(&r.random, n % 4 == 0 ? 3 : 120);
        enum lx_err err = LX_OK;
        bool is_committing = false;
        while (err == LX_OK) {
            r.acked = is_committing ? r.next : r.acked;
            r.next = r.acked;
            is_committing = false;
            err = lld_begin(r.l);
            if (err == LX_OK) {
                stage_random(r.l, &r.next, &r.random, &r.version);
                err = lld_commit(r.l);
                is_committing = true;
            }
        }
        CHECK_EQ(err, LX_EIO);
        CHECK_EQ(lld_begin(r.l), LX_EIO);
        CHECK_EQ(lld_checkpoint(r.l), LX_EIO);
        CHECK_EQ(lld_compact(r.l), LX_EIO);
        r.disk.fail_at = 0;
        if (random_below(&r.random, 2) == 0) { /* else only the program ended: what was written can still be read, and still be lost */
            disk_cut(&r.disk, r.disk.now, random_below(&r.random, 257), &r.random);
            memcpy(r.disk.durable, r.disk.now, r.disk.bytes);
            r.disk.pending_count = 0;
        }
        CHECK_EQ(lld_open(&device, LLD_CACHE_BLOCKS_MIN, r.memory, r.memory_bytes, &r.l), LX_OK);
        if (is_committing && !model_holds(r.l, &r.acked)) {
            r.acked = r.next;
        }
        CHECK(model_holds(r.l, &r.acked));
        if (unit_failed_checks != failed_before) {
            printf("# seed %llu, cut %u\n", (unsigned long long)seed, n);
        }
    }
    printf("# %u cuts one after the other\n", cuts);
    run_end(&r);
}

static void cuts_one_after_the_other(void)
{
    cut_after_cut(512, 3, 500);
    cut_after_cut(4096, 4, 250);
}

/* Formatting over a volume: a cut leaves the old volume whole, or none, or the new one, empty. */
static struct run *formatting;
static unsigned format_states[3];

static void at_format_op(void *context)
{
    struct run *r = (struct run *)context;
    struct lld_device device = disk_device(&r->image);
    struct lld *l = NULL;
    static const struct model empty;
    static const uint32_t shares[] = {0, 256, 128, 128, 128, 128};
    for (unsigned i = 0; i < ARRAY_LEN(shares); i++) {
        disk_cut(&r->disk, r->image.now, shares[i], &r->image_random);
        enum lx_err err = lld_open(&device, LLD_CACHE_BLOCKS_MIN, r->image_memory, r->memory_bytes, &l);
        if (err != LX_OK) {
            CHECK(err == LX_ENOENT || err == LX_EBADMSG);
            format_states[0]++;
        } else if (model_holds(l, &r->acked)) {
            format_states[1]++;
        } else {
            CHECK(model_holds(l, &empty));
            format_states[2]++;
        }
    }
}

static void cuts_while_formatting(void)
{
    struct run r;
    run_begin(&r, 512, 5);
    for (unsigned n = 0; n < 50; n++) {
        transact(&r);
    }
    CHECK_EQ(lld_checkpoint(r.l), LX_OK);
    formatting = &r;
    r.disk.at_op = at_format_op;
    r.disk.at_op_context = &r;
    struct lld_device device = disk_device(&r.disk);
    static const uint8_t other_secret[LLD_SECRET_BYTES] = "sixteen others!";
    CHECK_EQ(lld_format(&device, &r.geometry, other_secret, r.memory, r.memory_bytes), LX_OK);
    at_format_op(&r);
    printf("# formatting cut: %u refused, %u old, %u new\n", format_states[0], format_states[1], format_states[2]);
    CHECK(format_states[0] != 0 && format_states[1] != 0 && format_states[2] != 0);
    run_end(&r);
}

int main(void)
{
    static const struct unit_case cases[] = {
        {"power cuts at every write and flush, 512-byte blocks", cuts_with_512_byte_blocks},
        {"power cuts at every write and flush, 4096-byte blocks", cuts_with_4096_byte_blocks},
        {"power cuts one after the other", cuts_one_after_the_other},
        {"power cuts while formatting", cuts_while_formatting},
    };
    return UNIT_MAIN(cases);
}
