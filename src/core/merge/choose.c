/* What a person decides about a note; see sl_merge_choose in merge.h. Keeps true: only the hunks that were chosen change, and
 * what is not valid UTF-8 never gets into a text (a hunk is made of whole tokens). Fails as merge.h says.
 */
#include "core/json/parse.h"
#include "core/json/write.h"
#include "core/merge/merge.h"
#include "core/text/junction.h"

static void add_choice(struct sl_buf *text, const struct sl_note_hunk *hunk, enum sl_choice choice, struct sl_str own)
{
	if (choice == SL_CHOICE_THEIRS || choice == SL_CHOICE_BOTH)
		sl_buf_add_str(text, hunk->theirs);
	if (choice == SL_CHOICE_BOTH)
		sl_buf_add_str(text, sl_text_parting(hunk->theirs, hunk->mine));
	if (choice == SL_CHOICE_MINE || choice == SL_CHOICE_BOTH)
		sl_buf_add_str(text, hunk->mine);
	if (choice == SL_CHOICE_OWN)
		sl_buf_add_str(text, own);
}

/* The text with the choices in the place of the hunks. */
static int choose_in_text(const struct sl_note *note, struct sl_str left, size_t hunk, enum sl_choice choice,
	struct sl_str own, struct sl_buf *text)
{
	size_t at = 0;
	for (size_t i = 0; i < note->hunk_count; i++) {
		const struct sl_note_hunk *passage = &note->hunks[i];
		size_t end = passage->at + passage->theirs.length;
		if (passage->at < at || end > left.length)
			return SL_INTERNAL;
		sl_buf_add(text, left.bytes + at, passage->at - at);
		add_choice(text, passage, hunk == i || hunk == SL_ALL_HUNKS ? choice : SL_CHOICE_THEIRS, own);
		at = end;
	}
	sl_buf_add(text, left.bytes + at, left.length - at);
	return SL_OK;
}

/* A text as JSON, in the arena. */
static int write_text(struct sl_str text, struct sl_arena *arena, struct sl_str *value_r)
{
	struct sl_buf out;
	sl_buf_init(&out, SIZE_MAX);
	sl_json_string(&out, text);
	int rc = sl_buf_code(&out) == SL_OK ? sl_arena_copy(arena, sl_buf_str(&out), value_r) : SL_NO_MEMORY;
	sl_buf_dispose(&out);
	return rc;
}

int sl_merge_choose(const struct sl_note *note, size_t hunk, enum sl_choice choice, struct sl_str own,
	struct sl_arena *arena, struct sl_str *value_r)
{
	struct sl_err ignored = SL_ERR_INIT;
	struct sl_buf text;
	json_t *left = NULL;
	if (hunk != SL_ALL_HUNKS && hunk >= note->hunk_count)
		return SL_INVALID;
	if (note->rule != SL_RULE_TEXT) {
		*value_r = choice == SL_CHOICE_MINE ? note->mine : note->theirs;
		return choice == SL_CHOICE_OWN ? write_text(own, arena, value_r) : SL_OK;
	}
	int rc = note->result.length ? sl_json_parse(note->result, &left, &ignored) : SL_OK; /* an absent text is an empty one */
	if (rc != SL_OK)
		return rc == SL_NO_MEMORY ? rc : SL_INTERNAL;
	sl_buf_init(&text, SIZE_MAX);
	rc = choose_in_text(note, (struct sl_str){ json_string_value(left), json_string_length(left) }, hunk, choice, own, &text);
	if (rc == SL_OK)
		rc = sl_buf_code(&text) == SL_OK ? write_text(sl_buf_str(&text), arena, value_r) : SL_NO_MEMORY;
	sl_buf_dispose(&text);
	json_decref(left);
	return rc;
}
