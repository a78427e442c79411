/* SPDX-License-Identifier: MIT */
/**
 * Fdt: finds one property in a flattened device tree that comes from firmware, which nobody vouches for.
 * Owns:   nothing.    Uses: base.
 * Limits: trees up to 1 MiB, 16 levels; O(bytes); no allocation, no recursion. Board files are read by libfdt on the host.
 * Source: Devicetree specification 0.4 chapter 5
 */
#ifndef LX_FDT_H
#define LX_FDT_H

#include "base.h"

/**
 * Finds property `property` of the node `node` directly under the root ("" for the root itself).
 * @param out the property's bytes, which stay those of `tree`.
 * @return false when the tree is malformed, or there is no such property.
 */
MUST_USE bool fdt_find(const void *tree, size_t len_bytes, const char *node, const char *property, struct cursor *out);

#endif
