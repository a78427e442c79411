/* SPDX-License-Identifier: MIT */
/**
 * LLC key derivation: what Nexus makes of a user's name, password and PIN with Argon2id, and its first transaction's
 * proof of work; and keys from the passwords of a device. A Nexus key takes 64 MiB and about 0.8 s on a host. There the memory is
 * allocated by libargon2 (the packaged library that takes Argon2's secret input); on the target it is what kdf_memory was given, and
 * the code is libsodium's.
 * Owns:   on the target that memory, which is wiped behind each key.    Uses: base, llc, libargon2 or sodium.
 * Limits: names, passwords, PINs and phrases of up to KDF_TEXT_BYTES_MAX bytes. One thread.
 * Source: LLL-TAO 5.1.6, TAO/Ledger/credentials.cpp and transaction.cpp, as described in docs/spec/llc.md
 */
#ifndef LX_LLC_KDF_H
#define LX_LLC_KDF_H

#include "llc.h"

#define KDF_TEXT_BYTES_MAX 1024u
#define KDF_KEY_BYTES      64u
#define KDF_SALT_BYTES     16u
#define KDF_LOCAL_BYTES    32u

/** What a derivation costs. */
struct kdf_cost {
    uint32_t passes;
    uint32_t kib; /**< of memory; 8 at least */
};

/** Bytes that kdf_memory wants for derivations of so many KiB, and those that every Nexus key takes. */
#define KDF_MEMORY_BYTES(kib) ((uint64_t)(kib) * 1024 + (uint64_t)(kib) * 2 + 4096)
#define KDF_NEXUS_KIB         (64u * 1024)

/** On the target: gives the memory that derivations use, borrowed for ever. On a host it does nothing. */
void kdf_memory(void *memory, uint64_t len_bytes);

/**
 * Derives a key from a password that opens something on this device alone: Argon2id, with a secret of the device as its secret input.
 * @return LX_OK; LX_ENOSPC when there is not the memory.
 */
MUST_USE enum lx_err kdf_local_key(const struct kdf_cost *cost, struct cursor password, const uint8_t salt[KDF_SALT_BYTES],
                                   const uint8_t device[KDF_LOCAL_BYTES], uint8_t out[KDF_LOCAL_BYTES]);

/** A user's credentials; the strings are borrowed. */
struct kdf_credentials {
    const char *username;
    const char *password;
    const char *pin;
};

/**
 * Computes a user's genesis id: of the name alone, so anybody can compute it.
 * @param user_type the network's type byte, for instance 0xa1 on the main network.
 * @return LX_OK; LX_ERANGE for a name longer than the limit; LX_ENOSPC when there are not 64 MiB.
 */
MUST_USE enum lx_err kdf_genesis(const char *username, uint8_t user_type, struct u256 *out);

/**
 * Derives the one-time key for the transaction with this sequence number. The caller wipes `out`.
 * @return LX_OK; LX_ERANGE for text longer than the limit; LX_ENOSPC when there are not 64 MiB.
 */
MUST_USE enum lx_err kdf_key(const struct kdf_credentials *user, uint32_t sequence, uint8_t out[KDF_KEY_BYTES]);

/** Derives a key of the crypto register, by its field ("auth", "network", "sign"; 16 bytes). As kdf_key otherwise. */
MUST_USE enum lx_err kdf_typed_key(const struct kdf_credentials *user, const char *type, uint8_t out[KDF_KEY_BYTES]);

/**
 * Derives the recovery key of a phrase; takes 4 s. As kdf_key otherwise; `user_type` as for kdf_genesis, as it enters
 * the key.
 */
MUST_USE enum lx_err kdf_recovery_key(const char *phrase, uint8_t user_type, uint8_t out[KDF_KEY_BYTES]);

/**
 * Computes what the crypto register holds of a key: SK256 of the public key with the signature type as its type byte.
 */
void kdf_key_hash(const uint8_t *public_key, size_t len_bytes, enum signature_type type, struct u256 *out);

/**
 * Checks the proof of work that a public network demands of a first transaction: Argon2id of its hashed bytes is below
 * 2^496.
 * @param hashed the serialised transaction up to and including nNextType.
 * @return LX_OK; LX_EBADMSG when the hash is too large; LX_ENOSPC when there are not 256 KiB.
 */
MUST_USE enum lx_err kdf_check_work(const struct u256 *genesis, const void *hashed, size_t len_bytes);

#endif
