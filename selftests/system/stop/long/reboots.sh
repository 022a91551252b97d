#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# host: reboots-inside.sh [TIMES [disk|fs]], in the machine of start/long/stock.sh

INSIDE=stop/reboots-inside.sh exec "$(dirname "${BASH_SOURCE[0]}")/../../start/long/stock.sh" "$@"
