/* SPDX-License-Identifier: MIT */
/** Shows that the vectors of RFC 8949 that we support pass, each other one is refused by name, and rules have a bad case. */
#include "cbor.h"
#include "cbor_walk.h"
#include "unit.h"

struct vector {
    const char *hex;
    enum cbor_err err;
};

static size_t bytes_of_hex(const char *hex, uint8_t *out)
{
    size_t len = 0;
    for (; hex[2 * len] != '\0'; len++) {
        unsigned byte = 0;
        CHECK(sscanf(hex + 2 * len, "%2x", &byte) == 1);
        out[len] = (uint8_t)byte;
    }
    return len;
}

static void run(const struct vector *vectors, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint8_t bytes[128], back[128];
        size_t len = bytes_of_hex(vectors[i].hex, bytes);
        struct cbor_reader r;
        struct writer w = writer_of(back, sizeof back);
        cbor_reader_init(&r, bytes, len);
        bool ok = cbor_walk(&r, &w);
        if (r.err != vectors[i].err) {
            printf("# %s: %s, not %s\n", vectors[i].hex, cbor_err_text(r.err), cbor_err_text(vectors[i].err));
        }
        CHECK_EQ(r.err, vectors[i].err);
        CHECK(ok == (vectors[i].err == CBOR_OK));
        CHECK(!ok || (w.used_bytes == len && memcmp(back, bytes, len) == 0));
    }
}

/* RFC 8949 appendix A, all of its kinds that we have. */
static void rfc_vectors_pass(void)
{
    static const struct vector vectors[] = {
        {"00", 0}, {"01", 0}, {"0a", 0}, {"17", 0}, {"1818", 0}, {"1819", 0}, {"1864", 0}, {"1903e8", 0},
        {"1a000f4240", 0}, {"1b000000e8d4a51000", 0}, {"1bffffffffffffffff", 0}, {"f4", 0}, {"f5", 0}, {"40", 0},
        {"4401020304", 0}, {"60", 0}, {"6161", 0}, {"6449455446", 0}, {"62225c", 0}, {"62c3bc", 0}, {"63e6b0b4", 0},
        {"64f0908591", 0}, {"80", 0}, {"83010203", 0}, {"8301820203820405", 0},
        {"98190102030405060708090a0b0c0d0e0f101112131415161718181819", 0}, {"a0", 0}, {"a26161016162820203", 0},
        {"826161a161626163", 0}, {"a56161614161626142616361436164614461656145", 0},
    };
    run(vectors, ARRAY_LEN(vectors));
}

/* The rest of that appendix: every kind that manifests do not use. */
static void other_kinds_are_refused(void)
{
    static const struct vector vectors[] = {
        {"20", CBOR_UNSUPPORTED}, {"3903e7", CBOR_UNSUPPORTED}, {"c249010000000000000000", CBOR_UNSUPPORTED},
        {"f90000", CBOR_UNSUPPORTED}, {"fa47c35000", CBOR_UNSUPPORTED}, {"fb3ff199999999999a", CBOR_UNSUPPORTED},
        {"f6", CBOR_UNSUPPORTED}, {"f7", CBOR_UNSUPPORTED}, {"f0", CBOR_UNSUPPORTED}, {"f8ff", CBOR_UNSUPPORTED},
        {"c11a514b67b0", CBOR_UNSUPPORTED}, {"a201020304", CBOR_KIND}, {"5f42010243030405ff", CBOR_INDEFINITE},
        {"7f657374726561646d696e67ff", CBOR_INDEFINITE}, {"9fff", CBOR_INDEFINITE}, {"bf61610161629f0203ffff", CBOR_INDEFINITE},
    };
    run(vectors, ARRAY_LEN(vectors));
}

/* One bad vector for each rule, or one for each way to break it. */
static void each_rule_refuses(void)
{
    static const struct vector vectors[] = {
        {"", CBOR_SHORT},
        {"18", CBOR_SHORT},
        {"1b00000000000000", CBOR_SHORT},
        {"4401", CBOR_SHORT},
        {"8201", CBOR_SHORT},
        {"a16161", CBOR_SHORT},
        {"5bffffffffffffffff00", CBOR_SHORT},
        {"a17bffffffffffffffff00", CBOR_SHORT},
        {"1817", CBOR_NOT_SHORTEST},
        {"1900ff", CBOR_NOT_SHORTEST},
        {"1a0000ffff", CBOR_NOT_SHORTEST},
        {"1b00000000ffffffff", CBOR_NOT_SHORTEST},
        {"580100", CBOR_NOT_SHORTEST},
        {"780161", CBOR_NOT_SHORTEST},
        {"980100", CBOR_NOT_SHORTEST},
        {"b801616100", CBOR_NOT_SHORTEST},
        {"a178016100", CBOR_NOT_SHORTEST},
        {"1c", CBOR_UNSUPPORTED},
        {"1f", CBOR_UNSUPPORTED},
        {"ff", CBOR_UNSUPPORTED},
        {"f814", CBOR_UNSUPPORTED},
        {"61ff", CBOR_UTF8},
        {"62c080", CBOR_UTF8},
        {"63eda080", CBOR_UTF8},
        {"64f4908080", CBOR_UTF8},
        {"61c3", CBOR_UTF8},
        {"a161ff00", CBOR_UTF8},
        {"a2616200616100", CBOR_KEY_ORDER},
        {"a262616100616200", CBOR_KEY_ORDER}, /* a longer key stands behind a shorter one, whatever its letters */
        {"a2616100616100", CBOR_KEY_TWICE},
        {"81818181818181818000", CBOR_DEPTH},
        {"0000", CBOR_TRAILING},
        {"8000", CBOR_TRAILING},
    };
    run(vectors, ARRAY_LEN(vectors));
    static const struct vector deepest = {"8181818181818180", CBOR_OK};
    run(&deepest, 1);
}

static struct cbor_reader reader_of(const char *hex, uint8_t *bytes)
{
    struct cbor_reader r;
    cbor_reader_init(&r, bytes, bytes_of_hex(hex, bytes));
    return r;
}

/* What a parser with a format meets: {"a": 1, "bb": [2]}. */
static void a_schema_is_enforced(void)
{
    static const char *const map = "a261610162626281" "02";
    uint8_t bytes[64];
    uint64_t n = 0;
    struct cbor_reader r = reader_of(map, bytes);
    CHECK(cbor_map(&r, &n) && n == 2 && !cbor_key_if(&r, "b") && cbor_key_if(&r, "a") && cbor_uint(&r, &n) && n == 1);
    CHECK(cbor_key_is(&r, "bb") && cbor_peek(&r) == CBOR_ARRAY && cbor_array(&r, &n) && cbor_uint(&r, &n) && n == 2);
    CHECK(cbor_peek(&r) == CBOR_NOTHING && cbor_leave(&r) && cbor_leave(&r) && cbor_finish(&r));

    r = reader_of(map, bytes);
    CHECK(cbor_map(&r, &n) && !cbor_key_is(&r, "b") && r.err == CBOR_KEY && cbor_offset(&r) == 3);
    CHECK(!cbor_uint(&r, &n) && !cbor_key_if(&r, "bb") && !cbor_leave(&r) && !cbor_finish(&r)); /* an error stays */
    CHECK_EQ(r.err, CBOR_KEY);

    r = reader_of(map, bytes);
    bool b = false;
    CHECK(cbor_map(&r, &n) && cbor_key_is(&r, "a") && !cbor_bool(&r, &b) && r.err == CBOR_KIND);
    r = reader_of(map, bytes);
    CHECK(cbor_map(&r, &n) && cbor_key_is(&r, "a") && cbor_uint(&r, &n) && !cbor_leave(&r) && r.err == CBOR_EXTRA);
    r = reader_of("a0", bytes);
    CHECK(cbor_map(&r, &n) && n == 0 && !cbor_key_is(&r, "a") && r.err == CBOR_MISSING);
    r = reader_of("80", bytes);
    CHECK(cbor_array(&r, &n) && n == 0 && !cbor_uint(&r, &n) && r.err == CBOR_MISSING);
    r = reader_of("430102" "03", bytes);
    uint8_t out[4] = {9, 9, 9, 9};
    CHECK(!cbor_bytes_fixed(&r, out, 2) && r.err == CBOR_KIND && out[0] == 9);
    r = reader_of("43010203", bytes);
    CHECK(cbor_bytes_fixed(&r, out, 3) && out[2] == 3 && out[3] == 9 && cbor_finish(&r));
    r = reader_of("00", bytes);
    CHECK(!cbor_finish(&r) && r.err == CBOR_MISSING);
}

static void writer_uses_the_shortest_form(void)
{
    static const uint64_t numbers[] = {0, 23, 24, 255, 256, 65535, 65536, UINT32_MAX, UINT64_C(1) << 32, UINT64_MAX};
    static const size_t lens[] = {1, 1, 2, 2, 3, 3, 5, 5, 9, 9};
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
        uint8_t bytes[16];
        uint64_t back = 1;
        struct writer w = writer_of(bytes, sizeof bytes);
        struct cbor_reader r;
        cbor_put_uint(&w, numbers[i]);
        CHECK_EQ(w.used_bytes, lens[i]);
        cbor_reader_init(&r, bytes, w.used_bytes);
        CHECK(cbor_uint(&r, &back) && cbor_finish(&r));
        CHECK_EQ(back, numbers[i]);
    }
}

int main(void)
{
    static const struct unit_case cases[] = {
        {"cbor: the RFC's vectors pass", rfc_vectors_pass},
        {"cbor: other kinds are refused", other_kinds_are_refused},
        {"cbor: each rule refuses its bad vectors", each_rule_refuses},
        {"cbor: a format is enforced", a_schema_is_enforced},
        {"cbor: the writer uses the shortest form", writer_uses_the_shortest_form},
    };
    return UNIT_MAIN(cases);
}
