/* SPDX-License-Identifier: MIT */
/** The table of commands, with what lx help says of each. */
#include "lx.h"

#define BIT(option) (UINT32_C(1) << (option))
#define KEYS BIT(OPTION_KEYS)
#define JSON BIT(OPTION_JSON)

const struct command commands[] = {
    {"key new", "NAME", KEYS, 1, 1, key_new, "makes a key",
     "A key is 64 random bytes in a file that only you can read. Everything that it signs goes onto its own chain,\n"
     "a file beside it. Keep a copy of the key, and never sign with it on two machines: that would fork its chain."},
    {"key list", "", KEYS | JSON, 0, 0, key_list, "lists your keys", "With the id and the length of the chain of each."},
    {"key show", "NAME", KEYS | JSON, 1, 1, key_show, "shows a key's id, chain and releases",
     "Verifies the whole chain first. Nothing secret is shown."},
    {"key export", "NAME PREFIX", KEYS, 2, 2, key_export, "writes what others need to check a key's signatures",
     "PREFIX.chain is the chain, PREFIX.anchor says whose it is, PREFIX.list has an owner's approvals. None is secret."},
    {"pack", "[VARIABLE=VALUE]...", KEYS | BIT(OPTION_KEY) | BIT(OPTION_FILE) | BIT(OPTION_OUTPUT), 0, 1000, pack,
     "makes a package from a description",
     "Reads package.lx (lx help package.lx), and writes a package that key NAME can sign. It gets the number of the\n"
     "next release of that key, or that of the last one when nothing has changed since. ${VARIABLE} in paths of the\n"
     "description is replaced by VALUE."},
    {"sign", "PACKAGE", KEYS | BIT(OPTION_KEY), 1, 1, sign, "releases a package",
     "Puts the package's number and hash onto the key's chain, and the chain into the package. A package that is\n"
     "signed already is not signed again."},
    {"approve", "PACKAGE|CHAIN|APP|ID...",
     KEYS | BIT(OPTION_KEY) | BIT(OPTION_NAME) | BIT(OPTION_APPS) | BIT(OPTION_EXACT) | BIT(OPTION_MIN_SEQ) |
         BIT(OPTION_REMOVE),
     1, 1000, approve, "approves packages and developers for your devices",
     "PACKAGE: that app of its developer may be executed, in this release and later ones.\n"
     "CHAIN:   all that the developer with this chain releases, or --apps of it.\n"
     "The list of approvals gets a new number and goes onto the chain of your key. What is approved already is not\n"
     "signed again. With --remove the operands are apps, or ids of developers, that are approved no longer."},
    {"bundle", "PACKAGE...", BIT(OPTION_OUTPUT), 0, BUNDLE_PACKAGES_MAX, bundle,
     "puts packages into one file, for a boot image", "Packages are taken as they are, signed or not, one of each app."},
    {"help", "[COMMAND|TOPIC]", 0, 0, 2, help, "says how commands are called", "Without operands: lists all of them."},
};

const size_t command_count = ARRAY_LEN(commands);
