/* SPDX-License-Identifier: MIT */
/** Right: the calling half of the pair; see left. It checks all that arrives. */
#include "pair.h"
#include "rt.h"

LX_SHARED(board);
LX_CALL(left);
LX_SIGNAL(bell);
LX_CHANNEL(bulk, sizeof(struct pair_record));

static struct shmq in;
static struct shmq back;
static uint32_t received;
static uint32_t bells;

static void call_long(void)
{
    uint64_t words[PAIR_LONG_WORDS];
    struct message m;
    for (unsigned i = 0; i < PAIR_LONG_WORDS; i++) {
        words[i] = i * 1000ull + 1;
    }
    if (rt_call_long(&left, PAIR_LABEL_LONG, words, PAIR_LONG_WORDS, &m) != PROTO_OK || rt_length(&m) != PAIR_LONG_WORDS) {
        rt_panic("the long call fails");
    }
    for (unsigned i = 0; i < PAIR_LONG_WORDS; i++) {
        uint64_t word = i < seL4_FastMessageRegisters ? m.word[i] : ipc_buffer->msg[i];
        if (word != words[PAIR_LONG_WORDS - 1 - i]) {
            rt_panic("word %u of the long answer is wrong", i);
        }
    }
}

void init(void)
{
    if (*(volatile uint64_t *)board.addr != 0x1234 || board.writable != 0) {
        rt_panic("the shared page is not what left wrote");
    }
    shmq_open(&back, (void *)bulk.send_addr, bulk.record_bytes, bulk.record_count, true);
    shmq_open(&in, (void *)bulk.receive_addr, bulk.record_bytes, bulk.record_count, false);
    call_long();
    rt_signal(bulk.notify);
    notified(bulk.signal);
}

static void check(const struct pair_record *record)
{
    uint64_t sum = 0;
    if (record->offset > bulk.data_bytes - PAIR_PIECE_BYTES || record->len_bytes != PAIR_PIECE_BYTES) {
        rt_panic("record %u points outside the data", received);
    }
    for (uint32_t i = 0; i < record->len_bytes; i++) {
        sum += *((const uint8_t *)bulk.data_addr + record->offset + i);
    }
    if (sum != record->sum) {
        rt_panic("record %u has other data", received);
    }
    received++;
}

void notified(uint64_t signals)
{
    bells += (signals & bell.signal) != 0;
    do {
        struct pair_record record;
        while (shmq_ready(&back) > 0 && shmq_get(&in, &record, 1) == 1) {
            check(&record);
            (void)shmq_put(&back, &record, 1);
        }
        bool first = shmq_should_notify(&in); /* both must be asked */
        bool second = shmq_should_notify(&back);
        if (first || second) {
            rt_signal(bulk.notify);
        }
    } while (!shmq_sleep(&in));
    if (received == PAIR_ROUNDS) {
        received++;
        for (unsigned i = 0; i < 5; i++) {
            struct message m;
            rt_message(&m, PAIR_LABEL_WAIT, 0);
            if (rt_call(&left, &m) != PROTO_OK || m.word[0] != PAIR_ROUNDS) {
                rt_panic("answer %u through a kept reply object is wrong", i);
            }
        }
        rt_log("all connections work, %u bells", bells);
    }
}
