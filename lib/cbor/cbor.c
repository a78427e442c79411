/* SPDX-License-Identifier: MIT */
/**
 * The reader and writer of cbor.h.
 * Source: RFC 8949 section 3 (heads), 4.2.1 (the deterministic form)
 */
#include "cbor.h"

/* The upper three bits of a head, and its lower five. */
enum major {
    MAJOR_UINT = 0,
    MAJOR_NEGATIVE = 1,
    MAJOR_BYTES = 2,
    MAJOR_TEXT = 3,
    MAJOR_ARRAY = 4,
    MAJOR_MAP = 5,
    MAJOR_TAG = 6,
    MAJOR_SIMPLE = 7,
};

#define INFO_ONE_BYTE    24u /* the number is in the next byte; 25, 26, 27: in 2, 4, 8 bytes */
#define INFO_EIGHT_BYTES 27u
#define INFO_INDEFINITE  31u
#define SIMPLE_FALSE     20u
#define SIMPLE_TRUE      21u
#define KEY_BYTES_MAX    UINT32_MAX

const char *cbor_err_text(enum cbor_err err)
{
    switch (err) {
    case CBOR_OK:
        return "nothing is wrong";
    case CBOR_SHORT:
        return "the bytes end inside an item";
    case CBOR_NOT_SHORTEST:
        return "a number or length is not in its shortest form";
    case CBOR_INDEFINITE:
        return "a length is not stated";
    case CBOR_UNSUPPORTED:
        return "an item is of a kind that is not used here, like a negative number, a float, a tag or null";
    case CBOR_KIND:
        return "an item is of another kind than it must be";
    case CBOR_UTF8:
        return "a text is not UTF-8";
    case CBOR_KEY_ORDER:
        return "the keys of a map are not in order";
    case CBOR_KEY_TWICE:
        return "a key stands twice in a map";
    case CBOR_KEY:
        return "a key is unknown, or another must stand here";
    case CBOR_DEPTH:
        return "arrays and maps are nested too deeply";
    case CBOR_MISSING:
        return "an array or map ends too early";
    case CBOR_EXTRA:
        return "an array or map has more than it may";
    case CBOR_TRAILING:
        return "bytes follow the end";
    }
    return "unknown";
}

static bool fail(struct cbor_reader *r, enum cbor_err err)
{
    if (r->err == CBOR_OK) {
        r->err = err;
    }
    return false;
}

static struct cbor_level *level_of(struct cbor_reader *r)
{
    return &r->levels[r->depth];
}

void cbor_reader_init(struct cbor_reader *r, const void *bytes, size_t len_bytes)
{
    memset(r, 0, sizeof *r);
    r->rest = cursor_of(bytes, len_bytes);
    r->start = r->rest.at;
    r->levels[0].left_count = 1;
}

/* ---- heads ---------------------------------------------------------------------------------------------------------- */

/** Takes the number of 1, 2, 4 or 8 bytes behind a head, which must need that many. */
static bool long_number(struct cbor_reader *r, uint8_t info, uint64_t *out)
{
    struct cursor bytes;
    uint32_t len = 1u << (info - INFO_ONE_BYTE);
    if (!cursor_take(&r->rest, len, &bytes)) {
        return fail(r, CBOR_SHORT);
    }
    uint64_t n = 0;
    for (uint32_t i = 0; i < len; i++) {
        n = n << 8 | bytes.at[i];
    }
    uint64_t least = len == 1 ? INFO_ONE_BYTE : UINT64_C(1) << (len * 4);
    if (n < least) {
        return fail(r, CBOR_NOT_SHORTEST);
    }
    *out = n;
    return true;
}

/** Takes a head: its major type, and its number or length; of a boolean, the simple value. */
static bool take_head(struct cbor_reader *r, enum major *major, uint64_t *out)
{
    uint8_t first;
    if (!cursor_u8(&r->rest, &first)) {
        return fail(r, CBOR_SHORT);
    }
    uint8_t info = first & 0x1f;
    *major = (enum major)(first >> 5);
    if (*major == MAJOR_NEGATIVE || *major == MAJOR_TAG ||
        (*major == MAJOR_SIMPLE && info != SIMPLE_FALSE && info != SIMPLE_TRUE)) {
        return fail(r, CBOR_UNSUPPORTED);
    }
    if (info < INFO_ONE_BYTE) {
        *out = info;
        return true;
    }
    if (info <= INFO_EIGHT_BYTES) {
        return long_number(r, info, out);
    }
    return fail(r, info == INFO_INDEFINITE && *major != MAJOR_UINT ? CBOR_INDEFINITE : CBOR_UNSUPPORTED);
}

/** Takes the head of the next item, which must be of a major type, and counts it. */
static bool take_item(struct cbor_reader *r, enum major wanted, uint64_t *out)
{
    struct cbor_level *level = level_of(r);
    enum major major;
    uint64_t n;
    if (r->err != CBOR_OK) {
        return false;
    }
    assert(!level->is_map || level->has_key);
    if (!level->is_map && level->left_count == 0) {
        return fail(r, CBOR_MISSING);
    }
    if (!take_head(r, &major, &n)) {
        return false;
    }
    if (major != wanted) {
        return fail(r, CBOR_KIND);
    }
    if (level->is_map) {
        level->has_key = false;
    } else {
        level->left_count--;
    }
    *out = n;
    return true;
}

enum cbor_kind cbor_peek(const struct cbor_reader *r)
{
    static const enum cbor_kind kinds[] = {CBOR_UINT,  CBOR_NOTHING, CBOR_BYTES,   CBOR_TEXT,
                                           CBOR_ARRAY, CBOR_MAP,     CBOR_NOTHING, CBOR_NOTHING};
    const struct cbor_level *level = &r->levels[r->depth];
    if (r->err != CBOR_OK || cursor_is_empty(&r->rest) || (level->left_count == 0 && !level->has_key)) {
        return CBOR_NOTHING;
    }
    uint8_t first = r->rest.at[0];
    if (first == (MAJOR_SIMPLE << 5 | SIMPLE_FALSE) || first == (MAJOR_SIMPLE << 5 | SIMPLE_TRUE)) {
        return CBOR_BOOL;
    }
    return kinds[first >> 5];
}

/* ---- items ---------------------------------------------------------------------------------------------------------- */

bool cbor_uint(struct cbor_reader *r, uint64_t *out)
{
    return take_item(r, MAJOR_UINT, out);
}

bool cbor_bool(struct cbor_reader *r, bool *out)
{
    uint64_t value;
    if (!take_item(r, MAJOR_SIMPLE, &value)) {
        return false;
    }
    *out = value == SIMPLE_TRUE;
    return true;
}

static bool take_string(struct cbor_reader *r, enum major major, struct cursor *out)
{
    uint64_t len;
    if (!take_item(r, major, &len)) {
        return false;
    }
    return cursor_take(&r->rest, len, out) ? true : fail(r, CBOR_SHORT);
}

bool cbor_bytes(struct cbor_reader *r, struct cursor *out)
{
    return take_string(r, MAJOR_BYTES, out);
}

bool cbor_bytes_fixed(struct cbor_reader *r, void *out, size_t len_bytes)
{
    struct cursor bytes;
    if (!cbor_bytes(r, &bytes)) {
        return false;
    }
    if (bytes.left_bytes != len_bytes) {
        return fail(r, CBOR_KIND);
    }
    return cursor_copy(&bytes, out, len_bytes);
}

bool cbor_text(struct cbor_reader *r, struct cursor *out)
{
    struct cursor text;
    if (!take_string(r, MAJOR_TEXT, &text)) {
        return false;
    }
    if (!utf8_is_valid(text)) {
        return fail(r, CBOR_UTF8);
    }
    *out = text;
    return true;
}

/* ---- arrays and maps ------------------------------------------------------------------------------------------------ */

static bool enter(struct cbor_reader *r, enum major major, uint64_t *count)
{
    uint64_t n;
    if (!take_item(r, major, &n)) {
        return false;
    }
    if (r->depth == CBOR_DEPTH_MAX) {
        return fail(r, CBOR_DEPTH);
    }
    r->depth++;
    *level_of(r) = (struct cbor_level){.left_count = n, .is_map = major == MAJOR_MAP};
    *count = n;
    return true;
}

bool cbor_array(struct cbor_reader *r, uint64_t *count)
{
    return enter(r, MAJOR_ARRAY, count);
}

bool cbor_map(struct cbor_reader *r, uint64_t *count)
{
    return enter(r, MAJOR_MAP, count);
}

bool cbor_leave(struct cbor_reader *r)
{
    if (r->err != CBOR_OK) {
        return false;
    }
    assert(r->depth > 0 && !level_of(r)->has_key);
    if (level_of(r)->left_count != 0) {
        return fail(r, CBOR_EXTRA);
    }
    r->depth--;
    return true;
}

/** Compares two encoded keys bytewise. As each begins with its length, none is the beginning of another. */
static int compare_keys(const uint8_t *a, size_t a_bytes, const uint8_t *b, size_t b_bytes)
{
    return memcmp(a, b, a_bytes < b_bytes ? a_bytes : b_bytes);
}

bool cbor_key(struct cbor_reader *r, struct cursor *out)
{
    struct cbor_level *level = level_of(r);
    const uint8_t *start = r->rest.at;
    enum major major;
    uint64_t len;
    struct cursor text;
    if (r->err != CBOR_OK) {
        return false;
    }
    assert(level->is_map && !level->has_key);
    if (level->left_count == 0) {
        return fail(r, CBOR_MISSING);
    }
    if (!take_head(r, &major, &len)) {
        return false;
    }
    if (major != MAJOR_TEXT) {
        return fail(r, CBOR_KIND);
    }
    if (len > KEY_BYTES_MAX - 9 || !cursor_take(&r->rest, len, &text)) {
        return fail(r, CBOR_SHORT);
    }
    if (!utf8_is_valid(text)) {
        return fail(r, CBOR_UTF8);
    }
    uint32_t key_bytes = (uint32_t)(r->rest.at - start); /* at most 9 more than the text */
    if (level->last_key != NULL) {
        int order = compare_keys(level->last_key, level->last_key_bytes, start, key_bytes);
        if (order >= 0) {
            return fail(r, order == 0 ? CBOR_KEY_TWICE : CBOR_KEY_ORDER);
        }
    }
    level->last_key = start;
    level->last_key_bytes = key_bytes;
    level->left_count--;
    level->has_key = true;
    *out = text;
    return true;
}

bool cbor_key_is(struct cbor_reader *r, const char *name)
{
    struct cursor key;
    if (!cbor_key(r, &key)) {
        return false;
    }
    if (key.left_bytes != strlen(name) || memcmp(key.at, name, key.left_bytes) != 0) {
        return fail(r, CBOR_KEY);
    }
    return true;
}

bool cbor_key_if(struct cbor_reader *r, const char *name)
{
    size_t len = strlen(name);
    struct cursor key;
    assert(len < INFO_ONE_BYTE);
    if (r->err != CBOR_OK) {
        return false;
    }
    assert(level_of(r)->is_map && !level_of(r)->has_key);
    if (level_of(r)->left_count == 0 || r->rest.left_bytes < 1 + len ||
        r->rest.at[0] != (MAJOR_TEXT << 5 | len) || memcmp(r->rest.at + 1, name, len) != 0) {
        return false;
    }
    return cbor_key(r, &key);
}

bool cbor_finish(struct cbor_reader *r)
{
    if (r->err != CBOR_OK) {
        return false;
    }
    assert(r->depth == 0);
    if (r->levels[0].left_count != 0) {
        return fail(r, CBOR_MISSING);
    }
    return cursor_is_empty(&r->rest) ? true : fail(r, CBOR_TRAILING);
}

/* ---- writing -------------------------------------------------------------------------------------------------------- */

static void put_head(struct writer *w, enum major major, uint64_t n)
{
    uint8_t bytes[9];
    uint32_t len = n < INFO_ONE_BYTE ? 0 : n <= UINT8_MAX ? 1 : n <= UINT16_MAX ? 2 : n <= UINT32_MAX ? 4 : 8;
    uint8_t info = len == 0 ? (uint8_t)n : (uint8_t)(INFO_ONE_BYTE + (uint32_t)__builtin_ctz(len));
    bytes[0] = (uint8_t)((uint32_t)major << 5 | info);
    for (uint32_t i = 0; i < len; i++) {
        bytes[1 + i] = (uint8_t)(n >> (8 * (len - 1 - i)));
    }
    writer_put(w, bytes, 1 + len);
}

void cbor_put_uint(struct writer *w, uint64_t n)
{
    put_head(w, MAJOR_UINT, n);
}

void cbor_put_bool(struct writer *w, bool b)
{
    put_head(w, MAJOR_SIMPLE, b ? SIMPLE_TRUE : SIMPLE_FALSE);
}

void cbor_put_bytes(struct writer *w, const void *bytes, size_t len_bytes)
{
    put_head(w, MAJOR_BYTES, len_bytes);
    writer_put(w, bytes, len_bytes);
}

void cbor_put_text(struct writer *w, const void *text, size_t len_bytes)
{
    put_head(w, MAJOR_TEXT, len_bytes);
    writer_put(w, text, len_bytes);
}

void cbor_put_string(struct writer *w, const char *text)
{
    cbor_put_text(w, text, strlen(text));
}

void cbor_put_array(struct writer *w, uint64_t count)
{
    put_head(w, MAJOR_ARRAY, count);
}

void cbor_put_map(struct writer *w, uint64_t count)
{
    put_head(w, MAJOR_MAP, count);
}
