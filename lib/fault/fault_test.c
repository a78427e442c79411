/* SPDX-License-Identifier: MIT */
/** Shows the sentence of every kind of fault, and that it is cut where its buffer ends. */
#include "fault.h"

#include <sel4/sel4.h>

#include "unit.h"

static char out[160];

static const char *sentence(uint64_t label, const uint64_t *words)
{
    size_t len = fault_sentence(out, sizeof out, label, words);
    CHECK_EQ(len, strlen(out));
    return out;
}

static void says_what_happened(void)
{
    const uint64_t write[FAULT_WORDS] = {0x400100, 0x10, 0, 0x93c18046};
    const uint64_t read[FAULT_WORDS] = {0x400100, 0x2000, 0, 0x9200000f};
    const uint64_t jump[FAULT_WORDS] = {0x10, 0x10, 1, 0x82000006};
    const uint64_t undefined[FAULT_WORDS] = {0x400200, 0x1000, 0, 0, 0x2000000};
    const uint64_t syscall[FAULT_WORDS] = {0, 0, 0, 0, 0, 0, 0, 0, 0x400300, 0, 0, 0, (uint64_t)-99};
    const uint64_t cap[FAULT_WORDS] = {0x400400, 77, 1};
    const uint64_t timeout[FAULT_WORDS] = {0, 2000};
    CHECK(strcmp(sentence(seL4_Fault_VMFault, write),
                 "write to 0x10 where nothing is mapped, at 0x400100 (syndrome 0x93c18046)") == 0);
    CHECK(strstr(sentence(seL4_Fault_VMFault, read), "read of 0x2000 which its rights do not allow") != NULL);
    CHECK(strstr(sentence(seL4_Fault_VMFault, jump), "jump to 0x10 where nothing is mapped") != NULL);
    CHECK(strstr(sentence(seL4_Fault_UserException, undefined), "undefined instruction") != NULL);
    CHECK(strstr(sentence(seL4_Fault_UnknownSyscall, syscall), "unknown system call -99, at 0x400300") != NULL);
    CHECK(strstr(sentence(seL4_Fault_CapFault, cap), "receive through capability 77") != NULL);
    CHECK(strstr(sentence(seL4_Fault_Timeout, timeout), "budget used up after 2000 us") != NULL);
    CHECK(strcmp(sentence(99, timeout), "fault 99") == 0);
}

static void is_cut(void)
{
    const uint64_t words[FAULT_WORDS] = {0};
    CHECK_EQ(fault_sentence(out, 8, seL4_Fault_VMFault, words), 7);
    CHECK_EQ(strlen(out), 7);
}

int main(void)
{
    static const struct unit_case cases[] = {
        {"fault: says what happened", says_what_happened},
        {"fault: is cut where the buffer ends", is_cut},
    };
    return UNIT_MAIN(cases);
}
