/* SPDX-License-Identifier: MIT */
/** lx help, and the same as a manual page and for the shell's completion: all from the tables, so that none goes stale. */
#include <string.h>

#include "lx.h"

#define PROGRAM "keys, packages, approvals, chains and volumes of LX-OS"

static const char statuses[] = "0 done, or granted; 1 refused, or impossible; 2 called in a way that is none.";

/* ---- help ----------------------------------------------------------------------------------------------------------- */

static void list(void)
{
    printf("lx: " PROGRAM "\n\n");
    for (size_t i = 0; i < command_count; i++) {
        printf("  lx %-16s %s\n", commands[i].name, commands[i].summary);
    }
    printf("\nlx help COMMAND says more; topics of lx help:\n\n");
    for (size_t i = 0; i < topic_count; i++) {
        printf("  %-16s %s\n", topics[i].name, topics[i].summary);
    }
    printf("\nStatus: %s\n", statuses);
}

static void show(const struct command *command)
{
    printf("lx %s%s%s: %s\n\n%s\n", command->name, command->operands[0] == '\0' ? "" : " ", command->operands,
           command->summary, command->text);
    const char *head = "\n";
    for (unsigned i = 0; i < OPTION_COUNT; i++) {
        const struct option_form *form = &option_forms[i];
        if ((command->options >> i & 1) != 0) {
            const char *value = form->value == NULL ? "" : form->value;
            printf("%s  %c%c --%s %-*s %s\n", head, form->letter == 0 ? ' ' : '-', form->letter == 0 ? ' ' : form->letter,
                   form->name, 18 - (int)strlen(form->name), value, form->text);
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
    size_t chars = strlen(name);
    bool found = false;
    for (size_t i = 0; i < command_count; i++) {
        const char *is = commands[i].name;
        if (strncmp(is, name, chars) == 0 && (is[chars] == '\0' || is[chars] == ' ')) {
            printf("%s", found ? "\n" : "");
            show(&commands[i]);
            found = true;
        }
    }
    for (size_t i = 0; i < topic_count; i++) {
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

/* ---- the manual page ------------------------------------------------------------------------------------------------ */

/** Text for roff: backslashes and hyphens as they are, no line that begins as a request does. */
static void put_roff(const char *text)
{
    bool at_start = true;
    for (; *text != '\0'; text++) {
        if (at_start && (*text == '.' || *text == '\'')) {
            fputs("\\&", stdout);
        }
        if (*text == '\\') {
            fputs("\\e", stdout);
        } else if (*text == '-') {
            fputs("\\-", stdout);
        } else {
            putchar(*text);
        }
        at_start = *text == '\n';
    }
}

static void put_options(uint64_t which)
{
    for (unsigned i = 0; i < OPTION_COUNT; i++) {
        const struct option_form *form = &option_forms[i];
        if ((which >> i & 1) == 0) {
            continue;
        }
        fputs(".TP\n", stdout);
        if (form->letter != 0) {
            printf("\\fB\\-%c\\fR, ", form->letter);
        }
        fputs("\\fB\\-\\-", stdout);
        put_roff(form->name);
        printf("\\fR %s\n", form->value == NULL ? "" : form->value);
        put_roff(form->text);
        putchar('\n');
    }
}

int manual(const struct arguments *args)
{
    (void)args;
    printf(".\\\" Made by lx manual.\n.TH LX 1 \"\" \"LX-OS\" \"LX-OS\"\n.SH NAME\nlx \\- " PROGRAM "\n.SH SYNOPSIS\n");
    for (size_t i = 0; i < command_count; i++) {
        printf(".B lx %s\n%s%s.br\n", commands[i].name, commands[i].operands, commands[i].operands[0] == '\0' ? "" : "\n");
    }
    printf(".SH COMMANDS\n");
    for (size_t i = 0; i < command_count; i++) {
        printf(".SS lx %s %s\n.nf\n", commands[i].name, commands[i].operands);
        put_roff(commands[i].text);
        printf("\n.fi\n");
        put_options(commands[i].options);
    }
    for (size_t i = 0; i < topic_count; i++) {
        printf(".SH %s\n.nf\n", topics[i].name);
        put_roff(topics[i].text);
        printf("\n.fi\n");
    }
    printf(".SH EXIT STATUS\n%s\n.SH FILES\n$XDG_DATA_HOME/lx\\-os/keys, or ~/.local/share/lx\\-os/keys\n", statuses);
    return STATUS_OK;
}

/* ---- the shell ------------------------------------------------------------------------------------------------------ */

static size_t first_word_chars(const struct command *command)
{
    return strcspn(command->name, " ");
}

/** One case of the script: the options of a command. */
static void put_case(const struct command *command)
{
    printf("    '%s') words='", command->name);
    for (unsigned i = 0; i < OPTION_COUNT; i++) {
        if ((command->options >> i & 1) != 0) {
            printf("--%s ", option_forms[i].name);
        }
    }
    printf("' ;;\n");
}

int completion(const struct arguments *args)
{
    (void)args;
    printf("# eval \"$(lx completion)\" in ~/.bashrc\n_lx() {\n"
           "  local words= command=${COMP_WORDS[1]} now=${COMP_WORDS[COMP_CWORD]}\n"
           "  if [ \"$COMP_CWORD\" = 1 ]; then COMPREPLY=($(compgen -W '");
    for (size_t i = 0; i < command_count; i++) {
        bool is_new = i == 0 || strncmp(commands[i].name, commands[i - 1].name, first_word_chars(&commands[i]) + 1) != 0;
        if (is_new) {
            printf("%.*s ", (int)first_word_chars(&commands[i]), commands[i].name);
        }
    }
    printf("' -- \"$now\")); return; fi\n  case \"$command\" in\n");
    const char *family = "";
    for (size_t i = 0; i < command_count; i++) {
        size_t chars = first_word_chars(&commands[i]);
        if (commands[i].name[chars] == ' ' && strncmp(family, commands[i].name, chars + 1) != 0) {
            family = commands[i].name;
            printf("    %.*s) if [ \"$COMP_CWORD\" = 2 ]; then COMPREPLY=($(compgen -W '", (int)chars, family);
            for (size_t k = i; k < command_count && strncmp(family, commands[k].name, chars + 1) == 0; k++) {
                printf("%s ", commands[k].name + chars + 1);
            }
            printf("' -- \"$now\")); return; fi; command=\"$command ${COMP_WORDS[2]}\" ;;\n");
        }
    }
    printf("  esac\n  case \"$command\" in\n");
    for (size_t i = 0; i < command_count; i++) {
        put_case(&commands[i]);
    }
    printf("  esac\n  case \"$now\" in -*) COMPREPLY=($(compgen -W \"$words\" -- \"$now\")) ;; "
           "*) COMPREPLY=($(compgen -f -- \"$now\")) ;; esac\n}\ncomplete -o filenames -F _lx lx\n");
    return STATUS_OK;
}
