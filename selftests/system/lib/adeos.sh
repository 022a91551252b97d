# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# For tests of adeos-lite and of vnodes that run it: commands of the module adeos-test,
# in root and in vnodes, and what the nanokernel shows in sysfs.

# shellcheck source=selftests/system/lib/vnode.sh
. /selftests/lib/vnode.sh

SYSFS=/sys/kernel/adeos
# Seconds that a command in a vnode may take.
AT_S=60

at() { # ID COMMAND...: runs adeos-test, in root if ID is 0
	local id="$1"

	shift
	if [ "$id" -eq 0 ]; then
		adeos-test "$@"
	else
		vsh -t "$AT_S" "$id" adeos-test "$@"
	fi
}

at_fails() { # ERRNO-NAME ID COMMAND...
	local want="$1"

	shift
	at "$@" > /tmp/at.out && { cat /tmp/at.out; echo "at $*: no error"; return 1; }
	cat /tmp/at.out
	grep -qx "error -$want" /tmp/at.out
}

value() { # WORD: the word after WORD in the input
	awk -v word="$1" '{ for (i = 1; i < NF; i++) if ($i == word) { print $(i + 1); exit } }'
}

at_value() { # WORD ID COMMAND...
	local word="$1"

	shift
	at "$@" | value "$word"
}

at_least() { # MIN WORD ID COMMAND...: the number after WORD is MIN or more
	local min="$1" word="$2" found

	shift 2
	found=$(at_value "$word" "$@")
	echo "$word ${found:-none}, wanted $min or more"
	[ "${found:-0}" -ge "$min" ]
}

at_says() { # WORD VALUE ID COMMAND...
	local word="$1" want="$2" found

	shift 2
	found=$(at_value "$word" "$@")
	echo "$word ${found:-none}, wanted $want"
	[ "$found" = "$want" ]
}

sysfs() { # ID FILE: of the nanokernel of ID
	if [ "$1" -eq 0 ]; then
		cat "$SYSFS/$2"
	else
		vsh "$1" cat "$SYSFS/$2"
	fi
}

counter() { # ID NAME
	sysfs "$1" counters | value "$2"
}

slot_of() { # ID: in root's list of members
	awk -v id="$1" '$2 == id { print $1 }' $SYSFS/members
}

is_member() { # ID
	[ -n "$(slot_of "$1")" ]
}

# The vnode's init serves commands.
answers() { # ID
	wait_for 30 vsh -t 5 "$1" true
}

# Starts a vnode and waits until its init serves commands.
up() { # ID CPUS MEM [OPTION...]
	start "$@" && comes_up "$1" "$(count_cpus "$2")" && answers "$1"
}

# Starts all of $IDS, each on the CPU of its number, the images taken in turn, with
# $START_OPTION if it is set.
start_by_turns() { # IMAGE...
	local id

	for id in $IDS; do
		KERNEL=$1
		shift
		set -- "$@" "$KERNEL"
		start "$id" "$id" 192M ${START_OPTION:+"$START_OPTION"} > /tmp/start.out ||
			{ cat /tmp/start.out; return 1; }
	done
}

stop_all() { # ID...
	local id

	for id; do
		stop "$id" || return 1
	done
}

count_cpus() { # LIST
	local n=0 part first last

	for part in $(echo "$1" | tr ',' ' '); do
		first=${part%-*} last=${part#*-}
		n=$((n + last - first + 1))
	done
	echo $n
}

# Runs a command that ends the vnode's kernel, in the background: no answer comes.
end_by() { # ID COMMAND...
	local id="$1"

	shift
	vsh -t 10 "$id" "$@" > /dev/null 2>&1 &
}

# kexec prints one line that has PATTERN, and exits with STATUS.
refused() { # STATUS PATTERN OPTION...
	local want="$1" pattern="$2" status=0

	shift 2
	kexec "$@" > /tmp/refused 2>&1 || status=$?
	cat /tmp/refused
	echo "exit status $status"
	[ "$status" -eq "$want" ] && [ "$(wc -l < /tmp/refused)" -eq 1 ] &&
		grep -q -- "$pattern" /tmp/refused
}

pings() { # FROM TO
	at "$1" ping "$2" 3
}

# ---- vnode 1, while it is frozen or inspected ----

fails() { # STATE COMMAND: COMMAND brings vnode 1 into STATE
	end_by 1 "$2"
	wait_for 30 state_is 1 "$1"
}

spins_a_second() {
	# shellcheck disable=SC2016 # for the shell in the vnode
	vsh -t 30 1 'end=$(($(date +%s) + 2)); while [ $(date +%s) -lt $end ]; do :; done; echo on'
}

# Vnode 1 was frozen and runs on: root has not taken it for hung, its kernel complains of
# nothing, and its clock is root's.
goes_on() {
	local root vnode

	runs 1 && answers 1 && [ "$(field 1 oopses)" = 0 ] && [ "$(field 1 restarts)" = 0 ] || return 1
	root=$(date +%s)
	vnode=$(vsh 1 date +%s)
	echo "root's clock $root, the vnode's $vnode"
	[ "$vnode" -ge "$root" ] && [ "$vnode" -le $((root + 10)) ] && spins_a_second || return 1
	# Linux's own NMI handlers may seem slow where CPUs are threads: only ours counts.
	! kexec --vnode=1 --log | grep -E 'lockup|stall|NMI received|NMI handler \(nmi_handle|Dazed|WARNING|BUG'
}

# ---- what must be back once a vnode is gone ----

adeos_state() {
	cut -d ' ' -f 1-2 $SYSFS/members
	# name, owner and size; not where the free memory is
	awk '/^free/ { print "free", $2; next } { print $3, $4, $5 }' $SYSFS/bridges
	cut -d ' ' -f 1-2 $SYSFS/portals
}

# take_stock() and the amounts of what adeos-lite has, for grew_by().
take_all_stock() { # FILE
	take_stock "$1"
	{
		echo "bridges $(grep -vc '^free' $SYSFS/bridges)"
		echo "pool $(awk '/^free/ { print $2 }' $SYSFS/bridges)"
		echo "portals $(wc -l < $SYSFS/portals)"
		echo "members $(wc -l < $SYSFS/members)"
	} >> "$1"
}

remember_adeos() {
	adeos_state > /tmp/adeos.before
}

adeos_is_back() {
	adeos_same() {
		adeos_state > /tmp/adeos.after
		diff /tmp/adeos.before /tmp/adeos.after
	}
	wait_for 5 adeos_same || { adeos_same; return 1; }
}

# adeos_is_back, which shows members and bridges if not.
nothing_held() {
	adeos_is_back || { cat $SYSFS/members $SYSFS/bridges; return 1; }
}
