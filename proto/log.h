/* SPDX-License-Identifier: MIT */
/**
 * Log rings: a byte ring of lib/shmq from each component to the console. The producer puts whole lines, each ended by a newline,
 * and drops a line that does not fit; the console shows them with the component's name in front.
 */
#ifndef LX_PROTO_LOG_H
#define LX_PROTO_LOG_H

enum {
    LOG_RING_CAPACITY = 4096, /**< bytes of text; a slot of LX_LOG has room for this and the queue's header */
    LOG_LINE_MAX = 240,       /**< bytes of one line with its newline */
};

#endif
