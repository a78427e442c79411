/* SPDX-License-Identifier: MIT */
/** The sentences of fault.h. */
#include "fault.h"

#include <sel4/sel4.h>

#include "format.h"

/* The low six bits of a syndrome say why an access failed: translation, access flag and permission faults by level. */
static const char *access_reason(uint64_t syndrome)
{
    switch (syndrome >> 2 & 15) {
    case 0:
        return "outside the address space";
    case 1:
        return "where nothing is mapped";
    case 2:
    case 3:
        return "which its rights do not allow";
    case 8:
        return "which is not aligned";
    default:
        return "which the machine refused";
    }
}

static size_t vm_sentence(char *out, size_t cap_bytes, const uint64_t *w)
{
    bool fetch = w[seL4_VMFault_PrefetchFault] != 0;
    uint64_t syndrome = w[seL4_VMFault_FSR];
    bool write = !fetch && (syndrome >> 6 & 1) != 0;
    return format_text(out, cap_bytes, "%s 0x%llx %s, at 0x%llx (syndrome 0x%llx)",
                       fetch ? "jump to"
                       : write ? "write to"
                               : "read of",
                       (unsigned long long)w[seL4_VMFault_Addr], access_reason(syndrome),
                       (unsigned long long)w[seL4_VMFault_IP], (unsigned long long)syndrome);
}

static size_t exception_sentence(char *out, size_t cap_bytes, const uint64_t *w)
{
    uint64_t class = w[seL4_UserException_Code] >> 26 & 63;
    const char *what = class == 0      ? "undefined instruction (a panic ends with one)"
                       : class == 0x3c ? "breakpoint instruction"
                       : class == 0x0d ? "jump to no landing pad"
                       : class == 0x22 ? "program counter not aligned"
                       : class == 0x26 ? "stack pointer not aligned"
                                       : "exception";
    return format_text(out, cap_bytes, "%s, at 0x%llx (syndrome 0x%llx)", what,
                       (unsigned long long)w[seL4_UserException_FaultIP], (unsigned long long)w[seL4_UserException_Code]);
}

size_t fault_sentence(char *out, size_t cap_bytes, uint64_t label, const uint64_t words[FAULT_WORDS])
{
    switch (label) {
    case seL4_Fault_VMFault:
        return vm_sentence(out, cap_bytes, words);
    case seL4_Fault_UserException:
        return exception_sentence(out, cap_bytes, words);
    case seL4_Fault_UnknownSyscall:
        return format_text(out, cap_bytes, "unknown system call %lld, at 0x%llx",
                           (long long)words[seL4_UnknownSyscall_Syscall], (unsigned long long)words[seL4_UnknownSyscall_FaultIP]);
    case seL4_Fault_CapFault:
        return format_text(out, cap_bytes, "%s through capability %llu, which it does not have, at 0x%llx",
                           words[seL4_CapFault_InRecvPhase] != 0 ? "receive" : "send",
                           (unsigned long long)words[seL4_CapFault_Addr], (unsigned long long)words[seL4_CapFault_IP]);
    case seL4_Fault_Timeout:
        return format_text(out, cap_bytes, "budget used up after %llu us", (unsigned long long)words[seL4_Timeout_Consumed]);
    default:
        return format_text(out, cap_bytes, "fault %llu", (unsigned long long)label);
    }
}
