#!/bin/sh
# size.sh KERNEL_ELF CROSS: how large the kernel is, in the lines of bench.csv (KEY,VALUE,UNIT[,PEER,VALUE]).
# Text is what can be executed; lines are those of the target's kernel, tests and the host's machine left out, and code lines
# those of them that are neither blank nor comment. Sections end on page borders. Peer: the .text of the official kernel's ELF in
# the configuration of docs/spec/kernel-abi.md, without the code that it drops after boot.
set -eu
elf=$1 cross=$2 dir=$(dirname "$0")
section() { "${cross}size" -A "$elf" | awk -v names=" $* " 'index(names, " " $1 " ") {n += $2} END {print n + 0}'; }
sources=$(find "$dir" -name '*.[chS]' ! -path '*/check/*' ! -path '*/host/*')
echo "kernel.text,$(section .boot .text),bytes,sel4-16.0.0,63876"
echo "kernel.constants,$(section .rodata .data),bytes"
echo "kernel.zeroed,$(section .bss),bytes"
# shellcheck disable=SC2086
echo "kernel.lines,$(cat $sources | wc -l),lines"
# shellcheck disable=SC2086
echo "kernel.code_lines,$(cat $sources | sed 's|/\*.*\*/||g; s|//.*||; /\/\*/,/\*\//d' | grep -c '[^[:space:]]'),lines"
