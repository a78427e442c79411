#!/bin/sh
# Runs test programs and fuzzers.
#   tests/run.sh unit TEST... -- FUZZER...   every test; every fuzzer over its corpus and FUZZ_RUNS (20000) seeded inputs, or for
#                                            FUZZ_MOST (30) seconds if that ends before
#   tests/run.sh each WHAT RUNNER FILE...    every file by a program that prints cases as a test does
#   tests/run.sh bad CHECKER FILE.sys...     every file is refused with the sentence after "# refused:" in its first line
#   tests/run.sh total                       the sum of everything, and whether it failed
#   tests/run.sh fuzz FUZZER...              every fuzzer for FUZZ_SECONDS (60), new inputs kept in its corpus
#   tests/run.sh ct PROGRAM...               every program under Valgrind, which sees branches on secrets; skipped without it
#   tests/run.sh arm64 PROGRAM ARGUMENT...   a static program for the target on this machine; skipped without qemu-aarch64
# A test prints "ok NAME" or "not ok NAME" a case. Counts are added to build/check.count as "PASSED FAILED".
set -u
mode=$1; shift
root=$(dirname "$0")/..
passed=0 failed=0
tally() { # tally NAME STATUS LOG
    p=$(grep -c '^ok ' "$3"); f=$(grep -c '^not ok ' "$3")
    if [ "$f" = 0 ] && { [ "$2" != 0 ] || [ "$p" = 0 ]; }; then f=1; fi # who says nothing has shown nothing
    passed=$((passed + p)) failed=$((failed + f))
    if [ "$f" != 0 ]; then echo "FAILED $1 (status $2)"; grep -v '^ok ' "$3" | tail -n 40; fi
}
corpus() { # corpus FUZZER: its directory of kept inputs
    dir=$root/tests/corpora/$(basename "$1" _fuzz)
    mkdir -p "$dir"; echo "$dir"
}
log=$(mktemp) && trap 'rm -f "$log"' EXIT
if [ "$mode" = fuzz ]; then
    for f in "$@"; do
        echo "== $(basename "$f")"
        "$f" -max_total_time="${FUZZ_SECONDS:-60}" -timeout=10 -print_final_stats=1 "$(corpus "$f")" 2>&1 | tail -n 8 || exit 1
    done
    exit 0
fi
finish() { # finish WHAT: the counts, and the end
    mkdir -p "$root/build" && echo "$passed $failed" >>"$root/build/check.count"
    echo "$1: $passed passed, $failed failed"
    [ "$failed" = 0 ]; exit
}
if [ "$mode" = total ]; then
    awk '{p += $1; f += $2} END {print p + 0 " passed, " f + 0 " failed"; exit f + 0 != 0}' "$root/build/check.count"
    exit
fi
if [ "$mode" = arm64 ]; then
    qemu=$(command -v qemu-aarch64 || command -v qemu-aarch64-static) ||
        { echo "arm64: skipped, qemu-aarch64 (qemu-user) is not installed"; exit 0; }
    timeout 900 "$qemu" "$@" >"$log" 2>&1; tally "$1" $? "$log"
    finish arm64
fi
if [ "$mode" = ct ]; then
    if ! command -v valgrind >/dev/null; then echo "ct: skipped, valgrind is not installed"; exit 0; fi
    for f in "$@"; do
        check_ct="valgrind -q --error-exitcode=9 --suppressions=$root/tests/ct/valgrind.supp"
        { if $check_ct "$f"; then echo "ok $(basename "$f"): constant time"; else echo "not ok $(basename "$f")"; fi
          if $check_ct "$f" leak; then echo "not ok a leak on purpose goes unseen"; else echo "ok a leak on purpose is seen"; fi
        } >"$log" 2>&1
        tally "$f" 0 "$log"
    done
    finish ct
fi
if [ "$mode" = each ]; then
    what=$1 runner=$2; shift 2
    for t in "$@"; do
        # shellcheck disable=SC2086
        timeout 900 $runner "$t" >"$log" 2>&1; tally "$t" $? "$log"
    done
    finish "$what"
fi
if [ "$mode" = bad ]; then
    checker=$1; shift
    for t in "$@"; do
        want=$(sed -n '1s/^# refused: //p' "$t")
        # shellcheck disable=SC2086
        got=$($checker "$t" 2>&1 | sed -n 's/^lxpack: \([^ ]*:\)\{0,1\} *//p')
        if [ -n "$want" ] && [ "$got" = "$want" ]; then echo "ok $t" >"$log"
        else { echo "not ok $t"; echo "wanted: $want"; echo "said:   $got"; } >"$log"; fi
        tally "$t" 0 "$log"
    done
    finish bad
fi
while [ $# -gt 0 ] && [ "$1" != -- ]; do
    timeout 900 "$1" >"$log" 2>&1; tally "$1" $? "$log"; shift
done
[ $# -gt 0 ] && shift
for f in "$@"; do
    dir=$(corpus "$f"); scratch=$(mktemp -d)
    if timeout 900 "$f" -seed=1 -runs="${FUZZ_RUNS:-20000}" -max_total_time="${FUZZ_MOST:-30}" -timeout=10 -artifact_prefix="$root/build/" "$scratch" "$dir" \
        >"$log" 2>&1; then echo "ok $(basename "$f")" >>"$log"; s=0; else s=1; fi
    tally "$f" $s "$log"; rm -rf "$scratch"; rmdir "$dir" 2>/dev/null
done
finish unit
