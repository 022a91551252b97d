#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# vm: -c 6 -m 2G -t 400
#
# [COUNT]: portals between root and vnodes, between vnodes, between 6.12 and 6.1. No
# raise is lost: each is numbered, and the last number must be seen.

# shellcheck disable=SC2317 # check and wait_for call the functions
# shellcheck source=selftests/system/lib/adeos.sh
. /selftests/lib/adeos.sh

raises=${1:-50000}
# while the portal is moved, when each takes a hundred times as long: see raise_during
moved_raises=$((raises < 100000 ? raises / 10 : 10000))
AT_S=$((60 + raises / 1000))
OLD=$(echo /boot/vmlinuz-6.1.*)

# ---- all to all ----

raise_all() {
	local from to

	for to in 0 1 2; do
		at "$to" portal in grant=all || return 1
	done
	for from in 0 1 2; do
		for to in 0 1 2; do
			[ "$from" = "$to" ] || at "$from" raise "$to" in 1 || return 1
		done
	done
}

# Each receiver knows the sender.
all_arrived() {
	local from to

	for to in 0 1 2; do
		at "$to" count in > /tmp/count
		cat /tmp/count
		for from in 0 1 2; do
			[ "$from" = "$to" ] || [ "$(value "slot$(slot_of "$from")" < /tmp/count)" = 1 ] || return 1
		done
	done
}

# ---- numbered raises ----

# Sender and receiver count in a shared page.
meet() { # OWNER RAISER
	at "$1" bridge "seq.$1" && at "$1" portal "seq.$1" grant="$2" && at "$1" stamp "seq.$1" "seq.$1" &&
		at "$2" open "seq.$1"
}

seen() { # OWNER RAISER [OPTION]
	at "$2" raise "$1" "seq.$1" "$raises" bridge="seq.$1" "${3:-}" && return
	# what has become of the one that is missing?
	sysfs "$1" counters
	sysfs "$1" portals
	at "$1" count "seq.$1"
	return 1
}

part() { # OWNER RAISER
	at "$1" close "seq.$1" && at "$2" unbridge "seq.$1" && at "$1" unbridge "seq.$1"
}

# During COMMAND, whatever its result. With one thread for all emulated CPUs each raise then
# takes a hundred times as long.
raise_during() { # FROM TO COMMAND...
	local from="$1" to="$2" pid status=0

	shift 2
	"$@" > /tmp/during.out 2>&1 &
	pid=$!
	at "$from" raise "$to" "seq.$to" "$moved_raises" bridge="seq.$to" > /tmp/raise.out || status=1
	kill "$pid" 2> /dev/null
	wait "$pid" 2> /dev/null
	cat /tmp/raise.out
	at "$from" raise "$to" "seq.$to" 200 bridge="seq.$to" step=1 gap=100 || status=1
	return "$status"
}

affinity_moves() { # ID CPU...
	local id="$1" irq cpu

	irq=$(sysfs "$id" portals | awk -v name="seq.$id" '$2 == name { print $3 }')
	shift
	while :; do
		for cpu; do
			vsh "$id" "echo $cpu > /proc/irq/$irq/smp_affinity_list" || return 1
		done
	done
}

moves_and_loses_nothing() { # RAISER OWNER CPU...
	local from="$1" to="$2"

	shift 2
	raise_during "$from" "$to" affinity_moves "$to" "$@" || return 1
	! grep -i error /tmp/during.out
}

# ---- permissions ----

many_portals() {
	local n=0

	while at 0 portal many."$n" > /tmp/many; do
		n=$((n + 1))
		[ "$n" -lt 100 ] || return 1
	done
	cat /tmp/many
	echo "$n portals"
	grep -qx 'error -ENOSPC' /tmp/many || return 1
	while [ "$n" -gt 0 ]; do
		n=$((n - 1))
		at 0 close many."$n" || return 1
	done
}

# Vnode 2 bypasses its own nanokernel and raises a portal that is not granted to it.
force_is_no_use() { # OPTION...
	local foreign

	at 0 portal closed grant=1 "$@" || return 1
	foreign=$(counter 0 portals_foreign)
	at 2 force 0 closed 10 || return 1
	more_foreign() { [ "$(counter 0 portals_foreign)" -gt "$foreign" ]; }
	wait_for 5 more_foreign && at 1 raise 0 closed 1 && wait_for 5 at_least 1 interrupts 0 count closed &&
		at 0 count closed > /tmp/count && ! grep "slot$(slot_of 2)" /tmp/count && at 0 close closed
}

# ---- NMI, floods ----

# CPU 1 of vnode 1 has interrupts off, for less than the hang limit, while root raises.
closed_cpu() { # PORTAL
	vsh 1 "adeos-test irqsoff $1 1 500" > /tmp/irqsoff &
	while [ -e /proc/$! ]; do
		at 0 raise 1 "$1" 10 gap=1000 || return 1
	done
	wait $!
	cat /tmp/irqsoff
}

flood_is_named() {
	local floods

	floods=$(counter 0 floods)
	echo 2000 > /sys/module/adeos_lite/parameters/flood
	at 0 portal flooded grant=1
	at 1 flood 0 flooded 1500
	echo 100000 > /sys/module/adeos_lite/parameters/flood
	at 0 close flooded
	dmesg | grep 'vnode1 floods portal "flooded"' && [ "$(counter 0 floods)" -gt "$floods" ]
}

stops_while_it_floods() {
	at 0 portal flooded grant=1
	end_by 1 adeos-test flood 0 flooded 20000
	wait_for 10 at_least 100 interrupts 0 count flooded && stop 1 && at 0 close flooded
}

plan 55
remember_root
log_begin
remember_adeos
check "vnode 1, of this kernel, with two CPUs" up 1 1-2 256M
KERNEL=$OLD
check "vnode 2, of 6.1, with two CPUs" up 2 3-4 256M
check "everybody raises everybody" raise_all
check "each raise arrives, from who raised it" wait_for 5 all_arrived
check "it is in root's /proc/interrupts" grep -q 'adeos:in' /proc/interrupts
check "it is in vnode 1's" vsh 1 grep -q adeos:in /proc/interrupts
check "it is in vnode 2's" vsh 2 grep -q adeos:in /proc/interrupts

for pair in "1 0" "0 1" "2 1" "1 2"; do
	owner=${pair% *} raiser=${pair#* }
	check "portal of $owner for $raiser" meet "$owner" "$raiser"
	check "$raises raises, one as soon as the other: the last is seen" seen "$owner" "$raiser"
	check "as many, each waited for" seen "$owner" "$raiser" step=1
	[ "$owner" -eq 0 ] || check "the portal is moved meanwhile, and none is lost" \
		moves_and_loses_nothing "$raiser" "$owner" 0 1
	check "it goes" part "$owner" "$raiser"
done

check "portal of vnode 1 for root again" meet 1 0
check "raised while both kernels have other work" raise_during 0 1 ipi-load 5
check "it goes" part 1 0

check "no portal of that name: ENOENT" at_fails ENOENT 0 raise 1 nobody 1
check "no vnode of that id: ENODEV" at_fails ENODEV 0 raise 77 in 1
check "a portal that is not granted: EACCES" eval 'at 1 portal mine && at_fails EACCES 0 raise 1 mine 1'
check "granted to root alone" eval 'at 1 grant mine 0 && at 0 raise 1 mine 1 && at_fails EACCES 2 raise 1 mine 1'
check "revoked: EACCES" eval 'at 1 revoke mine 0 && at_fails EACCES 0 raise 1 mine 1'
check "raised by who may not, in spite of that: nothing comes of it" force_is_no_use
check "nor of an urgent one" force_is_no_use urgent
check "closed: ENOENT" eval 'at 1 close mine && at_fails ENOENT 0 raise 1 mine 1'
check "closed twice: ENOENT" at_fails ENOENT 1 close mine
check "a name with other characters: EINVAL" at_fails EINVAL 0 portal 'a*b'
check "a name that is too long: ENAMETOOLONG" at_fails ENAMETOOLONG 0 portal 0123456789012345678901234567890123
check "a name that is there: EEXIST" at_fails EEXIST 0 portal in
check "a CPU that is not: EINVAL" at_fails EINVAL 0 portal cpu cpu=99
check "too many: ENOSPC" many_portals

check "a portal on a CPU with interrupts off" eval 'at 1 portal plain cpu=1 grant=all && closed_cpu plain'
check "is not interrupted until they are on" grep -qx 'during 0' /tmp/irqsoff
check "but then" wait_for 5 at_least 1 interrupts 1 count plain
check "an urgent one" eval 'at 1 portal urgent cpu=1 urgent grant=all && closed_cpu urgent'
check "is, by NMI" not grep -qx 'during 0' /tmp/irqsoff
check "a flood is named in root's log" flood_is_named
check "a vnode that floods can be stopped" stops_while_it_floods
check "vnode 2 goes on" pings 2 0
check "it goes" stop 2
at 0 close in > /dev/null
check "no member, bridge or portal is left" nothing_held
check "root has everything again" root_is_back
check "root's log is quiet" log_is_quiet
finish
