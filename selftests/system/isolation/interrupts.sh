#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# vm: -c 7 -m 2G -t 420
# long: inter-processor interrupts for seconds, between kernels of each size
#
# No kernel's inter-processor interrupts reach another kernel's CPUs. A kernel with one CPU
# sends itself none, so any that it counts come from another kernel: that is vnode 1
# throughout, and root while a vnode makes the load. The kernel that makes the load has
# three CPUs: with two it always has a single target, and never sends the broadcast that
# could reach other kernels.

# shellcheck disable=SC2317 # check and wait_for call the functions
# shellcheck source=selftests/system/lib/vnode.sh
. /selftests/lib/vnode.sh

LOAD_S=5
# interrupts that a kernel must send itself to count as a load
LOAD_MIN=1000

# ---- an initrd for vnodes with what they need ----

mkdir -p /tmp/add/usr/bin
cp /usr/local/bin/ipi-load /tmp/add/usr/bin/
cat > /tmp/add/usr/bin/ipi-count <<'EOF'
#!/bin/sh
# TLB shootdowns, function calls, reschedules, NMIs: the sum over all CPUs
awk '$1 ~ /^(TLB|CAL|RES|NMI):$/ { for (i = 2; $i ~ /^[0-9]+$/; i++) sum += $i }
     END { print sum + 0 }' /proc/interrupts
EOF
cat > /tmp/add/usr/bin/watch-ipis <<'EOF'
#!/bin/sh
n=0
while :; do
	n=$((n + 1))
	echo "watch $n ipis $(ipi-count)"
	sleep 1
done
EOF
cat > /tmp/add/usr/bin/make-ipis << EOF
#!/bin/sh
echo "load begins at \$(ipi-count)"
ipi-load $LOAD_S
echo "load ends at \$(ipi-count)"
EOF
chmod 755 /tmp/add/usr/bin/*
cp /tmp/add/usr/bin/ipi-count /tmp/ipi-count
(cd /tmp/add && find . | cpio -o -H newc) > /tmp/add.cpio 2> /dev/null
cat "$INITRD" /tmp/add.cpio > /tmp/initrd
INITRD=/tmp/initrd

root_ipis() {
	sh /tmp/ipi-count
}

# ---- what vnodes say ----

watched() { # ID: "N IPIS", the latest sample
	kexec --vnode="$1" --log | sed -n 's/.*watch \([0-9]*\) ipis \([0-9]*\)$/\1 \2/p' | tail -n 1
}

watched_after() { # ID N: there is a sample after N
	newer() { [ "$(watched "$1" | cut -d ' ' -f 1)" -gt "$2" ]; }
	wait_for 60 newer "$1" "$2" || return 1
	watched "$1"
}

fresh() { # ID: IPIs of a sample that is taken from now on
	local line

	line=$(watched "$1")
	# the sample after the next one begins later than now
	line=$(watched_after "$1" $((${line%% *} + 1))) || return 1
	echo "${line#* }"
}

is_between() { # VALUE MIN MAX
	echo "$2 <= $1 <= $3"
	[ "$1" -ge "$2" ] && [ "$1" -le "$3" ]
}

ends_at() { # ID WHICH
	kexec --vnode="$1" --log | sed -n "s/.*load $2 at \([0-9]*\)$/\1/p"
}

old=$(echo /boot/vmlinuz-6.1.*)
new=/boot/vmlinuz-$(uname -r)
[ -e "$old" ] || bail "no kernel 6.1"

plan 32
remember_root
log_begin
check "root has seven CPUs" test "$(cpus_online)" = 0-6
KERNEL=$old
check "vnode 1 starts, with one CPU" start 1 3 256M --append=vnode.run=watch-ipis
KERNEL=$new
check "vnode 2 starts, with three" start 2 4-6 256M --append=vnode.run=watch-ipis
check "vnode 1 comes up" comes_up 1 1
check "vnode 2 comes up" comes_up 2 3

# ---- load in root ----

idle=$(fresh 2)
usleep $((LOAD_S * 1000000))
idle=$(($(fresh 2) - idle))

one=$(fresh 1)
two=$(fresh 2)
root=$(root_ipis)
check "a load in root" ipi-load $LOAD_S
root=$(($(root_ipis) - root))
one=$(($(fresh 1) - one))
two=$(($(fresh 2) - two))
say "sent in root $root; seen by vnode 1: $one; by vnode 2: $two, in idle $idle"
check "root has sent itself more than a thousand" test "$root" -gt $LOAD_MIN
check "vnode 1 has seen none of them" test "$one" -eq 0
check "vnode 2 has seen none but its own" is_between "$two" 0 $((2 * idle + root / 20))

hotplug() {
	for _ in 1 2 3 4 5; do
		echo 0 > /sys/devices/system/cpu/cpu1/online || return 1
		[ "$(cpus_online)" = 0,2 ] || return 1
		echo 1 > /sys/devices/system/cpu/cpu1/online || return 1
		[ "$(cpus_online)" = 0-2 ] || return 1
		ipi-load 1
	done
}
one=$(fresh 1)
two=$(fresh 2)
root=$(root_ipis)
check "root takes its own CPU 1 off and on" hotplug
root=$(($(root_ipis) - root))
one=$(($(fresh 1) - one))
two=$(($(fresh 2) - two))
say "sent in root $root; seen by vnode 1: $one; by vnode 2: $two, in idle $idle"
check "root has sent itself more than a thousand" test "$root" -gt $LOAD_MIN
check "vnode 1 has seen none of them" test "$one" -eq 0
check "vnode 2 has seen none but its own" is_between "$two" 0 $((3 * idle + root / 20))
check "vnode 2 stops" stop 2

# ---- load in a vnode; root is left with one CPU ----

tiny-kernel hlt > /tmp/halted
for KERNEL in "$new" "$old"; do
	release=${KERNEL#/boot/vmlinuz-}
	check "root gives CPUs 1 and 2 away as well" kexec --vnode=9 --cpus=1-2 --mem=16M --boot-limit=0 /tmp/halted
	check "vnode 2 starts, of $release" start 2 4-6 256M --append=vnode.run=make-ipis
	check "root has one CPU" test "$(cpus_online)" = 0
	one=$(fresh 1)
	root=$(root_ipis)
	check "it comes up with three CPUs" comes_up 2 3
	check "its load ends" wait_for 120 log_has 2 'load ends'
	root=$(($(root_ipis) - root))
	one=$(($(fresh 1) - one))
	two=$(($(ends_at 2 ends) - $(ends_at 2 begins)))
	say "sent in vnode 2 $two; seen by vnode 1: $one; by root: $root"
	check "vnode 2 has sent itself more than a thousand" test $two -gt $LOAD_MIN
	check "vnode 1 has seen none of them" test $one -eq 0
	check "root has seen none of them" test $root -eq 0
	stop 2
	stop 9
done

stop 1
check "root has everything again" root_is_back
check "root's log is quiet" log_is_quiet
finish
