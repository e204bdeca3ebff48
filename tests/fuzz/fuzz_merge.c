/* Fuzzes the merge of rows. The input is three JSON texts with a NUL between: what base, mine and theirs hold in a
 * row of each collection and in each project-level field, whatever its type should be. No JSON, or no object for a
 * collection: the row is absent. The first byte is the row's rank; blanks before the text say where scene and shot are: with two in
 * another episode, with three under another id, and with four their episode has another number. Checks what merge.h promises of any
 * three states.
 */
#include "fuzz.h"

#include "core/json/parse.h"
#include "core/json/write.h"
#include "core/rows/digest.h"
#include "core/merge/merge.h"

/* Takes the next text off the input; its value is NULL if it is no JSON. */
static json_t *next_value(const uint8_t **data, size_t *left)
{
	const uint8_t *end = *left ? memchr(*data, '\0', *left) : NULL;
	size_t length = end ? (size_t)(end - *data) : *left;
	json_t *value = NULL;
	if (sl_json_parse((struct sl_str){ (const char *)*data, length }, &value, NULL) != 0)
		value = NULL;
	*data += length + (end != NULL);
	*left -= length + (end != NULL);
	return value;
}

static void put(struct sl_rowset *rows, struct sl_key key, char digit, const json_t *value, struct sl_arena *arena)
{
	struct sl_row row = { .key = key };
	struct sl_buf text;
	if (key.entity == SL_META ? sl_rows_meta_is_empty(key.id, value) : !json_is_object(value))
		return;
	sl_buf_init(&text, SIZE_MAX);
	sl_json_write(&text, value);
	CHECK(sl_buf_code(&text) == 0);
	CHECK(sl_arena_copy(arena, sl_buf_str(&text), &row.data) == 0);
	if (key.entity != SL_META)
		CHECK(sl_arena_copy(arena, (struct sl_str){ &digit, 1 }, &row.rank) == 0);
	sl_buf_dispose(&text);
	CHECK(sl_rowset_put(rows, &row));
}

enum layout { USUAL, ELSEWHERE = 2, RENAMED, RENUMBERED };

static enum layout layout_of(const uint8_t *data, size_t left)
{
	size_t blanks = 0;
	while (blanks < left && blanks < RENUMBERED && data[blanks] == ' ')
		blanks++;
	return blanks < ELSEWHERE ? USUAL : (enum layout)blanks;
}

/* A project that holds `value` wherever it can. */
static struct sl_rowset *project_of(const json_t *value, char digit, enum layout layout, struct sl_arena *arena)
{
	const struct sl_shape *meta = sl_schema_row(SL_META);
	struct sl_rowset *rows = sl_rowset_new(arena, 32);
	json_t *empty = json_object();
	CHECK(rows && empty);
	for (size_t i = 0; value && i < meta->count; i++)
		put(rows, (struct sl_key){ SL_META, 0, sl_str_from(meta->fields[i].name) }, digit, value, arena);
	if (value)
		put(rows, (struct sl_key){ SL_META, 0, SL_STR("unknown") }, digit, value, arena);
	for (enum sl_entity entity = SL_EPISODES; entity < SL_ENTITIES; entity++) {
		struct sl_key key = { entity, 0, SL_STR("id") };
		if (entity == SL_EPISODES)
			key.id = (struct sl_str){ NULL, 0 };
		if (entity == SL_EPISODES || sl_entity_has_episode(entity))
			key.episode = layout == RENUMBERED ? 3 : layout == ELSEWHERE && entity != SL_EPISODES ? 2 : 1;
		if (layout == RENAMED && sl_entity_has_episode(entity))
			key.id = SL_STR("other");
		put(rows, key, digit, value, arena);
	}
	if (value)
		put(rows, (struct sl_key){ SL_EPISODES, 2, { NULL, 0 } }, 'V', empty, arena);
	json_decref(empty);
	return rows;
}

static void check_same(const struct sl_rowset *a, const struct sl_rowset *b)
{
	CHECK(sl_rowset_count(a) == sl_rowset_count(b));
	CHECK(sl_digest_equal(sl_digest_of(a), sl_digest_of(b)));
}

static void check_leads_to(const struct sl_rowset *from, const struct sl_delta *delta, const struct sl_rowset *to,
	struct sl_arena *arena)
{
	struct sl_rowset *rows = sl_rowset_clone(from, arena);
	CHECK(rows && sl_delta_apply(delta, rows, arena) == 0);
	check_same(rows, to);
}

static struct sl_merge merge(const struct sl_rowset *base, const struct sl_rowset *mine, const struct sl_rowset *theirs,
	struct sl_arena *arena)
{
	struct sl_merge merged;
	CHECK(sl_merge(base, mine, theirs, NULL, arena, &merged, NULL) == 0);
	check_leads_to(mine, &merged.adopt, merged.rows, arena);
	check_leads_to(theirs, &merged.push, merged.rows, arena);
	return merged;
}

static void check_alone(const struct sl_rowset *base, const struct sl_rowset *mine, const struct sl_rowset *theirs,
	const struct sl_rowset *result, struct sl_arena *arena)
{
	struct sl_merge merged = merge(base, mine, theirs, arena);
	check_same(merged.rows, result);
	CHECK(merged.note_count == 0);
}

/* The same change on both sides is that change, but for what both counted. */
static void check_same_change(const struct sl_rowset *base, const struct sl_rowset *side, struct sl_arena *arena)
{
	struct sl_merge merged = merge(base, side, side, arena);
	const struct sl_row *row, *result;
	size_t cursor = 0;
	while ((row = sl_rowset_next(side, &cursor))) {
		bool counted = false;
		for (size_t i = 0; i < merged.note_count; i++)
			counted |= sl_key_equal(&merged.notes[i].key, &row->key);
		result = sl_rowset_find(merged.rows, &row->key);
		CHECK(counted || (result && sl_row_same_content(row, result)));
	}
	for (size_t i = 0; i < merged.note_count; i++)
		CHECK(merged.notes[i].rule == SL_RULE_COUNTER);
}

/* Whether the value can be put back by itself, and then is there: what has another key can't, and of elements so called there may be
 * more, which are numbered in the order that they have. */
static bool is_reversible(const struct sl_note *note)
{
	bool is_of_element = note->kind == SL_NOTE_KEPT && note->path.length > 0;
	bool is_numbered = note->kind == SL_NOTE_MOVED && memchr(note->result.bytes, '#', note->result.length);
	return !is_of_element && !is_numbered && note->kind != SL_NOTE_RENAMED
		&& !(note->kind == SL_NOTE_MOVED && note->base.length > 0 && note->base.bytes[0] == '{');
}

/* That each receipt is in order, and can be taken back once. */
static void check_receipts(const struct sl_merge *merged, const struct sl_rowset *base, struct sl_arena *arena)
{
	for (size_t i = 0; i < merged->note_count; i++) {
		const struct sl_note *receipt = &merged->notes[i];
		struct sl_rowset *rows = sl_rowset_clone(merged->rows, arena);
		struct sl_delta delta;
		CHECK(rows);
		CHECK(receipt->conflict || !receipt->open);
		CHECK(i == 0 || sl_key_compare(&merged->notes[i - 1].key, &receipt->key) <= 0);
		if (!is_reversible(receipt))
			continue;
		CHECK(sl_merge_reverse(receipt, base, rows, arena, &delta, NULL) == 0);
		CHECK(sl_delta_apply(&delta, rows, arena) == 0);
		/* Unless it was the name by which it is found. */
		int rc = sl_merge_reverse(receipt, base, rows, arena, &delta, NULL);
		CHECK(rc == SL_NOT_FOUND || (rc == 0 && sl_delta_is_empty(&delta)));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sl_arena arena;
	struct sl_rowset *sides[3];
	bool moved = false;
	sl_arena_init(&arena, 0);
	for (int i = 0; i < 3; i++) {
		char digit = (char)('A' + (size ? data[0] % 26 : 0));
		enum layout layout = layout_of(data, size);
		moved |= layout != USUAL;
		json_t *value = next_value(&data, &size);
		sides[i] = project_of(value, digit, layout, &arena);
		json_decref(value);
	}
	struct sl_merge merged = merge(sides[0], sides[1], sides[2], &arena);
	struct sl_merge swapped = merge(sides[0], sides[2], sides[1], &arena);
	CHECK(merged.open_count == swapped.open_count);
	if (!moved) {
		check_receipts(&merged, sides[0], &arena);
		check_receipts(&swapped, sides[0], &arena);
	}
	check_same_change(sides[0], sides[1], &arena);
	check_alone(sides[0], sides[0], sides[2], sides[2], &arena);
	check_alone(sides[0], sides[1], sides[0], sides[1], &arena);
	sl_arena_dispose(&arena);
	return 0;
}
