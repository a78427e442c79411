/* SPDX-License-Identifier: MIT */
/**
 * Filedata: the contents of regular files, and the moving of bytes between them and programs. A page of a file is what was
 * written there, else what the package's object has, else zeros.
 * Owns:   inode.data, size and object_bytes.    Uses: data.c, user.c, ops->object_map.
 * Limits: LINUX_FILE_BYTES_MAX. A write that runs out of memory is short, or ENOSPC when nothing was written.
 */
#include "files.h"

/* ---- transfers --------------------------------------------------------------------------------------------------- */

uint8_t *uio_pin(struct uio *io, size_t max_bytes, bool for_write, size_t *available)
{
    while (io->iov_index < io->iov_count && io->iov_offset == io->iov[io->iov_index].len) {
        io->iov_index++;
        io->iov_offset = 0;
    }
    if (io->left_bytes == 0 || io->iov_index == io->iov_count || max_bytes == 0) {
        return NULL;
    }
    const struct abi_iovec *v = &io->iov[io->iov_index];
    uint64_t rest = v->len - io->iov_offset;
    rest = rest < io->left_bytes ? rest : io->left_bytes;
    size_t wanted = rest < max_bytes ? (size_t)rest : max_bytes;
    if (io->mm == NULL) {
        *available = wanted;
        return (uint8_t *)(uintptr_t)(v->base + io->iov_offset);
    }
    uint8_t *bytes = user_pin(io->mm, v->base + io->iov_offset, wanted, for_write, available);
    io->has_faulted = bytes == NULL;
    return bytes;
}

void uio_advance(struct uio *io, size_t len_bytes)
{
    io->iov_offset += len_bytes;
    io->left_bytes -= len_bytes;
}

void uio_skip(struct uio *io, uint64_t len_bytes)
{
    while (len_bytes > 0 && io->iov_index < io->iov_count) {
        uint64_t rest = io->iov[io->iov_index].len - io->iov_offset;
        size_t part = (size_t)(rest < len_bytes ? rest : len_bytes);
        uio_advance(io, part);
        len_bytes -= part;
        if (io->iov_offset == io->iov[io->iov_index].len) {
            io->iov_index++;
            io->iov_offset = 0;
        }
    }
}

size_t uio_put(struct uio *io, const void *bytes, size_t len_bytes)
{
    size_t done = 0, part;
    while (done < len_bytes) {
        uint8_t *to = uio_pin(io, len_bytes - done, true, &part);
        if (to == NULL) {
            break;
        }
        memcpy(to, (const uint8_t *)bytes + done, part);
        uio_advance(io, part);
        done += part;
    }
    return done;
}

size_t uio_get(struct uio *io, void *out, size_t len_bytes)
{
    size_t done = 0, part;
    while (done < len_bytes) {
        const uint8_t *from = uio_pin(io, len_bytes - done, false, &part);
        if (from == NULL) {
            break;
        }
        memcpy((uint8_t *)out + done, from, part);
        uio_advance(io, part);
        done += part;
    }
    return done;
}

size_t uio_zero(struct uio *io, size_t len_bytes)
{
    size_t done = 0, part;
    while (done < len_bytes) {
        uint8_t *to = uio_pin(io, len_bytes - done, true, &part);
        if (to == NULL) {
            break;
        }
        memset(to, 0, part);
        uio_advance(io, part);
        done += part;
    }
    return done;
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

const uint8_t *filedata_page(struct inode *n, uint64_t index, size_t *len_bytes, bool *ok)
{
    if (on_volume(n)) {
        return volume_page(n, index, len_bytes, ok);
    }
    const uint8_t *page = data_page(&n->data, index);
    *ok = true;
    *len_bytes = PAGE_BYTES;
    if (page != NULL || index * PAGE_BYTES >= n->object_bytes) {
        return page;
    }
    page = n->sys->ops->object_map(n->sys->env, n->object, index, len_bytes);
    uint64_t rest = n->object_bytes - index * PAGE_BYTES;
    *len_bytes = *len_bytes < rest ? *len_bytes : (size_t)rest;
    *ok = page != NULL;
    return page;
}

/** Copies up to the end of one page; the destination is pinned first, as an object's page lasts to the next callback. */
static size_t read_part(struct inode *n, struct uio *io, uint64_t position, uint64_t end, bool *ok)
{
    size_t at = (size_t)(position % PAGE_BYTES), part, len;
    size_t wanted = PAGE_BYTES - at < end - position ? PAGE_BYTES - at : (size_t)(end - position);
    uint8_t *to = uio_pin(io, wanted, true, &part);
    if (to == NULL) {
        return 0;
    }
    const uint8_t *page = filedata_page(n, position / PAGE_BYTES, &len, ok);
    if (!*ok) {
        return 0;
    }
    size_t there = page == NULL || at >= len ? 0 : len - at < part ? len - at : part;
    if (there > 0) {
        memcpy(to, page + at, there);
    }
    memset(to + there, 0, part - there);
    uio_advance(io, part);
    return part;
}

int64_t filedata_read(struct inode *n, struct uio *io, uint64_t position)
{
    uint64_t done = 0;
    bool ok = true;
    while (position + done < n->size) {
        size_t part = read_part(n, io, position + done, n->size, &ok);
        if (part == 0) {
            break;
        }
        done += part;
    }
    return !ok && done == 0 ? -E_IO : uio_result(io, done);
}

/* ---- writing ----------------------------------------------------------------------------------------------------- */

/** A page of the file that can be written; what the object has there is copied in. NULL with -E_NOSPC or -E_IO. */
static uint8_t *writable_page(struct inode *n, uint64_t index, int64_t *error)
{
    struct linux_system *sys = n->sys;
    size_t len = 0;
    bool ok, made;
    bool has_base = data_page(&n->data, index) == NULL && index * PAGE_BYTES < n->object_bytes;
    if (has_base) {
        const uint8_t *base = filedata_page(n, index, &len, &ok);
        if (!ok) {
            *error = -E_IO;
            return NULL;
        }
        memcpy(sys->copy_up, base, len);
    }
    uint8_t *page = data_page_make(&sys->memory, &n->data, index, MEM_FILES, &made);
    while (page == NULL && volume_reclaim(sys)) {
        page = data_page_make(&sys->memory, &n->data, index, MEM_FILES, &made);
    }
    if (page == NULL) {
        *error = -E_NOSPC;
        return NULL;
    }
    if (has_base) {
        memcpy(page, sys->copy_up, len);
    }
    return page;
}

int64_t filedata_write(struct inode *n, struct uio *io, uint64_t position)
{
    uint64_t done = 0;
    int64_t error = 0;
    if (position >= LINUX_FILE_BYTES_MAX) {
        return -E_FBIG;
    }
    n->program = LINUX_NONE; /* what is written is no longer what was authorised */
    if (on_volume(n)) {
        io->left_bytes = io->left_bytes < LINUX_FILE_BYTES_MAX - position ? io->left_bytes : LINUX_FILE_BYTES_MAX - position;
        return volume_write(n, io, position);
    }
    while (io->left_bytes > 0 && position + done < LINUX_FILE_BYTES_MAX) {
        uint64_t at = position + done;
        size_t offset = (size_t)(at % PAGE_BYTES), part = 0;
        uint8_t *page = writable_page(n, at / PAGE_BYTES, &error);
        const uint8_t *from = page == NULL ? NULL : uio_pin(io, PAGE_BYTES - offset, false, &part);
        if (from == NULL) {
            break;
        }
        memcpy(page + offset, from, part);
        uio_advance(io, part);
        done += part;
        n->size = at + part > n->size ? at + part : n->size;
    }
    return error != 0 && done == 0 ? error : uio_result(io, done);
}

int64_t filedata_truncate(struct inode *n, uint64_t size)
{
    if (size > LINUX_FILE_BYTES_MAX) {
        return -E_FBIG;
    }
    n->program = LINUX_NONE;
    if (on_volume(n)) {
        return volume_truncate(n, size);
    }
    if (size < n->size) {
        data_cut(&n->sys->memory, &n->data, size / PAGE_BYTES + (size % PAGE_BYTES != 0));
        uint8_t *last = size % PAGE_BYTES == 0 ? NULL : data_page(&n->data, size / PAGE_BYTES);
        if (last != NULL) {
            memset(last + size % PAGE_BYTES, 0, PAGE_BYTES - size % PAGE_BYTES);
        }
        n->object_bytes = n->object_bytes < size ? n->object_bytes : size;
    }
    n->size = size;
    inode_mark(n, true);
    return 0;
}
