/* SPDX-License-Identifier: MIT */
/**
 * Sigframe: the frame that a handler finds on its stack, in exactly Linux's layout, and the way back from it. The FP state
 * is stored and loaded by stubs of the ABI page, in user mode, because nobody else can reach it; x8-x30 too, because they are
 * at hand there.
 * Owns:   nothing.    Uses: user.c, abipage.h.
 * Limits: records of other kinds in a frame are skipped; a frame without FP state is refused, as Linux does.
 * Source: Linux 6.1 asm/sigcontext.h and asm/ucontext.h (arm64 uapi); docs/design/linux-signals.md
 */
#include "core.h"

#include "abipage/abipage.h"

#define RECORDS_WALKED_MAX 32u

_Static_assert(SIGFRAME_RECORDS - sizeof(struct abi_siginfo) == ABI_UC_RECORDS, "the stub finds the record area");
_Static_assert(offsetof(struct abi_sigframe, x) + 8 * 8 == ABI_SIGFRAME_X8, "the stub finds x8 from the frame,");
_Static_assert(ABI_SIGFRAME_X8 - sizeof(struct abi_siginfo) == ABI_UC_X8, "and from the ucontext");
_Static_assert(ABI_FP_BYTES == RECORD_FPSIMD_BYTES, "a block is laid out as a record");

struct record_head {
    uint32_t magic, size;
};

/** What the server writes: the frame with the head of the FP record; behind that for a fault its syndrome, and the end. */
struct frame_and_head {
    struct abi_sigframe frame;
    struct record_head fp;
};

struct esr_record {
    struct record_head head;
    uint64_t esr;
    struct record_head end;
};

static void fill_info(const struct signal_info *info, struct abi_siginfo *out)
{
    out->signo = info->signal;
    out->code = info->code;
    bool is_fault = info->code > 0 && info->code != SI_KERNEL_ &&
                    (info->signal == SIGSEGV_ || info->signal == SIGBUS_ || info->signal == SIGILL_ ||
                     info->signal == SIGFPE_ || info->signal == SIGTRAP_);
    if (is_fault) {
        out->fault.address = info->value;
        return;
    }
    out->sender.pid = (int32_t)info->pid;
    out->sender.uid = info->uid;
    out->sender.value = info->value;
    out->sender.utime = info->utime;
    out->sender.stime = info->stime;
}

static void fill_context(const struct thread *t, const struct signal_info *info, const struct linux_regs *regs,
                         struct abi_sigframe *out)
{
    out->uc_stack = t->altstack;
    out->uc_stack.flags = t->altstack.size == 0 ? SS_DISABLE_ : altstack_holds(t, regs->sp) ? SS_ONSTACK_ : 0;
    out->uc_sigmask = (t->attention & ATTENTION_MASK) != 0 ? t->saved_mask : t->blocked;
    out->fault_address = info->syndrome != 0 ? info->value : 0;
    memcpy(out->x, regs->x, 8 * sizeof(out->x[0])); /* the stub adds the others */
    out->sp = regs->sp;
    out->pc = regs->pc;
    out->pstate = regs->pstate;
}

/* Marks the end of the records, behind the syndrome if there is one. */
static bool write_end(struct thread *t, uint64_t address, uint64_t syndrome)
{
    struct esr_record esr = {{RECORD_ESR, sizeof(struct record_head) + 8}, syndrome, {0, 0}};
    return syndrome != 0 ? user_write(t->proc->mm, address, &esr, sizeof(esr))
                         : user_write(t->proc->mm, address, &esr.end, sizeof(esr.end));
}

bool sigframe_push(struct thread *t, const struct signal_info *info, const struct action *action,
                   struct linux_regs *regs)
{
    struct frame_and_head out = {.fp = {RECORD_FPSIMD, RECORD_FPSIMD_BYTES}};
    bool to_altstack = (action->flags & SA_ONSTACK_) != 0 && t->altstack.size != 0 && !altstack_holds(t, regs->sp);
    uint64_t top = to_altstack ? t->altstack.sp + t->altstack.size : regs->sp;
    uint64_t link_address = align_down(top - 16, 16);
    uint64_t address = link_address - SIGFRAME_BYTES;
    if (top < SIGFRAME_BYTES + 32 || top > LINUX_USER_TOP) {
        return false;
    }
    fill_info(info, &out.frame.info);
    fill_context(t, info, regs, &out.frame);
    if (!user_write(t->proc->mm, address, &out, sizeof(out)) ||
        !write_end(t, address + SIGFRAME_RECORDS + RECORD_FPSIMD_BYTES, info->syndrome)) {
        return false;
    }
    regs->x[0] = (uint64_t)info->signal;
    regs->x[1] = address;
    regs->x[2] = address + sizeof(struct abi_siginfo);
    regs->x[3] = action->handler;
    regs->x[4] = link_address;
    regs->x[5] = (action->flags & SA_RESTORER_) != 0 ? action->restorer : LINUX_ABI_BASE + ABI_SIGTRAMP;
    regs->sp = address;
    regs->pc = LINUX_ABI_BASE + ABI_SIGENTRY;
    return true;
}

/* ---- the way back ------------------------------------------------------------------------------------------------ */

/** The address of the FP record of the frame at `address`, or 0. */
static uint64_t find_fp_record(struct thread *t, uint64_t address)
{
    uint64_t offset = 0;
    for (uint32_t i = 0; i < RECORDS_WALKED_MAX && offset + RECORD_FPSIMD_BYTES <= SIGFRAME_RECORD_BYTES; i++) {
        struct record_head head;
        if (!user_read(t->proc->mm, &head, address + SIGFRAME_RECORDS + offset, sizeof(head)) || head.magic == 0) {
            return 0;
        }
        if (head.magic == RECORD_FPSIMD) {
            return head.size == RECORD_FPSIMD_BYTES ? address + SIGFRAME_RECORDS + offset : 0;
        }
        if (head.size < 16 || head.size % 16 != 0 || head.size > SIGFRAME_RECORD_BYTES - offset) {
            return 0;
        }
        offset += head.size;
    }
    return 0;
}

static int64_t bad_frame(struct thread *t)
{
    struct signal_info info = {.signal = SIGSEGV_, .code = SI_KERNEL_};
    signal_force(t, &info);
    return -E_FAULT; /* never seen but by a handler of SIGSEGV, in its context */
}

int64_t sigframe_begin_return(struct thread *t)
{
    uint64_t sp = t->frame->sp;
    uint64_t record = is_aligned(sp, 16) ? find_fp_record(t, sp) : 0;
    if (record == 0) {
        return bad_frame(t);
    }
    t->frame->x[0] = record;
    t->frame->pc = LINUX_ABI_BASE + ABI_SIGLEAVE;
    thread_answer(t, LINUX_REPLY_FRAME);
    return RESULT_DONE;
}

int64_t sigframe_finish_return(struct thread *t)
{
    struct abi_sigframe frame;
    uint64_t sp = t->frame->sp;
    if (!is_aligned(sp, 16) || !user_read(t->proc->mm, &frame, sp, sizeof(frame))) {
        return bad_frame(t);
    }
    memcpy(t->frame->x, frame.x, sizeof(t->frame->x)); /* the stub has loaded the others */
    t->frame->sp = frame.sp;
    t->frame->pc = frame.pc;
    t->frame->pstate = frame.pstate & PSTATE_NZCV;
    t->reply = LINUX_REPLY_FRAME;
    signal_set_mask(t, frame.uc_sigmask);
    if (frame.uc_stack.flags == SS_DISABLE_) {
        t->altstack.sp = t->altstack.size = 0;
    } else if (frame.uc_stack.size >= MINSIGSTKSZ_ && frame.uc_stack.flags <= SS_ONSTACK_ &&
               !altstack_holds(t, frame.sp)) {
        t->altstack = frame.uc_stack;
    }
    return 0;
}
