#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# host: stock-inside.sh [ARGUMENT...], in a machine that has a Debian's disk and its initrds
#
# Debian in a vnode: bookworm, or the suite DEBIAN. INSIDE=FILE is another script for that
# machine.

set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../../../.."
suite=${DEBIAN:-bookworm}
selftests/fetch stock "$suite"
read -r release _ < build/debian/6.12-cloud
tree=lib/modules/$release
args=()
for file in initrd.img dracut.img dracut-plain.img; do
	args+=(-f "build/debian/$suite/$file:/boot/$file")
done
for file in kernel/drivers/block modules.builtin; do
	args+=(-f "build/debian/$tree/$file:/$tree/$file")
done
exec selftests/vm -d -c 3 -m 2500M -t 5400 -l "$LOG" "${args[@]}" -f selftests/system:/selftests \
	-f "$CHECK/guest:/usr/local/bin" \
	-q "-drive if=virtio,format=raw,snapshot=on,file=build/debian/$suite/disk.ext4" \
	-- sh "/selftests/${INSIDE:-start/stock-inside.sh}" "$@"
