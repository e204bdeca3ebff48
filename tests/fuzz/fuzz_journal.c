/* Fuzzes the journal: what entries say of rows, and how they become one. The input is one of
 *   a body   JSON text, from '{' on: an entry, or its head, that somebody else wrote
 *   splices  JSON text, from '[' on: a patch that somebody else wrote
 *   states   lines of UTF-8: what a row says, one state after the other; an empty line: there is no row
 *
 * What holds: each change leads from its state back to the one before, also after it was written and read again, and no other state
 * is taken for its own; changes that become one, in whatever order, lead back all the way, and name who made the newest of them;
 * what is inserted is UTF-8, and holds words as a whole. What somebody else wrote is refused, or does something; no more than that.
 */
#include "rows.h"

#include "core/base/utf8.h"
#include "core/delta/splices.h"
#include "core/engine/private.h"
#include "core/json/write.h"

#define STATES 8
#define DEVICES 3 /* write one state after the other, and then nobody knows who does */

struct history {
	struct sl_engine *engine;
	struct sl_arena arena;
	struct sl_row states[STATES]; /* data of length 0: no row */
	size_t count;
	struct sl_journal_change changes[STATES]; /* from states[i + 1] back to states[i] */
};

/* --- changes ---------------------------------------------------------------------------------------------------- */

static void check_patch(struct sl_str patch)
{
	struct sl_patch_op op;
	size_t cursor = 0;
	int more;
	while ((more = sl_patch_next(patch, &cursor, &op)) > 0)
		if (!op.copies) {
			struct sl_str text = { patch.bytes + op.offset, op.length };
			CHECK(sl_utf8_valid(text) == text.length);
		}
	CHECK(more == 0);
}

static void make_change(struct history *history, const struct sl_row *before, const struct sl_row *after,
	struct sl_journal_change *change_r)
{
	struct sl_buf patch;
	char hex[SL_DIGEST_HEX] = "";
	*change_r = (struct sl_journal_change){ .key = before->key, .added = !before->data.length, .rank = before->rank,
		.from = before - history->states, .to = after - history->states };
	if (after->data.length)
		sl_engine_row_hash(after, hex);
	CHECK(sl_arena_copy(&history->arena, sl_str_from(hex), &change_r->was) == 0);
	if (change_r->added)
		return;
	sl_buf_init(&patch, SIZE_MAX);
	CHECK(sl_splices_make(after->data, before->data, &history->arena, &patch) == 0);
	CHECK(sl_arena_copy(&history->arena, sl_buf_str(&patch), &change_r->patch) == 0);
	sl_buf_dispose(&patch);
	check_patch(change_r->patch);
}

static bool same(const struct sl_row *a, const struct sl_row *b)
{
	return a->data.length || b->data.length ? sl_str_equal(a->data, b->data) && sl_str_equal(a->rank, b->rank) : true;
}

static void check_back(struct history *history, const struct sl_journal_change *change, const struct sl_row *after,
	const struct sl_row *before)
{
	struct sl_row row = *after;
	CHECK(sl_journal_step_back(change, &row, &history->arena) == 0);
	CHECK(same(&row, before));
}

static void check_refused(struct history *history, const struct sl_journal_change *change, size_t at)
{
	for (size_t i = 0; i < history->count; i++) {
		struct sl_row row = history->states[i];
		if (!same(&row, &history->states[at]))
			CHECK(sl_journal_step_back(change, &row, &history->arena) == SL_INTERNAL && same(&row, &history->states[i]));
	}
}

/* Who made the n-th change, as a place among authors from 1; 0: it is not known. */
static size_t author_at(size_t change)
{
	return change % (DEVICES + 1);
}

static int64_t version_at(size_t change)
{
	return (int64_t)change + 1;
}

static void join_author(struct sl_open_entry *open, size_t change, size_t *author_r)
{
	static const struct sl_str names[DEVICES] = { SL_STR("a"), SL_STR("b"), SL_STR("c") };
	size_t author = author_at(change);
	*author_r = 0;
	if (author == 0)
		return;
	const struct sl_journal_author by = { .user_id = SL_STR("1"), .device_id = names[author - 1], .device_name = names[author - 1],
		.version = version_at(change) };
	CHECK(sl_journal_join_author(open, &by, author_r) == 0 && *author_r > 0);
}

/* `last`: the newest of the changes. */
static void check_author(const struct sl_journal_entry *entry, const struct sl_key *key, size_t last)
{
	const struct sl_journal_author *author = sl_journal_author_of(entry, key);
	CHECK((author != NULL) == (author_at(last) > 0));
	CHECK(!author || ((size_t)(author->device_id.bytes[0] - 'a') + 1 == author_at(last) && author->version == version_at(last)));
}

/* The change as an entry of its own, with the authors of `open`; or NULL. */
static void check_written(struct history *history, const struct sl_journal_change *change, const struct sl_row *after,
	const struct sl_row *before, const struct sl_open_entry *open)
{
	const struct sl_journal_head head = { .cause = SL_CAUSE_EDIT, .from = 1, .to = STATES };
	struct sl_journal_entry entry;
	struct sl_buf body;
	sl_buf_init(&body, SIZE_MAX);
	sl_journal_begin_body(&head, &body);
	CHECK(sl_journal_write_change(history->engine, &head, change, &body) == 0);
	sl_buf_add_text(&body, "],\"once\":{},\"notes\":[]");
	if (open)
		sl_journal_write_authors(open->authors, open->author_count, &body);
	sl_buf_add_char(&body, '}');
	CHECK(sl_buf_code(&body) == 0 && sl_journal_read(sl_buf_str(&body), &history->arena, &entry) == 0);
	CHECK(entry.change_count == 1 && sl_journal_find(&entry, &after->key) == &entry.changes[0]);
	CHECK(entry.changes[0].from == change->from && entry.changes[0].to == change->to);
	check_back(history, &entry.changes[0], after, before);
	if (open)
		check_author(&entry, &after->key, (size_t)change->to - 1);
	sl_buf_dispose(&body);
}

/* Those from `first` to `last`, the newest first or last, as one. */
static void check_composed(struct history *history, size_t first, size_t last, bool newest_first)
{
	struct sl_open_entry entry;
	CHECK(sl_journal_begin(&entry, 1, SL_CAUSE_EDIT) == 0);
	for (size_t i = first; i <= last; i++) {
		size_t at = newest_first ? last - (i - first) : i;
		struct sl_journal_change change = history->changes[at];
		join_author(&entry, at, &change.author);
		CHECK(sl_journal_add(&entry, &change, !newest_first) == 0);
	}
	const struct sl_row *row = sl_rowset_find(entry.rows, &history->states[0].key);
	const struct sl_row *was = sl_rowset_find(entry.was, &row->key);
	struct sl_journal_change both = { row->key, was->data, row->data.length == 0, row->rank, row->data, row->version,
		was->version, sl_journal_author_in(&entry, &row->key) };
	CHECK(both.from == (int64_t)first && both.to == (int64_t)last + 1);
	check_back(history, &both, &history->states[last + 1], &history->states[first]);
	check_written(history, &both, &history->states[last + 1], &history->states[first], &entry);
	sl_journal_dispose(&entry);
}

static void read_states(struct history *history, struct sl_str text)
{
	size_t at = 0;
	while (at < text.length && history->count < STATES) {
		const char *end = memchr(text.bytes + at, '\n', text.length - at);
		size_t length = end ? (size_t)(end - text.bytes) - at : text.length - at;
		struct sl_row *row = &history->states[history->count++];
		struct sl_buf data;
		*row = (struct sl_row){ .key = { SL_SHOTS, 1, SL_STR("s") } };
		sl_buf_init(&data, SIZE_MAX);
		if (length > 0) {
			row->rank = history->count % 3 ? SL_STR("V") : SL_STR("W");
			sl_json_string(&data, (struct sl_str){ text.bytes + at, length });
			CHECK(sl_arena_copy(&history->arena, sl_buf_str(&data), &row->data) == 0);
		}
		sl_buf_dispose(&data);
		at += length + 1;
	}
}

static void run_states(struct history *history, struct sl_str text)
{
	if (sl_utf8_valid(text) != text.length)
		return;
	read_states(history, text);
	for (size_t i = 0; i + 1 < history->count; i++) {
		const struct sl_row *before = &history->states[i], *after = &history->states[i + 1];
		make_change(history, before, after, &history->changes[i]);
		check_back(history, &history->changes[i], after, before);
		check_written(history, &history->changes[i], after, before, NULL);
		check_refused(history, &history->changes[i], i + 1);
	}
	for (size_t first = 0; first + 1 < history->count; first++)
		for (size_t last = first; last + 1 < history->count; last++) {
			check_composed(history, first, last, true);
			check_composed(history, first, last, false);
		}
}

/* --- what somebody else wrote ------------------------------------------------------------------------------------- */

/* They join an entry, too, as when it becomes one with others. */
static void run_authors(const struct sl_journal_entry *entry)
{
	struct sl_open_entry open;
	size_t author;
	CHECK(entry->author_count <= SL_JOURNAL_AUTHORS);
	CHECK(sl_journal_begin(&open, 1, SL_CAUSE_SEVERAL) == 0);
	for (size_t i = 0; i < entry->author_count; i++)
		CHECK(sl_journal_join_author(&open, &entry->authors[i], &author) == 0 && author > 0 && author <= open.author_count);
	CHECK(open.author_count <= entry->author_count);
	sl_journal_dispose(&open);
}

static void run_body(struct history *history, struct sl_str text)
{
	struct sl_journal_entry entry;
	struct sl_journal_head head;
	(void)!sl_journal_read_head(text, &head);
	if (sl_journal_read(text, &history->arena, &entry) != 0)
		return;
	run_authors(&entry);
	for (size_t i = 0; i < entry.note_count; i++)
		CHECK(entry.note_authors[i] <= entry.author_count);
	for (size_t i = 0; i < entry.change_count; i++) {
		CHECK(entry.changes[i].author <= entry.author_count);
		(void)sl_journal_author_of(&entry, &entry.changes[i].key);
		struct sl_row none = { .key = entry.changes[i].key }, row = { none.key, SL_STR("V"), SL_STR("{\"title\":\"One\"}"), 0 };
		struct sl_journal_change open = entry.changes[i];
		char hex[SL_DIGEST_HEX];
		(void)!sl_journal_step_back(&open, &none, &history->arena);
		sl_engine_row_hash(&row, hex);
		open.was = sl_str_from(hex);
		(void)!sl_journal_step_back(&open, &row, &history->arena);
	}
}

static void run_splices(struct history *history, struct sl_str text)
{
	json_t *value = fuzz_parse(text);
	struct sl_err ignored = SL_ERR_INIT;
	struct sl_str patch, result, again;
	struct sl_buf out;
	sl_buf_init(&out, SIZE_MAX);
	if (value && sl_splices_read(value, &history->arena, &patch) == 0) {
		CHECK(sl_splices_write(patch, &out) == 0);
		json_t *written = fuzz_parse(sl_buf_str(&out));
		CHECK(written && sl_splices_read(written, &history->arena, &again) == 0 && sl_str_equal(patch, again));
		json_decref(written);
		(void)!sl_patch_apply(SL_STR("One quick fox, and two slow ones."), patch, &history->arena, &result, &ignored);
	}
	json_decref(value);
	sl_buf_dispose(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct history history;
	struct sl_str text = { (const char *)data, size };
	history = (struct history){ .count = 0 };
	CHECK(sl_engine_new(NULL, &history.engine, NULL) == 0);
	sl_arena_init(&history.arena, 0);
	if (size > 0 && data[0] == '{')
		run_body(&history, text);
	else if (size > 0 && data[0] == '[')
		run_splices(&history, text);
	else
		run_states(&history, text);
	sl_arena_dispose(&history.arena);
	sl_engine_free(&history.engine);
	return 0;
}
