#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# vm: -c 4 -m 2G -t 300
#
# Root is frozen for ten seconds. Vnodes run on, send each other messages, find and use
# bridges; root answers their requests late. And a frozen vnode.

# shellcheck disable=SC2317 # check and wait_for call the functions
# shellcheck source=selftests/system/lib/adeos.sh
. /selftests/lib/adeos.sh

FREEZE_S=10

# Runs in vnode 1: about once a second reports the number of round trips with vnode 2, the
# result of a request to root, and of opening and closing a bridge.
cat > /tmp/work <<'EOF2'
n=0
while [ ! -e /tmp/enough ]; do
	n=$((n + 1))
	read -r now rest < /proc/uptime
	pinged=$(adeos-test ping 2 20 | head -n 1)
	opened=$(adeos-test open shared > /dev/null && adeos-test unbridge shared | head -n 1)
	rung=$(adeos-test raise 2 in 20 bridge=page step=1 | head -n 1)
	read -r then rest < /proc/uptime
	echo "$n from $now to $then ping $pinged open $opened raise $rung"
	sleep 0.2
done > /tmp/worked
EOF2

slowest_round_within() { # SECONDS
	vsh 1 cat /tmp/worked | awk -v limit="$1" '
		$5 - $3 > max { max = $5 - $3 }
		END { print "the slowest took " max " s"; exit max >= limit }'
}

begin_work() {
	vsh 1 "cat > /tmp/work <<'E'
$(cat /tmp/work)
E
setsid sh /tmp/work > /dev/null 2>&1 &"
}

rounds() {
	vsh 1 wc -l /tmp/worked | cut -d ' ' -f 1
}

rounds_are() { # MIN
	local found

	found=$(rounds)
	echo "$found rounds, wanted $1"
	[ "$found" -ge "$1" ]
}

clock_is_near() { # ID: as its nanokernel reports
	local offset

	offset=$(sysfs "$1" clock_offset_ns)
	echo "$offset ns"
	offset=${offset%% *}
	[ "${offset#-}" -lt 100000 ]
}

no_round_failed() {
	vsh 1 cat /tmp/worked > /tmp/rounds
	tail -n 3 /tmp/rounds
	not grep -v 'ping ok open ok raise ok' /tmp/rounds
}

# A vnode that vnode 1 does not know yet raises its portal.
raised_by_a_stranger() {
	local pid

	at 1 portal early grant=all || return 1
	echo 0 > /sys/module/adeos_lite/parameters/hang_ms
	at 1 freeze 12000 > /tmp/frozen &
	pid=$!
	up 2 2-3 192M && at 2 raise 1 early 1 || return 1
	[ -e "/proc/$pid" ] || { echo "vnode 1 has woken up before"; return 1; }
	wait "$pid"
	echo 800 > /sys/module/adeos_lite/parameters/hang_ms
}

plan 22
remember_root
log_begin
remember_adeos
check "vnode 1" up 1 1 192M
check "it freezes; vnode 2 starts, and raises a portal of it" raised_by_a_stranger
check "that is not lost" wait_for 5 at_says "slot$(slot_of 2)" 1 1 count early
check "vnode 2 has a portal and bridges" eval \
	'at 2 portal in grant=all && at 2 bridge page && at 2 bridge shared && at 2 stamp in page && at 1 open page'
check "vnode 1 begins to work with vnode 2" begin_work
check "it does" wait_for 20 rounds_are 3
before=$(rounds)
vsh 1 "adeos-test ping 0 1 > /tmp/pinged; sleep 3; adeos-test ask 0 type=1 ms=30000 > /tmp/late" &
check "root freezes for $FREEZE_S s" at 0 freeze $((FREEZE_S * 1000))
check "vnode 1 still runs" runs 1
check "vnode 2 still runs" runs 2
wait
check "vnode 1 has worked all the time" rounds_are $((before + FREEZE_S))
check "no round took three seconds" slowest_round_within 3
check "its work ends" vsh 1 touch /tmp/enough
check "no round has failed" no_round_failed
check "what it asked root was answered late, but answered" vsh 1 grep -x ok /tmp/late
check "both are still members" eval 'is_member 1 && is_member 2'
check "their clocks are root's" eval 'clock_is_near 1 && clock_is_near 2'
check "one that panics while root is frozen" eval 'vsh -t 5 1 "(sleep 2; adeos-test panic) > /dev/null 2>&1 &" ; at 0 freeze 5000'
check "is noticed afterwards" wait_for 5 state_is 1 panicked
check "the other goes on" eval 'runs 2 && pings 0 2'
check "both go" eval 'stop 1 && stop 2'
check "root has everything again" eval 'nothing_held && root_is_back'
check "root's log is quiet" log_is_quiet
finish
