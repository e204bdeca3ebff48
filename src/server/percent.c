/* Percent-decoding, RFC 3986 section 2.1, and the + of HTML forms. A NUL is refused, since C texts end there. */
#include "server/percent.h"

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The byte that the escape at `text` stands for, or -1. */
static int escaped(const char *text, size_t left)
{
	if (left < 3 || hex(text[1]) < 0 || hex(text[2]) < 0)
		return -1;
	int byte = hex(text[1]) * 16 + hex(text[2]);
	return byte == 0 ? -1 : byte;
}

static bool is_plain(struct sl_str text, bool form)
{
	return text.length == 0 ||
	       (!memchr(text.bytes, '%', text.length) && !(form && memchr(text.bytes, '+', text.length)));
}

int sl_percent_decode(struct sl_arena *arena, struct sl_str text, bool form, struct sl_str *decoded_r,
	struct sl_err *err)
{
	*decoded_r = text;
	if (is_plain(text, form))
		return 0;
	char *to = sl_arena_alloc(arena, text.length);
	if (!to)
		return sl_err_set(err, SL_NO_MEMORY, "out of memory");
	*decoded_r = (struct sl_str){ to, 0 };
	for (size_t i = 0; i < text.length; i++) {
		int byte = (unsigned char)text.bytes[i];
		if (byte == '%') {
			byte = escaped(text.bytes + i, text.length - i);
			if (byte < 0)
				return sl_err_set(err, SL_MALFORMED, "the address holds a bad percent escape");
			i += 2;
		} else if (byte == '+' && form) {
			byte = ' ';
		}
		to[decoded_r->length++] = (char)byte;
	}
	return 0;
}
