/* SPDX-License-Identifier: MIT */
/**
 * Any bytes as a register's state: what is accepted is written back as the same bytes; its fields, if it is an object,
 * are found.
 */
#include "register.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_fields(const uint8_t *data, size_t size)
{
    struct cursor c = cursor_of(data, size);
    struct field field;
    size_t count = 0;
    while (field_next(&c, &field)) {
        assert(field.name >= data);
        assert(field.value + field.value_bytes <= data + size);
        count++;
    }
    if (fields_are_valid(data, size)) {
        assert(count > 0);
        assert(cursor_is_empty(&c));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct register_state state;
    struct cursor c = cursor_of(data, size);
    if (register_parse(&c, &state) == REGISTER_OK) {
        uint8_t back[REGISTER_STATE_BYTES_MAX];
        struct writer w = writer_of(back, sizeof back);
        register_serialise(&state, &w);
        assert(!w.overflow);
        assert(w.used_bytes == size - c.left_bytes);
        assert(memcmp(back, data, w.used_bytes) == 0);
    }
    if (size <= REGISTER_DATA_BYTES_MAX) {
        check_fields(data, size);
    }
    return 0;
}
