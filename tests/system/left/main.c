/* SPDX-License-Identifier: MIT */
/**
 * Left: the serving half of the pair that uses every kind of connection: it writes a shared page, answers long messages, answers
 * callers through kept reply objects, rings a bell, and sends records with data through a channel.
 */
#include "pair.h"
#include "rt.h"

LX_SHARED(board);
LX_SERVER(server);
LX_REPLIES(later);
LX_NOTIFY(bell);
LX_CHANNEL(bulk, sizeof(struct pair_record));

static struct shmq out;
static struct shmq back;
static uint32_t sent;
static uint32_t returned;
static uint64_t spare_reply;
static uint64_t start_ticks;

static uint64_t fill(uint32_t offset, uint32_t n)
{
    uint8_t *at = (uint8_t *)bulk.data_addr + offset;
    uint64_t sum = 0;
    for (uint32_t i = 0; i < PAIR_PIECE_BYTES; i++) {
        at[i] = (uint8_t)(n + i * 3);
        sum += at[i];
    }
    return sum;
}

/* As many records as pieces of the data memory are free; the other side gives each one back. */
static void send(void)
{
    do {
        struct pair_record record;
        while (shmq_get(&back, &record, 1) == 1) {
            returned++;
        }
        while (sent < PAIR_ROUNDS && sent - returned < bulk.data_bytes / PAIR_PIECE_BYTES && shmq_ready(&out) > 0) {
            record.offset = sent % (uint32_t)(bulk.data_bytes / PAIR_PIECE_BYTES) * PAIR_PIECE_BYTES;
            record.len_bytes = PAIR_PIECE_BYTES;
            record.sum = fill(record.offset, sent);
            sent += shmq_put(&out, &record, 1);
        }
        bool first = shmq_should_notify(&out); /* both must be asked */
        bool second = shmq_should_notify(&back);
        if (first || second) {
            rt_signal(bulk.notify);
        }
    } while (!shmq_sleep(&back));
    if (returned == PAIR_ROUNDS && start_ticks != 0) {
        uint64_t ns = rt_ticks_to_ns(rt_ticks() - start_ticks);
        rt_log("%u records with data, %llu ns each", PAIR_ROUNDS, (unsigned long long)(ns / PAIR_ROUNDS));
        start_ticks = 0;
    }
}

void init(void)
{
    *(volatile uint64_t *)board.addr = 0x1234;
    assert(board.writable == 1);
    spare_reply = later.first;
    shmq_open(&out, (void *)bulk.send_addr, bulk.record_bytes, bulk.record_count, true);
    shmq_open(&back, (void *)bulk.receive_addr, bulk.record_bytes, bulk.record_count, false);
}

void notified(uint64_t signals)
{
    if ((signals & bulk.signal) != 0) {
        if (start_ticks == 0 && sent == 0) {
            start_ticks = rt_ticks();
        }
        send();
    }
}

/* Answers with the words in reverse. */
static void answer_long(struct message *m)
{
    uint64_t words[PAIR_LONG_WORDS];
    for (unsigned i = 0; i < PAIR_LONG_WORDS; i++) {
        words[i] = i < seL4_FastMessageRegisters ? m->word[i] : ipc_buffer->msg[i];
    }
    for (unsigned i = 0; i < PAIR_LONG_WORDS; i++) {
        uint64_t word = words[PAIR_LONG_WORDS - 1 - i];
        if (i < seL4_FastMessageRegisters) {
            m->word[i] = word;
        } else {
            ipc_buffer->msg[i] = word;
        }
    }
    m->info = message_info(PROTO_OK, PAIR_LONG_WORDS);
}

bool protected(struct message *m)
{
    if (m->badge != server.first_caller) {
        rt_message(m, PROTO_FORBIDDEN, 0);
        return true;
    }
    if (rt_label(m) == PAIR_LABEL_LONG && rt_length(m) == PAIR_LONG_WORDS) {
        answer_long(m);
        rt_signal_later(bell.notify);
        return true;
    }
    if (rt_label(m) == PAIR_LABEL_WAIT) { /* answered through a kept reply object, which is then the spare one */
        uint64_t kept = rt_keep_caller(spare_reply);
        spare_reply = kept;
        rt_message(m, PROTO_OK, returned);
        sys_send(kept, m);
        rt_signal_later(bell.notify);
        return false;
    }
    rt_message(m, PROTO_INVALID, 0);
    return true;
}
