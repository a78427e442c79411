#!/bin/sh
# Shows what lx does with keys, packages and approvals, and that what must be refused is, each in its words. B is the build directory.
set -u
unset LX_KEYS LX_NETWORK LX_NODE # whoever runs this may have set it
bin=$(cd "$B/host/bin" && pwd)
root=$(cd "$(dirname "$0")/../.." && pwd)
tmp=$(mktemp -d) && trap 'rm -rf "$tmp"' EXIT
cd "$tmp" || exit 1
export XDG_DATA_HOME="$tmp/data"
keys=$tmp/data/lx-os/keys
lx=$bin/lx
is() { # is CASE WANTED GOT
    if [ "$2" = "$3" ]; then echo "ok lx: $1"; else echo "wanted: $2"; echo "got:    $3"; echo "not ok lx: $1"; fi
}
has() { # has CASE PART TEXT
    case "$3" in *"$2"*) echo "ok lx: $1" ;; *) echo "wanted: ...$2..."; echo "got:    $3"; echo "not ok lx: $1" ;; esac
}
# refused CASE PART ARGUMENT...: lx says it, and ends with status 1
refused() {
    what=$1 part=$2; shift 2
    got=$("$lx" "$@" 2>&1); status=$?
    [ $status = 1 ] || got="status $status: $got"
    has "$what" "$part" "$got"
}
misused() { # misused CASE PART ARGUMENT...: the same with status 2
    what=$1 part=$2; shift 2
    got=$("$lx" "$@" 2>&1); status=$?
    [ $status = 2 ] || got="status $status: $got"
    has "$what" "$part" "$got"
}
count() { od -An -tu4 -j8 -N4 "$keys/$1.chain" | tr -d ' '; }
decision() { "$lx" verify "$@" 2>&1 | sed -n 's/^why *//p; s/^lx: //p'; }

mkdir bad && "$bin/make_bad" bad || exit 1

# ---- calling it
misused "an unknown command" 'there is no command "sing"; lx help lists them' sing
misused "an unknown option" "there is no option --secret" key list --secret
misused "an option without its value" "--key takes a value" sign a.lxp --key
misused "too few operands" "too few operands" sign
misused "help of nothing" 'neither a command nor a topic "x"' help x
is "the manual page is that of the tables" "" "$("$lx" manual | diff - "$root/docs/man/lx.1")"
is "the completion is a script" "" "$("$lx" completion | bash -n 2>&1)"
is "every command has a name that help knows" 0 "$("$lx" help | sed -n 's/^  lx \(.\{16\}\).*/\1/p' |
    while read -r name; do
        # shellcheck disable=SC2086
        "$lx" help $name >/dev/null || echo "$name"; done | wc -l)"

# ---- keys
has "key list without keys" "no keys in $keys; make one with lx key new NAME" "$("$lx" key list)"
has "key new" "key dev: id a7" "$("$lx" key new dev)"
is "a seed is 64 bytes for its owner" "600 64" "$(stat -c '%a %s' "$keys/dev")"
is "a chain begins empty" 0 "$(count dev)"
"$lx" key new owner >/dev/null
refused "a key twice" "there is a key dev already" key new dev
refused "a key's name" '"../x" cannot be a key'\''s name; use 1 to 64 of a-z 0-9 _ -, a letter or digit first' key new ../x
refused "no such key" "there is no key nobody" key show nobody
has "key list" "owner  0             a7" "$("$lx" key list)"
has "key list as JSON" '"name": "dev",' "$("$lx" key list --json)"
chmod 644 "$keys/dev"
refused "a seed that others can read" "can be read by others" key show dev
chmod 600 "$keys/dev"
mv "$keys/dev.chain" chain
refused "a chain that is missing" "is missing; restore it: beginning again would fork the chain" key show dev
mv chain "$keys/dev.chain"
mv "$keys/dev" seed
refused "a key that is missing" "there is no key dev" key show dev
mv seed "$keys/dev"
refused "nothing to export yet" "key owner has signed nothing yet" key export owner o
has "key new of the other kind" "key post: id a7" "$("$lx" key new post --falcon)"
is "its seed has one byte more" "600 65 01" "$(stat -c '%a %s' "$keys/post") $(tail -c 1 "$keys/post" | od -An -tx1 | tr -d ' ')"
cp "$keys/post" post
truncate -s 64 "$keys/post"
printf '\002' >>"$keys/post"
refused "a seed of a third kind" "is no key: it has 65 bytes, not 64 (or one more, 01, for Falcon)" key show post
cp post "$keys/post"

# ---- descriptions
describe() { printf '%s\n' "$@" >package.lx; }
describe 'name demo'
refused "pack without a key" "add --key NAME" pack
packs() { # packs CASE PART LINE...: the description is refused
    what=$1 part=$2; shift 2
    describe 'name demo' "$@"
    refused "$what" "$part" pack --key dev
}
echo hello >text
packs "a statement that is none" 'package.lx:2: "fiel" is none of name, arch,' 'fiel text /a 0644'
packs "a file without its mode" "package.lx:2: it is: file HOST-PATH PATH MODE [USER:GROUP]" 'file text /a'
packs "a mode that is none" "package.lx:2: 0648: not octal digits up to 07777" 'file text /a 0648'
packs "a mode that cannot be given" "rights that a package cannot give" 'file text /a 4755'
packs "an owner without a group" "package.lx:2: 5: an owner is USER:GROUP, as numbers" 'dir /a 0755 5'
packs "a file that is not there" "package.lx:2: there is no file ./none" 'file none /a 0644'
packs "a variable without a value" 'package.lx:2: nothing says what ${v} is; add v=... to the command line' 'file ${v}/text /a 0644'
packs "a variable without an end" 'there is no } to ${' 'file ${v /a 0644'
packs "a path twice" "package.lx:3: /a stands there already, in line 2; remove one" 'file text /a 0644' 'dir /a 0755'
packs "a path that goes up" "not an absolute path in its shortest form" 'file text /a/../b 0644'
packs "a path under a file" "lies under a path that is no directory" 'file text /a 0644' 'file text /a/b 0644'
packs "a second name" "package.lx:2: the name stands there twice; remove one" 'name other'
packs "a share of the processor" "package.lx:2: it is: cpu PERCENT%, as in cpu 50%" 'cpu 50'
packs "more than the processor" "package.lx:2: 101: not a number up to 100" 'cpu 101%'
packs "a size that is none" "package.lx:2: 12T: not a number" 'memory 12T'
packs "a network that may be" "package.lx:2: it is: network yes, or network no" 'network maybe'
packs "a request of a third kind" "package.lx:2: it is: request read PATH, or request write PATH" 'request run /a'
describe 'file text /a 0644'
refused "a description without a name" 'package.lx: there is no line "name APP"' pack --key dev
describe 'name De/mo'
refused "a name that no app can have" '"De/mo" cannot be an app'\''s name' pack --key dev
cp "$bin/lx" host-program
packs "a program of the host" "made for another processor than AArch64" 'file host-program /bin/x 0755'
tab=$(printf '\t')
while IFS="$tab" read -r name answer; do
    case $name in elf-*) packs "pack refuses $name" "package.lx:2: ./bad/$name.elf: $answer" "file bad/$name.elf /bin/x 0755" ;; esac
done <bad/expected

# ---- releases
offset() { grep -abo 'ELF' "$1" | head -n 1 | cut -d: -f1; }
tail -c +"$(offset bad/good.lxp)" bad/good.lxp | head -c 8448 >demo.elf
describe 'name demo' 'memory 1M' 'request read /data' 'file demo.elf /bin/demo 0755' 'file ${dir}/text /etc/text 0644 5:6' \
    'link demo /bin/again /bin/more # two of them' 'dir /bin 0755'
pack() { "$lx" pack --key dev "dir=." "$@"; }
has "pack" "demo.lxp: demo 1, 5 files, 2 objects, 20480 bytes; now: lx sign demo.lxp --key dev" "$(pack)"
refused "verify needs an owner" "whose approval counts? add --owner PREFIX, or --anchor FILE" verify demo.lxp
has "inspect shows a file" "file     0644  5:6    6     /etc/text" "$("$lx" inspect demo.lxp)"
has "inspect shows a program" "program  0755  0:0    8448  /bin/demo" "$("$lx" inspect demo.lxp)"
has "inspect shows a link" "link     0777  0:0    0     /bin/again  demo" "$("$lx" inspect demo.lxp)"
has "inspect shows requests" "requests     memory=1048576 read=/data" "$("$lx" inspect demo.lxp)"
has "the provenance is the description's SHA-256" "$(sha256sum package.lx | cut -d' ' -f1)" "$("$lx" inspect demo.lxp)"
refused "another's package" "demo.lxp was packed for another key than owner" sign demo.lxp --key owner
refused "approval of what is not signed" "demo.lxp is not signed" approve demo.lxp --key owner
has "sign" "demo.lxp: signed demo 1 with key dev, transaction 0 of its chain" "$("$lx" sign demo.lxp --key dev)"
cp demo.lxp demo-1.lxp
has "sign again" "demo 1 is signed already, nothing was signed" "$("$lx" sign demo.lxp --key dev)"
is "which changed nothing" "1 same" "$(count dev) $(cmp -s demo.lxp demo-1.lxp && echo same)"
has "pack unchanged" "demo 1 (unchanged)" "$(pack)"
has "sign the same again" "nothing was signed; the chain was put in" "$("$lx" sign demo.lxp --key dev)"
is "which gave the same file" same "$(cmp -s demo.lxp demo-1.lxp && echo same)"
echo changed >text
has "pack changed" "demo 2, 5 files" "$(pack)"
has "sign changed" "signed demo 2 with key dev, transaction 1" "$("$lx" sign demo.lxp --key dev)"
echo "changed again" >text
pack -o three.lxp >/dev/null && pack -o also.lxp >/dev/null && "$lx" sign three.lxp --key dev >/dev/null
has "one packed twice is signed once" "nothing was signed" "$("$lx" sign also.lxp --key dev)"
refused "one packed before another release" "its number is 1, and the next release of demo with key dev is 4; pack it again" \
    sign demo-1.lxp --key dev
has "the history" "2  " "$("$lx" chain show three.lxp)"
has "what it did" "WRITE: releases demo 3" "$("$lx" chain show three.lxp | sed 1,3d)"
has "what it proves" "3 transactions, each signed with the key that the one before announced" "$("$lx" chain verify three.lxp)"
has "the key's releases" "demo  3        no" "$("$lx" key show dev)"
first=$("$lx" chain verify three.lxp | sed -n 's/^first *//p')
has "a pin" "author proven by the first transaction" "$("$lx" chain verify three.lxp --pin "$first")"
refused "another pin" "its id is not the one that is known to stand here" chain verify three.lxp --pin "$(echo "$first" | tr 0-9 1-90)"
refused "another network" "hashPrevTx is not the id of this network" chain verify three.lxp --network elsewhere

# ---- a Nexus user's chain, who sets a recovery key and changes her password
history=$("$lx" chain show "$root/tests/corpora/chain_file/alice" --network private)
has "the recovery key is told" "89tkNUWJvyPvu8dpdAzx8wYSe5nFDXjrMRJqnkF4t9xjwMMDiZL sets a recovery key" "$history"
has "the profile is told" "18  2026-11-22 12:39:52Z  brainpool  WRITE: the profile's keys, 89tk" "$history"

# ---- Falcon keys: one of them releases and approves
"$lx" pack --key post dir=. -o post.lxp >/dev/null
has "sign with Falcon" "signed demo 1 with key post, transaction 0" "$("$lx" sign post.lxp --key post)"
has "approve with Falcon" "transaction 1 of its chain" "$("$lx" approve post.lxp --key post)"
"$lx" key export post p >/dev/null
has "verify with Falcon" "demo 1 is authorised" "$(decision post.lxp --owner p)"
is "its transactions have Falcon's lengths" 2 "$(LC_ALL=C grep -abo "$(printf '\375\051\003\131')" p.chain | wc -l)" # fd 0329 59: 809 bytes follow

# ---- proofs: a chain of a test network, and the headers of three of its blocks
corpora=$root/tests/corpora miner=$root/tests/corpora/chain_file/miner work=$root/tests/corpora/proof/work
has "no proof" "unanchored: no block is shown, and later transactions may exist" "$("$lx" chain verify "$miner" --network test)"
got=$("$lx" chain verify "$miner" --network test --proof "$work")
has "a proof" "1 of them included at height 1 by 2026-11-22 12:48:05 UTC, with 2 blocks above; about 12631859 hashes" "$got"
has "what it leaves open" "the last 2 unanchored; as of 2026-11-22 12:48:36 UTC, and nothing is known of what came after" "$got"
has "a proof names no author" "author unknown" "$got"
block=$(echo "$got" | sed -n 's/^block *//p')
has "a known block" "in the branch of the known block" \
    "$("$lx" chain verify "$miner" --network test --proof "$work" --block "$block")"
refused "another known block" "the block that is known to be the network's is not among these" \
    chain verify "$miner" --network test --proof "$work" --block "$(echo "$block" | tr 0-9 1-90)"
refused "a proof of another network" "block 0: nChannel" chain verify "$miner" --network test --proof "$corpora/proof/private"
refused "a proof of another chain" "type byte of hashGenesis" chain verify three.lxp --proof "$work" --network test
refused "a proof that is none" "proof: its bytes are not one proof" chain verify "$miner" --network test --proof "$miner"
refused "a block without a proof" "add --proof FILE" chain verify "$miner" --network test --block "$block"

# ---- approvals
has "approve" "list 1 of key owner: 1 packages, 1 developers; transaction 0" "$("$lx" approve demo-1.lxp --key owner --name Ada)"
has "approve again" "approved already in list 1 of key owner; nothing was signed" "$("$lx" approve demo-1.lxp --key owner)"
is "which signed nothing" 1 "$(count owner)"
has "a later release is approved too" "nothing was signed" "$("$lx" approve three.lxp --key owner)"
has "export" "o.chain o.anchor o.list" "$("$lx" key export owner o)"
is "verify" "demo 3 is authorised: Ada released it, transaction 2 of his chain, and the owner approved him in list 1; unanchored" \
    "$(decision three.lxp --owner o)"
"$lx" verify three.lxp --owner o >/dev/null; is "its status" 0 $?
has "verify as JSON" '"decision": "granted"' "$("$lx" verify three.lxp --owner o --json)"
is "an older one, unseen" "demo 1 is authorised" "$(decision demo-1.lxp --owner o | cut -d: -f1)"
refused "an older one than seen" "demo 1 is older than 3, which this device has seen; get the latest" \
    verify demo-1.lxp --owner o --seen 3
refused "an older list than seen" "the list of approvals is number 1, and this device has seen number 2; use the latest" \
    verify three.lxp --owner o --list-seen 2
"$lx" approve three.lxp --key owner --min-seq 3 >/dev/null && "$lx" key export owner o >/dev/null
refused "an older one than wanted" "demo 1 is older than 3, from which on the owner approved it; get the latest" \
    verify demo-1.lxp --owner o
refused "approving what would be refused" "nothing was approved: demo 3 is older than 9" approve three.lxp --key owner --min-seq 9
is "which signed nothing" 2 "$(count owner)"
"$lx" approve three.lxp --key owner --exact >/dev/null
echo four >text
pack -o four.lxp >/dev/null && "$lx" sign four.lxp --key dev >/dev/null && "$lx" key export owner o >/dev/null
refused "another one than the one approved" "demo 4 is not the one package that the owner approved" verify four.lxp --owner o
has "inspect shows a list" "demo  3     a7" "$("$lx" inspect o.list)"
"$lx" key new dev2 >/dev/null
"$lx" pack --key dev2 dir=. -o stolen.lxp >/dev/null && "$lx" sign stolen.lxp --key dev2 >/dev/null
refused "another developer" "the owner has not approved the developer of demo" verify stolen.lxp --owner o
cp "$keys/dev2.chain" Bob.chain
has "approve a developer" "1 packages, 2 developers" "$("$lx" approve Bob.chain --key owner --apps demo,other)"
"$lx" key export owner o >/dev/null
refused "another's name" "the owner has approved demo of another developer than Bob" verify stolen.lxp --owner o
"$lx" approve Bob.chain --key owner >/dev/null
has "approve all of a developer" "Bob   all" "$("$lx" inspect "$keys/owner.list")"
"$lx" approve --remove demo --key owner >/dev/null && "$lx" key export owner o >/dev/null
refused "what is approved no longer" "the owner has not approved the developer of demo" verify four.lxp --owner o
is "and what still is" "demo 1 is authorised" "$(decision stolen.lxp --owner o | cut -d: -f1)"
refused "removing what is not there" "demo is not among the approvals of key owner" approve --remove demo --key owner
has "approve a package for which its developer was removed" "1 packages, 2 developers" "$("$lx" approve four.lxp --key owner)"

# ---- withdrawal
has "withdraw" "demo 4 is withdrawn, by transaction 4 of the chain of key dev" "$("$lx" withdraw demo --key dev)"
has "withdraw again" "demo 4 is withdrawn already, nothing was signed" "$("$lx" withdraw demo --key dev)"
refused "withdraw what was never there" "key dev has never released demi" withdraw demi --key dev
refused "sign what is withdrawn" "demo 4 has been withdrawn; pack it again, so that it gets a new number" sign four.lxp --key dev
has "pack what is withdrawn" "demo 5, 5 files" "$(pack)"
has "the history of it" "withdraws demo 4" "$("$lx" chain show "$keys/dev.chain")"

# ---- bundles
has "bundle" "b: 1 packages, 24576 bytes" "$("$lx" bundle -o b four.lxp)"
has "inspect a bundle" "demo  4        aarch64-linux  yes" "$("$lx" inspect b)"
refused "two of an app" "four.lxp and stolen.lxp are both packages of demo; a bundle has one of each app" bundle -o b four.lxp stolen.lxp
refused "what is no package" "text: package: not a package; name a file that lx pack made" bundle -o b text

# ---- what stands between two processes, and between a crash and a fork
for n in 1 2 3 4; do
    sed "s/^name .*/name app$n/" package.lx >p$n.lx
    { "$lx" pack --key dev -f p$n.lx -o p$n.lxp dir=. && "$lx" sign p$n.lxp --key dev; } >log$n 2>&1 &
done
wait
is "four at once sign one after the other" 9 "$(count dev)"
has "and their chain holds" "9 transactions" "$("$lx" chain verify "$keys/dev.chain")"
cp "$keys/owner.list" old.list
echo half >"$keys/owner.list.new"
"$lx" approve p1.lxp --key owner >/dev/null
is "a list whose signing was interrupted is forgotten" "" "$(ls "$keys" | grep new)"
cp "$keys/owner.list" "$keys/owner.list.new" && cp old.list "$keys/owner.list"
has "a list that was signed is taken" "nothing was signed" "$("$lx" approve p1.lxp --key owner)"
cp old.list "$keys/owner.list"
"$lx" key new twin >/dev/null
"$lx" approve p1.lxp --key twin --exact >/dev/null
cp "$keys/twin.chain" one.chain && cp "$keys/twin.list" one.list
"$lx" approve p2.lxp --key twin --exact >/dev/null && cp "$keys/twin.chain" two.chain
cp one.chain "$keys/twin.chain" && cp one.list "$keys/twin.list" # as if on a second machine
"$lx" approve p3.lxp --key twin --exact >/dev/null && cp "$keys/twin.chain" other.chain
is "the beginning of a chain" "two.chain goes on behind the 1 transactions of one.chain" \
    "$("$lx" chain diff one.chain two.chain | head -n 1)"
is "the same chain" "the same 2 transactions" "$("$lx" chain diff two.chain two.chain)"
refused "a fork" "FORK at transaction 1: its owner signed two, behind 1 that are the same" chain diff two.chain other.chain
got=$("$lx" chain diff two.chain other.chain)
has "one side of it" "two.chain    1" "$got"
has "the other side" "other.chain  1" "$got"
has "a fork for programs" '"difference": "fork"' "$("$lx" chain diff two.chain other.chain --json)"
refused "chains of two keys" "chains of two ids" chain diff two.chain "$keys/dev.chain"
head -c 700 two.chain >cut.chain
refused "a chain that was cut in a comparison" "cut.chain: transaction 0: its bytes are not one transaction" chain diff two.chain cut.chain
refused "an old list put back" "owner.list is not the list that key owner signed last; restore it" approve p2.lxp --key owner
head -c 700 "$keys/dev.chain" >cut && cp "$keys/dev.chain" whole && cp cut "$keys/dev.chain"
refused "a chain that was cut" "restore it" key show dev
cp whole "$keys/dev.chain"
cp "$keys/dev2.chain" "$keys/dev.chain"
refused "the chain of another key" "is the chain of another key than" key show dev
cp whole "$keys/dev.chain"

# ---- the keys of the build
chain_key() { sh "$root/mk/chain_key.sh" "$lx" "$keys" "$1" 2>said; }
is "the build's key is made when it is not there" "new" "$(chain_key new)"
is "and used then" "new 2" "$(chain_key new) $(ls "$keys" | grep -c '^new\(\.chain\)*$')"
is "a chain of more than CHAIN_MAX transactions is left" "dev-2" "$(CHAIN_MAX=8 chain_key dev)"
has "which is said" "keys: the chain of dev has 9 transactions; from now on dev-2 signs" "$(cat said)"
is "for good" "dev-2" "$(CHAIN_MAX=9 chain_key dev)"

# ---- everything that must be refused
while IFS="$tab" read -r name answer; do
    case $name in
    good) has "make_bad: $name" "$answer" "$(decision "bad/$name.lxp" --owner bad/owner)" ;;
    bad-rollback) # its own chain knows no better
        is "$name, unseen" "good 1 is authorised" "$(decision "bad/$name.lxp" --owner bad/owner | cut -d: -f1)"
        refused "$name, seen" "good 1 is older than 2, which this device has seen; get the latest" \
            verify "bad/$name.lxp" --owner bad/owner --seen 2 ;;
    *) refused "$name" "$answer" verify "bad/$name.lxp" --owner bad/owner ;;
    esac
done <bad/expected
while IFS="$tab" read -r name answer; do
    has "make_bad: $name" "$answer" "$(decision bad/good.lxp --owner "bad/$name")"
done <bad/expected-owners
