/* SPDX-License-Identifier: MIT */
/** What the parsers of this room share: how they refuse, and checks of names and texts. */
#ifndef LX_PACKAGE_READ_H
#define LX_PACKAGE_READ_H

#include "package.h"

/**
 * Sets `why` to a sentence: where, a colon, and `words`, or if that is NULL those of the rule.
 * @return false, always.
 */
bool package_refuse(struct package_refusal *why, enum package_rule rule, const char *words, const char *where, ...)
    PRINTF_LIKE(4, 5);

/**
 * Ends a parse that did not succeed: sets `why` to what the reader found wrong, unless a rule was set before.
 * @return false, always.
 */
bool package_refuse_cbor(struct package_refusal *why, const struct cbor_reader *r, const char *what);

/** Says whether text has only characters that can be shown: none of the control characters of ASCII and Latin-1. */
MUST_USE bool text_is_printable(struct cursor text);

/** Copies text that fits, is not empty and is printable. */
MUST_USE bool text_copy(struct cursor text, char *out, size_t cap_chars);

/** Takes text that is the name of an app. A wrong one sets `rule` and leaves the reader as it is, without an error. */
MUST_USE bool read_app_name(struct cbor_reader *r, char out[RECORD_APP_CHARS_MAX + 1], enum package_rule *rule);

/** Takes the format's name, which must be this. */
MUST_USE bool read_format(struct cbor_reader *r, const char *format, enum package_rule *rule);

/** Takes a number up to `max`. */
MUST_USE bool read_number(struct cbor_reader *r, uint64_t max, uint64_t *out, enum package_rule *rule);

/** Takes an array's head, of up to `max` items. */
MUST_USE bool read_array(struct cbor_reader *r, uint32_t max, uint32_t *count, enum package_rule *rule);

/** Starts a walk through the bytes of an array that has been read before. */
void package_walk_start(struct package_walk *walk, struct cursor array);

/** Counts the next item. @return false when there is none. */
static inline bool package_walk_take(struct package_walk *walk)
{
    if (walk->left_count == 0) {
        return false;
    }
    walk->left_count--;
    return true;
}

/** What the reader has taken since `start`, which is an earlier place in its bytes. */
static inline struct cursor taken_since(const struct cbor_reader *r, const uint8_t *start)
{
    return cursor_of(start, (size_t)(r->rest.at - start));
}

#endif
