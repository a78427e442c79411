/* SPDX-License-Identifier: MIT */
/** Log lines into the ring to the console, and the last line of all. See rt.h; proto/log.h has the ring's format. */
#include "log.h"

#include "format.h"
#include "proto/log.h"
#include "rt.h"

LX_SLOT(lx_log, SLOT_LOG, SLOT_OPTIONAL, rt_log_ring);

static struct shmq ring;
static uint64_t lost_lines;

void log_start(void)
{
    if (lx_given(rt_log_ring)) {
        assert(shmq_bytes(1, LOG_RING_CAPACITY) <= rt_log_ring.len_bytes);
        shmq_open(&ring, (void *)rt_log_ring.addr, 1, LOG_RING_CAPACITY, true);
    }
}

/* Puts a whole line, or nothing. */
static bool put_line(const char *line, size_t len)
{
    if (shmq_ready(&ring) < len) {
        return false;
    }
    (void)shmq_put(&ring, line, (uint32_t)len);
    return true;
}

static void log_list(const char *text, va_list args) PRINTF_LIKE(1, 0);
static void log_list(const char *text, va_list args)
{
    char line[LOG_LINE_MAX];
    if (!lx_given(rt_log_ring)) {
        return;
    }
    if (lost_lines != 0) {
        size_t len = format_text(line, sizeof line, "(%llu lines lost)\n", (unsigned long long)lost_lines);
        lost_lines = put_line(line, len) ? 0 : lost_lines;
    }
    size_t len = format_list(line, sizeof line - 1, text, args);
    line[len++] = '\n';
    if (!put_line(line, len)) {
        lost_lines++;
    }
    if (shmq_should_notify(&ring)) {
        rt_signal(rt_log_ring.notify);
    }
}

void rt_log(const char *text, ...)
{
    va_list args;
    va_start(args, text);
    log_list(text, args);
    va_end(args);
}

void rt_panic(const char *text, ...)
{
    static bool panicking; /* what goes wrong while the last line is written is not reported again */
    va_list args;
    va_start(args, text);
    if (!panicking) {
        panicking = true;
        log_list(text, args);
    }
    va_end(args);
    for (;;) {
        __asm__ volatile("udf #0");
    }
}
