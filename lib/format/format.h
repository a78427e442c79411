/* SPDX-License-Identifier: MIT */
/**
 * Format: printf's common conversions into a buffer of the caller, without locale, floating point, allocation or recursion.
 *
 *   %d %i %u %x %X %o %c %s %p %%      sizes: l, ll, z      flags: - 0      width, and precision of %s: digits or *
 *
 * Owns:   nothing.    Uses: base, <stdarg.h>.
 * Limits: widths are cut to the buffer. Any other conversion is copied as it stands, and its argument is not taken.
 */
#ifndef LX_FORMAT_H
#define LX_FORMAT_H

#include <stdarg.h>

#include "base.h"

/**
 * Writes at most `cap_bytes` - 1 characters and a NUL to `out`; `cap_bytes` > 0.
 * @return the length of what was written, without the NUL: never more than fits.
 */
size_t format_text(char *out, size_t cap_bytes, const char *text, ...) PRINTF_LIKE(3, 4);
size_t format_list(char *out, size_t cap_bytes, const char *text, va_list args) PRINTF_LIKE(3, 0);

#endif
