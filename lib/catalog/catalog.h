/* SPDX-License-Identifier: MIT */
/**
 * Catalog: from the bundle of packages and the owner's word to the catalog of what may run (proto/catalog.h). Everything that is
 * refused is refused alone, with a sentence; nothing that a file holds can stop the rest.
 *
 *   the owner's anchor, chain and list    once
 *   each package                          its container, its developer's chain, who approved it, its contents but for the pages
 *   all packages together                 one of a name, one file of a path, the limits of the catalog
 *   what was seen at earlier starts       (lib/seen) refuses what is older than that, and is brought up to date before the catalog counts
 *
 * Pages of objects are not hashed here: whoever uses one compares it with its leaf hash. All that is read here is hashed before.
 *
 * Owns:   nothing; all memory is the caller's.    Uses: package, sigchain, seen, tree, format, proto.
 * Trust:  all bytes are untrusted. They must not change while catalog_build runs, nor while the catalog is in use.
 * Limits: those of proto/catalog.h; chains of the network "lx-os" only; CATALOG_REGISTERS_MAX registers a chain. No allocation, no
 *         recursion. Transactions that several chains begin with are verified once.
 * Source: docs/spec/package.md; services/ledger/README.md
 */
#ifndef LX_CATALOG_H
#define LX_CATALOG_H

#include "package.h"
#include "proto/catalog.h"
#include "proto/journal.h"
#include "proto/pager.h"
#include "seen.h"

#define CATALOG_NETWORK       "lx-os"
#define CATALOG_REGISTERS_MAX 256u
#define CATALOG_PAGES_MAX     PAGER_RESIDENT_MAX /**< of the objects of all packages together: more the pager cannot hold */
#define CATALOG_NOTES_MAX     (2u * CATALOG_PACKAGES_MAX + 10u)

/** The file of the first package that holds the page with the signal trampolines. */
#define CATALOG_ABI_PATH "/lib/abipage"

struct catalog_input {
    struct cursor bundle; /**< offsets in the catalog count from its first byte */
    struct cursor owner_anchor;
    struct cursor owner_chain;
    struct cursor owner_list;
    struct seen *seen; /**< after seen_open or seen_none; what is new is added to it. NULL: as without a disk */
};

/** One sentence for the journal. */
struct catalog_note {
    enum journal_kind kind;
    char text[JOURNAL_TEXT_BYTES];
};

/** How far a package has come. */
enum catalog_stage { CATALOG_STAGE_OUT, CATALOG_STAGE_WAITS, CATALOG_STAGE_GRANTED };

/** What filling remembers of the packages that it has added. */
struct catalog_runs {
    uint32_t count;
    uint32_t first_file[CATALOG_PACKAGES_MAX + 1]; /**< the files of run i end where those of i + 1 begin */
    uint32_t at[CATALOG_PACKAGES_MAX];             /**< where the walk through the next package's files stands in each */
    uint32_t program_of[CATALOG_OBJECTS_MAX];      /**< of the package in hand */
    uint64_t page_count;
};

/** Room to work in, about 400 KiB; its contents are nobody's business but for the notes. */
struct catalog_work {
    uint32_t note_count;
    struct catalog_note notes[CATALOG_NOTES_MAX]; /**< what was verified and refused, in order */

    /* The owner: */
    struct anchor anchor;
    bool anchor_is_good;
    bool owner_is_verified;
    struct sigchain_verifier owner;
    struct sigchain_register owner_registers[CATALOG_REGISTERS_MAX / 4];
    struct sigchain_pin owner_pin;
    struct cursor owner_list;
    char owner_refusal[CATALOG_SENTENCE_BYTES]; /**< when there is no anchor */

    /* The packages, by their number in the bundle: */
    uint32_t package_count;
    struct package packages[CATALOG_PACKAGES_MAX];
    uint64_t offsets[CATALOG_PACKAGES_MAX];
    enum catalog_stage stages[CATALOG_PACKAGES_MAX];
    bool is_member[CATALOG_PACKAGES_MAX]; /**< of the group whose chain is in hand */

    /* The chain in hand, and the last decision: */
    struct sigchain_verifier developer;
    struct sigchain_register developer_registers[CATALOG_REGISTERS_MAX];
    struct sigchain_pin developer_pin;
    bool developer_is_approved; /**< by the owner, for one of the group's apps at least */
    uint32_t completed_count;   /**< transactions that came from what was seen, not from a package */
    struct authority_decision decision;
    uint64_t list_seq;
    struct seen *seen;

    struct catalog_runs runs;
};

/**
 * Verifies everything and writes the catalog, its state last. What is not authorised is in it as a refused package with a
 * sentence; when bundle, anchor, owner's chain or list are broken, nothing is authorised and a note says why. What is new is in
 * `in->seen`, and committed, before the state is set.
 * The last note is the sum of it all.
 */
void catalog_build(const struct catalog_input *in, struct catalog_work *work, struct catalog *out);

#endif
