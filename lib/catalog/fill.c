/* SPDX-License-Identifier: MIT */
/**
 * Files, objects, programs and segments of authorised packages. Packages are added one behind the other, so the files of each
 * are one sorted run of the catalog's, and a new package's files are compared with all earlier runs in one walk.
 *
 * Directories can be in several packages; the first one gives owner and mode. Any other path is one package's alone, and nothing
 * lies under another package's file or link.
 */
#include "build.h"
#include "format.h"

/** What is added, and to what; the counts of the catalog move only when all of it fits. */
struct filling {
    struct catalog *c;
    struct catalog_runs *runs;
    const struct package *p;
    uint32_t index;
    uint64_t offset;
    uint32_t first_object;
    char *sentence;
};

void fill_begin(struct catalog_runs *runs, struct catalog *c)
{
    memset(runs, 0, sizeof *runs);
    c->strings[0] = '\0'; /* offset 0 is the empty string, as of a file that is no link */
    c->string_bytes = 1;
    c->abi_program = CATALOG_NONE;
}

static bool too_many(const struct filling *f, const char *what, uint32_t max)
{
    sentence_put(f->sentence, CATALOG_SENTENCE_BYTES,
                 "%s %llu does not fit: this system holds %u %s of all packages together; leave a package out, or make it smaller",
                 f->p->manifest.name, (unsigned long long)f->p->manifest.seq, (unsigned)max, what);
    return false;
}

static bool put_string(struct filling *f, struct cursor text, uint32_t *at)
{
    struct catalog *c = f->c;
    if (text.left_bytes >= CATALOG_STRINGS_MAX - c->string_bytes) {
        return too_many(f, "bytes of paths", CATALOG_STRINGS_MAX);
    }
    *at = c->string_bytes;
    memcpy(c->strings + c->string_bytes, text.at, text.left_bytes);
    c->strings[c->string_bytes + text.left_bytes] = '\0';
    c->string_bytes += (uint32_t)text.left_bytes + 1; /* below CATALOG_STRINGS_MAX */
    return true;
}

/* ---- paths of several packages --------------------------------------------------------------------------------------- */

static struct cursor path_of(const struct catalog *c, const struct catalog_file *file)
{
    const char *path = c->strings + file->path;
    return cursor_of(path, strlen(path));
}

/** Both are absolute and normalised. */
static bool is_under(struct cursor path, struct cursor parent)
{
    return path.left_bytes > parent.left_bytes && path.at[parent.left_bytes] == '/' &&
           memcmp(path.at, parent.at, parent.left_bytes) == 0;
}

static bool clashes(const struct filling *f, struct cursor path, const struct catalog_file *other)
{
    const struct catalog *c = f->c;
    struct cursor theirs = path_of(c, other);
    int chars = path.left_bytes < 60 ? (int)path.left_bytes : 60;
    int their_chars = theirs.left_bytes < 60 ? (int)theirs.left_bytes : 60;
    sentence_put(f->sentence, CATALOG_SENTENCE_BYTES,
                 "%s %llu has %.*s, and %s before it in the bundle has %.*s; give one of them another path, or leave one out",
                 f->p->manifest.name, (unsigned long long)f->p->manifest.seq, chars, (const char *)path.at,
                 c->packages[other->package].name, their_chars, (const char *)theirs.at);
    return false;
}

/**
 * Looks a file up in the files of an earlier package. All that is under a path follows it at once, so only the neighbours of its
 * place count.
 */
static bool check_run(const struct filling *f, uint32_t run, const struct manifest_file *file, bool *is_there)
{
    const struct catalog *c = f->c;
    uint32_t first = f->runs->first_file[run], end = f->runs->first_file[run + 1];
    uint32_t at = f->runs->at[run];
    while (at < end && manifest_path_compare(path_of(c, &c->files[at]), file->path) < 0) {
        at++;
    }
    f->runs->at[run] = at;
    if (at > first && c->files[at - 1].kind != CATALOG_DIR && is_under(file->path, path_of(c, &c->files[at - 1]))) {
        return clashes(f, file->path, &c->files[at - 1]);
    }
    if (at == end) {
        return true;
    }
    struct cursor next = path_of(c, &c->files[at]);
    bool is_same = manifest_path_compare(next, file->path) == 0;
    bool both_are_dirs = file->kind == MANIFEST_DIR && c->files[at].kind == CATALOG_DIR;
    if ((is_same && !both_are_dirs) || (file->kind != MANIFEST_DIR && is_under(next, file->path))) {
        return clashes(f, file->path, &c->files[at]);
    }
    *is_there |= is_same;
    return true;
}

static bool check_path(const struct filling *f, const struct manifest_file *file, bool *is_there)
{
    *is_there = false;
    for (uint32_t run = 0; run < f->runs->count; run++) {
        if (!check_run(f, run, file, is_there)) {
            return false;
        }
    }
    return true;
}

/* ---- programs -------------------------------------------------------------------------------------------------------- */

static uint32_t rights_of(uint8_t prot)
{
    return ((prot & ELF_READ) != 0 ? (uint32_t)PAGER_READ : 0) | ((prot & ELF_WRITE) != 0 ? (uint32_t)PAGER_WRITE : 0) |
           ((prot & ELF_EXECUTE) != 0 ? (uint32_t)PAGER_EXECUTE : 0);
}

static bool put_program(struct filling *f, const struct elf_program *program, uint32_t object)
{
    struct catalog *c = f->c;
    const struct elf_load *last = &program->segments[program->segment_count - 1]; /* at least one, by rising address */
    if (c->program_count == CATALOG_PROGRAMS_MAX) {
        return too_many(f, "programs", CATALOG_PROGRAMS_MAX);
    }
    if (program->segment_count > CATALOG_SEGMENTS_MAX - c->segment_count) {
        return too_many(f, "segments of programs", CATALOG_SEGMENTS_MAX);
    }
    c->programs[c->program_count++] = (struct catalog_program){.entry = program->entry,
                                                               .phdr = program->phdr,
                                                               .start = program->segments[0].vaddr,
                                                               .end = last->vaddr + last->memory_bytes,
                                                               .phdr_count = program->phdr_count,
                                                               .relocatable = program->is_relocatable,
                                                               .object = f->first_object + object,
                                                               .package = f->index,
                                                               .first_segment = c->segment_count,
                                                               .segment_count = program->segment_count};
    for (uint32_t i = 0; i < program->segment_count; i++) {
        const struct elf_load *s = &program->segments[i];
        c->segments[c->segment_count++] = (struct catalog_segment){.offset = s->offset,
                                                                   .address = s->vaddr,
                                                                   .file_bytes = s->file_bytes,
                                                                   .memory_bytes = s->memory_bytes,
                                                                   .rights = rights_of(s->prot)};
    }
    return true;
}

/** The program of a file; files with the same bytes share it, as package_check found the same in all of them. */
static bool program_of(struct filling *f, const struct manifest_file *file, uint32_t object, uint32_t *out)
{
    uint32_t *known = &f->runs->program_of[object];
    *out = CATALOG_NONE;
    if (!file->is_program) {
        return true;
    }
    if (*known == CATALOG_NONE) {
        *known = f->c->program_count;
        if (!put_program(f, &file->program, object)) {
            return false;
        }
    }
    *out = *known;
    return true;
}

/* ---- objects and files ----------------------------------------------------------------------------------------------- */

static bool put_objects(struct filling *f)
{
    struct catalog *c = f->c;
    f->first_object = c->object_count;
    if (f->p->object_count > CATALOG_OBJECTS_MAX - c->object_count) {
        return too_many(f, "files with different contents", CATALOG_OBJECTS_MAX);
    }
    for (uint32_t i = 0; i < f->p->object_count; i++) {
        struct package_object object;
        package_object(f->p, i, &object);
        if (object.leaf_count > CATALOG_PAGES_MAX - f->runs->page_count) {
            return too_many(f, "pages", CATALOG_PAGES_MAX);
        }
        f->runs->page_count += object.leaf_count;
        f->runs->program_of[i] = CATALOG_NONE;
        struct catalog_object *o = &c->objects[c->object_count++];
        *o = (struct catalog_object){.offset = f->offset + object.offset, .len_bytes = object.size_bytes, .package = f->index};
        o->leaves_offset = f->offset + (uint64_t)((const uint8_t *)object.leaves - f->p->bytes.at);
        memcpy(o->root, object.root.bytes, sizeof o->root);
    }
    return true;
}

static bool put_file(struct filling *f, const struct manifest_file *file)
{
    struct catalog *c = f->c;
    uint32_t object;
    if (c->file_count == CATALOG_FILES_MAX) {
        return too_many(f, "files", CATALOG_FILES_MAX);
    }
    struct catalog_file *out = &c->files[c->file_count];
    *out = (struct catalog_file){.mode = file->mode,
                                 .uid = file->uid,
                                 .gid = file->gid,
                                 .package = f->index,
                                 .object = CATALOG_NONE,
                                 .program = CATALOG_NONE};
    out->kind = file->kind == MANIFEST_DIR ? CATALOG_DIR : file->kind == MANIFEST_LINK ? CATALOG_LINK : CATALOG_FILE;
    if (!put_string(f, file->path, &out->path) || (file->kind == MANIFEST_LINK && !put_string(f, file->target, &out->target))) {
        return false;
    }
    if (file->kind == MANIFEST_FILE && package_find(f->p, &file->root, &object)) { /* package_open found them all */
        out->size_bytes = file->size_bytes;
        out->object = f->first_object + object;
        if (!program_of(f, file, object, &out->program)) {
            return false;
        }
    }
    c->file_count++;
    return true;
}

static bool put_files(struct filling *f)
{
    struct manifest_file file;
    struct package_walk walk;
    bool is_there;
    for (uint32_t run = 0; run < f->runs->count; run++) {
        f->runs->at[run] = f->runs->first_file[run];
    }
    manifest_walk_files(&f->p->manifest, &walk);
    while (manifest_file_next(&walk, &file)) {
        if (!check_path(f, &file, &is_there) || (!is_there && !put_file(f, &file))) {
            return false;
        }
    }
    return true;
}

bool fill_package(struct catalog *c, struct catalog_runs *runs, const struct package *p, uint32_t index, uint64_t offset,
                  char sentence[CATALOG_SENTENCE_BYTES])
{
    struct filling f = {.c = c, .runs = runs, .p = p, .index = index, .offset = offset, .sentence = sentence};
    uint32_t files = c->file_count, objects = c->object_count, programs = c->program_count, segments = c->segment_count;
    uint32_t strings = c->string_bytes;
    uint64_t pages = runs->page_count;
    assert(runs->count < CATALOG_PACKAGES_MAX && index < CATALOG_PACKAGES_MAX);
    runs->first_file[runs->count] = files;
    if (put_objects(&f) && put_files(&f)) {
        runs->first_file[++runs->count] = c->file_count;
        return true;
    }
    c->file_count = files;
    c->object_count = objects;
    c->program_count = programs;
    c->segment_count = segments;
    c->string_bytes = strings;
    runs->page_count = pages;
    return false;
}

/* ---- the page with the signal trampolines ------------------------------------------------------------------------------ */

static bool fits_a_page(const struct catalog *c, const struct catalog_program *p)
{
    const struct catalog_segment *s = &c->segments[p->first_segment];
    return p->segment_count == 1 && p->relocatable != 0 && s->rights == (PAGER_READ | PAGER_EXECUTE) &&
           s->address % PAGE_BYTES == 0 && s->memory_bytes <= PAGE_BYTES;
}

bool fill_abi_program(struct catalog *c, char sentence[CATALOG_SENTENCE_BYTES])
{
    for (uint32_t i = 0; i < c->file_count && c->files[i].package == 0; i++) {
        const struct catalog_file *file = &c->files[i];
        if (file->program == CATALOG_NONE || strcmp(c->strings + file->path, CATALOG_ABI_PATH) != 0) {
            continue;
        }
        if (!fits_a_page(c, &c->programs[file->program])) {
            sentence_put(sentence, CATALOG_SENTENCE_BYTES,
                         CATALOG_ABI_PATH " of %s is not one relocatable page to read and execute; no program can start: build it again",
                         c->packages[0].name);
            return false;
        }
        c->abi_program = file->program;
        return true;
    }
    sentence_put(sentence, CATALOG_SENTENCE_BYTES,
                 "the first package of the bundle is refused or has no program " CATALOG_ABI_PATH
                 "; no program can start: put the base system first");
    return false;
}
