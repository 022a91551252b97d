# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# The base of system tests, for scripts that run inside the machine: results, vnodes,
# and checks that root has everything again. Results are KTAP. Nothing here sleeps for
# a condition: wait_for polls it, up to a bound.
#
# adeos.sh sources this file. The other libraries source none: their tests source
# vnode.sh or adeos.sh first.

INITRD=/boot/initrd-vnode.img
KERNEL=/boot/vmlinuz
# Seconds that a vnode may take to come up: generous, for slow hosts.
UP_S=90

count=0
failures=0

plan() { # HOW-MANY
	echo "1..$1"
}

result() { # STATUS WHAT
	count=$((count + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $count - $2"
	else
		failures=$((failures + 1))
		echo "not ok $count - $2"
	fi
}

check() { # WHAT COMMAND...: shows the command's output if it fails
	local what="$1" status=0

	shift
	"$@" > /tmp/check.out 2>&1 || status=$?
	[ $status -eq 0 ] || note "status $status" < /tmp/check.out
	result $status "$what"
}

note() { # [TEXT]: reports TEXT and the input as comments
	[ $# -eq 0 ] || echo "# $*"
	sed 's/^/# /' | tail -n 30
}

say() { # a remark, not a result
	echo "# $*"
}

bail() { # a precondition does not hold: no later result would mean anything
	echo "Bail out! $*"
	exit 1
}

finish() {
	[ "$failures" -eq 0 ]
	exit
}

not() { # COMMAND...
	! "$@"
}

exits_with() { # STATUS COMMAND...
	local want="$1" status=0

	shift
	"$@" || status=$?
	[ $status -eq "$want" ] || { echo "$*: exit status $status, not $want"; return 1; }
}

wait_for() { # SECONDS COMMAND...: 0 as soon as COMMAND succeeds, 1 if it never did
	local end

	end=$(($(uptime_s) + $1))
	shift
	while ! "$@" > /dev/null 2>&1; do
		[ "$(uptime_s)" -lt "$end" ] || { echo "not so in time: $*"; return 1; }
		usleep 100000
	done
}

uptime_s() {
	local up

	read -r up _ < /proc/uptime
	echo "${up%.*}"
}

# ---- vnodes ----

# Starts a vnode of the kernel KERNEL. Waits for it only if an OPTION says so: is_up and
# comes_up tell better that it died, and several vnodes can boot at a time.
start() { # ID CPUS MEM [OPTION...]
	local id="$1" cpus="$2" mem="$3" wait=--wait=0

	printf '%s\n' "$KERNEL" "$INITRD" "$@" > "/tmp/start.$1"
	shift 3
	case " $* " in
	*" -l "* | *" --wait="*) wait= ;;
	esac
	kexec --vnode="$id" --cpus="$cpus" --mem="$mem" --initrd="$INITRD" ${wait:+"$wait"} "$@" \
		"$KERNEL"
}

log_has() { # ID PATTERN: in the vnode's kernel log
	kexec --vnode="$1" --log 2> /dev/null | grep -qE "$2"
}

# Looks without a process: waiting for a vnode takes CPU time from it, as one thread
# emulates all CPUs.
state_is() { # ID STATE
	local state=''

	read -r state < "/sys/class/vnode/$(name_of "$1")/state" && [ "$state" = "$2" ]
}

name_of() { # ID
	local file id

	for file in /sys/class/vnode/*/id; do
		if read -r id < "$file" && [ "$id" = "$1" ]; then
			file=${file%/id}
			echo "${file##*/}"
		fi
	done 2> /dev/null
}

field() { # ID NAME: the first number or string of that name in -S --json
	kexec --vnode="$1" -S --json | grep -o "\"$2\": [^,}]*" | head -n 1 |
		sed 's/^[^:]*: //; s/"//g'
}

runs() { # ID
	state_is "$1" running
}

restarts_are() { # ID N: and the vnode runs
	[ "$(cat "/sys/class/vnode/$(name_of "$1")/restarts")" = "$2" ] && runs "$1"
}

runs_or_died() { # ID
	local looks=0

	while [ $looks -lt 20 ]; do
		state_is "$1" booting || return 0
		usleep 100000
		looks=$((looks + 1))
	done
	# a kernel that dies before it loads its nanokernel reports nothing: only its log tells
	log_has "$1" 'end Kernel panic'
}

# The vnode's first complaint, or the end of its log.
show_log() { # ID
	kexec --vnode="$1" --log > /tmp/show
	grep -nE -m 1 -A 28 'BUG|WARNING|Oops|PANIC|[^e]fault|invalid opcode|double|stall|divide' /tmp/show ||
		tail -n 28 /tmp/show
}

is_up() { # ID
	kexec --vnode="$1" -S > /dev/null || return 1
	# the state first: reading it costs less than reading the log
	wait_for "$UP_S" runs_or_died "$1" && runs "$1" && wait_for 20 log_has "$1" 'VNODE UP'
}

start_again() { # ID: with the arguments of its last start
	local KERNEL INITRD arg file="/tmp/start.$1"

	set --
	while IFS= read -r arg; do
		set -- "$@" "$arg"
	done < "$file"
	KERNEL=$1 INITRD=$2
	shift 2
	start "$@"
}

# What only an emulated CPU has: a stale breakpoint (see selftests/check), or a pause of
# 100 ms in the middle of Linux's calibration of the APIC timer, without which it hangs.
EMULATOR='Oops: int3|APIC frequency too slow'

# Waits for "VNODE UP", whose line must name CPUS CPUs, and RELEASE if given. Starts a
# vnode again that died of its emulator.
comes_up() { # ID CPUS [RELEASE]
	local line tries=0

	until is_up "$1"; do
		tries=$((tries + 1))
		if [ $tries -gt 2 ] || [ ! -e "/tmp/start.$1" ] || ! log_has "$1" "$EMULATOR"; then
			show_log "$1"
			return 1
		fi
		echo "vnode $1 died of its emulator, and is started again"
		if ! stop "$1" || ! start_again "$1"; then
			return 1
		fi
	done
	line=$(kexec --vnode="$1" --log | grep -o 'VNODE UP.*')
	echo "$line"
	case $line in
	"VNODE UP release=${3:-}"*" cpus=$2 "*) ;;
	*) return 1 ;;
	esac
}

stop() { # ID [OPTION...]
	local id="$1"

	shift
	kexec --vnode="$id" -u --force "$@"
}

stop_orderly() { # ID [OPTION...]: the vnode shuts down, and kexec has no complaint
	local id="$1" status=0

	shift
	kexec --vnode="$id" -u "$@" 2> /tmp/stop.err || status=$?
	cat /tmp/stop.err
	[ $status -eq 0 ] && [ ! -s /tmp/stop.err ]
}

no_vnodes() {
	[ "$(kexec --vnode-list | wc -l)" -eq 2 ] && [ -z "$(ls /sys/class/vnode)" ]
}

# ---- root ----

cpus_online() {
	cat /sys/devices/system/cpu/online
}

kb() { # NAME: of /proc/meminfo
	sed -n "s/^$1: *\([0-9]*\) kB/\1/p" /proc/meminfo
}

is_mounted() { # DIRECTORY
	grep -q "^[^ ]* $1 " /proc/mounts
}

# In bytes: hot-remove and hot-add may leave an entry of /proc/iomem split.
system_ram() {
	sed -n 's/^\([0-9a-f]*-[0-9a-f]*\) : System RAM$/\1/p' /proc/iomem | {
		sum=0
		while IFS=- read -r first last; do
			sum=$((sum + 0x$last - 0x$first + 1))
		done
		echo $sum
	}
}

# Must be the same once all vnodes have given back what they had.
root_state() {
	echo "online $(cpus_online)"
	echo "present $(cat /sys/devices/system/cpu/present)"
	echo "System RAM $(system_ram)"
	echo "offline blocks $(grep -lx offline /sys/devices/system/memory/memory*/state | wc -l)"
	echo "vnode in iomem $(grep -c ': vnode' /proc/iomem)"
}

# Linux does not count the free pages on per-CPU lists as free, tens of megabytes since
# 6.7. Keeps these lists short from here on, so that take_stock() can be compared.
remember_root() {
	echo 1000 > /proc/sys/vm/percpu_pagelist_high_fraction
	root_state > /tmp/root.before
	kb MemTotal > /tmp/root.memory
}

root_is_back() {
	root_state > /tmp/root.after
	diff /tmp/root.before /tmp/root.after || return 1
	# The memory map of re-added memory counts as memory: MemTotal may grow.
	[ "$(kb MemTotal)" -ge "$(cat /tmp/root.memory)" ] ||
		{ echo "MemTotal $(kb MemTotal) kB, was $(cat /tmp/root.memory) kB"; return 1; }
}

# Writes the amounts of what could leak to FILE, after caches are dropped.
take_stock() { # FILE
	sync
	echo 3 > /proc/sys/vm/drop_caches
	{
		echo "available $(kb MemAvailable)"
		echo "slab $(kb Slab)"
		echo "vmalloc $(kb VmallocUsed)"
		echo "total $(kb MemTotal)"
		echo "resources $(wc -l < /proc/iomem)"
	} > "$1"
}

stock() { # FILE NAME
	sed -n "s/^$2 //p" "$1"
}

grew_by() { # NAME: from /tmp/first to /tmp/last
	echo $(($(stock /tmp/last "$1") - $(stock /tmp/first "$1")))
}

# ---- root's log ----

# Linux prints these when its machine is emulated on a busy host.
SLOW_HOST='sched: DL replenish lagged|clocksource: |TSC found unstable|sched_clock: Marking unstable|hrtimer: interrupt took|perf: interrupt took'

# Lines of warning level and above that neither our modules nor our kexec wrote.
# log_is_quiet ignores those from before log_begin.
loud_lines() {
	dmesg -r | grep -E '^<[0-9]*[0-9]>' | awk -F '[<>]' '$2 % 8 < 5' |
		grep -vE "\\] (vnode|adeos_lite|vconsole|vvirtio|kexec): |$SLOW_HOST"
}

log_begin() {
	loud_lines > /tmp/loud.before || true
}

log_is_quiet() {
	loud_lines > /tmp/loud.after || true
	diff /tmp/loud.before /tmp/loud.after
}
