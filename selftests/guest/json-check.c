// SPDX-License-Identifier: GPL-2.0-only
/*
 * json-check: exit status 0 if stdin is exactly one JSON text as RFC 8259 has it,
 * in ASCII, without a name twice in one object.
 */
#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define DEPTH_MAX	16
#define NAMES_MAX	64

struct name {
	const char *at;
	size_t len;
};

static char text[1 << 20];
static const char *at = text;

static bool value(int depth);

static void space(void)
{
	at += strspn(at, " \t\r\n");
}

static bool token(const char *word)
{
	size_t len = strlen(word);

	if (strncmp(at, word, len))
		return false;
	at += len;
	return true;
}

static bool digits(void)
{
	size_t len = strspn(at, "0123456789");

	at += len;
	return len;
}

static bool number(void)
{
	token("-");
	if (!token("0") && !digits())
		return false;
	if (token(".") && !digits())
		return false;
	if (token("e") || token("E")) {
		if (!token("+"))
			token("-");
		return digits();
	}
	return true;
}

static bool escape(void)
{
	int i;

	if (!*at)
		return false;
	if (strchr("\"\\/bfnrt", *at)) {
		at++;
		return true;
	}
	if (*at++ != 'u')
		return false;
	for (i = 0; i < 4; i++)
		if (!isxdigit(*at++))
			return false;
	return true;
}

static bool string(void)
{
	if (!token("\""))
		return false;
	while (*at != '"') {
		if (*at < 0x20 || *at > 0x7e)
			return false;
		if (*at++ == '\\' && !escape())
			return false;
	}
	at++;
	return true;
}

static bool member(int depth, struct name *names, size_t nr)
{
	struct name *this = &names[nr];
	size_t i;

	space();
	this->at = at;
	if (nr == NAMES_MAX - 1 || !string())
		return false;
	this->len = at - this->at;
	for (i = 0; i < nr; i++)
		if (names[i].len == this->len && !memcmp(names[i].at, this->at, this->len))
			return false;
	space();
	return token(":") && value(depth);
}

static bool object(int depth)
{
	struct name names[NAMES_MAX];
	size_t nr = 0;

	space();
	if (token("}"))
		return true;
	do {
		if (!member(depth, names, nr++))
			return false;
		space();
	} while (token(","));
	return token("}");
}

static bool array(int depth)
{
	space();
	if (token("]"))
		return true;
	do {
		if (!value(depth))
			return false;
		space();
	} while (token(","));
	return token("]");
}

static bool value(int depth)
{
	if (depth > DEPTH_MAX)
		return false;
	space();
	if (*at == '"')
		return string();
	if (token("{"))
		return object(depth + 1);
	if (token("["))
		return array(depth + 1);
	return token("true") || token("false") || token("null") || number();
}

int main(void)
{
	size_t size = fread(text, 1, sizeof(text) - 1, stdin);
	bool good = value(0);

	space();
	if (good && size && at == text + size)
		return 0;
	fprintf(stderr, "json-check: not JSON at byte %td: %.40s\n", at - text, at);
	return 1;
}
