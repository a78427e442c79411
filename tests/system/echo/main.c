/* SPDX-License-Identifier: MIT */
/** Echo: a terminal of the simplest kind on the console's channel. Shows both directions and that nothing is lost. */
#include "proto/console.h"
#include "rt.h"

LX_CHANNEL(tty, CONSOLE_RECORD_BYTES);

enum { LINE_MAX = 80 };

static struct shmq out;
static struct shmq in;
static char line[LINE_MAX];
static uint32_t len;

static void put(const char *text, size_t bytes)
{
    if (shmq_put(&out, text, (uint32_t)bytes) != bytes) {
        rt_panic("the console took less than a line");
    }
}

static void put_string(const char *text)
{
    put(text, strlen(text));
}

static void take(char c)
{
    if (c == '\r') {
        put_string("\r\nyou said: ");
        put(line, len);
        put_string("\r\n> ");
        len = 0;
    } else if (c == 0x7f && len > 0) {
        len--;
        put_string("\b \b");
    } else if (c >= ' ' && len < LINE_MAX) {
        line[len++] = c;
        put(&c, 1);
    }
}

void init(void)
{
    shmq_open(&out, (void *)tty.send_addr, CONSOLE_RECORD_BYTES, tty.record_count, true);
    shmq_open(&in, (void *)tty.receive_addr, CONSOLE_RECORD_BYTES, tty.record_count, false);
    put_string("> ");
    notified(tty.signal);
}

void notified(uint64_t signals)
{
    char c;
    (void)signals;
    do {
        while (shmq_get(&in, &c, 1) == 1) {
            take(c);
        }
    } while (!shmq_sleep(&in));
    if (shmq_should_notify(&out)) {
        rt_signal_later(tty.notify);
    }
}
