#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# vm: -n -c 4 -m 3G -t 500
# long: rounds of random writes
#
# [SCRIBBLES LIES [SECONDS [BATCH]]]: vnode 2 writes nonsense into its own bridge of
# the network, so often at least, BATCH times by a command, while root and vnode 1 talk for
# SECONDS at a time. They talk on.

# shellcheck disable=SC2317 # check and wait_for call the functions
# shellcheck source=selftests/system/lib/adeos.sh
. /selftests/lib/adeos.sh
# shellcheck source=selftests/system/lib/net.sh
. /selftests/lib/net.sh

scribbles=${1:-1000}
lies=${2:-1000}
seconds=${3:-10}
BATCH=${4:-500}
BRIDGE=driver/vnic.vnet0.2
# leaves some time for the hostile writer
TALK='-b 30M'
# its first page, all rings, and a page of frames
RINGS=size=90112

rounds=0

# Each batch has its own seed. Some batches cover all of the bridge, frames included.
scribble() {
	local size="$RINGS" batch="$BATCH"

	[ $((rounds / BATCH % 16)) -ne 15 ] || size='' batch=100
	at 2 scribble $((rounds + 1)) "$batch" "$BRIDGE" ${size:+"$size"} || return 1
	rounds=$((rounds + batch))
}

# In turn to root and to vnode 1.
lie() {
	local to=$((rounds / BATCH % 2))

	at 2 frames $((rounds + 1)) "$BATCH" vnet0 "$to" "$(address "$to")" > /tmp/lied || { cat /tmp/lied; return 1; }
	taken=$((taken + $(value taken < /tmp/lied)))
	rounds=$((rounds + BATCH))
}

# Meanwhile the others talk, and are checked between batches.
others_talk_on() { # TIMES COMMAND
	local times="$1"

	rounds=0 taken=0
	while [ "$rounds" -lt "$times" ]; do
		talks_on_for "$seconds" repeat_while_talking "$2" || return 1
		pings 1 0 && pings 0 1 || return 1
	done
	echo "$rounds rounds, $taken frames taken"
}

received() { # how often root has been told of frames, or has looked for some
	awk '$1 == "NET_RX:" { for (i = 2; i <= NF; i++) sum += $i; print sum }' /proc/softirqs
}

# No kernel sends: what was left in the rings must not keep a CPU busy.
rests() {
	local before after

	before=$(received)
	usleep 2000000
	after=$(received)
	echo "looked $((after - before)) times in two seconds"
	[ $((after - before)) -lt 200 ]
}

counted() { # ID NAME
	local n

	n=$(net_counter "$1" "$2")
	echo "$2 in $1: $n"
	[ "$n" -gt 0 ]
}

is_whole_again() {
	end_by 2 adeos-test panic
	wait_for 90 restarts_are 2 1 && answers 2 && configure 2 && all_ping 0 1 2
}

plan 18
log_begin
remember_root
remember_adeos
net_initrd
check "root is on the network" joins 0
check "vnode 1 comes" up_on_net 1 1
check "vnode 2 comes" up_on_net 2 2 --restart=on-failure:3
check "all see all" eval 'all_see_all 0 1 2 && all_ping 0 1 2'
check "nothing is wrong so far" no_bad 0 1 2
check "vnode 2 sees its bridge" at 2 open "$BRIDGE"
check "it scribbles over it, others talk on" others_talk_on "$scribbles" scribble
say "$rounds rounds; $(net_counter 0 rx_bad) and $(net_counter 1 rx_bad) times nonsense was found"
check "bad frames are counted" counted 0 rx_bad
check "root rests when it is over" rests
check "it lies about frames, others talk on" others_talk_on "$lies" lie
say "$rounds rounds, $taken frames taken; $(net_counter 0 rx_bad) and $(net_counter 1 rx_bad) were bad, $(net_counter 0 tx_bad) and $(net_counter 1 tx_bad) times fetched none"
check "frames of its are taken" test "$taken" -gt "$((rounds / 2))"
check "bad tails are counted" counted 0 tx_bad
check "root rests" rests
check "it panics, comes again, and is whole" is_whole_again
check "they stop" stop_all 1 2
check "the module goes" rmmod vnic
check "root has everything again" eval 'nothing_held && root_is_back'
check "root's log is quiet" log_is_quiet
finish
