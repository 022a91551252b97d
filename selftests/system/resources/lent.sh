#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# vm: -c 4 -m 1G -t 200
#
# Operations that root refuses while CPUs or memory are lent, and allows afterwards.

# shellcheck disable=SC2317 # check and wait_for call the functions
# shellcheck source=selftests/system/lib/vnode.sh
. /selftests/lib/vnode.sh

CPU2=/sys/devices/system/cpu/cpu2/online

online_refused() {
	! echo 1 > "$CPU2" && [ "$(cpus_online)" = 0-1 ]
}

# Refused by the KMB, not because swap or a wake-up source is missing.
sleep_refused() { # STATE
	local before

	before=$(dmesg | grep -c 'vnode: no sleep')
	! echo "$1" > /sys/power/state && [ "$(dmesg | grep -c 'vnode: no sleep')" -gt "$before" ]
}

modules_stay() {
	! rmmod vnode && ! rmmod adeos_lite && grep -q '^vnode ' /proc/modules
}

refuses_all() { # WHEN
	check "$1: rmmod is refused" modules_stay
	check "$1: onlining a lent CPU is refused" online_refused
	for state in freeze mem disk; do
		grep -qw $state /sys/power/state || { result 0 "$1: $state # SKIP not in this kernel"; continue; }
		check "$1: $state is refused" sleep_refused $state
	done
}

modules_load() {
	insmod "/lib/modules/$(uname -r)/adeos-lite.ko" &&
		insmod "/lib/modules/$(uname -r)/vnode.ko"
}

# ---- Linux refuses hot-plug for a moment ----

# COMMAND waits until CPUs can be plugged again.
waits_for_plug() { # COMMAND...
	local pid

	adeos-test noplug || return 1
	"$@" > /tmp/waits 2>&1 &
	pid=$!
	usleep 500000
	kill -0 "$pid" || { adeos-test plug; cat /tmp/waits; return 1; }
	adeos-test plug
	wait "$pid" || { cat /tmp/waits; return 1; }
}

start_spin() {
	kexec --vnode=1 --cpus=2-3 --mem=16M --boot-limit=0 -l /tmp/spin
}

# Linux refuses for longer: the tool names a CPU, which can be brought up by hand.
names_offline_cpu() {
	adeos-test noplug && start_is_refused && adeos-test plug && start_spin && adeos-test noplug || return 1
	exits_with 1 kexec --vnode=1 -u 2> /tmp/named
	adeos-test plug
	cat /tmp/named
	grep -x 'kexec: vnode 1 is returned, but CPU 2 is offline: echo 1 > /sys/devices/system/cpu/cpu2/online' /tmp/named &&
		echo 1 > "$CPU2" && echo 1 > /sys/devices/system/cpu/cpu3/online && no_vnodes
}

start_is_refused() {
	not start_spin 2> /tmp/refused && grep 'CPU 2' /tmp/refused && no_vnodes
}

# ---- the second CPU of a vnode cannot be taken: the first one comes back ----

root_has_all() {
	no_vnodes && [ "$(cpus_online)" = 0-3 ]
}

second_is_refused() {
	adeos-test hold 3 || return 1
	exits_with 1 start_spin 2> /tmp/refused
	adeos-test release
	cat /tmp/refused
	grep 'CPU 3: root cannot give it up' /tmp/refused && root_has_all
}

# A task that is being killed cannot bring up a CPU itself.
is_killed_in_between() {
	local pid

	first_is_taken() { [ "$(cpus_online)" = 0-1,3 ]; }
	adeos-test hold 3 || return 1
	start_spin > /tmp/killed 2>&1 &
	pid=$!
	wait_for 5 first_is_taken && kill -9 "$(pidof kexec)"
	wait "$pid"
	adeos-test release
	cat /tmp/killed
	wait_for 10 root_has_all
}

# While root starts vnode 2 on CPU 3, CPU 2, which vnode 1 has and does not use yet, comes to
# the page on which CPU 3 is expected.
late_cpu_rests() {
	local late status=0

	kexec --vnode=1 --cpus=2 --mem=16M --boot-limit=0 -l /tmp/spin || return
	adeos-test late 2 60000 > /tmp/late &
	late=$!
	start 2 3 192M && comes_up 2 1 || status=1
	wait "$late" || status=1
	cat /tmp/late
	stop 2 || status=1
	kexec --vnode=1 -u && [ "$status" -eq 0 ]
}

# Firmware may write to the first 64 KiB.
trampoline_is_above_64k() {
	adeos-test trampoline | tee /tmp/page
	[ "$(sed -n 's/^page //p' /tmp/page)" -ge 65536 ]
}

alive() {
	[ "$(vnode-ctl beats 1)" -gt 100 ]
}

plan 31
remember_root
log_begin
tiny-kernel cli > /tmp/spin
check "a vnode is loaded" kexec --vnode=1 --cpus=2-3 --mem=16M --boot-limit=0 -l /tmp/spin
refuses_all loaded
check "it starts" kexec --vnode=1 -e --wait=0
check "and runs" wait_for 20 alive
refuses_all running
check "it has not noticed" alive
check "STOP" vnode-ctl stop 1
refuses_all stopped
check "everything is given back" kexec --vnode=1 -u
check "a start waits while CPUs cannot be plugged" waits_for_plug start_spin
check "so does a return" waits_for_plug kexec --vnode=1 -u
check "a CPU that stays offline is named" names_offline_cpu
check "the second CPU is refused: the first one is back" second_is_refused
check "kexec is killed between two CPUs: the first one is back" is_killed_in_between
check "CPUs start on a page above 64 KiB" trampoline_is_above_64k
check "a CPU that comes late does not enter another one's kernel" late_cpu_rests
check "root has everything again, its log is quiet" eval 'root_is_back && log_is_quiet'
rmmod adeos_test
check "the modules can go" rmmod vnode adeos_lite
check "and come back" modules_load
finish
