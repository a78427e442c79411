/* SPDX-License-Identifier: MIT */
/** Any bytes as the next transaction of the profile's chain: refused with a sentence, and nothing is kept. */
#include "seen.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len_bytes);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len_bytes)
{
    static struct seen seen;
    static struct sigchain_verifier v;
    static struct sigchain_register registers[4];
    static uint8_t room[1 << 16];
    char sentence[SEEN_SENTENCE_BYTES] = "";
    struct sigchain_setup setup = {.registers = registers, .register_capacity = ARRAY_LEN(registers)};
    struct writer file = writer_of(room, sizeof room);
    sigchain_network_of(NETWORK_HYBRID, "lx-os", &setup.network);
    sigchain_verifier_init(&v, &setup);
    seen_none(&seen, "there is no disk");
    bool is_kept = seen_person_add(&seen, &v, cursor_of(bytes, len_bytes), &file, sentence);
    assert(!is_kept && sentence[0] != '\0' && seen.facts.chain_count == 0);
    return 0;
}
