/* SPDX-License-Identifier: MIT */
/** Any bytes as a signature in DER: what is accepted is written back as the same bytes. Then as key and signature. */
#include "llc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t digest[BRAINPOOL_DIGEST_BYTES] = {1, 2, 3};
    static struct brainpool_work work;
    uint8_t r[64], s[64], back[BRAINPOOL_SIGNATURE_BYTES];
    if (brainpool_der_parse(data, size, r, s)) {
        bool written = brainpool_der_write(r, s, back);
        assert(written);
        assert(memcmp(back, data, sizeof back) == 0);
    }
    uint8_t any_r[64], any_s[64];
    bool is_any = brainpool_der_parse_any_length(data, size, any_r, any_s);
    if (brainpool_der_parse(data, size, r, s)) {
        assert(is_any); /* the one length is one of them, with the same numbers */
        assert(memcmp(r, any_r, 64) == 0 && memcmp(s, any_s, 64) == 0);
    }
    if (size == BRAINPOOL_PUBLIC_BYTES + BRAINPOOL_SIGNATURE_BYTES) {
        enum lx_err err = brainpool_verify_vartime(data, BRAINPOOL_PUBLIC_BYTES, digest, data + BRAINPOOL_PUBLIC_BYTES,
                                                   BRAINPOOL_SIGNATURE_BYTES, &work);
        assert(err != LX_OK); /* or somebody forged one */
    }
    return 0;
}
