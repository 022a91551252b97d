#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# vm: -c 4 -m 1536M -t 240
# long: kexec is killed at many instants
#
# [KILLS]: kexec is killed at instants spread over the time of a start. Afterwards there is
# either a whole vnode, or root has everything back.

# shellcheck disable=SC2317 # check and wait_for call the functions
# shellcheck source=selftests/system/lib/vnode.sh
. /selftests/lib/vnode.sh

kills=${1:-8}

clock_ms() {
	local up

	read -r up _ < /proc/uptime
	# "12.05": the 1 keeps 05 from being octal
	echo $((${up%.*} * 1000 + (1${up#*.} - 100) * 10))
}

# Killed after DELAY-MS. Sets outcome: nothing or whole.
kill_after() { # DELAY-MS
	local pid

	outcome=
	kexec --vnode=1 --cpus=2-3 --mem=160M --initrd="$INITRD" "$KERNEL" > /tmp/kexec.out 2>&1 &
	pid=$!
	usleep $(($1 * 1000))
	kill -KILL "$pid"
	wait "$pid"
	status=$?
	# 137: killed; 0: the start was complete
	[ $status -eq 137 ] || [ $status -eq 0 ] ||
		{ cat /tmp/kexec.out; echo "kexec ended with $status"; return 1; }
	if no_vnodes; then
		outcome=nothing
		[ $status -ne 0 ] && root_is_back
		return
	fi
	case $(field 1 state) in
	booting | running) ;;
	*) kexec --vnode=1 -S; return 1 ;;
	esac
	outcome=whole
	[ "$(cpus_online)" = 0-1 ] && comes_up 1 2 && stop 1 && no_vnodes && root_is_back
}

exists() {
	[ -e /sys/class/vnode/"$1" ]
}

# Between GRANT and START: too short a time to be hit by chance.
kill_once_granted() {
	local pid end

	kexec --vnode=1 --cpus=2-3 --mem=160M --initrd="$INITRD" "$KERNEL" > /tmp/kexec.out 2>&1 &
	pid=$!
	end=$(($(uptime_s) + 30))
	while ! exists vnode1 && [ "$(uptime_s)" -lt "$end" ]; do :; done
	kill -KILL "$pid"
	wait "$pid"
	no_vnodes && root_is_back
}

# A process with a grant that is not loaded.
kill_a_holder() {
	local pid

	vnode-ctl grant 1 3 $((160 << 20)) 0 0 60 > /tmp/holder.out 2>&1 &
	pid=$!
	wait_for 30 state_is 1 granted || return 1
	kill -KILL "$pid"
	wait "$pid"
	no_vnodes && root_is_back
}

plan $((kills + 8))
remember_root
log_begin
check "a start that is not killed" start 1 2-3 160M
check "comes up" comes_up 1 2
check "stops" stop 1

# The time of a start: the shortest of three, so that the kills lie within it.
whole_ms=
for _ in 1 2 3; do
	begin=$(clock_ms)
	start 1 2-3 160M > /dev/null
	took=$(($(clock_ms) - begin))
	stop 1 2> /dev/null
	[ -n "$whole_ms" ] && [ "$whole_ms" -le $took ] || whole_ms=$took
done
say "a start takes $whole_ms ms"

nothing=0 whole=0
i=0
while [ $i -lt "$kills" ]; do
	# the last kill comes late: the vnode runs
	delay=$((whole_ms * i * 11 / (kills * 10)))
	i=$((i + 1))
	[ $i -lt "$kills" ] || delay=$((whole_ms * 3 + 2000))
	outcome=broken
	kill_after $delay > /tmp/kill.out 2>&1
	status=$?
	[ $status -eq 0 ] || note < /tmp/kill.out
	result $status "killed after $delay ms: $outcome"
	case $outcome in
	nothing) nothing=$((nothing + 1)) ;;
	whole) whole=$((whole + 1)) ;;
	esac
	[ "$failures" -lt 5 ] || bail "enough"
done
check "killed when it had been granted all: nothing" kill_once_granted
check "killed while it held a grant: nothing" kill_a_holder
check "some were killed in time ($nothing), some too late ($whole)" \
	test $nothing -gt $((kills / 3)) -a $whole -gt 0
check "the modules are not in use" test "$(cat /sys/module/vnode/refcnt)" = 0
check "root's log is quiet" log_is_quiet
finish
