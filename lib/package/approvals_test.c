/* SPDX-License-Identifier: MIT */
/** Shows that lists and anchors are read as they were written, and that each rule of a list refuses one change. */
#include "package.h"
#include "unit.h"

static uint8_t bytes[4096];
static size_t len_bytes;
static struct approvals list;
static struct package_refusal why;

static struct approved_package packages[3];
static struct approved_developer developers[3];
static uint64_t seq;
static uint32_t package_count, developer_count;
static uint8_t apps[128];

static struct cursor apps_of(const char *const *names, uint32_t count)
{
    struct writer w = writer_of(apps, sizeof apps);
    cbor_put_array(&w, count);
    for (uint32_t i = 0; i < count; i++) {
        cbor_put_string(&w, names[i]);
    }
    return cursor_of(apps, w.used_bytes);
}

static void make_good(void)
{
    static const char *const names[] = {"demo", "org.lx-os.base"};
    memset(packages, 0, sizeof packages);
    memset(developers, 0, sizeof developers);
    seq = 7;
    package_count = 2;
    developer_count = 2;
    packages[0] = (struct approved_package){.name = "demo", .developer = {{5}}, .min_seq = 3};
    packages[1] = (struct approved_package){.name = "shell", .developer = {{6}}, .has_id = true, .id = {{9}}};
    developers[0] = (struct approved_developer){.genesis = {{5}}, .first_txid = {{1}}, .name = "Ada", .all_apps = true};
    developers[1] = (struct approved_developer){.genesis = {{6}}, .first_txid = {{2}}, .name = "Bj\xc3\xb6rn"};
    developers[1].apps = apps_of(names, 2);
}

static void write_list(void)
{
    struct writer w = writer_of(bytes, sizeof bytes);
    approvals_begin(&w, seq, package_count);
    for (uint32_t i = 0; i < package_count; i++) {
        approvals_put_package(&w, &packages[i]);
    }
    approvals_middle(&w, developer_count);
    for (uint32_t i = 0; i < developer_count; i++) {
        approvals_put_developer(&w, &developers[i]);
    }
    CHECK(!w.overflow);
    len_bytes = w.used_bytes;
}

static bool parses(void)
{
    write_list();
    return approvals_parse(bytes, len_bytes, &list, &why);
}

static void a_list_is_read_as_it_was_written(void)
{
    struct approved_package package;
    struct approved_developer developer;
    make_good();
    CHECK(parses());
    CHECK(list.seq == 7 && list.package_count == 2 && list.developer_count == 2);
    CHECK(approvals_find_package(&list, "demo", &package) && package.min_seq == 3 && !package.has_id);
    CHECK(u256_equal(&package.developer, &packages[0].developer));
    CHECK(approvals_find_package(&list, "shell", &package) && package.has_id && package.id.bytes[0] == 9);
    CHECK(!approvals_find_package(&list, "dem", &package));
    CHECK(approvals_find_developer(&list, &developers[1].genesis, &developer));
    CHECK(strcmp(developer.name, "Bj\xc3\xb6rn") == 0 && u512_equal(&developer.first_txid, &developers[1].first_txid));
    CHECK(approved_developer_allows(&developer, "demo") && approved_developer_allows(&developer, "org.lx-os.base"));
    CHECK(!approved_developer_allows(&developer, "dem") && !approved_developer_allows(&developer, "demos"));
    CHECK(approvals_find_developer(&list, &developers[0].genesis, &developer));
    CHECK(developer.all_apps && approved_developer_allows(&developer, "anything"));
    CHECK(!approvals_find_developer(&list, &(struct u256){{7}}, &developer));
}

static bool refuses(enum package_rule rule, const char *where)
{
    bool accepted = parses();
    bool as_expected = !accepted && why.rule == rule && strncmp(why.sentence, where, strlen(where)) == 0;
    if (!as_expected) {
        printf("# %s\n", accepted ? "accepted" : why.sentence);
    }
    return as_expected;
}

static void each_rule_refuses_one_change(void)
{
    static const char *const twice[] = {"demo", "demo"}, *const unsorted[] = {"z", "a"}, *const bad[] = {"A"};
    make_good();
    seq = 0;
    CHECK(refuses(PACKAGE_SEQ, "approvals, seq: "));
    make_good();
    strcpy(packages[1].name, "a");
    CHECK(refuses(PACKAGE_ORDER, "approvals, package 1: "));
    make_good();
    strcpy(packages[1].name, "demo");
    CHECK(refuses(PACKAGE_TWICE, "approvals, package 1: "));
    make_good();
    strcpy(packages[0].name, "-");
    CHECK(refuses(PACKAGE_NAME, "approvals, package 0: "));
    make_good();
    developers[0].genesis.bytes[0] = 7;
    CHECK(refuses(PACKAGE_ORDER, "approvals, developer 1: "));
    make_good();
    developers[1].genesis = developers[0].genesis;
    CHECK(refuses(PACKAGE_TWICE, "approvals, developer 1: "));
    make_good();
    strcpy(developers[0].name, "");
    CHECK(refuses(PACKAGE_NAME, "approvals, developer 0: "));
    make_good();
    strcpy(developers[1].name, "a\x1b[2J");
    CHECK(refuses(PACKAGE_NAME, "approvals, developer 1: "));
    make_good();
    developers[1].apps = apps_of(twice, 2);
    CHECK(refuses(PACKAGE_TWICE, "approvals, developer 1: "));
    make_good();
    developers[1].apps = apps_of(unsorted, 2);
    CHECK(refuses(PACKAGE_ORDER, "approvals, developer 1: "));
    make_good();
    developers[1].apps = apps_of(bad, 1);
    CHECK(refuses(PACKAGE_NAME, "approvals, developer 1: "));
}

static void forms_and_limits(void)
{
    make_good();
    write_list();
    for (size_t len = 0; len < len_bytes; len++) {
        CHECK(!approvals_parse(bytes, len, &list, &why) && why.rule == PACKAGE_CBOR);
    }
    CHECK(!approvals_parse(bytes, len_bytes + 1, &list, &why) && why.rule == PACKAGE_CBOR);
    CHECK(!approvals_parse(bytes, APPROVALS_BYTES_MAX + 1, &list, &why) && why.rule == PACKAGE_TOO_LARGE);
    bytes[15] = '2'; /* a4 62 'lx' 6b "approvals/1" */
    CHECK(!approvals_parse(bytes, len_bytes, &list, &why) && why.rule == PACKAGE_VERSION);
    struct writer w = writer_of(bytes, sizeof bytes);
    approvals_begin(&w, 1, APPROVALS_PACKAGES_MAX + 1);
    CHECK(!approvals_parse(bytes, w.used_bytes, &list, &why) && why.rule == PACKAGE_TOO_LARGE);
    w = writer_of(bytes, sizeof bytes);
    approvals_begin(&w, 1, 0);
    approvals_middle(&w, APPROVALS_DEVELOPERS_MAX + 1);
    CHECK(!approvals_parse(bytes, w.used_bytes, &list, &why) && why.rule == PACKAGE_TOO_LARGE);
    w = writer_of(bytes, sizeof bytes);
    approvals_begin(&w, 1, 0);
    approvals_middle(&w, 0);
    CHECK(approvals_parse(bytes, w.used_bytes, &list, &why) && list.package_count == 0 && list.developer_count == 0);
}

static void anchors_have_one_form(void)
{
    struct anchor anchor = {{{1, 2}}, {{3, 4}}}, back;
    struct writer w = writer_of(bytes, sizeof bytes);
    anchor_put(&w, &anchor);
    CHECK_EQ(w.used_bytes, ANCHOR_BYTES);
    CHECK(anchor_parse(bytes, ANCHOR_BYTES, &back, &why) && memcmp(&anchor, &back, sizeof back) == 0);
    CHECK(!anchor_parse(bytes, ANCHOR_BYTES - 1, &back, &why) && why.rule == PACKAGE_ANCHOR);
    CHECK(!anchor_parse(bytes, ANCHOR_BYTES + 1, &back, &why) && why.rule == PACKAGE_ANCHOR);
    bytes[0] ^= 1;
    CHECK(!anchor_parse(bytes, ANCHOR_BYTES, &back, &why));
    CHECK(strcmp(why.sentence, "anchor: not an anchor; name a file that lx approve wrote") == 0);
}

int main(void)
{
    static const struct unit_case cases[] = {
        {"approvals: a list is read as it was written", a_list_is_read_as_it_was_written},
        {"approvals: each rule refuses one change", each_rule_refuses_one_change},
        {"approvals: forms and limits", forms_and_limits},
        {"approvals: anchors have one form", anchors_have_one_form},
    };
    return UNIT_MAIN(cases);
}
