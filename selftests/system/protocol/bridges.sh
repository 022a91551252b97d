#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# vm: -c 6 -m 2G -t 400
#
# Bridges through /dev/bridge: between root and a vnode, between two vnodes, between 6.12
# and 6.1; permissions; death of a process or a kernel; compaction.

# shellcheck disable=SC2317 # check and wait_for call the functions
# shellcheck source=selftests/system/lib/adeos.sh
. /selftests/lib/adeos.sh

OLD=$(echo /boot/vmlinuz-6.1.*)

# ---- commands here and there ----

on() { # ID COMMAND...
	local id="$1"

	shift
	if [ "$id" -eq 0 ]; then
		sh -c "$*"
	else
		vsh "$id" "$*"
	fi
}

exists() { # NAME
	awk -v name="$1" '$3 == name && $7 == "live" { found = 1 } END { exit !found }' "$SYSFS/bridges"
}

is_gone() { # NAME: no longer listed, in any state
	! awk '{ print $3 }' "$SYSFS/bridges" | grep -qx "$1"
}

used_by() { # NAME SLOTS
	awk -v name="$1" -v slots="$2" '$3 == name && $8 == slots { found = 1 } END { exit !found }' "$SYSFS/bridges"
}

# Holds the bridge until the process is killed or its kernel dies.
make() { # ID NAME SIZE [OPTION...]
	local id="$1" name="$2"

	shift
	on "$id" "bridge create $* > /dev/null 2>&1 & echo \$! > /tmp/maker.$name" && wait_for 10 exists "$name"
}

kill_maker() { # ID NAME
	on "$1" "kill -9 \$(cat /tmp/maker.$2)"
}

unmake() { # ID NAME
	kill_maker "$1" "$2" && wait_for 10 is_gone "$2"
}

# ---- what is tested ----

# Copies a program to the vnode over a bridge.
carry() { # PROGRAM ID
	local size

	size=$((($(stat -L -c %s "$(command -v "$1")") + 4095) / 4096 * 4096))
	make 0 cargo "$size" || return 1
	bridge write cargo < "$(command -v "$1")" || return 1
	vsh "$2" "bridge cat cargo > /bin/$1 && chmod +x /bin/$1" || return 1
	unmake 0 cargo
}

said() { # FROM TO: TO writes, FROM reads just that, and no byte of earlier contents
	make "$1" "talk.$1" 8192 || return 1
	on "$2" "yes | head -c 100 | bridge write talk.$1; echo 'from $2 to $1' | bridge write talk.$1" || return 1
	echo "from $2 to $1" > /tmp/said
	on "$1" "bridge cat talk.$1" | cmp /tmp/said - || return 1
	unmake "$1" "talk.$1"
}

# README's example, unchanged.
said_as_in_readme() {
	local creator status=0

	bridge create hello 4K < /dev/null > /tmp/created 2>&1 &
	creator=$!
	wait_for 10 exists hello || return 1
	# shellcheck disable=SC2016 # expanded in the vnode
	vsh 1 'echo Hi from $(cat /sys/kernel/adeos/name) | bridge write hello' || status=1
	bridge cat hello > /tmp/hello || status=1
	kill "$creator" && wait_for 10 is_gone hello || status=1
	echo "Hi from vnode1" | cmp - /tmp/hello && [ ! -s /tmp/created ] && return "$status"
}

# WAITER waits before RINGER rings.
rung() { # WAITER RINGER
	make "$1" "bell.$1" 4096 || return 1
	on "$1" "bridge-act eventfd bell.$1 5" > /tmp/rung &
	wait_for 10 grep -q waiting /tmp/rung
	on "$2" "for i in 1 2 3 4 5; do bridge ring bell.$1; done" || return 1
	wait $! || { cat /tmp/rung; return 1; }
	unmake "$1" "bell.$1"
}

opens() { # ANSWER ID UID GID NAME ro|rw
	local want="$1" got

	shift
	got=$(on "$1" "bridge-act open-as $2 $3 $4 $5")
	[ "$got" = "$want" ] || { echo "vnode $1, uid $2, gid $3, $4 $5: $got, not $want"; return 1; }
}

# Owner and group of "mine" are 0; those of "theirs" too, but mode bits are for others.
permissions() { # ID
	opens ok "$1" 0 0 mine rw && opens EACCES "$1" 1000 1000 mine ro &&
		opens ok "$1" 1000 0 mine ro && opens EACCES "$1" 1000 0 mine rw &&
		opens ok "$1" 1000 1000 theirs ro && opens EACCES "$1" 1000 1000 theirs rw
}

# Only vnode 1 is on the list of "listed"; the name "local" is known in root only.
access() {
	opens ok 0 0 0 listed rw && opens ok 1 0 0 listed ro && opens EACCES 2 0 0 listed ro &&
		opens ok 0 0 0 local ro && opens ENOENT 1 0 0 local ro
}

names_clash() { # ID: with the bridge "mine" of root
	[ "$(on "$1" 'bridge create mine 4096 2>&1')" = "bridge: mine: File exists" ]
}

whole_output() {
	[ "$(vsh 1 'dd if=/dev/zero bs=1M count=8 2> /dev/null' | wc -c)" -eq 8388608 ]
}

# The owner's data outlives the owner.
witnessed() { # OWNER WITNESS HOW...: HOW ends the owner
	local owner="$1" witness="$2"

	shift 2
	make "$owner" will 65536 || return 1
	on "$owner" 'head -c 65536 /dev/zero | tr "\0" w | bridge write will' || return 1
	on "$witness" "bridge-act witness will 119" > /tmp/witness &
	wait_for 10 grep -q watching /tmp/witness || return 1
	"$@" || return 1
	wait $! || { cat /tmp/witness; return 1; }
	grep -q revoked /tmp/witness && wait_for 10 is_gone will
}

# Processes are killed while they create, hold, map or ring.
killed_at_any_moment() { # ID
	local i

	for i in 0 1 2 3 4 5 6 7 8 9; do
		on "$1" "bridge-test calls > /dev/null 2>&1 & bridge-test limits > /dev/null 2>&1 &
			 usleep $((i * 37000)); killall -9 bridge-test; wait" || return 1
	done
}

pool() { # free|largest
	awk -v what="$1" '$1 == "free" { for (i = 1; i < NF; i += 2) if ($i == what) print $(i + 1) }' "$SYSFS/bridges"
}

# Free bytes and number of bridges without those of vsh, which come and go.
pool_of_others() {
	awk '$1 == "free" || $3 ~ /^vsh\./ { free += $1 == "free" ? $2 : $5; next }
		{ nr++ } END { print free, nr + 0 }' "$SYSFS/bridges"
}

remember_pool() {
	pool_of_others > /tmp/pool
}

pool_is_back() {
	pool_same() {
		[ "$(pool_of_others)" = "$(cat /tmp/pool)" ]
	}
	wait_for 10 pool_same || { cat /tmp/pool "$SYSFS/bridges"; return 1; }
}

# Compaction moves transient bridges while bridge-act writes and reads them. Root waits
# 100 ms at most; the rest of the limit is for the copy, and for a slow host.
compacted() {
	local i wearers='' status=0

	for i in 1 2 3 4; do
		make 0 "hole.$i" 524288 || return 1
		make $((i % 3)) "worn.$i" 262144 --transient || return 1
	done
	for i in 1 2 3 4; do
		on 0 "bridge-act wear worn.$i 0" > "/tmp/wear.0.$i" 2>&1 &
		wearers="$wearers $!"
		on 1 "bridge-act wear worn.$i 1" > "/tmp/wear.1.$i" 2>&1 &
		wearers="$wearers $!"
		on 2 "bridge-act wear worn.$i 63" > "/tmp/wear.2.$i" 2>&1 &
		wearers="$wearers $!"
	done
	wait_for 60 all_worn || status=1
	for i in 1 2 3 4; do
		unmake 0 "hole.$i" || status=1
		bridge compact | tee -a /tmp/compact || status=1
	done
	for i in 1 2 3 4; do
		on 0 "bridge-act rest worn.$i" || status=1
	done
	for i in $wearers; do
		wait "$i" || status=1
	done
	cat /tmp/wear.*
	[ "$(awk '{ sum += $2 } END { print sum }' /tmp/compact)" -ge $((4 * 262144)) ] || status=1
	awk '$4 > 400000000 { exit 1 }' /tmp/compact || { echo "frozen for too long"; status=1; }
	# bridges of vsh come and go in between
	wait_for 10 one_piece || { echo "not in one piece"; cat "$SYSFS/bridges"; status=1; }
	for i in 1 2 3 4; do
		unmake $((i % 3)) "worn.$i" || status=1
	done
	return "$status"
}

one_piece() {
	bridge compact > /dev/null
	[ "$(pool free)" -eq "$(pool largest)" ]
}

# Root and both vnodes have the bridge open.
all_worn() {
	[ "$(awk '$3 ~ /^worn/ && $8 == "0x7" { n++ } END { print n + 0 }' "$SYSFS/bridges")" -eq 4 ]
}

# Root answers after the vnode has given up.
answered_late() {
	vsh 1 '(usleep 500000; bridge create late 4096) > /tmp/late 2>&1 &' || return 1
	adeos-test freeze 11500 || return 1
	wait_for 10 vsh 1 'grep -q . /tmp/late'
	[ "$(vsh 1 cat /tmp/late)" = "bridge: late: Connection timed out" ] || { vsh 1 cat /tmp/late; return 1; }
	is_gone late && make 1 late 4096 && unmake 1 late
}

# A vnode that is frozen for longer than root waits cannot let go of the bridge.
keeps_it_once() {
	make 0 below 65536 && make 0 kept 65536 --transient || return 1
	vsh 1 'bridge wait kept --timeout=20' > /dev/null &
	wait_for 10 used_by kept 0x3 || return 1
	unmake 0 below || return 1
	vsh 1 'adeos-test freeze 1 && adeos-test freeze 500' > /dev/null &
	usleep 250000
	bridge compact > /tmp/kept
	cat /tmp/kept
	wait
	awk '{ exit !($2 == 0 && $4 > 90000000 && $4 < 400000000) }' /tmp/kept || return 1
	bridge compact | tee /tmp/kept
	awk '{ exit !($2 == 65536) }' /tmp/kept && unmake 0 kept
}

# On a slow host the vnode may run again before root asks.
keeps_it() {
	local tries=0

	until keeps_it_once; do
		tries=$((tries + 1))
		[ "$tries" -lt 5 ] || return 1
		unmake 0 below > /dev/null 2>&1
		unmake 0 kept > /dev/null 2>&1
	done
}

no_bridges() {
	! grep -v ^free "$SYSFS/bridges"
}

dies_of_panic() { # ID
	vsh -t 5 "$1" 'adeos-test panic' > /dev/null 2>&1
	true
}

killed_under_vsh() {
	vsh 1 'echo begun; sleep 20' > /tmp/begun &
	wait_for 10 grep begun /tmp/begun && stop 1 && exits_with 125 wait $!
}

plan 42
log_begin
remember_root
remember_pool
check "root: bad calls have their errno" bridge-test errors
check "root: mappings, doorbells, states" bridge-test calls
check "root: limits" bridge-test limits
check "root: pinned pages" bridge-test pins
check "root: nothing is left" pool_is_back

check "vnode 1 is up" up 1 2 320M
KERNEL=$OLD
check "vnode 2 is up, an older kernel" up 2 3 320M
KERNEL=/boot/vmlinuz
remember_pool
check "a command's output of 8 MiB comes whole" whole_output
check "and its status" exits_with 7 vsh 1 exit 7
check "it ends with who asked for it" eval 'exits_with 124 vsh -t 2 1 "sleep 1234" &&
	wait_for 5 vsh 1 "! pgrep -f 1234 | grep -v \$\$"'
for id in 1 2; do
	check "vnode $id gets programs over a bridge" eval "carry bridge-test $id && carry bridge-act $id"
	check "vnode $id: bad calls" vsh $id bridge-test errors
	check "vnode $id: mappings, doorbells, states" vsh $id bridge-test calls
	check "vnode $id: limits" vsh $id bridge-test limits
	check "vnode $id: no page can be pinned" vsh $id bridge-test no-pins
done
for pair in '0 1' '1 0' '1 2' '2 1'; do
	# shellcheck disable=SC2086 # two words
	check "memory and doorbell: $pair" eval "said $pair && rung $pair"
done
check "README's example prints its greeting and nothing else" said_as_in_readme

make 0 mine 4096 --mode=640
make 0 theirs 4096 --mode=604
make 0 listed 4096 --access=1
make 0 local 4096 --local
check "owner, group and others, in root and in vnodes" eval 'permissions 0 && permissions 1 && permissions 2'
check "vnodes' rights, local names" access
check "a name that another vnode has" eval 'names_clash 1 && names_clash 0'
for name in mine theirs listed local; do
	unmake 0 $name
done
check "an owner that is killed: its memory is read on" witnessed 0 1 kill_maker 0 will
check "in a vnode, for another" witnessed 1 2 kill_maker 1 will
check "processes killed at any moment leave nothing" \
	eval 'killed_at_any_moment 0 && killed_at_any_moment 1 && killed_at_any_moment 2 && pool_is_back'
check "bridges are moved while they are used" compacted
check "one that is not let go of stays" keeps_it
check "one that root made too late is not kept" answered_late
check "nothing is left" pool_is_back

check "an owner whose kernel panics: its memory is read on" witnessed 1 2 dies_of_panic 1
check "another kernel comes in its place" eval 'stop 1 && up 1 2 320M'
check "vsh tells that a vnode has died" killed_under_vsh
check "all are stopped" stop 2
check "no bridge is left" wait_for 5 no_bridges
check "root is back" root_is_back
check "root's log is quiet" log_is_quiet
finish
