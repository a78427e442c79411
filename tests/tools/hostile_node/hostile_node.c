/* SPDX-License-Identifier: MIT */
/**
 * A ledger node that is none, for the tests of those who talk to one: it answers every connection in one bad way.
 * Usage: hostile_node MODE. Prints the port of 127.0.0.1 that it listens at, and serves until it is killed, 120 s at most.
 */
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define LIFE_S 120u

static const char ok_head[] = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n";

static void say(int fd, const char *text)
{
    if (write(fd, text, strlen(text)) < 0) {
        exit(0); /* the other side has gone */
    }
}

static void say_forever(int fd, const char *piece, useconds_t pause_us)
{
    for (;;) {
        say(fd, piece);
        if (pause_us > 0) {
            usleep(pause_us);
        }
    }
}

static void gigabytes(int fd)
{
    static char piece[65537];
    memset(piece, '[', sizeof piece - 1);
    say(fd, ok_head);
    say(fd, "\r\n");
    say_forever(fd, piece, 0);
}

static void announced_gigabytes(int fd)
{
    say(fd, ok_head);
    say(fd, "Content-Length: 99999999999\r\n\r\n");
    say_forever(fd, "                                                                ", 0);
}

static void chunks(int fd)
{
    say(fd, ok_head);
    say(fd, "Transfer-Encoding: chunked\r\n\r\n");
    say_forever(fd, "10\r\n0123456789abcdef\r\n", 0);
}

static void wrong_chunks(int fd)
{
    say(fd, ok_head);
    say(fd, "Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\nx");
}

static void heads(int fd)
{
    say(fd, "HTTP/1.1 200 OK\r\n");
    say_forever(fd, "X-More: 0123456789abcdef0123456789abcdef\r\n", 0);
}

static void one_long_head(int fd)
{
    say(fd, "HTTP/1.1 200 OK\r\nX-More: ");
    say_forever(fd, "0123456789abcdef0123456789abcdef", 0);
}

static void go_on(int fd)
{
    say_forever(fd, "HTTP/1.1 100 Continue\r\n\r\n", 0);
}

static void silence(int fd)
{
    (void)fd;
    pause();
}

static void trickle(int fd)
{
    say(fd, ok_head);
    say(fd, "\r\n");
    say_forever(fd, " ", 100000);
}

static void truncated(int fd)
{
    say(fd, ok_head);
    say(fd, "Content-Length: 1000\r\n\r\n{\"result\": ");
}

static void redirect(int fd)
{
    say(fd, "HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n");
}

static void no_http(int fd)
{
    say(fd, "220 mail.example ESMTP\r\n");
}

static void closed(int fd)
{
    (void)fd;
}

static void deep(int fd)
{
    say(fd, ok_head);
    say(fd, "\r\n");
    for (int i = 0; i < 100000; i++) {
        say(fd, "{\"result\":[");
    }
}

static void huge_numbers(int fd)
{
    say(fd, ok_head);
    say(fd, "\r\n{\"result\": {\"height\": 1e999, \"timestamp\": 123456789012345678901234567890}}");
}

static const struct {
    const char *name;
    void (*answer)(int fd);
} modes[] = {
    {"gigabytes", gigabytes}, {"announced", announced_gigabytes}, {"chunks", chunks},     {"wrong_chunks", wrong_chunks},
    {"heads", heads},         {"one_long_head", one_long_head},   {"go_on", go_on},       {"silence", silence},
    {"trickle", trickle},     {"truncated", truncated},           {"redirect", redirect}, {"no_http", no_http},
    {"closed", closed},       {"deep", deep},                     {"huge_numbers", huge_numbers},
};

static void serve(int listener, void (*answer)(int fd))
{
    for (;;) {
        int fd = accept(listener, NULL, NULL);
        if (fd < 0) {
            continue;
        }
        if (fork() == 0) {
            char request[65536];
            alarm(LIFE_S);
            if (read(fd, request, sizeof request) > 0) {
                answer(fd);
            }
            shutdown(fd, SHUT_WR);
            exit(0);
        }
        close(fd);
    }
}

int main(int argc, char **argv)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof at;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    signal(SIGCHLD, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    alarm(LIFE_S);
    if (argc != 2 || listener < 0 || bind(listener, (struct sockaddr *)&at, sizeof at) != 0 || listen(listener, 8) != 0 ||
        getsockname(listener, (struct sockaddr *)&at, &len) != 0) {
        return 2;
    }
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        if (strcmp(argv[1], modes[i].name) == 0) {
            printf("%u\n", (unsigned)ntohs(at.sin_port));
            fflush(stdout);
            serve(listener, modes[i].answer);
        }
    }
    fprintf(stderr, "hostile_node: there is no mode %s\n", argv[1]);
    return 2;
}
