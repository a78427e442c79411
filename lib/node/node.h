/* SPDX-License-Identifier: MIT */
/**
 * Node: a small ledger for a lab or a fleet, on one machine. Takes transactions, checks them as a node of the Nexus ledger
 * does on a hybrid or private network, keeps them in LLD, and puts them into blocks that its producer signs.
 *
 * A state machine: transactions and times go in, answers come out; no sockets, no clock. Each change is one transaction of
 * the store, durable before the caller hears of it, so whatever ends the process leaves the ledger whole. There is one
 * producer, so there are no branches: what was accepted is in force at once, and blocks follow in the order of acceptance.
 *
 * Owns:   the store.    Uses: base, llc, register, sigchain, signer, block, lld.
 * Trust:  holds the producer's seed; everything else that goes in is untrusted.
 * Limits: NODE_TRANSACTION_BYTES_MAX; no coinbase, stake, trust, legacy or fees; conditions as condition_evaluate has them; CREDIT
 *         of what a DEBIT sent to this very account; no OP::VALIDATE. Reads cost O(1) of the store.
 * Source: docs/spec/node.md; LLL-TAO 5.1.6 for what a node checks
 */
#ifndef LX_NODE_H
#define LX_NODE_H

#include "base.h"
#include "block.h"
#include "lld.h"
#include "llc.h"
#include "register.h"
#include "sigchain.h"
#include "signer.h"

#define NODE_TRANSACTION_BYTES_MAX  0x80000u /**< the node's is 2 MiB, which 100 contracts do not fill */
#define NODE_BLOCK_TRANSACTIONS_MAX 256u     /**< besides the producer's */
#define NODE_CLOCK_SKEW_S           1u       /**< a timestamp may be so far ahead of the node's clock */

/* What the store must be able to hold: see struct lld_geometry. */
#define NODE_BATCH_BYTES    0x100000u
#define NODE_DELTA_BITS_MIN 12u

/** Why a transaction was not taken. */
enum node_rule {
    NODE_OK = 0,
    NODE_MALFORMED,   /**< not the bytes of one transaction */
    NODE_LIMIT,       /**< more than NODE_TRANSACTION_BYTES_MAX */
    NODE_KNOWN,       /**< it is here already */
    NODE_FUTURE,      /**< its time is ahead of the clock */
    NODE_PRODUCER,    /**< of the producer's chain, which only the node itself extends */
    NODE_GAP,         /**< the one before it is not here */
    NODE_CONFLICT,    /**< another one stands in its place */
    NODE_CHAIN,       /**< a rule of its chain is broken: see `chain` */
    NODE_OPERATION,   /**< an operation that this node does not take */
    NODE_EXISTS,      /**< CREATE at an address that is taken */
    NODE_NO_REGISTER, /**< there is no such register */
    NODE_STATE,       /**< the state before is not the register's */
    NODE_TOKEN,       /**< an account of no token, or a transfer or debit to a register that is none of the kind */
    NODE_NAMESPACE,   /**< a name in a namespace that is not the caller's */
    NODE_NO_CONTRACT, /**< what it claims or credits is not here */
    NODE_CLAIM,       /**< what it claims or credits is not for him, or of another kind, amount or register */
    NODE_CLAIMED,     /**< that was claimed before */
    NODE_CONDITIONS,  /**< the conditions of what it claims do not hold, or cannot be evaluated */
    NODE_STORE,       /**< the store failed or is full */
};

struct node_refusal {
    enum node_rule rule;
    enum sigchain_rule chain; /**< NODE_CHAIN: which */
    enum lx_err store;        /**< NODE_STORE: why */
    uint32_t contract;        /**< the contract at fault, or SIGCHAIN_NO_CONTRACT */
    char sentence[320];       /**< one sentence, for people */
};

/** What a node starts with; all of it is borrowed as long as the node is in use. */
struct node_setup {
    struct sigchain_network network;    /**< hybrid or private */
    struct lld *store;                  /**< open; the node owns what is in it. Empty: a new ledger begins */
    const struct signer_seed *producer; /**< makes the producer's keys */
};

#define NODE_TOUCHED_MAX TRANSACTION_CONTRACTS_MAX

/** A register as it will be when the transaction at hand is in force. */
struct node_touched {
    struct u256 address;
    struct register_state state;
};

struct node_claim {
    struct u512 txid;
    uint32_t contract;
};

/** A node: 1.3 MiB of the caller's. */
struct node {
    struct node_setup setup;
    bool is_failed; /* the store failed: it must be opened again */

    /* As in the store: */
    uint64_t accepted_count;  /* numbers of the queue: transactions that came in */
    uint64_t confirmed_count; /* of these, how many are in blocks */
    uint32_t height;
    struct u1024 best; /* hash of the newest block */
    uint64_t best_s;

    /* Of the transaction at hand: */
    struct node_refusal refusal;
    struct sigchain_verifier verifier;
    struct sigchain_register table[TRANSACTION_CONTRACTS_MAX];
    struct node_touched touched[NODE_TOUCHED_MAX];
    uint32_t touched_count;
    struct node_claim claims[TRANSACTION_CONTRACTS_MAX];
    uint32_t claim_count;
    struct register_state scratch, other_state;
    struct operation operation, other_operation;

    /* Room: */
    struct u512 ids[NODE_BLOCK_TRANSACTIONS_MAX + 1];
    struct block_room block_room;
    struct transaction_builder builder;
    uint8_t producer_bytes[SIGNER_TRANSACTION_BYTES];
    uint8_t block_bytes[0x8000];
    struct block made; /* of block_bytes */
    uint8_t signature[FALCON_SIGNATURE_BYTES];
    uint8_t small[2048];
    uint8_t referenced[NODE_TRANSACTION_BYTES_MAX]; /* what a claim refers to */
    uint8_t value[NODE_TRANSACTION_BYTES_MAX];      /* what was read last */
};

/**
 * Opens the ledger in a store, or begins one in an empty store.
 * @return LX_OK; LX_EINVAL for a network that is neither hybrid nor private, or the store's; LX_EACCES when the seed is not that of
 *         the store's producer; LX_EBADMSG when what the store has of a ledger is not as it must be; or as lld.
 */
MUST_USE enum lx_err node_open(struct node *n, const struct node_setup *setup);

/**
 * Takes a transaction, without the API's prefix. The bytes are untrusted.
 * @param txid set whenever the bytes could be parsed.
 * @return true: it is durable and in force; or else false, with n->refusal, and nothing has changed.
 */
MUST_USE bool node_submit(struct node *n, const void *bytes, size_t len_bytes, uint64_t now_s, struct u512 *txid);

/**
 * Puts what waits, as much as fits, into a block.
 * @param random fresh random bytes for Brainpool's signatures.
 * @return LX_OK; LX_ENOENT when nothing waits; LX_ERANGE and LX_EIO as signing has them; as lld; LX_EBADMSG when what was made does
 *         not pass our own checks, and then nothing was stored.
 */
MUST_USE enum lx_err node_make_block(struct node *n, uint64_t now_s, const uint8_t random[BRAINPOOL_RANDOM_BYTES]);

/* ---- reading: results that are borrowed hold until the next call of any kind --------------------------------------- */

struct node_transaction {
    struct cursor bytes; /**< borrowed */
    uint32_t height;     /**< of its block; 0: it waits for one */
};

/** Finds a transaction. @return LX_OK; LX_ENOENT; or as lld_get. */
MUST_USE enum lx_err node_transaction(struct node *n, const struct u512 *txid, struct node_transaction *out);

/** How many transactions a chain has. @return LX_OK; LX_ENOENT when it has none; or as lld_get. */
MUST_USE enum lx_err node_chain_count(struct node *n, const struct u256 *genesis, uint32_t *out);

/** The id of a chain's transaction. @return as above. */
MUST_USE enum lx_err node_chain_txid(struct node *n, const struct u256 *genesis, uint32_t sequence, struct u512 *out);

/** A register's state, and the transaction that changed it last. @return as above. */
MUST_USE enum lx_err node_register(struct node *n, const struct u256 *address, struct register_state *out,
                                   struct u512 *last);

struct node_block {
    struct block block; /**< borrows */
    struct u1024 hash;
    size_t len_bytes;
};

/** A block by its height, from 1. @return as above. */
MUST_USE enum lx_err node_block(struct node *n, uint32_t height, struct node_block *out);

/** The height of a block. @return as above. */
MUST_USE enum lx_err node_block_height(struct node *n, const struct u1024 *hash, uint32_t *out);

/**
 * What stands for the block before the first: SK1024("lx-os ledger/1" || the network's id). The node's own first block depends on
 * how it was started, so chains of blocks of the two do not join; chains of users do.
 */
void node_origin(const struct sigchain_network *network, struct u1024 *out);

/** The one genesis id whose chain makes the blocks of such a network: that of the user name "generate". */
void node_producer_genesis(const struct sigchain_network *network, struct u256 *out);

#endif
