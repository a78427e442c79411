/* SPDX-License-Identifier: MIT */
/** Threads that a row starts: in our spaces, each with a stack of this image and a page for its messages. */
#include "conf.h"

enum { STACK_BYTES = 4096, CONTEXT_US = 5000, IDLE_PRIORITY = 1 };

static uint8_t stacks[WORKERS_MAX][STACK_BYTES] __attribute__((aligned(16)));
static struct worker workers[WORKERS_MAX];
static unsigned worker_count;
static uint64_t fault_endpoint;
static struct worker *idle;

void workers_forget(void)
{
    worker_count = 0;
    fault_endpoint = 0;
    idle = NULL;
}

void workers_stop(void)
{
    for (unsigned i = 0; i < worker_count; i++) {
        (void)call(workers[i].tcb, seL4_TCBSuspend, NO_WORDS, NO_CAPS); /* a row may have deleted it */
    }
}

uint64_t faults(void)
{
    if (fault_endpoint == 0) {
        fault_endpoint = make(seL4_EndpointObject, 0);
    }
    return fault_endpoint;
}

static NORETURN void enter(struct worker *w)
{
    w->function(w);
    worker_end(w);
}

void worker_end(struct worker *w)
{
    for (;;) {
        struct message m = {.info = message_info(seL4_TCBSuspend, 0)};
        sys_call(w->tcb, &m);
    }
}

struct worker *worker_new(void (*function)(struct worker *), uint64_t priority)
{
    unsigned n = worker_count++;
    if (n == WORKERS_MAX) {
        give_up("a row starts too many threads");
    }
    struct worker *w = &workers[n];
    uint64_t buffer = WORKER_WINDOW + n * PAGE_BYTES;
    memset(w, 0, sizeof *w);
    w->function = function;
    w->tcb = make(seL4_TCBObject, 0);
    w->context = make(seL4_SchedContextObject, 9);
    w->reply = make(seL4_ReplyObject, 0);
    w->buffer_frame = make(seL4_ARM_SmallPageObject, 0);
    w->buffer = (struct seL4_IPCBuffer *)buffer;
    w->stack_top = (uint64_t)&stacks[n][STACK_BYTES];
    set_budget(w->context, CONTEXT_US, 0, 0);
    if (page_map(w->buffer_frame, OWN_VSPACE, buffer, seL4_CanRead | seL4_CanWrite, seL4_ARM_ExecuteNever | seL4_ARM_Default_VMAttributes) !=
            seL4_NoError ||
        tcb_configure(w->tcb, OWN_CNODE, 0, OWN_VSPACE, buffer, w->buffer_frame) != seL4_NoError ||
        tcb_set_sched_params(w->tcb, OWN_TCB, 0, priority, w->context, faults()) != seL4_NoError) {
        give_up("a thread cannot be made");
    }
    return w;
}

void worker_start(struct worker *w)
{
    const struct seL4_UserContext c = {.pc = (uint64_t)enter, .sp = w->stack_top, .x0 = (uint64_t)w};
    if (tcb_write_registers(w->tcb, true, &c) != seL4_NoError) {
        give_up("a thread cannot be started");
    }
}

struct worker *worker_run(void (*function)(struct worker *), uint64_t priority, uint64_t argument)
{
    struct worker *w = worker_new(function, priority);
    w->argument[0] = argument;
    worker_start(w);
    return w;
}

static void idles(struct worker *w)
{
    for (;;) {
        sys_signal(w->argument[0]);
        (void)sys_wait(w->argument[1]);
    }
}

void settle(void)
{
    if (idle == NULL) {
        idle = worker_new(idles, IDLE_PRIORITY);
        idle->argument[0] = make(seL4_NotificationObject, 0);
        idle->argument[1] = make(seL4_NotificationObject, 0);
        worker_start(idle);
    } else {
        sys_signal(idle->argument[1]);
    }
    (void)sys_wait(idle->argument[0]);
}

bool take_fault(uint64_t label, struct message *m)
{
    sys_nb_recv(faults(), REPLY, m);
    return same(seL4_MessageInfo_label(m->info), label, "fault");
}

/* ---- time ----------------------------------------------------------------------------------------------------------------------- */

void sleep_us(uint64_t us)
{
    if (!works(call(HANDLER, seL4_IRQSetIRQHandler, NO_WORDS, CAPS(NOTIFICATION_2)))) {
        give_up("there is no alarm");
    }
    alarm_set(ticks() + ticks_of_us(us));
    (void)sys_wait(NOTIFICATION_2);
    alarm_clear();
    (void)works(call(HANDLER, seL4_IRQAckIRQ, NO_WORDS, NO_CAPS));
}

bool still_counts(const struct worker *w)
{
    uint64_t before = w->step;
    sleep_us(1000);
    return w->step != before;
}

void counts(struct worker *w)
{
    for (;;) {
        w->step++;
    }
}

/* ---- a watch on rows that do not end ------------------------------------------------------------------------------------- */

enum { WATCH_BUDGET_US = 10000, WATCH_PERIOD_US = 5000000 };

static uint8_t watch_stack[STACK_BYTES] __attribute__((aligned(16)));

/* Its budget is spent by yielding, so that it runs once in each period. */
static NORETURN void watch(void)
{
    for (;;) {
        unsigned before = row_number();
        sys_yield();
        if (rows_running() && row_number() == before) {
            row_hangs();
        }
    }
}

void watch_start(uint64_t untyped, uint64_t first_slot, uint64_t sched_control)
{
    uint64_t tcb = first_slot;
    uint64_t context = first_slot + 1;
    const struct sched_params p = {.budget_us = WATCH_BUDGET_US, .period_us = WATCH_PERIOD_US};
    const struct seL4_UserContext c = {.pc = (uint64_t)watch, .sp = (uint64_t)&watch_stack[STACK_BYTES]};
    if (untyped_retype(untyped, seL4_TCBObject, 0, OWN_CNODE, tcb, 1) != seL4_NoError ||
        untyped_retype(untyped, seL4_SchedContextObject, seL4_MinSchedContextBits, OWN_CNODE, context, 1) != seL4_NoError ||
        sched_control_configure(sched_control, context, &p) != seL4_NoError ||
        tcb_configure(tcb, OWN_CNODE, 0, OWN_VSPACE, 0, first_slot + 2) != seL4_NoError ||
        tcb_set_sched_params(tcb, OWN_TCB, 0, seL4_MaxPrio, context, first_slot + 2) != seL4_NoError ||
        tcb_write_registers(tcb, true, &c) != seL4_NoError) {
        give_up("the watch cannot be started");
    }
}
