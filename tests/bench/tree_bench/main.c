/* SPDX-License-Identifier: MIT */
/** Prints what verifying a page costs on this machine, in the form of llc_bench: name,value,unit,how. Best of ROUNDS. */
#include <stdio.h>
#include <time.h>

#include "tree.h"

enum { ROUNDS = 5, COUNT = 20000, BATCH = 64 };

static uint64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

int main(void)
{
    static uint8_t page[PAGE_BYTES];
    struct hash256 leaf;
    uint64_t best = UINT64_MAX;
    for (int round = 0; round < ROUNDS; round++) {
        uint64_t start = now_ns();
        for (int i = 0; i < COUNT; i++) {
            tree_leaf(page, sizeof page, &leaf);
            page[0] ^= leaf.bytes[0]; /* each needs the one before */
        }
        uint64_t ns = (now_ns() - start) / COUNT;
        best = ns < best ? ns : best;
    }
    printf("verify_4k,%llu,ns,host best of %d\n", (unsigned long long)best, ROUNDS);
    static uint8_t pages[BATCH][PAGE_BYTES];
    const uint8_t *blocks[BATCH];
    struct hash256 leaves[BATCH];
    for (int i = 0; i < BATCH; i++) {
        blocks[i] = pages[i];
    }
    best = UINT64_MAX;
    for (int round = 0; round < ROUNDS; round++) {
        uint64_t start = now_ns();
        for (int i = 0; i < COUNT / BATCH; i++) {
            tree_hash_leaves(blocks, BATCH, leaves);
            pages[0][0] ^= leaves[BATCH - 1].bytes[0];
        }
        uint64_t ns = (now_ns() - start) / (COUNT / BATCH * BATCH);
        best = ns < best ? ns : best;
    }
    printf("verify_4k_batch,%llu,ns,a page of %d at a time, host best of %d\n", (unsigned long long)best, BATCH, ROUNDS);
    return 0;
}
