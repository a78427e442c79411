/* SPDX-License-Identifier: MIT */
/** Messages: see message.h. */
#include "api/message.h"

#include "api/fault.h"
#include "arch.h"
#include "object/cspace.h"
#include "object/vspace.h"

/* A badged capability to the endpoint that the message goes through arrives as its badge. */
static bool unwraps(struct cap cap, const struct endpoint *ep)
{
    return cap_type(cap) == CAP_ENDPOINT && ep != NULL && kptr(cap_address(cap)) == (const void *)ep;
}

/*
 * Moves up to three capabilities: the first that is not unwrapped takes the receiver's slot; a second one stops the transfer.
 * Returns MessageInfo's extraCaps and capsUnwrapped fields for the receiver.
 */
static uint64_t transfer_caps(struct tcb *from, const struct seL4_IPCBuffer *from_buffer, const struct endpoint *ep,
                              struct tcb *to, struct seL4_IPCBuffer *to_buffer)
{
    uint64_t offered = seL4_MessageInfo_extraCaps(from->regs.x[REG_INFO]);
    if (from_buffer == NULL || to_buffer == NULL) {
        return 0;
    }
    for (uint64_t i = 0; i < offered; i++) { /* one address that names no slot, and nothing is transferred */
        if (cspace_lookup(from, from_buffer->caps_or_badges[i]).slot == NULL) {
            return 0;
        }
    }
    struct slot *free_slot = cspace_receive_slot(to, to_buffer);
    uint64_t unwrapped = 0;
    uint64_t moved = 0;
    for (; moved < offered; moved++) {
        struct resolved source = cspace_lookup(from, from_buffer->caps_or_badges[moved]);
        if (slot_is_empty(source.slot)) {
            break;
        }
        if (unwraps(source.slot->cap, ep)) {
            to_buffer->caps_or_badges[moved] = cap_badge(source.slot->cap);
            unwrapped |= bit((unsigned)moved);
            continue;
        }
        struct cap derived;
        if (free_slot == NULL || cap_derive(source.slot, source.slot->cap, &derived) != seL4_NoError ||
            cap_type(derived) == CAP_NULL) {
            break;
        }
        slot_insert(derived, source.slot, free_slot);
        free_slot = NULL;
    }
    return seL4_MessageInfo_new(0, unwrapped, moved, 0);
}

void message_transfer(struct tcb *from, const struct endpoint *ep, uint64_t badge, bool can_grant, struct tcb *to)
{
    struct seL4_IPCBuffer *to_buffer = message_buffer(to, true);
    if (from->fault.type != seL4_Fault_NullFault) {
        unsigned length = fault_write_message(from, to, to_buffer);
        to->regs.x[REG_INFO] = seL4_MessageInfo_new(from->fault.type, 0, 0, length);
        to->regs.x[REG_CAP] = badge;
        return;
    }
    struct seL4_IPCBuffer *from_buffer = message_buffer(from, false);
    uint64_t info = from->regs.x[REG_INFO];
    uint64_t length = message_length(from);
    if (length > seL4_FastMessageRegisters && (from_buffer == NULL || to_buffer == NULL)) {
        length = seL4_FastMessageRegisters;
    }
    message_copy_words(from, from_buffer, to, to_buffer, length);
    uint64_t caps = 0;
    if (can_grant && seL4_MessageInfo_extraCaps(info) != 0) {
        caps = transfer_caps(from, from_buffer, ep, to, to_buffer);
    }
    to->regs.x[REG_INFO] = seL4_MessageInfo_new(seL4_MessageInfo_label(info), 0, 0, length) | caps;
    to->regs.x[REG_CAP] = badge;
}

void message_return_word(struct tcb *t, uint64_t value)
{
    message_set_word(t, NULL, 0, value);
    t->regs.x[REG_CAP] = 0;
    t->regs.x[REG_INFO] = seL4_MessageInfo_new(0, 0, 0, 1);
}
