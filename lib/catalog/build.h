/* SPDX-License-Identifier: MIT */
/** The steps of catalog_build, which tests and the fuzzer also take one by one. */
#ifndef LX_CATALOG_BUILD_H
#define LX_CATALOG_BUILD_H

#include "catalog.h"

/** Begins an empty catalog. */
void catalog_clear(struct catalog_work *w, struct catalog *c);

/** Verifies the owner's anchor and chain, once for all packages. */
void catalog_owner(const struct catalog_input *in, struct catalog_work *w);

/** Reads, verifies and adds the packages of a bundle to an empty catalog. */
void catalog_packages(struct cursor bundle, struct catalog_work *w, struct catalog *c);

/** Begins with no package. */
void fill_begin(struct catalog_runs *runs, struct catalog *c);

/**
 * Adds an authorised and checked package, which is number `index` and lies at `offset` of the bundle: all of it or nothing.
 * @return false with a sentence when it does not go together with those before it, or does not fit.
 */
MUST_USE bool fill_package(struct catalog *c, struct catalog_runs *runs, const struct package *p, uint32_t index,
                           uint64_t offset, char sentence[CATALOG_SENTENCE_BYTES]);

/** Finds the page with the signal trampolines in package 0. @return false with a sentence when there is none. */
MUST_USE bool fill_abi_program(struct catalog *c, char sentence[CATALOG_SENTENCE_BYTES]);

/** Formats a sentence that may be too long: it is then cut between characters, and ends with dots. */
void sentence_put(char *out, size_t cap_bytes, const char *text, ...) PRINTF_LIKE(3, 4);

#endif
