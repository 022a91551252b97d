#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# host: console.sh, with a thousand attachments

exec "$(dirname "${BASH_SOURCE[0]}")/../console.sh" 1000
