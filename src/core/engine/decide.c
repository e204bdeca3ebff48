/* Open decisions: taking them in, deciding them late, closing what is settled; see private.h. Keeps true: a choice is merged with
 * what was typed since, so it removes nothing of that; a passage is asked about once, however often it clashes. Rules: merge.md,
 * "Deciding late is a merge too". */
#include "core/engine/private.h"

#include "core/base/utf8.h"
#include "core/json/parse.h"
#include "core/json/write.h"
#include "core/schema/validate.h"

/* --- a choice as a merge ------------------------------------------------------------------------------------------- */

/* One decision, and the rows that it is about. */
struct deciding {
	struct sl_engine *engine;
	struct sl_decision open;
	struct sl_rowset *now; /* the row and its episode, as far as they are there */
};

static int begin(struct sl_engine *engine, const struct sl_stored_decision *stored, struct deciding *deciding_r)
{
	const struct sl_key *key = &stored->key;
	const struct sl_key episode = sl_key_of_episode(key->episode);
	const struct sl_row *row = sl_rowset_find(engine->local, key), *parent = sl_rowset_find(engine->local, &episode);
	*deciding_r = (struct deciding){ .engine = engine, .now = sl_rowset_new(&engine->scratch, 4) };
	int rc = sl_engine_read_decision(stored->text, &engine->scratch, &deciding_r->open);
	if (rc == SL_OK && (!deciding_r->now || (row && !sl_rowset_put(deciding_r->now, row))
		|| (sl_entity_has_episode(key->entity) && parent && !sl_rowset_put(deciding_r->now, parent))))
		rc = SL_NO_MEMORY;
	return rc;
}

/* `rows` with this value at the note's place. */
static int with_value(const struct deciding *deciding, const struct sl_rowset *rows, struct sl_str value,
	struct sl_rowset **rows_r, struct sl_err *err)
{
	struct sl_arena *arena = &deciding->engine->scratch;
	struct sl_note note = deciding->open.note;
	struct sl_delta edit;
	note.kind = SL_NOTE_VALUE;
	note.mine = value;
	*rows_r = sl_rowset_clone(rows, arena);
	int rc = *rows_r ? sl_merge_reverse(&note, deciding->engine->base, *rows_r, arena, &edit, err) : SL_NO_MEMORY;
	return rc == SL_OK ? sl_delta_apply(&edit, *rows_r, arena) : rc;
}

/* The row has gone since: it comes back as the merge left it, with the choice and with its episode. */
static int revive(const struct deciding *deciding, struct sl_str value, struct sl_merge *merge_r, struct sl_err *err)
{
	struct sl_arena *arena = &deciding->engine->scratch;
	const struct sl_decision *open = &deciding->open;
	struct sl_rowset *left = sl_rowset_clone(deciding->now, arena), *chosen = NULL;
	*merge_r = (struct sl_merge){ .rows = NULL };
	if (!left || !sl_rowset_put(left, &open->row)
		|| (open->parent.data.length && !sl_rowset_find(left, &open->parent.key) && !sl_rowset_put(left, &open->parent)))
		return SL_NO_MEMORY;
	int rc = with_value(deciding, left, value, &chosen, err);
	return rc == SL_OK ? sl_delta_difference(deciding->now, chosen, arena, &merge_r->push) : rc;
}

/* The choice merged with the rows now: its ancestor is the field as the merge left it. */
static int merge_choice(const struct deciding *deciding, size_t hunk, enum sl_choice choice, struct sl_str own,
	struct sl_merge *merge_r, struct sl_err *err)
{
	struct sl_arena *arena = &deciding->engine->scratch;
	struct sl_rowset *left = NULL, *chosen = NULL;
	struct sl_str value;
	int rc = sl_merge_choose(&deciding->open.note, hunk, choice, own, arena, &value);
	if (rc == SL_INVALID)
		return sl_err_set(err, rc, "there is no such passage");
	if (rc == SL_OK && deciding->open.row.data.length && !sl_rowset_find(deciding->now, &deciding->open.note.key))
		return revive(deciding, value, merge_r, err);
	if (rc == SL_OK)
		rc = with_value(deciding, deciding->now, deciding->open.note.result, &left, err);
	if (rc == SL_OK)
		rc = with_value(deciding, deciding->now, value, &chosen, err);
	return rc == SL_OK ? sl_merge(left, chosen, deciding->now, NULL, arena, merge_r, err) : rc;
}

/* --- a row that was kept -------------------------------------------------------------------------------------------- */

/* Whether the choice is the deletion, of the side that the row stayed against. */
static bool chooses_deletion(const struct sl_note *note, enum sl_choice choice)
{
	return (choice == SL_CHOICE_MINE && !note->mine.length) || (choice == SL_CHOICE_THEIRS && !note->theirs.length);
}

/* The row goes unless it was edited again: then that is one more reason to keep it, and the decision is closed. */
static int delete_kept(const struct deciding *deciding)
{
	struct sl_engine *engine = deciding->engine;
	const struct sl_row *row = sl_rowset_find(engine->local, &deciding->open.note.key);
	struct sl_delta edit = { sl_rowset_new(&engine->scratch, 1), &deciding->open.note.key, 1 };
	if (!edit.rows)
		return SL_NO_MEMORY;
	if (!row || !sl_str_equal(row->data, deciding->open.note.result))
		return SL_OK;
	return sl_engine_apply_edit(engine, &edit, SL_CAUSE_DECISION);
}

/* --- what users decide --------------------------------------------------------------------------------------------- */

int sl_engine_check_edit(struct sl_engine *engine, const struct sl_delta *edit, struct sl_err *err)
{
	struct sl_buf text;
	json_t *value = NULL;
	struct sl_faults faults;
	sl_buf_init(&text, SIZE_MAX);
	int rc = sl_delta_write(edit, &text) == SL_OK ? sl_json_parse(sl_buf_str(&text), &value, err) : SL_NO_MEMORY;
	sl_buf_dispose(&text);
	if (rc == SL_OK)
		rc = sl_validate_delta(value, "", engine->config.row_bytes, &engine->scratch, &faults, err);
	json_decref(value);
	return rc;
}

/* Takes one of the hunks, or all, out of a decision. */
static int drop_hunk(struct sl_engine *engine, const struct sl_decision *open, size_t hunk, struct sl_decision *rest_r)
{
	const struct sl_note *note = &open->note;
	struct sl_note_hunk *hunks = sl_arena_zalloc(&engine->scratch, note->hunk_count, sizeof(*hunks));
	if (!hunks)
		return SL_NO_MEMORY;
	size_t kept = 0;
	for (size_t i = 0; i < note->hunk_count; i++)
		if (i != hunk && hunk != SL_ALL_HUNKS)
			hunks[kept++] = note->hunks[i];
	*rest_r = *open;
	rest_r->note.hunks = hunks;
	rest_r->note.hunk_count = kept;
	return SL_OK;
}

/* Goes on with what is left of the decision. */
static int reduce(struct sl_engine *engine, int64_t id, const struct sl_decision *rest)
{
	int rc = sl_engine_close_decision(engine, id);
	return rc == SL_OK && rest->note.hunk_count > 0 ? sl_engine_open_decision(engine, rest) : rc;
}

int sl_engine_resolve(struct sl_engine *engine, int64_t id, size_t hunk, enum sl_choice choice, struct sl_str own,
	struct sl_err *err)
{
	const struct sl_stored_decision *stored = sl_engine_find_decision(engine, id);
	struct deciding deciding;
	struct sl_merge merge;
	struct sl_decision rest;
	if (!stored)
		return sl_err_set(err, SL_NOT_FOUND, "there is no such decision");
	if (choice == SL_CHOICE_OWN && sl_utf8_valid(own) != own.length)
		return sl_err_set(err, SL_MALFORMED, "the text is not valid UTF-8");
	int rc = begin(engine, stored, &deciding);
	if (rc == SL_OK && deciding.open.note.kind == SL_NOTE_KEPT) {
		rc = chooses_deletion(&deciding.open.note, choice) ? delete_kept(&deciding) : SL_OK;
		return rc == SL_OK ? sl_engine_close_decision(engine, id) : rc;
	}
	if (rc == SL_OK)
		rc = drop_hunk(engine, &deciding.open, hunk, &rest);
	if (rc == SL_OK && choice == SL_CHOICE_THEIRS)
		return reduce(engine, id, &rest);
	if (rc == SL_OK)
		rc = merge_choice(&deciding, hunk, choice, own, &merge, err);
	if (rc == SL_OK)
		rc = sl_engine_check_edit(engine, &merge.push, err);
	if (rc == SL_OK)
		rc = reduce(engine, id, &rest);
	if (rc == SL_OK)
		rc = sl_engine_apply_edit(engine, &merge.push, SL_CAUSE_DECISION);
	return rc == SL_OK ? sl_journal_note_merge(engine, &merge, SL_CAUSE_DECISION) : rc;
}

/* --- decisions that come and go -------------------------------------------------------------------------------------- */

/* The stretch of a text that another one replaces. */
struct stretch {
	size_t begin, end;
};

static struct stretch stretch_of(struct sl_str from, struct sl_str to)
{
	size_t begin = sl_str_common_prefix(from, to);
	struct sl_str rest = { from.bytes + begin, from.length - begin }, other = { to.bytes + begin, to.length - begin };
	return (struct stretch){ begin, from.length - sl_str_common_suffix(rest, other) };
}

/* An insertion meets what it stands at the edge of. */
static bool meet(struct stretch a, struct stretch b)
{
	size_t begin = a.begin > b.begin ? a.begin : b.begin, end = a.end < b.end ? a.end : b.end;
	return begin < end || (begin == end && (a.begin == a.end || b.begin == b.end));
}

/* 1 if a choice of mine in the newer decision replaces words of the row that the older choice, `old`, replaces too. 0 if not. */
static int meets_newer(const struct deciding *deciding, const struct sl_rowset *old, const struct sl_note *newer)
{
	struct sl_err ignored = SL_ERR_INIT;
	const struct sl_row *now = sl_rowset_find(deciding->now, &newer->key), *other = sl_rowset_find(old, &newer->key), *chosen;
	struct sl_rowset *rows = NULL;
	struct sl_str value;
	int rc = SL_OK;
	if (!now || !other || sl_row_same_content(now, other))
		return 1;
	for (size_t i = 0; rc == SL_OK && i < newer->hunk_count; i++) {
		rc = sl_merge_choose(newer, i, SL_CHOICE_MINE, (struct sl_str){ NULL, 0 }, &deciding->engine->scratch, &value);
		if (rc == SL_OK)
			rc = with_value(deciding, deciding->now, value, &rows, &ignored);
		chosen = rc == SL_OK ? sl_rowset_find(rows, &newer->key) : now;
		if (!chosen || meet(stretch_of(now->data, other->data), stretch_of(now->data, chosen->data)))
			return rc == SL_OK ? 1 : rc;
	}
	return rc;
}

/* 1 if a choice of mine for the hunk clashes with the row as it is now, or with a choice of mine in the newer decision: then that
 * is about the same words. 0 if not. */
static int is_overlapped(const struct deciding *deciding, size_t hunk, const struct sl_note *newer)
{
	struct sl_err ignored = SL_ERR_INIT;
	struct sl_merge old;
	int rc = merge_choice(deciding, hunk, SL_CHOICE_MINE, (struct sl_str){ NULL, 0 }, &old, &ignored);
	if (rc == SL_NOT_FOUND)
		return 0;
	if (rc != SL_OK || old.open_count > 0 || !old.rows)
		return rc == SL_OK ? 1 : rc;
	return meets_newer(deciding, old.rows, newer);
}

/* Takes out of an older decision about the same field what the new one is about. The words stay in the journal. */
static int yield_to(struct sl_engine *engine, const struct sl_stored_decision *stored, const struct sl_note *newer)
{
	struct deciding deciding;
	int64_t id = stored->id;
	int rc = begin(engine, stored, &deciding);
	if (rc != SL_OK || !sl_str_equal(deciding.open.note.path, newer->path) || deciding.open.note.kind != newer->kind)
		return rc;
	const struct sl_note older = deciding.open.note;
	size_t before = older.hunk_count;
	for (size_t i = before; rc == SL_OK && i > 0; i--) {
		rc = newer->rule == SL_RULE_TEXT ? is_overlapped(&deciding, i - 1, newer) : 1;
		if (rc == 1)
			rc = drop_hunk(engine, &deciding.open, i - 1, &deciding.open);
	}
	if (rc != SL_OK || (deciding.open.note.hunk_count == before && newer->kind != SL_NOTE_KEPT))
		return rc;
	if (deciding.open.entry <= engine->meta.journal_told) /* its entry is no longer there, or about to go */
		rc = sl_journal_note_again(engine, &older);
	return rc == SL_OK ? reduce(engine, id, &deciding.open) : rc;
}

int sl_engine_take_decision(struct sl_engine *engine, const struct sl_note *note, const struct sl_rowset *merged)
{
	const struct sl_key episode = sl_key_of_episode(note->key.episode);
	const struct sl_row *row = sl_rowset_find(merged, &note->key), *parent = sl_rowset_find(engine->local, &episode);
	struct sl_decision decision = { .note = *note, .entry = engine->open.id };
	const struct sl_stored_decisions *all = &engine->decisions;
	int rc = SL_OK;
	for (size_t i = all->count; rc == SL_OK && i > 0; i--)
		if (sl_key_equal(&all->items[i - 1].key, &note->key))
			rc = yield_to(engine, &all->items[i - 1], note);
	if (row)
		decision.row = *row;
	if (sl_entity_has_episode(note->key.entity) && parent)
		decision.parent = *parent;
	return rc == SL_OK ? sl_engine_open_decision(engine, &decision) : rc;
}

static int move_decision(struct sl_engine *engine, struct sl_stored_decision *stored, const struct sl_key *to)
{
	const struct sl_key episode = sl_key_of_episode(to->episode);
	const struct sl_row *parent = sl_rowset_find(engine->local, &episode);
	struct sl_decision decision;
	int rc = sl_engine_read_decision(stored->text, &engine->scratch, &decision);
	decision.note.key = decision.row.key = *to;
	if (sl_entity_has_episode(to->entity) && parent)
		decision.parent = *parent;
	return rc == SL_OK ? sl_engine_change_decision(engine, stored, &decision) : rc;
}

int sl_engine_move_decisions(struct sl_engine *engine, const struct sl_rename *moves, size_t count)
{
	int rc = SL_OK;
	for (size_t i = 0; rc == SL_OK && i < engine->decisions.count; i++) {
		struct sl_stored_decision *stored = &engine->decisions.items[i];
		size_t at = 0;
		while (at < count && !sl_key_equal(&moves[at].from, &stored->key))
			at++;
		rc = at < count ? move_decision(engine, stored, &moves[at].to) : SL_OK;
	}
	return rc;
}

/* 1 if the row is by now as a choice of mine would make it, or one that was kept is gone; 0 if not. */
static int is_settled(struct sl_engine *engine, const struct sl_stored_decision *stored)
{
	struct deciding deciding;
	struct sl_merge merge;
	struct sl_err ignored = SL_ERR_INIT;
	if (!sl_rowset_find(engine->touched_local, &stored->key))
		return 0;
	int rc = begin(engine, stored, &deciding);
	if (rc == SL_OK && deciding.open.note.kind == SL_NOTE_KEPT)
		return sl_rowset_find(engine->local, &stored->key) == NULL;
	if (rc == SL_OK)
		rc = merge_choice(&deciding, SL_ALL_HUNKS, SL_CHOICE_MINE, (struct sl_str){ NULL, 0 }, &merge, &ignored);
	if (rc == SL_NOT_FOUND)
		return 0;
	return rc == SL_OK ? merge.open_count == 0 && sl_delta_is_empty(&merge.push) : rc;
}

int sl_engine_close_settled(struct sl_engine *engine)
{
	struct sl_stored_decisions *all = &engine->decisions;
	for (size_t i = all->count; i > 0; i--) {
		int rc = is_settled(engine, &all->items[i - 1]);
		if (rc > 0)
			rc = sl_engine_close_decision(engine, all->items[i - 1].id);
		if (rc != SL_OK)
			return rc;
	}
	return SL_OK;
}
