/* SPDX-License-Identifier: MIT */
/** Shows which paths go together, and that a package that exceeds a limit is refused whole, with a sentence that names it. */
#include "catalog_samples.h"

static struct catalog catalog;
static struct catalog_runs runs;
static struct sample samples[3];
static struct package packages[3];
static char sentence[CATALOG_SENTENCE_BYTES];

static void begin(void)
{
    memset(&catalog, 0, sizeof catalog);
    fill_begin(&runs, &catalog);
}

/** Makes a package of "d/dir", "l/link" and "f/file" without bytes, in the order of manifests. */
static void make(uint32_t n, const char *const *entries)
{
    struct sample *s = &samples[n];
    struct package_refusal why;
    sample_init(s);
    snprintf(s->m.name, sizeof s->m.name, "app%u", n);
    s->m.file_count = s->part_count = 0;
    for (; *entries != NULL; entries++) {
        struct manifest_file *f = &s->files[s->m.file_count];
        if (**entries == 'f') {
            sample_hash(s->motd, 0, s->motd_leaves, &s->parts[0]);
            s->part_count = 1;
            sample_file(s, s->m.file_count, *entries + 1, 0644, &s->parts[0]);
        } else {
            bool is_dir = **entries == 'd';
            *f = (struct manifest_file){.path = text_of(*entries + 1), .mode = is_dir ? 0700u + n : 0777};
            f->kind = is_dir ? MANIFEST_DIR : MANIFEST_LINK;
            f->target = text_of("target");
        }
        s->m.file_count++;
    }
    sample_write(s);
    bool ok = package_open(s->bytes, s->len_bytes, &packages[n], &why);
    CHECK(ok);
    if (!ok) {
        printf("# %s\n", why.sentence);
    }
}

static bool add(uint32_t n)
{
    snprintf(catalog.packages[n].name, sizeof catalog.packages[n].name, "app%u", n);
    strcpy(catalog.packages[n].sentence, "added");
    catalog.packages[n].status = CATALOG_AUTHORISED;
    catalog.package_count = n + 1;
    return fill_package(&catalog, &runs, &packages[n], n, 0, sentence);
}

static void paths_of_two_packages(void)
{
    static const struct {
        const char *first[5], *second[5];
        const char *clash; /* what the sentence says; NULL: they go together */
        uint32_t file_count;
    } rows[] = {
        {{"d/bin", "f/bin/a"}, {"d/bin", "f/bin/b"}, NULL, 3},
        {{"f/a"}, {"f/b"}, NULL, 2},
        {{"f/b"}, {"f/a"}, NULL, 2},
        {{"f/a"}, {"f/a"}, "app1 3 has /a, and app0 before it in the bundle has /a;", 1},
        {{"l/a"}, {"l/a"}, "has /a;", 1},
        {{"d/a"}, {"f/a"}, "has /a;", 1},
        {{"f/a"}, {"d/a"}, "has /a;", 1},
        {{"l/a"}, {"d/a"}, "has /a;", 1},
        {{"f/a"}, {"f/a/b"}, "app1 3 has /a/b, and app0 before it in the bundle has /a;", 1},
        {{"l/a"}, {"f/a/b/c"}, "app1 3 has /a/b/c, and app0 before it in the bundle has /a;", 1},
        {{"f/a/b"}, {"f/a"}, "app1 3 has /a, and app0 before it in the bundle has /a/b;", 1},
        {{"f/a/b/c"}, {"l/a"}, "app1 3 has /a, and app0 before it in the bundle has /a/b/c;", 1},
        {{"d/a", "f/a/b"}, {"l/a"}, "app0 before it in the bundle has /a;", 2},
        {{"f/a"}, {"f/a.b", "f/ab"}, NULL, 3}, /* names that only begin alike */
        {{"f/a.b", "f/ab"}, {"f/a"}, NULL, 3},
        {{"f/a", "f/c", "f/e"}, {"f/b", "f/d", "f/e/x"}, "app1 3 has /e/x, and app0", 3},
        {{"f/a", "f/c", "f/e/x"}, {"f/b", "f/d", "f/e"}, "app1 3 has /e, and app0", 3},
        {{"d/a", "d/a/b", "f/a/b/c"}, {"d/a", "d/a/b", "d/a/b/c"}, "has /a/b/c;", 3},
        {{"d/a", "d/a/b", "f/a/b/c"}, {"d/a", "d/a/b", "f/a/b/d"}, NULL, 4},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        begin();
        make(0, rows[i].first);
        make(1, rows[i].second);
        CHECK(add(0));
        bool ok = add(1);
        bool as_expected = ok == (rows[i].clash == NULL) && (ok || strstr(sentence, rows[i].clash) != NULL);
        CHECK(as_expected);
        if (!as_expected) {
            printf("# row %zu: %s\n", i, ok ? "they go together" : sentence);
        }
        CHECK_EQ(catalog.file_count, rows[i].file_count);
        CHECK(catalog_holds(&catalog, samples[0].len_bytes));
    }
}

/* What a refused package had is free for the next one. */
static void a_refused_package_leaves_nothing(void)
{
    static const char *const first[] = {"f/m", NULL}, *const second[] = {"f/a", "f/m", NULL}, *const third[] = {"f/a", NULL};
    begin();
    make(0, first);
    make(1, second);
    make(2, third);
    CHECK(add(0));
    struct catalog before = catalog;
    CHECK(!add(1));
    CHECK_EQ(catalog.string_bytes, before.string_bytes);
    CHECK_EQ(catalog.object_count, before.object_count);
    CHECK(add(2));
    CHECK_EQ(catalog.file_count, 2);
    CHECK_EQ(catalog.files[1].package, 2);
}

static void the_first_directory_counts(void)
{
    static const char *const entries[] = {"d/a", NULL};
    begin();
    make(0, entries);
    make(1, entries);
    CHECK(add(0) && add(1));
    CHECK(catalog.file_count == 1 && catalog.files[0].mode == 0700 && catalog.files[0].package == 0);
}

/** Adds the sample with its program to a catalog that is full but for some. */
static void limits_name_themselves(void)
{
    static const struct {
        size_t count; /* offset of the count */
        uint32_t fits, max;
        const char *says;
    } rows[] = {
        {offsetof(struct catalog, file_count), FILE_COUNT, CATALOG_FILES_MAX, "2048 files"},
        {offsetof(struct catalog, object_count), 3, CATALOG_OBJECTS_MAX, "1024 files with different contents"},
        {offsetof(struct catalog, program_count), 1, CATALOG_PROGRAMS_MAX, "512 programs"},
        {offsetof(struct catalog, segment_count), 2, CATALOG_SEGMENTS_MAX, "2048 segments"},
        {offsetof(struct catalog, string_bytes), 5 + 10 + 8 + 5 + 5 + 11 + 10 + 5, CATALOG_STRINGS_MAX, "262144 bytes of paths"},
    };
    struct package_refusal why;
    sample_init(&samples[0]);
    sample_write(&samples[0]);
    CHECK(package_open(samples[0].bytes, samples[0].len_bytes, &packages[0], &why));
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        for (uint32_t missing = 0; missing < 2; missing++) {
            begin();
            uint32_t *count = (uint32_t *)(void *)((uint8_t *)&catalog + rows[i].count);
            *count = rows[i].max - rows[i].fits + missing;
            struct catalog before = catalog;
            CHECK_EQ(fill_package(&catalog, &runs, &packages[0], 0, 0, sentence), missing == 0);
            CHECK_EQ(*count, missing == 0 ? rows[i].max : *(uint32_t *)(void *)((uint8_t *)&before + rows[i].count));
            CHECK(missing == 0 || strstr(sentence, rows[i].says) != NULL);
            CHECK(missing == 0 || (catalog.file_count == before.file_count && catalog.object_count == before.object_count));
        }
    }
    for (uint32_t missing = 0; missing < 2; missing++) {
        begin();
        runs.page_count = CATALOG_PAGES_MAX - 5 + missing; /* 3 of the program and 2 of the text */
        CHECK_EQ(fill_package(&catalog, &runs, &packages[0], 0, 0, sentence), missing == 0);
        CHECK(missing == 0 || (strstr(sentence, "16384 pages") != NULL && runs.page_count == CATALOG_PAGES_MAX - 4));
    }
}

static void sentences_are_cut_between_characters(void)
{
    char out[8];
    sentence_put(out, sizeof out, "%s", "1234567");
    CHECK(strcmp(out, "1234567") == 0);
    sentence_put(out, sizeof out, "%s", "12345678");
    CHECK(strcmp(out, "1234...") == 0);
    sentence_put(out, sizeof out, "%s", "123\xc3\xa4" "678");
    CHECK(strcmp(out, "123...") == 0);
    sentence_put(out, sizeof out, "%s", "12\xc3\xa4" "5678");
    CHECK(strcmp(out, "12\xc3\xa4...") == 0);
    sentence_put(out, sizeof out, "%s", "\xf0\x9f\x9a\x80\xf0\x9f\x9a\x80");
    CHECK(strcmp(out, "\xf0\x9f\x9a\x80...") == 0);
}

int main(void)
{
    static const struct unit_case cases[] = {
        {"catalog: paths of two packages go together or do not", paths_of_two_packages},
        {"catalog: a refused package leaves nothing behind", a_refused_package_leaves_nothing},
        {"catalog: of a directory in two packages the first counts", the_first_directory_counts},
        {"catalog: limits are met and name themselves", limits_name_themselves},
        {"catalog: sentences are cut between characters", sentences_are_cut_between_characters},
    };
    return UNIT_MAIN(cases);
}
