/* SPDX-License-Identifier: MIT */
/**
 * The boot image and the measurement log, to the byte: what the image tool writes and the loader reads, and what the
 * loader writes and the root task reads. All numbers are little-endian, all reserved bytes are zero.
 *
 *   image = loader | manifest area | parts, each a multiple of 4096 bytes, in the order of the manifest, without gaps
 *   manifest area = header | parts | signature (64 bytes, over header and parts) | zeros to a multiple of 4096
 *   root image in memory = parts of kind ROOT one after the other, each with its own zeroed tail
 *
 * Source: docs/spec/boot-image.md
 */
#ifndef LX_ABI_BOOT_H
#define LX_ABI_BOOT_H

#include <stdint.h>

#define BOOT_MAGIC "LXIMAGE1"
#define BOOT_LOG_MAGIC "LXMEASR1"

enum {
    BOOT_VERSION = 1,
    BOOT_PAGE_BYTES = 4096,
    BOOT_NAME_BYTES = 24, /**< with at least one NUL at the end */
    BOOT_PARTS_MAX = 120,
    BOOT_KEY_BYTES = 32,
    BOOT_HASH_BYTES = 32,
    BOOT_SIGNATURE_BYTES = 64,
    BOOT_MANIFEST_BYTES_MAX = 4 * BOOT_PAGE_BYTES, /**< the manifest area */
    BOOT_LOG_BYTES = 2 * BOOT_PAGE_BYTES,          /**< the area for the log; part "measurements" */
};

/** Where the loader is linked and QEMU puts an image whose text_offset is 0: 2 MiB above the start of memory. */
#define BOOT_IMAGE_ADDR 0x40200000ull

/**
 * What a kernel of ours says about itself, in an ELF section of this name, as this text without a NUL: the image tool compares
 * it. The official kernel has no such section; there the generated configuration beside it is looked at.
 */
#define BOOT_KERNEL_ABI_SECTION ".lx_kernel_abi"
#define BOOT_KERNEL_ABI         "sel4=16.0.0 arch=aarch64 el=2 mcs=1 cores=1 root_cnode_bits=17"

/**
 * Where in a kernel of ours that code and constants lie which it shows to the root task: virtual address of the first byte and of the
 * first behind, 8 bytes each, page-aligned. In an ELF section of this name, which is not loaded.
 */
#define BOOT_KERNEL_CODE_SECTION ".lx_kernel_code"

/** In an ELF section of this name, not loaded: how many pages the trace has, 8 bytes. Only a kernel that has one has the section. */
#define BOOT_KERNEL_TRACE_SECTION ".lx_kernel_trace"

enum boot_part_kind {
    BOOT_PART_LOADER = 1,   /**< the first part: the code that checks everything, itself included */
    BOOT_PART_KERNEL = 2,   /**< exactly one, the second */
    BOOT_PART_ROOT = 3,     /**< a piece of the root image; the first one holds the entry */
    BOOT_PART_LOG = 4,      /**< BOOT_LOG_BYTES of the root image that the loader fills; nothing of it in the file */
};

struct boot_header {
    uint8_t magic[8];
    uint32_t version;
    uint32_t part_count;
    uint64_t image_bytes;     /**< the whole file */
    uint32_t manifest_offset; /**< of this header; also the size of the loader */
    uint32_t manifest_bytes;  /**< of the manifest area */
    uint8_t key_id[BOOT_HASH_BYTES]; /**< SHA-256 of the public key that signed */
};
_Static_assert(sizeof(struct boot_header) == 64, "boot header");

struct boot_part {
    char name[BOOT_NAME_BYTES];
    uint32_t kind;
    uint32_t reserved0;
    uint64_t offset;       /**< in the file; a multiple of 4096 */
    uint64_t file_bytes;   /**< a multiple of 4096; 0 for the log */
    uint64_t memory_bytes; /**< at least file_bytes, a multiple of 4096; the rest is zeroed */
    uint64_t virt;         /**< kernel and root parts: virtual address of the first byte */
    uint64_t phys;         /**< kernel: where it must lie; else 0: the loader chooses */
    uint64_t entry;        /**< kernel and first root part: virtual address of the first instruction; else 0 */
    uint8_t sha256[BOOT_HASH_BYTES]; /**< of the file_bytes */
    uint8_t reserved1[16];
};
_Static_assert(sizeof(struct boot_part) == 128, "boot part");
_Static_assert(sizeof(struct boot_header) + BOOT_PARTS_MAX * sizeof(struct boot_part) + BOOT_SIGNATURE_BYTES <=
                   BOOT_MANIFEST_BYTES_MAX,
               "the manifest area holds every allowed part");

/** What was measured: first the loader's view of the machine, then one entry for each part and one for the device tree. */
struct boot_log_header {
    uint8_t magic[8];
    uint32_t version;
    uint32_t entry_count;
    uint8_t key_id[BOOT_HASH_BYTES]; /**< SHA-256 of the key that is pinned in the loader */
    uint64_t start_ticks;            /**< CNTPCT at the loader's first instruction */
    uint64_t end_ticks;              /**< CNTPCT when the log was closed, just before the kernel's first instruction */
    uint32_t ticks_hz;               /**< CNTFRQ */
    uint32_t reserved[15];
};
_Static_assert(sizeof(struct boot_log_header) == 128, "log header");

struct boot_log_entry {
    char name[BOOT_NAME_BYTES]; /**< a part's name, "manifest", or "device-tree" */
    uint64_t size_bytes;
    uint8_t sha256[BOOT_HASH_BYTES];
};
_Static_assert(sizeof(struct boot_log_entry) == 64, "log entry");
_Static_assert(sizeof(struct boot_log_header) + (BOOT_PARTS_MAX + 2) * sizeof(struct boot_log_entry) <= BOOT_LOG_BYTES,
               "the log holds every part");

#endif
