/* SPDX-License-Identifier: MIT */
/**
 * Lxtest: boots systems in QEMU and talks to their console as a test script says. docs/guide/testing.md has the script's words.
 *
 *   script.c    a .test file becomes steps         machine.c   QEMU as a child with pipes; flipped copies of images
 *   main.c      runs the steps, with time limits
 *
 * Owns:   one child process at a time, and ends it.    Uses: base, POSIX.
 * Limits: STEPS_MAX steps, 1 MiB of console text a test.
 */
#ifndef LX_LXTEST_H
#define LX_LXTEST_H

#include <stdio.h>

#include "base.h"

enum { STEPS_MAX = 128, TEXT_BYTES = 256, ARGS_MAX = 32 };

enum step_kind {
    STEP_EXPECT, /* wait for the text, after what was matched before */
    STEP_SEND,
    STEP_MEASURE, /* wait for the text and a number behind it */
    STEP_WAIT,    /* milliseconds, while the console is read */
    STEP_CRASH,   /* break a function of a component, again when it was repaired, until the text appears */
    STEP_FLIP_MEMORY, /* flip a bit of a resident copy of a page of the image, from outside the machine */
    STEP_IN_MEMORY,     /* the text is, or is not, in the memory of the running machine */
    STEP_NOT_IN_MEMORY,
    STEP_OFF,         /* cut the power */
    STEP_BOOT,        /* start again, perhaps another system, with the same disk */
    STEP_DISK_WRITE,  /* change the disk of a machine that is off */
    STEP_CUT,         /* with a new disk each time: cut the power at many moments, and start again */
};

enum disk_way { DISK_PLAIN, DISK_READ_ONLY, DISK_FAILS_WRITES, DISK_NONE };

struct step {
    enum step_kind kind;
    int line;
    char text[TEXT_BYTES];
    size_t len;
    char key[64];
    char unit[32];
    char peer[32]; /* of STEP_MEASURE: something else that was measured the same way; "": nothing */
    unsigned long long peer_value;
    unsigned ms;
    unsigned long offset; /* of STEP_FLIP_MEMORY, in the part `key`; or of the first `text` in it, when that is not empty; of STEP_DISK_WRITE */
    unsigned long bytes;  /* of STEP_DISK_WRITE */
    unsigned value;       /* of STEP_DISK_WRITE: each byte; 256: random ones */
    unsigned count;       /* of STEP_CUT: moments, each `us` microseconds later than the one before */
    unsigned us;
    char after[TEXT_BYTES]; /* of STEP_CUT: what the start after the cut must say */
    enum disk_way way;    /* of STEP_BOOT */
    char function[64];    /* of STEP_CRASH, in the component `key` */
};

struct script {
    const char *path;
    char title[TEXT_BYTES];
    char system[64];
    bool icount;
    unsigned disk_mib; /* 0: none */
    unsigned limit_s;
    char flip_part[64]; /* "": none */
    unsigned long flip_offset;
    bool memory_file; /* the machine's memory is a file, which flips need */
    unsigned case_count; /* lines "ok NAME" that the console must show; 0: none are looked for */
    int refused_count;
    char refused[8][TEXT_BYTES];
    int arg_count;
    char args[ARGS_MAX][64];
    int step_count;
    struct step steps[STEPS_MAX];
};

/** Reads a script. @return false after a message, when it has a mistake. */
bool script_read(const char *path, struct script *out);

struct machine {
    int pid;
    int to;   /* its console, to write */
    int from; /* its console, to read */
};

/**
 * Where a function of a component starts in its part of the image. A component that is not there ends the program.
 * @return false after a message, when it has no such function.
 */
bool function_offset(const char *images, const char *component, const char *function, unsigned long *offset);

/** Starts QEMU with `image`, its memory in the file `memory` unless that is NULL; false when that fails. */
bool machine_start(const struct script *s, const char *image, const char *memory, const char *disk, enum disk_way way,
                   struct machine *out);
void machine_stop(struct machine *m);

/**
 * Copies `image` to `copy` with one bit flipped: bit 0 of byte `offset` of a part, or of "manifest" or "signature".
 * @return false after a message.
 */
bool image_flip(const char *image, const char *copy, const char *part, unsigned long offset);

/**
 * Flips bit 0 of a byte in the memory of a running machine: of the page that holds byte `offset` of a part, in every copy of
 * that page but the bundle's, from which it can be repaired. When `text` is not empty, the byte is the first one of that text.
 * @return how many copies were changed; 0 when there is none, or none as it was.
 */
int memory_flip(const char *image, const char *memory, const char *part, unsigned long offset, const char *text);

/** How often the bytes are in the machine's memory; -1 when that cannot be read. */
int memory_count(const char *memory, const char *text, size_t len);

#endif
