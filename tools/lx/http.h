/* SPDX-License-Identifier: MIT */
/**
 * A ledger node over HTTP, for the commands that talk to one: within a time, within a number of bytes, and without following anybody
 * elsewhere.
 * Owns:   a connection and the last answer.    Uses: libcurl, node_client. Private to lx.
 */
#ifndef LX_TOOL_HTTP_H
#define LX_TOOL_HTTP_H

#include "lx.h"
#include "node_client.h"

/** Opens a conversation with the node that a command line names. Ends the program when it names none. */
struct node_client *http_open(const struct arguments *args);
/** The URL as it was given. */
const char *http_url(void);
void http_close(void);

/** A file that holds USER:PASSWORD in one line, and that nobody else can read. Ends the program when it does not. */
char *auth_read(const char *path);

#endif
