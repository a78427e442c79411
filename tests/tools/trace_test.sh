#!/bin/sh
# Shows what `lx trace` makes of the text of /lx/trace, and what it refuses. One "ok" or "not ok" line a case.
set -u
bin=$B/host/bin
tmp=$(mktemp -d) && trap 'rm -rf "$tmp"' EXIT
is() { # is CASE WANTED GOT
    if [ "$2" = "$3" ]; then echo "ok trace: $1"; else echo "wanted: $2"; echo "got:    $3"; echo "not ok trace: $1"; fi
}

cat >"$tmp/text" <<'TEXT'
100.000 exit 6bfe8000
102.016 entry 6bfe8000 linux 64
102.100 fast 6bfe8000
102.116 fault 6bfe8000 2
102.132 switch 6bff0000 linux
102.500 exit 6bff0000
110.000 entry 6bff0000 call -1
110.300 exit 6bff0000
120.000 entry 6bff0000 interrupt
120.050 interrupt 6bff0000 33
120.100 switch 6bff8000 console
120.400 exit 6bff8000
130.000 entry 6bff8000 call -2
130.100 switch 00000000 idle
130.200 exit 00000000
200.001 entry 00000000 interrupt
TEXT
cat >"$tmp/wanted" <<'JSON'
{"displayTimeUnit":"ns","traceEvents":[
{"ph":"i","pid":1,"tid":1,"ts":102.116,"s":"t","name":"fault: system call"},
{"ph":"X","pid":1,"tid":1,"ts":102.016,"dur":0.116,"name":"linux 64","args":{"path":"fast"}},
{"ph":"X","pid":1,"tid":1,"ts":100.000,"dur":2.132,"name":"runs"},
{"ph":"X","pid":1,"tid":2,"ts":110.000,"dur":0.300,"name":"Call","args":{"path":"general"}},
{"ph":"i","pid":1,"tid":2,"ts":120.050,"s":"t","name":"interrupt 33"},
{"ph":"X","pid":1,"tid":2,"ts":120.000,"dur":0.100,"name":"interrupt","args":{"path":"general"}},
{"ph":"X","pid":1,"tid":2,"ts":102.132,"dur":17.968,"name":"runs"},
{"ph":"X","pid":1,"tid":3,"ts":130.000,"dur":0.100,"name":"ReplyRecv","args":{"path":"general"}},
{"ph":"X","pid":1,"tid":3,"ts":120.100,"dur":10.000,"name":"runs"},
{"ph":"X","pid":1,"tid":4,"ts":200.001,"dur":0.000,"name":"interrupt","args":{"path":"general"}},
{"ph":"X","pid":1,"tid":4,"ts":130.100,"dur":69.901,"name":"runs"},
{"ph":"M","pid":1,"tid":1,"name":"thread_name","args":{"name":"thread 6bfe8000"}},
{"ph":"M","pid":1,"tid":2,"name":"thread_name","args":{"name":"linux"}},
{"ph":"M","pid":1,"tid":3,"name":"thread_name","args":{"name":"console"}},
{"ph":"M","pid":1,"tid":4,"name":"thread_name","args":{"name":"idle"}}
]}
JSON
is "runs, entries and instants of each thread" "" "$("$bin/lx" trace "$tmp/text" | diff "$tmp/wanted" - 2>&1)"
is "lines that a console ended are taken" "" "$(sed 's/$/\r/' "$tmp/text" >"$tmp/crlf"; "$bin/lx" trace "$tmp/crlf" | diff "$tmp/wanted" - 2>&1)"

refused() { # refused CASE WHY LINE...
    case=$1 why=$2
    shift 2
    printf '%s\n' "$@" >"$tmp/bad"
    got=$("$bin/lx" trace "$tmp/bad" 2>&1 >/dev/null | sed "s|$tmp/||")
    is "$case is refused" "lx: bad:$#: $why" "$got"
}
printf '1.000 exit 00000001\n/ # \n' >"$tmp/bad"
is "what is refused prints nothing" "" "$("$bin/lx" trace "$tmp/bad" 2>/dev/null)"
no_line="this is no line of /lx/trace; copy the file without other text of the console"
refused "text of the console" "$no_line" "1.000 exit 00000001" "/ # "
refused "the sentence of a kernel without a trace" "$no_line" "this kernel writes no trace; one that does: make run TRACE=1"
refused "another word" "$no_line" "1.000 jump 00000001"
refused "a time of other digits" "$no_line" "1.00 exit 00000001"
refused "a switch to nobody" "$no_line" "1.000 switch 00000001"
refused "a word too much" "$no_line" "1.000 interrupt 00000001 3 4"
refused "a name with a quote" "$no_line" '1.000 switch 00000001 a"b'
refused "a step back in time" "time goes backwards; a trace is in order" "2.000 exit 00000001" "1.999 exit 00000001"
: >"$tmp/empty"
is "an empty file is refused" "lx: empty is empty; cat /lx/trace tells what happened" \
    "$("$bin/lx" trace "$tmp/empty" 2>&1 >/dev/null | sed "s|$tmp/||")"
