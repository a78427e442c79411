/* SPDX-License-Identifier: MIT */
/** Shows that entries come back as written, that old ones give way, and that half-written ones are not read. */
#include "journal.h"
#include "unit.h"

static struct journal j;

static void entries_come_back(void)
{
    memset(&j, 0, sizeof j);
    struct journal_entry e;
    uint64_t first;
    uint64_t end;
    CHECK(!journal_read(&j, 0, &e) && !journal_read(&j, 1, &e));
    journal_write(&j, 77, JOURNAL_NOTE, "page %u of %s", 5u, "x");
    journal_range(&j, &first, &end);
    CHECK(first == 1 && end == 2);
    CHECK(journal_read(&j, 1, &e) && e.ticks == 77 && e.kind == JOURNAL_NOTE && strcmp(e.text, "page 5 of x") == 0);
}

static void old_ones_give_way(void)
{
    memset(&j, 0, sizeof j);
    struct journal_entry e;
    for (unsigned i = 1; i <= JOURNAL_ENTRIES + 10; i++) {
        journal_write(&j, i, JOURNAL_VERIFIED, "%u", i);
    }
    uint64_t first;
    uint64_t end;
    journal_range(&j, &first, &end);
    CHECK_EQ(first, 11);
    CHECK_EQ(end, JOURNAL_ENTRIES + 11);
    CHECK(!journal_read(&j, 10, &e) && journal_read(&j, 11, &e) && e.ticks == 11);
    j.entries[3].number = 0; /* the writer is in the middle of it */
    CHECK(!journal_read(&j, JOURNAL_ENTRIES + 4, &e));
}

int main(void)
{
    static const struct unit_case cases[] = {
        {"journal: entries come back", entries_come_back},
        {"journal: old entries give way, half-written ones are not read", old_ones_give_way},
    };
    return UNIT_MAIN(cases);
}
