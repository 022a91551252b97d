#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# vm: -c 4 -m 1G -t 200
#
# The interface for programs: /sys/class/vnode, uevents, poll(), JSON, exit statuses; names
# in place of ids; separate load and start; the wait of a start; claims, each of which only
# one vnode can have.

# shellcheck disable=SC2317 # check and wait_for call the functions
# shellcheck source=selftests/system/lib/vnode.sh
. /selftests/lib/vnode.sh

SYS=/sys/class/vnode/web
VNIC=/lib/modules/$(uname -r)/vnic.ko

# "add free" and so on, as they were sent
events() {
	awk -F = '$1 == "ACTION" { action = $2 }
		  $1 == "DEVPATH" { ours = $2 ~ /\/vnode\/web$/ }
		  $1 == "VNODE_ID" { id = $2 }
		  $1 == "VNODE_STATE" && ours { print action, id, $2 }' /tmp/uevents
}

event_came() { # LINE
	events | grep -qx "$1"
}

events_are() { # LINES
	events | diff - "$1"
}

is_json() { # COMMAND...
	"$@" | json-check
}

is_row() { # JSON-TEXT: in --vnode-list
	kexec --vnode-list --json | grep -qF "$1"
}

fd_stays_open() { # ID: reads of an open memory descriptor fail once the vnode is gone
	vnode-ctl count "$1" > /dev/null
}

# Runs COMMAND, which must fail and say in one line what matches PATTERN.
fails_saying() { # PATTERN COMMAND...
	local pattern="$1" status=0

	shift
	"$@" > /tmp/out 2> /tmp/err || status=$?
	cat /tmp/out /tmp/err
	[ "$status" -eq 1 ] && [ "$(wc -l < /tmp/err)" -eq 1 ] && grep -qE "^kexec: .*($pattern)" /tmp/err
}

# Its status, for people, has a line that matches PATTERN.
shows() { # ID PATTERN
	kexec --vnode="$1" -S > /tmp/shown
	cat /tmp/shown
	grep -qE "$2" /tmp/shown
}

spin() { # OPTION...: a kernel that never says that it runs
	kexec --vnode=3 --cpus=1 --mem=16M "$@" /tmp/spin
}

claims() { # ANSWER TEXT...: what GRANT says to these claims of a vnode 8
	local want="$1"

	shift
	vnode-ctl claim 8 2 "$@" > /tmp/answer
	cat /tmp/answer
	[ "$(cat /tmp/answer)" = "$want" ]
}

# As kexec does not write them; the longest one is one.
claims_are_checked() {
	claims 'EINVAL -1' 'a b' && claims 'EINVAL -1' "$(printf 'a\001')" && claims 'EINVAL -1' "$(printf '\177')" &&
		claims 'EINVAL -1' "$(printf 'a\344')" && claims 'EINVAL -1 -1' a 123456789012345678901234567890123456 &&
		claims granted a 12345678901234567890123456789012345 && claims granted a a && claims granted ''
}

# A kernel that is never on the network that it was given; vnode ID has CPU ID.
with_mac() { # ID NETWORK MAC [OPTION...]
	local id="$1" net="$2,mac=$3"

	shift 3
	kexec --vnode="$id" --cpus="$id" --mem=16M --boot-limit=0 --net="$net" "$@" /tmp/spin
}

is_given() { # MAC ID COMMAND...: which is refused, since vnode ID has it on vnet0
	local mac="$1" id="$2"

	shift 2
	exits_with 5 "$@" 2> /tmp/err && cat /tmp/err &&
		grep -qx "kexec: --net=vnet0: mac $mac is given to vnode $id already: give another with --net=vnet0,mac=" /tmp/err
}

# Two starts, of which one has it, whichever that is; the other leaves nothing behind.
at_once() {
	local first=0 second=0 won=1 lost=2 pid

	with_mac 1 vnet0 "$MAC" > /tmp/out.1 2> /tmp/err.1 &
	pid=$!
	with_mac 2 vnet0 "$MAC" > /tmp/out.2 2> /tmp/err.2 || second=$?
	wait "$pid" || first=$?
	cat /tmp/out.1 /tmp/err.1 /tmp/out.2 /tmp/err.2
	[ "$first" -eq 0 ] || { won=2 lost=1; }
	echo "exit status $first and $second"
	[ "$first $second" = "0 5" ] || [ "$first $second" = "5 0" ] || return 1
	echo "vnode $won has won"
	grep -q "mac $MAC is given to vnode $won already" "/tmp/err.$lost" && state_is "$won" booting &&
		exits_with 4 kexec --vnode="$lost" -S && kexec --vnode="$won" -u --force
}

uevent > /tmp/uevents 2>&1 &
listener=$!
# It has no way to say that it listens: make noise until some of it arrives.
noise() {
	echo change > /sys/class/mem/null/uevent
	grep -q DEVNAME=null /tmp/uevents
}
wait_for 20 noise || bail "the uevent listener does not work"

tiny-kernel cli > /tmp/spin
plan 96
remember_root
log_begin

check "no vnode: -S says so" exits_with 4 kexec --vnode=7 -S
check "no vnode: by name too" exits_with 4 kexec --vnode=web -S
check "no vnode: -u says so" exits_with 4 kexec --vnode=7 -u
check "no vnode: -e says so" exits_with 4 kexec --vnode=7 -e
check "no vnode: --log says so" exits_with 4 kexec --vnode=7 --log
check "the list is JSON" is_json kexec --vnode-list --json
check "root alone" test "$(kexec --vnode-list --json | grep -c '"id"')" = 1

check "-l loads" kexec --vnode=7 --name=web --cpus=3,1 --boot-cpu=3 --mem=16M \
	--boot-limit=0 -l /tmp/spin
check "sysfs: id" test "$(cat $SYS/id)" = 7
check "sysfs: state" test "$(cat $SYS/state)" = loaded
check "sysfs: CPUs, the boot CPU first" test "$(cat $SYS/cpus)" = 3,1
check "sysfs: memory" test "$(cat $SYS/memory)" = "$(printf '%#x %#x' "$(field 7 mem_base)" 16777216)"
check "sysfs: nothing can be written" \
	test "$(cd $SYS && stat -c %a id state cpus memory | sort -u)" = 444
check "loaded: -S exits with 3" exits_with 3 kexec --vnode=web -S
check "-S is JSON" is_json eval 'kexec --vnode=web -S --json || true'
check "its memory can be read" fd_stays_open 7
check "it is in the list" is_row '"id": 7, "name": "web", "state": "loaded"'
check "a second load is refused: the id is in use" \
	exits_with 5 kexec --vnode=7 --cpus=2 --mem=16M /tmp/spin
check "and so is the name" exits_with 5 kexec --vnode=8 --name=web --cpus=2 --mem=16M /tmp/spin
check "and so is the CPU" exits_with 5 kexec --vnode=8 --cpus=3 --mem=16M /tmp/spin
check "CPU 2 is still root's" test "$(cpus_online)" = 0,2

check "nothing has ended" test "$(field 7 cause)" = none
check "-e starts it, by name" kexec --vnode=web -e --wait=0
alive() { [ "$(vnode-ctl beats 7)" -gt 100 ]; }
check "it runs" wait_for 20 alive
check "sysfs: state" test "$(cat $SYS/state)" = booting
check "booting: -S exits with 0" exits_with 0 kexec --vnode=web -S
check "-e again is refused" exits_with 1 kexec --vnode=web -e
check "it is still alive" alive
check "-S is JSON" is_json kexec --vnode=web -S --json
check "the list is JSON" is_json kexec --vnode-list --json
check "the boot CPU is 3" test "$(field 7 boot_apicid)" = 3

vnode-ctl event 30 > /tmp/event &
poller=$!
check "poll: waits" wait_for 20 grep -q ready /tmp/event
check "poll: no change, no event" test "$(cat /tmp/event)" = ready
check "STOP" vnode-ctl stop 7
check "poll: the change is an event" wait $poller
check "stopped: -S exits with 3" exits_with 3 kexec --vnode=7 -S
check "stopped: -S is JSON" is_json eval 'kexec --vnode=7 -S --json || true'
check "stopped: the cause" test "$(field 7 cause)" = stop
check "stopped: the cause is in the list" is_row '"uptime": null, "restarts": 0, "cause": "stop"'
check "stopped: people see it too" shows 7 '^end: +stop, 20[0-9-]* [0-9:]* \([0-9.]*s ago\)'
check "a stopped one does not start" exits_with 1 kexec --vnode=7 -e
check "-u gives it back, by name" kexec --vnode=web -u
check "sysfs: gone" test ! -e $SYS
check "-S exits with 4" exits_with 4 kexec --vnode=7 -S

cat > /tmp/expected <<END
add 7 granted
change 7 loaded
change 7 booting
change 7 stopped
END
check "uevents: the last one comes" wait_for 20 event_came 'remove 7 .*'
events | grep -v ^remove > /tmp/events
check "uevents: one for each change of state, in order" diff /tmp/expected /tmp/events
check "uevents: and one at the end" test "$(events | grep -c '^remove 7 ')" = 1
kill $listener

# What a start waits for: a kernel that has no nanokernel does not say that it runs.
check "the wait is over first" fails_saying 'vnode 3 still boots after 0.5 s' spin --wait=0.5
check "and it boots on" state_is 3 booting
check "-u says that it cannot be asked, and returns it" kexec --vnode=3 -u
check "the boot limit is over first" \
	fails_saying 'vnode 3 did not attach within its boot limit.* --log' spin --boot-limit=1
check "and it is as it was" state_is 3 hung
check "with its cause" test "$(field 3 cause)" = no-hello
check "-S exits with 3" exits_with 3 kexec --vnode=3 -S
check "-S is JSON" is_json eval 'kexec --vnode=3 -S --json || true'
check "-u of a dead one says nothing" stop_orderly 3
check "without a limit there is no wait" spin --boot-limit=0
check "-u --force" kexec --vnode=3 -u --force
check "a start waits for restarts, too" \
	fails_saying 'vnode 3 did not attach .*, after 2 restarts' \
	spin --boot-limit=0.5 --wait=30 --restart=on-failure:2
check "which are counted" test "$(field 3 restarts)" = 2
check "-u returns it" stop_orderly 3
check "-l, for a restart" spin --boot-limit=0.5 --restart=on-failure -l
check "-e does not wait for restarts" fails_saying 'vnode 3 (did not attach|still boots)' \
	kexec --vnode=3 -e --wait=0.8
check "-u in the middle of them" kexec --vnode=3 -u

# A MAC is one vnode's from its grant on, long before anybody can see it on the network.
MAC=02:00:00:00:00:ab
check "claims: what is none is refused" claims_are_checked
check "root is on two networks" insmod "$VNIC" net='vnet0;lab'
check "a MAC is given to a vnode that is only loaded" with_mac 3 vnet0 $MAC -l
check "and to no other" is_given $MAC 3 with_mac 1 vnet0 $MAC
check "however it is written" is_given $MAC 3 with_mac 1 vnet0 02:00:00:00:00:AB -l
check "as GRANT says of each claim" claims 'EADDRINUSE 0 3 0' vnet0 vnet0,$MAC vnet0,$MAC,
check "nothing was taken for them" test "$(cpus_online)" = 0-2
check "on another network it is another's" eval "with_mac 1 lab $MAC -l && kexec --vnode=1 -u"
check "it stays given while it boots" eval "kexec --vnode=3 -e --wait=0 && is_given $MAC 3 with_mac 1 vnet0 $MAC"
check "and when it was stopped" eval "vnode-ctl stop 3 && is_given $MAC 3 with_mac 1 vnet0 $MAC"
check "it is free again with -u" eval "kexec --vnode=3 -u && with_mac 1 vnet0 $MAC -l"
check "and the other way round" is_given $MAC 1 with_mac 3 vnet0 $MAC
check "-u of that one" kexec --vnode=1 -u
for round in 1 2 3; do
	check "two that start at once: one is refused ($round)" at_once
done
check "without --net a MAC is made" eval 'kexec --vnode=1 --cpus=1 --mem=16M --dry-run /tmp/spin > /tmp/dry &&
	kexec --vnode=1 --cpus=1 --mem=16M -l /tmp/spin'
MAC=$(grep -o 'vnic.net=vnet0,mac=.*' /tmp/dry | cut -c 20-36)
check "that one is given, too" is_given "$MAC" 1 with_mac 3 vnet0 "$MAC"
check "-u, and root leaves its networks" eval 'kexec --vnode=1 -u && rmmod vnic'

# A Linux that has our nanokernel tells its release; its name is the default one.
check "a Linux vnode is waited for" eval 'start 2 2 192M --wait=90 > /tmp/started'
check "and then it runs" state_is 2 running
check "which is said" \
	grep -qx "vnode2: running, $(uname -r), attached after [0-9]* ms" /tmp/started
check "as the phases are" grep -q '^vnode2: phases: plan .* attach [0-9.]* ms' /tmp/started
check "it is attached" test "$(field 2 attached)" = true
check "comes up" comes_up 2 1
check "is called vnode2, and runs" is_row '"name": "vnode2", "state": "running"'
check "tells its release" test "$(field 2 release)" = "$(uname -r)"
check "-u shuts it down" stop_orderly vnode2 --timeout=60
check "-e waits too: it is loaded" start 2 2 192M -l
check "and started" eval 'kexec --vnode=2 -e > /tmp/started'
check "and runs" grep -q '^vnode 2: running, ' /tmp/started
stop vnode2
check "root has everything again, its log is quiet" eval 'root_is_back && log_is_quiet'
finish
