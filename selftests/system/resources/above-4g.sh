#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# vm: -c 6 -m 8G -t 240
# long: it moves much memory
#
# Memory above 4 GiB: the 64-bit entry, and page tables that reach there. And memory that
# Linux maps by pages of 1 GiB, which it must split. 6 GiB above 4 GiB have the five pieces
# wherever KASLR puts root's image.

# shellcheck disable=SC2317 # check and wait_for call the functions
# shellcheck source=selftests/system/lib/vnode.sh
. /selftests/lib/vnode.sh

is_above() { # ID
	[ "$(field "$1" mem_base)" -ge $((4 << 30)) ]
}

# Parts of one page of 1 GiB, and of two.
is_lent_in_pieces() {
	local id

	for id in 1 2 3 4 5; do
		start "$id" "$id" 640M --mem-min=4G -l || return 1
	done
}

# Grants memory, checks that it is clear, and returns it.
works_on() {
	head -c $((256 << 20)) /dev/zero > /tmp/zeros && rm /tmp/zeros
}

returns_pieces() {
	local id

	for id in 3 1 5 4 2; do
		stop "$id" || return 1
	done
}

plan 19
remember_root
log_begin
grep DirectMap /proc/meminfo | note "at first"
check "Linux has pages of 1 GiB" not grep -q 'DirectMap1G: *0 kB' /proc/meminfo
check "pieces of them are lent" is_lent_in_pieces
check "root works on" works_on
check "and has all of it again" eval 'returns_pieces && root_is_back'
check "it can all be used" works_on
grep DirectMap /proc/meminfo | note "at last"
check "root has memory above 4 GiB" grep -q '^100000000-.* : System RAM' /proc/iomem
for how in --unpack --no-unpack; do
	check "$how: starts" start 1 2-3 512M --mem-min=4G $how
	check "$how: the range is above 4 GiB" is_above 1
	check "$how: the 64-bit entry" test "$(field 1 entry_mode)" = 64
	check "$how: comes up with its CPUs" comes_up 1 2
	check "$how: stops" stop 1
	check "$how: root has everything again" root_is_back
done
check "root's log is quiet" log_is_quiet
finish
