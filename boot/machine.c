/* SPDX-License-Identifier: MIT */
/** The devices that the loader touches: the UART for one sentence, the interrupt controller for the kernel. See boot.h. */
#include "machine.h"

#include "boot.h"

static inline void write32(uint64_t addr, uint32_t value)
{
    *(volatile uint32_t *)addr = value;
}

static inline uint32_t read32(uint64_t addr)
{
    return *(volatile uint32_t *)addr;
}

/* PL011: data at 0, flags at 0x18, bit 5 of the flags is "transmit FIFO full" (Arm DDI 0183 section 3.3). */
static void uart_put_byte(char c)
{
    for (unsigned tries = 0; (read32(MACHINE_UART + 0x18) & 1u << 5) != 0 && tries < 1000000; tries++) {
    }
    write32(MACHINE_UART, (uint8_t)c);
}

void uart_put(const char *string)
{
    for (; *string != '\0'; string++) {
        if (*string == '\n') {
            uart_put_byte('\r');
        }
        uart_put_byte(*string);
    }
}

void uart_put_hex(uint64_t value)
{
    uart_put("0x");
    for (unsigned shift = 64; shift != 0; shift -= 4) {
        uart_put_byte("0123456789abcdef"[value >> (shift - 4) & 15]);
    }
}

static const char *current_part; /* NULL until the first part */

static NORETURN void halt(void)
{
    for (;;) {
        __asm__ volatile("wfi");
    }
}

void doing(const char *part)
{
    current_part = part;
}

void refuse(const char *part, const char *what)
{
    uart_put("\nLX-OS loader: ");
    uart_put(part);
    uart_put(": ");
    uart_put(what);
    uart_put("\n");
    halt();
}

/* Called by the exception vectors. */
NORETURN void loader_fault(uint64_t syndrome, uint64_t address, uint64_t fault_address);
NORETURN void loader_fault(uint64_t syndrome, uint64_t address, uint64_t fault_address)
{
    uart_put("\nLX-OS loader: exception at ");
    uart_put_hex(address);
    uart_put(" (syndrome ");
    uart_put_hex(syndrome);
    uart_put(", address ");
    uart_put_hex(fault_address);
    uart_put(") while at ");
    refuse(current_part == NULL ? "start" : current_part,
           "the loader's own code is damaged or memory fails; write the image again");
}

/* What assert of the C library's header calls. */
NORETURN void __assert_fail(const char *expression, const char *file, unsigned line, const char *function)
{
    (void)line;
    (void)function;
    uart_put("\nLX-OS loader: assertion ");
    uart_put(expression);
    refuse(file, "does not hold; this is a fault of the loader");
}

/* GICv2: TYPER at 4 holds the number of 32-interrupt groups less one; IGROUPR from 0x80; the CPU's priority mask at 4. */
void gic_prepare(void)
{
    uint32_t groups = (read32(MACHINE_GICD + 4) & 31) + 1;
    for (uint32_t i = 0; i < groups; i++) {
        write32(MACHINE_GICD + 0x80 + i * 4, 0xffffffff);
    }
    write32(MACHINE_GICC + 4, 0xf0);
}

uint64_t ticks_now(void)
{
    uint64_t ticks;
    __asm__ volatile("isb; mrs %0, cntpct_el0" : "=r"(ticks));
    return ticks;
}

uint32_t ticks_hz(void)
{
    uint64_t hz;
    __asm__("mrs %0, cntfrq_el0" : "=r"(hz));
    return (uint32_t)hz;
}
