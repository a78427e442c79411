/* SPDX-License-Identifier: MIT */
/** Person: the chain of the profile on this device, kept like others and grown here, one transaction at a time. See seen.h. */
#include "format.h"
#include "seen.h"

static const struct seen_chain *find_person(const struct seen *s)
{
    for (uint32_t i = 0; i < s->facts.chain_count; i++) {
        if ((s->facts.chains[i].roles & SEEN_PERSON) != 0) {
            return &s->facts.chains[i];
        }
    }
    return NULL;
}

static bool refuse(char sentence[SEEN_SENTENCE_BYTES], const char *why)
{
    (void)copy_string(sentence, SEEN_SENTENCE_BYTES, why);
    return false;
}

/* Verifies what is kept of a chain, and writes it down without the head. */
static bool replay(struct seen *s, const struct seen_chain *chain, struct sigchain_verifier *v, struct writer *file,
                   char sentence[SEEN_SENTENCE_BYTES])
{
    struct cursor tx;
    if (chain->stored != chain->count) {
        return refuse(sentence, "not all transactions of the chain are kept here");
    }
    for (uint32_t i = 0; i < chain->stored; i++) {
        if (!seen_transaction(s, &chain->genesis, i, &tx)) {
            return refuse(sentence, "a transaction of the chain cannot be read from the disk");
        }
        if (!sigchain_add(v, tx.at, tx.left_bytes)) {
            return refuse(sentence, v->refusal.sentence);
        }
        chain_file_put_transaction(file, tx.at, tx.left_bytes);
    }
    return true;
}

bool seen_person_file(struct seen *s, struct sigchain_verifier *v, struct writer *file, char sentence[SEEN_SENTENCE_BYTES])
{
    const struct seen_chain *chain = find_person(s);
    if (chain == NULL) {
        return refuse(sentence, "there is no profile's chain on this device");
    }
    chain_file_put_head(file, chain->count);
    bool good = replay(s, chain, v, file, sentence);
    return good && file->overflow ? refuse(sentence, "the chain is too long to be shown here") : good;
}

/* What would be new is there already: then nothing is to be done. */
static bool is_repeated(struct seen *s, const struct transaction *tx, struct cursor bytes)
{
    struct cursor kept;
    return seen_transaction(s, &tx->genesis, tx->sequence, &kept) && kept.left_bytes == bytes.left_bytes &&
           memcmp(kept.at, bytes.at, bytes.left_bytes) == 0;
}

bool seen_person_add(struct seen *s, struct sigchain_verifier *v, struct cursor bytes, struct writer *file,
                     char sentence[SEEN_SENTENCE_BYTES])
{
    struct transaction tx;
    const struct seen_chain *chain = find_person(s);
    if (transaction_parse(bytes.at, bytes.left_bytes, &tx) != LX_OK) {
        return refuse(sentence, "these are not the bytes of a transaction");
    }
    if (chain != NULL && !u256_equal(&chain->genesis, &tx.genesis)) {
        return refuse(sentence, "this device keeps the chain of another profile");
    }
    if (chain != NULL && is_repeated(s, &tx, bytes)) {
        return true;
    }
    chain_file_put_head(file, chain != NULL ? chain->count + 1 : 1);
    if (chain != NULL && !replay(s, chain, v, file, sentence)) {
        return false;
    }
    if (!sigchain_add(v, bytes.at, bytes.left_bytes)) {
        return refuse(sentence, v->refusal.sentence);
    }
    if (!sigchain_genesis_is_bound(v)) {
        return refuse(sentence, "the chain's id is not the hash of its first key");
    }
    chain_file_put_transaction(file, bytes.at, bytes.left_bytes);
    if (file->overflow) {
        return refuse(sentence, "the chain is too long for this device");
    }
    seen_keep_chain(s, v, cursor_of(file->bytes, file->used_bytes), SEEN_PERSON);
    seen_commit(s);
    chain = seen_find_chain(s, &tx.genesis);
    return (s->state == SEEN_KEEPS && chain != NULL && chain->stored == v->transaction_count) ? true : refuse(sentence, s->sentence);
}
