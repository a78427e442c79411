/* SPDX-License-Identifier: MIT */
/**
 * The ABI page: offsets of its stubs, which the assembly source, its linker script and lib/linux share.
 * A stub is entered by setting a thread's pc; it ends with an svc that is recognised by its address alone.
 *
 *   SIGTRAMP    mov x8, #139; svc: what a handler returns to when its program names no restorer
 *   SIGENTRY    x2 = ucontext: stores x8-x30 and the FP state there, and x29, x30 at x4; then x29 = x4, x30 = x5, and jumps to
 *               the handler in x3
 *   SIGLEAVE    x0 = fpsimd record, sp = the frame: loads the FP state and x8-x30; ends with an svc
 *   FORKSAVE    x0 = block of ABI_FP_BYTES: stores the FP state there; ends with an svc; clobbers x1
 *   FORKENTRY   x0 = block: loads the FP state; ends with an svc; clobbers x1
 *   EXECENTRY   clears the FP state and jumps to x16
 *
 * Limits: one page, read-only and executable. Source: docs/design/linux-signals.md
 */
#ifndef LX_LINUX_ABIPAGE_H
#define LX_LINUX_ABIPAGE_H

#define ABI_TEXT 0x800
#define ABI_SIGTRAMP 0x800
#define ABI_SIGENTRY 0x840
#define ABI_SIGLEAVE 0x900
#define ABI_SIGLEAVE_SVC 0x984
#define ABI_FORKSAVE 0x9c0
#define ABI_FORKSAVE_SVC 0xa10
#define ABI_FORKENTRY 0xa40
#define ABI_FORKENTRY_SVC 0xa90
#define ABI_EXECENTRY 0xac0
#define ABI_CLOCK_GETTIME 0xb80

#define ABI_FP_BYTES 528 /* an fpsimd record: 8 bytes of head, which the stubs leave alone, FPSR, FPCR, V0-V31 */
#define ABI_UC_RECORDS 464 /* from the ucontext to its first record */
#define ABI_UC_X8 248 /* from the ucontext to where x8 is kept */
#define ABI_SIGFRAME_X8 376 /* from the frame */

#endif
