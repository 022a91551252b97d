#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# vm: -c 3 -m 3G -t 900 -q '-drive if=virtio,format=raw,snapshot=on,file=build/debian/userland.ext4'
# vm: -f build/debian/nfs.cpio:/boot/nfs.cpio
#
# [MIB]: a vnode mounts its root file system from root, over NFS on vnic, and uses it as any
# other: a package, large files. The vnode is killed, and mounts it again; in the end root
# can unmount its disk.

# shellcheck disable=SC2317 # check and wait_for call the functions
# shellcheck source=selftests/system/lib/vnode.sh
. /selftests/lib/vnode.sh
# shellcheck source=selftests/system/lib/cluster.sh
. /selftests/lib/cluster.sh

mib=${1:-64}

# ---- the vnode ----

# Vnodes that are started later can mount NFS.
nfs_initrd() {
	# shellcheck disable=SC2034 # for start
	INITRD=/tmp/initrd-nfs.img
	cat /boot/initrd-vnode.img /boot/nfs.cpio > "$INITRD"
}

words() { # ID
	echo "vnode.modules=vnic ip=$(node_address "$1"):::255.255.255.0:node$1:vnet0" \
		"root=/dev/nfs nfsroot=$(node_address 0):/"
}

# Without an overlay: the vnode writes to root's disk.
start_it() {
	start 1 2 384M --append="$(words 1)" && node_is_up 1
}

# The state "running" comes before its init has changed to the other root: ssh answers later.
its_root_is_nfs() {
	on 1 cat /proc/mounts /proc/1/comm > /tmp/mounts
	cat /tmp/mounts
	grep -E "^$(node_address 0):/ / nfs4 rw,.*vers=4\.2,.*proto=tcp,.*addr=$(node_address 0) " /tmp/mounts &&
		grep -x init /tmp/mounts && [ "$(on 1 hostname)" = node1 ] &&
		[ "$(on 1 uname -r)" = "$(uname -r)" ]
}

# Both sides show the same owner and mode of a file, and enforce them.
rights_hold() {
	on 1 "touch /root/of-node1 && stat -c %u:%a /root/of-node1" > /tmp/owner &&
		[ "$(cat /tmp/owner)" = "$(stat -c %u:%a "$IMAGE/root/of-node1")" ] &&
		not on 1 "setpriv --reuid 65534 --clear-groups touch /root/of-nobody" &&
		[ ! -e "$IMAGE/root/of-nobody" ]
}

# A vnode without its root file system panics.
no_root_is_a_panic() {
	start 2 1 256M --append="$(words 2 | sed 's/:vnet0/:vnet1/')"
	wait_for 60 log_has 2 'Attempted to kill init' && log_has 2 'vnode: root over NFS: vnet1: No such device' &&
		wait_for 10 panicked 2
}

# ---- what it does there ----

package() {
	on 1 "rm -rf /tmp/p && mkdir -p /tmp/p/DEBIAN /tmp/p/opt && echo vnode > /tmp/p/opt/of-a-package &&
		printf '%s\n' 'Package: of-a-vnode' 'Version: 1' 'Architecture: all' \
			'Maintainer: none <none@localhost>' 'Description: a file' > /tmp/p/DEBIAN/control &&
		dpkg-deb -b /tmp/p /tmp/p.deb && dpkg -i /tmp/p.deb && dpkg -V of-a-vnode && dpkg --audit" &&
		[ "$(cat "$IMAGE/opt/of-a-package")" = vnode ] &&
		chroot "$IMAGE" dpkg -s of-a-vnode | grep -x 'Status: install ok installed' &&
		on 1 dpkg -r of-a-vnode && [ ! -e "$IMAGE/opt/of-a-package" ]
}

sum() { # PLACE FILE: of the server's file, not of the vnode's cache
	case $1 in
	0) sha256sum "$IMAGE$2" ;;
	1) on 1 "echo 3 > /proc/sys/vm/drop_caches; sha256sum $2" ;;
	esac | cut -d ' ' -f 1
}

speed() { # WHAT SINCE
	local took=$(($(uptime_s) - $2))

	echo "# $1: $mib MiB in $took s" >> /tmp/figures
}

# Compares with the sum of the bytes that were passed to write().
vnode_writes() {
	local since

	since=$(uptime_s)
	on 1 "head -c ${mib}M /dev/urandom | tee /srv/written | sha256sum | cut -d ' ' -f 1; sync" > /tmp/sum.written
	speed "written, with its sum" "$since"
	[ "$(stat -c %s "$IMAGE/srv/written")" = $((mib << 20)) ] &&
		same_sum "$(cat /tmp/sum.written)" "$(sum 0 /srv/written)"
}

vnode_reads_back() {
	local since

	since=$(uptime_s)
	same_sum "$(cat /tmp/sum.written)" "$(sum 1 /srv/written)" || return
	speed "read back, with its sum" "$since"
}

# Root writes a file of a name that the vnode has used before, and the vnode reads it.
root_writes() {
	local sum

	on 1 "rm /srv/written && echo before > /srv/from-root" &&
		sum=$(head -c 16M /dev/urandom | tee "$IMAGE/srv/from-root" | sha256sum | cut -d ' ' -f 1) &&
		same_sum "$sum" "$(sum 1 /srv/from-root)"
}

same_sum() { # SUM SUM
	echo "$1 $2"
	[ ${#1} -eq 64 ] && [ "$1" = "$2" ]
}

# ---- how it ends ----

writes_for_ever() {
	on 1 "setsid sh -c 'i=0; while head -c 1M /dev/zero > /srv/half.\$((i % 8)) && sync; do i=\$((i + 1)); done' \
		> /dev/null 2>&1 &" && wait_for 30 test -s "$IMAGE/srv/half.3"
}

stop_in_the_middle() {
	writes_for_ever && stop 1
}

is_as_it_was() {
	same_sum "$(sum 0 /srv/from-root)" "$(sum 1 /srv/from-root)" && on 1 rm -r /srv/from-root '/srv/half.*'
}

plan 17
remember_root
log_begin
: > /tmp/figures
check "root serves its disk" eval "start_root rw && serve_nfs $IMAGE && nfs_initrd"
check "a vnode whose root file system cannot be had panics" no_root_is_a_panic
check "it is taken back" stop 2
check "a vnode comes up with its root file system over NFS" start_it
check "that is what its / is" its_root_is_nfs
check "rights are those of the files" rights_hold
check "dpkg builds, installs and removes a package" package
check "$mib MiB that it writes are what root has" vnode_writes
check "$mib MiB that it reads are what it wrote" vnode_reads_back
check "what root writes is what it reads" root_writes
cat /tmp/figures
check "it is killed while it writes" stop_in_the_middle
check "it mounts again" start_it
check "everything is as it was" is_as_it_was
check "it is shut down in order" stop_orderly 1
check "root gives up its part: nothing is held" eval 'stop_nfs && stop_root'
check "root is as it was" root_is_back
check "root's log is quiet" log_is_quiet
finish
