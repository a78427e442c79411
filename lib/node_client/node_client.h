/* SPDX-License-Identifier: MIT */
/**
 * Node client: what LX-OS asks of a ledger node over HTTP, and what it believes of the answers: only what it has verified itself. A chain
 * is taken transaction by transaction through lib/sigchain; a block counts as seen when its header, computed anew, has the hash that was
 * asked for and its Merkle root that of the ids. All else is "the node says".
 *
 * Pure but for jansson: how a call travels is the caller's, as a function; so tests put any liar in its place.
 *
 * Owns:   what jansson allocates during a call.    Uses: llc, sigchain, block, jansson. For hosts.
 * Trust:  none in the node. No secret enters or leaves: transactions are signed elsewhere.
 * Limits: one answer NODE_REPLY_BYTES_MAX, a page NODE_PAGE_MAX ids, a chain CHAIN_FILE_COUNT_MAX transactions; time is the transport's.
 *         Headers of the prime channel cannot be computed anew: the API lacks their offsets.
 * Source: docs/spec/node.md section 6
 */
#ifndef LX_NODE_CLIENT_H
#define LX_NODE_CLIENT_H

#include "base.h"
#include "block.h"
#include "sigchain.h"

#define NODE_REPLY_BYTES_MAX (8u << 20) /**< a block of 32768 ids, or a transaction of 2 MiB, and what is around them */
#define NODE_PAGE_MAX        100u
#define NODE_SENTENCE_CHARS  400u

/** An answer as it came: untrusted bytes, borrowed until the next call. */
struct node_reply {
    unsigned status; /**< of HTTP */
    const char *body;
    size_t body_bytes;
};

/**
 * Makes one call: a command as in "ledger/get/block", parameters as a form. Gives up on more than NODE_REPLY_BYTES_MAX, and in time.
 * @return false with a sentence in `why` when there is no answer.
 */
typedef bool (*node_call_fn)(void *context, const char *command, const char *params, struct node_reply *out,
                             char why[NODE_SENTENCE_CHARS]);

/** Why it came to nothing. */
enum client_rule {
    CLIENT_OK = 0,
    CLIENT_TRANSPORT,  /**< no answer: see the sentence */
    CLIENT_STATUS,     /**< an HTTP status that no node gives: a redirect, a proxy's error, a wrong password */
    CLIENT_JSON,       /**< the answer is not the JSON that it must be */
    CLIENT_REFUSED,    /**< the node answered with an error: see `code` */
    CLIENT_ID,         /**< another transaction than was asked for */
    CLIENT_CHAIN,      /**< a transaction that breaks a rule of its chain: see the verifier's refusal */
    CLIENT_FORK,       /**< the node shows another successor that the owner signed */
    CLIENT_OTHER,      /**< the node shows another transaction in the place of one of ours, and it is not the owner's */
    CLIENT_SHORT,      /**< the node shows less than is known */
    CLIENT_LIMIT,      /**< more than the limits */
    CLIENT_BLOCK,      /**< a block whose header or ids are not those of its hash */
    CLIENT_SINK,       /**< the caller could not keep a transaction */
};

/** A conversation with a node; the caller sets the first part. 4 MiB: not for a stack. */
struct node_client {
    node_call_fn call;
    void *context;

    /* The outcome of the last call: */
    enum client_rule rule;
    int code; /**< CLIENT_REFUSED: the node's */
    char sentence[NODE_SENTENCE_CHARS];

    /* Room: */
    uint8_t raw[TRANSACTION_BYTES_MAX + 1];
    struct u512 ids[BLOCK_TRANSACTIONS_MAX];
    struct u512 page[NODE_PAGE_MAX];
};

/** What the node says of itself; nothing of it is proven. */
struct node_says {
    uint64_t height;
    uint64_t time_s; /**< of its newest block */
};

/** Asks for the node's height. @return false with c->rule and c->sentence, as all that follow. */
MUST_USE bool client_info(struct node_client *c, struct node_says *out);

/** What the node says of the end of a chain. */
struct node_tail {
    bool is_there;  /**< it has transactions of this chain */
    uint64_t count; /**< so many */
    struct u512 last;
};

MUST_USE bool client_tail(struct node_client *c, const struct u256 *genesis, struct node_tail *out);

/** Takes a verified transaction. @return false when it cannot be kept. */
typedef bool (*client_take_fn)(void *context, const void *bytes, size_t len_bytes);

/**
 * Fetches what follows the last transaction that the verifier has, of the chain with this id, and verifies each.
 * @param v has the known beginning; goes on as far as what came is good. Pins that it has are checked.
 * @param take is handed each transaction that was accepted; nothing of a chain that is refused later may be used: see `v`.
 * @return true: the verifier has all that the node shows. CLIENT_SHORT, CLIENT_FORK and CLIENT_OTHER are about the last known one.
 */
MUST_USE bool client_fetch(struct node_client *c, const struct u256 *genesis, struct sigchain_verifier *v,
                           client_take_fn take, void *context);

/** Asks for one transaction; its id is computed anew. `out` is borrowed until the next call. */
MUST_USE bool client_transaction(struct node_client *c, const struct u512 *txid, struct cursor *out);

/** Submits a transaction of ours. @return true when the node says that it took it, or has it already. */
MUST_USE bool client_submit(struct node_client *c, const void *bytes, size_t len_bytes);

/** Where the node says that a transaction is. */
struct node_place {
    bool has_block;
    struct u1024 block;
    uint64_t confirmations;
};

MUST_USE bool client_place(struct node_client *c, const struct u512 *txid, struct node_place *out);

/** A block as the node shows it, computed anew. */
struct seen_block {
    struct block_header header; /**< its hash is the one that was asked for */
    struct u1024 next;          /**< only the node's word */
    bool has_next;
    uint32_t id_count; /**< in c->ids; their Merkle root is the header's */
};

/** Asks for a block by its hash. @return false also for a header that cannot be computed anew (prime channel): CLIENT_BLOCK. */
MUST_USE bool client_block(struct node_client *c, const struct u1024 *hash, struct seen_block *out);

/**
 * Follows a transaction into its block, and the blocks above it, at most `blocks_max`; says in `out` what they show.
 * @param network for the work of public channels. @param known a block that the caller knows to be the network's, or NULL.
 * @return true; out->kind is INCLUSION_NONE when the node says that it waits, CLAIMED when only headers vouch, WORK or KNOWN.
 */
MUST_USE bool client_inclusion(struct node_client *c, const struct transaction *tx, const struct sigchain_network *network,
                               const struct u1024 *known, uint32_t blocks_max, struct inclusion *out);

#endif
