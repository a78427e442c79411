/* SPDX-License-Identifier: MIT */
/**
 * The SK hashes: a Keccak sponge over the Skein v1.1 of the message.
 * Owns:   nothing.    Uses: base.
 * Source: LLL-TAO 5.1.6, LLC/hash/SK.h, as tabled in docs/spec/llc.md
 */
#include "llc.h"

/** What a kind is made of. */
struct recipe {
    uint8_t skein_state_bytes;
    uint8_t out_bytes; /* of Skein and of Keccak alike */
    uint8_t keccak_rate_bytes;
    uint8_t suffix;
};

static const struct recipe recipes[] = {
    [SK32] = {32, 4, 168, SHA3_SUFFIX},  [SK64] = {32, 8, 168, SHA3_SUFFIX},    [SK256] = {32, 32, 136, SHA3_SUFFIX},
    [SK512] = {64, 64, 72, SHA3_SUFFIX}, [SK576] = {128, 72, 128, SHA3_SUFFIX}, [SK1024] = {128, 128, 72, 0x05},
};

size_t sk_bytes(enum sk_kind kind)
{
    assert((size_t)kind < ARRAY_LEN(recipes));
    return recipes[kind].out_bytes;
}

void sk_init(struct sk *s, enum sk_kind kind)
{
    assert((size_t)kind < ARRAY_LEN(recipes));
    s->kind = kind;
    skein_init(&s->skein, recipes[kind].skein_state_bytes, recipes[kind].out_bytes);
}

void sk_update(struct sk *s, const void *bytes, size_t len_bytes)
{
    skein_update(&s->skein, bytes, len_bytes);
}

void sk_final(struct sk *s, uint8_t *out)
{
    const struct recipe *recipe = &recipes[s->kind];
    uint8_t inner[SK_BYTES_MAX];
    skein_final(&s->skein, inner);
    struct keccak outer;
    keccak_init(&outer, recipe->keccak_rate_bytes);
    keccak_absorb(&outer, inner, recipe->out_bytes);
    keccak_pad(&outer, recipe->suffix);
    keccak_squeeze(&outer, out, recipe->out_bytes);
}

void sk_of(enum sk_kind kind, const void *bytes, size_t len_bytes, uint8_t *out)
{
    struct sk s;
    sk_init(&s, kind);
    sk_update(&s, bytes, len_bytes);
    sk_final(&s, out);
}

void sk256_of(const void *bytes, size_t len_bytes, struct u256 *out)
{
    sk_of(SK256, bytes, len_bytes, out->bytes);
}

void sk512_of(const void *bytes, size_t len_bytes, struct u512 *out)
{
    sk_of(SK512, bytes, len_bytes, out->bytes);
}

uint64_t sk64_of(const void *bytes, size_t len_bytes)
{
    uint8_t out[8];
    sk_of(SK64, bytes, len_bytes, out);
    return le64_load(out);
}
