/* SPDX-License-Identifier: MIT */
/**
 * Fields of object registers: name, an optional 0xff that makes it mutable, type, value.
 * Owns:   nothing.    Uses: base.
 * Limits: a search is linear, and validity quadratic in the fields: 341 at most in 1024 bytes.
 * Source: docs/spec/register.md section 3
 */
#include "field.h"

#define MUTABLE           0xffu
#define PAYLOAD_TYPE_BASE 0x70u /* of FIELD_U8 in a WRITE */

/** Takes a value of this type. @return false when it is cut short, or there is no such type. */
static bool value_get(struct cursor *c, uint8_t type, struct cursor *out)
{
    static const uint8_t sizes[] = {
        [FIELD_U8] = 1,    [FIELD_U16] = 2,   [FIELD_U32] = 4,     [FIELD_U64] = 8,
        [FIELD_U256] = 32, [FIELD_U512] = 64, [FIELD_U1024] = 128,
    };
    if (type == FIELD_STRING || type == FIELD_BYTES) {
        return vector_get(c, out);
    }
    return type >= FIELD_U8 && type <= FIELD_U1024 && cursor_take(c, sizes[type], out);
}

bool field_next(struct cursor *c, struct field *out)
{
    struct cursor rest = *c, name, value;
    uint8_t type;
    bool is_mutable = false;
    if (!vector_get(&rest, &name) || !cursor_u8(&rest, &type)) {
        return false;
    }
    if (type == MUTABLE) {
        is_mutable = true;
        if (!cursor_u8(&rest, &type)) {
            return false;
        }
    }
    if (!value_get(&rest, type, &value)) {
        return false;
    }
    *out = (struct field){name.at, name.left_bytes, (enum field_type)type, is_mutable, value.at, value.left_bytes};
    *c = rest;
    return true;
}

bool field_find_in(const uint8_t *data, size_t len_bytes, const void *name, size_t name_bytes, struct field *out)
{
    struct cursor c = cursor_of(data, len_bytes);
    struct field field;
    while (field_next(&c, &field)) {
        if (field.name_bytes == name_bytes && memcmp(field.name, name, name_bytes) == 0) {
            *out = field;
            return true;
        }
    }
    return false;
}

bool fields_are_valid(const uint8_t *data, size_t len_bytes)
{
    struct cursor c = cursor_of(data, len_bytes);
    struct field field, first;
    while (field_next(&c, &field)) {
        /* The first of this name must be this one. */
        if (!field_find_in(data, len_bytes, field.name, field.name_bytes, &first) || first.name != field.name) {
            return false;
        }
    }
    return len_bytes > 0 && cursor_is_empty(&c);
}

bool field_find(const struct register_state *state, const char *name, struct field *out)
{
    return state->type == REGISTER_OBJECT && field_find_in(state->data, state->data_bytes, name, strlen(name), out);
}

static bool find_typed(const struct register_state *state, const char *name, enum field_type type, struct field *out)
{
    return field_find(state, name, out) && out->type == type;
}

bool field_u8(const struct register_state *state, const char *name, uint8_t *out)
{
    struct field field;
    if (!find_typed(state, name, FIELD_U8, &field)) {
        return false;
    }
    *out = field.value[0];
    return true;
}

bool field_u64(const struct register_state *state, const char *name, uint64_t *out)
{
    struct field field;
    if (!find_typed(state, name, FIELD_U64, &field)) {
        return false;
    }
    *out = le64_load(field.value);
    return true;
}

bool field_u256(const struct register_state *state, const char *name, struct u256 *out)
{
    struct field field;
    if (!find_typed(state, name, FIELD_U256, &field)) {
        return false;
    }
    memcpy(out->bytes, field.value, U256_BYTES);
    return true;
}

bool field_string(const struct register_state *state, const char *name, char *out, size_t cap_bytes)
{
    struct field field;
    if (!find_typed(state, name, FIELD_STRING, &field)) {
        return false;
    }
    size_t len = 0;
    while (len < field.value_bytes && field.value[len] != 0) {
        len++;
    }
    if (len >= cap_bytes) {
        return false;
    }
    memcpy(out, field.value, len);
    out[len] = '\0';
    return true;
}

/* ---- writing ---------------------------------------------------------------------------------------------------- */

static void value_put(struct writer *w, enum field_type type, const void *value, size_t value_bytes)
{
    if (type == FIELD_STRING || type == FIELD_BYTES) {
        vector_put(w, value, value_bytes);
    } else {
        writer_put(w, value, value_bytes);
    }
}

void field_put(struct writer *w, const char *name, enum field_type type, bool is_mutable, const void *value,
               size_t value_bytes)
{
    size_t start = w->used_bytes;
    vector_put(w, name, strlen(name));
    if (is_mutable) {
        writer_u8(w, MUTABLE);
    }
    writer_u8(w, (uint8_t)type);
    value_put(w, type, value, value_bytes);
    struct cursor c = cursor_of(w->bytes + start, w->used_bytes - start);
    struct field back;
    bool reads_back = field_next(&c, &back) && cursor_is_empty(&c);
    assert(w->overflow || reads_back);
}

bool field_name_is_reserved(const void *name, size_t name_bytes)
{
    static const char *const reserved[] = {"balance", "token", "require", "supply", "decimals",
                                           "trust",   "stake", "system",  "name"};
    for (size_t i = 0; i < ARRAY_LEN(reserved); i++) {
        if (strlen(reserved[i]) == name_bytes && memcmp(reserved[i], name, name_bytes) == 0) {
            return true;
        }
    }
    return false;
}

enum register_err field_rewrite(struct writer *payload, const struct register_state *state, const char *name,
                                const void *value, size_t value_bytes)
{
    struct field field;
    if (state->type != REGISTER_OBJECT || !fields_are_valid(state->data, state->data_bytes)) {
        return REGISTER_FIELDS;
    }
    if (!field_find(state, name, &field)) {
        return REGISTER_FIELD_NONE;
    }
    if (field_name_is_reserved(name, strlen(name))) {
        return REGISTER_FIELD_RESERVED;
    }
    if (!field.is_mutable) {
        return REGISTER_FIELD_CONST;
    }
    if (field.value_bytes != value_bytes) {
        return REGISTER_FIELD_SIZE;
    }
    vector_put(payload, name, strlen(name));
    writer_u8(payload, (uint8_t)(PAYLOAD_TYPE_BASE + field.type - FIELD_U8));
    value_put(payload, field.type, value, value_bytes);
    return payload->overflow ? REGISTER_NO_SPACE : REGISTER_OK;
}

bool payload_next(struct cursor *c, struct field *out)
{
    struct cursor rest = *c, name, value;
    uint8_t type;
    if (!vector_get(&rest, &name) || !cursor_u8(&rest, &type) || type < PAYLOAD_TYPE_BASE) {
        return false;
    }
    type = (uint8_t)(type - PAYLOAD_TYPE_BASE + FIELD_U8);
    if (!value_get(&rest, type, &value)) {
        return false;
    }
    *out = (struct field){name.at, name.left_bytes, (enum field_type)type, true, value.at, value.left_bytes};
    *c = rest;
    return true;
}

/* ---- standards -------------------------------------------------------------------------------------------------- */

static bool has(const struct register_state *state, const char *name, enum field_type type, bool is_mutable)
{
    struct field field;
    return find_typed(state, name, type, &field) && field.is_mutable == is_mutable;
}

static bool is_crypto(const struct register_state *state)
{
    static const char *const names[] = {"auth", "lisp", "network", "sign", "verify", "cert", "app1", "app2", "app3"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (!has(state, names[i], FIELD_U256, true)) {
            return false;
        }
    }
    return true;
}

static enum object_standard account_standard(const struct register_state *state)
{
    if (has(state, "supply", FIELD_U64, false) && has(state, "decimals", FIELD_U8, false)) {
        return OBJECT_TOKEN;
    }
    if (has(state, "trust", FIELD_U64, true) && has(state, "stake", FIELD_U64, true)) {
        return OBJECT_TRUST;
    }
    return OBJECT_ACCOUNT;
}

bool object_holds_coins(const struct register_state *state)
{
    return has(state, "token", FIELD_U256, false) && has(state, "balance", FIELD_U64, true);
}

enum object_standard object_standard(const struct register_state *state)
{
    struct cursor c = cursor_of(state->data, state->data_bytes);
    struct field field;
    size_t count = 0;
    if (state->type != REGISTER_OBJECT) {
        return OBJECT_NONSTANDARD;
    }
    while (field_next(&c, &field)) {
        count++;
    }
    if (count == 1 && has(state, "namespace", FIELD_STRING, false)) {
        return OBJECT_NAMESPACE;
    }
    if (count == 9 && is_crypto(state)) {
        return OBJECT_CRYPTO;
    }
    if (count == 3 && has(state, "namespace", FIELD_STRING, false) && has(state, "name", FIELD_STRING, false) &&
        field_find(state, "address", &field)) {
        return OBJECT_NAME;
    }
    return object_holds_coins(state) ? account_standard(state) : OBJECT_NONSTANDARD;
}
