/* SPDX-License-Identifier: MIT */
/**
 * Any bytes as a checkpoint whose hash is right: what is accepted is written back as the same bytes, and what is
 * refused leaves an empty verifier. Then the bytes as two chains, cut in the middle.
 */
#include "sigchain.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t back[65536];
    static struct sigchain_verifier v, w;
    static struct sigchain_register table[8], other[8];
    struct sigchain_setup setup = {.registers = table, .register_capacity = ARRAY_LEN(table)};
    struct u256 hash, again;
    struct sigchain_comparison comparison;
    sigchain_network_of(NETWORK_PRIVATE, NULL, &setup.network);
    sk256_of(data, size, &hash);
    if (sigchain_checkpoint_resume(&v, &setup, data, size, &hash)) {
        struct writer out = writer_of(back, sizeof back);
        enum lx_err err = sigchain_checkpoint_put(&v, &out, &again);
        assert(err == LX_OK);
        assert(out.used_bytes == size && memcmp(back, data, size) == 0);
        assert(u256_equal(&hash, &again));
        assert(sigchain_finish(&v));
        assert(!sigchain_add(&v, data, size));
    } else {
        assert(v.transaction_count == 0 && v.register_count == 0 && v.refusal.rule != SIGCHAIN_OK);
    }
    sigchain_verifier_init(&v, &setup);
    setup.registers = other;
    sigchain_verifier_init(&w, &setup);
    sigchain_compare_files(&v, cursor_of(data, size / 2), &w, cursor_of(data + size / 2, size - size / 2), &comparison);
    assert(comparison.difference != SIGCHAIN_SAME || (comparison.a_is_good && comparison.b_is_good));
    return 0;
}
