/* SPDX-License-Identifier: MIT */
/** Reads 64-bit little-endian AArch64 executables: segments, sections, function symbols. Source: ELF-64 object file format 1.5. */
#include <elf.h>
#include <stdlib.h>

#include "hosttool.h"

static const uint8_t *file_at(const struct elf *elf, uint64_t offset, uint64_t len_bytes)
{
    if (offset > elf->file.len_bytes || len_bytes > elf->file.len_bytes - offset) {
        fail("%s: cut off; build it again", elf->path);
    }
    return elf->file.at + offset;
}

static void read_header(const struct elf *elf, Elf64_Ehdr *out)
{
    memcpy(out, file_at(elf, 0, sizeof *out), sizeof *out);
    if (memcmp(out->e_ident, ELFMAG, SELFMAG) != 0) {
        fail("%s is not an ELF file", elf->path);
    }
    if (out->e_ident[EI_CLASS] != ELFCLASS64 || out->e_ident[EI_DATA] != ELFDATA2LSB || out->e_machine != EM_AARCH64) {
        fail("%s is not for AArch64 (64-bit, little-endian); build it for this machine", elf->path);
    }
    if (out->e_type != ET_EXEC || out->e_phentsize != sizeof(Elf64_Phdr)) {
        fail("%s is not a static executable; link it with -static -no-pie", elf->path);
    }
}

static void read_segments(struct elf *elf, const Elf64_Ehdr *header)
{
    for (uint32_t i = 0; i < header->e_phnum; i++) {
        Elf64_Phdr ph;
        memcpy(&ph, file_at(elf, header->e_phoff + i * sizeof ph, sizeof ph), sizeof ph);
        if (ph.p_type != PT_LOAD || ph.p_memsz == 0) {
            continue;
        }
        if (elf->segment_count == ARRAY_LEN(elf->segments)) {
            fail("%s has more than %zu segments", elf->path, ARRAY_LEN(elf->segments));
        }
        if (ph.p_filesz > ph.p_memsz || ph.p_memsz > 1ull << 31 || ph.p_vaddr > UINT64_MAX - ph.p_memsz) {
            fail("%s has a segment whose sizes cannot be", elf->path);
        }
        elf->segments[elf->segment_count++] = (struct elf_segment){
            ph.p_vaddr, ph.p_paddr, ph.p_filesz, ph.p_memsz, file_at(elf, ph.p_offset, ph.p_filesz), ph.p_flags & 7,
        };
    }
}

static void section_header(const struct elf *elf, uint32_t index, Elf64_Shdr *out)
{
    Elf64_Ehdr header;
    read_header(elf, &header);
    memcpy(out, file_at(elf, header.e_shoff + index * sizeof *out, sizeof *out), sizeof *out);
}

/* A string of a string table; empty where it is not ended inside the file. */
static const char *string_at(const struct elf *elf, const Elf64_Shdr *table, uint64_t offset)
{
    const char *strings = (const char *)file_at(elf, table->sh_offset, table->sh_size);
    if (offset >= table->sh_size || memchr(strings + offset, 0, table->sh_size - offset) == NULL) {
        return "";
    }
    return strings + offset;
}

bool elf_section(const struct elf *elf, const char *name, uint64_t *virt, struct bytes *out)
{
    Elf64_Ehdr header;
    read_header(elf, &header);
    Elf64_Shdr names;
    if (header.e_shnum == 0 || header.e_shstrndx >= header.e_shnum) {
        return false;
    }
    section_header(elf, header.e_shstrndx, &names);
    for (uint32_t i = 0; i < header.e_shnum; i++) {
        Elf64_Shdr sh;
        section_header(elf, i, &sh);
        if (sh.sh_type != SHT_NOBITS && strcmp(string_at(elf, &names, sh.sh_name), name) == 0) {
            *virt = sh.sh_addr;
            *out = (struct bytes){elf->file.at + sh.sh_offset, sh.sh_size};
            (void)file_at(elf, sh.sh_offset, sh.sh_size);
            return true;
        }
    }
    return false;
}

static int by_address(const void *a, const void *b)
{
    uint64_t x = ((const struct elf_symbol *)a)->addr;
    uint64_t y = ((const struct elf_symbol *)b)->addr;
    return x < y ? -1 : x > y;
}

static void read_functions(struct elf *elf, const Elf64_Ehdr *header)
{
    for (uint32_t i = 0; i < header->e_shnum; i++) {
        Elf64_Shdr table;
        Elf64_Shdr strings;
        section_header(elf, i, &table);
        if (table.sh_type != SHT_SYMTAB || table.sh_link >= header->e_shnum) {
            continue;
        }
        section_header(elf, table.sh_link, &strings);
        size_t count = table.sh_size / sizeof(Elf64_Sym);
        elf->functions = zalloc(count * sizeof *elf->functions);
        for (size_t k = 0; k < count; k++) {
            Elf64_Sym sym;
            memcpy(&sym, file_at(elf, table.sh_offset + k * sizeof sym, sizeof sym), sizeof sym);
            if (ELF64_ST_TYPE(sym.st_info) != STT_FUNC || sym.st_shndx == SHN_UNDEF) {
                continue;
            }
            struct elf_symbol *f = &elf->functions[elf->function_count++];
            (void)copy_string(f->name, sizeof f->name, string_at(elf, &strings, sym.st_name));
            f->addr = sym.st_value;
            f->len_bytes = sym.st_size;
        }
        qsort(elf->functions, elf->function_count, sizeof *elf->functions, by_address);
        return;
    }
}

void elf_read(const char *path, struct elf *out)
{
    Elf64_Ehdr header;
    memset(out, 0, sizeof *out);
    out->path = path;
    out->file = read_file(path);
    read_header(out, &header);
    out->entry = header.e_entry;
    read_segments(out, &header);
    read_functions(out, &header);
}

const struct elf_symbol *elf_function(const struct elf *elf, uint64_t addr)
{
    for (size_t i = 0; i < elf->function_count; i++) {
        const struct elf_symbol *f = &elf->functions[i];
        if (addr == f->addr || (addr >= f->addr && addr - f->addr < f->len_bytes)) {
            return f;
        }
    }
    return NULL;
}

bool elf_has_symbol(const struct elf *elf, const char *name)
{
    for (size_t i = 0; i < elf->function_count; i++) {
        if (strcmp(elf->functions[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

const uint8_t *elf_at(const struct elf *elf, uint64_t virt, uint64_t len_bytes)
{
    for (uint32_t i = 0; i < elf->segment_count; i++) {
        const struct elf_segment *s = &elf->segments[i];
        if (virt >= s->virt && virt - s->virt <= s->file_bytes && len_bytes <= s->file_bytes - (virt - s->virt)) {
            return s->bytes + (virt - s->virt);
        }
    }
    return NULL;
}
