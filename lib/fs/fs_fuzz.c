/* SPDX-License-Identifier: MIT */
/** LXFS: any damage, with the hashes mended and without; then everything is opened, read, changed and opened again. */
#include "evil.h"
#include "fuzz_input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint32_t roll_input(void *context, uint32_t end)
{
    struct input *in = (struct input *)context;
    uint32_t n = take(in);
    n = end > 256 ? n << 8 | take(in) : n;
    n = end > 65536 ? n << 8 | take(in) : n;
    return n % end;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct disk disk;
    static struct volume v;
    static struct overlay *o;
    if (o == NULL) {
        evil_make(&v, &disk);
        o = (struct overlay *)calloc(1, sizeof *o);
        o->image = disk.now;
        o->own = (uint8_t *)malloc((size_t)EVIL_BLOCKS * BLOCK);
        v.device = (struct lxfs_device){o, overlay_read, overlay_write, overlay_flush, overlay_size};
    }
    struct input in = {data, size};
    const struct dice dice = {roll_input, &in, size < 200 ? (uint32_t)size / 8 : 25};
    evil_case(&dice, o, &v);
    return 0;
}
