/* SPDX-License-Identifier: MIT */
/** A ledger node over HTTP. See http.h. */
#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "http.h"

#define TIMEOUT_S        60u
#define TIMEOUT_S_MAX    86400u
#define HEAD_BYTES_MAX   65536u
#define CONNECT_MS_MAX   10000

/** The one conversation of a command. */
static struct {
    CURL *curl;
    struct curl_slist *head; /* of each request */
    const char *url;
    char *base; /* without / at its end */
    double deadline_s;
    uint64_t timeout_s;
    char *body;
    size_t body_bytes, cap_bytes, head_bytes;
    bool is_too_long;
    struct node_client *client;
} http;

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static size_t take_body(char *bytes, size_t size, size_t count, void *context)
{
    size_t len = size * count;
    (void)context;
    if (len > NODE_REPLY_BYTES_MAX - http.body_bytes) {
        http.is_too_long = true;
        return 0;
    }
    if (len > http.cap_bytes - http.body_bytes) {
        size_t cap = (http.body_bytes + len) * 2;
        char *grown = realloc(http.body, cap);
        if (grown == NULL) {
            return 0;
        }
        http.body = grown;
        http.cap_bytes = cap;
    }
    memcpy(http.body + http.body_bytes, bytes, len);
    http.body_bytes += len;
    return len;
}

static size_t take_head(char *bytes, size_t size, size_t count, void *context)
{
    size_t len = size * count;
    (void)bytes;
    (void)context;
    if (len > HEAD_BYTES_MAX - http.head_bytes) {
        http.is_too_long = true;
        return 0;
    }
    http.head_bytes += len;
    return len;
}

static bool explain(CURLcode code, char why[NODE_SENTENCE_CHARS])
{
    if (http.is_too_long) {
        snprintf(why, NODE_SENTENCE_CHARS, "%s: the answer is longer than %u bytes, or its head than %u", http.url,
                 NODE_REPLY_BYTES_MAX, HEAD_BYTES_MAX);
    } else if (code == CURLE_OPERATION_TIMEDOUT && now_s() >= http.deadline_s - 0.5) {
        snprintf(why, NODE_SENTENCE_CHARS, "%s took longer than %llu s; --timeout SECONDS allows more", http.url,
                 (unsigned long long)http.timeout_s);
    } else {
        snprintf(why, NODE_SENTENCE_CHARS, "%s: %s", http.url, curl_easy_strerror(code));
    }
    return false;
}

static bool call(void *context, const char *command, const char *params, struct node_reply *out, char why[NODE_SENTENCE_CHARS])
{
    long status = 0;
    double left_s = http.deadline_s - now_s();
    char *url = join(http.base, "/", command, NULL);
    (void)context;
    if (left_s <= 0) {
        free(url);
        return explain(CURLE_OPERATION_TIMEDOUT, why);
    }
    http.body_bytes = 0;
    http.head_bytes = 0;
    http.is_too_long = false;
    long left_ms = (long)(left_s * 1000) + 1;
    curl_easy_setopt(http.curl, CURLOPT_URL, url);
    curl_easy_setopt(http.curl, CURLOPT_TIMEOUT_MS, left_ms);
    curl_easy_setopt(http.curl, CURLOPT_CONNECTTIMEOUT_MS, left_ms < CONNECT_MS_MAX ? left_ms : (long)CONNECT_MS_MAX);
    curl_easy_setopt(http.curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)strlen(params));
    curl_easy_setopt(http.curl, CURLOPT_POSTFIELDS, params);
    CURLcode code = curl_easy_perform(http.curl);
    curl_easy_getinfo(http.curl, CURLINFO_RESPONSE_CODE, &status);
    free(url);
    if (code != CURLE_OK) {
        return explain(code, why);
    }
    *out = (struct node_reply){(unsigned)status, http.body == NULL ? "" : http.body, http.body_bytes};
    return true;
}

char *auth_read(const char *path)
{
    struct stat info;
    if (stat(path, &info) == 0 && (info.st_mode & 077) != 0) {
        fail("%s can be read by others; if nobody has, correct that with chmod 600 %s", path, path);
    }
    struct bytes file = read_file(path);
    char *out = zalloc(file.len_bytes + 1);
    memcpy(out, file.at, file.len_bytes);
    wipe(file.at, file.len_bytes);
    out[strcspn(out, "\r\n")] = '\0';
    if (strchr(out, ':') == NULL || out[0] == ':') {
        fail("%s does not hold USER:PASSWORD in its first line", path);
    }
    return out;
}

/** Whether what is sent there does not leave this machine. */
static bool is_loopback(const char *url)
{
    static const char *const hosts[] = {"http://127.0.0.1", "http://localhost", "http://[::1]"};
    for (size_t i = 0; i < ARRAY_LEN(hosts); i++) {
        size_t chars = strlen(hosts[i]);
        if (strncmp(url, hosts[i], chars) == 0 && strchr(":/", url[chars]) != NULL) {
            return true;
        }
    }
    return false;
}

static void set_auth(const char *path)
{
    if (strncmp(http.url, "https://", 8) != 0 && !is_loopback(http.url)) {
        fail("--auth would send the password to %s unencrypted; use https://", http.url);
    }
    char *auth = auth_read(path);
    curl_easy_setopt(http.curl, CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
    curl_easy_setopt(http.curl, CURLOPT_USERPWD, auth);
    wipe(auth, strlen(auth));
    free(auth);
}

static void set_up(void)
{
    curl_easy_setopt(http.curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(http.curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(http.curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(http.curl, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(http.curl, CURLOPT_HEADERFUNCTION, take_head);
    curl_easy_setopt(http.curl, CURLOPT_USERAGENT, "lx");
    http.head = curl_slist_append(NULL, "Expect:"); /* a node need not know 100-continue */
    curl_easy_setopt(http.curl, CURLOPT_HTTPHEADER, http.head);
}

struct node_client *http_open(const struct arguments *args)
{
    const char *url = args->options[OPTION_NODE] != NULL ? args->options[OPTION_NODE] : getenv("LX_NODE");
    if (url == NULL || url[0] == '\0') {
        fail("which node? add --node URL, as in --node http://127.0.0.1:8080");
    }
    if (strncmp(url, "http://", 7) != 0 && strncmp(url, "https://", 8) != 0) {
        fail("--node %s: not a URL that begins with http:// or https://", url);
    }
    http.url = url;
    http.base = join(url, NULL);
    for (size_t n = strlen(http.base); n > 0 && http.base[n - 1] == '/'; n--) {
        http.base[n - 1] = '\0';
    }
    http.timeout_s = args->options[OPTION_TIMEOUT] == NULL ? TIMEOUT_S : option_number(args, OPTION_TIMEOUT);
    if (http.timeout_s == 0 || http.timeout_s > TIMEOUT_S_MAX) {
        fail("--timeout is 1 to %u seconds", TIMEOUT_S_MAX);
    }
    http.deadline_s = now_s() + (double)http.timeout_s;
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK || (http.curl = curl_easy_init()) == NULL) {
        fail("libcurl does not start");
    }
    set_up();
    if (args->options[OPTION_CA] != NULL) {
        curl_easy_setopt(http.curl, CURLOPT_CAINFO, args->options[OPTION_CA]);
    }
    if (args->options[OPTION_AUTH] != NULL) {
        set_auth(args->options[OPTION_AUTH]);
    }
    http.client = zalloc(sizeof *http.client);
    http.client->call = call;
    return http.client;
}

const char *http_url(void)
{
    return http.url;
}

void http_close(void)
{
    curl_easy_cleanup(http.curl);
    curl_slist_free_all(http.head);
    free(http.body);
    free(http.client);
    http.client = NULL;
    http.body = NULL;
    http.body_bytes = http.cap_bytes = 0;
    curl_global_cleanup();
}
