#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# vm: -c 3 -m 3G -t 300
# long: it moves much memory
#
# Memory leaves root in two ways, whole blocks by hot-remove and the rest by contiguous
# allocation; limits of its place; a root whose memory is full of page cache.
#
# 3 GiB have a run of four blocks wherever KASLR puts root's image: a third of them is
# above 4 GiB.

# shellcheck disable=SC2317 # check and wait_for call the functions
# shellcheck source=selftests/system/lib/vnode.sh
. /selftests/lib/vnode.sh

MIB=1048576
block=$((0x$(cat /sys/devices/system/memory/block_size_bytes)))

# Lends SIZE to a kernel that needs hardly any memory.
tiny() { # SIZE [OPTION...]
	local size="$1"

	shift
	kexec --vnode=1 --cpus=1 --mem="$size" --boot-limit=0 "$@" /tmp/spin
}

has_memory() { # BYTES OFFLINED
	echo "mem $(field 1 memory), offlined $(field 1 mem_offlined)"
	[ "$(field 1 memory)" = "$1" ] && [ "$(field 1 mem_offlined)" = "$2" ]
}

# Hot-removed memory is not RAM in root's resource tree.
is_out_of_root() {
	local base

	base=$(field 1 mem_base)
	grep -q "^$(printf '%08x-%08x' "$base" $((base + $(field 1 mem_offlined) - 1))) : vnode" \
		/proc/iomem
}

# Root has lost as much memory as the vnode was lent.
has_taken() { # SIZE-MIB OFFLINED-MIB ROOT-BEFORE
	wait_for 20 spins && has_memory $(($1 * MIB)) $(($2 * MIB)) || return 1
	[ "$2" -eq 0 ] || is_out_of_root || return 1
	[ "$(system_ram)" -eq $(($3 - $2 * MIB)) ]
}

is_lent() { # SIZE-MIB OFFLINED-MIB
	local ram status=0

	ram=$(system_ram)
	tiny "$1M" || return 1
	has_taken "$@" "$ram" || status=1
	stop 1 && root_is_back && return "$status"
}

spins() {
	[ "$(vnode-ctl beats 1)" -gt 100 ]
}

is_in() { # MIN MAX
	local base

	base=$(field 1 mem_base)
	[ "$base" -ge "$1" ] && [ $((base + $(field 1 memory) - 1)) -le "$2" ]
}

# In the middle of the only range that may be lent is a page that Linux cannot move yet.
# Something that it can never move may be near: five ranges are tried.
is_lent_with_young_page() {
	local tries page base status=1

	for tries in 1 2 3 4 5; do
		rm -f /tmp/young
		young-page 2 > /tmp/young &
		wait_for 10 test -s /tmp/young && read -r page < /tmp/young || return 1
		base=$(((page >> 21 << 21) - 8 * MIB))
		tiny 16M --mem-min="$base" --mem-max=$((base + 16 * MIB - 1)) && status=0
		kill $!
		wait $!
		[ "$status" -ne 0 ] || break
	done
	[ "$status" -eq 0 ] && is_in "$base" $((base + 16 * MIB - 1))
}

tiny-kernel cli > /tmp/spin
plan 23
remember_root
log_begin
check "memory blocks are 128 MiB here" test $block -eq $((128 * MIB))
check "one block: hot-removed" is_lent 128 128
check "four blocks: hot-removed" is_lent 512 512
check "the smallest: allocated" is_lent 16 0
check "not a block: allocated" is_lent 126 0
check "a block and 2 MiB: both" is_lent 130 128
check "two blocks and a half: both" is_lent 320 256

check "an odd size starts" tiny 17408K
check "and is rounded up" has_memory $((18 * MIB)) 0
stop 1

for size in 128M 64M; do
	check "$size between 1 GiB and 1.5 GiB" tiny $size --mem-min=1G --mem-max=0x5fffffff
	check "is there" is_in $((0x40000000)) $((0x5fffffff))
	stop 1
done
check "where there is no RAM: refused" exits_with 1 tiny 128M --mem-min=64G
check "more than root has: refused" exits_with 1 tiny 64G
check "nothing was taken" root_is_back

check "a page that was allocated a moment ago is no obstacle" is_lent_with_young_page
check "it is stopped" stop 1

# a file fills the page cache: pages in the lent range have to be migrated
mkdir /tmp/full
mount -t tmpfs -o size=1800M full /tmp/full
dd if=/dev/zero of=/tmp/full/cache bs=1M count=1700 2> /dev/null
check "1700 MiB of root's memory are in use" test "$(stat -c %s /tmp/full/cache)" = $((1700 * MIB))
sum=$(md5sum < /tmp/full/cache)
check "512 MiB for a Linux, all the same" start 1 1 512M
check "comes up" comes_up 1 1
check "root's file is what it was" test "$(md5sum < /tmp/full/cache)" = "$sum"
umount /tmp/full
stop 1
check "root has everything again, its log is quiet" eval 'root_is_back && log_is_quiet'
finish
