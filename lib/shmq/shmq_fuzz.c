/* SPDX-License-Identifier: MIT */
/** One honest side against a peer that writes anything into shared memory: no access leaves the queue or the caller's buffer. */
#include "shmq.h"

enum { COUNT = 16, RECORD = 5 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len_bytes);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len_bytes)
{
    static uint8_t memory[64 + SHMQ_HEADER_BYTES + 128] __attribute__((aligned(64)));
    struct cursor c = cursor_of(bytes, len_bytes);
    struct shmq q;
    uint8_t records[COUNT * RECORD];
    uint8_t op;
    uint8_t value;
    memset(memory, 0, sizeof memory);
    memset(records, 0, sizeof records);
    bool is_producer = cursor_u8(&c, &op) && (op & 1) != 0;
    shmq_open(&q, memory, RECORD, COUNT, is_producer);
    while (cursor_u8(&c, &op) && cursor_u8(&c, &value)) {
        if ((op & 3) == 0) { /* the peer writes, also where it should not */
            memory[(op >> 2) % SHMQ_HEADER_BYTES] = value;
        } else if ((op & 3) == 1) {
            uint32_t n = value % (COUNT + 1);
            uint32_t moved = is_producer ? shmq_put(&q, records, n) : shmq_get(&q, records, n);
            assert(moved <= n && (!q.broken || moved == 0));
        } else if ((op & 3) == 2) {
            bool notify = shmq_should_notify(&q);
            bool sleep = shmq_sleep(&q);
            assert(shmq_ready(&q) <= COUNT && (notify || !notify) && (sleep || shmq_ready(&q) <= COUNT));
        } else if (!is_producer) {
            shmq_drain(&q);
        }
    }
    for (size_t i = SHMQ_HEADER_BYTES + COUNT * RECORD; i < sizeof memory; i++) {
        assert(memory[i] == 0);
    }
    return 0;
}
