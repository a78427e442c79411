/* SPDX-License-Identifier: MIT */
/**
 * Making transactions: contracts with their register streams, then the numbers, key and signature.
 * Owns:   nothing; the builder and its buffer are the caller's.    Uses: base, llc, register.
 * Limits: conditions are not understood. Proof of work for a first transaction on a public network is the host's
 *         business.
 * Source: docs/spec/sigchain.md section 1
 */
#include "sigchain.h"

#define STATE_BEFORE 0x01u
#define STATE_AFTER  0x02u

/* The number of contracts stands first and is patched as they come: up to 100 it is one byte. */
_Static_assert(TRANSACTION_CONTRACTS_MAX < 0xfd, "the number of contracts is one byte");

void transaction_begin(struct transaction_builder *b, const struct u256 *genesis, uint64_t timestamp, void *buffer,
                       size_t cap_bytes)
{
    b->out = writer_of(buffer, cap_bytes);
    b->caller = (struct register_caller){*genesis, timestamp, TRANSACTION_VERSION};
    b->contract_count = 0;
    writer_u8(&b->out, 0);
}

static struct writer operation_writer(struct transaction_builder *b)
{
    return writer_of(b->operation, sizeof b->operation);
}

/** Adds the contract for the operation in `w`. */
static enum register_err contract_put(struct transaction_builder *b, const struct writer *w, struct cursor conditions,
                                      struct register_state *state)
{
    struct operation op;
    struct writer registers = writer_of(b->registers, sizeof b->registers);
    if (w->overflow) {
        return REGISTER_TOO_LARGE;
    }
    if (b->out.overflow || b->contract_count == TRANSACTION_CONTRACTS_MAX) {
        return REGISTER_NO_SPACE;
    }
    enum register_err err = operation_parse(cursor_of(w->bytes, w->used_bytes), &op);
    if (err != REGISTER_OK) { /* we wrote it, but of what somebody else filled in */
        return REGISTER_OPERATION;
    }
    bool has_register = operation_has_register(op.code);
    if (has_register && op.code != OPERATION_CREATE) {
        writer_u8(&registers, STATE_BEFORE);
        register_serialise(state, &registers);
    }
    /* Room for the streams, their lengths, and the checksum, so that nothing is added in part. */
    size_t room = b->out.cap_bytes - b->out.used_bytes;
    size_t wanted = w->used_bytes + registers.used_bytes + 3 + 5 + 3 + 9;
    if (room < wanted || room - wanted < conditions.left_bytes) {
        return REGISTER_NO_SPACE;
    }
    if (op.code == OPERATION_TRUST || op.code == OPERATION_GENESIS) {
        address_of_trust(&b->caller.genesis, &op.address);
    }
    err = operation_check_conditions(&op, conditions.left_bytes);
    if (err == REGISTER_OK && has_register) {
        err = register_execute(&op, &b->caller, state);
    }
    if (err != REGISTER_OK) {
        return err;
    }
    if (has_register) {
        writer_u8(&registers, STATE_AFTER);
        writer_le64(&registers, state->checksum);
    }
    vector_put(&b->out, w->bytes, w->used_bytes);
    vector_put(&b->out, conditions.at, conditions.left_bytes);
    vector_put(&b->out, registers.bytes, registers.used_bytes);
    assert(!b->out.overflow);
    b->out.bytes[0] = (uint8_t)++b->contract_count;
    return REGISTER_OK;
}

static enum register_err contract_add(struct transaction_builder *b, const struct writer *w,
                                      struct register_state *state)
{
    return contract_put(b, w, cursor_of(NULL, 0), state);
}

enum register_err transaction_operation(struct transaction_builder *b, const struct operation *op,
                                        struct cursor conditions, struct register_state *state)
{
    struct writer w = operation_writer(b);
    assert(state != NULL || !operation_has_register(op->code));
    return operation_put(&w, op) ? contract_put(b, &w, conditions, state) : REGISTER_OPERATION;
}

enum register_err transaction_create(struct transaction_builder *b, const struct u256 *address, enum register_type type,
                                     const void *data, size_t data_bytes, struct register_state *state)
{
    struct writer w = operation_writer(b);
    operation_put_create(&w, address, type, data, data_bytes);
    return contract_add(b, &w, state);
}

enum register_err transaction_write(struct transaction_builder *b, const struct u256 *address, const void *payload,
                                    size_t payload_bytes, struct register_state *state)
{
    struct writer w = operation_writer(b);
    operation_put_write(&w, address, payload, payload_bytes);
    return contract_add(b, &w, state);
}

enum register_err transaction_append(struct transaction_builder *b, const struct u256 *address, const void *data,
                                     size_t data_bytes, struct register_state *state)
{
    struct writer w = operation_writer(b);
    operation_put_append(&w, address, data, data_bytes);
    return contract_add(b, &w, state);
}

enum register_err transaction_transfer(struct transaction_builder *b, const struct u256 *address,
                                       const struct u256 *recipient, bool is_forced, struct register_state *state)
{
    if (address_is_wildcard(recipient)) {
        return REGISTER_CONDITIONS; /* which we do not make */
    }
    struct writer w = operation_writer(b);
    operation_put_transfer(&w, address, recipient, is_forced);
    return contract_add(b, &w, state);
}

enum register_err transaction_claim(struct transaction_builder *b, const struct u512 *txid, uint32_t contract,
                                    const struct u256 *address, struct register_state *state)
{
    struct writer w = operation_writer(b);
    operation_put_claim(&w, txid, contract, address);
    return contract_add(b, &w, state);
}

/* ---- signing ---------------------------------------------------------------------------------------------------- */

#define SIGNATURE_BYTES_MAX FALCON_SIGNATURE_BYTES

_Static_assert(BRAINPOOL_SIGNATURE_BYTES <= SIGNATURE_BYTES_MAX, "Falcon's are the longest");

/** Makes the public key of a secret, in `brainpool`, or with Falcon the whole key, in the secret's room. */
static enum lx_err public_of(const struct sigchain_secret *secret, uint8_t brainpool[BRAINPOOL_PUBLIC_BYTES],
                             struct cursor *out)
{
    if (secret->type == SIGNATURE_BRAINPOOL) {
        *out = cursor_of(brainpool, BRAINPOOL_PUBLIC_BYTES);
        return brainpool_public_of(secret->bytes, brainpool);
    }
    assert(secret->falcon != NULL);
    *out = cursor_of(secret->falcon->key.public_key, FALCON_PUBLIC_BYTES);
    return falcon_key_of_secret(secret->bytes, &secret->falcon->key, &secret->falcon->work);
}

enum lx_err sigchain_secret_hash(const struct sigchain_secret *secret, struct u256 *out)
{
    uint8_t brainpool[BRAINPOOL_PUBLIC_BYTES];
    struct cursor key;
    enum lx_err err = public_of(secret, brainpool, &key);
    if (err == LX_OK) {
        sk256_of(key.at, key.left_bytes, out);
    }
    return err;
}

enum lx_err sigchain_key_hash(const uint8_t secret[BRAINPOOL_SECRET_BYTES], struct u256 *out)
{
    return sigchain_secret_hash(&(struct sigchain_secret){.type = SIGNATURE_BRAINPOOL, .bytes = secret}, out);
}

static void numbers_put(struct transaction_builder *b, const struct sigchain_link *link,
                        const struct sigchain_next *next, enum signature_type type)
{
    const struct u256 *recovery = next->recovery != NULL ? next->recovery : &link->recovery;
    writer_le32(&b->out, b->caller.version);
    writer_le32(&b->out, link->sequence);
    writer_le64(&b->out, b->caller.timestamp);
    writer_put(&b->out, next->key.bytes, U256_BYTES);
    writer_put(&b->out, recovery->bytes, U256_BYTES);
    writer_put(&b->out, link->genesis.bytes, U256_BYTES);
    writer_put(&b->out, link->previous.bytes, U512_BYTES);
    writer_u8(&b->out, (uint8_t)type);
    writer_u8(&b->out, (uint8_t)next->type);
}

/** Signs the GB form of an id with the key that public_of has made. */
static enum lx_err id_sign(const struct sigchain_secret *secret, const struct u512 *txid,
                           uint8_t out[SIGNATURE_BYTES_MAX], size_t *len_bytes)
{
    uint8_t digest[U512_BYTES];
    gb_of_mem(txid->bytes, U512_BYTES, digest);
    if (secret->type == SIGNATURE_BRAINPOOL) {
        *len_bytes = BRAINPOOL_SIGNATURE_BYTES;
        return brainpool_sign(secret->bytes, digest, secret->random, out);
    }
    *len_bytes = FALCON_SIGNATURE_BYTES;
    return falcon_sign(&secret->falcon->key, digest, sizeof digest, out, &secret->falcon->work);
}

/** Signs what is hashed, which is all that has been written, and writes key and signature behind it. */
static enum lx_err signature_put(struct transaction_builder *b, const struct sigchain_secret *secret,
                                 struct cursor key, struct u512 *txid)
{
    struct transaction tx = {.hashed = cursor_of(b->out.bytes, b->out.used_bytes)};
    uint8_t signature[SIGNATURE_BYTES_MAX];
    size_t signature_bytes;
    transaction_id(&tx, txid);
    enum lx_err err = id_sign(secret, txid, signature, &signature_bytes);
    if (err != LX_OK) {
        return err;
    }
    vector_put(&b->out, key.at, key.left_bytes);
    vector_put(&b->out, signature, signature_bytes);
    if (b->out.overflow) {
        return LX_ENOSPC;
    }
    /*
     * A bit that flipped while signing could give the secret away with the signature, so it does not leave unverified.
     */
    err = transaction_parse(b->out.bytes, b->out.used_bytes, &tx);
    if (err == LX_OK) {
        err = transaction_verify_signature(&tx, txid, &b->work);
    }
    if (err != LX_OK) {
        wipe(b->out.bytes, b->out.used_bytes);
        return LX_EIO;
    }
    return LX_OK;
}

/** Whether a key with this hash may sign next, and what `next` says of the recovery key. */
static bool may_sign(const struct sigchain_link *link, const struct sigchain_next *next, const struct u256 *hash)
{
    bool has_recovery = !u256_is_zero(&link->recovery);
    bool is_announced = u256_is_zero(&link->key) || u256_equal(&link->key, hash);
    bool recovers = !is_announced && has_recovery && u256_equal(&link->recovery, hash);
    bool keeps = next->recovery == NULL || u256_equal(next->recovery, &link->recovery);
    return (is_announced || recovers) && (keeps || recovers || !has_recovery);
}

enum lx_err transaction_sign_as(struct transaction_builder *b, const struct sigchain_link *link,
                                const struct sigchain_next *next, const struct sigchain_secret *secret,
                                struct u512 *txid)
{
    uint8_t brainpool[BRAINPOOL_PUBLIC_BYTES];
    struct cursor key;
    struct u256 hash;
    enum lx_err err = public_of(secret, brainpool, &key);
    if (err == LX_OK) {
        sk256_of(key.at, key.left_bytes, &hash);
        if (b->contract_count == 0 || !u256_equal(&link->genesis, &b->caller.genesis) ||
            b->caller.timestamp < link->not_before || u256_is_zero(&next->key) || !may_sign(link, next, &hash)) {
            err = LX_EINVAL;
        }
    }
    if (err == LX_OK) {
        numbers_put(b, link, next, secret->type);
        err = b->out.overflow ? LX_ENOSPC : signature_put(b, secret, key, txid);
    }
    if (secret->type == SIGNATURE_FALCON) {
        wipe(&secret->falcon->key, sizeof secret->falcon->key);
    }
    return err;
}

enum lx_err transaction_sign(struct transaction_builder *b, const struct sigchain_link *link, const struct u256 *next,
                             const uint8_t secret[BRAINPOOL_SECRET_BYTES], const uint8_t random[BRAINPOOL_RANDOM_BYTES],
                             struct u512 *txid)
{
    struct sigchain_secret brainpool = {.type = SIGNATURE_BRAINPOOL, .bytes = secret, .random = random};
    return transaction_sign_as(b, link, &(struct sigchain_next){.type = SIGNATURE_BRAINPOOL, .key = *next}, &brainpool,
                               txid);
}
