/* SPDX-License-Identifier: MIT */
/**
 * Compact: empties segments: every record of a segment to which the index or the delta still leads is written again at the end of the
 * log, mostly together with a user's transaction, so that it costs no flush of its own. The segment is free at the first checkpoint
 * whose index knows all of that; until then the old records stay where the index still says that they are.
 * A segment in which something cannot be read is left as it is, for ever: what is readable in it stays readable.
 */
#include "private.h"

enum { FREE_FOR_PUTS = 3, ROUNDS_MAX = 16 };

/* Only what no replay needs can go; `head` writes into its own segment. */
static bool is_eligible(const struct lld *l, uint32_t i)
{
    const struct segment *s = &l->segments[i];
    return s->state == SEGMENT_USED && i != l->head.segment && i != l->replay.segment && s->seq < l->replay.seq &&
           !s->is_damaged;
}

bool compact_is_wanted(const struct lld *l)
{
    uint32_t low = l->geometry.segment_count / 8;
    return queue_count(l) < (low < FREE_FOR_PUTS + 2 ? FREE_FOR_PUTS + 2 : low);
}

static void scan_begin(struct lld *l, uint32_t segment, bool is_count)
{
    l->scan = (struct scan){.is_active = true, .is_count = is_count, .segment = segment};
}

bool compact_choose(struct lld *l, uint32_t live_bytes_max)
{
    if (l->scan.is_active) {
        return true;
    }
    bool has_best = false;
    uint32_t best = 0;
    for (uint32_t i = 0; i < l->geometry.segment_count; i++) {
        if (is_eligible(l, i) && l->segments[i].live_bytes <= live_bytes_max &&
            (!has_best || l->segments[i].live_bytes < l->segments[best].live_bytes)) {
            has_best = true;
            best = i;
        }
    }
    if (has_best) {
        scan_begin(l, best, false);
    }
    return has_best;
}

static enum lx_err scan_damaged(struct lld *l)
{
    l->segments[l->scan.segment].is_damaged = true;
    l->stats.damaged_segments++;
    l->scan.is_active = false;
    return LX_EBADMSG;
}

/* Goes to the next batch of the segment. Behind the last lies what is older or never was a batch; `end_bytes` says where that begins. */
static enum lx_err scan_batch(struct lld *l)
{
    struct scan *s = &l->scan;
    uint64_t at = segment_at(l, s->segment) + s->batch_bytes;
    uint32_t left = l->segments[s->segment].end_bytes - s->batch_bytes;
    uint8_t head[BATCH_HEAD_BYTES];
    const uint8_t *bytes = NULL;
    struct batch b;
    enum lx_err err = cache_bytes(l, at, sizeof head, head, &bytes);
    if (err != LX_OK) {
        return err;
    }
    if (!batch_parse(l, bytes, at, &b) || b.seq <= s->seq) {
        return scan_damaged(l);
    }
    uint32_t total = (uint32_t)align_up(BATCH_HEAD_BYTES + b.payload_bytes, 1u << l->block_shift);
    if (total > left) {
        return scan_damaged(l);
    }
    s->seq = b.seq;
    s->record_bytes = s->batch_bytes + BATCH_HEAD_BYTES;
    s->record_end = s->record_bytes + b.payload_bytes;
    s->batch_bytes += total;
    return LX_OK;
}

/* Whether the record is what a search would find. What is about to replace it in the same batch counts too. */
static enum lx_err is_live(struct lld *l, const struct record *r, bool *out)
{
    struct lld_key key = {r->store, r->key_bytes, r->key};
    uint64_t hash = key_hash(l, key);
    uint32_t slot = 0;
    struct record now;
    *out = false;
    if (r->kind == RECORD_ERASE ||
        (l->staged.count != 0 && delta_find(l, &l->staged, key, hash, &slot, &now) == LX_OK)) {
        return LX_OK;
    }
    enum lx_err err = find_committed(l, key, hash, &now);
    *out = err == LX_OK && now.at == r->at;
    return err == LX_ENOENT ? LX_OK : err;
}

/* Stages the record. LX_EAGAIN: it does not fit any more. The checksum of the value goes with it from where it was first computed. */
static enum lx_err record_move(struct lld *l, const struct record *r)
{
    uint32_t before_bytes = l->staged_bytes;
    uint8_t *value = staging_add(l, r);
    if (value == NULL) {
        return LX_EAGAIN;
    }
    enum lx_err err = record_value(l, r, value);
    if (err != LX_OK) {
        l->staged_bytes = before_bytes;
        l->staged_records--;
        return err;
    }
    l->stats.records_moved++;
    return LX_OK;
}

static enum lx_err scan_record(struct lld *l)
{
    struct scan *s = &l->scan;
    uint8_t key_copy[LLD_KEY_BYTES_MAX];
    struct record r;
    bool live = false;
    enum lx_err err = record_read(l, segment_at(l, s->segment) + s->record_bytes, &r);
    if (err != LX_OK) {
        return err == LX_EBADMSG ? scan_damaged(l) : err;
    }
    uint32_t size = record_bytes(r.key_bytes, r.value_bytes);
    if (size > s->record_end - s->record_bytes) {
        return scan_damaged(l);
    }
    memcpy(key_copy, r.key, r.key_bytes);
    r.key = key_copy;
    err = is_live(l, &r, &live);
    if (err == LX_OK && live && !s->is_count) {
        err = record_move(l, &r);
    }
    if (err != LX_OK) {
        return err == LX_EBADMSG ? scan_damaged(l) : err;
    }
    s->live_bytes += live ? size : 0;
    s->record_bytes += size;
    return LX_OK;
}

static bool scan_is_done(const struct lld *l)
{
    const struct scan *s = &l->scan;
    return s->record_bytes == s->record_end && s->batch_bytes == l->segments[s->segment].end_bytes;
}

enum lx_err compact_stage(struct lld *l, uint32_t budget_bytes)
{
    struct scan *s = &l->scan;
    uint32_t begin = s->record_bytes;
    enum lx_err err = LX_OK;
    while (s->is_active && !scan_is_done(l) && s->record_bytes - begin < budget_bytes && err == LX_OK) {
        err = s->record_bytes == s->record_end ? scan_batch(l) : scan_record(l);
    }
    return err == LX_EAGAIN ? LX_OK : err;
}

void compact_staged(struct lld *l, bool is_durable)
{
    if (!l->scan.is_active) {
        return;
    }
    struct segment *segment = &l->segments[l->scan.segment];
    if (!is_durable) {
        l->scan.is_active = false;
    } else if (scan_is_done(l)) {
        l->scan.is_active = false;
        segment->live_bytes = l->scan.is_count ? l->scan.live_bytes : 0;
        if (!l->scan.is_count) {
            segment->state = SEGMENT_EMPTIED;
            segment->seq = l->head.seq;
        }
    }
}

/* Takes the scan to its end, in batches of its own. */
static enum lx_err scan_finish(struct lld *l)
{
    enum lx_err err = LX_OK;
    while (l->scan.is_active && err == LX_OK) { /* each round passes a record, as any fits into an empty batch */
        staging_clear(l);
        err = compact_stage(l, UINT32_MAX);
        enum lx_err append_err = l->staged_records == 0 ? LX_OK : log_append(l); /* what came before damage is moved nevertheless */
        compact_staged(l, append_err == LX_OK);
        err = append_err != LX_OK ? append_err : err;
    }
    staging_clear(l);
    return err;
}

/* Counts what is live in one segment after the other, where the estimate may be too high. Whether there was one. */
static MUST_USE bool recount_next(struct lld *l, enum lx_err *err)
{
    for (uint32_t n = 0; n < l->geometry.segment_count; n++) {
        l->recount_segment = (l->recount_segment + 1) % l->geometry.segment_count;
        if (is_eligible(l, l->recount_segment)) {
            scan_begin(l, l->recount_segment, true);
            *err = scan_finish(l);
            return true;
        }
    }
    return false;
}

enum lx_err compact_reclaim(struct lld *l)
{
    enum lx_err err = LX_OK;
    for (uint32_t round = 0; round < ROUNDS_MAX && queue_count(l) < FREE_FOR_PUTS && err == LX_OK; round++) {
        err = apply_all(l);
        if (err != LX_OK || queue_count(l) >= FREE_FOR_PUTS) {
            break;
        }
        if (compact_choose(l, compact_live_max(l))) {
            err = scan_finish(l);
        } else if (!recount_next(l, &err)) {
            break;
        }
        err = err == LX_EBADMSG ? LX_OK : err; /* that segment stays as it is */
        if (err == LX_OK) {
            err = apply_all(l);
        }
    }
    return l->is_failed ? LX_EIO : LX_OK;
}

enum lx_err lld_compact(struct lld *l)
{
    assert(!l->is_open);
    if (l->is_failed) {
        return LX_EIO;
    }
    enum lx_err err = apply_all(l);
    if (err != LX_OK) {
        return err;
    }
    if (!compact_choose(l, l->geometry.segment_bytes - l->geometry.batch_bytes)) {
        return LX_ENOENT;
    }
    err = scan_finish(l);
    enum lx_err apply_err = l->is_failed ? LX_EIO : apply_all(l);
    return err != LX_OK ? err : apply_err;
}
