/* SPDX-License-Identifier: MIT */
/**
 * Register: the registers of the Nexus ledger: their states, the fields of object registers, addresses, the operations
 * that act on them, and what those operations make of a state, exactly as node 5.1.6 executes them.
 * Owns:   nothing; callers hold states and bytes.    Uses: base, llc.
 * Limits: 1024 bytes of data a register. MIGRATE, a thing of 2019, is executed in transactions of version 1 alone. That coins
 *         which arrive were sent, and that what MIGRATE takes up was there, is not checked here. Where this is stricter than the node, docs/spec/register.md says so.
 * Source: LLL-TAO 5.1.6, TAO/Register and TAO/Operation, as described in docs/spec/register.md
 */
#ifndef LX_REGISTER_H
#define LX_REGISTER_H

#include "base.h"
#include "llc.h"

#define REGISTER_DATA_BYTES_MAX  1024u
#define REGISTER_STATE_BYTES_MAX 1085u /**< serialised */
#define COMPACT_SIZE_MAX         0x02000000u

/** What is wrong with a register, an operation or what the one would do to the other. */
enum register_err {
    REGISTER_OK = 0,
    REGISTER_MALFORMED,      /**< bytes end early, go on too long, or a length is not in its shortest form */
    REGISTER_VERSION,        /**< a state of another version than 1 */
    REGISTER_TYPE,           /**< no type of register */
    REGISTER_TOO_LARGE,      /**< more than 1024 bytes of data */
    REGISTER_CHECKSUM,       /**< a state whose checksum does not fit it */
    REGISTER_OPERATION,      /**< no operation, or a prefix that it cannot have */
    REGISTER_CONDITIONS,     /**< conditions on an operation that takes none, or none where they are needed */
    REGISTER_ADDRESS,        /**< not an address of a register */
    REGISTER_ADDRESS_TYPE,   /**< the address is of another type than the register */
    REGISTER_ADDRESS_VALUE,  /**< another address than the contents or the owner demand */
    REGISTER_OWNER,          /**< the caller does not own it */
    REGISTER_NOT_WRITABLE,   /**< WRITE to a READONLY or APPEND register */
    REGISTER_NOT_APPENDABLE, /**< APPEND to a READONLY or OBJECT register */
    REGISTER_SIZE,           /**< raw data of another size than before */
    REGISTER_FIELDS,         /**< an object whose fields are malformed, or none, or two of one name */
    REGISTER_STANDARD,       /**< an object that is an account, token, trust, name or namespace and breaks its rules */
    REGISTER_PAYLOAD,        /**< a WRITE whose list of fields is malformed */
    REGISTER_FIELD_NONE,     /**< no such field */
    REGISTER_FIELD_RESERVED, /**< a field that only the ledger writes */
    REGISTER_FIELD_CONST,    /**< a field that is not mutable */
    REGISTER_FIELD_TYPE,     /**< a value of another type than the field */
    REGISTER_FIELD_SIZE,     /**< a value of another size than the field */
    REGISTER_FIELD_TWICE,    /**< one field written twice in one operation */
    REGISTER_TO_OWNER,       /**< TRANSFER to whom it belongs already */
    REGISTER_TRUST_BOUND,    /**< TRANSFER of a trust account */
    REGISTER_NOT_OFFERED,    /**< CLAIM of a register that is not being transferred */
    REGISTER_NO_ACCOUNT,     /**< an operation on coins and a register that holds none, or none of this kind */
    REGISTER_BALANCE,        /**< more coins than there are, or than can be */
    REGISTER_NOT_EXECUTABLE, /**< MIGRATE behind version 1; a condition that is not understood */
    REGISTER_NO_SPACE,       /**< the buffer of the caller is too small */
};

/** A clause that says what is wrong, for use behind a colon; never NULL. */
const char *register_err_text(enum register_err err);

/* ---- lengths ---------------------------------------------------------------------------------------------------- */

/** Reads a CompactSize. @return false when it is cut short, not in its shortest form, or above COMPACT_SIZE_MAX. */
MUST_USE bool compact_size_get(struct cursor *c, uint64_t *out);
void compact_size_put(struct writer *w, uint64_t n);

/** Takes a vector: a CompactSize and as many bytes, which `out` borrows. */
MUST_USE bool vector_get(struct cursor *c, struct cursor *out);
void vector_put(struct writer *w, const void *bytes, size_t len_bytes);

/* ---- states ----------------------------------------------------------------------------------------------------- */

enum register_type {
    REGISTER_READONLY = 1, /**< never changes but for its owner */
    REGISTER_APPEND = 2,   /**< grows at its end */
    REGISTER_RAW = 3,      /**< rewritten as a whole, or appended to */
    REGISTER_OBJECT = 4,   /**< fields with names */
};

struct register_state {
    uint8_t version; /**< 1 */
    uint8_t type;    /**< enum register_type */
    uint16_t data_bytes;
    struct u256 owner; /**< a genesis id, a token's address, or in transfer the sender's id with type byte 0 */
    uint64_t created;  /**< seconds since 1970, of the transaction that created it */
    uint64_t modified; /**< of the last transaction that changed it */
    uint64_t checksum; /**< SK64 of all the rest, serialised */
    uint8_t data[REGISTER_DATA_BYTES_MAX];
};

/**
 * Reads a serialised state, checksum checked. The bytes are untrusted.
 * @return REGISTER_OK; MALFORMED, VERSION, TYPE, TOO_LARGE or CHECKSUM, and then `out` may be partly written.
 */
MUST_USE enum register_err register_parse(struct cursor *c, struct register_state *out);
void register_serialise(const struct register_state *state, struct writer *w);

/** Computes the checksum of the other members. */
uint64_t register_checksum(const struct register_state *state);

/** Compares whole states, not only their checksums, which an owner could make collide. */
MUST_USE bool register_equal(const struct register_state *a, const struct register_state *b);

/* ---- fields of object registers --------------------------------------------------------------------------------- */

enum field_type {
    FIELD_U8 = 1,
    FIELD_U16 = 2,
    FIELD_U32 = 3,
    FIELD_U64 = 4,
    FIELD_U256 = 5,
    FIELD_U512 = 6,
    FIELD_U1024 = 7,
    FIELD_STRING = 8,
    FIELD_BYTES = 9,
};

/** A field, borrowing the bytes that it was found in. Numbers are in mem form. */
struct field {
    const uint8_t *name;
    size_t name_bytes;
    enum field_type type;
    bool is_mutable;
    const uint8_t *value;
    size_t value_bytes; /**< of a string or bytes: as reserved at creation, not how much is used */
};

/** Takes the next field of an object's data. @return false at the end and when what follows is no field. */
MUST_USE bool field_next(struct cursor *c, struct field *out);

/** Says whether an object's data is one or more fields, all of different names, and nothing else. */
MUST_USE bool fields_are_valid(const uint8_t *data, size_t len_bytes);

/** Finds a field of a valid object by its name. @return false when there is none, or the register is no object. */
MUST_USE bool field_find(const struct register_state *state, const char *name, struct field *out);

/**
 * Typed values.
 * @return false when there is no such field of just this type; a string must also fit, and is cut at its first zero.
 */
MUST_USE bool field_u8(const struct register_state *state, const char *name, uint8_t *out);
MUST_USE bool field_u64(const struct register_state *state, const char *name, uint64_t *out);
MUST_USE bool field_u256(const struct register_state *state, const char *name, struct u256 *out);
MUST_USE bool field_string(const struct register_state *state, const char *name, char *out, size_t cap_bytes);

/** Appends a field to the data of a new object. `value_bytes` must be the type's size, where it has one. */
void field_put(struct writer *w, const char *name, enum field_type type, bool is_mutable, const void *value,
               size_t value_bytes);

/**
 * Appends a field's new value to the payload of a WRITE, if the object allows it.
 * @return REGISTER_OK; FIELDS, FIELD_NONE, FIELD_RESERVED, FIELD_CONST, FIELD_SIZE; NO_SPACE when it did not fit.
 */
MUST_USE enum register_err field_rewrite(struct writer *payload, const struct register_state *state, const char *name,
                                         const void *value, size_t value_bytes);

/** What an object is, by the set of its fields. */
enum object_standard {
    OBJECT_NONSTANDARD,
    OBJECT_ACCOUNT,
    OBJECT_TOKEN,
    OBJECT_TRUST,
    OBJECT_NAME,
    OBJECT_NAMESPACE,
    OBJECT_CRYPTO,
};

/** The standard of a valid object; OBJECT_NONSTANDARD for any other register. */
enum object_standard object_standard(const struct register_state *state);

/* ---- addresses -------------------------------------------------------------------------------------------------- */

/** The type byte of an address. */
enum address_type {
    ADDRESS_READONLY = 0xd1,
    ADDRESS_APPEND = 0xd2,
    ADDRESS_RAW = 0xd3,
    ADDRESS_OBJECT = 0xd4,
    ADDRESS_CRYPTO = 0xd5,
    ADDRESS_ACCOUNT = 0xd6,
    ADDRESS_TOKEN = 0xd7,
    ADDRESS_TRUST = 0xd8,
    ADDRESS_NAME = 0xd9,
    ADDRESS_NAMESPACE = 0xda,
};

/** The type byte of an owner in transfer, who is nobody. */
#define OWNER_IN_TRANSFER 0x00u

/** Says whether the type byte is that of a register. */
MUST_USE bool address_is_register(const struct u256 *address);

/** All bits set: a recipient that stands for anybody. */
MUST_USE bool address_is_wildcard(const struct u256 *address);

/** The one address that a user's crypto or trust register can have. */
void address_of_crypto(const struct u256 *genesis, struct u256 *out);
void address_of_trust(const struct u256 *genesis, struct u256 *out);

void address_of_namespace(const void *name, size_t name_bytes, struct u256 *out);

/**
 * The address of a name in a namespace, which is an address of a namespace or, for a user's own names, his genesis id.
 */
void address_of_name(const void *name, size_t name_bytes, const struct u256 *namespace_id, struct u256 *out);

/** An address of free choice: random bytes with a type. */
void address_of_random(const uint8_t random[U256_BYTES], enum address_type type, struct u256 *out);

/* ---- operations ------------------------------------------------------------------------------------------------- */

enum operation_code {
    OPERATION_WRITE = 0x01,
    OPERATION_CREATE = 0x02,
    OPERATION_AUTHORIZE = 0x03,
    OPERATION_TRANSFER = 0x04,
    OPERATION_CLAIM = 0x05,
    OPERATION_APPEND = 0x06,
    OPERATION_DEBIT = 0x10,
    OPERATION_CREDIT = 0x11,
    OPERATION_COINBASE = 0x12,
    OPERATION_GENESIS = 0x13,
    OPERATION_TRUST = 0x14,
    OPERATION_FEE = 0x17,
    OPERATION_LEGACY = 0x50,
    OPERATION_MIGRATE = 0x51,
};

#define TRANSFER_CLAIM 0xfau /**< the recipient must claim it */
#define TRANSFER_FORCE 0xfbu /**< it is the recipient's at once */

/** A parsed operation; members that its layout lacks are zero. */
struct operation {
    enum operation_code code;
    bool has_condition_prefix;
    bool has_validate_prefix;
    uint8_t kind;        /**< CREATE: enum register_type; TRANSFER: TRANSFER_CLAIM or TRANSFER_FORCE */
    uint32_t contract;   /**< CLAIM, CREDIT: which contract of `txid` */
    struct u256 address; /**< of the register that it changes; none for AUTHORIZE, COINBASE, GENESIS, TRUST */
    struct u256 other;   /**< TRANSFER: recipient; DEBIT: to; CREDIT: proof; AUTHORIZE, COINBASE: genesis id */
    struct u512 txid;   /**< CLAIM, CREDIT, MIGRATE: what is taken up; AUTHORIZE: the previous; TRUST: the last stake */
    uint64_t amount;    /**< coins; GENESIS, TRUST: reward */
    uint64_t score;     /**< TRUST; MIGRATE, below 2^32 */
    int64_t change;     /**< TRUST: coins into the stake, or out of it if negative */
    uint64_t reference; /**< DEBIT: as the sender likes; COINBASE: the nonce */
    struct cursor data; /**< CREATE, WRITE, APPEND: state or payload; LEGACY: script; MIGRATE: trust key; borrowed */
    struct u512 last_stake; /**< MIGRATE */
    struct u512 validated_txid; /**< behind a validation prefix: whose conditions are to hold, of which contract */
    uint32_t validated_contract;
};

/** The name of an operation, as in "WRITE"; never NULL. */
const char *operation_name(enum operation_code code);

/**
 * Reads one operation that must take up all the bytes, which are untrusted.
 * @return REGISTER_OK, MALFORMED or OPERATION.
 */
MUST_USE enum register_err operation_parse(struct cursor bytes, struct operation *out);

/** Says whether an operation with these conditions can be: most take none. @return REGISTER_OK or CONDITIONS. */
MUST_USE enum register_err operation_check_conditions(const struct operation *op, size_t condition_bytes);

#define OPERATION_TRUST_KEY_BYTES 72u

/**
 * Writes an operation: of what operation_parse has read, the same bytes.
 * @return false for MIGRATE with a trust key of another length, or a score of 2^32 or more; nothing is written then.
 */
MUST_USE bool operation_put(struct writer *w, const struct operation *op);

/* Writing the operations that LX-OS makes itself, one function a layout. */
void operation_put_create(struct writer *w, const struct u256 *address, enum register_type type, const void *data,
                          size_t data_bytes);
void operation_put_write(struct writer *w, const struct u256 *address, const void *payload, size_t payload_bytes);
void operation_put_append(struct writer *w, const struct u256 *address, const void *data, size_t data_bytes);
void operation_put_transfer(struct writer *w, const struct u256 *address, const struct u256 *recipient, bool is_forced);
void operation_put_claim(struct writer *w, const struct u512 *txid, uint32_t contract, const struct u256 *address);

/* ---- execution -------------------------------------------------------------------------------------------------- */

/** On whose behalf, when and by which rules an operation is executed. */
struct register_caller {
    struct u256 genesis;
    uint64_t timestamp;
    uint32_t version; /**< of the transaction: 1 to 4 */
};

/** Says whether an operation changes a register; AUTHORIZE and COINBASE do not. */
MUST_USE bool operation_has_register(enum operation_code code);

/**
 * Does an operation to a state: its new data or owner, `modified`, checksum. The operation must have a register;
 * GENESIS and TRUST act on the caller's trust account, whose address the caller of this has put into op->address.
 * @param state the state before, valid; for CREATE whatever. It is untouched when an error is returned.
 * @return REGISTER_OK, or the rule that the node would refuse it for; NOT_EXECUTABLE for MIGRATE but in version 1.
 */
MUST_USE enum register_err register_execute(const struct operation *op, const struct register_caller *caller,
                                            struct register_state *state);

/* ---- conditions ------------------------------------------------------------------------------------------------- */

/** Who claims a contract with conditions, and whose contract it is. */
struct condition_context {
    struct u256 caller; /**< genesis id of whoever claims */
    uint64_t caller_s;  /**< timestamp of his transaction */
    struct u256 author; /**< genesis id of whoever set the conditions */
    uint64_t author_s;  /**< timestamp of that transaction */
};

/**
 * Evaluates conditions: comparisons (==, !=, <, <=, >, >=) of the ids and times of both transactions with each other or
 * with literal numbers, one addition or subtraction on either side, AND or OR, and groups. These are what the node's
 * own transfers carry (they expire after a week). Registers, strings, hashes and the ledger's height are not evaluated.
 * @return REGISTER_OK with `out`; MALFORMED when it is cut short; CONDITIONS when there are none, groups do not close,
 *         AND and OR share a group, or a sum overflows; NOT_EXECUTABLE for anything that is not evaluated here.
 * Source: docs/spec/register.md section 7
 */
MUST_USE enum register_err condition_evaluate(struct cursor conditions, const struct condition_context *context,
                                              bool *out);

#endif
