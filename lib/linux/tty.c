/* SPDX-License-Identifier: MIT */
/**
 * Tty: the line discipline of the console: what bytes from the keyboard become, how lines are edited and echoed, how output
 * is processed on its way out.
 * Owns:   struct tty.    Uses: wait.c, signal.c, ops->console_write.
 * Limits: LINUX_TTY_BYTES of input and of output; input that does not fit is dropped (a line can still be ended); echo that
 *         does not fit is dropped. No parity, no baud rates, no ECHOPRT.
 * Source: man-pages termios(3); POSIX.1-2017 chapter 11; behaviour of Linux 6.x pseudo terminals, which tty_test.c compares
 */
#include "tty.h"

#define MASK (LINUX_TTY_BYTES - 1)
#define TAB_STOP 8u
#define OUTPUT_WORST 8u /* bytes that one byte of output can become */
#define DISABLED 0u     /* a special character that is 0 does not exist */
_Static_assert((LINUX_TTY_BYTES & MASK) == 0, "rings are powers of two");

/* ---- small helpers ----------------------------------------------------------------------------------------------- */

static bool has(uint32_t flags, uint32_t bit)
{
    return (flags & bit) != 0;
}

static bool is_control(uint8_t c)
{
    return c < 32 || c == 127;
}

/* Letters beyond ASCII are those of ISO 8859-1, as Linux has them here. */

static bool is_upper(uint8_t c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 0xc0 && c <= 0xde && c != 0xd7);
}

static bool is_lower(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 0xdf && c != 0xf7);
}

static uint8_t lower_of(uint8_t c)
{
    return is_upper(c) ? (uint8_t)(c + 32) : c;
}

static uint8_t upper_of(uint8_t c)
{
    return is_lower(c) && c != 0xdf && c != 0xff ? (uint8_t)(c - 32) : c;
}

static bool is_word(uint8_t c)
{
    return (c >= '0' && c <= '9') || is_upper(c) || is_lower(c) || c == '_';
}

/** Inside a multi-byte character, which takes no column of its own. */
static bool continues(const struct tty *tty, uint8_t c)
{
    return has(tty->termios.iflag, IUTF8_) && (c & 0xc0) == 0x80;
}

static bool is_char(const struct tty *tty, uint8_t c, uint32_t which)
{
    return tty->termios.cc[which] != DISABLED && c == tty->termios.cc[which];
}

static void mark(uint8_t *bits, uint32_t index, bool on)
{
    uint32_t at = index & MASK;
    uint8_t bit = (uint8_t)(1u << at % 8);
    bits[at / 8] = (uint8_t)(on ? bits[at / 8] | bit : bits[at / 8] & ~bit);
}

bool tty_is_end(const struct tty *tty, uint32_t index)
{
    return (tty->is_end[(index & MASK) / 8] >> (index & MASK) % 8 & 1) != 0;
}

bool tty_is_eof(const struct tty *tty, uint32_t index)
{
    return (tty->is_eof[(index & MASK) / 8] >> (index & MASK) % 8 & 1) != 0;
}

/* ---- output ------------------------------------------------------------------------------------------------------ */

static uint32_t output_room(const struct tty *tty)
{
    return LINUX_TTY_BYTES - (tty->out_write - tty->out_read);
}

static void put(struct tty *tty, uint8_t c)
{
    if (output_room(tty) > 0) {
        tty->output[tty->out_write & MASK] = c;
        tty->out_write++;
    }
}

static void put_newline(struct tty *tty)
{
    uint32_t flags = tty->termios.oflag;
    if (has(flags, ONLRET_)) {
        tty->column = 0;
    }
    if (has(flags, ONLCR_)) {
        put(tty, '\r');
        tty->column = 0;
    }
    tty->canonical_column = tty->column;
    put(tty, '\n');
}

static void put_return(struct tty *tty)
{
    uint32_t flags = tty->termios.oflag;
    if (has(flags, ONOCR_) && tty->column == 0) {
        return;
    }
    if (has(flags, OCRNL_)) {
        if (has(flags, ONLRET_)) {
            tty->canonical_column = tty->column = 0;
        }
        put(tty, '\n');
        return;
    }
    tty->canonical_column = tty->column = 0;
    put(tty, '\r');
}

static void put_tab(struct tty *tty)
{
    uint32_t spaces = TAB_STOP - tty->column % TAB_STOP;
    tty->column += spaces;
    if ((tty->termios.oflag & TABDLY_) != XTABS_) {
        put(tty, '\t');
        return;
    }
    for (uint32_t i = 0; i < spaces; i++) {
        put(tty, ' ');
    }
}

/** One byte of output as OPOST says. */
static void put_processed(struct tty *tty, uint8_t c)
{
    if (!has(tty->termios.oflag, OPOST_)) {
        put(tty, c);
        return;
    }
    switch (c) {
    case '\n':
        put_newline(tty);
        return;
    case '\r':
        put_return(tty);
        return;
    case '\t':
        put_tab(tty);
        return;
    case '\b':
        tty->column -= tty->column > 0 ? 1 : 0;
        break;
    default:
        if (!is_control(c)) {
            c = has(tty->termios.oflag, OLCUC_) ? upper_of(c) : c;
            tty->column += continues(tty, c) ? 0 : 1;
        }
        break;
    }
    put(tty, c);
}

bool tty_has_room(const struct tty *tty)
{
    return output_room(tty) >= OUTPUT_WORST;
}

void tty_flush_output(struct tty *tty)
{
    struct linux_system *sys = tty->sys;
    bool moved = false;
    while (!tty->is_stopped && tty->out_read != tty->out_write) {
        uint32_t at = tty->out_read & MASK, len = tty->out_write - tty->out_read;
        uint32_t part = LINUX_TTY_BYTES - at < len ? LINUX_TTY_BYTES - at : len;
        size_t taken = sys->ops->console_write(sys->env, tty->output + at, part);
        assert(taken <= part);
        tty->out_read += (uint32_t)taken;
        moved = moved || taken > 0;
        if (taken < part) {
            break;
        }
    }
    if (moved) {
        wake_all(&tty->writers);
    }
}

size_t tty_output(struct tty *tty, const uint8_t *bytes, size_t len_bytes)
{
    size_t done = 0;
    while (done < len_bytes && output_room(tty) >= OUTPUT_WORST) {
        put_processed(tty, bytes[done]);
        done++;
        if (output_room(tty) < OUTPUT_WORST) {
            tty_flush_output(tty);
        }
    }
    return done;
}

/* ---- echo -------------------------------------------------------------------------------------------------------- */

static void put_caret(struct tty *tty, uint8_t c)
{
    put(tty, '^');
    put(tty, c ^ 0100);
    tty->column += 2;
}

static void echo(struct tty *tty, uint8_t c)
{
    if (has(tty->termios.lflag, ECHOCTL_) && is_control(c) && c != '\t') {
        put_caret(tty, c);
    } else {
        put_processed(tty, c);
    }
}

static void echo_newline(struct tty *tty)
{
    put_processed(tty, '\n');
}

/** Remembers where the line that is being edited starts on the screen. */
static void note_line_start(struct tty *tty)
{
    if (tty->ready == tty->write) {
        tty->canonical_column = tty->column;
    }
}

static void rub_out(struct tty *tty)
{
    put_processed(tty, '\b');
    put_processed(tty, ' ');
    put_processed(tty, '\b');
}

/** Moves back over a tab that was just taken off the line. */
static void rub_out_tab(struct tty *tty)
{
    uint32_t columns = 0, at = tty->write;
    bool after_tab = false;
    while (at != tty->ready && !after_tab) {
        uint8_t c = tty->input[--at & MASK];
        if (c == '\t') {
            after_tab = true;
        } else if (is_control(c)) {
            columns += has(tty->termios.lflag, ECHOCTL_) ? 2 : 0;
        } else if (!continues(tty, c)) {
            columns++;
        }
    }
    columns += after_tab ? 0 : tty->canonical_column;
    for (uint32_t i = TAB_STOP - columns % TAB_STOP; i > 0; i--) {
        put(tty, '\b');
        tty->column -= tty->column > 0 ? 1 : 0;
    }
}

static void rub_out_char(struct tty *tty, uint8_t c)
{
    if (c == '\t') {
        rub_out_tab(tty);
        return;
    }
    if (is_control(c) && has(tty->termios.lflag, ECHOCTL_)) {
        rub_out(tty);
    }
    if (!is_control(c) || has(tty->termios.lflag, ECHOCTL_)) {
        rub_out(tty);
    }
}

/* ---- editing a line ---------------------------------------------------------------------------------------------- */

/** Takes the last character off the line; `*first` is its first byte. @return false: there is none, or only a part. */
static bool take_back(struct tty *tty, uint8_t *first)
{
    uint32_t at = tty->write;
    if (at == tty->ready) {
        return false;
    }
    do {
        *first = tty->input[--at & MASK];
    } while (continues(tty, *first) && at != tty->ready);
    if (continues(tty, *first)) {
        return false;
    }
    tty->write = at;
    return true;
}

static void erase_one(struct tty *tty)
{
    uint8_t c;
    if (!take_back(tty, &c) || !has(tty->termios.lflag, ECHO_)) {
        return;
    }
    if (has(tty->termios.lflag, ECHOE_)) {
        rub_out_char(tty, c);
    } else {
        echo(tty, tty->termios.cc[VERASE_]);
    }
}

static void erase_word(struct tty *tty)
{
    bool seen = false;
    uint8_t c;
    for (uint32_t before = tty->write; take_back(tty, &c); before = tty->write) {
        if (is_word(c)) {
            seen = true;
        } else if (seen) {
            tty->write = before;
            return;
        }
        if (has(tty->termios.lflag, ECHO_)) {
            rub_out_char(tty, c);
        }
    }
}

static void erase_line(struct tty *tty)
{
    uint32_t flags = tty->termios.lflag;
    if (tty->write == tty->ready) {
        return;
    }
    if (!has(flags, ECHO_)) {
        tty->write = tty->ready;
        return;
    }
    if (!has(flags, ECHOK_) || !has(flags, ECHOKE_) || !has(flags, ECHOE_)) {
        tty->write = tty->ready;
        echo(tty, tty->termios.cc[VKILL_]);
        if (has(flags, ECHOK_)) {
            echo_newline(tty);
        }
        return;
    }
    for (uint8_t c; take_back(tty, &c);) {
        rub_out_char(tty, c);
    }
}

static void reprint(struct tty *tty)
{
    echo(tty, tty->termios.cc[VREPRINT_]);
    echo_newline(tty);
    for (uint32_t at = tty->ready; at != tty->write; at++) {
        echo(tty, tty->input[at & MASK]);
    }
}

/* ---- input ------------------------------------------------------------------------------------------------------- */

static uint32_t input_room(const struct tty *tty)
{
    return LINUX_TTY_BYTES - 1 - (tty->write - tty->read);
}

static void push(struct tty *tty, uint8_t c)
{
    mark(tty->is_end, tty->write, false);
    mark(tty->is_eof, tty->write, false);
    tty->input[tty->write & MASK] = c;
    tty->write++;
}

/** Ends the line, with or without a last byte of its own. One place in the ring is kept for this. */
static void end_line(struct tty *tty, uint8_t c, bool is_eof)
{
    if (tty->write - tty->read == LINUX_TTY_BYTES) {
        return;
    }
    push(tty, c);
    mark(tty->is_end, tty->write - 1, true);
    mark(tty->is_eof, tty->write - 1, is_eof);
    tty->ready = tty->write;
    tty->line_count++;
    wake_all(&tty->readers);
}

void tty_flush_input(struct tty *tty)
{
    tty->read = tty->ready = tty->write = 0;
    tty->line_count = 0;
    tty->literal_next = false;
}

void tty_drop_output(struct tty *tty)
{
    tty->out_read = tty->out_write;
    wake_all(&tty->writers);
}

void tty_set_stopped(struct tty *tty, bool stopped)
{
    if (tty->is_stopped != stopped) {
        tty_flush_output(tty); /* what came before it is still shown */
        tty->is_stopped = stopped;
        tty_flush_output(tty);
    }
}

static void signal_foreground(struct tty *tty, uint8_t c, uint32_t signal)
{
    if (!has(tty->termios.lflag, NOFLSH_)) {
        tty_flush_input(tty);
        tty_drop_output(tty);
    }
    if (has(tty->termios.iflag, IXON_)) {
        tty_set_stopped(tty, false);
    }
    if (has(tty->termios.lflag, ECHO_)) {
        echo(tty, c);
    }
    if (tty->pgid != 0) {
        signal_group(tty->sys, tty->pgid, signal);
    }
}

/** Characters that never reach a reader: flow control and signals. */
static bool take_special(struct tty *tty, uint8_t c)
{
    if (has(tty->termios.iflag, IXON_) && is_char(tty, c, VSTART_)) {
        tty_set_stopped(tty, false);
        return true;
    }
    if (has(tty->termios.iflag, IXON_) && is_char(tty, c, VSTOP_)) {
        tty_set_stopped(tty, true);
        return true;
    }
    if (!has(tty->termios.lflag, ISIG_)) {
        return false;
    }
    uint32_t signal = is_char(tty, c, VINTR_)   ? (uint32_t)SIGINT_
                      : is_char(tty, c, VQUIT_) ? (uint32_t)SIGQUIT_
                      : is_char(tty, c, VSUSP_) ? (uint32_t)SIGTSTP_
                                                : 0;
    if (signal != 0) {
        signal_foreground(tty, c, signal);
    }
    return signal != 0;
}

/** Editing characters of canonical mode. */
static bool take_editing(struct tty *tty, uint8_t c)
{
    uint32_t flags = tty->termios.lflag;
    bool extended = has(flags, IEXTEN_);
    if (is_char(tty, c, VERASE_)) {
        erase_one(tty);
    } else if (is_char(tty, c, VKILL_)) {
        erase_line(tty);
    } else if (extended && is_char(tty, c, VWERASE_)) {
        erase_word(tty);
    } else if (extended && is_char(tty, c, VLNEXT_)) {
        tty->literal_next = true;
        if (has(flags, ECHO_) && has(flags, ECHOCTL_)) {
            put(tty, '^');
            put(tty, '\b');
        }
    } else if (extended && has(flags, ECHO_) && is_char(tty, c, VREPRINT_)) {
        reprint(tty);
    } else {
        return false;
    }
    return true;
}

/** Characters that end a line. */
static bool take_end(struct tty *tty, uint8_t c)
{
    uint32_t flags = tty->termios.lflag;
    if (c == '\n') {
        if (has(flags, ECHO_) || has(flags, ECHONL_)) {
            echo_newline(tty);
        }
        end_line(tty, c, false);
        return true;
    }
    if (is_char(tty, c, VEOF_)) {
        end_line(tty, DISABLED, true);
        return true;
    }
    if (is_char(tty, c, VEOL_) || (has(flags, IEXTEN_) && is_char(tty, c, VEOL2_))) {
        if (has(flags, ECHO_)) {
            note_line_start(tty);
            echo(tty, c);
        }
        end_line(tty, c, false);
        return true;
    }
    return false;
}

/** A byte for the reader. A newline that was typed as such is shown as ^J here; one made of a carriage return moves on. */
static void take_plain(struct tty *tty, uint8_t c, bool moves_on)
{
    bool canonical = has(tty->termios.lflag, ICANON_);
    if (input_room(tty) == 0) {
        if (has(tty->termios.iflag, IMAXBEL_)) {
            put(tty, '\a');
        }
        return;
    }
    if (has(tty->termios.lflag, ECHO_)) {
        if (moves_on) {
            echo_newline(tty);
        } else {
            note_line_start(tty);
            echo(tty, c);
        }
    }
    push(tty, c);
    if (!canonical) {
        tty->ready = tty->write;
        wake_all(&tty->readers);
    }
}

/** What the input flags make of a byte. @return false: it is dropped. */
static bool translate(const struct tty *tty, uint8_t *c)
{
    uint32_t flags = tty->termios.iflag;
    if (*c == '\r') {
        if (has(flags, IGNCR_)) {
            return false;
        }
        *c = has(flags, ICRNL_) ? '\n' : '\r';
    } else if (*c == '\n' && has(flags, INLCR_)) {
        *c = '\r';
    }
    return true;
}

static void take_byte(struct tty *tty, uint8_t c)
{
    uint32_t flags = tty->termios.iflag;
    if (has(flags, ISTRIP_)) {
        c &= 0x7f;
    }
    if (has(flags, IUCLC_) && has(tty->termios.lflag, IEXTEN_)) {
        c = lower_of(c);
    }
    if (tty->literal_next) {
        tty->literal_next = false;
        take_plain(tty, c, false);
        return;
    }
    if (take_special(tty, c)) {
        return;
    }
    if (tty->is_stopped && has(flags, IXON_) && has(flags, IXANY_)) {
        tty_set_stopped(tty, false);
    }
    uint8_t typed = c;
    if (!translate(tty, &c)) {
        return;
    }
    if (has(tty->termios.lflag, ICANON_) && (take_editing(tty, c) || take_end(tty, c))) {
        return;
    }
    take_plain(tty, c, c == '\n' && typed != c);
}

void tty_input(struct tty *tty, const uint8_t *bytes, size_t len_bytes)
{
    for (size_t i = 0; i < len_bytes; i++) {
        take_byte(tty, bytes[i]);
    }
    tty_flush_output(tty);
}

/* ---- setting up -------------------------------------------------------------------------------------------------- */

void tty_init(struct tty *tty, struct linux_system *sys)
{
    static const uint8_t chars[TERMIOS_CC_COUNT] = {
        [VINTR_] = 3,  [VQUIT_] = 28, [VERASE_] = 127, [VKILL_] = 21,    [VEOF_] = 4,      [VMIN_] = 1,    [VSTART_] = 17,
        [VSTOP_] = 19, [VSUSP_] = 26, [VREPRINT_] = 18, [VDISCARD_] = 15, [VWERASE_] = 23, [VLNEXT_] = 22,
    };
    memset(tty, 0, sizeof(*tty));
    tty->sys = sys;
    tty->termios = (struct abi_termios){
        .iflag = ICRNL_ | IXON_ | IUTF8_,
        .oflag = OPOST_ | ONLCR_,
        .cflag = CONTROL_BAUD38400_ | CS8_ | CREAD_ | HUPCL_,
        .lflag = ISIG_ | ICANON_ | ECHO_ | ECHOE_ | ECHOK_ | ECHOCTL_ | ECHOKE_ | IEXTEN_,
    };
    memcpy(tty->termios.cc, chars, sizeof(chars));
    tty->window.row = sys->config.console_rows != 0 ? sys->config.console_rows : 24;
    tty->window.col = sys->config.console_columns != 0 ? sys->config.console_columns : 80;
    wait_queue_init(&tty->readers);
    wait_queue_init(&tty->writers);
}

void tty_set_termios(struct tty *tty, const struct abi_termios *wanted)
{
    bool was = has(tty->termios.lflag, ICANON_), is = has(wanted->lflag, ICANON_);
    tty->termios = *wanted;
    if (was != is) { /* what was typed so far can be read, whatever the mode was */
        memset(tty->is_end, 0, sizeof(tty->is_end));
        memset(tty->is_eof, 0, sizeof(tty->is_eof));
        tty->ready = tty->write;
        tty->line_count = 0;
        if (is && tty->read != tty->ready) {
            mark(tty->is_end, tty->ready - 1, true);
            tty->line_count = 1;
        }
    }
    if (!has(wanted->iflag, IXON_) && tty->is_stopped) {
        tty_set_stopped(tty, false);
    }
    wake_all(&tty->readers);
}

void tty_resize(struct tty *tty, const struct abi_winsize *window)
{
    if (memcmp(&tty->window, window, sizeof(*window)) == 0) {
        return;
    }
    tty->window = *window;
    if (tty->pgid != 0) {
        signal_group(tty->sys, tty->pgid, SIGWINCH_);
    }
}

void tty_drop_session(struct tty *tty)
{
    tty->sid = tty->pgid = 0;
}

const char *tty_invariant(const struct tty *tty)
{
    if (tty->ready - tty->read > LINUX_TTY_BYTES || tty->write - tty->read > LINUX_TTY_BYTES ||
        tty->ready - tty->read > tty->write - tty->read) {
        return "input is read, then ready, then being written";
    }
    if (tty->out_write - tty->out_read > LINUX_TTY_BYTES) {
        return "output fits its ring";
    }
    uint32_t lines = 0;
    for (uint32_t at = tty->read; at != tty->ready; at++) {
        lines += tty_is_end(tty, at) ? 1 : 0;
    }
    if (has(tty->termios.lflag, ICANON_) && lines != tty->line_count) {
        return "line_count counts the lines that can be read";
    }
    return NULL;
}
