/* SPDX-License-Identifier: MIT */
/**
 * Making blocks: what waits, in the order of acceptance, and behind it the producer's own transaction, which authorises the block and
 * whose key signs it. The block passes the checks of lib/block before it is stored.
 * Source: docs/spec/node.md section 4; docs/spec/block.md section 5
 */
#include "private.h"

#define BLOCK_VERSION 8u
#define BLOCK_BITS    0x7e7fffffu /* what the node writes where nobody mines */
#define BLOCK_NONCE   1u
#define LINK_BYTES    65u
#define TYPE_TRITIUM  1u

/** A producer's block under way. */
struct draft {
    uint32_t count; /* of links */
    uint64_t time_s;
    struct transaction producer;
    size_t producer_len, block_len;
    uint8_t key_bytes[64];
    struct sigchain_secret secret;
    struct block_header header;
};

/** The ids of what waits, into n->ids. */
static enum lx_err take_waiting(struct node *n, uint32_t *count)
{
    uint64_t left = n->accepted_count - n->confirmed_count;
    uint32_t wanted = left < NODE_BLOCK_TRANSACTIONS_MAX ? (uint32_t)left : NODE_BLOCK_TRANSACTIONS_MAX;
    uint8_t key[8];
    for (uint32_t i = 0; i < wanted; i++) {
        node_queue_key(n->confirmed_count + i, key);
        enum lx_err err = node_get(n, node_key(STORE_QUEUE, key, sizeof key), n->ids[i].bytes, U512_BYTES);
        if (err != LX_OK) {
            return err == LX_ENOENT ? LX_EBADMSG : err;
        }
    }
    *count = wanted;
    return LX_OK;
}

static void producer_secret(const struct node *n, uint32_t sequence, const uint8_t *random, struct draft *d)
{
    const struct signer_seed *seed = n->setup.producer;
    signer_secret(seed, sequence, d->key_bytes);
    d->secret = (struct sigchain_secret){seed->falcon != NULL ? SIGNATURE_FALCON : SIGNATURE_BRAINPOOL, d->key_bytes,
                                         random, seed->falcon};
}

/** Makes the producer's transaction, and adds it to his chain in n->verifier. */
static enum lx_err make_producer(struct node *n, const uint8_t *random, struct draft *d)
{
    struct sigchain_link link;
    struct sigchain_next next = {.type = SIGNATURE_BRAINPOOL};
    struct u512 txid;
    node_producer_genesis(&n->setup.network, &link.genesis);
    struct u256 genesis = link.genesis;
    if (n->verifier.transaction_count > 0) {
        sigchain_link_of(&n->verifier, &link);
    } else {
        sigchain_link_first(&n->setup.network, &genesis, &link);
    }
    if (d->time_s < link.not_before) {
        d->time_s = link.not_before;
    }
    const struct operation op = {.code = OPERATION_AUTHORIZE, .txid = link.previous, .other = genesis};
    transaction_begin(&n->builder, &genesis, d->time_s, n->producer_bytes, sizeof n->producer_bytes);
    if (transaction_operation(&n->builder, &op, cursor_of(NULL, 0), NULL) != REGISTER_OK) {
        return LX_EBADMSG;
    }
    producer_secret(n, link.sequence + 1, random, d);
    enum lx_err err = sigchain_secret_hash(&d->secret, &next.key);
    next.type = d->secret.type;
    if (err == LX_OK) {
        producer_secret(n, link.sequence, random, d);
        err = transaction_sign_as(&n->builder, &link, &next, &d->secret, &txid);
    }
    if (err != LX_OK) {
        return err;
    }
    d->producer_len = n->builder.out.used_bytes;
    bool ok = sigchain_add(&n->verifier, n->producer_bytes, d->producer_len) &&
              transaction_parse(n->producer_bytes, d->producer_len, &d->producer) == LX_OK;
    return ok ? LX_OK : LX_EBADMSG;
}

/** Signs the block's hash with the key of the producer's transaction. */
static enum lx_err sign_header(struct draft *d, uint8_t signature[FALCON_SIGNATURE_BYTES], size_t *len_bytes)
{
    if (d->secret.type == SIGNATURE_BRAINPOOL) {
        *len_bytes = BRAINPOOL_SIGNATURE_BYTES;
        return block_sign(&d->header, d->secret.bytes, d->secret.random, signature);
    }
    *len_bytes = FALCON_SIGNATURE_BYTES;
    return block_sign_falcon(&d->header, d->secret.bytes, d->secret.falcon, signature);
}

/** Writes the block into n->block_bytes, and checks it as anybody would. */
static enum lx_err make_block(struct node *n, struct draft *d, struct block *block)
{
    uint8_t *links = n->referenced;
    size_t signature_bytes;
    for (uint32_t i = 0; i < d->count; i++) {
        links[i * LINK_BYTES] = TYPE_TRITIUM;
        memcpy(links + i * LINK_BYTES + 1, n->ids[i].bytes, U512_BYTES);
    }
    n->ids[d->count] = n->verifier.txid;
    d->header = (struct block_header){.version = BLOCK_VERSION, .previous = n->best, .channel = CHANNEL_PRIVATE};
    d->header.height = n->height + 1;
    d->header.bits = BLOCK_BITS;
    d->header.nonce = BLOCK_NONCE;
    d->header.time_s = d->time_s;
    d->header.offsets = cursor_of(links, 0);
    if (!block_merkle_root(n->ids, d->count + 1, &d->header.merkle_root)) {
        return LX_EBADMSG;
    }
    enum lx_err err = sign_header(d, n->signature, &signature_bytes);
    if (err != LX_OK) {
        return err;
    }
    *block = (struct block){.header = d->header, .producer = d->producer, .transaction_count = d->count};
    block->signature = cursor_of(n->signature, signature_bytes);
    block->producer_bytes = cursor_of(n->producer_bytes, d->producer_len);
    block->system = cursor_of(links, 0);
    block->transactions = cursor_of(links, (size_t)d->count * LINK_BYTES);
    struct writer w = writer_of(n->block_bytes, sizeof n->block_bytes);
    block_put(&w, block);
    if (w.overflow || block_parse(w.bytes, w.used_bytes, block) != LX_OK ||
        block_check(block, &n->setup.network, &n->block_room) != BLOCK_OK) {
        return LX_EBADMSG;
    }
    d->block_len = w.used_bytes;
    return LX_OK;
}

/** Marks what the block holds as confirmed. */
static enum lx_err put_confirmed(struct node *n, const struct block *block)
{
    struct cursor links = block->transactions;
    uint8_t status[STATUS_BYTES], type;
    struct u512 id;
    for (uint32_t i = 0; cursor_u8(&links, &type) && cursor_copy(&links, id.bytes, U512_BYTES); i++) {
        le64_store(status, n->confirmed_count + i);
        le32_store(status + 8, block->header.height);
        enum lx_err err =
            lld_put(n->setup.store, node_key(STORE_STATUS, id.bytes, U512_BYTES), status, sizeof status);
        if (err != LX_OK) {
            return err;
        }
    }
    return LX_OK;
}

static enum lx_err put_block(struct node *n, const struct draft *d, const struct block *block, const struct u1024 *hash)
{
    struct lld *l = n->setup.store;
    uint8_t height[4];
    le32_store(height, block->header.height);
    enum lx_err err = put_confirmed(n, block);
    if (err == LX_OK) {
        err = lld_put(l, node_key(STORE_BLOCKS, height, sizeof height), n->block_bytes, d->block_len);
    }
    if (err == LX_OK) {
        err = lld_put(l, node_key(STORE_HEIGHTS, hash->bytes, U1024_BYTES), height, sizeof height);
    }
    if (err == LX_OK) {
        err = node_put_transaction(n, n->producer_bytes, d->producer_len, QUEUE_NONE, block->header.height);
    }
    if (err == LX_OK) {
        err = node_put_meta(n, n->accepted_count, n->confirmed_count + block->transaction_count, block->header.height, hash,
                            block->header.time_s);
    }
    return err;
}

/** Stores a block, all of it or nothing. */
static enum lx_err keep(struct node *n, const struct draft *d, const struct block *block)
{
    struct u1024 hash;
    block_hash(&block->header, &hash);
    enum lx_err err = lld_begin(n->setup.store);
    if (err != LX_OK) {
        return err;
    }
    err = put_block(n, d, block, &hash);
    if (err != LX_OK) {
        lld_abort(n->setup.store);
        return err;
    }
    err = lld_commit(n->setup.store);
    if (err == LX_OK) {
        n->confirmed_count += block->transaction_count;
        n->height = block->header.height;
        n->best = hash;
        n->best_s = block->header.time_s;
    }
    return err;
}

enum lx_err node_make_block(struct node *n, uint64_t now_s, const uint8_t random[BRAINPOOL_RANDOM_BYTES])
{
    struct draft d = {.time_s = now_s > n->best_s ? now_s : n->best_s + 1};
    struct block *block = &n->made;
    struct u256 genesis;
    if (n->is_failed) {
        return LX_EIO;
    }
    enum lx_err err = take_waiting(n, &d.count);
    if (err == LX_OK && d.count == 0) {
        return LX_ENOENT;
    }
    node_producer_genesis(&n->setup.network, &genesis);
    if (err == LX_OK) {
        err = node_load_chain(n, &genesis);
    }
    if (err == LX_OK) {
        err = make_producer(n, random, &d);
    }
    if (err == LX_OK) {
        err = make_block(n, &d, block);
    }
    wipe(d.key_bytes, sizeof d.key_bytes);
    if (err == LX_OK) {
        err = keep(n, &d, block);
    }
    n->is_failed = n->is_failed || err == LX_EIO;
    return err;
}
