#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
# Runs in the machine: the cost of interrupts, messages and memory between kernels,
# compared with Linux and the hardware on the same CPUs; how soon root notices an end, and
# the time until the vnode runs again. All figures of a table come from one run; only the
# ratios are meaningful.

set -eu
rounds=${1:-5}
times=20000
# shellcheck source=selftests/system/lib/adeos.sh
. /selftests/lib/adeos.sh
# shellcheck source=selftests/bench/table.sh
. /bench/table.sh

# "WHAT count N min NS median NS ..." of the input, in microseconds
median() { # WHAT
	awk -v what="$1" '$1 == what { for (i = 2; i < NF; i++) if ($i == "median") printf "%.2f", $(i + 1) / 1000 }'
}

# ---- interrupts ----

# Root's CPU 0 and CPU 1, which belongs to vnode 1 first and to root later.
bench_interrupts() {
	quietly at 0 bridge page
	quietly at 0 portal back cpu=0 grant=all
	quietly at 1 open page
	quietly at 1 portal in cpu=0 grant=all
	quietly at 1 stamp in page
	quietly at 1 portal echo cpu=0 grant=all
	quietly at 1 echo echo 0 back
	taskset 1 adeos-test oneway 1 in $times bridge=page > /tmp/oneway
	taskset 1 adeos-test pingpong 1 echo back $times > /tmp/pingpong
}

# Later, with CPU 1 back in root.
bench_smpcall() {
	taskset 1 adeos-test smpcall 1 $times > /tmp/smpcall
}

show_interrupts() {
	local one call round

	heading "Interrupts from CPU 0 to CPU 1, $times of each"
	one=$(median one-way < /tmp/smpcall)
	row "smp_call_function_single, to the function" "$one" us
	call=$(median one-way < /tmp/oneway)
	row "portal, to its handler" "$call" us "$(ratio "$call" "$one")" "1 or less"
	round=$(median round-trip < /tmp/smpcall)
	row "smp_call_function_single, and back" "$round" us
	call=$(median round-trip < /tmp/pingpong)
	row "portal, and a portal back" "$call" us "$(ratio "$call" "$round")" "1 or less: two interrupts"
}

# ---- messages ----

bench_messages() {
	end_by 1 adeos-test serve page 8000
	usleep 500000
	taskset 1 adeos-test ball page $times > /tmp/ball
	wait
	taskset 1 adeos-test ping 1 2000 > /tmp/ping
}

show_messages() {
	local ball

	heading "A request and its answer between root and vnode 1"
	ball=$(median ball < /tmp/ball)
	row "a cache line there and back, both sides poll" "$ball" us
	row "a message, by interrupts and workers" "$(median call < /tmp/ping)" us
}

# ---- memory ----

# With 1 MiB the ratio says where the buffers lie, not what a bridge costs: the pages of
# two buffers then share entries of QEMU's TLB, or do not (657 to 4931 MB/s for the same
# copy in ordinary memory).
bench_memory() {
	quietly at 0 bridge wide size=262144
	adeos-test memcpy wide 200 > /tmp/memcpy
	quietly at 0 unbridge wide
}

show_memory() {
	local mine

	heading "Copies of 256 KiB"
	mine=$(value ordinary < /tmp/memcpy)
	row "in ordinary memory" "$mine" MB/s
	row "into a bridge" "$(value to-bridge < /tmp/memcpy)" MB/s \
		"$(ratio "$(value to-bridge < /tmp/memcpy)" "$mine")" "about 1"
	row "from a bridge" "$(value from-bridge < /tmp/memcpy)" MB/s \
		"$(ratio "$(value from-bridge < /tmp/memcpy)" "$mine")" "about 1"
}

# ---- failures ----

# Polled during the measurement: it must cost little.
restarted() { # N
	local restarts state

	read -r restarts < /sys/class/vnode/vnode1/restarts
	read -r state < /sys/class/vnode/vnode1/state
	[ "$restarts $state" = "$1 running" ]
}

# One line a round: noticed, planned, attached; in ms.
bench_end() { # FILE COMMAND...
	local file="$1" khz n=0

	shift
	quietly up 1 1-2 192M --restart=on-failure
	khz=$(field 1 tsc_khz)
	while [ $n -lt "$rounds" ]; do
		n=$((n + 1))
		end_by 1 "$@"
		quietly wait_for 60 restarted $n
		take_status
		awk -v khz="$khz" -v noticed="$(json noticed_ms)" -v end="$(json end_tsc)" \
			-v restart="$(json restart_tsc)" -v entry="$(json entry_tsc)" -v attach="$(json attach)" \
			'BEGIN { print noticed, (restart - end) / khz, (entry - restart) / khz, attach }' >> "$file"
		quietly answers 1
		# so that no pause grows
		sleep 11
	done
	quietly stop 1
}

take_status() {
	# 3: it does not run
	kexec --vnode=1 -S --json > /tmp/end || [ $? -eq 3 ]
}

json() { # NAME: of /tmp/end
	grep -o "\"$1\": [^,}]*" /tmp/end | head -n 1 | sed 's/^[^:]*: //'
}

column() { # FILE N
	awk -v n="$2" '$n != "null" { print $n }' "$1" | middle
}

show_end() {
	local sum

	heading "An end and a start again, $rounds of each"
	row "panic() to root's knowledge" "$(column /tmp/panic 1)" ms
	row "  from there to the restart's beginning" "$(column /tmp/panic 2)" ms
	row "  to the first instruction: clear, place, wake" "$(column /tmp/panic 3)" ms
	row "  to attached" "$(column /tmp/panic 4)" ms
	sum=$(awk '{ print $1 + $2 + $3 + $4 }' /tmp/panic | middle)
	row "panic() to running again" "$sum" ms "" "2000 or less"
	row "a hang: silent CPU to root's knowledge" "$(hang_noticed)" ms "" "1000 or less"
}

# From the vnode's last word to root's verdict, by the TSC.
bench_hang() {
	local n=0 said

	while [ $n -lt "$rounds" ]; do
		n=$((n + 1))
		quietly up 1 1-2 192M
		end_by 1 adeos-test spin 1
		hung() { state_is 1 hung; }
		quietly wait_for 20 hung
		said=$(kexec --vnode=1 --log | sed -n 's/.*spins from now on, tsc \([0-9]*\)$/\1/p')
		take_status
		awk -v said="$said" -v end="$(json end_tsc)" -v khz="$(json tsc_khz)" \
			'BEGIN { print (end - said) / khz }' >> /tmp/hang
		quietly stop 1
	done
}

hang_noticed() {
	middle < /tmp/hang
}

# ---- what it costs to be there ----

bench_cost() {
	quietly up 1 1-2 192M
	vsh 1 "awk '\$1 == \"adeos_lite\" { print int(\$2 / 1024) }' /proc/modules" > /tmp/cost.module
	at 1 beat 40 > /tmp/beat
	quietly stop 1
}

show_cost() {
	heading "What it costs to be a member"
	row "its station in the commons" 128 KiB
	row "adeos-lite in the vnode" "$(cat /tmp/cost.module)" KiB
	row "one beat, of which each of its CPUs has ten a second" "$(median beat < /tmp/beat)" us
}

# ---- how it scales ----

log_ms() { # ID PATTERN: time of the line in the vnode's log
	kexec --vnode="$1" --log | awk -F '[][]' -v want="$2" '$0 ~ want { print $2 * 1000; exit }'
}

# Vnode N, while the earlier ones run: from loading the module to attached.
bench_attach() {
	local id=0 sample

	while [ $id -lt 15 ]; do
		id=$((id + 1))
		quietly start $id $id 128M --wait=240
		wait_for 10 log_has $id 'adeos_lite: attached' > /dev/null
		sample="$(log_ms $id 'adeos_lite: module verification') $(log_ms $id 'adeos_lite: attached')"
		echo "$id $sample" | awk '{ print $1, $3 - $2 }' >> /tmp/attach
	done
}

attach_ms() { # N
	awk -v n="$1" '$1 == n { print $2 }' /tmp/attach
}

show_attach() {
	local n

	heading "From the nanokernel's loading to attached, while N - 1 other vnodes run"
	for n in 1 4 8 15; do
		row "N = $n" "$(attach_ms $n)" ms "$(ratio "$(attach_ms $n)" "$(attach_ms 1)")" flat
	done
}

# ---- all of it: what needs four CPUs, or what needs sixteen ----

[ -d $SYSFS ] || { echo "bench: no $SYSFS" >&2; exit 1; }
if [ "$(cpus_online)" = 0-15 ]; then
	bench_attach
	show_attach
	exit
fi
quietly up 1 1-2 192M
bench_interrupts
bench_messages
bench_memory
quietly stop 1
bench_smpcall
show_interrupts
show_messages
show_memory
bench_end /tmp/panic adeos-test panic
bench_hang
show_end
bench_cost
show_cost
