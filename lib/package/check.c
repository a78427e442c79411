/* SPDX-License-Identifier: MIT */
/** Contents of a package against its manifest. See package_check. */
#include "format.h"
#include "read.h"

#define MODE_EXECUTE 0111u

/** Hashes the pages of an object in which these bytes lie. */
static bool check_pages(uint32_t index, const struct package_object *object, uint64_t offset, uint64_t len_bytes,
                        struct package_refusal *why)
{
    uint64_t end = tree_leaf_count(offset + len_bytes); /* both lie within the object */
    for (uint64_t i = offset / TREE_BLOCK_BYTES; i < end; i++) {
        struct hash256 hash;
        tree_leaf(object->bytes + i * TREE_BLOCK_BYTES, tree_block_len(object->size_bytes, i), &hash);
        if (!hash256_equal(&hash, &object->leaves[i])) {
            return package_refuse(why, PACKAGE_BYTES, NULL, "package, object %u, page %llu", (unsigned)index,
                                  (unsigned long long)i);
        }
    }
    return true;
}

/** Hashes what is read of a program before it is read: its headers. */
static bool check_header_pages(uint32_t index, const struct package_object *object, struct package_refusal *why)
{
    size_t offset, len;
    uint64_t start = object->size_bytes < ELF_START_BYTES ? object->size_bytes : ELF_START_BYTES;
    if (!check_pages(index, object, 0, start, why)) {
        return false;
    }
    elf_headers_place(object->bytes, object->size_bytes, &offset, &len);
    return check_pages(index, object, offset, len, why);
}

static bool check_object(const struct package *p, uint32_t index, uint32_t options, struct package_refusal *why)
{
    struct package_object object;
    struct hash256 hash;
    package_object(p, index, &object);
    tree_root_of_leaves(object.leaves, object.leaf_count, &hash);
    if (!hash256_equal(&hash, &object.root)) {
        return package_refuse(why, PACKAGE_LEAVES, NULL, "package, object %u", (unsigned)index);
    }
    if ((options & PACKAGE_CHECK_BYTES) == 0) {
        return true;
    }
    return check_pages(index, &object, 0, object.size_bytes, why);
}

/** Compares what the manifest says of a program with what its headers say. Not inline: a frame of its own. */
static __attribute__((noinline)) enum package_rule check_program(const struct manifest_file *file, const struct package_object *object,
                                       struct elf_refusal *elf)
{
    struct elf_program program;
    if (!file->is_program) {
        bool is_missing = (file->mode & MODE_EXECUTE) != 0 && elf_has_magic(object->bytes, object->size_bytes);
        return is_missing ? PACKAGE_PROGRAM_MISSING : PACKAGE_OK;
    }
    if (!elf_parse(object->bytes, object->size_bytes, &program, elf)) {
        return PACKAGE_PROGRAM;
    }
    return elf_program_equal(&program, &file->program) ? PACKAGE_OK : PACKAGE_PROGRAM_DIFFERS;
}

static bool verity_fits(const struct manifest_file *file, const struct package_object *object)
{
    struct hash256 digest;
    verity_digest(object->bytes, object->size_bytes, &digest);
    return hash256_equal(&digest, &file->verity);
}

static bool refuse_file(struct package_refusal *why, enum package_rule rule, const struct elf_refusal *elf,
                        struct cursor path)
{
    char words[200];
    if (rule == PACKAGE_PROGRAM) {
        elf_describe(elf, words, sizeof words);
    }
    int shown_chars = path.left_bytes < 100 ? (int)path.left_bytes : 100;
    return package_refuse(why, rule, rule == PACKAGE_PROGRAM ? words : NULL, "%.*s", shown_chars, (const char *)path.at);
}

bool package_check(const struct package *p, uint32_t options, struct package_refusal *why)
{
    struct manifest_file file;
    struct package_object object;
    struct package_walk walk;
    struct elf_refusal elf = {.err = ELF_OK};
    why->rule = PACKAGE_OK;
    for (uint32_t i = 0; i < p->object_count; i++) {
        if (!check_object(p, i, options, why)) {
            return false;
        }
    }
    manifest_walk_files(&p->manifest, &walk);
    while (manifest_file_next(&walk, &file)) {
        uint32_t index;
        if (file.kind != MANIFEST_FILE || !package_find(p, &file.root, &index)) {
            continue; /* package_open found them all */
        }
        package_object(p, index, &object);
        bool is_read = file.is_program || (file.mode & MODE_EXECUTE) != 0;
        if (is_read && (options & PACKAGE_CHECK_BYTES) == 0 && !check_header_pages(index, &object, why)) {
            return false;
        }
        enum package_rule rule = check_program(&file, &object, &elf);
        if (rule == PACKAGE_OK && (options & PACKAGE_CHECK_VERITY) != 0 && !verity_fits(&file, &object)) {
            rule = PACKAGE_VERITY;
        }
        if (rule != PACKAGE_OK) {
            return refuse_file(why, rule, &elf, file.path);
        }
    }
    return true;
}
