#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# vm: -c 4 -m 2G -t 300
#
# [COUNT]: messages between nanokernels: requests and answers, a numbered stream in each
# direction of each pair; calls to a dead kernel return, no message arrives twice.

# shellcheck disable=SC2317 # check and wait_for call the functions
# shellcheck source=selftests/system/lib/adeos.sh
. /selftests/lib/adeos.sh

messages=${1:-2000}
AT_S=$((60 + messages / 50))
OLD=$(echo /boot/vmlinuz-6.1.*)

# Streams between all pairs at the same time.
streams() {
	local from to pids='' pid status=0

	for from in 0 1 2; do
		for to in 0 1 2; do
			[ "$from" != "$to" ] || continue
			send_retried "$from" "$to" > "/tmp/send.$from.$to" 2>&1 &
			pids="$pids $!"
		done
	done
	for pid in $pids; do
		wait "$pid" || status=1
	done
	tail -n 3 /tmp/send.*
	return "$status"
}

# vsh runs one command at a time.
send_retried() { # FROM TO
	at "$1" send "$2" "$messages"
}

complete() { # ID
	at "$1" streams > /tmp/streams
	cat /tmp/streams
	[ "$(grep -c "received $messages lost 0 repeated 0" /tmp/streams)" -eq 2 ]
}

call_of_the_dying() {
	local begin

	begin=$(uptime_s)
	end_by 1 adeos-test spinall
	usleep 300000
	at_fails ECONNRESET 0 ask 1 type=1 ms=20000 || return 1
	echo "after $(($(uptime_s) - begin)) s"
	[ $(($(uptime_s) - begin)) -lt 10 ]
}

plan 27
remember_root
log_begin
remember_adeos
check "vnode 1, of this kernel" up 1 1 256M
KERNEL=$OLD
check "vnode 2, of 6.1" up 2 2-3 256M
KERNEL=/boot/vmlinuz
check "the module for tests is loaded everywhere" eval 'at 0 clock && at 1 clock && at 2 clock'
for pair in "0 1" "1 0" "1 2" "2 1"; do
	check "$pair: 200 requests, each with its answer" at "${pair% *}" call "${pair#* }" 200
done
check "$messages messages from each to each at the same time" streams
for id in 0 1 2; do
	check "$id has all of them, each once" wait_for 30 complete $id
done

check "the receiver's errno is the caller's" at_fails ENOTTY 0 ask 1
check "an unknown type: EOPNOTSUPP" at_fails EOPNOTSUPP 0 ask 1 type=0x1ff
check "a type that cannot be: EINVAL" at_fails EINVAL 0 ask 1 type=0x200
check "too long: EINVAL" at_fails EINVAL 0 ask 1 len=41
check "the longest" at 0 ask 1 type=1 len=40
check "an empty one" at 0 ask 1 type=1 len=0
check "a vnode that is not there: ENODEV" at_fails ENODEV 0 ping 9 1
check "who waits for a dying vnode is told that it is dead" call_of_the_dying
check "its state is hung" wait_for 10 state_is 1 hung
check "then it is not there: ENODEV" at_fails ENODEV 0 ping 1 1
check "the others go on" eval 'pings 0 2 && pings 2 0'
check "it is started again" eval 'stop 1 && up 1 1 256M && at 1 clock'
check "nothing of its last life comes" eval 'at 1 streams > /tmp/streams && cat /tmp/streams && not grep received /tmp/streams'
check "it begins anew" eval 'at 1 send 0 10 && wait_for 5 at_says received 10 0 streams && at 0 streams | tail -n 1 | grep "lost 0 repeated 0"'
check "root has everything again" eval 'stop 1 && stop 2 && nothing_held && root_is_back'
check "root's log is quiet" log_is_quiet
finish
