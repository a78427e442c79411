/* SPDX-License-Identifier: MIT */
/**
 * The console: a serial line as two byte rings, one each way, in a channel with records of one byte (CONSOLE_RECORD_BYTES).
 * Version 1. Bytes pass as they are: echo, line editing and newline conversion are the terminal's, that is, the client's. The
 * console may put log lines of components between two of the client's writes.
 */
#ifndef LX_PROTO_CONSOLE_H
#define LX_PROTO_CONSOLE_H

enum { CONSOLE_RECORD_BYTES = 1 };

#endif
