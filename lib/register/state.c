/* SPDX-License-Identifier: MIT */
/**
 * Lengths and register states as bytes.
 * Owns:   nothing.    Uses: base, SK64.
 * Source: docs/spec/register.md sections 1 and 2
 */
#include "register.h"

/* version, type, owner, created, modified, longest length, data, checksum */
_Static_assert(REGISTER_STATE_BYTES_MAX == 1 + 1 + 32 + 8 + 8 + 3 + REGISTER_DATA_BYTES_MAX + 8, "the limits agree");

const char *register_err_text(enum register_err err)
{
    switch (err) {
    case REGISTER_OK:
        return "nothing is wrong";
    case REGISTER_MALFORMED:
        return "its bytes are malformed";
    case REGISTER_VERSION:
        return "the register's state has another version than 1";
    case REGISTER_TYPE:
        return "there is no such type of register";
    case REGISTER_TOO_LARGE:
        return "the register would hold more than 1024 bytes";
    case REGISTER_CHECKSUM:
        return "the register's state does not have the checksum that stands behind it";
    case REGISTER_OPERATION:
        return "there is no such operation, or not with this prefix";
    case REGISTER_CONDITIONS:
        return "the operation takes no conditions, or needs some and has none";
    case REGISTER_ADDRESS:
        return "the address is not that of a register";
    case REGISTER_ADDRESS_TYPE:
        return "the address is of another type than the register";
    case REGISTER_ADDRESS_VALUE:
        return "the register must have another address, by its contents and owner";
    case REGISTER_OWNER:
        return "the signer does not own the register";
    case REGISTER_NOT_WRITABLE:
        return "a register of this type cannot be written";
    case REGISTER_NOT_APPENDABLE:
        return "a register of this type cannot be appended to";
    case REGISTER_SIZE:
        return "raw data must keep its size";
    case REGISTER_FIELDS:
        return "the object's fields are malformed, missing or of the same name";
    case REGISTER_STANDARD:
        return "the object breaks a rule of its standard";
    case REGISTER_PAYLOAD:
        return "the list of fields to write is malformed";
    case REGISTER_FIELD_NONE:
        return "the object has no such field";
    case REGISTER_FIELD_RESERVED:
        return "only the ledger itself writes this field";
    case REGISTER_FIELD_CONST:
        return "the field is not mutable";
    case REGISTER_FIELD_TYPE:
        return "the value is not of the field's type";
    case REGISTER_FIELD_SIZE:
        return "the value is not of the field's size";
    case REGISTER_FIELD_TWICE:
        return "a field is written twice";
    case REGISTER_TO_OWNER:
        return "the register is transferred to its owner";
    case REGISTER_TRUST_BOUND:
        return "a trust account cannot be transferred";
    case REGISTER_NOT_OFFERED:
        return "the register is not being transferred";
    case REGISTER_NO_ACCOUNT:
        return "the register is not an account, or not of this kind of coin";
    case REGISTER_BALANCE:
        return "the account does not hold as much, or cannot";
    case REGISTER_NOT_EXECUTABLE:
        return "operations of this kind are not supported";
    case REGISTER_NO_SPACE:
        return "the buffer is too small";
    }
    return "unknown error";
}

bool compact_size_get(struct cursor *c, uint64_t *out)
{
    struct cursor rest = *c;
    uint8_t first = 0;
    uint16_t n16 = 0;
    uint32_t n32 = 0;
    uint64_t n = 0;
    if (!cursor_u8(&rest, &first)) {
        return false;
    }
    if (first < 0xfd) {
        n = first;
    } else if (first == 0xfd) {
        if (!cursor_le16(&rest, &n16) || n16 < 0xfd) {
            return false;
        }
        n = n16;
    } else { /* 0xff, eight bytes, could only stand for more than the limit */
        if (first == 0xff || !cursor_le32(&rest, &n32) || n32 <= UINT16_MAX || n32 > COMPACT_SIZE_MAX) {
            return false;
        }
        n = n32;
    }
    *c = rest;
    *out = n;
    return true;
}

void compact_size_put(struct writer *w, uint64_t n)
{
    assert(n <= COMPACT_SIZE_MAX);
    if (n < 0xfd) {
        writer_u8(w, (uint8_t)n);
    } else if (n <= UINT16_MAX) {
        writer_u8(w, 0xfd);
        writer_le16(w, (uint16_t)n);
    } else {
        writer_u8(w, 0xfe);
        writer_le32(w, (uint32_t)n);
    }
}

bool vector_get(struct cursor *c, struct cursor *out)
{
    struct cursor rest = *c;
    uint64_t len;
    if (!compact_size_get(&rest, &len) || !cursor_take(&rest, (size_t)len, out)) {
        return false;
    }
    *c = rest;
    return true;
}

void vector_put(struct writer *w, const void *bytes, size_t len_bytes)
{
    compact_size_put(w, len_bytes);
    writer_put(w, bytes, len_bytes);
}

/* ---- states ----------------------------------------------------------------------------------------------------- */

/** All but data and checksum, with the length of the data: 53 bytes at most. */
static size_t head_serialise(const struct register_state *state, uint8_t out[53])
{
    struct writer w = writer_of(out, 53);
    writer_u8(&w, state->version);
    writer_u8(&w, state->type);
    writer_put(&w, state->owner.bytes, U256_BYTES);
    writer_le64(&w, state->created);
    writer_le64(&w, state->modified);
    compact_size_put(&w, state->data_bytes);
    return w.used_bytes;
}

uint64_t register_checksum(const struct register_state *state)
{
    uint8_t head[53], out[8];
    struct sk s;
    sk_init(&s, SK64);
    sk_update(&s, head, head_serialise(state, head));
    sk_update(&s, state->data, state->data_bytes);
    sk_final(&s, out);
    return le64_load(out);
}

void register_serialise(const struct register_state *state, struct writer *w)
{
    uint8_t head[53];
    writer_put(w, head, head_serialise(state, head));
    writer_put(w, state->data, state->data_bytes);
    writer_le64(w, state->checksum);
}

enum register_err register_parse(struct cursor *c, struct register_state *out)
{
    struct cursor rest = *c, data;
    if (!cursor_u8(&rest, &out->version) || !cursor_u8(&rest, &out->type) ||
        !cursor_copy(&rest, out->owner.bytes, U256_BYTES) || !cursor_le64(&rest, &out->created) ||
        !cursor_le64(&rest, &out->modified) || !vector_get(&rest, &data) || !cursor_le64(&rest, &out->checksum)) {
        return REGISTER_MALFORMED;
    }
    if (out->version != 1) {
        return REGISTER_VERSION;
    }
    if (out->type < REGISTER_READONLY || out->type > REGISTER_OBJECT) {
        return REGISTER_TYPE;
    }
    if (data.left_bytes > REGISTER_DATA_BYTES_MAX) {
        return REGISTER_TOO_LARGE;
    }
    out->data_bytes = (uint16_t)data.left_bytes;
    memcpy(out->data, data.at, data.left_bytes);
    if (register_checksum(out) != out->checksum) {
        return REGISTER_CHECKSUM;
    }
    *c = rest;
    return REGISTER_OK;
}

bool register_equal(const struct register_state *a, const struct register_state *b)
{
    return a->version == b->version && a->type == b->type && u256_equal(&a->owner, &b->owner) &&
           a->created == b->created && a->modified == b->modified && a->checksum == b->checksum &&
           a->data_bytes == b->data_bytes && memcmp(a->data, b->data, a->data_bytes) == 0;
}
