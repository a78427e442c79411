/* SPDX-License-Identifier: MIT */
/**
 * Verification of a chain: that each transaction follows the one before it and was signed with the key announced there.
 * All checks up to the signature need nothing but the transaction and change nothing, so that nobody but the owner of a
 * chain can make its verifier refuse what follows.
 * Owns:   nothing.    Uses: base, llc; contract.c for the registers.
 * Limits: the clock is not consulted: whether timestamps lie in the future is for whoever has one.
 * Source: docs/spec/sigchain.md sections 2 and 3
 */
#include "verify.h"

#define VERSION_GRACE_S 3600u

/* The promise to components: a chain of 64 registers is verified in 256 KiB. */
_Static_assert(sizeof(struct sigchain_verifier) + 64 * sizeof(struct sigchain_register) <= (size_t)256 * 1024,
               "it is kept");

void sigchain_network_of(enum sigchain_network_kind kind, const char *name, struct sigchain_network *out)
{
    static const uint8_t user_types[] = {
        [NETWORK_MAIN] = 0xa1, [NETWORK_TEST] = 0xb1, [NETWORK_HYBRID] = 0xa7, [NETWORK_PRIVATE] = 0xb7};
    *out = (struct sigchain_network){.kind = kind, .user_type = user_types[kind]};
    if (kind == NETWORK_HYBRID || kind == NETWORK_PRIVATE) {
        const char *id = name == NULL ? "" : name;
        sk512_of(id, strlen(id), &out->id);
    }
}

static bool is_public(const struct sigchain_network *network)
{
    return network->kind == NETWORK_MAIN || network->kind == NETWORK_TEST;
}

void sigchain_verifier_init(struct sigchain_verifier *v, const struct sigchain_setup *setup)
{
    assert(setup->registers != NULL || setup->register_capacity == 0);
    assert(setup->pins != NULL || setup->pin_count == 0);
    memset(v, 0, sizeof *v);
    v->setup = *setup;
}

uint32_t sigchain_sequence(const struct sigchain_verifier *v)
{
    assert(v->transaction_count > 0);
    return v->transaction_count - 1;
}

void sigchain_genesis_of_key(const struct sigchain_network *network, const struct u256 *key_hash, struct u256 *out)
{
    *out = *key_hash;
    u256_set_type(out, network->user_type);
}

bool sigchain_genesis_is_bound(const struct sigchain_verifier *v)
{
    struct u256 bound;
    assert(v->transaction_count > 0);
    sigchain_genesis_of_key(&v->setup.network, &v->first_key, &bound);
    return u256_equal(&bound, &v->genesis);
}

/** Versions follow one another at known times; an old one lasts an hour into the next. */
static bool version_is_valid(const struct sigchain_network *network, uint32_t version, uint64_t timestamp)
{
    static const uint64_t main_start_s[] = {1573539371, 1584676140, 1631301120, 1631819333};
    static const uint64_t test_start_s[] = {1572325200, 1582946400, 1631046780, 1631563980};
    bool is_test = network->kind == NETWORK_TEST || network->kind == NETWORK_PRIVATE;
    const uint64_t *start_s = is_test ? test_start_s : main_start_s;
    if (version < 1 || version > ARRAY_LEN(main_start_s) || timestamp < start_s[version - 1]) {
        return false;
    }
    return version == ARRAY_LEN(main_start_s) || timestamp - VERSION_GRACE_S <= start_s[version];
}

static bool check_alone(struct sigchain_verifier *v, const struct transaction *tx)
{
    if (!version_is_valid(&v->setup.network, tx->version, tx->timestamp)) {
        return sigchain_refuse(v, SIGCHAIN_VERSION);
    }
    if (u256_type(&tx->genesis) != v->setup.network.user_type) {
        return sigchain_refuse(v, SIGCHAIN_NETWORK);
    }
    if (u256_is_zero(&tx->next)) {
        return sigchain_refuse(v, SIGCHAIN_NEXT);
    }
    if (tx->key_type != SIGNATURE_FALCON && tx->key_type != SIGNATURE_BRAINPOOL) {
        return sigchain_refuse(v, SIGCHAIN_KEY_TYPE);
    }
    return true;
}

static bool check_first(struct sigchain_verifier *v, const struct transaction *tx, bool *work_is_checked)
{
    if (tx->sequence != 0) {
        return sigchain_refuse(v, SIGCHAIN_FIRST);
    }
    if (!is_public(&v->setup.network)) {
        return u512_equal(&tx->previous, &v->setup.network.id) ? true : sigchain_refuse(v, SIGCHAIN_NETWORK_ID);
    }
    if (v->setup.check_work != NULL) {
        enum lx_err err = v->setup.check_work(&tx->genesis, tx->hashed.at, tx->hashed.left_bytes);
        if (err == LX_EBADMSG) {
            return sigchain_refuse(v, SIGCHAIN_WORK);
        }
        *work_is_checked = err == LX_OK;
    }
    return true;
}

/**
 * A transaction in the place of the last one: is it that one, a fork by the owner, or just something that does not
 * belong?
 */
static bool refuse_rival(struct sigchain_verifier *v, const struct transaction *tx, const struct u512 *txid,
                         const struct u256 *key)
{
    if (u512_equal(txid, &v->txid)) {
        return sigchain_refuse(v, SIGCHAIN_REPEATED);
    }
    /* Only the owner's signature proves a fork. Anybody can make a first transaction, so two of them prove nothing. */
    if (tx->sequence > 0 && u256_equal(key, &v->key) && transaction_verify_signature(tx, txid, &v->work) == LX_OK) {
        return sigchain_refuse(v, SIGCHAIN_FORK);
    }
    return sigchain_refuse(v, SIGCHAIN_SEQUENCE);
}

static bool check_link(struct sigchain_verifier *v, const struct transaction *tx, const struct u512 *txid,
                       const struct u256 *key)
{
    if (!u256_equal(&tx->genesis, &v->genesis)) {
        return sigchain_refuse(v, SIGCHAIN_GENESIS);
    }
    if (tx->sequence == v->transaction_count - 1) {
        return refuse_rival(v, tx, txid, key);
    }
    if (tx->sequence != v->transaction_count) {
        return sigchain_refuse(v, SIGCHAIN_SEQUENCE);
    }
    if (!u512_equal(&tx->previous, &v->txid)) {
        return sigchain_refuse(v, SIGCHAIN_PREVIOUS);
    }
    if (tx->timestamp < v->timestamp) {
        return sigchain_refuse(v, SIGCHAIN_TIMESTAMP);
    }
    bool recovered = false;
    if (!u256_equal(key, &v->next)) {
        if (u256_is_zero(&v->recovery) || !u256_equal(key, &v->recovery)) {
            return sigchain_refuse(v, SIGCHAIN_KEY);
        }
        recovered = true;
    }
    if (!recovered && !u256_is_zero(&v->recovery) && !u256_equal(&tx->recovery, &v->recovery)) {
        return sigchain_refuse(v, SIGCHAIN_RECOVERY);
    }
    return true;
}

static bool check_pins(struct sigchain_verifier *v, const struct u512 *txid)
{
    for (size_t i = 0; i < v->setup.pin_count; i++) {
        if (v->setup.pins[i].sequence == v->transaction_count && !u512_equal(&v->setup.pins[i].txid, txid)) {
            return sigchain_refuse(v, SIGCHAIN_PIN);
        }
    }
    return true;
}

static void accept(struct sigchain_verifier *v, const struct transaction *tx, const struct u512 *txid,
                   const struct u256 *key)
{
    if (v->transaction_count == 0) {
        v->genesis = tx->genesis;
        v->first_txid = *txid;
        v->first_key = *key;
    }
    v->timestamp = tx->timestamp;
    v->key = *key;
    v->next = tx->next;
    v->recovery = tx->recovery;
    v->txid = *txid;
    v->transaction_count++;
}

bool sigchain_add(struct sigchain_verifier *v, const void *bytes, size_t len_bytes)
{
    struct transaction tx;
    struct u512 txid;
    struct u256 key;
    bool work_is_checked = false;
    if (v->is_broken) {
        return sigchain_refuse(v, SIGCHAIN_BROKEN);
    }
    enum lx_err err = transaction_parse(bytes, len_bytes, &tx);
    if (err != LX_OK) {
        return sigchain_refuse(v, err == LX_ERANGE ? SIGCHAIN_LIMIT : SIGCHAIN_MALFORMED);
    }
    transaction_id(&tx, &txid);
    sk256_of(tx.public_key.at, tx.public_key.left_bytes, &key);
    if (!check_alone(v, &tx) ||
        !(v->transaction_count == 0 ? check_first(v, &tx, &work_is_checked) : check_link(v, &tx, &txid, &key)) ||
        !check_pins(v, &txid)) {
        return false;
    }
    if (transaction_verify_signature(&tx, &txid, &v->work) != LX_OK) {
        return sigchain_refuse(v, SIGCHAIN_SIGNATURE);
    }
    /* From here on it is the owner's word, and what is wrong stays wrong. Only a first transaction can be anybody's. */
    if (!sigchain_check_mix(v, &tx) || !sigchain_execute(v, &tx)) {
        v->is_broken = v->transaction_count > 0;
        if (v->transaction_count == 0) {
            v->register_count = 0;
        }
        return false;
    }
    v->work_is_checked = v->work_is_checked || work_is_checked;
    accept(v, &tx, &txid, &key);
    return true;
}

bool sigchain_finish(struct sigchain_verifier *v)
{
    if (v->is_broken) {
        return sigchain_refuse(v, SIGCHAIN_BROKEN);
    }
    if (v->transaction_count == 0) {
        return sigchain_refuse(v, SIGCHAIN_NO_CHAIN);
    }
    for (size_t i = 0; i < v->setup.pin_count; i++) {
        if (v->setup.pins[i].sequence >= v->transaction_count) {
            return sigchain_refuse(v, SIGCHAIN_ROLLED_BACK);
        }
    }
    return true;
}

bool sigchain_verify_file(struct sigchain_verifier *v, const void *bytes, size_t len_bytes)
{
    struct chain_file file;
    struct cursor tx;
    enum lx_err err = chain_file_open(bytes, len_bytes, &file);
    if (err != LX_OK) {
        return sigchain_refuse(v, err == LX_ERANGE ? SIGCHAIN_LIMIT : SIGCHAIN_MALFORMED);
    }
    while (chain_file_next(&file, &tx)) {
        if (!sigchain_add(v, tx.at, tx.left_bytes)) {
            return false;
        }
    }
    return sigchain_finish(v);
}

void sigchain_link_of(const struct sigchain_verifier *v, struct sigchain_link *out)
{
    assert(v->transaction_count > 0);
    *out = (struct sigchain_link){
        .genesis = v->genesis,
        .sequence = v->transaction_count,
        .previous = v->txid,
        .not_before = v->timestamp,
        .recovery = v->recovery,
        .key = v->next,
    };
}

void sigchain_link_first(const struct sigchain_network *network, const struct u256 *genesis, struct sigchain_link *out)
{
    assert(!is_public(network));
    *out = (struct sigchain_link){.genesis = *genesis, .previous = network->id};
}
