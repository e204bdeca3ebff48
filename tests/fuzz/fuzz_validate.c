/* Fuzzes the validation of documents and deltas, and the way into rows and back. The input is JSON text: it is taken
 * for a project document, and for a delta.
 *
 * What holds: there are faults or the value is valid, and every fault that is listed leads to a place in the value, or
 * to a missing member of one. The verdict is the same on the value's canonical text. A valid document becomes rows with
 * sound keys of which none is over the limit, and these become the same document again, with the empty values filled
 * in; their digest is that of the book, in any order. A valid delta keeps all its rows and keys, and is written as a
 * delta that is valid and the same.
 */
#include "rows.h"

#include "core/base/utf8.h"
#include "core/json/write.h"

#define SMALL_ROW_BYTES 48

typedef int (*validate_fn)(const json_t *value, const char *at, size_t row_bytes, struct sl_arena *arena,
	struct sl_faults *faults_r, struct sl_err *err);

/* --- verdicts --------------------------------------------------------------------------------------------------- */

/* Takes the first token off a JSON Pointer, unescaped. */
static const char *next_token(const char *path, char token_r[2048])
{
	size_t length = 0;
	CHECK(*path == '/');
	for (path++; *path && *path != '/'; path++) {
		if (*path == '~') {
			path++;
			CHECK(*path == '0' || *path == '1');
		}
		CHECK(length < 2047);
		token_r[length++] = path[-1] != '~' ? *path : *path == '0' ? '~' : '/';
	}
	token_r[length] = '\0';
	return path;
}

/* That the pointer leads to a place in `value`, or to a missing member of one. */
static void check_path(const json_t *value, const char *path)
{
	char token[2048], *end;
	CHECK(sl_utf8_valid(sl_str_from(path)) == strlen(path));
	while (*path) {
		CHECK(json_is_object(value) || json_is_array(value));
		path = next_token(path, token);
		if (json_is_array(value)) {
			size_t index = strtoul(token, &end, 10);
			CHECK(*token && !*end && index < json_array_size(value));
			value = json_array_get(value, index);
		} else {
			value = json_object_get(value, token);
			CHECK(value || !*path);
		}
	}
}

static void check_faults(const json_t *value, int code, const struct sl_faults *faults, const struct sl_err *err)
{
	CHECK(code == (faults->total > 0 ? SL_INVALID : 0) && err->code == code);
	CHECK(faults->count == (faults->total < SL_FAULTS ? faults->total : SL_FAULTS));
	for (size_t i = 0; i < faults->count; i++) {
		const struct sl_fault *fault = &faults->items[i];
		size_t length = strlen(fault->reason);
		CHECK(strncmp(fault->path, "/at", 3) == 0);
		check_path(value, fault->path + 3);
		CHECK(length > 0 && sl_utf8_valid(sl_str_from(fault->reason)) == length);
	}
	if (code == 0)
		return;
	CHECK(strncmp(err->path, faults->items[0].path, strlen(err->path)) == 0);
	CHECK(strcmp(err->message, faults->items[0].reason) == 0);
	check_path(value, err->path + (err->path[0] ? 3 : 0));
}

static int judge(validate_fn validate, const json_t *value, size_t row_bytes, struct sl_arena *arena,
	struct sl_faults *faults_r)
{
	struct sl_err err = SL_ERR_INIT;
	int code = validate(value, "/at", row_bytes, arena, faults_r, &err);
	check_faults(value, code, faults_r, &err);
	return code;
}

static size_t times(const struct sl_fault *fault, const struct sl_faults *among)
{
	size_t count = 0;
	for (size_t i = 0; i < among->count; i++)
		count += strcmp(fault->path, among->items[i].path) == 0 &&
			strcmp(fault->reason, among->items[i].reason) == 0;
	return count;
}

/* Whatever the order in which members come; of many faults others may be listed then. */
static void check_same_faults(const struct sl_faults *a, const struct sl_faults *b)
{
	CHECK(a->total == b->total);
	for (size_t i = 0; a->total <= SL_FAULTS && i < a->count; i++)
		CHECK(times(&a->items[i], a) == times(&a->items[i], b));
}

static json_t *rewritten(const json_t *value)
{
	struct sl_buf text;
	sl_buf_init(&text, SIZE_MAX);
	sl_json_write(&text, value);
	json_t *again = fuzz_parse(sl_buf_str(&text));
	CHECK(again);
	sl_buf_dispose(&text);
	return again;
}

/* The verdict without a limit; with a small one there are no fewer faults, which *small_r counts. */
static int verdict(validate_fn validate, const json_t *value, struct sl_arena *arena, size_t *small_r)
{
	struct sl_faults faults, other;
	json_t *again = rewritten(value);
	judge(validate, value, SMALL_ROW_BYTES, arena, &faults);
	judge(validate, again, SMALL_ROW_BYTES, arena, &other);
	check_same_faults(&faults, &other);
	*small_r = faults.total;
	int code = judge(validate, value, FUZZ_ROW_BYTES, arena, &faults);
	CHECK(judge(validate, again, FUZZ_ROW_BYTES, arena, &other) == code);
	check_same_faults(&faults, &other);
	CHECK(faults.total <= *small_r);
	*small_r -= faults.total;
	json_decref(again);
	return code;
}

/* That the key is one that separators can't be forged with, and that every database column holds. */
static void check_key(const struct sl_key *key)
{
	const unsigned char *bytes = (const unsigned char *)key->id.bytes;
	CHECK(key->episode >= -(int64_t)SL_SAFE_INTEGER && key->episode <= (int64_t)SL_SAFE_INTEGER);
	CHECK((key->id.length == 0) == (key->entity == SL_EPISODES));
	CHECK(sl_utf8_valid(key->id) == key->id.length && sl_utf8_length(key->id) <= SL_ID_CHARACTERS);
	for (size_t i = 0; i < key->id.length; i++)
		CHECK(bytes[i] >= 0x20 && bytes[i] != 0x7f && (bytes[i] != 0xc2 || bytes[i + 1] >= 0xa0));
}

/* How many rows are large, of which all have sound keys. */
static size_t count_large(const struct sl_rowset *rows)
{
	const struct sl_row *row;
	size_t cursor = 0, count = 0;
	while ((row = sl_rowset_next(rows, &cursor))) {
		check_key(&row->key);
		count += row->data.length > SMALL_ROW_BYTES;
	}
	return count;
}

/* --- documents -------------------------------------------------------------------------------------------------- */

static void set(json_t *object, const char *name, json_t *value) { CHECK(json_object_set_new(object, name, value) == 0); }

/* The member, made if it isn't there. */
static json_t *member(json_t *object, const char *name, json_t *otherwise)
{
	if (!json_object_get(object, name))
		set(object, name, json_incref(otherwise));
	json_decref(otherwise);
	return json_object_get(object, name);
}

/* What a document's rows don't keep: ranks, and the episode's id in what the episode holds. */
static void drop(json_t *rows, bool in_episode)
{
	size_t index;
	json_t *row;
	json_array_foreach(rows, index, row) {
		json_object_del(row, "rank");
		if (in_episode)
			json_object_del(row, "episodeId");
	}
}

/* Whether a valid value is what an absent one reads as, or says less of the same, or nothing. */
static bool is_blank(const json_t *value, const json_t *empty)
{
	const char *name;
	json_t *inner;
	if (json_is_null(value) || (json_is_string(value) && json_string_length(value) == 0))
		return true;
	if (!json_is_object(empty))
		return json_equal(value, empty);
	json_object_foreach((json_t *)value, name, inner) {
		const json_t *known = json_object_get(empty, name);
		if (!known || !is_blank(inner, known))
			return false;
	}
	return true;
}

static void fill_in(json_t *document, json_t *context)
{
	const struct sl_shape *meta = sl_schema_row(SL_META);
	for (size_t i = 0; i < meta->count; i++) {
		struct sl_str name = sl_str_from(meta->fields[i].name);
		bool inside = strncmp(name.bytes, "context.", 8) == 0;
		json_t *object = inside ? context : document;
		const char *short_name = name.bytes + (inside ? 8 : 0);
		json_t *value = json_object_get(object, short_name), *empty = fuzz_parse(sl_str_from(sl_schema_empty(name)));
		set(object, short_name, json_incref(!value || is_blank(value, empty) ? empty : value));
		json_decref(empty);
	}
}

/* A copy as the rows of the document are written. */
static json_t *as_written(const json_t *document)
{
	size_t index;
	json_t *copy = json_deep_copy(document), *context = member(copy, "context", json_object()), *episode;
	fill_in(copy, context);
	drop(member(context, "characters", json_array()), false);
	drop(member(context, "locations", json_array()), false);
	drop(member(copy, "episodes", json_array()), false);
	json_array_foreach(json_object_get(copy, "episodes"), index, episode) {
		drop(member(episode, "scenes", json_array()), true);
		drop(member(episode, "shots", json_array()), true);
	}
	return copy;
}

static void check_digest(const struct sl_rowset *rows, struct sl_arena *arena)
{
	struct sl_row **sorted = sl_rowset_sorted(rows, arena);
	struct sl_digest kept = { 0, 0 }, whole = sl_digest_of(rows);
	char hex[SL_DIGEST_HEX];
	for (size_t i = sl_rowset_count(rows); i-- > 0;)
		sl_digest_add(&kept, sorted[i]);
	CHECK(sl_digest_equal(kept, whole) && sl_digest_equal(whole, fuzz_digest(rows)));
	sl_digest_format(whole, hex);
	CHECK(sl_digest_parse(sl_str_from(hex), &kept) == 0 && sl_digest_equal(kept, whole));
	for (size_t i = 0; i < sl_rowset_count(rows); i++)
		sl_digest_subtract(&kept, sorted[i]);
	CHECK(sl_digest_equal(kept, (struct sl_digest){ 0, 0 }));
}

static struct sl_rowset *rows_of(const json_t *document, const struct sl_rowset *stored, struct sl_arena *arena)
{
	struct sl_rowset *rows;
	CHECK(sl_rows_from_document(document, arena, &rows, NULL) == 0);
	CHECK(sl_rows_assign_ranks(rows, stored ? stored : sl_rowset_new(arena, 1), arena, NULL) == 0);
	return rows;
}

static void check_document(const json_t *value, struct sl_arena *arena)
{
	size_t small_faults;
	if (verdict(sl_validate_document, value, arena, &small_faults) != 0)
		return;
	struct sl_rowset *rows = rows_of(value, NULL, arena);
	json_t *written = fuzz_document(rows, arena), *expected = as_written(value);
	CHECK(count_large(rows) <= small_faults);
	CHECK(json_equal(written, expected));
	CHECK(fuzz_same_rows(rows, rows_of(written, rows, arena)));
	CHECK(fuzz_same_rows(rows, rows_of(written, NULL, arena)));
	check_digest(rows, arena);
	json_decref(written);
	json_decref(expected);
}

/* --- deltas ----------------------------------------------------------------------------------------------------- */

static size_t count_rows(const json_t *delta)
{
	const json_t *deleted = json_object_get(delta, "deleted"), *meta = json_object_get(delta, "meta");
	const json_t *context = json_object_get(meta, "context");
	size_t count = json_object_size(meta) + json_object_size(context) - (context ? 1 : 0);
	for (enum sl_entity entity = SL_EPISODES; entity < SL_ENTITIES; entity++)
		count += json_array_size(json_object_get(delta, sl_entity_name(entity))) +
			json_array_size(json_object_get(deleted, sl_entity_name(entity)));
	return count;
}

static void check_delta(const json_t *value, struct sl_arena *arena)
{
	struct sl_faults faults;
	struct sl_delta delta, again;
	struct sl_buf text, text_again;
	size_t small_faults;
	if (verdict(sl_validate_delta, value, arena, &small_faults) != 0)
		return;
	CHECK(sl_delta_from_json(value, arena, &delta, NULL) == 0);
	CHECK(sl_rowset_count(delta.rows) + delta.deleted_count == count_rows(value));
	CHECK(count_large(delta.rows) <= small_faults);
	for (size_t i = 0; i < delta.deleted_count; i++)
		check_key(&delta.deleted[i]);
	sl_buf_init(&text, SIZE_MAX);
	sl_buf_init(&text_again, SIZE_MAX);
	CHECK(sl_delta_write(&delta, &text) == 0);
	json_t *written = fuzz_parse(sl_buf_str(&text));
	CHECK(written && judge(sl_validate_delta, written, FUZZ_ROW_BYTES, arena, &faults) == 0);
	CHECK(sl_delta_from_json(written, arena, &again, NULL) == 0 && fuzz_same_rows(delta.rows, again.rows));
	CHECK(delta.deleted_count == again.deleted_count);
	CHECK(sl_delta_write(&again, &text_again) == 0);
	CHECK(sl_str_equal(sl_buf_str(&text), sl_buf_str(&text_again)));
	json_decref(written);
	sl_buf_dispose(&text);
	sl_buf_dispose(&text_again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sl_arena arena;
	json_t *value = fuzz_parse((struct sl_str){ (const char *)data, size });
	if (!value)
		return -1; /* worth no place in a corpus */
	sl_arena_init(&arena, 0);
	check_document(value, &arena);
	check_delta(value, &arena);
	json_decref(value);
	sl_arena_dispose(&arena);
	return 0;
}
