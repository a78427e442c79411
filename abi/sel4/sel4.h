/* SPDX-License-Identifier: MIT */
/**
 * The seL4 16.0.0 interface for AArch64, EL2, MCS, one core: numbers and layouts that the kernel, user level and host tools
 * share. Names are seL4's own. Configuration: see facts in docs/spec/kernel-abi.md; another one has other numbers.
 * Owns:   nothing; no code but accessors of MessageInfo.    Uses: stdint.
 * Source: seL4 reference manual 16.0.0; docs/spec/kernel-abi.md
 */
#ifndef LX_ABI_SEL4_H
#define LX_ABI_SEL4_H

#include <stdint.h>

/* ---- system calls: x7. x0 capability or badge, x1 MessageInfo, x2..x5 message registers, x6 reply, x8 of NBSendRecv -- */

enum {
    seL4_SysCall = -1,
    seL4_SysReplyRecv = -2,
    seL4_SysNBSendRecv = -3,
    seL4_SysNBSendWait = -4,
    seL4_SysSend = -5,
    seL4_SysNBSend = -6,
    seL4_SysRecv = -7,
    seL4_SysNBRecv = -8,
    seL4_SysWait = -9,
    seL4_SysNBWait = -10,
    seL4_SysYield = -11,
    /* Only of kernels that are built with debug system calls: */
    seL4_SysDebugPutChar = -12,
    seL4_SysDebugDumpScheduler = -13,
    seL4_SysDebugHalt = -14,
    seL4_SysDebugCapIdentify = -15,
    seL4_SysDebugNameThread = -17,
    seL4_SysBenchmarkNullSyscall = -25,
};

/* ---- messages -------------------------------------------------------------------------------------------------------- */

enum {
    seL4_FastMessageRegisters = 4,
    seL4_MsgMaxLength = 120,
    seL4_MsgMaxExtraCaps = 3,
};

/** MessageInfo: label in bits 63..12, capsUnwrapped in 11..9, extraCaps in 8..7, length in 6..0. */
static inline uint64_t seL4_MessageInfo_new(uint64_t label, uint64_t caps_unwrapped, uint64_t extra_caps, uint64_t length)
{
    return label << 12 | (caps_unwrapped & 7) << 9 | (extra_caps & 3) << 7 | (length & 127);
}

static inline uint64_t seL4_MessageInfo_label(uint64_t info)
{
    return info >> 12;
}

static inline uint64_t seL4_MessageInfo_capsUnwrapped(uint64_t info)
{
    return info >> 9 & 7;
}

static inline uint64_t seL4_MessageInfo_extraCaps(uint64_t info)
{
    return info >> 7 & 3;
}

static inline uint64_t seL4_MessageInfo_length(uint64_t info)
{
    return info & 127;
}

/** The page region that a thread shares with the kernel for long messages; aligned to its size. */
struct seL4_IPCBuffer {
    uint64_t tag;
    uint64_t msg[seL4_MsgMaxLength];
    uint64_t userData;
    uint64_t caps_or_badges[seL4_MsgMaxExtraCaps];
    uint64_t receiveCNode;
    uint64_t receiveIndex;
    uint64_t receiveDepth;
};
_Static_assert(sizeof(struct seL4_IPCBuffer) == 1024, "IPC buffer");

enum { seL4_IPCBufferSizeBits = 10 };

/** Rights of a capability, as passed to Copy, Mint and Page_Map. */
enum {
    seL4_CanWrite = 1,
    seL4_CanRead = 2,
    seL4_CanGrant = 4,
    seL4_CanGrantReply = 8,
    seL4_AllRights = 15,
};

/** CNode data: guard in bits 63..6, guard size in 5..0. */
static inline uint64_t seL4_CNode_CapData_new(uint64_t guard, uint64_t guard_size)
{
    return guard << 6 | (guard_size & 63);
}

enum {
    seL4_NoError = 0,
    seL4_InvalidArgument,
    seL4_InvalidCapability,
    seL4_IllegalOperation,
    seL4_RangeError,
    seL4_AlignmentError,
    seL4_FailedLookup,
    seL4_TruncatedMessage,
    seL4_DeleteFirst,
    seL4_RevokeFirst,
    seL4_NotEnoughMemory,
};

enum {
    seL4_NoFailure = 0,
    seL4_InvalidRoot,
    seL4_MissingCapability,
    seL4_DepthMismatch,
    seL4_GuardMismatch,
};

/* ---- objects ---------------------------------------------------------------------------------------------------------- */

enum {
    seL4_UntypedObject = 0,
    seL4_TCBObject,
    seL4_EndpointObject,
    seL4_NotificationObject,
    seL4_CapTableObject,
    seL4_SchedContextObject,
    seL4_ReplyObject,
    seL4_ARM_HugePageObject,
    seL4_ARM_VSpaceObject,
    seL4_ARM_SmallPageObject,
    seL4_ARM_LargePageObject,
    seL4_ARM_PageTableObject,
    seL4_ARM_VCPUObject,
    seL4_ObjectTypeCount,
};

enum {
    seL4_TCBBits = 11,
    seL4_EndpointBits = 4,
    seL4_NotificationBits = 6,
    seL4_SlotBits = 5,
    seL4_ReplyBits = 5,
    seL4_MinSchedContextBits = 7,
    seL4_VSpaceBits = 13,
    seL4_PageTableBits = 12,
    seL4_ASIDPoolBits = 12,
    seL4_VCPUBits = 12,
    seL4_PageBits = 12,
    seL4_LargePageBits = 21,
    seL4_HugePageBits = 30,
    seL4_MinUntypedBits = 4,
    seL4_MaxUntypedBits = 47,
    seL4_VSpaceIndexBits = 10,
    seL4_PageTableIndexBits = 9,
    seL4_ASIDPoolIndexBits = 9,
    seL4_NumASIDPoolsBits = 7,
    seL4_UserAddressBits = 40,
    seL4_UntypedRetypeMaxObjects = 256,
    seL4_MaxPrio = 255,
    seL4_CoreSchedContextBytes = 128,
    seL4_RefillSizeBytes = 16,
};

enum {
    seL4_SchedContext_Sporadic = 1,
};

enum {
    seL4_TCBFlag_fpuDisabled = 1,
    /**
     * An extension of the LX-OS kernel, off by default: every svc of the thread is an UnknownSyscall fault whatever its x7
     * holds, and the fault's Syscall word carries x8, its LR word x30 and its FaultIP word the address behind the svc, where a
     * reply lets the thread go on; a thread that is suspended and resumed before the reply makes the call again. The thread reads
     * CNTVCT and CNTPCT and no other timer register. A kernel without it leaves the bit clear in the flags that SetFlags returns.
     * Source: docs/spec/kernel-abi.md
     */
    seL4_TCBFlag_foreignSyscalls = 1 << 16,
};

enum {
    seL4_ARM_PageCacheable = 1,
    seL4_ARM_ParityEnabled = 2,
    seL4_ARM_Default_VMAttributes = 3,
    seL4_ARM_ExecuteNever = 4,
};

/* ---- invocation labels -------------------------------------------------------------------------------------------------- */

enum {
    seL4_UntypedRetype = 1,
    seL4_TCBReadRegisters,
    seL4_TCBWriteRegisters,
    seL4_TCBCopyRegisters,
    seL4_TCBConfigure,
    seL4_TCBSetPriority,
    seL4_TCBSetMCPriority,
    seL4_TCBSetSchedParams,
    seL4_TCBSetTimeoutEndpoint,
    seL4_TCBSetIPCBuffer,
    seL4_TCBSetSpace,
    seL4_TCBSuspend,
    seL4_TCBResume,
    seL4_TCBBindNotification,
    seL4_TCBUnbindNotification,
    seL4_TCBSetTLSBase,
    seL4_TCBSetFlags,
    seL4_CNodeRevoke,
    seL4_CNodeDelete,
    seL4_CNodeCancelBadgedSends,
    seL4_CNodeCopy,
    seL4_CNodeMint,
    seL4_CNodeMove,
    seL4_CNodeMutate,
    seL4_CNodeRotate,
    seL4_IRQIssueIRQHandler,
    seL4_IRQAckIRQ,
    seL4_IRQSetIRQHandler,
    seL4_IRQClearIRQHandler,
    seL4_DomainSetSet,
    seL4_DomainScheduleConfigure,
    seL4_DomainScheduleSetStart,
    seL4_SchedControlConfigureFlags,
    seL4_SchedContextBind,
    seL4_SchedContextUnbind,
    seL4_SchedContextUnbindObject,
    seL4_SchedContextConsumed,
    seL4_SchedContextYieldTo,
    seL4_ARMVSpaceClean_Data,
    seL4_ARMVSpaceInvalidate_Data,
    seL4_ARMVSpaceCleanInvalidate_Data,
    seL4_ARMVSpaceUnify_Instruction,
    seL4_ARMSMCCall,
    seL4_ARMPageTableMap,
    seL4_ARMPageTableUnmap,
    seL4_ARMPageMap,
    seL4_ARMPageUnmap,
    seL4_ARMPageClean_Data,
    seL4_ARMPageInvalidate_Data,
    seL4_ARMPageCleanInvalidate_Data,
    seL4_ARMPageUnify_Instruction,
    seL4_ARMPageGetAddress,
    seL4_ARMASIDControlMakePool,
    seL4_ARMASIDPoolAssign,
    seL4_ARMVCPUSetTCB,
    seL4_ARMVCPUInjectIRQ,
    seL4_ARMVCPUReadReg,
    seL4_ARMVCPUWriteReg,
    seL4_ARMVCPUAckVPPI,
    seL4_ARMIRQIssueIRQHandlerTrigger,
    seL4_ARMIRQIssueSGISignal,
    seL4_InvocationLabelCount,
};
_Static_assert(seL4_ARMIRQIssueSGISignal == 61, "labels of the release configuration");

/* ---- faults: the label of the message, and its words ------------------------------------------------------------------ */

enum {
    seL4_Fault_NullFault = 0,
    seL4_Fault_CapFault,
    seL4_Fault_UnknownSyscall,
    seL4_Fault_UserException,
    seL4_Fault_Timeout = 5,
    seL4_Fault_VMFault,
    seL4_Fault_VGICMaintenance,
    seL4_Fault_VCPUFault,
    seL4_Fault_VPPIEvent,
};

/** CapFault: address of the fault, capability pointer, was it a receive, the lookup failure and its words. */
enum {
    seL4_CapFault_IP = 0,
    seL4_CapFault_Addr,
    seL4_CapFault_InRecvPhase,
    seL4_CapFault_LookupFailureType,
    seL4_CapFault_BitsLeft,
    seL4_CapFault_GuardMismatch_GuardFound,
    seL4_CapFault_GuardMismatch_BitsFound,
};

/** UnknownSyscall: X0..X7 are words 0..7; a reply may set words 0..11. */
enum {
    seL4_UnknownSyscall_FaultIP = 8,
    seL4_UnknownSyscall_SP,
    seL4_UnknownSyscall_LR,
    seL4_UnknownSyscall_SPSR,
    seL4_UnknownSyscall_Syscall,
    seL4_UnknownSyscall_Length,
};

enum {
    seL4_UserException_FaultIP = 0,
    seL4_UserException_SP,
    seL4_UserException_SPSR,
    seL4_UserException_Number,
    seL4_UserException_Code,
    seL4_UserException_Length,
};

enum {
    seL4_VMFault_IP = 0,
    seL4_VMFault_Addr,
    seL4_VMFault_PrefetchFault,
    seL4_VMFault_FSR,
    seL4_VMFault_Length,
};

enum {
    seL4_VGICMaintenance_IDX = 0,
    seL4_VGICMaintenance_Length,
};

enum {
    seL4_VCPUFault_HSR = 0,
    seL4_VCPUFault_Length,
};

enum {
    seL4_VPPIEvent_IRQ = 0,
    seL4_VPPIEvent_Length,
};

enum {
    seL4_Timeout_Data = 0,
    seL4_Timeout_Consumed,
    seL4_Timeout_Length,
};

/* ---- registers of a thread, in the order of ReadRegisters and WriteRegisters ------------------------------------------- */

struct seL4_UserContext {
    uint64_t pc, sp, spsr, x0, x1, x2, x3, x4, x5, x6, x7, x8, x16, x17, x18, x29, x30;
    uint64_t x9, x10, x11, x12, x13, x14, x15, x19, x20, x21, x22, x23, x24, x25, x26, x27, x28;
    uint64_t tpidr_el0, tpidrro_el0;
};

enum { seL4_UserContextWords = sizeof(struct seL4_UserContext) / sizeof(uint64_t) };
_Static_assert(seL4_UserContextWords == 36, "UserContext");

/* ---- registers of a virtual CPU, as ReadRegs and WriteRegs number them ------------------------------------------------- */

enum {
    seL4_VCPUReg_SCTLR = 0,
    seL4_VCPUReg_CPACR,
    seL4_VCPUReg_TTBR0,
    seL4_VCPUReg_TTBR1,
    seL4_VCPUReg_TCR,
    seL4_VCPUReg_MAIR,
    seL4_VCPUReg_AMAIR,
    seL4_VCPUReg_CIDR,
    seL4_VCPUReg_ACTLR,
    seL4_VCPUReg_AFSR0,
    seL4_VCPUReg_AFSR1,
    seL4_VCPUReg_ESR,
    seL4_VCPUReg_FAR,
    seL4_VCPUReg_PAR,
    seL4_VCPUReg_VBAR,
    seL4_VCPUReg_TPIDR_EL1,
    seL4_VCPUReg_VMPIDR_EL2,
    seL4_VCPUReg_SP_EL1,
    seL4_VCPUReg_ELR_EL1,
    seL4_VCPUReg_SPSR_EL1,
    seL4_VCPUReg_CNTV_CTL,
    seL4_VCPUReg_CNTV_CVAL,
    seL4_VCPUReg_CNTVOFF,
    seL4_VCPUReg_CNTKCTL_EL1,
    seL4_VCPUReg_Num,
};
_Static_assert(seL4_VCPUReg_Num == 24, "registers of a VCPU");

#endif
