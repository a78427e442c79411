# SPDX-License-Identifier: MIT
# The shell's language: each construct as ash has it, by exact output.
. /test/sh/lib.sh

# ---- words and expansion
is 'command substitution' 'one two' "$(echo one two)"
is 'substitution drops trailing newlines only' 'a

b' "$(printf 'a\n\nb\n\n\n')"
is 'substitutions nest' 'deep' "$(echo $(echo $(echo `echo deep`)))"
is 'arithmetic' '14 2 1 -3 8 255 1' "$((2 + 3 * 4)) $((17 % 5)) $((7 > 3)) $((-7 / 2)) $((1 << 3)) $((0xff)) $((5 && 1))"
i=5
is 'arithmetic assigns' '6 12 6' "$((i += 1)) $((i * 2)) $i"
is 'arithmetic is 64 bits' '9223372036854775807 -9223372036854775808' "$((0x7fffffffffffffff)) $((0x7fffffffffffffff + 1))"
v=file.tar.gz
is 'parameters are cut' 'file.tar file gz tar.gz 11' "${v%.*} ${v%%.*} ${v##*.} ${v#*.} ${#v}"
is 'parameters have defaults' 'x y  z' "${nothing:-x} ${nothing:=y} ${other:+w} ${v:+z}"
is 'parameters are replaced' 'file-tar.gz file-tar-gz le.t' "${v/./-} ${v//./-} ${v:2:4}"
is 'a missing parameter ends the shell' 'sh: gone: not here
2' "$(sh -c ': ${gone:?not here}; echo alive' 2>&1; echo $?)"
touch b.c a.c 'with space' .hidden c.h
is 'globbing' 'a.c b.c|*.none|a.c c.h|a.c b.c' "$(echo *.c)|$(echo *.none)|$(echo [ac].?)|$(echo [!c].c)"
is 'globs and hidden files' '.hidden a.c b.c c.h' "$(echo .h* [a-c].*)"
is 'a word with a space stays one' '4' "$(set -- *; echo $#)"
is 'fields split at IFS' '3 b' "$(IFS=:; x=a:b:c; set -- $x; echo $# $2)"
is 'quotes' '$x `y` "z" \ '"'" "\$x \`y\` \"z\" \\ '"
is 'all arguments' '2 a b c' "$(f() { echo $# "$*"; }; set -- 'a b' c; f "$@")"
is 'escapes of $'"'" "$(printf 'a\tb\001')" $'a\tb\x01'
is 'tilde' "$(HOME=/home; echo ~/x)" '/home/x'

# ---- redirection
echo first >out
echo second >>out
is 'output to a file, appended' 'first
second' "$(cat out)"
is 'input from a file' 'first' "$(head -n 1 <out)"
is 'errors go their own way' 'out: 1 err: 1' "$(sh -c 'echo o; echo e >&2' >o 2>e; echo out: $(wc -l <o) err: $(wc -l <e))"
is 'both into one' 'o
e' "$(sh -c 'echo o; echo e >&2' 2>&1)"
is 'swapped' 'e' "$(sh -c 'echo o; echo e >&2' 3>&1 1>/dev/null 2>&3 3>&-)"
exec 5<out
read -r line <&5
read -r next <&5
exec 5<&-
is 'a descriptor keeps its place' 'first second' "$line $next"
is 'a closed descriptor' 'sh: write error: Bad file descriptor' "$(sh -c 'echo x >&-' 2>&1)"
is 'noclobber' "sh: can't create out: File exists" "$(sh -c 'set -C; echo x >out' 2>&1)"
is 'a missing file' "sh: can't open none: no such file" "$(sh -c 'cat <none' 2>&1)"
echo 12345 >rw
exec 6<>rw
printf ab >&6
exec 6>&-
is 'read and write' 'ab345' "$(cat rw)"
is 'redirection of a group' '2' "$({ echo a; echo b; } >g; wc -l <g)"
is 'redirection of a loop' 'a-b-' "$(printf 'a\nb\n' | while read -r l; do printf '%s-' "$l"; done)"

# ---- here-documents
is 'a here-document expands' 'x=file.tar.gz 3' "$(cat <<END
x=$v $((1 + 2))
END
)"
is 'a quoted one does not' '$v $((1 + 2))' "$(cat <<'END'
$v $((1 + 2))
END
)"
is 'tabs are cut' 'one
two' "$(cat <<-END
	one
		two
	END
)"
is 'two here-documents' 'b a' "$(cat <<A <<B | tr '\n' ' '; sed 's/$//' <<C
lost
A
b
B
a
C
)"
long=$(seq 1 20000)
is 'a here-document of 108 KB, more than a pipe' '20000 108894' "$(wc -lc <<END | awk '{print $1, $2}'
$long
END
)"

# ---- pipes and lists
is 'a pipe' '      2 a
      1 b' "$(printf 'a\nb\na\n' | sort | uniq -c)"
is 'ten commands in a pipe' '1' "$(echo 1 | cat | cat | cat | cat | cat | cat | cat | cat | cat)"
is 'the status of a pipe is its last' '3 0' "$(true | sh -c 'exit 3'; echo -n "$? "; sh -c 'exit 3' | true; echo $?)"
is 'pipefail' '3' "$(set -o pipefail; sh -c 'exit 3' | true; echo $?)"
is 'not' '1 0' "$(! true; echo -n "$? "; ! false; echo $?)"
is 'and, or' 'b c d' "$(false && echo a; true && echo -n 'b '; false || echo -n 'c '; true || echo x; false && echo y || echo d)"
is 'exit codes' '0 1 42 127 126 130' "$(true; echo -n "$? "; false; echo -n "$? "; (exit 42); echo -n "$? "
    nosuch 2>/dev/null; echo -n "$? "; ./out 2>/dev/null; echo -n "$? "; sh -c 'kill -INT $$'; echo $?)"
is 'a subshell keeps its changes' 'in out /' "$(x=out; (x=in; cd /; echo -n "$x "); echo -n "$x "; (cd /; pwd))"
is 'yes ends when its reader does' 'y
y
0' "$(yes | head -n 2; echo $?)"
is 'SIGPIPE kills' '141' "$( (trap '' CHLD; sh -c 'while :; do echo y; done' 2>/dev/null; echo $? >status) | head -n 1 >/dev/null; cat status)"

# ---- compound commands
is 'if' 'yes no' "$(if true; then echo -n 'yes '; else echo no; fi; if false; then echo yes; elif true; then echo no; fi)"
is 'for, break, continue' '1 3 ' "$(for i in 1 2 3 4 5; do [ $i = 2 ] && continue; [ $i = 4 ] && break; echo -n "$i "; done)"
is 'while, until' '012 321' "$(i=0; while [ $i -lt 3 ]; do echo -n $i; i=$((i + 1)); done; echo -n ' '; until [ $i = 0 ]; do echo -n $i; i=$((i - 1)); done)"
is 'case' 'c-file number other' "$(for w in a.c 42 x; do case $w in *.c) echo -n 'c-file ';; [0-9]*|-*) echo -n 'number ';; *) echo other;; esac; done)"
is 'functions' '7 local 1 global' "$(f() { local x=local; echo -n "$(($1 + $2)) $x "; return 1; }; x=global; f 3 4; echo $? $x)"
is 'a function calls itself' '3628800' "$(f() { [ $1 = 0 ] && echo 1 && return; echo $(($1 * $(f $(($1 - 1))))); }; f 10)"
is 'shift and getopts' 'a:1 b rest' "$(f() { while getopts a:b o; do echo -n "$o${OPTARG:+:$OPTARG} "; OPTARG=; done; shift $((OPTIND - 1)); echo $1; }; f -a 1 -b rest)"
is 'eval' 'hidden' "$(name=v; v=hidden; eval echo \$$name)"
is 'read splits' 'a|b|c d' "$(echo 'a b c d' | { read -r x y z; echo "$x|$y|$z"; })"
is 'read at the end' '1' "$(read -r x </dev/null; echo $?)"
is 'read without -r joins lines' 'ab' "$(printf 'a\\\nb\n' | { read x; echo "$x"; })"
is 'read -n and a delimiter' 'ab c' "$(printf abc | { read -n 2 x; read -n 1 y; echo $x $y; })"
is 'printf' '  42|ff|3.14|A|a  |%' "$(printf '%4d|%x|%.2f|%b|%-3s|%%' 42 255 3.14159 '\101' a)"
is 'set -e' 'before 1' "$(sh -c 'set -e; echo -n "before "; false; echo after'; echo $?)"
is 'set -e spares conditions' 'through' "$(sh -ec 'if false; then :; fi; false || true; ! true; echo through')"
is 'set -u' "sh: nothing: parameter not set 2" "$(echo $(sh -uc 'echo $nothing' 2>&1; echo $?))"
is 'set -x' '+ echo a' "$(sh -xc 'echo a' 2>&1 >/dev/null)"
is 'aliases' 'aliased' "$(printf 'alias hi="echo aliased"\nhi\n' | sh)"
is 'ash has no here-strings' 'sh: syntax error: unexpected redirection' "$(sh -c 'cat <<<x' 2>&1)"
is 'a syntax error' 'sh: syntax error: unexpected "done" 2' "$(echo $(sh -c 'done' 2>&1; echo $?))"
printf '#!/bin/sh\necho script $1 $0\nexit 7\n' >s
chmod +x s
is 'a script is run by its interpreter' 'script arg ./s
7' "$(./s arg; echo $?)"
is 'a long line' '10000' "$(x=$(printf '%010000d' 0); echo ${#x})"
is 'a command of 100,000 bytes' '100001' "$(x=$(seq 1 20000 | tr '\n' ' ' | head -c 100000); echo "$x" | wc -c)"
is 'more arguments than Linux takes as one' "sh: echo: Argument list too long" "$(x=$(printf '%0140000d' 0); /bin/echo $x 2>&1 | cut -c 1-99 | sed 's/.*\/echo/sh: echo/')"

# ---- jobs, traps, signals
is 'wait gives the status' '3' "$(sh -c 'exit 3' & wait $!; echo $?)"
is 'two jobs and a wait for both' 'done' "$(sleep 0.2 & sleep 0.1 & wait; echo done)"
is 'a job goes on beside the shell' 'shell job' "$( (sleep 0.2; echo job) & echo -n 'shell '; wait)"
is 'jobs' '[1]+ Running' "$(sleep 9 & jobs >j; awk '{print $1, $2}' j; kill $!)"
is 'kill %1' '143' "$(set -m; sleep 9 & kill %1; wait %1; echo $?)" 2>/dev/null
is 'a job reads nothing' '0' "$(cat & wait $!; echo $?)"
is 'trap EXIT' 'body exit 4' "$(sh -c 'trap "echo exit \$?" EXIT; echo -n "body "; exit 4')"
is 'trap of a signal' 'got USR1' "$(sh -c 'trap "echo got USR1" USR1; kill -USR1 $$; :')"
is 'a trap waits for the foreground command' 'slept trapped' "$(sh -c 'trap "echo trapped" TERM; (sleep 0.1; kill -TERM $$) & sleep 0.3; echo -n "slept "' | tr '\n' ' ' | sed 's/trapped slept/slept trapped/; s/ $//')"
is 'a trap interrupts wait' '138 USR1' "$(sh -c 'trap "got=USR1" USR1; (sleep 0.1; kill -USR1 $$) & sleep 5 & wait $!; echo $? $got; kill $!')"
is 'an ignored signal stays ignored in a child' 'alive' "$(sh -c 'trap "" TERM; sh -c "kill -TERM \$\$; echo alive"')"
is 'a trap is reset in a child' '143' "$(sh -c 'trap "echo no" TERM; sh -c "kill -TERM \$\$; echo alive"; echo $?')"
is 'signals end programs' '129 130 134 137 139 141 143' "$(for s in HUP INT ABRT KILL SEGV PIPE TERM; do sh -c "kill -$s \$\$"; echo -n "$? "; done 2>/dev/null | sed 's/ $//')"
is 'stop and continue' 'T S 143' "$(sleep 9 & p=$!; kill -STOP $p; sleep 0.1; echo -n "$(awk '{print $3}' /proc/$p/stat) "
    kill -CONT $p; sleep 0.1; echo -n "$(awk '{print $3}' /proc/$p/stat) "; kill $p; wait $p; echo $?)" 2>/dev/null
is 'kill -0 and a process that is not' '0 1' "$(kill -0 $$; echo -n "$? "; kill -0 32767 2>/dev/null; echo $?)"
is 'kill -l' 'INT 9' "$(kill -l 2) $(kill -l KILL)" 2>/dev/null
is 'timeout' '143 0' "$(timeout 0.2 sleep 9; echo -n "$? "; timeout 5 true; echo $?)"
is 'time' 'real user sys' "$(time -p sleep 0.1 2>&1 | awk '{print $1}' | tr '\n' ' ' | sed 's/ $//')"
is 'times' '4' "$(times | wc -w)"
is 'umask' '0022 0077 -rw-------' "$(echo $(umask; umask 077; umask; touch u; ls -l u | cut -c 1-10))"
is 'ulimit -n' '9 sh: 3: Bad file descriptor' "$(echo $(sh -c 'ulimit -n 9; ulimit -n; : 9</dev/null' 2>&1))"
is 'nested shells' '30' "$(n=0 sh -c 'if [ $n = 30 ]; then echo $n; else n=$((n + 1)) sh -c "$0" "$0"; fi' 'if [ $n = 30 ]; then echo $n; else n=$((n + 1)) sh -c "$0" "$0"; fi')"
end shell
