/* SPDX-License-Identifier: MIT */
/** Operations on threads. Source: seL4 manual section 6.1 and TCB_* in chapter 11. */
#include "api/invocation.h"
#include "arch.h"
#include "object/ipc.h"
#include "object/thread.h"
#include "sched/sched.h"

static struct tcb *target(const struct invocation *inv)
{
    return kptr(cap_address(inv->cap));
}

/* ---- registers -------------------------------------------------------------------------------------------------------------- */

static enum outcome read_registers(struct invocation *inv)
{
    struct tcb *t = target(inv);
    if (!has_words(inv, 2, 0)) {
        return FAILED;
    }
    uint64_t count = arg(inv, 1);
    if (count < 1 || count > seL4_UserContextWords) {
        return refuse_range(inv, 1, seL4_UserContextWords);
    }
    if (t == inv->caller) {
        return refuse(inv, seL4_IllegalOperation);
    }
    if ((arg(inv, 0) & 1) != 0) {
        thread_suspend(t);
    }
    uint64_t words[seL4_UserContextWords];
    for (unsigned i = 0; i < count; i++) {
        words[i] = thread_read_register(t, i);
    }
    return_words(inv, words, (unsigned)count);
    return DONE;
}

static enum outcome write_registers(struct invocation *inv)
{
    struct tcb *t = target(inv);
    if (!has_words(inv, 2, 0)) {
        return FAILED;
    }
    uint64_t flags = arg(inv, 0);
    uint64_t count = arg(inv, 1);
    if (inv->length - 2 < count) {
        return refuse(inv, seL4_TruncatedMessage);
    }
    if (t == inv->caller) {
        return refuse(inv, seL4_IllegalOperation);
    }
    for (unsigned i = 0; i < count && i < seL4_UserContextWords; i++) {
        thread_write_register(t, i, arg(inv, i + 2));
    }
    t->regs.pc = t->regs.fault_pc;
    if ((flags & 1) != 0) {
        thread_resume(t);
    }
    return DONE;
}

static enum outcome copy_registers(struct invocation *inv)
{
    enum { SUSPEND_SOURCE = 1, RESUME_TARGET = 2, FRAME = 4, INTEGER = 8 };
    struct tcb *to = target(inv);
    if (!has_words(inv, 1, 1)) {
        return FAILED;
    }
    uint64_t flags = arg(inv, 0);
    if (cap_type(inv->extra[0]->cap) != CAP_TCB) {
        return refuse_capability(inv, 1);
    }
    struct tcb *from = kptr(cap_address(inv->extra[0]->cap));
    if ((flags & SUSPEND_SOURCE) != 0) {
        thread_suspend(from);
    }
    if ((flags & RESUME_TARGET) != 0) {
        thread_resume(to);
    }
    if (from == kernel.current || to == kernel.current) {
        arch_store_thread_registers(kernel.current); /* what it has set without us: its own is loaded again below */
    }
    for (unsigned i = 0; i < seL4_UserContextWords; i++) {
        if ((flags & (i < THREAD_FRAME_REGISTERS ? FRAME : INTEGER)) != 0) {
            thread_write_register(to, i, thread_read_register(from, i));
        }
    }
    if ((flags & FRAME) != 0) {
        to->regs.pc = to->regs.fault_pc;
    }
    if (to == kernel.current) {
        arch_load_thread_registers(to);
        sched_choose_anew();
    }
    return DONE;
}

/* ---- capabilities of a thread: proved first, then installed one by one ------------------------------------------------------- */

/** A capability to be put into a slot of a TCB. `source` NULL: the slot is only emptied. */
struct install {
    bool wanted;
    struct slot *source;
    struct cap cap;
};

struct thread_caps {
    struct install slot[TCB_SLOT_COUNT];
    uaddr_t ipc_buffer;
};

static enum outcome prove_derived(struct invocation *inv, struct install *i, struct slot *source, uint64_t data)
{
    struct cap cap = data != 0 ? cap_update_data(source->cap, data, false) : source->cap;
    int error = cap_derive(source, cap, &i->cap);
    if (error != seL4_NoError) {
        return refuse(inv, (uint8_t)error);
    }
    i->wanted = true;
    i->source = source;
    return DONE;
}

static enum outcome prove_spaces(struct invocation *inv, struct thread_caps *caps, struct slot *cspace, uint64_t cspace_data,
                                 struct slot *vspace, uint64_t vspace_data)
{
    const struct tcb *t = target(inv);
    if (slot_delete_is_long(&t->slots[TCB_CSPACE]) || slot_delete_is_long(&t->slots[TCB_VSPACE])) {
        return refuse(inv, seL4_IllegalOperation);
    }
    if (prove_derived(inv, &caps->slot[TCB_CSPACE], cspace, cspace_data) != DONE) {
        return FAILED;
    }
    if (cap_type(caps->slot[TCB_CSPACE].cap) != CAP_CNODE) {
        return refuse(inv, seL4_IllegalOperation);
    }
    if (prove_derived(inv, &caps->slot[TCB_VSPACE], vspace, vspace_data) != DONE) {
        return FAILED;
    }
    struct cap root = caps->slot[TCB_VSPACE].cap;
    if (cap_type(root) != CAP_VSPACE || cap_asid(root) == 0) {
        return refuse(inv, seL4_IllegalOperation);
    }
    return DONE;
}

static enum outcome prove_buffer(struct invocation *inv, struct thread_caps *caps, uaddr_t address, struct slot *frame)
{
    struct install *i = &caps->slot[TCB_BUFFER];
    caps->ipc_buffer = address;
    i->wanted = true;
    if (address == 0) {
        return DONE;
    }
    if (prove_derived(inv, i, frame, 0) != DONE) {
        return FAILED;
    }
    if (cap_type(i->cap) != CAP_FRAME || cap_has(i->cap, FRAME_IS_DEVICE)) {
        return refuse(inv, seL4_IllegalOperation);
    }
    if (!is_aligned(address, seL4_IPCBufferSizeBits)) {
        return refuse(inv, seL4_AlignmentError);
    }
    return DONE;
}

/* A handler is no capability, or an endpoint to which a fault can be sent and that can reply. `number` is the argument's. */
static enum outcome prove_handler(struct invocation *inv, struct install *i, struct slot *source, unsigned number)
{
    struct cap cap = source->cap;
    bool can_reply = cap_has(cap, RIGHT_GRANT) || cap_has(cap, RIGHT_GRANT_REPLY);
    if (cap_type(cap) != CAP_NULL &&
        (cap_type(cap) != CAP_ENDPOINT || !cap_has(cap, RIGHT_SEND) || !can_reply)) {
        return refuse_capability(inv, number);
    }
    *i = (struct install){.wanted = true, .source = cap_type(cap) != CAP_NULL ? source : NULL, .cap = cap};
    return DONE;
}

/* Emptying a slot can be long, and can take away what was to be installed, or the TCB itself. */
static enum outcome install_caps(struct invocation *inv, const struct thread_caps *caps)
{
    struct tcb *t = target(inv);
    for (unsigned i = 0; i < TCB_SLOT_COUNT; i++) {
        const struct install *install = &caps->slot[i];
        if (!install->wanted) {
            continue;
        }
        if (slot_delete(&t->slots[i])) {
            return PREEMPTED;
        }
        if (i == TCB_BUFFER) {
            t->ipc_buffer = caps->ipc_buffer;
        }
        if (install->source != NULL && cap_covers(install->cap, install->source->cap) &&
            cap_covers(inv->cap, inv->slot->cap)) {
            slot_insert(install->cap, install->source, &t->slots[i]);
        }
    }
    if (t == kernel.current) {
        arch_activate_vspace(t);
    }
    return DONE;
}

static enum outcome configure(struct invocation *inv)
{
    struct thread_caps caps = {0};
    if (!has_words(inv, 3, 3) || prove_buffer(inv, &caps, arg(inv, 2), inv->extra[2]) != DONE ||
        prove_spaces(inv, &caps, inv->extra[0], arg(inv, 0), inv->extra[1], arg(inv, 1)) != DONE) {
        return FAILED;
    }
    return install_caps(inv, &caps);
}

static enum outcome set_space(struct invocation *inv)
{
    struct thread_caps caps = {0};
    if (!has_words(inv, 2, 3) ||
        prove_spaces(inv, &caps, inv->extra[1], arg(inv, 0), inv->extra[2], arg(inv, 1)) != DONE ||
        prove_handler(inv, &caps.slot[TCB_FAULT_HANDLER], inv->extra[0], 1) != DONE) {
        return FAILED;
    }
    return install_caps(inv, &caps);
}

static enum outcome set_ipc_buffer(struct invocation *inv)
{
    struct thread_caps caps = {0};
    if (!has_words(inv, 1, 1) || prove_buffer(inv, &caps, arg(inv, 0), inv->extra[0]) != DONE) {
        return FAILED;
    }
    return install_caps(inv, &caps);
}

static enum outcome set_timeout_endpoint(struct invocation *inv)
{
    struct thread_caps caps = {0};
    if (!has_words(inv, 0, 1) ||
        prove_handler(inv, &caps.slot[TCB_TIMEOUT_HANDLER], inv->extra[0], 1) != DONE) {
        return FAILED;
    }
    return install_caps(inv, &caps);
}

/* ---- scheduling ------------------------------------------------------------------------------------------------------------------ */

static const struct tcb *authority(struct invocation *inv)
{
    if (cap_type(inv->extra[0]->cap) != CAP_TCB) {
        (void)refuse_capability(inv, 1);
        return NULL;
    }
    return kptr(cap_address(inv->extra[0]->cap));
}

static bool priority_is_allowed(struct invocation *inv, const struct tcb *auth, uint64_t priority)
{
    if (priority > auth->max_controlled_priority) {
        (void)refuse_range(inv, 0, auth->max_controlled_priority);
        return false;
    }
    return true;
}

static enum outcome set_priority(struct invocation *inv, bool maximum)
{
    if (!has_words(inv, 1, 1)) {
        return FAILED;
    }
    const struct tcb *auth = authority(inv);
    uint64_t priority = arg(inv, 0);
    if (auth == NULL || !priority_is_allowed(inv, auth, priority)) {
        return FAILED;
    }
    if (maximum) {
        target(inv)->max_controlled_priority = (uint8_t)priority;
    } else {
        sched_set_priority(target(inv), (uint8_t)priority);
    }
    return DONE;
}

/* The context that SetSchedParams gives; NULL in *out takes the thread's away. */
static enum outcome prove_sched_context(struct invocation *inv, struct sched_context **out)
{
    struct tcb *t = target(inv);
    struct cap cap = inv->extra[1]->cap;
    if (cap_type(cap) == CAP_NULL) {
        *out = NULL;
        return t == kernel.current ? refuse(inv, seL4_IllegalOperation) : DONE;
    }
    if (cap_type(cap) != CAP_SCHED_CONTEXT) {
        return refuse_capability(inv, 2);
    }
    struct sched_context *sc = kptr(cap_address(cap));
    if ((t->sc != NULL && t->sc != sc) || (sc->tcb != NULL && sc->tcb != t) || !sched_context_may_bind(sc, t)) {
        return refuse(inv, seL4_IllegalOperation);
    }
    *out = sc;
    return DONE;
}

static enum outcome set_sched_params(struct invocation *inv)
{
    struct tcb *t = target(inv);
    if (!has_words(inv, 2, 3)) {
        return FAILED;
    }
    const struct tcb *auth = authority(inv);
    uint64_t max_priority = arg(inv, 0);
    uint64_t priority = arg(inv, 1);
    struct sched_context *sc;
    struct thread_caps caps = {0};
    if (auth == NULL || !priority_is_allowed(inv, auth, max_priority) || !priority_is_allowed(inv, auth, priority) ||
        prove_sched_context(inv, &sc) != DONE ||
        prove_handler(inv, &caps.slot[TCB_FAULT_HANDLER], inv->extra[2], 3) != DONE) {
        return FAILED;
    }
    enum outcome outcome = install_caps(inv, &caps);
    if (outcome != DONE) {
        return outcome;
    }
    t->max_controlled_priority = (uint8_t)max_priority;
    sched_set_priority(t, (uint8_t)priority);
    if (sc != NULL && sc->tcb == NULL) {
        sched_context_bind_tcb(sc, t);
    } else if (sc == NULL && t->sc != NULL) {
        sched_context_unbind_tcb(t->sc);
    }
    return DONE;
}

/* ---- the rest ----------------------------------------------------------------------------------------------------------------------- */

static enum outcome bind_notification(struct invocation *inv)
{
    struct tcb *t = target(inv);
    if (!has_words(inv, 0, 1)) {
        return FAILED;
    }
    struct cap cap = inv->extra[0]->cap;
    struct notification *n = kptr(cap_address(cap));
    if (t->bound_notification != NULL || cap_type(cap) != CAP_NOTIFICATION || !cap_has(cap, RIGHT_RECEIVE) ||
        n->waiters.head != NULL || n->bound_tcb != NULL) {
        return refuse(inv, seL4_IllegalOperation);
    }
    notification_bind(n, t);
    return DONE;
}

static enum outcome unbind_notification(struct invocation *inv)
{
    struct tcb *t = target(inv);
    if (t->bound_notification == NULL) {
        return refuse(inv, seL4_IllegalOperation);
    }
    notification_unbind(t->bound_notification);
    return DONE;
}

static enum outcome set_tls_base(struct invocation *inv)
{
    struct tcb *t = target(inv);
    if (!has_words(inv, 1, 0)) {
        return FAILED;
    }
    t->regs.tpidr_el0 = arg(inv, 0);
    if (t == kernel.current) {
        arch_load_thread_registers(t);
    }
    return DONE;
}

static enum outcome set_flags(struct invocation *inv)
{
    struct tcb *t = target(inv);
    if (!has_words(inv, 2, 0)) {
        return FAILED;
    }
    uint64_t known = seL4_TCBFlag_fpuDisabled | seL4_TCBFlag_foreignSyscalls;
    uint64_t flags = (t->flags & ~arg(inv, 0)) | (arg(inv, 1) & known);
    t->flags = (uint32_t)flags;
    arch_mode_changed(t);
    return_words(inv, &flags, 1);
    return DONE;
}

enum outcome decode_tcb(struct invocation *inv)
{
    switch (inv->label) {
    case seL4_TCBReadRegisters:
        return read_registers(inv);
    case seL4_TCBWriteRegisters:
        return write_registers(inv);
    case seL4_TCBCopyRegisters:
        return copy_registers(inv);
    case seL4_TCBConfigure:
        return configure(inv);
    case seL4_TCBSetPriority:
        return set_priority(inv, false);
    case seL4_TCBSetMCPriority:
        return set_priority(inv, true);
    case seL4_TCBSetSchedParams:
        return set_sched_params(inv);
    case seL4_TCBSetTimeoutEndpoint:
        return set_timeout_endpoint(inv);
    case seL4_TCBSetIPCBuffer:
        return set_ipc_buffer(inv);
    case seL4_TCBSetSpace:
        return set_space(inv);
    case seL4_TCBSuspend:
        thread_suspend(target(inv));
        return DONE;
    case seL4_TCBResume:
        thread_resume(target(inv));
        return DONE;
    case seL4_TCBBindNotification:
        return bind_notification(inv);
    case seL4_TCBUnbindNotification:
        return unbind_notification(inv);
    case seL4_TCBSetTLSBase:
        return set_tls_base(inv);
    case seL4_TCBSetFlags:
        return set_flags(inv);
    default:
        return refuse(inv, seL4_IllegalOperation);
    }
}
