/* SPDX-License-Identifier: MIT */
/**
 * Pinned: has the server read the same page of the program again and again, so that it keeps the page at hand while scrub replaces it.
 * The text is looked for by tests/system/scrub_pinned.test.
 */
#include <time.h>
#include <unistd.h>

static const char page[8192] __attribute__((aligned(4096))) = "a page that the server has at hand\n";

int main(void)
{
    const struct timespec nap = {0, 100000000};
    for (int i = 0; i < 80; i++) {
        if (write(1, page, 35) != 35) {
            return 1;
        }
        nanosleep(&nap, NULL);
    }
    return write(1, "pinned: done\n", 13) != 13;
}
