#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# vm: -c 4 -m 2G -t 600
#
# Root's kernel restarts a vnode without user space: after a reboot unless --no-reboot says
# otherwise, after a failure with --restart=on-failure, up to the given number of times,
# with growing pauses; not after the vnode has powered off.

# shellcheck disable=SC2317 # check and wait_for call the functions
# shellcheck source=selftests/system/lib/adeos.sh
. /selftests/lib/adeos.sh

panics_and_comes_again() { # RESTARTS
	end_by 1 adeos-test panic
	wait_for 90 restarts_are 1 "$1" && answers 1 && at 1 ping 0 1
}

stays() { # STATE
	wait_for 20 state_is 1 "$1" || return 1
	usleep 1500000
	state_is 1 "$1"
}

reboots_and_comes_again() { # RESTARTS
	vsh 1 'echo former life > /dev/kmsg'
	end_by 1 reboot -f
	wait_for 60 restarts_are 1 "$1" && answers 1
}

# The memory still holds what the former kernel wrote there.
log_is_new() {
	kexec --vnode=1 --log > /tmp/log
	grep -c 'Linux version' /tmp/log | grep -x 1 && grep -q 'VNODE UP' /tmp/log &&
		not grep 'former life' /tmp/log
}

# Of the seed in its setup_data alone: the CPU's random numbers are not trusted.
has_random_numbers() {
	log_has 1 '^\[ *0\.000000\] random: crng init done'
}

listed() { # RESTARTS CAUSE
	kexec --vnode-list
	kexec --vnode-list | awk -v want="$1 $2" '$1 == 1 { print $8, $9 }' | grep .
	kexec --vnode-list | grep -E "^ *1 .* $1 $2 "
}

plan 41
remember_root
log_begin
remember_adeos
cp -L /boot/vmlinuz /tmp/image
KERNEL=/tmp/image
check "vnode 2 watches" up 2 3 192M
check "vnode 1 may be restarted twice" up 1 1-2 192M --restart=on-failure:2 --append='vnode.modules=adeos-test random.trust_cpu=off'
check "it has random numbers from its first moment" has_random_numbers
rm /tmp/image
check "its image is gone from root's files; it panics and comes again" panics_and_comes_again 1
check "and has new random numbers" has_random_numbers
check "the list shows how often and why" listed 1 panic
check "vnode 2 knows the new one" wait_for 5 at 2 ping 1 1
check "the clock is set again" test $(($(vsh 1 date +%s) - $(date +%s))) -le 2
check "once more" panics_and_comes_again 2
check "the third time" eval 'end_by 1 adeos-test panic; stays panicked'
check "root's log says that it is given up" eval 'dmesg | grep -i "vnode1: .*restart"'
check "it is gone for the others" at_fails ENODEV 2 ping 1 1
check "it is returned" stop 1

KERNEL=/boot/vmlinuz
check "without a limit" up 1 1-2 192M --restart=on-failure
check "a reboot restarts it" eval 'end_by 1 reboot -f; wait_for 60 restarts_are 1 1 && answers 1'
check "the cause is the reboot" test "$(field 1 cause)" = reboot
check "so does a hang" eval 'end_by 1 adeos-test spin 1; wait_for 60 restarts_are 1 2 && answers 1'
check "the cause is the hang" test "$(field 1 cause)" = hang
check "a power-off is the end" eval 'end_by 1 poweroff -f; stays halted'
check "it is returned" stop 1
check "with --no-reboot" up 1 1-2 192M --restart=on-failure --no-reboot
check "a reboot is the end" eval 'end_by 1 reboot -f; stays rebooted'
check "it is returned" stop 1
check "without a policy" up 1 1-2 192M
check "a reboot restarts it" reboots_and_comes_again 1
check "its log is the new kernel's" log_is_new
check "a panic is the end" eval 'end_by 1 adeos-test panic; stays panicked'
check "it is returned" stop 1
check "with one restart in a row" up 1 1-2 192M --restart=on-failure:1
check "reboots do not count" eval 'reboots_and_comes_again 1 && reboots_and_comes_again 2 && reboots_and_comes_again 3'
check "a panic does" eval 'panics_and_comes_again 4; end_by 1 adeos-test panic; stays panicked'
check "it is returned" stop 1
check "with the policy" up 1 1-2 192M --restart=on-failure
check "an orderly stop is the end of it" eval 'stop_orderly 1; not state_is 1 booting'
check "with the policy, a vnode that dies while it is waited for" start 1 1-2 192M --restart=on-failure
check "a stop while a restart is planned calls it off" \
	eval 'wait_for 60 runs 1 && answers 1 && { end_by 1 adeos-test panic; wait_for 10 not runs 1; stop 1; }'
check "no such vnode" exits_with 4 kexec --vnode=1 -S
check "vnode 2 has seen nothing but that" eval 'runs 2 && pings 0 2'
check "it is returned" stop 2
check "root has everything again" eval 'nothing_held && root_is_back'
check "root's log is quiet" log_is_quiet
finish
