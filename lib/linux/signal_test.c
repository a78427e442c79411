/* SPDX-License-Identifier: MIT */
/* Shows: signals arrive, interrupt, restart, stop and continue as on Linux, and every register survives them. */
#include "fake_env.h"
#include "unit.h"

#define OK(f) CHECK(linux_invariant((f)->system) == NULL)
#define HANDLER UINT64_C(0x400800)
#define TEXT_PC UINT64_C(0x400400)

static uint64_t frame_at(struct fake *f, uint32_t t, size_t offset)
{
    return get64(f, t, f->threads[t].regs.sp + offset);
}

/** What the handler does in the end: returns to its return address and makes the call there. */
static void handler_returns(struct fake *f, uint32_t t)
{
    struct linux_regs *r = &f->threads[t].regs;
    CHECK_EQ(r->x[30], LINUX_ABI_BASE + ABI_SIGTRAMP);
    r->pc = r->x[30] + 4; /* mov x8 was done */
    fake_trap(f, t, NR_rt_sigreturn);
}

static void fill(struct fake_thread *t, uint8_t seed)
{
    for (uint32_t i = 9; i < 31; i++) {
        t->regs.x[i] = (uint64_t)seed << 32 | i;
    }
    memset(t->fp, seed, sizeof(t->fp));
    t->regs.pstate = 0x90000000;
}

static void handler_sees_and_restores_everything(void)
{
    struct fake *f = fake_started();
    struct fake_thread *t = &f->threads[0];
    struct abi_sigframe frame;
    fake_action(f, 0, SIGUSR1_, HANDLER, SA_SIGINFO_, SIGNAL_BIT(SIGUSR2_));
    fill(t, 7);
    t->regs.x[6] = 606;
    t->regs.pc = TEXT_PC;
    struct linux_regs before = t->regs;
    uint8_t fp[ABI_FP_BYTES];
    memcpy(fp, t->fp, sizeof(fp));
    CHECK_EQ(sys(f, 0, NR_tgkill, 1, 1, SIGUSR1_), SIGUSR1_);
    CHECK_EQ(t->regs.pc, HANDLER);
    CHECK_EQ(t->regs.x[0], SIGUSR1_);
    CHECK(is_aligned(t->regs.sp, 16));
    uint64_t at = t->regs.x[1];
    CHECK(at == t->regs.sp && t->regs.x[2] == at + 128);
    get(f, 0, at, &frame, sizeof(frame));
    CHECK(frame.info.signo == SIGUSR1_ && frame.info.code == SI_TKILL_ && frame.info.sender.pid == 1);
    CHECK_EQ(frame.x[0], 0); /* the call's result */
    CHECK(memcmp(&frame.x[9], &before.x[9], 22 * 8) == 0 && frame.x[6] == 606 && frame.x[8] == NR_tgkill);
    CHECK(frame.pc == TEXT_PC + 4 && frame.sp == before.sp && frame.pstate == 0x90000000);
    CHECK_EQ(get32(f, 0, at + SIGFRAME_RECORDS), RECORD_FPSIMD);
    CHECK_EQ(get32(f, 0, at + SIGFRAME_RECORDS + 4), 528);
    uint8_t saved[ABI_FP_BYTES];
    get(f, 0, at + SIGFRAME_RECORDS, saved, sizeof(saved));
    CHECK_BYTES(saved + 8, fp + 8, sizeof(fp) - 8);
    CHECK_EQ(get64(f, 0, at + SIGFRAME_RECORDS + 528), 0);
    CHECK(get64(f, 0, t->regs.x[29]) == before.x[29] && get64(f, 0, t->regs.x[29] + 8) == before.x[30]);
    CHECK_EQ(sys(f, 0, NR_rt_sigprocmask, 0, 0, BUF, 8), 0);
    CHECK_EQ(get64(f, 0, BUF), SIGNAL_BIT(SIGUSR1_) | SIGNAL_BIT(SIGUSR2_));
    fill(t, 99); /* the handler may use what it likes */
    t->regs.x[30] = LINUX_ABI_BASE + ABI_SIGTRAMP;
    t->regs.sp = at;
    handler_returns(f, 0);
    CHECK_EQ(t->regs.pc, TEXT_PC + 4);
    CHECK(memcmp(&t->regs.x[9], &before.x[9], 22 * 8) == 0 && t->regs.sp == before.sp && t->regs.x[6] == 606);
    CHECK(t->regs.pstate == 0x90000000 && t->regs.x[0] == 0 && t->regs.tpidr == before.tpidr);
    CHECK_BYTES(t->fp + 8, fp + 8, sizeof(fp) - 8);
    CHECK_EQ(sys(f, 0, NR_rt_sigprocmask, 0, 0, BUF, 8), 0);
    CHECK_EQ(get64(f, 0, BUF), 0);
    OK(f);
    fake_free(f);
}

static void running_thread_is_interrupted_anywhere(void)
{
    struct fake *f = fake_started();
    int64_t pid;
    uint32_t child = fake_fork(f, 0, &pid);
    struct fake_thread *t = &f->threads[child];
    fake_action(f, child, SIGUSR1_, HANDLER, 0, 0);
    fill(t, 3);
    t->regs.pc = TEXT_PC; /* computing, in no call */
    for (uint32_t i = 0; i < 9; i++) {
        t->regs.x[i] = 500 + i;
    }
    struct linux_regs before = t->regs;
    CHECK_EQ(sys(f, 0, NR_kill, pid, SIGUSR1_), 0);
    CHECK(t->regs.pc == HANDLER && t->regs.x[0] == SIGUSR1_);
    CHECK_EQ(frame_at(f, child, offsetof(struct abi_sigframe, pc)), TEXT_PC);
    handler_returns(f, child);
    CHECK(memcmp(&t->regs, &before, sizeof(before)) == 0);
    OK(f);
    fake_free(f);
}

static void reading_restarts_or_fails(void)
{
    struct fake *f = fake_started();
    int64_t pid;
    CHECK_EQ(sys(f, 0, NR_pipe2, BUF, 0), 0);
    uint32_t fd = get32(f, 0, BUF);
    uint32_t child = fake_fork(f, 0, &pid);
    struct fake_thread *t = &f->threads[child];
    static const uint64_t flags[2] = {0, SA_RESTART_};
    for (uint32_t i = 0; i < 2; i++) {
        fake_action(f, child, SIGUSR1_, HANDLER, flags[i], 0);
        t->regs.pc = TEXT_PC;
        CHECK_EQ(sys(f, child, NR_read, fd, BUF, 10), FAKE_BLOCKED);
        CHECK_EQ(sys(f, 0, NR_kill, pid, SIGUSR1_), 0);
        CHECK_EQ(t->regs.pc, HANDLER);
        CHECK_EQ(frame_at(f, child, offsetof(struct abi_sigframe, pc)), i == 0 ? TEXT_PC + 4 : TEXT_PC);
        CHECK_EQ(frame_at(f, child, offsetof(struct abi_sigframe, x)), i == 0 ? (uint64_t)-E_INTR : fd);
        handler_returns(f, child);
        CHECK_EQ(t->regs.x[8], NR_read);
        OK(f);
    }
    CHECK(t->regs.pc == TEXT_PC && t->regs.x[0] == fd && t->regs.x[1] == BUF && t->regs.x[2] == 10);
    fake_trap(f, child, t->regs.x[8]);
    CHECK_EQ(result(f, child), FAKE_BLOCKED);
    /* A signal that is ignored does not interrupt at all. */
    CHECK_EQ(sys(f, 0, NR_kill, pid, SIGWINCH_), 0);
    CHECK_EQ(result(f, child), FAKE_BLOCKED);
    CHECK_EQ(sys(f, 0, NR_write, fd + 1, BUF, 3), 3);
    CHECK_EQ(result(f, child), 3);
    OK(f);
    fake_free(f);
}

static void sleeping_tells_what_remains(void)
{
    struct fake *f = fake_started();
    int64_t pid;
    uint32_t child = fake_fork(f, 0, &pid);
    struct abi_timespec ts = {2, 500000000};
    fake_action(f, child, SIGUSR1_, HANDLER, SA_RESTART_, 0);
    put(f, child, BUF, &ts, sizeof(ts));
    CHECK_EQ(sys(f, child, NR_nanosleep, BUF, BUF + 64), FAKE_BLOCKED);
    CHECK_EQ(f->timer_ns, f->now_ns + 2500000000u);
    fake_advance(f, 1000000000);
    /* Stopping and continuing does not end the sleep, nor lengthen it. */
    CHECK_EQ(sys(f, 0, NR_kill, pid, SIGSTOP_), 0);
    fake_advance(f, 500000000);
    CHECK_EQ(sys(f, 0, NR_kill, pid, SIGCONT_), 0);
    CHECK_EQ(result(f, child), FAKE_BLOCKED);
    CHECK_EQ(sys(f, 0, NR_kill, pid, SIGUSR1_), 0);
    CHECK_EQ(f->threads[child].regs.pc, HANDLER);
    CHECK_EQ(frame_at(f, child, offsetof(struct abi_sigframe, x)), (uint64_t)-E_INTR);
    CHECK(get64(f, child, BUF + 64) == 1 && get64(f, child, BUF + 72) == 0);
    handler_returns(f, child);
    CHECK_EQ(sys(f, child, NR_clock_nanosleep, CLOCK_MONOTONIC_, TIMER_ABSTIME_, BUF, 0), 0); /* long past */
    CHECK_EQ(sys(f, child, NR_clock_nanosleep, CLOCK_REALTIME_, 0, BUF, 0), FAKE_BLOCKED);
    fake_advance(f, 2500000000u);
    CHECK_EQ(result(f, child), 0);
    ts.nsec = 1000000000;
    put(f, child, BUF, &ts, sizeof(ts));
    CHECK_EQ(sys(f, child, NR_nanosleep, BUF, 0), -E_INVAL);
    CHECK_EQ(sys(f, child, NR_nanosleep, 8, 0), -E_FAULT);
    CHECK_EQ(sys(f, child, NR_clock_nanosleep, 77, 0, BUF, 0), -E_INVAL);
    CHECK_EQ(sys(f, child, NR_clock_nanosleep, CLOCK_THREAD_CPUTIME_, 0, BUF, 0), -E_OPNOTSUPP);
    CHECK_EQ(sys(f, child, NR_restart_syscall, 0), -E_INTR);
    OK(f);
    fake_free(f);
}

static void masks_hold_signals_back(void)
{
    struct fake *f = fake_started();
    struct fake_thread *t = &f->threads[0];
    uint64_t mask = SIGNAL_BIT(SIGUSR1_) | SIGNAL_BIT(SIGKILL_) | SIGNAL_BIT(SIGSTOP_);
    fake_action(f, 0, SIGUSR1_, HANDLER, 0, 0);
    put(f, 0, BUF, &mask, 8);
    CHECK_EQ(sys(f, 0, NR_rt_sigprocmask, SIG_BLOCK_, BUF, 0, 8), 0);
    CHECK_EQ(sys(f, 0, NR_kill, 1, SIGUSR1_), 0);
    CHECK_EQ(sys(f, 0, NR_kill, 1, SIGUSR1_), 0); /* a standard signal waits once */
    CHECK_EQ(sys(f, 0, NR_rt_sigpending, BUF, 8), 0);
    CHECK_EQ(get64(f, 0, BUF), SIGNAL_BIT(SIGUSR1_));
    mask = SIGNAL_BIT(SIGUSR1_);
    put(f, 0, BUF, &mask, 8);
    CHECK_EQ(sys(f, 0, NR_rt_sigprocmask, SIG_UNBLOCK_, BUF, BUF + 8, 8), SIGUSR1_);
    CHECK_EQ(get64(f, 0, BUF + 8), SIGNAL_BIT(SIGUSR1_)); /* KILL and STOP were never blocked */
    CHECK_EQ(t->regs.pc, HANDLER);
    handler_returns(f, 0);
    CHECK_EQ(t->regs.x[0], 0);
    CHECK_EQ(sys(f, 0, NR_rt_sigprocmask, 9, BUF, 0, 8), -E_INVAL);
    CHECK_EQ(sys(f, 0, NR_rt_sigprocmask, 0, BUF, 0, 4), -E_INVAL);
    CHECK_EQ(sys(f, 0, NR_rt_sigprocmask, 0, 8, 0, 8), -E_FAULT);
    CHECK_EQ(sys(f, 0, NR_rt_sigaction, SIGKILL_, BUF, 0, 8), -E_INVAL);
    CHECK_EQ(sys(f, 0, NR_rt_sigaction, 65, BUF, 0, 8), -E_INVAL);
    CHECK_EQ(sys(f, 0, NR_rt_sigaction, SIGUSR1_, BUF, 0, 4), -E_INVAL);
    CHECK_EQ(sys(f, 0, NR_rt_sigaction, SIGUSR1_, 8, 0, 8), -E_FAULT);
    OK(f);
    fake_free(f);
}

static void sigsuspend_waits_with_its_mask(void)
{
    struct fake *f = fake_started();
    int64_t pid;
    uint32_t child = fake_fork(f, 0, &pid);
    struct fake_thread *t = &f->threads[child];
    uint64_t all = UINT64_MAX, none = 0;
    fake_action(f, child, SIGUSR1_, HANDLER, SA_RESTART_, 0);
    put(f, child, BUF, &all, 8);
    CHECK_EQ(sys(f, child, NR_rt_sigprocmask, SIG_SETMASK_, BUF, 0, 8), 0);
    put(f, child, BUF, &none, 8);
    CHECK_EQ(sys(f, child, NR_rt_sigsuspend, BUF, 8), FAKE_BLOCKED);
    CHECK_EQ(sys(f, 0, NR_kill, pid, SIGSTOP_), 0);
    CHECK_EQ(sys(f, 0, NR_kill, pid, SIGCONT_), 0);
    CHECK_EQ(result(f, child), FAKE_BLOCKED);
    CHECK_EQ(sys(f, 0, NR_kill, pid, SIGUSR1_), 0);
    CHECK_EQ(t->regs.pc, HANDLER);
    CHECK_EQ(frame_at(f, child, offsetof(struct abi_sigframe, uc_sigmask)), all & ~(SIGNAL_BIT(SIGKILL_) | SIGNAL_BIT(SIGSTOP_)));
    CHECK_EQ(frame_at(f, child, offsetof(struct abi_sigframe, x)), (uint64_t)-E_INTR);
    handler_returns(f, child);
    CHECK_EQ(sys(f, child, NR_rt_sigprocmask, SIG_SETMASK_, 0, BUF, 8), 0);
    CHECK_EQ(get64(f, child, BUF), all & ~(SIGNAL_BIT(SIGKILL_) | SIGNAL_BIT(SIGSTOP_)));
    /* One that waits already ends it at once. */
    CHECK_EQ(sys(f, 0, NR_kill, pid, SIGUSR1_), 0);
    put(f, child, BUF, &none, 8);
    CHECK_EQ(sys(f, child, NR_rt_sigsuspend, BUF, 8), SIGUSR1_);
    CHECK_EQ(t->regs.pc, HANDLER);
    OK(f);
    fake_free(f);
}

static void flags_of_actions(void)
{
    struct fake *f = fake_started();
    struct fake_thread *t = &f->threads[0];
    struct abi_sigaction action = {HANDLER, SA_RESETHAND_ | SA_NODEFER_ | SA_RESTORER_, 0x400900, 0};
    put(f, 0, BUF, &action, sizeof(action));
    CHECK_EQ(sys(f, 0, NR_rt_sigaction, SIGUSR1_, BUF, 0, 8), 0);
    CHECK_EQ(sys(f, 0, NR_kill, 1, SIGUSR1_), SIGUSR1_);
    CHECK_EQ(t->regs.x[30], 0x400900);
    CHECK_EQ(sys(f, 0, NR_rt_sigaction, SIGUSR1_, 0, BUF, 8), 0);
    CHECK_EQ(get64(f, 0, BUF), SIG_DFL_);
    CHECK_EQ(sys(f, 0, NR_rt_sigprocmask, 0, 0, BUF, 8), 0);
    CHECK_EQ(get64(f, 0, BUF), 0); /* not blocked meanwhile */
    fake_trap(f, 0, NR_rt_sigreturn); /* from the program's own restorer */
    CHECK_EQ(t->regs.x[0], 0);
    /* Two at once: both handlers are entered, the second on top of the first. */
    fake_action(f, 0, SIGUSR1_, HANDLER, 0, 0);
    fake_action(f, 0, SIGUSR2_, HANDLER + 64, 0, 0);
    uint64_t both = SIGNAL_BIT(SIGUSR1_) | SIGNAL_BIT(SIGUSR2_);
    put(f, 0, BUF, &both, 8);
    CHECK_EQ(sys(f, 0, NR_rt_sigprocmask, SIG_BLOCK_, BUF, 0, 8), 0);
    CHECK_EQ(sys(f, 0, NR_kill, 1, SIGUSR1_), 0);
    CHECK_EQ(sys(f, 0, NR_kill, 1, SIGUSR2_), 0);
    t->regs.x[20] = 2020;
    memset(t->fp, 33, sizeof(t->fp));
    sys(f, 0, NR_rt_sigprocmask, SIG_UNBLOCK_, BUF, 0, 8);
    CHECK_EQ(t->regs.pc, HANDLER + 64);
    handler_returns(f, 0);
    CHECK(t->regs.pc == HANDLER && t->regs.x[0] == SIGUSR1_);
    t->regs.x[20] = 1;
    memset(t->fp, 44, sizeof(t->fp));
    handler_returns(f, 0);
    CHECK(t->regs.x[20] == 2020 && t->fp[99] == 33 && t->regs.x[0] == 0);
    OK(f);
    fake_free(f);
}

static void alternate_stack(void)
{
    struct fake *f = fake_started();
    struct fake_thread *t = &f->threads[0];
    struct abi_stack stack = {FAKE_SCRATCH + 8 * 4096, 0, 0, 8192}, old;
    uint64_t sp = t->regs.sp;
    put(f, 0, BUF, &stack, sizeof(stack));
    CHECK_EQ(sys(f, 0, NR_sigaltstack, BUF, BUF + 64), 0);
    get(f, 0, BUF + 64, &old, sizeof(old));
    CHECK_EQ(old.flags, SS_DISABLE_);
    fake_action(f, 0, SIGUSR1_, HANDLER, SA_ONSTACK_, 0);
    sys(f, 0, NR_kill, 1, SIGUSR1_);
    CHECK(t->regs.sp > stack.sp && t->regs.sp < stack.sp + 8192);
    CHECK_EQ(sys(f, 0, NR_sigaltstack, 0, BUF + 64), 0);
    get(f, 0, BUF + 64, &old, sizeof(old));
    CHECK(old.flags == SS_ONSTACK_ && old.size == 8192);
    put(f, 0, BUF, &stack, sizeof(stack));
    CHECK_EQ(sys(f, 0, NR_sigaltstack, BUF, 0), -E_PERM);
    t->regs.x[30] = LINUX_ABI_BASE + ABI_SIGTRAMP;
    handler_returns(f, 0);
    CHECK_EQ(t->regs.sp, sp);
    stack.size = 100;
    put(f, 0, BUF, &stack, sizeof(stack));
    CHECK_EQ(sys(f, 0, NR_sigaltstack, BUF, 0), -E_NOMEM);
    stack.flags = 77;
    put(f, 0, BUF, &stack, sizeof(stack));
    CHECK_EQ(sys(f, 0, NR_sigaltstack, BUF, 0), -E_INVAL);
    CHECK_EQ(sys(f, 0, NR_sigaltstack, 8, 0), -E_FAULT);
    OK(f);
    fake_free(f);
}

static void faults_become_signals(void)
{
    struct fake *f = fake_started();
    int64_t pid;
    struct abi_sigframe frame;
    uint32_t child = fake_fork(f, 0, &pid);
    struct fake_thread *t = &f->threads[child];
    t->regs.pc = TEXT_PC;
    t->state = FAKE_TRAPPED;
    CHECK_EQ(linux_fault(f->system, child, BUF, LINUX_WRITE, 0x92000046), LINUX_RESUME);
    t->state = FAKE_RUNS;
    fake_action(f, child, SIGSEGV_, HANDLER, SA_SIGINFO_, 0);
    t->regs.pc = TEXT_PC;
    t->regs.x[3] = 333;
    t->state = FAKE_TRAPPED;
    CHECK_EQ(linux_fault(f->system, child, 0x1234, LINUX_WRITE, 0x92000046), LINUX_KEEP);
    fake_run_stubs(f, child);
    CHECK_EQ(t->regs.pc, HANDLER);
    get(f, child, t->regs.sp, &frame, sizeof(frame));
    CHECK(frame.info.code == SEGV_MAPERR_ && frame.info.fault.address == 0x1234 && frame.fault_address == 0x1234);
    CHECK(frame.pc == TEXT_PC && frame.x[3] == 333);
    CHECK_EQ(get32(f, child, t->regs.sp + SIGFRAME_RECORDS + 528), RECORD_ESR);
    CHECK_EQ(get64(f, child, t->regs.sp + SIGFRAME_RECORDS + 536), 0x92000046);
    /* A second fault inside of the handler finds the signal blocked: that ends the process. */
    t->state = FAKE_TRAPPED;
    CHECK_EQ(linux_fault(f->system, child, FAKE_TEXT, LINUX_WRITE, 0x9200004f), LINUX_GONE);
    CHECK_EQ(sys(f, 0, NR_wait4, pid, BUF, 0, 0), pid);
    CHECK_EQ(get32(f, 0, BUF), SIGSEGV_);
    static const struct {
        enum linux_trap trap;
        uint32_t signal;
    } traps[] = {{LINUX_TRAP_UNDEFINED, SIGILL_},
                 {LINUX_TRAP_SYSREG, SIGILL_},
                 {LINUX_TRAP_BREAKPOINT, SIGTRAP_},
                 {LINUX_TRAP_ALIGNMENT, SIGBUS_},
                 {LINUX_TRAP_FLOAT, SIGFPE_}};
    for (size_t i = 0; i < ARRAY_LEN(traps); i++) {
        child = fake_fork(f, 0, &pid);
        f->threads[child].state = FAKE_TRAPPED;
        CHECK_EQ(linux_exception(f->system, child, traps[i].trap, TEXT_PC, 0), LINUX_GONE);
        CHECK_EQ(sys(f, 0, NR_wait4, pid, BUF, 0, 0), pid);
        CHECK_EQ(get32(f, 0, BUF), traps[i].signal);
    }
    OK(f);
    fake_free(f);
}

static void timer_registers_are_emulated(void)
{
    struct fake *f = fake_started();
    struct fake_thread *t = &f->threads[0];
    f->now_ns = 3500000000u;
    t->regs.pc = TEXT_PC;
    t->state = FAKE_TRAPPED;
    uint64_t cntvct = 3u << 20 | 2u << 17 | 3u << 14 | 14u << 10 | 5u << 5 | 0u << 1 | 1u; /* mrs x5, cntvct_el0 */
    CHECK_EQ(linux_exception(f->system, 0, LINUX_TRAP_SYSREG, TEXT_PC, 0x62000000u | cntvct), LINUX_KEEP);
    CHECK(t->state == FAKE_RUNS && t->regs.x[5] == 218750000u && t->regs.pc == TEXT_PC + 4);
    uint64_t cntfrq = 3u << 20 | 0u << 17 | 3u << 14 | 14u << 10 | 31u << 5 | 0u << 1 | 1u; /* mrs xzr, cntfrq_el0 */
    t->state = FAKE_TRAPPED;
    CHECK_EQ(linux_exception(f->system, 0, LINUX_TRAP_SYSREG, TEXT_PC, cntfrq), LINUX_KEEP);
    CHECK_EQ(t->regs.pc, TEXT_PC + 8);
    OK(f);
    fake_free(f);
}

static void hostile_frames_are_refused(void)
{
    struct fake *f = fake_started();
    int64_t pid;
    static const uint64_t stacks[] = {8, FAKE_SCRATCH + 1, FAKE_SCRATCH, UINT64_MAX - 15, LINUX_ABI_BASE};
    for (size_t i = 0; i < ARRAY_LEN(stacks); i++) {
        uint32_t child = fake_fork(f, 0, &pid);
        f->threads[child].regs.sp = stacks[i];
        fake_trap(f, child, NR_rt_sigreturn); /* zeros, unmapped, unaligned: none is a frame */
        CHECK_EQ(result(f, child), FAKE_GONE);
        CHECK_EQ(sys(f, 0, NR_wait4, pid, BUF, 0, 0), pid);
        CHECK_EQ(get32(f, 0, BUF), SIGSEGV_);
    }
    /* Records that lead nowhere; then a state that user code must not choose. */
    uint32_t child = fake_fork(f, 0, &pid);
    struct fake_thread *t = &f->threads[child];
    fake_action(f, child, SIGUSR1_, HANDLER, 0, 0);
    sys(f, child, NR_kill, pid, SIGUSR1_);
    uint64_t at = t->regs.sp, mode = 0x8000000000000005;
    put(f, child, at + offsetof(struct abi_sigframe, pstate), &mode, 8);
    handler_returns(f, child);
    CHECK_EQ(t->regs.pstate, 0); /* only flags are taken */
    sys(f, child, NR_kill, pid, SIGUSR1_);
    uint32_t records[4] = {0x1111, 8, RECORD_FPSIMD, 528};
    put(f, child, t->regs.sp + SIGFRAME_RECORDS, records, sizeof(records));
    handler_returns(f, child);
    CHECK_EQ(result(f, child), FAKE_GONE);
    /* Jumping into the stubs does nothing that a program could not do otherwise. */
    child = fake_fork(f, 0, &pid);
    f->threads[child].regs.pc = LINUX_ABI_BASE + ABI_FORKSAVE_SVC;
    fake_trap(f, child, NR_getpid);
    CHECK_EQ(result(f, child), pid);
    f->threads[child].regs.pc = LINUX_ABI_BASE + ABI_FORKENTRY_SVC;
    fake_trap(f, child, NR_getpid);
    CHECK_EQ(result(f, child), pid);
    f->threads[child].regs.sp = 16;
    f->threads[child].regs.pc = LINUX_ABI_BASE + ABI_SIGLEAVE_SVC;
    fake_trap(f, child, NR_getpid);
    CHECK_EQ(result(f, child), FAKE_GONE);
    OK(f);
    fake_free(f);
}

static void no_room_for_a_frame_kills(void)
{
    struct fake *f = fake_started();
    int64_t pid;
    uint32_t child = fake_fork(f, 0, &pid);
    fake_action(f, child, SIGUSR1_, HANDLER, 0, 0);
    f->threads[child].regs.sp = 0x2000;
    CHECK_EQ(sys(f, 0, NR_kill, pid, SIGUSR1_), 0);
    CHECK_EQ(result(f, child), FAKE_GONE);
    CHECK_EQ(sys(f, 0, NR_wait4, pid, BUF, 0, 0), pid);
    CHECK_EQ(get32(f, 0, BUF), SIGSEGV_);
    OK(f);
    fake_free(f);
}

static void stopping_and_continuing(void)
{
    struct fake *f = fake_started();
    int64_t pid;
    fake_action(f, 0, SIGCHLD_, HANDLER, SA_RESTART_, 0);
    uint32_t child = fake_fork(f, 0, &pid);
    CHECK_EQ(sys(f, 0, NR_kill, pid, SIGSTOP_), SIGCHLD_); /* the parent hears of it at once */
    struct abi_siginfo info;
    get(f, 0, f->threads[0].regs.sp, &info, sizeof(info));
    CHECK(info.code == CLD_STOPPED_ && info.sender.pid == pid && info.sender.value == SIGSTOP_);
    handler_returns(f, 0);
    CHECK_EQ(f->threads[child].state, FAKE_STOPPED);
    OK(f);
    CHECK_EQ(sys(f, 0, NR_wait4, pid, BUF, WNOHANG_, 0), 0);
    CHECK_EQ(sys(f, 0, NR_wait4, pid, BUF, WNOHANG_ | WUNTRACED_, 0), pid);
    CHECK_EQ(get32(f, 0, BUF), (uint32_t)SIGSTOP_ << 8 | 0x7f);
    CHECK_EQ(sys(f, 0, NR_wait4, pid, BUF, WNOHANG_ | WUNTRACED_, 0), 0); /* reported once */
    /* Signals wait while it is stopped; SIGKILL does not. */
    CHECK_EQ(sys(f, 0, NR_kill, pid, SIGUSR1_), SIGCHLD_); /* fatal by default: it ends even now */
    handler_returns(f, 0);
    CHECK_EQ(result(f, child), FAKE_GONE);
    CHECK_EQ(sys(f, 0, NR_wait4, pid, BUF, 0, 0), pid);
    CHECK_EQ(get32(f, 0, BUF), SIGUSR1_);
    fake_action(f, 0, SIGCHLD_, HANDLER, SA_NOCLDSTOP_, 0);
    child = fake_fork(f, 0, &pid);
    fake_action(f, child, SIGUSR1_, HANDLER, 0, 0);
    CHECK_EQ(sys(f, child, NR_setpgid, 0, 0), 0);
    CHECK_EQ(sys(f, 0, NR_kill, pid, SIGTSTP_), 0); /* SA_NOCLDSTOP: no SIGCHLD */
    CHECK_EQ(sys(f, 0, NR_kill, pid, SIGUSR1_), 0);
    CHECK_EQ(f->threads[child].state, FAKE_STOPPED);
    CHECK_EQ(sys(f, 0, NR_kill, pid, SIGCONT_), 0);
    CHECK_EQ(f->threads[child].regs.pc, HANDLER);
    CHECK_EQ(sys(f, 0, NR_wait4, -1, BUF, WCONTINUED_ | WNOHANG_, 0), pid);
    CHECK_EQ(get32(f, 0, BUF), 0xffff);
    CHECK_EQ(sys(f, 0, NR_kill, pid, SIGSTOP_), 0);
    CHECK_EQ(sys(f, 0, NR_kill, pid, SIGKILL_), SIGCHLD_);
    CHECK_EQ(result(f, child), FAKE_GONE);
    OK(f);
    fake_free(f);
}

static void blocked_call_of_a_stopped_process_waits_for_it(void)
{
    struct fake *f = fake_started();
    int64_t pid;
    CHECK_EQ(sys(f, 0, NR_pipe2, BUF, 0), 0);
    uint32_t fd = get32(f, 0, BUF);
    uint32_t child = fake_fork(f, 0, &pid);
    CHECK_EQ(sys(f, child, NR_read, fd, BUF, 10), FAKE_BLOCKED);
    CHECK_EQ(sys(f, 0, NR_kill, pid, SIGSTOP_), 0);
    CHECK_EQ(sys(f, 0, NR_write, fd + 1, BUF, 5), 5);
    CHECK_EQ(result(f, child), FAKE_BLOCKED);
    OK(f);
    CHECK_EQ(sys(f, 0, NR_kill, pid, SIGCONT_), 0);
    CHECK_EQ(result(f, child), 5);
    OK(f);
    fake_free(f);
}

static void stop_signals_spare_orphaned_groups(void)
{
    struct fake *f = fake_started();
    int64_t pid, second;
    uint32_t child = fake_fork(f, 0, &pid);
    CHECK_EQ(sys(f, child, NR_setsid, 0), pid);
    uint32_t grandchild = fake_fork(f, child, &second);
    CHECK_EQ(sys(f, child, NR_kill, pid, SIGTSTP_), 0); /* its parent is in another session */
    CHECK_EQ(f->threads[child].state, FAKE_RUNS);
    CHECK_EQ(sys(f, grandchild, NR_setpgid, 0, 0), 0);
    CHECK_EQ(sys(f, child, NR_kill, second, SIGTSTP_), 0);
    CHECK_EQ(f->threads[grandchild].state, FAKE_STOPPED);
    /* When the leader ends, the stopped group is told: SIGHUP ends it. */
    CHECK_EQ(sys(f, child, NR_exit_group, 0), FAKE_GONE);
    CHECK_EQ(result(f, grandchild), FAKE_GONE);
    CHECK_EQ(sys(f, 0, NR_wait4, second, BUF, 0, 0), second);
    CHECK_EQ(get32(f, 0, BUF), SIGHUP_);
    OK(f);
    fake_free(f);
}

static void realtime_signals_queue(void)
{
    struct fake *f = fake_started();
    uint64_t mask = SIGNAL_BIT(40);
    struct abi_siginfo info = {.signo = 40, .code = SI_QUEUE_};
    struct abi_timespec ts = {0, 0};
    put(f, 0, BUF, &mask, 8);
    CHECK_EQ(sys(f, 0, NR_rt_sigprocmask, SIG_BLOCK_, BUF, 0, 8), 0);
    for (uint32_t i = 0; i < LINUX_SIGNALS_QUEUED_MAX; i++) {
        info.sender.value = 100 + i;
        put(f, 0, BUF + 256, &info, sizeof(info));
        CHECK_EQ(sys(f, 0, NR_rt_sigqueueinfo, 1, 40, BUF + 256), 0);
    }
    CHECK_EQ(sys(f, 0, NR_rt_sigqueueinfo, 1, 40, BUF + 256), -E_AGAIN);
    put(f, 0, BUF + 16, &ts, sizeof(ts));
    for (uint32_t i = 0; i < LINUX_SIGNALS_QUEUED_MAX; i++) {
        CHECK_EQ(sys(f, 0, NR_rt_sigtimedwait, BUF, BUF + 512, BUF + 16, 8), 40);
        get(f, 0, BUF + 512, &info, sizeof(info));
        CHECK_EQ(info.sender.value, 100 + i);
    }
    CHECK_EQ(sys(f, 0, NR_rt_sigtimedwait, BUF, 0, BUF + 16, 8), -E_AGAIN);
    CHECK_EQ(sys(f, 0, NR_rt_sigtimedwait, BUF, 0, 0, 8), FAKE_BLOCKED);
    OK(f);
    fake_free(f);
    f = fake_started();
    int64_t pid;
    uint32_t child = fake_fork(f, 0, &pid);
    put(f, child, BUF, &mask, 8);
    CHECK_EQ(sys(f, child, NR_rt_sigprocmask, SIG_BLOCK_, BUF, 0, 8), 0);
    CHECK_EQ(sys(f, child, NR_rt_sigtimedwait, BUF, BUF + 512, 0, 8), FAKE_BLOCKED);
    CHECK_EQ(sys(f, 0, NR_kill, pid, 40), 0);
    CHECK_EQ(result(f, child), 40);
    CHECK_EQ(sys(f, child, NR_rt_sigtimedwait, BUF, 0, 0, 4), -E_INVAL);
    CHECK_EQ(sys(f, child, NR_rt_sigtimedwait, 8, 0, 0, 8), -E_FAULT);
    OK(f);
    fake_free(f);
}

static void killing_finds_its_targets(void)
{
    struct fake *f = fake_started();
    int64_t a, b;
    uint32_t first = fake_fork(f, 0, &a), second = fake_fork(f, 0, &b);
    CHECK_EQ(sys(f, first, NR_setpgid, 0, 0), 0);
    CHECK_EQ(sys(f, 0, NR_setpgid, b, a), 0);
    CHECK_EQ(sys(f, 0, NR_getpgid, b), a);
    CHECK_EQ(sys(f, 0, NR_setpgid, b, 77), -E_PERM);
    CHECK_EQ(sys(f, 0, NR_setpgid, 0, 0), -E_PERM); /* a session leader */
    CHECK_EQ(sys(f, 0, NR_setpgid, 999, 0), -E_SRCH);
    CHECK_EQ(sys(f, 0, NR_setpgid, b, -1), -E_INVAL);
    CHECK_EQ(sys(f, 0, NR_kill, -a, 0), 0);
    CHECK_EQ(sys(f, 0, NR_kill, -777, 0), -E_SRCH);
    CHECK_EQ(sys(f, 0, NR_kill, 777, 0), -E_SRCH);
    CHECK_EQ(sys(f, 0, NR_kill, a, 65), -E_INVAL);
    CHECK_EQ(sys(f, 0, NR_tgkill, a, b, SIGTERM_), -E_SRCH);
    CHECK_EQ(sys(f, 0, NR_tgkill, 0, b, SIGTERM_), -E_INVAL);
    CHECK_EQ(sys(f, 0, NR_tkill, b, 0), 0);
    sys(f, second, NR_execve, ustr(f, second, "/bin/pie"), 0, 0);
    CHECK_EQ(sys(f, 0, NR_setpgid, b, b), -E_ACCES);
    CHECK_EQ(sys(f, 0, NR_kill, -a, SIGTERM_), 0);
    CHECK(result(f, first) == FAKE_GONE && result(f, second) == FAKE_GONE);
    CHECK_EQ(sys(f, 0, NR_kill, a, 0), 0); /* a zombie is still there */
    CHECK_EQ(sys(f, 0, NR_wait4, -a, 0, 0, 0), a);
    CHECK_EQ(sys(f, 0, NR_kill, 1, SIGTERM_), 0); /* process 1 is not ended by what it does not handle */
    CHECK_EQ(sys(f, 0, NR_kill, 1, SIGKILL_), 0);
    CHECK_EQ(sys(f, 0, NR_getpid, 0), 1);
    OK(f);
    fake_free(f);
}

static void fork_is_whole_when_signals_come_between(void)
{
    struct fake *f = fake_started();
    int64_t pid;
    uint32_t child = fake_fork(f, 0, &pid);
    struct fake_thread *t = &f->threads[child];
    fake_action(f, child, SIGUSR1_, HANDLER, 0, 0);
    memset(t->fp, 17, sizeof(t->fp));
    t->regs.pc = TEXT_PC;
    t->regs.x[1] = t->regs.x[2] = t->regs.x[3] = t->regs.x[4] = 0;
    t->regs.x[0] = SIGCHLD_;
    t->regs.x[5] = 555;
    fake_stubs_held = true; /* it stays inside of the stub for a while */
    fake_trap(f, child, NR_clone);
    CHECK_EQ(t->regs.pc, LINUX_ABI_BASE + ABI_FORKSAVE);
    CHECK_EQ(sys(f, 0, NR_kill, pid, SIGUSR1_), 0);
    CHECK_EQ(t->regs.pc, LINUX_ABI_BASE + ABI_FORKSAVE);
    CHECK_EQ(sys(f, 0, NR_kill, pid, SIGSTOP_), 0);
    CHECK_EQ(t->state, FAKE_RUNS); /* it is let out of the stub first */
    CHECK_EQ(sys(f, 0, NR_kill, pid, SIGCONT_), 0);
    fake_stubs_held = false;
    fake_run_stubs(f, child);
    CHECK(t->regs.pc == HANDLER && t->regs.x[0] == SIGUSR1_);
    int64_t grandpid = (int64_t)frame_at(f, child, offsetof(struct abi_sigframe, x));
    CHECK(grandpid > pid);
    handler_returns(f, child);
    CHECK(t->regs.pc == TEXT_PC + 4 && t->regs.x[0] == (uint64_t)grandpid && t->regs.x[5] == 555 && t->fp[200] == 17);
    OK(f);
    /* The stack under the stub goes away: the fork fails, and nothing else is lost. */
    fake_stubs_held = true;
    t->regs.pc = TEXT_PC;
    t->regs.x[0] = SIGCHLD_;
    t->regs.x[1] = 0;
    fake_trap(f, child, NR_clone);
    t->state = FAKE_TRAPPED;
    CHECK_EQ(linux_fault(f->system, child, 64, LINUX_WRITE, 0), LINUX_KEEP);
    fake_stubs_held = false;
    CHECK(t->regs.pc == TEXT_PC + 4 && t->regs.x[0] == (uint64_t)-E_FAULT && t->regs.x[5] == 555);
    OK(f);
    /* A child that cannot load its FP state ends, whatever it would do with the signal. */
    fake_action(f, child, SIGSEGV_, HANDLER, 0, 0);
    fake_stubs_held = true;
    int64_t lost = sys(f, child, NR_clone, SIGCHLD_, 0, 0, 0, 0);
    fake_run_stub(f, child);
    lost = result(f, child);
    uint32_t newborn = f->last_started;
    f->threads[newborn].state = FAKE_TRAPPED;
    CHECK_EQ(linux_fault(f->system, newborn, 64, LINUX_READ, 0), LINUX_GONE);
    fake_stubs_held = false;
    CHECK_EQ(sys(f, child, NR_wait4, lost, BUF, 0, 0), lost);
    CHECK_EQ(get32(f, child, BUF), SIGSEGV_);
    OK(f);
    fake_free(f);
}

/* Process 1 is short of a page: another one, that has more, ends; and with nobody else left, process 1 does. */
static void memory_that_is_short_ends_the_largest(void)
{
    struct fake *f = fake_started();
    int64_t pid;
    uint32_t child = fake_fork(f, 0, &pid);
    int64_t at = sys(f, child, NR_mmap, 0, 64 * PAGE_BYTES, 3, 0x22, -1, 0);
    CHECK(at > 0);
    for (int64_t i = 0; i < 64; i++) {
        put(f, child, (uint64_t)(at + i * PAGE_BYTES), "x", 1);
    }
    int64_t mine = sys(f, 0, NR_mmap, 0, PAGE_BYTES, 3, 0x22, -1, 0);
    CHECK(mine > 0);
    f->pages_max = f->page_count;
    f->threads[0].state = FAKE_TRAPPED;
    enum linux_outcome outcome = linux_fault(f->system, 0, (uint64_t)mine, LINUX_WRITE, 0x92000046);
    CHECK(outcome == LINUX_RESUME || outcome == LINUX_KEEP);
    CHECK(strstr(f->refused, "killed: it has most of the memory") != NULL);
    f->threads[0].state = FAKE_RUNS;
    CHECK_EQ(sys(f, 0, NR_wait4, pid, BUF, 0, 0), pid);
    CHECK_EQ(get32(f, 0, BUF), SIGKILL_);
    CHECK(f->page_count < f->pages_max);
    OK(f);
    fake_free(f);
}

static void itimer_fires_again_and_again(void)
{
    struct fake *f = fake_started();
    struct abi_timeval tv[4] = {{1, 0}, {2, 0}};
    fake_action(f, 0, SIGALRM_, HANDLER, 0, 0);
    put(f, 0, BUF, tv, sizeof(tv));
    CHECK_EQ(sys(f, 0, NR_setitimer, 0, BUF, 0), 0);
    f->threads[0].regs.pc = TEXT_PC;
    fake_advance(f, 2000000000);
    CHECK_EQ(f->threads[0].regs.pc, HANDLER);
    handler_returns(f, 0);
    CHECK_EQ(f->threads[0].regs.pc, TEXT_PC);
    CHECK_EQ(sys(f, 0, NR_getitimer, 0, BUF + 64), 0);
    CHECK(get64(f, 0, BUF + 80) == 1 && get64(f, 0, BUF + 88) == 0);
    fake_advance(f, 1000000000);
    CHECK_EQ(f->threads[0].regs.pc, HANDLER);
    handler_returns(f, 0);
    /* However short the period, the next alarm is a millisecond away. */
    tv[0] = tv[1] = (struct abi_timeval){0, 1};
    put(f, 0, BUF, tv, sizeof(tv));
    CHECK_EQ(sys(f, 0, NR_setitimer, 0, BUF, 0), 0);
    fake_advance(f, 1000);
    CHECK_EQ(f->threads[0].regs.pc, HANDLER);
    handler_returns(f, 0);
    fake_advance(f, 990000);
    CHECK(f->threads[0].regs.pc != HANDLER);
    fake_advance(f, 10000);
    CHECK_EQ(f->threads[0].regs.pc, HANDLER);
    handler_returns(f, 0);
    memset(tv, 0, sizeof(tv));
    put(f, 0, BUF, tv, sizeof(tv));
    CHECK_EQ(sys(f, 0, NR_setitimer, 0, BUF, 0), 0);
    fake_advance(f, 10000000000u);
    CHECK_EQ(sys(f, 0, NR_getpid, 0), 1);
    CHECK_EQ(sys(f, 0, NR_setitimer, 1, BUF, 0), -E_INVAL);
    CHECK_EQ(sys(f, 0, NR_setitimer, 0, 8, 0), -E_FAULT);
    OK(f);
    fake_free(f);
}

static void futex_waits_and_wakes(void)
{
    struct fake *f = fake_started();
    uint64_t stack = FAKE_SCRATCH + 20 * 4096, a = BUF + 256, b = BUF + 260;
    uint32_t clone_flags = CLONE_VM_ | CLONE_FS_ | CLONE_FILES_ | CLONE_SIGHAND_ | CLONE_THREAD_, threads[3];
    for (uint32_t i = 0; i < 3; i++) {
        CHECK(sys(f, 0, NR_clone, clone_flags, stack - i * 8192, 0, 0, 0) > 0);
        threads[i] = f->last_started;
        CHECK_EQ(sys(f, threads[i], NR_futex, a, FUTEX_WAIT_ | FUTEX_PRIVATE_, 0, 0, 0, 0), FAKE_BLOCKED);
    }
    CHECK_EQ(sys(f, 0, NR_futex, a, FUTEX_WAIT_, 1, 0, 0, 0), -E_AGAIN);
    CHECK_EQ(sys(f, 0, NR_futex, a + 1, FUTEX_WAIT_, 1, 0, 0, 0), -E_INVAL);
    CHECK_EQ(sys(f, 0, NR_futex, 8, FUTEX_WAIT_, 1, 0, 0, 0), -E_FAULT);
    CHECK_EQ(sys(f, 0, NR_futex, a, FUTEX_WAIT_BITSET_, 0, 0, 0, 0), -E_INVAL);
    CHECK_EQ(sys(f, 0, NR_futex, a, 6, 0, 0, 0, 0), -E_NOSYS);
    CHECK_EQ(sys(f, 0, NR_futex, a, FUTEX_CMP_REQUEUE_, 1, 1, b, 9), -E_AGAIN);
    CHECK_EQ(sys(f, 0, NR_futex, a, FUTEX_CMP_REQUEUE_, 1, 1, b, 0), 2);
    CHECK(result(f, threads[0]) == 0 && result(f, threads[1]) == FAKE_BLOCKED);
    CHECK_EQ(sys(f, 0, NR_futex, b, FUTEX_WAKE_, 5, 0, 0, 0), 1);
    CHECK(result(f, threads[1]) == 0 && result(f, threads[2]) == FAKE_BLOCKED);
    CHECK_EQ(sys(f, 0, NR_futex, a, FUTEX_WAKE_BITSET_, 5, 0, 0, 0), -E_INVAL);
    CHECK_EQ(sys(f, 0, NR_futex, a, FUTEX_WAKE_, 5, 0, 0, 0), 1);
    struct abi_timespec ts = {0, 1000};
    put(f, 0, BUF, &ts, sizeof(ts));
    CHECK_EQ(sys(f, 0, NR_futex, a, FUTEX_WAIT_, 0, BUF, 0, 0), FAKE_BLOCKED);
    fake_advance(f, 1000);
    CHECK_EQ(result(f, 0), -E_TIMEDOUT);
    ts.sec = FAKE_WALL_OFFSET / NS_PER_S + (int64_t)(f->now_ns / NS_PER_S) + 1;
    put(f, 0, BUF, &ts, sizeof(ts));
    CHECK_EQ(sys(f, 0, NR_futex, a, FUTEX_WAIT_BITSET_ | FUTEX_CLOCK_REALTIME_, 0, BUF, 0, 1), FAKE_BLOCKED);
    CHECK_EQ(sys(f, threads[0], NR_futex, a, FUTEX_WAKE_BITSET_, 5, 0, 0, 2), 0);
    fake_advance(f, 1000000000);
    CHECK_EQ(result(f, 0), -E_TIMEDOUT);
    OK(f);
    fake_free(f);
}

static const struct unit_case cases[] = {
    {"a handler sees, and its return restores, every register", handler_sees_and_restores_everything},
    {"a running thread can be interrupted anywhere", running_thread_is_interrupted_anywhere},
    {"an interrupted read restarts with SA_RESTART, else EINTR", reading_restarts_or_fails},
    {"an interrupted sleep tells what remains", sleeping_tells_what_remains},
    {"masks hold signals back", masks_hold_signals_back},
    {"sigsuspend waits with its own mask", sigsuspend_waits_with_its_mask},
    {"SA_RESETHAND, SA_NODEFER, SA_RESTORER and nested handlers", flags_of_actions},
    {"the alternate stack", alternate_stack},
    {"faults and exceptions become signals", faults_become_signals},
    {"timer registers that trap are emulated", timer_registers_are_emulated},
    {"hostile frames and jumps into the ABI page are harmless", hostile_frames_are_refused},
    {"a handler without a stack ends its process", no_room_for_a_frame_kills},
    {"stopping and continuing is obeyed and reported", stopping_and_continuing},
    {"a call of a stopped process returns when it continues", blocked_call_of_a_stopped_process_waits_for_it},
    {"stop signals spare orphaned groups", stop_signals_spare_orphaned_groups},
    {"real-time signals queue with their values", realtime_signals_queue},
    {"kill, tgkill and setpgid find their targets", killing_finds_its_targets},
    {"fork is whole when signals come between", fork_is_whole_when_signals_come_between},
    {"memory that is short ends the largest process", memory_that_is_short_ends_the_largest},
    {"interval timers fire again", itimer_fires_again_and_again},
    {"futexes wait, wake, move and time out", futex_waits_and_wakes},
};

int main(void)
{
    return UNIT_MAIN(cases);
}
