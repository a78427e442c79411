/* SPDX-License-Identifier: MIT */
/** Shows that a good manifest opens, that each rule refuses a well-signed manifest that breaks it alone, and that no changed byte passes. */
#include "manifest.h"

#include <sodium.h>

#include "unit.h"

enum { LOADER_BYTES = 2 * BOOT_PAGE_BYTES, PARTS = 5 };

static uint8_t public_key[BOOT_KEY_BYTES];
static uint8_t secret_key[64];
static uint8_t area[BOOT_MANIFEST_BYTES_MAX];
static struct boot_header header;
static struct boot_part parts[PARTS];
static struct manifest opened;
static struct manifest_refusal why;

static struct boot_part part(const char *name, uint32_t kind, uint64_t offset, uint64_t file_bytes, uint64_t memory_bytes)
{
    struct boot_part p = {.kind = kind, .offset = offset, .file_bytes = file_bytes, .memory_bytes = memory_bytes};
    (void)copy_string(p.name, sizeof p.name, name);
    return p;
}

static void make_good(void)
{
    struct hash256 key_id;
    sha256_of(public_key, sizeof public_key, &key_id);
    header = (struct boot_header){.version = BOOT_VERSION, .part_count = PARTS, .image_bytes = 0x8000,
                                  .manifest_offset = LOADER_BYTES, .manifest_bytes = BOOT_PAGE_BYTES};
    memcpy(header.magic, BOOT_MAGIC, sizeof header.magic);
    memcpy(header.key_id, key_id.bytes, sizeof header.key_id);
    parts[0] = part("loader", BOOT_PART_LOADER, 0, LOADER_BYTES, LOADER_BYTES);
    parts[1] = part("kernel", BOOT_PART_KERNEL, 0x3000, 0x2000, 0x10000);
    parts[2] = part("init", BOOT_PART_ROOT, 0x5000, 0x2000, 0x4000);
    parts[2].virt = 0x400000;
    parts[3] = part("log", BOOT_PART_LOG, 0x7000, 0, BOOT_LOG_BYTES);
    parts[3].virt = 0x404000;
    parts[4] = part("system", BOOT_PART_ROOT, 0x7000, 0x1000, 0x1000);
    parts[4].virt = 0x404000 + BOOT_LOG_BYTES;
}

static void sign(void)
{
    size_t count = header.part_count < PARTS ? header.part_count : PARTS;
    size_t len = sizeof header + count * sizeof parts[0];
    memset(area, 0, sizeof area);
    memcpy(area, &header, sizeof header);
    memcpy(area + sizeof header, parts, count * sizeof parts[0]);
    crypto_sign_ed25519_detached(area + len, NULL, area, len, secret_key);
}

static bool opens(size_t len)
{
    return manifest_open(area, len, LOADER_BYTES, public_key, &opened, &why);
}

static void a_good_one_opens(void)
{
    struct boot_part p;
    make_good();
    sign();
    CHECK(opens(sizeof area));
    manifest_part(&opened, 4, &p);
    CHECK(strcmp(p.name, "system") == 0);
    sha256_of("abcd", 4, (struct hash256 *)(void *)p.sha256);
    p.file_bytes = 4;
    CHECK(manifest_bytes_hold(&p, (const uint8_t *)"abcd"));
    CHECK(!manifest_bytes_hold(&p, (const uint8_t *)"abce"));
}

static void no_changed_byte_passes(void)
{
    make_good();
    sign();
    for (size_t i = 0; i < BOOT_PAGE_BYTES; i++) {
        area[i] ^= 0x40;
        CHECK(!opens(sizeof area) && strcmp(why.part, "manifest") == 0);
        area[i] ^= 0x40;
    }
    for (size_t len = 0; len < BOOT_PAGE_BYTES; len += 7) {
        CHECK(!opens(len));
    }
    public_key[0] ^= 1;
    CHECK(!opens(sizeof area) && strstr(why.what, "does not trust") != NULL);
    public_key[0] ^= 1;
    CHECK(opens(sizeof area));
}

/* The change is made before signing: the signature holds, and the rule alone refuses. */
#define BREAKS(change, part_name, words)                                                                               \
    do {                                                                                                               \
        make_good();                                                                                                   \
        change;                                                                                                        \
        sign();                                                                                                        \
        bool good = opens(sizeof area);                                                                                \
        if (good || strcmp(why.part, part_name) != 0 || strstr(why.what, words) == NULL) {                             \
            printf("# %s: %s: %s\n", #change, good ? "accepted" : why.part, good ? "" : why.what);                     \
        }                                                                                                              \
        CHECK(!good && strcmp(why.part, part_name) == 0 && strstr(why.what, words) != NULL);                           \
    } while (0)

static void headers_are_checked(void)
{
    BREAKS(header.magic[0] = 'X', "manifest", "not a manifest");
    BREAKS(header.version = 2, "manifest", "not a manifest");
    BREAKS(header.part_count = 2, "manifest", "sizes");
    BREAKS(header.part_count = BOOT_PARTS_MAX + 1, "manifest", "sizes");
    BREAKS(header.part_count = UINT32_MAX, "manifest", "sizes");
    BREAKS(header.manifest_offset += BOOT_PAGE_BYTES, "manifest", "sizes");
    BREAKS(header.manifest_bytes = BOOT_MANIFEST_BYTES_MAX + BOOT_PAGE_BYTES, "manifest", "sizes");
    BREAKS(header.manifest_bytes = BOOT_PAGE_BYTES + 1, "manifest", "sizes");
    BREAKS(header.manifest_bytes = 0, "manifest", "sizes");
    BREAKS(header.key_id[31] ^= 1, "manifest", "does not trust");
    BREAKS(header.image_bytes += BOOT_PAGE_BYTES, "manifest", "do not add up");
    BREAKS(header.part_count = 3, "manifest", "do not add up");
}

static void parts_are_checked(void)
{
    BREAKS(parts[2].name[0] = '\0', "manifest", "proper name");
    BREAKS(parts[2].name[1] = '\n', "manifest", "proper name");
    BREAKS(parts[2].name[23] = 'x', "manifest", "proper name");
    BREAKS(parts[2].reserved0 = 1, "init", "sizes");
    BREAKS(parts[2].reserved1[15] = 1, "init", "sizes");
    BREAKS(parts[2].file_bytes = 0x2001, "init", "sizes");
    BREAKS(parts[2].memory_bytes = 0x1000, "init", "sizes");
    BREAKS(parts[2].memory_bytes = 0x4001, "init", "sizes");
    BREAKS(parts[2].memory_bytes = UINT64_MAX & ~4095ull, "init", "sizes");
    BREAKS(parts[0].kind = BOOT_PART_ROOT, "loader", "kind");
    BREAKS(parts[0].memory_bytes += 4096, "loader", "kind");
    BREAKS(parts[1].kind = BOOT_PART_ROOT, "kernel", "kind");
    BREAKS(parts[2].kind = BOOT_PART_KERNEL, "init", "kind");
    BREAKS(parts[2].kind = BOOT_PART_LOG, "init", "kind");
    BREAKS(parts[4].kind = BOOT_PART_LOG, "system", "kind");
    BREAKS(parts[4].kind = 9, "system", "kind");
    BREAKS(parts[3].memory_bytes = 4096, "log", "kind");
    BREAKS(parts[3].kind = BOOT_PART_ROOT, "manifest", "do not add up");
    BREAKS(parts[1].offset = 0x2000, "kernel", "gap");
    BREAKS(parts[2].offset = 0x6000, "init", "gap");
    BREAKS(parts[4].virt += 4096, "system", "gap");
    BREAKS(parts[0].file_bytes = parts[0].memory_bytes = 4096, "loader", "another size");
}

int main(void)
{
    static const struct unit_case cases[] = {
        {"manifest: a good one opens", a_good_one_opens},
        {"manifest: no changed byte passes", no_changed_byte_passes},
        {"manifest: headers are checked", headers_are_checked},
        {"manifest: parts are checked", parts_are_checked},
    };
    static const uint8_t seed[32] = {7};
    if (sodium_init() < 0 || crypto_sign_ed25519_seed_keypair(public_key, secret_key, seed) != 0) {
        return 1;
    }
    return UNIT_MAIN(cases);
}
