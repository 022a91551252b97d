#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# vm: -c 9 -m 3G -t 1200
#
# [COUNT]: eight vnodes, of three kernels, and root: each communicates with each other, and
# finds the bridges of the others by name.

# shellcheck disable=SC2317 # check and wait_for call the functions
# shellcheck source=selftests/system/lib/adeos.sh
. /selftests/lib/adeos.sh

times=${1:-1000}
IDS="1 2 3 4 5 6 7 8"
# several of them share a CPU of the host
UP_S=240
AT_S=120

is_there() { # ID
	comes_up "$1" 1 && answers "$1"
}

# In each vnode: raises the portal of each other kernel, sends it a request, opens its
# bridge and reads it.
talk() { # ID...
	local id

	for id; do
		[ "$id" != "$(cat /sys/kernel/adeos/id)" ] || continue
		if ! { adeos-test call "$id" "$times" && adeos-test raise "$id" in "$times" &&
		       adeos-test open "of.$id" && adeos-test verify "of.$id" $((id + 100)) &&
		       adeos-test unbridge "of.$id"; } > /tmp/said; then
			echo "to $id: $(cat /tmp/said)"
			return 1
		fi
	done
}

# Runs the function talk in another kernel: as text.
talk_text() {
	echo "times=$times"
	sed -n '/^talk() {/,/^}/p' "$0" | sed 's/^	local id$//'
	echo "talk 0 $IDS"
}

offers() { # ID
	at "$1" portal in grant=all && at "$1" bridge "of.$1" size=8192 && at "$1" fill "of.$1" $(($1 + 100))
}

all_talk() {
	local id pids='' pid status=0

	talk_text > /tmp/talk
	for id in $IDS; do
		vsh -t "$AT_S" "$id" "$(cat /tmp/talk)" > "/tmp/talk.$id" 2>&1 &
		pids="$pids $!"
	done
	sh /tmp/talk || status=1
	for pid in $pids; do
		wait "$pid" || status=1
	done
	tail -n 2 /tmp/talk.*
	return "$status"
}

heard_from_all() { # ID: one slot for each of the others
	at "$1" count in > /tmp/heard
	cat /tmp/heard
	[ "$(grep -c '^slot' /tmp/heard)" -eq 8 ]
}

knows_five() { # ID
	sysfs "$1" members > /tmp/members
	cat /tmp/members
	[ "$(wc -l < /tmp/members)" -eq 5 ] && pings "$1" 0 && pings "$1" $((id % 8 + 2))
}

set -- /boot/vmlinuz-*
[ $# -eq 3 ] || bail "3 kernels expected in /boot: $*"
plan 38
remember_root
log_begin
remember_adeos
check "eight vnodes start" start_by_turns "$@"
for id in $IDS; do
	check "vnode $id runs" is_there "$id"
done
check "nine members" test "$(wc -l < $SYSFS/members)" = 9
for id in 0 $IDS; do
	check "$id has a portal and a bridge" offers "$id"
done
check "all talk to all, $times times" all_talk
for id in 0 $IDS; do
	check "$id was raised by each of the others" wait_for 10 heard_from_all "$id"
done
check "half of them go" stop_all 1 3 5 7
for id in 2 4 6 8; do
	check "$id knows that" knows_five "$id"
done
check "the others go" stop_all 2 4 6 8
at 0 close in > /dev/null
at 0 unbridge of.0 > /dev/null
check "no member, bridge or portal is left" nothing_held
check "root has everything again" root_is_back
check "root's log is quiet" log_is_quiet
finish
