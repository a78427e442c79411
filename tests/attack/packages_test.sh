#!/bin/sh
# Shows that the booted system refuses every bad package of make_bad in its words, runs the good ones, and goes on; and that it runs
# nothing when what the owner says is forged. B is the build directory, MACHINE the command of the machine.
set -u
tmp=$(mktemp -d) && trap 'rm -rf "$tmp"' EXIT
tab=$(printf '\t')
says() { # says CASE PART FILE
    if grep -qF -- "$2" "$3"; then echo "ok attack: $1"
    else echo "wanted: ...$2..."; tail -n 5 "$3"; echo "not ok attack: $1"; fi
}

cat >"$tmp/script" <<'S'
good; echo "good: status $?"
bad-object; echo "bad-object: status $?"
ls /bin | grep -E '^(good|bad|elf|hidden)' | tr '\n' ' '; echo "are installed"
tail -n 1 /lx/verify
for i in 1 2 3; do echo $i | sed 's/^/still /'; done
good; echo "good: status $?"
S
# shellcheck disable=SC2086
timeout 120 "$B/host/bin/lxrun" "$tmp/script" $MACHINE -kernel "$B/attack.img" 2>&1 | tr -d '\r' >"$tmp/log"
sed -n 's/^ledger| //p' "$tmp/log" >"$tmp/ledger"
while IFS="$tab" read -r name answer; do
    case $name in
    good) says "good: it runs" "good ran" "$tmp/log" ;;
    bad-object) says "bad-object: the program ends at its first instruction" "bad-object: status 135" "$tmp/log"
        says "bad-object: the pager says why" "does not have the bytes that package bad-object signed: it is not mapped" "$tmp/log" ;;
    *) says "$name" "$answer" "$tmp/ledger" ;;
    esac
done <"$B/attack/expected"
if grep -q 'bad-object ran' "$tmp/log"; then echo "not ok attack: bad-object ran"; else echo "ok attack: bad-object never ran"; fi
says "only what is authorised is installed" "bad-object good are installed" "$tmp/log"
says "the system goes on" "still 3" "$tmp/log"
says "and so does the good program" "good: status 0" "$tmp/log"

while IFS="$tab" read -r name answer; do
    [ "$name" = owner ] && continue
    image=attack-${name#owner-}
    # Every package is refused for it, so there is no program to run.
    printf '# %s\nsystem %s\nwithin 30\nexpect %s\nexpect 0 of \n' "$name" "$image" "$answer" >"$tmp/$name.test"
    if "$B/host/bin/lxtest" -i "$B" "$tmp/$name.test" >"$tmp/log" 2>&1; then echo "ok attack: $name"
    else tail -n 20 "$tmp/log"; echo "not ok attack: $name"; fi
done <"$B/attack/expected-owners"
