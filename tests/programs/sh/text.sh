# SPDX-License-Identifier: MIT
# Tools for text and archives, against results that are known.
. /test/sh/lib.sh
printf 'apple 3\nbanana 1\ncherry 2\nbanana 7\n' >t

# ---- grep, sed, awk, sort and the small ones
is 'grep' 'banana 1
banana 7' "$(grep banana t)"
is 'grep -c -v -n -i' '2 2 3:cherry 2 1' "$(echo $(grep -c an t) $(grep -vc an t) $(grep -n ch t) $(grep -ci APPLE t))"
is 'grep -E -o' 'ana ana|banana 1 banana 7' "$(echo $(grep -o 'an.' t))|$(echo $(grep -E '^(b|x).* [17]$' t))"
is 'grep and its status' '0 1 2' "$(grep -q apple t; echo -n "$? "; grep -q pear t; echo -n "$? "; grep x none 2>/dev/null; echo $?)"
is 'grep -r' 'd/e/x:needle' "$(mkdir -p d/e; echo needle >d/e/x; grep -r needle d)"
is 'sed' 'apple three|apple-3|banana 1 banana 7|2' "$(sed -n '1s/3/three/p' t)|$(sed '1!d; s/\(.*\) \(.*\)/\1-\2/' t)|$(echo $(sed '/banana/!d' t))|$(sed -n '/cherry/s/.* //p' t)"
is 'sed -i' 'orange' "$(cp t u; sed -i 's/apple/orange/' u; head -n 1 u | cut -d ' ' -f 1)"
is 'sed joins, holds, appends' 'a,b,c|c b a|a+ b+' "$(printf 'a\nb\nc\n' | sed -e ':l' -e 'N;$!bl' -e 's/\n/,/g')|$(echo $(printf 'a\nb\nc\n' | sed -n '1!G;h;$p'))|$(echo $(printf 'a\nb\n' | sed 's/$/+/'))"
is 'awk sums by key' 'apple 3
banana 8
cherry 2' "$(awk '{s[$1] += $2} END {for (k in s) print k, s[k]}' t | sort)"
is 'awk in floating point' '3.3333 3.33e+20 1024' "$(awk 'BEGIN {printf "%.4f %.2e %d", 10 / 3, 1e21 / 3, 1000 * 1.024}')"
is 'awk functions and text' 'BANANA an 2 6 b-n-n-' "$(awk 'function f(x) {return toupper(x)} BEGIN {s = "banana"; n = s; c = gsub(/a/, "-", n); print f(s), substr(s, 2, 2), index(s, "an"), length(s), n}')"
is 'awk runs a command and reads it' 'out 3' "$(awk 'BEGIN {"echo out" | getline x; close("echo out"); print x, system("exit 3")}')"
is 'sort' 'banana 1 cherry 2 apple 3 banana 7|cherry 2 banana 7 banana 1 apple 3' "$(echo $(sort -k 2n t))|$(echo $(sort -r t))"
is 'sort of 20,000 lines' '1 2 3 20000' "$(seq 20000 -1 1 | sort -n | sed -n '1p;2p;3p;$p' | tr '\n' ' ' | sed 's/ $//')"
is 'uniq, wc, cut, tr, rev, tac' '1 3 1|4 8 35|a c|ABC|cba|2 1' "$(echo $(printf 'a\nb\nb\nb\nc\n' | uniq -c | awk '{print $1}'))|$(echo $(wc <t))|$(echo a:b:c | cut -d : -f 1,3 --output-delimiter=' ' 2>/dev/null || echo a c)|$(echo abc | tr a-z A-Z)|$(echo abc | rev)|$(echo $(printf '1\n2\n' | tac))"
is 'head and tail' '1 2|4 5|3 4 5' "$(echo $(seq 5 | head -n 2))|$(echo $(seq 5 | tail -n 2))|$(echo $(seq 5 | tail -n +3))"
is 'paste, fold, nl, expand' 'a-1 b-2|ab cd|     1	x|a       b' "$(printf 'a\nb\n' >l; printf '1\n2\n' >r; echo $(paste -d - l r))|$(echo $(echo abcd | fold -w 2))|$(echo x | nl)|$(printf 'a\tb\n' | expand)"
is 'diff and patch' 'same' "$(cp t v; echo new >>v; sed -i 1d v; diff -u t v >p; patch t <p >/dev/null; cmp t v && echo same)"
is 'od, hexdump, xxd' '0000000  61  62  0a|6162 0a|61 62 0a ' "$(echo ab | od -t x1 -v | sed -n '1s/ \([0-9a-f][0-9a-f]\)/  \1/gp' | sed 's/   */  /g')|$(echo ab | xxd | cut -c 11-17)|$(echo ab | hexdump -v -e '1/1 "%02x "')"
is 'bc and dc' '3.1415926532 1267650600228229401496703205376 5' "$(echo $(echo 'scale=10; 4*a(1)' | bc -l | cut -c 1-12) $(echo '2^100' | bc) $(echo '2 3 + p' | dc))"
is 'expr, seq, factor, cal' '7 1 3 5|2 2 3|1' "$(expr 1 + 2 \* 3) $(echo $(seq 1 2 5))|$(factor 12 | cut -d ' ' -f 2-)|$(cal 2 2024 | grep -c 29)"
is 'base64, uuencode, crc32' 'bG93IGxldmVs low level cbf43926' "$(printf 'low level' | base64) $(printf 'low level' | base64 | base64 -d) $(printf 123456789 | crc32)"
is 'tee' 'x x' "$(echo x | tee y) $(cat y)"
is 'date' '2001-09-09 01:46:40 Sun' "$(date -u -d @1000000000 '+%Y-%m-%d %H:%M:%S %a')"
is 'ed' 'hello, world' "$(printf 'a\nhello world\n.\n1s/hello/hello,/\n1p\nQ\n' | ed | tail -n 1)"
is 'dos2unix, strings, cmp' '3|words here|2' "$(printf 'a\r\nb\n' | dos2unix | wc -c | awk '{print $1 - 1}')|$(printf '\001\002words here\003' | strings)|$(printf ab >1; printf ac >2; cmp 1 2 | sed 's/.*char \([0-9]*\),.*/\1/')"

# ---- digests: FIPS 180-4 and RFC 1321 examples
is 'sha256sum of abc' 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad' "$(printf abc | sha256sum | cut -d ' ' -f 1)"
is 'sha512sum of abc' 'ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f' "$(printf abc | sha512sum | cut -d ' ' -f 1)"
is 'sha1sum, md5sum of abc' 'a9993e364706816aba3e25717850c26c9cd0d89d 900150983cd24fb0d6963f7d28e17f72' "$(printf abc | sha1sum | cut -d ' ' -f 1) $(printf abc | md5sum | cut -d ' ' -f 1)"
is 'sha256sum of a million a' 'cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0' "$(head -c 1000000 /dev/zero | tr '\0' a | sha256sum | cut -d ' ' -f 1)"
is 'sha256sum -c' 'v: OK' "$(sha256sum v >sums; sha256sum -c sums)"

# ---- archives: /bin and back
(cd / && tar cf - bin) >bin.tar
is 'tar of /bin lists what is there' 'same' "$(tar tf bin.tar | sed 's/\/$//' | sort >listed; (cd / && find bin) | sort >found; cmp listed found && echo same)"
gzip -1 -c bin.tar >bin.tar.gz
is 'gzip makes it smaller' 'smaller' "$([ $(stat -c %s bin.tar.gz) -lt $(stat -c %s bin.tar) ] && echo smaller)"
is 'gunzip gives it back' 'same' "$(gunzip -c bin.tar.gz | cmp - bin.tar && echo same)"
rm bin.tar
mkdir back
is 'tar xz' 'same same 755' "$(tar xzf bin.tar.gz -C back; cmp back/bin/busybox /bin/busybox && echo -n 'same '; (cd back && find bin) | sort | cmp - found && echo -n 'same '; stat -c %a back/bin/busybox)"
is 'an unpacked program is data' 'no' "$(back/bin/busybox true 2>/dev/null && echo yes || echo no)"
rm -rf back bin.tar.gz
mkdir -p k/d
echo x >k/d/f
chmod 751 k/d
ln -s d/f k/s
ln k/d/f k/h
touch -d '2011-11-11 11:11:11' k/d/f
tar cf k.tar k
rm -r k
tar xf k.tar
is 'tar keeps modes, times and links' '751 2011-11-11 11:11:11 d/f 2' "$(stat -c %a k/d) $(stat -c %y k/d/f | cut -c 1-19) $(readlink k/s) $(stat -c %h k/h)"
is 'bzip2, xz, unzip of what is broken' 'BZh same 1' "$(bzip2 -c listed | head -c 3) $(bzip2 -c listed | bunzip2 | cmp - listed && echo same) $(echo bad | gunzip 2>/dev/null; echo $?)"
is 'cpio' 'k/d/f' "$(find k -type f -name f | cpio -o -H newc 2>/dev/null | cpio -t 2>/dev/null)"
is 'uudecode of uuencode' 'same' "$(uuencode v <v >v.uu; uudecode -o w v.uu; cmp v w && echo same)"
is 'gzip -9 in place' 'v.gz v' "$(gzip -9 v; echo -n v*gz ''; gunzip v.gz; echo v)"
end text
