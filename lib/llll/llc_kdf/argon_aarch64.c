/* SPDX-License-Identifier: MIT */
/**
 * Argon2id by libsodium's code, which calls kdf_take and kdf_give where it would allocate (mk/third_party.mk). See argon.h.
 * Owns:   the memory: taken front to back, all given back and wiped behind each derivation.    Uses: sodium.
 */
#include "argon.h"
#include "sodium.h"
#include "sodium_argon2.h"

enum { ALIGNMENT = 64 };

static uint8_t *memory;
static uint64_t capacity;
static uint64_t used;

void *kdf_take(size_t len_bytes);
void kdf_give(void *bytes);

void kdf_memory(void *bytes, uint64_t len_bytes)
{
    memory = (uint8_t *)bytes;
    capacity = len_bytes;
    used = 0;
}

void *kdf_take(size_t len_bytes)
{
    uint64_t at = align_up(used, ALIGNMENT);
    if (at > capacity || len_bytes > capacity - at) {
        return NULL;
    }
    used = at + len_bytes;
    return memory + at;
}

void kdf_give(void *bytes)
{
    (void)bytes; /* all at once, below */
}

/* As sodium_memzero of the loader: what the library calls where it clears. */
void sodium_memzero(void *const bytes, const size_t len_bytes)
{
    wipe(bytes, len_bytes);
}

/* The library calls it where its caller broke a rule. */
NORETURN void sodium_misuse(void)
{
    assert(!"the library was called wrongly");
    __builtin_unreachable();
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
        .flags = ARGON2_DEFAULT_FLAGS,
    };
    int status = argon2_ctx(&context, Argon2_id);
    wipe(memory, used);
    used = 0;
    assert(status == ARGON2_OK || status == ARGON2_MEMORY_ALLOCATION_ERROR); /* all else is our mistake */
    return status == ARGON2_OK ? LX_OK : LX_ENOSPC;
}
