/* SPDX-License-Identifier: MIT */
/** Shows that a good manifest is read as it was written, and that each rule refuses the same manifest with one change. */
#include "package_samples.h"

static struct sample s;
static struct manifest m;
static struct package_refusal why;

static bool text_is(struct cursor text, const char *expected)
{
    return text.left_bytes == strlen(expected) && memcmp(text.at, expected, text.left_bytes) == 0;
}

static void a_good_manifest_is_read(void)
{
    struct package_walk walk;
    struct manifest_file file;
    sample_init(&s);
    sample_write_manifest(&s);
    CHECK(manifest_parse(s.manifest, s.manifest_bytes, &m, &why));
    CHECK(strcmp(m.name, "org.lx-os.demo") == 0 && strcmp(m.arch, "aarch64-linux") == 0 && m.seq == 3);
    CHECK(u256_equal(&m.developer, &s.m.developer) && u256_equal(&m.app_register, &s.m.app_register));
    CHECK(hash256_equal(&m.provenance, &s.m.provenance));
    CHECK_EQ(m.file_count, FILE_COUNT);
    uint32_t count = 0;
    manifest_walk_files(&m, &walk);
    while (manifest_file_next(&walk, &file)) {
        const struct manifest_file *f = &s.files[count++];
        CHECK(file.kind == f->kind && file.gid == f->gid && file.uid == f->uid && file.size_bytes == f->size_bytes);
        CHECK_EQ(file.mode, f->kind == MANIFEST_LINK ? 0777 : f->mode);
        CHECK(manifest_path_compare(file.path, f->path) == 0 && manifest_path_compare(file.target, f->target) == 0);
        CHECK(hash256_equal(&file.root, &f->root) && hash256_equal(&file.verity, &f->verity));
        CHECK(file.is_program == f->is_program && elf_program_equal(&file.program, &f->program));
    }
    CHECK_EQ(count, FILE_COUNT);
}

static void requests_are_read(void)
{
    struct package_walk walk;
    struct manifest_request request;
    struct cursor device;
    CHECK(m.requests.memory_bytes == 1 << 20 && m.requests.cpu_percent == 50 && m.requests.network);
    manifest_walk_requests(&m, &walk);
    CHECK(manifest_request_next(&walk, &request) && text_is(request.path, "/data") && request.write);
    CHECK(manifest_request_next(&walk, &request) && text_is(request.path, "/data/log") && !request.write);
    CHECK(!manifest_request_next(&walk, &request));
    manifest_walk_devices(&m, &walk);
    CHECK(manifest_device_next(&walk, &device) && text_is(device, "rtc") && !manifest_device_next(&walk, &device));
}

/* ---- one change of the good manifest ---------------------------------------------------------------------------------- */

#define CHANGE(name, ...)                                                                                              \
    static void name(void)                                                                                             \
    {                                                                                                                  \
        __VA_ARGS__;                                                                                                   \
    }

static void set_path(uint32_t index, const char *path)
{
    s.files[index].path = text_of(path);
}

static struct elf_program *program(void)
{
    return &s.files[FILE_DEMO].program;
}

static void add_request(const char *path, const char *device)
{
    struct writer files = writer_of(s.requests, sizeof s.requests);
    struct writer devices = writer_of(s.devices, sizeof s.devices);
    files.used_bytes = s.m.requests.files.left_bytes;
    devices.used_bytes = s.m.requests.devices.left_bytes;
    manifest_put_request(&files, &(struct manifest_request){text_of(path), false});
    manifest_put_device(&devices, device);
    s.m.requests.files.left_bytes = files.used_bytes;
    s.m.requests.devices.left_bytes = devices.used_bytes;
    s.m.requests.file_count++;
    s.m.requests.device_count++;
}

static char long_path[1100];
static const char *path_of(size_t component, size_t whole)
{
    for (size_t i = 0; i < whole; i++) {
        long_path[i] = i % (component + 1) == 0 ? '/' : 'x';
    }
    long_path[whole] = '\0';
    return long_path;
}

CHANGE(seq_zero, s.m.seq = 0)
CHANGE(name_empty, strcpy(s.m.name, ""))
CHANGE(name_upper, strcpy(s.m.name, "Demo"))
CHANGE(name_dot, strcpy(s.m.name, ".demo"))
CHANGE(arch_empty, strcpy(s.m.arch, ""))
CHANGE(arch_newline, strcpy(s.m.arch, "a\n"))
CHANGE(cpu_101, s.m.requests.cpu_percent = 101)
CHANGE(uid_nobody, s.files[FILE_MOTD].uid = UINT32_MAX)
CHANGE(gid_nobody, s.files[FILE_BIN].gid = UINT32_MAX)
CHANGE(mode_setuid, s.files[FILE_MOTD].mode = 04755)
CHANGE(mode_sticky_file, s.files[FILE_MOTD].mode = 01644)
CHANGE(mode_setgid_dir, s.files[FILE_TMP].mode = 02755)
CHANGE(mode_program, s.files[FILE_DEMO].mode = 0644)
CHANGE(path_relative, set_path(FILE_BIN, "bin"))
CHANGE(path_root, set_path(FILE_BIN, "/"))
CHANGE(path_proc, set_path(FILE_BIN, "/proc/x"))
CHANGE(path_dev, set_path(FILE_MOTD, "/dev/null"))
CHANGE(path_lx, (set_path(FILE_SH, "/lx"), s.files[FILE_SH].kind = MANIFEST_LINK))
CHANGE(path_tmp, (s.files[FILE_TMP].kind = MANIFEST_LINK, s.files[FILE_TMP].target = text_of("x")))
CHANGE(path_slash, set_path(FILE_BIN, "/bin/"))
CHANGE(path_double, set_path(FILE_BIN, "//bin"))
CHANGE(path_dot, set_path(FILE_BIN, "/./bin"))
CHANGE(path_dotdot, set_path(FILE_BIN, "/bin/../x"))
CHANGE(path_control, set_path(FILE_BIN, "/b\x1bin"))
CHANGE(path_c1, set_path(FILE_BIN, "/b\xc2\x9bin"))
CHANGE(path_delete, set_path(FILE_BIN, "/b\x7fin"))
CHANGE(path_nul, s.files[FILE_BIN].path = cursor_of("/a\0b", 4))
CHANGE(path_component, set_path(FILE_TMP, path_of(256, 257)))
CHANGE(path_long, set_path(FILE_TMP, path_of(200, 1025)))
CHANGE(order, set_path(FILE_MOTD, "/etc/a"))
CHANGE(order_slash, set_path(FILE_BIN, "/bin.d"))
CHANGE(twice, set_path(FILE_SH, "/bin/demo"))
CHANGE(under_file, set_path(FILE_MOTD, "/etc/empty/motd"))
CHANGE(under_link, set_path(FILE_SH, "/etc"); set_path(FILE_ETC, "/etc/x"))
CHANGE(target_empty, s.files[FILE_SH].target = text_of(""))
CHANGE(target_control, s.files[FILE_SH].target = text_of("a\nb"))
CHANGE(target_long, s.files[FILE_SH].target = text_of(path_of(200, 1025)))
CHANGE(program_wx, program()->segments[0].prot = 7)
CHANGE(program_overlap, program()->segments[1].vaddr = 0x401800)
CHANGE(program_entry, program()->entry = 0x402800)
CHANGE(program_size, program()->segments[1].memory_bytes = UINT64_MAX)
CHANGE(program_file, program()->segments[1].file_bytes = 0x801)
CHANGE(program_none, program()->segment_count = 0)
CHANGE(size_huge, s.files[FILE_MOTD].size_bytes = UINT64_C(1) << 32)
CHANGE(request_order, add_request("/a", "z"))
CHANGE(request_twice, add_request("/data/log", "z"))
CHANGE(request_path, add_request("/e/..", "z"))
CHANGE(device_order, add_request("/e", "a"))
CHANGE(device_twice, add_request("/e", "rtc"))
CHANGE(device_empty, add_request("/e", ""))

struct case_of_rule {
    const char *name;
    void (*change)(void);
    enum package_rule rule;
    const char *where; /* how the sentence begins */
};

#define CASE(change, rule, where) {#change, change, rule, where}

static const struct case_of_rule cases_of_rules[] = {
    CASE(seq_zero, PACKAGE_SEQ, "manifest, seq: "),
    CASE(name_empty, PACKAGE_NAME, "manifest, byte "),
    CASE(name_upper, PACKAGE_NAME, "manifest, byte "),
    CASE(name_dot, PACKAGE_NAME, "manifest, byte "),
    CASE(arch_empty, PACKAGE_NAME, "manifest, byte "),
    CASE(arch_newline, PACKAGE_NAME, "manifest, byte "),
    CASE(cpu_101, PACKAGE_VALUE, "manifest, requests: "),
    CASE(uid_nobody, PACKAGE_VALUE, "manifest, file 5 (): "),
    CASE(gid_nobody, PACKAGE_VALUE, "manifest, file 0 (): "),
    CASE(mode_setuid, PACKAGE_MODE, "manifest, file 5 (): "),
    CASE(mode_sticky_file, PACKAGE_MODE, "manifest, file 5 (): "),
    CASE(mode_setgid_dir, PACKAGE_MODE, "manifest, file 6 (): "),
    CASE(mode_program, PACKAGE_MODE, "manifest, file 1 (/bin/demo): "),
    CASE(path_relative, PACKAGE_PATH, "manifest, file 0 (bin): "),
    CASE(path_root, PACKAGE_PATH, "manifest, file 0 (/): "),
    CASE(path_proc, PACKAGE_OWN_PATH, "manifest, file 0 (/proc/x): "),
    CASE(path_dev, PACKAGE_OWN_PATH, "manifest, file 5 (/dev/null): "),
    CASE(path_lx, PACKAGE_OWN_PATH, "manifest, file 2 (/lx): "),
    CASE(path_tmp, PACKAGE_OWN_PATH, "manifest, file 6 (/tmp): "),
    CASE(path_slash, PACKAGE_PATH, "manifest, file 0 (/bin/): "),
    CASE(path_double, PACKAGE_PATH, "manifest, file 0 (//bin): "),
    CASE(path_dot, PACKAGE_PATH, "manifest, file 0 (/./bin): "),
    CASE(path_dotdot, PACKAGE_PATH, "manifest, file 0 (/bin/../x): "),
    CASE(path_control, PACKAGE_PATH, "manifest, file 0 (): "),
    CASE(path_c1, PACKAGE_PATH, "manifest, file 0 (): "),
    CASE(path_delete, PACKAGE_PATH, "manifest, file 0 (): "),
    CASE(path_nul, PACKAGE_PATH, "manifest, file 0 (): "),
    CASE(path_component, PACKAGE_PATH, "manifest, file 6 (/x"),
    CASE(path_long, PACKAGE_PATH, "manifest, file 6 (/x"),
    CASE(order, PACKAGE_ORDER, "manifest, file 5 (/etc/a): "),
    CASE(order_slash, PACKAGE_ORDER, "manifest, file 1 (/bin/demo): "),
    CASE(twice, PACKAGE_TWICE, "manifest, file 2 (/bin/demo): "),
    CASE(under_file, PACKAGE_UNDER_FILE, "manifest, file 5 (/etc/empty/motd): "),
    CASE(under_link, PACKAGE_UNDER_FILE, "manifest, file 3 (/etc/x): "),
    CASE(target_empty, PACKAGE_TARGET, "manifest, file 2 (/bin/sh): "),
    CASE(target_control, PACKAGE_TARGET, "manifest, file 2 (/bin/sh): "),
    CASE(target_long, PACKAGE_TARGET, "manifest, file 2 (/bin/sh): "),
    CASE(program_wx, PACKAGE_PROGRAM, "manifest, file 1 (/bin/demo): segment 0: both writable and executable"),
    CASE(program_overlap, PACKAGE_PROGRAM, "manifest, file 1 (/bin/demo): segment 1: it shares a page"),
    CASE(program_entry, PACKAGE_PROGRAM, "manifest, file 1 (/bin/demo): its entry"),
    CASE(program_size, PACKAGE_PROGRAM, "manifest, file 1 (/bin/demo): segment 1: its addresses"),
    CASE(program_file, PACKAGE_PROGRAM, "manifest, file 1 (/bin/demo): segment 1: its bytes lie beyond"),
    CASE(program_none, PACKAGE_PROGRAM, "manifest, file 1 (/bin/demo): it has no segment"),
    CASE(size_huge, PACKAGE_VALUE, "manifest, file 5 (/etc/motd): "),
    CASE(request_order, PACKAGE_ORDER, "manifest, requests: "),
    CASE(request_twice, PACKAGE_TWICE, "manifest, requests: "),
    CASE(request_path, PACKAGE_PATH, "manifest, requests: "),
    CASE(device_order, PACKAGE_ORDER, "manifest, requests: "),
    CASE(device_twice, PACKAGE_TWICE, "manifest, requests: "),
    CASE(device_empty, PACKAGE_NAME, "manifest, requests: "),
};

static void each_rule_refuses_one_change(void)
{
    for (size_t i = 0; i < ARRAY_LEN(cases_of_rules); i++) {
        const struct case_of_rule *c = &cases_of_rules[i];
        sample_init(&s);
        c->change();
        sample_write_manifest(&s);
        bool ok = manifest_parse(s.manifest, s.manifest_bytes, &m, &why);
        bool as_expected = !ok && why.rule == c->rule && strncmp(why.sentence, c->where, strlen(c->where)) == 0;
        if (!as_expected) {
            printf("# %s: %s\n", c->name, ok ? "accepted" : why.sentence);
        }
        CHECK(as_expected);
    }
}

/** The first place where `text` stands in the manifest. */
static uint8_t *find(const char *text)
{
    size_t len = strlen(text);
    for (size_t i = 0; i + len <= s.manifest_bytes; i++) {
        if (memcmp(s.manifest + i, text, len) == 0) {
            return s.manifest + i;
        }
    }
    CHECK(len == 0); /* it must stand there */
    return s.manifest;
}

static bool parse_with(const char *text, const char *replacement)
{
    sample_init(&s);
    sample_write_manifest(&s);
    memcpy(find(text), replacement, strlen(replacement));
    return manifest_parse(s.manifest, s.manifest_bytes, &m, &why);
}

static void other_formats_and_keys_are_refused(void)
{
    CHECK(!parse_with("manifest/1", "manifest/2") && why.rule == PACKAGE_VERSION);
    CHECK(!parse_with("dlink", "dlime") && why.rule == PACKAGE_KIND);
    static const char *const keys[] = {"lx", "seq", "arch", "name", "files", "register", "requests", "cpu", "memory",
                                       "devices", "network", "developer", "provenance", "gid", "uid", "kind", "mode",
                                       "path", "root", "size", "verity", "target", "program", "phdr", "entry", "phnum",
                                       "segments", "prot", "memsz", "vaddr", "filesz", "offset", "relocatable", "write"};
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        char last = keys[i][strlen(keys[i]) - 1], changed[16];
        strcpy(changed, keys[i]);
        changed[strlen(changed) - 1] = (char)(last + 1);
        CHECK(!parse_with(keys[i], changed));
        CHECK_EQ(why.rule, PACKAGE_CBOR);
    }
    CHECK(!parse_with("manifest/1", "manifest/\xff") && why.rule == PACKAGE_CBOR);
    CHECK(strcmp(why.sentence, "manifest, byte 15: a text is not UTF-8: not deterministic CBOR; it is damaged, or was not "
                               "made by lx: make it again") == 0);
}

static void every_cut_and_any_longer_is_refused(void)
{
    sample_init(&s);
    sample_write_manifest(&s);
    for (size_t len = 0; len < s.manifest_bytes; len++) {
        CHECK(!manifest_parse(s.manifest, len, &m, &why) && why.rule == PACKAGE_CBOR);
    }
    s.manifest[s.manifest_bytes] = 0;
    CHECK(!manifest_parse(s.manifest, s.manifest_bytes + 1, &m, &why) && why.rule == PACKAGE_CBOR);
    CHECK(!manifest_parse(s.manifest, MANIFEST_BYTES_MAX + 1, &m, &why) && why.rule == PACKAGE_TOO_LARGE);
}

static void counts_have_limits(void)
{
    static uint8_t bytes[4096];
    struct writer w = writer_of(bytes, sizeof bytes);
    sample_init(&s);
    s.m.file_count = MANIFEST_FILES_MAX + 1;
    manifest_begin(&w, &s.m);
    CHECK(!manifest_parse(bytes, w.used_bytes, &m, &why) && why.rule == PACKAGE_TOO_LARGE);
    sample_init(&s);
    s.m.requests.device_count = MANIFEST_REQUESTS_MAX + 1;
    sample_write_manifest(&s);
    CHECK(!manifest_parse(s.manifest, s.manifest_bytes, &m, &why) && why.rule == PACKAGE_TOO_LARGE);
}

/* A directory is followed by all that is in it, whatever other names begin with its own. */
static void paths_are_ordered_as_a_tree(void)
{
    static const char *const sorted[] = {"/a", "/a/b", "/a/b/c", "/a/b.c", "/a!", "/a-b", "/a0", "/b"};
    for (size_t i = 0; i < ARRAY_LEN(sorted); i++) {
        for (size_t j = 0; j < ARRAY_LEN(sorted); j++) {
            int order = manifest_path_compare(text_of(sorted[i]), text_of(sorted[j]));
            CHECK((order > 0) - (order < 0) == (i > j) - (i < j));
        }
    }
}

int main(void)
{
    static const struct unit_case cases[] = {
        {"manifest: a good one is read as it was written", a_good_manifest_is_read},
        {"manifest: requests are read", requests_are_read},
        {"manifest: each rule refuses one change", each_rule_refuses_one_change},
        {"manifest: other formats, kinds and keys are refused", other_formats_and_keys_are_refused},
        {"manifest: every cut and any longer is refused", every_cut_and_any_longer_is_refused},
        {"manifest: counts have limits", counts_have_limits},
        {"manifest: paths are ordered as a tree", paths_are_ordered_as_a_tree},
    };
    return UNIT_MAIN(cases);
}
