/* Changes of a project, read from any bytes.
 *
 * A step ends with ';'. A line of it is one of
 *   + key rank text    writes the row        > key rank         gives the row another place
 *   * key text         the same, no rank     - key              deletes it
 *   ~ key at length text  puts the text in place of a piece of the row's
 * where a key is three characters: the collection, the episode, the id; a rank, at and length end with their first
 * character that is none of theirs, and the text with the line. '^' in a text doubles what stands before it.
 * Whatever else stands there is passed over. '!' ends all steps.
 */
#ifndef TESTS_FUZZ_STEPS_H
#define TESTS_FUZZ_STEPS_H

#include "rows.h"

#include "core/base/rank.h"

#define TEXT_BYTES 1000

struct input {
	const uint8_t *bytes;
	size_t left;
};

static inline uint8_t next(struct input *in)
{
	if (in->left == 0)
		return 0;
	in->left--;
	return *in->bytes++;
}

static inline struct sl_key next_key(struct input *in, struct sl_arena *arena)
{
	static const char ids[] = "abcdefgh";
	const struct sl_shape *meta = sl_schema_row(SL_META);
	enum sl_entity entity = (enum sl_entity)(next(in) % SL_ENTITIES);
	uint8_t episode = next(in), id = next(in);
	struct sl_key key = { entity, 0, { NULL, 0 } };
	if (entity == SL_EPISODES || sl_entity_has_episode(entity))
		key.episode = episode % 4;
	if (entity == SL_META)
		key.id = meta->fields[id % meta->count].type == SL_TYPE_TEXT ?
			sl_str_from(meta->fields[id % meta->count].name) : SL_STR("context.unknown");
	else if (entity != SL_EPISODES)
		CHECK(sl_arena_copy(arena, (struct sl_str){ ids + id % 8, 1 }, &key.id) == 0);
	return key;
}

static inline bool is_rank_digit(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static inline struct sl_str next_rank(struct input *in, struct sl_arena *arena)
{
	char digits[SL_RANK_BYTES] = "V";
	size_t length = 0;
	struct sl_str rank;
	for (uint8_t c = next(in); length < sizeof(digits) && is_rank_digit(c); c = next(in))
		digits[length++] = (char)c;
	CHECK(sl_arena_copy(arena, (struct sl_str){ digits, length ? length : 1 }, &rank) == 0);
	return rank;
}

static inline size_t next_number(struct input *in)
{
	size_t number = 0;
	uint8_t c = next(in);
	while (c == ' ')
		c = next(in);
	for (; c >= '0' && c <= '9'; c = next(in))
		number = (number * 10 + (c - '0')) % TEXT_BYTES;
	return number;
}

/* Printable, without anything that JSON escapes, never empty. */
static inline void next_text(struct input *in, struct sl_buf *text)
{
	size_t begin = text->length;
	for (uint8_t c = next(in); c != '\n' && c != '\0'; c = next(in)) {
		size_t length = text->length - begin;
		if (length > TEXT_BYTES / 2)
			continue;
		if (c == '^' && length > 0) {
			char *copy = fuzz_copy((struct sl_str){ text->bytes + begin, length });
			sl_buf_add(text, copy, length);
			free(copy);
		} else {
			c &= 0x7f;
			sl_buf_add_char(text, c < ' ' || c == '"' || c == '\\' || c == 0x7f ? ' ' : (char)c);
		}
	}
	if (text->length == begin)
		sl_buf_add_char(text, '.');
}

static inline struct sl_str opening(const struct sl_key *key)
{
	return key->entity == SL_META ? SL_STR("\"") : SL_STR("{\"content\":\"");
}

static inline struct sl_str closing(const struct sl_key *key) { return key->entity == SL_META ? SL_STR("\"") : SL_STR("\"}"); }

/* The text of a row that a step has written; NULL bytes for another row. */
static inline struct sl_str own_text(const struct sl_row *row)
{
	struct sl_str before = opening(&row->key), behind = closing(&row->key), none = { NULL, 0 };
	if (row->data.length < before.length + behind.length || memcmp(row->data.bytes, before.bytes, before.length) != 0)
		return none;
	struct sl_str text = { row->data.bytes + before.length, row->data.length - before.length - behind.length };
	if (memcmp(text.bytes + text.length, behind.bytes, behind.length) != 0)
		return none;
	for (size_t i = 0; i < text.length; i++)
		if (text.bytes[i] == '"' || text.bytes[i] == '\\')
			return none;
	return text;
}

/* A part of it is replaced. */
static inline void edited_text(struct input *in, struct sl_str whole, struct sl_buf *text)
{
	size_t at = next_number(in) % (whole.length + 1), length = next_number(in) % (whole.length - at + 1);
	sl_buf_add(text, whole.bytes, at);
	next_text(in, text);
	sl_buf_add(text, whole.bytes + at + length, whole.length - at - length);
}

static inline bool is_listed(const struct sl_keys *keys, const struct sl_key *key)
{
	for (size_t i = 0; i < keys->count; i++)
		if (sl_key_equal(&keys->items[i], key))
			return true;
	return false;
}

/* No delta names a row twice: of two such lines the first counts, but of two that write it the second. */
static inline void read_line(struct input *in, uint8_t kind, const struct sl_rowset *rows, struct sl_delta *delta,
	struct sl_keys *deleted)
{
	struct sl_row row = { .key = next_key(in, deleted->arena) };
	const struct sl_row *old = sl_rowset_find(rows, &row.key);
	struct sl_buf text;
	if (is_listed(deleted, &row.key))
		return;
	if (kind == '-') {
		if (!sl_rowset_find(delta->rows, &row.key))
			CHECK(sl_keys_add(deleted, &row.key) == 0);
		return;
	}
	if (old && kind != '+')
		row.data = old->data;
	if ((kind == '+' || kind == '>') && row.key.entity != SL_META)
		row.rank = next_rank(in, deleted->arena);
	if (kind != '>' || !old) {
		sl_buf_init(&text, SIZE_MAX);
		sl_buf_add_str(&text, opening(&row.key));
		if (kind == '~' && old && own_text(old).bytes)
			edited_text(in, own_text(old), &text);
		else
			next_text(in, &text);
		sl_buf_add_str(&text, closing(&row.key));
		CHECK(sl_arena_copy(deleted->arena, sl_buf_str(&text), &row.data) == 0);
		sl_buf_dispose(&text);
	}
	CHECK(sl_rowset_put(delta->rows, &row));
}

/* False when there is none left. */
static inline bool read_step(struct input *in, const struct sl_rowset *rows, struct sl_arena *arena, struct sl_delta *delta_r)
{
	struct sl_keys deleted = { .arena = arena };
	*delta_r = (struct sl_delta){ sl_rowset_new(arena, 8), NULL, 0 };
	CHECK(delta_r->rows);
	if (in->left == 0 || *in->bytes == '!')
		return false;
	while (in->left > 0 && *in->bytes != '!') {
		uint8_t kind = next(in);
		if (kind == ';')
			break;
		if (kind != '\0' && strchr("+*~>-", kind))
			read_line(in, kind, rows, delta_r, &deleted);
	}
	delta_r->deleted = deleted.items;
	delta_r->deleted_count = deleted.count;
	return true;
}

#endif
