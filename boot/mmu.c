/* SPDX-License-Identifier: MIT */
/**
 * Translation tables of the loader at EL2: the identity map in the first 512 GiB, the kernel's window above.
 * Only the loader's own image is executable until the kernel's window is added, and nothing is both writable and
 * executable but the kernel's memory, which the kernel maps again at once.
 * Source: Arm ARM DDI 0487 section D8.3 (descriptors); facts of the hand-over in docs/spec/kernel-abi.md
 */
#include "boot.h"
#include "machine.h"

enum {
    ENTRIES = 512,
    ATTR_DEVICE = 0, /* indices of MAIR, below */
    ATTR_NORMAL = 4,
};

#define GIB     (1ull << 30)
#define MIB2    (1ull << 21)
#define TABLE   3ull
#define BLOCK   1ull
#define RES1    (1ull << 6)
#define RO      (1ull << 7)
#define SHARED  (3ull << 8)
#define AF      (1ull << 10)
#define XN      (1ull << 54)
#define ATTR(i) ((uint64_t)(i) << 2)

/* Both are what the kernel demands: it relies on the one and compares the other. */
#define MAIR_EL2_VALUE 0x0000aaff440c0400ull
#define TCR_EL2_VALUE  0x80823510ull
/* RES1 bits, I and D cache, MMU. */
#define SCTLR_EL2_VALUE (0x30c50830ull | 1u << 12 | 1u << 2 | 1u << 0)

typedef uint64_t table[ENTRIES] __attribute__((aligned(4096)));
static table level0;
static table identity;
static table identity_ram;
static table window;
static table window_ram;

#define NORMAL_BLOCK (BLOCK | ATTR(ATTR_NORMAL) | RES1 | SHARED | AF)
#define DEVICE_BLOCK (BLOCK | ATTR(ATTR_DEVICE) | RES1 | AF | XN)

static inline uint64_t entry_of(const uint64_t *next)
{
    return (uint64_t)next | TABLE;
}

extern uint8_t loader_bss[];
extern uint8_t loader_bss_end[];

/* Runs with the MMU off: only aligned accesses, no calls to the memory functions. What the data cache may still hold of
 * the tables and the stack is from before the reset, so it is dropped. */
void mmu_start(void)
{
    for (unsigned i = 0; i < ENTRIES; i++) {
        uint64_t addr = MACHINE_RAM + i * MIB2;
        identity_ram[i] = addr | NORMAL_BLOCK | (addr == BOOT_IMAGE_ADDR ? RO : XN);
    }
    identity[0] = DEVICE_BLOCK;
    identity[1] = entry_of(identity_ram);
    for (unsigned i = 2; i < MACHINE_RAM_END / GIB; i++) {
        identity[i] = i * GIB | NORMAL_BLOCK | XN;
    }
    level0[0] = entry_of(identity);
    for (uint64_t addr = align_down((uint64_t)loader_bss, 64); addr < (uint64_t)loader_bss_end; addr += 64) {
        __asm__ volatile("dc ivac, %0" : : "r"(addr) : "memory");
    }
    __asm__ volatile("msr mair_el2, %0\n\t"
                     "msr tcr_el2, %1\n\t"
                     "msr ttbr0_el2, %2\n\t"
                     "dsb sy\n\t"
                     "tlbi alle2\n\t"
                     "ic iallu\n\t"
                     "dsb sy\n\t"
                     "isb\n\t"
                     "msr sctlr_el2, %3\n\t"
                     "isb"
                     :
                     : "r"(MAIR_EL2_VALUE), "r"(TCR_EL2_VALUE), "r"(level0), "r"(SCTLR_EL2_VALUE)
                     : "memory");
}

void mmu_map_kernel(uint64_t virt, uint64_t phys, uint64_t len_bytes)
{
    unsigned index = (unsigned)(virt / MIB2 % ENTRIES);
    uint64_t executable_end = phys + len_bytes;
    for (uint64_t addr = align_down(phys, MIB2); index < ENTRIES; index++, addr += MIB2) {
        window_ram[index] = addr | NORMAL_BLOCK | (addr < executable_end ? 0 : XN);
    }
    window[virt / GIB % ENTRIES] = entry_of(window_ram);
    level0[virt / (GIB * ENTRIES)] = entry_of(window);
    __asm__ volatile("dsb ishst; isb" : : : "memory");
}

void cache_publish(uint64_t addr, uint64_t len_bytes)
{
    for (uint64_t line = align_down(addr, 64); line < addr + len_bytes; line += 64) {
        __asm__ volatile("dc cvau, %0" : : "r"(line) : "memory");
    }
    __asm__ volatile("dsb ish; ic iallu; dsb ish; isb" : : : "memory");
}
