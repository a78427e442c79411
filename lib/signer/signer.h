/* SPDX-License-Identifier: MIT */
/**
 * Signer: the keys of an LX-OS chain, all from one secret seed, and the transactions that put LX-OS's records on it.
 *
 *   key of transaction n   SK512("lx-os key/1" || seed || LE32(n))
 *   genesis id             SK256 of the public key of transaction 0, with the network's type byte
 *   address of a record    SK256("lx-os register/1" || seed || name), with the type byte of objects
 *
 * Owns:   nothing; seed, chain and storage are the caller's.    Uses: base, llc, register, sigchain.
 * Trust:  holds secrets on its stack while it runs, and wipes them. Constant time as far as llc's signing is.
 * Limits: all keys of a chain are of one kind, Brainpool or Falcon; hybrid and private networks. One seed must sign one
 *         chain, on one machine at a time: whoever signs with a chain that is not the latest makes a fork.
 * Source: docs/spec/keys.md
 */
#ifndef LX_SIGNER_H
#define LX_SIGNER_H

#include "base.h"
#include "llc.h"
#include "register.h"
#include "sigchain.h"

#define SIGNER_SEED_BYTES        64u
#define SIGNER_TRANSACTION_BYTES 4096u /**< one that puts one record is shorter */

/** The secret from which all keys of a chain come: 64 random bytes; and what kind of keys those are. */
struct signer_seed {
    uint8_t bytes[SIGNER_SEED_BYTES];
    struct sigchain_falcon *falcon; /**< room of the caller's, for Falcon keys; NULL: the keys are Brainpool's */
};

/** The name under which the record of an owner's approvals has its address. No app can have it. */
#define SIGNER_INSTALLED_NAME "installed/1"

/** Computes the secret of the key that signs transaction `sequence`, whatever kind of key it is. */
void signer_secret(const struct signer_seed *seed, uint32_t sequence, uint8_t out[64]);

/** Computes the genesis id of the seed's chain. @return LX_OK; LX_EINVAL for a seed that cannot be used: make another. */
MUST_USE enum lx_err signer_genesis(const struct signer_seed *seed, const struct sigchain_network *network,
                                    struct u256 *out);

/** Computes the address of the seed's record of that name: nobody else can know it before it is published. */
void signer_address(const struct signer_seed *seed, const char *name, struct u256 *out);

/** Who signs what, when. All but the last part is set by the caller before each call. */
struct signer {
    const struct signer_seed *seed;
    struct sigchain_verifier *chain;        /**< holds the whole chain so far, on its network; perhaps nothing yet */
    uint64_t time_s;                        /**< seconds since 1970; the chain's last time is taken if that is later */
    uint8_t random[BRAINPOOL_RANDOM_BYTES]; /**< fresh random bytes; see brainpool_sign */

    /* The result: a transaction, which is in `chain` already. */
    size_t len_bytes;
    uint8_t bytes[SIGNER_TRANSACTION_BYTES];

    struct transaction_builder builder;
    struct register_state state;
};

/**
 * Signs the transaction that brings the record at an address up to date: CREATE if the chain has none there, else WRITE.
 * @return LX_OK; LX_EINVAL when the record cannot be, or another one is there; LX_EACCES when the seed is not that of the
 *         chain; LX_EBADMSG when the chain refuses the transaction, chain->refusal says why; LX_EIO as transaction_sign.
 *         When an error is returned the chain is as it was, but for LX_EBADMSG.
 */
MUST_USE enum lx_err signer_put_app(struct signer *s, const struct u256 *address, const struct record_app *record);
MUST_USE enum lx_err signer_put_installed(struct signer *s, const struct u256 *address,
                                          const struct record_installed *record);

/**
 * Signs whatever contracts the caller has put into s->builder after signer_begin, and adds the transaction to the chain.
 * @return as above.
 */
MUST_USE enum lx_err signer_begin(struct signer *s);
MUST_USE enum lx_err signer_end(struct signer *s);

#endif
