/* SPDX-License-Identifier: MIT */
/**
 * Console: the serial line for one client and the session (proto/console.h), and the log of every component (proto/log.h).
 *
 * Output is staged: one piece at a time, a log line with its name or some bytes of the client, goes to the port as fast as the
 * port takes it; the next piece is taken when it is gone. Log lines go first. Nothing a component logs can move the cursor or
 * look like another's line: control characters become "?", and the name in front is the console's.
 *
 * The trusted path: CONSOLE_ATTENTION gives the line to the session, whatever the client does or does not do. Only what is staged of
 * the client still goes out; then the terminal is reset, and nothing of the client's passes until the session gives the line back.
 *
 * Owns:   the port and its interrupt; the consumers' side of all log rings.    Uses: rt, shmq, format.
 * Limits: log lines of 239 characters; longer ones are cut in two. Input that the client does not fetch is lost, and counted.
 */
#include "format.h"
#include "pl011.h"
#include "proto/console.h"
#include "proto/log.h"
#include "rt.h"

LX_DEVICE(uart);
LX_IRQ(uart_irq);
LX_LOGS(logs);
LX_SLOT_WITH(lx_channel, SLOT_CHANNEL, tty, .flags = SLOT_OPTIONAL, .record_bytes = CONSOLE_RECORD_BYTES);
LX_SLOT_WITH(lx_channel, SLOT_CHANNEL, session, .flags = SLOT_OPTIONAL, .record_bytes = CONSOLE_RECORD_BYTES);
LX_SLOT(lx_server, SLOT_SERVER, SLOT_OPTIONAL, control);
LX_SLOT(lx_watch, SLOT_WATCH, SLOT_OPTIONAL, session_watch);

enum { STAGE_BYTES = LOG_LINE_MAX + 64 };

/* Ends whatever control sequence was begun, and makes the terminal as when it was switched on: colours, letters, modes, an empty
 * screen. Then the cursor is where the next byte goes. Source: ECMA-48 sections 8.3.6 (CAN), 8.3.143 (ST), 8.3.105 (RIS). */
static const char terminal_reset[] = "\x18\x1b\\\x1b" "c\x1b[2J\x1b[H";

/** One component's log: its ring, and the line that is not complete yet. */
struct source {
    struct shmq ring;
    char line[LOG_LINE_MAX];
    uint32_t len;
};

static struct source sources[SLOT_LOGS_MAX];
static struct shmq to_client;
static struct shmq from_client;
static bool has_client;
static uint64_t input_lost;

/* ---- who has the line ------------------------------------------------------------------------------------------------------- */

static struct shmq to_session;
static struct shmq from_session;
static bool has_session;
static bool session_has_line;
static bool session_speaks; /* it has written since it got the line, or was called by the user: the screen is its */
static bool is_leaving;     /* it gives the line back when its ring is empty */
static bool reset_wanted;   /* before anything else goes out */

static char stage[STAGE_BYTES];
static uint32_t stage_len;
static uint32_t stage_at;
static bool line_open; /* the client's last byte was no newline */

/* ---- what goes out ---------------------------------------------------------------------------------------------------------- */

static void stage_line(uint32_t index, const char *text, uint32_t len)
{
    const char *newline = line_open ? "\r\n" : "";
    line_open = false;
    stage_at = 0;
    stage_len = (uint32_t)format_text(stage, sizeof stage, "%s%s| %.*s\r\n", newline, rt_name(logs.sources[index]), (int)len, text);
}

/* Takes bytes of one ring until a line is complete; then it is staged. */
static bool take_log(uint32_t index)
{
    struct source *s = &sources[index];
    char c;
    while (shmq_get(&s->ring, &c, 1) == 1) {
        bool complete = c == '\n' || s->len == sizeof s->line - 1;
        if (c != '\n') {
            s->line[s->len++] = c >= ' ' && c <= '~' ? c : '?';
        }
        if (complete) {
            stage_line(index, s->line, s->len);
            s->len = 0;
            return true;
        }
    }
    return false;
}

static bool take_client(void)
{
    if (!has_client || session_has_line) {
        return false;
    }
    stage_at = 0;
    stage_len = shmq_get(&from_client, stage, sizeof stage);
    if (stage_len != 0) {
        line_open = stage[stage_len - 1] != '\n';
        if (shmq_should_notify(&from_client)) {
            rt_signal(tty.notify);
        }
    }
    return stage_len != 0;
}

/* The session's bytes; and when there are none left of one who leaves, the line is the client's. */
static bool take_session(void)
{
    stage_at = 0;
    stage_len = shmq_get(&from_session, stage, sizeof stage);
    if (stage_len != 0) {
        session_speaks = true;
        if (shmq_should_notify(&from_session)) {
            rt_signal(session.notify);
        }
        return true;
    }
    if (is_leaving) {
        is_leaving = false;
        session_has_line = false;
        reset_wanted = session_speaks;
        session_speaks = false;
    }
    return false;
}

static bool take_reset(void)
{
    if (!reset_wanted) {
        return false;
    }
    reset_wanted = false;
    line_open = false;
    stage_at = 0;
    stage_len = sizeof terminal_reset - 1;
    memcpy(stage, terminal_reset, stage_len);
    return true;
}

static bool take_next(void)
{
    if (take_reset() || (session_has_line && take_session()) || take_reset()) {
        return true;
    }
    if (session_speaks) {
        return false; /* logs wait as well */
    }
    for (uint32_t i = 0; i < logs.count; i++) {
        if (take_log(i)) {
            return true;
        }
    }
    return take_client();
}

/* Asks every ring that is read now to signal. @return false when one has something already. */
static bool sleep_all(void)
{
    bool idle = session_has_line ? shmq_sleep(&from_session) : true;
    if (session_speaks) {
        return idle;
    }
    for (uint32_t i = 0; i < logs.count; i++) {
        idle &= shmq_sleep(&sources[i].ring);
    }
    return has_client && !session_has_line ? shmq_sleep(&from_client) && idle : idle;
}

static void pump(void)
{
    do {
        do {
            for (; stage_at < stage_len; stage_at++) {
                if (!pl011_put((uint8_t)stage[stage_at])) {
                    pl011_want_room(true);
                    return;
                }
            }
        } while (take_next());
    } while (!sleep_all());
    pl011_want_room(false);
}

/* ---- what comes in ---------------------------------------------------------------------------------------------------------- */

static void session_takes(void)
{
    if (!session_has_line || !session_speaks) {
        reset_wanted = true;
    }
    session_has_line = true;
    session_speaks = true;
    is_leaving = false;
}

static void receive(void)
{
    uint8_t byte;
    while (pl011_get(&byte)) {
        if (has_session && byte == CONSOLE_ATTENTION) {
            session_takes();
        }
        if (has_session && session_has_line ? shmq_put(&to_session, &byte, 1) == 0
                                            : !has_client || shmq_put(&to_client, &byte, 1) == 0) {
            input_lost++;
        }
    }
    if (has_client && shmq_should_notify(&to_client)) {
        rt_signal(tty.notify);
    }
    if (has_session && shmq_should_notify(&to_session)) {
        rt_signal(session.notify);
    }
}

static void start_session(void)
{
    has_session = lx_given(session) && lx_given(control);
    if (has_session) {
        shmq_open(&to_session, (void *)session.send_addr, CONSOLE_RECORD_BYTES, session.record_count, true);
        shmq_open(&from_session, (void *)session.receive_addr, CONSOLE_RECORD_BYTES, session.record_count, false);
        session_has_line = true; /* nobody gets past whoever asks for a password */
    }
}

void init(void)
{
    assert(logs.count <= SLOT_LOGS_MAX);
    for (uint32_t i = 0; i < logs.count; i++) {
        shmq_open(&sources[i].ring, (void *)(logs.addr + i * logs.stride_bytes), 1, LOG_RING_CAPACITY, false);
    }
    has_client = lx_given(tty);
    if (has_client) {
        shmq_open(&to_client, (void *)tty.send_addr, CONSOLE_RECORD_BYTES, tty.record_count, true);
        shmq_open(&from_client, (void *)tty.receive_addr, CONSOLE_RECORD_BYTES, tty.record_count, false);
    }
    start_session();
    pl011_start(uart.addr);
    pump();
}

void notified(uint64_t signals)
{
    if ((signals & uart_irq.signal) != 0) {
        pl011_clear();
        receive();
        if (irq_ack(uart_irq.handler) != seL4_NoError) {
            rt_panic("the port's interrupt cannot be acknowledged");
        }
    }
    if (lx_given(session_watch) && (signals & session_watch.signal) != 0) {
        session_speaks = false; /* it crashed: what is logged about that must be seen; the line stays where it is */
        is_leaving = false;
    }
    pump();
}

bool protected(struct message *m)
{
    if (!lx_given(control) || m->badge - control.first_caller >= control.caller_count) {
        rt_message(m, PROTO_FORBIDDEN, 0);
        return true;
    }
    switch (rt_label(m)) {
    case CONSOLE_TAKE:
        session_takes();
        break;
    case CONSOLE_RELEASE:
        is_leaving = session_has_line;
        break;
    default:
        rt_message(m, PROTO_UNKNOWN, 0);
        return true;
    }
    pump();
    rt_message(m, PROTO_OK, 0);
    return true;
}
