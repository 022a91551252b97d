// SPDX-License-Identifier: GPL-2.0-only
/* Attributes are root's, but for where they come from. */
#include "../attrs.c"
