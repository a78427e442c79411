#!/bin/sh
# Checks the models here with Spin; each must hold, and must fail when its -DBROKEN takes the protocol apart.
# B is the build directory; one "ok" or "not ok" line a model.
set -u
here=$(cd "$(dirname "$0")" && pwd)
tmp=$(mktemp -d) && trap 'rm -rf "$tmp"' EXIT
cd "$tmp" || exit 1
# errors MODEL FLAG: how many errors the exhaustive search finds; empty when it did not finish
errors() {
    spin ${2:+"$2"} -a "$1" >log 2>&1 && cc -O2 -w -DSAFETY -o pan pan.c >>log 2>&1 && ./pan >>log 2>&1
    sed -n 's/.*errors: \([0-9]*\).*/\1/p' log
}
for model in "$here"/*.pml; do
    name=$(basename "$model" .pml)
    good=$(errors "$model" "")
    states=$(sed -n 's/^ *\([0-9]*\) states, stored.*/\1/p' log)
    bad=$(errors "$model" -DBROKEN)
    if [ "$good" = 0 ] && [ "${bad:-0}" -gt 0 ]; then
        echo "ok model: $name holds in $states states, and fails when it is broken"
    else
        cat log; echo "errors: $good, when broken: $bad"; echo "not ok model: $name"
    fi
done
