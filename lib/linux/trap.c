/* SPDX-License-Identifier: MIT */
/**
 * Trap: faults and exceptions of threads, time and the console; the entry points other than linux_syscall().
 * Owns:   nothing.    Uses: leave.c, signal.c, tty.c, ops->fault.
 * Limits: of system registers, CNTVCT_EL0, CNTPCT_EL0, CNTFRQ_EL0, CTR_EL0 and DCZID_EL0 can be read where they trap.
 * Source: Arm ARM D13.2.37 (ESR_ELx, ISS of a trapped MRS), D17.11 (generic timer)
 */
#include "calls.h"

#define ISS_IS_READ 1u
#define ISS_RT_SHIFT 5u
/* Op0, Op2, Op1, CRn, CRm as the ISS packs them. */
#define ISS_REGISTER_MASK 0x3ffc1eu
#define ISS_REGISTER(op0, op1, crn, crm, op2)                                                                          \
    ((uint32_t)(op0) << 20 | (uint32_t)(op2) << 17 | (uint32_t)(op1) << 14 | (uint32_t)(crn) << 10 | (uint32_t)(crm) << 1)

#define CTR_VALUE UINT64_C(0x84448004) /* 64-byte lines, as a Cortex-A53 says */
#define DCZID_PROHIBITED UINT64_C(0x10)

/** Who has the most memory, but for process 1, with which everything ends. NULL: nobody can be told. */
static struct process *largest(struct linux_system *sys)
{
    struct process *found = NULL;
    uint64_t most = 0;
    for (struct link *l = sys->processes.next; sys->ops->space_usage != NULL && l != &sys->processes; l = l->next) {
        struct process *p = CONTAINER_OF(l, struct process, all);
        struct linux_space_usage usage = {0, 0, 0};
        if (p->is_init || p->mm == NULL) {
            continue;
        }
        sys->ops->space_usage(sys->env, p->mm->space, &usage);
        if (found == NULL || usage.resident_bytes > most) {
            found = p;
            most = usage.resident_bytes;
        }
    }
    return found;
}

/** Memory is short: the largest process ends, and the access is repeated. @return false: it is the one that asks, or nobody. */
static bool make_room(struct thread *t)
{
    struct process *victim = largest(t->sys);
    if (victim == NULL || victim == t->proc) {
        return false;
    }
    refuse(t->sys, "process %u killed: it has most of the memory, and there is none left for process %u (%.16s)", victim->pid,
           t->proc->pid, t->name);
    signal_simple(victim, SIGKILL_);
    return true;
}

/** Begins an entry for a fault of `thread`. */
static struct thread *trapped(struct linux_system *sys, uint32_t thread)
{
    assert(thread < LINUX_THREADS_MAX);
    struct thread *t = sys->threads[thread];
    assert(t != NULL);
    assert(t->state == THREAD_USER);
    entry_begin(sys, t, NULL);
    t->state = THREAD_CALL;
    t->trap = TRAP_FAULT;
    return t;
}

/** Delivers a signal that the instruction at `pc` caused. */
static enum linux_outcome deliver_fault(struct thread *t, const struct signal_info *info)
{
    struct linux_system *sys = t->sys;
    if (t->stub == STUB_FORKSAVE) {
        clone_abort(t); /* its stack went away meanwhile */
        return entry_end(sys);
    }
    signal_force(t, info);
    if (t->stub == STUB_FORKENTRY) { /* there is no program yet that could handle it */
        (void)process_begin_exit(t, info->signal);
    }
    thread_leave(t, 0);
    return entry_end(sys);
}

enum linux_outcome linux_fault(struct linux_system *sys, uint32_t thread, uint64_t address, enum linux_access access,
                               uint64_t syndrome)
{
    struct thread *t = trapped(sys, thread);
    struct mm *mm = t->proc->mm;
    enum linux_op op = LINUX_OP_NOT_MAPPED;
    if (address < LINUX_USER_TOP + PAGE_BYTES) { /* the ABI page, too, may be paged in late */
        user_unpin(mm, address);
        op = sys->ops->fault(sys->env, mm->space, address, access);
    }
    struct signal_info info = {.signal = SIGSEGV_, .value = address, .syndrome = syndrome};
    switch (op) {
    case LINUX_OP_OK:
        t->state = THREAD_USER;
        t->trap = TRAP_NONE;
        sys->current = NULL;
        return LINUX_RESUME;
    case LINUX_OP_NOT_MAPPED:
        info.code = SEGV_MAPERR_;
        break;
    case LINUX_OP_NO_ACCESS:
    case LINUX_OP_IN_USE:
        info.code = SEGV_ACCERR_;
        break;
    case LINUX_OP_NO_MEMORY:
        if (make_room(t)) {
            thread_leave(t, 0); /* to repeat the access */
            return entry_end(sys);
        }
        refuse(sys, "process %u (%.16s) killed: no memory for its page at %lx; end something or use less", t->proc->pid,
               t->name, address);
        info.signal = SIGKILL_;
        break;
    case LINUX_OP_BAD_DATA:
        info.signal = SIGBUS_;
        info.code = BUS_ADRERR_;
        break;
    }
    return deliver_fault(t, &info);
}

/** The value of a register that a trapped MRS reads, or false. */
static bool read_system_register(struct linux_system *sys, uint32_t iss, uint64_t *value)
{
    uint64_t now = time_now(sys), hz = sys->config.counter_hz;
    switch (iss & ISS_REGISTER_MASK) {
    case ISS_REGISTER(3, 3, 14, 0, 0): /* CNTFRQ_EL0 */
        *value = hz;
        return true;
    case ISS_REGISTER(3, 3, 14, 0, 1): /* CNTPCT_EL0 */
    case ISS_REGISTER(3, 3, 14, 0, 2): /* CNTVCT_EL0 */
        *value = now / NS_PER_S * hz + now % NS_PER_S * hz / NS_PER_S;
        return true;
    case ISS_REGISTER(3, 3, 0, 0, 1): /* CTR_EL0 */
        *value = CTR_VALUE;
        return true;
    case ISS_REGISTER(3, 3, 0, 0, 7): /* DCZID_EL0 */
        *value = DCZID_PROHIBITED;
        return true;
    default:
        return false;
    }
}

/** Carries out the MRS that trapped. @return false: it is not one of those that are emulated. */
static bool emulate(struct thread *t, uint64_t syndrome)
{
    struct linux_system *sys = t->sys;
    uint32_t iss = (uint32_t)syndrome & 0x1ffffffu;
    uint32_t rt = iss >> ISS_RT_SHIFT & 31u;
    uint64_t value;
    if ((iss & ISS_IS_READ) == 0 || !read_system_register(sys, iss, &value)) {
        return false;
    }
    struct linux_regs *regs = &sys->regs;
    sys->ops->thread_read(sys->env, t->id, regs);
    if (rt < 31) { /* 31 is the zero register */
        regs->x[rt] = value;
    }
    regs->pc += 4;
    thread_go(t, regs);
    return true;
}

enum linux_outcome linux_exception(struct linux_system *sys, uint32_t thread, enum linux_trap trap, uint64_t pc,
                                   uint64_t syndrome)
{
    struct thread *t = trapped(sys, thread);
    struct signal_info info = {.signal = SIGILL_, .code = ILL_ILLOPC_, .value = pc, .syndrome = syndrome};
    switch (trap) {
    case LINUX_TRAP_SYSREG:
        if (emulate(t, syndrome)) {
            return entry_end(sys);
        }
        break;
    case LINUX_TRAP_UNDEFINED:
        break;
    case LINUX_TRAP_BREAKPOINT:
        info.signal = SIGTRAP_;
        info.code = TRAP_BRKPT_;
        break;
    case LINUX_TRAP_ALIGNMENT:
        info.signal = SIGBUS_;
        info.code = BUS_ADRALN_;
        break;
    case LINUX_TRAP_FLOAT:
        info.signal = SIGFPE_;
        info.code = FPE_FLTUNK_;
        break;
    }
    return deliver_fault(t, &info);
}

/* ---- time -------------------------------------------------------------------------------------------------------- */

void linux_timer(struct linux_system *sys)
{
    if (sys->is_over) {
        return;
    }
    entry_begin(sys, NULL, NULL);
    sys->programmed_ns = NEVER_NS;
    uint64_t now = time_now(sys);
    for (uint32_t i = 0; i < TIMERS_MAX; i++) { /* a periodic timer fires once, however late */
        struct timer *timer = timer_take_due(sys, now);
        if (timer == NULL) {
            break;
        }
        if (timer->kind == TIMER_ITIMER) {
            itimer_fired(CONTAINER_OF(timer, struct process, itimer));
        } else {
            struct thread *t = CONTAINER_OF(timer, struct thread, timer);
            t->call.timed_out = true;
            thread_ready(t);
        }
    }
    (void)entry_end(sys);
}

/* ---- the console ------------------------------------------------------------------------------------------------- */

void linux_console_input(struct linux_system *sys, const void *bytes, size_t len_bytes)
{
    if (sys->is_over) {
        return;
    }
    entry_begin(sys, NULL, NULL);
    tty_input(&sys->console, bytes, len_bytes);
    (void)entry_end(sys);
}

void linux_console_writable(struct linux_system *sys)
{
    if (sys->is_over) {
        return;
    }
    entry_begin(sys, NULL, NULL);
    tty_flush_output(&sys->console);
    (void)entry_end(sys);
}

void linux_console_resize(struct linux_system *sys, uint16_t rows, uint16_t columns)
{
    if (sys->is_over) {
        return;
    }
    entry_begin(sys, NULL, NULL);
    tty_resize(&sys->console, &(struct abi_winsize){rows, columns, 0, 0});
    (void)entry_end(sys);
}
