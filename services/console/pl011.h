/* SPDX-License-Identifier: MIT */
/** The serial port of the console: an Arm PL011, as functions on its registers. Source: Arm DDI 0183 chapter 3. */
#ifndef LX_PL011_H
#define LX_PL011_H

#include "base.h"

/** Sets up the port: 8 data bits, FIFOs, interrupts for received bytes. The speed stays as the firmware left it. */
void pl011_start(uint64_t registers);

/** @return false when the transmit FIFO is full. */
MUST_USE bool pl011_put(uint8_t byte);

/** @return false when nothing was received. */
MUST_USE bool pl011_get(uint8_t *out);

/** Asks for an interrupt when there is room to transmit, or no longer. */
void pl011_want_room(bool wanted);

/** Clears what raised the interrupt; call it before looking at the FIFOs. */
void pl011_clear(void);

#endif
