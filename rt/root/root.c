/* SPDX-License-Identifier: MIT */
/** The console of a root task: see root.h. */
#include "root.h"

#include "format.h"

enum { UART_DATA = 0, UART_FLAGS = 0x18, UART_TRANSMIT_FULL = 1 << 5, POLLS_MAX = 1000000 };

static volatile uint32_t *uart;

void root_console(void *registers)
{
    uart = (volatile uint32_t *)registers;
}

static void put(char c)
{
    for (uint32_t polls = 0; (uart[UART_FLAGS / 4] & UART_TRANSMIT_FULL) != 0 && polls < POLLS_MAX; polls++) {
    }
    uart[UART_DATA / 4] = (uint8_t)c;
}

void root_say_list(const char *text, va_list args)
{
    char line[ROOT_LINE_MAX];
    size_t len = format_list(line, sizeof line, text, args);
    if (uart == NULL) {
        return;
    }
    for (size_t i = 0; i < len; i++) {
        put(line[i]);
    }
    put('\r');
    put('\n');
}
