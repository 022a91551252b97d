#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# host: reserved-inside.sh, in a root that was booted with a reserved range

set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../../.."
# QEMU's arguments are split at blanks here; Linux takes a vertical tab for one too.
append=$'console=ttyS0\vmemmap=512M$0x40000000'

VM_MODULES=none exec selftests/vm -c 5 -m 2G -t 120 -l "$LOG" -q "-append $append" \
	-f selftests/system:/selftests -f "$CHECK/guest:/usr/local/bin" \
	-- sh /selftests/resources/reserved-inside.sh
