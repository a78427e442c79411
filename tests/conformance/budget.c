/* SPDX-License-Identifier: MIT */
/** Time: budgets, donation, timeouts. Source: seL4 manual sections 6.1.6 to 6.1.11. */
#include "conf.h"

enum { BELOW = ROOT_PRIORITY - 10, ABOVE = ROOT_PRIORITY + 10, MS = 1000 };

static uint64_t us_since(uint64_t start)
{
    return (ticks() - start) * 2 / 125;
}

static bool near(uint64_t got_us, uint64_t wanted_us, const char *what)
{
    return (got_us + wanted_us / 10 + 20 >= wanted_us && got_us <= wanted_us + wanted_us / 10 + 20) || same(got_us, wanted_us, what);
}

/* ---- budgets --------------------------------------------------------------------------------------------------------------------- */

/** The times at which a worker above us ran, seen as jumps of the counter, until `until`. */
struct gaps {
    unsigned count;
    uint64_t start[8];
    uint64_t us[8];
};

static struct gaps see_gaps(uint64_t start, uint64_t watch_us)
{
    struct gaps g = {0};
    uint64_t last = ticks();
    while (us_since(start) < watch_us && g.count < ARRAY_LEN(g.us)) {
        uint64_t now = ticks();
        if (now - last > ticks_of_us(200)) {
            g.start[g.count] = (last - start) * 2 / 125;
            g.us[g.count++] = (now - last) * 2 / 125;
        }
        last = now;
        linger();
    }
    return g;
}

/* 1 ms in 10 ms: it runs when it is started, and at 10, 20, 30 ms. */
static bool keeps_to_its_budget(void)
{
    struct worker *w = worker_new(counts, ABOVE);
    set_budget(w->context, MS, 10 * MS, 0);
    uint64_t start = ticks();
    worker_start(w);
    bool good = near(us_since(start), MS, "its first budget");
    struct gaps g = see_gaps(start, 35 * MS);
    good = good && same(g.count, 3, "budgets in 35 ms");
    for (unsigned i = 0; i < 3; i++) {
        good = good && near(g.us[i], MS, "a budget") && near(g.start[i], (i + 1) * 10 * MS, "start of a period");
    }
    return good;
}

static void yields(struct worker *w)
{
    for (;;) {
        w->step++;
        sys_yield();
    }
}

static bool yields_the_budget(void)
{
    struct worker *w = worker_new(yields, ABOVE);
    set_budget(w->context, MS, 10 * MS, 0);
    worker_start(w);
    bool good = same(w->step, 1, "steps at the start");
    sleep_us(35 * MS);
    return good && same(w->step, 4, "steps in 35 ms");
}

static void shares(struct worker *w)
{
    for (;;) {
        w->step++;
        if (w->argument[0] != 0) {
            sys_yield();
        }
    }
}

/* Two equals with time slices of 1 ms and 2 ms. */
static bool takes_turns(void)
{
    struct worker *a = worker_new(shares, BELOW);
    struct worker *b = worker_new(shares, BELOW);
    set_budget(a->context, MS, 0, 0);
    set_budget(b->context, 2 * MS, 0, 0);
    worker_start(a);
    worker_start(b);
    sleep_us(30 * MS);
    (void)call(a->tcb, seL4_TCBSuspend, NO_WORDS, NO_CAPS);
    uint64_t a_us = call(a->context, seL4_SchedContextConsumed, NO_WORDS, NO_CAPS).word[0];
    uint64_t b_us = call(b->context, seL4_SchedContextConsumed, NO_WORDS, NO_CAPS).word[0];
    return near(a_us + b_us, 30 * MS, "both together") && near(b_us, 20 * MS, "the one with 2 ms");
}

static bool yields_the_turn(void)
{
    struct worker *a = worker_run(shares, BELOW, 1);
    struct worker *b = worker_run(shares, BELOW, 1);
    sleep_us(5 * MS);
    return check(a->step > 100 && b->step > 100, "both run many times") &&
           check(a->step - b->step <= 1 || b->step - a->step <= 1, "one after the other");
}

static bool configures_while_running(void)
{
    struct worker *w = worker_run(counts, BELOW, 0);
    bool good = check(still_counts(w), "it runs");
    set_budget(w->context, MS, 100 * MS, 0);
    sleep_us(50 * MS);
    return good && check(!still_counts(w), "its new budget is used up");
}

static bool never_budgeted(void)
{
    struct worker *w = worker_new(counts, ABOVE);
    bool good = works(call(w->context, seL4_SchedContextUnbind, NO_WORDS, NO_CAPS));
    worker_start(w);
    return good && works(call(CONTEXT_NEW, seL4_SchedContextBind, NO_WORDS, CAPS(w->tcb))) && same(w->step, 0, "steps") &&
           works(call(SCHED_CONTROL, seL4_SchedControlConfigureFlags, WORDS(MS, 100 * MS, 0, 0, 0), CAPS(CONTEXT_NEW))) &&
           check(w->step != 0, "it runs when the context has a budget");
}

/* ---- donation -------------------------------------------------------------------------------------------------------------------- */

/* Says that it is ready in the same call with which it waits: then it needs no context of its own. */
static void serves(struct worker *w)
{
    struct message m = {0};
    sys_nb_send_recv(w->argument[1], w->argument[0], w->reply, &m);
    for (;;) {
        w->step++;
        for (uint64_t until = ticks() + ticks_of_us(w->argument[2]); ticks() < until;) {
            linger();
        }
        if (w->argument[3] != 0) {
            sys_call(w->argument[3], &m);
        }
        m.info = message_info(seL4_MessageInfo_label(m.info) + 1, 0);
        sys_reply_recv(w->argument[0], w->reply, &m);
    }
}

/** A server at `endpoint` without a context; it works for `work_us` and then calls `next`, if that is not 0. */
static struct worker *passive_server(uint64_t endpoint, uint64_t work_us, uint64_t next)
{
    struct worker *w = worker_new(serves, BELOW);
    w->argument[0] = endpoint;
    w->argument[1] = NOTIFICATION;
    w->argument[2] = work_us;
    w->argument[3] = next;
    worker_start(w);
    (void)sys_wait(NOTIFICATION);
    if (!works(call(w->context, seL4_SchedContextUnbind, NO_WORDS, NO_CAPS))) {
        give_up("a server keeps its context");
    }
    return w;
}

static void calls(struct worker *w)
{
    w->message = (struct message){.info = message_info(7, 0)};
    sys_call(w->argument[0], &w->message);
    w->step++;
}

static bool donates_by_call(void)
{
    struct worker *server = passive_server(ENDPOINT, MS, 0);
    struct worker *client = worker_run(calls, ABOVE, ENDPOINT);
    settle();
    bool good = same(client->step, 1, "steps of the client") && same(server->step, 1, "steps of the server") &&
                same(seL4_MessageInfo_label(client->message.info), 8, "answer");
    uint64_t us = call(client->context, seL4_SchedContextConsumed, NO_WORDS, NO_CAPS).word[0];
    return good && near(us, MS, "the client's time");
}

static bool donates_through_a_chain(void)
{
    uint64_t second = make(seL4_EndpointObject, 0);
    struct worker *b = passive_server(second, MS, 0);
    struct worker *a = passive_server(ENDPOINT, MS, second);
    struct worker *client = worker_run(calls, ABOVE, ENDPOINT);
    settle();
    uint64_t us = call(client->context, seL4_SchedContextConsumed, NO_WORDS, NO_CAPS).word[0];
    return same(a->step + b->step, 2, "steps of the servers") && same(client->step, 1, "steps of the client") && near(us, 2 * MS, "the client's time");
}

static bool sends_without_donation(void)
{
    struct worker *server = passive_server(ENDPOINT, 0, 0);
    const struct message m = {.info = message_info(7, 0)};
    sys_nb_send(ENDPOINT, &m);
    settle();
    bool good = same(server->step, 0, "steps of the server") &&
                works(call(CONTEXT, seL4_SchedContextBind, NO_WORDS, CAPS(server->tcb)));
    settle();
    return good && same(server->step, 1, "steps with a context");
}

static void works_forever(struct worker *w)
{
    struct message m = {0};
    sys_nb_send_recv(NOTIFICATION, w->argument[0], w->reply, &m);
    counts(w);
}

/* A server that never answers; what happens to it takes the context back to the caller. */
static bool comes_back(bool (*event)(struct worker *server))
{
    struct worker *server = worker_run(works_forever, BELOW, ENDPOINT);
    (void)sys_wait(NOTIFICATION);
    struct worker *client = worker_new(calls, BELOW);
    client->argument[0] = ENDPOINT;
    bool good = works(call(server->context, seL4_SchedContextUnbind, NO_WORDS, NO_CAPS));
    worker_start(client);
    good = good && check(still_counts(server), "the server runs on the client's context") &&
           refuses(call(client->context, seL4_SchedContextUnbindObject, NO_WORDS, CAPS(client->tcb)), seL4_IllegalOperation, NO_WORDS);
    return good && event(server) && check(!still_counts(server), "the server has no context") &&
           works(call(client->context, seL4_SchedContextUnbindObject, NO_WORDS, CAPS(client->tcb)));
}

static bool reply_is_deleted(struct worker *server)
{
    return works(call(OWN_CNODE, seL4_CNodeDelete, WORDS(server->reply, 64), NO_CAPS));
}

static bool server_is_deleted(struct worker *server)
{
    uint64_t tcb = server->tcb;
    return works(call(OWN_CNODE, seL4_CNodeDelete, WORDS(tcb, 64), NO_CAPS)) && works(call(OWN_CNODE, seL4_CNodeDelete, WORDS(server->reply, 64), NO_CAPS));
}

static bool comes_back_with_the_reply(void)
{
    return comes_back(reply_is_deleted);
}

static bool comes_back_from_the_dead(void)
{
    return comes_back(server_is_deleted);
}

static void waits(struct worker *w)
{
    for (;;) {
        (void)sys_wait(w->argument[0]);
        w->step++;
    }
}

static bool lends_to_a_waiter(void)
{
    struct worker *w = worker_run(waits, ABOVE, NOTIFICATION);
    bool good = works(call(w->context, seL4_SchedContextUnbind, NO_WORDS, NO_CAPS));
    sys_signal(NOTIFICATION_BADGED);
    good = good && same(w->step, 0, "steps without a context") && works(call(w->tcb, seL4_TCBSuspend, NO_WORDS, NO_CAPS));
    w = worker_run(waits, ABOVE, NOTIFICATION_2);
    good = good && works(call(w->context, seL4_SchedContextUnbind, NO_WORDS, NO_CAPS)) &&
           works(call(CONTEXT, seL4_SchedContextBind, NO_WORDS, CAPS(NOTIFICATION_2)));
    sys_signal(NOTIFICATION_2);
    good = good && same(w->step, 1, "steps on the notification's context") && works(call(CONTEXT, seL4_SchedContextBind, NO_WORDS, CAPS(THREAD))) &&
           works(call(CONTEXT, seL4_SchedContextUnbindObject, NO_WORDS, CAPS(THREAD)));
    sys_signal(NOTIFICATION_2);
    return good && same(w->step, 2, "steps at the second signal");
}

/* ---- timeouts ---------------------------------------------------------------------------------------------------------------------- */

static bool takes_timeout(uint64_t data, uint64_t us, struct message *m)
{
    return take_fault(seL4_Fault_Timeout, m) && same(seL4_MessageInfo_length(m->info), seL4_Timeout_Length, "words") &&
           same(m->word[seL4_Timeout_Data], data, "data") && near(m->word[seL4_Timeout_Consumed], us, "microseconds consumed");
}

static bool tells_of_timeouts(void)
{
    struct worker *w = worker_new(counts, ABOVE);
    struct message m = {0};
    set_budget(w->context, MS, 10 * MS, 0x77);
    bool good = works(call(w->tcb, seL4_TCBSetTimeoutEndpoint, NO_WORDS, CAPS(faults())));
    worker_start(w);
    good = good && takes_timeout(0x77, MS, &m);
    uint64_t before = w->step;
    sleep_us(30 * MS);
    good = good && same(w->step, before, "steps before the answer");
    m = (struct message){0};
    sys_send(REPLY, &m);
    return good && check(w->step != before, "it goes on") && takes_timeout(0x77, MS, &m);
}

static bool is_silent_without_handler(void)
{
    struct worker *w = worker_new(counts, ABOVE);
    struct message m = {0};
    set_budget(w->context, MS, 10 * MS, 0x77);
    worker_start(w);
    uint64_t before = w->step;
    sleep_us(20 * MS);
    sys_nb_recv(faults(), REPLY, &m);
    return check(w->step != before, "it goes on") && same(m.badge | seL4_MessageInfo_label(m.info), 0, "fault");
}

static bool sets_and_clears_handler(void)
{
    struct worker *w = worker_new(counts, ABOVE);
    struct message m = {0};
    set_budget(w->context, MS, 10 * MS, 0x77);
    bool good = works(call(w->tcb, seL4_TCBSetTimeoutEndpoint, NO_WORDS, CAPS(ENDPOINT_BADGED))) &&
                works(call(w->tcb, seL4_TCBSetTimeoutEndpoint, NO_WORDS, CAPS(ENDPOINT_GRANT_REPLY)));
    worker_start(w);
    sys_nb_recv(ENDPOINT, REPLY, &m);
    good = good && same(seL4_MessageInfo_label(m.info), seL4_Fault_Timeout, "fault") && same(m.badge, 0, "badge of the second handler") &&
           works(call(w->tcb, seL4_TCBSetTimeoutEndpoint, NO_WORDS, CAPS(EMPTY)));
    m = (struct message){0};
    sys_send(REPLY, &m);
    sleep_us(20 * MS);
    sys_nb_recv(ENDPOINT, REPLY, &m);
    return good && same(m.info, 0, "fault without a handler");
}

/* A server's timeout on its client's budget carries the client's data. */
static bool tells_the_server(void)
{
    struct worker *server = passive_server(ENDPOINT, 50 * MS, 0);
    struct worker *client = worker_new(calls, ABOVE);
    struct message m = {0};
    client->argument[0] = ENDPOINT;
    set_budget(client->context, MS, 1000 * MS, 0x1234);
    bool good = works(call(server->tcb, seL4_TCBSetTimeoutEndpoint, NO_WORDS, CAPS(faults())));
    worker_start(client);
    settle();
    return good && takes_timeout(0x1234, MS, &m) && same(client->step, 0, "steps of the client");
}

/* The answer sets registers in the order of UserContext; a label that is not 0 leaves the thread stopped. */
static bool answers_with_registers(void)
{
    struct worker *w = worker_new(counts, ABOVE);
    struct seL4_UserContext c;
    struct message m = {0};
    set_budget(w->context, MS, 10 * MS, 0);
    bool good = works(call(w->tcb, seL4_TCBSetTimeoutEndpoint, NO_WORDS, CAPS(faults())));
    worker_start(w);
    good = good && takes_timeout(0, MS, &m) && tcb_read_registers(w->tcb, false, &c) == seL4_NoError;
    m = (struct message){.info = message_info(1, 4), .word = {c.pc, c.sp, c.spsr, 0xabc}};
    sys_send(REPLY, &m);
    sleep_us(20 * MS);
    uint64_t step = w->step;
    good = good && check(!still_counts(w), "it is stopped") && same(w->step, step, "steps") && tcb_read_registers(w->tcb, false, &c) == seL4_NoError;
    return good && same(c.x0, 0xabc, "x0");
}

static const struct row rows[] = {
    {"Budget", "works", "1 ms in 10 ms, and no more", keeps_to_its_budget},
    {"Budget", "works", "Yield gives up the rest of a budget", yields_the_budget},
    {"Budget", "works", "round robin: slices of 1 ms and 2 ms", takes_turns},
    {"Budget", "works", "round robin: Yield gives up the turn", yields_the_turn},
    {"Budget", "works", "a running thread gets another budget", configures_while_running},
    {"Budget", "works", "nothing runs on a context without budget", never_budgeted},
    {"Donation", "works", "Call lends the context to a passive server until its answer", donates_by_call},
    {"Donation", "works", "through a chain of servers", donates_through_a_chain},
    {"Donation", "works", "Send lends nothing", sends_without_donation},
    {"Donation", "works", "ends when the reply object is deleted", comes_back_with_the_reply},
    {"Donation", "works", "ends when server and reply object are deleted", comes_back_from_the_dead},
    {"Donation", "works", "a notification lends its context until the next Wait", lends_to_a_waiter},
    {"TCB_SetTimeoutEndpoint", "works", "another handler, and none", sets_and_clears_handler},
    {"Timeout fault", "works", "data of the context, microseconds consumed; the answer lets it go on", tells_of_timeouts},
    {"Timeout fault", "works", "without a handler it goes on in the next period", is_silent_without_handler},
    {"Timeout fault", "works", "of a server on its client's budget", tells_the_server},
    {"Timeout fault", "works", "the answer sets registers; with a label the thread stays stopped", answers_with_registers},
};

void budget_rows(void)
{
    run_rows(rows, ARRAY_LEN(rows));
}
