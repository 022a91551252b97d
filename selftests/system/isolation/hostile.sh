#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# vm: -c 4 -m 2G -t 300
# long: rounds of random writes
#
# [ROUNDS [SEED...]]: a vnode that writes random bytes to its own shared memory harms only
# itself. Root and vnode 2 communicate all the time.

# shellcheck disable=SC2317 # check and wait_for call the functions
# shellcheck source=selftests/system/lib/adeos.sh
. /selftests/lib/adeos.sh

rounds=${1:-3000}
[ $# -eq 0 ] || shift
[ $# -gt 0 ] || set -- 1
SCRIBBLE_S=$((60 + rounds / 1000))

scribbles() { # SEED WHAT
	end_by 1 "adeos-test scribble $1 $rounds $2"
}

over() { # SEED WHAT: vnode 1 has finished, or has ended
	! runs 1 || log_has 1 "scribbled over $2, $rounds rounds, seed $1"
}

work() {
	pings 0 2 && at 2 raise 0 in 20 bridge=page step=1
}

# Root and vnode 2 must answer each other as long as vnode 1 writes.
others_work() { # SEED WHAT
	local end

	end=$(($(uptime_s) + SCRIBBLE_S))
	while ! over "$@"; do
		work > /tmp/others || { cat /tmp/others; return 1; }
		[ "$(uptime_s)" -lt "$end" ] || { echo "not over in time"; return 1; }
	done
	pings 2 0
}

# Vnode 1 may be damaged afterwards: stop it without a request, and start it again.
survives() { # SEED WHAT
	# each seed begins with an intact vnode
	if [ "$2" = "${parts%% *}" ] || ! runs 1 || ! vsh -t 5 1 true > /dev/null 2>&1; then
		stop 1
		up 1 1 192M || return 1
	fi
	[ "$2" != scratch ] || at 1 bridge scratch size=65536 || return 1
	scribbles "$@"
	others_work "$@"
}

# Vnode 1 says that a CPU of vnode 2 has its portal, by the vector of a system call, which Linux
# does not survive. Root's raise stays uncollected until vnode 1 interrupts itself.
interrupts_itself() {
	has_collected() { at 1 count wrong | grep -qx 'interrupts 1'; }

	at 1 portal wrong grant=all && at 1 misdirect wrong 2 0x80 && at_fails ENXIO 0 raise 1 wrong 1 &&
		wait_for 10 has_collected && runs 2 && work && at 1 close wrong
}

# A vnode that ended early has not done all rounds.
outcome() { # SEED WHAT
	if log_has 1 "scribbled over $2, $rounds rounds, seed $1"; then
		say "all rounds; then it is $(field 1 state)"
	else
		say "it has ended before: $(field 1 cause), $(field 1 text)"
	fi
}

# Nothing can keep a vnode from this, and other vnodes may not survive it.
root_survives() { # WHAT
	up 1 1 192M && scribbles 1 "$1" && wait_for "$SCRIBBLE_S" over 1 "$1"
	outcome 1 "$1"
	stop 1 && at 0 portal alive grant=all && at 0 close alive
}

noticed() {
	dmesg | grep 'a vnode has written to the directory'
}

works_again() {
	local status=0

	up 1 1 192M && pings 0 1 && pings 1 0 || status=1
	stop 1 && [ "$status" -eq 0 ]
}

parts="scratch control rings portals bridges tails requests body beats end hello station"
plan $(($(echo "$parts" | wc -w) * $# + 15))
remember_root
log_begin
remember_adeos
check "vnode 2 works" up 2 2-3 192M
check "with root" eval 'at 0 portal in grant=2 && at 0 bridge page && at 0 stamp in page && at 2 open page'
check "vnode 1 works" up 1 1 192M
check "a target that vnode 1 has damaged does not lead it to another CPU" interrupts_itself
for seed; do
	for part in $parts; do
		check "vnode 1 scribbles over its $part, seed $seed" survives "$seed" "$part"
		outcome "$seed" "$part"
	done
done
check "vnode 2 still runs" runs 2
check "it has not been disturbed" test "$(field 2 oopses)" = 0
check "vnode 1 can be stopped" stop 1
check "vnode 2 as well" stop 2
at 0 close in > /dev/null
at 0 unbridge page > /dev/null
check "vnode 1 writes to root's directory: root lives" root_survives directory
check "and has noticed" noticed
check "another vnode 1 works" works_again
check "vnode 1 writes to all that the kernels share for the protocol: root lives" root_survives protocol
check "another vnode 1 works" works_again
check "root has everything again" eval 'nothing_held && root_is_back'
check "root's log is quiet" log_is_quiet
finish
