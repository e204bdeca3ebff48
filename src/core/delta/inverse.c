/* The stored inverse of a commit: see inverse.h.
 * A record is: format byte, count, then by rising key: entity byte, episode (zigzag), id, kind byte, and unless the row
 * was absent its rank and text (data, or a patch of the data after). Integers are varints, strings follow their length.
 * Keeps true: a record is read whole and found sound before anything changes. Fails with SL_INTERNAL for a damaged one.
 */
#include "core/delta/inverse.h"

#include <stdlib.h>

#include "core/delta/byte_patch.h"

#define FORMAT 1
#define ENTRY_BYTES_LEAST 4 /* entity, episode, length of the id, kind */

enum kind {
	ABSENT, /* the row did not exist before */
	FULL,   /* its data */
	PATCH,  /* a patch that makes its data out of the data after */
	KINDS
};

struct entry {
	struct sl_key key;
	enum kind kind;
	struct sl_str rank, text;
};

/* Limit of one text in a record; the rows' own limits are far below. */
#define TEXT_BYTES SL_PATCH_BYTES

static int damaged(struct sl_err *err)
{
	return sl_err_set(err, SL_INTERNAL, "a stored inverse is damaged");
}

/* --- writing ---------------------------------------------------------------------------------------------------- */

static uint64_t zigzag(int64_t number)
{
	return number < 0 ? ~((uint64_t)number << 1) : (uint64_t)number << 1;
}

static int64_t unzigzag(uint64_t number)
{
	return number & 1 ? -(int64_t)(number >> 1) - 1 : (int64_t)(number >> 1);
}

static void write_text(struct sl_buf *out, struct sl_str text)
{
	sl_buf_add_varint(out, text.length);
	sl_buf_add_str(out, text);
}

static void write_head(struct sl_buf *out, size_t count)
{
	sl_buf_add_char(out, FORMAT);
	sl_buf_add_varint(out, count);
}

static void write_entry(struct sl_buf *out, const struct entry *entry)
{
	sl_buf_add_char(out, (char)entry->key.entity);
	sl_buf_add_varint(out, zigzag(entry->key.episode));
	write_text(out, entry->key.id);
	sl_buf_add_char(out, (char)entry->kind);
	if (entry->kind != ABSENT) {
		write_text(out, entry->rank);
		write_text(out, entry->text);
	}
}

static const struct sl_key *key_of(const struct sl_change *change)
{
	return change->before ? &change->before->key : &change->after->key;
}

static bool changes_nothing(const struct sl_change *change)
{
	if (!change->before || !change->after)
		return change->before == change->after;
	return sl_row_same_content(change->before, change->after);
}

static int compare_changes(const void *a, const void *b)
{
	return sl_key_compare(key_of(*(const struct sl_change *const *)a), key_of(*(const struct sl_change *const *)b));
}

/* The entry of a change; a patch's bytes are in `scratch`. */
static int entry_of(const struct sl_change *change, struct sl_arena *arena, struct sl_buf *scratch,
	struct entry *entry_r)
{
	const struct sl_row *before = change->before;
	*entry_r = (struct entry){ .key = *key_of(change), .kind = ABSENT };
	if (!before)
		return 0;
	entry_r->kind = FULL;
	entry_r->rank = before->rank;
	entry_r->text = before->data;
	if (!change->after)
		return 0;
	sl_buf_clear(scratch);
	int code = sl_patch_make(change->after->data, before->data, arena, scratch);
	if (code == 0 && scratch->length < before->data.length) {
		entry_r->kind = PATCH;
		entry_r->text = sl_buf_str(scratch);
	}
	return code;
}

int sl_undo_encode(const struct sl_change *changes, size_t count, struct sl_arena *arena, struct sl_buf *out)
{
	struct sl_buf scratch;
	struct entry entry;
	size_t kept = 0;
	int code = 0;
	const struct sl_change **sorted = sl_arena_zalloc(arena, count, sizeof(const struct sl_change *));
	if (!sorted)
		return SL_NO_MEMORY;
	for (size_t i = 0; i < count; i++)
		if (!changes_nothing(&changes[i]))
			sorted[kept++] = &changes[i];
	qsort(sorted, kept, sizeof(const struct sl_change *), compare_changes);
	sl_buf_init(&scratch, TEXT_BYTES);
	write_head(out, kept);
	for (size_t i = 0; code == 0 && i < kept; i++) {
		if (i > 0 && sl_key_equal(key_of(sorted[i - 1]), key_of(sorted[i])))
			code = SL_INTERNAL;
		else
			code = entry_of(sorted[i], arena, &scratch, &entry);
		if (code == 0)
			write_entry(out, &entry);
	}
	sl_buf_dispose(&scratch);
	return code == 0 ? sl_buf_code(out) : code;
}

/* --- reading ---------------------------------------------------------------------------------------------------- */

static bool read_byte(struct sl_str record, size_t *cursor, unsigned limit, unsigned *byte_r)
{
	if (*cursor >= record.length)
		return false;
	*byte_r = (unsigned char)record.bytes[(*cursor)++];
	return *byte_r < limit;
}

static bool read_text(struct sl_str record, size_t *cursor, struct sl_str *text_r)
{
	uint64_t length = 0;
	if (sl_varint_read(record, cursor, &length) != 0 || length > record.length - *cursor)
		return false;
	*text_r = (struct sl_str){ record.bytes + *cursor, (size_t)length };
	*cursor += (size_t)length;
	return true;
}

static bool read_entry(struct sl_str record, size_t *cursor, struct entry *entry)
{
	unsigned entity = 0, kind = 0;
	uint64_t episode = 0;
	if (!read_byte(record, cursor, SL_ENTITIES, &entity) || sl_varint_read(record, cursor, &episode) != 0 ||
		!read_text(record, cursor, &entry->key.id) || !read_byte(record, cursor, KINDS, &kind))
		return false;
	entry->key.entity = (enum sl_entity)entity;
	entry->key.episode = unzigzag(episode);
	entry->kind = (enum kind)kind;
	return kind == ABSENT || (read_text(record, cursor, &entry->rank) && read_text(record, cursor, &entry->text));
}

struct entries {
	struct entry *items; /* by rising key; texts are in the record */
	size_t count;
};

static int read_record(struct sl_str record, struct sl_arena *arena, struct entries *entries_r, struct sl_err *err)
{
	size_t cursor = 0;
	uint64_t count = 0;
	unsigned format = 0;
	*entries_r = (struct entries){ NULL, 0 };
	if (record.length == 0)
		return 0;
	if (!read_byte(record, &cursor, FORMAT + 1, &format) || format != FORMAT)
		return sl_err_set(err, SL_INTERNAL, "a stored inverse has an unknown format");
	if (sl_varint_read(record, &cursor, &count) != 0 || count > record.length / ENTRY_BYTES_LEAST)
		return damaged(err);
	struct entry *items = sl_arena_zalloc(arena, (size_t)count, sizeof(*items));
	if (!items)
		return sl_err_set(err, SL_NO_MEMORY, "no memory to read a stored inverse");
	for (size_t i = 0; i < count; i++) {
		if (!read_entry(record, &cursor, &items[i]))
			return damaged(err);
		if (i > 0 && sl_key_compare(&items[i - 1].key, &items[i].key) >= 0)
			return damaged(err);
	}
	if (cursor != record.length)
		return damaged(err);
	*entries_r = (struct entries){ items, (size_t)count };
	return 0;
}

/* --- composing -------------------------------------------------------------------------------------------------- */

/* What both records say about one row; NULL where one doesn't. */
struct pair {
	const struct entry *newer, *older;
};

/* Merges the two sorted lists; pairs_r has room for all. Returns the number of pairs. */
static size_t pair_up(const struct entries *newer, const struct entries *older, struct pair *pairs_r)
{
	size_t i = 0, j = 0, count = 0;
	while (i < newer->count || j < older->count) {
		int order = 0;
		if (i < newer->count && j < older->count)
			order = sl_key_compare(&newer->items[i].key, &older->items[j].key);
		else
			order = i < newer->count ? -1 : 1;
		pairs_r[count].newer = order <= 0 ? &newer->items[i++] : NULL;
		pairs_r[count].older = order >= 0 ? &older->items[j++] : NULL;
		count++;
	}
	return count;
}

/* One entry with the effect of both; a composed patch's bytes are in `scratch`. */
static int combine(const struct pair *pair, struct sl_arena *arena, struct sl_buf *scratch, struct entry *entry_r,
	struct sl_err *err)
{
	const struct entry *newer = pair->newer, *older = pair->older;
	*entry_r = older ? *older : *newer;
	if (!newer || !older || older->kind != PATCH)
		return 0;
	if (newer->kind == ABSENT)
		return damaged(err); /* a patch of a row that wasn't there */
	if (newer->kind == FULL) {
		entry_r->kind = FULL;
		return sl_patch_apply(newer->text, older->text, arena, &entry_r->text, err);
	}
	sl_buf_clear(scratch);
	int code = sl_patch_compose(newer->text, older->text, arena, scratch, err);
	entry_r->text = sl_buf_str(scratch);
	return code;
}

int sl_undo_compose(struct sl_str newer, struct sl_str older, struct sl_arena *arena, struct sl_buf *out,
	struct sl_err *err)
{
	struct entries a, b;
	struct entry entry;
	struct sl_buf scratch;
	int code = read_record(newer, arena, &a, err);
	if (code == 0)
		code = read_record(older, arena, &b, err);
	if (code != 0)
		return code;
	struct pair *pairs = sl_arena_zalloc(arena, a.count + b.count, sizeof(*pairs));
	if (!pairs)
		return sl_err_set(err, SL_NO_MEMORY, "no memory to compose stored inverses");
	size_t count = pair_up(&a, &b, pairs);
	sl_buf_init(&scratch, TEXT_BYTES);
	write_head(out, count);
	for (size_t i = 0; code == 0 && i < count; i++) {
		code = combine(&pairs[i], arena, &scratch, &entry, err);
		if (code == 0)
			write_entry(out, &entry);
	}
	sl_buf_dispose(&scratch);
	if (code == 0 && sl_buf_code(out) != 0)
		code = sl_err_set(err, sl_buf_code(out), "no room for a composed inverse");
	return code;
}

/* --- applying --------------------------------------------------------------------------------------------------- */

static int restore_whole(const struct entry *entry, struct sl_rowset *rows, struct sl_arena *arena)
{
	struct sl_row row;
	int code = sl_row_copy(arena, &(struct sl_row){ entry->key, entry->rank, entry->text, 0 }, &row);
	if (code == 0 && !sl_rowset_put(rows, &row))
		code = SL_NO_MEMORY;
	return code;
}

static int restore_patched(const struct entry *entry, struct sl_rowset *rows, struct sl_arena *arena,
	struct sl_err *err)
{
	struct sl_row *row = sl_rowset_find(rows, &entry->key);
	struct sl_str data;
	if (!row)
		return sl_err_set(err, SL_INTERNAL, "a stored inverse is for a row that isn't there");
	int code = sl_patch_apply(row->data, entry->text, arena, &data, err);
	if (code == 0)
		code = sl_arena_copy(arena, entry->rank, &row->rank);
	if (code == 0) {
		row->data = data;
		row->version = 0;
	}
	return code;
}

int sl_undo_apply(struct sl_str record, struct sl_rowset *rows, struct sl_arena *arena, struct sl_err *err)
{
	struct entries entries;
	int code = read_record(record, arena, &entries, err);
	for (size_t i = 0; code == 0 && i < entries.count; i++) {
		const struct entry *entry = &entries.items[i];
		if (entry->kind == ABSENT)
			(void)sl_rowset_remove(rows, &entry->key);
		else if (entry->kind == FULL)
			code = restore_whole(entry, rows, arena);
		else
			code = restore_patched(entry, rows, arena, err);
	}
	return code == 0 ? 0 : sl_err_set(err, code, "no memory to apply a stored inverse");
}

int sl_undo_keys(struct sl_str record, struct sl_arena *arena, const struct sl_key **keys_r, size_t *count_r,
	struct sl_err *err)
{
	struct entries entries;
	int code = read_record(record, arena, &entries, err);
	if (code != 0)
		return code;
	struct sl_key *keys = sl_arena_zalloc(arena, entries.count, sizeof(*keys));
	if (!keys)
		return sl_err_set(err, SL_NO_MEMORY, "no memory for the keys of a stored inverse");
	for (size_t i = 0; i < entries.count; i++) {
		code = sl_key_copy(arena, &entries.items[i].key, &keys[i]);
		if (code != 0)
			return sl_err_set(err, code, "no memory for the keys of a stored inverse");
	}
	*keys_r = keys;
	*count_r = entries.count;
	return 0;
}
