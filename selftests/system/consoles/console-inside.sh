# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# console-inside.sh [CYCLES [KERNEL]]: kexec --console, in the machine: as a filter, and,
# by console.exp, as what a person has. CYCLES (100) is how often it is attached; KERNEL,
# a pattern, is what runs in the vnode.

# shellcheck disable=SC2317 # check and wait_for call the functions
# shellcheck source=selftests/system/lib/adeos.sh
. /selftests/lib/adeos.sh

CYCLES=${1:-100}
for KERNEL in ${2:-$KERNEL}; do :; done
CONSOLE="console=hvc0 vnode.modules=vconsole vnode.console=hvc0"

# ---- a console as a filter: what is written to descriptor 3 is its input ----

attach() { # [OPTION...]
	exec 3>&-
	rm -f /tmp/in
	mkfifo /tmp/in
	exec 3<> /tmp/in
	mv /tmp/err /tmp/err.1
	kexec --vnode=1 --console "$@" < /tmp/in > /tmp/out 2> /tmp/err 3>&- &
	pid=$!
	wait_for 5 grep -q '^vnode1: console, until the vnode ends$' /tmp/err
}

detach() {
	exec 3>&-
	kill "$pid"
	exits_with 143 wait "$pid"
}

printed() { # PATTERN
	wait_for 30 grep -qaE "$1" /tmp/out
}

# A command whose output differs from its own text and from all output before.
number=0
answer() { # sets typed and answered
	number=$((number + 1))
	typed="echo answer-\$(($$ * 10000 + $number))"
	answered="^answer-$(($$ * 10000 + number))"
}

answers_here() {
	answer
	echo "$typed" >&3
	printed "$answered"
}

ends_with() { # STATUS [PID]: by itself; kexec
	local who="${2:-$pid}"

	wait_for 20 not kill -0 "$who" && exits_with "$1" wait "$who"
}

says() { # PATTERN
	cat /tmp/err
	grep -qE "$1" /tmp/err
}

refused() { # STATUS PATTERN OPTION...
	local want="$1" pattern="$2"

	shift 2
	exits_with "$want" kexec "$@" < /dev/null > /tmp/refused 2>&1 || return 1
	cat /tmp/refused
	[ "$(wc -l < /tmp/refused)" -eq 1 ] && grep -qE "^kexec: $pattern" /tmp/refused
}

# Under another name it is udevd. Debian's rules give ttys to dialout.
udev_begins() {
	mkdir -p /etc
	echo 'root:x:0:0:root:/:/bin/sh' > /etc/passwd
	printf '%s:x:%s:\n' root 0 tty 5 dialout 20 > /etc/group
	ln -s /bin/udevadm /tmp/systemd-udevd
	/tmp/systemd-udevd --daemon && udevadm control --ping
}

is_named() { # ID NAME
	wait_for 10 test "/dev/vconsoles/$2" -ef "/dev/ttyVN$1"
}

is_for_root() {
	ls -l /dev/ttyVN1
	[ "$(stat -c '%U %G %a' /dev/ttyVN1)" = 'root root 600' ]
}

# Another vnode gets the name, and the one that had it another one.
names_follow() {
	up 1 1 192M --append="$CONSOLE" --name=db && is_named 1 db && not test -e /dev/vconsoles/vnode1 &&
		up 2 2 192M --append="$CONSOLE" --name=vnode1 && is_named 2 vnode1 && stop 2 && stop 1
}

is_looked_on() {
	kexec --vnode=1 --console --read-only < /dev/null > /tmp/seen 2> /tmp/seen.err &
	reader=$!
	answers_here && wait_for 20 grep -qaE "$answered" /tmp/seen && kill "$reader" &&
		exits_with 143 wait "$reader"
}

first_is_told() {
	ends_with 1 "$first" && grep '^kexec: vnode1: another session has taken over its console' /tmp/err.1
}

tty_is_hung_up() {
	ends_with 129 "$holder"
}

is_replayed() {
	kexec --vnode=1 --console --read-only < /dev/null > /tmp/replay 2> /tmp/err &
	pid=$!
	wait_for 20 grep -q 'VNODE UP' /tmp/replay && grep -a 'Linux version' /tmp/replay &&
		grep -a 'console 1 begins' /tmp/replay && says '^vnode1: console, read-only, until'
	kill "$pid"
	exits_with 143 wait "$pid"
}

# kexec ends when the reader of its output has ended.
one_answer() {
	answer
	echo "$typed" | kexec --vnode=1 --console 2> /tmp/err | grep -qa -m 1 "$answered" ||
		{ cat /tmp/err; return 1; }
}

many_answers() {
	local i=0

	while [ "$i" -lt "$CYCLES" ]; do
		one_answer || { echo "at $i"; return 1; }
		i=$((i + 1))
	done
}

all_bytes_go_in() {
	local sum size

	vsh 1 dmesg -n 1	# what its kernel has to say does not come between
	# but ^O, which asks the kernel for SysRq
	head -c 100000 /dev/urandom | tr -d '\017' > /tmp/bytes
	sum=$(md5sum < /tmp/bytes)
	size=$(stat -c %s /tmp/bytes)
	echo "stty raw -echo; echo rea''dy; head -c $size | tee /tmp/bytes | md5sum; stty sane" >&3
	printed '^ready' || return 1
	cat /tmp/bytes >&3
	printed "${sum%% *}"
}

all_bytes_come_out() {
	local size

	size=$(stat -c %s /tmp/bytes)
	echo "stty -opost; cat /tmp/bytes; echo do''ne; sleep 1000" >&3
	printed 'done$' || return 1
	tail -c $((size + 5)) /tmp/out | head -c "$size" > /tmp/came
	printf '\003stty sane\n' >&3
	cmp /tmp/bytes /tmp/came
}

accounts() {
	# shellcheck disable=SC2016 # for the shell in the vnode
	vsh 1 'chmod 755 / && mkdir -p /etc && echo "somebody:$(mkpasswd secret):1000:1000::/:/bin/sh" > /etc/passwd &&
		echo "somebody:x:1000:" > /etc/group'
}

session() { # NAME
	check "$1: by expect" expect -f /selftests/consoles/console.exp "$1"
}

held_as_tty() {
	# with a controlling terminal
	setsid sh -c 'exec sleep 1000 < /dev/ttyVN1' &
	holder=$!
	wait_for 5 refused 1 "vnode1: its console is open as /dev/ttyVN1; --force takes" --vnode=1 --console
}

panics_while_attached() {
	end_by 1 'echo c > /proc/sysrq-trigger'
	ends_with 0 && says '^vnode1: panicked: ' && tail -n 40 /tmp/out | grep -a 'Kernel panic - not syncing: sysrq'
}

# A slow reader gets all of it.
is_read_when_dead() {
	{
		kexec --vnode=1 --console --read-only < /dev/null 2> /tmp/err
		echo $? > /tmp/status
	} | { sleep 4; cat; } > /tmp/replay
	[ "$(cat /tmp/status)" -eq 0 ] && [ "$(stat -c %s /tmp/replay)" -gt 190000 ] || return 1
	says '^vnode1: panicked: ' && grep -a 'Kernel panic - not syncing: sysrq' /tmp/replay
}

begun() {
	grep -ac 'console [0-9]* begins' /tmp/out
}

has_begun() { # TIMES
	[ "$(begun)" -eq "$1" ]
}

is_followed() {
	local times

	times=$(begun)
	end_by 1 'echo c > /proc/sysrq-trigger'
	wait_for 90 has_begun $((times + 1)) && says '^vnode1: (panicked: .*; waiting for its restart|restarted after panic: )' &&
		wait_for 30 answers 1 && answers_here
}

# The first restart comes at once, the next one after a while.
is_waited_for() {
	local tries=0

	until says '^vnode1: panicked: .*; waiting for its restart$'; do
		tries=$((tries + 1))
		if [ "$tries" -gt 3 ] || ! is_followed; then
			return 1
		fi
	done
}

says_that_nobody_is_there() {
	kexec --vnode=1 --console < /dev/null > /tmp/replay 2> /tmp/err &
	pid=$!
	wait_for 5 grep -q '^vnode1: its kernel has not loaded the module vconsole yet$' /tmp/err &&
		wait_for 5 grep -qa 'console [0-9]* begins' /tmp/replay && stop 1 &&
		ends_with 0 && says '^vnode1: (stopped|returned)'
}

shuts_down_while_attached() {
	stop_orderly 1
	ends_with 0 && says '^vnode1: (halted: |returned)'
}

plan 51
remember_root
log_begin
check "a vnode without vconsole" up 1 1-2 192M
check "root without vconsole: it says so" refused 1 "/dev/vconsole: the module is not loaded" --vnode=1 --console
check "vconsole is loaded" insmod "/lib/modules/$(uname -r)/vconsole.ko"
check "the vnode has no console, which is said" refused 1 "vnode1: has no console" --vnode=1 --console
check "it is stopped" stop 1
check "no such vnode" refused 4 "no vnode 1" --vnode=1 --console
remember_adeos

check "udev is there" udev_begins
check "a vnode with a console" up 1 1-2 192M --append="$CONSOLE"
check "its tty has the vnode's name" is_named 1 vnode1
check "and is root's" is_for_root
check "what it printed before is replayed" is_replayed
check "it is attached to" attach
check "a shell answers" answers_here
check "a second writer is refused, and told who there is" \
	refused 1 "vnode1: process $pid \(kexec\) has its console; --force takes it over, --read-only" --vnode=1 --console
check "who looks on is not" is_looked_on
check "any bytes go in" all_bytes_go_in
check "and come out" all_bytes_come_out
first=$pid
check "it is taken over" eval 'attach --force && answers_here'
check "which ends the first, and is told" first_is_told
check "it is detached" detach
check "its tty is in use" held_as_tty
check "it is taken from the tty" eval 'attach --force && answers_here'
check "which is hung up" tty_is_hung_up
check "it is detached" detach
check "it is attached to $CYCLES times" many_answers
check "it has accounts" accounts
for name in login job_control interrupt sysrq window utf8 full_screen escape restored taken_over; do
	session $name
done
check "it prints much" vsh 1 'seq 1 30000 > /dev/hvc0'
session panic
check "the dead vnode's console can be read" is_read_when_dead
check "it is stopped" stop 1
check "one that is restarted" up 1 1-2 192M --append="$CONSOLE" --restart=on-failure
session restart
check "it is attached to" attach
check "it is followed through a restart" is_followed
check "and waits for one that comes later" is_waited_for
check "it shuts down, and the session ends" shuts_down_while_attached
check "vnodes change their names, and their ttys with them" names_follow
check "another one, loaded only" kexec --vnode=1 --cpus=1 --mem=128M -l "$KERNEL"
check "its console has the history, and nobody is there; a stop ends the session" says_that_nobody_is_there
udevadm control --exit
check "root has everything again" eval 'nothing_held && root_is_back'
check "root's log is quiet" log_is_quiet
finish
