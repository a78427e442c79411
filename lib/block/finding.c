/* SPDX-License-Identifier: MIT */
/**
 * Findings: what a chain that was verified and a proof that was verified show together.
 * Owns:   nothing.    Uses: base, format, sigchain.
 * Source: docs/spec/block.md section 7; docs/design/ledger.md
 */
#include "block.h"
#include "format.h"

void finding_pin(const struct inclusion *inclusion, struct sigchain_pin *out)
{
    *out = (struct sigchain_pin){.sequence = inclusion->sequence, .txid = inclusion->txid};
}

/** How many pins name this transaction, or, without one, stand at this place. */
static size_t count_pins(const struct sigchain_verifier *v, uint32_t sequence, const struct u512 *txid)
{
    size_t count = 0;
    for (size_t i = 0; i < v->setup.pin_count; i++) {
        const struct sigchain_pin *pin = &v->setup.pins[i];
        count += pin->sequence == sequence && (txid == NULL || u512_equal(&pin->txid, txid));
    }
    return count;
}

enum lx_err finding_of(const struct sigchain_verifier *v, const struct inclusion *inclusion, struct finding *out)
{
    assert(!v->is_broken && v->transaction_count > 0);
    struct finding f = {
        .transaction_count = v->transaction_count,
        .register_count = v->register_count,
        .signed_s = v->timestamp,
    };
    size_t first_pins = count_pins(v, 0, NULL);
    if (inclusion != NULL) {
        if (!u256_equal(&inclusion->genesis, &v->genesis) || inclusion->sequence >= v->transaction_count ||
            count_pins(v, inclusion->sequence, &inclusion->txid) == 0) {
            return LX_EINVAL;
        }
        first_pins -= inclusion->sequence == 0; /* that one came with the proof, and proves no author */
        f.inclusion = *inclusion;
        f.included_count = inclusion->sequence + 1;
    }
    /* The ledger takes one chain of a genesis id, so its known branch tells who the author is. */
    f.author_is_known = first_pins > 0 || f.inclusion.kind == INCLUSION_KNOWN;
    *out = f;
    return LX_OK;
}

/** Text that grows; it is cut at the end of its room. */
struct text {
    char *out;
    size_t cap_chars;
};

static void put(struct text *t, const char *format, ...) PRINTF_LIKE(2, 3);
static void put(struct text *t, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    size_t used = format_list(t->out, t->cap_chars, format, args);
    va_end(args);
    t->out += used;
    t->cap_chars -= used;
}

static void put_kind(struct text *t, const struct inclusion *i)
{
    unsigned above = i->blocks_above;
    switch (i->kind) {
    case INCLUSION_NONE:
        break;
    case INCLUSION_CLAIMED:
        put(t, "with %u blocks above, which anybody could have made", above);
        break;
    case INCLUSION_PRODUCER:
        put(t, "with %u blocks above, all signed by a producer whom no known block confirms", above);
        break;
    case INCLUSION_WORK:
        put(t, "with %u blocks above; %s%llu hashes of work were spent on it and them", above,
            i->work_hashes == UINT64_MAX ? "at least " : "about ", (unsigned long long)i->work_hashes);
        break;
    case INCLUSION_KNOWN:
        put(t, "with %u blocks above, in the branch of the known block", above);
        if (i->work_hashes > 0) {
            put(t, "; %s%llu hashes of work were spent on it and them",
                i->work_hashes == UINT64_MAX ? "at least " : "about ", (unsigned long long)i->work_hashes);
        }
        break;
    }
    if (i->unchecked_count > 0 && i->kind != INCLUSION_CLAIMED) {
        put(t, ", not counting %u whose work was not checked", (unsigned)i->unchecked_count);
    }
}

void finding_describe(const struct sigchain_verifier *v, const struct finding *finding, char *out, size_t cap_chars)
{
    const struct inclusion *i = &finding->inclusion;
    char time[TIME_CHARS];
    assert(cap_chars > 0);
    sigchain_describe_signed(v, finding->author_is_known, out, cap_chars);
    size_t used = strlen(out);
    struct text t = {out + used, cap_chars - used};
    if (i->kind == INCLUSION_NONE) {
        block_time_text(finding->signed_s, time);
        put(&t, "; unanchored: no block is shown, and later transactions may exist; as of %s, by the owner's clock",
            time);
        return;
    }
    block_time_text(i->included_s, time);
    put(&t, "; %u of them included at height %u by %s, ", (unsigned)finding->included_count, (unsigned)i->height, time);
    put_kind(&t, i);
    if (finding->included_count < finding->transaction_count) {
        put(&t, "; the last %u unanchored", (unsigned)(finding->transaction_count - finding->included_count));
    }
    block_time_text(i->newest_s, time);
    put(&t, "; as of %s, and nothing is known of what came after", time);
}
