#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# vm: -d -c 4 -m 2G -t 600
#
# Sockets between vnodes and root: virtio's driver in the vnode, root's kernel behind them.

# shellcheck disable=SC2317 # check and wait_for call the functions
# shellcheck disable=SC2016 # expanded in the vnode
# shellcheck source=selftests/system/lib/adeos.sh
. /selftests/lib/adeos.sh
# shellcheck source=selftests/system/lib/devices.sh
. /selftests/lib/devices.sh

PORT=1234
MODULES="vsock vmw_vsock_virtio_transport_common"

load_in_root() {
	local module

	for module in $MODULES vhost_iotlb vhost vhost_vsock; do
		insmod "/lib/modules/$(uname -r)/$module.ko" || return
	done
	wait_for 5 [ -c /dev/vhost-vsock ]
}

start_with_sockets() { # ID CPUS OPTION...
	local id="$1" cpus="$2"

	shift 2
	# vsh needs the path of the program that root has
	start "$id" "$cpus" 256M --fs="$TREE":/srv/tree --append="vnode.modules=$(echo "$MODULES" | tr ' ' ,),vmw_vsock_virtio_transport,fuse,virtiofs,vvirtio" "$@" &&
		comes_up "$id" "$(count_cpus "$cpus")" && answers "$id" &&
		inside "$id" 'mkdir -p /m && mount -t virtiofs fs0 /m'
}

is_shown() {
	exits_with 0 kexec --vnode=1 -S > /tmp/status && grep '^device' /tmp/status &&
		grep -qx 'device: *vsock: in use, vhost_vsock 1001' /tmp/status
}

has_address() {
	[ "$(inside 1 '/m/vsock cid')" = 1001 ]
}

echo_in_vnode() { # ID
	inside "$1" "/m/vsock echo $PORT > /tmp/echo 2>&1 < /dev/null &" &&
		wait_for 20 inside "$1" 'grep listening /tmp/echo'
}

root_connects() { # ID
	vsock send "$((1000 + $1))" "$PORT" 4096
}

vnode_connects() {
	vsock echo "$PORT" > /tmp/echo &
	wait_for 10 grep -q listening /tmp/echo && inside 1 "/m/vsock send 2 $PORT 4096" && grep -x 'peer 1001' /tmp/echo
	kill $!
}

# Not from vnode to vnode: vhost_vsock passes on to root only.
vnodes_do_not_connect() {
	not inside 2 "/m/vsock send 1001 $PORT 16"
}

is_reset_by_a_panic() {
	vsock send 1001 "$PORT" 1000000 > /tmp/send 2>&1 &
	wait_for 20 inside 1 '[ "$(grep -c peer /tmp/echo)" -ge 2 ]'
	end_by 1 'echo c > /proc/sysrq-trigger'
	not wait $! && cat /tmp/send
}

works_again() {
	wait_for "$UP_S" restarts_are 1 1 && answers 1 && inside 1 'mkdir -p /m && mount -t virtiofs fs0 /m' &&
		echo_in_vnode 1 && root_connects 1 && is_well 1
}

without_module() {
	rmmod vhost_vsock && start 3 3 128M -l --fs="$TREE":/srv/tree && device_is 3 fs0 ready &&
		not device_is 3 vsock ready && stop 3
}

plan 13
mkdir -p "$TREE"
cp /usr/local/bin/vsock "$TREE/"
check "vhost_vsock is loaded in root" load_in_root
remember_adeos
check "two vnodes have sockets" eval \
	"start_with_sockets 1 2 --restart=on-failure && start_with_sockets 2 1"
check "-S shows them" is_shown
check "a vnode knows its address" has_address
check "a vnode listens" echo_in_vnode 1
check "root connects, 4 MiB there and back" root_connects 1
check "a vnode connects to root" vnode_connects
check "but not to another vnode" vnodes_do_not_connect
check "a panic resets the connections" is_reset_by_a_panic
check "after the restart they work" works_again
check "both are returned" stop_all 1 2
check "everything is back" is_left
check "without vhost_vsock a vnode has no sockets" without_module
finish
