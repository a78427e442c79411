/* SPDX-License-Identifier: MIT */
/** Private to the Linux server: its files and what they share. README.md says what the component is. */
#ifndef LX_LINUX_SERVER_H
#define LX_LINUX_SERVER_H

#include "journal.h"
#include "linux.h"
#include "proto/catalog.h"
#include "proto/pager.h"
#include "rt.h"

_Static_assert(PAGER_SPACES_MAX == LINUX_SPACES_MAX && PAGER_THREADS_MAX == LINUX_THREADS_MAX, "the same numbers on both sides");
_Static_assert(PAGER_PLACE_LOW == LINUX_MMAP_BASE && PAGER_PLACE_HIGH == LINUX_MMAP_TOP, "where the pager places mappings");

/** All of it, once main.c has made it. */
extern struct linux_system *linux_system;

const struct catalog *the_catalog(void);

/** Has the ledger's word that programs and files of this package may be used, as of now. */
bool package_is_authorised(uint32_t package);

/* ---- threads.c: traps of programs, and callbacks about threads */

void threads_init(void);

/** Stops and forgets every thread. */
void threads_reset(void);

/** A message of a program's thread. As `protected`. */
bool threads_trap(uint32_t thread, struct message *m);

enum linux_op thread_bind(void *env, uint32_t thread, uint32_t space);
void thread_start(void *env, uint32_t thread, const struct linux_regs *regs);
void thread_stop(void *env, uint32_t thread);
void thread_read(void *env, uint32_t thread, struct linux_regs *regs);
void thread_write(void *env, uint32_t thread, const struct linux_regs *regs);
void thread_reply(void *env, uint32_t thread, const struct linux_frame *frame, enum linux_outcome outcome);
void thread_release(void *env, uint32_t thread);
uint64_t thread_cpu_ns(void *env, uint32_t thread);

/* ---- spaces.c: callbacks about memory, as requests to the pager */

/** Stops and forgets every thread and space. */
void spaces_reset(void);

enum linux_op space_create(void *env, uint32_t space);
enum linux_op space_clone(void *env, uint32_t parent, uint32_t child);
void space_destroy(void *env, uint32_t space);
enum linux_op map_anon(void *env, uint32_t space, struct linux_range *range);
enum linux_op map_program(void *env, uint32_t space, uint32_t program, uint64_t shift);
enum linux_op map_object(void *env, uint32_t space, uint32_t object, uint64_t offset, struct linux_range *range);
enum linux_op unmap(void *env, uint32_t space, uint64_t address, uint64_t len_bytes);
enum linux_op protect(void *env, uint32_t space, uint64_t address, uint64_t len_bytes, uint32_t prot);
enum linux_op discard(void *env, uint32_t space, uint64_t address, uint64_t len_bytes);
enum linux_op fault(void *env, uint32_t space, uint64_t address, enum linux_access access);
void *pin(void *env, uint32_t space, uint64_t address, size_t len_bytes, bool for_write, size_t *available);
void space_usage(void *env, uint32_t space, struct linux_space_usage *out);
void space_maps(void *env, uint32_t space, const struct linux_map_marks *marks, struct linux_text *text);
const void *object_map(void *env, uint32_t object, uint64_t page, size_t *len_bytes);
void memory_usage(void *env, struct linux_memory_usage *out);

/** One request; `m` holds it and then the reply. @return the pager's status; never PAGER_BAD_CALL, which is our own fault. */
enum pager_status pager_ask(struct message *m);

/** What the pager says of itself. */
const struct pager_info *pager_facts_now(void);

/* ---- random.c: bytes fit for keys */

void random_init(void);
void random_bytes(void *env, void *bytes, size_t len_bytes);

/* ---- volume.c: files that fs keeps */

/** @return whether there is a volume; `out` is set in any case. */
bool volume_attach(struct linux_volume *out);

/** What fs says of itself. @return false: there is none, and `out` is zero. */
struct fs_status;
bool volume_status(struct fs_status *out);

/** Makes everything durable. */
void volume_commit(void);

/* ---- views.c: the files of /lx */

extern const struct linux_view views[];
extern const size_t view_count;

/** What the server itself has refused, for /lx/verify. */
extern struct journal refusals;

#endif
