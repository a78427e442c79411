/* SPDX-License-Identifier: MIT */
/**
 * Lxrun: types a file's lines on the console of a machine, shows what the console says, switches the machine off and ends with
 * the status of the last command.
 *
 *   lxrun FILE COMMAND [ARGUMENT...]      COMMAND is a machine whose console is its standard input and output
 *
 * A line is typed when a prompt stands there (the console's text ends with "# ", "$ " or "> " for SETTLE_MS), or when nothing was
 * said for SILENCE_MS: so a line can also be input of the command before it. `lx off $?` is typed behind the last line.
 *
 * Exit status: of the last command; 125: lxrun itself failed; 126: the machine ended or hung without saying a status.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base.h"

enum {
    SETTLE_MS = 60,
    SILENCE_MS = 15000,
    BOOT_MS = 180000,
    OFF_MS = 120000,
    TAIL_BYTES = 256, /* of the console's text, kept for looking at its end */
    FAILED = 125,
    NO_STATUS = 126,
};

static const char off_line[] = "lx off $?\n";
static const char status_text[] = "power off, status ";

static struct {
    int pid, to, from;
    char tail[TAIL_BYTES + 1];
    size_t len;
    int status; /* that the machine said; -1: none yet */
} machine = {.status = -1};

static void fail(const char *what)
{
    fprintf(stderr, "lxrun: %s: %s\n", what, strerror(errno));
    exit(FAILED);
}

static void start(char **argv)
{
    int to[2], from[2];
    if (pipe2(to, O_CLOEXEC) != 0 || pipe2(from, O_CLOEXEC) != 0) {
        fail("pipe");
    }
    signal(SIGPIPE, SIG_IGN);
    machine.pid = fork();
    if (machine.pid < 0) {
        fail("fork");
    }
    if (machine.pid == 0) {
        dup2(to[0], 0);
        dup2(from[1], 1);
        execvp(argv[0], argv);
        fail(argv[0]);
    }
    close(to[0]);
    close(from[1]);
    machine.to = to[1];
    machine.from = from[0];
}

/* Is this byte part of a control sequence (ECMA-48, ESC [ ... letter)? A shell asks for the cursor's place behind its prompt. */
static bool in_sequence(char c)
{
    static enum { TEXT, ESCAPE, SEQUENCE } state;
    switch (state) {
    case TEXT:
        state = c == '\033' ? ESCAPE : TEXT;
        return state == ESCAPE;
    case ESCAPE:
        state = c == '[' ? SEQUENCE : TEXT;
        return true;
    case SEQUENCE:
        state = c >= '@' && c <= '~' ? TEXT : SEQUENCE;
        return true;
    }
    return false;
}

/* Keeps the end of the text, and finds the status in it. */
static void keep(const char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (in_sequence(bytes[i])) {
            continue;
        }
        if (machine.len == TAIL_BYTES) {
            memmove(machine.tail, machine.tail + 1, TAIL_BYTES - 1);
            machine.len--;
        }
        machine.tail[machine.len++] = bytes[i];
        machine.tail[machine.len] = '\0';
        const char *at = bytes[i] == '\n' ? strstr(machine.tail, status_text) : NULL;
        if (at != NULL && isdigit((unsigned char)at[sizeof status_text - 1])) {
            machine.status = atoi(at + sizeof status_text - 1) & 0xff;
            machine.len = 0;
        }
    }
}

/* Shows what comes within `ms`. @return 1: something came; 0: nothing; -1: the machine ended. */
static int show(int ms)
{
    char bytes[4096];
    struct pollfd p = {.fd = machine.from, .events = POLLIN};
    int ready = poll(&p, 1, ms);
    if (ready == 0) {
        return 0;
    }
    ssize_t n = read(machine.from, bytes, sizeof bytes);
    if (n <= 0) {
        return -1;
    }
    fwrite(bytes, 1, (size_t)n, stdout);
    fflush(stdout);
    keep(bytes, (size_t)n);
    return 1;
}

static bool at_prompt(void)
{
    static const char *const prompts[] = {"# ", "$ ", "> "};
    for (size_t i = 0; i < ARRAY_LEN(prompts); i++) {
        if (machine.len >= 2 && memcmp(machine.tail + machine.len - 2, prompts[i], 2) == 0) {
            return true;
        }
    }
    return false;
}

/* Until a line can be typed. @return false when the machine ended. */
static bool wait_for_prompt(int silence_ms)
{
    for (int silent = 0; silent < silence_ms;) {
        int result = show(SETTLE_MS);
        if (result < 0) {
            return false;
        }
        silent = result == 0 ? silent + SETTLE_MS : 0;
        if (result == 0 && at_prompt()) {
            return true;
        }
    }
    return true;
}

static void type(const char *line)
{
    for (size_t len = strlen(line), done = 0; done < len;) {
        ssize_t n = write(machine.to, line + done, len - done);
        if (n <= 0) {
            return; /* the machine ended; the reader notices */
        }
        done += (size_t)n;
    }
    machine.len = 0; /* the old prompt does not count */
}

static void run_lines(FILE *f)
{
    char *line = NULL;
    size_t cap = 0;
    ssize_t n;
    int patience = BOOT_MS;
    while ((n = getline(&line, &cap, f)) > 0) {
        if (!wait_for_prompt(patience)) {
            break;
        }
        patience = SILENCE_MS;
        type(line);
        if (line[n - 1] != '\n') {
            type("\n");
        }
    }
    free(line);
    if (wait_for_prompt(patience)) {
        type(off_line);
    }
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fprintf(stderr, "usage: lxrun FILE COMMAND [ARGUMENT...]\n");
        return FAILED;
    }
    FILE *f = fopen(argv[1], "r");
    if (f == NULL) {
        fail(argv[1]);
    }
    start(argv + 2);
    run_lines(f);
    fclose(f);
    for (int result = 1; result > 0;) { /* to the end, or until nothing comes any more */
        result = show(OFF_MS);
    }
    kill(machine.pid, SIGKILL);
    waitpid(machine.pid, NULL, 0);
    return machine.status < 0 ? NO_STATUS : machine.status;
}
