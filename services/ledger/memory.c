/* SPDX-License-Identifier: MIT */
/**
 * Memory: the disk is read and written while the ledger starts, and never after. The ledger waits for it without sleeping: everybody who
 * is less important waits for the ledger anyhow, and the pager, which is passive, must find it ready (docs/design/system.md, "Passive
 * components"). The drivers are more important and run whenever they can.
 * Owns:   the ledger's partition.    Uses: rt, seen, disk; proto/ledger.h.
 */
#include "memory.h"

#include "disk.h"
#include "proto/ledger.h"
#include "rt.h"
#include "tree.h"

LX_SLOT_WITH(lx_channel, SLOT_CHANNEL, disk, .flags = SLOT_OPTIONAL, .record_bytes = sizeof(struct blk_record));
LX_SLOT(lx_shared, SLOT_SHARED, SLOT_OPTIONAL, facts);

/* Who is asked gives a disk up before we do; this is for one who does not answer at all. */
#define PATIENCE_NS UINT64_C(30000000000)

enum { BLOCK_BYTES = 4096 };

static struct seen seen;
static struct disk partition;
static uint32_t waited_tag; /* of the request that is waited for */
static uint64_t waited_since;

static void notify(void *context)
{
    (void)context;
    rt_signal(disk.notify);
}

static bool wait_awake(void *context)
{
    (void)context;
    uint64_t now = rt_ticks();
    if (waited_tag != partition.next_tag) {
        waited_tag = partition.next_tag;
        waited_since = now;
    }
    return now - waited_since < rt_ns_to_ticks(PATIENCE_NS);
}

static enum blk_status open_partition(void)
{
    const struct disk_setup setup = {.send = (void *)disk.send_addr,
                                     .receive = (void *)disk.receive_addr,
                                     .record_bytes = disk.record_bytes,
                                     .record_count = disk.record_count,
                                     .data = (uint8_t *)disk.data_addr,
                                     .data_bytes = disk.data_bytes,
                                     .notify = notify,
                                     .wait = wait_awake};
    waited_since = rt_ticks();
    return disk_open(&partition, &setup);
}

struct seen *memory_open(void)
{
    if (!lx_given(disk)) {
        seen_none(&seen, "this system gives the ledger no disk");
        return &seen;
    }
    enum blk_status status = open_partition();
    if (status != BLK_OK) {
        seen_none(&seen, disk_status_words(status));
        return &seen;
    }
    struct lld_device device = disk_device(&partition, BLOCK_BYTES);
    struct hash256 secret; /* it stands on the disk, so it must not be the seed itself */
    sha256_of(rt_info_page()->seed, sizeof rt_info_page()->seed, &secret);
    seen_open(&seen, &device, (partition.flags & BLK_READ_ONLY) != 0, secret.bytes);
    return &seen;
}

/* ---- for people ---------------------------------------------------------------------------------------------------------------------- */

_Static_assert((int)LEDGER_CHAINS_MAX >= (int)SEEN_CHAINS_MAX && (int)LEDGER_RELEASES_MAX >= (int)SEEN_RELEASES_MAX &&
                   (int)LEDGER_LISTS_MAX >= (int)SEEN_LISTS_MAX && (int)LEDGER_SENTENCE_BYTES >= (int)SEEN_SENTENCE_BYTES,
               "all that is remembered can be shown");
_Static_assert((int)LEDGER_OWNER == (int)SEEN_OWNER && (int)LEDGER_DEVELOPER == (int)SEEN_DEVELOPER &&
                   (int)LEDGER_PERSON == (int)SEEN_PERSON,
               "roles");

static void show_chain(struct ledger_chain *out, const struct seen_chain *c)
{
    memcpy(out->genesis, c->genesis.bytes, sizeof out->genesis);
    out->count = c->count;
    out->stored = c->stored;
    out->roles = c->roles;
    out->last_s = c->last_s;
    out->since = c->since;
    out->grown = c->grown;
}

static void show_release(struct ledger_release *out, const struct seen_release *r)
{
    (void)copy_string(out->name, sizeof out->name, r->name);
    memcpy(out->developer, r->developer.bytes, sizeof out->developer);
    out->seq = r->seq;
    out->since = r->since;
    out->grown = r->grown;
}

static void show_list(struct ledger_list *out, const struct seen_list *l)
{
    memcpy(out->owner, l->owner.bytes, sizeof out->owner);
    out->seq = l->seq;
    out->since = l->since;
    out->grown = l->grown;
}

static void show_room(struct ledger_facts *out)
{
    struct lld_stats stats = {0};
    if (seen.store != NULL) {
        lld_stats(seen.store, &stats);
    }
    seen_room(&seen, &out->used_bytes, &out->total_bytes);
    out->blocks_read = stats.blocks_read;
    out->blocks_written = stats.blocks_written;
}

void memory_publish(void)
{
    const struct seen_facts *f = &seen.facts;
    rt_log("%s", seen.sentence);
    if (!lx_given(facts)) {
        return;
    }
    if (facts.len_bytes < sizeof(struct ledger_facts) || facts.writable == 0) {
        rt_panic("facts must be shared with at least %zu bytes, writable here", sizeof(struct ledger_facts));
    }
    struct ledger_facts *out = (struct ledger_facts *)facts.addr;
    __atomic_store_n(&out->is_ready, 0u, __ATOMIC_RELEASE);
    out->chain_count = f->chain_count;
    out->release_count = f->release_count;
    out->list_count = f->list_count;
    out->changes = f->changes;
    for (uint32_t i = 0; i < f->chain_count; i++) {
        show_chain(&out->chains[i], &f->chains[i]);
    }
    for (uint32_t i = 0; i < f->release_count; i++) {
        show_release(&out->releases[i], &f->releases[i]);
    }
    for (uint32_t i = 0; i < f->list_count; i++) {
        show_list(&out->lists[i], &f->lists[i]);
    }
    show_room(out);
    (void)copy_string(out->sentence, sizeof out->sentence, seen.sentence);
    __atomic_store_n(&out->is_ready, 1u, __ATOMIC_RELEASE);
}
