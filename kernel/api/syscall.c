/* SPDX-License-Identifier: MIT */
/** Entries and the system calls: see syscall.h and invocation.h. */
#include "api/syscall.h"

#include "api/debug.h"
#include "api/fastpath.h"
#include "api/fault.h"
#include "api/invocation.h"
#include "arch.h"
#include "object/ipc.h"
#include "object/irq.h"
#include "object/trace.h"
#include "sched/sched.h"

/* ---- refusals ------------------------------------------------------------------------------------------------------------- */

enum outcome refuse(struct invocation *inv, uint8_t code)
{
    inv->error = (struct syscall_error){.code = code};
    return FAILED;
}

enum outcome refuse_argument(struct invocation *inv, unsigned number)
{
    inv->error = (struct syscall_error){.code = seL4_InvalidArgument, .word = {number}};
    return FAILED;
}

enum outcome refuse_capability(struct invocation *inv, unsigned number)
{
    inv->error = (struct syscall_error){.code = seL4_InvalidCapability, .word = {number}};
    return FAILED;
}

enum outcome refuse_range(struct invocation *inv, uint64_t min, uint64_t max)
{
    inv->error = (struct syscall_error){.code = seL4_RangeError, .word = {min, max}};
    return FAILED;
}

enum outcome refuse_lookup(struct invocation *inv, bool of_source, struct lookup_failure failure)
{
    inv->error =
        (struct syscall_error){.code = seL4_FailedLookup, .lookup_of_source = of_source, .lookup = failure};
    return FAILED;
}

bool has_words(struct invocation *inv, unsigned words, unsigned extra)
{
    if (inv->length < words || inv->extra_count < extra) {
        (void)refuse(inv, seL4_TruncatedMessage);
        return false;
    }
    return true;
}

struct slot *find_slot(struct invocation *inv, struct cap root, uint64_t index, uint64_t depth, bool is_source)
{
    if (cap_type(root) != CAP_CNODE) {
        (void)refuse_lookup(inv, is_source, (struct lookup_failure){.type = seL4_InvalidRoot});
        return NULL;
    }
    if (depth < 1 || depth > 64) {
        (void)refuse_range(inv, 1, 64);
        return NULL;
    }
    struct resolved r = cspace_resolve(root, index, (unsigned)depth);
    if (r.slot == NULL) {
        (void)refuse_lookup(inv, is_source, r.failure);
        return NULL;
    }
    if (r.bits_left != 0) {
        (void)refuse_lookup(inv, is_source,
                            (struct lookup_failure){.type = seL4_DepthMismatch, .bits_left = (uint8_t)r.bits_left});
        return NULL;
    }
    return r.slot;
}

bool is_empty(struct invocation *inv, const struct slot *s)
{
    if (!slot_is_empty(s)) {
        (void)refuse(inv, seL4_DeleteFirst);
        return false;
    }
    return true;
}

void return_words(struct invocation *inv, const uint64_t *words, unsigned count)
{
    if (inv->is_call) {
        struct seL4_IPCBuffer *buffer = message_buffer(inv->caller, true);
        for (unsigned i = 0; i < count; i++) {
            message_set_word(inv->caller, buffer, i, words[i]);
        }
        unsigned room = buffer != NULL ? seL4_MsgMaxLength : seL4_FastMessageRegisters;
        inv->caller->regs.x[REG_CAP] = 0;
        inv->caller->regs.x[REG_INFO] = seL4_MessageInfo_new(0, 0, 0, count < room ? count : room);
    }
    inv->has_result = true;
}

static void return_error(struct invocation *inv)
{
    struct tcb *t = inv->caller;
    struct seL4_IPCBuffer *buffer = message_buffer(t, true);
    const struct syscall_error *e = &inv->error;
    unsigned length = 0;
    switch (e->code) {
    case seL4_RangeError:
        message_set_word(t, buffer, length++, e->word[0]);
        message_set_word(t, buffer, length++, e->word[1]);
        break;
    case seL4_InvalidArgument:
    case seL4_InvalidCapability:
    case seL4_NotEnoughMemory:
        message_set_word(t, buffer, length++, e->word[0]);
        break;
    case seL4_FailedLookup:
        message_set_word(t, buffer, length++, e->lookup_of_source);
        length = fault_write_lookup(t, buffer, &e->lookup, length);
        break;
    default:
        break;
    }
    t->regs.x[REG_CAP] = 0;
    t->regs.x[REG_INFO] = seL4_MessageInfo_new(e->code, 0, 0, length);
}

/* ---- invocation -------------------------------------------------------------------------------------------------------------- */

struct invoke_options {
    bool is_call;
    bool blocking;
    bool can_donate;
    bool first_phase; /* of a combined system call: only what can be signalled or sent to can be invoked */
};

/*
 * Endpoints, notifications and replies need no message to be looked at here. @return false when `cap` is none of them or lacks
 * the right to send.
 */
static bool send_to(struct tcb *t, struct cap cap, struct invoke_options how)
{
    enum cap_type type = cap_type(cap);
    if (type != CAP_ENDPOINT && type != CAP_NOTIFICATION && type != CAP_REPLY) {
        return false;
    }
    void *object = kptr(cap_address(cap));
    if (type == CAP_REPLY) {
        reply_send(object, t, cap_has(cap, RIGHT_GRANT));
    } else if (!cap_has(cap, RIGHT_SEND)) {
        return false;
    } else if (type == CAP_ENDPOINT) {
        endpoint_send(object, t,
                      (struct send_options){.blocking = how.blocking,
                                            .is_call = how.is_call,
                                            .can_grant = cap_has(cap, RIGHT_GRANT),
                                            .can_grant_reply = cap_has(cap, RIGHT_GRANT_REPLY),
                                            .can_donate = how.can_donate,
                                            .badge = cap_badge(cap)});
        return true; /* a call's answer comes from its receiver */
    } else {
        notification_signal(object, cap_badge(cap));
    }
    if (how.is_call) {
        t->regs.x[REG_CAP] = 0;
        t->regs.x[REG_INFO] = seL4_MessageInfo_new(0, 0, 0, 0);
    }
    return true;
}

static enum outcome decode(struct invocation *inv, struct invoke_options how)
{
    if (send_to(inv->caller, inv->cap, how)) {
        inv->has_result = true;
        return DONE;
    }
    if (how.first_phase && cap_type(inv->cap) != CAP_SGI) {
        return refuse_capability(inv, 0);
    }
    switch (cap_type(inv->cap)) {
    case CAP_UNTYPED:
        return decode_untyped(inv);
    case CAP_CNODE:
        return decode_cnode(inv);
    case CAP_TCB:
        return decode_tcb(inv);
    case CAP_SCHED_CONTEXT:
        return decode_sched_context(inv);
    case CAP_SCHED_CONTROL:
        return decode_sched_control(inv);
    case CAP_IRQ_CONTROL:
        return decode_irq_control(inv);
    case CAP_IRQ_HANDLER:
        return decode_irq_handler(inv);
    case CAP_DOMAIN:
        return decode_domain(inv);
    case CAP_VSPACE:
        return decode_vspace(inv);
    case CAP_PAGE_TABLE:
        return decode_page_table(inv);
    case CAP_FRAME:
        return decode_frame(inv);
    case CAP_ASID_CONTROL:
        return decode_asid_control(inv);
    case CAP_ASID_POOL:
        return decode_asid_pool(inv);
    case CAP_SMC:
        return decode_smc(inv);
    case CAP_SGI:
        arch_send_sgi(cap_sgi_irq(inv->cap), cap_sgi_target(inv->cap));
        return DONE;
    case CAP_VCPU:
        return decode_vcpu(inv);
    case CAP_NULL:
    case CAP_ENDPOINT:
    case CAP_NOTIFICATION:
    case CAP_REPLY:
    case CAP_ZOMBIE:
        break;
    }
    return refuse_capability(inv, 0);
}

static void raise_cap_fault(struct tcb *t, uint64_t cptr, bool in_receive, struct lookup_failure lookup)
{
    struct fault fault = {.type = seL4_Fault_CapFault, .in_receive = in_receive, .lookup = lookup, .word = {cptr}};
    fault_raise(t, &fault);
}

/* Finds the extra capabilities that the message names. A missing one is a fault of the whole call. */
static bool find_extra_caps(struct invocation *inv, uint64_t info, bool blocking)
{
    unsigned wanted = inv->buffer != NULL ? (unsigned)seL4_MessageInfo_extraCaps(info) : 0;
    for (; inv->extra_count < wanted; inv->extra_count++) {
        uint64_t cptr = inv->buffer->caps_or_badges[inv->extra_count];
        struct slot *slot = cspace_find(inv->caller, cptr);
        if (slot == NULL) {
            if (blocking) {
                raise_cap_fault(inv->caller, cptr, false, cspace_lookup(inv->caller, cptr).failure);
            }
            return false;
        }
        inv->extra[inv->extra_count] = slot;
    }
    return true;
}

/* An invocation of any object. @return true when preempted or faulted: a second phase must not follow. */
static NOINLINE bool invoke_object(struct tcb *t, struct slot *slot, uint64_t info, struct invoke_options how)
{
    struct invocation inv __attribute__((uninitialized)); /* style: 200 bytes; refuse() sets the error, extra_count bounds extra */
    inv.caller = t;
    inv.slot = slot;
    inv.cap = slot->cap;
    inv.label = seL4_MessageInfo_label(info);
    inv.length = (unsigned)message_length(t);
    inv.extra_count = 0;
    inv.buffer = message_buffer(t, false);
    inv.is_call = how.is_call;
    inv.has_result = false;
    if (!find_extra_caps(&inv, info, how.blocking)) {
        return how.blocking;
    }
    if (inv.buffer == NULL && inv.length > seL4_FastMessageRegisters) {
        inv.length = seL4_FastMessageRegisters;
    }
    switch (decode(&inv, how)) {
    case DONE:
        if (how.is_call && !inv.has_result) {
            t->regs.x[REG_CAP] = 0;
            t->regs.x[REG_INFO] = seL4_MessageInfo_new(0, 0, 0, 0);
        }
        return false;
    case FAILED:
        if (how.is_call) {
            return_error(&inv);
        }
        return false;
    case PREEMPTED:
        break;
    }
    if (thread_is_runnable(t)) {
        t->state = THREAD_RESTART;
    }
    return true;
}

/* Invokes what `cptr` names. @return true when preempted or faulted: a second phase must not follow. */
static bool invoke_found(struct tcb *t, struct slot *slot, uint64_t cptr, struct invoke_options how)
{
    if (unlikely(slot == NULL)) {
        if (how.blocking) {
            raise_cap_fault(t, cptr, false, cspace_lookup(t, cptr).failure);
            return true;
        }
        return false;
    }
    uint64_t info = t->regs.x[REG_INFO];
    bool no_message = seL4_MessageInfo_extraCaps(info) == 0 || cap_type(slot->cap) == CAP_NOTIFICATION; /* which takes none */
    if (no_message && send_to(t, slot->cap, how)) {
        return false;
    }
    return invoke_object(t, slot, info, how);
}

static bool invoke(uint64_t cptr, struct invoke_options how)
{
    return invoke_found(kernel.current, cspace_find(kernel.current, cptr), cptr, how);
}

/* ---- receiving ------------------------------------------------------------------------------------------------------------------ */

/* The reply object that x6 names, or NULL after a fault. */
static struct reply *find_reply(struct tcb *t)
{
    uint64_t cptr = t->regs.x[REG_REPLY];
    const struct slot *slot = cspace_find(t, cptr);
    if (slot != NULL && cap_type(slot->cap) == CAP_REPLY) {
        return kptr(cap_address(slot->cap));
    }
    raise_cap_fault(t, cptr, true, slot == NULL ? cspace_lookup(t, cptr).failure : lookup_missing(0));
    return NULL;
}

static void receive(bool blocking, bool with_reply)
{
    struct tcb *t = kernel.current;
    uint64_t cptr = t->regs.x[REG_CAP];
    const struct slot *slot = cspace_find(t, cptr);
    if (unlikely(slot == NULL)) {
        raise_cap_fault(t, cptr, true, cspace_lookup(t, cptr).failure);
        return;
    }
    struct cap cap = slot->cap;
    void *object = kptr(cap_address(cap));
    if (cap_type(cap) == CAP_ENDPOINT && cap_has(cap, RIGHT_RECEIVE)) {
        struct reply *reply = with_reply ? find_reply(t) : NULL;
        if (reply != NULL || !with_reply) {
            endpoint_receive(object, t, cap_has(cap, RIGHT_GRANT), reply, blocking);
        }
    } else if (cap_type(cap) == CAP_NOTIFICATION && cap_has(cap, RIGHT_RECEIVE) &&
               (((struct notification *)object)->bound_tcb == NULL ||
                ((struct notification *)object)->bound_tcb == t)) {
        notification_wait(object, t, blocking);
    } else {
        raise_cap_fault(t, cptr, true, lookup_missing(0));
    }
}

/* ---- entries --------------------------------------------------------------------------------------------------------------------- */

static const struct invoke_options as_first_phase = {.can_donate = true, .first_phase = true};

static void dispatch(struct tcb *t)
{
    const uint64_t *x = t->regs.x;
    switch ((int64_t)x[REG_SYSCALL]) { /* Call, Send and NBSend: syscall_general_send() */
    case seL4_SysReplyRecv:
        if (!invoke(x[REG_REPLY], as_first_phase)) {
            receive(true, true);
        }
        break;
    case seL4_SysNBSendRecv:
        if (!invoke(x[REG_NBSENDRECV_DEST], as_first_phase)) {
            receive(true, true);
        }
        break;
    case seL4_SysNBSendWait:
        if (!invoke(x[REG_REPLY], as_first_phase)) {
            receive(true, false);
        }
        break;
    case seL4_SysRecv:
        receive(true, true);
        break;
    case seL4_SysNBRecv:
        receive(false, true);
        break;
    case seL4_SysWait:
        receive(true, false);
        break;
    case seL4_SysNBWait:
        receive(false, false);
        break;
    case seL4_SysYield:
        sched_end_slice();
        break;
    default: {
        if (KERNEL_DEBUG_CALLS && debug_syscall(t, (int64_t)x[REG_SYSCALL])) {
            break;
        }
        struct fault fault = {.type = seL4_Fault_UnknownSyscall, .word = {x[REG_SYSCALL]}};
        fault_raise(t, &fault);
        break;
    }
    }
}

bool syscall_general(struct tcb *t)
{
    if (sched_enter()) {
        dispatch(t);
    }
    sched_leave();
    return false;
}

bool syscall_general_send(struct tcb *t, struct slot *slot)
{
    if (sched_enter()) {
        bool is_call = (int64_t)t->regs.x[REG_SYSCALL] == seL4_SysCall;
        bool blocking = is_call || (int64_t)t->regs.x[REG_SYSCALL] == seL4_SysSend;
        struct invoke_options how = {.is_call = is_call, .blocking = blocking, .can_donate = is_call};
        (void)invoke_found(t, slot, t->regs.x[REG_CAP], how);
    }
    sched_leave();
    return false;
}

bool syscall_general_fault(struct tcb *t, uint8_t type, uint64_t word0, uint64_t word1, uint64_t word2)
{
    if (sched_enter()) {
        struct fault fault = {.type = type, .word = {word0, word1, word2}};
        fault_raise(t, &fault);
    }
    sched_leave();
    return false;
}

bool enter_syscall(struct tcb *t)
{
    int64_t number = (int64_t)t->regs.x[REG_SYSCALL];
    bool is_foreign = (t->flags & seL4_TCBFlag_foreignSyscalls) != 0;
    trace_current(TRACE_ENTRY, is_foreign ? TRACE_ENTRY_FOREIGN : TRACE_ENTRY_SYSCALL, is_foreign ? t->regs.x[8] : (uint64_t)number);
    if (unlikely(is_foreign)) {
        return fastpath_fault(t, seL4_Fault_UnknownSyscall, t->regs.x[8], true, 0);
    }
    if (likely(number == seL4_SysCall)) {
        return fastpath_call(t);
    }
    if (likely(number == seL4_SysReplyRecv)) {
        return fastpath_reply_recv(t);
    }
    switch (number) {
    case seL4_SysSend:
    case seL4_SysNBSend:
        return fastpath_send(t);
    case seL4_SysYield:
        return fastpath_yield(t);
    case seL4_SysBenchmarkNullSyscall:
        return KERNEL_DEBUG_CALLS || syscall_general(t);
    default:
        return syscall_general(t);
    }
}

void enter_vm_fault(uint64_t address, uint64_t fsr, bool instruction)
{
    trace_current(TRACE_ENTRY, TRACE_ENTRY_MEMORY, 0);
    (void)fastpath_fault(kernel.current, seL4_Fault_VMFault, address, fsr, instruction);
}

void enter_user_exception(uint64_t number, uint64_t code)
{
    trace_current(TRACE_ENTRY, TRACE_ENTRY_EXCEPTION, 0);
    (void)fastpath_fault(kernel.current, seL4_Fault_UserException, number, code, 0);
}

void enter_trap(uint64_t syndrome)
{
    trace_current(TRACE_ENTRY, TRACE_ENTRY_TRAP, 0);
    (void)fastpath_fault(kernel.current, seL4_Fault_VCPUFault, syndrome & UINT32_MAX, 0, 0);
}

void enter_interrupt(void)
{
    unsigned taken;
    trace_current(TRACE_ENTRY, TRACE_ENTRY_INTERRUPT, 0);
    bool any = arch_interrupt_take(&taken);
    if (any) {
        trace_current(TRACE_INTERRUPT, 0, arch_irq_number(taken));
    }
    if (any && fastpath_interrupt(taken)) {
        return;
    }
    bool has_budget = sched_enter(); /* if not, it has been charged; the interrupt is delivered either way */
    if (any) {
        irq_deliver(taken, has_budget);
    }
    sched_leave();
}
