/* SPDX-License-Identifier: MIT */
/**
 * The line that is typed: a filter that drops control sequences, and an editor with little comfort.
 * Owns:   nothing.    Uses: dialog.h.
 * Source: ECMA-48 section 5.4 (control sequences), 5.6 (control strings)
 */
#include "dialog.h"

enum filter { PLAIN, AFTER_ESCAPE, IN_SEQUENCE, IN_STRING, ESCAPE_IN_STRING, ONE_MORE };

enum {
    BELL = 0x07,
    BACKSPACE = 0x08,
    CTRL_C = 0x03,
    CTRL_U = 0x15,
    CANCEL_BYTE = 0x18,
    SUBSTITUTE = 0x1a,
    ESCAPE = 0x1b,
    RUB_OUT = 0x7f,
};

void dialog_line_start(struct dialog_line *l, bool is_hidden)
{
    wipe(l->text, sizeof l->text);
    l->len = 0;
    l->is_hidden = is_hidden; /* a sequence that has begun goes on */
}

static uint8_t after_escape(uint8_t byte)
{
    switch (byte) {
    case '[':
        return IN_SEQUENCE;
    case 'O': /* keys of the number pad: one letter follows */
    case 'N':
        return ONE_MORE;
    case ']': /* control strings, up to BEL or ESC \ */
    case 'P':
    case 'X':
    case '^':
    case '_':
        return IN_STRING;
    case ESCAPE:
        return AFTER_ESCAPE;
    default:
        return byte >= 0x20 && byte <= 0x2f ? AFTER_ESCAPE : PLAIN;
    }
}

/* @return whether the byte is part of a control sequence. */
static bool is_filtered(struct dialog_line *l, uint8_t byte)
{
    if (byte == CANCEL_BYTE || byte == SUBSTITUTE) {
        l->filter = PLAIN;
        return true;
    }
    switch ((enum filter)l->filter) {
    case PLAIN:
        l->filter = byte == ESCAPE ? AFTER_ESCAPE : PLAIN;
        return byte == ESCAPE;
    case AFTER_ESCAPE:
        l->filter = after_escape(byte);
        return true;
    case IN_SEQUENCE:
        l->filter = byte >= 0x40 && byte <= 0x7e ? PLAIN : byte == ESCAPE ? AFTER_ESCAPE : IN_SEQUENCE;
        return true;
    case IN_STRING:
        l->filter = byte == BELL ? PLAIN : byte == ESCAPE ? ESCAPE_IN_STRING : IN_STRING;
        return true;
    case ESCAPE_IN_STRING:
        l->filter = byte == '\\' ? PLAIN : byte == ESCAPE ? ESCAPE_IN_STRING : IN_STRING;
        return true;
    case ONE_MORE:
        l->filter = PLAIN;
        return true;
    }
    return true;
}

static void say(char *echo, size_t *echo_len, const char *text)
{
    *echo_len = strlen(text);
    memcpy(echo, text, *echo_len);
}

static void rub_out(struct dialog_line *l, char *echo, size_t *echo_len)
{
    if (l->len != 0) {
        l->text[--l->len] = '\0';
        if (!l->is_hidden) {
            say(echo, echo_len, "\b \b");
        }
    }
}

/* What is shown while it is typed is ASCII, as nobody can tell some of the other letters apart. */
static void take(struct dialog_line *l, uint8_t byte, char *echo, size_t *echo_len)
{
    bool is_fit = (byte >= 0x20 && byte < RUB_OUT) || (byte >= 0x80 && l->is_hidden);
    if (!is_fit || l->len == DIALOG_LINE_BYTES) {
        say(echo, echo_len, "\a");
        return;
    }
    l->text[l->len++] = (char)byte;
    l->text[l->len] = '\0';
    if (!l->is_hidden) {
        echo[0] = (char)byte;
        *echo_len = 1;
    }
}

enum line_event dialog_line_byte(struct dialog_line *l, uint8_t byte, char echo[4], size_t *echo_len)
{
    *echo_len = 0;
    if (byte == CONSOLE_ATTENTION) { /* also within a sequence: nothing must hold it up */
        l->filter = PLAIN;
        return LINE_ATTENTION;
    }
    if (is_filtered(l, byte)) {
        return LINE_NOTHING;
    }
    switch (byte) {
    case '\r':
    case '\n':
        say(echo, echo_len, "\r\n");
        return LINE_DONE;
    case CTRL_C:
        return LINE_CANCEL;
    case CTRL_U:
        dialog_line_start(l, l->is_hidden);
        say(echo, echo_len, "\r\n");
        return LINE_NOTHING;
    case BACKSPACE:
    case RUB_OUT:
        rub_out(l, echo, echo_len);
        return LINE_NOTHING;
    default:
        take(l, byte, echo, echo_len);
        return LINE_NOTHING;
    }
}
