/* Habits that add, move, delete and spoil whole rows; see writer.h. */
#include <stdlib.h>

#include "core/base/rank.h"

#include "writer.h"

static void set_text(json_t *data, const char *name, struct sl_str text)
{
	json_object_set_new(data, name, json_stringn(text.bytes ? text.bytes : "", text.length));
}

static const struct sl_str no_rank = { NULL, 0 };

/* --- adding ------------------------------------------------------------------------------------------------------- */

static bool exists(struct writing *writing, const struct sl_key *key)
{
	return sl_rowset_find(sl_engine_rows(writing->device->engine), key) != NULL;
}

/* Apps number things from 1 on; two that do so offline meet at the same number. Polite ones never give one twice. */
static int64_t first_number(const struct writing *writing)
{
	return writing->sim->plan->polite ? 1000 * (1 + (int64_t)writing->device->index) + ++writing->device->numbers : 1;
}

void writing_free_id(struct writing *writing, struct sl_key *key, const char *prefix)
{
	char id[32];
	for (int64_t number = first_number(writing);; number++) {
		int length = snprintf(id, sizeof(id), "%s%lld", prefix, (long long)number);
		key->id = (struct sl_str){ id, (size_t)length };
		if (!exists(writing, key) && !sl_rowset_find(writing->rows, key))
			break;
	}
	key->id = sim_copy(writing->sim, key->id);
}

/* What takes the place of a row whose deletion has not been pushed is an edit of it, for everybody else. */
static bool is_taken(const struct writing *writing, const struct sl_key *key)
{
	return sl_rowset_find(sl_engine_base(writing->device->engine), key) != NULL;
}

static void add_row(struct writing *writing, struct sl_key key)
{
	json_t *data = json_object();
	writing->birth = is_taken(writing, &key) ? 0 : ++writing->sim->check.births;
	if (key.entity == SL_SHOTS) {
		set_text(data, "description", typing_new(writing));
		set_text(data, "dialogue", typing_new(writing));
		set_text(data, "duration", typing_word(writing, false, SIM_LATIN));
	} else if (key.entity == SL_CHARACTERS) {
		set_text(data, "name", typing_word(writing, false, SIM_LATIN));
		set_text(data, "bio", typing_new(writing));
	} else {
		set_text(data, "title", typing_word(writing, false, SIM_LATIN));
		set_text(data, "content", typing_new(writing));
	}
	writing->birth = 0;
	writing_put(writing, &key, no_rank, data, "");
}

static void add_child(struct writing *writing, enum sl_entity entity)
{
	const struct sl_row *episode = writing_choose(writing, SL_EPISODES);
	struct sl_key key = { entity, episode ? episode->key.episode : 0, { NULL, 0 } };
	if (!episode)
		return;
	writing_free_id(writing, &key, entity == SL_SCENES ? "sc" : "1-");
	add_row(writing, key);
}

static void add_episode(struct writing *writing)
{
	struct sl_key key = sl_key_of_episode(first_number(writing));
	if (!writing->sim->plan->polite && !writing->sim->plan->with[SIM_WITH_REUSED])
		key.episode = writing->device->last_episode + 1;
	while (exists(writing, &key))
		key.episode++;
	add_row(writing, key);
	for (size_t i = dice_roll(&writing->dice, 3); i > 0; i--) {
		struct sl_key child = { SL_SCENES, key.episode, { NULL, 0 } };
		writing_free_id(writing, &child, "sc");
		add_row(writing, child);
	}
}

/* --- moving ------------------------------------------------------------------------------------------------------- */

/* The siblings of the row, itself included, as they are shown. */
static struct sl_row **siblings_of(struct writing *writing, const struct sl_row *row, size_t *count_r)
{
	struct sl_arena *arena = &writing->sim->arena;
	struct sl_rowset *group = sl_rowset_new(arena, 8);
	struct sl_key own = sl_key_of_siblings(&row->key);
	const struct sl_row *other;
	size_t cursor = 0;
	while (group && (other = sl_rowset_next(sl_engine_rows(writing->device->engine), &cursor))) {
		struct sl_key theirs = sl_key_of_siblings(&other->key);
		if (sl_key_equal(&own, &theirs) && !sl_rowset_put(group, other))
			abort();
	}
	*count_r = group ? sl_rowset_count(group) : 0;
	struct sl_row **sorted = group ? sl_rowset_sorted(group, arena) : NULL;
	if (!sorted)
		abort();
	return sorted;
}

static void move(struct writing *writing)
{
	static const enum sl_entity entities[] = { SL_SCENES, SL_SHOTS, SL_SHOTS, SL_EPISODES };
	const struct sl_row *row = writing_choose(writing, entities[dice_roll(&writing->dice, 4)]);
	struct sl_str low = no_rank, high = no_rank, rank;
	size_t count, at;
	if (!row)
		return;
	struct sl_row **siblings = siblings_of(writing, row, &count);
	if (count < 2)
		return;
	for (at = dice_roll(&writing->dice, count); siblings[at] == row || sl_key_equal(&siblings[at]->key, &row->key);)
		at = (at + 1) % count;
	/* Before siblings[at], or behind the last. */
	bool last = at == count - 1 && dice_chance(&writing->dice, 500);
	high = last ? no_rank : siblings[at]->rank;
	low = last ? siblings[at]->rank : at > 0 ? siblings[at - 1]->rank : no_rank;
	if (sl_rank_between(low, high, 1, &writing->sim->arena, &rank) != SL_OK)
		return;
	sim_runs_move(writing->sim, &row->key);
	writing_put(writing, &row->key, rank, writing_open(row), "rank");
}

/* --- deleting, and rows that servers refuse ----------------------------------------------------------------------- */

static void delete_row(struct writing *writing)
{
	static const enum sl_entity entities[] = { SL_SCENES, SL_SHOTS, SL_SHOTS, SL_CHARACTERS, SL_LOCATIONS };
	const struct sl_row *row = writing_choose(writing, entities[dice_roll(&writing->dice, 5)]);
	if (row)
		writing_delete(writing, &row->key);
}

static void delete_episode(struct writing *writing)
{
	const struct sl_row *row = writing_choose(writing, SL_EPISODES);
	if (row)
		writing_delete(writing, &row->key);
}

static void spoil(struct writing *writing)
{
	static const enum sl_entity entities[] = { SL_SCENES, SL_SHOTS, SL_CHARACTERS, SL_EPISODES };
	const struct sl_row *row = writing_choose(writing, entities[dice_roll(&writing->dice, 4)]);
	if (!row)
		return;
	json_t *data = writing_open(row);
	json_object_set_new(data, "refused", json_true());
	writing_put(writing, &row->key, no_rank, data, "refused");
}

static void repair(struct writing *writing)
{
	const struct sl_row *row;
	size_t cursor = 0;
	while ((row = sl_rowset_next(sl_engine_rows(writing->device->engine), &cursor))) {
		if (row->key.entity == SL_META)
			continue;
		json_t *data = writing_open(row);
		if (!json_object_get(data, "refused")) {
			json_decref(data);
			continue;
		}
		json_object_del(data, "refused");
		writing_put(writing, &row->key, no_rank, data, "refused");
	}
}

void habit_rows(struct writing *writing, enum sim_action_kind kind)
{
	struct sl_key character = { SL_CHARACTERS, 0, { NULL, 0 } };
	if (kind == SIM_ADD_EPISODE) {
		add_episode(writing);
	} else if (kind == SIM_ADD_SCENE || kind == SIM_ADD_SHOT) {
		add_child(writing, kind == SIM_ADD_SCENE ? SL_SCENES : SL_SHOTS);
	} else if (kind == SIM_ADD_CHARACTER) {
		writing_free_id(writing, &character, "c");
		add_row(writing, character);
	} else if (kind == SIM_MOVE) {
		move(writing);
	} else if (kind == SIM_DELETE_ROW) {
		delete_row(writing);
	} else if (kind == SIM_DELETE_EPISODE) {
		delete_episode(writing);
	} else if (kind == SIM_REFUSED_ROW) {
		spoil(writing);
	} else if (kind == SIM_REPAIR_ROW) {
		repair(writing);
	}
}
