/* SPDX-License-Identifier: MIT */
/**
 * Log: batches, one behind the other, in segments in the order of the queue. A batch begins at a block of its own, so nothing that was
 * acknowledged is ever written again, and has the next number. One that does not fit goes to the next segment.
 */
#include "private.h"

/* ---- how much of a segment is live ---------------------------------------------------------------------------------- */

static struct segment *segment_of(struct lld *l, uint64_t at)
{
    return &l->segments[(at - l->log_at) / l->geometry.segment_bytes];
}

void live_add(struct lld *l, uint64_t at, uint32_t size_bytes)
{
    struct segment *s = segment_of(l, at);
    uint32_t room = l->geometry.segment_bytes - s->live_bytes;
    s->live_bytes += size_bytes < room ? size_bytes : room;
}

void live_sub(struct lld *l, uint64_t at, uint32_t size_bytes)
{
    struct segment *s = segment_of(l, at);
    s->live_bytes -= size_bytes < s->live_bytes ? size_bytes : s->live_bytes;
}

/* ---- staging -------------------------------------------------------------------------------------------------------- */

void staging_clear(struct lld *l)
{
    l->staged_bytes = BATCH_HEAD_BYTES;
    l->staged_records = 0;
    l->has_puts = false;
    delta_clear(&l->staged);
}

uint8_t *staging_add(struct lld *l, const struct record *r)
{
    uint32_t size = record_bytes(r->key_bytes, r->value_bytes);
    if (l->staged_records == batch_records_max(l) || size > l->geometry.batch_bytes - l->staged_bytes) {
        return NULL;
    }
    uint8_t *to = l->staging + l->staged_bytes;
    record_write(to, r);
    l->staged_bytes += size;
    l->staged_records++;
    return to + RECORD_HEAD_BYTES + r->key_bytes;
}

/* ---- appending ------------------------------------------------------------------------------------------------------ */

static uint32_t block_up(const struct lld *l, uint32_t len_bytes)
{
    return (uint32_t)align_up(len_bytes, 1u << l->block_shift);
}

bool log_fits(const struct lld *l)
{
    return block_up(l, l->staged_bytes) <= l->geometry.segment_bytes - l->head.offset_bytes;
}

static void segment_take(struct lld *l)
{
    uint32_t next = l->queue->segments[l->queue->first++ % LLD_SEGMENTS_MAX];
    assert(l->segments[next].state == SEGMENT_FREE);
    l->segments[next] = (struct segment){.state = SEGMENT_USED};
    l->head.segment = next;
    l->head.offset_bytes = 0;
}

static enum lx_err record_took_effect(struct lld *l, const struct record *r)
{
    struct lld_key key = {r->store, r->key_bytes, r->key};
    bool is_erased = r->kind == RECORD_ERASE;
    uint32_t size = record_bytes(r->key_bytes, r->value_bytes);
    uint64_t before = 0;
    enum lx_err err = delta_put(l, &l->active, key, key_hash(l, key), word_of(r->at, size, is_erased), &before);
    if (err != LX_OK) {
        return err;
    }
    if (before != 0 && (before & WORD_ERASED) == 0) {
        live_sub(l, word_place(before) * UNIT_BYTES, word_bytes(before));
    }
    if (!is_erased) {
        live_add(l, r->at, size);
    }
    return LX_OK;
}

/* Puts the records of the batch in `staging`, which is on the device at `head`, into the delta, and moves `head` behind it. */
static enum lx_err batch_took_effect(struct lld *l, const struct batch *b)
{
    uint64_t at = segment_at(l, l->head.segment) + l->head.offset_bytes;
    uint32_t end = BATCH_HEAD_BYTES + b->payload_bytes;
    uint32_t done = BATCH_HEAD_BYTES;
    for (uint32_t i = 0; i < b->record_count; i++) {
        struct record r;
        if (!record_parse(l, l->staging + done, end - done, at + done, &r)) {
            return LX_EBADMSG;
        }
        enum lx_err err = record_took_effect(l, &r);
        if (err != LX_OK) {
            return err;
        }
        done += record_bytes(r.key_bytes, r.value_bytes);
    }
    l->segments[l->head.segment].seq = b->seq;
    l->head.offset_bytes += block_up(l, end);
    l->head.seq = b->seq + 1;
    l->segments[l->head.segment].end_bytes = l->head.offset_bytes;
    return done == end ? LX_OK : LX_EBADMSG;
}

enum lx_err log_append(struct lld *l)
{
    uint32_t total = block_up(l, l->staged_bytes);
    enum lx_err err = apply_room(l, l->staged_records);
    if (err != LX_OK) {
        return err;
    }
    if (!log_fits(l)) {
        if (queue_count(l) == 0) {
            return LX_ENOSPC;
        }
        segment_take(l);
    }
    struct batch b = {.seq = l->head.seq,
                      .checkpoint = l->checkpoint,
                      .payload_bytes = l->staged_bytes - BATCH_HEAD_BYTES,
                      .record_count = l->staged_records};
    uint64_t at = segment_at(l, l->head.segment) + l->head.offset_bytes;
    memset(l->staging + l->staged_bytes, 0, total - l->staged_bytes);
    batch_seal(l, l->staging, at, &b);
    err = device_write(l, at, total, l->staging);
    if (err == LX_OK) {
        err = device_flush(l);
    }
    if (err == LX_OK) {
        err = batch_took_effect(l, &b);
    }
    l->is_failed = l->is_failed || err != LX_OK; /* it is on the device and not in the delta: only reading it again helps */
    return err == LX_OK ? LX_OK : LX_EIO;
}

/* ---- reading again -------------------------------------------------------------------------------------------------- */

/* Reads the batch at `at` into `staging`. LX_ENOENT: there is none, or not all of it, or one with another number. */
static enum lx_err batch_load(struct lld *l, uint64_t at, uint32_t left_bytes, struct batch *out)
{
    uint32_t block_bytes = 1u << l->block_shift;
    if (left_bytes < block_bytes) {
        return LX_ENOENT;
    }
    enum lx_err err = device_read(l, at, block_bytes, l->staging);
    if (err != LX_OK) {
        return err;
    }
    struct batch b;
    if (!batch_parse(l, l->staging, at, &b) || b.seq != l->head.seq) {
        return LX_ENOENT;
    }
    uint32_t total = block_up(l, BATCH_HEAD_BYTES + b.payload_bytes);
    if (total > left_bytes) {
        return LX_EBADMSG;
    }
    if (total > block_bytes) {
        err = device_read(l, at + block_bytes, total - block_bytes, l->staging + block_bytes);
    }
    if (err != LX_OK) {
        return err;
    }
    *out = b;
    bool is_whole = batch_payload_crc(l, b.seq, l->staging + BATCH_HEAD_BYTES, b.payload_bytes) == b.payload_crc;
    return is_whole ? LX_OK : LX_ENOENT;
}

static enum lx_err replay_batch(struct lld *l, const struct batch *b, bool is_in_next_segment)
{
    if (b->checkpoint > l->checkpoint || b->record_count > batch_records_max(l)) {
        return LX_EBADMSG; /* written when a newer checkpoint was there, which is lost now */
    }
    if (l->active.count + b->record_count > delta_limit(l)) {
        if (l->is_freezing) {
            return LX_EBADMSG;
        }
        apply_freeze(l);
    }
    if (is_in_next_segment) {
        segment_take(l);
    }
    l->stats.replayed_records += b->record_count;
    return batch_took_effect(l, b);
}

static enum lx_err replay_next(struct lld *l)
{
    struct batch b;
    uint64_t at = segment_at(l, l->head.segment) + l->head.offset_bytes;
    enum lx_err err = batch_load(l, at, l->geometry.segment_bytes - l->head.offset_bytes, &b);
    if (err != LX_ENOENT || queue_count(l) == 0) {
        return err == LX_OK ? replay_batch(l, &b, false) : err;
    }
    uint32_t next = l->queue->segments[l->queue->first % LLD_SEGMENTS_MAX];
    err = batch_load(l, segment_at(l, next), l->geometry.segment_bytes, &b);
    return err == LX_OK ? replay_batch(l, &b, true) : err;
}

/* Behind the last batch there may be the rest of one that was never acknowledged, but none with a higher number: that would show that
 * the one that should be here was acknowledged and is damaged. */
static enum lx_err expect_end(struct lld *l, uint32_t segment, uint32_t offset_bytes)
{
    uint32_t step = l->geometry.batch_bytes;
    for (uint32_t at = offset_bytes; at < l->geometry.segment_bytes; at += step) {
        uint32_t left = l->geometry.segment_bytes - at;
        uint32_t piece = left < step ? left : step;
        enum lx_err err = device_read(l, segment_at(l, segment) + at, piece, l->staging);
        for (uint32_t i = 0; i < piece && err == LX_OK; i += 1u << l->block_shift) {
            struct batch b;
            if (batch_parse(l, l->staging + i, segment_at(l, segment) + at + i, &b) && b.seq > l->head.seq) {
                err = LX_EBADMSG;
            }
        }
        if (err != LX_OK) {
            return err;
        }
    }
    return LX_OK;
}

enum lx_err log_replay(struct lld *l, uint64_t seq_acked)
{
    enum lx_err err = LX_OK;
    for (uint32_t batch = 0; batch <= 2 * delta_limit(l) && err == LX_OK; batch++) {
        err = replay_next(l); /* every batch has a record, and no more than the limits of both halves are taken, unless they repeat */
    }
    if (err != LX_ENOENT) {
        return err == LX_OK ? LX_EBADMSG : err;
    }
    err = expect_end(l, l->head.segment, l->head.offset_bytes);
    if (err == LX_OK && queue_count(l) > 0) {
        err = expect_end(l, l->queue->segments[l->queue->first % LLD_SEGMENTS_MAX], 0);
    }
    if (err == LX_OK && l->head.seq < seq_acked) {
        err = LX_EBADMSG;
    }
    return err == LX_OK ? device_flush(l) : err; /* what was found is used from here on, so it must not go away again */
}
