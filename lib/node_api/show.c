/* SPDX-License-Identifier: MIT */
/**
 * What the ledger holds, as the node's API shows it. Everything comes out of our own store, and was checked when it went in.
 * Limits: names of registers are not looked up; amounts of coins are in their smallest unit.
 * Source: LLL-TAO 5.1.6, TAO/API/json.cpp, as described in docs/spec/node.md section 5
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "private.h"

#define DIFFICULTY_PRIVATE 31.999515 /* what the node prints for the bits of a private block */
#define STATE_BEFORE       0x01u

json_t *show_hash(const uint8_t *mem, size_t len_bytes)
{
    char hex[U1024_HEX_CHARS];
    assert(len_bytes <= U1024_BYTES);
    hex_of_mem(mem, len_bytes, hex);
    return json_string(hex);
}

json_t *show_hex(const uint8_t *bytes, size_t len_bytes)
{
    static const char digits[] = "0123456789abcdef";
    char *hex = (char *)malloc(2 * len_bytes + 1);
    if (hex == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < len_bytes; i++) {
        hex[2 * i] = digits[bytes[i] >> 4];
        hex[2 * i + 1] = digits[bytes[i] & 15];
    }
    hex[2 * len_bytes] = '\0';
    json_t *out = json_string_nocheck(hex);
    free(hex);
    return out;
}

static void set(json_t *object, const char *name, json_t *value)
{
    (void)json_object_set_new_nocheck(object, name, value); /* without memory the member is missing, and the call fails */
}

static json_t *show_address(const struct u256 *address)
{
    char text[ADDRESS_TEXT_CHARS];
    if (u256_is_zero(address)) {
        return json_string("0");
    }
    address_text_of(address, text);
    return json_string(text);
}

static json_t *show_number(uint64_t n)
{
    char text[24];
    if (n <= INT64_MAX) {
        return json_integer((json_int_t)n);
    }
    snprintf(text, sizeof text, "%llu", (unsigned long long)n);
    return json_string(text);
}

/* ---- registers ------------------------------------------------------------------------------------------------------ */

/** Text as JSON if it is that, or else as text up to its trailing zeros; hexadecimal if it is no UTF-8. */
static json_t *show_text(const uint8_t *bytes, size_t len_bytes, const char **member)
{
    json_t *parsed = json_loadb((const char *)bytes, len_bytes, JSON_DECODE_ANY, NULL);
    *member = parsed != NULL ? "json" : "data";
    if (parsed != NULL) {
        return parsed;
    }
    size_t used = len_bytes;
    while (used > 0 && bytes[used - 1] == 0) {
        used--;
    }
    json_t *text = json_stringn((const char *)bytes, used);
    return text != NULL ? text : show_hex(bytes, len_bytes);
}

static json_t *show_base64(const uint8_t *bytes, size_t len_bytes)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char out[4 * (REGISTER_DATA_BYTES_MAX / 3 + 1) + 1];
    size_t used = 0;
    assert(len_bytes <= REGISTER_DATA_BYTES_MAX);
    for (size_t i = 0; i < len_bytes; i += 3) {
        size_t left = len_bytes - i;
        uint32_t n = (uint32_t)bytes[i] << 16 | (left > 1 ? (uint32_t)bytes[i + 1] << 8 : 0) | (left > 2 ? bytes[i + 2] : 0u);
        out[used++] = digits[n >> 18];
        out[used++] = digits[n >> 12 & 63];
        out[used++] = left > 1 ? digits[n >> 6 & 63] : '=';
        out[used++] = left > 2 ? digits[n & 63] : '=';
    }
    out[used] = '\0';
    return json_string(out);
}

static json_t *show_value(enum field_type type, const char *name, const uint8_t *value, size_t len_bytes)
{
    const char *member;
    struct u256 id;
    size_t used = 0;
    switch (type) {
    case FIELD_U8:
        return json_integer(value[0]);
    case FIELD_U16:
        return json_integer(le16_load(value));
    case FIELD_U32:
        return json_integer(le32_load(value));
    case FIELD_U64:
        return show_number(le64_load(value));
    case FIELD_U256:
        memcpy(id.bytes, value, U256_BYTES);
        return strcmp(name, "token") == 0 || strcmp(name, "register") == 0 ? show_address(&id)
                                                                           : show_hash(value, len_bytes);
    case FIELD_U512:
    case FIELD_U1024:
        return show_hash(value, len_bytes);
    case FIELD_STRING:
        return show_text(value, len_bytes, &member);
    case FIELD_BYTES:
        while (used < len_bytes && value[used] != 0) {
            used++;
        }
        return show_base64(value, used);
    }
    return NULL;
}

static void show_members(json_t *out, const struct register_state *state)
{
    struct cursor c = cursor_of(state->data, state->data_bytes);
    struct field f;
    char name[256];
    while (field_next(&c, &f)) {
        snprintf(name, sizeof name, "%.*s", (int)f.name_bytes, (const char *)f.name);
        if (f.type == FIELD_U16 && strcmp(name, "_usertype") == 0) {
            continue;
        }
        const char *shown = f.type == FIELD_U256 && strcmp(name, "address") == 0 ? "register" : name;
        json_t *value = show_value(f.type, shown, f.value, f.value_bytes);
        if (json_object_set_new(out, shown, value) != 0) {
            set(out, "?", json_null()); /* a name that is no UTF-8 */
        }
    }
}

static const char *type_name(const struct register_state *state)
{
    static const char *const registers[] = {
        [REGISTER_READONLY] = "READONLY", [REGISTER_APPEND] = "APPEND", [REGISTER_RAW] = "RAW"};
    static const char *const standards[] = {
        [OBJECT_NONSTANDARD] = "OBJECT", [OBJECT_ACCOUNT] = "ACCOUNT", [OBJECT_TOKEN] = "TOKEN",
        [OBJECT_TRUST] = "TRUST",        [OBJECT_NAME] = "NAME",       [OBJECT_NAMESPACE] = "NAMESPACE",
        [OBJECT_CRYPTO] = "CRYPTO",
    };
    return state->type == REGISTER_OBJECT ? standards[object_standard(state)] : registers[state->type];
}

/** What the node's own commands note in front of what they make: 1 supply, 2 invoice, 3 asset. */
static uint16_t form_of(const struct register_state *state)
{
    struct field f;
    if (state->type == REGISTER_OBJECT) {
        bool has = field_find(state, "_usertype", &f) && f.type == FIELD_U16 && !f.is_mutable;
        return has ? le16_load(f.value) : 0;
    }
    return state->type != REGISTER_APPEND && state->data_bytes >= 3 ? le16_load(state->data) : 0;
}

static const char *form_name(uint16_t form)
{
    static const char *const names[] = {NULL, "SUPPLY", "INVOICE", "ASSET"};
    return form < ARRAY_LEN(names) ? names[form] : NULL;
}

static void show_type(json_t *out, const struct register_state *state)
{
    const char *form = form_name(form_of(state));
    set(out, "type", json_string(type_name(state)));
    if (form != NULL) {
        set(out, "form", json_string(form));
    }
}

/** What a register holds that is no object. */
static json_t *show_data(const struct register_state *state, const char **member)
{
    struct cursor c = cursor_of(state->data, state->data_bytes), text = c;
    if (form_name(form_of(state)) != NULL) {
        uint16_t form;
        if (!cursor_le16(&c, &form) || !vector_get(&c, &text)) {
            *member = "data";
            return show_hex(state->data, state->data_bytes);
        }
    }
    return show_text(text.at, text.left_bytes, member);
}

json_t *show_register(const struct u256 *address, const struct register_state *state)
{
    const char *member;
    json_t *out = json_object();
    set(out, "owner", show_hash(state->owner.bytes, U256_BYTES));
    set(out, "version", json_integer(state->version));
    set(out, "created", show_number(state->created));
    set(out, "modified", show_number(state->modified));
    show_type(out, state);
    if (state->type == REGISTER_OBJECT) {
        show_members(out, state);
    } else {
        json_t *data = show_data(state, &member);
        set(out, member, data);
    }
    set(out, "address", show_address(address));
    return out;
}

/* ---- contracts ------------------------------------------------------------------------------------------------------ */

/** A field that a WRITE changes: {"name", "old", "new"}. @return false at the end. */
static bool show_change(struct cursor *payload, const struct register_state *before, json_t *out)
{
    struct cursor name, value;
    uint8_t type;
    char text[256];
    struct field f;
    if (!vector_get(payload, &name) || !cursor_u8(payload, &type)) {
        return false;
    }
    snprintf(text, sizeof text, "%.*s", (int)name.left_bytes, (const char *)name.at);
    if (!field_find(before, text, &f)) {
        return false;
    }
    bool has_length = f.type == FIELD_STRING || f.type == FIELD_BYTES;
    if (has_length ? !vector_get(payload, &value) : !cursor_take(payload, f.value_bytes, &value)) {
        return false;
    }
    json_t *change = json_object();
    set(change, "name", json_string(text));
    set(change, "old", show_value(f.type, "", f.value, f.value_bytes));
    set(change, "new", show_value(f.type, "", value.at, value.left_bytes));
    (void)json_array_append_new(out, change);
    return true;
}

static void show_write(json_t *out, const struct operation *op, const struct register_state *before)
{
    struct cursor payload = op->data;
    json_t *changes = json_array();
    if (before->type == REGISTER_OBJECT) {
        while (show_change(&payload, before, changes)) {
        }
    } else {
        const char *member;
        static struct register_state after; /* only its data is looked at */
        json_t *change = json_object();
        after = *before;
        after.data_bytes = (uint16_t)op->data.left_bytes;
        memcpy(after.data, op->data.at, op->data.left_bytes); /* as long as before: it was executed */
        set(change, "name", json_string("state"));
        set(change, "old", show_data(before, &member));
        set(change, "new", show_data(&after, &member));
        (void)json_array_append_new(changes, change);
    }
    set(out, "updated", changes);
}

static void show_create(json_t *out, const struct operation *op, const struct register_caller *caller)
{
    static struct register_state state;
    const char *member;
    if (register_execute(op, caller, &state) != REGISTER_OK) {
        return; /* never: it was executed */
    }
    set(out, "type", json_string(type_name(&state)));
    if (state.type == REGISTER_OBJECT) {
        json_t *object = json_object();
        show_members(object, &state);
        set(out, "object", object);
    } else {
        json_t *data = show_data(&state, &member);
        set(out, member, data);
    }
}

static json_t *show_end(const struct u256 *address)
{
    json_t *out = json_object();
    set(out, "address", show_address(address));
    return out;
}

static void show_coins(json_t *out, const struct operation *op)
{
    if (op->code == OPERATION_CREDIT) {
        set(out, "for", json_string("DEBIT"));
        set(out, "txid", show_hash(op->txid.bytes, U512_BYTES));
        set(out, "contract", json_integer(op->contract));
    }
    set(out, "from", show_end(op->code == OPERATION_DEBIT ? &op->address : &op->other));
    if (op->code == OPERATION_DEBIT && address_is_wildcard(&op->other)) {
        set(out, "exchange", json_true());
    } else {
        set(out, "to", show_end(op->code == OPERATION_DEBIT ? &op->other : &op->address));
    }
    set(out, "amount", show_number(op->amount));
    if (op->code == OPERATION_DEBIT) {
        set(out, "reference", show_number(op->reference));
    }
}

/** What an operation does, behind its name. `before` is NULL where there is no state before. */
static void show_operation(json_t *out, const struct operation *op, const struct register_caller *caller,
                           const struct register_state *before)
{
    if (op->code == OPERATION_AUTHORIZE) {
        set(out, "txid", show_hash(op->txid.bytes, U512_BYTES));
        set(out, "proof", show_hash(op->other.bytes, U256_BYTES));
        return;
    }
    if (op->code == OPERATION_DEBIT || op->code == OPERATION_CREDIT) {
        show_coins(out, op);
        return;
    }
    if (op->code == OPERATION_CLAIM) {
        set(out, "txid", show_hash(op->txid.bytes, U512_BYTES));
        set(out, "contract", json_integer(op->contract));
    }
    set(out, "address", show_address(&op->address));
    if (op->code == OPERATION_CREATE) {
        show_create(out, op, caller);
    } else if (before != NULL) {
        show_type(out, before);
    }
    if (op->code == OPERATION_WRITE && before != NULL) {
        show_write(out, op, before);
    } else if (op->code == OPERATION_APPEND) {
        const char *member;
        set(out, "data", show_text(op->data.at, op->data.left_bytes, &member));
    } else if (op->code == OPERATION_TRANSFER) {
        bool is_token = address_is_register(&op->other);
        set(out, "recipient", is_token ? show_end(&op->other) : show_hash(op->other.bytes, U256_BYTES));
        if (is_token) {
            set(out, "tokenized", json_true());
        }
    }
}

static json_t *show_contracts(const struct transaction *tx)
{
    static struct register_state before;
    const struct register_caller caller = {tx->genesis, tx->timestamp, tx->version};
    struct cursor rest = tx->contracts;
    struct contract contract;
    struct operation op;
    json_t *out = json_array();
    for (uint32_t i = 0; contract_next(&rest, &contract); i++) {
        struct cursor registers = contract.registers;
        uint8_t tag;
        json_t *shown = json_object();
        set(shown, "id", json_integer(i));
        if (operation_parse(contract.operation, &op) == REGISTER_OK) {
            bool has_state = cursor_u8(&registers, &tag) && tag == STATE_BEFORE &&
                             register_parse(&registers, &before) == REGISTER_OK;
            set(shown, "OP", json_string(operation_name(op.code)));
            show_operation(shown, &op, &caller, has_state ? &before : NULL);
        }
        (void)json_array_append_new(out, shown);
    }
    return out;
}

/* ---- transactions and blocks ---------------------------------------------------------------------------------------- */

static void show_details(json_t *out, const struct transaction *tx)
{
    set(out, "genesis", show_hash(tx->genesis.bytes, U256_BYTES));
    set(out, "nexthash", show_hash(tx->next.bytes, U256_BYTES));
    set(out, "prevhash", show_hash(tx->previous.bytes, U512_BYTES));
    if (!u256_is_zero(&tx->recovery)) {
        set(out, "recovery", show_hash(tx->recovery.bytes, U256_BYTES));
    }
    set(out, "pubkey", show_hex(tx->public_key.at, tx->public_key.left_bytes));
    set(out, "signature", show_hex(tx->signature.at, tx->signature.left_bytes));
}

json_t *show_transaction(struct node *n, struct cursor bytes, uint32_t height, uint32_t verbose)
{
    struct transaction tx;
    struct u512 id;
    json_t *out = json_object();
    if (transaction_parse(bytes.at, bytes.left_bytes, &tx) != LX_OK) {
        json_decref(out);
        return NULL;
    }
    transaction_id(&tx, &id);
    set(out, "txid", show_hash(id.bytes, U512_BYTES));
    if (verbose < 2) {
        return out;
    }
    set(out, "type", json_string(tx.sequence == 0 ? "tritium first" : "tritium user"));
    set(out, "version", json_integer(tx.version));
    set(out, "sequence", json_integer(tx.sequence));
    set(out, "timestamp", show_number(tx.timestamp));
    json_t *block = NULL;
    if (verbose >= 3) {
        show_details(out, &tx);
    }
    set(out, "contracts", show_contracts(&tx));
    struct node_block found; /* last: it takes the room that `bytes` lie in */
    if (height > 0 && node_block(n, height, &found) == LX_OK) {
        block = show_hash(found.hash.bytes, U1024_BYTES);
        set(out, "blockhash", block);
        set(out, "confirmations", json_integer((json_int_t)n->height - (json_int_t)height + 1));
    }
    return out;
}

static json_t *show_links(struct node *n, const struct block *block, uint32_t verbose, size_t *budget)
{
    static uint8_t links[NODE_BLOCK_TRANSACTIONS_MAX * 65u];
    static struct u512 producer;
    json_t *out = json_array();
    uint32_t count = block->transaction_count, height = block->header.height;
    struct cursor c = block->transactions;
    if (!cursor_copy(&c, links, (size_t)count * 65)) {
        return out;
    }
    transaction_id(&block->producer, &producer);
    for (uint32_t i = 0; i <= count; i++) { /* from here on the block's own bytes are gone */
        struct u512 id = producer;
        struct node_transaction t;
        if (i < count) {
            memcpy(id.bytes, links + (size_t)i * 65 + 1, U512_BYTES);
        }
        if (node_transaction(n, &id, &t) == LX_OK) {
            bool fits = t.bytes.left_bytes <= *budget;
            *budget -= fits && verbose > 1 ? t.bytes.left_bytes : 0;
            (void)json_array_append_new(out, show_transaction(n, t.bytes, height, fits ? verbose : 1));
        }
    }
    return out;
}

json_t *show_block(struct node *n, uint32_t height, uint32_t verbose, size_t *budget)
{
    struct node_block found, next;
    struct u1024 proof;
    char date[TIME_CHARS], bits[12];
    if (node_block(n, height, &found) != LX_OK) {
        return NULL;
    }
    const struct block_header *h = &found.block.header;
    json_t *out = json_object();
    block_proof_hash(h, &proof);
    block_time_text(h->time_s, date);
    snprintf(bits, sizeof bits, "%08x", h->bits);
    set(out, "hash", show_hash(found.hash.bytes, U1024_BYTES));
    set(out, "proofhash", show_hash(proof.bytes, U1024_BYTES));
    set(out, "size", json_integer((json_int_t)found.len_bytes));
    set(out, "height", json_integer(h->height));
    set(out, "channel", json_integer(h->channel));
    set(out, "version", json_integer(h->version));
    set(out, "merkleroot", show_hash(h->merkle_root.bytes, U512_BYTES));
    set(out, "timestamp", show_number(h->time_s));
    set(out, "date", json_string(date));
    set(out, "nonce", show_number(h->nonce));
    set(out, "bits", json_string(bits));
    set(out, "difficulty", json_real(DIFFICULTY_PRIVATE));
    set(out, "mint", json_real(0.0));
    set(out, "previousblockhash", show_hash(h->previous.bytes, U1024_BYTES));
    json_t *links = verbose > 0 ? show_links(n, &found.block, verbose, budget) : NULL;
    if (height < n->height && node_block(n, height + 1, &next) == LX_OK) {
        set(out, "nextblockhash", show_hash(next.hash.bytes, U1024_BYTES));
    }
    if (links != NULL) {
        set(out, "tx", links);
    }
    return out;
}
