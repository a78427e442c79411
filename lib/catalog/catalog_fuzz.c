/* SPDX-License-Identifier: MIT */
/**
 * Bundles: the first byte says what the rest of the input is: 255 a whole bundle, else a list of changes to a good one (place, what
 * is xored). What comes out holds, whatever goes in. A change rarely survives the signatures, which are slow besides; so they are
 * verified only where the first byte is 254 or 255, SIGNED_MAX times in one run, and each package that can be opened is added as if
 * it were authorised.
 */
#include "catalog_samples.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { CHANGE_BYTES = 4, CHANGES_MAX = 16, RAW = 255, SIGNED = 254, SIGNED_MAX = 400 };

static struct world w;
static struct catalog_work work;
static struct catalog catalog;
static uint8_t bytes[sizeof w.bundle];

static size_t make_bundle(uint8_t mode, const uint8_t *data, size_t size)
{
    size_t len = w.in.bundle.left_bytes;
    if (mode == RAW) {
        len = size < sizeof bytes ? size : sizeof bytes;
        memcpy(bytes, data, len);
        return len;
    }
    memcpy(bytes, w.bundle, len);
    for (size_t i = 0; i < CHANGES_MAX && size >= CHANGE_BYTES; i++, data += CHANGE_BYTES, size -= CHANGE_BYTES) {
        size_t at = (data[0] | (size_t)data[1] << 8 | (size_t)data[2] << 16) % len;
        bytes[at] ^= data[3];
    }
    return len;
}

static void add_all(struct cursor bundle_bytes)
{
    struct bundle bundle;
    struct package_refusal why;
    char sentence[CATALOG_SENTENCE_BYTES];
    catalog_clear(&work, &catalog);
    if (!bundle_open(bundle_bytes.at, bundle_bytes.left_bytes, &bundle, &why)) {
        return;
    }
    catalog.package_count = bundle.count;
    for (uint32_t i = 0; i < bundle.count; i++) {
        uint64_t offset;
        struct cursor container = bundle_package(&bundle, i, &offset);
        strcpy(catalog.packages[i].name, "?");
        strcpy(catalog.packages[i].sentence, "?");
        if (package_open(container.at, container.left_bytes, &work.packages[i], &why) &&
            package_check(&work.packages[i], 0, &why) &&
            fill_package(&catalog, &work.runs, &work.packages[i], i, offset, sentence)) {
            catalog.packages[i].status = CATALOG_AUTHORISED;
        }
    }
    (void)fill_abi_program(&catalog, sentence);
    assert(catalog_holds(&catalog, bundle_bytes.left_bytes));
}

/** Whether one of the packages that were released has this manifest. */
static bool is_released(const uint8_t id[32])
{
    bool found = false;
    for (uint32_t n = 0; n < w.package_count; n++) {
        struct hash256 released;
        manifest_id(w.packages[n].manifest, w.packages[n].manifest_bytes, &released);
        found |= memcmp(released.bytes, id, sizeof released.bytes) == 0;
    }
    return found;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool is_made;
    static uint32_t signed_count;
    if (!is_made) {
        world_good(&w);
        assert(unit_failed_checks == 0);
        catalog_clear(&work, &catalog);
        catalog_owner(&w.in, &work); /* the same for every bundle */
        is_made = true;
    }
    uint8_t mode = size > 0 ? data[0] : 0;
    size_t len = make_bundle(mode, data + (size > 0), size - (size > 0));
    if (mode >= SIGNED && signed_count++ < SIGNED_MAX) {
        catalog_clear(&work, &catalog);
        catalog_packages(cursor_of(bytes, len), &work, &catalog);
        assert(catalog_holds(&catalog, len));
        for (uint32_t i = 0; i < catalog.package_count; i++) {
            assert(catalog.packages[i].status == CATALOG_REFUSED || is_released(catalog.packages[i].id));
        }
    }
    add_all(cursor_of(bytes, len));
    return 0;
}
