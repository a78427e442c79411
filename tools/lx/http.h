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

/** With --node: ends the program unless the key's chain here has all that the node has, so that signing makes no fork. */
void node_before_signing(const struct arguments *args, const struct key *key);
/** With --node: publishes the key's chain. @return STATUS_OK, or STATUS_REFUSED with a sentence: what was signed stays signed. */
int node_after_signing(const struct arguments *args, const struct key *key);

/**
 * Fetches what follows a chain's bytes, of which the verifier has verified all.
 * @return the bytes of the longer chain file. Ends the program when the node's answer is refused.
 */
struct bytes node_fetch_rest(struct node_client *c, struct sigchain_verifier *v, struct cursor known);

/** A file that holds USER:PASSWORD in one line, and that nobody else can read. Ends the program when it does not. */
char *auth_read(const char *path);

#endif
