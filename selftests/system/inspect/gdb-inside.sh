# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# gdb-inside.sh: kexec --vnode=1 --gdb, in the machine, and gdb at its port. Without
# debug symbols: what gdb reads is compared with what the vnode says.

# shellcheck disable=SC2317 # check and wait_for call the functions
# shellcheck disable=SC2016 # gdb has variables, too
# shellcheck source=selftests/system/lib/adeos.sh
. /selftests/lib/adeos.sh

export HOME=/root
OPTION=--gdb
PORT=1234
# a vnode is frozen for so long at most
HELD_S=9.5

# ---- the server, and gdb ----

serve() { # sets server
	: > /tmp/gdb.err
	kexec --vnode=1 "$OPTION" > /tmp/gdb.out 2>> /tmp/gdb.err &
	server=$!
	wait_for 20 grep -q "^vnode 1: gdb vmlinux -ex 'target remote :$PORT' looks into it" /tmp/gdb.out ||
		{ cat /tmp/gdb.out /tmp/gdb.err; return 1; }
}

told() { # PATTERN: a line of the server
	grep -E "^kexec: vnode 1: $1" /tmp/gdb.err
}

told_times() { # TIMES PATTERN
	[ "$(grep -cE "^kexec: vnode 1: $2" /tmp/gdb.err)" -eq "$1" ]
}

server_ends() { # STATUS
	wait_for 20 not kill -0 "$server" && exits_with "$1" wait "$server"
}

start_gdb() { # COMMAND...: sets gdb; it prints into /tmp/asked
	local command

	for command; do
		set -- "$@" -ex "$command"
		shift
	done
	gdb -nx -batch -iex 'set auto-load no' -iex 'set print elements 0' -iex 'set confirm off' \
		-iex "${SYMBOLS:+file $SYMBOLS}" -ex "target remote 127.0.0.1:$PORT" "$@" > /tmp/asked 2>&1 &
	gdb=$!
}

gdb_ends() {
	wait_for 90 not kill -0 "$gdb" || kill -KILL "$gdb"
	wait "$gdb"
	cat /tmp/asked /tmp/gdb.err
}

ask() { # COMMAND...
	start_gdb "$@"
	gdb_ends
}

said() { # PATTERN
	grep -qE -- "$1" /tmp/asked || { echo "gdb has not said: $1"; return 1; }
}

# What "printf" has printed, a line each
values() { # NAME
	sed -n "s/^$1 //p" /tmp/asked
}

print() { # NAME EXPRESSION
	printf 'printf "%s %%016lx\\n", (unsigned long)(%s)' "$1" "$2"
}

# ---- what the vnode knows of itself ----

symbol() { # NAME
	vsh 1 grep "' $1\$'" /proc/kallsyms | head -n 1 | cut -c 1-16
}

# Where a function begins, and what comes behind it
bounds() { # NAME
	vsh 1 "grep -i ' t ' /proc/kallsyms | sort | grep -A 1 -w '$1\$' | head -n 2 | cut -c 1-16"
}

function_at() { # ADDRESS
	vsh 1 "{ grep -i ' t ' /proc/kallsyms; echo $1; } | sort | grep -B 1 '^$1\$' | head -n 1"
}

# ---- of one that runs ----

banner() {
	local va

	va=$(symbol linux_banner)
	ask "x/s 0x$va"
	grep -F ":	\"$(vsh 1 cat /proc/version)\\n\"" /tmp/asked
}

cpus_are_threads() {
	ask 'info threads'
	said '^\* 1 +Thread 1 \(CPU 0, frozen\) +0x' && said '^  2 +Thread 2 \(CPU 1, frozen\) +0x'
}

# One of its CPUs has nothing to do, and is where a kernel is then.
idles() {
	local pc

	ask "thread apply all $(print pc '$pc')"
	[ "$(values pc | wc -l)" -eq 2 ] || return 1
	for pc in $(values pc); do
		function_at "$pc"
	done | grep -E 'halt|idle'
}

symbols_are_moved() {
	SYMBOLS=/tmp/symbols
	ask "$(print stext '&_stext')"
	SYMBOLS=
	echo "the vnode's is $(symbol _stext)"
	[ "$(values stext)" = "$(symbol _stext)" ] && [ "$(values stext)" != ffffffff81000000 ]
}

stands_still() {
	local jiffies

	jiffies=$(print jiffies "*(long *)0x$(symbol jiffies)")
	ask "$jiffies" 'shell vsh -t 2 1 true && echo it answers' "$jiffies" 'monitor status'
	said "^stands still, for $HELD_S s at most$" || return 1
	[ "$(values jiffies | wc -l)" -eq 2 ] && [ "$(values jiffies | uniq | wc -l)" -eq 1 ] &&
		! said 'it answers' && answers 1
}

# It may be looked at for longer: registers and stacks stay as they were.
goes_on_in_time() {
	local jiffies both

	jiffies=$(print jiffies "*(long *)0x$(symbol jiffies)")
	both="x/8gx \$sp"
	: > /tmp/gdb.err
	ask "$jiffies" "$(print sp '$sp')" "$both" \
		'shell until grep -q "has gone on, 9.5 s are over" /tmp/gdb.err; do usleep 100000; done' \
		'shell vsh -t 30 1 true && echo it answers' \
		'maintenance flush register-cache' 'maintenance flush dcache' \
		"$jiffies" "$(print sp '$sp')" "$both" 'monitor status'
	said 'it answers' && said '^has gone on' && [ "$(values jiffies | uniq | wc -l)" -eq 2 ] &&
		[ "$(values sp | wc -l)" -eq 2 ] && [ "$(values sp | uniq | wc -l)" -eq 1 ] &&
		[ "$(grep -E '^0x[0-9a-f]+:	0x' /tmp/asked | sort | uniq -c | awk '$1 != 2' | wc -l)" -eq 0 ]
}

is_interrupted() {
	: > /tmp/gdb.err
	start_gdb continue 'info threads' 'monitor status'
	wait_for 60 told runs && answers 1 && wait_for 5 told_times 1 'stands still' || return 1
	kill -INT "$gdb"
	gdb_ends
	said 'received signal SIGINT' && said 'CPU 1, frozen' && said '^stands still' &&
		told_times 2 'stands still' && answers 1
}

nothing_is_written() {
	local va

	va=$(symbol linux_banner)
	ask "set {int}0x$va = 0" 'print $rax = 1' stepi 'break *0xffffffff81000000' continue \
		"maintenance packet M$va,1:00" "maintenance packet X$va,1:a" 'maintenance packet Z0,1000,1' \
		'maintenance packet G00' 'maintenance packet P0=00' 'maintenance packet nonsense'
	said 'Cannot access memory at address' && said 'Could not write register "rax"' || return 1
	said 'Cannot insert breakpoint 1' && said 'Remote failure reply: E01' || return 1
	[ "$(grep -c 'received: "E01"' /tmp/asked)" -eq 5 ] && said 'received: ""' && banner
}

nothing_is_there() { # of programs, of nobody; and what no CPU takes, though tables would lead somewhere
	local va

	va=$(symbol linux_banner)
	ask 'x/x 0' 'x/x 0x400000' 'x/x 0xfffffffffffffff0' "x/x 0x${va#ffff}"
	[ "$(grep -c 'Cannot access memory' /tmp/asked)" -eq 4 ]
}

second_is_refused() {
	ask "shell timeout 30 gdb -nx -batch -ex 'target remote 127.0.0.1:$PORT' 2>&1 | sed 's/^/second: /'" \
		'info threads'
	said '^second: ' && ! said '^second: .* in ' && said 'Thread 2 .CPU 1, frozen'
}

others_are_refused() {
	: > /tmp/gdb.err
	bad-run user gdb -nx -batch -ex "target remote 127.0.0.1:$PORT" -ex 'info threads' > /tmp/asked 2>&1
	cat /tmp/asked /tmp/gdb.err
	told 'user 1000 has been turned away' && ! told 'gdb has attached' && ! said 'CPU 0'
}

is_survived() { # what is no gdb
	head -c 200000 /dev/urandom | nc 127.0.0.1 "$PORT" > /dev/null
	# a packet, one whose sum is wrong, and no end
	printf '$?#3f$g#00$m' | nc 127.0.0.1 "$PORT" > /tmp/answer
	cat /tmp/answer
	case $(cat /tmp/answer) in
	'+$T00thread:'[12]';#'??-) banner ;;
	*) return 1 ;;
	esac
}

may_not() { # WHO PATTERN
	local status=0

	bad-run "$1" kexec --vnode=1 --gdb=1300 > /tmp/refused 2>&1 || status=$?
	cat /tmp/refused
	[ "$status" -eq 1 ] && [ "$(wc -l < /tmp/refused)" -eq 1 ] && grep "$2" /tmp/refused
}

# Whoever has frozen it is no more.
goes_on_at_once() {
	ask "shell kill -KILL $server; vsh -t 5 1 true && echo it answers"
	said 'it answers' && exits_with 137 wait "$server"
}

# ---- of one that ends ----

stops_at_panic() {
	local from to

	: > /tmp/gdb.err
	# shellcheck disable=SC2046 # two words
	set -- $(bounds panic)
	from=$1 to=$2
	start_gdb continue "$(print pc '$pc')" 'info threads' 'info registers rax' 'monitor status'
	wait_for 60 told runs || return 1
	end_by 1 'adeos-test panic'
	gdb_ends
	echo "panic() is from $from to $to"
	said 'received signal SIGABRT' && said '^\* [12] .*in panic\(\)' && said 'no registers' &&
		said '^rax +<unavailable>' && said '^panicked: ' || return 1
	printf '%s\n' "$from" "$(values pc)" "$to" > /tmp/order
	sort /tmp/order | diff - /tmp/order
}

is_read_when_dead() {
	: > /tmp/gdb.err
	ask "x/s 0x$1" continue 'info threads'
	said 'Linux version' && said 'Remote failure reply: E01' && said '^\* [12] .*in panic\(\)' && ! told 'stands still'
}

# Its memory is another kernel's now, and KASLR has moved that one elsewhere.
follows_restart() {
	: > /tmp/gdb.err
	start_gdb continue
	wait_for 60 told runs || return 1
	end_by 1 'echo c > /proc/sysrq-trigger'
	gdb_ends
	said 'terminated with signal SIGKILL' && told 'restarted; gdb can attach again' &&
		wait_for 60 runs 1 && answers 1 && banner && symbols_are_moved && cpus_are_threads
}

is_returned() {
	stop 1 && server_ends 0 && cat /tmp/gdb.err && told 'returned, there is no such vnode any more'
}

is_returned_while_attached() {
	: > /tmp/gdb.err
	start_gdb continue
	wait_for 60 told runs && stop 1 || return 1
	gdb_ends
	said 'terminated with signal SIGKILL|received signal SIGTERM' && server_ends 0 && told returned
}

has_no_kernel() {
	fills() {
		[ "$(vnode-ctl beats 1)" -gt 100 ]
	}
	tiny-kernel fill > /tmp/fill
	kexec --vnode=1 --cpus=1-2 --mem=16M --boot-limit=0 /tmp/fill && wait_for 30 fills && serve || return 1
	ask 'info threads' 'x/x 0xffffffff81000000'
	said 'CPU 0, no registers' && said 'Cannot access memory' && told 'no VMCOREINFO' && told 'booting, without registers'
}

check_kernel() { # RELEASE
	KERNEL=/boot/vmlinuz-$1
	check "$1" up 1 1-2 384M
	check "gdb can attach" serve
	check "it reads linux_banner" banner
	check "both CPUs are threads, and frozen" cpus_are_threads
	check "the vnode goes on" goes_on
	check "it is returned, and the server ends" is_returned
}

set -- /boot/vmlinuz-*
[ $# -eq 3 ] || bail "3 kernels expected in /boot: $*"
plan 44
ip link set lo up
remember_root
log_begin
remember_adeos
check "no such vnode" refused 4 'no vnode 1' --vnode=1 --gdb
check "a vnode, with KASLR" up 1 1-2 256M
check "not root" may_not user 'be root'
check "not allowed to boot" may_not nocap 'CAP_SYS_BOOT is missing'
check "gdb can attach" serve
check "the port is in use" refused 1 'port 1234 is in use: choose another one' --vnode=1 --gdb
check "gdb reads linux_banner" banner
check "both CPUs are threads, and frozen" cpus_are_threads
check "one of them idles" wait_for 120 idles
check "symbols are moved as KASLR has moved the kernel" symbols_are_moved
check "it stands still while gdb looks at it" stands_still
check "it goes on" goes_on
check "also by itself, and what gdb has seen stays" goes_on_in_time
check "it is continued and interrupted" is_interrupted
check "nothing is written, nothing steps" nothing_is_written
check "addresses that nothing is at" nothing_is_there
check "a second gdb is refused" second_is_refused
check "other users are refused" others_are_refused
check "garbage is survived" is_survived
check "it goes on" goes_on
check "the server is killed: it goes on at once" goes_on_at_once
banner=$(symbol linux_banner)
OPTION=--gdb=4321 PORT=4321
check "at another port" serve
check "it panics, and gdb is there" stops_at_panic
check "gdb looks at it when it is dead" is_read_when_dead "$banner"
check "it is returned, and the server ends" is_returned
OPTION=--gdb PORT=1234
check "one that is restarted, and unpacks itself" up 1 1-2 192M --restart=on-failure --no-unpack
check "gdb can attach" serve
check "it restarts, and gdb attaches again" follows_restart
check "it is returned while gdb waits" is_returned_while_attached
for image; do
	[ "$image" = "/boot/vmlinuz-$(uname -r)" ] || check_kernel "${image#/boot/vmlinuz-}"
done
check "a vnode that has nothing of Linux" has_no_kernel
kill "$server"
check "a signal ends the server" server_ends 143
stop 1 > /dev/null
check "root has everything again, and its log is quiet" eval 'nothing_held && root_is_back && log_is_quiet'
finish
