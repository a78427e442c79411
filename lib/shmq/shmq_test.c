/* SPDX-License-Identifier: MIT */
/** Shows that records come out as they went in, that no index of a hostile peer is believed, and that no wake-up is lost. */
#include "shmq.h"
#include "unit.h"

enum { COUNT = 8, RECORD = 12, STEPS = 200000 };

static uint8_t shared[4096] __attribute__((aligned(64)));
static struct shmq producer;
static struct shmq consumer;

static void open_both(uint32_t start)
{
    memset(shared, 0, sizeof shared);
    memcpy(shared, &start, 4);
    memcpy(shared + 64, &start, 4);
    memcpy(shared + 4, &start, 4);
    memcpy(shared + 68, &start, 4);
    shmq_open(&producer, shared, RECORD, COUNT, true);
    shmq_open(&consumer, shared, RECORD, COUNT, false);
}

static void fill(uint8_t record[RECORD], uint32_t n)
{
    for (uint32_t i = 0; i < RECORD; i++) {
        record[i] = (uint8_t)(n * 7 + i);
    }
}

/* Indices start just below their wrap. */
static void records_come_out_in_order_across_the_wrap(void)
{
    uint8_t records[COUNT * RECORD];
    uint8_t expected[RECORD];
    uint32_t in = 0;
    uint32_t out = 0;
    open_both(UINT32_MAX - 20);
    for (uint32_t step = 1; step < 200; step++) {
        uint32_t n = step * 5 % (COUNT + 2);
        for (uint32_t i = 0; i < n && i < COUNT; i++) {
            fill(records + i * RECORD, in + i);
        }
        in += shmq_put(&producer, records, n < COUNT ? n : COUNT);
        CHECK(in - out <= COUNT);
        CHECK_EQ(shmq_ready(&producer), COUNT - (in - out));
        CHECK_EQ(shmq_ready(&consumer), in - out);
        uint32_t got = shmq_get(&consumer, records, step * 3 % (COUNT + 1));
        for (uint32_t i = 0; i < got; i++, out++) {
            fill(expected, out);
            CHECK_BYTES(records + i * RECORD, expected, RECORD);
        }
    }
    CHECK(out > 100);
}

static void full_and_empty(void)
{
    uint8_t records[COUNT * RECORD] = {0};
    open_both(0);
    CHECK_EQ(shmq_get(&consumer, records, 1), 0);
    CHECK_EQ(shmq_put(&producer, records, COUNT), COUNT);
    CHECK_EQ(shmq_put(&producer, records, 1), 0);
    CHECK_EQ(shmq_get(&consumer, records, COUNT), COUNT);
    CHECK_EQ(shmq_get(&consumer, records, 1), 0);
}

static void a_hostile_index_breaks_the_queue_and_nothing_else(void)
{
    uint8_t records[COUNT * RECORD] = {0};
    static const uint32_t bad[] = {COUNT + 1, 0x80000000, UINT32_MAX - COUNT};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        open_both(0);
        memcpy(shared, &bad[i], 4); /* the tail, as the consumer sees it */
        CHECK_EQ(shmq_get(&consumer, records, COUNT), 0);
        CHECK(consumer.broken);
        CHECK(shmq_sleep(&consumer));
        open_both(0);
        memcpy(shared + 64, &bad[i], 4); /* the head, as the producer sees it */
        CHECK_EQ(shmq_put(&producer, records, COUNT), 0);
        CHECK(producer.broken);
    }
    open_both(0);
    memcpy(shared, &bad[0], 4);
    CHECK_EQ(shmq_ready(&consumer), 0);
    shmq_drain(&consumer);
    CHECK(!consumer.broken);
}

static void a_side_that_starts_again_goes_on(void)
{
    uint8_t records[COUNT * RECORD] = {1, 2, 3};
    open_both(0);
    CHECK_EQ(shmq_put(&producer, records, 3), 3);
    shmq_open(&producer, shared, RECORD, COUNT, true);
    CHECK_EQ(shmq_put(&producer, records, COUNT), COUNT - 3);
    CHECK_EQ(shmq_get(&consumer, records, 2), 2);
    shmq_open(&consumer, shared, RECORD, COUNT, false);
    CHECK_EQ(shmq_get(&consumer, records, COUNT), COUNT - 2);
    uint32_t impossible = 100;
    memcpy(shared + 64, &impossible, 4);
    shmq_open(&consumer, shared, RECORD, COUNT, false);
    CHECK(consumer.broken);
}

static uint32_t random_state = 1;

static uint32_t random_below(uint32_t n)
{
    random_state = random_state * 1664525 + 1013904223;
    return (random_state >> 16) % n;
}

/* Both sides act in random order, and sleep when they have nothing to do. Whenever one of them sleeps although it could move
 * something, a signal must be on its way. tests/model/shmq.pml shows the same for every order of single accesses. */
static void no_wake_up_is_lost(void)
{
    uint8_t records[COUNT * RECORD] = {0};
    bool producer_asleep = false;
    bool consumer_asleep = false;
    uint32_t signals = 0;
    open_both(UINT32_MAX - 1000);
    for (uint32_t step = 0; step < STEPS; step++) {
        if (random_below(2) == 0 && !producer_asleep) {
            uint32_t n = shmq_put(&producer, records, 1 + random_below(COUNT));
            if (shmq_should_notify(&producer) && consumer_asleep) {
                consumer_asleep = false;
                signals++;
            }
            producer_asleep = n == 0 && shmq_sleep(&producer);
        } else if (!consumer_asleep) {
            uint32_t n = shmq_get(&consumer, records, 1 + random_below(COUNT));
            if (shmq_should_notify(&consumer) && producer_asleep) {
                producer_asleep = false;
                signals++;
            }
            consumer_asleep = n == 0 && shmq_sleep(&consumer);
        }
        CHECK(!(producer_asleep && shmq_ready(&producer) > 0));
        CHECK(!(consumer_asleep && shmq_ready(&consumer) > 0));
    }
    CHECK(signals > 100);
}

static void one_signal_for_one_sleep(void)
{
    uint8_t records[COUNT * RECORD] = {0};
    open_both(0);
    CHECK(shmq_sleep(&consumer));
    CHECK_EQ(shmq_put(&producer, records, 2), 2);
    CHECK(shmq_should_notify(&producer));
    CHECK_EQ(shmq_put(&producer, records, 2), 2);
    CHECK(!shmq_should_notify(&producer));
    CHECK(!shmq_sleep(&consumer));
    CHECK_EQ(shmq_get(&consumer, records, 4), 4);
    CHECK(!shmq_should_notify(&consumer));
}

/* A producer, and a consumer, that was stopped between moving a record and telling: who takes its place tells. */
static void a_side_that_starts_again_tells_what_was_not_told(void)
{
    uint8_t record[RECORD] = {0};
    open_both(UINT32_MAX - 2);
    CHECK(shmq_sleep(&consumer));
    CHECK_EQ(shmq_put(&producer, record, 1), 1);
    shmq_open(&producer, shared, RECORD, COUNT, true);
    CHECK(shmq_should_notify(&producer));
    CHECK(!shmq_should_notify(&producer));
    open_both(UINT32_MAX - 2);
    CHECK(shmq_sleep(&consumer));
    CHECK_EQ(shmq_put(&producer, record, 1), 1);
    shmq_open(&producer, shared, RECORD, COUNT, true);
    CHECK_EQ(shmq_put(&producer, record, 1), 1); /* also behind another one */
    CHECK(shmq_should_notify(&producer));
    open_both(5);
    for (uint32_t i = 0; i < COUNT; i++) {
        CHECK_EQ(shmq_put(&producer, record, 1), 1);
    }
    CHECK(shmq_sleep(&producer));
    CHECK_EQ(shmq_get(&consumer, record, 1), 1);
    shmq_open(&consumer, shared, RECORD, COUNT, false);
    CHECK(shmq_should_notify(&consumer));
    open_both(0);
    CHECK(!shmq_should_notify(&producer) && !shmq_should_notify(&consumer)); /* nothing moved, nothing told */
}

static void secrets_are_overwritten_when_they_are_taken(void)
{
    uint8_t records[COUNT * RECORD];
    static const uint8_t zeros[COUNT * RECORD];
    open_both(UINT32_MAX - 3);
    memset(records, 0xa5, sizeof records);
    CHECK_EQ(shmq_put(&producer, records, COUNT), COUNT);
    memset(records, 0, sizeof records);
    CHECK_EQ(shmq_get_secret(&consumer, records, COUNT), COUNT);
    CHECK(records[0] == 0xa5 && records[sizeof records - 1] == 0xa5);
    CHECK_BYTES(shared + SHMQ_HEADER_BYTES, zeros, sizeof zeros);
}

int main(void)
{
    static const struct unit_case cases[] = {
        {"shmq: records come out in order across the wrap", records_come_out_in_order_across_the_wrap},
        {"shmq: full and empty", full_and_empty},
        {"shmq: a hostile index breaks the queue and nothing else", a_hostile_index_breaks_the_queue_and_nothing_else},
        {"shmq: a side that starts again goes on", a_side_that_starts_again_goes_on},
        {"shmq: no wake-up is lost in random orders", no_wake_up_is_lost},
        {"shmq: a side that starts again tells what was not told", a_side_that_starts_again_tells_what_was_not_told},
        {"shmq: secrets are overwritten when they are taken", secrets_are_overwritten_when_they_are_taken},
        {"shmq: one signal for one sleep", one_signal_for_one_sleep},
    };
    return UNIT_MAIN(cases);
}
