/* SPDX-License-Identifier: MIT */
/** Digest: fs-verity's digest of a file, a few blocks at a time. Limits: the file must not change meanwhile; see lxfs_fsverity. */
#include "private.h"

enum lxfs_err lxfs_fsverity(struct lxfs *fs, uint64_t inode, struct lxfs_fsverity *state, uint32_t blocks, struct hash256 *out, bool *is_done)
{
    struct file f;
    struct hash256 root;
    static const uint8_t zeros[BLOCK];
    *is_done = false;
    enum lxfs_err err = lxfs_root(fs, inode, &root);
    err = err != LXFS_OK ? err : inode_load(fs, inode, &f);
    if (err != LXFS_OK) {
        return err;
    }
    uint32_t type = le32_load(file_inode(fs, &f) + I_MODE) & LXFS_IFMT;
    uint64_t size = file_size(fs, &f);
    if (type != LXFS_IFREG || size > TREE_VERITY_BYTES_MAX) {
        return type == LXFS_IFDIR ? LXFS_EISDIR : type != LXFS_IFREG ? LXFS_EINVAL : LXFS_EFBIG;
    }
    if (!state->is_begun) {
        *state = (struct lxfs_fsverity){.root = root, .size_bytes = size, .is_begun = true};
        tree_verity_init(&state->verity);
    }
    if (memcmp(&root, &state->root, sizeof root) != 0 || state->size_bytes != size) {
        return LXFS_EBUSY;
    }
    uint64_t total = tree_leaf_count(size);
    for (uint32_t n = 0; n < blocks && state->index < total; n++, state->index++) {
        uint32_t frame = 0;
        err = inode_load(fs, inode, &f); /* found anew each time: blocks come to memory in between */
        err = err != LXFS_OK ? err : file_load(fs, &f, 0, state->index, &frame);
        if (err != LXFS_OK) {
            return err;
        }
        tree_verity_add(&state->verity, frame == 0 ? zeros : frame_data(fs, frame), tree_block_len(size, state->index));
    }
    if (state->index == total) {
        tree_verity_digest(&state->verity, out);
        state->is_begun = false; /* it can begin with another file */
        *is_done = true;
    }
    return LXFS_OK;
}
