/* SPDX-License-Identifier: MIT */
/**
 * Execution: what operations make of a register's state. Each checks all before it changes any. Coins are in coins.c.
 * Owns:   nothing.    Uses: base, fields, addresses.
 * Limits: what only the whole ledger knows is not checked: that an address is free, that a token or namespace exists.
 * Source: docs/spec/register.md section 6
 */
#include "field.h"

#define GLOBAL_NAMESPACE "~GLOBAL~"

static bool text_is(const struct field *field, const char *text)
{
    return field->value_bytes == strlen(text) && memcmp(field->value, text, field->value_bytes) == 0;
}

static bool text_contains(const struct field *field, const char *text)
{
    size_t len = strlen(text);
    for (size_t i = 0; i + len <= field->value_bytes; i++) {
        if (memcmp(field->value + i, text, len) == 0) {
            return true;
        }
    }
    return false;
}

/* ---- CREATE: the rules of each standard ------------------------------------------------------------------------- */

static bool is_zero_u64(const struct register_state *state, const char *name)
{
    uint64_t n = 1;
    return field_u64(state, name, &n) && n == 0;
}

static enum register_err check_account(const struct register_state *state)
{
    struct u256 token;
    if (!is_zero_u64(state, "balance") || !field_u256(state, "token", &token) ||
        (!u256_is_zero(&token) && u256_type(&token) != ADDRESS_TOKEN)) {
        return REGISTER_STANDARD;
    }
    return REGISTER_OK;
}

static enum register_err check_token(const struct register_state *state, const struct u256 *address)
{
    struct u256 token;
    uint64_t supply = 0, balance = 0;
    if (!field_u64(state, "supply", &supply) || !field_u64(state, "balance", &balance) || supply != balance) {
        return REGISTER_STANDARD;
    }
    return field_u256(state, "token", &token) && u256_equal(&token, address) ? REGISTER_OK : REGISTER_ADDRESS_VALUE;
}

static enum register_err check_trust(const struct register_state *state, const struct u256 *address)
{
    struct u256 token, expected;
    if (!is_zero_u64(state, "balance") || !is_zero_u64(state, "stake") || !is_zero_u64(state, "trust") ||
        !field_u256(state, "token", &token) || !u256_is_zero(&token)) {
        return REGISTER_STANDARD;
    }
    address_of_trust(&state->owner, &expected);
    return u256_equal(address, &expected) ? REGISTER_OK : REGISTER_ADDRESS_VALUE;
}

static enum register_err check_name(const struct register_state *state, const struct u256 *address)
{
    static const char *const reserved[] = {"NXS", "nxs", "NEXUS", "nexus"};
    struct field name, space;
    struct u256 id = state->owner, expected;
    if (!field_find(state, "name", &name) || !field_find(state, "namespace", &space)) {
        return REGISTER_FIELDS;
    }
    if (text_is(&space, GLOBAL_NAMESPACE)) {
        for (size_t i = 0; i < ARRAY_LEN(reserved); i++) {
            if (text_is(&name, reserved[i])) {
                return REGISTER_STANDARD;
            }
        }
        if (text_contains(&name, ":")) {
            return REGISTER_STANDARD;
        }
    } else if (name.value_bytes > 0 && name.value[0] == ':') {
        return REGISTER_STANDARD;
    }
    if (space.value_bytes > 0) {
        address_of_namespace(space.value, space.value_bytes, &id);
    }
    address_of_name(name.value, name.value_bytes, &id, &expected);
    return u256_equal(address, &expected) ? REGISTER_OK : REGISTER_ADDRESS_VALUE;
}

static enum register_err check_namespace(const struct register_state *state, const struct u256 *address)
{
    static const char *const reserved[] = {"nxs", "nexus.io", "nexus.com", "nexusearth.com"};
    struct field name;
    struct u256 expected;
    if (!field_find(state, "namespace", &name)) {
        return REGISTER_FIELDS;
    }
    for (size_t i = 0; i < name.value_bytes; i++) {
        uint8_t c = name.value[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.')) {
            return REGISTER_STANDARD;
        }
    }
    for (size_t i = 0; i < ARRAY_LEN(reserved); i++) {
        if (text_contains(&name, reserved[i])) {
            return REGISTER_STANDARD;
        }
    }
    address_of_namespace(name.value, name.value_bytes, &expected);
    return u256_equal(address, &expected) ? REGISTER_OK : REGISTER_ADDRESS_VALUE;
}

static enum address_type expected_type(const struct register_state *state)
{
    static const enum address_type of_standard[] = {
        [OBJECT_NONSTANDARD] = ADDRESS_OBJECT, [OBJECT_ACCOUNT] = ADDRESS_ACCOUNT,
        [OBJECT_TOKEN] = ADDRESS_TOKEN,        [OBJECT_TRUST] = ADDRESS_TRUST,
        [OBJECT_NAME] = ADDRESS_NAME,          [OBJECT_NAMESPACE] = ADDRESS_NAMESPACE,
        [OBJECT_CRYPTO] = ADDRESS_CRYPTO,
    };
    if (state->type == REGISTER_OBJECT) {
        return of_standard[object_standard(state)];
    }
    return (enum address_type)(ADDRESS_READONLY + state->type - REGISTER_READONLY);
}

static enum register_err check_standard(const struct register_state *state, const struct u256 *address)
{
    switch (object_standard(state)) {
    case OBJECT_ACCOUNT:
        return check_account(state);
    case OBJECT_TOKEN:
        return check_token(state, address);
    case OBJECT_TRUST:
        return check_trust(state, address);
    case OBJECT_NAME:
        return check_name(state, address);
    case OBJECT_NAMESPACE:
        return check_namespace(state, address);
    case OBJECT_CRYPTO:
    case OBJECT_NONSTANDARD:
        break;
    }
    return REGISTER_OK;
}

static enum register_err create(const struct operation *op, const struct register_caller *caller,
                                struct register_state *state)
{
    if (op->kind < REGISTER_READONLY || op->kind > REGISTER_OBJECT) {
        return REGISTER_TYPE;
    }
    if (op->data.left_bytes > REGISTER_DATA_BYTES_MAX) {
        return REGISTER_TOO_LARGE;
    }
    if (op->kind == REGISTER_OBJECT && !fields_are_valid(op->data.at, op->data.left_bytes)) {
        return REGISTER_FIELDS;
    }
    struct register_state made = {
        .version = 1,
        .type = op->kind,
        .data_bytes = (uint16_t)op->data.left_bytes,
        .owner = caller->genesis,
        .created = caller->timestamp,
        .modified = caller->timestamp,
    };
    memcpy(made.data, op->data.at, made.data_bytes);
    if (u256_type(&op->address) != expected_type(&made)) {
        return REGISTER_ADDRESS_TYPE;
    }
    enum register_err err = check_standard(&made, &op->address);
    if (err == REGISTER_OK) {
        made.checksum = register_checksum(&made);
        *state = made;
    }
    return err;
}

/* ---- WRITE ------------------------------------------------------------------------------------------------------ */

/** Whether an earlier value of the payload is for the same field. */
static bool written_before(const struct cursor *payload, const struct field *value)
{
    struct cursor c = *payload;
    struct field earlier;
    while (payload_next(&c, &earlier) && earlier.name != value->name) {
        if (earlier.name_bytes == value->name_bytes && memcmp(earlier.name, value->name, value->name_bytes) == 0) {
            return true;
        }
    }
    return false;
}

static enum register_err check_value(const struct register_state *state, const struct field *value, struct field *field)
{
    if (field_name_is_reserved(value->name, value->name_bytes)) {
        return REGISTER_FIELD_RESERVED;
    }
    if (!field_find_in(state->data, state->data_bytes, value->name, value->name_bytes, field)) {
        return REGISTER_FIELD_NONE;
    }
    if (!field->is_mutable) {
        return REGISTER_FIELD_CONST;
    }
    if (field->type != value->type) {
        return REGISTER_FIELD_TYPE;
    }
    return field->value_bytes == value->value_bytes ? REGISTER_OK : REGISTER_FIELD_SIZE;
}

static enum register_err write_fields(struct cursor payload, struct register_state *state)
{
    struct cursor c = payload;
    struct field value, field;
    if (!fields_are_valid(state->data, state->data_bytes)) {
        return REGISTER_FIELDS;
    }
    while (payload_next(&c, &value)) {
        enum register_err err = check_value(state, &value, &field);
        if (err != REGISTER_OK) {
            return err;
        }
        if (written_before(&payload, &value)) {
            return REGISTER_FIELD_TWICE;
        }
    }
    if (!cursor_is_empty(&c)) {
        return REGISTER_PAYLOAD;
    }
    c = payload;
    while (payload_next(&c, &value)) {
        bool found = field_find_in(state->data, state->data_bytes, value.name, value.name_bytes, &field);
        assert(found);
        memcpy(state->data + (field.value - state->data), value.value, value.value_bytes);
    }
    return REGISTER_OK;
}

static enum register_err write(const struct operation *op, const struct register_caller *caller,
                               struct register_state *state)
{
    if (state->type != REGISTER_RAW && state->type != REGISTER_OBJECT) {
        return REGISTER_NOT_WRITABLE;
    }
    if (!u256_equal(&state->owner, &caller->genesis)) {
        return REGISTER_OWNER;
    }
    if (state->type == REGISTER_OBJECT) {
        return write_fields(op->data, state);
    }
    if (op->data.left_bytes != state->data_bytes) {
        return REGISTER_SIZE;
    }
    memcpy(state->data, op->data.at, state->data_bytes);
    return REGISTER_OK;
}

/* ---- APPEND, TRANSFER, CLAIM ------------------------------------------------------------------------------------ */

static enum register_err append(const struct operation *op, const struct register_caller *caller,
                                struct register_state *state)
{
    if (state->type != REGISTER_RAW && state->type != REGISTER_APPEND) {
        return REGISTER_NOT_APPENDABLE;
    }
    if (!u256_equal(&state->owner, &caller->genesis)) {
        return REGISTER_OWNER;
    }
    if (op->data.left_bytes > REGISTER_DATA_BYTES_MAX - (size_t)state->data_bytes) {
        return REGISTER_TOO_LARGE;
    }
    memcpy(state->data + state->data_bytes, op->data.at, op->data.left_bytes);
    state->data_bytes = (uint16_t)(state->data_bytes + op->data.left_bytes);
    return REGISTER_OK;
}

static enum register_err transfer(const struct operation *op, const struct register_caller *caller,
                                  struct register_state *state)
{
    if (u256_equal(&state->owner, &op->other)) {
        return REGISTER_TO_OWNER;
    }
    if (state->type == REGISTER_OBJECT && !fields_are_valid(state->data, state->data_bytes)) {
        return REGISTER_FIELDS;
    }
    if (object_standard(state) == OBJECT_TRUST) {
        return REGISTER_TRUST_BOUND;
    }
    if (!u256_equal(&state->owner, &caller->genesis)) {
        return REGISTER_OWNER;
    }
    if (op->kind == TRANSFER_FORCE) {
        state->owner = op->other;
    } else if (caller->version > 1) {
        state->owner = caller->genesis;
        u256_set_type(&state->owner, OWNER_IN_TRANSFER);
    } else {
        state->owner = (struct u256){{0}};
    }
    return REGISTER_OK;
}

static enum register_err claim(const struct register_caller *caller, struct register_state *state)
{
    if (u256_type(&state->owner) != OWNER_IN_TRANSFER) {
        return REGISTER_NOT_OFFERED;
    }
    state->owner = caller->genesis;
    return REGISTER_OK;
}

bool operation_has_register(enum operation_code code)
{
    return code != OPERATION_AUTHORIZE && code != OPERATION_COINBASE;
}

static enum register_err change(const struct operation *op, const struct register_caller *caller,
                                struct register_state *state)
{
    switch (op->code) {
    case OPERATION_WRITE:
        return write(op, caller, state);
    case OPERATION_APPEND:
        return append(op, caller, state);
    case OPERATION_TRANSFER:
        return transfer(op, caller, state);
    case OPERATION_CLAIM:
        return claim(caller, state);
    case OPERATION_DEBIT:
    case OPERATION_CREDIT:
    case OPERATION_FEE:
    case OPERATION_LEGACY:
    case OPERATION_GENESIS:
    case OPERATION_TRUST:
        return coins_execute(op, caller, state);
    case OPERATION_MIGRATE:
        return caller->version == 1 ? coins_execute(op, caller, state) : REGISTER_NOT_EXECUTABLE;
    case OPERATION_CREATE:
    case OPERATION_AUTHORIZE:
    case OPERATION_COINBASE:
        break;
    }
    return REGISTER_NOT_EXECUTABLE;
}

enum register_err register_execute(const struct operation *op, const struct register_caller *caller,
                                   struct register_state *state)
{
    assert(operation_has_register(op->code));
    if (!address_is_register(&op->address)) {
        return REGISTER_ADDRESS;
    }
    if (op->code == OPERATION_CREATE) {
        return create(op, caller, state);
    }
    enum register_err err = change(op, caller, state);
    if (err == REGISTER_OK) {
        state->modified = caller->timestamp;
        state->checksum = register_checksum(state);
    }
    return err;
}
