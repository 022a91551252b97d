# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# Root was booted with memmap=512M$1G and without our modules: see reserved.sh.
# Reserved memory is lent first. Linux never uses it, so that /dev/mem shows its contents
# while it is not lent.

# shellcheck disable=SC2317 # check and wait_for call the functions
# shellcheck source=selftests/system/lib/vnode.sh
. /selftests/lib/vnode.sh

MIB=1048576
BASE=$((0x40000000))
dir=/lib/modules/$(uname -r)

reserved_is_zero() {
	words=$(vnode-ctl devmem "$BASE" $((512 * MIB)))
	echo "$words"
	[ "${words#words=* }" = "pattern=0 zero=$((512 * MIB / 8)) other=0" ]
}

is_in_pool() { # ID
	local base

	base=$(field "$1" mem_base)
	echo "at $base"
	[ "$base" -ge "$BASE" ] && [ $((base + $(field "$1" memory))) -le $((BASE + 512 * MIB)) ]
}

is_full() { # ID
	words=$(vnode-ctl count "$1")
	case $words in *" pattern=0 "*) return 1 ;; esac
}

insmod_refused() { # RESERVED
	! insmod "$dir/adeos-lite.ko" "reserved=$1" && ! grep -q adeos_lite /proc/modules
}

plan 22
grep -q 'memmap=512M' /proc/cmdline || bail "root was not booted with memmap="
! grep -q '^40000000-.*System RAM' /proc/iomem || bail "nothing is reserved"
log_begin
check "a range that Linux uses is refused" insmod_refused 512M@0x20000000
check "half a range is refused" insmod_refused 512M
check "an unaligned one is refused" insmod_refused 511K@0x40000000
check "adeos-lite takes the reserved range" insmod "$dir/adeos-lite.ko" reserved=512M@0x40000000
check "the KMB loads" insmod "$dir/vnode.ko"
remember_root
total=$(kb MemTotal)

tiny-kernel fill > /tmp/fill
check "a vnode that fills its memory" kexec --vnode=1 --cpus=1 --mem=64M --boot-limit=0 /tmp/fill
check "lives in the reserved range" is_in_pool 1
check "and does fill it" wait_for 60 is_full 1
check "a Linux vnode" start 2 2-3 384M
check "in the reserved range" is_in_pool 2
check "comes up" comes_up 2 2
check "root has given nothing of its own" test "$(kb MemTotal)" -ge "$total"
check "more than is left comes from Linux" kexec --vnode=3 --cpus=4 --mem=128M --boot-limit=0 /tmp/fill
check "which is not in the range" not is_in_pool 3
check "the module is in use" not rmmod adeos_lite
for id in 1 2 3; do
	check "vnode $id stops" stop $id
done
check "root has everything again" root_is_back
check "the reserved range is zero while it is not lent" reserved_is_zero
check "both modules can go" rmmod vnode adeos_lite
check "root's log is quiet" log_is_quiet
finish
