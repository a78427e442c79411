/* SPDX-License-Identifier: MIT */
/** lx help: commands from their table, and topics. */
#include <string.h>

#include "lx.h"

static const struct {
    const char *name, *summary, *text;
} topics[] = {
    {"package.lx", "descriptions of packages",
     "One statement a line; # begins a comment. Words have no blanks in them. Paths of the host are relative to the\n"
     "description; ${VARIABLE} in them is replaced by what the command line says.\n"
     "\n"
     "  name APP                                  1 to 64 of a-z 0-9 . _ -\n"
     "  arch aarch64-linux                        the only one, and what is meant without this line\n"
     "  file HOST-PATH PATH MODE [USER:GROUP]     a file; a program when it is ELF and MODE has an x\n"
     "  dir PATH MODE [USER:GROUP]                a directory; those on the way to files need not be named\n"
     "  link TARGET PATH...                       symbolic links\n"
     "  memory 64M, cpu 50%, network yes          what the package asks for; K, M, G are powers of 1024\n"
     "  request read PATH, request write PATH     files and directories outside of the package\n"
     "  device NAME                               a device\n"
     "\n"
     "Users and groups are numbers, 0:0 without. Programs must be static AArch64 ELF files."},
};

static void list(void)
{
    printf("lx: keys, packages, approvals and chains of LX-OS\n\n");
    for (size_t i = 0; i < command_count; i++) {
        printf("  lx %-12s %s\n", commands[i].name, commands[i].summary);
    }
    printf("\nlx help COMMAND says more; topics of lx help:\n\n");
    for (size_t i = 0; i < ARRAY_LEN(topics); i++) {
        printf("  %-15s %s\n", topics[i].name, topics[i].summary);
    }
    printf("\nStatus: 0 done or granted, 1 refused or impossible, 2 called in a way that is none.\n");
}

static void show(const struct command *command)
{
    printf("lx %s %s: %s\n\n%s\n", command->name, command->operands, command->summary, command->text);
    const char *head = "\n";
    for (unsigned i = 0; i < OPTION_COUNT; i++) {
        const struct option_form *form = &option_forms[i];
        char letter[3] = {form->letter == 0 ? ' ' : '-', form->letter == 0 ? ' ' : form->letter, '\0'};
        if ((command->options >> i & 1) != 0) {
            const char *value = form->value == NULL ? "" : form->value;
            printf("%s  %s --%s %-*s %s\n", head, letter, form->name, 16 - (int)strlen(form->name), value, form->text);
            head = "";
        }
    }
}

int help(const struct arguments *args)
{
    if (args->count == 0) {
        list();
        return STATUS_OK;
    }
    const char *name = args->count == 1 ? args->operands[0] : join(args->operands[0], " ", args->operands[1], NULL);
    bool found = false;
    for (size_t i = 0; i < command_count; i++) {
        const char *is = commands[i].name;
        size_t chars = strlen(name);
        if (strcmp(is, name) == 0 || (strncmp(is, name, chars) == 0 && is[chars] == ' ')) {
            printf("%s", found ? "\n" : "");
            show(&commands[i]);
            found = true;
        }
    }
    for (size_t i = 0; i < ARRAY_LEN(topics); i++) {
        if (strcmp(topics[i].name, name) == 0) {
            printf("%s\n", topics[i].text);
            found = true;
        }
    }
    if (!found) {
        fprintf(stderr, "lx help: there is neither a command nor a topic \"%s\"; lx help lists them\n", name);
    }
    return found ? STATUS_OK : STATUS_USAGE;
}
