/* SPDX-License-Identifier: MIT */
/** Interrupts and calls of the firmware. Source: seL4 manual sections 8.1 and 11.3; Arm DEN0022 (PSCI). */
#include "conf.h"

#define AT(index) (index), 64

enum { GET = seL4_IRQIssueIRQHandler, GET_TRIGGER = seL4_ARMIRQIssueIRQHandlerTrigger, IRQ_MAX = 159, UNUSED_IRQ = 120, LATE = 100 };
#define PSCI_VERSION 0x84000000u
#define PSCI_NO_SUCH 0x8400ff00u

/* style: one rule a line */
static const struct refusal refused[] = {
    {"no such interrupt", seL4_CapIRQControl, GET, W(IRQ_MAX + 1, AT(FREE)), W(OWN_CNODE), seL4_RangeError, W(0, IRQ_MAX)},
    {"depth 0", seL4_CapIRQControl, GET, W(UNUSED_IRQ, FREE, 0), W(OWN_CNODE), seL4_RangeError, W(1, 64)},
    {"somebody has it", seL4_CapIRQControl, GET, W(ALARM_IRQ, AT(FREE)), W(OWN_CNODE), seL4_RevokeFirst, NONE},
    {"the kernel has it", seL4_CapIRQControl, GET, W(26, AT(FREE)), W(OWN_CNODE), seL4_RevokeFirst, NONE},
    {"slot is not empty", seL4_CapIRQControl, GET, W(UNUSED_IRQ, AT(FRAME)), W(OWN_CNODE), seL4_DeleteFirst, NONE},
    {"root is no CNode", seL4_CapIRQControl, GET, W(UNUSED_IRQ, AT(FREE)), W(FRAME), seL4_FailedLookup, W(0, seL4_InvalidRoot)},
    {"guard differs", seL4_CapIRQControl, GET, W(UNUSED_IRQ, AT(1ull << 40)), W(OWN_CNODE), seL4_FailedLookup, W(0, seL4_GuardMismatch, 64, 0, ROOT_GUARD_BITS)},
    {"no such interrupt", seL4_CapIRQControl, GET_TRIGGER, W(IRQ_MAX + 1, 0, AT(FREE)), W(OWN_CNODE), seL4_RangeError, W(0, IRQ_MAX)},
    {"depth 0", seL4_CapIRQControl, GET_TRIGGER, W(UNUSED_IRQ, 0, FREE, 0), W(OWN_CNODE), seL4_RangeError, W(1, 64)},
    {"somebody has it", seL4_CapIRQControl, GET_TRIGGER, W(ALARM_IRQ, 0, AT(FREE)), W(OWN_CNODE), seL4_RevokeFirst, NONE},
    {"slot is not empty", seL4_CapIRQControl, GET_TRIGGER, W(UNUSED_IRQ, 0, AT(FRAME)), W(OWN_CNODE), seL4_DeleteFirst, NONE},
    {"root is no CNode", seL4_CapIRQControl, GET_TRIGGER, W(UNUSED_IRQ, 0, AT(FREE)), W(FRAME), seL4_FailedLookup, W(0, seL4_InvalidRoot)},
    {"guard differs", seL4_CapIRQControl, GET_TRIGGER, W(UNUSED_IRQ, 0, AT(1ull << 40)), W(OWN_CNODE), seL4_FailedLookup, W(0, seL4_GuardMismatch, 64, 0, ROOT_GUARD_BITS)},
    {"no notification", HANDLER, seL4_IRQSetIRQHandler, NONE, W(ENDPOINT), seL4_InvalidCapability, W(0)},
    {"no right to signal", HANDLER, seL4_IRQSetIRQHandler, NONE, W(NOTIFICATION_NO_WRITE), seL4_InvalidCapability, W(0)},
};

/* Lets the alarm ring and looks what arrived. */
static uint64_t ring(uint64_t notification)
{
    alarm_set(ticks());
    for (uint64_t until = ticks() + ticks_of_us(LATE); ticks() < until;) {
        linger();
    }
    return sys_poll(notification);
}

static bool signals_once(void)
{
    bool good = works(call(HANDLER, seL4_IRQSetIRQHandler, NO_WORDS, CAPS(NOTIFICATION_BADGED))) && same(ring(NOTIFICATION), BADGE, "signal");
    good = good && same(ring(NOTIFICATION), 0, "signal before the acknowledgement") &&
           works(call(HANDLER, seL4_IRQAckIRQ, NO_WORDS, NO_CAPS)) && same(ring(NOTIFICATION), BADGE, "signal after it");
    alarm_clear();
    return works(call(HANDLER, seL4_IRQAckIRQ, NO_WORDS, NO_CAPS)) && good && same(sys_poll(NOTIFICATION), 0, "signal of a silent alarm");
}

static bool replaces_the_notification(void)
{
    uint64_t other = minted(NOTIFICATION_2, seL4_AllRights, 9);
    bool good = works(call(HANDLER, seL4_IRQSetIRQHandler, NO_WORDS, CAPS(NOTIFICATION_BADGED))) &&
                works(call(HANDLER, seL4_IRQSetIRQHandler, NO_WORDS, CAPS(other))) && same(ring(NOTIFICATION_2), 9, "signal");
    alarm_clear();
    return works(call(HANDLER, seL4_IRQAckIRQ, NO_WORDS, NO_CAPS)) && good && same(sys_poll(NOTIFICATION), 0, "signal of the first");
}

static bool clears_the_notification(void)
{
    bool good = works(call(HANDLER, seL4_IRQSetIRQHandler, NO_WORDS, CAPS(NOTIFICATION_BADGED))) &&
                works(call(HANDLER, seL4_IRQClearIRQHandler, NO_WORDS, NO_CAPS)) && same(ring(NOTIFICATION), 0, "signal");
    alarm_clear();
    return works(call(HANDLER, seL4_IRQAckIRQ, NO_WORDS, NO_CAPS)) && good;
}

static bool wakes(void)
{
    uint64_t before = ticks();
    sleep_us(1000);
    uint64_t us = (ticks() - before) * 2 / 125;
    return check(us >= 1000 && us < 1100, "we wake when the alarm rings");
}

static bool gets_and_deletes(uint64_t label, struct words words)
{
    return works(call(seL4_CapIRQControl, label, words, CAPS(OWN_CNODE))) &&
           works(call(OWN_CNODE, seL4_CNodeCopy, WORDS(AT(FREE_2), AT(FREE), seL4_AllRights), CAPS(OWN_CNODE))) &&
           works(call(OWN_CNODE, seL4_CNodeDelete, WORDS(AT(FREE)), NO_CAPS)) &&
           refuses(call(seL4_CapIRQControl, label, words, CAPS(OWN_CNODE)), seL4_RevokeFirst, NO_WORDS) &&
           works(call(OWN_CNODE, seL4_CNodeDelete, WORDS(AT(FREE_2)), NO_CAPS)) &&
           works(call(seL4_CapIRQControl, label, words, CAPS(OWN_CNODE)));
}

static bool gets(void)
{
    return gets_and_deletes(GET, WORDS(UNUSED_IRQ, AT(FREE)));
}

static bool gets_level(void)
{
    return gets_and_deletes(GET_TRIGGER, WORDS(UNUSED_IRQ, 0, AT(FREE)));
}

static bool gets_edge(void)
{
    return gets_and_deletes(GET_TRIGGER, WORDS(UNUSED_IRQ, 1, AT(FREE)));
}

static bool revokes(void)
{
    return works(call(OWN_CNODE, seL4_CNodeRevoke, WORDS(AT(seL4_CapIRQControl)), NO_CAPS)) &&
           refuses(call(HANDLER, seL4_IRQAckIRQ, NO_WORDS, NO_CAPS), seL4_InvalidCapability, WORDS(0)) &&
           works(call(seL4_CapIRQControl, GET, WORDS(ALARM_IRQ, AT(FREE)), CAPS(OWN_CNODE)));
}

/* ---- the firmware -------------------------------------------------------------------------------------------------------------------- */

static bool calls_firmware(void)
{
    struct answer a = call(seL4_CapSMC, seL4_ARMSMCCall, WORDS(PSCI_VERSION, 1, 2, 3, 4, 5, 6, 7), NO_CAPS);
    return same(seL4_MessageInfo_label(a.info), seL4_NoError, "error") && same(seL4_MessageInfo_length(a.info), 8, "words") &&
           check(a.word[0] >= 2 && a.word[0] <= 0x10003, "a version of PSCI");
}

static bool calls_nothing(void)
{
    struct answer a = call(seL4_CapSMC, seL4_ARMSMCCall, WORDS(PSCI_NO_SUCH, 1, 2, 3, 4, 5, 6, 7), NO_CAPS);
    return same(seL4_MessageInfo_length(a.info), 8, "words") && same(a.word[0] & UINT32_MAX, UINT32_MAX, "result") && same(a.word[7], 7, "x7");
}

static bool calls_one_function(void)
{
    uint64_t one = minted(seL4_CapSMC, seL4_AllRights, PSCI_VERSION);
    struct answer a = call(one, seL4_ARMSMCCall, WORDS(PSCI_VERSION, 0, 0, 0, 0, 0, 0, 0), NO_CAPS);
    return same(seL4_MessageInfo_label(a.info), seL4_NoError, "error") &&
           refuses(call(one, seL4_ARMSMCCall, WORDS(PSCI_NO_SUCH, 0, 0, 0, 0, 0, 0, 0), NO_CAPS), seL4_IllegalOperation, NO_WORDS);
}

static const struct row rows[] = {
    {"IRQControl_Get", "works", "until the last copy is deleted", gets},
    {"IRQControl_Get", "works", "after a revocation", revokes},
    {"IRQControl_GetTrigger", "works", "level", gets_level},
    {"IRQControl_GetTrigger", "works", "edge", gets_edge},
    {"IRQHandler_Ack", "works", "an interrupt signals once until it is acknowledged", signals_once},
    {"IRQHandler_SetNotification", "works", "replaces the one before", replaces_the_notification},
    {"IRQHandler_SetNotification", "works", "wakes who waits for it", wakes},
    {"IRQHandler_Clear", "works", "no signals any more", clears_the_notification},
    {"ARM_SMC_Call", "works", "a function of the firmware", calls_firmware},
    {"ARM_SMC_Call", "works", "a function that the firmware does not have", calls_nothing},
    {"ARM_SMC_Call", "IllegalOperation", "another function than the badge says", calls_one_function},
};

void irq_rows(void)
{
    run_refusals(refused, ARRAY_LEN(refused));
    run_rows(rows, ARRAY_LEN(rows));
}
