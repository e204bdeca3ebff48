/* JSON Pointers (RFC 6901): the text of one is a "/" and a name for each step, `~` and `/` in names being escaped. */
#ifndef SL_CORE_JSON_POINTER_H
#define SL_CORE_JSON_POINTER_H

#include "core/base/arena.h"
#include "core/base/buf.h"

/* What stands for a byte of a name; NULL: itself. */
const char *sl_pointer_escape(char c);

/* Appends a step. */
void sl_pointer_add(struct sl_buf *out, struct sl_str name);

/* Takes the first step off a pointer; its name is unescaped in the arena. Returns 1, 0 at the end (or where no "/" comes next), or
 * SL_NO_MEMORY. */
int sl_pointer_next(struct sl_str *pointer, struct sl_arena *arena, struct sl_str *name_r)
	__attribute__((warn_unused_result));

#endif
