/* SPDX-License-Identifier: MIT */
/** Record: the bytes of records and batches (docs/spec/lld.md, sections 5 and 6). */
#include "private.h"

/* ---- records: crc, value crc, value length, key length, store, kind, zero; key; value; zeros ------------------------- */

static uint32_t head_crc(const struct lld *l, const uint8_t *bytes, uint64_t at, uint32_t key_bytes)
{
    return crc32c(crc_at(l, at), bytes + 4, RECORD_HEAD_BYTES - 4 + key_bytes);
}

static void head_parse(const uint8_t *bytes, uint64_t at, struct record *out)
{
    *out = (struct record){.at = at,
                           .value_crc = le32_load(bytes + 4),
                           .value_bytes = le32_load(bytes + 8),
                           .key_bytes = bytes[12],
                           .store = bytes[13],
                           .kind = bytes[14],
                           .key = bytes + RECORD_HEAD_BYTES};
}

/* What holds for every record that we write; checked after the checksum, so a failure means a hostile or impossible volume. */
static bool is_sane(const struct record *r, uint8_t zero, uint64_t left_bytes)
{
    bool kind = r->kind == RECORD_PUT || (r->kind == RECORD_ERASE && r->value_bytes == 0);
    return kind && zero == 0 && r->key_bytes != 0 && r->value_bytes <= LLD_VALUE_BYTES_MAX &&
           record_bytes(r->key_bytes, r->value_bytes) <= left_bytes;
}

bool record_parse(const struct lld *l, const uint8_t *bytes, uint64_t left_bytes, uint64_t at, struct record *out)
{
    if (left_bytes < RECORD_HEAD_BYTES) {
        return false;
    }
    struct record r;
    head_parse(bytes, at, &r);
    if (!is_sane(&r, bytes[15], left_bytes) || head_crc(l, bytes, at, r.key_bytes) != le32_load(bytes)) {
        return false;
    }
    *out = r;
    return true;
}

enum lx_err record_read(struct lld *l, uint64_t at, struct record *out)
{
    if (at < l->log_at || at >= l->end_at) {
        return LX_EBADMSG;
    }
    uint64_t left = l->geometry.segment_bytes - (at - l->log_at) % l->geometry.segment_bytes;
    const uint8_t *bytes = NULL;
    enum lx_err err = cache_bytes(l, at, RECORD_HEAD_BYTES, l->key_copy, &bytes); /* multiples of 16: inside the segment */
    if (err != LX_OK) {
        return err;
    }
    struct record r;
    head_parse(bytes, at, &r);
    if (!is_sane(&r, bytes[15], left)) {
        return LX_EBADMSG;
    }
    uint32_t block_bytes = 1u << l->block_shift;
    if (RECORD_HEAD_BYTES + (uint32_t)r.key_bytes > block_bytes - ((uint32_t)at & (block_bytes - 1))) {
        err = cache_bytes(l, at, RECORD_HEAD_BYTES + (uint32_t)r.key_bytes, l->key_copy, &bytes);
        if (err != LX_OK) {
            return err;
        }
        r.key = bytes + RECORD_HEAD_BYTES;
    }
    if (head_crc(l, bytes, at, r.key_bytes) != le32_load(bytes)) {
        return LX_EBADMSG;
    }
    *out = r;
    return LX_OK;
}

void record_write(uint8_t *out, const struct record *r)
{
    memset(out, 0, 4);
    le32_store(out + 4, r->value_crc);
    le32_store(out + 8, r->value_bytes);
    out[12] = r->key_bytes;
    out[13] = r->store;
    out[14] = r->kind;
    out[15] = 0;
    memcpy(out + RECORD_HEAD_BYTES, r->key, r->key_bytes);
    size_t used = RECORD_HEAD_BYTES + (size_t)r->key_bytes + r->value_bytes;
    memset(out + used, 0, record_bytes(r->key_bytes, r->value_bytes) - used);
}

void record_seal(const struct lld *l, uint8_t *bytes, uint64_t at)
{
    le32_store(bytes, head_crc(l, bytes, at, bytes[12]));
}

enum lx_err record_value(struct lld *l, const struct record *r, void *out)
{
    const uint8_t *bytes = NULL;
    enum lx_err err =
        cache_bytes(l, r->at + RECORD_HEAD_BYTES + r->key_bytes, r->value_bytes, (uint8_t *)out, &bytes);
    if (err != LX_OK) {
        return err;
    }
    if (bytes != out) {
        memcpy(out, bytes, r->value_bytes);
    }
    return crc32c(CRC_START, out, r->value_bytes) == r->value_crc ? LX_OK : LX_EBADMSG;
}

bool record_is_of(const struct record *r, struct lld_key key)
{
    return r->store == key.store && r->key_bytes == key.len_bytes && memcmp(r->key, key.bytes, key.len_bytes) == 0;
}

/* ---- batches: magic, crc, number, checkpoint, payload length, records, payload crc, zeros ---------------------------- */

static uint32_t batch_crc(const struct lld *l, const uint8_t *head, uint64_t at)
{
    return crc32c(crc_at(l, at), head + 8, BATCH_HEAD_BYTES - 8);
}

uint32_t batch_payload_crc(const struct lld *l, uint64_t seq, const uint8_t *payload, uint32_t len_bytes)
{
    return crc32c(crc_at(l, seq), payload, len_bytes);
}

bool batch_parse(const struct lld *l, const uint8_t *head, uint64_t at, struct batch *out)
{
    if (le32_load(head) != BATCH_MAGIC || le32_load(head + 4) != batch_crc(l, head, at)) {
        return false;
    }
    *out = (struct batch){.seq = le64_load(head + 8),
                          .checkpoint = le64_load(head + 16),
                          .payload_bytes = le32_load(head + 24),
                          .record_count = le32_load(head + 28),
                          .payload_crc = le32_load(head + 32)};
    return out->payload_bytes <= l->geometry.batch_bytes - BATCH_HEAD_BYTES && is_aligned(out->payload_bytes, UNIT_BYTES) &&
           out->record_count != 0 && out->record_count <= out->payload_bytes / (2 * UNIT_BYTES) &&
           le32_load(head + 36) == 0 && le64_load(head + 40) == 0;
}

void batch_seal(const struct lld *l, uint8_t *bytes, uint64_t at, const struct batch *b)
{
    uint32_t done = BATCH_HEAD_BYTES;
    for (uint32_t i = 0; i < b->record_count; i++) {
        assert(done < BATCH_HEAD_BYTES + b->payload_bytes);
        record_seal(l, bytes + done, at + done);
        done += record_bytes(bytes[done + 12], le32_load(bytes + done + 8));
    }
    assert(done == BATCH_HEAD_BYTES + b->payload_bytes);
    memset(bytes, 0, BATCH_HEAD_BYTES);
    le32_store(bytes, BATCH_MAGIC);
    le64_store(bytes + 8, b->seq);
    le64_store(bytes + 16, b->checkpoint);
    le32_store(bytes + 24, b->payload_bytes);
    le32_store(bytes + 28, b->record_count);
    le32_store(bytes + 32, batch_payload_crc(l, b->seq, bytes + BATCH_HEAD_BYTES, b->payload_bytes));
    le32_store(bytes + 4, batch_crc(l, bytes, at));
}
