/* SPDX-License-Identifier: MIT */
/**
 * Any bytes as a transaction: what is accepted has its parts inside and ends where the bytes end. Then its contracts
 * are executed on a small table as if the signature fitted, which no fuzzer would find.
 */
#include "verify.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_inside(const struct cursor *part, const uint8_t *data, size_t size)
{
    assert(part->at >= data);
    assert(part->left_bytes <= size);
    assert((size_t)(part->at - data) <= size - part->left_bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct sigchain_verifier v;
    static struct sigchain_register table[3];
    struct sigchain_setup setup = {.registers = table, .register_capacity = ARRAY_LEN(table)};
    struct transaction tx;
    if (transaction_parse(data, size, &tx) != LX_OK) {
        return 0;
    }
    check_inside(&tx.hashed, data, size);
    check_inside(&tx.contracts, data, size);
    check_inside(&tx.public_key, data, size);
    check_inside(&tx.signature, data, size);
    struct cursor contracts = tx.contracts;
    struct contract contract;
    uint32_t count = 0;
    while (contract_next(&contracts, &contract)) {
        count++;
    }
    assert(count == tx.contract_count);
    assert(cursor_is_empty(&contracts));
    sigchain_network_of(NETWORK_PRIVATE, "", &setup.network);
    sigchain_verifier_init(&v, &setup);
    if (sigchain_check_mix(&v, &tx)) {
        (void)sigchain_execute(&v, &tx);
    }
    assert(v.register_count <= ARRAY_LEN(table));
    for (size_t i = 0; i < v.register_count; i++) {
        assert(table[i].state.checksum == register_checksum(&table[i].state));
    }
    assert(!sigchain_add(&v, data, size) || v.transaction_count == 1);
    return 0;
}
