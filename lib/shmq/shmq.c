/* SPDX-License-Identifier: MIT */
/**
 * The queue of shmq.h. `seen` is the other side's index, `mine` our own; used = tail - head is computed from both and must not
 * exceed record_count. The fences pair up: a side publishes its index, then reads the other's wake_at; the other writes
 * wake_at, then reads the index again. Whatever the order, one of the two sees the other.
 */
#include "shmq.h"

enum { OFFSET_INDEX = 0, OFFSET_WAKE = 4, LINE_BYTES = 64 };

static uint32_t *word(const struct shmq *q, bool of_producer, uint32_t offset)
{
    return (uint32_t *)(void *)(q->shared + (of_producer ? 0 : LINE_BYTES) + offset);
}

static uint32_t load(const struct shmq *q, bool of_producer, uint32_t offset)
{
    return __atomic_load_n(word(q, of_producer, offset), __ATOMIC_ACQUIRE);
}

static void store(const struct shmq *q, uint32_t offset, uint32_t value)
{
    __atomic_store_n(word(q, q->is_producer, offset), value, __ATOMIC_RELEASE);
}

void shmq_open(struct shmq *q, void *shared, uint32_t record_bytes, uint32_t record_count, bool is_producer)
{
    assert(is_aligned((uintptr_t)shared, 64));
    assert(record_bytes > 0 && record_bytes <= SHMQ_RECORD_BYTES_MAX);
    assert(is_power_of_two(record_count) && record_count <= SHMQ_RECORDS_MAX);
    *q = (struct shmq){.shared = (uint8_t *)shared,
                       .record_bytes = record_bytes,
                       .record_count = record_count,
                       .is_producer = is_producer};
    q->mine = load(q, is_producer, OFFSET_INDEX);
    /* Who was here before may have moved records and been stopped before telling: a full queue of them counts as not told. */
    q->published = q->mine - record_count;
    if (is_producer) { /* awake: what it would wake at lies so far behind the head that nobody passes it */
        store(q, OFFSET_WAKE, load(q, false, OFFSET_INDEX) - 1 - record_count);
    }
    (void)shmq_ready(q);
}

/* Records between head and tail by one look at the other side's index; marks the queue broken where that cannot be. */
static uint32_t used(struct shmq *q)
{
    uint32_t seen = load(q, !q->is_producer, OFFSET_INDEX);
    uint32_t n = q->is_producer ? q->mine - seen : seen - q->mine;
    if (n > q->record_count) {
        q->broken = true;
    }
    return n;
}

uint32_t shmq_ready(struct shmq *q)
{
    uint32_t n = used(q);
    if (q->broken) {
        return 0;
    }
    return q->is_producer ? q->record_count - n : n;
}

void shmq_drain(struct shmq *q)
{
    assert(!q->is_producer);
    q->mine = load(q, true, OFFSET_INDEX);
    q->broken = false;
    store(q, OFFSET_INDEX, q->mine);
}

/* Copies `count` records between `bytes` and the ring from index `mine` on: one piece, or two around the end. */
enum moving { MOVE_IN, MOVE_OUT, MOVE_OUT_SECRET };

static void move(const struct shmq *q, uint8_t *out, const uint8_t *in, enum moving how, uint32_t count)
{
    uint32_t at = q->mine & (q->record_count - 1);
    uint32_t first = count < q->record_count - at ? count : q->record_count - at;
    uint8_t *ring = q->shared + SHMQ_HEADER_BYTES;
    size_t first_bytes = (size_t)first * q->record_bytes;
    size_t rest_bytes = (size_t)(count - first) * q->record_bytes;
    uint8_t *from = ring + (size_t)at * q->record_bytes;
    if (out != NULL) {
        memcpy(out, from, first_bytes);
        memcpy(out + first_bytes, ring, rest_bytes);
        if (how == MOVE_OUT_SECRET) {
            wipe(from, first_bytes);
            wipe(ring, rest_bytes);
        }
    } else {
        memcpy(from, in, first_bytes);
        memcpy(ring, in + first_bytes, rest_bytes);
    }
}

static uint32_t transfer(struct shmq *q, uint8_t *out, const uint8_t *in, enum moving how, uint32_t count)
{
    uint32_t ready = shmq_ready(q);
    uint32_t n = count < ready ? count : ready;
    if (n == 0) {
        return 0;
    }
    move(q, out, in, how, n);
    q->mine += n;
    store(q, OFFSET_INDEX, q->mine);
    return n;
}

uint32_t shmq_put(struct shmq *q, const void *records, uint32_t count)
{
    assert(q->is_producer);
    return transfer(q, NULL, (const uint8_t *)records, MOVE_IN, count);
}

uint32_t shmq_get(struct shmq *q, void *out, uint32_t count)
{
    assert(!q->is_producer);
    return transfer(q, (uint8_t *)out, NULL, MOVE_OUT, count);
}

uint32_t shmq_get_secret(struct shmq *q, void *out, uint32_t count)
{
    assert(!q->is_producer);
    return transfer(q, (uint8_t *)out, NULL, MOVE_OUT_SECRET, count);
}

bool shmq_should_notify(struct shmq *q)
{
    uint32_t before = q->published;
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    uint32_t wake_at = load(q, !q->is_producer, OFFSET_WAKE);
    q->published = q->mine;
    /* Was the index `wake_at` passed on the way from `before` to `mine`? Differences, so that wrapping does not matter. */
    return (uint32_t)(q->mine - wake_at - 1) < (uint32_t)(q->mine - before);
}

bool shmq_sleep(struct shmq *q)
{
    uint32_t seen = load(q, !q->is_producer, OFFSET_INDEX);
    store(q, OFFSET_WAKE, seen);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    uint32_t n = used(q);
    return q->broken || (q->is_producer ? n == q->record_count : n == 0);
}
