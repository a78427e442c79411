/* SPDX-License-Identifier: MIT */
/**
 * lx ledger serve: lib/node behind libmicrohttpd, in one thread: requests one after the other, and a block when it is time.
 * Limits: CONNECTIONS_MAX connections, a quarter of them from one address; a request and its answer take REQUEST_S together, or the
 *         connection is closed; HEAD_BYTES of head, NODE_API_BODY_BYTES_MAX of body.
 */
#include <errno.h>
#include <microhttpd.h>
#include <netdb.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "http.h"
#include "node_api.h"
#include "store.h"

#define CONNECTIONS_MAX 64u
#define HEAD_BYTES      32768u
#define IDLE_S          10u
#define REQUEST_S       30.0
#define INTERVAL_S      5u
#define INTERVAL_S_MAX  3600u
#define TURN_MS         200

/** Somebody who is connected. */
struct peer {
    bool is_used;
    int fd;
    double since_s; /* of the request at hand, or of the wait for one */
};

/** A request as it arrives. */
struct arriving {
    char *target; /* path, then the query behind a zero */
    const char *query;
    char *body;
    size_t body_bytes, cap_bytes;
    bool is_too_long, has_begun;
    double start_s;
};

static struct {
    struct node node;
    struct signer_seed producer;
    struct peer peers[CONNECTIONS_MAX];
    char *auth;
    uint64_t interval_s;
    double next_block_s;
} server;

static volatile sig_atomic_t is_over;

static void stop(int number)
{
    (void)number;
    is_over = 1;
}

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* ---- requests ------------------------------------------------------------------------------------------------------- */

/** Called with the target of a request before anything else. */
static void *begin(void *context, const char *uri, struct MHD_Connection *connection)
{
    struct arriving *a = calloc(1, sizeof *a);
    (void)context;
    (void)connection;
    if (a == NULL) {
        return NULL;
    }
    a->start_s = now_s();
    if (strlen(uri) > NODE_API_TARGET_CHARS_MAX) {
        a->is_too_long = true;
        uri = "";
    }
    a->target = strdup(uri);
    char *mark = a->target == NULL ? NULL : strchr(a->target, '?');
    if (mark != NULL) {
        *mark = '\0';
        a->query = mark + 1;
    }
    return a;
}

static void end(void *context, struct MHD_Connection *connection, void **place, enum MHD_RequestTerminationCode code)
{
    struct arriving *a = *place;
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    struct peer *peer = info == NULL ? NULL : info->socket_context;
    (void)context;
    (void)code;
    if (a != NULL) {
        free(a->target);
        free(a->body);
        free(a);
        *place = NULL;
    }
    if (peer != NULL) {
        peer->since_s = now_s();
    }
}

static void take_body(struct arriving *a, const char *bytes, size_t len)
{
    if (a->is_too_long || len > NODE_API_BODY_BYTES_MAX - a->body_bytes) {
        a->is_too_long = true;
        return;
    }
    if (a->body_bytes + len > a->cap_bytes) {
        a->cap_bytes = (a->body_bytes + len) * 2;
        char *grown = realloc(a->body, a->cap_bytes);
        if (grown == NULL) {
            a->is_too_long = true;
            return;
        }
        a->body = grown;
    }
    memcpy(a->body + a->body_bytes, bytes, len);
    a->body_bytes += len;
}

static enum MHD_Result answer(struct MHD_Connection *connection, unsigned status, char *text)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer(text == NULL ? 0 : strlen(text), text, MHD_RESPMEM_MUST_FREE);
    if (response == NULL) {
        free(text);
        return MHD_NO;
    }
    (void)MHD_add_response_header(response, "Content-Type", "application/json");
    if (status == 401) {
        (void)MHD_add_response_header(response, "WWW-Authenticate", "Basic realm=\"ledger\"");
    }
    enum MHD_Result result = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return result;
}

/** Whether the request has the user and password that are wanted. */
static bool is_authorised(struct MHD_Connection *connection)
{
    char *password = NULL;
    if (server.auth == NULL) {
        return true;
    }
    char *user = MHD_basic_auth_get_username_password(connection, &password);
    char *both = user == NULL || password == NULL ? NULL : join(user, ":", password, NULL);
    bool ok = both != NULL && strlen(both) == strlen(server.auth) && equal_constant_time(both, server.auth, strlen(both));
    free(both);
    MHD_free(user);
    MHD_free(password);
    return ok;
}

static double elapsed_ms(void *context)
{
    const struct arriving *a = context;
    return (now_s() - a->start_s) * 1000;
}

static void peer_name(struct MHD_Connection *connection, char *out, size_t cap_chars)
{
    char host[64], port[16];
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    socklen_t len = info != NULL && info->client_addr->sa_family == AF_INET6 ? (socklen_t)sizeof(struct sockaddr_storage)
                                                                              : (socklen_t)16;
    bool ok = info != NULL && getnameinfo(info->client_addr, len, host, sizeof host, port, sizeof port,
                                          NI_NUMERICHOST | NI_NUMERICSERV) == 0;
    snprintf(out, cap_chars, "%s:%s", ok ? host : "?", ok ? port : "0");
}

static enum MHD_Result serve_call(struct MHD_Connection *connection, struct arriving *a, bool is_post)
{
    char peer[96];
    struct node_answer out;
    struct node_request r = {.is_post = is_post, .path = a->target, .query = a->query, .peer = peer};
    r.content_type = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Content-Type");
    r.body = a->body;
    r.body_bytes = a->body_bytes;
    r.now_s = (uint64_t)time(NULL);
    r.elapsed_ms = elapsed_ms;
    r.context = a;
    peer_name(connection, peer, sizeof peer);
    node_api_answer(&server.node, &r, &out);
    return answer(connection, out.text == NULL ? 500 : out.status, out.text);
}

static enum MHD_Result handle(void *context, struct MHD_Connection *connection, const char *url, const char *method,
                              const char *version, const char *upload, size_t *upload_bytes, void **place)
{
    struct arriving *a = *place;
    (void)context;
    (void)url;
    (void)version;
    if (a == NULL || a->target == NULL) {
        return MHD_NO;
    }
    if (!a->has_begun) {
        a->has_begun = true;
        return MHD_YES;
    }
    if (*upload_bytes > 0) {
        take_body(a, upload, *upload_bytes);
        *upload_bytes = 0;
        return MHD_YES;
    }
    bool is_post = strcmp(method, "POST") == 0;
    if (!is_authorised(connection)) {
        return answer(connection, 401, NULL);
    }
    if (!is_post && strcmp(method, "GET") != 0) {
        return answer(connection, 405, NULL);
    }
    return a->is_too_long ? answer(connection, 413, NULL) : serve_call(connection, a, is_post);
}

/* ---- connections ---------------------------------------------------------------------------------------------------- */

static void connection_changed(void *context, struct MHD_Connection *connection, void **place,
                               enum MHD_ConnectionNotificationCode code)
{
    (void)context;
    if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
        if (*place != NULL) {
            ((struct peer *)*place)->is_used = false;
        }
        return;
    }
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    for (size_t i = 0; i < CONNECTIONS_MAX && info != NULL; i++) {
        if (!server.peers[i].is_used) {
            server.peers[i] = (struct peer){true, info->connect_fd, now_s()};
            *place = &server.peers[i];
            return;
        }
    }
}

/** Whoever takes too long, a byte now and then, is cut off. */
static void cut_slow(void)
{
    double now = now_s();
    for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
        struct peer *p = &server.peers[i];
        if (p->is_used && now - p->since_s > REQUEST_S) {
            (void)shutdown(p->fd, SHUT_RDWR);
            p->since_s = now;
        }
    }
}

/** A socket that listens where the command line says. */
static int listen_at(const char *where, char *name, size_t name_chars)
{
    char *host = join(where, NULL), *colon = strrchr(host, ':');
    struct addrinfo hints = {.ai_flags = AI_PASSIVE | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM}, *found = NULL;
    struct sockaddr_storage bound = {0};
    socklen_t len = sizeof bound;
    char number[64], port[16];
    int on = 1;
    if (colon == NULL) {
        fail("--listen %s: not HOST:PORT", where);
    }
    *colon = '\0';
    if (host[0] == '[' && colon[-1] == ']') { /* an IPv6 address */
        colon[-1] = '\0';
        host++;
    }
    int code = getaddrinfo(host[0] == '\0' ? NULL : host, colon + 1, &hints, &found);
    if (code != 0) {
        fail("--listen %s: %s", where, gai_strerror(code));
    }
    int fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    bool ok = fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
              bind(fd, found->ai_addr, found->ai_addrlen) == 0 && listen(fd, 64) == 0 &&
              getsockname(fd, (struct sockaddr *)&bound, &len) == 0 &&
              getnameinfo((struct sockaddr *)&bound, len, number, sizeof number, port, sizeof port,
                          NI_NUMERICHOST | NI_NUMERICSERV) == 0;
    if (!ok) {
        fail("cannot listen at %s: %s", where, strerror(errno));
    }
    snprintf(name, name_chars, strchr(number, ':') != NULL ? "http://[%s]:%s" : "http://%s:%s", number, port);
    freeaddrinfo(found);
    return fd;
}

static struct MHD_Daemon *start(int fd)
{
    struct MHD_Daemon *d = MHD_start_daemon(
        MHD_USE_EPOLL, 0, NULL, NULL, handle, NULL, MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT,
        CONNECTIONS_MAX, MHD_OPTION_PER_IP_CONNECTION_LIMIT, CONNECTIONS_MAX / 4, MHD_OPTION_CONNECTION_TIMEOUT, IDLE_S,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HEAD_BYTES, MHD_OPTION_URI_LOG_CALLBACK, begin, NULL,
        MHD_OPTION_NOTIFY_COMPLETED, end, NULL, MHD_OPTION_NOTIFY_CONNECTION, connection_changed, NULL, MHD_OPTION_END);
    if (d == NULL) {
        fail("libmicrohttpd does not start");
    }
    return d;
}

/* ---- the ledger ----------------------------------------------------------------------------------------------------- */

static void open_ledger(const struct arguments *args)
{
    const char *path = args->options[OPTION_STORE];
    struct node_setup setup = {.producer = &server.producer};
    if (path == NULL) {
        fail("where is the ledger kept? add --store FILE");
    }
    chain_network(args->options[OPTION_NETWORK], &setup.network);
    if (setup.network.kind == NETWORK_MAIN || setup.network.kind == NETWORK_TEST) {
        fail("--network %s: a public network is not served; name a hybrid one, or private", args->options[OPTION_NETWORK]);
    }
    store_producer(path, args->options[OPTION_FALCON] != NULL, &server.producer);
    setup.store = store_open(path, args->options[OPTION_SIZE] == NULL ? 0 : option_number(args, OPTION_SIZE));
    enum lx_err err = node_open(&server.node, &setup);
    if (err == LX_EACCES) {
        fail("%s.producer is the key of another ledger; restore it", path);
    }
    if (err == LX_EINVAL) {
        fail("%s holds the ledger of another network; see --network", path);
    }
    if (err != LX_OK) {
        fail("%s cannot be opened: %s", path, lx_err_name(err));
    }
}

/** Makes a block when something has waited as long as it may. */
static void make_block_in_time(void)
{
    uint8_t random[BRAINPOOL_RANDOM_BYTES];
    if (now_s() < server.next_block_s) {
        return;
    }
    server.next_block_s = now_s() + (double)server.interval_s;
    if (getentropy(random, sizeof random) != 0) {
        fail("cannot get random bytes: %s", strerror(errno));
    }
    enum lx_err err = node_make_block(&server.node, (uint64_t)time(NULL), random);
    if (err == LX_OK) {
        printf("block %u: %llu transactions confirmed\n", (unsigned)server.node.height,
               (unsigned long long)server.node.confirmed_count);
    } else if (err != LX_ENOENT) {
        fprintf(stderr, "lx: no block could be made: %s\n", lx_err_name(err));
    }
}

int ledger_serve(const struct arguments *args)
{
    char name[96];
    const char *where = args->options[OPTION_LISTEN] == NULL ? "127.0.0.1:8080" : args->options[OPTION_LISTEN];
    server.interval_s = args->options[OPTION_INTERVAL] == NULL ? INTERVAL_S : option_number(args, OPTION_INTERVAL);
    if (server.interval_s > INTERVAL_S_MAX) {
        fail("--interval is 0 to %u seconds", INTERVAL_S_MAX);
    }
    if (args->options[OPTION_AUTH] != NULL) {
        server.auth = auth_read(args->options[OPTION_AUTH]);
    }
    open_ledger(args);
    struct sigaction action = {.sa_handler = stop}, ignore = {.sa_handler = SIG_IGN};
    (void)sigaction(SIGTERM, &action, NULL);
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGPIPE, &ignore, NULL);
    setvbuf(stdout, NULL, _IOLBF, 0);
    struct MHD_Daemon *daemon = start(listen_at(where, name, sizeof name));
    printf("serving %s at height %u, %llu transactions\n", name, (unsigned)server.node.height,
           (unsigned long long)server.node.accepted_count);
    while (is_over == 0 && !server.node.is_failed) {
        (void)MHD_run_wait(daemon, TURN_MS);
        make_block_in_time();
        cut_slow();
    }
    MHD_stop_daemon(daemon);
    if (server.node.is_failed) {
        fail("the store failed; what was acknowledged is in it. Start again when its disk works");
    }
    store_close();
    wipe(server.producer.bytes, sizeof server.producer.bytes);
    return STATUS_OK;
}
