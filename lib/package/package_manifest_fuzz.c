/* SPDX-License-Identifier: MIT */
/** Any bytes as a manifest: what is accepted is written again, from what was read, as the same bytes. */
#include "package.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len_bytes);

static void copy_requests(struct manifest *m, struct writer *files, struct writer *devices)
{
    struct package_walk walk;
    struct manifest_request request;
    struct cursor device;
    char name[RECORD_APP_CHARS_MAX + 1];
    uint32_t file_count = 0, device_count = 0;
    manifest_walk_requests(m, &walk);
    while (manifest_request_next(&walk, &request)) {
        manifest_put_request(files, &request);
        file_count++;
    }
    manifest_walk_devices(m, &walk);
    while (manifest_device_next(&walk, &device)) {
        assert(device.left_bytes < sizeof name);
        memcpy(name, device.at, device.left_bytes);
        name[device.left_bytes] = '\0';
        manifest_put_device(devices, name);
        device_count++;
    }
    assert(file_count == m->requests.file_count);
    assert(device_count == m->requests.device_count);
    m->requests.files = cursor_of(files->bytes, files->used_bytes);
    m->requests.devices = cursor_of(devices->bytes, devices->used_bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len_bytes)
{
    static uint8_t back[65536], files[65536], devices[65536];
    struct manifest m;
    struct manifest_file file;
    struct package_refusal why = {.rule = PACKAGE_OK};
    struct package_walk walk;
    struct writer w = writer_of(back, sizeof back);
    struct writer requests = writer_of(files, sizeof files), device_names = writer_of(devices, sizeof devices);
    if (len_bytes > sizeof back) {
        return 0;
    }
    if (!manifest_parse(bytes, len_bytes, &m, &why)) {
        assert(why.rule != PACKAGE_OK);
        assert(memchr(why.sentence, 0, sizeof why.sentence) != why.sentence);
        return 0;
    }
    copy_requests(&m, &requests, &device_names);
    manifest_begin(&w, &m);
    uint32_t count = 0;
    manifest_walk_files(&m, &walk);
    while (manifest_file_next(&walk, &file)) {
        manifest_put_file(&w, &file);
        count++;
    }
    assert(count == m.file_count);
    manifest_end(&w, &m);
    assert(!w.overflow && !requests.overflow && !device_names.overflow);
    assert(w.used_bytes == len_bytes);
    assert(memcmp(back, bytes, len_bytes) == 0);
    return 0;
}
