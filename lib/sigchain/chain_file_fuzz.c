/* SPDX-License-Identifier: MIT */
/** Any bytes as a chain in a file: what is accepted is written back as the same bytes. */
#include "sigchain.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t back[65536];
    struct chain_file file;
    struct cursor tx;
    if (size > sizeof back || chain_file_open(data, size, &file) != LX_OK) {
        return 0;
    }
    struct writer w = writer_of(back, sizeof back);
    chain_file_put_head(&w, file.left_count);
    while (chain_file_next(&file, &tx)) {
        chain_file_put_transaction(&w, tx.at, tx.left_bytes);
    }
    assert(!w.overflow);
    assert(w.used_bytes == size);
    assert(memcmp(back, data, size) == 0);
    return 0;
}
