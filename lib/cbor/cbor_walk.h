/* SPDX-License-Identifier: MIT */
/** For the test and the fuzzer: reads any item to its end, whatever it is, and writes it again. */
#ifndef LX_CBOR_WALK_H
#define LX_CBOR_WALK_H

#include "cbor.h"

static inline bool cbor_walk_open(struct cbor_reader *r, struct writer *w, enum cbor_kind kind)
{
    uint64_t count;
    if (!(kind == CBOR_MAP ? cbor_map(r, &count) : cbor_array(r, &count))) {
        return false;
    }
    if (kind == CBOR_MAP) {
        cbor_put_map(w, count);
    } else {
        cbor_put_array(w, count);
    }
    return true;
}

static inline bool cbor_walk_leaf(struct cbor_reader *r, struct writer *w, enum cbor_kind kind)
{
    struct cursor c;
    uint64_t n;
    bool b;
    if (kind == CBOR_UINT && cbor_uint(r, &n)) {
        cbor_put_uint(w, n);
    } else if (kind == CBOR_BOOL && cbor_bool(r, &b)) {
        cbor_put_bool(w, b);
    } else if (kind == CBOR_BYTES && cbor_bytes(r, &c)) {
        cbor_put_bytes(w, c.at, c.left_bytes);
    } else if (cbor_text(r, &c)) { /* or, of CBOR_NOTHING, the error that it is */
        cbor_put_text(w, c.at, c.left_bytes);
    }
    return r->err == CBOR_OK;
}

/** @return whether the bytes are one item in the one form; then `w` has the same bytes again. */
static inline bool cbor_walk(struct cbor_reader *r, struct writer *w)
{
    struct cursor key;
    do {
        struct cbor_level *level = &r->levels[r->depth];
        if (r->depth > 0 && level->left_count == 0) {
            if (!cbor_leave(r)) {
                return false;
            }
            continue;
        }
        if (level->is_map) {
            if (!cbor_key(r, &key)) {
                return false;
            }
            cbor_put_text(w, key.at, key.left_bytes);
        }
        enum cbor_kind kind = cbor_peek(r);
        bool is_container = kind == CBOR_ARRAY || kind == CBOR_MAP;
        if (!(is_container ? cbor_walk_open(r, w, kind) : cbor_walk_leaf(r, w, kind))) {
            return false;
        }
    } while (r->depth > 0);
    return cbor_finish(r);
}

#endif
