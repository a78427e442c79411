/* SPDX-License-Identifier: MIT */
/**
 * Shows that virtual CPUs do what they say: where registers are when guests, their handler and others alternate, virtual interrupts
 * and the timer with their faults, and what unbinding and deleting leave behind. The guest is what the test makes the machine do.
 */
#include "api/message.h"
#include "api/syscall.h"
#include "arch.h"
#include "check/world.h"
#include "object/vspace.h"
#include "sched/refill.h"
#include "unit.h"

enum { A = 2, B = 0, C = 4, EL1H = 0x3c5, NATIVE = 0x140 };
enum { VCPU_A = WORLD_VCPU, VCPU_B, VCPU_C, HANDLER = WORLD_ENDPOINT + 3 };

static uint64_t invoke(uint64_t cap, uint64_t label, unsigned words, const uint64_t *word, unsigned extras, const uint64_t *extra)
{
    uint64_t error = world_invoke(cap, label, words, word, extras, extra);
    world_check("an invocation");
    return error;
}

#define LIST(...) ((const uint64_t[]){__VA_ARGS__})

static struct vcpu *vcpu(unsigned slot)
{
    return kptr(cap_address(world_slot(slot)->cap));
}

static void bind(unsigned slot, unsigned n)
{
    CHECK_EQ(invoke(slot, seL4_ARMVCPUSetTCB, 0, world_root_cnode, 1, LIST(WORLD_TCB + n)), seL4_NoError);
}

static uint64_t read(unsigned slot, uint64_t reg)
{
    struct tcb *caller = kernel.current;
    CHECK_EQ(invoke(slot, seL4_ARMVCPUReadReg, 1, &reg, 0, NULL), seL4_NoError);
    return caller->regs.x[REG_MESSAGE];
}

static void write(unsigned slot, uint64_t reg, uint64_t value)
{
    CHECK_EQ(invoke(slot, seL4_ARMVCPUWriteReg, 2, LIST(reg, value), 0, NULL), seL4_NoError);
}

static uint64_t inject(unsigned slot, uint64_t number, uint64_t index)
{
    return invoke(slot, seL4_ARMVCPUInjectIRQ, 1, LIST(number | index << 32), 0, NULL);
}

/* Thread n runs, as the root waits for interrupt 32. */
static void let_run(unsigned n)
{
    CHECK_EQ(world_resume(n), seL4_NoError);
    world_root_waits();
    CHECK(kernel.current == world_thread(n));
    world_check("a start");
}

static void stop(unsigned n)
{
    world_wake_root();
    CHECK_EQ(world_suspend(n), seL4_NoError);
    world_check("a stop");
}

/* The root has received a fault of thread n: its label and word. */
static void told(unsigned n, unsigned label, uint64_t word)
{
    CHECK(kernel.current == world_root());
    CHECK_EQ(seL4_MessageInfo_label(world_root()->regs.x[REG_INFO]), label);
    CHECK_EQ(seL4_MessageInfo_length(world_root()->regs.x[REG_INFO]), 1);
    CHECK_EQ(world_root()->regs.x[REG_MESSAGE], word);
    CHECK_EQ(world_thread(n)->state, THREAD_BLOCKED_REPLY);
    CHECK(!sim.guest.entered);
    world_check("a fault");
}

/* Answers the fault with `info` and waits for the next. */
static void answer_and_wait(uint64_t info)
{
    struct world_call call = {.number = seL4_SysReplyRecv, .cap = HANDLER, .info = info, .reply = WORLD_REPLY + 5};
    world_call(&call);
    world_check("an answer");
}

/* Thread n is a guest that runs, and the root waits for its faults. */
static void start_guest(unsigned slot, unsigned n)
{
    bind(slot, n);
    CHECK_EQ(world_resume(n), seL4_NoError);
    world_root_receives(HANDLER);
    CHECK(kernel.current == world_thread(n));
    CHECK(sim.guest.entered);
}

/* ---- registers ------------------------------------------------------------------------------------------------------------- */

static void registers_are_where_they_should_be(void)
{
    world_start();
    for (unsigned reg = 0; reg < seL4_VCPUReg_Num; reg++) {
        CHECK_EQ(read(VCPU_A, reg), reg == seL4_VCPUReg_SCTLR ? 0x34d58820 : 0);
        write(VCPU_A, reg, reg == seL4_VCPUReg_CNTV_CTL ? 0 : 100 + reg);
        write(VCPU_B, reg, reg == seL4_VCPUReg_CNTV_CTL ? 0 : 200 + reg);
    }
    bind(VCPU_A, A);
    bind(VCPU_B, B);
    let_run(A);
    CHECK(kernel.vcpu_entered == vcpu(VCPU_A));
    for (unsigned reg = 0; reg < seL4_VCPUReg_Num; reg++) {
        CHECK_EQ(sim.guest.regs[reg], reg == seL4_VCPUReg_CNTV_CTL ? 0 : 100 + reg);
    }
    /* What the guest writes is read, whether it is still in the machine or not, and what is written arrives at the guest. */
    sim.guest.regs[seL4_VCPUReg_VBAR] = 1000;
    sim.guest.regs[seL4_VCPUReg_SCTLR] = 1001;
    stop(A);
    CHECK(!sim.guest.entered);
    CHECK(kernel.vcpu_loaded == vcpu(VCPU_A));
    CHECK_EQ(sim.guest.stores, 0);
    CHECK_EQ(read(VCPU_A, seL4_VCPUReg_VBAR), 1000);
    CHECK_EQ(read(VCPU_A, seL4_VCPUReg_SCTLR), 1001);
    write(VCPU_A, seL4_VCPUReg_TTBR0, 1002);
    write(VCPU_A, seL4_VCPUReg_CPACR, 1003);
    let_run(A);
    CHECK_EQ(sim.guest.stores, 0); /* nobody else was a guest in between */
    CHECK_EQ(sim.guest.regs[seL4_VCPUReg_TTBR0], 1002);
    CHECK_EQ(sim.guest.regs[seL4_VCPUReg_CPACR], 1003);
    stop(A);
    let_run(B);
    CHECK_EQ(sim.guest.stores, 1);
    CHECK_EQ(sim.guest.regs[seL4_VCPUReg_VBAR], 200 + seL4_VCPUReg_VBAR);
    CHECK_EQ(sim.guest.regs[seL4_VCPUReg_SCTLR], 200 + seL4_VCPUReg_SCTLR);
    stop(B);
    CHECK_EQ(read(VCPU_A, seL4_VCPUReg_VBAR), 1000);
    CHECK_EQ(read(VCPU_A, seL4_VCPUReg_TTBR0), 1002);
    CHECK_EQ(read(VCPU_A, seL4_VCPUReg_CPACR), 1003);
    CHECK_EQ(read(VCPU_B, seL4_VCPUReg_CNTKCTL_EL1), 200 + seL4_VCPUReg_CNTKCTL_EL1);
}

/* A guest that has the capabilities acts on its own VCPU, by system calls: it stays what it is. */
static void a_guest_acts_on_itself(void)
{
    world_start();
    bind(VCPU_A, A);
    let_run(A);
    sim.guest.regs[seL4_VCPUReg_CPACR] = 7;
    sim.guest.regs[seL4_VCPUReg_FAR] = 8;
    CHECK_EQ(read(VCPU_A, seL4_VCPUReg_CPACR), 7);
    CHECK_EQ(read(VCPU_A, seL4_VCPUReg_FAR), 8);
    write(VCPU_A, seL4_VCPUReg_CPACR, 9);
    write(VCPU_A, seL4_VCPUReg_FAR, 10);
    CHECK(sim.guest.entered);
    CHECK_EQ(sim.guest.regs[seL4_VCPUReg_CPACR], 9);
    CHECK_EQ(sim.guest.regs[seL4_VCPUReg_FAR], 10);
    CHECK_EQ(inject(VCPU_A, 40, 1), seL4_NoError);
    CHECK(sim_virq_is_pending(sim.guest.virq[1]));
    bind(VCPU_B, A); /* another one */
    CHECK(kernel.vcpu_entered == vcpu(VCPU_B));
    CHECK(vcpu(VCPU_A)->tcb == NULL);
    CHECK_EQ(sim.guest.regs[seL4_VCPUReg_SCTLR], 0x34d58820);
    CHECK_EQ(vcpu(VCPU_A)->regs[seL4_VCPUReg_CPACR], 9);
    bind(VCPU_B, B); /* and none */
    CHECK(!sim.guest.entered);
    CHECK(kernel.current == world_thread(A));
}

/* ---- who is a guest ---------------------------------------------------------------------------------------------------------- */

static void only_a_guest_has_el1(void)
{
    world_start();
    const struct tcb *t = world_thread(A);
    const uint64_t modes[][3] = {/* written, of a guest, of another thread */
                                 {EL1H, EL1H, NATIVE},
                                 {0xb0000004, 0xb0000004, 0xb0000000 | NATIVE},
                                 {0, 0, NATIVE},
                                 {0x3c9, NATIVE, NATIVE},
                                 {0x1d0, NATIVE, NATIVE},
                                 {UINT64_MAX, 0xf0000000 | NATIVE, 0xf0000000 | NATIVE}};
    for (unsigned i = 0; i < ARRAY_LEN(modes); i++) {
        for (unsigned guest = 0; guest < 2; guest++) {
            bind(VCPU_A, guest != 0 ? A : B);
            CHECK_EQ(invoke(WORLD_TCB + A, seL4_TCBWriteRegisters, 5, LIST(0, 3, 0x1000, 0x2000, modes[i][0]), 0, NULL), seL4_NoError);
            CHECK_EQ(t->regs.spsr, modes[i][guest != 0 ? 1 : 2]);
        }
        bind(VCPU_A, B); /* unbinding takes EL1 away, and leaves the flags */
        CHECK_EQ(t->regs.spsr, (modes[i][1] & 0xf0000000) | NATIVE);
    }
}

static void a_binding_ends_others(void)
{
    world_start();
    bind(VCPU_A, A);
    bind(VCPU_A, A); /* again: nothing happens */
    bind(VCPU_B, B);
    bind(VCPU_A, B); /* both ends were bound */
    CHECK(world_thread(A)->vcpu == NULL);
    CHECK(vcpu(VCPU_B)->tcb == NULL);
    CHECK(world_thread(B)->vcpu == vcpu(VCPU_A));
}

static void a_running_guest_loses_its_vcpu(void)
{
    world_start();
    bind(VCPU_A, A);
    CHECK_EQ(world_copy(VCPU_A, WORLD_FREE), seL4_NoError);
    CHECK_EQ(invoke(WORLD_TCB + A, seL4_TCBWriteRegisters, 5, LIST(0, 3, 0x1000, 0x2000, EL1H), 0, NULL), seL4_NoError);
    let_run(A);
    CHECK_EQ(world_delete(VCPU_A), seL4_NoError); /* by the guest itself; there is another capability */
    CHECK(sim.guest.entered);
    CHECK_EQ(world_delete(WORLD_FREE), seL4_NoError);
    CHECK(!sim.guest.entered);
    CHECK(kernel.vcpu_loaded == NULL);
    CHECK(kernel.current == world_thread(A));
    CHECK_EQ(world_thread(A)->regs.spsr, NATIVE);
    world_check("the end of a VCPU");
    stop(A);
    bind(VCPU_B, B); /* the thread ends while the machine holds its registers */
    let_run(B);
    sim.guest.regs[seL4_VCPUReg_VBAR] = 77;
    world_wake_root();
    CHECK_EQ(world_delete(WORLD_TCB + B), seL4_NoError);
    world_check("the end of a guest");
    CHECK(vcpu(VCPU_B)->tcb == NULL);
    CHECK_EQ(read(VCPU_B, seL4_VCPUReg_VBAR), 77);
}

/* The TLB does not know whose tables its translations came from, of two guests or a guest and another thread in one address space. */
static void tables_of_guests_are_kept_apart(void)
{
    world_start();
    bind(VCPU_A, A);
    bind(VCPU_B, B);
    let_run(A);
    CHECK(sim.guest.flushes != 0);
    const struct asid_entry *entry = asid_entry(cap_asid(world_thread(A)->slots[TCB_VSPACE].cap));
    CHECK((entry->word & ASID_ENTRY_GUEST) != 0);
    uint64_t flushes = sim.guest.flushes;
    stop(A); /* the root is in the same address space */
    CHECK(sim.guest.flushes > flushes);
    CHECK((entry->word & ASID_ENTRY_GUEST) == 0);
    flushes = sim.guest.flushes;
    CHECK_EQ(inject(VCPU_A, 40, 0), seL4_NoError);
    CHECK_EQ(sim.guest.flushes, flushes); /* and nobody else pays */
    let_run(A);
    world_wake_root();
    CHECK_EQ(world_resume(B), seL4_NoError);
    world_root_waits();
    CHECK(kernel.current == world_thread(A)); /* it is more important */
    flushes = sim.guest.flushes;
    struct world_call suspend = {.number = seL4_SysCall, .cap = WORLD_TCB + A, .info = seL4_MessageInfo_new(seL4_TCBSuspend, 0, 0, 0)};
    world_call(&suspend);
    CHECK(kernel.current == world_thread(B)); /* one guest after another, with nobody in between */
    CHECK_EQ(sim.guest.flushes, flushes + 1);
    flushes = sim.guest.flushes;
    CHECK_EQ(read(VCPU_B, seL4_VCPUReg_SCTLR), 0x34d58820); /* the same guest goes on */
    CHECK_EQ(sim.guest.flushes, flushes);
}

/* refuse_test has the errors; these are the limits that they name. */
static void limits_are_told(void)
{
    static const struct {
        unsigned label;
        uint64_t word, max;
    } rows[] = {
        {seL4_ARMVCPUInjectIRQ, 1024, 1023},
        {seL4_ARMVCPUInjectIRQ, 32 << 16, 31},
        {seL4_ARMVCPUInjectIRQ, 2 << 24, 1},
        {seL4_ARMVCPUInjectIRQ, (uint64_t)SIM_VIRQS << 32, SIM_VIRQS - 1},
        {seL4_ARMVCPUAckVPPI, IRQ_COUNT, IRQ_COUNT - 1},
    };
    world_start();
    for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
        CHECK_EQ(invoke(VCPU_A, rows[i].label, 1, &rows[i].word, 0, NULL), seL4_RangeError);
        CHECK_EQ(seL4_MessageInfo_length(world_root()->regs.x[REG_INFO]), 2);
        CHECK_EQ(world_root()->regs.x[REG_MESSAGE], 0);
        CHECK_EQ(world_root()->regs.x[REG_MESSAGE + 1], rows[i].max);
    }
    CHECK_EQ(inject(VCPU_A, 1ull << 40 | 40, 0), seL4_NoError); /* what is above is not looked at */
}

/* ---- virtual interrupts ------------------------------------------------------------------------------------------------------ */

static void an_injected_interrupt_is_taken_and_ended(void)
{
    world_start();
    CHECK_EQ(inject(VCPU_A, 40, 2), seL4_NoError); /* before there is a guest */
    CHECK_EQ(inject(VCPU_A, 41, 2), seL4_NoError); /* one that nobody has taken may be replaced */
    start_guest(VCPU_A, A);
    CHECK(sim_virq_is_pending(sim.guest.virq[2]));
    sim_guest_takes(2);
    sim_guest_ends(2);
    world_wait(1);
    told(A, seL4_Fault_VGICMaintenance, 2);
    CHECK_EQ(inject(VCPU_A, 42, 0), seL4_NoError); /* its registers are still in the machine */
    CHECK_EQ(inject(VCPU_A, 43, 3), seL4_NoError);
    answer_and_wait(0);
    CHECK(kernel.current == world_thread(A));
    sim_guest_takes(0);
    sim_guest_takes(3);
    sim_guest_ends(3);
    sim_guest_ends(0);
    world_wait(1);
    told(A, seL4_Fault_VGICMaintenance, 0); /* one at a time */
    answer_and_wait(seL4_MessageInfo_new(5, 0, 0, 0)); /* whatever the label */
    CHECK(arch_interrupt_is_pending());
    world_wait(1);
    told(A, seL4_Fault_VGICMaintenance, 3);
}

static void an_interrupt_in_hand_is_not_replaced(void)
{
    world_start();
    bind(VCPU_A, A);
    bind(VCPU_B, B);
    CHECK_EQ(inject(VCPU_A, 40, 1), seL4_NoError);
    let_run(A);
    sim_guest_takes(1);
    stop(A);
    CHECK_EQ(inject(VCPU_A, 41, 1), seL4_DeleteFirst);
    let_run(B); /* now the object holds it */
    stop(B);
    CHECK(kernel.vcpu_loaded == vcpu(VCPU_B));
    CHECK_EQ(inject(VCPU_A, 41, 1), seL4_DeleteFirst);
    let_run(A);
    sim_guest_ends(1);
    stop(A); /* without a handler that waits, the guest is blocked in its fault */
    CHECK_EQ(inject(VCPU_A, 41, 1), seL4_NoError);
}

/* ---- the timer ----------------------------------------------------------------------------------------------------------------- */

static void set_timer(ticks_t in)
{
    sim.guest.regs[seL4_VCPUReg_CNTV_CVAL] = sim.time + in;
    sim.guest.regs[seL4_VCPUReg_CNTV_CTL] = 1;
}

static void the_timer_tells_once(void)
{
    world_start();
    start_guest(VCPU_A, A);
    set_timer(1000);
    world_wait(999);
    CHECK(kernel.current == world_thread(A));
    world_wait(1);
    told(A, seL4_Fault_VPPIEvent, ARCH_GUEST_TIMER_IRQ);
    CHECK_EQ(read(VCPU_A, seL4_VCPUReg_CNTV_CTL), 1);
    answer_and_wait(0);
    world_wait(1000); /* still due, but not acknowledged */
    CHECK(kernel.current == world_thread(A));
    CHECK_EQ(invoke(VCPU_A, seL4_ARMVCPUAckVPPI, 1, LIST(ARCH_GUEST_TIMER_IRQ), 0, NULL), seL4_NoError); /* by the guest */
    world_wait(1);
    told(A, seL4_Fault_VPPIEvent, ARCH_GUEST_TIMER_IRQ);
    CHECK_EQ(invoke(VCPU_A, seL4_ARMVCPUAckVPPI, 1, LIST(ARCH_GUEST_TIMER_IRQ), 0, NULL), seL4_NoError);
    answer_and_wait(0);
    world_wait(1);
    told(A, seL4_Fault_VPPIEvent, ARCH_GUEST_TIMER_IRQ);
}

static void each_guest_has_its_timer(void)
{
    world_start();
    bind(VCPU_A, A);
    bind(VCPU_B, B);
    let_run(A);
    set_timer(1000);
    stop(A);
    world_wait(5000); /* passes while others run: nobody hears of it */
    CHECK(kernel.current == world_root());
    CHECK(!vcpu(VCPU_A)->timer_masked);
    let_run(B);
    world_wait(1000);
    CHECK(kernel.current == world_thread(B));
    stop(B);
    CHECK_EQ(world_resume(A), seL4_NoError);
    world_root_receives(HANDLER);
    world_wait(1);
    told(A, seL4_Fault_VPPIEvent, ARCH_GUEST_TIMER_IRQ);
    CHECK(vcpu(VCPU_A)->timer_masked);
    let_run(B); /* the other's is not masked */
    CHECK(!sim.irq_masked[ARCH_GUEST_TIMER_IRQ]);
    stop(B);
    write(VCPU_A, seL4_VCPUReg_CNTVOFF, sim.time); /* its time starts again */
    CHECK_EQ(invoke(VCPU_A, seL4_ARMVCPUAckVPPI, 1, LIST(ARCH_GUEST_TIMER_IRQ), 0, NULL), seL4_NoError);
    CHECK_EQ(world_suspend(A), seL4_NoError);
    let_run(A);
    world_wait(1000);
    CHECK(kernel.current == world_thread(A));
}

/* An interrupt that arrives when the guest's budget is used up is told when it runs again: it cannot be blocked and out of budget. */
static void an_interrupt_without_budget_waits(void)
{
    world_start();
    enum { PERIODIC = 4 }; /* thread 4 has 3 ms of budget every 10 ms */
    start_guest(VCPU_A, PERIODIC);
    ticks_t budget = arch_ticks_from_us(3000);
    set_timer(budget);
    sim_advance(budget);
    sim.irq_pending[SIM_TIMER_IRQ] = false; /* the guest's interrupt is taken first */
    enter_interrupt();
    world_check("an interrupt without budget");
    const struct tcb *t = world_thread(PERIODIC);
    CHECK(t->in_release_queue);
    CHECK(t->state == THREAD_RESTART || t->state == THREAD_RUNNING);
    CHECK(!vcpu(VCPU_A)->timer_masked);
    world_wait(arch_ticks_from_us(10000));
    world_wait(1);
    told(PERIODIC, seL4_Fault_VPPIEvent, ARCH_GUEST_TIMER_IRQ);
}

static void a_late_interrupt_is_nobodys(void)
{
    world_start();
    start_guest(VCPU_A, A);
    sim.irq_pending[ARCH_GUEST_MAINTENANCE_IRQ] = true; /* with nothing ended */
    enter_interrupt();
    CHECK(kernel.current == world_thread(A));
    sim.guest.regs[seL4_VCPUReg_CNTV_CTL] = 0;
    world_check("a spurious maintenance interrupt");
    world_start();
    world_root_waits();
    CHECK(kernel.current == &kernel.idle_tcb);
    sim.irq_pending[ARCH_GUEST_TIMER_IRQ] = true; /* and nobody is a guest */
    enter_interrupt();
    world_check("a spurious timer interrupt");
    CHECK(kernel.current == &kernel.idle_tcb);
}

/* ---- traps ------------------------------------------------------------------------------------------------------------------------ */

static void a_trap_is_told(void)
{
    world_start();
    start_guest(VCPU_A, A);
    enum { WFI = 0x7e00000 };
    world_thread(A)->regs.fault_pc = world_thread(A)->regs.pc;
    uint64_t pc = world_thread(A)->regs.pc;
    enter_trap(WFI);
    told(A, seL4_Fault_VCPUFault, WFI);
    answer_and_wait(0);
    CHECK_EQ(world_thread(A)->regs.pc, pc); /* the instruction again, unless the handler has written registers */
    CHECK(kernel.current == world_thread(A));
}

int main(void)
{
    static const struct unit_case cases[] = {
        {"vcpu: registers are where they should be", registers_are_where_they_should_be},
        {"vcpu: a guest acts on itself", a_guest_acts_on_itself},
        {"vcpu: only a guest has EL1", only_a_guest_has_el1},
        {"vcpu: a binding ends others", a_binding_ends_others},
        {"vcpu: a running guest loses its VCPU", a_running_guest_loses_its_vcpu},
        {"vcpu: tables of guests are kept apart", tables_of_guests_are_kept_apart},
        {"vcpu: limits are told", limits_are_told},
        {"vcpu: an injected interrupt is taken and ended", an_injected_interrupt_is_taken_and_ended},
        {"vcpu: an interrupt in hand is not replaced", an_interrupt_in_hand_is_not_replaced},
        {"vcpu: the timer tells once", the_timer_tells_once},
        {"vcpu: each guest has its timer", each_guest_has_its_timer},
        {"vcpu: an interrupt without budget waits", an_interrupt_without_budget_waits},
        {"vcpu: a late interrupt is nobody's", a_late_interrupt_is_nobodys},
        {"vcpu: a trap is told", a_trap_is_told},
    };
    return UNIT_MAIN(cases);
}
