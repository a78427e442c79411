/* SPDX-License-Identifier: MIT */
/** Debugcalls: makes every debug system call of a kernel that has them, times the empty one, and ends with the kernel's report. */
#include <string.h>

#include "invoke.h"
#include "rt.h"

enum { PUT_CHAR = -12, DUMP_SCHEDULER = -13, HALT = -14, CAP_IDENTIFY = -15, NAME_THREAD = -17, NULL_CALL = -25, CALLS = 4096 };

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
    (void)call(NAME_THREAD, own_tcb.cap);
    rt_log("the capability is of type %lu, no capability of type %lu", (unsigned long)call(CAP_IDENTIFY, own_tcb.cap),
           (unsigned long)call(CAP_IDENTIFY, 0));
    (void)ticks_of(NULL_CALL);
    rt_log("null system call: %lu", (unsigned long)(ticks_of(NULL_CALL) * 16 / CALLS));
    for (const char *c = "one by one\n"; *c != '\0'; c++) {
        (void)call(PUT_CHAR, (uint8_t)*c);
    }
    (void)call(DUMP_SCHEDULER, 0);
    (void)call(HALT, 0);
}
