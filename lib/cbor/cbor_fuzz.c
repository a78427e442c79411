/* SPDX-License-Identifier: MIT */
/** Any bytes as an item: what is accepted is written again as the same bytes, and what is refused has a reason. */
#include "cbor.h"
#include "cbor_walk.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len_bytes);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len_bytes)
{
    static uint8_t back[65536];
    struct cbor_reader r;
    struct writer w = writer_of(back, sizeof back);
    if (len_bytes > sizeof back) {
        return 0;
    }
    cbor_reader_init(&r, bytes, len_bytes);
    bool ok = cbor_walk(&r, &w);
    assert(ok == (r.err == CBOR_OK));
    assert(cbor_offset(&r) <= len_bytes);
    if (ok) {
        assert(!w.overflow);
        assert(w.used_bytes == len_bytes);
        assert(memcmp(back, bytes, len_bytes) == 0);
    }
    return 0;
}
