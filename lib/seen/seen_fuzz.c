/* SPDX-License-Identifier: MIT */
/** Facts of any bytes: what is read keeps its limits, and is written as it was read. */
#include "seen.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len_bytes);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len_bytes)
{
    static struct seen_facts facts;
    static uint8_t again[SEEN_FACTS_BYTES_MAX];
    if (seen_facts_parse(bytes, len_bytes, &facts) != LX_OK) {
        return 0;
    }
    assert(facts.chain_count <= SEEN_CHAINS_MAX && facts.release_count <= SEEN_RELEASES_MAX && facts.list_count <= SEEN_LISTS_MAX);
    for (uint32_t i = 0; i < facts.chain_count; i++) {
        assert(facts.chains[i].stored <= facts.chains[i].count && facts.chains[i].grown <= facts.changes);
    }
    for (uint32_t i = 0; i < facts.release_count; i++) {
        assert(strlen(facts.releases[i].name) < SEEN_NAME_BYTES);
    }
    assert(seen_facts_put(&facts, again) == len_bytes && memcmp(again, bytes, len_bytes) == 0);
    return 0;
}
