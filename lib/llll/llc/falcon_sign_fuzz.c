/* SPDX-License-Identifier: MIT */
/**
 * Any numbers as what Falcon draws around, and, once in 512 inputs as it takes longer, a key pair changed in places:
 * a sample lies where it must, and what a damaged key signs is either valid or not given out.
 */
#include "falcon_sample.h"
#include "llc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/** A number below `limit` in magnitude, of eight bytes. */
static double number_of(const uint8_t *bytes, double limit)
{
    return (double)(int64_t)le64_load(bytes) * 0x1p-63 * limit * 0.999;
}

static void sample(const uint8_t *data, size_t size)
{
    struct falcon_generator g;
    uint8_t seed[FALCON_GENERATOR_SEED_BYTES] = {0};
    memcpy(seed, data + 16, size - 16 < sizeof seed ? size - 16 : sizeof seed);
    falcon_generator_init(&g, seed);
    double center = number_of(data, FALCON_CENTER_MAX);
    double middle = (FALCON_DEVIATION_MAX + FALCON_DEVIATION_MIN) / 2;
    double deviation = middle + number_of(data + 8, (FALCON_DEVIATION_MAX - FALCON_DEVIATION_MIN) / 2);
    for (unsigned i = 0; i < 4; i++) {
        double distance = (double)falcon_gaussian(&g, center, 1 / deviation) - center;
        assert(distance < 20 && distance > -20); /* the widest draw is 18 to either side */
        assert(g.at_byte < FALCON_GENERATOR_BYTES);
    }
}

static void damaged_key(const uint8_t *data, size_t size)
{
    static struct falcon_key good, key;
    static struct falcon_secret_work work;
    static struct falcon_work verify_work;
    static const uint8_t secret[FALCON_SECRET_BYTES] = {1};
    uint8_t signature[FALCON_SIGNATURE_BYTES];
    if (good.public_key[0] == 0) {
        enum lx_err made = falcon_key_of_secret(secret, &good, &work);
        assert(made == LX_OK);
    }
    key = good;
    uint8_t *parts = (uint8_t *)key.f; /* and g, F, G behind it */
    for (size_t i = 0; i + 3 <= size; i += 3) {
        parts[le16_load(data + i) % (4 * FALCON_DEGREE)] = data[i + 2];
    }
    if (falcon_sign(&key, data, size, signature, &work) == LX_OK) {
        enum lx_err err = falcon_verify_vartime(key.public_key, sizeof key.public_key, data, size, signature,
                                                sizeof signature, &verify_work);
        assert(err == LX_OK);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static unsigned calls;
    if (size < 17) {
        return 0;
    }
    sample(data, size);
    if (calls++ % 512 == 0) { /* the first one too, so that a kept input does it again */
        damaged_key(data, size);
    }
    return 0;
}
