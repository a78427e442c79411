/* SPDX-License-Identifier: MIT */
/**
 * Manifests, read. One pass checks everything; a walk later reads the entries again with the same functions.
 * Source: docs/spec/package.md sections 1 and 2
 */
#include "read.h"

#define FORMAT              "manifest/1"
#define MODE_FILE_MAX       0777u
#define MODE_DIR_MAX        01777u
#define MODE_LINK           0777u
#define MODE_EXECUTE        0111u
#define COMPONENT_BYTES_MAX 255u
#define CPU_PERCENT_MAX     100u
#define ID_MAX              (UINT32_MAX - 1) /* the last means "nobody" in system calls */

/** What is wrong with an entry, if it is not its CBOR. */
struct problem {
    enum package_rule rule;
    struct elf_refusal elf; /* for PACKAGE_PROGRAM */
};

static bool fails(struct problem *problem, enum package_rule rule)
{
    problem->rule = rule;
    return false;
}

/* ---- paths ---------------------------------------------------------------------------------------------------------- */

static bool component_is_valid(const uint8_t *name, size_t len)
{
    bool is_dots = (len == 1 && name[0] == '.') || (len == 2 && name[0] == '.' && name[1] == '.');
    return len > 0 && len <= COMPONENT_BYTES_MAX && !is_dots;
}

static bool path_is_valid(struct cursor path)
{
    if (path.left_bytes < 2 || path.left_bytes > MANIFEST_PATH_BYTES_MAX || path.at[0] != '/' ||
        !text_is_printable(path)) {
        return false;
    }
    size_t start = 1;
    for (size_t i = 1; i <= path.left_bytes; i++) {
        if (i == path.left_bytes || path.at[i] == '/') {
            if (!component_is_valid(path.at + start, i - start)) {
                return false;
            }
            start = i + 1;
        }
    }
    return true;
}

int manifest_path_compare(struct cursor a, struct cursor b)
{
    size_t shared = a.left_bytes < b.left_bytes ? a.left_bytes : b.left_bytes;
    for (size_t i = 0; i < shared; i++) {
        uint8_t x = a.at[i], y = b.at[i];
        if (x != y) {
            return (x == '/' ? 0 : x) - (y == '/' ? 0 : y);
        }
    }
    return (a.left_bytes > shared) - (b.left_bytes > shared);
}

static bool path_is_under(struct cursor path, struct cursor parent)
{
    return path.left_bytes > parent.left_bytes && memcmp(path.at, parent.at, parent.left_bytes) == 0 &&
           path.at[parent.left_bytes] == '/';
}

static bool read_path(struct cbor_reader *r, struct cursor *out, struct problem *problem)
{
    if (!cbor_key_is(r, "path") || !cbor_text(r, out)) {
        return false;
    }
    return path_is_valid(*out) ? true : fails(problem, PACKAGE_PATH);
}

/* ---- programs ------------------------------------------------------------------------------------------------------- */

static bool read_segment(struct cbor_reader *r, struct elf_load *out, struct problem *problem)
{
    uint64_t count, prot;
    if (!cbor_map(r, &count) || !cbor_key_is(r, "prot") || !read_number(r, UINT8_MAX, &prot, &problem->rule) ||
        !cbor_key_is(r, "memsz") || !cbor_uint(r, &out->memory_bytes) || !cbor_key_is(r, "vaddr") ||
        !cbor_uint(r, &out->vaddr) || !cbor_key_is(r, "filesz") || !cbor_uint(r, &out->file_bytes) ||
        !cbor_key_is(r, "offset") || !cbor_uint(r, &out->offset)) {
        return false;
    }
    out->prot = (uint8_t)prot; /* at most UINT8_MAX */
    return cbor_leave(r);
}

static bool read_segments(struct cbor_reader *r, struct elf_program *out, struct problem *problem)
{
    uint32_t count;
    if (!read_array(r, ELF_SEGMENTS_MAX, &count, &problem->rule)) {
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (!read_segment(r, &out->segments[i], problem)) {
            return false;
        }
    }
    out->segment_count = (uint8_t)count; /* at most ELF_SEGMENTS_MAX */
    return cbor_leave(r);
}

static bool read_program(struct cbor_reader *r, uint64_t size_bytes, struct elf_program *out, struct problem *problem)
{
    uint64_t count, phdr_count;
    if (!cbor_map(r, &count) || !cbor_key_is(r, "phdr") || !cbor_uint(r, &out->phdr) || !cbor_key_is(r, "entry") ||
        !cbor_uint(r, &out->entry) || !cbor_key_is(r, "phnum") ||
        !read_number(r, UINT16_MAX, &phdr_count, &problem->rule) || !cbor_key_is(r, "segments") ||
        !read_segments(r, out, problem) || !cbor_key_is(r, "relocatable") || !cbor_bool(r, &out->is_relocatable) ||
        !cbor_leave(r)) {
        return false;
    }
    out->phdr_count = (uint16_t)phdr_count; /* at most UINT16_MAX */
    return elf_program_check(out, size_bytes, &problem->elf) ? true : fails(problem, PACKAGE_PROGRAM);
}

/* ---- entries -------------------------------------------------------------------------------------------------------- */

static bool read_kind(struct cbor_reader *r, enum manifest_kind *out, struct problem *problem)
{
    static const char *const names[] = {[MANIFEST_FILE] = "file", [MANIFEST_LINK] = "link", [MANIFEST_DIR] = "dir"};
    struct cursor text;
    if (!cbor_key_is(r, "kind") || !cbor_text(r, &text)) {
        return false;
    }
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (text.left_bytes == strlen(names[i]) && memcmp(text.at, names[i], text.left_bytes) == 0) {
            *out = (enum manifest_kind)i;
            return true;
        }
    }
    return fails(problem, PACKAGE_KIND);
}

static bool read_mode(struct cbor_reader *r, uint32_t max, uint32_t *out, struct problem *problem)
{
    uint64_t mode;
    if (!cbor_key_is(r, "mode") || !cbor_uint(r, &mode)) {
        return false;
    }
    if (mode > max) {
        return fails(problem, PACKAGE_MODE);
    }
    *out = (uint32_t)mode; /* at most `max` */
    return true;
}

static bool read_owner(struct cbor_reader *r, const char *key, uint32_t *out, struct problem *problem)
{
    uint64_t id;
    if (!cbor_key_is(r, key) || !read_number(r, ID_MAX, &id, &problem->rule)) {
        return false;
    }
    *out = (uint32_t)id; /* at most ID_MAX */
    return true;
}

static bool read_contents(struct cbor_reader *r, struct manifest_file *out, struct problem *problem)
{
    if (!read_mode(r, MODE_FILE_MAX, &out->mode, problem) || !read_path(r, &out->path, problem) ||
        !cbor_key_is(r, "root") || !cbor_bytes_fixed(r, out->root.bytes, SHA256_BYTES) || !cbor_key_is(r, "size") ||
        !read_number(r, MANIFEST_OBJECT_BYTES_MAX, &out->size_bytes, &problem->rule) || !cbor_key_is(r, "verity") ||
        !cbor_bytes_fixed(r, out->verity.bytes, SHA256_BYTES)) {
        return false;
    }
    out->is_program = cbor_key_if(r, "program");
    if (!out->is_program) {
        return true; /* what other key there is, cbor_leave finds */
    }
    if ((out->mode & MODE_EXECUTE) == 0) {
        return fails(problem, PACKAGE_MODE);
    }
    return read_program(r, out->size_bytes, &out->program, problem);
}

static bool read_link(struct cbor_reader *r, struct manifest_file *out, struct problem *problem)
{
    out->mode = MODE_LINK;
    if (!read_path(r, &out->path, problem) || !cbor_key_is(r, "target") || !cbor_text(r, &out->target)) {
        return false;
    }
    if (out->target.left_bytes == 0 || out->target.left_bytes > MANIFEST_PATH_BYTES_MAX ||
        !text_is_printable(out->target)) {
        return fails(problem, PACKAGE_TARGET);
    }
    return true;
}

static bool read_by_kind(struct cbor_reader *r, struct manifest_file *out, struct problem *problem)
{
    switch (out->kind) {
    case MANIFEST_FILE:
        return read_contents(r, out, problem);
    case MANIFEST_LINK:
        return read_link(r, out, problem);
    case MANIFEST_DIR:
        return read_mode(r, MODE_DIR_MAX, &out->mode, problem) && read_path(r, &out->path, problem);
    }
    return false;
}

static bool read_file(struct cbor_reader *r, struct manifest_file *out, struct problem *problem)
{
    uint64_t count;
    memset(out, 0, sizeof *out);
    return cbor_map(r, &count) && read_owner(r, "gid", &out->gid, problem) && read_owner(r, "uid", &out->uid, problem) &&
           read_kind(r, &out->kind, problem) && read_by_kind(r, out, problem) && cbor_leave(r);
}

/** Is there what the system makes itself? Such a path may be an entry as the directory that it is. */
static bool path_is_own(const struct manifest_file *file)
{
    static const struct {
        const char *path;
        bool is_closed; /* nothing may lie under it either */
    } own[] = {{"/dev", true}, {"/lx", true}, {"/proc", true}, {"/tmp", false}};
    for (size_t i = 0; i < ARRAY_LEN(own); i++) {
        struct cursor path = cursor_of(own[i].path, strlen(own[i].path));
        bool is_same = manifest_path_compare(file->path, path) == 0;
        if ((is_same && file->kind != MANIFEST_DIR) || (own[i].is_closed && path_is_under(file->path, path))) {
            return true;
        }
    }
    return false;
}

/** Sets `why` to what is wrong with entry `index`, unless it is its CBOR. @return false, always. */
static bool refuse_file(struct package_refusal *why, const struct problem *problem, uint32_t index, struct cursor path)
{
    char words[200];
    const char *details = NULL;
    struct cursor shown = text_is_printable(path) ? path : cursor_of("", 0);
    if (problem->rule == PACKAGE_OK) {
        return false;
    }
    if (problem->rule == PACKAGE_PROGRAM) {
        elf_describe(&problem->elf, words, sizeof words);
        details = words;
    }
    int shown_chars = shown.left_bytes < 100 ? (int)shown.left_bytes : 100;
    return package_refuse(why, problem->rule, details, "manifest, file %u (%.*s)", (unsigned)index, shown_chars,
                          shown.at == NULL ? "" : (const char *)shown.at);
}

/** Reads all entries, and checks what holds between them. */
static bool read_files(struct cbor_reader *r, struct manifest *out, struct package_refusal *why)
{
    struct manifest_file file;
    struct problem problem = {.rule = PACKAGE_OK};
    struct cursor before = {0};
    enum manifest_kind kind_before = MANIFEST_DIR;
    const uint8_t *start = r->rest.at;
    if (!read_array(r, MANIFEST_FILES_MAX, &out->file_count, &problem.rule)) {
        return problem.rule == PACKAGE_OK ? false : package_refuse(why, problem.rule, NULL, "manifest, files");
    }
    for (uint32_t i = 0; i < out->file_count; i++) {
        if (!read_file(r, &file, &problem)) {
            return refuse_file(why, &problem, i, file.path);
        }
        int order = i == 0 ? 1 : manifest_path_compare(file.path, before);
        if (path_is_own(&file)) {
            problem.rule = PACKAGE_OWN_PATH;
        } else if (order <= 0) {
            problem.rule = order == 0 ? PACKAGE_TWICE : PACKAGE_ORDER;
        } else if (kind_before != MANIFEST_DIR && path_is_under(file.path, before)) {
            problem.rule = PACKAGE_UNDER_FILE; /* all that is under a path follows it at once */
        }
        if (problem.rule != PACKAGE_OK) {
            return refuse_file(why, &problem, i, file.path);
        }
        before = file.path;
        kind_before = file.kind;
    }
    if (!cbor_leave(r)) {
        return false;
    }
    out->files = taken_since(r, start);
    return true;
}

/* ---- requests ------------------------------------------------------------------------------------------------------- */

static bool read_request(struct cbor_reader *r, struct manifest_request *out, struct problem *problem)
{
    uint64_t count;
    return cbor_map(r, &count) && read_path(r, &out->path, problem) && cbor_key_is(r, "write") &&
           cbor_bool(r, &out->write) && cbor_leave(r);
}

static bool read_device(struct cbor_reader *r, struct cursor *out, struct problem *problem)
{
    if (!cbor_text(r, out)) {
        return false;
    }
    bool is_valid = out->left_bytes > 0 && out->left_bytes <= RECORD_APP_CHARS_MAX && text_is_printable(*out);
    return is_valid ? true : fails(problem, PACKAGE_NAME);
}

/** Checks that `name` follows the one before it, and takes its place. */
static bool check_order(struct cursor name, struct cursor *before, struct problem *problem)
{
    int order = before->at == NULL ? 1 : manifest_path_compare(name, *before);
    *before = name;
    return order > 0 ? true : fails(problem, order == 0 ? PACKAGE_TWICE : PACKAGE_ORDER);
}

static bool read_request_list(struct cbor_reader *r, struct manifest_requests *out, struct problem *problem)
{
    struct manifest_request request;
    struct cursor before = {0};
    const uint8_t *start = r->rest.at;
    if (!read_array(r, MANIFEST_REQUESTS_MAX, &out->file_count, &problem->rule)) {
        return false;
    }
    for (uint32_t i = 0; i < out->file_count; i++) {
        if (!read_request(r, &request, problem) || !check_order(request.path, &before, problem)) {
            return false;
        }
    }
    bool ok = cbor_leave(r);
    out->files = taken_since(r, start);
    return ok;
}

static bool read_device_list(struct cbor_reader *r, struct manifest_requests *out, struct problem *problem)
{
    struct cursor name, before = {0};
    const uint8_t *start = r->rest.at;
    if (!read_array(r, MANIFEST_REQUESTS_MAX, &out->device_count, &problem->rule)) {
        return false;
    }
    for (uint32_t i = 0; i < out->device_count; i++) {
        if (!read_device(r, &name, problem) || !check_order(name, &before, problem)) {
            return false;
        }
    }
    bool ok = cbor_leave(r);
    out->devices = taken_since(r, start);
    return ok;
}

static bool read_requests(struct cbor_reader *r, struct manifest_requests *out, struct package_refusal *why)
{
    struct problem problem = {.rule = PACKAGE_OK};
    uint64_t count, cpu_percent = 0;
    bool ok = cbor_map(r, &count) && cbor_key_is(r, "cpu") &&
              read_number(r, CPU_PERCENT_MAX, &cpu_percent, &problem.rule) && cbor_key_is(r, "files") &&
              read_request_list(r, out, &problem) && cbor_key_is(r, "memory") && cbor_uint(r, &out->memory_bytes) &&
              cbor_key_is(r, "devices") && read_device_list(r, out, &problem) && cbor_key_is(r, "network") &&
              cbor_bool(r, &out->network) && cbor_leave(r);
    if (problem.rule != PACKAGE_OK) {
        return package_refuse(why, problem.rule, NULL, "manifest, requests");
    }
    if (!ok) {
        return false;
    }
    out->cpu_percent = (uint32_t)cpu_percent; /* at most CPU_PERCENT_MAX */
    return true;
}

/* ---- the whole ------------------------------------------------------------------------------------------------------ */

static bool read_arch(struct cbor_reader *r, char out[MANIFEST_ARCH_CHARS_MAX + 1], enum package_rule *rule)
{
    struct cursor text;
    if (!cbor_key_is(r, "arch") || !cbor_text(r, &text)) {
        return false;
    }
    if (!text_copy(text, out, MANIFEST_ARCH_CHARS_MAX + 1)) {
        *rule = PACKAGE_NAME;
        return false;
    }
    return true;
}

static bool read_front(struct cbor_reader *r, struct manifest *out, struct package_refusal *why)
{
    enum package_rule rule = PACKAGE_OK;
    uint64_t count;
    if (cbor_map(r, &count) && read_format(r, FORMAT, &rule) && cbor_key_is(r, "seq") && cbor_uint(r, &out->seq)) {
        if (out->seq == 0) {
            return package_refuse(why, PACKAGE_SEQ, NULL, "manifest, seq");
        }
        if (read_arch(r, out->arch, &rule) && cbor_key_is(r, "name") && read_app_name(r, out->name, &rule)) {
            return true;
        }
    }
    return rule == PACKAGE_OK ? false : package_refuse(why, rule, NULL, "manifest, byte %zu", cbor_offset(r));
}

bool manifest_parse(const void *bytes, size_t len_bytes, struct manifest *out, struct package_refusal *why)
{
    struct cbor_reader r;
    memset(out, 0, sizeof *out);
    why->rule = PACKAGE_OK;
    if (len_bytes > MANIFEST_BYTES_MAX) {
        return package_refuse(why, PACKAGE_TOO_LARGE, NULL, "manifest");
    }
    cbor_reader_init(&r, bytes, len_bytes);
    if (!read_front(&r, out, why) || !cbor_key_is(&r, "files") || !read_files(&r, out, why) ||
        !cbor_key_is(&r, "register") || !cbor_bytes_fixed(&r, out->app_register.bytes, U256_BYTES) ||
        !cbor_key_is(&r, "requests") || !read_requests(&r, &out->requests, why) || !cbor_key_is(&r, "developer") ||
        !cbor_bytes_fixed(&r, out->developer.bytes, U256_BYTES) || !cbor_key_is(&r, "provenance") ||
        !cbor_bytes_fixed(&r, out->provenance.bytes, SHA256_BYTES) || !cbor_leave(&r) || !cbor_finish(&r)) {
        return package_refuse_cbor(why, &r, "manifest");
    }
    out->bytes = cursor_of(bytes, len_bytes);
    return true;
}

void manifest_id(const void *bytes, size_t len_bytes, struct hash256 *out)
{
    tree_root_of_bytes(bytes, len_bytes, out);
}

/* ---- walks ---------------------------------------------------------------------------------------------------------- */

void manifest_walk_files(const struct manifest *m, struct package_walk *walk)
{
    package_walk_start(walk, m->files);
}

bool manifest_file_next(struct package_walk *walk, struct manifest_file *out)
{
    struct problem problem;
    return package_walk_take(walk) && read_file(&walk->reader, out, &problem);
}

void manifest_walk_requests(const struct manifest *m, struct package_walk *walk)
{
    package_walk_start(walk, m->requests.files);
}

bool manifest_request_next(struct package_walk *walk, struct manifest_request *out)
{
    struct problem problem;
    return package_walk_take(walk) && read_request(&walk->reader, out, &problem);
}

void manifest_walk_devices(const struct manifest *m, struct package_walk *walk)
{
    package_walk_start(walk, m->requests.devices);
}

bool manifest_device_next(struct package_walk *walk, struct cursor *name)
{
    struct problem problem;
    return package_walk_take(walk) && read_device(&walk->reader, name, &problem);
}
