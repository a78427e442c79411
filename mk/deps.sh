#!/bin/sh
# Provides what mk/deps.list names: installs missing packages of the build machine (with sudo when not root) and unpacks
# pinned Debian packages and sources below $LX_CACHE, or else ~/.cache/lx-os. Every download is checked against its hash.
# Usage: mk/deps.sh STAMP
set -eu
stamp=$1
list=$(dirname "$0")/deps.list
cache=${LX_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/lx-os}
say() { echo "deps: $*" >&2; }
die() { say "$*"; exit 1; }
as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"
    elif command -v sudo >/dev/null; then sudo "$@"
    else die "cannot run '$*': not root, and sudo is not installed"; fi
}
mkdir -p "$cache/download"

# ---- packages of this machine
missing=
for name in $(sed -n 's/^apt //p' "$list"); do
    dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null | grep -q '^installed' || missing="$missing $name"
done
if [ -n "$missing" ]; then
    say "installing:$missing"
    as_root apt-get update -q >"$cache/apt.log" 2>&1 || true
    # shellcheck disable=SC2086
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $missing \
        >>"$cache/apt.log" 2>&1 || { tail -n 5 "$cache/apt.log" >&2; die "could not install:$missing (log: $cache/apt.log)"; }
fi

# ---- pinned downloads: apt with a state of its own, so that nothing of this machine changes
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
mirror=$(sed -n 's/^URIs: *//p; s/^deb  *\(\[[^]]*\] *\)*\(http[^ ]*\).*/\2/p' \
    /etc/apt/sources.list /etc/apt/sources.list.d/debian* 2>/dev/null | grep -v security | head -n 1)
mirror=${LX_MIRROR:-${mirror:-http://deb.debian.org/debian}}
private_apt() { # private_apt ARCH apt-get's arguments: in the current directory
    arch=$1; shift
    state=$cache/apt-$arch
    if [ ! -e "$state/updated" ]; then
        mkdir -p "$state/lists/partial" "$state/archives/partial"
        : >"$state/status"
        { echo "Types: deb deb-src"; echo "URIs: $mirror"; echo "Suites: bookworm bookworm-updates"
          echo "Components: main"; echo "Signed-By: $keyring"; } >"$state/debian.sources"
        { echo "Dir::State \"$state\"; Dir::State::status \"$state/status\"; Dir::Cache \"$state\";"
          echo "Dir::Etc::sourcelist \"$state/debian.sources\"; Dir::Etc::sourceparts \"-\";"
          echo "APT::Architecture \"$arch\"; APT::Architectures { \"$arch\"; }; APT::Sandbox::User \"root\";"; } \
            >"$state/apt.conf"
        APT_CONFIG=$state/apt.conf apt-get update -q >"$state/log" 2>&1 ||
            { tail -n 3 "$state/log" >&2; die "cannot read the package lists of $mirror"; }
        : >"$state/updated"
    fi
    APT_CONFIG=$state/apt.conf apt-get -q "$@" >>"$state/log" 2>&1 || { tail -n 3 "$state/log" >&2; return 1; }
}
check() { # check FILE SHA256
    [ "$(sha256sum "$1" | cut -d' ' -f1)" = "$2" ] ||
        die "$1 does not have the pinned SHA-256 $2; remove it, or correct mk/deps.list"
}

while read -r kind a b c d; do
    case $kind in
    deb) # deb ARCH NAME VERSION SHA256
        dir=$cache/$b-$(echo "$c" | tr ':+' '__')
        [ -e "$dir/.done" ] && continue
        say "fetching $b $c ($a)"
        tmp=$(mktemp -d "$cache/download/XXXXXX")
        (cd "$tmp" && private_apt "$a" download "$b=$c") || die "could not fetch $b $c; is it still in $mirror?"
        check "$tmp"/*.deb "$d"
        rm -rf "$dir" && mkdir -p "$dir" && dpkg-deb -x "$tmp"/*.deb "$dir"
        rm -rf "$tmp"; : >"$dir/.done" ;;
    src) # src NAME VERSION FILE SHA256
        dir=$cache/$a-src
        [ -e "$dir/.done" ] && continue
        say "fetching source $a $b"
        tmp=$(mktemp -d "$cache/download/XXXXXX")
        (cd "$tmp" && private_apt amd64 source --download-only "$a=$b") || die "could not fetch source $a $b"
        check "$tmp/$c" "$d"
        rm -rf "$dir" && mkdir -p "$dir" && tar -xf "$tmp/$c" -C "$dir" --strip-components=1
        rm -rf "$tmp"; : >"$dir/.done" ;;
    esac
done <"$list"
echo "$cache" >"$stamp"
