/* SPDX-License-Identifier: MIT */
/** Private to lib/keystore: what keystore.c and profile.c share. */
#ifndef LX_KEYSTORE_PRIVATE_H
#define LX_KEYSTORE_PRIVATE_H

#include "keystore.h"

/* Offsets in the secret. The rest is zero. docs/spec/keystore.md section 2 */
enum { SECRET_KIND = 0, SECRET_SEED = 8, SECRET_VOLUME = 72, SECRET_TEXTS = 128, SECRET_TEXT_ROOM = 128 };
_Static_assert(SECRET_TEXTS + 3 * SECRET_TEXT_ROOM <= KEYSTORE_SECRET_BYTES, "name, password and PIN fit");
_Static_assert(KEYSTORE_PASSWORD_BYTES_MIN <= SECRET_TEXT_ROOM - 1, "texts have a length in front");

/** SHA-256 of a label, without its zero, and 32 secret bytes, and more bytes. */
void derive_key(const char *label, const uint8_t secret[32], const void *more, size_t more_bytes, uint8_t out[32]);

/** Takes a text of `min` to `max` bytes. */
bool take_text(struct cursor *c, size_t min, size_t max, struct cursor *out);
void put_text(struct writer *w, const char *text);

/** Seals the secret for a record's genesis. */
void box_seal(struct keystore *k, const uint8_t key[32], const struct u256 *genesis, const uint8_t secret[KEYSTORE_SECRET_BYTES],
              struct keystore_box *out);
bool box_open(const uint8_t key[32], const struct u256 *genesis, const struct keystore_box *box, uint8_t secret[KEYSTORE_SECRET_BYTES]);

/** Brings k->next to the disk; only then it becomes k->record. @return false when the disk failed. */
bool record_write(struct keystore *k);

/* ---- profile.c: the requests that propose, and agreement */

uint64_t propose_own(struct keystore *k, struct cursor in, struct writer *out);
uint64_t propose_nexus(struct keystore *k, struct cursor in, struct writer *out);
uint64_t propose_device(struct keystore *k, struct cursor in, struct writer *out);
uint64_t agree(struct keystore *k, struct writer *out);
void proposal_forget(struct keystore *k);

#endif
