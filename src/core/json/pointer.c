/* JSON Pointers; see pointer.h. A `~` that no rule is for is read as one that stands for itself. */
#include "core/json/pointer.h"

#include "core/base/error.h"

const char *sl_pointer_escape(char c)
{
	return c == '~' ? "~0" : c == '/' ? "~1" : NULL;
}

void sl_pointer_add(struct sl_buf *out, struct sl_str name)
{
	sl_buf_add_char(out, '/');
	for (size_t i = 0; i < name.length; i++) {
		const char *escaped = sl_pointer_escape(name.bytes[i]);
		if (escaped)
			sl_buf_add_text(out, escaped);
		else
			sl_buf_add_char(out, name.bytes[i]);
	}
}

static char unescape(char c)
{
	return c == '1' ? '/' : c == '0' ? '~' : '\0';
}

int sl_pointer_next(struct sl_str *pointer, struct sl_arena *arena, struct sl_str *name_r)
{
	size_t length = 0, at = 1;
	*name_r = (struct sl_str){ NULL, 0 };
	if (pointer->length == 0 || pointer->bytes[0] != '/')
		return 0;
	char *name = sl_arena_alloc(arena, pointer->length);
	if (!name)
		return SL_NO_MEMORY;
	for (; at < pointer->length && pointer->bytes[at] != '/'; at++) {
		char c = pointer->bytes[at];
		bool escapes = c == '~' && at + 1 < pointer->length && unescape(pointer->bytes[at + 1]);
		name[length++] = escapes ? unescape(pointer->bytes[++at]) : c;
	}
	*name_r = (struct sl_str){ name, length };
	*pointer = (struct sl_str){ pointer->bytes + at, pointer->length - at };
	return 1;
}
