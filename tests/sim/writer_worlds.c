/* Habits of some worlds only; see properties.h and writer.h. */
#include <stdlib.h>

#include "writer.h"

static const struct sl_str no_rank = { NULL, 0 };

static void set_text(json_t *data, const char *name, struct sl_str text)
{
	json_object_set_new(data, name, json_stringn(text.bytes ? text.bytes : "", text.length));
}

/* --- forms and zones ---------------------------------------------------------------------------------------------- */

struct elements {
	enum sl_entity entity;
	const char *field, *name;
};

static const struct elements lists[] = { { SL_CHARACTERS, "forms", "formName" }, { SL_LOCATIONS, "zones", "name" } };

static void rename_element(struct writing *writing)
{
	const struct elements *of = &lists[dice_roll(&writing->dice, 2)];
	const struct sl_row *row = writing_choose(writing, of->entity);
	json_t *data = row ? writing_open(row) : NULL, *list = json_object_get(data, of->field);
	if (json_array_size(list) == 0) {
		json_decref(data);
		return;
	}
	json_t *element = json_array_get(list, dice_roll(&writing->dice, json_array_size(list)));
	struct sl_str name = typing_word(writing, false, SIM_LATIN);
	if (name.length)
		set_text(element, of->name, name);
	writing_put(writing, &row->key, no_rank, data, of->field);
}

static void add_nameless(struct writing *writing)
{
	const struct elements *of = &lists[dice_roll(&writing->dice, 2)];
	const struct sl_row *row = writing_choose(writing, of->entity);
	if (!row)
		return;
	json_t *data = writing_open(row), *list = json_object_get(data, of->field), *element = json_object();
	if (!list) {
		list = json_array();
		json_object_set_new(data, of->field, list);
	}
	set_text(element, of->name, no_rank);
	set_text(element, "description", typing_new(writing));
	json_array_append_new(list, element);
	writing_put(writing, &row->key, no_rank, data, of->field);
}

/* --- from one episode to another ---------------------------------------------------------------------------------- */

/* The words go along. */
static void keep_words(struct writing *writing, struct sl_str data)
{
	struct sim_wordset words = { { 0 } };
	sim_wordset_add_all(&words, data);
	for (size_t i = 0; i < SIM_WORDS / 64; i++)
		writing->intent.given_up.bits[i] &= ~words.bits[i];
}

/* Somebody is asked about it; NULL: about none. */
static const struct sl_row *row_in_question(const struct writing *writing)
{
	struct sim_decision decision;
	for (size_t i = 0; sim_view_decision(writing->device->engine, i, &decision); i++)
		if (sl_entity_has_episode(decision.key.entity))
			return sl_rowset_find(sl_engine_rows(writing->device->engine), &decision.key);
	return NULL;
}

static void move_away(struct writing *writing)
{
	const struct sl_row *asked = row_in_question(writing);
	const struct sl_row *row = asked && dice_chance(&writing->dice, 700) ? asked
		: writing_choose(writing, dice_chance(&writing->dice, 600) ? SL_SCENES : SL_SHOTS);
	const struct sl_row *episode = writing_choose(writing, SL_EPISODES);
	if (!row || !episode || episode->key.episode == row->key.episode)
		return;
	struct sl_key key = { row->key.entity, episode->key.episode, row->key.id };
	if (sl_rowset_find(sl_engine_rows(writing->device->engine), &key))
		writing_free_id(writing, &key, key.entity == SL_SCENES ? "sc" : "1-");
	struct sl_str data = row->data;
	writing_delete(writing, &row->key);
	writing_put(writing, &key, no_rank, writing_open(row), "");
	sim_runs_move(writing->sim, &key);
	keep_words(writing, data);
}

/* --- counters ----------------------------------------------------------------------------------------------------- */

/* All counts of the group begin again. */
static void reset(struct writing *writing)
{
	size_t counter = dice_roll(&writing->dice, SIM_COUNTERS);
	const char *const *path = sim_counter_paths[counter];
	struct sl_key key = writing_meta_key(sim_counter_rows[counter]);
	json_t *data = writing_open_meta(writing, sim_counter_rows[counter]);
	json_t *group = path[1] ? json_object_get(data, *path++) : data;
	int64_t old = (int64_t)json_number_value(json_object_get(group, *path));
	if (old == 0) {
		json_decref(data);
		return;
	}
	json_object_set_new(group, *path, json_integer(0));
	writing->intent.resets[counter] = old;
	writing_put(writing, &key, no_rank, data, sim_counter_rows[counter]);
}

/* --- runs of scenes ----------------------------------------------------------------------------------------------- */

static void add_scene(struct writing *writing, int64_t episode)
{
	char id[32];
	int length = snprintf(id, sizeof(id), "run%u-%lld", writing->device->index, (long long)++writing->device->run_rows);
	struct sl_key key = { SL_SCENES, episode, sim_copy(writing->sim, (struct sl_str){ id, (size_t)length }) };
	json_t *data = json_object();
	set_text(data, "title", typing_word(writing, false, SIM_LATIN));
	writing_put(writing, &key, no_rank, data, "");
	sim_runs_add(writing->sim, writing->device->index, &key);
}

static void add_run(struct writing *writing)
{
	const struct sl_row *episode = writing_choose(writing, SL_EPISODES);
	if (!episode)
		return;
	writing->device->run_episode = episode->key.episode;
	for (size_t i = 2 + dice_roll(&writing->dice, 2); i > 0; i--)
		add_scene(writing, episode->key.episode);
}

static void add_to_run(struct writing *writing)
{
	struct sl_key episode = sl_key_of_episode(writing->device->run_episode);
	if (sl_rowset_find(sl_engine_rows(writing->device->engine), &episode))
		add_scene(writing, episode.episode);
}

/* --- video jobs --------------------------------------------------------------------------------------------------- */

static void start_job(struct writing *writing, json_t *data)
{
	json_object_set_new(data, "videoStatus", json_string("queued"));
	set_text(data, "videoId", typing_word(writing, false, SIM_LATIN));
	json_object_set_new(data, "videoStartTime", json_integer((json_int_t)writing->sim->steps));
	json_object_del(data, "videoUrl");
	json_object_del(data, "videoErrorMsg");
}

static void run_job(struct writing *writing)
{
	const struct sl_row *row = writing_choose(writing, SL_SHOTS);
	json_t *data = row ? writing_open(row) : NULL;
	const char *status = json_string_value(json_object_get(data, "videoStatus"));
	if (!row)
		return;
	if (status && strcmp(status, "queued") == 0) {
		json_object_set_new(data, "videoStatus", json_string("generating"));
	} else if (status && strcmp(status, "generating") == 0 && dice_chance(&writing->dice, 700)) {
		json_object_set_new(data, "videoStatus", json_string("completed"));
		set_text(data, "videoUrl", typing_word(writing, false, SIM_LATIN));
	} else if (status && strcmp(status, "generating") == 0) {
		json_object_set_new(data, "videoStatus", json_string("error"));
		set_text(data, "videoErrorMsg", typing_word(writing, false, SIM_LATIN));
	} else {
		start_job(writing, data);
	}
	writing_put(writing, &row->key, no_rank, data, "videoStatus");
}

/* --- numbers that apps count up ----------------------------------------------------------------------------------- */

static void add_shot(struct writing *writing, int64_t episode, size_t number)
{
	char id[48];
	struct sl_key key = { SL_SHOTS, episode, { id, 0 } };
	do
		key.id.length = (size_t)snprintf(id, sizeof(id), "%lld-1-%02zu", (long long)episode, number++);
	while (sl_rowset_find(sl_engine_rows(writing->device->engine), &key) || sl_rowset_find(writing->rows, &key));
	key.id = sim_copy(writing->sim, key.id);
	json_t *data = json_object();
	writing->birth = ++writing->sim->check.births;
	set_text(data, "description", typing_new(writing));
	set_text(data, "dialogue", typing_new(writing));
	writing->birth = 0;
	writing_put(writing, &key, no_rank, data, "");
}

static void add_next(struct writing *writing)
{
	const struct sl_row *episode = writing_choose(writing, SL_EPISODES);
	if (!episode || dice_chance(&writing->dice, 300)) {
		struct sl_key key = sl_key_of_episode(writing->device->last_episode + 1);
		json_t *data = json_object();
		set_text(data, "title", typing_word(writing, false, SIM_LATIN));
		set_text(data, "content", typing_new(writing));
		writing_put(writing, &key, no_rank, data, "");
		for (size_t i = 0, count = dice_roll(&writing->dice, 3); i < count; i++)
			add_shot(writing, key.episode, i + 1);
		return;
	}
	add_shot(writing, episode->key.episode, 1);
}

/* --- apps of a later version -------------------------------------------------------------------------------------- */

static void set_future(struct writing *writing)
{
	static const enum sl_entity entities[] = { SL_EPISODES, SL_SHOTS, SL_CHARACTERS, SL_SCENES };
	const struct sl_row *row = writing_choose(writing, entities[dice_roll(&writing->dice, 4)]);
	if (!row)
		return;
	json_t *data = writing_open(row);
	if (writing->sim->plan->with[SIM_WITH_FUTURE_WORDS] && row->key.entity == SL_SHOTS && dice_chance(&writing->dice, 500)) {
		json_object_set_new(data, "videoStatus", json_string("upscaling"));
		writing_put(writing, &row->key, no_rank, data, "videoStatus");
		return;
	}
	json_object_set_new(data, "x_mood", json_pack("{s:o}", "of", json_string(dice_chance(&writing->dice, 500) ? "dark" : "light")));
	writing_put(writing, &row->key, no_rank, data, "x_mood");
}

/* --- all ---------------------------------------------------------------------------------------------------------- */

void habit_worlds(struct writing *writing, enum sim_action_kind kind)
{
	if (kind == SIM_RENAME_ELEMENT)
		rename_element(writing);
	else if (kind == SIM_ADD_NAMELESS)
		add_nameless(writing);
	else if (kind == SIM_MOVE_AWAY)
		move_away(writing);
	else if (kind == SIM_RESET)
		reset(writing);
	else if (kind == SIM_ADD_RUN)
		add_run(writing);
	else if (kind == SIM_ADD_TO_RUN)
		add_to_run(writing);
	else if (kind == SIM_JOB)
		run_job(writing);
	else if (kind == SIM_ADD_NEXT)
		add_next(writing);
	else if (kind == SIM_FUTURE)
		set_future(writing);
}
