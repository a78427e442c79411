#!/bin/sh
# Makes what one owner and two developers signed at three moments, with keys of its own: DIR/NAME.{bundle,anchor,chain,list}
#   older      base 1 and extra 1
#   newer      base 2 and extra 1
#   withdrawn  base 2, extra 1 that its developer has withdrawn since, and other 1, whose chain says so
# and what somebody makes of it who holds things back, with the owner's last word:
#   held       base 2 and extra 1, without the chain that withdraws it
#   mixed      base 1
# Usage: tests/system/rollback/make.sh LX DIR CACHE BUILD PROGRAM
set -eu
lx=$1 dir=$2 cache=$3 build=$4 program=$5
rm -rf "$dir" && mkdir -p "$dir"
keys="--keys $dir/keys"
for name in release maker owner; do "$lx" key new $keys $name; done
package() { # package NAME KEY OUT
    "$lx" pack $keys -k "$2" -f "$dir/$1/package.lx" -o "$dir/$3.lxp" "cache=$cache" "build=$build" "program=$program"
    "$lx" sign $keys -k "$2" "$dir/$3.lxp"
}
word() { # word NAME PACKAGE...: the owner's word now, and a bundle of these
    name=$1; shift
    "$lx" approve $keys -k owner --min-seq "$first" "$@"
    "$lx" key export $keys owner "$dir/$name"
    "$lx" bundle -o "$dir/$name.bundle" "$@"
}
cp -r systems/base "$dir/base"
for name in extra other; do
    mkdir "$dir/$name"
    # shellcheck disable=SC2016 # lx puts the value in
    printf 'name %s\ndir /opt 0755\nfile ${program} /opt/%s 0755\n' $name $name >"$dir/$name/package.lx"
done
cd "$dir"
first=1
package base release base-1
package extra maker extra-1
word older base-1.lxp extra-1.lxp
echo '# another release' >>base/etc/profile
package base release base-2
first=2
word newer base-2.lxp
first=1
"$lx" bundle -o newer.bundle base-2.lxp extra-1.lxp
"$lx" withdraw $keys -k maker extra
package other maker other-1
word withdrawn base-2.lxp extra-1.lxp other-1.lxp
for part in anchor chain list; do cp withdrawn.$part held.$part; cp withdrawn.$part mixed.$part; done
"$lx" bundle -o held.bundle base-2.lxp extra-1.lxp
"$lx" bundle -o mixed.bundle base-1.lxp
