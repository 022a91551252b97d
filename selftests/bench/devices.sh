#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
# Runs in the machine of the cluster: disks and directories of a vnode, virtio over bridges,
# compared with NBD and NFS over vnic, with the same files in root, and with this machine's
# own virtio-blk device, which QEMU emulates. Root is on CPU 0, the vnode on CPU 1. Only the
# ratios are meaningful.

set -eu
rounds=${1:-3}
# shellcheck source=selftests/system/lib/adeos.sh
. /selftests/lib/adeos.sh
# shellcheck source=selftests/system/lib/cluster.sh
. /selftests/lib/cluster.sh
# shellcheck source=selftests/bench/table.sh
. /bench/table.sh

DIR=/srv/bench		# a tmpfs, at the same place in node 0: two disks of MIB, and a tree
MIB=256
# fio's: rw, bs, iodepth
JOBS='randread:4k:1 randread:4k:32 randwrite:4k:1 randwrite:4k:32 read:1M:4 write:1M:4'
STREAM=64		# MiB

prepare() {
	local file

	quietly start_root ro
	mkdir -p "$DIR" "$NODE0$DIR"
	mount -t tmpfs bench "$DIR"
	mount --bind "$DIR" "$NODE0$DIR"
	mkdir "$DIR/tree"
	for file in disk nbd; do
		head -c $((MIB << 20)) /dev/urandom > "$DIR/$file"
	done
	quietly serve_nfs "$DIR/tree"
	quietly qemu-storage-daemon --blockdev "file,filename=$DIR/nbd,node-name=file,aio=threads" \
		--blockdev raw,file=file,node-name=disk --nbd-server addr.type=inet,addr.host=10.1.0.1,addr.port=10809 \
		--export nbd,id=disk,node-name=disk,name=disk,writable=on --daemonize
	quietly make_node 1
	cp /bench/headers.tar "$NODE0/usr/share"
	cp /bench/headers.tar /srv/node1/usr/share
	quietly start_node 1 1 768M --disk="$DIR/disk" --fs="$DIR/tree:/media/virtiofs"
	quietly node_is_up 1
	quietly on 1 "modprobe nbd && nbd-client 10.1.0.1 10809 /dev/nbd0 -N disk &&
		mkdir -p /media/nfs && mount -t nfs4 $(node_address 0):/ /media/nfs"
}

# ---- disks ----

# Kinds: the file in root, this machine's disk, virtio over a bridge, NBD over vnic.
place_of() { # KIND
	case $1 in root | qemu) echo 0 ;; *) echo 1 ;; esac
}

disk_of() { # KIND
	case $1 in root) echo "$DIR/disk" ;; qemu) echo /dev/vdb ;; virtio) echo /dev/vda ;; nbd) echo /dev/nbd0 ;; esac
}

fio_once() { # KIND RW BS DEPTH: KiB/s and I/Os a second
	on "$(place_of "$1")" taskset -c 0 fio --name=disk --filename="$(disk_of "$1")" --size=${MIB}M --direct=1 \
		--ioengine=libaio --rw="$2" --bs="$3" --iodepth="$4" --time_based --runtime=2 --output-format=terse \
		--terse-version=3 > /tmp/fio
	awk -F ';' '/^3;/ { print $7 + $48, $8 + $49 }' /tmp/fio
}

bench_disks() {
	local round=0 job kind rw bs depth

	while [ $round -lt "$rounds" ]; do
		round=$((round + 1))
		for job in $JOBS; do
			IFS=: read -r rw bs depth <<-END
				$job
			END
			for kind in root qemu virtio nbd; do
				fio_once $kind "$rw" "$bs" "$depth" >> "/tmp/fio.$job.$kind"
			done
		done
	done
}

value() { # FILE COLUMN
	awk -v n="$2" '{ print $n }' "$1" | middle
}

disk_row() { # JOB COLUMN UNIT
	local file="/tmp/fio.$1" virtio

	virtio=$(value "$file.virtio" "$2")
	printf '%-20s %-6s %10s %10s %10s %10s %8s %8s %8s\n' "$1" "$3" "$(value "$file.root" "$2")" \
		"$(value "$file.qemu" "$2")" "$virtio" "$(value "$file.nbd" "$2")" \
		"$(ratio "$virtio" "$(value "$file.root" "$2")")" "$(ratio "$virtio" "$(value "$file.qemu" "$2")")" \
		"$(ratio "$virtio" "$(value "$file.nbd" "$2")")"
}

show_disks() {
	local job

	printf '\nfio, direct, %s rounds: rw:bs:iodepth\n\n' "$rounds"
	printf '%-20s %-6s %10s %10s %10s %10s %8s %8s %8s\n' what '' root virtio-blk bridge NBD '/ root' '/ virtio' '/ NBD'
	for job in $JOBS; do
		case $job in
		*:4k:*) disk_row "$job" 2 IOPS ;;
		*) disk_row "$job" 1 KiB/s ;;
		esac
	done
}

# ---- directories ----

dir_of() { # KIND
	case $1 in root) echo "$DIR/tree" ;; *) echo "/media/$1" ;; esac
}

seconds() { # KIND WHAT COMMAND: run in its directory
	local dir

	dir=$(dir_of "$1")
	on "$(place_of "$1")" "cd $dir && sync && echo 3 > /proc/sys/vm/drop_caches && s=\$(date +%s%N) && { $3; } > /dev/null 2>&1 &&
		echo \$(((\$(date +%s%N) - s) / 1000000))" >> "/tmp/$2.$1"
}

bench_directories() {
	local round=0 kind

	while [ $round -lt "$rounds" ]; do
		round=$((round + 1))
		for kind in root virtiofs nfs; do
			seconds $kind untar 'tar -xf /usr/share/headers.tar && sync'
			seconds $kind walk 'find . -type f -size +0 | wc -l'
			seconds $kind remove 'rm -r linux'
			seconds $kind write "dd if=/dev/zero of=stream bs=1M count=$STREAM conv=fsync"
			seconds $kind read 'cat stream > /dev/null'
			seconds $kind unlink 'rm stream'
		done
	done
}

directory_row() { # WHAT
	local file="/tmp/$1" virtiofs

	virtiofs=$(value "$file.virtiofs" 1)
	printf '%-20s %-6s %10s %10s %10s %8s %8s\n' "$1" ms "$(value "$file.root" 1)" "$virtiofs" "$(value "$file.nfs" 1)" \
		"$(ratio "$virtiofs" "$(value "$file.root" 1)")" "$(ratio "$virtiofs" "$(value "$file.nfs" 1)")"
}

show_directories() {
	local what

	printf '\na directory: headers of a kernel, a file of %s MiB\n\n' $STREAM
	printf '%-20s %-6s %10s %10s %10s %8s %8s\n' what '' root virtiofs NFS '/ root' '/ NFS'
	for what in untar walk remove write read; do
		directory_row $what
	done
}

# ---- a command ----

now_ms() {
	awk '{ print int($1 * 1000) }' /proc/uptime
}

ms() { # FILE COMMAND...
	local file="$1" begin

	shift
	begin=$(now_ms)
	quietly "$@"
	echo $(($(now_ms) - begin)) >> "$file"
}

bench_commands() {
	local round=0

	while [ $round -lt $((3 * rounds)) ]; do
		round=$((round + 1))
		ms /tmp/exec kexec --vnode=1 --exec -- true
		ms /tmp/ssh on 1 true
	done
}

show_commands() {
	local exec ssh

	exec=$(middle < /tmp/exec)
	ssh=$(middle < /tmp/ssh)
	heading "A command in the vnode"
	row "ssh node1 true" "$ssh" ms
	row "kexec --vnode=1 --exec -- true" "$exec" ms "$(ratio "$exec" "$ssh")" "less than 1"
}

prepare
bench_disks
show_disks
bench_directories
show_directories
bench_commands
show_commands
