/* SPDX-License-Identifier: MIT */
/**
 * Journals: what `ledger`, `pager` and `scrub` have to say about verification, for /lx/verify. Each writes a ring of its own in
 * shared memory; readers copy an entry and check that its number did not change meanwhile. Old entries are overwritten.
 */
#ifndef LX_PROTO_JOURNAL_H
#define LX_PROTO_JOURNAL_H

#include "proto.h"

enum { JOURNAL_BYTES = 64 * 1024, JOURNAL_TEXT_BYTES = 232, JOURNAL_ENTRIES = JOURNAL_BYTES / 256 - 1 };

struct journal_entry {
    uint64_t number; /**< 1 and up; 0 while it is being written */
    uint64_t ticks;
    uint32_t kind;   /**< enum journal_kind */
    uint32_t reserved;
    char text[JOURNAL_TEXT_BYTES]; /**< one sentence, ended by a zero byte */
};
_Static_assert(sizeof(struct journal_entry) == 256, "journal_entry");

enum journal_kind {
    JOURNAL_VERIFIED = 1, /**< a package or chain was verified */
    JOURNAL_REFUSED,
    JOURNAL_REPAIRED,
    JOURNAL_NOTE,
    JOURNAL_CHANGED, /**< what cannot be repaired is not as it was */
};

struct journal {
    uint64_t written; /**< entries so far; entry n is at (n - 1) % JOURNAL_ENTRIES */
    uint64_t reserved[31];
    struct journal_entry entries[JOURNAL_ENTRIES];
};
_Static_assert(sizeof(struct journal) == JOURNAL_BYTES, "journal");

#endif
