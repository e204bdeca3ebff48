/* What one edit is made of; see writer.h. */
#include <stdlib.h>

#include "core/json/parse.h"
#include "core/json/write.h"

#include "writer.h"

void writing_begin(struct writing *writing, struct sim *sim, unsigned device, uint64_t seed)
{
	*writing = (struct writing){ .sim = sim, .device = &sim->devices[device], .dice = { seed } };
	writing->rows = sl_rowset_new(&sim->arena, 8);
	writing->deleted.arena = &sim->arena;
	if (!writing->rows)
		abort();
}

const struct sl_row *writing_choose(struct writing *writing, enum sl_entity entity)
{
	const struct sl_rowset *rows = sl_engine_rows(writing->device->engine);
	const struct sl_row *row;
	size_t cursor = 0, count = 0;
	while ((row = sl_rowset_next(rows, &cursor)))
		count += row->key.entity == entity;
	if (count == 0)
		return NULL;
	size_t chosen = dice_roll(&writing->dice, count);
	for (cursor = 0; (row = sl_rowset_next(rows, &cursor));)
		if (row->key.entity == entity && chosen-- == 0)
			break;
	return row;
}

static json_t *parse(struct sl_str text)
{
	struct sl_err err = SL_ERR_INIT;
	json_t *value = NULL;
	if (sl_json_parse(text, &value, &err) != SL_OK)
		abort();
	return value;
}

json_t *writing_open(const struct sl_row *row)
{
	return parse(row->data);
}

json_t *writing_open_meta(struct writing *writing, const char *name)
{
	struct sl_key key = writing_meta_key(name);
	const struct sl_row *row = sl_rowset_find(sl_engine_rows(writing->device->engine), &key);
	return row ? writing_open(row) : parse(sl_str_from(sl_schema_empty(key.id)));
}

static void note_field(struct writing *writing, uint64_t field)
{
	struct sim_intent *intent = &writing->intent;
	if (intent->field_count < SIM_INTENT_FIELDS)
		intent->fields[intent->field_count++] = field;
	else
		intent->wide = true;
}

static void give_up(struct writing *writing, struct sl_str before, struct sl_str after)
{
	struct sim_wordset had = { { 0 } }, has = { { 0 } };
	sim_wordset_add_all(&had, before);
	sim_wordset_add_all(&has, after);
	for (size_t i = 0; i < SIM_WORDS / 64; i++)
		writing->intent.given_up.bits[i] |= had.bits[i] & ~has.bits[i];
}

void writing_put(struct writing *writing, const struct sl_key *key, struct sl_str rank, json_t *data, const char *field)
{
	const struct sl_row *old = sl_rowset_find(sl_engine_rows(writing->device->engine), key);
	struct sl_row row = { .key = *key, .rank = rank }, copy;
	struct sl_buf text;
	sl_buf_init(&text, SIZE_MAX);
	sl_json_write(&text, data);
	json_decref(data);
	row.data = sl_buf_str(&text);
	if (sl_buf_code(&text) != SL_OK || sl_row_copy(&writing->sim->arena, &row, &copy) != SL_OK
		|| !sl_rowset_put(writing->rows, &copy))
		abort();
	sl_buf_dispose(&text);
	if (old)
		give_up(writing, old->data, copy.data);
	note_field(writing, sim_check_field(&copy.key, key->entity == SL_META ? (struct sl_str){ NULL, 0 }
		: sl_str_from(field)));
}

void writing_delete(struct writing *writing, const struct sl_key *key)
{
	const struct sl_row *row;
	struct sl_key copy;
	size_t cursor = 0;
	if (sl_key_copy(&writing->sim->arena, key, &copy) != SL_OK || sl_keys_add(&writing->deleted, &copy) != SL_OK)
		abort();
	while ((row = sl_rowset_next(sl_engine_rows(writing->device->engine), &cursor)))
		if (sl_key_equal(&row->key, key) || (key->entity == SL_EPISODES && sl_entity_has_episode(row->key.entity)
			&& row->key.episode == key->episode))
			give_up(writing, row->data, (struct sl_str){ NULL, 0 });
	note_field(writing, sim_check_field(&copy, (struct sl_str){ NULL, 0 }));
	if (writing->sim->plan->polite)
		writing->device->editor.open = false; /* saving it all the same would be an edit against one's own */
}

int writing_tell(struct writing *writing, struct sl_event *event)
{
	writing->intent.compare = true;
	return sim_device_handle(writing->sim, writing->device->index, event, &writing->intent);
}
