/* SPDX-License-Identifier: MIT */
/**
 * ELF: reads the headers of static AArch64 programs for Linux, and refuses every program that could not be mapped with
 * pages that are either writable or executable, each from one place of the file.
 *
 * Owns:   nothing.    Uses: base, format.
 * Limits: ELF_SEGMENTS_MAX segments, ELF_HEADERS_MAX program headers, 64-bit little-endian AArch64, ET_EXEC and ET_DYN
 *         without an interpreter. Sections, symbols and relocations are not looked at; an alignment above a page is not
 *         kept for programs that may be placed anywhere.
 * Source: System V ABI, edition 4.1 and drafts, chapters 4 and 5; ELF for the Arm 64-bit Architecture, 2023Q3
 */
#ifndef LX_ELF_H
#define LX_ELF_H

#include "base.h"

#define ELF_SEGMENTS_MAX 16u
#define ELF_HEADERS_MAX  64u
#define ELF_HEADER_BYTES 56u /**< of one program header */
#define ELF_START_BYTES  64u /**< of the header that every file begins with */

/** Where programs can be: above the first 64 KiB, which catch NULL, and below the last of 4 GiB. */
#define ELF_ADDRESS_START UINT64_C(0x10000)
#define ELF_ADDRESS_END   UINT64_C(0xffff0000)

/** Bits of `prot`, as PROT_ of Linux. */
#define ELF_READ    1u
#define ELF_WRITE   2u
#define ELF_EXECUTE 4u

/** What is to be mapped: `file_bytes` of the file from `offset` at `vaddr`, and zeros behind them up to `memory_bytes`. */
struct elf_load {
    uint64_t offset;
    uint64_t vaddr;
    uint64_t file_bytes;
    uint64_t memory_bytes;
    uint8_t prot;
};

/** All that is needed to start a program. Addresses are those in the file, before a relocatable one is placed. */
struct elf_program {
    uint64_t entry;
    uint64_t phdr; /**< address of the program headers */
    uint16_t phdr_count;
    bool is_relocatable; /**< ET_DYN: may be placed at any page; else exactly where it says */
    uint8_t segment_count;
    struct elf_load segments[ELF_SEGMENTS_MAX]; /**< by rising address, no two on one page */
};

/** Why a program is refused. */
enum elf_err {
    ELF_OK = 0,
    ELF_NOT_ELF,
    ELF_CLASS,         /**< not 64-bit */
    ELF_BYTE_ORDER,    /**< big-endian */
    ELF_VERSION,       /**< not version 1, or headers of another size than version 1 has */
    ELF_SYSTEM,        /**< for another system than Linux */
    ELF_MACHINE,       /**< not AArch64 */
    ELF_TYPE,          /**< an object file, a core dump: no program */
    ELF_HEADERS,       /**< no program headers, too many, or not within the file */
    ELF_INTERPRETER,   /**< dynamically linked */
    ELF_STACK,         /**< wants an executable stack */
    ELF_SEGMENT_COUNT, /**< more than ELF_SEGMENTS_MAX segments, or none */
    ELF_PROT,          /**< a segment with unknown rights, or that cannot be read */
    ELF_WRITE_EXECUTE, /**< a segment both writable and executable */
    ELF_EMPTY,         /**< a segment of no bytes */
    ELF_FILE_SIZE,     /**< more bytes of the file than of memory */
    ELF_OUTSIDE_FILE,  /**< offset and size wrap, or lie beyond the file's end */
    ELF_ALIGNMENT,     /**< offset and address differ modulo a page */
    ELF_ZEROS,         /**< a segment that is not writable, and longer in memory than in the file */
    ELF_ADDRESS,       /**< address and size wrap, or lie outside of where programs can be */
    ELF_ORDER,         /**< a segment below the one before it */
    ELF_OVERLAP,       /**< a segment that shares a page of memory with the one before it */
    ELF_ENTRY,         /**< the entry is no address of an instruction in an executable segment */
    ELF_PHDR,          /**< the program headers are not in the bytes that are loaded */
};

#define ELF_NO_SEGMENT UINT32_MAX

struct elf_refusal {
    enum elf_err err;
    uint32_t segment; /**< which, counted from 0; ELF_NO_SEGMENT when it is none's */
};

/** Writes what is wrong, where, and what to do, in one clause without a full stop, cut at `cap_chars` > 0. */
void elf_describe(const struct elf_refusal *refusal, char *out, size_t cap_chars);

/**
 * Reads the program that takes up all the bytes, which are untrusted.
 * @return false with `why` set, and then `out` may be partly written.
 */
MUST_USE bool elf_parse(const void *bytes, size_t len_bytes, struct elf_program *out, struct elf_refusal *why);

/**
 * Checks what stands in a program that came from elsewhere (a manifest), against the same rules, ELF_PROT to ELF_PHDR.
 * @param file_bytes the size of the file that it is said to be of.
 */
MUST_USE bool elf_program_check(const struct elf_program *program, uint64_t file_bytes, struct elf_refusal *why);

/** Compares all that is used; what lies behind the last segment does not count. */
MUST_USE bool elf_program_equal(const struct elf_program *a, const struct elf_program *b);

/**
 * Says which bytes of a file elf_parse reads besides the first ELF_START_BYTES, for who wants to hash them before. It reads just
 * those first ones, if there are so many. None when elf_parse refuses the file without reading on.
 */
void elf_headers_place(const void *bytes, size_t len_bytes, size_t *headers_offset, size_t *headers_bytes);

/** Says whether bytes begin as an ELF file of any kind does. */
MUST_USE bool elf_has_magic(const void *bytes, size_t len_bytes);

#endif
