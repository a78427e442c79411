#!/bin/sh
# How large the parts of the system are, in the lines of bench.csv (KEY,VALUE,UNIT): code and constants of each component, the stack
# that it has and what it uses at most (0: the image tool finds no bound), and lines of the trusted core outside the kernel.
# Usage: tests/bench/sizes.sh BUILD CROSS
set -eu
build=$1 cross=$2
for elf in "$build"/arm64/services/*.elf; do
    name=$(basename "$elf" .elf)
    # The parts of the base system; its report has their stacks.
    grep -q "^$name\( (.*)\)\?\$" "$build/base/report.txt" || continue
    "${cross}size" -A "$elf" | awk -v n="$name" '$1 == ".text" || $1 == "lx_slots" || $1 == ".rodata" {s += $2}
        END {printf "%s.text,%d,bytes\n", n, s}'
    awk -v n="$name" '$1 == n && (NF == 1 || $2 ~ /^\(/) {on = 1; next} NF == 0 {on = 0}
        on && /stack [0-9]+ bytes/ {for (i = 1; i < NF; i++) if ($i == "stack") have = $(i + 1)
            used = match($0, /at most [0-9]+/) ? substr($0, RSTART + 8, RLENGTH - 8) : 0
            printf "%s.stack,%d,bytes\n%s.stack_bound,%d,bytes\n", n, have, n, used}' "$build/base/report.txt"
done
count() { # count KEY DIRECTORY...: lines of what is built for the target
    key=$1; shift
    find "$@" -name '*.[chS]' ! -name '*_test.c' ! -name '*_fuzz.c' ! -name '*_x86_64.*' ! -name 'fake*.h' ! -name '*_samples.h' \
        ! -path '*/check/*' ! -path '*/host/*' -exec cat {} + | awk -v k="$key" 'END {print k "," NR ",lines"}'
}
count core.loader_lines boot lib/manifest
count core.runtime_lines rt lib/base lib/format lib/shmq proto
count core.init_lines services/init lib/sysdesc lib/fdt lib/fault abi
count core.pager_lines services/pager lib/vm lib/tree lib/journal
count core.ledger_lines services/ledger lib/catalog lib/package lib/cbor lib/elf lib/sigchain lib/register lib/llll/llc
count core.ledger_store_lines lib/seen lib/disk lib/llll/lld
count disk.driver_lines services/blk_virtio lib/virtio
count disk.share_lines services/blk_share lib/share lib/gpt
count core.scrub_lines services/scrub lib/order
count linux.lines services/linux lib/linux
