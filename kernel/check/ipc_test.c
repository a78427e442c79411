/* SPDX-License-Identifier: MIT */
/** Shows what messages, replies, contexts, notifications, timeouts and domains do, one situation at a time. */
#include "api/message.h"
#include "arch.h"
#include "check/world.h"
#include "object/ipc.h"
#include "unit.h"

/* Threads by priority: 100 + 10 n. Thread 4 is bound to the third notification; context 5 is bound to the second one. */
enum { A = 1, B = 3, C = 4, LAST = 5 };

static void syscall(int64_t number, uint64_t cap, uint64_t reply, uint64_t info)
{
    struct world_call call = {.number = number, .cap = cap, .reply = reply, .info = info, .word = {11, 22, 33, 44, 55, 66}};
    world_call(&call);
    world_check("a system call");
}

static uint64_t plain(uint64_t label, uint64_t words)
{
    return seL4_MessageInfo_new(label, 0, 0, words);
}

static struct sched_context *context(unsigned n)
{
    return kptr(cap_address(world_slot(WORLD_SC + n)->cap));
}

static const struct seL4_IPCBuffer *buffer_of(unsigned n)
{
    return message_buffer(world_thread(n), false);
}

/* Thread n runs first and waits at an endpoint; then it loses its context, if it shall be passive. */
static void serve(unsigned n, unsigned endpoint, bool passive)
{
    CHECK_EQ(world_resume(n), seL4_NoError);
    world_root_waits();
    CHECK(kernel.current == world_thread(n));
    syscall(seL4_SysRecv, endpoint, WORLD_REPLY + n, 0);
    world_wake_root();
    if (passive) {
        CHECK_EQ(world_invoke(WORLD_SC + n, seL4_SchedContextUnbind, 0, world_root_cnode, 0, NULL), seL4_NoError);
    }
}

static void run(unsigned n)
{
    CHECK_EQ(world_resume(n), seL4_NoError);
    world_root_waits();
    CHECK(kernel.current == world_thread(n));
}

/* ---- messages ---------------------------------------------------------------------------------------------------------------- */

static void words_arrive_and_no_more(void)
{
    for (unsigned length = 0; length <= 7; length++) {
        world_start();
        serve(B, WORLD_ENDPOINT, true);
        struct tcb *server = world_thread(B);
        for (unsigned i = 0; i < seL4_FastMessageRegisters; i++) {
            server->regs.x[REG_MESSAGE + i] = 7;
        }
        message_buffer(server, true)->msg[4] = 7;
        run(A);
        syscall(seL4_SysCall, WORLD_ENDPOINT + 4, 0, plain(9, length));
        CHECK(kernel.current == server);
        CHECK_EQ(server->regs.x[REG_CAP], 40);
        CHECK_EQ(server->regs.x[REG_INFO], plain(9, length));
        CHECK_EQ(server->regs.x[REG_MESSAGE], length > 0 ? 11 : 7);
        CHECK_EQ(server->regs.x[REG_MESSAGE + 3], length > 3 ? 44 : 7);
        CHECK_EQ(buffer_of(B)->msg[4], length > 4 ? 55 : 7);
    }
}

/* A client that offers one capability to a server with room for it. */
static void offer(uint64_t through, uint64_t offered)
{
    world_start();
    serve(B, WORLD_ENDPOINT, true);
    struct seL4_IPCBuffer *buffer = message_buffer(world_thread(B), true);
    buffer->receiveCNode = seL4_CapInitThreadCNode;
    buffer->receiveIndex = WORLD_FREE;
    buffer->receiveDepth = 64;
    run(A);
    struct world_call call = {.number = seL4_SysCall, .cap = through, .info = seL4_MessageInfo_new(1, 0, 1, 1), .extra = {offered}};
    world_call(&call);
    world_check("an offer");
    CHECK(kernel.current == world_thread(B));
}

static void a_capability_is_transferred(void)
{
    offer(WORLD_ENDPOINT, WORLD_FRAME);
    CHECK_EQ(world_thread(B)->regs.x[REG_INFO], seL4_MessageInfo_new(1, 0, 1, 1));
    CHECK_EQ(cap_type(world_slot(WORLD_FREE)->cap), CAP_FRAME);
    CHECK_EQ(cap_address(world_slot(WORLD_FREE)->cap), cap_address(world_slot(WORLD_FRAME)->cap));
}

static void a_capability_of_the_same_endpoint_arrives_as_its_badge(void)
{
    offer(WORLD_ENDPOINT, WORLD_ENDPOINT + 4);
    CHECK_EQ(world_thread(B)->regs.x[REG_INFO], seL4_MessageInfo_new(1, 1, 1, 1));
    CHECK_EQ(buffer_of(B)->caps_or_badges[0], 40);
    CHECK(slot_is_empty(world_slot(WORLD_FREE)));
}

static void without_grant_nothing_is_transferred(void)
{
    world_start();
    uint64_t mint[] = {WORLD_FREE + 1, 64, WORLD_ENDPOINT, 64, seL4_CanWrite | seL4_CanGrantReply, 5};
    CHECK_EQ(world_invoke(seL4_CapInitThreadCNode, seL4_CNodeMint, 6, mint, 1, world_root_cnode), seL4_NoError);
    serve(B, WORLD_ENDPOINT, true);
    struct seL4_IPCBuffer *buffer = message_buffer(world_thread(B), true);
    buffer->receiveCNode = seL4_CapInitThreadCNode;
    buffer->receiveIndex = WORLD_FREE;
    buffer->receiveDepth = 64;
    run(A);
    struct world_call call = {.number = seL4_SysCall, .cap = WORLD_FREE + 1, .info = seL4_MessageInfo_new(1, 0, 1, 1), .extra = {WORLD_FRAME}};
    world_call(&call);
    CHECK(kernel.current == world_thread(B));
    CHECK_EQ(world_thread(B)->regs.x[REG_INFO], plain(1, 1));
    CHECK(slot_is_empty(world_slot(WORLD_FREE)));
}

/* ---- calls through passive servers: the context goes along, and comes back ---------------------------------------------------------- */

static void start_chain(void)
{
    world_start();
    serve(C, WORLD_ENDPOINT + 1, true);
    serve(B, WORLD_ENDPOINT, true);
    run(A);
    syscall(seL4_SysCall, WORLD_ENDPOINT, 0, plain(0, 1));
    CHECK(kernel.current == world_thread(B));
    syscall(seL4_SysCall, WORLD_ENDPOINT + 1, 0, plain(0, 1));
    CHECK(kernel.current == world_thread(C));
}

static void a_context_is_lent_along_calls_and_returns(void)
{
    start_chain();
    CHECK(context(A)->tcb == world_thread(C));
    CHECK(world_thread(A)->sc == NULL && world_thread(B)->sc == NULL);
    syscall(seL4_SysReplyRecv, WORLD_ENDPOINT + 1, WORLD_REPLY + C, plain(3, 2));
    CHECK(kernel.current == world_thread(B));
    CHECK(context(A)->tcb == world_thread(B));
    CHECK_EQ(world_thread(B)->regs.x[REG_INFO], plain(3, 2));
    syscall(seL4_SysReplyRecv, WORLD_ENDPOINT, WORLD_REPLY + B, plain(4, 0));
    CHECK(kernel.current == world_thread(A));
    CHECK(context(A)->tcb == world_thread(A));
    CHECK(context(A)->reply == NULL);
}

static void a_context_goes_home_when_a_reply_is_deleted(void)
{
    start_chain();
    world_wake_root();
    CHECK_EQ(world_delete(WORLD_REPLY + C), seL4_NoError); /* the top of the stack: B stops, and has the context */
    world_check("delete the top");
    CHECK_EQ(world_thread(B)->state, THREAD_INACTIVE);
    CHECK(context(A)->tcb == world_thread(B));
    start_chain();
    world_wake_root();
    CHECK_EQ(world_delete(WORLD_REPLY + B), seL4_NoError); /* below it: A stops, C keeps the context and owes B only */
    world_check("delete below the top");
    CHECK_EQ(world_thread(A)->state, THREAD_INACTIVE);
    CHECK(context(A)->tcb == world_thread(C));
    world_root_waits();
    CHECK(kernel.current == world_thread(C));
    syscall(seL4_SysReplyRecv, WORLD_ENDPOINT + 1, WORLD_REPLY + C, plain(0, 0));
    CHECK(kernel.current == world_thread(B));
}

static void a_caller_that_is_suspended_leaves_its_context_behind(void)
{
    start_chain();
    world_wake_root();
    CHECK_EQ(world_suspend(A), seL4_NoError);
    world_check("suspend a caller");
    CHECK(context(A)->tcb == world_thread(C));
    CHECK(world_thread(A)->reply == NULL);
}

/* ---- queues -------------------------------------------------------------------------------------------------------------------------- */

static void senders_are_served_by_priority(void)
{
    static const unsigned order[] = {LAST - 2, A, C};
    world_start();
    for (unsigned i = 0; i < ARRAY_LEN(order); i++) {
        run(order[i]);
        syscall(seL4_SysSend, WORLD_ENDPOINT, 0, plain(order[i], 0));
        world_wake_root();
    }
    uint64_t priority[] = {101};
    uint64_t authority[] = {seL4_CapInitThreadTCB}; /* the most important one becomes the least important */
    CHECK_EQ(world_invoke(WORLD_TCB + C, seL4_TCBSetPriority, 1, priority, 1, authority), seL4_NoError);
    world_check("a priority changes in the queue");
    run(2);
    static const unsigned served[] = {3, 1, 4};
    for (unsigned i = 0; i < ARRAY_LEN(served); i++) {
        struct tcb *t = world_thread(2);
        while (kernel.current != t && kernel.current != &kernel.idle_tcb) { /* a sender that was served is more important */
            syscall(seL4_SysRecv, WORLD_ENDPOINT + 2, WORLD_REPLY, 0);
        }
        syscall(seL4_SysNBRecv, WORLD_ENDPOINT, WORLD_REPLY + 2, 0);
        CHECK_EQ(seL4_MessageInfo_label(t->regs.x[REG_INFO]), served[i]);
    }
}

static void sends_with_a_badge_are_cancelled(void)
{
    world_start();
    run(A);
    syscall(seL4_SysSend, WORLD_ENDPOINT + 4, 0, plain(0, 0));
    world_wake_root();
    run(B);
    syscall(seL4_SysSend, WORLD_ENDPOINT, 0, plain(0, 0));
    world_wake_root();
    uint64_t where[] = {WORLD_ENDPOINT + 4, 64};
    CHECK_EQ(world_invoke(seL4_CapInitThreadCNode, seL4_CNodeCancelBadgedSends, 2, where, 0, NULL), seL4_NoError);
    world_check("cancel");
    CHECK_EQ(world_thread(A)->state, THREAD_RESTART);
    CHECK_EQ(world_thread(B)->state, THREAD_BLOCKED_SEND);
}

static void those_who_wait_start_again_when_the_object_goes(void)
{
    world_start();
    run(A);
    uint64_t svc = world_thread(A)->regs.pc;
    syscall(seL4_SysWait, WORLD_NOTIFICATION + 1, 0, 0);
    CHECK_EQ(world_thread(A)->state, THREAD_BLOCKED_NOTIFICATION);
    world_wake_root();
    CHECK_EQ(world_delete(WORLD_NOTIFICATION + 1), seL4_NoError);
    CHECK_EQ(world_delete(WORLD_HANDLER + 1), seL4_NoError);
    world_check("the notification is gone");
    CHECK_EQ(world_thread(A)->state, THREAD_RESTART);
    world_root_waits();
    CHECK(kernel.current == world_thread(A));
    CHECK_EQ(world_thread(A)->regs.pc, svc);
}

/* ---- notifications ---------------------------------------------------------------------------------------------------------------------- */

static void a_signal_reaches_a_thread_that_receives(void)
{
    world_start();
    run(C); /* bound to the third notification */
    syscall(seL4_SysRecv, WORLD_ENDPOINT, WORLD_REPLY, 0);
    world_wake_root();
    uint64_t mint[] = {WORLD_FREE, 64, WORLD_NOTIFICATION + 2, 64, seL4_AllRights, 32};
    CHECK_EQ(world_invoke(seL4_CapInitThreadCNode, seL4_CNodeMint, 6, mint, 1, world_root_cnode), seL4_NoError);
    syscall(seL4_SysNBSend, WORLD_FREE, 0, 0);
    CHECK_EQ(world_thread(C)->state, THREAD_RUNNING);
    CHECK_EQ(world_thread(C)->regs.x[REG_CAP], 32);
    syscall(seL4_SysNBSend, WORLD_FREE, 0, 0); /* it does not wait: the signal is kept, and taken instead of a message */
    CHECK_EQ(world_thread(C)->regs.x[REG_CAP], 32);
    world_root_waits();
    CHECK(kernel.current == world_thread(C));
    syscall(seL4_SysRecv, WORLD_ENDPOINT, WORLD_REPLY, 0);
    CHECK(kernel.current == world_thread(C));
    CHECK_EQ(world_thread(C)->regs.x[REG_CAP], 32);
}

/* It answers, and takes the signal instead of waiting: no fast path may overlook it. */
static void a_signal_comes_before_the_next_message(void)
{
    world_start();
    serve(C, WORLD_ENDPOINT, false);
    run(A);
    syscall(seL4_SysCall, WORLD_ENDPOINT, 0, plain(0, 0));
    CHECK(kernel.current == world_thread(C));
    world_wake_root();
    syscall(seL4_SysNBSend, WORLD_NOTIFICATION + 2, 0, 0);
    world_root_waits();
    CHECK(kernel.current == world_thread(C));
    world_thread(C)->regs.x[REG_CAP] = 77;
    syscall(seL4_SysReplyRecv, WORLD_ENDPOINT, WORLD_REPLY + C, plain(5, 0));
    CHECK(kernel.current == world_thread(C)); /* more important than A */
    CHECK_EQ(world_thread(C)->regs.x[REG_CAP], 0); /* the badge of the signal, which is none */
    CHECK_EQ(world_thread(A)->state, THREAD_RUNNING);
    CHECK_EQ(world_thread(A)->regs.x[REG_INFO], plain(5, 0));
}

static void a_notification_lends_its_context(void)
{
    world_start();
    struct tcb *t = world_thread(A);
    run(A);
    syscall(seL4_SysWait, WORLD_NOTIFICATION + 1, 0, 0);
    world_wake_root();
    CHECK_EQ(world_invoke(WORLD_SC + A, seL4_SchedContextUnbind, 0, world_root_cnode, 0, NULL), seL4_NoError);
    CHECK(t->sc == NULL && context(LAST)->notification != NULL);
    syscall(seL4_SysNBSend, WORLD_NOTIFICATION + 1, 0, 0);
    CHECK(t->sc == context(LAST));
    world_root_waits();
    CHECK(kernel.current == t);
    syscall(seL4_SysWait, WORLD_NOTIFICATION + 1, 0, 0); /* it waits again: the context is given back */
    CHECK(t->sc == NULL && context(LAST)->tcb == NULL);
}

/* A passive server is bound to a notification that has a context: callers bring theirs, signals that one. */
static void a_server_has_a_context_for_signals(void)
{
    world_start();
    uint64_t notification[] = {WORLD_NOTIFICATION + 2};
    CHECK_EQ(world_invoke(WORLD_SC + LAST, seL4_SchedContextUnbind, 0, world_root_cnode, 0, NULL), seL4_NoError);
    CHECK_EQ(world_invoke(WORLD_SC + LAST, seL4_SchedContextBind, 0, world_root_cnode, 1, notification), seL4_NoError);
    serve(C, WORLD_ENDPOINT, true);
    struct tcb *server = world_thread(C);
    run(A);
    uint64_t fast = sim.fast_entries;
    syscall(seL4_SysCall, WORLD_ENDPOINT, 0, plain(0, 0));
    CHECK(kernel.current == server && server->sc == context(A));
    syscall(seL4_SysReplyRecv, WORLD_ENDPOINT, WORLD_REPLY + C, plain(6, 0));
    CHECK(kernel.current == world_thread(A) && world_thread(A)->sc == context(A));
    CHECK(server->sc == NULL && server->state == THREAD_BLOCKED_RECEIVE);
    CHECK_EQ(sim.fast_entries, fast + 2);
    syscall(seL4_SysCall, WORLD_ENDPOINT, 0, plain(0, 0));
    world_wake_root();
    syscall(seL4_SysNBSend, WORLD_NOTIFICATION + 2, 0, 0); /* the server runs for A: the signal waits */
    world_root_waits();
    CHECK(kernel.current == server && server->sc == context(A));
    syscall(seL4_SysReplyRecv, WORLD_ENDPOINT, WORLD_REPLY + C, plain(7, 0));
    CHECK(kernel.current == server && server->sc == context(LAST)); /* A has its own back, the signal brought this one */
    CHECK(world_thread(A)->sc == context(A));
    syscall(seL4_SysRecv, WORLD_ENDPOINT, WORLD_REPLY + C, 0);
    CHECK(server->sc == NULL && context(LAST)->tcb == NULL); /* given back before it waits */
    CHECK(kernel.current == world_thread(A));
    CHECK_EQ(world_thread(A)->regs.x[REG_INFO], plain(7, 0));
}

/* ---- time --------------------------------------------------------------------------------------------------------------------------------- */

static void a_context_pays_for_what_its_thread_uses(void)
{
    world_start();
    struct sched_context *sc = context(A); /* 1500 us in 10000 */
    run(A);
    world_wait(arch_ticks_from_us(700));
    syscall(seL4_SysRecv, WORLD_ENDPOINT, WORLD_REPLY, 0);
    ticks_t used = sc->consumed;
    CHECK(used >= arch_ticks_from_us(700) && used < arch_ticks_from_us(710));
    CHECK_EQ(sc->refill_count, 2);
    const struct refill *later = &sc->refills[(sc->refill_head + 1) % sc->refill_max];
    CHECK_EQ(later->amount, used);
    CHECK_EQ(sc->refills[sc->refill_head].amount, sc->budget - used);
}

static void a_lent_context_pays_as_well(void)
{
    world_start();
    serve(B, WORLD_ENDPOINT, true);
    run(A);
    syscall(seL4_SysCall, WORLD_ENDPOINT, 0, plain(0, 0));
    CHECK(kernel.current == world_thread(B));
    world_wait(arch_ticks_from_us(900));
    syscall(seL4_SysReplyRecv, WORLD_ENDPOINT, WORLD_REPLY + B, plain(0, 0));
    CHECK(kernel.current == world_thread(A));
    syscall(seL4_SysRecv, WORLD_ENDPOINT + 1, WORLD_REPLY, 0);
    CHECK(context(A)->consumed >= arch_ticks_from_us(900));
}

/* Thread 1 has a timeout handler at the third endpoint, by its badge 42. */
static void a_timeout_is_told(void)
{
    world_start();
    run(A);
    world_wake_root();
    serve(B, WORLD_ENDPOINT + 2, false);
    world_root_waits();
    CHECK(kernel.current == world_thread(A));
    world_wait(arch_ticks_from_us(1500));
    world_check("a timeout");
    const struct tcb *handler = world_thread(B);
    CHECK(kernel.current == handler);
    CHECK_EQ(handler->regs.x[REG_CAP], 42);
    CHECK_EQ(handler->regs.x[REG_INFO], plain(seL4_Fault_Timeout, seL4_Timeout_Length));
    CHECK_EQ(handler->regs.x[REG_MESSAGE + seL4_Timeout_Data], 71);
    CHECK(handler->regs.x[REG_MESSAGE + seL4_Timeout_Consumed] >= 1500);
    CHECK_EQ(world_thread(A)->state, THREAD_BLOCKED_REPLY);
    /* Answered, but without a budget: it waits for its refill. */
    syscall(seL4_SysReplyRecv, WORLD_ENDPOINT + 2, WORLD_REPLY + B, plain(0, 0));
    CHECK(world_thread(A)->in_release_queue);
    CHECK(kernel.current == &kernel.idle_tcb);
    world_wait(arch_ticks_from_us(9000));
    CHECK(kernel.current == world_thread(A));
}

static void a_fast_call_does_not_outlive_the_budget(void)
{
    world_start();
    serve(B, WORLD_ENDPOINT, true);
    run(A);
    unsigned calls = 0;
    for (; calls < 10000 && (kernel.current == world_thread(A) || kernel.current == world_thread(B)); calls++) {
        sim_advance(arch_ticks_from_us(1));
        if (arch_interrupt_is_pending()) {
            world_wait(0);
        } else if (kernel.current == world_thread(A)) {
            syscall(seL4_SysCall, WORLD_ENDPOINT, 0, plain(0, 0));
        } else {
            syscall(seL4_SysReplyRecv, WORLD_ENDPOINT, WORLD_REPLY + B, plain(0, 0));
        }
    }
    CHECK(kernel.current == &kernel.idle_tcb);
    CHECK(calls > 1400 && calls < 1530);
}

/* ---- domains -------------------------------------------------------------------------------------------------------------------------------- */

static void domains_take_turns(void)
{
    world_start();
    uint64_t thread[] = {WORLD_TCB + C};
    uint64_t domain[] = {1};
    CHECK_EQ(world_invoke(seL4_CapDomain, seL4_DomainSetSet, 1, domain, 1, thread), seL4_NoError);
    for (uint64_t i = 0; i < 2; i++) {
        uint64_t entry[] = {i, i, arch_ticks_from_us(400)};
        CHECK_EQ(world_invoke(seL4_CapDomain, seL4_DomainScheduleConfigure, 3, entry, 0, NULL), seL4_NoError);
    }
    CHECK_EQ(world_resume(0), seL4_NoError);
    CHECK_EQ(world_resume(C), seL4_NoError);
    uint64_t first[] = {0};
    CHECK_EQ(world_invoke(seL4_CapDomain, seL4_DomainScheduleSetStart, 1, first, 0, NULL), seL4_NoError);
    world_root_waits();
    CHECK(kernel.current == world_thread(0)); /* less important, but of the domain */
    world_check("the first turn");
    for (unsigned turn = 0; turn < 4; turn++) {
        world_wait(arch_ticks_from_us(400));
        world_check("a turn");
        CHECK_EQ(kernel.domain, turn % 2 == 0);
        CHECK(kernel.current == world_thread(turn % 2 == 0 ? C : 0));
    }
}

int main(void)
{
    static const struct unit_case cases[] = {
        {"ipc: the words of a message arrive, and no others", words_arrive_and_no_more},
        {"ipc: a capability is transferred", a_capability_is_transferred},
        {"ipc: a capability of the same endpoint arrives as its badge", a_capability_of_the_same_endpoint_arrives_as_its_badge},
        {"ipc: without grant nothing is transferred", without_grant_nothing_is_transferred},
        {"ipc: a context is lent along calls and returns", a_context_is_lent_along_calls_and_returns},
        {"ipc: a context goes home when a reply is deleted", a_context_goes_home_when_a_reply_is_deleted},
        {"ipc: a caller that is suspended leaves its context behind", a_caller_that_is_suspended_leaves_its_context_behind},
        {"ipc: senders are served by priority", senders_are_served_by_priority},
        {"ipc: sends with a badge are cancelled", sends_with_a_badge_are_cancelled},
        {"ipc: those who wait start again when the object goes", those_who_wait_start_again_when_the_object_goes},
        {"ipc: a signal reaches a thread that receives", a_signal_reaches_a_thread_that_receives},
        {"ipc: a signal comes before the next message", a_signal_comes_before_the_next_message},
        {"ipc: a notification lends its context", a_notification_lends_its_context},
        {"ipc: a server has a context for signals", a_server_has_a_context_for_signals},
        {"time: a context pays for what its thread uses", a_context_pays_for_what_its_thread_uses},
        {"time: a lent context pays as well", a_lent_context_pays_as_well},
        {"time: a timeout is told", a_timeout_is_told},
        {"time: a fast call does not outlive the budget", a_fast_call_does_not_outlive_the_budget},
        {"time: domains take turns", domains_take_turns},
    };
    return UNIT_MAIN(cases);
}
