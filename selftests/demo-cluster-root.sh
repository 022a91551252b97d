#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# The part of `make demo-cluster` that runs in the root vnode.

# shellcheck disable=SC2317 # try calls the functions
# shellcheck source=selftests/system/lib/vnode.sh
. /selftests/lib/vnode.sh
# shellcheck source=selftests/system/lib/cluster.sh
. /selftests/lib/cluster.sh

NODES='1 2 3'
ALL=node0,node1,node2,node3
# where NetPIPE ends, and how often each message goes
LARGEST=1048576
REPEATS=10

begin=$(uptime_s)
cpus=$(nproc)

step() {
	echo
	echo "== $*"
}

show() { # COMMAND..., as typed in node0, and what it says
	echo "   # $*"
	node0 "$@" > /tmp/show.out 2>&1 || { fail "$*" < /tmp/show.out; }
	sed 's/^/   /' /tmp/show.out
}

fail() { # WHAT: input is what it said
	tail -n 30 | sed 's/^/   /'
	echo "demo-cluster: failed: $*"
	exit 1
}

try() { # WHAT COMMAND...
	local what="$1"

	shift
	"$@" > /tmp/try.out 2>&1 || fail "$what" < /tmp/try.out
}

start_one() { # ID
	echo "   # kexec --vnode=$1 --cpus=$(($1 + 1)) --mem=512M --initrd=none --fs=/srv/node$1:/,private --append=node=$1 $KERNEL"
	try "the start of vnode $1" start_node "$1" $(($1 + 1)) 512M
}

# What NetPIPE writes: bytes, Mbit/s, seconds.
netpipe() { # NODE NODE
	local file=/root/netpipe

	echo "   # mpirun -np 2 --host $1,$2 NPopenmpi -u $LARGEST -n $REPEATS -p 0"
	try "NetPIPE between $1 and $2" on "${1#node}" \
		"mpirun -np 2 --host $1,$2 NPopenmpi -u $LARGEST -n $REPEATS -p 0 -o $file"
	try "the figures of $1 and $2" on "${1#node}" cat $file
	awk 'NF == 3 { printf "%d %.1f %.3f\n", $1, $3 * 1e6, $2 }' /tmp/try.out > "/tmp/$1-$2"
	[ "$(tail -n 1 "/tmp/$1-$2" | cut -d ' ' -f 1)" = "$LARGEST" ] ||
		fail "NetPIPE between $1 and $2 has measured too little" < "/tmp/$1-$2"
}

table() { # NODE-NODE NODE-NODE
	printf '\n   %8s  %20s  %8s  %20s  %8s\n' bytes "$1, us" Mbit/s "$2, us" Mbit/s
	awk 'NR == FNR { time[$1] = $2; rate[$1] = $3; next }
		{ printf "   %8d  %20.1f  %8.3f  %20.1f  %8.3f\n", $1, time[$1], rate[$1], $2, $3 }' "/tmp/$1" "/tmp/$2"
}

step "root, with $cpus CPUs, is node0; each node has a directory as its root, above Debian's user land on a disk"
try "root's part" start_root ro

step "vnodes 1 to 3: the same kernel, a CPU and 512 MiB each, a root file system of root's"
for id in $NODES; do
	start_one "$id"
done
for id in $NODES; do
	try "node$id does not come up" node_is_up "$id"
done
kexec --vnode-list | sed 's/^/   /'

step "ssh from node to node"
show ssh node1 "hostname; uname -r; grep ' / ' /proc/mounts"
show ssh node2 ssh node3 hostname

step "MPI: mpirun starts programs over ssh on vnic"
show mpirun -np 4 --host $ALL hostname
show mpirun -np 4 --host $ALL python3 -m mpi4py.bench helloworld
show mpirun -np 4 --host $ALL python3 -m mpi4py.bench ringtest --size 65536 --loop 10

step "NetPIPE: messages between root and a vnode, and between two vnodes"
netpipe node0 node1
netpipe node1 node2
table node0-node1 node1-node2

step "all is taken back"
for id in $NODES; do
	try "vnode $id is taken back" stop "$id"
done
try "root's part is undone" stop_root
try "root has all of its CPUs" [ "$(nproc)" = "$cpus" ]
echo "   $(nproc) CPUs; all of it took $(($(uptime_s) - begin)) s"
