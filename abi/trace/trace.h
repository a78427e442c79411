/* SPDX-License-Identifier: MIT */
/**
 * The kernel's trace: what a kernel built with KERNEL_TRACE=1 writes, and whoever is shown it reads. A page with the head, then a ring of
 * records, of which the newest TRACE_RECORDS are there: record n at n % TRACE_RECORDS. Numbers are little-endian.
 * Source: docs/spec/trace.md
 */
#ifndef LX_ABI_TRACE_H
#define LX_ABI_TRACE_H

#include <stdint.h>

#define TRACE_MAGIC 0x314543415254584cull /* "LXTRACE1" */

enum { TRACE_RECORDS = 4096, TRACE_HEAD_BYTES = 4096 };

enum trace_what {
    TRACE_ENTRY = 1, /**< the thread entered the kernel: kind enum trace_entry, number of the system call */
    TRACE_FAST,      /**< this entry took the fast path */
    TRACE_SWITCH,    /**< the thread, and no longer the one before, is the one to run; kind and number: of its fault handler */
    TRACE_INTERRUPT, /**< number of the interrupt */
    TRACE_FAULT,     /**< of the thread: number seL4_Fault_* */
    TRACE_EXIT,      /**< the kernel is left for the thread, or waits */
};

enum trace_entry {
    TRACE_ENTRY_SYSCALL = 1, /**< number: x7, two's complement */
    TRACE_ENTRY_FOREIGN,     /**< number: x8 of a foreign system call */
    TRACE_ENTRY_MEMORY,      /**< an access that faulted */
    TRACE_ENTRY_EXCEPTION,
    TRACE_ENTRY_TRAP,
    TRACE_ENTRY_INTERRUPT,
    TRACE_ENTRY_FPU, /**< the first use of the FPU since another thread used it */
};

struct trace_record {
    uint64_t ticks;  /**< CNTPCT */
    uint32_t thread; /**< low half of the physical address of its TCB; 0: nobody, the kernel waits for an interrupt */
    uint16_t number; /**< of TRACE_SWITCH: low bits of the badge with which its faults are sent */
    uint8_t what;
    uint8_t kind;    /**< of TRACE_SWITCH: high bits of that badge; else 0 where nothing is said */
};
_Static_assert(sizeof(struct trace_record) == 16, "trace record");

struct trace {
    uint64_t magic;
    uint64_t written; /**< records so far; the last thing that is written */
    uint8_t reserved[TRACE_HEAD_BYTES - 16];
    struct trace_record records[TRACE_RECORDS];
};
_Static_assert(sizeof(struct trace) == TRACE_HEAD_BYTES + 16 * TRACE_RECORDS, "trace");

#endif
