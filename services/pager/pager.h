/* SPDX-License-Identifier: MIT */
/** Private to the pager: its three files and what they share. README.md says what the component is. */
#ifndef LX_PAGER_H
#define LX_PAGER_H

#include "format.h"
#include "journal.h"
#include "proto/catalog.h"
#include "proto/ledger.h"
#include "proto/pager.h"
#include "proto/scrub.h"
#include "rt.h"
#include "vm.h"

/** Memory for programs: chunks of 1 MiB. The rest stays for tables, threads and other objects. */
#define MACHINE_CHUNKS 1024u

_Static_assert((int)PAGER_SPACES_MAX == (int)VM_SPACES_MAX, "one space, one number");
_Static_assert((int)PAGER_NO_MEMORY == (int)VM_NO_MEMORY && (int)PAGER_NOT_MAPPED == (int)VM_NOT_MAPPED &&
                   (int)PAGER_NO_ACCESS == (int)VM_NO_ACCESS && (int)PAGER_IN_USE == (int)VM_IN_USE &&
                   (int)PAGER_BAD_DATA == (int)VM_BAD_DATA && (int)PAGER_BAD_CALL == (int)VM_BAD_CALL,
               "an answer of lib/vm is the answer to the client");
_Static_assert((int)PAGER_RESIDENT_MAX == (int)VM_OBJECT_PAGES_MAX, "one entry for each page of an object");

/* ---- objects.c: kernel objects out of untyped memory, and the capability space that holds them */

void objects_init(void);

/** `count` objects in capabilities that follow each other. @return the first, or 0 when memory or slots ran out. */
uint64_t objects_make(uint64_t type, uint64_t size_bits, uint64_t count);

/** A leaf of the capability space of its own: entry `index` of the directory. @return false when memory ran out. */
bool objects_make_leaf(uint64_t index);

/** 256 pages in the first capabilities of leaf `index`. @return false when memory ran out. */
bool objects_make_pages(uint64_t index);

/** Maps a page, with the tables on the way. @return false when memory for tables ran out. */
bool objects_map(uint64_t page, uint64_t vspace, uint64_t address, uint64_t rights, uint64_t attributes);

/** A capability pointer of ours as a slot. */
struct slot objects_slot(uint64_t cptr);

/** Bytes that the kernel can still give; an estimate from below. */
uint64_t objects_bytes_left(void);

/* ---- machine.c: struct vm_ops over the kernel */

extern const struct vm_ops machine_ops;

/** The address space object of a space, made when it is first needed; 0: no memory. */
uint64_t machine_vspace(uint32_t space);

/* ---- threads.c */

void threads_init(void);
enum pager_status threads_bind(uint32_t thread, uint32_t space, uint64_t tcb_slot, uint64_t sched_slot);
enum pager_status threads_release(uint32_t thread);
void threads_release_all(void);

/* ---- main.c */

extern struct vm vm;
void pager_refused(uint32_t object, uint32_t page);
void pager_note(enum journal_kind kind, const char *text, ...) PRINTF_LIKE(2, 3);

#endif
