/* What must hold of every merge, over random histories: MERGE_HISTORIES of them (5,000), from number MERGE_FIRST (1)
 * on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "core/rows/digest.h"
#include "core/merge/merge.h"
#include "core/schema/validate.h"
#include "core/rows/document_write.h"
#include "histories.h"

static struct {
	size_t conflicts, parked, merges, survivors, moves;
} seen;

static uint64_t number_from(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);
	return text ? strtoull(text, NULL, 10) : otherwise;
}

/* --- helpers ---------------------------------------------------------------------------------------------------- */

static void assert_same_rows(const struct sl_rowset *a, const struct sl_rowset *b)
{
	const struct sl_row *row;
	size_t cursor = 0;
	assert_int_equal(sl_rowset_count(a), sl_rowset_count(b));
	while ((row = sl_rowset_next(a, &cursor))) {
		const struct sl_row *other = sl_rowset_find(b, &row->key);
		assert_non_null(other);
		assert_true(sl_row_same_content(row, other));
	}
	assert_true(sl_digest_equal(sl_digest_of(a), sl_digest_of(b)));
}

static void assert_leads_to(const struct sl_rowset *from, const struct sl_delta *delta, const struct sl_rowset *to)
{
	struct sl_rowset *rows = sl_rowset_clone(from, history.arena);
	assert_non_null(rows);
	assert_int_equal(sl_delta_apply(delta, rows, history.arena), 0);
	assert_same_rows(rows, to);
}

static struct sl_merge merge(const struct sl_rowset *base, const struct sl_rowset *mine, const struct sl_rowset *theirs)
{
	struct sl_merge merged;
	struct sl_err err = SL_ERR_INIT;
	if (sl_merge(base, mine, theirs, NULL, history.arena, &merged, &err) != 0)
		fail_msg("%s", err.message);
	assert_leads_to(mine, &merged.adopt, merged.rows);
	assert_leads_to(theirs, &merged.push, merged.rows);
	return merged;
}

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
		assert_true((other && sl_row_same_content(row, other)) || find_kind(&merged, &row->key, SL_RULE_COUNTER));
	}
	for (size_t i = 0; i < merged.note_count; i++)
		assert_int_equal(merged.notes[i].rule, SL_RULE_COUNTER);
}

static const struct sl_note *find_receipt(const struct sl_merge *merged, const struct sl_note *like)
{
	for (size_t i = 0; i < merged->note_count; i++) {
		const struct sl_note *receipt = &merged->notes[i];
		if (sl_key_equal(&receipt->key, &like->key) && sl_str_equal(receipt->path, like->path)
			&& (receipt->kind == SL_NOTE_MOVED) == (like->kind == SL_NOTE_MOVED))
			return receipt;
	}
	return NULL;
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
			fail_msg("word w%u is lost", i);
		if (result.holds[i] && !here.holds[i] && !there.holds[i])
			fail_msg("word w%u was made up", i);
	}
}

/* --- swapping sides --------------------------------------------------------------------------------------------- */

/* Whether it depends on the side what the field becomes. */
static bool takes_sides(const struct sl_note *receipt)
{
	return receipt->kind == SL_NOTE_MOVED || receipt->kind == SL_NOTE_BOTH || receipt->open || receipt->rule == SL_RULE_LWW
		|| receipt->rule == SL_RULE_GROUP;
}

static void assert_mirrored(const struct sl_merge *merged, const struct sl_merge *swapped)
{
	for (size_t i = 0; i < merged->note_count; i++) {
		const struct sl_note *one = &merged->notes[i], *other = find_receipt(swapped, one);
		if (one->kind == SL_NOTE_MOVED && one->rule == SL_RULE_LIST)
			continue; /* which of two orders is the frame shows in what is reported, too */
		if (!other && one->rule == SL_RULE_GROUP)
			continue; /* of records that are as far, the server's stands, and only what it lacks is told */
		if (!other)
			fail_msg("no note mirrors %s %.*s%.*s: %.*s | %.*s | %.*s -> %.*s", sl_entity_name(one->key.entity),
				(int)one->key.id.length, one->key.id.bytes, (int)one->path.length, one->path.bytes, (int)one->base.length,
				one->base.bytes, (int)one->mine.length, one->mine.bytes, (int)one->theirs.length, one->theirs.bytes,
				(int)one->result.length, one->result.bytes);
		assert_true(sl_str_equal(one->base, other->base));
		assert_true(sl_str_equal(one->mine, other->theirs));
		assert_true(sl_str_equal(one->theirs, other->mine));
		assert_int_equal(one->rule, other->rule);
		assert_int_equal(one->conflict, other->conflict);
		assert_int_equal(one->open, other->open);
		if (!takes_sides(one))
			assert_int_equal(one->result.length, other->result.length);
	}
}

/* The same bytes in any order: lists may be in another one. */
static bool same_but_for_order(struct sl_str a, struct sl_str b)
{
	long counts[256] = { 0 };
	for (size_t i = 0; i < a.length; i++)
		counts[(unsigned char)a.bytes[i]]++;
	for (size_t i = 0; i < b.length; i++)
		counts[(unsigned char)b.bytes[i]]--;
	for (size_t i = 0; i < 256; i++)
		if (counts[i] != 0)
			return false;
	return true;
}

static bool has_lists(const struct sl_key *key)
{
	return key->entity == SL_CHARACTERS || key->entity == SL_LOCATIONS
		|| (key->entity == SL_META && sl_str_equal(key->id, SL_STR("context.episodeSummaries")));
}

/* What receipts say about a row that depends on the side: its content, its place. */
static void sides_taken(const struct sl_merge *merged, const struct sl_key *key, bool *content_r, bool *place_r)
{
	*content_r = *place_r = false;
	for (size_t i = 0; i < merged->note_count; i++) {
		const struct sl_note *receipt = &merged->notes[i];
		if (!sl_key_equal(&receipt->key, key) || !takes_sides(receipt))
			continue;
		if ((receipt->kind == SL_NOTE_MOVED) && receipt->rule == SL_RULE_LWW)
			*place_r = true;
		else
			*content_r = true;
	}
}

static void assert_swapped(const struct sl_merge *merged, const struct sl_merge *swapped)
{
	const struct sl_row *row;
	size_t cursor = 0;
	while ((row = sl_rowset_next(merged->rows, &cursor))) {
		const struct sl_row *other = sl_rowset_find(swapped->rows, &row->key);
		bool content, place;
		sides_taken(merged, &row->key, &content, &place);
		assert_true(other || (row->key.entity == SL_META && content));
		if (!content)
			assert_true(has_lists(&row->key) ? same_but_for_order(row->data, other->data)
				: sl_str_equal(row->data, other->data));
	}
	assert_mirrored(merged, swapped);
	assert_mirrored(swapped, merged);
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
		if (receipt->kind == SL_NOTE_RENAMED)
			continue;
		assert_int_equal(sl_merge_reverse(receipt, base, rows, history.arena, &delta, NULL), 0);
		assert_true(!sl_delta_is_empty(&delta) || !receipt->conflict || sl_str_equal(receipt->mine, receipt->result)
			|| (receipt->kind == SL_NOTE_MOVED));
		assert_int_equal(sl_delta_apply(&delta, rows, history.arena), 0);
		assert_int_equal(sl_merge_reverse(receipt, base, rows, history.arena, &again, NULL), 0);
		assert_true(sl_delta_is_empty(&again));
	}
}

/* --- histories -------------------------------------------------------------------------------------------------- */

static void count(const struct sl_merge *merged)
{
	seen.conflicts += merged->conflict_count;
	seen.parked += merged->open_count;
	seen.merges += merged->note_count - merged->conflict_count;
	for (size_t i = 0; i < merged->note_count; i++) {
		const struct sl_note *receipt = &merged->notes[i];
		seen.moves += (receipt->kind == SL_NOTE_MOVED);
		seen.survivors += receipt->path.length == 0 && receipt->key.entity != SL_META && !(receipt->kind == SL_NOTE_MOVED);
	}
}

/* Rows of collections: texts at project level may be empty on one side, and then aren't stored. */
static size_t count_things(const struct sl_rowset *rows)
{
	const struct sl_row *row;
	size_t cursor = 0, count = 0;
	while ((row = sl_rowset_next(rows, &cursor)))
		count += row->key.entity != SL_META;
	return count;
}

static void check_history(uint64_t number)
{
	struct sl_rowset *base = random_project();
	struct sl_rowset *mine = edited(base, pick(16)), *theirs = edited(base, pick(16));
	struct sl_merge merged = merge(base, mine, theirs);
	struct sl_merge swapped = merge(base, theirs, mine);
	assert_same_change(base, mine);
	assert_nothing_to_decide(base, base, theirs, theirs);
	assert_nothing_to_decide(base, mine, base, mine);
	assert_nothing_to_decide(theirs, merged.rows, theirs, merged.rows);
	assert_no_word_is_lost(base, mine, theirs, &merged);
	if (merged.rename_count == 0 && swapped.rename_count == 0) {
		assert_swapped(&merged, &swapped);
		assert_swapped(&swapped, &merged);
	}
	assert_int_equal(count_things(merged.rows), count_things(swapped.rows));
	if (number % 8 == 0) {
		assert_reversible(base, &merged);
		assert_valid(merged.rows);
		assert_canonical(merged.rows);
	}
	count(&merged);
}

static void histories__every_merge_keeps_the_promises(void **state)
{
	uint64_t first = number_from("MERGE_FIRST", 1), last = first + number_from("MERGE_HISTORIES", 5000);
	struct sl_arena arena;
	(void)state;
	for (uint64_t number = first; number < last; number++) {
		sl_arena_init(&arena, 0);
		history_begin(number, &arena);
		check_history(number);
		sl_arena_dispose(&arena);
	}
	print_message("%zu merged fields, %zu conflicts, %zu parked, %zu survivors, %zu moves\n", seen.merges,
		seen.conflicts, seen.parked, seen.survivors, seen.moves);
	/* A generator that hardly ever makes sides meet would prove nothing. */
	if (last - first >= 1000)
		assert_true(seen.merges > 0 && seen.parked > 0 && seen.survivors > 0 && seen.moves > 0);
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
