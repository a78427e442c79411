/* SPDX-License-Identifier: MIT */
/** Debugcalls: makes every debug system call of a kernel that has them, times the empty one, and ends with the kernel's report. */
#include <string.h>

#include "invoke.h"
#include "rt.h"

enum { CALLS = 4096 };

LX_SLOT_WITH(lx_cap, SLOT_CAP, own_tcb, .authority = AUTHORITY_OWN_TCB);

static uint64_t call(int64_t number, uint64_t argument)
{
    struct message m = {0};
    system_call(number, argument, 0, 0, &m);
    return m.badge;
}

static uint64_t ticks_of(int64_t number)
{
    uint64_t start = rt_ticks();
    for (unsigned i = 0; i < CALLS; i++) {
        register int64_t x7 __asm__("x7") = number;
        __asm__ volatile("svc #0" : : "r"(x7) : "memory");
    }
    return rt_ticks() - start;
}

void init(void)
{
    memcpy(ipc_buffer->msg, "debugged", sizeof "debugged");
    (void)call(seL4_SysDebugNameThread, own_tcb.cap);
    rt_log("the capability is of type %lu, no capability of type %lu", (unsigned long)call(seL4_SysDebugCapIdentify, own_tcb.cap),
           (unsigned long)call(seL4_SysDebugCapIdentify, 0));
    (void)ticks_of(seL4_SysBenchmarkNullSyscall);
    rt_log("null system call: %lu", (unsigned long)(ticks_of(seL4_SysBenchmarkNullSyscall) * 16 / CALLS));
    for (const char *c = "one by one\n"; *c != '\0'; c++) {
        (void)call(seL4_SysDebugPutChar, (uint8_t)*c);
    }
    (void)call(seL4_SysDebugDumpScheduler, 0);
    (void)call(seL4_SysDebugHalt, 0);
}
