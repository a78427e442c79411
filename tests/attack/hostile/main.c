/* SPDX-License-Identifier: MIT */
/**
 * Hostile: stands in the Linux server's place, with all of its capabilities, and tries to execute unverified bytes or to change verified
 * ones. What the pager must refuse is asked in the first life; what the hardware must refuse crashes the component, one attempt a
 * life. Each attempt says "refused" or "ACCEPTED" on the log; attempts that crash say what comes before, and the supervisor's
 * dump tells the rest.
 */
#include "proto/catalog.h"
#include "proto/files.h"
#include "proto/pager.h"
#include "rt.h"

LX_CALL(pager);
LX_CALL(timer);
LX_CALL(system_calls);
LX_CHANNEL(tty, 1);
LX_SHARED(catalog);
LX_SHARED(pager_facts);
LX_SHARED(ledger_journal);
LX_SHARED(ledger_facts);
LX_SLOT(lx_shared, SLOT_SHARED, SLOT_OPTIONAL, own_chain);
LX_SLOT(lx_signal, SLOT_SIGNAL, SLOT_OPTIONAL, logout);
LX_SHARED(pager_journal);
LX_SHARED(scrub_journal);
LX_SHARED(scrub_facts);
LX_TRACE(trace);
LX_BLOB(description);
LX_MEMORY(arena);
LX_REPLIES(kept);
LX_FREE(thread_caps);
LX_WATCH(timer_watch);
LX_CALL(volume_calls);
LX_SHARED(volume_window);

enum { MANY_PAGES = 300 /* more than a clone copies at once */ };
#define DATA_AT  UINT64_C(0x50000000)
#define OTHER_AT UINT64_C(0x60000000)

static const struct catalog *the_catalog(void)
{
    return (const struct catalog *)catalog.addr;
}

static uint64_t ask(uint64_t request, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t *answer)
{
    struct message m;
    rt_message(&m, request, a, b, c, d);
    uint64_t status = rt_call(&pager, &m);
    if (answer != NULL) {
        *answer = m.word[0];
    }
    return status;
}

static void must(uint64_t status, const char *what)
{
    if (status != PAGER_OK) {
        rt_panic("%s: the pager says %lu", what, (unsigned long)status);
    }
}

static void refused(const char *what, uint64_t status)
{
    rt_log("%s: %s (%lu)", status != PAGER_OK ? "refused" : "ACCEPTED", what, (unsigned long)status);
}

static volatile uint8_t *window(uint32_t space, uint64_t address)
{
    return (volatile uint8_t *)(PAGER_WINDOW + ((uint64_t)space << 32) + address);
}

/* A program that is mapped at its own addresses, and one of its segments that executes. */
static uint32_t program(uint64_t *text)
{
    const struct catalog *c = the_catalog();
    for (uint32_t i = 0; i < c->program_count; i++) {
        const struct catalog_program *p = &c->programs[i];
        for (uint32_t j = 0; p->relocatable == 0 && j < p->segment_count; j++) {
            const struct catalog_segment *s = &c->segments[p->first_segment + j];
            if ((s->rights & PAGER_EXECUTE) != 0) {
                *text = s->address & ~(uint64_t)(PAGE_BYTES - 1);
                return i;
            }
        }
    }
    rt_panic("there is no program to attack");
}

static uint64_t map_program(uint32_t space)
{
    uint64_t text;
    uint32_t number = program(&text);
    must(ask(PAGER_SPACE_CREATE, space, 0, 0, 0, NULL), "a space");
    must(ask(PAGER_MAP_PROGRAM, pager_word(space, 0, 0, number), 0, 0, 0, NULL), "a program");
    return text;
}

/* ---- what the pager must refuse ---------------------------------------------------------------------------------------------- */

static void map_executable(void)
{
    static const struct {
        const char *what;
        unsigned rights;
    } cases[] = {{"read and execute", PAGER_READ | PAGER_EXECUTE},
                 {"execute alone", PAGER_EXECUTE},
                 {"everything", PAGER_READ | PAGER_WRITE | PAGER_EXECUTE}};
    must(ask(PAGER_SPACE_CREATE, 0, 0, 0, 0, NULL), "a space");
    must(ask(PAGER_MAP_ANON, pager_word(0, PAGER_FIXED, PAGER_READ | PAGER_WRITE, 0), DATA_AT, 2 * PAGE_BYTES, 0, NULL), "memory");
    must(ask(PAGER_FAULT, pager_word(0, 0, PAGER_WRITE, 0), DATA_AT, 0, 0, NULL), "a page");
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        rt_log("rights: %s", cases[i].what);
        refused("unverified memory mapped executable",
                ask(PAGER_MAP_ANON, pager_word(0, PAGER_FIXED, cases[i].rights, 0), OTHER_AT, PAGE_BYTES, 0, NULL));
        refused("an object mapped executable without its program",
                ask(PAGER_MAP_OBJECT, pager_word(0, PAGER_FIXED, cases[i].rights, 0), OTHER_AT, PAGE_BYTES, 0, NULL));
        refused("written memory made executable", ask(PAGER_PROTECT, pager_word(0, 0, cases[i].rights, 0), DATA_AT, PAGE_BYTES, 0, NULL));
    }
    refused("a written page fetched as code", ask(PAGER_FAULT, pager_word(0, 0, PAGER_EXECUTE, 0), DATA_AT, 0, 0, NULL));
}

static void change_program(void)
{
    static uint8_t before[PAGE_BYTES];
    uint64_t text = map_program(1);
    must(ask(PAGER_FAULT, pager_word(1, 0, PAGER_EXECUTE, 0), text, 0, 0, NULL), "a page of code");
    must(ask(PAGER_PIN, pager_word(1, 0, PAGER_READ, 0), text, PAGE_BYTES, 0, NULL), "a view of code");
    memcpy(before, (const void *)(uintptr_t)window(1, text), PAGE_BYTES);
    refused("code pinned for writing", ask(PAGER_PIN, pager_word(1, 0, PAGER_WRITE, 0), text, 8, 0, NULL));
    refused("code faulted in for writing", ask(PAGER_FAULT, pager_word(1, 0, PAGER_WRITE, 0), text, 0, 0, NULL));
    refused("code made writable and executable",
            ask(PAGER_PROTECT, pager_word(1, 0, PAGER_READ | PAGER_WRITE | PAGER_EXECUTE, 0), text, PAGE_BYTES, 0, NULL));
    must(ask(PAGER_PROTECT, pager_word(1, 0, PAGER_READ | PAGER_WRITE, 0), text, PAGE_BYTES, 0, NULL), "giving the right to execute up");
    must(ask(PAGER_PIN, pager_word(1, 0, PAGER_WRITE, 0), text, 8, 0, NULL), "a private copy");
    window(1, text)[0] ^= 1;
    refused("a copy of code that was written to, executed", ask(PAGER_FAULT, pager_word(1, 0, PAGER_EXECUTE, 0), text, 0, 0, NULL));
    refused("a copy of code that was written to, made executable",
            ask(PAGER_PROTECT, pager_word(1, 0, PAGER_READ | PAGER_EXECUTE, 0), text, PAGE_BYTES, 0, NULL));
    must(ask(PAGER_SPACE_DESTROY, 1, 0, 0, 0, NULL), "ending a space");
    text = map_program(1);
    must(ask(PAGER_PIN, pager_word(1, 0, PAGER_READ, 0), text, PAGE_BYTES, 0, NULL), "the same page again");
    bool same = memcmp((const void *)(uintptr_t)window(1, text), before, PAGE_BYTES) == 0;
    rt_log("%s: the page of the next program is changed by that", same ? "refused" : "ACCEPTED");
}

static void lie_about_programs(void)
{
    uint64_t text;
    uint32_t number = program(&text);
    must(ask(PAGER_SPACE_CREATE, 2, 0, 0, 0, NULL), "a space");
    refused("a program that there is not", ask(PAGER_MAP_PROGRAM, pager_word(2, 0, 0, the_catalog()->program_count), 0, 0, 0, NULL));
    refused("a program at another place", ask(PAGER_MAP_PROGRAM, pager_word(2, 0, 0, number), PAGE_BYTES, 0, 0, NULL));
    refused("an object that there is not",
            ask(PAGER_MAP_OBJECT, pager_word(2, PAGER_FIXED, PAGER_READ, the_catalog()->object_count), OTHER_AT, PAGE_BYTES, 0, NULL));
    refused("memory above the programs'", ask(PAGER_MAP_ANON, pager_word(2, PAGER_FIXED, PAGER_READ, 0), UINT64_C(1) << 32, PAGE_BYTES, 0, NULL));
    refused("a length that wraps", ask(PAGER_MAP_ANON, pager_word(2, PAGER_FIXED, PAGER_READ, 0), DATA_AT, -(uint64_t)PAGE_BYTES, 0, NULL));
    refused("a space that there is not", ask(PAGER_MAP_ANON, pager_word(250, PAGER_FIXED, PAGER_READ, 0), DATA_AT, PAGE_BYTES, 0, NULL));
    refused("a thread that there is not", ask(PAGER_THREAD_BIND, PAGER_THREADS_MAX, 0, 0, 0, NULL));
    refused("a request that there is not", ask(1000, 0, 0, 0, 0, NULL));
    refused("a thread into a slot that there is not", ask(PAGER_THREAD_BIND, 5, 2, 65534, 65535, NULL));
}

/* With the capabilities to a thread: it cannot be moved to an address space of our choice, nor made stronger. */
static void misuse_threads(void)
{
    uint64_t tcb = thread_caps.first, sched = thread_caps.first + 1;
    must(ask(PAGER_SPACE_CREATE, 3, 0, 0, 0, NULL), "a space");
    must(ask(PAGER_THREAD_BIND, 0, 3, tcb, sched, NULL), "a thread");
    refused("a thread moved to another address space", tcb_set_space(tcb, 0, tcb, tcb));
    refused("a thread given a message buffer", tcb_configure(tcb, tcb, 0, tcb, 0, 0));
    refused("a thread given a high priority", tcb_set_sched_params(tcb, tcb, 255, 255, sched, 0));
    refused("a budget changed", sched_control_configure(sched, sched, &(struct sched_params){1000, 1000, 0, 0, 0}));
    refused("memory taken from a thread", untyped_retype(tcb, seL4_ARM_SmallPageObject, 0, tcb, 0, 1));
}

/* ---- what the hardware must refuse: one life each ------------------------------------------------------------------------------ */

static void write_object_page(void)
{
    uint64_t index;
    must(ask(PAGER_OBJECT_PAGE, 0, 0, 0, 0, &index), "a page of an object");
    rt_log("attempt: writing to a verified page of an object");
    *(volatile uint8_t *)(PAGER_OBJECTS + index * PAGE_BYTES) ^= 1;
    rt_log("ACCEPTED: writing to a verified page of an object");
}

static void write_code_window(void)
{
    uint64_t text = map_program(1);
    must(ask(PAGER_PIN, pager_word(1, 0, PAGER_READ, 0), text, 8, 0, NULL), "a view of code");
    rt_log("attempt: writing to code through its window");
    *window(1, text) ^= 1;
    rt_log("ACCEPTED: writing to code through its window");
}

static void write_shared_window(void)
{
    must(ask(PAGER_SPACE_CREATE, 1, 0, 0, 0, NULL), "a space");
    must(ask(PAGER_MAP_ANON, pager_word(1, PAGER_FIXED, PAGER_READ | PAGER_WRITE, 0), DATA_AT, MANY_PAGES * (uint64_t)PAGE_BYTES, 0, NULL),
         "memory");
    must(ask(PAGER_PIN, pager_word(1, 0, PAGER_WRITE, 0), DATA_AT, MANY_PAGES * (uint64_t)PAGE_BYTES, 0, NULL), "pages");
    *window(1, DATA_AT) = 1;
    must(ask(PAGER_SPACE_CLONE, 1, 2, 0, 0, NULL), "a clone");
    rt_log("attempt: writing to a frame that two spaces share");
    *window(1, DATA_AT) = 2;
    rt_log("ACCEPTED: writing to a frame that two spaces share");
}

static void execute_window(void)
{
    uint64_t text = map_program(1);
    must(ask(PAGER_PIN, pager_word(1, 0, PAGER_READ, 0), text, 8, 0, NULL), "a view of code");
    rt_log("attempt: executing in a window");
    void (*function)(void);
    uint64_t address = PAGER_WINDOW + (UINT64_C(1) << 32) + text;
    memcpy(&function, &address, sizeof function);
    function();
    rt_log("ACCEPTED: executing in a window");
}

static void execute_arena(void)
{
    rt_log("attempt: executing own memory");
    void (*function)(void);
    *(volatile uint32_t *)arena.addr = 0xd65f03c0; /* ret */
    memcpy(&function, &arena.addr, sizeof function);
    function();
    rt_log("ACCEPTED: executing own memory");
}

static void write_catalog(void)
{
    rt_log("attempt: writing to the catalog");
    *(volatile uint32_t *)catalog.addr = 0;
    rt_log("ACCEPTED: writing to the catalog");
}

/* ---- the file system: anything in its window, any request, also without waiting for the answer ---------------------------------- */

static uint64_t next_random(void)
{
    static uint64_t state = 88172645463325252u;
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

static uint64_t random_word(void)
{
    uint64_t r = next_random();
    return r % 3 == 0 ? r >> (r & 63) : r % 7;
}

static void ask_fs_anything(void)
{
    enum { REQUESTS = 20000, SENDS = 200 };
    struct fs_window *w = (struct fs_window *)volume_window.addr;
    struct message m;
    rt_message(&m, FS_ATTACH, 0, 0, 0, 0);
    must(rt_call(&volume_calls, &m), "a volume");
    uint64_t epoch = m.word[1];
    for (unsigned i = 0; i < REQUESTS; i++) {
        uint64_t *window = (uint64_t *)volume_window.addr;
        window[next_random() % (offsetof(struct fs_window, data) / sizeof *window + 64)] = random_word();
        w->name_bytes[i % 2] = (uint32_t)(i % 50 == 0 ? next_random() : 1);
        rt_message(&m, next_random() % (FS_STATUS + 3), random_word(), random_word(), random_word(), i % 100 == 0 ? next_random() : epoch);
        (void)rt_call(&volume_calls, &m);
    }
    for (unsigned i = 0; i < SENDS; i++) {
        rt_message(&m, FS_SYNC, 0, 0, 0, epoch);
        sys_nb_send(volume_calls.endpoint, &m);
    }
    rt_message(&m, FS_STATUS, 0, 0, 0, 0);
    must(rt_call(&volume_calls, &m), "the file system's status");
    bool is_whole = w->status.state == FS_READY && w->status.has_damage == 0 && w->status.epoch == epoch;
    rt_log("%s: %u requests of a hostile client, and the volume is %s", is_whole ? "survived" : "ACCEPTED", (unsigned)REQUESTS,
           is_whole ? "whole" : "not");
}

void init(void)
{
    static void (*const lives[])(void) = {write_object_page, write_code_window, write_shared_window,
                                          execute_window,    execute_arena,     write_catalog};
    uint32_t life = rt_info_page()->incarnation;
    must(ask(PAGER_RESET, 0, 0, 0, 0, NULL), "a reset");
    if (life == 0) {
        map_executable();
        change_program();
        lie_about_programs();
        misuse_threads();
        ask_fs_anything();
    }
    if (life < ARRAY_LEN(lives)) {
        lives[life]();
    }
    must(ask(PAGER_SPACE_CREATE, 9, 0, 0, 0, NULL), "a space, after all this");
    rt_log("done: the pager still answers");
}
