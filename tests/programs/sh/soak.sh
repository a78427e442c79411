# SPDX-License-Identifier: MIT
# A random workload: sh soak.sh SECONDS SEED. What the system uses afterwards must be what it used before: "soak: passed" or what leaks.
export PATH=/bin:/sbin:/usr/bin:/usr/sbin
seconds=$1
state=$2
here=/tmp/soak
mkdir -p $here && cd $here

# A number below $1, in $n. The shell itself counts on, so a run can be repeated by its seed.
random() {
    state=$(((state * 1103515245 + 12345) & 0x7fffffff))
    n=$((state / 65536 % $1))
}
now() {
    read -r t rest </proc/uptime
    t=${t%.*}
}
# $level: what is in use: frames of programs in KiB, less verified pages, which stay when they are there once, and less what this
# shell and the one that started it have touched; processes, threads, KiB, inodes, open files of the Linux server. No subshell:
# it would have copies of what the shell has touched.
measure() {
    awk '/^in use/ {m += $3} /^pages verified/ {m -= 4 * $3} FILENAME ~ /statm/ {m -= 4 * ($2 - $3)} /^processes/ {p = $2}
        /^threads/ {t = $2} /^memory/ {k = $2} /^inodes/ {i = $2} /^open files/ {o = $3} END {print m, p, t, k, i, o}' \
        /proc/1/statm /proc/$$/statm /lx/mem /lx/linux >level
    read -r level <level
    rm level
}
work() { # work KIND SIZE
    echo -n "$1 "
    case $1 in
    0) seq $(($2 * 100)) | sort -rn | sed -n '1p' >o ;;
    1) for i in $(seq $2); do echo $i >f$i; done; rm -f f* ;;
    2) mkdir -p d/e/f && cp /etc/passwd d/e && tar cf - d | gzip | gunzip | tar tf - >o; rm -r d ;;
    3) i=0; while [ $i -lt $2 ]; do (exit $i); i=$((i + 1)); done ;;
    4) for i in $(seq $2); do sleep 100 & done; kill $(jobs -p) 2>/dev/null; wait ;;
    5) sleep 50 & p=$!; kill -STOP $p; kill -CONT $p; kill -9 $p; wait $p ;;
    6) mkfifo p && { (seq $(($2 * 50)) >p &) ; wc -l <p >o; }; rm -f p ;;
    7) dd if=/dev/zero of=big bs=65536 count=$2 2>/dev/null; cp big big2; cmp big big2; rm -f big big2 ;;
    8) yes | head -n $(($2 * 20)) | wc -l >o ;;
    9) n=0 sh -c 'if [ $n -lt 12 ]; then n=$((n + 1)) sh -c "$0" "$0"; fi' 'if [ $n -lt 12 ]; then n=$((n + 1)) sh -c "$0" "$0"; fi' ;;
    10) ln -s a b; ln b c; mv c a; rm -f a b; (umask 077; mkdir m; rmdir m) ;;
    11) /test/abi threads | grep '^not ok' ;;
    12) /test/abi signals | grep '^not ok' ;;
    13) /test/abi memory 2>/dev/null | grep '^not ok' ;;
    14) /test/abi files processes | grep '^not ok' ;;
    15) sh -c 'trap "exit 0" TERM; (sleep 0.1; kill -TERM $$) & while :; do sleep 0.02; done' ;;
    16) (sleep 0.05; echo late >orphan) & ;;
    17) cat /dev/zero >/dev/null & p=$!; sleep 0.1; kill $p; wait $p ;;
    18) find / -xdev -type f 2>/dev/null | xargs cat 2>/dev/null | cksum >o 2>/dev/null || cat /bin/busybox | sha256sum >o ;;
    19) sh -c 'i=0; while [ $i -lt 250 ]; do sleep 1 & i=$((i + 1)); done' 2>/dev/null; sleep 2 ;; # past the limit
    20) su user -c 'echo x >/tmp/soak.user; cat /root/x; rm /tmp/soak.user' 2>/dev/null ;;
    21) exec 9<>o; echo "$2" >&9; exec 9>&- ;;
    22) seq 300 | xargs -n 7 echo | awk '{s += $1} END {print s}' >o ;;
    23) top -b -n1 >o; ps >o; cat /proc/[0-9]*/maps >o 2>/dev/null ;;
    esac
}

# Everything once, as large as it comes, so that what is made only once is there; then the level that must come back.
for kind in $(seq 0 23); do
    work $kind 30 2>/dev/null
done
rm -rf ./*
sleep 2
measure
before=$level
now
end=$((t + seconds))
rounds=0
while now && [ $t -lt $end ]; do
    random 24
    kind=$n
    random 30
    work $kind $((n + 1)) 2>/dev/null
    rounds=$((rounds + 1))
    [ $((rounds % 20)) = 0 ] && measure && echo "soak: $rounds rounds, $level"
done
wait
rm -rf ./*
sleep 3
measure
after=$level
echo "soak: $rounds rounds; KiB of programs, processes, threads, KiB of the server, inodes, open files"
echo "soak: before $before"
echo "soak: after  $after"
if echo "$before $after" | awk '{for (i = 1; i <= 6; i++) bad += $(i + 6) > $i} END {exit bad != 0}'; then
    echo 'soak: passed'
else
    echo 'soak: failed, something leaks'
fi
