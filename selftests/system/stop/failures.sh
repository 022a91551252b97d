#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# vm: -c 4 -m 2G -t 500
# long: each way in which a vnode ends
#
# Root notices each way in which a vnode ends in time, names its cause, contains it, and
# keeps a record. Vnode 2 observes: only the list of members may change for it.

# shellcheck disable=SC2317 # check and wait_for call the functions
# shellcheck source=selftests/system/lib/adeos.sh
. /selftests/lib/adeos.sh

# STATE CAUSE MAX-MS TEXT COMMAND...; MAX-MS 0: the time of the failure is unknown
ways() {
	cat <<-'END'
	panicked panic 50 asked adeos-test panic
	panicked panic 50 sysrq echo c > /proc/sysrq-trigger
	panicked panic 50 memory echo 2 > /proc/sys/vm/panic_on_oom; adeos-test oom
	rebooted emergency 50 restart echo b > /proc/sysrq-trigger
	rebooted reboot 0 reboot reboot -f
	rebooted reboot 0 reboot reboot
	halted power-off 0 power poweroff -f
	halted halt 0 halt halt -f
	hung hang 0 silent adeos-test spin 1
	hung hang 0 silent adeos-test spin 0
	hung hang 0 silent adeos-test spinall
	END
}

ended() { # ID
	[ "$(field "$1" state)" != running ]
}

# root's log names vnode, state and reason in one line
named_in_log() { # STATE TEXT
	dmesg | grep "vnode1: $1: .*$2"
}

noticed_within() { # MS
	local ms

	[ "$1" -gt 0 ] || return 0
	ms=$(field 1 noticed_ms)
	echo "noticed after $ms ms"
	[ "${ms%%.*}" -le "$1" ]
}

not_a_member() {
	sysfs 2 members > /tmp/members
	cat /tmp/members
	! is_member 1 && ! grep vnode1 /tmp/members
}

fails_as() { # STATE CAUSE MAX-MS TEXT COMMAND
	local begin

	wait_for 60 runs 1 && answers 1 || return 1
	at 2 ping 1 1 || return 1
	begin=$(uptime_s)
	end_by 1 "$5"
	wait_for 20 ended 1 || return 1
	kexec --vnode=1 -S
	echo "ended $(($(uptime_s) - begin)) s after the command was sent"
	[ "$(field 1 state)" = "$1" ] && [ "$(field 1 cause)" = "$2" ] && field 1 text | grep -i "$4" &&
		noticed_within "$3" && named_in_log "$1" "$4" && wait_for 2 not_a_member &&
		at_fails ENODEV 2 ping 1 1 && stop 1
}

oops_is_counted() {
	vsh -t 20 1 adeos-test oops
	one() { [ "$(field 1 oopses)" = 1 ]; }
	wait_for 5 one && runs 1 && answers 1
}

boots_for_ever() {
	start 1 1-2 192M --boot-limit=0 --append=vnode.adeos=none &&
		wait_for "$UP_S" log_has 1 "VNODE UP" && state_is 1 booting
}

plan $(($(ways | wc -l) + 15))
remember_root
log_begin
remember_adeos
check "vnode 2 watches" up 2 3 192M
while read -r state cause ms text command; do
	# the next vnode starts while root is idle
	start 1 1-2 192M --no-reboot > /tmp/started
	check "$command: $state" fails_as "$state" "$cause" "$ms" "$text" "$command"
	stop 1 > /dev/null 2>&1
done <<END
$(ways)
END

check "vnode 1 once more" up 1 1-2 192M
check "an oops is counted, and it goes on" oops_is_counted
check "its last log lines are there after it panics" eval 'end_by 1 adeos-test panic; wait_for 10 ended 1 && kexec --vnode=1 -S | grep "Kernel panic - not syncing: adeos-test"'
check "it is stopped" stop 1
check "one without a nanokernel" not start 1 1-2 192M --append=vnode.adeos=none --boot-limit=6 --wait=60
check "is taken for hung when its time is over" test "$(field 1 cause)" = no-hello
check "it is stopped" stop 1
check "without a limit it is not" boots_for_ever
check "it is stopped" stop 1
check "vnode 2 has not been disturbed" eval 'runs 2 && pings 0 2 && pings 2 0'
check "it has not had an oops" test "$(field 2 oopses)" = 0
check "it obeys an orderly stop" stop_orderly 2
check "root has everything again" eval 'nothing_held && root_is_back'
check "root's log is quiet" log_is_quiet
finish
