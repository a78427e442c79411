/* SPDX-License-Identifier: MIT */
/**
 * Two chains side by side. A fork is proven when both sides verify up to and with the transactions that differ: one key
 * had been announced for the place, and it signed twice. First transactions are anybody's, and prove no fork.
 * Owns:   nothing.    Uses: base, llc.
 * Source: docs/spec/sigchain.md section 7
 */
#include "verify.h"

/** One of the two chains. */
struct side {
    struct sigchain_verifier *verifier;
    struct chain_file file;
    bool is_good; /* so far */
    bool has_ended;
};

static void side_open(struct side *s, struct sigchain_verifier *v, struct cursor bytes)
{
    assert(v->transaction_count == 0 && !v->is_broken);
    enum lx_err err = chain_file_open(bytes.at, bytes.left_bytes, &s->file);
    *s = (struct side){.verifier = v, .file = s->file, .is_good = err == LX_OK};
    if (err != LX_OK) {
        (void)sigchain_refuse(v, err == LX_ERANGE ? SIGCHAIN_LIMIT : SIGCHAIN_MALFORMED);
    }
}

/** Verifies the next transaction, if there is one. @return false when there is none, or it was refused. */
static bool side_step(struct side *s)
{
    struct cursor tx;
    if (!s->is_good || s->has_ended) {
        return false;
    }
    if (!chain_file_next(&s->file, &tx)) {
        s->has_ended = true;
        s->is_good = sigchain_finish(s->verifier);
        return false;
    }
    s->is_good = sigchain_add(s->verifier, tx.at, tx.left_bytes);
    return s->is_good;
}

static void side_finish(struct side *s)
{
    while (side_step(s)) {
        /* to the end, or to what is refused */
    }
}

static struct sigchain_pin last_of(const struct side *s)
{
    return (struct sigchain_pin){.sequence = sigchain_sequence(s->verifier), .txid = s->verifier->txid};
}

/** What two transactions mean that differ in one place, both accepted there. */
static void part(const struct side *a, const struct side *b, struct sigchain_comparison *out)
{
    if (!u256_equal(&a->verifier->genesis, &b->verifier->genesis)) {
        out->difference = SIGCHAIN_OTHER_CHAIN;
    } else if (out->common_count == 0) {
        out->difference = SIGCHAIN_OTHER_FIRST;
    } else {
        out->difference = SIGCHAIN_FORKED;
        out->parted_a = last_of(a);
        out->parted_b = last_of(b);
    }
}

static enum sigchain_difference ended(const struct side *a, const struct side *b, bool a_went_on, bool b_went_on)
{
    if ((!a_went_on && !a->is_good) || (!b_went_on && !b->is_good)) {
        return SIGCHAIN_NOT_COMPARABLE;
    }
    if (a_went_on || b_went_on) {
        return a_went_on ? SIGCHAIN_A_LONGER : SIGCHAIN_B_LONGER;
    }
    return SIGCHAIN_SAME;
}

void sigchain_compare_files(struct sigchain_verifier *a_verifier, struct cursor a_bytes,
                            struct sigchain_verifier *b_verifier, struct cursor b_bytes,
                            struct sigchain_comparison *out)
{
    struct side a, b;
    memset(out, 0, sizeof *out);
    side_open(&a, a_verifier, a_bytes);
    side_open(&b, b_verifier, b_bytes);
    bool is_decided = false;
    while (!is_decided) {
        bool a_went_on = side_step(&a);
        bool b_went_on = side_step(&b);
        if (!a_went_on || !b_went_on) {
            out->difference = ended(&a, &b, a_went_on, b_went_on);
            is_decided = true;
        } else if (!u512_equal(&a_verifier->txid, &b_verifier->txid)) {
            part(&a, &b, out);
            is_decided = true;
        } else {
            out->common_count++;
        }
    }
    side_finish(&a);
    side_finish(&b);
    out->a_is_good = a.is_good;
    out->b_is_good = b.is_good;
}
