/* SPDX-License-Identifier: MIT */
/**
 * Shows that a good container is read as it was written, that each of its rules refuses one change, that contents are
 * checked against the manifest, and that fs-verity digests are those of the fsverity tool.
 */
#include "package_samples.h"

static struct sample s;
static struct package p;
static struct package_refusal why;

static bool opens(void)
{
    return package_open(s.bytes, s.len_bytes, &p, &why);
}

static bool refuses(enum package_rule rule, const char *sentence)
{
    bool as_expected = why.rule == rule && strcmp(why.sentence, sentence) == 0;
    if (!as_expected) {
        printf("# %s\n", why.sentence);
    }
    return as_expected;
}

static void make(void)
{
    sample_init(&s);
    sample_write(&s);
}

static void a_good_container_is_read(void)
{
    static uint8_t chain[CHAIN_FILE_HEAD_BYTES];
    struct writer w = writer_of(chain, sizeof chain);
    struct package_object object;
    struct hash256 id;
    uint32_t index;
    chain_file_put_head(&w, 0);
    sample_init(&s);
    s.chain = cursor_of(chain, sizeof chain);
    sample_write(&s);
    CHECK(opens());
    CHECK(p.chain.left_bytes == sizeof chain && p.object_count == 3);
    tree_root_of_bytes(s.manifest, s.manifest_bytes, &id);
    CHECK(hash256_equal(&p.id, &id) && p.manifest.bytes.left_bytes == s.manifest_bytes);
    for (uint32_t i = 0; i < 3; i++) {
        CHECK(package_find(&p, &s.parts[i].root, &index) && index == i);
        package_object(&p, index, &object);
        CHECK(hash256_equal(&object.root, &s.parts[i].root) && object.size_bytes == s.parts[i].size_bytes);
        CHECK(object.offset % PAGE_BYTES == 0 && object.bytes == s.bytes + object.offset);
        CHECK_BYTES(object.bytes, s.parts[i].bytes, object.size_bytes);
        CHECK_BYTES(object.leaves, s.parts[i].leaves, object.leaf_count * SHA256_BYTES);
    }
    CHECK(!package_find(&p, &id, &index));
    CHECK(package_check(&p, PACKAGE_CHECK_BYTES | PACKAGE_CHECK_VERITY, &why));
}

static void a_package_of_nothing_is_read(void)
{
    sample_init(&s);
    s.m.file_count = 0;
    s.part_count = 0;
    sample_write(&s);
    CHECK(opens() && p.object_count == 0 && package_check(&p, PACKAGE_CHECK_BYTES, &why));
    CHECK_EQ(s.len_bytes, 4096);
}

/* ---- rules of the form ------------------------------------------------------------------------------------------------ */

static void numbers_of_the_header_must_fit(void)
{
    make();
    CHECK(opens());
    s.bytes[0] ^= 1;
    CHECK(!opens() && refuses(PACKAGE_MAGIC, "package: not a package; name a file that lx pack made"));
    make();
    s.bytes[28] = 1;
    CHECK(!opens() && refuses(PACKAGE_RESERVED, "package, header: a reserved field is not zero; use the lx of the same "
                                                "release, or get it again"));
    make();
    le32_store(s.bytes + 16, PACKAGE_OBJECTS_MAX + 1);
    CHECK(!opens() && why.rule == PACKAGE_TOO_LARGE);
    make();
    le32_store(s.bytes + 20, MANIFEST_BYTES_MAX + 1);
    CHECK(!opens() && why.rule == PACKAGE_TOO_LARGE);
    make();
    le32_store(s.bytes + 24, PACKAGE_CHAIN_BYTES_MAX + 1);
    CHECK(!opens() && why.rule == PACKAGE_TOO_LARGE);
    make();
    s.bytes[PACKAGE_HEADER_BYTES + 36] = 1; /* an object of more than 4 GiB */
    CHECK(!opens() && why.rule == PACKAGE_TOO_LARGE);
    static const uint32_t counts[] = {16, 20, 24}; /* objects, manifest, chain: large enough to need another page */
    for (size_t i = 0; i < ARRAY_LEN(counts); i++) {
        make();
        le32_store(s.bytes + counts[i], 4095);
        CHECK(!opens() && why.rule == PACKAGE_LENGTH);
    }
}

static void every_cut_and_any_longer_is_refused(void)
{
    make();
    for (size_t len = 0; len < s.len_bytes; len++) {
        CHECK(!package_open(s.bytes, len, &p, &why) && why.rule == (len < 8 ? PACKAGE_MAGIC : PACKAGE_LENGTH));
    }
    CHECK(!package_open(s.bytes, s.len_bytes + 1, &p, &why) && why.rule == PACKAGE_LENGTH);
    CHECK(!package_open(s.bytes, s.len_bytes + PAGE_BYTES, &p, &why) && why.rule == PACKAGE_LENGTH);
    le64_store(s.bytes + 8, s.len_bytes + PAGE_BYTES); /* also when the header says so */
    CHECK(!package_open(s.bytes, s.len_bytes + PAGE_BYTES, &p, &why) && why.rule == PACKAGE_LENGTH);
}

static void padding_is_zero(void)
{
    struct package_object object;
    make();
    CHECK(opens());
    size_t objects = (size_t)p.objects_offset;
    s.bytes[objects - 1] = 1;
    CHECK(!opens() && why.rule == PACKAGE_PADDING);
    for (uint32_t i = 0; i < 3; i++) {
        make();
        CHECK(opens());
        package_object(&p, i, &object);
        if (object.size_bytes % PAGE_BYTES != 0) {
            s.bytes[object.offset + object.size_bytes] = 1;
            CHECK(!opens() && why.rule == PACKAGE_PADDING);
        }
    }
}

static void objects_lie_where_they_must(void)
{
    make();
    uint8_t *offset = s.bytes + PACKAGE_HEADER_BYTES + PACKAGE_TABLE_ENTRY_BYTES + 40;
    le64_store(offset, le64_load(offset) + PAGE_BYTES);
    CHECK(!opens() && refuses(PACKAGE_PLACE, "package, object 1: not where it must be; it was changed: get it again"));
    sample_init(&s);
    struct package_part first = s.parts[0];
    s.parts[0] = s.parts[1];
    s.parts[1] = first;
    sample_write(&s);
    CHECK(!opens() && why.rule == PACKAGE_ORDER);
    sample_init(&s);
    s.parts[3] = s.parts[2];
    s.part_count = 4;
    sample_write(&s);
    CHECK(!opens() && why.rule == PACKAGE_TWICE);
}

static void files_and_objects_are_the_same(void)
{
    sample_init(&s);
    s.files[FILE_MOTD].root.bytes[0] ^= 1;
    sample_write(&s);
    CHECK(!opens() && refuses(PACKAGE_OBJECT_MISSING, "/etc/motd: its contents are not in the package; get it again"));
    sample_init(&s);
    s.files[FILE_MOTD].size_bytes--;
    sample_write(&s);
    CHECK(!opens() && refuses(PACKAGE_OBJECT_SIZE, "/etc/motd: its contents have another size than the manifest says; get "
                                                   "it again"));
    sample_init(&s);
    s.files[FILE_MOTD].root = s.files[FILE_EMPTY].root;
    s.files[FILE_MOTD].size_bytes = 0;
    sample_write(&s);
    CHECK(!opens() && why.rule == PACKAGE_OBJECT_UNUSED);
}

static void chain_and_manifest_are_looked_at(void)
{
    sample_init(&s);
    s.chain = text_of("LXCHAIN");
    sample_write(&s);
    CHECK(!opens() && refuses(PACKAGE_CHAIN, "package, the developer's chain: not a chain file; it was changed: get it "
                                             "again"));
    sample_init(&s);
    s.m.seq = 0;
    sample_write(&s);
    CHECK(!opens() && why.rule == PACKAGE_SEQ);
}

/* ---- contents --------------------------------------------------------------------------------------------------------- */

static void changed_contents_are_refused(void)
{
    struct package_object object;
    uint32_t index = 0;
    make();
    CHECK(opens() && package_find(&p, &s.files[FILE_DEMO].root, &index));
    package_object(&p, index, &object);
    s.bytes[object.offset + 0x1100] ^= 0x20;
    CHECK(opens() && package_check(&p, 0, &why)); /* the page is hashed when it is used */
    CHECK(!package_check(&p, PACKAGE_CHECK_BYTES, &why));
    char sentence[160];
    snprintf(sentence, sizeof sentence,
             "package, object %u, page 1: the bytes do not give their hash; it was changed: get it again", index);
    CHECK(refuses(PACKAGE_BYTES, sentence));
    make();
    CHECK(opens());
    size_t leaf = (size_t)((const uint8_t *)object.leaves - s.bytes) + SHA256_BYTES;
    s.bytes[leaf] ^= 1;
    CHECK(opens() && !package_check(&p, 0, &why) && why.rule == PACKAGE_LEAVES);
    sample_init(&s);
    s.files[FILE_MOTD].verity.bytes[5] ^= 1;
    sample_write(&s);
    CHECK(opens() && package_check(&p, PACKAGE_CHECK_BYTES, &why));
    CHECK(!package_check(&p, PACKAGE_CHECK_VERITY, &why));
    CHECK(refuses(PACKAGE_VERITY, "/etc/motd: the manifest has another fs-verity digest than the contents; make it again"));
}

static void programs_are_what_the_manifest_says(void)
{
    sample_init(&s);
    s.files[FILE_DEMO].program.segments[1].memory_bytes += PAGE_BYTES;
    sample_write(&s);
    CHECK(opens() && !package_check(&p, 0, &why));
    CHECK(refuses(PACKAGE_PROGRAM_DIFFERS, "/bin/demo: the program's headers are not those that the manifest has; make it "
                                           "again with lx pack"));
    sample_init(&s);
    s.files[FILE_DEMO].is_program = false;
    sample_write(&s);
    CHECK(opens() && !package_check(&p, 0, &why) && why.rule == PACKAGE_PROGRAM_MISSING);
    sample_init(&s);
    s.files[FILE_DEMO].is_program = false;
    s.files[FILE_DEMO].mode = 0644; /* any file may be data */
    sample_write(&s);
    CHECK(opens() && package_check(&p, 0, &why));
    sample_init(&s);
    struct elf_program program = s.files[FILE_DEMO].program;
    le32_store(s.elf + 64 + 56 + 4, 7); /* data executable, in the file only */
    sample_hash(s.elf, sizeof s.elf, s.elf_leaves, &s.parts[3]);
    for (uint32_t i = 0; i < 3; i++) {
        if (s.parts[i].bytes == s.elf) {
            s.parts[i] = s.parts[3];
        }
    }
    sample_sort_parts(&s);
    sample_file(&s, FILE_DEMO, "/bin/demo", 0755, &s.parts[3]);
    s.files[FILE_DEMO].program = program;
    s.files[FILE_DEMO].is_program = true;
    sample_write(&s);
    CHECK(opens() && !package_check(&p, 0, &why));
    CHECK(refuses(PACKAGE_PROGRAM, "/bin/demo: segment 1: both writable and executable; link it with separate code and "
                                   "data (without -N)"));
}

/* ---- fs-verity -------------------------------------------------------------------------------------------------------- */

/* What `fsverity digest` 1.5 of Debian says of so many bytes i % 251. */
static const struct {
    uint32_t len;
    const char *digest;
} digests[] = {
    {0, "3d248ca542a24fc62d1c43b916eae5016878e2533c88238480b26128a1f1af95"},
    {1, "b803429503d95915829b29fdbc8bbad142f3abfd11b1cadf5526582e685c0551"},
    {4095, "5f4953aad672b0188023d6cd6fbce9d09508eb7dad165b6298ce0086bc1e72db"},
    {4096, "13e9b8848ae484a36acb3f3cac0ceb2f7601e96633d15c92f9bd3dd44e492157"},
    {4097, "b0d074abef4d544404facfab6ba242f6a8ccbde90f1325cd286f3c8aa8d0f8aa"},
    {8192, "e48d50c56c4f0178a98a035cb91d66be328eeff78bbddaa35c5ec4cc0d8340c0"},
    {520192, "9283d564646e03a8d2b5ed920a4552b38e1db37567f8128a0b75f467ac71d7a2"},
    {524288, "d82861203d50ae9b60948504a704f35f5118bd229aeb1a22d6dae47b1767c4c4"},
    {524289, "4dc6905041c9c4ee73e13b53f63f5d289c46da359b664a965ead7f8cc4d799d4"},
    {528384, "dd56ffe5de24c1229fe22d25f91db9e735f6adc921510dcf480094624458c92a"},
    {1048576, "93c995656d665b81c3a87eed032fcf06a8f9cecef51e3f5e5af7fa59fef1d439"},
    {300000, "9ba81fdc4f8dfd3b0d13b883f7f73f07e6c0c006c6ef81a3bc024508c8a57e3f"},
    {67108864, "196650e8bd05f8516c0ede56deeb4d1ff2be9809dc2d827261db4a7773957567"},
    {67108865, "acba6554fbff4e8b2fc0361086b9e8ed6afbbd3196ade159c0f3e2bf9ecb2ed1"},
};

static void verity_is_that_of_the_fsverity_tool(void)
{
    static uint8_t bytes[128 * 128 * 4096 + 1];
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t)(i % 251);
    }
    for (size_t i = 0; i < ARRAY_LEN(digests); i++) {
        struct hash256 digest;
        char hex[65] = "";
        verity_digest(bytes, digests[i].len, &digest);
        for (size_t j = 0; j < SHA256_BYTES; j++) {
            snprintf(hex + 2 * j, 3, "%02x", digest.bytes[j]);
        }
        CHECK(strcmp(hex, digests[i].digest) == 0);
    }
}

int main(void)
{
    static const struct unit_case cases[] = {
        {"package: a good container is read as it was written", a_good_container_is_read},
        {"package: a package of nothing is read", a_package_of_nothing_is_read},
        {"package: the header's numbers must fit", numbers_of_the_header_must_fit},
        {"package: every cut and any longer is refused", every_cut_and_any_longer_is_refused},
        {"package: padding is zero", padding_is_zero},
        {"package: objects lie where they must", objects_lie_where_they_must},
        {"package: files and objects are the same", files_and_objects_are_the_same},
        {"package: chain and manifest are looked at", chain_and_manifest_are_looked_at},
        {"package: changed contents are refused", changed_contents_are_refused},
        {"package: programs are what the manifest says", programs_are_what_the_manifest_says},
        {"package: fs-verity digests are those of the tool", verity_is_that_of_the_fsverity_tool},
    };
    return UNIT_MAIN(cases);
}
