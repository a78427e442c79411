#!/bin/sh
# Shows what the host tools refuse and resolve. B is the build directory, CROSS the prefix of the cross tools; one "ok" or "not ok" line a case.
set -u
build=$B cross=$CROSS
bin=$build/host/bin
tmp=$(mktemp -d) && trap 'rm -rf "$tmp"' EXIT
is() { # is CASE WANTED GOT
    if [ "$2" = "$3" ]; then echo "ok tools: $1"; else echo "wanted: $2"; echo "got:    $3"; echo "not ok tools: $1"; fi
}

# kernel VIRT PHYS DIRECTORY [ABI [END]]: a kernel of one instruction, linked like a real one, its section of the ABI, and where
# the code ends that it says it shows; it has one page
kernel() {
    mkdir -p "$3"
    cat >"$tmp/k.S" <<S
    .section .boot, "awx"
    .global _start
_start: b .
S
    [ $# -gt 3 ] && printf '    .section .lx_kernel_abi, ""\n    .ascii "%s"\n' "$4" >>"$tmp/k.S"
    [ $# -gt 4 ] && printf '    .section .lx_kernel_code, ""\n    .quad _start, %s\n' "$5" >>"$tmp/k.S"
    cat >"$tmp/k.ld" <<S
ENTRY(_start)
PHDRS { all PT_LOAD FLAGS(7); }
SECTIONS { . = $1; .boot : AT($2) { *(.boot) . = ALIGN(4096); } :all
    .lx_kernel_abi 0 (INFO) : { *(.lx_kernel_abi) } .lx_kernel_code 0 (INFO) : { *(.lx_kernel_code) } /DISCARD/ : { *(.note*) } }
S
    "${cross}gcc" -nostdlib -static -Wl,--build-id=none -T "$tmp/k.ld" -o "$3/k.elf" "$tmp/k.S" 2>/dev/null
}
says() { "$bin/lxpack" kernel "$1" 2>&1 | sed "s|$tmp/||g; s/^lxpack: //"; }

kernel 0x8060000000 0x60000000 "$tmp/none"
is "a kernel at the right place fits" "none/k.elf fits" "$(says "$tmp/none/k.elf")"
kernel 0xffffff8040000000 0x40000000 "$tmp/el1"
is "a kernel for EL1 is refused" \
    "el1/k.elf starts at 0xffffff8040000000, which is not in the window of EL2 (0x8060000000); build it with hypervisor support" \
    "$(says "$tmp/el1/k.elf")"
kernel 0x8040000000 0x40000000 "$tmp/low"
is "a kernel for other memory is refused" \
    "low/k.elf is for memory at 0x40000000 (mapped at 0x8040000000), and this board gives a kernel 0x60000000 (0x8060000000); build it for qemu_virt" \
    "$(says "$tmp/low/k.elf")"
is "a program is no kernel" "hello.elf has 3 segments to load, and a kernel has one; is it a kernel?" \
    "$(says "$build/arm64/services/hello.elf" | sed "s|.*/||")"
is "a kernel for another machine is refused" "lxpack is not for AArch64 (64-bit, little-endian); build it for this machine" \
    "$(says "$bin/lxpack" | sed "s|.*bin/||")"
good="sel4=16.0.0 arch=aarch64 el=2 mcs=1 cores=1 root_cnode_bits=17"
kernel 0x8060000000 0x60000000 "$tmp/abi" "$good"
is "a kernel that names our interface fits" "abi/k.elf fits" "$(says "$tmp/abi/k.elf")"
kernel 0x8060000000 0x60000000 "$tmp/old" "sel4=15.0.0"
is "a kernel of another interface is refused" \
    "old/k.elf is a kernel with sel4=15.0.0, and this system wants one with sel4=16.0.0; build both from one tree" \
    "$(says "$tmp/old/k.elf")"
kernel 0x8060000000 0x60000000 "$tmp/small" "sel4=16.0.0 arch=aarch64 el=2 mcs=1 cores=1 root_cnode_bits=13"
is "a kernel that says that its root CNode is small is refused" \
    "small/k.elf is a kernel with root_cnode_bits=13, and this system wants one with root_cnode_bits=17; build both from one tree" \
    "$(says "$tmp/small/k.elf")"
kernel 0x8060000000 0x60000000 "$tmp/short" "sel4=16.0.0 arch=aarch64"
is "a kernel that says too little is refused" \
    "short/k.elf is a kernel with nothing more, and this system wants one with el=2; build both from one tree" \
    "$(says "$tmp/short/k.elf")"
kernel 0x8060000000 0x60000000 "$tmp/long" "$good beta=1"
is "a kernel that says more is refused" \
    "long/k.elf is a kernel with beta=1, and this system wants one with nothing more; build both from one tree" \
    "$(says "$tmp/long/k.elf")"

kernel 0x8060000000 0x60000000 "$tmp/shows" "$good" 0x8060001000
is "a kernel says what it shows of its code" "shows/k.elf fits, and shows 1 pages of its code" "$(says "$tmp/shows/k.elf")"
for end in 0x8060002000 0x8060000800 0x8060000000 0x805ffff000; do
    kernel 0x8060000000 0x60000000 "$tmp/shows" "$good" $end
    is "a kernel that would show memory up to $end is refused" \
        "shows/k.elf says in .lx_kernel_code that it shows what it does not have; build it again" "$(says "$tmp/shows/k.elf")"
done

# config KEY VALUE: an seL4 configuration that is right but for one key
config() {
    mkdir -p "$tmp/none/gen_config"
    { echo '{'
      for pair in KERNEL_MCS:true ARM_HYPERVISOR_SUPPORT:true ARM_PA_SIZE_BITS_40:true 'ROOT_CNODE_SIZE_BITS:"17"' \
          ENABLE_SMP_SUPPORT:false HARDWARE_DEBUG_API:false EXPORT_PCNT_USER:true EXPORT_PTMR_USER:true; do
          key=${pair%%:*} value=${pair#*:}
          [ "$key" = "$1" ] && value=$2
          echo "    \"$key\": $value,"
      done
      echo '    "END": true'; echo '}'; } >"$tmp/none/gen_config/gen_config.json"
}
config NONE true
is "a kernel with the right configuration fits" "none/k.elf fits" "$(says "$tmp/none/k.elf")"
config KERNEL_MCS false
is "a kernel without MCS is refused" \
    "none/k.elf is built without mixed-criticality scheduling (KernelIsMCS): KERNEL_MCS is not true in none/gen_config/gen_config.json; build it as docs/spec/kernel-abi.md says" \
    "$(says "$tmp/none/k.elf")"
config ROOT_CNODE_SIZE_BITS '"13"'
is "a kernel with a small root CNode is refused" \
    "none/k.elf is built without a root CNode of 17 bits (KernelRootCNodeSizeBits): ROOT_CNODE_SIZE_BITS is not 17 in none/gen_config/gen_config.json; build it as docs/spec/kernel-abi.md says" \
    "$(says "$tmp/none/k.elf")"

# ---- keys
"$bin/lxpack" key "$tmp/keys/a/image.key" "$tmp/image.pub" >/dev/null
is "a key is made where only its owner reads it" "600 64 32" \
    "$(stat -c '%a %s' "$tmp/keys/a/image.key") $(stat -c %s "$tmp/image.pub")"
chmod 644 "$tmp/keys/a/image.key"
is "a key that others can read is refused" \
    "lxpack: others can read $tmp/keys/a/image.key; run: chmod 600 $tmp/keys/a/image.key" \
    "$("$bin/lxpack" key "$tmp/keys/a/image.key" "$tmp/image.pub" 2>&1)"

# ---- names for addresses
addr=$("${cross}nm" "$build/arm64/services/crash.elf" | sed -n 's/^0*\([0-9a-f]*\) t fall_over.*/\1/p' | head -n 1)
printf 'system x\n\nstorm from crash\n' >"$tmp/report.txt"
symbolize() { "$bin/lx" symbolize --programs "$build/arm64/services" --kernel "$build/kernel/kernel.elf" "$tmp/report.txt"; }
is "an address in a dump gets its function" "a|   frame 0 of storm 0x$addr  fall_over+0x0" \
    "$(echo "a|   frame 0 of storm 0x$addr" | symbolize | sed 's/fall_over[.a-z0-9]*/fall_over/')"
is "other lines pass as they are" "hello 0x400000" \
    "$(echo "hello 0x400000" | symbolize)"
if [ -f "$build/kernel/kernel.elf" ]; then
    addr=$("${cross}nm" "$build/kernel/kernel.elf" | sed -n 's/^0*\([0-9a-f]*\) T enter_interrupt$/\1/p')
    is "an address in the kernel's report gets its function" "  frame 0 of kernel 0x$addr  enter_interrupt+0x0" \
        "$(echo "  frame 0 of kernel 0x$addr" | symbolize)"
fi
