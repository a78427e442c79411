/* SPDX-License-Identifier: MIT */
/**
 * A volume, changed in places that the input names, is opened and used. The first byte says how:
 *   bit 0: checksums are made to fit again, so that what lies behind them is reached; then anything may be answered, but within bounds.
 *   else: every answer is right, or an error; what was put afterwards is right.
 * Then come up to CHANGES_MAX changes (place, what is xored), and operations until the input ends.
 */
#include "fake.h"
#include "fuzz_input.h"
#include "private.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len_bytes);

enum { CHANGES_MAX = 12, OPERATIONS_MAX = 20, RESEAL = 1, UNCLEAN = 2 };

static struct disk disk;
static uint8_t *images[2]; /* clean, and as a crash leaves it */
static void *memory;
static size_t memory_bytes;
static struct model model;
static struct model model_before; /* the last transaction: damage to it may undo it */
static struct lld *l;
static struct lld layout; /* where things lie, and what seals them */

static enum lx_err open_volume(void)
{
    struct lld_device device = disk_device(&disk);
    return lld_open(&device, LLD_CACHE_BLOCKS_MIN, memory, memory_bytes, &l);
}

static void make_images(void)
{
    struct lld_geometry g = {.block_bytes = 512, .segment_bytes = 32768, .segment_count = 8, .batch_bytes = 4096,
                             .group_bits = 1, .delta_bits = 6};
    uint32_t version = 0;
    uint64_t random = 1;
    enum lx_err err = LX_OK;
    disk_make(&disk, 512, 8192 + 2 * 4096 + 2 * 4096 + 8 * 32768, false);
    memory_bytes = lld_memory_bytes(&g, LLD_CACHE_BLOCKS_MIN);
    memory = aligned_alloc(LLD_MEMORY_ALIGNMENT, memory_bytes);
    struct lld_device device = disk_device(&disk);
    err = lld_format(&device, &g, fake_secret, memory, memory_bytes);
    assert(err == LX_OK);
    err = open_volume();
    assert(err == LX_OK);
    for (unsigned n = 0; n < 320; n++) {
        model_before = model;
        err = lld_begin(l);
        assert(err == LX_OK);
        uint32_t i = random_below(&random, MODEL_KEYS);
        uint32_t next = random_below(&random, 4) == 0 ? 0 : ++version;
        err = model_stage(l, i, next);
        assert(err == LX_OK);
        model.versions[i] = next;
        err = lld_commit(l);
        assert(err == LX_OK);
    }
    layout = *l;
    for (unsigned i = 0; i < 2; i++) {
        images[i] = (uint8_t *)malloc(disk.bytes);
        assert(images[i] != NULL);
    }
    memcpy(images[1], disk.now, disk.bytes);
    err = lld_checkpoint(l);
    assert(err == LX_OK);
    memcpy(images[0], disk.now, disk.bytes);
}

/* Makes every checksum of what holds byte `at` fit: of the head, a checkpoint, a bucket; or of the block as a batch, and its records. */
static void reseal(uint64_t at)
{
    uint8_t *block = disk.now + align_down(at, 512);
    uint64_t block_at = align_down(at, 512);
    if (at < 2 * SUPER_BYTES) {
        uint8_t *super = disk.now + align_down(at, SUPER_BYTES);
        le32_store(super + 8, crc32c(CRC_START, super + 12, SUPER_BYTES - 12));
    } else if (at < layout.index_at) {
        uint64_t slot = layout.slot_at + (at < layout.slot_at + layout.slot_bytes ? 0 : layout.slot_bytes);
        le32_store(disk.now + slot + 4, crc32c(crc_at(&layout, slot), disk.now + slot + 8, layout.slot_bytes - 8));
    } else if (at < layout.log_at) {
        bucket_seal(&layout, block, block_at);
    } else if (le32_load(block) == BATCH_MAGIC) {
        uint32_t payload = le32_load(block + 24);
        if (payload <= disk.bytes - block_at - BATCH_HEAD_BYTES && payload >= 32) {
            if (block[48 + 12] + 28u <= payload) {
                record_seal(&layout, block + 48, block_at + 48);
            }
            le32_store(block + 32, batch_payload_crc(&layout, le64_load(block + 8), block + 48, payload));
        }
        le32_store(block + 4, crc32c(crc_at(&layout, block_at), block + 8, 40));
    }
}

static void change(struct input *in, bool do_reseal)
{
    uint32_t count = take(in) % CHANGES_MAX;
    for (uint32_t n = 0; n < count; n++) {
        uint64_t at = (take(in) | (uint64_t)take(in) << 8 | (uint64_t)take(in) << 16) % disk.bytes;
        disk.now[at] ^= take(in);
        if (do_reseal) {
            reseal(at);
        }
    }
}

/** Which keys were written since, and are known for sure. */
static struct model later;
static bool is_later[MODEL_KEYS];

static void check_key(uint32_t i, bool is_honest)
{
    enum lx_err err = model_compare(l, i, is_later[i] ? later.versions[i] : model.versions[i]);
    if (is_honest && err == LX_EINVAL) { /* unless it is the last transaction that is missing */
        err = model_compare(l, i, model_before.versions[i]);
        assert(err != LX_EINVAL && !is_later[i]);
    }
    assert(err != LX_ENOSPC && err != LX_EEXIST);
}

static void write_some(struct input *in, uint32_t *version)
{
    struct model staged = later;
    bool is_staged[MODEL_KEYS];
    memcpy(is_staged, is_later, sizeof is_staged);
    if (lld_begin(l) != LX_OK) {
        return;
    }
    uint32_t count = take(in) % 6 + 1;
    for (uint32_t n = 0; n < count; n++) {
        uint32_t i = take(in) % MODEL_KEYS;
        uint32_t next = take(in) % 4 == 0 ? 0 : ++*version;
        if (model_stage(l, i, next) == LX_OK) {
            staged.versions[i] = next;
            is_staged[i] = true;
        }
    }
    if (take(in) % 8 == 0) {
        lld_abort(l);
    } else if (lld_commit(l) == LX_OK) {
        later = staged;
        memcpy(is_later, is_staged, sizeof is_later);
    }
}

static void operate(struct input *in, bool is_honest)
{
    uint32_t version = 100000;
    struct lld_cursor cursor = {0};
    enum lx_err err = LX_OK;
    for (uint32_t n = 0; n < OPERATIONS_MAX && in->left != 0; n++) {
        switch (take(in) % 8) {
        case 0:
        case 1:
        case 2:
            write_some(in, &version);
            break;
        case 3:
            check_key(take(in) % MODEL_KEYS, is_honest);
            break;
        case 4:
            err = lld_next(l, &cursor);
            break;
        case 5:
            err = lld_checkpoint(l);
            break;
        case 6:
            err = lld_compact(l);
            break;
        default:
            err = open_volume();
            assert(err == LX_OK || !is_honest || err == LX_EBADMSG);
            if (err != LX_OK) {
                return;
            }
            break;
        }
        assert(err != LX_EINVAL || !is_honest);
    }
    for (uint32_t i = take(in) % 8; i < MODEL_KEYS; i += 8) {
        check_key(i, is_honest);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len_bytes)
{
    struct input in = {bytes, len_bytes};
    if (images[0] == NULL) {
        make_images();
    }
    uint8_t mode = take(&in);
    memcpy(disk.now, images[(mode & UNCLEAN) != 0], disk.bytes);
    memset(is_later, 0, sizeof is_later);
    change(&in, (mode & RESEAL) != 0);
    if (open_volume() == LX_OK) {
        operate(&in, (mode & RESEAL) == 0);
    }
    return 0;
}
