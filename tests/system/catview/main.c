/* SPDX-License-Identifier: MIT */
/** Catview: asks the ledger and prints what stands in catalog and journal. */
#include "journal.h"
#include "proto/catalog.h"
#include "proto/ledger.h"
#include "rt.h"

LX_SHARED(catalog);
LX_SHARED(journal);
LX_CALL(ledger);

static void print_catalog(const struct catalog *c)
{
    rt_log("owner: %s", c->owner);
    for (uint32_t i = 0; i < c->package_count; i++) {
        const struct catalog_package *p = &c->packages[i];
        rt_log("%s %lu %s: %u transactions", p->name, (unsigned long)p->sequence,
               p->status == CATALOG_AUTHORISED ? "authorised" : "refused", (unsigned)p->chain_length);
    }
    uint32_t programs = 0;
    for (uint32_t i = 0; i < c->file_count; i++) {
        programs += c->files[i].program != CATALOG_NONE;
    }
    rt_log("%u files, %u of them programs, %s ABI page", (unsigned)c->file_count, (unsigned)programs,
           c->abi_program == CATALOG_NONE ? "no" : "an");
}

static void print_journal(const struct journal *j)
{
    struct journal_entry e;
    uint64_t first, end;
    journal_range(j, &first, &end);
    for (uint64_t n = first; n < end; n++) {
        if (journal_read(j, n, &e)) {
            rt_log("%u: %s", (unsigned)e.kind, e.text);
        }
    }
}

void init(void)
{
    const struct catalog *c = (const struct catalog *)catalog.addr;
    struct message m;
    rt_message(&m, LEDGER_WAIT, 0);
    uint64_t status = rt_call(&ledger, &m);
    rt_log("ledger answers %lu, state %u", (unsigned long)status, (unsigned)__atomic_load_n(&c->state, __ATOMIC_ACQUIRE));
    print_catalog(c);
    print_journal((const struct journal *)journal.addr);
    rt_message(&m, LEDGER_WAIT + 1, 0);
    rt_log("another request is answered with %lu", (unsigned long)rt_call(&ledger, &m));
}
