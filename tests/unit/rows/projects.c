/* Projects for unit tests; see projects.h. Everything here fails the test that calls it rather than returning an
 * error. */
#ifdef HAVE_CONFIG_H
#include "config.h" /* popen */
#endif

#include "projects.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/json/parse.h"
#include "core/base/rank.h"
#include "core/schema/validate.h"
#include "core/rows/document_write.h"

#define ROW_BYTES ((size_t)1 << 24)

static const struct sl_str none = { NULL, 0 };

size_t dice_roll(struct dice *dice, size_t sides)
{
	dice->state ^= dice->state << 13;
	dice->state ^= dice->state >> 7;
	dice->state ^= dice->state << 17;
	return (size_t)(dice->state >> 16) % sides;
}

/* --- from and to text -------------------------------------------------------------------------------------------- */

char *project_text(const char *text)
{
	size_t length = strlen(text);
	char *copy = malloc(length + 1);
	assert_non_null(copy);
	for (size_t i = 0; i <= length; i++)
		copy[i] = text[i] == '\'' ? '"' : text[i];
	return copy;
}

json_t *project_json(const char *text)
{
	struct sl_err err = SL_ERR_INIT;
	char *copy = project_text(text);
	json_t *value = NULL;
	if (sl_json_parse(sl_str_from(copy), &value, &err) != SL_OK)
		fail_msg("the test's own text is not JSON: %s", err.message);
	free(copy);
	return value;
}

struct sl_rowset *project_rows_of(const json_t *document, struct sl_arena *arena)
{
	struct sl_err err = SL_ERR_INIT;
	struct sl_faults faults;
	struct sl_rowset *rows = NULL, *empty = sl_rowset_new(arena, 1);
	assert_non_null(empty);
	if (sl_validate_document(document, "", ROW_BYTES, arena, &faults, &err) != SL_OK)
		fail_msg("the test's own document is not valid: %s %s", err.path, err.message);
	assert_int_equal(sl_rows_from_document(document, arena, &rows, &err), SL_OK);
	assert_int_equal(sl_rows_assign_ranks(rows, empty, arena, &err), SL_OK);
	return rows;
}

struct sl_rowset *project_rows(const char *text, struct sl_arena *arena)
{
	json_t *document = project_json(text);
	struct sl_rowset *rows = project_rows_of(document, arena);
	json_decref(document);
	return rows;
}

struct sl_delta project_delta(const char *text, struct sl_arena *arena)
{
	struct sl_err err = SL_ERR_INIT;
	struct sl_faults faults;
	struct sl_delta delta;
	json_t *value = project_json(text);
	if (sl_validate_delta(value, "", ROW_BYTES, arena, &faults, &err) != SL_OK)
		fail_msg("the test's own delta is not valid: %s %s", err.path, err.message);
	assert_int_equal(sl_delta_from_json(value, arena, &delta, &err), SL_OK);
	json_decref(value);
	return delta;
}

json_t *project_document(const struct sl_rowset *rows, struct sl_arena *arena)
{
	struct sl_err err = SL_ERR_INIT;
	struct sl_buf text;
	json_t *value = NULL;
	sl_buf_init(&text, SIZE_MAX);
	if (sl_rows_write_document(rows, arena, &text, &err) != SL_OK)
		fail_msg("the document can't be written: %s", err.message);
	if (sl_json_parse(sl_buf_str(&text), &value, &err) != SL_OK)
		fail_msg("the document is not JSON: %s", err.message);
	sl_buf_dispose(&text);
	return value;
}

void expect_text(struct sl_str written, const char *text)
{
	char *copy = project_text(text);
	if (!sl_str_equal(written, sl_str_from(copy)))
		fail_msg("got %.*s\nnot %s", (int)written.length, written.bytes, copy);
	free(copy);
}

/* --- comparing --------------------------------------------------------------------------------------------------- */

bool rows_same(const struct sl_rowset *a, const struct sl_rowset *b)
{
	const struct sl_row *row, *other;
	size_t cursor = 0;
	if (sl_rowset_count(a) != sl_rowset_count(b))
		return false;
	while ((row = sl_rowset_next(a, &cursor)))
		if (!(other = sl_rowset_find(b, &row->key)) || !sl_row_same_content(row, other))
			return false;
	return true;
}

static void describe(const struct sl_row *row, const char *what)
{
	struct sl_buf text;
	sl_buf_init(&text, SIZE_MAX);
	sl_key_write(&text, &row->key);
	print_error("%s %s %.*s rank %.*s: %.*s\n", what, sl_entity_name(row->key.entity), (int)text.length, text.bytes,
		(int)row->rank.length, row->rank.bytes, (int)(row->data.length < 200 ? row->data.length : 200),
			row->data.bytes);
	sl_buf_dispose(&text);
}

static void describe_difference(const struct sl_rowset *a, const struct sl_rowset *b, const char *what)
{
	const struct sl_row *row, *other;
	size_t cursor = 0;
	while ((row = sl_rowset_next(a, &cursor)))
		if (!(other = sl_rowset_find(b, &row->key)) || !sl_row_same_content(row, other))
			describe(row, what);
}

void expect_rows(const struct sl_rowset *rows, const struct sl_rowset *expected)
{
	if (rows_same(rows, expected)) {
		assert_true(sl_digest_equal(sl_digest_of(rows), sl_digest_of(expected)));
		return;
	}
	describe_difference(rows, expected, "got");
	describe_difference(expected, rows, "expected");
	fail_msg("other rows than expected");
}

void expect_whole(const struct sl_rowset *rows)
{
	const struct sl_row *row;
	size_t cursor = 0;
	while ((row = sl_rowset_next(rows, &cursor))) {
		struct sl_key parent = sl_key_of_episode(row->key.episode);
		assert_int_equal(row->rank.length == 0, row->key.entity == SL_META);
		if (row->rank.length)
			assert_true(sl_rank_is_valid(row->rank));
		assert_true(row->data.length > 0);
		if (sl_entity_has_episode(row->key.entity) && !sl_rowset_find(rows, &parent)) {
			describe(row, "orphan");
			fail_msg("a row belongs to no episode");
		}
	}
}

/* --- at random --------------------------------------------------------------------------------------------------- */

static struct sl_str text_in(struct sl_arena *arena, const char *text)
{
	struct sl_str copy;
	assert_int_equal(sl_arena_copy(arena, sl_str_from(text), &copy), SL_OK);
	return copy;
}

/* Few ids, so that histories meet; their text order is not their order as numbers. */
static struct sl_key random_key(struct dice *dice, struct sl_arena *arena)
{
	static const char *const fields[] = { "rawScript", "fileName", "context.projectSummary", "note", "context.mood" };
	struct sl_key key = { (enum sl_entity)dice_roll(dice, SL_ENTITIES), 0, none };
	char id[32];
	if (key.entity == SL_META) {
		key.id = sl_str_from(fields[dice_roll(dice, LENGTH(fields))]);
		return key;
	}
	if (key.entity == SL_EPISODES || sl_entity_has_episode(key.entity))
		key.episode = (int64_t)dice_roll(dice, 4) - 1;
	if (key.entity == SL_EPISODES)
		return key;
	snprintf(id, sizeof(id), "1-1-%zu", 95 + dice_roll(dice, 10));
	key.id = text_in(arena, id);
	return key;
}

static struct sl_str random_data(struct dice *dice, enum sl_entity entity, struct sl_arena *arena)
{
	char text[512], filler[256];
	size_t length = dice_roll(dice, sizeof(filler));
	for (size_t i = 0; i < length; i++)
		filler[i] = (char)('a' + (i * 7 + i / 26) % 26);
	filler[length] = '\0';
	snprintf(text, sizeof(text), entity == SL_META ? "\"%s%zu\"" : "{\"content\":\"%s\",\"n\":%zu}", filler,
		dice_roll(dice, 1000));
	return text_in(arena, text);
}

/* Between two neighbours, or at either end. */
static struct sl_str random_place(struct dice *dice, const struct sl_rowset *rows, const struct sl_key *key,
	struct sl_arena *arena)
{
	struct sl_row **sorted = sl_rowset_sorted(rows, arena);
	struct sl_key group = sl_key_of_siblings(key);
	struct sl_str low = none, high = none, rank;
	size_t seen = 0;
	assert_non_null(sorted);
	for (size_t i = 0; i < sl_rowset_count(rows); i++) {
		struct sl_key own = sl_key_of_siblings(&sorted[i]->key);
		if (!sl_key_equal(&own, &group) || sl_key_equal(&sorted[i]->key, key))
			continue;
		if (dice_roll(dice, ++seen) != 0)
			continue;
		low = sorted[i]->rank;
		high = none;
		if (i + 1 < sl_rowset_count(rows)) {
			own = sl_key_of_siblings(&sorted[i + 1]->key);
			high = sl_key_equal(&own, &group) ? sorted[i + 1]->rank : none;
		}
	}
	if (sl_rank_between(low, high, 1, arena, &rank) != SL_OK)
		rank = text_in(arena, "V");
	return rank;
}

static void delete_row(struct sl_rowset *rows, const struct sl_key *key)
{
	const struct sl_row *row;
	size_t cursor = 0;
	struct sl_key gone = *key;
	sl_rowset_remove(rows, &gone);
	while (gone.entity == SL_EPISODES && (row = sl_rowset_next(rows, &cursor))) {
		struct sl_key child = row->key;
		if (sl_entity_has_episode(child.entity) && child.episode == gone.episode)
			sl_rowset_remove(rows, &child);
	}
}

static void scramble_once(struct sl_rowset *rows, struct dice *dice, struct sl_arena *arena)
{
	struct sl_key key = random_key(dice, arena), parent = sl_key_of_episode(key.episode);
	const struct sl_row *old = sl_rowset_find(rows, &key);
	struct sl_row row = { key, none, none, 0 };
	if (old)
		row = *old;
	if (sl_entity_has_episode(key.entity) && !sl_rowset_find(rows, &parent))
		return;
	if (old && dice_roll(dice, 4) == 0) {
		delete_row(rows, &key);
		return;
	}
	if (key.entity != SL_META && (!old || dice_roll(dice, 3) == 0))
		row.rank = random_place(dice, rows, &key, arena);
	if (!old || dice_roll(dice, 2) == 0)
		row.data = random_data(dice, key.entity, arena);
	assert_non_null(sl_rowset_put(rows, &row));
}

void project_scramble(struct sl_rowset *rows, struct dice *dice, size_t changes, struct sl_arena *arena)
{
	for (size_t i = 0; i < changes; i++)
		scramble_once(rows, dice, arena);
}

/* --- real ones --------------------------------------------------------------------------------------------------- */

json_t *project_load(const char *name, struct sl_buf *text_r)
{
	const char *data = getenv("SLATESYNC_DATA"), *source = getenv("srcdir"), *dot = strrchr(name, '.');
	bool packed = dot && strcmp(dot, ".gz") == 0;
	struct sl_err err = SL_ERR_INIT;
	char path[4096], chunk[65536];
	json_t *value = NULL;
	size_t length;
	if (data)
		snprintf(path, sizeof(path), "%s%s/%s", packed ? "exec gzip -dc " : "", data, name);
	else
		snprintf(path, sizeof(path), "%s%s/../shared/data/%s", packed ? "exec gzip -dc " : "", source ? source : ".",
			name);
	FILE *there = fopen(packed ? path + sizeof("exec gzip -dc ") - 1 : path, "rb");
	if (!there)
		return NULL;
	FILE *file = packed ? popen(path, "r") : there;
	assert_non_null(file);
	while ((length = fread(chunk, 1, sizeof(chunk), file)) > 0)
		sl_buf_add(text_r, chunk, length);
	if (packed)
		pclose(file);
	fclose(there);
	assert_int_equal(sl_json_parse(sl_buf_str(text_r), &value, &err), SL_OK);
	return value;
}
