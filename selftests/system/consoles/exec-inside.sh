# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# exec-inside.sh: kexec --exec -- COMMAND runs a command in a vnode, from root and from another
# vnode: streams, exit status, signals, a terminal; what happens when either side ends in the middle.

# shellcheck disable=SC2016,SC2317 # for the shell in there; check and wait_for call the functions
# shellcheck source=selftests/system/lib/adeos.sh
. /selftests/lib/adeos.sh
# shellcheck source=selftests/system/lib/view.sh
. /selftests/lib/view.sh

ex() { # COMMAND...
	timeout 30 kexec --vnode=1 --exec -- "$@"
}

says() { # TEXT COMMAND...
	local want="$1" text

	shift
	text=$("$@") || return 1
	[ "$text" = "$want" ] || { echo "says \"$text\", not \"$want\""; return 1; }
}

# Each stream arrives where it belongs.
streams_are_apart() {
	ex sh -c 'echo out; echo err >&2; exit 3' > /tmp/out 2> /tmp/err
	[ $? -eq 3 ] && [ "$(cat /tmp/out /tmp/err)" = "out
err" ] && [ "$(cat /tmp/err)" = err ]
}

# Larger than the streams, there and back.
bytes_come_back() {
	head -c 3000000 /dev/urandom > /tmp/bytes
	ex cat < /tmp/bytes > /tmp/back && cmp /tmp/bytes /tmp/back
}

# A reader that is slow and one that stops.
output_waits() {
	ex head -c 1000000 /dev/zero | (usleep 500000; wc -c) | grep -x 1000000 &&
		says y eval 'ex yes | head -n 1'
}

is_running() { # NAME: in vnode 1
	vsh 1 "pidof $1" > /dev/null
}

passes_signal() {
	kexec --vnode=1 --exec -- sh -c 'trap "echo caught; exit 9" USR1; echo ready; while :; do usleep 10000; done' \
		> /tmp/out < /dev/null &
	wait_for 20 grep -q ready /tmp/out && kill -USR1 $!
	exits_with 9 wait $! && grep -x caught /tmp/out
}

ends_by_signal() {
	kexec --vnode=1 --exec -- sleep 1000 < /dev/null &
	wait_for 20 is_running sleep && kill -TERM $!
	exits_with 143 wait $!
}

client_is_killed() {
	kexec --vnode=1 --exec -- sleep 1001 < /dev/null &
	wait_for 20 is_running sleep && kill -KILL $! && wait_for 10 not is_running sleep
}

many_at_once() {
	local i pid pids=''

	for i in 1 2 3 4 5 6 7 8; do
		ex sh -c "usleep 200000; exit $i" < /dev/null &
		pids="$pids $!"
	done
	i=0
	for pid in $pids; do
		i=$((i + 1))
		exits_with "$i" wait "$pid" || return 1
	done
}

# A terminal in there, from a terminal here.
has_terminal() {
	ex sh -c 'mkdir -p /dev/pts && mount -t devpts devpts /dev/pts' || return
	expect -c '
		set stty_init "rows 33 columns 77"
		set timeout 20
		spawn kexec --vnode=1 --exec -t -- sh -c "tty; stty size; read word; echo got \$word; exit 5"
		expect /dev/pts/ {} default { exit 1 }
		expect "33 77" {} default { exit 2 }
		send "some\r"
		expect "got some" {} default { exit 3 }
		expect eof
		exit [lindex [wait] 3]'
	[ $? -eq 5 ]
}

ends_in_the_middle() { # COMMAND...
	kexec --vnode=1 --exec -- sleep 1002 < /dev/null 2> /tmp/err &
	wait_for 20 is_running sleep && "$@"
	exits_with 125 wait $! && grep 'ended' /tmp/err
}

plan 34
remember_root
log_begin
remember_adeos
check "root's modules, as installed" depmod
check "vnode 1" up 1 1-2 192M
check "vnode 2 has a first program of its own, and so no agent" up 2 3 192M --append=rdinit=/init
check "a command runs there" says vnode1 ex cat /sys/kernel/adeos/name
check "its streams are apart, and its exit status comes back" streams_are_apart
check "arguments pass as they are" says 'a  b|*|' ex sh -c 'printf "%s|" "$@"' sh 'a  b' '*'
check "it has the environment of a login" says /root ex sh -c 'echo $HOME'
check "its input has an end" says 0 eval 'ex wc -c < /dev/null'
check "three megabytes there and back" bytes_come_back
check "its output waits" output_waits
check "a shell's statuses: no such command" exits_with 127 ex no-such-command
check "not executable" exits_with 126 ex /tmp
check "ended by a signal" exits_with 137 ex sh -c 'kill -KILL $$'
check "a signal is passed on" passes_signal
check "one that ends it" ends_by_signal
check "a client that is killed ends its command" client_is_killed
check "eight at once" many_at_once
check "with a terminal" has_terminal
check "-t without one" exits_with 2 eval 'kexec --vnode=1 --exec -t -- true < /dev/null'
check "no agent" eval 'exits_with 125 kexec --vnode=2 --exec -- true 2> /tmp/err; grep "no agent" /tmp/err'
check "no such vnode" exits_with 125 kexec --vnode=9 --exec -- true
check "no command" exits_with 1 kexec --vnode=1 --exec
check "the vnode panics in the middle" ends_in_the_middle end_by 1 adeos-test panic
check "it does not run" eval 'exits_with 125 ex true 2> /tmp/err; grep "does not run" /tmp/err'
check "they are returned" eval 'stop 1; stop 2'
make_initrd
check "vnode 1 trusts vnode 2, which can ask; vnode 3 does not" eval 'up 1 1 192M --append=vnode.exec=2 &&
	up 3 3 192M && looker_up'
check "a command of vnode 2 runs in vnode 1" says vnode1 in2 kexec --vnode=1 --exec -- cat /sys/kernel/adeos/name
check "its input and its exit status" exits_with 7 in2 "echo 7 | kexec --vnode=1 --exec -- sh -c 'read n; exit \$n'"
check "not in vnode 3" in2_fails 125 'does not serve this user or this vnode' kexec --vnode=3 --exec -- true
check "nor in root" in2_fails 2 'has to be a number' kexec --vnode=0 --exec -- true
check "a name is not known there" in2_fails 2 'has to be a number' kexec --vnode=vnode1 --exec -- true
check "they are returned" stop_all 1 2 3
check "root has everything again" eval 'nothing_held && root_is_back'
check "root's log is quiet" log_is_quiet
finish
