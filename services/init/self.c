/* SPDX-License-Identifier: MIT */
/** The root task looks at what it got: the kernel, its own image, the firmware's seed. See init.h. */
#include "fdt.h"
#include "init.h"

enum { ROOT_CNODE_BITS = 17, IMAGE_BASE = 0x400000 };

static uint64_t image_frames;
static uint64_t image_frame_count;
static const struct seL4_BootInfo *boot_info;
static struct hash256 seed;
static bool seeded;

/* The payload of a chunk of extra boot information. */
static bool find_extra(const struct seL4_BootInfo *info, uint64_t id, struct cursor *out)
{
    const uint8_t *extra = (const uint8_t *)info + PAGE_BYTES;
    struct seL4_BootInfoHeader header;
    for (uint64_t at = 0; at + sizeof header <= info->extraLen; at += header.len) {
        memcpy(&header, extra + at, sizeof header);
        if (header.len < sizeof header || header.len > info->extraLen - at) {
            return false;
        }
        if (header.id == id) {
            *out = cursor_of(extra + at + sizeof header, header.len - sizeof header);
            return true;
        }
    }
    return false;
}

void self_check(const struct seL4_BootInfo *info)
{
    if (info->initThreadCNodeSizeBits != ROOT_CNODE_BITS) {
        stop("the kernel has a root CNode of %llu bits and not %d; build it with KernelRootCNodeSizeBits=%d",
             (unsigned long long)info->initThreadCNodeSizeBits, ROOT_CNODE_BITS, ROOT_CNODE_BITS);
    }
    if (info->schedcontrol.end != info->schedcontrol.start + 1) {
        stop("the kernel gives %llu scheduling controls and not one; build it with MCS and for one core",
             (unsigned long long)(info->schedcontrol.end - info->schedcontrol.start));
    }
    if (info->numNodes != 1) {
        stop("the kernel runs %llu cores and not one", (unsigned long long)info->numNodes);
    }
    uint64_t frames = info->userImageFrames.end - info->userImageFrames.start;
    uint64_t wanted = (bundle.addr + bundle.len_bytes - IMAGE_BASE) / PAGE_BYTES;
    if (frames != wanted) {
        stop("the kernel gives %llu pages of the root image and not %llu; the image and its description do not fit",
             (unsigned long long)frames, (unsigned long long)wanted);
    }
    boot_info = info;
    image_frames = info->userImageFrames.start;
    image_frame_count = frames;
}

uint64_t self_frame(uint64_t addr)
{
    uint64_t page = (addr - IMAGE_BASE) / PAGE_BYTES;
    assert(addr >= IMAGE_BASE && page < image_frame_count);
    return image_frames + page;
}

uint64_t self_kernel_frames(uint64_t id, uint64_t count)
{
    struct seL4_SlotRegion frames = {0, 0};
    struct cursor shown;
    if (find_extra(boot_info, id, &shown) && (!cursor_copy(&shown, &frames, sizeof frames) || !cursor_is_empty(&shown))) {
        stop("the kernel shows its pages in a way that we do not know");
    }
    if (frames.end - frames.start != count) {
        stop("the kernel shows %llu pages of %s and not %llu; the kernel and the description do not fit",
             (unsigned long long)(frames.end - frames.start), id == LX_BOOTINFO_TRACE ? "its trace" : "its code",
             (unsigned long long)count);
    }
    return frames.start;
}

static void protect(uint64_t start, uint64_t end, uint64_t rights, uint64_t attributes)
{
    for (uint64_t addr = start; addr < end; addr += PAGE_BYTES) {
        must(page_map(self_frame(addr), seL4_CapInitThreadVSpace, addr, rights, attributes), "protecting the root task's image");
    }
}

/* What the description does not name as code or data of ours is the log and the bundle: read-only. */
void self_protect(const struct seL4_BootInfo *info)
{
    const uint64_t never = seL4_ARM_Default_VMAttributes | seL4_ARM_ExecuteNever;
    struct desc_component self;
    (void)info;
    sysdesc_component(&built.desc, 0, &self);
    for (uint32_t i = 0; i < self.memory_count; i++) {
        struct desc_memory m;
        sysdesc_memory(&built.desc, self.first_memory + i, &m);
        bool writable = m.kind == DESC_DATA;
        protect(m.virt, m.virt + m.len_bytes, writable ? seL4_CanRead | seL4_CanWrite : seL4_CanRead,
                m.kind == DESC_CODE ? seL4_ARM_Default_VMAttributes : never);
        built.memory_frames[self.first_memory + i] = self_frame(m.virt);
    }
    protect(measurements.addr, bundle.addr + bundle.len_bytes, seL4_CanRead, never);
}

void self_seed(const struct seL4_BootInfo *info)
{
    struct cursor tree;
    struct cursor found;
    struct sha256 hash;
    uint64_t ticks;
    __asm__ volatile("mrs %0, cntpct_el0" : "=r"(ticks));
    sha256_init(&hash);
    sha256_update(&hash, &ticks, sizeof ticks);
    if (find_extra(info, seL4_BootInfoHeaderFDT, &tree) && fdt_find(tree.at, tree.left_bytes, "chosen", "rng-seed", &found) &&
        found.left_bytes >= 32) {
        sha256_update(&hash, found.at, found.left_bytes);
        seeded = true;
    }
    sha256_final(&hash, &seed);
}

bool self_seed_for(uint32_t component, uint32_t incarnation, uint8_t out[32])
{
    struct sha256 hash;
    struct hash256 digest;
    sha256_init(&hash);
    sha256_update(&hash, &seed, sizeof seed);
    sha256_update(&hash, &component, sizeof component);
    sha256_update(&hash, &incarnation, sizeof incarnation);
    sha256_final(&hash, &digest);
    memcpy(out, digest.bytes, sizeof digest.bytes);
    return seeded;
}
