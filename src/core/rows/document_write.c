/* Writing the project document from rows that stream in; see document_write.h. A row's stored text is copied as it is, never
 * parsed: reading a project costs a copy of its bytes. */
#include "core/rows/document_write.h"

#include "core/json/write.h"

enum { SECTION_HEAD, SECTION_CHARACTERS, SECTION_LOCATIONS, SECTION_EPISODES, SECTION_SCENES, SECTION_SHOTS };

static void write_member(struct sl_document_writer *writer, struct sl_str name, struct sl_str value)
{
	if (!writer->first_row)
		sl_buf_add_char(writer->out, ',');
	writer->first_row = false;
	if (sl_schema_is_in_context(name))
		name = (struct sl_str){ name.bytes + SL_CONTEXT_BYTES, name.length - SL_CONTEXT_BYTES };
	sl_json_string(writer->out, name);
	sl_buf_add_char(writer->out, ':');
	sl_buf_add_str(writer->out, value);
}

/* The project-level fields of one level: first those that the schema knows, in its order, then the unknown ones. */
static void write_level(struct sl_document_writer *writer, bool context)
{
	const struct sl_shape *shape = sl_schema_row(SL_META);
	const struct sl_row *row;
	size_t cursor = 0;
	writer->first_row = true;
	for (size_t i = 0; i < shape->count; i++) {
		struct sl_key key = { SL_META, 0, sl_str_from(shape->fields[i].name) };
		if (sl_schema_is_in_context(key.id) != context)
			continue;
		row = sl_rowset_find(writer->meta, &key);
		write_member(writer, key.id, row ? row->data : sl_str_from(sl_schema_empty(key.id)));
	}
	while ((row = sl_rowset_next(writer->meta, &cursor)))
		if (sl_schema_is_in_context(row->key.id) == context && !sl_schema_field(shape, row->key.id))
			write_member(writer, row->key.id, row->data);
}

static void write_head(struct sl_document_writer *writer)
{
	sl_buf_add_char(writer->out, '{');
	write_level(writer, false);
	sl_buf_add_text(writer->out, ",\"context\":{");
	write_level(writer, true);
	sl_buf_add_text(writer->out, ",\"characters\":[");
	writer->first_row = true;
}

static void close_episode(struct sl_document_writer *writer)
{
	if (writer->section == SECTION_SCENES)
		sl_buf_add_text(writer->out, "],\"shots\":[]}");
	else if (writer->section == SECTION_SHOTS)
		sl_buf_add_text(writer->out, "]}");
}

/* Closes what is open and opens what lies between, up to `section`. Never goes back, but from one episode to the
 * next. */
static int advance(struct sl_document_writer *writer, int section)
{
	if (writer->section == SECTION_HEAD && section > SECTION_HEAD) {
		write_head(writer);
		writer->section = SECTION_CHARACTERS;
	}
	if (writer->section == SECTION_CHARACTERS && section > SECTION_CHARACTERS) {
		sl_buf_add_text(writer->out, "],\"locations\":[");
		writer->section = SECTION_LOCATIONS;
		writer->first_row = true;
	}
	if (writer->section == SECTION_LOCATIONS && section > SECTION_LOCATIONS) {
		sl_buf_add_text(writer->out, "]},\"episodes\":[");
		writer->section = SECTION_EPISODES;
	}
	if (section == SECTION_EPISODES) {
		close_episode(writer);
		writer->section = SECTION_EPISODES;
	}
	if (writer->section == SECTION_SCENES && section == SECTION_SHOTS) {
		sl_buf_add_text(writer->out, "],\"shots\":[");
		writer->section = SECTION_SHOTS;
		writer->first_row = true;
	}
	return writer->section == section ? SL_OK : SL_INTERNAL;
}

static int section_of(enum sl_entity entity)
{
	static const int sections[SL_ENTITIES] = {
		[SL_META] = SECTION_HEAD, [SL_CHARACTERS] = SECTION_CHARACTERS, [SL_LOCATIONS] = SECTION_LOCATIONS,
		[SL_EPISODES] = SECTION_EPISODES, [SL_SCENES] = SECTION_SCENES, [SL_SHOTS] = SECTION_SHOTS,
	};
	return sections[entity];
}

int sl_document_begin(struct sl_document_writer *writer, struct sl_buf *out, struct sl_arena *arena)
{
	*writer = (struct sl_document_writer){ .out = out, .arena = arena, .first_row = true, .first_episode = true };
	writer->meta = sl_rowset_new(arena, 16);
	return writer->meta ? SL_OK : SL_NO_MEMORY;
}

static int keep_meta(struct sl_document_writer *writer, const struct sl_row *row)
{
	struct sl_row copy;
	if (sl_row_copy(writer->arena, row, &copy) != SL_OK || !sl_rowset_put(writer->meta, &copy))
		return SL_NO_MEMORY;
	return SL_OK;
}

static void open_episode(struct sl_document_writer *writer, const struct sl_row *row)
{
	if (!writer->first_episode)
		sl_buf_add_char(writer->out, ',');
	writer->first_episode = false;
	sl_row_write_open(writer->out, row, false, false);
	sl_buf_add_text(writer->out, ",\"scenes\":[");
	writer->episode = row->key.episode;
	writer->section = SECTION_SCENES;
	writer->first_row = true;
}

int sl_document_row(struct sl_document_writer *writer, const struct sl_row *row)
{
	int rc = advance(writer, section_of(row->key.entity));
	if (rc != SL_OK)
		return rc;
	if (row->key.entity == SL_META)
		return keep_meta(writer, row);
	if (row->key.entity == SL_EPISODES) {
		open_episode(writer, row);
		return sl_buf_code(writer->out);
	}
	if (sl_entity_has_episode(row->key.entity) && row->key.episode != writer->episode)
		return SL_INTERNAL;
	if (!writer->first_row)
		sl_buf_add_char(writer->out, ',');
	writer->first_row = false;
	sl_row_write(writer->out, row, false, false);
	return sl_buf_code(writer->out);
}

int sl_document_end(struct sl_document_writer *writer)
{
	int rc = advance(writer, SECTION_EPISODES);
	sl_buf_add_text(writer->out, "]}");
	return rc == SL_OK ? sl_buf_code(writer->out) : rc;
}

/* --- a whole set ------------------------------------------------------------------------------------------------ */

/* Where the rows of an entity (and episode) begin in the sorted array. */
static size_t lower_bound(struct sl_row *const *sorted, size_t count, enum sl_entity entity, int64_t episode)
{
	size_t low = 0, high = count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct sl_key *key = &sorted[middle]->key;
		bool before = key->entity != entity ? key->entity < entity
			: sl_entity_has_episode(entity) && key->episode < episode;
		if (before)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static int write_group(struct sl_document_writer *writer, struct sl_row *const *sorted, size_t count,
	enum sl_entity entity, int64_t episode, size_t *written)
{
	for (size_t i = lower_bound(sorted, count, entity, episode); i < count; i++) {
		const struct sl_key *key = &sorted[i]->key;
		if (key->entity != entity || (sl_entity_has_episode(entity) && key->episode != episode))
			break;
		int rc = sl_document_row(writer, sorted[i]);
		if (rc != SL_OK)
			return rc;
		(*written)++;
		if (entity != SL_EPISODES)
			continue;
		rc = write_group(writer, sorted, count, SL_SCENES, key->episode, written);
		if (rc == SL_OK)
			rc = write_group(writer, sorted, count, SL_SHOTS, key->episode, written);
		if (rc != SL_OK)
			return rc;
	}
	return SL_OK;
}

int sl_rows_write_document(const struct sl_rowset *rows, struct sl_arena *arena, struct sl_buf *out, struct sl_err *err)
{
	static const enum sl_entity order[] = { SL_META, SL_CHARACTERS, SL_LOCATIONS, SL_EPISODES };
	struct sl_document_writer writer;
	struct sl_row **sorted = sl_rowset_sorted(rows, arena);
	size_t count = sl_rowset_count(rows), written = 0;
	int rc = sorted ? sl_document_begin(&writer, out, arena) : SL_NO_MEMORY;

	for (size_t i = 0; rc == SL_OK && i < sizeof(order) / sizeof(order[0]); i++)
		rc = write_group(&writer, sorted, count, order[i], 0, &written);
	if (rc == SL_OK)
		rc = sl_document_end(&writer);
	if (rc == SL_OK && written != count)
		return sl_err_set(err, SL_INTERNAL, "%zu rows belong to no episode", count - written);
	return rc == SL_OK ? SL_OK : sl_err_set(err, rc, "the project can't be written");
}
