/* SPDX-License-Identifier: MIT */
/** lx inspect: what is in a file that lx makes. Its form is checked, and nothing else: lx verify does that. */
#include <string.h>

#include "lx.h"

/* ---- packages ------------------------------------------------------------------------------------------------------- */

static json_t *text_of(struct cursor text)
{
    json_t *out = json_stringn((const char *)text.at, text.left_bytes);
    return out == NULL ? pack_json("s", "?") : out;
}

static json_t *numbers(const char *format, unsigned a, unsigned b)
{
    char text[32];
    snprintf(text, sizeof text, format[0] == 'o' ? "%04o" : "%u:%u", a, b);
    return pack_json("s", text);
}

static json_t *row_of_file(const struct manifest_file *f)
{
    static const char *const kinds[] = {[MANIFEST_FILE] = "file", [MANIFEST_LINK] = "link", [MANIFEST_DIR] = "dir"};
    json_t *out = pack_json("{s:s, s:o, s:o, s:o, s:o}", "kind", f->is_program ? "program" : kinds[f->kind], "mode",
                            numbers("octal", f->mode, 0), "owner", numbers("ids", f->uid, f->gid), "size",
                            json_number(f->size_bytes), "path", text_of(f->path));
    json_object_set_new(out, "contents", f->kind == MANIFEST_LINK   ? text_of(f->target)
                                         : f->kind == MANIFEST_FILE ? json_hash(f->root.bytes, SHA256_BYTES)
                                                                    : json_string(""));
    return out;
}

static json_t *files_of(const struct manifest *m)
{
    struct package_walk walk;
    struct manifest_file file;
    json_t *rows = pack_json("[]");
    manifest_walk_files(m, &walk);
    while (manifest_file_next(&walk, &file)) {
        json_array_append_new(rows, row_of_file(&file));
    }
    return rows;
}

static json_t *requests_of(const struct manifest *m)
{
    struct package_walk walk;
    struct manifest_request request;
    struct cursor device;
    char text[64];
    json_t *out = pack_json("[]");
    if (m->requests.memory_bytes > 0) {
        snprintf(text, sizeof text, "memory=%llu", (unsigned long long)m->requests.memory_bytes);
        json_array_append_new(out, json_string(text));
    }
    if (m->requests.cpu_percent > 0) {
        snprintf(text, sizeof text, "cpu=%u%%", (unsigned)m->requests.cpu_percent);
        json_array_append_new(out, json_string(text));
    }
    if (m->requests.network) {
        json_array_append_new(out, json_string("network"));
    }
    manifest_walk_requests(m, &walk);
    while (manifest_request_next(&walk, &request)) {
        char *path = strndup((const char *)request.path.at, request.path.left_bytes);
        json_array_append_new(out, json_string(join(request.write ? "write=" : "read=", path, NULL)));
    }
    manifest_walk_devices(m, &walk);
    while (manifest_device_next(&walk, &device)) {
        char *name = strndup((const char *)device.at, device.left_bytes);
        json_array_append_new(out, json_string(join("device=", name, NULL)));
    }
    return out;
}

static json_t *package_summary(const struct package *p)
{
    const struct manifest *m = &p->manifest;
    return pack_json("{s:s, s:o, s:s, s:b, s:I, s:o}", "app", m->name, "release", json_number(m->seq), "arch", m->arch,
                     "signed", (int)!cursor_is_empty(&p->chain), "bytes", (json_int_t)p->bytes.left_bytes, "package",
                     json_hash(p->id.bytes, SHA256_BYTES));
}

static json_t *inspect_package(const char *path)
{
    struct package p;
    package_read(path, &p);
    json_t *out = package_summary(&p);
    json_object_set_new(out, "developer", json_id(&p.manifest.developer));
    json_object_set_new(out, "register", json_id(&p.manifest.app_register));
    json_object_set_new(out, "provenance", json_hash(p.manifest.provenance.bytes, SHA256_BYTES));
    json_object_set_new(out, "requests", requests_of(&p.manifest));
    json_object_set_new(out, "objects", json_integer((json_int_t)p.object_count));
    json_object_set_new(out, "files", files_of(&p.manifest));
    return out;
}

static json_t *inspect_bundle(struct bytes file)
{
    struct bundle b;
    struct package p;
    struct package_refusal why;
    json_t *rows = pack_json("[]");
    if (!bundle_open(file.at, file.len_bytes, &b, &why)) {
        fail("%s", why.sentence);
    }
    for (uint32_t i = 0; i < b.count; i++) {
        struct cursor bytes = bundle_package(&b, i, NULL);
        if (!package_open(bytes.at, bytes.left_bytes, &p, &why)) {
            fail("package %u of the bundle: %s", (unsigned)i, why.sentence);
        }
        json_array_append_new(rows, package_summary(&p));
    }
    return pack_json("{s:I, s:o}", "bytes", (json_int_t)file.len_bytes, "packages", rows);
}

/* ---- approvals ------------------------------------------------------------------------------------------------------ */

static json_t *inspect_anchor(struct bytes file)
{
    struct anchor anchor;
    struct package_refusal why;
    if (!anchor_parse(file.at, file.len_bytes, &anchor, &why)) {
        fail("%s", why.sentence);
    }
    return pack_json("{s:o, s:o}", "owner", json_id(&anchor.genesis), "first", json_txid(&anchor.first_txid));
}

static json_t *apps_of(const struct approved_developer *d)
{
    struct package_walk walk;
    struct cursor name;
    json_t *out = pack_json("[]");
    if (d->all_apps) {
        json_array_append_new(out, json_string("all"));
        return out;
    }
    approved_developer_walk_apps(d, &walk);
    while (approved_app_next(&walk, &name)) {
        json_array_append_new(out, text_of(name));
    }
    return out;
}

static json_t *inspect_list(struct bytes file)
{
    struct approvals list;
    struct package_refusal why;
    struct package_walk walk;
    struct approved_package package;
    struct approved_developer developer;
    json_t *packages = pack_json("[]"), *developers = pack_json("[]");
    if (!approvals_parse(file.at, file.len_bytes, &list, &why)) {
        fail("neither a package, bundle, chain or anchor, nor a list of approvals: %s", why.sentence);
    }
    approvals_walk_packages(&list, &walk);
    while (approved_package_next(&walk, &package)) {
        json_array_append_new(packages,
                              pack_json("{s:s, s:o, s:o, s:o}", "app", package.name, "from", json_number(package.min_seq),
                                        "developer", json_id(&package.developer), "only",
                                        package.has_id ? json_hash(package.id.bytes, SHA256_BYTES) : json_string("-")));
    }
    approvals_walk_developers(&list, &walk);
    while (approved_developer_next(&walk, &developer)) {
        json_array_append_new(developers, pack_json("{s:s, s:o, s:o, s:o}", "name", developer.name, "apps",
                                                    apps_of(&developer), "id", json_id(&developer.genesis), "first",
                                                    json_txid(&developer.first_txid)));
    }
    return pack_json("{s:o, s:o, s:o}", "list", json_number(list.seq), "packages", packages, "developers", developers);
}

int inspect(const struct arguments *args)
{
    const char *path = args->operands[0];
    struct bytes file = read_file(path);
    char magic[9] = "";
    json_t *out;
    memcpy(magic, file.at, file.len_bytes < 8 ? file.len_bytes : 8);
    if (strcmp(magic, CHAIN_FILE_MAGIC) == 0) {
        return chain_show(args);
    }
    if (strcmp(magic, PACKAGE_MAGIC_BYTES) == 0) {
        out = inspect_package(path);
    } else if (strcmp(magic, BUNDLE_MAGIC) == 0) {
        out = inspect_bundle(file);
    } else if (strcmp(magic, ANCHOR_MAGIC) == 0) {
        out = inspect_anchor(file);
    } else {
        out = inspect_list(file);
    }
    report_object(out, args->options[OPTION_JSON] != NULL);
    return STATUS_OK;
}
