/* SPDX-License-Identifier: MIT */
/**
 * lx chain show, verify, export, diff. See chain.h.
 * Owns:   the bytes of two chains.    Uses: base, register, sigchain, stdio.
 * Limits: chains of the networks main, test, private and lx-os, of CHAIN_BYTES_MAX and REGISTERS_MAX registers; the work of a first
 *         transaction is not checked. What is told of a file proves no more than lib/sigchain says.
 */
#include "chain.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "sigchain.h"

#define OWN_CHAIN "/lx/chain"

enum { CHAIN_BYTES_MAX = 1 << 20, REGISTERS_MAX = 256, STATUS_REFUSED = 1, STATUS_USAGE = 2 };

/** A chain: its bytes, and a verifier that has not seen them yet. */
struct chain {
    const char *path;
    uint8_t bytes[CHAIN_BYTES_MAX];
    size_t len_bytes;
    struct sigchain_verifier verifier;
    struct sigchain_register registers[REGISTERS_MAX];
};

static struct chain first, second;

/* The network is that of the id in the first transaction; hybrid ones have names, and ours is the one that is known here. */
static void start_verifier(struct chain *c)
{
    static const enum sigchain_network_kind kinds[] = {NETWORK_MAIN, NETWORK_TEST, NETWORK_PRIVATE};
    struct sigchain_setup setup = {.registers = c->registers, .register_capacity = REGISTERS_MAX};
    struct chain_file file;
    struct cursor bytes;
    struct transaction tx;
    sigchain_network_of(NETWORK_HYBRID, "lx-os", &setup.network);
    if (chain_file_open(c->bytes, c->len_bytes, &file) == LX_OK && chain_file_next(&file, &bytes) &&
        transaction_parse(bytes.at, bytes.left_bytes, &tx) == LX_OK) {
        for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
            struct sigchain_network network;
            sigchain_network_of(kinds[i], NULL, &network);
            if (network.user_type == u256_type(&tx.genesis)) {
                setup.network = network;
            }
        }
    }
    sigchain_verifier_init(&c->verifier, &setup);
}

static const char *network_name(const struct chain *c)
{
    switch (c->verifier.setup.network.kind) {
    case NETWORK_MAIN:
        return "main";
    case NETWORK_TEST:
        return "test";
    case NETWORK_PRIVATE:
        return "private";
    case NETWORK_HYBRID:
        return "lx-os";
    }
    return "?";
}

static bool chain_read(struct chain *c, const char *path)
{
    c->path = path;
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        fprintf(stderr, "lx: %s: %s\n", path, strerror(errno));
        return false;
    }
    c->len_bytes = fread(c->bytes, 1, sizeof c->bytes, file);
    bool is_whole = feof(file) != 0 && ferror(file) == 0;
    fclose(file);
    if (!is_whole || c->len_bytes == 0) {
        fprintf(stderr, c->len_bytes == 0 ? "lx: %s: no chain: no profile on this device; Ctrl-] makes one\n"
                                          : "lx: %s: cannot be read, or is too long\n", path);
        return false;
    }
    start_verifier(c);
    return true;
}

/* ---- telling --------------------------------------------------------------------------------------------------------------------- */

static void tell_record(const struct sigchain_verifier *v, const struct u256 *address)
{
    struct record_app app;
    struct record_installed installed;
    struct record_device device;
    char hex[U256_HEX_CHARS], name[ADDRESS_TEXT_CHARS];
    const struct sigchain_register *r = sigchain_find(v, address);
    if (r != NULL && record_app_read(&r->state, &app) == LX_OK) {
        printf("%s %s %llu", app.revoked ? "withdraws" : "releases", app.app, (unsigned long long)app.seq);
    } else if (r != NULL && record_installed_read(&r->state, &installed) == LX_OK) {
        printf("approves list %llu", (unsigned long long)installed.seq);
    } else if (r != NULL && record_device_read(&r->state, &device) == LX_OK) {
        hex_of_mem(device.genesis.bytes, U256_BYTES, hex);
        printf("device \"%s\"%s, chain %s", device.name, device.revoked ? " is no more" : "", hex);
    } else {
        address_text_of(address, name);
        printf("register %s", name);
    }
}

static void tell_time(uint64_t seconds)
{
    time_t t = (time_t)(seconds < 253402300800u ? seconds : 253402300799u); /* the year 9999 */
    struct tm parts;
    char text[32];
    gmtime_r(&t, &parts);
    strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &parts);
    printf("%s", text);
}

static void tell(const struct sigchain_verifier *v, const struct transaction *tx)
{
    struct cursor rest = tx->contracts;
    struct contract contract;
    struct operation op;
    printf("%5u  ", tx->sequence);
    tell_time(tx->timestamp);
    for (const char *between = "  "; contract_next(&rest, &contract); between = ", ") {
        if (operation_parse(contract.operation, &op) == REGISTER_OK) {
            printf("%s%s ", between, operation_name(op.code));
            if (operation_has_register(op.code)) {
                tell_record(v, &op.address);
            }
        }
    }
    if (tx->sequence == 0 && !u256_is_zero(&tx->recovery)) {
        printf(", sets a recovery key");
    }
    printf("\n");
}

/* Verifies, and tells from transaction `from` on. */
static bool walk(struct chain *c, uint32_t from, bool says)
{
    struct chain_file file;
    struct cursor bytes;
    struct transaction tx;
    if (chain_file_open(c->bytes, c->len_bytes, &file) != LX_OK) {
        fprintf(stderr, "lx: %s is no chain file, or was cut\n", c->path);
        return false;
    }
    for (uint32_t i = 0; chain_file_next(&file, &bytes); i++) {
        if (!sigchain_add(&c->verifier, bytes.at, bytes.left_bytes)) {
            fprintf(stderr, "lx: %s: %s\n", c->path, c->verifier.refusal.sentence);
            return false;
        }
        if (says && i >= from && transaction_parse(bytes.at, bytes.left_bytes, &tx) == LX_OK) {
            tell(&c->verifier, &tx);
        }
    }
    if (!sigchain_finish(&c->verifier)) {
        fprintf(stderr, "lx: %s: %s\n", c->path, c->verifier.refusal.sentence);
        return false;
    }
    return true;
}

static int show(const char *path)
{
    if (!chain_read(&first, path)) {
        return STATUS_REFUSED;
    }
    printf("%5s  %-19s  %s\n", "N", "SIGNED", "DOES");
    return walk(&first, 0, true) ? 0 : STATUS_REFUSED;
}

/* Whether the chain in `first` says that the device, whose own chain is in /lx/chain, is its owner's. */
static void tell_device(void)
{
    struct record_device device;
    if (access(OWN_CHAIN, R_OK) != 0 || !chain_read(&second, OWN_CHAIN) || !walk(&second, 0, false)) {
        return;
    }
    for (size_t i = 0; i < first.verifier.register_count; i++) {
        const struct sigchain_register *r = &first.registers[i];
        if (record_device_read(&r->state, &device) == LX_OK && u256_equal(&device.genesis, &second.verifier.genesis)) {
            printf("device %s\n", device.revoked ? "this one is no more his, whose chain that is" : "this one is his, whose chain that is");
        }
    }
}

static int verify(const char *path)
{
    char hex[U256_HEX_CHARS], words[512];
    if (!chain_read(&first, path) || !walk(&first, 0, false)) {
        return STATUS_REFUSED;
    }
    hex_of_mem(first.verifier.genesis.bytes, U256_BYTES, hex);
    sigchain_describe(&first.verifier, words, sizeof words);
    printf("chain  %s, of the network %s\nbound  %s\nproof  %s\n", hex, network_name(&first),
           sigchain_genesis_is_bound(&first.verifier) ? "yes: nobody else can have begun a chain with this id" : "no", words);
    if (strcmp(path, OWN_CHAIN) != 0) {
        tell_device();
    }
    return 0;
}

/* ---- files --------------------------------------------------------------------------------------------------------------------- */

static int export(const char *path)
{
    if (!chain_read(&first, OWN_CHAIN) || !walk(&first, 0, false)) {
        return STATUS_REFUSED;
    }
    FILE *file = fopen(path, "wb");
    bool is_written = file != NULL && fwrite(first.bytes, 1, first.len_bytes, file) == first.len_bytes;
    if (file == NULL || fclose(file) != 0 || !is_written) {
        fprintf(stderr, "lx: %s: %s\n", path, strerror(errno));
        return STATUS_REFUSED;
    }
    return 0;
}

static void say_difference(const struct sigchain_comparison *d)
{
    switch (d->difference) {
    case SIGCHAIN_SAME:
        printf("the same %u transactions\n", d->common_count);
        break;
    case SIGCHAIN_A_LONGER:
    case SIGCHAIN_B_LONGER:
        printf("%s goes on behind the %u transactions of the other\n",
               d->difference == SIGCHAIN_A_LONGER ? first.path : second.path, d->common_count);
        break;
    case SIGCHAIN_FORKED:
        printf("FORK at transaction %u: its owner signed two\n", d->common_count);
        break;
    case SIGCHAIN_OTHER_FIRST:
        printf("one id, begun by two keys: no fork\n");
        break;
    case SIGCHAIN_OTHER_CHAIN:
        printf("chains of two ids\n");
        break;
    case SIGCHAIN_NOT_COMPARABLE:
        printf("the same up to %u transactions, where one is refused\n", d->common_count);
        break;
    }
}

static int diff(const char *a, const char *b)
{
    struct sigchain_comparison d;
    if (!chain_read(&first, a) || !chain_read(&second, b)) {
        return STATUS_REFUSED;
    }
    sigchain_compare_files(&first.verifier, cursor_of(first.bytes, first.len_bytes), &second.verifier,
                           cursor_of(second.bytes, second.len_bytes), &d);
    say_difference(&d);
    if (!d.a_is_good || !d.b_is_good) {
        const struct chain *bad = d.a_is_good ? &second : &first;
        fprintf(stderr, "lx: %s: %s\n", bad->path, bad->verifier.refusal.sentence);
        return STATUS_REFUSED;
    }
    return d.difference <= SIGCHAIN_B_LONGER ? 0 : STATUS_REFUSED;
}

int chain_command(int argc, char **argv)
{
    const char *what = argc > 0 ? argv[0] : "";
    if (strcmp(what, "show") == 0 && argc <= 2) {
        return show(argc == 2 ? argv[1] : OWN_CHAIN);
    }
    if (strcmp(what, "verify") == 0 && argc <= 2) {
        return verify(argc == 2 ? argv[1] : OWN_CHAIN);
    }
    if (strcmp(what, "export") == 0 && argc == 2) {
        return export(argv[1]);
    }
    if (strcmp(what, "diff") == 0 && (argc == 2 || argc == 3)) {
        return diff(argc == 3 ? argv[1] : OWN_CHAIN, argv[argc - 1]);
    }
    fprintf(stderr, "lx: lx chain show [FILE], verify [FILE], export FILE, diff [FILE] FILE; without FILE the chain of this device's profile\n");
    return STATUS_USAGE;
}
