/* SPDX-License-Identifier: MIT */
/**
 * Deletion and revocation: what ends with the last capability to an object, and how a CNode full of capabilities is taken
 * apart without recursion and with stops for interrupts.
 *
 * The last capability to a CNode or a thread becomes a zombie: it counts the slots of the object that are not yet empty,
 * and is deleted when none is left. If such a slot holds the last capability to another CNode or thread, that one becomes a
 * zombie too and is set aside into its own first slot, in exchange for what stood there. It can be reached from nowhere
 * but the derivation list, so its memory stays safe until its untyped is revoked. Every exchange sets one object aside for
 * good, so the loops end.
 *
 * Source: seL4 manual section 3.1.2 for what may be observed.
 */
#include "arch.h"
#include "object/cspace.h"
#include "object/ipc.h"
#include "object/irq.h"
#include "object/thread.h"
#include "object/vcpu.h"
#include "object/vspace.h"
#include "sched/sched.h"

/* Takes an emptied slot out of the derivation list. */
static void slot_unlink(struct slot *s)
{
    struct slot *prev = slot_prev(s);
    struct slot *next = slot_next(s);
    if (prev != NULL) {
        prev->next_and_flags = (uintptr_t)next | (prev->next_and_flags & SLOT_FLAGS);
    }
    if (next != NULL) {
        next->prev = (uintptr_t)prev;
        next->next_and_flags |= s->next_and_flags & SLOT_FIRST_BADGED;
    }
    s->cap = cap_null();
    s->prev = 0;
    s->next_and_flags = 0;
}

static void end_endpoint(struct endpoint *ep)
{
    endpoint_cancel_all(ep);
}

static void end_notification(struct notification *n)
{
    if (n->sc != NULL) {
        sched_context_unbind_notification(n->sc);
    }
    notification_unbind(n);
    notification_cancel_all(n);
}

static void end_reply(struct reply *reply)
{
    if (reply->tcb == NULL) {
        return;
    }
    if (reply->tcb->state == THREAD_BLOCKED_REPLY) {
        struct tcb *caller = reply->tcb;
        reply_pop(reply);
        thread_set_state(caller, THREAD_INACTIVE);
    } else {
        ipc_cancel(reply->tcb);
    }
}

static void end_thread(struct tcb *t)
{
    if (t->sc != NULL) {
        struct sched_context *sc = t->sc;
        sched_context_unbind_tcb(sc);
        sched_context_complete_yield(sc->yield_from);
    }
    if (t->bound_notification != NULL) {
        notification_unbind(t->bound_notification);
    }
    thread_suspend(t);
    vcpu_unbind(t->vcpu);
    arch_forget_thread(t);
}

static void end_sched_context(struct sched_context *sc)
{
    sched_context_complete_yield(sc->yield_from);
    sched_context_unbind_tcb(sc);
    sched_context_unbind_notification(sc);
    if (sc->reply != NULL) {
        sc->reply->above = 0;
        sc->reply = NULL;
    }
    sc->refill_max = 0; /* nobody can be charged any more, even if it is the running context */
}

/* Ends what `cap` refers to. @return what has to stand in its slot until that can be emptied: null, or a zombie with slots left. */
static struct cap end_object(struct cap cap)
{
    void *object = kptr(cap_address(cap));
    switch (cap_type(cap)) {
    case CAP_ENDPOINT:
        end_endpoint(object);
        break;
    case CAP_NOTIFICATION:
        end_notification(object);
        break;
    case CAP_REPLY:
        end_reply(object);
        break;
    case CAP_CNODE:
        return cap_zombie(cap_address(cap), false, cap_bits(cap), bit(cap_bits(cap)));
    case CAP_TCB:
        end_thread(object);
        return cap_zombie(cap_address(cap), true, 0, TCB_SLOT_COUNT);
    case CAP_SCHED_CONTEXT:
        end_sched_context(object);
        break;
    case CAP_IRQ_HANDLER:
        irq_end_handler((unsigned)cap.word[1]);
        break;
    case CAP_FRAME:
        vspace_end_frame(cap);
        break;
    case CAP_PAGE_TABLE:
        vspace_end_table(cap);
        break;
    case CAP_VSPACE:
        vspace_end(cap);
        break;
    case CAP_ASID_POOL:
        vspace_end_asid_pool(cap);
        break;
    case CAP_VCPU:
        vcpu_end(object);
        break;
    case CAP_ZOMBIE:
        return cap;
    case CAP_NULL:
    case CAP_UNTYPED:
    case CAP_SCHED_CONTROL:
    case CAP_IRQ_CONTROL:
    case CAP_DOMAIN:
    case CAP_ASID_CONTROL:
    case CAP_SMC:
    case CAP_SGI:
        break;
    }
    return cap_null();
}

/* Does what the deletion of the capability in `s` entails: each frame capability has a mapping of its own, other objects end
   with the last capability, and a zombie is one. */
static struct cap finalise(struct slot *s)
{
    enum cap_type type = cap_type(s->cap);
    return type == CAP_FRAME || type == CAP_ZOMBIE || slot_is_final(s) ? end_object(s->cap) : cap_null();
}

static struct slot *zombie_slots(struct cap zombie)
{
    void *object = kptr(cap_address(zombie));
    return cap_zombie_of_tcb(zombie) ? ((struct tcb *)object)->slots : (struct slot *)object;
}

/* A zombie may go when its slots are empty, or when the last of them is the one that it stands in itself. */
static bool is_removable(struct cap rest, const struct slot *s)
{
    if (cap_type(rest) == CAP_NULL) {
        return true;
    }
    uint64_t left = cap_zombie_slots_left(rest);
    return left == 0 || (left == 1 && s == zombie_slots(rest));
}

/**
 * Empties a slot of an object that is being taken apart; zombies found there are set aside.
 * @return true when preempted.
 */
static bool empty_inner(struct slot *s)
{
    while (!slot_is_empty(s)) {
        struct cap rest = finalise(s);
        if (is_removable(rest, s)) {
            slot_unlink(s);
            return false;
        }
        s->cap = rest;
        struct slot *first = zombie_slots(rest);
        kassert(first != s); /* else `s` would be the last slot of its own object, and removable */
        slot_swap(first->cap, first, s->cap, s);
        if (preemption_point()) {
            return true;
        }
    }
    return false;
}

bool slot_delete(struct slot *s)
{
    while (!slot_is_empty(s)) {
        struct cap rest = finalise(s);
        if (is_removable(rest, s)) {
            slot_unlink(s);
            return false;
        }
        s->cap = rest;
        struct slot *last = zombie_slots(rest) + cap_zombie_slots_left(rest) - 1;
        if (empty_inner(last)) {
            return true;
        }
        /* The exchange of zombies may have put another one here, when `s` itself lies in an object that died. */
        if (slot_is_empty(last) && s->cap.word[0] == rest.word[0] && s->cap.word[1] == rest.word[1]) {
            s->cap.word[1]--;
        }
        if (preemption_point()) {
            return true;
        }
    }
    return false;
}

bool slot_delete_is_long(const struct slot *s)
{
    enum cap_type type = cap_type(s->cap);
    return (type == CAP_CNODE || type == CAP_TCB || type == CAP_ZOMBIE) && slot_is_final(s);
}

void slot_delete_short(struct slot *s)
{
    if (!slot_is_empty(s)) {
        kassert(cap_type(finalise(s)) == CAP_NULL);
        slot_unlink(s);
    }
}

bool slot_revoke(struct slot *s)
{
    struct slot *next;
    while ((next = slot_next(s)) != NULL && slot_is_parent_of(s, next)) {
        if (slot_delete(next) || preemption_point()) {
            return true;
        }
    }
    return false;
}
