/* SPDX-License-Identifier: MIT */
/**
 * Any two operations, the first on a state made of the third part: what is read is written as the same bytes, what is
 * executed leaves a state that reads back, and what is refused leaves the state as it was.
 */
#include "register.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct register_caller caller = {{{1, [31] = 0xb7}}, 77, 4};

/** What was read is written as the same bytes: there is one form of each operation. */
static void check_written_back(struct cursor bytes, const struct operation *op)
{
    static uint8_t back[65536];
    struct writer w = writer_of(back, sizeof back);
    bool is_put = operation_put(&w, op);
    assert(is_put);
    assert(w.overflow || (w.used_bytes == bytes.left_bytes && memcmp(back, bytes.at, w.used_bytes) == 0));
}

static void execute(struct cursor bytes, struct register_state *state)
{
    static struct register_state before, back;
    uint8_t serialised[REGISTER_STATE_BYTES_MAX];
    struct operation op;
    if (operation_parse(bytes, &op) != REGISTER_OK) {
        return;
    }
    check_written_back(bytes, &op);
    if (!operation_has_register(op.code)) {
        return;
    }
    before = *state;
    if (register_execute(&op, &caller, state) != REGISTER_OK) {
        assert(memcmp(&before, state, sizeof before) == 0);
        return;
    }
    struct writer w = writer_of(serialised, sizeof serialised);
    register_serialise(state, &w);
    assert(!w.overflow);
    struct cursor c = cursor_of(serialised, w.used_bytes);
    enum register_err err = register_parse(&c, &back);
    assert(err == REGISTER_OK);
    assert(register_equal(&back, state));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct register_state state;
    struct cursor c = cursor_of(data, size), first, second;
    uint16_t first_bytes, second_bytes;
    uint8_t type;
    if (!cursor_le16(&c, &first_bytes) || !cursor_le16(&c, &second_bytes) || !cursor_u8(&c, &type) ||
        !cursor_take(&c, first_bytes % 512, &first) || !cursor_take(&c, second_bytes % 512, &second)) {
        return 0;
    }
    memset(&state, 0, sizeof state);
    state.version = 1;
    state.type = (uint8_t)(1 + type % 4);
    state.owner = caller.genesis;
    state.data_bytes = (uint16_t)(c.left_bytes < REGISTER_DATA_BYTES_MAX ? c.left_bytes : REGISTER_DATA_BYTES_MAX);
    memcpy(state.data, c.at, state.data_bytes);
    state.checksum = register_checksum(&state);
    execute(first, &state);
    execute(second, &state);
    return 0;
}
