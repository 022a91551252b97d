#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# vm: -d -c 5 -m 4G -t 900 -q '-drive if=virtio,format=raw,snapshot=on,file=build/debian/userland.ext4'
# vm: -f build/debian/nfs.cpio:/boot/nfs.cpio
#
# [MIB]: root and three vnodes as a cluster: ssh between all nodes, MPI programs on all nodes; a
# file and short lines over ssh while MPI keeps the same kernels busy. When a node panics, its
# programs fail and do not hang; after its restart all works as before.

# shellcheck disable=SC2317 # check and wait_for call the functions
# shellcheck source=selftests/system/lib/adeos.sh
. /selftests/lib/adeos.sh
# shellcheck source=selftests/system/lib/cluster.sh
. /selftests/lib/cluster.sh

NODES='0 1 2 3'
ALL=node0,node1,node2,node3
# Seconds in which mpirun must notice that a node is gone: its settings allow for 25 s.
NOTICE_S=120
# Seconds in which a typed line must be answered, whatever else runs.
ANSWER_S=3
# size of the file that goes over ssh
mib=${1:-1}

starts() { # ID
	start_node "$1" $(($1 + 1)) 512M
}

come_up() { # ID...
	local id

	for id; do
		node_is_up "$id" || return 1
	done
}

# Each node answers with its own name and host key, and accepts the key of the others.
ssh_from() { # ID
	local id

	on "$1" "for id in $NODES; do ssh -o BatchMode=yes -o StrictHostKeyChecking=yes node\$id hostname; done" \
		> /tmp/hosts || { cat /tmp/hosts; return 1; }
	for id in $NODES; do
		echo "node$id"
	done | diff - /tmp/hosts
}

mpirun() { # HOSTS COMMAND...
	local hosts="$1"

	shift
	# shellcheck disable=SC2046 # a word for each
	node0 mpirun --wdir /root -np $(echo "$hosts" | tr ',' ' ' | wc -w) --host "$hosts" "$@"
}

runs_everywhere() {
	local id

	mpirun "$ALL" cat /proc/sys/kernel/hostname > /tmp/ran || { cat /tmp/ran; return 1; }
	for id in $NODES; do
		echo "node$id"
	done > /tmp/nodes
	sort /tmp/ran | diff /tmp/nodes -
}

# A message goes round all four nodes and comes back unchanged, which the program checks, and
# it goes over vnic.
ring() {
	local before after

	before=$(cat /sys/class/net/vnet0/statistics/rx_bytes)
	mpirun "$ALL" python3 -m mpi4py.bench ringtest --size 100000 --loop 10 > /tmp/ring 2>&1 ||
		{ cat /tmp/ring; return 1; }
	after=$(cat /sys/class/net/vnet0/statistics/rx_bytes)
	cat /tmp/ring
	echo "$((after - before)) bytes came to root"
	grep '^time for 10 loops = .* (4 processes, 100000 bytes)$' /tmp/ring &&
		not grep -i 'does not match' /tmp/ring && [ $((after - before)) -ge 1000000 ]
}

# The kernel of each rank, as MPI reports it.
ranks() {
	local id

	mpirun "$ALL" python3 -m mpi4py.bench helloworld > /tmp/ranks || { cat /tmp/ranks; return 1; }
	cat /tmp/ranks
	for id in $NODES; do
		grep -x "Hello, World! I am process $id of 4 on node$id." /tmp/ranks || return 1
	done
}

runs_on() { # ID COMMAND
	on "$1" "grep -qx $2 /proc/[0-9]*/comm"
}

# ---- ssh under traffic ----

# Messages of 64 KiB go to and fro between nodes 1 and 3, for hours; mpirun is in root. MPI
# polls while it waits, so it runs at a lower priority than other programs. It must not keep the
# session open.
mpi_begins() {
	mpirun node1,node3 nice -n 10 NPopenmpi -n 100000000 -l 65536 -u 65536 -p 0 > /tmp/mpi.out 2>&1 3>&- 4<&- &
	mpi=$!
	wait_for 60 runs_on 3 NPopenmpi && wait_for 60 grep 'Now starting the main loop' /tmp/mpi.out
}

# An ssh session from node 1 to a shell in node 3, started by root.
session_begins() {
	mkfifo /tmp/typed /tmp/said || return 1
	on 1 ssh -o BatchMode=yes node3 sh < /tmp/typed > /tmp/said &
	session=$!
	exec 3> /tmp/typed 4< /tmp/said
	[ "$(types 60 hostname)" = node3 ]
}

# Types COMMAND, and reads one line of its output.
types() { # SECONDS COMMAND
	local line

	echo "$2" >&3
	# shellcheck disable=SC3045 # busybox sh knows -t
	IFS= read -t "$1" -r line <&4 && echo "$line"
}

session_ends() {
	exec 3>&-
	wait "$session" && exec 4<&-
}

now_ms() {
	local up

	read -r up _ < /proc/uptime
	echo "${up%.*}${up#*.}0"
}

types_until_copied() {
	local n=0 since took longest=0

	while kill -0 "$copy"; do
		n=$((n + 1)) since=$(now_ms)
		[ "$(types "$ANSWER_S" "echo line $n")" = "line $n" ] || { echo "no answer to line $n"; return 1; }
		took=$(($(now_ms) - since))
		[ "$took" -le "$longest" ] || longest=$took
		usleep 50000
	done
	echo "# $n lines were answered, each in $longest ms or less" > /tmp/figures
	[ "$n" -ge 10 ]
}

# Node 1 copies a file from node 3 while MPI and the session run between these nodes. Node 3
# receives more than acknowledgements of the file: MPI's messages continue.
copies_while_busy() {
	local before since sum status=0 received='cat /sys/class/net/vnet0/statistics/rx_bytes' copy came

	sum=$(types 60 "head -c ${mib}M /dev/urandom | tee /root/file | sha256sum") &&
		before=$(types 20 "$received") || return 1
	since=$(uptime_s)
	on 1 "ssh -o BatchMode=yes node3 cat /root/file | sha256sum" > /tmp/sum.come &
	copy=$!
	types_until_copied || status=1
	wait "$copy" || status=1
	came=$(($(types 20 "$received") - before))
	echo "# $mib MiB in $(($(uptime_s) - since)) s; $((came >> 10)) KiB came to who sent them" >> /tmp/figures
	session_ends || status=1
	cat /tmp/figures /tmp/sum.come
	echo "$sum was sent"
	[ "$status" -eq 0 ] && [ ${#sum} -ge 64 ] && [ "$(cat /tmp/sum.come)" = "$sum" ] && [ "$came" -ge $((mib << 18)) ]
}

# ---- a panic ----

panic_while_mpi_runs() {
	local ssh since status=0

	kill -0 "$mpi" || return 1
	on 3 'echo c > /proc/sysrq-trigger' > /dev/null 2>&1 &
	ssh=$!
	wait_for "$NOTICE_S" panicked 3 || return 1
	since=$(uptime_s)
	wait_for "$NOTICE_S" not kill -0 "$mpi" || { kill "$mpi"; return 1; }
	wait "$mpi" || status=$?
	echo "# mpirun ended with status $status after $(($(uptime_s) - since)) s" > /tmp/figures
	cat /tmp/figures /tmp/mpi.out
	# ssh that was in there finds out as well
	wait_for "$NOTICE_S" not pidof ssh || return 1
	[ "$status" -ne 0 ] && not wait "$ssh"
}

# On the other nodes no process of the job is left.
others_go_on() {
	wait_for 60 not runs_on 1 NPopenmpi && wait_for 60 not runs_on 1 orted && ssh_from_two
}

ssh_from_two() {
	[ "$(on 1 ssh -o BatchMode=yes node2 hostname)" = node2 ] &&
		mpirun node0,node1,node2 cat /proc/sys/kernel/hostname
}

start_3_again() {
	stop 3 && starts 3 && node_is_up 3
}

all_stop() {
	stop_all 1 2 3 && stop_root
}

plan 23
remember_root
log_begin
check "root serves its disk" start_root ro
for id in 1 2 3; do
	check "vnode $id starts" starts "$id"
done
check "all come up" come_up 1 2 3
for id in $NODES; do
	check "ssh from node $id to all" ssh_from "$id"
done
check "mpirun runs a program on all" runs_everywhere
check "MPI has a rank on each" ranks
check "a message of MPI goes round all" ring
check "an ssh session" session_begins
check "MPI runs, and does not end" mpi_begins
check "meanwhile ssh carries $mib MiB, and answers who types" copies_while_busy
cat /tmp/figures
check "mpirun fails when a vnode panics" panic_while_mpi_runs
cat /tmp/figures
check "the others go on" others_go_on
check "the vnode that panicked starts again" start_3_again
check "ssh from there to all" ssh_from 3
check "mpirun runs a program on all again" runs_everywhere
check "all stop, and root gives up its part" all_stop
check "root is as it was" root_is_back
check "root's log is quiet" log_is_quiet
finish
