/* SPDX-License-Identifier: MIT */
/**
 * Conditions of a contract, evaluated for whoever claims it: comparisons of times and ids, joined by AND or OR, in groups.
 * Owns:   nothing.    Uses: base.
 * Limits: see condition_evaluate in register.h. One pass, no recursion; GROUPS_MAX groups deep.
 * Source: docs/spec/register.md section 7
 */
#include "register.h"

#define GROUPS_MAX 16u
#define WORDS_MAX  8u

enum code {
    CODE_U8 = 0x70,
    CODE_U16 = 0x71,
    CODE_U32 = 0x72,
    CODE_U64 = 0x73,
    CODE_U256 = 0x74,
    CODE_U512 = 0x75,
    CODE_EQUALS = 0x80,
    CODE_LESS = 0x81,
    CODE_GREATER = 0x82,
    CODE_NOT_EQUALS = 0x83,
    CODE_LESS_EQUALS = 0x85,
    CODE_GREATER_EQUALS = 0x86,
    CODE_ADD = 0x90,
    CODE_SUB = 0x91,
    CODE_AND = 0xa0,
    CODE_OR = 0xa1,
    CODE_GROUP = 0xa2,
    CODE_UNGROUP = 0xa3,
    CODE_CALLER_GENESIS = 0xc0,
    CODE_CALLER_TIMESTAMP = 0xc1,
    CODE_CONTRACT_GENESIS = 0xca,
    CODE_CONTRACT_TIMESTAMP = 0xcb,
};

/** A number of 64-bit words, least significant first. */
struct value {
    uint64_t word[WORDS_MAX];
    size_t word_count;
};

struct group {
    bool result;
    uint8_t join; /* 0: none yet, CODE_AND or CODE_OR */
};

static bool words_take(struct cursor *c, size_t word_count, struct value *out)
{
    out->word_count = word_count;
    for (size_t i = 0; i < word_count; i++) {
        if (!cursor_le64(c, &out->word[i])) {
            return false;
        }
    }
    return true;
}

static bool small_take(struct cursor *c, size_t len_bytes, struct value *out)
{
    uint8_t bytes[8] = {0};
    if (!cursor_copy(c, bytes, len_bytes)) {
        return false;
    }
    *out = (struct value){{le64_load(bytes)}, 1};
    return true;
}

static bool id_value(const struct u256 *id, struct value *out)
{
    struct cursor c = cursor_of(id->bytes, U256_BYTES);
    return words_take(&c, U256_BYTES / 8, out);
}

/** Takes one operand. */
static enum register_err operand_take(struct cursor *c, const struct condition_context *context, struct value *out)
{
    uint8_t code;
    bool ok = cursor_u8(c, &code);
    if (!ok) {
        return REGISTER_MALFORMED;
    }
    if (code >= CODE_U8 && code <= CODE_U64) {
        ok = small_take(c, (size_t)1 << (code - CODE_U8), out);
    } else if (code == CODE_U256 || code == CODE_U512) {
        ok = words_take(c, code == CODE_U256 ? U256_BYTES / 8 : U512_BYTES / 8, out);
    } else if (code == CODE_CALLER_GENESIS) {
        ok = id_value(&context->caller, out);
    } else if (code == CODE_CONTRACT_GENESIS) {
        ok = id_value(&context->author, out);
    } else if (code == CODE_CALLER_TIMESTAMP) {
        *out = (struct value){{context->caller_s}, 1};
    } else if (code == CODE_CONTRACT_TIMESTAMP) {
        *out = (struct value){{context->author_s}, 1};
    } else {
        return REGISTER_NOT_EXECUTABLE;
    }
    return ok ? REGISTER_OK : REGISTER_MALFORMED;
}

/** Takes an operand, and another one that is added to it or taken from it. */
static enum register_err value_take(struct cursor *c, const struct condition_context *context, struct value *out)
{
    struct value other;
    enum register_err err = operand_take(c, context, out);
    if (err != REGISTER_OK || cursor_is_empty(c) || (*c->at != CODE_ADD && *c->at != CODE_SUB)) {
        return err;
    }
    bool is_add = *c->at == CODE_ADD;
    c->at++;
    c->left_bytes--;
    err = operand_take(c, context, &other);
    if (err != REGISTER_OK) {
        return err;
    }
    if (out->word_count != 1 || other.word_count != 1) {
        return REGISTER_CONDITIONS;
    }
    if (!cursor_is_empty(c) && *c->at >= CODE_ADD && *c->at < CODE_AND) {
        return REGISTER_NOT_EXECUTABLE; /* the node reads such a chain from its end */
    }
    uint64_t sum;
    bool fits = is_add ? checked_add(out->word[0], other.word[0], &sum) : checked_sub(out->word[0], other.word[0], &sum);
    if (fits) {
        out->word[0] = sum;
    }
    return fits ? REGISTER_OK : REGISTER_CONDITIONS;
}

/** The node's order: the highest words that differ, by their difference as a signed number; longer ones are cut. */
static int64_t compare(const struct value *a, const struct value *b)
{
    size_t count = a->word_count < b->word_count ? a->word_count : b->word_count;
    while (count > 0) {
        count--;
        if (a->word[count] != b->word[count]) {
            uint64_t difference = a->word[count] - b->word[count];
            return difference <= INT64_MAX ? 1 : -1;
        }
    }
    return 0;
}

static enum register_err comparison_take(struct cursor *c, const struct condition_context *context, bool *out)
{
    struct value left, right;
    uint8_t code;
    enum register_err err = value_take(c, context, &left);
    if (err != REGISTER_OK) {
        return err;
    }
    if (!cursor_u8(c, &code)) {
        return REGISTER_MALFORMED;
    }
    bool is_known = code >= CODE_EQUALS && code <= CODE_GREATER_EQUALS && code != 0x84; /* 84: CONTAINS */
    if (!is_known) {
        return REGISTER_NOT_EXECUTABLE;
    }
    err = value_take(c, context, &right);
    if (err != REGISTER_OK) {
        return err;
    }
    int64_t order = compare(&left, &right);
    *out = code == CODE_EQUALS          ? order == 0
           : code == CODE_LESS          ? order < 0
           : code == CODE_GREATER       ? order > 0
           : code == CODE_NOT_EQUALS    ? order != 0
           : code == CODE_LESS_EQUALS   ? order <= 0
                                        : order >= 0;
    return REGISTER_OK;
}

static void fold(struct group *g, bool result)
{
    g->result = g->join == CODE_AND ? g->result && result : g->join == CODE_OR ? g->result || result : result;
}

/** Does what a code between comparisons says. @return false when it cannot stand there. */
static bool structure(uint8_t code, struct group *groups, size_t *depth)
{
    struct group *top = &groups[*depth];
    if (code == CODE_GROUP) {
        if (*depth + 1 == GROUPS_MAX) {
            return false;
        }
        groups[++*depth] = (struct group){false, 0};
        return true;
    }
    if (code == CODE_UNGROUP) {
        if (*depth == 0) {
            return false;
        }
        fold(&groups[--*depth], top->result);
        return true;
    }
    if (top->join != 0 && top->join != code) {
        return false; /* AND and OR in one group */
    }
    top->join = code;
    return true;
}

enum register_err condition_evaluate(struct cursor conditions, const struct condition_context *context, bool *out)
{
    struct group groups[GROUPS_MAX] = {{false, 0}};
    size_t depth = 0;
    bool result;
    if (cursor_is_empty(&conditions)) {
        return REGISTER_CONDITIONS;
    }
    while (!cursor_is_empty(&conditions)) {
        uint8_t code = *conditions.at;
        if (code >= CODE_AND && code <= CODE_UNGROUP) {
            conditions.at++;
            conditions.left_bytes--;
            if (!structure(code, groups, &depth)) {
                return REGISTER_CONDITIONS;
            }
            continue;
        }
        enum register_err err = comparison_take(&conditions, context, &result);
        if (err != REGISTER_OK) {
            return err;
        }
        fold(&groups[depth], result);
    }
    if (depth != 0) {
        return REGISTER_CONDITIONS;
    }
    *out = groups[0].result;
    return REGISTER_OK;
}
