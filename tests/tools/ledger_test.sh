#!/bin/sh
# Shows lx ledger against a node of its own, which is killed and cut short, and against nodes that are hostile. B is the build directory.
set -u
unset LX_KEYS LX_NODE LX_NETWORK http_proxy https_proxy all_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY # whoever runs this may have set them
bin=$(cd "$B/host/bin" && pwd)
tmp=$(mktemp -d) && trap 'kill $pids 2>/dev/null; rm -rf "$tmp"' EXIT
pids=
cd "$tmp" || exit 1
export XDG_DATA_HOME="$tmp/data"
keys=$tmp/data/lx-os/keys
lx=$bin/lx
is() { # is CASE WANTED GOT
    if [ "$2" = "$3" ]; then echo "ok ledger: $1"; else echo "wanted: $2"; echo "got:    $3"; echo "not ok ledger: $1"; fi
}
has() { # has CASE PART TEXT
    case "$3" in *"$2"*) echo "ok ledger: $1" ;; *) echo "wanted: ...$2..."; echo "got:    $3"; echo "not ok ledger: $1" ;; esac
}
refused() { # refused CASE PART ARGUMENT...: lx says it, and ends with status 1
    what=$1 part=$2; shift 2
    got=$("$lx" "$@" 2>&1); status=$?
    [ $status = 1 ] || got="status $status: $got"
    has "$what" "$part" "$got"
}
# serve STORE ARGUMENT...: starts a node; $url and $node are where and who it is
serve() {
    : >said
    "$lx" ledger serve --listen 127.0.0.1:0 --store "$@" >said 2>&1 &
    node=$!; pids="$pids $node"
    for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
        url=$(sed -n 's/^serving \([^ ]*\) .*/\1/p' said)
        [ -n "$url" ] && return
        sleep 0.1
    done
    cat said; echo "not ok ledger: a node starts"; exit 1
}
# wait_included KEY ARGUMENT...: until the node has all of its chain in blocks
wait_included() {
    for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
        "$lx" ledger status "$@" --node "$url" 2>/dev/null | grep -q '^unconfirmed *0$' && return
        sleep 0.1
    done
}
id_of() { "$lx" key list | sed -n "s|^$1 *[0-9]* *||p"; }
release() { # release KEY APP: packs and signs a new release
    printf 'name %s\nfile text /etc/text 0644\n' "$2" >package.lx
    date +%N >>text
    "$lx" pack --key "$1" >/dev/null && "$lx" sign "$2.lxp" --key "$1" >/dev/null
}

# ---- a node, and a chain on it
serve store --size 128 --interval 1
has "a node begins" "at height 0, 0 transactions" "$(cat said)"
is "its key is for its owner alone" "600 64" "$(stat -c '%a %s' store.producer)"
refused "a store has one process" "store is in use by another process" ledger serve --listen 127.0.0.1:0 --store store
"$lx" key new dev >/dev/null; "$lx" key new owner >/dev/null
release dev demo; release dev demo
has "publish" "says that it took transactions 0 to 1" "$("$lx" ledger publish dev --node "$url")"
has "publish again" "says that it has all 2 transactions; nothing was sent" "$("$lx" ledger publish dev --node "$url/")"
has "what waits is unanchored" "unanchored: no block is shown" "$("$lx" ledger status dev --node "$url")"
wait_included dev
has "what is in a block is said to be" "2 of them included at height" "$("$lx" ledger status dev --node "$url")"
block=$("$lx" ledger status dev --node "$url" --json | sed -n 's/.*"included": //p')
is "unconfirmed is none" "2," "$block"
dev=$(id_of dev)
has "fetch by id" "dev.chain: 2 transactions, 2 of them new" "$("$lx" ledger fetch "$dev" -o dev.chain --node "$url")"
is "it is the same chain" same "$(cmp -s dev.chain "$keys/dev.chain" && echo same)"
cp dev.chain short.chain
release dev demo; "$lx" ledger publish dev --node "$url" >/dev/null
has "fetch goes on" "dev.chain: 3 transactions, 1 of them new" "$("$lx" ledger fetch dev.chain --node "$url")"
has "by id and file as well" "dev.chain: 3 transactions, 0 of them new" "$("$lx" ledger fetch "$dev" -o dev.chain --node "$url")"
first=$("$lx" chain verify dev.chain | sed -n 's/^first *//p')
has "with a pin" "author proven by the first transaction" "$("$lx" ledger fetch "$dev" -o pinned.chain --pin "$first" --node "$url")"
refused "an impostor by his pin" "its id is not the one that is known to stand here" ledger fetch "$dev" -o x --pin "$(echo "$first" | tr 0-9 1-90)" --node "$url"
refused "a chain that nobody has" "-144, \"No transactions found\"" ledger fetch "$(id_of owner)" -o x --node "$url"
refused "publish of an id" "what is published is a chain" ledger publish "$dev" --node "$url"
refused "fetch without a place" "add --output FILE" ledger fetch "$dev" --node "$url"
refused "another id than the file's" "holds the chain of another id" ledger fetch "$(id_of owner)" -o dev.chain --node "$url"
refused "no node" "which node? add --node URL" ledger status
refused "a URL of another kind" "not a URL that begins with http" ledger status --node file:///etc/passwd
has "the node alone" "node_says_height" "$("$lx" ledger status --node "$url")"
refused "a public network is not served" "a public network is not served" ledger serve --store other --network main
has "LX_NODE names it too" "node_says_height" "$(LX_NODE=$url "$lx" ledger status)"

# ---- limits of the node
head -c 3000000 /dev/zero | tr '\0' a >big
status() { curl -s -o /dev/null -w '%{http_code}' "$@"; }
if command -v curl >/dev/null; then
    is "a body too long" 413 "$(status --data-binary @big "$url/ledger/submit/transaction")"
    is "a target too long" 413 "$(status "$url/ledger/get/info?a=$(head -c 9000 big)")"
    is "a head too long" 431 "$(status -H "X: $(head -c 60000 big)" "$url/ledger/get/info")"
    is "a method that is none" 405 "$(status -X DELETE "$url/ledger/get/info")"
    has "an error has its code" '"code":-83' "$(curl -s "$url/ledger/get/block?height=0")"
fi
has "and the node goes on" "node_says_height" "$("$lx" ledger status --node "$url")"

# ---- forks, and what is older
mkdir twin; cp "$keys/dev" twin/; cp short.chain twin/dev.chain
printf 'name other\nfile text /etc/text 0644\n' >package.lx
"$lx" pack --keys twin --key dev >/dev/null && "$lx" sign other.lxp --keys twin --key dev >/dev/null
refused "publish of a fork" "has another transaction 2 than this chain" ledger publish twin/dev.chain --node "$url"
cp twin/dev.chain fork.chain
refused "fetch tells a fork" "FORK: the node shows another transaction 2, which the same key signed; nothing was written" \
    ledger fetch fork.chain --node "$url"
is "and leaves the file" same "$(cmp -s twin/dev.chain fork.chain && echo same)"
refused "status tells another chain" "ANOTHER CHAIN" ledger status fork.chain --node "$url"

# ---- killed at any moment
cp store.producer saved.producer
for i in 1 2 3 4 5; do
    release dev demo
    "$lx" ledger publish dev --node "$url" >published 2>&1 &
    publisher=$!
    sleep "0.0$i"
    kill -9 "$node"; wait "$node" 2>/dev/null; wait "$publisher"
    serve store --interval 0
    took=$(grep -c 'says that it took' published)
    "$lx" ledger publish dev --node "$url" >again 2>&1
    [ "$took" = 1 ] && ! grep -q 'nothing was sent' again && { cat published again; echo "not ok ledger: killed, what was taken is there"; }
done
is "killed five times, the chain is whole" same "$("$lx" ledger fetch "$dev" -o killed.chain --node "$url" >/dev/null &&
    cmp -s killed.chain "$keys/dev.chain" && echo same)"
wait_included dev
has "and blocks go on" "included at height" "$("$lx" ledger status dev --node "$url")"
kill "$node"; wait "$node"
is "ended politely, its status is 0" 0 $?

# ---- an older copy of the node's own store: a node that replays what it had
cp store old; cp store.producer old.producer
serve store --interval 0
release dev demo; "$lx" ledger publish dev --node "$url" >/dev/null; "$lx" ledger fetch dev.chain --node "$url" >/dev/null
kill "$node"; wait "$node"
serve old --interval 0
refused "an old chain is not taken for news" "the node has fewer than the" ledger fetch dev.chain --node "$url"
has "status says what it lacks" "it lacks the end of this chain" "$("$lx" ledger status dev --node "$url")"
kill "$node"; wait "$node"
serve store --interval 3600 # what waited is in a block at once, what comes later waits
release dev demo; release dev demo; "$lx" ledger publish dev --node "$url" >/dev/null
is "what is in blocks is told from what waits" "unconfirmed 2" "$("$lx" ledger status dev --node "$url" | grep unconfirmed | tr -s ' ')"
kill "$node"; wait "$node"
mv old.producer kept; refused "a store without its key" "restore it: nobody else can go on" ledger serve --listen 127.0.0.1:0 --store old
head -c 64 /dev/urandom >old.producer; chmod 600 old.producer
refused "a store with another's key" "is the key of another ledger" ledger serve --listen 127.0.0.1:0 --store old
mv kept old.producer
refused "a store of another network" "holds the ledger of another network" ledger serve --listen 127.0.0.1:0 --store old --network other
head -c 200000 /dev/zero >junk; cp old.producer junk.producer
refused "a file that is no store" "junk is no store of a ledger" ledger serve --listen 127.0.0.1:0 --store junk

# ---- signing with a node: published at once, and never a fork
serve flows --size 128 --interval 0
"$lx" key new maker >/dev/null
printf 'name tool\nfile text /etc/text 0644\n' >package.lx; "$lx" pack --key maker >/dev/null
has "sign publishes" "says that it took transactions 0 to 0" "$("$lx" sign tool.lxp --key maker --node "$url")"
cp tool.lxp tool-1.lxp
has "install asks the node" "none is withdrawn, none has a later release; 0 got a longer chain" \
    "$("$lx" install tool.lxp --key owner --node "$url" -o first.bundle)"
"$lx" key export owner my >/dev/null
has "its list is approved" "tool" "$("$lx" inspect my.list)"
is "and the package is authorised" yes "$("$lx" verify tool.lxp --owner my >/dev/null 2>&1 && echo yes)"
has "the node has the owner's chain" "the same" "$("$lx" ledger status owner --node "$url")"
has "a bundle is installed as well" "all of that is approved already" "$("$lx" install first.bundle --key owner)"
has "without a node that is said" "no node was asked" "$("$lx" install tool.lxp --key owner)"
echo more >>text; "$lx" pack --key maker >/dev/null; "$lx" sign tool.lxp --key maker --node "$url" >/dev/null
refused "a release that is not the last" "tool-1.lxp is tool 1, and its developer has released 2; get that" \
    install tool-1.lxp --key owner --node "$url"
has "nobody knows without a node" "no node was asked" "$("$lx" install tool-1.lxp --key owner 2>&1)"
has "withdraw publishes" "says that it took transactions 2 to 2" "$("$lx" withdraw tool --key maker --node "$url")"
refused "a release that is withdrawn" "tool 2 was withdrawn by its developer; nothing was installed" \
    install tool.lxp --key owner --node "$url"
refused "an installation of junk" "is neither a package nor a bundle" install junk --key owner
cp "$keys/maker.chain" whole.chain
mkdir late; cp "$keys/maker" late/; "$lx" ledger fetch "$(id_of maker)" -o late/maker.chain --node "$url" >/dev/null
printf 'name tool\nfile text /etc/text 0644\n' >package.lx; echo late >>text
"$lx" pack --keys late --key maker -o late.lxp >/dev/null; "$lx" sign late.lxp --keys late --key maker --node "$url" >/dev/null
"$lx" pack --key maker -o twin.lxp >/dev/null
refused "no fork is signed" "says that it has 4 transactions of this chain, and here are 3" sign twin.lxp --key maker --node "$url"
is "nothing was signed" 3 "$("$lx" key list | sed -n 's/^maker *\([0-9]*\).*/\1/p')"
refused "nor without its answer" "nothing was signed: " sign twin.lxp --key maker --node http://127.0.0.1:1
cp late/maker.chain "$keys/maker.chain"

# ---- registers change hands
buyer=$(id_of dev); "$lx" ledger publish dev --node "$url" >/dev/null
release maker gadget; "$lx" ledger publish maker --node "$url" >/dev/null
has "transfer" "is offered to $buyer" "$("$lx" transfer gadget "$buyer" --key maker --node "$url")"
refused "what was given is gone" "gadget is not a register that key maker has now" transfer gadget "$buyer" --key maker
refused "to nobody" "is no id of a chain of this network" transfer tool 1234 --key maker
"$lx" ledger fetch "$(id_of maker)" -o giver.chain --node "$url" >/dev/null
refused "it is not offered to others" "offers nothing to key owner" claim giver.chain --key owner
has "claim" "is claimed, by transaction" "$("$lx" claim giver.chain --key dev --node "$url")"
refused "claimed once" "offers nothing to key dev that it has not claimed" claim giver.chain --key dev
has "the node agrees" "the same" "$("$lx" ledger status dev --node "$url")"

# ---- chains without a network
has "export" "out.chain: 4 transactions" "$("$lx" chain export late/maker.chain -o out.chain)"
has "import" "in.chain: 3 transactions" "$("$lx" chain import whole.chain in.chain)"
has "import goes on" "in.chain: 4 transactions" "$("$lx" chain import out.chain in.chain)"
has "import of what is older" "has all of that already; nothing was written" "$("$lx" chain import whole.chain in.chain)"
refused "import of a fork" "fork behind 2 transactions that are the same; nothing was written" chain import twin/dev.chain "$keys/dev.chain"
refused "import of another's" "other id behind 0" chain import out.chain dev.chain
refused "import with a pin" "its id is not the one that is known" chain import out.chain new.chain --pin "$first"
has "a chain by its key's name" "releases demo 1" "$("$lx" chain show dev)"
refused "neither file nor key" "nobody is neither a file nor the name of a key; lx key list shows your keys" chain show nobody
hash=$("$lx" chain verify whole.chain -o checkpoint | sed -n 's/^checkpoint *//p')
has "from a checkpoint" "4 transactions, each signed" "$("$lx" chain verify out.chain --checkpoint checkpoint --checkpoint-hash "$hash")"
refused "a checkpoint without its hash" "--checkpoint needs --checkpoint-hash" chain verify out.chain --checkpoint checkpoint
refused "a checkpoint of another chain" "at which the checkpoint was taken: another chain, or a fork" \
    chain verify "$keys/dev.chain" --checkpoint checkpoint --checkpoint-hash "$hash"
"$lx" chain export tool-1.lxp -o one.chain >/dev/null
refused "a chain that was rolled back" "ends before transaction 2, at which the checkpoint was taken: rolled back" \
    chain verify one.chain --checkpoint checkpoint --checkpoint-hash "$hash"
printf x >>checkpoint
refused "a checkpoint changed" "its hash is another" chain verify out.chain --checkpoint checkpoint --checkpoint-hash "$hash"
kill "$node"; wait "$node"

# ---- a user and a password, Falcon, other networks
printf 'me:secret\n' >auth; chmod 600 auth; printf 'me:wrong\n' >wrong; chmod 600 wrong
serve post --size 128 --interval 0 --auth auth --falcon
refused "no password" "the node wants a user name and a password: --auth FILE" ledger status --node "$url"
refused "a wrong one" "the node wants a user name and a password: --auth FILE" ledger status --node "$url" --auth wrong
has "the right one" "node_says_height 0" "$("$lx" ledger status --node "$url" --auth auth)"
refused "not in the open" "would send the password to http://example.com unencrypted" ledger status --node http://example.com --auth auth
chmod 644 auth
refused "a password that others can read" "can be read by others" ledger status --node "$url" --auth auth
chmod 600 auth
is "a Falcon producer's key" 65 "$(stat -c %s post.producer)"
"$lx" ledger publish maker --node "$url" --auth auth >/dev/null; wait_included maker --auth auth
has "and its blocks" "6 of them included at height" "$("$lx" ledger status maker --node "$url" --auth auth)"
kill "$node"; wait "$node"

# ---- a private network
export LX_NETWORK=private
serve lab --size 128 --interval 0
made=$("$lx" key new lab)
has "a key of a private network" "key lab: id b7" "$made"
lab=$(echo "$made" | sed 's/.*id \([0-9a-f]*\).*/\1/')
release lab demo
has "its chain is published there" "says that it took transactions 0 to 0" "$("$lx" ledger publish lab --node "$url")"
unset LX_NETWORK
refused "and is of no other" "the type byte of hashGenesis is of another network" key show lab
refused "nor on the main network" "is of another network" ledger publish "$keys/lab.chain" --node "$url" --network main
got=$(LX_NETWORK=main "$lx" key new other 2>&1); has "keys of a public network" "keys are of a hybrid network" "$got"
has "but for who says so" "1 transactions, 1 of them new" "$("$lx" ledger fetch "$lab" -o lab.chain --node "$url" --network private)"
kill "$node"; wait "$node"

# ---- hostile nodes: each is refused in time, in its words, and nothing is written
hostile() { # hostile MODE PART: what lx ledger fetch says of it, within 5 s and 64 MiB
    "$bin/hostile_node" "$1" >port & villain=$!; pids="$pids $villain"
    for _ in 1 2 3 4 5 6 7 8 9 10; do [ -s port ] && break; sleep 0.05; done
    got=$( (ulimit -v 400000; timeout 5 "$lx" ledger fetch "$dev" -o hostile.chain --timeout 1 --node "http://127.0.0.1:$(cat port)") 2>&1)
    status=$?
    kill "$villain"; wait "$villain" 2>/dev/null; : >port
    [ $status = 1 ] || got="status $status: $got"
    [ -e hostile.chain ] && got="wrote a file: $got"
    has "hostile: $1" "$2" "$got"
}
: >port
hostile gigabytes "the answer is longer than 8388608 bytes"
hostile announced "longer than"
hostile chunks "longer than"
hostile wrong_chunks "127.0.0.1"
hostile heads "its head than 65536"
hostile one_long_head "127.0.0.1"
hostile go_on "its head than 65536"
hostile silence "took longer than 1 s; --timeout SECONDS allows more"
hostile trickle "took longer than 1 s"
hostile truncated "Transferred a partial file"
hostile redirect "HTTP status 302, which no node gives; redirects are not followed"
hostile no_http "127.0.0.1"
hostile closed "Server returned nothing"
hostile deep "is not the JSON of a node"
hostile huge_numbers "is not the JSON of a node"
