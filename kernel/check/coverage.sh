#!/bin/sh
# coverage.sh DIR: what the kernel's host tests reach of api, object and sched, by file: lines and branches in percent. DIR is for
# scratch; DIR/missing.txt lists each branch that was never taken (T: never true, F: never false). KERNEL_TEST_SEEDS as for kernel_test (default here: 200).
set -eu
dir=$1 kernel=$(dirname "$0")/..
mkdir -p "$dir"
sources="$kernel/api/*.c $kernel/object/*.c $kernel/sched/*.c $kernel/init/*.c $kernel/arch/host/*.c \
    $kernel/check/check.c $kernel/check/world.c $kernel/check/kernel_fuzz.c"
rm -f "$dir"/*.raw
objects=
for test in "$kernel"/check/*_test.c; do
    name=$(basename "$test" .c)
    # shellcheck disable=SC2086
    clang -std=c17 -g -O1 -D_GNU_SOURCE -fprofile-instr-generate -fcoverage-mapping -I"$kernel" -I"$kernel/arch/host" \
        -I"$kernel/../tests/unit" -I"$kernel/../abi" -DKERNEL_ROOT_CNODE_BITS=8 $sources "$test" -o "$dir/$name"
    KERNEL_TEST_SEEDS=${KERNEL_TEST_SEEDS:-200} LLVM_PROFILE_FILE="$dir/$name-%p.raw" "$dir/$name" >/dev/null
    objects="$objects -object $dir/$name"
done
version=$(clang -dumpversion | cut -d. -f1)
"llvm-profdata-$version" merge -o "$dir/all.prof" "$dir"/*.raw
# shellcheck disable=SC2086
"llvm-cov-$version" export -instr-profile="$dir/all.prof" $objects |
    python3 -c '
import json, sys
total = {"lines": [0, 0], "branches": [0, 0]}
missing = open(sys.argv[1], "w")
for f in json.load(sys.stdin)["data"][0]["files"]:
    part = f["filename"].split("/")[-2:]
    if part[0] not in ("api", "object", "sched"):
        continue
    s = f["summary"]
    for k in total:
        total[k][0] += s[k]["covered"]
        total[k][1] += s[k]["count"]
    source = open(f["filename"]).read().split("\n")
    for line, column, end, end_column, true, false in sorted(set(tuple(b[:6]) for b in f["branches"])):
        if not true or not false:
            text = source[line - 1][column - 1:end_column - 1 if end == line else None]
            missing.write("%s:%d: %s%s: %s\n" % ("/".join(part), line, "" if true else "T", "" if false else "F", text))
    if part[1].endswith(".c"):
        print("%-28s lines %5.1f  branches %5.1f" % ("/".join(part), s["lines"]["percent"], s["branches"]["percent"]))
print("%-28s lines %5.1f  branches %5.1f" % ("all", *(100 * v[0] / v[1] for v in total.values())))' "$dir/missing.txt"
