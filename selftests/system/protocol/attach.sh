#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# vm: -c 5 -m 2G -t 300
#
# Nanokernels attach: identity, clock, kernels of different versions; root refuses another
# protocol; a nanokernel that is unloaded leaves, and may attach again.

# shellcheck disable=SC2317 # check and wait_for call the functions
# shellcheck source=selftests/system/lib/adeos.sh
. /selftests/lib/adeos.sh

OLD=$(echo /boot/vmlinuz-6.1.*)

# The clock of ID against root's, by two readings of the same TSC value.
clock_is_near() { # ID MAX-NS
	local tsc real khz tsc2 real2 offset

	at 0 clock > /tmp/clock.0
	at "$1" clock > /tmp/clock.1
	cat /tmp/clock.?
	tsc=$(value tsc < /tmp/clock.0) real=$(value real < /tmp/clock.0) khz=$(value khz < /tmp/clock.0)
	tsc2=$(value tsc < /tmp/clock.1) real2=$(value real < /tmp/clock.1)
	offset=$((real2 - real - (tsc2 - tsc) * 1000000 / khz))
	echo "offset $offset ns; its own opinion: $(sysfs "$1" clock_offset_ns)"
	[ "${offset#-}" -lt "$2" ]
}

members_agree() { # ID
	sysfs 0 members > /tmp/members.0
	sysfs "$1" members > /tmp/members.1
	diff /tmp/members.0 /tmp/members.1
}

life_of() { # ID
	awk -v id="$1" '$2 == id { print $3 }' $SYSFS/members
}

# The log can be read only while the vnode exists.
refused_on_both_sides() {
	dmesg | grep 'adeos_lite: .*protocol 99' && kexec --vnode=3 --log | grep 'protocol'
}

# vsh would keep the module in use.
# shellcheck disable=SC2016 # for the shell in there
reload() { # ID
	vsh "$1" 'touch /run/vsh.off
		(sleep 1; killall vsh; rmmod adeos_test; until rmmod adeos_lite; do usleep 100000; done
		 cd /lib/modules/$(uname -r) && insmod adeos-lite.ko && rm /run/vsh.off) > /dev/kmsg 2>&1 &'
}

lives_again() { # ID LIFE
	[ -n "$(life_of "$1")" ] && [ "$(life_of "$1")" != "$2" ]
}

[ -d $SYSFS ] || bail "no $SYSFS"
# The KMB's module goes to vnode 1 over a bridge, and is loaded there.
lending_is_refused() {
	local creator status=0

	bridge create kmb 4M < /dev/null > /dev/null &
	creator=$!
	wait_for 10 grep -q ' kmb ' "$SYSFS/bridges" && bridge write kmb < "/lib/modules/$(uname -r)/vnode.ko" &&
		vsh 1 'bridge cat kmb > /tmp/vnode.ko; ! insmod /tmp/vnode.ko && dmesg' > /tmp/lending || status=1
	kill "$creator"
	wait "$creator"
	cat /tmp/lending
	[ "$status" -eq 0 ] && grep -q 'this is vnode 1: only root can lend' /tmp/lending
}

plan 35
remember_root
log_begin
check "root is a member" test "$(slot_of 0)" = 0
check "it is called root" test "$(cat $SYSFS/name)" = root
remember_adeos
check "vnode 1 is started and waited for" start 1 1-2 256M --wait=90
check "then it runs" test "$(field 1 state)" = running
check "it is attached" test "$(field 1 attached)" = true
check "its release is known" test "$(field 1 release)" = "$(uname -r)"
check "it takes commands" answers 1
check "it knows its id" test "$(sysfs 1 id)" = 1
check "it knows its name" test "$(sysfs 1 name)" = vnode1
check "all agree on who is there" members_agree 1
KERNEL=$OLD
check "vnode 2 of 6.1 attaches, too" up 2 3 256M
check "all agree on who is there" members_agree 2
check "vnode 1 has heard of it" test "$(sysfs 1 members)" = "$(sysfs 0 members)"
check "6.1 answers 6.12" pings 1 2
check "6.12 answers 6.1" pings 2 1
check "both answer root" eval 'pings 0 1 && pings 0 2'
check "vnode 1's clock is within 100 us of root's" clock_is_near 1 100000
check "vnode 2's, too" clock_is_near 2 100000
check "it has the same date" test $(($(vsh 1 date +%s) - $(date +%s))) -le 2
KERNEL=/boot/vmlinuz

check "a vnode cannot lend: the module vnode is refused there" lending_is_refused
life=$(life_of 1)
check "the nanokernel of vnode 1 is unloaded and loaded" reload 1
check "it is a member again, with another life" wait_for 30 lives_again 1 "$life"
check "it still runs" runs 1
check "it takes commands" answers 1
check "it answers root and the other vnode" eval 'pings 0 1 && pings 2 1 && pings 1 2'

check "another protocol is refused" not start 3 4 160M --wait=90 --append=vnode.adeos=adeos-lite-p99
check "its state is hung" test "$(field 3 state)" = hung
check "the cause is the protocol" test "$(field 3 cause)" = protocol
check "both sides say why" refused_on_both_sides
check "vnode 3 goes" stop 3
check "an orderly stop is obeyed" stop_orderly 1
check "so it is by 6.1" stop_orderly 2
check "no member, bridge or portal is left" nothing_held
check "root has everything again" root_is_back
check "root's log is quiet" log_is_quiet
finish
