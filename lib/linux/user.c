/* SPDX-License-Identifier: MIT */
/**
 * User: the memory of programs, read and written through pins of the pager. A copy is taken once and the copy is checked:
 * other threads may change the original at any time.
 * Owns:   the pins in struct mm.    Uses: ops->pin.
 * Limits: PIN_SLOTS pages at hand a space, found by their page number; a warm access makes no callback.
 */
#include "core.h"

#define TAG_WRITE 1u
#define TAG_PAGE_SHIFT 1u
#define TAG_GENERATION_SHIFT 21u /* page numbers below 4 GiB have 20 bits */
#define STRING_STEP ((size_t)64)
_Static_assert(LINUX_USER_TOP <= UINT64_C(1) << 32, "a page number has 20 bits");

static uint64_t tag_of(const struct mm *mm, uint64_t page)
{
    return mm->generation << TAG_GENERATION_SHIFT | page << TAG_PAGE_SHIFT;
}

void user_unpin_all(struct mm *mm)
{
    mm->generation++;
}

void user_unpin(struct mm *mm, uint64_t address)
{
    mm->pins[(address / PAGE_BYTES) % PIN_SLOTS].tag = 0;
}

/** Pins what is not at hand, and keeps the first page of it. */
static uint8_t *pin_cold(struct mm *mm, uint64_t address, size_t len_bytes, bool for_write, size_t *available)
{
    if (address >= LINUX_USER_TOP) {
        return NULL;
    }
    uint64_t top = LINUX_USER_TOP - address;
    size_t len = len_bytes < top ? len_bytes : (size_t)top;
    struct linux_system *sys = mm->sys;
    uint8_t *bytes = sys->ops->pin(sys->env, mm->space, address, len, for_write, available);
    if (bytes == NULL) {
        return NULL;
    }
    size_t offset = (size_t)(address % PAGE_BYTES);
    assert(*available > 0 && (*available >= PAGE_BYTES - offset || *available == len));
    uint64_t page = address / PAGE_BYTES;
    mm->pins[page % PIN_SLOTS] = (struct pin){tag_of(mm, page) | (for_write ? TAG_WRITE : 0), bytes - offset};
    *available = *available < len ? *available : len;
    return bytes;
}

uint8_t *user_pin(struct mm *mm, uint64_t address, size_t len_bytes, bool for_write, size_t *available)
{
    uint64_t page = address / PAGE_BYTES;
    const struct pin *pin = &mm->pins[page % PIN_SLOTS];
    uint64_t tag = for_write ? pin->tag : pin->tag | TAG_WRITE;
    if (UNLIKELY(tag != (tag_of(mm, page) | TAG_WRITE) || address >= LINUX_USER_TOP)) {
        return pin_cold(mm, address, len_bytes, for_write, available);
    }
    size_t offset = (size_t)(address % PAGE_BYTES);
    size_t rest = PAGE_BYTES - offset;
    *available = len_bytes < rest ? len_bytes : rest;
    return pin->bytes + offset;
}

bool user_read(struct mm *mm, void *out, uint64_t address, size_t len_bytes)
{
    uint8_t *to = out;
    while (len_bytes > 0) {
        size_t part;
        const uint8_t *from = user_pin(mm, address, len_bytes, false, &part);
        if (from == NULL) {
            return false;
        }
        memcpy(to, from, part);
        to += part;
        address += part;
        len_bytes -= part;
    }
    return true;
}

bool user_write(struct mm *mm, uint64_t address, const void *bytes, size_t len_bytes)
{
    const uint8_t *from = bytes;
    while (len_bytes > 0) {
        size_t part;
        uint8_t *to = user_pin(mm, address, len_bytes, true, &part);
        if (to == NULL) {
            return false;
        }
        memcpy(to, from, part);
        from += part;
        address += part;
        len_bytes -= part;
    }
    return true;
}

bool user_zero(struct mm *mm, uint64_t address, size_t len_bytes)
{
    while (len_bytes > 0) {
        size_t part;
        uint8_t *to = user_pin(mm, address, len_bytes, true, &part);
        if (to == NULL) {
            return false;
        }
        memset(to, 0, part);
        address += part;
        len_bytes -= part;
    }
    return true;
}

int64_t user_string(struct mm *mm, char *out, size_t cap_bytes, uint64_t address)
{
    size_t len = 0;
    while (len < cap_bytes) {
        size_t part;
        size_t step = cap_bytes - len < STRING_STEP ? cap_bytes - len : STRING_STEP;
        const uint8_t *from = user_pin(mm, address + len, step, false, &part);
        if (from == NULL) {
            return -E_FAULT;
        }
        /* The copy is searched for its end, not the original, which may change meanwhile. */
        memcpy(out + len, from, part);
        const char *end = memchr(out + len, 0, part);
        if (end != NULL) {
            return end - out;
        }
        len += part;
    }
    return -E_NAMETOOLONG;
}

bool user_read_u64(struct mm *mm, uint64_t *out, uint64_t address)
{
    return user_read(mm, out, address, sizeof(*out));
}

bool user_write_u32(struct mm *mm, uint64_t address, uint32_t value)
{
    return user_write(mm, address, &value, sizeof(value));
}
