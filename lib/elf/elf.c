/* SPDX-License-Identifier: MIT */
/**
 * Headers of a program: read into elf_program, which is then checked as one from anywhere would be.
 * Source: System V ABI chapters 4 (ELF header) and 5 (program header)
 */
#include "elf.h"

#include "format.h"

#define MAGIC_BYTES    4u
#define CLASS_64       2u
#define DATA_LITTLE    1u
#define VERSION        1u
#define SYSTEM_NONE    0u /* System V, which is what most Linux programs say */
#define SYSTEM_LINUX   3u /* with GNU extensions, as static glibc's */
#define TYPE_EXEC      2u
#define TYPE_DYN       3u
#define MACHINE_AARCH64 183u

#define PT_LOAD      1u
#define PT_INTERP    3u
#define PT_GNU_STACK 0x6474e551u
#define PF_EXECUTE   1u
#define PF_WRITE     2u
#define PF_READ      4u

static bool refuse(struct elf_refusal *why, enum elf_err err, uint32_t segment)
{
    *why = (struct elf_refusal){err, segment};
    return false;
}

/* ---- rules --------------------------------------------------------------------------------------------------------- */

static enum elf_err check_segment(const struct elf_load *s, bool is_relocatable, uint64_t file_bytes)
{
    uint64_t file_end, end;
    bool is_writable = (s->prot & ELF_WRITE) != 0;
    if ((s->prot & ~(ELF_READ | ELF_WRITE | ELF_EXECUTE)) != 0 || (s->prot & ELF_READ) == 0) {
        return ELF_PROT;
    }
    if (is_writable && (s->prot & ELF_EXECUTE) != 0) {
        return ELF_WRITE_EXECUTE;
    }
    if (s->memory_bytes == 0) {
        return ELF_EMPTY;
    }
    if (s->file_bytes > s->memory_bytes) {
        return ELF_FILE_SIZE;
    }
    if (!checked_add(s->offset, s->file_bytes, &file_end) || file_end > file_bytes) {
        return ELF_OUTSIDE_FILE;
    }
    if (s->offset % PAGE_BYTES != s->vaddr % PAGE_BYTES) {
        return ELF_ALIGNMENT;
    }
    if (!is_writable && s->memory_bytes != s->file_bytes) {
        return ELF_ZEROS;
    }
    if (!checked_add(s->vaddr, s->memory_bytes, &end) || end > ELF_ADDRESS_END ||
        (!is_relocatable && s->vaddr < ELF_ADDRESS_START)) {
        return ELF_ADDRESS;
    }
    return ELF_OK;
}

/** Both have passed check_segment, so their ends do not wrap, also when rounded up to a page. */
static enum elf_err check_follows(const struct elf_load *before, const struct elf_load *s)
{
    if (s->vaddr < before->vaddr) {
        return ELF_ORDER;
    }
    uint64_t end = align_up(before->vaddr + before->memory_bytes, PAGE_BYTES);
    return align_down(s->vaddr, PAGE_BYTES) < end ? ELF_OVERLAP : ELF_OK;
}

/** Whether `len_bytes` at an address come from the file, in a segment with these rights. */
static bool is_loaded(const struct elf_program *program, uint64_t address, uint64_t len_bytes, uint32_t prot)
{
    for (uint32_t i = 0; i < program->segment_count; i++) {
        const struct elf_load *s = &program->segments[i];
        if (address >= s->vaddr && address - s->vaddr <= s->file_bytes &&
            len_bytes <= s->file_bytes - (address - s->vaddr)) {
            return (s->prot & prot) == prot;
        }
    }
    return false;
}

bool elf_program_check(const struct elf_program *program, uint64_t file_bytes, struct elf_refusal *why)
{
    if (program->segment_count == 0 || program->segment_count > ELF_SEGMENTS_MAX) {
        return refuse(why, ELF_SEGMENT_COUNT, ELF_NO_SEGMENT);
    }
    for (uint32_t i = 0; i < program->segment_count; i++) {
        const struct elf_load *s = &program->segments[i];
        enum elf_err err = check_segment(s, program->is_relocatable, file_bytes);
        if (err == ELF_OK && i > 0) {
            err = check_follows(s - 1, s);
        }
        if (err != ELF_OK) {
            return refuse(why, err, i);
        }
    }
    if (program->entry % 4 != 0 || !is_loaded(program, program->entry, 4, ELF_EXECUTE)) {
        return refuse(why, ELF_ENTRY, ELF_NO_SEGMENT);
    }
    if (program->phdr_count == 0 || program->phdr_count > ELF_HEADERS_MAX ||
        !is_loaded(program, program->phdr, (uint64_t)program->phdr_count * ELF_HEADER_BYTES, ELF_READ)) {
        return refuse(why, ELF_PHDR, ELF_NO_SEGMENT);
    }
    return true;
}

/* ---- reading -------------------------------------------------------------------------------------------------------- */

/** What is read of the file's header and not kept. */
struct file_header {
    uint16_t type, machine, header_bytes, entry_bytes;
    uint32_t version;
    uint64_t phdr_offset;
};

static bool read_header(struct cursor c, struct elf_program *out, struct file_header *h)
{
    struct cursor skipped;
    if (!cursor_take(&c, 16, &skipped) || !cursor_le16(&c, &h->type) || !cursor_le16(&c, &h->machine) ||
        !cursor_le32(&c, &h->version) || !cursor_le64(&c, &out->entry) || !cursor_le64(&c, &h->phdr_offset) ||
        !cursor_take(&c, 8 + 4, &skipped) || !cursor_le16(&c, &h->header_bytes) ||
        !cursor_le16(&c, &h->entry_bytes) || !cursor_le16(&c, &out->phdr_count)) {
        return false;
    }
    out->is_relocatable = h->type == TYPE_DYN;
    return true;
}

bool elf_has_magic(const void *bytes, size_t len_bytes)
{
    return len_bytes >= MAGIC_BYTES && memcmp(bytes, "\177ELF", MAGIC_BYTES) == 0;
}

static enum elf_err check_header(const uint8_t *ident, const struct file_header *h)
{
    if (ident[4] != CLASS_64) {
        return ELF_CLASS;
    }
    if (ident[5] != DATA_LITTLE) {
        return ELF_BYTE_ORDER;
    }
    if (ident[6] != VERSION || h->version != VERSION || h->header_bytes != ELF_START_BYTES) {
        return ELF_VERSION;
    }
    if (ident[7] != SYSTEM_NONE && ident[7] != SYSTEM_LINUX) {
        return ELF_SYSTEM;
    }
    if (h->machine != MACHINE_AARCH64) {
        return ELF_MACHINE;
    }
    if (h->type != TYPE_EXEC && h->type != TYPE_DYN) {
        return ELF_TYPE;
    }
    return h->entry_bytes == ELF_HEADER_BYTES ? ELF_OK : ELF_VERSION;
}

static uint8_t prot_of_flags(uint32_t flags)
{
    uint8_t known = (uint8_t)(((flags & PF_READ) != 0 ? ELF_READ : 0) | ((flags & PF_WRITE) != 0 ? ELF_WRITE : 0) |
                              ((flags & PF_EXECUTE) != 0 ? ELF_EXECUTE : 0));
    return (flags & ~(PF_READ | PF_WRITE | PF_EXECUTE)) == 0 ? known : UINT8_MAX; /* which no rule lets pass */
}

/** Takes one program header. @return false with `why` set for those that no program of ours may have. */
static bool take_program_header(struct cursor *c, struct elf_program *out, struct elf_refusal *why)
{
    uint32_t type = 0, flags = 0;
    struct elf_load s;
    struct cursor skipped;
    bool ok = cursor_le32(c, &type) && cursor_le32(c, &flags) && cursor_le64(c, &s.offset) &&
              cursor_le64(c, &s.vaddr) && cursor_take(c, 8, &skipped) && cursor_le64(c, &s.file_bytes) &&
              cursor_le64(c, &s.memory_bytes) && cursor_take(c, 8, &skipped);
    assert(ok); /* the caller took as many as there are */
    if (type == PT_INTERP) {
        return refuse(why, ELF_INTERPRETER, ELF_NO_SEGMENT);
    }
    if (type == PT_GNU_STACK && (flags & PF_EXECUTE) != 0) {
        return refuse(why, ELF_STACK, ELF_NO_SEGMENT);
    }
    if (type == PT_LOAD) {
        if (out->segment_count == ELF_SEGMENTS_MAX) {
            return refuse(why, ELF_SEGMENT_COUNT, ELF_NO_SEGMENT);
        }
        s.prot = prot_of_flags(flags);
        out->segments[out->segment_count++] = s;
    }
    return true;
}

/** The address at which the byte at an offset is loaded; UINT64_MAX, where nothing is, when it is not. */
static uint64_t address_of(const struct elf_program *program, uint64_t offset)
{
    for (uint32_t i = 0; i < program->segment_count; i++) {
        const struct elf_load *s = &program->segments[i];
        if (offset >= s->offset && offset - s->offset < s->file_bytes) {
            return s->vaddr + (offset - s->offset);
        }
    }
    return UINT64_MAX;
}

void elf_headers_place(const void *bytes, size_t len_bytes, size_t *headers_offset, size_t *headers_bytes)
{
    struct file_header h;
    struct elf_program program;
    struct cursor file = cursor_of(bytes, len_bytes < ELF_START_BYTES ? len_bytes : ELF_START_BYTES);
    *headers_offset = *headers_bytes = 0;
    if (!read_header(file, &program, &h) || program.phdr_count > ELF_HEADERS_MAX || h.phdr_offset > len_bytes ||
        program.phdr_count * (size_t)ELF_HEADER_BYTES > len_bytes - (size_t)h.phdr_offset) {
        return;
    }
    *headers_offset = (size_t)h.phdr_offset;
    *headers_bytes = program.phdr_count * (size_t)ELF_HEADER_BYTES;
}

bool elf_parse(const void *bytes, size_t len_bytes, struct elf_program *out, struct elf_refusal *why)
{
    struct file_header h;
    struct cursor file = cursor_of(bytes, len_bytes), headers;
    memset(out, 0, sizeof *out);
    if (!elf_has_magic(bytes, len_bytes) || !read_header(file, out, &h)) {
        return refuse(why, ELF_NOT_ELF, ELF_NO_SEGMENT);
    }
    enum elf_err err = check_header(file.at, &h);
    if (err != ELF_OK) {
        return refuse(why, err, ELF_NO_SEGMENT);
    }
    if (out->phdr_count == 0 || out->phdr_count > ELF_HEADERS_MAX || h.phdr_offset > len_bytes ||
        !cursor_take(&file, (size_t)h.phdr_offset, &headers) ||
        !cursor_take(&file, out->phdr_count * (size_t)ELF_HEADER_BYTES, &headers)) {
        return refuse(why, ELF_HEADERS, ELF_NO_SEGMENT);
    }
    while (!cursor_is_empty(&headers)) {
        if (!take_program_header(&headers, out, why)) {
            return false;
        }
    }
    out->phdr = address_of(out, h.phdr_offset);
    return elf_program_check(out, len_bytes, why);
}

static bool load_equal(const struct elf_load *a, const struct elf_load *b)
{
    return a->offset == b->offset && a->vaddr == b->vaddr && a->file_bytes == b->file_bytes &&
           a->memory_bytes == b->memory_bytes && a->prot == b->prot;
}

bool elf_program_equal(const struct elf_program *a, const struct elf_program *b)
{
    bool equal = a->entry == b->entry && a->phdr == b->phdr && a->phdr_count == b->phdr_count &&
                 a->is_relocatable == b->is_relocatable && a->segment_count == b->segment_count;
    for (uint32_t i = 0; equal && i < a->segment_count; i++) {
        equal = load_equal(&a->segments[i], &b->segments[i]);
    }
    return equal;
}

/* ---- words ---------------------------------------------------------------------------------------------------------- */

static const char *words(enum elf_err err)
{
    switch (err) {
    case ELF_OK:
        return "nothing is wrong";
    case ELF_NOT_ELF:
        return "not an ELF file; name a program for Linux on AArch64";
    case ELF_CLASS:
        return "not a 64-bit program; build it for AArch64";
    case ELF_BYTE_ORDER:
        return "a big-endian program; build it for little-endian AArch64";
    case ELF_VERSION:
        return "its header is not that of ELF version 1; it is damaged, build it again";
    case ELF_SYSTEM:
        return "made for another system than Linux; build it for Linux";
    case ELF_MACHINE:
        return "made for another processor than AArch64; build it with a compiler for aarch64-linux";
    case ELF_TYPE:
        return "an object file or a dump, not a program; link it";
    case ELF_HEADERS:
        return "its program headers are missing, more than 64, or beyond its end; it is cut or damaged";
    case ELF_INTERPRETER:
        return "dynamically linked: it needs an interpreter and libraries; build it with -static";
    case ELF_STACK:
        return "it wants an executable stack; link it with -z noexecstack";
    case ELF_SEGMENT_COUNT:
        return "it has no segment to load, or more than 16; link it with the linker's default layout";
    case ELF_PROT:
        return "not readable, or with rights that nobody knows; link it with the linker's default layout";
    case ELF_WRITE_EXECUTE:
        return "both writable and executable; link it with separate code and data (without -N)";
    case ELF_EMPTY:
        return "it has no bytes; link it with the linker's default layout";
    case ELF_FILE_SIZE:
        return "it has more bytes in the file than in memory; the file is damaged";
    case ELF_OUTSIDE_FILE:
        return "its bytes lie beyond the file's end; the file is cut or damaged";
    case ELF_ALIGNMENT:
        return "its offset in the file and its address differ modulo 4096; link it with -z max-page-size=4096 or more";
    case ELF_ZEROS:
        return "it is longer in memory than in the file, and not writable; put zeroed data into .bss";
    case ELF_ADDRESS:
        return "its addresses are not between 64 KiB and 4 GiB - 64 KiB; link it there, or with -static-pie";
    case ELF_ORDER:
        return "its address is below that of the segment before it; sort the segments by address";
    case ELF_OVERLAP:
        return "it shares a page of memory with the segment before it; link it with -z max-page-size=4096 or more";
    case ELF_ENTRY:
        return "its entry is not the address of an instruction in an executable segment; it is damaged, or a library";
    case ELF_PHDR:
        return "its program headers are not in the bytes that are loaded; link it with the linker's default layout";
    }
    return "unknown";
}

void elf_describe(const struct elf_refusal *refusal, char *out, size_t cap_chars)
{
    if (refusal->segment == ELF_NO_SEGMENT) {
        format_text(out, cap_chars, "%s", words(refusal->err));
    } else {
        format_text(out, cap_chars, "segment %u: %s", (unsigned)refusal->segment, words(refusal->err));
    }
}
