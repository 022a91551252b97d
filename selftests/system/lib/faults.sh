# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# For the tests faults and long/faults, beside adeos.sh: a vnode dies at a numbered step of
# the protocol (enum adeos_fault of adeos-lite/fault.h, built with CONFIG_ADEOS_FAULT); the
# other kernels run on, and root frees what the vnode held.


# Steps of attaching are chosen when the nanokernel is loaded.
AT_LOAD='HELLO_BEGUN HELLO_WRITTEN HELLO_SAID ADMITTED'
BOOT_LIMIT_S=40

fault_names() { # in the header's order, from 1 on
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
	start 1 1-2 160M --append=vnode.adeos=adeos-lite-fault --no-reboot --wait=120 && answers 1 &&
		vsh 1 "echo $(fault_number "$1") > /sys/module/adeos_lite/parameters/fault_at"
}

# shellcheck disable=SC2016 # for the shell in there
# Makes vnode 1 come to the step. Two neighbours that exercise each other come to most.
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

# Root notices the death, and names the right cause.
victim_dies() { # NAME
	local cause

	wait_for 160 victim_ended || return 1
	cause=$(field 1 cause)
	echo "it is $state: $(field 1 text)"
	case $1 in
	# the vnode had written its end
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
	# QEMU delivers NMIs to a CPU that waits for a SIPI; hardware does not
	at 0 nmirest > /dev/null
	check "all kernels may raise the portal" eval 'at 0 portal exercise grant=all && at 2 portal exercise grant=all'
	remember_adeos
}

dies_at() { # NAME
	start_victim "$1" || return 1
	has_word "$1" "$AT_LOAD" || provoke "$1"
	victim_dies "$1" || return 1
	others_go_on || return 1
	stop 1 && nothing_held
}

# One result for each step.
check_fault() { # NAME
	check "a vnode dies at $1" dies_at "$1"
	# a failed check must not disturb the next one
	stop 1 > /dev/null 2>&1
}

faults_end() {
	check "the neighbour was not disturbed" test "$(field 2 oopses)" = 0
	check "the neighbour shuts down when asked" stop_orderly 2
	at 0 close exercise > /dev/null
	check "root has everything again" root_is_back
	check "root's log is quiet" log_is_quiet
	finish
}
