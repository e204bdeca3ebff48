/* Fuzzes what changes rows: deltas, and the inverses that history keeps. The input is one of
 *   steps    lines of text, see steps.h: the project that they begin with, then changes of it, then damage
 *   a delta  JSON text, from '{' on: applied to the project of SAMPLE
 *   a record bytes, from 01 on: a stored inverse, and patches, that somebody else wrote
 *
 * What holds: the difference of two states leads from one to the other, its inverse back, and the composition of all
 * differences all the way; so do the stored inverses, one by one and composed, and they name the rows that differ. The
 * digest kept along the way is that of the rows. New rows without rank come last, in the order in which they came; the
 * others stay where they are. A delta written as JSON has the same effect, and a state written as a document is the
 * same state. A damaged inverse or patch is refused, or does something; no more than that, and two of them composed do
 * what both do.
 */
#include "steps.h"

#include "core/delta/byte_patch.h"
#include "core/delta/inverse.h"

#define STEPS 6
#define SAMPLE \
	"+000 A script\n+05 x\n+110V One\n+120k Two\n+211V scene\n+212k other\n+311V shot\n+321V shot\n+40aV Ann\n+50bV Here\n"

struct history {
	struct sl_arena arena;
	struct sl_rowset *rows[STEPS + 1];
	struct sl_delta differences[STEPS];
	struct sl_str records[STEPS]; /* from rows[i + 1] back to rows[i] */
	size_t count;                 /* of steps */
};

/* --- what holds of one change ----------------------------------------------------------------------------------- */

static struct sl_rowset *applied(const struct sl_delta *delta, const struct sl_rowset *rows, struct sl_arena *arena)
{
	struct sl_rowset *changed = sl_rowset_clone(rows, arena);
	CHECK(changed && sl_delta_apply(delta, changed, arena) == 0);
	return changed;
}

static bool is_whole(const struct sl_rowset *rows)
{
	const struct sl_row *row;
	size_t cursor = 0;
	while ((row = sl_rowset_next(rows, &cursor))) {
		struct sl_key episode = sl_key_of_episode(row->key.episode);
		if (sl_entity_has_episode(row->key.entity) && !sl_rowset_find(rows, &episode))
			return false;
	}
	return true;
}

static bool is_new(const struct sl_row *row, const struct sl_delta *delta, const struct sl_rowset *before)
{
	const struct sl_row *given = sl_rowset_find(delta->rows, &row->key);
	return given && given->rank.length == 0 && row->key.entity != SL_META && !sl_rowset_find(before, &row->key);
}

/* Siblings stand side by side in `sorted`: the new ones last, as they came; before them all that had a place. */
static void check_places(const struct sl_delta *delta, const struct sl_rowset *before, const struct sl_rowset *after,
	struct sl_arena *arena)
{
	struct sl_row **sorted = sl_rowset_sorted(after, arena);
	for (size_t i = 0; i < sl_rowset_count(after); i++) {
		const struct sl_row *row = sorted[i], *left = i > 0 ? sorted[i - 1] : NULL;
		CHECK(row->key.entity == SL_META ? row->rank.length == 0 : sl_rank_is_valid(row->rank));
		struct sl_key own = sl_key_of_siblings(&row->key);
		struct sl_key others = left ? sl_key_of_siblings(&left->key) : own;
		if (!left || row->key.entity == SL_META || !sl_key_equal(&own, &others) || !is_new(left, delta, before))
			continue;
		CHECK(is_new(row, delta, before));
		const struct sl_row *given;
		for (size_t at = 0; (given = sl_rowset_next(delta->rows, &at)) && !sl_key_equal(&given->key, &left->key);)
			CHECK(!sl_key_equal(&given->key, &row->key));
	}
}

/* A device with a prefix gives other ranks, and the same order. */
static void check_prefix(const struct sl_delta *delta, const struct sl_rowset *before, const struct sl_rowset *after,
	struct sl_arena *arena)
{
	struct sl_rowset *own = sl_rowset_clone(before, arena);
	CHECK(own && sl_delta_apply_as(delta, own, SL_STR("Qm7aB"), arena) == 0);
	CHECK(sl_rowset_count(own) == sl_rowset_count(after));
	struct sl_row **sorted = sl_rowset_sorted(own, arena), **expected = sl_rowset_sorted(after, arena);
	for (size_t i = 0; i < sl_rowset_count(own); i++) {
		CHECK(sl_key_equal(&sorted[i]->key, &expected[i]->key) && sl_str_equal(sorted[i]->data, expected[i]->data));
		CHECK(sorted[i]->key.entity == SL_META || sl_rank_is_valid(sorted[i]->rank));
	}
}

static void check_json(const struct sl_delta *delta, const struct sl_rowset *before, const struct sl_rowset *after,
	struct sl_arena *arena)
{
	struct sl_delta again;
	struct sl_faults faults;
	struct sl_buf text;
	sl_buf_init(&text, SIZE_MAX);
	CHECK(sl_delta_write(delta, &text) == 0);
	json_t *value = fuzz_parse(sl_buf_str(&text));
	CHECK(value && sl_validate_delta(value, "", FUZZ_ROW_BYTES, arena, &faults, NULL) == 0);
	CHECK(sl_delta_from_json(value, arena, &again, NULL) == 0);
	CHECK(fuzz_same_rows(applied(&again, before, arena), after));
	json_decref(value);
	sl_buf_dispose(&text);
}

static void check_document(const struct sl_rowset *rows, struct sl_arena *arena)
{
	struct sl_rowset *again;
	json_t *document = fuzz_document(rows, arena);
	CHECK(sl_rows_from_document(document, arena, &again, NULL) == 0);
	CHECK(sl_rows_assign_ranks(again, rows, arena, NULL) == 0);
	CHECK(fuzz_same_rows(rows, again));
	json_decref(document);
}

static void check_digest(const struct sl_delta *difference, const struct sl_rowset *before,
	const struct sl_rowset *after)
{
	struct sl_digest digest = fuzz_digest(before);
	const struct sl_row *row, *old;
	for (size_t at = 0; (row = sl_rowset_next(difference->rows, &at));) {
		if ((old = sl_rowset_find(before, &row->key)))
			sl_digest_subtract(&digest, old);
		sl_digest_add(&digest, row);
	}
	for (size_t i = 0; i < difference->deleted_count; i++)
		sl_digest_subtract(&digest, sl_rowset_find(before, &difference->deleted[i]));
	CHECK(sl_digest_equal(digest, fuzz_digest(after)));
}

static void check_inverse(const struct sl_delta *difference, const struct sl_rowset *before,
	const struct sl_rowset *after, struct sl_arena *arena)
{
	struct sl_delta inverse;
	CHECK(fuzz_same_rows(applied(difference, before, arena), after));
	CHECK(sl_delta_is_empty(difference) == fuzz_same_rows(before, after));
	CHECK(sl_delta_invert(difference, before, arena, &inverse) == 0);
	CHECK(fuzz_same_rows(applied(&inverse, after, arena), before));
}

/* The stored inverse, at its exact length. */
static struct sl_str record_of(const struct sl_delta *difference, const struct sl_rowset *before,
	struct sl_arena *arena)
{
	size_t count = 0, expected = sl_rowset_count(difference->rows) + difference->deleted_count, named;
	struct sl_change *changes = sl_arena_zalloc(arena, expected, sizeof(*changes));
	const struct sl_key *keys;
	const struct sl_row *row;
	struct sl_buf out;
	for (size_t at = 0; (row = sl_rowset_next(difference->rows, &at));)
		changes[count++] = (struct sl_change){ sl_rowset_find(before, &row->key), row };
	for (size_t i = 0; i < difference->deleted_count; i++)
		changes[count++] = (struct sl_change){ sl_rowset_find(before, &difference->deleted[i]), NULL };
	sl_buf_init(&out, SIZE_MAX);
	CHECK(sl_undo_encode(changes, count, arena, &out) == 0);
	char *bytes = sl_arena_alloc(arena, out.length);
	memcpy(bytes, out.bytes, out.length);
	struct sl_str record = { bytes, out.length };
	sl_buf_dispose(&out);
	CHECK(sl_undo_keys(record, arena, &keys, &named, NULL) == 0 && named == expected);
	return record;
}

static struct sl_rowset *undone(struct sl_str record, const struct sl_rowset *rows, struct sl_arena *arena)
{
	struct sl_rowset *changed = sl_rowset_clone(rows, arena);
	struct sl_err err = SL_ERR_INIT;
	int code = sl_undo_apply(record, changed, arena, &err);
	CHECK(code == err.code && (code == 0 || code == SL_INTERNAL));
	return code == 0 ? changed : NULL;
}

/* A change that leaves scenes and shots without their episode is refused, as sl_commit does. */
static void take_step(struct history *history, const struct sl_delta *delta)
{
	struct sl_arena *arena = &history->arena;
	struct sl_delta *difference = &history->differences[history->count];
	struct sl_rowset *before = history->rows[history->count], *after = applied(delta, before, arena);
	check_places(delta, before, after, arena);
	check_prefix(delta, before, after, arena);
	check_json(delta, before, after, arena);
	if (!is_whole(after))
		return;
	check_document(after, arena);
	CHECK(sl_delta_difference(before, after, arena, difference) == 0);
	check_digest(difference, before, after);
	check_inverse(difference, before, after, arena);
	struct sl_str record = record_of(difference, before, arena);
	struct sl_rowset *back = undone(record, after, arena);
	CHECK(back && fuzz_same_rows(back, before));
	history->records[history->count++] = record;
	history->rows[history->count] = after;
}

/* --- all changes together --------------------------------------------------------------------------------------- */

/* Both records, composed; NULL bytes when that is refused. */
static struct sl_str composed(struct sl_str newer, struct sl_str older, struct sl_arena *arena)
{
	struct sl_buf out;
	struct sl_str record = { NULL, 0 };
	sl_buf_init(&out, (size_t)1 << 24);
	int code = sl_undo_compose(newer, older, arena, &out, NULL);
	CHECK(code == 0 || code == SL_INTERNAL);
	if (code == 0)
		CHECK(sl_arena_copy(arena, sl_buf_str(&out), &record) == 0);
	sl_buf_dispose(&out);
	return record;
}

static void check_history(struct history *history)
{
	struct sl_arena *arena = &history->arena;
	const struct sl_rowset *first = history->rows[0], *last = history->rows[history->count];
	if (history->count == 0)
		return;
	struct sl_delta whole = history->differences[0];
	struct sl_str record = history->records[0];
	for (size_t i = 1; i < history->count; i++) {
		struct sl_delta earlier = whole;
		CHECK(sl_delta_compose(&earlier, &history->differences[i], arena, &whole) == 0);
		record = composed(history->records[i], record, arena);
		CHECK(record.bytes);
	}
	CHECK(fuzz_same_rows(applied(&whole, first, arena), last));
	struct sl_rowset *back = undone(record, last, arena);
	CHECK(back && fuzz_same_rows(back, first));
}

/* --- records that somebody else wrote --------------------------------------------------------------------------- */

/* If each of them can be applied, then both composed can, with the same effect. */
static void check_records(struct sl_str newer, struct sl_str older, const struct sl_rowset *rows,
	struct sl_arena *arena)
{
	const struct sl_key *keys;
	size_t count;
	struct sl_str both = composed(newer, older, arena);
	struct sl_rowset *middle = undone(newer, rows, arena), *back = middle ? undone(older, middle, arena) : NULL;
	CHECK(!middle || sl_undo_keys(newer, arena, &keys, &count, NULL) == 0);
	if (!back)
		return;
	CHECK(both.bytes);
	struct sl_rowset *at_once = undone(both, rows, arena);
	CHECK(at_once && fuzz_same_rows(at_once, back));
}

static void check_patches(struct sl_str from, struct sl_str first, struct sl_str second, struct sl_arena *arena)
{
	struct sl_str middle, to, at_once;
	struct sl_buf out;
	sl_buf_init(&out, (size_t)1 << 24);
	int code = sl_patch_compose(first, second, arena, &out, NULL);
	CHECK(code == 0 || code == SL_INTERNAL);
	if (sl_patch_apply(from, first, arena, &middle, NULL) == 0
	    && sl_patch_apply(middle, second, arena, &to, NULL) == 0) {
		CHECK(code == 0);
		CHECK(sl_patch_apply(from, sl_buf_str(&out), arena, &at_once, NULL) == 0 && sl_str_equal(at_once, to));
	}
	sl_buf_dispose(&out);
}

/* Bytes of the last record, each replaced by the next one of the input, at the place before it. */
static void check_damaged(struct history *history, struct input *in)
{
	size_t last = history->count - 1;
	struct sl_str record = history->records[last];
	char *copy = fuzz_copy(record);
	next(in);
	while (in->left > 0 && record.length > 0) {
		size_t at = next_number(in) % record.length;
		copy[at] = (char)next(in);
	}
	struct sl_str damaged = { copy, record.length };
	check_records(damaged, last > 0 ? history->records[last - 1] : record, history->rows[last + 1], &history->arena);
	check_records(record, damaged, history->rows[last + 1], &history->arena);
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct history history = { .count = 0 };
	struct sl_arena *arena = &history.arena;
	struct input in = { data, size }, sample = { (const uint8_t *)SAMPLE, sizeof(SAMPLE) - 1 };
	struct sl_str text = { (const char *)data, size };
	struct sl_delta delta;
	struct sl_faults faults;
	bool steps = size == 0 || (data[0] != '{' && data[0] != 1);
	sl_arena_init(arena, 0);
	history.rows[0] = sl_rowset_new(arena, 8);
	read_step(steps ? &in : &sample, history.rows[0], arena, &delta);
	take_step(&history, &delta);
	for (size_t i = 1; steps && i < STEPS && read_step(&in, history.rows[history.count], arena, &delta); i++)
		take_step(&history, &delta);
	if (size > 0 && data[0] == '{') {
		json_t *value = fuzz_parse(text);
		if (value && sl_validate_delta(value, "", FUZZ_ROW_BYTES, arena, &faults, NULL) == 0) {
			CHECK(sl_delta_from_json(value, arena, &delta, NULL) == 0);
			take_step(&history, &delta);
		}
		json_decref(value);
	} else if (!steps) {
		struct sl_str half = { text.bytes + 1, (size - 1) / 2 };
		struct sl_str rest = { half.bytes + half.length, size - 1 - half.length };
		check_records(text, history.records[0], history.rows[1], arena);
		check_records(half, rest, history.rows[1], arena);
		check_patches(SL_STR(SAMPLE), half, rest, arena);
	}
	check_history(&history);
	if (steps && history.count > 0)
		check_damaged(&history, &in);
	sl_arena_dispose(arena);
	return 0;
}
