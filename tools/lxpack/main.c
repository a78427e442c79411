/* SPDX-License-Identifier: MIT */
/** The command line of lxpack. See lxpack.h. */
#include <stdio.h>

#include "lxpack.h"

static const char usage[] =
    "usage: lxpack pack -k KERNEL -l LOADER -p PROGRAMS -d BOARD.dtb -s KEY -o IMAGE [-r DIR] [NAME=FILE]... SYSTEM.sys\n"
    "           makes a signed boot image; -r: also DIR/report.txt and DIR/graph.dot\n"
    "       lxpack check -p PROGRAMS -d BOARD.dtb SYSTEM.sys\n"
    "           only checks a system file against its programs\n"
    "       lxpack key PRIVATE PUBLIC\n"
    "           makes a signing key unless there is one, and writes its public half\n"
    "       lxpack kernel FILE\n"
    "           says whether a kernel fits\n"
    "       lxpack inspect IMAGE\n"
    "           lists the parts of an image\n";

struct options {
    const char *kernel, *loader, *programs, *board, *key, *output, *reports, *system;
};

static NORETURN void bad_usage(void)
{
    fputs(usage, stderr);
    fail("that is not how it is called");
}

static void add_blob(struct system *s, const char *argument)
{
    const char *equals = strchr(argument, '=');
    struct blob *b = &s->blobs[s->blob_count];
    if (s->blob_count == BLOBS_MAX || (size_t)(equals - argument) >= sizeof b->name || equals == argument) {
        fail("\"%s\" is no NAME=FILE", argument);
    }
    memcpy(b->name, argument, (size_t)(equals - argument));
    if (!copy_string(b->path, sizeof b->path, equals + 1)) {
        fail("the path in \"%s\" is too long", argument);
    }
    b->from_command = true;
    s->blob_count++;
}

static void parse(int argc, char **argv, struct options *o, struct system *s)
{
    const struct {
        char letter;
        const char **value;
    } letters[] = {{'k', &o->kernel}, {'l', &o->loader}, {'p', &o->programs}, {'d', &o->board},
                   {'s', &o->key},    {'o', &o->output}, {'r', &o->reports}};
    for (int i = 2; i < argc; i++) {
        if (argv[i][0] != '-') {
            if (strchr(argv[i], '=') != NULL) {
                add_blob(s, argv[i]);
            } else {
                o->system = argv[i];
            }
            continue;
        }
        size_t k = 0;
        while (k < ARRAY_LEN(letters) && argv[i][1] != letters[k].letter) {
            k++;
        }
        if (k == ARRAY_LEN(letters) || argv[i][2] != '\0' || i + 1 == argc) {
            bad_usage();
        }
        *letters[k].value = argv[++i];
    }
}

static void read_system(const struct options *o, struct system *s)
{
    board_open(o->board);
    sysfile_read(o->system, s);
    match_all(s, o->programs);
    place_all(s);
    describe(s);
}

static void pack(const struct options *o, struct system *s)
{
    struct elf kernel;
    char path[512];
    kernel_read(o->kernel, &kernel);
    kernel_measure(&kernel, s);
    read_system(o, s);
    struct image_inputs in = {&kernel, read_file(o->loader), o->key};
    write_file(o->output, image_make(s, &in));
    if (o->reports != NULL) {
        snprintf(path, sizeof path, "%s/report.txt", o->reports);
        report_write(s, path);
        snprintf(path, sizeof path, "%s/graph.dot", o->reports);
        graph_write(s, path);
    }
}

int main(int argc, char **argv)
{
    static struct system s;
    struct options o = {0};
    tool_name = "lxpack";
    if (argc == 4 && strcmp(argv[1], "key") == 0) {
        image_key(argv[2], argv[3]);
    } else if (argc == 3 && strcmp(argv[1], "inspect") == 0) {
        image_inspect(argv[2]);
    } else if (argc == 3 && strcmp(argv[1], "kernel") == 0) {
        struct elf kernel;
        kernel_read(argv[2], &kernel);
        kernel_measure(&kernel, &s);
        printf(s.kernel_pages == 0 ? "%s fits\n" : "%s fits, and shows %u pages of its code\n", argv[2], s.kernel_pages);
    } else if (argc > 2 && strcmp(argv[1], "check") == 0) {
        parse(argc, argv, &o, &s);
        if (o.programs == NULL || o.board == NULL || o.system == NULL) {
            bad_usage();
        }
        read_system(&o, &s);
    } else if (argc > 2 && strcmp(argv[1], "pack") == 0) {
        parse(argc, argv, &o, &s);
        if (o.kernel == NULL || o.loader == NULL || o.programs == NULL || o.board == NULL || o.key == NULL ||
            o.output == NULL || o.system == NULL) {
            bad_usage();
        }
        pack(&o, &s);
    } else {
        bad_usage();
    }
    return 0;
}
