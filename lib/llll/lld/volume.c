/* SPDX-License-Identifier: MIT */
/** Volume: the measures of a volume and where its parts lie (docs/spec/lld.md, sections 1 and 2), and its memory. */
#include "private.h"

_Static_assert(LLD_PROBE_BYTES >= 2 * SUPER_BYTES, "both copies of the head");

/* ---- geometry ------------------------------------------------------------------------------------------------------- */

static uint32_t slot_bytes_of(const struct lld_geometry *g)
{
    return (uint32_t)align_up(SLOT_HEAD_BYTES + (uint64_t)g->segment_count * 10, 4096);
}

static bool block_bytes_are_good(uint32_t block_bytes)
{
    return block_bytes == 512 || block_bytes == 4096;
}

static bool geometry_is_good(const struct lld_geometry *g)
{
    return block_bytes_are_good(g->block_bytes) && is_aligned(g->batch_bytes, 4096) &&
           g->batch_bytes >= LLD_BATCH_BYTES_MIN && g->batch_bytes <= LLD_BATCH_BYTES_MAX &&
           is_aligned(g->segment_bytes, 4096) && g->segment_bytes <= LLD_SEGMENT_BYTES_MAX &&
           g->segment_bytes / 8 >= g->batch_bytes && g->segment_count >= LLD_SEGMENTS_MIN &&
           g->segment_count <= LLD_SEGMENTS_MAX && g->group_bits >= 1 && g->group_bits <= LLD_GROUP_BITS_MAX &&
           g->delta_bits >= LLD_DELTA_BITS_MIN && g->delta_bits <= LLD_DELTA_BITS_MAX;
}

static uint64_t index_at_of(const struct lld_geometry *g)
{
    return 2 * SUPER_BYTES + 2 * (uint64_t)slot_bytes_of(g);
}

static uint64_t log_at_of(const struct lld_geometry *g)
{
    return index_at_of(g) + ((uint64_t)GROUP_BYTES << g->group_bits);
}

static uint64_t end_at_of(const struct lld_geometry *g)
{
    return log_at_of(g) + (uint64_t)g->segment_count * g->segment_bytes;
}

_Static_assert(((uint64_t)GROUP_BYTES << LLD_GROUP_BITS_MAX) / UNIT_BYTES < PLACE_LOST / 2 &&
                   (uint64_t)LLD_SEGMENTS_MAX * LLD_SEGMENT_BYTES_MAX / UNIT_BYTES < PLACE_LOST / 2,
               "every place of the log has a number");

static uint64_t device_bytes(const struct lld_device *device)
{
    uint64_t blocks = device->size(device->context);
    uint64_t bytes = 0;
    return checked_mul(blocks, device->block_bytes, &bytes) ? bytes : UINT64_MAX;
}

/* 64 segments, until they are of 1 MiB; then more of them; then, beyond 1024, larger ones. */
static uint32_t planned_segment_bytes(uint64_t log_bytes)
{
    uint64_t few = log_bytes / 64 < 1u << 20 ? log_bytes / 64 : 1u << 20;
    uint64_t many = log_bytes / 1024;
    uint64_t bytes = align_down(few > many ? few : many, 65536);
    bytes = bytes < 65536 ? 65536 : bytes;
    return bytes > LLD_SEGMENT_BYTES_MAX ? LLD_SEGMENT_BYTES_MAX : (uint32_t)bytes;
}

enum lx_err lld_plan(const struct lld_device *device, uint64_t key_count_max, struct lld_geometry *out)
{
    enum { DELTA_BITS_PLANNED_MAX = 16, BATCH_PLANNED_MAX = 1 << 18 };
    struct lld_geometry g = {.block_bytes = device->block_bytes, .delta_bits = 10, .group_bits = 1};
    if (!block_bytes_are_good(device->block_bytes) || key_count_max == 0) {
        return LX_EINVAL;
    }
    while (g.delta_bits < DELTA_BITS_PLANNED_MAX && key_count_max >> g.delta_bits > 16) {
        g.delta_bits++;
    }
    uint64_t pending = 2ull << g.delta_bits; /* what is in the delta counts as new keys */
    while (g.group_bits < LLD_GROUP_BITS_MAX && index_keys_max(&g) < pending + key_count_max) {
        g.group_bits++;
    }
    g.segment_count = LLD_SEGMENTS_MAX; /* for the largest slots: a little too careful */
    uint64_t head_bytes = log_at_of(&g);
    uint64_t bytes = device_bytes(device);
    if (index_keys_max(&g) < key_count_max || bytes <= head_bytes) {
        return LX_ERANGE;
    }
    uint64_t log_bytes = bytes - head_bytes;
    g.segment_bytes = planned_segment_bytes(log_bytes);
    g.batch_bytes = (uint32_t)align_down(g.segment_bytes / 8, 4096);
    g.batch_bytes = g.batch_bytes > BATCH_PLANNED_MAX ? BATCH_PLANNED_MAX : g.batch_bytes;
    uint64_t count = log_bytes / g.segment_bytes;
    g.segment_count = count > LLD_SEGMENTS_MAX ? LLD_SEGMENTS_MAX : (uint32_t)count;
    if (g.segment_count < LLD_SEGMENTS_MIN) {
        return LX_ERANGE;
    }
    *out = g;
    return LX_OK;
}

/* ---- memory --------------------------------------------------------------------------------------------------------- */

/** Pieces of one stretch of memory; with base NULL they are only counted. */
struct carver {
    uint8_t *base;
    size_t used_bytes;
};

static uint8_t *carve(struct carver *c, size_t len_bytes)
{
    uint8_t *piece = c->base == NULL ? NULL : c->base + c->used_bytes;
    c->used_bytes += (size_t)align_up(len_bytes, LLD_MEMORY_ALIGNMENT);
    return piece;
}

static struct delta carve_delta(struct carver *c, uint32_t bits, bool is_staged)
{
    return (struct delta){.slots = (struct delta_slot *)(void *)carve(c, sizeof(struct delta_slot) << bits),
                          .bits = bits,
                          .is_staged = is_staged};
}

static void carve_all(struct carver *c, struct lld *l, const struct lld_geometry *g, uint32_t cache_blocks)
{
    l->active = carve_delta(c, g->delta_bits, false);
    l->frozen = carve_delta(c, g->delta_bits, false);
    l->staged = carve_delta(c, g->delta_bits - 1u, true);
    l->segments = (struct segment *)(void *)carve(c, sizeof *l->segments * g->segment_count);
    l->queue = (struct free_queue *)(void *)carve(c, sizeof *l->queue);
    l->tags = (uint64_t *)(void *)carve(c, sizeof *l->tags * cache_blocks);
    l->checked = carve(c, cache_blocks);
    l->group = carve(c, GROUP_BYTES);
    l->slot = carve(c, slot_bytes_of(g));
    l->staging = carve(c, g->batch_bytes);
    l->frames = carve(c, (size_t)g->block_bytes * cache_blocks);
}

/* What carve_all takes, and the struct in front of it. */
size_t lld_memory_bytes(const struct lld_geometry *g, uint32_t cache_blocks)
{
    if (!geometry_is_good(g) || !is_power_of_two(cache_blocks) || cache_blocks < LLD_CACHE_BLOCKS_MIN) {
        return 0;
    }
    struct lld l;
    struct carver c = {NULL, 0};
    (void)carve(&c, sizeof l);
    carve_all(&c, &l, g, cache_blocks);
    return c.used_bytes;
}

static struct lld *lay_out(const struct lld_device *device, const struct lld_geometry *g, uint32_t cache_blocks,
                           void *memory)
{
    struct lld *l = (struct lld *)memory;
    struct carver c = {(uint8_t *)memory, 0};
    (void)carve(&c, sizeof *l);
    memset(memory, 0, lld_memory_bytes(g, cache_blocks) - (size_t)g->block_bytes * cache_blocks); /* all but the frames */
    carve_all(&c, l, g, cache_blocks);
    l->device = *device;
    l->geometry = *g;
    l->slot_at = 2 * SUPER_BYTES;
    l->slot_bytes = slot_bytes_of(g);
    l->index_at = index_at_of(g);
    l->log_at = log_at_of(g);
    l->end_at = end_at_of(g);
    l->block_shift = (uint32_t)__builtin_ctz(g->block_bytes);
    l->cache_bits = (uint32_t)__builtin_ctz(cache_blocks);
    return l;
}

static void secret_set(struct lld *l, const uint8_t secret[LLD_SECRET_BYTES])
{
    static const uint8_t name[] = "LLD salt";
    l->key[0] = le64_load(secret);
    l->key[1] = le64_load(secret + 8);
    uint8_t salt[8];
    le64_store(salt, siphash(l->key, name, sizeof name - 1));
    l->salt_crc = crc32c(CRC_START, salt, sizeof salt);
}

/* ---- the head of the volume ----------------------------------------------------------------------------------------- */

static void super_make(uint8_t *out, const struct lld_geometry *g, const uint8_t secret[LLD_SECRET_BYTES])
{
    memset(out, 0, SUPER_BYTES);
    le64_store(out, SUPER_MAGIC);
    le32_store(out + 12, LLD_VERSION);
    le32_store(out + 16, g->block_bytes);
    le32_store(out + 20, g->segment_bytes);
    le32_store(out + 24, g->segment_count);
    le32_store(out + 28, g->batch_bytes);
    out[32] = g->group_bits;
    out[33] = g->delta_bits;
    memcpy(out + 48, secret, LLD_SECRET_BYTES);
    le32_store(out + 8, crc32c(CRC_START, out + 12, SUPER_BYTES - 12));
}

static bool super_is_good(const uint8_t *super)
{
    return le64_load(super) == SUPER_MAGIC && le32_load(super + 8) == crc32c(CRC_START, super + 12, SUPER_BYTES - 12);
}

static enum lx_err super_parse(const struct lld_device *device, const uint8_t *super, struct lld_geometry *out)
{
    if (le32_load(super + 12) != LLD_VERSION || le32_load(super + 16) != device->block_bytes) {
        return LX_ENOTSUP;
    }
    struct lld_geometry g = {.block_bytes = le32_load(super + 16),
                             .segment_bytes = le32_load(super + 20),
                             .segment_count = le32_load(super + 24),
                             .batch_bytes = le32_load(super + 28),
                             .group_bits = super[32],
                             .delta_bits = super[33]};
    if (!geometry_is_good(&g)) {
        return LX_EBADMSG;
    }
    if (end_at_of(&g) > device_bytes(device)) {
        return LX_ERANGE;
    }
    *out = g;
    return LX_OK;
}

/* Reads both copies into `work`; `out` is the one to believe. */
static enum lx_err super_read(const struct lld_device *device, uint8_t *work, const uint8_t **out)
{
    if (!block_bytes_are_good(device->block_bytes)) {
        return LX_EINVAL;
    }
    if (device_bytes(device) < 2 * SUPER_BYTES) {
        return LX_ENOENT;
    }
    if (!device->read(device->context, 0, 2 * SUPER_BYTES / device->block_bytes, work)) {
        return LX_EIO;
    }
    bool is_first = super_is_good(work);
    bool is_second = super_is_good(work + SUPER_BYTES);
    if (!is_first && !is_second) {
        bool is_marked = le64_load(work) == SUPER_MAGIC || le64_load(work + SUPER_BYTES) == SUPER_MAGIC;
        return is_marked ? LX_EBADMSG : LX_ENOENT;
    }
    if (is_first && is_second && memcmp(work, work + SUPER_BYTES, SUPER_BYTES) != 0) {
        return LX_EBADMSG;
    }
    *out = is_first ? work : work + SUPER_BYTES;
    return LX_OK;
}

enum lx_err lld_probe(const struct lld_device *device, void *work, struct lld_geometry *out)
{
    const uint8_t *super = NULL;
    enum lx_err err = super_read(device, (uint8_t *)work, &super);
    return err == LX_OK ? super_parse(device, super, out) : err;
}

/* ---- format, open --------------------------------------------------------------------------------------------------- */

static enum lx_err supers_write(struct lld *l, const uint8_t *super)
{
    enum lx_err err = device_write(l, 0, SUPER_BYTES, super);
    if (err == LX_OK) {
        err = device_write(l, SUPER_BYTES, SUPER_BYTES, super);
    }
    return err == LX_OK ? device_flush(l) : err;
}

static enum lx_err index_format(struct lld *l)
{
    enum lx_err err = LX_OK;
    memset(l->group, 0, GROUP_BYTES);
    for (uint32_t group = 0; group >> l->geometry.group_bits == 0 && err == LX_OK; group++) {
        for (uint32_t i = 0; i < GROUP_BUCKETS; i++) {
            bucket_seal(l, l->group + (size_t)i * BUCKET_BYTES, bucket_at(l, group, i));
        }
        err = device_write(l, bucket_at(l, group, 0), GROUP_BYTES, l->group);
    }
    return err;
}

/* The head is taken away first and written last: what was interrupted is no volume. */
enum lx_err lld_format(const struct lld_device *device, const struct lld_geometry *geometry,
                       const uint8_t secret[LLD_SECRET_BYTES], void *memory, size_t memory_bytes)
{
    size_t need_bytes = lld_memory_bytes(geometry, LLD_CACHE_BLOCKS_MIN);
    if (need_bytes == 0 || geometry->block_bytes != device->block_bytes) {
        return LX_EINVAL;
    }
    if (memory_bytes < need_bytes) {
        return LX_ENOSPC;
    }
    if (end_at_of(geometry) > device_bytes(device)) {
        return LX_ERANGE;
    }
    struct lld *l = lay_out(device, geometry, LLD_CACHE_BLOCKS_MIN, memory);
    secret_set(l, secret);
    enum lx_err err = supers_write(l, l->group);
    if (err == LX_OK) {
        err = index_format(l);
    }
    for (uint32_t number = 0; number < 2 && err == LX_OK; number++) {
        err = device_write(l, l->slot_at + (uint64_t)number * l->slot_bytes, l->slot_bytes, l->slot);
    }
    if (err != LX_OK) {
        return err;
    }
    l->segments[0].state = SEGMENT_USED;
    for (uint32_t i = 1; i < geometry->segment_count; i++) {
        queue_add(l->queue, i);
    }
    l->head = (struct log_point){.seq = 1};
    apply_freeze(l);
    err = checkpoint_write(l);
    if (err == LX_OK) {
        super_make(l->group, geometry, secret);
        err = supers_write(l, l->group);
    }
    return err;
}

/* After a crash the count of keys in the index is too low. Where the index is small enough, it is counted. */
static enum lx_err keys_recount(struct lld *l)
{
    enum { GROUP_BITS_COUNTED = 8 };
    enum lx_err err = LX_OK;
    if (l->stats.replayed_records == 0 || l->geometry.group_bits > GROUP_BITS_COUNTED) {
        return LX_OK;
    }
    l->key_count = 0;
    for (uint32_t group = 0; group >> l->geometry.group_bits == 0 && err == LX_OK; group++) {
        uint32_t count = 0;
        err = index_count(l, group, &count);
        l->key_count += count;
    }
    return err;
}

enum lx_err lld_open(const struct lld_device *device, uint32_t cache_blocks, void *memory, size_t memory_bytes,
                     struct lld **out)
{
    struct lld_geometry g;
    const uint8_t *super = NULL;
    uint8_t secret[LLD_SECRET_BYTES];
    if (memory_bytes < LLD_PROBE_BYTES) {
        return LX_ENOSPC;
    }
    enum lx_err err = super_read(device, (uint8_t *)memory, &super);
    if (err == LX_OK) {
        err = super_parse(device, super, &g);
    }
    if (err != LX_OK) {
        return err;
    }
    size_t need_bytes = lld_memory_bytes(&g, cache_blocks);
    if (need_bytes == 0 || need_bytes > memory_bytes) {
        return LX_ENOSPC;
    }
    memcpy(secret, super + 48, sizeof secret);
    struct lld *l = lay_out(device, &g, cache_blocks, memory);
    secret_set(l, secret);
    uint64_t seq_acked = 0;
    err = checkpoint_read(l, &seq_acked);
    if (err == LX_OK) {
        err = log_replay(l, seq_acked);
    }
    if (err == LX_OK) {
        err = keys_recount(l);
    }
    if (err == LX_OK) {
        *out = l;
    }
    return err;
}
