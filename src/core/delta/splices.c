/* Patches of whole words, and as JSON; see splices.h. Keeps true: what is inserted is valid UTF-8 where the texts are. */
#include "core/delta/splices.h"

#include "core/base/utf8.h"
#include "core/json/parse.h"
#include "core/json/write.h"

#define WORD_BYTES 32 /* so far a copy is cut back to the edge of a word */

/* --- making ------------------------------------------------------------------------------------------------------- */

static bool is_letter(char c)
{
	return (unsigned char)c >= 0x80 || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* Whether a word goes on across this place, or, from `hard` on, a character. */
static bool is_inside(struct sl_str text, size_t at, bool hard)
{
	if (at == 0 || at >= text.length)
		return false;
	if (hard)
		return sl_utf8_is_inside(text.bytes[at]);
	return is_letter(text.bytes[at - 1]) && is_letter(text.bytes[at]);
}

static void add_insert(struct sl_buf *patch, struct sl_str text)
{
	if (!text.length)
		return;
	sl_buf_add_varint(patch, (uint64_t)text.length * 2);
	sl_buf_add_str(patch, text);
}

static void add_copy(struct sl_buf *patch, size_t offset, size_t length)
{
	sl_buf_add_varint(patch, (uint64_t)length * 2 + 1);
	sl_buf_add_varint(patch, offset);
}

/* Cuts the copy, which makes to[at ...), back to whole words. */
static void cut(struct sl_str to, size_t *at, struct sl_patch_op *copy)
{
	size_t begin = *at, end = *at + copy->length;
	while (begin < end && is_inside(to, begin, begin - *at >= WORD_BYTES))
		begin++;
	size_t last = end;
	while (end > begin && is_inside(to, end, last - end >= WORD_BYTES))
		end--;
	copy->offset += begin - *at;
	copy->length = end - begin;
	*at = begin;
}

int sl_splices_make(struct sl_str from, struct sl_str to, struct sl_arena *arena, struct sl_buf *patch)
{
	struct sl_buf bytes;
	struct sl_patch_op op;
	size_t cursor = 0, at = 0, written = 0;
	sl_buf_init(&bytes, SIZE_MAX);
	int rc = sl_patch_make(from, to, arena, &bytes);
	sl_buf_add_varint(patch, to.length);
	while (rc == SL_OK && sl_patch_next(sl_buf_str(&bytes), &cursor, &op) > 0) {
		size_t begin = at;
		at += op.length;
		if (!op.copies)
			continue;
		cut(to, &begin, &op);
		if (!op.length)
			continue;
		add_insert(patch, (struct sl_str){ to.bytes + written, begin - written });
		add_copy(patch, op.offset, op.length);
		written = begin + op.length;
	}
	if (rc == SL_OK && written < to.length)
		add_insert(patch, (struct sl_str){ to.bytes + written, to.length - written });
	sl_buf_dispose(&bytes);
	return rc == SL_OK ? sl_buf_code(patch) : rc;
}

/* --- as JSON ------------------------------------------------------------------------------------------------------ */

int sl_splices_write(struct sl_str patch, struct sl_buf *out)
{
	struct sl_patch_op op;
	size_t cursor = 0;
	const char *before = "[";
	int more;
	while ((more = sl_patch_next(patch, &cursor, &op)) > 0) {
		sl_buf_add_text(out, before);
		before = ",";
		if (!op.copies) {
			sl_json_string(out, (struct sl_str){ patch.bytes + op.offset, op.length });
			continue;
		}
		sl_buf_add_char(out, '[');
		sl_buf_add_int(out, (int64_t)op.offset);
		sl_buf_add_char(out, ',');
		sl_buf_add_int(out, (int64_t)op.length);
		sl_buf_add_char(out, ']');
	}
	sl_buf_add_text(out, before[0] == '[' ? "[]" : "]");
	return more < 0 ? more : sl_buf_code(out);
}

static bool read_size(const json_t *value, size_t *size_r)
{
	double number = json_number_value(value);
	if (!json_is_number(value) || !(number >= 0 && number <= (double)SL_PATCH_BYTES))
		return false;
	*size_r = (size_t)number;
	return true;
}

/* Appends one operation; adds to *length_r what it makes. */
static bool read_operation(const json_t *item, struct sl_buf *out, uint64_t *length_r)
{
	size_t offset, length = json_string_length(item);
	if (json_is_string(item))
		add_insert(out, sl_json_text(item));
	else if (json_array_size(item) == 2 && read_size(json_array_get(item, 0), &offset)
		&& read_size(json_array_get(item, 1), &length) && length)
		add_copy(out, offset, length);
	else
		return false;
	*length_r += length;
	return true;
}

int sl_splices_read(const json_t *value, struct sl_arena *arena, struct sl_str *patch_r)
{
	struct sl_buf operations, patch;
	uint64_t length = 0;
	int rc = json_is_array(value) ? SL_OK : SL_INTERNAL;
	sl_buf_init(&operations, SIZE_MAX);
	sl_buf_init(&patch, SIZE_MAX);
	for (size_t i = 0; rc == SL_OK && i < json_array_size(value); i++)
		if (!read_operation(json_array_get(value, i), &operations, &length))
			rc = SL_INTERNAL;
	sl_buf_add_varint(&patch, length);
	sl_buf_add_str(&patch, sl_buf_str(&operations));
	if (rc == SL_OK)
		rc = sl_buf_code(&operations) == SL_OK && sl_buf_code(&patch) == SL_OK
			? sl_arena_copy(arena, sl_buf_str(&patch), patch_r) : SL_NO_MEMORY;
	sl_buf_dispose(&operations);
	sl_buf_dispose(&patch);
	return rc;
}
