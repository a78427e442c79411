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

#define ARCH_GUEST_TIMER_IRQ 27u
#define ARCH_GUEST_MAINTENANCE_IRQ 25u

enum { SIM_VIRQS = 4 };

/** EL1 of the simulated machine. Its guest is what the tests make it do. */
struct sim_guest {
    bool entered;
    uint64_t regs[seL4_VCPUReg_Num];
    uint32_t virq[SIM_VIRQS];
    uint64_t stores;  /**< how often lazy registers went back */
    uint64_t flushes; /**< of what the TLB knew of a guest's tables */
};

/** What the simulated machine knows; tests set and read it. */
struct sim {
    ticks_t time;
    ticks_t deadline;
    bool irq_pending[IRQ_COUNT];
    bool irq_masked[IRQ_COUNT];
    uint64_t smc_count;
    bool fast_paths; /**< taken where they fit */
    uint64_t fast_entries; /**< that were */
    bool page_used[SIM_RAM_BYTES >> 12]; /**< since boot: cleared, as memory is before it is used */
    struct sim_guest guest;
};
extern struct sim sim;
extern uint8_t sim_ram[SIM_RAM_BYTES];

enum { SIM_TIMER_IRQ = 26 };

/** The kernel's image lies where RAM starts; the bytes of its code and constants, of which it has none here, are made up. */
enum { SIM_KERNEL_BYTES = 0x10000, SIM_KERNEL_CODE_BYTES = 0x3000 };
extern uint8_t sim_kernel_code[SIM_KERNEL_CODE_BYTES];

/** Moves time on; a timer's interrupt becomes pending when its deadline has passed. */
void sim_advance(ticks_t ticks);

/** The guest takes the virtual interrupt in a list register, or ends it, as it would by acknowledging and ending it. */
void sim_guest_takes(unsigned index);
void sim_guest_ends(unsigned index);
bool sim_virq_is_pending(uint32_t virq);

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

static inline void arch_fast_path_taken(void)
{
    sim.fast_entries++;
}

static inline bool arch_fast_paths(void)
{
    return sim.fast_paths;
}

static inline uint64_t arch_user_spsr(uint64_t value, bool guest)
{
    uint64_t mode = value & 31;
    return guest && (mode == 0 || mode == 4 || mode == 5) ? value : (value & 0xf0000000ull) | ARCH_USER_SPSR;
}

static inline unsigned arch_irq_number(unsigned taken)
{
    return taken;
}

bool arch_interrupt_is_pending(void);

#endif
