/* SPDX-License-Identifier: MIT */
/** Shows that keys come from a seed as specified, that a seed's chain verifies, and that no other seed can go on with it. */
#include "signer.h"
#include "unit.h"

#define TIME_S 1800000000u

static struct sigchain_network network;
static struct sigchain_register table[4];
static struct sigchain_verifier chain;
static struct signer signer;
static const struct signer_seed seed = {.bytes = {1, 2, 3}};
static const struct signer_seed other_seed = {.bytes = {1, 2, 4}};
static struct record_app app = {.app = "org.lx-os.demo", .seq = 1, .manifest = {{0xaa}}};
static struct record_installed installed = {.seq = 1, .list = {{0xbb}}};
static struct u256 app_address, list_address;

static void start(void)
{
    sigchain_network_of(NETWORK_HYBRID, "lx-os", &network);
    struct sigchain_setup setup = {.network = network, .registers = table, .register_capacity = ARRAY_LEN(table)};
    sigchain_verifier_init(&chain, &setup);
    signer = (struct signer){.seed = &seed, .chain = &chain, .time_s = TIME_S, .random = {5}};
    signer_address(&seed, app.app, &app_address);
    signer_address(&seed, SIGNER_INSTALLED_NAME, &list_address);
    app.seq = 1;
    installed.seq = 1;
}

static void keys_are_hashes_of_the_seed(void)
{
    uint8_t message[11 + 64 + 4], expected[64], secret[64];
    memcpy(message, "lx-os key/1", 11);
    memcpy(message + 11, seed.bytes, 64);
    memcpy(message + 75, "\x02\x01\x00\x00", 4);
    sk_of(SK512, message, sizeof message, expected);
    signer_secret(&seed, 0x102, secret);
    CHECK_BYTES(secret, expected, 64);

    struct u256 genesis, hash;
    uint8_t public_key[BRAINPOOL_PUBLIC_BYTES];
    start();
    signer_secret(&seed, 0, secret);
    CHECK_EQ(brainpool_public_of(secret, public_key), LX_OK);
    sk256_of(public_key, sizeof public_key, &hash);
    CHECK_EQ(signer_genesis(&seed, &network, &genesis), LX_OK);
    CHECK(u256_type(&genesis) == 0xa7 && memcmp(genesis.bytes, hash.bytes, 31) == 0);

    uint8_t named[16 + 64 + 4];
    memcpy(named, "lx-os register/1", 16);
    memcpy(named + 16, seed.bytes, 64);
    memcpy(named + 80, "demo", 4);
    sk256_of(named, sizeof named, &hash);
    struct u256 address;
    signer_address(&seed, "demo", &address);
    CHECK(u256_type(&address) == ADDRESS_OBJECT && memcmp(address.bytes, hash.bytes, 31) == 0);
    signer_address(&other_seed, "demo", &hash);
    CHECK(!u256_equal(&address, &hash));
}

static void a_chain_of_records_verifies(void)
{
    uint8_t first[SIGNER_TRANSACTION_BYTES];
    size_t first_bytes;
    struct record_app back;
    start();
    CHECK_EQ(signer_put_app(&signer, &app_address, &app), LX_OK);
    memcpy(first, signer.bytes, signer.len_bytes);
    first_bytes = signer.len_bytes;
    app.seq = 2;
    signer.time_s = 0; /* a clock that was set back */
    CHECK_EQ(signer_put_app(&signer, &app_address, &app), LX_OK);
    CHECK_EQ(chain.timestamp, TIME_S);
    CHECK_EQ(signer_put_installed(&signer, &list_address, &installed), LX_OK);
    installed.seq = 2;
    CHECK_EQ(signer_put_installed(&signer, &list_address, &installed), LX_OK);
    CHECK_EQ(chain.transaction_count, 4);
    CHECK(sigchain_genesis_is_bound(&chain));
    CHECK(record_app_read(&sigchain_find(&chain, &app_address)->state, &back) == LX_OK && back.seq == 2);

    struct u256 wrong_genesis = chain.genesis;
    struct sigchain_setup setup = chain.setup;
    sigchain_verifier_init(&chain, &setup);
    CHECK(sigchain_add(&chain, first, first_bytes) && sigchain_genesis_is_bound(&chain));
    wrong_genesis.bytes[0] ^= 1;
    chain.genesis = wrong_genesis;
    CHECK(!sigchain_genesis_is_bound(&chain));
}

static void a_chain_of_falcon_keys_verifies(void)
{
    static struct sigchain_falcon room;
    static const struct sigchain_falcon empty;
    static struct signer_seed falcon_seed;
    struct u256 genesis, other;
    falcon_seed = seed;
    falcon_seed.falcon = &room;
    start();
    signer.seed = &falcon_seed;
    CHECK_EQ(signer_put_app(&signer, &app_address, &app), LX_OK);
    app.seq = 2;
    CHECK_EQ(signer_put_app(&signer, &app_address, &app), LX_OK);
    CHECK(signer.len_bytes > FALCON_PUBLIC_BYTES + FALCON_SIGNATURE_BYTES);
    CHECK(sigchain_genesis_is_bound(&chain));
    CHECK(memcmp(&room, &empty, sizeof room) == 0); /* no key stays behind */
    CHECK_EQ(signer_genesis(&falcon_seed, &network, &genesis), LX_OK);
    CHECK_EQ(signer_genesis(&seed, &network, &other), LX_OK);
    CHECK(u256_equal(&genesis, &chain.genesis) && !u256_equal(&genesis, &other));
    signer.seed = &seed; /* the same secrets as keys of the other kind are another chain's */
    CHECK_EQ(signer_put_app(&signer, &app_address, &app), LX_EACCES);
}

static void each_error_has_its_cause(void)
{
    start();
    signer.time_s = 1000; /* before the version of transactions that we make */
    CHECK_EQ(signer_put_app(&signer, &app_address, &app), LX_EBADMSG);
    CHECK_EQ(chain.refusal.rule, SIGCHAIN_VERSION);
    signer.time_s = TIME_S;
    CHECK_EQ(signer_put_app(&signer, &app_address, &app), LX_OK);
    signer.seed = &other_seed;
    CHECK_EQ(signer_put_app(&signer, &app_address, &app), LX_EACCES);
    signer.seed = &seed;
    CHECK_EQ(signer_put_installed(&signer, &app_address, &installed), LX_EINVAL);
    CHECK_EQ(signer_put_app(&signer, &(struct u256){{9}}, &app), LX_EINVAL); /* no address of an object */
    struct record_app bad = app;
    strcpy(bad.app, "A");
    CHECK_EQ(signer_put_app(&signer, &list_address, &bad), LX_EINVAL);
    strcpy(bad.app, "other");
    CHECK_EQ(signer_put_app(&signer, &app_address, &bad), LX_EINVAL);
    CHECK_EQ(signer_begin(&signer), LX_OK);
    CHECK_EQ(signer_end(&signer), LX_EINVAL); /* no contract */
    CHECK_EQ(chain.transaction_count, 1);
    /* The owner's chain, and then a key that it did not announce. */
    struct u256 announced = chain.next;
    chain.next.bytes[0] ^= 1;
    CHECK_EQ(signer_put_app(&signer, &app_address, &app), LX_EACCES);
    chain.next = announced;
    CHECK_EQ(signer_put_app(&signer, &app_address, &app), LX_OK);
}

int main(void)
{
    static const struct unit_case cases[] = {
        {"signer: keys are hashes of the seed", keys_are_hashes_of_the_seed},
        {"signer: a chain of records verifies", a_chain_of_records_verifies},
        {"signer: a chain of Falcon keys verifies", a_chain_of_falcon_keys_verifies},
        {"signer: each error has its cause", each_error_has_its_cause},
    };
    return UNIT_MAIN(cases);
}
