/* SPDX-License-Identifier: MIT */
/** The conversions of format.h: one specification is read into a struct, turned into characters, and padded. */
#include "format.h"

/** One conversion, as it stands between % and its letter. */
struct spec {
    bool left, zero;
    size_t width;
    size_t precision; /* SIZE_MAX: none */
    unsigned longs;   /* 0 int, 1 long, 2 long long or size_t: both have 64 bits */
};

struct out {
    char *at;
    size_t left; /* without the place for the NUL */
};

static void put(struct out *o, char c)
{
    if (o->left > 0) {
        *o->at++ = c;
        o->left--;
    }
}

static void put_padded(struct out *o, const struct spec *s, const char *text, size_t len, bool number)
{
    size_t pad = s->width > len ? s->width - len : 0;
    bool zeros = s->zero && number && !s->left;
    if (zeros && len > 0 && text[0] == '-') {
        put(o, '-');
        text++;
        len--;
    }
    for (size_t i = 0; i < pad && !s->left && o->left > 0; i++) {
        put(o, zeros ? '0' : ' ');
    }
    for (size_t i = 0; i < len; i++) {
        put(o, text[i]);
    }
    for (size_t i = 0; i < pad && s->left && o->left > 0; i++) {
        put(o, ' ');
    }
}

static void put_number(struct out *o, const struct spec *s, uint64_t n, unsigned base, bool negative, bool upper)
{
    char digits[24];
    size_t at = sizeof digits;
    do {
        digits[--at] = (upper ? "0123456789ABCDEF" : "0123456789abcdef")[n % base];
        n /= base;
    } while (n != 0);
    if (negative) {
        digits[--at] = '-';
    }
    put_padded(o, s, digits + at, sizeof digits - at, true);
}

/* A struct, so that a pointer to it can be passed on: va_list may be an array. */
struct args {
    va_list list;
};

static uint64_t take_unsigned(struct args *a, unsigned longs)
{
    return longs == 0 ? va_arg(a->list, unsigned) : longs == 1 ? va_arg(a->list, unsigned long) : va_arg(a->list, unsigned long long);
}

static int64_t take_signed(struct args *a, unsigned longs)
{
    return longs == 0 ? va_arg(a->list, int) : longs == 1 ? va_arg(a->list, long) : va_arg(a->list, long long);
}

static size_t take_size(const char **p, struct args *a)
{
    size_t n = 0;
    if (**p == '*') {
        int given = va_arg(a->list, int);
        (*p)++;
        return given < 0 ? 0 : (size_t)given;
    }
    while (**p >= '0' && **p <= '9' && n < 100000) {
        n = n * 10 + (size_t)(*(*p)++ - '0');
    }
    return n;
}

static const char *read_spec(const char *p, struct spec *s, struct args *a)
{
    *s = (struct spec){.precision = SIZE_MAX};
    for (; *p == '-' || *p == '0'; p++) {
        s->left |= *p == '-';
        s->zero |= *p == '0';
    }
    s->width = take_size(&p, a);
    if (*p == '.') {
        p++;
        s->precision = take_size(&p, a);
    }
    for (; (*p == 'l' || *p == 'z') && s->longs < 2; p++) {
        s->longs += *p == 'z' ? 2 : 1;
    }
    return p;
}

static void put_string(struct out *o, const struct spec *s, const char *text)
{
    size_t len = 0;
    text = text == NULL ? "(null)" : text;
    while (len < s->precision && text[len] != '\0') {
        len++;
    }
    put_padded(o, s, text, len, false);
}

/* @return false when the letter is none that we know. */
static bool convert(struct out *o, char letter, const struct spec *s, struct args *a)
{
    char c;
    int64_t n;
    switch (letter) {
    case 'd':
    case 'i':
        n = take_signed(a, s->longs);
        put_number(o, s, n < 0 ? 0 - (uint64_t)n : (uint64_t)n, 10, n < 0, false);
        return true;
    case 'u':
        put_number(o, s, take_unsigned(a, s->longs), 10, false, false);
        return true;
    case 'o':
        put_number(o, s, take_unsigned(a, s->longs), 8, false, false);
        return true;
    case 'x':
    case 'X':
        put_number(o, s, take_unsigned(a, s->longs), 16, false, letter == 'X');
        return true;
    case 'p':
        put(o, '0');
        put(o, 'x');
        put_number(o, s, (uint64_t)(uintptr_t)va_arg(a->list, void *), 16, false, false);
        return true;
    case 'c':
        c = (char)va_arg(a->list, int);
        put_padded(o, s, &c, 1, false);
        return true;
    case 's':
        put_string(o, s, va_arg(a->list, const char *));
        return true;
    case '%':
        put(o, '%');
        return true;
    default:
        return false;
    }
}

size_t format_list(char *out, size_t cap_bytes, const char *text, va_list args)
{
    assert(cap_bytes > 0);
    struct out o = {out, cap_bytes - 1};
    struct args a;
    va_copy(a.list, args);
    for (const char *p = text; *p != '\0'; p++) {
        struct spec s;
        if (*p != '%') {
            put(&o, *p);
            continue;
        }
        const char *letter = read_spec(p + 1, &s, &a);
        if (convert(&o, *letter, &s, &a)) {
            p = letter;
        } else {
            put(&o, '%');
        }
    }
    va_end(a.list);
    *o.at = '\0';
    return (size_t)(o.at - out);
}

size_t format_text(char *out, size_t cap_bytes, const char *text, ...)
{
    va_list args;
    va_start(args, text);
    size_t len = format_list(out, cap_bytes, text, args);
    va_end(args);
    return len;
}
