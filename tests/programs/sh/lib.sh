# SPDX-License-Identifier: MIT
# What the test scripts share. A script starts with ". /test/sh/lib.sh" and ends with "end THEME".
#   is NAME WANTED GOT     one case: "ok NAME", or "not ok NAME" and both texts
export PATH=/bin:/sbin:/usr/bin:/usr/sbin LC_ALL=C
passed=0 failed=0
is() {
    if [ "$2" = "$3" ]; then
        passed=$((passed + 1))
        echo "ok $1"
    else
        failed=$((failed + 1))
        echo "not ok $1"
        printf '  wanted: %s\n  got:    %s\n' "$2" "$3"
    fi
}
end() {
    cd /
    rm -rf "$here"
    echo "$1: $passed passed, $failed failed"
}
umask 022
here=${HERE:-/tmp}/test.$$ # HERE=/home: on the volume
mkdir $here && cd $here
