/* SPDX-License-Identifier: MIT */
/** How parsers refuse, and what they share. See read.h. */
#include "read.h"

#include "format.h"

static const char *rule_words(enum package_rule rule)
{
    switch (rule) {
    case PACKAGE_OK:
        return "nothing is wrong";
    case PACKAGE_TOO_LARGE:
        return "larger, or more of them, than there may be; make it smaller, or split it";
    case PACKAGE_CBOR:
        return "not deterministic CBOR; it is damaged, or was not made by lx: make it again";
    case PACKAGE_VERSION:
        return "another format or version of it; use the lx of the same release";
    case PACKAGE_NAME:
        return "a name that cannot be; apps have 1 to 64 of a-z 0-9 . _ -, a letter or digit first";
    case PACKAGE_SEQ:
        return "the sequence number is 0; they begin with 1";
    case PACKAGE_VALUE:
        return "a number is larger than it may be";
    case PACKAGE_KIND:
        return "neither a file, a link nor a dir";
    case PACKAGE_MODE:
        return "rights that a package cannot give; use at most 0777, for a directory 01777, and 0111 for programs only";
    case PACKAGE_PATH:
        return "not an absolute path in its shortest form, too long, or with characters that cannot be shown";
    case PACKAGE_OWN_PATH:
        return "the system has files of its own there (/dev, /lx, /proc; and /tmp is a directory); choose another path";
    case PACKAGE_ORDER:
        return "not in order; it was not made by lx: make it again";
    case PACKAGE_TWICE:
        return "stands there twice; remove one";
    case PACKAGE_UNDER_FILE:
        return "lies under a path that is no directory; rename one of them";
    case PACKAGE_TARGET:
        return "the link's target is empty, too long, or has characters that cannot be shown";
    case PACKAGE_PROGRAM:
        return "a program that cannot be executed";
    case PACKAGE_MAGIC:
        return "not a package; name a file that lx pack made";
    case PACKAGE_LENGTH:
        return "it is cut, or bytes stand behind its end; get it again";
    case PACKAGE_RESERVED:
        return "a reserved field is not zero; use the lx of the same release, or get it again";
    case PACKAGE_PADDING:
        return "bytes between the parts are not zero; it was changed: get it again";
    case PACKAGE_PLACE:
        return "not where it must be; it was changed: get it again";
    case PACKAGE_CHAIN:
        return "not a chain file; it was changed: get it again";
    case PACKAGE_OBJECT_MISSING:
        return "its contents are not in the package; get it again";
    case PACKAGE_OBJECT_SIZE:
        return "its contents have another size than the manifest says; get it again";
    case PACKAGE_OBJECT_UNUSED:
        return "no file has these contents; it was changed: get it again";
    case PACKAGE_LEAVES:
        return "the leaf hashes do not give its root; it was changed: get it again";
    case PACKAGE_BYTES:
        return "the bytes do not give their hash; it was changed: get it again";
    case PACKAGE_VERITY:
        return "the manifest has another fs-verity digest than the contents; make it again";
    case PACKAGE_PROGRAM_DIFFERS:
        return "the program's headers are not those that the manifest has; make it again with lx pack";
    case PACKAGE_PROGRAM_MISSING:
        return "the manifest does not say how this program is mapped; make it again with lx pack";
    case PACKAGE_ANCHOR:
        return "not an anchor; name a file that lx approve wrote";
    }
    return "unknown";
}

bool package_refuse(struct package_refusal *why, enum package_rule rule, const char *words, const char *where, ...)
{
    va_list args;
    why->rule = rule;
    va_start(args, where);
    size_t used = format_list(why->sentence, sizeof why->sentence, where, args);
    va_end(args);
    format_text(why->sentence + used, sizeof why->sentence - used, ": %s", words == NULL ? rule_words(rule) : words);
    return false;
}

bool package_refuse_cbor(struct package_refusal *why, const struct cbor_reader *r, const char *what)
{
    if (why->rule == PACKAGE_OK) {
        package_refuse(why, PACKAGE_CBOR, NULL, "%s, byte %zu: %s", what, cbor_offset(r), cbor_err_text(r->err));
    }
    return false;
}

bool text_is_printable(struct cursor text)
{
    uint8_t before = 0;
    for (size_t i = 0; i < text.left_bytes; i++) {
        uint8_t byte = text.at[i];
        /* In UTF-8 the control characters of Latin-1 are c2 80 to c2 9f. */
        if (byte < 0x20 || byte == 0x7f || (before == 0xc2 && byte <= 0x9f)) {
            return false;
        }
        before = byte;
    }
    return true;
}

bool text_copy(struct cursor text, char *out, size_t cap_chars)
{
    if (text.left_bytes == 0 || text.left_bytes >= cap_chars || !text_is_printable(text)) {
        return false;
    }
    memcpy(out, text.at, text.left_bytes);
    out[text.left_bytes] = '\0';
    return true;
}

bool read_app_name(struct cbor_reader *r, char out[RECORD_APP_CHARS_MAX + 1], enum package_rule *rule)
{
    struct cursor text;
    char name[RECORD_APP_CHARS_MAX + 1];
    if (!cbor_text(r, &text)) {
        return false;
    }
    if (!text_copy(text, name, sizeof name) || !record_app_name_is_valid(name)) {
        *rule = PACKAGE_NAME;
        return false;
    }
    memcpy(out, name, sizeof name);
    return true;
}

bool read_format(struct cbor_reader *r, const char *format, enum package_rule *rule)
{
    struct cursor text;
    if (!cbor_key_is(r, "lx") || !cbor_text(r, &text)) {
        return false;
    }
    if (text.left_bytes != strlen(format) || memcmp(text.at, format, text.left_bytes) != 0) {
        *rule = PACKAGE_VERSION;
        return false;
    }
    return true;
}

bool read_number(struct cbor_reader *r, uint64_t max, uint64_t *out, enum package_rule *rule)
{
    uint64_t n;
    if (!cbor_uint(r, &n)) {
        return false;
    }
    if (n > max) {
        *rule = PACKAGE_VALUE;
        return false;
    }
    *out = n;
    return true;
}

bool read_array(struct cbor_reader *r, uint32_t max, uint32_t *count, enum package_rule *rule)
{
    uint64_t n;
    if (!cbor_array(r, &n)) {
        return false;
    }
    if (n > max) {
        *rule = PACKAGE_TOO_LARGE;
        return false;
    }
    *count = (uint32_t)n; /* at most `max` */
    return true;
}

void package_walk_start(struct package_walk *walk, struct cursor array)
{
    uint64_t count;
    cbor_reader_init(&walk->reader, array.at, array.left_bytes);
    walk->left_count = cbor_array(&walk->reader, &count) ? (uint32_t)count : 0; /* below a limit when it was parsed */
}
