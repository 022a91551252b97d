#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# host: gdb-inside.sh, in a machine that has gdb
# long: debugger sessions
#
# gdb reads vnodes through kexec --vnode=ID --gdb.

set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../../.."
selftests/fetch gdb
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# In place of a kernel's debug symbols: a file with _stext at the address where a kernel is
# linked, and at the start of the first segment.
echo '.globl _stext; .text; _stext: ret' | gcc -nostdlib -static \
	-Wl,-N,--build-id=none,--no-warn-rwx-segments,-Ttext=0xffffffff81000000,-e,_stext -x assembler - -o "$work/symbols"
selftests/vm -c 3 -m 2G -t 600 -l "$LOG" -f build/debian/gdb-tree:/ -f "$work/symbols:/tmp/symbols" \
	-f selftests/system:/selftests -f "$CHECK/guest:/usr/local/bin" -- sh /selftests/inspect/gdb-inside.sh
