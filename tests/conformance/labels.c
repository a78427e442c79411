/* SPDX-License-Identifier: MIT */
/** Every invocation: on an empty slot, on an object of another kind, with a word too few and with a capability too few. */
#include "conf.h"

/** A message of an invocation that lacks nothing but what is taken away from it. */
struct shape {
    uint64_t label;
    uint64_t cap;
    struct words words;
    struct caps caps;
};

#define AT(index) (index), 64

/* style: one invocation a line */
static const struct shape shapes[] = {
    {seL4_UntypedRetype, UNTYPED, W(seL4_EndpointObject, 0, 0, 0, FREE, 1), W(OWN_CNODE)},
    {seL4_TCBReadRegisters, THREAD, W(0, 1), NONE},
    {seL4_TCBWriteRegisters, THREAD, W(0, 0), NONE},
    {seL4_TCBCopyRegisters, THREAD, W(0), W(THREAD_BOUND)},
    {seL4_TCBConfigure, THREAD, W(0, 0, 0), W(OWN_CNODE, OWN_VSPACE, EMPTY)},
    {seL4_TCBSetPriority, THREAD, W(1), W(OWN_TCB)},
    {seL4_TCBSetMCPriority, THREAD, W(1), W(OWN_TCB)},
    {seL4_TCBSetSchedParams, THREAD, W(1, 1), W(OWN_TCB, EMPTY, EMPTY)},
    {seL4_TCBSetTimeoutEndpoint, THREAD, NONE, W(ENDPOINT)},
    {seL4_TCBSetIPCBuffer, THREAD, W(0), W(FRAME)},
    {seL4_TCBSetSpace, THREAD, W(0, 0), W(ENDPOINT, OWN_CNODE, OWN_VSPACE)},
    {seL4_TCBSuspend, THREAD, NONE, NONE},
    {seL4_TCBResume, THREAD, NONE, NONE},
    {seL4_TCBBindNotification, THREAD, NONE, W(NOTIFICATION)},
    {seL4_TCBUnbindNotification, THREAD_BOUND, NONE, NONE},
    {seL4_TCBSetTLSBase, THREAD, W(1), NONE},
    {seL4_TCBSetFlags, THREAD, W(0, 0), NONE},
    {seL4_CNodeRevoke, OWN_CNODE, W(AT(ENDPOINT)), NONE},
    {seL4_CNodeDelete, OWN_CNODE, W(AT(ENDPOINT)), NONE},
    {seL4_CNodeCancelBadgedSends, OWN_CNODE, W(AT(ENDPOINT)), NONE},
    {seL4_CNodeCopy, OWN_CNODE, W(AT(FREE), AT(ENDPOINT), seL4_AllRights), W(OWN_CNODE)},
    {seL4_CNodeMint, OWN_CNODE, W(AT(FREE), AT(ENDPOINT), seL4_AllRights, 1), W(OWN_CNODE)},
    {seL4_CNodeMove, OWN_CNODE, W(AT(FREE), AT(ENDPOINT)), W(OWN_CNODE)},
    {seL4_CNodeMutate, OWN_CNODE, W(AT(FREE), AT(CNODE), 0), W(OWN_CNODE)},
    {seL4_CNodeRotate, OWN_CNODE, W(AT(FREE), 0, AT(REPLY), 0, AT(ENDPOINT)), W(OWN_CNODE, OWN_CNODE)},
    {seL4_IRQIssueIRQHandler, seL4_CapIRQControl, W(40, AT(FREE)), W(OWN_CNODE)},
    {seL4_IRQAckIRQ, HANDLER, NONE, NONE},
    {seL4_IRQSetIRQHandler, HANDLER, NONE, W(NOTIFICATION)},
    {seL4_IRQClearIRQHandler, HANDLER, NONE, NONE},
    {seL4_DomainSetSet, seL4_CapDomain, W(0), W(THREAD)},
    {seL4_DomainScheduleConfigure, seL4_CapDomain, W(1, 0, 0), NONE},
    {seL4_DomainScheduleSetStart, seL4_CapDomain, W(0), NONE},
    {seL4_SchedControlConfigureFlags, SCHED_CONTROL, W(1000, 1000, 0, 0, 0), W(CONTEXT)},
    {seL4_SchedContextBind, CONTEXT, NONE, W(THREAD)},
    {seL4_SchedContextUnbind, CONTEXT, NONE, NONE},
    {seL4_SchedContextUnbindObject, CONTEXT_BOUND, NONE, W(THREAD_BOUND)},
    {seL4_SchedContextConsumed, CONTEXT, NONE, NONE},
    {seL4_SchedContextYieldTo, CONTEXT_BOUND, NONE, NONE},
    {seL4_ARMVSpaceClean_Data, OWN_VSPACE, W(MAPPED, MAPPED + 64), NONE},
    {seL4_ARMVSpaceInvalidate_Data, OWN_VSPACE, W(MAPPED, MAPPED + 64), NONE},
    {seL4_ARMVSpaceCleanInvalidate_Data, OWN_VSPACE, W(MAPPED, MAPPED + 64), NONE},
    {seL4_ARMVSpaceUnify_Instruction, OWN_VSPACE, W(MAPPED, MAPPED + 64), NONE},
    {seL4_ARMSMCCall, seL4_CapSMC, W(0x84000000, 0, 0, 0, 0, 0, 0, 0), NONE},
    {seL4_ARMPageTableMap, TABLE, W(NO_TABLE, 0), W(OWN_VSPACE)},
    {seL4_ARMPageTableUnmap, TABLE, NONE, NONE},
    {seL4_ARMPageMap, FRAME, W(FREE_ADDR, seL4_CanRead, 0), W(OWN_VSPACE)},
    {seL4_ARMPageUnmap, FRAME, NONE, NONE},
    {seL4_ARMPageClean_Data, FRAME_MAPPED, W(0, 64), NONE},
    {seL4_ARMPageInvalidate_Data, FRAME_MAPPED, W(0, 64), NONE},
    {seL4_ARMPageCleanInvalidate_Data, FRAME_MAPPED, W(0, 64), NONE},
    {seL4_ARMPageUnify_Instruction, FRAME_MAPPED, W(0, 64), NONE},
    {seL4_ARMPageGetAddress, FRAME, NONE, NONE},
    {seL4_ARMASIDControlMakePool, seL4_CapASIDControl, W(AT(FREE)), W(UNTYPED_PAGE, OWN_CNODE)},
    {seL4_ARMASIDPoolAssign, OWN_POOL, NONE, W(VSPACE_NEW)},
    {seL4_ARMIRQIssueIRQHandlerTrigger, seL4_CapIRQControl, W(40, 0, AT(FREE)), W(OWN_CNODE)},
};

static bool on_an_empty_slot(uint64_t i)
{
    return refuses(call(EMPTY, shapes[i].label, shapes[i].words, shapes[i].caps), seL4_InvalidCapability, WORDS(0));
}

/* Every kind of object that decodes labels, but the one that knows this label. */
static bool on_other_objects(uint64_t i)
{
    static const uint64_t objects[] = {UNTYPED, THREAD,  OWN_CNODE,       CONTEXT,          SCHED_CONTROL, seL4_CapIRQControl, HANDLER, seL4_CapDomain,
                                       FRAME,   OWN_VSPACE, TABLE, seL4_CapASIDControl, OWN_POOL, seL4_CapSMC};
    static const struct { uint64_t first, last; uint64_t object; } owners[] = {
        {seL4_UntypedRetype, seL4_UntypedRetype, UNTYPED},
        {seL4_TCBReadRegisters, seL4_TCBSetFlags, THREAD},
        {seL4_CNodeRevoke, seL4_CNodeRotate, OWN_CNODE},
        {seL4_IRQIssueIRQHandler, seL4_IRQIssueIRQHandler, seL4_CapIRQControl},
        {seL4_ARMIRQIssueIRQHandlerTrigger, seL4_ARMIRQIssueSGISignal, seL4_CapIRQControl},
        {seL4_IRQAckIRQ, seL4_IRQClearIRQHandler, HANDLER},
        {seL4_DomainSetSet, seL4_DomainScheduleSetStart, seL4_CapDomain},
        {seL4_SchedControlConfigureFlags, seL4_SchedControlConfigureFlags, SCHED_CONTROL},
        {seL4_SchedContextBind, seL4_SchedContextYieldTo, CONTEXT},
        {seL4_ARMVSpaceClean_Data, seL4_ARMVSpaceUnify_Instruction, OWN_VSPACE},
        {seL4_ARMSMCCall, seL4_ARMSMCCall, seL4_CapSMC},
        {seL4_ARMPageTableMap, seL4_ARMPageTableUnmap, TABLE},
        {seL4_ARMPageMap, seL4_ARMPageGetAddress, FRAME},
        {seL4_ARMASIDControlMakePool, seL4_ARMASIDControlMakePool, seL4_CapASIDControl},
        {seL4_ARMASIDPoolAssign, seL4_ARMASIDPoolAssign, OWN_POOL},
    };
    uint64_t label = shapes[i].label;
    bool good = true;
    for (size_t k = 0; k < ARRAY_LEN(objects); k++) {
        bool owns = false;
        for (size_t n = 0; n < ARRAY_LEN(owners); n++) {
            owns |= owners[n].object == objects[k] && label >= owners[n].first && label <= owners[n].last;
        }
        good = good && (owns || refuses(call(objects[k], label, shapes[i].words, shapes[i].caps), seL4_IllegalOperation, NO_WORDS));
    }
    return good;
}

static bool with_a_word_less(uint64_t i)
{
    struct words words = shapes[i].words;
    words.count--;
    return refuses(call(shapes[i].cap, shapes[i].label, words, shapes[i].caps), seL4_TruncatedMessage, NO_WORDS);
}

static bool with_a_capability_less(uint64_t i)
{
    struct caps caps = shapes[i].caps;
    caps.count--;
    return refuses(call(shapes[i].cap, shapes[i].label, shapes[i].words, caps), seL4_TruncatedMessage, NO_WORDS);
}

void labels_rows(void)
{
    for (uint64_t i = 0; i < ARRAY_LEN(shapes); i++) {
        const char *name = conf_name(shapes[i].label);
        run_row(name, "InvalidCapability", "on an empty slot", on_an_empty_slot, i);
        run_row(name, "IllegalOperation", "on an object of another kind", on_other_objects, i);
        if (shapes[i].words.count != 0) {
            run_row(name, "TruncatedMessage", "a word is missing", with_a_word_less, i);
        }
        if (shapes[i].caps.count != 0) {
            run_row(name, "TruncatedMessage", "a capability is missing", with_a_capability_less, i);
        }
    }
}
