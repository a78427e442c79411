/* SPDX-License-Identifier: MIT */
/**
 * Threads: what the kernel says about a program's thread becomes a call of lib/linux, and its answer a reply.
 *
 * A thread that trapped waits on a reply object: the runtime's own while its trap is IN_HAND, a spare one while the trap is
 * KEPT. A trap also ends when registers are written with `resume` or the thread is bound or suspended; its reply object is then
 * free again by itself.
 *
 * On a kernel without foreign system calls (the official one) an svc whose x7 is no seL4 call arrives as an unknown system call
 * without its number, and one that sends or receives through an empty slot as a capability fault: both become the same Linux
 * call. What does neither (a yield, a non-blocking send to nothing) the kernel answers itself: docs/ASSURANCE.md.
 */
#include "server.h"

LX_REPLIES(kept);
LX_FREE(thread_caps);

enum trap { TRAP_NONE, TRAP_IN_HAND, TRAP_KEPT };

enum call {
    CALL_NONE,    /* no system call */
    CALL_FOREIGN, /* the kernel gave x8; a reply of one word sets x0, and the thread goes on behind the svc */
    CALL_UNKNOWN, /* a reply must say where the thread goes on */
    CALL_CAP,     /* no reply can change registers */
};

struct thread {
    uint64_t tcb, sched; /* capabilities; 0: none yet */
    uint64_t reply;      /* of TRAP_KEPT */
    uint64_t next_pc;    /* of a call that is not answered: behind the svc; else unused */
    uint64_t consumed_us;
    enum trap trap;
    enum call call;
    bool is_bound;
};

static struct thread threads[LINUX_THREADS_MAX];
static uint64_t spare[LINUX_THREADS_MAX]; /* a stack of free reply objects */
static uint32_t spare_count;
static bool knows_foreign; /* the kernel's flags of the first thread are known */
static bool has_foreign;

static void must(uint64_t error, const char *what)
{
    if (error != seL4_NoError) {
        rt_panic("%s: the kernel says error %lu", what, (unsigned long)error);
    }
}

static struct thread *at(uint32_t thread)
{
    assert(thread < LINUX_THREADS_MAX);
    return &threads[thread];
}

void threads_init(void)
{
    if (kept.count < LINUX_THREADS_MAX || thread_caps.count < 2 * LINUX_THREADS_MAX) {
        rt_panic("the .sys file gives %lu reply objects and %lu slots; %u and %u are needed", (unsigned long)kept.count,
                 (unsigned long)thread_caps.count, LINUX_THREADS_MAX, 2 * LINUX_THREADS_MAX);
    }
    for (; spare_count < LINUX_THREADS_MAX; spare_count++) {
        spare[spare_count] = kept.first + spare_count;
    }
}

/* The trap is over, by whatever way; its reply object can be used again. */
static void trap_end(struct thread *t)
{
    if (t->trap == TRAP_KEPT) {
        assert(spare_count < LINUX_THREADS_MAX);
        spare[spare_count++] = t->reply;
    }
    t->trap = TRAP_NONE;
    t->call = CALL_NONE;
}

/* ---- registers ------------------------------------------------------------------------------------------------------------------ */

static void regs_from_context(struct linux_regs *r, const struct seL4_UserContext *c)
{
    memcpy(&r->x[0], &c->x0, 9 * sizeof(uint64_t));
    memcpy(&r->x[9], &c->x9, 7 * sizeof(uint64_t));
    memcpy(&r->x[16], &c->x16, 3 * sizeof(uint64_t));
    memcpy(&r->x[19], &c->x19, 10 * sizeof(uint64_t));
    r->x[29] = c->x29;
    r->x[30] = c->x30;
    r->sp = c->sp;
    r->pc = c->pc;
    r->pstate = c->spsr;
    r->tpidr = c->tpidr_el0;
}

static void context_from_regs(struct seL4_UserContext *c, const struct linux_regs *r)
{
    *c = (struct seL4_UserContext){.pc = r->pc, .sp = r->sp, .spsr = r->pstate, .x29 = r->x[29], .x30 = r->x[30],
                                   .tpidr_el0 = r->tpidr};
    memcpy(&c->x0, &r->x[0], 9 * sizeof(uint64_t));
    memcpy(&c->x9, &r->x[9], 7 * sizeof(uint64_t));
    memcpy(&c->x16, &r->x[16], 3 * sizeof(uint64_t));
    memcpy(&c->x19, &r->x[19], 10 * sizeof(uint64_t));
}

static void write_registers(const struct thread *t, bool resume, const struct linux_regs *regs)
{
    struct seL4_UserContext c;
    context_from_regs(&c, regs);
    must(tcb_write_registers(t->tcb, resume, &c), "writing the registers of a program");
}

void thread_read(void *env, uint32_t thread, struct linux_regs *regs)
{
    (void)env;
    const struct thread *t = at(thread);
    struct seL4_UserContext c;
    must(tcb_read_registers(t->tcb, false, &c), "reading the registers of a program");
    regs_from_context(regs, &c);
    if (t->call != CALL_NONE) {
        regs->pc = t->next_pc;
    }
}

void thread_write(void *env, uint32_t thread, const struct linux_regs *regs)
{
    (void)env;
    struct thread *t = at(thread);
    write_registers(t, false, regs);
    t->call = CALL_NONE; /* where it goes on is in the registers now */
}

/* ---- running and stopping ----------------------------------------------------------------------------------------------------- */

enum linux_op thread_bind(void *env, uint32_t thread, uint32_t space)
{
    (void)env;
    struct thread *t = at(thread);
    uint64_t tcb_slot = thread_caps.first + 2 * (uint64_t)thread;
    bool is_new = t->tcb == 0;
    struct message m;
    rt_message(&m, PAGER_THREAD_BIND, thread, space, is_new ? tcb_slot : 0, is_new ? tcb_slot + 1 : 0);
    enum pager_status status = pager_ask(&m);
    if (status != PAGER_OK) {
        return (enum linux_op)status;
    }
    t->tcb = tcb_slot;
    t->sched = tcb_slot + 1;
    if (!knows_foreign) {
        uint64_t flags = 0;
        must(tcb_set_flags(t->tcb, 0, 0, &flags), "reading the flags of a thread");
        has_foreign = (flags & seL4_TCBFlag_foreignSyscalls) != 0;
        knows_foreign = true;
    }
    trap_end(t);
    t->is_bound = true;
    return LINUX_OP_OK;
}

void thread_start(void *env, uint32_t thread, const struct linux_regs *regs)
{
    (void)env;
    struct thread *t = at(thread);
    if (regs != NULL) {
        write_registers(t, true, regs);
    } else {
        must(tcb_resume(t->tcb), "resuming a program");
    }
    trap_end(t);
}

void thread_stop(void *env, uint32_t thread)
{
    (void)env;
    must(tcb_suspend(at(thread)->tcb), "stopping a program");
}

void thread_release(void *env, uint32_t thread)
{
    struct thread *t = at(thread);
    thread_stop(env, thread);
    trap_end(t);
    t->is_bound = false;
}

void threads_reset(void)
{
    for (uint32_t i = 0; i < LINUX_THREADS_MAX; i++) {
        if (threads[i].is_bound) {
            thread_release(NULL, i);
        }
    }
}

uint64_t thread_cpu_ns(void *env, uint32_t thread)
{
    (void)env;
    struct thread *t = at(thread);
    uint64_t us = 0;
    must(sched_context_consumed(t->sched, &us), "reading the time that a program ran");
    t->consumed_us += us; /* the kernel counts from the last time that it was asked */
    return t->consumed_us * 1000;
}

/* ---- answers -------------------------------------------------------------------------------------------------------------------- */

/* The words of a reply to a system call, but for the first four, go to the message buffer. */
static void put_reply(const struct thread *t, const struct linux_frame *frame, enum linux_outcome outcome, struct message *m)
{
    enum { X0_ONLY = 1, TO_PC = seL4_UnknownSyscall_FaultIP + 1, WHOLE = seL4_UnknownSyscall_SPSR + 1 };
    uint64_t length = outcome == LINUX_REPLY_FRAME ? WHOLE : t->call == CALL_FOREIGN ? X0_ONLY : TO_PC;
    m->info = message_info(0, length);
    memcpy(m->word, frame->x, sizeof m->word);
    if (length > X0_ONLY) {
        memcpy(&ipc_buffer->msg[seL4_FastMessageRegisters], &frame->x[seL4_FastMessageRegisters],
               (8 - seL4_FastMessageRegisters) * sizeof(uint64_t));
        ipc_buffer->msg[seL4_UnknownSyscall_FaultIP] = frame->pc;
        ipc_buffer->msg[seL4_UnknownSyscall_SP] = frame->sp;
        ipc_buffer->msg[seL4_UnknownSyscall_LR] = frame->lr;
        ipc_buffer->msg[seL4_UnknownSyscall_SPSR] = frame->pstate;
    }
}

/* For a call that no reply can answer. */
static void answer_by_registers(uint32_t thread, const struct linux_frame *frame, enum linux_outcome outcome)
{
    struct linux_regs regs;
    thread_read(NULL, thread, &regs);
    regs.x[0] = frame->x[0];
    if (outcome == LINUX_REPLY_FRAME) {
        memcpy(regs.x, frame->x, sizeof frame->x);
        regs.pc = frame->pc;
        regs.sp = frame->sp;
        regs.pstate = frame->pstate;
    }
    thread_start(NULL, thread, &regs);
}

void thread_reply(void *env, uint32_t thread, const struct linux_frame *frame, enum linux_outcome outcome)
{
    (void)env;
    struct thread *t = at(thread);
    assert(t->trap == TRAP_KEPT && t->call != CALL_NONE);
    if (t->call == CALL_CAP) {
        answer_by_registers(thread, frame, outcome);
        return;
    }
    struct message m;
    put_reply(t, frame, outcome, &m);
    sys_send(t->reply, &m);
    trap_end(t);
}

/* What lib/linux decided becomes the answer to the message in hand. As `protected`. */
static bool conclude(uint32_t thread, enum linux_outcome outcome, const struct linux_frame *frame, struct message *m)
{
    struct thread *t = at(thread);
    if (t->trap != TRAP_IN_HAND) {
        return false; /* it runs already, or is no more */
    }
    switch (outcome) {
    case LINUX_RESUME:
        m->info = message_info(0, 0);
        trap_end(t);
        return true;
    case LINUX_REPLY_X0:
    case LINUX_REPLY_FRAME:
        if (t->call == CALL_CAP) {
            answer_by_registers(thread, frame, outcome);
            return false;
        }
        put_reply(t, frame, outcome, m);
        trap_end(t);
        return true;
    case LINUX_KEEP:
        assert(spare_count > 0);
        t->reply = rt_keep_caller(spare[--spare_count]);
        t->trap = TRAP_KEPT;
        return false;
    case LINUX_GONE:
        break;
    }
    return false;
}

/* ---- traps ------------------------------------------------------------------------------------------------------------------------ */

static bool trap_call(uint32_t thread, struct message *m)
{
    static struct linux_frame frame; /* where no callback's own messages go */
    struct thread *t = at(thread);
    memcpy(frame.x, m->word, sizeof m->word);
    memcpy(&frame.x[seL4_FastMessageRegisters], &ipc_buffer->msg[seL4_FastMessageRegisters],
           (8 - seL4_FastMessageRegisters) * sizeof(uint64_t));
    frame.pc = ipc_buffer->msg[seL4_UnknownSyscall_FaultIP];
    frame.sp = ipc_buffer->msg[seL4_UnknownSyscall_SP];
    frame.lr = ipc_buffer->msg[seL4_UnknownSyscall_LR];
    frame.pstate = ipc_buffer->msg[seL4_UnknownSyscall_SPSR];
    frame.number = ipc_buffer->msg[seL4_UnknownSyscall_Syscall];
    t->call = CALL_FOREIGN;
    if (!has_foreign) {
        struct linux_regs regs;
        thread_read(NULL, thread, &regs);
        frame.number = regs.x[8];
        frame.pc += 4;
        t->call = CALL_UNKNOWN;
    }
    t->next_pc = frame.pc;
    return conclude(thread, linux_syscall(linux_system, thread, &frame), &frame, m);
}

static bool trap_cap(uint32_t thread, struct message *m)
{
    static struct linux_frame frame;
    struct linux_regs regs;
    thread_read(NULL, thread, &regs);
    memcpy(frame.x, regs.x, sizeof frame.x);
    frame.pc = regs.pc + 4;
    frame.sp = regs.sp;
    frame.lr = regs.x[30];
    frame.pstate = regs.pstate;
    frame.number = regs.x[8];
    at(thread)->call = CALL_CAP;
    at(thread)->next_pc = frame.pc;
    return conclude(thread, linux_syscall(linux_system, thread, &frame), &frame, m);
}

/* Exception syndrome register: what happened. Source: Arm ARM D17.2.37 */
#define ESR_CLASS(esr) ((esr) >> 26 & 0x3f)
#define ESR_WRITE      (UINT64_C(1) << 6)
#define ESR_CACHE      (UINT64_C(1) << 8) /* cache maintenance: needs to read only, though it is reported as a write */
#define ESR_FAULT(esr) ((esr)&0x3f)

enum {
    FAULT_ALIGNMENT = 0x21,
    CLASS_WAIT = 0x01,
    CLASS_SYSTEM_REGISTER = 0x18,
    CLASS_PC_ALIGNMENT = 0x22,
    CLASS_SP_ALIGNMENT = 0x26,
    CLASS_FLOAT = 0x2c,
    CLASS_BREAKPOINT = 0x3c,
    INSTRUCTION_BYTES = 4,
};

static bool trap_memory(uint32_t thread, struct message *m)
{
    uint64_t address = m->word[seL4_VMFault_Addr];
    uint64_t esr = m->word[seL4_VMFault_FSR];
    if (ESR_FAULT(esr) == FAULT_ALIGNMENT) {
        return conclude(thread, linux_exception(linux_system, thread, LINUX_TRAP_ALIGNMENT, m->word[seL4_VMFault_IP], esr), NULL, m);
    }
    enum linux_access access = m->word[seL4_VMFault_PrefetchFault] != 0           ? LINUX_EXECUTE
                               : (esr & (ESR_WRITE | ESR_CACHE)) == ESR_WRITE ? LINUX_WRITE
                                                                              : LINUX_READ;
    return conclude(thread, linux_fault(linux_system, thread, address, access, esr), NULL, m);
}

static enum linux_trap trap_of(uint64_t esr)
{
    switch (ESR_CLASS(esr)) {
    case CLASS_SYSTEM_REGISTER:
        return LINUX_TRAP_SYSREG;
    case CLASS_PC_ALIGNMENT:
    case CLASS_SP_ALIGNMENT:
        return LINUX_TRAP_ALIGNMENT;
    case CLASS_FLOAT:
        return LINUX_TRAP_FLOAT;
    case CLASS_BREAKPOINT:
        return LINUX_TRAP_BREAKPOINT;
    default:
        return LINUX_TRAP_UNDEFINED;
    }
}

static bool trap_exception(uint32_t thread, uint64_t esr, struct message *m)
{
    struct linux_regs regs;
    thread_read(NULL, thread, &regs);
    if (ESR_CLASS(esr) == CLASS_WAIT) { /* WFI and WFE are hints: go on behind them */
        regs.pc += INSTRUCTION_BYTES;
        thread_start(NULL, thread, &regs);
        return false;
    }
    return conclude(thread, linux_exception(linux_system, thread, trap_of(esr), regs.pc, esr), NULL, m);
}

bool threads_trap(uint32_t thread, struct message *m)
{
    struct thread *t = at(thread);
    if (!t->is_bound) {
        return false; /* from before a restart of this server */
    }
    t->trap = TRAP_IN_HAND;
    t->call = CALL_NONE;
    switch (rt_label(m)) {
    case seL4_Fault_UnknownSyscall:
        return trap_call(thread, m);
    case seL4_Fault_VMFault:
        return trap_memory(thread, m);
    case seL4_Fault_CapFault:
        return trap_cap(thread, m);
    case seL4_Fault_VCPUFault:
        return trap_exception(thread, m->word[0], m);
    default:
        return trap_exception(thread, 0, m);
    }
}
