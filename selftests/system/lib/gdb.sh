# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# For scripts on the host that check gdb's output on a kernel with debug symbols. They set
# work, a directory.

count=0

result() { # STATUS WHAT [FILE]
	((count += 1))
	if [[ $1 -eq 0 ]]; then
		echo "ok $count - $2"
	else
		[[ ! -e ${3-} ]] || tail -n 40 "$3" | cut -c 1-200 | sed 's/^/# /'
		echo "not ok $count - $2"
	fi
}

gdb_says() { # WHAT FILE PATTERN...: lines of $work/FILE match, in this order
	local what=$2 text=$1 pattern from=1 line status=0

	shift 2
	for pattern; do
		# shellcheck disable=SC2154 # work
		line=$(tail -n +"$from" "$work/$what" | grep -nE -m 1 -- "$pattern" | cut -d : -f 1) || true
		[[ $line ]] || { echo "# not there, or not in order: $pattern"; status=1; break; }
		((from += line))
	done
	result "$status" "$text" "$work/$what"
}
