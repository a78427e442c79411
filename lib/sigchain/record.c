/* SPDX-License-Identifier: MIT */
/**
 * The registers in which LX-OS keeps its own records, read and written.
 * Owns:   nothing.    Uses: base, register.
 * Source: docs/spec/chain-records.md
 */
#include "sigchain.h"

#define LX_APP       "app/1"
#define LX_INSTALLED "installed/1"
#define LX_DEVICE    "device/1"
#define API_FIELD    "_usertype" /* the node's API puts this constant in front of objects that it makes */

/** One field that a record must have. */
struct required {
    const char *name;
    enum field_type type;
    bool is_mutable;
};

static const struct required app_fields[] = {
    {"lx", FIELD_STRING, false},    {"app", FIELD_STRING, false}, {"seq", FIELD_U64, true},
    {"manifest", FIELD_U256, true}, {"revoked", FIELD_U8, true},
};

static const struct required installed_fields[] = {
    {"lx", FIELD_STRING, false},
    {"seq", FIELD_U64, true},
    {"list", FIELD_U256, true},
};

static const struct required device_fields[] = {
    {"lx", FIELD_STRING, false},
    {"name", FIELD_STRING, false},
    {"genesis", FIELD_U256, true},
    {"revoked", FIELD_U8, true},
};

static bool is_required(const struct field *field, const struct required *fields, size_t field_count)
{
    for (size_t i = 0; i < field_count; i++) {
        if (strlen(fields[i].name) == field->name_bytes &&
            memcmp(fields[i].name, field->name, field->name_bytes) == 0) {
            return fields[i].type == field->type && fields[i].is_mutable == field->is_mutable;
        }
    }
    return field->name_bytes == strlen(API_FIELD) && memcmp(field->name, API_FIELD, field->name_bytes) == 0 &&
           field->type == FIELD_U16 && !field->is_mutable;
}

/** Checks that an object has these fields, perhaps the API's, and no others; and which record it is. */
static enum lx_err check(const struct register_state *state, const char *lx, const struct required *fields,
                         size_t field_count)
{
    char kind[16];
    struct cursor c = cursor_of(state->data, state->data_bytes);
    struct field field;
    size_t found = 0;
    if (state->type != REGISTER_OBJECT || !fields_are_valid(state->data, state->data_bytes) ||
        !field_string(state, "lx", kind, sizeof kind) || strcmp(kind, lx) != 0) {
        return LX_ENOENT;
    }
    while (field_next(&c, &field)) {
        if (!is_required(&field, fields, field_count)) {
            return LX_EINVAL;
        }
        found++;
    }
    found -= field_find(state, API_FIELD, &field);
    return found == field_count ? LX_OK : LX_EINVAL; /* all of different names, so none is missing */
}

bool record_app_name_is_valid(const char *app)
{
    size_t len = strlen(app);
    if (len == 0 || len > RECORD_APP_CHARS_MAX || strchr("._-", app[0]) != NULL) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        char c = app[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || strchr("._-", c) != NULL)) {
            return false;
        }
    }
    return true;
}

/** Whether all behind a string's first zero is zero, so that it has one form. */
static bool is_padded(const struct register_state *state, const char *name)
{
    struct field field;
    if (!field_find(state, name, &field)) {
        return false;
    }
    bool ended = false;
    for (size_t i = 0; i < field.value_bytes; i++) {
        ended = ended || field.value[i] == 0;
        if (ended && field.value[i] != 0) {
            return false;
        }
    }
    return true;
}

enum lx_err record_app_read(const struct register_state *state, struct record_app *out)
{
    struct record_app record;
    uint8_t revoked;
    enum lx_err err = check(state, LX_APP, app_fields, ARRAY_LEN(app_fields));
    if (err != LX_OK) {
        return err;
    }
    if (!is_padded(state, "lx") || !is_padded(state, "app") ||
        !field_string(state, "app", record.app, sizeof record.app) || !record_app_name_is_valid(record.app) ||
        !field_u64(state, "seq", &record.seq) || !field_u256(state, "manifest", &record.manifest) ||
        !field_u8(state, "revoked", &revoked) || revoked > 1) {
        return LX_EINVAL;
    }
    record.revoked = revoked == 1;
    *out = record;
    return LX_OK;
}

enum lx_err record_installed_read(const struct register_state *state, struct record_installed *out)
{
    struct record_installed record;
    enum lx_err err = check(state, LX_INSTALLED, installed_fields, ARRAY_LEN(installed_fields));
    if (err != LX_OK) {
        return err;
    }
    if (!is_padded(state, "lx") || !field_u64(state, "seq", &record.seq) || !field_u256(state, "list", &record.list)) {
        return LX_EINVAL;
    }
    *out = record;
    return LX_OK;
}

static bool device_name_is_valid(const char *name)
{
    size_t len = strlen(name);
    for (size_t i = 0; i < len; i++) {
        if (name[i] < ' ' || name[i] > '~') {
            return false;
        }
    }
    return len != 0 && len <= RECORD_DEVICE_CHARS_MAX;
}

enum lx_err record_device_read(const struct register_state *state, struct record_device *out)
{
    struct record_device record;
    uint8_t revoked;
    enum lx_err err = check(state, LX_DEVICE, device_fields, ARRAY_LEN(device_fields));
    if (err != LX_OK) {
        return err;
    }
    if (!is_padded(state, "lx") || !is_padded(state, "name") || !field_string(state, "name", record.name, sizeof record.name) ||
        !device_name_is_valid(record.name) || !field_u256(state, "genesis", &record.genesis) ||
        !field_u8(state, "revoked", &revoked) || revoked > 1) {
        return LX_EINVAL;
    }
    record.revoked = revoked == 1;
    *out = record;
    return LX_OK;
}

/* ---- writing ---------------------------------------------------------------------------------------------------- */

static enum lx_err written(const struct writer *w)
{
    return w->overflow ? LX_ENOSPC : LX_OK;
}

enum lx_err record_app_data(const struct record_app *record, struct writer *out)
{
    uint8_t seq[8], revoked = record->revoked;
    if (!record_app_name_is_valid(record->app)) {
        return LX_EINVAL;
    }
    le64_store(seq, record->seq);
    field_put(out, "lx", FIELD_STRING, false, LX_APP, strlen(LX_APP));
    field_put(out, "app", FIELD_STRING, false, record->app, strlen(record->app));
    field_put(out, "seq", FIELD_U64, true, seq, sizeof seq);
    field_put(out, "manifest", FIELD_U256, true, record->manifest.bytes, U256_BYTES);
    field_put(out, "revoked", FIELD_U8, true, &revoked, 1);
    return written(out);
}

enum lx_err record_installed_data(const struct record_installed *record, struct writer *out)
{
    uint8_t seq[8];
    le64_store(seq, record->seq);
    field_put(out, "lx", FIELD_STRING, false, LX_INSTALLED, strlen(LX_INSTALLED));
    field_put(out, "seq", FIELD_U64, true, seq, sizeof seq);
    field_put(out, "list", FIELD_U256, true, record->list.bytes, U256_BYTES);
    return written(out);
}

/** Appends a value to a payload; the record has been checked, so only room can lack. */
static void rewrite(struct writer *out, const struct register_state *state, const char *name, const void *value,
                    size_t value_bytes)
{
    enum register_err err = field_rewrite(out, state, name, value, value_bytes);
    assert(err == REGISTER_OK || err == REGISTER_NO_SPACE);
}

enum lx_err record_app_payload(const struct register_state *state, const struct record_app *record, struct writer *out)
{
    struct record_app before;
    uint8_t seq[8], revoked = record->revoked;
    if (record_app_read(state, &before) != LX_OK || strcmp(before.app, record->app) != 0) {
        return LX_EINVAL;
    }
    le64_store(seq, record->seq);
    rewrite(out, state, "seq", seq, sizeof seq);
    rewrite(out, state, "manifest", record->manifest.bytes, U256_BYTES);
    rewrite(out, state, "revoked", &revoked, 1);
    return written(out);
}

enum lx_err record_installed_payload(const struct register_state *state, const struct record_installed *record,
                                     struct writer *out)
{
    struct record_installed before;
    uint8_t seq[8];
    if (record_installed_read(state, &before) != LX_OK) {
        return LX_EINVAL;
    }
    le64_store(seq, record->seq);
    rewrite(out, state, "seq", seq, sizeof seq);
    rewrite(out, state, "list", record->list.bytes, U256_BYTES);
    return written(out);
}

enum lx_err record_device_data(const struct record_device *record, struct writer *out)
{
    uint8_t revoked = record->revoked;
    if (!device_name_is_valid(record->name)) {
        return LX_EINVAL;
    }
    field_put(out, "lx", FIELD_STRING, false, LX_DEVICE, strlen(LX_DEVICE));
    field_put(out, "name", FIELD_STRING, false, record->name, strlen(record->name));
    field_put(out, "genesis", FIELD_U256, true, record->genesis.bytes, U256_BYTES);
    field_put(out, "revoked", FIELD_U8, true, &revoked, 1);
    return written(out);
}
