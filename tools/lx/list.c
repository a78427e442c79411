/* SPDX-License-Identifier: MIT */
/** An owner's list, edited. See list.h. */
#include <stdlib.h>
#include <string.h>

#include "list.h"

/** One more item in an array; its contents move. */
static void *extended(void *array, uint32_t count, size_t item_bytes)
{
    array = realloc(array, (count + 1u) * item_bytes);
    if (array == NULL) {
        fail("out of memory");
    }
    memset((uint8_t *)array + count * item_bytes, 0, item_bytes);
    return array;
}

/* ---- reading -------------------------------------------------------------------------------------------------------- */

static void take_developer(struct list *list, const struct approved_developer *from)
{
    struct package_walk walk;
    struct cursor name;
    struct listed_developer *to = list_add_developer(list, &from->genesis);
    to->is = *from;
    if (from->all_apps) {
        return;
    }
    approved_developer_walk_apps(from, &walk);
    while (approved_app_next(&walk, &name)) {
        app_name app = "";
        memcpy(app, name.at, name.left_bytes); /* at most RECORD_APP_CHARS_MAX: it was parsed */
        list_developer_add(to, app);
    }
}

void list_of_bytes(struct bytes bytes, struct list *out)
{
    struct approvals parsed;
    struct package_refusal why;
    struct package_walk walk;
    struct approved_package package;
    struct approved_developer developer;
    *out = (struct list){.seq = 0};
    if (bytes.len_bytes == 0) {
        return;
    }
    if (!approvals_parse(bytes.at, bytes.len_bytes, &parsed, &why)) {
        fail("the list of approvals is refused: %s", why.sentence);
    }
    out->seq = parsed.seq;
    approvals_walk_packages(&parsed, &walk);
    while (approved_package_next(&walk, &package)) {
        *list_add_package(out, package.name) = package;
    }
    approvals_walk_developers(&parsed, &walk);
    while (approved_developer_next(&walk, &developer)) {
        take_developer(out, &developer);
    }
}

/* ---- writing -------------------------------------------------------------------------------------------------------- */

static int by_name(const void *a, const void *b)
{
    const struct approved_package *x = a, *y = b;
    return strcmp(x->name, y->name);
}

static int by_genesis(const void *a, const void *b)
{
    const struct listed_developer *x = a, *y = b;
    return memcmp(x->is.genesis.bytes, y->is.genesis.bytes, U256_BYTES);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(a, b); /* an app_name is an array of characters */
}

static void put_developer(struct writer *w, struct listed_developer *d)
{
    size_t cap = 16 + (size_t)d->app_count * (sizeof(app_name) + 2);
    struct writer apps = writer_of(zalloc(cap), cap);
    struct approved_developer out = d->is;
    if (d->app_count > 0) {
        qsort(d->apps, d->app_count, sizeof *d->apps, by_text);
    }
    cbor_put_array(&apps, d->app_count);
    for (uint32_t i = 0; i < d->app_count; i++) {
        cbor_put_string(&apps, d->apps[i]);
    }
    out.apps = cursor_of(apps.bytes, apps.used_bytes);
    approvals_put_developer(w, &out);
}

struct bytes list_to_bytes(struct list *list)
{
    struct writer w = writer_of(zalloc(APPROVALS_BYTES_MAX), APPROVALS_BYTES_MAX);
    struct approvals parsed;
    struct package_refusal why;
    if (list->package_count > 0) {
        qsort(list->packages, list->package_count, sizeof *list->packages, by_name);
    }
    if (list->developer_count > 0) {
        qsort(list->developers, list->developer_count, sizeof *list->developers, by_genesis);
    }
    approvals_begin(&w, list->seq, list->package_count);
    for (uint32_t i = 0; i < list->package_count; i++) {
        approvals_put_package(&w, &list->packages[i]);
    }
    approvals_middle(&w, list->developer_count);
    for (uint32_t i = 0; i < list->developer_count; i++) {
        put_developer(&w, &list->developers[i]);
    }
    if (w.overflow) {
        fail("the list of approvals is larger than %u bytes; remove some", APPROVALS_BYTES_MAX);
    }
    if (!approvals_parse(w.bytes, w.used_bytes, &parsed, &why)) {
        fail("made a list that is refused: %s", why.sentence);
    }
    return (struct bytes){w.bytes, w.used_bytes};
}

/* ---- editing -------------------------------------------------------------------------------------------------------- */

struct approved_package *list_package(struct list *list, const char *name)
{
    for (uint32_t i = 0; i < list->package_count; i++) {
        if (strcmp(list->packages[i].name, name) == 0) {
            return &list->packages[i];
        }
    }
    return NULL;
}

struct listed_developer *list_developer(struct list *list, const struct u256 *genesis)
{
    for (uint32_t i = 0; i < list->developer_count; i++) {
        if (u256_equal(&list->developers[i].is.genesis, genesis)) {
            return &list->developers[i];
        }
    }
    return NULL;
}

struct approved_package *list_add_package(struct list *list, const char *name)
{
    list->packages = extended(list->packages, list->package_count, sizeof *list->packages);
    struct approved_package *out = &list->packages[list->package_count++];
    copy_string(out->name, sizeof out->name, name);
    return out;
}

struct listed_developer *list_add_developer(struct list *list, const struct u256 *genesis)
{
    list->developers = extended(list->developers, list->developer_count, sizeof *list->developers);
    struct listed_developer *out = &list->developers[list->developer_count++];
    out->is.genesis = *genesis;
    return out;
}

bool list_developer_has(const struct listed_developer *developer, const char *app)
{
    bool has = developer->is.all_apps;
    for (uint32_t i = 0; i < developer->app_count && !has; i++) {
        has = strcmp(developer->apps[i], app) == 0;
    }
    return has;
}

void list_developer_add(struct listed_developer *developer, const char *app)
{
    developer->apps = extended(developer->apps, developer->app_count, sizeof *developer->apps);
    copy_string(developer->apps[developer->app_count++], sizeof *developer->apps, app);
}

/** Forgets developer `index`. */
static void drop_developer(struct list *list, uint32_t index)
{
    list->developers[index] = list->developers[--list->developer_count];
}

bool list_remove_app(struct list *list, const char *name)
{
    struct approved_package *package = list_package(list, name);
    bool was_there = package != NULL;
    if (was_there) {
        *package = list->packages[--list->package_count];
    }
    for (uint32_t i = 0; i < list->developer_count; i++) {
        struct listed_developer *d = &list->developers[i];
        for (uint32_t k = 0; k < d->app_count; k++) {
            if (strcmp(d->apps[k], name) == 0) {
                memcpy(d->apps[k], d->apps[--d->app_count], sizeof *d->apps);
                was_there = true;
                break;
            }
        }
        if (!d->is.all_apps && d->app_count == 0) {
            drop_developer(list, i--);
        }
    }
    return was_there;
}

bool list_remove_developer(struct list *list, const struct u256 *genesis)
{
    struct listed_developer *d = list_developer(list, genesis);
    if (d == NULL) {
        return false;
    }
    drop_developer(list, (uint32_t)(d - list->developers));
    for (uint32_t i = 0; i < list->package_count; i++) {
        if (u256_equal(&list->packages[i].developer, genesis)) {
            list->packages[i--] = list->packages[--list->package_count];
        }
    }
    return true;
}
