/* SPDX-License-Identifier: MIT */
/** What init says when nobody else can speak, and its end. */
#include "init.h"

void say(const char *text, ...)
{
    va_list args;
    va_start(args, text);
    root_say_list(text, args);
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
        root_say_list(text, args);
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
