#!/bin/sh
# A long random workload on the booted system, which must not leak: soak.sh LXTEST [SECONDS [SEED]]; `make soak` calls it.
# SECONDS are of the guest, under icount: the same seed does the same again. One takes some 5 to 10 s here.
lxtest=$1 seconds=${2:-600} seed=${3:-$(date +%s)}
script=$(mktemp) && trap 'rm -f "$script"' EXIT
cat >"$script" <<END
# a random workload of $seconds s, seed $seed, leaves nothing behind
system tests
icount
within $((seconds * 20 + 120))
refuse not ok
refuse crashed
refuse something leaks
expect / #
send sh /test/sh/soak.sh $seconds $seed\n
expect soak: passed
END
"$lxtest" -v -i build "$script"
