/* SPDX-License-Identifier: MIT */
/**
 * Operations on coins: what they make of an account's state. That arriving coins were sent, that a stake earned its
 * reward, and that fees suffice is for whoever sees the whole ledger.
 * Owns:   nothing.    Uses: base, fields.
 * Source: docs/spec/register.md section 6
 */
#include "field.h"

/** Puts a number into a field that is known to be one of 64 bits. */
static void number_set(struct register_state *state, const char *name, uint64_t value)
{
    struct field field;
    bool found = field_find(state, name, &field) && field.type == FIELD_U64;
    assert(found);
    le64_store(state->data + (field.value - state->data), value);
}

static enum register_err balance_lower(struct register_state *state, uint64_t amount)
{
    uint64_t balance;
    if (!field_u64(state, "balance", &balance) || !checked_sub(balance, amount, &balance)) {
        return REGISTER_BALANCE;
    }
    number_set(state, "balance", balance);
    return REGISTER_OK;
}

static enum register_err balance_raise(struct register_state *state, uint64_t amount)
{
    uint64_t balance;
    if (!field_u64(state, "balance", &balance) || !checked_add(balance, amount, &balance)) {
        return REGISTER_BALANCE;
    }
    number_set(state, "balance", balance);
    return REGISTER_OK;
}

/** Whom coins can be sent to, by the type of the address. */
static bool can_receive(const struct u256 *address)
{
    uint8_t type = u256_type(address);
    return type == ADDRESS_ACCOUNT || type == ADDRESS_TOKEN || type == ADDRESS_TRUST || type == ADDRESS_OBJECT ||
           type == 0xff; /* anybody, under conditions */
}

static enum register_err debit(const struct operation *op, struct register_state *state)
{
    if (!can_receive(&op->other) || u256_equal(&op->other, &op->address)) {
        return REGISTER_ADDRESS;
    }
    return balance_lower(state, op->amount);
}

/** Fees and payments to addresses of old are in the ledger's own coin. */
static enum register_err pay(const struct operation *op, struct register_state *state)
{
    struct u256 token;
    if (!field_u256(state, "token", &token) || !u256_is_zero(&token)) {
        return REGISTER_NO_ACCOUNT;
    }
    return balance_lower(state, op->amount);
}

/** The first stake: all the balance, which only the reward takes the place of. */
static enum register_err stake_start(const struct operation *op, struct register_state *state)
{
    uint64_t balance = 0, stake = 1, trust = 1;
    if (object_standard(state) != OBJECT_TRUST) {
        return REGISTER_NO_ACCOUNT;
    }
    if (!field_u64(state, "balance", &balance) || !field_u64(state, "stake", &stake) ||
        !field_u64(state, "trust", &trust) || balance == 0 || stake != 0 || trust != 0) {
        return REGISTER_BALANCE;
    }
    number_set(state, "stake", balance);
    number_set(state, "balance", op->amount);
    return REGISTER_OK;
}

static enum register_err stake_go_on(const struct operation *op, struct register_state *state)
{
    uint64_t balance = 0, stake = 0;
    if (object_standard(state) != OBJECT_TRUST) {
        return REGISTER_NO_ACCOUNT;
    }
    uint64_t added = op->change > 0 ? (uint64_t)op->change : 0;
    uint64_t removed = op->change < 0 ? 0 - (uint64_t)op->change : 0;
    if (!field_u64(state, "balance", &balance) || !field_u64(state, "stake", &stake) ||
        !checked_sub(balance, added, &balance) || !checked_sub(stake, removed, &stake) ||
        !checked_add(balance, removed, &balance) || !checked_add(balance, op->amount, &balance) ||
        !checked_add(stake, added, &stake)) {
        return REGISTER_BALANCE;
    }
    number_set(state, "trust", op->score);
    number_set(state, "balance", balance);
    number_set(state, "stake", stake);
    return REGISTER_OK;
}

/** Stake and trust of a trust key of old, into a trust account that has neither. */
static enum register_err migrate(const struct operation *op, struct register_state *state)
{
    uint64_t stake = 1, trust = 1;
    if (object_standard(state) != OBJECT_TRUST) {
        return REGISTER_NO_ACCOUNT;
    }
    if (!field_u64(state, "stake", &stake) || !field_u64(state, "trust", &trust) || stake != 0 || trust != 0) {
        return REGISTER_BALANCE;
    }
    number_set(state, "stake", op->amount);
    number_set(state, "trust", op->score);
    return REGISTER_OK;
}

enum register_err coins_execute(const struct operation *op, const struct register_caller *caller,
                                struct register_state *state)
{
    if (state->type != REGISTER_OBJECT || !fields_are_valid(state->data, state->data_bytes)) {
        return REGISTER_FIELDS;
    }
    if (!object_holds_coins(state)) {
        return REGISTER_NO_ACCOUNT;
    }
    if (!u256_equal(&state->owner, &caller->genesis)) {
        return REGISTER_OWNER;
    }
    if (op->code == OPERATION_DEBIT) {
        return debit(op, state);
    }
    if (op->code == OPERATION_CREDIT) {
        return balance_raise(state, op->amount);
    }
    if (op->code == OPERATION_GENESIS) {
        return stake_start(op, state);
    }
    if (op->code == OPERATION_TRUST) {
        return stake_go_on(op, state);
    }
    if (op->code == OPERATION_MIGRATE) {
        return migrate(op, state);
    }
    return pay(op, state); /* FEE, LEGACY */
}
