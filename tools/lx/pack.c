/* SPDX-License-Identifier: MIT */
/** lx pack: from a description to a package that waits for its signature. */
#include <stdlib.h>
#include <string.h>

#include "description.h"

#define MODE_EXECUTE 0111u

/** The objects of a package in the making. */
struct parts {
    struct package_part *at; /* sorted by root, none twice, once sorted */
    uint32_t count;
};

/* ---- contents ------------------------------------------------------------------------------------------------------- */

static struct package_part hash(struct bytes contents)
{
    uint64_t count = tree_leaf_count(contents.len_bytes);
    struct hash256 *leaves = zalloc((size_t)count * sizeof *leaves);
    struct package_part part = {.size_bytes = contents.len_bytes, .bytes = contents.at, .leaves = leaves};
    for (uint64_t i = 0; i < count; i++) {
        tree_leaf(contents.at + i * TREE_BLOCK_BYTES, tree_block_len(contents.len_bytes, i), &leaves[i]);
    }
    tree_root_of_leaves(leaves, count, &part.root);
    return part;
}

/** Reads a file's contents and what the manifest says of them. */
static struct package_part read_contents(const struct description *d, struct described *e)
{
    struct elf_refusal why;
    char words[PACKAGE_SENTENCE_CHARS];
    struct manifest_file *file = &e->file;
    if (!file_exists(e->host_path)) {
        fail_at(d->path, e->line, "there is no file %s", e->host_path);
    }
    struct bytes contents = read_file(e->host_path);
    if (contents.len_bytes > MANIFEST_OBJECT_BYTES_MAX) {
        fail_at(d->path, e->line, "%s is larger than 4 GiB, which no file of a package can be", e->host_path);
    }
    struct package_part part = hash(contents);
    file->size_bytes = part.size_bytes;
    file->root = part.root;
    verity_digest(part.bytes, part.size_bytes, &file->verity);
    file->is_program = (file->mode & MODE_EXECUTE) != 0 && elf_has_magic(part.bytes, part.size_bytes);
    if (file->is_program && !elf_parse(part.bytes, part.size_bytes, &file->program, &why)) {
        elf_describe(&why, words, sizeof words);
        fail_at(d->path, e->line, "%s: %s", e->host_path, words);
    }
    return part;
}

static int by_path(const void *a, const void *b)
{
    const struct described *x = a, *y = b;
    return manifest_path_compare(x->file.path, y->file.path);
}

static int by_root(const void *a, const void *b)
{
    const struct package_part *x = a, *y = b;
    return memcmp(x->root.bytes, y->root.bytes, SHA256_BYTES);
}

static int by_request(const void *a, const void *b)
{
    const struct manifest_request *x = a, *y = b;
    return manifest_path_compare(x->path, y->path);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/** Puts everything in the order that manifests and containers have. */
static void sort(struct description *d, struct parts *parts)
{
    if (d->entry_count > 0) {
        qsort(d->entries, d->entry_count, sizeof *d->entries, by_path);
    }
    for (size_t i = 1; i < d->entry_count; i++) {
        if (by_path(&d->entries[i - 1], &d->entries[i]) == 0) {
            int a = d->entries[i - 1].line, b = d->entries[i].line;
            fail_at(d->path, a > b ? a : b, "%.*s stands there already, in line %d; remove one",
                    (int)d->entries[i].file.path.left_bytes, (const char *)d->entries[i].file.path.at, a > b ? b : a);
        }
    }
    if (d->requests.file_count > 0) {
        qsort(d->files, d->requests.file_count, sizeof *d->files, by_request);
    }
    if (d->requests.device_count > 0) {
        qsort(d->devices, d->requests.device_count, sizeof *d->devices, by_text);
    }
    qsort(parts->at, parts->count, sizeof *parts->at, by_root);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < parts->count; i++) {
        if (kept == 0 || by_root(&parts->at[kept - 1], &parts->at[i]) != 0) {
            parts->at[kept++] = parts->at[i];
        }
    }
    parts->count = kept;
}

static void gather(struct description *d, struct parts *parts)
{
    *parts = (struct parts){zalloc(d->entry_count * sizeof *parts->at), 0};
    for (size_t i = 0; i < d->entry_count; i++) {
        if (d->entries[i].file.kind == MANIFEST_FILE) {
            parts->at[parts->count++] = read_contents(d, &d->entries[i]);
        }
    }
    sort(d, parts);
}

/* ---- the manifest --------------------------------------------------------------------------------------------------- */

/** A writer that is large enough for all that `d` can make. */
static struct writer room_for(const struct description *d)
{
    size_t cap = 4096;
    for (size_t i = 0; i < d->entry_count; i++) {
        const struct manifest_file *f = &d->entries[i].file;
        cap += f->path.left_bytes + f->target.left_bytes + 256 + (f->is_program ? 64 + ELF_SEGMENTS_MAX * 96 : 0);
    }
    for (uint32_t i = 0; i < d->requests.file_count; i++) {
        cap += d->files[i].path.left_bytes + 64;
    }
    for (uint32_t i = 0; i < d->requests.device_count; i++) {
        cap += strlen(d->devices[i]) + 64;
    }
    return writer_of(zalloc(cap), cap);
}

static struct cursor write_manifest(const struct description *d, const struct manifest *m)
{
    struct writer w = room_for(d);
    manifest_begin(&w, m);
    for (size_t i = 0; i < d->entry_count; i++) {
        manifest_put_file(&w, &d->entries[i].file);
    }
    manifest_end(&w, m);
    assert(!w.overflow);
    return cursor_of(w.bytes, w.used_bytes);
}

static void describe(const struct description *d, const struct key *key, struct manifest *out)
{
    struct writer files = room_for(d), devices = room_for(d);
    if (!record_app_name_is_valid(d->name)) {
        fail("%s: \"%s\" cannot be an app's name; use 1 to %u of a-z 0-9 . _ -, a letter or digit first", d->path,
             d->name, RECORD_APP_CHARS_MAX);
    }
    *out = (struct manifest){.developer = key->genesis, .provenance = d->provenance, .requests = d->requests};
    if (d->entry_count > MANIFEST_FILES_MAX || !copy_string(out->arch, sizeof out->arch, d->arch)) {
        fail("%s: more than %u files, or too long a name of an architecture", d->path, MANIFEST_FILES_MAX);
    }
    copy_string(out->name, sizeof out->name, d->name);
    out->file_count = (uint32_t)d->entry_count;
    signer_address(&key->seed, d->name, &out->app_register);
    for (uint32_t i = 0; i < d->requests.file_count; i++) {
        manifest_put_request(&files, &d->files[i]);
    }
    for (uint32_t i = 0; i < d->requests.device_count; i++) {
        manifest_put_device(&devices, d->devices[i]);
    }
    assert(!files.overflow && !devices.overflow);
    out->requests.files = cursor_of(files.bytes, files.used_bytes);
    out->requests.devices = cursor_of(devices.bytes, devices.used_bytes);
}

/**
 * Writes the manifest with the number that the release will have: that of the last one when nothing has changed since.
 * *is_released: it is that last one.
 */
static struct cursor number(const struct description *d, const struct key *key, struct manifest *m, bool *is_released)
{
    struct record_app record;
    struct hash256 id;
    m->seq = 1;
    *is_released = false;
    if (!chain_app(&key->chain, &m->app_register, &record)) {
        return write_manifest(d, m);
    }
    m->seq = record.seq;
    struct cursor bytes = write_manifest(d, m);
    manifest_id(bytes.at, bytes.left_bytes, &id);
    *is_released = !record.revoked && memcmp(id.bytes, record.manifest.bytes, SHA256_BYTES) == 0;
    if (*is_released) {
        return bytes;
    }
    m->seq = record.seq + 1;
    return write_manifest(d, m);
}

/* ---- the command ---------------------------------------------------------------------------------------------------- */

static void write_package(const struct description *d, const char *path, struct cursor manifest, const struct parts *parts,
                          struct package *out)
{
    struct package_refusal why;
    uint64_t size = package_bytes(manifest.left_bytes, 0, parts->at, parts->count);
    struct writer w = writer_of(zalloc((size_t)size), (size_t)size);
    struct manifest judged;
    if (parts->count > PACKAGE_OBJECTS_MAX) {
        fail("%s: more than %u different files; split the package", d->path, PACKAGE_OBJECTS_MAX);
    }
    if (!manifest_parse(manifest.at, manifest.left_bytes, &judged, &why)) {
        fail("%s: %s", d->path, why.sentence);
    }
    package_put(&w, manifest, (struct cursor){NULL, 0}, parts->at, parts->count);
    if (w.overflow || w.used_bytes != size || !package_open(w.bytes, w.used_bytes, out, &why) ||
        !package_check(out, PACKAGE_CHECK_BYTES | PACKAGE_CHECK_VERITY, &why)) {
        fail("%s: made a package that is refused: %s", d->path, why.sentence);
    }
    file_replace(path, w.bytes, w.used_bytes, 0644);
}

int pack(const struct arguments *args)
{
    struct description d;
    struct key key;
    struct manifest m;
    struct parts parts;
    struct package p;
    bool is_released;
    const char *file = args->options[OPTION_FILE] == NULL ? "package.lx" : args->options[OPTION_FILE];
    if (args->options[OPTION_KEY] == NULL) {
        fail("a manifest names who releases it: add --key NAME");
    }
    description_read(file, &(struct variables){args->count, args->operands}, &d);
    const char *out = args->options[OPTION_OUTPUT] == NULL ? join(d.name, ".lxp", NULL) : args->options[OPTION_OUTPUT];
    key_open(&key, key_directory(args), args->options[OPTION_KEY], KEY_READ);
    gather(&d, &parts);
    describe(&d, &key, &m);
    struct cursor manifest = number(&d, &key, &m, &is_released);
    write_package(&d, out, manifest, &parts, &p);
    printf("%s: %s %llu%s, %u files, %u objects, %zu bytes; now: lx sign %s --key %s\n", out, m.name,
           (unsigned long long)m.seq, is_released ? " (unchanged)" : "", (unsigned)p.manifest.file_count,
           (unsigned)p.object_count, p.bytes.left_bytes, out, key.name);
    key_close(&key);
    return STATUS_OK;
}
