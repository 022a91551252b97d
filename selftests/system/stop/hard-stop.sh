#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# vm: -c 4 -m 1G -t 240
#
# Kernels that answer no request are stopped within 100 ms.

# shellcheck disable=SC2317 # check and wait_for call the functions
# shellcheck source=selftests/system/lib/vnode.sh
. /selftests/lib/vnode.sh

LIMIT_US=100000
# the best of some rounds: the host may be busy during one
ROUNDS=3

# A program pinned to CPU makes progress there.
works_on() { # CPU
	# shellcheck disable=SC2016 # for the shell that is pinned
	[ "$(taskset -c "$1" sh -c 'read -r stat < /proc/$$/stat; set -- ${stat##*) }; echo ${37}')" = "$1" ]
}

spins() { # ID
	[ "$(vnode-ctl beats "$1")" -gt 100 ]
}

# Starts and stops a vnode; sets took, the time of the stop.
spin_and_stop() { # MODE
	tiny-kernel "$1" > /tmp/spin
	kexec --vnode=1 --cpus=2-3 --mem=16M --boot-limit=0 /tmp/spin || return 1
	wait_for 20 spins 1 || return 1
	answer=$(vnode-ctl stop 1) || return 1
	echo "$answer"
	took=${answer#took=}
	took=${took%% *}
	# stopped CPUs do not count any more
	[ "$(vnode-ctl beats 1)" -eq 0 ] || return 1
	state_is 1 stopped && kexec --vnode=1 -u && works_on 2 && works_on 3 && root_is_back
}

best_of_rounds() { # MODE
	best=
	for _ in $(seq "$ROUNDS"); do
		spin_and_stop "$1" || return 1
		[ -n "$best" ] && [ "$best" -le "$took" ] || best=$took
	done
}

# By kexec, as a user would; the time is from root's log.
one_command() {
	kexec --vnode=1 --cpus=2-3 --mem=16M --boot-limit=0 /tmp/spin && wait_for 20 spins 1 &&
		kexec --vnode=1 -u --force && no_vnodes && works_on 2 && works_on 3
}

# Stops Linux at any point of its boot. Its log is in memory before it has a console.
mid_boot() { # DELAY-US
	start 1 2-3 160M || return 1
	usleep "$1"
	answer=$(vnode-ctl stop 1) || return 1
	took=${answer#took=}
	took=${took%% *}
	say "stopped after $1 us, took ${took} us: $(kexec --vnode=1 --log 2>&1 | tail -n 1 | cut -c 1-60)"
	kexec --vnode=1 -u && works_on 2 && works_on 3 && root_is_back
}

plan 14
remember_root
log_begin
check "root has four CPUs" test "$(cpus_online)" = 0-3
for mode in cli noidt; do
	check "$mode: stopped, and its CPUs work in root again" best_of_rounds $mode
	say "$mode: best of $ROUNDS: $best us"
	check "$mode: within 100 ms" test "${best:-$LIMIT_US}" -lt $LIMIT_US
	check "$mode: by -u --force" one_command
done
for delay in 0 200000 700000 1500000; do
	mid_boot $delay > /tmp/mid 2>&1
	status=$?
	grep '^# ' /tmp/mid
	[ $status -eq 0 ] || note < /tmp/mid
	result $status "Linux, stopped $delay us into its boot"
done
check "and it still boots when it is let" start 1 2-3 160M
check "comes up" comes_up 1 2
stop 1
check "root's log is quiet" log_is_quiet
finish
