#!/bin/sh
# LX_SCRIPT=FILE make run ends with the status of the last command. B is the build directory.
set -u
dir=$(mktemp -d) && trap 'rm -rf "$dir"' EXIT
unset MAKEFLAGS MAKELEVEL MFLAGS # as typed by somebody
for expected in 0 37; do
    printf 'echo hello\nsh -c "exit %s"\n' $expected >"$dir/script"
    LX_SCRIPT=$dir/script timeout -k 1 120 make run B="$B" KERNEL="$KERNEL" >"$dir/log" 2>&1
    status=$?
    if [ $status = $expected ] && grep -q '^hello' "$dir/log"; then
        echo "ok LX_SCRIPT: make run ends with status $expected"
    else
        tail -n 5 "$dir/log" | sed 's/^/# /'
        echo "not ok LX_SCRIPT: make run ends with status $expected, not $status"
    fi
done
