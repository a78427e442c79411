/* SPDX-License-Identifier: MIT */
/** Requests of the session and of others in any order, and records with any bytes under their seal: nothing but the password unlocks. */
#include "fake_place.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len_bytes);

static void parse_record(const uint8_t *bytes, size_t len_bytes)
{
    static struct keystore_record r;
    static uint8_t plain[KEYSTORE_PLAIN_BYTES], again[KEYSTORE_PLAIN_BYTES];
    memset(plain, 0, sizeof plain);
    memcpy(plain, bytes, len_bytes < sizeof plain ? len_bytes : sizeof plain);
    if (keystore_record_parse(plain, &r)) {
        keystore_record_put(&r, again);
        assert(memcmp(plain, again, sizeof plain) == 0); /* one form for each record */
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len_bytes)
{
    static uint8_t made[sizeof place];
    static bool is_made;
    char phrase[KEYSTORE_RECOVERY_BYTES], text[1024];
    uint8_t entropy[KEYSTORE_ENTROPY_BYTES];
    struct cursor c = cursor_of(bytes, len_bytes), piece;
    uint8_t what, len;
    if (!is_made) {
        place.now_ns = 1;
        start();
        is_made = make_profile(phrase);
        assert(is_made);
        memcpy(made, &place, sizeof made);
    }
    parse_record(bytes, len_bytes);
    (void)keystore_words_read(c, entropy);
    (void)keystore_describe(bytes, len_bytes, text, sizeof text);
    memcpy(&place, made, sizeof place);
    start();
    for (unsigned i = 0; i < 16 && cursor_u8(&c, &what) && cursor_u8(&c, &len); i++) {
        if (!cursor_take(&c, len < c.left_bytes ? len : c.left_bytes, &piece)) {
            break;
        }
        request.label = what & 15;
        request.len_bytes = (uint32_t)piece.left_bytes;
        memcpy(request.bytes, piece.at, piece.left_bytes);
        keystore_do(&keystore, &request, what >> 7 == 0, &reply);
        bool knows = memmem(bytes, len_bytes, PASSWORD, strlen(PASSWORD)) != NULL;
        assert(reply.len_bytes <= KEYSTORE_BYTES_MAX);
        assert(keystore.state == KEYSTORE_LOCKED || (knows && keystore.state == KEYSTORE_UNLOCKED));
        place.now_ns += 1ull << (what >> 4);
    }
    return 0;
}
