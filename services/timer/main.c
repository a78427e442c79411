/* SPDX-License-Identifier: MIT */
/**
 * Timer: the physical timer of the CPU (CNTP) and the battery clock (PL031), for everybody who calls. proto/timer.h.
 * Owns:   CNTP_CTL, CNTP_CVAL, their interrupt, the clock's registers.    Uses: rt, deadline.
 * Source: Arm ARM DDI 0487 section D12.2; Arm DDI 0224 (PL031) section 3.3.1
 */
#include "deadline.h"
#include "proto/timer.h"
#include "rt.h"

LX_IRQ(tick);
LX_DEVICE(rtc);
LX_SERVER_SIGNALS(clients);

_Static_assert((int)SLOT_CALLERS_MAX <= (int)DEADLINE_CLIENTS_MAX, "every caller has an alarm");

enum { CONTROL_OFF = 0, CONTROL_ON = 1 };

static struct deadlines deadlines;

static void set_hardware(uint64_t at)
{
    __asm__ volatile("msr cntp_cval_el0, %0\n\tmsr cntp_ctl_el0, %1\n\tisb"
                     :
                     : "r"(at), "r"((uint64_t)(at == DEADLINE_NONE ? CONTROL_OFF : CONTROL_ON))
                     : "memory");
}

/* Signals everybody who is due, until the next alarm lies ahead of the clock. */
static void run(void)
{
    uint32_t client;
    while (deadlines_expire(&deadlines, rt_ticks(), &client)) {
        rt_signal(clients.first_notify + client);
    }
    set_hardware(deadlines_next(&deadlines));
}

void init(void)
{
    deadlines_init(&deadlines);
    set_hardware(DEADLINE_NONE);
}

void notified(uint64_t signals)
{
    if ((signals & tick.signal) != 0) {
        run(); /* moves the compare value ahead, so that the level falls, before the interrupt is let through again */
        if (irq_ack(tick.handler) != seL4_NoError) {
            rt_panic("the timer's interrupt cannot be acknowledged");
        }
    }
}

bool protected(struct message *m)
{
    uint64_t client = m->badge - clients.first_caller;
    if (client >= clients.caller_count) {
        rt_message(m, PROTO_FORBIDDEN, 0);
        return true;
    }
    uint64_t wall_s;
    switch (rt_label(m)) {
    case TIMER_SET:
        deadlines_set(&deadlines, (uint32_t)client, m->word[0] == DEADLINE_NONE ? DEADLINE_NONE - 1 : m->word[0]);
        run();
        rt_message(m, PROTO_OK, 0);
        break;
    case TIMER_CANCEL:
        deadlines_set(&deadlines, (uint32_t)client, DEADLINE_NONE);
        run();
        rt_message(m, PROTO_OK, 0);
        break;
    case TIMER_WALL_CLOCK:
        wall_s = *(volatile uint32_t *)rtc.addr;
        rt_message(m, PROTO_OK, wall_s * 1000000000, rt_ticks());
        break;
    default:
        rt_message(m, PROTO_UNKNOWN, 0);
    }
    return true;
}
