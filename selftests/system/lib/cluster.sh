# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# A cluster in one machine, beside vnode.sh: root is node0, vnode ID is nodeID with the
# address 10.1.0.(ID + 1). The first disk is the user land of selftests/fetch. Root runs it
# in a chroot and exports it over NFS; vnodes mount it as their root file system.

# shellcheck disable=SC2317 # check and wait_for call the functions

IMAGE=/srv/image	# the disk
NODE0=/srv/node0	# root's own user land
EXPORT=/srv/nfs		# in there: what is served
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
	[ -d /sys/module/nfsd ] || (cd / && cpio -id < /boot/nfs.cpio) || return
	modprobe virtio_blk && mkdir -p "$IMAGE" && wait_for 20 test -b /dev/vda &&
		mount -t ext4 -o "$1,noatime" /dev/vda "$IMAGE"
}

# node0's file system, as a vnode's: the disk below, what is written in memory.
make_node0() {
	mkdir -p /srv/memory "$NODE0"
	mount -t tmpfs memory /srv/memory && mkdir /srv/memory/upper /srv/memory/work &&
		modprobe overlay && mount -t overlay overlay "$NODE0" \
			-o "lowerdir=$IMAGE,upperdir=/srv/memory/upper,workdir=/srv/memory/work" &&
		mount --bind /dev "$NODE0/dev" && mount --bind /dev/pts "$NODE0/dev/pts" &&
		mount -t proc proc "$NODE0/proc" && mount -t sysfs sysfs "$NODE0/sys" &&
		mount -t tmpfs run "$NODE0/run" && mkdir "$NODE0$EXPORT" "$NODE0/run/sshd" &&
		mount --bind "$IMAGE" "$NODE0$EXPORT" && node0 /usr/sbin/sshd
}

# NFS 4 only: it needs neither rpcbind nor lockd.
serve_nfs() { # ro|rw
	modprobe nfsd && mount -t nfsd nfsd "$NODE0/proc/fs/nfsd" &&
		mkdir "$NODE0/run/rpc_pipefs" &&
		mount -t rpc_pipefs rpc_pipefs "$NODE0/run/rpc_pipefs" &&
		echo "$EXPORT 10.1.0.0/24($1,fsid=0,no_root_squash,no_subtree_check)" > "$NODE0/etc/exports" &&
		node0 nfsdcld && node0 exportfs -ra && node0 rpc.nfsd -N 3 -V 4.2 4 &&
		node0 rpc.mountd -N 3
}

start_root() { # ro|rw
	join_network && mount_disk "$1" && make_node0 && serve_nfs "$1"
}

# Undoes start_root, step by step; fails if anything is still in use.
stop_root() {
	local dir

	node0 rpc.nfsd 0 && node0 exportfs -ua || return
	killall rpc.mountd nfsdcld sshd
	wait_for 20 not pidof rpc.mountd nfsdcld sshd || return
	for dir in "$NODE0/run/rpc_pipefs" "$NODE0/proc/fs/nfsd" "$NODE0$EXPORT" "$NODE0/run" "$NODE0/sys" \
			"$NODE0/proc" "$NODE0/dev/pts" "$NODE0/dev" "$NODE0" /srv/memory "$IMAGE"; do
		umount "$dir" || return
	done
	rmmod nfsd && rmmod vnic
}

# ---- vnodes ----

# Vnodes that are started later can mount NFS.
nfs_initrd() {
	[ -e /tmp/initrd-nfs.img ] ||
		cat /boot/initrd-vnode.img /boot/nfs.cpio > /tmp/initrd-nfs.img || return
	# shellcheck disable=SC2034 # for start
	INITRD=/tmp/initrd-nfs.img
}

node_words() { # ID
	echo "vnode.modules=vnic ip=$(node_address "$1"):::255.255.255.0:node$1:vnet0" \
		"root=/dev/nfs nfsroot=$(node_address 0):/"
}

# The node writes to its own memory only, so it may cache what it has read for an hour.
start_node() { # ID CPUS MEM [OPTION...]
	local id="$1" cpus="$2" mem="$3"

	shift 3
	nfs_initrd && start "$id" "$cpus" "$mem" --append="$(node_words "$id"),ro,nocto,actimeo=3600 vnode.overlay=50%" "$@"
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
