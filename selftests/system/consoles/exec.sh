#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# host: exec-inside.sh, in a machine that has expect
#
# Commands in a vnode, from outside.

set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../../.."
selftests/fetch expect
exec selftests/vm -c 4 -m 2G -t 600 -l "$LOG" -f build/debian/expect-tree:/ -f selftests/system:/selftests \
	-f "$CHECK/guest:/usr/local/bin" -- sh /selftests/consoles/exec-inside.sh
