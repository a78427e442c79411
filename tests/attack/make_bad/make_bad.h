/* SPDX-License-Identifier: MIT */
/**
 * make_bad: packages, chains and lists that must be refused, each for one reason; where the attacker is a key's owner, signed
 * as he would. All is made from fixed seeds, which protect nothing, so that the same files come out each time.
 *
 * Owns:   nothing.    Uses: package, signer, sigchain, hosttool. Host only; for tests.
 * Limits: TRANSACTIONS_MAX transactions a chain; memory is not given back.
 */
#ifndef LX_MAKE_BAD_H
#define LX_MAKE_BAD_H

#include "hosttool.h"
#include "package.h"
#include "signer.h"

/* ---- a program ------------------------------------------------------------------------------------------------------ */

#define VICTIM_BYTES    0x2100u /**< headers, code, data: a page each, the last one short */
#define VICTIM_EXIT_AT  0x1014u /**< offset of the instruction that sets the exit status to 0; with VICTIM_EXIT_BIT, to 1 */
#define VICTIM_EXIT_BIT 0x20u
#define VICTIM_UNUSED   0x800u /**< offset of a byte that means nothing, on the page of the headers */

/** What may be wrong with a program beside its segments. */
enum victim_extra { VICTIM_PLAIN, VICTIM_STACK, VICTIM_INTERPRETER };

/** The layout of a sound program. */
void victim_layout(struct elf_program *out);
/** Writes the program that prints "NAME ran" and ends with status 0, with these headers, whatever they say. */
void victim_write(const struct elf_program *layout, enum victim_extra extra, const char *name, uint8_t out[VICTIM_BYTES]);

/* ---- who signs ------------------------------------------------------------------------------------------------------ */

#define TRANSACTIONS_MAX 8u
#define REGISTERS_MAX    16u

/** A key with its chain in the making. */
struct actor {
    struct signer_seed seed;
    struct u256 genesis;
    struct sigchain_register table[REGISTERS_MAX];
    struct sigchain_verifier verifier;
    struct signer signer;
    struct cursor transactions[TRANSACTIONS_MAX];
    uint32_t count;
};

/** Starts a chain; the seed comes from the name. */
void actor_init(struct actor *a, const char *name, const char *network);
void actor_release(struct actor *a, const char *app, uint64_t seq, const struct hash256 *id, bool revoked);
void actor_approve(struct actor *a, uint64_t seq, struct bytes list);
/**
 * Makes a transaction that creates a release record, but as the next of another's chain, or as its first: signed with a key
 * of `a`, which nobody announced. It is not added to any chain.
 */
struct cursor actor_forge(struct actor *a, const struct actor *victim, bool as_first, const char *app, uint64_t seq,
                          const struct hash256 *id);
/** A chain file of these transactions. */
struct bytes chain_file_of(const struct cursor *transactions, uint32_t count);
struct bytes actor_chain(const struct actor *a);
/** A copy in which the byte `offset` from the end is changed in one bit. */
struct bytes changed_from_end(struct bytes bytes, size_t offset);
struct bytes copy_of(struct cursor bytes);

/* ---- attacks -------------------------------------------------------------------------------------------------------- */

#define ATTACKS_MAX 60u
#define SEQ         2u /**< the number of each release, the second */

struct attack_form;

/** One attack in the making. */
struct attack {
    const struct attack_form *form;
    struct actor developer;
    struct elf_program layout;    /* in the manifest */
    uint8_t program[VICTIM_BYTES];
    struct manifest m;
    struct cursor manifest;
    struct hash256 id;
    struct hash256 leaves[3];
    struct package_part part;
    struct bytes container;
    struct approved_developer approved;
    struct approved_package entry;
};

struct attack_form {
    const char *name;
    const char *answer; /* a part of the sentence */
    void (*shape)(struct attack *a);  /* before the manifest is written; may be NULL, as all of these */
    void (*sign)(struct attack *a);   /* instead of releasing 1 and 2 */
    struct bytes (*chain)(struct attack *a); /* instead of the whole chain */
    void (*damage)(struct attack *a); /* what the container is changed to */
    void (*approve)(struct attack *a); /* what the owner approves instead */
    bool is_unlisted;
};

extern const struct attack_form attacks[];
extern const size_t attack_count;

/** Makes one attack. `out` is large, and all of it is written. */
void attack_make(struct attack *out, const struct attack_form *form);
/** Releases 1, which is never seen, and 2. */
void attack_release(struct attack *a);

#endif
