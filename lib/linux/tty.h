/* SPDX-License-Identifier: MIT */
/**
 * Tty, private: the parts of the line discipline that the calls of programs use.
 * Owns:   nothing.    Uses: core.h.
 */
#ifndef LX_LINUX_TTY_H
#define LX_LINUX_TTY_H

#include "core.h"

/** Whether byte `index` of the input ends a line, or marks an end of file. */
bool tty_is_end(const struct tty *tty, uint32_t index);
bool tty_is_eof(const struct tty *tty, uint32_t index);
/** Processes and takes output; @return how many bytes there was room for. */
size_t tty_output(struct tty *tty, const uint8_t *bytes, size_t len_bytes);
bool tty_has_room(const struct tty *tty);
void tty_flush_input(struct tty *tty);
void tty_drop_output(struct tty *tty);
void tty_set_stopped(struct tty *tty, bool stopped);
void tty_set_termios(struct tty *tty, const struct abi_termios *wanted);

#endif
