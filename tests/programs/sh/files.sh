# SPDX-License-Identifier: MIT
# Files: names, links, times, owners and who may do what, by exact output.
. /test/sh/lib.sh
as() { su user -c "$1" 2>&1; } # as a user who is not root
mode() { stat -c '%a %u:%g %h %s' "$@"; }

# ---- cp, mv, rm, mkdir, ln
echo content >a
cp a b
is 'cp copies' 'content' "$(cat b)"
mv b c
is 'mv renames' 'a c' "$(echo *)"
ln a hard
is 'a hard link is the same file' 'same 2' "$([ $(stat -c %i a) = $(stat -c %i hard) ] && echo same $(stat -c %h a))"
echo more >>hard
is 'both names see a change' 'content more' "$(echo $(cat a))"
rm a
is 'the file lives while it has a name' 'content more 1' "$(echo $(cat hard) $(stat -c %h hard))"
ln -s hard soft
is 'a symbolic link' 'hard content more' "$(echo $(readlink soft) $(cat soft))"
ln -s nowhere dangling
is 'a dangling link' "cat: can't open 'dangling': No such file or directory" "$(cat dangling 2>&1)"
echo made >dangling
is 'writing through it makes the file' 'made' "$(cat nowhere)"
ln -s loop1 loop2
ln -s loop2 loop1
is 'a loop of links' "cat: can't open 'loop1': Too many levels of symbolic links" "$(cat loop1 2>&1)"
mkdir -p d/e/f
is 'mkdir -p' 'd d/e d/e/f' "$(echo $(find d))"
is 'mkdir of what is there' "mkdir: can't create directory 'd': File exists" "$(mkdir d 2>&1)"
is 'rmdir of what is not empty' "rmdir: 'd': Directory not empty" "$(rmdir d 2>&1)"
is 'a directory counts its directories' '3 2' "$(stat -c %h d) $(stat -c %h d/e/f)"
is 'a directory is not linked' "ln: dlink: Operation not permitted" "$(ln d dlink 2>&1 | sed "s/.*dlink/ln: dlink/; s/'//g")"
is 'a directory does not move into itself' 'no' "$(mv d d/e/x 2>/dev/null && echo yes || echo no)"
touch d/e/file
cp -a d copy
is 'cp -a copies trees' 'copy copy/e copy/e/f copy/e/file' "$(echo $(find copy | sort))"
mv copy d/e/
is 'a directory moves' 'd/e/copy/e/file' "$(ls d/e/copy/e/file)"
rm -r d
is 'rm -r' 'no' "$([ -e d ] && echo yes || echo no)"
is 'rm of what is not there' "rm: can't remove 'gone': No such file or directory" "$(rm gone 2>&1)"
is 'rm of a directory' "rm: 'x' is a directory" "$(mkdir x; rm x 2>&1)"
echo 1 >r1
echo 2 >r2
mv r1 r2
is 'rename replaces' '1 no' "$(cat r2) $([ -e r1 ] && echo yes || echo no)"
exec 5<r2
rm r2
is 'an open file outlives its name' '1' "$(cat <&5)"
exec 5<&-
is 'names of 255 bytes, not of 256' '255 too long' "$(n=$(printf '%0255d' 0); touch $n && ls | awk 'length($0) == 255 {printf "255 "}'
    touch ${n}0 2>/dev/null || echo too long)"
touch 'a name with "quotes" and spaces' ./-dash "$(printf 'ta\tb')"
is 'odd names' '3' "$(ls -A | grep -c -e 'quotes' -e '^-dash' -e 'ta.*b')"
is 'paths with dots' 'content more' "$(echo $(cat x/.././x/../hard))"
is 'a path through a file' "cat: can't open 'hard/x': Not a directory" "$(cat hard/x 2>&1)"
rm -rf ./*

# ---- ls -l: modes, links, owners, sizes, times
touch -d '2021-03-04 05:06:07' f
printf 12345 >>f
touch -d '2021-03-04 05:06:07' f
chmod 640 f
chown user:users f
ln -s f s
mkdir -m 1777 t
mkfifo -m 600 p
is 'ls -l' '-rw-r----- 1 user users 5 Mar 4 2021 f
prw------- 1 root root 0 p
lrwxrwxrwx 1 root root 1 s -> f
drwxrwxrwt 2 root root t' "$(ls -l | awk '/ f$/ && /2021/ {print $1, $2, $3, $4, $5, $6, $7, $8, $9} / p$/ {print $1, $2, $3, $4, $5, $9}
    / s -/ {print $1, $2, $3, $4, $5, $9, $10, $11} / t$/ {print $1, $2, $3, $4, $9}')"
is 'stat' '640 1000:100 1 5' "$(mode f)"
is 'times' '2021-03-04 05:06:07' "$(stat -c %y f | cut -c 1-19)"
chmod u=rwx,g+s,o-r f
is 'chmod by letters' 'rwxr-S---' "$(ls -l f | cut -c 2-10)"
chmod 7777 t
is 'setuid, setgid, sticky' 'rwsrwsrwt' "$(ls -ld t | cut -c 2-10)"
chown root f
is 'chown drops setuid and setgid' '750' "$(chmod 6750 f; chown user f; stat -c %a f)"
touch -d '2001-01-01 00:00:00' old
cp -p old kept
is 'cp -p keeps the time' '2001-01-01' "$(stat -c %y kept | cut -c 1-10)"
is 'newer, older' 'newer older' "$([ f -nt old ] && echo -n 'newer '; [ old -ot f ] && echo older)"
touch -r old f
is 'touch -r' '978307200' "$(stat -c %Y f)"
sleep 0.05
echo >>old
is 'a write makes the time new' 'new' "$([ old -nt kept ] && echo new)"
is 'umask' '600 700 666 777' "$(umask 077; touch u1; mkdir u2; umask 0; touch u3; mkdir u4; echo $(stat -c %a u1 u2 u3 u4))"
rm -rf ./*

# ---- who may do what
chmod 755 .
echo secret >secret
chmod 600 secret
echo public >public
is 'who we are' 'uid=0(root) gid=0(root) uid=1000(user) gid=100(users)' "$(echo $(id | sed 's/ groups.*//') $(as id | sed 's/ groups.*//'))"
is 'reading is refused' "cat: can't open 'secret': Permission denied" "$(as 'cat secret')"
is 'reading is allowed' 'public' "$(as 'cat public')"
is 'writing is refused' "sh: can't create public: Permission denied" "$(as 'echo x >public')"
is 'making a file is refused' 'touch: mine: Permission denied' "$(as 'touch mine')"
is 'removing is refused' "rm: can't remove 'public': Permission denied" "$(as 'rm -f public')"
is 'renaming is refused' "mv: can't rename 'public': Permission denied" "$(as 'mv public p')"
is 'chmod of what is not ours' 'chmod: public: Operation not permitted' "$(as 'chmod 777 public')"
is 'giving a file away' 'chown: public: Operation not permitted' "$(as 'chown user public')"
mkdir closed list search
echo x >closed/x
echo x >list/x
echo x >search/x
chmod 700 closed
chmod 744 list
chmod 711 search
is 'a closed directory' "cat: can't open 'closed/x': Permission denied" "$(as 'cat closed/x')"
is 'a directory to search, not to list' "x ls: can't open 'search': Permission denied" "$(echo $(as 'cat search/x; ls search'))"
is 'cd is refused' "sh: cd: line 0: can't cd to closed: Permission denied" "$(as 'cd closed')"
mkdir -m 777 open
mkdir -m 1777 sticky
touch sticky/root
is 'a sticky directory protects others files' "rm: can't remove 'sticky/root': Operation not permitted" "$(as 'rm -f sticky/root')"
is 'and not our own' 'gone' "$(as 'touch sticky/own; rm sticky/own; [ -e sticky/own ] || echo gone')"
is 'an open directory protects nothing' 'gone' "$(touch open/root; as 'rm -f open/root'; [ -e open/root ] || echo gone)"
as 'echo mine >open/mine; chmod 400 open/mine'
is 'the owner is user:users' '400 1000:100' "$(stat -c '%a %u:%g' open/mine)"
is 'our own read-only file' "sh: can't create open/mine: Permission denied" "$(as 'echo x >open/mine')"
is 'root writes it' 'x' "$(echo x >open/mine; cat open/mine)"
printf '#!/bin/sh\necho ran\n' >prog
is 'a file without x is not run, even by root' "sh: ./prog: Permission denied 126" "$(echo $(sh -c './prog; echo $?' 2>&1))"
chmod 711 prog
is 'x alone is not enough for a script' '2' "$(as './prog' >/dev/null; as './prog >/dev/null 2>&1; echo $?')"
chmod 755 prog
is 'now it runs' 'ran' "$(as './prog')"
chgrp users public
chmod 060 public
is 'the group counts' 'public' "$(as 'cat public')"
chown user public
is 'the owner has the owner bits only' "cat: can't open 'public': Permission denied" "$(as 'cat public')"
mkdir -m 2777 setgid
is 'a setgid directory gives its group' '0' "$(as 'touch setgid/f'; stat -c %g setgid/f)"
is 'signals to others are refused' "sh: can't kill pid 1: Operation not permitted" "$(as 'kill -0 1' | sed 's/(1)/1/')"
is 'no setuid back to root' "su: must be suid to work properly" "$(as 'su root -c id')"
is 'test -r -w -x' 'r- --' "$(as '[ -r prog ] && echo -n r; [ -w prog ] && echo -n w || echo -n -; echo -n " "; [ -r secret ] && echo -n r || echo -n -; [ -x secret ] && echo -n x || echo -' )"
is 'mknod is for root' "mknod: open/null: Operation not permitted" "$(as 'mknod open/null c 1 3')"
is 'chroot is for root' "chroot: can't change root directory to 'open': Operation not permitted" "$(as 'chroot open /x')"
mkdir -p jail/bin
is 'chroot' "chroot: can't execute '/bin/none': No such file or directory" "$(chroot jail /bin/none 2>&1)"
rm -rf ./*

# ---- find
mkdir -p t/a/b
printf 123 >t/f.txt
printf 123456 >t/a/g.c
touch t/a/b/h.c
chmod 600 t/f.txt
ln -s f.txt t/link
is 'find by name' 't/a/b/h.c t/a/g.c' "$(echo $(find t -name '*.c' | sort))"
is 'find by type' 't t/a t/a/b|t/link' "$(echo $(find t -type d | sort))|$(find t -type l)"
is 'find by size, mode, emptiness' 't/a/g.c|t/f.txt|t/a/b/h.c' "$(find t -type f -size +3c)|$(find t -type f -perm 600)|$(find t -type f -empty)"
is 'find -exec' 't/a/b/h.c t/a/g.c' "$(echo $(find t -name '*.c' -exec echo {} \; | sort))"
is 'find -exec +' '2' "$(find t -name '*.c' -exec sh -c 'echo $#' x {} +)"
is 'find prunes and stops at a depth' 't t/f.txt t/link|t t/a' "$(echo $(find t -name a -prune -o -print | sort))|$(echo $(find t -maxdepth 1 -type d | sort))"
is 'find -newer' 't/new' "$(touch -d '2030-01-01 00:00:00' t/new; find t -newer t/a -type f)"
is 'find -depth -exec rm' '0' "$(find t -depth -name '*.c' -exec rm {} \;; find t -name '*.c' | wc -l)"
is 'xargs' 'x a b
x c' "$(printf 'a\nb\nc\n' | xargs -n 2 echo x)"
is 'du' '68' "$(mkdir du; head -c 65536 /dev/zero >du/f; du -k du/f | awk '{print $1 + 4}')"
is 'many files in a directory' '1000 500' "$(mkdir many; cd many; for i in $(seq 1000); do : >$i; done; n=$(ls | wc -l); rm *[02468]; echo $n $(ls | wc -l))"
is 'a deep tree' '50' "$(p=deep; for i in $(seq 50); do p=$p/d; done; mkdir -p $p && find deep -mindepth 1 | wc -l; rm -r deep)"
cd $here && rm -rf ./*

# ---- contents
is 'holes read as zeros' '1048577 0' "$(dd if=/dev/zero of=h bs=1 count=1 seek=1048576 2>/dev/null; echo $(stat -c %s h) $(tr -d '\0' <h | wc -c))"
is 'truncate' '5 ab  x' "$(printf abcdef >t; truncate -s 2 t; truncate -s 4 t; echo -n x >>t; echo $(stat -c %s t) "$(tr '\0' ' ' <t)")"
is 'dd moves blocks' '2345' "$(printf 123456789 | dd bs=1 skip=1 count=4 2>/dev/null)"
is 'dd into the middle' '12xx56' "$(printf 123456 >m; printf xx | dd of=m bs=1 seek=2 conv=notrunc 2>/dev/null; cat m)"
seq 1 200000 >s
is '16 MiB' '16777216 080acf35a507ac9849cfcba47dc2ad83e01b75663a516279c8b9d243b719643e' "$(dd if=/dev/zero of=big bs=64k count=256 2>/dev/null; echo $(stat -c %s big) $(sha256sum <big | cut -d ' ' -f 1))"
is 'and a copy of it' 'same' "$(cp big big2 && cmp big big2 && echo same)"
rm -f big big2
used() { df -k . | awk 'END {print $3}'; }
before=$(used)
head -c 16777216 /dev/zero >big
during=$(used)
rm big
is 'a file takes its size, and gives it back' '16 0' "$(((during - before) / 1024)) $((($(used) - before) / 64))"
is 'a full file system' 'No space left on device alive' "$(echo $(dd if=/dev/zero of=full bs=1M count=100 2>&1 | sed -n 's/.*: No space/No space/p'; rm full; echo alive))"
mkfifo fifo
is 'a FIFO joins two processes' 'through' "$(echo through >fifo & cat fifo; wait)"
is 'a FIFO carries much' '1288895' "$(cat s >fifo & wc -c <fifo; wait)" 
is 'a FIFO ends when its writers do' 'a b end' "$( (echo a; echo b) >fifo & (cat fifo; echo end) | tr '\n' ' ' | sed 's/ $//'; wait)"
end files
