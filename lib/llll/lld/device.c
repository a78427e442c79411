/* SPDX-License-Identifier: MIT */
/**
 * Device: the caller's device behind a small cache: each block has one frame in which it may be, and the cache holds nothing that the
 * device has not, so there is never something to write back.
 */
#include "private.h"

enum lx_err device_read(struct lld *l, uint64_t at, uint32_t len_bytes, void *out)
{
    assert(at <= l->end_at && len_bytes <= l->end_at - at);
    uint32_t count = len_bytes >> l->block_shift;
    l->stats.blocks_read += count;
    return l->device.read(l->device.context, at >> l->block_shift, count, out) ? LX_OK : LX_EIO;
}

void cache_forget(struct lld *l, uint64_t at, uint32_t len_bytes)
{
    uint64_t first = at >> l->block_shift;
    uint64_t count = len_bytes >> l->block_shift;
    for (uint64_t block = first; block < first + count; block++) {
        uint32_t frame = block_frame(l, block);
        if (l->tags[frame] == block + 1) {
            l->tags[frame] = 0;
        }
    }
}

enum lx_err device_write(struct lld *l, uint64_t at, uint32_t len_bytes, const void *bytes)
{
    assert(at <= l->end_at && len_bytes <= l->end_at - at);
    uint32_t count = len_bytes >> l->block_shift;
    cache_forget(l, at, len_bytes);
    l->stats.blocks_written += count;
    if (!l->device.write(l->device.context, at >> l->block_shift, count, bytes)) {
        l->is_failed = true;
        return LX_EIO;
    }
    return LX_OK;
}

enum lx_err device_flush(struct lld *l)
{
    l->stats.flushes++;
    if (!l->device.flush(l->device.context)) {
        l->is_failed = true;
        return LX_EIO;
    }
    return LX_OK;
}

enum lx_err cache_load(struct lld *l, uint64_t block, uint32_t frame)
{
    l->tags[frame] = 0;
    l->checked[frame] = 0;
    enum lx_err err = device_read(l, block << l->block_shift, 1u << l->block_shift,
                                  l->frames + ((size_t)frame << l->block_shift));
    if (err == LX_OK) {
        l->tags[frame] = block + 1;
    }
    return err;
}

enum lx_err cache_copy(struct lld *l, uint64_t at, uint32_t len_bytes, void *out)
{
    uint8_t *to = (uint8_t *)out;
    uint32_t block_bytes = 1u << l->block_shift;
    while (len_bytes > 0) {
        uint32_t inside = (uint32_t)at & (block_bytes - 1);
        uint32_t piece = block_bytes - inside < len_bytes ? block_bytes - inside : len_bytes;
        enum lx_err err = LX_OK;
        if (inside == 0 && len_bytes >= 2 * block_bytes) { /* long values do not push everything else out */
            piece = len_bytes & ~(block_bytes - 1);
            err = device_read(l, at, piece, to);
        } else {
            uint32_t frame = 0;
            err = cache_frame(l, at, &frame);
            if (err == LX_OK) {
                memcpy(to, l->frames + ((size_t)frame << l->block_shift) + inside, piece);
            }
        }
        if (err != LX_OK) {
            return err;
        }
        at += piece;
        to += piece;
        len_bytes -= piece;
    }
    return LX_OK;
}

enum lx_err cache_bytes(struct lld *l, uint64_t at, uint32_t len_bytes, uint8_t *scratch, const uint8_t **out)
{
    uint32_t block_bytes = 1u << l->block_shift;
    uint32_t inside = (uint32_t)at & (block_bytes - 1);
    assert(at <= l->end_at && len_bytes <= l->end_at - at);
    if (len_bytes <= block_bytes - inside) {
        uint32_t frame = 0;
        enum lx_err err = cache_frame(l, at, &frame);
        *out = l->frames + ((size_t)frame << l->block_shift) + inside;
        return err;
    }
    *out = scratch;
    return cache_copy(l, at, len_bytes, scratch);
}
