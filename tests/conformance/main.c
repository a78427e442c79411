/* SPDX-License-Identifier: MIT */
/** The conformance program from its first to its last step, and its console. See conf.h. */
#include <sysdesc/slots.h>

#include "conf.h"
#include "root.h"

LX_DEVICE(uart);

#define UART_ADDR 0x18000000ull

void say(const char *text, ...)
{
    va_list args;
    va_start(args, text);
    root_say_list(text, args);
    va_end(args);
}

static NORETURN void stop(void)
{
    while (tcb_suspend(OWN_TCB) == seL4_NoError) {
    }
    for (;;) {
        sys_yield();
    }
}

void give_up(const char *text, ...)
{
    va_list args;
    va_start(args, text);
    say("conformance: cannot go on:");
    root_say_list(text, args);
    va_end(args);
    stop();
}

/* The frame of a page of device memory: the pieces below it are cut off, the largest first. */
uint64_t device_page(const struct seL4_BootInfo *info, uint64_t paddr)
{
    static uint64_t taken;
    uint64_t slot = info->empty.start + taken;
    for (uint64_t i = 0; i < info->untyped.end - info->untyped.start; i++) {
        const struct seL4_UntypedDesc *d = &info->untypedList[i];
        uint64_t offset = paddr - d->paddr;
        if (d->isDevice == 0 || paddr < d->paddr || offset >> d->sizeBits != 0) {
            continue;
        }
        for (unsigned bits = d->sizeBits; bits-- > PAGE_BITS;) {
            if ((offset >> bits & 1) != 0 &&
                untyped_retype(info->untyped.start + i, seL4_UntypedObject, bits, OWN_CNODE, slot++, 1) != seL4_NoError) {
                stop();
            }
        }
        if (untyped_retype(info->untyped.start + i, seL4_ARM_SmallPageObject, 0, OWN_CNODE, slot, 1) == seL4_NoError) {
            taken = slot + 1 - info->empty.start;
            return slot;
        }
    }
    stop();
}

void console_start(const struct seL4_BootInfo *info)
{
    uint64_t page = device_page(info, align_down(uart.addr, PAGE_BYTES));
    uint64_t rights = seL4_CanRead | seL4_CanWrite;
    if (page_map(page, OWN_VSPACE, UART_ADDR, rights, seL4_ARM_ExecuteNever) != seL4_NoError) {
        stop();
    }
    root_console((void *)(UART_ADDR + uart.addr % PAGE_BYTES));
}

/* ---- the program ------------------------------------------------------------------------------------------------------------------ */

void root_main(const struct seL4_BootInfo *info)
{
    ipc_buffer = (struct seL4_IPCBuffer *)info->ipcBuffer;
    fixture_start(info);
    labels_rows();
    untyped_rows();
    cnode_rows();
    thread_rows();
    sched_rows();
    budget_rows();
    domain_rows();
    irq_rows();
    memory_rows();
    space_rows();
    ipc_rows();
    transfer_rows();
    fault_rows();
    virtual_rows();
    say(rows_end() ? "conformance: all of it holds" : "conformance: not all of it holds");
    latency_lines();
    say("latency| done");
    stop();
}

/* ---- what the C library wants --------------------------------------------------------------------------------------------- */

uint64_t __stack_chk_guard = 0x00c0ffee5eed1e55;
NORETURN void __stack_chk_fail(void);
NORETURN void abort(void);

void __stack_chk_fail(void)
{
    give_up("the stack was overwritten");
}

void abort(void)
{
    give_up("abort");
}

void __assert_func(const char *file, int line, const char *function, const char *expression)
{
    give_up("%s:%d: %s: assertion %s does not hold", file, line, function, expression);
}
