#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# vm: -c 4 -m 2G -t 300
# long: random calls
#
# ioctl-fuzz.sh [CALLS [SEED...]]: random and mutated calls on /dev/vnode, some of which
# grant, load and start vnodes; see ioctl-fuzz.c. Besides its own checks, root must have
# everything back afterwards.

# shellcheck source=selftests/system/lib/refuse.sh
. /selftests/lib/refuse.sh

calls=${1:-40000}
[ $# -eq 0 ] || shift
[ $# -gt 0 ] || set -- 1 2 3

modules=/lib/modules/$(uname -r)
kernel=/boot/vmlinuz
initrd=/boot/initrd-vnode.img

# Pages of small regions stay on the per-CPU lists, tens of MiB that MemAvailable does not
# count. Hot-remove drains these lists.
settle() {
	accept --vnode=1 --cpus=2 --mem=256M -l $kernel
	kexec --vnode=1 -S | grep '^low:' > "$tmp/low.now"
	accept --vnode=1 -u
}

echo "1..$(($# + 3))"
total=$(mem_kb MemTotal)
# The first vnode fills caches, which is no leak.
settle
cp "$tmp/low.now" "$tmp/low"
available=$(mem_kb MemAvailable)
snapshot > "$tmp/before"

for seed; do
	ioctl-fuzz "$seed" "$calls" || note "ioctl-fuzz $seed $calls: exit status $?"
	item "$calls calls, seed $seed"
done

settle
cmp -s "$tmp/low" "$tmp/low.now" || note "memory below 640 KiB was lost: $(cat "$tmp/low.now")"
snapshot > "$tmp/now"
joined "$tmp/now" | grep -v MemTotal > "$tmp/after"
joined "$tmp/before" | grep -v MemTotal | diff - "$tmp/after" > "$tmp/diff" || {
	note "root is not as it was:"
	sed 's/^/#   /' "$tmp/diff"
}
all_memory_is_back "$total" "$available"
item "all CPUs, all memory and the modules are as before"

rmmod vnode || note "vnode cannot be unloaded"
rmmod adeos_lite || note "adeos_lite cannot be unloaded"
insmod "$modules/adeos-lite.ko"
insmod "$modules/vnode.ko"
item "the modules can be unloaded and loaded again"

accept --vnode=1 --cpus=2 --mem=256M --initrd=$initrd --wait=0 $kernel
wait_up 1
accept --vnode=1 -u --force
item "a stock kernel starts as before"
