#!/bin/sh
# Shows what lx fs does with volumes in images: what goes in comes out, roots are those of the tree and of fs-verity, damage is told and
# repaired from copies alone, and an image in use is left alone. B is the build directory.
set -u
bin=$(cd "$B/host/bin" && pwd)
tmp=$(mktemp -d) && trap 'rm -rf "$tmp"' EXIT
cd "$tmp" || exit 1
lx=$bin/lx
is() { # is CASE WANTED GOT
    if [ "$2" = "$3" ]; then echo "ok fs: $1"; else echo "wanted: $2"; echo "got:    $3"; echo "not ok fs: $1"; fi
}
has() { # has CASE PART TEXT
    case "$3" in *"$2"*) echo "ok fs: $1" ;; *) echo "wanted: ...$2..."; echo "got:    $3"; echo "not ok fs: $1" ;; esac
}
# ends CASE STATUS PART ARGUMENT...: lx fs says it, and ends with that status
ends() {
    what=$1 want=$2 part=$3; shift 3
    got=$("$lx" fs "$@" 2>&1); status=$?
    [ $status = "$want" ] || got="status $status: $got"
    has "$what" "$part" "$got"
}
ones() { head -c "$1" /dev/zero | tr '\0' '\377'; }
spoil() { ones "$3" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none; }

# ---- a volume, and what goes in and out
ends "mkfs wants a size for a new file" 1 "v.img is not there; --size MIB makes it" mkfs v.img
ends "mkfs of too little" 1 "4 MiB to 4 PiB" mkfs v.img --size 3
ends "mkfs" 0 "" mkfs v.img --size 32
ends "mkfs does not overwrite a volume" 1 "there is a volume in it already" mkfs v.img
ends "no volume" 1 "there is no volume of LXFS in it" ls "$lx"
mkdir -p tree/sub/deep tree/empty
head -c 1500000 "$lx" >tree/big
printf 'three' >tree/sub/qzfile
: >tree/nothing
ln -s ../elsewhere tree/link
# shellcheck disable=SC1003
printf 'x' >"tree/$(printf 'a\tb\\')"
truncate -s 5000000 tree/sparse
chmod 750 tree/big
touch -d '2001-02-03 04:05:06.789Z' tree/big
ends "a directory wants -r" 1 "a directory; -r copies it" cp tree v.img:/
ends "cp -r into an image" 0 "" cp -r tree v.img:/
ends "cp -r out of it" 0 "" cp -r v.img:/tree out
is "what comes out is what went in" "" "$(diff -r --no-dereference tree out 2>&1)"
is "with mode and time" "$(stat -c '%a %.9Y' tree/big)" "$(stat -c '%a %.9Y' out/big)"
is "zeros take no space there" 1 "$(($(stat -c %b out/sparse) < 100))"
ends "a tree does not replace what is there" 1 "tree/big: File exists" cp -r v.img:/tree/ out/..
is "cat" "$(sha256sum <tree/big)" "$("$lx" fs cat v.img /tree/big | sha256sum)"
has "ls shows what is no letter as a number" 'a\x09b\x5c' "$("$lx" fs ls v.img /tree)"
has "ls -l" "-rwxr-x---   1 0:0            1500000 2001-02-03 04:05:06Z big" "$("$lx" fs ls -l v.img /tree)"
has "ls -l of a link" "link -> ../elsewhere" "$("$lx" fs ls -l v.img tree)"
ends "a path through a link" 1 "goes through a symbolic link, to ../elsewhere" ls v.img /tree/link/x
ends "a path that is not there" 1 "/tree/no/x: not there" cat v.img /tree/no/x
ends "a path through a file" 1 "not a directory" cat v.img /tree/big/x
ends "which side is the image" 2 "one of both is IMAGE:/PATH" cp a b
printf 'new' >new
ends "a file is replaced" 0 "" cp new v.img:/tree/sub/qzfile
is "by what replaces it" new "$("$lx" fs cat v.img tree/sub/qzfile)"
ends "nothing else is" 1 "something else of that name" cp -r tree/sub v.img:/tree/big

# ---- roots
if command -v fsverity >/dev/null; then
    for f in big sparse nothing sub/deep/../qzfile; do
        f=$(realpath --relative-to=. "tree/$f")
        [ "$f" = tree/sub/qzfile ] && cp new "$f"
        is "fs-verity of $f" "$(fsverity digest --compact "$f")" "$("$lx" fs root v.img "$f" | sed -n 's/^fs-verity *//p')"
    done
fi
hash() { sha256sum | sed 's/ .*//'; }
is "the root of a small file is its leaf" "$(printf '\000new' | hash)" "$("$lx" fs root v.img tree/sub/qzfile | sed -n 's/^root *//p')"
is "root -r lists everything" 10 "$("$lx" fs root -r v.img / | wc -l)"

# ---- reading does not write
before=$(hash <v.img)
"$lx" fs stat v.img >/dev/null && "$lx" fs dump --json v.img >/dev/null && "$lx" fs fsck v.img >/dev/null
is "ls, cat, root, stat, dump, fsck do not write" "$before" "$(hash <v.img)"

# ---- snapshots
ends "snapshot take" 0 "" snapshot take v.img before
ends "one of that name" 1 "there already" snapshot take v.img before
printf newer-qz >new
"$lx" fs cp new v.img:/tree/sub/qzfile
is "a snapshot stays" "new newer-qz" "$("$lx" fs cat --snapshot before v.img tree/sub/qzfile) $("$lx" fs cat v.img tree/sub/qzfile)"
has "snapshot list" "before" "$("$lx" fs snapshot list v.img)"
ends "no such snapshot" 1 "snapshot x: not there" ls --snapshot x v.img
ends "snapshots do not change" 1 "snapshots do not change" cp --snapshot before new v.img:/x
ends "fsck of what has snapshots" 0 "0 findings, 0 repaired" fsck v.img
ends "snapshot remove" 0 "" snapshot remove v.img before
ends "it is gone" 1 "snapshot before: not there" snapshot remove v.img before
ends "snapshot without a word" 2 "snapshot list IMAGE, or take or remove IMAGE NAME" snapshot give v.img

# ---- damage: the first copy of a directory, then a block of a file, which has one copy
ends "sound" 0 "0 findings" fsck v.img
at=$(grep -abo qzfile v.img | head -1 | sed 's/:.*//')
cp v.img copy.img
spoil copy.img "$at" 3
is "a bad copy does not show" newer-qz "$("$lx" fs cat copy.img tree/sub/qzfile)"
ends "fsck tells of it" 4 "one copy of a block is bad" fsck copy.img
ends "and repairs it" 1 "repaired" fsck --repair copy.img
ends "then it is sound" 0 "0 findings" fsck copy.img
at=$(grep -abo newer-qz copy.img | head -1 | sed 's/:.*//')
spoil copy.img "$at" 1
ends "what is damaged is not shown" 1 "does not verify" cat copy.img tree/sub/qzfile
ends "fsck names the file" 4 ", /tree/sub/qzfile; block 0 of level 0" fsck copy.img
ends "and cannot repair it" 4 "0 repaired" fsck --repair copy.img
ends "the others come out" 1 "out2/sub/qzfile: damaged" cp -r copy.img:/tree out2
is "whole" "$(sha256sum <tree/big)" "$(sha256sum <out2/big)"
is "and that one not" 1 "$([ -e out2/sub/qzfile ] || echo 1)"
spoil copy.img 0 32768
ends "one copy of the superblocks is enough" 0 "" ls copy.img
spoil copy.img $((32 * 1024 * 1024 - 32768)) 32768
ends "none is not" 8 "there is no volume" fsck copy.img

# ---- encryption
head -c 32 /dev/urandom >device.secret
ends "mkfs of an encrypted volume" 0 "" mkfs e.img --size 8 --device-secret device.secret
ends "it wants its secret" 1 "--device-secret FILE names the device's secret" ls e.img
ends "cp into it" 0 "" cp --device-secret device.secret tree/big e.img:/secretname
is "its names are not there in clear" 0 "$(grep -c secretname e.img)"
is "cat of it" "$(sha256sum <tree/big)" "$("$lx" fs cat --device-secret device.secret e.img secretname | sha256sum)"
head -c 32 /dev/urandom >other.secret
ends "another secret" 1 "not the secret of the device" ls --device-secret other.secret e.img
ends "what is no secret" 1 "has not 32 bytes" ls --device-secret tree/big e.img
ends "a secret that is not there" 1 "cannot be read" ls --device-secret none e.img

# ---- a disk with partitions
"$bin/make_volume" disk.img disk || exit 1
head -c 8388608 disk.img | tail -c +1048577 >ledger.before
ends "a disk without a volume yet" 1 "its partition for files has no volume yet" ls disk.img
ends "mkfs in its partition" 0 "" mkfs disk.img
ends "cp into it" 0 "" cp new disk.img:/new
is "cat from it" newer-qz "$("$lx" fs cat disk.img new)"
is "the partition before it is as it was" "" "$(head -c 8388608 disk.img | tail -c +1048577 | cmp - ledger.before 2>&1)"
spoil disk.img 528 4
is "one copy of the table is enough" newer-qz "$("$lx" fs cat disk.img new)"
spoil disk.img $((32 * 1024 * 1024 - 512 + 16)) 4
ends "none is not" 1 "its table of partitions is damaged" ls disk.img

# ---- in use
if command -v qemu-system-aarch64 >/dev/null; then
    qemu-system-aarch64 -M virt -display none -S -serial none -monitor none -drive file=v.img,format=raw,if=none,id=d \
        -device virtio-blk-device,drive=d 2>/dev/null &
    qemu=$!
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        "$lx" fs ls v.img >/dev/null 2>&1 || break
        sleep 0.2
    done
    ends "a running machine's disk is not read" 1 "in use, by a running machine" ls v.img
    ends "nor written" 1 "in use, by a running machine" cp new v.img:/x
    kill $qemu; wait $qemu
    ends "afterwards it is" 0 "tree" ls v.img
fi
