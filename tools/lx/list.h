/* SPDX-License-Identifier: MIT */
/**
 * An owner's list of approvals, in a form that can be edited.
 * Owns:   its arrays, in memory that lives until the program exits.    Uses: lx.h. Private to lx.
 */
#ifndef LX_TOOL_LIST_H
#define LX_TOOL_LIST_H

#include "lx.h"

typedef char app_name[RECORD_APP_CHARS_MAX + 1];

struct listed_developer {
    struct approved_developer is; /**< but for `apps`, which stand here: */
    app_name *apps;
    uint32_t app_count;
};

struct list {
    uint64_t seq;
    struct approved_package *packages;
    uint32_t package_count;
    struct listed_developer *developers;
    uint32_t developer_count;
};

/** Takes a list apart; no bytes make an empty one. Ends the program when it is malformed. */
void list_of_bytes(struct bytes bytes, struct list *out);
/** Writes the list in the order that it must have, and reads it back. */
struct bytes list_to_bytes(struct list *list);

/** What stands there, or NULL. Pointers hold until the next _add or _remove. */
struct approved_package *list_package(struct list *list, const char *name);
struct listed_developer *list_developer(struct list *list, const struct u256 *genesis);
struct approved_package *list_add_package(struct list *list, const char *name);
struct listed_developer *list_add_developer(struct list *list, const struct u256 *genesis);
bool list_developer_has(const struct listed_developer *developer, const char *app);
void list_developer_add(struct listed_developer *developer, const char *app);

/** Removes an app: its entry, and from every developer's apps; a developer left without any goes too. @return whether it was there. */
bool list_remove_app(struct list *list, const char *name);
/** Removes a developer and the entries of packages that only he may release. */
bool list_remove_developer(struct list *list, const struct u256 *genesis);

#endif
