/* SPDX-License-Identifier: MIT */
/** The boot image: parts, hashes, manifest, signature; and keys. docs/spec/boot-image.md has the bytes. */
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lxpack.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "records are copied as they are");

enum { IMAGE_BYTES_MAX = 510 << 20, SECRET_BYTES = 64 };

/** The image as it grows. */
struct image {
    struct bytes out;
    size_t cap_bytes;
    uint32_t part_count;
    struct boot_part parts[BOOT_PARTS_MAX];
    uint64_t virt; /* of the next root part */
};

static void append(struct image *m, const void *bytes, size_t len_bytes)
{
    size_t padded = align_up(len_bytes, BOOT_PAGE_BYTES);
    if (padded > IMAGE_BYTES_MAX - m->out.len_bytes) {
        fail("the image would be larger than 510 MiB; leave something out of it");
    }
    if (m->out.len_bytes + padded > m->cap_bytes) {
        m->cap_bytes = (m->out.len_bytes + padded) * 2;
        m->out.at = realloc(m->out.at, m->cap_bytes);
        if (m->out.at == NULL) {
            fail("out of memory");
        }
    }
    if (len_bytes != 0) {
        memcpy(m->out.at + m->out.len_bytes, bytes, len_bytes);
    }
    memset(m->out.at + m->out.len_bytes + len_bytes, 0, padded - len_bytes);
    m->out.len_bytes += padded;
}

static struct boot_part *add_part(struct image *m, const char *name, enum boot_part_kind kind, struct bytes data,
                                  uint64_t memory_bytes)
{
    if (m->part_count == BOOT_PARTS_MAX) {
        fail("the image would have more than %d parts; put files together", BOOT_PARTS_MAX);
    }
    struct boot_part *p = &m->parts[m->part_count++];
    struct hash256 hash;
    memset(p, 0, sizeof *p);
    (void)copy_string(p->name, sizeof p->name, name);
    p->kind = kind;
    p->offset = m->out.len_bytes;
    append(m, data.at, data.len_bytes);
    p->file_bytes = m->out.len_bytes - p->offset;
    p->memory_bytes = align_up(memory_bytes, BOOT_PAGE_BYTES);
    sha256_of(m->out.at + p->offset, p->file_bytes, &hash);
    memcpy(p->sha256, hash.bytes, sizeof p->sha256);
    if (kind == BOOT_PART_ROOT || kind == BOOT_PART_LOG) {
        p->virt = m->virt;
        m->virt += p->memory_bytes;
    }
    return p;
}

/* The root task as one piece, from its first to its last byte in the file. */
static struct bytes flatten(const struct component *c)
{
    const struct segment *last = &c->segments[c->segment_count - 1];
    struct bytes out = {NULL, last->virt + last->init.len_bytes - c->segments[0].virt};
    out.at = zalloc(out.len_bytes);
    for (int i = 0; i < c->segment_count; i++) {
        memcpy(out.at + (c->segments[i].virt - c->segments[0].virt), c->segments[i].init.at, c->segments[i].init.len_bytes);
    }
    return out;
}

static void add_root(struct image *m, struct system *s)
{
    const struct component *root = s->components[0];
    m->virt = root->segments[0].virt;
    struct boot_part *init = add_part(m, "init", BOOT_PART_ROOT, flatten(root), s->log_virt - m->virt);
    init->entry = root->elf.entry;
    assert(m->virt == s->log_virt);
    (void)add_part(m, "measurements", BOOT_PART_LOG, (struct bytes){NULL, 0}, BOOT_LOG_BYTES);
    assert(m->virt == s->bundle_virt);
    /* The bundle, in the order in which place.c handed out its offsets. */
    for (int i = 0; i < s->component_count; i++) {
        struct component *c = s->components[i];
        struct bytes all = {NULL, 0};
        for (int k = 0; k < c->segment_count; k++) {
            if (c->memories[c->segments[k].memory].desc.init_bytes != 0) {
                all.at = realloc(all.at, all.len_bytes + c->segments[k].init.len_bytes);
                if (all.at == NULL) {
                    fail("out of memory");
                }
                memcpy(all.at + all.len_bytes, c->segments[k].init.at, c->segments[k].init.len_bytes);
                all.len_bytes += c->segments[k].init.len_bytes;
            }
        }
        char name[BOOT_NAME_BYTES];
        snprintf(name, sizeof name, i == 0 ? "init-copy" : "%.23s", c->name);
        (void)add_part(m, name, BOOT_PART_ROOT, all, all.len_bytes);
    }
    for (int i = 0; i < s->blob_count; i++) {
        (void)add_part(m, s->blobs[i].name, BOOT_PART_ROOT, s->blobs[i].data, s->blobs[i].data.len_bytes);
    }
    (void)add_part(m, "system", BOOT_PART_ROOT, s->description, s->description.len_bytes);
    assert(m->virt == s->bundle_virt + s->bundle_bytes);
}

static void read_secret(const char *path, uint8_t secret[SECRET_BYTES])
{
    struct bytes file = read_file(path);
    if (file.len_bytes != SECRET_BYTES) {
        fail("%s is not a signing key of this tool; move it away, and a new pair is made", path);
    }
    memcpy(secret, file.at, SECRET_BYTES);
    sodium_memzero(file.at, file.len_bytes);
}

/* Writes the manifest into the pages that were left for it, and signs. */
static void sign(struct image *m, uint64_t manifest_offset, uint64_t manifest_bytes, const char *key_path)
{
    uint8_t secret[SECRET_BYTES];
    struct hash256 key_id;
    read_secret(key_path, secret);
    sha256_of(secret + 32, BOOT_KEY_BYTES, &key_id);
    struct boot_header h = {
        .magic = BOOT_MAGIC,
        .version = BOOT_VERSION,
        .part_count = m->part_count,
        .image_bytes = m->out.len_bytes,
        .manifest_offset = (uint32_t)manifest_offset,
        .manifest_bytes = (uint32_t)manifest_bytes,
    };
    memcpy(h.key_id, key_id.bytes, sizeof h.key_id);
    struct writer w = writer_of(m->out.at + manifest_offset, manifest_bytes);
    writer_put(&w, &h, sizeof h);
    writer_put(&w, m->parts, m->part_count * sizeof m->parts[0]);
    uint8_t signature[BOOT_SIGNATURE_BYTES];
    crypto_sign_ed25519_detached(signature, NULL, w.bytes, w.used_bytes, secret);
    sodium_memzero(secret, sizeof secret);
    writer_put(&w, signature, sizeof signature);
    assert(!w.overflow);
}

/* The manifest is as large as the number of parts wants, which is known before they are added. */
static uint64_t manifest_bytes_for(const struct system *s)
{
    uint64_t parts = 5 + (uint64_t)s->component_count + (uint64_t)s->blob_count;
    return align_up(sizeof(struct boot_header) + parts * sizeof(struct boot_part) + BOOT_SIGNATURE_BYTES, BOOT_PAGE_BYTES);
}

struct bytes image_make(struct system *s, const struct image_inputs *in)
{
    static struct image m;
    const struct elf_segment *k = &in->kernel->segments[0];
    uint64_t manifest_bytes = manifest_bytes_for(s);
    if (in->loader.len_bytes < 64 || memcmp(in->loader.at + 56, "ARM\x64", 4) != 0 ||
        !is_aligned(in->loader.len_bytes, BOOT_PAGE_BYTES)) {
        fail("the loader is not an arm64 image of whole pages; build it again");
    }
    /* Everything that follows the loader has its size by now; the header of the loader names the sum. */
    uint64_t total = in->loader.len_bytes + manifest_bytes + align_up(k->file_bytes, BOOT_PAGE_BYTES) +
                     align_up(flatten(s->components[0]).len_bytes, BOOT_PAGE_BYTES) + s->bundle_bytes;
    writer_le64(&(struct writer){in->loader.at + 16, 8, 0, false}, total);
    struct boot_part *loader = add_part(&m, "loader", BOOT_PART_LOADER, in->loader, in->loader.len_bytes);
    loader->virt = 0;
    uint64_t manifest_offset = m.out.len_bytes;
    append(&m, NULL, 0);
    uint8_t *blank = zalloc(manifest_bytes);
    append(&m, blank, manifest_bytes);
    struct boot_part *kernel = add_part(&m, "kernel", BOOT_PART_KERNEL,
                                        (struct bytes){(uint8_t *)(uintptr_t)k->bytes, k->file_bytes}, k->memory_bytes);
    kernel->virt = k->virt;
    kernel->phys = k->phys;
    kernel->entry = in->kernel->entry;
    add_root(&m, s);
    assert(m.out.len_bytes == total);
    sign(&m, manifest_offset, manifest_bytes, in->key_path);
    return m.out;
}

/* ---- keys ------------------------------------------------------------------------------------------------------------------- */

static void make_directories(const char *path)
{
    char dir[512];
    (void)copy_string(dir, sizeof dir, path);
    for (char *p = dir + 1; *p != '\0'; p++) {
        if (*p == '/') {
            *p = '\0';
            if (mkdir(dir, 0700) != 0 && errno != EEXIST) {
                fail("cannot make %s: %s", dir, strerror(errno));
            }
            *p = '/';
        }
    }
}

void image_key(const char *private_path, const char *public_path)
{
    uint8_t public_key[BOOT_KEY_BYTES];
    uint8_t secret[SECRET_BYTES];
    struct stat status;
    if (sodium_init() < 0) {
        fail("the random source of this machine does not work");
    }
    if (stat(private_path, &status) != 0) {
        make_directories(private_path);
        crypto_sign_ed25519_keypair(public_key, secret);
        int fd = open(private_path, O_WRONLY | O_CREAT | O_EXCL, 0600);
        if (fd < 0 || write(fd, secret, sizeof secret) != (ssize_t)sizeof secret || close(fd) != 0) {
            fail("cannot write %s: %s", private_path, strerror(errno));
        }
        printf("made a key to sign images with: %s\n", private_path);
    } else if ((status.st_mode & 077) != 0) {
        fail("others can read %s; run: chmod 600 %s", private_path, private_path);
    }
    read_secret(private_path, secret);
    write_file(public_path, (struct bytes){secret + 32, BOOT_KEY_BYTES});
    sodium_memzero(secret, sizeof secret);
}

/* ---- looking at an image ------------------------------------------------------------------------------------------------------ */

void image_inspect(const char *path)
{
    static const char *const kinds[] = {"?", "loader", "kernel", "root", "log"};
    struct bytes file = read_file(path);
    struct boot_header h;
    uint64_t offset = BOOT_PAGE_BYTES;
    while (offset + sizeof h <= file.len_bytes && memcmp(file.at + offset, BOOT_MAGIC, 8) != 0) {
        offset += BOOT_PAGE_BYTES;
    }
    if (offset + sizeof h > file.len_bytes) {
        fail("%s has no manifest; is it a boot image?", path);
    }
    memcpy(&h, file.at + offset, sizeof h);
    if (h.part_count > BOOT_PARTS_MAX || h.manifest_bytes > file.len_bytes - offset ||
        sizeof h + h.part_count * sizeof(struct boot_part) + BOOT_SIGNATURE_BYTES > h.manifest_bytes) {
        fail("%s has a manifest whose sizes cannot be", path);
    }
    printf("%s: %llu bytes, %u parts, key ", path, (unsigned long long)h.image_bytes, h.part_count);
    for (int i = 0; i < 8; i++) {
        printf("%02x", h.key_id[i]);
    }
    printf("...\n%-24s %-7s %10s %10s %10s %14s\n", "part", "kind", "offset", "bytes", "memory", "address");
    for (uint32_t i = 0; i < h.part_count; i++) {
        struct boot_part p;
        memcpy(&p, file.at + offset + sizeof h + i * sizeof p, sizeof p);
        printf("%-24.23s %-7s %10llu %10llu %10llu %#14llx\n", p.name, kinds[p.kind < ARRAY_LEN(kinds) ? p.kind : 0],
               (unsigned long long)p.offset, (unsigned long long)p.file_bytes, (unsigned long long)p.memory_bytes,
               (unsigned long long)p.virt);
    }
}
