/* SPDX-License-Identifier: MIT */
/*
 * Database: SQLite as Debian builds it, on a file of the disk. It writes transactions and says which were committed; after the power was cut it
 * looks whether those are there, and whether the database is whole.
 *   database write FILE     goes on from what is there, without end: "committed N" after each transaction
 *   database check FILE N   at least N transactions are there
 */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 20 };

static sqlite3 *db;

static void die(const char *what)
{
    printf("lost: %s (%s)\n", what, sqlite3_errmsg(db));
    exit(1);
}

static void run(const char *sql)
{
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK) {
        die(sql);
    }
}

static long long number(const char *sql)
{
    sqlite3_stmt *s;
    if (sqlite3_prepare_v2(db, sql, -1, &s, NULL) != SQLITE_OK || sqlite3_step(s) != SQLITE_ROW) {
        die(sql);
    }
    long long n = sqlite3_column_int64(s, 0);
    sqlite3_finalize(s);
    return n;
}

/* Each transaction moves what ROWS rows have, so that their sum stays, and notes its own number. */
static void write_transactions(void)
{
    char sql[400];
    run("create table if not exists moved (n integer primary key, what text)");
    run("create table if not exists accounts (id integer primary key, value integer, padding blob)");
    for (int i = 0; i < ROWS; i++) {
        snprintf(sql, sizeof sql, "insert or ignore into accounts values (%d, 1000, randomblob(3000))", i);
        run(sql);
    }
    for (long long n = number("select coalesce(max(n), 0) from moved") + 1;; n++) {
        run("begin");
        snprintf(sql, sizeof sql, "update accounts set value = value - 7, padding = randomblob(%lld) where id = %lld", 1000 + n % 5 * 900, n % ROWS);
        run(sql);
        snprintf(sql, sizeof sql, "update accounts set value = value + 7 where id = %lld", (n * 7 + 1) % ROWS);
        run(sql);
        snprintf(sql, sizeof sql, "insert into moved values (%lld, 'transaction %lld')", n, n);
        run(sql);
        run("commit");
        printf("committed %lld\n", n);
        fflush(stdout);
    }
}

static void check(long long committed)
{
    sqlite3_stmt *s;
    if (sqlite3_prepare_v2(db, "pragma integrity_check", -1, &s, NULL) != SQLITE_OK || sqlite3_step(s) != SQLITE_ROW ||
        strcmp((const char *)sqlite3_column_text(s, 0), "ok") != 0) {
        die("integrity");
    }
    sqlite3_finalize(s);
    long long n = number("select max(n) from moved"), count = number("select count(*) from moved where what = 'transaction ' || n");
    if (n < committed || count != n) {
        die("transactions");
    }
    if (number("select sum(value) from accounts") != 1000LL * ROWS || number("select count(*) from accounts") != ROWS) {
        die("a transaction is there in part");
    }
    printf("kept: %lld transactions, SQLite %s\n", n, sqlite3_libversion());
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        puts("usage: database write FILE, database check FILE N");
        return 2;
    }
    if (sqlite3_open(argv[2], &db) != SQLITE_OK) {
        die("the file cannot be opened");
    }
    run("pragma synchronous = extra"); /* full may forget the last transaction: the journal is removed without a sync */
    if (strcmp(argv[1], "write") == 0) {
        write_transactions();
    }
    check(argc > 3 ? atoll(argv[3]) : 0);
    return sqlite3_close(db) == SQLITE_OK ? 0 : 1;
}
