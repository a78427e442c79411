/* SPDX-License-Identifier: MIT */
/** Any bytes as a program: what is accepted can be mapped, page by page, with no page both written and executed. */
#include "elf.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len_bytes);

/* An input that begins with "PROG" is the program of a manifest; its sizes are then compared with no file but a size. */
static void any_program(const uint8_t *bytes, size_t len_bytes)
{
    struct elf_program p = {0};
    struct elf_refusal why;
    size_t take = len_bytes < sizeof p ? len_bytes : sizeof p;
    struct cursor c = cursor_of(bytes, take);
    uint8_t relocatable = 0;
    bool ok = cursor_le64(&c, &p.entry) && cursor_le64(&c, &p.phdr) && cursor_le16(&c, &p.phdr_count) &&
              cursor_u8(&c, &relocatable) && cursor_u8(&c, &p.segment_count);
    p.is_relocatable = relocatable & 1;
    for (uint32_t i = 0; ok && i < ELF_SEGMENTS_MAX; i++) {
        struct elf_load *s = &p.segments[i];
        ok = cursor_le64(&c, &s->offset) && cursor_le64(&c, &s->vaddr) && cursor_le64(&c, &s->file_bytes) &&
             cursor_le64(&c, &s->memory_bytes) && cursor_u8(&c, &s->prot);
    }
    ok = elf_program_check(&p, UINT32_MAX, &why);
    assert(ok || why.err >= ELF_SEGMENT_COUNT);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len_bytes)
{
    struct elf_program p, again;
    struct elf_refusal why;
    char sentence[160];
    if (len_bytes > 4 && memcmp(bytes, "PROG", 4) == 0) {
        any_program(bytes + 4, len_bytes - 4);
    }
    if (!elf_parse(bytes, len_bytes, &p, &why)) {
        elf_describe(&why, sentence, sizeof sentence);
        assert(why.err != ELF_OK && strlen(sentence) < sizeof sentence - 1);
        return 0;
    }
    uint64_t end = 0;
    for (uint32_t i = 0; i < p.segment_count; i++) {
        const struct elf_load *s = &p.segments[i];
        assert(s->vaddr / PAGE_BYTES * PAGE_BYTES >= end);
        end = (s->vaddr + s->memory_bytes + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES;
        assert(end > s->vaddr && end <= ELF_ADDRESS_END);
        assert(s->offset <= len_bytes && s->file_bytes <= len_bytes - s->offset);
        assert((s->prot & 6) != 6);
    }
    assert(elf_parse(bytes, len_bytes, &again, &why));
    assert(elf_program_equal(&p, &again));
    return 0;
}
