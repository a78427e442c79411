/* SPDX-License-Identifier: MIT */
/** lx bundle: the packages that a boot image carries, in one file. */
#include <string.h>

#include "lx.h"

void bundle_write(const char *path, const struct bytes *files, const char *const *names, uint32_t count)
{
    static struct package packages[BUNDLE_PACKAGES_MAX];
    struct cursor parts[BUNDLE_PACKAGES_MAX];
    struct package_refusal why;
    struct bundle read_back;
    for (uint32_t i = 0; i < count; i++) {
        if (!package_open(files[i].at, files[i].len_bytes, &packages[i], &why)) {
            fail("%s: %s", names[i], why.sentence);
        }
        parts[i] = cursor_of(files[i].at, files[i].len_bytes);
        for (uint32_t k = 0; k < i; k++) {
            if (strcmp(packages[k].manifest.name, packages[i].manifest.name) == 0) {
                fail("%s and %s are both packages of %s; a bundle has one of each app", names[k], names[i],
                     packages[i].manifest.name);
            }
        }
    }
    uint64_t size = bundle_bytes(parts, count);
    struct writer w = writer_of(zalloc((size_t)size), (size_t)size);
    bundle_put(&w, parts, count);
    if (w.overflow || w.used_bytes != size || !bundle_open(w.bytes, w.used_bytes, &read_back, &why)) {
        fail("made a bundle that is refused: %s", why.sentence);
    }
    file_replace(path, w.bytes, w.used_bytes, 0644);
    printf("%s: %u packages, %zu bytes\n", path, (unsigned)count, w.used_bytes);
}

int bundle(const struct arguments *args)
{
    struct bytes files[BUNDLE_PACKAGES_MAX];
    const char *names[BUNDLE_PACKAGES_MAX];
    uint32_t count = (uint32_t)args->count; /* at most BUNDLE_PACKAGES_MAX, says the table of commands */
    if (args->options[OPTION_OUTPUT] == NULL) {
        fail("where to? add --output FILE");
    }
    for (uint32_t i = 0; i < count; i++) {
        files[i] = read_file(args->operands[i]);
        names[i] = args->operands[i];
    }
    bundle_write(args->options[OPTION_OUTPUT], files, names, count);
    return STATUS_OK;
}
