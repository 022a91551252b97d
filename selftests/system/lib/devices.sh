# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# For tests of disks and directories, beside adeos.sh: their processes and states.

# shellcheck disable=SC2317 # check and wait_for call the functions
# shellcheck disable=SC2034 # tests use the names

IMAGE=/srv/a.img
TREE=/srv/tree
RUN=/run/kexec-vnode
# Seconds that a command in a vnode may take that reads or writes much.
IO_S=200

device_is() { # ID DEVICE STATE
	kexec --vnode="$1" -S | grep -q "^device: *$2: $3, "
}

# Processes with PATTERN in their command line, in the order of their numbers; not shells
pids() { # PATTERN
	ps -o pid,args | awk -v pattern="$1" '
		$2 != "awk" && $2 !~ /sh$/ && $0 ~ pattern { print $1; found = 1 }
		END { exit !found }'
}

# Processes that serve devices
serving() {
	pids 'qemu-storage-daemon|virtiofsd|kexec --vnode'
}

# Nothing is left: no vnode, process, bridge, or file.
all_gone() {
	not serving && [ -z "$(ls /sys/class/vnode)" ] && [ -z "$(ls -A $RUN 2> /dev/null)" ] && adeos_is_back
}

is_left() {
	wait_for 20 all_gone || { serving; ls -lR "$RUN"; cat "$SYSFS/bridges"; return 1; }
}

# ---- vnodes with Linux's own drivers ----

start_with() { # ID CPUS OPTION...: a vnode of 256 MiB
	local id="$1" cpus="$2"

	shift 2
	start "$id" "$cpus" 256M --append=vnode.modules=virtio_blk,fuse,virtiofs,vvirtio "$@" &&
		comes_up "$id" "$(count_cpus "$cpus")" && answers "$id"
}

inside() { # ID COMMAND
	vsh -t $IO_S "$1" "$2"
}

# The vnode runs on, and its kernel complains of nothing but of a device that has failed.
is_well() { # ID
	runs "$1" && answers "$1" &&
		not log_has "$1" 'WARNING:|BUG:|Oops|Call Trace:|blocked for more|stall|Bad page'
}

# ---- one directory in root and in vnodes, at the same place ----

place() { # KERNEL COMMAND
	if [ "$1" = 0 ]; then sh -c "$2"; else inside "$1" "$2"; fi
}

mounts_shared() { # ID CPU
	start_with "$1" "$2" --fs="$TREE":/srv/tree,shared &&
		inside "$1" "mkdir -p $TREE && mount -t virtiofs fs0 $TREE"
}

# COMMAND in root and in vnodes 1 and 2 at the same time; $me is the kernel.
everywhere() { # COMMAND
	local place pids='' pid status=0

	for place in 0 1 2; do
		place "$place" "me=$place; $1" > "/tmp/everywhere.$place" 2>&1 &
		pids="$pids $!"
	done
	for pid in $pids; do
		wait "$pid" || status=1
	done
	cat /tmp/everywhere.?
	return "$status"
}
