/* SPDX-License-Identifier: MIT */
/** For tests: a small good package that a test changes in one place before it is written, or after. */
#ifndef LX_PACKAGE_SAMPLES_H
#define LX_PACKAGE_SAMPLES_H

#include "package.h"
#include "unit.h"

#define SAMPLE_ELF_BYTES  0x3000u
#define SAMPLE_MOTD_BYTES 5000u

enum { FILE_BIN, FILE_DEMO, FILE_SH, FILE_ETC, FILE_EMPTY, FILE_MOTD, FILE_TMP, FILE_COUNT };

struct sample {
    /* What is written: */
    struct manifest m;
    struct manifest_file files[FILE_COUNT + 1];
    uint8_t requests[256], devices[128];
    uint8_t elf[SAMPLE_ELF_BYTES], motd[SAMPLE_MOTD_BYTES];
    struct hash256 elf_leaves[3], motd_leaves[2];
    struct package_part parts[4];
    uint32_t part_count;
    struct cursor chain;

    /* The result: */
    uint8_t manifest[4096];
    size_t manifest_bytes;
    uint8_t bytes[64 * 1024];
    size_t len_bytes;
};

static inline struct cursor text_of(const char *text)
{
    return cursor_of(text, strlen(text));
}

/* Text at 0x400000 with the headers in it, data at 0x402800 with zeros behind. */
static inline void sample_elf(uint8_t *file)
{
    memcpy(file, "\177ELF\2\1\1", 7);
    le16_store(file + 16, 2);
    le16_store(file + 18, 183);
    le32_store(file + 20, 1);
    le64_store(file + 24, 0x400200);
    le64_store(file + 32, 64);
    le16_store(file + 52, 64);
    le16_store(file + 54, 56);
    le16_store(file + 56, 2);
    static const uint64_t headers[2][7] = {
        {1 | UINT64_C(5) << 32, 0, 0x400000, 0, 0x1234, 0x1234, 0x1000},
        {1 | UINT64_C(6) << 32, 0x2800, 0x402800, 0, 0x800, 0x5000, 0x1000},
    };
    for (uint32_t i = 0; i < 14; i++) {
        le64_store(file + 64 + 8 * i, headers[i / 7][i % 7]);
    }
}

static inline void sample_hash(const uint8_t *bytes, size_t len, struct hash256 *leaves, struct package_part *part)
{
    for (uint64_t i = 0; i < tree_leaf_count(len); i++) {
        tree_leaf(bytes + i * TREE_BLOCK_BYTES, tree_block_len(len, i), &leaves[i]);
    }
    *part = (struct package_part){.size_bytes = len, .bytes = bytes, .leaves = leaves};
    tree_root_of_leaves(leaves, tree_leaf_count(len), &part->root);
}

static inline void sample_file(struct sample *s, uint32_t index, const char *path, uint32_t mode,
                               const struct package_part *part)
{
    struct manifest_file *f = &s->files[index];
    *f = (struct manifest_file){.path = text_of(path), .kind = MANIFEST_FILE, .mode = mode};
    f->size_bytes = part->size_bytes;
    f->root = part->root;
    verity_digest(part->bytes, part->size_bytes, &f->verity);
}

static inline void sample_sort_parts(struct sample *s)
{
    for (uint32_t i = 0; i < s->part_count; i++) {
        for (uint32_t j = i + 1; j < s->part_count; j++) {
            if (memcmp(s->parts[i].root.bytes, s->parts[j].root.bytes, SHA256_BYTES) > 0) {
                struct package_part swapped = s->parts[i];
                s->parts[i] = s->parts[j];
                s->parts[j] = swapped;
            }
        }
    }
}

static inline void sample_requests(struct sample *s)
{
    struct writer files = writer_of(s->requests, sizeof s->requests);
    struct writer devices = writer_of(s->devices, sizeof s->devices);
    manifest_put_request(&files, &(struct manifest_request){text_of("/data"), true});
    manifest_put_request(&files, &(struct manifest_request){text_of("/data/log"), false});
    manifest_put_device(&devices, "rtc");
    s->m.requests = (struct manifest_requests){.memory_bytes = 1 << 20, .cpu_percent = 50, .network = true};
    s->m.requests.file_count = 2;
    s->m.requests.device_count = 1;
    s->m.requests.files = cursor_of(files.bytes, files.used_bytes);
    s->m.requests.devices = cursor_of(devices.bytes, devices.used_bytes);
}

/** The good case, not yet written. */
static inline void sample_init(struct sample *s)
{
    struct elf_refusal why;
    memset(s, 0, sizeof *s);
    sample_elf(s->elf);
    memset(s->motd, 'm', sizeof s->motd);
    sample_hash(s->elf, sizeof s->elf, s->elf_leaves, &s->parts[0]);
    sample_hash(s->motd, sizeof s->motd, s->motd_leaves, &s->parts[1]);
    sample_hash(s->motd, 0, s->motd_leaves, &s->parts[2]);
    sample_file(s, FILE_DEMO, "/bin/demo", 0755, &s->parts[0]);
    sample_file(s, FILE_MOTD, "/etc/motd", 0644, &s->parts[1]);
    sample_file(s, FILE_EMPTY, "/etc/empty", 0600, &s->parts[2]);
    s->part_count = 3;
    sample_sort_parts(s);
    s->files[FILE_DEMO].is_program = elf_parse(s->elf, sizeof s->elf, &s->files[FILE_DEMO].program, &why);
    s->files[FILE_BIN] = (struct manifest_file){.path = text_of("/bin"), .kind = MANIFEST_DIR, .mode = 0755};
    s->files[FILE_ETC] = (struct manifest_file){.path = text_of("/etc"), .kind = MANIFEST_DIR, .mode = 0755};
    s->files[FILE_TMP] = (struct manifest_file){.path = text_of("/tmp"), .kind = MANIFEST_DIR, .mode = 01777, .gid = 7};
    s->files[FILE_SH] = (struct manifest_file){.path = text_of("/bin/sh"), .kind = MANIFEST_LINK};
    s->files[FILE_SH].target = text_of("demo");
    s->m.file_count = FILE_COUNT;
    strcpy(s->m.name, "org.lx-os.demo");
    strcpy(s->m.arch, MANIFEST_ARCH);
    s->m.seq = 3;
    memset(s->m.developer.bytes, 0xd1, U256_BYTES);
    memset(s->m.app_register.bytes, 0xd4, U256_BYTES);
    memset(s->m.provenance.bytes, 0x11, SHA256_BYTES);
    sample_requests(s);
}

static inline void sample_write_manifest(struct sample *s)
{
    struct writer w = writer_of(s->manifest, sizeof s->manifest);
    manifest_begin(&w, &s->m);
    for (uint32_t i = 0; i < s->m.file_count; i++) {
        manifest_put_file(&w, &s->files[i]);
    }
    manifest_end(&w, &s->m);
    CHECK(!w.overflow);
    s->manifest_bytes = w.used_bytes;
}

static inline void sample_write_container(struct sample *s)
{
    struct writer w = writer_of(s->bytes, sizeof s->bytes);
    struct cursor manifest = cursor_of(s->manifest, s->manifest_bytes);
    package_put(&w, manifest, s->chain, s->parts, s->part_count);
    CHECK(!w.overflow);
    CHECK_EQ(w.used_bytes, package_bytes(s->manifest_bytes, s->chain.left_bytes, s->parts, s->part_count));
    s->len_bytes = w.used_bytes;
}

static inline void sample_write(struct sample *s)
{
    sample_write_manifest(s);
    sample_write_container(s);
}

#endif
