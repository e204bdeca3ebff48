/* Who wrote rows, as the server names them: in answers, and in entries of the journal; see entries.h. Keeps true: a row has an
 * author only if the server said so of that very state; whatever else an answer says of authors is left alone, and never an
 * error. Rules: merge.md "The journal"; protocol.md "Project", on `Prefer: authors`. */
#include <inttypes.h>
#include <stdio.h>

#include "core/base/utf8.h"
#include "core/engine/private.h"
#include "core/json/parse.h"
#include "core/json/write.h"

#define MOST_ID_BYTES 128 /* a longer id is none: cut, it could be another one's */

/* --- in answers --------------------------------------------------------------------------------------------------- */

static bool is_integer(const json_t *value)
{
	double number = json_number_value(value);
	return json_is_number(value) && number >= -SL_SAFE_INTEGER && number <= SL_SAFE_INTEGER
		&& number == (double)(int64_t)number;
}

/* False: that names no row. Its text is borrowed. */
static bool read_key(const json_t *item, struct sl_key *key_r)
{
	const json_t *value = json_object_get(item, "key"), *name = json_object_get(item, "entity");
	enum sl_entity entity = sl_entity_from_name(sl_json_text(name));
	if (!json_is_string(name) || entity == SL_ENTITIES)
		return false;
	if (entity == SL_EPISODES && !is_integer(value))
		return false;
	if (sl_entity_has_episode(entity) && !is_integer(json_object_get(value, "episodeId")))
		return false;
	*key_r = sl_key_from_json(entity, value);
	return entity == SL_EPISODES || key_r->id.length > 0;
}

int sl_engine_read_authors(struct sl_engine *engine, const json_t *body, int64_t version, struct sl_authors *authors_r)
{
	json_t *list = json_object_get(body, "authors"), *item;
	size_t index;
	*authors_r = (struct sl_authors){ NULL, json_object_get(body, "versions") };
	if (json_array_size(list) == 0 || !json_is_object(authors_r->versions))
		return SL_OK;
	authors_r->rows = sl_rowset_new(&engine->scratch, json_array_size(list));
	if (!authors_r->rows)
		return SL_NO_MEMORY;
	json_array_foreach(list, index, item) {
		struct sl_row row = { .version = 0 };
		if (!read_key(item, &row.key) || !sl_engine_read_version(json_object_get(item, "version"), &row.version))
			continue;
		const struct sl_row *known = sl_rowset_find(authors_r->rows, &row.key);
		if (row.version <= version && !(known && known->version > row.version) && !sl_rowset_put(authors_r->rows, &row))
			return SL_NO_MEMORY;
	}
	return SL_OK;
}

/* An id is text, or a number; `number` has the room for that. Empty: there is none. */
static struct sl_str read_id(const json_t *value, char number[24])
{
	struct sl_str id = sl_json_text(value);
	if (is_integer(value))
		id = (struct sl_str){ number, (size_t)snprintf(number, 24, "%" PRId64, (int64_t)json_number_value(value)) };
	return id.length <= MOST_ID_BYTES ? id : (struct sl_str){ NULL, 0 };
}

static struct sl_str cut_name(struct sl_str name)
{
	if (name.length > SL_JOURNAL_NAME_BYTES)
		name.length = sl_utf8_valid((struct sl_str){ name.bytes, SL_JOURNAL_NAME_BYTES });
	return name;
}

int sl_journal_name_author(struct sl_engine *engine, struct sl_open_entry *open, const struct sl_key *key, size_t *author_r)
{
	const struct sl_authors *told = engine->authors;
	const struct sl_row *row = told && told->rows ? sl_rowset_find(told->rows, key) : NULL;
	char name[24], user[24], device[24];
	*author_r = 0;
	if (!row)
		return SL_OK;
	snprintf(name, sizeof(name), "%" PRId64, row->version);
	const json_t *by = json_object_get(told->versions, name), *at = json_object_get(by, "at");
	struct sl_journal_author author = { .user_id = read_id(json_object_get(by, "userId"), user),
		.device_id = read_id(json_object_get(by, "deviceId"), device),
		.device_name = cut_name(sl_json_text(json_object_get(by, "deviceName"))), .version = row->version };
	if (!author.user_id.length && !author.device_id.length)
		return SL_OK;
	if (!sl_engine_read_version(at, &author.at_ms))
		author.at_ms = 0;
	return sl_journal_join_author(open, &author, author_r);
}

/* --- in entries in the making ------------------------------------------------------------------------------------- */

/* Most entries name nobody, and take no room for it. */
static int make_room(struct sl_open_entry *open)
{
	if (open->authors)
		return SL_OK;
	open->by = sl_rowset_new(&open->arena, 8);
	open->authors = open->by ? sl_arena_zalloc(&open->arena, SL_JOURNAL_AUTHORS, sizeof(*open->authors)) : NULL;
	return open->authors ? SL_OK : SL_NO_MEMORY;
}

static size_t place_of(const struct sl_open_entry *open, const struct sl_journal_author *author)
{
	size_t place = 0;
	while (place < open->author_count && !(sl_str_equal(open->authors[place].device_id, author->device_id)
		&& sl_str_equal(open->authors[place].user_id, author->user_id)))
		place++;
	return place;
}

/* The newest version of an author says what it is called. */
static int tell_newest(struct sl_open_entry *open, const struct sl_journal_author *author, struct sl_journal_author *known)
{
	struct sl_str name;
	if (author->version <= known->version)
		return SL_OK;
	if (!sl_str_equal(known->device_name, author->device_name)) {
		if (sl_arena_copy(&open->arena, author->device_name, &name) != SL_OK)
			return SL_NO_MEMORY;
		known->device_name = name;
	}
	known->version = author->version;
	known->at_ms = author->at_ms;
	return SL_OK;
}

int sl_journal_join_author(struct sl_open_entry *open, const struct sl_journal_author *author, size_t *author_r)
{
	*author_r = 0;
	if (make_room(open) != SL_OK)
		return SL_NO_MEMORY;
	size_t place = place_of(open, author);
	if (place == SL_JOURNAL_AUTHORS)
		return SL_OK;
	*author_r = place + 1;
	if (place < open->author_count)
		return tell_newest(open, author, &open->authors[place]);
	struct sl_journal_author *added = &open->authors[open->author_count++];
	*added = (struct sl_journal_author){ .version = author->version, .at_ms = author->at_ms };
	int rc = sl_arena_copy(&open->arena, author->user_id, &added->user_id);
	if (rc == SL_OK)
		rc = sl_arena_copy(&open->arena, author->device_id, &added->device_id);
	return rc == SL_OK ? sl_arena_copy(&open->arena, author->device_name, &added->device_name) : rc;
}

size_t sl_journal_author_in(const struct sl_open_entry *open, const struct sl_key *key)
{
	const struct sl_row *row = open->by ? sl_rowset_find(open->by, key) : NULL;
	return row ? (size_t)row->version : 0;
}

int sl_journal_put_author(struct sl_open_entry *open, const struct sl_key *key, size_t author)
{
	if (!open->by)
		return SL_OK;
	if (author)
		return sl_rowset_put(open->by, &(struct sl_row){ .key = *key, .version = (int64_t)author }) ? SL_OK : SL_NO_MEMORY;
	sl_rowset_remove(open->by, key);
	return SL_OK;
}

/* --- as they are stored ------------------------------------------------------------------------------------------- */

void sl_journal_write_authors(const struct sl_journal_author *authors, size_t count, struct sl_buf *out)
{
	for (size_t i = 0; i < count; i++) {
		const struct sl_journal_author *author = &authors[i];
		sl_buf_add_text(out, i ? ",{\"userId\":" : ",\"authors\":[{\"userId\":");
		sl_json_string(out, author->user_id);
		sl_buf_add_text(out, ",\"deviceId\":");
		sl_json_string(out, author->device_id);
		sl_buf_add_text(out, ",\"deviceName\":");
		sl_json_string(out, author->device_name);
		sl_buf_add_text(out, ",\"version\":");
		sl_buf_add_int(out, author->version);
		sl_buf_add_text(out, ",\"at\":");
		sl_buf_add_int(out, author->at_ms);
		sl_buf_add_char(out, '}');
	}
	if (count)
		sl_buf_add_char(out, ']');
}

static int read_stored(const json_t *object, struct sl_arena *arena, struct sl_journal_author *author_r)
{
	*author_r = (struct sl_journal_author){ .version = sl_engine_stored_number(object, "version"),
		.at_ms = sl_engine_stored_number(object, "at") };
	int rc = sl_arena_copy(arena, sl_json_text(json_object_get(object, "userId")), &author_r->user_id);
	if (rc == SL_OK)
		rc = sl_arena_copy(arena, sl_json_text(json_object_get(object, "deviceId")), &author_r->device_id);
	return rc == SL_OK ? sl_arena_copy(arena, sl_json_text(json_object_get(object, "deviceName")), &author_r->device_name) : rc;
}

/* Nothing that leads back to earlier rows depends on authors, so what is odd about them does no harm. */
int sl_journal_read_authors(const json_t *list, struct sl_arena *arena, struct sl_journal_entry *entry)
{
	size_t count = json_array_size(list) < SL_JOURNAL_AUTHORS ? json_array_size(list) : SL_JOURNAL_AUTHORS;
	struct sl_journal_author *authors = count ? sl_arena_zalloc(arena, count, sizeof(*authors)) : NULL;
	int rc = authors || !count ? SL_OK : SL_NO_MEMORY;
	for (size_t i = 0; rc == SL_OK && i < count; i++)
		rc = read_stored(json_array_get(list, i), arena, &authors[i]);
	entry->authors = authors;
	entry->author_count = count;
	return rc;
}

const struct sl_journal_author *sl_journal_author_of(const struct sl_journal_entry *entry, const struct sl_key *key)
{
	const struct sl_journal_change *change = sl_journal_find(entry, key);
	return change && change->author ? &entry->authors[change->author - 1] : NULL;
}
