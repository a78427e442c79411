#!/bin/sh
# What the unit tests of one library reach, by file: lines and branches in percent, and the branches that are not reached.
# Branches inside assert() do not count: their other side is never to be reached.
# Usage: tests/lib_coverage.sh SCRATCH LIBRARY_DIRECTORY USED_DIRECTORY...     from the top of the tree
set -eu
scratch=$1 library=$2
shift 2
mkdir -p "$scratch"
rm -f "$scratch"/*.raw
inc="-I$library"
sources=$(find "$library" -name '*.c' ! -name '*_test.c' ! -name '*_fuzz.c' ! -name '*_aarch64.c')
for used in "$@"; do
    inc="$inc -I$used"
    sources="$sources $(find "$used" -name '*.c' ! -name '*_test.c' ! -name '*_fuzz.c' ! -name '*_aarch64.c')"
done
objects=
for test in "$library"/*_test.c; do
    name=$(basename "$test" .c)
    # shellcheck disable=SC2086
    clang -std=c17 -g -O1 -D_GNU_SOURCE -fprofile-instr-generate -fcoverage-mapping $inc -Itests/unit -Iabi $sources "$test" \
        -o "$scratch/$name"
    LLVM_PROFILE_FILE="$scratch/$name.raw" "$scratch/$name" >/dev/null
    objects="$objects -object $scratch/$name"
done
version=$(clang -dumpversion | cut -d. -f1)
"llvm-profdata-$version" merge -o "$scratch/all.prof" "$scratch"/*.raw
# shellcheck disable=SC2086
"llvm-cov-$version" export -instr-profile="$scratch/all.prof" $objects >"$scratch/all.json"
python3 - "$scratch/all.json" "$library" <<'END'
import json, os, sys
total = [0, 0]
for f in json.load(open(sys.argv[1]))["data"][0]["files"]:
    name = os.path.relpath(f["filename"])
    if not name.startswith(sys.argv[2]) or name.endswith("_test.c") or "fake" in name:
        continue
    text = open(name).read().split("\n")
    sides = {}
    for b in f["branches"]:
        line, column, true, false = b[0], b[1], b[4], b[5]
        if "assert(" in text[line - 1]:
            continue
        old = sides.get((line, column), (0, 0))
        sides[line, column] = (old[0] + true, old[1] + false)
    missed = sorted((k, [w for w, n in zip(("never true", "never false"), v) if n == 0]) for k, v in sides.items() if 0 in v)
    count = 2 * len(sides)
    reached = count - sum(len(w) for _, w in missed)
    total[0] += reached
    total[1] += count
    if count:
        print("%-36s lines %5.1f  branches %5.1f" % (name, f["summary"]["lines"]["percent"], 100 * reached / count))
    for (line, column), which in missed:
        print("    %s:%d:%d %s: %s" % (name, line, column, " and ".join(which), text[line - 1].strip()[:90]))
print("%-36s branches %5.1f (%d of %d)" % ("all", 100 * total[0] / total[1], *total))
END
