/* SPDX-License-Identifier: MIT */
/** Trace: see trace.h. */
#include "object/trace.h"

#if KERNEL_TRACE

#include "arch.h"

_Static_assert(sizeof(struct trace) == 17 * 4096, "TRACE_PAGES of arch/aarch64/abi.S");

static struct trace ring __attribute__((aligned(4096)));

/* The kernel is never interrupted, and on one core nobody reads meanwhile: order matters to the compiler only. */
static void put(const struct tcb *t, enum trace_what what, unsigned kind, uint64_t number)
{
    ring.records[ring.written % TRACE_RECORDS] = (struct trace_record){
        .ticks = arch_time(),
        .thread = t == &kernel.idle_tcb ? 0 : (uint32_t)kptr_address(t),
        .number = (uint16_t)number,
        .what = (uint8_t)what,
        .kind = (uint8_t)kind,
    };
    ring.written++;
}

void trace_current(enum trace_what what, unsigned kind, uint64_t number)
{
    put(kernel.current, what, kind, number);
}

void trace_switch(const struct tcb *to)
{
    uint64_t badge = cap_badge(to->slots[TCB_FAULT_HANDLER].cap); /* which the root task and the pager choose by thread */
    put(to, TRACE_SWITCH, (unsigned)(badge >> 56), badge);
}

void trace_fault(const struct tcb *t, unsigned type)
{
    put(t, TRACE_FAULT, 0, type);
}

void trace_exit(void)
{
    put(kernel.current, TRACE_EXIT, 0, 0);
}

struct trace_pages trace_pages(void)
{
    ring.magic = TRACE_MAGIC;
    return (struct trace_pages){kptr_address(&ring), kptr_address(&ring) + sizeof ring};
}

#endif
