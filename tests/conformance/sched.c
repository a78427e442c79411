/* SPDX-License-Identifier: MIT */
/** Operations on scheduling contexts and their control. Source: seL4 manual sections 6.1.6 to 6.1.10 and 11.2. */
#include "conf.h"

enum { CONFIGURE = seL4_SchedControlConfigureFlags, BELOW = ROOT_PRIORITY - 10, ABOVE = ROOT_PRIORITY + 10, EXTRA_512 = 24, EXTRA_128 = 0 };

#define MIN_US 20
#define MAX_US 36893488147419ull /**< 2^61 / 62500 */

/* style: one rule a line */
static const struct refusal refused[] = {
    {"no scheduling context", SCHED_CONTROL, CONFIGURE, W(1000, 1000, 0, 0, 0), W(FRAME), seL4_InvalidCapability, W(1)},
    {"budget of 19 us", SCHED_CONTROL, CONFIGURE, W(19, 1000, 0, 0, 0), W(CONTEXT), seL4_RangeError, W(MIN_US, MAX_US)},
    {"period of 19 us", SCHED_CONTROL, CONFIGURE, W(20, 19, 0, 0, 0), W(CONTEXT), seL4_RangeError, W(MIN_US, MAX_US)},
    {"budget above the longest", SCHED_CONTROL, CONFIGURE, W(MAX_US + 1, 1000, 0, 0, 0), W(CONTEXT), seL4_RangeError, W(MIN_US, MAX_US)},
    {"period above the longest", SCHED_CONTROL, CONFIGURE, W(1000, MAX_US + 1, 0, 0, 0), W(CONTEXT), seL4_RangeError, W(MIN_US, MAX_US)},
    {"budget above the period", SCHED_CONTROL, CONFIGURE, W(1001, 1000, 0, 0, 0), W(CONTEXT), seL4_RangeError, W(MIN_US, 1000)},
    {"more refills than fit into 512 bytes", SCHED_CONTROL, CONFIGURE, W(500, 1000, EXTRA_512 + 1, 0, 0), W(CONTEXT), seL4_RangeError, W(0, EXTRA_512)},
    {"more refills than fit into 128 bytes", SCHED_CONTROL, CONFIGURE, W(500, 1000, EXTRA_128 + 1, 0, 0), W(CONTEXT_NEW), seL4_RangeError, W(0, EXTRA_128)},
    {"neither thread nor notification", CONTEXT, seL4_SchedContextBind, NONE, W(FRAME), seL4_InvalidCapability, W(1)},
    {"the context has another thread", CONTEXT_BOUND, seL4_SchedContextBind, NONE, W(THREAD), seL4_IllegalOperation, NONE},
    {"the thread has another context", CONTEXT, seL4_SchedContextBind, NONE, W(THREAD_BOUND), seL4_IllegalOperation, NONE},
    {"our own", OWN_SC, seL4_SchedContextUnbind, NONE, NONE, seL4_IllegalOperation, NONE},
    {"neither thread nor notification", CONTEXT, seL4_SchedContextUnbindObject, NONE, W(FRAME), seL4_InvalidCapability, W(1)},
    {"not this thread", CONTEXT_BOUND, seL4_SchedContextUnbindObject, NONE, W(THREAD), seL4_IllegalOperation, NONE},
    {"not this notification", CONTEXT, seL4_SchedContextUnbindObject, NONE, W(NOTIFICATION), seL4_IllegalOperation, NONE},
    {"our own", OWN_SC, seL4_SchedContextUnbindObject, NONE, W(OWN_TCB), seL4_IllegalOperation, NONE},
    {"nobody has the context", CONTEXT, seL4_SchedContextYieldTo, NONE, NONE, seL4_IllegalOperation, NONE},
    {"our own", OWN_SC, seL4_SchedContextYieldTo, NONE, NONE, seL4_IllegalOperation, NONE},
};

static bool configures_limits(void)
{
    return works(call(SCHED_CONTROL, CONFIGURE, WORDS(20, 20, 0, 0, 0), CAPS(CONTEXT))) &&
           works(call(SCHED_CONTROL, CONFIGURE, WORDS(20, MAX_US, EXTRA_512, 0, seL4_SchedContext_Sporadic), CAPS(CONTEXT))) &&
           works(call(SCHED_CONTROL, CONFIGURE, WORDS(MAX_US, MAX_US, 0, UINT64_MAX, 0), CAPS(CONTEXT_NEW)));
}

static void ends(struct worker *w)
{
    w->step = 1;
}

/* ---- binding --------------------------------------------------------------------------------------------------------------------- */

static bool binds_a_thread(void)
{
    struct worker *w = worker_new(ends, ABOVE);
    bool good = works(call(w->context, seL4_SchedContextUnbindObject, NO_WORDS, CAPS(w->tcb)));
    worker_start(w);
    return good && same(w->step, 0, "steps without a context") && works(call(w->context, seL4_SchedContextBind, NO_WORDS, CAPS(w->tcb))) &&
           same(w->step, 1, "steps with a context");
}

static bool binds_a_notification(void)
{
    return works(call(CONTEXT, seL4_SchedContextBind, NO_WORDS, CAPS(NOTIFICATION))) &&
           refuses(call(CONTEXT, seL4_SchedContextBind, NO_WORDS, CAPS(NOTIFICATION_2)), seL4_IllegalOperation, NO_WORDS) &&
           refuses(call(CONTEXT_BOUND, seL4_SchedContextBind, NO_WORDS, CAPS(NOTIFICATION)), seL4_IllegalOperation, NO_WORDS) &&
           works(call(CONTEXT, seL4_SchedContextUnbindObject, NO_WORDS, CAPS(NOTIFICATION))) &&
           works(call(CONTEXT, seL4_SchedContextBind, NO_WORDS, CAPS(NOTIFICATION_2)));
}

static bool unbinds_both(void)
{
    return works(call(CONTEXT_BOUND, seL4_SchedContextBind, NO_WORDS, CAPS(NOTIFICATION))) &&
           works(call(CONTEXT_BOUND, seL4_SchedContextUnbind, NO_WORDS, NO_CAPS)) &&
           works(call(CONTEXT_BOUND, seL4_SchedContextBind, NO_WORDS, CAPS(THREAD))) &&
           works(call(CONTEXT_BOUND, seL4_SchedContextBind, NO_WORDS, CAPS(NOTIFICATION)));
}

static bool unbinds_a_running_thread(void)
{
    struct worker *w = worker_run(counts, BELOW, 0);
    return check(still_counts(w), "it runs") && works(call(w->context, seL4_SchedContextUnbind, NO_WORDS, NO_CAPS)) &&
           check(!still_counts(w), "it does not run");
}

static bool dies_with_its_context(void)
{
    struct worker *w = worker_run(counts, BELOW, 0);
    return check(still_counts(w), "it runs") && works(call(OWN_CNODE, seL4_CNodeDelete, WORDS(w->context, 64), NO_CAPS)) &&
           check(!still_counts(w), "it does not run") && works(call(CONTEXT, seL4_SchedContextBind, NO_WORDS, CAPS(w->tcb))) &&
           check(still_counts(w), "it runs on another context");
}

static void receives(struct worker *w)
{
    sys_recv(w->argument[0], w->reply, &w->message);
    w->step++;
}

static bool refuses_a_blocked_thread(void)
{
    struct worker *w = worker_run(receives, ABOVE, ENDPOINT);
    return works(call(w->context, seL4_SchedContextUnbind, NO_WORDS, NO_CAPS)) &&
           refuses(call(CONTEXT_NEW, seL4_SchedContextBind, NO_WORDS, CAPS(w->tcb)), seL4_IllegalOperation, NO_WORDS);
}

/* ---- consumed time ----------------------------------------------------------------------------------------------------------------- */

static void spins(struct worker *w)
{
    uint64_t until = ticks() + ticks_of_us(w->argument[0]);
    while (ticks() < until) {
        linger();
    }
    w->step = 1;
}

static bool near(uint64_t got_us, uint64_t wanted_us, const char *what)
{
    return (got_us >= wanted_us && got_us <= wanted_us + wanted_us / 10 + 20) || same(got_us, wanted_us, what);
}

static bool says_what_was_consumed(void)
{
    struct worker *w = worker_run(spins, ABOVE, 1000);
    struct answer a = call(w->context, seL4_SchedContextConsumed, NO_WORDS, NO_CAPS);
    bool good = same(w->step, 1, "steps") && same(seL4_MessageInfo_length(a.info), 1, "words") && near(a.word[0], 1000, "microseconds");
    a = call(w->context, seL4_SchedContextConsumed, NO_WORDS, NO_CAPS);
    return good && same(a.word[0], 0, "microseconds since then");
}

/* Our own is counted when another context is switched to. */
static bool says_our_own(void)
{
    struct worker *other = worker_new(ends, ABOVE);
    struct worker w = {.argument = {500}};
    (void)call(OWN_SC, seL4_SchedContextConsumed, NO_WORDS, NO_CAPS);
    spins(&w);
    worker_start(other);
    struct answer a = call(OWN_SC, seL4_SchedContextConsumed, NO_WORDS, NO_CAPS);
    return check(a.word[0] >= 500 && a.word[0] < 3000, "our microseconds, and those that starting the other took");
}

/* ---- yielding to ---------------------------------------------------------------------------------------------------------------------- */

static bool yields_to_an_equal(void)
{
    struct worker *w = worker_run(spins, ROOT_PRIORITY, 1000);
    bool good = same(w->step, 0, "steps before");
    struct answer a = call(w->context, seL4_SchedContextYieldTo, NO_WORDS, NO_CAPS);
    return good && same(w->step, 1, "steps") && same(seL4_MessageInfo_length(a.info), 1, "words") && near(a.word[0], 1000, "microseconds");
}

static bool yields_to_a_lesser(void)
{
    struct worker *w = worker_run(ends, BELOW, 0);
    return gives(call(w->context, seL4_SchedContextYieldTo, NO_WORDS, NO_CAPS), WORDS(0)) && same(w->step, 0, "steps");
}

/* It does not come before those that are above it. */
static bool yields_to_a_lesser_first(void)
{
    struct worker *w = worker_run(counts, BELOW, 0);
    struct worker *w2 = worker_run(ends, BELOW, 0);
    bool good = gives(call(w2->context, seL4_SchedContextYieldTo, NO_WORDS, NO_CAPS), WORDS(0));
    sleep_us(100);
    return good && same(w2->step, 1, "steps of the one that was yielded to") && check(w->step != 0, "the other runs after it");
}

static void yields_to(struct worker *w)
{
    struct message m = {.info = message_info(seL4_SchedContextYieldTo, 0)};
    sys_call(w->argument[0], &m);
    w->note[0] = m.info;
    w->step = 1;
}

/* The worker's maximum controlled priority is 0. */
static bool refuses_above_the_maximum(void)
{
    bool good = works(call(THREAD_BOUND, seL4_TCBSetPriority, WORDS(1), CAPS(OWN_TCB)));
    struct worker *w = worker_run(yields_to, ABOVE, CONTEXT_BOUND);
    return good && same(w->step, 1, "steps") && same(seL4_MessageInfo_label(w->note[0]), seL4_IllegalOperation, "error");
}

static const struct row rows[] = {
    {"SchedControl_ConfigureFlags", "works", "least and greatest budget, period, refills; sporadic", configures_limits},
    {"SchedContext_Bind", "works", "a thread, which runs then", binds_a_thread},
    {"SchedContext_Bind", "IllegalOperation", "a second notification, or a notification that has one; UnbindObject ends that", binds_a_notification},
    {"SchedContext_Bind", "IllegalOperation", "a blocked thread, a context without budget", refuses_a_blocked_thread},
    {"SchedContext_UnbindObject", "works", "a thread, which does not run until it is bound again", binds_a_thread},
    {"SchedContext_Unbind", "works", "thread and notification", unbinds_both},
    {"SchedContext_Unbind", "works", "a thread that runs", unbinds_a_running_thread},
    {"SchedContext_Unbind", "works", "by deleting the context", dies_with_its_context},
    {"SchedContext_Consumed", "works", "microseconds since the last time", says_what_was_consumed},
    {"SchedContext_Consumed", "works", "our own, up to the last switch", says_our_own},
    {"SchedContext_YieldTo", "works", "an equal runs at once; its time is the answer", yields_to_an_equal},
    {"SchedContext_YieldTo", "works", "a lesser one does not run before us", yields_to_a_lesser},
    {"SchedContext_YieldTo", "works", "a lesser one runs before its equals", yields_to_a_lesser_first},
    {"SchedContext_YieldTo", "IllegalOperation", "a thread above our maximum controlled priority", refuses_above_the_maximum},
};

void sched_rows(void)
{
    run_refusals(refused, ARRAY_LEN(refused));
    run_rows(rows, ARRAY_LEN(rows));
}
