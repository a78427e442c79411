/* SPDX-License-Identifier: MIT */
/** Test scripts: one step or setting a line. See lxtest.h. */
#include <ctype.h>
#include <stdlib.h>

#include "lxtest.h"

/* \r \n \t \\ \xHH */
static size_t unescape(const char *from, char *to, size_t cap)
{
    size_t len = 0;
    for (; *from != '\0' && len < cap - 1; from++) {
        char c = *from;
        if (c == '\\' && from[1] != '\0') {
            from++;
            if (*from == 'x' && isxdigit((unsigned char)from[1]) && isxdigit((unsigned char)from[2])) {
                char hex[3] = {from[1], from[2], '\0'};
                c = (char)strtoul(hex, NULL, 16);
                from += 2;
            } else {
                c = *from == 'r' ? '\r' : *from == 'n' ? '\n' : *from == 't' ? '\t' : *from;
            }
        }
        to[len++] = c;
    }
    to[len] = '\0';
    return len;
}

static struct step *add_step(struct script *s, enum step_kind kind, int line, const char *text)
{
    if (s->step_count == STEPS_MAX) {
        return NULL;
    }
    struct step *step = &s->steps[s->step_count++];
    memset(step, 0, sizeof *step);
    step->kind = kind;
    step->line = line;
    step->len = unescape(text, step->text, sizeof step->text);
    return step;
}

static bool add_qemu_arguments(struct script *s, const char *rest)
{
    char word[64];
    int used = 0;
    while (sscanf(rest, "%63s%n", word, &used) == 1) {
        if (s->arg_count == ARGS_MAX) {
            return false;
        }
        (void)copy_string(s->args[s->arg_count++], sizeof s->args[0], word);
        rest += used;
    }
    return true;
}

static bool setting(struct script *s, const char *word, const char *rest)
{
    if (strcmp(word, "system") == 0) {
        return copy_string(s->system, sizeof s->system, rest);
    }
    if (strcmp(word, "icount") == 0) {
        s->icount = true;
        return true;
    }
    if (strcmp(word, "within") == 0) {
        s->limit_s = (unsigned)strtoul(rest, NULL, 10);
        return s->limit_s > 0;
    }
    if (strcmp(word, "disk") == 0) { /* disk MIB: an empty one, for this run */
        s->disk_mib = (unsigned)strtoul(rest, NULL, 10);
        return s->disk_mib > 0;
    }
    if (strcmp(word, "cases") == 0) {
        s->case_count = (unsigned)strtoul(rest, NULL, 10);
        return s->case_count > 0;
    }
    if (strcmp(word, "flip") == 0) {
        return sscanf(rest, "%63s %lu", s->flip_part, &s->flip_offset) == 2;
    }
    if (strcmp(word, "refuse") == 0) {
        return s->refused_count < (int)ARRAY_LEN(s->refused) &&
               unescape(rest, s->refused[s->refused_count++], TEXT_BYTES) > 0;
    }
    if (strcmp(word, "own-kernel") == 0) { /* the reason: the Makefile leaves such scripts out with another kernel */
        return rest[0] != '\0';
    }
    if (strcmp(word, "qemu") == 0) {
        return add_qemu_arguments(s, rest);
    }
    return false;
}

/* off; boot SYSTEM [readonly | nodisk | failing]; disk-write OFFSET LENGTH BYTE-or-random; cut COUNT US TEXT => TEXT AFTER; cut-over
 * COUNT US SYSTEM TEXT => TEXT AFTER.
 * @return whether it was understood; *is_mine is false for other words. */
static bool power_step(struct script *s, int number, const char *word, const char *rest, bool *is_mine)
{
    char how[16] = "";
    int used = 0;
    struct step *step;
    *is_mine = true;
    if (strcmp(word, "off") == 0) {
        return add_step(s, STEP_OFF, number, "") != NULL;
    }
    if (strcmp(word, "boot") == 0) {
        step = add_step(s, STEP_BOOT, number, "");
        if (step == NULL || sscanf(rest, "%63s %15s", step->key, how) < 1) {
            return false;
        }
        step->way = strcmp(how, "readonly") == 0 ? DISK_READ_ONLY : strcmp(how, "nodisk") == 0 ? DISK_NONE
                    : strcmp(how, "failing") == 0 ? DISK_FAILS_WRITES : DISK_PLAIN;
        return how[0] == '\0' || step->way != DISK_PLAIN;
    }
    if (strcmp(word, "disk-write") == 0) {
        step = add_step(s, STEP_DISK_WRITE, number, "");
        if (step == NULL || sscanf(rest, "%lu %lu %15s", &step->offset, &step->bytes, how) != 3) {
            return false;
        }
        step->value = strcmp(how, "random") == 0 ? 256 : (unsigned)strtoul(how, NULL, 10);
        return step->value <= 256;
    }
    bool is_over = strcmp(word, "cut-over") == 0;
    if (is_over || strcmp(word, "cut") == 0) {
        unsigned count;
        unsigned us;
        char first[64] = "";
        const char *arrow = strstr(rest, " => ");
        if (arrow == NULL || (is_over ? sscanf(rest, "%u %u %63s %n", &count, &us, first, &used) != 3
                                      : sscanf(rest, "%u %u %n", &count, &us, &used) != 2)) {
            return false;
        }
        char from[TEXT_BYTES];
        snprintf(from, sizeof from, "%.*s", (int)(arrow - rest) - used, rest + used);
        step = add_step(s, STEP_CUT, number, from);
        if (step == NULL) {
            return false;
        }
        step->count = count;
        step->us = us;
        (void)copy_string(step->key, sizeof step->key, first);
        return unescape(arrow + 4, step->after, sizeof step->after) > 0;
    }
    *is_mine = false;
    return false;
}

static bool line_of(struct script *s, int number, char *text)
{
    char word[32];
    int used = 0;
    text[strcspn(text, "\n")] = '\0';
    if (text[0] == '#' && s->title[0] == '\0') {
        (void)copy_string(s->title, sizeof s->title, text + strspn(text, "# "));
    }
    if (text[0] == '#' || sscanf(text, "%31s%n", word, &used) != 1) {
        return true;
    }
    const char *rest = text + used + (text[used] == ' ');
    struct step *step;
    bool is_mine;
    bool good = power_step(s, number, word, rest, &is_mine);
    if (is_mine) {
        return good;
    }
    if (strcmp(word, "expect") == 0) {
        return add_step(s, STEP_EXPECT, number, rest) != NULL;
    }
    if (strcmp(word, "send") == 0) {
        return add_step(s, STEP_SEND, number, rest) != NULL;
    }
    if (strcmp(word, "wait") == 0) {
        step = add_step(s, STEP_WAIT, number, "");
        return step != NULL && sscanf(rest, "%u", &step->ms) == 1;
    }
    if (strcmp(word, "crash") == 0) { /* crash COMPONENT FUNCTION TEXT */
        char component[64];
        char function[64];
        if (sscanf(rest, "%63s %63s %n", component, function, &used) != 2) {
            return false;
        }
        step = add_step(s, STEP_CRASH, number, rest + used);
        s->memory_file = true;
        return step != NULL && step->len > 0 && copy_string(step->key, sizeof step->key, component) &&
               copy_string(step->function, sizeof step->function, function);
    }
    if (strcmp(word, "in-memory") == 0 || strcmp(word, "not-in-memory") == 0) {
        s->memory_file = true;
        return add_step(s, word[0] == 'i' ? STEP_IN_MEMORY : STEP_NOT_IN_MEMORY, number, rest) != NULL;
    }
    if (strcmp(word, "flip-memory") == 0) {
        step = add_step(s, STEP_FLIP_MEMORY, number, "");
        s->memory_file = true;
        if (step == NULL || sscanf(rest, "%63s %n", step->key, &used) != 1) {
            return false;
        }
        bool is_number = sscanf(rest + used, "%lu", &step->offset) == 1;
        return is_number || copy_string(step->text, sizeof step->text, rest + used);
    }
    char key[64];
    char unit[32];
    if (strcmp(word, "measure") == 0) { /* measure KEY UNIT TEXT BEFORE THE NUMBER */
        if (sscanf(rest, "%63s %31s %n", key, unit, &used) != 2) {
            return false;
        }
        step = add_step(s, STEP_MEASURE, number, rest + used);
        return step != NULL && copy_string(step->key, sizeof step->key, key) && copy_string(step->unit, sizeof step->unit, unit);
    }
    if (strcmp(word, "peer") == 0) { /* of the measure before it */
        step = s->step_count == 0 ? NULL : &s->steps[s->step_count - 1];
        return step != NULL && step->kind == STEP_MEASURE && sscanf(rest, "%llu %31s", &step->peer_value, step->peer) == 2;
    }
    return setting(s, word, rest);
}

bool script_read(const char *path, struct script *out)
{
    char text[512];
    int number = 0;
    FILE *f = fopen(path, "r");
    if (f == NULL) {
        fprintf(stderr, "lxtest: cannot read %s\n", path);
        return false;
    }
    memset(out, 0, sizeof *out);
    out->path = path;
    out->limit_s = 90;
    bool good = true;
    while (good && fgets(text, sizeof text, f) != NULL) {
        number++;
        good = line_of(out, number, text);
    }
    fclose(f);
    if (!good) {
        fprintf(stderr, "lxtest: %s:%d: not understood\n", path, number);
        return false;
    }
    if (out->title[0] == '\0' || out->system[0] == '\0' || out->step_count == 0) {
        fprintf(stderr, "lxtest: %s: a test needs a title (its first comment), a system and a step\n", path);
        return false;
    }
    return true;
}
