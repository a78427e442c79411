/* SPDX-License-Identifier: MIT */
/**
 * Shows that nobody gets past a login, that what is typed reaches the keystore and stays nowhere, that questions are answered by what was
 * typed for them alone, and that control sequences are no input.
 */
#include "fake_person.h"
#include "unit.h"

static void type(const char *text)
{
    fake.len = 0;
    fake.text[0] = '\0';
    dialog_input(&dialog, text, strlen(text));
}

static bool shows(const char *text)
{
    return strstr(fake.text, text) != NULL;
}

/* Whether the bytes stand anywhere in the dialog. */
static bool holds(const char *secret)
{
    return memmem(&dialog, sizeof dialog, secret, strlen(secret)) != NULL;
}

static uint64_t ask(uint64_t number, uint64_t kind, const char *text)
{
    return dialog_ask(&dialog, 1, "fs", number, kind, cursor_of(text, strlen(text)));
}

static void without_a_profile_nothing_is_in_the_way(void)
{
    fake_start(KEYSTORE_NONE);
    CHECK(!fake.has_line && fake.releases == 1 && fake.len == 0 && fake.logs == 0);
    fake_start(KEYSTORE_EMPTY);
    CHECK(!fake.has_line && fake.len == 0 && fake.logs == 1);
    type("hello\n"); /* nothing listens while the line is not ours */
    CHECK(fake.len == 0);
    type("\x1d");
    CHECK(shows("not a program") && shows("make a profile"));
    type("\x1d");
    CHECK(fake.releases == 2);
    type("\x1d"
         "0\n");
    CHECK(fake.releases == 3);
    fake_start(KEYSTORE_DAMAGED);
    type("\x1d");
    CHECK(fake.logs == 1 && shows("cannot be read") && !shows("make a profile"));
}

static void a_login_comes_before_anything_else(void)
{
    fake_start(KEYSTORE_LOCKED);
    CHECK(fake.has_line && fake.releases == 0 && shows("blue whale") && shows("password"));
    type("\x1d\x1d\x03\n\n0\n\x1d");
    CHECK(fake.has_line && fake.releases == 0);
    CHECK_EQ(ask(1, SESSION_YES_NO, "may I?"), PROTO_OK); /* waits for the login */
    type("wrong password\n");
    CHECK(fake.releases == 0 && shows("not right") && !shows("wrong password") && !holds("wrong pass"));
    fake.forced = KEYSTORE_WAIT;
    type(FAKE_PASSWORD "\n");
    CHECK(fake.releases == 0 && shows("another 7 s"));
    fake.forced = KEYSTORE_SHUT;
    type(FAKE_PASSWORD "\n");
    CHECK(fake.releases == 0 && shows("Only the recovery phrase"));
    fake.forced = 0;
    type(FAKE_PASSWORD "\n");
    CHECK(shows("fs asks:\r\n  may I?") && !holds(FAKE_PASSWORD));
    fake.now_ns += DIALOG_QUIET_NS;
    type("y\n");
    CHECK(fake.releases == 1 && dialog_find(&dialog, 1, 1)->answer == SESSION_YES);
}

static void a_keystore_that_dies_opens_nothing(void)
{
    fake_start(KEYSTORE_LOCKED);
    fake.is_stopped = true;
    type("\n\x1d\n0\n" FAKE_PASSWORD "\n");
    CHECK(fake.releases == 0 && shows("has stopped"));
    fake_start(KEYSTORE_UNLOCKED);
    CHECK(fake.releases == 1);
    fake.is_stopped = true;
    type("\x1d");
    CHECK(shows("no place for a profile"));
    type("\x1d");
    CHECK(fake.releases == 2);
}

static void a_profile_is_made(void)
{
    fake_start(KEYSTORE_EMPTY);
    type("\x1d"
         "1\n");
    CHECK(shows("words: "));
    type("abc\n");
    CHECK(shows("4 to 64"));
    type("red herring\n");
    CHECK(shows("your name"));
    type("\n");
    CHECK(shows("1 to 32"));
    type("alice\n");
    CHECK(shows("password: "));
    type("short\n");
    CHECK(shows("At least 8"));
    type("a long one\n");
    type("another one\n");
    CHECK(shows("differ"));
    type("a long one\n");
    type("a long one\n");
    CHECK(shows("the first ?[2Jtransaction") && shows("yes") && fake.proposed);
    CHECK(!strstr(fake.text, "a long one"));
    type("ye\n");
    CHECK(shows("Nothing is signed") && !fake.proposed && fake.state == KEYSTORE_EMPTY && !holds("a long one"));
    type("\n");
    type("1\nred herring\nalice\na long one\na long one\n");
    CHECK(shows("a long one") == false);
    type("yes\n");
    CHECK(shows("lusab babad gutih") && fake.state == KEYSTORE_UNLOCKED && fake.stored == 1);
    CHECK(!holds("lusab babad gutih") && !holds("a long one"));
    type("\n");
    CHECK(shows("your words: red herring") && shows("lock"));
    type("1\n");
    CHECK(shows("password") && fake.state == KEYSTORE_LOCKED && fake.releases == 1 && fake.ends == 0);
    type("a long one\n");
    type("\x1d"
         "3\n");
    CHECK(shows("password") && fake.state == KEYSTORE_LOCKED && fake.releases == 2 && fake.ends == 1);
}

static void turning_away_forgets_the_proposal(void)
{
    fake_start(KEYSTORE_EMPTY);
    type("\x1d"
         "1\nred herring\nalice\na long one\na long one\n");
    CHECK(fake.proposed);
    type("\x1d");
    CHECK(!fake.proposed && fake.state == KEYSTORE_EMPTY && !holds("a long one"));
}

static void password_and_recovery(void)
{
    fake_start(KEYSTORE_UNLOCKED);
    type("\x1d"
         "2\n" FAKE_PASSWORD "\nbrand new one\nbrand new one\n");
    CHECK(shows("new password counts") && strcmp(fake.password, "brand new one") == 0);
    CHECK(!holds("brand new") && !holds(FAKE_PASSWORD));
    type("\n1\n?\nlusab babad gutih\nyet another\nyet another\n");
    CHECK(fake.state == KEYSTORE_UNLOCKED && strcmp(fake.password, "yet another") == 0);
    type("\x1d"
         "1\n?\nlusab babad nothing\nyet another\nyet another\n");
    CHECK(fake.state == KEYSTORE_LOCKED && shows("not right"));
}

static void questions_hear_what_was_typed_for_them(void)
{
    fake_start(KEYSTORE_NONE);
    CHECK_EQ(ask(7, SESSION_CONSENT, "write \x1b[8m/home/a\x7f"), PROTO_OK);
    CHECK(fake.has_line && shows("write ?[8m/home/a?"));
    type("1\n"); /* was on its way to a program */
    CHECK_EQ(dialog_find(&dialog, 1, 7)->answer, SESSION_PENDING);
    fake.now_ns += DIALOG_QUIET_NS;
    type("yes\n");
    CHECK(shows("none of the answers"));
    type("2\n");
    CHECK(dialog_find(&dialog, 1, 7)->answer == SESSION_FOLDER && fake.answers == 1 && !fake.has_line);
    CHECK(ask(7, SESSION_CONSENT, "again") == PROTO_OK && !fake.has_line); /* asked already */
    dialog_forget(&dialog, 1, 7);
    CHECK(dialog_find(&dialog, 1, 7) == NULL);
    CHECK_EQ(ask(8, SESSION_SECRET, "word"), PROTO_OK);
    fake.now_ns += DIALOG_QUIET_NS;
    type("pa$$\x7fw\n");
    CHECK(!shows("pa$") && dialog_find(&dialog, 1, 8)->reply_len == 4);
    CHECK_BYTES(dialog_find(&dialog, 1, 8)->reply, "pa$w", 4);
    dialog_forget(&dialog, 1, 8);
    CHECK(!holds("pa$"));
    CHECK_EQ(ask(9, SESSION_YES_NO, "this?"), PROTO_OK);
    type("\x1d"); /* heard at once */
    CHECK_EQ(dialog_find(&dialog, 1, 9)->answer, SESSION_NOT_NOW);
    CHECK(!fake.has_line);
}

static void questions_are_refused(void)
{
    fake_start(KEYSTORE_NONE);
    static const char long_text[SESSION_TEXT_BYTES + 1];
    CHECK_EQ(ask(1, 0, "x"), PROTO_INVALID);
    CHECK_EQ(ask(1, SESSION_KIND_END, "x"), PROTO_INVALID);
    CHECK_EQ(ask(1, SESSION_YES_NO, ""), PROTO_INVALID);
    CHECK_EQ(dialog_ask(&dialog, 1, "fs", 1, SESSION_YES_NO, cursor_of(long_text, sizeof long_text)), PROTO_INVALID);
    CHECK_EQ(dialog_ask(&dialog, DIALOG_CLIENTS_MAX, "fs", 1, SESSION_YES_NO, cursor_of("x", 1)), PROTO_INVALID);
    CHECK(!fake.has_line);
    for (uint64_t i = 0; i < DIALOG_QUESTIONS_EACH; i++) {
        CHECK_EQ(ask(i, SESSION_YES_NO, "x"), PROTO_OK);
    }
    CHECK_EQ(ask(50, SESSION_YES_NO, "x"), PROTO_FULL);
    for (uint64_t i = 0; i < DIALOG_QUESTIONS_EACH; i++) {
        dialog_forget(&dialog, 1, i);
    }
    uint32_t more = 0;
    for (uint64_t i = 0; i < DIALOG_BURST; i++) {
        more += ask(60 + i, SESSION_YES_NO, "x") == PROTO_OK;
        dialog_forget(&dialog, 1, 60 + i);
    }
    CHECK_EQ(more, DIALOG_BURST - DIALOG_QUESTIONS_EACH);
    fake.now_ns += DIALOG_REFILL_NS;
    CHECK_EQ(ask(70, SESSION_YES_NO, "x"), PROTO_OK);
    dialog_forget(&dialog, 1, 70);
    CHECK_EQ(ask(71, SESSION_YES_NO, "x"), PROTO_FULL);
    CHECK_EQ(dialog_ask(&dialog, 2, "net", 71, SESSION_YES_NO, cursor_of("x", 1)), PROTO_OK); /* another one is not held back */
}

static void control_sequences_are_no_input(void)
{
    static const char *const sequences[] = {
        "\x1b[6;10R", "\x1b[?62;c", "\x1bOA", "\x1b]0;title\a", "\x1b]11;rgb:0/0/0\x1b\\", "\x1bP1$r0m\x1b\\", "\x1b[<0;1;1M",
        "\x1b[200~", "\x1b(0", "\x1b[1\x18", "\x1b\x1b[A", "\x1b^x\x1b\x1b\\",
    };
    for (size_t i = 0; i < ARRAY_LEN(sequences); i++) {
        struct dialog_line l = {0};
        char echo[4];
        size_t len;
        for (const char *c = sequences[i]; *c != '\0'; c++) {
            CHECK_EQ(dialog_line_byte(&l, (uint8_t)*c, echo, &len), LINE_NOTHING);
        }
        CHECK_EQ(dialog_line_byte(&l, 'x', echo, &len), LINE_NOTHING);
        CHECK(strcmp(l.text, "x") == 0);
        CHECK_EQ(dialog_line_byte(&l, 0x1b, echo, &len), LINE_NOTHING);
        CHECK_EQ(dialog_line_byte(&l, 0x1d, echo, &len), LINE_ATTENTION);
    }
    struct dialog_line l = {0};
    char echo[4];
    size_t len;
    for (unsigned i = 0; i < DIALOG_LINE_BYTES + 5; i++) {
        CHECK_EQ(dialog_line_byte(&l, 'y', echo, &len), LINE_NOTHING);
    }
    CHECK(l.len == DIALOG_LINE_BYTES && echo[0] == '\a');
    CHECK_EQ(dialog_line_byte(&l, 0x15, echo, &len), LINE_NOTHING);
    CHECK(l.len == 0 && l.text[0] == '\0');
}

static void a_restarted_console_gets_its_line(void)
{
    fake_start(KEYSTORE_NONE);
    dialog_console_restarted(&dialog);
    CHECK(fake.releases == 2);
    fake_start(KEYSTORE_LOCKED);
    dialog_console_restarted(&dialog);
    CHECK(fake.releases == 0 && fake.takes == 2 && shows("password"));
}

int main(void)
{
    static const struct unit_case cases[] = {
        {"without a profile nothing is in the way", without_a_profile_nothing_is_in_the_way},
        {"a login comes before anything else", a_login_comes_before_anything_else},
        {"a keystore that dies opens nothing", a_keystore_that_dies_opens_nothing},
        {"a profile is made, and no secret stays in the dialog", a_profile_is_made},
        {"turning away forgets the proposal", turning_away_forgets_the_proposal},
        {"the password is changed, and recovered", password_and_recovery},
        {"questions hear what was typed for them alone", questions_hear_what_was_typed_for_them},
        {"bad and too many questions are refused", questions_are_refused},
        {"control sequences are no input", control_sequences_are_no_input},
        {"a restarted console gets its line", a_restarted_console_gets_its_line},
    };
    return UNIT_MAIN(cases);
}
