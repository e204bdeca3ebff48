/* What must hold of every merge, over random histories: nothing to decide where one side did nothing, no word lost, a valid project, and
 * devices that come to agree. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/rows/document_write.h"
#include "core/schema/validate.h"
#include "merged_histories.h"

static struct {
	size_t conflicts, open, merges, survivors, moves, renames;
} seen;

static void assert_nothing_to_decide(const struct sl_rowset *base, const struct sl_rowset *mine,
	const struct sl_rowset *theirs, const struct sl_rowset *result)
{
	struct sl_merge merged = merge(base, mine, theirs);
	assert_same_rows(merged.rows, result);
	assert_int_equal(merged.note_count, 0);
}

static const struct sl_note *find_kind(const struct sl_merge *merged, const struct sl_key *key, enum sl_rule rule)
{
	for (size_t i = 0; i < merged->note_count; i++)
		if (sl_key_equal(&merged->notes[i].key, key) && merged->notes[i].rule == rule)
			return &merged->notes[i];
	return NULL;
}

/* The same change on both sides is that change, but for what both counted. */
static void assert_same_change(const struct sl_rowset *base, const struct sl_rowset *side)
{
	struct sl_merge merged = merge(base, side, side);
	const struct sl_row *row, *other;
	size_t cursor = 0;
	while ((row = sl_rowset_next(side, &cursor))) {
		other = sl_rowset_find(merged.rows, &row->key);
		if (!(other && sl_row_same_content(row, other)) && !find_kind(&merged, &row->key, SL_RULE_COUNTER))
			fail_msg("history %llu: the same change of %s %d %.*s came out as another", (unsigned long long)current_history,
				sl_entity_name(row->key.entity), (int)row->key.episode, (int)row->key.id.length, row->key.id.bytes);
	}
	for (size_t i = 0; i < merged.note_count; i++)
		assert_int_equal(merged.notes[i].rule, SL_RULE_COUNTER);
}

/* --- no word is lost -------------------------------------------------------------------------------------------- */

struct words {
	bool holds[WORDS_MAXIMUM];
};

static void read_words(struct words *words, struct sl_str text)
{
	for (size_t i = 0; i + 1 < text.length; i++) {
		size_t number = 0, at = i + 1;
		while (text.bytes[i] == 'w' && at < text.length && text.bytes[at] >= '0' && text.bytes[at] <= '9')
			number = number * 10 + (size_t)(text.bytes[at++] - '0');
		if (number > 0 && number < WORDS_MAXIMUM)
			words->holds[number] = true;
	}
}

static struct words words_of(const struct sl_rowset *rows)
{
	struct words words = { { false } };
	const struct sl_row *row;
	size_t cursor = 0;
	while ((row = sl_rowset_next(rows, &cursor)))
		read_words(&words, row->data);
	return words;
}

/* What was typed on either side is in the result, or in a receipt that says that it isn't; nothing was made up. */
static void assert_no_word_is_lost(const struct sl_rowset *base, const struct sl_rowset *mine,
	const struct sl_rowset *theirs, const struct sl_merge *merged)
{
	struct words old = words_of(base), here = words_of(mine), there = words_of(theirs), kept = words_of(merged->rows);
	struct words result = kept;
	for (size_t i = 0; i < merged->note_count; i++) {
		if (merged->notes[i].conflict) {
			read_words(&kept, merged->notes[i].mine);
			read_words(&kept, merged->notes[i].theirs);
		}
	}
	for (unsigned i = 1; i <= history.words && i < WORDS_MAXIMUM; i++) {
		bool typed = (here.holds[i] || there.holds[i]) && !old.holds[i];
		if ((typed || (here.holds[i] && there.holds[i])) && !kept.holds[i])
			fail_msg("history %llu: word w%u is lost", (unsigned long long)current_history, i);
		if (result.holds[i] && !here.holds[i] && !there.holds[i])
			fail_msg("history %llu: word w%u was made up", (unsigned long long)current_history, i);
	}
}

/* --- the result is a project ------------------------------------------------------------------------------------ */

static void assert_valid(const struct sl_rowset *rows)
{
	struct sl_buf out;
	struct sl_faults faults;
	struct sl_err err = SL_ERR_INIT;
	json_t *document = NULL;
	sl_buf_init(&out, SIZE_MAX);
	if (sl_rows_write_document(rows, history.arena, &out, &err) != 0
		|| sl_json_parse(sl_buf_str(&out), &document, &err) != 0
		|| sl_validate_document(document, "", SIZE_MAX, history.arena, &faults, &err) != 0)
		fail_msg("%s %s", err.path, err.message);
	json_decref(document);
	sl_buf_dispose(&out);
}

static void assert_canonical(const struct sl_rowset *rows)
{
	const struct sl_row *row;
	size_t cursor = 0;
	while ((row = sl_rowset_next(rows, &cursor))) {
		json_t *value = NULL;
		assert_int_equal(sl_json_parse(row->data, &value, NULL), 0);
		assert_true(sl_str_equal(canonical(value), row->data));
		assert_true(row->key.entity != SL_META || !sl_rows_meta_is_empty(row->key.id, value));
		json_decref(value);
	}
}

/* Each receipt can be taken back, and then there is nothing left to take back. */
static void assert_reversible(const struct sl_rowset *base, const struct sl_merge *merged)
{
	for (size_t i = 0; i < merged->note_count; i++) {
		const struct sl_note *receipt = &merged->notes[i];
		struct sl_rowset *rows = sl_rowset_clone(merged->rows, history.arena);
		struct sl_delta delta, again;
		assert_non_null(rows);
		if (receipt->kind == SL_NOTE_RENAMED || (receipt->kind == SL_NOTE_MOVED && receipt->base.bytes[0] == '{'))
			continue;
		assert_int_equal(sl_merge_reverse(receipt, base, rows, history.arena, &delta, NULL), 0);
		assert_true(!sl_delta_is_empty(&delta) || !receipt->conflict || sl_str_equal(receipt->mine, receipt->result)
			|| (receipt->kind == SL_NOTE_MOVED));
		assert_int_equal(sl_delta_apply(&delta, rows, history.arena), 0);
		/* What was found by a name that it no longer has is not found; another element may be called as one that has gone. */
		int rc = sl_merge_reverse(receipt, base, rows, history.arena, &again, NULL);
		assert_true(rc == SL_OK || rc == SL_NOT_FOUND);
		bool is_named = receipt->kind == SL_NOTE_KEPT || receipt->kind == SL_NOTE_MOVED;
		if (rc == SL_OK && !sl_delta_is_empty(&again) && !(is_named && (receipt->path.length || receipt->key.entity == SL_META)))
			fail_msg("history %llu: %.*s is taken back twice", (unsigned long long)current_history, (int)receipt->path.length,
				receipt->path.bytes);
	}
}

/* --- histories -------------------------------------------------------------------------------------------------- */

static void count(const struct sl_merge *merged)
{
	seen.conflicts += merged->conflict_count;
	seen.open += merged->open_count;
	seen.renames += merged->rename_count;
	seen.merges += merged->note_count - merged->conflict_count;
	for (size_t i = 0; i < merged->note_count; i++) {
		const struct sl_note *receipt = &merged->notes[i];
		seen.moves += (receipt->kind == SL_NOTE_MOVED);
		seen.survivors += receipt->path.length == 0 && receipt->key.entity != SL_META && !(receipt->kind == SL_NOTE_MOVED);
	}
}

static void check_history(uint64_t number, const struct sides *sides)
{
	const struct sl_rowset *base = sides->base, *mine = sides->mine, *theirs = sides->theirs;
	struct sl_merge merged = merge(base, mine, theirs);
	assert_same_change(base, mine);
	assert_nothing_to_decide(base, base, theirs, theirs);
	assert_nothing_to_decide(base, mine, base, mine);
	assert_nothing_to_decide(theirs, merged.rows, theirs, merged.rows);
	assert_no_word_is_lost(base, mine, theirs, &merged);
	if (number % 8 == 0) {
		assert_reversible(base, &merged);
		assert_valid(merged.rows);
		assert_canonical(merged.rows);
	}
	count(&merged);
}

static void histories__every_merge_keeps_the_promises(void **state)
{
	(void)state;
	each_history(check_history);
	print_message("%zu merged fields, %zu conflicts, %zu open, %zu survivors, %zu moves, %zu renames\n", seen.merges,
		seen.conflicts, seen.open, seen.survivors, seen.moves, seen.renames);
	/* A generator that hardly ever makes sides meet would prove nothing. */
	if (number_from("MERGE_HISTORIES", 5000) >= 1000)
		assert_true(seen.merges > 0 && seen.open > 0 && seen.survivors > 0 && seen.moves > 0 && seen.renames > 0);
}

/* --- many devices ----------------------------------------------------------------------------------------------- */

#define DEVICES 3

struct device {
	struct sl_rowset *base, *rows;
};

/* The device merges what the server has, and pushes what is left. */
static void sync_device(struct device *device, struct sl_rowset **server)
{
	struct sl_merge merged = merge(device->base, device->rows, *server);
	assert_int_equal(sl_delta_apply(&merged.push, *server, history.arena), 0);
	assert_int_equal(sl_delta_apply(&merged.adopt, device->rows, history.arena), 0);
	device->base = sl_rowset_clone(*server, history.arena);
	assert_non_null(device->base);
	assert_same_rows(device->rows, *server);
}

static void histories__devices_converge(void **state)
{
	uint64_t first = number_from("MERGE_FIRST", 1), rounds = number_from("MERGE_HISTORIES", 5000) / 25;
	(void)state;
	for (uint64_t number = first; number < first + rounds; number++) {
		struct sl_arena arena;
		struct device devices[DEVICES];
		sl_arena_init(&arena, 0);
		history_begin(number + (UINT64_C(1) << 32), &arena);
		struct sl_rowset *server = random_project();
		for (size_t i = 0; i < DEVICES; i++)
			devices[i] = (struct device){ edited(server, 0), edited(server, 0) };
		for (size_t step = 0; step < 12; step++) {
			struct device *device = &devices[pick(DEVICES)];
			device->rows = edited(device->rows, pick(5));
			if (pick(3) == 0)
				sync_device(device, &server);
		}
		for (size_t i = 0; i < 2 * DEVICES; i++)
			sync_device(&devices[i % DEVICES], &server);
		for (size_t i = 0; i < DEVICES; i++)
			assert_same_rows(devices[i].rows, server);
		sl_arena_dispose(&arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(histories__every_merge_keeps_the_promises),
		cmocka_unit_test(histories__devices_converge),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
