#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# vm: -c 8 -m 3G -t 300
#
# Three vnodes of three kernels at once, one of them on scattered CPUs. Starts, stops and
# failures of one do not affect the others.

# shellcheck disable=SC2317 # check and wait_for call the functions
# shellcheck source=selftests/system/lib/vnode.sh
. /selftests/lib/vnode.sh

BEAT='vnode.run="while :; do echo beat; sleep 1; done"'

kernel() { # PATTERN
	# shellcheck disable=SC2086 # a pattern
	echo /boot/vmlinuz-$1
}

beat_count() { # ID
	kexec --vnode="$1" --log | grep -c 'vnode.run: beat'
}

beats_again() { # ID
	local before

	before=$(beat_count "$1")
	more() { [ "$(beat_count "$1")" -gt "$before" ]; }
	wait_for 30 more "$1"
}

plan 27
remember_root
log_begin
check "root has eight CPUs" test "$(cpus_online)" = 0-7

check "CPUs 2, 5 and 7, booting on 5" start 1 2,5,7 512M --boot-cpu=5 --append="$BEAT"
KERNEL=$(kernel '*-rt-*')
check "a second one, of the RT kernel" start 2 1,3 384M --name=rt --append="$BEAT"
KERNEL=$(kernel '6.1.*')
check "a third one, of 6.1" start 3 6 256M --append="$BEAT"

check "the first has three CPUs" comes_up 1 3 6.12
check "the second has two" comes_up 2 2 6.12
check "the third has one" comes_up 3 1 6.1.
check "the boot CPU is the one asked for" test "$(field 1 boot_apicid)" = 5
check "all three are listed" test "$(kexec --vnode-list | grep -c running)" = 4
check "root keeps CPUs 0 and 4" test "$(cpus_online)" = 0,4
for id in 1 2 3; do
	check "vnode $id is alive" beats_again $id
done

check "the second stops" stop rt
check "the first goes on" beats_again 1
check "the third goes on" beats_again 3
check "its CPUs are back" test "$(cpus_online)" = 0-1,3-4
check "other CPUs can be lent again" start 2 1,3 384M --append="$BEAT"
check "the new second has two" comes_up 2 2 6.1.
check "the first goes on" beats_again 1
check "the third goes on" beats_again 3

for id in 1 2 3; do
	check "vnode $id stops" stop $id
done
check "none is left" no_vnodes
check "root has everything again" root_is_back
check "root's log is quiet" log_is_quiet
finish
