/* SPDX-License-Identifier: MIT */
/** See random.h. */
#include "random.h"

/* Keep blocks, next states, first states and states with something added apart. */
enum { DOMAIN_BLOCK = 1, DOMAIN_NEXT, DOMAIN_FIRST, DOMAIN_ADD };

static void derive(const struct random *r, uint64_t domain, uint64_t n, const void *bytes, size_t len_bytes, struct hash256 *out)
{
    struct sha256 s;
    uint8_t numbers[16];
    le64_store(numbers, domain);
    le64_store(numbers + 8, n);
    sha256_init(&s);
    sha256_update(&s, r->state.bytes, sizeof r->state.bytes);
    sha256_update(&s, numbers, sizeof numbers);
    sha256_update(&s, bytes, len_bytes);
    sha256_final(&s, out);
    wipe(&s, sizeof s);
}

void random_start(struct random *r, const uint8_t seed[32], uint64_t differs)
{
    struct hash256 first;
    memcpy(r->state.bytes, seed, sizeof r->state.bytes);
    derive(r, DOMAIN_FIRST, differs, NULL, 0, &first);
    r->state = first;
    wipe(&first, sizeof first);
}

void random_add(struct random *r, const void *bytes, size_t len_bytes)
{
    struct hash256 next;
    derive(r, DOMAIN_ADD, len_bytes, bytes, len_bytes, &next);
    r->state = next;
    wipe(&next, sizeof next);
}

void random_bytes(struct random *r, uint64_t now, void *out, size_t len_bytes)
{
    struct hash256 block;
    uint8_t *to = out;
    for (uint64_t n = 0; len_bytes != 0; n++) {
        size_t len = len_bytes < sizeof block.bytes ? len_bytes : sizeof block.bytes;
        derive(r, DOMAIN_BLOCK, n, NULL, 0, &block);
        memcpy(to, block.bytes, len);
        to += len;
        len_bytes -= len;
    }
    derive(r, DOMAIN_NEXT, now, NULL, 0, &block);
    r->state = block;
    wipe(&block, sizeof block);
}
