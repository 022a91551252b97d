#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# vm: -c 6 -m 2G -t 2400
#
# Millions of raises.

exec sh /selftests/protocol/portals.sh 1000000
