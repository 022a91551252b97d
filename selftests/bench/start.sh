#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
# Runs in the machine: the cost of a start, a stop and a return, phase by phase. All figures
# of a table come from one run; only the ratios are meaningful.

set -eu
rounds=${1:-5}
initrd=/boot/initrd-vnode.img
image=/boot/vmlinuz
khz=$(kexec --vnode=1 -l --cpus=2 --mem=512M --initrd=$initrd $image > /dev/null &&
	kexec --vnode=1 -S --json | sed 's/.*"tsc_khz": \([0-9]*\).*/\1/' &&
	kexec --vnode=1 -u > /dev/null)

wait_up() {
	n=0
	until kexec --vnode=1 --log 2> /dev/null | grep -q 'VNODE UP'; do
		n=$((n + 1))
		[ $n -lt 300 ] || { echo "vnode 1 does not come up" >&2; exit 1; }
		usleep 100000
	done
}

# "NAME VALUE" lines of one round, milliseconds
round() { # OPTION
	# shellcheck disable=SC2086 # an option or none
	kexec --vnode=1 --cpus=2-3 --mem=512M $1 --initrd=$initrd $image > /tmp/start
	sed -n 's/.*phases: //p' /tmp/start | sed 's/ ms */\n/g' | grep .
	wait_up
	kexec --vnode=1 --log > /tmp/log
	tsc=$(sed -n 's/.*VNODE UP.* tsc=\([0-9]*\).*/\1/p' /tmp/log)
	entry=$(kexec --vnode=1 -S --json | sed 's/.*"entry_tsc": \([0-9]*\).*/\1/')
	echo "entry-to-init $(((tsc - entry) * 1000 / khz)) us"
	awk -F '[][]' '/Run \/init/ { print "kernel-clock", $2 * 1000 }' /tmp/log
	kexec --vnode=1 -u --force > /tmp/stop
	sed 's/.*stopped in \([0-9.]*\) ms.* returned in \([0-9.]*\) ms/stop \1\nreturn \2/' /tmp/stop
}

median() { # FILE NAME: in milliseconds
	awk -v name="$2" '$1 == name { print ($3 == "us") ? $2 / 1000 : $2 }' "$1" | sort -n |
		awk '{ v[NR] = $1 } END { if (NR) printf "%.3f", v[int((NR + 1) / 2)]; else printf "-" }'
}

# KiB that root's kernel has allocated for itself. MemTotal less MemAvailable would change
# by megabytes when CPUs and memory come and go.
root_used() {
	awk '$1 ~ /^(Slab|KernelStack|PageTables|SecPageTables|VmallocUsed|Percpu):$/ { s += $2 }
		END { print s }' /proc/meminfo
}

for i in $(seq "$rounds"); do
	echo "# round $i of $rounds" >&2
	round '' >> /tmp/payload
	kib=$(sed -n 's/.*loaded .*, \([0-9]*\) KiB/\1/p' /tmp/start)
	round --no-unpack >> /tmp/bzimage
	bzkib=$(sed -n 's/.*loaded .*, \([0-9]*\) KiB/\1/p' /tmp/start)
	before=$(root_used)
	kexec --vnode=1 -l --cpus=2-3 --mem=512M --initrd=$initrd $image > /dev/null
	echo "cost $(($(root_used) - before))" >> /tmp/cost
	kexec --vnode=1 -u > /dev/null
done
copy=$(memcpy "$kib")
bzcopy=$(memcpy "$bzkib")

echo
echo "A start of $image with 2 CPUs and 512 MiB, medians of $rounds rounds, ms"
echo
printf '%-34s %12s %12s\n' phase payload bzImage
for name in plan cpus memory scrub load wake entry-to-init kernel-clock attach stop return; do
	printf '%-34s %12s %12s\n' "$name" "$(median /tmp/payload $name)" "$(median /tmp/bzimage $name)"
done
printf '%-34s %12s %12s\n' "KiB loaded" "$kib" "$bzkib"
printf '%-34s %12s %12s\n' "memcpy of as many bytes" "$copy" "$bzcopy"

ratio() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.2f", b ? a / b : 0 }'; }
sum() { # plan to /init
	awk '{ s += $1 } END { print s }' <<-END
	$(for name in plan cpus memory scrub load wake entry-to-init; do median "$1" $name; echo; done)
	END
}
root=$(dmesg | awk -F '[][]' '/Run \/init/ { print $2 * 1000 }')
echo
printf '%-56s %8s  %s\n' ratio value goal
printf '%-56s %8s  %s\n' "load to memcpy" "$(ratio "$(median /tmp/payload load)" "$copy")" "1.3 or less"
printf '%-56s %8s  %s\n' "kernel clock at /init, vnode to root" \
	"$(ratio "$(median /tmp/payload kernel-clock)" "$root")" "0.5 or less"
printf '%-56s %8s  %s\n' "command to /init, payload to bzImage" \
	"$(ratio "$(sum /tmp/payload)" "$(sum /tmp/bzimage)")" "below 1: payload is the default"
printf '%-56s %8s  %s\n' "what a vnode costs root beyond what it is lent, KiB" \
	"$(sort -n -k 2 /tmp/cost | awk '{ v[NR] = $2 } END { print v[int((NR + 1) / 2)] }')" "256 or less"
