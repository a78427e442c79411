/* SPDX-License-Identifier: MIT */
/** Record: the bytes of what is kept on the disk, before they are sealed. Source: docs/spec/keystore.md section 2. */
#include "keystore.h"

enum { VERSION = 1, USED_BYTES = 3498, PASSES_MAX = 1000, KIB_MIN = 8, KIB_MAX = 1 << 22 };

static void put_text(struct writer *w, const char *text, size_t room)
{
    static const uint8_t zeros[KEYSTORE_PHRASE_BYTES];
    size_t len = strlen(text);
    assert(len <= room);
    writer_u8(w, (uint8_t)len);
    writer_put(w, text, len);
    writer_put(w, zeros, room - len);
}

static void put_box(struct writer *w, const struct keystore_box *b)
{
    writer_put(w, b->nonce, sizeof b->nonce);
    writer_put(w, b->sealed, sizeof b->sealed);
}

void keystore_record_put(const struct keystore_record *r, uint8_t out[KEYSTORE_PLAIN_BYTES])
{
    struct writer w = writer_of(out, KEYSTORE_PLAIN_BYTES);
    memset(out, 0, KEYSTORE_PLAIN_BYTES);
    writer_u8(&w, VERSION);
    writer_u8(&w, r->kind);
    writer_le16(&w, 0);
    writer_le32(&w, r->failures);
    writer_le32(&w, r->cost.passes);
    writer_le32(&w, r->cost.kib);
    writer_le64(&w, 0);
    writer_put(&w, r->salt, sizeof r->salt);
    put_box(&w, &r->by_password);
    put_box(&w, &r->by_recovery);
    writer_put(&w, r->genesis.bytes, U256_BYTES);
    writer_le32(&w, r->next_sequence);
    writer_le32(&w, r->transaction_len);
    writer_put(&w, r->last_txid.bytes, U512_BYTES);
    writer_le64(&w, r->last_s);
    writer_put(&w, r->next_key.bytes, U256_BYTES);
    writer_put(&w, r->recovery_key.bytes, U256_BYTES);
    writer_put(&w, r->pool, sizeof r->pool);
    put_text(&w, r->phrase, KEYSTORE_PHRASE_BYTES);
    put_text(&w, r->name, KEYSTORE_NAME_BYTES);
    writer_put(&w, r->transaction, sizeof r->transaction);
    assert(!w.overflow && w.used_bytes == USED_BYTES);
}
_Static_assert((int)USED_BYTES <= (int)KEYSTORE_PLAIN_BYTES, "a record fits");

static bool take_text(struct cursor *c, char *out, size_t room)
{
    uint8_t len;
    if (!cursor_u8(c, &len) || len > room || !cursor_copy(c, out, room)) {
        return false;
    }
    for (size_t i = 0; i < room; i++) {
        if (i < len ? out[i] < ' ' || out[i] > '~' : out[i] != 0) {
            return false;
        }
    }
    out[room] = '\0';
    return true;
}

static bool take_box(struct cursor *c, struct keystore_box *b)
{
    return cursor_copy(c, b->nonce, sizeof b->nonce) && cursor_copy(c, b->sealed, sizeof b->sealed);
}

static bool take_fields(struct cursor *c, struct keystore_record *r)
{
    uint8_t version;
    uint16_t none;
    uint64_t none64;
    return cursor_u8(c, &version) && version == VERSION && cursor_u8(c, &r->kind) && cursor_le16(c, &none) && none == 0 &&
           cursor_le32(c, &r->failures) && cursor_le32(c, &r->cost.passes) && cursor_le32(c, &r->cost.kib) &&
           cursor_le64(c, &none64) && none64 == 0 && cursor_copy(c, r->salt, sizeof r->salt) && take_box(c, &r->by_password) &&
           take_box(c, &r->by_recovery) && cursor_copy(c, r->genesis.bytes, U256_BYTES) && cursor_le32(c, &r->next_sequence) &&
           cursor_le32(c, &r->transaction_len) && cursor_copy(c, r->last_txid.bytes, U512_BYTES) && cursor_le64(c, &r->last_s) &&
           cursor_copy(c, r->next_key.bytes, U256_BYTES) && cursor_copy(c, r->recovery_key.bytes, U256_BYTES) &&
           cursor_copy(c, r->pool, sizeof r->pool) && take_text(c, r->phrase, KEYSTORE_PHRASE_BYTES) &&
           take_text(c, r->name, KEYSTORE_NAME_BYTES) && cursor_copy(c, r->transaction, sizeof r->transaction);
}

bool keystore_record_parse(const uint8_t bytes[KEYSTORE_PLAIN_BYTES], struct keystore_record *out)
{
    struct cursor c = cursor_of(bytes, KEYSTORE_PLAIN_BYTES);
    uint8_t any = 0, rest;
    if (!take_fields(&c, out)) {
        return false;
    }
    while (cursor_u8(&c, &rest)) {
        any |= rest;
    }
    return any == 0 && (out->kind == KEYSTORE_OWN || out->kind == KEYSTORE_NEXUS) && out->cost.passes >= 1 &&
           out->cost.passes <= PASSES_MAX && out->cost.kib >= KIB_MIN && out->cost.kib <= KIB_MAX &&
           out->transaction_len <= KEYSTORE_TRANSACTION_BYTES && (out->kind == KEYSTORE_OWN) == (out->next_sequence != 0) &&
           out->phrase[0] != '\0' && out->name[0] != '\0';
}
