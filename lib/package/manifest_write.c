/* SPDX-License-Identifier: MIT */
/**
 * Manifests, written. Keys stand in the order of their encodings: shorter first, then by letters.
 * Source: docs/spec/package.md sections 1 and 2
 */
#include "package.h"

#define FORMAT "manifest/1"

static void put_uint(struct writer *w, const char *key, uint64_t n)
{
    cbor_put_string(w, key);
    cbor_put_uint(w, n);
}

static void put_text(struct writer *w, const char *key, struct cursor text)
{
    cbor_put_string(w, key);
    cbor_put_text(w, text.at, text.left_bytes);
}

static void put_string(struct writer *w, const char *key, const char *text)
{
    put_text(w, key, cursor_of(text, strlen(text)));
}

static void put_hash(struct writer *w, const char *key, const uint8_t bytes[SHA256_BYTES])
{
    cbor_put_string(w, key);
    cbor_put_bytes(w, bytes, SHA256_BYTES);
}

void manifest_begin(struct writer *w, const struct manifest *m)
{
    cbor_put_map(w, 9);
    put_string(w, "lx", FORMAT);
    put_uint(w, "seq", m->seq);
    put_string(w, "arch", m->arch);
    put_string(w, "name", m->name);
    cbor_put_string(w, "files");
    cbor_put_array(w, m->file_count);
}

static void put_program(struct writer *w, const struct elf_program *p)
{
    cbor_put_string(w, "program");
    cbor_put_map(w, 5);
    put_uint(w, "phdr", p->phdr);
    put_uint(w, "entry", p->entry);
    put_uint(w, "phnum", p->phdr_count);
    cbor_put_string(w, "segments");
    cbor_put_array(w, p->segment_count);
    for (uint32_t i = 0; i < p->segment_count; i++) {
        cbor_put_map(w, 5);
        put_uint(w, "prot", p->segments[i].prot);
        put_uint(w, "memsz", p->segments[i].memory_bytes);
        put_uint(w, "vaddr", p->segments[i].vaddr);
        put_uint(w, "filesz", p->segments[i].file_bytes);
        put_uint(w, "offset", p->segments[i].offset);
    }
    cbor_put_string(w, "relocatable");
    cbor_put_bool(w, p->is_relocatable);
}

void manifest_put_file(struct writer *w, const struct manifest_file *file)
{
    static const char *const kinds[] = {[MANIFEST_FILE] = "file", [MANIFEST_LINK] = "link", [MANIFEST_DIR] = "dir"};
    bool is_file = file->kind == MANIFEST_FILE;
    cbor_put_map(w, !is_file ? 5 : file->is_program ? 9 : 8);
    put_uint(w, "gid", file->gid);
    put_uint(w, "uid", file->uid);
    put_string(w, "kind", kinds[file->kind]);
    if (file->kind != MANIFEST_LINK) {
        put_uint(w, "mode", file->mode);
    }
    put_text(w, "path", file->path);
    if (file->kind == MANIFEST_LINK) {
        put_text(w, "target", file->target);
    }
    if (is_file) {
        put_hash(w, "root", file->root.bytes);
        put_uint(w, "size", file->size_bytes);
        put_hash(w, "verity", file->verity.bytes);
        if (file->is_program) {
            put_program(w, &file->program);
        }
    }
}

void manifest_end(struct writer *w, const struct manifest *m)
{
    const struct manifest_requests *r = &m->requests;
    put_hash(w, "register", m->app_register.bytes);
    cbor_put_string(w, "requests");
    cbor_put_map(w, 5);
    put_uint(w, "cpu", r->cpu_percent);
    cbor_put_string(w, "files");
    cbor_put_array(w, r->file_count);
    writer_put(w, r->files.at, r->files.left_bytes);
    put_uint(w, "memory", r->memory_bytes);
    cbor_put_string(w, "devices");
    cbor_put_array(w, r->device_count);
    writer_put(w, r->devices.at, r->devices.left_bytes);
    cbor_put_string(w, "network");
    cbor_put_bool(w, r->network);
    put_hash(w, "developer", m->developer.bytes);
    put_hash(w, "provenance", m->provenance.bytes);
}

void manifest_put_request(struct writer *items, const struct manifest_request *request)
{
    cbor_put_map(items, 2);
    put_text(items, "path", request->path);
    cbor_put_string(items, "write");
    cbor_put_bool(items, request->write);
}

void manifest_put_device(struct writer *items, const char *name)
{
    cbor_put_string(items, name);
}
