/* SPDX-License-Identifier: MIT */
/** Journal: see journal.h. */
#include "journal.h"

#include "format.h"

static uint64_t load(const uint64_t *shared)
{
    return __atomic_load_n(shared, __ATOMIC_ACQUIRE);
}

static void store(uint64_t *shared, uint64_t value)
{
    __atomic_store_n(shared, value, __ATOMIC_RELEASE);
}

void journal_write(struct journal *j, uint64_t ticks, enum journal_kind kind, const char *text, ...)
{
    uint64_t number = load(&j->written) + 1;
    struct journal_entry *e = &j->entries[(number - 1) % JOURNAL_ENTRIES];
    store(&e->number, 0);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    e->ticks = ticks;
    e->kind = kind;
    va_list args;
    va_start(args, text);
    (void)format_list(e->text, sizeof e->text, text, args);
    va_end(args);
    store(&e->number, number);
    store(&j->written, number);
}

bool journal_read(const struct journal *j, uint64_t number, struct journal_entry *out)
{
    if (number == 0) {
        return false;
    }
    const struct journal_entry *e = &j->entries[(number - 1) % JOURNAL_ENTRIES];
    if (load(&e->number) != number) {
        return false;
    }
    memcpy(out, e, sizeof *out);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    out->text[sizeof out->text - 1] = '\0';
    return load(&e->number) == number;
}

void journal_range(const struct journal *j, uint64_t *first, uint64_t *end)
{
    uint64_t written = load(&j->written);
    *end = written + 1;
    *first = written > JOURNAL_ENTRIES ? written - JOURNAL_ENTRIES + 1 : 1;
}
