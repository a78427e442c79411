/* SPDX-License-Identifier: MIT */
/** Form: the facts as bytes, both ways. Source: docs/spec/seen.md */
#include "seen.h"

#define MAGIC "LXSEEN01"
enum { MAGIC_BYTES = 8 };

/* ---- writing ---------------------------------------------------------------------------------------------------------- */

static void put_chain(struct writer *w, const struct seen_chain *c)
{
    writer_put(w, c->genesis.bytes, sizeof c->genesis.bytes);
    writer_put(w, c->first_txid.bytes, sizeof c->first_txid.bytes);
    writer_put(w, c->last_txid.bytes, sizeof c->last_txid.bytes);
    writer_le32(w, c->count);
    writer_le32(w, c->stored);
    writer_le32(w, c->roles);
    writer_le32(w, 0);
    writer_le64(w, c->last_s);
    writer_le64(w, c->since);
    writer_le64(w, c->grown);
}

static void put_release(struct writer *w, const struct seen_release *r)
{
    writer_put(w, r->app_register.bytes, sizeof r->app_register.bytes);
    writer_put(w, r->developer.bytes, sizeof r->developer.bytes);
    writer_le64(w, r->seq);
    writer_le64(w, r->since);
    writer_le64(w, r->grown);
    writer_put(w, r->name, sizeof r->name);
}

static void put_list(struct writer *w, const struct seen_list *l)
{
    writer_put(w, l->owner.bytes, sizeof l->owner.bytes);
    writer_le64(w, l->seq);
    writer_le64(w, l->since);
    writer_le64(w, l->grown);
}

size_t seen_facts_put(const struct seen_facts *f, uint8_t out[SEEN_FACTS_BYTES_MAX])
{
    struct writer w = writer_of(out, SEEN_FACTS_BYTES_MAX);
    writer_put(&w, MAGIC, MAGIC_BYTES);
    writer_le64(&w, f->changes);
    writer_le32(&w, f->chain_count);
    writer_le32(&w, f->release_count);
    writer_le32(&w, f->list_count);
    writer_le32(&w, 0);
    assert(w.used_bytes == SEEN_HEAD_BYTES);
    for (uint32_t i = 0; i < f->chain_count; i++) {
        put_chain(&w, &f->chains[i]);
    }
    for (uint32_t i = 0; i < f->release_count; i++) {
        put_release(&w, &f->releases[i]);
    }
    for (uint32_t i = 0; i < f->list_count; i++) {
        put_list(&w, &f->lists[i]);
    }
    assert(!w.overflow);
    return w.used_bytes;
}

/* ---- reading ---------------------------------------------------------------------------------------------------------- */

/* Two numbers of changes, of which no more than `changes` were made. */
static bool get_changes(struct cursor *c, uint64_t changes, uint64_t *since, uint64_t *grown)
{
    return cursor_le64(c, since) && cursor_le64(c, grown) && *since > 0 && *since <= *grown && *grown <= changes;
}

static bool get_chain(struct cursor *c, uint64_t changes, struct seen_chain *out)
{
    uint32_t reserved = 0;
    return cursor_copy(c, out->genesis.bytes, sizeof out->genesis.bytes) &&
           cursor_copy(c, out->first_txid.bytes, sizeof out->first_txid.bytes) &&
           cursor_copy(c, out->last_txid.bytes, sizeof out->last_txid.bytes) && cursor_le32(c, &out->count) &&
           cursor_le32(c, &out->stored) && cursor_le32(c, &out->roles) && cursor_le32(c, &reserved) &&
           cursor_le64(c, &out->last_s) && get_changes(c, changes, &out->since, &out->grown) && reserved == 0 && out->count > 0 &&
           out->stored <= out->count && out->roles >= 1 && out->roles <= (SEEN_OWNER | SEEN_DEVELOPER | SEEN_PERSON) &&
           (out->count > 1 || u512_equal(&out->first_txid, &out->last_txid));
}

static bool name_is_good(const char name[SEEN_NAME_BYTES])
{
    const char *end = (const char *)memchr(name, '\0', SEEN_NAME_BYTES);
    size_t len = end != NULL ? (size_t)(end - name) : 0;
    bool good = len > 0;
    for (size_t i = 0; i < SEEN_NAME_BYTES; i++) {
        good = good && (i < len ? name[i] > ' ' && name[i] <= '~' : name[i] == '\0');
    }
    return good;
}

static bool get_release(struct cursor *c, uint64_t changes, struct seen_release *out)
{
    return cursor_copy(c, out->app_register.bytes, sizeof out->app_register.bytes) &&
           cursor_copy(c, out->developer.bytes, sizeof out->developer.bytes) && cursor_le64(c, &out->seq) &&
           get_changes(c, changes, &out->since, &out->grown) && cursor_copy(c, out->name, sizeof out->name) &&
           name_is_good(out->name);
}

static bool get_list(struct cursor *c, uint64_t changes, struct seen_list *out)
{
    return cursor_copy(c, out->owner.bytes, sizeof out->owner.bytes) && cursor_le64(c, &out->seq) &&
           get_changes(c, changes, &out->since, &out->grown);
}

static bool get_head(struct cursor *c, struct seen_facts *out)
{
    uint32_t reserved = 0;
    return cursor_le64(c, &out->changes) && cursor_le32(c, &out->chain_count) && cursor_le32(c, &out->release_count) &&
           cursor_le32(c, &out->list_count) && cursor_le32(c, &reserved) && reserved == 0 &&
           out->chain_count <= SEEN_CHAINS_MAX && out->release_count <= SEEN_RELEASES_MAX && out->list_count <= SEEN_LISTS_MAX;
}

/* Nothing is told twice. */
static bool keys_differ(const struct seen_facts *f)
{
    bool good = true;
    for (uint32_t i = 0; i < f->chain_count; i++) {
        for (uint32_t j = 0; j < i; j++) {
            good = good && !u256_equal(&f->chains[i].genesis, &f->chains[j].genesis);
        }
    }
    for (uint32_t i = 0; i < f->release_count; i++) {
        for (uint32_t j = 0; j < i; j++) {
            good = good && !u256_equal(&f->releases[i].app_register, &f->releases[j].app_register);
        }
    }
    for (uint32_t i = 0; i < f->list_count; i++) {
        for (uint32_t j = 0; j < i; j++) {
            good = good && !u256_equal(&f->lists[i].owner, &f->lists[j].owner);
        }
    }
    return good;
}

enum lx_err seen_facts_parse(const void *bytes, size_t len_bytes, struct seen_facts *out)
{
    struct cursor c = cursor_of(bytes, len_bytes);
    uint8_t magic[MAGIC_BYTES];
    memset(out, 0, sizeof *out);
    if (!cursor_copy(&c, magic, sizeof magic) || memcmp(magic, MAGIC, MAGIC_BYTES - 2) != 0) {
        return LX_EINVAL;
    }
    if (memcmp(magic, MAGIC, MAGIC_BYTES) != 0) {
        return LX_ENOTSUP;
    }
    bool good = get_head(&c, out);
    for (uint32_t i = 0; good && i < out->chain_count; i++) {
        good = get_chain(&c, out->changes, &out->chains[i]);
    }
    for (uint32_t i = 0; good && i < out->release_count; i++) {
        good = get_release(&c, out->changes, &out->releases[i]);
    }
    for (uint32_t i = 0; good && i < out->list_count; i++) {
        good = get_list(&c, out->changes, &out->lists[i]);
    }
    return good && cursor_is_empty(&c) && keys_differ(out) ? LX_OK : LX_EINVAL;
}
