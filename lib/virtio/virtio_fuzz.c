/* SPDX-License-Identifier: MIT */
/** A device that answers registers and writes into the shared memory as it likes: every request comes back once or is in flight. */
#include "fuzz_input.h"
#include "virtio.h"

static struct input in;
static uint8_t dma[VIRTIO_BLK_DMA_BYTES] __attribute__((aligned(4096)));

static uint32_t any_read(void *env, uint32_t offset)
{
    (void)env;
    uint8_t choice = take(&in);
    static const uint32_t sensible[] = {[0] = 0x74726976, [1] = 2, [2] = 2};
    if (choice < 200 && offset <= 8) {
        return sensible[offset / 4];
    }
    if (choice < 200 && offset == 0x70) {
        return choice % 2 != 0 ? 11 : 0;
    }
    if (choice < 200 && (offset == 0x10 || offset == 0x34 || offset == 0x44)) {
        return offset == 0x10 ? UINT32_MAX : offset == 0x34 ? (uint32_t)choice * 4 : choice % 2u;
    }
    return choice < 240 ? choice : UINT32_MAX / choice;
}

static void any_write(void *env, uint32_t offset, uint32_t value)
{
    (void)env;
    (void)offset;
    (void)value;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len_bytes);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len_bytes)
{
    static struct virtio_blk blk;
    const struct virtio_registers registers = {any_read, any_write, NULL};
    bool pending[256] = {false};
    in = (struct input){bytes, len_bytes};
    if (virtio_blk_start(&blk, &registers, dma, UINT64_C(0x40000000)) != NULL) {
        return 0;
    }
    while (in.left != 0) {
        uint8_t what = take(&in);
        if (what < 64 && virtio_blk_room(&blk) > 0) {
            uint8_t tag = take(&in);
            const struct virtio_blk_request r = {(enum virtio_blk_op)(what % 6), take(&in), take(&in), 0x50000000, tag};
            if (!pending[tag] && virtio_blk_submit(&blk, &r) == VIRTIO_BLK_OK) {
                pending[tag] = true;
            }
        } else if (what < 96) {
            virtio_blk_kick(&blk);
        } else if (what < 104) {
            virtio_blk_interrupt(&blk);
        } else if (what < 180) { /* used ring, statuses, or anything */
            uint32_t any = take(&in) * 256u + take(&in);
            dma[what < 140 ? 5120 + any % 24 : what < 160 ? 10240 + any % 128 : any % sizeof dma] = take(&in);
        } else {
            struct virtio_blk_completion done;
            if (virtio_blk_complete(&blk, &done)) {
                assert(done.tag < 256 && pending[done.tag]);
                pending[done.tag] = false;
            }
        }
        uint32_t in_flight = 0;
        for (unsigned i = 0; i < 256; i++) {
            in_flight += pending[i];
        }
        assert(in_flight == blk.in_flight && blk.in_flight + virtio_blk_room(&blk) == blk.place_count);
    }
    return 0;
}
