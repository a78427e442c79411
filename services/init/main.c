/* SPDX-License-Identifier: MIT */
/** The root task from its first to its last step. See init.h. */
#include "init.h"

/* Slots of the root task; the image tool fills them with addresses in its own image. */
LX_BLOB(measurements);
LX_STORE(bundle);
LX_DEVICE(uart);
LX_SLOT_WITH(lx_blob, SLOT_BLOB, system_slot, .flags = 0);

#define UART_ADDR 0x4000400000ull

NORETURN void abort(void);

static uint64_t ticks(void)
{
    uint64_t n;
    __asm__ volatile("isb; mrs %0, cntpct_el0" : "=r"(n));
    return n;
}

static void say_start(uint64_t now)
{
    struct boot_log_header log;
    memcpy(&log, (const void *)measurements.addr, sizeof log);
    if (memcmp(log.magic, BOOT_LOG_MAGIC, sizeof log.magic) != 0 || log.ticks_hz == 0) {
        stop("the loader left no measurement log; start the image from its first byte");
    }
    uint64_t loader_us = (log.end_ticks - log.start_ticks) * 1000000 / log.ticks_hz;
    uint64_t start_us = (now - log.end_ticks) * 1000000 / log.ticks_hz;
    say("LX-OS %s: %u components; loader %llu us, kernel and init %llu us", built.desc.header.name,
        built.desc.header.component_count, (unsigned long long)loader_us, (unsigned long long)start_us);
}

void root_main(const struct seL4_BootInfo *info)
{
    ipc_buffer = (struct seL4_IPCBuffer *)info->ipcBuffer;
    objects_start(info);
    space_map(device_frame(align_down(uart.addr, PAGE_BYTES)), seL4_CapInitThreadVSpace, UART_ADDR, DESC_READ | DESC_WRITE, false);
    root_console((void *)(UART_ADDR + uart.addr % PAGE_BYTES));
    self_check(info);
    const char *why = sysdesc_open((const void *)system_slot.addr, system_slot.len_bytes, &built.desc);
    if (why != NULL) {
        stop("%s", why);
    }
    built.sched_control = info->schedcontrol.start;
    self_protect(info);
    self_seed(info);
    build_all();
    say_start(ticks());
    start_all();
    serve();
}

/* ---- what the C library wants --------------------------------------------------------------------------------------------- */

uint64_t __stack_chk_guard = 0x00c0ffee5eed1e55;
NORETURN void __stack_chk_fail(void);

void __stack_chk_fail(void)
{
    stop("the root task's stack was overwritten");
}

void abort(void)
{
    stop("abort");
}

void __assert_func(const char *file, int line, const char *function, const char *expression)
{
    stop("%s:%d: %s: assertion %s does not hold", file, line, function, expression);
}
