/* SPDX-License-Identifier: MIT */
/**
 * lx trace: makes of /lx/trace, a line for each record, what trace viewers for browsers read (Trace Event Format, as JSON): one track
 * a thread with the time that it runs and its entries into the kernel; interrupts and faults are instants.
 * Limits: THREADS_MAX threads. A line of another form is refused.
 * Source: docs/spec/trace.md
 */
#include <stdlib.h>
#include <string.h>

#include "lx.h"

enum { THREADS_MAX = 1024, NAME_BYTES = 32, LINE_BYTES = 256 };

struct traced_thread {
    uint32_t id;
    char name[NAME_BYTES];
};

/** What is known so far. Times are nanoseconds. */
static struct {
    const char *path;
    FILE *out; /* memory: a trace that is refused prints nothing */
    int line;
    struct traced_thread threads[THREADS_MAX];
    int thread_count;
    int running; /* index; -1: not known yet */
    uint64_t now, run_start, entry_start;
    int entered; /* thread whose entry is not over; -1: none */
    bool fast, any_event;
    char entry[NAME_BYTES];
} t;

static const char not_ours[] = "this is no line of /lx/trace; copy the file without other text of the console";

static int thread_of(uint32_t id)
{
    int i = 0;
    while (i < t.thread_count && t.threads[i].id != id) {
        i++;
    }
    if (i == THREADS_MAX) {
        fail_at(t.path, t.line, "more than %d threads", THREADS_MAX);
    }
    if (i == t.thread_count) {
        t.threads[i].id = id;
        snprintf(t.threads[i].name, NAME_BYTES, "thread %08x", id);
        t.thread_count++;
    }
    return i;
}

/* ---- events ------------------------------------------------------------------------------------------------------------- */

static void event(char phase, int thread, uint64_t at)
{
    fprintf(t.out, "%s\n{\"ph\":\"%c\",\"pid\":1,\"tid\":%d,\"ts\":%llu.%03llu", t.any_event ? "," : "", phase, thread + 1,
           (unsigned long long)(at / 1000), (unsigned long long)(at % 1000));
    t.any_event = true;
}

static void slice(int thread, uint64_t start, const char *name)
{
    uint64_t len = t.now - start;
    event('X', thread, start);
    fprintf(t.out, ",\"dur\":%llu.%03llu,\"name\":\"%s\"", (unsigned long long)(len / 1000), (unsigned long long)(len % 1000), name);
}

static void instant(int thread, const char *what, const char *name)
{
    event('i', thread, t.now);
    fprintf(t.out, ",\"s\":\"t\",\"name\":\"%s %s\"}", what, name);
}

static void end_entry(void)
{
    if (t.entered >= 0) {
        slice(t.entered, t.entry_start, t.entry);
        fprintf(t.out, ",\"args\":{\"path\":\"%s\"}}", t.fast ? "fast" : "general");
        t.entered = -1;
    }
}

static void end_run(void)
{
    if (t.running >= 0) {
        slice(t.running, t.run_start, "runs");
        fprintf(t.out, "}");
    }
}

/* Before the first switch, whoever is named runs. */
static void runs(int thread)
{
    if (t.running < 0) {
        t.running = thread;
        t.run_start = t.now;
    }
}

/* ---- lines --------------------------------------------------------------------------------------------------------------- */

static void name_entry(const char *kind, const char *number)
{
    static const char *const calls[] = {"Call", "ReplyRecv", "NBSendRecv", "NBSendWait", "Send",  "NBSend",
                                        "Recv", "NBRecv",    "Wait",       "NBWait",     "Yield"};
    long n = strtol(number, NULL, 10);
    if (strcmp(kind, "call") == 0 && n <= -1 && n >= -(long)ARRAY_LEN(calls)) {
        snprintf(t.entry, sizeof t.entry, "%s", calls[-n - 1]);
    } else {
        snprintf(t.entry, sizeof t.entry, "%.11s%s%.11s", kind, number[0] != '\0' ? " " : "", number);
    }
}

static const char *fault_name(const char *number)
{
    static const char *const names[] = {"0",       "capability", "system call", "exception", "4",
                                        "timeout", "memory",     "virtual interrupt", "trap", "virtual timer"};
    unsigned long n = strtoul(number, NULL, 10);
    return n < ARRAY_LEN(names) ? names[n] : number;
}

static void record(const char *what, int thread, const char *first, const char *second)
{
    bool one = first[0] != '\0' && second[0] == '\0';
    if (strcmp(what, "entry") == 0 && first[0] != '\0') {
        end_entry();
        runs(thread);
        name_entry(first, second);
        t.entered = thread;
        t.entry_start = t.now;
        t.fast = false;
    } else if (strcmp(what, "fast") == 0 && first[0] == '\0') {
        t.fast = true;
    } else if (strcmp(what, "switch") == 0 && one) {
        end_entry();
        end_run();
        (void)copy_string(t.threads[thread].name, NAME_BYTES, first);
        t.running = thread;
        t.run_start = t.now;
    } else if (strcmp(what, "interrupt") == 0 && one) {
        instant(thread, "interrupt", first);
    } else if (strcmp(what, "fault") == 0 && one) {
        instant(thread, "fault:", fault_name(first));
    } else if (strcmp(what, "exit") == 0 && first[0] == '\0') {
        end_entry();
        runs(thread);
    } else {
        fail_at(t.path, t.line, "%s", not_ours);
    }
}

/* Words are letters, digits and a few signs, so that they can stand in a JSON string. */
static bool is_plain(const char *text)
{
    return text[strspn(text, " -._0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")] == '\0';
}

static void line_of(const char *line)
{
    unsigned long long us;
    unsigned ns;
    uint32_t id;
    int dot = 0;
    int digits = 0;
    char what[16];
    char words[2][24] = {"", ""};
    char rest = '\0';
    int n = sscanf(line, "%15llu%n.%3u%n %15s %8x %23s %23s %c", &us, &dot, &ns, &digits, what, &id, words[0], words[1], &rest);
    if (n < 4 || n > 6 || digits != dot + 4 || !is_plain(line)) {
        fail_at(t.path, t.line, "%s", not_ours);
    }
    uint64_t now = us * 1000 + ns;
    if (now < t.now) {
        fail_at(t.path, t.line, "time goes backwards; a trace is in order");
    }
    t.now = now;
    record(what, thread_of(id), words[0], words[1]);
}

static void read_lines(FILE *f)
{
    char line[LINE_BYTES];
    while (fgets(line, sizeof line, f) != NULL) {
        t.line++;
        line[strcspn(line, "\r\n")] = '\0';
        line_of(line);
    }
    if (t.line == 0) {
        fail("%s is empty; cat /lx/trace tells what happened", t.path);
    }
}

int trace(const struct arguments *args)
{
    t.path = args->operands[0];
    t.running = -1;
    t.entered = -1;
    char *text = NULL;
    size_t chars = 0;
    FILE *f = fopen(t.path, "r");
    if (f == NULL) {
        fail("cannot read %s", t.path);
    }
    t.out = open_memstream(&text, &chars);
    if (t.out == NULL) {
        fail("out of memory");
    }
    fprintf(t.out, "{\"displayTimeUnit\":\"ns\",\"traceEvents\":[");
    read_lines(f);
    fclose(f);
    end_entry();
    end_run();
    for (int i = 0; i < t.thread_count; i++) {
        fprintf(t.out, "%s\n{\"ph\":\"M\",\"pid\":1,\"tid\":%d,\"name\":\"thread_name\",\"args\":{\"name\":\"%s\"}}", i > 0 || t.any_event ? "," : "",
               i + 1, t.threads[i].name);
    }
    fprintf(t.out, "\n]}\n");
    bool is_whole = fclose(t.out) == 0;
    if (!is_whole || fwrite(text, 1, chars, stdout) != chars) {
        fail("cannot print what %s says", t.path);
    }
    free(text);
    return STATUS_OK;
}
