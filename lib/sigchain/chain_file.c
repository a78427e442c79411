/* SPDX-License-Identifier: MIT */
/**
 * Chains in files: magic, number of transactions, each with its length.
 * Owns:   nothing.    Uses: base.
 * Source: docs/spec/chain-file.md
 */
#include "sigchain.h"

#define MAGIC_BYTES 8u

_Static_assert(sizeof CHAIN_FILE_MAGIC == MAGIC_BYTES + 1, "the magic is 8 bytes");
_Static_assert(CHAIN_FILE_HEAD_BYTES == MAGIC_BYTES + 4, "behind it stands the number of transactions");

bool chain_file_next(struct chain_file *file, struct cursor *transaction)
{
    uint32_t len;
    struct cursor rest = file->rest;
    if (file->left_count == 0 || !cursor_le32(&rest, &len) || !cursor_take(&rest, len, transaction)) {
        return false;
    }
    file->rest = rest;
    file->left_count--;
    return true;
}

enum lx_err chain_file_head(const uint8_t head[CHAIN_FILE_HEAD_BYTES], uint32_t *count)
{
    if (memcmp(head, CHAIN_FILE_MAGIC, MAGIC_BYTES) != 0) {
        return LX_EINVAL;
    }
    uint32_t n = le32_load(head + MAGIC_BYTES);
    if (n > CHAIN_FILE_COUNT_MAX) {
        return LX_ERANGE;
    }
    *count = n;
    return LX_OK;
}

enum lx_err chain_file_open(const void *bytes, size_t len_bytes, struct chain_file *out)
{
    uint8_t head[CHAIN_FILE_HEAD_BYTES];
    struct chain_file file = {.rest = cursor_of(bytes, len_bytes)};
    if (!cursor_copy(&file.rest, head, sizeof head)) {
        return LX_EINVAL;
    }
    enum lx_err err = chain_file_head(head, &file.left_count);
    if (err != LX_OK) {
        return err;
    }
    struct chain_file walk = file;
    struct cursor transaction;
    while (chain_file_next(&walk, &transaction)) {
        if (transaction.left_bytes > TRANSACTION_BYTES_MAX) {
            return LX_ERANGE;
        }
    }
    if (walk.left_count != 0 || !cursor_is_empty(&walk.rest)) {
        return LX_EINVAL;
    }
    *out = file;
    return LX_OK;
}

void chain_file_put_head(struct writer *w, uint32_t count)
{
    assert(count <= CHAIN_FILE_COUNT_MAX);
    writer_put(w, CHAIN_FILE_MAGIC, MAGIC_BYTES);
    writer_le32(w, count);
}

void chain_file_put_transaction(struct writer *w, const void *bytes, size_t len_bytes)
{
    assert(len_bytes <= TRANSACTION_BYTES_MAX);
    writer_le32(w, (uint32_t)len_bytes);
    writer_put(w, bytes, len_bytes);
}
