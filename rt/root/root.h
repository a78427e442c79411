/* SPDX-License-Identifier: MIT */
/**
 * Root: what a task that the kernel starts has in place of the runtime: its first instructions (start_aarch64.S, which call root_main()
 * with BootInfo on a stack of 16 KiB), and its own line to the console, a PL011, written and polled, for the moments when nobody else
 * can speak.
 *
 * Owns:   the stack, and the UART until another takes it over.    Uses: base, format.
 * Limits: ROOT_LINE_MAX bytes a line, the rest is cut off; a UART that is never ready costs a million polls a character.
 */
#ifndef LX_ROOT_H
#define LX_ROOT_H

#include <stdarg.h>

#include "base.h"

enum { ROOT_LINE_MAX = 400 };

struct seL4_BootInfo;

/** The program. It has no caller. */
NORETURN void root_main(const struct seL4_BootInfo *info);

/** Where the UART's registers are mapped. Before it, nothing is said. */
void root_console(void *registers);

/** Writes one line, with the newline. */
void root_say_list(const char *text, va_list args) PRINTF_LIKE(1, 0);

#endif
