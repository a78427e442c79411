/* SPDX-License-Identifier: MIT */
/**
 * Contracts of any form against a ledger: the bytes of a transaction, whose signature nobody looks at, so that what stands behind the
 * signature's check is reached. The ledger is the beginning of a real network's.
 */
#include <stdlib.h>

#include "node_fixture.h"

#include "private.h"

#define TAKEN 21u /* of the real network's: up to a TRANSFER that waits to be claimed */

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len_bytes);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len_bytes)
{
    static struct bench *b;
    struct transaction tx;
    if (b == NULL) {
        b = bench_make(NETWORK_PRIVATE, NULL, false);
        uint32_t taken = fixture_submit(b, TIME_S, TAKEN);
        assert(taken == TAKEN);
    }
    if (transaction_parse(bytes, len_bytes, &tx) != LX_OK) {
        return 0;
    }
    bool ok = node_check_contracts(&b->node, &tx);
    assert(ok || (b->node.refusal.rule != NODE_OK && b->node.refusal.rule != NODE_STORE));
    assert(b->node.touched_count <= tx.contract_count && b->node.claim_count <= tx.contract_count);
    return 0;
}
