#!/bin/sh
# proof.sh DIR [FRAMA_C_OPTION...]: proves the contracts (ACSL, beside the code) of the functions below with Frama-C/WP, Z3 and CVC4, and that
# these functions have no run-time error: no overflow, no invalid access, no failed assertion. A goal that is not proved is printed and fails.
# DIR is for scratch and keeps what was proved: what did not change is not proved again. Ends "proof: N goals, N proved".
set -eu
dir=$1; shift
for tool in frama-c why3 z3 cvc4; do
    if ! command -v $tool >/dev/null; then echo "proof: skipped, $tool is not installed"; exit 0; fi
done
mkdir -p "$dir/cache"
dir=$(cd "$dir" && pwd)
cd "$(dirname "$0")/../.."
# All that the proofs depend on; when nothing of it changed, they still hold.
now=$({ frama-c -version; cat kernel/check/proof.sh kernel/*.h kernel/*/*.[ch] kernel/arch/host/*.[ch] abi/*/*.h; echo "$*"; } | sha256sum)
if [ "$(cat "$dir/proved" 2>/dev/null)" = "$now" ]; then cat "$dir/said"; exit 0; fi
export WHY3CONFIG="$dir/why3.conf"
[ -s "$WHY3CONFIG" ] || why3 config detect >"$dir/why3.log" 2>&1
goals=0 proved=0
rm -f "$dir/said" "$dir/proved"

# prove FILE FUNCTION,...
prove() {
    log=$dir/$(basename "$1").log
    file=$1 functions=$2; shift 2
    frama-c -c11 -machdep gcc_x86_64 -cpp-extra-args="-Ikernel -Ikernel/arch/host -Iabi -DKERNEL_ROOT_CNODE_BITS=8" "$file" \
        -wp -wp-rte -wp-prover cvc4,z3 -wp-timeout 20 -wp-par 2 -wp-cache update -wp-cache-dir "$dir/cache" \
        -wp-fct "$functions" "$@" >"$log" 2>&1 || true
    counts=$(sed -n 's/.*Proved goals: *\([0-9]*\) \/ *\([0-9]*\).*/\1 \2/p' "$log")
    if [ -z "$counts" ]; then tail -n 20 "$log"; echo "not ok proof: $file was not understood"; exit 1; fi
    for name in $(echo "$functions" | tr , ' '); do # a name that is misspelt would prove nothing
        grep -q "annotating function $name\$" "$log" || { echo "not ok proof: $file has no function $name"; exit 1; }
    done
    # shellcheck disable=SC2086
    set -- $counts
    proved=$((proved + $1)) goals=$((goals + $2))
    if [ "$1" = "$2" ]; then echo "ok proof: $file, $1 goals" | tee -a "$dir/said"
    else grep -A 3 'Goal' "$log" | grep -A 3 -E 'Failed|Timeout|Unknown'; echo "not ok proof: $file, $1 of $2 goals"; fi
}

cap=cap_type,cap_address,cap_make,cap_bits,cap_sgi,cap_sgi_irq,cap_sgi_target
cap=$cap,cap_untyped,cap_untyped_is_device,cap_untyped_used,cap_untyped_with_used,cap_untyped_cleared,cap_untyped_with_cleared
cap=$cap,cap_cnode,cap_cnode_guard,cap_cnode_guard_bits,cap_zombie,cap_zombie_of_tcb,cap_asid,cap_mapped_address,cap_with_mapping
prove kernel/object/untyped.c "bit,$cap,untyped_find_room" "$@"
prove kernel/object/vspace.c vspace_index,page_table_index "$@"
prove kernel/api/message.c message_copy_words "$@"
prove kernel/sched/refill.c ring_index,refill_merged,refill_split,refill_covers "$@"
prove kernel/sched/sched.c queue_remove,ready_mark,ready_unmark,sched_set_ready,ready_remove "$@"
echo "proof: $goals goals, $proved proved" | tee -a "$dir/said"
[ "$goals" = "$proved" ]
echo "$now" >"$dir/proved"
