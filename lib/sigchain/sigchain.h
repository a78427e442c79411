/* SPDX-License-Identifier: MIT */
/**
 * Sigchain: signature chains of the Nexus ledger. Reads and makes transactions, verifies a chain from its first
 * transaction without any network, moves chains in files, and reads the registers in which LX-OS keeps its own records.
 *
 * Verification proves that one key holder after another signed the transactions in this order, and what they made of
 * their registers. It does not prove that the network confirmed them, nor that no later ones exist: a result is
 * "unanchored". lib/block adds blocks to it.
 *
 * A genesis id is only the hash of a name. Whoever makes the first transaction with it chooses the first key, so a
 * chain proves its author only to somebody who knows the id of its first transaction: pin it (struct sigchain_pin).
 *
 * Owns:   nothing; the verifier and its table of registers are the caller's.    Uses: base, llc, register.
 * Limits: 2 MiB and 100 contracts a transaction; as many registers as the caller's table has. O(registers) a contract.
 * Source: LLL-TAO 5.1.6, TAO/Ledger/transaction.cpp, as described in docs/spec/sigchain.md
 */
#ifndef LX_SIGCHAIN_H
#define LX_SIGCHAIN_H

#include "base.h"
#include "llc.h"
#include "register.h"

/* ---- transactions ----------------------------------------------------------------------------------------------- */

#define TRANSACTION_BYTES_MAX     0x200000u /**< a block has no more */
#define TRANSACTION_CONTRACTS_MAX 100u
#define TRANSACTION_VERSION       4u /**< what we make */

/** A transaction as parsed: numbers copied, the rest borrowed from the bytes that it was read from. */
struct transaction {
    struct cursor hashed;    /**< all that the id covers: from the start up to next_type */
    struct cursor contracts; /**< for contract_next; already known to be well formed */
    uint32_t contract_count;
    uint32_t version;
    uint32_t sequence;    /**< 0 for the first of a chain */
    uint64_t timestamp;   /**< seconds since 1970 */
    struct u256 next;     /**< hash of the key that signs the next transaction */
    struct u256 recovery; /**< hash of the key that may sign it instead; zero for none */
    struct u256 genesis;
    struct u512 previous; /**< id of the previous transaction; in a first one a proof of work or the network's id */
    uint8_t key_type;     /**< enum signature_type */
    uint8_t next_type;
    struct cursor public_key;
    struct cursor signature;
};

/** The three streams of a contract, borrowed. */
struct contract {
    struct cursor operation;
    struct cursor conditions;
    struct cursor registers; /**< the state before and the checksum after */
};

/**
 * Reads a serialised transaction that must take up all the bytes, which are untrusted. The form of the node's API has
 * one byte more in front, TRANSACTION_API_PREFIX.
 * @return LX_OK; LX_EINVAL when it is malformed or bytes are left; LX_ERANGE for more bytes or contracts than the
 *         limits.
 */
MUST_USE enum lx_err transaction_parse(const void *bytes, size_t len_bytes, struct transaction *out);

#define TRANSACTION_API_PREFIX 0x03u

/** Takes a transaction out of a longer stream, as blocks and proofs carry them. @return as transaction_parse. */
MUST_USE enum lx_err transaction_take(struct cursor *c, struct transaction *out);

/** Takes the next contract. @return false at the end. */
MUST_USE bool contract_next(struct cursor *contracts, struct contract *out);

/** The id: SK512 of what is hashed, its most significant byte replaced by 01. */
void transaction_id(const struct transaction *tx, struct u512 *out);

/** Room for a signature's verification: 6 KiB, reusable at once. */
struct sigchain_work {
    union {
        struct brainpool_work brainpool;
        struct falcon_work falcon;
    } of;
};

/**
 * Verifies the signature against the public key that stands beside it.
 * @return LX_OK; LX_EINVAL or LX_EBADMSG as llc has them.
 */
MUST_USE enum lx_err transaction_verify_signature(const struct transaction *tx, const struct u512 *txid,
                                                  struct sigchain_work *work);

/* ---- networks --------------------------------------------------------------------------------------------------- */

enum sigchain_network_kind {
    NETWORK_MAIN,
    NETWORK_TEST,
    NETWORK_HYBRID,  /**< a production network of its own, which has a name */
    NETWORK_PRIVATE, /**< for a lab; the same without a name, and with the test network's dates */
};

/** What a verifier must know of a network. */
struct sigchain_network {
    enum sigchain_network_kind kind;
    uint8_t user_type; /**< the type byte of its users' genesis ids */
    struct u512 id;    /**< of hybrid and private networks: what the first transaction names as previous */
};

/** Describes a network. `name` is the hybrid network's; empty or NULL for all others. */
void sigchain_network_of(enum sigchain_network_kind kind, const char *name, struct sigchain_network *out);

/* ---- verification ----------------------------------------------------------------------------------------------- */

/** Why a transaction was refused. */
enum sigchain_rule {
    SIGCHAIN_OK = 0,
    SIGCHAIN_BROKEN,     /**< an earlier one of this chain, signed by its owner, broke a rule: nothing can follow */
    SIGCHAIN_MALFORMED,  /**< not the bytes of one transaction */
    SIGCHAIN_LIMIT,      /**< more bytes or contracts than there may be */
    SIGCHAIN_VERSION,    /**< no version, or not at this time */
    SIGCHAIN_NETWORK,    /**< the genesis id is of another network */
    SIGCHAIN_NETWORK_ID, /**< the first transaction names another network */
    SIGCHAIN_FIRST,      /**< the chain does not begin with its first transaction */
    SIGCHAIN_WORK,       /**< the first transaction's proof of work does not hold */
    SIGCHAIN_GENESIS,    /**< another genesis id than the chain's */
    SIGCHAIN_REPEATED,   /**< the last transaction once more */
    SIGCHAIN_FORK,       /**< another transaction in the place of the last, signed by its owner */
    SIGCHAIN_SEQUENCE,   /**< a number left out or out of order */
    SIGCHAIN_PREVIOUS,   /**< does not name the one before it */
    SIGCHAIN_TIMESTAMP,  /**< earlier than the one before it */
    SIGCHAIN_NEXT,       /**< announces no next key */
    SIGCHAIN_KEY_TYPE,   /**< no type of signature */
    SIGCHAIN_KEY,        /**< not the key that was announced */
    SIGCHAIN_RECOVERY,   /**< changes the recovery key without having used it */
    SIGCHAIN_SIGNATURE,  /**< the signature does not fit */
    SIGCHAIN_PIN,        /**< not the transaction that is known to stand here */
    SIGCHAIN_EMPTY,      /**< no contract but fees */
    SIGCHAIN_FIRST_CONTRACTS, /**< more or others than a first transaction may have on a public network */
    SIGCHAIN_MIX,             /**< coinbase, stake or authorisation together with anything else */
    SIGCHAIN_OPERATION,       /**< a contract's operation is none, or not permitted: see `detail` */
    SIGCHAIN_STREAM,          /**< a contract's register stream is malformed: see `detail` */
    SIGCHAIN_EXISTS,          /**< CREATE at an address that is taken */
    SIGCHAIN_STATE_BEFORE,    /**< the state before is not what the chain left */
    SIGCHAIN_STATE_AFTER,     /**< the checksum after is not that of what the operation makes */
    SIGCHAIN_TABLE_FULL,      /**< more registers than the table has room for */
    SIGCHAIN_NO_CHAIN,        /**< it ends without a transaction */
    SIGCHAIN_ROLLED_BACK,     /**< the chain ends before a transaction that is known to be of it */
    SIGCHAIN_CHECKPOINT,      /**< not the bytes of a checkpoint */
    SIGCHAIN_CHECKPOINT_HASH, /**< not the checkpoint that was kept */
    SIGCHAIN_PIN_SKIPPED,     /**< a pin lies where the checkpoint has passed, and it does not have its transaction */
};

/**
 * A transaction that is known to be of the chain: number 0 names the author, a later one tells a fork or a roll-back.
 */
struct sigchain_pin {
    uint32_t sequence;
    struct u512 txid;
};

/** How a register came to the chain. */
enum sigchain_origin {
    SIGCHAIN_CREATED, /**< made on this chain: its whole history is proven */
    SIGCHAIN_CAME,    /**< from another chain: what it was before is only what this chain's owner signed */
};

struct sigchain_register {
    struct u256 address;
    struct register_state state;
    enum sigchain_origin origin;
    uint32_t changed_by; /**< sequence number of the last transaction that changed it */
};

/** Checks a first transaction's proof of work. @return LX_OK; LX_EBADMSG; anything else means that it could not. */
typedef enum lx_err (*sigchain_check_work_fn)(const struct u256 *genesis, const void *hashed, size_t len_bytes);

/** Why, where and in words. */
struct sigchain_refusal {
    enum sigchain_rule rule;
    enum register_err detail; /**< for the rules that say so */
    uint32_t index;           /**< of the transaction: how many were accepted before it */
    uint32_t contract;        /**< the contract in it, or SIGCHAIN_NO_CONTRACT */
    char sentence[256];       /**< one sentence, for people */
};

#define SIGCHAIN_NO_CONTRACT UINT32_MAX

/** What a verifier starts with. What it points to is borrowed as long as the verifier is in use. */
struct sigchain_setup {
    struct sigchain_network network;
    struct sigchain_register *registers; /**< room for `register_capacity` of them */
    size_t register_capacity;
    const struct sigchain_pin *pins; /**< what is known of the chain already, in any order */
    size_t pin_count;
    sigchain_check_work_fn
        check_work; /**< kdf_check_work on a host; NULL where there is no Argon2, and it stays unchecked */
};

/** A verifier: transactions go in one after the other, registers come out. 8 KiB and the table of the caller. */
struct sigchain_verifier {
    struct sigchain_setup setup;

    /* What is known so far: */
    uint32_t transaction_count;
    size_t register_count;
    bool is_broken;
    bool work_is_checked;
    struct u256 genesis;
    uint64_t timestamp; /* of the last transaction, and so on: */
    struct u256 key;    /* hash of its public key */
    struct u256 next;
    struct u256 recovery;
    struct u512 txid;
    struct u512 first_txid;
    struct u256 first_key; /* hash of the public key of the first transaction */

    struct sigchain_refusal refusal; /**< of the last transaction that was refused */
    struct sigchain_work work;
    struct register_state scratch;
};

/** Starts a verifier over an empty chain. */
void sigchain_verifier_init(struct sigchain_verifier *v, const struct sigchain_setup *setup);

/**
 * Verifies the next transaction of the chain. The bytes are untrusted and no longer needed afterwards.
 * @return true when it is accepted. Or else v->refusal says why. Up to SIGCHAIN_PIN nothing has changed, and another
 *         may be tried. From SIGCHAIN_EMPTY on the signature fitted: the owner broke his own chain, v->is_broken is
 *         set, and nothing can follow. A first transaction can be anybody's, so it breaks nothing.
 */
MUST_USE bool sigchain_add(struct sigchain_verifier *v, const void *bytes, size_t len_bytes);

/**
 * Says that the chain ends here.
 * @return false, with v->refusal set, when it is empty, broken, or ends before a pin.
 */
MUST_USE bool sigchain_finish(struct sigchain_verifier *v);

/**
 * Finds a register that the chain has touched and still owns.
 * @return NULL when there is none. Borrowed from the table.
 */
const struct sigchain_register *sigchain_find(const struct sigchain_verifier *v, const struct u256 *address);

/** The sequence number of the last transaction; at least one must have been accepted. */
uint32_t sigchain_sequence(const struct sigchain_verifier *v);

/**
 * The genesis id that is the hash of its first key, with the network's type byte: so LX-OS makes them, so that nobody
 * else can begin a chain with one. Source: docs/spec/keys.md
 */
void sigchain_genesis_of_key(const struct sigchain_network *network, const struct u256 *key_hash, struct u256 *out);

/** Says whether the chain's genesis id is made so of its first key. At least one transaction must have been accepted. */
MUST_USE bool sigchain_genesis_is_bound(const struct sigchain_verifier *v);

/** Writes what has been proven and what has not, in one sentence, cut at `cap_chars`. */
void sigchain_describe(const struct sigchain_verifier *v, char *out, size_t cap_chars);

/** The same without its last word, "unanchored", for lib/block to go on from; and it knows about the author. */
void sigchain_describe_signed(const struct sigchain_verifier *v, bool author_is_known, char *out, size_t cap_chars);

/* ---- checkpoints ------------------------------------------------------------------------------------------------ */

#define CHECKPOINT_MAGIC              "LXCHECK1"
#define CHECKPOINT_HEAD_BYTES         379u
#define CHECKPOINT_REGISTER_BYTES_MAX (37u + REGISTER_STATE_BYTES_MAX)

/** Room that suffices for a checkpoint with so many registers. */
#define CHECKPOINT_BYTES_MAX(register_count)                                                                           \
    (CHECKPOINT_HEAD_BYTES + (size_t)(register_count) * CHECKPOINT_REGISTER_BYTES_MAX)

/**
 * Writes all that a verifier knows, so that another one goes on from here without what came before.
 * @param hash SK256 of what was written. Whoever resumes trusts in it as in his own verification: keep it where nobody
 *        else writes.
 * @return LX_OK; LX_EINVAL when the chain is empty or broken; LX_ENOSPC. Source: docs/spec/sigchain.md section 6
 */
MUST_USE enum lx_err sigchain_checkpoint_put(const struct sigchain_verifier *v, struct writer *out, struct u256 *hash);

/**
 * Starts a verifier where a checkpoint was taken. The bytes are untrusted, their hash is not.
 * @return true; or else false, with the verifier empty and v->refusal set: CHECKPOINT, CHECKPOINT_HASH, NETWORK,
 *         TABLE_FULL, or PIN or PIN_SKIPPED as to what the checkpoint has passed: of that it has the first transaction
 *         and the last.
 */
MUST_USE bool sigchain_checkpoint_resume(struct sigchain_verifier *v, const struct sigchain_setup *setup,
                                         const void *bytes, size_t len_bytes, const struct u256 *hash);

/* ---- making transactions ---------------------------------------------------------------------------------------- */

/** Where a new transaction joins its chain. */
struct sigchain_link {
    struct u256 genesis;
    uint32_t sequence;
    struct u512 previous;
    uint64_t not_before; /**< the last timestamp; the new one must not be earlier */
    struct u256 recovery;
    struct u256 key; /**< hash of the key that must sign; zero for a first transaction, where any may */
};

/** The link behind the last accepted transaction. At least one must have been accepted. */
void sigchain_link_of(const struct sigchain_verifier *v, struct sigchain_link *out);

/** The link of a first transaction on a hybrid or private network. */
void sigchain_link_first(const struct sigchain_network *network, const struct u256 *genesis, struct sigchain_link *out);

/** Room for one Falcon key and for making and using it: 77 KiB, secret until wiped. */
struct sigchain_falcon {
    struct falcon_key key;
    struct falcon_secret_work work;
};

/** The secret of a key, and of which kind the key is. All is borrowed. */
struct sigchain_secret {
    enum signature_type type;
    const uint8_t *bytes;           /**< 64 of them */
    const uint8_t *random;          /**< Brainpool: BRAINPOOL_RANDOM_BYTES fresh ones; see brainpool_sign */
    struct sigchain_falcon *falcon; /**< Falcon: room */
};

/** What a transaction says of the keys that come after it. */
struct sigchain_next {
    enum signature_type type;
    struct u256 key;             /**< hash of the key that will sign the next transaction */
    const struct u256 *recovery; /**< hash of the recovery key from now on; NULL: as before */
};

/**
 * The hash that announces a key; of a secret's members it uses those that make the key.
 * @return LX_OK; LX_EINVAL or LX_ERANGE as brainpool_public_of and falcon_key_of_secret.
 */
MUST_USE enum lx_err sigchain_secret_hash(const struct sigchain_secret *secret, struct u256 *out);

/** The hash that announces a Brainpool key. @return LX_OK or LX_EINVAL as brainpool_public_of. */
MUST_USE enum lx_err sigchain_key_hash(const uint8_t secret[BRAINPOOL_SECRET_BYTES], struct u256 *out);

/** A transaction in the making: contracts are added, then it is signed. */
struct transaction_builder {
    struct writer out; /**< the transaction's bytes, in the caller's buffer */
    struct register_caller caller;
    uint32_t contract_count;
    struct sigchain_work work;
    uint8_t operation[REGISTER_DATA_BYTES_MAX + 128];
    uint8_t registers[REGISTER_STATE_BYTES_MAX + 16];
};

/** Starts a transaction in a buffer of the caller's. */
void transaction_begin(struct transaction_builder *b, const struct u256 *genesis, uint64_t timestamp, void *buffer,
                       size_t cap_bytes);

/**
 * Adds a contract that does one thing to one register, with the state before and the checksum after, and does it to
 * `state`.
 * @param state the register as it is now, which the contract names as the state before; for CREATE it is only written.
 * @return REGISTER_OK; the rule that forbids it, with nothing added; NO_SPACE when the buffer, or the number of
 *         contracts, is full.
 */
MUST_USE enum register_err transaction_create(struct transaction_builder *b, const struct u256 *address,
                                              enum register_type type, const void *data, size_t data_bytes,
                                              struct register_state *state);
MUST_USE enum register_err transaction_write(struct transaction_builder *b, const struct u256 *address,
                                             const void *payload, size_t payload_bytes, struct register_state *state);
MUST_USE enum register_err transaction_append(struct transaction_builder *b, const struct u256 *address,
                                              const void *data, size_t data_bytes, struct register_state *state);
MUST_USE enum register_err transaction_transfer(struct transaction_builder *b, const struct u256 *address,
                                                const struct u256 *recipient, bool is_forced,
                                                struct register_state *state);
MUST_USE enum register_err transaction_claim(struct transaction_builder *b, const struct u512 *txid, uint32_t contract,
                                             const struct u256 *address, struct register_state *state);

/**
 * The same for any operation, with conditions (which are taken as they are) where it may have some. MIGRATE needs b->caller.version 1.
 * @param state NULL for AUTHORIZE and COINBASE, which have no register.
 * @return as above; NOT_EXECUTABLE for MIGRATE behind version 1; CONDITIONS; OPERATION for members that no bytes have.
 */
MUST_USE enum register_err transaction_operation(struct transaction_builder *b, const struct operation *op,
                                                 struct cursor conditions, struct register_state *state);

/**
 * What the crypto register of a Nexus profile holds of its keys: SK256 of each public key, the signature type as type
 * byte. They depend on password and PIN, so whoever changes these rewrites the register (and announces a next key made
 * of the new ones) in one transaction, which the old key signs.
 */
struct sigchain_profile {
    struct u256 auth, network, sign;
};

/**
 * Adds the contract that makes, or rewrites, the crypto register of the builder's genesis id.
 * @param state as for transaction_create and transaction_write.
 * @return as they; and to rewrite, REGISTER_STANDARD when `state` is no crypto register.
 * Source: docs/spec/sigchain.md section 8
 */
MUST_USE enum register_err transaction_profile_create(struct transaction_builder *b,
                                                      const struct sigchain_profile *profile,
                                                      struct register_state *state);
MUST_USE enum register_err transaction_profile_write(struct transaction_builder *b,
                                                     const struct sigchain_profile *profile,
                                                     struct register_state *state);

/**
 * Ends and signs a transaction; its bytes are then b->out.bytes, b->out.used_bytes of them. `secret` is that of the key
 * which the chain announced, or of its recovery key, and then the announced one is not needed any more. Only a
 * transaction that the recovery key signs, or one before which there was none, may name another recovery key.
 * @return LX_OK; LX_EINVAL when there is no contract, the genesis differs, the time is before the link's, `next` names no
 *         key, or the rules above are broken; LX_ENOSPC when the buffer is full; LX_EIO when the signature, verified
 *         again, does not hold; LX_ERANGE as falcon_sign. Source: docs/spec/sigchain.md section 2
 */
MUST_USE enum lx_err transaction_sign_as(struct transaction_builder *b, const struct sigchain_link *link,
                                         const struct sigchain_next *next, const struct sigchain_secret *secret,
                                         struct u512 *txid);

/** The same with a Brainpool key that announces another one, under the same recovery key. */
MUST_USE enum lx_err transaction_sign(struct transaction_builder *b, const struct sigchain_link *link,
                                      const struct u256 *next, const uint8_t secret[BRAINPOOL_SECRET_BYTES],
                                      const uint8_t random[BRAINPOOL_RANDOM_BYTES], struct u512 *txid);

/* ---- chains in files -------------------------------------------------------------------------------------------- */

#define CHAIN_FILE_MAGIC      "LXCHAIN1"
#define CHAIN_FILE_HEAD_BYTES 12u
#define CHAIN_FILE_COUNT_MAX  1048576u

/** A file's transactions, borrowed. */
struct chain_file {
    struct cursor rest;
    uint32_t left_count;
};

/**
 * Checks the form of a whole file: magic, count, lengths, no byte left. Its transactions are not looked into.
 * @return LX_OK; LX_EINVAL when it is malformed; LX_ERANGE for more or longer transactions than the limits.
 * Source: docs/spec/chain-file.md
 */
MUST_USE enum lx_err chain_file_open(const void *bytes, size_t len_bytes, struct chain_file *out);

/**
 * Reads the head of a file that is not in memory as a whole: how many times a length (u32) and a transaction follow.
 * @return LX_OK; LX_EINVAL for another magic; LX_ERANGE for too many.
 */
MUST_USE enum lx_err chain_file_head(const uint8_t head[CHAIN_FILE_HEAD_BYTES], uint32_t *count);

/** Takes the next transaction. @return false at the end. */
MUST_USE bool chain_file_next(struct chain_file *file, struct cursor *transaction);

void chain_file_put_head(struct writer *w, uint32_t count);
void chain_file_put_transaction(struct writer *w, const void *bytes, size_t len_bytes);

/** Verifies all transactions of a file, and that it ends where it may. @return false with v->refusal set. */
MUST_USE bool sigchain_verify_file(struct sigchain_verifier *v, const void *bytes, size_t len_bytes);

/* ---- two chains ------------------------------------------------------------------------------------------------- */

/** How two chains stand to each other. */
enum sigchain_difference {
    SIGCHAIN_SAME,           /**< the same transactions */
    SIGCHAIN_A_LONGER,       /**< B is the beginning of A */
    SIGCHAIN_B_LONGER,       /**< A is the beginning of B */
    SIGCHAIN_FORKED,         /**< one key signed two successors of one transaction: whose it is cannot be both */
    SIGCHAIN_OTHER_FIRST,    /**< of one genesis id, and begun by two keys: no fork, one of them is not the author's */
    SIGCHAIN_OTHER_CHAIN,    /**< of two genesis ids */
    SIGCHAIN_NOT_COMPARABLE, /**< one was refused before they parted: see a_is_good, b_is_good */
};

struct sigchain_comparison {
    enum sigchain_difference difference;
    uint32_t common_count;     /**< transactions that are the same in both; the next one of each is where they part */
    bool a_is_good, b_is_good; /**< verified to the end; else its verifier's refusal says why not */
    struct sigchain_pin parted_a, parted_b; /**< FORKED: the two successors; or else zero */
};

/**
 * Verifies two chain files side by side, and says where they part. The verifiers have just been started, each with a
 * table of its own. What comes after the fork is verified too, and changes nothing in it.
 */
void sigchain_compare_files(struct sigchain_verifier *a, struct cursor a_bytes, struct sigchain_verifier *b,
                            struct cursor b_bytes, struct sigchain_comparison *out);

/* ---- records of LX-OS ------------------------------------------------------------------------------------------- */

#define RECORD_APP_CHARS_MAX    64u
#define RECORD_DEVICE_CHARS_MAX 32u

/** lx="app/1": what a developer has released last under a name. */
struct record_app {
    char app[RECORD_APP_CHARS_MAX + 1]; /**< lower-case letters, digits, . _ - and not one of these three first */
    uint64_t seq;                       /**< grows with each release */
    struct u256 manifest;               /**< root of the package's manifest: the hash's bytes in their order */
    bool revoked;
};

/** lx="installed/1": what an owner has approved. */
struct record_installed {
    uint64_t seq;
    struct u256 list; /**< root of the list of approvals: the hash's bytes in their order */
};

/** lx="device/1": a device of whoever owns the chain. */
struct record_device {
    char name[RECORD_DEVICE_CHARS_MAX + 1]; /**< printable ASCII */
    struct u256 genesis;                    /**< of the device's own chain */
    bool revoked;                           /**< it is his no more */
};

/**
 * Reads a register as such a record.
 * @return LX_OK; LX_ENOENT when it is no object with this `lx`; LX_EINVAL when it is, and breaks the record's rules:
 *         other fields, types or mutability, or a value that cannot be. Source: docs/spec/chain-records.md
 */
MUST_USE enum lx_err record_app_read(const struct register_state *state, struct record_app *out);
MUST_USE enum lx_err record_installed_read(const struct register_state *state, struct record_installed *out);
MUST_USE enum lx_err record_device_read(const struct register_state *state, struct record_device *out);

/** Says whether a name can be an app's: see struct record_app. */
MUST_USE bool record_app_name_is_valid(const char *app);

/** Writes the data of a new register. @return LX_OK; LX_EINVAL for a name that cannot be; LX_ENOSPC. */
MUST_USE enum lx_err record_app_data(const struct record_app *record, struct writer *out);
MUST_USE enum lx_err record_installed_data(const struct record_installed *record, struct writer *out);
MUST_USE enum lx_err record_device_data(const struct record_device *record, struct writer *out);

/**
 * Writes the payload of a WRITE that brings a register up to the record.
 * @return LX_OK; LX_EINVAL when `state` is no such record, or of another app; LX_ENOSPC.
 */
MUST_USE enum lx_err record_app_payload(const struct register_state *state, const struct record_app *record,
                                        struct writer *out);
MUST_USE enum lx_err record_installed_payload(const struct register_state *state, const struct record_installed *record,
                                              struct writer *out);

#endif
