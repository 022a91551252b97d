#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# host: console-inside.sh, in a machine that has expect and udev
#
# console.sh [CYCLES [KERNEL]]: a vnode's console, and who is attached to it.

set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../../.."
selftests/fetch expect
selftests/fetch udev
exec selftests/vm -c 4 -m 2G -t 900 -l "$LOG" -f build/debian/expect-tree:/ -f build/debian/udev-tree:/ \
	-f vconsole/60-vconsole.rules:/usr/lib/udev/rules.d/60-vconsole.rules \
	-f selftests/system:/selftests -f "$CHECK/guest:/usr/local/bin" \
	-- sh /selftests/consoles/console-inside.sh "$@"
