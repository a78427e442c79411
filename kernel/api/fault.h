/* SPDX-License-Identifier: MIT */
/**
 * Faults: a thread that cannot go on sends a message in its own name to its handler and waits for the reply.
 * Owns:   tcb.fault.    Uses: ipc, message.
 * Source: seL4 manual sections 6.2 and 6.1.7.
 */
#ifndef KERNEL_API_FAULT_H
#define KERNEL_API_FAULT_H

#include "object/objects.h"

/** Sends `fault` to the fault handler of `t`; without one the thread stops. */
void fault_raise(struct tcb *t, const struct fault *fault);

/** Tells the timeout handler of `t` that its budget is used up. @return false when it has none. */
bool fault_timeout(struct tcb *t);

/** Writes the fault of `from` as a message into `to`; the length is returned. */
unsigned fault_write_message(struct tcb *from, struct tcb *to, struct seL4_IPCBuffer *buffer);

/** Takes over what the reply of `replier` sets in `t`. @return true when `t` shall run on. */
bool fault_handle_reply(struct tcb *t, const struct tcb *replier);

/** The words of a lookup failure, from word `first` on. @return the next word. */
unsigned fault_write_lookup(struct tcb *to, struct seL4_IPCBuffer *buffer, const struct lookup_failure *failure,
                            unsigned first);

#endif
