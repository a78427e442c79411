/* SPDX-License-Identifier: MIT */
/**
 * Build options of the kernel. The defaults are the reference configuration (docs/spec/kernel-abi.md); others can be given
 * on the command line, e.g. `make kernel KERNEL_OPTIONS='-DKERNEL_DOMAINS=1'`.
 */
#ifndef KERNEL_CONFIG_H
#define KERNEL_CONFIG_H

#ifndef KERNEL_DOMAINS
#define KERNEL_DOMAINS 16 /**< at most 255 */
#endif

#ifndef KERNEL_DOMAIN_SCHEDULE_ENTRIES
#define KERNEL_DOMAIN_SCHEDULE_ENTRIES 100 /**< the last one is always an end marker */
#endif

#ifndef KERNEL_FAST_PATHS
#define KERNEL_FAST_PATHS 1 /**< 0: every system call takes the general path */
#endif

#ifndef KERNEL_ROOT_CNODE_BITS
#define KERNEL_ROOT_CNODE_BITS 17
#endif

#ifndef KERNEL_DEBUG_CALLS
#define KERNEL_DEBUG_CALLS 0 /**< 1: everybody can make the debug system calls (api/debug.h) */
#endif

#ifndef KERNEL_TRACE
#define KERNEL_TRACE 0 /**< 1: writes what it does into a ring that it shows (object/trace.h) */
#endif

#endif
