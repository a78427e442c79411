/* SPDX-License-Identifier: MIT */
/**
 * The console: a serial line as two byte rings, one each way, in a channel with records of one byte (CONSOLE_RECORD_BYTES).
 * Version 2. Bytes pass as they are: echo, line editing and newline conversion are the terminal's, that is, the client's. The
 * console may put log lines of components between two of the client's writes.
 *
 * Where there is a session (its channel, and the server slot for the requests below) one of two has the line:
 *   the client    its output goes out, and what is typed is its, but CONSOLE_ATTENTION
 *   the session   its output goes out, and everything that is typed is its; what the client writes waits in its ring, and so do log
 *                 lines from the session's first byte on
 * CONSOLE_ATTENTION, typed, is never the client's: it gives the line to the session, which finds the byte in its ring. When the line
 * changes hands the console resets the terminal, so that nothing that was written before can act on what comes after. The session
 * has the line at the start, and after a restart of the console, until it gives it away.
 */
#ifndef LX_PROTO_CONSOLE_H
#define LX_PROTO_CONSOLE_H

#include "proto.h"

enum { CONSOLE_RECORD_BYTES = 1 };

enum { CONSOLE_ATTENTION = 0x1d }; /**< Ctrl-] */

/** Requests of the session; answered PROTO_OK, and PROTO_FORBIDDEN to others. Idempotent. */
enum console_request {
    CONSOLE_TAKE = 1, /**< the line is the session's */
    CONSOLE_RELEASE,  /**< and the client's again, when all that the session wrote is out */
};

#endif
