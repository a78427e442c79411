#!/bin/sh
# Shows that lib/fs and a reader that was written from docs/spec/lxfs.md alone (tools/lxfs-read) say the same of volumes: names, sizes and
# roots, in snapshots too; that there is a log; and, whatever byte of a block is changed, what is bad. B is the build directory.
set -u
bin=$(cd "$B/host/bin" && pwd)
tmp=$(mktemp -d) && trap 'rm -rf "$tmp"' EXIT
cd "$tmp" || exit 1
lx=$bin/lx
is() { # is CASE WANTED GOT
    if [ "$2" = "$3" ]; then echo "ok reader: $1"; else echo "wanted: $2"; echo "got:    $3"; echo "not ok reader: $1"; fi
}
"$bin/make_volume" a.img || exit 1
"$bin/lxfs-read" a.img >said
is "nothing is bad" "0 END 0 bad" "$? $(tail -n 1 said)"
{
    "$lx" fs root -r a.img /
    for s in first second; do "$lx" fs root --snapshot $s -r a.img / | sed "s|^\([^/]*\)/|\1@$s/|"; done
} | sort >listed
is "it is a volume with much in it" 1 "$(($(wc -l <listed) > 9000))"
is "names, sizes and roots are the same" "" "$(sed '$d' said | sort | diff - listed)"

"$bin/make_volume" b.img log || exit 1
"$bin/lxfs-read" b.img >said
is "the log is told of" "LOG not empty: what follows is the state before it" "$(head -n 1 said)"
is "and what it has is not there yet" 0 "$(grep -c /logged said)"
is "lx does what it says" 50 "$("$lx" fs cat b.img logged 2>/dev/null | wc -c)"

# What both say of the image: whether it is sound, and where the blocks or copies lie that do not verify.
# shellcheck disable=SC2046
reader_says() {
    "$bin/lxfs-read" a.img >said; status=$?
    echo "$status" $(sed -n 's/^BAD.* at \([0-9]*\): the [a-z]* copy.*/\1/p' said | sort -u)
}
# shellcheck disable=SC2046
fsck_says() {
    "$lx" fs fsck a.img >checked; status=$?
    echo "$((status != 0))" $(sed -n 's/^one copy.* at block //p; s/^a block cannot.* at block //p' checked | sort -u)
}
# Byte k of round n: places are drawn from all blocks of data and the map, used and free, with a fixed seed.
awk 'BEGIN { srand(5); for (i = 0; i < 30; i++) printf "%d %d\n", 72 + int(rand() * (i % 4 == 0 ? 8048 : 1300)), int(rand() * 4096) }' >places
bad=0 same=0
while read -r block byte; do
    at=$((block * 4096 + byte))
    old=$(od -An -tu1 -j $at -N1 a.img | tr -d ' ')
    # shellcheck disable=SC2059
    printf "\\$(printf %03o $((old ^ 64)))" | dd of=a.img bs=1 seek=$at conv=notrunc status=none
    one=$(reader_says) other=$(fsck_says)
    if [ "$one" = "$other" ]; then same=$((same + 1)); else echo "block $block byte $byte: reader $one, fsck $other"; cat checked; grep BAD said; fi
    [ "$one" = "0" ] || bad=$((bad + 1))
    # shellcheck disable=SC2059
    printf "\\$(printf %03o "$old")" | dd of=a.img bs=1 seek=$at conv=notrunc status=none
done <places
is "both say the same of 30 changed bytes" 30 "$same"
is "of which more than 5 matter, and more than 5 do not" 1 "$((bad > 5 && bad < 25))"
echo "# $bad of 30 changed bytes are in what is in use"
