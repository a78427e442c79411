/* SPDX-License-Identifier: MIT */
/** A program of three pages, written byte by byte. See make_bad.h. */
#include <stdio.h>

#include "make_bad.h"

#define BASE      UINT64_C(0x400000)
#define CODE_AT   0x1000u
#define TEXT_AT   0x1100u
#define INTERP_AT 0x380u
#define HEADERS   64u

void victim_layout(struct elf_program *out)
{
    *out = (struct elf_program){.entry = BASE + CODE_AT, .phdr = BASE + HEADERS, .phdr_count = 2, .segment_count = 2};
    out->segments[0] = (struct elf_load){0, BASE, 0x2000, 0x2000, ELF_READ | ELF_EXECUTE};
    out->segments[1] = (struct elf_load){0x2000, BASE + 0x2000, 0x100, 0x100, ELF_READ | ELF_WRITE};
}

static void put_header(uint8_t *at, uint32_t type, const struct elf_load *s)
{
    uint32_t flags = (s->prot & ELF_READ ? 4u : 0) | (s->prot & ELF_WRITE ? 2u : 0) | (s->prot & ELF_EXECUTE ? 1u : 0);
    le32_store(at, type);
    le32_store(at + 4, flags);
    le64_store(at + 8, s->offset);
    le64_store(at + 16, s->vaddr);
    le64_store(at + 24, s->vaddr);
    le64_store(at + 32, s->file_bytes);
    le64_store(at + 40, s->memory_bytes);
    le64_store(at + 48, 0x1000);
}

/** write(1, text, length); exit_group(0) */
static void put_code(uint8_t *file, size_t text_bytes)
{
    const uint32_t code[] = {
        0xd2800020,                                          /* mov x0, #1 */
        0x10000001 | (TEXT_AT - (CODE_AT + 4)) / 4 << 5,     /* adr x1, text */
        0xd2800002 | (uint32_t)text_bytes << 5,              /* mov x2, #length */
        0xd2800808,                                          /* mov x8, #64 */
        0xd4000001,                                          /* svc #0 */
        0xd2800000,                                          /* mov x0, #0 */
        0xd2800bc8,                                          /* mov x8, #94 */
        0xd4000001,                                          /* svc #0 */
    };
    for (size_t i = 0; i < ARRAY_LEN(code); i++) {
        le32_store(file + CODE_AT + 4 * i, code[i]);
    }
}

void victim_write(const struct elf_program *layout, enum victim_extra extra, const char *name, uint8_t out[VICTIM_BYTES])
{
    static const uint8_t ident[16] = "\177ELF\2\1\1";
    memset(out, 0, VICTIM_BYTES);
    memcpy(out, ident, sizeof ident);
    le16_store(out + 16, 2);
    le16_store(out + 18, 183);
    le32_store(out + 20, 1);
    le64_store(out + 24, layout->entry);
    le64_store(out + 32, HEADERS);
    le16_store(out + 52, 64);
    le16_store(out + 54, ELF_HEADER_BYTES);
    uint8_t *at = out + HEADERS;
    for (uint32_t i = 0; i < layout->segment_count; i++, at += ELF_HEADER_BYTES) {
        put_header(at, 1, &layout->segments[i]);
    }
    if (extra == VICTIM_STACK) {
        put_header(at, 0x6474e551, &(struct elf_load){.prot = ELF_READ | ELF_WRITE | ELF_EXECUTE});
    } else if (extra == VICTIM_INTERPRETER) {
        static const char path[] = "/lib/ld-linux-aarch64.so.1";
        put_header(at, 3, &(struct elf_load){INTERP_AT, BASE + INTERP_AT, sizeof path, sizeof path, ELF_READ});
        memcpy(out + INTERP_AT, path, sizeof path);
    }
    le16_store(out + 56, (uint16_t)(layout->segment_count + (extra != VICTIM_PLAIN ? 1 : 0)));
    int chars = snprintf((char *)out + TEXT_AT, 64, "%s ran\n", name);
    put_code(out, (size_t)chars);
    memset(out + 0x2000, 'd', 0x100);
}
