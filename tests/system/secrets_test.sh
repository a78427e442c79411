#!/bin/sh
# No component but the keystore holds a secret: by what build/base/report.txt says each can reach. B is the build directory.
set -u
report=$B/base/report.txt
part() { awk -v name="$1" '/^[a-z]/ {on = $1 == name} on' "$report"; }
others() { awk -v name="$1" '/^[a-z]/ {on = $1 != name} on' "$report"; }
check() { # check WHAT COMMAND...
    what=$1; shift
    if "$@"; then echo "ok secrets: $what"; else echo "not ok secrets: $what"; fi
}
count() { grep -c -- "$1"; }
has() { [ "$(part "$1" | count "$2")" = "$3" ]; }
nobody_else() { [ "$(others "$1" | count "$2")" = 0 ]; }
callers() { [ "$(awk '/^[a-z]/ {name = $1} /message to '"$1"'$/ {print name}' "$report" | sort | tr '\n' ' ')" = "$2 " ]; }
shared() { [ "$(part "$1" | awk '$NF == "shared" {print $5}' | sort -u | tr '\n' ' ')" = "$2 " ]; }

check "the report names the keystore" has keystore "^keystore (trusted)$" 1
check "it reads the device's secret" has keystore "r--  device_secret  *bytes of the image" 1
check "nobody else does" nobody_else keystore device_secret
check "nobody has its threads, memory or capabilities" nobody_else keystore "\(thread\|address space\|capability space\|inbox\) of keystore"
check "fs, for the key of the volume, and the session alone call it" callers keystore "fs session"
check "it shares memory with the disk and the log alone" shared keystore "disk rt_log_ring"
check "it reaches no other component's memory and no device" has keystore "\(of pager\|of linux\|device registers\|untyped\|view\)" 0
check "the session shares memory with the console and the log alone" shared session "rt_log_ring tty"
check "the session alone takes and gives the console's line" callers console session
