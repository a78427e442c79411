#!/bin/sh
# Prints the name of the key of a family that the build signs with: NAME, or the last of NAME-2, NAME-3, ... Makes it when there
# is none. A chain of more than CHAIN_MAX (4) transactions is left, and the next key is made: whoever boots verifies every
# transaction of every chain. Usage: mk/chain_key.sh LX KEYS NAME
set -eu
lx=$1 keys=$2 family=$3
name=$family n=1
while [ -e "$keys/$family-$((n + 1))" ]; do n=$((n + 1)); name=$family-$n; done
make_key() {
    "$lx" key new --keys "$keys" "$1" >&2 || [ -e "$keys/$1" ] # perhaps another job of make was faster
}
[ -e "$keys/$name" ] || make_key "$name"
count=$(od -An -tu4 -j8 -N4 "$keys/$name.chain" | tr -d ' ')
if [ "$count" -gt "${CHAIN_MAX:-4}" ]; then
    n=$((n + 1))
    echo "keys: the chain of $name has $count transactions; from now on $family-$n signs" >&2
    name=$family-$n
    make_key "$name"
fi
echo "$name"
