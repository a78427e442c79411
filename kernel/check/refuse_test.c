/* SPDX-License-Identifier: MIT */
/**
 * Shows what invocations refuse: for each rule one call that breaks it and no other, the error, its first word where the interface
 * has one, and that nothing in memory has changed.
 */
#include <stdlib.h>

#include "api/message.h"
#include "arch.h"
#include "check/world.h"
#include "unit.h"

/* Slots that the row cannot know. */
enum {
    SCHED_CONTROL = 1000,
    DEVICE_UNTYPED,
    USED_UNTYPED, /* with children */
};

enum {
    ROOT_TCB = seL4_CapInitThreadTCB,
    ROOT_CNODE = seL4_CapInitThreadCNode,
    ROOT_VSPACE = seL4_CapInitThreadVSpace,
    ROOT_BUFFER = seL4_CapInitThreadIPCBuffer,
    UNTYPED = WORLD_UNTYPED, /* 16 KiB */
    THREAD = WORLD_TCB,
    BOUND_THREAD = WORLD_TCB + 4,
    ENDPOINT = WORLD_ENDPOINT,
    FRAME = WORLD_FRAME,
    FREE = WORLD_FREE,
    NO_WORD = 0xffff,
};

struct row {
    const char *what;
    unsigned cap;
    unsigned label;
    unsigned words;
    uint64_t word[8];
    unsigned extras;
    uint64_t extra[3];
    unsigned error;
    unsigned first_word; /* NO_WORD: not looked at */
};

#define W(...) sizeof((uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t), {__VA_ARGS__}
#define NONE 0, {0}
#define HIGH (1ull << 40)
#define INJECT(number, priority, group, index) ((number) | (priority) << 16 | (group) << 24 | (uint64_t)(index) << 32)

/* style: one rule a line */
static const struct row rows[] = {
    {"an empty slot", FREE, seL4_TCBSuspend, NONE, NONE, seL4_InvalidCapability, 0},
    {"no right to send", WORLD_ENDPOINT_NO_SEND, 1, NONE, NONE, seL4_InvalidCapability, 0},
    {"no right to signal", WORLD_NOTIFICATION + 3, 1, NONE, NONE, seL4_InvalidCapability, 0},

    {"untyped: label", UNTYPED, seL4_TCBSuspend, NONE, NONE, seL4_IllegalOperation, NO_WORD},
    {"retype: words", UNTYPED, seL4_UntypedRetype, W(1, 0, 0, 0, FREE), W(ROOT_CNODE), seL4_TruncatedMessage, NO_WORD},
    {"retype: capability", UNTYPED, seL4_UntypedRetype, W(1, 0, 0, 0, FREE, 1), NONE, seL4_TruncatedMessage, NO_WORD},
    {"retype: type", UNTYPED, seL4_UntypedRetype, W(13, 0, 0, 0, FREE, 1), W(ROOT_CNODE), seL4_InvalidArgument, 0},
    {"retype: size", UNTYPED, seL4_UntypedRetype, W(seL4_CapTableObject, 64, 0, 0, FREE, 1), W(ROOT_CNODE), seL4_RangeError, 0},
    {"retype: CNode of 0 bits", UNTYPED, seL4_UntypedRetype, W(seL4_CapTableObject, 0, 0, 0, FREE, 1), W(ROOT_CNODE), seL4_InvalidArgument, 1},
    {"retype: untyped of 3 bits", UNTYPED, seL4_UntypedRetype, W(seL4_UntypedObject, 3, 0, 0, FREE, 1), W(ROOT_CNODE), seL4_InvalidArgument, 1},
    {"retype: context of 6 bits", UNTYPED, seL4_UntypedRetype, W(seL4_SchedContextObject, 6, 0, 0, FREE, 1), W(ROOT_CNODE), seL4_InvalidArgument, 1},
    {"retype: depth", UNTYPED, seL4_UntypedRetype, W(1, 0, WORLD_CNODE, 65, 0, 1), W(ROOT_CNODE), seL4_RangeError, 1},
    {"retype: guard", UNTYPED, seL4_UntypedRetype, W(1, 0, HIGH, 64, 0, 1), W(ROOT_CNODE), seL4_FailedLookup, 0},
    {"retype: depth of a node", UNTYPED, seL4_UntypedRetype, W(1, 0, 0, 63, 0, 1), W(ROOT_CNODE), seL4_FailedLookup, 0},
    {"retype: node is no CNode", UNTYPED, seL4_UntypedRetype, W(1, 0, FRAME, 64, 0, 1), W(ROOT_CNODE), seL4_FailedLookup, 0},
    {"retype: root is no CNode", UNTYPED, seL4_UntypedRetype, W(1, 0, FRAME, 64, 0, 1), W(FRAME), seL4_FailedLookup, 0},
    {"retype: offset", UNTYPED, seL4_UntypedRetype, W(1, 0, 0, 0, 256, 1), W(ROOT_CNODE), seL4_RangeError, 0},
    {"retype: no object", UNTYPED, seL4_UntypedRetype, W(1, 0, 0, 0, FREE, 0), W(ROOT_CNODE), seL4_RangeError, 1},
    {"retype: many objects", UNTYPED, seL4_UntypedRetype, W(1, 0, 0, 0, FREE, 257), W(ROOT_CNODE), seL4_RangeError, 1},
    {"retype: past the node", UNTYPED, seL4_UntypedRetype, W(2, 0, 0, 0, 250, 7), W(ROOT_CNODE), seL4_RangeError, 1},
    {"retype: filled slot", UNTYPED, seL4_UntypedRetype, W(2, 0, 0, 0, ENDPOINT, 1), W(ROOT_CNODE), seL4_DeleteFirst, NO_WORD},
    {"retype: memory", UNTYPED, seL4_UntypedRetype, W(1, 0, 0, 0, FREE, 9), W(ROOT_CNODE), seL4_NotEnoughMemory, 16384},
    {"retype: device memory", DEVICE_UNTYPED, seL4_UntypedRetype, W(2, 0, 0, 0, FREE, 1), W(ROOT_CNODE), seL4_InvalidArgument, 1},

    {"CNode: label", ROOT_CNODE, seL4_TCBSuspend, W(FREE, 64), NONE, seL4_IllegalOperation, NO_WORD},
    {"CNode: words", ROOT_CNODE, seL4_CNodeDelete, W(FREE), NONE, seL4_TruncatedMessage, NO_WORD},
    {"CNode: depth 0", ROOT_CNODE, seL4_CNodeDelete, W(FREE, 0), NONE, seL4_RangeError, 1},
    {"CNode: depth 65", ROOT_CNODE, seL4_CNodeDelete, W(FREE, 65), NONE, seL4_RangeError, 1},
    {"copy: capability", ROOT_CNODE, seL4_CNodeCopy, W(FREE, 64, ENDPOINT, 64, 15), NONE, seL4_TruncatedMessage, NO_WORD},
    {"copy: words", ROOT_CNODE, seL4_CNodeCopy, W(FREE, 64, ENDPOINT, 64), W(ROOT_CNODE), seL4_TruncatedMessage, NO_WORD},
    {"copy: filled slot", ROOT_CNODE, seL4_CNodeCopy, W(FRAME, 64, ENDPOINT, 64, 15), W(ROOT_CNODE), seL4_DeleteFirst, NO_WORD},
    {"copy: nothing", ROOT_CNODE, seL4_CNodeCopy, W(FREE, 64, FREE + 1, 64, 15), W(ROOT_CNODE), seL4_FailedLookup, 1},
    {"copy: source depth", ROOT_CNODE, seL4_CNodeCopy, W(FREE, 64, ENDPOINT, 63, 15), W(ROOT_CNODE), seL4_FailedLookup, 1},
    {"copy: source is no CNode", ROOT_CNODE, seL4_CNodeCopy, W(FREE, 64, ENDPOINT, 64, 15), W(FRAME), seL4_FailedLookup, 1},
    {"copy: untyped with children", ROOT_CNODE, seL4_CNodeCopy, W(FREE, 64, USED_UNTYPED, 64, 15), W(ROOT_CNODE), seL4_RevokeFirst, NO_WORD},
    {"copy: what cannot be copied", ROOT_CNODE, seL4_CNodeCopy, W(FREE, 64, seL4_CapIRQControl, 64, 15), W(ROOT_CNODE), seL4_IllegalOperation, NO_WORD},
    {"mint: words", ROOT_CNODE, seL4_CNodeMint, W(FREE, 64, ENDPOINT, 64, 15), W(ROOT_CNODE), seL4_TruncatedMessage, NO_WORD},
    {"mint: a badge on a badge", ROOT_CNODE, seL4_CNodeMint, W(FREE, 64, ENDPOINT + 4, 64, 15, 9), W(ROOT_CNODE), seL4_IllegalOperation, NO_WORD},
    {"mint: a guard that does not fit", ROOT_CNODE, seL4_CNodeMint, W(FREE, 64, WORLD_CNODE, 64, 15, 63), W(ROOT_CNODE), seL4_IllegalOperation, NO_WORD},
    {"move: words", ROOT_CNODE, seL4_CNodeMove, W(FREE, 64, ENDPOINT), W(ROOT_CNODE), seL4_TruncatedMessage, NO_WORD},
    {"move: nothing", ROOT_CNODE, seL4_CNodeMove, W(FREE, 64, FREE + 1, 64), W(ROOT_CNODE), seL4_FailedLookup, 1},
    {"mutate: words", ROOT_CNODE, seL4_CNodeMutate, W(FREE, 64, WORLD_CNODE, 64), W(ROOT_CNODE), seL4_TruncatedMessage, NO_WORD},
    {"rotate: words", ROOT_CNODE, seL4_CNodeRotate, W(FREE, 64, 0, WORLD_CNODE, 64, 0, WORLD_CNODE + 1), W(ROOT_CNODE, ROOT_CNODE), seL4_TruncatedMessage, NO_WORD},
    {"rotate: capabilities", ROOT_CNODE, seL4_CNodeRotate, W(FREE, 64, 0, WORLD_CNODE, 64, 0, WORLD_CNODE + 1, 64), W(ROOT_CNODE), seL4_TruncatedMessage, NO_WORD},
    {"rotate: no pivot", ROOT_CNODE, seL4_CNodeRotate, W(FREE, 64, 0, FREE + 1, 64, 0, WORLD_CNODE, 64), W(ROOT_CNODE, ROOT_CNODE), seL4_FailedLookup, 0},
    {"rotate: guard of the pivot", ROOT_CNODE, seL4_CNodeRotate, W(FREE, 64, 0, HIGH, 64, 0, WORLD_CNODE + 1, 64), W(ROOT_CNODE, ROOT_CNODE), seL4_FailedLookup, 1},
    {"rotate: nothing", ROOT_CNODE, seL4_CNodeRotate, W(FREE, 64, 0, WORLD_CNODE, 64, 0, FREE + 1, 64), W(ROOT_CNODE, ROOT_CNODE), seL4_FailedLookup, 1},
    {"rotate: depth of the pivot", ROOT_CNODE, seL4_CNodeRotate, W(FREE, 64, 0, WORLD_CNODE, 0, 0, WORLD_CNODE + 1, 64), W(ROOT_CNODE, ROOT_CNODE), seL4_RangeError, 1},
    {"rotate: depth of the source", ROOT_CNODE, seL4_CNodeRotate, W(FREE, 64, 0, WORLD_CNODE, 64, 0, WORLD_CNODE + 1, 0), W(ROOT_CNODE, ROOT_CNODE), seL4_RangeError, 1},
    {"cancel: no endpoint", ROOT_CNODE, seL4_CNodeCancelBadgedSends, W(FRAME, 64), NONE, seL4_IllegalOperation, NO_WORD},
    {"cancel: not all rights", ROOT_CNODE, seL4_CNodeCancelBadgedSends, W(WORLD_ENDPOINT_NO_SEND, 64), NONE, seL4_IllegalOperation, NO_WORD},

    {"thread: label", THREAD, seL4_CNodeCopy, NONE, NONE, seL4_IllegalOperation, NO_WORD},
    {"read registers: words", THREAD, seL4_TCBReadRegisters, W(0), NONE, seL4_TruncatedMessage, NO_WORD},
    {"read registers: none", THREAD, seL4_TCBReadRegisters, W(0, 0), NONE, seL4_RangeError, 1},
    {"read registers: too many", THREAD, seL4_TCBReadRegisters, W(0, 37), NONE, seL4_RangeError, 1},
    {"read registers: one's own", ROOT_TCB, seL4_TCBReadRegisters, W(0, 1), NONE, seL4_IllegalOperation, NO_WORD},
    {"write registers: words", THREAD, seL4_TCBWriteRegisters, W(0), NONE, seL4_TruncatedMessage, NO_WORD},
    {"write registers: values", THREAD, seL4_TCBWriteRegisters, W(0, 2, 7), NONE, seL4_TruncatedMessage, NO_WORD},
    {"write registers: one's own", ROOT_TCB, seL4_TCBWriteRegisters, W(0, 1, 7), NONE, seL4_IllegalOperation, NO_WORD},
    {"copy registers: words", THREAD, seL4_TCBCopyRegisters, NONE, W(THREAD + 1), seL4_TruncatedMessage, NO_WORD},
    {"copy registers: capability", THREAD, seL4_TCBCopyRegisters, W(0), NONE, seL4_TruncatedMessage, NO_WORD},
    {"copy registers: no thread", THREAD, seL4_TCBCopyRegisters, W(0), W(FRAME), seL4_InvalidCapability, 1},
    {"configure: words", THREAD, seL4_TCBConfigure, W(0, 0), W(ROOT_CNODE, ROOT_VSPACE, FRAME), seL4_TruncatedMessage, NO_WORD},
    {"configure: capabilities", THREAD, seL4_TCBConfigure, W(0, 0, 0), W(ROOT_CNODE, ROOT_VSPACE), seL4_TruncatedMessage, NO_WORD},
    {"configure: buffer is no frame", THREAD, seL4_TCBConfigure, W(0, 0, 0x1000), W(ROOT_CNODE, ROOT_VSPACE, ENDPOINT), seL4_IllegalOperation, NO_WORD},
    {"configure: alignment", THREAD, seL4_TCBConfigure, W(0, 0, 0x1008), W(ROOT_CNODE, ROOT_VSPACE, FRAME), seL4_AlignmentError, NO_WORD},
    {"configure: no CNode", THREAD, seL4_TCBConfigure, W(0, 0, 0), W(FRAME, ROOT_VSPACE, FRAME), seL4_IllegalOperation, NO_WORD},
    {"configure: no address space", THREAD, seL4_TCBConfigure, W(0, 0, 0), W(ROOT_CNODE, FRAME, FRAME), seL4_IllegalOperation, NO_WORD},
    {"set priority: words", THREAD, seL4_TCBSetPriority, NONE, W(ROOT_TCB), seL4_TruncatedMessage, NO_WORD},
    {"set priority: authority", THREAD, seL4_TCBSetPriority, W(1), W(FRAME), seL4_InvalidCapability, 1},
    {"set priority: above 255", THREAD, seL4_TCBSetPriority, W(256), W(ROOT_TCB), seL4_RangeError, 0},
    {"set priority: above the authority", THREAD, seL4_TCBSetPriority, W(201), W(THREAD), seL4_RangeError, 0},
    {"set maximum: above the authority", THREAD, seL4_TCBSetMCPriority, W(201), W(THREAD), seL4_RangeError, 0},
    {"scheduling: words", THREAD, seL4_TCBSetSchedParams, W(1), W(ROOT_TCB, WORLD_SC, ENDPOINT), seL4_TruncatedMessage, NO_WORD},
    {"scheduling: capabilities", THREAD, seL4_TCBSetSchedParams, W(1, 1), W(ROOT_TCB, WORLD_SC), seL4_TruncatedMessage, NO_WORD},
    {"scheduling: authority", THREAD, seL4_TCBSetSchedParams, W(1, 1), W(FRAME, WORLD_SC, ENDPOINT), seL4_InvalidCapability, 1},
    {"scheduling: maximum", THREAD, seL4_TCBSetSchedParams, W(256, 1), W(ROOT_TCB, WORLD_SC, ENDPOINT), seL4_RangeError, 0},
    {"scheduling: priority", THREAD, seL4_TCBSetSchedParams, W(1, 256), W(ROOT_TCB, WORLD_SC, ENDPOINT), seL4_RangeError, 0},
    {"scheduling: no context", THREAD, seL4_TCBSetSchedParams, W(1, 1), W(ROOT_TCB, FRAME, ENDPOINT), seL4_InvalidCapability, 2},
    {"scheduling: another's context", THREAD, seL4_TCBSetSchedParams, W(1, 1), W(ROOT_TCB, WORLD_SC + 1, ENDPOINT), seL4_IllegalOperation, NO_WORD},
    {"scheduling: one's own without a context", ROOT_TCB, seL4_TCBSetSchedParams, W(1, 1), W(ROOT_TCB, FREE, ENDPOINT), seL4_IllegalOperation, NO_WORD},
    {"scheduling: handler is no endpoint", THREAD, seL4_TCBSetSchedParams, W(1, 1), W(ROOT_TCB, WORLD_SC, FRAME), seL4_InvalidCapability, 3},
    {"scheduling: handler cannot be sent to", THREAD, seL4_TCBSetSchedParams, W(1, 1), W(ROOT_TCB, WORLD_SC, WORLD_ENDPOINT_NO_SEND), seL4_InvalidCapability, 3},
    {"timeout handler: capability", THREAD, seL4_TCBSetTimeoutEndpoint, NONE, NONE, seL4_TruncatedMessage, NO_WORD},
    {"timeout handler: no endpoint", THREAD, seL4_TCBSetTimeoutEndpoint, NONE, W(FRAME), seL4_InvalidCapability, 1},
    {"buffer: words", THREAD, seL4_TCBSetIPCBuffer, NONE, W(FRAME), seL4_TruncatedMessage, NO_WORD},
    {"buffer: no frame", THREAD, seL4_TCBSetIPCBuffer, W(0x1000), W(ENDPOINT), seL4_IllegalOperation, NO_WORD},
    {"space: words", THREAD, seL4_TCBSetSpace, W(0), W(ENDPOINT, ROOT_CNODE, ROOT_VSPACE), seL4_TruncatedMessage, NO_WORD},
    {"space: no CNode", THREAD, seL4_TCBSetSpace, W(0, 0), W(ENDPOINT, FRAME, ROOT_VSPACE), seL4_IllegalOperation, NO_WORD},
    {"space: handler", THREAD, seL4_TCBSetSpace, W(0, 0), W(FRAME, ROOT_CNODE, ROOT_VSPACE), seL4_InvalidCapability, 1},
    {"bind: capability", THREAD, seL4_TCBBindNotification, NONE, NONE, seL4_TruncatedMessage, NO_WORD},
    {"bind: no notification", THREAD, seL4_TCBBindNotification, NONE, W(FRAME), seL4_IllegalOperation, NO_WORD},
    {"bind: cannot be received from", THREAD, seL4_TCBBindNotification, NONE, W(WORLD_NOTIFICATION_NO_RECEIVE), seL4_IllegalOperation, NO_WORD},
    {"bind: bound already", BOUND_THREAD, seL4_TCBBindNotification, NONE, W(WORLD_NOTIFICATION), seL4_IllegalOperation, NO_WORD},
    {"bind: bound to another", THREAD, seL4_TCBBindNotification, NONE, W(WORLD_NOTIFICATION + 2), seL4_IllegalOperation, NO_WORD},
    {"unbind: not bound", THREAD, seL4_TCBUnbindNotification, NONE, NONE, seL4_IllegalOperation, NO_WORD},
    {"thread pointer: words", THREAD, seL4_TCBSetTLSBase, NONE, NONE, seL4_TruncatedMessage, NO_WORD},
    {"flags: words", THREAD, seL4_TCBSetFlags, W(0), NONE, seL4_TruncatedMessage, NO_WORD},

    {"context: label", WORLD_SC, seL4_TCBSuspend, NONE, NONE, seL4_IllegalOperation, NO_WORD},
    {"context, bind: capability", WORLD_SC, seL4_SchedContextBind, NONE, NONE, seL4_TruncatedMessage, NO_WORD},
    {"context, bind: kind", WORLD_SC, seL4_SchedContextBind, NONE, W(FRAME), seL4_InvalidCapability, 1},
    {"context, bind: in use", WORLD_SC, seL4_SchedContextBind, NONE, W(THREAD + 1), seL4_IllegalOperation, NO_WORD},
    {"context, bind: notification has one", WORLD_SC, seL4_SchedContextBind, NONE, W(WORLD_NOTIFICATION + 1), seL4_IllegalOperation, NO_WORD},
    {"context, bind: has a notification", WORLD_SC + 5, seL4_SchedContextBind, NONE, W(WORLD_NOTIFICATION), seL4_IllegalOperation, NO_WORD},
    {"context, unbind: capability", WORLD_SC, seL4_SchedContextUnbindObject, NONE, NONE, seL4_TruncatedMessage, NO_WORD},
    {"context, unbind: kind", WORLD_SC, seL4_SchedContextUnbindObject, NONE, W(FRAME), seL4_InvalidCapability, 1},
    {"context, unbind: other thread", WORLD_SC, seL4_SchedContextUnbindObject, NONE, W(THREAD + 1), seL4_IllegalOperation, NO_WORD},
    {"context, unbind: other notification", WORLD_SC, seL4_SchedContextUnbindObject, NONE, W(WORLD_NOTIFICATION), seL4_IllegalOperation, NO_WORD},
    {"context, unbind: one's own", seL4_CapInitThreadSC, seL4_SchedContextUnbind, NONE, NONE, seL4_IllegalOperation, NO_WORD},
    {"yield to: nobody", WORLD_SC + 5, seL4_SchedContextYieldTo, NONE, NONE, seL4_IllegalOperation, NO_WORD},
    {"yield to: oneself", seL4_CapInitThreadSC, seL4_SchedContextYieldTo, NONE, NONE, seL4_IllegalOperation, NO_WORD},
    {"control: label", SCHED_CONTROL, seL4_TCBSuspend, NONE, NONE, seL4_IllegalOperation, NO_WORD},
    {"control: words", SCHED_CONTROL, seL4_SchedControlConfigureFlags, W(100, 100, 0, 0), W(WORLD_SC), seL4_TruncatedMessage, NO_WORD},
    {"control: no context", SCHED_CONTROL, seL4_SchedControlConfigureFlags, W(100, 100, 0, 0, 0), W(FRAME), seL4_InvalidCapability, 1},
    {"control: small budget", SCHED_CONTROL, seL4_SchedControlConfigureFlags, W(19, 100, 0, 0, 0), W(WORLD_SC), seL4_RangeError, 20},
    {"control: small period", SCHED_CONTROL, seL4_SchedControlConfigureFlags, W(100, 19, 0, 0, 0), W(WORLD_SC), seL4_RangeError, 20},
    {"control: large budget", SCHED_CONTROL, seL4_SchedControlConfigureFlags, W(UINT64_MAX, 100, 0, 0, 0), W(WORLD_SC), seL4_RangeError, 20},
    {"control: large period", SCHED_CONTROL, seL4_SchedControlConfigureFlags, W(100, UINT64_MAX, 0, 0, 0), W(WORLD_SC), seL4_RangeError, 20},
    {"control: budget above the period", SCHED_CONTROL, seL4_SchedControlConfigureFlags, W(101, 100, 0, 0, 0), W(WORLD_SC), seL4_RangeError, 20},
    {"control: refills", SCHED_CONTROL, seL4_SchedControlConfigureFlags, W(100, 200, 9, 0, 0), W(WORLD_SC), seL4_RangeError, 0},

    {"interrupts: label", seL4_CapIRQControl, seL4_IRQAckIRQ, NONE, NONE, seL4_IllegalOperation, NO_WORD},
    {"interrupts: words", seL4_CapIRQControl, seL4_IRQIssueIRQHandler, W(40, FREE), W(ROOT_CNODE), seL4_TruncatedMessage, NO_WORD},
    {"interrupts: words with trigger", seL4_CapIRQControl, seL4_ARMIRQIssueIRQHandlerTrigger, W(40, 0, FREE), W(ROOT_CNODE), seL4_TruncatedMessage, NO_WORD},
    {"interrupts: number", seL4_CapIRQControl, seL4_IRQIssueIRQHandler, W(160, FREE, 64), W(ROOT_CNODE), seL4_RangeError, 0},
    {"interrupts: in use", seL4_CapIRQControl, seL4_IRQIssueIRQHandler, W(32, FREE, 64), W(ROOT_CNODE), seL4_RevokeFirst, NO_WORD},
    {"interrupts: the kernel's own", seL4_CapIRQControl, seL4_IRQIssueIRQHandler, W(SIM_TIMER_IRQ, FREE, 64), W(ROOT_CNODE), seL4_RevokeFirst, NO_WORD},
    {"interrupts: filled slot", seL4_CapIRQControl, seL4_IRQIssueIRQHandler, W(40, FRAME, 64), W(ROOT_CNODE), seL4_DeleteFirst, NO_WORD},
    {"interrupts: depth", seL4_CapIRQControl, seL4_IRQIssueIRQHandler, W(40, FREE, 0), W(ROOT_CNODE), seL4_RangeError, 1},
    {"signal: words", seL4_CapIRQControl, seL4_ARMIRQIssueSGISignal, W(3, 0, FREE), W(ROOT_CNODE), seL4_TruncatedMessage, NO_WORD},
    {"signal: capability", seL4_CapIRQControl, seL4_ARMIRQIssueSGISignal, W(3, 0, FREE, 64), NONE, seL4_TruncatedMessage, NO_WORD},
    {"signal: number", seL4_CapIRQControl, seL4_ARMIRQIssueSGISignal, W(16, 8, FREE, 65), W(ROOT_CNODE), seL4_RangeError, 0},
    {"signal: target", seL4_CapIRQControl, seL4_ARMIRQIssueSGISignal, W(15, 8, FREE, 65), W(ROOT_CNODE), seL4_InvalidArgument, 1},
    {"signal: depth", seL4_CapIRQControl, seL4_ARMIRQIssueSGISignal, W(15, 7, FREE, 65), W(ROOT_CNODE), seL4_RangeError, 1},
    {"signal: no CNode", seL4_CapIRQControl, seL4_ARMIRQIssueSGISignal, W(15, 7, FREE, 64), W(FRAME), seL4_FailedLookup, 0},
    {"signal: filled slot", seL4_CapIRQControl, seL4_ARMIRQIssueSGISignal, W(15, 7, FRAME, 64), W(ROOT_CNODE), seL4_DeleteFirst, NO_WORD},
    {"handler: label", WORLD_HANDLER, seL4_TCBSuspend, NONE, NONE, seL4_IllegalOperation, NO_WORD},
    {"handler: capability", WORLD_HANDLER, seL4_IRQSetIRQHandler, NONE, NONE, seL4_TruncatedMessage, NO_WORD},
    {"handler: no notification", WORLD_HANDLER, seL4_IRQSetIRQHandler, NONE, W(FRAME), seL4_InvalidCapability, 0},
    {"handler: cannot be signalled", WORLD_HANDLER, seL4_IRQSetIRQHandler, NONE, W(WORLD_NOTIFICATION + 3), seL4_InvalidCapability, 0},

    {"domain: label", seL4_CapDomain, seL4_TCBSuspend, NONE, NONE, seL4_IllegalOperation, NO_WORD},
    {"domain: words", seL4_CapDomain, seL4_DomainSetSet, NONE, W(THREAD), seL4_TruncatedMessage, NO_WORD},
    {"domain: number", seL4_CapDomain, seL4_DomainSetSet, W(16), W(THREAD), seL4_InvalidArgument, 0},
    {"domain: capability", seL4_CapDomain, seL4_DomainSetSet, W(1), NONE, seL4_TruncatedMessage, NO_WORD},
    {"domain: no thread", seL4_CapDomain, seL4_DomainSetSet, W(1), W(FRAME), seL4_InvalidArgument, 1},
    {"schedule: words", seL4_CapDomain, seL4_DomainScheduleConfigure, W(0, 0), NONE, seL4_TruncatedMessage, NO_WORD},
    {"schedule: index", seL4_CapDomain, seL4_DomainScheduleConfigure, W(99, 0, 1), NONE, seL4_RangeError, 0},
    {"schedule: domain", seL4_CapDomain, seL4_DomainScheduleConfigure, W(1, 16, 1), NONE, seL4_RangeError, 0},
    {"schedule: duration", seL4_CapDomain, seL4_DomainScheduleConfigure, W(1, 1, UINT64_MAX), NONE, seL4_InvalidArgument, 2},
    {"schedule: end mark with a domain", seL4_CapDomain, seL4_DomainScheduleConfigure, W(1, 1, 0), NONE, seL4_InvalidArgument, 1},
    {"schedule: end mark at the start", seL4_CapDomain, seL4_DomainScheduleConfigure, W(0, 0, 0), NONE, seL4_InvalidArgument, 2},
    {"start: words", seL4_CapDomain, seL4_DomainScheduleSetStart, NONE, NONE, seL4_TruncatedMessage, NO_WORD},
    {"start: index", seL4_CapDomain, seL4_DomainScheduleSetStart, W(100), NONE, seL4_RangeError, 0},
    {"start: at an end mark", seL4_CapDomain, seL4_DomainScheduleSetStart, W(5), NONE, seL4_InvalidArgument, 0},

    {"address space: label", ROOT_VSPACE, seL4_TCBSuspend, NONE, NONE, seL4_IllegalOperation, NO_WORD},
    {"address space: words", ROOT_VSPACE, seL4_ARMVSpaceClean_Data, W(0x400000), NONE, seL4_TruncatedMessage, NO_WORD},
    {"address space: end", ROOT_VSPACE, seL4_ARMVSpaceClean_Data, W(0x400000, 0x400000), NONE, seL4_InvalidArgument, 1},
    {"address space: kernel addresses", ROOT_VSPACE, seL4_ARMVSpaceClean_Data, W(0x400000, HIGH + 1), NONE, seL4_IllegalOperation, NO_WORD},
    {"address space: two pages", ROOT_VSPACE, seL4_ARMVSpaceUnify_Instruction, W(0x400000, 0x401001), NONE, seL4_RangeError, NO_WORD},
    {"table: label", WORLD_TABLE, seL4_TCBSuspend, NONE, NONE, seL4_IllegalOperation, NO_WORD},
    {"table: words", WORLD_TABLE, seL4_ARMPageTableMap, W(0), W(ROOT_VSPACE), seL4_TruncatedMessage, NO_WORD},
    {"table: capability", WORLD_TABLE, seL4_ARMPageTableMap, W(0, 0), NONE, seL4_TruncatedMessage, NO_WORD},
    {"table: no address space", WORLD_TABLE, seL4_ARMPageTableMap, W(0, 0), W(FRAME), seL4_InvalidCapability, 1},
    {"table: address", WORLD_TABLE, seL4_ARMPageTableMap, W(HIGH, 0), W(ROOT_VSPACE), seL4_InvalidArgument, 0},
    {"table: there are tables", WORLD_TABLE, seL4_ARMPageTableMap, W(0x400000, 0), W(ROOT_VSPACE), seL4_DeleteFirst, NO_WORD},
    {"frame: label", FRAME, seL4_TCBSuspend, NONE, NONE, seL4_IllegalOperation, NO_WORD},
    {"map: words", FRAME, seL4_ARMPageMap, W(0, 3), W(ROOT_VSPACE), seL4_TruncatedMessage, NO_WORD},
    {"map: capability", FRAME, seL4_ARMPageMap, W(0, 3, 0), NONE, seL4_TruncatedMessage, NO_WORD},
    {"map: no address space", FRAME, seL4_ARMPageMap, W(0, 3, 0), W(FRAME), seL4_InvalidCapability, 1},
    {"map: alignment", FRAME, seL4_ARMPageMap, W(0x404004, 3, 0), W(ROOT_VSPACE), seL4_AlignmentError, NO_WORD},
    {"map: address", FRAME, seL4_ARMPageMap, W(HIGH, 3, 0), W(ROOT_VSPACE), seL4_InvalidArgument, 0},
    {"map: no table", FRAME, seL4_ARMPageMap, W(0x80000000, 3, 0), W(ROOT_VSPACE), seL4_FailedLookup, 0},
    {"map: another address space", ROOT_BUFFER, seL4_ARMPageMap, W(0x402000, 3, 0), W(WORLD_VSPACE), seL4_InvalidCapability, 1},
    {"map: another address", ROOT_BUFFER, seL4_ARMPageMap, W(0x40a000, 3, 0), W(ROOT_VSPACE), seL4_InvalidArgument, 0},
    {"cache: words", FRAME, seL4_ARMPageClean_Data, W(0), NONE, seL4_TruncatedMessage, NO_WORD},
    {"cache: not mapped", FRAME, seL4_ARMPageClean_Data, W(0, 1), NONE, seL4_IllegalOperation, NO_WORD},
    {"cache: end", ROOT_BUFFER, seL4_ARMPageClean_Data, W(8, 8), NONE, seL4_InvalidArgument, 1},
    {"cache: past the page", ROOT_BUFFER, seL4_ARMPageUnify_Instruction, W(0, 4097), NONE, seL4_InvalidArgument, 0},
    {"asid control: label", seL4_CapASIDControl, seL4_TCBSuspend, NONE, NONE, seL4_IllegalOperation, NO_WORD},
    {"asid control: words", seL4_CapASIDControl, seL4_ARMASIDControlMakePool, W(FREE), W(UNTYPED, ROOT_CNODE), seL4_TruncatedMessage, NO_WORD},
    {"asid control: capabilities", seL4_CapASIDControl, seL4_ARMASIDControlMakePool, W(FREE, 64), W(UNTYPED), seL4_TruncatedMessage, NO_WORD},
    {"asid control: size", seL4_CapASIDControl, seL4_ARMASIDControlMakePool, W(FREE, 64), W(UNTYPED, ROOT_CNODE), seL4_InvalidCapability, 1},
    {"asid pool: label", seL4_CapInitThreadASIDPool, seL4_TCBSuspend, NONE, NONE, seL4_IllegalOperation, NO_WORD},
    {"asid pool: capability", seL4_CapInitThreadASIDPool, seL4_ARMASIDPoolAssign, NONE, NONE, seL4_TruncatedMessage, NO_WORD},
    {"asid pool: no address space", seL4_CapInitThreadASIDPool, seL4_ARMASIDPoolAssign, NONE, W(FRAME), seL4_InvalidCapability, 1},
    {"asid pool: has one", seL4_CapInitThreadASIDPool, seL4_ARMASIDPoolAssign, NONE, W(WORLD_VSPACE), seL4_InvalidCapability, 1},
    {"vcpu: label", WORLD_VCPU, seL4_TCBSuspend, NONE, NONE, seL4_IllegalOperation, NO_WORD},
    {"vcpu, thread: capability", WORLD_VCPU, seL4_ARMVCPUSetTCB, NONE, NONE, seL4_TruncatedMessage, NO_WORD},
    {"vcpu, thread: kind", WORLD_VCPU, seL4_ARMVCPUSetTCB, NONE, W(ENDPOINT), seL4_IllegalOperation, NO_WORD},
    {"vcpu, inject: words", WORLD_VCPU, seL4_ARMVCPUInjectIRQ, NONE, NONE, seL4_TruncatedMessage, NO_WORD},
    {"vcpu, inject: number", WORLD_VCPU, seL4_ARMVCPUInjectIRQ, W(INJECT(1024, 32, 2, 4)), NONE, seL4_RangeError, 0},
    {"vcpu, inject: priority", WORLD_VCPU, seL4_ARMVCPUInjectIRQ, W(INJECT(1023, 32, 2, 4)), NONE, seL4_RangeError, 0},
    {"vcpu, inject: group", WORLD_VCPU, seL4_ARMVCPUInjectIRQ, W(INJECT(1023, 31, 2, 4)), NONE, seL4_RangeError, 0},
    {"vcpu, inject: list register", WORLD_VCPU, seL4_ARMVCPUInjectIRQ, W(INJECT(1023, 31, 1, 4)), NONE, seL4_RangeError, 0},
    {"vcpu, read: words", WORLD_VCPU, seL4_ARMVCPUReadReg, NONE, NONE, seL4_TruncatedMessage, NO_WORD},
    {"vcpu, read: register", WORLD_VCPU, seL4_ARMVCPUReadReg, W(24), NONE, seL4_InvalidArgument, 1},
    {"vcpu, read: no register at all", WORLD_VCPU, seL4_ARMVCPUReadReg, W(1ull << 32), NONE, seL4_InvalidArgument, 1},
    {"vcpu, write: words", WORLD_VCPU, seL4_ARMVCPUWriteReg, W(3), NONE, seL4_TruncatedMessage, NO_WORD},
    {"vcpu, write: register", WORLD_VCPU, seL4_ARMVCPUWriteReg, W(24, 1), NONE, seL4_InvalidArgument, 1},
    {"vcpu, acknowledge: words", WORLD_VCPU, seL4_ARMVCPUAckVPPI, NONE, NONE, seL4_TruncatedMessage, NO_WORD},
    {"vcpu, acknowledge: number", WORLD_VCPU, seL4_ARMVCPUAckVPPI, W(160), NONE, seL4_RangeError, 0},
    {"vcpu, acknowledge: not the guest's", WORLD_VCPU, seL4_ARMVCPUAckVPPI, W(26), NONE, seL4_InvalidArgument, 0},
    {"firmware: label", seL4_CapSMC, seL4_TCBSuspend, NONE, NONE, seL4_IllegalOperation, NO_WORD},
    {"firmware: words", seL4_CapSMC, seL4_ARMSMCCall, W(1, 2, 3, 4, 5, 6, 7), NONE, seL4_TruncatedMessage, NO_WORD},
};

static uint64_t slot_of(uint64_t name)
{
    if (name < SCHED_CONTROL || name > USED_UNTYPED) {
        return name;
    }
    for (unsigned i = seL4_NumInitialCaps; i < WORLD_UNTYPED; i++) {
        struct cap c = world_slot(i)->cap;
        bool untyped = cap_type(c) == CAP_UNTYPED;
        if ((name == SCHED_CONTROL && cap_type(c) == CAP_SCHED_CONTROL) ||
            (name == DEVICE_UNTYPED && untyped && cap_untyped_is_device(c)) ||
            (name == USED_UNTYPED && untyped && !cap_untyped_is_device(c) && cap_untyped_used(c) != 0)) {
            return i;
        }
    }
    abort();
}

static uint8_t ram_before[SIM_RAM_BYTES];

/* What an answer may change of the root: its registers and its buffer. */
static void forget_answer(void)
{
    struct tcb *root = world_root();
    memset(&root->regs, 0, sizeof root->regs);
    memset(message_buffer(root, true), 0, sizeof(struct seL4_IPCBuffer));
}

static void refused_without_a_change(const struct row *row)
{
    world_start();
    struct world_call call = {.number = seL4_SysCall, .cap = slot_of(row->cap),
                              .info = seL4_MessageInfo_new(row->label, 0, row->extras, row->words)};
    for (unsigned i = 0; i < 8; i++) {
        call.word[i] = slot_of(row->word[i]);
    }
    for (unsigned i = 0; i < row->extras; i++) {
        call.extra[i] = slot_of(row->extra[i]);
    }
    struct tcb *root = world_root();
    struct registers regs = root->regs;
    struct seL4_IPCBuffer buffer = *message_buffer(root, true);
    forget_answer();
    memcpy(ram_before, sim_ram, sizeof ram_before);
    root->regs = regs;
    *message_buffer(root, true) = buffer;
    static struct kernel_state kernel_before;
    kernel_before = kernel;

    world_call(&call);

    uint64_t label = seL4_MessageInfo_label(root->regs.x[REG_INFO]);
    uint64_t first = root->regs.x[REG_MESSAGE];
    if (label != row->error || (row->first_word != NO_WORD && first != row->first_word)) {
        printf("# %s: error %llu, first word %llu\n", row->what, (unsigned long long)label, (unsigned long long)first);
    }
    CHECK_EQ(label, row->error);
    CHECK(row->first_word == NO_WORD || first == row->first_word);
    CHECK(kernel.current == root);
    world_check(row->what);
    forget_answer();
    kernel_before.now = kernel.now;
    kernel_before.consumed = kernel.consumed;
    CHECK(memcmp(&kernel, &kernel_before, sizeof kernel) == 0);
    CHECK(memcmp(sim_ram, ram_before, sizeof ram_before) == 0);
}

static void all_are_refused(void)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        refused_without_a_change(&rows[i]);
    }
    printf("# %zu refusals\n", ARRAY_LEN(rows));
}

int main(void)
{
    static const struct unit_case cases[] = {
        {"refusals: each rule has its error, and nothing has changed", all_are_refused},
    };
    return UNIT_MAIN(cases);
}
