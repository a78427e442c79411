/* SPDX-License-Identifier: MIT */
/** The loader's way from reset to the kernel, in the order of loader_main at the end. See boot.h. */
#include "boot.h"
#include "fdt.h"
#include "machine.h"

extern const uint8_t loader_image[];
extern const uint8_t loader_image_end[];
extern const uint8_t loader_trust_key[BOOT_KEY_BYTES];

void loader_enter(uint64_t entry, const uint64_t registers[6]) NORETURN;

/* What is measured, gathered here and copied to its part at the end. */
static struct {
    struct boot_log_header header;
    struct boot_log_entry entries[BOOT_PARTS_MAX + 2];
} measured;
_Static_assert(sizeof measured <= BOOT_LOG_BYTES, "measurement log");

static void measure(const char *name, uint64_t size_bytes, const uint8_t *sha256)
{
    assert(measured.header.entry_count < BOOT_PARTS_MAX + 2);
    struct boot_log_entry *entry = &measured.entries[measured.header.entry_count++];
    size_t len = 0;
    while (len < BOOT_NAME_BYTES - 1 && name[len] != '\0') {
        entry->name[len] = name[len];
        len++;
    }
    entry->size_bytes = size_bytes;
    memcpy(entry->sha256, sha256, sizeof entry->sha256);
}

/* ---- the device tree: firmware's, not signed; measured, and otherwise only bounded -------------------------------------- */

/* Copies the device tree to `to`, trimmed to what is used. */
static struct span place_device_tree(uint64_t from, uint64_t to, uint64_t image_end)
{
    doing("device-tree");
    if (!is_aligned(from, 8) || from < MACHINE_RAM || from > MACHINE_RAM_END - FDT_BYTES_MAX) {
        refuse("device-tree", "x0 does not point into memory; start with a device tree");
    }
    size_t used;
    if (!fdt_used((const void *)from, FDT_BYTES_MAX, &used)) {
        refuse("device-tree", "what the firmware passed in x0 is no device tree; start with one");
    }
    bool clear = from + used <= MACHINE_KERNEL_RAM || from >= to + FDT_BYTES_MAX;
    if (!clear || (from < image_end && from + used > BOOT_IMAGE_ADDR)) {
        refuse("device-tree", "it lies where the system goes; the firmware must put it elsewhere");
    }
    uint8_t *fdt = (uint8_t *)to;
    memcpy(fdt, (const uint8_t *)from, used);
    be32_store(fdt + 4, (uint32_t)used); /* its total size */
    struct hash256 hash;
    sha256_of(fdt, used, &hash);
    measure("device-tree", used, hash.bytes);
    return (struct span){to, used};
}

/* ---- kernel and root image ------------------------------------------------------------------------------------------------ */

static struct span place_kernel(const struct image *image, struct boot_part *kernel)
{
    manifest_part(&image->manifest, 1, kernel);
    doing(kernel->name);
    if (kernel->phys < MACHINE_KERNEL_RAM || kernel->phys >= MACHINE_RAM_END ||
        kernel->memory_bytes > MACHINE_RAM_END - kernel->phys || !is_aligned(kernel->phys, 1u << 21) ||
        !is_aligned(kernel->virt, 1u << 21) || kernel->virt >> 39 != 1 || kernel->entry < kernel->virt ||
        kernel->entry - kernel->virt >= kernel->file_bytes) {
        refuse(kernel->name, "it is for other addresses than this machine has; build the image for this board");
    }
    image_place(image, kernel, kernel->phys);
    cache_publish(kernel->phys, kernel->file_bytes);
    measure(kernel->name, kernel->file_bytes, kernel->sha256);
    return (struct span){kernel->phys, kernel->memory_bytes};
}

/* Puts the root parts one after the other; `log_addr` gets the place of the measurement log. */
static struct span place_root(const struct image *image, uint64_t start, uint64_t *log_addr)
{
    uint64_t to = start;
    for (uint32_t i = 2; i < image->manifest.header.part_count; i++) {
        struct boot_part part;
        manifest_part(&image->manifest, i, &part);
        doing(part.name);
        if (part.memory_bytes > MACHINE_RAM_END - to) {
            refuse(part.name, "the machine has too little memory for it; leave something out of the image");
        }
        image_place(image, &part, to);
        if (part.kind == BOOT_PART_LOG) {
            *log_addr = to;
        } else {
            measure(part.name, part.file_bytes, part.sha256);
        }
        to += part.memory_bytes;
    }
    return (struct span){start, to - start};
}

static void close_log(uint64_t log_addr)
{
    struct boot_log_header *h = &measured.header;
    struct hash256 key_id;
    memcpy(h->magic, BOOT_LOG_MAGIC, sizeof h->magic);
    h->version = BOOT_VERSION;
    sha256_of(loader_trust_key, BOOT_KEY_BYTES, &key_id);
    memcpy(h->key_id, key_id.bytes, sizeof h->key_id);
    h->ticks_hz = ticks_hz();
    h->end_ticks = ticks_now();
    memcpy((uint8_t *)log_addr, &measured, sizeof measured);
}

static void check_machine(uint64_t exception_level, const uint8_t *position)
{
    if (exception_level != 2) {
        refuse("machine", "started below EL2; start it with virtualization (QEMU: -machine virt,virtualization=on)");
    }
    if (position != loader_image || (uint64_t)position != BOOT_IMAGE_ADDR) {
        refuse("machine", "not loaded at 0x40200000; load the image there, 2 MiB above the start of memory");
    }
}

/* Called by head.S with a stack, zeroed memory and the MMU off. */
NORETURN void loader_main(uint64_t device_tree, uint64_t exception_level, uint64_t start_ticks, const uint8_t *position);
NORETURN void loader_main(uint64_t device_tree, uint64_t exception_level, uint64_t start_ticks, const uint8_t *position)
{
    static struct image image;
    struct boot_part kernel;
    struct boot_part first_root;
    struct boot_part loader;
    uint64_t log_addr = 0;

    check_machine(exception_level, position);
    mmu_start();
    measured.header.start_ticks = start_ticks;
    image_check(loader_image, (uint64_t)(loader_image_end - loader_image), &image);
    uint64_t image_end = BOOT_IMAGE_ADDR + image.manifest.header.image_bytes;
    if (image.manifest.header.image_bytes > MACHINE_KERNEL_RAM - BOOT_IMAGE_ADDR) {
        refuse("manifest", "the image is too large for this machine; leave something out of it");
    }
    manifest_part(&image.manifest, 0, &loader);
    measure(loader.name, loader.file_bytes, loader.sha256);
    measure("manifest", image.manifest.header.part_count, image.manifest.signed_hash.bytes);

    struct span kernel_span = place_kernel(&image, &kernel);
    uint64_t kernel_end = kernel_span.addr + kernel_span.len_bytes;
    struct span fdt = place_device_tree(device_tree, kernel_end, image_end);
    manifest_part(&image.manifest, 2, &first_root);
    struct span root = place_root(&image, align_up(fdt.addr + fdt.len_bytes, BOOT_PAGE_BYTES), &log_addr);
    cache_publish(root.addr, first_root.file_bytes);

    doing(kernel.name);
    gic_prepare();
    mmu_map_kernel(kernel.virt, kernel.phys, kernel.memory_bytes);
    close_log(log_addr);
    const uint64_t registers[6] = {
        root.addr, root.addr + root.len_bytes, root.addr - first_root.virt, first_root.entry, fdt.addr, fdt.len_bytes,
    };
    loader_enter(kernel.entry, registers);
}
