/* SPDX-License-Identifier: MIT */
/** Shows that a sound program is read as it is, and that each rule refuses the same program with one change. */
#include "elf.h"
#include "unit.h"

#define FILE_BYTES 0x3000u

/* Where fields stand. */
enum {
    E_TYPE = 16,
    E_MACHINE = 18,
    E_VERSION = 20,
    E_ENTRY = 24,
    E_PHOFF = 32,
    E_EHSIZE = 52,
    E_PHENTSIZE = 54,
    E_PHNUM = 56,
    P_TEXT = 64,
    P_DATA = 64 + 56,
    P_STACK = 64 + 112,
    P_TYPE = 0,
    P_FLAGS = 4,
    P_OFFSET = 8,
    P_VADDR = 16,
    P_FILESZ = 32,
    P_MEMSZ = 40,
};

static uint8_t file[FILE_BYTES];
static struct elf_program program;
static struct elf_refusal why;

static void put_header(uint32_t at, uint32_t type, uint32_t flags, uint64_t offset, uint64_t vaddr, uint64_t filesz,
                       uint64_t memsz)
{
    le32_store(file + at + P_TYPE, type);
    le32_store(file + at + P_FLAGS, flags);
    le64_store(file + at + P_OFFSET, offset);
    le64_store(file + at + P_VADDR, vaddr);
    le64_store(file + at + P_FILESZ, filesz);
    le64_store(file + at + P_MEMSZ, memsz);
}

/* Text at 0x400000 with the headers in it, data at 0x402800 with zeros behind, and a stack that is not executable. */
static void make_good(void)
{
    memset(file, 0, sizeof file);
    memcpy(file, "\177ELF\2\1\1\3", 8);
    le16_store(file + E_TYPE, 2);
    le16_store(file + E_MACHINE, 183);
    le32_store(file + E_VERSION, 1);
    le64_store(file + E_ENTRY, 0x400200);
    le64_store(file + E_PHOFF, 64);
    le16_store(file + E_EHSIZE, 64);
    le16_store(file + E_PHENTSIZE, 56);
    le16_store(file + E_PHNUM, 3);
    put_header(P_TEXT, 1, 5, 0, 0x400000, 0x1234, 0x1234);
    put_header(P_DATA, 1, 6, 0x2800, 0x402800, 0x800, 0x5000);
    put_header(P_STACK, 0x6474e551, 6, 0, 0, 0, 0);
}

static void a_sound_program_is_read(void)
{
    make_good();
    CHECK(elf_parse(file, sizeof file, &program, &why));
    CHECK_EQ(program.entry, 0x400200);
    CHECK_EQ(program.phdr, 0x400040);
    CHECK_EQ(program.phdr_count, 3);
    CHECK(!program.is_relocatable);
    CHECK_EQ(program.segment_count, 2);
    CHECK_EQ(program.segments[0].prot, ELF_READ | ELF_EXECUTE);
    const struct elf_load *data = &program.segments[1];
    CHECK(data->offset == 0x2800 && data->vaddr == 0x402800 && data->file_bytes == 0x800 && data->memory_bytes == 0x5000);
    CHECK_EQ(data->prot, ELF_READ | ELF_WRITE);
}

static void a_relocatable_program_is_read(void)
{
    make_good();
    le16_store(file + E_TYPE, 3);
    le64_store(file + E_ENTRY, 0x200);
    le64_store(file + P_TEXT + P_VADDR, 0);
    le64_store(file + P_DATA + P_VADDR, 0x2800);
    CHECK(elf_parse(file, sizeof file, &program, &why));
    CHECK(program.is_relocatable && program.phdr == 64);
}

/** One change of the sound program, `bytes` wide, and what refuses it. */
struct change {
    const char *name;
    uint32_t at, bytes;
    uint64_t value;
    enum elf_err err;
    uint32_t segment;
};

static void apply(const struct change *c)
{
    uint8_t value[8];
    le64_store(value, c->value);
    memcpy(file + c->at, value, c->bytes);
}

static const struct change changes[] = {
    {"magic", 0, 1, 0x7e, ELF_NOT_ELF, ELF_NO_SEGMENT},
    {"32-bit", 4, 1, 1, ELF_CLASS, ELF_NO_SEGMENT},
    {"big-endian", 5, 1, 2, ELF_BYTE_ORDER, ELF_NO_SEGMENT},
    {"ident version", 6, 1, 2, ELF_VERSION, ELF_NO_SEGMENT},
    {"version", E_VERSION, 4, 2, ELF_VERSION, ELF_NO_SEGMENT},
    {"header size", E_EHSIZE, 2, 52, ELF_VERSION, ELF_NO_SEGMENT},
    {"program header size", E_PHENTSIZE, 2, 32, ELF_VERSION, ELF_NO_SEGMENT},
    {"another system", 7, 1, 9, ELF_SYSTEM, ELF_NO_SEGMENT},
    {"another machine", E_MACHINE, 2, 62, ELF_MACHINE, ELF_NO_SEGMENT},
    {"object file", E_TYPE, 2, 1, ELF_TYPE, ELF_NO_SEGMENT},
    {"no headers", E_PHNUM, 2, 0, ELF_HEADERS, ELF_NO_SEGMENT},
    {"too many headers", E_PHNUM, 2, 65, ELF_HEADERS, ELF_NO_SEGMENT},
    {"headers beyond the end", E_PHOFF, 8, FILE_BYTES - 8, ELF_HEADERS, ELF_NO_SEGMENT},
    {"headers that wrap", E_PHOFF, 8, UINT64_MAX, ELF_HEADERS, ELF_NO_SEGMENT},
    {"interpreter", P_STACK, 4, 3, ELF_INTERPRETER, ELF_NO_SEGMENT},
    {"executable stack", P_STACK + P_FLAGS, 4, 7, ELF_STACK, ELF_NO_SEGMENT},
    {"unreadable", P_DATA + P_FLAGS, 4, 2, ELF_PROT, 1},
    {"unknown rights", P_TEXT + P_FLAGS, 4, 0x105, ELF_PROT, 0},
    {"text writable", P_TEXT + P_FLAGS, 4, 7, ELF_WRITE_EXECUTE, 0},
    {"data executable", P_DATA + P_FLAGS, 4, 7, ELF_WRITE_EXECUTE, 1},
    {"empty", P_DATA + P_MEMSZ, 8, 0, ELF_EMPTY, 1},
    {"file larger than memory", P_DATA + P_MEMSZ, 8, 0x7ff, ELF_FILE_SIZE, 1},
    {"beyond the file", P_DATA + P_OFFSET, 8, 0x3800, ELF_OUTSIDE_FILE, 1},
    {"file range wraps", P_DATA + P_OFFSET, 8, UINT64_C(0xfffffffffffff800), ELF_OUTSIDE_FILE, 1},
    {"one byte too many", P_DATA + P_FILESZ, 8, 0x801, ELF_OUTSIDE_FILE, 1},
    {"unaligned", P_DATA + P_VADDR, 8, 0x402810, ELF_ALIGNMENT, 1},
    {"zeros in text", P_TEXT + P_MEMSZ, 8, 0x1235, ELF_ZEROS, 0},
    {"address wraps", P_DATA + P_VADDR, 8, UINT64_C(0xfffffffffffff800), ELF_ADDRESS, 1},
    {"memory wraps", P_DATA + P_MEMSZ, 8, UINT64_MAX, ELF_ADDRESS, 1},
    {"beyond the top", P_DATA + P_VADDR, 8, 0xfffeb800, ELF_ADDRESS, 1},
    {"in the first 64 KiB", P_TEXT + P_VADDR, 8, 0xf000, ELF_ADDRESS, 0},
    {"order", P_DATA + P_VADDR, 8, 0x3f0800, ELF_ORDER, 1},
    {"overlap", P_DATA + P_VADDR, 8, 0x400800, ELF_OVERLAP, 1},
    {"a page shared", P_DATA + P_VADDR, 8, 0x401800, ELF_OVERLAP, 1},
    {"entry in data", E_ENTRY, 8, 0x402800, ELF_ENTRY, ELF_NO_SEGMENT},
    {"entry behind text", E_ENTRY, 8, 0x401234, ELF_ENTRY, ELF_NO_SEGMENT},
    {"entry on the last bytes", E_ENTRY, 8, 0x401234 - 2, ELF_ENTRY, ELF_NO_SEGMENT},
    {"entry odd", E_ENTRY, 8, 0x400202, ELF_ENTRY, ELF_NO_SEGMENT},
    {"entry nowhere", E_ENTRY, 8, 0, ELF_ENTRY, ELF_NO_SEGMENT},
};

static void each_rule_refuses_one_change(void)
{
    for (size_t i = 0; i < ARRAY_LEN(changes); i++) {
        const struct change *c = &changes[i];
        make_good();
        apply(c);
        bool ok = elf_parse(file, sizeof file, &program, &why);
        if (ok || why.err != c->err || why.segment != c->segment) {
            printf("# %s: error %d in segment %d\n", c->name, (int)why.err, (int)why.segment);
        }
        CHECK(!ok && why.err == c->err && why.segment == c->segment);
    }
    make_good();
    le64_store(file + P_DATA + P_VADDR, 0xfffea800); /* the last that fits */
    CHECK(elf_parse(file, sizeof file, &program, &why));
}

static void two_changes(void)
{
    make_good();
    le32_store(file + P_TEXT, 0); /* no segment but data, where the headers are not */
    CHECK(!elf_parse(file, sizeof file, &program, &why) && why.err == ELF_ENTRY);
    le32_store(file + P_DATA, 0);
    CHECK(!elf_parse(file, sizeof file, &program, &why) && why.err == ELF_SEGMENT_COUNT);
    make_good();
    memcpy(file + 0x2000, file + 64, 3 * 56); /* headers in a hole between the segments */
    le64_store(file + E_PHOFF, 0x2000);
    CHECK(!elf_parse(file, sizeof file, &program, &why) && why.err == ELF_PHDR);
    make_good();
    le16_store(file + E_PHNUM, 17);
    for (uint32_t i = 0; i < 17; i++) {
        put_header(64 + 56 * i, 1, 4, 0, 0x400000 + i * 0x1000, 0x800, 0x800);
    }
    CHECK(!elf_parse(file, sizeof file, &program, &why) && why.err == ELF_SEGMENT_COUNT);
    for (size_t len = 0; len < 64; len++) {
        make_good();
        CHECK(!elf_parse(file, len, &program, &why) && why.err == (len < 58 ? ELF_NOT_ELF : ELF_HEADERS));
    }
}

static void programs_from_elsewhere_meet_the_same_rules(void)
{
    make_good();
    CHECK(elf_parse(file, sizeof file, &program, &why));
    struct elf_program other = program;
    CHECK(elf_program_check(&other, sizeof file, &why) && elf_program_equal(&program, &other));
    other.segments[0].prot |= ELF_WRITE;
    CHECK(!elf_program_equal(&program, &other));
    CHECK(!elf_program_check(&other, sizeof file, &why) && why.err == ELF_WRITE_EXECUTE);
    other = program;
    CHECK(!elf_program_check(&other, sizeof file - 1, &why) && why.err == ELF_OUTSIDE_FILE && why.segment == 1);
    other.segment_count = ELF_SEGMENTS_MAX + 1;
    CHECK(!elf_program_check(&other, sizeof file, &why) && why.err == ELF_SEGMENT_COUNT);
    other = program;
    other.phdr = 0x401200;
    CHECK(!elf_program_check(&other, sizeof file, &why) && why.err == ELF_PHDR);
    other = program;
    other.segments[2].vaddr = 5; /* behind the last */
    CHECK(elf_program_equal(&program, &other));
}

static void sentences_say_where(void)
{
    char out[200], cut[8];
    elf_describe(&(struct elf_refusal){ELF_WRITE_EXECUTE, 1}, out, sizeof out);
    CHECK(strcmp(out, "segment 1: both writable and executable; link it with separate code and data (without -N)") == 0);
    elf_describe(&(struct elf_refusal){ELF_INTERPRETER, ELF_NO_SEGMENT}, out, sizeof out);
    CHECK(strcmp(out, "dynamically linked: it needs an interpreter and libraries; build it with -static") == 0);
    elf_describe(&(struct elf_refusal){ELF_INTERPRETER, ELF_NO_SEGMENT}, cut, sizeof cut);
    CHECK(strcmp(cut, "dynamic") == 0);
}

int main(void)
{
    static const struct unit_case cases[] = {
        {"elf: a sound program is read", a_sound_program_is_read},
        {"elf: a relocatable program is read", a_relocatable_program_is_read},
        {"elf: each rule refuses one change", each_rule_refuses_one_change},
        {"elf: refusals that take two changes", two_changes},
        {"elf: programs from elsewhere meet the same rules", programs_from_elsewhere_meet_the_same_rules},
        {"elf: sentences say where", sentences_say_where},
    };
    return UNIT_MAIN(cases);
}
