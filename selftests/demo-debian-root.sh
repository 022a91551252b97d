# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# demo-debian-root.sh [STEP...]: the part of `make demo-debian` that runs in the root vnode. With
# STEPs (boot login package reboot kill shutdown) only these, in a machine where the earlier
# ones have been run.

# shellcheck disable=SC2016,SC2317 # for the shells in there; try and wait_for call the functions
# shellcheck source=selftests/system/lib/vnode.sh
. /selftests/lib/vnode.sh

MODULES=/lib/modules/$(uname -r)
IMAGE=/boot/vmlinuz-$(uname -r)
WEB=/srv/web.qcow2
# for systemd on an emulated CPU of a busy host
READY_S=600

begin=$(uptime_s)
title=''
: > /tmp/steps

# ---- what is printed ----

step() { # TITLE
	step_is_done
	title=$1
	since=$(uptime_s)
	echo
	echo "== $title"
}

step_is_done() {
	[ -z "$title" ] || echo "ok: $title ($(($(uptime_s) - since)) s)" >> /tmp/steps
}

fail() { # WHAT: the input is the output of what failed
	tail -n 30 | sed 's/^/   /'
	echo "demo-debian: failed: $*"
	exit 1
}

try() { # WHAT COMMAND...
	local what="$1"

	shift
	"$@" > /tmp/try.out 2>&1 || fail "$what" < /tmp/try.out
}

show() { # COMMAND, printed with its output
	echo "   # $1"
	sh -c "$1" > /tmp/show.out 2>&1 || fail "$1" < /tmp/show.out
	sed 's/^/   /' /tmp/show.out
}

says() { # PATTERN COMMAND: as show; the output must match
	show "$2"
	grep -q "$1" /tmp/show.out || fail "$2: the output lacks \"$1\"" < /tmp/show.out
}

# ---- a Debian in a vnode ----

ex() { # ID COMMAND
	timeout "$READY_S" kexec --vnode="$1" --exec -- sh -c "$2" < /dev/null
}

in_its_root() { # ID: commands run where process 1 is: not in the initrd any more
	ex "$1" 'test -S /run/systemd/private'
}

# systemd itself says when all units have been started. "--wait" would give up on a busy host.
has_started_all() { # ID
	ex "$1" 'systemctl is-system-running' > /tmp/systemd
	grep -xE 'running|degraded' /tmp/systemd
}

has_died() { # ID
	grep -xE 'panicked|hung|halted|stopped' "/sys/class/vnode/vnode$1/state"
}

has_started_or_died() { # ID
	has_died "$1" || { in_its_root "$1" && has_started_all "$1"; }
}

debian_runs() { # ID
	rm -f /tmp/systemd
	wait_for "$READY_S" has_started_or_died "$1"
	if has_died "$1"; then
		kexec --vnode="$1" -S
		return 1
	fi
	grep -x running /tmp/systemd && return
	ex "$1" 'systemctl --failed --no-pager; systemctl list-jobs; dmesg | tail -n 20'
	return 1
}

# Reads the console without taking it.
watch_console() { # ID
	kexec --vnode="$1" --console --read-only < /dev/null > "/tmp/console.$1" 2>&1 &
	watcher=$!
}

prompts_for_login() { # ID
	local status=0

	watch_console "$1"
	wait_for "$READY_S" grep -aq ' login: ' "/tmp/console.$1" || status=1
	kill "$watcher"
	[ $status -eq 0 ] || { tail -n 25 "/tmp/console.$1"; echo "no prompt on its console"; }
	return $status
}

# ---- the steps ----

# systemd would give up the console's device after 90 s, and there would be no login.
be_patient() { # TREE
	mkdir -p "$1/etc/systemd/system.conf.d" &&
		printf '[Manager]\n%s=%s\n%s=%s\n' DefaultDeviceTimeoutSec "$READY_S" \
			DefaultTimeoutStartSec "$READY_S" > "$1/etc/systemd/system.conf.d/emulated.conf"
}

# A CPU that the host does not run for 800 ms is not a hung one.
HANG_MS=/sys/module/adeos_lite/parameters/hang_ms

# Two disks with the same Debian, which differ in its name. The second one is below an image.
prepare() {
	echo 10000 > "$HANG_MS" && depmod && insmod "$MODULES/vconsole.ko" &&
		insmod "$MODULES/kernel/drivers/block/virtio_blk.ko" &&
		mkdir -p /mnt /srv/vnode1 /srv/shared && mount /dev/vda /srv/vnode1 &&
		mount /dev/vdb /mnt && echo web > /mnt/etc/hostname &&
		be_patient /srv/vnode1 && be_patient /mnt && umount /mnt &&
		qemu-img create -q -f qcow2 -F raw -b /dev/vdb "$WEB"
}

# The shared directory too, with WHAT "shared"
boot_web() { # [WHAT]
	show "kexec --vnode=2 --cpus=3 --mem=768M --disk=$WEB ${1:+--fs=/srv/shared:/srv/shared,shared }\
--append='root=/dev/vda rw' $IMAGE"
}

step_boot() {
	try "root's part" prepare
	step "vnode 1: Debian from a directory of root's"
	show "kexec --vnode=1 --cpus=2 --mem=768M --fs=/srv/vnode1:/ --fs=/srv/shared:/srv/shared,shared $IMAGE"

	step "vnode 2: Debian from a disk image"
	boot_web shared

	step "systemd has started everything in both"
	try "the first Debian comes up" debian_runs 1
	try "the second Debian comes up" debian_runs 2
	says 'vnode2 .*running' "kexec --vnode-list"
	show "kexec --vnode=2 -S | grep device:"
	says 'Linux stock' "kexec --vnode=1 --exec -- uname -a"
	says virtiofs "kexec --vnode=1 --exec -- findmnt -n -o SOURCE,FSTYPE,OPTIONS /"
	says 'Linux web' "kexec --vnode=2 --exec -- uname -a"
	says ext4 "kexec --vnode=2 --exec -- findmnt -n -o SOURCE,FSTYPE,OPTIONS /"
}

step_login() {
	step "a login on the console of vnode 1"
	try "a login prompt" prompts_for_login 1
	try "the login" expect /root/demo-debian.exp 1 stock
	tr -d '\r' < /tmp/try.out |
		sed -n '/stock login: root/s/^/   /p; /^root@stock/s/^/   /p; /^here is/s/^/   /p'
}

# A package of this demo's own: nothing is downloaded.
make_package() {
	ex 1 'mkdir -p /tmp/p/DEBIAN /tmp/p/usr/bin && cd /tmp/p && {
			echo "Package: greet"; echo "Version: 1"; echo "Architecture: all"
			echo "Maintainer: root <root@localhost>"; echo "Description: says hello"
		} > DEBIAN/control && {
			echo "#!/bin/sh"; echo "echo hello from \$(uname -n)"
		} > usr/bin/greet && chmod 755 usr/bin/greet && dpkg-deb -b . /srv/shared/greet.deb'
}

step_package() {
	step "a package is installed in vnode 1"
	try "the package" make_package
	show "kexec --vnode=1 --exec -- apt-get -q -y install /srv/shared/greet.deb"
	says "hello from stock" "kexec --vnode=1 --exec -- greet"

	step "vnode 2 writes a file, vnode 1 and root read it"
	show "kexec --vnode=2 --exec -- sh -c 'echo written by \$(uname -n) > /srv/shared/note'"
	says "written by web" "kexec --vnode=1 --exec -- cat /srv/shared/note"
	says "written by web" "cat /srv/shared/note"
}

step_reboot() {
	step "vnode 1 reboots, vnode 2 does not notice"
	try "the boot of vnode 2" ex 2 'cat /proc/sys/kernel/random/boot_id > /root/boot'
	show "kexec --vnode=1 --exec -- systemctl reboot"
	try "it starts again" wait_for "$READY_S" restarts_are 1 1
	try "it comes up again" debian_runs 1
	says "hello from stock" "kexec --vnode=1 --exec -- greet"
	try "vnode 2 has not rebooted" ex 2 'cmp /root/boot /proc/sys/kernel/random/boot_id'
}

# Synced, and then more, until it is killed.
keep_writing() {
	ex 2 'echo kept > /root/kept; sync
		(while :; do
			cp -r /usr/bin /root/copy; sync; rm -r /root/copy
		done > /dev/null 2>&1 < /dev/null &)'
}

image_blocks() {
	stat -c %b "$WEB"
}

image_grows() { # BLOCKS
	[ "$(image_blocks)" -gt "$1" ]
}

step_kill() {
	local blocks

	step "vnode 2 is killed while it writes; its journal recovers its disk"
	try "it writes" keep_writing
	blocks=$(image_blocks)
	try "it writes to the image" wait_for "$READY_S" image_grows $((blocks + 4096))
	show "kexec --vnode=2 -u --force"
	says "hello from stock" "kexec --vnode=1 --exec -- greet"
	boot_web
	try "it comes up again" debian_runs 2
	says "recovery complete" "kexec --vnode=2 --exec -- sh -c 'dmesg | grep EXT4-fs.*vda'"
	says kept "kexec --vnode=2 --exec -- cat /root/kept"
}

step_shutdown() {
	step "both shut down; root has everything again"
	show "kexec --vnode=1 -u --timeout=300"
	show "kexec --vnode=2 -u --timeout=300"
	try "no vnode is left" no_vnodes
	says 4 nproc

	step "the file systems of root and of the image have no errors"
	try "the directory is not in use any more" umount /srv/vnode1
	show "e2fsck -f -n /dev/vda"
	show "qemu-img commit -q $WEB && e2fsck -f -n /dev/vdb"
	try "the kernel's log" not sh -c 'dmesg | grep "EXT4-fs error"'
}

[ $# -gt 0 ] || set -- boot login package reboot kill shutdown
for name; do
	"step_$name"
done
step_is_done
echo
cat /tmp/steps
echo "It took $(($(uptime_s) - begin)) s."
