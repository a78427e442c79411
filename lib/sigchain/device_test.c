/* SPDX-License-Identifier: MIT */
/** Shows that records device/1 are read as they were written, and that each rule refuses its own change. */
#include "sigchain.h"
#include "unit.h"

static struct register_state state;
static struct record_device device;

/* What a field is to be instead. */
struct change {
    const char *name;
    enum field_type type;
    bool is_mutable;
    const void *value;
    size_t value_bytes;
};

static const uint8_t genesis[32] = {7, 8, 9};

static enum lx_err read_with(const struct change *change, const char *left_out, const char *added)
{
    uint8_t zero = 0;
    struct writer w = writer_of(state.data, sizeof state.data);
    const struct change fields[] = {
        {"lx", FIELD_STRING, false, "device/1", 8},
        {"name", FIELD_STRING, false, "phone", 5},
        {"genesis", FIELD_U256, true, genesis, 32},
        {"revoked", FIELD_U8, true, &zero, 1},
    };
    for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
        const struct change *f = change != NULL && strcmp(change->name, fields[i].name) == 0 ? change : &fields[i];
        if (left_out == NULL || strcmp(left_out, f->name) != 0) {
            field_put(&w, f->name, f->type, f->is_mutable, f->value, f->value_bytes);
        }
    }
    if (added != NULL) {
        field_put(&w, added, FIELD_U8, true, &zero, 1);
    }
    state.type = REGISTER_OBJECT;
    state.data_bytes = (uint16_t)w.used_bytes;
    return record_device_read(&state, &device);
}

static void what_is_written_is_read(void)
{
    struct record_device out = {.name = "a phone, mine", .revoked = true};
    struct writer w = writer_of(state.data, sizeof state.data);
    memcpy(out.genesis.bytes, genesis, sizeof genesis);
    CHECK_EQ(record_device_data(&out, &w), LX_OK);
    state.type = REGISTER_OBJECT;
    state.data_bytes = (uint16_t)w.used_bytes;
    CHECK_EQ(record_device_read(&state, &device), LX_OK);
    CHECK(strcmp(device.name, out.name) == 0 && u256_equal(&device.genesis, &out.genesis) && device.revoked);
    CHECK(read_with(NULL, NULL, NULL) == LX_OK && !device.revoked);
    w = writer_of(state.data, 20);
    CHECK_EQ(record_device_data(&out, &w), LX_ENOSPC);
    strcpy(out.name, "");
    CHECK_EQ(record_device_data(&out, &w), LX_EINVAL);
    strcpy(out.name, "bell\a");
    CHECK_EQ(record_device_data(&out, &w), LX_EINVAL);
}

static void each_rule_refuses_its_own_change(void)
{
    static const uint8_t two = 2;
    static const struct {
        struct change change;
        enum lx_err err;
    } bad[] = {
        {{"lx", FIELD_STRING, false, "device/2", 8}, LX_ENOENT},
        {{"lx", FIELD_STRING, true, "device/1", 8}, LX_EINVAL},
        {{"lx", FIELD_STRING, false, "device/1\0x", 10}, LX_EINVAL},
        {{"name", FIELD_STRING, false, "", 0}, LX_EINVAL},
        {{"name", FIELD_STRING, false, "esc\x1b[", 5}, LX_EINVAL},
        {{"name", FIELD_STRING, false, "caf\xc3\xa9", 5}, LX_EINVAL},
        {{"name", FIELD_STRING, false, "phone\0y", 7}, LX_EINVAL},
        {{"name", FIELD_STRING, true, "phone", 5}, LX_EINVAL},
        {{"name", FIELD_STRING, false, "123456789012345678901234567890123", 33}, LX_EINVAL},
        {{"name", FIELD_BYTES, false, "phone", 5}, LX_EINVAL},
        {{"genesis", FIELD_U256, false, genesis, 32}, LX_EINVAL},
        {{"revoked", FIELD_U8, true, &two, 1}, LX_EINVAL},
        {{"revoked", FIELD_U8, false, "\0", 1}, LX_EINVAL},
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        enum lx_err err = read_with(&bad[i].change, NULL, NULL);
        if (err != bad[i].err) {
            printf("# change %zu, of %s\n", i, bad[i].change.name);
        }
        CHECK_EQ(err, bad[i].err);
    }
    CHECK_EQ(read_with(NULL, "lx", NULL), LX_ENOENT);
    CHECK_EQ(read_with(NULL, "name", NULL), LX_EINVAL);
    CHECK_EQ(read_with(NULL, "genesis", NULL), LX_EINVAL);
    CHECK_EQ(read_with(NULL, "revoked", NULL), LX_EINVAL);
    CHECK_EQ(read_with(NULL, NULL, "more"), LX_EINVAL);
    CHECK_EQ(read_with(NULL, NULL, NULL), LX_OK);
    state.type = REGISTER_RAW;
    CHECK_EQ(record_device_read(&state, &device), LX_ENOENT);
}

int main(void)
{
    static const struct unit_case cases[] = {
        {"device/1: what is written is read", what_is_written_is_read},
        {"device/1: each rule refuses its own change", each_rule_refuses_its_own_change},
    };
    return UNIT_MAIN(cases);
}
