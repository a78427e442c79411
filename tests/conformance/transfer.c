/* SPDX-License-Identifier: MIT */
/** Capabilities in messages. Source: seL4 manual section 4.2.2. */
#include "conf.h"

enum { ABOVE = ROOT_PRIORITY + 10, LABEL = 0x77 };

/** What a worker sends along: arguments 0 endpoint, 1 number of capabilities, 2 to 4 these. */
static void sends(struct worker *w)
{
    struct message m = {.info = seL4_MessageInfo_new(LABEL, 0, w->argument[1], 1)};
    for (unsigned i = 0; i < seL4_MsgMaxExtraCaps; i++) {
        w->buffer->caps_or_badges[i] = w->argument[2 + i];
    }
    sys_send(w->argument[0], &m);
    w->step = 1;
}

static void calls(struct worker *w)
{
    w->message = (struct message){.info = message_info(LABEL, 1)};
    w->buffer->receiveCNode = OWN_CNODE;
    w->buffer->receiveIndex = FREE;
    w->buffer->receiveDepth = 64;
    sys_call(w->argument[0], &w->message);
    w->step = 1;
}

static struct worker *sender(uint64_t endpoint, struct caps caps)
{
    struct worker *w = worker_new(sends, ABOVE);
    w->argument[0] = endpoint;
    w->argument[1] = caps.count;
    memcpy(&w->argument[2], caps.at, sizeof caps.at);
    worker_start(w);
    return w;
}

/* Receives into slot `index` of `root`. */
static struct message receive(uint64_t root, uint64_t index, uint64_t depth)
{
    struct message m = {0};
    ipc_buffer->receiveCNode = root;
    ipc_buffer->receiveIndex = index;
    ipc_buffer->receiveDepth = depth;
    memset(ipc_buffer->caps_or_badges, 0xee, sizeof ipc_buffer->caps_or_badges);
    sys_recv(ENDPOINT, REPLY, &m);
    return m;
}

static bool has(uint64_t slot)
{
    struct answer a = call(OWN_CNODE, seL4_CNodeMove, WORDS(slot, 64, EMPTY, 64), CAPS(OWN_CNODE));
    return seL4_MessageInfo_label(a.info) == seL4_DeleteFirst;
}

static bool arrives(const struct message *m, uint64_t caps, uint64_t unwrapped)
{
    return same(seL4_MessageInfo_label(m->info), LABEL, "label") && same(seL4_MessageInfo_length(m->info), 1, "length") &&
           same(seL4_MessageInfo_extraCaps(m->info), caps, "capabilities") && same(seL4_MessageInfo_capsUnwrapped(m->info), unwrapped, "unwrapped");
}

static bool one(void)
{
    (void)sender(ENDPOINT, CAPS(NOTIFICATION_BADGED));
    struct message m = receive(OWN_CNODE, FREE, 64);
    sys_signal(FREE);
    return arrives(&m, 1, 0) && same(sys_poll(NOTIFICATION), BADGE, "signal through the capability") &&
           check(has(NOTIFICATION_BADGED), "the sender keeps it") && works(call(OWN_CNODE, seL4_CNodeRevoke, WORDS(NOTIFICATION_BADGED, 64), NO_CAPS)) &&
           check(!has(FREE), "it is derived from the sender's");
}

static bool into_a_node(void)
{
    (void)sender(ENDPOINT, CAPS(FRAME));
    struct message m = receive(CNODE, 7, 4);
    return arrives(&m, 1, 0) && works(call(OWN_CNODE, seL4_CNodeMove, WORDS(FREE, 64, 7, 4), CAPS(CNODE)));
}

static bool without_grant(void)
{
    (void)sender(ENDPOINT_NO_GRANT, CAPS(FRAME));
    struct message m = receive(OWN_CNODE, FREE, 64);
    return arrives(&m, 0, 0) && check(!has(FREE), "nothing arrives");
}

static bool grant_reply_only(void)
{
    (void)sender(ENDPOINT_GRANT_REPLY, CAPS(FRAME));
    struct message m = receive(OWN_CNODE, FREE, 64);
    return arrives(&m, 0, 0) && check(!has(FREE), "nothing arrives");
}

static bool second_stays(void)
{
    (void)sender(ENDPOINT, CAPS(FRAME, TABLE_MAPPED));
    struct message m = receive(OWN_CNODE, FREE, 64);
    return arrives(&m, 1, 0) && check(has(FREE), "the first arrives");
}

static bool unwraps(void)
{
    (void)sender(ENDPOINT, CAPS(ENDPOINT_BADGED, ENDPOINT_NO_READ, ENDPOINT_BADGED));
    struct message m = receive(OWN_CNODE, FREE, 64);
    return arrives(&m, 3, 7) && same(ipc_buffer->caps_or_badges[0], BADGE, "badge 0") && same(ipc_buffer->caps_or_badges[1], 0, "badge 1") &&
           same(ipc_buffer->caps_or_badges[2], BADGE, "badge 2") && check(!has(FREE), "nothing is copied");
}

static bool unwraps_and_copies(void)
{
    (void)sender(ENDPOINT, CAPS(FRAME, ENDPOINT_BADGED, TABLE_MAPPED));
    struct message m = receive(OWN_CNODE, FREE, 64);
    return arrives(&m, 2, 2) && check(has(FREE), "the first arrives") && same(ipc_buffer->caps_or_badges[1], BADGE, "badge 1");
}

static bool no_slot(void)
{
    (void)sender(ENDPOINT, CAPS(FRAME));
    struct message m = receive(OWN_CNODE, TABLE, 64);
    bool good = arrives(&m, 0, 0);
    (void)sender(ENDPOINT, CAPS(FRAME));
    m = receive(OWN_CNODE, 1ull << 40, 64);
    good = good && arrives(&m, 0, 0);
    (void)sender(ENDPOINT, CAPS(FRAME));
    m = receive(OWN_CNODE, FREE, 65);
    good = good && arrives(&m, 0, 0);
    (void)sender(ENDPOINT, CAPS(FRAME));
    m = receive(FRAME, FREE, 64);
    return good && arrives(&m, 0, 0);
}

static bool no_slot_for_badges(void)
{
    (void)sender(ENDPOINT, CAPS(ENDPOINT_BADGED, FRAME));
    struct message m = receive(OWN_CNODE, TABLE, 64);
    return arrives(&m, 1, 1);
}

static bool underivable(void)
{
    (void)sender(ENDPOINT, CAPS(UNTYPED_USED));
    struct message m = receive(OWN_CNODE, FREE, 64);
    bool good = arrives(&m, 0, 0);
    (void)sender(ENDPOINT, CAPS(TABLE));
    m = receive(OWN_CNODE, FREE, 64);
    good = good && arrives(&m, 0, 0);
    (void)sender(ENDPOINT, CAPS(seL4_CapIRQControl));
    m = receive(OWN_CNODE, FREE, 64);
    return good && arrives(&m, 0, 0) && check(!has(FREE), "nothing arrives");
}

static bool empty_source(void)
{
    (void)sender(ENDPOINT, CAPS(EMPTY, FRAME));
    struct message m = receive(OWN_CNODE, FREE, 64);
    return arrives(&m, 0, 0) && check(!has(FREE), "nothing arrives");
}

/* The address leads nowhere: the call is a fault, with the capability's address. */
static bool nowhere(void)
{
    struct worker *w = sender(ENDPOINT, CAPS(FRAME, 1ull << 40));
    struct message m = {0};
    return same(w->step, 0, "steps") && take_fault(seL4_Fault_CapFault, &m) && same(m.word[seL4_CapFault_Addr], 1ull << 40, "address") &&
           same(m.word[seL4_CapFault_InRecvPhase], 0, "in the receive phase");
}

/* Answers a call that was received from `endpoint` with a capability, through `reply`. */
static bool answers_with(uint64_t endpoint, uint64_t reply, uint64_t caps)
{
    struct worker *w = worker_run(calls, ABOVE, ENDPOINT);
    struct message m = {0};
    sys_recv(endpoint, REPLY, &m);
    m = (struct message){.info = seL4_MessageInfo_new(LABEL, 0, 1, 1)};
    ipc_buffer->caps_or_badges[0] = FRAME;
    sys_send(reply, &m);
    return same(w->step, 1, "steps") && arrives(&w->message, caps, 0) && check(has(FREE) == (caps != 0), "what arrives");
}

static bool answer(void)
{
    return answers_with(ENDPOINT, REPLY, 1);
}

/* With reply objects it is their capability's right that counts, not the endpoint's. */
static bool answer_received_without_grant(void)
{
    return answers_with(ENDPOINT_NO_GRANT, REPLY, 1);
}

static bool answer_without_grant(void)
{
    return answers_with(ENDPOINT, minted(REPLY, seL4_CanRead | seL4_CanWrite, 0), 0);
}

static const struct row rows[] = {
    {"Capability transfer", "works", "one, as a child of the sender's", one},
    {"Capability transfer", "works", "into a CNode below the root", into_a_node},
    {"Capability transfer", "works", "without grant only words arrive", without_grant},
    {"Capability transfer", "works", "with grant-reply only words arrive", grant_reply_only},
    {"Capability transfer", "works", "of two, one", second_stays},
    {"Capability transfer", "works", "those of the endpoint arrive as their badges", unwraps},
    {"Capability transfer", "works", "one is copied, one unwrapped, the third stays", unwraps_and_copies},
    {"Capability transfer", "works", "no slot for it: only words arrive", no_slot},
    {"Capability transfer", "works", "badges need no slot", no_slot_for_badges},
    {"Capability transfer", "works", "what cannot be copied does not arrive", underivable},
    {"Capability transfer", "works", "an empty slot ends it", empty_source},
    {"Capability transfer", "CapFault", "an address that leads nowhere", nowhere},
    {"Capability transfer", "works", "with an answer", answer},
    {"Capability transfer", "works", "with an answer to what was received without grant", answer_received_without_grant},
    {"Capability transfer", "works", "with an answer, reply capability without grant: only words", answer_without_grant},
};

void transfer_rows(void)
{
    run_rows(rows, ARRAY_LEN(rows));
}
