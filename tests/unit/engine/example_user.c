/* What users do at their desks; see example_world.h. They see the screen, which may be old, and only that. */
#include <stdio.h>
#include <stdlib.h>

#include <jansson.h>

#include "core/json/parse.h"
#include "core/json/write.h"
#include "example_disk.h"
#include "example_world.h"

static const char *const text_fields[SL_ENTITIES] = { NULL, "content", "content", "description", "bio", "description" };

size_t user_next_word(struct sl_str text, size_t *cursor)
{
	for (size_t i = *cursor; i < text.length; i++) {
		size_t number = 0, at = i + 1;
		if (text.bytes[i] != 'w')
			continue;
		while (at < text.length && text.bytes[at] >= '0' && text.bytes[at] <= '9')
			number = number * 10 + (size_t)(text.bytes[at++] - '0');
		if (at == text.length || text.bytes[at] != 'z' || number == 0)
			continue;
		*cursor = at + 1;
		return number;
	}
	return 0;
}

/* --- words -------------------------------------------------------------------------------------------------------- */

/* 0 when all are used up. */
static size_t new_word(struct desk *desk)
{
	struct world *world = desk->world;
	if (world->word_count + 1 == WORLD_WORDS)
		return 0;
	world->words[++world->word_count] = (struct word){ .typist = desk->number };
	return world->word_count;
}

/* The text with a word more, at the beginning of a word of it or at its end: a new string. */
static json_t *with_word(struct desk *desk, const char *text, size_t word)
{
	size_t length = strlen(text), at = dice_roll(&desk->world->dice, length + 1);
	struct sl_buf out;
	while (at < length && (at == 0 || text[at - 1] != ' '))
		at++;
	sl_buf_init(&out, SIZE_MAX);
	sl_buf_add(&out, text, at);
	if (at > 0 && text[at - 1] != ' ')
		sl_buf_add_char(&out, ' ');
	sl_buf_add_char(&out, 'w');
	sl_buf_add_int(&out, (int64_t)word);
	sl_buf_add_text(&out, "z ");
	sl_buf_add(&out, text + at, length - at);
	json_t *made = json_stringn(out.bytes, out.length);
	sl_buf_dispose(&out);
	return made;
}

static void withdraw(struct desk *desk, const struct sl_row *row)
{
	size_t at = 0, word;
	while ((word = user_next_word(row->data, &at)) != 0)
		if (desk->world->words[word].typist == desk->number)
			desk->world->words[word].withdrawn = true;
}

/* --- steps -------------------------------------------------------------------------------------------------------- */

/* Behind a step that asked for something: true if it is stored. */
static bool took(struct desk *desk, int rc, const struct sl_err *err, const char *what)
{
	if (!desk_after(desk) || rc == SL_UNAVAILABLE)
		return false;
	if (rc != 0)
		fail_msg("seed %llu: device %u: %s is refused: %d %s %s", (unsigned long long)desk->world->seed, desk->number, what, rc,
			err->path, err->message);
	return true;
}

static struct sl_str write_json(const json_t *json, struct sl_buf *out)
{
	sl_buf_init(out, SIZE_MAX);
	sl_json_write(out, json);
	if (sl_buf_code(out) != 0)
		abort();
	return sl_buf_str(out);
}

static bool give_edit(struct desk *desk, json_t *delta, const char *what)
{
	struct sl_buf text;
	struct sl_err err = SL_ERR_INIT;
	desk_before(desk);
	int rc = host_edit(desk->host, write_json(delta, &text), desk->revision, &err);
	bool taken = took(desk, rc, &err, what);
	json_decref(delta);
	sl_buf_dispose(&text);
	desk->world->edits += taken;
	if (desk->host && dice_chance(&desk->world->dice, 700))
		desk_redraw(desk);
	return taken;
}

static const struct sl_row *pick_row(struct desk *desk)
{
	size_t count = sl_rowset_count(desk->screen), at = 0, skip;
	if (count == 0)
		return NULL;
	skip = dice_roll(&desk->world->dice, count);
	const struct sl_row *row;
	do
		row = sl_rowset_next(desk->screen, &at);
	while (skip-- > 0);
	return row;
}

/* A row as an object of a delta. */
static json_t *row_object(const struct sl_row *row)
{
	struct sl_buf text;
	json_t *object;
	struct sl_err err = SL_ERR_INIT;
	sl_buf_init(&text, SIZE_MAX);
	sl_row_write(&text, row, true, false);
	if (sl_json_parse(sl_buf_str(&text), &object, &err) != 0)
		abort();
	sl_buf_dispose(&text);
	return object;
}

static void type_into(struct desk *desk, json_t *object, const char *field, size_t word)
{
	const char *text = json_string_value(json_object_get(object, field));
	json_object_set_new(object, field, with_word(desk, text ? text : "", word));
}

static void send_row(struct desk *desk, enum sl_entity entity, json_t *object, const char *what)
{
	size_t word = new_word(desk);
	if (word == 0) {
		json_decref(object);
		return;
	}
	type_into(desk, object, text_fields[entity], word);
	json_t *delta = json_pack("{s:[o]}", sl_entity_name(entity), object);
	desk->world->words[word].stored = give_edit(desk, delta, what);
}

void user_types(struct desk *desk)
{
	struct sl_key key = { SL_META, 0, SL_STR("rawScript") };
	const struct sl_row *row = sl_rowset_find(desk->screen, &key);
	size_t word = new_word(desk);
	json_t *text = NULL;
	struct sl_err err = SL_ERR_INIT;
	if (word == 0 || (row && sl_json_parse(row->data, &text, &err) != 0))
		return;
	json_t *typed = with_word(desk, text ? json_string_value(text) : "", word);
	json_decref(text);
	desk->world->words[word].stored = give_edit(desk, json_pack("{s:{s:o}}", "meta", "rawScript", typed), "typing");
}

/* The app counts something that the user has used. */
static void count_up(struct desk *desk)
{
	struct sl_key key = { SL_META, 0, SL_STR("phase4Usage") };
	const struct sl_row *row = sl_rowset_find(desk->screen, &key);
	int64_t more = dice_between(&desk->world->dice, 1, 9);
	json_t *usage = NULL;
	struct sl_err err = SL_ERR_INIT;
	if (row && sl_json_parse(row->data, &usage, &err) != 0)
		abort();
	double known = json_number_value(json_object_get(usage, "totalTokens"));
	json_decref(usage);
	usage = json_pack("{s:i, s:i, s:f}", "promptTokens", 0, "responseTokens", 0, "totalTokens", known + (double)more);
	if (give_edit(desk, json_pack("{s:{s:o}}", "meta", "phase4Usage", usage), "counting"))
		desk->world->counted += more;
	else
		desk->world->perhaps_counted += more;
}

static void edit_row(struct desk *desk)
{
	const struct sl_row *row = pick_row(desk);
	if (!row || row->key.entity == SL_META)
		user_types(desk);
	else
		send_row(desk, row->key.entity, row_object(row), "an edit");
}

/* A new row. Ids are counted up, so that devices use the same; some are names that nobody else has. */
static void add_row(struct desk *desk)
{
	struct dice *dice = &desk->world->dice;
	enum sl_entity entity = (enum sl_entity)(SL_EPISODES + dice_roll(dice, SL_ENTITIES - SL_EPISODES));
	struct sl_row row = { .key = { entity, 0, { NULL, 0 } }, .data = SL_STR("{}") };
	const struct sl_row *parent = pick_row(desk);
	unsigned char random[16];
	char id[SL_NEW_ID_BYTES];
	if (sl_entity_has_episode(entity) && (!parent || parent->key.entity != SL_EPISODES))
		entity = row.key.entity = SL_EPISODES;
	if (entity == SL_EPISODES || sl_entity_has_episode(entity))
		row.key.episode = sl_entity_has_episode(entity) ? parent->key.episode : dice_between(dice, 1, 5);
	for (size_t i = 0; i < sizeof(random); i++)
		random[i] = (unsigned char)dice_next(dice);
	sl_engine_new_id(random, id);
	if (dice_chance(dice, 500))
		snprintf(id, sizeof(id), "%u", (unsigned)dice_between(dice, 1, 5));
	if (entity != SL_EPISODES)
		row.key.id = sl_str_from(id);
	if (!sl_rowset_find(desk->screen, &row.key))
		send_row(desk, entity, row_object(&row), "a new row");
}

static void delete_row(struct desk *desk)
{
	const struct sl_row *row = pick_row(desk), *other;
	size_t at = 0;
	struct sl_delta delta = { .deleted_count = 1 };
	struct sl_buf text;
	json_t *json;
	struct sl_err err = SL_ERR_INIT;
	if (!row || row->key.entity == SL_META)
		return;
	delta.deleted = &row->key;
	while ((other = sl_rowset_next(desk->screen, &at)) != NULL)
		if (other == row || (row->key.entity == SL_EPISODES && sl_entity_has_episode(other->key.entity)
			&& other->key.episode == row->key.episode))
			withdraw(desk, other);
	delta.rows = sl_rowset_new(&desk->arena, 1);
	sl_buf_init(&text, SIZE_MAX);
	if (!delta.rows || sl_delta_write(&delta, &text) != 0 || sl_json_parse(sl_buf_str(&text), &json, &err) != 0)
		abort();
	sl_buf_dispose(&text);
	give_edit(desk, json, "a deletion");
}

/* An app that knows only whole documents saves one. */
static void replace(struct desk *desk)
{
	struct sl_buf text;
	struct sl_err err = SL_ERR_INIT;
	json_t *document;
	size_t word = new_word(desk);
	sl_buf_init(&text, SIZE_MAX);
	if (word == 0)
		return;
	if (sl_rows_write_document(desk->screen, &desk->arena, &text, &err) != 0
		|| sl_json_parse(sl_buf_str(&text), &document, &err) != 0)
		abort();
	sl_buf_dispose(&text);
	type_into(desk, document, "rawScript", word);
	desk_before(desk);
	int rc = host_replace(desk->host, write_json(document, &text), desk->revision, &err);
	desk->world->words[word].stored = took(desk, rc, &err, "a document");
	sl_buf_dispose(&text);
	json_decref(document);
	if (desk->host)
		desk_redraw(desk);
}

static int pick_entry(void *context, const struct host_past *past)
{
	int64_t *picked = context; /* the entry; how many more to pass by */
	picked[0] = past->number;
	return picked[1]-- == 0;
}

static void undo(struct desk *desk)
{
	int64_t picked[2] = { 0, dice_between(&desk->world->dice, 0, 12) };
	struct sl_err err = SL_ERR_INIT;
	int rc = host_history(desk->host, pick_entry, picked);
	if (rc < 0)
		fail_msg("seed %llu: device %u can't read its journal: %d", (unsigned long long)desk->world->seed, desk->number, rc);
	if (picked[0] == 0)
		return;
	desk_before(desk);
	rc = host_undo(desk->host, picked[0], 0, &err);
	desk->world->undone += took(desk, rc, &err, "an undo");
}

static void decide(struct desk *desk)
{
	struct dice *dice = &desk->world->dice;
	size_t count = 0, word = 0;
	while (sl_engine_conflict(host_engine(desk->host), count))
		count++;
	if (count == 0)
		return;
	const struct sl_conflict_copy *copy = sl_engine_conflict(host_engine(desk->host), dice_roll(dice, count));
	size_t hunk = copy->note.hunk_count ? dice_roll(dice, copy->note.hunk_count + 1) : 0;
	enum sl_choice choice = (enum sl_choice)dice_roll(dice, copy->note.hunk_count ? SL_CHOICE_OWN + 1 : SL_CHOICE_THEIRS + 1);
	char own[32] = "";
	struct sl_err err = SL_ERR_INIT;
	if (choice == SL_CHOICE_OWN && (word = new_word(desk)) != 0)
		snprintf(own, sizeof(own), "w%zuz", word);
	desk_before(desk);
	int rc = host_resolve(desk->host, copy->id, hunk, choice, sl_str_from(own), &err);
	bool taken = took(desk, rc, &err, "a decision");
	desk->world->decisions += taken;
	if (word)
		desk->world->words[word].stored = taken;
}

static void go_offline(struct desk *desk)
{
	bool online = desk->online = dice_chance(&desk->world->dice, 700);
	struct sl_err err = SL_ERR_INIT;
	desk->cut_off = !online && dice_chance(&desk->world->dice, 500);
	desk_before(desk);
	took(desk, host_online(desk->host, online), &err, "the network");
}

void user_act(struct desk *desk)
{
	static void (*const acts[])(struct desk *) = { user_types, user_types, user_types, edit_row, edit_row, edit_row, edit_row,
		add_row, add_row, add_row, count_up, replace, go_offline, go_offline, delete_row, undo, decide, decide };
	size_t count = sizeof(acts) / sizeof(acts[0]) - (desk->world->gentle ? 4 : 0);
	if (!host_engine(desk->host)) {
		host_tick(desk->host);
		return;
	}
	if (!desk->screen || dice_chance(&desk->world->dice, 600))
		desk_redraw(desk);
	if (desk->host && host_engine(desk->host) && desk->screen)
		acts[dice_roll(&desk->world->dice, count)](desk);
}
