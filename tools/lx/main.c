/* SPDX-License-Identifier: MIT */
/** Finds the command that is meant, and runs it. See lx.h. */
#include <string.h>

#include "lx.h"

static const struct command *find(const char *name)
{
    for (size_t i = 0; i < command_count; i++) {
        if (strcmp(commands[i].name, name) == 0) {
            return &commands[i];
        }
    }
    return NULL;
}

int main(int argc, char **argv)
{
    struct arguments args;
    const struct command *command = NULL;
    tool_name = "lx";
    int words = 1;
    if (argc > 2) {
        words = 2;
        command = find(join(argv[1], " ", argv[2], NULL));
    }
    if (command == NULL) {
        words = 1;
        const char *name = argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ? "help" : argv[1];
        command = find(name);
    }
    if (command == NULL) {
        fprintf(stderr, "lx: there is no command \"%s\"; lx help lists them\n", argv[1]);
        return STATUS_USAGE;
    }
    int used = argc < 1 + words ? argc : 1 + words;
    arguments_read(command, argc - used, argv + used, &args);
    return command->run(&args);
}
