#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# host: gdb-inside.sh, in a machine that has gdb
#
# gdb looks into vnodes, through kexec --vnode=ID --gdb.

set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../../.."
selftests/fetch gdb
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# What gdb knows of a kernel without its debug symbols: where its text was linked to. As
# there, the first segment begins with it.
echo '.globl _stext; .text; _stext: ret' | gcc -nostdlib -static \
	-Wl,-N,--build-id=none,--no-warn-rwx-segments,-Ttext=0xffffffff81000000,-e,_stext -x assembler - -o "$work/symbols"
selftests/vm -c 3 -m 2G -t 600 -l "$LOG" -f build/debian/gdb-tree:/ -f "$work/symbols:/tmp/symbols" \
	-f selftests/system:/selftests -f "$CHECK/guest:/usr/local/bin" -- sh /selftests/inspect/gdb-inside.sh
