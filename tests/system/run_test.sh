#!/bin/sh
# LX_SCRIPT=FILE make run ends with the status of the last command; DISK=FILE is kept from run to run. B is the build directory.
set -u
dir=$(mktemp -d) && trap 'rm -rf "$dir"' EXIT
unset MAKEFLAGS MAKELEVEL MFLAGS # as typed by somebody
for expected in 0 37; do
    printf 'cat /lx/ledger; echo hello\nsh -c "exit %s"\n' $expected >"$dir/script"
    LX_SCRIPT=$dir/script timeout -k 1 120 make run B="$B" KERNEL="$KERNEL" DISK=none >"$dir/log" 2>&1
    status=$?
    if [ $status = $expected ] && grep -q '^hello' "$dir/log"; then
        echo "ok LX_SCRIPT: make run ends with status $expected"
    else
        tail -n 5 "$dir/log" | sed 's/^/# /'
        echo "not ok LX_SCRIPT: make run ends with status $expected, not $status"
    fi
done

says() { # says WHAT TEXT
    if grep -q "$2" "$dir/log"; then echo "ok $1"
    else tail -n 20 "$dir/log" | sed 's/^/# /'; echo "not ok $1"; fi
}
says "DISK=none: the machine has none" 'memory  *there is no disk'

printf 'cat /lx/ledger\n' >"$dir/script"
for written in '[1-9][0-9]*' 0; do
    LX_SCRIPT=$dir/script timeout -k 1 120 make run B="$B" KERNEL="$KERNEL" DISK="$dir/disk" >"$dir/log" 2>&1
    says "DISK=FILE: what is remembered is written once" "blocks read, $written written"
    says "DISK=FILE: and is there" 'memory  *the disk remembers 2 chains'
done
[ "$(wc -c <"$dir/disk")" = 67108864 ] && echo "ok DISK=FILE: 64 MiB" || echo "not ok DISK=FILE: 64 MiB"
