/* SPDX-License-Identifier: MIT */
/**
 * The loader: runs at EL2 before everything else, checks every byte of the boot image against one Ed25519 signature, puts
 * kernel and root image where they belong, and enters the kernel. What it refuses, it refuses with one sentence and halts.
 *
 * Owns:   the machine, until the kernel runs; 2 MiB - 64 KiB of memory below the image.
 * Uses:   base, tree (SHA-256), manifest, fdt, sodium (Ed25519), mem. Files: head.S entry, mmu.c, machine.c UART and GIC, image.c.
 * Limits: one core, QEMU virt with 2 GiB (machine.h names its addresses); images below 510 MiB; no allocation.
 * Source: docs/spec/boot-image.md; docs/design/boot.md
 */
#ifndef LX_LOADER_H
#define LX_LOADER_H

#include <boot/boot.h>

#include "base.h"
#include "manifest.h"
#include "tree.h"

/** A place in physical memory, by its first address and its length; also its address for the loader (identity map). */
struct span {
    uint64_t addr;
    uint64_t len_bytes;
};

/** The image, after image_check. */
struct image {
    const uint8_t *bytes;
    struct manifest manifest;
};

/* ---- image.c ---------------------------------------------------------------------------------------------------------- */

/** Checks signature, structure and the loader's own bytes; refuses and halts where something is wrong. */
void image_check(const uint8_t *bytes, uint64_t loader_bytes, struct image *out);

/** Copies the bytes of a part to `to`, zeroes the rest of its memory, and checks the hash of what was copied. */
void image_place(const struct image *image, const struct boot_part *part, uint64_t to);

/* ---- mmu.c ------------------------------------------------------------------------------------------------------------ */

/** Turns on MMU and caches with the identity map: the loader's image read-only, all else not executable. */
void mmu_start(void);

/** Adds the kernel's window: `phys` is mapped at `virt`, executable for `len_bytes`, and onward to the end of the GiB. */
void mmu_map_kernel(uint64_t virt, uint64_t phys, uint64_t len_bytes);

/** Makes instructions that were written as data visible to instruction fetch. */
void cache_publish(uint64_t addr, uint64_t len_bytes);

/* ---- machine.c -------------------------------------------------------------------------------------------------------- */

void uart_put(const char *string);
void uart_put_hex(uint64_t value);

/** Says "LX-OS loader: PART: WHAT" and halts for good. `part` and `what` are strings; each may be empty. */
NORETURN void refuse(const char *part, const char *what);

/** Notes what is being done, for the sentence of an unexpected exception. */
void doing(const char *part);

/** Leaves the interrupt controller as the kernel expects it: every interrupt in group 1, priority mask open. */
void gic_prepare(void);

uint64_t ticks_now(void);
uint32_t ticks_hz(void);

#endif
