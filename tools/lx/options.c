/* SPDX-License-Identifier: MIT */
/** Options and operands of a command line. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "lx.h"

const struct option_form option_forms[OPTION_COUNT] = {
    [OPTION_KEYS] = {"keys", 0, "DIR", "where keys are; else $LX_KEYS, $XDG_DATA_HOME/lx-os/keys or ~/.local/share/lx-os/keys"},
    [OPTION_FALCON] = {"falcon", 0, NULL, "sign with Falcon, which quantum computers do not break; signatures are six times as long"},
    [OPTION_KEY] = {"key", 'k', "NAME", "the key that signs"},
    [OPTION_FILE] = {"file", 'f', "FILE", "the description of the package; else package.lx"},
    [OPTION_OUTPUT] = {"output", 'o', "FILE", "where the result goes"},
    [OPTION_NAME] = {"name", 0, "NAME", "how you call the developer"},
    [OPTION_APPS] = {"apps", 0, "APP,APP", "approve a developer for these only, not for all"},
    [OPTION_EXACT] = {"exact", 0, NULL, "approve just this release, no later one"},
    [OPTION_MIN_SEQ] = {"min-seq", 0, "N", "approve releases from this one on"},
    [OPTION_REMOVE] = {"remove", 0, NULL, "take approvals back: operands are apps, or ids of developers"},
    [OPTION_OWNER] = {"owner", 0, "PREFIX", "an owner's files PREFIX.anchor, PREFIX.chain and PREFIX.list, as lx key export writes them"},
    [OPTION_ANCHOR] = {"anchor", 0, "FILE", "the anchor, if it is not with the others"},
    [OPTION_OWNER_CHAIN] = {"owner-chain", 0, "FILE", "the owner's chain, if it is not with the others"},
    [OPTION_LIST] = {"list", 0, "FILE", "the owner's list, if it is not with the others"},
    [OPTION_SEEN] = {"seen", 0, "N", "the device has seen release N already"},
    [OPTION_LIST_SEEN] = {"list-seen", 0, "N", "the device has seen list N already"},
    [OPTION_PIN] = {"pin", 0, "TXID", "the first transaction must be this one"},
    [OPTION_PROOF] = {"proof", 0, "FILE", "that a block holds the chain (docs/spec/block.md)"},
    [OPTION_BLOCK] = {"block", 0, "HASH", "a block of the network, known to be its; the proof must reach it"},
    [OPTION_NETWORK] = {"network", 0, "NAME", "main, test, private, or a hybrid network's name; else $LX_NETWORK, or lx-os"},
    [OPTION_JSON] = {"json", 0, NULL, "print JSON"},
    [OPTION_PROGRAMS] = {"programs", 0, "DIR", "where components are; else arm64/services in the build directory of REPORT"},
    [OPTION_KERNEL] = {"kernel", 0, "FILE", "the kernel; else kernel/kernel.elf there"},
    [OPTION_NODE] = {"node", 'n', "URL", "the ledger node, as in http://127.0.0.1:8080; else $LX_NODE"},
    [OPTION_TIMEOUT] = {"timeout", 0, "SECONDS", "how long all of the talk with the node may take; else 60"},
    [OPTION_AUTH] = {"auth", 0, "FILE", "USER:PASSWORD of the node's API, in a file that only you can read"},
    [OPTION_CA] = {"ca", 0, "FILE", "trust the certificates in this file for https, not the system's"},
    [OPTION_BLOCKS] = {"blocks", 0, "N", "how many blocks to follow above the transaction's; else 100"},
    [OPTION_LISTEN] = {"listen", 'l', "HOST:PORT", "where to serve; port 0 is any free one; else 127.0.0.1:8080"},
    [OPTION_STORE] = {"store", 0, "FILE", "where the ledger is kept; made when it is not there, with its producer's key in FILE.producer"},
    [OPTION_SIZE] = {"size", 0, "MIB", "how large a new store (128 or more; else 1024) or volume (4 or more) is"},
    [OPTION_INTERVAL] = {"interval", 0, "SECONDS", "how long what came in waits for a block at most; else 5"},
    [OPTION_CHECKPOINT] = {"checkpoint", 0, "FILE", "go on behind what this checkpoint has passed; its hash must be --checkpoint-hash"},
    [OPTION_CHECKPOINT_HASH] = {"checkpoint-hash", 0, "HASH", "the hash that was shown when the checkpoint was written"},
    [OPTION_LINES] = {"lines", 'l', NULL, "say file and line too (with aarch64-linux-gnu-addr2line)"},
    [OPTION_DEVICE_SECRET] = {"device-secret", 0, "FILE", "the secret of the device whose volume is encrypted: device.secret beside its image's keys"},
    [OPTION_SNAPSHOT] = {"snapshot", 0, "NAME", "look into this snapshot"},
    [OPTION_LONG] = {"long", 'l', NULL, "with type, mode, links, owner, size and time of change"},
    [OPTION_RECURSIVE] = {"recursive", 'r', NULL, "with all that is in a directory"},
    [OPTION_REPAIR] = {"repair", 0, NULL, "write bad copies again from good ones, and make the map of free blocks right"},
};

void bad_usage(const struct command *command, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fprintf(stderr, "lx %s: ", command->name);
    vfprintf(stderr, format, args);
    va_end(args);
    fprintf(stderr, "\nusage: lx %s %s; more: lx help %s\n", command->name, command->operands, command->name);
    exit(STATUS_USAGE);
}

/** Which of the command's options an argument names; *value is what stands behind = in it, or NULL. */
static enum option find(const struct command *command, const char *argument, const char **value)
{
    const char *equals = strchr(argument, '=');
    size_t name_chars = equals == NULL ? strlen(argument) : (size_t)(equals - argument);
    *value = equals == NULL ? NULL : equals + 1;
    for (unsigned i = 0; i < OPTION_COUNT; i++) {
        const struct option_form *form = &option_forms[i];
        bool is_long = name_chars == strlen(form->name) + 2 && strncmp(argument, "--", 2) == 0 &&
                       strncmp(argument + 2, form->name, name_chars - 2) == 0;
        bool is_letter = form->letter != 0 && argument[1] == form->letter && argument[2] == '\0';
        if ((command->options >> i & 1) != 0 && (is_long || is_letter)) {
            return (enum option)i;
        }
    }
    bad_usage(command, "there is no option %.*s", (int)name_chars, argument);
}

void arguments_read(const struct command *command, int argc, char **argv, struct arguments *out)
{
    bool only_operands = false;
    *out = (struct arguments){.operands = zalloc((size_t)(argc + 1) * sizeof *out->operands)};
    for (int i = 0; i < argc; i++) {
        if (only_operands || argv[i][0] != '-' || argv[i][1] == '\0') {
            out->operands[out->count++] = argv[i];
            continue;
        }
        if (strcmp(argv[i], "--") == 0) {
            only_operands = true;
            continue;
        }
        const char *value;
        enum option option = find(command, argv[i], &value);
        bool takes_value = option_forms[option].value != NULL;
        if (takes_value && value == NULL && i + 1 < argc) {
            value = argv[++i];
        }
        if (takes_value != (value != NULL)) {
            bad_usage(command, "--%s takes %s", option_forms[option].name, takes_value ? "a value" : "no value");
        }
        out->options[option] = value == NULL ? "" : value;
    }
    if (out->count < command->least || out->count > command->most) {
        bad_usage(command, "%s operands", out->count < command->least ? "too few" : "too many");
    }
}

uint64_t option_number(const struct arguments *args, enum option option)
{
    const char *text = args->options[option];
    char *end;
    unsigned long long n = strtoull(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || strlen(text) > 18) {
        fail("--%s %s: not a number", option_forms[option].name, text);
    }
    return n;
}
