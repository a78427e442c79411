/* SPDX-License-Identifier: MIT */
/** Faults: see fault.h. */
#include "api/fault.h"

#include "api/message.h"
#include "arch.h"
#include "object/trace.h"
#include "object/ipc.h"
#include "object/thread.h"
#include "sched/sched.h"

static bool send_fault(struct tcb *t, struct cap handler, bool can_donate)
{
    if (cap_type(handler) != CAP_ENDPOINT) {
        return false;
    }
    endpoint_send(kptr(cap_address(handler)), t,
                  (struct send_options){.blocking = true,
                                        .is_call = false,
                                        .can_grant = cap_has(handler, RIGHT_GRANT),
                                        .can_grant_reply = cap_has(handler, RIGHT_GRANT_REPLY),
                                        .can_donate = can_donate,
                                        .badge = cap_badge(handler)});
    return true;
}

void fault_raise(struct tcb *t, const struct fault *fault)
{
    t->fault = *fault;
    trace_fault(t, fault->type);
    if (!send_fault(t, t->slots[TCB_FAULT_HANDLER].cap, t->sc != NULL)) {
        t->fault.type = seL4_Fault_NullFault;
        thread_set_state(t, THREAD_INACTIVE);
    }
}

bool fault_timeout(struct tcb *t)
{
    struct cap handler = t->slots[TCB_TIMEOUT_HANDLER].cap;
    if (cap_type(handler) != CAP_ENDPOINT) {
        return false;
    }
    t->fault = (struct fault){.type = seL4_Fault_Timeout, .word = {t->sc->badge}};
    trace_fault(t, seL4_Fault_Timeout);
    return send_fault(t, handler, false);
}

/*
 * A foreign system call can be started again until it is answered: fault_pc names the svc, so that a thread that is suspended
 * and resumed makes the call anew. Its handler sees, and may change, where the thread goes on behind the svc.
 */
static bool is_foreign(const struct fault *fault)
{
    return fault->word[1] != 0;
}

unsigned fault_write_lookup(struct tcb *to, struct seL4_IPCBuffer *buffer, const struct lookup_failure *failure,
                            unsigned first)
{
    message_set_word(to, buffer, first++, failure->type);
    switch (failure->type) {
    case seL4_MissingCapability:
        message_set_word(to, buffer, first++, failure->bits_left);
        break;
    case seL4_DepthMismatch:
        message_set_word(to, buffer, first++, failure->bits_left);
        message_set_word(to, buffer, first++, failure->bits_found);
        break;
    case seL4_GuardMismatch:
        message_set_word(to, buffer, first++, failure->bits_left);
        message_set_word(to, buffer, first++, failure->guard_found);
        message_set_word(to, buffer, first++, failure->bits_found);
        break;
    default:
        break;
    }
    return first;
}

/* x0..x7 and what the answer may set. Without a buffer there is room for the first words only. */
static void write_syscall(const struct tcb *from, struct tcb *to, struct seL4_IPCBuffer *buffer)
{
    const struct registers *regs = &from->regs;
    bool foreign = is_foreign(&from->fault);
    for (unsigned i = 0; i < seL4_FastMessageRegisters; i++) {
        to->regs.x[REG_MESSAGE + i] = regs->x[i];
    }
    if (buffer == NULL) {
        return;
    }
    for (unsigned i = seL4_FastMessageRegisters; i < seL4_UnknownSyscall_FaultIP; i++) {
        buffer->msg[i] = regs->x[i];
    }
    buffer->msg[seL4_UnknownSyscall_FaultIP] = foreign ? regs->pc : regs->fault_pc;
    buffer->msg[seL4_UnknownSyscall_SP] = regs->sp;
    buffer->msg[seL4_UnknownSyscall_LR] = foreign ? regs->x[30] : regs->pc;
    buffer->msg[seL4_UnknownSyscall_SPSR] = regs->spsr;
    buffer->msg[seL4_UnknownSyscall_Syscall] = from->fault.word[0];
}

unsigned fault_write_message(struct tcb *from, struct tcb *to, struct seL4_IPCBuffer *buffer)
{
    const struct fault *fault = &from->fault;
    const struct registers *regs = &from->regs;
    switch (fault->type) {
    case seL4_Fault_CapFault:
        message_set_word(to, buffer, seL4_CapFault_IP, regs->fault_pc);
        message_set_word(to, buffer, seL4_CapFault_Addr, fault->word[0]);
        message_set_word(to, buffer, seL4_CapFault_InRecvPhase, fault->in_receive);
        return fault_write_lookup(to, buffer, &fault->lookup, seL4_CapFault_LookupFailureType);
    case seL4_Fault_UnknownSyscall:
        write_syscall(from, to, buffer);
        return seL4_UnknownSyscall_Length;
    case seL4_Fault_UserException:
        message_set_word(to, buffer, seL4_UserException_FaultIP, regs->fault_pc);
        message_set_word(to, buffer, seL4_UserException_SP, regs->sp);
        message_set_word(to, buffer, seL4_UserException_SPSR, regs->spsr);
        message_set_word(to, buffer, seL4_UserException_Number, fault->word[0]);
        message_set_word(to, buffer, seL4_UserException_Code, fault->word[1]);
        return seL4_UserException_Length;
    case seL4_Fault_Timeout:
        message_set_word(to, buffer, seL4_Timeout_Data, fault->word[0]);
        if (from->sc == NULL) {
            return 1;
        }
        message_set_word(to, buffer, seL4_Timeout_Consumed, sched_context_take_consumed(from->sc));
        return seL4_Timeout_Length;
    case seL4_Fault_VMFault:
        message_set_word(to, buffer, seL4_VMFault_IP, regs->fault_pc);
        message_set_word(to, buffer, seL4_VMFault_Addr, fault->word[0]);
        message_set_word(to, buffer, seL4_VMFault_PrefetchFault, fault->word[2]);
        message_set_word(to, buffer, seL4_VMFault_FSR, fault->word[1]);
        return seL4_VMFault_Length;
    case seL4_Fault_VGICMaintenance:
    case seL4_Fault_VCPUFault:
    case seL4_Fault_VPPIEvent:
        message_set_word(to, buffer, 0, fault->word[0]);
        return 1;
    default:
        kernel_panic("fault of unknown type", __FILE__, __LINE__);
    }
}

static void take_syscall_reply(struct tcb *t, const struct tcb *replier, unsigned length)
{
    struct registers *regs = &t->regs;
    bool foreign = is_foreign(&t->fault);
    if (foreign) {
        regs->fault_pc = regs->pc;
    }
    for (unsigned i = 0; i < seL4_FastMessageRegisters && i < length; i++) {
        regs->x[i] = replier->regs.x[REG_MESSAGE + i];
    }
    if (length <= seL4_FastMessageRegisters) {
        return;
    }
    const struct seL4_IPCBuffer *buffer = message_buffer(replier, false);
    for (unsigned i = seL4_FastMessageRegisters; i < seL4_UnknownSyscall_FaultIP && i < length; i++) {
        regs->x[i] = message_word(replier, buffer, i);
    }
    if (length > seL4_UnknownSyscall_FaultIP) {
        regs->fault_pc = message_word(replier, buffer, seL4_UnknownSyscall_FaultIP);
    }
    if (length > seL4_UnknownSyscall_SP) {
        regs->sp = message_word(replier, buffer, seL4_UnknownSyscall_SP);
    }
    if (length > seL4_UnknownSyscall_LR) {
        *(foreign ? &regs->x[30] : &regs->pc) = message_word(replier, buffer, seL4_UnknownSyscall_LR);
    }
    if (length > seL4_UnknownSyscall_SPSR) {
        regs->spsr = arch_user_spsr(message_word(replier, buffer, seL4_UnknownSyscall_SPSR), t->vcpu != NULL);
    }
}

/* The first `length` words set the registers of UserContext in their order. */
static void take_context_reply(struct tcb *t, const struct tcb *replier, unsigned length)
{
    const struct seL4_IPCBuffer *buffer = message_buffer(replier, false);
    for (unsigned i = 0; i < length; i++) {
        thread_write_register(t, i, message_word(replier, buffer, i));
    }
}

bool fault_handle_reply(struct tcb *t, const struct tcb *replier)
{
    unsigned length = (unsigned)message_length(replier);
    bool label_is_zero = seL4_MessageInfo_label(replier->regs.x[REG_INFO]) == 0;
    enum { EXCEPTION_WORDS = 3, TIMEOUT_WORDS = 34 };
    switch (t->fault.type) {
    case seL4_Fault_UnknownSyscall:
        take_syscall_reply(t, replier, length);
        return label_is_zero;
    case seL4_Fault_UserException:
        take_context_reply(t, replier, length < EXCEPTION_WORDS ? length : EXCEPTION_WORDS);
        return label_is_zero;
    case seL4_Fault_Timeout:
        take_context_reply(t, replier, length < TIMEOUT_WORDS ? length : TIMEOUT_WORDS);
        return label_is_zero;
    default:
        return true;
    }
}
