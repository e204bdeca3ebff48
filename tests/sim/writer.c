/* Habits that change one field of one row; see writer.h. */
#include "writer.h"

#include <stdlib.h>

#include "core/json/parse.h"

struct place {
	enum sl_entity entity;
	const char *field; /* of meta: the row's name */
};

/* Some stand twice: scripts and scenes are where writers spend their days. */
static const struct place texts[] = { { SL_META, "rawScript" }, { SL_META, "rawScript" }, { SL_META, "rawScript" },
	{ SL_META, "context.projectSummary" }, { SL_EPISODES, "content" }, { SL_EPISODES, "content" },
	{ SL_SCENES, "content" }, { SL_SCENES, "content" }, { SL_SCENES, "content" }, { SL_SHOTS, "description" },
	{ SL_SHOTS, "dialogue" }, { SL_CHARACTERS, "bio" }, { SL_LOCATIONS, "description" } };
static const struct place titles[] = { { SL_META, "fileName" }, { SL_EPISODES, "title" }, { SL_SCENES, "title" },
	{ SL_SHOTS, "duration" }, { SL_SHOTS, "videoUrl" }, { SL_CHARACTERS, "name" }, { SL_LOCATIONS, "name" } };
static const struct place flags[] = { { SL_SHOTS, "isApproved" }, { SL_CHARACTERS, "isMain" } };
static const struct place statuses[] = { { SL_EPISODES, "status" }, { SL_SHOTS, "videoStatus" } };

#define CHOOSE(writing, table) (&(table)[dice_roll(&(writing)->dice, sizeof(table) / sizeof((table)[0]))])

/* --- fields that hold text ---------------------------------------------------------------------------------------- */

static struct sl_str text_of(const json_t *value)
{
	return (struct sl_str){ json_string_value(value), json_string_length(value) };
}

static json_t *json_of(struct sl_str text)
{
	json_t *value = json_stringn(text.bytes ? text.bytes : "", text.length);
	if (!value)
		abort();
	return value;
}

/* Polite users don't edit in two windows at once. */
static bool is_open(const struct writing *writing, const struct sl_key *key)
{
	const struct sim_editor *editor = &writing->device->editor;
	return writing->sim->plan->polite && editor->open && sl_key_equal(&editor->before.key, key);
}

/* Puts one text field, found in the row's data or empty, through an edit. */
static void edit_text(struct writing *writing, const struct place *place,
	struct sl_str (*edit)(struct writing *, struct sl_str))
{
	bool meta = place->entity == SL_META;
	struct sl_key key = writing_meta_key(place->field);
	const struct sl_row *row = meta ? NULL : writing_choose(writing, place->entity);
	if ((!meta && !row) || (row && is_open(writing, &row->key)))
		return;
	json_t *data = meta ? writing_open_meta(writing, place->field) : writing_open(row);
	struct sl_str old = text_of(meta ? data : json_object_get(data, place->field)), new = edit(writing, old);
	if (sl_str_equal(old, new)) {
		json_decref(data);
		return;
	}
	if (meta) {
		json_decref(data);
		data = json_of(new);
	} else {
		json_object_set_new(data, place->field, json_of(new));
	}
	writing_put(writing, meta ? &key : &row->key, (struct sl_str){ NULL, 0 }, data, place->field);
}

static struct sl_str retitle(struct writing *writing, struct sl_str text)
{
	struct sl_str word = typing_word(writing, false, SIM_LATIN);
	return word.length ? word : text;
}

/* --- other fields ------------------------------------------------------------------------------------------------- */

static void set_flag(struct writing *writing)
{
	const struct place *place = CHOOSE(writing, flags);
	const struct sl_row *row = writing_choose(writing, place->entity);
	if (!row)
		return;
	json_t *data = writing_open(row);
	json_object_set_new(data, place->field, json_boolean(!json_is_true(json_object_get(data, place->field))));
	writing_put(writing, &row->key, (struct sl_str){ NULL, 0 }, data, place->field);
}

static void set_progress(struct writing *writing)
{
	const struct place *place = CHOOSE(writing, statuses);
	const struct sl_field *field = sl_schema_field(sl_schema_row(place->entity), sl_str_from(place->field));
	const struct sl_row *row = writing_choose(writing, place->entity);
	size_t words = 0;
	if (!row)
		return;
	while (field->words[words])
		words++;
	json_t *data = writing_open(row);
	json_object_set_new(data, place->field, json_string(field->words[dice_roll(&writing->dice, words)]));
	writing_put(writing, &row->key, (struct sl_str){ NULL, 0 }, data, place->field);
}

static void set_unknown(struct writing *writing)
{
	const struct sl_row *row = writing_choose(writing, dice_chance(&writing->dice, 500) ? SL_SHOTS : SL_SCENES);
	if (!row)
		return;
	json_t *data = writing_open(row);
	json_object_set_new(data, "x_note", json_pack("{s:i}", "n", (int)dice_roll(&writing->dice, 1000)));
	writing_put(writing, &row->key, (struct sl_str){ NULL, 0 }, data, "x_note");
}

/* Each increment of a counter is another power of 4, so that a wrong sum tells which is missing or counted twice. */
#define MOST_STEPS 25

static void count_on(struct writing *writing, size_t counter)
{
	unsigned step = writing->sim->check.counter_steps[counter];
	const char *const *path = sim_counter_paths[counter];
	struct sl_key key = writing_meta_key(sim_counter_rows[counter]);
	json_t *data, *holder;
	if (step >= MOST_STEPS)
		return;
	writing->sim->check.counter_steps[counter]++;
	data = holder = writing_open_meta(writing, sim_counter_rows[counter]);
	if (path[1]) { /* somebody may have undone the step that made it */
		holder = json_object_get(data, *path);
		if (!holder && json_object_set_new(data, *path, holder = json_object()) != 0)
			abort();
		path++;
	}
	if (writing->sim->plan->with[SIM_WITH_RESETS]) /* the later, the less: a counter that was set back stays below what it was */
		step = MOST_STEPS - 1 - step;
	bool ones = writing->sim->plan->with[SIM_WITH_ONES] && !writing->sim->plan->with[SIM_WITH_RESETS];
	int64_t add = ones ? 1 : INT64_C(1) << (2 * step), old = (int64_t)json_number_value(json_object_get(holder, *path));
	json_object_set_new(holder, *path, json_integer(old + add));
	writing->intent.counters[counter] = add;
	writing_put(writing, &key, (struct sl_str){ NULL, 0 }, data, sim_counter_rows[counter]);
}

static void count_up(struct writing *writing)
{
	count_on(writing, dice_roll(&writing->dice, SIM_COUNTERS));
}

/* --- lists of named things ---------------------------------------------------------------------------------------- */

static const struct place lists[] = { { SL_CHARACTERS, "forms" }, { SL_LOCATIONS, "zones" } };

static void add_element(struct writing *writing, json_t *list, const char *name_field)
{
	static const char *const names[] = { "young", "old", "masked" };
	json_t *element = json_object();
	json_object_set_new(element, name_field, json_string(names[dice_roll(&writing->dice, 3)]));
	json_object_set_new(element, "description", json_of(typing_new(writing)));
	const json_t *other;
	size_t i;
	json_array_foreach(list, i, other)
		if (json_equal(json_object_get(other, name_field), json_object_get(element, name_field))) {
			json_array_set_new(list, i, element);
			return;
		}
	json_array_append_new(list, element);
}

static void edit_list(struct writing *writing)
{
	const struct place *place = CHOOSE(writing, lists);
	const struct sl_row *row = writing_choose(writing, place->entity);
	if (!row)
		return;
	json_t *data = writing_open(row), *list = json_object_get(data, place->field);
	if (!list) {
		list = json_array();
		json_object_set_new(data, place->field, list);
	}
	size_t count = json_array_size(list), habit = dice_roll(&writing->dice, 10);
	if (count == 0 || habit < 4) {
		add_element(writing, list, place->entity == SL_CHARACTERS ? "formName" : "name");
	} else if (habit < 8) {
		json_t *element = json_array_get(list, dice_roll(&writing->dice, count));
		struct sl_str old = text_of(json_object_get(element, "description"));
		json_object_set_new(element, "description", json_of(typing_add(writing, old)));
	} else {
		json_array_remove(list, dice_roll(&writing->dice, count));
	}
	writing_put(writing, &row->key, (struct sl_str){ NULL, 0 }, data, place->field);
}

/* --- editors that stay open --------------------------------------------------------------------------------------- */

/* An app may tell what it shows, so that the journal keeps that apart. */
static void begin_draft(struct writing *writing)
{
	struct sl_event event = { .type = SL_EVENT_SHOWN };
	struct sim_editor *editor = &writing->device->editor;
	event.shown.revision = editor->revision = sl_engine_revision(writing->device->engine);
	editor->told = dice_chance(&writing->dice, 500);
	if (editor->told && sim_device_handle(writing->sim, writing->device->index, &event, NULL) != SL_OK)
		sim_violate(writing->sim, "engine", "device %u can't be told what is shown", writing->device->index);
	if (dice_chance(&writing->dice, 300) && writing->device->crash_in < 0)
		writing->device->crash_in = (int)dice_between(&writing->dice, 1, 20);
}

/* Where the app has not told what it shows, what was counted there can't be told once the same device has gone on counting. */
static bool is_lost_count(const struct sim_device *device)
{
	const struct sim_editor *editor = &device->editor;
	const struct sl_row *now = sl_rowset_find(sl_engine_rows(device->engine), &editor->before.key);
	return editor->before.key.entity == SL_META && !editor->told && !(now && sl_row_same_content(now, &editor->before));
}

/* What was made of the row is not sent before it is saved. */
static bool keep_open(struct writing *writing)
{
	struct sim *sim = writing->sim;
	struct sim_editor *editor = &writing->device->editor;
	size_t cursor = 0;
	const struct sl_row *row = sl_rowset_next(writing->rows, &cursor);
	const struct sl_row *before = row ? sl_rowset_find(sl_engine_rows(writing->device->engine), &row->key) : NULL;
	if (!before || sl_row_copy(&sim->arena, before, &editor->before) != SL_OK)
		return false;
	editor->after = *row;
	editor->intent = writing->intent;
	editor->open = true;
	editor->revision = 0;
	sim_schedule(sim, sim->now_ms + dice_between(&writing->dice, 500, 60000), SIM_EVENT_SAVE, writing->device->index,
		(int64_t)writing->device->incarnation, NULL);
	return true;
}

static void open_editor(struct writing *writing)
{
	const struct place *place = CHOOSE(writing, texts);
	if (writing->device->editor.open || place->entity == SL_META)
		return;
	edit_text(writing, place, typing_add);
	if (keep_open(writing) && writing->sim->plan->with[SIM_WITH_DRAFTS])
		begin_draft(writing);
}

/* Counts, opens a draft that counts on, and goes on elsewhere: all of it one step of the journal, unless the app says what it shows. */
static void open_count(struct writing *writing)
{
	size_t counter = dice_roll(&writing->dice, SIM_COUNTERS);
	struct writing draft, more;
	if (writing->device->editor.open)
		return;
	count_on(writing, counter);
	writing_send(writing);
	if (!writing->device->engine)
		return;
	writing_begin(&draft, writing->sim, writing->device->index, dice_next(&writing->dice));
	count_on(&draft, counter);
	if (!keep_open(&draft))
		return;
	begin_draft(&draft);
	if (!writing->device->engine)
		return;
	writing_begin(&more, writing->sim, writing->device->index, dice_next(&writing->dice));
	edit_text(&more, CHOOSE(&more, titles), retitle);
	writing_send(&more);
}

static void write_row(struct sim *sim, const struct sl_row *row, struct sl_buf *out)
{
	struct sl_rowset *rows = sl_rowset_new(&sim->arena, 1);
	sl_buf_init(out, SIZE_MAX);
	if (!rows || !sl_rowset_put(rows, row) || sl_delta_write(&(struct sl_delta){ rows, NULL, 0 }, out) != SL_OK)
		abort();
}

/* Whether something else stands by now where the row was: it has another key. */
static bool is_about_other(const struct sim *sim, unsigned index, const struct sl_row *before)
{
	const struct sl_row *now = sl_rowset_find(sim->devices[index].shown, &before->key);
	return now && !sim_words_in_common(now->data, before->data);
}

void sim_writer_save(struct sim *sim, unsigned index)
{
	struct sim_editor *editor = &sim->devices[index].editor;
	struct sl_event event = { .type = SL_EVENT_EDIT };
	struct sl_buf delta, before;
	if (!editor->open)
		return;
	if (!sim->devices[index].engine) { /* a draft waits until the app is there again */
		sim_schedule(sim, sim->now_ms + 5000, SIM_EVENT_SAVE, index, 0, NULL);
		return;
	}
	editor->open = false;
	if (is_lost_count(&sim->devices[index]))
		return;
	if (is_about_other(sim, index, &editor->before) && !sim->plan->with[SIM_WITH_FOLLOW])
		return;
	write_row(sim, &editor->after, &delta);
	write_row(sim, &editor->before, &before);
	event.edit.delta = sl_buf_str(&delta);
	if (editor->revision)
		event.edit.revision = editor->revision;
	else
		event.edit.before = sl_buf_str(&before);
	editor->intent.rows = sl_rowset_new(&sim->arena, 1);
	if (!editor->intent.rows || !sl_rowset_put((struct sl_rowset *)editor->intent.rows, &editor->after))
		abort();
	SIM_NOTE(sim, "user %u    saves %.*s", index, (int)delta.length, delta.bytes);
	sim->check.saving = true;
	int rc = sim_device_handle(sim, index, &event, &editor->intent);
	sim->check.saving = false;
	if (rc != SL_OK && (rc != SL_INVALID || sim->plan->with[SIM_WITH_REVIVED]))
		sim_violate(sim, "engine", "device %u refuses to save (%d)", index, rc);
	sl_buf_dispose(&delta);
	sl_buf_dispose(&before);
}

/* --- all ---------------------------------------------------------------------------------------------------------- */

/* True when the habit is one of this file. */
static bool habit_field(struct writing *writing, enum sim_action_kind kind)
{
	if (kind == SIM_TYPE)
		edit_text(writing, CHOOSE(writing, texts), typing_add);
	else if (kind == SIM_CUT)
		edit_text(writing, CHOOSE(writing, texts), typing_cut);
	else if (kind == SIM_RETITLE)
		edit_text(writing, CHOOSE(writing, titles), retitle);
	else if (kind == SIM_COUNT)
		count_up(writing);
	else if (kind == SIM_FLAG)
		set_flag(writing);
	else if (kind == SIM_PROGRESS)
		set_progress(writing);
	else if (kind == SIM_UNKNOWN)
		set_unknown(writing);
	else if (kind == SIM_LIST)
		edit_list(writing);
	else
		return false;
	return true;
}

bool sim_writer_act(struct sim *sim, const struct sim_action *action)
{
	struct writing writing;
	if (action->kind > SIM_LAST_OF_USERS)
		return false;
	if (!sim->devices[action->device].engine)
		return true;
	writing_begin(&writing, sim, action->device, action->dice);
	if (writing_is_old_app(&writing) && (action->kind == SIM_UNKNOWN || action->kind == SIM_FUTURE))
		return true;
	if (action->kind == SIM_SLOW) {
		const bool *with = sim->plan->with;
		bool counts = with[SIM_WITH_DRAFTS] && !with[SIM_WITH_RESETS] && !with[SIM_WITH_THINNED];
		if (counts && dice_chance(&writing.dice, 500))
			open_count(&writing);
		else
			open_editor(&writing);
		return true;
	}
	if (!habit_field(&writing, action->kind)) {
		habit_rows(&writing, action->kind);
		habit_large(&writing, action->kind);
		habit_people(&writing, action->kind);
		habit_worlds(&writing, action->kind);
	}
	writing_send(&writing);
	return true;
}
