/* SPDX-License-Identifier: MIT */
/** Shows that operations do what they say, where no other test does: registers, interrupts, yielding, ends of threads and contexts. */
#include "api/message.h"
#include "arch.h"
#include "check/world.h"
#include "object/vspace.h"
#include "sched/refill.h"
#include "unit.h"

enum { A = 1, B = 3, C = 4 };

static uint64_t invoke(uint64_t cap, uint64_t label, unsigned words, const uint64_t *word, unsigned extras, const uint64_t *extra)
{
    uint64_t error = world_invoke(cap, label, words, word, extras, extra);
    world_check("an invocation");
    return error;
}

#define INVOKE(cap, label, words, extras)                                                                              \
    invoke((cap), (label), sizeof(words) / sizeof((words)[0]), (words), sizeof(extras) / sizeof((extras)[0]), (extras))
#define INVOKE_PLAIN(cap, label) invoke((cap), (label), 0, world_root_cnode, 0, NULL)
#define LIST(...) ((const uint64_t[]){__VA_ARGS__})

static uint64_t answer(unsigned index)
{
    return message_word(world_root(), message_buffer(world_root(), false), index);
}

static struct sched_context *context(unsigned n)
{
    return kptr(cap_address(world_slot(WORLD_SC + n)->cap));
}

/* ---- threads --------------------------------------------------------------------------------------------------------------------- */

static void registers_are_read_written_and_copied(void)
{
    world_start();
    struct tcb *t = world_thread(A);
    CHECK_EQ(invoke(WORLD_TCB + A, seL4_TCBWriteRegisters, 7, LIST(0, 5, 0x1111, 0x2222, UINT64_MAX, 0x3333, 0x4444), 0, NULL),
             seL4_NoError);
    CHECK_EQ(t->regs.pc, 0x1111);
    CHECK_EQ(t->regs.sp, 0x2222);
    CHECK_EQ(t->regs.spsr, 0xf0000000 | ARCH_USER_SPSR); /* flags, and nothing that gives rights */
    CHECK_EQ(t->regs.x[1], 0x4444);
    CHECK_EQ(invoke(WORLD_TCB + A, seL4_TCBReadRegisters, 2, LIST(0, 36), 0, NULL), seL4_NoError);
    CHECK_EQ(seL4_MessageInfo_length(world_root()->regs.x[REG_INFO]), 36);
    CHECK_EQ(answer(0), 0x1111);
    CHECK_EQ(answer(1), 0x2222);
    CHECK_EQ(answer(4), 0x4444);
    enum { RESUME = 2, FRAME = 4, INTEGER = 8 };
    CHECK_EQ(INVOKE(WORLD_TCB + B, seL4_TCBCopyRegisters, LIST(FRAME | INTEGER | RESUME), LIST(WORLD_TCB + A)), seL4_NoError);
    CHECK_EQ(world_thread(B)->regs.pc, 0x1111);
    CHECK_EQ(world_thread(B)->regs.x[1], 0x4444);
    CHECK_EQ(world_thread(B)->state, THREAD_RESTART);
    CHECK_EQ(INVOKE(WORLD_TCB + C, seL4_TCBCopyRegisters, LIST(1), LIST(WORLD_TCB + B)), seL4_NoError);
    CHECK_EQ(world_thread(B)->state, THREAD_INACTIVE); /* 1: the source stops */
    CHECK_EQ(invoke(WORLD_TCB + A, seL4_TCBSetTLSBase, 1, LIST(0x5555), 0, NULL), seL4_NoError);
    CHECK_EQ(t->regs.tpidr_el0, 0x5555);
    CHECK_EQ(invoke(WORLD_TCB + A, seL4_TCBSetFlags, 2, LIST(0, UINT64_MAX), 0, NULL), seL4_NoError);
    CHECK_EQ(answer(0), seL4_TCBFlag_fpuDisabled | seL4_TCBFlag_foreignSyscalls); /* what nobody knows stays clear */
    CHECK_EQ(invoke(WORLD_TCB + A, seL4_TCBSetFlags, 2, LIST(seL4_TCBFlag_fpuDisabled, 0), 0, NULL), seL4_NoError);
    CHECK_EQ(answer(0), seL4_TCBFlag_foreignSyscalls);
}

static void a_thread_gets_what_it_is_given(void)
{
    world_start();
    struct tcb *t = world_thread(A);
    CHECK_EQ(INVOKE(WORLD_TCB + A, seL4_TCBSetIPCBuffer, LIST(0x20000400), LIST(WORLD_FRAME)), seL4_NoError);
    CHECK_EQ(t->ipc_buffer, 0x20000400);
    CHECK(message_buffer(t, true) == kptr(cap_address(world_slot(WORLD_FRAME)->cap) + 0x400));
    CHECK_EQ(INVOKE(WORLD_TCB + A, seL4_TCBSetIPCBuffer, LIST(0), LIST(WORLD_FRAME)), seL4_NoError); /* none */
    CHECK(message_buffer(t, false) == NULL);
    CHECK_EQ(INVOKE(WORLD_TCB + A, seL4_TCBSetSpace, LIST(0, 0), LIST(WORLD_FREE, WORLD_CNODE, WORLD_VSPACE)), seL4_NoError);
    CHECK_EQ(cap_type(t->slots[TCB_FAULT_HANDLER].cap), CAP_NULL);
    CHECK_EQ(cap_address(t->slots[TCB_CSPACE].cap), cap_address(world_slot(WORLD_CNODE)->cap));
    CHECK_EQ(INVOKE(WORLD_TCB + A, seL4_TCBSetMCPriority, LIST(77), LIST(seL4_CapInitThreadTCB)), seL4_NoError);
    CHECK_EQ(t->max_controlled_priority, 77);
    CHECK_EQ(invoke(WORLD_TCB + A, seL4_TCBSetTimeoutEndpoint, 0, LIST(0), 1, LIST(WORLD_FREE)), seL4_NoError);
    CHECK_EQ(cap_type(t->slots[TCB_TIMEOUT_HANDLER].cap), CAP_NULL);
    CHECK_EQ(invoke(WORLD_TCB + C, seL4_TCBUnbindNotification, 0, LIST(0), 0, NULL), seL4_NoError);
    CHECK(world_thread(C)->bound_notification == NULL);
    CHECK_EQ(invoke(WORLD_TCB + A, seL4_TCBBindNotification, 0, LIST(0), 1, LIST(WORLD_NOTIFICATION + 2)), seL4_NoError);
    CHECK(t->bound_notification != NULL);
    CHECK_EQ(INVOKE(WORLD_TCB + A, seL4_TCBSetSchedParams, LIST(1, 1), LIST(seL4_CapInitThreadTCB, WORLD_FREE, WORLD_FREE)),
             seL4_NoError); /* an empty slot: no context */
    CHECK(t->sc == NULL && context(A)->tcb == NULL);
}

static void a_thread_without_a_handler_stops_at_a_fault(void)
{
    world_start();
    CHECK_EQ(INVOKE(WORLD_TCB + A, seL4_TCBSetSpace, LIST(0, 0), LIST(WORLD_FREE, seL4_CapInitThreadCNode, seL4_CapInitThreadVSpace)),
             seL4_NoError);
    CHECK_EQ(world_resume(A), seL4_NoError);
    world_root_waits();
    CHECK(kernel.current == world_thread(A));
    world_fault(0x1234, false);
    world_check("a fault without a handler");
    CHECK_EQ(world_thread(A)->state, THREAD_INACTIVE);
    CHECK_EQ(world_thread(A)->fault.type, seL4_Fault_NullFault);
}

static void a_memory_fault_is_told(void)
{
    world_start();
    CHECK_EQ(world_resume(B), seL4_NoError);
    CHECK_EQ(world_resume(A), seL4_NoError);
    world_root_waits();
    struct world_call receive = {.number = seL4_SysRecv, .cap = WORLD_ENDPOINT + 3, .reply = WORLD_REPLY};
    world_call(&receive);
    CHECK(kernel.current == world_thread(A));
    uint64_t pc = world_thread(A)->regs.pc;
    world_fault(0x1234, true);
    const struct tcb *handler = world_thread(B);
    CHECK(kernel.current == handler);
    CHECK_EQ(handler->regs.x[REG_INFO], seL4_MessageInfo_new(seL4_Fault_VMFault, 0, 0, seL4_VMFault_Length));
    CHECK_EQ(handler->regs.x[REG_MESSAGE + seL4_VMFault_IP], pc);
    CHECK_EQ(handler->regs.x[REG_MESSAGE + seL4_VMFault_Addr], 0x1234);
    CHECK_EQ(handler->regs.x[REG_MESSAGE + seL4_VMFault_PrefetchFault], 1);
    CHECK_EQ(handler->regs.x[REG_MESSAGE + seL4_VMFault_FSR], 0x92000007);
    struct world_call refuse = {.number = seL4_SysReplyRecv, .cap = WORLD_ENDPOINT + 3, .reply = WORLD_REPLY};
    world_call(&refuse);
    CHECK(kernel.current == world_thread(A)); /* the access is made again */
    CHECK_EQ(world_thread(A)->regs.pc, pc);
}

/* Nothing in the slot, no endpoint there, and a CNode's guard in the way: each has its words. */
static void a_capability_fault_says_why(void)
{
    static const struct {
        uint64_t cptr;
        uint64_t type;
        uint64_t words;
    } cases[] = {{1ull << 50, seL4_GuardMismatch, 7}, {WORLD_FRAME, seL4_MissingCapability, 5}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        world_start();
        CHECK_EQ(world_resume(B), seL4_NoError);
        CHECK_EQ(world_resume(A), seL4_NoError);
        world_root_waits();
        struct world_call receive = {.number = seL4_SysRecv, .cap = WORLD_ENDPOINT + 3, .reply = WORLD_REPLY};
        world_call(&receive);
        CHECK(kernel.current == world_thread(A));
        struct world_call wrong = {.number = seL4_SysRecv, .cap = cases[i].cptr, .reply = WORLD_REPLY + A};
        world_call(&wrong);
        world_check("a capability fault");
        const struct tcb *handler = world_thread(B);
        CHECK(kernel.current == handler);
        CHECK_EQ(handler->regs.x[REG_INFO], seL4_MessageInfo_new(seL4_Fault_CapFault, 0, 0, cases[i].words));
        CHECK_EQ(handler->regs.x[REG_MESSAGE + seL4_CapFault_Addr], cases[i].cptr);
        CHECK_EQ(handler->regs.x[REG_MESSAGE + seL4_CapFault_InRecvPhase], 1);
        CHECK_EQ(handler->regs.x[REG_MESSAGE + seL4_CapFault_LookupFailureType], cases[i].type);
    }
}

static void a_thread_that_is_deleted_lets_go_of_everything(void)
{
    world_start();
    CHECK_EQ(world_resume(C), seL4_NoError); /* bound to a notification, waits with a reply */
    world_root_waits();
    struct world_call receive = {.number = seL4_SysRecv, .cap = WORLD_ENDPOINT, .reply = WORLD_REPLY};
    world_call(&receive);
    world_wake_root();
    CHECK_EQ(world_delete(WORLD_TCB + C), seL4_NoError);
    world_check("the end of a thread");
    CHECK(context(C)->tcb == NULL);
    const struct notification *n = kptr(cap_address(world_slot(WORLD_NOTIFICATION + 2)->cap));
    const struct reply *reply = kptr(cap_address(world_slot(WORLD_REPLY)->cap));
    CHECK(n->bound_tcb == NULL && reply->tcb == NULL);
}

/* ---- time -------------------------------------------------------------------------------------------------------------------------------- */

static void yielding_to_a_thread_lets_it_run(void)
{
    world_start();
    CHECK_EQ(INVOKE(WORLD_TCB + A, seL4_TCBSetPriority, LIST(255), LIST(seL4_CapInitThreadTCB)), seL4_NoError);
    CHECK_EQ(world_resume(A), seL4_NoError);
    struct tcb *root = world_root();
    if (kernel.current != root) { /* its equal came first */
        struct world_call yield = {.number = seL4_SysYield};
        world_call(&yield);
    }
    CHECK(kernel.current == root);
    struct world_call yield_to = {.number = seL4_SysCall, .cap = WORLD_SC + A, .info = seL4_MessageInfo_new(seL4_SchedContextYieldTo, 0, 0, 0)};
    world_call(&yield_to);
    world_check("yielding to a thread");
    CHECK(kernel.current == world_thread(A));
    CHECK(root->yield_to == context(A));
    world_wait(arch_ticks_from_us(200));
    struct world_call wait = {.number = seL4_SysWait, .cap = WORLD_NOTIFICATION + 1};
    world_call(&wait);
    world_check("back from yielding");
    CHECK(kernel.current == root);
    CHECK(root->yield_to == NULL);
    CHECK(answer(0) >= 200 && answer(0) < 250);
}

static void consumed_time_is_told_once(void)
{
    world_start();
    CHECK_EQ(world_resume(B), seL4_NoError);
    world_root_waits();
    CHECK(kernel.current == world_thread(B));
    world_wait(arch_ticks_from_us(300));
    world_wake_root();
    CHECK_EQ(INVOKE_PLAIN(WORLD_SC + B, seL4_SchedContextConsumed), seL4_NoError);
    CHECK(answer(0) >= 300 && answer(0) < 320);
    CHECK_EQ(INVOKE_PLAIN(WORLD_SC + B, seL4_SchedContextConsumed), seL4_NoError);
    CHECK_EQ(answer(0), 0);
}

static void a_context_changes_while_it_is_used(void)
{
    world_start();
    unsigned control = 0;
    for (unsigned i = 0; i < WORLD_UNTYPED; i++) {
        control = cap_type(world_slot(i)->cap) == CAP_SCHED_CONTROL ? i : control;
    }
    CHECK_EQ(world_resume(A), seL4_NoError); /* 1500 us in 10000 */
    world_root_waits();
    world_wait(arch_ticks_from_us(1000));
    world_wake_root();
    CHECK_EQ(INVOKE(control, seL4_SchedControlConfigureFlags, LIST(3000, 20000, 4, 5, 0), LIST(WORLD_SC + A)), seL4_NoError);
    CHECK_EQ(context(A)->budget, arch_ticks_from_us(3000));
    CHECK_EQ(INVOKE(control, seL4_SchedControlConfigureFlags, LIST(700, 700, 0, 5, 0), LIST(WORLD_SC + A)), seL4_NoError);
    CHECK_EQ(context(A)->period, 0);
    CHECK_EQ(invoke(WORLD_SC + A, seL4_SchedContextUnbindObject, 0, LIST(0), 1, LIST(WORLD_TCB + A)), seL4_NoError);
    CHECK(world_thread(A)->sc == NULL);
    CHECK_EQ(invoke(WORLD_SC + A, seL4_SchedContextBind, 0, LIST(0), 1, LIST(WORLD_TCB + A)), seL4_NoError);
    CHECK(world_thread(A)->sc == context(A));
    CHECK_EQ(invoke(WORLD_SC + 5, seL4_SchedContextUnbindObject, 0, LIST(0), 1, LIST(WORLD_NOTIFICATION + 1)), seL4_NoError);
    CHECK(context(5)->notification == NULL);
    CHECK_EQ(world_delete(WORLD_SC + A), seL4_NoError);
    world_check("the end of a context");
    CHECK(world_thread(A)->sc == NULL);
}

/* ---- interrupts, firmware, caches, identifiers ---------------------------------------------------------------------------------------------- */

static void an_interrupt_is_signalled_until_nobody_wants_it(void)
{
    world_start();
    const struct notification *n = kptr(cap_address(world_slot(WORLD_NOTIFICATION + 1)->cap));
    CHECK_EQ(INVOKE(seL4_CapIRQControl, seL4_ARMIRQIssueIRQHandlerTrigger, LIST(50, 1, WORLD_FREE, 64), LIST(seL4_CapInitThreadCNode)),
             seL4_NoError);
    CHECK_EQ(invoke(WORLD_FREE, seL4_IRQSetIRQHandler, 0, LIST(0), 1, LIST(WORLD_NOTIFICATION + 1)), seL4_NoError);
    CHECK_EQ(INVOKE_PLAIN(WORLD_FREE, seL4_IRQAckIRQ), seL4_NoError);
    sim.irq_pending[50] = true;
    world_wait(1);
    CHECK_EQ(n->state, NOTIFICATION_ACTIVE);
    CHECK(sim.irq_masked[50]);
    CHECK_EQ(INVOKE_PLAIN(WORLD_FREE, seL4_IRQClearIRQHandler), seL4_NoError);
    CHECK_EQ(INVOKE_PLAIN(WORLD_FREE, seL4_IRQAckIRQ), seL4_NoError);
    CHECK(!sim.irq_masked[50]);
    sim.irq_pending[50] = true;
    world_wait(1); /* nobody is told, and it does not come again */
    CHECK(sim.irq_masked[50] && !sim.irq_pending[50]);
    CHECK_EQ(world_delete(WORLD_FREE), seL4_NoError);
    CHECK_EQ(kernel.irq_state[50], IRQ_INACTIVE);
    sim.irq_masked[51] = false;
    sim.irq_pending[51] = true;
    world_wait(1); /* one that was never asked for */
    CHECK(sim.irq_masked[51]);
}

/* What is in slot `signal` raises interrupt 3, which the first notification is told of. */
static bool signalled(uint64_t signal, int64_t number)
{
    struct world_call call = {.number = number, .cap = signal};
    world_call(&call);
    world_wait(1);
    CHECK(!sim.irq_pending[3]);
    struct notification *n = kptr(cap_address(world_slot(WORLD_NOTIFICATION)->cap));
    bool told = n->state == NOTIFICATION_ACTIVE;
    if (told) {
        n->state = NOTIFICATION_IDLE;
        CHECK_EQ(INVOKE_PLAIN(WORLD_FREE + 9, seL4_IRQAckIRQ), seL4_NoError);
    }
    return told;
}

static bool is_there(unsigned index)
{
    return !slot_is_empty(world_slot(index));
}

static void a_software_generated_interrupt_is_signalled(void)
{
    enum { A_SIGNAL = WORLD_FREE, OTHER, COPY, COPY_OF_COPY, HANDLER = WORLD_FREE + 9 };
    world_start();
    CHECK_EQ(INVOKE(seL4_CapIRQControl, seL4_IRQIssueIRQHandler, LIST(3, HANDLER, 64), world_root_cnode), seL4_NoError);
    CHECK_EQ(INVOKE(HANDLER, seL4_IRQSetIRQHandler, ((uint64_t[]){0}), LIST(WORLD_NOTIFICATION)), seL4_NoError);
    CHECK_EQ(INVOKE(seL4_CapIRQControl, seL4_ARMIRQIssueSGISignal, LIST(3, 0, A_SIGNAL, 64), world_root_cnode), seL4_NoError);
    CHECK(signalled(A_SIGNAL, seL4_SysCall));
    CHECK_EQ(seL4_MessageInfo_label(world_root()->regs.x[REG_INFO]), 0);
    CHECK(signalled(A_SIGNAL, seL4_SysSend));
    CHECK(signalled(A_SIGNAL, seL4_SysNBSend));
    struct world_call and_wait = {.number = seL4_SysNBSendWait, .cap = WORLD_NOTIFICATION, .reply = A_SIGNAL};
    world_call(&and_wait);
    CHECK(kernel.current != world_root());
    world_wait(1);
    CHECK(kernel.current == world_root());
    CHECK_EQ(INVOKE_PLAIN(HANDLER, seL4_IRQAckIRQ), seL4_NoError);
    /* A copy without rights signals as well, and ends with what it was copied from; a second one that was issued does not. */
    CHECK_EQ(INVOKE(seL4_CapIRQControl, seL4_ARMIRQIssueSGISignal, LIST(3, 0, OTHER, 64), world_root_cnode), seL4_NoError);
    CHECK_EQ(INVOKE(seL4_CapInitThreadCNode, seL4_CNodeMint, LIST(COPY, 64, A_SIGNAL, 64, 0, 7), world_root_cnode), seL4_NoError);
    CHECK_EQ(world_copy(COPY, COPY_OF_COPY), seL4_NoError);
    CHECK(signalled(COPY_OF_COPY, seL4_SysSend));
    CHECK_EQ(INVOKE(seL4_CapInitThreadCNode, seL4_CNodeRevoke, LIST(OTHER, 64), ((uint64_t[]){0})), seL4_NoError);
    CHECK_EQ(INVOKE(seL4_CapInitThreadCNode, seL4_CNodeRevoke, LIST(COPY, 64), ((uint64_t[]){0})), seL4_NoError);
    CHECK(is_there(A_SIGNAL) && is_there(OTHER) && is_there(COPY) && is_there(COPY_OF_COPY));
    CHECK_EQ(INVOKE(seL4_CapInitThreadCNode, seL4_CNodeRevoke, LIST(A_SIGNAL, 64), ((uint64_t[]){0})), seL4_NoError);
    CHECK(is_there(A_SIGNAL) && is_there(OTHER) && !is_there(COPY) && !is_there(COPY_OF_COPY));
    /* For another core: nothing arrives here. */
    CHECK_EQ(INVOKE(seL4_CapIRQControl, seL4_ARMIRQIssueSGISignal, LIST(3, 7, COPY, 64), world_root_cnode), seL4_NoError);
    CHECK(!signalled(COPY, seL4_SysSend));
    CHECK_EQ(INVOKE(seL4_CapInitThreadCNode, seL4_CNodeRevoke, LIST(seL4_CapIRQControl, 64), ((uint64_t[]){0})), seL4_NoError);
    CHECK(!is_there(A_SIGNAL) && !is_there(OTHER) && !is_there(COPY) && !is_there(HANDLER));
}

static void firmware_is_called(void)
{
    world_start();
    CHECK_EQ(invoke(seL4_CapSMC, seL4_ARMSMCCall, 8, LIST(1, 2, 3, 4, 5, 6, 7, 8), 0, NULL), seL4_NoError);
    CHECK_EQ(sim.smc_count, 1);
    CHECK_EQ(answer(0), UINT64_MAX);
    CHECK_EQ(answer(7), 8);
    CHECK_EQ(INVOKE(seL4_CapInitThreadCNode, seL4_CNodeMint, LIST(WORLD_FREE, 64, seL4_CapSMC, 64, seL4_AllRights, 9),
                    LIST(seL4_CapInitThreadCNode)),
             seL4_NoError);
    CHECK_EQ(invoke(WORLD_FREE, seL4_ARMSMCCall, 8, LIST(1, 2, 3, 4, 5, 6, 7, 8), 0, NULL), seL4_IllegalOperation);
    CHECK_EQ(invoke(WORLD_FREE, seL4_ARMSMCCall, 8, LIST(9, 2, 3, 4, 5, 6, 7, 8), 0, NULL), seL4_NoError); /* its badge allows 9 only */
    CHECK_EQ(sim.smc_count, 2);
}

static void caches_are_maintained_where_something_is_mapped(void)
{
    world_start();
    for (uint64_t label = seL4_ARMVSpaceClean_Data; label <= seL4_ARMVSpaceUnify_Instruction; label++) {
        CHECK_EQ(invoke(seL4_CapInitThreadVSpace, label, 2, LIST(0x400000, 0x401000), 0, NULL), seL4_NoError);
        CHECK_EQ(invoke(seL4_CapInitThreadVSpace, label, 2, LIST(0x40000000, 0x40001000), 0, NULL), seL4_NoError);
    }
    for (uint64_t label = seL4_ARMPageClean_Data; label <= seL4_ARMPageUnify_Instruction; label++) {
        CHECK_EQ(invoke(seL4_CapInitThreadIPCBuffer, label, 2, LIST(0, 4096), 0, NULL), seL4_NoError);
    }
    CHECK_EQ(INVOKE_PLAIN(WORLD_FRAME, seL4_ARMPageGetAddress), seL4_NoError);
    CHECK_EQ(answer(0), cap_address(world_slot(WORLD_FRAME)->cap));
}

static void a_pool_of_identifiers_is_made_and_ends(void)
{
    world_start();
    CHECK_EQ(INVOKE(WORLD_UNTYPED, seL4_UntypedRetype, LIST(seL4_UntypedObject, 12, 0, 0, WORLD_FREE, 1), LIST(seL4_CapInitThreadCNode)),
             seL4_NoError);
    CHECK_EQ(INVOKE(WORLD_UNTYPED, seL4_UntypedRetype, LIST(seL4_ARM_VSpaceObject, 0, 0, 0, WORLD_FREE + 1, 1), LIST(seL4_CapInitThreadCNode)),
             seL4_NoError);
    CHECK_EQ(INVOKE(seL4_CapASIDControl, seL4_ARMASIDControlMakePool, LIST(WORLD_FREE + 2, 64), LIST(WORLD_FREE, seL4_CapInitThreadCNode)),
             seL4_NoError);
    CHECK_EQ(invoke(WORLD_FREE + 2, seL4_ARMASIDPoolAssign, 0, LIST(0), 1, LIST(WORLD_FREE + 1)), seL4_NoError);
    uint64_t asid = cap_asid(world_slot(WORLD_FREE + 1)->cap);
    CHECK_EQ(asid, 512);
    CHECK_EQ(vspace_of_asid(asid), cap_address(world_slot(WORLD_FREE + 1)->cap));
    /* The untyped has a child now. */
    CHECK_EQ(INVOKE(seL4_CapASIDControl, seL4_ARMASIDControlMakePool, LIST(WORLD_FREE + 3, 64), LIST(WORLD_FREE, seL4_CapInitThreadCNode)),
             seL4_RevokeFirst);
    CHECK_EQ(world_delete(WORLD_FREE + 2), seL4_NoError);
    CHECK_EQ(vspace_of_asid(asid), 0);
    /* Its address space has an identifier that leads nowhere. */
    CHECK_EQ(INVOKE(WORLD_TABLE, seL4_ARMPageTableMap, LIST(0, 0), LIST(WORLD_FREE + 1)), seL4_FailedLookup);
    CHECK_EQ(INVOKE(WORLD_FRAME, seL4_ARMPageMap, LIST(0, 3, 0), LIST(WORLD_FREE + 1)), seL4_FailedLookup);
    CHECK_EQ(world_delete(WORLD_FREE + 1), seL4_NoError);
}

int main(void)
{
    static const struct unit_case cases[] = {
        {"works: registers are read, written and copied", registers_are_read_written_and_copied},
        {"works: a thread gets what it is given", a_thread_gets_what_it_is_given},
        {"works: a thread without a handler stops at a fault", a_thread_without_a_handler_stops_at_a_fault},
        {"works: a memory fault is told", a_memory_fault_is_told},
        {"works: a capability fault says why", a_capability_fault_says_why},
        {"works: a thread that is deleted lets go of everything", a_thread_that_is_deleted_lets_go_of_everything},
        {"works: yielding to a thread lets it run", yielding_to_a_thread_lets_it_run},
        {"works: consumed time is told once", consumed_time_is_told_once},
        {"works: a context changes while it is used", a_context_changes_while_it_is_used},
        {"works: an interrupt is signalled until nobody wants it", an_interrupt_is_signalled_until_nobody_wants_it},
        {"works: a software generated interrupt is signalled", a_software_generated_interrupt_is_signalled},
        {"works: firmware is called", firmware_is_called},
        {"works: caches are maintained where something is mapped", caches_are_maintained_where_something_is_mapped},
        {"works: a pool of identifiers is made and ends", a_pool_of_identifiers_is_made_and_ends},
    };
    return UNIT_MAIN(cases);
}
