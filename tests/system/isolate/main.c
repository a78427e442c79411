/* SPDX-License-Identifier: MIT */
/**
 * Isolate: breaks one rule in each life, and would say so if it got away with it. The supervisor's sentences, which the test
 * expects, show that each one ends in a fault.
 */
#include <stdlib.h>

#include "rt.h"

LX_SHARED(notice); /* read-only here */
LX_MEMORY(heap);
LX_MEMORY(large); /* in large pages */

typedef void (*breach)(void);

static volatile uintptr_t address;

static void write_code(void)
{
    address = (uintptr_t)&init;
    *(volatile uint32_t *)address = 0;
}

static void write_constants(void)
{
    address = (uintptr_t)&notice;
    *(volatile uint64_t *)address = 0;
}

static void execute_data(void)
{
    uint32_t *code = (uint32_t *)heap.addr;
    code[0] = 0xd503245f; /* bti c; ret */
    code[1] = 0xd65f03c0;
    address = heap.addr;
    ((breach)address)();
}

static void write_notice(void)
{
    *(volatile uint64_t *)notice.addr = 1;
}

static void run_over_heap(void)
{
    *(volatile uint8_t *)(heap.addr + heap.len_bytes) = 1;
}

static volatile uint64_t depth;

__attribute__((noinline)) static uint64_t recurse(uint64_t n)
{
    volatile uint8_t frame[512];
    frame[0] = (uint8_t)n;
    depth++;
    return depth == 0 ? n : recurse(n + 1) + frame[0];
}

static void overflow_stack(void)
{
    depth = recurse(1);
}

static void use_strange_capability(void)
{
    struct message m = {0};
    sys_call(61, &m);
}

static void read_the_root_task(void)
{
    address = 0x4000400018;
    depth = *(volatile uint64_t *)address;
}

static void fail_assertion(void)
{
    assert(heap.len_bytes == 1);
}

__attribute__((noinline)) static void smash(volatile char *at, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        at[i] = 'x';
    }
}

static void smash_stack(void)
{
    char line[16];
    smash(line, 64);
}

static void unknown_system_call(void)
{
    register int64_t x7 __asm__("x7") = -1000;
    __asm__ volatile("svc #0" : : "r"(x7) : "memory");
}

static const struct {
    const char *name;
    breach run;
} breaches[] = {
    {"write code", write_code},
    {"write constants", write_constants},
    {"execute data", execute_data},
    {"write read-only shared memory", write_notice},
    {"run over the end of memory", run_over_heap},
    {"overflow the stack", overflow_stack},
    {"use a capability it does not have", use_strange_capability},
    {"read a device of the root task", read_the_root_task},
    {"fail an assertion", fail_assertion},
    {"overwrite a return address", smash_stack},
    {"use an unknown system call", unknown_system_call},
};

void init(void)
{
    uint32_t life = rt_info_page()->incarnation;
    volatile uint64_t *mark = (volatile uint64_t *)(large.addr + large.len_bytes - 64);
    if (*mark != 0) {
        rt_panic("memory of an earlier life is still there");
    }
    *mark = life + 1;
    if (life < ARRAY_LEN(breaches)) {
        rt_log("tries to %s", breaches[life].name);
        breaches[life].run();
        rt_log("got away with it");
        for (;;) {
            sys_yield();
        }
    }
    rt_log("has tried everything");
}
