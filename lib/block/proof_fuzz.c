/* SPDX-License-Identifier: MIT */
/** Any bytes as a proof, on two networks: what is accepted says what its blocks can say; what is refused, nothing. */
#include "block.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct u512 ids[1024];
    static struct block_room room = {.ids = ids, .id_capacity = ARRAY_LEN(ids)};
    for (unsigned i = 0; i < 2; i++) {
        struct proof_setup setup = {.room = &room};
        struct inclusion found, before;
        struct proof_refusal refusal;
        sigchain_network_of(i == 0 ? NETWORK_PRIVATE : NETWORK_TEST, NULL, &setup.network);
        memset(&found, 0x55, sizeof found);
        before = found;
        if (proof_verify(data, size, &setup, &found, &refusal)) {
            assert(found.kind > INCLUSION_NONE && found.kind < INCLUSION_KNOWN);
            assert(found.height <= UINT32_MAX - found.blocks_above);
            assert(found.unchecked_count <= found.blocks_above + 1);
            assert(found.newest_s >= found.included_s);
            assert((found.kind == INCLUSION_WORK) == (found.work_hashes > 0));
        } else {
            assert(memcmp(&found, &before, sizeof found) == 0);
            assert(refusal.rule != BLOCK_OK && refusal.sentence[0] != '\0');
        }
    }
    return 0;
}
