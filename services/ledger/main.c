/* SPDX-License-Identifier: MIT */
/**
 * Ledger: says which packages may run, once, at the start. The decisions are lib/catalog's; here they are published.
 * Owns:   the catalog, its journal, what is remembered (memory.c).    Uses: rt, catalog, journal.
 * Source: services/ledger/README.md
 */
#include "catalog.h"
#include "journal.h"
#include "memory.h"
#include "own.h"
#include "proto/ledger.h"
#include "rt.h"

LX_BLOB(packages);
LX_BLOB(owner_anchor);
LX_BLOB(owner_chain);
LX_BLOB(owner_list);
LX_SHARED(catalog);
LX_SHARED(journal);
LX_SERVER(clients);
LX_SLOT(lx_server, SLOT_SERVER, SLOT_OPTIONAL, person);

static struct catalog_work work;

static struct cursor bytes_of(const struct lx_blob *blob)
{
    return cursor_of((const void *)blob->addr, blob->len_bytes);
}

static void publish_notes(uint64_t took_ns)
{
    for (uint32_t i = 0; i < work.note_count; i++) {
        const struct catalog_note *n = &work.notes[i];
        journal_write((struct journal *)journal.addr, rt_ticks(), n->kind, "%s", n->text);
        if (n->kind == JOURNAL_REFUSED) {
            rt_log("%s", n->text);
        }
    }
    rt_log("%s; %lu us", work.notes[work.note_count - 1].text, (unsigned long)(took_ns / 1000)); /* the sum */
}

void init(void)
{
    if (catalog.len_bytes < sizeof(struct catalog) || journal.len_bytes < sizeof(struct journal) || catalog.writable == 0 ||
        journal.writable == 0) {
        rt_panic("catalog and journal must be shared with at least %zu and %zu bytes, writable here", sizeof(struct catalog),
                 sizeof(struct journal));
    }
    struct catalog_input in = {.bundle = bytes_of(&packages),
                               .owner_anchor = bytes_of(&owner_anchor),
                               .owner_chain = bytes_of(&owner_chain),
                               .owner_list = bytes_of(&owner_list)};
    in.seen = memory_open();
    uint64_t start_ns = rt_now_ns();
    catalog_build(&in, &work, (struct catalog *)catalog.addr);
    publish_notes(rt_now_ns() - start_ns);
    memory_publish();
    own_start(in.seen, &work);
}

bool protected(struct message *m)
{
    if (lx_given(person) && m->badge - person.first_caller < person.caller_count) {
        own_request(m);
        return true;
    }
    bool is_client = m->badge - clients.first_caller < clients.caller_count;
    /* Whatever waits has waited long enough: messages arrive after init(). */
    rt_message(m, !is_client ? PROTO_FORBIDDEN : rt_label(m) == LEDGER_WAIT ? PROTO_OK : PROTO_UNKNOWN, 0);
    return true;
}
