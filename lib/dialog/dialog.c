/* SPDX-License-Identifier: MIT */
/** Dialog: the frame of all conversations: screens, the menu, what is typed. See dialog.h. */
#include "private.h"

enum { SAY_BYTES = 768 };

/* ---- saying things -------------------------------------------------------------------------------------------------------------- */

void say(struct dialog *d, const char *text, ...)
{
    char out[SAY_BYTES];
    va_list args;
    va_start(args, text);
    size_t len = format_list(out, sizeof out, text, args);
    va_end(args);
    d->ops.write(d->ops.context, out, len);
    wipe(out, sizeof out); /* it may have been a recovery phrase */
}

void say_foreign(struct dialog *d, const char *text, size_t len_bytes)
{
    char out[64];
    for (size_t at = 0; at < len_bytes;) {
        size_t n = len_bytes - at < sizeof out ? len_bytes - at : sizeof out;
        for (size_t i = 0; i < n; i++) {
            char c = text[at + i];
            out[i] = c >= ' ' && c <= '~' ? c : '?';
        }
        d->ops.write(d->ops.context, out, n);
        at += n;
    }
    wipe(out, sizeof out);
}

void open_screen(struct dialog *d)
{
    if (d->step == STEP_IDLE) {
        d->ops.take(d->ops.context);
    }
    say(d, "\r\n==== LX-OS, not a program ====\r\n");
    if (d->phrase[0] != '\0') {
        say(d, "your words: ");
        say_foreign(d, d->phrase, strlen(d->phrase));
        say(d, "\r\n");
    } else {
        say(d, "no profile, so no words that only you know\r\n");
    }
    say(d, "\r\n");
}

void go(struct dialog *d, enum step step)
{
    d->step = (uint8_t)step;
    dialog_line_start(&d->line, step_is_hidden(step));
    say(d, "%s", step_prompt(step));
}

void pause_with(struct dialog *d, const char *sentence)
{
    say(d, "%s\r\n", sentence);
    go(d, STEP_PAUSE);
}

/* ---- what the keystore is like ---------------------------------------------------------------------------------------------------- */

static bool take_text(struct cursor *c, char *out, size_t cap_bytes)
{
    uint16_t len;
    if (!cursor_le16(c, &len) || len >= cap_bytes || !cursor_copy(c, out, len)) {
        return false;
    }
    out[len] = '\0';
    return true;
}

void learn_state(struct dialog *d)
{
    struct cursor c;
    uint8_t head[4];
    uint32_t failures, wait_s;
    d->request.label = KEYSTORE_STATE;
    d->request.len_bytes = 0;
    d->ops.keys(d->ops.context, &d->request, &d->reply);
    c = cursor_of(d->reply.bytes, d->reply.len_bytes);
    if (d->reply.label != PROTO_OK || !cursor_copy(&c, head, sizeof head) || !cursor_le32(&c, &failures) || !cursor_le32(&c, &wait_s) ||
        !cursor_le32(&c, &d->transactions) || !cursor_copy(&c, d->genesis, sizeof d->genesis) ||
        !take_text(&c, d->phrase, sizeof d->phrase) || !take_text(&c, d->name, sizeof d->name)) {
        d->keys_state = KEYSTORE_NONE;
        d->phrase[0] = '\0';
        return;
    }
    d->keys_state = head[0];
    d->keys_kind = head[1];
    d->is_locked = d->keys_state == KEYSTORE_LOCKED;
}

/* ---- the menu ------------------------------------------------------------------------------------------------------------------------ */

/* Ids are read from the last byte in memory on. */
static void say_id(struct dialog *d)
{
    static const char digits[] = "0123456789abcdef";
    char hex[2 * sizeof d->genesis];
    for (size_t i = 0; i < sizeof d->genesis; i++) {
        uint8_t byte = d->genesis[sizeof d->genesis - 1 - i];
        hex[2 * i] = digits[byte >> 4];
        hex[2 * i + 1] = digits[byte & 15];
    }
    say(d, ", chain ");
    say_foreign(d, hex, sizeof hex);
    say(d, "\r\n");
}

void show_menu(struct dialog *d)
{
    switch ((enum keystore_state)d->keys_state) {
    case KEYSTORE_EMPTY:
        say(d, "  1  make a profile\r\n  2  use a Nexus profile that you have\r\n");
        break;
    case KEYSTORE_UNLOCKED:
        say(d, "profile ");
        say_foreign(d, d->name, strlen(d->name));
        say_id(d);
        say(d, "  1  lock\r\n  2  change the password\r\n  3  log out: lock, and end all programs\r\n");
        if (d->keys_kind == KEYSTORE_OWN) {
            say(d, "  4  add another device\r\n");
        }
        break;
    case KEYSTORE_DAMAGED:
        say(d, "The keys on the disk cannot be read: they are another device's, or damaged. They are left as they are.\r\n");
        break;
    case KEYSTORE_NONE:
    case KEYSTORE_LOCKED:
        say(d, "There is no place for a profile: no disk, or no keystore.\r\n");
        break;
    }
    say(d, "  0  back to the programs (or Ctrl-] again)\r\n");
    go(d, STEP_MENU);
}

/* ---- what comes and goes -------------------------------------------------------------------------------------------------------------- */

void leave(struct dialog *d)
{
    steps_forget(d);
    dialog_line_start(&d->line, false);
    if (d->is_locked) {
        open_screen(d);
        go(d, STEP_LOGIN);
    } else if (!question_show_next(d)) {
        d->step = STEP_IDLE;
        d->ops.release(d->ops.context);
    }
}

static void attention(struct dialog *d)
{
    if (d->step == STEP_IDLE) {
        learn_state(d);
        d->step = STEP_PAUSE; /* the console has given the line already */
        if (d->is_locked) {
            leave(d);
        } else {
            open_screen(d);
            show_menu(d);
        }
        return;
    }
    if (d->step == STEP_QUESTION) {
        question_drop(d);
    }
    leave(d);
}

static bool is_deaf(struct dialog *d)
{
    return d->deaf_until_ns != 0 && d->ops.now_ns(d->ops.context) < d->deaf_until_ns;
}

static void take_byte(struct dialog *d, uint8_t byte)
{
    char echo[4];
    size_t echo_len;
    if (byte != CONSOLE_ATTENTION && (d->step == STEP_IDLE || is_deaf(d))) {
        return;
    }
    d->deaf_until_ns = 0;
    enum line_event event = dialog_line_byte(&d->line, byte, echo, &echo_len);
    if (echo_len != 0) {
        d->ops.write(d->ops.context, echo, echo_len);
    }
    switch (event) {
    case LINE_NOTHING:
        break;
    case LINE_DONE:
        step_line(d);
        break;
    case LINE_CANCEL:
    case LINE_ATTENTION:
        attention(d);
        break;
    }
}

void dialog_input(struct dialog *d, const void *bytes, size_t len_bytes)
{
    for (size_t i = 0; i < len_bytes; i++) {
        take_byte(d, ((const uint8_t *)bytes)[i]);
    }
}

void dialog_start(struct dialog *d, const struct dialog_ops *ops)
{
    memset(d, 0, sizeof *d);
    d->ops = *ops;
    learn_state(d);
    if (d->is_locked) {
        leave(d);
        return;
    }
    if (d->keys_state == KEYSTORE_EMPTY) {
        d->ops.log(d->ops.context, "no profile on this device; Ctrl-] makes one");
    } else if (d->keys_state == KEYSTORE_DAMAGED) {
        d->ops.log(d->ops.context, "the keys on the disk are another device's, or damaged, and are left as they are: there is no login");
    }
    d->ops.release(d->ops.context);
}

void dialog_console_restarted(struct dialog *d)
{
    if (d->step == STEP_IDLE) {
        d->ops.release(d->ops.context);
    } else {
        d->ops.take(d->ops.context);
        say(d, "\r\n%s", step_prompt((enum step)d->step));
    }
}
