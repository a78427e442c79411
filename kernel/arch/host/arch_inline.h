/* SPDX-License-Identifier: MIT */
/**
 * arch.h for the host: the machine is simulated, so that the kernel's own code runs in tests and fuzzers. Physical memory is an
 * array; time moves only when the test says so; translation tables are written and never walked by hardware.
 */
#ifndef KERNEL_ARCH_INLINE_H
#define KERNEL_ARCH_INLINE_H

#define SIM_RAM_START 0x60000000ull
#define SIM_RAM_BYTES (4ull << 20)
#define ARCH_WINDOW_START SIM_RAM_START
#define ARCH_WINDOW_END (SIM_RAM_START + SIM_RAM_BYTES)
#define ARCH_CACHE_END 0x7fc0000000ull

#define ARCH_USER_SPSR 0x140ull
#define ARCH_MAX_US ((1ull << 61) / 62500u)

/** What the simulated machine knows; tests set and read it. */
struct sim {
    ticks_t time;
    ticks_t deadline;
    bool irq_pending[IRQ_COUNT];
    bool irq_masked[IRQ_COUNT];
    uint64_t smc_count;
    bool fast_paths; /**< taken where they fit */
    uint64_t fast_switches;
};
extern struct sim sim;
extern uint8_t sim_ram[SIM_RAM_BYTES];

enum { SIM_TIMER_IRQ = 26 };

/** Moves time on; the timer's interrupt becomes pending when its deadline has passed. */
void sim_advance(ticks_t ticks);

static inline void *kptr(paddr_t address)
{
    /* A capability without an object has address 0; its pointer is formed here and there, and never used. */
    return address < SIM_RAM_START || address >= ARCH_WINDOW_END ? NULL : &sim_ram[address - SIM_RAM_START];
}

static inline paddr_t kptr_address(const void *pointer)
{
    return SIM_RAM_START + (paddr_t)((const uint8_t *)pointer - sim_ram);
}

static inline void arch_table_written(void)
{
}

static inline ticks_t arch_time(void)
{
    return sim.time;
}

static inline ticks_t arch_ticks_from_us(uint64_t us)
{
    return us / 1000 * 62500u + us % 1000 * 62500u / 1000;
}

static inline uint64_t arch_us_from_ticks(ticks_t ticks)
{
    return ticks / 62500u * 1000 + ticks % 62500u * 1000 / 62500u;
}

static inline bool arch_fast_paths(void)
{
    return sim.fast_paths;
}

static inline uint64_t arch_user_spsr(uint64_t value)
{
    return (value & 0xf0000000ull) | ARCH_USER_SPSR;
}

bool arch_interrupt_is_pending(void);

#endif
