/* SPDX-License-Identifier: MIT */
/** The inline half of arch.h for AArch64, EL2. */
#ifndef KERNEL_ARCH_INLINE_H
#define KERNEL_ARCH_INLINE_H

#include "plat.h"

/** The kernel sees physical address p at p + WINDOW (docs/spec/kernel-abi.md: the official kernel does the same). */
#define ARCH_WINDOW 0x8000000000ull
#define ARCH_WINDOW_START PLAT_GUEST_START
#define ARCH_WINDOW_END PLAT_RAM_END
#define ARCH_CACHE_END 0x7fc0000000ull

/** EL0, AArch64, FIQ and SError masked; user level may set the condition flags. */
#define ARCH_USER_SPSR 0x140ull
#define ARCH_SPSR_FLAGS 0xf0000000ull

#define ARCH_GUEST_TIMER_IRQ PLAT_GUEST_TIMER_IRQ
#define ARCH_GUEST_MAINTENANCE_IRQ PLAT_MAINTENANCE_IRQ

/** 146 years: sums of a few periods and the counter stay far below 2^64 ticks. */
#define ARCH_MAX_US ((1ull << 61) / PLAT_COUNTER_KHZ)

#define READ_SYSREG(name)                                                                                              \
    __extension__({                                                                                                    \
        uint64_t sysreg_value;                                                                                         \
        __asm__ volatile("mrs %0, " #name : "=r"(sysreg_value));                                                       \
        sysreg_value;                                                                                                  \
    })
#define WRITE_SYSREG(name, value) __asm__ volatile("msr " #name ", %0" : : "r"((uint64_t)(value)))

static inline void *kptr(paddr_t address)
{
    return (void *)(address + ARCH_WINDOW);
}

static inline paddr_t kptr_address(const void *pointer)
{
    return (paddr_t)pointer - ARCH_WINDOW;
}

static inline void arch_isb(void)
{
    __asm__ volatile("isb" : : : "memory");
}

static inline void arch_table_written(void)
{
    __asm__ volatile("dsb ishst" : : : "memory");
}

static inline ticks_t arch_time(void)
{
    arch_isb();
    return READ_SYSREG(cntpct_el0);
}

static inline ticks_t arch_ticks_from_us(uint64_t us)
{
    return us / 1000 * PLAT_COUNTER_KHZ + us % 1000 * PLAT_COUNTER_KHZ / 1000;
}

static inline uint64_t arch_us_from_ticks(ticks_t ticks)
{
    return ticks / PLAT_COUNTER_KHZ * 1000 + ticks % PLAT_COUNTER_KHZ * 1000 / PLAT_COUNTER_KHZ;
}

static inline bool arch_interrupt_is_pending(void)
{
    enum { ISR_IRQ = 1 << 7 };
    return (READ_SYSREG(isr_el1) & ISR_IRQ) != 0;
}

static inline unsigned arch_irq_number(unsigned taken)
{
    return taken & 0x3ff;
}

static inline void arch_fast_path_taken(void)
{
}

static inline bool arch_fast_paths(void)
{
    return KERNEL_FAST_PATHS != 0;
}

/** A guest may be at EL0 or EL1, with whatever masked. */
static inline uint64_t arch_user_spsr(uint64_t value, bool guest)
{
    enum { MODE = 0x1f, EL0T = 0, EL1T = 4, EL1H = 5 };
    uint64_t mode = value & MODE;
    if (guest && (mode == EL0T || mode == EL1T || mode == EL1H)) {
        return value;
    }
    return (value & ARCH_SPSR_FLAGS) | ARCH_USER_SPSR;
}

#endif
