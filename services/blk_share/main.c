/* SPDX-License-Identifier: MIT */
/**
 * Blk_share: gives each client its partition of one disk. See README.md; the logic is lib/share, this is the glue to the channels.
 * Owns:   the partition table, the memory that it shares with the driver.    Uses: rt, share, tree; proto/blk.h, proto/timer.h.
 */
#include "proto/blk.h"
#include "proto/timer.h"
#include "rt.h"
#include "share.h"
#include "tree.h"

LX_CHANNEL(disk, sizeof(struct blk_record));
LX_SLOT_WITH(lx_channel, SLOT_CHANNEL, ledger, .flags = SLOT_OPTIONAL, .record_bytes = sizeof(struct blk_record));
LX_SLOT_WITH(lx_channel, SLOT_CHANNEL, files, .flags = SLOT_OPTIONAL, .record_bytes = sizeof(struct blk_record));
LX_SLOT_WITH(lx_channel, SLOT_CHANNEL, keys, .flags = SLOT_OPTIONAL, .record_bytes = sizeof(struct blk_record));
LX_CALL(timer);
LX_WATCH(timer_watch);
extern const struct lx_inbox rt_inbox;
extern const struct lx_replies rt_reply;

/* A disk that does not answer for so long is given up. */
#define PATIENCE_NS UINT64_C(20000000000)

enum { TAGS_OF_A_START = 1 << 20 };

static struct share share;
static struct disk opened;
static bool is_armed; /* the timer will signal */

/* Each client's channel, and what it gets. */
static const struct {
    const struct lx_channel *channel;
    enum gpt_kind kind;
} clients[] = {{&ledger, GPT_LEDGER}, {&files, GPT_FILES}, {&keys, GPT_KEYS}};
_Static_assert(ARRAY_LEN(clients) <= SHARE_CLIENTS_MAX, "clients");

static uint64_t patience_ticks(void)
{
    return rt_ns_to_ticks(PATIENCE_NS);
}

static void arm(uint64_t at_ticks)
{
    struct message m;
    rt_message(&m, TIMER_SET, at_ticks);
    is_armed = rt_call(&timer, &m) == PROTO_OK;
}

/* ---- the start: one request after the other ------------------------------------------------------------------------------------- */

static void notify_driver(void *context)
{
    (void)context;
    rt_signal(disk.notify);
}

static bool wait_for_driver(void *context)
{
    (void)context;
    uint64_t end = rt_ticks() + patience_ticks();
    arm(end);
    for (;;) {
        struct message m = {0};
        sys_recv(rt_inbox.endpoint, rt_reply.first, &m); /* nobody can call: all that arrives are signals */
        if ((m.badge & disk.signal) != 0) {
            return true;
        }
        if ((m.badge & timer.signal) != 0 && rt_ticks() >= end) {
            return false;
        }
        if ((m.badge & timer_watch.signal) != 0) {
            arm(end);
        }
    }
}

static enum blk_status open_disk(void)
{
    const struct disk_setup setup = {.send = (void *)disk.send_addr,
                                     .receive = (void *)disk.receive_addr,
                                     .record_bytes = disk.record_bytes,
                                     .record_count = disk.record_count,
                                     .data = (uint8_t *)disk.data_addr,
                                     .data_bytes = disk.data_bytes,
                                     .first_tag = rt_info_page()->incarnation * TAGS_OF_A_START,
                                     .notify = notify_driver,
                                     .wait = wait_for_driver};
    return disk_open(&opened, &setup);
}

/* GUIDs must differ from disk to disk; nothing depends on nobody guessing them. */
static void random_guids(uint8_t out[GPT_RANDOM_BYTES])
{
    struct hash256 hash[2];
    uint8_t seed[sizeof rt_info_page()->seed + 1];
    memcpy(seed, rt_info_page()->seed, sizeof rt_info_page()->seed);
    for (size_t i = 0; i < ARRAY_LEN(hash); i++) {
        seed[sizeof seed - 1] = (uint8_t)i;
        sha256_of(seed, sizeof seed, &hash[i]);
    }
    memcpy(out, hash, GPT_RANDOM_BYTES);
}

/* @return whether there is a disk with partitions. */
static bool find_partitions(struct gpt *table)
{
    static uint8_t work[GPT_HEAD_BYTES + GPT_TAIL_BYTES];
    uint8_t random[GPT_RANDOM_BYTES];
    char sentence[SHARE_SENTENCE_BYTES];
    enum blk_status status = open_disk();
    if (status != BLK_OK) {
        if (opened.is_gone) {
            rt_log("the driver of the disk does not answer");
        } /* or else it has said itself why there is no disk */
        return false;
    }
    random_guids(random);
    bool good = share_prepare(&opened, random, work, table, sentence);
    rt_log("%s", sentence);
    return good && !opened.is_gone;
}

/* ---- requests and answers ------------------------------------------------------------------------------------------------------------ */

/* One alarm for all: when the request that waits longest has waited long enough. */
static void watch_the_time(void)
{
    uint64_t sent_at;
    if (!share.has_disk || !share_oldest(&share, &sent_at)) {
        return; /* an alarm that comes with nothing under way is passed over */
    }
    uint64_t now = rt_ticks();
    if (now - sent_at >= patience_ticks()) {
        rt_log("the disk has not answered for %lu s; it is not used any more", (unsigned long)(PATIENCE_NS / 1000000000));
        share_give_up(&share);
    } else if (!is_armed) {
        arm(sent_at + patience_ticks());
    }
}

static void work(void)
{
    do {
        struct share_signals signals;
        share_work(&share, rt_ticks(), &signals);
        if (signals.driver) {
            rt_signal(disk.notify);
        }
        for (uint32_t i = 0; i < ARRAY_LEN(clients); i++) {
            if (signals.clients[i]) {
                rt_signal(clients[i].channel->notify);
            }
        }
    } while (!share_sleep(&share));
    watch_the_time();
}

void init(void)
{
    static struct gpt table;
    if (disk.data_bytes < SHARE_DATA_BYTES || disk.record_count < 2 * SHARE_PLACES) {
        rt_panic("the disk's channel needs %u bytes of data memory and a queue of %u", (unsigned)SHARE_DATA_BYTES,
                 2 * (unsigned)SHARE_PLACES);
    }
    bool has_table = find_partitions(&table);
    share_init(&share);
    if (has_table) {
        share_disk(&share, &opened);
    }
    for (uint32_t i = 0; i < ARRAY_LEN(clients); i++) {
        const struct lx_channel *c = clients[i].channel;
        if ((c->flags & SLOT_GIVEN) != 0) {
            const struct share_channel channel = {(void *)c->receive_addr, (void *)c->send_addr, c->record_count,
                                                  (uint8_t *)c->data_addr, c->data_bytes};
            share_attach(&share, i, &channel, has_table ? gpt_find(&table, clients[i].kind) : NULL);
        }
    }
    work();
}

void notified(uint64_t signals)
{
    if ((signals & (timer.signal | timer_watch.signal)) != 0) {
        is_armed = false; /* it is over; or the timer was restarted and has forgotten it */
        watch_the_time();
    }
    work();
}
