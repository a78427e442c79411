/* SPDX-License-Identifier: MIT */
/**
 * Seen: what a device has seen of chains, releases and lists of approvals, kept in LLD, so that nothing goes back when it is started again.
 *
 *   one value, "seen"        all facts: for each chain its first and last transaction, for each app its newest release, for each owner
 *                            his newest list; read once at the start, written whole when something is new
 *   a value a transaction    of chains, from the first one on, so that a chain that comes along cut short can be completed
 *
 * Without a disk, or with one that cannot be read, it is empty: then it says so in a sentence, and nothing is refused for it.
 *
 * Owns:   the volume, the facts.    Uses: lld, sigchain (files of chains), format.
 * Trust:  what the disk holds is parsed strictly. Who can write the disk can make a device forget, or refuse; nothing else depends on it.
 * Limits: SEEN_CHAINS_MAX chains, SEEN_RELEASES_MAX apps, SEEN_LISTS_MAX owners; transactions of SEEN_TRANSACTION_BYTES_MAX, as long as
 *         half of the volume is free. A chain of which not all transactions are kept is refused when it comes short, not completed.
 * Source: docs/spec/seen.md (the bytes), docs/design/ledger.md (the reasons)
 */
#ifndef LX_SEEN_H
#define LX_SEEN_H

#include "llc.h"
#include "lld.h"
#include "sigchain.h"

enum {
    SEEN_CHAINS_MAX = 48,
    SEEN_RELEASES_MAX = 64,
    SEEN_LISTS_MAX = 8,
    SEEN_NAME_BYTES = 64,
    SEEN_TRANSACTION_BYTES_MAX = 16384,
    SEEN_HEAD_BYTES = 32,
    SEEN_CHAIN_BYTES = 200,
    SEEN_RELEASE_BYTES = 152,
    SEEN_LIST_BYTES = 56,
    SEEN_FACTS_BYTES_MAX = SEEN_HEAD_BYTES + SEEN_CHAINS_MAX * SEEN_CHAIN_BYTES + SEEN_RELEASES_MAX * SEEN_RELEASE_BYTES +
                           SEEN_LISTS_MAX * SEEN_LIST_BYTES,
    SEEN_SENTENCE_BYTES = 200,
    SEEN_STORE_BYTES = 320 * 1024,         /**< memory for LLD */
    SEEN_VOLUME_BYTES_MIN = 3 * 1024 * 1024, /**< a smaller device is refused */
};

enum seen_role { SEEN_OWNER = 1, SEEN_DEVELOPER = 2, SEEN_PERSON = 4 /**< of the profile on this device; one at most */ };

/** A chain as it was when most of it was seen. `since` and `grown` are numbers of changes: the first that had it, and the last. */
struct seen_chain {
    struct u256 genesis;
    struct u512 first_txid;
    struct u512 last_txid;
    uint32_t count;  /**< transactions seen */
    uint32_t stored; /**< of them kept, from the first one on */
    uint32_t roles;  /**< enum seen_role, or both */
    uint64_t last_s; /**< time of the last one, as its signer says; seconds since 1970 */
    uint64_t since;
    uint64_t grown;
};

struct seen_release {
    struct u256 app_register;
    struct u256 developer;
    uint64_t seq;
    uint64_t since;
    uint64_t grown;
    char name[SEEN_NAME_BYTES]; /**< perhaps cut */
};

struct seen_list {
    struct u256 owner;
    uint64_t seq;
    uint64_t since;
    uint64_t grown;
};

struct seen_facts {
    uint64_t changes; /**< how often something new was written */
    uint32_t chain_count;
    uint32_t release_count;
    uint32_t list_count;
    struct seen_chain chains[SEEN_CHAINS_MAX];
    struct seen_release releases[SEEN_RELEASES_MAX];
    struct seen_list lists[SEEN_LISTS_MAX];
};

/** How far the memory can be relied on. */
enum seen_state {
    SEEN_NOTHING,   /**< there is none: nothing is remembered */
    SEEN_READ_ONLY, /**< what was seen counts, nothing can be added */
    SEEN_KEEPS,
};

struct seen {
    enum seen_state state;
    char sentence[SEEN_SENTENCE_BYTES]; /**< how it stands, for people; never empty */
    struct seen_facts facts;
    struct lld *store;
    bool is_dirty;    /* facts that are not on the disk yet */
    bool is_open;     /* a transaction of LLD */
    bool is_full;     /* something was not remembered for lack of room */
    uint64_t half_bytes;
    uint64_t stored_bytes; /* of transactions kept since the start */
    uint8_t bytes[SEEN_FACTS_BYTES_MAX];
    uint8_t transaction[SEEN_TRANSACTION_BYTES_MAX];
    uint8_t memory[SEEN_STORE_BYTES] __attribute__((aligned(LLD_MEMORY_ALIGNMENT)));
};

/** Begins without a memory. `why`: the first half of a sentence, as "there is no disk". */
void seen_none(struct seen *s, const char *why);

/**
 * Opens the memory on a device, or makes one where the device begins with zeros. Afterwards `s->state` and `s->sentence` say what
 * came of it; a device that fails or is damaged is left as it is.
 * @param device   with blocks of 4096 bytes; its context lives as long as `s`.
 * @param secret   fresh random bytes, for a new volume.
 */
void seen_open(struct seen *s, const struct lld_device *device, bool is_read_only, const uint8_t secret[LLD_SECRET_BYTES]);

/* ---- what was seen: NULL or false when it was not ------------------------------------------------------------------- */

const struct seen_chain *seen_find_chain(const struct seen *s, const struct u256 *genesis);
const struct seen_release *seen_find_release(const struct seen *s, const struct u256 *app_register);
const struct seen_list *seen_find_list(const struct seen *s, const struct u256 *owner);

/** Transaction `sequence` of a chain. @param out borrowed until the next call. @return false when it is not kept, or cannot be read. */
MUST_USE bool seen_transaction(struct seen *s, const struct u256 *genesis, uint32_t sequence, struct cursor *out);

/* ---- what is new: on the disk when seen_commit has said so ----------------------------------------------------------- */

/**
 * Remembers a verified chain, if there is more of it than was seen.
 * @param file  a chain file with its transactions from the first one on; fewer than the verifier has when it was completed.
 */
void seen_keep_chain(struct seen *s, const struct sigchain_verifier *v, struct cursor file, enum seen_role role);

/** Remember a newer release, a newer list. `name` may be longer than is kept. */
void seen_keep_release(struct seen *s, const struct u256 *app_register, const struct u256 *developer, const char *name, uint64_t seq);
void seen_keep_list(struct seen *s, const struct u256 *owner, uint64_t seq);

/* ---- the chain of the profile on this device -------------------------------------------------------------------------- */

/**
 * Verifies the whole chain, with one more transaction, and keeps it; on the disk when this returns true. The same once more is true as well.
 * @param v      just started; holds the chain afterwards, unless the transaction was there.
 * @param bytes  the transaction, untrusted.    @param file  room for the chain as a file.
 * @param sentence  SEEN_SENTENCE_BYTES; why not, when it returns false: then nothing is kept.
 */
MUST_USE bool seen_person_add(struct seen *s, struct sigchain_verifier *v, struct cursor bytes, struct writer *file,
                              char sentence[SEEN_SENTENCE_BYTES]);

/** Writes that chain as a file, verified again. @return false, with a sentence, when there is none or it cannot be. */
MUST_USE bool seen_person_file(struct seen *s, struct sigchain_verifier *v, struct writer *file, char sentence[SEEN_SENTENCE_BYTES]);

/** Brings all that is new to the disk and renews the sentence. When that fails the state becomes SEEN_READ_ONLY, and the sentence says why. */
void seen_commit(struct seen *s);

/** Bytes of the volume in use and in all, about; 0 and 0 without one. */
void seen_room(const struct seen *s, uint64_t *used_bytes, uint64_t *total_bytes);

/* ---- the bytes of the facts ------------------------------------------------------------------------------------------ */

/** Writes the facts. @return how many bytes, at most SEEN_FACTS_BYTES_MAX. */
size_t seen_facts_put(const struct seen_facts *facts, uint8_t out[SEEN_FACTS_BYTES_MAX]);

/** Reads facts that take up all the bytes, which are untrusted. @return LX_OK; LX_EINVAL when a rule is broken; LX_ENOTSUP for another version. */
MUST_USE enum lx_err seen_facts_parse(const void *bytes, size_t len_bytes, struct seen_facts *out);

#endif
