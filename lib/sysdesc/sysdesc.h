/* SPDX-License-Identifier: MIT */
/**
 * Sysdesc: reads the binary system description. The root task builds the system from it, so everything that it relies on is
 * checked here, once: sizes, indices, names, rights, and that no two memories of a component overlap.
 *
 * Owns:   nothing; a struct sysdesc borrows the bytes, which must not change while it is used.    Uses: base, abi/sysdesc.
 * Limits: those of abi/sysdesc/desc.h; O(records) time; no allocation, no recursion.
 * Source: docs/spec/sysdesc.md section 2
 */
#ifndef LX_SYSDESC_H
#define LX_SYSDESC_H

#include <sysdesc/desc.h>
#include <sysdesc/slots.h>

#include "base.h"

/** The highest address that a description may use, exclusive; what lies above is for windows that components map themselves. */
#define SYSDESC_USER_END (1ull << 37)

/** A description whose every rule was checked; only sysdesc_open makes one. */
struct sysdesc {
    struct desc_header header;
    const uint8_t *components;
    const uint8_t *memories;
    const uint8_t *shares;
    const uint8_t *irqs;
    const uint8_t *caps;
    const uint8_t *watches;
};

/**
 * Checks `len_bytes` at `bytes` and prepares `out`. Bytes after total_bytes are allowed where they are zero: parts of an
 * image are whole pages.
 * @return NULL when all is well, else a sentence that names the first rule that is broken; `out` is then undefined.
 */
MUST_USE const char *sysdesc_open(const void *bytes, size_t len_bytes, struct sysdesc *out);

/* Each copies record `index`, which must be below the count in the header. */
void sysdesc_component(const struct sysdesc *d, uint32_t index, struct desc_component *out);
void sysdesc_memory(const struct sysdesc *d, uint32_t index, struct desc_memory *out);
void sysdesc_share(const struct sysdesc *d, uint32_t index, struct desc_share *out);
void sysdesc_irq(const struct sysdesc *d, uint32_t index, struct desc_irq *out);
void sysdesc_cap(const struct sysdesc *d, uint32_t index, struct desc_cap *out);
void sysdesc_watch(const struct sysdesc *d, uint32_t index, struct desc_watch *out);

/** What a capability of a kind (enum desc_cap_kind) is for, to stand before the name of its target; "?" for another number. */
const char *sysdesc_cap_words(uint8_t kind);

/** Does the target of such a capability number a component? */
bool sysdesc_cap_has_target(uint8_t kind);

#endif
