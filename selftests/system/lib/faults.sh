# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# A vnode dies at a numbered step of the protocol (enum adeos_fault of
# adeos-lite/fault.h, by a nanokernel of the test build); the others go on, and
# what it held is freed. Read by faults.sh and long/faults.sh.

# shellcheck source=selftests/system/lib/adeos.sh
. /selftests/lib/adeos.sh

# Steps of attaching cannot be chosen later than at load time.
AT_LOAD='HELLO_BEGUN HELLO_WRITTEN HELLO_SAID ADMITTED'
BOOT_LIMIT_S=40

fault_names() { # as the header numbers them, from 1 on
	sed -n '/^enum adeos_fault/,/^}/s/^\tFAULT_\([A-Z_]*\),.*/\1/p' /selftests/fault.h | grep -v '^NONE$'
}

fault_number() { # NAME
	fault_names | grep -nx "$1" | cut -d : -f 1
}

has_word() { # WORD LIST
	case " $2 " in
	*" $1 "*) ;;
	*) return 1 ;;
	esac
}

# ---- vnode 1, the victim ----

start_victim() { # NAME
	local params='' limit

	if has_word "$1" "$AT_LOAD"; then
		params=",fault_at=$(fault_number "$1")"
		limit=$BOOT_LIMIT_S
		[ "$1" != ADMITTED ] || limit=120
		start 1 1-2 160M --boot-limit="$limit" --append="vnode.adeos=adeos-lite-fault$params"
		return
	fi
	start 1 1-2 160M --append=vnode.adeos=adeos-lite-fault --wait=120 && answers 1 &&
		vsh 1 "echo $(fault_number "$1") > /sys/module/adeos_lite/parameters/fault_at"
}

# shellcheck disable=SC2016 # for the shell in there
# What leads to a step, apart from all that two neighbours do with each other.
provoke() { # NAME
	case $1 in
	GOODBYE_*)
		end_by 1 'touch /run/vsh.off; (sleep 1; killall vsh
			while :; do rmmod adeos_test; rmmod adeos_lite; usleep 100000; done) > /dev/null 2>&1 &' ;;
	MSG_HANDLED)
		at 0 ask 1 type=1 ms=3000 ;;
	END_*)
		end_by 1 reboot -f ;;
	BRIDGE_FROZEN | BRIDGE_LET_GO)
		at 0 bridge below size=65536
		end_by 1 '(for i in 0 1 2 3 4 5 6 7; do adeos-test bridge moves.$i transient; done
			while :; do adeos-test exercise 0 1000; done) > /dev/null 2>&1 &'
		usleep 1500000
		at 0 unbridge below
		bridge compact ;;
	*)
		end_by 1 '(while :; do adeos-test exercise 0 1000; done) > /dev/null 2>&1 &' ;;
	esac > /dev/null
}

victim_ended() {
	state=$(field 1 state)
	[ "$state" != running ] && [ "$state" != booting ]
}

# Root finds out by itself.
victim_dies() { # NAME
	local cause

	wait_for 160 victim_ended || return 1
	cause=$(field 1 cause)
	echo "it is $state: $(field 1 text)"
	case $1 in
	# its last word was written
	END_WRITTEN) [ "$cause" = reboot ] ;;
	HELLO_*) [ "$cause" = hang ] || [ "$cause" = no-hello ] ;;
	*) [ "$cause" = hang ] ;;
	esac
}

# ---- the others ----

others_go_on() {
	runs 2 && pings 0 2 && pings 2 0 && at 0 raise 2 exercise 3 && at 2 raise 0 exercise 3 &&
		at 2 bridge after size=8192 && at 0 open after && at 0 unbridge after && at 2 unbridge after
}

faults_begin() {
	remember_root
	log_begin
	check "there are fault points" test "$(fault_names | wc -l)" -gt 20
	check "vnode 2 is a neighbour" up 2 3 192M
	# hardware needs no such help
	at 0 nmirest > /dev/null
	check "everybody may raise" eval 'at 0 portal exercise grant=all && at 2 portal exercise grant=all'
	remember_adeos
}

dies_at() { # NAME
	start_victim "$1" || return 1
	has_word "$1" "$AT_LOAD" || provoke "$1"
	victim_dies "$1" || return 1
	others_go_on || return 1
	stop 1 && nothing_held
}

# Three results for all that is asked of a point would be many: it is one.
check_fault() { # NAME
	check "a vnode dies at $1" dies_at "$1"
	# whatever was left of a test that failed is none of the next one's business
	stop 1 > /dev/null 2>&1
}

faults_end() {
	check "the neighbour has not been disturbed" test "$(field 2 oopses)" = 0
	check "it obeys an orderly stop" stop_orderly 2
	at 0 close exercise > /dev/null
	check "root has everything again" root_is_back
	check "root's log is quiet" log_is_quiet
	finish
}
