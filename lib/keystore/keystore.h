/* SPDX-License-Identifier: MIT */
/**
 * Keystore: a person's secrets on one device, and the signatures made with them (proto/keystore.h).
 *
 *   on the disk    two records, written in turn; the one with the higher number counts. Each is sealed with a key of the device, and in
 *                  it the secret twice: with a key from password and device, and with one from the recovery phrase and device
 *   in memory      nothing secret while locked but the device's own; while unlocked the secret; a proposal until it is agreed to
 *
 * An attempt at a password is written down before it is made, so that cutting the power gives no free ones. After KEYSTORE_FREE wrong ones
 * each takes twice the wait of the one before, which begins anew at a start; after KEYSTORE_SHUT_AT only the recovery phrase opens.
 * What is signed is told in words that are read back from the very bytes; a number of the chain is signed once.
 *
 * Owns:   the secrets.    Uses: llc, llc_kdf, sigchain, signer, sodium (XChaCha20-Poly1305), random; proto/keystore.h.
 * Limits: one profile a device; its first transaction, and devices. A chain that grows elsewhere as well forks: it is signed here alone.
 * Source: docs/spec/keystore.md (the bytes), docs/design/keystore.md (the reasons)
 */
#ifndef LX_KEYSTORE_H
#define LX_KEYSTORE_H

#include "llc_kdf.h"
#include "proto/keystore.h"
#include "random.h"
#include "signer.h"

enum {
    KEYSTORE_RECORD_BYTES = 4096,
    KEYSTORE_RECORDS = 2,
    KEYSTORE_DEVICE_BYTES = 32,
    KEYSTORE_HEAD_BYTES = 48,
    KEYSTORE_TAG_BYTES = 16,
    KEYSTORE_NONCE_BYTES = 24,
    KEYSTORE_PLAIN_BYTES = KEYSTORE_RECORD_BYTES - KEYSTORE_HEAD_BYTES - KEYSTORE_TAG_BYTES,
    KEYSTORE_SECRET_BYTES = 512,
    KEYSTORE_BOX_BYTES = KEYSTORE_SECRET_BYTES + KEYSTORE_TAG_BYTES,
    KEYSTORE_TRANSACTION_BYTES = 2048,
    KEYSTORE_FREE = 3,     /**< wrong passwords without a wait */
    KEYSTORE_SHUT_AT = 12, /**< from so many on no password is tried */
    KEYSTORE_ENTROPY_BYTES = 16,
};

/** What the keystore needs of its component. `context` is handed to each. */
struct keystore_ops {
    void *context;
    /** Record 0 or 1 of the disk. @return false when it cannot be read or written; written means flushed. */
    bool (*read)(void *context, uint32_t record, uint8_t out[KEYSTORE_RECORD_BYTES]);
    bool (*write)(void *context, uint32_t record, const uint8_t bytes[KEYSTORE_RECORD_BYTES]);
    uint64_t (*now_ns)(void *context);
};

/** A sealed copy of the secret. */
struct keystore_box {
    uint8_t nonce[KEYSTORE_NONCE_BYTES];
    uint8_t sealed[KEYSTORE_BOX_BYTES];
};

/** What a record says once it is opened: nothing of this is secret but the pool; the boxes are sealed. */
struct keystore_record {
    uint8_t kind; /**< enum keystore_kind; 0: no profile */
    uint32_t failures;
    struct kdf_cost cost;
    uint8_t salt[KDF_SALT_BYTES];
    struct keystore_box by_password;
    struct keystore_box by_recovery;
    struct u256 genesis;
    uint32_t next_sequence; /**< of the transaction that is signed next */
    uint32_t transaction_len;
    struct u512 last_txid;
    uint64_t last_s;
    struct u256 next_key;
    struct u256 recovery_key;
    uint8_t pool[32]; /**< random bytes, handed on from write to write */
    char phrase[KEYSTORE_PHRASE_BYTES + 1];
    char name[KEYSTORE_NAME_BYTES + 1];
    uint8_t transaction[KEYSTORE_TRANSACTION_BYTES]; /**< the one that was signed last */
};

/** What is agreed to, or not. */
struct keystore_proposal {
    uint8_t request; /* enum keystore_request; 0: there is none */
    uint8_t entropy[KEYSTORE_ENTROPY_BYTES];
    uint8_t secret[KEYSTORE_SECRET_BYTES];
    uint8_t password_key[KDF_LOCAL_BYTES];
    struct keystore_record record; /* as it will be */
    struct transaction_builder builder;
    uint8_t bytes[KEYSTORE_TRANSACTION_BYTES];
};

struct keystore {
    struct keystore_ops ops;
    struct random random;
    struct kdf_cost cost; /* of new passwords */
    uint64_t memory_bytes;
    struct sigchain_network network;
    uint8_t record_key[32]; /* of the device, as are the two below */
    uint8_t device_kdf[KDF_LOCAL_BYTES];
    uint8_t device_recovery[32];
    uint8_t device_volume[32];
    uint8_t state; /* enum keystore_state */
    uint64_t sequence; /* of the record on the disk */
    uint64_t not_before_ns;
    struct keystore_record record;
    uint8_t secret[KEYSTORE_SECRET_BYTES]; /* zero unless unlocked */
    struct keystore_proposal proposal;
    /* Scratch: */
    struct keystore_record next;
    uint8_t plain[KEYSTORE_PLAIN_BYTES];
    uint8_t bytes[KEYSTORE_RECORD_BYTES];
    struct register_state register_state;
};

struct keystore_setup {
    struct keystore_ops ops;
    bool has_disk;
    const uint8_t *device_secret; /**< KEYSTORE_DEVICE_BYTES, borrowed for the call */
    const uint8_t *seed;          /**< 32 random bytes, borrowed for the call */
    uint64_t differs;             /**< from start to start */
    struct kdf_cost cost;
    uint64_t memory_bytes; /**< that kdf_memory was given */
    struct sigchain_network network;
};

/** Begins: reads the disk. Afterwards k->state says how it stands. */
void keystore_start(struct keystore *k, const struct keystore_setup *setup);

/**
 * Does what a request asks.
 * @param in          untrusted; wiped, as it may have a password.
 * @param is_session  who asks: the session, or one who may ask for the volume's key alone.
 * @param out         the reply, always complete.
 */
void keystore_do(struct keystore *k, struct keystore_message *in, bool is_session, struct keystore_message *out);

/** Wipes all that a password or a person gave; what is the device's own stays. */
void keystore_lock(struct keystore *k);

/* ---- parts with tests of their own ------------------------------------------------------------------------------------------------- */

/** Writes what a record says as KEYSTORE_PLAIN_BYTES. */
void keystore_record_put(const struct keystore_record *r, uint8_t out[KEYSTORE_PLAIN_BYTES]);

/** Reads it. @return false when a rule of docs/spec/keystore.md section 2 is broken; then `out` is anything. */
MUST_USE bool keystore_record_parse(const uint8_t bytes[KEYSTORE_PLAIN_BYTES], struct keystore_record *out);

enum { KEYSTORE_PHRASE_WORDS = KEYSTORE_ENTROPY_BYTES / 2 + 1 };

/** 16 random bytes and a check as nine words of five letters, for people. @param out KEYSTORE_RECOVERY_BYTES, with a zero. */
void keystore_words_of(const uint8_t entropy[KEYSTORE_ENTROPY_BYTES], char out[KEYSTORE_RECOVERY_BYTES]);

/** Reads such words, in capitals or not, with any blanks between. @return false when they are not, or the check does not fit. */
MUST_USE bool keystore_words_read(struct cursor text, uint8_t entropy[KEYSTORE_ENTROPY_BYTES]);

/**
 * Says in words what the contracts of a transaction in the making do, as read back from its bytes.
 * @return false when they cannot be told in words: then they are not signed.
 */
MUST_USE bool keystore_describe(const uint8_t *bytes, size_t len_bytes, char *out, size_t cap_bytes);

/**
 * The key of the volume that the device has, whoever is logged in: what KEYSTORE_VOLUME_KEY answers for the device. Secret; the caller wipes it.
 * Source: docs/spec/keystore.md section 2
 */
void keystore_device_volume_key(const uint8_t device_secret[KEYSTORE_DEVICE_BYTES], uint8_t out[KEYSTORE_VOLUME_KEY_BYTES]);

#endif
