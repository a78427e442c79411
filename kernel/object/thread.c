/* SPDX-License-Identifier: MIT */
/** Threads: see thread.h. */
#include "object/thread.h"

#include "arch.h"
#include "object/ipc.h"
#include "sched/sched.h"

void thread_init(struct tcb *t)
{
    t->domain = (uint8_t)kernel.domain;
    t->regs.spsr = ARCH_USER_SPSR;
    arch_mode_changed(t);
}

void thread_suspend(struct tcb *t)
{
    ipc_cancel(t);
    if (t->state == THREAD_RUNNING) {
        t->regs.fault_pc = t->regs.pc;
    }
    thread_set_state(t, THREAD_INACTIVE);
    sched_forget(t);
    sched_context_cancel_yield(t);
}

void thread_resume(struct tcb *t)
{
    if (thread_is_runnable(t) || t->state == THREAD_IDLE) {
        return;
    }
    ipc_cancel(t);
    thread_set_state(t, THREAD_RESTART);
    if (t->sc != NULL) {
        sched_context_unblocked(t->sc);
        sched_resume_context(t->sc);
    }
    if (thread_is_schedulable(t)) {
        sched_possible_switch_to(t);
    }
}

/* Places of UserContext's words in struct registers, counted in words. */
enum {
    REG_SP = 31,
    REG_PC = 32,
    REG_SPSR = 33,
    REG_FAULT_PC = 34,
    REG_TPIDR = 35,
    REG_TPIDRRO = 36,
};
_Static_assert(offsetof(struct registers, fault_pc) == REG_FAULT_PC * sizeof(uint64_t), "register order");
_Static_assert(offsetof(struct registers, tpidrro_el0) == REG_TPIDRRO * sizeof(uint64_t), "register order");

static const uint8_t context_order[seL4_UserContextWords] = {
    REG_FAULT_PC, REG_SP, REG_SPSR, 0,  1,  2,  3,  4,  5,  6,  7,  8,  16, 17, 18, 29,        30,
    9,            10,     11,       12, 13, 14, 15, 19, 20, 21, 22, 23, 24, 25, 26, 27,        28,
    REG_TPIDR,    REG_TPIDRRO,
};

uint64_t thread_read_register(const struct tcb *t, unsigned index)
{
    return ((const uint64_t *)&t->regs)[context_order[index]];
}

void thread_write_register(struct tcb *t, unsigned index, uint64_t value)
{
    unsigned place = context_order[index];
    if (place == REG_SPSR) {
        value = arch_user_spsr(value, t->vcpu != NULL);
    }
    ((uint64_t *)&t->regs)[place] = value;
}
