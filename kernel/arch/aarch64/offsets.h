/* SPDX-License-Identifier: MIT */
/** What entry.S knows of struct tcb; machine.c asserts it. */
#ifndef KERNEL_ARCH_OFFSETS_H
#define KERNEL_ARCH_OFFSETS_H

#define TCB_STATE_OFFSET 1029

#endif
