#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# vm: -c 9 -m 3G -t 900
#
# Eight consoles, of three kernels, busy at the same time; 10 MiB out of each and into
# each, one after the other. One is attached to a thousand times; one has a reader that
# does not read for a minute.

# shellcheck disable=SC2317 # check and wait_for call the functions
kib=1024
# shellcheck source=selftests/system/lib/adeos.sh
. /selftests/lib/adeos.sh
# shellcheck source=selftests/system/lib/console.sh
. /selftests/lib/console.sh

IDS="1 2 3 4 5 6 7 8"
# several of them share a CPU of the host
UP_S=240
AT_S=200
START_OPTION=$CONSOLE

attach_often() { # ID TIMES
	local n=0

	while [ "$n" -lt "$2" ]; do
		n=$((n + 1))
		vcon -w -l "$1" status > /tmp/status || { echo "the ${n}th time:"; cat /tmp/status; return 1; }
	done
	status_is "$1" connected 1
}

plan 23
insmod "/lib/modules/$(uname -r)/vconsole.ko"
remember_root
log_begin
remember_adeos
check "eight vnodes start" start_by_turns /boot/vmlinuz /boot/vmlinuz-*-rt-* /boot/vmlinuz-6.1.*
for id in $IDS; do
	check "vnode $id has a console" eval "comes_up $id 1 && answers $id && wait_for 20 tty_is_there $id"
done
# shellcheck disable=SC2086 # words
check "$kib KiB out of each and into each, at the same time" all_at_once $IDS
kib=4096
for id in $IDS; do
	check "$id: $kib KiB out, as many in" both_ways "$id"
done
check "attached and detached 1,000 times" attach_often 1 1000
check "a reader does nothing for a minute: the vnode goes on, and he learns what he has missed" \
	goes_on_without_reader 60
# shellcheck disable=SC2086 # words
check "they stop" stop_all $IDS
check "root has everything again" eval 'rmmod vconsole && nothing_held && root_is_back'
check "root's log is quiet" log_is_quiet
finish
