/* SPDX-License-Identifier: MIT */
/**
 * Fault: turns a fault message of the kernel into a sentence for people, the same wherever faults are handled.
 * Owns:   nothing.    Uses: base, format, abi/sel4.
 * Source: seL4 reference manual 16.0.0 section 6.2; Arm ARM DDI 0487 section D17.2.37 (ESR)
 */
#ifndef LX_FAULT_H
#define LX_FAULT_H

#include "base.h"

enum { FAULT_WORDS = 14 /**< the longest fault message that is looked at */ };

/**
 * Writes what happened, without the component's name, such as "write to 0x8 where nothing is mapped, at 0x401234".
 * @param words the first FAULT_WORDS words of the message; what the message does not have is ignored.
 * @return the length of the sentence in `out`.
 */
size_t fault_sentence(char *out, size_t cap_bytes, uint64_t label, const uint64_t words[FAULT_WORDS]);

#endif
