/* SPDX-License-Identifier: MIT */
/** Types, asks, forgets and lets time pass as the bytes say: a locked profile never gives the line away without its password. */
#include "fake_person.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len_bytes);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len_bytes)
{
    struct cursor c = cursor_of(bytes, len_bytes);
    uint8_t what, n;
    struct cursor piece;
    if (!cursor_u8(&c, &what)) {
        return 0;
    }
    fake_start(what % 5);
    while (cursor_u8(&c, &what) && cursor_u8(&c, &n)) {
        bool was_locked = fake.state == KEYSTORE_LOCKED;
        uint32_t releases = fake.releases;
        if (!cursor_take(&c, n % 64 < c.left_bytes ? n % 64 : c.left_bytes, &piece)) {
            break;
        }
        fake.len = 0;
        switch (what % 5) {
        case 0:
        case 1:
            dialog_input(&dialog, piece.at, piece.left_bytes);
            break;
        case 2:
            (void)dialog_ask(&dialog, what >> 5, "fs", n & 7, n >> 3 & 3, piece);
            break;
        case 3:
            dialog_forget(&dialog, what >> 5, n & 7);
            fake.now_ns += (uint64_t)n << 26;
            break;
        default:
            if (n % 3 == 0) {
                dialog_console_restarted(&dialog);
            }
            fake.forced = n % 7 == 0 ? PROTO_FAILED + n : 0;
        }
        assert(fake.len == 0 || memchr(fake.text, 0x1b, fake.len) == NULL); /* nobody's control sequence gets out */
        assert(!was_locked || fake.releases == releases || fake.state == KEYSTORE_UNLOCKED);
    }
    return 0;
}
