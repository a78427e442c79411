/* SPDX-License-Identifier: MIT */
/**
 * Shows what threads without buffers, without rights and without time get from a system call, what faults say and which answers
 * they take, and what happens to objects that end while they are in use.
 */
#include "api/message.h"
#include "api/syscall.h"
#include "arch.h"
#include "check/world.h"
#include "object/cspace.h"
#include "object/ipc.h"
#include "sched/refill.h"
#include "sched/sched.h"
#include "unit.h"

enum { A = 1, B = 3, C = 4, FREE = WORLD_FREE, HANDLED = WORLD_ENDPOINT + 3 }; /* faults go to HANDLED; A, B, C by rising priority */
#define NOWHERE (1ull << 40)
#define ROOT_CNODE seL4_CapInitThreadCNode
#define LIST(...) ((const uint64_t[]){__VA_ARGS__})

static void syscall(int64_t number, uint64_t cap, uint64_t reply, uint64_t info)
{
    struct world_call call = {.number = number, .cap = cap, .reply = reply, .info = info, .word = {11, 22, 33, 44, 55, 66, 77, 88}};
    world_call(&call);
    world_check("a system call");
}

static uint64_t plain(uint64_t label, uint64_t words)
{
    return seL4_MessageInfo_new(label, 0, 0, words);
}

static uint64_t cnode(uint64_t label, unsigned words, const uint64_t *word)
{
    return world_invoke(ROOT_CNODE, label, words, word, 1, world_root_cnode);
}

static uint64_t mint(uint64_t to, uint64_t from, uint64_t rights)
{
    return cnode(seL4_CNodeMint, 6, LIST(to, 64, from, 64, rights, 0));
}

static void without_buffer(unsigned n)
{
    CHECK_EQ(world_invoke(WORLD_TCB + n, seL4_TCBSetIPCBuffer, 1, LIST(0), 1, LIST(WORLD_FRAME)), seL4_NoError);
}

static struct sched_context *context(unsigned n)
{
    return kptr(cap_address(world_slot(WORLD_SC + n)->cap));
}

/* Thread n runs, and makes a system call that it waits in; the root runs again. */
static void waits_in(unsigned n, int64_t number, uint64_t cap, uint64_t info)
{
    CHECK_EQ(world_resume(n), seL4_NoError);
    world_root_waits();
    CHECK(kernel.current == world_thread(n));
    syscall(number, cap, WORLD_REPLY + n, info);
    world_wake_root();
}

static void run(unsigned n)
{
    CHECK_EQ(world_resume(n), seL4_NoError);
    world_root_waits();
    CHECK(kernel.current == world_thread(n));
}

/* ---- buffers -------------------------------------------------------------------------------------------------------------------- */

/* Whose buffer is missing, and whether the receiver waits already. */
static void short_messages(bool sender_has_one, bool receiver_waits)
{
    world_start();
    without_buffer(sender_has_one ? B : A);
    uint64_t info = seL4_MessageInfo_new(5, 0, sender_has_one ? 1 : 0, 8);
    if (receiver_waits) {
        waits_in(B, seL4_SysRecv, WORLD_ENDPOINT, 0);
        run(A);
        syscall(seL4_SysCall, WORLD_ENDPOINT, 0, info);
    } else {
        waits_in(A, seL4_SysCall, WORLD_ENDPOINT, info);
        run(B);
        syscall(seL4_SysRecv, WORLD_ENDPOINT, WORLD_REPLY + B, 0);
    }
    CHECK(kernel.current == world_thread(B));
    CHECK_EQ(world_thread(B)->regs.x[REG_INFO], plain(5, 4));
    CHECK_EQ(world_thread(B)->regs.x[REG_MESSAGE + 3], 44);
    /* The answer is as short. */
    syscall(seL4_SysReplyRecv, WORLD_ENDPOINT, WORLD_REPLY + B, plain(6, 8));
    CHECK_EQ(world_thread(A)->regs.x[REG_INFO], plain(6, 4));
}

static void without_a_buffer_messages_are_short(void)
{
    for (unsigned i = 0; i < 4; i++) {
        short_messages(i % 2 != 0, i / 2 != 0);
    }
    world_start(); /* capabilities that nobody can name */
    without_buffer(A);
    waits_in(B, seL4_SysRecv, WORLD_ENDPOINT, 0);
    run(A);
    syscall(seL4_SysSend, WORLD_ENDPOINT, 0, seL4_MessageInfo_new(1, 0, 2, 1));
    CHECK_EQ(world_thread(B)->regs.x[REG_INFO], plain(1, 1));
    world_start(); /* a message that is longer than any */
    waits_in(B, seL4_SysRecv, WORLD_ENDPOINT, 0);
    run(A);
    syscall(seL4_SysCall, WORLD_ENDPOINT, 0, plain(1, 127));
    CHECK_EQ(world_thread(B)->regs.x[REG_INFO], plain(1, seL4_MsgMaxLength));
}

static void without_a_buffer_results_are_cut(void)
{
    world_start();
    without_buffer(A);
    run(A);
    syscall(seL4_SysCall, WORLD_TCB + B, 0, plain(seL4_TCBReadRegisters, 2)); /* of 22 registers, from word 11 on: see syscall() */
    CHECK_EQ(seL4_MessageInfo_label(world_thread(A)->regs.x[REG_INFO]), seL4_NoError);
    CHECK_EQ(seL4_MessageInfo_length(world_thread(A)->regs.x[REG_INFO]), seL4_FastMessageRegisters);
    syscall(seL4_SysCall, WORLD_TCB + B, 0, plain(seL4_TCBWriteRegisters, 8)); /* 22 words are more than there are */
    CHECK_EQ(seL4_MessageInfo_label(world_thread(A)->regs.x[REG_INFO]), seL4_TruncatedMessage);
    syscall(seL4_SysCall, WORLD_FRAME, 0, seL4_MessageInfo_new(seL4_ARMPageMap, 0, 1, 3));
    CHECK_EQ(seL4_MessageInfo_label(world_thread(A)->regs.x[REG_INFO]), seL4_TruncatedMessage);
    syscall(seL4_SysCall, WORLD_TCB + B, 0, plain(seL4_TCBSuspend, 2)); /* two words do not matter */
    CHECK_EQ(seL4_MessageInfo_label(world_thread(A)->regs.x[REG_INFO]), seL4_NoError);
}

/* ---- capabilities in messages ------------------------------------------------------------------------------------------------------ */

/* B offers a place, A sends one capability: the number of those that arrive. The offer changes while A waits, if it is to. */
static uint64_t transferred(uint64_t offered, uint64_t changed_to)
{
    world_start();
    struct tcb *receiver = world_thread(B);
    struct seL4_IPCBuffer *place = message_buffer(receiver, true);
    *place = (struct seL4_IPCBuffer){.receiveCNode = ROOT_CNODE, .receiveIndex = FREE, .receiveDepth = 64};
    CHECK_EQ(world_resume(A), seL4_NoError);
    world_root_waits();
    struct world_call send = {.number = seL4_SysSend, .cap = WORLD_ENDPOINT, .info = seL4_MessageInfo_new(1, 0, 1, 1), .extra = {offered}};
    world_call(&send);
    message_buffer(world_thread(A), true)->caps_or_badges[0] = changed_to;
    world_wake_root();
    run(B);
    place->receiveCNode = ROOT_CNODE;
    struct world_call receive = {.number = seL4_SysRecv, .cap = WORLD_ENDPOINT, .reply = WORLD_REPLY + B};
    world_call(&receive);
    world_check("a transfer");
    CHECK(slot_is_empty(world_slot(FREE)) == (seL4_MessageInfo_extraCaps(receiver->regs.x[REG_INFO]) == 0));
    return seL4_MessageInfo_extraCaps(receiver->regs.x[REG_INFO]);
}

static unsigned untyped_with_children(void)
{
    unsigned found = 0;
    for (unsigned i = seL4_NumInitialCaps; i < WORLD_UNTYPED; i++) {
        found = cap_type(world_slot(i)->cap) == CAP_UNTYPED && slot_has_children(world_slot(i)) ? i : found;
    }
    return found;
}

static void what_cannot_be_copied_is_not_transferred(void)
{
    CHECK_EQ(transferred(WORLD_FRAME, WORLD_FRAME), 1);
    CHECK_EQ(transferred(WORLD_FRAME, NOWHERE), 0);
    CHECK_EQ(transferred(WORLD_FRAME, FREE + 1), 0);
    CHECK_EQ(transferred(seL4_CapIRQControl, seL4_CapIRQControl), 0);
    CHECK_EQ(transferred(untyped_with_children(), untyped_with_children()), 0);
}

static void a_call_without_the_right_to_an_answer_stops_the_caller(void)
{
    for (unsigned i = 0; i < 4; i++) { /* the receiver waits already or not; with and without GrantReply */
        world_start();
        bool may_reply = i % 2 != 0;
        CHECK_EQ(mint(FREE, WORLD_ENDPOINT, seL4_CanWrite | (may_reply ? seL4_CanGrantReply : 0)), seL4_NoError);
        if (i < 2) {
            waits_in(B, seL4_SysRecv, WORLD_ENDPOINT, 0);
            run(A);
            syscall(seL4_SysCall, FREE, 0, plain(1, 1));
        } else {
            waits_in(A, seL4_SysCall, FREE, plain(1, 1));
            run(B);
            syscall(seL4_SysRecv, WORLD_ENDPOINT, WORLD_REPLY + B, 0);
        }
        CHECK(kernel.current == world_thread(B));
        CHECK_EQ(world_thread(A)->state, may_reply ? THREAD_BLOCKED_REPLY : THREAD_INACTIVE);
    }
    world_start(); /* the receiver has no reply object */
    waits_in(B, seL4_SysWait, WORLD_ENDPOINT, 0);
    run(A);
    syscall(seL4_SysCall, WORLD_ENDPOINT, 0, plain(1, 1));
    CHECK_EQ(world_thread(A)->state, THREAD_INACTIVE);
}

/* ---- addresses that name nothing, rights that are missing ---------------------------------------------------------------------------- */

static void receiving_from_nothing_is_a_fault(void)
{
    static const struct {
        int64_t number;
        uint64_t cap;
        uint64_t reply;
    } calls[] = {
        {seL4_SysRecv, NOWHERE, WORLD_REPLY},           {seL4_SysRecv, FREE, WORLD_REPLY},
        {seL4_SysRecv, WORLD_ENDPOINT, NOWHERE},        {seL4_SysRecv, WORLD_ENDPOINT, WORLD_FRAME},
        {seL4_SysWait, WORLD_NOTIFICATION_NO_RECEIVE, 0}, {seL4_SysReplyRecv, NOWHERE, WORLD_REPLY},
        {seL4_SysReplyRecv, FREE, WORLD_REPLY},         {seL4_SysReplyRecv, WORLD_ENDPOINT, NOWHERE},
        {seL4_SysSend, NOWHERE, 0},                     {seL4_SysCall, NOWHERE, 0},
        {seL4_SysRecv, WORLD_FRAME, WORLD_REPLY},
    };
    for (unsigned i = 0; i < ARRAY_LEN(calls); i++) {
        world_start();
        CHECK_EQ(mint(FREE, WORLD_ENDPOINT, seL4_CanWrite | seL4_CanGrant), seL4_NoError);
        waits_in(B, seL4_SysRecv, HANDLED, 0);
        run(A);
        syscall(calls[i].number, calls[i].cap, calls[i].reply, plain(0, 0));
        CHECK(kernel.current == world_thread(B) && world_thread(A)->state == THREAD_BLOCKED_REPLY);
        CHECK_EQ(seL4_MessageInfo_label(world_thread(B)->regs.x[REG_INFO]), seL4_Fault_CapFault);
    }
    world_start(); /* who does not want to wait is not told */
    run(A);
    syscall(seL4_SysNBSend, NOWHERE, 0, plain(0, 0));
    CHECK(kernel.current == world_thread(A));
    struct world_call call = {.number = seL4_SysNBSend, .cap = WORLD_ENDPOINT, .info = seL4_MessageInfo_new(0, 0, 1, 0), .extra = {NOWHERE}};
    world_call(&call);
    CHECK(kernel.current == world_thread(A));
    struct world_call map = {.number = seL4_SysCall, .cap = WORLD_FRAME, .info = seL4_MessageInfo_new(seL4_ARMPageMap, 0, 1, 3), .extra = {NOWHERE}};
    world_call(&map);
    CHECK_EQ(world_thread(A)->state, THREAD_BLOCKED_SEND); /* this is a fault, and nobody handles it yet */
}

static void nothing_at_all_happens(void)
{
    world_start();
    enter_interrupt(); /* it went away before it was taken */
    CHECK(kernel.current == world_root());
    world_check("no interrupt");
    CHECK_EQ(mint(FREE, WORLD_NOTIFICATION, seL4_CanRead), seL4_NoError); /* an interrupt with nobody to tell */
    sim.irq_pending[120] = true;
    world_wait(1);
    CHECK(sim.irq_masked[120]);
    world_slot(WORLD_FREE + 1)->cap = cap_null();
    kernel.irq_slots[32].cap = cap_without(kernel.irq_slots[32].cap, RIGHT_SEND); /* as if it were set without the right */
    sim.irq_pending[32] = true;
    world_wait(1);
    CHECK(sim.irq_masked[32]);
    world_check("interrupts");
}

/* ---- faults ------------------------------------------------------------------------------------------------------------------------------ */

static void start_fault(bool handler_has_buffer)
{
    world_start();
    if (!handler_has_buffer) {
        without_buffer(B);
    }
    waits_in(B, seL4_SysRecv, HANDLED, 0);
    run(A);
}

static void exceptions_are_told_and_answered(void)
{
    for (unsigned length = 0; length < 6; length++) {
        start_fault(true);
        struct tcb *t = world_thread(A);
        const struct tcb *handler = world_thread(B);
        uint64_t sp = t->regs.sp;
        t->regs.fault_pc = t->regs.pc;
        enter_user_exception(7, 9);
        world_check("an exception");
        CHECK(kernel.current == handler);
        CHECK_EQ(handler->regs.x[REG_INFO], plain(seL4_Fault_UserException, seL4_UserException_Length));
        CHECK_EQ(handler->regs.x[REG_MESSAGE + seL4_UserException_Number], 7);
        CHECK_EQ(message_buffer(handler, false)->msg[seL4_UserException_Code], 9);
        syscall(seL4_SysReplyRecv, HANDLED, WORLD_REPLY + B, plain(length == 5, length));
        CHECK_EQ(t->state, length == 5 ? THREAD_INACTIVE : THREAD_RUNNING);
        CHECK_EQ(t->regs.fault_pc, length >= 1 ? 11 : t->regs.fault_pc);
        CHECK_EQ(t->regs.sp, length >= 2 ? 22 : sp);
        CHECK_EQ(t->regs.x[0], 0); /* only the first three words are taken */
    }
}

static void unknown_calls_are_told_and_answered(void)
{
    start_fault(true);
    struct tcb *t = world_thread(A);
    struct tcb *handler = world_thread(B);
    uint64_t svc = t->regs.pc;
    syscall(-99, 1, 2, 3);
    CHECK(kernel.current == handler);
    const struct seL4_IPCBuffer *buffer = message_buffer(handler, false);
    CHECK_EQ(seL4_MessageInfo_label(handler->regs.x[REG_INFO]), seL4_Fault_UnknownSyscall);
    CHECK_EQ(buffer->msg[seL4_UnknownSyscall_FaultIP], svc);
    CHECK_EQ(buffer->msg[seL4_UnknownSyscall_LR], svc + 4);
    CHECK_EQ((int64_t)buffer->msg[seL4_UnknownSyscall_Syscall], -99);
    struct seL4_IPCBuffer *out = message_buffer(handler, true);
    out->msg[seL4_UnknownSyscall_FaultIP] = 0x6000;
    out->msg[seL4_UnknownSyscall_SP] = 0x7000;
    out->msg[seL4_UnknownSyscall_LR] = 0x8000;
    out->msg[seL4_UnknownSyscall_SPSR] = UINT64_MAX;
    syscall(seL4_SysReplyRecv, HANDLED, WORLD_REPLY + B, plain(0, seL4_UnknownSyscall_Length));
    CHECK(kernel.current == t);
    CHECK_EQ(t->regs.sp, 0x7000);
    CHECK_EQ(t->regs.pc, 0x6000); /* it starts again there */
    CHECK_EQ(t->regs.spsr, 0xf0000000 | ARCH_USER_SPSR);
    start_fault(false); /* a handler without a buffer sees the first words */
    syscall(-99, 1, 2, 3);
    CHECK(kernel.current == world_thread(B));
    CHECK_EQ(world_thread(B)->regs.x[REG_MESSAGE], 1);
    /* Its answer is as short, whatever it says. */
    syscall(seL4_SysReplyRecv, HANDLED, WORLD_REPLY + B, plain(0, 6));
    CHECK(kernel.current == world_thread(A));
    CHECK_EQ(world_thread(A)->regs.x[3], 44);
    CHECK_EQ(world_thread(A)->regs.x[4], 0);
}

static void a_timeout_is_answered_with_registers(void)
{
    for (unsigned length = 3; length < 120; length += 40) {
        world_start();
        CHECK_EQ(world_invoke(WORLD_TCB + A, seL4_TCBSetTimeoutEndpoint, 0, world_root_cnode, 1, LIST(HANDLED)), seL4_NoError);
        waits_in(B, seL4_SysRecv, HANDLED, 0);
        run(A);
        world_wait(arch_ticks_from_us(1600));
        CHECK(kernel.current == world_thread(B) && world_thread(A)->state == THREAD_BLOCKED_REPLY);
        CHECK_EQ(seL4_MessageInfo_label(world_thread(B)->regs.x[REG_INFO]), seL4_Fault_Timeout);
        struct seL4_IPCBuffer *out = message_buffer(world_thread(B), true);
        memset(out->msg, 0, sizeof out->msg);
        syscall(seL4_SysReplyRecv, HANDLED, WORLD_REPLY + B, plain(0, length));
        CHECK_EQ(world_thread(A)->regs.sp, 22);
        CHECK(world_thread(A)->in_release_queue); /* answered, and without time until its refill */
        world_check("an answer to a timeout");
    }
}

/* ---- time ----------------------------------------------------------------------------------------------------------------------------------- */

static void a_call_without_time_is_made_again(void)
{
    world_start();
    run(C);
    uint64_t svc = world_thread(C)->regs.pc;
    sim.time += arch_ticks_from_us(2995); /* no interrupt yet */
    syscall(seL4_SysRecv, WORLD_ENDPOINT, WORLD_REPLY, 0);
    CHECK(world_thread(C)->in_release_queue);
    CHECK(kernel.current == &kernel.idle_tcb);
    world_wait(arch_ticks_from_us(10000));
    CHECK(kernel.current == world_thread(C));
    CHECK_EQ(world_thread(C)->regs.pc, svc);
    sim.time += arch_ticks_from_us(2995);
    world_fault(0x1000, false);
    CHECK(world_thread(C)->in_release_queue && world_thread(C)->fault.type == seL4_Fault_NullFault);
}

/* A server uses up the context that it was lent; then somebody else answers. The caller gets it back, and waits for its refill, or
   its timeout handler is told. */
static void an_answer_finds_no_budget(void)
{
    for (unsigned n = A; n <= C; n += C - A) { /* A has a timeout handler, C has none */
        world_start();
        waits_in(B, seL4_SysRecv, WORLD_ENDPOINT, 0);
        CHECK_EQ(world_invoke(WORLD_SC + B, seL4_SchedContextUnbind, 0, world_root_cnode, 0, NULL), seL4_NoError);
        run(n);
        syscall(seL4_SysCall, WORLD_ENDPOINT, 0, plain(1, 1));
        CHECK(kernel.current == world_thread(B) && context(n)->tcb == world_thread(B));
        world_wait(arch_ticks_from_us(3100));
        CHECK(world_thread(B)->in_release_queue);
        world_wake_root();
        syscall(seL4_SysSend, WORLD_REPLY + B, 0, plain(0, 0));
        CHECK(world_thread(B)->sc == NULL && world_thread(n)->sc == context(n));
        CHECK(world_thread(n)->in_release_queue == (n == C));
        CHECK_EQ(world_thread(n)->state, n == C ? THREAD_RUNNING : THREAD_BLOCKED_SEND);
        CHECK_EQ(world_thread(n)->fault.type, n == C ? seL4_Fault_NullFault : seL4_Fault_Timeout);
    }
}

/* Equals take turns when they yield; somebody whose refill is due comes first. */
static void equals_take_turns(void)
{
    world_start();
    CHECK_EQ(world_invoke(WORLD_TCB + B, seL4_TCBSetPriority, 1, LIST(100), 1, LIST(seL4_CapInitThreadTCB)), seL4_NoError);
    CHECK_EQ(world_resume(B), seL4_NoError);
    CHECK_EQ(world_resume(0), seL4_NoError);
    world_root_waits();
    const struct tcb *first = kernel.current;
    const struct tcb *second = first == world_thread(0) ? world_thread(B) : world_thread(0);
    CHECK(second->in_ready_queue);
    for (unsigned i = 0; i < 4; i++) { /* the first time each is there to start its instruction again */
        syscall(seL4_SysYield, 0, 0, 0);
        CHECK(kernel.current == (i % 2 == 0 ? second : first));
    }
}

static void a_due_refill_comes_before_a_call(void)
{
    world_start();
    waits_in(B, seL4_SysRecv, WORLD_ENDPOINT, 0);
    CHECK_EQ(world_resume(C), seL4_NoError);
    run(C);
    world_wait(arch_ticks_from_us(3100));
    CHECK(world_thread(C)->in_release_queue);
    world_wake_root();
    run(A);
    sim.time = refill_head(context(C))->time + 10; /* and no interrupt yet */
    kernel.consumed = 0;
    kernel.now = sim.time; /* as if A had slept: its budget is there */
    syscall(seL4_SysCall, WORLD_ENDPOINT, 0, plain(1, 1));
    CHECK(kernel.current == world_thread(C));
    CHECK_EQ(world_thread(A)->state, THREAD_BLOCKED_REPLY);
    world_check("a due refill");
}

/* ---- ends of what is in use --------------------------------------------------------------------------------------------------------------------- */

static void objects_end_in_every_state(void)
{
    world_start(); /* unused ones */
    CHECK_EQ(world_delete(WORLD_REPLY), seL4_NoError);
    CHECK_EQ(world_delete(WORLD_HANDLER + 1), seL4_NoError);
    CHECK_EQ(world_delete(WORLD_NOTIFICATION + 1), seL4_NoError);
    CHECK_EQ(world_delete(WORLD_TCB + C), seL4_NoError);
    CHECK_EQ(world_delete(WORLD_SC + C), seL4_NoError);
    CHECK_EQ(world_invoke(WORLD_TCB + A, seL4_TCBSetSchedParams, 2, LIST(200, 100), 3, LIST(seL4_CapInitThreadTCB, FREE, FREE)), seL4_NoError);
    CHECK_EQ(world_delete(WORLD_TCB + A), seL4_NoError); /* without a context */
    world_check("ends of unused objects");
    world_start(); /* a reply that somebody waits with */
    waits_in(B, seL4_SysRecv, WORLD_ENDPOINT, 0);
    CHECK_EQ(world_delete(WORLD_REPLY + B), seL4_NoError);
    CHECK_EQ(world_thread(B)->state, THREAD_INACTIVE);
    world_check("the end of a reply");
    world_start(); /* an endpoint with a receiver that has a reply, and one that has none */
    waits_in(B, seL4_SysRecv, WORLD_ENDPOINT + 2, 0);
    waits_in(C, seL4_SysWait, WORLD_ENDPOINT + 2, 0);
    CHECK_EQ(world_invoke(WORLD_SC + C, seL4_SchedContextUnbind, 0, world_root_cnode, 0, NULL), seL4_NoError);
    CHECK_EQ(cnode(seL4_CNodeRevoke, 2, LIST(WORLD_ENDPOINT + 2, 64)), seL4_NoError);
    CHECK_EQ(world_delete(WORLD_ENDPOINT + 2), seL4_NoError);
    CHECK(world_thread(B)->state == THREAD_RESTART && world_thread(C)->state == THREAD_RESTART);
    CHECK(kernel.current == world_root());
    world_check("the end of an endpoint");
    world_start(); /* a notification with waiters, one of them without a context */
    waits_in(B, seL4_SysWait, WORLD_NOTIFICATION + 1, 0);
    waits_in(C, seL4_SysWait, WORLD_NOTIFICATION + 1, 0);
    CHECK_EQ(world_invoke(WORLD_SC + C, seL4_SchedContextUnbind, 0, world_root_cnode, 0, NULL), seL4_NoError);
    CHECK_EQ(world_invoke(WORLD_SC + C, seL4_SchedContextBind, 0, world_root_cnode, 1, LIST(WORLD_TCB + C)), seL4_NoError);
    CHECK_EQ(world_invoke(WORLD_SC + C, seL4_SchedContextUnbind, 0, world_root_cnode, 0, NULL), seL4_NoError);
    CHECK_EQ(cnode(seL4_CNodeRevoke, 2, LIST(WORLD_NOTIFICATION + 1, 64)), seL4_NoError);
    CHECK_EQ(world_delete(WORLD_NOTIFICATION + 1), seL4_NoError);
    CHECK(world_thread(B)->state == THREAD_RESTART && world_thread(C)->state == THREAD_RESTART);
    world_check("the end of a notification");
    world_start(); /* a context that is lent */
    CHECK_EQ(world_resume(B), seL4_NoError);
    waits_in(B, seL4_SysRecv, WORLD_ENDPOINT, 0);
    CHECK_EQ(world_invoke(WORLD_SC + B, seL4_SchedContextUnbind, 0, world_root_cnode, 0, NULL), seL4_NoError);
    waits_in(A, seL4_SysCall, WORLD_ENDPOINT, plain(1, 1));
    CHECK(context(A)->tcb == world_thread(B) && context(A)->reply != NULL);
    CHECK_EQ(world_delete(WORLD_SC + A), seL4_NoError);
    CHECK(world_thread(B)->sc == NULL);
    world_check("the end of a lent context");
    /* Its caller is answered, and has no time. */
    CHECK_EQ(world_invoke(WORLD_SC + B, seL4_SchedContextBind, 0, world_root_cnode, 1, LIST(WORLD_TCB + B)), seL4_NoError);
    world_root_waits();
    CHECK(kernel.current == world_thread(B));
    syscall(seL4_SysReplyRecv, WORLD_ENDPOINT, WORLD_REPLY + B, plain(2, 1));
    CHECK(world_thread(A)->state == THREAD_RUNNING && world_thread(A)->sc == NULL);
}

static void a_receiver_lets_go_of_an_older_call(void)
{
    world_start(); /* B owes A an answer through a reply, and receives through it again */
    waits_in(B, seL4_SysRecv, WORLD_ENDPOINT, 0);
    waits_in(A, seL4_SysCall, WORLD_ENDPOINT, plain(1, 1));
    CHECK_EQ(world_thread(A)->state, THREAD_BLOCKED_REPLY);
    world_root_waits();
    syscall(seL4_SysNBRecv, WORLD_ENDPOINT, WORLD_REPLY + B, 0);
    CHECK_EQ(world_thread(A)->state, THREAD_INACTIVE);
    world_wake_root();
    /* Sends with a badge are cancelled where nobody sends, and where another badge does. */
    CHECK_EQ(cnode(seL4_CNodeCancelBadgedSends, 2, LIST(WORLD_ENDPOINT + 4, 64)), seL4_NoError);
    CHECK_EQ(world_thread(B)->state, THREAD_RUNNING);
}

/* Zombies stand where an interrupted deletion stopped: nobody can use them. */
static void a_zombie_does_nothing(void)
{
    world_start();
    struct tcb *root = world_root();
    uint64_t svc = root->regs.pc;
    sim.irq_pending[33] = true;
    kernel.work_units = 99;
    struct world_call delete = {.number = seL4_SysCall, .cap = ROOT_CNODE, .info = plain(seL4_CNodeDelete, 2), .word = {WORLD_CNODE, 64}};
    world_call(&delete);
    CHECK_EQ(root->regs.pc, svc); /* it is to be made again */
    world_wait(0);
    CHECK_EQ(cap_type(world_slot(WORLD_CNODE)->cap), CAP_ZOMBIE);
    CHECK(slot_delete_is_long(world_slot(WORLD_CNODE)) && slot_delete_is_long(world_slot(WORLD_TCB)));
    CHECK_EQ(world_invoke(WORLD_CNODE, seL4_CNodeDelete, 2, LIST(0, 4), 0, NULL), seL4_InvalidCapability);
    CHECK_EQ(world_copy(WORLD_CNODE, FREE), seL4_IllegalOperation);
    CHECK_EQ(world_delete(WORLD_CNODE), seL4_NoError);
    CHECK(slot_is_empty(world_slot(WORLD_CNODE)));
}

int main(void)
{
    static const struct unit_case cases[] = {
        {"message: without a buffer messages are short", without_a_buffer_messages_are_short},
        {"message: without a buffer results are cut", without_a_buffer_results_are_cut},
        {"message: what cannot be copied is not transferred", what_cannot_be_copied_is_not_transferred},
        {"message: a call without the right to an answer stops the caller", a_call_without_the_right_to_an_answer_stops_the_caller},
        {"message: receiving from nothing is a fault", receiving_from_nothing_is_a_fault},
        {"message: nothing at all happens", nothing_at_all_happens},
        {"message: exceptions are told and answered", exceptions_are_told_and_answered},
        {"message: unknown calls are told and answered", unknown_calls_are_told_and_answered},
        {"message: a timeout is answered with registers", a_timeout_is_answered_with_registers},
        {"message: a call without time is made again", a_call_without_time_is_made_again},
        {"message: an answer finds no budget", an_answer_finds_no_budget},
        {"message: equals take turns", equals_take_turns},
        {"message: a due refill comes before a call", a_due_refill_comes_before_a_call},
        {"message: objects end in every state", objects_end_in_every_state},
        {"message: a receiver lets go of an older call", a_receiver_lets_go_of_an_older_call},
        {"message: a zombie does nothing", a_zombie_does_nothing},
    };
    return UNIT_MAIN(cases);
}
