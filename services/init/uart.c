/* SPDX-License-Identifier: MIT */
/** The root task's own line to the console: a PL011, written and polled, for the moments when nobody else can speak. */
#include "format.h"
#include "init.h"

enum { LINE_MAX = 256, UART_DATA = 0, UART_FLAGS = 0x18, UART_TRANSMIT_FULL = 1 << 5, POLLS_MAX = 1000000 };

static volatile uint32_t *registers;

void uart_start(void *mapped)
{
    registers = (volatile uint32_t *)mapped;
}

static void put(char c)
{
    for (uint32_t polls = 0; (registers[UART_FLAGS / 4] & UART_TRANSMIT_FULL) != 0 && polls < POLLS_MAX; polls++) {
    }
    registers[UART_DATA / 4] = (uint8_t)c;
}

static void say_list(const char *text, va_list args) PRINTF_LIKE(1, 0);
static void say_list(const char *text, va_list args)
{
    char line[LINE_MAX];
    size_t len = format_list(line, sizeof line, text, args);
    for (size_t i = 0; i < len && registers != NULL; i++) {
        put(line[i]);
    }
    if (registers != NULL) {
        put('\r');
        put('\n');
    }
}

void say(const char *text, ...)
{
    va_list args;
    va_start(args, text);
    say_list(text, args);
    va_end(args);
}

void stop(const char *text, ...)
{
    static bool stopping;
    va_list args;
    va_start(args, text);
    if (!stopping) {
        stopping = true;
        say("LX-OS init: the system cannot go on:");
        say_list(text, args);
    }
    va_end(args);
    while (tcb_suspend(seL4_CapInitThreadTCB) == seL4_NoError) {
    }
    for (;;) {
        sys_yield();
    }
}

void must(uint64_t error, const char *what)
{
    static const char *const names[] = {
        "no error",          "invalid argument", "invalid capability", "illegal operation", "range error", "alignment error",
        "failed lookup",     "truncated message", "delete first",      "revoke first",      "not enough memory",
    };
    if (error != seL4_NoError) {
        stop("%s failed: %s", what, error < ARRAY_LEN(names) ? names[error] : "unknown error");
    }
}
