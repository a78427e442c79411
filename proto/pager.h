/* SPDX-License-Identifier: MIT */
/**
 * The pager: address spaces and threads of programs. Version 1. Its client (the Linux server) names spaces and threads by small
 * numbers of its own choice, so every request can be repeated. User addresses lie below 4 GiB.
 *
 * The client sees user memory through windows: byte `address` of space s is at PAGER_WINDOW + s * 4 GiB + address in the client, as
 * long as it is pinned; and verified pages of objects at PAGER_OBJECTS + index * 4096.
 *
 * Labels of replies are enum pager_status. Nobody can ask for executable memory but by naming a program of the catalog.
 */
#ifndef LX_PROTO_PAGER_H
#define LX_PROTO_PAGER_H

#include "proto.h"

#define PAGER_SPACES_MAX  192u
#define PAGER_THREADS_MAX 256u

#define PAGER_OBJECTS UINT64_C(0x2000000000) /**< 2^37, where system descriptions end */
#define PAGER_WINDOW  UINT64_C(0x4000000000) /**< 2^38; 192 windows of 4 GiB reach to the end of the address space */

/** Where PAGER_ANYWHERE looks for room, from the top. */
#define PAGER_PLACE_LOW  UINT64_C(0x40000000)
#define PAGER_PLACE_HIGH UINT64_C(0xff000000)

/** Faults of thread t arrive at the client's inbox with badge BADGE_MESSAGE | PAGER_THREAD_BADGE + t. */
#define PAGER_THREAD_BADGE 0x10000u

enum pager_status {
    PAGER_OK = 0,
    PAGER_NO_MEMORY,
    PAGER_NOT_MAPPED,
    PAGER_NO_ACCESS,
    PAGER_IN_USE,
    PAGER_BAD_DATA,  /**< bytes of a package that do not verify */
    PAGER_BAD_CALL,  /**< arguments that a correct client never sends */
};

enum pager_place { PAGER_ANYWHERE, PAGER_FIXED, PAGER_FREE };
enum pager_rights { PAGER_READ = 4, PAGER_WRITE = 2, PAGER_EXECUTE = 1 };

/** Word 0 of the requests about a range: space, place, rights, object or program. */
static inline uint64_t pager_word(uint32_t space, uint32_t place, uint32_t rights, uint32_t object)
{
    return space | (uint64_t)place << 8 | (uint64_t)rights << 16 | (uint64_t)object << 32;
}

enum pager_request {
    PAGER_SPACE_CREATE = 1, /**< word 0: space */
    PAGER_SPACE_CLONE,      /**< word 0: parent, word 1: child */
    PAGER_SPACE_DESTROY,    /**< word 0: space */
    PAGER_MAP_ANON,         /**< word 0: pager_word, word 1: address, word 2: length. Reply: word 0: address */
    PAGER_MAP_OBJECT,       /**< the same, word 3: offset in the object */
    PAGER_MAP_PROGRAM,      /**< word 0: pager_word with the program, word 1: shift */
    PAGER_UNMAP,            /**< word 0: space, word 1: address, word 2: length */
    PAGER_PROTECT,          /**< word 0: pager_word, word 1: address, word 2: length */
    PAGER_DISCARD,          /**< as PAGER_UNMAP */
    PAGER_FAULT,            /**< word 0: pager_word with the access as rights, word 1: address */
    PAGER_PIN,              /**< the same, word 2: length. Reply: word 0: bytes that can be used */
    PAGER_OBJECT_PAGE,      /**< word 0: object, word 1: page. Reply: word 0: index */
    PAGER_REGION,           /**< word 0: space, word 1: which. Reply: address, length, rights, object + 1; or PAGER_NOT_MAPPED */
    /** word 0: thread, word 1: space, word 2: slot for the thread's capability or 0, word 3: for its scheduling context's. */
    PAGER_THREAD_BIND,
    PAGER_THREAD_RELEASE,   /**< word 0: thread: it runs no more */
    PAGER_RESET,            /**< the client has been restarted: no space, no thread */
};

/** A page that the pager verified and that is resident; a table by index, which `scrub` reads. */
struct pager_resident {
    uint32_t generation; /**< 0: not resident; else grows with each copy, written after the rest */
    uint32_t len_bytes;  /**< of the object's bytes in it, which the leaf covers; zeros follow */
    uint8_t leaf[32];
};
_Static_assert(sizeof(struct pager_resident) == 40, "pager_resident");
#define PAGER_RESIDENT_MAX 16384u

/** What the pager tells its readers; every field is one word that is written at once. */
struct pager_info {
    uint64_t frames_total;    /**< that could be had at most */
    uint64_t frames_taken;    /**< from the kernel so far */
    uint64_t frames_free;     /**< of those */
    uint64_t pages_verified;  /**< since the start */
    uint64_t pages_refused;
    uint64_t pages_repaired;
    uint64_t answer;          /**< to the last question of `scrub` (proto/scrub.h) */
    uint64_t indices;         /**< of object pages: the used part of the table of residents */
    uint32_t resident[PAGER_SPACES_MAX];
    uint32_t verified[PAGER_SPACES_MAX];
};
_Static_assert(sizeof(struct pager_info) <= 4096, "one page");

#endif
