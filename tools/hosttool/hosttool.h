/* SPDX-License-Identifier: MIT */
/**
 * Hosttool: what the host tools share: files, failure with a sentence, and reading of ELF executables.
 * Owns:   what it allocates, until the program exits.    Uses: base, the C library. Host only.
 * Limits: executables with at most 8 segments to load; a broken file ends the program.
 */
#ifndef LX_HOSTTOOL_H
#define LX_HOSTTOOL_H

#include "base.h"

/** Bytes of the heap with their length. */
struct bytes {
    uint8_t *at;
    size_t len_bytes;
};

/** The name in front of sentences; the program sets it first. */
extern const char *tool_name;

/** Ends the program with a sentence and status 1, after "TOOL: FILE:LINE: " as far as these are known (NULL, 0). */
NORETURN void fail_at(const char *file, int line, const char *format, ...) PRINTF_LIKE(3, 4);
NORETURN void fail(const char *format, ...) PRINTF_LIKE(1, 2);
struct bytes read_file(const char *path);
void write_file(const char *path, struct bytes data);
void *zalloc(size_t len_bytes);

/* ---- ELF executables for AArch64: segments, sections, function symbols ------------------------------------------------- */

struct elf_segment {
    uint64_t virt, phys, file_bytes, memory_bytes;
    const uint8_t *bytes;
    uint32_t flags; /* 4 read, 2 write, 1 execute */
};
struct elf_symbol {
    char name[64];
    uint64_t addr, len_bytes;
};
struct elf {
    const char *path;
    struct bytes file;
    uint64_t entry;
    uint32_t segment_count;
    struct elf_segment segments[8];
    struct elf_symbol *functions; /* by rising address */
    size_t function_count;
};

void elf_read(const char *path, struct elf *out);
/** The place of a section in the file; false when there is none of that name. */
bool elf_section(const struct elf *elf, const char *name, uint64_t *virt, struct bytes *out);
/** The function that an address lies in; NULL when none does. */
const struct elf_symbol *elf_function(const struct elf *elf, uint64_t addr);
bool elf_has_symbol(const struct elf *elf, const char *name);
/** Bytes at a virtual address, as the file has them; NULL when `len_bytes` there are not in one segment. */
const uint8_t *elf_at(const struct elf *elf, uint64_t virt, uint64_t len_bytes);

#endif
