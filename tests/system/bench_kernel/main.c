/* SPDX-License-Identifier: MIT */
/**
 * Bench_kernel: what the kernel costs, in guest instructions under -icount shift=0. A row is the mean of many samples, each from
 * just before an instruction of one thread to just behind the one that it lets another thread (or the same) go on with; what
 * reading the counter costs is taken off. Actors (actors.c) run in this address space or in the other component's; this
 * thread sets them up and waits.
 */
#include "bench.h"
#include "rt.h"

#define OPTIONAL_SLOT(type, kind, variable) LX_SLOT(type, kind, SLOT_OPTIONAL, variable)
#define OPTIONAL_CAP(which, variable)                                                                                  \
    LX_SLOT_WITH(lx_cap, SLOT_CAP, variable, .flags = SLOT_OPTIONAL, .authority = (which))

LX_SHARED(shared);
LX_WINDOW(window);
/* Given to `bench` only: */
OPTIONAL_SLOT(lx_untyped, SLOT_UNTYPED, untyped);
OPTIONAL_SLOT(lx_free, SLOT_FREE, spare);
OPTIONAL_SLOT(lx_irq, SLOT_IRQ, alarm);
OPTIONAL_CAP(AUTHORITY_OWN_CSPACE, own_cspace);
OPTIONAL_CAP(AUTHORITY_OWN_VSPACE, own_vspace);
OPTIONAL_CAP(AUTHORITY_OWN_TCB, own_tcb);
OPTIONAL_CAP(AUTHORITY_VSPACE_OF, other_vspace);
OPTIONAL_CAP(AUTHORITY_SCHED_CONTROL, sched_control);

enum {
    INSTRUCTIONS_PER_TICK = 16,
    ACTOR_PAGES = 4, /* the stack, and above it the message buffer */
    HIGH = 140,
    MIDDLE = 130,
    LOW = 120,
};

enum { A = 0, B = 1, C = 2 }; /* actors: A in the other address space, B and C here */

static struct board *board;

static struct {
    uint64_t tcb;
    uint64_t sched;
    uint64_t reply;
    uint64_t stack_top;
    uint64_t buffer;
} threads[BOARD_ACTORS];

static uint64_t endpoint;
static uint64_t notification;
static uint64_t returned;
static uint64_t ready;
static uint64_t done;
static uint64_t null_cap; /* an empty slot */
static uint64_t next_spare;

static uint64_t here_overhead;
static uint64_t phase_overhead;

static void must(bool good, const char *what)
{
    if (!good) {
        rt_panic("%s does not work", what);
    }
}

/* ---- objects -------------------------------------------------------------------------------------------------------------------- */

static uint64_t new_slot(void)
{
    must(next_spare < spare.count, "having enough spare slots");
    return spare.first + next_spare++;
}

static uint64_t make(uint64_t type, uint64_t bits)
{
    const struct lx_untyped_list *list = (const struct lx_untyped_list *)untyped.list_addr;
    uint64_t slot = new_slot();
    for (uint64_t i = 0; i < list->count; i++) {
        if (untyped_retype(untyped.first + i, type, bits, own_cspace.cap, slot, 1) == seL4_NoError) {
            return slot;
        }
    }
    rt_panic("there is no memory for an object of type %llu", (unsigned long long)type);
}

static uint64_t map_new_page(uint64_t vspace, uint64_t addr)
{
    uint64_t page = make(seL4_ARM_SmallPageObject, 0);
    must(page_map(page, vspace, addr, seL4_CanRead | seL4_CanWrite,
                  seL4_ARM_Default_VMAttributes | seL4_ARM_ExecuteNever) == seL4_NoError,
         "mapping");
    return page;
}

static void make_actor(unsigned n)
{
    uint64_t vspace = n == A ? other_vspace.cap : own_vspace.cap;
    uint64_t base = (n == A ? board->window_in_other : window.addr) + (n + 1) * (ACTOR_PAGES + 1) * (uint64_t)PAGE_BYTES;
    uint64_t page = 0;
    for (uint64_t i = 0; i < ACTOR_PAGES; i++) {
        page = map_new_page(vspace, base + i * PAGE_BYTES);
    }
    threads[n].stack_top = base + (ACTOR_PAGES - 1) * PAGE_BYTES;
    threads[n].buffer = threads[n].stack_top;
    threads[n].tcb = make(seL4_TCBObject, 0);
    threads[n].sched = make(seL4_SchedContextObject, 9);
    threads[n].reply = make(seL4_ReplyObject, 0);
    must(tcb_configure(threads[n].tcb, own_cspace.cap, 0, vspace, threads[n].buffer, page) == seL4_NoError, "making a thread");
}

static void make_objects(void)
{
    endpoint = make(seL4_EndpointObject, 0);
    notification = make(seL4_NotificationObject, 0);
    returned = make(seL4_NotificationObject, 0);
    ready = make(seL4_NotificationObject, 0);
    done = make(seL4_NotificationObject, 0);
    null_cap = new_slot();
    for (unsigned n = A; n <= C; n++) {
        make_actor(n);
    }
}

/* ---- rows ------------------------------------------------------------------------------------------------------------------------ */

/** Starts actor `n` from scratch with a budget of its own. */
struct role {
    actor_function function;
    uint8_t priority;
    bool periodic; /* a budget with a period, whose refills must be kept */
    bool foreign;
    struct actor args;
};

static void start(unsigned n, const struct role *role)
{
    const struct sched_params params = {.budget_us = 500000, .period_us = role->periodic ? 1000000 : 500000,
                                        .extra_refills = role->periodic ? 8 : 0};
    struct actor *shown = &board->actors[n];
    *shown = role->args;
    shown->board = (struct board *)(n == A ? board->board_in_other : shared.addr);
    shown->buffer = (struct seL4_IPCBuffer *)threads[n].buffer;
    shown->reply = threads[n].reply;
    uint64_t flags = 0;
    must(sched_control_configure(sched_control.cap, threads[n].sched, &params) == seL4_NoError &&
             tcb_set_sched_params(threads[n].tcb, own_tcb.cap, 0, role->priority, threads[n].sched, endpoint) == seL4_NoError &&
             tcb_set_flags(threads[n].tcb, seL4_TCBFlag_foreignSyscalls, role->foreign ? seL4_TCBFlag_foreignSyscalls : 0,
                           &flags) == seL4_NoError,
         "setting a thread up");
    const struct seL4_UserContext context = {
        .pc = (uint64_t)role->function,
        .sp = threads[n].stack_top,
        .x0 = (uint64_t)shown->board + ((uint64_t)shown - (uint64_t)board),
    };
    must(tcb_write_registers(threads[n].tcb, true, &context) == seL4_NoError, "starting a thread");
}

static void clear_board(void)
{
    board->start = 0;
    board->there_ticks = 0;
    board->back_ticks = 0;
    board->count = 0;
    board->stop = 0;
}

static void stop_all(void)
{
    for (unsigned n = A; n <= C; n++) {
        must(tcb_suspend(threads[n].tcb) == seL4_NoError && sched_context_unbind(threads[n].sched) == seL4_NoError,
             "stopping a thread");
    }
    (void)sys_poll(notification);
    (void)sys_poll(returned);
    (void)sys_poll(ready);
    (void)sys_poll(done);
}

/* Mean instructions of `ticks` over all samples, rounded, without `overhead`. */
static uint64_t mean(uint64_t ticks, uint64_t overhead)
{
    uint64_t n = (ticks * INSTRUCTIONS_PER_TICK + SAMPLES / 2) / SAMPLES;
    return n > overhead ? n - overhead : 0;
}

static void report(const char *what, uint64_t ticks, uint64_t overhead)
{
    rt_log("%s: %llu", what, (unsigned long long)mean(ticks, overhead));
}

/* `server` waits before `client` starts; a passive one then has no budget of its own. */
static void run_pair(unsigned c, const struct role *client, const struct role *server, bool passive)
{
    clear_board();
    start(A, server);
    (void)sys_wait(ready);
    if (passive) {
        must(sched_context_unbind(threads[A].sched) == seL4_NoError, "taking a server's budget");
    }
    start(c, client);
    (void)sys_wait(done);
    stop_all();
}

/* ---- what is measured ---------------------------------------------------------------------------------------------------------- */

static void measure_overhead(void)
{
    const struct role nothing = {.function = does_nothing, .priority = LOW, .args = {.source = notification, .done = done}};
    clear_board();
    start(B, &nothing);
    (void)sys_wait(done);
    stop_all();
    here_overhead = mean(board->back_ticks, 0);
    phase_overhead = mean(board->there_ticks, 0);
}

static void measure_single(const char *what, actor_function function, uint64_t target)
{
    const struct role role = {.function = function, .priority = LOW, .args = {.target = target, .source = notification, .done = done}};
    clear_board();
    start(B, &role);
    (void)sys_wait(done);
    stop_all();
    report(what, board->back_ticks, here_overhead);
}

struct ipc_row {
    const char *there;
    const char *back;
    uint64_t words;
    bool passive;
    bool periodic;
    uint8_t server_priority;
};

static void measure_ipc(const struct ipc_row *row)
{
    const struct role server = {.function = answers, .priority = row->server_priority, .periodic = row->periodic,
                                .args = {.source = endpoint, .ready = ready, .reply_words = row->words}};
    const struct role client = {.function = calls, .priority = LOW, .periodic = row->periodic,
                                .args = {.target = endpoint, .source = notification, .done = done, .words = row->words}};
    run_pair(B, &client, &server, row->passive);
    report(row->there, board->there_ticks, here_overhead);
    report(row->back, board->back_ticks, here_overhead);
}

struct fault_row {
    const char *there; /* NULL: only the whole round is known */
    const char *back;
    actor_function raises;
    actor_function handles;
    bool passive;
    bool foreign;
};

/* A kernel without foreign system calls leaves their flag clear. */
static bool has_foreign_calls(void)
{
    uint64_t flags = 0;
    uint64_t cleared = 0;
    must(tcb_set_flags(threads[B].tcb, 0, seL4_TCBFlag_foreignSyscalls, &flags) == seL4_NoError &&
             tcb_set_flags(threads[B].tcb, seL4_TCBFlag_foreignSyscalls, 0, &cleared) == seL4_NoError && cleared == 0,
         "setting flags");
    return flags == seL4_TCBFlag_foreignSyscalls;
}

static void measure_fault(const struct fault_row *row)
{
    bool replaced = row->foreign && !has_foreign_calls(); /* then unknown system calls do the same work */
    const struct role handler = {.function = replaced ? handles_unknown_calls : row->handles, .priority = HIGH,
                                 .args = {.source = endpoint, .ready = ready, .done = done}};
    const struct role faulter = {.function = replaced ? makes_unknown_calls : row->raises, .priority = LOW,
                                 .foreign = row->foreign && !replaced,
                                 .args = {.source = notification, .done = done, .words = 0x1000}};
    run_pair(B, &faulter, &handler, row->passive);
    if (row->there != NULL) {
        report(row->there, board->there_ticks, here_overhead);
    }
    report(row->back, board->back_ticks, here_overhead);
}

static void measure_signal(const char *what, bool to_higher, bool periodic)
{
    const struct role waiter = {.function = waits, .priority = to_higher ? HIGH : LOW, .periodic = periodic,
                                .args = {.source = notification, .ready = to_higher ? 0 : returned}};
    const struct role signaller = {.function = signals, .priority = MIDDLE, .periodic = periodic,
                                   .args = {.target = notification, .source = endpoint, .done = done,
                                            .ready = to_higher ? 0 : returned}};
    clear_board();
    start(A, &waiter);
    start(B, &signaller);
    (void)sys_wait(done);
    stop_all();
    report(what, to_higher ? board->there_ticks : board->back_ticks, here_overhead);
}

static void measure_yield(void)
{
    const struct role first = {.function = yields, .priority = LOW, .args = {.source = notification, .done = done}};
    const struct role second = {.function = yields_back, .priority = LOW};
    measure_single("yield without a switch", yields, 0);
    clear_board();
    start(A, &second);
    start(B, &first);
    (void)sys_wait(done);
    stop_all();
    report("yield to the other of two", board->there_ticks, here_overhead);
}

static void measure_interrupt(const char *what, bool busy)
{
    const struct role sleeper = {.function = sleeps, .priority = HIGH,
                                 .args = {.target = alarm.handler, .source = notification, .done = done}};
    const struct role spinner = {.function = spins, .priority = LOW, .args = {.source = returned, .done = ready}};
    clear_board();
    if (busy) {
        start(A, &spinner);
    }
    start(B, &sleeper);
    (void)sys_wait(done);
    stop_all();
    report(what, board->back_ticks, phase_overhead);
}

enum mapping { MAP, PROTECT, UNMAP, MAPPINGS };

/* Without the generic stub, which would cost more than the kernel. */
static bool map_or_unmap(uint64_t page, enum mapping what)
{
    uint64_t rights = seL4_CanRead | (what == MAP ? seL4_CanWrite : 0);
    struct message m = {.info = what == UNMAP ? message_info(seL4_ARMPageUnmap, 0) : seL4_MessageInfo_new(seL4_ARMPageMap, 0, 1, 3),
                        .word = {window.addr, rights, seL4_ARM_Default_VMAttributes | seL4_ARM_ExecuteNever}};
    sys_call(page, &m);
    return seL4_MessageInfo_label(m.info) == seL4_NoError;
}

/* One page at a time, in this address space and by this thread. */
static void measure_mapping(void)
{
    static const char *const names[] = {"map a page", "protect a page", "unmap a page"};
    uint64_t page = make(seL4_ARM_SmallPageObject, 0);
    ipc_buffer->caps_or_badges[0] = own_vspace.cap;
    for (enum mapping measured = MAP; measured < MAPPINGS; measured++) {
        bool good = true;
        for (clear_board(); board->count < RUNS;) {
            for (enum mapping what = MAP; what < MAPPINGS; what++) {
                if (what == measured) {
                    begin(board);
                    good = map_or_unmap(page, what) && good;
                    end_back(board);
                } else {
                    good = map_or_unmap(page, what) && good;
                }
            }
        }
        must(good, names[measured]);
        report(names[measured], board->back_ticks, here_overhead);
    }
}

static void measure_all(void)
{
    static const struct ipc_row ipc[] = {
        {"call, passive server", "reply, passive server", 0, true, false, LOW},
        {"call, passive server, 4 words", "reply, passive server, 4 words", 4, true, false, LOW},
        {"call, passive server, 10 words", "reply, passive server, 10 words", 10, true, false, LOW},
        {"call, passive server, 100 words", "reply, passive server, 100 words", 100, true, false, LOW},
        {"call, passive server of higher priority", "reply, passive server of higher priority", 0, true, false, HIGH},
        {"call, active server", "reply, active server", 0, false, false, HIGH},
        {"call, active server, 10 words", "reply, active server, 10 words", 10, false, false, HIGH},
        {"call, active server, periodic budgets", "reply, active server, periodic budgets", 0, false, true, HIGH},
    };
    static const struct fault_row faults[] = {
        {"exception to handler", "back from exception handler", raises_exceptions, handles_exceptions, false, false},
        {"exception to passive handler", "back from passive exception handler", raises_exceptions, handles_exceptions, true, false},
        {NULL, "page fault, there and back", raises_vm_faults, handles_vm_faults, false, false},
        {"unknown system call to handler", "back from system call handler", makes_unknown_calls, handles_unknown_calls, false, false},
        {"foreign system call to handler", "back from foreign system call handler", makes_foreign_calls, handles_foreign_calls,
         false, true},
        {"foreign system call to passive handler", "back from passive foreign system call handler", makes_foreign_calls,
         handles_foreign_calls, true, true},
    };
    measure_overhead();
    measure_single("send to an empty slot", sends_to_nobody, null_cap);
    measure_single("send to nobody", sends_to_nobody, endpoint);
    measure_single("poll", polls, returned);
    for (size_t i = 0; i < ARRAY_LEN(ipc); i++) {
        measure_ipc(&ipc[i]);
    }
    measure_signal("signal to higher priority", true, false);
    measure_signal("signal to higher priority, periodic budgets", true, true);
    measure_signal("signal to lower priority", false, false);
    measure_single("signal to nobody", signals, returned);
    measure_yield();
    for (size_t i = 0; i < ARRAY_LEN(faults); i++) {
        measure_fault(&faults[i]);
    }
    measure_mapping();
    must(irq_set_notification(alarm.handler, notification) == seL4_NoError && irq_ack(alarm.handler) == seL4_NoError,
         "getting interrupts");
    measure_interrupt("interrupt, machine idle", false);
    measure_interrupt("interrupt, machine busy", true);
    rt_log("done");
}

void init(void)
{
    board = (struct board *)shared.addr;
    if (!lx_given(untyped)) {
        board->board_in_other = shared.addr;
        board->window_in_other = window.addr;
        return;
    }
    must(board->window_in_other != 0, "the other component");
    make_objects();
    measure_all();
}
