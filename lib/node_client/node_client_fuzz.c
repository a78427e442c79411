/* SPDX-License-Identifier: MIT */
/** A node that answers with any bytes: each answer a status byte and a body, up to the next 1e. Nothing unverified is ever taken. */
#include <stdlib.h>

#include "node_client.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len_bytes);

static struct node_client client;
static struct cursor rest;

static bool call(void *context, const char *command, const char *params, struct node_reply *out, char why[NODE_SENTENCE_CHARS])
{
    static const unsigned statuses[] = {200, 400, 404, 500, 302};
    uint8_t status;
    (void)context;
    (void)command;
    (void)params;
    if (!cursor_u8(&rest, &status)) {
        copy_string(why, NODE_SENTENCE_CHARS, "the end");
        return false;
    }
    const uint8_t *end = (const uint8_t *)memchr(rest.at, 0x1e, rest.left_bytes);
    size_t len = end == NULL ? rest.left_bytes : (size_t)(end - rest.at);
    *out = (struct node_reply){statuses[status % 5], (const char *)rest.at, len};
    size_t passed = end == NULL ? len : len + 1;
    rest.at += passed;
    rest.left_bytes -= passed;
    return true;
}

static bool take(void *context, const void *bytes, size_t len_bytes)
{
    (void)bytes;
    (*(size_t *)context)++;
    return len_bytes > 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len_bytes)
{
    static struct sigchain_register table[4];
    static struct sigchain_verifier v;
    struct sigchain_setup setup = {.registers = table, .register_capacity = 4};
    struct u256 genesis = {{1}};
    struct transaction tx = {.sequence = 0};
    struct node_says says;
    struct node_tail tail;
    struct inclusion inclusion;
    size_t taken = 0;
    if (len_bytes == 0) {
        return 0;
    }
    sigchain_network_of(NETWORK_HYBRID, "lx-os", &setup.network);
    sigchain_verifier_init(&v, &setup);
    client.call = call;
    rest = cursor_of(bytes + 1, len_bytes - 1);
    switch (bytes[0] % 4) {
    case 0:
        (void)!client_info(&client, &says);
        break;
    case 1:
        (void)!client_tail(&client, &genesis, &tail);
        break;
    case 2:
        (void)!client_fetch(&client, &genesis, &v, take, &taken);
        assert(taken == v.transaction_count);
        break;
    default:
        tx.hashed = cursor_of("", 0);
        (void)!client_inclusion(&client, &tx, &setup.network, NULL, 3, &inclusion);
        break;
    }
    return 0;
}
