#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# vm: -n -c 4 -m 3G -t 900
#
# Nonsense and lies, while root has an XDP program.

exec sh /selftests/vnic-hostile.sh 5000 5000 30 xdp
