/* SPDX-License-Identifier: MIT */
/**
 * The contracts of a transaction against the whole ledger: each shows the state that the register has now, and what it claims is there,
 * for the caller, and not claimed yet. Form, chain, signature and the states after were checked before.
 * Source: docs/spec/node.md section 3
 */
#include "private.h"

#define STATE_BEFORE 0x01u

static bool refuse(struct node *n, enum node_rule rule, uint32_t index)
{
    return node_refuse(n, rule, index, LX_OK);
}

/** The register as this transaction has left it so far; NULL when it has not touched it. */
static struct node_touched *touched(struct node *n, const struct u256 *address)
{
    for (uint32_t i = 0; i < n->touched_count; i++) {
        if (u256_equal(&n->touched[i].address, address)) {
            return &n->touched[i];
        }
    }
    return NULL;
}

/** Reads a register as it is now. @return LX_OK; LX_ENOENT; or as lld_get. */
static enum lx_err current(struct node *n, const struct u256 *address, struct register_state *out)
{
    struct u512 last;
    const struct node_touched *t = touched(n, address);
    if (t != NULL) {
        *out = t->state;
        return LX_OK;
    }
    return node_register(n, address, out, &last);
}

/** The state before that a contract shows. It was parsed before, so this cannot fail but for CREATE, which has none. */
static bool shown_state(const struct contract *contract, struct register_state *out)
{
    struct cursor c = contract->registers;
    uint8_t tag;
    return cursor_u8(&c, &tag) && tag == STATE_BEFORE && register_parse(&c, out) == REGISTER_OK;
}

/* ---- what a contract refers to -------------------------------------------------------------------------------------- */

/** Finds a contract of a transaction that is here: in n->other_operation, with its author and conditions. */
static bool find_contract(struct node *n, uint32_t index, struct condition_context *context, struct cursor *conditions,
                          bool *has_state)
{
    struct transaction tx;
    struct contract contract;
    size_t len;
    enum lx_err err = lld_get(n->setup.store, node_key(STORE_TRANSACTIONS, n->operation.txid.bytes, U512_BYTES),
                              n->referenced, sizeof n->referenced, &len);
    if (err != LX_OK) {
        return err == LX_ENOENT ? refuse(n, NODE_NO_CONTRACT, index) : node_refuse(n, NODE_STORE, index, err);
    }
    if (transaction_parse(n->referenced, len, &tx) != LX_OK) {
        return node_refuse(n, NODE_STORE, index, LX_EBADMSG);
    }
    struct cursor rest = tx.contracts;
    for (uint32_t i = 0; i <= n->operation.contract; i++) {
        if (!contract_next(&rest, &contract)) {
            return refuse(n, NODE_NO_CONTRACT, index);
        }
    }
    if (operation_parse(contract.operation, &n->other_operation) != REGISTER_OK) {
        return node_refuse(n, NODE_STORE, index, LX_EBADMSG);
    }
    *has_state = shown_state(&contract, &n->other_state);
    *conditions = contract.conditions;
    context->author = tx.genesis;
    context->author_s = tx.timestamp;
    return true;
}

/** Whether it was claimed before, by this transaction or an earlier one; if not, it is now. */
static bool claim_once(struct node *n, uint32_t index)
{
    const struct node_claim claim = {n->operation.txid, n->operation.contract};
    uint8_t key[CLAIM_KEY_BYTES];
    struct u512 by;
    for (uint32_t i = 0; i < n->claim_count; i++) {
        if (n->claims[i].contract == claim.contract && u512_equal(&n->claims[i].txid, &claim.txid)) {
            return refuse(n, NODE_CLAIMED, index);
        }
    }
    node_claim_key(&claim, key);
    enum lx_err err = node_get(n, node_key(STORE_CLAIMS, key, sizeof key), by.bytes, U512_BYTES);
    if (err != LX_ENOENT) {
        return err == LX_OK ? refuse(n, NODE_CLAIMED, index) : node_refuse(n, NODE_STORE, index, err);
    }
    n->claims[n->claim_count++] = claim;
    return true;
}

/** A transfer of this register, to the caller, to anybody, or by the caller himself, who may take it back. */
static bool transfer_fits(const struct node *n, const struct u256 *caller)
{
    const struct operation *transfer = &n->other_operation;
    return transfer->code == OPERATION_TRANSFER && u256_equal(&transfer->address, &n->operation.address) &&
           (u256_equal(&transfer->other, caller) || u256_equal(&n->other_state.owner, caller) ||
            address_is_wildcard(&transfer->other));
}

/** A debit to this account, of this amount, in this token. n->scratch is the account. */
static bool debit_fits(const struct node *n)
{
    const struct operation *debit = &n->other_operation;
    struct u256 theirs, ours;
    return debit->code == OPERATION_DEBIT && u256_equal(&debit->address, &n->operation.other) &&
           u256_equal(&debit->other, &n->operation.address) && debit->amount == n->operation.amount &&
           field_u256(&n->other_state, "token", &theirs) && field_u256(&n->scratch, "token", &ours) &&
           u256_equal(&theirs, &ours);
}

/** CLAIM and CREDIT. */
static bool check_claim(struct node *n, const struct transaction *tx, uint32_t index)
{
    struct condition_context context = {.caller = tx->genesis, .caller_s = tx->timestamp};
    struct cursor conditions;
    bool holds = true, has_state;
    if (!find_contract(n, index, &context, &conditions, &has_state)) {
        return false;
    }
    bool fits = has_state && (n->operation.code == OPERATION_CLAIM ? transfer_fits(n, &tx->genesis) : debit_fits(n));
    if (!fits) {
        return refuse(n, NODE_CLAIM, index);
    }
    if (!cursor_is_empty(&conditions) &&
        (condition_evaluate(conditions, &context, &holds) != REGISTER_OK || !holds)) {
        return refuse(n, NODE_CONDITIONS, index);
    }
    return claim_once(n, index);
}

/* ---- one contract --------------------------------------------------------------------------------------------------- */

/** Whether there is a register of this standard; its state is then in n->other_state. */
static enum lx_err find_standard(struct node *n, const struct u256 *address, enum object_standard standard, bool *is_it)
{
    enum lx_err err = current(n, address, &n->other_state);
    *is_it = err == LX_OK && object_standard(&n->other_state) == standard;
    return err == LX_ENOENT ? LX_OK : err;
}

/** An account is of the ledger's own coin, or of a token that exists. n->scratch is the new register. */
static bool check_account(struct node *n, uint32_t index)
{
    struct u256 token;
    bool is_token = true;
    enum lx_err err = LX_OK;
    if (field_u256(&n->scratch, "token", &token) && !u256_is_zero(&token)) {
        err = find_standard(n, &token, OBJECT_TOKEN, &is_token);
    }
    if (err != LX_OK) {
        return node_refuse(n, NODE_STORE, index, err);
    }
    return is_token ? true : refuse(n, NODE_TOKEN, index);
}

/** A name is local, global, or in a namespace of the caller's. n->scratch is the new register. */
static bool check_name(struct node *n, const struct transaction *tx, uint32_t index)
{
    char name[64];
    struct u256 address;
    bool is_there;
    if (!field_string(&n->scratch, "namespace", name, sizeof name) || name[0] == '\0' || strcmp(name, "~GLOBAL~") == 0) {
        return true;
    }
    address_of_namespace(name, strlen(name), &address);
    enum lx_err err = find_standard(n, &address, OBJECT_NAMESPACE, &is_there);
    if (err != LX_OK) {
        return node_refuse(n, NODE_STORE, index, err);
    }
    bool is_his = is_there && u256_equal(&n->other_state.owner, &tx->genesis);
    return is_his ? true : refuse(n, NODE_NAMESPACE, index);
}

static bool check_create(struct node *n, const struct transaction *tx, uint32_t index)
{
    enum lx_err err = current(n, &n->operation.address, &n->other_state);
    if (err != LX_ENOENT) {
        return err == LX_OK ? refuse(n, NODE_EXISTS, index) : node_refuse(n, NODE_STORE, index, err);
    }
    const struct register_caller caller = {tx->genesis, tx->timestamp, tx->version};
    if (register_execute(&n->operation, &caller, &n->scratch) != REGISTER_OK) {
        return refuse(n, NODE_OPERATION, index); /* never: sigchain has done the same */
    }
    switch (object_standard(&n->scratch)) {
    case OBJECT_ACCOUNT:
        return check_account(n, index);
    case OBJECT_NAME:
        return check_name(n, tx, index);
    case OBJECT_NONSTANDARD:
    case OBJECT_TOKEN:
    case OBJECT_TRUST:
    case OBJECT_NAMESPACE:
    case OBJECT_CRYPTO:
        break;
    }
    return true;
}

/** To whom it goes: a user of this network, anybody, or, as a share in it, a token; coins to an account that exists. */
static bool check_recipient(struct node *n, uint32_t index)
{
    const struct operation *op = &n->operation;
    bool fits = true;
    enum lx_err err = LX_OK;
    if (address_is_wildcard(&op->other)) {
        return true;
    }
    if (op->code == OPERATION_DEBIT) {
        err = find_standard(n, &op->other, OBJECT_ACCOUNT, &fits);
        fits = fits || (err == LX_OK && object_standard(&n->other_state) == OBJECT_TOKEN);
    } else if (address_is_register(&op->other)) {
        err = find_standard(n, &op->other, OBJECT_TOKEN, &fits);
    } else {
        fits = u256_type(&op->other) == n->setup.network.user_type;
    }
    if (err != LX_OK) {
        return node_refuse(n, NODE_STORE, index, err);
    }
    return fits ? true : refuse(n, NODE_TOKEN, index);
}

/** Anything that changes a register which is there: shown as it is now, then changed in n->scratch. */
static bool check_change(struct node *n, const struct transaction *tx, const struct contract *contract, uint32_t index)
{
    const struct register_caller caller = {tx->genesis, tx->timestamp, tx->version};
    enum lx_err err = current(n, &n->operation.address, &n->scratch);
    if (err != LX_OK) {
        return err == LX_ENOENT ? refuse(n, NODE_NO_REGISTER, index) : node_refuse(n, NODE_STORE, index, err);
    }
    if (!shown_state(contract, &n->other_state) || !register_equal(&n->other_state, &n->scratch)) {
        return refuse(n, NODE_STATE, index);
    }
    enum operation_code code = n->operation.code;
    bool is_claim = code == OPERATION_CLAIM || code == OPERATION_CREDIT;
    bool is_gift = code == OPERATION_TRANSFER || code == OPERATION_DEBIT;
    if ((is_claim && !check_claim(n, tx, index)) || (is_gift && !check_recipient(n, index))) {
        return false;
    }
    return register_execute(&n->operation, &caller, &n->scratch) == REGISTER_OK ? true
                                                                                 : refuse(n, NODE_OPERATION, index);
}

static bool is_taken(enum operation_code code)
{
    switch (code) {
    case OPERATION_WRITE:
    case OPERATION_CREATE:
    case OPERATION_TRANSFER:
    case OPERATION_CLAIM:
    case OPERATION_APPEND:
    case OPERATION_DEBIT:
    case OPERATION_CREDIT:
        return true;
    case OPERATION_AUTHORIZE:
    case OPERATION_COINBASE:
    case OPERATION_GENESIS:
    case OPERATION_TRUST:
    case OPERATION_FEE:
    case OPERATION_LEGACY:
    case OPERATION_MIGRATE:
        break;
    }
    return false;
}

static bool check(struct node *n, const struct transaction *tx, const struct contract *contract, uint32_t index)
{
    if (operation_parse(contract->operation, &n->operation) != REGISTER_OK || !is_taken(n->operation.code) ||
        n->operation.has_validate_prefix) {
        return refuse(n, NODE_OPERATION, index);
    }
    bool ok = n->operation.code == OPERATION_CREATE ? check_create(n, tx, index) : check_change(n, tx, contract, index);
    if (!ok) {
        return false;
    }
    struct node_touched *t = touched(n, &n->operation.address);
    if (t == NULL) {
        t = &n->touched[n->touched_count++]; /* one a contract at most */
        t->address = n->operation.address;
    }
    t->state = n->scratch;
    return true;
}

bool node_check_contracts(struct node *n, const struct transaction *tx)
{
    struct cursor contracts = tx->contracts;
    struct contract contract;
    n->touched_count = 0;
    n->claim_count = 0;
    for (uint32_t i = 0; contract_next(&contracts, &contract); i++) {
        if (!check(n, tx, &contract, i)) {
            return false;
        }
    }
    return true;
}
