/* SPDX-License-Identifier: MIT */
/**
 * Does a kernel fit? Addresses and shape come from its ELF; what an ELF does not tell comes from the section that our kernel has,
 * or from the configuration file that an seL4 build leaves beside its kernel, or at least from its symbols.
 * Source: docs/spec/kernel-abi.md
 */
#include <stdio.h>
#include <stdlib.h>

#include "lxpack.h"

enum { TRACE_PAGES_MAX = 512 };

#define KERNEL_VIRT 0x8060000000ull
#define KERNEL_PHYS 0x60000000ull

static void check_shape(const struct elf *k)
{
    if (k->segment_count != 1) {
        fail("%s has %u segments to load, and a kernel has one; is it a kernel?", k->path, k->segment_count);
    }
    const struct elf_segment *s = &k->segments[0];
    if (k->entry >> 39 != 1) {
        fail("%s starts at %#llx, which is not in the window of EL2 (%#llx); build it with hypervisor support", k->path,
             (unsigned long long)k->entry, KERNEL_VIRT);
    }
    if (s->virt != KERNEL_VIRT || s->phys != KERNEL_PHYS) {
        fail("%s is for memory at %#llx (mapped at %#llx), and this board gives a kernel %#llx (%#llx); build it for qemu_virt",
             k->path, (unsigned long long)s->phys, (unsigned long long)s->virt, KERNEL_PHYS, KERNEL_VIRT);
    }
    if (k->entry != s->virt) {
        fail("%s does not start at its first byte; link its entry first", k->path);
    }
}

/* The value after `"KEY":`, as text without blanks and quotes; false when the key is not there. */
static bool config_value(const char *text, const char *key, char out[32])
{
    char quoted[64];
    snprintf(quoted, sizeof quoted, "\"%s\":", key);
    const char *at = strstr(text, quoted);
    if (at == NULL) {
        return false;
    }
    at += strlen(quoted);
    at += strspn(at, " \t\r\n\"");
    size_t len = strcspn(at, ",\"}\r\n \t");
    snprintf(out, 32, "%.*s", (int)len, at);
    return true;
}

static bool check_config(const struct elf *k)
{
    static const struct {
        const char *key, *value, *what;
    } rules[] = {
        {"KERNEL_MCS", "true", "mixed-criticality scheduling (KernelIsMCS)"},
        {"ARM_HYPERVISOR_SUPPORT", "true", "hypervisor support (KernelArmHypervisorSupport)"},
        {"ARM_PA_SIZE_BITS_40", "true", "40-bit physical addresses (a Cortex-A53)"},
        {"ROOT_CNODE_SIZE_BITS", "17", "a root CNode of 17 bits (KernelRootCNodeSizeBits)"},
        {"ENABLE_SMP_SUPPORT", "false", "one core (KernelMaxNumNodes)"},
        {"HARDWARE_DEBUG_API", "false", "no hardware debug API, which moves the invocation labels"},
        {"EXPORT_PCNT_USER", "true", "the physical counter at EL0 (KernelArmExportPCNTUser)"},
        {"EXPORT_PTMR_USER", "true", "the physical timer at EL0 (KernelArmExportPTMRUser)"},
    };
    static const char *const places[] = {"gen_config/kernel/gen_config.json", "gen_config/gen_config.json"};
    const char *slash = strrchr(k->path, '/');
    int dir = slash == NULL ? 0 : (int)(slash - k->path) + 1;
    char path[512];
    FILE *f = NULL;
    for (size_t i = 0; i < ARRAY_LEN(places) && f == NULL; i++) {
        snprintf(path, sizeof path, "%.*s%s", dir, k->path, places[i]);
        f = fopen(path, "r");
    }
    if (f == NULL) {
        return false;
    }
    fclose(f);
    struct bytes file = read_file(path);
    char *text = zalloc(file.len_bytes + 1);
    memcpy(text, file.at, file.len_bytes);
    for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
        char value[32];
        if (!config_value(text, rules[i].key, value) || strcmp(value, rules[i].value) != 0) {
            fail("%s is built without %s: %s is not %s in %s; build it as docs/spec/kernel-abi.md says", k->path,
                 rules[i].what, rules[i].key, rules[i].value, path);
        }
    }
    return true;
}

/* Word `n` of a text of words with one blank between them: its length, 0 past the last; *at is moved to it. */
static size_t nth_word(const char **at, size_t len, unsigned n)
{
    const char *end = *at + len;
    for (;; n--) {
        const char *blank = memchr(*at, ' ', (size_t)(end - *at));
        size_t word_len = (size_t)((blank != NULL ? blank : end) - *at);
        if (n == 0 || blank == NULL) {
            return n == 0 ? word_len : 0;
        }
        *at = blank + 1;
    }
}

/* The kernel's own words must be ours, in our order; the first that is not is named. */
static void check_words(const char *path, struct bytes abi)
{
    for (unsigned n = 0;; n++) {
        const char *theirs = (const char *)abi.at;
        const char *ours = BOOT_KERNEL_ABI;
        size_t their_len = nth_word(&theirs, abi.len_bytes, n);
        size_t our_len = nth_word(&ours, strlen(BOOT_KERNEL_ABI), n);
        if (their_len != our_len || memcmp(theirs, ours, our_len) != 0) {
            fail("%s is a kernel with %.*s, and this system wants one with %.*s; build both from one tree", path,
                 their_len == 0 ? (int)strlen("nothing more") : (int)their_len, their_len == 0 ? "nothing more" : theirs,
                 our_len == 0 ? (int)strlen("nothing more") : (int)our_len, our_len == 0 ? "nothing more" : ours);
        }
        if (our_len == 0) {
            return;
        }
    }
}

void kernel_read(const char *path, struct elf *out)
{
    uint64_t virt;
    struct bytes abi;
    elf_read(path, out);
    check_shape(out);
    if (elf_section(out, BOOT_KERNEL_ABI_SECTION, &virt, &abi)) {
        check_words(path, abi);
        return;
    }
    /* Last and least: seL4's and our name of the function that a kernel with scheduling contexts must have. */
    bool schedules = elf_has_symbol(out, "decodeSchedContextInvocation") || elf_has_symbol(out, "decode_sched_context");
    if (!check_config(out) && out->function_count != 0 && !schedules) {
        fail("%s has no scheduling contexts; build seL4 with mixed-criticality scheduling (KernelIsMCS)", path);
    }
}

void kernel_measure(const struct elf *kernel, struct system *s)
{
    const struct elf_segment *k = &kernel->segments[0];
    struct bytes range;
    struct bytes trace;
    uint64_t unused;
    if (elf_section(kernel, BOOT_KERNEL_TRACE_SECTION, &unused, &trace)) {
        s->trace_pages = trace.len_bytes == 8 ? le64_load(trace.at) : 0;
        if (s->trace_pages == 0 || s->trace_pages > TRACE_PAGES_MAX) {
            fail("%s says in %s that its trace has another size than one can have; build it again", kernel->path,
                 BOOT_KERNEL_TRACE_SECTION);
        }
    }
    if (!elf_section(kernel, BOOT_KERNEL_CODE_SECTION, &unused, &range)) {
        return;
    }
    uint64_t end = range.len_bytes == 16 ? le64_load(range.at + 8) : 0;
    if (end <= k->virt || le64_load(range.at) != k->virt || !is_aligned(end, PAGE_BYTES) || end - k->virt > k->file_bytes ||
        end - k->virt > (uint64_t)DESC_CODE_PAGES_MAX * PAGE_BYTES) {
        fail("%s says in %s that it shows what it does not have; build it again", kernel->path, BOOT_KERNEL_CODE_SECTION);
    }
    s->kernel_pages = (uint32_t)((end - k->virt) / PAGE_BYTES);
    tree_root_of_bytes(k->bytes, end - k->virt, &s->kernel_root);
}
