/* SPDX-License-Identifier: MIT */
/**
 * Contracts of a transaction, executed on the verifier's table of registers. Each names the state before, which must be
 * the one that the table holds, whole, and the checksum of the state after.
 * Owns:   nothing.    Uses: base, register.
 * Limits: a register that comes from another chain is taken as it is shown first; see enum sigchain_origin.
 * Source: docs/spec/sigchain.md section 4
 */
#include "verify.h"

#define STATE_BEFORE 0x01u
#define STATE_AFTER  0x02u

/* ---- which contracts stand together ----------------------------------------------------------------------------- */

/** What a transaction consists of. */
struct mix {
    uint32_t contracts, coinbases, alone; /* alone: TRUST, GENESIS, AUTHORIZE */
    uint32_t fees;
    uint32_t names, trusts, accounts, cryptos, others; /* what it creates, or does else */
};

static void count_created(struct mix *mix, const struct operation *op)
{
    uint8_t type = op->code == OPERATION_CREATE && !op->has_validate_prefix ? u256_type(&op->address) : 0;
    if (type == ADDRESS_NAME) {
        mix->names++;
    } else if (type == ADDRESS_TRUST) {
        mix->trusts++;
    } else if (type == ADDRESS_ACCOUNT) {
        mix->accounts++;
    } else if (type == ADDRESS_CRYPTO) {
        mix->cryptos++;
    } else {
        mix->others++;
    }
}

static void count(struct mix *mix, const struct operation *op)
{
    mix->contracts++;
    mix->fees += op->code == OPERATION_FEE;
    mix->coinbases += op->code == OPERATION_COINBASE;
    mix->alone += op->code == OPERATION_TRUST || op->code == OPERATION_GENESIS || op->code == OPERATION_AUTHORIZE;
    count_created(mix, op);
}

bool sigchain_check_mix(struct sigchain_verifier *v, const struct transaction *tx)
{
    struct mix mix = {0};
    struct cursor contracts = tx->contracts;
    struct contract contract;
    struct operation op;
    for (uint32_t i = 0; contract_next(&contracts, &contract); i++) {
        enum register_err err = operation_parse(contract.operation, &op);
        if (err != REGISTER_OK) {
            return sigchain_refuse_contract(v, i, NULL, SIGCHAIN_OPERATION, err);
        }
        err = operation_check_conditions(&op, contract.conditions.left_bytes);
        if (err == REGISTER_OK && op.code == OPERATION_COINBASE && u256_type(&op.other) != v->setup.network.user_type) {
            err = REGISTER_ADDRESS;
        }
        if (err != REGISTER_OK) {
            return sigchain_refuse_contract(v, i, &op, SIGCHAIN_OPERATION, err);
        }
        count(&mix, &op);
    }
    if (mix.contracts == mix.fees) {
        return sigchain_refuse(v, SIGCHAIN_EMPTY);
    }
    if ((mix.coinbases > 0 && mix.coinbases != mix.contracts) || (mix.alone > 0 && mix.contracts != 1)) {
        return sigchain_refuse(v, SIGCHAIN_MIX);
    }
    bool is_public = v->setup.network.kind == NETWORK_MAIN || v->setup.network.kind == NETWORK_TEST;
    if (tx->sequence == 0 && is_public &&
        (mix.others > 0 || mix.names > 2 || mix.trusts > 1 || mix.accounts > 1 || mix.cryptos > 1)) {
        return sigchain_refuse(v, SIGCHAIN_FIRST_CONTRACTS);
    }
    return true;
}

/* ---- the table of registers ------------------------------------------------------------------------------------- */

static struct sigchain_register *find(struct sigchain_verifier *v, const struct u256 *address)
{
    for (size_t i = 0; i < v->register_count; i++) {
        if (u256_equal(&v->setup.registers[i].address, address)) {
            return &v->setup.registers[i];
        }
    }
    return NULL;
}

const struct sigchain_register *sigchain_find(const struct sigchain_verifier *v, const struct u256 *address)
{
    if (v->is_broken || v->transaction_count == 0) {
        return NULL;
    }
    for (size_t i = 0; i < v->register_count; i++) {
        const struct sigchain_register *r = &v->setup.registers[i];
        if (u256_equal(&r->address, address) && u256_equal(&r->state.owner, &v->genesis)) {
            return r;
        }
    }
    return NULL;
}

/** Puts a state into the table. @return false when it is full. */
static bool keep(struct sigchain_verifier *v, struct sigchain_register *known, const struct u256 *address,
                 enum sigchain_origin origin, uint32_t sequence)
{
    if (known == NULL) {
        if (v->register_count == v->setup.register_capacity) {
            return false;
        }
        known = &v->setup.registers[v->register_count++];
        known->address = *address;
    }
    known->state = v->scratch;
    known->origin = origin;
    known->changed_by = sequence;
    return true;
}

/**
 * Whether `known` says exactly what the register is before this operation, or it has been in other hands since. It was
 * there when it belonged to somebody else, or was offered to somebody else, and the contract shows it with another
 * owner again.
 */
static bool is_current(const struct sigchain_register *known, const struct register_state *shown,
                       const struct u256 *genesis)
{
    return u256_equal(&known->state.owner, genesis) || u256_equal(&known->state.owner, &shown->owner);
}

/* ---- execution -------------------------------------------------------------------------------------------------- */

/** Reads the register stream: the state before into v->scratch, unless it is a CREATE, and the checksum after. */
static enum register_err stream_get(struct sigchain_verifier *v, struct cursor c, bool is_create, uint64_t *after)
{
    uint8_t tag;
    if (!is_create) {
        if (!cursor_u8(&c, &tag) || tag != STATE_BEFORE) {
            return REGISTER_MALFORMED;
        }
        enum register_err err = register_parse(&c, &v->scratch);
        if (err != REGISTER_OK) {
            return err;
        }
    }
    if (!cursor_u8(&c, &tag) || tag != STATE_AFTER || !cursor_le64(&c, after) || !cursor_is_empty(&c)) {
        return REGISTER_MALFORMED;
    }
    return REGISTER_OK;
}

static bool execute(struct sigchain_verifier *v, const struct transaction *tx, uint32_t index,
                    const struct contract *contract, struct operation *op)
{
    const struct register_caller caller = {tx->genesis, tx->timestamp, tx->version};
    bool is_create = op->code == OPERATION_CREATE;
    uint64_t after;
    if (op->code == OPERATION_TRUST || op->code == OPERATION_GENESIS) {
        address_of_trust(&tx->genesis, &op->address);
    }
    enum register_err err = stream_get(v, contract->registers, is_create, &after);
    if (err != REGISTER_OK) {
        return sigchain_refuse_contract(v, index, op, SIGCHAIN_STREAM, err);
    }
    struct sigchain_register *known = find(v, &op->address);
    if (is_create && known != NULL) {
        return sigchain_refuse_contract(v, index, op, SIGCHAIN_EXISTS, REGISTER_OK);
    }
    enum sigchain_origin origin = is_create ? SIGCHAIN_CREATED : SIGCHAIN_CAME;
    if (known != NULL && is_current(known, &v->scratch, &tx->genesis)) {
        origin = known->origin;
        if (!register_equal(&known->state, &v->scratch)) {
            return sigchain_refuse_contract(v, index, op, SIGCHAIN_STATE_BEFORE, REGISTER_OK);
        }
    }
    err = register_execute(op, &caller, &v->scratch);
    if (err != REGISTER_OK) {
        return sigchain_refuse_contract(v, index, op, SIGCHAIN_OPERATION, err);
    }
    if (v->scratch.checksum != after) {
        return sigchain_refuse_contract(v, index, op, SIGCHAIN_STATE_AFTER, REGISTER_OK);
    }
    if (!keep(v, known, &op->address, origin, tx->sequence)) {
        return sigchain_refuse_contract(v, index, op, SIGCHAIN_TABLE_FULL, REGISTER_OK);
    }
    return true;
}

bool sigchain_execute(struct sigchain_verifier *v, const struct transaction *tx)
{
    struct cursor contracts = tx->contracts;
    struct contract contract;
    struct operation op;
    for (uint32_t i = 0; contract_next(&contracts, &contract); i++) {
        enum register_err err = operation_parse(contract.operation, &op);
        assert(err == REGISTER_OK); /* sigchain_check_mix has seen it */
        if (!operation_has_register(op.code)) {
            if (!cursor_is_empty(&contract.registers)) {
                return sigchain_refuse_contract(v, i, &op, SIGCHAIN_STREAM, REGISTER_MALFORMED);
            }
        } else if (!execute(v, tx, i, &contract, &op)) {
            return false;
        }
    }
    return true;
}
