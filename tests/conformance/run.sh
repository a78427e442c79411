#!/bin/sh
# Runs the conformance program and shows what it said.
#   run.sh matrix BUILD        the matrix as text; fails when a row is not as expected
#   run.sh page BUILD FILE     writes the page that keeps the matrix
#   run.sh check BUILD FILE    "ok" or "not ok" for each row, and for the page being what this run shows
set -u
mode=$1 build=$2 page=${3:-}
here=$(dirname "$0")
log=$(mktemp) && rows=$(mktemp) && new=$(mktemp) && trap 'rm -f "$log" "$rows" "$new"' EXIT
"$build/host/bin/lxtest" -v -i "$build" "$here/conformance.test" >"$log"
status=$?
sed -n 's/^# \(ok\|not ok\) \([^|]* | [^|]* | .*\)$/\1 \2/p' "$log" >"$rows"
if [ ! -s "$rows" ] || ! grep -q '^# conformance: [0-9]* rows' "$log"; then
    grep -A1 '^# not ok\|cannot go on' "$log"
    echo "not ok conformance: the run did not come to its end"
    exit 1
fi

make_page() {
    cat "$here/page.md"
    printf '| subject | result | case |\n|---|---|---|\n'
    sed -n 's/^ok //p' "$rows" | sed 's/^/| /; s/$/ |/'
    sed -n 's/^not ok //p' "$rows" | sed 's/^/| not as expected: /; s/$/ |/'
    printf '\n%s rows.\n' "$(wc -l <"$rows" | tr -d ' ')"
}

case $mode in
matrix)
    cat "$rows"
    sed -n 's/^# \(conformance: .*\)/\1/p' "$log"
    ;;
page)
    make_page >"$page"
    ;;
check)
    sed 's/^ok /ok conformance: /; s/^not ok /not ok conformance: /' "$rows"
    make_page >"$new"
    if cmp -s "$new" "$page"; then
        echo "ok conformance: $page is what this run shows"
    else
        diff "$page" "$new" | head -n 20
        echo "not ok conformance: $page is not what this run shows; see the changes after: make conformance-page"
    fi
    ;;
esac
exit $status
