/* SPDX-License-Identifier: MIT */
/**
 * Supervisor: what happens when a service crashes. It gets the fault as a message, asks the root task for registers and
 * backtrace, keeps and logs a dump, and has the service restarted or stopped by the policy of the .sys file; then it signals
 * everybody who watches that service.
 *
 * It decides and the root task does: it holds no capability to any thread, memory or capability space, only the right to ask
 * (proto/system.h), and the root task grants that for services outside the trusted core alone. So a supervisor that was taken
 * over can restart services, and read their registers and return addresses, and that is all.
 *
 * Owns:   the last dumps; the history of restarts.    Uses: rt, fault, restart, sysdesc.
 * Limits: DUMPS_MAX dumps are kept; RESTART_MAX restarts per period.
 * Source: docs/design/system.md
 */
#include "fault.h"
#include "proto/system.h"
#include "restart.h"
#include "rt.h"
#include "sysdesc.h"

LX_FAULTS(faults);
LX_CALL(system_calls);
LX_BLOB(description);

enum { DUMPS_MAX = 4, SENTENCE_BYTES = 160 };
_Static_assert((int)RESTART_MAX >= (int)DESC_RESTARTS_MAX, "the history holds what a policy may allow");

/** What is known about one crash; words of `state` are only there when `inspected`. */
struct dump {
    uint64_t at_ns;
    uint32_t component;
    bool inspected;
    char sentence[SENTENCE_BYTES];
    struct system_state state;
};

static struct sysdesc desc;
static struct dump dumps[DUMPS_MAX];
static uint32_t dump_count; /* ever; dump i is dumps[i % DUMPS_MAX] */
static struct restart_history histories[DESC_COMPONENTS_MAX];

static void read_fault(struct dump *d, const struct message *m)
{
    uint64_t words[FAULT_WORDS];
    for (unsigned i = 0; i < FAULT_WORDS; i++) {
        words[i] = i < seL4_FastMessageRegisters ? m->word[i] : ipc_buffer->msg[i];
    }
    fault_sentence(d->sentence, sizeof d->sentence, rt_label(m), words);
}

static void inspect(struct dump *d)
{
    struct message m;
    uint64_t *to = (uint64_t *)&d->state;
    rt_message(&m, SYSTEM_INSPECT, d->component);
    d->inspected = rt_call(&system_calls, &m) == PROTO_OK && rt_length(&m) == SYSTEM_STATE_WORDS;
    for (unsigned i = 0; d->inspected && i < SYSTEM_STATE_WORDS; i++) {
        to[i] = i < seL4_FastMessageRegisters ? m.word[i] : ipc_buffer->msg[i];
    }
    d->inspected = d->inspected && d->state.frame_count <= SYSTEM_BACKTRACE_MAX;
}

static void log_dump(const struct dump *d)
{
    static const char *const names[] = {"pc", "sp", "spsr", "x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8",
                                        "x16", "x17", "x18", "x29", "x30", "x9", "x10", "x11"};
    rt_log("%s crashed: %s", rt_name(d->component), d->sentence);
    for (size_t i = 0; d->inspected && i + 3 < ARRAY_LEN(names); i += 4) {
        rt_log("  %4s %016llx %4s %016llx %4s %016llx %4s %016llx", names[i], (unsigned long long)d->state.registers[i],
               names[i + 1], (unsigned long long)d->state.registers[i + 1], names[i + 2],
               (unsigned long long)d->state.registers[i + 2], names[i + 3], (unsigned long long)d->state.registers[i + 3]);
    }
    for (uint64_t i = 0; d->inspected && i < d->state.frame_count; i++) {
        rt_log("  frame %llu of %s 0x%llx", (unsigned long long)i, rt_name(d->component), (unsigned long long)d->state.frames[i]);
    }
}

/* The image tool gave one capability for each watch of a component whose faults come here, in the order of the watches. */
static void tell_watchers(uint32_t component)
{
    uint64_t capability = faults.first_notify;
    for (uint32_t i = 0; i < desc.header.watch_count; i++) {
        struct desc_watch w;
        struct desc_component target;
        sysdesc_watch(&desc, i, &w);
        sysdesc_component(&desc, w.target, &target);
        if (target.fault_handler != rt_info_page()->component) {
            continue;
        }
        if (w.target == component) {
            rt_signal(capability);
        }
        capability++;
    }
}

static enum proto_status ask(enum system_request request, uint32_t component)
{
    struct message m;
    rt_message(&m, request, component);
    return (enum proto_status)rt_call(&system_calls, &m);
}

static void decide(uint32_t component, uint64_t now_ns)
{
    struct desc_component c;
    sysdesc_component(&desc, component, &c);
    uint32_t nth = restart_decide(&histories[component], c.restart_max, c.restart_period_s * 1000000000ull, now_ns);
    enum proto_status status = PROTO_OK;
    if (nth != 0) {
        status = ask(SYSTEM_RESTART, component);
        if (status == PROTO_OK) {
            rt_log("%s restarted (%u of %u per %u s)", c.name, nth, c.restart_max, c.restart_period_s);
            tell_watchers(component);
            return;
        }
        rt_log("%s cannot be restarted (status %d)", c.name, (int)status);
    }
    status = ask(SYSTEM_STOP, component);
    rt_log(status == PROTO_OK ? "%s stopped for good: %s" : "%s cannot be stopped: %s", c.name,
           c.restart_max == 0 ? "its policy allows no restart" : "its restarts are used up");
    tell_watchers(component);
}

void init(void)
{
    const char *why = sysdesc_open((const void *)description.addr, description.len_bytes, &desc);
    if (why != NULL) {
        rt_panic("%s", why);
    }
}

bool protected(struct message *m)
{
    uint64_t component = m->badge & BADGE_NUMBER;
    if ((m->badge & BADGE_FAULT) == 0 || component >= desc.header.component_count) {
        rt_message(m, PROTO_UNKNOWN, 0);
        return true;
    }
    struct dump *d = &dumps[dump_count++ % DUMPS_MAX];
    d->at_ns = rt_now_ns();
    d->component = (uint32_t)component;
    read_fault(d, m);
    inspect(d);
    log_dump(d);
    decide(d->component, d->at_ns);
    return false; /* the thread was restarted or suspended; nobody waits for an answer */
}
