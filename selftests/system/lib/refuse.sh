# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
# For tests of bad input: a refusal is one line that names the fault, exits with the
# documented status, and leaves root as it was.

tmp=/tmp/bad
mkdir -p "$tmp"

RUN=		# put before kexec
n=0
bad=0		# failures in the current item

note() { # TEXT, of which one line is shown
	echo "# $(echo "$*" | tr '\n' ' ' | cut -c 1-300)"
	bad=$((bad + 1))
}

item() { # WHAT: the end of an item
	n=$((n + 1))
	if [ "$bad" -eq 0 ]; then
		echo "ok $n - $1"
	else
		echo "not ok $n - $1"
	fi
	bad=0
}

# Everything of root that a vnode could have been lent, and the modules' users: in one
# process, as every refusal has two snapshots.
snapshot() {
	local cpu=/sys/devices/system/cpu line

	cat /proc/iomem $cpu/online $cpu/present $cpu/offline /proc/modules
	read -r line < /proc/meminfo
	echo "$line"
	echo "vnodes:" /sys/class/vnode/*
}

# A snapshot with /proc/iomem at its top level. Joins adjacent entries of RAM: Linux may
# keep one range in two.
joined() { # FILE
	local range name start end last_start='' last_end='' last_name=''

	while IFS= read -r line; do
		case $line in
		' '*) continue ;;
		*' : '*) ;;
		*) echo "$line"; continue ;;
		esac
		range=${line%% : *}
		name=${line#* : }
		start=$((0x${range%-*}))
		end=$((0x${range#*-}))
		if [ "$name" = "$last_name" ] && [ "$name" = "System RAM" ] && [ "$start" -eq $((last_end + 1)) ]; then
			last_end=$end
			continue
		fi
		echo "$last_start $last_end $last_name"
		last_start=$start last_end=$end last_name=$name
	done < "$1"
	echo "$last_start $last_end $last_name"
}

same_root() { # WHAT: compares with $tmp/before
	snapshot > "$tmp/after"
	! cmp -s "$tmp/before" "$tmp/after" || return 0
	joined "$tmp/before" > "$tmp/before.joined"
	joined "$tmp/after" > "$tmp/after.joined"
	if ! cmp -s "$tmp/before.joined" "$tmp/after.joined"; then
		note "$1: root is not as it was:"
		diff "$tmp/before.joined" "$tmp/after.joined" | grep '^[-+][^-+]' | sed 's/^/#   /'
	fi
}

mem_kb() { # FIELD of /proc/meminfo
	sed -n "s/^$1: *\([0-9]*\).*/\1/p" /proc/meminfo
}

# MemAvailable leaves out Linux's per-CPU lists, which grow by tens of MiB when a
# contiguous range comes back and shrink within minutes.
available_kb() {
	awk '/^MemAvailable:/ { kb = $2 } $1 == "count:" { pages += $2 } END { print kb + 4 * pages }' \
		/proc/meminfo /proc/zoneinfo
}

# All CPUs and all memory are back. MemTotal may have grown: the memory map (struct page)
# of boot memory is not part of it, that of hot-added memory is. Caches make the available
# memory a little uncertain.
all_memory_is_back() { # MEMTOTAL AVAILABLE: before
	local left tries

	[ "$(cat /sys/devices/system/cpu/online)" = 0-3 ] ||
		note "CPUs $(cat /sys/devices/system/cpu/online) are online"
	left=$(mem_kb MemTotal)
	[ "$left" -ge "$1" ] || note "MemTotal went from $1 kB to $left kB"
	tries=0
	left=$(available_kb)
	while [ "$left" -lt $(($2 - 24576)) ] && [ $tries -lt 60 ]; do
		tries=$((tries + 1))
		sleep 1
		left=$(available_kb)
	done
	[ "$left" -ge $(($2 - 24576)) ] || note "available memory went from $2 kB to $left kB"
}

# Runs $RUN kexec ARGS, which must exit with STATUS and print one line on stderr that
# matches PATTERN (extended, case matters).
refuse() { # STATUS PATTERN ARG...
	local want="$1" pattern="$2" status=0 before="$bad" what

	shift 2
	what="kexec $*"
	snapshot > "$tmp/before"
	# shellcheck disable=SC2086 # RUN is a command with its arguments
	timeout -s KILL 60 $RUN kexec "$@" < /dev/null > "$tmp/out" 2> "$tmp/err" || status=$?
	[ "$status" -eq "$want" ] || note "$what: exit status $status, not $want"
	[ "$(wc -l < "$tmp/err")" -eq 1 ] || note "$what: $(wc -l < "$tmp/err") lines on stderr"
	grep -qE "^kexec: .*($pattern)" "$tmp/err" || note "$what: does not say \"$pattern\""
	same_root "$what"
	[ "$bad" -eq "$before" ] || cut -c 1-200 "$tmp/err" | sed 's/^/#   it says: /'
	[ -z "$VERBOSE" ] || sed "s|^|# $status |" "$tmp/err"
	# a start that was not refused must not disturb the next item
	[ "$status" -ne 0 ] || kexec --vnode=9 -u --force > /dev/null 2>&1
}

# Runs kexec ARGS, which must succeed and print nothing on stderr.
accept() { # ARG...
	local status=0

	kexec "$@" > "$tmp/out" 2> "$tmp/err" || status=$?
	if [ "$status" -ne 0 ] || [ -s "$tmp/err" ]; then
		note "kexec $*: exit status $status"
		sed 's/^/#   stderr: /' "$tmp/err"
	fi
}

# Waits for "VNODE UP" in the vnode's log.
wait_up() { # ID
	local tries=0

	while [ "$tries" -lt 120 ]; do
		if kexec --vnode="$1" --log 2> /dev/null | grep -q 'VNODE UP'; then
			return 0
		fi
		tries=$((tries + 1))
		sleep 0.5
	done
	note "vnode $1 does not come up:"
	kexec --vnode="$1" --log 2>&1 | tail -n 20 | sed 's/^/#   /'
	return 1
}

put() { # FILE OFFSET BYTES: overwrites; BYTES are a format of printf
	# shellcheck disable=SC2059 # see above
	printf "$3" | dd of="$1" bs=1 seek="$2" conv=notrunc 2> /dev/null
}
