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
#include "object/cspace.h"

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
        {PLAT_GICH, PLAT_GICH + 0x1000}, /* virtual interrupts of guests */
    };
    struct boot_input in = {
        .root_image = {image_first, image_last},
        .physical_minus_virtual = offset,
        .entry = entry,
        .device_tree = {tree, tree + tree_len},
        .kernel_image = {kptr_address(image_start), kptr_address(image_end)},
        .kernel_code = {kptr_address(image_start), kptr_address(rodata_end)},
        .ram = {PLAT_RAM_START, PLAT_RAM_END},
        .kernel_devices = devices,
        .kernel_device_count = ARRAY_LEN(devices),
        .physical_bits = PLAT_PHYSICAL_BITS,
        .timer_irq = PLAT_TIMER_IRQ,
    };
    mmu_init();
    machine_init();
    gic_init();
    if (!boot_make_root_task(&in)) {
        kernel_panic("the loader passed no usable root image, or memory is too small", __FILE__, __LINE__);
    }
}

/* ---- the end ------------------------------------------------------------------------------------------------------------------------ */

void arch_debug_put(const char *text)
{
    enum { UART_DATA = 0, UART_FLAGS = 0x18, UART_FULL = 1 << 5 };
    for (; *text != '\0'; text++) {
        while ((*device_register(PLAT_UART + UART_FLAGS) & UART_FULL) != 0) {
        }
        *device_register(PLAT_UART + UART_DATA) = (uint8_t)*text;
    }
}

void arch_debug_put_number(const char *text, uint64_t value)
{
    char digits[19] = "0x";
    for (unsigned i = 0; i < 16; i++) {
        digits[2 + i] = "0123456789abcdef"[value >> (60 - i * 4) & 15];
    }
    digits[18] = '\0';
    arch_debug_put(text);
    arch_debug_put(digits);
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
    arch_debug_put(&digits[at]);
}

/* Return addresses of the chain of frames, as long as they lie on the kernel's stack; `lx symbolize` finds their names. */
static void put_backtrace(uintptr_t frame, uint64_t pc)
{
    enum { FRAMES_MAX = 16 };
    uintptr_t low = (uintptr_t)kernel_stack_guard;
    for (unsigned i = 0; i < FRAMES_MAX && pc != 0; i++) {
        arch_debug_put("\r\n  frame ");
        put_number(i);
        arch_debug_put_number(" of kernel ", pc);
        pc = 0;
        if (frame > low && frame < low + 0x2800 && is_aligned(frame, 3)) {
            const uint64_t *pair = (const uint64_t *)frame;
            pc = pair[1];
            frame = pair[0];
        }
    }
}

/* The thread that runs, what it does, and the capability that it names. */
static void put_thread(struct tcb *t)
{
    arch_debug_put_number("\r\n  thread ", (uint64_t)t);
    arch_debug_put_number(" pc ", t->regs.pc);
    arch_debug_put_number(" sp ", t->regs.sp);
    arch_debug_put_number(" spsr ", t->regs.spsr);
    for (unsigned i = 0; i < ARRAY_LEN(t->regs.x); i++) {
        arch_debug_put(i % 4 == 0 ? "\r\n  x" : " x");
        put_number(i);
        arch_debug_put_number(" ", t->regs.x[i]);
    }
    const struct slot *slot = cspace_find(t, t->regs.x[0]);
    if (slot != NULL) {
        arch_debug_put("\r\n  x0 names a capability of type ");
        put_number(cap_type(slot->cap));
        arch_debug_put_number(", words ", slot->cap.word[0]);
        arch_debug_put_number(" ", slot->cap.word[1]);
    }
}

NORETURN static void stop(uintptr_t frame, uint64_t pc)
{
    static bool reporting; /* what the report looks at may be broken, too */
    put_backtrace(frame, pc);
    if (!reporting && kernel.current != NULL) {
        reporting = true;
        put_thread(kernel.current);
    }
    arch_debug_put("\r\nThe machine is stopped.\r\n");
    for (;;) {
        __asm__ volatile("wfi");
    }
}

void kernel_panic(const char *what, const char *file, int line)
{
    arch_debug_put("\r\nkernel: broken: ");
    arch_debug_put(what);
    arch_debug_put(" (");
    arch_debug_put(file);
    arch_debug_put(":");
    put_number((unsigned)line);
    arch_debug_put(")");
    stop((uintptr_t)__builtin_frame_address(0), (uint64_t)__builtin_return_address(0));
}

NORETURN void arch_kernel_exception(uint64_t syndrome, uint64_t pc, uint64_t address, uint64_t sp, uint64_t frame);

void arch_kernel_exception(uint64_t syndrome, uint64_t pc, uint64_t address, uint64_t sp, uint64_t frame)
{
    arch_debug_put("\r\nkernel: unexpected exception in the kernel");
    arch_debug_put_number("\r\n  syndrome ", syndrome);
    arch_debug_put_number(" pc ", pc);
    arch_debug_put_number(" address ", address);
    arch_debug_put_number(" sp ", sp);
    stop(frame, pc);
}
