/* SPDX-License-Identifier: MIT */
/**
 * Operations as bytes: every layout of the ledger, read strictly, and those that we make, written.
 * Owns:   nothing.    Uses: base.
 * Source: docs/spec/register.md section 5
 */
#include "register.h"

#define PREFIX_VALIDATE  0x40u
#define PREFIX_CONDITION 0x41u

const char *operation_name(enum operation_code code)
{
    switch (code) {
    case OPERATION_WRITE:
        return "WRITE";
    case OPERATION_CREATE:
        return "CREATE";
    case OPERATION_AUTHORIZE:
        return "AUTHORIZE";
    case OPERATION_TRANSFER:
        return "TRANSFER";
    case OPERATION_CLAIM:
        return "CLAIM";
    case OPERATION_APPEND:
        return "APPEND";
    case OPERATION_DEBIT:
        return "DEBIT";
    case OPERATION_CREDIT:
        return "CREDIT";
    case OPERATION_COINBASE:
        return "COINBASE";
    case OPERATION_GENESIS:
        return "GENESIS";
    case OPERATION_TRUST:
        return "TRUST";
    case OPERATION_FEE:
        return "FEE";
    case OPERATION_LEGACY:
        return "LEGACY";
    case OPERATION_MIGRATE:
        return "MIGRATE";
    }
    return "unknown";
}

/* ---- reading ---------------------------------------------------------------------------------------------------- */

static bool get256(struct cursor *c, struct u256 *out)
{
    return cursor_copy(c, out->bytes, U256_BYTES);
}

static bool get512(struct cursor *c, struct u512 *out)
{
    return cursor_copy(c, out->bytes, U512_BYTES);
}

static bool get_signed(struct cursor *c, int64_t *out)
{
    uint64_t n;
    if (!cursor_le64(c, &n)) {
        return false;
    }
    *out = n <= INT64_MAX ? (int64_t)n : -1 - (int64_t)(UINT64_MAX - n);
    return true;
}

static bool get_score32(struct cursor *c, uint64_t *out)
{
    uint32_t n;
    if (!cursor_le32(c, &n)) {
        return false;
    }
    *out = n;
    return true;
}

/** Reads what follows the code. @return false when it is cut short; whether bytes are left is the caller's business. */
static bool layout_get(struct cursor *c, struct operation *op)
{
    switch (op->code) {
    case OPERATION_WRITE:
    case OPERATION_APPEND:
        return get256(c, &op->address) && vector_get(c, &op->data);
    case OPERATION_CREATE:
        return get256(c, &op->address) && cursor_u8(c, &op->kind) && vector_get(c, &op->data);
    case OPERATION_AUTHORIZE:
        return get512(c, &op->txid) && get256(c, &op->other);
    case OPERATION_TRANSFER:
        return get256(c, &op->address) && get256(c, &op->other) && cursor_u8(c, &op->kind) &&
               (op->kind == TRANSFER_CLAIM || op->kind == TRANSFER_FORCE);
    case OPERATION_CLAIM:
        return get512(c, &op->txid) && cursor_le32(c, &op->contract) && get256(c, &op->address);
    case OPERATION_DEBIT:
        return get256(c, &op->address) && get256(c, &op->other) && cursor_le64(c, &op->amount) &&
               cursor_le64(c, &op->reference);
    case OPERATION_CREDIT:
        return get512(c, &op->txid) && cursor_le32(c, &op->contract) && get256(c, &op->address) &&
               get256(c, &op->other) && cursor_le64(c, &op->amount);
    case OPERATION_COINBASE:
        return get256(c, &op->other) && cursor_le64(c, &op->amount) && cursor_le64(c, &op->reference);
    case OPERATION_GENESIS:
        return cursor_le64(c, &op->amount);
    case OPERATION_TRUST:
        return get512(c, &op->txid) && cursor_le64(c, &op->score) && get_signed(c, &op->change) &&
               cursor_le64(c, &op->amount);
    case OPERATION_FEE:
        return get256(c, &op->address) && cursor_le64(c, &op->amount);
    case OPERATION_LEGACY:
        return get256(c, &op->address) && cursor_le64(c, &op->amount) && vector_get(c, &op->data);
    case OPERATION_MIGRATE:
        return get512(c, &op->txid) && get256(c, &op->address) &&
               cursor_take(c, OPERATION_TRUST_KEY_BYTES, &op->data) && cursor_le64(c, &op->amount) &&
               get_score32(c, &op->score) && get512(c, &op->last_stake);
    }
    return false;
}

static bool is_code(uint8_t byte)
{
    return strcmp(operation_name((enum operation_code)byte), "unknown") != 0;
}

enum register_err operation_parse(struct cursor bytes, struct operation *out)
{
    struct operation op = {.code = OPERATION_WRITE};
    uint8_t code;
    if (!cursor_u8(&bytes, &code)) {
        return REGISTER_MALFORMED;
    }
    if (code == PREFIX_CONDITION) {
        op.has_condition_prefix = true;
        if (!cursor_u8(&bytes, &code)) {
            return REGISTER_MALFORMED;
        }
    } else if (code == PREFIX_VALIDATE) {
        op.has_validate_prefix = true;
        if (!get512(&bytes, &op.validated_txid) || !cursor_le32(&bytes, &op.validated_contract) ||
            !cursor_u8(&bytes, &code)) {
            return REGISTER_MALFORMED;
        }
    }
    if (!is_code(code)) {
        return REGISTER_OPERATION;
    }
    op.code = (enum operation_code)code;
    if ((op.has_condition_prefix && op.code != OPERATION_TRANSFER && op.code != OPERATION_DEBIT) ||
        (op.has_validate_prefix &&
         (op.code == OPERATION_COINBASE || op.code == OPERATION_TRUST || op.code == OPERATION_GENESIS))) {
        return REGISTER_OPERATION;
    }
    if (!layout_get(&bytes, &op) || !cursor_is_empty(&bytes)) {
        return REGISTER_MALFORMED;
    }
    *out = op;
    return REGISTER_OK;
}

enum register_err operation_check_conditions(const struct operation *op, size_t condition_bytes)
{
    bool may = op->code == OPERATION_TRANSFER || op->code == OPERATION_DEBIT;
    bool must = may && address_is_wildcard(&op->other);
    return (condition_bytes > 0 ? may : !must) ? REGISTER_OK : REGISTER_CONDITIONS;
}

/* ---- writing ---------------------------------------------------------------------------------------------------- */

static void head_put(struct writer *w, enum operation_code code, const struct u256 *address)
{
    writer_u8(w, (uint8_t)code);
    writer_put(w, address->bytes, U256_BYTES);
}

static void put256(struct writer *w, const struct u256 *n)
{
    writer_put(w, n->bytes, U256_BYTES);
}

static void put512(struct writer *w, const struct u512 *n)
{
    writer_put(w, n->bytes, U512_BYTES);
}

/** Writes what follows the code of an operation that changes nothing but coins. */
static void coins_put(struct writer *w, const struct operation *op)
{
    if (op->code == OPERATION_CREDIT || op->code == OPERATION_TRUST) {
        put512(w, &op->txid);
    }
    if (op->code == OPERATION_CREDIT) {
        writer_le32(w, op->contract);
    }
    if (op->code != OPERATION_COINBASE && op->code != OPERATION_GENESIS && op->code != OPERATION_TRUST) {
        put256(w, &op->address);
    }
    if (op->code == OPERATION_DEBIT || op->code == OPERATION_CREDIT || op->code == OPERATION_COINBASE) {
        put256(w, &op->other);
    }
    if (op->code == OPERATION_TRUST) {
        writer_le64(w, op->score);
        writer_le64(w, (uint64_t)op->change);
    }
    writer_le64(w, op->amount);
    if (op->code == OPERATION_DEBIT || op->code == OPERATION_COINBASE) {
        writer_le64(w, op->reference);
    }
}

/** Writes what follows the code of any other operation. */
static void layout_put(struct writer *w, const struct operation *op)
{
    if (op->code == OPERATION_AUTHORIZE || op->code == OPERATION_CLAIM) {
        put512(w, &op->txid);
    }
    if (op->code == OPERATION_CLAIM) {
        writer_le32(w, op->contract);
    }
    put256(w, op->code == OPERATION_AUTHORIZE ? &op->other : &op->address);
    if (op->code == OPERATION_TRANSFER) {
        put256(w, &op->other);
    }
    if (op->code == OPERATION_LEGACY) {
        writer_le64(w, op->amount);
    }
    if (op->code == OPERATION_TRANSFER || op->code == OPERATION_CREATE) {
        writer_u8(w, op->kind);
    }
    if (op->code != OPERATION_AUTHORIZE && op->code != OPERATION_CLAIM && op->code != OPERATION_TRANSFER) {
        vector_put(w, op->data.at, op->data.left_bytes);
    }
}

static void migrate_put(struct writer *w, const struct operation *op, uint32_t score)
{
    put512(w, &op->txid);
    put256(w, &op->address);
    writer_put(w, op->data.at, op->data.left_bytes);
    writer_le64(w, op->amount);
    writer_le32(w, score);
    put512(w, &op->last_stake);
}

bool operation_put(struct writer *w, const struct operation *op)
{
    uint32_t score = 0;
    if (op->code == OPERATION_MIGRATE &&
        (op->data.left_bytes != OPERATION_TRUST_KEY_BYTES || !u32_from(op->score, &score))) {
        return false;
    }
    if (op->has_condition_prefix) {
        writer_u8(w, PREFIX_CONDITION);
    }
    if (op->has_validate_prefix) {
        writer_u8(w, PREFIX_VALIDATE);
        put512(w, &op->validated_txid);
        writer_le32(w, op->validated_contract);
    }
    writer_u8(w, (uint8_t)op->code);
    bool is_coins = op->code == OPERATION_DEBIT || op->code == OPERATION_CREDIT || op->code == OPERATION_COINBASE ||
                    op->code == OPERATION_GENESIS || op->code == OPERATION_TRUST || op->code == OPERATION_FEE;
    if (op->code == OPERATION_MIGRATE) {
        migrate_put(w, op, score);
    } else if (is_coins) {
        coins_put(w, op);
    } else {
        layout_put(w, op);
    }
    return true;
}

void operation_put_create(struct writer *w, const struct u256 *address, enum register_type type, const void *data,
                          size_t data_bytes)
{
    head_put(w, OPERATION_CREATE, address);
    writer_u8(w, (uint8_t)type);
    vector_put(w, data, data_bytes);
}

void operation_put_write(struct writer *w, const struct u256 *address, const void *payload, size_t payload_bytes)
{
    head_put(w, OPERATION_WRITE, address);
    vector_put(w, payload, payload_bytes);
}

void operation_put_append(struct writer *w, const struct u256 *address, const void *data, size_t data_bytes)
{
    head_put(w, OPERATION_APPEND, address);
    vector_put(w, data, data_bytes);
}

void operation_put_transfer(struct writer *w, const struct u256 *address, const struct u256 *recipient, bool is_forced)
{
    head_put(w, OPERATION_TRANSFER, address);
    writer_put(w, recipient->bytes, U256_BYTES);
    writer_u8(w, is_forced ? TRANSFER_FORCE : TRANSFER_CLAIM);
}

void operation_put_claim(struct writer *w, const struct u512 *txid, uint32_t contract, const struct u256 *address)
{
    writer_u8(w, OPERATION_CLAIM);
    writer_put(w, txid->bytes, U512_BYTES);
    writer_le32(w, contract);
    writer_put(w, address->bytes, U256_BYTES);
}
