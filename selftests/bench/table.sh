# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
# For all measurements: figures from the output of programs, and rows of a table.

quietly() { # COMMAND...: shows its output only if it fails
	"$@" > /tmp/quietly 2>&1 && return
	{
		cat /tmp/quietly
		echo "bench: $*"
		kexec --vnode=1 -S
		dmesg | tail -n 20
	} >&2
	exit 1
}

middle() { # of numbers, one a line
	sort -n | awk '{ v[NR] = $1 } END { if (NR) printf "%.2f", v[int((NR + 1) / 2)]; else printf "-" }'
}

ratio() { awk -v a="$1" -v b="$2" 'BEGIN { if (a != "" && b + 0) printf "%.2f", a / b; else printf "-" }'; }

row() { # WHAT VALUE UNIT [RATIO GOAL]
	printf '%-58s %10s %-5s %8s  %s\n' "$1" "$2" "$3" "${4:-}" "${5:-}"
}

heading() { # WHAT
	printf '\n%s\n\n' "$*"
	printf '%-58s %10s %-5s %8s  %s\n' what median '' ratio goal
}
