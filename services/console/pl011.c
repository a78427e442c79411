/* SPDX-License-Identifier: MIT */
/** See pl011.h. */
#include "pl011.h"

enum {
    REG_DATA = 0x00,
    REG_FLAGS = 0x18,
    REG_LINE_CONTROL = 0x2c,
    REG_CONTROL = 0x30,
    REG_FIFO_LEVELS = 0x34,
    REG_INTERRUPT_MASK = 0x38,
    REG_INTERRUPT_CLEAR = 0x44,
    FLAG_RECEIVE_EMPTY = 1 << 4,
    FLAG_TRANSMIT_FULL = 1 << 5,
    LINE_8_BITS_FIFO = 0x70,
    CONTROL_ENABLE_BOTH = 0x301,
    INTERRUPT_RECEIVE = 1 << 4,
    INTERRUPT_TRANSMIT = 1 << 5,
    INTERRUPT_RECEIVE_TIMEOUT = 1 << 6,
    INTERRUPT_ALL = 0x7ff,
};

static uint64_t base;
static bool room_wanted;

static uint32_t read(uint32_t offset)
{
    return *(volatile uint32_t *)(base + offset);
}

static void write(uint32_t offset, uint32_t value)
{
    *(volatile uint32_t *)(base + offset) = value;
}

static void set_mask(void)
{
    write(REG_INTERRUPT_MASK, INTERRUPT_RECEIVE | INTERRUPT_RECEIVE_TIMEOUT | (room_wanted ? INTERRUPT_TRANSMIT : 0u));
}

void pl011_start(uint64_t registers)
{
    base = registers;
    write(REG_LINE_CONTROL, LINE_8_BITS_FIFO);
    write(REG_FIFO_LEVELS, 0);
    write(REG_CONTROL, CONTROL_ENABLE_BOTH);
    write(REG_INTERRUPT_CLEAR, INTERRUPT_ALL);
    set_mask();
}

bool pl011_put(uint8_t byte)
{
    if ((read(REG_FLAGS) & FLAG_TRANSMIT_FULL) != 0) {
        return false;
    }
    write(REG_DATA, byte);
    return true;
}

bool pl011_get(uint8_t *out)
{
    if ((read(REG_FLAGS) & FLAG_RECEIVE_EMPTY) != 0) {
        return false;
    }
    *out = (uint8_t)read(REG_DATA);
    return true;
}

void pl011_want_room(bool wanted)
{
    if (wanted != room_wanted) {
        room_wanted = wanted;
        set_mask();
    }
}

void pl011_clear(void)
{
    write(REG_INTERRUPT_CLEAR, INTERRUPT_ALL);
}
