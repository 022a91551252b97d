// SPDX-License-Identifier: GPL-2.0-only
/*
 * Packets of gdb's remote protocol: "$", the text, "#", and the sum of the text in two
 * digits. A special character in the text is escaped: "}", and the byte with bit 5
 * inverted.
 */
#include <stdarg.h>
#include <string.h>

#include "gdb.h"
#include "parse.h"

#define ESCAPE		'}'
#define ESCAPE_BIT	0x20
#define INTERRUPT	0x03

static const char digits[] = "0123456789abcdef";

static int digit_value(char c)
{
	const char *digit = c ? strchr(digits, c | 0x20) : NULL;

	return digit ? digit - digits : -1;
}

static void begin(struct vnode_gdb_parser *parser)
{
	parser->state = VNODE_GDB_TEXT;
	parser->len = 0;
	parser->sum = 0;
	parser->too_long = false;
}

static enum vnode_gdb_event take_between(struct vnode_gdb_parser *parser, uint8_t byte)
{
	switch (byte) {
	case '$':
		begin(parser);
		return VNODE_GDB_NOTHING;
	case '+':
		return VNODE_GDB_ACK;
	case '-':
		return VNODE_GDB_NAK;
	case INTERRUPT:
		return VNODE_GDB_INTERRUPT;
	}
	return VNODE_GDB_NOTHING;
}

static void add(struct vnode_gdb_parser *parser, uint8_t byte)
{
	if (parser->len < VNODE_GDB_PACKET_MAX)
		parser->text[parser->len++] = byte;
	else
		parser->too_long = true;
}

static enum vnode_gdb_event take_text(struct vnode_gdb_parser *parser, uint8_t byte)
{
	bool escaped = parser->state == VNODE_GDB_ESCAPED;

	/* the packet before was cut off */
	if (byte == '$') {
		begin(parser);
		return VNODE_GDB_NOTHING;
	}
	if (byte == '#') {
		parser->state = VNODE_GDB_SUM_HIGH;
		return VNODE_GDB_NOTHING;
	}
	parser->sum += byte;
	if (byte == ESCAPE && !escaped) {
		parser->state = VNODE_GDB_ESCAPED;
		return VNODE_GDB_NOTHING;
	}
	parser->state = VNODE_GDB_TEXT;
	add(parser, escaped ? byte ^ ESCAPE_BIT : byte);
	return VNODE_GDB_NOTHING;
}

static enum vnode_gdb_event take_sum(struct vnode_gdb_parser *parser, uint8_t byte)
{
	int value = digit_value(byte);

	if (value < 0) {
		parser->state = VNODE_GDB_BETWEEN;
		return VNODE_GDB_BAD;
	}
	if (parser->state == VNODE_GDB_SUM_HIGH) {
		parser->told = value << 4;
		parser->state = VNODE_GDB_SUM_LOW;
		return VNODE_GDB_NOTHING;
	}
	parser->state = VNODE_GDB_BETWEEN;
	if ((parser->told | value) != parser->sum || parser->too_long)
		return VNODE_GDB_BAD;
	parser->text[parser->len] = 0;
	return VNODE_GDB_PACKET;
}

enum vnode_gdb_event vnode_gdb_take(struct vnode_gdb_parser *parser, uint8_t byte)
{
	switch (parser->state) {
	case VNODE_GDB_TEXT:
	case VNODE_GDB_ESCAPED:
		return take_text(parser, byte);
	case VNODE_GDB_SUM_HIGH:
	case VNODE_GDB_SUM_LOW:
		return take_sum(parser, byte);
	default:
		return take_between(parser, byte);
	}
}

size_t vnode_gdb_frame(const char *text, size_t len, char frame[VNODE_GDB_FRAME_MAX])
{
	char *to = frame;
	uint8_t sum = 0;
	size_t i;

	*to++ = '$';
	for (i = 0; i < len; i++) {
		char byte = text[i];

		/* an unescaped "*" repeats the byte before it */
		if (byte && strchr("$#}*", byte)) {
			*to++ = ESCAPE;
			sum += ESCAPE;
			byte ^= ESCAPE_BIT;
		}
		*to++ = byte;
		sum += byte;
	}
	*to++ = '#';
	*to++ = digits[sum >> 4];
	*to++ = digits[sum & 15];
	return to - frame;
}

bool vnode_gdb_take_hex(const char **at, uint64_t *value)
{
	const char *c = *at;

	if (vnode_take_number(&c, 16, UINT64_MAX, value))
		return false;
	*at = c;
	return true;
}

void vnode_gdb_put(struct vnode_gdb_reply *reply, const char *fmt, ...)
{
	size_t room = sizeof(reply->text) - reply->len;
	va_list args;
	int len;

	va_start(args, fmt);
	len = vsnprintf(reply->text + reply->len, room, fmt, args);
	va_end(args);
	if (len > 0)
		reply->len += (size_t)len < room ? (size_t)len : room - 1;
}

void vnode_gdb_put_hex(struct vnode_gdb_reply *reply, const void *bytes, size_t len)
{
	const uint8_t *byte = bytes;

	for (; len && reply->len + 2 <= VNODE_GDB_PACKET_MAX; len--, byte++) {
		reply->text[reply->len++] = digits[*byte >> 4];
		reply->text[reply->len++] = digits[*byte & 15];
	}
}
