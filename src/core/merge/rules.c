/* One function per merge rule; see rules.h.
 * Keeps true: mine and theirs are treated alike but for what `lww` decides, and the base matters only where the rule
 * says so. Fails for want of memory only. Source of the rules: merge.md, "Both changed the same field".
 */
#include "core/merge/rules.h"

#include "core/base/utf8.h"

/* A text of more characters than this, or of several lines, is a person's prose unless its field says otherwise. */
#define LINE_CHARACTERS 100

struct question {
	const struct sl_field *field; /* NULL: no shape knows it */
	const struct sl_sides *sides;
	enum sl_text_ancestor ancestor;
	struct sl_arena *arena;
};

static json_t *share(const json_t *value) { return json_incref((json_t *)value); }

static struct sl_str text_of(const json_t *string)
{
	return (struct sl_str){ json_string_value(string), json_string_length(string) };
}

static bool is_text(const json_t *value) { return !value || json_is_null(value) || json_is_string(value); }

/* Absent, or as good as that. */
static bool is_nothing(const json_t *value) { return !value || sl_schema_is_blank(value); }

static bool is_prose(const json_t *value)
{
	struct sl_str text = text_of(value);
	return text.length > 0 && (memchr(text.bytes, '\n', text.length) || sl_utf8_length(text) > LINE_CHARACTERS);
}

/* One decision about the whole value. */
static int ask(const struct question *question, struct sl_verdict *verdict)
{
	const struct sl_sides *sides = question->sides;
	struct sl_arena *arena = question->arena;
	struct sl_note_hunk *hunk = sl_arena_zalloc(arena, 1, sizeof(*hunk));
	if (!hunk || sl_arena_copy(arena, text_of(sides->base), &hunk->base) != SL_OK
		|| sl_arena_copy(arena, text_of(sides->mine), &hunk->mine) != SL_OK
		|| sl_arena_copy(arena, text_of(sides->theirs), &hunk->theirs) != SL_OK)
		return SL_NO_MEMORY;
	verdict->open = true;
	verdict->hunks = hunk;
	verdict->hunk_count = 1;
	return SL_OK;
}

/* The server's version wins; mine is kept in the note. A person is asked about prose. */
static int decide_lww(const struct question *question, struct sl_verdict *verdict)
{
	const struct sl_sides *sides = question->sides;
	*verdict = (struct sl_verdict){ .value = share(sides->theirs), .rule = SL_RULE_LWW, .conflict = true };
	if ((question->field && question->field->is_made) || !is_text(sides->mine) || !is_text(sides->theirs)
		|| (!is_prose(sides->mine) && !is_prose(sides->theirs)))
		return SL_OK;
	return ask(question, verdict);
}

/* A count: a number that every client can hold, usually a whole one; absent ones are 0. */
static bool count_of(const json_t *value, double *count_r)
{
	*count_r = json_number_value(value);
	return is_nothing(value) || (json_is_number(value) && *count_r >= -SL_SAFE_INTEGER && *count_r <= SL_SAFE_INTEGER);
}

static bool is_whole(double count) { return (double)(int64_t)count == count; }

static json_t *count_value(double count)
{
	return is_whole(count) ? json_integer((int64_t)count) : json_real(count);
}

/* Both sides' additions count: base + (mine − base) + (theirs − base). Sums of whole numbers are exact. */
static double add_up(double base, double mine, double theirs, bool mine_reset, bool theirs_reset)
{
	double from = mine_reset || theirs_reset ? 0 : base, here = mine_reset ? 0 : base, there = theirs_reset ? 0 : base;
	double sum = is_whole(base) && is_whole(mine) && is_whole(theirs)
		? (double)((int64_t)from + ((int64_t)mine - (int64_t)here) + ((int64_t)theirs - (int64_t)there))
		: from + (mine - here) + (theirs - there);
	return sum > SL_SAFE_INTEGER ? SL_SAFE_INTEGER : sum < -SL_SAFE_INTEGER ? -SL_SAFE_INTEGER : sum;
}

/* A counter outside a group of counters. */
static int decide_counter(const struct question *question, struct sl_verdict *verdict)
{
	double base, mine, theirs, sum;
	if (!count_of(question->sides->mine, &mine) || !count_of(question->sides->theirs, &theirs))
		return decide_lww(question, verdict);
	if (question->ancestor == SL_TEXT_SHARED_BASE || !count_of(question->sides->base, &base))
		sum = mine > theirs ? mine : theirs;
	else
		sum = add_up(base, mine, theirs, mine < base, theirs < base);
	*verdict = (struct sl_verdict){ .value = count_value(sum), .rule = SL_RULE_COUNTER };
	return verdict->value ? SL_OK : SL_NO_MEMORY;
}

/* The larger number; an absent one is less than any. */
static int decide_max(const struct question *question, struct sl_verdict *verdict)
{
	const json_t *mine = question->sides->mine, *theirs = question->sides->theirs;
	if ((!is_nothing(mine) && !json_is_number(mine)) || (!is_nothing(theirs) && !json_is_number(theirs)))
		return decide_lww(question, verdict);
	bool larger = !is_nothing(mine) && (is_nothing(theirs) || json_number_value(mine) > json_number_value(theirs));
	*verdict = (struct sl_verdict){ .value = share(larger ? mine : theirs), .rule = SL_RULE_MAX };
	return SL_OK;
}

/* How far a status word is: absent 0, "error" 1, the others by their place; −1: no such word. */
static int stage_of(const json_t *value, const char *const *words)
{
	const char *text = json_string_value(value);
	if (is_nothing(value))
		return 0;
	if (!text)
		return -1;
	for (int i = 0; words && words[i]; i++)
		if (strcmp(words[i], text) == 0)
			return strcmp(text, "error") == 0 ? 1 : i + 2;
	return -1;
}

/* The later word; "error" yields to anything else, since work went on elsewhere. */
static int decide_progress(const struct question *question, struct sl_verdict *verdict)
{
	const struct sl_sides *sides = question->sides;
	const char *const *words = question->field->words;
	int mine = stage_of(sides->mine, words), theirs = stage_of(sides->theirs, words);
	if (mine < 0 || theirs < 0)
		return decide_lww(question, verdict);
	const json_t *later = mine > theirs ? sides->mine : sides->theirs;
	*verdict = (struct sl_verdict){ .value = share(later), .rule = SL_RULE_PROGRESS };
	return SL_OK;
}

/* Two changed booleans are equal, unless there was none before: then a set flag is the change. */
static int decide_flag(const struct question *question, struct sl_verdict *verdict)
{
	const struct sl_sides *sides = question->sides;
	if (!json_is_boolean(sides->mine) || !json_is_boolean(sides->theirs))
		return decide_lww(question, verdict);
	const json_t *set = json_is_true(sides->mine) ? sides->mine : sides->theirs;
	*verdict = (struct sl_verdict){ .value = share(set), .rule = SL_RULE_FLAG };
	return SL_OK;
}

bool sl_merge_is_mine_further(const struct sl_field *progress, const struct sl_sides *sides)
{
	int mine = stage_of(sides->mine, progress->words), theirs = stage_of(sides->theirs, progress->words);
	return theirs >= 0 && mine > theirs;
}

/* --- text ------------------------------------------------------------------------------------------------------- */

static int take_text(const json_t *value, struct sl_verdict *verdict)
{
	*verdict = (struct sl_verdict){ .value = share(value), .rule = SL_RULE_TEXT };
	return SL_OK;
}

/* The hunks of a merged text, whose strings are parts of the sides' values and outlive the verdict only as copies. */
static int keep_hunks(const struct question *question, const struct sl_text_merge *merge, struct sl_verdict *verdict)
{
	struct sl_note_hunk *hunks = sl_arena_zalloc(question->arena, merge->hunk_count, sizeof(*hunks));
	int rc = hunks ? SL_OK : SL_NO_MEMORY;
	for (size_t i = 0; rc == SL_OK && i < merge->hunk_count; i++) {
		const struct sl_text_hunk *hunk = &merge->hunks[i];
		hunks[i].at = hunk->result_at;
		rc = sl_arena_copy(question->arena, hunk->base, &hunks[i].base);
		if (rc == SL_OK)
			rc = sl_arena_copy(question->arena, hunk->mine, &hunks[i].mine);
		if (rc == SL_OK)
			rc = sl_arena_copy(question->arena, hunk->theirs, &hunks[i].theirs);
	}
	verdict->hunks = hunks;
	verdict->hunk_count = merge->hunk_count;
	return rc;
}

static int take_merge(const struct question *question, const struct sl_text_merge *merge, struct sl_verdict *verdict)
{
	const struct sl_sides *sides = question->sides;
	bool removed = merge->text.length == 0 && (!json_is_string(sides->mine) || !json_is_string(sides->theirs));
	*verdict = (struct sl_verdict){ .rule = SL_RULE_TEXT, .conflict = !merge->clean, .open = !merge->clean,
		.kind = merge->clean && merge->both_count ? SL_NOTE_BOTH : SL_NOTE_VALUE };
	if (!removed)
		verdict->value = json_stringn_nocheck(merge->text.length ? merge->text.bytes : "", merge->text.length);
	return verdict->value || removed ? keep_hunks(question, merge, verdict) : SL_NO_MEMORY;
}

/* Three-way by line and word. An absent text is an empty one. */
static int decide_text(const struct question *question, struct sl_verdict *verdict)
{
	const struct sl_sides *sides = question->sides;
	struct sl_str base = text_of(sides->base), mine = text_of(sides->mine), theirs = text_of(sides->theirs);
	struct sl_text_merge merge;
	struct sl_err reason = SL_ERR_INIT;
	if (!is_text(sides->base) || !is_text(sides->mine) || !is_text(sides->theirs))
		return decide_lww(question, verdict);
	if (sl_str_equal(mine, theirs))
		return take_text(NULL, verdict); /* emptied by one and removed by the other */
	if (sl_str_equal(mine, base))
		return take_text(sides->theirs, verdict);
	if (sl_str_equal(theirs, base))
		return take_text(sides->mine, verdict);
	int rc = sl_text_merge(base, mine, theirs, question->ancestor, question->arena, &merge, &reason);
	if (rc == SL_OK)
		return take_merge(question, &merge, verdict);
	if (rc == SL_NO_MEMORY)
		return rc;
	/* Longer texts than can be compared are a person's, too. */
	*verdict = (struct sl_verdict){ .value = share(sides->theirs), .rule = SL_RULE_TEXT, .conflict = true };
	return ask(question, verdict);
}

int sl_merge_decide(const struct sl_field *field, const struct sl_sides *sides, enum sl_text_ancestor ancestor,
	struct sl_arena *arena, struct sl_verdict *verdict_r)
{
	static int (*const rules[])(const struct question *, struct sl_verdict *) = {
		[SL_RULE_LWW] = decide_lww, [SL_RULE_COUNTER] = decide_counter, [SL_RULE_MAX] = decide_max,
		[SL_RULE_PROGRESS] = decide_progress, [SL_RULE_FLAG] = decide_flag, [SL_RULE_TEXT] = decide_text,
		/* Lists without keys and objects that are none on some side come here: */
		[SL_RULE_LIST] = decide_lww, [SL_RULE_OBJECT] = decide_lww,
	};
	const struct question question = { field, sides, ancestor, arena };
	return rules[field ? field->rule : SL_RULE_LWW](&question, verdict_r);
}

/* --- groups of counters ------------------------------------------------------------------------------------------- */

/* What a side counted; false if it holds something else than counts. */
static bool read_counts(const struct sl_shape *shape, const json_t *object, double *counts_r)
{
	for (size_t i = 0; i < shape->count; i++)
		if (!count_of(json_object_get(object, shape->fields[i].name), &counts_r[i]))
			return false;
	return true;
}

static bool is_below(const double *counts, const double *base, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (counts[i] < base[i])
			return true;
	return false;
}

static double total_of(const double *counts, size_t count)
{
	double total = 0;
	for (size_t i = 0; i < count; i++)
		total += counts[i] > 0 ? counts[i] : 0;
	return total;
}

/* Whether there is more in a; of equal totals the order of the counts decides, so that it doesn't matter which side is which. */
static bool is_more(const double *a, const double *b, size_t count)
{
	double left = total_of(a, count), right = total_of(b, count);
	for (size_t i = 0; left == right && i < count; i++) {
		left = a[i];
		right = b[i];
	}
	return left > right;
}

#define MOST_COUNTERS 8

int sl_merge_counters(const struct sl_shape *shape, const struct sl_sides *sides, enum sl_text_ancestor ancestor,
	json_t **value_r)
{
	double base[MOST_COUNTERS], mine[MOST_COUNTERS], theirs[MOST_COUNTERS];
	size_t count = shape->count < MOST_COUNTERS ? shape->count : MOST_COUNTERS;
	*value_r = NULL;
	if (!read_counts(shape, sides->mine, mine) || !read_counts(shape, sides->theirs, theirs))
		return SL_OK;
	if (ancestor == SL_TEXT_SHARED_BASE || !read_counts(shape, sides->base, base)) {
		const json_t *stands = is_more(mine, theirs, count) ? sides->mine : sides->theirs;
		*value_r = stands ? json_deep_copy(stands) : json_object();
		return *value_r ? SL_OK : SL_NO_MEMORY;
	}
	bool mine_reset = is_below(mine, base, count), theirs_reset = is_below(theirs, base, count);
	*value_r = json_object();
	for (size_t i = 0; *value_r && i < count; i++) {
		const char *name = shape->fields[i].name;
		double sum = add_up(base[i], mine[i], theirs[i], mine_reset, theirs_reset);
		if ((json_object_get(sides->mine, name) || json_object_get(sides->theirs, name))
			&& json_object_set_new_nocheck(*value_r, name, count_value(sum)) != 0)
			return SL_NO_MEMORY;
	}
	return *value_r ? SL_OK : SL_NO_MEMORY;
}
