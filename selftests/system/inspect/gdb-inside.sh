# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# gdb-inside.sh: gdb in the machine, and kexec --vnode=1 --gdb behind it. Without debug
# symbols: what gdb reads is compared with what the vnode says.

# shellcheck disable=SC2317 # check and wait_for call the functions
# shellcheck disable=SC2016 # gdb has variables, too
# shellcheck source=selftests/system/lib/adeos.sh
. /selftests/lib/adeos.sh

export HOME=/root
# a vnode is frozen for so long at most
FROZEN_S=9.5
# packets: which CPU is selected, why the vnode was stopped
ASK_CPU='$qC#b4'
ASK_STOP='$?#3f'

# ---- gdb, and kexec as its child ----

# Its messages, its id and its exit status can be read while gdb has its stdout.
cat > /tmp/serve << 'END'
#!/bin/sh
rm -f /tmp/gdb.status
sh -c 'echo $$ > /tmp/gdb.pid; exec kexec --vnode=1 --gdb' 2>> /tmp/gdb.err
echo $? > /tmp/gdb.status
END
chmod +x /tmp/serve
SERVE=/tmp/serve

told() { # PATTERN: a message of kexec
	grep -E "^kexec: vnode 1: $1" /tmp/gdb.err
}

told_times() { # TIMES PATTERN
	[ "$(grep -cE "^kexec: vnode 1: $2" /tmp/gdb.err)" -eq "$1" ]
}

served_status() { # STATUS: kexec has ended with it
	wait_for 20 test -s /tmp/gdb.status && exits_with "$1" exit_status
}

exit_status() {
	return "$(cat /tmp/gdb.status)"
}

start_gdb() { # COMMAND...: sets gdb; it prints into /tmp/asked
	local command

	for command; do
		set -- "$@" -ex "$command"
		shift
	done
	gdb -nx -batch -iex 'set auto-load no' -iex 'set print elements 0' -iex 'set confirm off' \
		-iex "${SYMBOLS:+file $SYMBOLS}" -ex "target remote | $SERVE" "$@" > /tmp/asked 2>&1 &
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

# ---- kexec without gdb ----

hold() { # PACKET: sets server, which has answered it; descriptor 9 is its input
	: > /tmp/gdb.err
	: > /tmp/answer
	rm -f /tmp/in
	mkfifo /tmp/in
	kexec --vnode=1 --gdb < /tmp/in > /tmp/answer 2>> /tmp/gdb.err &
	server=$!
	exec 9> /tmp/in
	printf '%s' "$1" >&9
	wait_for 20 grep -q '#' /tmp/answer
}

server_ends() { # STATUS
	wait_for 20 not kill -0 "$server" && exits_with "$1" wait "$server"
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

# One of its CPUs is idle: its program counter is in an idle function.
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

is_frozen() {
	local jiffies

	jiffies=$(print jiffies "*(long *)0x$(symbol jiffies)")
	ask "$jiffies" 'shell vsh -t 2 1 true && echo it answers' "$jiffies" 'monitor status'
	said "^frozen for at most $FROZEN_S s$" || return 1
	[ "$(values jiffies | wc -l)" -eq 2 ] && [ "$(values jiffies | uniq | wc -l)" -eq 1 ] &&
		! said 'it answers' && answers 1
}

# gdb may take longer: it still sees the registers and stacks of the stop.
goes_on_in_time() {
	local jiffies both

	jiffies=$(print jiffies "*(long *)0x$(symbol jiffies)")
	both="x/8gx \$sp"
	: > /tmp/gdb.err
	ask "$jiffies" "$(print sp '$sp')" "$both" \
		'shell until grep -q "thawed after 9.5 s" /tmp/gdb.err; do usleep 100000; done' \
		'shell vsh -t 30 1 true && echo it answers' \
		'maintenance flush register-cache' 'maintenance flush dcache' \
		"$jiffies" "$(print sp '$sp')" "$both" 'monitor status'
	said 'it answers' && said '^thawed after' && [ "$(values jiffies | uniq | wc -l)" -eq 2 ] &&
		[ "$(values sp | wc -l)" -eq 2 ] && [ "$(values sp | uniq | wc -l)" -eq 1 ] &&
		[ "$(grep -E '^0x[0-9a-f]+:	0x' /tmp/asked | sort | uniq -c | awk '$1 != 2' | wc -l)" -eq 0 ]
}

is_interrupted() {
	: > /tmp/gdb.err
	start_gdb continue 'info threads' 'monitor status'
	wait_for 60 told 'running$' && answers 1 && wait_for 5 told_times 1 'frozen for' || return 1
	kill -INT "$gdb"
	gdb_ends
	said 'received signal SIGINT' && said 'CPU 1, frozen' && said '^frozen for' &&
		told_times 2 'frozen for' && answers 1
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

nothing_is_there() { # of programs, not mapped; and one that no CPU takes, though the tables would map it
	local va

	va=$(symbol linux_banner)
	ask 'x/x 0' 'x/x 0x400000' 'x/x 0xfffffffffffffff0' "x/x 0x${va#ffff}"
	[ "$(grep -c 'Cannot access memory' /tmp/asked)" -eq 4 ]
}

second_has_no_registers() {
	ask "shell timeout 30 gdb -nx -batch -ex 'target remote | kexec --vnode=1 --gdb' -ex 'info threads' \
		-ex 'x/s 0x$banner' 2>&1 | sed 's/^/second: /'" 'info threads'
	said '^second: .*has been frozen by another process' && said '^second: .*CPU 1, no registers' &&
		said '^second: .*Linux version' && said '^  2 .*CPU 1, frozen'
}

gdb_shows_messages() {
	SERVE='kexec --vnode=1 --gdb'
	ask 'info threads'
	SERVE=/tmp/serve
	said "kexec: vnode 1: frozen for at most $FROZEN_S s"
}

is_survived() { # input that is not gdb's
	head -c 200000 /dev/urandom | kexec --vnode=1 --gdb > /dev/null || return 1
	# a packet, one whose sum is wrong, and one without an end
	printf '$?#3f$g#00$m' | kexec --vnode=1 --gdb > /tmp/answer || return 1
	cat /tmp/answer
	case $(cat /tmp/answer) in
	'+$T00thread:'[12]';#'??-) banner ;;
	*) return 1 ;;
	esac
}

terminal_is_refused() {
	exits_with 2 kexec --vnode=1 --gdb < /dev/console 2> /tmp/refused
	cat /tmp/refused
	grep 'write "target remote | kexec --vnode=1 --gdb" in gdb' /tmp/refused
}

may_not() { # WHO PATTERN
	local status=0

	bad-run "$1" kexec --vnode=1 --gdb < /dev/null > /tmp/refused 2>&1 || status=$?
	cat /tmp/refused
	[ "$status" -eq 1 ] && [ "$(wc -l < /tmp/refused)" -eq 1 ] && grep "$2" /tmp/refused
}

# ---- ends of a session: the vnode is thawed at once ----

kexec_is_killed() {
	ask 'shell kill -KILL $(cat /tmp/gdb.pid); vsh -t 5 1 true && echo it answers'
	said 'it answers' && served_status 137
}

gdb_is_killed() {
	start_gdb 'shell kill -KILL $PPID'
	exits_with 137 wait "$gdb" && vsh -t 5 1 true && served_status 0
}

gdb_detaches() {
	ask detach 'shell vsh -t 5 1 true && echo it answers' "target remote | $SERVE" 'info threads'
	said 'it answers' && said 'CPU 1, frozen' && served_status 0
}

input_ends() {
	hold "$ASK_STOP" && told 'frozen for' || return 1
	exec 9>&-
	vsh -t 5 1 true && server_ends 0
}

# A ^C at the terminal is gdb's: it goes on, and so does the session.
is_not_ended_by_interrupt() {
	ask 'shell kill -INT $(cat /tmp/gdb.pid)' 'info threads'
	said 'CPU 1, frozen' && served_status 0
}

is_ended_by_term() {
	hold "$ASK_CPU" || return 1
	kill "$server"
	server_ends 143 && exec 9>&-
}


# ---- of one that ends ----

stops_at_panic() {
	local from to

	: > /tmp/gdb.err
	# shellcheck disable=SC2046 # two words
	set -- $(bounds panic)
	from=$1 to=$2
	start_gdb continue "$(print pc '$pc')" 'info threads' 'info registers rax' 'monitor status'
	wait_for 60 told 'running$' || return 1
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
	said 'Linux version' && said 'Remote failure reply: E01' && said '^\* [12] .*in panic\(\)' && ! told 'frozen for'
}

# Another kernel has the memory now, and KASLR has given it other addresses.
follows_restart() {
	: > /tmp/gdb.err
	start_gdb continue
	wait_for 60 told 'running$' || return 1
	end_by 1 'echo c > /proc/sysrq-trigger'
	gdb_ends
	said 'terminated with signal SIGKILL' && told 'restarted; gdb can attach again' &&
		wait_for 60 runs 1 && answers 1 && banner && symbols_are_moved && cpus_are_threads
}

is_returned() {
	hold "$ASK_CPU" && stop 1 && server_ends 0 && exec 9>&- && told 'returned, there is no such vnode any more'
}

# gdb may see that it is stopped before it is returned: it stays until then.
is_returned_while_attached() {
	: > /tmp/gdb.err
	start_gdb continue 'shell until grep -q returned /tmp/gdb.err; do usleep 100000; done'
	wait_for 60 told 'running$' && stop 1 || return 1
	gdb_ends
	said 'terminated with signal SIGKILL|received signal SIGTERM' && served_status 0 && told returned
}

has_no_kernel() {
	fills() {
		[ "$(vnode-ctl beats 1)" -gt 100 ]
	}
	tiny-kernel fill > /tmp/fill
	kexec --vnode=1 --cpus=1-2 --mem=16M --boot-limit=0 /tmp/fill && wait_for 30 fills || return 1
	: > /tmp/gdb.err
	ask 'info threads' 'x/x 0xffffffff81000000'
	said 'CPU 0, no registers' && said 'Cannot access memory' && told 'no VMCOREINFO' && told 'booting, without registers'
}

check_kernel() { # RELEASE
	KERNEL=/boot/vmlinuz-$1
	check "$1" up 1 1-2 384M
	check "gdb reads linux_banner" banner
	check "both CPUs are threads, and frozen" cpus_are_threads
	check "the vnode goes on" goes_on
	check "it is returned, and the session ends" is_returned
}

set -- /boot/vmlinuz-*
[ $# -eq 3 ] || bail "3 kernels expected in /boot: $*"
plan 44
remember_root
log_begin
remember_adeos
check "no such vnode" refused 4 'no vnode 1' --vnode=1 --gdb
check "a vnode, with KASLR" up 1 1-2 256M
check "not root" may_not user 'be root'
check "not allowed to boot" may_not nocap 'CAP_SYS_BOOT is missing'
check "a terminal is refused, with what to write in gdb" terminal_is_refused
check "a port is refused, with what to write in gdb" \
	refused 2 'there is no port; in gdb, write: target remote | kexec' --vnode=1 --gdb=1234
check "gdb reads linux_banner" banner
check "gdb shows the messages of kexec" gdb_shows_messages
check "both CPUs are threads, and frozen" cpus_are_threads
check "one of them idles" wait_for 120 idles
check "symbols are moved as KASLR has moved the kernel" symbols_are_moved
check "the vnode is frozen while gdb looks at it" is_frozen
check "it goes on" goes_on
check "it is thawed in time, and gdb still sees the stop" goes_on_in_time
check "it is continued and interrupted" is_interrupted
check "nothing is written, nothing steps" nothing_is_written
check "addresses that nothing is at" nothing_is_there
banner=$(symbol linux_banner)
check "a second gdb reads memory, but has no registers" second_has_no_registers
check "garbage is survived" is_survived
check "it goes on" goes_on
check "kexec is killed: it goes on at once" kexec_is_killed
check "gdb is killed: it goes on at once" gdb_is_killed
check "gdb detaches, and attaches again" gdb_detaches
check "the input ends: it goes on at once" input_ends
check "SIGINT does not end the session" is_not_ended_by_interrupt
check "it panics while gdb waits" stops_at_panic
check "gdb reads a dead vnode" is_read_when_dead "$banner"
check "it is returned, and the session ends" is_returned
check "a vnode that restarts, and unpacks itself" up 1 1-2 192M --restart=on-failure --no-unpack
check "it restarts, and gdb attaches again" follows_restart
check "it is returned while gdb waits" is_returned_while_attached
for image; do
	[ "$image" = "/boot/vmlinuz-$(uname -r)" ] || check_kernel "${image#/boot/vmlinuz-}"
done
check "a vnode without Linux" has_no_kernel
check "SIGTERM ends the session" is_ended_by_term
stop 1 > /dev/null
check "root has everything again, and its log is quiet" eval 'nothing_held && root_is_back && log_is_quiet'
finish
