/* SPDX-License-Identifier: MIT */
/**
 * Guest: makes virtual CPUs and has them do each thing that a guest can do or cannot (code_aarch64.S). This thread is the handler of
 * their faults, and more important than they are: a guest runs while it waits. What it says is the same on every kernel of this interface.
 */
#include "rt.h"

LX_WINDOW(window); /* where a guest finds nothing at first */
LX_UNTYPED(untyped);
LX_FREE(spare);
LX_IRQ(alarm);
LX_DEVICE(interrupts); /* the interrupt controller, as a guest sees it */
LX_CAP(own_cspace, AUTHORITY_OWN_CSPACE);
LX_CAP(own_vspace, AUTHORITY_OWN_VSPACE);
LX_CAP(own_tcb, AUTHORITY_OWN_TCB);
LX_CAP(sched_control, AUTHORITY_SCHED_CONTROL);

typedef void guest_code(void);
guest_code guest_calls, guest_traps, guest_reads, guest_translates, guest_spins, guest_is_interrupted, guest_polls, guest_sleeps,
    guest_keeps;
extern char guest_vectors[];

enum {
    PRIORITY = 120,
    EL1H = 0x3c5, /* interrupts masked */
    EL0 = 0x140,
    REPORT = 100,
    TIMER_IRQ = 27,
    TICKS_PER_MS = 62500,
    HSR_SMC = 0x5e000000,
    HSR_WFI = 0x7e00000,
    ESR_SVC_7 = 0x56000007,
    SCTLR_RESET = 0x34d58820,
    BLOCK_OF_MEMORY = 0x701,   /* accessed, shared, attribute 0 */
    TCR_39_BITS = 1 << 23 | 25, /* and nothing in the upper half */
};

#define FSR_READ_X0_LEVEL_3 0x93c08007ull

struct guest {
    uint64_t tcb, sched, reply, endpoint, vcpu;
    struct message fault; /* the last */
    uint64_t number; /* of an unknown system call */
    struct seL4_UserContext regs; /* when it was made */
};

static struct guest first, second;
static uint64_t wake;
static uint64_t next_spare;

static void must(bool good, const char *what)
{
    if (!good) {
        rt_panic("%s does not work", what);
    }
}

/* ---- objects ---------------------------------------------------------------------------------------------------------------- */

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

static void delete(uint64_t index)
{
    must(cnode_delete((struct slot){own_cspace.cap, index, 64}) == seL4_NoError, "deleting");
}

static uint64_t vcpu_invoke(uint64_t vcpu, uint64_t label, uint64_t words, uint64_t word0, uint64_t word1, uint64_t *out)
{
    struct message m = {.info = message_info(label, words), .word = {word0, word1}};
    sys_call(vcpu, &m);
    *out = m.word[0];
    return rt_label(&m);
}

static uint64_t vcpu_read(uint64_t vcpu, uint64_t reg)
{
    uint64_t value;
    must(vcpu_invoke(vcpu, seL4_ARMVCPUReadReg, 1, reg, 0, &value) == seL4_NoError, "reading a register of a VCPU");
    return value;
}

static void vcpu_write(uint64_t vcpu, uint64_t reg, uint64_t value)
{
    uint64_t ignored;
    must(vcpu_invoke(vcpu, seL4_ARMVCPUWriteReg, 2, reg, value, &ignored) == seL4_NoError, "writing a register of a VCPU");
}

static uint64_t vcpu_inject(uint64_t vcpu, uint64_t irq, uint64_t list_register)
{
    uint64_t ignored;
    return vcpu_invoke(vcpu, seL4_ARMVCPUInjectIRQ, 1, irq | list_register << 32, 0, &ignored);
}

static uint64_t vcpu_acknowledge(uint64_t vcpu)
{
    uint64_t ignored;
    return vcpu_invoke(vcpu, seL4_ARMVCPUAckVPPI, 1, TIMER_IRQ, 0, &ignored);
}

static void bind(uint64_t vcpu, uint64_t tcb)
{
    struct message m = {.info = seL4_MessageInfo_new(seL4_ARMVCPUSetTCB, 0, 1, 0)};
    ipc_buffer->caps_or_badges[0] = tcb;
    sys_call(vcpu, &m);
    must(rt_label(&m) == seL4_NoError, "binding a VCPU");
}

static void make_guest(struct guest *g)
{
    const struct sched_params params = {.budget_us = 500000, .period_us = 500000};
    g->tcb = make(seL4_TCBObject, 0);
    g->sched = make(seL4_SchedContextObject, 8);
    g->reply = make(seL4_ReplyObject, 0);
    g->endpoint = make(seL4_EndpointObject, 0);
    g->vcpu = make(seL4_ARM_VCPUObject, 0);
    must(tcb_configure(g->tcb, own_cspace.cap, 0, own_vspace.cap, 0, 0) == seL4_NoError &&
             sched_control_configure(sched_control.cap, g->sched, &params) == seL4_NoError &&
             tcb_set_sched_params(g->tcb, own_tcb.cap, 0, PRIORITY, g->sched, g->endpoint) == seL4_NoError,
         "making a thread");
}

/* ---- running ------------------------------------------------------------------------------------------------------------------ */

/* The guest starts, or goes on, with g->regs. */
static void resume(struct guest *g)
{
    must(tcb_suspend(g->tcb) == seL4_NoError && tcb_write_registers(g->tcb, true, &g->regs) == seL4_NoError, "starting a guest");
}

static void look(struct guest *g)
{
    must(tcb_read_registers(g->tcb, false, &g->regs) == seL4_NoError, "reading a guest's registers");
}

/* Waits for a fault with this label and first word. */
static void wait_for(struct guest *g, uint64_t label, uint64_t word)
{
    sys_recv(g->endpoint, g->reply, &g->fault);
    g->number = ipc_buffer->msg[seL4_UnknownSyscall_Syscall];
    look(g);
    if (rt_label(&g->fault) != label || g->fault.word[0] != word) {
        rt_panic("fault %llu (%#llx) at %#llx does not work; it should be %llu (%#llx)", (unsigned long long)rt_label(&g->fault),
                 (unsigned long long)g->fault.word[0], (unsigned long long)g->regs.pc, (unsigned long long)label,
                 (unsigned long long)word);
    }
}

/* Waits for what the guest says with its unknown system call, with this in x0. */
static void wait_for_report(struct guest *g, uint64_t x0)
{
    wait_for(g, seL4_Fault_UnknownSyscall, x0);
    must(g->number == REPORT, "reporting");
}

static void answer(const struct guest *g)
{
    const struct message nothing = {0};
    sys_send(g->reply, &nothing);
}

/* Every guest finds in x2 to x4 what translates the first GiB, as it is and once more at 4 GiB, in x19 its interrupt controller. */
static void start(struct guest *g, guest_code *code, uint64_t x0, uint64_t x1)
{
    static uint64_t blocks[512] __attribute__((aligned(4096)));
    blocks[0] = BLOCK_OF_MEMORY;
    blocks[4] = BLOCK_OF_MEMORY;
    g->regs = (struct seL4_UserContext){.pc = (uint64_t)code, .spsr = EL1H, .x0 = x0, .x1 = x1, .x2 = (uint64_t)blocks,
                                        .x3 = TCR_39_BITS, .x4 = 0xff, .x19 = interrupts.addr};
    resume(g);
}

/* It goes on behind the instruction that trapped. */
static void skip(struct guest *g)
{
    g->regs.pc += 4;
    resume(g);
}

static void sleep_ms(uint64_t ms)
{
    uint64_t due = rt_ticks() + ms * TICKS_PER_MS;
    __asm__ volatile("msr cntp_cval_el0, %0\n\tmsr cntp_ctl_el0, %1\n\tisb" : : "r"(due), "r"(1ull) : "memory");
    (void)sys_wait(wake);
    __asm__ volatile("msr cntp_ctl_el0, xzr\n\tisb" : : : "memory");
    must(irq_ack(alarm.handler) == seL4_NoError, "acknowledging an interrupt");
}

/* ---- what is tried -------------------------------------------------------------------------------------------------------------- */

static void try_reset(void)
{
    for (uint64_t reg = 0; reg < seL4_VCPUReg_Num; reg++) {
        must(vcpu_read(first.vcpu, reg) == (reg == seL4_VCPUReg_SCTLR ? SCTLR_RESET : 0), "a new VCPU");
    }
    bind(first.vcpu, first.tcb);
    vcpu_write(first.vcpu, seL4_VCPUReg_VBAR, (uint64_t)guest_vectors);
    rt_log("a new VCPU is as a CPU after reset");
}

static void try_calls(void)
{
    uint64_t notification = make(seL4_NotificationObject, 0);
    uint64_t badged = new_slot();
    must(cnode_mint((struct slot){own_cspace.cap, badged, 64}, (struct slot){own_cspace.cap, notification, 64}, seL4_AllRights, 6) ==
             seL4_NoError,
         "minting");
    start(&first, guest_calls, badged, (uint64_t)seL4_SysSend);
    wait_for_report(&first, badged);
    must(sys_poll(notification) == 6, "a guest's signal");
    rt_log("hvc is a system call");
}

static void try_traps(void)
{
    start(&first, guest_traps, 0, 0);
    wait_for(&first, seL4_Fault_VCPUFault, HSR_SMC);
    must(rt_length(&first.fault) == seL4_VCPUFault_Length && first.regs.pc == (uint64_t)guest_traps, "smc");
    skip(&first);
    wait_for(&first, seL4_Fault_VCPUFault, HSR_WFI);
    must(first.regs.pc == (uint64_t)guest_traps + 4, "wfi");
    answer(&first); /* it is made again */
    wait_for(&first, seL4_Fault_VCPUFault, HSR_WFI);
    skip(&first);
    wait_for_report(&first, 0);
    must(first.regs.x20 == ESR_SVC_7, "svc");
    rt_log("smc, wfi and svc go where they should");
}

/* A read of `va`, which the guest's own tables, if it has any, map to `physical`: nothing is there, until a page is. */
static void try_abort(guest_code *code, uint64_t va, uint64_t physical, uint64_t page)
{
    start(&first, code, 0, va);
    wait_for(&first, seL4_Fault_VMFault, (uint64_t)guest_reads);
    must(first.fault.word[seL4_VMFault_Addr] == physical && first.fault.word[seL4_VMFault_PrefetchFault] == 0 &&
             first.fault.word[seL4_VMFault_FSR] == FSR_READ_X0_LEVEL_3,
         "the message of an abort");
    must(page_map(page, own_vspace.cap, align_down(physical, PAGE_BYTES), seL4_CanRead | seL4_CanWrite,
                  seL4_ARM_Default_VMAttributes) == seL4_NoError,
         "mapping");
    *(volatile uint64_t *)physical = va + 1;
    answer(&first);
    wait_for_report(&first, va + 1);
    must(page_unmap(page) == seL4_NoError, "unmapping");
}

static void try_memory(void)
{
    uint64_t page = make(seL4_ARM_SmallPageObject, 0);
    uint64_t address = window.addr + PAGE_BYTES + 0x238;
    try_abort(guest_reads, address, address, page);
    try_abort(guest_translates, (4ull << 30) + address, address, page);
    vcpu_write(first.vcpu, seL4_VCPUReg_SCTLR, SCTLR_RESET);
    rt_log("an abort names the guest's physical address, and is answered by a page");
}

static void try_interrupts(void)
{
    must(vcpu_inject(first.vcpu, 40, 2) == seL4_NoError, "injecting");
    start(&first, guest_is_interrupted, 0, 0);
    wait_for(&first, seL4_Fault_VGICMaintenance, 2);
    must(first.regs.x22 == 40, "a virtual interrupt");
    answer(&first);
    sleep_ms(1); /* it has taken one and waits for the other */
    look(&first);
    must(first.regs.x23 == 1, "returning from a virtual interrupt");
    must(vcpu_inject(first.vcpu, 41, 0) == seL4_NoError, "injecting");
    wait_for(&first, seL4_Fault_VGICMaintenance, 0);
    must(first.regs.x22 == 41, "a virtual interrupt");
    answer(&first);
    wait_for(&first, seL4_Fault_UnknownSyscall, 1);
    rt_log("an injected interrupt is taken, ended, and its end is told");
}

static void try_timer(void)
{
    uint64_t before = rt_ticks();
    start(&first, guest_sleeps, TICKS_PER_MS, 0);
    wait_for(&first, seL4_Fault_VPPIEvent, TIMER_IRQ);
    must(rt_ticks() - before >= TICKS_PER_MS && vcpu_read(first.vcpu, seL4_VCPUReg_CNTV_CTL) == 5, "a guest's timer");
    uint64_t count = first.regs.x0;
    answer(&first);
    sleep_ms(1);
    look(&first);
    must(first.regs.x0 > count, "running on without acknowledging");
    must(vcpu_acknowledge(first.vcpu) == seL4_NoError, "acknowledging");
    wait_for(&first, seL4_Fault_VPPIEvent, TIMER_IRQ); /* it still is due */
    vcpu_write(first.vcpu, seL4_VCPUReg_CNTV_CTL, 0);
    must(vcpu_acknowledge(first.vcpu) == seL4_NoError, "acknowledging");
    vcpu_write(first.vcpu, seL4_VCPUReg_CNTVOFF, 1ull << 40);
    start(&first, guest_sleeps, TICKS_PER_MS, 0); /* by another clock */
    wait_for(&first, seL4_Fault_VPPIEvent, TIMER_IRQ);
    must(vcpu_read(first.vcpu, seL4_VCPUReg_CNTV_CVAL) > UINT64_MAX - (1ull << 40), "the offset of a guest's clock");
    vcpu_write(first.vcpu, seL4_VCPUReg_CNTV_CTL, 0);
    must(vcpu_acknowledge(first.vcpu) == seL4_NoError, "acknowledging");
    rt_log("the timer tells once, until it is acknowledged");
}

static void check_kept(struct guest *g, uint64_t value)
{
    skip(g);
    wait_for_report(g, value);
    must(g->regs.x1 == value && g->regs.x2 == value && g->regs.x3 == value, "keeping registers");
}

static void try_two(void)
{
    bind(second.vcpu, second.tcb);
    start(&first, guest_keeps, 0x1111000, 0);
    wait_for_report(&first, 0x1111000);
    start(&second, guest_keeps, 0x2222000, 0);
    wait_for_report(&second, 0x2222000);
    check_kept(&first, 0x1111000);
    check_kept(&second, 0x2222000);
    must(vcpu_inject(first.vcpu, 50, 1) == seL4_NoError && vcpu_inject(second.vcpu, 51, 3) == seL4_NoError, "injecting");
    start(&first, guest_polls, 0, 0);
    wait_for_report(&first, 50);
    start(&second, guest_polls, 0, 0);
    wait_for_report(&second, 51);
    must(vcpu_inject(first.vcpu, 52, 1) == seL4_DeleteFirst, "refusing to replace an interrupt in hand");
    skip(&first);
    wait_for(&first, seL4_Fault_VGICMaintenance, 1);
    skip(&second);
    wait_for(&second, seL4_Fault_VGICMaintenance, 3);
    must(tcb_suspend(second.tcb) == seL4_NoError, "stopping a guest");
    rt_log("two guests keep their registers, their FPU and their interrupts");
}

static void try_ends(void)
{
    start(&first, guest_spins, 0, 0);
    sleep_ms(1);
    delete(first.vcpu);
    look(&first);
    uint64_t count = first.regs.x0;
    must(first.regs.spsr == EL0 && count != 0, "ending a VCPU");
    sleep_ms(1);
    look(&first);
    must(first.regs.x0 > count && first.regs.spsr == EL0, "going on without a VCPU");
    rt_log("a VCPU that is deleted leaves an ordinary thread");
    start(&second, guest_spins, 0, 0);
    sleep_ms(1);
    delete(second.tcb);
    must(vcpu_read(second.vcpu, seL4_VCPUReg_SCTLR) == SCTLR_RESET, "a VCPU without a thread");
    bind(second.vcpu, first.tcb);
    first.vcpu = second.vcpu;
    start(&first, guest_traps, 0, 0);
    wait_for(&first, seL4_Fault_VCPUFault, HSR_SMC);
    rt_log("a thread that is deleted leaves its VCPU");
}

void init(void)
{
    wake = make(seL4_NotificationObject, 0);
    must(irq_set_notification(alarm.handler, wake) == seL4_NoError && irq_ack(alarm.handler) == seL4_NoError, "getting interrupts");
    make_guest(&first);
    make_guest(&second);
    try_reset();
    try_calls();
    try_traps();
    try_memory();
    try_interrupts();
    try_timer();
    try_two();
    try_ends();
    rt_log("done");
}
