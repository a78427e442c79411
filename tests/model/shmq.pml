/* SPDX-License-Identifier: MIT */
/*
 * The signalling of lib/shmq as a model for Spin: one producer, one consumer, a queue of two records, and for each side a
 * notification, which is a bit that is set by a signal and taken by a wait. It shows, for every interleaving of single accesses
 * to shared memory, that records arrive in order and complete, and that neither side waits for ever while it could move one.
 *
 * Indices count modulo 8, as the real ones modulo 2^32: more than twice the records, so full and empty differ. Accesses are
 * sequentially consistent here; the code has fences at the two places where that matters (between publishing an index and
 * reading the other's wake_at, and between writing wake_at and reading the other's index).
 * -DBROKEN leaves out the second look before sleeping; the model then finds the lost wake-up, so it can fail.
 */
#define RECORDS 2
#define MODULUS 8
#define ITEMS   6

byte tail, head;           /* shared: records put, records taken */
byte wake_consumer_at;     /* shared, written by the consumer: wake me when tail passes this */
byte wake_producer_at;     /* shared, written by the producer: wake me when head passes this */
byte ring[RECORDS];
bool signal_to_consumer, signal_to_producer;
byte received;

#define sub(a, b) ((a + MODULUS - b) % MODULUS)
/* Was `wake` passed on the way from `before` to `now`? */
#define passed(now, before, wake) (sub(sub(now, wake), 1) < sub(now, before))

proctype producer()
{
    byte mine, published, seen, wake, sent;
    wake_producer_at = MODULUS - 1; /* awake */
    do
    :: sent == ITEMS -> break
    :: else ->
        seen = head;
        if
        :: sub(mine, seen) < RECORDS ->
            ring[mine % RECORDS] = sent;
            mine = (mine + 1) % MODULUS;
            sent++;
            tail = mine;
            wake = wake_consumer_at;
            if
            :: passed(mine, published, wake) -> signal_to_consumer = true
            :: else
            fi;
            published = mine
        :: else ->
            seen = head;
            wake_producer_at = seen;
#ifndef BROKEN
            seen = head; /* the second look */
#endif
            if
            :: sub(mine, seen) == RECORDS -> atomic { signal_to_producer -> signal_to_producer = false }
            :: else
            fi
        fi
    od
}

proctype consumer()
{
    byte mine, published, seen, wake;
    do
    :: received == ITEMS -> break
    :: else ->
        seen = tail;
        if
        :: sub(seen, mine) > 0 ->
            assert(sub(seen, mine) <= RECORDS);
            assert(ring[mine % RECORDS] == received);
            received++;
            mine = (mine + 1) % MODULUS;
            head = mine;
            wake = wake_producer_at;
            if
            :: passed(mine, published, wake) -> signal_to_producer = true
            :: else
            fi;
            published = mine
        :: else ->
            seen = tail;
            wake_consumer_at = seen;
#ifndef BROKEN
            seen = tail; /* the second look */
#endif
            if
            :: sub(seen, mine) == 0 -> atomic { signal_to_consumer -> signal_to_consumer = false }
            :: else
            fi
        fi
    od
}

init
{
    atomic { run producer(); run consumer() }
    /* Whoever waits for ever makes an invalid end state, which Spin reports. */
    (received == ITEMS)
}
