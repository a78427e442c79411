/* SPDX-License-Identifier: MIT */
/** Operations on interrupts and calls to the firmware. Source: seL4 manual section 8.2, IRQ* and SMC in chapter 11. */
#include "api/invocation.h"
#include "arch.h"
#include "object/irq.h"

/* Hands out the one handler capability of an interrupt. */
static enum outcome issue_handler(struct invocation *inv, bool with_trigger)
{
    unsigned first = with_trigger ? 2 : 1;
    if (!has_words(inv, first + 2, 1)) {
        return FAILED;
    }
    uint64_t irq = arg(inv, 0);
    if (irq >= IRQ_COUNT) {
        return refuse_range(inv, 0, IRQ_COUNT - 1);
    }
    if (kernel.irq_state[irq] != IRQ_INACTIVE) {
        return refuse(inv, seL4_RevokeFirst);
    }
    struct slot *to = find_slot(inv, inv->extra[0]->cap, arg(inv, first), arg(inv, first + 1), false);
    if (to == NULL || !is_empty(inv, to)) {
        return FAILED;
    }
    if (with_trigger) {
        arch_irq_set_edge_triggered((unsigned)irq, arg(inv, 1) != 0);
    }
    irq_set_state((unsigned)irq, IRQ_NOTIFY);
    slot_insert(cap_make(CAP_IRQ_HANDLER, 0, 0, irq), inv->slot, to);
    return DONE;
}

/* Hands out a right to raise a software generated interrupt on a core; whether there is such a core is not known here. */
static enum outcome issue_sgi(struct invocation *inv)
{
    if (!has_words(inv, 4, 1)) {
        return FAILED;
    }
    uint64_t irq = arg(inv, 0);
    uint64_t target = arg(inv, 1);
    if (irq >= ARCH_SGI_COUNT) {
        return refuse_range(inv, 0, ARCH_SGI_COUNT - 1);
    }
    if (target >= ARCH_SGI_TARGETS) {
        return refuse_argument(inv, 1);
    }
    struct slot *to = find_slot(inv, inv->extra[0]->cap, arg(inv, 2), arg(inv, 3), false);
    if (to == NULL || !is_empty(inv, to)) {
        return FAILED;
    }
    slot_insert(cap_sgi((unsigned)irq, (unsigned)target), inv->slot, to);
    return DONE;
}

enum outcome decode_irq_control(struct invocation *inv)
{
    switch (inv->label) {
    case seL4_IRQIssueIRQHandler:
        return issue_handler(inv, false);
    case seL4_ARMIRQIssueIRQHandlerTrigger:
        return issue_handler(inv, true);
    case seL4_ARMIRQIssueSGISignal:
        return issue_sgi(inv);
    default:
        return refuse(inv, seL4_IllegalOperation);
    }
}

enum outcome decode_irq_handler(struct invocation *inv)
{
    unsigned irq = (unsigned)inv->cap.word[1];
    struct slot *slot = &kernel.irq_slots[irq];
    switch (inv->label) {
    case seL4_IRQAckIRQ:
        arch_irq_mask(irq, false);
        return DONE;
    case seL4_IRQSetIRQHandler: {
        if (!has_words(inv, 0, 1)) {
            return FAILED;
        }
        struct cap cap = inv->extra[0]->cap;
        if (cap_type(cap) != CAP_NOTIFICATION || !cap_has(cap, RIGHT_SEND)) {
            return refuse_capability(inv, 0);
        }
        slot_delete_short(slot);
        slot_insert(cap, inv->extra[0], slot);
        return DONE;
    }
    case seL4_IRQClearIRQHandler:
        slot_delete_short(slot);
        return DONE;
    default:
        return refuse(inv, seL4_IllegalOperation);
    }
}

enum outcome decode_smc(struct invocation *inv)
{
    enum { SMC_WORDS = 8 };
    if (inv->label != seL4_ARMSMCCall) {
        return refuse(inv, seL4_IllegalOperation);
    }
    if (!has_words(inv, SMC_WORDS, 0)) {
        return FAILED;
    }
    if (cap_badge(inv->cap) != 0 && cap_badge(inv->cap) != arg(inv, 0)) {
        return refuse(inv, seL4_IllegalOperation);
    }
    uint64_t words[SMC_WORDS];
    for (unsigned i = 0; i < SMC_WORDS; i++) {
        words[i] = arg(inv, i);
    }
    arch_smc(words);
    return_words(inv, words, SMC_WORDS);
    return DONE;
}
