/* SPDX-License-Identifier: MIT */
/**
 * Sentences: what a verifier says to people.
 * Owns:   nothing.    Uses: base.
 * Limits: no formatted output of the C library, which would be most of a small component's text.
 */
#include "verify.h"

struct text {
    char *out;
    size_t cap_chars; /* with the terminating zero */
    size_t used_chars;
};

static void put(struct text *t, const char *words)
{
    size_t room = t->cap_chars - t->used_chars;
    if (room > 0) {
        (void)copy_string(t->out + t->used_chars, room, words); /* cut where it must be */
        t->used_chars += strlen(t->out + t->used_chars);
    }
}

static void put_number(struct text *t, uint64_t n)
{
    char digits[21];
    size_t at = sizeof digits - 1;
    digits[at] = '\0';
    do {
        digits[--at] = (char)('0' + n % 10);
        n /= 10;
    } while (n != 0);
    put(t, digits + at);
}

static const char *rule_words(enum sigchain_rule rule)
{
    switch (rule) {
    case SIGCHAIN_OK:
        return "nothing is wrong";
    case SIGCHAIN_BROKEN:
        return "an earlier transaction broke a rule, so nothing can follow it";
    case SIGCHAIN_MALFORMED:
        return "its bytes are not one transaction; it is cut, changed or too long";
    case SIGCHAIN_LIMIT:
        return "it is larger than 2 MiB or has more than 100 contracts";
    case SIGCHAIN_EMPTY:
        return "it has no contract, or only fees";
    case SIGCHAIN_VERSION:
        return "nVersion is not one that is valid at nTimestamp";
    case SIGCHAIN_NETWORK:
        return "the type byte of hashGenesis is of another network";
    case SIGCHAIN_NETWORK_ID:
        return "hashPrevTx is not the id of this network; the chain is of another one";
    case SIGCHAIN_FIRST:
        return "nSequence is not 0; the chain does not begin with its first transaction";
    case SIGCHAIN_WORK:
        return "hashPrevTx is no proof of work for this transaction";
    case SIGCHAIN_FIRST_CONTRACTS:
        return "a first transaction on this network may only create two names, a trust account, an account and crypto";
    case SIGCHAIN_GENESIS:
        return "hashGenesis is not that of transaction 0; it is of another chain";
    case SIGCHAIN_REPEATED:
        return "it is the last transaction once more";
    case SIGCHAIN_FORK:
        return "the owner signed two transactions in one place; the chain is forked here";
    case SIGCHAIN_SEQUENCE:
        return "nSequence does not follow; a transaction is missing or out of order here";
    case SIGCHAIN_PREVIOUS:
        return "hashPrevTx does not name the transaction before; the chain is reordered or changed here";
    case SIGCHAIN_TIMESTAMP:
        return "nTimestamp is earlier than that of the transaction before";
    case SIGCHAIN_NEXT:
        return "hashNext is zero, so no key could ever sign the next one";
    case SIGCHAIN_KEY_TYPE:
        return "nKeyType is neither 1 (Falcon) nor 2 (Brainpool)";
    case SIGCHAIN_KEY:
        return "vchPubKey is not the key that hashNext of the transaction before announced; somebody else made it";
    case SIGCHAIN_RECOVERY:
        return "hashRecovery differs from that of the transaction before, and the recovery key did not sign";
    case SIGCHAIN_SIGNATURE:
        return "vchSig does not fit; the transaction was changed after it was signed, or another key signed it";
    case SIGCHAIN_PIN:
        return "its id is not the one that is known to stand here; it is another chain, or a fork of this one";
    case SIGCHAIN_MIX:
        return "COINBASE, TRUST, GENESIS or AUTHORIZE stands together with another operation";
    case SIGCHAIN_OPERATION:
        return "ssOperation is refused: ";
    case SIGCHAIN_STREAM:
        return "ssRegister is refused: ";
    case SIGCHAIN_EXISTS:
        return "the address has a register already";
    case SIGCHAIN_STATE_BEFORE:
        return "the state before in ssRegister is not the one that the chain left";
    case SIGCHAIN_STATE_AFTER:
        return "the checksum in ssRegister is not that of what the operation makes";
    case SIGCHAIN_TABLE_FULL:
        return "the chain has more registers than there is room for";
    case SIGCHAIN_NO_CHAIN:
        return "there is no transaction at all";
    case SIGCHAIN_ROLLED_BACK:
        return "the chain ends before a transaction that is known to be of it; it is cut off or rolled back";
    case SIGCHAIN_CHECKPOINT:
        return "the checkpoint is malformed";
    case SIGCHAIN_CHECKPOINT_HASH:
        return "the checkpoint is not the one that was kept: its hash is another";
    case SIGCHAIN_PIN_SKIPPED:
        return "the checkpoint lies behind a transaction that is known, and cannot show it; verify from the first one";
    }
    return "unknown";
}

static void fill(struct sigchain_verifier *v, enum sigchain_rule rule, enum register_err detail, uint32_t contract,
                 const char *operation)
{
    struct sigchain_refusal *r = &v->refusal;
    struct text t = {r->sentence, sizeof r->sentence, 0};
    r->rule = rule;
    r->detail = detail;
    r->index = v->transaction_count;
    r->contract = contract;
    put(&t, "transaction ");
    put_number(&t, r->index);
    if (contract != SIGCHAIN_NO_CONTRACT) {
        put(&t, ", contract ");
        put_number(&t, contract);
    }
    if (operation != NULL) {
        put(&t, " (");
        put(&t, operation);
        put(&t, ")");
    }
    put(&t, ": ");
    put(&t, rule_words(rule));
    if (detail != REGISTER_OK) {
        put(&t, register_err_text(detail));
    }
}

bool sigchain_refuse(struct sigchain_verifier *v, enum sigchain_rule rule)
{
    fill(v, rule, REGISTER_OK, SIGCHAIN_NO_CONTRACT, NULL);
    return false;
}

bool sigchain_refuse_contract(struct sigchain_verifier *v, uint32_t contract, const struct operation *op,
                              enum sigchain_rule rule, enum register_err detail)
{
    fill(v, rule, detail, contract, op == NULL ? NULL : operation_name(op->code));
    return false;
}

static bool author_is_pinned(const struct sigchain_verifier *v)
{
    for (size_t i = 0; i < v->setup.pin_count; i++) {
        if (v->setup.pins[i].sequence == 0) {
            return true;
        }
    }
    return false;
}

/** @return false when nothing is proven. */
static bool put_signed(struct text *t, const struct sigchain_verifier *v, bool author_is_known)
{
    if (v->transaction_count == 0 || v->is_broken) {
        put(t, v->is_broken ? "nothing is proven: the chain is broken" : "nothing is proven: the chain is empty");
        return false;
    }
    put_number(t, v->transaction_count);
    put(t, " transactions, each signed with the key that the one before announced; order and contents of ");
    put_number(t, v->register_count);
    put(t, " registers proven; ");
    put(t, author_is_known ? "author proven by the first transaction"
                           : "author unknown, as no first transaction is pinned");
    if ((v->setup.network.kind == NETWORK_MAIN || v->setup.network.kind == NETWORK_TEST) && !v->work_is_checked) {
        put(t, "; proof of work not checked");
    }
    return true;
}

void sigchain_describe_signed(const struct sigchain_verifier *v, bool author_is_known, char *out, size_t cap_chars)
{
    struct text t = {out, cap_chars, 0};
    (void)put_signed(&t, v, author_is_known);
}

void sigchain_describe(const struct sigchain_verifier *v, char *out, size_t cap_chars)
{
    struct text t = {out, cap_chars, 0};
    if (put_signed(&t, v, author_is_pinned(v))) {
        put(&t, "; unanchored");
    }
}
