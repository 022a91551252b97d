#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# vm: -n -c 4 -m 3G -t 300
#
# A kernel is frozen while others send to it. The traffic between the others goes on, and
# frames arrive in it again as soon as it runs.

# shellcheck disable=SC2317 # check and wait_for call the functions
# shellcheck source=selftests/system/lib/adeos.sh
. /selftests/lib/adeos.sh
# shellcheck source=selftests/system/lib/net.sh
. /selftests/lib/net.sh

LIMIT=/sys/module/adeos_lite/parameters/hang_ms

# Everything that root sends, to any kernel, goes through this one queue.
joins_with_one_queue() {
	insmod "$VNIC" net=vnet0,queues=1 && configure 0
}

limit() { # MS
	echo "$1" > "$LIMIT"
}

# Datagrams at full speed, without waiting for the receiver.
floods() { # FROM TO SECONDS
	inside "$1" "iperf3 -u -b 0 -l 32000 -t $3 -c $(address "$2") -p $IPERF_PORT"
}

sends() { # ID: to the network, many frames in 100 ms
	local before

	before=$(inside "$1" cat /sys/class/net/vnet0/statistics/tx_packets)
	usleep 100000
	[ $(($(inside "$1" cat /sys/class/net/vnet0/statistics/tx_packets) - before)) -gt 20 ]
}

# Shorter than the hang limit: traffic continues as before.
freezes_shortly() { # TIMES
	local pid n=0

	floods 0 2 10 > /tmp/flood.out 2>&1 &
	pid=$!
	wait_for 10 sends 0 || return 1
	while [ "$n" -lt "$1" ]; do
		n=$((n + 1))
		at 2 freeze 500 || return 1
	done
	wait "$pid"
	cat /tmp/flood.out
}

freezes() { # MS
	local pid status=0

	floods 0 2 8 > /tmp/flood.out 2>&1 &
	pid=$!
	wait_for 10 sends 0 || return 1
	at 2 freeze "$1" || status=1
	wait_for 5 pings 0 2 || status=1
	wait "$pid"
	return "$status"
}

stalled_more_than() { # ID N
	local n

	n=$(net_counter "$1" tx_stalled)
	echo "$n, wanted more than $2"
	[ "$n" -gt "$2" ]
}

# Vnode 1 talks to vnode 2, which also sends to root all the time.
root_freezes() { # MS
	local talk flood

	(iperf 2 "$(address 1)" -t 10) > /tmp/talk.out &
	talk=$!
	inside 2 "iperf3 -u -b 0 -l 32000 -t 10 -c $(address 0) -p $IPERF_PORT" > /tmp/flood.out 2>&1 &
	flood=$!
	wait_for 10 sends 2 && at 0 freeze "$1"
	wait "$talk" || { cat /tmp/talk.out; return 1; }
	cat /tmp/talk.out
	wait "$flood"
	wait_for 5 pings 2 0
}

plan 19
log_begin
remember_root
remember_adeos
net_initrd
check "root is on the network, with one queue" joins_with_one_queue
check "vnode 1 comes" up_on_net 1 1
check "vnode 2 comes" up_on_net 2 2
check "all see all" eval 'all_see_all 0 1 2 && all_ping 0 1 2'
check "servers" eval 'iperf_server 1 && iperf_server 2'
check "vnode 2 freezes for 500 ms, five times, root floods it: vnode 1 talks on" talks_on_while freezes_shortly 5
check "root has noticed" stalled_more_than 0 0
check "its link works again" eval 'pings 0 2 && pings 2 1'
before=$(net_counter 0 tx_stalled)
check "nobody minds hangs from now on" limit 0
check "it freezes for 4 s: vnode 1 talks on" talks_on_while freezes 4000
check "root has noticed again" stalled_more_than 0 "$before"
check "root sends to it as before" iperf 0 "$(address 2)" -t 2
check "root is a server" iperf_server 0
check "root freezes for 4 s, vnode 2 floods it: it talks on with vnode 1" root_freezes 4000
check "vnode 2 has noticed" stalled_more_than 2 0
check "it sends to root as before" iperf 2 "$(address 0)" -t 2
check "nothing bad was seen" no_bad 0 1 2
limit 800
check "they stop, and root has everything again" eval 'stop_all 1 2 && rmmod vnic && nothing_held && root_is_back'
check "root's log is quiet" log_is_quiet
finish
