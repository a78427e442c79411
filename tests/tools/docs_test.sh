#!/bin/sh
# Shows that what the documents name is there: files, make targets, commands of lx. A document with one mistake of each kind shows that the
# check sees them. One "ok" or "not ok" line a document.
#
#   [text](PATH)        relative to the document; the web is not asked
#   `DIR/...`           a path of the tree, from its top or beside the document; with * it must match something. Names in capitals stand for
#                       others, and what the build makes is not looked for.
#   `NAME.md`           a document somewhere in the tree
#   `make TARGET`, `lx COMMAND`    in backquotes, or a line of a code block
set -u
tmp=$(mktemp -d) && trap 'rm -rf "$tmp"' EXIT
cd "$(dirname "$0")/../.." || exit 1

# The database of make, without making anything; and the words that name commands of lx, on the host and on the device.
env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL make -npq FORCE 2>/dev/null | sed -n 's/^\([a-z][a-z-]*\):.*/\1/p' | sort -u >"$tmp/targets"
sed -n 's/^ *{*"\([a-z]*\)[" ].*/\1/p' tools/lx/commands.c tools/lx/help.c apps/lx/lx.c | sort -u >"$tmp/commands"
sed -n 's/.*strcmp(argv\[1\], "\([a-z]*\)").*/\1/p' apps/lx/lx.c >>"$tmp/commands"

# code DOCUMENT: what stands in backquotes, and the lines of code blocks, each on a line
code() {
    awk '/^```/ { block = !block; next }
         block { print; next }
         { line = $0; while (match(line, /`[^`]+`/)) { print substr(line, RSTART + 1, RLENGTH - 2); line = substr(line, RSTART + RLENGTH) } }' "$1"
}

# tops DIR: the directories of the tree and of DIR, as a pattern
tops() { find . "$1" -maxdepth 1 -type d -name '[a-z]*' ! -name build | sed 's|.*/||' | sort -u | paste -sd '|' -; }

# missing DOCUMENT: what it names and is not there
missing() {
    dir=$(dirname "$1")
    # shellcheck disable=SC2016
    sed 's/`[^`]*`//g' "$1" | grep -o '](\([^)]*\))' | sed 's/^](//; s/)$//; s/#.*//' | grep -v '^$\|^[a-z]*:' | while read -r path; do
        [ -e "$dir/$path" ] || echo "link $path"
    done
    code "$1" >"$tmp/code"
    # shellcheck disable=SC2016
    tr ' ,;()<>"=' '\n' <"$tmp/code" | sed 's/[.:]*$//' | grep -E "^($(tops "$dir"))/" | grep -v '[A-Z]\{2,\}[/.-]\|[A-Z]\{3,\}$\|[${}|]' |
        sort -u | while read -r path; do
        # shellcheck disable=SC2086
        ls -d $path >/dev/null 2>&1 || (cd "$dir" && ls -d $path >/dev/null 2>&1) || echo "path $path"
    done
    grep -oE '^[a-z-]+\.md' "$tmp/code" | sort -u | while read -r name; do
        grep -qE "(^|/)$name\$" "$tmp/documents" || echo "document $name"
    done
    grep -oE '(^|[ ;&])make( -[a-z0-9]+)*( [A-Z_]+=[^ ]*)* [a-z][a-z-]*( |$|;)' "$tmp/code" | sed 's/[ ;]*$//; s/.*[ ]//' | sort -u |
        while read -r target; do grep -qx -- "$target" "$tmp/targets" || echo "target $target"; done
    grep -oE '^lx [a-z]+' "$tmp/code" | sed 's/^lx //' | sort -u | while read -r command; do
        grep -qx -- "$command" "$tmp/commands" || echo "command lx $command"
    done
}

check() { # check NAME WANTED DOCUMENT
    missing "$3" >"$tmp/missing"
    if [ "$(cat "$tmp/missing")" = "$2" ]; then echo "ok docs: $1"; else cat "$tmp/missing"; echo "not ok docs: $1"; fi
}

find . -name build -prune -o -name .git -prune -o -name '*.md' -print | sed 's|^\./||' | sort >"$tmp/documents"
cat >"$tmp/bad.md" <<'D'
[gone](gone.md), [there](bad.md), `lib/base/base.h`, `lib/base/gone.h`, `tests/*/gone_test.sh`, `systems/NAME.sys`
`tree.md`, `gone.md`, `make run`, `make -j2 SYSTEM=x golden`, `lx ps`, `lx pack`, `lx gild it`
D
check "mistakes are seen" "link gone.md
path lib/base/gone.h
path tests/*/gone_test.sh
document gone.md
target golden
command lx gild" "$tmp/bad.md"
while read -r document; do check "$document" "" "$document"; done <"$tmp/documents"
