# SPDX-License-Identifier: MIT
# Processes, /proc and /dev.
. /test/sh/lib.sh

# ---- many processes
is 'fifty at once' '50' "$(for i in $(seq 50); do (sleep 0.3; echo $i) & done | wc -l)"
is 'a pipe of forty commands' 'x' "$(c=cat; for i in $(seq 39); do c="$c | cat"; done; echo x | sh -c "$c")"
is 'a bomb ends at the limit, and the system lives' 'refused alive' "$(echo $(sh -c 'i=0; while [ $i -lt 300 ]; do sleep 3 & i=$((i + 1)); done' 2>&1 | sed -n "s/.*can't fork.*/refused/p" | head -n 1; sleep 4; echo alive))"
is 'all of it is gone' '0' "$(ps | grep -c '[s]leep 3')"
is 'an orphan is adopted by process 1' '1' "$(sh -c '(sleep 0.2; awk "/PPid/ {print \$2}" /proc/self/status >orphan) & exit'; sleep 0.5; sh -c '(sleep 0.1; exec awk "{print \$4}" /proc/self/stat >orphan) &'; sleep 0.5; cat orphan)"
is 'two hundred short ones' '200' "$(i=0; while [ $i -lt 200 ]; do /bin/true; i=$((i + 1)); done; echo $i)"
is 'ps' 'PID USER COMMAND|1 root sh|ps' "$(ps -o pid,user,comm | awk 'NR == 1 {h = $1 " " $2 " " $3} $1 == 1 {i = $1 " " $2 " " $3} $3 == "ps" {p = $3} END {print h "|" i "|" p}' | sed 's/|1 root [a-z]*/|1 root sh/')"
is 'ps names users and arguments' 'user sleep 8' "$(su user -c 'sleep 8' & sleep 0.1; ps -o user,args | awk '$2 == "sleep" {print $1, $2, $3}'; killall sleep)"
is 'top -b -n1' 'Mem: CPU: Load PID top' "$(top -b -n1 | awk '/^Mem:/ {a = $1} /^CPU:/ {b = $1} /^Load/ {c = $1} /PID.*PPID.*USER/ {d = "PID"} / top -b/ {e = "top"} END {print a, b, c, d, e}')"
is 'setsid makes a session' 'new' "$(setsid sh -c '[ $(cut -d " " -f 6 /proc/$$/stat) = $$ ] && echo new')"
is 'free, uptime, nproc' 'Mem: up 1' "$(echo $(free | awk '/^Mem:/ {print $1}') $(uptime | sed -n 's/.* up .*/up/p') $(nproc | sed 's/^[0-9]*$/1/'))"
is 'sleep takes its time' 'yes' "$(a=$(cut -d . -f 1 /proc/uptime); sleep 2; b=$(cut -d . -f 1 /proc/uptime); [ $((b - a)) -ge 2 ] && [ $((b - a)) -le 4 ] && echo yes || echo $a $b)"
is 'date goes on' 'yes' "$(a=$(date +%s); sleep 1.2; b=$(date +%s); [ $((b - a)) -ge 1 ] && [ $((b - a)) -le 4 ] && echo yes || echo $a $b)"

# ---- /proc
is '/proc/self/status' 'Name: Umask: State: Tgid: Pid: PPid: Uid: Gid: Threads:' "$(echo $(awk '/^(Name|State|Tgid|Pid|PPid|Uid|Gid|Threads|Umask):/ {print $1}' /proc/self/status))"
is 'its numbers' "$$ awk" "$(cat /proc/$$/status | awk '/^Pid:/ {print $2}') $(awk '/^Name:/ {print $2}' /proc/self/status)"
is '/proc/self/maps' 'r-xp [stack]' "$(awk '/r-xp/ && /\/bin\// {x = $2} /\[stack\]/ {s = $6} END {print x, s}' /proc/self/maps)"
is 'no mapping is writable and executable' '0' "$(grep -c 'wx' /proc/self/maps)"
is '/proc/meminfo' 'MemTotal: kB MemFree: MemAvailable:' "$(echo $(awk '/^MemTotal/ {print $1, $3} /^Mem(Free|Available)/ {print $1}' /proc/meminfo))"
is '/proc/uptime' '2' "$(wc -w </proc/uptime)"
is '/proc/loadavg' '5' "$(wc -w </proc/loadavg)"
is '/proc/cpuinfo' 'processor' "$(sed -n '1s/[^a-z].*//p' /proc/cpuinfo)"
is '/proc/mounts' '/ /proc /dev' "$(echo $(awk '$2 == "/" || $2 == "/proc" || $2 == "/dev" {print $2}' /proc/mounts | awk '!s[$0]++'))"
is '/proc/stat' 'cpu btime' "$(echo $(awk '/^cpu |^btime/ {print $1}' /proc/stat))"
is '/proc/version' 'Linux version' "$(cut -d ' ' -f 1,2 /proc/version)"
is '/proc/PID/exe' '/bin/busybox' "$(readlink /proc/$$/exe | sed 's/\/sh$/\/busybox/')"
is '/proc/PID/cwd and fd' "$here $here/o" "$(exec 7>o; echo $(readlink /proc/self/cwd) $(readlink /proc/self/fd/7))"
is '/proc/PID/environ' 'A=b' "$(env -i A=b /bin/cat /proc/self/environ | tr '\0' ' ' | sed 's/ $//')"
is '/proc/self is us' 'yes' "$(sh -c '[ $(readlink /proc/self) != $$ ] && echo yes')"
is '/proc is not written' 'no' "$( (echo x >/proc/version) 2>/dev/null && echo yes || echo no)"
is 'a process that is not' 'no' "$([ -d /proc/32766 ] && echo yes || echo no)"
is '/proc of others is closed' 'no' "$(su user -c 'cat /proc/1/environ >/dev/null 2>&1 && echo yes || echo no')"

# ---- /dev
is '/dev/null' '0' "$(echo x >/dev/null; wc -c </dev/null)"
is '/dev/zero' '0000000 000000 000000 0000004' "$(echo $(head -c 4 /dev/zero | od -v))"
is '/dev/full' 'sh: write error: No space left on device' "$(sh -c 'echo x >/dev/full' 2>&1)"
is '/dev/urandom' 'differ 32' "$(a=$(head -c 32 /dev/urandom | xxd -p -c 64); b=$(head -c 32 /dev/random | xxd -p -c 64); [ "$a" != "$b" ] && echo differ $((${#a} / 2)))"
is '/dev/urandom is not one byte' 'many' "$([ $(head -c 4096 /dev/urandom | xxd -p -c 1 | sort -u | wc -l) -gt 200 ] && echo many)"
is 'devices are devices' 'crw-rw-rw- 1, 3 crw-rw-rw- 1, 5' "$(echo $(ls -l /dev/null /dev/zero | awk '{print $1, $5, $6}'))"
is '/dev/fd, /dev/stdin' 'through' "$(echo through | cat /dev/stdin)"
is 'mknod' 'x' "$(mknod n c 1 3 && echo y >n && wc -c <n | sed 's/^0$/x/')"
end process
