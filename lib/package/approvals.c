/* SPDX-License-Identifier: MIT */
/**
 * An owner's approvals and his anchor, read and written.
 * Source: docs/spec/package.md section 4
 */
#include "read.h"

#define FORMAT "approvals/1"

_Static_assert(ANCHOR_BYTES == 8 + U256_BYTES + U512_BYTES, "magic, genesis id, first transaction");

/* ---- reading -------------------------------------------------------------------------------------------------------- */

static bool read_package(struct cbor_reader *r, struct approved_package *out, enum package_rule *rule)
{
    uint64_t count;
    memset(out, 0, sizeof *out);
    if (!cbor_map(r, &count)) {
        return false;
    }
    out->has_id = cbor_key_if(r, "id");
    if (out->has_id && !cbor_bytes_fixed(r, out->id.bytes, SHA256_BYTES)) {
        return false;
    }
    return cbor_key_is(r, "name") && read_app_name(r, out->name, rule) && cbor_key_is(r, "min_seq") &&
           cbor_uint(r, &out->min_seq) && cbor_key_is(r, "developer") &&
           cbor_bytes_fixed(r, out->developer.bytes, U256_BYTES) && cbor_leave(r);
}

/** Sets `rule` when `name` does not follow the one before it, which it replaces. */
static bool check_names(const char *name, char before[RECORD_APP_CHARS_MAX + 1], enum package_rule *rule)
{
    int order = strcmp(name, before); /* an empty one stands before all */
    memcpy(before, name, strlen(name) + 1);
    if (order <= 0) {
        *rule = order == 0 ? PACKAGE_TWICE : PACKAGE_ORDER;
    }
    return order > 0;
}

static bool read_apps(struct cbor_reader *r, struct cursor *out, enum package_rule *rule)
{
    char name[RECORD_APP_CHARS_MAX + 1], before[RECORD_APP_CHARS_MAX + 1] = "";
    const uint8_t *start = r->rest.at;
    uint32_t count;
    if (!read_array(r, APPROVALS_APPS_MAX, &count, rule)) {
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (!read_app_name(r, name, rule) || !check_names(name, before, rule)) {
            return false;
        }
    }
    if (!cbor_leave(r)) {
        return false;
    }
    *out = taken_since(r, start);
    return true;
}

static bool read_developer(struct cbor_reader *r, struct approved_developer *out, enum package_rule *rule)
{
    uint64_t count;
    struct cursor name;
    memset(out, 0, sizeof *out);
    if (!cbor_map(r, &count)) {
        return false;
    }
    out->all_apps = !cbor_key_if(r, "apps");
    if (!out->all_apps && !read_apps(r, &out->apps, rule)) {
        return false;
    }
    if (!cbor_key_is(r, "name") || !cbor_text(r, &name)) {
        return false;
    }
    if (!text_copy(name, out->name, sizeof out->name)) {
        *rule = PACKAGE_NAME;
        return false;
    }
    return cbor_key_is(r, "first") && cbor_bytes_fixed(r, out->first_txid.bytes, U512_BYTES) &&
           cbor_key_is(r, "genesis") && cbor_bytes_fixed(r, out->genesis.bytes, U256_BYTES) && cbor_leave(r);
}

static bool read_packages(struct cbor_reader *r, struct approvals *out, struct package_refusal *why)
{
    struct approved_package package;
    char before[RECORD_APP_CHARS_MAX + 1] = "";
    enum package_rule rule = PACKAGE_OK;
    const uint8_t *start = r->rest.at;
    bool ok = read_array(r, APPROVALS_PACKAGES_MAX, &out->package_count, &rule);
    uint32_t i = 0;
    for (; ok && i < out->package_count; i++) {
        ok = read_package(r, &package, &rule) && check_names(package.name, before, &rule);
    }
    if (rule != PACKAGE_OK) {
        return package_refuse(why, rule, NULL, "approvals, package %u", (unsigned)(i == 0 ? 0 : i - 1));
    }
    if (!ok || !cbor_leave(r)) {
        return false;
    }
    out->packages = taken_since(r, start);
    return true;
}

static bool read_developers(struct cbor_reader *r, struct approvals *out, struct package_refusal *why)
{
    struct approved_developer developer;
    struct u256 before = {{0}};
    enum package_rule rule = PACKAGE_OK;
    const uint8_t *start = r->rest.at;
    bool ok = read_array(r, APPROVALS_DEVELOPERS_MAX, &out->developer_count, &rule);
    uint32_t i = 0;
    for (; ok && i < out->developer_count; i++) {
        ok = read_developer(r, &developer, &rule);
        int order = i == 0 ? 1 : memcmp(developer.genesis.bytes, before.bytes, U256_BYTES);
        before = developer.genesis;
        if (ok && order <= 0) {
            rule = order == 0 ? PACKAGE_TWICE : PACKAGE_ORDER;
            ok = false;
        }
    }
    if (rule != PACKAGE_OK) {
        return package_refuse(why, rule, NULL, "approvals, developer %u", (unsigned)(i == 0 ? 0 : i - 1));
    }
    if (!ok || !cbor_leave(r)) {
        return false;
    }
    out->developers = taken_since(r, start);
    return true;
}

static bool read_front(struct cbor_reader *r, struct approvals *out, struct package_refusal *why)
{
    enum package_rule rule = PACKAGE_OK;
    uint64_t count;
    if (!cbor_map(r, &count) || !read_format(r, FORMAT, &rule)) {
        return rule == PACKAGE_OK ? false : package_refuse(why, rule, NULL, "approvals");
    }
    if (!cbor_key_is(r, "seq") || !cbor_uint(r, &out->seq)) {
        return false;
    }
    return out->seq > 0 ? true : package_refuse(why, PACKAGE_SEQ, NULL, "approvals, seq");
}

bool approvals_parse(const void *bytes, size_t len_bytes, struct approvals *out, struct package_refusal *why)
{
    struct cbor_reader r;
    memset(out, 0, sizeof *out);
    why->rule = PACKAGE_OK;
    if (len_bytes > APPROVALS_BYTES_MAX) {
        return package_refuse(why, PACKAGE_TOO_LARGE, NULL, "approvals");
    }
    cbor_reader_init(&r, bytes, len_bytes);
    if (!read_front(&r, out, why) || !cbor_key_is(&r, "packages") || !read_packages(&r, out, why) ||
        !cbor_key_is(&r, "developers") || !read_developers(&r, out, why) || !cbor_leave(&r) || !cbor_finish(&r)) {
        return package_refuse_cbor(why, &r, "approvals");
    }
    out->bytes = cursor_of(bytes, len_bytes);
    return true;
}

/* ---- walks and searches --------------------------------------------------------------------------------------------- */

void approvals_walk_packages(const struct approvals *list, struct package_walk *walk)
{
    package_walk_start(walk, list->packages);
}

bool approved_package_next(struct package_walk *walk, struct approved_package *out)
{
    enum package_rule rule;
    return package_walk_take(walk) && read_package(&walk->reader, out, &rule);
}

void approvals_walk_developers(const struct approvals *list, struct package_walk *walk)
{
    package_walk_start(walk, list->developers);
}

bool approved_developer_next(struct package_walk *walk, struct approved_developer *out)
{
    enum package_rule rule;
    return package_walk_take(walk) && read_developer(&walk->reader, out, &rule);
}

void approved_developer_walk_apps(const struct approved_developer *developer, struct package_walk *walk)
{
    if (developer->all_apps) {
        walk->left_count = 0;
    } else {
        package_walk_start(walk, developer->apps);
    }
}

bool approved_app_next(struct package_walk *walk, struct cursor *name)
{
    return package_walk_take(walk) && cbor_text(&walk->reader, name);
}

bool approvals_find_package(const struct approvals *list, const char *name, struct approved_package *out)
{
    struct package_walk walk;
    approvals_walk_packages(list, &walk);
    while (approved_package_next(&walk, out)) {
        if (strcmp(out->name, name) == 0) {
            return true;
        }
    }
    return false;
}

bool approvals_find_developer(const struct approvals *list, const struct u256 *genesis, struct approved_developer *out)
{
    struct package_walk walk;
    approvals_walk_developers(list, &walk);
    while (approved_developer_next(&walk, out)) {
        if (u256_equal(&out->genesis, genesis)) {
            return true;
        }
    }
    return false;
}

bool approved_developer_allows(const struct approved_developer *developer, const char *app)
{
    struct package_walk walk;
    struct cursor name;
    approved_developer_walk_apps(developer, &walk);
    while (approved_app_next(&walk, &name)) {
        if (name.left_bytes == strlen(app) && memcmp(name.at, app, name.left_bytes) == 0) {
            return true;
        }
    }
    return developer->all_apps;
}

/* ---- writing -------------------------------------------------------------------------------------------------------- */

void approvals_begin(struct writer *w, uint64_t seq, uint32_t package_count)
{
    cbor_put_map(w, 4);
    cbor_put_string(w, "lx");
    cbor_put_string(w, FORMAT);
    cbor_put_string(w, "seq");
    cbor_put_uint(w, seq);
    cbor_put_string(w, "packages");
    cbor_put_array(w, package_count);
}

void approvals_put_package(struct writer *w, const struct approved_package *package)
{
    cbor_put_map(w, package->has_id ? 4 : 3);
    if (package->has_id) {
        cbor_put_string(w, "id");
        cbor_put_bytes(w, package->id.bytes, SHA256_BYTES);
    }
    cbor_put_string(w, "name");
    cbor_put_string(w, package->name);
    cbor_put_string(w, "min_seq");
    cbor_put_uint(w, package->min_seq);
    cbor_put_string(w, "developer");
    cbor_put_bytes(w, package->developer.bytes, U256_BYTES);
}

void approvals_middle(struct writer *w, uint32_t developer_count)
{
    cbor_put_string(w, "developers");
    cbor_put_array(w, developer_count);
}

void approvals_put_developer(struct writer *w, const struct approved_developer *developer)
{
    cbor_put_map(w, developer->all_apps ? 3 : 4);
    if (!developer->all_apps) {
        cbor_put_string(w, "apps");
        writer_put(w, developer->apps.at, developer->apps.left_bytes);
    }
    cbor_put_string(w, "name");
    cbor_put_string(w, developer->name);
    cbor_put_string(w, "first");
    cbor_put_bytes(w, developer->first_txid.bytes, U512_BYTES);
    cbor_put_string(w, "genesis");
    cbor_put_bytes(w, developer->genesis.bytes, U256_BYTES);
}

/* ---- anchors -------------------------------------------------------------------------------------------------------- */

bool anchor_parse(const void *bytes, size_t len_bytes, struct anchor *out, struct package_refusal *why)
{
    uint8_t magic[8];
    struct cursor c = cursor_of(bytes, len_bytes);
    why->rule = PACKAGE_OK;
    if (len_bytes != ANCHOR_BYTES || !cursor_copy(&c, magic, sizeof magic) ||
        memcmp(magic, ANCHOR_MAGIC, sizeof magic) != 0 || !cursor_copy(&c, out->genesis.bytes, U256_BYTES) ||
        !cursor_copy(&c, out->first_txid.bytes, U512_BYTES)) {
        return package_refuse(why, PACKAGE_ANCHOR, NULL, "anchor");
    }
    return true;
}

void anchor_put(struct writer *w, const struct anchor *anchor)
{
    writer_put(w, ANCHOR_MAGIC, 8);
    writer_put(w, anchor->genesis.bytes, U256_BYTES);
    writer_put(w, anchor->first_txid.bytes, U512_BYTES);
}
