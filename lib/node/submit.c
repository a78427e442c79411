/* SPDX-License-Identifier: MIT */
/**
 * Taking a transaction: its own form and chain by lib/sigchain, its contracts against the whole ledger by contracts.c, and then all of
 * it into the store at once. See node.h.
 */
#include <stdio.h>

#include "private.h"

static const char *rule_words(enum node_rule rule)
{
    switch (rule) {
    case NODE_OK:
        return "it was taken";
    case NODE_MALFORMED:
        return "it is not the bytes of one transaction";
    case NODE_LIMIT:
        return "it is longer than 524288 bytes";
    case NODE_KNOWN:
        return "it is here already";
    case NODE_FUTURE:
        return "nTimestamp is ahead of this node's clock by more than a second";
    case NODE_PRODUCER:
        return "hashGenesis is the producer's, whose chain only this node extends";
    case NODE_GAP:
        return "hashPrevTx: the transaction before it is not here; publish the chain from there";
    case NODE_CONFLICT:
        return "nSequence: another transaction of this chain stands in its place";
    case NODE_CHAIN:
        return "a rule of its chain is broken";
    case NODE_OPERATION:
        return "ssOperation is one that this node does not take";
    case NODE_EXISTS:
        return "CREATE at an address that is taken";
    case NODE_NO_REGISTER:
        return "there is no register at this address";
    case NODE_STATE:
        return "ssRegister: the state before is not that of the register";
    case NODE_TOKEN:
        return "the token, or the register that it goes to, is none of the kind that it must be";
    case NODE_NAMESPACE:
        return "the namespace does not exist, or is not the caller's";
    case NODE_NO_CONTRACT:
        return "the contract that it refers to is not here";
    case NODE_CLAIM:
        return "the contract that it refers to is not for him, or of another register, kind or amount";
    case NODE_CLAIMED:
        return "the contract that it refers to was claimed before";
    case NODE_CONDITIONS:
        return "ssCondition of what it refers to does not hold, or cannot be evaluated here";
    case NODE_STORE:
        return "the store failed or is full";
    }
    return "";
}

bool node_refuse(struct node *n, enum node_rule rule, uint32_t contract, enum lx_err err)
{
    struct node_refusal *r = &n->refusal;
    *r = (struct node_refusal){.rule = rule, .store = err, .contract = contract};
    if (rule == NODE_CHAIN) {
        r->chain = n->verifier.refusal.rule;
        r->contract = n->verifier.refusal.contract;
        copy_string(r->sentence, sizeof r->sentence, n->verifier.refusal.sentence);
    } else if (rule == NODE_STORE) {
        snprintf(r->sentence, sizeof r->sentence, "%s: %s", rule_words(rule), lx_err_name(err));
        n->is_failed = n->is_failed || err == LX_EIO;
    } else if (contract != SIGCHAIN_NO_CONTRACT) {
        snprintf(r->sentence, sizeof r->sentence, "contract %u: %s", (unsigned)contract, rule_words(rule));
    } else {
        copy_string(r->sentence, sizeof r->sentence, rule_words(rule));
    }
    return false;
}

static bool refuse(struct node *n, enum node_rule rule)
{
    return node_refuse(n, rule, SIGCHAIN_NO_CONTRACT, LX_OK);
}

/** What must hold before the chain is looked at. */
static bool check_alone(struct node *n, const struct transaction *tx, const struct u512 *txid, uint64_t now_s)
{
    uint8_t status[STATUS_BYTES];
    struct u256 producer;
    enum lx_err err = node_get(n, node_key(STORE_STATUS, txid->bytes, U512_BYTES), status, sizeof status);
    if (err != LX_ENOENT) {
        return err == LX_OK ? refuse(n, NODE_KNOWN) : node_refuse(n, NODE_STORE, SIGCHAIN_NO_CONTRACT, err);
    }
    if (tx->timestamp > now_s && tx->timestamp - now_s > NODE_CLOCK_SKEW_S) {
        return refuse(n, NODE_FUTURE);
    }
    node_producer_genesis(&n->setup.network, &producer);
    return u256_equal(&tx->genesis, &producer) ? refuse(n, NODE_PRODUCER) : true;
}

static bool check_chain(struct node *n, const struct transaction *tx, const void *bytes, size_t len_bytes)
{
    enum lx_err err = node_load_chain(n, &tx->genesis);
    if (err != LX_OK) {
        return node_refuse(n, NODE_STORE, SIGCHAIN_NO_CONTRACT, err);
    }
    if (sigchain_add(&n->verifier, bytes, len_bytes)) {
        return true;
    }
    enum sigchain_rule rule = n->verifier.refusal.rule;
    if (rule == SIGCHAIN_FIRST || (rule == SIGCHAIN_SEQUENCE && tx->sequence > n->verifier.transaction_count)) {
        return refuse(n, NODE_GAP);
    }
    bool is_rival = rule == SIGCHAIN_FORK || rule == SIGCHAIN_SEQUENCE;
    return refuse(n, is_rival ? NODE_CONFLICT : NODE_CHAIN);
}

static enum lx_err put_registers(struct node *n)
{
    for (uint32_t i = 0; i < n->touched_count; i++) {
        struct writer w = writer_of(n->small, sizeof n->small);
        writer_put(&w, n->verifier.txid.bytes, U512_BYTES);
        register_serialise(&n->touched[i].state, &w);
        assert(!w.overflow);
        enum lx_err err = lld_put(n->setup.store, node_key(STORE_REGISTERS, n->touched[i].address.bytes, U256_BYTES),
                                  w.bytes, w.used_bytes);
        if (err != LX_OK) {
            return err;
        }
    }
    return LX_OK;
}

static enum lx_err put_claims(struct node *n)
{
    uint8_t key[CLAIM_KEY_BYTES];
    for (uint32_t i = 0; i < n->claim_count; i++) {
        node_claim_key(&n->claims[i], key);
        enum lx_err err =
            lld_put(n->setup.store, node_key(STORE_CLAIMS, key, sizeof key), n->verifier.txid.bytes, U512_BYTES);
        if (err != LX_OK) {
            return err;
        }
    }
    return LX_OK;
}

static enum lx_err put_all(struct node *n, const void *bytes, size_t len_bytes)
{
    enum lx_err err = put_registers(n);
    if (err == LX_OK) {
        err = put_claims(n);
    }
    if (err == LX_OK) {
        err = node_put_transaction(n, bytes, len_bytes, n->accepted_count, 0);
    }
    if (err == LX_OK) {
        err = node_put_meta(n, n->accepted_count + 1, n->confirmed_count, n->height, &n->best, n->best_s);
    }
    return err;
}

/** All of it or nothing. */
static bool keep(struct node *n, const void *bytes, size_t len_bytes)
{
    enum lx_err err = lld_begin(n->setup.store);
    if (err == LX_OK) {
        err = put_all(n, bytes, len_bytes);
        if (err == LX_OK) {
            err = lld_commit(n->setup.store);
        } else {
            lld_abort(n->setup.store);
        }
    }
    if (err != LX_OK) {
        return node_refuse(n, NODE_STORE, SIGCHAIN_NO_CONTRACT, err);
    }
    n->accepted_count++;
    return true;
}

bool node_submit(struct node *n, const void *bytes, size_t len_bytes, uint64_t now_s, struct u512 *txid)
{
    struct transaction tx;
    n->refusal = (struct node_refusal){.rule = NODE_OK, .contract = SIGCHAIN_NO_CONTRACT};
    if (n->is_failed) {
        return node_refuse(n, NODE_STORE, SIGCHAIN_NO_CONTRACT, LX_EIO);
    }
    if (len_bytes > NODE_TRANSACTION_BYTES_MAX) {
        return refuse(n, NODE_LIMIT);
    }
    enum lx_err err = transaction_parse(bytes, len_bytes, &tx);
    if (err != LX_OK) {
        return refuse(n, err == LX_ERANGE ? NODE_LIMIT : NODE_MALFORMED);
    }
    transaction_id(&tx, txid);
    return check_alone(n, &tx, txid, now_s) && check_chain(n, &tx, bytes, len_bytes) && node_check_contracts(n, &tx) &&
           keep(n, bytes, len_bytes);
}
