#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# vm: -c 4 -m 6G -t 240
#
# Memory above 4 GiB: the 64-bit entry, page tables that reach there.

# shellcheck disable=SC2317 # check and wait_for call the functions
# shellcheck source=selftests/system/lib.sh
. /selftests/lib.sh

is_above() { # ID
	[ "$(field "$1" mem_base)" -ge $((4 << 30)) ]
}

plan 14
remember_root
log_begin
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
