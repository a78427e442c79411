/* SPDX-License-Identifier: MIT */
/** lx verify: what a device would decide about a package. */
#include "lx.h"

/** Reads one of an owner's files: as named, or by its ending beside the others. */
static struct bytes owner_file(const struct arguments *args, enum option option, const char *ending)
{
    if (args->options[option] != NULL) {
        return read_file(args->options[option]);
    }
    if (args->options[OPTION_OWNER] == NULL) {
        fail("whose approval counts? add --owner PREFIX, or --%s FILE", option_forms[option].name);
    }
    return read_file(join(args->options[OPTION_OWNER], ending, NULL));
}

static json_t *report(const struct authority_decision *d)
{
    json_t *out = pack_json("{s:s, s:s, s:s, s:o, s:o, s:o}", "decision", authority_verdict_name(d->verdict), "why",
                            d->sentence, "app", d->app, "release", json_number(d->seq), "package",
                            json_hash(d->id.bytes, SHA256_BYTES), "developer", json_id(&d->developer));
    if (d->list_seq > 0) {
        json_object_set_new(out, "list", json_number(d->list_seq));
    }
    if (d->developer_name[0] != '\0') {
        json_object_set_new(out, "called", json_string(d->developer_name));
        json_object_set_new(out, "transactions", json_integer(d->transaction_count));
        json_object_set_new(out, "known_until", json_time(d->chain_s));
    }
    if (d->released_s > 0) {
        json_object_set_new(out, "released", json_time(d->released_s));
    }
    json_object_set_new(out, "confirmed", json_string(d->is_anchored ? "anchored" : "unanchored"));
    return out;
}

static uint64_t number_or_0(const struct arguments *args, enum option option)
{
    return args->options[option] == NULL ? 0 : option_number(args, option);
}

int verify(const struct arguments *args)
{
    struct package p;
    struct package_refusal why;
    struct anchor anchor;
    struct chain owner, developer = {.is_verified = false};
    struct authority_decision decision;
    const char *path = args->operands[0];
    package_read(path, &p);
    if (!package_check(&p, PACKAGE_CHECK_BYTES | PACKAGE_CHECK_VERITY, &why)) {
        fail("%s: %s", path, why.sentence);
    }
    struct bytes anchor_file = owner_file(args, OPTION_ANCHOR, ".anchor");
    if (!anchor_parse(anchor_file.at, anchor_file.len_bytes, &anchor, &why)) {
        fail("%s", why.sentence);
    }
    struct bytes owner_chain = owner_file(args, OPTION_OWNER_CHAIN, ".chain");
    struct bytes list = owner_file(args, OPTION_LIST, ".list");
    chain_verify(&owner, cursor_of(owner_chain.at, owner_chain.len_bytes));
    if (!cursor_is_empty(&p.chain)) {
        chain_verify(&developer, p.chain);
    }
    struct authority_question question = {
        .package = &p,
        .arch = MANIFEST_ARCH,
        .anchor = &anchor,
        .owner = {&owner.verifier, owner.is_verified},
        .list = cursor_of(list.at, list.len_bytes),
        .developer = {&developer.verifier, developer.is_verified},
        .list_seq_seen = number_or_0(args, OPTION_LIST_SEEN),
        .seq_seen = number_or_0(args, OPTION_SEEN),
    };
    bool granted = authority_decide(&question, &decision);
    report_object(report(&decision), args->options[OPTION_JSON] != NULL);
    return granted ? STATUS_OK : STATUS_REFUSED;
}
