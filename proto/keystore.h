/* SPDX-License-Identifier: MIT */
/**
 * The keystore: secrets and signatures. Version 1. Requests and replies are a number of bytes in word 0 and the bytes from word 1 on, zero
 * behind them; numbers are little-endian; a text is a u16 with its length and its bytes.
 *
 * The session may ask everything but KEYSTORE_VOLUME_KEY, and the others that alone. A signature takes two steps: a proposal, which answers
 * in words what would be signed, and KEYSTORE_AGREE.
 */
#ifndef LX_PROTO_KEYSTORE_H
#define LX_PROTO_KEYSTORE_H

#include "proto.h"

enum keystore_request {
    KEYSTORE_STATE = 1,      /**< -> struct of keystore_state_bytes: see docs/spec/keystore.md section 4 */
    KEYSTORE_PROPOSE_OWN,    /**< u64 time; texts: phrase, name, password -> text: what is signed */
    KEYSTORE_PROPOSE_NEXUS,  /**< texts: phrase, user name, password, PIN -> text: what is kept */
    KEYSTORE_PROPOSE_DEVICE, /**< u64 time, 32 bytes genesis; text: its name -> text: what is signed */
    KEYSTORE_AGREE,          /**< -> text: recovery phrase of a new profile, else empty */
    KEYSTORE_FORGET,         /**< the proposal */
    KEYSTORE_TRANSACTION,    /**< u32 offset -> u32 total, bytes from there on: the chain's transaction that was signed last */
    KEYSTORE_UNLOCK,         /**< text: password */
    KEYSTORE_LOCK,
    KEYSTORE_PASSWORD,       /**< texts: old, new */
    KEYSTORE_RECOVER,        /**< texts: recovery phrase, new password */
    KEYSTORE_VOLUME_KEY,     /**< -> 32 bytes: the key of the files */
    KEYSTORE_REQUEST_END,
};

/** Labels of replies, beside enum proto_status. */
enum keystore_status {
    KEYSTORE_WRONG = 16,  /**< not the password, or not the recovery phrase */
    KEYSTORE_WAIT,        /**< u32 seconds: too many were wrong; nothing was tried */
    KEYSTORE_SHUT,        /**< too many were wrong: only the recovery phrase opens */
    KEYSTORE_IS_LOCKED,
    KEYSTORE_NO_DISK,     /**< nowhere to keep anything */
    KEYSTORE_HAS_PROFILE, /**< there is one already */
    KEYSTORE_NO_PROFILE,
    KEYSTORE_DISK_FAILED, /**< nothing has changed, as far as one can tell */
    KEYSTORE_NO_MEMORY,   /**< this derivation needs more than the system file gives */
    KEYSTORE_NO_PROPOSAL,
    KEYSTORE_CANNOT_SIGN, /**< a profile whose chain is elsewhere */
};

enum keystore_state {
    KEYSTORE_NONE,      /**< no disk, or no partition */
    KEYSTORE_DAMAGED,   /**< something is there that cannot be opened: another device's, or broken */
    KEYSTORE_EMPTY,     /**< no profile */
    KEYSTORE_LOCKED,
    KEYSTORE_UNLOCKED,
};

enum keystore_kind { KEYSTORE_OWN = 1, KEYSTORE_NEXUS = 2 };

enum {
    KEYSTORE_BYTES_MAX = 880, /**< of a request or reply: 110 words */
    KEYSTORE_PHRASE_BYTES = 64,
    KEYSTORE_NAME_BYTES = 32,
    KEYSTORE_PASSWORD_BYTES = 128,
    KEYSTORE_PASSWORD_BYTES_MIN = 8,
    KEYSTORE_RECOVERY_BYTES = 64,
    KEYSTORE_VOLUME_KEY_BYTES = 32,
    KEYSTORE_STATE_BYTES = 48, /**< of the reply to KEYSTORE_STATE, before its two texts */
};

/** A request or reply, outside of messages. */
struct keystore_message {
    uint64_t label; /**< enum keystore_request; of a reply enum proto_status or enum keystore_status */
    uint32_t len_bytes;
    uint8_t bytes[KEYSTORE_BYTES_MAX];
};

#endif
