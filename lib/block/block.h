/* SPDX-License-Identifier: MIT */
/**
 * Block: blocks of the Nexus ledger and what they prove about a signature chain. Reads and writes headers, whole
 * blocks, the light client's blocks and transactions with their Merkle branch; checks what can be checked of them; and
 * says of a chain that was verified (lib/sigchain) what a file of such proofs adds: included at which height, with how
 * much work above, as of when.
 *
 * Nothing here chooses between branches of the ledger: there is no difficulty rule, hence no proof that the blocks
 * shown are the network's. There is the work that somebody has spent on them, which is counted, and there is the block
 * that the caller knows, which commits to all before it.
 *
 * Owns:   nothing.    Uses: base, format, llc, register, sigchain.
 * Limits: versions 7 to 9. Work is checked of the hash channel, signatures of whole blocks; of a header of the stake or
 *         prime channel nothing. Frames under 2 KiB; the ids of a block's transactions need the caller's room.
 * Source: LLL-TAO 5.1.6, TAO/Ledger/{block,tritium,client,merkle}.cpp, as described in docs/spec/block.md
 */
#ifndef LX_BLOCK_H
#define LX_BLOCK_H

#include "base.h"
#include "llc.h"
#include "sigchain.h"

/* ---- forms ------------------------------------------------------------------------------------------------------ */

#define BLOCK_BYTES_MAX        0x200000u
#define BLOCK_OFFSETS_MAX      64u
#define BLOCK_TRANSACTIONS_MAX 32768u /**< more than 2 MiB hold, at 65 bytes each; the producer's among them */
#define BLOCK_BRANCH_MAX       15u    /**< levels above so many leaves */
#define BLOCK_HEADER_BYTES_MAX (225u + BLOCK_OFFSETS_MAX)

enum block_channel {
    CHANNEL_STAKE = 0,
    CHANNEL_PRIME = 1,
    CHANNEL_HASH = 2,
    CHANNEL_PRIVATE = 3, /**< one producer signs: hybrid and private networks */
};

/** What the block's hash covers. */
struct block_header {
    uint32_t version;
    struct u1024 previous;
    struct u512 merkle_root;
    uint32_t channel;
    uint32_t height;
    uint32_t bits; /**< the target, in the compact form */
    uint64_t nonce;
    uint64_t time_s;       /**< since 1970 */
    struct cursor offsets; /**< of the prime channel, borrowed; else empty */
};

/** A block as nodes send it to each other. Borrows the bytes that it was read from. */
struct block {
    struct block_header header;
    struct cursor signature;
    struct transaction producer;
    struct cursor producer_bytes;
    struct cursor system; /**< must be empty */
    struct cursor
        transactions; /**< `transaction_count` times a type and an id; the producer's is not among them */
    uint32_t transaction_count;
};

/** A block as nodes send it to light clients: what stands behind the header is only their word. */
struct client_block {
    struct block_header header;
    struct u1024 next;
    uint64_t money_supply;
    uint32_t channel_height;
    uint8_t channel_weights[3][16]; /**< numbers of 128 bits, mem form */
    uint64_t released_reserves[3];  /**< two's complement */
    struct cursor system;
};

/** A transaction with its place in a block. Borrows. */
struct merkle_tx {
    struct transaction tx;
    struct cursor tx_bytes;
    struct u1024 block;   /**< hash of the block */
    struct cursor branch; /**< `branch_count` hashes, from the leaf up */
    uint32_t branch_count;
    uint32_t index; /**< of the leaf; its bit n says on which side level n stands */
};

/**
 * Reads one of these forms, which must take up all the bytes; they are untrusted. A header's own form is what its hash
 * covers: version to time, then the offsets with their length.
 * @return LX_OK; LX_EINVAL when it is malformed or bytes are left; LX_ERANGE for more than one of the limits.
 * Source: docs/spec/block.md sections 1 to 4
 */
MUST_USE enum lx_err block_header_parse(const void *bytes, size_t len_bytes, struct block_header *out);
MUST_USE enum lx_err block_parse(const void *bytes, size_t len_bytes, struct block *out);
MUST_USE enum lx_err client_block_parse(const void *bytes, size_t len_bytes, struct client_block *out);
MUST_USE enum lx_err merkle_tx_parse(const void *bytes, size_t len_bytes, struct merkle_tx *out);

/** Write one of these forms. What was parsed is written as the same bytes. */
void block_header_put(struct writer *w, const struct block_header *header);
void block_put(struct writer *w, const struct block *block);
void client_block_put(struct writer *w, const struct client_block *block);
void merkle_tx_put(struct writer *w, const struct merkle_tx *m);

/** The block's hash: SK1024 of the header's own form. */
void block_hash(const struct block_header *header, struct u1024 *out);

/** What the target is compared with: SK1024 of version to bits (prime channel) or to nonce (all others). */
void block_proof_hash(const struct block_header *header, struct u1024 *out);

/* ---- the Merkle tree -------------------------------------------------------------------------------------------- */

/**
 * Computes the root over `count` ids, at least one, and overwrites them.
 * @return false when two neighbours that are paired are equal, so that another list would have the same root.
 */
MUST_USE bool block_merkle_root(struct u512 *ids, size_t count, struct u512 *out);

/**
 * Makes the branch of the id at `index`, below `count`, and overwrites the ids.
 * @param branch BLOCK_BRANCH_MAX hashes. @param branch_count_out how many of them.
 */
void block_merkle_branch(struct u512 *ids, size_t count, size_t index, struct u512 *branch, uint32_t *branch_count_out);

/** The root to which a leaf's branch leads. */
void block_merkle_follow(const struct u512 *leaf, struct cursor branch, uint32_t index, struct u512 *out);

/* ---- work ------------------------------------------------------------------------------------------------------- */

/** Writes the target that compact bits mean. @return false when it is zero, negative or above 2^1007 - 1. */
MUST_USE bool block_target_of(uint32_t bits, struct u1024 *out);

/**
 * How many hashes it takes on average to meet the target: 2^1024 / target, rounded down.
 * @return false when that is 2^64 or more, with UINT64_MAX in `out`. The bits must mean a target.
 */
MUST_USE bool block_work_of(uint32_t bits, uint64_t *out);

/* ---- rules ------------------------------------------------------------------------------------------------------ */

/** Why a block or a proof was refused. */
enum block_rule {
    BLOCK_OK = 0,
    BLOCK_MALFORMED,          /**< not the bytes of one block */
    BLOCK_LIMIT,              /**< more bytes, offsets or transactions than there may be */
    BLOCK_VERSION,            /**< nVersion is not 7 to 9 */
    BLOCK_CHANNEL,            /**< no channel, or not one of this network */
    BLOCK_OFFSETS,            /**< a prime block without offsets, or another with */
    BLOCK_BITS,               /**< no target */
    BLOCK_WORK,               /**< the hash is above the target */
    BLOCK_SYSTEM,             /**< ssSystem is not empty */
    BLOCK_PRODUCER_NETWORK,   /**< the producer's genesis id is of another network */
    BLOCK_PRODUCER,           /**< a private block, and not by the producer of these networks */
    BLOCK_PRODUCER_CONTRACT,  /**< the producer's transaction is not what the channel demands */
    BLOCK_PRODUCER_TIME,      /**< older than an hour when the block was made */
    BLOCK_PRODUCER_SIGNATURE, /**< vchSig of the producer's transaction does not fit */
    BLOCK_TRANSACTION_TYPE,   /**< neither of the ledger nor legacy, or its id is of the other type */
    BLOCK_TWICE,              /**< a transaction stands in it twice */
    BLOCK_MERKLE_ROOT,        /**< hashMerkleRoot is not that of the transactions */
    BLOCK_SIGNATURE,          /**< vchBlockSig does not fit */

    /* Proofs: */
    PROOF_MALFORMED,     /**< not the bytes of one proof */
    PROOF_LIMIT,         /**< more blocks than there may be */
    PROOF_TRANSACTION,   /**< not the bytes of a transaction with its branch */
    PROOF_BLOCK,         /**< hashBlock is not the first block's hash */
    PROOF_INDEX,         /**< nIndex lies outside of the tree */
    PROOF_BRANCH,        /**< vMerkleBranch does not lead to hashMerkleRoot */
    PROOF_FORM,          /**< of a private network, and not a whole block */
    PROOF_PREVIOUS,      /**< hashPrevBlock does not name the block before */
    PROOF_HEIGHT,        /**< nHeight is not one more */
    PROOF_TIME,          /**< nTime is not later */
    PROOF_PRODUCER_LINK, /**< the producer's transaction does not follow that of the block before */
    PROOF_KNOWN,         /**< the known block is not among them */
};

/** What a rule says, for people: begins with the field; never NULL. */
const char *block_rule_words(enum block_rule rule);

/** Checks all that a header alone shows. */
MUST_USE enum block_rule block_check_header(const struct block_header *header, const struct sigchain_network *network);

/** Room for the checks of a whole block. */
struct block_room {
    struct u512 *ids; /**< the caller's; as many as the blocks have transactions, with the producer's */
    size_t id_capacity;
    struct sigchain_work work;
};

/**
 * Checks all that a whole block shows of itself, its header included: not what the transactions in it do, nor stake.
 * @return BLOCK_LIMIT also when the room is too small.
 */
MUST_USE enum block_rule block_check(const struct block *block, const struct sigchain_network *network,
                                     struct block_room *room);

/**
 * Signs a block with the Brainpool key of its producer, as nodes do.
 * @return LX_OK; LX_EINVAL as brainpool_sign.
 */
MUST_USE enum lx_err block_sign(const struct block_header *header, const uint8_t secret[BRAINPOOL_SECRET_BYTES],
                                const uint8_t random[BRAINPOOL_RANDOM_BYTES], uint8_t out[BRAINPOOL_SIGNATURE_BYTES]);

/**
 * The same with a Falcon key, made of its secret in `room`, which is wiped.
 * @return LX_OK; LX_ERANGE as falcon_key_of_secret and falcon_sign.
 */
MUST_USE enum lx_err block_sign_falcon(const struct block_header *header, const uint8_t secret[FALCON_SECRET_BYTES],
                                       struct sigchain_falcon *room, uint8_t out[FALCON_SIGNATURE_BYTES]);

/** Verifies a block's signature. @return LX_OK; LX_EINVAL or LX_EBADMSG as llc has them. */
MUST_USE enum lx_err block_verify_signature(const struct block_header *header, uint8_t key_type, struct cursor key,
                                            struct cursor signature, struct sigchain_work *work);

/* ---- proofs of inclusion ---------------------------------------------------------------------------------------- */

#define PROOF_MAGIC      "LXPROOF1"
#define PROOF_BLOCKS_MAX 65536u

/** How a block stands in a proof. */
enum proof_form {
    PROOF_HEADER = 1, /**< a header's own form */
    PROOF_WHOLE = 2,  /**< a block as nodes send it */
};

/** What vouches for the block that a transaction is in. The higher, the more. */
enum inclusion_kind {
    INCLUSION_NONE,     /**< unanchored: no proof */
    INCLUSION_CLAIMED,  /**< blocks of channels whose work is not checked: anybody can make such */
    INCLUSION_PRODUCER, /**< blocks signed by keys that announce one another; whose, the caller must know */
    INCLUSION_WORK,     /**< work was spent on it or above it */
    INCLUSION_KNOWN,    /**< the block that the caller knows commits to it */
};

/** What a proof shows. */
struct inclusion {
    enum inclusion_kind kind;
    struct u512 txid;
    struct u256 genesis;
    uint32_t sequence; /**< of the transaction; all before it on its chain are included by its naming them */
    struct u1024 block;
    uint32_t height;
    uint32_t blocks_above;
    uint32_t unchecked_count; /**< of the block and those above: how many show no work and no signature */
    uint64_t work_hashes;     /**< spent on the block and those above, on average; UINT64_MAX: that or more */
    uint64_t included_s;      /**< nTime of the block: since then at the latest */
    uint64_t newest_s;        /**< nTime of the known block, or else of the last: what is known ends there */
};

/** Why a proof was refused. */
struct proof_refusal {
    enum block_rule rule;
    uint32_t index;     /**< of the block in the proof, or PROOF_NO_BLOCK */
    char sentence[200]; /**< one sentence, for people */
};

#define PROOF_NO_BLOCK UINT32_MAX

/** What a proof is checked against. */
struct proof_setup {
    struct sigchain_network network;
    const struct u1024 *known_block; /**< that is known to be the network's, and must be among them; or NULL */
    struct block_room *room;
};

/**
 * Verifies a proof: a transaction with its branch, the block that it is in, and those above. Reads every byte once and
 * keeps nothing of the blocks. The transaction's own signature is for sigchain: see finding_pin.
 * @return true with `out`; or else false with `refusal`, and `out` untouched.
 * Source: docs/spec/block.md section 6
 */
MUST_USE bool proof_verify(const void *bytes, size_t len_bytes, const struct proof_setup *setup, struct inclusion *out,
                           struct proof_refusal *refusal);

void proof_put_head(struct writer *w, const struct merkle_tx *m, uint32_t block_count);
void proof_put_block(struct writer *w, enum proof_form form, const void *bytes, size_t len_bytes);

/* ---- what is known of a chain in the end ------------------------------------------------------------------------ */

/** What a verified chain and a proof show together. */
struct finding {
    /* Proven by signatures: */
    uint32_t transaction_count;
    size_t register_count;
    bool author_is_known; /**< the first transaction is pinned by the caller, or the known block commits to the chain */
    uint64_t signed_s;    /**< the time that the owner wrote into the last transaction */

    /* Proven by blocks: */
    struct inclusion inclusion;
    uint32_t
        included_count; /**< transactions 0 to one less than this are in the ledger; the rest is not shown */
};

/**
 * The pin that ties a chain to a proof: a verifier that has it refuses a chain without this transaction. One a proof;
 * it says nothing of the author.
 */
void finding_pin(const struct inclusion *inclusion, struct sigchain_pin *out);

/**
 * Puts together what is known of a chain that the verifier has accepted and finished. `inclusion` may be NULL; if it is
 * not, its finding_pin must have been among the verifier's pins.
 * @return LX_OK; LX_EINVAL when the proof is about another chain, or was not among the pins.
 */
MUST_USE enum lx_err finding_of(const struct sigchain_verifier *v, const struct inclusion *inclusion,
                                struct finding *out);

/** Room for finding_describe. */
#define FINDING_CHARS 640u

/** Writes it for people: what is proven, what is not, as of when; cut at `cap_chars`. */
void finding_describe(const struct sigchain_verifier *v, const struct finding *finding, char *out, size_t cap_chars);

/** Writes a time as "2026-11-22 12:35:38 UTC"; from the year 10000 on, the number of seconds. */
#define TIME_CHARS 32u
void block_time_text(uint64_t time_s, char out[TIME_CHARS]);

#endif
