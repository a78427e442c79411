/* SPDX-License-Identifier: MIT */
/**
 * Text: what generated files contain, formatted into pages; and the same formats into a small buffer.
 * Owns:   the pages of a linux_text.    Uses: data.c.
 * Limits: formats: %s %c %d %u %x %o %%, with l, a minus, a zero and a width; no precision but %.Ns. Text stops growing at
 *         TEXT_BYTES_MAX or when memory ends.
 */
#include "core.h"

#define TEXT_BYTES_MAX (1u << 20)

void linux_text_put(struct linux_text *text, const void *bytes, size_t len_bytes)
{
    const uint8_t *from = bytes;
    while (len_bytes > 0 && !text->is_cut) {
        bool made;
        size_t at = (size_t)(text->len_bytes % PAGE_BYTES);
        uint8_t *page = text->len_bytes >= TEXT_BYTES_MAX
                            ? NULL
                            : data_page_make(text->memory, &text->data, text->len_bytes / PAGE_BYTES, MEM_CORE, &made);
        if (page == NULL) {
            text->is_cut = true;
            return;
        }
        size_t part = PAGE_BYTES - at < len_bytes ? PAGE_BYTES - at : len_bytes;
        memcpy(page + at, from, part);
        text->len_bytes += part;
        from += part;
        len_bytes -= part;
    }
}

void text_free(struct linux_text *text)
{
    data_cut(text->memory, &text->data, 0);
    text->len_bytes = 0;
}

/** Where formatted bytes go: a text, or a buffer that keeps the last byte for the zero. */
struct sink {
    struct linux_text *text;
    char *out;
    size_t cap_bytes, used_bytes;
};

static void put(struct sink *s, const char *bytes, size_t len)
{
    if (s->text != NULL) {
        linux_text_put(s->text, bytes, len);
        return;
    }
    size_t room = s->cap_bytes - 1 - s->used_bytes;
    size_t part = len < room ? len : room;
    memcpy(s->out + s->used_bytes, bytes, part);
    s->used_bytes += part;
}

struct field {
    bool left, zero;
    uint32_t width, precision;
};

static void put_padded(struct sink *s, const struct field *f, const char *bytes, size_t len)
{
    static const char spaces[] = "                ", zeros[] = "0000000000000000";
    size_t pad = f->width > len ? f->width - len : 0;
    if (f->left) {
        put(s, bytes, len);
    }
    bool zero = f->zero && !f->left;
    if (zero && len > 0 && bytes[0] == '-') {
        put(s, bytes, 1);
        bytes++;
        len--;
    }
    while (pad > 0) {
        size_t part = pad < sizeof(spaces) - 1 ? pad : sizeof(spaces) - 1;
        put(s, zero ? zeros : spaces, part);
        pad -= part;
    }
    if (!f->left) {
        put(s, bytes, len);
    }
}

static void put_number(struct sink *s, const struct field *f, uint64_t value, bool negative, uint32_t base)
{
    char digits[24];
    size_t at = sizeof(digits);
    do {
        digits[--at] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value != 0);
    if (negative) {
        digits[--at] = '-';
    }
    put_padded(s, f, digits + at, sizeof(digits) - at);
}

static const char *parse_field(const char *at, struct field *f)
{
    *f = (struct field){.precision = UINT32_MAX};
    while (*at == '-' || *at == '0') {
        f->left = f->left || *at == '-';
        f->zero = f->zero || *at == '0';
        at++;
    }
    while (*at >= '0' && *at <= '9') {
        f->width = f->width * 10 + (uint32_t)(*at++ - '0');
    }
    if (*at == '.') {
        at++;
        f->precision = 0;
        while (*at >= '0' && *at <= '9') {
            f->precision = f->precision * 10 + (uint32_t)(*at++ - '0');
        }
    }
    return at;
}

static void put_string(struct sink *s, const struct field *f, const char *string)
{
    size_t len = 0;
    while (len < f->precision && string[len] != '\0') {
        len++;
    }
    put_padded(s, f, string, len);
}

static uint64_t number_argument(va_list *arguments, bool is_long, bool is_signed, bool *negative)
{
    *negative = false;
    if (!is_signed) {
        return is_long ? va_arg(*arguments, unsigned long) : va_arg(*arguments, unsigned int);
    }
    int64_t value = is_long ? va_arg(*arguments, long) : va_arg(*arguments, int);
    *negative = value < 0;
    return value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
}

static void format(struct sink *s, const char *at, va_list *arguments)
{
    while (*at != '\0') {
        size_t plain = 0;
        while (at[plain] != '\0' && at[plain] != '%') {
            plain++;
        }
        put(s, at, plain);
        at += plain;
        if (*at == '\0') {
            break;
        }
        struct field field;
        at = parse_field(at + 1, &field);
        bool is_long = *at == 'l';
        while (*at == 'l') {
            at++;
        }
        bool negative;
        char c;
        switch (*at++) {
        case 's':
            put_string(s, &field, va_arg(*arguments, const char *));
            break;
        case 'c':
            c = (char)va_arg(*arguments, int);
            put_padded(s, &field, &c, 1);
            break;
        case 'd':
        case 'u':
        case 'x':
        case 'o': {
            char kind = at[-1];
            uint64_t value = number_argument(arguments, is_long, kind == 'd', &negative);
            put_number(s, &field, value, negative, kind == 'x' ? 16 : kind == 'o' ? 8 : 10);
            break;
        }
        default:
            put(s, at - 1, 1);
            break;
        }
    }
}

void text_vprint(struct linux_text *text, const char *fmt, va_list *arguments)
{
    struct sink s = {.text = text};
    format(&s, fmt, arguments);
}

void linux_text_print(struct linux_text *text, const char *fmt, ...)
{
    va_list arguments;
    va_start(arguments, fmt);
    text_vprint(text, fmt, &arguments);
    va_end(arguments);
}

size_t text_into(char *out, size_t cap_bytes, const char *fmt, ...)
{
    assert(cap_bytes > 0);
    struct sink s = {.out = out, .cap_bytes = cap_bytes};
    va_list arguments;
    va_start(arguments, fmt);
    format(&s, fmt, &arguments);
    va_end(arguments);
    out[s.used_bytes] = '\0';
    return s.used_bytes;
}
