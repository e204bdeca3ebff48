/* What only people decide: open questions, and steps to be undone; see writer.h. */
#include <stdlib.h>

#include "writer.h"

/* --- questions ---------------------------------------------------------------------------------------------------- */

struct choice {
	enum sl_choice choice;
	const char *name;
	size_t hunk; /* counted from 1; 0: all */
	struct sl_str own;
};

/* Words that a choice takes out of the row, or out of the decision. */
static void give_up(struct writing *writing, const struct sim_decision *decision, const struct choice *choice)
{
	struct sim_wordset *given_up = &writing->intent.given_up;
	for (size_t i = 0; i < decision->hunk_count; i++) {
		const struct sl_note_hunk *hunk = &decision->hunks[i];
		if (choice->hunk && choice->hunk != i + 1)
			continue;
		if (choice->choice == SL_CHOICE_MINE || choice->choice == SL_CHOICE_OWN)
			sim_wordset_add_all(given_up, hunk->theirs);
		if (choice->hunk && (choice->choice == SL_CHOICE_THEIRS || choice->choice == SL_CHOICE_OWN))
			sim_wordset_add_all(given_up, hunk->mine);
	}
	if (!choice->hunk && (choice->choice == SL_CHOICE_THEIRS || choice->choice == SL_CHOICE_OWN))
		sim_wordset_add_all(given_up, decision->mine);
}

/* Whether users could choose by the passage without tearing up words: those of scripts without blanks are asked about by the
 * character. */
static bool has_whole_passages(const struct writing *writing, const struct sim_decision *decision)
{
	const struct sim_words *words = &writing->sim->words;
	size_t at;
	for (size_t i = 0; i < decision->hunk_count; i++)
		if (sim_words_any_broken(words, decision->hunks[i].base, true, false, &at)
			|| sim_words_any_broken(words, decision->hunks[i].mine, true, false, &at)
			|| sim_words_any_broken(words, decision->hunks[i].theirs, true, false, &at))
			return false;
	return true;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\n';
}

/* A word in the place of the passage, with the white space at its ends, and apart from what stands around it: the passage's own ends
 * may be in a script without blanks. */
static struct sl_str in_own_words(struct writing *writing, struct sl_str passage)
{
	struct sl_str word = typing_word(writing, true, SIM_LATIN), own;
	size_t start = 0, end = passage.length;
	struct sl_buf out;
	while (start < end && is_blank(passage.bytes[start]))
		start++;
	while (end > start && is_blank(passage.bytes[end - 1]))
		end--;
	sl_buf_init(&out, SIZE_MAX);
	sl_buf_add(&out, passage.bytes, start);
	sl_buf_add_char(&out, ' ');
	sl_buf_add_str(&out, word);
	sl_buf_add_char(&out, ' ');
	sl_buf_add(&out, passage.bytes + end, passage.length - end);
	if (sl_buf_code(&out) != SL_OK)
		abort();
	own = sim_copy(writing->sim, sl_buf_str(&out));
	sl_buf_dispose(&out);
	return own;
}

/* Late deciders look at the passages. */
static void choose_passage(struct writing *writing, const struct sim_decision *decision, struct choice *choice)
{
	size_t at = dice_roll(&writing->dice, decision->hunk_count);
	struct sl_str theirs = decision->hunks[at].theirs;
	bool own = dice_chance(&writing->dice, 250);
	if (writing->sim->plan->with[SIM_WITH_PASSAGES] && decision->hunk_count > 1 && dice_chance(&writing->dice, 600))
		choice->hunk = at + 1;
	if (!own || !decision->text || !theirs.length || (decision->hunk_count > 1 && !choice->hunk))
		return;
	choice->choice = SL_CHOICE_OWN;
	choice->name = "own words";
	choice->own = in_own_words(writing, theirs);
}

static struct choice choose(struct writing *writing, const struct sim_decision *decision)
{
	static const struct choice choices[] = { { .choice = SL_CHOICE_MINE, .name = "mine" },
		{ .choice = SL_CHOICE_THEIRS, .name = "theirs" }, { .choice = SL_CHOICE_BOTH, .name = "both" } };
	const struct sim_plan *plan = writing->sim->plan;
	struct choice choice = choices[dice_roll(&writing->dice, 3)];
	bool whole = !plan->with[SIM_WITH_TOKENS] || has_whole_passages(writing, decision);
	if (decision->kept) /* it stays */
		return choices[decision->mine.length ? 0 : 1];
	if (choice.choice == SL_CHOICE_BOTH && plan->with[SIM_WITH_TOKENS] && !(whole && plan->with[SIM_WITH_BOTH]))
		choice = choices[dice_roll(&writing->dice, 2)];
	if ((plan->with[SIM_WITH_LATE] || plan->with[SIM_WITH_PASSAGES]) && decision->hunk_count > 0 && whole)
		choose_passage(writing, decision, &choice);
	return choice;
}

static unsigned birth_of(const struct sim *sim, struct sl_str text)
{
	unsigned birth = 0, id;
	for (size_t at = 0; !birth && (id = sim_words_next(text, &at));)
		birth = sim->words.items[id].birth;
	return birth;
}

/* Where the id of a row that the base has was given again, nobody can tell the new row from an edit of the old one: the user is
 * asked, and has the say. */
static void note_choice(struct sim *sim, const struct sim_decision *decision)
{
	unsigned mine = birth_of(sim, decision->mine), theirs = birth_of(sim, decision->theirs), base = 0;
	for (size_t i = 0; i < decision->hunk_count && !base; i++)
		base = birth_of(sim, decision->hunks[i].base);
	if (mine && theirs && mine != theirs && base)
		sim->check.chose_both = true;
	sim->check.decided_since_fall |= sim->server.fell_back;
}

/* The row goes to another episode first, now and then. */
static bool move_first(struct writing *writing)
{
	struct writing moving;
	if (!writing->sim->plan->with[SIM_WITH_MOVERS] || !dice_chance(&writing->dice, 250))
		return false;
	writing_begin(&moving, writing->sim, writing->device->index, dice_next(&writing->dice));
	habit_worlds(&moving, SIM_MOVE_AWAY);
	writing_send(&moving);
	return true;
}

bool habit_decide(struct writing *writing)
{
	bool moved = move_first(writing);
	if (!writing->device->engine)
		return true;
	const struct sl_engine *engine = writing->device->engine;
	size_t count = sl_engine_status(engine)->conflicts;
	struct sim_decision decision;
	struct sl_key key;
	if (!count || !sim_view_decision(engine, dice_roll(&writing->dice, count), &decision)
		|| sl_key_copy(&writing->sim->arena, &decision.key, &key) != SL_OK)
		return moved;
	struct sl_str path = sim_copy(writing->sim, decision.path);
	struct choice choice = choose(writing, &decision);
	struct sl_event event = sim_view_decide(decision.id, choice.hunk, choice.choice, choice.own);
	SIM_NOTE(writing->sim, "user %u    takes %s in conflict %lld (%zu of %zu), %s %.*s: %.*s | %.*s", writing->device->index,
		choice.name, (long long)decision.id, choice.hunk, decision.hunk_count, sl_entity_name(key.entity),
		(int)decision.path.length, decision.path.bytes, (int)decision.mine.length, decision.mine.bytes,
		(int)decision.theirs.length, decision.theirs.bytes);
	writing->intent.entry = (struct sim_entry){ SIM_ENTRY_DECISION, decision.id, 0 };
	give_up(writing, &decision, &choice);
	note_choice(writing->sim, &decision);
	sim_check_touch(&writing->intent, &decision);
	struct sim_wordset mine = { { 0 } }; /* the decision lasts until the next event */
	sim_wordset_add_all(&mine, decision.mine);
	if (writing_tell(writing, &event) == SL_OK || choice.choice == SL_CHOICE_THEIRS)
		return true;
	if (writing->sim->plan->with[SIM_WITH_DECIDABLE] && (!path.length || !memchr(path.bytes + 1, '/', path.length - 1)))
		sim_violate(writing->sim, "decidable", "device %u can't take its own words in decision %lld", writing->device->index,
			(long long)decision.id);
	/* Its place is gone: nothing is left but to drop the copy. */
	writing->intent.typed = (struct sim_wordset){ { 0 } };
	event = sim_view_decide(decision.id, 0, SL_CHOICE_THEIRS, (struct sl_str){ NULL, 0 });
	for (size_t i = 0; i < SIM_WORDS / 64; i++)
		writing->intent.given_up.bits[i] |= mine.bits[i];
	return writing_tell(writing, &event) == SL_OK;
}

/* --- steps back --------------------------------------------------------------------------------------------------- */

/* One of the entries of the kind, or of all kinds (SIM_ENTRY_NONE); the early ones are the likelier ones. */
static bool choose_entry(struct writing *writing, enum sim_entry_kind kind, struct sim_entry *chosen_r)
{
	struct sim_entry entry;
	const struct sl_row *stored;
	size_t cursor = 0;
	*chosen_r = (struct sim_entry){ SIM_ENTRY_NONE, 0, 0 };
	while ((stored = sl_rowset_next(writing->device->store, &cursor)))
		for (size_t i = 0; sim_view_undoable(stored, i, &writing->sim->arena, &entry); i++)
			if ((kind == SIM_ENTRY_NONE || kind == entry.kind)
				&& (chosen_r->kind == SIM_ENTRY_NONE || dice_chance(&writing->dice, 300)))
				*chosen_r = entry;
	return chosen_r->kind != SIM_ENTRY_NONE;
}

static void undo(struct writing *writing, enum sim_entry_kind kind)
{
	struct sim_entry entry;
	if (!choose_entry(writing, kind, &entry))
		return;
	struct sl_event event = sim_view_undo(&entry);
	writing->intent.wide = true;
	writing->intent.entry = entry;
	SIM_NOTE(writing->sim, "user %u    undoes %s %lld", writing->device->index,
		entry.kind == SIM_ENTRY_MERGE ? "what merge gave up:" : "step", (long long)entry.id);
	writing_tell(writing, &event);
}

/* --- all ---------------------------------------------------------------------------------------------------------- */

void habit_people(struct writing *writing, enum sim_action_kind kind)
{
	if (kind == SIM_RESOLVE)
		habit_decide(writing);
	else if (kind == SIM_REVERSE)
		undo(writing, SIM_ENTRY_MERGE);
	else if (kind == SIM_RESTORE_BACKUP)
		undo(writing, SIM_ENTRY_STEP);
	else if (kind == SIM_UNDO)
		undo(writing, SIM_ENTRY_NONE);
}

bool sim_writer_tidy(struct sim *sim, unsigned device, struct dice *dice)
{
	struct writing writing;
	const struct sl_status *status = sl_engine_status(sim->devices[device].engine);
	writing_begin(&writing, sim, device, dice_next(dice));
	if (status->conflicts)
		return habit_decide(&writing);
	if (strcmp(status->error, "empty_overwrite") == 0) {
		habit_clear(&writing);
		return true;
	}
	if (status->quarantined && dice_chance(dice, 500)) {
		habit_rows(&writing, SIM_REPAIR_ROW);
		writing_send(&writing);
		return sl_rowset_count(writing.rows) > 0;
	}
	return false;
}
