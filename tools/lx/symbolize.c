/* SPDX-License-Identifier: MIT */
/**
 * lx symbolize: adds names to the addresses in reports of crashes, of components and of the kernel. Behind
 * "frame N of COMPONENT 0xADDRESS" it puts the function and, with --lines, file and line.
 */
#include <stdlib.h>
#include <string.h>

#include "lx.h"

enum { COMPONENTS_MAX = 64, NAME_BYTES = 32, LINE_BYTES = 4096 };

struct component {
    char name[NAME_BYTES];
    struct elf *elf; /* NULL until it is wanted */
    const char *path;
};

static struct component components[COMPONENTS_MAX];
static int component_count;

/* The report names components at the start of a line: "NAME" or "NAME from PROGRAM", perhaps with a note in brackets. */
static void read_report(const char *path, const char *programs, const char *kernel)
{
    components[component_count++] = (struct component){.name = "kernel", .path = kernel};
    char line[LINE_BYTES];
    char name[NAME_BYTES];
    char program[NAME_BYTES];
    FILE *f = fopen(path, "r");
    if (f == NULL) {
        fail("cannot read %s", path);
    }
    while (fgets(line, sizeof line, f) != NULL && component_count < COMPONENTS_MAX) {
        if (line[0] == ' ' || line[0] == '\n' || strncmp(line, "system ", 7) == 0) {
            continue;
        }
        int words = sscanf(line, "%31s from %31s", name, program);
        struct component *c = &components[component_count++];
        (void)copy_string(c->name, sizeof c->name, name);
        c->path = join(programs, "/", words == 2 ? program : name, ".elf", NULL);
    }
    fclose(f);
}

static struct component *find(const char *name)
{
    for (int i = 0; i < component_count; i++) {
        if (strcmp(components[i].name, name) == 0) {
            return &components[i];
        }
    }
    return NULL;
}

/* File and line of an address, by the cross tools. */
static void print_line(const char *path, uint64_t addr)
{
    char command[640];
    char line[512];
    snprintf(command, sizeof command, "aarch64-linux-gnu-addr2line -e '%s' 0x%llx", path, (unsigned long long)addr);
    FILE *f = popen(command, "r");
    if (f != NULL && fgets(line, sizeof line, f) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        printf(" (%s)", line);
    }
    if (f != NULL) {
        pclose(f);
    }
}

static void resolve(const char *name, unsigned frame, uint64_t addr, bool lines)
{
    struct component *c = find(name);
    if (c == NULL) {
        return;
    }
    if (c->elf == NULL) {
        c->elf = zalloc(sizeof *c->elf);
        elf_read(c->path, c->elf);
    }
    /* All frames but the first hold return addresses, which stand behind the call that they belong to. */
    uint64_t at = frame == 0 ? addr : addr - 4;
    const struct elf_symbol *f = elf_function(c->elf, at);
    if (f != NULL) {
        printf("  %s+0x%llx", f->name, (unsigned long long)(addr - f->addr));
    }
    if (lines) {
        print_line(c->path, at);
    }
}

int symbolize(const struct arguments *args)
{
    char line[LINE_BYTES];
    const char *report = args->operands[0];
    const char *build = path_beside(report, "..");
    const char *programs = args->options[OPTION_PROGRAMS];
    const char *kernel = args->options[OPTION_KERNEL];
    read_report(report, programs != NULL ? programs : join(build, "/arm64/services", NULL),
                kernel != NULL ? kernel : join(build, "/kernel/kernel.elf", NULL));
    while (fgets(line, sizeof line, stdin) != NULL) {
        unsigned frame;
        char name[NAME_BYTES];
        unsigned long long addr;
        const char *at = strstr(line, "frame ");
        line[strcspn(line, "\r\n")] = '\0';
        fputs(line, stdout);
        if (at != NULL && sscanf(at, "frame %u of %31s 0x%llx", &frame, name, &addr) == 3) {
            resolve(name, frame, addr, args->options[OPTION_LINES] != NULL);
        }
        putchar('\n');
    }
    return STATUS_OK;
}
