/* SPDX-License-Identifier: MIT */
/**
 * Vectors: reads test data from files: hexadecimal, and strings and numbers out of JSON by the name of their field.
 * It takes fields in the order in which they stand and does not check JSON: the files are ours.
 * Owns:   the files' text, until the program ends.    Uses: stdio, stdlib. Header only. Paths are from the tree's top.
 */
#ifndef LX_VECTORS_H
#define LX_VECTORS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/** A piece of the text of a file. */
struct vectors {
    const char *at;
    size_t left_chars;
};

#define VECTORS_FILES_MAX 16u

static char *vectors_texts[VECTORS_FILES_MAX]; /**< kept until the end, so that pieces stay valid */
static size_t vectors_text_count;

/** Reads a whole file; a test cannot go on without it, so a missing one ends the program. */
static inline struct vectors vectors_open(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL || fseek(file, 0, SEEK_END) != 0) {
        printf("not ok cannot read %s; tests run from the top of the tree\n", path);
        exit(1);
    }
    size_t len = (size_t)ftell(file);
    char *text = (char *)malloc(len + 1);
    rewind(file);
    if (text == NULL || vectors_text_count == VECTORS_FILES_MAX || fread(text, 1, len, file) != len) {
        printf("not ok cannot read %s\n", path);
        exit(1);
    }
    fclose(file);
    text[len] = '\0';
    vectors_texts[vectors_text_count++] = text;
    return (struct vectors){text, len};
}

/** Finds the next place where `word` stands and moves just behind it. */
static inline bool vectors_skip(struct vectors *v, const char *word)
{
    const char *found = (const char *)memmem(v->at, v->left_chars, word, strlen(word));
    if (found == NULL) {
        return false;
    }
    size_t passed = (size_t)(found - v->at) + strlen(word);
    v->at += passed;
    v->left_chars -= passed;
    return true;
}

/** Takes the next string, "...", wherever it stands. */
static inline bool vectors_string(struct vectors *v, struct vectors *out)
{
    if (!vectors_skip(v, "\"")) {
        return false;
    }
    const char *end = (const char *)memchr(v->at, '"', v->left_chars);
    if (end == NULL) {
        return false;
    }
    *out = (struct vectors){v->at, (size_t)(end - v->at)};
    v->left_chars -= out->left_chars + 1;
    v->at = end + 1;
    return true;
}

/** Takes the string of the next field with this name: "name": "...". */
static inline bool vectors_field(struct vectors *v, const char *name, struct vectors *out)
{
    char quoted[64];
    snprintf(quoted, sizeof quoted, "\"%s\":", name);
    return vectors_skip(v, quoted) && vectors_string(v, out);
}

/** Takes the number of the next field with this name, in quotes or not. */
static inline bool vectors_number(struct vectors *v, const char *name, uint64_t *out)
{
    char quoted[64];
    snprintf(quoted, sizeof quoted, "\"%s\":", name);
    if (!vectors_skip(v, quoted)) {
        return false;
    }
    *out = strtoull(v->at + strspn(v->at, " \""), NULL, 10);
    return true;
}

/** Copies a piece of text, terminated. @return false when it does not fit. */
static inline bool vectors_text(struct vectors piece, char *out, size_t cap_chars)
{
    if (piece.left_chars >= cap_chars) {
        return false;
    }
    memcpy(out, piece.at, piece.left_chars);
    out[piece.left_chars] = '\0';
    return true;
}

/** Reads hexadecimal in the order in which it stands. @return its bytes; 0 when it is none, or longer than the room. */
static inline size_t vectors_hex(struct vectors piece, uint8_t *out, size_t cap_bytes)
{
    size_t len = piece.left_chars / 2;
    if (piece.left_chars % 2 != 0 || len > cap_bytes) {
        return 0;
    }
    for (size_t i = 0; i < len; i++) {
        char digits[3] = {piece.at[2 * i], piece.at[2 * i + 1], '\0'};
        char *end = digits;
        out[i] = (uint8_t)strtoul(digits, &end, 16);
        if (end != digits + 2) {
            return 0;
        }
    }
    return len;
}

/** Takes the bytes of the next field with this name, which must be exactly `len_bytes` of hexadecimal. */
static inline bool vectors_field_hex(struct vectors *v, const char *name, uint8_t *out, size_t len_bytes)
{
    struct vectors piece;
    return vectors_field(v, name, &piece) && vectors_hex(piece, out, len_bytes) == len_bytes;
}

#endif
