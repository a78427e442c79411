#!/bin/sh
# Static checks of every file that is built for the target or as a host tool: clang-tidy with the checks of .clang-tidy. Commands are
# those of make itself. Usage: mk/tidy.sh BUILD MAKE
set -eu
build=$1 make=$2
# What make would do, one command a line, as a compilation database.
$make --no-print-directory -Bnk V=1 components tools kernel 2>/dev/null | sed -e ':a' -e '/\\$/N; s/\\\n//; ta' |
    awk -v dir="$PWD" '/ -c [^ ]*\.c -o / {
        file = $0; sub(/.* -c /, "", file); sub(/ .*/, "", file)
        if (file ~ /^\// || seen[file]++) next
        gsub(/ -flto-partition=[a-z]*| -flto=[a-z0-9]*| -flto| -fno-tree-loop-distribute-patterns/, "") # GCC only
        gsub(/\\/, "\\\\"); gsub(/"/, "\\\"")
        printf "%s{\"directory\": \"%s\", \"file\": \"%s\", \"command\": \"%s\"}", n++ ? ",\n" : "[\n", dir, file, $0
    } END {print "\n]"}' >"$build/compile_commands.json"
files=$(sed -n 's/.*"file": "\([^"]*\)".*/\1/p' "$build/compile_commands.json")
echo "tidy: $(echo "$files" | wc -l) files"
if ! echo "$files" | xargs -P "$(nproc)" -n 4 clang-tidy-14 --quiet -p "$build" --extra-arg=-Wno-unknown-warning-option \
    --extra-arg=-Wno-ignored-optimization-argument --warnings-as-errors='*' >"$build/tidy.out" 2>"$build/tidy.log"; then
    cat "$build/tidy.out"
    grep -v 'warnings generated' "$build/tidy.log" | head -n 20
    exit 1
fi
echo 'tidy: nothing found'
