/* SPDX-License-Identifier: MIT */
/**
 * Proto: messages between components, one header per interface: proto/NAME.h. A request is a label and words, a reply the
 * same; the label of a reply is an enum proto_status or the interface's own. Requests are idempotent or carry an id, because a
 * server that was restarted has them repeated to it.
 * Owns:   nothing.    Uses: <stdint.h>. Layouts and numbers only, no code.
 */
#ifndef LX_PROTO_H
#define LX_PROTO_H

#include <stdint.h>

/** Labels of replies that mean the same for every interface. */
enum proto_status {
    PROTO_OK = 0,
    PROTO_UNKNOWN,   /**< the server does not know this request */
    PROTO_INVALID,   /**< an argument breaks a rule */
    PROTO_FORBIDDEN, /**< the caller may not do this */
    PROTO_FULL,      /**< no room */
    PROTO_FAILED,    /**< the server tried, and it did not work */
};

/**
 * Labels of replies that the root task gives for a server that crashed. RESTARTED: the server runs again and has forgotten
 * the request, which is to be sent again (rt_call does that). STOPPED: nobody will answer any more.
 */
#define PROTO_RESTARTED ((1ull << 40) + 1)
#define PROTO_STOPPED   ((1ull << 40) + 2)

#endif
