/* SPDX-License-Identifier: MIT */
/** Virtual CPUs and software generated interrupts. Source: seL4 manual sections 6.4, 8.1, 11.3; libsel4's register numbers. */
#include "conf.h"

#define AT(index) (index), 64

enum {
    SET_TCB = seL4_ARMVCPUSetTCB,
    INJECT = seL4_ARMVCPUInjectIRQ,
    READ = seL4_ARMVCPUReadReg,
    WRITE = seL4_ARMVCPUWriteReg,
    ACK = seL4_ARMVCPUAckVPPI,
    SGI = seL4_ARMIRQIssueSGISignal,
    VCPU = FREE_2, /* made before a row's function */
    REGISTER_COUNT = 24,
    GUEST_ADDR = 0x1000000,
    GUEST_GIC = 0x8010000,
    TIMER_IRQ = 27,
    LIST_REGISTERS = 4,
    ABOVE = ROOT_PRIORITY + 10,
};

/* How InjectIRQ packs its arguments. */
#define VIRQ(number, priority, group, index) ((number) | (uint64_t)(priority) << 16 | (uint64_t)(group) << 24 | (uint64_t)(index) << 32)

extern const uint32_t guest_calls[], guest_traps[], guest_sets_timer[], guest_takes_interrupt[], guest_end[];

/* style: one rule a line */
static const struct refusal refused[] = {
    {"no thread", VCPU, SET_TCB, NONE, W(FRAME), seL4_IllegalOperation, NONE},
    {"a capability is missing", VCPU, SET_TCB, NONE, NONE, seL4_TruncatedMessage, NONE},
    {"interrupt 1024", VCPU, INJECT, W(VIRQ(1024, 0, 0, 0)), NONE, seL4_RangeError, W(0, 1023)},
    {"priority 32", VCPU, INJECT, W(VIRQ(40, 32, 0, 0)), NONE, seL4_RangeError, W(0, 31)},
    {"group 2", VCPU, INJECT, W(VIRQ(40, 0, 2, 0)), NONE, seL4_RangeError, W(0, 1)},
    {"no such list register", VCPU, INJECT, W(VIRQ(40, 0, 0, LIST_REGISTERS)), NONE, seL4_RangeError, W(0, LIST_REGISTERS - 1)},
    {"a word is missing", VCPU, INJECT, NONE, NONE, seL4_TruncatedMessage, NONE},
    {"no such register", VCPU, READ, W(REGISTER_COUNT), NONE, seL4_InvalidArgument, W(1)},
    {"a word is missing", VCPU, READ, NONE, NONE, seL4_TruncatedMessage, NONE},
    {"no such register", VCPU, WRITE, W(REGISTER_COUNT, 0), NONE, seL4_InvalidArgument, W(1)},
    {"a word is missing", VCPU, WRITE, W(0), NONE, seL4_TruncatedMessage, NONE},
    {"no such interrupt", VCPU, ACK, W(160), NONE, seL4_RangeError, W(0, 159)},
    {"not the virtual timer's", VCPU, ACK, W(ALARM_IRQ), NONE, seL4_InvalidArgument, W(0)},
    {"a word is missing", VCPU, ACK, NONE, NONE, seL4_TruncatedMessage, NONE},
    {"interrupt 16", seL4_CapIRQControl, SGI, W(16, 0, AT(FREE)), W(OWN_CNODE), seL4_RangeError, W(0, 15)},
    {"no such core", seL4_CapIRQControl, SGI, W(1, 8, AT(FREE)), W(OWN_CNODE), seL4_InvalidArgument, W(1)},
    {"slot is not empty", seL4_CapIRQControl, SGI, W(1, 0, AT(FRAME)), W(OWN_CNODE), seL4_DeleteFirst, NONE},
    {"depth 0", seL4_CapIRQControl, SGI, W(1, 0, FREE, 0), W(OWN_CNODE), seL4_RangeError, W(1, 64)},
    {"root is no CNode", seL4_CapIRQControl, SGI, W(1, 0, AT(FREE)), W(FRAME), seL4_FailedLookup, W(0, seL4_InvalidRoot)},
    {"guard differs", seL4_CapIRQControl, SGI, W(1, 0, AT(1ull << 40)), W(OWN_CNODE), seL4_FailedLookup, W(0, seL4_GuardMismatch, 64, 0, ROOT_GUARD_BITS)},
    {"a word is missing", seL4_CapIRQControl, SGI, W(1, 0, FREE), W(OWN_CNODE), seL4_TruncatedMessage, NONE},
    {"a capability is missing", seL4_CapIRQControl, SGI, W(1, 0, AT(FREE)), NONE, seL4_TruncatedMessage, NONE},
};

static bool make_vcpu(void)
{
    return works(call(UNTYPED, seL4_UntypedRetype, WORDS(seL4_ARM_VCPUObject, 0, 0, 0, VCPU, 1), CAPS(OWN_CNODE)));
}

static bool refuses_row(uint64_t i)
{
    const struct refusal *r = &refused[i];
    return make_vcpu() && refuses(call(r->cap, r->label, r->words, r->caps), r->error, r->error_words);
}

static const struct {
    uint64_t label;
    struct words words;
    struct caps caps;
} shapes[] = {{SET_TCB, NONE, W(THREAD)},     {INJECT, W(40), NONE}, {READ, W(0), NONE}, {WRITE, W(0, 0), NONE},
              {ACK, W(TIMER_IRQ), NONE},      {SGI, W(1, 0, AT(FREE)), W(OWN_CNODE)}};

static bool on_an_empty_slot(uint64_t i)
{
    return refuses(call(EMPTY, shapes[i].label, shapes[i].words, shapes[i].caps), seL4_InvalidCapability, WORDS(0));
}

static bool on_other_objects(uint64_t i)
{
    bool good = make_vcpu();
    static const uint64_t objects[] = {UNTYPED, THREAD, OWN_CNODE, CONTEXT, SCHED_CONTROL, HANDLER, FRAME, OWN_VSPACE, TABLE, OWN_POOL, seL4_CapSMC};
    for (size_t k = 0; k < ARRAY_LEN(objects); k++) {
        good = good && refuses(call(objects[k], shapes[i].label, shapes[i].words, shapes[i].caps), seL4_IllegalOperation, NO_WORDS);
    }
    uint64_t last = shapes[i].label == SGI ? VCPU : seL4_CapIRQControl;
    return good && refuses(call(last, shapes[i].label, shapes[i].words, shapes[i].caps), seL4_IllegalOperation, NO_WORDS);
}

/* ---- a guest --------------------------------------------------------------------------------------------------------------------- */

/* A thread with VCPU that runs `code` at EL1 in an address space of its own. It has not started. */
static struct worker *guest(const uint32_t *code)
{
    struct worker *w = worker_new(NULL, ABOVE);
    uint64_t table = make(seL4_ARM_PageTableObject, 0);
    uint64_t table2 = make(seL4_ARM_PageTableObject, 0);
    uint64_t copy = minted(FRAME_MAPPED, seL4_AllRights, 0);
    size_t bytes = (size_t)(guest_end - code) * sizeof code[0];
    memcpy((void *)MAPPED, code, bytes);
    bool good = make_vcpu() && works(call(FRAME_MAPPED, seL4_ARMPageUnify_Instruction, WORDS(0, bytes), NO_CAPS)) &&
                works(call(FRAME_MAPPED, seL4_ARMPageCleanInvalidate_Data, WORDS(0, 4096), NO_CAPS)) &&
                works(call(table, seL4_ARMPageTableMap, WORDS(GUEST_ADDR, 0), CAPS(VSPACE))) &&
                works(call(table2, seL4_ARMPageTableMap, WORDS(GUEST_ADDR, 0), CAPS(VSPACE))) &&
                works(call(copy, seL4_ARMPageMap, WORDS(GUEST_ADDR, seL4_AllRights, seL4_ARM_Default_VMAttributes), CAPS(VSPACE))) &&
                works(call(w->tcb, seL4_TCBSetSpace, WORDS(0, 0), CAPS(faults(), OWN_CNODE, VSPACE))) &&
                works(call(VCPU, SET_TCB, NO_WORDS, CAPS(w->tcb)));
    return good ? w : NULL;
}

/* EL1 with its own stack pointer, interrupts masked. */
static bool guest_start(const struct worker *w)
{
    const struct seL4_UserContext c = {.pc = GUEST_ADDR, .spsr = 0x3c5};
    return w != NULL && tcb_write_registers(w->tcb, true, &c) == seL4_NoError;
}

static bool answer(void)
{
    const struct message m = {0};
    sys_send(REPLY, &m);
    return true;
}

/* Lets a guest that faulted go on behind the instruction. */
static bool skip(const struct worker *w)
{
    struct seL4_UserContext c;
    bool good = tcb_read_registers(w->tcb, false, &c) == seL4_NoError;
    c.pc += 4;
    return good && tcb_write_registers(w->tcb, true, &c) == seL4_NoError;
}

/* The class of a trapped smc is 0x17; a wfi would trap only when no interrupt is pending. */
static bool takes_smc(struct message *m)
{
    return take_fault(seL4_Fault_VCPUFault, m) && same(seL4_MessageInfo_length(m->info), 1, "length") && same(m->word[0] >> 26, 0x17, "class");
}

static bool guest_call(void)
{
    struct worker *w = guest(guest_calls);
    struct message m = {0};
    return guest_start(w) && take_fault(seL4_Fault_UnknownSyscall, &m) &&
           same(ipc_buffer->msg[seL4_UnknownSyscall_Syscall], 0x42, "number");
}

static bool guest_trap(void)
{
    struct worker *w = guest(guest_traps);
    struct seL4_UserContext c;
    struct message m = {0};
    bool good = guest_start(w) && takes_smc(&m) && answer() && takes_smc(&m) && tcb_read_registers(w->tcb, false, &c) == seL4_NoError;
    return good && same(c.pc, GUEST_ADDR, "pc") && skip(w) && takes_smc(&m) && tcb_read_registers(w->tcb, false, &c) == seL4_NoError &&
           same(c.pc, GUEST_ADDR + 4, "pc behind it") && same(c.spsr & 0xf, 5, "mode");
}

static bool guest_timer(void)
{
    struct worker *w = guest(guest_sets_timer);
    struct message m = {0};
    return guest_start(w) && take_fault(seL4_Fault_VPPIEvent, &m) && same(seL4_MessageInfo_length(m.info), 1, "length") && same(m.word[0], TIMER_IRQ, "interrupt") &&
           works(call(VCPU, ACK, WORDS(TIMER_IRQ), NO_CAPS)) && answer() && take_fault(seL4_Fault_VPPIEvent, &m);
}

/* The timer's interrupt comes once until it is acknowledged. */
static bool guest_timer_masked(void)
{
    struct worker *w = guest(guest_sets_timer);
    struct message m = {0};
    bool good = guest_start(w) && take_fault(seL4_Fault_VPPIEvent, &m) && works(call(w->tcb, seL4_TCBSetPriority, WORDS(1), CAPS(OWN_TCB))) && answer();
    sleep_us(1000);
    sys_nb_recv(faults(), REPLY, &m);
    return good && same(m.info, 0, "faults");
}

/* Another guest runs in between: now the state of the first is stored, and InjectIRQ sees it. */
static bool run_another(void)
{
    struct worker *w = worker_new(NULL, ABOVE);
    uint64_t vcpu = make(seL4_ARM_VCPUObject, 0);
    const struct seL4_UserContext c = {.pc = GUEST_ADDR + (uint64_t)(guest_end - guest_takes_interrupt - 1) * 4, .spsr = 0x3c5};
    struct message m = {0};
    return works(call(w->tcb, seL4_TCBSetSpace, WORDS(0, 0), CAPS(faults(), OWN_CNODE, VSPACE))) &&
           works(call(vcpu, SET_TCB, NO_WORDS, CAPS(w->tcb))) && tcb_write_registers(w->tcb, true, &c) == seL4_NoError && takes_smc(&m);
}

static bool guest_interrupt(void)
{
    struct worker *w = guest(guest_takes_interrupt);
    struct message m = {0};
    uint64_t gic = virtual_gic_frame();
    uint64_t table = make(seL4_ARM_PageTableObject, 0);
    bool good = w != NULL && works(call(table, seL4_ARMPageTableMap, WORDS(GUEST_GIC, 0), CAPS(VSPACE))) &&
                works(call(gic, seL4_ARMPageMap, WORDS(GUEST_GIC, seL4_CanRead | seL4_CanWrite, seL4_ARM_ExecuteNever), CAPS(VSPACE))) &&
                works(call(VCPU, INJECT, WORDS(VIRQ(40, 0, 0, 2)), NO_CAPS));
    good = good && guest_start(w) && takes_smc(&m) && run_another() &&
           refuses(call(VCPU, INJECT, WORDS(VIRQ(41, 0, 0, 2)), NO_CAPS), seL4_DeleteFirst, NO_WORDS) && skip(w) &&
           take_fault(seL4_Fault_VGICMaintenance, &m) && same(seL4_MessageInfo_length(m.info), 1, "length") &&
           same(m.word[0], 2, "list register") && works(call(VCPU, INJECT, WORDS(VIRQ(41, 0, 0, 2)), NO_CAPS)) && answer() && takes_smc(&m);
    return works(call(gic, seL4_ARMPageUnmap, NO_WORDS, NO_CAPS)) && good;
}

/* Each register holds what was written; those of 32 bits, their low half. */
static bool registers(void)
{
    bool good = make_vcpu() && works(call(VCPU, SET_TCB, NO_WORDS, CAPS(THREAD)));
    for (uint64_t i = 0; i < REGISTER_COUNT; i++) {
        uint64_t value = 0x1000 + 0x10 * i;
        good = good && works(call(VCPU, WRITE, WORDS(i, value), NO_CAPS)) && gives(call(VCPU, READ, WORDS(i), NO_CAPS), WORDS(value));
    }
    return good;
}

static bool binds_another(void)
{
    return make_vcpu() && works(call(VCPU, SET_TCB, NO_WORDS, CAPS(THREAD))) && works(call(VCPU, SET_TCB, NO_WORDS, CAPS(THREAD_BOUND))) &&
           works(call(VCPU, SET_TCB, NO_WORDS, CAPS(THREAD_BOUND))) && works(call(OWN_CNODE, seL4_CNodeDelete, WORDS(AT(THREAD_BOUND)), NO_CAPS)) &&
           works(call(OWN_CNODE, seL4_CNodeDelete, WORDS(AT(VCPU)), NO_CAPS));
}

/* Without its VCPU the thread is one of EL0 again, for which an smc is no instruction. */
static bool loses_vcpu(void)
{
    struct worker *w = guest(guest_traps);
    struct seL4_UserContext c;
    struct message m = {0};
    return guest_start(w) && take_fault(seL4_Fault_VCPUFault, &m) && works(call(OWN_CNODE, seL4_CNodeDelete, WORDS(AT(VCPU)), NO_CAPS)) &&
           tcb_read_registers(w->tcb, false, &c) == seL4_NoError && same(c.spsr & 0xf, 0, "mode") && answer() &&
           take_fault(seL4_Fault_UserException, &m);
}

/* ---- software generated interrupts -------------------------------------------------------------------------------------------------- */

static bool signals_software(void)
{
    const struct message m = {0};
    bool good = works(call(seL4_CapIRQControl, seL4_IRQIssueIRQHandler, WORDS(3, AT(FREE)), CAPS(OWN_CNODE))) &&
                works(call(FREE, seL4_IRQSetIRQHandler, NO_WORDS, CAPS(NOTIFICATION_BADGED))) &&
                works(call(seL4_CapIRQControl, SGI, WORDS(3, 0, AT(FREE_3)), CAPS(OWN_CNODE)));
    sys_send(FREE_3, &m);
    sleep_us(10);
    good = good && same(sys_poll(NOTIFICATION), BADGE, "signal") && works(call(FREE, seL4_IRQAckIRQ, NO_WORDS, NO_CAPS));
    uint64_t copy = minted(FREE_3, seL4_AllRights, 0);
    sys_nb_send(copy, &m);
    sleep_us(10);
    return good && same(sys_poll(NOTIFICATION), BADGE, "signal through a copy") && works(call(FREE, seL4_IRQAckIRQ, NO_WORDS, NO_CAPS)) &&
           works(call(copy, 0, NO_WORDS, NO_CAPS));
}

static const struct row rows[] = {
    {"ARM_VCPU_SetTCB", "works", "another thread; deleting both", binds_another},
    {"ARM_VCPU_SetTCB", "works", "a deleted VCPU leaves a thread of user level", loses_vcpu},
    {"ARM_VCPU_WriteRegs", "works", "each register, as ReadRegs gives it back", registers},
    {"ARM_VCPU_ReadRegs", "works", "each register", registers},
    {"ARM_VCPU_InjectIRQ", "works", "DeleteFirst while the guest serves it; VGIC maintenance fault at its end", guest_interrupt},
    {"ARM_VCPU_AckVPPI", "works", "virtual timer: VPPI event fault, again after the acknowledgement", guest_timer},
    {"ARM_VCPU_AckVPPI", "works", "without it there is no second event", guest_timer_masked},
    {"VCPU fault", "works", "a guest's trap: its syndrome; the answer executes the instruction again", guest_trap},
    {"Unknown system call fault", "works", "a guest's hvc", guest_call},
    {"IRQControl_IssueSGISignal", "works", "raises the interrupt", signals_software},
};

void virtual_rows(void)
{
    for (uint64_t i = 0; i < ARRAY_LEN(shapes); i++) {
        run_row(conf_name(shapes[i].label), "InvalidCapability", "on an empty slot", on_an_empty_slot, i);
        run_row(conf_name(shapes[i].label), "IllegalOperation", "on an object of another kind", on_other_objects, i);
    }
    for (uint64_t i = 0; i < ARRAY_LEN(refused); i++) {
        run_row(conf_name(refused[i].label), error_name(refused[i].error), refused[i].what, refuses_row, i);
    }
    run_rows(rows, ARRAY_LEN(rows));
}
