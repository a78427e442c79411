/* SPDX-License-Identifier: MIT */
/** Reads package.lx: one statement a line, words between blanks, # begins a comment. See description.h. */
#include <stdlib.h>
#include <string.h>

#include "description.h"

#define WORDS_MAX 512
#define BLANKS    " \t\r"

/** A line, cut into words. */
struct line {
    const char *path;
    int number;
    int count;
    char *words[WORDS_MAX];
};

/** Makes room for one more in an array that grows by doubling. */
static void *grown(void *array, size_t count, size_t item_bytes)
{
    if (count == 0 || is_power_of_two(count)) {
        array = realloc(array, (count == 0 ? 1 : 2 * count) * item_bytes);
        if (array == NULL) {
            fail("out of memory");
        }
    }
    return array;
}

/* ---- words ---------------------------------------------------------------------------------------------------------- */

static const char *variable(const struct line *line, const struct variables *v, const char *name, size_t name_chars)
{
    for (int i = 0; i < v->count; i++) {
        if (strncmp(v->texts[i], name, name_chars) == 0 && v->texts[i][name_chars] == '=') {
            return v->texts[i] + name_chars + 1;
        }
    }
    fail_at(line->path, line->number, "nothing says what ${%.*s} is; add %.*s=... to the command line", (int)name_chars,
            name, (int)name_chars, name);
}

/** Puts the values of variables where ${NAME} stands. */
static const char *expanded(const struct line *line, const struct variables *v, const char *word)
{
    const char *start = strstr(word, "${");
    if (start == NULL) {
        return word;
    }
    const char *end = strchr(start, '}');
    if (end == NULL) {
        fail_at(line->path, line->number, "%s: there is no } to ${", word);
    }
    char *front = join(word, NULL);
    front[start - word] = '\0';
    const char *value = variable(line, v, start + 2, (size_t)(end - start - 2));
    return join(front, value, expanded(line, v, end + 1), NULL);
}

static uint64_t number(const struct line *line, const char *word, int base, uint64_t most)
{
    char *end;
    unsigned long long n = strtoull(word, &end, base);
    if (word[0] < '0' || word[0] > '9' || *end != '\0' || n > most || strlen(word) > 18) {
        fail_at(line->path, line->number, base == 8 ? "%s: not octal digits up to 0%llo" : "%s: not a number up to %llu", word,
                (unsigned long long)most);
    }
    return n;
}

/** 4096, 64K, 16M, 1G: bytes. */
static uint64_t size(const struct line *line, const char *word)
{
    static const char units[] = "KMG";
    size_t chars = strlen(word);
    const char *unit = chars > 1 ? strchr(units, word[chars - 1]) : NULL;
    char *digits = join(word, NULL);
    unsigned shift = 0;
    if (unit != NULL && *unit != '\0') {
        digits[chars - 1] = '\0';
        shift = 10 * (unsigned)(unit - units + 1);
    }
    return number(line, digits, 10, UINT64_MAX >> 1 >> shift) << shift;
}

static void must_have(const struct line *line, int least, int most, const char *form)
{
    if (line->count < least || line->count > most) {
        fail_at(line->path, line->number, "it is: %s", form);
    }
}

/* ---- statements ----------------------------------------------------------------------------------------------------- */

static struct described *add_entry(const struct line *line, struct description *d, enum manifest_kind kind,
                                   const char *path)
{
    d->entries = grown(d->entries, d->entry_count, sizeof *d->entries);
    struct described *out = &d->entries[d->entry_count++];
    *out = (struct described){.line = line->number};
    out->file.kind = kind;
    out->file.path = cursor_of(path, strlen(path));
    return out;
}

/** MODE [UID:GID] from word `at` on. */
static void read_rights(const struct line *line, int at, struct manifest_file *out)
{
    out->mode = (uint32_t)number(line, line->words[at], 8, 07777);
    if (line->count > at + 1) {
        char *uid = join(line->words[at + 1], NULL);
        char *colon = strchr(uid, ':');
        if (colon == NULL) {
            fail_at(line->path, line->number, "%s: an owner is USER:GROUP, as numbers", uid);
        }
        *colon = '\0';
        out->uid = (uint32_t)number(line, uid, 10, UINT32_MAX);
        out->gid = (uint32_t)number(line, colon + 1, 10, UINT32_MAX);
    }
}

static void read_file_line(const struct line *line, const struct variables *v, struct description *d)
{
    must_have(line, 4, 5, "file HOST-PATH PATH MODE [USER:GROUP]");
    struct described *e = add_entry(line, d, MANIFEST_FILE, line->words[2]);
    e->host_path = path_beside(line->path, expanded(line, v, line->words[1]));
    read_rights(line, 3, &e->file);
}

static void read_dir_line(const struct line *line, struct description *d)
{
    must_have(line, 3, 4, "dir PATH MODE [USER:GROUP]");
    read_rights(line, 2, &add_entry(line, d, MANIFEST_DIR, line->words[1])->file);
}

static void read_link_line(const struct line *line, struct description *d)
{
    must_have(line, 3, WORDS_MAX, "link TARGET PATH...");
    for (int i = 2; i < line->count; i++) {
        struct described *e = add_entry(line, d, MANIFEST_LINK, line->words[i]);
        e->file.target = cursor_of(line->words[1], strlen(line->words[1]));
    }
}

static void read_request_line(const struct line *line, struct description *d)
{
    bool is_write = line->count > 1 && strcmp(line->words[1], "write") == 0;
    must_have(line, 3, 3, "request read PATH, or request write PATH");
    if (!is_write && strcmp(line->words[1], "read") != 0) {
        fail_at(line->path, line->number, "it is: request read PATH, or request write PATH");
    }
    uint32_t n = d->requests.file_count++;
    d->files = grown(d->files, n, sizeof *d->files);
    d->files[n] = (struct manifest_request){cursor_of(line->words[2], strlen(line->words[2])), is_write};
}

static void read_device_line(const struct line *line, struct description *d)
{
    must_have(line, 2, 2, "device NAME");
    uint32_t n = d->requests.device_count++;
    d->devices = grown(d->devices, n, sizeof *d->devices);
    d->devices[n] = line->words[1];
}

/** A statement of one value, which may stand there once. */
static bool read_value_line(const struct line *line, struct description *d)
{
    const char *what = line->words[0];
    const char *value = line->count > 1 ? line->words[1] : "";
    size_t chars = strlen(value);
    if (strcmp(what, "name") == 0) {
        if (d->name != NULL) {
            fail_at(line->path, line->number, "the name stands there twice; remove one");
        }
        d->name = value;
    } else if (strcmp(what, "arch") == 0) {
        d->arch = value;
    } else if (strcmp(what, "memory") == 0) {
        d->requests.memory_bytes = size(line, value);
    } else if (strcmp(what, "cpu") == 0) {
        if (chars < 2 || value[chars - 1] != '%') {
            fail_at(line->path, line->number, "it is: cpu PERCENT%%, as in cpu 50%%");
        }
        char *digits = join(value, NULL);
        digits[chars - 1] = '\0';
        d->requests.cpu_percent = (uint32_t)number(line, digits, 10, 100);
    } else if (strcmp(what, "network") == 0) {
        d->requests.network = strcmp(value, "yes") == 0;
        if (!d->requests.network && strcmp(value, "no") != 0) {
            fail_at(line->path, line->number, "it is: network yes, or network no");
        }
    } else {
        return false;
    }
    must_have(line, 2, 2, join(what, " VALUE", NULL));
    return true;
}

static void read_statement(const struct line *line, const struct variables *v, struct description *d)
{
    const char *what = line->words[0];
    if (strcmp(what, "file") == 0) {
        read_file_line(line, v, d);
    } else if (strcmp(what, "dir") == 0) {
        read_dir_line(line, d);
    } else if (strcmp(what, "link") == 0) {
        read_link_line(line, d);
    } else if (strcmp(what, "request") == 0) {
        read_request_line(line, d);
    } else if (strcmp(what, "device") == 0) {
        read_device_line(line, d);
    } else if (!read_value_line(line, d)) {
        fail_at(line->path, line->number,
                "\"%s\" is none of name, arch, memory, cpu, network, request, device, file, dir, link", what);
    }
}

static void cut(struct line *line, char *text)
{
    char *rest = text;
    line->count = 0;
    text[strcspn(text, "#")] = '\0';
    for (char *word = strtok_r(rest, BLANKS, &rest); word != NULL; word = strtok_r(NULL, BLANKS, &rest)) {
        if (line->count == WORDS_MAX) {
            fail_at(line->path, line->number, "more than %d words; begin another line", WORDS_MAX);
        }
        line->words[line->count++] = word;
    }
}

void description_read(const char *path, const struct variables *variables, struct description *out)
{
    static struct line line;
    struct bytes file = read_file(path);
    *out = (struct description){.path = path, .arch = MANIFEST_ARCH};
    sha256_of(file.at, file.len_bytes, &out->provenance);
    if (memchr(file.at, 0, file.len_bytes) != NULL) {
        fail("%s is no text", path);
    }
    char *text = zalloc(file.len_bytes + 1);
    memcpy(text, file.at, file.len_bytes);
    line.path = path;
    line.number = 0;
    for (char *next = text; next != NULL;) {
        char *start = strsep(&next, "\n");
        line.number++;
        cut(&line, start);
        if (line.count > 0) {
            read_statement(&line, variables, out);
        }
    }
    if (out->name == NULL) {
        fail("%s: there is no line \"name APP\"", path);
    }
}
