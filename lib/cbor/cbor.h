/* SPDX-License-Identifier: MIT */
/**
 * CBOR: the deterministic form of RFC 8949 section 4.2.1, read strictly and written, as far as manifests need it: unsigned
 * numbers, byte strings, text, arrays, maps whose keys are text, and booleans. Everything has exactly one form, so that
 * what was signed and what is read again are the same bytes.
 *
 * A reader refuses what is not the one form: lengths that are not the shortest, indefinite lengths, keys out of order or
 * twice, text that is not UTF-8, bytes left over; and all that is not needed: negative numbers, floats, tags, null.
 *
 * Owns:   nothing; readers borrow their bytes.    Uses: base.
 * Limits: CBOR_DEPTH_MAX arrays and maps in one another. O(bytes), no recursion.
 * Source: RFC 8949 sections 3 and 4.2.1; RFC 3629 (UTF-8)
 */
#ifndef LX_CBOR_H
#define LX_CBOR_H

#include "base.h"

#define CBOR_DEPTH_MAX 8u

/** What is wrong with the bytes, or with what the caller expected of them. */
enum cbor_err {
    CBOR_OK = 0,
    CBOR_SHORT,        /**< they end inside an item */
    CBOR_NOT_SHORTEST, /**< a number or length takes more bytes than it needs */
    CBOR_INDEFINITE,   /**< a length that is not stated */
    CBOR_UNSUPPORTED,  /**< a negative number, float, tag, null or another simple value; or no item at all */
    CBOR_KIND,         /**< an item of another kind than the format has here */
    CBOR_UTF8,         /**< text that is not UTF-8 */
    CBOR_KEY_ORDER,    /**< a key that belongs before the one before it */
    CBOR_KEY_TWICE,    /**< the key before it once more */
    CBOR_KEY,          /**< a key that the format does not have here */
    CBOR_DEPTH,        /**< more arrays and maps in one another than CBOR_DEPTH_MAX */
    CBOR_MISSING,      /**< an array or map ends before what the format demands */
    CBOR_EXTRA,        /**< an array or map goes on after what the format has */
    CBOR_TRAILING,     /**< bytes behind the one item */
};

/** A clause that says what is wrong, for use behind a colon; never NULL. */
const char *cbor_err_text(enum cbor_err err);

enum cbor_kind {
    CBOR_UINT,
    CBOR_BYTES,
    CBOR_TEXT,
    CBOR_ARRAY,
    CBOR_MAP,
    CBOR_BOOL,
    CBOR_NOTHING, /**< the array or map ends here, or the bytes do, or what follows is not supported */
};

/** One array or map that the reader is in. */
struct cbor_level {
    uint64_t left_count; /**< items of an array, or keys of a map, that were not read yet */
    const uint8_t *last_key; /**< as encoded, length included; NULL before the first */
    uint32_t last_key_bytes;
    bool is_map;
    bool has_key; /**< a key was read, and its value was not */
};

/**
 * Reads one item front to back. An error stays: every later call returns false, so that a parser may chain calls and look
 * at `err` once. The order of calls is the caller's duty and asserted: in a map a key comes before each value.
 */
struct cbor_reader {
    const uint8_t *start;
    struct cursor rest;
    enum cbor_err err;
    uint32_t depth;
    struct cbor_level levels[CBOR_DEPTH_MAX + 1]; /**< [0] stands for the whole, an array of one item */
};

/** Starts reading the one item that takes up all the bytes, which are untrusted and borrowed. */
void cbor_reader_init(struct cbor_reader *r, const void *bytes, size_t len_bytes);

/** What the next item is, without taking it. */
enum cbor_kind cbor_peek(const struct cbor_reader *r);

/* Take the next item. @return false, and no result, when it is another, or something is wrong: r->err. */
MUST_USE bool cbor_uint(struct cbor_reader *r, uint64_t *out);
MUST_USE bool cbor_bool(struct cbor_reader *r, bool *out);
MUST_USE bool cbor_bytes(struct cbor_reader *r, struct cursor *out);
MUST_USE bool cbor_text(struct cbor_reader *r, struct cursor *out);

/** Takes a byte string of exactly `len_bytes` and copies it; another length is CBOR_KIND. */
MUST_USE bool cbor_bytes_fixed(struct cbor_reader *r, void *out, size_t len_bytes);

/** Goes into an array or map of `count` items or pairs. */
MUST_USE bool cbor_array(struct cbor_reader *r, uint64_t *count);
MUST_USE bool cbor_map(struct cbor_reader *r, uint64_t *count);

/** Goes out of the array or map; CBOR_EXTRA when something in it was not read. */
MUST_USE bool cbor_leave(struct cbor_reader *r);

/** Takes the next key of a map, which must follow the one before it in order. */
MUST_USE bool cbor_key(struct cbor_reader *r, struct cursor *out);

/** Takes the next key, which must be `name`; any other is CBOR_KEY. `name` has less than 24 bytes. */
MUST_USE bool cbor_key_is(struct cbor_reader *r, const char *name);

/** Takes the next key if it is `name`. @return whether it was; an optional key needs no more. */
MUST_USE bool cbor_key_if(struct cbor_reader *r, const char *name);

/** Ends: the item was read whole, and no byte follows. */
MUST_USE bool cbor_finish(struct cbor_reader *r);

/** How many bytes have been read: where an error lies. */
static inline size_t cbor_offset(const struct cbor_reader *r)
{
    return (size_t)(r->rest.at - r->start);
}

/** Says whether bytes are UTF-8: shortest forms, no surrogates, nothing above U+10FFFF. */
MUST_USE bool utf8_is_valid(struct cursor text);

/* Write one item, or the head of an array or map whose items follow. Order of keys, and counts, are the caller's duty. */
void cbor_put_uint(struct writer *w, uint64_t n);
void cbor_put_bool(struct writer *w, bool b);
void cbor_put_bytes(struct writer *w, const void *bytes, size_t len_bytes);
void cbor_put_text(struct writer *w, const void *text, size_t len_bytes);
void cbor_put_array(struct writer *w, uint64_t count);
void cbor_put_map(struct writer *w, uint64_t count);

/** Writes a key, or other text, that ends with a NUL. */
void cbor_put_string(struct writer *w, const char *text);

#endif
