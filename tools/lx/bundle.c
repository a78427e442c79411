/* SPDX-License-Identifier: MIT */
/** lx bundle: the packages that a boot image carries, in one file. */
#include <string.h>

#include "lx.h"

int bundle(const struct arguments *args)
{
    static struct package packages[BUNDLE_PACKAGES_MAX];
    struct cursor files[BUNDLE_PACKAGES_MAX];
    struct package_refusal why;
    struct bundle read_back;
    uint32_t count = (uint32_t)args->count; /* at most BUNDLE_PACKAGES_MAX, says the table of commands */
    if (args->options[OPTION_OUTPUT] == NULL) {
        fail("where to? add --output FILE");
    }
    for (uint32_t i = 0; i < count; i++) {
        struct bytes file = package_read(args->operands[i], &packages[i]);
        files[i] = cursor_of(file.at, file.len_bytes);
        for (uint32_t k = 0; k < i; k++) {
            if (strcmp(packages[k].manifest.name, packages[i].manifest.name) == 0) {
                fail("%s and %s are both packages of %s; a bundle has one of each app", args->operands[k],
                     args->operands[i], packages[i].manifest.name);
            }
        }
    }
    uint64_t size = bundle_bytes(files, count);
    struct writer w = writer_of(zalloc((size_t)size), (size_t)size);
    bundle_put(&w, files, count);
    if (w.overflow || w.used_bytes != size || !bundle_open(w.bytes, w.used_bytes, &read_back, &why)) {
        fail("made a bundle that is refused: %s", why.sentence);
    }
    file_replace(args->options[OPTION_OUTPUT], w.bytes, w.used_bytes, 0644);
    printf("%s: %u packages, %zu bytes\n", args->options[OPTION_OUTPUT], (unsigned)count, w.used_bytes);
    return STATUS_OK;
}
