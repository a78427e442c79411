/* SPDX-License-Identifier: MIT */
/**
 * Journal: writes and reads the rings of proto/journal.h. One writer, any number of readers that may be hostile or slow.
 * Owns:   nothing; the memory is shared.    Uses: base, format, proto.
 * Limits: JOURNAL_ENTRIES entries are kept; a text is cut at JOURNAL_TEXT_BYTES - 1 characters.
 */
#ifndef LX_JOURNAL_H
#define LX_JOURNAL_H

#include "base.h"
#include "proto/journal.h"

/** Adds an entry; `ticks` is the time. */
void journal_write(struct journal *j, uint64_t ticks, enum journal_kind kind, const char *text, ...) PRINTF_LIKE(4, 5);

/** Copies entry `number`, if it is still there. The text always ends with a zero byte. */
MUST_USE bool journal_read(const struct journal *j, uint64_t number, struct journal_entry *out);

/** The numbers of the entries that may still be there: [*first, *end). */
void journal_range(const struct journal *j, uint64_t *first, uint64_t *end);

#endif
