/* SPDX-License-Identifier: MIT */
/**
 * Transactions as bytes: reading them, their ids and signatures.
 * Owns:   nothing.    Uses: base, llc, lengths of register.
 * Source: docs/spec/sigchain.md section 1
 */
#include "sigchain.h"

#define TYPE_TRITIUM 0x01u

bool contract_next(struct cursor *contracts, struct contract *out)
{
    struct cursor rest = *contracts;
    struct contract contract;
    if (!vector_get(&rest, &contract.operation) || !vector_get(&rest, &contract.conditions) ||
        !vector_get(&rest, &contract.registers)) {
        return false;
    }
    *contracts = rest;
    *out = contract;
    return true;
}

/** Passes over all contracts. @return LX_EINVAL when they are malformed, LX_ERANGE for too many. */
static enum lx_err contracts_pass(struct cursor *c, struct transaction *out)
{
    uint64_t count;
    struct contract ignored;
    if (!compact_size_get(c, &count)) {
        return LX_EINVAL;
    }
    if (count > TRANSACTION_CONTRACTS_MAX) {
        return LX_ERANGE;
    }
    const uint8_t *start = c->at;
    for (uint64_t i = 0; i < count; i++) {
        if (!contract_next(c, &ignored)) {
            return LX_EINVAL;
        }
    }
    out->contract_count = (uint32_t)count;
    out->contracts = cursor_of(start, (size_t)(c->at - start));
    return LX_OK;
}

static bool numbers_get(struct cursor *c, struct transaction *out)
{
    return cursor_le32(c, &out->version) && cursor_le32(c, &out->sequence) && cursor_le64(c, &out->timestamp) &&
           cursor_copy(c, out->next.bytes, U256_BYTES) && cursor_copy(c, out->recovery.bytes, U256_BYTES) &&
           cursor_copy(c, out->genesis.bytes, U256_BYTES) && cursor_copy(c, out->previous.bytes, U512_BYTES) &&
           cursor_u8(c, &out->key_type) && cursor_u8(c, &out->next_type);
}

enum lx_err transaction_take(struct cursor *c, struct transaction *out)
{
    struct cursor rest = *c;
    struct transaction tx;
    enum lx_err err = contracts_pass(&rest, &tx);
    if (err != LX_OK) {
        return err;
    }
    if (!numbers_get(&rest, &tx)) {
        return LX_EINVAL;
    }
    tx.hashed = cursor_of(c->at, c->left_bytes - rest.left_bytes);
    if (!vector_get(&rest, &tx.public_key) || !vector_get(&rest, &tx.signature)) {
        return LX_EINVAL;
    }
    if (c->left_bytes - rest.left_bytes > TRANSACTION_BYTES_MAX) {
        return LX_ERANGE;
    }
    *c = rest;
    *out = tx;
    return LX_OK;
}

enum lx_err transaction_parse(const void *bytes, size_t len_bytes, struct transaction *out)
{
    if (len_bytes > TRANSACTION_BYTES_MAX) {
        return LX_ERANGE;
    }
    struct cursor c = cursor_of(bytes, len_bytes);
    struct transaction tx;
    enum lx_err err = transaction_take(&c, &tx);
    if (err != LX_OK) {
        return err;
    }
    if (!cursor_is_empty(&c)) {
        return LX_EINVAL;
    }
    *out = tx;
    return LX_OK;
}

void transaction_id(const struct transaction *tx, struct u512 *out)
{
    sk512_of(tx->hashed.at, tx->hashed.left_bytes, out);
    out->bytes[U512_BYTES - 1] = TYPE_TRITIUM;
}

enum lx_err transaction_verify_signature(const struct transaction *tx, const struct u512 *txid,
                                         struct sigchain_work *work)
{
    uint8_t digest[U512_BYTES];
    gb_of_mem(txid->bytes, U512_BYTES, digest);
    if (tx->key_type == SIGNATURE_FALCON) {
        return falcon_verify_vartime(tx->public_key.at, tx->public_key.left_bytes, digest, sizeof digest,
                                     tx->signature.at, tx->signature.left_bytes, &work->of.falcon);
    }
    if (tx->key_type == SIGNATURE_BRAINPOOL) {
        return brainpool_verify_vartime(tx->public_key.at, tx->public_key.left_bytes, digest, tx->signature.at,
                                        tx->signature.left_bytes, &work->of.brainpool);
    }
    return LX_EINVAL;
}
