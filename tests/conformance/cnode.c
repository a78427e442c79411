/* SPDX-License-Identifier: MIT */
/** Operations on CNodes, and looking up their slots. Source: seL4 manual sections 3.1 to 3.4 and 11.2. */
#include "conf.h"

#define AT(index) (index), 64

/* ---- looking up slots -------------------------------------------------------------------------------------------------------- */

/** One slot that an invocation names: words `index` and `index + 1` are its place below a root. */
struct place {
    uint64_t label;
    unsigned index;
    int root; /* number of the capability that is the root; -1: the invoked one */
    bool is_source; /* what the answer says: also of a pivot, unless it is found and empty */
    bool is_pivot;
    struct words words;
    struct caps caps;
};

/* style: one place a line */
static const struct place places[] = {
    {seL4_CNodeRevoke, 0, -1, false, false, W(AT(EMPTY)), NONE},
    {seL4_CNodeDelete, 0, -1, false, false, W(AT(EMPTY)), NONE},
    {seL4_CNodeCancelBadgedSends, 0, -1, false, false, W(AT(ENDPOINT)), NONE},
    {seL4_CNodeCopy, 0, -1, false, false, W(AT(FREE), AT(FRAME), seL4_AllRights), W(OWN_CNODE)},
    {seL4_CNodeCopy, 2, 0, true, false, W(AT(FREE), AT(FRAME), seL4_AllRights), W(OWN_CNODE)},
    {seL4_CNodeMint, 0, -1, false, false, W(AT(FREE), AT(FRAME), seL4_AllRights, 0), W(OWN_CNODE)},
    {seL4_CNodeMint, 2, 0, true, false, W(AT(FREE), AT(FRAME), seL4_AllRights, 0), W(OWN_CNODE)},
    {seL4_CNodeMove, 0, -1, false, false, W(AT(FREE), AT(FRAME)), W(OWN_CNODE)},
    {seL4_CNodeMove, 2, 0, true, false, W(AT(FREE), AT(FRAME)), W(OWN_CNODE)},
    {seL4_CNodeMutate, 0, -1, false, false, W(AT(FREE), AT(FRAME), 0), W(OWN_CNODE)},
    {seL4_CNodeMutate, 2, 0, true, false, W(AT(FREE), AT(FRAME), 0), W(OWN_CNODE)},
    {seL4_CNodeRotate, 0, -1, false, false, W(AT(FREE), 0, AT(TABLE), 0, AT(FRAME)), W(OWN_CNODE, OWN_CNODE)},
    {seL4_CNodeRotate, 3, 0, true, true, W(AT(FREE), 0, AT(TABLE), 0, AT(FRAME)), W(OWN_CNODE, OWN_CNODE)},
    {seL4_CNodeRotate, 6, 1, true, false, W(AT(FREE), 0, AT(TABLE), 0, AT(FRAME)), W(OWN_CNODE, OWN_CNODE)},
};

/* The invocation with another root, index and depth in that place. */
static struct answer call_with(uint64_t i, uint64_t root, uint64_t index, uint64_t depth)
{
    const struct place *p = &places[i];
    struct words words = p->words;
    struct caps caps = p->caps;
    words.at[p->index] = index;
    words.at[p->index + 1] = depth;
    if (p->root >= 0) {
        caps.at[p->root] = root;
    }
    return call(p->root < 0 ? root : OWN_CNODE, p->label, words, caps);
}

static bool depth_0(uint64_t i)
{
    return refuses(call_with(i, OWN_CNODE, FREE, 0), seL4_RangeError, WORDS(1, 64));
}

static bool depth_65(uint64_t i)
{
    return refuses(call_with(i, OWN_CNODE, FREE, 65), seL4_RangeError, WORDS(1, 64));
}

static bool guard_differs(uint64_t i)
{
    return refuses(call_with(i, OWN_CNODE, 1ull << 40, 64), seL4_FailedLookup,
                   WORDS(places[i].is_source, seL4_GuardMismatch, 64, 0, ROOT_GUARD_BITS));
}

static bool guard_longer(uint64_t i)
{
    return refuses(call_with(i, OWN_CNODE, 0, 46), seL4_FailedLookup,
                   WORDS(places[i].is_source, seL4_GuardMismatch, 46, 0, ROOT_GUARD_BITS));
}

static bool depth_short(uint64_t i)
{
    return refuses(call_with(i, CNODE, 1, 3), seL4_FailedLookup, WORDS(places[i].is_source, seL4_DepthMismatch, 3, 4));
}

static bool depth_long(uint64_t i)
{
    return refuses(call_with(i, CNODE, 1 << 4, 8), seL4_FailedLookup, WORDS(places[i].is_source, seL4_DepthMismatch, 4, 0));
}

static bool no_cnode(uint64_t i)
{
    return refuses(call_with(i, FRAME, 1, 64), seL4_FailedLookup, WORDS(places[i].is_source, seL4_InvalidRoot));
}

static bool nothing_there(uint64_t i)
{
    return refuses(call_with(i, OWN_CNODE, EMPTY, 64), seL4_FailedLookup, WORDS(places[i].is_source && !places[i].is_pivot, seL4_MissingCapability, 64));
}

static void lookup_rows(void)
{
    static const struct {
        const char *error, *what, *of_source, *of_pivot;
        bool (*function)(uint64_t);
    } cases[] = {
        {"RangeError", "depth 0", "source: depth 0", "pivot: depth 0", depth_0},
        {"RangeError", "depth 65", "source: depth 65", "pivot: depth 65", depth_65},
        {"FailedLookup", "guard differs", "source: guard differs", "pivot: guard differs", guard_differs},
        {"FailedLookup", "guard is longer than the depth", "source: guard is longer than the depth",
         "pivot: guard is longer than the depth", guard_longer},
        {"FailedLookup", "depth is less than the CNode's bits", "source: depth is less than the CNode's bits",
         "pivot: depth is less than the CNode's bits", depth_short},
        {"FailedLookup", "depth goes on behind what is no CNode", "source: depth goes on behind what is no CNode",
         "pivot: depth goes on behind what is no CNode", depth_long},
        {"FailedLookup", NULL, "source: root is no CNode", "pivot: root is no CNode", no_cnode},
        {"FailedLookup", NULL, "source: empty slot", "pivot: empty slot", nothing_there},
    };
    for (uint64_t i = 0; i < ARRAY_LEN(places); i++) {
        for (size_t k = 0; k < ARRAY_LEN(cases); k++) {
            const struct place *p = &places[i];
            const char *what = p->root < 0 ? cases[k].what : p->is_pivot ? cases[k].of_pivot : cases[k].of_source;
            if (what != NULL) {
                run_row(conf_name(p->label), cases[k].error, what, cases[k].function, i);
            }
        }
    }
}

/* ---- refusals ------------------------------------------------------------------------------------------------------------------ */

#define GUARD(guard, bits) ((uint64_t)(guard) << 6 | (bits))

/* style: one rule a line */
static const struct refusal refused[] = {
    {"slot is not empty", OWN_CNODE, seL4_CNodeCopy, W(AT(TABLE), AT(FRAME), 15), W(OWN_CNODE), seL4_DeleteFirst, NONE},
    {"untyped with children", OWN_CNODE, seL4_CNodeCopy, W(AT(FREE), AT(UNTYPED_USED), 15), W(OWN_CNODE), seL4_RevokeFirst, NONE},
    {"control of interrupts", OWN_CNODE, seL4_CNodeCopy, W(AT(FREE), AT(seL4_CapIRQControl), 15), W(OWN_CNODE), seL4_IllegalOperation, NONE},
    {"page table that is not mapped", OWN_CNODE, seL4_CNodeCopy, W(AT(FREE), AT(TABLE), 15), W(OWN_CNODE), seL4_IllegalOperation, NONE},
    {"address space without identifier", OWN_CNODE, seL4_CNodeCopy, W(AT(FREE), AT(VSPACE_NEW), 15), W(OWN_CNODE), seL4_IllegalOperation, NONE},
    {"slot is not empty", OWN_CNODE, seL4_CNodeMint, W(AT(TABLE), AT(FRAME), 15, 0), W(OWN_CNODE), seL4_DeleteFirst, NONE},
    {"untyped with children", OWN_CNODE, seL4_CNodeMint, W(AT(FREE), AT(UNTYPED_USED), 15, 0), W(OWN_CNODE), seL4_RevokeFirst, NONE},
    {"control of interrupts", OWN_CNODE, seL4_CNodeMint, W(AT(FREE), AT(seL4_CapIRQControl), 15, 0), W(OWN_CNODE), seL4_IllegalOperation, NONE},
    {"page table that is not mapped", OWN_CNODE, seL4_CNodeMint, W(AT(FREE), AT(TABLE), 15, 0), W(OWN_CNODE), seL4_IllegalOperation, NONE},
    {"badge on a badged endpoint", OWN_CNODE, seL4_CNodeMint, W(AT(FREE), AT(ENDPOINT_BADGED), 15, 7), W(OWN_CNODE), seL4_IllegalOperation, NONE},
    {"badge 0 on a badged endpoint", OWN_CNODE, seL4_CNodeMint, W(AT(FREE), AT(ENDPOINT_BADGED), 15, 0), W(OWN_CNODE), seL4_IllegalOperation, NONE},
    {"badge on a badged notification", OWN_CNODE, seL4_CNodeMint, W(AT(FREE), AT(NOTIFICATION_BADGED), 15, 7), W(OWN_CNODE), seL4_IllegalOperation, NONE},
    {"guard that does not fit", OWN_CNODE, seL4_CNodeMint, W(AT(FREE), AT(CNODE), 15, GUARD(0, 61)), W(OWN_CNODE), seL4_IllegalOperation, NONE},
    {"slot is not empty", OWN_CNODE, seL4_CNodeMove, W(AT(TABLE), AT(FRAME)), W(OWN_CNODE), seL4_DeleteFirst, NONE},
    {"onto itself", OWN_CNODE, seL4_CNodeMove, W(AT(FRAME), AT(FRAME)), W(OWN_CNODE), seL4_DeleteFirst, NONE},
    {"slot is not empty", OWN_CNODE, seL4_CNodeMutate, W(AT(TABLE), AT(FRAME), 0), W(OWN_CNODE), seL4_DeleteFirst, NONE},
    {"badge of an endpoint", OWN_CNODE, seL4_CNodeMutate, W(AT(FREE), AT(ENDPOINT), 7), W(OWN_CNODE), seL4_IllegalOperation, NONE},
    {"badge of a notification", OWN_CNODE, seL4_CNodeMutate, W(AT(FREE), AT(NOTIFICATION), 7), W(OWN_CNODE), seL4_IllegalOperation, NONE},
    {"guard that does not fit", OWN_CNODE, seL4_CNodeMutate, W(AT(FREE), AT(CNODE), GUARD(0, 61)), W(OWN_CNODE), seL4_IllegalOperation, NONE},
    {"slot is not empty", OWN_CNODE, seL4_CNodeRotate, W(AT(FRAME_LARGE), 0, AT(TABLE), 0, AT(FRAME)), W(OWN_CNODE, OWN_CNODE), seL4_DeleteFirst, NONE},
    {"pivot is the source", OWN_CNODE, seL4_CNodeRotate, W(AT(FREE), 0, AT(FRAME), 0, AT(FRAME)), W(OWN_CNODE, OWN_CNODE), seL4_IllegalOperation, NONE},
    {"pivot is the destination", OWN_CNODE, seL4_CNodeRotate, W(AT(FREE), 0, AT(FREE), 0, AT(FRAME)), W(OWN_CNODE, OWN_CNODE), seL4_IllegalOperation, NONE},
    {"badge of an endpoint as source", OWN_CNODE, seL4_CNodeRotate, W(AT(FREE), 0, AT(TABLE), 0, AT(ENDPOINT)), W(OWN_CNODE, OWN_CNODE), seL4_IllegalOperation, NONE},
    {"badge of an endpoint as pivot", OWN_CNODE, seL4_CNodeRotate, W(AT(FREE), 0, AT(ENDPOINT), 0, AT(FRAME)), W(OWN_CNODE, OWN_CNODE), seL4_IllegalOperation, NONE},
    {"guard of the source does not fit", OWN_CNODE, seL4_CNodeRotate, W(AT(FREE), 0, AT(TABLE), GUARD(0, 61), AT(CNODE)), W(OWN_CNODE, OWN_CNODE), seL4_IllegalOperation, NONE},
    {"guard of the pivot does not fit", OWN_CNODE, seL4_CNodeRotate, W(AT(FREE), GUARD(0, 61), AT(CNODE), 0, AT(FRAME)), W(OWN_CNODE, OWN_CNODE), seL4_IllegalOperation, NONE},
    {"no endpoint", OWN_CNODE, seL4_CNodeCancelBadgedSends, W(AT(NOTIFICATION)), NONE, seL4_IllegalOperation, NONE},
    {"empty slot", OWN_CNODE, seL4_CNodeCancelBadgedSends, W(AT(EMPTY)), NONE, seL4_IllegalOperation, NONE},
    {"no right to receive", OWN_CNODE, seL4_CNodeCancelBadgedSends, W(AT(ENDPOINT_NO_READ)), NONE, seL4_IllegalOperation, NONE},
    {"no right to send", OWN_CNODE, seL4_CNodeCancelBadgedSends, W(AT(ENDPOINT_NO_WRITE)), NONE, seL4_IllegalOperation, NONE},
    {"no right to grant", OWN_CNODE, seL4_CNodeCancelBadgedSends, W(AT(ENDPOINT_GRANT_REPLY)), NONE, seL4_IllegalOperation, NONE},
};

/* ---- what works ------------------------------------------------------------------------------------------------------------------ */

static bool has(uint64_t slot)
{
    struct answer a = call(OWN_CNODE, seL4_CNodeMove, WORDS(AT(slot), AT(EMPTY)), CAPS(OWN_CNODE));
    return seL4_MessageInfo_label(a.info) == seL4_DeleteFirst;
}

static bool copies_rights(void)
{
    bool good = works(call(OWN_CNODE, seL4_CNodeCopy, WORDS(AT(FREE), AT(NOTIFICATION_BADGED), seL4_CanRead), CAPS(OWN_CNODE))) &&
                works(call(OWN_CNODE, seL4_CNodeCopy, WORDS(AT(FREE_2), AT(NOTIFICATION_BADGED), seL4_CanWrite), CAPS(OWN_CNODE))) &&
                works(call(OWN_CNODE, seL4_CNodeCopy, WORDS(AT(FREE_3), AT(FREE), seL4_AllRights), CAPS(OWN_CNODE)));
    sys_signal(FREE);
    sys_signal(FREE_3);
    good = good && same(sys_poll(NOTIFICATION), 0, "signals without the right");
    sys_signal(FREE_2);
    return good && same(sys_poll(FREE), BADGE, "signals of the copy");
}

/* Copies of each kind that can be copied. */
static bool copies_each_kind(void)
{
    static const uint64_t kinds[] = {UNTYPED,     ENDPOINT,    NOTIFICATION,      REPLY,  THREAD,     CONTEXT, CNODE,         FRAME,      TABLE_MAPPED,
                                     VSPACE,      OWN_POOL,    seL4_CapASIDControl, HANDLER, seL4_CapDomain, SCHED_CONTROL, seL4_CapSMC};
    bool good = true;
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        good = works(call(OWN_CNODE, seL4_CNodeCopy, WORDS(AT(new_slot()), AT(kinds[i]), 15), CAPS(OWN_CNODE))) && good;
    }
    return good;
}

static bool mints_badges(void)
{
    bool good = works(call(OWN_CNODE, seL4_CNodeMint, WORDS(AT(FREE), AT(NOTIFICATION), 15, 5), CAPS(OWN_CNODE))) &&
                works(call(OWN_CNODE, seL4_CNodeMint, WORDS(AT(FREE_2), AT(NOTIFICATION), 15, 1ull << 63), CAPS(OWN_CNODE)));
    sys_signal(FREE);
    sys_signal(FREE_2);
    return good && same(sys_poll(NOTIFICATION), 1ull << 63 | 5, "badges of two signals");
}

/* 4 bits of guard and 4 of index. */
static bool finds_behind_guard(uint64_t node)
{
    return works(call(OWN_CNODE, seL4_CNodeCopy, WORDS(AT(FREE_3), 0xa1, 8, 15), CAPS(node))) &&
           refuses(call(OWN_CNODE, seL4_CNodeCopy, WORDS(AT(EMPTY), 0xb1, 8, 15), CAPS(node)), seL4_FailedLookup,
                   WORDS(1, seL4_GuardMismatch, 8, 0xa, 4));
}

static bool mints_guards(void)
{
    return works(call(OWN_CNODE, seL4_CNodeMint, WORDS(AT(FREE), AT(CNODE), 15, GUARD(0xa, 4)), CAPS(OWN_CNODE))) &&
           finds_behind_guard(FREE);
}

static bool mutates_guards(void)
{
    return works(call(OWN_CNODE, seL4_CNodeMutate, WORDS(AT(FREE), AT(CNODE), GUARD(0xa, 4)), CAPS(OWN_CNODE))) &&
           finds_behind_guard(FREE) && check(!has(CNODE), "the source is empty");
}

static bool mints_what_has_no_badge(void)
{
    return works(call(OWN_CNODE, seL4_CNodeMint, WORDS(AT(FREE), AT(THREAD), 15, 7), CAPS(OWN_CNODE))) &&
           works(call(FREE, seL4_TCBSuspend, NO_WORDS, NO_CAPS));
}

static bool moves(void)
{
    bool good = works(call(OWN_CNODE, seL4_CNodeMove, WORDS(AT(FREE), AT(NOTIFICATION_BADGED)), CAPS(OWN_CNODE)));
    sys_signal(FREE);
    return good && same(sys_poll(NOTIFICATION), BADGE, "signal of what was moved") &&
           check(!has(NOTIFICATION_BADGED), "the source is empty") && works(call(OWN_CNODE, seL4_CNodeRevoke, WORDS(AT(NOTIFICATION)), NO_CAPS)) &&
           check(!has(FREE), "what was moved is still derived");
}

static bool is_frame(uint64_t slot)
{
    struct answer a = call(slot, seL4_ARMPageGetAddress, NO_WORDS, NO_CAPS);
    return seL4_MessageInfo_label(a.info) == seL4_NoError;
}

static bool is_thread(uint64_t slot)
{
    return works(call(slot, seL4_TCBSuspend, NO_WORDS, NO_CAPS));
}

static bool rotates(void)
{
    return works(call(OWN_CNODE, seL4_CNodeRotate, WORDS(AT(FREE), 0, AT(FRAME), 0, AT(THREAD)), CAPS(OWN_CNODE, OWN_CNODE))) &&
           check(is_frame(FREE), "the pivot's is in the destination") && is_thread(FRAME) && check(!has(THREAD), "the source is empty");
}

static bool swaps(void)
{
    return works(call(OWN_CNODE, seL4_CNodeRotate, WORDS(AT(THREAD), 0, AT(FRAME), 0, AT(THREAD)), CAPS(OWN_CNODE, OWN_CNODE))) &&
           check(is_frame(THREAD), "the pivot's is in the source") && is_thread(FRAME);
}

static bool rotates_with_guards(void)
{
    return works(call(OWN_CNODE, seL4_CNodeRotate, WORDS(AT(FREE), GUARD(0xa, 4), AT(CNODE), 0, AT(FRAME)), CAPS(OWN_CNODE, OWN_CNODE))) &&
           finds_behind_guard(FREE);
}

static bool deletes(void)
{
    return works(call(OWN_CNODE, seL4_CNodeDelete, WORDS(AT(ENDPOINT_BADGED)), NO_CAPS)) &&
           works(call(OWN_CNODE, seL4_CNodeDelete, WORDS(AT(ENDPOINT_BADGED)), NO_CAPS)) && check(!has(ENDPOINT_BADGED), "it is gone") &&
           check(has(ENDPOINT), "its parent is there");
}

static bool deletes_a_parent(void)
{
    return works(call(OWN_CNODE, seL4_CNodeDelete, WORDS(AT(ENDPOINT)), NO_CAPS)) && check(has(ENDPOINT_BADGED), "its child is there");
}

/* The last capability to the CNode takes what stands in it along. */
static bool deletes_a_node(void)
{
    return works(call(CNODE_NEW, seL4_CNodeMove, WORDS(3, 4, AT(UNTYPED_CHILD)), CAPS(OWN_CNODE))) &&
           works(call(OWN_CNODE, seL4_CNodeDelete, WORDS(AT(CNODE_NEW)), NO_CAPS)) &&
           works(call(UNTYPED_USED, seL4_UntypedRetype, WORDS(seL4_UntypedObject, 14, 0, 0, FREE, 1), CAPS(OWN_CNODE)));
}

static bool reclaims_a_circle(void)
{
    return works(call(UNTYPED, seL4_UntypedRetype, WORDS(seL4_CapTableObject, 4, 0, 0, FREE, 1), CAPS(OWN_CNODE))) &&
           works(call(FREE, seL4_CNodeCopy, WORDS(3, 4, AT(FREE), 15), CAPS(OWN_CNODE))) &&
           works(call(OWN_CNODE, seL4_CNodeDelete, WORDS(AT(FREE)), NO_CAPS)) &&
           works(call(OWN_CNODE, seL4_CNodeRevoke, WORDS(AT(UNTYPED)), NO_CAPS)) &&
           works(call(UNTYPED, seL4_UntypedRetype, WORDS(seL4_UntypedObject, 16, 0, 0, FREE, 1), CAPS(OWN_CNODE)));
}

static bool revokes_children(void)
{
    return works(call(OWN_CNODE, seL4_CNodeRevoke, WORDS(AT(ENDPOINT)), NO_CAPS)) && check(has(ENDPOINT), "itself is there") &&
           check(!has(ENDPOINT_BADGED), "its badged child is gone") && check(!has(ENDPOINT_NO_READ), "its copy is gone") &&
           refuses(call(OWN_CNODE, seL4_CNodeCopy, WORDS(AT(FREE), 1, 4, 15), CAPS(CNODE)), seL4_FailedLookup,
                   WORDS(1, seL4_MissingCapability, 4));
}

static bool revokes_badged(void)
{
    return works(call(OWN_CNODE, seL4_CNodeCopy, WORDS(AT(FREE), AT(ENDPOINT_BADGED), 15), CAPS(OWN_CNODE))) &&
           works(call(OWN_CNODE, seL4_CNodeRevoke, WORDS(AT(ENDPOINT_BADGED)), NO_CAPS)) && check(!has(FREE), "its copy is gone") &&
           check(has(ENDPOINT_NO_READ), "its siblings are there");
}

static bool revokes_a_copy(void)
{
    return works(call(OWN_CNODE, seL4_CNodeRevoke, WORDS(AT(ENDPOINT_NO_READ)), NO_CAPS)) && check(has(ENDPOINT), "the original is there") &&
           check(has(ENDPOINT_BADGED), "other children are there");
}

static bool revokes_nothing(void)
{
    return works(call(OWN_CNODE, seL4_CNodeRevoke, WORDS(AT(EMPTY)), NO_CAPS));
}

static void sends_to(struct worker *w)
{
    const struct message m = {.info = message_info(w->argument[0], 0)};
    sys_send(w->argument[0], &m);
    w->step = 1;
}

/* Two senders wait; what was sent with one badge is started again, and finds no capability, which a Send does not tell. */
static bool cancels(void)
{
    uint64_t other = minted(ENDPOINT, seL4_AllRights, 7);
    struct worker *w = worker_run(sends_to, ROOT_PRIORITY - 10, ENDPOINT_BADGED);
    struct worker *w2 = worker_run(sends_to, ROOT_PRIORITY - 20, other);
    struct message m = {0};
    settle();
    bool good = works(call(OWN_CNODE, seL4_CNodeCancelBadgedSends, WORDS(AT(ENDPOINT_BADGED)), NO_CAPS)) &&
                works(call(OWN_CNODE, seL4_CNodeDelete, WORDS(AT(ENDPOINT_BADGED)), NO_CAPS));
    sys_nb_recv(ENDPOINT, REPLY, &m);
    good = good && same(m.badge, 7, "badge of the sender that waits");
    settle();
    sys_nb_recv(ENDPOINT, REPLY, &m);
    return good && same(m.badge, 0, "badge of a message of the first sender") && same(w->step, 1, "first sender") &&
           same(w2->step, 1, "second sender");
}

static bool cancels_no_badge(void)
{
    struct worker *w = worker_run(sends_to, ROOT_PRIORITY - 10, ENDPOINT_NO_GRANT);
    struct message m = {0};
    settle();
    bool good = works(call(OWN_CNODE, seL4_CNodeCancelBadgedSends, WORDS(AT(ENDPOINT)), NO_CAPS));
    sys_nb_recv(ENDPOINT, REPLY, &m);
    settle();
    return good && same(seL4_MessageInfo_label(m.info), ENDPOINT_NO_GRANT, "message that still waits") && same(w->step, 1, "sender");
}

static const struct row rows[] = {
    {"CNode_Copy", "works", "with fewer rights, never with more", copies_rights},
    {"CNode_Copy", "works", "each kind of capability that can be copied", copies_each_kind},
    {"CNode_Mint", "works", "badges", mints_badges},
    {"CNode_Mint", "works", "guard of a CNode", mints_guards},
    {"CNode_Mint", "works", "the badge is ignored where there is none", mints_what_has_no_badge},
    {"CNode_Move", "works", "and the derivation stays", moves},
    {"CNode_Mutate", "works", "guard of a CNode", mutates_guards},
    {"CNode_Rotate", "works", "three slots", rotates},
    {"CNode_Rotate", "works", "swaps when source and destination are one", swaps},
    {"CNode_Rotate", "works", "guard of a CNode", rotates_with_guards},
    {"CNode_Delete", "works", "a capability; then an empty slot", deletes},
    {"CNode_Delete", "works", "not what is derived from it", deletes_a_parent},
    {"CNode_Delete", "works", "a CNode with what stands in it", deletes_a_node},
    {"CNode_Revoke", "works", "what is derived, not itself", revokes_children},
    {"CNode_Revoke", "works", "copies of a badged capability, not its siblings", revokes_badged},
    {"CNode_Revoke", "works", "nothing through a copy", revokes_a_copy},
    {"CNode_Revoke", "works", "an empty slot", revokes_nothing},
    {"CNode_Revoke", "works", "a CNode that stands in itself", reclaims_a_circle},
    {"CNode_CancelBadgedSends", "works", "senders with this badge start again, others wait", cancels},
    {"CNode_CancelBadgedSends", "works", "without a badge nothing happens", cancels_no_badge},
};

void cnode_rows(void)
{
    lookup_rows();
    run_refusals(refused, ARRAY_LEN(refused));
    run_rows(rows, ARRAY_LEN(rows));
}
