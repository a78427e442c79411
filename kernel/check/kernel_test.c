/* SPDX-License-Identifier: MIT */
/** Shows that the kernel boots and keeps its invariants in chosen situations: budgets, foreign system calls, refills. */
#include <stdio.h>
#include <stdlib.h>

#include "api/message.h"
#include "api/syscall.h"
#include "arch.h"
#include "check/world.h"
#include "sched/refill.h"
#include "unit.h"

static void boots_and_populates(void)
{
    world_start();
    CHECK(kernel.current->priority == 255);
    CHECK_EQ(world_thread(0)->priority, 100);
    CHECK(cap_type(world_slot(seL4_CapASIDControl)->cap) == CAP_ASID_CONTROL);
}

static void a_receiver_waits_at_its_endpoint(void)
{
    world_start();
    world_resume(1);
    world_root_receives(WORLD_ENDPOINT + 2);
    CHECK(kernel.current == world_thread(1));
    struct world_call receive = {.number = seL4_SysRecv, .cap = WORLD_ENDPOINT, .reply = WORLD_REPLY};
    world_call(&receive);
    CHECK(world_thread(1)->state == THREAD_BLOCKED_RECEIVE);
    world_check("receive");
    CHECK(kernel.current == &kernel.idle_tcb);
}

static void revocation_leaves_nothing(void)
{
    world_start();
    uint64_t untyped = WORLD_UNTYPED;
    uint64_t make[] = {seL4_EndpointObject, 0, 0, 0, WORLD_FREE, 4};
    CHECK_EQ(world_invoke(untyped, seL4_UntypedRetype, 6, make, 1, world_root_cnode), seL4_NoError);
    uint64_t copy[] = {WORLD_FREE + 8, 64, WORLD_FREE, 64, seL4_AllRights};
    CHECK_EQ(world_invoke(seL4_CapInitThreadCNode, seL4_CNodeCopy, 5, copy, 1, world_root_cnode), seL4_NoError);
    world_check("copies");
    uint64_t revoke[] = {untyped, 64};
    CHECK_EQ(world_invoke(seL4_CapInitThreadCNode, seL4_CNodeRevoke, 2, revoke, 0, NULL), seL4_NoError);
    for (unsigned i = 0; i < 9; i++) {
        CHECK(cap_type(world_slot(WORLD_FREE + i)->cap) == CAP_NULL);
    }
    world_check("revoke");
    CHECK_EQ(world_invoke(untyped, seL4_UntypedRetype, 6, make, 1, world_root_cnode), seL4_NoError);
    CHECK_EQ(cap_untyped_used(world_slot((unsigned)untyped)->cap), 64);
}

static void deleting_a_cnode_deletes_what_it_holds(void)
{
    world_start();
    uint64_t move[] = {3, 4, WORLD_ENDPOINT, 64};
    CHECK_EQ(world_invoke(WORLD_CNODE, seL4_CNodeMove, 4, move, 1, world_root_cnode), seL4_NoError);
    uint64_t nest[] = {15, 4, WORLD_CNODE + 1, 64};
    CHECK_EQ(world_invoke(WORLD_CNODE, seL4_CNodeMove, 4, nest, 1, world_root_cnode), seL4_NoError);
    world_check("moves");
    CHECK_EQ(world_delete(WORLD_CNODE), seL4_NoError);
    CHECK(cap_type(world_slot(WORLD_CNODE)->cap) == CAP_NULL);
    world_check("delete");
}

static void a_budget_is_enforced(void)
{
    world_start();
    struct sched_context *sc = kptr(cap_address(world_slot(WORLD_SC + 4)->cap));
    CHECK_EQ(sc->budget, arch_ticks_from_us(3000));
    CHECK_EQ(sc->period, arch_ticks_from_us(10000));
    world_resume(4);
    world_root_receives(WORLD_ENDPOINT + 2);
    CHECK(kernel.current == world_thread(4));
    world_wait(arch_ticks_from_us(3000));
    CHECK(kernel.current == &kernel.idle_tcb);
    world_check("the budget is used up");
    world_wait(arch_ticks_from_us(6500));
    CHECK(kernel.current == &kernel.idle_tcb);
    world_wait(arch_ticks_from_us(600));
    CHECK(kernel.current == world_thread(4));
    world_check("the budget is back");
}

/* ---- foreign system calls ---------------------------------------------------------------------------------------------- */

enum { FOREIGN = 1, HANDLER = 2, FOREIGN_CALL = 172 }; /* threads by their numbers; ENDPOINT + 3 is everybody's fault handler */

static void handler_receives(void)
{
    CHECK(kernel.current == world_thread(HANDLER));
    struct world_call receive = {.number = seL4_SysRecv, .cap = WORLD_ENDPOINT + 3, .reply = WORLD_REPLY};
    world_call(&receive);
}

/* The foreign thread runs, and makes its call. */
static void foreign_calls(void)
{
    struct tcb *t = world_thread(FOREIGN);
    CHECK(kernel.current == t);
    t->regs.x[30] = 0x1230;
    struct world_call call = {.number = seL4_SysYield, .cap = 7, .dest = FOREIGN_CALL}; /* x7, x0, x8 */
    world_call(&call);
    world_check("a foreign call");
}

static void start_foreign(bool with_handler)
{
    world_start();
    uint64_t flags[] = {0, seL4_TCBFlag_foreignSyscalls};
    CHECK_EQ(world_invoke(WORLD_TCB + FOREIGN, seL4_TCBSetFlags, 2, flags, 0, NULL), seL4_NoError);
    world_resume(FOREIGN);
    if (with_handler) {
        world_resume(HANDLER);
    }
    world_root_waits();
    if (with_handler) {
        handler_receives();
    }
}

static void a_foreign_call_reaches_its_handler(void)
{
    start_foreign(true);
    struct tcb *t = world_thread(FOREIGN);
    struct tcb *handler = world_thread(HANDLER);
    uint64_t svc = t->regs.pc;
    foreign_calls();
    CHECK(kernel.current == handler);
    const struct seL4_IPCBuffer *buffer = message_buffer(handler, false);
    CHECK_EQ(handler->regs.x[REG_INFO], seL4_MessageInfo_new(seL4_Fault_UnknownSyscall, 0, 0, seL4_UnknownSyscall_Length));
    CHECK_EQ(handler->regs.x[REG_MESSAGE], 7);
    CHECK_EQ(buffer->msg[seL4_UnknownSyscall_FaultIP], svc + 4);
    CHECK_EQ(buffer->msg[seL4_UnknownSyscall_LR], 0x1230);
    CHECK_EQ(buffer->msg[seL4_UnknownSyscall_Syscall], FOREIGN_CALL);
    CHECK_EQ(t->regs.fault_pc, svc);
    /* A short answer lets the thread go on behind the svc. */
    struct world_call answer = {.number = seL4_SysReplyRecv, .cap = WORLD_ENDPOINT + 3, .reply = WORLD_REPLY,
                                .info = seL4_MessageInfo_new(0, 0, 0, 1), .word = {42}};
    world_call(&answer);
    world_check("an answer");
    CHECK(kernel.current == t);
    CHECK_EQ(t->regs.x[0], 42);
    CHECK_EQ(t->regs.x[1], 0);
    CHECK_EQ(t->regs.pc, svc + 4);
    /* A long one says where. */
    foreign_calls();
    struct seL4_IPCBuffer *out = message_buffer(handler, true);
    struct world_call far = {.number = seL4_SysReplyRecv, .cap = WORLD_ENDPOINT + 3, .reply = WORLD_REPLY,
                             .info = seL4_MessageInfo_new(0, 0, 0, seL4_UnknownSyscall_LR + 1)};
    out->msg[seL4_UnknownSyscall_FaultIP] = 0x7000;
    out->msg[seL4_UnknownSyscall_SP] = 0x9000;
    out->msg[seL4_UnknownSyscall_LR] = 0x4560;
    world_call(&far);
    CHECK(kernel.current == t);
    CHECK_EQ(t->regs.pc, 0x7000);
    CHECK_EQ(t->regs.sp, 0x9000);
    CHECK_EQ(t->regs.x[30], 0x4560);
}

/* How a call can end without an answer. */
enum cut { CUT_BY_SUSPEND, CUT_IN_QUEUE, CUT_REPLY_GONE, CUT_ENDPOINT_GONE, CUTS };

static void a_foreign_call_that_is_cut_short_is_made_again(void)
{
    for (enum cut cut = CUT_BY_SUSPEND; cut < CUTS; cut++) {
        bool queued = cut == CUT_IN_QUEUE || cut == CUT_ENDPOINT_GONE;
        start_foreign(!queued);
        struct tcb *t = world_thread(FOREIGN);
        uint64_t svc = t->regs.pc;
        foreign_calls();
        CHECK_EQ(t->state, queued ? THREAD_BLOCKED_SEND : THREAD_BLOCKED_REPLY);
        world_wake_root();
        if (cut == CUT_REPLY_GONE) {
            CHECK_EQ(world_delete(WORLD_REPLY), seL4_NoError);
        } else if (cut == CUT_ENDPOINT_GONE) {
            uint64_t revoke[] = {WORLD_ENDPOINT + 3, 64};
            CHECK_EQ(world_invoke(seL4_CapInitThreadCNode, seL4_CNodeRevoke, 2, revoke, 0, NULL), seL4_NoError);
            CHECK_EQ(world_delete(WORLD_ENDPOINT + 3), seL4_NoError);
        } else {
            CHECK_EQ(world_invoke(WORLD_TCB + FOREIGN, seL4_TCBSuspend, 0, world_root_cnode, 0, NULL), seL4_NoError);
        }
        CHECK_EQ(t->state, THREAD_INACTIVE);
        CHECK_EQ(world_resume(FOREIGN), seL4_NoError);
        CHECK_EQ(t->regs.fault_pc, svc);
        world_root_waits();
        CHECK(queued || kernel.current == world_thread(HANDLER));
        if (!queued) {
            handler_receives();
        }
        CHECK(kernel.current == t);
        CHECK_EQ(t->regs.pc, svc);
        CHECK_EQ(t->regs.x[8], FOREIGN_CALL);
        world_check("a call that was cut short");
    }
}

static void refills_keep_their_rules(void)
{
    union {
        struct sched_context sc;
        uint8_t bytes[512];
    } memory = {0};
    struct sched_context *sc = &memory.sc;
    for (unsigned seed = 1; seed < 200; seed++) {
        srand(seed);
        ticks_t min = refill_min_budget();
        uint32_t max = 2 + (uint32_t)rand() % 20;
        ticks_t budget = min * 4 + (ticks_t)rand() % 100000;
        ticks_t period = budget + 1 + (ticks_t)rand() % 1000000;
        ticks_t now = 1000;
        refill_new(sc, max, budget, period, now);
        for (unsigned i = 0; i < 500; i++) {
            now += (ticks_t)rand() % (period / 4);
            if (rand() % 3 == 0) {
                refill_unblock(sc, now);
            } else if (refill_head(sc)->time <= now) {
                refill_charge(sc, (ticks_t)rand() % (i % 50 == 0 ? budget * 3 : refill_head(sc)->amount));
            }
            ticks_t sum = 0;
            for (uint32_t r = 0; r < sc->refill_count; r++) {
                const struct refill *a = refill_at(sc, (sc->refill_head + r) % sc->refill_max);
                const struct refill *b = refill_at(sc, (sc->refill_head + r + 1) % sc->refill_max);
                sum += a->amount;
                CHECK(r + 1 == sc->refill_count || a->time + a->amount <= b->time);
            }
            CHECK_EQ(sum, budget);
            CHECK(refill_head(sc)->amount >= min);
        }
    }
}

static void slices_are_used_and_start_again(void)
{
    struct sched_context sc = {0};
    ticks_t min = refill_min_budget();
    refill_new(&sc, REFILLS_MIN, 10 * min, 0, 1000);
    refill_charge_round_robin(&sc, min);
    CHECK_EQ(refill_head(&sc)->amount, 9 * min);
    refill_charge_round_robin(&sc, 8 * min); /* just enough is left */
    CHECK_EQ(refill_head(&sc)->amount, min);
    CHECK(refill_is_sufficient(&sc, 0, min) && !refill_is_sufficient(&sc, 1, min) && !refill_is_sufficient(&sc, 2 * min, min));
    refill_charge_round_robin(&sc, 1); /* too little is left */
    CHECK_EQ(refill_head(&sc)->amount, 10 * min);
    refill_charge_round_robin(&sc, 11 * min);
    CHECK_EQ(refill_head(&sc)->amount, 10 * min);
    /* A context that is charged for ages: times stay below the end of time, all refills move together. */
    refill_new(&sc, REFILLS_MIN, 10 * min, 20 * min, 1000);
    refill_charge(&sc, UINT64_MAX / 2);
    CHECK(refill_head(&sc)->time >= 1ull << 59 && refill_head(&sc)->time < 1ull << 61);
    CHECK_EQ(refill_capacity_of(seL4_MinSchedContextBits), 2);
    CHECK_EQ(refill_capacity_of(8), 10);
    CHECK_EQ(refill_capacity_of(40), UINT32_MAX);
    CHECK(refill_capacity_of(35) < UINT32_MAX);
}

int main(void)
{
    static const struct unit_case cases[] = {
        {"kernel: boots and makes objects", boots_and_populates},
        {"kernel: a receiver waits at its endpoint", a_receiver_waits_at_its_endpoint},
        {"kernel: revocation leaves nothing and memory can be used again", revocation_leaves_nothing},
        {"kernel: deleting a CNode deletes what it holds", deleting_a_cnode_deletes_what_it_holds},
        {"kernel: a budget is enforced and comes back", a_budget_is_enforced},
        {"kernel: a foreign call reaches its handler and goes on behind the svc", a_foreign_call_reaches_its_handler},
        {"kernel: a foreign call that is cut short is made again", a_foreign_call_that_is_cut_short_is_made_again},
        {"kernel: refills keep their rules", refills_keep_their_rules},
        {"kernel: slices are used and start again", slices_are_used_and_start_again},
    };
    return UNIT_MAIN(cases);
}
