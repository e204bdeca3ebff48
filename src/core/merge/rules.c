/* One function per merge rule; see merge_rules.h.
 * Keeps true: mine and theirs are treated alike but for what `lww` decides, and the base matters only where the rule
 * says so. Fails for want of memory only. Source of the rules: merge.md, "Both changed the same field".
 */
#include "core/merge/rules.h"

#include "core/text/merge.h"
#include "core/plant.h"

struct question {
	const char *const *words;
	const struct sl_sides *sides;
	struct sl_arena *arena;
};

static json_t *share(const json_t *value) { return json_incref((json_t *)value); }

/* The server's version wins; mine is kept in the receipt. */
static int decide_lww(const struct question *question, struct sl_verdict *verdict)
{
	*verdict = (struct sl_verdict){ share(question->sides->theirs), SL_RULE_LWW, true, false };
	return SL_OK;
}

/* A count: a whole number that every client can hold; absent ones are 0. */
static bool count_of(const json_t *value, int64_t *count_r)
{
	double number = json_number_value(value);
	*count_r = 0;
	if (!value)
		return true;
	if (!json_is_number(value) || !(number >= -SL_SAFE_INTEGER && number <= SL_SAFE_INTEGER))
		return false;
	*count_r = (int64_t)number;
	return (double)*count_r == number;
}

/* Both sides' additions count: base + (mine − base) + (theirs − base). */
static int decide_counter(const struct question *question, struct sl_verdict *verdict)
{
	const int64_t limit = (int64_t)SL_SAFE_INTEGER;
	int64_t base, mine, theirs;
	if (SL_PLANTED(COUNTER_OVERWRITES) || !count_of(question->sides->base, &base) || !count_of(question->sides->mine, &mine)
		|| !count_of(question->sides->theirs, &theirs))
		return decide_lww(question, verdict);
	int64_t sum = mine - base + theirs;
	int64_t kept = sum > limit ? limit : sum < -limit ? -limit : sum;
	*verdict = (struct sl_verdict){ json_integer(kept), SL_RULE_COUNTER, kept != sum, false };
	return verdict->value ? SL_OK : SL_NO_MEMORY;
}

/* The larger number; an absent one is less than any. */
static int decide_max(const struct question *question, struct sl_verdict *verdict)
{
	const json_t *mine = question->sides->mine, *theirs = question->sides->theirs;
	if ((mine && !json_is_number(mine)) || (theirs && !json_is_number(theirs)))
		return decide_lww(question, verdict);
	bool larger = !theirs || (mine && json_number_value(mine) > json_number_value(theirs));
	*verdict = (struct sl_verdict){ share(larger ? mine : theirs), SL_RULE_MAX, false, false };
	return SL_OK;
}

/* How far a status word is: absent 0, "error" 1, the others by their place; −1: no such word. */
static int stage_of(const json_t *value, const char *const *words)
{
	const char *text = json_string_value(value);
	if (!value)
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
	int mine = stage_of(sides->mine, question->words), theirs = stage_of(sides->theirs, question->words);
	if (mine < 0 || theirs < 0)
		return decide_lww(question, verdict);
	const json_t *later = mine > theirs ? sides->mine : sides->theirs;
	*verdict = (struct sl_verdict){ share(later), SL_RULE_PROGRESS, false, false };
	return SL_OK;
}

/* Two changed booleans are equal, unless there was none before: then a set flag is the change. */
static int decide_flag(const struct question *question, struct sl_verdict *verdict)
{
	const struct sl_sides *sides = question->sides;
	if (!json_is_boolean(sides->mine) || !json_is_boolean(sides->theirs))
		return decide_lww(question, verdict);
	const json_t *set = json_is_true(sides->mine) ? sides->mine : sides->theirs;
	*verdict = (struct sl_verdict){ share(set), SL_RULE_FLAG, false, false };
	return SL_OK;
}

/* --- text ------------------------------------------------------------------------------------------------------- */

static struct sl_str text_of(const json_t *string)
{
	return (struct sl_str){ json_string_value(string), json_string_length(string) };
}

static bool is_text(const json_t *value) { return !value || json_is_string(value); }

static int take_text(const json_t *value, struct sl_verdict *verdict)
{
	*verdict = (struct sl_verdict){ share(value), SL_RULE_TEXT, false, false };
	return SL_OK;
}

/* A person decides: the field holds the server's whole text meanwhile. */
static int park(const struct question *question, struct sl_verdict *verdict)
{
	*verdict = (struct sl_verdict){ share(question->sides->theirs), SL_RULE_TEXT, true, true };
	return SL_OK;
}

/* Three-way by line and word. An absent text is an empty one, and emptying against editing is a clash: there is
 * nothing left that the edit could belong to. */
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
	if (SL_PLANTED(LAST_WRITER_WINS))
		return take_text(sides->theirs, verdict);
	if (mine.length == 0 || theirs.length == 0)
		return park(question, verdict);
	int rc = sl_text_merge(base, mine, theirs, question->arena, &merge, &reason);
	if (rc == SL_NO_MEMORY)
		return rc;
	if (rc != SL_OK || !merge.clean) /* longer texts than can be compared are a person's, too */
		return park(question, verdict);
	*verdict = (struct sl_verdict){ json_stringn_nocheck(merge.text.length ? merge.text.bytes : "", merge.text.length),
		SL_RULE_TEXT, false, false };
	return verdict->value ? SL_OK : SL_NO_MEMORY;
}

int sl_merge_decide(enum sl_rule rule, const char *const *words, const struct sl_sides *sides, struct sl_arena *arena,
	struct sl_verdict *verdict_r)
{
	static int (*const rules[])(const struct question *, struct sl_verdict *) = {
		[SL_RULE_LWW] = decide_lww, [SL_RULE_COUNTER] = decide_counter, [SL_RULE_MAX] = decide_max,
		[SL_RULE_PROGRESS] = decide_progress, [SL_RULE_FLAG] = decide_flag, [SL_RULE_TEXT] = decide_text,
		/* Lists without keys and objects that are none on some side come here: */
		[SL_RULE_LIST] = decide_lww, [SL_RULE_OBJECT] = decide_lww,
	};
	const struct question question = { words, sides, arena };
	return rules[rule](&question, verdict_r);
}
