# Variants: one compiler with one set of flags, one directory under build/.
#
#   host    tools for the machine that builds          asan   unit tests, clang with ASan and UBSan
#   fuzz    libFuzzer targets                          arm64  components of the system (picolibc, no kernel)
#   linux   static Linux programs for the system       kernel, boot   the kernel and the loader (freestanding)
#
# For each variant V: V.cc V.ar V.cflags V.ldflags, and V.arch, which picks files named *_<arch>.c or *_<arch>.S.

CROSS ?= aarch64-linux-gnu-

warn := -Wall -Wextra -Wpedantic -Werror -Wconversion -Wsign-conversion -Wshadow -Wundef -Wvla -Walloca \
	-Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition -Wpointer-arith -Wcast-qual -Wcast-align \
	-Wwrite-strings -Wswitch-enum -Wimplicit-fallthrough -Wformat=2 -Wnull-dereference -Wdouble-promotion \
	-Wredundant-decls
warn_gcc := $(warn) -Warith-conversion -Wduplicated-cond -Wduplicated-branches -Wlogical-op -Wcast-align=strict
warn_clang := $(warn) -Wcomma -Wunreachable-code -Wconditional-uninitialized -Wassign-enum
# No fused multiply-add and a square root without errno: floating point (Falcon) gives the same bits on every machine.
common := -std=c17 -g -ffp-contract=off -fno-math-errno -fno-common -fno-strict-aliasing -fno-delete-null-pointer-checks \
	-ftrivial-auto-var-init=pattern -ffile-prefix-map=$(CURDIR)=.

# What every AArch64 variant shares: the oldest CPU that we support, with its crypto extension.
aarch64 := -mcpu=cortex-a53+crypto -fno-pic -fno-pie -mbranch-protection=standard -fno-asynchronous-unwind-tables
# A tree builder alone is 1.7 KiB, hence 2 KiB a frame at user level; the kernel keeps to 512 bytes.
bare := -ffreestanding -ffunction-sections -fdata-sections -Wframe-larger-than

# COMPILER=clang compiles with clang what is else compiled with GCC: tools, target and kernel (which then has no link-time optimisation).
# That is a second opinion on the source: everything compiles, but a loader made by clang does not start the machine yet.
COMPILER ?= gcc
ifeq ($(COMPILER),clang)
host_cc := clang
cross_cc := clang --target=aarch64-linux-gnu -Wno-unused-command-line-argument
warn_main := $(warn_clang)
else
host_cc := gcc
cross_cc := $(CROSS)gcc
warn_main := $(warn_gcc)
endif

VARIANTS := host asan fuzz arm64 linux kernel boot

host.cc := $(host_cc)
host.ar := ar
host.arch := x86_64
host.cflags := $(common) -O2 -D_GNU_SOURCE -fstack-protector-strong $(warn_main)
host.ldflags :=

asan.cc := clang
asan.ar := ar
asan.arch := x86_64
asan.cflags := $(common) -O1 -D_GNU_SOURCE -Itests/unit -fno-omit-frame-pointer -fsanitize=address,undefined \
	-fno-sanitize-recover=all $(warn_clang)
asan.ldflags := -fsanitize=address,undefined

fuzz.cc := clang
fuzz.ar := ar
fuzz.arch := x86_64
fuzz.cflags := $(common) -O1 -D_GNU_SOURCE -Itests/unit -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,address,undefined \
	-fno-sanitize-recover=all $(warn_clang)
fuzz.ldflags := -fsanitize=fuzzer,address,undefined

PICOLIBC := /usr/lib/picolibc/aarch64-linux-gnu
arm64.cc := $(cross_cc)
arm64.ar := $(CROSS)ar
arm64.arch := aarch64
# Frame pointers, also in leaves: a crash is shown as a chain of calls.
arm64.cflags := $(common) -O2 $(aarch64) $(bare)=2048 -fstack-protector-strong -fno-omit-frame-pointer \
	-mno-omit-leaf-frame-pointer -ftls-model=local-exec \
	-isystem $(PICOLIBC)/include $(warn_main)
arm64.ldflags := -nostdlib -static -no-pie -Wl,--gc-sections,--build-id=none,-z,noexecstack \
	-Wl,-z,max-page-size=4096 -L$(PICOLIBC)/lib

linux.cc := $(cross_cc)
linux.ar := $(CROSS)ar
linux.arch := aarch64
linux.cflags := $(common) -O2 $(aarch64) -D_GNU_SOURCE -fstack-protector-strong $(warn_main)
linux.ldflags := -static -no-pie -Wl,-z,noexecstack

kernel.cc := $(cross_cc)
kernel.ar := $(CROSS)ar
kernel.arch := aarch64
# Optimised as a whole: small functions stay in the file of what they are about, and are inlined across files nevertheless. What the
# compiler calls by name in its last step (klib) must be there before; the Makefile compiles it on its own.
kernel.lto := $(if $(filter gcc,$(COMPILER)),-flto -flto-partition=one)
kernel.cflags := $(common) -O2 $(kernel.lto) $(aarch64) $(bare)=512 -mgeneral-regs-only -mno-outline-atomics \
	$(if $(filter gcc,$(COMPILER)),-fno-tree-loop-distribute-patterns) -fno-omit-frame-pointer $(warn_main)
kernel.ldflags := -Wl,-u,memset,-u,memcpy -nostdlib -static -no-pie -Wl,--gc-sections,--build-id=none,-z,noexecstack,--fatal-warnings \
	-Wl,--no-warn-rwx-segments

boot.cc := $(cross_cc)
boot.ar := $(CROSS)ar
boot.arch := aarch64
boot.cflags := $(common) -O2 $(aarch64) $(bare)=4096 -mno-outline-atomics $(warn_main)
boot.ldflags := -nostdlib -static -no-pie -Wl,--gc-sections,--build-id=none,-z,noexecstack
