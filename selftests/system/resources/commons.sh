#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# host: commons-inside.sh, in a root without our modules
# long: it moves much memory

set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../../.."
VM_MODULES=none exec selftests/vm -c 2 -m 2G -t 120 -l "$LOG" -f selftests/system:/selftests -f "$CHECK/guest:/usr/local/bin" \
	-- sh /selftests/resources/commons-inside.sh
