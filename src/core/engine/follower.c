/* Tabs and processes without the store's lock, and what the holder does with their edits; see engine.h, "Followers". Keeps
 * true: an edit is in the store below "inbox/" before it is shown as saved, and leaves it in the batch that takes it
 * into the rows, so it is taken exactly once, whoever is or becomes the holder; a follower shows the holder's rows with its
 * own waiting edits on top. Rules: merge.md "Client engine" 10. */
#include "core/engine/private.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/json/parse.h"
#include "core/json/write.h"

#define INBOX "inbox/"
#define HANDED "handed/"
#define MOST_DIGITS 18
#define MOST_FOLLOWERS 64

/* --- keys --------------------------------------------------------------------------------------------------------- */

/* "inbox/NAME/000000000007" taken apart. */
static bool read_inbox_key(struct sl_str key, struct sl_str *name_r, int64_t *number_r)
{
	const size_t prefix = sizeof(INBOX) - 1;
	if (key.length <= prefix || memcmp(key.bytes, INBOX, prefix) != 0)
		return false;
	struct sl_str rest = { key.bytes + prefix, key.length - prefix };
	const char *slash = memchr(rest.bytes, '/', rest.length);
	size_t digits = slash ? (size_t)(rest.bytes + rest.length - slash) - 1 : 0;
	if (!slash || slash == rest.bytes || digits == 0 || digits > MOST_DIGITS)
		return false;
	*name_r = (struct sl_str){ rest.bytes, (size_t)(slash - rest.bytes) };
	*number_r = 0;
	for (size_t i = 1; i <= digits; i++) {
		if (slash[i] < '0' || slash[i] > '9')
			return false;
		*number_r = *number_r * 10 + (slash[i] - '0');
	}
	return *number_r > 0;
}

static int handed_key(struct sl_engine *engine, struct sl_str name, struct sl_str *key_r)
{
	char text[sizeof(HANDED) + 64];
	int length = snprintf(text, sizeof(text), HANDED "%.*s", (int)(name.length < 64 ? name.length : 64), name.bytes);
	return sl_arena_copy(&engine->scratch, (struct sl_str){ text, (size_t)length }, key_r);
}

/* The number of the last edit that was taken from each follower: as rows whose key is its name, and whose version the
 * number. */
static int64_t last_taken(const struct sl_engine *engine, struct sl_str name)
{
	const struct sl_row *row = sl_rowset_find(engine->handed, &(struct sl_key){ SL_META, 0, name });
	return row ? row->version : 0;
}

/* Names are made for each run, so the oldest one is forgotten some time. */
static int forget_oldest(struct sl_engine *engine)
{
	size_t cursor = 0;
	struct sl_key key = sl_rowset_next(engine->handed, &cursor)->key;
	struct sl_str text;
	int rc = handed_key(engine, key.id, &text);
	sl_rowset_remove(engine->handed, &key);
	return rc == SL_OK ? sl_engine_remove(engine, text) : rc;
}

static int note_taken(struct sl_engine *engine, struct sl_str name, int64_t number)
{
	struct sl_row row = { .key = { SL_META, 0, name }, .version = number };
	const struct sl_row *known = sl_rowset_find(engine->handed, &row.key);
	if (known)
		row.key = known->key;
	else if (sl_key_copy(engine->arena, &(struct sl_key){ SL_META, 0, name }, &row.key) != SL_OK
		|| (sl_rowset_count(engine->handed) >= MOST_FOLLOWERS && forget_oldest(engine) != SL_OK))
		return SL_NO_MEMORY;
	return sl_rowset_put(engine->handed, &row) ? SL_OK : SL_NO_MEMORY;
}

int sl_engine_load_handed(struct sl_engine *engine, struct sl_str key, struct sl_str value)
{
	struct sl_str name = { key.bytes + sizeof(HANDED) - 1, key.length - (sizeof(HANDED) - 1) };
	char digits[MOST_DIGITS + 1];
	if (value.length == 0 || value.length > MOST_DIGITS)
		return SL_INTERNAL;
	memcpy(digits, value.bytes, value.length);
	digits[value.length] = '\0';
	return note_taken(engine, name, strtoll(digits, NULL, 10));
}

/* --- the holder --------------------------------------------------------------------------------------------------- */

static int read_member(struct sl_engine *engine, const json_t *object, const char *name, struct sl_str *text_r)
{
	const json_t *value = json_object_get(object, name);
	struct sl_buf out;
	*text_r = (struct sl_str){ NULL, 0 };
	if (!value)
		return SL_OK;
	sl_buf_init(&out, SIZE_MAX);
	sl_json_write(&out, value);
	int rc = sl_buf_code(&out) == SL_OK ? sl_arena_copy(&engine->scratch, sl_buf_str(&out), text_r) : SL_NO_MEMORY;
	sl_buf_dispose(&out);
	return rc;
}

/* What is in the inbox was taken by an engine like this one: it can't be refused, unless somebody tampered with it. */
static int take_text(struct sl_engine *engine, struct sl_str text, int64_t number)
{
	struct sl_edit edit = { .again = true, .number = number };
	struct sl_err ignored = SL_ERR_INIT;
	json_t *object = NULL;
	int rc = sl_json_parse(text, &object, &ignored);
	if (rc == SL_OK)
		rc = read_member(engine, object, "delta", &edit.delta);
	if (rc == SL_OK)
		rc = read_member(engine, object, "before", &edit.before);
	edit.revision = sl_engine_stored_number(object, "revision");
	json_decref(object);
	if (rc == SL_OK)
		rc = sl_engine_edit(engine, &edit, &ignored);
	return rc == SL_NO_MEMORY ? rc : SL_OK;
}

static int take_pair(struct sl_engine *engine, const struct sl_pair *pair, struct sl_str name, int64_t number)
{
	struct sl_str key, digits;
	char text[MOST_DIGITS + 3];
	int length = snprintf(text, sizeof(text), "%" PRId64, number);
	int rc = take_text(engine, pair->value, 0);
	if (rc == SL_OK)
		rc = note_taken(engine, name, number);
	if (rc == SL_OK)
		rc = handed_key(engine, name, &key);
	if (rc == SL_OK)
		rc = sl_arena_copy(&engine->scratch, (struct sl_str){ text, (size_t)length }, &digits);
	return rc == SL_OK ? sl_engine_put(engine, key, digits) : rc;
}

static int compare_pairs(const void *a, const void *b)
{
	return sl_str_compare((*(const struct sl_pair *const *)a)->key, (*(const struct sl_pair *const *)b)->key);
}

static int take_one(struct sl_engine *engine, const struct sl_pair *pair, bool starting)
{
	struct sl_str name, key;
	int64_t number;
	int rc = SL_OK;
	if (!read_inbox_key(pair->key, &name, &number))
		return SL_OK;
	if (sl_str_equal(name, SL_STR("=")))
		return starting ? take_text(engine, pair->value, number) : SL_OK;
	if (number > last_taken(engine, name))
		rc = take_pair(engine, pair, name, number);
	if (rc == SL_OK)
		rc = sl_arena_copy(&engine->scratch, pair->key, &key);
	return rc == SL_OK ? sl_engine_remove(engine, key) : rc;
}

int sl_engine_take_handed(struct sl_engine *engine, const struct sl_pair *pairs, size_t count, bool starting)
{
	const struct sl_pair **sorted = sl_arena_zalloc(&engine->scratch, count + 1, sizeof(*sorted));
	size_t found = 0;
	struct sl_str name;
	int64_t number;
	int rc = sorted ? SL_OK : SL_NO_MEMORY;
	for (size_t i = 0; rc == SL_OK && i < count; i++)
		if (read_inbox_key(pairs[i].key, &name, &number))
			sorted[found++] = &pairs[i];
	if (found)
		qsort(sorted, found, sizeof(*sorted), compare_pairs);
	for (size_t i = 0; rc == SL_OK && i < found; i++)
		rc = take_one(engine, sorted[i], starting);
	return rc;
}

/* --- the follower ------------------------------------------------------------------------------------------------- */

static int add_waiting(struct sl_engine *engine, int64_t number, struct sl_str text)
{
	char digits[MOST_DIGITS + 3];
	int length = snprintf(digits, sizeof(digits), "%012" PRId64, number);
	struct sl_row row = { .version = number };
	if (sl_engine_keep(engine, (struct sl_str){ digits, (size_t)length }, &row.key.id) != SL_OK
		|| sl_engine_keep(engine, text, &row.data) != SL_OK)
		return SL_NO_MEMORY;
	row.key.entity = SL_META;
	return sl_rowset_put(engine->waiting, &row) ? SL_OK : SL_NO_MEMORY;
}

static int write_edit(struct sl_engine *engine, const struct sl_delta *delta, const struct sl_delta *before,
	struct sl_str *text_r)
{
	struct sl_buf out;
	sl_buf_init(&out, SIZE_MAX);
	sl_buf_add_text(&out, "{\"before\":");
	int rc = sl_delta_write(before, &out);
	sl_buf_add_text(&out, ",\"delta\":");
	if (rc == SL_OK)
		rc = sl_delta_write(delta, &out);
	sl_buf_add_char(&out, '}');
	if (rc == SL_OK)
		rc = sl_buf_code(&out);
	if (rc == SL_OK)
		rc = sl_arena_copy(&engine->scratch, sl_buf_str(&out), text_r);
	sl_buf_dispose(&out);
	return rc;
}

/* What the app saw of the keys: the rows, and those that were not there. */
static int before_of(struct sl_engine *engine, const struct sl_rowset *keys, const struct sl_rowset *seen,
	struct sl_delta *before_r)
{
	struct sl_keys absent = { .arena = &engine->scratch };
	const struct sl_row *key;
	size_t cursor = 0;
	*before_r = (struct sl_delta){ sl_engine_narrow(seen, keys, &engine->scratch), NULL, 0 };
	while (before_r->rows && (key = sl_rowset_next(keys, &cursor)))
		if (!sl_rowset_find(seen, &key->key) && sl_keys_add(&absent, &key->key) != SL_OK)
			return SL_NO_MEMORY;
	before_r->deleted = absent.items;
	before_r->deleted_count = absent.count;
	return before_r->rows ? SL_OK : SL_NO_MEMORY;
}

int sl_engine_hand_over(struct sl_engine *engine, const struct sl_delta *delta, const struct sl_rowset *keys,
	const struct sl_rowset *seen)
{
	struct sl_delta before;
	struct sl_str text, key;
	char name[sizeof(INBOX) + 32 + MOST_DIGITS + 4];
	int64_t number = engine->meta.next_id++;
	int length = snprintf(name, sizeof(name), INBOX "%.*s/%012" PRId64, (int)engine->follower.length, engine->follower.bytes,
		number);
	int rc = before_of(engine, keys, seen, &before);
	if (rc == SL_OK)
		rc = write_edit(engine, delta, &before, &text);
	if (rc == SL_OK)
		rc = sl_arena_copy(&engine->scratch, (struct sl_str){ name, (size_t)length }, &key);
	if (rc == SL_OK)
		rc = add_waiting(engine, number, text);
	return rc == SL_OK ? sl_engine_put(engine, key, text) : rc;
}

/* Local becomes what the holder has: of rows that only waiting edits changed, as the holder had them. */
static int take_edits_back(struct sl_engine *engine)
{
	const struct sl_row *row;
	size_t cursor = 0;
	while ((row = sl_rowset_next(engine->beneath, &cursor))) {
		if (!row->data.length)
			sl_rowset_remove(engine->local, &row->key);
		else if (!sl_rowset_put(engine->local, row))
			return SL_NO_MEMORY;
	}
	for (cursor = 0; (row = sl_rowset_next(engine->beneath, &cursor));) {
		struct sl_key key = row->key;
		sl_rowset_remove(engine->beneath, &key);
		if (sl_engine_refresh(engine, &key) != SL_OK)
			return SL_NO_MEMORY;
	}
	return SL_OK;
}

int sl_engine_note_beneath(struct sl_engine *engine, const struct sl_key *key)
{
	const struct sl_row *row = sl_rowset_find(engine->local, key);
	struct sl_row kept = { .version = 0 };
	if (!engine->follower.length || sl_rowset_find(engine->beneath, key))
		return SL_OK;
	if (row)
		kept = *row;
	else if (sl_key_copy(engine->arena, key, &kept.key) != SL_OK)
		return SL_NO_MEMORY;
	return sl_rowset_put(engine->beneath, &kept) ? SL_OK : SL_NO_MEMORY;
}

/* Remembers rows that the batch, or the edits on top of it, may change, as they are shown. */
static int note_shown(struct sl_engine *engine, struct sl_rowset *shown, const struct sl_key *key)
{
	const struct sl_row *row = sl_rowset_find(engine->local, key);
	struct sl_row kept = { .key = *key };
	if (sl_rowset_find(shown, key))
		return SL_OK;
	if (row)
		kept = *row;
	return sl_rowset_put(shown, &kept) ? SL_OK : SL_NO_MEMORY;
}

static int tell_difference(struct sl_engine *engine, const struct sl_rowset *shown)
{
	const struct sl_row *was;
	size_t cursor = 0;
	while ((was = sl_rowset_next(shown, &cursor))) {
		const struct sl_row *is = sl_rowset_find(engine->local, &was->key);
		if (is ? was->data.length && sl_row_same_content(was, is) : !was->data.length) {
			sl_rowset_remove(engine->changed, &was->key);
			continue;
		}
		if (is ? !sl_rowset_put(engine->changed, is) : sl_engine_touch(engine->changed, &was->key) != SL_OK)
			return SL_NO_MEMORY;
	}
	return SL_OK;
}

/* What the holder has taken no longer waits. */
static int drop_taken(struct sl_engine *engine, const struct sl_write *write)
{
	struct sl_str name;
	int64_t number;
	char digits[MOST_DIGITS + 3];
	if (!write->remove || !read_inbox_key(write->key, &name, &number) || !sl_str_equal(name, engine->follower))
		return SL_OK;
	int length = snprintf(digits, sizeof(digits), "%012" PRId64, number);
	sl_rowset_remove(engine->waiting, &(struct sl_key){ SL_META, 0, { digits, (size_t)length } });
	return SL_OK;
}

static int apply_waiting(struct sl_engine *engine)
{
	const struct sl_row *edit;
	size_t cursor = 0;
	int rc = SL_OK;
	while (rc == SL_OK && (edit = sl_rowset_next(engine->waiting, &cursor)))
		rc = take_text(engine, edit->data, 0);
	return rc;
}

int sl_engine_take_waiting(struct sl_engine *engine)
{
	const struct sl_row *edit, *last = NULL;
	size_t cursor = 0;
	while ((edit = sl_rowset_next(engine->waiting, &cursor)))
		last = edit;
	return last ? take_text(engine, last->data, 0) : SL_OK;
}

int sl_engine_follow(struct sl_engine *engine, const struct sl_write *writes, size_t count)
{
	struct sl_rowset *shown = sl_rowset_new(&engine->scratch, count);
	const struct sl_row *row;
	size_t cursor = 0;
	int rc = shown ? SL_OK : SL_NO_MEMORY;
	while (rc == SL_OK && (row = sl_rowset_next(engine->beneath, &cursor)))
		rc = note_shown(engine, shown, &row->key);
	for (size_t i = 0; rc == SL_OK && i < count; i++) {
		struct sl_key key;
		if (sl_engine_row_of_pair(writes[i].key, &key))
			rc = note_shown(engine, shown, &key);
	}
	if (rc == SL_OK)
		rc = sl_engine_forget_siblings(engine);
	if (rc == SL_OK)
		rc = take_edits_back(engine);
	if (rc == SL_OK)
		rc = sl_engine_load_writes(engine, writes, count);
	for (size_t i = 0; rc == SL_OK && i < count; i++)
		rc = drop_taken(engine, &writes[i]);
	if (rc == SL_OK)
		rc = apply_waiting(engine);
	return rc == SL_OK ? tell_difference(engine, shown) : rc;
}
