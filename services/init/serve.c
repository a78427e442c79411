/* SPDX-License-Identifier: MIT */
/** After the start: requests of proto/system.h, and faults that nobody else handles. See init.h. */
#include "fault.h"
#include "init.h"

static uint64_t label_of(const struct message *m)
{
    return seL4_MessageInfo_label(m->info);
}

/* ---- faults of last resort ----------------------------------------------------------------------------------------------- */

static void read_words(const struct message *m, uint64_t words[FAULT_WORDS])
{
    for (unsigned i = 0; i < FAULT_WORDS; i++) {
        words[i] = i < seL4_FastMessageRegisters ? m->word[i] : ipc_buffer->msg[i];
    }
}

static void dump(uint32_t index, const struct message *m)
{
    uint64_t words[FAULT_WORDS];
    char sentence[160];
    struct system_state state;
    struct desc_component c;
    read_words(m, words);
    fault_sentence(sentence, sizeof sentence, label_of(m), words);
    sysdesc_component(&built.desc, index, &c);
    say("init: %s crashed and stays stopped: %s", c.name, sentence);
    if (component_inspect(index, &state) != PROTO_OK) {
        return;
    }
    static const char *const names[] = {"pc", "sp", "spsr", "x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8",
                                        "x16", "x17", "x18", "x29", "x30"};
    for (size_t i = 0; i + 1 < ARRAY_LEN(names); i += 2) {
        say("init:   %4s %016llx  %4s %016llx", names[i], (unsigned long long)state.registers[i], names[i + 1],
            (unsigned long long)state.registers[i + 1]);
    }
    for (uint64_t i = 0; i < state.frame_count; i++) {
        say("init:   frame %llu of %s 0x%llx", (unsigned long long)i, c.name, (unsigned long long)state.frames[i]);
    }
    built.components[index].stopped = true;
    if ((c.flags & DESC_PASSIVE) == 0) {
        (void)component_stop(index); /* who waits for its answer learns that there will be none */
    }
}

/* ---- requests ------------------------------------------------------------------------------------------------------------- */

/* May `caller` inspect, restart and stop `target`? Only the fault handler of a component outside the trusted core. */
static bool may_manage(uint32_t caller, uint64_t target)
{
    struct desc_component c;
    if (target == 0 || target >= built.desc.header.component_count) {
        return false;
    }
    sysdesc_component(&built.desc, (uint32_t)target, &c);
    return c.fault_handler == caller && (c.flags & DESC_TRUSTED) == 0;
}

static bool may_repair(uint32_t caller, uint64_t target)
{
    struct desc_component c;
    sysdesc_component(&built.desc, caller, &c);
    return target < built.desc.header.component_count && (c.flags & DESC_TRUSTED) != 0;
}

static uint64_t inspect(const struct message *m, uint64_t *length, uint64_t words[SYSTEM_STATE_WORDS])
{
    struct system_state state;
    enum proto_status status = component_inspect((uint32_t)m->word[0], &state);
    if (status == PROTO_OK) {
        memcpy(words, &state, sizeof state);
        *length = SYSTEM_STATE_WORDS;
    }
    return status;
}

/* Returns only when the firmware does not do it. Source: Arm DEN 0022 (PSCI) section 5.1 */
static enum proto_status switch_power(uint64_t what)
{
    static const uint64_t functions[] = {[SYSTEM_POWER_OFF] = 0x84000008, [SYSTEM_POWER_RESTART] = 0x84000009};
    uint64_t result;
    if (what > SYSTEM_POWER_RESTART) {
        return PROTO_INVALID;
    }
    uint64_t error = smc_call(seL4_CapSMC, functions[what], &result);
    say("init: the firmware did not switch the machine off (kernel's error %llu)", (unsigned long long)error);
    return PROTO_FAILED;
}

/* Answers one request: label and words of the reply. */
static uint64_t answer(uint32_t caller, const struct message *m, uint64_t *length, uint64_t words[SYSTEM_STATE_WORDS])
{
    uint64_t target = m->word[0];
    bool differed = false;
    enum proto_status status;
    switch (label_of(m)) {
    case SYSTEM_INSPECT:
        return may_manage(caller, target) ? inspect(m, length, words) : PROTO_FORBIDDEN;
    case SYSTEM_RESTART:
        return may_manage(caller, target) ? component_restart((uint32_t)target) : PROTO_FORBIDDEN;
    case SYSTEM_STOP:
        return may_manage(caller, target) ? component_stop((uint32_t)target) : PROTO_FORBIDDEN;
    case SYSTEM_REPAIR:
        if (!may_repair(caller, target)) {
            return PROTO_FORBIDDEN;
        }
        status = component_repair((uint32_t)target, m->word[1], &differed);
        words[0] = differed;
        *length = 1;
        return status;
    case SYSTEM_POWER:
        return switch_power(target);
    default:
        return PROTO_UNKNOWN;
    }
}

static void put_reply(struct message *m, uint64_t label, uint64_t length, const uint64_t *words)
{
    m->info = message_info(label, length);
    for (uint64_t i = 0; i < length; i++) {
        if (i < seL4_FastMessageRegisters) {
            m->word[i] = words[i];
        } else {
            ipc_buffer->msg[i] = words[i];
        }
    }
}

void serve(void)
{
    uint64_t endpoint = built.components[0].endpoint;
    uint64_t reply = reply_for_serve();
    struct message m = {0};
    sys_recv(endpoint, reply, &m);
    for (;;) {
        uint32_t caller = (uint32_t)(m.badge & BADGE_NUMBER) % DESC_COMPONENTS_MAX;
        if ((m.badge & BADGE_FAULT) != 0) {
            dump(caller, &m);
            sys_recv(endpoint, reply, &m);
        } else if (label_of(&m) == SYSTEM_READY) {
            component_ready(caller);
            sys_recv(endpoint, reply, &m);
        } else {
            uint64_t words[SYSTEM_STATE_WORDS];
            uint64_t length = 0;
            uint64_t label = answer(caller, &m, &length, words);
            put_reply(&m, label, length, words);
            sys_reply_recv(endpoint, reply, &m);
        }
    }
}
