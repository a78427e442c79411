/* SPDX-License-Identifier: MIT */
/**
 * The first code of the kernel: its own translation table, the interrupt controller, then the root task; and its last: the
 * report of a panic.
 * Source: docs/spec/kernel-abi.md for what the loader hands over; Arm ARM D8 (stage 1, EL2).
 */
#include "init/boot.h"

#include "arch/aarch64/machine.h"
#include "arch.h"
#include "api/syscall.h"

struct kernel_state kernel;

/* From the linker script; page-aligned. */
extern char image_start[];
extern char text_end[];
extern char rodata_end[];
extern char image_end[];
extern char kernel_stack_guard[];

/* ---- translation ---------------------------------------------------------------------------------------------------------------- */

enum {
    ENTRIES = 512,
    BLOCK_BITS = 21,
    GIB_BITS = 30,
};

#define S1_VALID bit(0)
#define S1_TABLE_OR_PAGE bit(1)
#define S1_NORMAL (4ull << 2) /* index into MAIR, which the loader has set */
#define S1_DEVICE (0ull << 2)
#define S1_EL2 bit(6) /* reserved, one */
#define S1_READ_ONLY bit(7)
#define S1_SHARED (3ull << 8)
#define S1_ACCESSED bit(10)
#define S1_EXECUTE_NEVER bit(54)

#define S1_MEMORY (S1_VALID | S1_NORMAL | S1_EL2 | S1_SHARED | S1_ACCESSED)
#define S1_DATA (S1_MEMORY | S1_EXECUTE_NEVER)
#define S1_REGISTERS (S1_VALID | S1_DEVICE | S1_EL2 | S1_ACCESSED | S1_EXECUTE_NEVER)

static uint64_t level0[ENTRIES] __attribute__((aligned(4096)));
static uint64_t level1[ENTRIES] __attribute__((aligned(4096)));
static uint64_t level2_devices[ENTRIES] __attribute__((aligned(4096)));
static uint64_t level2_ram[ENTRIES] __attribute__((aligned(4096)));
static uint64_t level3_image[ENTRIES] __attribute__((aligned(4096)));

static uint64_t table_entry(const uint64_t *table)
{
    return kptr_address(table) | S1_VALID | S1_TABLE_OR_PAGE;
}

static uint64_t image_page_entry(paddr_t page)
{
    const char *at = kptr(page);
    uint64_t entry = page | S1_TABLE_OR_PAGE;
    if (at == kernel_stack_guard) {
        return 0;
    }
    if (at < text_end) {
        return entry | S1_MEMORY | S1_READ_ONLY;
    }
    return entry | S1_DATA | (at < rodata_end ? S1_READ_ONLY : 0);
}

void mmu_init(void)
{
    _Static_assert(PLAT_GUEST_START == 1ull << GIB_BITS, "the caches of guests' memory are maintained as well");
    _Static_assert((PLAT_RAM_START & ((1ull << BLOCK_BITS) - 1)) == 0, "the image starts a block");
    paddr_t image = kptr_address(image_start);
    kassert(image_end - image_start <= (ptrdiff_t)bit(BLOCK_BITS));
    level0[1] = table_entry(level1); /* 0x8000000000 */
    level1[0] = table_entry(level2_devices);
    level1[1] = table_entry(level2_ram);
    level1[2] = (2ull << GIB_BITS) | S1_DATA;
    for (unsigned i = 0; i < ENTRIES; i++) {
        level3_image[i] = image_page_entry(image + ((uint64_t)i << seL4_PageBits));
        paddr_t block = (1ull << GIB_BITS) + ((uint64_t)i << BLOCK_BITS);
        level2_ram[i] = block == image ? table_entry(level3_image) : block | S1_DATA;
    }
    paddr_t gic = round_down(PLAT_GICD, BLOCK_BITS);
    paddr_t uart = round_down(PLAT_UART, BLOCK_BITS);
    level2_devices[gic >> BLOCK_BITS] = gic | S1_REGISTERS;
    level2_devices[uart >> BLOCK_BITS] = uart | S1_REGISTERS; /* for the report of a panic */
    __asm__ volatile("dsb ish" : : : "memory");
    WRITE_SYSREG(ttbr0_el2, kptr_address(level0));
    arch_isb();
    __asm__ volatile("tlbi alle2\n\tdsb nsh\n\tisb" : : : "memory");
    enum { SCTLR_A = 1 << 1, SCTLR_SA = 1 << 3, SCTLR_WXN = 1 << 19 };
    WRITE_SYSREG(sctlr_el2, (READ_SYSREG(sctlr_el2) & ~(uint64_t)SCTLR_A) | SCTLR_SA | SCTLR_WXN);
    arch_isb();
}

/* ---- start ------------------------------------------------------------------------------------------------------------------------ */

void arch_boot(paddr_t image_first, paddr_t image_last, uint64_t offset, uaddr_t entry, paddr_t tree, uint64_t tree_len);

void arch_boot(paddr_t image_first, paddr_t image_last, uint64_t offset, uaddr_t entry, paddr_t tree, uint64_t tree_len)
{
    static const struct region devices[] = {
        {PLAT_GICD, PLAT_GICD + 0x1000},
        {PLAT_GICC, PLAT_GICC + 0x1000},
        {0x08030000, 0x08031000}, /* GICH: virtual interrupts of guests */
    };
    static const unsigned reserved_irqs[] = {25, 27}; /* GIC maintenance, virtual timer: for guests */
    struct boot_input in = {
        .root_image = {image_first, image_last},
        .physical_minus_virtual = offset,
        .entry = entry,
        .device_tree = {tree, tree + tree_len},
        .kernel_image = {kptr_address(image_start), kptr_address(image_end)},
        .ram = {PLAT_RAM_START, PLAT_RAM_END},
        .kernel_devices = devices,
        .kernel_device_count = ARRAY_LEN(devices),
        .physical_bits = PLAT_PHYSICAL_BITS,
        .timer_irq = PLAT_TIMER_IRQ,
        .reserved_irqs = reserved_irqs,
        .reserved_irq_count = ARRAY_LEN(reserved_irqs),
    };
    mmu_init();
    machine_init();
    gic_init();
    if (!boot_make_root_task(&in)) {
        kernel_panic("the loader passed no usable root image, or memory is too small", __FILE__, __LINE__);
    }
}

/* ---- the end ------------------------------------------------------------------------------------------------------------------------ */

static void put(const char *text)
{
    enum { UART_DATA = 0, UART_FLAGS = 0x18, UART_FULL = 1 << 5 };
    for (; *text != '\0'; text++) {
        while ((*device_register(PLAT_UART + UART_FLAGS) & UART_FULL) != 0) {
        }
        *device_register(PLAT_UART + UART_DATA) = (uint8_t)*text;
    }
}

static void put_hex(const char *name, uint64_t value)
{
    char digits[19] = "0x";
    for (unsigned i = 0; i < 16; i++) {
        digits[2 + i] = "0123456789abcdef"[value >> (60 - i * 4) & 15];
    }
    digits[18] = '\0';
    put(name);
    put(digits);
}

static void put_number(unsigned value)
{
    char digits[11];
    unsigned at = sizeof digits - 1;
    digits[at] = '\0';
    do {
        digits[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value != 0);
    put(&digits[at]);
}

/* Return addresses of the chain of frames, as long as they lie on the kernel's stack. */
static void put_backtrace(uintptr_t frame)
{
    enum { FRAMES_MAX = 16 };
    uintptr_t low = (uintptr_t)kernel_stack_guard;
    for (unsigned i = 0; i < FRAMES_MAX && frame > low && frame < low + 0x2800 && is_aligned(frame, 3); i++) {
        const uint64_t *pair = (const uint64_t *)frame;
        put_hex("\r\n  from ", pair[1]);
        frame = pair[0];
    }
}

NORETURN static void stop(uintptr_t frame)
{
    const struct tcb *t = kernel.current;
    put_hex("\r\n  thread ", (uint64_t)t);
    if (t != NULL) {
        put_hex(" pc ", t->regs.pc);
        put_hex(" x0 ", t->regs.x[0]);
        put_hex(" x1 ", t->regs.x[1]);
        put_hex(" x7 ", t->regs.x[7]);
    }
    put_backtrace(frame);
    put("\r\nThe machine is stopped.\r\n");
    for (;;) {
        __asm__ volatile("wfi");
    }
}

void kernel_panic(const char *what, const char *file, int line)
{
    put("\r\nkernel: broken: ");
    put(what);
    put(" (");
    put(file);
    put(":");
    put_number((unsigned)line);
    put(")");
    stop((uintptr_t)__builtin_frame_address(0));
}

NORETURN void arch_kernel_exception(uint64_t syndrome, uint64_t pc, uint64_t address, uint64_t sp, uint64_t frame);

void arch_kernel_exception(uint64_t syndrome, uint64_t pc, uint64_t address, uint64_t sp, uint64_t frame)
{
    put("\r\nkernel: unexpected exception in the kernel");
    put_hex("\r\n  syndrome ", syndrome);
    put_hex(" pc ", pc);
    put_hex(" address ", address);
    put_hex(" sp ", sp);
    stop(frame);
}
