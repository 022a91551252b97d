#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# vm: -d -c 4 -m 2G -t 600
# long: each way in which a back end ends; disk, fs and vsock have what works
#
# The process that serves a vnode's disks and file systems, and its back ends: from the
# grant to the return. vvirtio-driver plays the driver's side in root, of a vnode that is
# loaded and does not run.

# shellcheck disable=SC2317 # check and wait_for call the functions
# shellcheck source=selftests/system/lib/adeos.sh
. /selftests/lib/adeos.sh
# shellcheck source=selftests/system/lib/devices.sh
. /selftests/lib/devices.sh

load() { # ID CPU OPTION...
	local id="$1" cpu="$2"

	shift 2
	start "$id" "$cpu" 128M -l "$@"
}

return_all() { # ID...
	local id

	for id; do
		kexec --vnode="$id" -u || return 1
	done
	all_gone || is_left
}

shows_devices() {
	exits_with 3 kexec --vnode=1 -S > /tmp/status && grep '^device' /tmp/status &&
		grep -qx "device: *vda: ready, qemu-storage-daemon $IMAGE" /tmp/status &&
		grep -qx "device: *fs0: ready, virtiofsd $TREE at /srv/tree, read-only" /tmp/status &&
		kexec --vnode=1 -S --json | json-check > /dev/null &&
		kexec --vnode=1 -S --json |
			grep -q '"name": "fs0", "type": "fs", "path": "/srv/tree", "target": "/srv/tree", "read_only": true'
}

# Another vnode cannot open it; root and the vnode itself could.
is_for_its_vnode() {
	grep -q ' vvirtio.1.0 0 2097152 ' "$SYSFS/bridges" && [ "$(stat -c %a "$RUN/1.sockets")" = 700 ]
}

reads_what_it_wrote() {
	vvirtio-driver 1 0 write 8 "a sector" &&
		[ "$(vvirtio-driver 1 0 read 8)" = "a sector" ] &&
		[ "$(dd if="$IMAGE" bs=512 skip=8 count=1 2> /dev/null | tr -d '\0')" = "a sector" ] &&
		vvirtio-driver 1 0 copy $((4 << 20)) && device_is 1 vda "in use"
}

# Each time a new virtiofsd: it ends with its connection.
is_fresh_after_reset() {
	local before

	before=$(pids virtiofsd | tail -n 1)
	[ "$(vvirtio-driver 1 1 fuse-init)" = "$(vvirtio-driver 1 1 fuse-init)" ] &&
		vvirtio-driver 1 1 fuse-init | grep '^fuse 7' &&
		[ "$(pids virtiofsd | tail -n 1)" != "$before" ]
}

# refused(), for a start that has got as far as the front end
fails_to_start() { # STATUS PATTERN OPTION...
	local want="$1" pattern="$2" status=0

	shift 2
	# what is given back after an error is back a little later
	wait_for 20 [ ! -e /sys/class/vnode/vnode3 ] || return 1
	kexec --vnode=3 --cpus=3 --mem=128M --initrd="$INITRD" -l "$@" /boot/vmlinuz > /tmp/out 2> /tmp/err || status=$?
	cat /tmp/err
	[ "$status" -eq "$want" ] && [ "$(wc -l < /tmp/err)" -eq 1 ] && grep -q -- "$pattern" /tmp/err &&
		wait_for 20 [ ! -e /sys/class/vnode/vnode3 ] && [ ! -e "$RUN/3" ] && [ ! -e "$RUN/3.lock" ]
}

in_use_by_qemu() {
	local ret

	qemu-storage-daemon --blockdev "driver=file,node-name=f,filename=/srv/b.qcow2" \
		--blockdev driver=qcow2,node-name=q,file=f --export "type=vhost-user-blk,id=e,node-name=q,addr.type=unix,addr.path=/tmp/other,writable=on" &
	wait_for 30 test -S /tmp/other && fails_to_start 1 'Failed to get .* lock' --disk=/srv/b.qcow2
	ret=$?
	kill $!
	wait $!
	return "$ret"
}

read_only_is_enforced() {
	not vvirtio-driver 1 1 write 0 x && [ "$(dd if=/srv/r.img bs=512 count=1 2> /dev/null | tr -d '\0')" = "" ]
}

no_more_than_16() {
	local i=0

	set --
	while [ "$i" -lt 17 ]; do
		set -- "$@" "--fs=$TREE:/$i"
		i=$((i + 1))
	done
	refused 2 'is one too many: a vnode has at most 16' --vnode=3 --cpus=3 --mem=128M "$@" /boot/vmlinuz
}

no_memory_for_bridges() {
	local i=0

	set --
	while [ "$i" -lt 8 ]; do
		set -- "$@" "--fs=$TREE:/$i"
		i=$((i + 1))
	done
	fails_to_start 1 'load adeos-lite with a bigger commons=' "$@"
}

no_back_end() { # PROGRAM PATTERN OPTION
	local ret

	mv "$1" "$1.away"
	refused 2 "$2" --vnode=3 --cpus=3 --mem=128M "$3" /boot/vmlinuz
	ret=$?
	mv "$1.away" "$1"
	return "$ret"
}

# A program in place of the daemon tries what the daemon may not; kexec tells its words.
is_confined() {
	local daemon=/usr/bin/qemu-storage-daemon ret

	mv "$daemon" "$daemon.away"
	cat > "$daemon" <<-'END'
		#!/bin/sh
		echo x > /srv/forbidden
		mkdir /srv/forbidden
		kill -0 1
		ip link set lo up
		echo x >> "$(echo "$2" | sed 's/.*filename=//')" && echo the image can be written >&2
		grep -E 'NoNewPrivs|CapBnd' /proc/self/status >&2
	END
	chmod 755 "$daemon"
	fails_to_start 1 'the image can be written; CapBnd:.*0000000000000002; NoNewPrivs:.*1' --disk=/srv/r.img
	ret=$?
	mv "$daemon.away" "$daemon"
	[ "$ret" -eq 0 ] && grep 'forbidden: Permission denied; mkdir: .*Permission denied; .*Operation not permitted; ip: .*Operation not permitted' /tmp/err &&
		[ ! -e /srv/forbidden ]
}

back_end_dies() {
	vvirtio-driver 1 0 stay > /tmp/stay &
	wait_for 30 grep -q 'in use' /tmp/stay && kill -9 "$(pids "qemu-storage-daemon.*$IMAGE")" || return
	wait $! || { echo "the driver: $?"; return 1; }
	kexec --vnode=1 -S
	grep failed /tmp/stay && device_is 1 vda failed &&
		dmesg | grep 'kexec: vnode1: vda has failed: qemu-storage-daemon'
}

comes_back_by_reset() {
	reads_what_it_wrote && device_is 1 vda "in use"
}

lives_with_a_hostile_driver() {
	vvirtio-driver 1 0 hostile 500 && vvirtio-driver 1 1 hostile 200 &&
		vvirtio-driver 1 0 copy $((1 << 20))
}

# Its back ends die with it, and -S says what happened; a new vnode of that id can be served.
front_end_dies() {
	kill -9 "$(pids 'kexec --vnode=1')"
	wait_for 20 not pids "$IMAGE" && device_is 1 vda "failed, its front end is gone" &&
		kexec --vnode=1 -u && load 1 2 "--disk=$IMAGE" && device_is 1 vda ready &&
		reads_what_it_wrote
}

# Whenever kexec is killed: a whole vnode or nothing.
whole_or_nothing() {
	local delay=100000 whole=0 nothing=0 pid

	while [ "$delay" -lt 7000000 ]; do
		kexec --vnode=1 --cpus=2 --mem=128M --initrd="$INITRD" -l "--disk=$IMAGE" "--fs=$TREE:/" \
			"$KERNEL" > /dev/null 2>&1 &
		pid=$!
		usleep "$delay"
		kill -9 "$pid" 2> /dev/null
		wait "$pid"
		kexec --vnode=1 -S > /tmp/status 2> /dev/null
		if grep -q '^state: *loaded' /tmp/status; then
			whole=$((whole + 1))
			device_is 1 vda ready && device_is 1 fs0 ready || return 1
			kexec --vnode=1 -u || return 1
		else
			nothing=$((nothing + 1))
		fi
		all_gone > /dev/null || is_left || return 1
		delay=$((delay + 500000))
	done
	echo "$whole whole, $nothing nothing"
	[ "$nothing" -gt 0 ] && [ "$whole" -gt 0 ]
}

plan 22
mkdir -p "$TREE"
truncate -s 64M $IMAGE
truncate -s 1M /srv/r.img
qemu-img create -q -f qcow2 /srv/b.qcow2 1G
remember_adeos

check "a disk and a directory are ready before the vnode is started" \
	load 1 2 --disk=$IMAGE --fs=$TREE:/srv/tree,ro
check "-S shows them, as text and as JSON" shows_devices
check "the bridge is for its vnode, the sockets are for root" is_for_its_vnode
check "the driver reads what it wrote, and so does root" reads_what_it_wrote
check "a reset makes a file system as new" is_fresh_after_reset
check "a disk of another vnode is refused" \
	fails_to_start 5 "--disk=$IMAGE: it is a disk of another vnode" --disk=$IMAGE
check "and so is reading one that another can write" \
	fails_to_start 5 "--disk=$IMAGE: it is a disk of another vnode" --disk=$IMAGE,ro
check "an image that another QEMU has is refused with its words" in_use_by_qemu
check "the back end dies: the device has failed, and its driver is told" back_end_dies
check "a reset starts a new one" comes_back_by_reset
check "a hostile driver is answered, and harms itself only" lives_with_a_hostile_driver
check "after the return nothing is left" return_all 1
check "two vnodes can read one image" eval \
	"load 1 2 --disk=/srv/b.qcow2 --disk=/srv/r.img,ro && load 2 3 --disk=/srv/r.img,ro && device_is 2 vda ready"
check "a qcow2 image is served" vvirtio-driver 1 0 copy $((4 << 20))
check "a disk that is read-only cannot be written" read_only_is_enforced
check "the front end dies: so do its back ends, and the id can be served again" front_end_dies
return_all 1 2 > /dev/null
check "more than 16 devices are refused" no_more_than_16
check "no memory for bridges: one line, nothing is left" no_memory_for_bridges
check "no qemu-storage-daemon: its package is named" \
	no_back_end /usr/bin/qemu-storage-daemon 'apt-get install qemu-system-common' --disk=$IMAGE
check "the back end of a disk is confined" is_confined
check "no virtiofsd: its package is named" \
	no_back_end /usr/lib/qemu/virtiofsd 'apt-get install virtiofsd' --fs=$TREE:/
check "kexec is killed at any moment: a whole vnode or nothing" whole_or_nothing
finish
