/* SPDX-License-Identifier: MIT */
/** Addresses of QEMU's virt machine with 2 GiB, and of the kernel's memory on it. Constants, no logic. */
#ifndef LX_LOADER_MACHINE_H
#define LX_LOADER_MACHINE_H

#define MACHINE_UART    0x09000000ull /**< PL011 */
#define MACHINE_GICD    0x08000000ull
#define MACHINE_GICC    0x08010000ull
#define MACHINE_RAM     0x40000000ull
#define MACHINE_RAM_END 0xc0000000ull
/** Kernel, device tree and root image lie from here on; below is the loader's. */
#define MACHINE_KERNEL_RAM 0x60000000ull

#endif
