#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# The part of `make demo` that runs in the root vnode.

set -eu

begin=$(date +%s)

step() {
	echo
	echo "== $*"
}

show() { # COMMAND..., as typed and what it says
	echo "   # $*"
	"$@" | sed 's/^/   /'
}

start() { # ID CPUS MEM IMAGE
	echo "   # kexec --vnode=$1 --cpus=$2 --mem=$3 --initrd=/boot/initrd-vnode.img --append=... $4"
	kexec --vnode="$1" --cpus="$2" --mem="$3" --initrd=/boot/initrd-vnode.img \
		--append="vnode.run=\"grep ^MemTotal /proc/meminfo; echo CPUs online: \$(cat /sys/devices/system/cpu/online); uptime\"" \
		"$4" | sed 's/^/   /'
}

await() { # ID: until the command of vnode.run has ended
	tries=300
	until kexec --vnode="$1" --log 2> /dev/null | grep -q 'vnode.run: exit'; do
		tries=$((tries - 1))
		if [ $tries = 0 ]; then
			echo "vnode $1 did not come up. The end of its log:"
			kexec --vnode="$1" --log | tail -n 30
			exit 1
		fi
		usleep 100000
	done
}

own_view() { # ID
	echo "   # kexec --vnode=$1 --log | grep ..."
	kexec --vnode="$1" --log | grep -E 'VNODE UP|vnode.run: ' | sed 's/^/   /'
}

total() {
	awk '$1 == "MemTotal:" { print $2 }' /proc/meminfo
}

cpus=$(nproc)
memory=$(total)

step "root: $(uname -r), $cpus CPUs, $((memory / 1024)) MiB, started with \"$(cat /proc/cmdline)\""

step "vnode 1: the same image, on two CPUs and 512 MiB"
start 1 2-3 512M /boot/vmlinuz
await 1

step "what root sees"
show kexec --vnode-list

step "what vnode 1 sees"
own_view 1

step "vnode 2: the RT kernel on the last CPU, while vnode 1 runs"
start 2 1 256M /boot/vmlinuz-*-rt-amd64
await 2
own_view 2
show kexec --vnode-list

step "what root knows of vnode 1"
show kexec --vnode=1 -S

step "one is shut down, the other is stopped wherever it is"
show kexec --vnode=1 -u
show kexec --vnode=2 -u --force

# The memory map of re-added memory counts as memory, that of boot memory does not:
# MemTotal may be a little larger than before.
step "root again: $(nproc) CPUs, $(($(total) / 1024)) MiB; all of it took $(($(date +%s) - begin)) s"
show kexec --vnode-list
[ "$(nproc)" = "$cpus" ] && [ "$(total)" -ge "$memory" ]
