/* SPDX-License-Identifier: MIT */
/** QEMU "virt", GICv2, 2 GiB: the memory map. Constants only. Source: QEMU hw/arm/virt memory map; docs/spec/kernel-abi.md */
#ifndef KERNEL_PLAT_H
#define KERNEL_PLAT_H

#define PLAT_GICD 0x08000000u
#define PLAT_GICC 0x08010000u
#define PLAT_GICH 0x08030000u
#define PLAT_UART 0x09000000u

/* 0x40000000 to 0x60000000 is left to guests: user level gets it as device memory. */
#define PLAT_GUEST_START 0x40000000u
#define PLAT_RAM_START 0x60000000u
#define PLAT_RAM_END 0xc0000000u

#define PLAT_COUNTER_KHZ 62500u
#define PLAT_TIMER_IRQ 26u /**< EL2 physical timer, a PPI */
#define PLAT_MAINTENANCE_IRQ 25u /**< of the virtual interrupts, a PPI */
#define PLAT_GUEST_TIMER_IRQ 27u /**< EL1 virtual timer, a PPI */
#define PLAT_PHYSICAL_BITS 40u

#endif
