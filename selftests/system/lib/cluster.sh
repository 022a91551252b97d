# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# A cluster in one machine, beside vnode.sh: root is node0, vnode ID is nodeID with the
# address 10.1.0.(ID + 1). The first disk is the user land of selftests/fetch. Each node has
# a file system of its own above it, what it writes is in root's memory: root runs it in a
# chroot, a vnode has it as its root file system. nfs-root.sh exports the disk over NFS.

# shellcheck disable=SC2317 # check and wait_for call the functions

IMAGE=/srv/image	# the disk
NODE0=/srv/node0	# root's own file system
MEMORY=/srv/memory	# a tmpfs: what the nodes write
EXPORT=/srv/nfs		# in there: what NFS serves
# Seconds until other nodes can log in.
NODE_S=120

node_address() { # ID
	echo "10.1.0.$(($1 + 1))"
}

# Runs a command of the user land, as if logged in to node0.
node0() { # COMMAND...
	chroot "$NODE0" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root USER=root \
		LANG=C.UTF-8 OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 "$@"
}

on() { # ID COMMAND...: the node's shell runs COMMAND
	local id="$1"

	shift
	if [ "$id" = 0 ]; then
		node0 sh -c "$*"
	else
		node0 ssh -o BatchMode=yes -o ConnectTimeout=20 "node$id" "$*"
	fi
}

# ---- root ----

join_network() {
	hostname node0
	insmod "/lib/modules/$(uname -r)/vnic.ko" && ip link set lo up &&
		ip addr add "$(node_address 0)/24" dev vnet0 && ip link set vnet0 up
}

mount_disk() { # ro|rw
	[ -d /sys/module/nfsd ] || { (cd / && cpio -id < /boot/nfs.cpio) && depmod; } || return
	modprobe virtio_blk && mkdir -p "$IMAGE" && wait_for 20 test -b /dev/vda &&
		mount -t ext4 -o "$1,noatime" /dev/vda "$IMAGE"
}

# A node's file system: the disk below, what is written in memory.
make_node() { # ID
	local own="$MEMORY/node$1"

	mkdir -p "/srv/node$1" "$own/upper" "$own/work" &&
		mount -t overlay overlay "/srv/node$1" -o "lowerdir=$IMAGE,upperdir=$own/upper,workdir=$own/work"
}

make_node0() {
	mkdir -p "$MEMORY" && mount -t tmpfs memory "$MEMORY" && modprobe overlay && make_node 0 &&
		mount --bind /dev "$NODE0/dev" && mount --bind /dev/pts "$NODE0/dev/pts" &&
		mount -t proc proc "$NODE0/proc" && mount -t sysfs sysfs "$NODE0/sys" &&
		mount -t tmpfs run "$NODE0/run" && mkdir "$NODE0/run/sshd" && node0 /usr/sbin/sshd
}

start_root() { # ro|rw
	join_network && mount_disk "$1" && make_node0
}

# Processes of node0, also those that a job of MPI has left to find out that it has ended
runs_in_node0() {
	local root status=1

	for root in /proc/[0-9]*/root; do
		[ "$(readlink "$root")" = "$NODE0" ] || continue
		tr '\0' ' ' < "${root%root}cmdline" && echo
		status=0
	done
	return $status
}

# Undoes start_root, step by step; fails if anything is still in use.
stop_root() {
	local dir

	killall sshd
	wait_for 60 not runs_in_node0 || { runs_in_node0; return 1; }
	for dir in "$NODE0/run" "$NODE0/sys" "$NODE0/proc" "$NODE0/dev/pts" "$NODE0/dev" /srv/node* "$MEMORY" "$IMAGE"; do
		! is_mounted "$dir" || umount "$dir" || return
	done
	rmmod vnic
}

# NFS 4 only: it needs neither rpcbind nor lockd.
serve_nfs() { # DIRECTORY
	modprobe nfsd && mkdir "$NODE0$EXPORT" && mount --bind "$1" "$NODE0$EXPORT" &&
		mount -t nfsd nfsd "$NODE0/proc/fs/nfsd" && mkdir "$NODE0/run/rpc_pipefs" &&
		mount -t rpc_pipefs rpc_pipefs "$NODE0/run/rpc_pipefs" &&
		echo "$EXPORT 10.1.0.0/24(rw,fsid=0,no_root_squash,no_subtree_check)" > "$NODE0/etc/exports" &&
		node0 nfsdcld && node0 exportfs -ra && node0 rpc.nfsd -N 3 -V 4.2 4 &&
		node0 rpc.mountd -N 3
}

stop_nfs() {
	node0 rpc.nfsd 0 && node0 exportfs -ua && killall rpc.mountd nfsdcld &&
		wait_for 20 not pidof rpc.mountd nfsdcld &&
		umount "$NODE0/run/rpc_pipefs" && umount "$NODE0/proc/fs/nfsd" && umount "$NODE0$EXPORT" && rmmod nfsd
}

# ---- vnodes ----

# The words that /etc/rc.node of the user land knows
start_node() { # ID CPUS MEM [OPTION...]
	# shellcheck disable=SC2034 # for start
	local id="$1" cpus="$2" mem="$3" INITRD=none

	shift 3
	is_mounted "/srv/node$id" || make_node "$id" || return
	start "$id" "$cpus" "$mem" --fs="/srv/node$id:/,private" --append="node=$id" "$@"
}

# Costs less than a login.
sshd_answers() { # ID
	busybox nc -w 5 "$(node_address "$1")" 22 < /dev/null | grep -q '^SSH-'
}

node_is_up() { # ID
	{ wait_for "$NODE_S" sshd_answers "$1" && on "$1" true; } || { show_log "$1"; return 1; }
}

panicked() { # ID
	[ "$(field "$1" state)" = panicked ]
}
