/* SPDX-License-Identifier: MIT */
/** Argon2id by libargon2, which allocates. See argon.h. */
#include "argon.h"
#include <argon2.h>

void kdf_memory(void *memory, uint64_t len_bytes)
{
    (void)memory;
    (void)len_bytes;
}

enum lx_err kdf_argon2id(struct kdf_cost cost, struct cursor password, struct cursor salt, struct cursor secret,
                         uint8_t *out, uint32_t out_bytes)
{
    argon2_context context = {
        .out = out,
        .outlen = out_bytes,
        .pwd = (uint8_t *)(uintptr_t)password.at, /* the library only reads these, as no flag asks to clear them */
        .pwdlen = (uint32_t)password.left_bytes,
        .salt = (uint8_t *)(uintptr_t)salt.at,
        .saltlen = (uint32_t)salt.left_bytes,
        .secret = (uint8_t *)(uintptr_t)secret.at,
        .secretlen = (uint32_t)secret.left_bytes,
        .t_cost = cost.passes,
        .m_cost = cost.kib,
        .lanes = 1,
        .threads = 1,
        .version = ARGON2_VERSION_13,
        .flags = ARGON2_DEFAULT_FLAGS,
    };
    int status = argon2id_ctx(&context);
    assert(status == ARGON2_OK || status == ARGON2_MEMORY_ALLOCATION_ERROR); /* all else is our mistake */
    return status == ARGON2_OK ? LX_OK : LX_ENOSPC;
}
