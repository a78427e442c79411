/* SPDX-License-Identifier: MIT */
/**
 * Apply: brings the frozen half of the delta into the index, slot by slot, and writes checkpoints (docs/spec/lld.md, section 3).
 * The order that everything rests on: log before index (a commit flushes before its records are applied), index before checkpoint,
 * checkpoint before any segment that it calls free is written.
 */
#include "private.h"

void apply_freeze(struct lld *l)
{
    assert(!l->is_freezing && l->frozen.count == 0);
    struct delta empty = l->frozen;
    l->frozen = l->active;
    l->active = empty;
    l->is_freezing = true;
    l->freeze = l->head;
    l->freeze_queue = l->queue->first;
    l->freeze_live_bytes = l->segments[l->head.segment].live_bytes;
    l->apply_slot = 0;
}

static void segments_free(struct lld *l)
{
    for (uint32_t i = 0; i < l->geometry.segment_count; i++) {
        struct segment *s = &l->segments[i];
        if (s->state == SEGMENT_EMPTIED && s->seq <= l->freeze.seq) {
            *s = (struct segment){.state = SEGMENT_FREE};
            queue_add(l->queue, i);
        }
    }
}

enum lx_err apply_step(struct lld *l, uint32_t slot_count)
{
    uint32_t end = 1u << l->frozen.bits;
    if (!l->is_freezing) {
        return LX_OK;
    }
    for (uint32_t n = 0; n < slot_count && l->apply_slot < end; n++, l->apply_slot++) {
        const struct delta_slot *slot = &l->frozen.slots[l->apply_slot];
        if (slot->word == 0) {
            continue;
        }
        enum lx_err err = index_apply(l, slot->hash, slot->word);
        if (err != LX_OK) {
            return err;
        }
    }
    if (l->apply_slot < end) {
        return LX_OK;
    }
    enum lx_err err = group_write(l);
    if (err == LX_OK) {
        err = device_flush(l);
    }
    if (err == LX_OK) {
        segments_free(l);
        err = checkpoint_write(l);
    }
    return err;
}

/* Two rounds: what is frozen, and what is not yet. Also with an empty delta, for the segments that wait for a checkpoint. */
enum lx_err apply_all(struct lld *l)
{
    enum lx_err err = apply_step(l, UINT32_MAX);
    if (err == LX_OK) {
        apply_freeze(l);
        err = apply_step(l, UINT32_MAX);
    }
    l->stats.housekeeping = err;
    return err;
}

enum lx_err apply_room(struct lld *l, uint32_t record_count)
{
    if (l->active.count + record_count <= delta_limit(l)) {
        return LX_OK;
    }
    enum lx_err err = apply_step(l, UINT32_MAX);
    l->stats.housekeeping = err;
    if (err == LX_OK) {
        apply_freeze(l);
    }
    return err;
}

/* ---- checkpoints ---------------------------------------------------------------------------------------------------- */

static uint64_t slot_at(const struct lld *l, uint64_t number)
{
    return l->slot_at + (number & 1) * l->slot_bytes;
}

static uint32_t slot_crc(const struct lld *l, uint64_t number)
{
    return crc32c(crc_at(l, slot_at(l, number)), l->slot + 8, l->slot_bytes - 8);
}

static uint8_t *slot_segment(const struct lld *l, uint32_t i)
{
    return l->slot + SLOT_HEAD_BYTES + (size_t)i * 8;
}

static uint8_t *slot_queue(const struct lld *l, uint32_t i)
{
    return l->slot + SLOT_HEAD_BYTES + (size_t)l->geometry.segment_count * 8 + (size_t)i * 2;
}

enum lx_err checkpoint_write(struct lld *l)
{
    uint64_t number = l->checkpoint + 1;
    uint32_t queued = l->queue->end - l->freeze_queue;
    assert(queued < l->geometry.segment_count);
    memset(l->slot, 0, l->slot_bytes);
    le32_store(l->slot, SLOT_MAGIC);
    le64_store(l->slot + 8, number);
    le64_store(l->slot + 16, l->freeze.seq);
    le32_store(l->slot + 24, l->freeze.segment);
    le32_store(l->slot + 28, l->freeze.offset_bytes);
    le64_store(l->slot + 32, l->head.seq);
    le64_store(l->slot + 40, l->key_count);
    le32_store(l->slot + 48, queued);
    for (uint32_t i = 0; i < l->geometry.segment_count; i++) {
        const struct segment *s = &l->segments[i];
        le32_store(slot_segment(l, i), i == l->freeze.segment ? l->freeze_live_bytes : s->live_bytes);
        le32_store(slot_segment(l, i) + 4, i == l->freeze.segment ? l->freeze.offset_bytes : s->end_bytes);
    }
    for (uint32_t i = 0; i < queued; i++) { /* as it was at `freeze`: segments taken since are used, and read again from the log */
        uint32_t segment = l->queue->segments[(l->freeze_queue + i) % LLD_SEGMENTS_MAX];
        le16_store(slot_queue(l, i), (uint16_t)segment);
        le64_store(slot_segment(l, segment), 0);
    }
    le32_store(l->slot + 4, slot_crc(l, number));
    enum lx_err err = device_write(l, slot_at(l, number), l->slot_bytes, l->slot);
    if (err == LX_OK) {
        err = device_flush(l);
    }
    if (err != LX_OK) {
        return err;
    }
    l->checkpoint = number;
    l->replay = l->freeze;
    l->is_freezing = false;
    delta_clear(&l->frozen);
    l->stats.checkpoints++;
    return LX_OK;
}

static bool slot_is_good(const struct lld *l, uint64_t number)
{
    return le32_load(l->slot) == SLOT_MAGIC && le32_load(l->slot + 4) == slot_crc(l, number) &&
           (le64_load(l->slot + 8) & 1) == (number & 1) && le64_load(l->slot + 8) != 0;
}

static MUST_USE bool slot_segments_parse(struct lld *l)
{
    uint32_t block_bytes = 1u << l->block_shift;
    for (uint32_t i = 0; i < l->geometry.segment_count; i++) {
        struct segment s = {.state = SEGMENT_USED,
                            .live_bytes = le32_load(slot_segment(l, i)),
                            .end_bytes = le32_load(slot_segment(l, i) + 4)};
        if (s.live_bytes > l->geometry.segment_bytes || s.end_bytes > l->geometry.segment_bytes ||
            !is_aligned(s.end_bytes, block_bytes)) {
            return false;
        }
        l->segments[i] = s;
    }
    return true;
}

static MUST_USE bool slot_parse(struct lld *l)
{
    uint32_t queued = le32_load(l->slot + 48);
    l->checkpoint = le64_load(l->slot + 8);
    l->replay = (struct log_point){.seq = le64_load(l->slot + 16),
                                   .segment = le32_load(l->slot + 24),
                                   .offset_bytes = le32_load(l->slot + 28)};
    l->key_count = le64_load(l->slot + 40);
    if (queued >= l->geometry.segment_count || l->replay.segment >= l->geometry.segment_count ||
        l->replay.offset_bytes > l->geometry.segment_bytes || l->replay.seq >= UINT64_MAX / 2 ||
        l->checkpoint >= UINT64_MAX / 2 || l->key_count > (uint64_t)LLD_GROUP_KEYS << l->geometry.group_bits ||
        !is_aligned(l->replay.offset_bytes, 1u << l->block_shift) ||
        !slot_segments_parse(l)) {
        return false;
    }
    l->queue->first = 0;
    l->queue->end = 0;
    for (uint32_t i = 0; i < queued; i++) {
        uint32_t segment = le16_load(slot_queue(l, i));
        if (segment >= l->geometry.segment_count || segment == l->replay.segment ||
            l->segments[segment].state == SEGMENT_FREE) {
            return false;
        }
        l->segments[segment].state = SEGMENT_FREE;
        queue_add(l->queue, segment);
    }
    l->head = l->replay;
    return true;
}

/* The slot with the higher number counts. If one is damaged, the other does: that one was being written, so nothing rests on it. Had it been
 * complete, a batch that was written after it says so, and log_replay refuses. */
enum lx_err checkpoint_read(struct lld *l, uint64_t *seq_acked)
{
    uint64_t best = 0;
    for (uint64_t i = 0; i < 2; i++) {
        enum lx_err err = device_read(l, slot_at(l, i), l->slot_bytes, l->slot);
        if (err != LX_OK) {
            return err;
        }
        if (slot_is_good(l, i) && le64_load(l->slot + 8) > best) {
            best = le64_load(l->slot + 8);
        }
    }
    if (best == 0) {
        return LX_EBADMSG;
    }
    enum lx_err err = device_read(l, slot_at(l, best), l->slot_bytes, l->slot);
    if (err != LX_OK) {
        return err;
    }
    *seq_acked = le64_load(l->slot + 32);
    return slot_is_good(l, best) && le64_load(l->slot + 8) == best && slot_parse(l) ? LX_OK : LX_EBADMSG;
}
