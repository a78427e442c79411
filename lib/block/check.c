/* SPDX-License-Identifier: MIT */
/**
 * The rules of a block by itself: its header, its work, its list of transactions, and its producer's two signatures.
 * Owns:   nothing.    Uses: base, llc, operations of register, sigchain.
 * Limits: the work of the stake and prime channels, and whether `bits` are what the network demands at that height, are
 *         not checked: the first needs the staker's account and arithmetic on primes, the second all blocks before.
 * Source: docs/spec/block.md section 5
 */
#include "block.h"

#define VERSION_FIRST   7u
#define VERSION_LAST    9u
#define LEGACY_ENDS     9u /* the version that takes no legacy transactions any more */
#define PRODUCER_S      3600u
#define LINK_BYTES      65u
#define TYPE_LEGACY     0u
#define TYPE_TRITIUM    1u
#define ID_TYPE_TRITIUM 0x01u /* the most significant byte of an id */
#define ID_TYPE_LEGACY  0x02u

static bool is_public(const struct sigchain_network *network)
{
    return network->kind == NETWORK_MAIN || network->kind == NETWORK_TEST;
}

/* ---- work ------------------------------------------------------------------------------------------------------- */

bool block_target_of(uint32_t bits, struct u1024 *out)
{
    struct u1024 target = {{0}};
    uint32_t mantissa = bits & 0x7fffff;
    uint32_t size = bits >> 24; /* of the number, in bytes; the mantissa's three are its first */
    if ((bits & 0x800000) != 0 || size > U1024_BYTES) {
        return false;
    }
    uint32_t any = 0;
    for (uint32_t i = 0; i < 3; i++) {
        uint8_t byte = (uint8_t)(mantissa >> 8 * i);
        if (size + i >= 3) {
            target.bytes[size + i - 3] = byte;
            any |= byte;
        }
    }
    bool is_above = target.bytes[127] != 0 || target.bytes[126] != 0 || target.bytes[125] >= 0x80; /* 2^1007 */
    if (any == 0 || is_above) {
        return false;
    }
    *out = target;
    return true;
}

bool block_work_of(uint32_t bits, uint64_t *out)
{
    uint32_t mantissa = bits & 0x7fffff;
    uint32_t size = bits >> 24;
    assert(mantissa != 0 && size <= U1024_BYTES);
    if (size < 118) { /* the target is below 2^936: 2^88 hashes at least */
        *out = UINT64_MAX;
        return false;
    }
    /* 2^(1024 - 8 (size - 3)) / mantissa, bit by bit. The remainder stays below the mantissa. */
    uint64_t quotient = 1 / mantissa;
    uint32_t remainder = 1 % mantissa;
    for (uint32_t i = 0; i < 1024 - 8 * (size - 3); i++) {
        remainder *= 2;
        uint64_t bit = remainder >= mantissa;
        remainder -= bit != 0 ? mantissa : 0;
        if (quotient >> 63 != 0) {
            *out = UINT64_MAX;
            return false;
        }
        quotient = quotient << 1 | bit;
    }
    *out = quotient;
    return true;
}

/** Whether a is above b, both numbers in mem form. */
static bool is_above(const struct u1024 *a, const struct u1024 *b)
{
    for (size_t i = U1024_BYTES; i-- > 0;) {
        if (a->bytes[i] != b->bytes[i]) {
            return a->bytes[i] > b->bytes[i];
        }
    }
    return false;
}

/** The hash channel's: the bits of the prime channel are no target, and those of the private one bind nobody. */
static enum block_rule check_work(const struct block_header *header)
{
    struct u1024 target, proof;
    if (header->channel != CHANNEL_HASH) {
        return BLOCK_OK;
    }
    if (!block_target_of(header->bits, &target)) {
        return BLOCK_BITS;
    }
    block_proof_hash(header, &proof);
    return is_above(&proof, &target) ? BLOCK_WORK : BLOCK_OK;
}

enum block_rule block_check_header(const struct block_header *header, const struct sigchain_network *network)
{
    if (header->version < VERSION_FIRST || header->version > VERSION_LAST) {
        return BLOCK_VERSION;
    }
    if (header->channel > CHANNEL_PRIVATE || (header->channel == CHANNEL_PRIVATE) == is_public(network)) {
        return BLOCK_CHANNEL;
    }
    if ((header->channel == CHANNEL_PRIME) == cursor_is_empty(&header->offsets)) {
        return BLOCK_OFFSETS;
    }
    return check_work(header);
}

/* ---- signatures ------------------------------------------------------------------------------------------------- */

enum lx_err block_sign(const struct block_header *header, const uint8_t secret[BRAINPOOL_SECRET_BYTES],
                       const uint8_t random[BRAINPOOL_RANDOM_BYTES], uint8_t out[BRAINPOOL_SIGNATURE_BYTES])
{
    struct u1024 hash;
    block_hash(header, &hash);
    return brainpool_sign(secret, hash.bytes, random, out); /* the first half of the mem form is the digest */
}

enum lx_err block_sign_falcon(const struct block_header *header, const uint8_t secret[FALCON_SECRET_BYTES],
                              struct sigchain_falcon *room, uint8_t out[FALCON_SIGNATURE_BYTES])
{
    struct u1024 hash;
    uint8_t message[U1024_BYTES];
    block_hash(header, &hash);
    gb_of_mem(hash.bytes, U1024_BYTES, message);
    enum lx_err err = falcon_key_of_secret(secret, &room->key, &room->work);
    if (err == LX_OK) {
        err = falcon_sign(&room->key, message, sizeof message, out, &room->work);
    }
    wipe(room, sizeof *room);
    return err;
}

enum lx_err block_verify_signature(const struct block_header *header, uint8_t key_type, struct cursor key,
                                   struct cursor signature, struct sigchain_work *work)
{
    struct u1024 hash;
    block_hash(header, &hash);
    if (key_type == SIGNATURE_FALCON) {
        uint8_t message[U1024_BYTES];
        gb_of_mem(hash.bytes, U1024_BYTES, message);
        return falcon_verify_vartime(key.at, key.left_bytes, message, sizeof message, signature.at,
                                     signature.left_bytes, &work->of.falcon);
    }
    if (key_type == SIGNATURE_BRAINPOOL) {
        return brainpool_verify_any_length_vartime(key.at, key.left_bytes, hash.bytes, signature.at,
                                                   signature.left_bytes, &work->of.brainpool);
    }
    return LX_EINVAL;
}

/* ---- the producer ----------------------------------------------------------------------------------------------- */

/** The one producer of hybrid and private networks: the genesis id of the user name "generate", but for its type. */
static bool is_generator(const struct u256 *genesis)
{
    static const uint8_t id[U256_BYTES - 1] = {0x41, 0x9a, 0x0e, 0x4a, 0x37, 0xd8, 0x64, 0xd9, 0x95, 0x68, 0x54,
                                               0x68, 0xae, 0x56, 0x95, 0x5c, 0xdc, 0xbb, 0x6c, 0xd8, 0x93, 0xff,
                                               0x4e, 0x10, 0x9e, 0xd0, 0x8b, 0x50, 0x14, 0x4c, 0xa7};
    return memcmp(genesis->bytes, id, sizeof id) == 0;
}

static bool operation_fits(uint32_t channel, enum operation_code code)
{
    if (channel == CHANNEL_PRIVATE) {
        return code == OPERATION_AUTHORIZE;
    }
    if (channel == CHANNEL_STAKE) {
        return code == OPERATION_TRUST || code == OPERATION_GENESIS;
    }
    return code == OPERATION_COINBASE;
}

/** Whether every contract does what producers of this channel do; coinbases may be several, the others stand alone. */
static bool contracts_fit(const struct block *block)
{
    struct cursor contracts = block->producer.contracts;
    struct contract contract;
    struct operation op;
    while (contract_next(&contracts, &contract)) {
        if (operation_parse(contract.operation, &op) != REGISTER_OK ||
            !operation_fits(block->header.channel, op.code)) {
            return false;
        }
    }
    uint32_t count = block->producer.contract_count;
    bool may_be_several = block->header.channel == CHANNEL_PRIME || block->header.channel == CHANNEL_HASH;
    return count == 1 || (count > 1 && may_be_several);
}

static enum block_rule check_producer(const struct block *block, const struct sigchain_network *network,
                                      struct sigchain_work *work)
{
    const struct transaction *tx = &block->producer;
    struct u512 txid;
    if (u256_type(&tx->genesis) != network->user_type) {
        return BLOCK_PRODUCER_NETWORK;
    }
    if (block->header.channel == CHANNEL_PRIVATE && !is_generator(&tx->genesis)) {
        return BLOCK_PRODUCER;
    }
    if (!contracts_fit(block)) {
        return BLOCK_PRODUCER_CONTRACT;
    }
    if (block->header.time_s > PRODUCER_S && block->header.time_s - PRODUCER_S > tx->timestamp) {
        return BLOCK_PRODUCER_TIME;
    }
    transaction_id(tx, &txid);
    if (transaction_verify_signature(tx, &txid, work) != LX_OK) {
        return BLOCK_PRODUCER_SIGNATURE;
    }
    return block_verify_signature(&block->header, tx->key_type, tx->public_key, block->signature, work) == LX_OK
               ? BLOCK_OK
               : BLOCK_SIGNATURE;
}

/* ---- the transactions ------------------------------------------------------------------------------------------- */

static bool type_fits(uint32_t version, uint8_t type, const struct u512 *id)
{
    uint8_t id_type = id->bytes[U512_BYTES - 1];
    return (type == TYPE_TRITIUM && id_type == ID_TYPE_TRITIUM) ||
           (type == TYPE_LEGACY && id_type == ID_TYPE_LEGACY && version < LEGACY_ENDS);
}

/** Reads the ids into the room, the producer's last. @return false when one has a type that does not fit. */
static bool ids_get(const struct block *block, struct u512 *ids)
{
    struct cursor c = block->transactions;
    uint8_t type;
    uint32_t count = 0;
    while (cursor_u8(&c, &type) && cursor_copy(&c, ids[count].bytes, U512_BYTES)) {
        if (!type_fits(block->header.version, type, &ids[count])) {
            return false;
        }
        count++;
    }
    assert(count == block->transaction_count);
    transaction_id(&block->producer, &ids[count]);
    return true;
}

/** Lets the id at `at` sink in a heap of `count`. */
static void sink(struct u512 *ids, size_t at, size_t count)
{
    while (2 * at + 1 < count) {
        size_t child = 2 * at + 1;
        if (child + 1 < count && memcmp(ids[child].bytes, ids[child + 1].bytes, U512_BYTES) < 0) {
            child++;
        }
        if (memcmp(ids[at].bytes, ids[child].bytes, U512_BYTES) >= 0) {
            return;
        }
        struct u512 saved = ids[at];
        ids[at] = ids[child];
        ids[child] = saved;
        at = child;
    }
}

/** Sorts the ids in place, by a heap, and looks for equal neighbours. */
static bool all_differ(struct u512 *ids, size_t count)
{
    for (size_t i = count / 2; i-- > 0;) {
        sink(ids, i, count);
    }
    for (size_t left = count; left > 1; left--) {
        struct u512 saved = ids[0];
        ids[0] = ids[left - 1];
        ids[left - 1] = saved;
        sink(ids, 0, left - 1);
    }
    for (size_t i = 1; i < count; i++) {
        if (u512_equal(&ids[i - 1], &ids[i])) {
            return false;
        }
    }
    return true;
}

static enum block_rule check_transactions(const struct block *block, struct block_room *room)
{
    struct u512 root;
    size_t count = (size_t)block->transaction_count + 1;
    if (count > room->id_capacity) {
        return BLOCK_LIMIT;
    }
    if (!ids_get(block, room->ids)) {
        return BLOCK_TRANSACTION_TYPE;
    }
    if (!all_differ(room->ids, count)) {
        return BLOCK_TWICE;
    }
    bool fits = ids_get(block, room->ids); /* once more: they were sorted */
    assert(fits);
    if (!block_merkle_root(room->ids, count, &root) || !u512_equal(&root, &block->header.merkle_root)) {
        return BLOCK_MERKLE_ROOT;
    }
    return BLOCK_OK;
}

enum block_rule block_check(const struct block *block, const struct sigchain_network *network, struct block_room *room)
{
    enum block_rule rule = block_check_header(&block->header, network);
    if (rule == BLOCK_OK && !cursor_is_empty(&block->system)) {
        rule = BLOCK_SYSTEM;
    }
    if (rule == BLOCK_OK) {
        rule = check_transactions(block, room);
    }
    return rule == BLOCK_OK ? check_producer(block, network, &room->work) : rule;
}
