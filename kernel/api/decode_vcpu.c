/* SPDX-License-Identifier: MIT */
/** Operations on virtual CPUs. Source: seL4 manual, VCPU in chapter 11; errors as the official kernel shows them. */
#include "api/invocation.h"
#include "arch.h"
#include "object/vcpu.h"

static struct vcpu *target(const struct invocation *inv)
{
    return kptr(cap_address(inv->cap));
}

static enum outcome set_tcb(struct invocation *inv)
{
    if (!has_words(inv, 0, 1)) {
        return FAILED;
    }
    struct cap cap = inv->extra[0]->cap;
    if (cap_type(cap) != CAP_TCB) {
        return refuse(inv, seL4_IllegalOperation);
    }
    vcpu_bind(target(inv), kptr(cap_address(cap)));
    return DONE;
}

/* One word: the number of the interrupt in bits 15..0, priority 23..16, group 31..24, list register 39..32. */
static enum outcome inject_irq(struct invocation *inv)
{
    enum { NUMBER_MAX = 1023, PRIORITY_MAX = 31, GROUP_MAX = 1 };
    if (!has_words(inv, 1, 0)) {
        return FAILED;
    }
    unsigned number = arg(inv, 0) & 0xffff;
    unsigned priority = arg(inv, 0) >> 16 & 0xff;
    unsigned group = arg(inv, 0) >> 24 & 0xff;
    unsigned index = arg(inv, 0) >> 32 & 0xff;
    if (number > NUMBER_MAX) {
        return refuse_range(inv, 0, NUMBER_MAX);
    }
    if (priority > PRIORITY_MAX) {
        return refuse_range(inv, 0, PRIORITY_MAX);
    }
    if (group > GROUP_MAX) {
        return refuse_range(inv, 0, GROUP_MAX);
    }
    if (index >= arch_virq_count()) {
        return refuse_range(inv, 0, arch_virq_count() - 1);
    }
    if (arch_virq_is_active(vcpu_virq(target(inv), index))) {
        return refuse(inv, seL4_DeleteFirst);
    }
    vcpu_inject(target(inv), index, arch_virq(number, priority, group));
    return DONE;
}

static enum outcome read_register(struct invocation *inv)
{
    if (!has_words(inv, 1, 0)) {
        return FAILED;
    }
    if (arg(inv, 0) >= seL4_VCPUReg_Num) {
        return refuse_argument(inv, 1);
    }
    uint64_t value = vcpu_read(target(inv), (unsigned)arg(inv, 0));
    return_words(inv, &value, 1);
    return DONE;
}

static enum outcome write_register(struct invocation *inv)
{
    if (!has_words(inv, 2, 0)) {
        return FAILED;
    }
    if (arg(inv, 0) >= seL4_VCPUReg_Num) {
        return refuse_argument(inv, 1);
    }
    vcpu_write(target(inv), (unsigned)arg(inv, 0), arg(inv, 1));
    return DONE;
}

static enum outcome acknowledge_vppi(struct invocation *inv)
{
    if (!has_words(inv, 1, 0)) {
        return FAILED;
    }
    uint64_t irq = arg(inv, 0);
    if (irq >= IRQ_COUNT) {
        return refuse_range(inv, 0, IRQ_COUNT - 1);
    }
    if (irq != ARCH_GUEST_TIMER_IRQ) {
        return refuse_argument(inv, 0);
    }
    vcpu_acknowledge_timer(target(inv));
    return DONE;
}

enum outcome decode_vcpu(struct invocation *inv)
{
    switch (inv->label) {
    case seL4_ARMVCPUSetTCB:
        return set_tcb(inv);
    case seL4_ARMVCPUInjectIRQ:
        return inject_irq(inv);
    case seL4_ARMVCPUReadReg:
        return read_register(inv);
    case seL4_ARMVCPUWriteReg:
        return write_register(inv);
    case seL4_ARMVCPUAckVPPI:
        return acknowledge_vppi(inv);
    default:
        return refuse(inv, seL4_IllegalOperation);
    }
}
