/* SPDX-License-Identifier: MIT */
/** Shows that properties are found at their level, and that every cut or corrupted tree is refused without reading past it. */
#include "fdt.h"
#include "unit.h"

static uint8_t tree[512];
static size_t tree_len;

static void put32(uint32_t v)
{
    be32_store(tree + tree_len, v);
    tree_len += 4;
}

static void put_text(const char *text)
{
    size_t len = strlen(text) + 1;
    memcpy(tree + tree_len, text, len);
    tree_len += (len + 3) & ~(size_t)3;
}

static void put_property(uint32_t name, const char *value, uint32_t len)
{
    put32(3);
    put32(len);
    put32(name);
    memcpy(tree + tree_len, value, len);
    tree_len += (len + 3) & ~3u;
}

/* / { model = "m"; chosen { other { rng-seed = "wrong" }; rng-seed = "12345" } } */
static void make_tree(void)
{
    memset(tree, 0, sizeof tree);
    tree_len = 56; /* header and an empty reservation block */
    put32(1);
    put_text("");
    put_property(0, "m", 2);
    put32(4);
    put32(1);
    put_text("chosen");
    put32(1);
    put_text("other");
    put_property(6, "wrong", 5);
    put32(2);
    put_property(6, "12345", 5);
    put32(2);
    put32(2);
    put32(9);
    uint32_t strings = (uint32_t)tree_len;
    memcpy(tree + tree_len, "model\0rng-seed", 15);
    tree_len += 15;
    be32_store(tree, 0xd00dfeed);
    be32_store(tree + 4, (uint32_t)tree_len);
    be32_store(tree + 8, 56);
    be32_store(tree + 12, strings);
    be32_store(tree + 16, 40);
    be32_store(tree + 32, 15);
    be32_store(tree + 36, strings - 56);
}

static void finds_by_level(void)
{
    struct cursor found;
    make_tree();
    CHECK(fdt_find(tree, tree_len, "chosen", "rng-seed", &found) && found.left_bytes == 5);
    CHECK_BYTES(found.at, "12345", 5);
    CHECK(fdt_find(tree, tree_len, "", "model", &found) && found.left_bytes == 2);
    CHECK(!fdt_find(tree, tree_len, "", "rng-seed", &found));
    CHECK(!fdt_find(tree, tree_len, "other", "rng-seed", &found));
    CHECK(!fdt_find(tree, tree_len, "chosen", "model", &found));
    CHECK(!fdt_find(tree, tree_len, "chosen", "rng", &found));
}

static void refuses_what_is_cut_or_corrupt(void)
{
    struct cursor found;
    make_tree();
    for (size_t len = 0; len < tree_len; len++) {
        uint8_t copy[sizeof tree];
        memcpy(copy, tree, sizeof copy);
        CHECK(!fdt_find(copy, len, "chosen", "rng-seed", &found));
        if (len >= 40) {
            be32_store(copy + 4, (uint32_t)len);
            CHECK(!fdt_find(copy, len, "chosen", "rng-seed", &found));
        }
    }
    for (size_t i = 0; i < 40; i++) { /* each header byte: found or refused, never a wild read (sanitizers watch) */
        make_tree();
        tree[i] ^= 0x80;
        (void)!fdt_find(tree, tree_len, "chosen", "rng-seed", &found);
    }
    make_tree();
    be32_store(tree + 56, 77);
    CHECK(!fdt_find(tree, tree_len, "chosen", "rng-seed", &found));
}

static void knows_what_is_in_use(void)
{
    static uint8_t padded[2048];
    size_t used = 0;
    make_tree();
    CHECK(fdt_used(tree, tree_len, &used) && used == tree_len);
    memcpy(padded, tree, tree_len);
    be32_store(padded + 4, sizeof padded);
    CHECK(fdt_used(padded, sizeof padded, &used) && used == tree_len);
    CHECK(!fdt_used(padded, sizeof padded - 1, &used));
    be32_store(padded + 16, sizeof padded - 16); /* reservations at the very end: all in use */
    CHECK(fdt_used(padded, sizeof padded, &used) && used == sizeof padded);
    be32_store(padded + 16, sizeof padded - 8);
    CHECK(!fdt_used(padded, sizeof padded, &used));
    be32_store(padded + 16, 56); /* no end of the reservations in sight */
    memset(padded + 56, 1, sizeof padded - 56);
    CHECK(!fdt_used(padded, sizeof padded, &used));
    make_tree();
    be32_store(tree + 36, UINT32_MAX);
    CHECK(!fdt_used(tree, tree_len, &used));
    be32_store(tree, 0);
    CHECK(!fdt_used(tree, tree_len, &used));
}

int main(void)
{
    static const struct unit_case cases[] = {
        {"fdt: finds properties by level", finds_by_level},
        {"fdt: knows how much of a tree is in use", knows_what_is_in_use},
        {"fdt: refuses what is cut or corrupt", refuses_what_is_cut_or_corrupt},
    };
    return UNIT_MAIN(cases);
}
