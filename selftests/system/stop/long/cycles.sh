#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# vm: -c 4 -m 2G -t 2200
#
# Twenty starts and stops on one root.

exec sh /selftests/stop/cycles.sh 20
