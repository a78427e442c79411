/* SPDX-License-Identifier: MIT */
/** The tables of commands and topics, with what lx help says of each. Those of two words stand together. */
#include "lx.h"

#define BIT(option) (UINT64_C(1) << (option))
#define KEYS BIT(OPTION_KEYS)
#define JSON BIT(OPTION_JSON)
#define NODE (BIT(OPTION_NODE) | BIT(OPTION_TIMEOUT) | BIT(OPTION_AUTH) | BIT(OPTION_CA))

#define VOLUME BIT(OPTION_DEVICE_SECRET)
#define INSIDE (VOLUME | BIT(OPTION_SNAPSHOT))

const struct command commands[] = {
    {"key new", "NAME", KEYS | BIT(OPTION_FALCON), 1, 1, key_new, "makes a key",
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
    {"sign", "PACKAGE", KEYS | NODE | BIT(OPTION_KEY), 1, 1, sign, "releases a package",
     "Puts the package's number and hash onto the key's chain, and the chain into the package. A package that is\n"
     "signed already is not signed again. With --node the chain is published, and nothing is signed when the node has\n"
     "more of it than is here, as that would fork it."},
    {"withdraw", "APP", KEYS | NODE | BIT(OPTION_KEY), 1, 1, withdraw, "takes the last release of an app back",
     "Says so on the key's chain. Whoever gets that chain executes the release no longer; a later release ends it."},
    {"approve", "PACKAGE|CHAIN|APP|ID...",
     KEYS | NODE | BIT(OPTION_KEY) | BIT(OPTION_NAME) | BIT(OPTION_APPS) | BIT(OPTION_EXACT) | BIT(OPTION_MIN_SEQ) |
         BIT(OPTION_REMOVE),
     1, 1000, approve, "approves packages and developers for your devices",
     "PACKAGE: that app of its developer may be executed, in this release and later ones.\n"
     "CHAIN:   all that the developer with this chain releases, or --apps of it.\n"
     "The list of approvals gets a new number and goes onto the chain of your key. What is approved already is not\n"
     "signed again. With --remove the operands are apps, or ids of developers, that are approved no longer."},
    {"install", "PACKAGE|BUNDLE...", KEYS | NODE | BIT(OPTION_KEY) | BIT(OPTION_EXACT) | BIT(OPTION_OUTPUT), 1, BUNDLE_PACKAGES_MAX,
     install, "approves packages for your devices once they are known to be current",
     "With --node each developer's chain is brought up to date first: a package that was withdrawn, or has a later\n"
     "release, is refused. --key is the owner's, whose list approves them as lx approve does, and is published.\n"
     "--output is a bundle of the packages with those chains, for an image (PACKAGES=) or a device without a network."},
    {"transfer", "APP|ADDRESS ID", KEYS | NODE | BIT(OPTION_KEY), 2, 2, transfer, "offers a register to another chain",
     "It is nobody's until the one with that id claims it, or you claim it back."},
    {"claim", "KEY|CHAIN", KEYS | NODE | BIT(OPTION_KEY), 1, 1, claim, "takes the registers that another chain offers you",
     "CHAIN is the giver's, up to date: lx ledger fetch. All that it offers to --key is claimed, a transaction each."},
    {"bundle", "PACKAGE...", BIT(OPTION_OUTPUT), 0, BUNDLE_PACKAGES_MAX, bundle,
     "puts packages into one file, for a boot image", "Packages are taken as they are, signed or not, one of each app."},
    {"verify", "PACKAGE",
     BIT(OPTION_OWNER) | BIT(OPTION_ANCHOR) | BIT(OPTION_OWNER_CHAIN) | BIT(OPTION_LIST) | BIT(OPTION_SEEN) |
         BIT(OPTION_LIST_SEEN) | JSON,
     1, 1, verify, "decides about a package, as a device does",
     "Checks every byte of the package, both chains, and the rule that authorises, and says why or why not."},
    {"inspect", "FILE", JSON, 1, 1, inspect, "shows what is in a package, bundle, chain, anchor or list",
     "Only the form is checked, and a chain as a whole."},
    {"chain show", "KEY|CHAIN|PACKAGE", KEYS | BIT(OPTION_NETWORK) | JSON, 1, 1, chain_show, "tells the history of a chain",
     "Each transaction with what it did, up to the first that does not verify."},
    {"chain verify", "KEY|CHAIN|PACKAGE",
     KEYS | BIT(OPTION_NETWORK) | BIT(OPTION_PIN) | BIT(OPTION_PROOF) | BIT(OPTION_BLOCK) | BIT(OPTION_CHECKPOINT) |
         BIT(OPTION_CHECKPOINT_HASH) | BIT(OPTION_OUTPUT) | JSON,
     1, 1, chain_check,
     "verifies a chain, and says what that proves",
     "bound: the id is the hash of the first key, so that nobody else can have begun a chain with it. On networks where\n"
     "ids are hashes of names, only --pin tells whose chain it is. A proof tells in which block a transaction is, how much\n"
     "work is above it, and until when that is known; what it cannot tell is whether that is the network's branch, but\n"
     "for a block that you know: --block.\n"
     "With --output a checkpoint is written, and its hash shown: keep that where nobody else writes. With --checkpoint\n"
     "and --checkpoint-hash only what follows the checkpoint is verified."},
    {"chain export", "KEY|CHAIN|PACKAGE", KEYS | BIT(OPTION_NETWORK) | BIT(OPTION_OUTPUT), 1, 1, chain_export,
     "writes a chain to a file", "It is verified first, and then goes to --output; it travels so without a network."},
    {"chain import", "CHAIN|PACKAGE FILE", KEYS | BIT(OPTION_NETWORK) | BIT(OPTION_PIN), 2, 2, chain_import,
     "brings a chain file up to date from another",
     "FILE is made, or goes on, with what the other has: only if both verify and one is the beginning of the other. A\n"
     "fork is refused, and a shorter chain changes nothing."},
    {"chain diff", "KEY|CHAIN|PACKAGE KEY|CHAIN|PACKAGE", KEYS | BIT(OPTION_NETWORK) | JSON, 2, 2, chain_diff,
     "says where two chains of one author part",
     "Shows what each has behind that. Status 1 when neither is the beginning of the other: a fork, which only the\n"
     "author's keys can sign, or another chain."},
    {"ledger serve", "",
     BIT(OPTION_LISTEN) | BIT(OPTION_STORE) | BIT(OPTION_NETWORK) | BIT(OPTION_SIZE) | BIT(OPTION_INTERVAL) | BIT(OPTION_AUTH) |
         BIT(OPTION_FALCON),
     0, 0, ledger_serve, "is a ledger node for a lab or a fleet",
     "Takes transactions over HTTP, by the same calls as the Nexus node, checks them, keeps them in a file, and puts\n"
     "them into blocks that it signs. Who trusts its blocks trusts its key, FILE.producer. It survives being killed.\n"
     "It does not encrypt: beyond this machine, put a TLS proxy or a tunnel in front of it."},
    {"ledger publish", "KEY|CHAIN|PACKAGE", KEYS | NODE | BIT(OPTION_NETWORK), 1, 1, ledger_publish,
     "sends a node what it lacks of a chain",
     "The chain is verified first. Nothing secret is sent: its transactions are signed already."},
    {"ledger fetch", "ID|CHAIN", KEYS | NODE | BIT(OPTION_NETWORK) | BIT(OPTION_OUTPUT) | BIT(OPTION_PIN), 1, 1, ledger_fetch,
     "takes a chain, or what follows it, from a node",
     "ID: of the chain; --output is then where it goes, or goes on. CHAIN: a file that is brought up to date. Each\n"
     "transaction is verified before anything is written, and what is known already never gets shorter."},
    {"ledger status", "[KEY|CHAIN|PACKAGE|ID]", KEYS | NODE | BIT(OPTION_NETWORK) | BIT(OPTION_BLOCK) | BIT(OPTION_BLOCKS) | JSON, 0, 1,
     ledger_status, "says what a node has of a chain, and what of that is proven",
     "What the node says stands apart from what is proven: who signed, in which order, which block holds it, and how\n"
     "much work is above it. Blocks are computed anew from what the node shows. Status 1 when the two do not fit."},
    {"symbolize", "REPORT", BIT(OPTION_PROGRAMS) | BIT(OPTION_KERNEL) | BIT(OPTION_LINES), 1, 1, symbolize,
     "names the functions in a report of a crash",
     "Copies console text, and puts a name behind each address of a component's or the kernel's backtrace. REPORT is\n"
     "the report.txt of the image that ran, as in build/base/report.txt; it says which program each component is."},
    {"trace", "FILE", 0, 1, 1, trace, "converts what /lx/trace said for a trace viewer",
     "Prints the Trace Event Format (JSON), which viewers for browsers open: one track a thread with the time that it runs\n"
     "and its entries into the kernel; interrupts and faults are instants. Only a kernel of make run TRACE=1 writes one."},
    {"fs mkfs", "IMAGE", VOLUME | BIT(OPTION_SIZE), 1, 1, fs_mkfs, "makes a volume of files",
     "In a new file with --size, else where an image that is there has room for one: a disk of LX-OS, or all of a file.\n"
     "What has a volume already is left alone. With --device-secret it is encrypted for that device."},
    {"fs ls", "IMAGE [PATH]", INSIDE | BIT(OPTION_LONG), 1, 2, fs_ls, "lists a directory of a volume",
     "IMAGE is a volume, or a disk with a table of partitions. Nothing is written to it. It must not be in use by a running\n"
     "machine. Links are not followed. What is not printable in a name is shown as \\xNN, and so is a backslash."},
    {"fs cat", "IMAGE PATH", INSIDE, 2, 2, fs_cat, "prints a file of a volume",
     "Each byte was verified; where one cannot be, it ends, and says where the damage is."},
    {"fs cp", "IMAGE:/PATH FILE | FILE IMAGE:/PATH", INSIDE | BIT(OPTION_RECURSIVE), 2, 2, fs_cp, "copies out of a volume, or into it",
     "Modes and times of change of files come along; owners do not, nor set-user-id, nor devices. What goes in belongs to\n"
     "0:0, and is durable at the end. In a tree that is copied out, nothing that is there already is replaced. Status 1\n"
     "when something was left out; the rest is copied."},
    {"fs root", "IMAGE PATH", INSIDE | BIT(OPTION_RECURSIVE) | JSON, 2, 2, fs_root, "shows the hashes that name a file's contents",
     "The tree root (docs/spec/tree.md), as lx inspect shows it of files in packages, and the digest that fsverity digest\n"
     "computes. With -r a line for each file, directory and link below PATH: root, size, path."},
    {"fs stat", "IMAGE", VOLUME | JSON, 1, 1, fs_stat, "shows how large a volume is, and how full", "Sizes are in bytes, what is to be freed in trees."},
    {"fs dump", "IMAGE", VOLUME | JSON, 1, 1, fs_dump, "shows a volume's superblock, and where its parts lie",
     "As of the last commit: the log is not looked at. Block numbers are of the volume (docs/spec/lxfs.md)."},
    {"fs snapshot", "take|list|remove IMAGE [NAME]", VOLUME | JSON, 2, 3, fs_snapshot, "keeps states of a volume under names",
     "take keeps what the volume is now; list shows what is kept; remove gives it up. --snapshot NAME of the other commands\n"
     "looks into one."},
    {"fs fsck", "IMAGE", VOLUME | BIT(OPTION_REPAIR), 1, 1, fs_fsck, "checks a volume, and explains what is wrong",
     "Reads everything. With --repair it repairs from second copies, and the map of free blocks; nothing is invented, so a\n"
     "block without a good copy stays lost. Without it nothing is written. Status as fsck(8): 0 sound, 1 all repaired, 4\n"
     "something is left, 8 it could not be checked; beside these 2, when it is called in a way that is none."},
    {"help", "[COMMAND|TOPIC]", 0, 0, 2, help, "says how commands are called", "Without operands: lists all of them."},
    {"completion", "", 0, 0, 0, completion, "prints a script for bash, which then completes commands",
     "In ~/.bashrc: eval \"$(lx completion)\""},
    {"manual", "", 0, 0, 0, manual, "prints all of this help as a manual page", "To be read with man -l."},
};

const size_t command_count = ARRAY_LEN(commands);

const struct topic topics[] = {
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
    {"trust", "who must say yes before something is executed",
     "The developer: his chain holds a record of each app, with the number and the hash of its last release. The hash\n"
     "is that of the manifest, which has the hashes of all files. Signing is writing that record: lx sign.\n"
     "\n"
     "The owner of the device: his chain holds the hash of a list of developers and packages that he approves: lx approve.\n"
     "A device knows its owner by an anchor: the id of his chain, and its first transaction.\n"
     "\n"
     "Both chains are verified from their first transaction, without a network. What no network has confirmed is called\n"
     "unanchored: a later transaction may exist that the device has not been told of."},
    {"node", "a ledger for a lab or a fleet, and what its word is worth",
     "  lx ledger serve --store ledger             on one machine; it says where\n"
     "  lx sign hello.lxp --key me --node URL      signs, and publishes your chain\n"
     "  lx install hello.lxp --key owner --node URL -o my.bundle\n"
     "                                             asks whether it is current, approves it, publishes the list\n"
     "  lx ledger fetch ID -o him.chain --node URL somebody's chain; later: lx ledger fetch him.chain --node URL\n"
     "  lx ledger status me --node URL             what it has, which block holds it, what is proven\n"
     "\n"
     "A Nexus node that runs this network answers the same calls, so URL can be its API. Nothing that a node says is\n"
     "believed: each transaction is verified, blocks are computed anew. It can still hold something back, or not know\n"
     "the latest; so what you have seen never gets shorter, and results say as of when they are.\n"
     "\n"
     "LX_NETWORK names another network for keys and chains: private, or a hybrid one's name. A key belongs to the\n"
     "network that it was made for. Devices know lx-os alone, so approvals are of that one."},
    {"first-program", "from a C file to a program that a device executes",
     "  aarch64-linux-gnu-gcc -static -O2 -o hello hello.c\n"
     "  printf 'name hello\\nfile hello /bin/hello 0755\\n' >package.lx\n"
     "  lx key new me                          once\n"
     "  lx pack --key me                       makes hello.lxp\n"
     "  lx sign hello.lxp --key me             you, the developer, stand for it\n"
     "  lx approve hello.lxp --key owner       you, the owner of the device, want it\n"
     "  lx key export owner my                 for the image: my.chain, my.list, my.anchor\n"
     "  lx verify hello.lxp --owner my         what the device will say\n"
     "  lx bundle base.lxp hello.lxp -o packages.bundle"},
};

const size_t topic_count = ARRAY_LEN(topics);
