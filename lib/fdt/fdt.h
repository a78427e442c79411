/* SPDX-License-Identifier: MIT */
/**
 * Fdt: looks at a flattened device tree that comes from firmware, which nobody vouches for: its size, and single properties.
 * Owns:   nothing.    Uses: base.
 * Limits: trees up to 1 MiB, 16 levels; O(bytes); no allocation, no recursion. Board files are read by libfdt on the host.
 * Source: Devicetree specification 0.4 chapter 5
 */
#ifndef LX_FDT_H
#define LX_FDT_H

#include "base.h"

enum { FDT_BYTES_MAX = 1 << 20 };

/**
 * How many bytes of a tree are in use: up to the furthest end of its header and blocks. The rest of its total size is room to grow.
 * @param len_bytes that can be read at `tree`; at most FDT_BYTES_MAX are looked at.
 * @return false when this is no tree, or its blocks lie outside its total size.
 */
MUST_USE bool fdt_used(const void *tree, size_t len_bytes, size_t *used_out);

/**
 * Finds property `property` of the node `node` directly under the root ("" for the root itself).
 * @param out the property's bytes, which stay those of `tree`.
 * @return false when the tree is malformed, or there is no such property.
 */
MUST_USE bool fdt_find(const void *tree, size_t len_bytes, const char *node, const char *property, struct cursor *out);

#endif
