/* SPDX-License-Identifier: MIT */
/** Shows that good packages come into the catalog whole, and that each change is refused where it was made and nowhere else. */
#include "catalog_samples.h"

static struct world w;
static struct catalog_work work;
static struct catalog catalog;

static void build(void)
{
    catalog_build(&w.in, &work, &catalog);
    CHECK_EQ(catalog.state, CATALOG_READY);
    CHECK(catalog_holds(&catalog, w.in.bundle.left_bytes));
    CHECK(work.note_count > 0 && work.notes[work.note_count - 1].kind == JOURNAL_NOTE);
}

/** Builds; `statuses` has one letter a package: a for authorised, r for refused. */
static void expect(const char *statuses)
{
    build();
    CHECK_EQ(catalog.package_count, strlen(statuses));
    for (uint32_t i = 0; i < catalog.package_count; i++) {
        bool as_expected = (statuses[i] == 'a') == (catalog.packages[i].status == CATALOG_AUTHORISED);
        CHECK(as_expected);
        if (!as_expected) {
            printf("# package %u: %s\n", i, catalog.packages[i].sentence);
        }
    }
}

static bool says(const char *sentence, const char *part)
{
    bool ok = strstr(sentence, part) != NULL;
    if (!ok) {
        printf("# \"%s\" is not in: %s\n", part, sentence);
    }
    return ok;
}

static uint32_t notes_of(enum journal_kind kind, const char *part)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < work.note_count; i++) {
        count += work.notes[i].kind == kind && strstr(work.notes[i].text, part) != NULL;
    }
    return count;
}

static const struct catalog_file *file_at(const char *path)
{
    for (uint32_t i = 0; i < catalog.file_count; i++) {
        if (strcmp(catalog.strings + catalog.files[i].path, path) == 0) {
            return &catalog.files[i];
        }
    }
    CHECK_EQ(catalog.file_count, UINT32_MAX); /* the file should be there */
    return &catalog.files[0];
}

/* ---- good ------------------------------------------------------------------------------------------------------------------ */

static void packages_stand_in_the_catalog(void)
{
    world_good(&w);
    expect("aa");
    const struct catalog_package *p = &catalog.packages[0];
    struct hash256 id;
    manifest_id(w.packages[0].manifest, w.packages[0].manifest_bytes, &id);
    CHECK(strcmp(p->name, "base") == 0 && p->sequence == 3 && memcmp(p->id, id.bytes, sizeof p->id) == 0);
    CHECK(strcmp(p->developer_name, "Ada") == 0 && strcmp(catalog.packages[1].developer_name, "Bo") == 0);
    CHECK_BYTES(p->developer, w.developers[0].verifier.genesis.bytes, U256_BYTES);
    CHECK(p->signed_at_s == WORLD_TIME_S && p->chain_length == 1 && p->height == 0);
    CHECK(says(p->sentence, "base 3 is authorised"));
    CHECK(says(catalog.owner, "list of approvals 4"));
    CHECK_EQ(notes_of(JOURNAL_REFUSED, ""), 0);
    CHECK_EQ(notes_of(JOURNAL_VERIFIED, "chain of developer"), 2);
    CHECK_EQ(notes_of(JOURNAL_VERIFIED, "is authorised"), 2);
    CHECK_EQ(notes_of(JOURNAL_VERIFIED, "the owner's chain is verified: 1 transactions"), 1);
    CHECK_EQ(notes_of(JOURNAL_NOTE, "2 of 2 packages authorised"), 1);
}

static void files_stand_in_the_catalog(void)
{
    world_good(&w);
    expect("aa");
    CHECK_EQ(catalog.file_count, (uint32_t)(FILE_COUNT + 1 + 4)); /* bin, etc and tmp are the first package's */
    const struct catalog_file *dir = file_at("/tmp"), *link = file_at("/bin/sh1"), *motd = file_at("/etc/motd1");
    CHECK(dir->kind == CATALOG_DIR && dir->mode == 01777 && dir->gid == 7 && dir->package == 0);
    CHECK(link->kind == CATALOG_LINK && link->package == 1 && strcmp(catalog.strings + link->target, "demo") == 0);
    CHECK(motd->kind == CATALOG_FILE && motd->mode == 0644 && motd->size_bytes == SAMPLE_MOTD_BYTES);
    CHECK_EQ(motd->program, CATALOG_NONE);
    const struct catalog_object *o = &catalog.objects[motd->object];
    CHECK_BYTES(w.bundle + o->offset, w.packages[1].motd, SAMPLE_MOTD_BYTES);
    struct hash256 root;
    tree_root_of_leaves((const struct hash256 *)(const void *)(w.bundle + o->leaves_offset), 2, &root);
    CHECK_BYTES(root.bytes, o->root, SHA256_BYTES);
}

static void programs_stand_in_the_catalog(void)
{
    world_good(&w);
    expect("aa");
    const struct catalog_file *demo = file_at("/bin/demo0"), *abi = file_at(CATALOG_ABI_PATH);
    const struct catalog_program *p = &catalog.programs[demo->program];
    CHECK(p->entry == 0x400200 && p->phdr == 0x400040 && p->phdr_count == 2 && p->relocatable == 0);
    CHECK(p->start == 0x400000 && p->end == 0x407800 && p->segment_count == 2 && p->package == 0);
    const struct catalog_segment *s = &catalog.segments[p->first_segment];
    CHECK(s[0].rights == (PAGER_READ | PAGER_EXECUTE) && s[0].offset == 0 && s[0].address == 0x400000);
    CHECK(s[1].rights == (PAGER_READ | PAGER_WRITE) && s[1].offset == 0x2800 && s[1].file_bytes == 0x800);
    CHECK(s[1].memory_bytes == 0x5000);
    CHECK(catalog.abi_program == abi->program && abi->program != CATALOG_NONE);
}

static void an_empty_bundle_is_an_empty_catalog(void)
{
    world_begin(&w);
    world_finish(&w);
    expect("");
    CHECK_EQ(catalog.abi_program, CATALOG_NONE);
    CHECK_EQ(notes_of(JOURNAL_REFUSED, "no program can start"), 1);
}

/* ---- chains ---------------------------------------------------------------------------------------------------------------- */

/** Base by a developer, then hello by the same, whose chain is longer. */
static void one_developer(void)
{
    world_begin(&w);
    world_release(&w, 0, "base", 3);
    world_release(&w, 0, "hello", 1);
    w.is_approved[0] = true;
    world_finish(&w);
}

static void chains_that_begin_alike_are_verified_once(void)
{
    one_developer();
    expect("aa");
    CHECK_EQ(notes_of(JOURNAL_VERIFIED, "chain of developer"), 1);
    CHECK_EQ(notes_of(JOURNAL_VERIFIED, "2 transactions, 2 registers"), 1);
    w.packages[1].chain = w.packages[0].chain = cursor_of(w.chains[1], w.packages[1].chain.left_bytes);
    sample_write_container(&w.packages[0]);
    world_bundle(&w);
    expect("aa");
    CHECK_EQ(notes_of(JOURNAL_VERIFIED, "chain of developer"), 1);
}

/* base 3 cannot hide behind its short chain that the longer one has released base 4, or that it was withdrawn. */
static void a_longer_chain_counts_for_all(void)
{
    for (uint32_t is_revoked = 0; is_revoked < 2; is_revoked++) {
        world_begin(&w);
        world_release(&w, 0, "base", 3);
        (void)world_package(&w, "base", 3 + (is_revoked == 0));
        world_sign(&w, 0, is_revoked != 0);
        w.package_count--; /* it is not installed */
        world_release(&w, 0, "hello", 1);
        w.is_approved[0] = true;
        world_finish(&w);
        expect("ra");
        CHECK(says(catalog.packages[0].sentence, is_revoked ? "withdrawn" : "superseded"));
        CHECK_EQ(catalog.abi_program, CATALOG_NONE);
        w.package_count = 1;
        world_bundle(&w);
        expect("a");
    }
}

static void a_package_is_decided_by_its_own_chain_too(void)
{
    one_developer();
    w.packages[1].chain.left_bytes = w.packages[0].chain.left_bytes; /* cut before the release of hello */
    le32_store(w.chains[1] + 8, 1);
    sample_write_container(&w.packages[1]);
    world_release(&w, 0, "third", 1); /* whose chain has it */
    world_bundle(&w);
    expect("ara");
    CHECK(says(catalog.packages[1].sentence, "register"));
}

static void a_broken_chain_is_refused_alone(void)
{
    one_developer();
    size_t last = w.packages[1].chain.left_bytes - 1; /* of the last signature */
    w.chains[1][last] ^= 1;
    sample_write_container(&w.packages[1]);
    world_bundle(&w);
    expect("ar");
    CHECK(says(catalog.packages[1].sentence, "the chain in package hello is refused: transaction 1: "));
    CHECK_EQ(notes_of(JOURNAL_REFUSED, "the developer's chain in hello 1 is refused"), 1);
    w.chains[1][last] ^= 1;
    w.chains[1][60] ^= 1; /* in the first transaction */
    sample_write_container(&w.packages[1]);
    world_bundle(&w);
    expect("ar");
}

static void an_empty_chain_is_refused_alone(void)
{
    one_developer();
    w.packages[1].chain.left_bytes = CHAIN_FILE_HEAD_BYTES;
    le32_store(w.chains[1] + 8, 0);
    sample_write_container(&w.packages[1]);
    world_bundle(&w);
    expect("ar");
    CHECK(says(catalog.packages[1].sentence, "no transaction at all"));
    w.packages[1].chain.left_bytes = 0;
    sample_write_container(&w.packages[1]);
    world_bundle(&w);
    expect("ar");
    CHECK(says(catalog.packages[1].sentence, "not signed"));
}

static void a_developer_who_is_not_approved_is_refused(void)
{
    world_good(&w);
    w.is_approved[1] = false;
    w.list_seq++;
    world_finish(&w);
    expect("ar");
    CHECK(says(catalog.packages[1].sentence, "not approved"));
    CHECK_EQ(catalog.packages[1].developer_name[0], 0);
}

static void chains_of_another_network_are_refused(void)
{
    world_begin(&w);
    world_chain_begin(&w.developers[1], 9, "another");
    world_release(&w, 0, "base", 3);
    world_release(&w, 1, "hello", 1);
    w.is_approved[0] = w.is_approved[1] = true;
    world_finish(&w);
    expect("ar");
    CHECK(says(catalog.packages[1].sentence, "network"));
}

/* ---- the owner ------------------------------------------------------------------------------------------------------------- */

static void without_the_owner_nothing_is_authorised(void)
{
    world_good(&w);
    struct cursor *const parts[] = {&w.in.owner_anchor, &w.in.owner_chain, &w.in.owner_list};
    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        struct cursor good = *parts[i];
        parts[i]->left_bytes = 0;
        expect("rr");
        CHECK(says(catalog.packages[0].sentence, i == 2 ? "list" : "owner") && says(catalog.owner, "nobody"));
        CHECK(notes_of(JOURNAL_REFUSED, "") >= 3); /* two packages and no ABI page */
        *parts[i] = good;
        ((uint8_t *)(uintptr_t)good.at)[good.left_bytes - 1] ^= 1;
        expect("rr");
        CHECK_EQ(catalog.file_count, 0);
        CHECK_EQ(notes_of(JOURNAL_VERIFIED, "chain of developer"), 0); /* no time is spent on them */
        ((uint8_t *)(uintptr_t)good.at)[good.left_bytes - 1] ^= 1;
    }
    w.anchor[ANCHOR_BYTES - 70] ^= 1; /* another owner's */
    expect("rr");
    CHECK(says(catalog.packages[0].sentence, "anchored to"));
    w.anchor[ANCHOR_BYTES - 70] ^= 1;
    expect("aa");
}

/* ---- contents -------------------------------------------------------------------------------------------------------------- */

static void broken_bundles_hold_nothing(void)
{
    world_good(&w);
    w.bundle[0] ^= 1;
    expect("");
    CHECK_EQ(notes_of(JOURNAL_REFUSED, "bundle"), 2); /* the bundle, and no ABI page */
    w.bundle[0] ^= 1;
    w.in.bundle.left_bytes--;
    expect("");
    w.in.bundle.left_bytes = 0;
    expect("");
}

/* Every part of a container is changed in one place; the other package never notices. */
static void a_changed_byte_is_refused_alone(void)
{
    world_good(&w);
    build();
    const struct package *p = &work.packages[1];
    const struct {
        const uint8_t *at;
        char status;
    } places[] = {
        {p->bytes.at, 'r'},
        {p->table, 'r'},
        {p->manifest.bytes.at, 'r'},
        {p->manifest.bytes.at + p->manifest.bytes.left_bytes - 40, 'r'}, /* provenance */
        {p->chain.at + p->chain.left_bytes - 10, 'r'},
        {(const uint8_t *)p->leaves, 'r'},
        {w.bundle + catalog.objects[file_at("/bin/demo1")->object].offset, 'r'},        /* magic */
        {w.bundle + catalog.objects[file_at("/bin/demo1")->object].offset + 0xfff, 'r'}, /* on the same page */
        {w.bundle + catalog.objects[file_at("/bin/demo1")->object].offset + 0x1000, 'a'}, /* when it is used */
        {w.bundle + catalog.objects[file_at("/etc/motd1")->object].offset, 'a'},
    };
    for (size_t i = 0; i < ARRAY_LEN(places); i++) {
        uint8_t *at = w.bundle + (places[i].at - w.bundle);
        *at ^= 1;
        expect(places[i].status == 'a' ? "aa" : "ar");
        *at ^= 1;
    }
    expect("aa");
}

static void any_changed_byte_leaves_the_catalog_whole(void)
{
    world_good(&w);
    catalog_clear(&work, &catalog);
    catalog_owner(&w.in, &work);
    uint32_t state = 1;
    for (uint32_t i = 0; i < 400; i++) {
        state = state * 1664525 + 1013904223;
        size_t at = PAGE_BYTES + (state >> 8) % (w.in.bundle.left_bytes - PAGE_BYTES);
        bool in_second = at >= (size_t)(w.in.bundle.left_bytes - align_up(w.packages[1].len_bytes, PAGE_BYTES));
        w.bundle[at] ^= (uint8_t)(1u << (state & 7));
        catalog_clear(&work, &catalog);
        catalog_packages(w.in.bundle, &work, &catalog);
        CHECK(catalog_holds(&catalog, w.in.bundle.left_bytes));
        CHECK(catalog.package_count == 0 || catalog.packages[!in_second].status == CATALOG_AUTHORISED);
        w.bundle[at] ^= (uint8_t)(1u << (state & 7));
    }
}

/* ---- all packages together --------------------------------------------------------------------------------------------------- */

static void of_a_name_one_package_counts(void)
{
    world_begin(&w);
    world_release(&w, 0, "base", 3);
    world_release(&w, 1, "hello", 1);
    world_release(&w, 0, "hello", 9);
    w.packages[3] = w.packages[0]; /* once more */
    w.package_count = 4;
    w.is_approved[0] = w.is_approved[1] = true;
    world_finish(&w);
    expect("aarr");
    CHECK(says(catalog.packages[2].sentence, "package 1 has that name already"));
    CHECK(says(catalog.packages[3].sentence, "package 0 has that name already"));
}

/* Two chains that part release two packages of one app: the older one is refused, wherever it stands. */
static void of_a_fork_the_highest_release_counts(void)
{
    static struct world_chain fork;
    world_begin(&w);
    world_release(&w, 0, "base", 3);
    fork = w.developers[0];
    world_release(&w, 0, "hello", 1);
    struct sigchain_setup setup = fork.verifier.setup;
    w.developers[0] = fork;
    w.developers[0].verifier.setup = setup;
    w.developers[0].w.bytes = w.developers[0].file;
    w.developers[0].signer.seed = &w.developers[0].seed;
    w.developers[0].signer.chain = &w.developers[0].verifier;
    w.developers[0].verifier.setup.registers = w.developers[0].table;
    world_release(&w, 0, "hello", 2);
    w.is_approved[0] = true;
    world_finish(&w);
    expect("ara");
    CHECK(says(catalog.packages[1].sentence, "older than 2"));
}

static void the_abi_page_is_the_first_packages(void)
{
    world_begin(&w);
    world_release(&w, 0, "base", 3);
    world_release(&w, 1, "hello", 1);
    w.is_approved[0] = w.is_approved[1] = true;
    world_finish(&w);
    struct sample swapped = w.packages[0];
    w.packages[0] = w.packages[1];
    w.packages[1] = swapped;
    world_bundle(&w);
    expect("aa");
    CHECK_EQ(catalog.abi_program, CATALOG_NONE);
    CHECK(file_at(CATALOG_ABI_PATH)->program != CATALOG_NONE);
    CHECK_EQ(notes_of(JOURNAL_REFUSED, "put the base system first"), 1);
}

static void the_abi_page_is_one_page(void)
{
    world_begin(&w);
    struct sample *s = world_package(&w, "base", 3);
    s->files[FILE_TMP].program = s->files[FILE_DEMO].program; /* the demo program under that path */
    s->files[FILE_TMP].root = s->files[FILE_DEMO].root;
    s->files[FILE_TMP].size_bytes = s->files[FILE_DEMO].size_bytes;
    s->files[FILE_TMP].verity = s->files[FILE_DEMO].verity;
    for (uint32_t i = 0, kept = 0; i < 4; i++) {
        if (s->parts[i].bytes != w.abi_page) {
            s->parts[kept++] = s->parts[i];
        }
    }
    s->part_count = 3;
    world_sign(&w, 0, false);
    w.is_approved[0] = true;
    world_finish(&w);
    expect("a");
    CHECK_EQ(catalog.abi_program, CATALOG_NONE);
    CHECK_EQ(catalog.program_count, 1); /* both files have the same */
    CHECK_EQ(notes_of(JOURNAL_REFUSED, "not one relocatable page"), 1);
}

static void long_names_are_refused(void)
{
    char name[RECORD_APP_CHARS_MAX + 1];
    memset(name, 'n', sizeof name);
    name[RECORD_APP_CHARS_MAX] = '\0';
    world_begin(&w);
    world_release(&w, 0, "base", 3);
    world_release(&w, 1, name, 1);
    w.is_approved[0] = w.is_approved[1] = true;
    world_finish(&w);
    expect("ar");
    CHECK(says(catalog.packages[1].sentence, "63 characters"));
}

int main(void)
{
    static const struct unit_case cases[] = {
        {"catalog: packages stand in it with what was proven", packages_stand_in_the_catalog},
        {"catalog: files and objects stand in it", files_stand_in_the_catalog},
        {"catalog: programs and segments stand in it", programs_stand_in_the_catalog},
        {"catalog: an empty bundle makes an empty one", an_empty_bundle_is_an_empty_catalog},
        {"catalog: chains that begin alike are verified once", chains_that_begin_alike_are_verified_once},
        {"catalog: a longer chain of the developer counts for all", a_longer_chain_counts_for_all},
        {"catalog: a package is decided by its own chain too", a_package_is_decided_by_its_own_chain_too},
        {"catalog: a broken chain is refused alone", a_broken_chain_is_refused_alone},
        {"catalog: an empty or missing chain is refused alone", an_empty_chain_is_refused_alone},
        {"catalog: a developer who is not approved is refused", a_developer_who_is_not_approved_is_refused},
        {"catalog: chains of another network are refused", chains_of_another_network_are_refused},
        {"catalog: without the owner's word nothing is authorised", without_the_owner_nothing_is_authorised},
        {"catalog: a broken bundle holds nothing", broken_bundles_hold_nothing},
        {"catalog: a changed byte is refused alone", a_changed_byte_is_refused_alone},
        {"catalog: any changed byte leaves it whole", any_changed_byte_leaves_the_catalog_whole},
        {"catalog: of a name one package counts", of_a_name_one_package_counts},
        {"catalog: of a fork the highest release counts", of_a_fork_the_highest_release_counts},
        {"catalog: the ABI page is the first package's", the_abi_page_is_the_first_packages},
        {"catalog: the ABI page is one page", the_abi_page_is_one_page},
        {"catalog: names that are too long are refused", long_names_are_refused},
    };
    return UNIT_MAIN(cases);
}
