/* SPDX-License-Identifier: MIT */
/**
 * For tests and the fuzzer: an owner, developers and their packages, with real chains, and a check of a whole catalog.
 * A world is made in steps: world_begin, world_release..., world_approve (at most once a developer), world_finish. Between them
 * everything can be changed.
 */
#ifndef LX_CATALOG_SAMPLES_H
#define LX_CATALOG_SAMPLES_H

#include "../package/package_samples.h"
#include "build.h"
#include "signer.h"

#define WORLD_TIME_S     1800000000u
#define WORLD_PACKAGES   4u
#define WORLD_DEVELOPERS 2u
#define WORLD_CHAIN      (16u * 1024)

/** Somebody's chain in the making. */
struct world_chain {
    struct signer_seed seed;
    struct sigchain_register table[8];
    struct sigchain_verifier verifier;
    struct signer signer;
    uint8_t file[WORLD_CHAIN];
    struct writer w;
};

struct world {
    struct world_chain developers[WORLD_DEVELOPERS], owner;
    bool is_approved[WORLD_DEVELOPERS];

    /* Packages, in the order of the bundle: */
    uint32_t package_count;
    struct sample packages[WORLD_PACKAGES];
    uint8_t chains[WORLD_PACKAGES][WORLD_CHAIN]; /**< as they were when the package was released */
    char paths[WORLD_PACKAGES][FILE_COUNT][32];
    uint8_t abi_page[PAGE_BYTES];
    struct hash256 abi_leaf;

    uint64_t list_seq;
    uint8_t list[4096], anchor[ANCHOR_BYTES];
    uint8_t bundle[512 * 1024];
    struct catalog_input in;
};

static inline void world_chain_begin(struct world_chain *c, uint8_t seed, const char *network)
{
    struct sigchain_setup setup = {.registers = c->table, .register_capacity = ARRAY_LEN(c->table)};
    sigchain_network_of(NETWORK_HYBRID, network, &setup.network);
    sigchain_verifier_init(&c->verifier, &setup);
    c->seed.bytes[0] = seed;
    c->signer.seed = &c->seed;
    c->signer.chain = &c->verifier;
    c->signer.time_s = WORLD_TIME_S;
    c->w = writer_of(c->file, sizeof c->file);
    chain_file_put_head(&c->w, 0);
}

/** Keeps the transaction that was just signed. */
static inline void world_chain_keep(struct world_chain *c, enum lx_err err)
{
    CHECK_EQ(err, LX_OK);
    chain_file_put_transaction(&c->w, c->signer.bytes, c->signer.len_bytes);
    le32_store(c->file + 8, c->verifier.transaction_count);
    c->signer.time_s++;
}

static inline void world_begin(struct world *w)
{
    memset(w, 0, sizeof *w);
    for (uint32_t i = 0; i < WORLD_DEVELOPERS; i++) {
        world_chain_begin(&w->developers[i], (uint8_t)(i + 1), CATALOG_NETWORK);
    }
    world_chain_begin(&w->owner, 0x77, CATALOG_NETWORK);
    w->list_seq = 4;
}

/** One relocatable page of code with its headers. */
static inline void world_abi_page(struct world *w, struct sample *s)
{
    struct elf_refusal why;
    uint8_t *file = w->abi_page;
    static const uint64_t header[7] = {1 | UINT64_C(5) << 32, 0, 0, 0, PAGE_BYTES, PAGE_BYTES, 0x1000};
    memcpy(file, "\177ELF\2\1\1", 7);
    le16_store(file + 16, 3);
    le16_store(file + 18, 183);
    le32_store(file + 20, 1);
    le64_store(file + 24, 0x800);
    le64_store(file + 32, 64);
    le16_store(file + 52, 64);
    le16_store(file + 54, 56);
    le16_store(file + 56, 1);
    for (uint32_t i = 0; i < 7; i++) {
        le64_store(file + 64 + 8 * i, header[i]);
    }
    sample_hash(file, PAGE_BYTES, &w->abi_leaf, &s->parts[s->part_count]);
    s->files[FILE_COUNT] = s->files[FILE_TMP]; /* paths are sorted */
    sample_file(s, FILE_TMP, CATALOG_ABI_PATH, 0755, &s->parts[s->part_count]);
    s->files[FILE_TMP].is_program = elf_parse(file, PAGE_BYTES, &s->files[FILE_TMP].program, &why);
    CHECK(s->files[FILE_TMP].is_program);
    s->part_count++;
    sample_sort_parts(s);
    s->m.file_count = FILE_COUNT + 1;
}

/** Begins the next package of the bundle: its files have its number in their names; the first one has the ABI page. */
static inline struct sample *world_package(struct world *w, const char *name, uint64_t seq)
{
    static const struct {
        uint32_t file;
        const char *path;
    } own[] = {{FILE_DEMO, "/bin/demo"}, {FILE_SH, "/bin/sh"}, {FILE_EMPTY, "/etc/empty"}, {FILE_MOTD, "/etc/motd"}};
    uint32_t n = w->package_count++;
    struct sample *s = &w->packages[n];
    sample_init(s);
    for (size_t i = 0; i < ARRAY_LEN(own); i++) {
        snprintf(w->paths[n][own[i].file], sizeof w->paths[n][0], "%s%u", own[i].path, n);
        s->files[own[i].file].path = text_of(w->paths[n][own[i].file]);
    }
    if (n == 0) {
        world_abi_page(w, s);
    }
    strcpy(s->m.name, name);
    s->m.seq = seq;
    return s;
}

/** Signs the package that was begun last, and puts the chain as it is now into it. */
static inline void world_sign(struct world *w, uint32_t developer, bool is_revoked)
{
    uint32_t n = w->package_count - 1;
    struct sample *s = &w->packages[n];
    struct world_chain *c = &w->developers[developer];
    struct record_app record = {.seq = s->m.seq, .revoked = is_revoked};
    struct hash256 id;
    CHECK_EQ(signer_genesis(&c->seed, &c->verifier.setup.network, &s->m.developer), LX_OK);
    signer_address(&c->seed, s->m.name, &s->m.app_register);
    sample_write_manifest(s);
    manifest_id(s->manifest, s->manifest_bytes, &id);
    memcpy(record.manifest.bytes, id.bytes, SHA256_BYTES);
    strcpy(record.app, s->m.name);
    world_chain_keep(c, signer_put_app(&c->signer, &s->m.app_register, &record));
    memcpy(w->chains[n], c->file, c->w.used_bytes);
    s->chain = cursor_of(w->chains[n], c->w.used_bytes);
    sample_write_container(s);
}

static inline void world_release(struct world *w, uint32_t developer, const char *name, uint64_t seq)
{
    (void)world_package(w, name, seq);
    world_sign(w, developer, false);
}

/** Writes the bundle of all containers as they are. */
static inline void world_bundle(struct world *w)
{
    struct cursor containers[WORLD_PACKAGES];
    for (uint32_t i = 0; i < w->package_count; i++) {
        containers[i] = cursor_of(w->packages[i].bytes, w->packages[i].len_bytes);
    }
    struct writer bundle = writer_of(w->bundle, sizeof w->bundle);
    bundle_put(&bundle, containers, w->package_count);
    CHECK(!bundle.overflow);
    w->in.bundle = cursor_of(w->bundle, bundle.used_bytes);
}

static inline void world_put_developers(struct world *w, struct writer *list)
{
    struct approved_developer approved[WORLD_DEVELOPERS];
    uint32_t order[WORLD_DEVELOPERS] = {0, 1}, count = 0;
    for (uint32_t i = 0; i < WORLD_DEVELOPERS; i++) {
        const struct sigchain_verifier *v = &w->developers[i].verifier;
        approved[i] = (struct approved_developer){.genesis = v->genesis, .first_txid = v->first_txid, .all_apps = true};
        snprintf(approved[i].name, sizeof approved[i].name, "%s", i == 0 ? "Ada" : "Bo");
        w->is_approved[i] = w->is_approved[i] && v->transaction_count > 0;
        count += w->is_approved[i];
    }
    if (memcmp(approved[0].genesis.bytes, approved[1].genesis.bytes, U256_BYTES) > 0) {
        order[0] = 1;
        order[1] = 0;
    }
    approvals_middle(list, count);
    for (uint32_t i = 0; i < WORLD_DEVELOPERS; i++) {
        if (w->is_approved[order[i]]) {
            approvals_put_developer(list, &approved[order[i]]);
        }
    }
}

/** Writes all that catalog_build reads. */
static inline void world_finish(struct world *w)
{
    struct writer list = writer_of(w->list, sizeof w->list), anchor = writer_of(w->anchor, sizeof w->anchor);
    struct record_installed installed = {.seq = w->list_seq};
    struct u256 address;
    struct hash256 root;
    approvals_begin(&list, w->list_seq, 0);
    world_put_developers(w, &list);
    tree_root_of_bytes(w->list, list.used_bytes, &root);
    memcpy(installed.list.bytes, root.bytes, SHA256_BYTES);
    signer_address(&w->owner.seed, SIGNER_INSTALLED_NAME, &address);
    world_chain_keep(&w->owner, signer_put_installed(&w->owner.signer, &address, &installed));
    anchor_put(&anchor, &(struct anchor){w->owner.verifier.genesis, w->owner.verifier.first_txid});
    CHECK(!list.overflow && !anchor.overflow);
    w->in.owner_list = cursor_of(w->list, list.used_bytes);
    w->in.owner_anchor = cursor_of(w->anchor, anchor.used_bytes);
    w->in.owner_chain = cursor_of(w->owner.file, w->owner.w.used_bytes);
    world_bundle(w);
}

/** Two developers' packages, "base" and "hello", both approved. */
static inline void world_good(struct world *w)
{
    world_begin(w);
    world_release(w, 0, "base", 3);
    world_release(w, 1, "hello", 1);
    w->is_approved[0] = w->is_approved[1] = true;
    world_finish(w);
}

/* ---- what holds in every catalog ----------------------------------------------------------------------------------------- */

static inline bool catalog_string_holds(const struct catalog *c, uint32_t at)
{
    return at < c->string_bytes && memchr(c->strings + at, '\0', c->string_bytes - at) != NULL;
}

static inline bool catalog_file_holds(const struct catalog *c, const struct catalog_file *f)
{
    bool has_object = f->object != CATALOG_NONE, has_program = f->program != CATALOG_NONE;
    return catalog_string_holds(c, f->path) && c->strings[f->path] == '/' && catalog_string_holds(c, f->target) &&
           (f->kind == CATALOG_LINK) == (c->strings[f->target] != '\0') && (f->kind == CATALOG_FILE) == has_object &&
           f->package < c->package_count && c->packages[f->package].status == CATALOG_AUTHORISED &&
           (!has_object || (f->object < c->object_count && c->objects[f->object].package == f->package &&
                            c->objects[f->object].len_bytes == f->size_bytes)) &&
           (!has_program || (f->program < c->program_count && c->programs[f->program].object == f->object));
}

static inline bool catalog_object_holds(const struct catalog *c, const struct catalog_object *o, size_t bundle_bytes)
{
    return o->offset % PAGE_BYTES == 0 && o->offset <= bundle_bytes && o->len_bytes <= bundle_bytes - o->offset &&
           o->leaves_offset <= bundle_bytes &&
           tree_leaf_count(o->len_bytes) * SHA256_BYTES <= bundle_bytes - o->leaves_offset &&
           o->package < c->package_count && c->packages[o->package].status == CATALOG_AUTHORISED;
}

static inline bool catalog_program_holds(const struct catalog *c, const struct catalog_program *p)
{
    bool ok = p->object < c->object_count && c->objects[p->object].package == p->package && p->segment_count > 0 &&
              p->segment_count <= ELF_SEGMENTS_MAX && p->first_segment <= c->segment_count &&
              p->segment_count <= c->segment_count - p->first_segment && p->start < p->end && p->end <= ELF_ADDRESS_END;
    for (uint32_t i = 0; ok && i < p->segment_count; i++) {
        const struct catalog_segment *s = &c->segments[p->first_segment + i];
        ok = (s->rights & PAGER_READ) != 0 && (s->rights & ~7u) == 0 &&
             (s->rights & (PAGER_WRITE | PAGER_EXECUTE)) != (PAGER_WRITE | PAGER_EXECUTE) && s->address >= p->start &&
             s->address + s->memory_bytes <= p->end && s->file_bytes <= s->memory_bytes &&
             s->offset + s->file_bytes <= c->objects[p->object].len_bytes;
    }
    return ok;
}

/** @return whether all numbers point to where they may. */
static inline bool catalog_holds(const struct catalog *c, size_t bundle_bytes)
{
    bool ok = c->package_count <= CATALOG_PACKAGES_MAX && c->file_count <= CATALOG_FILES_MAX &&
              c->object_count <= CATALOG_OBJECTS_MAX && c->program_count <= CATALOG_PROGRAMS_MAX &&
              c->segment_count <= CATALOG_SEGMENTS_MAX && c->string_bytes <= CATALOG_STRINGS_MAX &&
              (c->abi_program == CATALOG_NONE || c->abi_program < c->program_count);
    for (uint32_t i = 0; ok && i < c->package_count; i++) {
        const struct catalog_package *p = &c->packages[i];
        ok = strnlen(p->name, sizeof p->name) < sizeof p->name && p->name[0] != '\0' && p->sentence[0] != '\0' &&
             strnlen(p->sentence, sizeof p->sentence) < sizeof p->sentence &&
             strnlen(p->developer_name, sizeof p->developer_name) < sizeof p->developer_name;
    }
    for (uint32_t i = 0; ok && i < c->file_count; i++) {
        ok = catalog_file_holds(c, &c->files[i]);
    }
    for (uint32_t i = 0; ok && i < c->object_count; i++) {
        ok = catalog_object_holds(c, &c->objects[i], bundle_bytes);
    }
    for (uint32_t i = 0; ok && i < c->program_count; i++) {
        ok = catalog_program_holds(c, &c->programs[i]);
    }
    return ok;
}

#endif
