/* SPDX-License-Identifier: MIT */
/** Requests of any bytes: a path, a query, a content type and a body, a line each. Every one has an answer that is JSON. */
#include <stdlib.h>

#include "node_fixture.h"

#include "node_api.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len_bytes);

/** The next line, terminated; the rest moves behind it. */
static char *line(char **rest)
{
    char *out = *rest, *end = strchr(out, '\n');
    *rest = end == NULL ? out + strlen(out) : end + 1;
    if (end != NULL) {
        *end = '\0';
    }
    return out;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len_bytes)
{
    static struct bench *b;
    static const uint8_t no_random[BRAINPOOL_RANDOM_BYTES];
    struct node_answer answer;
    if (b == NULL) {
        b = bench_make(NETWORK_PRIVATE, NULL, false);
        struct user *u = user_make(&b->setup.network, 1);
        for (uint64_t seq = 1; seq <= 3; seq++) {
            user_release(u, "demo", seq);
            assert(user_submit(u, b) == NODE_OK && node_make_block(&b->node, TIME_S, no_random) == LX_OK);
        }
    }
    char *text = (char *)malloc(len_bytes + 1), *rest = text;
    assert(text != NULL);
    memcpy(text, bytes, len_bytes);
    text[len_bytes] = '\0';
    struct node_request r = {.peer = "", .now_s = TIME_S};
    r.path = line(&rest);
    r.query = line(&rest);
    r.content_type = line(&rest);
    r.body = rest;
    r.body_bytes = len_bytes - (size_t)(rest - text);
    r.is_post = r.content_type[0] != '\0';
    node_api_answer(&b->node, &r, &answer);
    json_t *json = json_loads(answer.text, 0, NULL);
    assert(json_is_object(json));
    json_decref(json);
    free(answer.text);
    free(text);
    return 0;
}
