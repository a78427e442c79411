/* SPDX-License-Identifier: MIT */
/**
 * What the parts of node share: where things are in the store, and refusing. Private to node.
 * Source: docs/spec/node.md section 2
 */
#ifndef LX_NODE_PRIVATE_H
#define LX_NODE_PRIVATE_H

#include "node.h"

enum node_store {
    STORE_META = 1,         /* "ledger" */
    STORE_TRANSACTIONS = 2, /* 64 id: the bytes */
    STORE_STATUS = 3,       /* 64 id: u64 number in the queue, u32 height */
    STORE_QUEUE = 4,        /* u64 number, most significant byte first: 64 id */
    STORE_CHAINS = 5,       /* 32 genesis id: 32 hash, then a checkpoint without registers */
    STORE_PLACES = 6,       /* 32 genesis id, u32 sequence number: 64 id */
    STORE_REGISTERS = 7,    /* 32 address: 64 id of what changed it last, then the state */
    STORE_CLAIMS = 8,       /* 64 id, u32 contract: 64 id of what claimed it */
    STORE_BLOCKS = 9,       /* u32 height: the block as nodes send it */
    STORE_HEIGHTS = 10,     /* 128 hash: u32 height */
};

#define PLACE_KEY_BYTES   (U256_BYTES + 4u)
#define CLAIM_KEY_BYTES   (U512_BYTES + 4u)
#define STATUS_BYTES      12u
#define CHAIN_VALUE_BYTES (U256_BYTES + CHECKPOINT_HEAD_BYTES)
#define QUEUE_NONE        UINT64_MAX /* the number of the producer's own */

static inline struct lld_key node_key(enum node_store store, const void *bytes, size_t len_bytes)
{
    assert(len_bytes <= LLD_KEY_BYTES_MAX);
    return (struct lld_key){(uint8_t)store, (uint8_t)len_bytes, (const uint8_t *)bytes};
}

void node_place_key(const struct u256 *genesis, uint32_t sequence, uint8_t out[PLACE_KEY_BYTES]);
void node_claim_key(const struct node_claim *claim, uint8_t out[CLAIM_KEY_BYTES]);
void node_queue_key(uint64_t number, uint8_t out[8]);

/** Reads a value of exactly `len_bytes`. @return LX_OK; LX_ENOENT; LX_EBADMSG for another length; or as lld_get. */
MUST_USE enum lx_err node_get(struct node *n, struct lld_key key, void *out, size_t len_bytes);

/** Writes the counters, as part of the open transaction. */
MUST_USE enum lx_err node_put_meta(struct node *n, uint64_t accepted, uint64_t confirmed, uint32_t height,
                                   const struct u1024 *best, uint64_t best_s);

/** Starts n->verifier at the end of a chain; of one that is not there, at its beginning. @return LX_OK or as lld. */
MUST_USE enum lx_err node_load_chain(struct node *n, const struct u256 *genesis);

/** Puts the transaction that n->verifier has just accepted, as part of the open transaction. */
MUST_USE enum lx_err node_put_transaction(struct node *n, const void *bytes, size_t len_bytes, uint64_t number,
                                          uint32_t height);

/** Notes why; always false. `err` is for NODE_STORE. */
bool node_refuse(struct node *n, enum node_rule rule, uint32_t contract, enum lx_err err);

/**
 * Checks every contract of a transaction against the whole ledger, and fills n->touched and n->claims.
 * @return false with n->refusal.
 */
MUST_USE bool node_check_contracts(struct node *n, const struct transaction *tx);

#endif
