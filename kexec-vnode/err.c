// SPDX-License-Identifier: GPL-2.0-only
/* Errors: an errno and a sentence */
#include <stdarg.h>
#include <stdio.h>

#include "vnode.h"

/**
 * vnode_err() - format the sentence of an error
 * @err: receives the sentence; may be NULL
 * @errnum: an errno of either sign
 * @fmt: one sentence: the object, what is wrong with it, what to do; no newline
 *
 * Return: the negative errno, for "return vnode_err(...)".
 */
int vnode_err(struct vnode_err *err, int errnum, const char *fmt, ...)
{
	va_list args;
	char *at;

	if (err) {
		va_start(args, fmt);
		vsnprintf(err->text, sizeof(err->text), fmt, args);
		va_end(args);
		/* the sentence may quote an argument: keep it on one line */
		for (at = err->text; *at; at++)
			if ((unsigned char)*at < ' ' || *at == 0x7f)
				*at = '?';
	}
	return errnum > 0 ? -errnum : errnum;
}
