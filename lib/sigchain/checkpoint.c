/* SPDX-License-Identifier: MIT */
/**
 * Checkpoints: what a verifier knows, as bytes, so that a long chain is verified once and then only what is new.
 * Owns:   nothing.    Uses: base, llc, states of register.
 * Limits: O(registers^2) to read, as no address may stand twice. Pins between the first transaction and the last that
 *         the checkpoint has passed cannot be held against it.
 * Source: docs/spec/sigchain.md section 6
 */
#include "verify.h"

#define MAGIC_BYTES 8u

_Static_assert(sizeof CHECKPOINT_MAGIC == MAGIC_BYTES + 1, "the magic is 8 bytes");
_Static_assert(CHECKPOINT_HEAD_BYTES == MAGIC_BYTES + 2 + 64 + 4 + 1 + 32 + 8 + 3 * 32 + 2 * 64 + 32 + 4,
               "what head_put writes");

static void head_put(const struct sigchain_verifier *v, struct writer *w)
{
    const struct sigchain_network *network = &v->setup.network;
    writer_put(w, CHECKPOINT_MAGIC, MAGIC_BYTES);
    writer_u8(w, (uint8_t)network->kind);
    writer_u8(w, network->user_type);
    writer_put(w, network->id.bytes, U512_BYTES);
    writer_le32(w, v->transaction_count);
    writer_u8(w, v->work_is_checked);
    writer_put(w, v->genesis.bytes, U256_BYTES);
    writer_le64(w, v->timestamp);
    writer_put(w, v->key.bytes, U256_BYTES);
    writer_put(w, v->next.bytes, U256_BYTES);
    writer_put(w, v->recovery.bytes, U256_BYTES);
    writer_put(w, v->txid.bytes, U512_BYTES);
    writer_put(w, v->first_txid.bytes, U512_BYTES);
    writer_put(w, v->first_key.bytes, U256_BYTES);
    writer_le32(w, (uint32_t)v->register_count);
}

enum lx_err sigchain_checkpoint_put(const struct sigchain_verifier *v, struct writer *out, struct u256 *hash)
{
    struct writer w = *out;
    if (v->is_broken || v->transaction_count == 0) {
        return LX_EINVAL;
    }
    head_put(v, &w);
    for (size_t i = 0; i < v->register_count; i++) {
        const struct sigchain_register *r = &v->setup.registers[i];
        writer_put(&w, r->address.bytes, U256_BYTES);
        writer_u8(&w, (uint8_t)r->origin);
        writer_le32(&w, r->changed_by);
        register_serialise(&r->state, &w);
    }
    if (w.overflow) {
        return LX_ENOSPC;
    }
    sk256_of(w.bytes + out->used_bytes, w.used_bytes - out->used_bytes, hash);
    *out = w;
    return LX_OK;
}

static bool head_get(struct cursor *c, struct sigchain_verifier *v, enum sigchain_rule *rule)
{
    uint8_t magic[MAGIC_BYTES], kind, user_type, work_is_checked;
    struct u512 id;
    uint32_t register_count;
    *rule = SIGCHAIN_CHECKPOINT;
    if (!cursor_copy(c, magic, sizeof magic) || memcmp(magic, CHECKPOINT_MAGIC, MAGIC_BYTES) != 0 ||
        !cursor_u8(c, &kind) || !cursor_u8(c, &user_type) || !cursor_copy(c, id.bytes, U512_BYTES) ||
        !cursor_le32(c, &v->transaction_count) || !cursor_u8(c, &work_is_checked) ||
        !cursor_copy(c, v->genesis.bytes, U256_BYTES) || !cursor_le64(c, &v->timestamp) ||
        !cursor_copy(c, v->key.bytes, U256_BYTES) || !cursor_copy(c, v->next.bytes, U256_BYTES) ||
        !cursor_copy(c, v->recovery.bytes, U256_BYTES) || !cursor_copy(c, v->txid.bytes, U512_BYTES) ||
        !cursor_copy(c, v->first_txid.bytes, U512_BYTES) || !cursor_copy(c, v->first_key.bytes, U256_BYTES) ||
        !cursor_le32(c, &register_count) || v->transaction_count == 0 || work_is_checked > 1 ||
        u256_is_zero(&v->next)) {
        return false;
    }
    const struct sigchain_network *network = &v->setup.network;
    if (kind != (uint8_t)network->kind || user_type != network->user_type || !u512_equal(&id, &network->id) ||
        u256_type(&v->genesis) != user_type) {
        *rule = SIGCHAIN_NETWORK;
        return false;
    }
    if (register_count > v->setup.register_capacity) {
        *rule = SIGCHAIN_TABLE_FULL;
        return false;
    }
    if (v->transaction_count == 1 && (!u512_equal(&v->txid, &v->first_txid) || !u256_equal(&v->key, &v->first_key))) {
        return false; /* the first is the last; `rule` stands */
    }
    v->work_is_checked = work_is_checked != 0;
    v->register_count = register_count;
    return true;
}

/** Reads register number `index`; those before it are there. */
static bool register_get(struct cursor *c, struct sigchain_verifier *v, size_t index)
{
    struct sigchain_register *r = &v->setup.registers[index];
    uint8_t origin;
    if (!cursor_copy(c, r->address.bytes, U256_BYTES) || !cursor_u8(c, &origin) || origin > SIGCHAIN_CAME ||
        !cursor_le32(c, &r->changed_by) || r->changed_by >= v->transaction_count ||
        register_parse(c, &r->state) != REGISTER_OK) {
        return false;
    }
    r->origin = origin == SIGCHAIN_CREATED ? SIGCHAIN_CREATED : SIGCHAIN_CAME;
    for (size_t i = 0; i < index; i++) {
        if (u256_equal(&v->setup.registers[i].address, &r->address)) {
            return false;
        }
    }
    return true;
}

/** Holds the pins against what the checkpoint has of the transactions that it has passed. */
static enum sigchain_rule check_pins(const struct sigchain_verifier *v)
{
    for (size_t i = 0; i < v->setup.pin_count; i++) {
        const struct sigchain_pin *pin = &v->setup.pins[i];
        bool is_first = pin->sequence == 0, is_last = pin->sequence == v->transaction_count - 1;
        if (pin->sequence < v->transaction_count && !is_first && !is_last) {
            return SIGCHAIN_PIN_SKIPPED;
        }
        if ((is_first && !u512_equal(&pin->txid, &v->first_txid)) || (is_last && !u512_equal(&pin->txid, &v->txid))) {
            return SIGCHAIN_PIN;
        }
    }
    return SIGCHAIN_OK;
}

static enum sigchain_rule resume(struct sigchain_verifier *v, struct cursor c, const struct u256 *hash)
{
    struct u256 is;
    enum sigchain_rule rule;
    sk256_of(c.at, c.left_bytes, &is);
    if (!u256_equal(&is, hash)) {
        return SIGCHAIN_CHECKPOINT_HASH;
    }
    if (!head_get(&c, v, &rule)) {
        return rule;
    }
    for (size_t i = 0; i < v->register_count; i++) {
        if (!register_get(&c, v, i)) {
            return SIGCHAIN_CHECKPOINT;
        }
    }
    return cursor_is_empty(&c) ? check_pins(v) : SIGCHAIN_CHECKPOINT;
}

bool sigchain_checkpoint_resume(struct sigchain_verifier *v, const struct sigchain_setup *setup, const void *bytes,
                                size_t len_bytes, const struct u256 *hash)
{
    sigchain_verifier_init(v, setup);
    enum sigchain_rule rule = resume(v, cursor_of(bytes, len_bytes), hash);
    if (rule == SIGCHAIN_OK) {
        return true;
    }
    sigchain_verifier_init(v, setup);
    return sigchain_refuse(v, rule);
}
