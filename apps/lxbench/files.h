/* SPDX-License-Identifier: MIT */
#ifndef LX_LXBENCH_FILES_H
#define LX_LXBENCH_FILES_H

#include <stdint.h>

/** Measures files in directory `dir` of a disk: 64 MiB are written there, and removed. */
void bench_files(const char *dir);

#endif
