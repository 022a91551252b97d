#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# vm: -c 4 -m 2G -t 1800
#
# Fifty thousand messages in each direction of each pair.

exec sh /selftests/protocol/messages.sh 50000
