/* SPDX-License-Identifier: MIT */
/** What the parts of node_api share. Private to it. */
#ifndef LX_NODE_API_PRIVATE_H
#define LX_NODE_API_PRIVATE_H

#include "node_api.h"

/** Codes of the node's API that we use. Source: LLL-TAO 5.1.6, docs/API/ERRORS.MD */
enum api_code {
    API_INTERNAL = -1,
    API_NO_METHOD = -2,
    API_NO_COMMANDS = -4,
    API_CONTENT_TYPE = -5,
    API_NO_OBJECT = -13,
    API_BAD_URI = -14,
    API_MISSING_DATA = -18,
    API_BAD_PARAMETER = -35,
    API_BAD_TYPE = -49,
    API_MISSING = -56,
    API_INVALID = -57,
    API_RANGE = -60,
    API_NO_BLOCK = -83,
    API_NO_TRANSACTION = -87,
    API_BAD_ADDRESS = -102,
    API_UNREADABLE = -108,
    API_MISSING_GENESIS = -111,
    API_QUERY = -120,
    API_NO_TRANSACTIONS = -144,
    API_REJECTED = -150,
};

/** A call under way. */
struct call {
    struct node *node;
    json_t *params; /* an object */
    uint64_t now_s;
    const char *noun; /* of register/get/NOUN */

    /* The result: */
    json_t *result;
    enum api_code code; /* when there is none */
    char message[420];
};

/** Notes an error; always false. */
bool api_fail(struct call *c, enum api_code code, const char *format, ...) PRINTF_LIKE(3, 4);

/** Reads parameters of a form: k=v&k=v. @return NULL with an error. */
json_t *api_form(struct call *c, const char *text, size_t len_chars);

/** A parameter as text: of a number its digits. @return NULL when it is not there, or no text (then an error is noted). */
const char *api_text(struct call *c, const char *name, char *room, size_t room_chars);
/** A parameter as a number. @return false with an error; *out stays as it was when there is none. */
bool api_number(struct call *c, const char *name, uint64_t max, uint64_t *out);
/** The level of detail: 1, 2, 3 or more. */
bool api_verbose(struct call *c, uint32_t least, uint32_t *out);
/** A hash in hexadecimal, as people write it. */
bool api_hash(struct call *c, const char *name, const char *text, uint8_t *out, size_t len_bytes);

/* What the ledger holds, as the node shows it. NULL when memory ran out. */
json_t *show_hash(const uint8_t *mem, size_t len_bytes);
json_t *show_hex(const uint8_t *bytes, size_t len_bytes);
json_t *show_transaction(struct node *n, struct cursor bytes, uint32_t height, uint32_t verbose);
/** `budget`: so many bytes of transactions are shown with their contents, and taken from it; others with their ids alone. */
json_t *show_block(struct node *n, uint32_t height, uint32_t verbose, size_t *budget);
json_t *show_register(const struct u256 *address, const struct register_state *state);

#endif
