/* SPDX-License-Identifier: MIT */
/** Shows that the chain of a device's profile grows one verified transaction at a time, outlives the power, and takes no other. */
#include "../llll/lld/fake.h"
#include "seen.h"
#include "signer.h"
#include "unit.h"

enum { BLOCK = 4096, COUNT = 4 };

static struct disk disk;
static struct lld_device device;
static struct seen seen;
static struct sigchain_verifier verifier;
static struct sigchain_register registers[8];
static uint8_t file_bytes[1 << 16];
static struct writer file;
static char sentence[SEEN_SENTENCE_BYTES];

static struct made {
    size_t len;
    uint8_t bytes[SIGNER_TRANSACTION_BYTES];
} made[2][COUNT];

static void begin(void)
{
    struct sigchain_setup setup = {.registers = registers, .register_capacity = ARRAY_LEN(registers)};
    sigchain_network_of(NETWORK_HYBRID, "lx-os", &setup.network);
    sigchain_verifier_init(&verifier, &setup);
    file = writer_of(file_bytes, sizeof file_bytes);
}

static void make_chain(uint8_t which)
{
    static struct signer signer;
    struct signer_seed seed = {.falcon = NULL};
    struct record_app record = {.app = "demo"};
    struct u256 address;
    memset(seed.bytes, which + 1, sizeof seed.bytes);
    begin();
    signer.seed = &seed;
    signer.chain = &verifier;
    for (uint32_t i = 0; i < COUNT; i++) {
        record.seq = i + 1;
        signer.time_s = 1800000000 + i;
        signer_address(&seed, "demo", &address);
        CHECK_EQ(signer_put_app(&signer, &address, &record), LX_OK);
        made[which][i].len = signer.len_bytes;
        memcpy(made[which][i].bytes, signer.bytes, signer.len_bytes);
    }
}

static bool add(uint8_t which, uint32_t i)
{
    begin();
    return seen_person_add(&seen, &verifier, cursor_of(made[which][i].bytes, made[which][i].len), &file, sentence);
}

static void start(void)
{
    static const uint8_t secret[LLD_SECRET_BYTES] = {1};
    seen_open(&seen, &device, false, secret);
}

static void fresh(void)
{
    disk_free(&disk);
    disk_make(&disk, BLOCK, 8 << 20, false);
    device = disk_device(&disk);
    start();
}

static bool has(uint32_t count)
{
    struct chain_file f;
    begin();
    return seen_person_file(&seen, &verifier, &file, sentence) && verifier.transaction_count == count &&
           chain_file_open(file.bytes, file.used_bytes, &f) == LX_OK && f.left_count == count;
}

static void the_chain_grows_and_outlives_the_power(void)
{
    fresh();
    CHECK(!has(0) && strstr(sentence, "no profile") != NULL);
    for (uint32_t i = 0; i < COUNT; i++) {
        CHECK(add(0, i) && has(i + 1));
        CHECK(add(0, i) && add(0, 0)); /* once more */
        start();
        CHECK(has(i + 1));
    }
    CHECK(seen.facts.chain_count == 1 && seen.facts.chains[0].roles == SEEN_PERSON);
}

static void nothing_else_is_taken(void)
{
    fresh();
    CHECK(!add(0, 1) && strstr(sentence, "does not begin") != NULL);
    CHECK(add(0, 0));
    CHECK(!add(1, 0) && strstr(sentence, "another profile") != NULL);
    CHECK(!add(0, 2) && strstr(sentence, "does not follow") != NULL);
    made[0][1].bytes[made[0][1].len - 1] ^= 1;
    CHECK(!add(0, 1) && strstr(sentence, "vchSig") != NULL);
    made[0][1].bytes[made[0][1].len - 1] ^= 1;
    made[0][1].len--;
    CHECK(!add(0, 1) && strstr(sentence, "not the bytes") != NULL);
    made[0][1].len++;
    begin();
    file.cap_bytes = 100;
    CHECK(!seen_person_add(&seen, &verifier, cursor_of(made[0][1].bytes, made[0][1].len), &file, sentence));
    CHECK(strstr(sentence, "too long") != NULL && has(1));
    CHECK(add(0, 1));
    seen_none(&seen, "there is no disk");
    CHECK(!add(0, 0) && strstr(sentence, "no disk") != NULL);
}

int main(void)
{
    static const struct unit_case cases[] = {
        {"seen: the chain of the profile grows and outlives the power", the_chain_grows_and_outlives_the_power},
        {"seen: no other chain, gap, damage or length is taken", nothing_else_is_taken},
    };
    make_chain(0);
    make_chain(1);
    return UNIT_MAIN(cases);
}
