/* SPDX-License-Identifier: MIT */
/**
 * Random: a generator in the manner of Hash_DRBG: blocks are SHA-256 of a secret state and a counter, and the state is replaced by
 * a hash of itself after every request, so that what was given out cannot be computed from what is in memory later.
 * Owns:   its state.    Uses: tree (SHA-256), the seed of this component, which the root task derives from the firmware's.
 * Limits: no entropy is added later, but the counter of ticks at each request.
 */
#include "server.h"
#include "tree.h"

static struct hash256 state;

/* The domain keeps blocks, next states and first states apart. */
static void derive(uint64_t domain, uint64_t n, struct hash256 *out)
{
    struct sha256 s;
    uint8_t numbers[16];
    le64_store(numbers, domain);
    le64_store(numbers + 8, n);
    sha256_init(&s);
    sha256_update(&s, state.bytes, sizeof state.bytes);
    sha256_update(&s, numbers, sizeof numbers);
    sha256_final(&s, out);
}

enum { DOMAIN_BLOCK = 1, DOMAIN_NEXT, DOMAIN_FIRST };

void random_init(void)
{
    if (rt_info_page()->seeded == 0) {
        rt_panic("the firmware gives no random seed (rng-seed in the device tree): keys would be guessable, so nothing is started");
    }
    memcpy(state.bytes, rt_info_page()->seed, sizeof state.bytes);
    struct hash256 first;
    derive(DOMAIN_FIRST, rt_ticks(), &first);
    state = first;
}

void random_bytes(void *env, void *bytes, size_t len_bytes)
{
    (void)env;
    uint8_t *out = bytes;
    struct hash256 block;
    for (uint64_t n = 0; len_bytes != 0; n++) {
        size_t len = len_bytes < sizeof block.bytes ? len_bytes : sizeof block.bytes;
        derive(DOMAIN_BLOCK, n, &block);
        memcpy(out, block.bytes, len);
        out += len;
        len_bytes -= len;
    }
    derive(DOMAIN_NEXT, rt_ticks(), &block);
    state = block;
}
