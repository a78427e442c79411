/* SPDX-License-Identifier: MIT */
/** Chains of people who do right or wrong. See make_bad.h. */
#include "make_bad.h"

#define TIME_S UINT64_C(1767225600) /* 2026-01-01 */

static void must(bool ok, const char *what)
{
    if (!ok) {
        fail("cannot make %s", what); /* the same each time, so somebody sees it at once */
    }
}

struct bytes copy_of(struct cursor bytes)
{
    struct bytes out = {zalloc(bytes.left_bytes), bytes.left_bytes};
    memcpy(out.at, bytes.at, bytes.left_bytes);
    return out;
}

void actor_init(struct actor *a, const char *name, const char *network)
{
    struct sigchain_setup setup = {.registers = a->table, .register_capacity = REGISTERS_MAX};
    memset(a, 0, sizeof *a);
    struct hash256 half;
    sha256_of(name, strlen(name), &half);
    memcpy(a->seed.bytes, half.bytes, SHA256_BYTES);
    sigchain_network_of(NETWORK_HYBRID, network, &setup.network);
    sigchain_verifier_init(&a->verifier, &setup);
    must(signer_genesis(&a->seed, &setup.network, &a->genesis) == LX_OK, name);
    a->signer.seed = &a->seed;
    a->signer.chain = &a->verifier;
    a->signer.time_s = TIME_S;
}

/** What signing wants as random bytes: the same for the same transaction, so that its bytes are, too. These keys are public anyway. */
static void stir(const struct actor *a, const char *purpose, uint8_t random[BRAINPOOL_RANDOM_BYTES])
{
    struct sha256 s;
    struct hash256 h;
    for (size_t i = 0; i < BRAINPOOL_RANDOM_BYTES; i++) {
        if (i % SHA256_BYTES == 0) {
            uint8_t numbers[2] = {(uint8_t)a->count, (uint8_t)(i / SHA256_BYTES)};
            sha256_init(&s);
            sha256_update(&s, a->seed.bytes, sizeof a->seed.bytes);
            sha256_update(&s, purpose, strlen(purpose));
            sha256_update(&s, numbers, sizeof numbers);
            sha256_final(&s, &h);
        }
        random[i] = h.bytes[i % SHA256_BYTES];
    }
}

static void keep(struct actor *a, enum lx_err err)
{
    must(err == LX_OK && a->count < TRANSACTIONS_MAX, "a transaction");
    struct bytes bytes = copy_of(cursor_of(a->signer.bytes, a->signer.len_bytes));
    a->transactions[a->count++] = cursor_of(bytes.at, bytes.len_bytes);
    a->signer.time_s += 3600;
}

void actor_release(struct actor *a, const char *app, uint64_t seq, const struct hash256 *id, bool revoked)
{
    struct record_app record = {.seq = seq, .revoked = revoked};
    struct u256 address;
    copy_string(record.app, sizeof record.app, app);
    memcpy(record.manifest.bytes, id->bytes, SHA256_BYTES);
    signer_address(&a->seed, app, &address);
    stir(a, "sign", a->signer.random);
    keep(a, signer_put_app(&a->signer, &address, &record));
}

void actor_approve(struct actor *a, uint64_t seq, struct bytes list)
{
    struct record_installed record = {.seq = seq};
    struct hash256 root;
    struct u256 address;
    tree_root_of_bytes(list.at, list.len_bytes, &root);
    memcpy(record.list.bytes, root.bytes, SHA256_BYTES);
    signer_address(&a->seed, SIGNER_INSTALLED_NAME, &address);
    stir(a, "sign", a->signer.random);
    keep(a, signer_put_installed(&a->signer, &address, &record));
}

struct cursor actor_forge(struct actor *a, const struct actor *victim, bool as_first, const char *app, uint64_t seq,
                          const struct hash256 *id)
{
    static struct transaction_builder builder;
    static struct register_state state;
    uint8_t data[256], secret[BRAINPOOL_SECRET_BYTES], random[BRAINPOOL_RANDOM_BYTES];
    uint8_t *buffer = zalloc(SIGNER_TRANSACTION_BYTES);
    struct writer w = writer_of(data, sizeof data);
    struct record_app record = {.seq = seq};
    struct sigchain_link link;
    struct u256 address, next;
    struct u512 txid;
    copy_string(record.app, sizeof record.app, app);
    memcpy(record.manifest.bytes, id->bytes, SHA256_BYTES);
    signer_address(&victim->seed, app, &address);
    if (as_first) {
        sigchain_link_first(&victim->verifier.setup.network, &victim->genesis, &link);
    } else {
        sigchain_link_of(&victim->verifier, &link);
        memset(&link.key, 0, sizeof link.key); /* "any key may", though the chain announced one */
        address.bytes[0] ^= 1;                 /* of a register that is not there yet */
    }
    transaction_begin(&builder, &victim->genesis, a->signer.time_s + 86400, buffer, SIGNER_TRANSACTION_BYTES);
    must(record_app_data(&record, &w) == LX_OK &&
             transaction_create(&builder, &address, REGISTER_OBJECT, data, w.used_bytes, &state) == REGISTER_OK,
         "a forged record");
    signer_secret(&a->seed, 7, secret);
    must(sigchain_key_hash(secret, &next) == LX_OK, "a key");
    stir(a, "forge", random);
    must(transaction_sign(&builder, &link, &next, secret, random, &txid) == LX_OK, "a forged transaction");
    return cursor_of(builder.out.bytes, builder.out.used_bytes);
}

struct bytes chain_file_of(const struct cursor *transactions, uint32_t count)
{
    size_t cap = CHAIN_FILE_HEAD_BYTES;
    for (uint32_t i = 0; i < count; i++) {
        cap += 4 + transactions[i].left_bytes;
    }
    struct writer w = writer_of(zalloc(cap), cap);
    chain_file_put_head(&w, count);
    for (uint32_t i = 0; i < count; i++) {
        chain_file_put_transaction(&w, transactions[i].at, transactions[i].left_bytes);
    }
    must(!w.overflow, "a chain file");
    return (struct bytes){w.bytes, w.used_bytes};
}

struct bytes actor_chain(const struct actor *a)
{
    return chain_file_of(a->transactions, a->count);
}

struct bytes changed_from_end(struct bytes bytes, size_t offset)
{
    struct bytes out = copy_of(cursor_of(bytes.at, bytes.len_bytes));
    out.at[out.len_bytes - 1 - offset] ^= 1;
    return out;
}
